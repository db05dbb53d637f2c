//! The one reader of shell commands: whatever holds them, Dockerfile, workflow, recipe, script of a package or file.
//! It runs and expands nothing, takes any bytes, and gives up nesting below a fixed depth.

mod call;
mod command;
mod lex;

pub(crate) use call::{Call, call};
pub(crate) use command::{Command, Script, commands, exec};
pub(crate) use lex::{EXPANSION, Word};
