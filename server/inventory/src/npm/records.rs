//! The index of npm's cache: which content was answered to a request for an address.
//! Formats and rules: cacache's `entry-index.js` (index version 5), make-fetch-happen's `cache/{key,entry,policy}.js`.
//! May not read what was answered.

use super::store::sums;
use crate::hexadecimal;
use crate::verify::Sum;
use serde::Deserialize;
use sha1::Digest;
use std::path::{Path, PathBuf};

/// What npm asks for when it installs; a description that was asked for otherwise is not taken.
pub(super) const SHORT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
const PREFIX: &str = "make-fetch-happen:request-cache:";

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

/// The address as npm names it in its cache: without what stands behind a hash sign or before an at sign.
pub(super) fn key(address: &str) -> String {
    let address = address.split_once('#').map_or(address, |(before, _)| before);
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{PREFIX}{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
}

/// Where the records of a key stand.
pub(super) fn bucket(cache: &Path, key: &str) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(key: &str) -> Vec<u8> {
        let json = format!(r#"{{"key":"{key}","integrity":"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=","size":7}}"#);
        format!("\n{}\t{json}", hex::encode(sha1::Sha1::digest(&json))).into_bytes()
    }

    #[test]
    fn a_record_is_found_by_its_key_and_by_what_was_asked_for() {
        assert_eq!(record(&line("k"), "k", None).unwrap().1, 7);
        assert!(record(&line("k"), "j", None).is_none() && record(&line("k"), "k", Some(SHORT)).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = record(&bytes, "k", None);
        }

        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..100_usize, byte in any::<u8>(), cut in 0..40_usize) {
            let mut bytes = line("k");
            let place = at % bytes.len();
            bytes[place] = byte;
            bytes.truncate(bytes.len() - cut);
            let _ = record(&bytes, "k", Some(SHORT));
        }
    }
}
