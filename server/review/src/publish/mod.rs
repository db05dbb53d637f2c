//! What of a review can be put on a host, as that host takes it. Composes requests and reads answers; opens no connection.

mod diff;
pub mod github;

use contract::{LeftOut, PublishRequest, PublishedComment};
use ulid::Ulid;

/// What would be published, and what would not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The requests, in order; empty where there is nothing to publish.
    pub requests: Vec<PublishRequest>,
    /// What is published, in the order in which it is sent.
    pub comments: Vec<PublishedComment>,
    /// Each comment with the fingerprint of its text.
    pub sums: Vec<(Ulid, String)>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
    /// Whether a comment stands on the text before the change: its line counts from a base that both have to agree on.
    pub on_old: bool,
}

/// The fingerprint by which it is told whether a comment is still what was published.
#[must_use]
pub fn sum(body: &str) -> String {
    host::fingerprint(body.as_bytes())
}
