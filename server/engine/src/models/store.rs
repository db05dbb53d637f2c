//! Which models there are: a list in the folder of models, in the data folder, and a copy of each file beside it.

use super::ModelError;
use contract::{ArtifactState, ModelEntry, ModelFile};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Longest list that is read.
const LIST: u64 = 1 << 20;
/// Models that can be added.
pub(super) const MOST: usize = 64;

/// The list as it is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    pub models: Vec<Kept>,
    #[serde(default)]
    pub in_use: Option<String>,
}

/// One model of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    pub name: String,
    pub title: Option<String>,
    pub file: String,
    pub hash: String,
    pub bytes: u64,
    /// Of the file when it was verified last, in nanoseconds.
    pub modified: u64,
    pub architecture: String,
    pub quantisation: String,
    pub parameters: u64,
    pub context: u64,
    pub licence: Option<String>,
    pub template: bool,
    pub memory: u64,
    pub added: String,
}

impl Kept {
    pub fn file(&self) -> ModelFile {
        ModelFile { name: self.name.clone(), file: self.file.clone(), hash: self.hash.clone(), bytes: self.bytes }
    }
}

/// Length, time and number of a file.
pub(super) type Identity = Option<(u64, u64, u64)>;

/// The folder of models.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub folder: PathBuf,
}

impl Store {
    pub fn of(data: &Path) -> Self {
        Store { folder: data.join("models") }
    }

    pub fn path(&self, kept: &Kept) -> PathBuf {
        self.folder.join(&kept.file)
    }

    /// What tells the list's file from another one; nothing where there is none.
    pub fn identity(&self) -> Identity {
        let meta = fs::metadata(self.folder.join("models.json")).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let number = 0;
        Some((meta.len(), modified(&meta), number))
    }

    /// The list; an empty one where there is none.
    pub fn list(&self) -> Result<List, ModelError> {
        let path = self.folder.join("models.json");
        let bytes = match host::read_small(&path, LIST) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(List::default()),
            Err(source) => return Err(ModelError::List { path, why: source.to_string() }),
        };
        let list: List =
            serde_json::from_slice(&bytes).map_err(|e| ModelError::List { path: path.clone(), why: e.to_string() })?;
        // What is named there is opened: nothing outside of the folder.
        if list.models.iter().any(|kept| !is_name(&kept.file)) {
            return Err(ModelError::List { path, why: "it names a file outside of its folder".into() });
        }
        Ok(list)
    }

    /// Changes the list, alone; `change` sees it as it is.
    pub fn change<T>(&self, change: impl FnOnce(&mut List) -> Result<T, ModelError>) -> Result<T, ModelError> {
        let io = |source| ModelError::Io { path: self.folder.clone(), source };
        host::make_private_folder(&self.folder).map_err(io)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("models.lock"))
            .map_err(io)?;
        lock.lock().map_err(io)?;
        let mut list = self.list()?;
        let changed = change(&mut list)?;
        list.models.sort_by(|a, b| a.name.cmp(&b.name));
        let text = serde_json::to_vec_pretty(&list).unwrap_or_default();
        host::write_private(&self.folder.join("models.json"), &text).map_err(io)?;
        Ok(changed)
    }

    /// How its file stands by length and time alone; nothing is read.
    pub fn glance(&self, kept: &Kept) -> (ArtifactState, String) {
        let path = self.path(kept);
        let again = || format!("`holdover model remove {0}`, then `holdover model add FILE --name {0}`", kept.name);
        match fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                (ArtifactState::Missing, format!("its file is gone: {}: {}", path.display(), again()))
            }
            Err(e) => (ArtifactState::Unknown, format!("its file cannot be looked at: {}: {e}", path.display())),
            Ok(meta) if !meta.is_file() || meta.len() != kept.bytes => {
                let text = format!(
                    "its file is another one than was added, {} bytes and not {}: {}: {}",
                    meta.len(),
                    kept.bytes,
                    path.display(),
                    again()
                );
                (ArtifactState::Corrupt, text)
            }
            Ok(meta) if modified(&meta) != kept.modified => {
                let text =
                    format!("its file was written to since it was verified: `holdover model verify {}`", kept.name);
                (ArtifactState::Stale, text)
            }
            Ok(_) => (ArtifactState::Present, "verified when it was added, and again before each load".into()),
        }
    }

    pub fn entry(&self, kept: &Kept, list: &List, (state, text): (ArtifactState, String)) -> ModelEntry {
        ModelEntry {
            name: kept.name.clone(),
            title: kept.title.clone(),
            file: self.path(kept),
            hash: kept.hash.clone(),
            bytes: kept.bytes,
            architecture: kept.architecture.clone(),
            quantisation: kept.quantisation.clone(),
            parameters: kept.parameters,
            context: kept.context,
            licence: kept.licence.clone(),
            template: kept.template,
            memory: kept.memory,
            added: kept.added.clone(),
            state,
            in_use: list.in_use.as_ref() == Some(&kept.name),
            text,
        }
    }
}

/// A name that is a file's in its folder, and cannot be taken for anything else.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// When a file was written to last.
pub(super) fn modified(meta: &fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
