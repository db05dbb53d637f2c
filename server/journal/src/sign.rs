//! Signatures of single events: which kinds need one, what it covers, and whether it holds.
//! Most events are vouched for by the signature of the segment that carries them; these must stand by themselves.

use crate::header::Header;
use crate::redact::{REDACTED, RETAINED};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Set in front of what is signed, so that no signature of an event is one of anything else.
const CONTEXT: &[u8] = b"holdover journal v1 event\0";

/// Whether an event of that kind counts only with its device's signature: decisions, membership and deletions.
pub(crate) fn needs_signature(kind: &str) -> bool {
    kind.starts_with("review.decision") || kind.starts_with("device.") || matches!(kind, REDACTED | RETAINED)
}

fn covered(front: &[u8]) -> Vec<u8> {
    [CONTEXT, front].concat()
}

/// Appends the header, signed, to `out`. `header.sig` is what was signed.
pub(crate) fn encode_signed(header: &mut Header, key: &SigningKey, out: &mut Vec<u8>) {
    header.sig = None;
    let begin = out.len();
    header.encode(out);
    // The last byte is the null in the signature's place.
    let front = &out[begin..out.len() - 1];
    header.sig = Some(key.sign(&covered(front)).to_bytes());
    out.truncate(begin);
    header.encode(out);
}

/// Whether what a header says about its signature holds for the device with that key; `Err` with the reason where not.
/// `bytes` are the header's own.
pub(crate) fn check_signature(header: &Header, bytes: &[u8], public: &VerifyingKey) -> Result<(), &'static str> {
    match header.sig {
        None if needs_signature(&header.kind) => Err("an event of its kind is signed, and this one is not"),
        None => Ok(()),
        Some(sig) => {
            let front = Header::signed_part(bytes).ok_or("its signature is not at its end")?;
            // Strict: one message has one signature, and a key of small order signs nothing.
            public
                .verify_strict(&covered(front), &Signature::from_bytes(&sig))
                .map_err(|_| "its signature is not its device's")
        }
    }
}
