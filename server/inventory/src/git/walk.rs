//! What a commit holds: its tree, read to the last file, as a checkout would read it.
//! May not write anything, and follows no link.

use super::index::GITLINK;
use super::{Id, Kind, Lost, Object, Store};
use crate::look::Look;
use std::collections::HashSet;

/// More entries of a commit are not looked at.
const MOST: usize = 1_000_000;
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 256;

/// What a checkout of a commit rests on besides its files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Checkout {
    /// Path of each submodule, and the commit that it stands at.
    pub submodules: Vec<(String, Id)>,
    /// The text of `.gitmodules`, if there is one.
    pub modules: Option<Vec<u8>>,
    /// Path and text of every file of the name that was asked for.
    pub named: Vec<(String, Vec<u8>)>,
}

/// Somewhere that objects are read from.
pub(crate) trait Trees {
    /// Kind and content of an object whose checksum is its name.
    fn object(&self, id: &Id, look: &Look) -> Result<Object, Lost>;

    /// The tree of a commit.
    fn tree_of(&self, commit: &Id, look: &Look) -> Result<Id, Lost> {
        let no_commit = || Lost::Damaged(format!("the object {} is no commit", hex::encode(commit)));
        let (kind, content) = self.object(commit, look)?;
        let line = content.strip_prefix(b"tree ").filter(|_| kind == Kind::Commit).ok_or_else(no_commit)?;
        let mut tree = [0; 20];
        hex::decode_to_slice(line.get(..40).ok_or_else(no_commit)?, &mut tree).map_err(|_| no_commit())?;
        Ok(tree)
    }

    /// Gives mode, path and id of each file and submodule below a tree.
    fn each_file(
        &self,
        tree: &Id,
        look: &Look,
        each: &mut dyn FnMut(u32, &str, &Id) -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        let mut open = vec![(String::new(), *tree, 0)];
        let mut entries = 0;
        while let Some((folder, tree, depth)) = open.pop() {
            let (kind, content) = self.object(&tree, look)?;
            if kind != Kind::Tree {
                return Err(Lost::Damaged(format!("the object {} is no folder", hex::encode(tree))));
            }
            let mut rest = content.as_slice();
            while let Some((mode, file, id, next)) = entry(rest) {
                rest = next;
                entries += 1;
                if entries > MOST || depth > DEEPEST {
                    return Err(Lost::Unknown(format!(
                        "the commit holds more than the {MOST} files that are looked at"
                    )));
                }
                let path = if folder.is_empty() { file } else { format!("{folder}/{file}") };
                match mode {
                    0o040_000 => open.push((path, id, depth + 1)),
                    _ => each(mode, &path, &id)?,
                }
            }
            if !rest.is_empty() {
                return Err(Lost::Damaged(format!("the folder {} cannot be read", hex::encode(tree))));
            }
        }
        Ok(())
    }
}

impl Trees for Store {
    fn object(&self, id: &Id, look: &Look) -> Result<Object, Lost> {
        self.read(id, look)
    }
}

impl Store {
    /// Reads a commit with all that it holds; the first thing that is lost ends it. `name`: files whose text is wanted.
    pub(crate) fn checkout(&self, commit: &Id, name: &str, look: &Look) -> Result<Checkout, Lost> {
        let tree = self.tree_of(commit, look)?;
        let mut out = Checkout::default();
        let mut seen: HashSet<Id> = HashSet::new();
        self.each_file(&tree, look, &mut |mode, path, id| {
            let named = path.rsplit('/').next() == Some(name);
            if mode == GITLINK {
                out.submodules.push((path.to_owned(), *id));
            } else if named || path == ".gitmodules" || seen.insert(*id) {
                let (_, text) = self.read(id, look)?;
                if path == ".gitmodules" {
                    out.modules = Some(text);
                } else if named {
                    out.named.push((path.to_owned(), text));
                }
            }
            Ok(())
        })?;
        Ok(out)
    }
}

/// `<mode in octal> <name>\0<id>`, and what follows.
pub(super) fn entry(bytes: &[u8]) -> Option<(u32, String, Id, &[u8])> {
    let space = memchr::memchr(b' ', bytes)?;
    let end = memchr::memchr(0, bytes)?;
    let mode = u32::from_str_radix(std::str::from_utf8(bytes.get(..space)?).ok()?, 8).ok()?;
    let name = String::from_utf8_lossy(bytes.get(space + 1..end)?).into_owned();
    let id = bytes.get(end + 1..end + 21)?.try_into().ok()?;
    Some((mode, name, id, &bytes[end + 21..]))
}
