//! The folders that a workspace's member patterns name.
//! May not read manifests; follows no glob into more than a bounded number of folders.

use crate::look::{Look, Seen};
use std::path::{Component, Path, PathBuf};

/// More paths that fit a pattern are not looked at.
const MOST: usize = 20_000;

/// The folders that a member pattern names, below the root or beside it.
pub(crate) fn named(root: &Path, pattern: &str, manifest: &str, look: &Look) -> Vec<PathBuf> {
    if !pattern.contains(['*', '?', '[']) {
        return vec![clean(&root.join(pattern))];
    }
    let found = |pattern: &Path| -> Vec<PathBuf> {
        let whole = Path::new(&glob::Pattern::escape(&root.to_string_lossy())).join(pattern);
        let paths = whole.to_str().and_then(|whole| glob::glob(whole).ok());
        paths.into_iter().flatten().take(MOST).filter_map(Result::ok).collect()
    };
    // A new folder can be a new member: every folder that the pattern is looked for in is part of the answer.
    let (mut above, mut open) = (PathBuf::new(), false);
    for part in Path::new(pattern).components() {
        open |= part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
        if open {
            // Also where it is not there yet.
            look.at(&root.join(&above));
            look.each(&found(&above));
        }
        above.push(part);
    }
    // One that is none yet can become a member, and `**` looks into all of them.
    let all = found(Path::new(pattern));
    look.each(&all);
    let member = |path: &PathBuf| matches!(look.at(&path.join(manifest)), Seen::File(_));
    all.into_iter().filter(member).map(|path| clean(&path)).collect()
}

/// A path without `.` and `..`, as cargo writes it; links are not followed.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
