//! Makefiles: recipes, with the variables that are given one plain value put in.
//! Functions of make other than `shell` are not worked out.

use super::{Found, lines};
use crate::draft::Place;
use crate::piece::Piece;
use crate::shell::commands;
use crate::tools;
use std::collections::HashMap;
use std::ops::Range;

/// Of how many variables the values are put in.
const MOST_VARIABLES: usize = 100;

pub(crate) fn read(text: &str, found: &mut Found) {
    let mut variables: HashMap<String, String> = HashMap::new();
    let mut recipes: Vec<Vec<Range<usize>>> = Vec::new();
    let mut current: Vec<Range<usize>> = Vec::new();
    let mut in_rule = false;
    let mut defining = false;
    let mut continues = false;
    let mut dead = 0usize;
    for line in lines(text) {
        let shown = &text[line.clone()];
        let open = shown.ends_with('\\');
        if continues {
            continues = open;
            if in_rule && !current.is_empty() {
                current.push(line);
            }
            if !open {
                recipes.extend((!current.is_empty()).then(|| std::mem::take(&mut current)));
            }
            continue;
        }
        continues = open;
        let trimmed = shown.trim();
        if defining {
            defining = trimmed != "endef";
            continue;
        }
        if in_rule && shown.starts_with('\t') {
            if dead == 0 {
                let body = shown.trim_start_matches(['\t', ' ']);
                let skipped = body.trim_start_matches(['@', '-', '+', ' ']).len();
                current.push(line.end - skipped..line.end);
                if !open {
                    recipes.push(std::mem::take(&mut current));
                }
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let first = trimmed.split_whitespace().next().unwrap_or_default();
        match first {
            "define" => defining = true,
            // `ifeq (0,1)` is never so.
            "ifeq" if trimmed.replace(' ', "") == "ifeq(0,1)" || dead > 0 => dead += 1,
            "ifdef" | "ifndef" | "ifneq" | "ifeq" if dead > 0 => dead += 1,
            "endif" => dead = dead.saturating_sub(1),
            "else" if dead == 1 => dead = 0,
            "ifdef" | "ifndef" | "ifneq" | "ifeq" | "else" | "include" | "-include" | "export" | "unexport"
            | "vpath" => {}
            _ => {
                if let Some((name, value)) = assigned(trimmed) {
                    if !open && !value.contains(['$', '#']) {
                        variables.insert(name.to_owned(), value.to_owned());
                    }
                    in_rule = in_rule && shown.starts_with([' ', '\t']);
                } else {
                    in_rule = trimmed.contains(':');
                    if let Some(at) = shown.find(';').filter(|_| in_rule && !open && dead == 0) {
                        recipes.push(std::iter::once(line.start + at + 1..line.end).collect());
                    }
                }
            }
        }
    }
    recipes.extend((!current.is_empty()).then_some(current));
    // Each recipe is handed all of them.
    let variables: HashMap<_, _> =
        variables.into_iter().filter(|(_, value)| value.len() <= 80).take(MOST_VARIABLES).collect();
    for recipe in recipes {
        if let (Some(first), Some(last)) = (recipe.first(), recipe.last()) {
            found.wholes.push(first.start..last.end);
        }
        let script = commands(as_shell(text, &recipe), variables.clone());
        tools::look(&script, Place::Host, &mut found.drafts);
    }
}

/// `NAME = value` in any of make's ways.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let at = line.find('=')?;
    let name = line[..at].trim_end_matches([':', '?', '+', '!']).trim();
    let plain =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.');
    plain.then(|| (name, line[at + 1..].trim()))
}

/// A recipe as the shell is given it: `$(NAME)` is a variable, `$$` a dollar sign.
fn as_shell(text: &str, recipe: &[Range<usize>]) -> Piece {
    let mut piece = Piece::default();
    for line in recipe {
        let bytes = text.as_bytes();
        let mut at = line.start;
        let mut plain = at;
        while at < line.end {
            if bytes[at] != b'$' {
                at += 1;
                continue;
            }
            match bytes.get(at + 1).filter(|_| at + 1 < line.end) {
                Some(b'$') => {
                    piece.push(text, plain..at + 1);
                    at += 2;
                    plain = at;
                }
                Some(open @ (b'(' | b'{')) => {
                    let (open, close) = if *open == b'(' { (b'(', b')') } else { (b'{', b'}') };
                    piece.push(text, plain..at);
                    let end = closing(bytes, at + 2, line.end, open, close);
                    let inner = text.get(at + 2..end).unwrap_or_default();
                    if let Some(command) = inner.strip_prefix("shell ") {
                        piece.push_as("$(", at..at + 1);
                        let start = end - command.len();
                        piece.push(text, start..end);
                        piece.push_as(")", end.min(line.end)..(end + 1).min(line.end));
                    } else {
                        let name: String =
                            inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                        let whole = name.len() == inner.len() && !name.is_empty();
                        let name = if whole { format!("${{{name}}}") } else { "${_}".to_owned() };
                        piece.push_as(&name, at..(end + 1).min(line.end));
                    }
                    at = (end + 1).min(line.end);
                    plain = at;
                }
                _ => {
                    piece.push(text, plain..at);
                    piece.push_as("${_}", at..at + 1);
                    at = (at + 2).min(line.end);
                    while at < line.end && !text.is_char_boundary(at) {
                        at += 1;
                    }
                    plain = at;
                }
            }
        }
        piece.push(text, plain..line.end);
        piece.push_as("\n", line.end..line.end);
    }
    piece
}

fn closing(bytes: &[u8], mut at: usize, end: usize, open: u8, close: u8) -> usize {
    let mut depth = 1;
    while at < end {
        if bytes[at] == open {
            depth += 1;
        } else if bytes[at] == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
        at += 1;
    }
    end
}
