//! The names of refs, which are the same on a remote and in the repository of our own that mirrors it.
//!
//! ```text
//! refs/holdover/v1/format               which remote this is, and whose: a commit with FORMAT.json
//! refs/holdover/v1/device/<32 hex>      what one device has put there, a commit a push: seg/…, heads/…
//! ```

/// Where refs may lie on a remote, most wanted first: some hosts hide what is neither a branch nor a note.
pub(super) const SPACES: [&str; 3] = ["refs/holdover/v1", "refs/notes/holdover/v1", "refs/heads/holdover/v1"];
/// A commit that is to be pushed.
pub(super) const NEXT: &str = "refs/next";
/// Most refs of one remote: devices, and a few.
pub(super) const MOST_REFS: usize = 5000;

/// What a ref of a remote is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Format,
    Device([u8; 16]),
}

/// One ref of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ref {
    /// Index in [`SPACES`].
    pub space: usize,
    pub is_for: For,
    /// The commit, in hex.
    pub commit: String,
}

impl Ref {
    /// Its name on the remote.
    pub fn name(&self) -> String {
        name(self.space, self.is_for)
    }

    /// Reads a line of `for-each-ref`: commit, type, name; `None` for what is not ours.
    pub fn read(line: &str) -> Option<Ref> {
        let mut parts = line.split(' ');
        let (commit, kind, local) = (parts.next()?, parts.next()?, parts.next()?);
        let (space, rest) = SPACES
            .iter()
            .enumerate()
            .find_map(|(space, base)| Some((space, local.strip_prefix(base)?.strip_prefix('/')?)))?;
        let is_for = match rest.strip_prefix("device/") {
            None => (rest == "format").then_some(For::Format)?,
            Some(id) => {
                let mut device = [0; 16];
                hex::decode_to_slice(id, &mut device).ok().filter(|()| hex::encode(device) == id)?;
                For::Device(device)
            }
        };
        (kind == "commit" && is_object(commit)).then(|| Ref { space, is_for, commit: commit.to_owned() })
    }
}

/// The name of a ref on the remote.
pub(super) fn name(space: usize, is_for: For) -> String {
    let base = SPACES[space];
    match is_for {
        For::Format => format!("{base}/format"),
        For::Device(device) => format!("{base}/device/{}", hex::encode(device)),
    }
}

/// What is asked of the remote: all our refs, as they are there.
pub(super) fn wanted() -> Vec<String> {
    SPACES.iter().map(|space| format!("+{space}/*:{space}/*")).collect()
}

/// Whether a text names an object, as git prints it.
pub(super) fn is_object(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_ref_is_read_back_and_what_is_not_ours_is_passed_over() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let line = |kind: &str, name: &str| Ref::read(&format!("{commit} {kind} {name}"));
        let device = line("commit", "refs/notes/holdover/v1/device/000102030405060708090a0b0c0d0e0f").unwrap();
        assert_eq!(device.name(), "refs/notes/holdover/v1/device/000102030405060708090a0b0c0d0e0f");
        assert_eq!(line("commit", "refs/holdover/v1/format").unwrap().name(), "refs/holdover/v1/format");
        for (kind, name) in [
            ("blob", "refs/holdover/v1/format"),
            ("commit", "refs/holdover/v1/device/000102030405060708090A0B0C0D0E0F"),
            ("commit", "refs/holdover/v1/device/00"),
            ("commit", "refs/holdover/v1/format/x"),
            ("commit", "refs/holdover/v2/format"),
            ("commit", "refs/heads/main"),
        ] {
            assert_eq!(line(kind, name), None, "{kind} {name}");
        }
        assert_eq!(Ref::read("--upload-pack=x commit refs/holdover/v1/format"), None);
    }
}
