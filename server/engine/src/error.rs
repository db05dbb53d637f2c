//! Why a use case could not be carried out. Each message names the thing and the next step.

use std::path::PathBuf;

/// A use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The workspace is not trusted, and the work would run what it names.
    #[error(
        "{}, so nothing that it configures is run: {}\nhint: read its `.cargo`, `.npmrc` and `holdover.toml`, then `holdover trust {}`",
        if *changed { "this workspace was trusted, and its `holdover.toml` has changed since" } else { "this workspace is not trusted" },
        root.display(),
        root.display()
    )]
    Untrusted {
        /// Its root.
        root: PathBuf,
        /// It was trusted, and `holdover.toml` has changed since.
        changed: bool,
    },
    /// No connection may be used.
    #[error(transparent)]
    Offline(#[from] host::Refused),
    /// Registries could not be asked.
    #[error(transparent)]
    Ask(#[from] host::AskError),
    /// Somebody else is at it.
    #[error("another Holdover process is at it already: {by}\nhint: wait until it is done, or stop it")]
    Busy {
        /// Who.
        by: String,
    },
    /// The journal is needed and is not there.
    #[error("the journal cannot be used: {reason}")]
    Journal {
        /// Why.
        reason: String,
    },
    /// The workspace was not opened.
    #[error("this folder was not opened: {}", root.display())]
    NotOpen {
        /// The folder.
        root: PathBuf,
    },
    /// The user wants no lockfile looked at.
    #[error(
        "lockfiles are not looked at here: `inventory.enable` is false\nhint: set it to true in `holdover.toml` or the user's settings"
    )]
    Disabled,
    /// A snapshot could not be made, or is not believed.
    #[error(transparent)]
    Snapshot(#[from] crate::SnapshotError),
    /// A statement of checks.
    #[error(transparent)]
    Attest(#[from] crate::AttestError),
    /// A note could not be written or found.
    #[error(transparent)]
    Note(#[from] crate::NoteError),
    /// A review could not be begun, found or written to.
    #[error(transparent)]
    Review(#[from] crate::ReviewError),
    /// A review was not published.
    #[error(transparent)]
    Publish(#[from] crate::PublishError),
    /// A resolution of a conflict could not be undone.
    #[error(transparent)]
    Undo(#[from] crate::UndoError),
    /// A record's conflict could not be resolved.
    #[error(transparent)]
    Record(#[from] crate::RecordError),
    /// What was to be pinned is not there.
    #[error(transparent)]
    Pin(#[from] crate::PinError),
    /// Something could not be explained.
    #[error(transparent)]
    Explain(#[from] crate::ExplainError),
    /// A remote was named wrongly, or did not do what it was asked.
    #[error(transparent)]
    Remote(#[from] crate::RemoteRefused),
    /// A model could not be added, found or removed.
    #[error(transparent)]
    Model(#[from] crate::ModelError),
    /// Something about devices could not be done.
    #[error(transparent)]
    Device(#[from] journal::DeviceError),
    /// What is kept apart could not be let in or thrown away.
    #[error(transparent)]
    Admit(#[from] journal::AdmitError),
    /// What came from another device was refused.
    #[error(transparent)]
    Import(#[from] journal::ImportError),
    /// What is old cannot be told by a date that may be wrong.
    #[error(
        "nothing was deleted: {payloads} payloads would go if today is {today}, and that date has not stood for a day yet\nhint: look at the clock; `--yes` says that the date is right"
    )]
    Date {
        /// Year, month and day.
        today: String,
        /// How many would go.
        payloads: u64,
    },
    /// Somebody asked to stop.
    #[error("stopped, as was asked; what had arrived by then is kept")]
    Cancelled,
    /// The machine's folders or the trust list.
    #[error("{0}")]
    Host(String),
}

impl EngineError {
    /// One word for programs, which must not depend on the message's words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            EngineError::Untrusted { .. } => "untrusted",
            EngineError::Offline(_) => "offline",
            EngineError::Ask(_) => "ask",
            EngineError::Busy { .. } => "busy",
            EngineError::Journal { .. } => "journal",
            EngineError::NotOpen { .. } => "not-open",
            EngineError::Disabled => "disabled",
            EngineError::Snapshot(_) => "snapshot",
            EngineError::Attest(_) => "statement",
            EngineError::Note(error) => error.kind(),
            EngineError::Review(error) => error.kind(),
            EngineError::Publish(error) => error.kind(),
            EngineError::Undo(_) => "undo",
            EngineError::Record(_) => "record",
            EngineError::Pin(_) => "pin",
            EngineError::Explain(error) => error.kind(),
            EngineError::Remote(refused) => refused.kind(),
            EngineError::Model(_) => "model",
            EngineError::Device(_) | EngineError::Admit(_) => "device",
            EngineError::Import(_) => "import",
            EngineError::Date { .. } => "date",
            EngineError::Cancelled => "cancelled",
            EngineError::Host(_) => "host",
        }
    }
}

impl From<journal::JournalError> for EngineError {
    fn from(error: journal::JournalError) -> Self {
        EngineError::Journal { reason: error.to_string() }
    }
}

impl From<host::FoldersError> for EngineError {
    fn from(error: host::FoldersError) -> Self {
        EngineError::Host(error.to_string())
    }
}

impl From<host::TrustError> for EngineError {
    fn from(error: host::TrustError) -> Self {
        EngineError::Host(error.to_string())
    }
}
