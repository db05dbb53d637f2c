//! Programs that are read for what they fetch: build scripts, tests, and builds that are written as programs.
//! Read as tokens, so that a comment or a text that is only a text is no call; nothing is parsed further.

mod build_script;
mod gradle;
pub(crate) mod lex;
mod tests;

pub(crate) use build_script::read as build_script;
pub(crate) use gradle::read as gradle;
pub(crate) use tests::read as test;
