//! The linters of others: run in a sandbox with the network kept from them, and what they found remembered. What each is called with
//! and means is `checks`' to say; here it is run, kept, and told.

mod actions;
mod book;
mod compiled;
mod import;
mod inputs;
mod live;
mod look;
mod plan;
mod record;
mod rules;
mod run;

pub(crate) use book::CheckBook;
pub(crate) use live::Live;
pub use look::Asked;
pub(crate) use look::recall;
