//! Where the files of one locked package would be, by where it comes from, and what is there.
//! May only look; what is missing to build it is followed elsewhere.

use super::digest;
use super::lock::{Archive, Lock, Package};
use super::name::{Wheel, normal};
use super::python::Python;
use super::store::{self, Sources, Store};
use crate::held::Held;
use crate::look::Seen;
use crate::members::clean;
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// What was found of one package.
pub(super) enum Found {
    Held(Held),
    /// Its sources are here, in this folder, and uv would build it.
    Unbuilt(PathBuf),
    /// It is a folder beside the lockfile, and uv would build it.
    Local(PathBuf),
    /// It is a folder beside the lockfile, and nothing has to be fetched or built.
    Nothing,
    /// uv would stop at it, whatever is in the cache.
    Refused(String),
}

/// A wheel with its file's name, and sources.
type Chosen<'p> = (Option<(&'p Archive, String)>, Option<&'p Archive>);

/// Finds packages of one lockfile.
pub(super) struct Finder<'a> {
    pub store: &'a Store<'a>,
    /// Of the lockfile.
    pub folder: &'a Path,
    pub lock: &'a Lock,
    pub python: Option<&'a Python>,
}

impl Finder<'_> {
    pub(super) fn find(&self, at: usize) -> Found {
        let package = &self.lock.packages[at].package;
        let source = &package.source;
        let found = match source {
            _ if source.bare.is_some() => Found::Nothing,
            _ if source.is_local() => self.local(package),
            _ if source.registry.is_some() => self.registry(package),
            _ if source.url.is_some() => self.address(package),
            _ if source.path.is_some() => self.file(package),
            _ if source.git.is_some() => self.git(package),
            _ => unknown("where it comes from is not known"),
        };
        match found {
            Found::Held(held) if held.state == ArtifactState::Missing && self.installed(package) => {
                Found::Held(Held::new(ArtifactState::Present, "it is installed in the project's virtual environment"))
            }
            Found::Held(mut held) if held.state == ArtifactState::Missing && held.bytes.is_none() => {
                held.bytes = self.size(package);
                Found::Held(held)
            }
            found => found,
        }
    }

    /// What uv would download for a package, in bytes, where the lockfile says.
    fn size(&self, package: &Package) -> Option<u64> {
        let (wheel, sources) = self.chosen(package).ok()?;
        wheel.map(|(archive, _)| archive).or(sources)?.size
    }

    /// The wheel that uv would take of those in the lockfile, else the sources.
    fn chosen<'p>(&self, package: &'p Package) -> Result<Chosen<'p>, Found> {
        let mut named = Vec::new();
        for archive in &package.wheels {
            let name = archive.file_name();
            let wheel = name.as_deref().and_then(Wheel::read);
            let (Some(name), Some(wheel)) = (name, wheel) else {
                return Err(unknown("the lockfile names a wheel that is none"));
            };
            named.push((archive, name, wheel));
        }
        let best = self.store.tags.best(named.iter().map(|(_, _, wheel)| wheel));
        let best = best.map(|best| (named[best].0, named[best].1.clone()));
        if best.is_none() && package.sdist.is_none() {
            let version = package.version.as_deref().unwrap_or_default();
            return Err(Found::Refused(format!(
                "{} {version} has no wheel for this Python and this machine, and no sources",
                package.name
            )));
        }
        Ok((best, package.sdist.as_ref()))
    }

    fn registry(&self, package: &Package) -> Found {
        let address = package.source.registry.as_deref().unwrap_or_default();
        let (wheel, sources) = match self.chosen(package) {
            Ok(chosen) => chosen,
            Err(found) => return found,
        };
        if !address.contains("://") {
            return unknown("it comes from a folder of packages, which is not followed");
        }
        let Some(below) = digest::registry(address) else { return unknown("its registry's address is not understood") };
        if let Some((archive, file)) = wheel {
            return match sha256(archive) {
                Ok(sum) => Found::Held(self.store.wheel(&below, &package.name, &file, sum.as_deref())),
                Err(found) => found,
            };
        }
        let Some(archive) = sources else { return unknown("it has no sources") };
        let version = package.version.as_deref().unwrap_or_default();
        let folder = self.store.cache.join("sdists-v10").join(below).join(&package.name).join(version);
        self.built_or_not(&folder, archive, package)
    }

    fn built_or_not(&self, folder: &Path, archive: &Archive, package: &Package) -> Found {
        let sum = match sha256(archive) {
            Ok(sum) => sum,
            Err(found) => return found,
        };
        let wanted = package.version.as_deref().map(|version| (package.name.as_str(), version));
        match self.store.sources(folder, sum.as_deref(), wanted) {
            Sources::Done(held) => Found::Held(held),
            Sources::Unbuilt(folder) => Found::Unbuilt(folder),
        }
    }

    fn address(&self, package: &Package) -> Found {
        let address = package.source.url.as_deref().unwrap_or_default();
        let shown = package.source.subdirectory.as_deref().map(|below| format!("{address}#subdirectory={below}"));
        let Some(digest) = digest::of_address(shown.as_deref().unwrap_or(address)) else {
            return unknown("its address is not understood");
        };
        let (wheel, sources) = match self.chosen(package) {
            Ok(chosen) => chosen,
            Err(found) => return found,
        };
        let below = format!("url/{digest}");
        if let Some((archive, _)) = wheel {
            let file = archive
                .file_name()
                .or_else(|| Archive { url: Some(address.to_owned()), ..Archive::default() }.file_name());
            return match (file, sha256(archive)) {
                (Some(file), Ok(sum)) => Found::Held(self.store.wheel(&below, &package.name, &file, sum.as_deref())),
                (None, _) => unknown("its address is not understood"),
                (_, Err(found)) => found,
            };
        }
        match sources {
            Some(archive) => self.built_or_not(&self.store.cache.join("sdists-v10").join(below), archive, package),
            None => unknown("it has no sources"),
        }
    }

    /// An archive beside the lockfile.
    fn file(&self, package: &Package) -> Found {
        use ArtifactState::{Corrupt, Missing, Present, Unknown};
        let path = clean(&self.folder.join(package.source.path.as_deref().unwrap_or_default()));
        let (wheel, sources) = match self.chosen(package) {
            Ok(chosen) => chosen,
            Err(found) => return found,
        };
        let Some(archive) = wheel.as_ref().map(|(archive, _)| *archive).or(sources) else {
            return unknown("it has no file");
        };
        let identity = match self.store.ask.look.at(&path) {
            Seen::File(identity) if identity.size > 0 => identity,
            Seen::File(_) => {
                return Found::Held(Held::new(Corrupt, "the file that the lockfile names is empty").at(path));
            }
            Seen::Absent | Seen::Dangling => {
                return Found::Held(Held::new(Missing, "the file that the lockfile names is not there").at(path));
            }
            seen => {
                let why = seen.doubt().unwrap_or_default();
                return Found::Held(Held::new(Unknown, format!("the file that the lockfile names: {why}")).at(path));
            }
        };
        if wheel.is_none() {
            return unknown(
                "it is an archive of sources beside the lockfile, and what building it needs is not followed",
            );
        }
        let mut held = Held::new(Present, "the file that the lockfile names is there");
        held.bytes = Some(identity.size);
        match sha256(archive) {
            Ok(Some(hex)) => match hex::decode(&hex) {
                Ok(bytes) if bytes.len() == Algorithm::Sha256.len() => {
                    let sum = Sum { algorithm: Algorithm::Sha256, bytes };
                    held.files.push(Content { path: path.clone(), sum, identity, read: None });
                }
                _ => return unknown("its checksum in the lockfile is none"),
            },
            Ok(None) => {}
            Err(found) => return found,
        }
        Found::Held(held.at(path))
    }

    fn git(&self, package: &Package) -> Found {
        let text = package.source.git.as_deref().unwrap_or_default();
        let Some((address, commit)) = text.rsplit_once('#') else { return unknown("the lockfile names no commit") };
        let hexadecimal = commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit());
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let said = |key: &str| query.split('&').find_map(|one| one.strip_prefix(key)?.strip_prefix('='));
        if !hexadecimal || said("lfs").is_some() || said("path").is_some() {
            return unknown("what of the repository is wanted is not followed");
        }
        let below = said("subdirectory")
            .map(|text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned());
        let mut whole = format!("git+{base}@{commit}");
        if let Some(below) = &below {
            whole = format!("{whole}#subdirectory={below}");
        }
        let digests = (digest::of_address(&whole), digest::of_repository(base));
        let (Some(own), Some(repository)) = digests else {
            return unknown("its repository's address is not understood");
        };
        let shard = self.store.cache.join("sdists-v10/git").join(own).join(&commit[..16]);
        if let Some(held) = self.store.built(&shard, None) {
            return Found::Held(held);
        }
        let git = self.store.cache.join("git-v1");
        let clone = git.join("db").join(&repository);
        if !matches!(self.store.ask.look.at(&clone), Seen::Folder(_)) {
            // What is on this machine is cloned offline too.
            let near = base.strip_prefix("file://").map(Path::new);
            if near.is_some_and(|near| matches!(self.store.ask.look.at(near), Seen::Folder(_))) {
                return unknown(
                    "uv would clone its repository from a folder, and what building it then needs is not followed",
                );
            }
            return Found::Held(
                Held::new(ArtifactState::Missing, "uv's cache has no clone of its repository").at(clone),
            );
        }
        let checkouts = git.join("checkouts").join(&repository);
        let entries = self.store.entries(&checkouts, "");
        let checkout = entries.iter().find(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.len() >= 7 && commit.starts_with(name) && matches!(self.store.ask.look.at(path), Seen::Folder(_))
        });
        let Some(checkout) = checkout else {
            return unknown("it is not checked out, and whether the clone has all of it is not followed");
        };
        let mut mark = checkout.clone().into_os_string();
        mark.push(".ok");
        if !matches!(self.store.ask.look.at(Path::new(&mark)), Seen::File(_)) {
            return unknown("it was not wholly checked out, and whether the clone has all of it is not followed");
        }
        Found::Unbuilt(below.map_or_else(|| checkout.clone(), |below| clean(&checkout.join(below))))
    }

    /// A folder beside the lockfile: a wheel of it may have been built since it changed.
    fn local(&self, package: &Package) -> Found {
        let folder = clean(&self.folder.join(package.source.folder().unwrap_or_default()));
        let kind = if package.source.editable.is_some() { "editable" } else { "path" };
        if let Some(digest) = url::Url::from_file_path(&folder).ok().and_then(|url| digest::of_address(url.as_str())) {
            let place = self.store.cache.join("sdists-v10").join(kind).join(digest);
            let keys = crate::reach::text(folder.join("pyproject.toml")).is_ok_and(|text| text.contains("cache-keys"));
            let stamp = store::stamp(&folder, self.store.ask.look);
            if let Some(held) =
                self.store.local(&place, &stamp).filter(|held| !keys && held.state == ArtifactState::Present)
            {
                let _ = held;
                return Found::Nothing;
            }
        }
        Found::Local(folder)
    }

    /// Whether uv finds it installed already, where it is sure to take it for that.
    fn installed(&self, package: &Package) -> bool {
        let (Some(environment), Some(version)) =
            (self.python.and_then(|python| python.environment.as_ref()), &package.version)
        else {
            return false;
        };
        if package.source.registry.is_none() {
            return false;
        }
        let minor = self.python.map_or(0, |python| python.minor);
        let packages = environment.join(format!("lib/python3.{minor}/site-packages"));
        let found = self.store.entries(&packages, "dist-info").into_iter().find(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let (name, has) = stem.split_once('-').unwrap_or((stem, ""));
            normal(name).as_deref() == Some(package.name.as_str()) && store::same(has, version)
        });
        let there = |path: &Path| matches!(self.store.ask.look.at(path), Seen::File(_));
        found.is_some_and(|own| {
            there(&own.join("METADATA")) && there(&own.join("WHEEL")) && !there(&own.join("direct_url.json"))
        })
    }
}

fn unknown(why: &str) -> Found {
    Found::Held(Held::new(ArtifactState::Unknown, why))
}

/// The checksum that the lockfile has for an archive.
fn sha256(archive: &Archive) -> Result<Option<String>, Found> {
    match archive.hash.as_deref().map(|hash| hash.split_once(':')) {
        None => Ok(None),
        Some(Some(("sha256", hex))) => Ok(Some(hex.to_ascii_lowercase())),
        Some(_) => Err(unknown("its checksum in the lockfile is of a kind that is not followed")),
    }
}
