//! The three hashes of the record: a log's name, a payload's commitment, and the chain.
//! Pure functions over bytes; nothing here is ever changed, only joined by a new version.

use blake3::hazmat::{ContextKey, HasherExt as _, hash_derive_key_context};
use contract::Lane;
use std::sync::LazyLock;

/// 16 bytes that name a log.
pub(crate) type LogId = [u8; 16];

/// Context of the key of a payload's commitment.
const COMMITMENT: &str = "holdover journal v1 payload commitment";

/// Number of a lane in hashes and columns; numbers are never used again.
pub(crate) fn lane_number(lane: Lane) -> u8 {
    match lane {
        Lane::Ctl => 0,
        Lane::Review => 1,
        Lane::Notes => 2,
        Lane::Observations => 3,
        Lane::Local => 4,
        Lane::Other => 15,
    }
}

/// How many lanes there are.
pub(crate) const LANES: usize = 5;

/// The lane with that number; [`Lane::Other`] for those of later versions.
pub(crate) fn lane_of(number: u8) -> Lane {
    [Lane::Ctl, Lane::Review, Lane::Notes, Lane::Observations, Lane::Local]
        .into_iter()
        .find(|lane| lane_number(*lane) == number)
        .unwrap_or(Lane::Other)
}

/// `blake3(device_pub || epoch_nonce || project || lane)[..16]`: a restored or cloned device gets a new epoch, so its logs get new names.
/// `lane` is a number, because a later version may have given it.
pub(crate) fn log_id(device_public: &[u8; 32], epoch_nonce: &[u8; 16], project: &[u8; 16], lane: u8) -> LogId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(device_public).update(epoch_nonce).update(project).update(&[lane]);
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

/// `blake3(previous hash || header)`; the hash before the first event is 32 zeros (the header names its log, so no two chains begin alike).
pub(crate) fn chain_hash(previous: &[u8; 32], header: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(previous).update(header).finalize().as_bytes()
}

/// Keyed BLAKE3 of the payload's exact bytes. The key is derived from the salt, so a short text cannot be guessed from its
/// commitment once the salt is deleted with it.
pub(crate) fn commitment(salt: &[u8; 16], payload: &[u8]) -> [u8; 32] {
    // What `blake3::derive_key` does, but for the context's own hash, which is the same for every event.
    static CONTEXT: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context(COMMITMENT));
    let key = *blake3::Hasher::new_from_context_key(&CONTEXT).update(salt).finalize().as_bytes();
    *blake3::keyed_hash(&key, payload).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_logs_name_counts() {
        let name = log_id(&[1; 32], &[2; 16], &[3; 16], 4);
        assert_ne!(name, log_id(&[9; 32], &[2; 16], &[3; 16], 4));
        assert_ne!(name, log_id(&[1; 32], &[9; 16], &[3; 16], 4));
        assert_ne!(name, log_id(&[1; 32], &[2; 16], &[9; 16], 4));
        assert_ne!(name, log_id(&[1; 32], &[2; 16], &[3; 16], 2));
    }

    #[test]
    fn hashes_are_what_the_format_says_for_ever() {
        // A change here would orphan every journal that exists.
        let joined = blake3::hash(&[&[7; 32][..], b"header"].concat());
        assert_eq!(chain_hash(&[7; 32], b"header"), *joined.as_bytes());
        let key = blake3::derive_key("holdover journal v1 payload commitment", &[1; 16]);
        assert_eq!(commitment(&[1; 16], b"payload"), *blake3::keyed_hash(&key, b"payload").as_bytes());
        assert_ne!(commitment(&[1; 16], b"payload"), commitment(&[2; 16], b"payload"));
        assert_ne!(commitment(&[1; 16], b"payload"), commitment(&[1; 16], b"payloae"));
    }

    #[test]
    fn lanes_keep_their_numbers() {
        let numbers: Vec<u8> =
            [Lane::Ctl, Lane::Review, Lane::Notes, Lane::Observations, Lane::Local].map(lane_number).to_vec();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert!(numbers.iter().all(|n| lane_number(lane_of(*n)) == *n));
        assert!((5..=u8::MAX).all(|n| lane_of(n) == Lane::Other));
    }
}
