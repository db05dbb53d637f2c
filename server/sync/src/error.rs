//! Why a remote did not do what it was asked, classed by what helps. Words for people, with the next step.
//! It decides nothing about when something is tried again.

use std::fmt;

/// What helps against an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing but another attempt: the remote is not there, does not answer, or what is wanted has not arrived yet.
    Retry,
    /// Somebody has to give a right: the folder may not be read or written.
    Auth,
    /// Room has to be made.
    Quota,
    /// What lies there is damaged, is no segment, or is not what it says. It is not taken in, and everything else goes on.
    Integrity,
    /// Two different histories claim the same place of one log.
    Fork,
    /// The one who asked said stop.
    Stopped,
}

impl Class {
    /// The word that stands for it, for programs and for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Retry => "retry",
            Class::Auth => "auth",
            Class::Quota => "quota",
            Class::Integrity => "integrity",
            Class::Fork => "fork",
            Class::Stopped => "stopped",
        }
    }

    /// The class of a word; what a later version wrote is tried again.
    #[must_use]
    pub fn of_word(word: &str) -> Class {
        [Class::Auth, Class::Quota, Class::Integrity, Class::Fork, Class::Stopped]
            .into_iter()
            .find(|class| class.word() == word)
            .unwrap_or(Class::Retry)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A remote did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}\nhint: {hint}")]
pub struct RemoteError {
    /// What helps.
    pub class: Class,
    /// What went wrong, with the file that it went wrong with.
    pub message: String,
    /// The next step.
    pub hint: String,
    /// Nothing else can be done with this remote now: it is not there, for example.
    pub ends: bool,
}

impl RemoteError {
    /// An error that concerns one thing on the remote.
    #[must_use]
    pub fn of(class: Class, message: impl Into<String>, hint: impl Into<String>) -> RemoteError {
        RemoteError { class, message: message.into(), hint: hint.into(), ends: false }
    }

    /// An error after which nothing else is tried on this remote.
    #[must_use]
    pub fn of_all(class: Class, message: impl Into<String>, hint: impl Into<String>) -> RemoteError {
        RemoteError { ends: true, ..RemoteError::of(class, message, hint) }
    }
}
