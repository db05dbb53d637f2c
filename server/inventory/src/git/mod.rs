//! Reads objects of a git repository's object store, as libgit2 would: packs and loose objects, nothing else of it.
//! May run nothing and reads no configuration that could name a program; every file that an answer rests on is looked at
//! through [`Look`]. Formats: git's `gitformat-pack`, `gitformat-loose`; what is refused is what libgit2 refuses.

pub(crate) mod config;
pub(crate) mod index;
mod loose;
pub(crate) mod offer;
mod pack;
pub(crate) mod repository;
pub(crate) mod user;
mod walk;
pub(crate) mod wildmatch;

use crate::look::{Look, Seen};
use pack::Pack;
use sha1::Digest;
use std::path::{Path, PathBuf};
pub(crate) use walk::Trees;

/// Larger objects are not read, in bytes.
pub(crate) const LARGEST: u64 = 256 << 20;
/// Longer chains of deltas are not followed; git itself makes none of more than 4,095.
const LONGEST_CHAIN: usize = 4_096;

/// The name of an object: its SHA-1.
pub(crate) type Id = [u8; 20];

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
            Kind::Tag => "tag",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

/// Kind and content.
pub(crate) type Object = (Kind, Vec<u8>);

/// Why an object was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// In none of the places where it could be.
    Absent,
    /// There, and not what its name says, or in a form that cannot be read.
    Damaged(String),
    /// It could not be told.
    Unknown(String),
}

/// Where an object is.
enum Placed {
    /// In a pack that can be used; the pack's own checksum tells whether it is whole.
    Packed,
    /// In a file of so many bytes.
    Loose(u64),
}

/// One repository's objects.
pub(crate) struct Store {
    objects: PathBuf,
    packs: Vec<Pack>,
    /// A pack that libgit2 would not use, and why.
    unusable: Option<String>,
    /// Why not all of it was looked at.
    doubt: Option<String>,
}

impl Store {
    /// The store below the folder `objects`.
    pub(crate) fn open(objects: &Path, look: &Look) -> Self {
        let mut store = Store::open_alone(objects, look);
        if look.at(&objects.join("info/alternates")) != Seen::Absent {
            store.doubt = Some("its objects lie in part in another repository, which is not judged".into());
        }
        store
    }

    /// The same where what it borrows from others is looked at too.
    fn open_alone(objects: &Path, look: &Look) -> Self {
        let mut store = Store { objects: objects.to_path_buf(), packs: Vec::new(), unusable: None, doubt: None };
        let folder = objects.join("pack");
        if !matches!(look.at(&folder), Seen::Folder(_)) {
            return store;
        }
        let mut names: Vec<PathBuf> = match crate::reach::list(&folder) {
            Ok(listed) => listed.flatten().map(|entry| entry.path()).collect(),
            Err(error) => {
                look.only_once();
                store.doubt = Some(format!("{} may not be listed: {}", folder.display(), error.kind()));
                return store;
            }
        };
        names.retain(|path| path.extension().is_some_and(|ending| ending == "idx"));
        names.sort();
        for index in names {
            match Pack::open(&index, look) {
                Ok(pack) => store.packs.push(pack),
                Err(Lost::Unknown(why)) => store.doubt = Some(why),
                Err(Lost::Damaged(why)) => store.unusable = Some(why),
                Err(Lost::Absent) => {}
            }
        }
        store
    }

    /// The object's kind and content. Its name is compared with its content.
    pub(crate) fn read(&self, id: &Id, look: &Look) -> Result<(Kind, Vec<u8>), Lost> {
        let (kind, content) = self.find(id, look, 0)?;
        let mut hasher = sha1::Sha1::new();
        hasher.update(format!("{} {}\0", kind.name(), content.len()).as_bytes());
        hasher.update(&content);
        if hasher.finalize().as_slice() != id {
            return Err(Lost::Damaged(format!("the object {} is not what its name says", hex::encode(id))));
        }
        Ok((kind, content))
    }

    /// Where the object is, without a look at its content.
    fn place(&self, id: &Id, look: &Look) -> Option<Placed> {
        if self.packs.iter().any(|pack| pack.offset(id).is_some()) {
            return Some(Placed::Packed);
        }
        loose::size(&self.objects, id, look).map(Placed::Loose)
    }

    /// How many bytes the object has, without reading it; none where it is not told.
    fn length(&self, id: &Id, look: &Look) -> Option<u64> {
        let packed = self.packs.iter().find_map(|pack| pack.length(pack.offset(id)?));
        packed.or_else(|| loose::length(&self.objects, id, look))
    }

    /// The packs that can be used, each with the checksum that its index says.
    fn packs(&self) -> impl Iterator<Item = (&Path, Id)> {
        self.packs.iter().map(|pack| (pack.path(), pack.sum()))
    }

    fn find(&self, id: &Id, look: &Look, depth: usize) -> Result<(Kind, Vec<u8>), Lost> {
        if depth > LONGEST_CHAIN {
            return Err(Lost::Damaged("its objects rest on each other without end".into()));
        }
        let mut lost = None;
        for pack in &self.packs {
            let Some(offset) = pack.offset(id) else { continue };
            match pack.read(offset, &|base| self.find(base, look, depth + 1)) {
                Ok(found) => return Ok(found),
                Err(why) => lost = Some(why),
            }
        }
        match loose::read(&self.objects, id, look) {
            Err(Lost::Absent) => Err(lost.unwrap_or_else(|| self.absent())),
            other => other,
        }
    }

    /// What is said of an object that is in no pack that can be used.
    fn absent(&self) -> Lost {
        match (&self.doubt, &self.unusable) {
            (Some(why), _) => Lost::Unknown(why.clone()),
            (None, Some(why)) => Lost::Damaged(why.clone()),
            (None, None) => Lost::Absent,
        }
    }

    /// How many hexadecimal digits name this object and no other, at least `least`.
    pub(crate) fn shortest(&self, id: &Id, least: usize, look: &Look) -> usize {
        let packed = self.packs.iter().map(|pack| pack.shared_digits(id));
        let loose = loose::shared_digits(&self.objects, id, look);
        packed.chain([loose]).max().map_or(least, |shared| (shared + 1).clamp(least, 40))
    }
}
