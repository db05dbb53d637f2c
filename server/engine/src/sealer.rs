//! Seals what is written by itself, on a thread of its own: nobody waits for it, and one process at a time does it.
//! It decides nothing about what is sealed; when, is the journal's policy.

use crate::background::Background;
use crate::inner::Inner;
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

/// More events than these are left to the next server by one that ends: it has some milliseconds for that, not a second.
const FEW: u64 = 100;

/// Before a process ends: what somebody meant, and what is much or old. Where another process seals, it is left to that; `hurried`:
/// somebody waits for the end, so that only a little is sealed.
pub(crate) fn before_leaving(journal: &Journal, hurried: bool) {
    if journal.newer().is_some() {
        return;
    }
    let policy = SealPolicy::leaving();
    let seal = || {
        if hurried && journal.unsealed(&policy)?.events > FEW {
            return Ok(None);
        }
        journal.seal_due(&policy, now_ms())
    };
    if let Err(e) = seal() {
        tracing::warn!("what was written is not sealed yet; the next Holdover does it: {e}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use contract::Lane;
    use journal::{Draft, Op};

    #[test]
    fn who_is_waited_for_seals_a_few_events_and_leaves_a_backlog_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let write = |n: u64| {
            let person = journal.person().unwrap();
            let drafts =
                (0..n).map(|_| Draft::intent("note.add", Lane::Notes, person.clone(), &[Op::set("body", "x")]));
            journal.append_all(&drafts.collect::<Vec<_>>(), false).unwrap();
        };
        let waiting = || journal.unsealed(&SealPolicy::leaving()).unwrap().events;
        write(FEW);
        before_leaving(&journal, true);
        assert_eq!(waiting(), 0);
        write(FEW + 1);
        before_leaving(&journal, true);
        assert_eq!(waiting(), FEW + 1, "it was waited for");
        before_leaving(&journal, false);
        assert_eq!(waiting(), 0);
    }
}
