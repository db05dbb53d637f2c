//! YAML as package managers write it: a tree of keys with their places. saphyr-parser does the reading.
//! May not follow tags, follows aliases only where it is asked to, and may not go deeper or longer than its limits: hostile texts end in an error.

use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::{HashMap, HashSet};
use std::ops::Range as Span;

/// Nested deeper, no package manager writes.
const DEEPEST: usize = 64;
/// More values are not read.
const MOST: usize = 4_000_000;
/// The same where aliases are followed: a short text may then hold very many.
const MOST_FOLLOWED: usize = 200_000;

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Map(Vec<Entry>),
    List(Vec<Value>),
    /// A string, and nothing else.
    Text(String),
    /// A word without quotes that is read as a number, a truth value or nothing.
    Other(String),
}

/// A key with its place and what stands behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub span: Span<usize>,
    pub value: Value,
}

/// Why a text was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    pub span: Span<usize>,
    pub why: String,
    /// A reader that follows more than this one may read it.
    pub elsewhere: bool,
}

impl Value {
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = self { entries } else { &[] }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn list(&self) -> &[Value] {
        if let Value::List(list) = self { list } else { &[] }
    }

    /// A string.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// What stands there, whatever it is read as.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Other(text) => Some(text),
            Value::Map(_) | Value::List(_) => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Value::Other(word) if word.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn is_false(&self) -> bool {
        matches!(self, Value::Other(word) if word.eq_ignore_ascii_case("false"))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Value::Other(word) if word.is_empty() || word == "~" || word.eq_ignore_ascii_case("null"))
    }
}

/// What is open while it is read, and the anchor that it has.
enum Open {
    Map { entries: Vec<Entry>, seen: HashSet<String>, key: Option<(String, Span<usize>)>, anchor: usize },
    List(Vec<Value>, usize),
}

/// The documents of a text.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, Unread> {
    within(text, MOST, false)
}

/// The same, with what an alias refers to in its place.
pub(crate) fn read_following(text: &str) -> Result<Vec<Value>, Unread> {
    within(text, MOST_FOLLOWED, true)
}

/// Values of a tree.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Map(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum::<usize>(),
        Value::List(list) => list.iter().map(size).sum(),
        Value::Text(_) | Value::Other(_) => 0,
    }
}

/// How deep a tree is.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Map(entries) => entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        Value::List(list) => list.iter().map(depth).max().unwrap_or(0),
        Value::Text(_) | Value::Other(_) => 0,
    }
}

fn within(text: &str, most: usize, follow: bool) -> Result<Vec<Value>, Unread> {
    let bytes = Offsets::of(text);
    let mut parser = Parser::new_from_str(text);
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Value> = HashMap::new();
    let mut values = 0_usize;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = bytes.at(error.marker().index());
            Unread { span: at..at, why: error.info().to_owned(), elsewhere: false }
        })?;
        let span = bytes.at(span.start.index())..bytes.at(span.end.index());
        let refuse = |why: &str, elsewhere| Err(Unread { span: span.clone(), why: why.to_owned(), elsewhere });
        values += 1;
        if values > most {
            return refuse("it has more values than are read", true);
        }
        let mut anchor = 0;
        let value = match event {
            Event::Alias(at) if follow => {
                let Some(named) = anchors.get(&at) else {
                    return refuse("it refers to a part that it is within, or that is not there", true);
                };
                values += size(named);
                if values > most || open.len() + depth(named) > DEEPEST {
                    return refuse("it has more values than are read", true);
                }
                if let Some(Open::Map { key: None, .. }) = open.last() {
                    return refuse("a key is no word", true);
                }
                named.clone()
            }
            Event::Alias(_) => return refuse("it refers to another part, which is not followed", true),
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return refuse("it says itself what kind of value it is, which is not followed", true);
            }
            Event::MappingStart(at, _) | Event::SequenceStart(at, _) => {
                if open.len() >= DEEPEST {
                    return refuse("it is nested deeper than is followed", true);
                }
                if let Some(Open::Map { key: None, .. }) = open.last() {
                    return refuse("a key is no word", true);
                }
                open.push(if matches!(event, Event::MappingStart(..)) {
                    Open::Map { entries: Vec::new(), seen: HashSet::new(), key: None, anchor: at }
                } else {
                    Open::List(Vec::new(), at)
                });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(Open::Map { entries, anchor: at, .. }) => {
                    anchor = at;
                    Value::Map(entries)
                }
                Some(Open::List(list, at)) => {
                    anchor = at;
                    Value::List(list)
                }
                None => continue,
            },
            Event::Scalar(word, style, at, None) => {
                if let Some(Open::Map { key: key @ None, seen, .. }) = open.last_mut() {
                    if !seen.insert(word.to_string()) {
                        return refuse("this key stands twice", false);
                    }
                    *key = Some((word.into_owned(), span));
                    continue;
                }
                anchor = at;
                scalar(word.into_owned(), style)
            }
            _ => continue,
        };
        if follow && anchor != 0 {
            values += size(&value);
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut() {
            Some(Open::Map { entries, key, .. }) => {
                if let Some((key, span)) = key.take() {
                    entries.push(Entry { key, span, value });
                }
            }
            Some(Open::List(list, _)) => list.push(value),
            None => documents.push(value),
        }
    }
    Ok(documents)
}

fn scalar(word: String, style: ScalarStyle) -> Value {
    if style == ScalarStyle::Plain && is_other(&word) { Value::Other(word) } else { Value::Text(word) }
}

/// Whether a plain word is read as something else than a string; rather one too many.
fn is_other(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let number = lower.trim_start_matches(['+', '-']);
    let digits = number.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && number.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | '_' | 'x' | 'o' | '+' | '-'))
        && number.matches('.').count() < 2;
    let named = ["", "~", "null", "true", "false", ".inf", ".nan"].contains(&number);
    named || (digits && (number.parse::<f64>().is_ok() || number.starts_with("0x") || number.starts_with("0o") || number.contains('_')))
        // `2026-01-01` is read as a day.
        || (digits && number.len() >= 8 && number.matches('-').count() == 2)
}

/// Where the characters of a text stand in bytes.
struct Offsets {
    /// None: all characters are one byte.
    starts: Option<Vec<u32>>,
    length: usize,
}

impl Offsets {
    fn of(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect());
        Offsets { starts, length: text.len() }
    }

    fn at(&self, character: usize) -> usize {
        match &self.starts {
            None => character.min(self.length),
            Some(starts) => starts.get(character).map_or(self.length, |&at| at as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_places_in_bytes_and_words_without_quotes_their_kind() {
        let text = "é: 'x'\nb:\n  - 1.0\n  - 1.0.0\n  - ~\n  - \"true\"\nc: {d: true}\n";
        let read = read(text).unwrap();
        let b = read[0].entries().iter().find(|entry| entry.key == "b").unwrap();
        assert_eq!(&text[b.span.clone()], "b");
        assert_eq!(&text[read[0].entries()[0].span.clone()], "é");
        let kinds: Vec<bool> = b.value.list().iter().map(|value| value.text().is_some()).collect();
        assert_eq!(kinds, [false, true, false, true]);
        assert!(read[0].get("c").unwrap().get("d").unwrap().is_true());
    }

    #[test]
    fn an_alias_stands_for_what_it_names_where_that_is_asked_for() {
        let text = "a: &x {b: [1, &y two]}\nc: *x\nd: *y\n";
        assert!(read(text).unwrap_err().elsewhere);
        let read = read_following(text).unwrap();
        assert_eq!(read[0].get("c"), read[0].get("a"));
        assert_eq!(read[0].get("d").unwrap().text(), Some("two"));
        let grow = |text: String, at: usize| format!("{text}a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1);
        let bomb = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), grow);
        assert!(read_following(&bomb).unwrap_err().elsewhere);
        assert!(read_following("a: &a [*a]\n").is_err());
        let deepen = |text: String, at: usize| format!("{text}a{at}: &a{at} [*a{}]\n", at - 1);
        let deep = (1..200).fold("a0: &a0 []\n".to_owned(), deepen);
        assert!(read_following(&deep).unwrap_err().elsewhere);
    }

    #[test]
    fn what_is_hostile_ends_in_an_error() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(read(bomb).unwrap_err().elsewhere);
        assert!(!read("a: 1\na: 2\n").unwrap_err().elsewhere);
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read("a: !!binary eA==\n").unwrap_err().elsewhere);
        assert!(read("a: b: c\n").is_err());
    }
}
