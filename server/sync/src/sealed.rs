//! A remote on which only who has the team's key can read: each segment is encrypted as a whole, and bound to its name and to the
//! remote. Who reads there without the key sees how many logs there are, places, lanes, lengths and times, and no more.
//!
//! What lies there: `HOLDENC`, 1, a nonce of 24 bytes, and the segment under XChaCha20-Poly1305. The nonce follows from the segment and
//! its name, so that two who put the same segment there write the same bytes, and no nonce is ever used for two texts.

use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::key::TeamKey;
use crate::name::SegmentName;
use crate::remote::{Head, Identity, Listing, Probe, Put, Remote};
use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

const MARK: &[u8; 8] = b"HOLDENC\x01";
const NONCE: usize = 24;
/// Bytes by which what lies there is longer than the segment.
pub(crate) const MORE: u64 = (MARK.len() + NONCE + 16) as u64;

/// A remote behind a team's key.
pub struct Sealed {
    remote: Arc<dyn Remote>,
    key: TeamKey,
    keys: Mutex<Option<Arc<Keys>>>,
}

/// Keys for one remote.
struct Keys {
    text: Zeroizing<[u8; 32]>,
    nonce: Zeroizing<[u8; 32]>,
    logs: Aes128,
    hashes: Aes128,
}

impl Keys {
    fn of(key: &TeamKey, identity: &Identity) -> Keys {
        let remote = format!("{} {}", identity.id, hex::encode(identity.project));
        let block = |purpose: &str| {
            let mut half = Zeroizing::new([0; 16]);
            half.copy_from_slice(&key.of_purpose(purpose, &remote)[..16]);
            Aes128::new((&*half).into())
        };
        Keys {
            text: key.of_purpose("segments", &remote),
            nonce: key.of_purpose("nonces", &remote),
            logs: block("names of logs"),
            hashes: block("hashes in names"),
        }
    }

    /// The name under which a segment lies there.
    fn there(&self, name: &SegmentName) -> SegmentName {
        SegmentName { log: encrypted(&self.logs, name.log), hash: encrypted(&self.hashes, name.hash), ..*name }
    }

    /// The segment's own name.
    fn here(&self, name: &SegmentName) -> SegmentName {
        SegmentName { log: decrypted(&self.logs, name.log), hash: decrypted(&self.hashes, name.hash), ..*name }
    }

    fn seal(&self, name: &SegmentName, segment: &[u8]) -> Option<Vec<u8>> {
        let bound = bound(name);
        let mut hash = blake3::Hasher::new_keyed(&self.nonce);
        hash.update(&bound).update(segment);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&hash.finalize().as_bytes()[..NONCE]);
        let cipher = XChaCha20Poly1305::new((&*self.text).into());
        let text = cipher.encrypt(&XNonce::from(nonce), Payload { msg: segment, aad: &bound }).ok()?;
        Some([MARK.as_slice(), &nonce, &text].concat())
    }

    fn open(&self, name: &SegmentName, bytes: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = bytes.strip_prefix(MARK)?.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let cipher = XChaCha20Poly1305::new((&*self.text).into());
        cipher.decrypt(&XNonce::from(nonce), Payload { msg: text, aad: &bound(name) }).ok()
    }
}

/// What a segment is bound to: one that lies under another's name does not open. Which of several files it is does not matter.
fn bound(name: &SegmentName) -> Vec<u8> {
    let mut bound = vec![name.lane];
    bound.extend(name.log);
    bound.extend(name.first.to_be_bytes());
    bound.extend(name.last.to_be_bytes());
    bound.extend(name.hash);
    bound
}

fn encrypted(cipher: &Aes128, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

fn decrypted(cipher: &Aes128, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    cipher.decrypt_block(&mut block);
    block.into()
}

/// That a remote which is used without a key is not encrypted.
pub fn in_the_clear(found: &Identity, place: &str) -> Result<(), RemoteError> {
    let Some(check) = found.check else { return Ok(()) };
    let message = format!("{place} is encrypted, with the key {}, and no key is kept for it here", hex::encode(check));
    let hint = "get the key from whoever set it up; then remove this remote if it was added, and add it with `--key FILE`; nothing was read or written";
    Err(RemoteError::of_all(Class::Integrity, message, hint))
}

impl Sealed {
    /// Puts nothing on `remote`, and takes nothing from it, that is not encrypted with the key.
    #[must_use]
    pub fn around(remote: Arc<dyn Remote>, key: TeamKey) -> Sealed {
        Sealed { remote, key, keys: Mutex::default() }
    }

    /// That the remote is encrypted with this key, before anything is read or written.
    fn known(&self, found: Identity) -> Result<Identity, RemoteError> {
        let place = self.remote.place();
        let of_all = |message: String, hint: &str| Err(RemoteError::of_all(Class::Integrity, message, hint));
        match found.check {
            Some(check) if check == self.key.check() || journal::planted("wrong-key-unseen") => {}
            Some(check) => {
                let message = format!(
                    "{place} is encrypted with another key ({}) than the one that was given ({})",
                    hex::encode(check),
                    hex::encode(self.key.check())
                );
                return of_all(message, "get the key from whoever set this remote up; nothing was read or written");
            }
            None => {
                let message = format!("{place} is not encrypted, and a key was given for it");
                return of_all(
                    message,
                    "to share in the clear, remove this remote and add it without the key; to encrypt, name an empty place; nothing was written",
                );
            }
        }
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *keys = Some(Arc::new(Keys::of(&self.key, &found)));
        Ok(Identity { check: None, ..found })
    }

    fn keys(&self, call: &Call) -> Result<Arc<Keys>, RemoteError> {
        let known = || self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if known().is_none() {
            self.known(self.remote.identity(call)?)?;
        }
        known().ok_or_else(|| RemoteError::of_all(Class::Retry, "the key is not there", "try again"))
    }
}

impl Remote for Sealed {
    fn kind(&self) -> &'static str {
        self.remote.kind()
    }

    fn place(&self) -> String {
        self.remote.place()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        self.remote.is_networked(call)
    }

    fn patience(&self) -> Duration {
        self.remote.patience()
    }

    fn look_afresh(&self) {
        self.remote.look_afresh();
    }

    fn found(&self, project: [u8; 16], _: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.known(self.remote.found(project, Some(self.key.check()), call)?)
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        self.known(self.remote.identity(call)?)
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        let keys = self.keys(call)?;
        let mut listing = self.remote.segments(call)?;
        for (name, bytes) in &mut listing.segments {
            *name = keys.here(name);
            *bytes = bytes.saturating_sub(MORE);
        }
        Ok(listing)
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        let keys = self.keys(call)?;
        let heads = self.remote.heads(call)?;
        Ok(heads.into_iter().map(|head| Head { log: decrypted(&keys.logs, head.log), ..head }).collect())
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        let keys = self.keys(call)?;
        let there = keys.there(name);
        let bytes = self.remote.get(&there, call)?;
        keys.open(name, &bytes).ok_or_else(|| {
            let message = format!("{there} does not open with this remote's key: it was changed, cut, or put under another name");
            let hint = "it may still be on its way, and is looked at again; if not, remove that file: whoever holds the segment puts it there again";
            RemoteError::of(Class::Integrity, message, hint)
        })
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        let keys = self.keys(call)?;
        let Some(sealed) = keys.seal(name, bytes) else {
            return Err(RemoteError::of(Class::Retry, format!("{name} could not be encrypted"), "try again"));
        };
        self.remote.put(&keys.there(name), &sealed, call)
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        let keys = self.keys(call)?;
        self.remote.set_head(&Head { log: encrypted(&keys.logs, head.log), ..*head }, call)
    }

    fn finish(&self, call: &Call) -> Result<(), RemoteError> {
        self.remote.finish(call)
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        self.identity(call)?;
        self.remote.probe(call)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn keys(key: u8, remote: &str) -> Keys {
        let identity = Identity { id: remote.to_owned(), project: [1; 16], check: None };
        Keys::of(&TeamKey::of(&[key; 32]).unwrap(), &identity)
    }

    fn name() -> SegmentName {
        SegmentName { lane: 2, log: [5; 16], first: 3, last: 9, hash: [6; 16], copy: 1 }
    }

    #[test]
    fn what_was_sealed_opens_under_its_own_name_on_its_own_remote_with_its_own_key_alone() {
        let (ours, text) = (keys(1, "a"), b"a segment".as_slice());
        let sealed = ours.seal(&name(), text).unwrap();
        assert_eq!(sealed.len() as u64, text.len() as u64 + MORE);
        assert_eq!(ours.open(&name(), &sealed).unwrap(), text);
        assert_eq!(ours.open(&name().in_copy(3), &sealed).unwrap(), text);
        assert_eq!(ours.seal(&name(), text).unwrap(), sealed, "two who put it there write the same bytes");
        let others = [
            SegmentName { lane: 1, ..name() },
            SegmentName { log: [4; 16], ..name() },
            SegmentName { first: 2, ..name() },
            SegmentName { last: 10, ..name() },
            SegmentName { hash: [7; 16], ..name() },
        ];
        for other in others {
            assert_eq!(ours.open(&other, &sealed), None, "{other}");
            assert_ne!(ours.seal(&other, text).unwrap()[8..32], sealed[8..32], "a nonce of its own: {other}");
        }
        assert_ne!(ours.seal(&name(), b"a_segment").unwrap()[8..32], sealed[8..32]);
        assert_eq!(keys(2, "a").open(&name(), &sealed), None);
        assert_eq!(keys(1, "b").open(&name(), &sealed), None);
        // Any bit of mark, nonce, text and tag; any length.
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << (at % 8);
            assert_eq!(ours.open(&name(), &changed), None, "byte {at}");
            assert_eq!(ours.open(&name(), &sealed[..at]), None, "cut at {at}");
        }
        assert_eq!(ours.open(&name(), &[sealed.as_slice(), b"x"].concat()), None);
        assert_eq!(ours.open(&name(), text), None, "and nothing that was never sealed");
    }

    #[test]
    fn names_of_logs_and_hashes_of_segments_do_not_stand_there_and_differ_from_remote_to_remote() {
        let (a, b) = (keys(1, "a"), keys(1, "b"));
        let there = a.there(&name());
        assert_eq!(a.here(&there), name());
        assert_eq!((there.lane, there.first, there.last, there.copy), (2, 3, 9, 1));
        assert!(there.log != name().log && there.hash != name().hash);
        assert!(b.there(&name()).log != there.log && b.there(&name()).hash != there.hash);
        let same = SegmentName { log: name().hash, hash: name().hash, ..name() };
        assert_ne!(a.there(&same).log, a.there(&same).hash, "each has a key of its own");
    }
}
