//! Statements about what lies outside of the journal, signed by this device: in-toto in a DSSE envelope. What is stated is for others;
//! here it is signed, and a signature is checked. Who the signer is, and whether that device counts, is told by the membership.

use crate::dsse;
use crate::{EnvelopeError, Journal, JournalError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The type of an in-toto statement, version 1.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// Something that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What it is called there.
    pub name: String,
    /// Names of hashes and their values in hexadecimal, `sha256` for example.
    pub digests: Vec<(String, String)>,
}

impl Subject {
    /// A file's contents, by SHA-256 and BLAKE3.
    #[must_use]
    pub fn of(name: &str, contents: &[u8]) -> Self {
        let digests = [
            ("sha256", hex::encode(Sha256::digest(contents))),
            ("blake3", blake3::hash(contents).to_hex().to_string()),
        ];
        Self { name: name.to_owned(), digests: digests.map(|(name, value)| (name.to_owned(), value)).to_vec() }
    }
}

/// A statement whose signature holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// The device that signed it: its public key in hexadecimal.
    pub signer: String,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// What is said about it.
    pub predicate: Value,
}

impl Journal {
    /// The text of a signed envelope.
    ///
    /// # Errors
    /// Where this device's key cannot be read.
    pub fn sign_statement(&self, kind: &str, subjects: &[Subject], predicate: &Value) -> Result<Vec<u8>, JournalError> {
        let subjects: Vec<Value> = subjects
            .iter()
            .map(|subject| {
                let digest: serde_json::Map<String, Value> =
                    subject.digests.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                json!({ "name": subject.name, "digest": digest })
            })
            .collect();
        let statement =
            json!({ "_type": STATEMENT, "subject": subjects, "predicateType": kind, "predicate": predicate });
        let body = serde_json::to_vec(&statement).unwrap_or_default();
        self.read(|connection| Ok(dsse::sealed(&body, &crate::store::own_device(connection)?.signing)))
    }
}

/// Reads an envelope whose predicate is of this kind. Nothing in it is believed before a signature holds.
///
/// # Errors
/// Where no signature holds, or it states something else.
pub fn stated(text: &[u8], kind: &str) -> Result<Stated, EnvelopeError> {
    let (body, signer) = dsse::opened(text)?;
    let not_one = |detail: &str| EnvelopeError::NotOne(detail.to_owned());
    let statement: Value = serde_json::from_slice(&body).map_err(|e| EnvelopeError::NotOne(e.to_string()))?;
    let is = |field: &str| statement.get(field).and_then(Value::as_str).unwrap_or_default();
    if is("_type") != STATEMENT || is("predicateType") != kind {
        return Err(EnvelopeError::NotOne(format!("it is a `{}` about a `{}`", is("_type"), is("predicateType"))));
    }
    let all = statement.get("subject").and_then(Value::as_array).ok_or_else(|| not_one("it is about nothing"))?;
    let subject = |one: &Value| {
        let digests = one.get("digest")?.as_object()?.iter();
        let digests = digests.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(Subject { name: one.get("name")?.as_str()?.to_owned(), digests: digests.collect::<Option<_>>()? })
    };
    let subjects = all.iter().map(subject).collect::<Option<Vec<_>>>();
    Ok(Stated {
        signer,
        subjects: subjects.ok_or_else(|| not_one("one of its subjects has no name or no digest"))?,
        predicate: statement.get("predicate").cloned().unwrap_or_default(),
    })
}
