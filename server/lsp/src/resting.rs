//! A server that nobody asks anything: after a while it gives the code that it does not run back to the system.
//! Decides when; waits for nothing itself.

use crate::state::State;
use std::time::{Duration, Instant};

/// Quiet after the start and the first look, before the first rest: what they needed is most of what is never run again.
const FIRST: Duration = Duration::from_millis(200);
/// Quiet before every other rest. Longer than somebody who writes pauses.
const LATER: Duration = Duration::from_secs(4);

/// When to rest.
#[derive(Default)]
pub(crate) struct Resting {
    due: Option<Instant>,
    rested: bool,
}

impl Resting {
    /// Something happened.
    pub(crate) fn stir(&mut self, now: Instant) {
        self.due = Some(now + if self.rested { LATER } else { FIRST });
    }

    /// When the next rest is due, if nothing happens until then; none, after a rest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl State {
    /// Rests where it is time to and no work is under way; else once it is done.
    pub(crate) fn rest(&mut self, now: Instant) {
        if self.resting.due.is_none_or(|due| due > now) {
            return;
        }
        if !self.work.is_idle() {
            return self.resting.stir(now);
        }
        self.resting = Resting { due: None, rested: true };
        // On a thread of its own, because it asks the system; and not as work, whose end would stir.
        let give_back = || match host::give_back_code() {
            Ok(bytes) => tracing::debug!("resting: {bytes} bytes of code may leave memory"),
            Err(e) => tracing::debug!("code stays in memory: {e}"),
        };
        if let Err(e) = std::thread::Builder::new().name("rest".to_owned()).spawn(give_back) {
            tracing::debug!("code stays in memory: no thread could be started: {e}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_comes_once_and_again_only_after_something_happened_and_a_longer_quiet() {
        let mut resting = Resting::default();
        assert_eq!(resting.deadline(), None, "nothing was started yet");
        let now = Instant::now();
        resting.stir(now);
        assert_eq!(resting.deadline(), Some(now + FIRST));
        resting.stir(now + FIRST / 2);
        assert_eq!(resting.deadline(), Some(now + FIRST / 2 + FIRST), "from the last thing on");
        resting = Resting { due: None, rested: true };
        assert_eq!(resting.deadline(), None);
        resting.stir(now);
        assert_eq!(resting.deadline(), Some(now + LATER));
    }
}
