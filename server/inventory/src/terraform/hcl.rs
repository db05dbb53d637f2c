//! HCL as far as lockfiles, requirements and settings need it: blocks, attributes, words and lists of words, with their places.
//! Read in a loop, so that nothing is too deep; what is computed is passed over, and texts with `${` in them are no words.

use crate::ecosystem::Broken;
use std::collections::HashMap;
use std::ops::Range as Span;

/// Blocks and objects within each other; configurations have fewer than ten.
const DEEPEST: usize = 64;
/// Longer names no here-document has, in bytes.
const LONGEST: usize = 1_024;
/// More signs of one text are not read.
const MOST: usize = 4_000_000;

/// What stands in a text, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A block or an object begins: its name and labels.
    Open {
        words: Vec<String>,
        span: Span<usize>,
    },
    Close,
    /// `key = …`.
    Value {
        key: String,
        span: Span<usize>,
        value: Value,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    /// Computed, or no text.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sign {
    Word(String),
    /// None: something is put into it.
    Text(Option<String>),
    Mark(u8),
    Line,
}

type Signs = Vec<(Sign, Span<usize>)>;

fn broken(span: Span<usize>, reason: &str) -> Broken {
    Broken { span, reason: reason.to_owned() }
}

fn signs(text: &str) -> Result<Signs, Broken> {
    let bytes = text.as_bytes();
    let mut all = Signs::new();
    let ends = ends(text);
    let mut at = 0;
    while at < bytes.len() {
        if all.len() >= MOST {
            return Err(broken(at..at, "it is longer than is read"));
        }
        let begin = at;
        match bytes[at] {
            b'\n' => {
                all.push((Sign::Line, at..at + 1));
                at += 1;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            b'#' => at = line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = text[at + 2..].find("*/").ok_or_else(|| broken(at..at + 2, "this comment has no end"))?;
                at += end + 4;
            }
            b'<' if bytes.get(at + 1) == Some(&b'<') => {
                let end = here_document(text, at, &ends);
                let sign = if end.is_some() { Sign::Text(None) } else { Sign::Mark(b'<') };
                at = end.unwrap_or(at + 1);
                all.push((sign, begin..at));
            }
            b'"' => {
                let (word, end) = quoted(text, at)?;
                at = end;
                all.push((Sign::Text(word), begin..at));
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let more = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                let end = text[at..].find(|c: char| !more(c)).map_or(text.len(), |end| at + end);
                // A sign that is no letter after all.
                at = if end > at { end } else { at + text[at..].chars().next().map_or(1, char::len_utf8) };
                all.push((Sign::Word(text[begin..at].to_owned()), begin..at));
            }
            byte => {
                at += 1;
                all.push((Sign::Mark(byte), begin..at));
            }
        }
    }
    Ok(all)
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |at| from + at)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// Where lines end that hold one name alone: they end here-documents.
fn ends(text: &str) -> HashMap<&str, Vec<usize>> {
    let mut all: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_name(line.trim()) {
            all.entry(line.trim()).or_default().push(at + line.trim_end().len());
        }
        at += line.len();
    }
    all
}

/// The end of `<<NAME` … `NAME`; none: it is none, or has no end.
fn here_document(text: &str, at: usize, ends: &HashMap<&str, Vec<usize>>) -> Option<usize> {
    let rest = &text[at + 2..];
    let rest = rest.strip_prefix(['-', '~']).unwrap_or(rest);
    let length = memchr::memchr(b'\n', &rest.as_bytes()[..rest.len().min(LONGEST)])?;
    let name = rest[..length].trim();
    let begin = text.len() - rest.len() + length;
    let all = ends.get(name).filter(|_| is_name(name))?;
    all.get(all.partition_point(|end| *end <= begin)).copied()
}

/// A text in quotes, and where it ends. What is put into it may hold quotes of its own.
fn quoted(text: &str, from: usize) -> Result<(Option<String>, usize), Broken> {
    let bytes = text.as_bytes();
    let (mut out, mut plain) = (Vec::new(), true);
    let mut at = from + 1;
    // Whether what is open is a text (`"`) or something that is put into one (`{`).
    let mut open = vec![b'"'];
    while let Some(&byte) = bytes.get(at) {
        let inside = open.last() == Some(&b'"');
        match byte {
            b'\n' if inside => break,
            b'\\' if inside => {
                match bytes.get(at + 1) {
                    Some(b'n') => out.push(b'\n'),
                    Some(&escaped @ (b'"' | b'\\')) => out.push(escaped),
                    _ => plain = false,
                }
                at += 1;
            }
            b'"' if inside => {
                open.pop();
                if open.is_empty() {
                    let word = plain.then(|| String::from_utf8_lossy(&out).into_owned());
                    return Ok((word, at + 1));
                }
            }
            b'"' => open.push(b'"'),
            b'$' | b'%' if inside && bytes.get(at + 1) == Some(&b'{') => {
                plain = false;
                open.push(b'{');
                at += 1;
            }
            b'{' if !inside => open.push(b'{'),
            b'}' if !inside => drop(open.pop()),
            _ if plain => out.push(byte),
            _ => {}
        }
        if open.is_empty() || open.len() > DEEPEST {
            break;
        }
        at += 1;
    }
    Err(broken(from..from + 1, "this text has no end"))
}

/// The events of a text, up to where it cannot be read.
pub(super) fn read(text: &str) -> Result<Vec<Event>, Broken> {
    let signs = signs(text)?;
    let mut events = Vec::new();
    let mut open: Vec<Span<usize>> = Vec::new();
    let mut at = 0;
    while at < signs.len() {
        let (sign, span) = &signs[at];
        match sign {
            Sign::Line | Sign::Mark(b',') => at += 1,
            Sign::Mark(b'}') => {
                if open.pop().is_none() {
                    return Err(broken(span.clone(), "this closes nothing"));
                }
                events.push(Event::Close);
                at += 1;
            }
            Sign::Word(word) | Sign::Text(Some(word)) => {
                at = item(&signs, at, word, &mut open, &mut events)?;
            }
            _ => return Err(broken(span.clone(), "here something else should stand")),
        }
    }
    match open.last() {
        Some(span) => Err(broken(span.clone(), "this block has no end")),
        None => Ok(events),
    }
}

/// A block, or an attribute, that begins with `word`; gives the sign behind it, or behind its brace.
fn item(
    signs: &Signs,
    from: usize,
    word: &str,
    open: &mut Vec<Span<usize>>,
    events: &mut Vec<Event>,
) -> Result<usize, Broken> {
    let span = signs[from].1.clone();
    let mut begin = |words: Vec<String>, events: &mut Vec<Event>| {
        if open.len() >= DEEPEST {
            return Err(broken(span.clone(), "it is nested deeper than is read"));
        }
        open.push(span.clone());
        events.push(Event::Open { words, span: span.clone() });
        Ok(())
    };
    let mut at = from + 1;
    let sign = |at: usize| signs.get(at).map(|(sign, _)| sign);
    if matches!(sign(at), Some(Sign::Mark(b'=' | b':'))) {
        at += 1;
        match sign(at) {
            Some(Sign::Mark(b'{')) if !computed(signs, at) => {
                begin(vec![word.to_owned()], events)?;
                return Ok(at + 1);
            }
            Some(Sign::Mark(b'[')) => {
                let (value, end) = list(signs, at);
                events.push(Event::Value { key: word.to_owned(), span, value });
                return Ok(end);
            }
            Some(Sign::Text(Some(text)))
                if matches!(sign(at + 1), None | Some(Sign::Line | Sign::Mark(b',' | b'}'))) =>
            {
                events.push(Event::Value { key: word.to_owned(), span, value: Value::Text(text.clone()) });
                return Ok(at + 1);
            }
            None => return Err(broken(span, "nothing stands behind this")),
            _ => {
                events.push(Event::Value { key: word.to_owned(), span, value: Value::Other });
                return Ok(passed(signs, at));
            }
        }
    }
    let mut words = vec![word.to_owned()];
    loop {
        match sign(at) {
            Some(Sign::Word(label)) => words.push(label.clone()),
            Some(Sign::Text(label)) => words.push(label.clone().unwrap_or_default()),
            Some(Sign::Mark(b'{')) => {
                begin(words, events)?;
                return Ok(at + 1);
            }
            _ => return Err(broken(span, "this is neither a block nor an attribute")),
        }
        if words.len() > DEEPEST {
            return Err(broken(span, "this is neither a block nor an attribute"));
        }
        at += 1;
    }
}

/// Whether an object is made by a loop: `{ for … }`.
fn computed(signs: &Signs, at: usize) -> bool {
    let next = signs[at + 1..].iter().find(|(sign, _)| *sign != Sign::Line);
    matches!(next, Some((Sign::Word(word), _)) if word == "for")
}

/// A list of texts and nothing else, and what is behind it.
fn list(signs: &Signs, from: usize) -> (Value, usize) {
    let mut words = Vec::new();
    for (at, (sign, _)) in signs.iter().enumerate().skip(from + 1) {
        match sign {
            Sign::Text(Some(word)) => words.push(word.clone()),
            Sign::Line | Sign::Mark(b',') => {}
            Sign::Mark(b']') => return (Value::List(words), at + 1),
            _ => break,
        }
    }
    (Value::Other, passed(signs, from))
}

/// Behind an expression: the end of its line, or of what it stands in.
fn passed(signs: &Signs, from: usize) -> usize {
    let mut deep = 0_usize;
    for (at, (sign, _)) in signs.iter().enumerate().skip(from) {
        match sign {
            Sign::Mark(b'(' | b'[' | b'{') => deep += 1,
            Sign::Mark(b')' | b']' | b'}' | b',') | Sign::Line if deep == 0 => return at,
            Sign::Mark(b')' | b']' | b'}') => deep -= 1,
            _ => {}
        }
    }
    signs.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_attributes_and_texts_are_read_and_what_is_computed_is_passed_over() {
        let text = "# a note\nprovider \"a/b\" { // another\n  version = \"1.0\" /* and\n more */\n  hashes = [\n    \"h1:x\", # y\n    \"zh:z\",\n  ]\n}\n\
            locals {\n  a = { b = \"c\", d = 1 + 2 }\n  e = \"${var.f[\"}\"]}\"\n  g = <<-EOT\n    }\n  EOT\n  h = [for x in y : x]\n  i = f(\n    \"}\"\n  )\n}\n";
        let shown: Vec<String> = read(text)
            .unwrap()
            .into_iter()
            .map(|event| match event {
                Event::Open { words, .. } => format!("{{{}", words.join(" ")),
                Event::Close => "}".into(),
                Event::Value { key, value: Value::Text(text), .. } => format!("{key}={text}"),
                Event::Value { key, value: Value::List(list), .. } => format!("{key}={list:?}"),
                Event::Value { key, value: Value::Other, .. } => format!("{key}?"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "{provider a/b",
                "version=1.0",
                "hashes=[\"h1:x\", \"zh:z\"]",
                "}",
                "{locals",
                "{a",
                "b=c",
                "d?",
                "}",
                "e?",
                "g?",
                "h?",
                "i?",
                "}"
            ]
        );
    }

    #[test]
    fn what_is_broken_or_hostile_ends_in_an_error() {
        for text in ["}{", "a {", "a = \"x", "a", "a b = 1", "/* x", "a = \"${\n", "= 1", "[", "a ="] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"a {\n".repeat(10_000)).is_err());
        assert!(read(&format!("a = {}\n", "[".repeat(1_000_000))).is_ok(), "passed over");
        assert!(read(&format!("a = \"{}", "${\"".repeat(10_000))).is_err());
        assert!(read(&"<<".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s)([a-zé ]|\n|[\\[\\]{}()=\"$%\\\\,<#/*]|\\$\\{|<<E\n){0,60}") {
            let _ = read(&text);
        }
    }
}
