//! What stands above a lockfile's first line: how much of it is here, and that what is missing can be had.
//! From memory: nothing here reads a file.

use crate::Engine;
use contract::{Action, Artifact, ArtifactState, FunctionMode, Range};
use serde_json::json;
use std::path::Path;

/// The action of a line that only says something.
pub const SAYS: &str = "inventory.status";

impl Engine {
    /// The lines above a lockfile that the last look was about; none for other files.
    #[must_use]
    pub fn lenses(&self, file: &Path) -> Vec<Action> {
        let Some(workspace) = self.inner.workspace_of(file) else { return Vec::new() };
        let readiness = workspace.readiness();
        let own = readiness.ecosystems.iter().find(|one| workspace.root.join(&one.lockfile) == file);
        let (Some(own), Some(survey)) = (own, workspace.survey()) else { return Vec::new() };
        let line = |title: String, action: &str, data| Action {
            title,
            action: action.to_owned(),
            answers: Vec::new(),
            range: Range::default(),
            data,
        };
        let mut lines = vec![line(format!("offline: {}", own.text), SAYS, json!({}))];
        if crate::status::short_of(own) > 0 && self.can_fetch(&workspace) {
            let lacks = |artifact: &&Artifact| {
                matches!(artifact.state, ArtifactState::Missing | ArtifactState::Corrupt | ArtifactState::Stale)
            };
            let all = crate::status::short(&readiness) == crate::status::short_of(own);
            // What other lockfiles lack is not what was asked for.
            let data = if all {
                json!({})
            } else {
                let ids: Vec<&str> =
                    survey.absent().filter(lacks).filter(|a| a.file == file).map(|a| a.id.as_str()).collect();
                json!({ "artifacts": ids })
            };
            lines.push(line("get what is missing".to_owned(), "inventory.fetch-all", data));
        }
        lines
    }

    fn can_fetch(&self, workspace: &crate::workspace::Workspace) -> bool {
        let status = crate::status::compose(&self.inner, workspace);
        status.functions.iter().any(|function| function.name == "fetch" && function.mode == FunctionMode::NeedsOnline)
    }
}
