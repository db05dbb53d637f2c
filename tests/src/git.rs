//! A repository of the real git, in the middle of a merge that it could not finish.
//! Reads no configuration but its own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on has failed"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// One repository.
pub struct Repository {
    /// Its folder, without links.
    pub root: PathBuf,
}

/// A file that both branches change: its name, the text before, that of the branch one is on, that of the other.
pub type Versions<'a> = (&'a str, &'a str, &'a str, &'a str);

impl Repository {
    /// Makes one in a folder, which is made too.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("the folder can be made");
        let new = Self { root: std::fs::canonicalize(folder).expect("the folder is there") };
        new.git(&["init", "-q", "-b", "main"]);
        new
    }

    /// One in which `git merge feature` left conflicts, in git's default style.
    #[must_use]
    pub fn conflicted(folder: &Path, files: &[Versions<'_>]) -> Self {
        let new = Self::new(folder);
        new.commit(files, |(name, base, ..)| (name, base));
        new.git(&["switch", "-qc", "feature"]);
        new.commit(files, |(name, _, _, theirs)| (name, theirs));
        new.git(&["switch", "-q", "main"]);
        new.commit(files, |(name, _, ours, _)| (name, ours));
        assert!(!new.try_git(&["merge", "-q", "feature"]), "git merged it");
        new
    }

    /// Writes and commits one text of each file.
    fn commit<'a>(&self, files: &[Versions<'a>], pick: impl Fn(Versions<'a>) -> (&'a str, &'a str)) {
        for file in files {
            let (name, text) = pick(*file);
            let path = self.root.join(name);
            std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("its folder can be made");
            std::fs::write(path, text).expect("it can be written");
        }
        self.git(&["add", "."]);
        self.git(&["commit", "-qm", "x"]);
    }

    /// What a file holds now.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.join(name)).expect("it is there, and text")
    }

    /// Runs git, which must succeed.
    pub fn git(&self, arguments: &[&str]) {
        assert!(self.try_git(arguments), "git {arguments:?} failed");
    }

    /// Runs git, and says whether it succeeded.
    pub fn try_git(&self, arguments: &[&str]) -> bool {
        let set = ["user.name=Ann", "user.email=ann@localhost", "commit.gpgsign=false", "core.autocrlf=false"];
        let mut git = Command::new("git");
        for one in set {
            git.args(["-c", one]);
        }
        git.args(arguments).current_dir(&self.root).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_EDITOR", "true").output();
        output.expect("git must be installed for this test").status.success()
    }
}
