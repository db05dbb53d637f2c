//! A raw key sealed with a passphrase: Argon2id makes a key of what a person can remember, and makes guessing dear.
//! It runs when a journal is unlocked or rekeyed, never when one is opened: 64 MiB and some tenths of a second.

use super::seal::{self, Sealed};
use crate::folder::Key;
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Fewest characters of a new passphrase.
pub const SHORTEST: usize = 8;
/// RFC 9106's second recommended set, for where not every machine has 2 GiB to spare; one lane, as one thread computes it.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
/// A description can be anybody's: more memory than this, or more work in all, is not done for it.
const MOST_MEMORY_KIB: u32 = 1 << 20;
const MOST_WORK_KIB: u64 = 4 << 20;

/// As `journal.json` holds it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wrapped {
    /// `argon2id`.
    derivation: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// 16 bytes in hex.
    salt: String,
    #[serde(flatten)]
    sealed: Sealed,
}

pub(crate) fn wrap(passphrase: &str, key: &[u8; 32], context: &[u8]) -> std::io::Result<serde_json::Value> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
    let with = derive(passphrase, &salt, MEMORY_KIB, PASSES, 1).map_err(std::io::Error::other)?;
    let wrapped = Wrapped {
        derivation: "argon2id".to_owned(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: 1,
        salt: hex::encode(salt),
        sealed: seal::seal(&with, key, context)?,
    };
    serde_json::to_value(wrapped).map_err(std::io::Error::other)
}

/// `Ok(None)`: another passphrase. `Err`: the description cannot be used, and why.
pub(crate) fn unwrap(
    passphrase: &str,
    wrapped: Option<&serde_json::Value>,
    context: &[u8],
) -> Result<Option<Key>, String> {
    let wrapped = wrapped.ok_or("the sealed key is not in it")?;
    let wrapped = Wrapped::deserialize(wrapped).map_err(|e| format!("the sealed key cannot be read: {e}"))?;
    if wrapped.derivation != "argon2id" {
        return Err(format!("a key is derived by `{}`, which this version does not know", wrapped.derivation));
    }
    let work = u64::from(wrapped.memory_kib) * u64::from(wrapped.passes);
    if wrapped.memory_kib > MOST_MEMORY_KIB || work > MOST_WORK_KIB || wrapped.lanes > 16 {
        let (memory, passes) = (wrapped.memory_kib, wrapped.passes);
        return Err(format!(
            "it asks for {memory} KiB of memory in {passes} passes, more than is done for a passphrase"
        ));
    }
    let salt = hex::decode(&wrapped.salt).map_err(|_| "the salt is not hexadecimal")?;
    let with = derive(passphrase, &salt, wrapped.memory_kib, wrapped.passes, wrapped.lanes)?;
    Ok(seal::open(&with, &wrapped.sealed, context))
}

fn derive(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32, lanes: u32) -> Result<Key, String> {
    let bad = |e: argon2::Error| format!("the derivation's numbers do not fit: {e}");
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(bad)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(bad)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use super::*;
    use serde_json::json;

    #[test]
    fn the_right_passphrase_gives_the_key_back_and_another_does_not() {
        let wrapped = wrap("correct horse", &[9; 32], b"here").unwrap();
        assert_eq!(*unwrap("correct horse", Some(&wrapped), b"here").unwrap().unwrap(), [9; 32]);
        assert!(unwrap("correct horsf", Some(&wrapped), b"here").unwrap().is_none());
        assert!(unwrap("correct horse", Some(&wrapped), b"there").unwrap().is_none());
    }

    /// Test vector of RFC 9106's reference implementation: version 0x13, t=2, m=64 MiB, p=1.
    #[test]
    fn the_derivation_is_argon2id_as_others_compute_it() {
        let key = derive("password", b"somesalt", 65536, 2, 1).unwrap();
        assert_eq!(hex::encode(*key), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }

    #[test]
    fn a_description_that_asks_for_the_whole_machine_is_refused_before_any_work() {
        let wrapped = wrap("correct horse", &[9; 32], b"").unwrap();
        for (field, value) in
            [("memoryKib", 4 << 20), ("passes", 1 << 20), ("lanes", 4000), ("memoryKib", 0), ("passes", 0)]
        {
            let mut hostile = wrapped.clone();
            hostile[field] = json!(value);
            assert!(unwrap("correct horse", Some(&hostile), b"").is_err(), "{field}");
        }
        for hostile in [json!(null), json!({}), json!({"derivation": "md5"})] {
            assert!(unwrap("correct horse", Some(&hostile), b"").is_err());
        }
        let mut other = wrapped.clone();
        other["derivation"] = json!("scrypt");
        assert!(unwrap("correct horse", Some(&other), b"").unwrap_err().contains("`scrypt`"));
    }
}
