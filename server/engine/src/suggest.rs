//! Merge suggestions for the conflicts of a text, from the program `holdover-merge` beside ours, which has the parsers.
//! Applies nothing, and waits for nobody: a program that is missing, fails or takes too long means fewer suggestions.

use crate::stages::{Ancestors, ancestors_in, stages_of};
use conflict::suggest::{Answer, Ask, AskedRegion, LARGEST_TEXT, NoSyntax, lacks_ancestor};
use conflict::{Conflicts, LockfileAccount, Region};
use contract::ConflictSuggestion;
use host::{Cancel, Command};
use ropey::Rope;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest that the program may take for one file.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of its answer.
const LARGEST_ANSWER: u64 = 64 << 20;
/// Texts whose suggestions are remembered: an editor asks for the same one at every move of the cursor.
const REMEMBERED: usize = 4;

/// Suggestions by the line of the opening marker, zero-based.
pub type Suggestions = BTreeMap<usize, ConflictSuggestion>;

/// The text of a lockfile, and what it holds of which side.
pub(crate) type MadeLockfile = (String, LockfileAccount);

/// Finds suggestions, and remembers the last ones.
#[derive(Debug, Clone, Default)]
pub struct Suggester {
    last: Arc<Mutex<Vec<(blake3::Hash, Suggestions)>>>,
    last_ancestors: Arc<Mutex<Vec<(blake3::Hash, Ancestors)>>>,
    last_lockfiles: Arc<Mutex<Vec<(blake3::Hash, MadeLockfile)>>>,
}

impl Suggester {
    /// What a tool made of a lockfile when all of this was the same.
    pub(crate) fn known_lockfile(&self, key: &blake3::Hash) -> Option<MadeLockfile> {
        known(&self.last_lockfiles, key)
    }

    pub(crate) fn remember_lockfile(&self, key: blake3::Hash, made: &MadeLockfile) {
        remember(&self.last_lockfiles, key, made);
    }

    /// Common ancestors of the conflicts whose markers hold none, from git's index, where the file is unmerged there and the
    /// conflict is as git wrote it. Asks git, so this is not for a thread that answers.
    pub fn ancestors(&self, file: &Path, text: &Rope, conflicts: &Conflicts, cancel: &Cancel) -> Ancestors {
        let Some(asked) = stages_of(file, text, conflicts, cancel) else { return Ancestors::new() };
        let mut hasher = blake3::Hasher::new();
        hasher.update(asked.1.0.join(" ").as_bytes());
        text.chunks().for_each(|chunk| {
            hasher.update(chunk.as_bytes());
        });
        let hash = hasher.finalize();
        if let Some(found) = known(&self.last_ancestors, &hash) {
            return found;
        }
        let found = ancestors_in(&asked, text, conflicts, cancel);
        if let Some(found) = found.as_ref().filter(|_| !cancel.is_cancelled()) {
            remember(&self.last_ancestors, hash, found);
        }
        found.unwrap_or_default()
    }

    /// Suggestions for those conflicts of a text that are `wanted`. Starts a process, so this is not for a thread that
    /// answers; from memory, where the same was asked before.
    pub fn suggestions(
        &self,
        file: &Path,
        text: &Rope,
        conflicts: &Conflicts,
        wanted: impl Fn(&Region) -> bool,
        cancel: &Cancel,
    ) -> Suggestions {
        let bases = if conflicts.regions.iter().any(|region| lacks_ancestor(region) && wanted(region)) {
            self.ancestors(file, text, conflicts, cancel)
        } else {
            Ancestors::new()
        };
        self.suggestions_with(bases, file, text, conflicts, wanted, cancel)
    }

    /// The same, where the ancestors that the markers do not hold are known.
    pub(crate) fn suggestions_with(
        &self,
        mut bases: Ancestors,
        file: &Path,
        text: &Rope,
        conflicts: &Conflicts,
        wanted: impl Fn(&Region) -> bool,
        cancel: &Cancel,
    ) -> Suggestions {
        let asked: Vec<&Region> =
            conflicts.regions.iter().filter(|region| region.sides() == 2 && wanted(region)).collect();
        if asked.is_empty() || text.len_bytes() > LARGEST_TEXT {
            return Suggestions::new();
        }
        let asked = asked.into_iter();
        let regions: Vec<AskedRegion> =
            asked.map(|region| AskedRegion { open: region.open, base: bases.remove(&region.open) }).collect();
        let ask = Ask { path: file.to_owned(), text: text.to_string(), regions };
        let Ok(bytes) = serde_json::to_vec(&ask) else { return Suggestions::new() };
        let hash = blake3::hash(&bytes);
        if let Some(found) = known(&self.last, &hash) {
            return found;
        }
        let answer = match parsed_by_program(&bytes, cancel) {
            Ok(answer) => answer,
            Err(problem) => {
                tracing::warn!("merges are suggested without parsers: {problem}");
                conflict::suggest::answer(&ask, &NoSyntax)
            }
        };
        if cancel.is_cancelled() {
            return Suggestions::new();
        }
        let mut found: Suggestions = answer.suggestions.into_iter().collect();
        if crate::is_lockfile(file) {
            // A text that parses can still be locked wrong: that is for the ecosystem's own tool to say.
            let loses_nothing = |kind: &str| matches!(kind, "same" | "one-sided");
            for merge in found.values_mut() {
                merge.one_click &= loses_nothing(&merge.kind);
            }
        }
        remember(&self.last, hash, &found);
        found
    }
}

fn known<T: Clone>(last: &Mutex<Vec<(blake3::Hash, T)>>, hash: &blake3::Hash) -> Option<T> {
    let last = last.lock().unwrap_or_else(PoisonError::into_inner);
    last.iter().find(|(known, _)| known == hash).map(|(_, found)| found.clone())
}

fn remember<T: Clone>(last: &Mutex<Vec<(blake3::Hash, T)>>, hash: blake3::Hash, found: &T) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    last.truncate(REMEMBERED - 1);
    last.insert(0, (hash, found.clone()));
}

/// Why the program with the parsers gave no answer.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error("the program holdover-merge is not beside this one: {}\nhint: install it from the same archive", .0.display())]
    Absent(PathBuf),
    #[error("no file could be written for holdover-merge: {0}")]
    File(#[from] std::io::Error),
    #[error("{0}")]
    Process(#[from] host::ProcessError),
    #[error("holdover-merge ended early: {0}")]
    Ended(String),
    #[error("the answer of holdover-merge is not one: {0}")]
    Answer(#[from] serde_json::Error),
}

fn parsed_by_program(ask: &[u8], cancel: &Cancel) -> Result<Answer, ProgramError> {
    let ours = std::env::current_exe()?;
    let program = ours.with_file_name(format!("holdover-merge{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        return Err(ProgramError::Absent(program));
    }
    let folder = tempfile::Builder::new().prefix("holdover-merge-").tempdir()?;
    let (question, answer) = (folder.path().join("ask.json"), folder.path().join("answer.json"));
    std::fs::write(&question, ask)?;
    let output =
        Command::new(&program, folder.path()).args([&question, &answer]).limit(PATIENCE).run(cancel, &mut |_, _| {})?;
    if !output.ok() {
        return Err(ProgramError::Ended(format!("{:?} {}", output.ended, output.tail)));
    }
    Ok(serde_json::from_slice(&host::read_small(&answer, LARGEST_ANSWER)?)?)
}
