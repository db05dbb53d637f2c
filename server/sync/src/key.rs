//! A team's key: 32 random bytes in a file that is handed from person to person. What it encrypts is in `sealed.rs`.
//! It decides nothing about where the key is kept.

use std::fmt;
use zeroize::Zeroizing;

/// What the line of a key begins with.
const MARK: &str = "holdover-team-key-1";
/// Longest file that is read for a key.
pub const MAX_KEY_FILE: u64 = 4096;

/// A key that a team shares. It is wiped when it is dropped, and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct TeamKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for TeamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TeamKey({})", hex::encode(self.check()))
    }
}

/// Why a text holds no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No line of it is one.
    #[error("there is no team key in it")]
    None,
    /// A letter of it was changed.
    #[error("the team key in it was changed: its last part does not fit the rest")]
    Changed,
}

impl TeamKey {
    /// A new one.
    pub fn generate() -> std::io::Result<TeamKey> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice()).map_err(std::io::Error::other)?;
        Ok(TeamKey(key))
    }

    /// Of bytes that were kept.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<TeamKey> {
        let mut key = Zeroizing::new([0; 32]);
        (bytes.len() == 32).then(|| key.copy_from_slice(bytes))?;
        Some(TeamKey(key))
    }

    /// The bytes, to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Tells it from another, and says nothing about it.
    #[must_use]
    pub fn check(&self) -> [u8; 8] {
        let mut check = [0; 8];
        check.copy_from_slice(&blake3::derive_key("holdover 2026 check of a team key", self.0.as_slice())[..8]);
        check
    }

    /// A key for one purpose, on one remote.
    pub(crate) fn of_purpose(&self, purpose: &str, remote: &str) -> Zeroizing<[u8; 32]> {
        let context = Zeroizing::new([self.0.as_slice(), remote.as_bytes()].concat());
        Zeroizing::new(blake3::derive_key(&format!("holdover 2026 team key, {purpose}"), &context))
    }

    /// As it stands in a file.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(hex::encode(self.0.as_slice()));
        Zeroizing::new(format!(
            "# A team key of Holdover: whoever has this line can read what lies on remotes that are encrypted with it.\n{MARK}:{}:{}\n",
            *key,
            hex::encode(self.check())
        ))
    }

    /// Reads what [`TeamKey::text`] wrote, with any lines around it.
    pub fn read(text: &str) -> Result<TeamKey, KeyError> {
        let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(MARK)?.strip_prefix(':'));
        let (digits, check) = line.and_then(|line| line.split_once(':')).ok_or(KeyError::None)?;
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, key.as_mut_slice()).map_err(|_| KeyError::Changed)?;
        let key = TeamKey(key);
        if hex::encode(key.check()) == check { Ok(key) } else { Err(KeyError::Changed) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_key_is_read_back_and_a_letter_that_was_changed_is_found() {
        let key = TeamKey::generate().unwrap();
        let text = key.text();
        assert_eq!(TeamKey::read(&format!("Dear Bob,\r\n  {}\r\nAnn", *text)), Ok(key.clone()));
        assert_eq!(TeamKey::of(key.bytes()), Some(key.clone()));
        assert_ne!(TeamKey::generate().unwrap(), key);
        assert!(!format!("{key:?}").contains(&hex::encode(key.bytes())[..16]));
        let digit = text.find(MARK).unwrap() + MARK.len() + 5;
        let other = if &text[digit..=digit] == "a" { "b" } else { "a" };
        let changed = format!("{}{other}{}", &text[..digit], &text[digit + 1..]);
        assert_eq!(TeamKey::read(&changed), Err(KeyError::Changed));
        assert_eq!(TeamKey::read(&text[..text.len() - 3]), Err(KeyError::Changed));
        assert_eq!(TeamKey::read("a key"), Err(KeyError::None));
        assert_eq!(TeamKey::of(&[0; 31]), None);
    }
}
