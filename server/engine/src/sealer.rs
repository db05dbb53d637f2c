//! Seals what is written by itself, on a thread of its own: nobody waits for it, and one process at a time does it.
//! It decides nothing about what is sealed; when, is the journal's policy.

use crate::background::Background;
use crate::facade::Inner;
use journal::{Journal, JournalError, SealPolicy, now_ms};
use std::sync::Weak;
use std::time::Duration;

/// How soon it is looked again where another process is at it, or where it went wrong.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the end of the thread is waited for: one segment takes some ten milliseconds.
const FAREWELL: Duration = Duration::from_millis(300);

pub(crate) fn start(inner: Weak<Inner>) -> Background {
    Background::start("sealer", FAREWELL, inner, |inner, journal| match seal(journal) {
        Ok((unsealed, next)) => {
            inner.saw_unsealed(unsealed);
            next
        }
        Err(e) => {
            tracing::warn!("what is written is not sealed yet, and will be tried again: {e}");
            Some(AGAIN)
        }
    })
}

/// Seals what is due. Answers with how many events wait, and how long it is until something else is.
fn seal(journal: &Journal) -> Result<(u64, Option<Duration>), JournalError> {
    let policy = SealPolicy::default();
    let ours = journal.seal_due(&policy, now_ms())?.is_some();
    let left = journal.unsealed(&policy)?;
    let wait = left.due_ms.map(|due| Duration::from_millis(due.saturating_sub(now_ms()).max(1).unsigned_abs()));
    Ok((left.events, if ours { wait } else { Some(AGAIN) }))
}

/// Before a process ends: what somebody meant, and what is much or old. Where another process seals, it is left to that.
pub(crate) fn before_leaving(journal: &Journal) {
    if journal.newer().is_some() {
        return;
    }
    if let Err(e) = journal.seal_due(&SealPolicy::leaving(), now_ms()) {
        tracing::warn!("what was written is not sealed yet; the next Holdover does it: {e}");
    }
}
