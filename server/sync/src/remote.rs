//! What a remote is: a place that keeps named bytes that never change. Small, so that a new kind of storage is one file.
//! Nothing here knows journals; whether bytes are a segment is asked by whoever brings them.

use crate::call::Call;
use crate::error::RemoteError;
use crate::name::{SegmentName, Stray};
use std::time::Duration;

/// Most bytes that are read of one file: a segment, and what encrypting it adds.
pub(crate) const MOST_BYTES: u64 = journal::MAX_SEGMENT as u64 + crate::sealed::MORE;

/// Storage that somebody already has. Every method may be called from any thread, and looks at its [`Call`] between two steps.
pub trait Remote: Send + Sync {
    /// What kind it is, in one word: `folder`, `git`, `s3`.
    fn kind(&self) -> &'static str;

    /// Where it is, for people.
    fn place(&self) -> String;

    /// Whether another machine is asked, so that it is not used while offline is forced.
    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError>;

    /// How long one question may take: 8 MiB to a stick that writes 200 KiB a second.
    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// From now on nothing is believed that was kept from earlier looks.
    fn look_afresh(&self) {}

    /// Makes it a remote of a project, or finds that it is one. `check` is of the key with which a new one is encrypted; one that is
    /// there stays as it is.
    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError>;

    /// That it is the remote that was added: its own id, and the project that it carries.
    fn identity(&self, call: &Call) -> Result<Identity, RemoteError>;

    /// Every segment that lies there, and what else does.
    fn segments(&self, call: &Call) -> Result<Listing, RemoteError>;

    /// How far each log has come, as its owner said last. A hint: one that is wrong or missing costs time, never truth.
    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError>;

    /// The bytes of a segment as they lie there, whatever they are; at most as many as a segment may have.
    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError>;

    /// Puts a segment there if nothing has its name. What has it is never changed. When this answers, and [`Remote::finish`] does
    /// after it, the bytes outlive a loss of power, as far as what they lie on can promise that.
    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError>;

    /// Says how far one of our own logs has come. What it said before may be replaced.
    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError>;

    /// What was put and said since is there: storage that takes several things at once is given them here.
    fn finish(&self, call: &Call) -> Result<(), RemoteError> {
        call.goes_on()
    }

    /// What it can do, tried out.
    fn probe(&self, call: &Call) -> Result<Probe, RemoteError>;
}

/// Which remote it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// ULID, made when the remote was set up.
    pub id: String,
    /// 16 bytes: the project whose logs it carries.
    pub project: [u8; 16],
    /// Tells the key with which its segments are encrypted from another; `None` where they are not.
    pub check: Option<[u8; 8]>,
}

/// What lies on a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Segments with their length in bytes, in no order.
    pub segments: Vec<(SegmentName, u64)>,
    /// Everything else, as it is called, with what it is.
    pub strays: Vec<(String, Stray)>,
    /// What could not be looked into, each with its reason.
    pub unread: Vec<(String, RemoteError)>,
}

/// How far a log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the lane.
    pub lane: u8,
    /// The log.
    pub log: [u8; 16],
    /// Place of the last event that its owner has put there.
    pub seq: u64,
}

/// What became of what was to be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It lies there now.
    Stored,
    /// It lies there once [`Remote::finish`] has answered.
    Gathered,
    /// The same bytes lay there.
    Already,
    /// Other bytes have that name, and were left as they are.
    Taken,
}

/// How a remote keeps two from writing one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusion {
    /// The storage refuses the second.
    Refused,
    /// It has no way to refuse one that is complete: the name is taken first, with nothing in it, and then filled.
    Reserved,
    /// It let the second overwrite the first. Names follow from contents, so the second writes what the first did; nothing else
    /// may write there.
    Overwrites,
}

/// What a remote can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How two writers of one name are kept apart.
    pub exclusion: Exclusion,
    /// In words, how something appears there as a whole.
    pub way: String,
    /// Bytes that are free; `None` where that is not told.
    pub free: Option<u64>,
    /// Whether another machine is asked: such a remote is not used while offline is forced.
    pub networked: bool,
}
