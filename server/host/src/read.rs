//! Reading small files that others may have prepared: no pipe is waited for, no device read to its end.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A regular file, to be read; links are followed. Anything else at the path, a pipe or a device for example, is an error and is
/// not waited for.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let nonblocking = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(nonblocking.bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("this is not a file"));
    }
    Ok(file)
}

/// The contents of a regular file of at most `limit` bytes, opened as by [`open_regular`].
pub fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes, and is not read")));
    }
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn pipes_devices_folders_and_large_files_are_errors_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("sound"), "1234").unwrap();
        assert_eq!(read_small(&at("sound"), 4).unwrap(), b"1234");
        assert!(read_small(&at("sound"), 3).is_err());
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", at("endless")).unwrap();
        for name in ["pipe", "endless", "."] {
            assert!(read_small(&at(name), 4).is_err(), "{name}");
        }
    }
}
