//! Projections: tables that are worked out from events and can be thrown away and worked out again, byte for byte.
//! A projection writes into its own tables alone, knows one event at a time, and never stands in the way of an append.

mod catch_up;
mod find;
mod forget;
mod notes;
mod paths;
mod question;
mod replay;
mod reviews;
mod search;
mod seen;
mod text;
mod trail;
mod words;

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on has failed"
)]
mod tests;

pub use catch_up::Behind;
pub(crate) use catch_up::{BATCH, step};
pub use find::Search;
pub(crate) use forget::forget;
pub(crate) use notes::VERSION as NOTES;
pub(crate) use paths::{paths, tidy};
pub use replay::Replayed;
pub(crate) use reviews::VERSION as REVIEWS;
pub(crate) use seen::VERSION as SEEN;
pub(crate) use trail::{VERSION as TRAIL, kind as actor_kind};

use crate::header::Header;
use contract::Lane;
use rusqlite::Connection;
use serde_json::Value;

/// One event, as projections see it.
pub(crate) struct Event<'e> {
    /// Its row.
    pub pos: i64,
    pub header: Header,
    pub lane: Lane,
    /// Of its log; zeros where nothing is shared as a project.
    pub project: [u8; 16],
    /// What it carries; `None` where it was redacted, or is no JSON.
    pub payload: Option<&'e Value>,
}

/// A table of a projection.
pub(crate) struct Table {
    pub name: &'static str,
    /// Makes it.
    pub ddl: &'static str,
    /// Reads all of it in an order that only depends on what is in it.
    pub listing: &'static str,
}

/// A projection. What it stores is a function of the events alone, whatever the order in which they arrived and in how many
/// steps they were applied.
pub(crate) trait View: Sync {
    fn name(&self) -> &'static str;

    /// Grows with every change of what it stores; a database that has an older one is worked out again.
    fn version(&self) -> u32;

    fn tables(&self) -> &'static [Table];

    /// Adds what follows from an event. Called once an event, in the order of their places. What it does not know it passes over.
    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()>;

    /// Takes away what followed from the payload of an event that was applied, and leaves what would have followed without it.
    fn forget(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()>;
}

/// Every projection there is.
pub(crate) const VIEWS: &[&dyn View] =
    &[&trail::Trail, &search::Search, &seen::Seen, &notes::Places, &reviews::Reviewed];
