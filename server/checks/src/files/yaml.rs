//! YAML with places: a tree over `saphyr-parser`'s events, built without recursion, and bounded.
//! Aliases are not followed: what they name was read where it stands.

use crate::piece::Piece;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::ops::Range;

/// Lists and maps within each other; a workflow has about ten.
const DEEPEST: usize = 64;
/// Nodes of one file; the largest workflows have some ten thousand.
const MOST: usize = 200_000;

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text as YAML means it, and how it is written.
    Scalar(String, Style),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// An alias, or nothing.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// The first document of a text; none where it cannot be read to its end.
pub(crate) fn parse(text: &str) -> Option<Node> {
    // Places are told in characters.
    let offsets: Option<Vec<u32>> =
        (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).chain([text.len() as u32]).collect());
    let byte = |index: usize| match &offsets {
        Some(offsets) => offsets.get(index).copied().map_or(text.len(), |at| at as usize),
        None => index.min(text.len()),
    };
    let mut open: Vec<(usize, bool, Vec<Node>)> = Vec::new();
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let span = byte(span.start.index())..byte(span.end.index()).max(byte(span.start.index()));
        let done = match event {
            Event::Scalar(text, style, ..) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                Node { span, value: Value::Scalar(text.into_owned(), style) }
            }
            Event::Alias(_) => Node { span, value: Value::Nothing },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= DEEPEST {
                    return None;
                }
                open.push((span.start, matches!(event, Event::MappingStart(..)), Vec::new()));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (start, map, children) = open.pop()?;
                let value = if map {
                    let mut pairs = Vec::new();
                    let mut children = children.into_iter();
                    while let (Some(key), Some(value)) = (children.next(), children.next()) {
                        pairs.push((key, value));
                    }
                    Value::Map(pairs)
                } else {
                    Value::List(children)
                };
                Node { span: start..span.end.max(start), value }
            }
            Event::DocumentEnd => return None,
            _ => continue,
        };
        nodes += 1;
        if nodes > MOST {
            return None;
        }
        match open.last_mut() {
            Some((_, _, children)) => children.push(done),
            None => return Some(done),
        }
    }
    None
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    pub(crate) fn pairs(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Where the text stands, without quotes.
    pub(crate) fn place(&self, source: &str) -> Range<usize> {
        let raw = source.get(self.span.clone()).unwrap_or_default();
        let trimmed = raw.trim_end().len();
        let span = self.span.start..self.span.start + trimmed;
        match self.value {
            Value::Scalar(_, Style::Single | Style::Double) if trimmed >= 2 => span.start + 1..span.end - 1,
            _ => span,
        }
    }

    /// A scalar as a piece: what a shell is given, with where it stands.
    pub(crate) fn piece(&self, source: &str) -> Option<Piece> {
        let Value::Scalar(text, style) = &self.value else { return None };
        match style {
            Style::Literal | Style::Folded => Some(block(source, self.span.clone(), *style == Style::Folded)),
            _ => {
                let place = self.place(source);
                if source.get(place.clone()) == Some(text.as_str()) {
                    return Some(Piece::of(source, place));
                }
                Some(folded(source, place, text))
            }
        }
    }
}

/// A block after `|` or `>`: its lines without their indentation.
fn block(source: &str, span: Range<usize>, folds: bool) -> Piece {
    let mut piece = Piece::default();
    // The place may begin at the indicator or at the first line.
    let raw = source.get(span.clone()).unwrap_or_default();
    let header = raw.trim_start().starts_with(['|', '>']);
    let start = if header {
        span.start + raw.find('\n').map_or(raw.len(), |at| at + 1)
    } else {
        source[..span.start].rfind('\n').map_or(0, |at| at + 1)
    };
    let body = source.get(start..span.end).unwrap_or_default();
    let indent = body
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| l.len() - l.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut at = start;
    for line in body.split_inclusive('\n') {
        let end = at + line.trim_end_matches(['\n', '\r']).len();
        let from = (at + indent).min(end);
        piece.push(source, from..end);
        piece.push_as(if folds && !line.trim().is_empty() { " " } else { "\n" }, end..end);
        at += line.len();
    }
    piece
}

/// Text that is written otherwise than it is meant: its characters are found again one by one.
fn folded(source: &str, place: Range<usize>, text: &str) -> Piece {
    let mut piece = Piece::default();
    let mut at = place.start;
    for character in text.chars() {
        let mut buffer = [0; 4];
        let character = character.encode_utf8(&mut buffer);
        // An escape is short; what stands for no character of the source, the end of a line for example, has no place of its own.
        let near = source.get(at..place.end).into_iter().flat_map(str::char_indices).take(12);
        let gap = character.trim().is_empty();
        let found = near.filter(|(skipped, _)| !gap || *skipped == 0).find(|(_, c)| character.starts_with(*c));
        if let Some((skipped, _)) = found {
            at += skipped;
            piece.push(source, at..at + character.len());
            at += character.len();
        } else {
            piece.push_as(character, at..at);
        }
    }
    piece
}
