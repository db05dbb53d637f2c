//! A thread beside the worker that looks after one thing in the journal: when it is poked, and when the time comes that it
//! named itself. With nothing that waits, an idle server wakes for nothing. It knows nothing of what is looked after.

use crate::inner::Inner;
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use journal::Journal;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Dropping it ends the thread, and waits for that no longer than it was told to.
pub(crate) struct Background {
    poke: Sender<()>,
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
    farewell: Duration,
}

impl Background {
    /// `look` is given a journal that can be written to, and answers with how long it is until it wants to look again.
    pub fn start(
        name: &'static str,
        farewell: Duration,
        inner: Weak<Inner>,
        mut look: impl FnMut(&Arc<Inner>, &Journal) -> Option<Duration> + Send + 'static,
    ) -> Self {
        // One poke waits at most: whoever looks sees everything.
        let (poke, poked) = bounded(1);
        let (stop, stopped) = bounded::<()>(0);
        let (alive, ended) = bounded(0);
        let run = move || {
            // Dropped with the thread, whatever ends it.
            let _alive: Sender<()> = alive;
            let mut next = None;
            loop {
                let timeout = next.map_or_else(never, after);
                select! {
                    recv(stopped) -> _ => return,
                    recv(poked) -> poke => if poke.is_err() { return },
                    recv(timeout) -> _ => {}
                }
                let Some(inner) = inner.upgrade() else { return };
                let journal = inner.journal_now().and_then(Result::ok).filter(|journal| journal.newer().is_none());
                next = journal.and_then(|journal| look(&inner, &journal));
            }
        };
        if let Err(e) = std::thread::Builder::new().name(name.to_owned()).spawn(run) {
            tracing::error!("{name}: no thread could be started, and nothing of it happens by itself: {e}");
        }
        Self { poke, stop: Some(stop), ended, farewell }
    }

    /// Something may be different now.
    pub fn poke(&self) {
        // Full: it will look anyway.
        let _ = self.poke.try_send(());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop = None;
        let _ = self.ended.recv_timeout(self.farewell);
    }
}
