//! A signature that programs of others can check: an in-toto statement about a file, in a DSSE envelope.
//! The exact bytes of the statement are signed; nothing in it is believed before the signature was checked.
//!
//! Formats: DSSE 1.0.2 (envelope and PAE), in-toto Statement v1.

use crate::export::Checked;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What the predicate is; the shape is [`Predicate`].
const PREDICATE: &str = "urn:holdover:journal-export:v1";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signed>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    keyid: String,
    sig: String,
}

/// A statement about one file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
struct Digest {
    sha256: String,
    blake3: String,
}

/// What is said about an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Predicate {
    pub journal: String,
    pub written_at: String,
    pub by: String,
    pub filter: Option<String>,
    pub events: u64,
    pub redacted: u64,
    pub heads: Vec<Head>,
}

/// A log's last event in the export.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    log: String,
    seq: u64,
    hash: String,
}

impl Head {
    pub fn new(log: String, seq: u64, hash: String) -> Head {
        Head { log, seq, hash }
    }
}

/// Why an envelope does not vouch for its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// It could not be read.
    #[error("the envelope cannot be read: {0}\nhint: check the permissions, or get it again from who sent it")]
    Unreadable(String),
    /// It is not an envelope about an export.
    #[error("this is no signed envelope of the kind that is wanted: {0}\nhint: get it again from who sent it")]
    NotOne(String),
    /// Nobody who could have signed it did.
    #[error(
        "the signature is not that of device {signer}, which wrote the file\nhint: the envelope was changed, or belongs to another file; get both again from who sent them"
    )]
    NotSigned {
        /// Hex of the public key that the file names.
        signer: String,
    },
    /// No signature in it holds.
    #[error(
        "no signature of this envelope holds: it was changed after it was signed\nhint: get it again from who sent it"
    )]
    Forged,
    /// It is about another file.
    #[error(
        "it is signed, and about other contents: {what} differs\nhint: the file was changed, or the envelope belongs to another file; get both again from who sent them"
    )]
    OtherContents {
        /// What is not the same.
        what: &'static str,
    },
}

impl Statement {
    pub fn new(name: &str, sha256: String, blake3: String, predicate: Predicate) -> Statement {
        Statement {
            kind: STATEMENT.to_owned(),
            subject: vec![Subject { name: name.to_owned(), digest: Digest { sha256, blake3 } }],
            predicate_type: PREDICATE.to_owned(),
            predicate,
        }
    }
}

/// What is signed: type and body with their lengths, so that no other pair has the same bytes.
fn pae(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The envelope's text, with the line's end.
pub(crate) fn envelope(statement: &Statement, key: &SigningKey) -> Vec<u8> {
    // Plain structs of texts and numbers: this cannot fail.
    sealed(&serde_json::to_vec(statement).unwrap_or_default(), key)
}

/// The envelope of a statement's bytes.
pub(crate) fn sealed(body: &[u8], key: &SigningKey) -> Vec<u8> {
    let signature = key.sign(&pae(PAYLOAD_TYPE, body)).to_bytes();
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: BASE64_STANDARD.encode(body),
        signatures: vec![Signed {
            keyid: hex::encode(key.verifying_key().to_bytes()),
            sig: BASE64_STANDARD.encode(signature),
        }],
    };
    let mut text = serde_json::to_vec_pretty(&envelope).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The bytes of a statement, and the device that signed them: the first that is named and whose signature holds.
pub(crate) fn opened(text: &[u8]) -> Result<(Vec<u8>, String), EnvelopeError> {
    let not_one = |detail: String| EnvelopeError::NotOne(detail);
    let envelope: Envelope = serde_json::from_slice(text).map_err(|e| not_one(e.to_string()))?;
    let body = BASE64_STANDARD.decode(&envelope.payload).map_err(|e| not_one(format!("its payload: {e}")))?;
    let signed = pae(&envelope.payload_type, &body);
    let holds = |one: &&Signed| {
        let key = hex::decode(&one.keyid).ok().and_then(|key| VerifyingKey::from_bytes(&key.try_into().ok()?).ok());
        let signature = BASE64_STANDARD.decode(&one.sig).ok().and_then(|sig| Signature::from_slice(&sig).ok());
        key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(&signed, &signature).is_ok())
    };
    let Some(signer) = envelope.signatures.iter().find(holds) else {
        return Err(EnvelopeError::Forged);
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(not_one(format!("its payload is `{}`", envelope.payload_type)));
    }
    Ok((body, signer.keyid.clone()))
}

/// Whether an envelope is signed by the device that the file names as its writer, and about this file.
pub(crate) fn check(text: &[u8], file: &Checked) -> Result<(), EnvelopeError> {
    let not_one = |detail: String| EnvelopeError::NotOne(detail);
    let envelope: Envelope = serde_json::from_slice(text).map_err(|e| not_one(e.to_string()))?;
    let body = BASE64_STANDARD.decode(&envelope.payload).map_err(|e| not_one(format!("its payload: {e}")))?;
    let signed = pae(&envelope.payload_type, &body);
    let not_signed = || EnvelopeError::NotSigned { signer: file.signer.clone() };
    let key = hex::decode(&file.signer)
        .ok()
        .and_then(|key| VerifyingKey::from_bytes(&key.try_into().ok()?).ok())
        .ok_or_else(not_signed)?;
    let holds = |one: &Signed| {
        let signature = BASE64_STANDARD.decode(&one.sig).ok().and_then(|sig| Signature::from_slice(&sig).ok());
        one.keyid == file.signer && signature.is_some_and(|signature| key.verify_strict(&signed, &signature).is_ok())
    };
    if !envelope.signatures.iter().any(holds) {
        return Err(not_signed());
    }
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(not_one(format!("its payload is `{}`", envelope.payload_type)));
    }
    let statement: Statement = serde_json::from_slice(&body).map_err(|e| not_one(e.to_string()))?;
    if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(not_one(format!("it is a `{}` about a `{}`", statement.kind, statement.predicate_type)));
    }
    let [subject] = &statement.subject[..] else {
        return Err(not_one(format!("it is about {} files", statement.subject.len())));
    };
    let predicate = &statement.predicate;
    let heads: Vec<Head> =
        file.heads.iter().map(|(log, seq, hash)| Head::new(log.clone(), *seq, hash.clone())).collect();
    for (same, what) in [
        (subject.digest.sha256 == file.sha256, "the SHA-256"),
        (subject.digest.blake3 == file.blake3, "the BLAKE3"),
        (predicate.journal == file.journal, "the journal"),
        (predicate.filter == file.filter, "the filter"),
        ((predicate.events, predicate.redacted) == (file.events, file.redacted), "the number of events"),
        (predicate.heads == heads, "a log's last event"),
    ] {
        if !same {
            return Err(EnvelopeError::OtherContents { what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_that_is_signed_is_the_one_of_the_specification() {
        // The example of the DSSE protocol's own text.
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
