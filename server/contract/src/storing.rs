//! What the program that speaks to object stores is asked, and what it answers. No credential is ever in either: that program takes
//! them from where the cloud's own tools have them.

use crate::SyncTrouble;
use serde::{Deserialize, Serialize};

/// Whose object store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// S3, of Amazon or of anybody who speaks it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorePlace {
    /// Whose.
    pub kind: StoreKind,
    /// The bucket, or Azure's container.
    pub bucket: String,
    /// `https://host[:port]`; `None`: what the environment or the profile says, else the cloud's own.
    pub endpoint: Option<String>,
    /// S3's region; `None`: what the environment or the profile says.
    pub region: Option<String>,
    /// Azure's account; `None`: what the environment says.
    pub account: Option<String>,
    /// Whether the bucket stands in the host's name and not in the path.
    pub virtual_host: bool,
}

/// One question. Keys are whole; bytes go beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "ask")]
pub enum StoreQuestion {
    /// What lies below a prefix, in the order of the keys.
    List {
        /// Without the `/` at its end.
        prefix: String,
        /// Only what comes after this key.
        after: Option<String>,
        /// Entries of one answer.
        most: u32,
    },
    /// An object's bytes.
    Get {
        /// Its key.
        key: String,
        /// More bytes are not read.
        most: u64,
    },
    /// Puts an object there.
    Put {
        /// Its key.
        key: String,
        /// Only where there is none.
        new: bool,
    },
    /// Has several writers put different objects under one new key at the same time.
    Race {
        /// The key.
        key: String,
        /// How many.
        writers: u8,
    },
    /// Removes an object.
    Remove {
        /// Its key.
        key: String,
    },
}

/// One object of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreEntry {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Changes when the object does.
    pub tag: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
pub enum StoreAnswer {
    /// It was put there, or removed.
    Done {
        /// The tag of what lies there now.
        tag: Option<String>,
    },
    /// The bytes beside this are the object.
    Bytes,
    /// A list.
    Listed {
        /// What lies there.
        entries: Vec<StoreEntry>,
        /// There is more after the last.
        more: bool,
    },
    /// So many writers were told that they had put their object there.
    Raced {
        /// How many.
        won: u8,
    },
    /// Nothing was put: there is one, or the store says so.
    Exists,
    /// There is none.
    Missing,
    /// The store does not know how to put something only where there is nothing.
    Unconditional,
    /// It could not be done.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// What helps.
        trouble: SyncTrouble,
        /// What went wrong.
        message: String,
        /// The next step.
        hint: String,
        /// Nothing else can be done with this store now.
        ends: bool,
    },
}
