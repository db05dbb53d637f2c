//! What became of conflicts, as events: what was chosen, by whom, what was discarded; offered again when the same two
//! sides meet. Nothing of it leaves this machine.

use crate::conflicts::{ConflictError, each, filled_file, merged_file, resolved_file, whole_file};
use crate::record::{self, person};
use crate::suggest::{Suggester, Suggestions};
use crate::{Engine, EngineError};
use conflict::{Choice, Conflicts, Resolution, identity};
use contract::{ConflictFile, ConflictReport, ConflictSuggestion, JournalEntry, Lane};
use host::Cancel;
use journal::{Draft, Filter};
use ropey::Rope;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use ulid::Ulid;

/// Kinds of events: one conflict was resolved; that was taken back.
pub(crate) const RESOLVED: &str = "conflict.resolved";
pub(crate) const UNDONE: &str = "conflict.undone";
/// Bytes of a conflict and of what was left of it that an event keeps; of larger ones it says only that they were resolved.
const LARGEST: usize = 256 << 10;
/// Events about the same sides that are looked at.
const MOST: usize = 50;
/// With what conflicts are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve {
    /// One choice for all that have it.
    Choice(Choice),
    /// The merges that one click may apply.
    Auto,
    /// What was chosen when the same sides met before.
    Remembered,
    /// Lockfiles as their ecosystem's own tool merges them; no other file.
    Lockfile,
}

impl Engine {
    /// Resolves the conflicts of files, writes down what became of each, and tells what is left; with `dry_run` it only tells.
    /// Files without conflicts are left out. Once it is cancelled nothing more is resolved.
    pub fn resolve_files(
        &self,
        files: &[PathBuf],
        with: Resolve,
        dry_run: bool,
        suggester: &Suggester,
        cancel: &Cancel,
    ) -> (ConflictReport, Vec<ConflictError>) {
        let root = |file: &Path| {
            let root = host::workspace_of(file.parent().unwrap_or(Path::new(".")));
            self.open_workspace(&root, None);
            root
        };
        let record = |file: &Path, done: &[Resolution]| self.record_resolutions(&root(file), file, done);
        each(files, |file| match with {
            _ if cancel.is_cancelled() => resolved_file(file, None, true, &record),
            Resolve::Choice(choice) => resolved_file(file, Some(choice), dry_run, &record),
            Resolve::Auto => merged_file(file, true, dry_run, suggester, cancel, &record),
            Resolve::Remembered => filled_file(file, dry_run, "remembered", &record, |text, conflicts| {
                self.remembered_resolutions(&root(file), file, text, conflicts)
            }),
            Resolve::Lockfile => whole_file(file, dry_run, "lockfile", &record, |text, conflicts| {
                self.lockfile_merge(&root(file), file, text, conflicts, suggester, cancel)
            }),
        })
    }

    /// The conflicts of files, each with a suggestion where it has one, and with what was chosen when the same sides met before.
    pub fn suggest_files(
        &self,
        files: &[PathBuf],
        suggester: &Suggester,
        cancel: &Cancel,
    ) -> (ConflictReport, Vec<ConflictError>) {
        each(files, |file| {
            let mut told = merged_file(file, false, true, suggester, cancel, &|_, _| Vec::new())?;
            let root = host::workspace_of(file.parent().unwrap_or(Path::new(".")));
            self.open_workspace(&root, None);
            filled_file(file, true, "remembered", &|_, _| Vec::new(), |text, conflicts| {
                let found = self.remembered_resolutions(&root, file, text, conflicts);
                add_remembered(&mut told, &found);
                told.lockfile = self.lockfile_merge(&root, file, text, conflicts, suggester, cancel);
                found
            })?;
            Ok(told)
        })
    }

    /// Writes down what became of conflicts of one file, each as an event that is durable when this returns, and gives the
    /// events' ids. Where the journal cannot be used nothing is written down, which is logged: the file counts.
    pub fn record_resolutions(&self, root: &Path, file: &Path, resolutions: &[Resolution]) -> Vec<String> {
        if resolutions.is_empty() || !record::enabled(&self.inner, root) {
            return Vec::new();
        }
        let write = || -> Result<Vec<String>, EngineError> {
            let journal = self.inner.journal().map_err(|reason| EngineError::Journal { reason })?;
            let workspace = journal.workspace_id(root)?;
            let path = relative(root, file);
            let draft = |resolution: &Resolution| Draft {
                kind: RESOLVED.to_owned(),
                entity: resolution.identity().map(Ulid::from_bytes),
                workspace: Some(workspace),
                lane: Lane::Local,
                actor: person(),
                payload: payload(&path, resolution),
                intent: true,
                refs: Vec::new(),
            };
            let drafts: Vec<Draft> = resolutions.iter().map(draft).collect();
            Ok(journal.append_all(&drafts, true)?.iter().map(Ulid::to_string).collect())
        };
        write().unwrap_or_else(|problem| {
            tracing::warn!("not recorded: {RESOLVED}: {problem}");
            Vec::new()
        })
    }

    /// What was chosen when the same two sides met before in this workspace, by the line of the opening marker. Reads the
    /// journal; without one nothing is remembered.
    pub fn remembered_resolutions(&self, root: &Path, file: &Path, text: &Rope, conflicts: &Conflicts) -> Suggestions {
        let mut found = Suggestions::new();
        let Some(journal) = self.inner.journal_if_old() else { return found };
        let Ok(workspace) = journal.workspace_id(root) else { return found };
        for region in conflicts.regions.iter().take(conflict::suggest::MOST_HUNKS) {
            let Some(id) = identity(text, region) else { continue };
            let filter = Filter {
                entity: Some(Ulid::from_bytes(id)),
                workspace: Some(workspace),
                kind: Some("conflict.".to_owned()),
                newest_first: true,
                limit: Some(MOST),
                ..Filter::default()
            };
            let Ok(entries) = journal.entries(&filter) else { continue };
            let undone: HashSet<&str> = entries.iter().filter_map(undone_by).collect();
            let stands = |entry: &&JournalEntry| {
                entry.kind == RESOLVED && entry.held.is_none() && !undone.contains(entry.id.as_str())
            };
            let stood = entries.iter().find(stands);
            let Some((entry, then)) = stood.and_then(|entry| Some((entry, resolution(&entry.payload)?))) else {
                continue;
            };
            let (Some(current), Some(incoming)) = (region.side_text(text, 0), region.side_text(text, 1)) else {
                continue;
            };
            let crlf = current.contains("\r\n") || incoming.contains("\r\n");
            let lf = then.after.replace("\r\n", "\n");
            let kept = if crlf { lf.replace('\n', "\r\n") } else { lf };
            let elsewhere =
                entry.payload.get("path").and_then(Value::as_str).filter(|path| *path != relative(root, file));
            let (lines, dropped) = conflict::suggest::origins(&kept, &current, &incoming);
            let told = ConflictSuggestion {
                kind: "remembered".to_owned(),
                confidence: 0.0,
                reason: crate::words::remembered(entry, &then.choice, elsewhere),
                one_click: false,
                text: kept,
                lines,
                dropped,
            };
            found.insert(region.open, told);
        }
        found
    }
}

/// The resolution that an event undoes.
pub(crate) fn undone_by(entry: &JournalEntry) -> Option<&str> {
    entry.payload.get("event").and_then(Value::as_str).filter(|_| entry.kind == UNDONE)
}

/// As the workspace names it, with `/`.
pub(crate) fn relative(root: &Path, file: &Path) -> String {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (root, file) = (real(root), real(file));
    let inside = file.strip_prefix(&root).unwrap_or(Path::new(""));
    inside.to_string_lossy().replace('\\', "/")
}

fn payload(path: &str, resolution: &Resolution) -> Value {
    let Resolution { choice, line, before, after, lead, trail } = resolution;
    let mut payload = json!({ "path": path, "choice": choice, "line": line });
    if [before, after, lead, trail].iter().map(|text| text.len()).sum::<usize>() <= LARGEST {
        for (name, text) in [("before", before), ("after", after), ("lead", lead), ("trail", trail)] {
            payload[name] = json!(text);
        }
    }
    payload
}

pub(crate) fn resolution(payload: &Value) -> Option<Resolution> {
    let text = |name: &str| payload.get(name)?.as_str().map(str::to_owned);
    Some(Resolution {
        choice: text("choice")?,
        line: usize::try_from(payload.get("line")?.as_u64()?).ok()?,
        before: text("before")?,
        after: text("after")?,
        lead: text("lead")?,
        trail: text("trail")?,
    })
}

/// Adds to a file's report what was chosen before for the same sides.
pub fn add_remembered(told: &mut ConflictFile, found: &Suggestions) {
    for region in &mut told.regions {
        region.remembered = found.get(&(region.range.start.line as usize)).cloned();
    }
}
