//! The record that everything else trusts: chained events, jobs, leases, workspaces and remembered results, in one
//! encrypted file that every Holdover process of a user shares.
//!
//! It knows no editor, no terminal and no network; it does not print. The files are described in `docs/architecture.md`.
//! A change that another process committed is seen by the next read; [`Journal::watch`] says when to look.

mod chain;
mod draft;
mod error;
mod folder;
mod header;
mod job;
mod journal;
mod json;
mod lease;
mod process;
mod read;
mod remembered;
mod short;
mod store;
mod time;
mod tx;
mod verify;
mod watch;
mod workspace;
mod writer;

pub use draft::{Draft, MAX_PAYLOAD, holdover};
pub use error::{BadEvent, JournalError, OpenError, VerifyError};
pub use header::{Header, HeaderError, Seen};
pub use job::Step;
pub use journal::Journal;
pub use lease::{Held, Lease, LeaseError, Tool};
pub use read::Filter;
pub use remembered::REMEMBERED_BYTES;
pub use tx::Tx;
pub use verify::Verified;
pub use watch::{Change, Watch};
