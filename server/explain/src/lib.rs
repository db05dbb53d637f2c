//! Explanations: facts first, then what a model says of them, within guardrails.
//!
//! It takes texts and places and gives types of `contract`. It reads no file and knows no editor, no journal and no terminal; what needs
//! those is a use case in `engine`. Its back ends are in programs of their own, which it speaks to through `host`.

pub mod about;
pub mod backend;
mod commands;
mod doubts;
pub mod endpoint;
mod facts;
mod filter;
mod markdown;
mod prompt;
mod secrets;
pub mod service;
pub mod tasks;

pub use commands::classed;
pub use doubts::doubts;
pub use facts::{Commit, Found, facts, history};
pub use filter::{Filtered, MOST as MOST_ANSWER, filter};
pub use markdown::markdown;
pub use prompt::{Limits, input_hash, prompt, version};
pub use secrets::{Masker, mask};
