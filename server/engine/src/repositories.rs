//! The repositories whose files a workspace holds: the one around it, and those within it, submodules, worktrees and clones.
//! Asks git's plumbing and lists a few folders; reads no file of theirs and changes nothing.

use crate::git::Git;
use host::Cancel;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Most repositories of one workspace that are looked at. Each is one question to git.
const MOST: usize = 64;
/// How many folders below a workspace's own a clone is looked for. Submodules and worktrees are found at any depth.
const DEEPEST: usize = 2;
/// Most folders that are listed for that.
const MOST_LISTED: usize = 1000;

/// The folders of a workspace that belong to a repository of their own, after the workspace itself.
pub(crate) fn repositories(folder: &Path, cancel: &Cancel) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = clones(folder);
    open.push(folder.to_owned());
    while let Some(one) = open.pop() {
        if found.len() >= MOST || cancel.is_cancelled() {
            break;
        }
        if found.insert(one.clone()) {
            let git = Git { folder: &one, cancel };
            let inner = git.submodules().into_iter().chain(git.worktrees());
            open.extend(inner.filter(|inner| is_within(inner, folder) && inner.join(".git").exists()));
        }
    }
    found.remove(folder);
    std::iter::once(folder.to_owned()).chain(found).collect()
}

/// Whether a folder that a repository names lies in the workspace, by its name and by where links lead.
fn is_within(inner: &Path, folder: &Path) -> bool {
    let plain = |below: &Path| below.components().all(|part| matches!(part, Component::Normal(_)));
    let real = || std::fs::canonicalize(inner).ok().zip(std::fs::canonicalize(folder).ok());
    inner.strip_prefix(folder).is_ok_and(plain) && real().is_some_and(|(inner, folder)| inner.starts_with(folder))
}

/// Folders near the workspace's own that hold a `.git`. Links are not followed.
pub(crate) fn clones(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut level = vec![folder.to_owned()];
    let mut listed = 0;
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for parent in level {
            listed += 1;
            let Ok(entries) = std::fs::read_dir(&parent) else { continue };
            let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let named = folders.filter(|entry| !matches!(entry.file_name().to_str(), Some(".git" | ".jj")));
            next.extend(named.map(|entry| entry.path()).take(MOST_LISTED.saturating_sub(listed + next.len())));
        }
        found.extend(next.iter().filter(|inner| inner.join(".git").exists()).cloned());
        level = next;
    }
    found
}

impl Git<'_> {
    /// Where the submodules stand that the folder's repository names, whether or not they are there.
    fn submodules(&self) -> Vec<PathBuf> {
        let file = self.folder.join(".gitmodules");
        let Some(file) = file.to_str().filter(|_| file.is_file()) else { return Vec::new() };
        let arguments = ["config", "--file", file, "--get-regexp", r"^submodule\..*\.path$"];
        let lines = self.ask(&arguments).unwrap_or_default();
        let below = |line: &String| line.split_once(' ').map(|(_, path)| self.folder.join(path));
        lines.iter().filter_map(below).collect()
    }

    /// The worktrees of the folder's repository.
    fn worktrees(&self) -> Vec<PathBuf> {
        let lines = self.ask(&["worktree", "list", "--porcelain"]).unwrap_or_default();
        lines.iter().filter_map(|line| line.strip_prefix("worktree ")).map(PathBuf::from).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use crate::unmerged_files;
    use host::Cancel;
    use std::path::Path;
    use std::process::Command;

    fn git(folder: &Path, arguments: &[&str]) -> bool {
        let set = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"];
        let mut command = Command::new("git");
        command.args(set).args(arguments).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap().status.success()
    }

    /// A repository in the middle of a merge with a conflict in `name`.
    fn conflicted(folder: &Path, name: &str, made: bool) {
        std::fs::create_dir_all(folder).unwrap();
        assert!(made || git(folder, &["init", "-q"]));
        let commit = |text: &str| {
            std::fs::write(folder.join(name), text).unwrap();
            assert!(git(folder, &["add", name]) && git(folder, &["commit", "-qm", "x"]));
        };
        commit("base\n");
        assert!(git(folder, &["checkout", "-qb", &format!("theirs-{name}")]));
        commit("theirs\n");
        assert!(git(folder, &["checkout", "-qb", &format!("ours-{name}"), "HEAD~"]));
        commit("ours\n");
        assert!(!git(folder, &["merge", "-q", &format!("theirs-{name}")]));
    }

    #[test]
    fn unmerged_files_of_repositories_within_a_workspace_are_found_too() {
        let all = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(all.path()).unwrap();
        let (root, source) = (base.join("root"), base.join("source"));
        std::fs::create_dir_all(&source).unwrap();
        assert!(git(&source, &["init", "-q"]) && git(&source, &["commit", "-qm", "x", "--allow-empty"]));
        std::fs::create_dir_all(&root).unwrap();
        assert!(git(&root, &["init", "-q"]) && git(&root, &["commit", "-qm", "x", "--allow-empty"]));
        let at = source.to_str().unwrap();
        assert!(git(&root, &["submodule", "add", "-q", at, "deep/er/than/that/sub"]));
        assert!(git(&root, &["commit", "-qm", "sub"]));
        assert!(git(&root, &["worktree", "add", "-q", "trees/of/mine", "-b", "tree"]));
        assert!(git(&root, &["worktree", "add", "-q", "../elsewhere", "-b", "outside"]));
        conflicted(&root, "own.txt", true);
        conflicted(&root.join("deep/er/than/that/sub"), "sub.txt", true);
        conflicted(&root.join("trees/of/mine"), "tree.txt", true);
        conflicted(&base.join("elsewhere"), "outside.txt", true);
        conflicted(&root.join("packages/one"), "clone.txt", false);
        let found = unmerged_files(&root, &Cancel::new());
        let names: Vec<_> = found.iter().map(|file| file.strip_prefix(&root).unwrap()).collect();
        let wanted = ["deep/er/than/that/sub/sub.txt", "own.txt", "packages/one/clone.txt", "trees/of/mine/tree.txt"];
        assert_eq!(names, wanted.map(Path::new));
    }

    #[cfg(unix)]
    #[test]
    fn a_submodule_that_is_named_outside_of_the_workspace_is_not_looked_at() {
        let all = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(all.path()).unwrap();
        let root = base.join("root");
        conflicted(&base.join("elsewhere"), "secret.txt", false);
        conflicted(&root, "own.txt", false);
        std::os::unix::fs::symlink(base.join("elsewhere"), root.join("link")).unwrap();
        let named = ["../elsewhere", "link", "x/../../elsewhere"];
        let modules: Vec<String> = named
            .iter()
            .enumerate()
            .map(|(n, path)| format!("[submodule \"s{n}\"]\n\tpath = {path}\n\turl = x\n"))
            .collect();
        std::fs::write(root.join(".gitmodules"), modules.concat()).unwrap();
        assert_eq!(unmerged_files(&root, &Cancel::new()), [root.join("own.txt")]);
    }

    #[test]
    fn a_workspace_that_is_no_repository_may_hold_some() {
        let all = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(all.path()).unwrap();
        conflicted(&root.join("a"), "one.txt", false);
        assert_eq!(unmerged_files(&root, &Cancel::new()), [root.join("a/one.txt")]);
    }
}
