//! The clean room of a proof run: a copy of the workspace without what earlier builds left, so that no old artifact hides a hole.
//! Changes nothing in the workspace and follows no link.

use crate::git::question;
use host::{Cancel, Stream};
use ignore::WalkBuilder;
use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

/// The copy; gone when this is dropped.
pub(super) struct Room {
    own: TempDir,
    /// The copy of the workspace's root.
    pub copy: PathBuf,
    /// Where cargo builds: beside the copy, so that it is new whatever the environment says.
    pub target: PathBuf,
}

impl Room {
    /// `data`: the data folder. What git ignores and has not been told to keep is left out, and what tools install.
    pub fn prepare(root: &Path, data: &Path, cancel: &Cancel) -> io::Result<Self> {
        let own = crate::copy::folder(data, "prove-")?;
        let name = root.file_name().map_or_else(|| "workspace".into(), std::ffi::OsStr::to_os_string);
        let (copy, target) = (own.path().join("in").join(name), own.path().join("target"));
        std::fs::create_dir_all(&copy)?;
        let mut files: BTreeSet<PathBuf> = tracked(root, cancel);
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            .follow_links(false)
            .filter_entry(|entry| !is_made(entry))
            .build();
        for entry in walk.flatten() {
            if let Ok(below) = entry.path().strip_prefix(root)
                && !below.as_os_str().is_empty()
            {
                files.insert(below.to_path_buf());
            }
        }
        // The place of a worktree's or a submodule's repository; a repository of its own is put there by the sandbox.
        if root.join(".git").is_file() {
            files.insert(".git".into());
        }
        for below in files {
            if cancel.is_cancelled() {
                break;
            }
            copied(root, &copy, &below)?;
        }
        Ok(Self { own, copy, target })
    }

    /// A path of the copy, or of the workspace, relative to the workspace; `None` for one of neither.
    pub fn below(&self, root: &Path, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.copy).or_else(|_| path.strip_prefix(root)).ok().map(Path::to_path_buf)
    }

    /// Removes it, and says what stays.
    pub fn leave(self) -> Option<String> {
        let path = self.own.path().to_path_buf();
        self.own.close().err().map(|e| format!("a copy that is not needed stays: {}: {e}", path.display()))
    }
}

/// What installs and builds make, whatever git thinks of it.
fn is_made(entry: &ignore::DirEntry) -> bool {
    let path = entry.path();
    match entry.file_name().to_str() {
        _ if entry.depth() == 0 => false,
        Some(".git" | "node_modules" | "__pycache__") => true,
        _ if !entry.file_type().is_some_and(|kind| kind.is_dir()) => false,
        // cargo's builds, Python's environments.
        _ => path.join("CACHEDIR.TAG").is_file() || path.join("pyvenv.cfg").is_file(),
    }
}

/// What git has been told to keep, though it may be ignored otherwise. Names that git has to quote are left out.
fn tracked(root: &Path, cancel: &Cancel) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let asked = question(root, &["-c", "core.quotePath=false", "ls-files", "--cached"]);
    let ended = asked.run(cancel, &mut |stream, line| {
        let path = Path::new(line);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
        if stream == Stream::Out && !line.starts_with('"') && is_below {
            files.insert(path.to_path_buf());
        }
    });
    if ended.is_ok_and(|ended| ended.ok()) { files } else { BTreeSet::new() }
}

fn copied(root: &Path, copy: &Path, below: &Path) -> io::Result<()> {
    let (from, to) = (root.join(below), copy.join(below));
    // Gone since it was listed, or tracked and deleted.
    let Ok(met) = from.symlink_metadata() else { return Ok(()) };
    if to.symlink_metadata().is_ok_and(|there| !there.is_dir() || met.is_dir()) {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", from.display()));
    if met.is_dir() {
        std::fs::create_dir_all(&to)?;
    } else if met.is_symlink() {
        #[cfg(unix)]
        std::os::unix::fs::symlink(std::fs::read_link(&from).map_err(named)?, &to).map_err(named)?;
    } else if met.is_file() {
        std::fs::copy(&from, &to).map_err(named)?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn the_copy_holds_what_is_kept_and_nothing_that_earlier_builds_left() {
        let all = tempfile::tempdir().unwrap();
        let root = all.path().join("w");
        let put = |name: &str, text: &str| {
            let file = root.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        put(".gitignore", "*.log\nout/\n");
        put("src/new.rs", "not added yet");
        put("kept.log", "kept by force");
        put("other.log", "ignored");
        put("out/old", "ignored");
        put("build/CACHEDIR.TAG", "Signature");
        put("build/old.o", "built");
        put("env/pyvenv.cfg", "");
        put("node_modules/a/index.js", "installed");
        put(".hidden/settings", "kept");
        std::os::unix::fs::symlink("/etc/hostname", root.join("link")).unwrap();
        let git = |arguments: &[&str]| {
            assert!(
                std::process::Command::new("git").args(arguments).current_dir(&root).output().unwrap().status.success()
            );
        };
        git(&["init", "-q"]);
        git(&["add", "-f", "kept.log", ".gitignore"]);
        let room = Room::prepare(&root, &all.path().join("data"), &Cancel::new()).unwrap();
        let there = |name: &str| room.copy.join(name).symlink_metadata().is_ok();
        for kept in [".gitignore", "src/new.rs", "kept.log", ".hidden/settings", "link"] {
            assert!(there(kept), "{kept}");
        }
        for left in ["other.log", "out", "build", "env", "node_modules", ".git"] {
            assert!(!there(left), "{left}");
        }
        assert!(room.copy.join("link").is_symlink(), "links are links");
        assert!(!room.target.exists());
        assert_eq!(room.below(&root, &room.copy.join("src/new.rs")), Some("src/new.rs".into()));
        assert_eq!(room.below(&root, Path::new("/elsewhere")), None);
        assert_eq!(room.leave(), None);
    }
}
