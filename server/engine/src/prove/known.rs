//! The last proof run of a workspace: kept in the journal, and held against what is here at every look.
//! What the inputs of a proof were is believed; that they are the same is looked at.

use super::{inputs, place, plan};
use crate::inner::Inner;
use crate::workspace::Workspace;
use contract::{Finding, Proof};
use inventory::Survey;
use journal::{Filter, Journal};
use serde_json::json;
use std::path::Path;

/// The event that holds a proof run.
pub(crate) const RAN: &str = "proof.ran";
/// Events of other workspaces that are passed over, looking for ours.
const MOST: usize = 500;

/// Writes it down: all of it for this machine, and what it came to for everybody.
pub(super) fn store(inner: &Inner, root: &Path, proof: &Proof) {
    let Ok(payload) = serde_json::to_value(proof) else { return };
    let hosts: Vec<serde_json::Value> = proof
        .reaches
        .iter()
        .map(|reach| json!({ "program": reach.program, "host": reach.host, "port": reach.port }))
        .collect();
    crate::record::work(inner, root, RAN, payload);
    let told = json!({
        "state": proof.state, "commit": proof.commit, "inputs": proof.inputs, "command": proof.command,
        "strength": proof.strength, "watched": proof.watched, "reaches": hosts,
    });
    crate::record::found(inner, root, "proof.observed", told);
    if crate::record::enabled(inner, root)
        && let Ok(journal) = inner.journal()
        && let Ok(key) = key(&journal, root)
    {
        journal.remember_put_many(vec![(key, serde_json::to_vec(proof).unwrap_or_default())]);
    }
}

fn key(journal: &Journal, root: &Path) -> Result<String, journal::JournalError> {
    journal.workspace_id(root).map(|id| format!("proof:{id}"))
}

/// The last one, held against what is here. Waits for a journal that is being opened, not for one that is being made.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace, survey: &Survey) {
    let found = inner.journal_if_old().and_then(|journal| last(&journal, &workspace.root));
    // Ours may still be on its way into the journal.
    let known = found.into_iter().chain(workspace.proof()).max_by(|one, other| one.at.cmp(&other.at));
    workspace.set_proof(known.map(|proof| held(workspace, survey, proof)));
}

/// With what has changed since.
pub(super) fn held(workspace: &Workspace, survey: &Survey, mut proof: Proof) -> Proof {
    let loaded = workspace.loaded();
    let planned = plan::commands(&loaded.settings, survey);
    let now = inputs::bound(&workspace.root, survey, &planned, super::limit(&loaded.settings));
    proof.changed = inputs::changed(&proof.bound, &now);
    proof
}

/// What is remembered of it; where nothing is, the journal's own event is looked for once, and that there is none is remembered too.
fn last(journal: &Journal, root: &Path) -> Option<Proof> {
    let key = key(journal, root).ok()?;
    if let Some(remembered) = journal.remember_get(&key).ok().flatten() {
        return serde_json::from_slice(&remembered).ok();
    }
    let id = journal.workspace_id(root).ok()?.to_string();
    let filter = Filter { kind: Some(RAN.to_owned()), newest_first: true, limit: Some(MOST), ..Filter::default() };
    let entries = journal.entries(&filter).ok()?;
    let found = entries.into_iter().find(|entry| entry.workspace.as_ref() == Some(&id));
    let proof: Option<Proof> = found.and_then(|entry| serde_json::from_value(entry.payload).ok());
    journal.remember_put_many(vec![(key, serde_json::to_vec(&proof).unwrap_or_default())]);
    proof
}

/// What is to be said of it at files of the workspace.
pub(crate) fn findings(workspace: &Workspace, survey: &Survey) -> Vec<Finding> {
    let first = survey.readiness.ecosystems.first().map(|one| one.lockfile.as_path());
    workspace.proof().map(|proof| place::findings(&workspace.root, &proof, first)).unwrap_or_default()
}
