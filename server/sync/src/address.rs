//! Where a remote is, as users write it, and the remote that is there.
//! It reads an address and opens nothing.

use crate::folder::Folder;
use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};

/// Why a text is no address of a remote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A kind that this version does not know.
    #[error("no remote of this kind can be used yet: {0}\nhint: name a folder, as a path or as file:///path")]
    Kind(String),
    /// Not an address.
    #[error("this is no address of a remote: {0}\nhint: name a folder, as a path or as file:///path")]
    Malformed(String),
}

/// Where a remote is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A folder, by its whole path.
    Folder(PathBuf),
}

impl Address {
    /// Reads what a user wrote; a path is one from `current` on.
    pub fn read(text: &str, current: &Path) -> Result<Address, AddressError> {
        let text = text.trim();
        let shown = || crate::name::shown(text);
        if text.is_empty() || text.contains('\0') {
            return Err(AddressError::Malformed(shown()));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            if !scheme.eq_ignore_ascii_case("file") {
                return Err(AddressError::Kind(shown()));
            }
            let path = percent_decode_str(rest).decode_utf8().map_err(|_| AddressError::Malformed(shown()))?;
            let path = path.strip_prefix("localhost").unwrap_or(&path);
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(Address::Folder(path)) } else { Err(AddressError::Malformed(shown())) };
        }
        // `git@host:path` and `s3:bucket` are no folders; one letter in front of a colon is a drive.
        let colon = text.find(':').filter(|at| *at > 1 && !text[..*at].contains(['/', '\\']));
        if colon.is_some() && !Path::new(text).exists() {
            return Err(AddressError::Kind(shown()));
        }
        Ok(Address::Folder(current.join(text)))
    }

    /// The address as it is kept: whole, so that it does not depend on where a command is run.
    #[must_use]
    pub fn text(&self) -> String {
        let Address::Folder(path) = self;
        path.to_string_lossy().into_owned()
    }

    /// The remote there. Looks at nothing yet.
    #[must_use]
    pub fn folder(&self) -> Folder {
        let Address::Folder(path) = self;
        Folder::at(path)
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_folder_is_named_by_a_path_or_a_file_address_and_other_kinds_are_said_not_to_be_there() {
        let read = |text: &str| Address::read(text, Path::new("/home/me/ferry")).map(|address| address.text());
        assert_eq!(read("/media/stick"), Ok("/media/stick".to_owned()));
        assert_eq!(read("../shared/x"), Ok("/home/me/ferry/../shared/x".to_owned()));
        assert_eq!(read("file:///media/my%20stick"), Ok("/media/my stick".to_owned()));
        assert_eq!(read("FILE://localhost/media"), Ok("/media".to_owned()));
        for other in ["git@example.org:team/ferry.git", "s3://bucket/x", "https://example.org/x", "ssh://h/x"] {
            assert_eq!(read(other), Err(AddressError::Kind(other.to_owned())), "{other}");
        }
        for none in ["", "  ", "file://media/stick", "file://%ff", "a\0b"] {
            assert!(matches!(read(none), Err(AddressError::Malformed(_))), "{none:?}");
        }
    }
}
