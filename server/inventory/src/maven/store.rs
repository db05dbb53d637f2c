//! The local repository: where a file of an artifact lies, and whether Maven would take it without a network.
//! May not follow what a description says.

use crate::ecosystem::Ask;
use crate::hexadecimal;
use crate::look::{Identity, Seen};
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Larger notes beside an artifact are not read, in bytes.
const LARGEST_NOTE: u64 = 1 << 20;

/// Group, artifact, version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Gav {
    pub group: String,
    pub artifact: String,
    pub version: String,
}

impl Gav {
    pub(super) fn new(group: &str, artifact: &str, version: &str) -> Self {
        Gav { group: group.into(), artifact: artifact.into(), version: version.into() }
    }

    /// `group:artifact`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.group, self.artifact)
    }
}

/// What the local repository has of one file.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub state: ArtifactState,
    pub evidence: String,
    pub path: PathBuf,
    pub content: Option<Content>,
    pub bytes: Option<u64>,
}

impl Held {
    pub(super) fn new(state: ArtifactState, evidence: impl Into<String>, path: PathBuf) -> Self {
        Held { state, evidence: evidence.into(), path, content: None, bytes: None }
    }

    pub(super) fn here(&self) -> bool {
        self.state == ArtifactState::Present
    }
}

pub(super) struct Store<'a> {
    pub root: PathBuf,
    pub ask: &'a Ask<'a>,
}

/// Whether a name can be a part of a path, as Maven allows it in coordinates.
fn plain(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "-_.+ ,~@=()[]!#".contains(c);
    !name.is_empty() && name.len() <= 200 && name != "." && name != ".." && name.chars().all(allowed)
}

impl Store<'_> {
    /// The folder of an artifact; none where its coordinates lead out of the repository.
    fn folder(&self, gav: &Gav) -> Option<PathBuf> {
        let group = gav.group.split('.').all(plain);
        (group && plain(&gav.artifact) && plain(&gav.version)).then(|| {
            let below: PathBuf = gav.group.split('.').collect();
            self.root.join(below).join(&gav.artifact).join(&gav.version)
        })
    }

    /// A file of an artifact, for somebody who would ask the repositories with these ids for it.
    pub(super) fn file(&self, gav: &Gav, classifier: &str, extension: &str, repositories: &BTreeSet<String>) -> Held {
        let named = (classifier.is_empty() || plain(classifier)) && extension.split('.').all(plain);
        let Some(folder) = self.folder(gav).filter(|_| named) else {
            let why = "its coordinates have characters that no repository allows";
            let state = if gav.version.contains("${") { ArtifactState::Missing } else { ArtifactState::Unknown };
            return Held::new(state, why, self.root.clone());
        };
        let behind = if classifier.is_empty() { String::new() } else { format!("-{classifier}") };
        let path = folder.join(format!("{}-{}{behind}.{extension}", gav.artifact, gav.version));
        let installed = match self.snapshot(gav, &folder) {
            Ok(installed) => installed,
            Err(why) => return Held::new(ArtifactState::Unknown, why, path),
        };
        let identity = match self.ask.look.at(&path) {
            Seen::File(identity) => identity,
            Seen::Absent | Seen::Dangling | Seen::Folder(_) => return self.absent(path),
            Seen::Odd | Seen::Refused(_) => {
                return Held::new(ArtifactState::Unknown, "what stands in its place could not be looked at", path);
            }
        };
        if !installed && let Some(held) = self.elsewhere(&folder, &path, repositories) {
            return held;
        }
        let content = self.checksum(&path, identity);
        let evidence = match &content {
            Some(content) => {
                format!("it is in the local repository, with a checksum beside it ({})", content.sum.algorithm.name())
            }
            None => "it is in the local repository; nothing beside it says which checksum it has".into(),
        };
        Held { content, bytes: Some(identity.size), ..Held::new(ArtifactState::Present, evidence, path) }
    }

    fn absent(&self, path: PathBuf) -> Held {
        let mut mark = path.clone().into_os_string();
        mark.push(".lastUpdated");
        let failed = matches!(self.ask.look.at(Path::new(&mark)), Seen::File(_));
        let why = if failed {
            "it is not in the local repository: a download of it failed before"
        } else {
            "it is not in the local repository"
        };
        Held::new(ArtifactState::Missing, why, path)
    }

    /// Whether a snapshot was installed here by a build of its own; what came from elsewhere has a time in its name that is not followed.
    fn snapshot(&self, gav: &Gav, folder: &Path) -> Result<bool, String> {
        if !gav.version.ends_with("-SNAPSHOT") {
            return Ok(false);
        }
        self.ask.look.at(folder);
        let all = crate::reach::list(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut local = false;
        for name in all.filter_map(|name| name.into_string().ok()) {
            if name == "maven-metadata-local.xml" {
                local = true;
            } else if name.strip_prefix("maven-metadata-").and_then(|rest| rest.strip_suffix(".xml")).is_some() {
                return Err(
                    "it is a snapshot from a repository, and which of them is the newest is not followed".into()
                );
            }
        }
        Ok(local)
    }

    /// Maven 3 takes a file that it downloaded only for somebody who asks the repository that it came from: why it does not.
    fn elsewhere(&self, folder: &Path, path: &Path, repositories: &BTreeSet<String>) -> Option<Held> {
        let note = folder.join("_remote.repositories");
        let text = match self.ask.look.at(&note) {
            Seen::File(_) => match self.ask.look.text(&note, LARGEST_NOTE) {
                Ok(text) => text,
                Err(why) => {
                    let why = format!("the note of where it came from could not be read: {why}");
                    return Some(Held::new(ArtifactState::Unknown, why, path.to_path_buf()));
                }
            },
            _ => return None,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut from = Vec::new();
        for line in text.lines() {
            let Some(id) = key(line).and_then(|key| key.strip_prefix(&format!("{name}>")).map(str::to_owned)) else {
                continue;
            };
            if id.is_empty() || repositories.contains(&id) {
                return None;
            }
            from.push(id);
        }
        if from.is_empty() {
            return None;
        }
        let asked = repositories.iter().cloned().collect::<Vec<_>>().join("`, `");
        let why = format!(
            "it came from the repository `{}`, and Maven would ask `{asked}` for it: what came from another it does not take without a network",
            from.join("`, `")
        );
        Some(Held::new(ArtifactState::Missing, why, path.to_path_buf()))
    }

    /// The strongest checksum that stands beside a file.
    fn checksum(&self, path: &Path, identity: Identity) -> Option<Content> {
        [("sha512", Algorithm::Sha512), ("sha256", Algorithm::Sha256), ("sha1", Algorithm::Sha1)].into_iter().find_map(
            |(name, algorithm)| {
                let mut beside = path.as_os_str().to_owned();
                beside.push(format!(".{name}"));
                let text = match self.ask.look.at(Path::new(&beside)) {
                    Seen::File(_) => self.ask.look.text(Path::new(&beside), LARGEST_NOTE).ok()?,
                    _ => return None,
                };
                let digits = |word: &&str| word.len() == 2 * algorithm.len();
                let digits = text.split_whitespace().find(digits)?.to_ascii_lowercase();
                let mut bytes = Vec::new();
                hexadecimal::read(digits.as_bytes(), &mut bytes)?;
                Some(Content { path: path.to_path_buf(), sum: Sum { algorithm, bytes }, identity, read: None })
            },
        )
    }
}

/// The key of a line of Java properties.
fn key(line: &str) -> Option<String> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with(['#', '!']) {
        return None;
    }
    let mut out = String::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.extend(characters.next()),
            '=' | ':' | ' ' | '\t' => break,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_java_properties_are_read_with_what_is_escaped() {
        let lines = ["a-1.jar>central=", "a\\ b>my\\:id=x", "# note", "", "a>=", "c>d e"];
        let keys: Vec<Option<String>> = lines.into_iter().map(key).collect();
        let expected = [Some("a-1.jar>central"), Some("a b>my:id"), None, None, Some("a>"), Some("c>d")];
        assert_eq!(keys, expected.map(|key| key.map(str::to_owned)));
    }

    #[test]
    fn no_coordinates_lead_out_of_the_repository() {
        for odd in ["..", ".", "", "a/b", "a\\b", "/", "a\0b", "a:b", "${x}"] {
            assert!(!plain(odd), "{odd}");
        }
        for usual in ["a", "commons-lang3", "2.13.1", "1.0+build", "scala_2.13"] {
            assert!(plain(usual), "{usual}");
        }
    }
}
