//! What becomes of a review on a host: the requests that are made of it, what they carry, and what stays here. And what the program that
//! makes them is asked; the token is in that question alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// How far a publication is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PublicationState {
    /// Nothing was asked of the host; this is what would be.
    #[default]
    Planned,
    /// There is nothing that could be published.
    Nothing,
    /// The host has it.
    Published,
    /// The host had it already, from an earlier time whose answer was not heard.
    AlreadyThere,
}

/// One request, letter for letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Behind the address of the host's API.
    pub path: String,
    /// What is sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// What it is for, in words.
    pub about: String,
}

/// What becomes one comment on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedComment {
    /// The thread.
    pub thread: String,
    /// The comments that it is made of, oldest first.
    pub comments: Vec<String>,
    /// Where it will stand, in words.
    pub place: String,
    /// Its first words.
    pub title: String,
}

/// What is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The comment, or the verdict's operation.
    pub id: String,
    /// Where it stands, in words.
    pub place: String,
    /// Why it is not, and what can be done.
    pub why: String,
}

/// What `holdover review publish --json` gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    /// The review.
    pub review: String,
    /// The kind of host: `github`.
    pub to: String,
    /// What it is published to: `owner/name#12`.
    pub target: String,
    /// Address of the host's API.
    pub api: String,
    /// The commit that the comments are put on.
    pub head: String,
    /// How far it is.
    pub state: PublicationState,
    /// The requests, in order. Where the host answers a list in pages, the others are asked for in the same way.
    pub requests: Vec<PublishRequest>,
    /// What is published.
    pub comments: Vec<PublishedComment>,
    /// What is not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Where it can be read on the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// All of this in a sentence.
    pub text: String,
}

/// One request of a host, for the program that makes it. It goes to the program in a frame over its pipe and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostQuestion {
    /// `GET` or `POST`.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// For the header `Authorization`.
    pub token: String,
    /// JSON, where something is sent.
    pub body: Option<String>,
    /// Milliseconds until there is no answer.
    pub limit_ms: u64,
}

impl fmt::Debug for HostQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostQuestion").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

/// What was heard; the answer's body follows it in the same frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "heard")]
pub enum HostAnswer {
    /// Somebody answered.
    #[serde(rename_all = "camelCase")]
    Answer {
        /// HTTP's status.
        status: u16,
        /// Whether all of the body came, and was not too long.
        whole: bool,
    },
    /// Nobody, or nothing that is HTTP.
    #[serde(rename_all = "camelCase")]
    Silence {
        /// In plain words.
        reason: String,
        /// Whether the request cannot have arrived: no connection came about.
        unsent: bool,
    },
}
