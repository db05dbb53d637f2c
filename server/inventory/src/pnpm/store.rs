//! pnpm's store: which files of it a package is, and what state they are in.
//! May only look, and never writes: pnpm itself removes what it finds damaged, this does not.

use super::database::Database;
use super::lock::Package;
use super::program::Form;
use super::repository::Hosted;
use crate::ecosystem::Ask;
use crate::held::Held;
use crate::hexadecimal;
use crate::look::{Seen, Unread};
use crate::npm;
use crate::verify::{Content, Sum};
use contract::ArtifactState;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Larger lists of files are not read, in bytes.
const LARGEST: u64 = 64 << 20;
/// More files of one package are not looked at.
const MOST: usize = 200_000;
/// Names of hosts, in the addresses of whose archives pnpm sees a repository.
const HOSTS: [&str; 3] = ["https://codeload.github.com/", "https://bitbucket.org/", "https://gitlab.com/"];

/// A package's list of files, as it stands in the store.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Listed {
    pub name: Option<String>,
    pub version: Option<String>,
    pub files: Vec<File>,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    pub sum: Sum,
    /// It may be run, and lies apart for that.
    pub runs: bool,
    /// Bytes.
    pub size: u64,
}

/// Where a package comes from.
enum From {
    /// Its list has this name in the store.
    Store {
        integrity: String,
        sum: Sum,
        id: String,
    },
    /// An archive beside the project.
    Archive(PathBuf, Option<Sum>),
    Folder(PathBuf),
    Repository(Hosted),
    Doubt(String),
}

/// One store.
pub(super) struct Store<'a> {
    pub folder: &'a Path,
    pub form: Form,
    pub project: &'a Path,
    /// Scripts of packages are run, which packages from repositories may need before they are packages.
    pub builds: bool,
    pub ask: &'a Ask<'a>,
}

impl Store<'_> {
    /// What is here of these packages, in their order.
    pub(super) fn look(&self, packages: &[&Package]) -> Vec<Held> {
        let places: Vec<From> = packages.iter().map(|package| from(package, self.project)).collect();
        let database = (self.form == Form::Database).then(|| {
            let stored = places.iter().filter_map(|from| match from {
                From::Store { integrity, id, .. } => Some((integrity.clone(), id.clone())),
                From::Repository(hosted) => Some((hosted.id.clone(), self.built().to_owned())),
                _ => None,
            });
            Database::open(self.folder, &stored.collect::<Vec<_>>(), self.ask)
        });
        let hosted: Vec<Option<Hosted>> = places
            .iter()
            .map(|from| match from {
                From::Repository(hosted) => Some(hosted.clone()),
                _ => None,
            })
            .collect();
        let found: Vec<Result<(Listed, PathBuf), Held>> = packages
            .par_iter()
            .zip(places)
            .map(|(package, from)| self.list(package, from, database.as_ref()))
            .collect();
        let paths: Vec<PathBuf> =
            found.iter().flatten().flat_map(|(listed, _)| listed.files.iter().map(|file| self.path(file))).collect();
        let mut seen = self.ask.look.at_all(self.folder, &paths).into_iter().zip(paths);
        let mut hold = |(listed, list): (Listed, PathBuf)| {
            let stands: Vec<(Seen, PathBuf)> = seen.by_ref().take(listed.files.len()).collect();
            hold(listed, list, stands, database.is_none())
        };
        let all: Vec<Held> = found.into_iter().map(|found| found.map_or_else(|held| held, &mut hold)).collect();
        let again = all.into_iter().zip(hosted).map(|(held, hosted)| match hosted {
            // Of what is not whole in its store pnpm makes a clone.
            Some(hosted) if held.state == ArtifactState::Corrupt => Some(hosted.cloned(self.builds, self.ask))
                .filter(|cloned| cloned.state != ArtifactState::Missing)
                .unwrap_or(held),
            _ => held,
        });
        again.collect()
    }

    fn path(&self, file: &File) -> PathBuf {
        let hex = hexadecimal::of(&file.sum.bytes);
        let name = if file.runs { format!("{}-exec", &hex[2..]) } else { hex[2..].to_owned() };
        self.folder.join("files").join(&hex[..2]).join(name)
    }

    /// How the store calls a package from a repository that is ready for use.
    fn built(&self) -> &'static str {
        if self.builds { "built" } else { "not-built" }
    }

    fn list(
        &self,
        package: &Package,
        from: From,
        database: Option<&Result<Database, Held>>,
    ) -> Result<(Listed, PathBuf), Held> {
        let (listed, path, locked) = match from {
            From::Store { integrity, sum, id } => {
                let (listed, path) = match database {
                    None => {
                        let hex = hexadecimal::of(&sum.bytes);
                        let hex = &hex[..hex.len().min(64)];
                        let name = id.replace(['\\', '/', ':', '*', '?', '"', '<', '>', '|'], "+");
                        let path = self.folder.join("index").join(&hex[..2]).join(format!("{}-{name}.json", &hex[2..]));
                        (self.read(&path), path)
                    }
                    Some(Ok(database)) => (database.list(&integrity, &id), database.path.clone()),
                    Some(Err(held)) => return Err(held.clone()),
                };
                (listed, path, None)
            }
            From::Repository(hosted) => {
                let (listed, path) = match database {
                    None => {
                        let file = if self.builds { "integrity.json" } else { "integrity-not-built.json" };
                        let path = self.folder.join(hosted.folder_in_store()).join(file);
                        (self.read(&path), path)
                    }
                    Some(Ok(database)) => (database.list(&hosted.id, self.built()), database.path.clone()),
                    Some(Err(held)) => return Err(held.clone()),
                };
                // What the store does not have is cloned, whether or not there is a network.
                let listed = listed.map_err(|held| match held.state {
                    ArtifactState::Missing => hosted.cloned(self.builds, self.ask),
                    _ => held,
                });
                (listed, path, hosted.version)
            }
            From::Archive(path, sum) => return Err(self.archive(path, sum)),
            From::Folder(path) => return Err(self.local(path)),
            From::Doubt(why) => return Err(Held::new(ArtifactState::Unknown, why)),
        };
        let listed = listed.map_err(|mut held| {
            held.looked_in.push(path.clone());
            held
        })?;
        // pnpm stops where the store has another package under this checksum.
        let (name, version) = package.name();
        let version = locked.as_deref().unwrap_or(version);
        let other_name = listed.name.as_ref().is_some_and(|known| !known.eq_ignore_ascii_case(name));
        let plain = semver::Version::parse(version).ok();
        let known =
            listed.version.as_deref().map(|version| semver::Version::parse(version.trim_start_matches(['v', '='])));
        let other_version = match (plain, known) {
            (Some(version), Some(Ok(known))) => known.cmp_precedence(&version).is_ne(),
            (Some(_), Some(Err(_))) => listed.version.as_deref() != Some(version),
            _ => false,
        };
        if other_name || other_version {
            let mut held = Held::new(ArtifactState::Corrupt, "pnpm's store has another package under its checksum");
            if database.is_none() {
                held.set_aside = vec![path.clone()];
            }
            held.looked_in = vec![path];
            return Err(held);
        }
        Ok((listed, path))
    }

    /// A list in a file of its own.
    fn read(&self, path: &Path) -> Result<Listed, Held> {
        let bytes = match self.ask.look.bytes(path, LARGEST) {
            Ok(bytes) => bytes,
            Err(Unread::Absent) => return Err(Held::new(ArtifactState::Missing, "it is not in pnpm's store")),
            Err(why @ (Unread::Failed(_) | Unread::Large(_))) => {
                return Err(Held::new(ArtifactState::Unknown, format!("its list of files in pnpm's store: {why}")));
            }
            Err(why) => {
                return Err(Held::new(ArtifactState::Corrupt, format!("its list of files in pnpm's store: {why}")));
            }
        };
        listed(&bytes).ok_or_else(|| {
            let mut held = Held::new(ArtifactState::Corrupt, "its list of files in pnpm's store cannot be read");
            held.set_aside = vec![path.to_path_buf()];
            held
        })
    }

    /// An archive that lies beside the project; pnpm takes it from there.
    fn archive(&self, path: PathBuf, sum: Option<Sum>) -> Held {
        let (state, evidence) = match self.ask.look.at(&path) {
            Seen::File(identity) if identity.size > 0 => {
                let mut held = Held::new(ArtifactState::Present, "the archive that the lockfile names is there");
                held.bytes = Some(identity.size);
                held.files =
                    sum.map(|sum| Content { path: path.clone(), sum, identity, read: None }).into_iter().collect();
                held.looked_in = vec![path];
                return held;
            }
            Seen::File(_) => (ArtifactState::Corrupt, "the archive that the lockfile names is empty".to_owned()),
            Seen::Absent | Seen::Dangling => {
                (ArtifactState::Missing, "the archive that the lockfile names is not there".to_owned())
            }
            other => (ArtifactState::Unknown, other.doubt().unwrap_or_default()),
        };
        Held { looked_in: vec![path], ..Held::new(state, evidence) }
    }

    fn local(&self, path: PathBuf) -> Held {
        let held = match self.ask.look.at(&path) {
            Seen::Folder(_) => Held::new(ArtifactState::Present, "the folder that the lockfile names is there"),
            Seen::Absent | Seen::Dangling => {
                Held::new(ArtifactState::Missing, "the folder that the lockfile names is not there")
            }
            other => Held::new(ArtifactState::Unknown, other.doubt().unwrap_or_default()),
        };
        Held { looked_in: vec![path], ..held }
    }
}

/// Whether all files of a list are there; `alone`: the list has a file of its own.
fn hold(listed: Listed, list: PathBuf, stands: Vec<(Seen, PathBuf)>, alone: bool) -> Held {
    let mut held = Held::new(ArtifactState::Present, "all its files are in pnpm's store");
    // Without its list, or without its files, pnpm fetches a package anew.
    held.set_aside = if alone { vec![list.clone()] } else { stands.iter().map(|(_, path)| path.clone()).collect() };
    held.looked_in = vec![list];
    let mut bytes = 0;
    for (file, (seen, path)) in listed.files.into_iter().zip(stands) {
        let (state, why) = match seen {
            Seen::File(identity) if identity.size == file.size => {
                bytes += identity.size;
                held.files.push(Content { path, sum: file.sum, identity, read: None });
                continue;
            }
            Seen::File(_) => (ArtifactState::Corrupt, "a file of it in pnpm's store has not its size".to_owned()),
            Seen::Absent | Seen::Dangling => (ArtifactState::Corrupt, "a file of it is not in pnpm's store".to_owned()),
            Seen::Folder(_) => (ArtifactState::Corrupt, "a folder stands in the place of a file of it".to_owned()),
            other => (ArtifactState::Unknown, other.doubt().unwrap_or_default()),
        };
        held.looked_in.push(path.clone());
        if held.state == ArtifactState::Present || state == ArtifactState::Corrupt {
            (held.state, held.evidence) = (state, why);
        }
    }
    held.bytes = Some(bytes);
    if held.state == ArtifactState::Present && held.files.is_empty() {
        held.evidence = "it has no files".into();
    }
    held
}

fn from(package: &Package, project: &Path) -> From {
    let said = |key: &str| package.resolution.get(key).and_then(crate::yaml::Value::word);
    if let Some(folder) = said("directory") {
        return From::Folder(crate::members::clean(&project.join(folder)));
    }
    let sum = said("integrity").and_then(|integrity| npm::store::sums(integrity).into_iter().next());
    let tarball = said("tarball");
    if let Some(kind) = said("type") {
        let hosted = Hosted::of(package, Some(kind));
        return hosted.map_or_else(
            || From::Doubt(format!("it comes from elsewhere than a registry ({kind}), which is not judged")),
            From::Repository,
        );
    }
    if let Some(file) = tarball.and_then(|tarball| tarball.strip_prefix("file:")) {
        return From::Archive(crate::members::clean(&project.join(file)), sum);
    }
    let hosted = package.resolution.get("gitHosted").is_some_and(|hosted| !hosted.is_false());
    if hosted || tarball.is_some_and(|tarball| HOSTS.iter().any(|host| tarball.starts_with(host))) {
        let hosted = Hosted::of(package, None);
        return hosted.map_or_else(|| From::Doubt("the lockfile has no address for it".into()), From::Repository);
    }
    let (Some(integrity), Some(sum)) = (said("integrity"), sum) else {
        return From::Doubt("the lockfile has no checksum for it that is understood".into());
    };
    let id = if package.key.contains(':') { package.name().1 } else { &package.key };
    From::Store { integrity: integrity.to_owned(), sum, id: id.to_owned() }
}

/// Reads a list of files; none: pnpm could not, either.
fn listed(bytes: &[u8]) -> Option<Listed> {
    #[derive(serde::Deserialize)]
    struct Index {
        name: Option<String>,
        version: Option<String>,
        files: std::collections::BTreeMap<String, Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        integrity: String,
        mode: u32,
        size: u64,
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let index: Index = serde_json::from_slice(bytes).ok()?;
    if index.files.len() > MOST {
        return None;
    }
    let mut files = Vec::with_capacity(index.files.len());
    for entry in index.files.into_values() {
        let sum = npm::store::sums(&entry.integrity).into_iter().next()?;
        files.push(File { sum, runs: entry.mode & 0o111 != 0, size: entry.size });
    }
    Some(Listed { name: index.name, version: index.version, files })
}
