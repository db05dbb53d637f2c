//! Who vouches for what is here: what can be told of an artifact's signature without asking anybody, and the signatures themselves.
//! May not read files, and keeps no key: keys are public ones, given by who asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};

/// What is known of the signature of one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Vouched {
    /// It was verified.
    Verified,
    /// There is none here; why, in words that go on after the artifact's name.
    Unsigned(String),
    /// There is one, and it does not hold.
    Forged(String),
    /// There is one, and whether it holds cannot be told.
    Untold(String),
}

/// What stands before the 65 bytes of a P-256 key in its usual form (SubjectPublicKeyInfo, RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The point of a P-256 key that is written as its usual form in base64; none: it is no such key.
pub(crate) fn p256(key: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(key.trim()).ok()?;
    bytes.strip_prefix(&P256).filter(|point| point.len() == 65).map(<[u8]>::to_vec)
}

/// Whether a signature, as base64 of its ASN.1 form, is of this message by this point's key (ECDSA P-256 with SHA-256).
pub(crate) fn ecdsa(point: &[u8], message: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, &signature).is_ok()
}

/// Whether 64 bytes are an Ed25519 signature of this message by this key.
pub(crate) fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}
