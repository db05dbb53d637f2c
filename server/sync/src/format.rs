//! What a remote says of itself in `FORMAT.json`: its id, the project that it carries, and with which key its segments are
//! encrypted. It reads and writes that text, and believes nothing of it.

use crate::remote::Identity;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The form of a remote whose segments lie there as they were sealed.
const PLAIN: u32 = 1;
/// The form of one whose segments are encrypted; the newest that this version knows.
const ENCRYPTED: u32 = 2;
/// How they are.
const SCHEME: &str = "xchacha20poly1305-1";
/// Longest description that is read, in bytes.
pub(crate) const MAX_DESCRIPTION: u64 = 4096;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    /// The form that readers and writers must know.
    holdover: u32,
    remote: String,
    /// In hex.
    project: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<Encryption>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encryption {
    scheme: String,
    /// Tells the right key from another, in hex.
    check: String,
}

/// What is wrong with a description, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    pub detail: String,
    pub hint: &'static str,
}

/// A description of a new remote.
pub(crate) fn new(project: [u8; 16], check: Option<[u8; 8]>) -> String {
    let encryption = check.map(|check| Encryption { scheme: SCHEME.to_owned(), check: hex::encode(check) });
    let description = Description {
        holdover: if encryption.is_some() { ENCRYPTED } else { PLAIN },
        remote: Ulid::generate().to_string(),
        project: hex::encode(project),
        encryption,
    };
    serde_json::to_string(&description).unwrap_or_default() + "\n"
}

/// Reads one.
pub(crate) fn read(bytes: &[u8]) -> Result<Identity, Unread> {
    let unread = |detail: &str| Unread {
        detail: detail.to_owned(),
        hint: "wait where it is still being copied; else name another place",
    };
    let found: Description =
        serde_json::from_slice(bytes).map_err(|e| unread(&format!("it does not say which remote this is: {e}")))?;
    if found.holdover > ENCRYPTED {
        let detail = format!("it is a remote of form {}, and this Holdover knows {ENCRYPTED}", found.holdover);
        return Err(Unread { detail, hint: "use a newer Holdover" });
    }
    let mut project = [0; 16];
    hex::decode_to_slice(&found.project, &mut project).map_err(|_| unread("it names no project"))?;
    let id: Ulid = found.remote.parse().map_err(|_| unread("it has no id"))?;
    let check = match found.encryption {
        None if found.holdover == PLAIN => None,
        Some(encryption) if encryption.scheme == SCHEME => {
            let mut check = [0; 8];
            hex::decode_to_slice(&encryption.check, &mut check).map_err(|_| unread("it names no key"))?;
            Some(check)
        }
        _ => {
            let detail = "its segments are encrypted in a way that this Holdover does not know".to_owned();
            return Err(Unread { detail, hint: "use a newer Holdover" });
        }
    };
    Ok(Identity { id: id.to_string(), project, check })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_description_is_read_back_and_what_is_not_known_is_named() {
        for check in [None, Some([7; 8])] {
            let found = read(new([9; 16], check).as_bytes()).unwrap();
            assert_eq!((found.project, found.check), ([9; 16], check));
        }
        let id = Ulid::generate();
        let project = "0".repeat(32);
        let text =
            |form: u32, rest: &str| format!(r#"{{"holdover":{form},"remote":"{id}","project":"{project}"{rest}}}"#);
        for (text, says) in [
            (text(3, ""), "a remote of form 3"),
            (text(2, ""), "in a way that this Holdover does not know"),
            (text(1, r#","encryption":{"scheme":"rot13","check":""}"#), "in a way that this Holdover does not know"),
            (text(2, r#","encryption":{"scheme":"xchacha20poly1305-1","check":"00"}"#), "names no key"),
            ("{".to_owned(), "does not say which remote"),
            (r#"{"holdover":1,"remote":"x","project":"00"}"#.to_owned(), "names no project"),
        ] {
            let unread = read(text.as_bytes()).unwrap_err();
            assert!(unread.detail.contains(says), "{text}: {unread:?}");
        }
    }
}
