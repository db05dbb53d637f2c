//! A merge driver for git: the bytes that `git merge-file` writes, except for conflicts that a trusted merge resolves.
//! Whatever goes wrong, git's own markers stay; a file that could not be written is as it was, and git is told to stop.

use crate::conflicts::LARGEST;
use crate::stages::ancestors_of_files;
use crate::suggest::Suggester;
use crate::{Engine, words};
use conflict::{Conflicts, Resolution, Source, rewrite};
use contract::ConflictSuggestion;
use host::{Cancel, Command, Ended, Output};
use ropey::Rope;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest that git may take for one file.
const PATIENCE: Duration = Duration::from_mins(2);

/// What git names to a merge driver.
#[derive(Debug, Clone, Default)]
pub struct DriverFiles {
    /// `%O`, `%A`, `%B`: files with the ancestor's text, ours and theirs. The result is written to ours.
    pub base: PathBuf,
    #[expect(missing_docs, reason = "see above")]
    pub current: PathBuf,
    #[expect(missing_docs, reason = "see above")]
    pub incoming: PathBuf,
    /// `%L`: characters of a marker.
    pub marker: u8,
    /// `%P`: where the result will stand, relative to the top folder, which is the current one.
    pub path: PathBuf,
    /// `%S`, `%X`, `%Y`: labels of the ancestor, ours and theirs, where this git names them.
    pub labels: [Option<String>; 3],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Driven {
    /// Conflicts that are left, with their markers; `None` where git cannot merge such a file and ours stays: not text.
    pub left: Option<usize>,
    /// Trusted merges that were taken, each in words.
    pub merged: Vec<String>,
    /// What may be done about a lockfile's conflicts once git is done, in words.
    pub later: Option<String>,
}

/// The file could not be merged; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// Git is not there, or was stopped.
    #[error("git could not do this, and everything is as it was: {}: {why}", file.display())]
    Git {
        /// The file in the working tree, or the folder.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A file could not be read or written.
    #[error("this file could not be merged, and is as it was: {}: {source}", file.display())]
    File {
        /// The file in the working tree.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Engine {
    /// Merges one file as git asks a merge driver to. What was taken of trusted merges is written down as a resolution.
    ///
    /// # Errors
    /// [`DriverError`]: `%A` is as it was, and git should be told to stop.
    pub fn drive_merge(&self, files: &DriverFiles, cancel: &Cancel) -> Result<Driven, DriverError> {
        let failed = |source| DriverError::File { file: files.path.clone(), source };
        let own = tempfile::Builder::new().prefix("holdover-driver-").tempdir().map_err(failed)?;
        let absolute = |path: &Path| std::path::absolute(path).map_err(failed);
        let three = [absolute(&files.base)?, absolute(&files.current)?, absolute(&files.incoming)?];
        let result = own.path().join("result");
        let Some(left) = merge_file(files, &three, &result, cancel)? else {
            return Ok(Driven { left: None, merged: Vec::new(), later: None });
        };
        let bytes = std::fs::read(&result).map_err(failed)?;
        let improved = if left == 0 { None } else { improved(left, &bytes, files, &three, own.path(), cancel) };
        let (written, mut driven, done) =
            improved.unwrap_or((bytes, Driven { left: Some(left), merged: Vec::new(), later: None }, Vec::new()));
        // Git merges all files before it writes any: the manifests in the folder are not those that the lockfile is to follow from. So
        // its tool is not asked here, in no workspace.
        let tool = crate::lockfile_tool(&files.path).filter(|_| driven.left.is_some_and(|left| left > 0));
        driven.later = tool.map(|tool| {
            let path = files.path.display();
            format!("{tool} can merge it once the manifests are: `holdover conflicts --resolve lockfile {path}`")
        });
        put(&three[1], &written).map_err(failed)?;
        if !done.is_empty() {
            let here = std::env::current_dir().and_then(std::fs::canonicalize).map_err(failed)?;
            self.open_workspace(&here, None);
            self.record_resolutions(&here, &here.join(&files.path), &done);
        }
        Ok(driven)
    }
}

/// What git wrote with trusted merges in place of some conflicts; `None` where there is nothing to improve, or it cannot be.
fn improved(
    left: usize,
    bytes: &[u8],
    files: &DriverFiles,
    three: &[PathBuf; 3],
    own: &Path,
    cancel: &Cancel,
) -> Option<(Vec<u8>, Driven, Vec<Resolution>)> {
    if bytes.len() as u64 > LARGEST {
        return None;
    }
    let source = Source::read(bytes).ok()?;
    let conflicts = Conflicts::read(&source.text);
    // Lines of the text that look like markers: which are git's, nobody says.
    let all_gits = conflicts.regions.iter().all(|region| region.length == files.marker);
    if !conflicts.malformed.is_empty() || conflicts.regions.len() != left || !all_gits {
        return None;
    }
    let bases = ancestors_of_files(three, &source.text, &conflicts, own, cancel);
    let found = Suggester::default().suggestions_with(bases, &files.path, &source.text, &conflicts, |_| true, cancel);
    let trusted = |open: usize| found.get(&open).filter(|merge: &&ConflictSuggestion| merge.one_click);
    let (mut done, mut merged) = (Vec::new(), Vec::new());
    // How many lines the regions before had, and how many stand there now.
    let (mut gone, mut put) = (0, 0);
    let text = rewrite(&source.text, &conflicts, |region| {
        let merge = trusted(region.open)?;
        merged.push(words::merge(merge));
        done.push((region.open + put - gone, Resolution::of(&source.text, region, "merge", &merge.text)));
        gone += region.lines().len();
        put += merge.text.split_inclusive('\n').count();
        Some(merge.text.clone())
    });
    let written = Rope::from_str(&text);
    let left = Conflicts::read(&written).regions.len();
    // Each merge took one conflict away, and made none.
    if merged.is_empty() || left + merged.len() != conflicts.regions.len() {
        return None;
    }
    let done = done.into_iter().map(|(line, resolution)| resolution.placed(&written, line)).collect();
    Some((source.bytes(&text), Driven { left: Some(left), merged, later: None }, done))
}

/// Merges into `result` as git does; gives the number of conflicts, `None` where it is not text.
fn merge_file(
    files: &DriverFiles,
    [base, current, incoming]: &[PathBuf; 3],
    result: &Path,
    cancel: &Cancel,
) -> Result<Option<usize>, DriverError> {
    let failed = |source| DriverError::File { file: files.path.clone(), source };
    std::fs::copy(current, result).map_err(failed)?;
    let [of_base, ours, theirs] = &files.labels;
    let label = |given: &Option<String>, plain: &str| given.clone().unwrap_or_else(|| plain.to_owned());
    let here = std::env::current_dir().map_err(failed)?;
    let ended = Command::new("git", &here)
        .args(["merge-file".to_owned(), format!("--marker-size={}", files.marker)])
        .args(["-L".to_owned(), label(ours, "ours"), "-L".to_owned(), label(of_base, "base")])
        .args(["-L".to_owned(), label(theirs, "theirs")])
        .args([result, base, incoming])
        .env("LC_ALL", "C")
        .limit(PATIENCE)
        .run(cancel, &mut |_, _| {});
    let git = |why: String| DriverError::Git { file: files.path.clone(), why };
    match ended.map_err(|problem| git(problem.to_string()))? {
        // The number of conflicts, at most 127.
        Output { ended: Ended::Exited(conflicts @ 0..=127), .. } => Ok(usize::try_from(conflicts).ok()),
        output if output.ended == Ended::Exited(255) && output.tail.contains("Cannot merge binary files") => Ok(None),
        output => Err(git(format!("{:?} {}", output.ended, output.tail))),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn put(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().ok_or_else(|| io::Error::other("it has no folder"))?;
    let mut new = tempfile::Builder::new().prefix(".holdover-").tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().set_permissions(std::fs::metadata(file)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|e| e.error)?;
    Ok(())
}

/// The settings of git that make it the driver of every file for which `.gitattributes` names no other, and their values.
pub fn driver_settings(program: &Path) -> [(&'static str, String); 3] {
    [
        ("merge.holdover.name", "trusted merges, else markers as git writes them".to_owned()),
        ("merge.holdover.driver", driver_command(program)),
        ("merge.default", "holdover".to_owned()),
    ]
}

/// Writes those settings for the repository that holds `folder`, or for all of the user's; or takes them back.
///
/// # Errors
/// What git says.
pub fn set_driver(folder: &Path, program: Option<&Path>, global: bool, cancel: &Cancel) -> Result<(), DriverError> {
    let scope = if global { "--global" } else { "--local" };
    let git = |why: String| DriverError::Git { file: folder.to_owned(), why };
    let ask = |arguments: Vec<String>| {
        let mut said = Vec::new();
        let mut heard = |_, line: &str| said.push(line.to_owned());
        let ended = Command::new("git", folder).args(["config", scope]).args(arguments).run(cancel, &mut heard);
        ended.map(|output| (output.ended, said.join("\n"))).map_err(|problem| git(problem.to_string()))
    };
    let settings = driver_settings(program.unwrap_or(Path::new("")));
    for (key, value) in settings {
        let (ended, said) = match program {
            Some(_) => ask(vec![key.to_owned(), value])?,
            // Somebody else's default stays.
            None if key == "merge.default" && ask(vec!["--get".into(), key.into()])?.1 != value => continue,
            None => ask(vec!["--unset-all".into(), key.to_owned()])?,
        };
        // 5: it was not set.
        if ended != Ended::Exited(0) && !(program.is_none() && ended == Ended::Exited(5)) {
            return Err(git(said));
        }
    }
    Ok(())
}

/// What git's setting `merge.holdover.driver` has to be for a program: where that is not there any more, git's own merge.
fn driver_command(program: &Path) -> String {
    let quoted = format!("'{}'", program.display().to_string().replace('\'', "'\\''"));
    format!(
        "if [ -x {quoted} ]; then {quoted} merge-driver %O %A %B %L %P %S %X %Y; \
         else git merge-file -L ours -L base -L theirs --marker-size=%L %A %O %B; fi"
    )
}
