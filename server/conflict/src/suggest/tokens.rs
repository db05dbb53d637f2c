//! Merges words within a conflict: both sides changed other words of the same lines.
//! Changes that touch, and differences that can be read in two ways, are left to people.

use super::threeway::merge_tokens;
use super::{Hunk, Strategy};

/// Most words and signs of a side.
const MOST_TOKENS: usize = 20_000;

/// Words, numbers with dots, runs of blanks, line ends and single signs, in order; together they are the text.
pub(super) fn split(text: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Word,
        Blank,
        Sign,
    }
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => Class::Word,
        ' ' | '\t' => Class::Blank,
        _ => Class::Sign,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let mut now = class(c);
        // A version or a fraction is one word: two sides that raise different parts of it mean different versions.
        let inside = c == '.' && text[start..].starts_with(|c: char| c.is_ascii_digit());
        if inside && before == Some(Class::Word) && text[at + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            now = Class::Word;
        }
        if at > 0 && (now == Class::Sign || before != Some(now)) {
            tokens.push(&text[start..at]);
            start = at;
        }
        before = Some(now);
    }
    if start < text.len() {
        tokens.push(&text[start..]);
    }
    tokens
}

pub(super) fn words(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    let base = hunk.base.filter(|base| *base != hunk.left && *base != hunk.right)?;
    let base = split(base);
    let (left, right) = (split(hunk.left), split(hunk.right));
    if base.is_empty() || base.len().max(left.len()).max(right.len()) > MOST_TOKENS {
        return None;
    }
    let merged = merge_tokens(&base, &left, &right).ok()?;
    Some((Strategy::Words, merged.concat()))
}
