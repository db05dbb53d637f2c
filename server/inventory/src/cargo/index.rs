//! Reads one version out of cargo's cached index entry: checksum, features, dependencies.
//! May not decide which folder is the right one. Format: cargo's `sources/registry/index/cache.rs`, version 3, schema 2.

use serde::Deserialize;
use std::borrow::Cow;
use std::path::PathBuf;

/// What the index says about one version.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub deps: Vec<Dependency<'a>>,
    /// SHA-256 of the `.crate`, in hexadecimal.
    #[serde(borrow)]
    pub cksum: Cow<'a, str>,
    #[serde(default)]
    pub features: Features<'a>,
    #[serde(default)]
    pub features2: Option<Features<'a>>,
    /// Its author has withdrawn it: whoever locked it keeps it, nobody locks it anew.
    #[serde(default)]
    pub yanked: Option<bool>,
    /// Schema of the entry; cargo leaves out what it does not know.
    #[serde(default)]
    pub v: Option<u32>,
}

/// A feature and what it switches on.
pub(crate) type Features<'a> = std::collections::BTreeMap<String, Vec<Cow<'a, str>>>;

/// One dependency as the index has it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub req: Cow<'a, str>,
    #[serde(default)]
    pub features: Vec<Cow<'a, str>>,
    #[serde(default)]
    pub optional: bool,
    #[serde(default = "yes")]
    pub default_features: bool,
    #[serde(default)]
    pub target: Option<Cow<'a, str>>,
    #[serde(default)]
    pub kind: Option<Cow<'a, str>>,
    /// The crate's name, where `name` is an alias.
    #[serde(default)]
    pub package: Option<Cow<'a, str>>,
    /// The address of the registry that it comes from, where that is another one.
    #[serde(default)]
    pub registry: Option<Cow<'a, str>>,
}

fn yes() -> bool {
    true
}

/// Why an index entry says nothing about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silent {
    /// Not in the form that cargo writes, or in an older one: cargo treats it as absent.
    Form,
    /// Written by a newer cargo, in a form that is not known here.
    Newer,
    /// Older than the version.
    Version,
    /// The version's line cannot be read.
    Line,
}

const CACHE_VERSION: u8 = 3;
const INDEX_SCHEMA: u32 = 2;

/// The line for `version` in the bytes of a cached entry.
pub(crate) fn entry<'a>(bytes: &'a [u8], version: &str) -> Result<Entry<'a>, Silent> {
    let (&form, rest) = bytes.split_first().ok_or(Silent::Form)?;
    let (schema, rest) = rest.split_first_chunk::<4>().ok_or(Silent::Form)?;
    let schema = u32::from_le_bytes(*schema);
    if (form == CACHE_VERSION + 1 && schema < 16) || (form == CACHE_VERSION && schema == INDEX_SCHEMA + 1) {
        return Err(Silent::Newer);
    }
    if form != CACHE_VERSION || schema != INDEX_SCHEMA {
        return Err(Silent::Form);
    }
    let mut parts = memchr::memchr_iter(0, rest);
    let mut from = parts.next().ok_or(Silent::Form)? + 1;
    while let (Some(end_version), Some(end_line)) = (parts.next(), parts.next()) {
        if rest.get(from..end_version) == Some(version.as_bytes()) {
            let line = rest.get(end_version + 1..end_line).ok_or(Silent::Line)?;
            let entry: Entry<'a> = serde_json::from_slice(line).map_err(|_| Silent::Line)?;
            return if entry.v.unwrap_or(1) > INDEX_SCHEMA { Err(Silent::Version) } else { Ok(entry) };
        }
        from = end_line + 1;
    }
    Err(Silent::Version)
}

/// The line for `version` in an entry of an index that is a folder: one line of JSON for each version.
pub(crate) fn line<'a>(text: &'a str, version: &str) -> Result<Entry<'a>, Silent> {
    #[derive(Deserialize)]
    struct Version<'a> {
        #[serde(borrow)]
        vers: Cow<'a, str>,
    }
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        // Cargo passes over lines that it cannot read.
        let Ok(named) = serde_json::from_str::<Version<'_>>(line) else { continue };
        if named.vers == version {
            let entry: Entry<'a> = serde_json::from_str(line).map_err(|_| Silent::Line)?;
            return if entry.v.unwrap_or(1) > INDEX_SCHEMA { Err(Silent::Version) } else { Ok(entry) };
        }
    }
    Err(Silent::Version)
}

/// Where an index keeps a crate's entry: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcd`, in lower case.
/// `None`: the name is none that a registry takes, and could lead elsewhere.
pub(crate) fn shard(name: &str) -> Option<PathBuf> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fine) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    Some(match name.len() {
        1 | 2 => PathBuf::from(name.len().to_string()).join(name),
        3 => PathBuf::from("3").join(&name[..1]).join(name),
        _ => PathBuf::from(&name[..2]).join(&name[2..4]).join(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"{"name":"a","vers":"1.0.0","deps":[{"name":"b","req":"^1","kind":"dev"}],"cksum":"00","features":{"x":["b/y"]},"v":2}"#;

    fn bytes() -> Vec<u8> {
        [b"\x03\x02\0\0\0etag: x\0".as_slice(), b"1.0.0\0", LINE.as_bytes(), b"\0"].concat()
    }

    #[test]
    fn a_version_is_found_and_what_is_damaged_says_so() {
        assert_eq!(entry(&bytes(), "1.0.0").unwrap().deps.len(), 1);
        assert_eq!(entry(&bytes(), "1.0.1").unwrap_err(), Silent::Version);
        assert_eq!(entry(&bytes()[1..], "1.0.0").unwrap_err(), Silent::Form);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = entry(&noise, "1.0.0");
            let _ = entry(&[b"\x03\x02\0\0\0".as_slice(), &noise].concat(), "1.0.0");
        }

        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..150_usize, byte in any::<u8>(), cut in 0..150_usize) {
            let mut bytes = bytes();
            let place = at % bytes.len();
            bytes[place] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            let _ = entry(&bytes, "1.0.0");
        }

        #[test]
        fn no_name_leads_outside(name in "[a-zA-Z0-9_./\\\\-]{0,70}") {
            let inside = |path: PathBuf| path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            prop_assert!(shard(&name).is_none_or(inside));
        }
    }
}
