//! One repository as git finds it: its folder, the settings in it, where HEAD stands, and its objects with those that it borrows.
//! May run nothing; of the settings nothing is followed that names a program or another file.

use super::config::{self, Settings};
use super::walk::Trees;
use super::{Id, Lost, Object, Placed, Store, index};
use crate::look::{Look, Seen, Unread};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Larger settings are not read, in bytes.
const LARGEST_SETTINGS: u64 = 4 << 20;
/// Larger lists of references are not read, in bytes.
const LARGEST_REFERENCES: u64 = 64 << 20;
/// Larger indexes are not read, in bytes.
const LARGEST_INDEX: u64 = 512 << 20;
/// Repositories that borrow from each other are followed so far.
const MOST_BORROWED: usize = 16;
/// What a repository may need of git and this reads as well.
const KNOWN_EXTENSIONS: [&str; 7] =
    ["noop", "preciousobjects", "partialclone", "worktreeconfig", "relativeworktrees", "refstorage", "objectformat"];

/// What git would use as a repository.
pub(crate) struct Repository {
    /// What belongs to this working tree: HEAD, the index, submodules.
    pub git: PathBuf,
    /// What all working trees share: objects, references, settings. Often the same.
    pub common: PathBuf,
    pub settings: Settings,
}

/// What `.git` in a folder leads to; none where there is none.
pub(crate) fn folder_of(work: &Path, look: &Look) -> Result<Option<PathBuf>, Lost> {
    let dot = work.join(".git");
    match look.at(&dot) {
        Seen::Absent => Ok(None),
        Seen::Folder(_) => Ok(Some(dot)),
        Seen::File(_) => {
            let text = text(&dot, 1 << 16, look)?;
            let said = text.strip_prefix("gitdir: ").map(|path| path.trim_end_matches(['\n', '\r']));
            let said = said.filter(|path| !path.is_empty() && !path.contains('\0'));
            let said =
                said.ok_or_else(|| Lost::Damaged(format!("{} does not say where the repository is", dot.display())))?;
            Ok(Some(plain(&work.join(said))))
        }
        Seen::Dangling => Err(Lost::Damaged(format!("{} is a link that leads nowhere", dot.display()))),
        odd => Err(Lost::Unknown(format!("{}: {}", dot.display(), odd.doubt().unwrap_or_default()))),
    }
}

/// Without `.` and `..`, as the names stand.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn text(path: &Path, largest: u64, look: &Look) -> Result<String, Lost> {
    look.text(path, largest).map_err(|why| match why {
        Unread::Absent => Lost::Absent,
        Unread::Odd(Seen::Folder(_) | Seen::Dangling) => Lost::Damaged(format!("{}: {why}", path.display())),
        why => Lost::Unknown(format!("{}: {why}", path.display())),
    })
}

/// Whether git takes this for what HEAD may say.
fn is_head(text: &str) -> bool {
    let mut id = [0; 20];
    match text.strip_prefix("ref:") {
        Some(name) => name.trim_start().starts_with("refs/"),
        None => text.get(..40).is_some_and(|said| hex::decode_to_slice(said, &mut id).is_ok()),
    }
}

/// Whether git takes this for a list of references: whole lines, each with an id.
fn is_list(text: &str) -> bool {
    let line = |line: &str| {
        let mut id = [0; 20];
        let said = line.strip_prefix('^').or_else(|| line.split_once(' ').map(|(said, _)| said));
        line.starts_with('#') || said.is_some_and(|said| hex::decode_to_slice(said, &mut id).is_ok())
    };
    (text.is_empty() || text.ends_with('\n')) && text.lines().all(line)
}

impl Repository {
    /// The repository in a folder, opened as git would open it.
    pub(crate) fn open(git: &Path, look: &Look) -> Result<Self, Lost> {
        let damaged = |what: &str| Lost::Damaged(format!("{what}: {}", git.display()));
        match look.at(git) {
            Seen::Folder(_) => {}
            Seen::Absent => return Err(Lost::Absent),
            _ => return Err(damaged("this is no repository")),
        }
        let common = match text(&git.join("commondir"), 1 << 16, look) {
            Ok(said) => plain(&git.join(said.trim_end_matches(['\n', '\r']))),
            Err(Lost::Absent) => git.to_path_buf(),
            Err(why) => return Err(why),
        };
        match text(&git.join("HEAD"), 1 << 16, look) {
            Ok(head) if is_head(&head) => {}
            Ok(_) | Err(Lost::Damaged(_)) => return Err(damaged("HEAD of this repository is damaged")),
            Err(Lost::Absent) => return Err(damaged("this repository has no HEAD")),
            Err(why) => return Err(why),
        }
        match text(&common.join("packed-refs"), LARGEST_REFERENCES, look) {
            Ok(text) if !is_list(&text) => return Err(damaged("the list of references (packed-refs) is damaged")),
            Ok(_) | Err(Lost::Absent) => {}
            Err(why) => return Err(why),
        }
        for folder in ["objects", "refs"] {
            if !matches!(look.at(&common.join(folder)), Seen::Folder(_)) {
                return Err(damaged(&format!("this repository has no folder {folder}")));
            }
        }
        let mut settings = Settings::default();
        for path in [common.join("config"), git.join("config.worktree")] {
            let own = path.ends_with("config");
            let extra =
                !own && settings.last("extensions", None, "worktreeconfig").and_then(config::truth) != Some(true);
            if extra {
                continue;
            }
            let read = match text(&path, LARGEST_SETTINGS, look) {
                Ok(text) => config::read(&text),
                Err(Lost::Absent) => continue,
                Err(why) => return Err(why),
            };
            if read.broken.is_some() {
                return Err(Lost::Damaged(format!(
                    "the settings of this repository cannot be read: {}",
                    path.display()
                )));
            }
            settings.entries.extend(read.entries);
        }
        let repository = Repository { git: git.to_path_buf(), common, settings };
        repository.form().map_or(Ok(repository), Err)
    }

    /// Why it is not read, where it has another form.
    fn form(&self) -> Option<Lost> {
        let version = self.settings.last("core", None, "repositoryformatversion").unwrap_or("0");
        if !matches!(version, "0" | "1") {
            return Some(Lost::Damaged(format!("this repository has a form that git does not read: {version}")));
        }
        let unknown = |what: &str| Some(Lost::Unknown(format!("this repository {what}, which is not read")));
        for entry in self.settings.entries.iter().filter(|entry| entry.section == "extensions") {
            let value = entry.value.as_deref().unwrap_or("true");
            match entry.key.as_str() {
                "objectformat" if value != "sha1" => return unknown("names objects by another checksum than SHA-1"),
                "refstorage" if value != "files" => return unknown("keeps its references in another form"),
                key if !KNOWN_EXTENSIONS.contains(&key) => return unknown(&format!("has the extension {key}")),
                _ => {}
            }
        }
        None
    }

    /// The commit that HEAD stands at; none where its branch has none yet.
    pub(crate) fn head(&self, look: &Look) -> Result<Option<Id>, Lost> {
        let mut name = "HEAD".to_owned();
        for _ in 0..5 {
            let own = [self.git.join(&name), self.common.join(&name)];
            let own = if name == "HEAD" || name.starts_with("refs/bisect/") || name.starts_with("refs/worktree/") {
                &own[0]
            } else {
                &own[1]
            };
            let said = match text(own, 1 << 16, look) {
                Ok(said) => said,
                Err(Lost::Absent | Lost::Damaged(_)) if name != "HEAD" => return self.packed(&name, look),
                Err(why) => return Err(why),
            };
            let said = said.trim_end();
            if let Some(next) = said.strip_prefix("ref:") {
                let next = next.trim_start();
                let safe =
                    next.starts_with("refs/") && !next.split('/').any(|part| part.is_empty() || part.starts_with('.'));
                if !safe {
                    break;
                }
                next.clone_into(&mut name);
                continue;
            }
            let mut id = [0; 20];
            if hex::decode_to_slice(said, &mut id).is_ok() {
                return Ok(Some(id));
            }
            break;
        }
        Err(Lost::Damaged(format!("{name} of this repository does not say a commit: {}", self.git.display())))
    }

    fn packed(&self, name: &str, look: &Look) -> Result<Option<Id>, Lost> {
        let text = match text(&self.common.join("packed-refs"), LARGEST_REFERENCES, look) {
            Ok(text) => text,
            Err(Lost::Absent) => return Ok(None),
            Err(why) => return Err(why),
        };
        let mut id = [0; 20];
        let line = text.lines().find_map(|line| line.split_once(' ').filter(|(_, own)| *own == name));
        Ok(line.and_then(|(said, _)| hex::decode_to_slice(said, &mut id).ok()).map(|()| id))
    }

    /// The bytes of the index; none where there is none.
    pub(crate) fn index(&self, look: &Look) -> Result<Option<Vec<u8>>, Lost> {
        let path = self.git.join("index");
        match look.bytes(&path, LARGEST_INDEX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Unread::Absent) => Ok(None),
            Err(why) => Err(Lost::Unknown(format!("{}: {why}", path.display()))),
        }
    }

    pub(crate) fn objects(&self, look: &Look) -> Objects {
        Objects::open(&self.common.join("objects"), look)
    }
}

/// A repository's own objects and those that it borrows from others.
pub(crate) struct Objects {
    stores: Vec<Store>,
    /// Why not all of them were looked at.
    doubt: Option<String>,
}

/// What a checkout of a commit rests on besides its files.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// Path of each submodule, and the commit that it stands at.
    pub links: Vec<(String, Id)>,
    /// The text of `.gitmodules`, if there is one.
    pub modules: Option<String>,
    /// The texts of all `.gitattributes`.
    pub attributes: Vec<String>,
}

impl Objects {
    fn open(own: &Path, look: &Look) -> Self {
        let mut out = Objects { stores: Vec::new(), doubt: None };
        let mut seen: HashSet<PathBuf> = HashSet::new();
        let mut open = vec![own.to_path_buf()];
        while let Some(folder) = open.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            if out.stores.len() >= MOST_BORROWED {
                out.doubt = Some(format!("objects are borrowed from more than {MOST_BORROWED} repositories"));
                break;
            }
            match text(&folder.join("info/alternates"), LARGEST_SETTINGS, look) {
                Ok(text) => {
                    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
                    open.extend(lines.map(|line| plain(&folder.join(line))));
                }
                Err(Lost::Absent) => {}
                Err(Lost::Damaged(why) | Lost::Unknown(why)) => out.doubt = Some(why),
            }
            out.stores.push(Store::open_alone(&folder, look));
        }
        out
    }

    pub(crate) fn read(&self, id: &Id, look: &Look) -> Result<Object, Lost> {
        let mut lost = Lost::Absent;
        for store in &self.stores {
            match store.read(id, look) {
                Ok(object) => return Ok(object),
                Err(Lost::Absent) => {}
                Err(why) => lost = why,
            }
        }
        match (lost, &self.doubt) {
            (Lost::Absent, Some(why)) => Err(Lost::Unknown(why.clone())),
            (lost, _) => Err(lost),
        }
    }

    /// Whether the object is there. One in a pack is not read, because the pack has a checksum of its own; others are, while their
    /// files fit into `budget` bytes.
    fn is_there(&self, id: &Id, budget: &mut u64, look: &Look) -> Result<(), Lost> {
        match self.stores.iter().find_map(|store| store.place(id, look)) {
            Some(Placed::Packed) => Ok(()),
            Some(Placed::Loose(size)) if size > *budget => Ok(()),
            Some(Placed::Loose(size)) => {
                *budget -= size;
                self.read(id, look).map(|_| ())
            }
            None => self.read(id, look).map(|_| ()),
        }
    }

    /// The folders of objects that it borrows from.
    pub(crate) fn borrowed(&self) -> impl Iterator<Item = &Path> {
        self.stores.iter().skip(1).map(|store| store.objects.as_path())
    }

    /// How many bytes an object has, without reading it; none where that is not told.
    pub(crate) fn length(&self, id: &Id, look: &Look) -> Option<u64> {
        self.stores.iter().find_map(|store| store.length(id, look))
    }

    /// The packs, each with the checksum that its index says.
    pub(crate) fn packs(&self) -> impl Iterator<Item = (&Path, Id)> {
        self.stores.iter().flat_map(Store::packs)
    }

    /// A commit with all that it holds: folders are read, files are there. The first thing that is lost ends it.
    /// `budget`: so many bytes of files are compared with their names.
    pub(crate) fn commit(&self, commit: &Id, mut budget: u64, look: &Look) -> Result<Commit, Lost> {
        let mut out = Commit::default();
        self.each_file(&self.tree_of(commit, look)?, look, &mut |mode, path, id| {
            let name = path.rsplit('/').next().unwrap_or_default();
            match mode {
                index::GITLINK => out.links.push((path.to_owned(), *id)),
                _ if path == ".gitmodules" || name == ".gitattributes" => {
                    let text = String::from_utf8_lossy(&self.read(id, look)?.1).into_owned();
                    if path == ".gitmodules" { out.modules = Some(text) } else { out.attributes.push(text) }
                }
                _ => self.is_there(id, &mut budget, look)?,
            }
            Ok(())
        })?;
        Ok(out)
    }
}

impl Trees for Objects {
    fn object(&self, id: &Id, look: &Look) -> Result<Object, Lost> {
        self.read(id, look)
    }
}
