//! Merge conflicts in files on the disk: found, listed, resolved with one choice for all.
//! Writes a file whole or not at all, only where it is still what was read, and never through a link out of its root.

use crate::stages::Ancestors;
use crate::suggest::{Suggester, Suggestions};
use conflict::{Choice, Conflicts, Resolution, Source, rewrite};
use contract::{ConflictFile, ConflictRegion, ConflictReport, LockfileMerge};
use host::Cancel;
use ropey::Rope;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of a file that is read for its conflicts.
pub(crate) const LARGEST: u64 = 64 << 20;
/// How a file with conflicts begins a line, at the least.
const OPENING: &[u8] = b"<<<<<<<";
const CLOSING: &[u8] = b">>>>>>>";

/// Why the conflicts of a file could not be read or resolved.
#[derive(Debug, thiserror::Error)]
pub enum ConflictError {
    /// It is not there, or may not be read, or is too large.
    #[error("this file could not be read: {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not text.
    #[error("this file is not text, so it has no conflict markers: {}", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
    /// It is a link to somewhere else.
    #[error("this leads out of {}: {}\nhint: name the file that it leads to", root.display(), file.display())]
    Outside {
        /// What was named.
        file: PathBuf,
        /// The folder that holds it.
        root: PathBuf,
    },
    /// Somebody else wrote it while it was being resolved.
    #[error("this file changed while it was being resolved, and was left as it is: {}\nhint: run the command again", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// It could not be written.
    #[error("this file could not be written, and was left as it is: {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Files below `folder` that may hold conflicts, in order: those that git does not ignore and that hold the beginning of a
/// marker. Reads every file once; files over 64 MiB and those that cannot be read are given to `skipped`.
pub fn conflicted_files(folder: &Path, mut skipped: impl FnMut(ConflictError)) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder)
        .hidden(false)
        .ignore(false)
        .follow_links(false)
        .filter_entry(|entry| !matches!(entry.file_name().to_str(), Some(".git" | ".jj")))
        .sort_by_file_path(Ord::cmp)
        .build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(problem) => {
                skipped(ConflictError::Read { file: folder.to_owned(), source: io::Error::other(problem) });
                continue;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let file = entry.into_path();
        match host::read_small(&file, LARGEST) {
            Ok(bytes) if is_suspect(&bytes) => found.push(file),
            Ok(_) => {}
            Err(source) => skipped(ConflictError::Read { file, source }),
        }
    }
    found
}

fn is_suspect(bytes: &[u8]) -> bool {
    let line_begins = |marker: &[u8]| {
        let mut at = 0;
        std::iter::from_fn(|| {
            let found = at + memchr::memmem::find(&bytes[at..], marker)?;
            at = found + 1;
            Some(found)
        })
        .any(|found| found == 0 || matches!(bytes[found - 1], b'\n' | b'\r'))
    };
    line_begins(OPENING) || line_begins(CLOSING)
}

/// The conflicts of one file. With `choice`, they are resolved so far as it applies to them, everything else stays byte by
/// byte, and what is told is what is left; with `dry_run` too, except that nothing is written.
///
/// # Errors
/// See [`ConflictError`]: the file is as it was.
pub fn file_conflicts(file: &Path, choice: Option<Choice>, dry_run: bool) -> Result<ConflictFile, ConflictError> {
    resolved_file(file, choice, dry_run, &|_, _| Vec::new())
}

/// Writes down what became of conflicts of a file, and gives the ids of what it wrote.
pub(crate) type Record<'a> = &'a dyn Fn(&Path, &[Resolution]) -> Vec<String>;

pub(crate) fn resolved_file(
    file: &Path,
    choice: Option<Choice>,
    dry_run: bool,
    record: Record<'_>,
) -> Result<ConflictFile, ConflictError> {
    let read = Read::of(file)?;
    let Some(choice) = choice else { return Ok(conflict::report(&read.source.text, file, &read.found)) };
    let ancestors = if choice == Choice::Base { read.ancestors(file, &Suggester::default()) } else { Ancestors::new() };
    read.resolved(file, dry_run, &choice.name(), record, |region| {
        match conflict::resolve(&read.source.text, region, choice) {
            Some(kept) => Some(kept.text),
            None => ancestors.get(&region.open).cloned(),
        }
    })
}

/// The conflicts of one file with a suggestion for each that has one. With `apply`, those that one click may apply are
/// resolved, as [`file_conflicts`] does, and told as `merged`; all others stay byte by byte.
///
/// # Errors
/// See [`ConflictError`]: the file is as it was.
pub fn file_suggestions(
    file: &Path,
    apply: bool,
    dry_run: bool,
    suggester: &Suggester,
    cancel: &Cancel,
) -> Result<ConflictFile, ConflictError> {
    merged_file(file, apply, dry_run, suggester, cancel, &|_, _| Vec::new())
}

pub(crate) fn merged_file(
    file: &Path,
    apply: bool,
    dry_run: bool,
    suggester: &Suggester,
    cancel: &Cancel,
    record: Record<'_>,
) -> Result<ConflictFile, ConflictError> {
    let read = Read::of(file)?;
    let found = suggester.suggestions(file, &read.source.text, &read.found, |_| true, cancel);
    let mut told = conflict::report(&read.source.text, file, &read.found);
    add_suggestions(&mut told, &found);
    add_ancestors(&mut told, &read.ancestors(file, suggester));
    if !apply {
        return Ok(told);
    }
    let is_taken = |open: usize| found.get(&open).filter(|suggestion| suggestion.one_click);
    let taken_text = |region: &conflict::Region| is_taken(region.open).map(|taken| taken.text.clone());
    let mut left = read.resolved(file, dry_run, "merge", record, taken_text)?;
    let taken = |region: &ConflictRegion| region.suggestion.as_ref().is_some_and(|suggestion| suggestion.one_click);
    let (merged, others): (Vec<_>, Vec<_>) = told.regions.into_iter().partition(taken);
    // What is left are the others, further up or down.
    for (region, other) in left.regions.iter_mut().zip(others) {
        region.suggestion = other.suggestion;
        region.base_text = other.base_text;
    }
    left.merged = merged;
    Ok(left)
}

/// Resolves the conflicts of one file for which `found` has a text, as [`file_conflicts`] does.
pub(crate) fn filled_file(
    file: &Path,
    dry_run: bool,
    choice: &str,
    record: Record<'_>,
    found: impl FnOnce(&Rope, &Conflicts) -> Suggestions,
) -> Result<ConflictFile, ConflictError> {
    let read = Read::of(file)?;
    let found = found(&read.source.text, &read.found);
    read.resolved(file, dry_run, choice, record, |region| Some(found.get(&region.open)?.text.clone()))
}

/// Resolves all conflicts of one file at once, where `found` has a text for the whole of it, as [`file_conflicts`] does. What was found is told.
pub(crate) fn whole_file(
    file: &Path,
    dry_run: bool,
    choice: &str,
    record: Record<'_>,
    found: impl FnOnce(&Rope, &Conflicts) -> Option<LockfileMerge>,
) -> Result<ConflictFile, ConflictError> {
    let read = Read::of(file)?;
    let found = found(&read.source.text, &read.found);
    let before = read.source.text.to_string();
    let merged = found.as_ref().filter(|merge| merge.problem.is_none() && read.source.utf8);
    let done = merged.and_then(|merge| Resolution::spanning(&before, &merge.text, choice));
    let Some((done, merge)) = done.zip(merged) else {
        return Ok(ConflictFile { lockfile: found, ..conflict::report(&read.source.text, file, &read.found) });
    };
    let left = Rope::from_str(&merge.text);
    let mut told = conflict::report(&left, file, &Conflicts::read(&left));
    told.resolved = read.found.regions.len() as u64;
    if !dry_run {
        stays_inside(file, &read.real)?;
        replace(&read.real, &read.bytes, merge.text.as_bytes())?;
        told.events = record(file, &[done]);
    }
    told.lockfile = found;
    Ok(told)
}

/// Adds to a file's report what was found for its conflicts.
pub fn add_suggestions(told: &mut ConflictFile, found: &Suggestions) {
    for region in &mut told.regions {
        region.suggestion = found.get(&(region.range.start.line as usize)).cloned();
    }
}

/// Adds to a file's report the common ancestors that git's index has and the markers have not.
pub fn add_ancestors(told: &mut ConflictFile, found: &Ancestors) {
    for region in &mut told.regions {
        region.base_text = found.get(&(region.range.start.line as usize)).cloned();
    }
}

/// A file that was read, and its conflicts.
struct Read {
    real: PathBuf,
    bytes: Vec<u8>,
    source: Source,
    found: Conflicts,
}

impl Read {
    fn of(file: &Path) -> Result<Self, ConflictError> {
        let unread = |source| ConflictError::Read { file: file.to_owned(), source };
        let real = std::fs::canonicalize(file).map_err(unread)?;
        let bytes = host::read_small(&real, LARGEST).map_err(unread)?;
        let Ok(source) = Source::read(&bytes) else { return Err(ConflictError::NotText { file: file.to_owned() }) };
        let found = Conflicts::read(&source.text);
        Ok(Self { real, bytes, source, found })
    }

    fn ancestors(&self, file: &Path, suggester: &Suggester) -> Ancestors {
        suggester.ancestors(file, &self.source.text, &self.found, &Cancel::new())
    }

    /// Replaces each conflict by what `by` gives for it, and tells what is left.
    fn resolved(
        &self,
        file: &Path,
        dry_run: bool,
        choice: &str,
        record: Record<'_>,
        by: impl Fn(&conflict::Region) -> Option<String>,
    ) -> Result<ConflictFile, ConflictError> {
        let mut done: Vec<(usize, Resolution)> = Vec::new();
        // How many lines the regions before had, and how many stand there now.
        let (mut gone, mut put) = (0, 0);
        let written = rewrite(&self.source.text, &self.found, |region| {
            let kept = by(region)?;
            done.push((region.open + put - gone, Resolution::of(&self.source.text, region, choice, &kept)));
            gone += region.lines().len();
            put += kept.split_inclusive('\n').count();
            Some(kept)
        });
        let left = Rope::from_str(&written);
        let mut told = conflict::report(&left, file, &Conflicts::read(&left));
        told.resolved = done.len() as u64;
        if !done.is_empty() && !dry_run {
            stays_inside(file, &self.real)?;
            replace(&self.real, &self.bytes, &self.source.bytes(&written))?;
            let done: Vec<_> = done.into_iter().map(|(line, resolution)| resolution.placed(&left, line)).collect();
            told.events = record(file, &done);
        }
        Ok(told)
    }
}

/// The conflicts of files, those without any left out, and what could not be read or written.
pub fn files_conflicts(
    files: &[PathBuf],
    choice: Option<Choice>,
    dry_run: bool,
) -> (ConflictReport, Vec<ConflictError>) {
    each(files, |file| file_conflicts(file, choice, dry_run))
}

/// The same with suggestions, as [`file_suggestions`] gives them. Once it is cancelled nothing more is applied.
pub fn files_suggestions(
    files: &[PathBuf],
    apply: bool,
    dry_run: bool,
    suggester: &Suggester,
    cancel: &Cancel,
) -> (ConflictReport, Vec<ConflictError>) {
    each(files, |file| file_suggestions(file, apply && !cancel.is_cancelled(), dry_run, suggester, cancel))
}

pub(crate) fn each(
    files: &[PathBuf],
    ask: impl Fn(&Path) -> Result<ConflictFile, ConflictError>,
) -> (ConflictReport, Vec<ConflictError>) {
    let mut report = ConflictReport::default();
    let mut problems = Vec::new();
    for file in files {
        match ask(file) {
            Ok(told) if told.regions.is_empty() && told.malformed.is_empty() && told.resolved == 0 => {}
            Ok(told) => report.files.push(told),
            Err(problem) => problems.push(problem),
        }
    }
    (report, problems)
}

/// Writes a file's text anew as `change` makes it, whatever its encoding, as a resolution is written.
pub(crate) fn replace_text<E: From<ConflictError>>(
    file: &Path,
    change: impl FnOnce(&str) -> Result<String, E>,
) -> Result<(), E> {
    let read = Read::of(file)?;
    let written = change(&read.source.text.to_string())?;
    stays_inside(file, &read.real)?;
    Ok(replace(&read.real, &read.bytes, &read.source.bytes(&written))?)
}

/// Refuses a link that leads out of the workspace in which it stands.
fn stays_inside(file: &Path, real: &Path) -> Result<(), ConflictError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = host::workspace_of(folder);
    if real.starts_with(&root) {
        return Ok(());
    }
    Err(ConflictError::Outside { file: file.to_owned(), root })
}

/// Writes a file anew beside the old one, with its permissions, and renames it, if the old one is still what was read.
fn replace(file: &Path, before: &[u8], after: &[u8]) -> Result<(), ConflictError> {
    let failed = |source| ConflictError::Write { file: file.to_owned(), source };
    let folder = file.parent().ok_or_else(|| failed(io::Error::other("it has no folder")))?;
    let mut new = tempfile::Builder::new().prefix(".holdover-").tempfile_in(folder).map_err(failed)?;
    new.write_all(after).map_err(failed)?;
    let permissions = std::fs::metadata(file).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(failed(io::Error::from(io::ErrorKind::PermissionDenied)));
    }
    new.as_file().set_permissions(permissions).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    if std::fs::read(file).map_err(failed)? != before {
        return Err(ConflictError::Changed { file: file.to_owned() });
    }
    new.persist(file).map_err(|e| failed(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\nz\n";

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, "new").unwrap();
        assert!(matches!(replace(&file, b"old", b"resolved"), Err(ConflictError::Changed { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    #[cfg(unix)]
    fn the_mode_of_a_file_stays_and_a_link_out_of_the_root_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        let (inside, outside) = (folder.path().join("run.sh"), other.path().join("f"));
        for file in [&inside, &outside] {
            std::fs::write(file, TEXT).unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o751)).unwrap();
        }
        symlink(&inside, folder.path().join("in")).unwrap();
        symlink(&outside, folder.path().join("out")).unwrap();
        let told = file_conflicts(&folder.path().join("in"), Some(Choice::Incoming), false).unwrap();
        assert_eq!((told.resolved, told.regions.len()), (1, 0));
        assert_eq!(std::fs::read_to_string(&inside).unwrap(), "a\ntheirs\nz\n");
        assert_eq!(std::fs::metadata(&inside).unwrap().permissions().mode() & 0o777, 0o751);
        assert!(folder.path().join("in").is_symlink());
        let refused = file_conflicts(&folder.path().join("out"), Some(Choice::Incoming), false).unwrap_err();
        assert!(matches!(refused, ConflictError::Outside { .. }), "{refused}");
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), TEXT);
    }

    #[test]
    fn ignored_and_binary_files_are_not_listed_and_hidden_ones_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for sub in [".git", "ignored", ".github"] {
            std::fs::create_dir(at(sub)).unwrap();
        }
        std::fs::write(at(".gitignore"), "/ignored\n").unwrap();
        for name in ["a.rs", "ignored/b.rs", ".git/c", ".github/d.yml"] {
            std::fs::write(at(name), TEXT).unwrap();
        }
        std::fs::write(at("e.txt"), "nothing <<<<<<< in the middle\n").unwrap();
        std::fs::write(at("f.bin"), [b"\0", TEXT.as_bytes()].concat()).unwrap();
        let files = conflicted_files(folder.path(), |problem| panic!("{problem}"));
        let (report, problems) = files_conflicts(&files, None, false);
        let names: Vec<_> = report.files.iter().map(|f| f.path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new(".github/d.yml"), Path::new("a.rs")]);
        assert!(matches!(&problems[..], [ConflictError::NotText { .. }]), "{problems:?}");
    }
}
