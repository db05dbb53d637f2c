//! Folders of ours in which linters and steps build: of a workspace that nobody has checked for a while, or where all of them take too much
//! room, those that were used least lately go. One that somebody works in stays.

use crate::inner::Inner;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A folder that nobody has used for so long goes.
const LONGEST: Duration = Duration::from_hours(30 * 24);
/// Bytes of all of them above which the one that was used least lately goes.
const MOST: u64 = 20 << 30;
/// How often it is looked at.
const APART: Duration = Duration::from_hours(24);
/// Files that are counted of one folder; one with more counts for what was counted.
const MOST_FILES: usize = 2_000_000;
/// In each folder: whose it is, written whenever it is used.
const USED: &str = "used";
/// When it was looked at last.
const SWEPT: &str = ".swept";
/// Bytes of a workspace's name.
const LONGEST_NAME: u64 = 64 << 10;
/// What is on its way out.
const GONE: &str = ".gone-";

/// Notes that a workspace's folder is used now.
pub(super) fn used(folder: &Path, workspace: &Workspace) {
    let noted = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join(USED), workspace.real().as_os_str().as_encoded_bytes()));
    if let Err(e) = noted {
        tracing::warn!("{}: it cannot be noted that this is in use: {e}", folder.display());
    }
}

/// Once a day: what goes. `own`: the folder of who asks.
pub(super) fn sweep(inner: &Inner, own: &Path, stop: &dyn Fn() -> bool) {
    let Some(builds) = own.parent() else { return };
    let stamp = builds.join(SWEPT);
    let age = |file: &Path| file.metadata().and_then(|met| met.modified()).ok().map(age);
    // Who works in one is told by the lease, which is in the journal.
    if age(&stamp).is_some_and(|age| age < APART) || inner.journal().is_err() || std::fs::write(&stamp, b"").is_err() {
        return;
    }
    let freed = swept(builds, own, (LONGEST, MOST), stop, &|root| free(inner, root));
    if freed > 0 {
        tracing::info!("{} MiB of old builds were deleted", freed >> 20);
    }
}

fn age(at: SystemTime) -> Duration {
    at.elapsed().unwrap_or_default()
}

/// The lease of a workspace's checks, so that nobody begins while its folder goes; `None` where somebody has it. What a process that was
/// killed left running in it is ended.
fn free(inner: &Inner, root: &Path) -> Option<journal::Lease> {
    crate::turn::take(inner, "check", root).ok().flatten()
}

struct Folder {
    path: PathBuf,
    root: Option<PathBuf>,
    unused: Duration,
    bytes: u64,
}

/// How many bytes went.
fn swept<L>(
    builds: &Path,
    own: &Path,
    (longest, most): (Duration, u64),
    stop: &dyn Fn() -> bool,
    free: &dyn Fn(&Path) -> Option<L>,
) -> u64 {
    let mut all: Vec<Folder> = Vec::new();
    for entry in std::fs::read_dir(builds).into_iter().flatten().flatten() {
        if stop() {
            return 0;
        }
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name().to_string_lossy().starts_with(GONE) {
            // What an earlier one did not get done.
            let _ = std::fs::remove_dir_all(&path);
            continue;
        }
        let note = path.join(USED);
        let met = note.metadata().or_else(|_| path.metadata());
        let unused = met.and_then(|met| met.modified()).map(age).unwrap_or_default();
        let root = host::read_small(&note, LONGEST_NAME).ok().map(named);
        let bytes = bytes(&path, stop);
        all.push(Folder { path, root, unused, bytes });
    }
    all.sort_by_key(|folder| std::cmp::Reverse(folder.unused));
    let mut total: u64 = all.iter().map(|folder| folder.bytes).sum();
    let mut freed = 0;
    for folder in all.iter().filter(|folder| folder.path != own) {
        if stop() {
            break;
        }
        if folder.unused < longest && total <= most {
            continue;
        }
        // One of before it was noted whose it is can only be told by its age.
        let lease = match &folder.root {
            Some(root) => match free(root) {
                Some(lease) => Some(lease),
                None => continue,
            },
            None if folder.unused >= longest => None,
            None => continue,
        };
        let Some(name) = folder.path.file_name().and_then(|name| name.to_str()) else { continue };
        let gone = builds.join(format!("{GONE}{name}"));
        let is_gone = std::fs::rename(&folder.path, &gone).is_ok();
        // Whoever begins now begins in a new one, and need not wait for the rest.
        drop(lease);
        if is_gone {
            let _ = std::fs::remove_dir_all(&gone);
            total = total.saturating_sub(folder.bytes);
            freed += folder.bytes;
        }
    }
    freed
}

#[cfg(unix)]
fn named(bytes: Vec<u8>) -> PathBuf {
    <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn named(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn bytes(folder: &Path, stop: &dyn Fn() -> bool) -> u64 {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).follow_links(false).build();
    let going = walk.flatten().take(MOST_FILES).enumerate().take_while(|(at, _)| at % 256 != 0 || !stop());
    let files = going.filter_map(|(_, entry)| entry.metadata().ok());
    files.filter(std::fs::Metadata::is_file).map(|met| met.len()).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn made(builds: &Path, name: &str, days: u64, bytes: usize) -> PathBuf {
        let folder = builds.join(name);
        std::fs::create_dir_all(folder.join("debug")).unwrap();
        std::fs::write(folder.join("debug/x"), vec![0; bytes]).unwrap();
        std::fs::write(folder.join(USED), format!("/{name}")).unwrap();
        let at = SystemTime::now() - Duration::from_hours(24 * days);
        std::fs::File::options().write(true).open(folder.join(USED)).unwrap().set_modified(at).unwrap();
        folder
    }

    #[test]
    fn what_nobody_uses_goes_and_what_somebody_works_in_stays() {
        let all = tempfile::tempdir().unwrap();
        let builds = all.path();
        let own = made(builds, "own", 90, 10);
        let (old, held, new) = (made(builds, "old", 40, 10), made(builds, "held", 40, 10), made(builds, "new", 2, 10));
        let half = builds.join(".gone-before");
        std::fs::create_dir(&half).unwrap();
        // A link out of it is not followed.
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("kept"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), old.join("link")).unwrap();
        let free = |root: &Path| (root != Path::new("/held")).then_some(());
        let freed = swept(builds, &own, (LONGEST, MOST), &|| false, &free);
        assert!(freed >= 10);
        assert!(own.is_dir() && held.is_dir() && new.is_dir() && !old.exists() && !half.exists());
        assert_eq!(swept(builds, &new, (LONGEST, MOST), &|| true, &|_| Some(())), 0, "stopped");
        assert!(own.is_dir() && held.is_dir());
        assert!(outside.path().join("kept").is_file());
    }

    #[test]
    fn above_the_most_those_that_were_used_least_lately_go() {
        let all = tempfile::tempdir().unwrap();
        let builds = all.path();
        let made: Vec<PathBuf> = (1..=4).map(|days| made(builds, &format!("b{days}"), days, 1000)).collect();
        let own = made[3].clone();
        swept(builds, &own, (LONGEST, 2500), &|| false, &|_| Some(()));
        let left: Vec<bool> = made.iter().map(|folder| folder.is_dir()).collect();
        assert_eq!(left, [true, false, false, true], "the oldest is whose turn it is");
        assert_eq!(swept(builds, &own, (LONGEST, 2500), &|| false, &|_| Some(())), 0);
    }
}
