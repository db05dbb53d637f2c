//! The file of a model: in its folder, whole, and what it was when it was added.

use crate::limits;
use contract::ModelFile;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

/// Tokens of a conversation at most, whatever the model was made for.
pub(crate) const CONVERSATION: u64 = 8192;

/// A model that can be loaded.
pub(crate) struct Verified {
    pub path: PathBuf,
    pub header: gguf::Header,
    /// Tokens of a conversation at most.
    pub tokens: u64,
}

/// What happened, and what to do next.
pub(crate) type Refused = (String, String);

/// Reads all of the file, and compares its hash; `progress` is told how many bytes of all were read, and ends it with `false`.
pub(crate) fn verify(
    data: &Path,
    model: &ModelFile,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Verified, Refused> {
    let again = || format!("`holdover model remove {0}`, then `holdover model add FILE --name {0}`", model.name);
    let name = &model.file;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let known = name.strip_suffix(".gguf").is_some_and(|stem| !stem.is_empty());
    if !known || name.starts_with('.') || !name.chars().all(plain) {
        return Err((format!("{name:?} is no model's file: nothing outside of the folder of models is read"), again()));
    }
    let path = data.join("models").join(name);
    let unreadable =
        |e: std::io::Error| (format!("the model {} cannot be read: {}: {e}", model.name, path.display()), again());
    // Nor through a link that somebody put there.
    let meta = std::fs::symlink_metadata(&path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err((format!("the model {} is no file: {}", model.name, path.display()), again()));
    }
    let mut file = File::open(&path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length != model.bytes {
        let what =
            format!("the model {} has {length} bytes, and {} were added: {}", model.name, model.bytes, path.display());
        return Err((what, again()));
    }
    let header = gguf::read(BufReader::with_capacity(1 << 20, &file), length)
        .map_err(|e| (format!("the model {} cannot be read: {e}", model.name), again()))?;
    header.fit().map_err(|e| {
        (format!("the model {} cannot be run: {e}", model.name), "use another model: `holdover model list`".to_owned())
    })?;
    let tokens = header.context().unwrap_or_default().min(CONVERSATION);
    let needed = header.memory(tokens).map_err(|e| (e.to_string(), again()))?;
    limits::claim(needed)?;
    file.rewind().map_err(unreadable)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 4 << 20];
    let mut done = 0;
    loop {
        let read = file.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        hasher.update(&piece[..read]);
        done += read as u64;
        if !progress(done) {
            return Err(("loading was cancelled".into(), "ask again".into()));
        }
    }
    if format!("blake3:{}", hasher.finalize().to_hex()) != model.hash {
        return Err((format!("the model {} is another one than was added: {}", model.name, path.display()), again()));
    }
    Ok(Verified { path, header, tokens })
}
