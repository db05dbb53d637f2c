//! A bucket of an object store as a remote: S3, Google's, Azure's. What is put there is put where nothing is, and never changes; only
//! hints are put over. One list of the hints tells that there is nothing new.
//!
//! ```text
//! FORMAT.json                                    which remote this is, and whose
//! seg/<lane>-<log>/<first>-<last>-<hash>.seg     segments
//! heads/<lane>-<log>                             hints of a log's owner
//! heads/~<device>                                a hint that a device put something there that no log's hint tells
//! ```

mod address;
mod bucket;
mod give;
mod kept;
mod look;
#[cfg(test)]
mod tests;
mod try_out;

pub use address::StoreAddress;
pub use bucket::STORE_PROGRAM;

use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::name::{SegmentName, Stray, log_folder};
use crate::remote::{Exclusion, Head, Identity, Listing, MOST_BYTES, Probe, Put, Remote};
use bucket::{Bucket, Program};
use contract::{StoreAnswer, StoreQuestion};
use host::Permit;
use journal::MAX_SEGMENT;
use kept::Kept;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use try_out::Tried;

/// With what the hint of a device begins.
const MARK: char = '~';
/// Most objects that are looked at.
const MOST_NAMES: usize = 400_000;
/// How long one question may take: 8 MiB over a line of 1 Mbit/s, or a first list.
const PATIENCE: Duration = Duration::from_mins(3);

/// A bucket as a remote.
pub struct Store {
    shown: String,
    kind: &'static str,
    prefix: String,
    bucket: Arc<dyn Bucket>,
    kept: Kept,
    /// Tells this device's hint from another's.
    device: String,
    afresh: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    there: Option<There>,
    tried: Option<Tried>,
}

/// What lies there, as far as it was looked at.
struct There {
    identity: Identity,
    /// The description was read since this was opened.
    is_confirmed: bool,
    /// Tags of the hints by their names; empty where one is to be asked again.
    tags: BTreeMap<String, String>,
    /// How far a log has come, by its folder's name.
    heads: BTreeMap<String, u64>,
    segments: BTreeMap<SegmentName, u64>,
    strays: Vec<(String, Stray)>,
    unread: Vec<(String, RemoteError)>,
    /// When all of it was listed.
    full_ms: i64,
    /// Whether the store keeps two writers of one key apart; `None` where that was not tried out.
    conditional: Option<bool>,
    /// What was put there since this was opened, by log: the lowest place, and how far the list went before.
    given: BTreeMap<String, (u64, u64)>,
    /// Logs whose hints were said since.
    announced: BTreeSet<String>,
}

impl There {
    fn of(identity: Identity) -> There {
        There {
            identity,
            is_confirmed: true,
            tags: BTreeMap::new(),
            heads: BTreeMap::new(),
            segments: BTreeMap::new(),
            strays: Vec::new(),
            unread: Vec::new(),
            full_ms: 0,
            conditional: None,
            given: BTreeMap::new(),
            announced: BTreeSet::new(),
        }
    }
}

impl Store {
    /// The remote there. `data` is Holdover's data folder, `device` this device's key in hex; asks nothing yet.
    #[must_use]
    pub fn at(address: &StoreAddress, data: &Path, device: &str, permit: Option<Permit>) -> Store {
        let program = Program::at(address.place.clone(), address.shown(), permit);
        Store::on(address, data, device, Arc::new(program))
    }

    fn on(address: &StoreAddress, data: &Path, device: &str, bucket: Arc<dyn Bucket>) -> Store {
        let device = blake3::derive_key("holdover 2026 hint of a device", device.as_bytes());
        Store {
            shown: address.shown(),
            kind: address.kind(),
            prefix: address.prefix.clone(),
            bucket,
            kept: Kept::of(&address.text(), data),
            device: hex::encode(&device[..8]),
            afresh: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// The file in which it is kept what lies there.
    #[must_use]
    pub fn file(address: &StoreAddress, data: &Path) -> PathBuf {
        Kept::of(&address.text(), data).0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn afresh(&self) -> bool {
        self.afresh.load(Ordering::Relaxed)
    }

    /// The whole key of something of ours.
    fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() || name.is_empty() {
            format!("{}{name}", self.prefix)
        } else {
            format!("{}/{name}", self.prefix)
        }
    }
}

impl Remote for Store {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn place(&self) -> String {
        self.shown.clone()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        call.goes_on()?;
        Ok(true)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn look_afresh(&self) {
        self.afresh.store(true, Ordering::Relaxed);
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.found_there(project, check, call)
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        Ok(self.look(&mut self.state().there, call)?.identity.clone())
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state.there, call)?;
        let segments = there.segments.iter().map(|(name, bytes)| (*name, *bytes)).collect();
        Ok(Listing { segments, strays: there.strays.clone(), unread: std::mem::take(&mut there.unread) })
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        let mut state = self.state();
        let heads = &self.look(&mut state.there, call)?.heads;
        let head = |(name, seq): (&String, &u64)| log_folder(name).map(|(lane, log)| Head { lane, log, seq: *seq });
        Ok(heads.iter().filter_map(head).collect())
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state.there, call)?;
        if there.segments.get(name).is_some_and(|bytes| *bytes > MOST_BYTES) {
            let message = format!("{name} is longer than a segment may be, {MAX_SEGMENT} bytes");
            return Err(RemoteError::of(Class::Integrity, message, "remove that object: it is no segment"));
        }
        let question = StoreQuestion::Get { key: self.key(&name.to_string()), most: MOST_BYTES };
        match self.bucket.ask(&question, &[], call)? {
            (StoreAnswer::Bytes, bytes) => Ok(bytes),
            (StoreAnswer::Missing, _) => {
                // What was listed once is not there: the next look lists everything.
                there.full_ms = 0;
                self.kept.write(there);
                let message = format!("{name} is not there any more");
                Err(RemoteError::of(Class::Retry, message, "try again: whoever holds it puts it there again"))
            }
            _ => Err(self.nonsense()),
        }
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        self.put_there(name, bytes, call)
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        self.say_head(head, call)
    }

    fn finish(&self, call: &Call) -> Result<(), RemoteError> {
        self.close(call)
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        let mut state = self.state();
        let tried = match state.tried.take() {
            Some(tried) => tried,
            None => self.try_out(call)?,
        };
        let there = self.look(&mut state.there, call)?;
        there.conditional = Some(tried.conditional);
        self.kept.write(there);
        let exclusion = if tried.conditional { Exclusion::Refused } else { Exclusion::Overwrites };
        Ok(Probe { exclusion, way: tried.way, free: None, networked: true })
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
