//! Questions to git's plumbing. None of them runs a program that a repository's configuration names, and none fetches what a
//! partial clone lacks; a git that is not there or takes too long has no answer.

use host::{Cancel, Command, Stream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest that one question may take. It reads a few small files.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most lines of what is unmerged that are read; each file has up to three.
const MOST_STAGES: usize = 30_000;

/// A question to git in `folder`, for who reads its answer in another way than [`Git::ask`] does.
pub(crate) fn question(folder: &Path, arguments: &[&str]) -> Command {
    Command::new("git", folder)
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-replace-objects"])
        .args(arguments)
        // A partial clone would fetch what it lacks, by a command that its configuration names. A git that does not know the
        // first of these is kept from it by the second.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
}

/// Asks about the repository that holds `folder`.
pub(crate) struct Git<'a> {
    pub folder: &'a Path,
    pub cancel: &'a Cancel,
}

impl Git<'_> {
    /// The lines of an answer, the first hundred of them; `None` where git is not there, refuses or takes too long.
    pub fn ask(&self, arguments: &[&str]) -> Option<Vec<String>> {
        self.ask_for(arguments, 100)
    }

    /// The same, with as many lines as a repository may have refs.
    pub fn ask_all(&self, arguments: &[&str]) -> Option<Vec<String>> {
        self.ask_for(arguments, MOST_STAGES)
    }

    /// The same, with at most so many lines.
    fn ask_for(&self, arguments: &[&str], most: usize) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        let ended = question(self.folder, arguments).limit(PATIENCE).run(self.cancel, &mut |stream, line| {
            if stream == Stream::Out && lines.len() < most {
                lines.push(line.to_owned());
            }
        });
        ended.is_ok_and(|ended| ended.ok()).then_some(lines)
    }

    /// What `rev-parse` says of a folder: `--absolute-git-dir` for example.
    pub fn path(&self, what: &str) -> Option<PathBuf> {
        self.ask(&["rev-parse", what])?.pop().map(PathBuf::from)
    }

    /// Whether git holds a file as unmerged.
    pub fn unmerged(&self, file: &Path) -> bool {
        let Some(file) = file.to_str() else { return false };
        let arguments = ["--literal-pathspecs", "ls-files", "--unmerged", "--", file];
        self.ask(&arguments).is_some_and(|lines| !lines.is_empty())
    }

    /// The files below the folder that git holds as unmerged, in order, as they are called from the folder; none where it is no
    /// repository. Names that git has to quote are left out.
    pub fn all_unmerged(&self) -> Vec<PathBuf> {
        let arguments = ["-c", "core.quotePath=false", "ls-files", "--unmerged"];
        let lines = self.ask_for(&arguments, MOST_STAGES).unwrap_or_default();
        let name =
            |line: &String| Some(line.split_once('\t')?.1).filter(|name| !name.starts_with('"')).map(PathBuf::from);
        let mut files: Vec<PathBuf> = lines.iter().filter_map(name).collect();
        // Each of the three stages is a line.
        files.dedup();
        files
    }

    /// The commit that a name stands for.
    pub fn commit(&self, name: &str) -> Option<String> {
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")];
        self.ask(&arguments)?.pop()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_partial_clone_runs_no_program_to_get_what_it_lacks() {
        let all = tempfile::tempdir().unwrap();
        let (folder, trap) = (all.path().join("clone"), all.path().join("trap"));
        std::fs::create_dir(&folder).unwrap();
        let git = |arguments: &[&str]| {
            std::process::Command::new("git").args(arguments).current_dir(&folder).output().unwrap().status.success()
        };
        assert!(git(&["init", "-q"]));
        let address = format!("ext::sh -c touch% {}", trap.display());
        for (key, value) in [
            ("core.repositoryformatversion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.url", &address),
            ("protocol.ext.allow", "always"),
        ] {
            assert!(git(&["config", key, value]));
        }
        let lacking = ["cat-file", "-p", "0123456789012345678901234567890123456789"];
        let heard = question(&folder, &lacking).run(&Cancel::new(), &mut |_, _| {}).unwrap();
        assert!(!heard.ok() && !trap.exists(), "its program was run: {}", heard.tail);
        // A git of before 2.45 does not know that it is not to fetch; it is kept from it by what it may speak.
        let older = question(&folder, &lacking).env("GIT_NO_LAZY_FETCH", "0");
        assert!(!older.run(&Cancel::new(), &mut |_, _| {}).unwrap().ok() && !trap.exists(), "its program was run");
        assert!(!git(&lacking) && trap.exists(), "asked without care, git runs it");
    }
}
