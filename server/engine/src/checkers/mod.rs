//! The linters of others: run in a sandbox with the network kept from them, and what they found remembered. What each is called with
//! and means is `checks`' to say; here it is run, kept, and told.

mod actions;
mod ask;
mod asked;
mod attest;
mod book;
mod compiled;
mod green;
mod import;
mod inputs;
mod live;
mod logs;
mod look;
mod page;
mod plan;
mod record;
mod rules;
mod run;
mod step_run;
mod steps;
mod sweep;
mod workflows;

pub use asked::{Asked, Listener};
pub use attest::AttestError;
pub(crate) use book::CheckBook;
pub(crate) use live::Live;
pub(crate) use logs::Logs;
pub(crate) use look::recall;
