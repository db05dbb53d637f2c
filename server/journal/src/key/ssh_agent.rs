//! A key of an SSH agent as a holder. An agent only signs, and an Ed25519 signature over the same words is always the same
//! (RFC 8032): 32 bytes derived from a signature nobody else sees are a key that only the agent's owner can make again.
//! What is signed is an SSHSIG of a namespace of its own, so that no login, commit or file signature can be passed off as one.

use super::holder::{Ask, HeldKey, HolderError, KeyHolder};
use super::seal::{self, Sealed};
use crate::folder::Key;
use ed25519_dalek::VerifyingKey;
use host::{AgentError, SshAgentSocket};
use serde::{Deserialize, Serialize};
use ssh_key::{Algorithm, HashAlg, PublicKey, Signature, SshSig};
use std::time::Duration;
use zeroize::Zeroizing;

/// Namespace of the signatures: no other program asks for one of it.
const NAMESPACE: &str = "journal-key@holdover";
/// An agent answers at once, unless it asks its owner first (`ssh-add -c`) or waits for a touch.
const PROMPT: Duration = Duration::from_secs(2);
const PERSON: Duration = Duration::from_mins(1);

/// The agent that `SSH_AUTH_SOCK` names.
#[derive(Debug, Clone)]
pub struct SshAgent {
    socket: Option<SshAgentSocket>,
}

/// As `journal.json` holds it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    /// The public key as `authorized_keys` has it, without a comment.
    key: String,
    /// 32 random bytes in hex, which are signed: a key of its own for each journal and each move.
    challenge: String,
    #[serde(flatten)]
    sealed: Sealed,
}

impl SshAgent {
    /// Of this login; connects to nothing yet.
    #[must_use]
    pub fn of_this_login() -> SshAgent {
        SshAgent { socket: SshAgentSocket::of_this_login() }
    }

    /// The agent behind a socket.
    #[must_use]
    pub fn at(socket: &std::path::Path) -> SshAgent {
        SshAgent { socket: Some(SshAgentSocket::at(socket)) }
    }

    fn socket(&self) -> Result<&SshAgentSocket, HolderError> {
        let absent = || HolderError::Absent("no SSH agent runs in this login: SSH_AUTH_SOCK is not set".to_owned());
        self.socket.as_ref().ok_or_else(absent)
    }

    fn list(&self, limit: Duration) -> Result<Vec<(PublicKey, String)>, HolderError> {
        let found = self.socket()?.keys(limit).map_err(told)?;
        // Kinds that are not understood, hardware keys and certificates of later versions for example, are passed over.
        Ok(found
            .into_iter()
            .filter_map(|(blob, comment)| Some((PublicKey::from_bytes(&blob).ok()?, comment)))
            .collect())
    }

    /// The key that a signature makes: asked for twice, because an agent whose signatures differ could never give it again.
    fn derive(&self, key: &PublicKey, challenge: &[u8], twice: bool, ask: Ask) -> Result<Key, HolderError> {
        let failed = |what: &str| HolderError::Failed(what.to_owned());
        let words = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, challenge)
            .map_err(|e| HolderError::Failed(format!("the words to sign could not be made: {e}")))?;
        let blob = key.to_bytes().map_err(|e| HolderError::Failed(format!("the public key is not one: {e}")))?;
        let verifying = ed25519(key).ok_or_else(|| failed("the key is not an Ed25519 key"))?;
        let limit = limit(ask);
        let sign = || -> Result<Zeroizing<[u8; 64]>, HolderError> {
            let blob = Zeroizing::new(self.socket()?.sign(&blob, &words, limit).map_err(told)?);
            let signature =
                Signature::try_from(blob.as_slice()).map_err(|_| failed("the agent's signature is not one"))?;
            let mut bytes = Zeroizing::new([0; 64]);
            if signature.algorithm() != Algorithm::Ed25519 || signature.as_bytes().len() != 64 {
                return Err(failed("the agent signed with another kind of key"));
            }
            bytes.copy_from_slice(signature.as_bytes());
            verifying
                .verify_strict(&words, &ed25519_dalek::Signature::from_bytes(&bytes))
                .map_err(|_| failed("the agent's signature is not that of the key"))?;
            Ok(bytes)
        };
        let signature = sign()?;
        if twice && *sign()? != *signature {
            return Err(failed(
                "the agent signs the same words differently each time, so nothing can be derived from it",
            ));
        }
        Ok(Zeroizing::new(blake3::derive_key("holdover journal v1 ssh-agent wrapping key", signature.as_slice())))
    }
}

impl KeyHolder for SshAgent {
    fn kind(&self) -> &'static str {
        "ssh-agent"
    }

    fn keys(&self) -> Result<Vec<HeldKey>, HolderError> {
        let keys = self.list(PROMPT)?.into_iter().map(|(key, comment)| HeldKey {
            name: key.fingerprint(HashAlg::Sha256).to_string(),
            unfit: ed25519(&key).is_none().then(|| {
                format!(
                    "{} signatures are not always the same, or not known to be: an Ed25519 key is needed",
                    key.algorithm()
                )
            }),
            comment,
        });
        Ok(keys.collect())
    }

    fn seal(
        &self,
        which: Option<&str>,
        secret: &[u8; 32],
        context: &[u8],
        ask: Ask,
    ) -> Result<serde_json::Value, HolderError> {
        let key = choose(self.list(PROMPT)?, which)?;
        let mut challenge = [0; 32];
        getrandom::fill(&mut challenge).map_err(|e| HolderError::Failed(format!("no random numbers: {e}")))?;
        let with = self.derive(&key, &challenge, true, ask)?;
        let failed = |e: &dyn std::fmt::Display| HolderError::Failed(e.to_string());
        let sealed = seal::seal(&with, secret, context).map_err(|e| failed(&e))?;
        let mut key = key;
        key.set_comment("");
        let key = key.to_openssh().map_err(|e| failed(&e))?.trim().to_owned();
        serde_json::to_value(Held { key, challenge: hex::encode(challenge), sealed }).map_err(|e| failed(&e))
    }

    fn unseal(&self, sealed: &serde_json::Value, context: &[u8], ask: Ask) -> Result<Zeroizing<[u8; 32]>, HolderError> {
        let bad =
            |what: &str| HolderError::Failed(format!("journal.json does not hold a key that an agent sealed: {what}"));
        let held = Held::deserialize(sealed).map_err(|e| bad(&e.to_string()))?;
        let key = PublicKey::from_openssh(&held.key).map_err(|e| bad(&e.to_string()))?;
        let challenge = hex::decode(&held.challenge).map_err(|e| bad(&e.to_string()))?;
        let name = key.fingerprint(HashAlg::Sha256);
        if !self.list(PROMPT)?.iter().any(|(other, _)| other.key_data() == key.key_data()) {
            return Err(HolderError::Absent(format!("the SSH agent does not hold the key {name}")));
        }
        let with = self.derive(&key, &challenge, false, ask)?;
        seal::open(&with, &held.sealed, context).ok_or_else(|| bad(&format!("{name} does not open it")))
    }

    fn describe(&self, sealed: &serde_json::Value) -> String {
        let name = Held::deserialize(sealed).ok().and_then(|held| PublicKey::from_openssh(&held.key).ok());
        name.map_or_else(|| "an SSH key".to_owned(), |key| format!("the SSH key {}", key.fingerprint(HashAlg::Sha256)))
    }
}

/// Ed25519 alone: ECDSA signatures are random, those of hardware keys hold a counter, and RSA's differ between agents.
fn ed25519(key: &PublicKey) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&key.key_data().ed25519()?.0).ok()
}

fn choose(keys: Vec<(PublicKey, String)>, which: Option<&str>) -> Result<PublicKey, HolderError> {
    let names = |(key, comment): &(PublicKey, String)| {
        which.is_none_or(|which| comment == which || key.fingerprint(HashAlg::Sha256).to_string() == which)
    };
    let mut fit: Vec<_> = keys.into_iter().filter(|found| ed25519(&found.0).is_some() && names(found)).collect();
    match (fit.len(), which) {
        (1, _) => Ok(fit.remove(0).0),
        (0, None) => Err(HolderError::Absent("the SSH agent holds no Ed25519 key".to_owned())),
        (0, Some(which)) => Err(HolderError::Absent(format!("the SSH agent holds no Ed25519 key `{which}`"))),
        (several, _) => {
            let list: Vec<_> =
                fit.iter().map(|(key, comment)| format!("{} {comment}", key.fingerprint(HashAlg::Sha256))).collect();
            Err(HolderError::Refused(format!(
                "the SSH agent holds {several} keys that would do, and one must be named: {}",
                list.join(", ")
            )))
        }
    }
}

fn limit(ask: Ask) -> Duration {
    if ask == Ask::Person { PERSON } else { PROMPT }
}

fn told(error: AgentError) -> HolderError {
    match error {
        AgentError::Absent(said) => HolderError::Absent(said),
        AgentError::TimedOut(said) => HolderError::TimedOut(said),
        AgentError::Refused(said) => HolderError::Refused(said),
        AgentError::Failed(said) => HolderError::Failed(said),
    }
}
