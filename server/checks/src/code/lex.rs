//! Tokens of Rust, Python, JavaScript and Groovy: names, texts, signs and comments, no more than the lints need.
//! One pass, no recursion, any bytes; what is left open ends with the text.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
    Script,
    Groovy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    /// A text; its contents begin and end within the token's span.
    Text(Range<usize>),
    Sign(u8),
    Comment,
    /// The end of a line, in Python.
    Line,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

pub(crate) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let kind = match byte {
            b'\n' => {
                at += 1;
                if language != Language::Python {
                    continue;
                }
                Kind::Line
            }
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'#' if language == Language::Python => {
                at = line_end(bytes, at);
                Kind::Comment
            }
            b'/' if language != Language::Python && next == b'/' => {
                at = line_end(bytes, at);
                Kind::Comment
            }
            b'/' if language != Language::Python && next == b'*' => {
                at = block_comment(bytes, at, language == Language::Rust);
                Kind::Comment
            }
            b'/' if language == Language::Script && regex_may_begin(tokens.last(), text) => {
                at = regex(bytes, at);
                Kind::Sign(b'/')
            }
            b'\'' if language == Language::Rust => {
                at = character(bytes, at);
                Kind::Sign(b'\'')
            }
            b'"' | b'\'' | b'`' if byte != b'`' || language == Language::Script => {
                let (inner, end) = quoted(bytes, at, language);
                at = end;
                Kind::Text(inner)
            }
            b if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] >= 0x80)
                {
                    at += 1;
                }
                match prefixed(bytes, start, at, language) {
                    Some((inner, end)) => {
                        at = end;
                        Kind::Text(inner)
                    }
                    None => Kind::Name,
                }
            }
            b if b.is_ascii_digit() => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                Kind::Sign(b'0')
            }
            b => {
                at += 1;
                Kind::Sign(b)
            }
        };
        tokens.push(Token { kind, span: start..at.min(bytes.len()) });
    }
    tokens
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found)
}

fn block_comment(bytes: &[u8], at: usize, nests: bool) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") && (nests || depth == 0) {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// A character, or the sign of a lifetime.
fn character(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => {
            let end =
                bytes[at + 2..].iter().take(12).position(|b| *b == b'\'').filter(|_| bytes.get(at + 2) != Some(&b'\''));
            match (bytes.get(at + 2), end) {
                (Some(b'\''), _) if bytes.get(at + 3) == Some(&b'\'') => at + 4,
                (_, Some(end)) => at + 2 + end + 1,
                _ => at + 2,
            }
        }
        Some(_) => {
            // A character has at most four bytes.
            match bytes.get(at + 2..bytes.len().min(at + 6)).and_then(|rest| rest.iter().position(|b| *b == b'\'')) {
                Some(found) if found == 0 || bytes[at + 1] >= 0x80 => at + 2 + found + 1,
                _ => at + 1,
            }
        }
        None => at + 1,
    }
}

/// A text with quotes of any of the languages' kinds; gives its contents and the place after it.
fn quoted(bytes: &[u8], at: usize, language: Language) -> (Range<usize>, usize) {
    let quote = bytes[at];
    let triple = matches!(language, Language::Python | Language::Groovy) && bytes[at..].starts_with(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let spans_lines = triple || quote == b'`' || language == Language::Rust;
    let begin = at + width;
    let mut end = begin;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'\n' if !spans_lines => return (begin..end, end),
            b if b == quote && (!triple || bytes[end..].starts_with(&[quote; 3])) => return (begin..end, end + width),
            _ => end += 1,
        }
    }
    (begin..bytes.len().max(begin).min(bytes.len()), bytes.len())
}

/// A text that a name before it belongs to: `r#"…"#`, `b"…"`, `f'…'`.
fn prefixed(bytes: &[u8], start: usize, at: usize, language: Language) -> Option<(Range<usize>, usize)> {
    let name = &bytes[start..at];
    let next = *bytes.get(at)?;
    match language {
        Language::Rust if matches!(name, b"r" | b"br" | b"cr") && matches!(next, b'"' | b'#') => {
            let hashes = bytes[at..].iter().take_while(|b| **b == b'#').count();
            if bytes.get(at + hashes) != Some(&b'"') {
                return None;
            }
            let begin = at + hashes + 1;
            let mut end = begin;
            loop {
                let Some(found) = memchr::memchr(b'"', &bytes[end..]) else {
                    return Some((begin..bytes.len(), bytes.len()));
                };
                end += found;
                let closes = bytes[end + 1..].iter().take(hashes).take_while(|b| **b == b'#').count() == hashes;
                if closes {
                    return Some((begin..end, end + 1 + hashes));
                }
                end += 1;
            }
        }
        Language::Rust if matches!(name, b"b" | b"c") && next == b'"' => Some(quoted(bytes, at, language)),
        Language::Python
            if name.len() <= 2 && matches!(next, b'"' | b'\'') && name.iter().all(|b| b"rRbBfFuU".contains(b)) =>
        {
            Some(quoted(bytes, at, language))
        }
        _ => None,
    }
}

fn regex_may_begin(last: Option<&Token>, text: &str) -> bool {
    match last.map(|token| (&token.kind, token.span.clone())) {
        None | Some((Kind::Comment, _)) => true,
        Some((Kind::Sign(sign), _)) => !matches!(sign, b')' | b']' | b'}' | b'0'),
        Some((Kind::Name, span)) => matches!(&text[span], "return" | "typeof" | "case" | "in" | "of"),
        _ => false,
    }
}

fn regex(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    let mut in_class = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' => return start + 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => return at + 1,
            _ => {}
        }
        at += 1;
    }
    start + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LANGUAGES: [Language; 4] = [Language::Rust, Language::Python, Language::Script, Language::Groovy];

    /// Every token is cut between characters, in order, within the text.
    fn sound(text: &str) {
        for language in LANGUAGES {
            let mut from = 0;
            for token in tokens(text, language) {
                assert!(
                    token.span.start >= from && token.span.end > token.span.start,
                    "{language:?} {text:?} {token:?}"
                );
                assert!(text.get(token.span.clone()).is_some(), "{language:?} {text:?} {token:?}");
                if let Kind::Text(inner) = &token.kind {
                    assert!(text.get(inner.clone()).is_some(), "{language:?} {text:?} {token:?}");
                }
                from = token.span.end;
            }
        }
    }

    #[test]
    fn a_quoted_quote_that_stays_open_ends_before_the_next_character() {
        sound("'\\'\u{1033c}\u{11344} x");
        sound("'\\'");
        let open: Vec<_> = tokens("'\\'x'", Language::Rust).into_iter().map(|t| t.span).collect();
        assert_eq!(open.first(), Some(&(0..2)), "{open:?}");
        let closed: Vec<_> = tokens("'\\'' x", Language::Rust).into_iter().map(|t| t.span).collect();
        assert_eq!(closed, [0..4, 5..6]);
    }

    proptest! {
        #[test]
        fn tokens_are_cut_between_characters(text in "(['\"`\\\\/#*\nrbcfx \\[\\]]|\\PC){0,40}") {
            sound(&text);
        }
    }
}
