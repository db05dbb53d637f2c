//! Sealed segments between devices, over storage that somebody already has: what lies there is taken in, what is here is put there.
//!
//! It knows no editor and no terminal and prints nothing. What a segment proves, and what counts, is the journal's to say;
//! nothing here changes an event, and nothing on a remote is believed for its name.

mod address;
mod call;
mod error;
mod exchange;
mod folder;
mod format;
mod git;
mod give;
mod key;
mod name;
mod outcome;
mod patient;
mod remote;
mod sealed;
mod store;
mod take;

pub use address::{Address, AddressError, GitPlace, GitWay};
pub use call::Call;
pub use error::{Class, RemoteError};
pub use exchange::{Exchange, RECEIVED};
pub use folder::Folder;
pub use git::Git;
pub use key::{KeyError, MAX_KEY_FILE, TeamKey};
pub use name::{SegmentName, Stray};
pub use outcome::{Missing, Outcome, Problem};
pub use patient::Patient;
pub use remote::{Exclusion, Head, Identity, Listing, Probe, Put, Remote};
pub use sealed::{Sealed, in_the_clear};
pub use store::{STORE_PROGRAM, Store, StoreAddress};
