//! A fetch among the journal's jobs: carried on where an earlier one stopped, and stored by the last holder of its lease alone.
//! It runs nothing; without a journal, or where a workspace writes none, it does nothing.

use crate::inner::Inner;
use crate::record::{enabled, person};
use contract::{JobKind, JobState};
use journal::{Backoff, Draft, Journal, JournalError, Lease, NewJob, Step};
use serde_json::{Value, json};
use std::path::Path;

/// What a job says whose process did not live to end it.
const LOST: &str = "its process was ended before it was";

/// How an attempt ended.
pub(crate) struct Ending<'a> {
    pub state: JobState,
    pub error: Option<&'a str>,
    /// It failed for a reason that may pass by itself.
    pub may_pass: bool,
    /// What the event says beside.
    pub payload: Value,
}

pub(crate) struct FetchJob<'l> {
    at: Option<At<'l>>,
}

struct At<'l> {
    journal: Journal,
    lease: &'l Lease,
    id: String,
    /// The event of its end, without what is known only then.
    draft: Draft,
}

impl<'l> FetchJob<'l> {
    /// Begins an attempt of what `title` says: of the job that was left unfinished where it meant the same, else of a new one.
    pub fn begin(inner: &Inner, root: &Path, lease: Option<&'l Lease>, title: &str, steps: &[String]) -> Self {
        let journal = inner.journal().ok().filter(|_| enabled(inner, root));
        let at = journal.zip(lease).and_then(|(journal, lease)| {
            let (id, draft) = attempt(&journal, lease, root, title, steps).map_err(|e| untold(&e)).ok()?;
            Some(At { journal, lease, id, draft })
        });
        Self { at }
    }

    /// A part is done: it is not done again by the next attempt.
    pub fn step_done(&self, name: &str) {
        let Some(at) = &self.at else { return };
        if let Err(e) = at.journal.job_step_done(at.lease, &at.id, name) {
            untold(&e);
        }
    }

    /// Stores how it ended, move and event together, if the lease is still held: another process that took over tells its own.
    pub fn end(mut self, ending: Ending<'_>) {
        self.store(ending);
    }

    fn store(&mut self, ending: Ending<'_>) {
        let Some(At { journal, lease, id, draft }) = self.at.take() else { return };
        let Ending { state, error, may_pass, mut payload } = ending;
        let error = error.map(str::to_owned);
        let stored = journal.with_lease(lease, move |tx| {
            let job = match &error {
                Some(error) if may_pass => tx.job_retry_later(&id, error, Backoff::default())?,
                Some(error) => tx.job_advance(&id, Step::because(state, error))?,
                None => tx.job_advance(&id, Step::to(state))?,
            };
            if let Some(next) = job.next_attempt {
                payload["nextAttempt"] = next.into();
            }
            let kind = match state {
                JobState::Done => "fetch.finished",
                JobState::Cancelled => "fetch.cancelled",
                _ => "fetch.failed",
            };
            tx.append(&Draft { kind: kind.to_owned(), payload, ..draft }).map(drop)
        });
        if let Err(e) = stored {
            untold(&e);
        }
    }
}

impl Drop for FetchJob<'_> {
    fn drop(&mut self) {
        let error = Some("ended before its time");
        self.store(Ending { state: JobState::Failed, error, may_pass: false, payload: json!({}) });
    }
}

fn attempt(
    journal: &Journal,
    lease: &Lease,
    root: &Path,
    title: &str,
    steps: &[String],
) -> Result<(String, Draft), JournalError> {
    let workspace = journal.workspace_id(root)?;
    let left = journal.job_take_over(lease, JobKind::Fetch, workspace, LOST)?;
    let (title, steps) = (title.to_owned(), steps.to_vec());
    let job = journal.with_lease(lease, move |tx| {
        let id = match left {
            Some(job) if job.title == title => job.id,
            other => {
                if let Some(job) = other {
                    tx.job_advance(&job.id, Step::because(JobState::Cancelled, "something else was asked for"))?;
                }
                let (kind, workspace, actor) = (JobKind::Fetch, Some(workspace), person());
                tx.job_queue(NewJob { kind, title, workspace, actor, steps: Vec::new() })?.id
            }
        };
        tx.job_add_steps(&id, &steps)?;
        tx.job_advance(&id, Step::to(JobState::Running))
    })?;
    let draft = Draft { intent: true, workspace: Some(workspace), ..Draft::observation("", json!({})) };
    Ok((job.id, draft))
}

fn untold(error: &JournalError) {
    tracing::warn!("what becomes of this fetch is not among the jobs: {error}");
}

/// Whether a tool's words say that the network, and not what was asked for, was at fault.
pub(crate) fn is_network(words: &str) -> bool {
    // cargo speaks through curl, npm through Node's errors, uv through its client's; lower case.
    const SIGNS: [&str; 19] = [
        "dns error",
        "tcp connect error",
        "error sending request",
        "could not resolve host",
        "couldn't resolve host",
        "could not connect",
        "couldn't connect",
        "failed to connect",
        "spurious network error",
        "network failure",
        "connection reset",
        "connection refused",
        "operation timed out",
        "timeout was reached",
        "enotfound",
        "econnrefused",
        "econnreset",
        "etimedout",
        "eai_again",
    ];
    let words = words.to_lowercase();
    SIGNS.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::is_network;

    #[test]
    fn what_the_tools_say_of_the_network_is_told_from_what_they_say_of_packages() {
        for words in [
            "warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name (Could not resolve host: example.org)",
            "[7] Couldn't connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Connection refused)",
            "npm error code ENOTFOUND\nnpm error network request to https://example.org/ms failed",
            "npm error code ECONNREFUSED",
            "error: Request failed after 3 retries\n  cause: error sending request for url (http://127.0.0.1:9/simple/six/)\n  cause: client error (Connect)\n  cause: tcp connect error: Connection refused",
        ] {
            assert!(is_network(words), "{words}");
        }
        for words in [
            "error: failed to verify the checksum of `itoa v1.0.0`",
            "npm error code E404",
            "npm error code EINTEGRITY",
            "error: Failed to download `six==1.17.0`\n  cause: Hash mismatch for `six==1.17.0`",
        ] {
            assert!(!is_network(words), "{words}");
        }
    }
}
