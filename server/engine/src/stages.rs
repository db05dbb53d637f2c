//! The common ancestors of conflicts whose markers hold none, from the three texts that git's index keeps of an unmerged file.
//! Plumbing only: contents come as git stores them, so no filter runs that a repository names. Writes nothing but a folder of its own.

use crate::git::Git;
use conflict::suggest::{LARGEST_TEXT, add_ancestors_in_place, ancestors, lacks_ancestor};
use conflict::{Conflicts, Source};
use host::{Cancel, Command, Ended};
use ropey::Rope;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest that git may take for one merge of three files of at most 4 MiB.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer than any run of signs in a text: a line of a stage is not taken for a marker.
const MARKER: &str = "--marker-size=97";
/// How git writes conflicts, whatever the settings of a repository around the temporary folder say.
const WITH_ANCESTORS: &[&str] = &["--diff3"];
const WITHOUT_ANCESTORS: &[&str] = &[];
/// What git may have merged with: `git merge` takes the first, what merges single files the second, which older ones have alone.
const ALGORITHMS: [Option<&str>; 2] = [Some("--diff-algorithm=histogram"), None];

/// Common ancestors by the line of the opening marker, zero-based.
pub type Ancestors = BTreeMap<usize, String>;

/// The names of stages 1, 2 and 3.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StageIds(pub [String; 3]);

/// What has to be asked for the ancestors of a text's conflicts: the file without links, and its stages. `None` where none of
/// them lacks one, or git does not hold all three stages.
pub(crate) fn stages_of(
    file: &Path,
    text: &Rope,
    conflicts: &Conflicts,
    cancel: &Cancel,
) -> Option<(PathBuf, StageIds)> {
    if text.len_bytes() > LARGEST_TEXT || !conflicts.regions.iter().any(lacks_ancestor) {
        return None;
    }
    let real = std::fs::canonicalize(file).ok()?;
    let found = stages(&Git { folder: real.parent()?, cancel }, &real)?;
    Some((real, found))
}

/// Common ancestors by the line of the opening marker, of those conflicts that lack one and are as git wrote them.
pub(crate) fn ancestors_in(
    (file, stages): &(PathBuf, StageIds),
    text: &Rope,
    conflicts: &Conflicts,
    cancel: &Cancel,
) -> Option<Ancestors> {
    let git = Git { folder: file.parent()?, cancel };
    let own = tempfile::Builder::new().prefix("holdover-stages-").tempdir().ok()?;
    let files = unpack(&git, stages, own.path(), LARGEST_TEXT)?;
    Some(ancestors_by(&files, text, conflicts, own.path(), cancel))
}

/// The same, where the three texts lie in files: ancestor, current, incoming. `own` is a folder to write to.
pub(crate) fn ancestors_of_files(
    files: &[PathBuf; 3],
    text: &Rope,
    conflicts: &Conflicts,
    own: &Path,
    cancel: &Cancel,
) -> Ancestors {
    if text.len_bytes() > LARGEST_TEXT || !conflicts.regions.iter().any(lacks_ancestor) {
        return Ancestors::new();
    }
    ancestors_by(files, text, conflicts, own, cancel)
}

fn ancestors_by(files: &[PathBuf; 3], text: &Rope, conflicts: &Conflicts, own: &Path, cancel: &Cancel) -> Ancestors {
    let with = merges(files, WITH_ANCESTORS, text, own, cancel);
    let known: Vec<Rope> = with.iter().flatten().cloned().collect();
    let mut found = ancestors(text, conflicts, &known);
    if conflicts.regions.iter().any(|region| lacks_ancestor(region) && !found.contains_key(&region.open)) {
        let without = merges(files, WITHOUT_ANCESTORS, text, own, cancel);
        let both: Vec<[Rope; 2]> =
            without.into_iter().zip(with).filter_map(|(without, with)| Some([without?, with?])).collect();
        add_ancestors_in_place(text, conflicts, &both, &mut found);
    }
    found
}

/// The three texts that git's index keeps of an unmerged file, as git stores them: ancestor, current, incoming. `None` where it does not hold
/// all three, or one has more than `largest` bytes or is not UTF-8.
pub(crate) fn stage_texts(file: &Path, largest: usize, cancel: &Cancel) -> Option<[String; 3]> {
    let git = Git { folder: file.parent()?, cancel };
    let found = stages(&git, file)?;
    let own = tempfile::Builder::new().prefix("holdover-stages-").tempdir().ok()?;
    let files = unpack(&git, &found, own.path(), largest)?;
    let texts =
        files.iter().map(|file| String::from_utf8(host::read_small(file, u64::try_from(largest).ok()?).ok()?).ok());
    texts.collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// What the index holds of an unmerged file: all three stages, and files.
fn stages(git: &Git<'_>, file: &Path) -> Option<StageIds> {
    let arguments = ["--literal-pathspecs", "ls-files", "--unmerged", "--", file.to_str()?];
    let lines = git.ask(&arguments)?;
    let mut found: [Option<String>; 3] = [None, None, None];
    for line in &lines {
        let mut words = line.split([' ', '\t']);
        let (mode, id, stage) = (words.next()?, words.next()?, words.next()?);
        let at = stage.parse::<usize>().ok()?.checked_sub(1)?;
        let slot = found.get_mut(at)?;
        // Not a link, not a submodule, and not a folder's files.
        let is_file = mode.starts_with("100") && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if slot.is_some() || !is_file {
            return None;
        }
        *slot = Some(id.to_owned());
    }
    let [Some(base), Some(current), Some(incoming)] = found else { return None };
    Some(StageIds([base, current, incoming]))
}

/// Writes the three contents into a folder, as git stores them.
fn unpack(git: &Git<'_>, StageIds(ids): &StageIds, own: &Path, largest: usize) -> Option<[PathBuf; 3]> {
    let root = git.path("--absolute-git-dir")?;
    let largest = u64::try_from(largest).ok()?;
    let mut files = Vec::new();
    for id in ids {
        let size: u64 = git.ask(&["cat-file", "-s", id])?.pop()?.parse().ok()?;
        if size > largest {
            return None;
        }
        // It writes into the top folder of the working tree: one of our own.
        let of_own = [format!("--git-dir={}", root.to_str()?), format!("--work-tree={}", own.to_str()?)];
        let ours = Git { folder: own, cancel: git.cancel };
        let name = ours.ask(&[&of_own[0], &of_own[1], "unpack-file", id])?.pop()?;
        let is_plain = Path::new(&name).file_name().is_some_and(|only| only == name.as_str());
        files.push(own.join(name));
        if !is_plain {
            return None;
        }
    }
    files.try_into().ok()
}

/// The same merge as git writes it, by each algorithm, `None` where this git does not know it; texts that are as `text` is.
fn merges(
    [base, current, incoming]: &[PathBuf; 3],
    style: &[&str],
    text: &Rope,
    own: &Path,
    cancel: &Cancel,
) -> [Option<Rope>; 2] {
    let crlf = text.chunks().any(|chunk| chunk.contains('\r'));
    let with = |algorithm: Option<&str>| {
        let result = own.join("merged");
        std::fs::copy(current, &result).ok()?;
        let ended = Command::new("git", own)
            .args(["-c", "merge.conflictStyle=merge", "merge-file", "--quiet", MARKER])
            .args(style)
            .args(algorithm)
            .args([&result, base, incoming])
            .limit(PATIENCE)
            .run(cancel, &mut |_, _| {})
            .ok()?;
        // The number of conflicts, at most 127; above that it is an error.
        if !matches!(ended.ended, Ended::Exited(0..=127)) {
            return None;
        }
        let bytes = host::read_small(&result, 4 * LARGEST_TEXT as u64).ok()?;
        let merged = Source::read(&bytes).ok()?.text;
        let bare = !merged.chunks().any(|chunk| chunk.contains('\r'));
        Some(if crlf && bare { Rope::from_str(&merged.to_string().replace('\n', "\r\n")) } else { merged })
    };
    ALGORITHMS.map(with)
}

#[cfg(test)]
mod tests {
    use crate::{Suggester, file_conflicts, file_suggestions};
    use conflict::Choice;
    use contract::ConflictFile;
    use host::Cancel;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    struct Repository(tempfile::TempDir);

    const BASE: &str = "# Notes\n\none two three\n\nsome text between, so that\nthese are two\nconflicts\nof four lines\n\nfour five six\n";

    impl Repository {
        /// `main` and `feature` change other words of the same line, and then another line in ways that nobody can join.
        fn new() -> Self {
            let new = Self(tempfile::tempdir().unwrap());
            new.git(&["init", "-q", "-b", "main"]);
            new.commit(BASE);
            new.git(&["switch", "-qc", "feature"]);
            new.commit(&BASE.replace("one two", "one zwei").replace("five", "fünf"));
            new.git(&["switch", "-q", "main"]);
            new.commit(&BASE.replace("one two", "uno two").replace("five", "cinq"));
            new
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("notes.md")
        }

        fn git(&self, arguments: &[&str]) -> bool {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"]);
            git.args(arguments).current_dir(self.0.path());
            git.env("GIT_CONFIG_GLOBAL", self.0.path().join("none")).env("GIT_CONFIG_NOSYSTEM", "1");
            git.env("GIT_EDITOR", "true").output().unwrap().status.success()
        }

        fn commit(&self, text: &str) {
            std::fs::write(self.file(), text).unwrap();
            assert!(self.git(&["add", "."]) && self.git(&["commit", "-qm", "x"]));
        }

        fn suggested(&self) -> ConflictFile {
            let told = file_suggestions(&self.file(), false, false, &Suggester::default(), &Cancel::new()).unwrap();
            assert!(told.regions.iter().all(|region| region.style == "merge"), "git's default style");
            told
        }
    }

    fn told(file: &ConflictFile) -> Vec<(Option<&str>, Option<&str>)> {
        let merge = |region: &contract::ConflictRegion| {
            region.suggestion.as_ref().map(|found| found.text.clone().leak() as &str)
        };
        file.regions.iter().map(|region| (region.base_text.as_deref(), merge(region))).collect()
    }

    const WANTED: [(Option<&str>, Option<&str>); 2] =
        [(Some("one two three\n"), Some("uno zwei three\n")), (Some("four five six\n"), None)];

    #[test]
    fn in_gits_default_style_the_index_gives_the_ancestor_and_a_merge_is_suggested() {
        for command in [&["merge", "feature"][..], &["cherry-pick", "feature"], &["rebase", "feature"]] {
            let repository = Repository::new();
            assert!(!repository.git(command), "{command:?}");
            let mut wanted = WANTED;
            if command[0] == "rebase" {
                wanted[0].1 = Some("uno zwei three\n");
            }
            assert_eq!(told(&repository.suggested()), wanted, "{command:?}");
            // Both sides edited by hand: it stands where git wrote it.
            let text = std::fs::read_to_string(repository.file()).unwrap();
            let edited = text.replacen("uno two", "uno deux", 1).replacen("one zwei", "only zwei", 1);
            std::fs::write(repository.file(), &edited).unwrap();
            assert!(edited.contains("uno deux") && edited.contains("only zwei"), "{edited}");
            assert_eq!(told(&repository.suggested())[0].0, Some("one two three\n"), "{edited}");
            std::fs::write(repository.file(), &text).unwrap();
            // An ancestor that is known may be chosen, and the other conflict stays as git wrote it once it was resolved by hand.
            std::fs::write(repository.file(), text.replacen("<<<<<<<", "x <<<<<<<", 1)).unwrap();
            assert_eq!(repository.suggested().regions.len(), 1);
            let left = file_conflicts(&repository.file(), Some(Choice::Base), false).unwrap();
            assert_eq!((left.resolved, left.regions.len()), (1, 0));
            assert!(std::fs::read_to_string(repository.file()).unwrap().ends_with("\nfour five six\n"));
        }
    }

    #[test]
    fn a_file_that_git_holds_as_merged_or_two_sides_without_an_ancestor_get_none() {
        let repository = Repository::new();
        repository.git(&["merge", "feature"]);
        let text = std::fs::read(repository.file()).unwrap();
        let bare = [(None, None), (None, None)];
        repository.git(&["add", "."]);
        assert_eq!(told(&repository.suggested()), bare);
        let repository = Repository::new();
        repository.git(&["merge", "feature"]);
        // A stage that is missing: added on both sides, or removed on one.
        repository.git(&["update-index", "--force-remove", "notes.md"]);
        let add = |stage: &str| {
            let id = Command::new("git")
                .args(["hash-object", "-w", "notes.md"])
                .current_dir(repository.0.path())
                .output()
                .unwrap();
            let id = String::from_utf8(id.stdout).unwrap();
            let file = repository.0.path().join("info");
            std::fs::write(&file, format!("100644 {} {stage}\tnotes.md\n", id.trim())).unwrap();
            let done = Command::new("git")
                .args(["update-index", "--index-info"])
                .current_dir(repository.0.path())
                .stdin(std::fs::File::open(&file).unwrap())
                .status()
                .unwrap();
            assert!(done.success());
        };
        add("2");
        add("3");
        std::fs::write(repository.file(), text).unwrap();
        assert_eq!(told(&repository.suggested()), bare);
    }

    #[test]
    fn a_text_that_git_turned_to_crlf_has_its_own_line_ends_in_the_ancestor() {
        let repository = Repository::new();
        repository.git(&["config", "core.autocrlf", "true"]);
        repository.git(&["merge", "feature"]);
        let text = std::fs::read_to_string(repository.file()).unwrap();
        assert!(text.contains("zwei three\r\n"), "{text:?}");
        assert_eq!(told(&repository.suggested())[0], (Some("one two three\r\n"), Some("uno zwei three\r\n")));
    }

    #[test]
    #[cfg(unix)]
    fn no_filter_and_no_program_that_a_repository_names_is_run_and_nothing_is_left_behind() {
        let repository = Repository::new();
        repository.git(&["merge", "feature"]);
        let trap = repository.0.path().join("trap");
        let command = format!("touch {} ; cat", trap.display());
        for key in [
            "filter.x.smudge",
            "filter.x.clean",
            "filter.x.process",
            "diff.x.textconv",
            "merge.x.driver",
            "core.fsmonitor",
        ] {
            assert!(repository.git(&["config", key, &command]));
        }
        std::fs::write(repository.0.path().join(".git/info/attributes"), "* filter=x diff=x merge=x text\n").unwrap();
        let before = files(repository.0.path());
        std::fs::remove_file(&trap).ok();
        assert_eq!(told(&repository.suggested()), WANTED);
        assert!(!trap.exists(), "a program was run");
        assert_eq!(files(repository.0.path()), before);
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        found
    }
}
