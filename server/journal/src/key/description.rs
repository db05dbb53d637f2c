//! How `journal.json` says where the key is kept. Plain and readable without a key; it holds no key in the clear.
//! Later forms get a higher number, and what is not known here is refused by name.

use serde::{Deserialize, Serialize};

/// Newest form of a key's description that this version knows.
pub(crate) const FORM: u32 = 1;

/// How the key is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyDescription {
    /// `file`, `keyring`, `passphrase`, or the kind of a holder.
    pub kind: String,
    /// First 8 bytes of a hash of the key, in hex: tells the right key from another without opening anything.
    pub check: String,
    /// Form of this description; 1 where it is not said.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub form: u32,
    /// The key, encrypted, with what is needed to get it back; its shape is the kind's own. None for `file` and `keyring`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<serde_json::Value>,
}

impl KeyDescription {
    /// The key in the file beside the database.
    pub fn file(check: String) -> KeyDescription {
        KeyDescription { kind: "file".to_owned(), check, form: FORM, sealed: None }
    }
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's own signature")]
fn is_first(form: &u32) -> bool {
    *form == 1
}
