//! Reads a requirements file as pip does: continued lines, comments, variables, options, checksums; each entry with its place.
//! May not look at any other file: what a file includes is for others to follow.

use crate::ecosystem::Broken;
use crate::verify::{Algorithm, Sum};
use std::ops::Range as Span;

/// More entries than any project has; what comes after is not read, and said to be.
const MOST: usize = 100_000;
/// Longer lines are not read, in bytes: one entry with the checksums of a thousand files is shorter.
const LONGEST: usize = 1 << 20;

/// A file, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    pub entries: Vec<Entry>,
    pub broken: Vec<Broken>,
}

/// One entry and the first line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub what: What,
    pub span: Span<usize>,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A requirement, with the checksums one of which its file must have.
    Package {
        text: String,
        sums: Vec<Sum>,
        editable: bool,
    },
    /// `-r`.
    Include(String),
    /// `-c`.
    Constraints(String),
    FindLinks(String),
    NoIndex,
    Index(String),
    RequireHashes,
    PreReleases,
    PreferBinary,
    /// It changes the answer and is not followed; its name.
    Other(String),
    /// It changes nothing of the answer.
    Nothing,
}

/// Reads a text; `variable` has the values of what stands as `${NAME}`. O(length).
pub(super) fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Requirements {
    let mut out = Requirements::default();
    for (line, span) in logical(text) {
        if out.entries.len() >= MOST {
            let reason = format!("only the first {MOST} entries of a requirements file are read");
            out.broken.push(Broken { span, reason });
            break;
        }
        if line.len() > LONGEST {
            let reason = format!("this line is longer than the {} KiB that are read", LONGEST >> 10);
            out.broken.push(Broken { span, reason });
            continue;
        }
        match entries(&expanded(&line, variable)) {
            Ok(all) => out.entries.extend(all.into_iter().map(|what| Entry { what, span: span.clone() })),
            Err(reason) => out.broken.push(Broken { span, reason }),
        }
    }
    out
}

/// Lines as pip joins them, without comments and spaces around, each with the place of its first line.
fn logical(text: &str) -> Vec<(String, Span<usize>)> {
    let mut out = Vec::new();
    let mut open: Option<(String, Span<usize>)> = None;
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if at == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let begin = at + whole.find(|c: char| !c.is_whitespace() && c != '\u{feff}').unwrap_or(0);
        let end = at + whole.trim_end().len();
        at += whole.len();
        let comment = line.trim_start().starts_with('#');
        let goes_on = line.ends_with('\\') && !comment;
        let piece = match (goes_on, comment) {
            (true, _) => line.trim_matches('\\').to_owned(),
            // So that it is one within a joined line too.
            (false, true) => format!(" {line}"),
            (false, false) => line.to_owned(),
        };
        let (joined, _) = open.get_or_insert_with(|| (String::new(), begin..end.max(begin)));
        joined.push_str(&piece);
        if !goes_on {
            out.extend(open.take());
        }
    }
    out.extend(open);
    let bare = |(line, span): (String, Span<usize>)| {
        let line = without_comment(&line).trim().to_owned();
        (!line.is_empty()).then(|| {
            // The first line alone, without its comment.
            let first = text.get(span.clone()).unwrap_or_default();
            let length = without_comment(first).trim_end_matches('\\').trim_end().len();
            (line, span.start..span.start + length.max(1).min(first.len().max(1)))
        })
    };
    out.into_iter().filter_map(bare).collect()
}

/// A comment begins at the line's start or behind a space.
fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| *at == 0 || line[..*at].ends_with(char::is_whitespace);
    memchr::memchr_iter(b'#', line.as_bytes()).find(begins).map_or(line, |at| &line[..at])
}

fn expanded(line: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("${") {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let name = behind[2..].split('}').next().unwrap_or_default();
        let plain = !name.is_empty()
            && behind[2..].len() > name.len()
            && name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
        let known = variable(name).filter(|value| plain && !value.is_empty() && value.len() <= LONGEST);
        if let Some(value) = known {
            out.push_str(&value);
            rest = &behind[name.len() + 3..];
        } else {
            out.push_str("${");
            rest = &behind[2..];
        }
        if out.len() > LONGEST {
            break;
        }
    }
    out.push_str(rest);
    out
}

fn entries(line: &str) -> Result<Vec<What>, String> {
    let words = line.split(' ').take_while(|word| !word.starts_with('-')).map(str::len);
    let length: usize = words.map(|length| length + 1).sum();
    let (argument, options) = line.split_at(length.min(line.len()));
    let options = options_of(options)?;
    let argument = argument.trim();
    let editable = options.iter().find(|(name, _)| *name == "--editable").map(|(_, value)| value.clone());
    if !argument.is_empty() || editable.is_some() {
        let mut sums = Vec::new();
        for (name, value) in &options {
            // Others are not heard beside a requirement.
            if *name == "--hash" {
                sums.push(sum(value)?);
            }
        }
        let text = if argument.is_empty() { editable.clone().unwrap_or_default() } else { argument.to_owned() };
        return Ok(vec![What::Package { text, sums, editable: argument.is_empty() }]);
    }
    // Of several on one line a file that is included is the only one that pip hears.
    for (name, value) in &options {
        if *name == "--requirement" {
            return Ok(vec![What::Include(value.clone())]);
        }
    }
    for (name, value) in &options {
        if *name == "--constraint" {
            return Ok(vec![What::Constraints(value.clone())]);
        }
    }
    let what = |(name, value): (&'static str, String)| match name {
        "--find-links" => What::FindLinks(value),
        "--no-index" => What::NoIndex,
        "--index-url" | "--extra-index-url" => What::Index(value),
        "--require-hashes" => What::RequireHashes,
        "--pre" => What::PreReleases,
        "--prefer-binary" => What::PreferBinary,
        "--trusted-host" | "--hash" | "--nothing" => What::Nothing,
        other => What::Other(other.to_owned()),
    };
    Ok(options.into_iter().map(what).collect())
}

/// The options that pip takes in a requirements file, with their short and long names and whether a value follows.
const OPTIONS: [(&str, &str, bool); 19] = [
    ("-r", "--requirement", true),
    ("-c", "--constraint", true),
    ("-e", "--editable", true),
    ("-f", "--find-links", true),
    ("-i", "--index-url", true),
    ("", "--pypi-url", true),
    ("", "--extra-index-url", true),
    ("", "--no-index", false),
    ("", "--no-binary", true),
    ("", "--only-binary", true),
    ("", "--prefer-binary", false),
    ("", "--require-hashes", false),
    ("", "--no-require-hashes", false),
    ("", "--pre", false),
    ("", "--all-releases", true),
    ("", "--only-final", true),
    ("", "--trusted-host", true),
    ("", "--use-feature", true),
    ("", "--hash", true),
];
/// As above; what is asked of a build changes no answer about what is here.
const SILENT: [(&str, &str, bool); 1] = [("-C", "--config-settings", true)];

fn options_of(text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let mut words = split(text)?.into_iter();
    let mut out = Vec::new();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            // pip passes over what stands between options.
            continue;
        }
        let (name, mut value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        let all = || OPTIONS.iter().chain(&SILENT);
        let long = |known: &&(&str, &'static str, bool)| name.starts_with("--") && known.1.starts_with(name.as_str());
        // A long name may be cut short as long as it stays one.
        let known = all().find(|known| known.1 == name).or_else(|| {
            let mut fitting = all().filter(long);
            fitting.next().filter(|_| fitting.next().is_none() && name.len() > 3)
        });
        let known = known.or_else(|| {
            let short = all().find(|known| !known.0.is_empty() && !name.starts_with("--") && name.starts_with(known.0));
            if let Some(short) = short {
                let behind = &word[short.0.len()..];
                value = (!behind.is_empty()).then(|| behind.to_owned());
            }
            short
        });
        let Some(&(_, long, takes)) = known else { return Err(format!("pip knows no such option here: {name}")) };
        let value = match (takes, value) {
            (true, Some(value)) => value,
            (true, None) => words.next().ok_or_else(|| format!("a value must follow {long}"))?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(format!("no value may follow {long}")),
        };
        let long = match long {
            "--pypi-url" => "--index-url",
            "--config-settings" => "--nothing",
            long => long,
        };
        out.push((long, value));
    }
    Ok(out)
}

/// Words as a shell parts them.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next().ok_or("a quote is not closed")? {
                        end if end == letter => break,
                        '\\' if letter == '"' => match letters.next().ok_or("a quote is not closed")? {
                            next @ ('"' | '\\') => word.push(next),
                            next => word.extend(['\\', next]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next().ok_or("nothing follows a backslash")?),
            space if space.is_whitespace() => out.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    out.extend(word);
    Ok(out)
}

fn sum(text: &str) -> Result<Sum, String> {
    let (name, digest) = text.split_once(':').ok_or("--hash is written as --hash=NAME:DIGEST")?;
    let strong = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    let algorithm = Algorithm::from_name(name)
        .filter(|algorithm| strong.contains(algorithm))
        .ok_or_else(|| format!("pip takes no checksum of this kind: {}", name.chars().take(40).collect::<String>()))?;
    // One that no file can have is heard, and no file fits.
    let bytes = hex::decode(digest).ok().filter(|bytes| bytes.len() == algorithm.len()).unwrap_or_default();
    Ok(Sum { algorithm, bytes })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> Requirements {
        read(text, &|name| (name == "WHERE").then(|| "wheels".into()))
    }

    const HASH: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn entries_are_read_with_their_places_options_and_checksums() {
        let text = format!(
            "# first\n-f ${{WHERE}} --no-index\na==1 ; python_version < '4' \\\n    --hash={HASH} \\\n    --hash {HASH}  # behind\n\n-r more.txt\n-e ./lib\nb @ https://example.org/b#egg=b\n"
        );
        let read = plain(&text);
        assert!(read.broken.is_empty(), "{:?}", read.broken);
        let said: Vec<&What> = read.entries.iter().map(|entry| &entry.what).collect();
        assert_eq!(said[..2], [&What::FindLinks("wheels".into()), &What::NoIndex]);
        let What::Package { text: package, sums, editable: false } = said[2] else { panic!("{:?}", said[2]) };
        assert_eq!((package.as_str(), sums.len()), ("a==1 ; python_version < '4'", 2));
        assert_eq!(&text[read.entries[2].span.clone()], "a==1 ; python_version < '4'");
        assert_eq!(said[3], &What::Include("more.txt".into()));
        assert!(matches!(said[4], What::Package { editable: true, text, .. } if text == "./lib"));
        assert!(matches!(said[5], What::Package { text, .. } if text == "b @ https://example.org/b#egg=b"));
    }

    #[test]
    fn what_pip_does_not_take_is_named_and_the_rest_is_read() {
        for odd in ["--weird x", "-f", "--no-index=1", "a --hash=md5:aa", "a --hash=x", "-r 'x", "--pre --index-url"] {
            let read = plain(&format!("x==1\n{odd}\ny==2\n"));
            assert_eq!((read.broken.len(), read.entries.len()), (1, 2), "{odd}: {read:?}");
            assert_eq!(read.broken[0].span.start, 5, "{odd}");
        }
        let read = plain(&format!("a==1 {}\nb==1\n", "x".repeat(LONGEST)));
        assert_eq!((read.broken.len(), read.entries.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-a-z=<>\"'\\\\#;@$\\{\\}A-Z \n😀:./\\[\\]]{0,160}") {
            for entry in &plain(&text).entries {
                prop_assert!(text.get(entry.span.clone()).is_some(), "{:?}", entry.span);
            }
        }
    }
}
