//! npm's cached descriptions of packages (packuments), which `npm ci --offline` asks for where the lockfile has no address.
//! May not read the descriptions themselves: that one is there, whole by its size, is what is told. Formats: cacache's
//! `entry-index.js` (index version 5) and make-fetch-happen's `cache/key.js`.

use super::Store;
use super::sums;
use crate::ecosystem::Ask;
use crate::look::{self, Identity, Seen, Unread};
use crate::memory;
use crate::verify::{Algorithm, Sum};
use rayon::prelude::*;
use sha1::Digest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A bucket of the index larger than this is not read, in bytes; usual ones are below 10 KiB.
const LARGEST: u64 = 8 << 20;
/// Version of the remembered form.
const FORM: u8 = 1;

/// What stands for a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Description {
    Here,
    /// Where it was looked for.
    Absent(PathBuf),
    Doubt(String),
}

#[derive(serde::Deserialize)]
struct Record {
    key: String,
    integrity: Option<String>,
    size: Option<u64>,
}

/// Names what a bucket with this identity says about a key.
fn claim(identity: &Identity, key: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&identity.bytes());
    hasher.update(key.as_bytes());
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

fn bucket(cache: &Path, key: &str) -> PathBuf {
    let hex = hex::encode(sha2::Sha256::digest(key));
    cache.join("_cacache/index-v5").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
}

/// The last record for `key` in a bucket: its content's digest and size.
fn record(bytes: &[u8], key: &str) -> Option<(Sum, u64)> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.reverse();
    for line in lines {
        let Some(tab) = memchr::memchr(b'\t', line) else { continue };
        let (hash, json) = (&line[..tab], &line[tab + 1..]);
        // A record that was cut off while it was written does not count.
        if hash != hex::encode(sha1::Sha1::digest(json)).as_bytes() {
            continue;
        }
        let Ok(found) = serde_json::from_slice::<Record>(json) else { continue };
        if found.key == key {
            let sum = sums(&found.integrity?).into_iter().next()?;
            return Some((sum, found.size.unwrap_or(0)));
        }
    }
    None
}

/// Claim, content, size, and whether that was read just now.
type Found = Result<([u8; 16], Sum, u64, bool), Description>;

/// Looks for the descriptions with these keys; answers stand in their order. Several versions of a package have one.
pub(crate) fn find(keys: &[String], cache: &Path, store: &Store, lockfile: &Path, ask: &Ask<'_>) -> Vec<Description> {
    let mut each: Vec<&str> = keys.iter().map(String::as_str).collect();
    each.sort_unstable();
    each.dedup();
    let found = find_each(&each, cache, store, lockfile, ask);
    let at = |key: &String| each.binary_search(&key.as_str()).ok().and_then(|at| found.get(at).cloned());
    let lost = || Description::Doubt("it was not looked for".into());
    keys.iter().map(|key| at(key).unwrap_or_else(lost)).collect()
}

/// As [`find`], for keys of which no two are the same. Remembers what buckets say by identity.
fn find_each(keys: &[&str], cache: &Path, store: &Store, lockfile: &Path, ask: &Ask<'_>) -> Vec<Description> {
    if keys.is_empty() {
        return Vec::new();
    }
    let memory_key = memory::key("npm-descriptions", lockfile);
    let remembered = ask.memory.get_many(std::slice::from_ref(&memory_key)).into_iter().next().flatten();
    let known = recall(remembered.as_deref().unwrap_or_default());
    let buckets: Vec<PathBuf> = keys.iter().map(|key| bucket(cache, key)).collect();
    let seen = ask.look.at_all(&store.base.join("index-v5"), &buckets);
    let found: Vec<Found> = keys
        .par_iter()
        .zip(&buckets)
        .zip(seen)
        .with_min_len(16)
        .map(|((key, bucket), seen)| {
            let identity = match seen {
                Seen::File(identity) => identity,
                Seen::Absent => return Err(Description::Absent(bucket.clone())),
                odd => return Err(Description::Doubt(odd.doubt().unwrap_or_default())),
            };
            let claim = claim(&identity, key);
            if let Some((digest, size)) = known.get(&claim) {
                return Ok((claim, Sum { algorithm: Algorithm::Sha512, bytes: digest.to_vec() }, *size, false));
            }
            let mut bytes = Vec::new();
            match look::read_seen(bucket, LARGEST, &mut bytes) {
                Ok(read) => match record(&bytes, key) {
                    Some((sum, size)) => Ok((claim, sum, size, read == identity)),
                    None => Err(Description::Absent(bucket.clone())),
                },
                Err(why) => {
                    // It was a file a moment ago.
                    ask.look.only_once();
                    match why {
                        Unread::Absent => Err(Description::Absent(bucket.clone())),
                        why => Err(Description::Doubt(why.to_string())),
                    }
                }
            }
        })
        .collect();
    if found.iter().flatten().any(|(.., new)| *new) {
        ask.memory.put_many(vec![(memory_key, remember(found.iter().flatten()))]);
    }
    let contents: Vec<PathBuf> = found.iter().flatten().map(|(_, sum, ..)| store.path(sum)).collect();
    let mut seen = contents.iter().zip(ask.look.at_all(&store.content, &contents));
    found
        .into_iter()
        .map(|found| match found {
            Err(description) => description,
            Ok((_, _, size, _)) => match seen.next() {
                Some((_, Seen::File(identity))) if size == 0 || identity.size == size => Description::Here,
                Some((path, Seen::File(_) | Seen::Absent)) => Description::Absent(path.clone()),
                Some((_, odd)) => Description::Doubt(odd.doubt().unwrap_or_default()),
                None => Description::Doubt("it was not looked for".into()),
            },
        })
        .collect()
}

/// A form byte, then claim, SHA-512 and size of each.
fn remember<'a>(found: impl Iterator<Item = &'a ([u8; 16], Sum, u64, bool)>) -> Vec<u8> {
    let mut out = vec![FORM];
    for (claim, sum, size, _) in found.filter(|(_, sum, ..)| sum.algorithm == Algorithm::Sha512) {
        out.extend_from_slice(claim);
        out.extend_from_slice(&sum.bytes);
        out.extend_from_slice(&size.to_le_bytes());
    }
    out
}

fn recall(bytes: &[u8]) -> HashMap<[u8; 16], ([u8; 64], u64)> {
    let Some((&FORM, records)) = bytes.split_first() else { return HashMap::new() };
    records
        .chunks_exact(88)
        .filter_map(|record| {
            let claim = record[..16].try_into().ok()?;
            let digest = record[16..80].try_into().ok()?;
            Some((claim, (digest, u64::from_le_bytes(record[80..].try_into().ok()?))))
        })
        .collect()
}
