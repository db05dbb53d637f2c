//! Fetches that the network failed, tried again by themselves when their time has come: what somebody asked for and nothing else.
//! Only in a server, with a connection, where the workspace is trusted; one process at a time, and never before the time that was drawn.

use crate::background::Background;
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError, Notice};
use contract::{ConnectivityState, Job, JobKind, JobState};
use host::Cancel;
use journal::{Filter, Journal, JournalError, LeaseError, Step, now_ms};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use ulid::Ulid;

/// How soon it is looked again where there is no connection, or another process is at it.
const AGAIN: Duration = Duration::from_secs(30);
/// How long the end of the thread is waited for; a tool that runs is ended by the same word.
const FAREWELL: Duration = Duration::from_millis(500);

/// Dropping it ends the thread, and what it carries out.
pub(crate) struct Retries {
    cancel: Cancel,
    thread: Background,
}

impl Retries {
    pub fn start(inner: Weak<Inner>) -> Self {
        let cancel = Cancel::new();
        let stop = cancel.clone();
        let thread = Background::start("retries", FAREWELL, inner, move |inner, journal| {
            let waits = inner.all_workspaces().into_iter().filter_map(|workspace| {
                look(inner, journal, &workspace, &stop).unwrap_or_else(|e| {
                    tracing::warn!("what waits to be fetched again could not be looked at: {e}");
                    Some(AGAIN)
                })
            });
            waits.min()
        });
        Self { cancel, thread }
    }

    /// Nothing is begun any more.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Jobs or the connection may be others than they were.
    pub fn poke(&self) {
        self.thread.poke();
    }
}

impl Drop for Retries {
    fn drop(&mut self) {
        self.cancel.cancel();
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
    let state = crate::status::connectivity(inner).state;
    if state == ConnectivityState::Captive {
        // Nobody tells that somebody has logged in.
        crate::mirrors::ask_by_itself(inner);
    }
    // Where nobody asks again, what was heard once does not hold up a retry for ever.
    let captive = state == ConnectivityState::Captive && workspace.loaded().settings.mirrors.ask.unwrap_or(true);
    let online = !captive && !matches!(state, ConnectivityState::Offline | ConnectivityState::ForcedOffline);
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
    let wanted = match wanted(journal, job, id)? {
        Wanted::Everything => None,
        Wanted::Artifacts(ids) => Some(ids),
        Wanted::Unknown => {
            // More than was asked for is never fetched.
            let why = "the journal does not say any more what was asked for";
            journal.job_advance(&job.id, Step::because(JobState::Cancelled, why))?;
            note(inner, workspace, open(journal)?);
            return Ok(None);
        }
    };
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

/// What a retry is to bring here.
enum Wanted {
    Everything,
    Artifacts(Vec<String>),
    /// The journal does not say any more what was asked for.
    Unknown,
}

/// What the fetch was asked for. Whoever asks says so in the journal, and then either carries on the job that waits or puts
/// another in its place: what was asked for last in this workspace is what its job is about.
fn wanted(journal: &Journal, job: &Job, workspace: Ulid) -> Result<Wanted, JournalError> {
    if job.title == crate::fetch::EVERYTHING {
        return Ok(Wanted::Everything);
    }
    let asked = Filter {
        kind: Some("fetch.asked".to_owned()),
        workspace: Some(workspace),
        newest_first: true,
        limit: Some(1),
        ..Filter::default()
    };
    let asked = journal.entries(&asked)?;
    let ids = asked.first().and_then(|entry| serde_json::from_value(entry.payload["artifacts"].clone()).ok());
    Ok(ids.filter(|ids: &Vec<String>| !ids.is_empty()).map_or(Wanted::Unknown, Wanted::Artifacts))
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
