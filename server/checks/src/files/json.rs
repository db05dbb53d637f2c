//! JSON with places: a light tree over `jsonc-parser`, refused where it is nested deeper than a person writes.
//! It knows no file's meaning.

use crate::piece::Piece;
use crate::shell::{Command, Word};
use jsonc_parser::ast::{ObjectProp, Value};
use jsonc_parser::common::Ranged as _;
use std::ops::Range;
use std::rc::Rc;

/// Brackets within each other; a manifest has fewer than ten.
const DEEPEST: usize = 64;

/// Whether brackets stand within each other no deeper than is read.
fn is_shallow(text: &str) -> bool {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            // Comments may hold anything.
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

/// The whole text.
pub(crate) fn parse(text: &str) -> Option<Value<'_>> {
    if !is_shallow(text) {
        return None;
    }
    let options = jsonc_parser::ParseOptions::default();
    jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &options).ok()?.value
}

/// A member of an object.
pub(crate) fn get<'a, 'b>(value: &'b Value<'a>, key: &str) -> Option<&'b Value<'a>> {
    match value {
        Value::Object(object) => object.properties.iter().find(|p| p.name.as_str() == key).map(|p| &p.value),
        _ => None,
    }
}

/// The members of an object that is a member.
pub(crate) fn members<'a, 'b>(value: &'b Value<'a>, key: &str) -> &'b [ObjectProp<'a>] {
    match get(value, key) {
        Some(Value::Object(object)) => &object.properties,
        _ => &[],
    }
}

/// Where a value stands, without its quotes where it is a string.
pub(crate) fn place(value: &Value<'_>) -> Range<usize> {
    let range = value.range();
    match value {
        Value::StringLit(_) if range.end - range.start >= 2 => range.start + 1..range.end - 1,
        _ => range.start..range.end,
    }
}

/// The string of a value, decoded, with its places.
pub(crate) fn decoded(text: &str, value: &Value<'_>) -> Option<Piece> {
    let Value::StringLit(_) = value else { return None };
    Some(unescaped(text, place(value)))
}

/// What stands between two quotes, without its escapes.
fn unescaped(text: &str, span: Range<usize>) -> Piece {
    let mut piece = Piece::default();
    let bytes = text.as_bytes();
    let mut at = span.start;
    let mut plain = at;
    while at < span.end {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        piece.push(text, plain..at);
        let Some(next) = bytes.get(at + 1).filter(|_| at + 1 < span.end) else { break };
        let begun = at;
        let stands = match next {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' | b'f' => ' ',
            b'u' => {
                let code = text.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                at += if code.is_some() { 4 } else { 0 };
                code.and_then(char::from_u32).unwrap_or('\u{fffd}')
            }
            other => char::from(*other),
        };
        let mut buffer = [0; 4];
        at += 2;
        while at < span.end && !text.is_char_boundary(at) {
            at += 1;
        }
        piece.push_as(if stands.is_ascii() { stands.encode_utf8(&mut buffer) } else { "?" }, begun..at.min(span.end));
        plain = at;
    }
    piece.push(text, plain.min(span.end)..span.end);
    piece
}

/// The places of the strings of a list that is the whole text.
pub(crate) fn strings(text: &str) -> Option<Vec<Range<usize>>> {
    let text_end = text.trim_end().len();
    let value = parse(&text[..text_end])?;
    let Value::Array(list) = &value else { return None };
    list.elements.iter().map(|one| matches!(one, Value::StringLit(_)).then(|| place(one))).collect()
}

/// A command whose words stand at these places of a piece.
pub(crate) fn command(piece: &Piece, words: &[Range<usize>]) -> Command {
    let words = words
        .iter()
        .map(|span| Word {
            span: span.clone(),
            text: unescaped(&piece.text, span.clone()).text,
            quoted: true,
            ..Word::default()
        })
        .collect();
    Command { words, sets: Vec::new(), piece: Rc::new(piece.clone()) }
}
