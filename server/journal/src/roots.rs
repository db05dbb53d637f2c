//! The root set: which devices have a say in who is in, and how many of them must sign the next set.
//! Pure: it weighs statements in the order that all devices share, and stores nothing.
//!
//! As in The Update Framework, version N counts once it is signed by as many devices of version N-1 as that demands, and by as
//! many of its own as it demands itself. Version 0 is the device with which membership began, alone. A signature is an event
//! `device.roots` of that device: whoever agrees says the same words. What names another version before it, or comes too
//! late, counts for nothing.

use crate::member::{Public, public_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const CONTEXT: &[u8] = b"holdover root set v1\0";
/// Most devices of a root set.
pub(crate) const MOST: usize = 64;
/// Most statements that wait for signatures: one device may say many.
const WAITING: usize = 256;

/// Payload of `device.roots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    pub version: u64,
    /// How many of its devices must sign the next version.
    pub threshold: u32,
    /// Hex, in order, each once.
    pub devices: Vec<String>,
    /// Hex of the hash of the version before.
    pub before: String,
}

impl Statement {
    /// What the signatures are of, whatever else a later version writes beside it.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(CONTEXT).update(&self.version.to_be_bytes()).update(&self.threshold.to_be_bytes());
        for text in [&self.before].into_iter().chain(&self.devices) {
            hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// The set that it would be; `None` where it cannot be one.
    fn set(&self) -> Option<RootSet> {
        let keys: Option<Vec<Public>> = self.devices.iter().map(|text| public_of(text)).collect();
        let keys = keys?;
        let in_order = keys.windows(2).all(|pair| pair[0] < pair[1]);
        let plain = self.devices.iter().zip(&keys).all(|(text, key)| *text == hex::encode(key));
        let bounded = (1..=MOST).contains(&keys.len()) && (1..=keys.len()).contains(&(self.threshold as usize));
        let devices = keys.into_iter().collect();
        (in_order && plain && bounded).then(|| RootSet {
            version: self.version,
            threshold: self.threshold as usize,
            devices,
            hash: self.hash(),
            signed: BTreeSet::new(),
        })
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RootSet {
    pub version: u64,
    pub threshold: usize,
    pub devices: BTreeSet<Public>,
    pub hash: [u8; 32],
    /// Who signed it, of the version before or of its own.
    pub signed: BTreeSet<Public>,
}

impl RootSet {
    /// Version 0.
    pub fn founded(root: Public) -> RootSet {
        let statement = Statement { version: 0, threshold: 1, devices: vec![hex::encode(root)], before: String::new() };
        RootSet { signed: BTreeSet::from([root]), ..statement.set().unwrap_or_default() }
    }

    fn enough(&self, signed: &BTreeSet<Public>) -> bool {
        self.devices.intersection(signed).count() >= self.threshold
    }
}

/// The version in force, and what waits for signatures to follow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Roots {
    pub now: RootSet,
    pub waiting: BTreeMap<[u8; 32], (Statement, RootSet)>,
    /// Hashes of the versions that came into force.
    past: BTreeMap<u64, [u8; 32]>,
}

impl Roots {
    pub fn founded(root: Public) -> Roots {
        Roots { now: RootSet::founded(root), ..Roots::default() }
    }

    /// Whether a device has a say in who is in. Until somebody names a root set, that of every member's person.
    pub fn leads(&self, device: &Public) -> bool {
        self.now.version == 0 || self.now.devices.contains(device)
    }

    /// Whether a device's signature counts for a set of these devices.
    pub fn concerns(&self, device: &Public, devices: &BTreeSet<Public>) -> bool {
        self.now.devices.contains(device) || devices.contains(device)
    }

    /// Whether one device alone cannot take this one out.
    pub fn guards(&self, device: &Public) -> bool {
        self.now.version > 0 && self.now.devices.contains(device)
    }

    /// What would follow the version in force.
    pub fn next(&self, devices: &BTreeSet<Public>, threshold: u32) -> Statement {
        Statement {
            version: self.now.version + 1,
            threshold,
            devices: devices.iter().map(hex::encode).collect(),
            before: hex::encode(self.now.hash),
        }
    }

    /// A member has signed. `is_person`: whether a device is a member that a person uses. Answers with whether the signature counts
    /// for a set, in force or waiting.
    pub fn hear(&mut self, by: Public, statement: Statement, is_person: impl Fn(&Public) -> bool) -> bool {
        if self.past.get(&statement.version) == Some(&statement.hash()) {
            // It agrees with what has come into force without it.
            return true;
        }
        let follows = statement.version == self.now.version + 1 && statement.before == hex::encode(self.now.hash);
        let Some(set) = statement.set().filter(|set| follows && set.devices.iter().all(&is_person)) else {
            return false;
        };
        // Whoever is in neither has nothing to sign.
        if !self.concerns(&by, &set.devices) {
            return false;
        }
        if self.waiting.len() >= WAITING && !self.waiting.contains_key(&set.hash) {
            return false;
        }
        let (_, set) = self.waiting.entry(set.hash).or_insert((statement, set));
        set.signed.insert(by);
        if self.now.enough(&set.signed) && set.enough(&set.signed) {
            self.now = set.clone();
            self.past.insert(self.now.version, self.now.hash);
            self.waiting.clear();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Public {
        [n; 32]
    }

    fn set(keys: &[u8]) -> BTreeSet<Public> {
        keys.iter().map(|n| key(*n)).collect()
    }

    #[test]
    fn a_version_counts_once_enough_of_the_one_before_and_enough_of_its_own_have_signed_it() {
        let mut roots = Roots::founded(key(1));
        let first = roots.next(&set(&[1, 2, 3]), 2);
        roots.hear(key(2), first.clone(), |_| true);
        roots.hear(key(3), first.clone(), |_| true);
        assert_eq!(roots.now.version, 0, "nobody of version 0 has signed");
        roots.hear(key(1), first.clone(), |_| true);
        assert_eq!((roots.now.version, roots.now.signed.len()), (1, 3));
        let second = roots.next(&set(&[2, 4]), 2);
        roots.hear(key(2), second.clone(), |_| true);
        roots.hear(key(2), second.clone(), |_| true);
        roots.hear(key(4), second.clone(), |_| true);
        assert_eq!(roots.now.version, 1, "of version 1 one device has signed, however often");
        roots.hear(key(3), second.clone(), |_| true);
        assert_eq!((roots.now.version, roots.now.devices.clone()), (2, set(&[2, 4])));
        // What was said of an older version comes late, and is passed over.
        for by in 1..5 {
            roots.hear(key(by), first.clone(), |_| true);
            roots.hear(key(by), second.clone(), |_| true);
        }
        assert_eq!((roots.now.version, roots.waiting.len()), (2, 0));
    }

    #[test]
    fn a_statement_that_cannot_be_a_set_counts_for_nothing() {
        let roots = Roots::founded(key(1));
        let good = roots.next(&set(&[1, 2]), 1);
        let bad = [
            Statement { threshold: 0, ..good.clone() },
            Statement { threshold: 3, ..good.clone() },
            Statement { devices: Vec::new(), threshold: 0, ..good.clone() },
            Statement { devices: vec![good.devices[0].clone(); 2], ..good.clone() },
            Statement { devices: vec![good.devices[1].clone(), good.devices[0].clone()], ..good.clone() },
            Statement { devices: vec![hex::encode(key(0xab)).to_uppercase()], ..good.clone() },
            Statement { devices: vec!["zz".to_owned()], ..good.clone() },
            Statement { version: 2, ..good.clone() },
            Statement { version: 0, ..good.clone() },
            Statement { before: String::new(), ..good.clone() },
        ];
        for statement in bad {
            let mut heard = roots.clone();
            heard.hear(key(1), statement.clone(), |_| true);
            assert_eq!(heard, roots, "{statement:?}");
        }
        let mut heard = roots.clone();
        heard.hear(key(1), good.clone(), |device| *device != key(2));
        assert_eq!(heard, roots, "one of its devices is no member");
        heard.hear(key(9), good, |_| true);
        assert_eq!(heard, roots, "a device of neither version has signed");
    }

    #[test]
    fn who_says_much_takes_no_memory_without_bound() {
        let mut roots = Roots::founded(key(1));
        for n in 0..1000_u16 {
            let [a, b] = n.to_be_bytes();
            let mut other = key(a);
            other[31] = b;
            let statement = roots.next(&BTreeSet::from([key(1), other, key(250), key(251)]), 3);
            roots.hear(key(1), statement, |_| true);
        }
        assert_eq!((roots.now.version, roots.waiting.len()), (0, WAITING));
    }
}
