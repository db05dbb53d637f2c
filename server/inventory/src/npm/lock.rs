//! Reads `package-lock.json` (versions 2 and 3) entry by entry, with the place of each, so that one broken entry does
//! not hide the others. May not look at any other file. serde_json does the reading; its raw values give the places.

use super::entry::Entry;
use crate::conflicted;
use crate::ecosystem::Broken;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::Range as Span;

/// An entry and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// `node_modules/a/node_modules/b`, `packages/a`, or empty for the root.
    pub path: String,
    /// The key, with its quotes.
    pub span: Span<usize>,
    pub entry: Entry,
}

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    pub version: Option<u32>,
    pub entries: Vec<Located>,
    pub broken: Vec<Broken>,
    /// It has `packages`, as versions 2 and 3 do.
    pub has_packages: bool,
    /// It has conflict markers, and is sound without them: npm merges such a one itself.
    pub mergeable: bool,
}

/// More entries than any project has; what comes after is not read, and said to be.
const MOST_ENTRIES: usize = 100_000;
/// Longer paths no system has, in bytes; and deeper ones no project.
const LONGEST: usize = 4096;
const DEEPEST: usize = 256;

/// Keys with their values' text, in the order they stand.
struct Pieces<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pieces<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    let value = map.next_value()?;
                    if out.len() <= MOST_ENTRIES {
                        out.push((key, value));
                    }
                }
                Ok(out)
            }
        }
        deserializer.deserialize_map(Collect).map(Pieces)
    }
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(rename = "lockfileVersion")]
    version: Option<u32>,
    #[serde(borrow)]
    packages: Option<Pieces<'a>>,
}

/// Where `part` stands in `text`, of which it is a slice.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize)
}

/// Reads a lockfile; of one with conflict markers our side. O(length).
pub(crate) fn read(text: &str) -> Lock {
    let Some(conflicted) = conflicted::read(text) else { return read_plain(text) };
    let mut lock = read_plain(&conflicted.ours);
    lock.mergeable = conflicted.whole && lock.broken.is_empty();
    lock.broken.insert(0, Broken { span: conflicted.place, reason: conflicted::REASON.into() });
    lock
}

fn read_plain(text: &str) -> Lock {
    match serde_json::from_str::<Top<'_>>(text) {
        Ok(top) => {
            let mut lock = Lock { version: top.version, has_packages: top.packages.is_some(), ..Lock::default() };
            let mut pieces = top.packages.map(|pieces| pieces.0).unwrap_or_default();
            if pieces.len() > MOST_ENTRIES {
                pieces.truncate(MOST_ENTRIES);
                let reason = format!("only the first {MOST_ENTRIES} entries of a lockfile are read");
                lock.broken.push(Broken { span: 0..1, reason });
            }
            let read: Vec<Result<Located, Broken>> = pieces
                .into_par_iter()
                .with_min_len(32)
                .map(|(key, value)| {
                    let start = offset(text, value.get());
                    let span = key_before(text, start);
                    entry(key.into_owned(), span, value.get(), start)
                })
                .collect();
            for one in read {
                match one {
                    Ok(located) => lock.entries.push(located),
                    Err(broken) => lock.broken.push(broken),
                }
            }
            lock
        }
        Err(error) => recover(text, &error),
    }
}

/// The key's place: the string that ends before the colon before `value`.
fn key_before(text: &str, value: usize) -> Span<usize> {
    let bytes = text.as_bytes();
    let Some(colon) = memchr::memrchr(b':', &bytes[..value]) else { return value..value };
    let Some(end) = memchr::memrchr(b'"', &bytes[..colon]) else { return value..value };
    let mut start = end;
    while let Some(quote) = memchr::memrchr(b'"', &bytes[..start]) {
        start = quote;
        // A quote behind an odd number of backslashes belongs to the key.
        if bytes[..quote].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0 {
            break;
        }
    }
    start..end + 1
}

fn entry(path: String, span: Span<usize>, value: &str, start: usize) -> Result<Located, Broken> {
    if path.len() > LONGEST || path.matches('/').count() > DEEPEST {
        return Err(Broken { span, reason: "no package can have a path this long".into() });
    }
    match serde_json::from_str::<Entry>(value) {
        Ok(entry) => Ok(Located { path, span, entry }),
        Err(error) => {
            // A key that stands twice is no error to npm: the last one counts.
            if let Ok(entry) = serde_json::from_str::<serde_json::Value>(value).and_then(serde_json::from_value) {
                return Ok(Located { path, span, entry });
            }
            let at = start + offset_of(value, &error);
            Err(Broken { span: at..at + 1, reason: sentence(&error) })
        }
    }
}

/// Byte offset of an error; serde_json counts lines and bytes from one.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes()).nth(line - 2).map_or(text.len(), |at| at + 1),
    };
    (line_start + error.column().saturating_sub(1)).min(text.len().saturating_sub(1))
}

fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(sentence, _)| sentence.to_owned())
}

/// Reads what can be read of a text that is not JSON, by npm's own layout: entries begin four spaces in.
fn recover(text: &str, error: &serde_json::Error) -> Lock {
    let mut lock = Lock { has_packages: true, ..Lock::default() };
    let at = offset_of(text, error);
    // (key's span, value's start)
    let mut open: Option<(Span<usize>, usize)> = None;
    let mut inside = false;
    let mut broken_in_entry = false;
    let mut close = |lock: &mut Lock, open: Option<(Span<usize>, usize)>, end: usize| {
        let Some((span, start)) = open else { return };
        let piece = text[start..end].trim_end();
        let piece = piece.strip_suffix(',').unwrap_or(piece);
        let Ok(path) = serde_json::from_str::<String>(&text[span.clone()]) else { return };
        match entry(path, span, piece, start) {
            Ok(located) => lock.entries.push(located),
            Err(broken) => {
                broken_in_entry |= lock.broken.is_empty();
                lock.broken.push(broken);
            }
        }
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begin = start;
        start += line.len();
        let trimmed = line.trim_end();
        if trimmed == "  \"packages\": {" {
            inside = true;
        } else if !inside {
            if let Some(version) = trimmed.strip_prefix("  \"lockfileVersion\": ") {
                lock.version = version.trim_end_matches(',').parse().ok();
            }
        } else if trimmed.starts_with("    \"") && trimmed.ends_with("\": {") {
            close(&mut lock, open.take(), begin);
            if lock.entries.len() >= MOST_ENTRIES {
                break;
            }
            open = Some((begin + 4..begin + trimmed.len() - 3, begin + trimmed.len() - 1));
        } else if trimmed == "  }" || trimmed == "  }," {
            close(&mut lock, open.take(), begin);
            inside = false;
        }
    }
    close(&mut lock, open.take(), text.len());
    if !broken_in_entry {
        lock.broken.push(Broken { span: at..(at + 1).min(text.len()), reason: sentence(error) });
    }
    lock
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npm::entry::Text;
    use proptest::prelude::*;

    const TEXT: &str = r#"{
  "name": "x",
  "lockfileVersion": 3,
  "packages": {
    "": {
      "dependencies": {
        "a": "^1.0.0"
      }
    },
    "node_modules/a": {
      "version": "1.0.0",
      "integrity": "sha512-AA==",
      "engines": ["node >= 0.4"],
      "os": "linux",
      "cpu": ["x64", "!arm"]
    },
    "node_modules/b": {
      "version": "2.0.0",
      "resolved": false
    }
  }
}
"#;

    #[test]
    fn entries_are_read_with_the_places_of_their_keys() {
        let lock = read(TEXT);
        assert!(lock.broken.is_empty() && lock.has_packages && lock.version == Some(3));
        let keys: Vec<&str> = lock.entries.iter().map(|entry| &TEXT[entry.span.clone()]).collect();
        assert_eq!(keys, ["\"\"", "\"node_modules/a\"", "\"node_modules/b\""]);
        assert_eq!(lock.entries[1].entry.os.0, ["linux"]);
        assert_eq!(lock.entries[2].entry.resolved, Some(Text::Other));
    }

    #[test]
    fn a_broken_entry_is_named_and_the_others_are_read() {
        let broken = TEXT.replace("\"version\": \"1.0.0\",", "\"version\": \"1.0.0\"");
        let lock = read(&broken);
        assert_eq!(lock.broken.len(), 1, "{:?}", lock.broken);
        let line = broken[..lock.broken[0].span.start].matches('\n').count();
        assert_eq!(line, 11, "where the comma should have stood before");
        let paths: Vec<&str> = lock.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["", "node_modules/b"]);
        assert_eq!(lock.version, Some(3));
    }

    #[test]
    fn a_lockfile_that_is_cut_off_is_read_up_to_there() {
        let lock = read(&TEXT[..TEXT.find("\"resolved\"").unwrap()]);
        assert_eq!(lock.broken.len(), 1, "{:?}", lock.broken);
        assert_eq!(lock.entries.len(), 2);
    }

    #[test]
    fn ten_thousand_levels_are_an_error_and_no_more() {
        for text in [
            format!("{}{}", "{\"packages\":".repeat(10_000), "}".repeat(10_000)),
            format!(
                "{{\"lockfileVersion\":3,\"packages\":{{\"node_modules/a\":{}1{}}}}}",
                "[".repeat(10_000),
                "]".repeat(10_000)
            ),
            format!(
                "{{\"lockfileVersion\":3,\"packages\":{{\"node_modules/a\":{{\"dependencies\":{}1{}}}}}}}",
                "{\"a\":".repeat(10_000),
                "}".repeat(10_000)
            ),
        ] {
            assert!(!read(&text).broken.is_empty());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,400}") {
            let _ = read(&text);
        }

        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..TEXT.len(), cut in 0..80_usize, put in "[{}\\[\\]\",:a-z\n😀\\\\ ]{0,12}") {
            let end = (at + cut).min(TEXT.len());
            let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
            let lock = read(&text);
            for broken in &lock.broken {
                prop_assert!(broken.span.start <= text.len());
            }
            for entry in &lock.entries {
                prop_assert!(text.get(entry.span.clone()).is_some());
            }
        }
    }
}
