//! Folders in which tools work on copies: below the data folder, for the user alone. A folder that others may write to, as the
//! system's temporary one is, could have their settings above the copy, where tools look for them. Knows no tool.

use std::io;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than any copy is used.
const LONGEST: Duration = Duration::from_hours(24);

/// A new folder, gone when it is dropped; `data`: the data folder. Those that killed processes left are removed on the way.
pub(crate) fn folder(data: &Path, prefix: &str) -> io::Result<TempDir> {
    let work = data.join("work");
    host::make_private_folder(&work)?;
    sweep(&work, prefix);
    let mut new = tempfile::Builder::new();
    #[cfg(unix)]
    new.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700));
    new.prefix(prefix).tempdir_in(&work)
}

fn sweep(work: &Path, prefix: &str) {
    let is_left = |entry: &std::fs::DirEntry| {
        let age = entry.metadata().ok().filter(std::fs::Metadata::is_dir)?.modified().ok()?.elapsed().ok()?;
        Some(entry.file_name().to_str()?.starts_with(prefix) && age > LONGEST)
    };
    let entries = std::fs::read_dir(work).into_iter().flatten().flatten();
    for left in entries.filter(|entry| is_left(entry).unwrap_or(false)) {
        if let Err(problem) = std::fs::remove_dir_all(left.path()) {
            tracing::warn!("a copy that is not needed stays: {}: {problem}", left.path().display());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::SystemTime;

    #[test]
    fn a_copy_is_for_the_user_alone_and_what_was_left_a_day_ago_goes() {
        let data = tempfile::tempdir().unwrap();
        drop(folder(data.path(), "own-").unwrap());
        let work = data.path().join("work");
        let names = |of: &str| [work.join(format!("{of}-old")), work.join(format!("{of}-new"))];
        let (own, other) = (names("own"), names("other"));
        for left in own.iter().chain(&other) {
            std::fs::create_dir_all(left.join("in")).unwrap();
        }
        for old in [&own[0], &other[0]] {
            let ago = SystemTime::now() - LONGEST - Duration::from_mins(1);
            std::fs::File::open(old).unwrap().set_modified(ago).unwrap();
        }
        let made = folder(data.path(), "own-").unwrap();
        assert!(!own[0].exists() && own[1].exists() && other[0].exists());
        for folder in [work.as_path(), made.path()] {
            assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", folder.display());
        }
        let path = made.path().to_path_buf();
        assert!(path.starts_with(&work));
        drop(made);
        assert!(!path.exists());
    }
}
