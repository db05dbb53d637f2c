//! Pinning a requirement to the version that is locked: for an editor which are offered, and the edit of one in the text as it is
//! now; for a terminal all of a workspace, written to the manifests. Nothing but the requirement itself is changed.

use crate::conflicts::{ConflictError, LARGEST, replace_text};
use crate::{Engine, EngineError};
use contract::{Action, Edit, LeftRequirement, OutdatedLockfile, PinReport, PinnedRequirement, Range};
use host::Cancel;
use inventory::{Pin, Requirement, Survey, Unpinned};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The action's name.
pub const PIN: &str = "inventory.pin";
/// Offered at a time.
const MOST: usize = 20;

/// What of a workspace is to be pinned.
#[derive(Debug, Clone, Copy)]
pub struct PinAsked<'a> {
    /// Dependencies by name; none: every one that leaves the version open.
    pub names: &'a [String],
    /// In these manifests alone; none: in all of the workspace.
    pub manifests: &'a [PathBuf],
    /// Written, or only told.
    pub write: bool,
}

/// Why nothing was pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// No manifest names it.
    #[error(
        "no manifest that was looked at names this dependency: {name}\nhint: `holdover pin` lists those that can be pinned"
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// No lockfile was made for it.
    #[error("this is no manifest of a lockfile here, and no requirements file that is judged: {}\nhint: `holdover preflight` says which lockfiles are looked at", file.display())]
    NoManifest {
        /// The file.
        file: PathBuf,
    },
}

impl Engine {
    /// Pins what was asked for to what is locked, and tells of it with what could not be read or written. Where files were written,
    /// the lockfiles are looked at again: some tools refuse one that holds what was asked for before. Where a name is
    /// unknown nothing is written.
    ///
    /// # Errors
    /// The workspace could not be looked at, or [`PinError`].
    pub fn pin(
        &self,
        root: &Path,
        asked: PinAsked<'_>,
        cancel: &Cancel,
    ) -> Result<(PinReport, Vec<ConflictError>), EngineError> {
        let survey = self.survey(root, false, cancel, &|_, _| {})?;
        let all = inventory::pinnable(&survey);
        let real = |file: &PathBuf| std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        let named: Vec<PathBuf> = asked.manifests.iter().map(real).collect();
        if let Some(file) = named.iter().find(|file| !all.contains(&file.as_path())) {
            return Err(PinError::NoManifest { file: file.clone() }.into());
        }
        let mut report = PinReport { workspace: root.to_path_buf(), ..PinReport::default() };
        let mut problems = Vec::new();
        let mut met: HashSet<&str> = HashSet::new();
        for file in all.into_iter().filter(|file| named.is_empty() || named.iter().any(|named| named == file)) {
            let text = match host::read_small(file, LARGEST) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(source) => {
                    problems.push(ConflictError::Read { file: file.to_path_buf(), source });
                    continue;
                }
            };
            for found in inventory::requirements(&survey, file, &text) {
                let name = asked.names.iter().find(|name| same_name(file, name, &found.dependency));
                met.extend(name.map(String::as_str));
                match &found.pin {
                    _ if name.is_none() && !asked.names.is_empty() => {}
                    Ok(pin) => report.pins.push(of_pin(file, &text, pin)),
                    Err(why) if name.is_some() => report.left.push(of_left(file, &found, why)),
                    Err(_) => {}
                }
            }
        }
        if let Some(name) = asked.names.iter().find(|name| !met.contains(name.as_str())) {
            return Err(PinError::Unknown { name: name.clone() }.into());
        }
        if asked.write {
            write(&survey, &mut report, &mut problems);
        }
        if report.pins.iter().any(|pin| pin.written) {
            report.lockfiles = outdated(&survey, &*self.survey(root, false, cancel, &|_, _| {})?);
        }
        Ok((report, problems))
    }

    /// The requirements on the lines of `range` of an open manifest that can be pinned.
    #[must_use]
    pub fn pin_actions(&self, file: &Path, text: &str, range: Range) -> Vec<Action> {
        let on_line = |pin: &Pin| pin.range.start.line <= range.end.line && range.start.line <= pin.range.end.line;
        let pins = self.pins(file, text).into_iter().filter(on_line).take(MOST);
        let action = |pin: Pin| Action {
            title: format!("Pin {} to {}, which is locked", pin.dependency, pin.version),
            action: PIN.to_owned(),
            answers: Vec::new(),
            range: pin.range,
            data: json!({
                "dependency": pin.dependency,
                "version": pin.version,
                "fingerprint": host::fingerprint(text.get(pin.span.clone()).unwrap_or_default().as_bytes()),
                "byte": pin.range.start.byte,
            }),
        };
        pins.map(action).collect()
    }

    /// The edit of such an action in the text as it is now; `None` where what it was offered for is not there any more, or
    /// another version is locked by now.
    #[must_use]
    pub fn pin_edit(&self, file: &Path, text: &str, data: &Value) -> Option<Edit> {
        let said = |key: &str| data.get(key).and_then(Value::as_str);
        let same = |pin: &Pin| {
            let replaced = text.get(pin.span.clone()).unwrap_or_default();
            Some(pin.dependency.as_str()) == said("dependency")
                && Some(pin.version.as_str()) == said("version")
                && Some(host::fingerprint(replaced.as_bytes()).as_str()) == said("fingerprint")
        };
        let all: Vec<Pin> = self.pins(file, text).into_iter().filter(same).collect();
        // Of several that are the same, only the one at its place is meant.
        let byte = data.get("byte").and_then(Value::as_u64);
        let pin = match &all[..] {
            [one] => one,
            several => several.iter().find(|pin| Some(pin.range.start.byte) == byte)?,
        };
        Some(Edit {
            file: file.to_path_buf(),
            range: crate::documents::range_of(text, pin.span.clone()),
            fingerprint: host::fingerprint(text.get(pin.span.clone())?.as_bytes()),
            text: pin.text.clone(),
        })
    }

    fn pins(&self, file: &Path, text: &str) -> Vec<Pin> {
        let survey = self.inner.workspace_of(file).and_then(|workspace| workspace.survey());
        survey.map(|survey| inventory::pins(&survey, file, text)).unwrap_or_default()
    }
}

/// Whether a name means a dependency: in Python's and Cargo's manifests `-` and `_` are one, in Python's `.` and capitals too.
fn same_name(manifest: &Path, asked: &str, dependency: &str) -> bool {
    let one = |name: &str| match manifest.file_name().and_then(|name| name.to_str()) {
        Some("package.json") => name.to_owned(),
        Some("Cargo.toml") => name.replace('_', "-"),
        _ => name.replace(['_', '.'], "-").to_ascii_lowercase(),
    };
    one(asked) == one(dependency)
}

fn of_pin(file: &Path, text: &str, pin: &Pin) -> PinnedRequirement {
    PinnedRequirement {
        path: file.to_path_buf(),
        range: pin.range,
        dependency: pin.dependency.clone(),
        version: pin.version.clone(),
        before: text.get(pin.span.clone()).unwrap_or_default().to_owned(),
        after: pin.text.clone(),
        written: false,
    }
}

fn of_left(file: &Path, found: &Requirement, why: &Unpinned) -> LeftRequirement {
    let (reason, text) = match why {
        Unpinned::Exact => ("exact", "it asks for one version already".to_owned()),
        Unpinned::NoRange => ("no-range", "what stands there is no range of versions".to_owned()),
        Unpinned::NotLocked => ("not-locked", "no lockfile says which version it is".to_owned()),
        Unpinned::Several(versions) => {
            ("several", format!("it is locked in several versions: {}", versions.join(", ")))
        }
    };
    LeftRequirement {
        path: file.to_path_buf(),
        range: found.range,
        dependency: found.dependency.clone(),
        reason: reason.to_owned(),
        text,
    }
}

/// Writes each manifest anew with its pins: those of the report that are still to be made in the text as it is now.
fn write(survey: &Survey, report: &mut PinReport, problems: &mut Vec<ConflictError>) {
    for pins in report.pins.chunk_by_mut(|one, other| one.path == other.path) {
        let Some(file) = pins.first().map(|pin| pin.path.clone()) else { continue };
        let written = replace_text(&file, |text| {
            let mut now = inventory::pins(survey, &file, text);
            let same = |pin: &Pin, meant: &PinnedRequirement| {
                pin.dependency == meant.dependency
                    && pin.version == meant.version
                    && text.get(pin.span.clone()) == Some(meant.before.as_str())
            };
            now.retain(|pin| pins.iter().any(|meant| same(pin, meant)));
            if now.len() < pins.len() {
                return Err(ConflictError::Changed { file: file.clone() });
            }
            now.sort_by_key(|pin| pin.span.start);
            now.dedup_by(|one, other| one.span == other.span);
            let mut made = text.to_owned();
            // From the last on, so that the places before stay where they are.
            now.iter().rev().for_each(|pin| made.replace_range(pin.span.clone(), &pin.text));
            Ok(made)
        });
        match written {
            Ok(()) => pins.iter_mut().for_each(|pin| pin.written = true),
            Err(problem) => problems.push(problem),
        }
    }
}

/// The lockfiles that nothing was said against before, and something is now.
fn outdated(before: &Survey, after: &Survey) -> Vec<OutdatedLockfile> {
    let sound = |lockfile: &Path| {
        before.readiness.ecosystems.iter().any(|one| one.lockfile == lockfile && one.problem.is_none())
    };
    let all = after.readiness.ecosystems.iter().filter(|one| sound(&one.lockfile));
    let told = all.filter_map(|one| {
        Some(OutdatedLockfile {
            path: after.workspace.join(&one.lockfile),
            problem: one.problem.clone()?,
            command: rewriting(&one.name).to_owned(),
        })
    });
    told.collect()
}

/// The command that writes a lockfile anew from the manifests and what is here.
fn rewriting(ecosystem: &str) -> &'static str {
    match ecosystem {
        "cargo" => "cargo generate-lockfile --offline",
        "npm" => "npm install --package-lock-only --offline",
        "pnpm" => "pnpm install --lockfile-only --offline",
        "uv" => "uv lock --offline",
        "poetry" => "poetry lock",
        "yarn" => "yarn install",
        _ => "",
    }
}
