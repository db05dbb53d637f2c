//! Where Holdover keeps its files. Nothing outside these folders is written but what a user asked for.

use std::io;
use std::path::{Path, PathBuf};

/// The folders of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Journal, keys, trust list, forced-offline file. `HOLDOVER_DATA_DIR`, or the platform's data folder.
    pub data: PathBuf,
    /// The user's settings file. `HOLDOVER_CONFIG`, or `holdover/holdover.toml` in the platform's config folder.
    pub config: PathBuf,
}

/// The platform's folders could not be told.
#[derive(Debug, thiserror::Error)]
pub enum FoldersError {
    /// No home folder, and no variable in its place.
    #[error("there is no home folder to keep data in\nhint: set HOLDOVER_DATA_DIR to a folder of your own")]
    NoHome,
    /// The data folder could not be made or is not a folder.
    #[error(
        "the data folder cannot be used: {path}: {source}\nhint: make it writable for you, or set HOLDOVER_DATA_DIR"
    )]
    Data {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Folders {
    /// From the environment, else the platform's conventions. `data` overrides both.
    pub fn find(data: Option<&Path>) -> Result<Self, FoldersError> {
        use etcetera::BaseStrategy as _;
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let base = etcetera::choose_base_strategy().ok();
        let data = data
            .map(Path::to_path_buf)
            .or_else(|| variable("HOLDOVER_DATA_DIR"))
            .or_else(|| base.as_ref().map(|b| b.data_dir().join("holdover")))
            .ok_or(FoldersError::NoHome)?;
        let config = variable("HOLDOVER_CONFIG")
            .or_else(|| base.as_ref().map(|b| b.config_dir().join("holdover").join("holdover.toml")))
            .ok_or(FoldersError::NoHome)?;
        let data = std::path::absolute(&data).map_err(|source| FoldersError::Data { path: data, source })?;
        Ok(Self { data, config })
    }

    /// Makes the data folder, for its owner alone, if it is not there.
    pub fn make_data(&self) -> Result<(), FoldersError> {
        make_private_folder(&self.data).map_err(|source| FoldersError::Data { path: self.data.clone(), source })
    }

    /// A folder in memory that is this user's for as long as somebody is logged in, with `holdover` added; it may not be
    /// there yet. `None` where the system has none, or where it could be read by others or lies on a disk.
    #[must_use]
    pub fn session(&self) -> Option<PathBuf> {
        session_folder().map(|folder| folder.join("holdover"))
    }

    /// Where the server's log files go.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }
}

/// `XDG_RUNTIME_DIR`, or where it is by convention if an editor was started without it.
#[cfg(target_os = "linux")]
fn session_folder() -> Option<PathBuf> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    let named = std::env::var_os("XDG_RUNTIME_DIR").filter(|v| !v.is_empty()).map(PathBuf::from);
    let user = rustix::process::getuid().as_raw();
    let folder = named.unwrap_or_else(|| PathBuf::from(format!("/run/user/{user}")));
    let meta = std::fs::metadata(&folder).ok()?;
    let private = meta.is_dir() && meta.uid() == user && meta.permissions().mode() & 0o777 == 0o700;
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "its type is the platform's")]
    let kind = rustix::fs::statfs(&folder).ok()?.f_type as i64 & 0xffff_ffff;
    (private && folder.is_absolute() && [TMPFS, RAMFS].contains(&kind)).then_some(folder)
}

/// No other system has a folder that is known to be in memory.
#[cfg(not(target_os = "linux"))]
fn session_folder() -> Option<PathBuf> {
    None
}

/// Bytes that the user can still write where a folder is; `None` where the system does not say.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    let free = rustix::fs::statvfs(folder).ok().and_then(|disk| disk.f_bavail.checked_mul(disk.f_frsize));
    #[cfg(not(unix))]
    let free = None;
    free
}

#[cfg(unix)]
/// Makes a folder for its owner alone, with those above it, where it is not there.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
/// Makes a folder, with those above it, where it is not there.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Writes a file that only its owner may read, whole or not at all: a temporary file beside it, flushed, then renamed.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    make_private_folder(folder)?;
    // `NamedTempFile` is created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// Writes a file that others may read, whole or not at all, in a folder that is there. It may be lost when the power fails.
pub fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// Writes a file that only its owner may read, where nothing is yet; what is there stays as it is.
pub fn write_new_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half of it is of no use, and would be in the way.
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_owner_alone_and_replaces_what_was_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
