//! What somebody wants checked, by which names.

use super::look::LINTS;
use super::steps::{left_out, steps};
use crate::{Engine, EngineError};
use checks::checker::{checker, checkers};
use contract::CheckReport;
use host::Cancel;
use std::path::{Path, PathBuf};

/// Told the lines of steps: the step's name, and the line.
pub type Listener<'l> = dyn Fn(&str, &str) + Sync + 'l;

/// What somebody wants checked.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Only what is found in these, or below them; empty: everything.
    pub files: &'a [PathBuf],
    /// Only these checks; empty: the built-in lints, and in a trusted workspace the linters that it uses.
    pub names: &'a [String],
    /// What cannot be told counts, also where nothing was named; and the steps that build and test are run.
    pub all: bool,
    /// What has not changed is run all the same.
    pub again: bool,
    /// Told each line that a step writes, with the step's name.
    pub said: Option<&'a Listener<'a>>,
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { files, names, all, again, said: _ } = self;
        f.debug_struct("Asked")
            .field("files", files)
            .field("names", names)
            .field("all", all)
            .field("again", again)
            .finish_non_exhaustive()
    }
}

/// Which of the checks of a workspace are looked at, and how.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub checks: &'a dyn Fn(&str) -> bool,
    /// Steps that are run where they have something new to look at.
    pub steps: &'a dyn Fn(&str) -> bool,
    pub again: bool,
    pub said: Option<&'a Listener<'a>>,
}

impl Wanted<'_> {
    /// What happens by itself: no step is run.
    pub fn by_itself() -> Self {
        Self { checks: &|_| true, steps: &|_| false, again: false, said: None }
    }
}

impl Engine {
    /// Whether a check has this name.
    #[must_use]
    pub fn is_check(name: &str) -> bool {
        name == LINTS || checker(name).is_some()
    }

    /// The names of all checks that are known.
    #[must_use]
    pub fn check_names() -> Vec<&'static str> {
        std::iter::once(LINTS).chain(checkers().iter().map(|checker| &*checker.id)).collect()
    }

    /// The names of the commands that a workspace's settings make checks, and of its steps.
    #[must_use]
    pub fn added_checks(&self, root: &Path) -> Vec<String> {
        let Some(workspace) = self.inner.workspace(root) else { return Vec::new() };
        let commands = workspace.loaded().settings.checks.commands.clone();
        commands.into_iter().flatten().map(|(name, _)| name).chain(self.steps(root)).collect()
    }

    /// The names of the steps that build and test a workspace, in their order; of one that is not trusted, those that somebody
    /// set outside of it.
    #[must_use]
    pub fn steps(&self, root: &Path) -> Vec<String> {
        let Some(workspace) = self.inner.workspace(root) else { return Vec::new() };
        steps(root, &workspace.loaded().settings).into_iter().map(|(name, _)| name).collect()
    }

    /// What of a workspace's workflows is not run here, and why: to be said before anything starts.
    #[must_use]
    pub fn left_out_of_workflows(&self, root: &Path) -> Vec<String> {
        let Some(workspace) = self.inner.workspace(root) else { return Vec::new() };
        left_out(root, &workspace.loaded().settings)
    }

    /// Runs the steps that build and test a workspace, all or those that are named, now, on this thread. `said`: each line, with
    /// the step's name.
    pub fn build(
        &self,
        root: &Path,
        names: &[String],
        again: bool,
        said: &Listener<'_>,
        cancel: &Cancel,
    ) -> Result<CheckReport, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        // Its settings may not have been read yet.
        workspace.survey_now(&self.inner, cancel);
        let known = self.steps(root);
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            let hint = if known.is_empty() {
                "set `checks.build`".to_owned()
            } else {
                format!("steps are {}", known.join(", "))
            };
            return Err(EngineError::Host(format!("no step of this workspace has this name: {unknown}\nhint: {hint}")));
        }
        let trust = workspace.trust();
        if !trust.allows() {
            return Err(EngineError::Untrusted { root: root.to_path_buf(), changed: trust == host::Trust::Changed });
        }
        let names = if names.is_empty() { &known[..] } else { names };
        if names.is_empty() {
            let why = "this workspace names nothing that builds or tests it\nhint: set `checks.build`, `checks.test`, `checks.steps` or `checks.workflows`";
            return Err(EngineError::Host(why.to_owned()));
        }
        self.check(root, Asked { names, again, said: Some(said), ..Asked::default() }, cancel)
    }
}
