//! What Git LFS keeps of one commit that is not checked out, and how much of it is here. May not look into an object.

use super::attributes::Attributes;
use super::judge::{leads_to, place};
use super::{FILE, LARGEST, settings, top};
use crate::ecosystem::Ask;
use crate::git::repository::{Repository, folder_of};
use crate::git::{Lost, Trees};
use crate::homes::{Options, host_target};
use crate::look::{Look, Seen, Unread};
use crate::memory::NoMemory;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// More files that are kept are not looked at.
const MOST: usize = 100_000;

/// The objects of one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LfsObjects {
    /// Those that its files need, each once; without what settings leave out.
    pub total: u64,
    /// Those that are here, with the size that their pointers say.
    pub present: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes of the others.
    pub missing_bytes: u64,
}

/// What Git LFS keeps of a commit of the repository that holds `folder`. Reads git's objects and asks nobody.
///
/// # Errors
/// In words, why it cannot be told.
pub fn lfs_objects(folder: &Path, commit: &str, options: &Options) -> Result<LfsObjects, String> {
    let look = Look::default();
    let target = options.target.clone().unwrap_or_else(|| host_target(&options.homes, &look));
    let ask = Ask { options, target: &target, look: &look, memory: &NoMemory };
    of_commit(folder, commit, &ask).map_err(|why| match why {
        Lost::Absent => "git does not have all of this commit".to_owned(),
        Lost::Damaged(why) | Lost::Unknown(why) => why,
    })
}

fn of_commit(folder: &Path, commit: &str, ask: &Ask<'_>) -> Result<LfsObjects, Lost> {
    let look = ask.look;
    let odd = || Lost::Unknown("this is no commit's name".to_owned());
    let commit = hex::decode(commit).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(odd)?;
    let top = top(folder, look).ok_or(Lost::Absent)?;
    let repository = Repository::open(&folder_of(&top, look)?.ok_or(Lost::Absent)?, look)?;
    let objects = repository.objects(look);
    let tree = objects.tree_of(&commit, look)?;
    let (mut files, mut lfsconfig) = (BTreeMap::new(), None);
    objects.each_file(&tree, look, &mut |_, path, id| {
        if path == ".lfsconfig" {
            lfsconfig = Some(*id);
        }
        if let Some(folder) = path.strip_suffix(FILE).filter(|folder| folder.is_empty() || folder.ends_with('/')) {
            files.insert(folder.trim_end_matches('/').to_owned(), *id);
        }
        Ok(())
    })?;
    let text = |id| objects.read(id, look).map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
    let told = settings::read(&top, &repository, &objects, lfsconfig.as_ref().map(text).transpose()?, ask);
    if let Some(why) = told.doubts.first() {
        return Err(Lost::Unknown(why.clone()));
    }
    let optional = |path: &Path| match look.text(path, LARGEST) {
        Ok(text) => Ok(text),
        Err(Unread::Absent) => Ok(String::new()),
        Err(why) => Err(Lost::Unknown(format!("{}: {why}", path.display()))),
    };
    let mut attributes = Attributes::default();
    for path in &told.attributes {
        attributes.usual(&optional(path)?);
    }
    // The top's come first and then the repository's own: they may name several at once for the others.
    if let Some(id) = files.get("") {
        attributes.of_folder("", &text(id)?);
    }
    attributes.of_repository(&optional(&repository.common.join("info/attributes"))?);
    for (folder, id) in files.iter().filter(|(folder, _)| !folder.is_empty()) {
        attributes.of_folder(folder, &text(id)?);
    }
    let mut kept = HashSet::new();
    if !attributes.is_empty() {
        objects.each_file(&tree, look, &mut |mode, path, id| {
            let counts = mode & 0o170_000 == 0o100_000 && told.leaves_out(path).is_none();
            if counts && attributes.keeps(path).is_some() {
                if kept.len() >= MOST {
                    return Err(Lost::Unknown(format!("more than {MOST} files that Git LFS keeps are not looked at")));
                }
                kept.insert(*id);
            }
            Ok(())
        })?;
    }
    if attributes.is_exhausted() {
        return Err(Lost::Unknown("its patterns take too long to compare".into()));
    }
    let mut found = LfsObjects::default();
    let mut seen = HashSet::new();
    for id in kept {
        let Some(pointer) = leads_to(&id, &objects, ask)?.filter(|pointer| pointer.size > 0) else { continue };
        if !seen.insert(pointer.oid) {
            continue;
        }
        found.total += 1;
        let here = |folder: &std::path::PathBuf| matches!(look.at(&folder.join(place(&pointer))), Seen::File(own) if own.size == pointer.size);
        if told.folders.iter().any(here) {
            found.present += 1;
            found.bytes += pointer.size;
        } else {
            found.missing_bytes += pointer.size;
        }
    }
    Ok(found)
}
