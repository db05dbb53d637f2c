//! Where the sides of a merge conflict come from: operation, branches, commits, authors, dates, instead of ours and theirs.
//! Asks git's plumbing, which runs no program that a repository's configuration names, and says nothing that it cannot prove.

use crate::git::Git;
use crate::report::markdown;
use crate::repositories::repositories;
use crate::words;
use contract::{ConflictFile, ConflictOrigin, ConflictReport, Range};
use host::{Cancel, read_small};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Most characters of a name or a subject that is shown.
const LONGEST: usize = 120;

/// What git is in the middle of.
struct Operation {
    name: &'static str,
    /// `HEAD`'s commit, and what it is called.
    current: ConflictOrigin,
    /// What is brought in, where it is known.
    incoming: ConflictOrigin,
}

/// Adds to each side of a report where it comes from, and words the messages by it. Files that git does not hold as
/// unmerged, and markers whose labels are not those of the operation that is going on, are left as they are.
pub fn trace(report: &mut ConflictReport, cancel: &Cancel) {
    let mut known: HashMap<PathBuf, Option<Operation>> = HashMap::new();
    for file in &mut report.files {
        let Some(folder) = file.path.parent().map(Path::to_owned).filter(|_| !file.regions.is_empty()) else {
            continue;
        };
        let git = Git { folder: &folder, cancel };
        if !git.unmerged(&file.path) {
            continue;
        }
        let Some(root) = git.path("--absolute-git-dir") else { continue };
        let operation = known.entry(root).or_insert_with_key(|root| git.operation(root));
        if let Some(operation) = operation {
            git.name_sides(file, operation);
        }
    }
}

/// Whether somebody committed what looks like a conflict in `file`, an example in a page or a test for example: git holds the
/// folder, and does not hold the file as unmerged. Where git cannot be asked, nothing is known and the answer is no.
pub fn is_committed_text(file: &Path, cancel: &Cancel) -> bool {
    let Some(folder) = file.parent() else { return false };
    let git = Git { folder, cancel };
    git.path("--absolute-git-dir").is_some() && !git.unmerged(file)
}

/// The files below `folder` that git holds as unmerged and that are there, in order; those of repositories within it too.
pub fn unmerged_files(folder: &Path, cancel: &Cancel) -> Vec<PathBuf> {
    let of = |folder: &PathBuf| -> Vec<PathBuf> {
        let files = Git { folder, cancel }.all_unmerged().into_iter();
        files.map(|file| folder.join(file)).filter(|file| file.is_file()).collect()
    };
    let mut found: Vec<PathBuf> = repositories(folder, cancel).iter().flat_map(of).collect();
    found.sort();
    found.dedup();
    found
}

/// What a hover over a conflict says, as Markdown: its sides and where they come from. `report` is of one file. Asks git.
pub fn conflict_hover(mut report: ConflictFile, line: u32, cancel: &Cancel) -> Option<(Range, String)> {
    report.regions.retain(|region| {
        let last = if region.range.end.utf16 == 0 { region.range.end.line } else { region.range.end.line + 1 };
        (region.range.start.line..last).contains(&line)
    });
    let mut report = ConflictReport { files: vec![report], ..ConflictReport::default() };
    trace(&mut report, cancel);
    let region = report.files.pop()?.regions.pop()?;
    Some((region.range, markdown::conflict(&region)))
}

impl Git<'_> {
    /// Name, commit, author, date and subject.
    fn origin(&self, name: &str, commit: &str) -> ConflictOrigin {
        let mut origin =
            ConflictOrigin { name: name.to_owned(), commit: Some(commit.to_owned()), ..Default::default() };
        let told = self.ask(&["rev-list", "-1", "--no-commit-header", "--format=%an%n%aI%n%s", commit]);
        if let Some([author, at, subject]) = told.as_deref() {
            origin.author = Some(shown(author));
            origin.at = Some(shown(at));
            origin.subject = Some(shown(subject));
        }
        origin
    }

    fn operation(&self, root: &Path) -> Option<Operation> {
        let read = |name: &str| {
            let bytes = read_small(&root.join(name), 64 << 10).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            // An octopus has several: which one it was, nobody says.
            let mut lines = text.lines();
            lines.next().filter(|_| lines.next().is_none()).map(|line| line.trim().to_owned())
        };
        let branch = |name: &str| name.strip_prefix("refs/heads/").map(shown);
        let head = self.commit("HEAD")?;
        let here = read("HEAD").and_then(|head| branch(head.strip_prefix("ref: ")?));
        let mut current = self.origin(&here.unwrap_or_else(|| "HEAD".to_owned()), &head);
        let at = |file: &str| read(file).and_then(|name| self.commit(&name));
        let rebased = ["rebase-merge", "rebase-apply"].iter().find(|folder| root.join(folder).is_dir());
        let (name, incoming) = if let Some(folder) = rebased {
            words::REBASED_ONTO.clone_into(&mut current.name);
            let name = read(&format!("{folder}/head-name")).and_then(|name| branch(&name));
            let commit = at("REBASE_HEAD")?;
            ("rebase", self.origin(&name.unwrap_or_else(|| "HEAD".to_owned()), &commit))
        } else if let Some(commit) = at("MERGE_HEAD") {
            ("merge", self.origin("", &commit))
        } else if let Some(commit) = at("CHERRY_PICK_HEAD") {
            ("cherry-pick", self.origin("", &commit))
        } else if let Some(commit) = at("REVERT_HEAD") {
            ("revert", self.origin("", &commit))
        } else {
            // Which stash it was is written nowhere.
            ("stash", ConflictOrigin { name: words::STASHED.to_owned(), ..Default::default() })
        };
        Some(Operation { name, current, incoming })
    }

    fn name_sides(&self, file: &mut ConflictFile, operation: &Operation) {
        for region in &mut file.regions {
            let [current, incoming] = &mut region.sides[..] else { continue };
            let label = incoming.label.clone();
            let commit = operation.incoming.commit.as_deref().unwrap_or_default();
            let begins = |label: &str| {
                let id = label.split([' ', ':', '.']).next().unwrap_or_default();
                id.len() >= 4 && commit.starts_with(id)
            };
            let is_this = match operation.name {
                "merge" => begins(&label) || self.commit(&label).as_deref() == Some(commit),
                "revert" => label.strip_prefix("parent of ").is_some_and(begins),
                "stash" => label == "Stashed changes" && current.label == "Updated upstream",
                _ => begins(&label),
            };
            if !is_this || operation.name != "stash" && current.label != "HEAD" {
                continue;
            }
            let mut from = operation.incoming.clone();
            if from.name.is_empty() {
                from.name = if operation.name == "merge" { shown(&label) } else { commit.chars().take(7).collect() };
            }
            current.commit.clone_from(&operation.current.commit);
            current.origin = Some(operation.current.clone());
            // What a revert brings in is what was there before that commit.
            incoming.commit = if operation.name == "revert" { None } else { from.commit.clone() };
            incoming.origin = Some(from);
            if let (Some(current), Some(incoming)) = (&current.origin, &incoming.origin) {
                region.message = words::conflict_between(operation.name, current, incoming);
            }
            file.operation = Some(operation.name.to_owned());
        }
    }
}

/// A text of somebody else's, fit to be shown on one line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command as Process;

    struct Repository(tempfile::TempDir);

    impl Repository {
        /// `main` and `feature` change the same line in different ways.
        fn new() -> Self {
            let new = Self(tempfile::tempdir().unwrap());
            new.git(&["init", "-q", "-b", "main"]);
            new.write("base\n");
            new.commit("The base", "Bo");
            new.git(&["switch", "-qc", "feature"]);
            new.write("feature\n");
            new.commit("What feature does", "Ann");
            new.git(&["switch", "-q", "main"]);
            new.write("main\n");
            new.commit("What main does", "Cy");
            new
        }

        fn git(&self, arguments: &[&str]) -> bool {
            let quiet = |name: &str| self.0.path().join(name);
            let mut git = Process::new("git");
            git.args(["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"])
                .args(arguments);
            git.current_dir(self.0.path()).env("GIT_CONFIG_GLOBAL", quiet("none")).env("GIT_CONFIG_NOSYSTEM", "1");
            git.env("GIT_EDITOR", "true").output().unwrap().status.success()
        }

        fn write(&self, text: &str) {
            std::fs::write(self.0.path().join("file"), text).unwrap();
        }

        fn commit(&self, subject: &str, author: &str) {
            self.git(&["add", "file"]);
            let author = format!("--author={author} <a@localhost>");
            assert!(self.git(&["commit", "-qm", subject, &author, "--date=2026-05-04T12:00:00+02:00"]));
        }

        fn traced(&self) -> ConflictFile {
            let (mut report, problems) = crate::files_conflicts(&[self.0.path().join("file")], None, false);
            assert!(problems.is_empty(), "{problems:?}");
            trace(&mut report, &Cancel::new());
            report.files.pop().unwrap()
        }

        fn id(&self, name: &str) -> String {
            let git = Git { folder: self.0.path(), cancel: &Cancel::new() };
            git.commit(name).unwrap()
        }
    }

    fn authors(file: &ConflictFile) -> Vec<&str> {
        let author = |side: &contract::ConflictSide| {
            side.origin.as_ref()?.author.as_deref().map(|a| a.to_owned().leak() as &str)
        };
        file.regions[0].sides.iter().map(|side| author(side).unwrap_or("?")).collect()
    }

    #[test]
    fn a_merge_names_both_branches_their_commits_authors_and_dates() {
        let repository = Repository::new();
        assert!(!repository.git(&["merge", "feature"]));
        let file = repository.traced();
        assert_eq!(file.operation.as_deref(), Some("merge"));
        assert_eq!(authors(&file), ["Cy", "Ann"]);
        assert_eq!(file.regions[0].sides[0].commit, Some(repository.id("main")));
        assert_eq!(file.regions[0].sides[1].commit, Some(repository.id("feature")));
        let (main, feature) = (&repository.id("main")[..7], &repository.id("feature")[..7]);
        assert_eq!(
            file.regions[0].message,
            format!(
                "merge conflict between main ({main} by Cy, 2026-05-04) and feature ({feature} by Ann, 2026-05-04)"
            )
        );
    }

    #[test]
    fn in_a_rebase_the_current_side_is_what_is_rebased_onto() {
        let repository = Repository::new();
        let commit = repository.id("feature");
        repository.git(&["switch", "-q", "feature"]);
        assert!(!repository.git(&["rebase", "main"]));
        let file = repository.traced();
        assert_eq!((file.operation.as_deref(), authors(&file)), (Some("rebase"), vec!["Cy", "Ann"]));
        assert_eq!(file.regions[0].sides[1].commit.as_deref(), Some(&*commit));
        assert_eq!(file.regions[0].sides[1].origin.as_ref().unwrap().name, "feature");
        assert!(file.regions[0].message.starts_with("rebase conflict between what is rebased onto ("), "{file:?}");
    }

    #[test]
    fn cherry_picks_reverts_and_stashes_are_told_apart() {
        let repository = Repository::new();
        assert!(!repository.git(&["cherry-pick", "feature"]));
        let file = repository.traced();
        assert_eq!((file.operation.as_deref(), authors(&file)), (Some("cherry-pick"), vec!["Cy", "Ann"]));
        assert_eq!(file.regions[0].sides[1].origin.as_ref().unwrap().subject.as_deref(), Some("What feature does"));
        assert!(repository.git(&["cherry-pick", "--abort"]));

        assert!(!repository.git(&["revert", "--no-edit", "feature"]));
        let file = repository.traced();
        assert_eq!((file.operation.as_deref(), authors(&file)), (Some("revert"), vec!["Cy", "Ann"]));
        assert!(file.regions[0].message.contains("and the text before "), "{}", file.regions[0].message);
        assert!(repository.git(&["revert", "--abort"]));

        repository.write("stashed\n");
        assert!(repository.git(&["stash"]));
        repository.write("later\n");
        repository.commit("Later", "Di");
        assert!(!repository.git(&["stash", "pop"]));
        let file = repository.traced();
        assert_eq!((file.operation.as_deref(), authors(&file)), (Some("stash"), vec!["Di", "?"]));
        assert!(file.regions[0].message.ends_with("and the stashed changes"), "{}", file.regions[0].message);
    }

    #[test]
    fn markers_of_another_merge_are_not_said_to_be_of_this_one() {
        let repository = Repository::new();
        assert!(!repository.git(&["merge", "feature"]));
        repository.write("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> some-other-branch\n");
        let file = repository.traced();
        assert_eq!((file.operation.as_deref(), file.regions[0].sides[0].commit.as_deref()), (None, None));
        assert_eq!(file.regions[0].message, "merge conflict between HEAD and some-other-branch");
        // Nor is anything said once git holds the file as merged.
        repository.write("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> feature\n");
        assert_eq!(repository.traced().operation.as_deref(), Some("merge"));
        repository.git(&["add", "file"]);
        assert_eq!(repository.traced().operation, None);
    }

    #[test]
    #[cfg(unix)]
    fn programs_that_a_repository_names_are_not_run() {
        let repository = Repository::new();
        let trap = repository.0.path().join("trap");
        let command = format!("touch {} ;:", trap.display());
        for key in ["core.fsmonitor", "core.pager", "gpg.program", "diff.external", "core.sshCommand", "core.editor"] {
            assert!(repository.git(&["config", key, &command]));
        }
        repository.git(&["config", "log.showSignature", "true"]);
        repository.git(&["-c", "core.fsmonitor=false", "merge", "feature"]);
        std::fs::remove_file(&trap).ok();
        assert_eq!(repository.traced().operation.as_deref(), Some("merge"));
        assert!(!trap.exists(), "a program was run");
    }
}
