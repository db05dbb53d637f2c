//! What is being done for a workspace that runs a tool: stopped where the workspace is closed or the server ends.
//! It starts nothing and knows nothing of what runs.

use host::Cancel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Running {
    held: Mutex<Vec<(u64, Cancel)>>,
    fewer: Condvar,
}

/// Held as long as it runs.
pub(crate) struct Run<'r> {
    running: &'r Running,
    number: u64,
}

impl Running {
    /// `closed` is that of the workspace: whoever closes it sets that first and stops what runs afterwards, so that one of
    /// the two is met.
    pub fn begin(&self, cancel: &Cancel, closed: &Cancel) -> Run<'_> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let number = held.last().map_or(0, |(number, _)| number + 1);
        held.push((number, cancel.clone()));
        drop(held);
        if closed.is_cancelled() {
            cancel.cancel();
        }
        Run { running: self, number }
    }

    pub fn stop(&self) {
        for (_, cancel) in &*self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            cancel.cancel();
        }
    }

    /// Until nothing runs, and no longer than that.
    pub fn wait(&self, longest: Duration) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.fewer.wait_timeout_while(held, longest, |held| !held.is_empty()));
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.running.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|(number, _)| *number != self.number);
        self.running.fewer.notify_all();
    }
}
