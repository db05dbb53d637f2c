//! Encrypts a raw key with another key: XChaCha20-Poly1305 with a random nonce, bound to what it is for.
//! It knows nothing of where the other key comes from.

use crate::folder::Key;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// An encrypted raw key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// 24 bytes in hex.
    nonce: String,
    /// 32 bytes and a tag of 16, in hex.
    text: String,
}

/// What a sealed key is bound to: moved into another journal's description it does not open.
pub(crate) fn context(journal: ulid::Ulid, kind: &str, check: &str) -> Vec<u8> {
    format!("holdover journal v1 sealed key\0{journal}\0{kind}\0{check}").into_bytes()
}

pub(crate) fn seal(with: &Key, key: &[u8; 32], context: &[u8]) -> std::io::Result<Sealed> {
    let mut nonce = [0; 24];
    getrandom::fill(&mut nonce).map_err(std::io::Error::other)?;
    let text = XChaCha20Poly1305::new((&**with).into())
        .encrypt(&XNonce::from(nonce), Payload { msg: key, aad: context })
        .map_err(|_| std::io::Error::other("the key could not be encrypted"))?;
    Ok(Sealed { nonce: hex::encode(nonce), text: hex::encode(text) })
}

/// `None` where it was sealed with another key or for another context, or was changed since.
pub(crate) fn open(with: &Key, sealed: &Sealed, context: &[u8]) -> Option<Key> {
    let mut nonce = [0; 24];
    let mut text = [0; 48];
    hex::decode_to_slice(&sealed.nonce, &mut nonce).ok()?;
    hex::decode_to_slice(&sealed.text, &mut text).ok()?;
    let opened = XChaCha20Poly1305::new((&**with).into())
        .decrypt(&XNonce::from(nonce), Payload { msg: &text, aad: context })
        .ok()
        .map(Zeroizing::new)?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(opened.get(..32)?);
    (opened.len() == 32).then_some(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use super::*;

    #[test]
    fn a_sealed_key_opens_with_its_own_key_and_context_alone_and_not_when_it_was_changed() {
        let (with, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        let sealed = seal(&with, &[7; 32], b"here").unwrap();
        assert_eq!(*open(&with, &sealed, b"here").unwrap(), [7; 32]);
        assert!(open(&other, &sealed, b"here").is_none());
        assert!(open(&with, &sealed, b"there").is_none());
        assert_ne!(sealed, seal(&with, &[7; 32], b"here").unwrap(), "the nonce is another one each time");
        let flip = |text: &str| format!("{}{}", if text.starts_with('0') { '1' } else { '0' }, &text[1..]);
        for changed in [
            Sealed { nonce: flip(&sealed.nonce), text: sealed.text.clone() },
            Sealed { nonce: sealed.nonce.clone(), text: flip(&sealed.text) },
            Sealed { nonce: sealed.nonce.clone(), text: format!("{}00", sealed.text) },
            Sealed { nonce: String::new(), text: sealed.text.clone() },
        ] {
            assert!(open(&with, &changed, b"here").is_none());
        }
    }
}
