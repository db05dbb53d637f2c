//! Seals what is written by itself, on a thread of its own: nobody waits for it, and one process at a time does it.
//! It decides nothing about what is sealed; when, is the journal's policy.

use crate::facade::Inner;
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use journal::{Journal, SealPolicy};
use std::sync::Weak;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How soon it is looked again where another process is at it, or where it went wrong.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the end of the thread is waited for: one segment takes some ten milliseconds.
const FAREWELL: Duration = Duration::from_millis(300);

/// Dropping it ends the thread.
pub(crate) struct Sealer {
    poke: Sender<()>,
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Sealer {
    pub fn start(inner: Weak<Inner>) -> Self {
        // One poke waits at most: whoever looks sees everything.
        let (poke, poked) = bounded(1);
        let (stop, stopped) = bounded::<()>(0);
        let (alive, ended) = bounded(0);
        let run = move || {
            work(&inner, &poked, &stopped);
            drop(alive);
        };
        if let Err(e) = std::thread::Builder::new().name("sealer".to_owned()).spawn(run) {
            tracing::error!("nothing is sealed by itself: no thread could be started: {e}");
        }
        Self { poke, stop: Some(stop), ended }
    }

    /// The journal was written to.
    pub fn poke(&self) {
        // Full: it will look anyway.
        let _ = self.poke.try_send(());
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.stop = None;
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

fn work(inner: &Weak<Inner>, poked: &Receiver<()>, stopped: &Receiver<()>) {
    let mut next = None;
    loop {
        // With nothing that waits, an idle server wakes for nothing.
        let timeout = next.map_or_else(never, after);
        select! {
            recv(stopped) -> _ => return,
            recv(poked) -> poke => if poke.is_err() { return },
            recv(timeout) -> _ => {}
        }
        let Some(inner) = inner.upgrade() else { return };
        let Some(Ok(journal)) = inner.journal_now() else {
            next = None;
            continue;
        };
        next = match seal(&journal) {
            Ok((unsealed, next)) => {
                inner.saw_unsealed(unsealed);
                next
            }
            Err(e) => {
                tracing::warn!("what is written is not sealed yet, and will be tried again: {e}");
                Some(AGAIN)
            }
        };
    }
}

/// Seals what is due. Answers with how many events wait, and how long it is until something else is.
fn seal(journal: &Journal) -> Result<(u64, Option<Duration>), journal::JournalError> {
    if journal.newer().is_some() {
        return Ok((0, None));
    }
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

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
