//! One synchronisation as people see it: what was here before, what came, what was put together by which rule, what stands beside
//! each other now, what was refused and why, and what waits. Carried out by the sync crate.

use crate::inner::Inner;
use crate::remotes::{Shared, named, trouble};
use crate::report::sync as said;
use crate::workspace::Workspace;
use crate::{Engine, EngineError, NoText, Notice, Which};
use contract::{
    Lane, Note, SyncChange, SyncHealth, SyncMissing, SyncProblem, SyncRemote, SyncReport, SyncState, SyncStatus,
    SyncStray,
};
use host::Cancel;
use journal::{Filter, ItemState, Journal, JournalError, KnownRemote, LeaseError, RemoteItem, moment, now_ms};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};
use sync::{Call, Class, Exchange, Outcome, Problem, RECEIVED};

/// Events that are listed one by one, at most.
const LISTED: usize = 100;
/// How long the first look at a remote may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How long somebody waits for their turn where another process is at it: an editor's server that does so by itself, mostly.
const TURN: Duration = Duration::from_secs(30);
/// How often it is looked meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// How a record stands: versions beside each other, and how many were put together.
type Standing = BTreeMap<String, (usize, usize)>;

impl Engine {
    /// Synchronises with the project's remotes, or with one of them. What went wrong with a remote stands in the answer. `deep`:
    /// every file there is read and compared.
    ///
    /// # Errors
    /// A workspace that is no project, a remote that there is not, another process that is at it, and the journal's.
    pub fn sync(
        &self,
        root: &Path,
        name: Option<&str>,
        deep: bool,
        cancel: &Cancel,
    ) -> Result<SyncReport, EngineError> {
        self.sync_within(root, name, deep, TURN, cancel)
    }

    /// Of a project's remotes, or of one of them, those that are due by now, as they would be for an editor's server; whoever stays and
    /// synchronises asks every now and then. Reads the journal.
    pub fn due_remotes(&self, root: &Path, name: Option<&str>) -> Result<Vec<String>, EngineError> {
        let (shared, workspace) = (self.shared(root)?, self.known(root)?);
        let (loaded, now) = (workspace.loaded(), now_ms());
        let mut due = Vec::new();
        for known in named(&shared, name)? {
            let paused = shared.journal.remote_paused(known.n)?.is_some();
            let lanes = shared.journal.lanes(&known)?;
            if !paused && crate::syncing::due_ms(&known, &lanes, &loaded.settings.sync, now) <= now {
                due.push(known.name);
            }
        }
        Ok(due)
    }

    /// One synchronisation with one remote that nobody asked for: where another process is at it, that is enough.
    pub(crate) fn sync_by_itself(&self, root: &Path, name: &str, cancel: &Cancel) -> Result<SyncReport, EngineError> {
        self.sync_within(root, Some(name), false, Duration::ZERO, cancel)
    }

    fn sync_within(
        &self,
        root: &Path,
        name: Option<&str>,
        deep: bool,
        turn: Duration,
        cancel: &Cancel,
    ) -> Result<SyncReport, EngineError> {
        let shared = self.shared(root)?;
        let remotes = named(&shared, name)?;
        if let Some(newer) = shared.journal.newer() {
            return Err(newer.into());
        }
        let (before, head) = (self.standing(root)?, shared.journal.head()?);
        let mut report = SyncReport::default();
        for known in &remotes {
            let done = self.sync_one(&shared, known, deep, turn, cancel)?;
            report.sent += done.sent;
            report.received += done.received;
            report.pending += done.pending;
            report.rejected += (done.rejected.len() + done.apart.len()) as u64;
            report.remotes.push(done);
        }
        let after = self.standing(root)?;
        let is_open = |standing: &Standing, id: &String| standing.get(id).is_some_and(|(beside, _)| *beside > 1);
        report.conflicts = after.keys().filter(|id| is_open(&after, id)).count() as u64;
        report.new_conflicts = after.keys().filter(|id| is_open(&after, id) && !is_open(&before, id)).count() as u64;
        let together = |id: &String, (beside, merged): &(usize, usize)| {
            *beside == 1 && *merged > 1 && before.get(id).is_none_or(|(_, earlier)| earlier != merged)
        };
        report.merged = after.iter().filter(|(id, standing)| together(id, standing)).count() as u64;
        report.changes = changes(&shared, head)?;
        report.text = said::synced(&report);
        Ok(report)
    }

    fn sync_one(
        &self,
        shared: &Shared,
        known: &KnownRemote,
        deep: bool,
        turn: Duration,
        cancel: &Cancel,
    ) -> Result<SyncRemote, EngineError> {
        if let Some(since) = shared.journal.remote_paused(known.n)? {
            let lanes = shared.journal.lanes(known)?;
            let pending = lanes.iter().map(|lane| lane.not_sealed + lane.not_uploaded).sum();
            let outcome = Outcome { pending, ..Outcome::default() };
            return Ok(SyncRemote { done: false, paused: Some(moment(since)), ..told(known, outcome) });
        }
        let until = Instant::now() + turn;
        let _lease = loop {
            match shared.journal.lease(&Exchange::lease(known)) {
                Ok(lease) => break lease,
                Err(LeaseError::Held(_)) if Instant::now() < until => {
                    if cancel.is_cancelled() {
                        return Err(EngineError::Cancelled);
                    }
                    std::thread::sleep(LOOK);
                }
                Err(LeaseError::Held(held)) => {
                    return Err(EngineError::Busy { by: format!("process {} since {}", held.pid, held.since) });
                }
                Err(LeaseError::Journal(error)) => return Err(error.into()),
            }
        };
        let remote = self.open_remote(shared, known)?;
        self.may_use(&remote, &Call::within(LIMIT, cancel))?;
        let exchange = Exchange {
            journal: &shared.journal,
            remote: &remote,
            known,
            workspace: shared.workspace,
            cancel,
            now_ms: now_ms(),
            deep,
        };
        let outcome = exchange.run()?;
        if outcome.stopped.as_ref().is_some_and(|error| error.class == Class::Stopped) {
            return Err(EngineError::Cancelled);
        }
        Ok(told(known, outcome))
    }

    /// How many records of the project are in conflict now.
    pub(crate) fn in_conflict(&self, root: &Path) -> Result<u64, EngineError> {
        Ok(self.standing(root)?.values().filter(|(beside, _)| *beside > 1).count() as u64)
    }

    /// How each note stands. A note that only one person wrote is of no interest.
    fn standing(&self, root: &Path) -> Result<Standing, EngineError> {
        let notes = self.notes(root, &Which::default(), &NoText)?.notes;
        let merged = |note: &Note| note.versions.iter().map(|version| version.merged.len()).max().unwrap_or(0);
        Ok(notes.iter().map(|note| (note.id.clone(), (note.versions.len(), merged(note)))).collect())
    }
}

/// How a workspace's remotes stand: from memory where there is a background, else from the journal.
pub(crate) fn status(inner: &Inner, workspace: &Workspace) -> SyncStatus {
    if inner.background() {
        return workspace.sync();
    }
    let Some(Ok(journal)) = inner.journal_now() else { return SyncStatus::default() };
    let read = || {
        let sync = read(&journal, workspace)?;
        let health = health(&journal, workspace, sync.conflicts)?;
        Ok::<_, JournalError>(SyncStatus { health, ..sync })
    };
    read().unwrap_or_default()
}

/// The figures of a workspace's remotes, where it has some.
pub(crate) fn health(
    journal: &Journal,
    workspace: &Workspace,
    conflicts: u64,
) -> Result<Option<SyncHealth>, JournalError> {
    let Some(id) = journal.workspace_known(&workspace.root)? else { return Ok(None) };
    let Some(project) = journal.workspace_project(id)? else { return Ok(None) };
    let read = crate::health::read(journal, project, conflicts, &workspace.loaded().settings.sync.drift)?;
    Ok(Some(read).filter(|read| !read.remotes.is_empty()))
}

/// Reads it anew for a background, and tells where it is another.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace) {
    let Some(Ok(journal)) = inner.journal_now() else { return };
    let in_conflict = workspace.notes.known().iter().filter(|note| note.versions.len() > 1).count() as u64;
    let before = workspace.sync();
    let read = read(&journal, workspace).and_then(|sync| {
        let moved = before.remotes != sync.remotes || (before.pending, before.failed) != (sync.pending, sync.failed);
        let anew = workspace.is_health_old(if moved { Duration::ZERO } else { crate::health::EVERY });
        let conflicts = if sync.state == SyncState::Disabled { 0 } else { in_conflict };
        let health = if anew {
            let read = health(&journal, workspace, conflicts)?;
            if let Some(read) = &read {
                crate::health::write_metrics(&journal, workspace, read);
            }
            read
        } else {
            before.health.clone()
        };
        Ok(SyncStatus { conflicts, health, ..sync })
    });
    match read {
        Ok(sync) => {
            let drift = |sync: &SyncStatus| sync.health.as_ref().map(|health| health.drift.clone());
            let told = drift(&before) != drift(&sync);
            if workspace.set_sync(sync) {
                inner.tell(Notice::Status { root: workspace.root.clone() });
            }
            if told {
                workspace.merge_findings(inner);
            }
        }
        Err(e) => tracing::debug!("how the remotes stand could not be read: {e}"),
    }
}

fn read(journal: &Journal, workspace: &Workspace) -> Result<SyncStatus, JournalError> {
    let Some(id) = journal.workspace_known(&workspace.root)? else { return Ok(SyncStatus::default()) };
    let Some(project) = journal.workspace_project(id)? else { return Ok(SyncStatus::default()) };
    let remotes = journal.remotes(Some(project))?;
    let mut sync = SyncStatus::default();
    if remotes.is_empty() {
        return Ok(sync);
    }
    sync.state = SyncState::Idle;
    for known in &remotes {
        sync.pending += journal.lanes(known)?.iter().map(|lane| lane.not_sealed + lane.not_uploaded).sum::<u64>();
        let refused = |item: &RemoteItem| item.state != ItemState::Taken && item.trouble.is_some();
        let refused = journal.remote_items(known.n)?.iter().filter(|item| refused(item)).count() as u64;
        sync.failed += refused;
        let class = known.trouble.as_ref().map(|(class, _)| Class::of_word(class));
        let needs = match class {
            Some(Class::Retry | Class::Stopped) => SyncState::Backoff,
            Some(_) => SyncState::Attention,
            None if refused > 0 => SyncState::Attention,
            None => SyncState::Idle,
        };
        if sync.state != SyncState::Attention && needs != SyncState::Idle {
            sync.state = needs;
        }
        let entry = serde_json::to_value(crate::remotes::entry(journal, workspace, known)?).unwrap_or_default();
        sync.remotes.push(entry);
    }
    if workspace.is_syncing() {
        sync.state = SyncState::Syncing;
    }
    sync.last_success = remotes.iter().filter_map(|known| known.done_ms).max().map(moment);
    Ok(sync)
}

/// What others wrote that came since a place of the journal: the last of it, oldest first.
fn changes(shared: &Shared, head: u64) -> Result<Vec<SyncChange>, EngineError> {
    let own: Vec<String> = shared
        .journal
        .log_heads(shared.project)?
        .iter()
        .filter(|(.., own)| *own)
        .map(|(log, ..)| log.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")))
        .collect();
    let mut changes = Vec::new();
    let filter = Filter { after: Some(head), newest_first: true, ..Filter::default() };
    shared.journal.for_each(&filter, |_, entry| {
        let foreign = entry.lane != Lane::Local && !own.contains(&entry.log) && entry.kind != RECEIVED;
        if foreign {
            let (id, kind, entity, held) = (entry.id, entry.kind, entry.entity, entry.held);
            changes.push(SyncChange { id, kind, entity, actor: entry.actor, at: entry.at, held });
        }
        if changes.len() < LISTED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    changes.reverse();
    Ok(changes)
}

fn problem(problem: Problem) -> SyncProblem {
    SyncProblem {
        name: problem.name,
        trouble: trouble(problem.class),
        detail: problem.detail,
        attempts: problem.attempts,
        next_attempt: problem.next_ms.map(moment),
    }
}

fn told(known: &KnownRemote, outcome: Outcome) -> SyncRemote {
    let error = outcome.stopped.as_ref().map(|error| SyncProblem {
        name: known.name.clone(),
        trouble: trouble(error.class),
        detail: error.to_string(),
        attempts: known.attempts + 1,
        next_attempt: None,
    });
    SyncRemote {
        name: known.name.clone(),
        url: known.url.clone(),
        done: error.is_none(),
        error,
        paused: None,
        sent: outcome.sent,
        received: outcome.received,
        segments_sent: outcome.segments_sent,
        healed: outcome.healed,
        segments_received: outcome.segments_received,
        bytes_read: outcome.bytes.0,
        bytes_written: outcome.bytes.1,
        held: outcome.held,
        released: outcome.released,
        apart: outcome.apart.into_iter().map(problem).collect(),
        rejected: outcome.problems.into_iter().map(problem).collect(),
        waiting: outcome.waiting,
        missing: outcome
            .missing
            .iter()
            .map(|missing| SyncMissing {
                log: missing.log.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")),
                lane: lane_of(missing.lane),
                first: missing.first,
                last: missing.last,
            })
            .collect(),
        ignored: outcome
            .strays
            .into_iter()
            .map(|(name, stray)| SyncStray { name, what: stray.words().to_owned() })
            .collect(),
        pending: outcome.pending,
    }
}

/// Lanes by their numbers in names.
fn lane_of(number: u8) -> Lane {
    [Lane::Ctl, Lane::Review, Lane::Notes, Lane::Observations, Lane::Local]
        .get(usize::from(number))
        .copied()
        .unwrap_or(Lane::Other)
}
