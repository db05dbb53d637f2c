//! Where a model file is: on this machine. What `kalosm-common` downloads, this refuses.

use kalosm_model_types::{FileLoadingProgress, FileSource};
use std::path::PathBuf;

/// Why a model's file is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A file of a hub.
    #[error("{0} is not a file on this machine, and nothing is downloaded")]
    Remote(String),
}

/// Files on this machine.
#[derive(Debug, Clone, Default)]
pub struct Cache;

impl Cache {
    /// Whether the file is there.
    pub fn exists(&self, source: &FileSource) -> bool {
        matches!(source, FileSource::Local(path) if path.exists())
    }

    /// The file's path.
    pub async fn get(
        &self,
        source: &FileSource,
        _progress: impl FnMut(FileLoadingProgress),
    ) -> Result<PathBuf, CacheError> {
        match source {
            FileSource::Local(path) => Ok(path.clone()),
            FileSource::HuggingFace { .. } => Err(CacheError::Remote(source.to_string())),
        }
    }
}
