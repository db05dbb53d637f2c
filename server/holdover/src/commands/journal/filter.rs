//! Which events: the options that the journal's commands share, and the filter that they mean.

use super::broken;
use crate::commands::Failure;
use clap::ValueEnum;
use contract::{ActorKind, Lane};
use journal::{Filter, Journal};
use std::path::{Path, PathBuf};
use ulid::Ulid;

#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which events")]
pub(crate) struct FilterOptions {
    /// Only events of this workspace
    #[arg(long, value_name = "PATH")]
    workspace: Option<PathBuf>,
    /// Only kinds that begin so, `fetch` for example
    #[arg(long, value_name = "PREFIX")]
    kind: Option<String>,
    /// Only from this time on: `2h`, `2026-11-21`, `2026-11-21T09:30:00Z`
    #[arg(long, value_name = "TIME", value_parser = host::moment, allow_hyphen_values = true)]
    since: Option<i64>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = host::moment, allow_hyphen_values = true)]
    until: Option<i64>,
    /// Only what somebody or something of this name did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only what a person, a tool or a model did
    #[arg(long, value_name = "WHO")]
    by: Option<Who>,
    /// Only events that speak of this file, or of one in this folder
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// Only events about the thing with this id
    #[arg(long, value_name = "ID")]
    entity: Option<Ulid>,
    /// Only events of this lane
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Who {
    Person,
    Tool,
    Model,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LaneName {
    Ctl,
    Review,
    Notes,
    Observations,
    Local,
}

impl FilterOptions {
    pub fn filter(&self, journal: &Journal) -> Result<Filter, Failure> {
        let workspace = match &self.workspace {
            Some(path) if !path.exists() => {
                return Err(Failure::usage(format!("there is no such folder: {}", path.display())));
            }
            Some(path) => Some(journal.workspace_id(&host::workspace_of(path)).map_err(|e| broken(&e))?),
            None => None,
        };
        Ok(Filter {
            workspace,
            kind: self.kind.clone(),
            since_ms: self.since,
            until_ms: self.until,
            actor: self.actor.clone(),
            actor_kind: self.by.map(|who| match who {
                Who::Person => ActorKind::Person,
                Who::Tool => ActorKind::Tool,
                Who::Model => ActorKind::Model,
            }),
            path: self.path.as_deref().map(within).transpose()?,
            entity: self.entity,
            lane: self.lane.map(|lane| match lane {
                LaneName::Ctl => Lane::Ctl,
                LaneName::Review => Lane::Review,
                LaneName::Notes => Lane::Notes,
                LaneName::Observations => Lane::Observations,
                LaneName::Local => Lane::Local,
            }),
            ..Filter::default()
        })
    }
}

/// A path as events hold it: relative to its workspace. One that is not there any more is looked for all the same.
fn within(path: &Path) -> Result<String, Failure> {
    let whole =
        std::path::absolute(path).map_err(|e| Failure::usage(format!("this is no path: {}: {e}", path.display())))?;
    // A path that is gone has no workspace of its own; the folder above it may still be there.
    let there = whole.ancestors().find(|folder| folder.exists()).unwrap_or(&whole);
    let root = host::workspace_of(there);
    let there = std::fs::canonicalize(there).unwrap_or_else(|_| there.to_owned());
    let gone = whole.ancestors().find(|folder| folder.exists()).and_then(|folder| whole.strip_prefix(folder).ok());
    let real = gone.map_or_else(|| there.clone(), |rest| there.join(rest));
    let inner = real.strip_prefix(&root).unwrap_or(&real).to_string_lossy().into_owned();
    if inner.is_empty() || inner.starts_with('/') {
        let message = "this is a whole workspace, or outside of one";
        return Err(Failure::usage(format!(
            "{message}: {}\nhint: `--workspace {}` takes the events of a workspace",
            path.display(),
            path.display()
        )));
    }
    Ok(inner)
}
