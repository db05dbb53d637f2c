//! The two doors to what keeps keys outside our files: a keyring, which gives a secret back, and a holder, which never does.
//! PKCS#11 tokens, TPMs and secure enclaves fit behind [`KeyHolder`]; the first that does is an SSH agent.

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// Who may be bothered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ask {
    /// Nobody: what needs a person answers [`HolderError::Locked`], and a few seconds are all that it may take.
    #[default]
    Nobody,
    /// A person waits in front of it and may be shown a prompt; some minutes are theirs.
    Person,
}

/// Why a keyring or a holder did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// It would have to ask a person.
    #[error("{0}")]
    Locked(String),
    /// There is none on this machine, or it does not run in this session.
    #[error("{0}")]
    Absent(String),
    /// It did not answer in time.
    #[error("{0}")]
    TimedOut(String),
    /// It said no, or the person did.
    #[error("{0}")]
    Refused(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// The platform's keyring: secrets by name, given back as they were put.
pub trait Keyring: Send + Sync {
    /// As people know it, `Secret Service` for example.
    fn name(&self) -> &'static str;
    /// The secret under `entry`; `None` where the keyring answered and has none.
    fn get(&self, entry: &str, ask: Ask) -> Result<Option<Secret>, HolderError>;
    /// Puts a secret, over one that is there.
    fn put(&self, entry: &str, secret: &[u8], ask: Ask) -> Result<(), HolderError>;
    /// Removes a secret; that there is none is no error.
    fn remove(&self, entry: &str, ask: Ask) -> Result<(), HolderError>;
}

/// A key of a [`KeyHolder`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldKey {
    /// What names it in a command: a fingerprint for example.
    pub name: String,
    /// What its owner calls it.
    pub comment: String,
    /// Why it cannot seal, where it cannot.
    pub unfit: Option<String>,
}

/// Something that keeps keys which never leave it, and can encrypt 32 bytes so that only it gets them back.
///
/// An SSH agent derives from a signature; a TPM seals; a PKCS#11 token unwraps; a secure enclave decrypts. All of them fit
/// into two calls. `context` names journal, kind and check value: what was sealed for one context must not open in another.
pub trait KeyHolder: Send + Sync {
    /// The word in `journal.json` and after `--to`: `ssh-agent`.
    fn kind(&self) -> &'static str;
    /// The keys that it holds now.
    fn keys(&self) -> Result<Vec<HeldKey>, HolderError>;
    /// Seals `secret` with the key that is named, or with the only one that is fit. What comes back is kept in the clear.
    fn seal(
        &self,
        which: Option<&str>,
        secret: &[u8; 32],
        context: &[u8],
        ask: Ask,
    ) -> Result<serde_json::Value, HolderError>;
    /// Gets back what [`KeyHolder::seal`] sealed.
    fn unseal(&self, sealed: &serde_json::Value, context: &[u8], ask: Ask) -> Result<Zeroizing<[u8; 32]>, HolderError>;
    /// Which key it was sealed with, for people.
    fn describe(&self, sealed: &serde_json::Value) -> String;
}
