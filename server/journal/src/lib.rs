//! The record that everything else trusts: chained events, jobs, leases, workspaces and remembered results, in one
//! encrypted file that every Holdover process of a user shares.
//!
//! It knows no editor, no terminal and no network; it does not print. The files are described in `docs/architecture.md`.
//! A change that another process committed is seen by the next read; [`Journal::watch`] says when to look.

mod admit;
mod backoff;
mod bundle;
mod chain;
mod chance;
mod connect;
mod delivery;
mod device;
mod device_error;
mod draft;
mod drive;
mod dsse;
mod epoch;
mod erase;
mod error;
mod export;
mod folder;
mod founding;
mod header;
mod hold;
mod import;
mod invite;
mod job;
mod journal;
mod json;
mod key;
mod lease;
mod left;
mod member;
mod merge;
mod note;
mod note_draft;
mod note_settled;
mod notes_in;
mod op;
mod patience;
mod process;
mod put_in;
mod quarantine;
mod read;
mod rebuild;
mod record;
mod redact;
mod remembered;
mod remote;
mod remote_kept;
mod reserve;
mod retain;
mod retained;
mod review;
mod reviews_in;
mod root_set;
mod root_verdict;
mod roots;
mod rows;
mod seal;
mod sealing;
mod segment;
mod short;
mod sign;
#[cfg(feature = "simulated")]
pub mod simulated;
mod sound;
mod standing;
mod statement;
mod step;
mod store;
mod story;
mod text3;
mod thing;
mod time;
mod tx;
mod verify;
mod view;
mod wal;
mod watch;
mod witness;
mod workspace;
mod writer;

#[cfg(feature = "simulated")]
#[doc(hidden)]
pub use simulated::planted;
/// Whether that defect is planted, as simulations do to see that they find it: never, in a build without them.
#[cfg(not(feature = "simulated"))]
#[doc(hidden)]
#[inline]
#[must_use]
pub const fn planted(_defect: &'static str) -> bool {
    false
}

pub use admit::AdmitError;
pub use backoff::Backoff;
pub use bundle::{BUNDLE, MAX_BUNDLE};
pub use device::{MAX_DEVICE_NAME, OwnDevice, Terms};
pub use device_error::DeviceError;
pub use draft::{Draft, MAX_PAYLOAD, MAX_REF, MAX_REFS, holdover};
pub use dsse::EnvelopeError;
pub use erase::{Erasure, HeldUp};
pub use error::{BadEvent, JournalError, OpenError, VerifyError};
pub use export::{
    Broken, CheckError, CheckFileError, Checked, ExportError, Exported, Gap, Place as ExportPlace, Request, check,
    check_file, envelope_of,
};
pub use header::{Header, HeaderError, Seen};
pub use import::{ImportError, Imported, MAX_BY_HAND, MAX_JUMP, Reason};
pub use invite::{INVITATION, InvitationError};
pub use job::{NewJob, Step};
pub use journal::Journal;
pub use key::{
    Ask, HeldKey, HolderError, KeyHolder, KeyStanding, Keyring, Keys, Place, RekeyError, Rekeyed, SHORTEST_PASSPHRASE,
    Secret, SshAgent, UnlockError, Unlocked, key_standing, lock, rekey, unlock,
};
pub use lease::{Held, Lease, LeaseError, Tool};
pub use note::{MAX_NOTE, NOTE_KINDS, Notes, QUOTED, is_inside, note_added, note_edited, note_moved, note_retracted};
pub use note_draft::{Became, DraftAbout, DraftSaved, KeptDraft, MAX_NOTE_DRAFTS, draft_turn};
pub use note_settled::{Settled, note_restored};
pub use notes_in::NoteScope;
pub use op::{MAX_FIELD, MAX_OPS, MAX_PRED, MAX_WORD, Op, OpError, OpId, OpKind, ops_of, ops_value};
pub use quarantine::Quarantined;
pub use read::Filter;
pub use rebuild::Rebuilt;
pub use redact::{REDACTED, RETAINED, Redactable};
pub use remembered::REMEMBERED_BYTES;
pub use remote::{Carried, ItemState, KnownRemote, LaneStanding, RemoteEnd, RemoteItem, RemoteNote};
pub use reserve::Reserve;
pub use retain::{Outdated, Retained, Retention, Rules};
pub use review::{
    PublishedRecord, REVIEW_KINDS, ReviewRange, ReviewRecord, Reviews, ThreadRecord, ThreadState, VerdictRecord,
    decided, is_commit, replied, review_published, review_started, thread_begun, thread_placed, thread_state,
};
pub use seal::Sealed;
pub use sealing::{SEALING, SealPolicy, Unsealed};
pub use segment::{MAX_PLAIN, MAX_SEGMENT, Origin, Record, Segment, SegmentError, Spot};
pub use sound::{BadBytes, check_files};
pub use standing::DeviceStanding;
pub use statement::{Stated, Subject, stated};
pub use step::JobStep;
pub use store::NO_PROJECT;
pub use thing::{NoteCame, NoteRecord};
pub use time::{now_ms, rfc3339 as moment};
pub use tx::Tx;
pub use verify::{Verified, Verifying};
pub use view::{Behind, Replayed, Search};
pub use watch::{Change, Watch};
pub use workspace::Claim;
