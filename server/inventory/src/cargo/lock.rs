//! Reads `Cargo.lock` block by block, with the place of each package, so that one broken block does not hide the others.
//! May not look at any other file. `toml` reads whatever is not written as cargo writes it; the crate `cargo-lock`
//! gives neither places nor recovery, and is the judge of this file's tests.

use super::irregular::{checksum_of, irregular, read_other};
use crate::conflicted;
use crate::ecosystem::Broken;
use std::collections::HashMap;
use std::ops::Range as Span;

/// Where a locked package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder of the workspace, or near it.
    Path,
    /// crates.io, or what replaces it.
    CratesIo,
    /// Another registry; its address without credentials.
    Registry(String),
    /// A git repository; its address without credentials.
    Git(String),
    Other(String),
}

/// Whether a source is the one that lockfiles have for crates.io, whichever protocol is used.
fn is_crates_io(source: &str) -> bool {
    source.strip_prefix("registry+") == Some(tame_index::CRATES_IO_INDEX)
}

impl Source {
    pub(super) fn read(text: Option<&str>) -> Self {
        match text {
            None => Source::Path,
            Some(text) if is_crates_io(text) => Source::CratesIo,
            Some(text) => match text.split_once('+') {
                Some(("registry" | "sparse", _)) => Source::Registry(crate::fetch::without_credentials(text)),
                Some(("git", url)) => Source::Git(crate::fetch::without_credentials(url)),
                _ => Source::Other(crate::fetch::without_credentials(text)),
            },
        }
    }
}

/// One `[[package]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub name: String,
    pub version: String,
    /// As it stands there; `None` for path packages.
    pub source_text: Option<String>,
    pub source: Source,
    /// SHA-256 of the `.crate`.
    pub checksum: Option<[u8; 32]>,
    /// `name`, `name version` or `name version (source)`.
    pub dependencies: Vec<String>,
    /// The line that names it.
    pub span: Span<usize>,
}

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    pub version: Option<u32>,
    pub packages: Vec<Package>,
    pub broken: Vec<Broken>,
}

/// More packages than any project has; what comes after is not read, and said to be.
const MOST_PACKAGES: usize = 100_000;

#[derive(Default)]
struct Block {
    start: usize,
    name: Option<(String, Span<usize>)>,
    version: Option<String>,
    source: Option<String>,
    checksum: Option<String>,
    dependencies: Vec<String>,
    /// Not written as cargo writes it.
    irregular: bool,
    in_list: bool,
}

/// Reads a lockfile of any version; of one with conflict markers our side. O(length).
pub(crate) fn read(text: &str) -> Lock {
    let Some(conflicted) = conflicted::read(text) else { return read_plain(text) };
    let mut lock = read_plain(&conflicted.ours);
    lock.broken.insert(0, Broken { span: conflicted.place, reason: conflicted::REASON.into() });
    lock
}

fn read_plain(text: &str) -> Lock {
    let mut lock = Lock::default();
    let mut block: Option<Block> = None;
    // Before the first table, and in tables other than `[[package]]`: kept for `toml`.
    let mut other = 0..0;
    let mut other_start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        if line.starts_with('[') {
            if let Some(block) = block.take() {
                finish(&mut lock, block, text, start);
            } else {
                other = other_start..start;
                read_other(&mut lock, text, other.clone());
            }
            if lock.packages.len() >= MOST_PACKAGES {
                let reason = format!("only the first {MOST_PACKAGES} packages of a lockfile are read");
                lock.broken.push(Broken { span: start..start + line.len(), reason });
                return lock;
            }
            if line == "[[package]]" {
                block = Some(Block { start, ..Block::default() });
            } else {
                other_start = start;
            }
            continue;
        }
        if let Some(block) = &mut block {
            take(block, line, start);
            other_start = at;
        }
    }
    match block {
        Some(block) => finish(&mut lock, block, text, text.len()),
        None if other.end <= other_start => read_other(&mut lock, text, other_start..text.len()),
        None => {}
    }
    lock
}

/// One line inside a `[[package]]` block.
fn take(block: &mut Block, line: &str, start: usize) {
    if block.in_list {
        match line.trim_start() {
            "]" => block.in_list = false,
            item => match item.strip_suffix(',').unwrap_or(item).strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
                Some(item) if plain(item) => block.dependencies.push(item.to_owned()),
                _ => block.irregular = true,
            },
        }
        return;
    }
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    match line.split_once(" = ") {
        Some(("dependencies", "[")) => block.in_list = true,
        Some((key, value)) => match value.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
            Some(value) if plain(value) => {
                let value = value.to_owned();
                let slot = match key {
                    "name" if block.name.is_none() => {
                        block.name = Some((value, start..start + line.len()));
                        return;
                    }
                    "version" => &mut block.version,
                    "source" => &mut block.source,
                    "checksum" => &mut block.checksum,
                    "replace" => return,
                    _ => {
                        block.irregular = true;
                        return;
                    }
                };
                // A key that stands twice is for `toml` to refuse.
                block.irregular |= slot.replace(value).is_some();
            }
            _ => block.irregular = true,
        },
        None => block.irregular = true,
    }
}

fn plain(text: &str) -> bool {
    !text.bytes().any(|b| b == b'"' || b == b'\\' || b < b' ')
}

fn finish(lock: &mut Lock, block: Block, text: &str, end: usize) {
    if !block.irregular
        && !block.in_list
        && let (Some((name, span)), Some(version)) = (block.name, block.version)
        && let Ok(checksum) = block.checksum.as_deref().map(checksum_of).transpose()
    {
        let source = Source::read(block.source.as_deref());
        lock.packages.push(Package {
            name,
            version,
            source,
            source_text: block.source,
            checksum,
            dependencies: block.dependencies,
            span,
        });
        return;
    }
    match irregular(text, block.start..end) {
        Ok(packages) => lock.packages.extend(packages),
        Err(broken) => lock.broken.push(broken),
    }
}

/// By package: the packages that it depends on. A dependency that the lockfile does not hold is left out.
pub(crate) fn edges(lock: &Lock) -> Vec<Vec<u32>> {
    let mut by_name: HashMap<&str, Vec<u32>> = HashMap::with_capacity(lock.packages.len());
    for (at, package) in lock.packages.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at as u32);
    }
    let find = |dependency: &String| -> Vec<u32> {
        let mut parts = dependency.splitn(3, ' ');
        let (name, version, source) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let source = source.map(|s| s.trim_start_matches('(').trim_end_matches(')'));
        let same = |at: &&u32| {
            let package = &lock.packages[**at as usize];
            version.is_none_or(|version| version == package.version)
                && source.is_none_or(|source| package.source_text.as_deref() == Some(source))
        };
        by_name.get(name).map(|all| all.iter().filter(same).copied().collect()).unwrap_or_default()
    };
    lock.packages.iter().map(|package| package.dependencies.iter().flat_map(find).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// This repository's own lockfile: real input of several hundred packages.
    const REAL: &str = include_str!("../../../../Cargo.lock");

    #[test]
    fn a_real_lockfile_reads_as_the_crate_cargo_lock_reads_it() {
        let ours = read(REAL);
        let theirs: cargo_lock::Lockfile = REAL.parse().unwrap();
        assert!(ours.broken.is_empty() && ours.packages.len() > 100);
        assert_eq!(ours.version, Some(4));
        assert_eq!(ours.packages.len(), theirs.packages.len());
        let edges = edges(&ours);
        for (package, edges) in ours.packages.iter().zip(&edges) {
            let same = theirs
                .packages
                .iter()
                .find(|p| p.name.as_str() == package.name && p.version.to_string() == package.version)
                .unwrap();
            assert_eq!(
                package.source == Source::CratesIo,
                same.source.as_ref().is_some_and(cargo_lock::SourceId::is_default_registry)
            );
            let checksum = same.checksum.as_ref().map(ToString::to_string);
            assert_eq!(package.checksum.map(hex::encode), checksum);
            let names: Vec<_> = edges.iter().map(|&to| ours.packages[to as usize].name.as_str()).collect();
            assert_eq!(names, same.dependencies.iter().map(|d| d.name.as_str()).collect::<Vec<_>>());
            assert!(REAL[package.span.clone()].starts_with("name = \""));
        }
    }

    #[test]
    fn a_broken_block_is_named_and_the_others_are_read() {
        let at = REAL.find("name = \"base64\"").unwrap();
        // What is no TOML costs its package; a conflict's marker only says that it is there.
        for (put, lost) in [("no toml here", 1), ("<<<<<<< ours", 0)] {
            let lock = read(&format!("{}{put}\n{}", &REAL[..at], &REAL[at..]));
            assert_eq!(lock.broken.len(), 1);
            let span = lock.broken[0].span.clone();
            assert!(at <= span.start && span.end <= at + put.len(), "at the place: {span:?}");
            assert_eq!(lock.packages.len(), read(REAL).packages.len() - lost);
        }
    }

    #[test]
    fn a_lockfile_of_version_1_has_its_checksums_apart() {
        let sum = "ab".repeat(32);
        let source = format!("registry+{}", tame_index::CRATES_IO_INDEX);
        let text = format!(
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n\n[metadata]\n\"checksum a 1.0.0 ({source})\" = \"{sum}\"\n"
        );
        let lock = read(&text);
        assert!(lock.broken.is_empty());
        assert_eq!(lock.packages[0].checksum, Some([0xab; 32]));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,400}") {
            let _ = edges(&read(&text));
        }

        #[test]
        fn no_mutation_of_a_real_lockfile_makes_the_reader_panic(at in 0..6_000_usize, cut in 0..300_usize, put in "[\\[\\]\"=a-z\n😀 ]{0,12}") {
            let head = &REAL[..REAL.len().min(8_000)];
            let end = (at + cut).min(head.len());
            let text = format!("{}{put}{}", &head[..at], &head[end..]);
            let lock = read(&text);
            for broken in &lock.broken {
                prop_assert!(text.get(broken.span.clone()).is_some(), "{:?}", broken.span);
            }
            for package in &lock.packages {
                prop_assert!(text.get(package.span.clone()).is_some());
            }
        }
    }
}
