//! Fetches that the network failed, tried again by themselves when their time has come: what somebody asked for and nothing else.
//! Only in a server, with a connection, where the workspace is trusted; one process at a time, and never before the time that was drawn.

use crate::facade::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError, Notice};
use contract::{ConnectivityState, Job, JobKind, JobState};
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use host::Cancel;
use journal::{Filter, Journal, JournalError, LeaseError, Step};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How soon it is looked again where there is no connection, or another process is at it.
const AGAIN: Duration = Duration::from_secs(30);
/// How long the end of the thread is waited for; a tool that runs is ended by the same word.
const FAREWELL: Duration = Duration::from_millis(500);

/// Dropping it ends the thread, and what it carries out.
pub(crate) struct Retries {
    poke: Sender<()>,
    cancel: Cancel,
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Retries {
    pub fn start(inner: Weak<Inner>) -> Self {
        // One poke waits at most: whoever looks sees everything.
        let (poke, poked) = bounded(1);
        let (stop, stopped) = bounded::<()>(0);
        let (alive, ended) = bounded(0);
        let cancel = Cancel::new();
        let stopping = cancel.clone();
        let run = move || {
            work(&inner, &poked, &stopped, &stopping);
            drop(alive);
        };
        if let Err(e) = std::thread::Builder::new().name("retries".to_owned()).spawn(run) {
            tracing::error!("nothing is tried again by itself: no thread could be started: {e}");
        }
        Self { poke, cancel, stop: Some(stop), ended }
    }

    /// Nothing is begun any more.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Jobs or the connection may be others than they were.
    pub fn poke(&self) {
        // Full: it will look anyway.
        let _ = self.poke.try_send(());
    }
}

impl Drop for Retries {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.stop = None;
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

fn work(inner: &Weak<Inner>, poked: &Receiver<()>, stopped: &Receiver<()>, stop: &Cancel) {
    let mut next: Option<Duration> = None;
    loop {
        let timeout = next.map_or_else(never, after);
        select! {
            recv(stopped) -> _ => return,
            recv(poked) -> poke => if poke.is_err() { return },
            recv(timeout) -> _ => {}
        }
        let Some(inner) = inner.upgrade() else { return };
        let Some(Ok(journal)) =
            inner.journal_now().filter(|journal| journal.as_ref().is_ok_and(|j| j.newer().is_none()))
        else {
            next = None;
            continue;
        };
        next = None;
        for workspace in inner.all_workspaces() {
            let wait = look(&inner, &journal, &workspace, stop).unwrap_or_else(|e| {
                tracing::warn!("what waits to be fetched again could not be looked at: {e}");
                Some(AGAIN)
            });
            next = next.into_iter().chain(wait).min();
        }
    }
}

/// Notes which jobs the workspace has, and carries out one whose time has come. Answers with when to look again.
fn look(
    inner: &Arc<Inner>,
    journal: &Journal,
    workspace: &Workspace,
    stop: &Cancel,
) -> Result<Option<Duration>, JournalError> {
    let Some(id) = journal.workspace_known(&workspace.root)? else { return Ok(None) };
    let open = |journal: &Journal| journal.jobs_of(id);
    let jobs = open(journal)?;
    note(inner, workspace, jobs.clone());
    let Some(due) = waiting(&jobs).and_then(next_ms) else { return Ok(None) };
    let wait = due.saturating_sub(now_ms());
    if wait > 0 {
        return Ok(Some(Duration::from_millis(wait.unsigned_abs())));
    }
    crate::status::refresh_connectivity(inner);
    let online = crate::status::connectivity(inner).state == ConnectivityState::Online;
    // As somebody said, connections are tried whatever the routes say.
    let tried = inner.gate.mode() == host::OfflineMode::Off;
    if !(online || tried) || !workspace.trust().allows() || !workspace.looks() {
        // Trust and the connection poke when they come; this is for what nobody tells of.
        return Ok(Some(AGAIN));
    }
    let _turn = match journal.lease(&format!("retry:{}", workspace.root.display())) {
        Ok(lease) => lease,
        Err(LeaseError::Held(_)) => return Ok(Some(AGAIN)),
        Err(LeaseError::Journal(e)) => return Err(e),
    };
    // Another process may have carried it out since: what is due is asked again by whoever has the turn.
    let jobs = open(journal)?;
    let Some(job) = waiting(&jobs).filter(|job| next_ms(job).is_some_and(|due| due <= now_ms())) else {
        return Ok(Some(Duration::ZERO));
    };
    let wanted = wanted(journal, job)?;
    let cancel = workspace.begin_retry(stop);
    let ended = Engine { inner: Arc::clone(inner) }.fetch_again(&workspace.root, wanted.as_deref(), &cancel);
    workspace.end_retry();
    match ended {
        Ok(_) | Err(EngineError::Cancelled) => {}
        Err(e) => tracing::info!("a fetch that was tried again could not be carried out: {e}"),
    }
    let jobs = open(journal)?;
    let still_due = waiting(&jobs).and_then(next_ms).is_some_and(|due| due <= now_ms());
    note(inner, workspace, jobs);
    inner.enqueue(crate::worker::Task::Survey(workspace.root.clone()));
    Ok(Some(if still_due { AGAIN } else { Duration::ZERO }))
}

fn note(inner: &Inner, workspace: &Workspace, jobs: Vec<Job>) {
    if workspace.set_jobs(jobs) {
        inner.tell(Notice::Status { root: workspace.root.clone() });
    }
}

/// The fetch that waits for its time, if one does.
pub(crate) fn waiting(jobs: &[Job]) -> Option<&Job> {
    jobs.iter().find(|job| job.kind == JobKind::Fetch && job.state == JobState::Backoff)
}

fn next_ms(job: &Job) -> Option<i64> {
    host::moment(job.next_attempt.as_deref()?).ok()
}

/// The artifacts that were asked for; `None`: everything that is missing.
fn wanted(journal: &Journal, job: &Job) -> Result<Option<Vec<String>>, JournalError> {
    if job.title == crate::fetch::EVERYTHING {
        return Ok(None);
    }
    // Whoever asked said so just before the job was queued.
    let mut queued = None;
    let of_job = Filter {
        entity: job.id.parse().ok(),
        kind: Some("job.queued".to_owned()),
        limit: Some(1),
        ..Filter::default()
    };
    journal.for_each(&of_job, |pos, entry| {
        queued = Some((pos, entry.workspace));
        ControlFlow::Break(())
    })?;
    let Some((pos, workspace)) = queued else { return Ok(None) };
    let asked = Filter {
        before: Some(pos),
        kind: Some("fetch.asked".to_owned()),
        workspace: workspace.and_then(|id| id.parse().ok()),
        newest_first: true,
        limit: Some(1),
        ..Filter::default()
    };
    let asked = journal.entries(&asked)?;
    let ids = asked.first().and_then(|entry| serde_json::from_value(entry.payload["artifacts"].clone()).ok());
    Ok(ids)
}

impl Engine {
    /// Gives up what waits to be fetched again for a workspace, and stops what is being fetched again. Says how many there were.
    pub fn cancel_retries(&self, root: &Path) -> Result<usize, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let journal = self.journal()?;
        let running = workspace.cancel_retry();
        let Some(id) = journal.workspace_known(root)? else { return Ok(usize::from(running)) };
        let mut given_up = usize::from(running);
        for job in journal.jobs_of(id)? {
            if job.kind == JobKind::Fetch && matches!(job.state, JobState::Backoff | JobState::Queued) {
                journal.job_advance(&job.id, Step::because(JobState::Cancelled, "given up, as was asked"))?;
                given_up += 1;
            }
        }
        note(&self.inner, &workspace, journal.jobs_of(id)?);
        Ok(given_up)
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
