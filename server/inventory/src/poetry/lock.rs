//! Reads `poetry.lock` package by package, with the place of each, so that one broken package does not hide the others.
//! May not look at any other file.

use crate::conflicted;
use crate::ecosystem::Broken;
use crate::python::name;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range as Span;

/// More packages than any project has; what comes after is not read, and said to be.
const MOST_PACKAGES: usize = 100_000;

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub metadata: Metadata,
    /// The version of Poetry that wrote it, as its first line says.
    pub written_by: Option<String>,
    pub packages: Vec<Located>,
    pub broken: Vec<Broken>,
}

/// A package and the line that names it.
#[derive(Debug)]
pub(super) struct Located {
    pub package: Package,
    pub span: Span<usize>,
}

/// What stands behind the packages.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub lock_version: Option<String>,
    pub python_versions: Option<String>,
    pub content_hash: Option<String>,
}

/// One `[[package]]`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Package {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub optional: bool,
    /// None where the lockfile has a form before 2.1.
    pub groups: Option<Vec<String>>,
    /// One condition, or one for each group.
    pub markers: Option<Markers>,
    #[serde(default)]
    pub dependencies: BTreeMap<String, toml::Value>,
    pub source: Option<Source>,
}

/// Conditions under which a package is installed.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Markers {
    All(String),
    Each(BTreeMap<String, String>),
}

/// Where it comes from, if not from the usual registry.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Source {
    #[serde(rename = "type")]
    pub kind: String,
    pub url: Option<String>,
    /// What the source is called.
    pub reference: Option<String>,
}

#[derive(Deserialize)]
struct Block {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Tail {
    metadata: Option<Metadata>,
}

/// Reads a lockfile; of one with conflict markers our side. O(length).
pub(super) fn read(text: &str) -> Lock {
    let Some(conflicted) = conflicted::read(text) else { return read_plain(text) };
    let mut lock = read_plain(&conflicted.ours);
    lock.broken.insert(0, Broken { span: conflicted.place, reason: conflicted::REASON.into() });
    lock
}

fn read_plain(text: &str) -> Lock {
    let mut lock = Lock::default();
    let first = text.lines().next().unwrap_or_default();
    lock.written_by = first.split_once("Poetry ").and_then(|(_, rest)| rest.split(' ').next()).map(str::to_owned);
    // Packages, and what follows the last of them.
    let mut parts: Vec<(usize, bool)> = vec![(0, false)];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let package = bare == "[[package]]";
        let own = ["[package.", "[[package."].iter().any(|start| bare.starts_with(start));
        if package || (bare.starts_with('[') && !own) {
            parts.push((at, package));
        }
        at += line.len();
    }
    let ends = parts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]).collect::<Vec<_>>();
    for ((start, package), end) in parts.into_iter().zip(ends) {
        let block = &text[start..end];
        if package && lock.packages.len() >= MOST_PACKAGES {
            let reason = format!("only the first {MOST_PACKAGES} packages of a lockfile are read");
            lock.broken.push(Broken { span: start..start + 1, reason });
            break;
        }
        if package {
            match located(start, block) {
                Ok(located) => lock.packages.push(located),
                Err(broken) => lock.broken.push(broken),
            }
            continue;
        }
        match toml::from_str::<Tail>(block) {
            Ok(Tail { metadata: Some(metadata) }) => lock.metadata = metadata,
            Ok(_) => {}
            Err(error) => lock.broken.push(broken(start, block, &error)),
        }
    }
    lock
}

fn located(start: usize, block: &str) -> Result<Located, Broken> {
    let package = match toml::from_str::<Block>(block) {
        Ok(Block { mut package }) if package.len() == 1 => package.remove(0),
        Ok(_) => return Err(Broken { span: start..start + 1, reason: "it is no single package".into() }),
        Err(error) => return Err(broken(start, block, &error)),
    };
    let mut span = start..start + "[[package]]".len();
    let mut at = start;
    for line in block.split_inclusive('\n') {
        if line.starts_with("name") {
            span = at..at + line.trim_end().len();
            break;
        }
        at += line.len();
    }
    if name::normal(&package.name).is_none() {
        return Err(Broken { span, reason: "no package can have this name".into() });
    }
    if package.version.len() > 255 || package.version.contains(['/', '\\', '\0']) {
        return Err(Broken { span, reason: "no package can have this version".into() });
    }
    Ok(Located { package, span })
}

fn broken(start: usize, text: &str, error: &toml::de::Error) -> Broken {
    let span = error.span().unwrap_or(0..1);
    let end = (start + span.end.max(span.start + 1)).min(start + text.len()).max(start + span.start);
    Broken { span: start + span.start..end, reason: error.message().to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = r#"# This file is automatically generated by Poetry 2.5.1 and should not be changed by hand.

[[package]]
name = "a"
version = "1.0"
optional = false
groups = ["main", "dev"]
markers = {main = "extra == \"x\"", dev = "sys_platform == \"win32\""}
files = [
    {file = "a-1.0-py3-none-any.whl", hash = "sha256:aa"},
]

[package.dependencies]
b = ">=1"

[[package]]
name = "b"
version = "2.0"
optional = true
groups = ["main"]
files = []

[extras]
x = ["a"]

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "00"
"#;

    #[test]
    fn packages_are_read_with_their_places_and_the_head_of_the_file() {
        let lock = read(TEXT);
        assert!(lock.broken.is_empty(), "{:?}", lock.broken);
        assert_eq!((lock.written_by.as_deref(), lock.metadata.lock_version.as_deref()), (Some("2.5.1"), Some("2.1")));
        let named: Vec<&str> = lock.packages.iter().map(|located| &TEXT[located.span.clone()]).collect();
        assert_eq!(named, ["name = \"a\"", "name = \"b\""]);
        assert!(matches!(&lock.packages[0].package.markers, Some(Markers::Each(each)) if each.len() == 2));
        assert!(lock.packages[0].package.dependencies.contains_key("b"));
    }

    #[test]
    fn a_broken_package_is_named_and_the_others_are_read() {
        let lock = read(&TEXT.replace("version = \"1.0\"", "version = "));
        assert_eq!((lock.broken.len(), lock.packages.len()), (1, 1));
        for (from, to) in [("name = \"a\"", "name = \"../a\""), ("version = \"1.0\"", "version = \"../1\"")] {
            assert_eq!(read(&TEXT.replace(from, to)).broken.len(), 1, "{to}");
        }
        let deep = format!("[[package]]\nname = \"a\"\nsource = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&deep).broken.len(), 1);
    }

    proptest! {
        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..TEXT.len(), cut in 0..80_usize, put in "[{}\\[\\]\",:=a-z\n😀\\\\ ]{0,12}") {
            let end = (at + cut).min(TEXT.len());
            let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
            for located in &read(&text).packages {
                prop_assert!(text.get(located.span.clone()).is_some());
            }
        }
    }
}
