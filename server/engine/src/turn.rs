//! Whose turn it is to run a workspace's tools: one process at a time, over all editors and terminals of the user. What an earlier one
//! left running when it was killed is ended first.

use crate::EngineError;
use crate::inner::Inner;
use host::Group;
use journal::{Lease, LeaseError};
use serde_json::json;
use std::path::Path;

/// The lease `WHAT:ROOT`, or who has it. `None` without a journal: nobody can be asked then, and the tools' own locks are what is left.
pub(crate) fn take(inner: &Inner, what: &str, root: &Path) -> Result<Option<Lease>, EngineError> {
    let Ok(journal) = inner.journal() else { return Ok(None) };
    let lease = journal.lease(&format!("{what}:{}", root.display())).map_err(|e| match e {
        LeaseError::Held(held) => EngineError::Busy { by: format!("process {}", held.pid) },
        LeaseError::Journal(e) => EngineError::Journal { reason: e.to_string() },
    })?;
    if let Some(tool) = lease.left_behind()
        && (Group { leader: tool.pid, started: tool.started }).end_left_behind()
    {
        tracing::warn!("the tool of a Holdover that was killed still ran, and was ended: process {}", tool.pid);
        crate::record::work(inner, root, &format!("{what}.leftover-ended"), json!({ "process": tool.pid }));
    }
    Ok(Some(lease))
}
