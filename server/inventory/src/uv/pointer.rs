//! The small files of uv's cache that say which archive holds what: their packing, and the checksum that uv holds them against.
//! May not look at files; bytes that uv would not take are none.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Checksum and length of the front part stand at the end.
const FOOTER: usize = 12;
/// What follows the front part begins at a multiple of this.
const ALIGNED: usize = 16;

/// The front part of what was fetched over the network; none where uv would fetch it anew.
pub(super) fn payload(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, footer) = bytes.split_at_checked(bytes.len().checked_sub(FOOTER)?)?;
    let (sum, length_bytes) = footer.split_first_chunk::<4>()?;
    let length = usize::try_from(u64::from_le_bytes(length_bytes.try_into().ok()?)).ok()?;
    let tail = rest.get(length..)?;
    let padding = (ALIGNED - length % ALIGNED) % ALIGNED;
    // The number of the entry, and what the server allowed.
    tail.get(padding + 16..)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(tail);
    hasher.update(length_bytes);
    (hasher.finalize() == u32::from_le_bytes(*sum)).then(|| &rest[..length])
}

type Hashes = Vec<BTreeMap<String, String>>;

/// `.http` of a wheel: which archive its files are in.
#[derive(Debug, Deserialize)]
pub(super) struct Wheel {
    pub id: String,
    hashes: Hashes,
    /// The wheel's name, `name-version-tags.whl`.
    pub file: String,
    pub form: u8,
    _size: Option<u64>,
}

impl Wheel {
    pub(super) fn fetched(bytes: &[u8]) -> Option<Self> {
        let wheel: Wheel = rmp_serde::from_slice(payload(bytes)?).ok()?;
        id(&wheel.id).then_some(wheel)
    }

    pub(super) fn sha256(&self) -> Option<&str> {
        sha256(&self.hashes)
    }
}

/// `revision.http` and `revision.rev` of sources: which of the folders beside it holds them.
#[derive(Debug, Deserialize)]
pub(super) struct Revision {
    pub id: String,
    hashes: Hashes,
    _size: Option<u64>,
}

impl Revision {
    pub(super) fn fetched(bytes: &[u8]) -> Option<Self> {
        let revision: Revision = rmp_serde::from_slice(payload(bytes)?).ok()?;
        id(&revision.id).then_some(revision)
    }

    pub(super) fn sha256(&self) -> Option<&str> {
        sha256(&self.hashes)
    }
}

/// `revision.rev`: with when the sources were changed last.
#[derive(Debug, Deserialize)]
pub(super) struct Local {
    pub stamp: Stamp,
    pub revision: Revision,
}

/// When sources changed, as uv compares it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Stamp {
    /// Seconds and nanoseconds.
    pub changed: Option<(u64, u32)>,
    pub commit: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub variables: BTreeMap<String, Option<String>>,
    #[serde(default)]
    pub folders: BTreeMap<String, Option<Made>>,
}

/// When a folder was made, or its number where that is not known.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Made {
    At(u64, u32),
    Number(u64),
}

impl Local {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let local: Local = rmp_serde::from_slice(bytes).ok()?;
        id(&local.revision.id).then_some(local)
    }
}

/// What a package needs, as uv keeps it beside a wheel.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    pub name: String,
    pub version: String,
    pub needs: Vec<String>,
    pub python: Option<String>,
    _extras: Vec<String>,
    _dynamic: bool,
}

impl Description {
    pub(super) fn fetched(bytes: &[u8]) -> Option<Self> {
        rmp_serde::from_slice(payload(bytes)?).ok()
    }
}

fn sha256(hashes: &Hashes) -> Option<&str> {
    hashes.iter().find_map(|hash| hash.get("Sha256")).map(String::as_str)
}

/// A folder's name that leads nowhere else.
fn id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    fn entry(front: &[u8]) -> Vec<u8> {
        let mut tail = vec![0; (ALIGNED - front.len() % ALIGNED) % ALIGNED];
        tail.extend_from_slice(&[7; 40]);
        let length = (front.len() as u64).to_le_bytes();
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&tail);
        hasher.update(&length);
        [front, &tail, &hasher.finalize().to_le_bytes(), &length].concat()
    }

    #[test]
    fn what_follows_is_held_against_its_checksum_and_ids_lead_nowhere_else() {
        let hashes = vec![BTreeMap::from([("Sha256", "aa")])];
        let packed = |id: &str| rmp_serde::to_vec(&(id, &hashes, "a-1-py3-none-any.whl", 0, Some(3))).unwrap();
        let whole = entry(&packed("aZ-_9"));
        let wheel = Wheel::fetched(&whole).unwrap();
        assert_eq!((wheel.id.as_str(), wheel.sha256(), wheel.form), ("aZ-_9", Some("aa"), 0));
        assert!(Wheel::fetched(&entry(&packed("../../x"))).is_none());
        for cut in 0..whole.len() {
            assert!(Wheel::fetched(&whole[..cut]).is_none(), "cut at {cut}");
        }
        let front = packed("aZ-_9").len();
        for at in front..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(Wheel::fetched(&damaged).is_none(), "bit of byte {at}");
        }
    }

    #[test]
    fn when_sources_changed_is_read_as_uv_writes_it() {
        let bytes = hex::decode(
            "929592ce6b02441fce11f18f16c0c08081a373726392ce6b02441fce11933e1793b074655a423076766f614f5a4b79524b5f90c0",
        )
        .unwrap();
        let local = Local::read(&bytes).unwrap();
        assert_eq!(local.revision.id, "teZB0vvoaOZKyRK_");
        assert_eq!(local.stamp.folders["src"], Some(Made::At(0x6b02_441f, 0x1193_3e17)));
        assert_eq!(local.stamp.changed, Some((0x6b02_441f, 0x11f1_8f16)));
    }
}
