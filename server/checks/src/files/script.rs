//! Shell scripts as files of their own.

use super::Found;
use crate::draft::Place;
use crate::kind::Kind;
use crate::piece::Piece;
use crate::shell::commands;
use crate::tools;
use std::collections::HashMap;

pub(crate) fn read(kind: Kind, text: &str, found: &mut Found) {
    let first = text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("#!").map(|line| {
        let program = line.split_whitespace().find(|part| !part.ends_with("/env") && !part.starts_with('-'));
        program
            .and_then(|program| program.rsplit('/').next())
            .is_some_and(|name| matches!(name, "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash"))
    });
    // Without a first line that says so, only its name makes it a script.
    if !says.unwrap_or(kind == Kind::Shell) {
        return;
    }
    tools::look(&commands(Piece::of(text, 0..text.len()), HashMap::new()), Place::Host, &mut found.drafts);
}
