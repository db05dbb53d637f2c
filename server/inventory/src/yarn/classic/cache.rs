//! Yarn 1's cache and its offline mirror: where a package lies in them, and in which state.
//! May only look. What Yarn takes for sound without looking is held against the archive that lies beside it.

use super::archive;
use super::lock::Entry;
use super::settings::Settings;
use crate::ecosystem::{Ask, Repair};
use crate::look::Seen;
use crate::npm;
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use rayon::prelude::*;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};

/// Larger descriptions are not read, in bytes: they have the package's manual in them.
const LARGEST: u64 = 64 << 20;
const METADATA: &str = ".yarn-metadata.json";
const ARCHIVE: &str = ".yarn-tarball.tgz";

/// What is here of one package.
#[derive(Debug)]
pub(super) struct Held {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    /// Bytes.
    pub bytes: Option<u64>,
    /// Files with the checksums they must have.
    pub files: Vec<Content>,
    pub repair: Repair,
    /// What the cache says of the package, where it does.
    pub said: Option<Said>,
}

/// What its own manifest says of a package.
#[derive(Debug, Default, Clone)]
pub(super) struct Said {
    pub node: Option<String>,
    pub yarn: Option<String>,
    pub os: Vec<String>,
    pub cpu: Vec<String>,
}

impl Held {
    pub(super) fn new(state: ArtifactState, evidence: impl Into<String>) -> Self {
        let (looked_in, files, repair) = (Vec::new(), Vec::new(), Repair::default());
        Held { state, evidence: evidence.into(), looked_in, bytes: None, files, repair, said: None }
    }
}

/// Where a package comes from.
struct Source {
    /// As Yarn names the package in its cache.
    folder: PathBuf,
    address: String,
    hash: Option<String>,
    integrity: Vec<Sum>,
}

/// One package of the lockfile.
pub(super) struct Asked<'a> {
    pub entry: &'a Entry,
    /// It may be gone without, and is not installed where it does not fit.
    pub optional: bool,
}

/// What is here of these packages, in their order.
pub(super) fn look(packages: &[Asked<'_>], settings: &Settings, project: &Path, ask: &Ask<'_>) -> Vec<Held> {
    packages.par_iter().map(|asked| one(asked, settings, project, ask)).collect()
}

fn one(asked: &Asked<'_>, settings: &Settings, project: &Path, ask: &Ask<'_>) -> Held {
    let entry = asked.entry;
    let source = match source(entry, settings) {
        Ok(source) => source,
        Err(why) => return Held::new(ArtifactState::Unknown, why),
    };
    let metadata = source.folder.join(METADATA);
    match ask.look.at(&metadata) {
        Seen::Absent | Seen::Dangling => {}
        Seen::File(_) => return unpacked(asked, &source, &metadata, settings, ask),
        Seen::Folder(_) => {
            return damaged(&source, format!("a folder stands in the place of {METADATA} in Yarn's cache"));
        }
        other => return Held::new(ArtifactState::Unknown, other.doubt().unwrap_or_default()),
    }
    let file = source.address.strip_prefix("file:").unwrap_or(&source.address);
    let beside = source.address.starts_with("file:") || file.starts_with(['.', '/']);
    let mut places: Vec<PathBuf> = Vec::new();
    if beside {
        places.push(crate::members::clean(&project.join(file)));
    }
    places.extend(settings.mirror.as_ref().and_then(|mirror| Some(mirror.join(mirrored(&source.address)?))));
    for place in &places {
        match ask.look.at(place) {
            Seen::File(identity) => {
                let sum = source.integrity.first().cloned().or_else(|| sha1(source.hash.as_deref()?));
                let empty = identity.size == 0;
                let (state, evidence) = match () {
                    () if empty => (ArtifactState::Corrupt, "its archive is empty"),
                    () if beside => (ArtifactState::Present, "the archive that the lockfile names is there"),
                    () => (ArtifactState::Present, "its archive is in the offline mirror"),
                };
                let mut held = Held::new(state, evidence);
                held.bytes = Some(identity.size);
                let content = sum.map(|sum| Content { path: place.clone(), sum, identity, read: None });
                held.files = content.into_iter().filter(|_| !empty).collect();
                held.looked_in = vec![place.clone()];
                held.repair.set_aside = if beside { Vec::new() } else { vec![place.clone()] };
                return held;
            }
            Seen::Absent | Seen::Dangling => {}
            Seen::Folder(_) => {
                let mut held = Held::new(ArtifactState::Corrupt, "a folder stands in the place of its archive");
                held.looked_in = vec![place.clone()];
                return held;
            }
            other => return Held::new(ArtifactState::Unknown, other.doubt().unwrap_or_default()),
        }
    }
    let git = ["git:", "git+", "ssh:"].iter().any(|start| source.address.starts_with(start));
    if git && (settings.mirror.is_some() || source.address.contains("file:")) {
        let why = "it comes from a repository, and whether Yarn could get at it without its cache is not judged";
        return Held::new(ArtifactState::Unknown, why);
    }
    let evidence = match (beside, &settings.mirror) {
        (true, _) => "the archive that the lockfile names is not there, nor is the package in Yarn's cache",
        (_, Some(_)) => "it is neither in Yarn's cache nor in the offline mirror",
        _ => "it is not in Yarn's cache",
    };
    let mut held = Held::new(ArtifactState::Missing, evidence);
    held.looked_in = std::iter::once(source.folder.clone()).chain(places).collect();
    held
}

fn damaged(source: &Source, evidence: String) -> Held {
    let mut held = Held::new(ArtifactState::Corrupt, evidence);
    held.looked_in = vec![source.folder.clone()];
    held.repair.set_aside = vec![source.folder.clone()];
    held
}

/// Where it lies, and what it must be; or why that cannot be told.
fn source(entry: &Entry, settings: &Settings) -> Result<Source, String> {
    let resolved = entry.resolved.as_deref().ok_or("the lockfile does not say where it comes from")?;
    let (address, hash) = &match resolved.split_once('#') {
        Some((address, hash)) => (address.to_owned(), Some(hash.to_owned()).filter(|hash| !hash.is_empty())),
        None => (resolved.to_owned(), None),
    };
    let integrity = entry.integrity.as_deref().map(npm::store::sums).unwrap_or_default();
    if entry.integrity.is_some() && integrity.is_empty() {
        return Err("its integrity in the lockfile is not understood".into());
    }
    let fine = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\\', '\0']);
    let name = entry.name.strip_prefix('@').map_or(vec![entry.name.as_str()], |_| entry.name.splitn(2, '/').collect());
    let inner = [entry.version.as_str()].into_iter().chain(entry.uid.as_deref()).chain(hash.as_deref());
    if !name.iter().all(|part| fine(part)) || !inner.clone().all(|part| !part.contains(['/', '\\', '\0'])) {
        return Err("its name leads out of Yarn's cache, and is not followed".into());
    }
    let folder = settings.cache.join(slug(entry, hash.as_deref())).join("node_modules").join(&entry.name);
    let address = address.clone();
    Ok(Source { folder, address, hash: hash.clone(), integrity })
}

/// A package's folder in the cache.
fn slug(entry: &Entry, hash: Option<&str>) -> String {
    let mut name = String::new();
    for letter in entry.name.chars() {
        if letter == '@' || letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            name.push(letter);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let mut slug = format!("npm-{}-{}", name.trim_matches('-'), entry.version);
    let apart = entry.uid.as_deref().filter(|uid| *uid != entry.version).or(hash);
    if let Some(apart) = apart {
        slug.push('-');
        slug.push_str(apart);
    }
    if entry.integrity.is_some() {
        slug.push_str("-integrity");
    }
    slug
}

/// A package's archive in the mirror: its last name, with the scope before it.
fn mirrored(address: &str) -> Option<String> {
    let address = address.strip_prefix("file:").unwrap_or(address);
    let path = address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().filter(|name| !name.is_empty() && *name != ".." && *name != ".")?;
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    // `…/@scope/name/-/name-1.0.0.tgz`, also with the scope once more before the file, or `@scope%2fname`.
    if parts.last().is_some_and(|part| part.starts_with('@')) {
        parts.pop();
    }
    let plain = matches!(parts.pop(), Some("-" | "_attachments"));
    let package = parts.pop().unwrap_or_default();
    let encoded = package.split_once("%2f").map(|(scope, _)| scope);
    let scope = encoded.or_else(|| parts.pop()).filter(|scope| plain && scope.starts_with('@'));
    Some(scope.map_or_else(|| name.to_owned(), |scope| format!("{scope}-{name}")))
}

fn sha1(hash: &str) -> Option<Sum> {
    let bytes = hex::decode(hash).ok()?;
    (bytes.len() == Algorithm::Sha1.len()).then_some(Sum { algorithm: Algorithm::Sha1, bytes })
}

#[derive(serde::Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    manifest: Option<&'a RawValue>,
    remote: Option<Remote>,
}

#[derive(serde::Deserialize)]
struct Remote {
    hash: Option<String>,
    integrity: Option<String>,
    #[serde(rename = "cacheIntegrity")]
    cached: Option<String>,
}

/// What Yarn has unpacked: it believes its own note, and so does this, as far as the archive beside it does not say otherwise.
fn unpacked(asked: &Asked<'_>, source: &Source, metadata: &Path, settings: &Settings, ask: &Ask<'_>) -> Held {
    let entry = asked.entry;
    let text = match ask.look.text(metadata, LARGEST) {
        Ok(text) => text,
        Err(why) => return Held::new(ArtifactState::Unknown, format!("{}: {why}", metadata.display())),
    };
    let note: Metadata<'_> = match serde_json::from_str(&text) {
        Ok(note) => note,
        Err(_) => return damaged(source, "what Yarn's cache notes of it cannot be read".into()),
    };
    let Some(remote) = note.remote else {
        return damaged(source, "what Yarn's cache notes of it does not say where it comes from".into());
    };
    let noted = remote.cached.or(remote.integrity);
    let noted = noted.as_deref().map(npm::store::sums).unwrap_or_default();
    let same = |sum: &Sum| noted.contains(sum);
    if !source.integrity.is_empty() && !source.integrity.iter().any(same) {
        return damaged(source, "Yarn's cache notes another checksum for it than the lockfile's".into());
    }
    if source.hash.is_some() && remote.hash != source.hash {
        return damaged(source, "Yarn's cache notes another address for it than the lockfile's".into());
    }
    let said = match said(note.manifest, source, ask) {
        Ok((version, said)) if version.as_deref().is_none_or(|version| version == entry.version) => said,
        Ok(_) => return damaged(source, "Yarn's cache notes another version of it than the lockfile's".into()),
        Err(held) => return *held,
    };
    let mut held = Held::new(ArtifactState::Present, "it is unpacked in Yarn's cache");
    held.looked_in = vec![source.folder.clone()];
    held.repair.set_aside = vec![source.folder.clone()];
    // Yarn asks for what is for other machines too, and does not install it.
    if asked.optional && !settings.allows(&said) {
        held.evidence = "it is in Yarn's cache, is not for this machine, and is not installed".into();
    } else {
        against_archive(&mut held, source, ask);
    }
    held.said = Some(said);
    held
}

#[derive(serde::Deserialize)]
struct Manifest {
    version: Option<serde_json::Value>,
    engines: Option<serde_json::Value>,
    os: Option<serde_json::Value>,
    cpu: Option<serde_json::Value>,
}

/// What the manifest says, as noted or as it lies there.
fn said(noted: Option<&RawValue>, source: &Source, ask: &Ask<'_>) -> Result<(Option<String>, Said), Box<Held>> {
    let noted = noted.map(|raw| raw.get().to_owned());
    let text = match noted {
        Some(text) => text,
        None => match ask.look.text(&source.folder.join("package.json"), LARGEST) {
            Ok(text) => text,
            Err(why) => return Err(Box::new(damaged(source, format!("its package.json in Yarn's cache: {why}")))),
        },
    };
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|_| Box::new(damaged(source, "its manifest in Yarn's cache cannot be read".into())))?;
    let list = |value: Option<serde_json::Value>| -> Vec<String> {
        let list = value.and_then(|value| value.as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let engine = |name: &str| Some(manifest.engines.as_ref()?.get(name)?.as_str()?.to_owned());
    let said = Said { node: engine("node"), yarn: engine("yarn"), os: list(manifest.os), cpu: list(manifest.cpu) };
    Ok((manifest.version.and_then(|version| version.as_str().map(str::to_owned)), said))
}

/// Holds what is unpacked against the archive beside it, where that is the one that the lockfile names.
fn against_archive(held: &mut Held, source: &Source, ask: &Ask<'_>) {
    let path = source.folder.join(ARCHIVE);
    let Seen::File(identity) = ask.look.at(&path) else { return };
    held.bytes = Some(identity.size);
    let Some(sum) = source.integrity.first().cloned().or_else(|| sha1(source.hash.as_deref()?)) else { return };
    let archive = match ask.look.bytes(&path, archive::LARGEST) {
        Ok(archive) => archive,
        Err(why) => {
            held.evidence = archive::unread(why);
            return;
        }
    };
    let Some(files) = archive::files(&archive, &sum) else {
        held.evidence = "it is unpacked in Yarn's cache, and its archive there is damaged: nothing is compared".into();
        return;
    };
    let paths: Vec<PathBuf> = files.keys().map(|path| source.folder.join(path)).collect();
    let stands = ask.look.at_all(&source.folder, &paths);
    for ((file, path), seen) in files.into_values().zip(paths).zip(stands) {
        let why = match seen {
            Seen::File(identity) if identity.size == file.size => {
                held.files.push(Content { path, sum: file.sum, identity, read: None });
                continue;
            }
            Seen::File(_) => "a file of it in Yarn's cache has not its size",
            Seen::Absent | Seen::Dangling => "a file of it is not in Yarn's cache",
            Seen::Folder(_) => "a folder stands in the place of a file of it in Yarn's cache",
            Seen::Odd | Seen::Refused(_) => {
                held.state = ArtifactState::Unknown;
                held.evidence = seen.doubt().unwrap_or_default();
                held.looked_in.push(path);
                return;
            }
        };
        held.state = ArtifactState::Corrupt;
        held.evidence = why.into();
        held.looked_in.push(path);
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_in_the_mirror_have_their_scope_before_them() {
        for (address, name) in [
            ("https://x.example/a/-/a-1.0.0.tgz", "a-1.0.0.tgz"),
            ("https://x.example/@s/a/-/a-1.0.0.tgz", "@s-a-1.0.0.tgz"),
            ("https://x.example/npm/@s%2fa/-/a-1.0.0.tgz", "@s-a-1.0.0.tgz"),
            ("https://x.example/@s/a/-/@s/a-1.0.0.tgz", "@s-a-1.0.0.tgz"),
            ("https://x.example/user/a/tar.gz/0123", "0123"),
            ("file:beside-1.0.0.tgz", "beside-1.0.0.tgz"),
        ] {
            assert_eq!(mirrored(address).as_deref(), Some(name), "{address}");
        }
        assert_eq!(mirrored("https://x.example/a/.."), None);
    }
}
