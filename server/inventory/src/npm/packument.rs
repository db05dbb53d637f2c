//! What `npm ci --offline` asks npm's cache for by address: a package's description (packument) where the lockfile has no
//! address, and the tarball where it has no checksum or the description gave the address. Formats and rules: cacache's
//! `entry-index.js` (index version 5), make-fetch-happen's `cache/{key,entry,policy}.js`, pacote's `registry.js`.
//! May not decide what is wanted; the age of an answer does not matter, because npm does not ask about it offline.

use super::{Store, sums};
use crate::ecosystem::Ask;
use crate::hexadecimal;
use crate::look::{self, Identity, Seen, Unread};
use crate::memory;
use crate::verify::{Algorithm, Sum};
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use sha1::Digest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A bucket of the index larger than this is not read, in bytes; usual ones are below 10 KiB.
const LARGEST_BUCKET: u64 = 8 << 20;
/// A description larger than this is not read, in bytes; the largest known ones are below 50 MiB.
const LARGEST: u64 = 128 << 20;
/// Version of the remembered form.
const FORM: u8 = 2;
/// What npm asks for when it installs; a description that was asked for otherwise is not taken.
const SHORT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
const PREFIX: &str = "make-fetch-happen:request-cache:";

/// Why npm would find no tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// No description; where it was looked for.
    Description(PathBuf),
    /// The description does not know the version.
    Older(PathBuf),
    /// The description is damaged, or not what the lockfile says; with the reason.
    Damaged(PathBuf, String),
    /// No answer for the tarball's address; where it was looked for.
    Tarball(PathBuf),
    Doubt(String),
}

/// One package that is looked for by address.
pub(crate) struct Wanted<'a> {
    /// Where its description is asked for; `None`: the lockfile has the tarball's address.
    pub description: Option<String>,
    /// The tarball's address in the lockfile.
    pub address: Option<String>,
    pub version: &'a str,
    /// The lockfile's checksum.
    pub integrity: Option<&'a str>,
}

#[derive(Deserialize)]
struct Record {
    key: String,
    integrity: Option<String>,
    size: Option<u64>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    req_headers: Option<Headers>,
}

#[derive(Deserialize)]
struct Headers {
    accept: Option<String>,
}

/// What is remembered, and what is to be: payloads by claims.
#[derive(Default)]
struct Claims {
    known: HashMap<[u8; 16], Vec<u8>>,
}

fn claim(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

/// The address as npm names it in its cache: without what stands behind a hash sign or before an at sign.
fn key(address: &str) -> String {
    let address = address.split_once('#').map_or(address, |(before, _)| before);
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{PREFIX}{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
}

fn bucket(cache: &Path, key: &str) -> PathBuf {
    let hex = hexadecimal::of(&sha2::Sha256::digest(key));
    cache.join("_cacache/index-v5").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
}

/// The last record for `key` in a bucket, of those that were asked for with `accept`: its content's digest and size.
pub(super) fn record(bytes: &[u8], key: &str, accept: Option<&str>) -> Option<(Sum, u64)> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.reverse();
    for line in lines {
        let Some(tab) = memchr::memchr(b'\t', line) else { continue };
        let (hash, json) = (&line[..tab], &line[tab + 1..]);
        // A record that was cut off while it was written does not count.
        if hash != hexadecimal::of(&sha1::Sha1::digest(json)).as_bytes() {
            continue;
        }
        let Ok(found) = serde_json::from_slice::<Record>(json) else { continue };
        if found.key != key {
            continue;
        }
        // What was taken out again hides what stood before.
        let integrity = found.integrity?;
        let asked = found.metadata.and_then(|metadata| metadata.req_headers).and_then(|headers| headers.accept);
        if accept.is_none_or(|accept| asked.as_deref() == Some(accept)) {
            return Some((sums(&integrity).into_iter().next()?, found.size.unwrap_or(0)));
        }
    }
    None
}

/// What a description says about one version.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Dist {
    pub tarball: Option<String>,
    pub integrity: Option<String>,
}

/// The part of a description about `version`; `Ok(None)`: it does not know it.
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
            #[derive(Deserialize)]
            struct Manifest {
                dist: Option<Dist>,
            }
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

/// Whether two integrities name the same content, as far as they use the same hash; `None`: they do not.
fn same(one: &str, other: &str) -> Option<bool> {
    let (one, other) = (sums(one), sums(other));
    let common = other.iter().find(|other| one.iter().any(|one| one.algorithm == other.algorithm))?.algorithm;
    Some(one.iter().any(|one| one.algorithm == common && other.iter().any(|other| other.bytes == one.bytes)))
}

/// A search through npm's cache, with what an earlier one remembered.
struct Search<'s> {
    cache: &'s Path,
    store: &'s Store,
    ask: &'s Ask<'s>,
    claims: Claims,
    learned: HashMap<[u8; 16], Vec<u8>>,
}

type Found = Result<(Sum, u64), Lacking>;

impl Search<'_> {
    /// The records for keys, of which no two are the same.
    fn records(&mut self, keys: &[&str], accept: Option<&str>) -> Vec<Found> {
        let lacking = |path: &PathBuf| match accept {
            Some(_) => Lacking::Description(path.clone()),
            None => Lacking::Tarball(path.clone()),
        };
        let buckets: Vec<PathBuf> = keys.iter().map(|key| bucket(self.cache, key)).collect();
        let seen = self.ask.look.at_all(&self.store.base.join("index-v5"), &buckets);
        let found: Vec<(Found, Option<[u8; 16]>)> = keys
            .par_iter()
            .zip(&buckets)
            .zip(seen)
            .with_min_len(16)
            .map(|((key, bucket), seen)| {
                let identity = match seen {
                    Seen::File(identity) => identity,
                    // npm cannot read a folder, and finds nothing behind a link that leads nowhere.
                    Seen::Absent | Seen::Dangling | Seen::Folder(_) => return (Err(lacking(bucket)), None),
                    odd => return (Err(Lacking::Doubt(odd.doubt().unwrap_or_default())), None),
                };
                let claim = claim(&[&identity.bytes(), key.as_bytes(), accept.unwrap_or_default().as_bytes()]);
                let remembered = self.claims.known.get(&claim).and_then(|payload| payload.split_first_chunk::<64>());
                if let Some((digest, size)) = remembered {
                    let size = size.try_into().map_or(0, u64::from_le_bytes);
                    return (Ok((Sum { algorithm: Algorithm::Sha512, bytes: digest.to_vec() }, size)), Some(claim));
                }
                let mut bytes = Vec::new();
                match look::read_seen(bucket, LARGEST_BUCKET, &mut bytes) {
                    Ok(read) => match record(&bytes, key, accept) {
                        Some(found) => (Ok(found), (read == identity).then_some(claim)),
                        None => (Err(lacking(bucket)), None),
                    },
                    Err(why) => {
                        // It was a file a moment ago.
                        self.ask.look.only_once();
                        (
                            Err(if why == Unread::Absent { lacking(bucket) } else { Lacking::Doubt(why.to_string()) }),
                            None,
                        )
                    }
                }
            })
            .collect();
        found
            .into_iter()
            .map(|(found, claim)| {
                if let (Ok((sum, size)), Some(claim)) = (&found, claim)
                    && sum.algorithm == Algorithm::Sha512
                {
                    self.learned.insert(claim, [sum.bytes.as_slice(), &size.to_le_bytes()].concat());
                }
                found
            })
            .collect()
    }

    /// The address of the tarball that a description gives for a version.
    fn address(&self, content: &Path, sum: &Sum, identity: &Identity, wanted: &Wanted<'_>) -> Told {
        let integrity = wanted.integrity.unwrap_or_default();
        let claim = claim(&[&identity.bytes(), &sum.bytes, wanted.version.as_bytes(), integrity.as_bytes()]);
        if let Some(address) = self.claims.known.get(&claim).and_then(|bytes| String::from_utf8(bytes.clone()).ok()) {
            return (Ok(address), Some(claim));
        }
        let mut bytes = Vec::new();
        let read = match look::read_seen(content, LARGEST, &mut bytes) {
            Ok(read) => read,
            Err(why) => {
                self.ask.look.only_once();
                return (Err(Lacking::Doubt(why.to_string())), None);
            }
        };
        let damaged = |why: &str| (Err(Lacking::Damaged(content.to_path_buf(), why.to_owned())), None);
        if crate::verify::digest(sum.algorithm, &bytes) != sum.bytes {
            return damaged("it does not have the checksum that npm's cache has for it");
        }
        let said = match dist(&bytes, wanted.version) {
            Ok(Some(said)) => said,
            Ok(None) => return (Err(Lacking::Older(content.to_path_buf())), None),
            Err(_) => return damaged("it cannot be read"),
        };
        let Some(address) = said.tarball else { return damaged("it does not say where the tarball is") };
        if said.integrity.is_some_and(|said| same(integrity, &said) == Some(false)) {
            return damaged("it and the lockfile do not agree on the checksum");
        }
        (Ok(address), (read == *identity).then_some(claim))
    }
}

type Told = (Result<String, Lacking>, Option<[u8; 16]>);

/// The checksums of the tarballs that npm would take, in the order of `wanted`. Several versions share one description.
pub(crate) fn find(
    wanted: &[Wanted<'_>],
    cache: &Path,
    store: &Store,
    lockfile: &Path,
    ask: &Ask<'_>,
) -> Vec<Result<Sum, Lacking>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let memory_key = memory::key("npm-descriptions", lockfile);
    let remembered = ask.memory.get_many(std::slice::from_ref(&memory_key)).into_iter().next().flatten();
    let claims = Claims { known: recall(remembered.as_deref().unwrap_or_default()) };
    let mut search = Search { cache, store, ask, claims, learned: HashMap::new() };
    let addresses = search.addresses(wanted);
    let keys: Vec<Option<String>> = addresses.iter().map(|address| address.as_ref().ok().map(|one| key(one))).collect();
    let mut each: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
    each.sort_unstable();
    each.dedup();
    let records = search.records(&each, None);
    let answers = addresses.into_iter().zip(&keys).zip(wanted).map(|((address, key), wanted)| {
        address?;
        let at = key.as_deref().and_then(|key| each.binary_search(&key).ok());
        let (sum, _) = at.map_or_else(|| Err(lost()), |at| records[at].clone())?;
        let fits = wanted.integrity.is_none_or(|integrity| {
            sums(integrity).iter().all(|one| one.algorithm != sum.algorithm || one.bytes == sum.bytes)
        });
        if fits { Ok(sum) } else { Err(Lacking::Tarball(bucket(cache, key.as_deref().unwrap_or_default()))) }
    });
    let answers = answers.collect();
    if search.learned.keys().any(|claim| !search.claims.known.contains_key(claim)) {
        ask.memory.put_many(vec![(memory_key, remember(&search.learned))]);
    }
    answers
}

fn lost() -> Lacking {
    Lacking::Doubt("it was not looked for".into())
}

impl Search<'_> {
    /// Where the tarballs are asked for: as the lockfile says, or as the descriptions do.
    fn addresses(&mut self, wanted: &[Wanted<'_>]) -> Vec<Result<String, Lacking>> {
        let keys: Vec<Option<String>> =
            wanted.iter().map(|wanted| wanted.description.as_ref().map(|address| key(address))).collect();
        let mut each: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
        each.sort_unstable();
        each.dedup();
        let records = self.records(&each, Some(SHORT));
        let contents: Vec<PathBuf> = records.iter().flatten().map(|(sum, _)| self.store.path(sum)).collect();
        let seen = self.ask.look.at_all(&self.store.content, &contents);
        let mut seen = contents.iter().zip(seen);
        // By key: the content, or what is lacking.
        let described: Vec<Result<(&PathBuf, &Sum, Identity), Lacking>> = records
            .iter()
            .map(|record| {
                let (sum, size) = record.as_ref().map_err(Clone::clone)?;
                match seen.next() {
                    Some((path, Seen::File(identity))) if *size == 0 || identity.size == *size => {
                        Ok((path, sum, identity))
                    }
                    Some((path, Seen::File(_) | Seen::Absent | Seen::Dangling | Seen::Folder(_))) => {
                        Err(Lacking::Description(path.clone()))
                    }
                    Some((_, odd)) => Err(Lacking::Doubt(odd.doubt().unwrap_or_default())),
                    None => Err(lost()),
                }
            })
            .collect();
        let told: Vec<Told> = wanted
            .par_iter()
            .zip(&keys)
            .with_max_len(4)
            .map(|(wanted, key)| {
                let Some(key) = key else { return (wanted.address.clone().ok_or_else(lost), None) };
                match each.binary_search(&key.as_str()).ok().map(|at| &described[at]) {
                    Some(Ok((path, sum, identity))) => self.address(path, sum, identity, wanted),
                    Some(Err(lacking)) => (Err(lacking.clone()), None),
                    None => (Err(lost()), None),
                }
            })
            .collect();
        told.into_iter()
            .map(|(address, claim)| {
                if let (Ok(address), Some(claim)) = (&address, claim) {
                    self.learned.insert(claim, address.clone().into_bytes());
                }
                address
            })
            .collect()
    }
}

/// A form byte; then of each its claim, the payload's length in four bytes, and the payload.
fn remember(learned: &HashMap<[u8; 16], Vec<u8>>) -> Vec<u8> {
    let mut out = vec![FORM];
    for (claim, payload) in learned {
        out.extend_from_slice(claim);
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(payload);
    }
    out
}

fn recall(bytes: &[u8]) -> HashMap<[u8; 16], Vec<u8>> {
    let mut out = HashMap::new();
    let Some((&FORM, mut rest)) = bytes.split_first() else { return out };
    while let Some((claim, behind)) = rest.split_first_chunk::<16>()
        && let Some((length, behind)) = behind.split_first_chunk::<4>()
        && let Some((payload, behind)) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)
    {
        out.insert(*claim, payload.to_vec());
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DESCRIPTION: &str =
        r#"{"name":"a","versions":{"1.0.0":{"dist":{"tarball":"https://registry.example/a.tgz"}},"1.0.1":{}}}"#;

    fn line(key: &str) -> Vec<u8> {
        let json = format!(r#"{{"key":"{key}","integrity":"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=","size":7}}"#);
        format!("\n{}\t{json}", hex::encode(sha1::Sha1::digest(&json))).into_bytes()
    }

    #[test]
    fn a_version_is_found_and_one_that_is_not_there_is_not() {
        let address = dist(DESCRIPTION.as_bytes(), "1.0.0").unwrap().unwrap().tarball;
        assert_eq!(address.as_deref(), Some("https://registry.example/a.tgz"));
        assert_eq!(dist(DESCRIPTION.as_bytes(), "1.0.1").unwrap(), Some(Dist::default()));
        assert_eq!(dist(DESCRIPTION.as_bytes(), "1.0.2").unwrap(), None);
        assert_eq!(record(&line("k"), "k", None).unwrap().1, 7);
        assert!(record(&line("k"), "j", None).is_none() && record(&line("k"), "k", Some(SHORT)).is_none());
    }

    #[test]
    fn ten_thousand_levels_are_an_error_and_no_more() {
        let deep = format!("{{\"versions\":{}{}}}", "{\"1.0.0\":".repeat(10_000), "}".repeat(10_000));
        assert!(dist(deep.as_bytes(), "1.0.0").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = (record(&bytes, "k", None), dist(&bytes, "1.0.0"), recall(&bytes));
            let _ = recall(&[&[FORM], bytes.as_slice()].concat());
        }

        #[test]
        fn no_mutation_makes_the_readers_panic(at in 0..100_usize, byte in any::<u8>(), cut in 0..200_usize) {
            for text in [DESCRIPTION.as_bytes().to_vec(), line("k")] {
                let mut bytes = text;
                let place = at % bytes.len();
                bytes[place] = byte;
                bytes.truncate(bytes.len().saturating_sub(cut % 40));
                let _ = (dist(&bytes, "1.0.0"), record(&bytes, "k", Some(SHORT)));
            }
        }
    }
}
