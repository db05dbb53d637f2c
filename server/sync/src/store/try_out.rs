//! Trying a store out: whether it refuses a second object of one key, also of several writers at once, and gives back what was put.
//! One that does not is used all the same, in a way that needs no condition: see `give.rs`.

use super::Store;
use crate::call::Call;
use crate::error::{Class, RemoteError};
use contract::{StoreAnswer, StoreQuestion};
use ulid::Ulid;

/// Writers that try one key at the same time.
const WRITERS: u8 = 8;

/// What was found.
pub(super) struct Tried {
    /// Two writers of one key are kept apart.
    pub conditional: bool,
    /// In words, how something is put there.
    pub way: String,
}

impl Store {
    pub(super) fn try_out(&self, call: &Call) -> Result<Tried, RemoteError> {
        let stem = format!("~probe-{:016x}", Ulid::generate().random() as u64);
        let keys = [1, 2].map(|n| self.key(&format!("{stem}-{n}.tmp")));
        let tried = self.try_keys(&keys, call);
        for key in keys {
            // Who may not remove leaves two small objects there, which are known by their names.
            let _ = self.bucket.ask(&StoreQuestion::Remove { key }, &[], call);
        }
        tried
    }

    fn try_keys(&self, [one, two]: &[String; 2], call: &Call) -> Result<Tried, RemoteError> {
        let new = |key: &String, bytes: &[u8]| {
            self.bucket.ask(&StoreQuestion::Put { key: key.clone(), new: true }, bytes, call).map(|(answer, _)| answer)
        };
        match new(one, b"first")? {
            StoreAnswer::Done { .. } => {}
            // An answer that was lost and asked for again: it is there after all.
            StoreAnswer::Exists if self.holds(one, b"first", call)? == Some(true) => {}
            StoreAnswer::Exists => {
                return self.try_plain(one, "it refuses whatever is to be put only where there is nothing", call);
            }
            StoreAnswer::Unconditional => {
                return self.try_plain(one, "it cannot put something only where there is nothing", call);
            }
            _ => return Err(self.nonsense()),
        }
        match new(one, b"other")? {
            StoreAnswer::Exists => {}
            StoreAnswer::Done { .. } => {
                return self.try_plain(one, "it ignores that something is to be put only where there is nothing", call);
            }
            StoreAnswer::Unconditional => {
                return self.try_plain(one, "it cannot put something only where there is nothing", call);
            }
            _ => return Err(self.nonsense()),
        }
        if self.holds(one, b"first", call)? != Some(true) {
            return self.try_plain(one, "it says that it refuses a second object of one name, and takes it", call);
        }
        let question = StoreQuestion::Race { key: two.clone(), writers: WRITERS };
        let (StoreAnswer::Raced { won }, _) = self.bucket.ask(&question, &[], call)? else {
            return Err(self.nonsense());
        };
        if won != 1 {
            let detail = format!("of {WRITERS} that put an object of one name there at once, it let {won}");
            return self.try_plain(one, &detail, call);
        }
        // Hints are put over.
        self.try_over(one, call)?;
        Ok(Tried { conditional: true, way: "put where nothing has their name (`If-None-Match`)".to_owned() })
    }

    fn try_plain(&self, key: &str, why: &str, call: &Call) -> Result<Tried, RemoteError> {
        self.try_over(key, call)?;
        let way = format!("looked for, put, and read back, as this store cannot be relied on: {why}");
        Ok(Tried { conditional: false, way })
    }

    /// That what is put over something is what is read then.
    fn try_over(&self, key: &str, call: &Call) -> Result<(), RemoteError> {
        let put = StoreQuestion::Put { key: key.to_owned(), new: false };
        let (StoreAnswer::Done { .. }, _) = self.bucket.ask(&put, b"again", call)? else {
            return Err(self.nonsense());
        };
        match self.holds(key, b"again", call)? {
            Some(true) => Ok(()),
            _ => Err(self.wrong(
                "what was put there is not what is read then",
                "use another store: this one, or what stands in front of it, does not keep what it is given",
            )),
        }
    }

    /// Whether an object has these bytes; `None` where there is none.
    pub(super) fn holds(&self, key: &str, bytes: &[u8], call: &Call) -> Result<Option<bool>, RemoteError> {
        let question = StoreQuestion::Get { key: key.to_owned(), most: bytes.len() as u64 };
        match self.bucket.ask(&question, &[], call) {
            Ok((StoreAnswer::Bytes, there)) => Ok(Some(there == bytes)),
            Ok((StoreAnswer::Missing, _)) => Ok(None),
            Ok(_) => Err(self.nonsense()),
            // It is longer.
            Err(error) if !error.ends && error.class == Class::Integrity => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }
}
