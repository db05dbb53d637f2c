//! Finds lockfiles in a workspace, within limits.
//! May not follow links to folders, and may not look into caches, build outputs or hidden folders.

use crate::look::Seen;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders deeper than this are not looked into; the deepest of real projects stay below 30.
pub(crate) const DEEPEST: usize = 64;
/// More folders than this are not looked into.
pub(crate) const MOST_FOLDERS: usize = 20_000;
/// Hidden folders that hold files of the workspace's own.
const NOT_SKIPPED: [&str; 1] = [".devcontainer"];
/// Where no lockfile of the workspace's own is found.
const SKIPPED: [&str; 4] = ["target", "node_modules", "vendor", "dist"];

/// What was found, and what that was seen in.
#[derive(Default)]
pub(crate) struct Discovery {
    /// Folder and file names of interest, in path order.
    pub files: Vec<PathBuf>,
    folders: Vec<(PathBuf, Seen)>,
    /// Folders that could not be listed, and why: what they hold is not known.
    pub closed: Vec<(PathBuf, String)>,
    /// The first limit that was reached, with the folder that it kept from being looked into: there may be more lockfiles.
    pub cut_short: Option<(PathBuf, String)>,
}

impl Discovery {
    /// Looks for files whose names are wanted below `root`, nearest first.
    pub(crate) fn run(root: &Path, wanted: &dyn Fn(&str) -> bool, exclude: &[String]) -> Self {
        Discovery::within(MOST_FOLDERS, root, wanted, exclude)
    }

    fn within(most: usize, root: &Path, wanted: &dyn Fn(&str) -> bool, exclude: &[String]) -> Self {
        let mut found = Discovery::default();
        let excluded: BTreeSet<PathBuf> = exclude.iter().map(|folder| root.join(folder)).collect();
        let mut queue = std::collections::VecDeque::from([(root.to_path_buf(), 0)]);
        while let Some((folder, depth)) = queue.pop_front() {
            if found.folders.len() >= most {
                let why = format!("lockfiles are looked for in {most} folders, and this is one more");
                found.cut_short.get_or_insert((folder, why));
                break;
            }
            // Looked at before it is read: a change meanwhile is then seen next time.
            found.folders.push((folder.clone(), Seen::at(&folder)));
            let mut below = Vec::new();
            let mut closed = None;
            let listed = crate::reach::list(&folder).map_err(|error| closed = Some(error.kind()));
            for entry in listed.into_iter().flatten() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        closed = Some(error.kind());
                        break;
                    }
                };
                let Ok(kind) = entry.file_type() else { continue };
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if kind.is_dir() {
                    let path = entry.path();
                    let hidden = name.starts_with('.') && !NOT_SKIPPED.contains(&name);
                    let skip = hidden || SKIPPED.contains(&name) || excluded.contains(&path);
                    if !skip && depth < DEEPEST {
                        below.push(path);
                    } else if !skip {
                        let why = format!(
                            "lockfiles are looked for in {DEEPEST} folders below each other, and this lies deeper"
                        );
                        found.cut_short.get_or_insert((path, why));
                    }
                } else if wanted(name) {
                    found.files.push(entry.path());
                }
            }
            // A folder that went away meanwhile holds nothing.
            if let Some(why) = closed.filter(|why| *why != std::io::ErrorKind::NotFound) {
                found.closed.push((folder, why.to_string()));
            }
            below.sort();
            queue.extend(below.into_iter().map(|path| (path, depth + 1)));
        }
        found.above(root);
        found.files.sort();
        found
    }

    /// What the repository says above a workspace that is a folder of it: its submodules, and which files Git LFS keeps.
    fn above(&mut self, root: &Path) {
        let has = |folder: &Path, name: &str| Seen::at(&folder.join(name)) != Seen::Absent;
        if has(root, ".git") {
            return;
        }
        let above: Vec<&Path> = root.ancestors().skip(1).take(DEEPEST).collect();
        let Some(top) = above.iter().position(|folder| has(folder, ".git")) else { return };
        for (at, folder) in above.into_iter().take(top + 1).enumerate() {
            self.folders.push((folder.to_path_buf(), Seen::at(folder)));
            let names = [Some(".gitattributes"), (at == top).then_some(".gitmodules")];
            for name in names.into_iter().flatten() {
                if matches!(Seen::at(&folder.join(name)), Seen::File(_)) {
                    self.files.push(folder.join(name));
                }
            }
        }
    }

    /// Whether no folder has changed since.
    pub(crate) fn holds(&self) -> bool {
        !self.folders.is_empty() && self.folders.iter().all(|(folder, seen)| Seen::at(folder) == *seen)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_a_limit_kept_from_being_looked_into_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        assert_eq!(Discovery::within(4, folder.path(), &|_| false, &[]).cut_short, None);
        let (path, why) = Discovery::within(3, folder.path(), &|_| false, &[]).cut_short.unwrap();
        assert_eq!(path, folder.path().join("c"));
        assert!(why.contains("in 3 folders"), "{why}");
    }
}
