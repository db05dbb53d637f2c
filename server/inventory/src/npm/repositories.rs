//! Packages that npm takes from git repositories. Offline, too, it takes those of known hosts from an archive that is in its cache
//! by address, and clones all others anew each time: it keeps nothing of a clone. Rules: pacote's `git.js`, `@npmcli/git`.
//! May run nothing.

use super::config::Config;
use super::spec::{NOT_UNDERSTOOD, Repository};
use crate::ecosystem::Ask;
use crate::fetch;
use crate::git::offer::Offer;
use crate::git::{Id, Lost, user};
use crate::look::Unread;
use contract::ArtifactState;
use flate2::read::MultiGzDecoder;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Larger archives are not looked into, in bytes; neither is more of them than this, unpacked.
const LARGEST: u64 = 256 << 20;
const MOST_UNPACKED: u64 = 2 << 30;
/// Larger manifests are not read, in bytes.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// npm installs what a repository's package needs before it takes it, where it has one of these.
const SCRIPTS: [&str; 6] = ["postinstall", "build", "preinstall", "install", "prepack", "prepare"];
/// What npm installs then.
const TABLES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// What is known of one package.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
}

/// How npm gets at it.
pub(super) enum Way {
    /// An archive that it asks its cache for, by this address.
    Archive(String),
    Told(Answer),
}

/// The repositories of one lockfile.
pub(super) struct Repositories<'a> {
    config: &'a Config,
    ask: &'a Ask<'a>,
    offers: HashMap<PathBuf, Result<Offer, Lost>>,
}

fn told(state: ArtifactState, evidence: impl Into<String>) -> Answer {
    Answer { state, evidence: evidence.into(), looked_in: Vec::new() }
}

impl<'a> Repositories<'a> {
    pub(super) fn new(config: &'a Config, ask: &'a Ask<'a>) -> Self {
        Repositories { config, ask, offers: HashMap::new() }
    }

    /// Which setting of npm decides otherwise than is followed here.
    fn setting(&self) -> Option<String> {
        let said = |key: &str| self.config.values.get(key).and_then(|said| said.last()).map(String::as_str);
        let replaced = said("replace-registry-host").filter(|said| !matches!(*said, "npmjs" | "never"));
        if replaced.is_some() {
            return Some("replace-registry-host is set, which may change where npm looks for it".into());
        }
        let newer = self.config.npm.as_deref().and_then(|npm| npm.split('.').next()?.parse::<u32>().ok());
        match said("allow-git") {
            Some("all") => None,
            None if newer.is_some_and(|major| major < 12) => None,
            None => Some("this version of npm may not allow packages from repositories".into()),
            Some(_) => Some("allow-git is set, and npm may not allow packages from repositories".into()),
        }
    }

    pub(super) fn way(&mut self, repository: &Result<Repository, ()>) -> Way {
        use ArtifactState::{Missing, Unknown};
        let Ok(repository) = repository else { return Way::Told(told(Unknown, NOT_UNDERSTOOD)) };
        if let Some(why) = self.setting() {
            return Way::Told(told(Unknown, why));
        }
        let shown = fetch::without_credentials(&repository.address);
        let Some(commit) = repository.commit() else {
            return Way::Told(told(Unknown, format!("the lockfile names no commit of its repository: {shown}")));
        };
        if repository.host.is_some() && repository.folder.is_some() {
            let why = "npm asks its host for an archive of this folder, of which there is none, and then clones the repository";
            return Way::Told(told(Missing, why));
        }
        if repository.host.is_some() {
            return match repository.archive() {
                Some(archive) => Way::Archive(archive),
                None => Way::Told(told(Unknown, NOT_UNDERSTOOD)),
            };
        }
        if self.ask.options.homes.program("git", self.ask.look).is_none() {
            return Way::Told(told(Missing, "npm clones its repository, and there is no git in the path"));
        }
        if let Some(why) = user::goes_elsewhere(&repository.address, self.ask) {
            return Way::Told(told(Unknown, format!("npm clones its repository, and {why}")));
        }
        let Some(path) = repository.address.strip_prefix("file://") else {
            let why = format!("npm keeps nothing of a git repository, and clones it anew for each install: {shown}");
            return Way::Told(told(Missing, why));
        };
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let mut id: Id = [0; 20];
        if hex::decode_to_slice(commit, &mut id).is_err() || !path.starts_with('/') {
            return Way::Told(told(Unknown, NOT_UNDERSTOOD));
        }
        let path = PathBuf::from(path);
        let mut answer = self.cloned(&path, &id, repository.folder.as_deref());
        answer.looked_in = vec![path];
        Way::Told(answer)
    }

    /// A repository on this machine, which npm clones without a network too.
    fn cloned(&mut self, path: &Path, commit: &Id, folder: Option<&str>) -> Answer {
        use ArtifactState::{Corrupt, Missing, Present, Unknown};
        let look = self.ask.look;
        let offer = self.offers.entry(path.to_path_buf()).or_insert_with(|| Offer::of(path, look));
        let lost = |why: &Lost| match why {
            Lost::Absent => told(Missing, "its repository is not there"),
            Lost::Damaged(why) => told(Corrupt, why.clone()),
            Lost::Unknown(why) => told(Unknown, why.clone()),
        };
        let offer = match offer {
            Ok(offer) => offer,
            Err(why) => return lost(why),
        };
        if !offer.brings(commit) {
            return told(Missing, "no reference of its repository leads to its commit, so a clone does not bring it");
        }
        // npm compares with HEAD before it clones, and stops where there is none.
        if offer.names(commit) && offer.head().is_none() {
            return told(Corrupt, "HEAD of its repository has no commit");
        }
        let manifest = folder.map_or_else(|| "package.json".to_owned(), |folder| format!("{folder}/package.json"));
        let holds = match offer.holds(commit, &manifest, look) {
            Ok(holds) => holds,
            Err(why) => return lost(&why),
        };
        if holds.submodules {
            return told(Unknown, "its repository has submodules, which npm clones anew, and which are not followed");
        }
        if holds.filtered {
            return told(
                Unknown,
                "its repository has attributes with filters, which git runs and which are not followed",
            );
        }
        let Some(text) = holds.file else { return told(Corrupt, format!("its commit holds no {manifest}")) };
        prepared(&text).unwrap_or_else(|| {
            told(
                Present,
                "its repository is on this machine, and its commit is whole: npm clones it anew for each install",
            )
        })
    }

    /// Why npm may not go on with an archive that is here.
    pub(super) fn unpacked(&self, archive: &Path) -> Option<Answer> {
        use ArtifactState::{Corrupt, Unknown};
        match manifest_in(archive) {
            Ok(Some(text)) => prepared(&text),
            Ok(None) => Some(told(Corrupt, "its archive cannot be read, or holds no package.json")),
            Err(why) => {
                self.ask.look.only_once();
                Some(told(Unknown, format!("its archive in npm's cache: {why}")))
            }
        }
    }
}

/// The manifest in an archive, of which npm leaves out the outermost folder.
fn manifest_in(archive: &Path) -> Result<Option<Vec<u8>>, Unread> {
    let (file, identity) = crate::look::open(archive)?;
    if identity.size > LARGEST {
        return Err(Unread::Large(LARGEST));
    }
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file).take(MOST_UNPACKED));
    let mut found = None;
    let Ok(entries) = archive.entries() else { return Ok(None) };
    for entry in entries {
        let Ok(entry) = entry else { return Ok(None) };
        let path = entry.path_bytes();
        let below = path.iter().position(|byte| *byte == b'/').map(|at| &path[at + 1..]);
        if below == Some(b"package.json".as_slice()) && entry.header().entry_type().is_file() {
            let mut text = Vec::new();
            if entry.take(LARGEST_MANIFEST).read_to_end(&mut text).is_err() {
                return Ok(None);
            }
            found = Some(text);
        }
    }
    Ok(found)
}

/// Why npm does not simply take a package as it stands in its repository.
fn prepared(manifest: &[u8]) -> Option<Answer> {
    use ArtifactState::{Corrupt, Unknown};
    let text = String::from_utf8_lossy(manifest);
    let Ok(serde_json::Value::Object(manifest)) = serde_json::from_str(&super::without_mark(&text)) else {
        return Some(told(Corrupt, "the package.json in its repository cannot be read"));
    };
    let filled = |value: &serde_json::Value| match value {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::String(text) => !text.is_empty(),
        serde_json::Value::Object(table) => !table.is_empty(),
        serde_json::Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let scripts = manifest.get("scripts").and_then(serde_json::Value::as_object);
    let script = SCRIPTS.into_iter().find(|name| scripts.and_then(|all| all.get(*name)).is_some_and(filled));
    let members = manifest.get("workspaces").is_some_and(|members| !members.is_null());
    let needs = TABLES.iter().any(|table| manifest.get(*table).is_some_and(filled));
    let why = match script {
        Some(name) => format!("it has a script `{name}`"),
        None => "it has workspaces".to_owned(),
    };
    let prepares = members || (script.is_some() && needs);
    prepares.then(|| {
        let why = format!(
            "{why}, so npm first installs what it needs, its development dependencies too, which no lockfile names"
        );
        told(Unknown, why)
    })
}
