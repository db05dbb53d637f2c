//! Checks: what in a project reaches for a network while it is built and tested, told from its files alone; and what the linters of
//! others are called with and mean ([`checker`]).
//!
//! It reads texts and nothing else: no file, no process, no connection. Whether the thing that a line needs is on this
//! machine is asked of [`Facts`], which `engine` answers from the inventory. It knows no editor and no terminal.

#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::unnested_or_patterns,
    reason = "endings are written small by the tools that read them; pairs of a program and its commands are read one a line"
)]

mod allow;
pub mod checker;
pub mod ci;
mod code;
mod draft;
mod files;
mod judge;
mod kind;
pub mod log;
mod piece;
mod shell;
mod tools;
mod words;

pub use allow::Allowance;
pub use draft::{Draft, Fix, Place, Thing};
pub use judge::{Facts, Here, Linted, fingerprint, judge};
pub use kind::{Kind, kind};

use std::path::Path;

/// A file larger than this is not read, in bytes: what people write themselves is smaller.
pub const LARGEST: usize = 512 << 10;
/// Findings of one file; more than that is something else than a file that a person wrote.
const MOST: usize = 500;

/// What was found in a text, before anybody asked what is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drafts {
    /// In order of place.
    pub drafts: Vec<Draft>,
    /// Those that were allowed in the file itself.
    pub allowed: Vec<Draft>,
    /// The allowances, and whether each allowed something.
    pub allowances: Vec<(Allowance, bool)>,
}

/// Reads the text of the file at `path`, whose place and name say what it is read as. Takes time linear in its length;
/// a text above [`LARGEST`] is not read.
#[must_use]
pub fn lint(path: &Path, text: &str) -> Drafts {
    let Some(kind) = kind(path).filter(|_| text.len() <= LARGEST) else { return Drafts::default() };
    let found = files::read(kind, path, text);
    let mut drafts = found.drafts;
    drafts.sort_by(|a, b| (a.span.start, a.span.end, a.code).cmp(&(b.span.start, b.span.end, b.code)));
    drafts.dedup_by(|a, b| a.code == b.code && a.span == b.span);
    drafts.truncate(MOST);
    let allowances = allow::allowances(kind, text, &found.wholes);
    let all = drafts.clone();
    let (left, used) = allow::part(drafts, &allowances);
    let allowed = all.into_iter().filter(|draft| !left.contains(draft)).collect();
    Drafts { drafts: left, allowed, allowances: allowances.into_iter().zip(used).collect() }
}

/// Where the line begins that a comment about the place at `byte` is to stand above: that of its whole instruction or recipe.
#[must_use]
pub fn statement(path: &Path, text: &str, byte: usize) -> usize {
    let whole = kind(path).and_then(|kind| {
        let wholes = files::read(kind, path, text).wholes;
        wholes.into_iter().find(|whole| whole.contains(&byte)).map(|whole| whole.start)
    });
    let mut at = whole.unwrap_or(byte).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let mut start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    // A line that one before it runs on to is no beginning.
    while start > 0 && text[..start - 1].trim_end().ends_with('\\') {
        start = text[..start - 1].rfind('\n').map_or(0, |at| at + 1);
    }
    start
}

/// The comment that allows a code in the file at `path`, without a reason yet; none where the file can hold no comment.
#[must_use]
pub fn allowing(path: &Path, code: &str) -> Option<String> {
    allow::comment(kind(path)?, code)
}
