//! uv's cache: where the files of one package are in it, and what state they are in.
//! May only look; which package is wanted, and what it is good for, is decided elsewhere.

use super::name::Wheel;
use super::pointer::{self, Local, Stamp};
use super::record::{self, Wrong};
use super::tags::Tags;
use crate::ecosystem::Ask;
use crate::held::Held;
use crate::look::{Look, Seen, Unread};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// The form of the archives that are judged.
const ARCHIVE_FORM: u8 = 0;
/// Larger pointers are not read, in bytes.
const LARGEST: u64 = 8 << 20;
/// More files of one package are not looked at.
const MOST: usize = 10_000;

/// Sources that are unpacked in the cache.
pub(super) enum Sources {
    /// A wheel was built from them, or is not needed.
    Done(Held),
    /// They are here and have to be built first.
    Unbuilt(PathBuf),
}

/// One cache.
pub(super) struct Store<'a> {
    pub cache: &'a Path,
    pub tags: &'a Tags,
    pub ask: &'a Ask<'a>,
}

impl Store<'_> {
    fn look(&self) -> &Look {
        self.ask.look
    }

    /// A wheel that was fetched, by its file's name; `below` is the folder of where it came from.
    pub(super) fn wheel(&self, below: &str, package: &str, file: &str, sha256: Option<&str>) -> Held {
        let folder = self.cache.join("wheels-v7").join(below).join(package);
        let wanted = Wheel::read(file);
        let mut other = None;
        for path in self.entries(&folder, "http") {
            let pointer = match self.look().bytes(&path, LARGEST) {
                Ok(bytes) => pointer::Wheel::fetched(&bytes),
                Err(Unread::Failed(kind)) => {
                    return Held::new(ArtifactState::Unknown, format!("uv's cache could not be read: {kind}")).at(path);
                }
                Err(_) => None,
            };
            let Some(pointer) = pointer else {
                other.get_or_insert((
                    ArtifactState::Corrupt,
                    "what uv's cache says of it is damaged, and uv would fetch it anew",
                    path,
                ));
                continue;
            };
            if Wheel::read(&pointer.file) != wanted {
                continue;
            }
            if sha256.is_some_and(|sha256| pointer.sha256() != Some(sha256)) {
                other =
                    Some((ArtifactState::Corrupt, "uv's cache has a file of this name with another checksum", path));
                continue;
            }
            if pointer.form != ARCHIVE_FORM {
                return Held::new(ArtifactState::Unknown, "its files are in uv's cache in a form that is not known")
                    .at(path);
            }
            return self.archive(
                &self.cache.join("archive-v0").join(&pointer.id),
                "it is in uv's cache, with every file that its own list names",
            );
        }
        match other {
            Some((state, why, path)) => Held::new(state, why).at(path),
            None => Held::new(ArtifactState::Missing, "it is not in uv's cache").at(folder),
        }
    }

    /// An unpacked wheel.
    pub(super) fn archive(&self, folder: &Path, present: &str) -> Held {
        let mut held = match record::read(folder, self.look()) {
            Ok((files, bytes)) => Held { files, bytes: Some(bytes), ..Held::new(ArtifactState::Present, present) },
            Err(Wrong::Absent) => Held::new(ArtifactState::Missing, "uv's cache names it, and its files are gone"),
            Err(Wrong::Damaged(why)) => {
                Held::new(ArtifactState::Corrupt, format!("its files in uv's cache are damaged: {why}"))
            }
            Err(Wrong::Unknown(why)) => Held::new(ArtifactState::Unknown, format!("its files in uv's cache: {why}")),
        };
        held.set_aside.push(folder.to_path_buf());
        held.at(folder.to_path_buf())
    }

    /// A wheel that was built from sources, by the folder that uv keeps it in; none where there is none that fits.
    pub(super) fn built(&self, shard: &Path, wanted: Option<(&str, &str)>) -> Option<Held> {
        let fits = |name: &str| {
            let wheel = Wheel::read(name)?;
            let right = wanted.is_none_or(|(package, version)| wheel.name == package && same(&wheel.version, version));
            right.then_some(())?;
            self.tags.rank(&wheel)
        };
        let mut best: Option<(usize, PathBuf)> = None;
        let mut packed: Option<PathBuf> = None;
        for path in self.entries(shard, "") {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(rank) = fits(name) else { continue };
            if path.extension().is_some_and(|ending| ending == "whl") {
                packed = Some(path);
                continue;
            }
            if !matches!(self.look().at(&path), Seen::Folder(_)) {
                continue;
            }
            if best.as_ref().is_none_or(|(so_far, _)| rank > *so_far) {
                best = Some((rank, path));
            }
        }
        if let Some((_, path)) = best {
            let folder = crate::reach::canonical(&path).unwrap_or(path);
            return Some(
                self.archive(&folder, "it was built, and is in uv's cache with every file that its own list names"),
            );
        }
        let packed = packed?;
        match self.look().at(&packed) {
            Seen::File(identity) if identity.size > 0 => {
                let mut held = Held::new(ArtifactState::Present, "it was built, and uv only has to unpack it again");
                held.bytes = Some(identity.size);
                Some(held.at(packed))
            }
            _ => None,
        }
    }

    /// Sources that were fetched from a registry or an address; `folder` is where uv keeps them.
    pub(super) fn sources(&self, folder: &Path, sha256: Option<&str>, wanted: Option<(&str, &str)>) -> Sources {
        let path = folder.join("revision.http");
        let revision = match self.look().bytes(&path, LARGEST) {
            Ok(bytes) => pointer::Revision::fetched(&bytes),
            Err(Unread::Failed(kind)) => {
                let held = Held::new(ArtifactState::Unknown, format!("uv's cache could not be read: {kind}"));
                return Sources::Done(held.at(path));
            }
            Err(_) => {
                return Sources::Done(Held::new(ArtifactState::Missing, "its sources are not in uv's cache").at(path));
            }
        };
        let Some(revision) = revision else {
            let held = Held::new(
                ArtifactState::Corrupt,
                "what uv's cache says of its sources is damaged, and uv would fetch them anew",
            );
            return Sources::Done(held.at(path));
        };
        if sha256.is_some_and(|sha256| revision.sha256() != Some(sha256)) {
            let held = Held::new(ArtifactState::Corrupt, "uv's cache has sources of this name with another checksum");
            return Sources::Done(held.at(path));
        }
        let shard = folder.join(&revision.id);
        if let Some(held) = self.built(&shard, wanted) {
            return Sources::Done(held);
        }
        let unpacked = shard.join("src");
        match self.look().at(&unpacked) {
            Seen::Folder(_) => Sources::Unbuilt(unpacked),
            _ => Sources::Done(Held::new(ArtifactState::Missing, "its sources are not in uv's cache").at(unpacked)),
        }
    }

    /// A wheel of a folder beside the lockfile that was built since the folder changed.
    pub(super) fn local(&self, folder: &Path, stamp: &Stamp) -> Option<Held> {
        let bytes = self.look().bytes(&folder.join("revision.rev"), LARGEST).ok()?;
        let local = Local::read(&bytes)?;
        if local.stamp != *stamp {
            return None;
        }
        self.built(&folder.join(&local.revision.id), None)
    }

    /// The files of a folder with an ending, or all that are no locks, in order.
    pub(super) fn entries(&self, folder: &Path, ending: &str) -> Vec<PathBuf> {
        self.look().at(folder);
        let listed = crate::reach::list(folder).into_iter().flatten().flatten().take(MOST);
        let mut paths: Vec<PathBuf> = listed
            .map(|entry| entry.path())
            .filter(|path| match path.extension().and_then(|ending| ending.to_str()) {
                Some("lock") => false,
                found => ending.is_empty() || found == Some(ending),
            })
            .collect();
        paths.sort();
        paths
    }
}

/// Whether two spellings are one version.
pub(super) fn same(one: &str, other: &str) -> bool {
    use std::str::FromStr;
    let read = |text: &str| pep440_rs::Version::from_str(text).ok();
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// When a folder of sources changed, as uv looks at it where nothing else is said.
pub(super) fn stamp(folder: &Path, look: &Look) -> Stamp {
    let mut stamp = Stamp::default();
    for name in ["pyproject.toml", "setup.py", "setup.cfg"] {
        if let Seen::File(identity) = look.at(&folder.join(name)) {
            let (seconds, nanoseconds) = identity.ctime;
            let changed = (u64::try_from(seconds).unwrap_or(0), u32::try_from(nanoseconds).unwrap_or(0));
            stamp.changed = stamp.changed.max(Some(changed));
        }
    }
    let sources = folder.join("src");
    let made = match look.at(&sources) {
        Seen::Folder(identity) => {
            let made = crate::reach::metadata(&sources).and_then(|meta| meta.created()).ok();
            let made = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
            Some(made.map_or(pointer::Made::Number(identity.ino), |made| {
                pointer::Made::At(made.as_secs(), made.subsec_nanos())
            }))
        }
        Seen::Absent => None,
        _ => return stamp,
    };
    stamp.folders.insert("src".into(), made);
    stamp
}
