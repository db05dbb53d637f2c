//! Explanations: facts first, then what a model says of them, within guardrails.
//!
//! It takes texts and places and returns types of `contract`. It reads no file, runs nothing, knows no editor, no journal and no terminal;
//! what needs those is a use case in `engine`.

pub mod backend;
