//! Reads `yarn.lock` as Yarn 1 does: its own simple language, and YAML where that fails. Also `.yarnrc`, which is the same.
//! May not look at files, and may not say what an entry means for a build.

use crate::ecosystem::Broken;
use crate::{conflicted, yaml};
use std::collections::HashMap;
use std::ops::Range as Span;

/// More packages than any project has; what comes after is not read, and said to be.
const MOST: usize = 100_000;
/// Nested deeper, Yarn writes nothing.
const DEEPEST: usize = 16;
/// The newest version of this language.
const NEWEST: u32 = 1;

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Word(String),
    Table(Vec<Pair>),
}

/// Keys that stand together, and what stands behind them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub keys: Vec<String>,
    pub span: Span<usize>,
    pub value: Value,
}

impl Value {
    pub(super) fn word(&self) -> Option<&str> {
        if let Value::Word(word) = self { Some(word) } else { None }
    }

    /// Of several with the same key the last counts.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let Value::Table(pairs) = self else { return None };
        pairs.iter().rev().find(|pair| pair.keys.iter().any(|known| known == key)).map(|pair| &pair.value)
    }

    fn words(&self) -> Vec<(String, String)> {
        let Value::Table(pairs) = self else { return Vec::new() };
        let mut out: Vec<(String, String)> = Vec::new();
        for pair in pairs {
            for key in &pair.keys {
                let word = pair.value.word().unwrap_or_default().to_owned();
                match out.iter_mut().find(|(known, _)| known == key) {
                    Some((_, known)) => *known = word,
                    None => out.push((key.clone(), word)),
                }
            }
        }
        out
    }
}

/// A package.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub name: String,
    pub version: String,
    pub uid: Option<String>,
    /// Address, with the checksum behind `#`.
    pub resolved: Option<String>,
    pub integrity: Option<String>,
    pub dependencies: Vec<(String, String)>,
    pub optional: Vec<(String, String)>,
    pub span: Span<usize>,
}

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub entries: Vec<Entry>,
    /// What is asked for, and the entry that it leads to.
    pub patterns: HashMap<String, u32>,
    pub broken: Vec<Broken>,
    pub conflicted: bool,
    /// There is more than is read.
    pub more: bool,
}

pub(super) fn read(text: &str) -> Lock {
    let mut lock = Lock::default();
    // Every place stands where it stood.
    let blank = text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
    let text = blank.as_deref().unwrap_or(text);
    lock.conflicted = ["<<<<<<<", "=======", ">>>>>>>"].iter().all(|marker| text.contains(marker));
    let ours = conflicted::read(text);
    if let Some(conflicted) = &ours {
        let reason = conflicted::REASON.to_owned();
        lock.broken.push(Broken { span: conflicted.place.clone(), reason });
    } else if lock.conflicted {
        lock.broken.push(Broken { span: 0..0, reason: "it has what Yarn takes for conflict markers".into() });
    }
    let pairs = match parse(ours.as_ref().map_or(text, |conflicted| &conflicted.ours)) {
        Ok(pairs) => pairs,
        Err(broken) => {
            lock.broken.push(broken);
            return lock;
        }
    };
    for pair in pairs {
        if lock.entries.len() >= MOST {
            lock.more = true;
            lock.broken.push(Broken { span: pair.span, reason: format!("there are more than {MOST} packages") });
            break;
        }
        let Some(first) = pair.keys.first() else { continue };
        let word = |key: &str| pair.value.get(key).and_then(Value::word).map(str::to_owned);
        let words = |key: &str| pair.value.get(key).map(Value::words).unwrap_or_default();
        let entry = Entry {
            name: word("name").unwrap_or_else(|| normalize(first).0.to_owned()),
            version: word("version").unwrap_or_default(),
            uid: word("uid").filter(|uid| !uid.is_empty()),
            resolved: word("resolved").filter(|resolved| !resolved.is_empty()),
            integrity: word("integrity").filter(|integrity| !integrity.is_empty()),
            dependencies: words("dependencies"),
            optional: words("optionalDependencies"),
            span: pair.span,
        };
        let at = lock.entries.len() as u32;
        lock.patterns.extend(pair.keys.into_iter().map(|key| (key, at)));
        lock.entries.push(entry);
    }
    lock
}

/// Name and range of what is asked for; none: there is no range.
pub(super) fn normalize(pattern: &str) -> (&str, Option<&str>) {
    match pattern.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1) {
        Some(at) => (&pattern[..at], Some(if at + 1 == pattern.len() { "*" } else { &pattern[at + 1..] })),
        None => (pattern, None),
    }
}

/// The pairs of a text, or the first place that neither reader understands.
pub(super) fn parse(text: &str) -> Result<Vec<Pair>, Broken> {
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(broken) => return as_yaml(text, broken),
    };
    let mut parser = Parser { tokens, at: 0 };
    parser.skip_comments()?;
    match parser.table(0) {
        Ok(pairs) => Ok(pairs),
        Err(broken) => as_yaml(text, broken),
    }
}

/// Yarn's second try: there every key is one.
fn as_yaml(text: &str, broken: Broken) -> Result<Vec<Pair>, Broken> {
    fn value(from: &yaml::Value) -> Value {
        match from {
            yaml::Value::Map(entries) => Value::Table(entries.iter().map(pair).collect()),
            yaml::Value::List(_) => Value::Table(Vec::new()),
            yaml::Value::Text(word) | yaml::Value::Other(word) => Value::Word(word.clone()),
        }
    }
    fn pair(entry: &yaml::Entry) -> Pair {
        Pair { keys: vec![entry.key.clone()], span: entry.span.clone(), value: value(&entry.value) }
    }
    match yaml::read(text).ok().and_then(|documents| <[yaml::Value; 1]>::try_from(documents).ok()) {
        Some([yaml::Value::Map(entries)]) => Ok(entries.iter().map(pair).collect()),
        _ => Err(broken),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Word(String),
    /// A number or a truth value.
    Other(String),
    Colon,
    Comma,
    Line,
    /// Pairs of spaces at a line's beginning.
    Indent(usize),
    Comment(String),
    End,
    Invalid,
}

type Token = (Kind, Span<usize>);

fn tokens(text: &str) -> Result<Vec<Token>, Broken> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut at, mut fresh) = (0, false);
    while at < bytes.len() {
        let rest = &text[at..];
        let (kind, length) = match bytes[at] {
            b'\r' | b'\n' => (Kind::Line, if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 }),
            b'#' => {
                let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                (Kind::Comment(rest[1..length].to_owned()), length)
            }
            b' ' if fresh => {
                let spaces = rest.bytes().take_while(|byte| *byte == b' ').count();
                if spaces % 2 == 1 {
                    return Err(Broken { span: at..at + spaces, reason: "an odd number of spaces".into() });
                }
                (Kind::Indent(spaces / 2), spaces)
            }
            b' ' => {
                at += 1;
                continue;
            }
            b'"' => quoted(rest),
            b'0'..=b'9' => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                (Kind::Other(rest[..digits].trim_start_matches('0').to_owned()), digits)
            }
            _ if rest.starts_with("true") => (Kind::Other("true".into()), 4),
            _ if rest.starts_with("false") => (Kind::Other("false".into()), 5),
            b':' => (Kind::Colon, 1),
            b',' => (Kind::Comma, 1),
            b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'.' | b'-' => {
                let ends = |byte: u8| matches!(byte, b':' | b' ' | b'\n' | b'\r' | b',');
                let length = rest.bytes().position(ends).unwrap_or(rest.len());
                (Kind::Word(rest[..length].to_owned()), length)
            }
            _ => (Kind::Invalid, rest.chars().next().map_or(1, char::len_utf8)),
        };
        fresh = bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
        out.push((kind, at..at + length));
        at += length;
    }
    out.push((Kind::End, at..at));
    Ok(out)
}

/// A quoted word as Yarn finds its end: at the first quote that no single backslash stands before.
fn quoted(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let mut end = 1;
    while end < bytes.len() {
        let escaped = bytes[end - 1] == b'\\' && (end < 2 || bytes[end - 2] != b'\\');
        end += 1;
        if bytes[end - 1] == b'"' && !escaped {
            break;
        }
    }
    let kind = rest.get(..end).and_then(|text| serde_json::from_str(text).ok()).map_or(Kind::Invalid, Kind::Word);
    (kind, end)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Result<(), Broken> {
        self.at += 1;
        self.skip_comments()
    }

    fn skip_comments(&mut self) -> Result<(), Broken> {
        while let (Kind::Comment(comment), span) = self.token() {
            let version = comment.trim().strip_prefix("yarn lockfile v").map(str::parse::<u32>);
            if matches!(version, Some(Ok(version)) if version > NEWEST) {
                return Err(Broken {
                    span: span.clone(),
                    reason: "it is of a version that Yarn 1 does not read".into(),
                });
            }
            self.at += 1;
        }
        Ok(())
    }

    fn unexpected(&self, reason: &str) -> Broken {
        Broken { span: self.token().1.clone(), reason: reason.into() }
    }

    fn table(&mut self, indent: usize) -> Result<Vec<Pair>, Broken> {
        if indent > DEEPEST {
            return Err(self.unexpected("it is nested deeper than is followed"));
        }
        let mut out: Vec<Pair> = Vec::new();
        loop {
            match &self.token().0 {
                Kind::Line => {
                    self.next()?;
                    if indent == 0 {
                        continue;
                    }
                    if self.token().0 != Kind::Indent(indent) {
                        break;
                    }
                    self.next()?;
                }
                Kind::Indent(spaces) if *spaces == indent => self.next()?,
                Kind::Indent(_) | Kind::End => break,
                Kind::Word(_) => {
                    if self.pair(indent, &mut out)? {
                        break;
                    }
                }
                _ => return Err(self.unexpected("this stands where a name is expected")),
            }
        }
        Ok(out)
    }

    /// One pair; whether the table ends with it.
    fn pair(&mut self, indent: usize, out: &mut Vec<Pair>) -> Result<bool, Broken> {
        let span = self.token().1.clone();
        let mut keys = vec![self.key()?];
        while self.token().0 == Kind::Comma {
            self.next()?;
            keys.push(self.key()?);
        }
        let colon = self.token().0 == Kind::Colon;
        if colon {
            self.next()?;
        }
        match self.token().0.clone() {
            Kind::Word(word) | Kind::Other(word) => {
                out.push(Pair { keys, span, value: Value::Word(word) });
                self.next()?;
                Ok(false)
            }
            _ if colon => {
                let value = Value::Table(self.table(indent + 1)?);
                out.push(Pair { keys, span, value });
                Ok(indent > 0 && !matches!(self.token().0, Kind::Indent(_)))
            }
            _ => Err(self.unexpected("no value stands behind its name")),
        }
    }

    fn key(&mut self) -> Result<String, Broken> {
        match self.token().0.clone() {
            Kind::Word(key) if !key.is_empty() => {
                self.next()?;
                Ok(key)
            }
            _ => Err(self.unexpected("this stands where a name is expected")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn merged_keys_lead_to_one_entry_and_quotes_are_read_as_yarn_does() {
        let lock = read(
            "# yarn lockfile v1\n\n\n\"@a/b@^1.0.0\", \"@a/b@^1.1.0\":\n  version \"1.2.0\"\n  resolved \"x#1\"\n  dependencies:\n    c \"^2\"\n    \"@d/e\" \"*\"\n\nc@^2:\n  version \"2.0.0\"\n",
        );
        assert!(lock.broken.is_empty(), "{:?}", lock.broken);
        assert_eq!(lock.patterns["@a/b@^1.0.0"], lock.patterns["@a/b@^1.1.0"]);
        assert_eq!(lock.entries[0].name, "@a/b");
        assert_eq!(lock.entries[0].dependencies, [("c".into(), "^2".into()), ("@d/e".into(), "*".into())]);
        assert_eq!(lock.entries[1].version, "2.0.0");
        assert_eq!(normalize("@a/b@npm:c@1"), ("@a/b", Some("npm:c@1")));
        assert_eq!(normalize("a@"), ("a", Some("*")));
    }

    #[test]
    fn what_is_no_lockfile_is_said_to_be_broken_where_it_is() {
        for (text, place) in [
            ("a@1:\n  version \"1\"\n   b:\n", 19),
            ("a@1:\n  version\n  b:\n", 14),
            ("# yarn lockfile v2\na@1:\n  version \"1\"\n  b:\n", 0),
            ("a@1:\n  version \"1\n  b:\n", 15),
        ] {
            let read = read(text);
            assert_eq!(read.broken.first().map(|broken| broken.span.start), Some(place), "{text:?} {read:?}");
        }
        let deep = (0..2_000).fold(String::new(), |deep, depth| deep + &"  ".repeat(depth) + "a:\n");
        assert!(!read(&deep).broken.is_empty());
    }

    #[test]
    fn our_side_of_a_conflict_is_read_and_the_conflict_is_told() {
        let text = "<<<<<<< HEAD\na@1:\n  version \"1.0.0\"\n=======\nb@1:\n  version \"1.0.0\"\n>>>>>>> other\n";
        let lock = read(text);
        assert!(lock.conflicted);
        assert_eq!(lock.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
