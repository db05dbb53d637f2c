//! What a linter found, as it is kept between processes: in the journal's table of what can be found again.

use crate::inner::Inner;
use checks::checker::{Found, moved};
use contract::{BuildRun, CheckState, Finding};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The form of what is kept; another one is not read.
const FORM: u64 = 1;
/// More bytes than this are not kept.
const LARGEST: usize = 4 << 20;
/// A text is read up to here, in bytes.
pub(super) const LARGEST_TEXT: u64 = 16 << 20;

/// What one run found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Record {
    /// Hash of everything that it depends on.
    pub inputs: String,
    /// RFC 3339.
    pub at: String,
    pub version: Option<String>,
    /// As it was run.
    pub command: String,
    pub state: CheckState,
    /// Why it stands so.
    pub detail: String,
    /// By file, relative to the workspace.
    pub files: BTreeMap<PathBuf, OfFile>,
    /// What is to be said of the run itself.
    pub own: Vec<Finding>,
    /// Of a step.
    pub build: Option<BuildRun>,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OfFile {
    /// Of the text in which it was found.
    pub fingerprint: String,
    pub found: Vec<Found>,
}

impl OfFile {
    /// What of it stands in a text.
    pub fn in_text(&self, text: &str) -> Vec<Found> {
        if self.fingerprint == host::fingerprint(text.as_bytes()) {
            self.found.clone()
        } else {
            moved(&self.found, text)
        }
    }
}

impl Record {
    pub fn count(&self) -> u64 {
        (self.files.values().map(|file| file.found.len()).sum::<usize>() + self.own.len()) as u64
    }

    /// What is remembered of a linter's last run in a workspace.
    pub fn recall(inner: &Inner, root: &Path, id: &str) -> Option<Self> {
        let journal = inner.journal_if_old()?;
        let key = key(&journal, root, id)?;
        let bytes = inner.about_to_remember(&key).or_else(|| journal.remember_get(&key).ok().flatten())?;
        Self::read(&serde_json::from_slice(&bytes).ok()?, root)
    }

    /// Keeps it, unless the settings say that nothing is.
    pub fn remember(&self, inner: &Inner, root: &Path, id: &str) {
        if !crate::record::enabled(inner, root) {
            return;
        }
        let Ok(journal) = inner.journal() else { return };
        let Some(key) = key(&journal, root, id) else { return };
        let bytes = serde_json::to_vec(&self.written(root)).unwrap_or_default();
        if bytes.len() <= LARGEST {
            inner.remember_later(vec![(key, bytes)]);
        } else {
            tracing::info!("{id} found too much to be remembered: {} MiB", bytes.len() >> 20);
        }
    }

    fn written(&self, root: &Path) -> Value {
        let below = |finding: &Finding| {
            let file = finding.file.strip_prefix(root).unwrap_or(&finding.file).to_path_buf();
            Finding { file, ..finding.clone() }
        };
        let files: BTreeMap<&PathBuf, Value> = self
            .files
            .iter()
            .map(|(file, of)| {
                let found = of.found.iter().map(|one| Found { finding: below(&one.finding), ..one.clone() });
                (file, json!({ "fingerprint": of.fingerprint, "found": found.collect::<Vec<_>>() }))
            })
            .collect();
        json!({
            "form": FORM, "inputs": self.inputs, "at": self.at, "version": self.version, "command": self.command,
            "state": self.state, "detail": self.detail, "files": files,
            "own": self.own.iter().map(below).collect::<Vec<_>>(), "build": self.build,
        })
    }

    fn read(value: &Value, root: &Path) -> Option<Self> {
        (value["form"] == FORM).then_some(())?;
        let above = |mut finding: Finding| {
            finding.file = root.join(&finding.file);
            finding
        };
        let text = |name: &str| Some(value[name].as_str()?.to_owned());
        let mut files = BTreeMap::new();
        for (file, of) in value["files"].as_object()? {
            let found: Vec<Found> = serde_json::from_value(of["found"].clone()).ok()?;
            let found = found.into_iter().map(|mut one| {
                one.finding = above(one.finding);
                one
            });
            let of = OfFile { fingerprint: of["fingerprint"].as_str()?.to_owned(), found: found.collect() };
            files.insert(PathBuf::from(file), of);
        }
        let own: Vec<Finding> = serde_json::from_value(value["own"].clone()).ok()?;
        Some(Self {
            inputs: text("inputs")?,
            at: text("at")?,
            version: text("version"),
            command: text("command")?,
            state: serde_json::from_value(value["state"].clone()).ok()?,
            detail: text("detail")?,
            files,
            own: own.into_iter().map(above).collect(),
            build: serde_json::from_value(value["build"].clone()).ok(),
        })
    }
}

fn key(journal: &journal::Journal, root: &Path, id: &str) -> Option<String> {
    journal.workspace_id(root).ok().map(|workspace| format!("check:{workspace}:{id}"))
}

/// The text of a file as an editor shows it, without a byte order mark, which tools do not count either; if it is one.
pub(super) fn text(file: &Path) -> Option<String> {
    let text = String::from_utf8(host::read_small(file, LARGEST_TEXT).ok()?).ok()?;
    Some(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}
