//! Local models as artifacts: a file is copied into the data folder, pinned by its hash and its length, and looked at again before it counts.
//! Nothing is loaded here, nothing is downloaded, and of a file only the header is believed after it was checked.

mod eval;
mod known;
mod store;

pub(crate) use known::{Known, advice, look, packed, status, told, wanted};

use crate::{Engine, EngineError};
use contract::{ArtifactState, ModelReport, Progress};
use host::Cancel;
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use store::{Kept, List, Store, is_name, modified};

/// Bytes that are read and hashed between two looks at whether it is still wanted.
const PIECE: usize = 4 << 20;
/// Tokens of a conversation at most, whatever the model was made for: what is kept of each takes memory.
pub const CONVERSATION: u64 = 8192;
/// Bytes that stay free on the disk when a model is copied.
const SPARE: u64 = 256 << 20;

/// Why something about models could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read, or the folder not written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no model file.
    #[error("this is no model that can be read: {}: {why}\nhint: a file in GGUF format is needed; get it again if it was cut on its way", path.display())]
    Header {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: gguf::Error,
    },
    /// It is a model, and cannot be run.
    #[error("this model cannot be run: {}: {why}\nhint: docs/model.md lists models that can", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: gguf::Unfit,
    },
    /// A name that cannot be one.
    #[error(
        "this cannot be a model's name: {0:?}\nhint: letters, digits, `-`, `_` and `.`; `--name` gives another one"
    )]
    Name(String),
    /// There is one of that name.
    #[error(
        "there is a model of that name already, another one: {0}\nhint: `--name` gives this one another name, or `holdover model remove {0}` first"
    )]
    Taken(String),
    /// There is none of that name.
    #[error("there is no model of that name: {0}\nhint: `holdover model list` shows which there are")]
    Unknown(String),
    /// The disk has too little room.
    #[error("the copy needs {needed} bytes, and {free} are free: {}\nhint: free some room, or set HOLDOVER_DATA_DIR to a folder on another disk", path.display())]
    Room {
        /// Where.
        path: PathBuf,
        /// What it takes, with what should stay free.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// It changed while it was copied.
    #[error("the file changed while it was copied: {}\nhint: wait until it is whole, then add it again", .0.display())]
    Moved(PathBuf),
    /// None is to answer.
    #[error(
        "no model is in use\nhint: `holdover model add FILE`, `holdover model use NAME`, or an endpoint (`explain.endpoint`)"
    )]
    NoneInUse,
    /// It could not be asked.
    #[error("the model could not be asked: {what}\nhint: {next}")]
    NotAsked {
        /// What happened.
        what: String,
        /// The next step.
        next: String,
    },
    /// More than are kept.
    #[error("there are {most} models already\nhint: `holdover model remove NAME`", most = store::MOST)]
    TooMany,
    /// The list cannot be read.
    #[error("the list of models cannot be read: {}: {why}\nhint: move it away, and add the models again", path.display())]
    List {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl ModelError {
    /// Whether what was given is wrong, and not what is there.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, ModelError::Name(_) | ModelError::Unknown(_) | ModelError::Io { .. } | ModelError::Header { .. })
    }
}

impl Engine {
    /// Copies a model file into the data folder and pins it; the first one is used from then on. Reads all of it.
    pub fn add_model(
        &self,
        file: &Path,
        name: Option<&str>,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<ModelReport, EngineError> {
        let store = Store::of(&self.inner.folders.data);
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.unwrap_or(&stem);
        if !is_name(name) {
            return Err(ModelError::Name(name.to_owned()).into());
        }
        // What cannot be run is not copied.
        let described = describe(file)?;
        let list = store.list()?;
        if list.models.len() >= store::MOST {
            return Err(ModelError::TooMany.into());
        }
        host::make_private_folder(&store.folder)
            .map_err(|source| ModelError::Io { path: store.folder.clone(), source })?;
        let copy = copied(file, described.length, &store.folder, cancel, progress)?;
        let header = describe(copy.file.path())?;
        if header != described {
            return Err(ModelError::Moved(file.to_path_buf()).into());
        }
        let mut kept = Kept {
            name: name.to_owned(),
            title: header.name().map(plain),
            file: format!("{name}.gguf"),
            hash: copy.hash,
            bytes: header.length,
            modified: 0,
            architecture: header.architecture().unwrap_or_default().to_owned(),
            quantisation: header.quantisation().map(|kind| kind.name().to_owned()).unwrap_or_default(),
            parameters: header.parameters(),
            context: header.context().unwrap_or_default(),
            licence: header.licence().map(plain),
            template: header.template().is_some(),
            memory: header.memory(CONVERSATION.min(header.context().unwrap_or_default())).unwrap_or_default(),
            added: host::now(),
        };
        let path = store.path(&kept);
        let report = store.change(|list| {
            if let Some(there) = list.models.iter().find(|there| there.name == kept.name) {
                if there.hash != kept.hash {
                    return Err(ModelError::Taken(kept.name.clone()));
                }
                list.models.retain(|there| there.name != kept.name);
            }
            let io = |source| ModelError::Io { path: path.clone(), source };
            copy.file.persist(&path).map_err(|e| io(e.error))?;
            kept.modified = modified(&std::fs::metadata(&path).map_err(io)?);
            list.models.push(kept.clone());
            list.in_use.get_or_insert_with(|| kept.name.clone());
            Ok(one(&store, list, &kept))
        })?;
        self.decided("model.added", json!({ "name": kept.name, "hash": kept.hash, "bytes": kept.bytes }));
        Ok(report)
    }

    /// The models, by a glance at their files.
    pub fn models(&self) -> Result<ModelReport, EngineError> {
        let store = Store::of(&self.inner.folders.data);
        let list = store.list()?;
        let models = list.models.iter().map(|kept| store.entry(kept, &list, store.glance(kept))).collect();
        Ok(ModelReport { models })
    }

    /// Has another model answer from now on.
    pub fn use_model(&self, name: &str) -> Result<ModelReport, EngineError> {
        let store = Store::of(&self.inner.folders.data);
        let report = store.change(|list| {
            let kept = found(list, name)?.clone();
            list.in_use = Some(kept.name.clone());
            Ok(one(&store, list, &kept))
        })?;
        self.let_go();
        self.decided("model.used", json!({ "name": name, "hash": report.models[0].hash }));
        Ok(report)
    }

    /// Compares the bytes of a model's file, or of all, with what was added.
    pub fn verify_models(
        &self,
        name: Option<&str>,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<ModelReport, EngineError> {
        let store = Store::of(&self.inner.folders.data);
        let list = store.list()?;
        let wanted: Vec<Kept> = match name {
            Some(name) => vec![found(&list, name)?.clone()],
            None => list.models.clone(),
        };
        let mut report = ModelReport::default();
        for kept in &wanted {
            let mut standing = store.glance(kept);
            if matches!(standing.0, ArtifactState::Present | ArtifactState::Stale) {
                let path = store.path(kept);
                let before = std::fs::metadata(&path).map(|meta| modified(&meta)).unwrap_or_default();
                let (hash, _) = hashed(&path, kept.bytes, cancel, &|done| {
                    progress(step("Verifying", &kept.name, done, kept.bytes));
                })?;
                if hash == kept.hash {
                    standing = (ArtifactState::Present, "every byte is as it was added".into());
                    store.change(|list| {
                        let same = list.models.iter_mut().filter(|other| other.name == kept.name);
                        same.for_each(|other| other.modified = before);
                        Ok(())
                    })?;
                } else {
                    let again =
                        format!("`holdover model remove {0}`, then `holdover model add FILE --name {0}`", kept.name);
                    let text = format!("its bytes are others than were added: {}: {again}", path.display());
                    standing = (ArtifactState::Corrupt, text);
                }
            }
            report.models.push(store.entry(kept, &list, standing));
        }
        Ok(report)
    }

    /// Removes a model and its file.
    pub fn remove_model(&self, name: &str) -> Result<ModelReport, EngineError> {
        let store = Store::of(&self.inner.folders.data);
        let report = store.change(|list| {
            let kept = found(list, name)?.clone();
            let report = one(&store, list, &kept);
            match std::fs::remove_file(store.path(&kept)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ModelError::Io { path: store.path(&kept), source: e });
                }
                _ => {}
            }
            list.models.retain(|other| other.name != kept.name);
            list.in_use.take_if(|used| *used == kept.name);
            Ok(report)
        })?;
        self.let_go();
        self.decided("model.removed", json!({ "name": name, "hash": report.models[0].hash }));
        Ok(report)
    }

    /// What runs the models gives the memory back of one that is not to answer any more.
    fn let_go(&self) {
        explain::service::unload(&explain::service::program(&self.inner.folders.data));
    }

    fn decided(&self, kind: &str, payload: serde_json::Value) {
        crate::record::decision(&self.inner, None, kind, payload);
    }
}

/// The one that is to answer.
fn found_in_use(list: &List) -> Option<&Kept> {
    list.in_use.as_ref().and_then(|name| list.models.iter().find(|kept| kept.name == *name))
}

fn found<'a>(list: &'a List, name: &str) -> Result<&'a Kept, ModelError> {
    list.models.iter().find(|kept| kept.name == name).ok_or_else(|| ModelError::Unknown(name.to_owned()))
}

fn one(store: &Store, list: &List, kept: &Kept) -> ModelReport {
    ModelReport { models: vec![store.entry(kept, list, store.glance(kept))] }
}

/// The header of a file that can be run.
fn describe(path: &Path) -> Result<gguf::Header, ModelError> {
    let (file, length) = opened(path)?;
    let header = gguf::read(BufReader::with_capacity(1 << 20, file), length)
        .map_err(|why| ModelError::Header { path: path.to_path_buf(), why })?;
    header.fit().map_err(|why| ModelError::Unfit { path: path.to_path_buf(), why })?;
    Ok(header)
}

/// A regular file; no pipe is waited for.
fn opened(path: &Path) -> Result<(File, u64), ModelError> {
    let io = |source| ModelError::Io { path: path.to_path_buf(), source };
    let file = host::open_regular(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    Ok((file, length))
}

struct Copied {
    file: tempfile::NamedTempFile,
    hash: String,
}

fn step(title: &str, name: &str, done: u64, total: u64) -> Progress {
    Progress { title: title.into(), message: name.to_owned(), done, total }
}

/// A copy, on the disk and for the user alone to read; its hash is that of the bytes which were written.
fn copied(
    from: &Path,
    length: u64,
    folder: &Path,
    cancel: &Cancel,
    progress: &dyn Fn(Progress),
) -> Result<Copied, EngineError> {
    let io = |source| ModelError::Io { path: folder.to_path_buf(), source };
    let free = host::free_bytes(folder).unwrap_or(u64::MAX);
    let needed = length.saturating_add(SPARE);
    if needed > free {
        return Err(ModelError::Room { path: folder.to_path_buf(), needed, free }.into());
    }
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    let (source, _) = opened(from)?;
    // One byte more than there were: a file that grows is told.
    let mut source = source.take(length + 1);
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut done = 0u64;
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let read = source.read(&mut piece).map_err(|source| ModelError::Io { path: from.to_path_buf(), source })?;
        if read == 0 {
            break;
        }
        hasher.update(&piece[..read]);
        file.write_all(&piece[..read]).map_err(io)?;
        done += read as u64;
        progress(step("Copying", &name, done, length));
    }
    if done != length {
        return Err(ModelError::Moved(from.to_path_buf()).into());
    }
    file.as_file().sync_all().map_err(io)?;
    Ok(Copied { file, hash: format!("blake3:{}", hasher.finalize().to_hex()) })
}

/// The hash of a file's bytes, and how many there are.
fn hashed(path: &Path, length: u64, cancel: &Cancel, progress: &dyn Fn(u64)) -> Result<(String, u64), EngineError> {
    let (mut file, _) = opened(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut done = 0u64;
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let read = file.read(&mut piece).map_err(|source| ModelError::Io { path: path.to_path_buf(), source })?;
        if read == 0 || done > length {
            break;
        }
        hasher.update(&piece[..read]);
        done += read as u64;
        progress(done);
    }
    Ok((format!("blake3:{}", hasher.finalize().to_hex()), done))
}

/// What a file says of itself, for a line.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}
