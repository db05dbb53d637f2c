//! How long a job waits before it is tried again: decorrelated jitter, so that many that failed together do not come back together.
//! It draws times and moves no job.

use std::sync::OnceLock;
use ulid::Ulid;

/// When to try again, and how often. After Marc Brooker, "Exponential Backoff And Jitter": each wait is drawn between the
/// shortest and three times the last one, and is at most the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The shortest wait, in milliseconds.
    pub shortest_ms: u64,
    /// The longest, in milliseconds.
    pub longest_ms: u64,
    /// How often it is tried in all before it is given up.
    pub attempts: u32,
    /// What the draws come from: the same waits for the same job. `None` outside tests: every process has its own.
    pub seed: Option<u64>,
}

impl Default for Backoff {
    /// One second to fifteen minutes, eight attempts.
    fn default() -> Backoff {
        Backoff { shortest_ms: 1_000, longest_ms: 15 * 60_000, attempts: 8, seed: None }
    }
}

impl Backoff {
    /// Milliseconds until the attempt after `attempts`, where the wait before that one was `last`.
    pub fn delay_ms(&self, last: Option<u64>, job: Ulid, attempts: u32) -> u64 {
        static OWN: OnceLock<u64> = OnceLock::new();
        let own = || {
            let mut bytes = [0; 8];
            // Without random numbers jobs of several processes come back together, and nothing worse.
            let _ = crate::chance::fill(&mut bytes);
            u64::from_le_bytes(bytes)
        };
        let own = || if cfg!(feature = "simulated") { own() } else { *OWN.get_or_init(own) };
        let seed = self.seed.unwrap_or_else(own);
        let mut hash = blake3::Hasher::new();
        hash.update(&seed.to_le_bytes()).update(&job.to_bytes()).update(&attempts.to_le_bytes());
        let mut drawn = [0; 8];
        hash.finalize_xof().fill(&mut drawn);
        let most = last.unwrap_or(self.shortest_ms).saturating_mul(3).max(self.shortest_ms.saturating_add(1));
        let span = most - self.shortest_ms;
        (self.shortest_ms + u64::from_le_bytes(drawn) % span).min(self.longest_ms)
    }
}
