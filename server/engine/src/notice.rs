//! What the engine tells on its own account. Whoever shows things listens; nothing waits for them.

use contract::DeliveryChange;
use std::path::PathBuf;

/// Something has changed; ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The status of a workspace.
    Status {
        /// Its root.
        root: PathBuf,
    },
    /// The settings that hold for a workspace.
    Settings {
        /// Its root.
        root: PathBuf,
    },
    /// Findings in files of a workspace, open or not.
    Findings {
        /// Its root.
        root: PathBuf,
        /// The files whose findings are different now; a file that has none any more is among them.
        files: Vec<PathBuf>,
    },
    /// The log of a step has grown, or has come to its end.
    Build {
        /// The workspace's root.
        root: PathBuf,
        /// The step's name.
        name: String,
    },
    /// What a lint is held against is different now: in any open document of a workspace something else may be found.
    Lints {
        /// Its root.
        root: PathBuf,
    },
    /// The notes of a workspace, or what is being written of them.
    Notes {
        /// Its root.
        root: PathBuf,
    },
    /// The reviews of a workspace.
    Reviews {
        /// Its root.
        root: PathBuf,
    },
    /// Events of a workspace have come further: into a segment, to a remote, to another device.
    Delivery(DeliveryChange),
    /// Somebody, here or in another process, wrote to the journal.
    Journal,
    /// Something that a user must know, once.
    Message {
        /// Plain words, with the next step.
        text: String,
        /// Whether something does not work because of it.
        serious: bool,
    },
}
