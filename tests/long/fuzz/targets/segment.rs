//! A sealed segment, as it lies in a folder that anybody can write to. What begins with an even byte is read as it is, and
//! must be refused: nobody signed it. Behind an odd one the hash and the signature are put that fit.
#![no_main]

use ed25519_dalek::{Signer, SigningKey};
use holdover_journal::Segment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [which, bytes @ ..] = bytes else { return };
    if which % 2 == 0 {
        assert!(Segment::read(bytes).is_err());
        return;
    }
    let mut whole = bytes.to_vec();
    let hash = *blake3::hash(&whole).as_bytes();
    whole.extend_from_slice(&hash);
    let key = SigningKey::from_bytes(&[3; 32]);
    whole.extend_from_slice(&key.sign(&[b"holdover segment v1\0", &hash[..]].concat()).to_bytes());
    if let Ok(segment) = Segment::read(&whole) {
        assert_eq!(segment.last - segment.first + 1, segment.records.len() as u64);
        // Sound, until a bit of it changes.
        let at = usize::from(*which) * whole.len() / 256;
        whole[at] ^= 1;
        assert!(Segment::read(&whole).is_err());
    }
});
