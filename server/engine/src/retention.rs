//! Rules of retention from settings: whose rules hold for which events, and when they are carried out.
//! What goes is the journal's to find and to delete.
//!
//! The user's own settings hold for everything that is of no workspace with rules of its own. What a trusted workspace says
//! holds for that workspace alone, and what an untrusted one says for nothing.

use crate::inner::Inner;
use crate::{Engine, EngineError};
use contract::{RetainReport, RetainedRun, RetentionSettings};
use host::{Cancel, Layers};
use journal::{Erasure, Journal, JournalError, Retained, Retention, Rules};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::PoisonError;

/// A journal up to this size is written anew in the background after a rule has deleted something, in bytes; of a larger one
/// that would hold others up for longer than somebody should wonder at.
const SMALL: u64 = 64 << 20;

impl Engine {
    /// Carries out the rules of retention on the whole journal, or says what would go. `progress` is told places done and all.
    /// With `dated`, somebody has said that the date is right; else one that cannot be believed deletes nothing.
    pub fn retain(
        &self,
        dry_run: bool,
        dated: bool,
        cancel: &Cancel,
        progress: impl FnMut(u64, u64),
    ) -> Result<RetainReport, EngineError> {
        self.retain_at(journal::now_ms(), dry_run, dated, cancel, progress)
    }

    fn retain_at(
        &self,
        now: i64,
        dry_run: bool,
        dated: bool,
        cancel: &Cancel,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<RetainReport, EngineError> {
        let journal = self.journal()?;
        let retention = rules(&self.inner, &journal)?;
        let mut step = |done, of| {
            progress(done, of);
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let any =
            retention.rest != Rules::default() || retention.workspaces.values().any(|rules| *rules != Rules::default());
        if dry_run {
            let found = finished(journal.outdated(&retention, now, &mut step)?)?;
            return Ok(report(&found, &journal.erasure()?, any));
        }
        if any && !dated && !journal.clock_stands(now)? {
            let would = finished(journal.outdated(&retention, now, &mut step)?)?.payloads();
            if would > 0 {
                return Err(EngineError::Date { today: journal::moment(now)[..10].to_owned(), payloads: would });
            }
        }
        let done = finished(journal.retain(&retention, now, step)?)?;
        Ok(report(&done, &journal.erase()?, any))
    }
}

fn finished(retained: Retained) -> Result<Retained, EngineError> {
    if retained.stopped { Err(EngineError::Cancelled) } else { Ok(retained) }
}

fn has_any(retention: &Retention) -> bool {
    retention.workspaces.values().chain([&retention.rest]).any(|rules| *rules != Rules::default())
}

fn report(retained: &Retained, erasure: &Erasure, any: bool) -> RetainReport {
    let run = |run: &journal::Outdated| RetainedRun {
        lane: run.lane,
        log: run.log.clone(),
        workspace: run.workspace.map(|id| id.to_string()),
        first: run.first,
        last: run.last,
        payloads: run.payloads,
        bytes: run.bytes,
        before: run.before.clone(),
    };
    RetainReport {
        rules: any,
        event: retained.event.map(|id| id.to_string()),
        runs: retained.runs.iter().map(run).collect(),
        more: retained.more,
        pending: match erasure {
            Erasure::Done => 0,
            Erasure::Pending { deletions, .. } => *deletions,
        },
        held: crate::words::held_up(erasure).map(str::to_owned),
    }
}

/// What is due in the background of an editor's server, once a start: the rules, and what was deleted and is still in the files.
pub(crate) fn tend(inner: &Inner, journal: &Journal) {
    if let Err(error) = try_tend(inner, journal) {
        // Nothing is lost by it, and the next start tries again.
        tracing::info!("old contents of the journal were not seen to: {error}");
    }
}

fn try_tend(inner: &Inner, journal: &Journal) -> Result<(), JournalError> {
    if journal.newer().is_some() {
        return Ok(());
    }
    let asked_for = journal.erasures_pending()?;
    let (retention, now) = (rules(inner, journal)?, journal::now_ms());
    // Without a rule nothing is read and nothing written.
    if has_any(&retention) {
        if journal.clock_stands(now)? {
            let done = journal.retain(&retention, now, |_, _| ControlFlow::Continue(()))?;
            if done.payloads() > 0 {
                tracing::info!("deleted by the rules of retention: the contents of {} events", done.payloads());
            }
        } else {
            tracing::warn!("the date is new to the journal: nothing is deleted by it until it has stood for a day");
        }
    }
    if asked_for > 0 || journal.bytes() <= SMALL {
        journal.erase()?;
    }
    Ok(())
}

/// The rules in force, of the user and of every workspace that the journal knows and that is still there.
fn rules(inner: &Inner, journal: &Journal) -> Result<Retention, JournalError> {
    let of = |root: Option<&Path>, trusted: bool| {
        // What an editor says, it says for what is open in it: a workspace can speak through it.
        // Nor does it where it calls the workspace untrusted, whatever the user's list says.
        let open = root.and_then(|root| inner.workspace(root)).is_some_and(|open| !open.is_distrusted());
        let editor = if open {
            inner.editor_settings.read().unwrap_or_else(PoisonError::into_inner).clone()
        } else {
            Value::Null
        };
        let layers = Layers::of_process(root.map(Path::to_path_buf), trusted, editor);
        in_milliseconds(&layers.load(&inner.folders).settings.journal.retention)
    };
    let mut retention = Retention { rest: of(None, true), ..Retention::default() };
    for (id, root) in journal.workspaces()? {
        // The user's own list, which is bound to what the file says; an editor's trust is in the folder, whatever it says later.
        let trusted = inner.trust.of(&root).is_ok_and(host::Trust::allows);
        // One that is gone, or not trusted, has no say; the user's own rules hold for it.
        if trusted {
            retention.workspaces.insert(id, of(Some(&root), true));
        }
    }
    Ok(retention)
}

fn in_milliseconds(settings: &RetentionSettings) -> Rules {
    let keep = |keep: Option<contract::Keep>| keep.and_then(contract::Keep::milliseconds);
    Rules { observations: keep(settings.observations), local: keep(settings.local), notes: keep(settings.notes) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::EngineOptions;
    use journal::Draft;
    use serde_json::json;
    use std::fs;

    const DAY: i64 = 24 * 3_600_000;

    fn engine(data: &Path) -> Engine {
        Engine::new(EngineOptions { data_dir: Some(data.to_owned()), ..EngineOptions::default() })
    }

    #[test]
    fn a_workspace_has_a_say_over_its_own_events_and_only_while_it_is_trusted_and_there() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder.path().join("data"));
        let journal = engine.journal().unwrap();
        let root = |name: &str| {
            let root = folder.path().join(name);
            fs::create_dir(&root).unwrap();
            fs::write(root.join("holdover.toml"), "[journal.retention]\nobservations = \"1d\"\n").unwrap();
            (journal.workspace_id(&root).unwrap(), root)
        };
        let (trusted, untrusted, changed, gone) = (root("trusted"), root("untrusted"), root("changed"), root("gone"));
        for (_, root) in [&trusted, &changed, &gone] {
            engine.set_trust(root, true).unwrap();
        }
        fs::write(changed.1.join("holdover.toml"), "[journal.retention]\nobservations = \"1h\"\n").unwrap();
        fs::remove_dir_all(&gone.1).unwrap();
        let found = rules(&engine.inner, &journal).unwrap();
        assert_eq!(found.rest, Rules::default(), "nobody speaks for what is not theirs");
        let says: Vec<_> = [&trusted, &untrusted, &changed, &gone]
            .map(|(id, _)| found.workspaces.get(id).map(|rules| rules.observations))
            .into();
        assert_eq!(says[..3], [Some(Some(DAY)), None, None]);
        assert_eq!(says[3].flatten(), None, "a rule that cannot be read deletes nothing");
    }

    #[test]
    fn a_date_that_the_journal_does_not_know_yet_deletes_nothing_until_somebody_says_that_it_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder.path().join("data"));
        let journal = engine.journal().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("holdover.toml"), "[journal.retention]\nlocal = \"30d\"\n").unwrap();
        let workspace = Some(journal.workspace_id(&root).unwrap());
        engine.set_trust(&root, true).unwrap();
        let retain = |days: i64, dated: bool, cancel: &Cancel| {
            engine.retain_at(journal::now_ms() + days * DAY, false, dated, cancel, |_, _| {})
        };
        let write = || journal.append(Draft { workspace, ..Draft::observation("fetch.finished", json!({"n": 1})) });
        write().unwrap();
        let refused = retain(400, false, &Cancel::new()).unwrap_err();
        assert!(matches!(&refused, EngineError::Date { payloads: 1, .. }), "{refused}");
        let cancelled = Cancel::new();
        cancelled.cancel();
        assert!(matches!(retain(400, true, &cancelled), Err(EngineError::Cancelled)));
        let gone = |report: RetainReport| report.runs.iter().map(|run| run.payloads).sum::<u64>();
        assert_eq!(gone(retain(400, true, &Cancel::new()).unwrap()), 1);
        // It has stood for a day by now.
        write().unwrap();
        assert_eq!(gone(retain(402, false, &Cancel::new()).unwrap()), 1);
    }

    #[test]
    fn an_editor_that_calls_a_workspace_untrusted_has_no_say_over_it() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder.path().join("data"));
        let journal = engine.journal().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("holdover.toml"), "[journal.retention]\nobservations = \"2d\"\n").unwrap();
        let id = journal.workspace_id(&root).unwrap();
        engine.set_trust(&root, true).unwrap();
        engine.set_editor_settings(json!({"journal": {"retention": {"observations": "1d"}}}));
        let says = || rules(&engine.inner, &journal).unwrap().workspaces[&id].observations;
        assert_eq!(says(), Some(2 * DAY), "it is not open");
        engine.open_workspace(&root, Some(true));
        assert_eq!(says(), Some(DAY));
        engine.open_workspace(&root, Some(false));
        assert_eq!(says(), Some(2 * DAY), "what the user's list and the file say holds");
    }

    #[test]
    fn what_was_deleted_and_is_still_in_the_files_goes_when_an_editor_starts_next() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path());
        let journal = engine.journal().unwrap();
        let entry = journal.append(Draft::observation("fetch.finished", json!({"text": "x"}))).unwrap();
        journal.redact(&[entry.id.parse().unwrap()], "", &journal::holdover()).unwrap();
        let said = |engine: &Engine| {
            let advice = engine.doctor(folder.path());
            advice
                .into_iter()
                .any(|one| one.subject == "journal" && one.seen.contains("1 deletion not gone from the files yet"))
        };
        assert!(said(&engine), "the doctor knows of it");
        tend(&engine.inner, &journal);
        assert_eq!(journal.erasure().unwrap(), Erasure::Done);
        assert!(!said(&engine));
    }
}
