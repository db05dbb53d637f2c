//! The `uv` that would be run: which forms of its cache it knows, and its version, as its own file says.
//! May not run it.

use crate::ecosystem::Ask;
use crate::look::{self, Seen};
use pep440_rs::Version;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// The forms that are judged here. A uv that does not have all of them keeps its things in other folders, or otherwise.
pub(super) const BUCKETS: [&str; 5] = ["wheels-v7", "sdists-v10", "archive-v0", "git-v1", "simple-v27"];
/// What stands behind the version in the text of a virtual environment's settings.
const BEHIND_VERSION: &[u8] = b"version_infoinclude-syst";
/// Larger programs are not read, in bytes.
const LARGEST: u64 = 512 << 20;
const PIECE: usize = 1 << 20;
/// What is searched for may lie across two pieces.
const OVERLAP: usize = 128;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// It keeps its cache as is judged here.
    Known { version: Option<Version> },
    /// There is none in the path, or it is another; in words.
    Doubt(String),
}

/// Looks for uv in the path and reads its file.
pub(super) fn find(ask: &Ask<'_>) -> Program {
    let Some(path) = ask.options.homes.program("uv", ask.look) else {
        return Program::Doubt("there is no uv in the path, and which form its cache would have is not known".into());
    };
    read(&path, ask)
}

fn read(path: &Path, ask: &Ask<'_>) -> Program {
    let doubt = |why: String| Program::Doubt(format!("{}: {why}", path.display()));
    let (mut file, identity) = match look::open(path) {
        Ok(open) => open,
        Err(why) => return doubt(why.to_string()),
    };
    ask.look.note(path.to_path_buf(), Seen::File(identity));
    if identity.size > LARGEST {
        return doubt("it is larger than any uv".into());
    }
    let mut found = [false; BUCKETS.len()];
    let mut version = None;
    let mut buffer = vec![0; OVERLAP + PIECE];
    let mut filled = 0;
    loop {
        let read = match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                ask.look.only_once();
                return doubt(error.kind().to_string());
            }
        };
        filled += read;
        let piece = &buffer[..filled];
        for (found, bucket) in found.iter_mut().zip(BUCKETS) {
            *found = *found || has(piece, bucket.as_bytes());
        }
        version = version.or_else(|| version_in(piece));
        if found == [true; BUCKETS.len()] && version.is_some() {
            break;
        }
        let keep = filled.min(OVERLAP);
        buffer.copy_within(filled - keep..filled, 0);
        filled = keep;
    }
    if let Some((bucket, _)) = BUCKETS.iter().zip(found).find(|(_, found)| !found) {
        return doubt(format!("it is no uv that keeps its cache in the form that is judged here ({bucket})"));
    }
    Program::Known { version }
}

/// The name, and no longer one: `git-v1` is not in `git-v12`.
fn has(piece: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find_iter(piece, name)
        .any(|at| piece.get(at + name.len()).is_none_or(|next| !next.is_ascii_digit()))
}

fn version_in(piece: &[u8]) -> Option<Version> {
    let end = memchr::memmem::find(piece, BEHIND_VERSION)?;
    let before = &piece[..end];
    let start = before.iter().rposition(|c| !c.is_ascii_digit() && *c != b'.').map_or(0, |at| at + 1);
    Version::from_str(std::str::from_utf8(&before[start..]).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_version_are_found_and_longer_names_are_others() {
        assert!(has(b"..git-v1flat-index", b"git-v1") && !has(b"..git-v12", b"git-v1"));
        let text = b"SITE_PACKAGES }}0.13.6version_infoinclude-system-site";
        assert_eq!(version_in(text).unwrap(), Version::from_str("0.13.6").unwrap());
        assert_eq!(version_in(b"version_info"), None);
    }
}
