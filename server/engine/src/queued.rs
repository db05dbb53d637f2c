//! What waits for each remote, how far it has come and why it waits; and remotes that are left alone for now. Reads the journal and asks
//! no remote.

use crate::remotes::{entry, named, trouble};
use crate::report::sync as said;
use crate::{Engine, EngineError};
use contract::{QueueEvent, QueueLane, QueueRemote, QueueReport, SyncProblem};
use journal::{ItemState, Journal, JournalError, KnownRemote, LaneStanding, RemoteItem, moment};
use std::path::Path;
use sync::Class;

/// Events that are listed of what waits for one remote.
const MOST_EVENTS: usize = 1000;

impl Engine {
    /// What waits for a project's remotes, or for one of them; with `events`, each event. Reads the journal.
    pub fn queue(&self, root: &Path, name: Option<&str>, events: bool) -> Result<QueueReport, EngineError> {
        let shared = self.shared(root)?;
        let workspace = self.known(root)?;
        let mut report = QueueReport::default();
        for known in named(&shared, name)? {
            let lanes: Vec<QueueLane> =
                shared.journal.lanes(&known)?.iter().map(|lane| queue_lane(lane, &known)).collect();
            let late = |item: &RemoteItem| item.state != ItemState::Taken && item.trouble.is_some();
            let items: Vec<SyncProblem> =
                shared.journal.remote_items(known.n)?.into_iter().filter(late).map(problem).collect();
            report.waiting += lanes.iter().map(|lane| lane.waiting).sum::<u64>();
            let events = if events { waiting(&shared.journal, &known)? } else { Vec::new() };
            let remote = entry(&shared.journal, &workspace, &known)?;
            report.remotes.push(QueueRemote { next: said::next(&remote), remote, lanes, events, items });
        }
        let conflicts = self.in_conflict(root)?;
        report.health = crate::synced::health(&shared.journal, &workspace, conflicts)?.unwrap_or_default();
        Ok(report)
    }

    /// The same figures in the text format of OpenMetrics.
    pub fn sync_metrics(&self, root: &Path) -> Result<String, EngineError> {
        let (shared, workspace) = (self.shared(root)?, self.known(root)?);
        let health = crate::synced::health(&shared.journal, &workspace, self.in_conflict(root)?)?.unwrap_or_default();
        Ok(crate::report::metrics::open_metrics(&crate::remotes::hex_of(&shared.project), &health))
    }

    /// What could not be dealt with is tried again at the next synchronisation, whenever that is. Answers with how many.
    pub fn retry_queue(&self, root: &Path, name: Option<&str>) -> Result<u64, EngineError> {
        let shared = self.shared(root)?;
        let mut retried = 0;
        for known in named(&shared, name)? {
            retried += shared.journal.retry_items(known.n)?;
        }
        Ok(retried)
    }

    /// Leaves remotes alone until they are resumed, or uses them again. Answers with how many were not so before.
    pub fn pause_queue(&self, root: &Path, name: Option<&str>, pause: bool) -> Result<u64, EngineError> {
        let shared = self.shared(root)?;
        let mut changed = 0;
        for known in named(&shared, name)? {
            let was = shared.journal.remote_paused(known.n)?.is_some();
            if pause {
                shared.journal.pause_remote(known.n)?;
            } else {
                shared.journal.resume_remote(known.n)?;
            }
            changed += u64::from(was != pause);
        }
        Ok(changed)
    }
}

/// The events that wait for a remote.
fn waiting(journal: &Journal, known: &KnownRemote) -> Result<Vec<QueueEvent>, JournalError> {
    let ids = journal.waiting(known, MOST_EVENTS)?;
    let entries = journal.delivered(&ids)?.into_iter();
    Ok(entries
        .map(|entry| QueueEvent {
            state_text: crate::words::delivery(entry.state, &entry.uploaded_to, &entry.seen_by),
            id: entry.id,
            kind: entry.kind,
            lane: entry.lane,
            entity: entry.entity,
            at: entry.at,
            state: entry.state,
        })
        .collect())
}

fn problem(item: RemoteItem) -> SyncProblem {
    let (class, detail) = item.trouble.unwrap_or_default();
    SyncProblem {
        name: item.name,
        trouble: trouble(Class::of_word(&class)),
        detail,
        attempts: item.attempts,
        next_attempt: item.next_ms.map(moment),
    }
}

fn queue_lane(lane: &LaneStanding, known: &KnownRemote) -> QueueLane {
    let waiting = lane.not_sealed + lane.not_uploaded;
    let sealed = lane.written - lane.not_sealed;
    let uploaded = sealed - lane.not_uploaded;
    QueueLane {
        lane: lane.lane,
        written: lane.written,
        durable: lane.written - lane.not_durable,
        sealed,
        uploaded,
        seen: uploaded - lane.not_seen,
        waiting,
        oldest: lane.oldest_ms.map(moment),
        why: said::why(lane, known),
    }
}

/// A queue in words, a line each.
#[must_use]
pub fn queue_words(report: &QueueReport) -> Vec<String> {
    said::queue(report)
}
