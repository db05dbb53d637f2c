//! What can go wrong, as types; every message says what happened, where, and what to do next.
//! Nothing here decides: who meets an error chooses whether to go on without the journal.

use contract::JobState;
use std::path::PathBuf;

/// Why a journal could not be opened. Whichever it is, the files are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is something else.
    #[error("{} is not a journal: {detail}\nhint: move it away together with journal.json, and a new journal is made at the next start", file.display())]
    NotADatabase {
        /// The database.
        file: PathBuf,
        /// What it is instead.
        detail: String,
    },
    /// The key is the right one, and the file cannot be read with it all the same.
    #[error("{} is damaged: {detail}\nhint: restore it from a backup, or move the files journal.* away to begin a new journal; look at the disk", file.display())]
    Damaged {
        /// The database.
        file: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The file is encrypted, and not with the key that lies beside it.
    #[error("{} was not encrypted with the key in {}\nhint: put back the key file that belongs to it, or move the files journal.* away to begin a new journal", file.display(), key.display())]
    WrongKey {
        /// The database.
        file: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The database is there and its key is not.
    #[error("the key of {} is missing: {} does not exist\nhint: Holdover keeps no copy of a key: put the file back from a backup of yours, or move the files journal.* away to begin a new journal", file.display(), key.display())]
    KeyMissing {
        /// The database.
        file: PathBuf,
        /// Where the key was looked for.
        key: PathBuf,
    },
    /// The key file is not a key.
    #[error("{} holds no key: {detail}\nhint: Holdover keeps no copy of a key: put the file back from a backup of yours; without one the journal beside it cannot be read, and moving the files journal.* away begins a new one", key.display())]
    BadKey {
        /// The key file.
        key: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The key is kept where it cannot be had just now. The files are whole; it can be tried again.
    #[error("the journal {} is locked: {why}\nhint: {next}", file.display())]
    Locked {
        /// The database.
        file: PathBuf,
        /// How the key is kept: `keyring` for example.
        kind: String,
        /// Why it cannot be had.
        why: String,
        /// The next step.
        next: String,
    },
    /// What keeps the key answered, and does not have it.
    #[error("the key of {} is missing: {place}\nhint: Holdover keeps no copy of a key: log in as the user, and on the machine, where it was put there, or put a copy of the key file back as journal.key; else move the files journal.* away to begin a new journal", file.display())]
    KeyGone {
        /// The database.
        file: PathBuf,
        /// What was looked in, and for what.
        place: String,
    },
    /// The key is sealed with another passphrase.
    #[error("this is not the passphrase of the journal {}\nhint: try again; nobody can recover it", file.display())]
    WrongPassphrase {
        /// The database.
        file: PathBuf,
    },
    /// Another process is replacing the database by one that is encrypted anew.
    #[error("the journal {} is being encrypted with a new key by another process\nhint: wait until it is done", file.display())]
    Rekeying {
        /// The database.
        file: PathBuf,
    },
    /// The description names a database that is gone.
    #[error("{} describes a journal whose database is gone: {} does not exist\nhint: restore the database from a backup, or remove {} to begin a new journal", description.display(), file.display(), description.display())]
    DatabaseMissing {
        /// The database.
        file: PathBuf,
        /// `journal.json`.
        description: PathBuf,
    },
    /// The description cannot be read, or does not fit the database.
    #[error("{} does not describe this journal: {detail}\nhint: restore it from a backup; where the key lies in journal.key, remove it and it is written again from the database", file.display())]
    BadDescription {
        /// `journal.json`.
        file: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A later version of Holdover has written it.
    #[error("{} has format {found}, and this version knows formats up to {known}\nhint: install the newer Holdover that wrote it; nothing was changed", file.display())]
    Newer {
        /// The file that says so.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// The user may not.
    #[error("no permission to {what} {}\nhint: {hint}", file.display())]
    Permission {
        /// The file or folder.
        file: PathBuf,
        /// `read` for example.
        what: &'static str,
        /// The next step.
        hint: String,
    },
    /// Somebody else held it for too long.
    #[error("{} was held by another process for {seconds} s\nhint: look for a Holdover process that is stopped or hangs, and end it", file.display())]
    Busy {
        /// The database.
        file: PathBuf,
        /// How long it was tried.
        seconds: u64,
    },
    /// The SQLite that was linked has the WAL-reset defect.
    #[error(
        "this build has SQLite {found}, and versions before {needed} can damage a journal that several processes share\nhint: build with the bundled SQLite"
    )]
    OldSqlite {
        /// Version linked.
        found: String,
        /// First version that will do.
        needed: &'static str,
    },
    /// Anything else that the system or the database said.
    #[error("could not {what} {}: {detail}\nhint: check the disk and the folder, then try again", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// `open` for example.
        what: &'static str,
        /// What the system said.
        detail: String,
    },
}

impl OpenError {
    /// Whether the files are whole and only the key is not to be had just now, so that waiting can help.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, OpenError::Locked { .. } | OpenError::KeyGone { .. } | OpenError::Rekeying { .. })
    }
}

/// Why something could not be written to or read from an open journal.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// One payload is larger than an event may carry.
    #[error(
        "the payload of `{kind}` has {bytes} bytes, and an event carries at most {limit}\nhint: store the bulk as a file and name it in the event"
    )]
    TooLarge {
        /// Kind of the event.
        kind: String,
        /// Its size as JSON.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A kind or an actor's name is not one.
    #[error("the event cannot be written: {detail}\nhint: this is a defect of the caller; please report it")]
    InvalidDraft {
        /// What is wrong.
        detail: String,
    },
    /// There are as many unsaved notes as are kept.
    #[error(
        "{limit} notes are being written already, and no more are kept\nhint: save or discard some: `holdover note list` names them"
    )]
    TooManyDrafts {
        /// What is allowed.
        limit: usize,
    },
    /// More is waiting to be written than may wait.
    #[error("{events} events already wait to be written to {}\nhint: look for a Holdover process that is stopped or hangs, and end it", file.display())]
    QueueFull {
        /// The database.
        file: PathBuf,
        /// How many wait.
        events: usize,
    },
    /// The writer has ended.
    #[error("the journal {} is closed\nhint: open it again", file.display())]
    Closed {
        /// The database.
        file: PathBuf,
    },
    /// Another process held the file for too long.
    #[error("another process has held {} for {seconds} s, and nothing was written\nhint: look for a Holdover process that is stopped or hangs, and end it", file.display())]
    Busy {
        /// The database.
        file: PathBuf,
        /// How long it was tried.
        seconds: u64,
    },
    /// No space.
    #[error("no space left to write {}\nhint: free some space and try again; nothing that was acknowledged is lost", file.display())]
    DiskFull {
        /// The database.
        file: PathBuf,
    },
    /// A later version of Holdover has written the journal: it is read and not written.
    #[error("{} has format {found}, and this version writes format {known}: it can be read, and nothing is recorded\nhint: install the newer Holdover that wrote it", file.display())]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// The disk is full but for what is kept for decisions.
    #[error("the disk of {} is nearly full, and what is left is kept for what you decide: this was not recorded\nhint: free {wanted} MiB on that disk; recording then goes on by itself, and nothing that was acknowledged is lost", file.display())]
    NoRoom {
        /// The database.
        file: PathBuf,
        /// MiB that must be free before observations are recorded again.
        wanted: u64,
    },
    /// The holder of a lease lost it: it expired, or was taken over.
    #[error(
        "the lease `{what}` was lost, and nothing was stored\nhint: begin again; another process may be doing the same work"
    )]
    LeaseLost {
        /// What the lease is for.
        what: String,
    },
    /// No such job.
    #[error("there is no job {id}\nhint: list the jobs to see which there are")]
    NoSuchJob {
        /// ULID.
        id: String,
    },
    /// No such event.
    #[error(
        "there is no event {id}\nhint: `holdover journal log` lists the events with their ids with `--json` or `-v`"
    )]
    NoSuchEvent {
        /// ULID.
        id: String,
    },
    /// An event whose payload stays, because it says who may write.
    #[error(
        "event {id} is `{kind}`, which says who may write, and is kept\nhint: revoke the device instead: `holdover device revoke`"
    )]
    Kept {
        /// ULID.
        id: String,
        /// Its kind.
        kind: String,
    },
    /// The state machine does not allow it.
    #[error("job {id} is {from:?} and cannot become {to:?}\nhint: a finished job is not begun again; make a new one")]
    NotAllowed {
        /// ULID.
        id: String,
        /// Its state.
        from: JobState,
        /// What was asked for.
        to: JobState,
    },
    /// What was asked of a search is no question.
    #[error("`{text}` cannot be looked for: {detail}\nhint: a search takes words, beginnings of words and paths")]
    BadQuestion {
        /// What was asked, or its beginning.
        text: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A part of a job is said to be done, and nobody is at it.
    #[error("job {id} is {state}, so its step `{step}` cannot be done\nhint: begin an attempt first")]
    NotRunning {
        /// ULID.
        id: String,
        /// Name of the part.
        step: String,
        /// The job's state.
        state: String,
    },
    /// The file holds something that no version has written.
    #[error("{} is damaged: {detail}\nhint: verify the journal to see where, and restore it from a backup", file.display())]
    Damaged {
        /// The database.
        file: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Anything else that the database said.
    #[error("could not {what} {}: {detail}\nhint: check the disk, then try again", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// `write` for example.
        what: &'static str,
        /// What SQLite said.
        detail: String,
    },
}

/// The first place where the record does not agree with itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {seq} of log {log} is bad: {reason}\nhint: restore the journal from a backup that was made before; `pos` {pos} is the row"
)]
pub struct BadEvent {
    /// Hex of the log's id.
    pub log: String,
    /// Its place in the chain.
    pub seq: u64,
    /// Its row.
    pub pos: u64,
    /// What does not agree.
    pub reason: String,
}

/// Why a verification did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something does not agree.
    #[error(transparent)]
    Bad(#[from] BadEvent),
    /// Bytes of a file are not what was written.
    #[error(transparent)]
    Bytes(#[from] crate::sound::BadBytes),
    /// The file could not be read to the end.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It was stopped.
    #[error("stopped, as was asked; what was looked at until then agrees")]
    Cancelled,
}
