//! What a registry is asked to learn how it answers, and what was heard. No credential is ever in either.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the answer has to be, so that nobody else's page passes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expects {
    /// JSON, which begins with an object; several lines of it are one too.
    Object,
    /// A list of a package's files: JSON, or the page of links that Python's "simple" interface is.
    Listing,
    /// What a Maven repository says of an artifact: XML, a project's.
    Description,
}

/// One question: a `GET` of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// `http://` or `https://`, without user and password.
    pub url: String,
    /// For the header `Accept`.
    pub accept: String,
    /// What the answer has to be.
    pub expects: Expects,
    /// Text that the answer has to have somewhere.
    pub holds: Option<String>,
    /// Certificates to be believed in place of the system's, in PEM.
    pub certificates: Option<PathBuf>,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "heard")]
pub enum Heard {
    /// Somebody answered.
    #[serde(rename_all = "camelCase")]
    Answer {
        /// HTTP's status.
        status: u16,
        /// Whether it is what was expected; `false` for a status that is no success.
        fits: bool,
        /// Whether it has the text that was asked for; `None`: it was not looked for, or the answer is longer than is read.
        holds: Option<bool>,
        /// The host that it came from in the end, where that is another one.
        moved: Option<String>,
        /// Milliseconds until its header was there.
        millis: u64,
    },
    /// Nobody, or nothing that is HTTP.
    #[serde(rename_all = "camelCase")]
    Silence {
        /// In plain words.
        reason: String,
    },
    /// Somebody whose certificate is not believed.
    #[serde(rename_all = "camelCase")]
    Certificate {
        /// In plain words.
        reason: String,
    },
}
