//! What one synchronisation with one remote did, and what it could not do.
//! Numbers and reasons; how they are put into words is for whoever shows them.

use crate::error::{Class, RemoteError};
use crate::name::Stray;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Events that are here now and were not before.
    pub received: u64,
    /// Segments that brought them.
    pub segments_received: u64,
    /// Events that had been kept apart, and the segments of which count by now.
    pub released: u64,
    /// Of the received events, those that are shown and not relied on.
    pub held: u64,
    /// Events of this device that the remote holds now and did not before.
    pub sent: u64,
    /// Segments that were put there, of this device and of others.
    pub segments_sent: u64,
    /// Of these, those that it had held before, and lost.
    pub healed: u64,
    /// Bytes that were read, and that were put there.
    pub bytes: (u64, u64),
    /// Segments that are kept apart in the journal, with the reason's word: since this time.
    pub apart: Vec<Problem>,
    /// What could not be taken in, and what could not be put there; from before too, where it is to be tried later.
    pub problems: Vec<Problem>,
    /// Segments that wait for what stands in front of them.
    pub waiting: u64,
    /// What its owner says is there, or what a segment waits for, and is neither there nor here.
    pub missing: Vec<Missing>,
    /// Other files that lie there.
    pub strays: Vec<(String, Stray)>,
    /// Events of this device that the remote does not hold.
    pub pending: u64,
    /// Why it did not go to its end.
    pub stopped: Option<RemoteError>,
}

/// One thing that could not be dealt with; everything else went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name on the remote.
    pub name: String,
    /// What helps.
    pub class: Class,
    /// Why, and the next step.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again, in milliseconds since 1970; `None`: the next time.
    pub next_ms: Option<i64>,
}

/// Events that somebody has put on a remote, by their owner's word or by a segment that follows them, and that have not come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The log.
    pub log: [u8; 16],
    /// Number of its lane.
    pub lane: u8,
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Outcome {
    /// Whether everything is here and there, and nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.stopped.is_none()
            && self.problems.is_empty()
            && self.apart.is_empty()
            && self.missing.is_empty()
            && self.waiting == 0
    }
}
