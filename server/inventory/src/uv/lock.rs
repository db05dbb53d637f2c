//! Reads `uv.lock` package by package, with the place of each, so that one broken package does not hide the others.
//! May not look at any other file. `toml` does the reading; the lines that begin packages are where uv writes them.

use super::name;
use crate::conflicted;
use crate::ecosystem::Broken;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range as Span;

/// More packages than any project has; what comes after is not read, and said to be.
const MOST_PACKAGES: usize = 100_000;
/// Longer names no file system has, in bytes.
const LONGEST: usize = 255;

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub head: Head,
    pub packages: Vec<Located>,
    pub broken: Vec<Broken>,
}

/// A package and the line that names it.
#[derive(Debug)]
pub(super) struct Located {
    pub package: Package,
    pub span: Span<usize>,
}

/// What stands before the first package.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Head {
    pub version: Option<u32>,
    #[serde(default)]
    pub revision: u32,
    pub requires_python: Option<String>,
    #[serde(default)]
    pub conflicts: Vec<toml::Value>,
    #[serde(default)]
    pub supported_markers: Vec<String>,
    #[serde(default)]
    pub required_markers: Vec<String>,
    #[serde(default)]
    pub options: toml::Table,
    #[serde(default)]
    pub manifest: Manifest,
}

/// What the lockfile was made for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    pub members: Vec<String>,
    /// Overrides, constraints and more, which are not compared.
    #[serde(flatten)]
    pub others: toml::Table,
}

/// One `[[package]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Package {
    pub name: String,
    /// None where it is dynamic.
    pub version: Option<String>,
    pub source: Source,
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    pub sdist: Option<Archive>,
    #[serde(default)]
    pub wheels: Vec<Archive>,
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default)]
    pub dev_dependencies: BTreeMap<String, Vec<Dependency>>,
    /// What is installed where nobody says which groups: a list, or `all`.
    pub default_groups: Option<toml::Value>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Where a package comes from; one of them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Source {
    pub registry: Option<String>,
    pub git: Option<String>,
    pub url: Option<String>,
    pub path: Option<String>,
    pub directory: Option<String>,
    pub editable: Option<String>,
    #[serde(rename = "virtual")]
    pub bare: Option<String>,
    pub subdirectory: Option<String>,
}

impl Source {
    /// The folder of sources that stand beside the lockfile.
    pub(super) fn folder(&self) -> Option<&str> {
        self.directory.as_deref().or(self.editable.as_deref()).or(self.bare.as_deref())
    }

    /// It is what this project is made of: there is nothing to fetch for it but what building it needs.
    pub(super) fn is_local(&self) -> bool {
        self.folder().is_some()
    }
}

/// Who is needed.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Dependency {
    pub name: String,
    pub version: Option<String>,
    pub source: Option<Source>,
    #[serde(default)]
    pub extra: Vec<String>,
    pub marker: Option<String>,
}

/// A wheel or the sources of a package.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Archive {
    pub url: Option<String>,
    pub path: Option<String>,
    pub filename: Option<String>,
    pub hash: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
}

impl Archive {
    /// The last part of its address.
    pub(super) fn file_name(&self) -> Option<String> {
        if let Some(name) = &self.filename {
            return Some(name.clone());
        }
        let place = self.url.as_deref().or(self.path.as_deref())?;
        let place = place.split(['?', '#']).next().unwrap_or(place);
        let last = place.rsplit('/').next().unwrap_or(place);
        Some(percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned())
    }
}

/// What the package's manifest asked for when it was locked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    #[serde(default)]
    pub requires_dist: Vec<Requirement>,
    #[serde(default)]
    pub provides_extras: Vec<String>,
    #[serde(default)]
    pub requires_dev: BTreeMap<String, Vec<Requirement>>,
}

/// One of these.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Requirement {
    pub name: String,
    #[serde(default)]
    pub extras: Vec<String>,
    pub specifier: Option<String>,
    pub marker: Option<String>,
    /// Where it is to come from: `index`, `git`, `path`, ….
    #[serde(flatten)]
    pub from: toml::Table,
}

#[derive(Deserialize)]
struct Block {
    package: Vec<Package>,
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
    let starts = starts(text, "[[package]]", &mut lock.broken);
    let head = &text[..starts.first().copied().unwrap_or(text.len())];
    match toml::from_str(head) {
        Ok(head) => lock.head = head,
        Err(error) => lock.broken.push(broken(0, head, &error)),
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    let read: Vec<Result<Located, Broken>> = starts
        .into_par_iter()
        .zip(ends)
        .with_min_len(16)
        .map(|(start, end)| located(start, &text[start..end]))
        .collect();
    for one in read {
        match one {
            Ok(located) => lock.packages.push(located),
            Err(broken) => lock.broken.push(broken),
        }
    }
    lock
}

/// Where packages begin: lines that say so, and no more of them than are read.
pub(super) fn starts(text: &str, mark: &str, broken: &mut Vec<Broken>) -> Vec<usize> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == mark {
            starts.push(at);
        }
        at += line.len();
    }
    if starts.len() > MOST_PACKAGES {
        let reason = format!("only the first {MOST_PACKAGES} packages of a lockfile are read");
        broken.push(Broken { span: starts[MOST_PACKAGES]..starts[MOST_PACKAGES] + 1, reason });
        starts.truncate(MOST_PACKAGES);
    }
    starts
}

fn located(start: usize, block: &str) -> Result<Located, Broken> {
    let package = match toml::from_str::<Block>(block) {
        Ok(Block { mut package }) if package.len() == 1 => package.remove(0),
        Ok(_) => return Err(Broken { span: start..start + 1, reason: "it is no single package".into() }),
        Err(error) => return Err(broken(start, block, &error)),
    };
    checked(package, start, block)
}

/// A package with the line that names it, unless its names are none.
pub(super) fn checked(package: Package, start: usize, block: &str) -> Result<Located, Broken> {
    let mut span = start..start + block.find('\n').unwrap_or(block.len());
    let mut at = start;
    for line in block.split_inclusive('\n') {
        if line.starts_with("name") {
            span = at..at + line.trim_end().len();
            break;
        }
        at += line.len();
    }
    let odd = |text: &str| text.len() > LONGEST || text.contains(['/', '\\', '\0']) || text.starts_with('.');
    if name::normal(&package.name).as_deref() != Some(package.name.as_str()) {
        return Err(Broken { span, reason: "no package can have this name".into() });
    }
    if package.version.as_deref().is_some_and(odd) {
        return Err(Broken { span, reason: "no package can have this version".into() });
    }
    if let (Some(version), None) = (&package.version, &package.source.git) {
        let mut wheels = package.wheels.iter().filter_map(|archive| name::Wheel::read(&archive.file_name()?));
        if wheels.any(|wheel| !super::store::same(&wheel.version, version) || wheel.name != package.name) {
            return Err(Broken {
                span,
                reason: "one of its wheels is another package's, or of another version".into(),
            });
        }
    }
    Ok(Located { package, span })
}

pub(super) fn broken(start: usize, text: &str, error: &toml::de::Error) -> Broken {
    let span = error.span().unwrap_or(0..1);
    let end = (start + span.end.max(span.start + 1)).min(start + text.len()).max(start + span.start);
    Broken { span: start + span.start..end, reason: error.message().to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = r#"version = 1
revision = 5
requires-python = ">=3.10"

[[package]]
name = "a"
version = "1.0"
source = { registry = "https://example.org/simple" }
dependencies = [
    { name = "b", extra = ["x"], marker = "python_full_version < '3.12'" },
]
sdist = { url = "https://example.org/a-1.0.tar.gz", hash = "sha256:aa", size = 1 }
wheels = [
    { url = "https://example.org/a-1.0-py3-none-any.whl", hash = "sha256:bb" },
]

[[package]]
name = "ws"
version = "0.1.0"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "a", specifier = ">=1" }]
"#;

    #[test]
    fn packages_are_read_with_their_places_and_what_belongs_to_them() {
        let lock = read(TEXT);
        assert!(lock.broken.is_empty(), "{:?}", lock.broken);
        assert_eq!((lock.head.version, lock.head.revision), (Some(1), 5));
        let named: Vec<&str> = lock.packages.iter().map(|located| &TEXT[located.span.clone()]).collect();
        assert_eq!(named, ["name = \"a\"", "name = \"ws\""]);
        assert_eq!(lock.packages[0].package.wheels[0].file_name().unwrap(), "a-1.0-py3-none-any.whl");
        assert_eq!(lock.packages[1].package.metadata.requires_dist[0].specifier.as_deref(), Some(">=1"));
    }

    #[test]
    fn a_broken_package_is_named_and_the_others_are_read() {
        let lock = read(&TEXT.replace("version = \"1.0\"", "version = "));
        assert_eq!(lock.broken.len(), 1);
        assert_eq!(TEXT[..lock.broken[0].span.start].matches('\n').count(), 6);
        assert_eq!(lock.packages.len(), 1);
    }

    #[test]
    fn names_that_lead_elsewhere_and_deep_nests_are_errors_and_no_more() {
        for (from, to) in [("name = \"a\"", "name = \"../../a\""), ("version = \"1.0\"", "version = \"../1\"")] {
            assert_eq!(read(&TEXT.replace(from, to)).broken.len(), 1, "{to}");
        }
        let deep = format!("[[package]]\nname = \"a\"\nsource = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&deep).broken.len(), 1);
        let deep = format!("x = {}1{}\n", "{a=".repeat(10_000), "}".repeat(10_000));
        assert_eq!(read(&deep).broken.len(), 1);
    }

    proptest! {
        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..TEXT.len(), cut in 0..80_usize, put in "[{}\\[\\]\",:=a-z\n😀\\\\ ]{0,12}") {
            let end = (at + cut).min(TEXT.len());
            let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
            let lock = read(&text);
            for broken in &lock.broken {
                prop_assert!(broken.span.start <= text.len() && broken.span.end >= broken.span.start);
            }
            for located in &lock.packages {
                prop_assert!(text.get(located.span.clone()).is_some());
            }
        }
    }
}
