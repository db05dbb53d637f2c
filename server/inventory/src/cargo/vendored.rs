//! A folder of vendored sources (`cargo vendor`): which packages are in it, and whether their files are those that its own
//! lists of checksums name. May not look outside the folder, whatever those lists say. Rules: cargo's `sources/directory.rs`.

use super::lock::Package;
use super::manifest::{self, Manifest};
use super::origin;
use super::resolve::{Known, Origin};
use super::sources::Answer;
use crate::ecosystem::Verdict;
use crate::look::{Look, Seen, Unread};
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

/// Larger lists of checksums are not read, in bytes.
const LARGEST: u64 = 32 << 20;
/// More packages are not read.
const MOST: usize = 20_000;

/// `.cargo-checksum.json`.
#[derive(Debug, Deserialize)]
struct Checksums {
    /// SHA-256 of the `.crate`; none for what comes from git.
    package: Option<String>,
    files: BTreeMap<String, String>,
}

struct Held {
    folder: PathBuf,
    manifest: Manifest,
    checksums: Checksums,
}

/// One such folder.
pub(super) struct Vendored {
    folder: PathBuf,
    by_name: HashMap<String, Vec<Held>>,
    /// Cargo reads all of it first, and stops at what it cannot read.
    pub verdict: Verdict,
    there: bool,
}

impl Vendored {
    pub(super) fn read(folder: &Path, look: &Look) -> Self {
        let mut read = Vendored {
            folder: folder.to_path_buf(),
            by_name: HashMap::new(),
            verdict: Verdict::Sound,
            there: matches!(look.at(folder), Seen::Folder(_)),
        };
        if !read.there {
            return read;
        }
        let listed = match crate::reach::list(folder) {
            Ok(listed) => listed,
            Err(error) => {
                look.only_once();
                let why = format!("{} may not be listed: {}", folder.display(), error.kind());
                read.verdict.worsen(Verdict::Doubtful(why));
                return read;
            }
        };
        let mut folders: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
        folders
            .retain(|path| path.file_name().and_then(|name| name.to_str()).is_none_or(|name| !name.starts_with('.')));
        folders.sort();
        if folders.len() > MOST {
            read.verdict.worsen(Verdict::Doubtful(format!("more than {MOST} vendored packages are not read")));
            folders.truncate(MOST);
        }
        for package in folders {
            let path = package.join("Cargo.toml");
            // A folder that version control left behind is passed over.
            if matches!(look.at(&path), Seen::Absent | Seen::Dangling) {
                continue;
            }
            match held(package, &path, look) {
                Ok(held) => read.by_name.entry(held.manifest.name.clone()).or_default().push(held),
                Err(verdict) => read.verdict.worsen(verdict),
            }
        }
        read
    }

    /// What is here of one locked package.
    pub(super) fn answer(&self, package: &Package, look: &Look) -> Answer {
        use ArtifactState::{Corrupt, Missing, Present, Stale, Unknown};
        let shown = self.folder.display();
        let mut answer = if !self.there {
            Answer::new(Missing, format!("the folder of vendored sources is not there: {shown}"))
        } else if let Some(held) = self
            .by_name
            .get(&package.name)
            .and_then(|all| all.iter().find(|held| held.manifest.version == package.version))
        {
            return held.answer(package, look);
        } else if let Some(other) = self.by_name.get(&package.name).and_then(|all| all.first()) {
            let version = &other.manifest.version;
            Answer::new(Stale, format!("the vendored sources have version {version} of it: {shown}"))
        } else {
            match &self.verdict {
                Verdict::Sound => Answer::new(Missing, format!("it is not among the vendored sources: {shown}")),
                Verdict::Refused(why) => Answer::new(Corrupt, format!("the vendored sources cannot be read: {why}")),
                Verdict::Doubtful(why) => Answer::new(Unknown, format!("the vendored sources were not read: {why}")),
            }
        };
        debug_assert!(answer.state != Present);
        answer.looked_in = vec![self.folder.clone()];
        answer
    }
}

fn held(folder: PathBuf, path: &Path, look: &Look) -> Result<Held, Verdict> {
    let (manifest, verdict) = manifest::elsewhere(path, look)?;
    if verdict != Verdict::Sound {
        return Err(verdict);
    }
    let list = folder.join(".cargo-checksum.json");
    let said = |why: String| format!("{}: {why}", list.display());
    let text = look.text(&list, LARGEST).map_err(|why| match why {
        Unread::Large(_) | Unread::Failed(_) => Verdict::Doubtful(said(why.to_string())),
        why => Verdict::Refused(said(why.to_string())),
    })?;
    let checksums = serde_json::from_str(&text).map_err(|error| Verdict::Refused(said(error.to_string())))?;
    Ok(Held { folder, manifest, checksums })
}

impl Held {
    fn answer(&self, package: &Package, look: &Look) -> Answer {
        use ArtifactState::{Corrupt, Present, Unknown};
        let mut answer = Answer::new(
            Present,
            "it is among the vendored sources, with every file that their list of checksums names",
        );
        answer.looked_in = vec![self.folder.clone()];
        answer.known = Some(known(&self.manifest, &origin::of(package)));
        let own = self.checksums.package.as_deref();
        let expected = package.checksum.map(hex::encode);
        if own.map(str::to_ascii_lowercase) != expected {
            answer.state = Corrupt;
            answer.evidence = match own {
                Some(_) => "the vendored sources were made of another archive than the lockfile names".into(),
                None => "the vendored sources do not say which archive they were made of".into(),
            };
            return answer;
        }
        let mut worst: Option<(ArtifactState, String)> = None;
        for (name, sum) in &self.checksums.files {
            let path = Path::new(name);
            let mut bytes = [0; 32];
            let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
            if !inside || hex::decode_to_slice(sum, &mut bytes).is_err() {
                worst.get_or_insert((Corrupt, format!("its list of checksums cannot be used at {name:?}")));
                continue;
            }
            let path = self.folder.join(path);
            match look.at(&path) {
                Seen::File(identity) => {
                    let sum = Sum { algorithm: Algorithm::Sha256, bytes: bytes.to_vec() };
                    let content = Content { path, sum, identity, read: None };
                    if name == "Cargo.toml" {
                        answer.content = Some(content);
                    } else {
                        let broken =
                            format!("a vendored file does not have the checksum that their list names: {name}");
                        answer.shared.push((content, broken));
                    }
                }
                Seen::Absent | Seen::Dangling | Seen::Folder(_) => {
                    worst.get_or_insert((Corrupt, format!("a vendored file is not there: {name}")));
                }
                odd => {
                    worst.get_or_insert((
                        Unknown,
                        format!("a vendored file, {name}: {}", odd.doubt().unwrap_or_default()),
                    ));
                }
            }
        }
        if let Some((state, evidence)) = worst {
            (answer.state, answer.evidence) = (state, evidence);
            answer.content = None;
            answer.shared.clear();
        }
        answer
    }
}

/// What a package from elsewhere asks for: what lies beside it comes from where it came from.
pub(super) fn known(manifest: &Manifest, own: &Origin) -> Known {
    let mut needs = manifest.needs.clone();
    needs.retain(|need| !need.dev);
    needs.iter_mut().filter(|need| need.origin == Origin::Path).for_each(|need| need.origin = own.clone());
    Known { needs, features: manifest.features.clone(), member: false }
}
