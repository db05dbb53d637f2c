//! What `git clone` of a repository on this machine would bring: its references, and every object that they lead to.
//! May run nothing. Rules: git's `path.c` (`enter_repo`), `upload-pack`.

use super::repository::{Objects, Repository, folder_of};
use super::walk::Trees;
use super::{Id, Kind, Lost, index};
use crate::look::{Look, Seen};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// More objects of a repository are not read, and no more bytes of them.
const MOST_OBJECTS: usize = 400_000;
const MOST_BYTES: u64 = 512 << 20;
/// More references are not read; folders of them deeper than this neither.
const MOST_REFERENCES: usize = 50_000;
const DEEPEST: usize = 16;
/// Larger lists of references are not read, in bytes.
const LARGEST_REFERENCES: u64 = 64 << 20;

/// A repository that can be cloned: every object that its references lead to is here.
pub(crate) struct Offer {
    objects: Objects,
    head: Option<Id>,
    /// What the references say, and what tags stand for.
    named: HashSet<Id>,
    commits: HashSet<Id>,
    /// There are references besides branches and tags, which a usual clone does not bring.
    more: bool,
}

/// What a commit holds that decides how a tool goes on.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// The file that was asked for.
    pub file: Option<Vec<u8>>,
    /// Paths of all files.
    pub paths: Vec<String>,
    pub submodules: bool,
    /// The text of some `.gitattributes` names a filter, which a checkout would run.
    pub filtered: bool,
}

/// Where git finds the repository that a path names.
fn repository(path: &Path, look: &Look) -> Result<Repository, Lost> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    for work in [path.to_path_buf(), beside(".git")] {
        if let Some(git) = folder_of(&work, look)? {
            return Repository::open(&git, look);
        }
        if matches!(look.at(&work), Seen::Folder(_)) && matches!(look.at(&work.join("HEAD")), Seen::File(_)) {
            return Repository::open(&work, look);
        }
    }
    Err(Lost::Absent)
}

impl Offer {
    /// Reads a repository through, as a clone of it would.
    pub(crate) fn of(path: &Path, look: &Look) -> Result<Self, Lost> {
        let repository = repository(path, look)?;
        let unknown = |what: &str| Err(Lost::Unknown(format!("{what}: {}", path.display())));
        if !owned(&repository.git) {
            return unknown("the repository belongs to another user, and git may refuse it");
        }
        for file in ["shallow", "info/grafts"] {
            if look.at(&repository.common.join(file)) != Seen::Absent {
                return unknown("the repository has only a part of its history");
            }
        }
        let alters = |section: &str| matches!(section, "uploadpack" | "transfer" | "include" | "includeif");
        if repository.settings.entries.iter().any(|entry| alters(&entry.section))
            || repository.settings.last("extensions", None, "partialclone").is_some()
        {
            return unknown("the repository has settings that change what a clone of it brings");
        }
        let references = references(&repository.common, look)?;
        let objects = repository.objects(look);
        let usual = |name: &String| name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
        let more = !references.keys().all(usual);
        let head = repository.head(look)?;
        let mut offer = Offer { head, objects, named: HashSet::new(), commits: HashSet::new(), more };
        let mut tips: Vec<Id> = references.into_values().collect();
        if let Some(head) = offer.head {
            tips.push(head);
        }
        for tip in &tips {
            // A reference to nothing is passed over by git, with a warning.
            match offer.objects.read(tip, look) {
                Err(Lost::Absent) => return unknown("a reference of the repository leads to nothing"),
                Err(why) => return Err(why),
                Ok(_) => {}
            }
        }
        offer.named.extend(&tips);
        offer.read_through(tips, look)?;
        Ok(offer)
    }

    fn read_through(&mut self, mut open: Vec<Id>, look: &Look) -> Result<(), Lost> {
        let mut seen: HashSet<Id> = HashSet::new();
        let mut bytes = 0;
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if seen.len() > MOST_OBJECTS || bytes > MOST_BYTES {
                return Err(Lost::Unknown("the repository is larger than is read through".into()));
            }
            let (kind, content) = self.objects.read(&id, look).map_err(|why| match why {
                Lost::Absent => Lost::Damaged(format!("the repository lacks the object {}", hex::encode(id))),
                why => why,
            })?;
            bytes += content.len() as u64;
            match kind {
                Kind::Commit => {
                    self.commits.insert(id);
                    for line in content.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
                        let said = line.strip_prefix(b"tree ").or_else(|| line.strip_prefix(b"parent "));
                        open.extend(said.and_then(name));
                    }
                }
                Kind::Tag => {
                    let object = content.strip_prefix(b"object ").and_then(|rest| name(rest.get(..40)?));
                    self.named.extend(object);
                    open.extend(object);
                }
                Kind::Tree => {
                    let mut rest = content.as_slice();
                    while let Some((mode, _, below, next)) = super::walk::entry(rest) {
                        rest = next;
                        if mode != index::GITLINK {
                            open.push(below);
                        }
                    }
                    if !rest.is_empty() {
                        return Err(Lost::Damaged(format!("the folder {} cannot be read", hex::encode(id))));
                    }
                }
                Kind::Blob => {}
            }
        }
        Ok(())
    }

    /// The commit that HEAD stands at.
    pub(crate) fn head(&self) -> Option<&Id> {
        self.head.as_ref()
    }

    /// Whether a reference says this commit.
    pub(crate) fn names(&self, commit: &Id) -> bool {
        self.named.contains(commit)
    }

    /// Whether a clone brings this commit.
    pub(crate) fn brings(&self, commit: &Id) -> bool {
        self.commits.contains(commit)
    }

    /// Whether it may be that only a clone of all references brings this commit.
    pub(crate) fn hides(&self, commit: &Id) -> bool {
        self.more && self.brings(commit) && self.head.as_ref() != Some(commit)
    }

    /// What the commit holds; `file`: the path whose content is wanted.
    pub(crate) fn holds(&self, commit: &Id, file: &str, look: &Look) -> Result<Holds, Lost> {
        let mut out = Holds::default();
        let tree = self.objects.tree_of(commit, look)?;
        self.objects.each_file(&tree, look, &mut |mode, path, id| {
            if mode == index::GITLINK {
                out.submodules = true;
            } else if path == file {
                out.file = Some(self.objects.read(id, look)?.1);
            } else if path == ".gitattributes" || path.ends_with("/.gitattributes") {
                let text = self.objects.read(id, look)?.1;
                out.filtered |= memchr::memmem::find(&text, b"filter=").is_some();
            }
            out.paths.push(path.to_owned());
            Ok(())
        })?;
        Ok(out)
    }
}

/// An id in hexadecimal.
fn name(text: &[u8]) -> Option<Id> {
    let mut id = [0; 20];
    hex::decode_to_slice(text, &mut id).ok().map(|()| id)
}

/// Whether the folder is this user's: git refuses to read another's.
#[cfg(unix)]
fn owned(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let who = rustix::process::geteuid().as_raw();
    crate::reach::metadata(folder).is_ok_and(|meta| meta.uid() == who)
}

#[cfg(not(unix))]
fn owned(_folder: &Path) -> bool {
    true
}

/// Every reference, by name.
fn references(common: &Path, look: &Look) -> Result<BTreeMap<String, Id>, Lost> {
    let mut out = BTreeMap::new();
    let unknown = |path: &Path, why: String| Lost::Unknown(format!("the references in {}: {why}", path.display()));
    let packed = common.join("packed-refs");
    if look.at(&packed) != Seen::Absent {
        let text = look.text(&packed, LARGEST_REFERENCES).map_err(|why| unknown(&packed, why.to_string()))?;
        let lines = text.lines().filter(|line| !line.starts_with(['#', '^']));
        out.extend(lines.filter_map(|line| {
            let (id, reference) = line.split_once(' ')?;
            Some((reference.to_owned(), name(id.as_bytes())?))
        }));
    }
    let mut open = vec![("refs".to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let path = common.join(&folder);
        look.at(&path);
        let listed = crate::reach::list(&path).map_err(|error| unknown(&path, error.kind().to_string()))?;
        for entry in listed.flatten() {
            let Ok(file) = entry.file_name().into_string() else { continue };
            let reference = format!("{folder}/{file}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push((reference, depth + 1));
                continue;
            }
            if file.starts_with('.') || file.strip_suffix(".lock").is_some() {
                continue;
            }
            let path = common.join(&reference);
            let text = look.text(&path, 1 << 16).map_err(|why| unknown(&path, why.to_string()))?;
            let said = text.trim_end();
            if said.starts_with("ref:") {
                // It leads to another one, which is read by itself.
                continue;
            }
            let id = name(said.as_bytes()).ok_or_else(|| unknown(&path, "it says no commit".into()))?;
            out.insert(reference, id);
        }
        if out.len() > MOST_REFERENCES || depth > DEEPEST {
            return Err(unknown(&path, format!("there are more than the {MOST_REFERENCES} that are read")));
        }
    }
    Ok(out)
}
