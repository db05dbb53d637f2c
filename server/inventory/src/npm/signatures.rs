//! The signatures that registries make of `name@version:integrity`, as cached descriptions have them, and the keys for them.
//! Rules: pacote's `registry.js`, and `npm audit signatures`. May not ask a registry.

use super::config::{self, Config};
use super::records::{SHORT, bucket, key, record};
use super::store::{Store, sums};
use super::{LARGEST_LOCKFILE, artifacts, lock, name_of, without_mark};
use crate::ecosystem::Ask;
use crate::look::Unread;
use crate::verify;
use crate::vouched::{Vouched, ecdsa, p256};
use base64::Engine as _;
use contract::Artifact;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Digest as _;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Larger buckets of the index are not read, in bytes.
const LARGEST_BUCKET: u64 = 8 << 20;
/// Larger descriptions are not read, in bytes.
const LARGEST: u64 = 128 << 20;
/// Of a longer list of keys or signatures the rest is not looked at.
const MOST: usize = 64;

/// A public key of a registry.
struct Known {
    id: String,
    point: Vec<u8>,
    /// When it was given up, as a time in ISO 8601.
    expires: Option<String>,
    pinned: bool,
}

#[derive(Deserialize)]
struct Listed {
    keys: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    keyid: String,
    key: String,
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Described<'a> {
    #[serde(borrow, default)]
    versions: BTreeMap<String, &'a RawValue>,
    #[serde(default)]
    time: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Version {
    dist: Option<Dist>,
}

#[derive(Deserialize)]
struct Dist {
    integrity: Option<String>,
    #[serde(default)]
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

/// What npm calls a key by: the SHA-256 of it.
fn fingerprint(key: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(key.trim()).ok()?;
    let sum = base64::engine::general_purpose::STANDARD_NO_PAD.encode(sha2::Sha256::digest(bytes));
    Some(format!("SHA256:{sum}"))
}

/// npm's cache, as far as answers in it are read.
struct Cache<'a> {
    config: &'a Config,
    store: Store,
    ask: &'a Ask<'a>,
}

impl Cache<'_> {
    /// The answer to an address, with the checksum that the cache has for it; `Ok(None)`: there is none.
    fn answer(&self, address: &str) -> Result<Option<Vec<u8>>, String> {
        let key = key(address);
        let bytes = match self.ask.look.bytes(&bucket(&self.config.cache, &key), LARGEST_BUCKET) {
            Ok(bytes) => bytes,
            Err(Unread::Absent) => return Ok(None),
            Err(why) => return Err(why.to_string()),
        };
        for accept in [None, Some(SHORT)] {
            let Some((sum, _)) = record(&bytes, &key, accept) else { continue };
            match self.ask.look.bytes(&self.store.path(&sum), LARGEST) {
                Ok(answer) if verify::digest(sum.algorithm, &answer) == sum.bytes => return Ok(Some(answer)),
                Ok(_) => return Err("it does not have the checksum that npm's cache has for it".into()),
                Err(Unread::Absent) => {}
                Err(why) => return Err(why.to_string()),
            }
        }
        Ok(None)
    }

    /// The keys that npm asked a registry for.
    fn keys(&self, registry: &str) -> Vec<Known> {
        let address = format!("{}/-/npm/v1/keys", registry.trim_end_matches('/'));
        let Ok(Some(answer)) = self.answer(&address) else { return Vec::new() };
        let listed = serde_json::from_slice::<Listed>(&answer).map(|listed| listed.keys).unwrap_or_default();
        let known =
            |told: Told| Some(Known { id: told.keyid, point: p256(&told.key)?, expires: told.expires, pinned: false });
        listed.into_iter().take(MOST).filter_map(known).collect()
    }
}

pub(super) fn signed(
    lockfile: &Path,
    wanted: &[&Artifact],
    pinned: &[String],
    ask: &Ask<'_>,
) -> Vec<(String, Vouched)> {
    let text = ask.look.text(lockfile, LARGEST_LOCKFILE).unwrap_or_default();
    let lock = lock::read(&without_mark(&text));
    let config = config::read(lockfile.parent().unwrap_or(lockfile), ask);
    let cache = Cache { config: &config, store: Store::find(&config, ask), ask };
    let pinned = || {
        let known =
            |key: &String| Some(Known { id: fingerprint(key)?, point: p256(key)?, expires: None, pinned: true });
        pinned.iter().filter_map(known).take(MOST).collect::<Vec<_>>()
    };
    let mut keys: HashMap<String, Vec<Known>> = HashMap::new();
    let wanted: HashSet<&str> = wanted.iter().map(|artifact| artifact.id.as_str()).collect();
    let mut told = Vec::new();
    for (at, id) in artifacts(&lock.entries).into_iter().filter(|(_, id)| wanted.contains(id.as_str())) {
        let located = &lock.entries[at];
        let name = name_of(located);
        let version = located.entry.version.as_deref().unwrap_or_default();
        let vouched = match (config.registry(name, ask), located.entry.integrity.as_deref()) {
            (None, _) => Vouched::Untold("which registry it comes from is not known here".into()),
            (_, None) => Vouched::Unsigned("has no checksum in the lockfile that could be signed".into()),
            (Some(registry), Some(integrity)) => {
                let registry = registry.trim_end_matches('/');
                let known = keys.entry(registry.to_owned()).or_insert_with(|| {
                    let pinned = pinned();
                    // Who pins keys believes no others.
                    if pinned.is_empty() { cache.keys(registry) } else { pinned }
                });
                let address = format!("{registry}/{}", name.replace('/', "%2f"));
                match cache.answer(&address) {
                    Ok(Some(answer)) => vouched(&answer, name, version, integrity, known),
                    Ok(None) => Vouched::Unsigned(
                        "has no description in npm's cache, where the registry's signature would be".into(),
                    ),
                    Err(why) => Vouched::Untold(format!("its description in npm's cache was not read: {why}")),
                }
            }
        };
        told.push((id, vouched));
    }
    told
}

/// What a registry's description says of who signed one version.
fn vouched(answer: &[u8], name: &str, version: &str, integrity: &str, keys: &[Known]) -> Vouched {
    let none = || Vouched::Unsigned("has no signature in the registry's description of it".into());
    let Ok(described) = serde_json::from_slice::<Described<'_>>(answer) else {
        return Vouched::Untold("its description in npm's cache cannot be read".into());
    };
    let Some(part) = described.versions.get(version) else {
        return Vouched::Unsigned("has no part in the registry's description that is here, which is older".into());
    };
    let Ok(part) = serde_json::from_str::<Version>(part.get()) else {
        return Vouched::Untold("its description in npm's cache cannot be read".into());
    };
    let Some(dist) = part.dist.filter(|dist| !dist.signatures.is_empty()) else { return none() };
    let Some(signed) = dist.integrity else { return none() };
    if keys.is_empty() {
        return Vouched::Untold(
            "it is signed, and no key of the registry is here: none is pinned, and none in npm's cache".into(),
        );
    }
    for signature in dist.signatures.iter().take(MOST) {
        let id: String = signature.keyid.chars().filter(|c| !c.is_control()).take(80).collect();
        let message = format!("{name}@{version}:{signed}");
        let verifies = |known: &&Known| ecdsa(&known.point, message.as_bytes(), &signature.sig);
        let found = match keys.iter().find(|known| known.id == signature.keyid) {
            Some(known) => Some(known).filter(verifies),
            // A pinned key may be called by another name than npm's.
            None => match keys.iter().filter(|known| known.pinned).find(verifies) {
                Some(known) => Some(known),
                None => return Vouched::Forged(format!("it is signed with the key {id}, which is not known")),
            },
        };
        let Some(known) = found else {
            return Vouched::Forged(format!("its signature by the key {id} does not hold"));
        };
        let published = described.time.get(version).and_then(serde_json::Value::as_str);
        if let (Some(expires), Some(published)) = (&known.expires, published)
            && published > expires.as_str()
        {
            return Vouched::Forged(format!(
                "it is signed with the key {id}, which was given up before it was published"
            ));
        }
    }
    let (locked, signed) = (sums(integrity), sums(&signed));
    if locked.is_empty() || !locked.iter().any(|sum| signed.contains(sum)) {
        return Vouched::Forged("what is signed has another checksum than the lockfile".into());
    }
    Vouched::Verified
}
