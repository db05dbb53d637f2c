//! The use cases that the command line and the editors share: readiness, fetch, trust, offline, status, doctor.
//!
//! The engine puts features, journal and host together. It knows no editor and no terminal: it takes paths and texts,
//! and gives `contract` types. What takes longer than a few milliseconds runs on its own threads, and is told in
//! [`Notice`]s; what is asked is answered from memory.

mod arriving;
mod background;
mod caches;
mod checkers;
mod conflicts;
mod copy;
mod delivery;
mod devices;
mod doctor;
mod documents;
mod door;
mod driver;
mod error;
mod explain;
mod facade;
mod fetch;
mod fetch_job;
mod freshness;
mod functions;
mod git;
mod health;
mod history;
mod inner;
mod intact;
mod keys;
mod lenses;
mod lints;
mod lockfile;
mod log;
mod memory;
mod mirrors;
mod models;
mod notes;
mod notice;
mod origin;
mod pack;
mod pages;
mod pins;
mod preview;
mod project;
mod prove;
mod queued;
mod record;
mod record_preview;
mod records;
mod remotes;
mod report;
mod repositories;
mod resolutions;
mod retention;
mod retry;
mod reviews;
mod running;
mod sealer;
mod signing;
mod snapshot;
mod stages;
mod status;
mod suggest;
mod synced;
mod syncing;
mod touched;
mod trail;
mod turn;
mod undo;
mod unmerged;
mod vigil;
mod watch;
mod words;
mod worker;
mod workspace;

pub use checkers::{Asked as CheckAsked, AttestError, Listener};
pub use conflict::Choice as ConflictChoice;
pub use conflicts::{
    ConflictError, add_ancestors, add_suggestions, conflicted_files, file_conflicts, file_suggestions, files_conflicts,
    files_suggestions,
};
pub use devices::Invite;
pub use doctor::{Advice, Mark};
pub use documents::artifacts_named;
pub use driver::{Driven, DriverError, DriverFiles, driver_settings, set_driver};
pub use error::EngineError;
pub use explain::{About, ExplainAsk, ExplainError};
pub use facade::{Engine, EngineOptions};
pub use keys::{JournalKey, ssh_agent_keys};
pub use lenses::SAYS;
pub use lockfile::{is_lockfile, lockfile_tool};
pub use log::{LOG_LINES, read_log};
pub use models::{CONVERSATION, ModelError};
pub use notes::{DraftToSave, NewNote, NoText, NoteError, SHOWS_NOTE, Texts, Which};
pub use notice::Notice;
pub use origin::{conflict_hover, is_committed_text, trace, unmerged_files};
pub use pages::page;
pub use pins::{PinAsked, PinError};
pub use preview::{ConflictLook, add_lockfile};
pub use queued::queue_words;
pub use records::RecordError;
pub use remotes::RemoteRefused;
pub use report::{
    Cell, Report, Section, Tone, delivery, note_text, note_to_edit, publication_text, review_text, summary, thread_text,
};
pub use resolutions::{Resolve, add_remembered};
/// A review as a SARIF log.
pub use review::sarif as review_sarif;
pub use reviews::{Answer, NewThread, On, PublishAsk, PublishError, ReviewError};
pub use snapshot::SnapshotError;
pub use stages::Ancestors;
pub use suggest::{Suggester, Suggestions};
pub use touched::{conflicts_by_repository, resolved_by_repository};
/// What a draft is called; given by whoever begins it.
pub use ulid::Ulid as DraftId;
pub use undo::{FileUndo, UndoError, Undoable, Undone};
pub use words::{held_up, lockfile as lockfile_words, merge as merge_words, policy_words};
