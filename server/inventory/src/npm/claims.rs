//! What an earlier search through npm's cache found, each under a name of all that it rests on.
//! May not look at files.

use std::collections::HashMap;

/// Version of the remembered form.
const FORM: u8 = 2;

/// What is remembered, and what is to be: payloads by claims.
#[derive(Default)]
pub(super) struct Claims {
    pub known: HashMap<[u8; 16], Vec<u8>>,
}

pub(super) fn claim(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

/// A form byte; then of each its claim, the payload's length in four bytes, and the payload.
pub(super) fn remember(learned: &HashMap<[u8; 16], Vec<u8>>) -> Vec<u8> {
    let mut out = vec![FORM];
    for (claim, payload) in learned {
        out.extend_from_slice(claim);
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(payload);
    }
    out
}

pub(super) fn recall(bytes: &[u8]) -> HashMap<[u8; 16], Vec<u8>> {
    let mut out = HashMap::new();
    let Some((&FORM, mut rest)) = bytes.split_first() else { return out };
    while let Some((claim, behind)) = rest.split_first_chunk::<16>()
        && let Some((length, behind)) = behind.split_first_chunk::<4>()
        && let Some((payload, behind)) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)
    {
        out.insert(*claim, payload.to_vec());
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = (recall(&bytes), recall(&[&[FORM], bytes.as_slice()].concat()));
        }
    }
}
