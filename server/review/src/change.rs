//! The files that a range changes, with their hunks, as git's plumbing tells them.
//! Reads what git says and no file; a line of a hunk is never taken for a header, whatever it says.

use crate::Repository;
use contract::{FileChange, Hunk, ReviewFile};

/// Files of one review that are listed.
const MOST_FILES: usize = 10_000;
/// Hunks of one file that are listed.
const MOST_HUNKS: usize = 5_000;
/// Trees are compared and nothing else: no filter, no driver and no program that a repository names.
const COMPARE: [&str; 9] = [
    "diff-tree",
    "-r",
    "-M",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--relative",
    "--full-index",
    "--no-abbrev",
];

/// What lies between two commits or trees, in order of path; `None` where git cannot tell.
pub fn changes(repository: &dyn Repository, base: &str, head: &str) -> Option<Vec<ReviewFile>> {
    let ask = |how: &[&str]| {
        let arguments = [&COMPARE[..], how, &["--end-of-options", base, head]].concat();
        repository.ask(&arguments)
    };
    let mut files = raw(&ask(&["--raw", "-z"])?);
    if let Some(patch) = ask(&["-p", "-U0", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/"]) {
        add_hunks(&mut files, &patch);
    }
    Some(files)
}

/// The paths that files have after a range that had another before: old and new.
pub fn renames(repository: &dyn Repository, base: &str, head: &str) -> Vec<(String, String)> {
    let arguments = [&COMPARE[..], &["--raw", "-z", "--diff-filter=R", "--end-of-options", base, head]].concat();
    let files = repository.ask(&arguments).map(|answer| raw(&answer)).unwrap_or_default();
    files.into_iter().filter_map(|file| Some((file.old_path?, file.path))).collect()
}

/// The same commit by commit, oldest first: what a later change made too different to be paired as a whole.
pub fn renames_by_commit(repository: &dyn Repository, base: &str, head: &str) -> Vec<(String, String)> {
    let range = format!("{base}..{head}");
    let answer = repository.ask(&[
        "log",
        "--reverse",
        "--max-count=1000",
        "--format=",
        "--raw",
        "-z",
        "--no-abbrev",
        "-M",
        "--diff-filter=R",
        "--no-ext-diff",
        "--no-textconv",
        "--relative",
        "--end-of-options",
        &range,
    ]);
    let files = answer.map(|answer| raw(&answer)).unwrap_or_default();
    files.into_iter().filter_map(|file| Some((file.old_path?, file.path))).collect()
}

/// `:MODE MODE OID OID LETTER[SCORE]` NUL PATH NUL, with a second path for what was renamed or copied.
fn raw(answer: &[u8]) -> Vec<ReviewFile> {
    let mut parts = answer.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut files = Vec::new();
    while let Some(head) = parts.next() {
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [_, _, old, new, letter] = words[..] else { continue };
        let Some(first) = parts.next() else { break };
        let change = match letter.chars().next() {
            Some('A') => FileChange::Added,
            Some('D') => FileChange::Deleted,
            Some('R') => FileChange::Renamed,
            Some('C') => FileChange::Copied,
            Some('T') => FileChange::Typechange,
            _ => FileChange::Modified,
        };
        let two = matches!(change, FileChange::Renamed | FileChange::Copied);
        let (path, old_path) = match two.then(|| parts.next()).flatten() {
            Some(second) => (second.into_owned(), Some(first.into_owned())),
            None => (first.into_owned(), None),
        };
        let blob = |oid: &str| Some(oid.to_owned()).filter(|oid| oid.bytes().any(|byte| byte != b'0'));
        let (old_blob, new_blob) = (blob(old), blob(new));
        if files.len() < MOST_FILES {
            files.push(ReviewFile { path, old_path, change, old_blob, new_blob, ..ReviewFile::default() });
        }
    }
    files
}

/// Hunks stand in the same order as the files. A file that became a link has two parts, as if one was deleted and one added.
fn add_hunks(files: &mut [ReviewFile], patch: &[u8]) {
    let mut lines = patch.split(|byte| *byte == b'\n');
    let mut files = files.iter_mut();
    let mut file: Option<&mut ReviewFile> = None;
    let mut again = false;
    while let Some(line) = lines.next() {
        if line.starts_with(b"diff --git ") {
            if again {
                again = false;
                continue;
            }
            file = files.next();
            again = file.as_ref().is_some_and(|file| file.change == FileChange::Typechange);
        } else if line.starts_with(b"Binary files ") {
            if let Some(file) = &mut file {
                file.binary = true;
            }
        } else if let Some(hunk) = hunk(line) {
            // What the hunk holds is passed over by its number of lines: none of it is read as a header.
            let mut left = u64::from(hunk.old_lines) + u64::from(hunk.new_lines);
            while left > 0 {
                let Some(line) = lines.next() else { break };
                left -= u64::from(!line.starts_with(b"\\"));
            }
            if let Some(file) = &mut file {
                file.added += u64::from(hunk.new_lines);
                file.removed += u64::from(hunk.old_lines);
                if file.hunks.len() < MOST_HUNKS && file.change != FileChange::Typechange {
                    file.hunks.push(hunk);
                }
            }
        }
    }
}

/// `@@ -FROM[,COUNT] +FROM[,COUNT] @@`, from 1; where there are none, the line before.
fn hunk(line: &[u8]) -> Option<Hunk> {
    let text = std::str::from_utf8(line.get(..line.len().min(100))?)
        .or_else(|e| std::str::from_utf8(&line[..e.valid_up_to()]));
    let rest = text.ok()?.strip_prefix("@@ -")?;
    let (old, rest) = rest.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let part = |part: &str| {
        let (from, count) = part.split_once(',').unwrap_or((part, "1"));
        let (from, count): (u32, u32) = (from.parse().ok()?, count.parse().ok()?);
        Some((if count == 0 { from } else { from.saturating_sub(1) }, count))
    };
    let ((old_line, old_lines), (new_line, new_lines)) = (part(old)?, part(new)?);
    Some(Hunk { old_line, old_lines, new_line, new_lines })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    struct Said(Vec<u8>, Vec<u8>);

    impl Repository for Said {
        fn ask(&self, arguments: &[&str]) -> Option<Vec<u8>> {
            Some(if arguments.contains(&"-z") { self.0.clone() } else { self.1.clone() })
        }
    }

    #[test]
    fn what_a_hunk_holds_is_no_header() {
        let (old, new) = ("1".repeat(40), "2".repeat(40));
        let raw = format!(
            ":100644 100644 {old} {new} M\0a\nb.rs\0:100644 100644 {old} {new} R090\0old.rs\0new.rs\0:000000 100644 {} {new} A\0c\0",
            "0".repeat(40)
        );
        let patch = "diff --git a/x b/x\n@@ -2 +2,2 @@ fn a() {\n-gone\n+diff --git a/y b/y\n+@@ -1 +1 @@\n\
            diff --git a/old.rs b/new.rs\n@@ -5,0 +6 @@\n+x\n\\ No newline at end of file\ndiff --git a/c b/c\nBinary files /dev/null and b/c differ\n";
        let files = changes(&Said(raw.into_bytes(), patch.as_bytes().to_vec()), "a", "b").unwrap();
        assert_eq!(files.len(), 3);
        assert_eq!((files[0].path.as_str(), files[0].added, files[0].removed), ("a\nb.rs", 2, 1));
        assert_eq!(files[0].hunks, [Hunk { old_line: 1, old_lines: 1, new_line: 1, new_lines: 2 }]);
        assert_eq!(files[1].old_path.as_deref(), Some("old.rs"));
        assert_eq!(files[1].hunks, [Hunk { old_line: 5, old_lines: 0, new_line: 5, new_lines: 1 }]);
        assert!(files[2].binary && files[2].old_blob.is_none() && files[2].change == FileChange::Added);
    }
}
