//! A registry's description of a package (packument): what it says about one version.
//! The quick look finds it from the end of the file on and believes what surrounds it; [`dist`] reads all of it and believes
//! nothing. May not decide what that means.

use super::store::sums;
use crate::reach::Opened;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::io;

/// What a description says about one version.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Dist {
    pub tarball: Option<String>,
    pub integrity: Option<String>,
}

impl Dist {
    /// The tarball's address, unless another checksum is given for it than the lockfile has; or why it is of no use.
    pub(super) fn address(self, integrity: &str) -> Result<String, &'static str> {
        let address = self.tarball.ok_or("it does not say where the tarball is")?;
        if self.integrity.is_some_and(|said| same(integrity, &said) == Some(false)) {
            return Err("it and the lockfile do not agree on the checksum");
        }
        Ok(address)
    }
}

/// What of a version's part is read.
#[derive(Deserialize)]
struct Manifest {
    version: Option<String>,
    dist: Option<Dist>,
}

/// The part of a whole description about `version`; `Ok(None)`: it does not know it. Of keys that stand twice the last counts,
/// as in JavaScript.
pub(super) fn dist(bytes: &[u8], version: &str) -> Result<Option<Dist>, serde_json::Error> {
    struct Versions<'v>(&'v str);
    impl<'de> serde::de::DeserializeSeed<'de> for Versions<'_> {
        type Value = Option<Dist>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    impl<'de> Visitor<'de> for Versions<'_> {
        type Value = Option<Dist>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("versions")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(version) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                if version == self.0 {
                    found = Some(map.next_value::<Manifest>()?.dist.unwrap_or_default());
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    struct Top<'v>(&'v str);
    impl<'de> Visitor<'de> for Top<'_> {
        type Value = Option<Dist>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a package's description")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                if key == "versions" {
                    found = map.next_value_seed(Versions(self.0))?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let found = deserializer.deserialize_map(Top(version))?;
    deserializer.end()?;
    Ok(found)
}

/// Looked through first, from the end on, in bytes; each further block is twice as long as the one before it.
const FIRST: u64 = 16 << 10;
/// No block is longer, in bytes.
const LONGEST: u64 = 256 << 10;
/// Spaces beside a colon that are passed over.
const SPACES: usize = 16;
/// A longer part about one version is left to the whole reading, in bytes.
const LONGEST_PART: u64 = 1 << 20;

/// What stands last about `version`, searched from the end of the file, where new versions stand; `None`: nothing that
/// can be told at a glance, and the whole has to be read.
///
/// In sound JSON what is found is a key, because a quotation mark that neither has a backslash before it nor stands in a string begins
/// one; that it is a key of `versions` is believed because what stands behind it says that it is about this version and
/// where its tarball is. [`says`] finds out whether it is. Reads a third of the descriptions of an average project.
pub(super) fn glance(file: &impl At, size: u64, version: &str, buffer: &mut Vec<u8>) -> io::Result<Option<Dist>> {
    let key = serde_json::to_string(version)?;
    let finder = memchr::memmem::Finder::new(&key);
    let (mut end, mut length) = (size, FIRST);
    while end > 0 {
        let start = end.saturating_sub(length);
        // One byte before, and as many behind as tell a key from a value.
        let from = start.saturating_sub(1);
        let to = size.min(end + (key.len() + 2 * SPACES + 2) as u64);
        let block = read(file, from, to, buffer)?;
        let found: Vec<usize> = finder.find_iter(block).collect();
        for at in found.into_iter().rev() {
            let place = from + at as u64;
            if !(start..end).contains(&place) || at.checked_sub(1).is_some_and(|before| block[before] == b'\\') {
                continue;
            }
            let Some(value) = value(&block[at + key.len()..]) else { continue };
            let value = at + key.len() + value;
            let said = match part(&block[value..]) {
                Part::Cut => beyond(file, from + value as u64, size)?,
                Part::Read(said) => Some(said),
                Part::Strange => None,
            };
            let said = said.filter(|said| said.version.as_deref() == Some(version)).and_then(|said| said.dist);
            if let Some(dist) = said.filter(|dist| dist.tarball.is_some()) {
                return Ok(Some(dist));
            }
        }
        (end, length) = (start, (2 * length).min(LONGEST));
    }
    Ok(None)
}

/// Reads a part of the file into the front of `buffer`, which grows and is not cleared: zeroes for every block would cost as
/// much as the search.
fn read<'b>(file: &impl At, from: u64, to: u64, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
    let length = to.saturating_sub(from) as usize;
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let block = &mut buffer[..length];
    file.read_exact_at(block, from)?;
    Ok(block)
}

/// What can be read from any place on.
pub(super) trait At {
    fn read_exact_at(&self, block: &mut [u8], from: u64) -> io::Result<()>;
}

impl At for Opened {
    #[cfg(unix)]
    fn read_exact_at(&self, block: &mut [u8], from: u64) -> io::Result<()> {
        Opened::read_exact_at(self, block, from)
    }

    #[cfg(not(unix))]
    fn read_exact_at(&self, block: &mut [u8], from: u64) -> io::Result<()> {
        use std::io::{Read as _, Seek as _};
        let mut file = self;
        file.seek(io::SeekFrom::Start(from))?;
        file.read_exact(block)
    }
}

/// Where the object begins that stands behind a key.
fn value(behind: &[u8]) -> Option<usize> {
    let spaces = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let colon = spaces(behind);
    let rest = behind.get(colon..)?.strip_prefix(b":")?;
    let object = spaces(rest);
    (rest.get(object) == Some(&b'{')).then_some(colon + 1 + object)
}

enum Part {
    Read(Manifest),
    /// It goes on behind the bytes.
    Cut,
    Strange,
}

fn part(bytes: &[u8]) -> Part {
    match Manifest::deserialize(&mut serde_json::Deserializer::from_slice(bytes)) {
        Ok(manifest) => Part::Read(manifest),
        Err(error) if error.is_eof() => Part::Cut,
        Err(_) => Part::Strange,
    }
}

/// A part that goes on behind the block in which it begins.
fn beyond(file: &impl At, from: u64, size: u64) -> io::Result<Option<Manifest>> {
    let mut buffer = Vec::new();
    let mut length = FIRST;
    while length <= LONGEST_PART {
        let to = size.min(from + length);
        match part(read(file, from, to, &mut buffer)?) {
            Part::Read(manifest) => return Ok(Some(manifest)),
            Part::Cut if to < size => length *= 4,
            Part::Cut | Part::Strange => return Ok(None),
        }
    }
    Ok(None)
}

/// What was taken from a description for one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    pub version: String,
    /// The lockfile's checksum.
    pub integrity: String,
    /// The tarball's address.
    pub address: String,
}

/// Whether a whole description says what was taken from it; `taken` is a list of [`Taken`] as JSON.
pub(super) fn says(description: &[u8], taken: &[u8]) -> bool {
    let Ok(all) = serde_json::from_slice::<Vec<Taken>>(taken) else { return false };
    all.iter().all(|taken| {
        let said = dist(description, &taken.version).ok().flatten();
        said.is_some_and(|said| said.address(&taken.integrity).as_ref() == Ok(&taken.address))
    })
}

/// Whether two integrities name the same content, as far as they use the same hash; `None`: they do not.
fn same(one: &str, other: &str) -> Option<bool> {
    let (one, other) = (sums(one), sums(other));
    let common = other.iter().find(|other| one.iter().any(|one| one.algorithm == other.algorithm))?.algorithm;
    Some(one.iter().any(|one| one.algorithm == common && other.iter().any(|other| other.bytes == one.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const DESCRIPTION: &str =
        r#"{"name":"a","versions":{"1.0.0":{"dist":{"tarball":"https://registry.example/a.tgz"}},"1.0.1":{}}}"#;

    impl At for &[u8] {
        fn read_exact_at(&self, block: &mut [u8], from: u64) -> io::Result<()> {
            let end = from as usize + block.len();
            block.copy_from_slice(self.get(from as usize..end).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    fn glanced(description: &[u8], version: &str) -> Option<Dist> {
        let mut buffer = Vec::new();
        glance(&description, description.len() as u64, version, &mut buffer).unwrap()
    }

    /// What the whole makes of what a glance took.
    fn confirmed(description: &[u8], version: &str, taken: &Dist) -> bool {
        let taken = Taken {
            version: version.into(),
            integrity: String::new(),
            address: taken.tarball.clone().unwrap_or_default(),
        };
        says(description, &serde_json::to_vec(&[taken]).unwrap())
    }

    #[test]
    fn a_version_is_found_and_one_that_is_not_there_is_not() {
        let address = dist(DESCRIPTION.as_bytes(), "1.0.0").unwrap().unwrap().tarball;
        assert_eq!(address.as_deref(), Some("https://registry.example/a.tgz"));
        assert_eq!(dist(DESCRIPTION.as_bytes(), "1.0.1").unwrap(), Some(Dist::default()));
        assert_eq!(dist(DESCRIPTION.as_bytes(), "1.0.2").unwrap(), None);
    }

    #[test]
    fn ten_thousand_levels_are_an_error_and_no_more() {
        let deep = format!("{{\"versions\":{}{}}}", "{\"1.0.0\":".repeat(10_000), "}".repeat(10_000));
        assert!(dist(deep.as_bytes(), "1.0.0").is_err());
        assert_eq!(glanced(deep.as_bytes(), "1.0.0"), None);
    }

    /// A description with `versions` of `each` bytes at least, and `behind` bytes behind them.
    fn description(versions: &[String], each: usize, behind: usize) -> Value {
        let part = |version: &String| {
            let dist = json!({
                "integrity": "sha512-AAAA", "tarball": format!("https://registry.example/a-{version}.tgz"),
            });
            let part = json!({
                "name": "a", "version": version, "description": "x\\\"{".repeat(each / 5 + 1), "dist": dist,
            });
            (version.clone(), part)
        };
        json!({
            "dist-tags": { "latest": versions.last() },
            "versions": versions.iter().map(part).collect::<Map<_, _>>(),
            "time": versions.iter().map(|version| (version.clone(), json!("2026-11-21"))).collect::<Map<_, _>>(),
            "readme": "\"1.0.0\": {".repeat(behind / 10),
        })
    }

    #[test]
    fn a_glance_finds_what_the_whole_says_wherever_it_stands() {
        let versions: Vec<String> = (0..60).map(|n| format!("1.{n}.0")).collect();
        // Parts that fit into a block, that are longer than the first, and than any; far from the end and near it.
        for (each, behind) in [(10, 0), (3_000, 40_000), (20_000, 10), (300_000, 700_000)] {
            let value = description(&versions, each, behind);
            for bytes in [serde_json::to_vec(&value).unwrap(), serde_json::to_vec_pretty(&value).unwrap()] {
                for version in versions.iter().step_by(7) {
                    let said = dist(&bytes, version).unwrap();
                    assert!(said.is_some() && glanced(&bytes, version) == said, "{version}, {each}, {behind}");
                }
                assert_eq!(glanced(&bytes, "1.60.0"), None);
            }
        }
    }

    #[test]
    fn every_place_of_a_key_at_a_blocks_edge_is_found() {
        let part = r#""1.0.0" : {"version":"1.0.0","dist":{"tarball":"t"}}"#;
        for behind in FIRST as usize - 80..FIRST as usize + 20 {
            let text = format!(r#"{{"versions":{{{part}}},"readme":"{}"}}"#, "x".repeat(behind));
            assert!(glanced(text.as_bytes(), "1.0.0").is_some(), "{behind}");
        }
    }

    #[test]
    fn what_only_looks_like_the_version_is_not_confirmed() {
        let real = r#""1.0.0":{"version":"1.0.0","dist":{"tarball":"real"}}"#;
        let decoy = r#""1.0.0":{"version":"1.0.0","dist":{"tarball":"decoy"}}"#;
        let quoted = serde_json::to_string(decoy).unwrap();
        let cases = [
            // Below another version, in a field of its own; behind it, before it, in its place.
            format!(r#"{{"versions":{{{real},"2.0.0":{{"config":{{{decoy}}}}}}}}}"#),
            format!(r#"{{"versions":{{"2.0.0":{{"config":{{{decoy}}}}},{real}}}}}"#),
            format!(r#"{{"versions":{{"2.0.0":{{"config":{{{decoy}}}}}}}}}"#),
            // Beside the versions; in an array; at the top.
            format!(r#"{{"versions":{{{real}}},"other":{{{decoy}}}}}"#),
            format!(r#"{{"versions":{{{real}}},"other":[{{{decoy}}}]}}"#),
            format!(r#"{{"versions":{{{real}}},{decoy}}}"#),
            // Twice; the last counts.
            format!(r#"{{"versions":{{{decoy},{real}}}}}"#),
            format!(r#"{{"versions":{{{real}}},"versions":{{}}}}"#),
            format!(r#"{{"versions":{{{decoy}}},"versions":{{{real}}}}}"#),
            // In a text.
            format!(r#"{{"versions":{{{real}}},"readme":{quoted}}}"#),
            format!(r#"{{"versions":{{}},"readme":{quoted}}}"#),
            format!(r#"{{"versions":{{"a\{real}}}}}"#),
            format!(r#"{{"versions":{{"a\\":1,{real}}}}}"#),
            // Not JSON.
            format!(r#"{{"versions":{{{real}}}"#),
            format!(r#"{{"versions":{{{real}}}}} and more"#),
            format!(r#"{{"versions":{{x{real}}}}}"#),
        ];
        for case in cases {
            let told = dist(case.as_bytes(), "1.0.0");
            if let Some(taken) = glanced(case.as_bytes(), "1.0.0") {
                let right = told.is_ok_and(|told| told.as_ref() == Some(&taken));
                assert_eq!(confirmed(case.as_bytes(), "1.0.0", &taken), right, "{case}");
            }
        }
    }

    #[test]
    fn another_checksum_in_the_description_is_told() {
        let said = |integrity: &str| Dist { tarball: Some("t".into()), integrity: Some(integrity.into()) };
        let [one, two] = [1, 2].map(|byte: u8| format!("sha512-{}", base64(&[byte; 64])));
        assert_eq!(said(&one).address(&one), Ok("t".into()));
        assert!(said(&one).address(&two).is_err() && Dist::default().address(&one).is_err());
        assert_eq!(said(&one).address(&format!("sha1-{}", base64(&[1; 20]))), Ok("t".into()), "nothing to compare");
    }

    fn base64(bytes: &[u8]) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    /// JSON in which texts hold quotation marks, backslashes, braces and versions.
    fn json_value() -> impl Strategy<Value = Value> {
        let text = "([\"\\\\{}:, a]|\"1\\.0\\.[0-3]\"|1\\.0\\.[0-3]|dist|tarball|version){0,6}";
        let key = "(1\\.0\\.[0-3]|versions|dist|version|tarball|integrity|[\"\\\\{}]{1,3})";
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), text.prop_map(Value::from)];
        leaf.prop_recursive(5, 48, 5, move |inner| {
            let version = (0..4_u8, inner.clone()).prop_map(|(n, more)| {
                let version = format!("1.0.{n}");
                let part = json!({ "version": version, "dist": { "tarball": format!("t{n}") }, "more": more });
                json!({ version: part })
            });
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..5).prop_map(|all| Value::Object(all.into_iter().collect())),
                version,
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = (dist(&bytes, "1.0.0"), glanced(&bytes, "1.0.0"), says(DESCRIPTION.as_bytes(), &bytes));
        }

        #[test]
        fn no_mutation_makes_the_readers_panic(at in 0..100_usize, byte in any::<u8>(), cut in 0..40_usize) {
            let mut bytes = DESCRIPTION.as_bytes().to_vec();
            let place = at % bytes.len();
            bytes[place] = byte;
            bytes.truncate(bytes.len() - cut);
            let _ = (dist(&bytes, "1.0.0"), glanced(&bytes, "1.0.0"));
        }

        /// In whatever JSON: what a glance takes and the whole confirms is what the whole says.
        #[test]
        fn what_is_confirmed_is_what_the_whole_says(versions in json_value(), beside in json_value(), pretty in any::<bool>()) {
            let value = json!({ "a": beside, "versions": versions, "z": beside });
            let bytes = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
            for version in ["1.0.0", "1.0.1", "1.0.2", "1.0.3"] {
                let whole = dist(&bytes, version);
                if let Some(taken) = glanced(&bytes, version) {
                    let address = whole.as_ref().ok().and_then(Option::as_ref).and_then(|dist| dist.tarball.as_ref());
                    prop_assert_eq!(confirmed(&bytes, version, &taken), address == taken.tarball.as_ref());
                }
            }
        }

        /// In descriptions as registries write them, with whatever in their texts, a glance takes what the whole says.
        #[test]
        fn a_glance_takes_what_the_whole_says(
            texts in prop::collection::vec(any::<String>(), 1..12), hole in 0..12_usize, long in 0..3_usize,
        ) {
            let mut versions = Map::new();
            for (n, text) in texts.iter().enumerate().filter(|(n, _)| *n != hole) {
                let version = format!("1.0.{n}");
                let text = text.repeat(1 + 500 * long);
                let dist = json!({ "tarball": format!("t{n}"), "integrity": text });
                let part = json!({ "name": text, "version": version, "readme": text, "dist": dist, "x": { "1.0.0": text } });
                versions.insert(version, part);
            }
            let value = json!({ "_id": texts[0], "versions": versions, "time": { "1.0.0": texts[0], "1.0.1": "x" } });
            let bytes = serde_json::to_vec(&value).unwrap();
            for n in 0..12 {
                let version = format!("1.0.{n}");
                prop_assert_eq!(glanced(&bytes, &version), dist(&bytes, &version).unwrap());
            }
        }
    }
}
