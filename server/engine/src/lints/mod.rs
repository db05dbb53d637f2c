//! The built-in lints of a workspace: its files read and kept as they were found, joined with what is on this machine.
//! What a line means is `checks`' to say; here it is only kept, joined and told.

mod actions;
mod allowed;
mod facts;
mod look;
mod walk;

pub(crate) use look::LintBook;
