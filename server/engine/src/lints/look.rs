//! Reads a workspace's files for the lints, one after the other, and keeps what was found for as long as they stay the same.
//! Gives way between two files; says nothing by itself.

use super::allowed::Allowed;
use super::facts::Machine;
use super::walk;
use crate::inner::Inner;
use crate::workspace::Workspace;
use contract::{CheckState, CheckStatus, Finding, Severity};
use host::Loaded;
use inventory::Survey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

/// What a file looked like when it was read.
type Stamp = (u64, Option<SystemTime>);

/// Files whose changes are followed, of one workspace.
const MOST_WATCHED: usize = 1000;

/// What is kept of one workspace.
#[derive(Default)]
pub(crate) struct LintBook {
    kept: Mutex<BTreeMap<PathBuf, Kept>>,
    told: Mutex<Told>,
    /// The look and the settings that open documents were held against last.
    against: Mutex<(Weak<Survey>, Weak<Loaded>)>,
}

struct Kept {
    stamp: Stamp,
    drafts: Arc<checks::Drafts>,
    /// Of a file in which something was found.
    text: Option<Arc<str>>,
}

#[derive(Default)]
struct Told {
    findings: Arc<BTreeMap<PathBuf, Vec<Finding>>>,
    at: Option<String>,
    files: u64,
    left_out: Vec<String>,
    running: bool,
}

impl LintBook {
    /// What was found last, by file.
    pub fn findings(&self) -> Arc<BTreeMap<PathBuf, Vec<Finding>>> {
        Arc::clone(&self.told().findings)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files that were read last, to be watched.
    pub fn watched(&self) -> Vec<PathBuf> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keys().take(MOST_WATCHED).cloned().collect()
    }

    /// Whether a look is to come, so that the status says so.
    pub fn begin(&self) {
        self.told().running = true;
    }

    /// Where the lints stand; none before the first look.
    pub fn status(&self) -> Option<CheckStatus> {
        let told = self.told();
        if told.at.is_none() && !told.running {
            return None;
        }
        let all = || told.findings.values().flatten();
        let state = match () {
            () if told.running => CheckState::Running,
            () if all().any(|finding| finding.severity <= Severity::Warning) => CheckState::Failed,
            () => CheckState::Passed,
        };
        Some(CheckStatus {
            name: "lints".to_owned(),
            state,
            findings: all().count() as u64,
            ran_at: told.at.clone(),
            ..CheckStatus::default()
        })
    }

    /// How many files were read, and what was left out.
    pub fn extent(&self) -> (u64, Vec<String>) {
        let told = self.told();
        (told.files, told.left_out.clone())
    }

    /// Takes back what was found: nobody wants it any more.
    pub fn forget(&self) {
        *self.told() = Told::default();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads what has changed and judges all of it anew; `false`: it gave way, and is to be asked again.
    pub fn look(&self, workspace: &Workspace, give_way: &dyn Fn() -> bool) -> bool {
        let root = &workspace.root;
        let loaded = workspace.loaded();
        let exclude = loaded.settings.inventory.exclude.clone().unwrap_or_default();
        let Some((files, more)) = walk::files(root, &exclude, give_way) else { return false };
        let mut left_out = Vec::new();
        if more {
            left_out.push(format!("only the first {} files were read", files.len()));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|file, _| files.binary_search(file).is_ok());
        for file in &files {
            if give_way() {
                return false;
            }
            let Ok(metadata) = std::fs::symlink_metadata(file) else { continue };
            let stamp = (metadata.len(), metadata.modified().ok());
            if kept.get(file).is_some_and(|kept| kept.stamp == stamp) {
                continue;
            }
            if let Some(now) = read(root, file, stamp) {
                kept.insert(file.clone(), now);
            } else {
                kept.remove(file);
                left_out
                    .push(format!("{}: it is not UTF-8, or larger than is read", walk::below(root, file).display()));
            }
        }
        let machine = Machine::new(root, workspace.survey());
        let allowed = Allowed::of(&loaded.settings);
        let mut used = vec![false; allowed.len()];
        let mut findings: BTreeMap<PathBuf, Vec<Finding>> = BTreeMap::new();
        for (file, one) in &*kept {
            if give_way() {
                return false;
            }
            let Some(text) = &one.text else { continue };
            let (places, codes) = allowed.in_file(walk::below(root, file));
            let linted = checks::judge(&one.drafts, file, text, &codes, &machine);
            for (at, was) in places.into_iter().zip(linted.used) {
                used[at] |= was;
            }
            if !linted.findings.is_empty() {
                findings.insert(file.clone(), linted.findings);
            }
        }
        let files_read = kept.len() as u64;
        drop(kept);
        let settings = root.join(host::WORKSPACE_FILE);
        if allowed.len() > 0
            && let Ok(bytes) = host::read_small(&settings, 1 << 20)
        {
            let text = String::from_utf8_lossy(&bytes);
            let own = allowed.findings(&settings, &text, (!more).then_some(&used));
            if !own.is_empty() {
                findings.insert(settings, own);
            }
        }
        *self.told() =
            Told { findings: Arc::new(findings), at: Some(host::now()), files: files_read, left_out, running: false };
        true
    }
}

fn read(root: &Path, file: &Path, stamp: Stamp) -> Option<Kept> {
    let bytes = host::read_small(file, checks::LARGEST as u64).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let drafts = checks::lint(walk::below(root, file), &text);
    let says = !drafts.drafts.is_empty() || !drafts.allowances.is_empty();
    Some(Kept { stamp, drafts: Arc::new(drafts), text: says.then(|| text.into()) })
}

impl Workspace {
    /// Whether the lints are wanted, `lints.enable`.
    pub fn lints(&self) -> bool {
        self.loaded().settings.lints.enable.unwrap_or(true)
    }

    /// Has the files read that the lints are about, and tells what has changed; `false`: it gave way.
    pub fn lint_now(&self, inner: &Inner, give_way: &dyn Fn() -> bool) -> bool {
        let told_elsewhere = inner.spelled(&self.root) != self.root;
        if !self.lints() || told_elsewhere {
            self.lint_book.forget();
        } else if !self.lint_book.look(self, &|| give_way() || self.cancel.is_cancelled()) {
            return false;
        }
        self.merge_findings(inner);
        let now = (self.survey().as_ref().map(Arc::downgrade).unwrap_or_default(), Arc::downgrade(&self.loaded()));
        let before = {
            let mut against = self.lint_book.against.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *against, now.clone())
        };
        if !(before.0.ptr_eq(&now.0) && before.1.ptr_eq(&now.1)) {
            inner.tell(crate::Notice::Lints { root: self.root.clone() });
        }
        inner.tell(crate::Notice::Status { root: self.root.clone() });
        true
    }

    /// What the lints say of an open document, whose text is `text`.
    pub fn lint_document(&self, file: &Path, text: &str) -> Vec<Finding> {
        if !self.lints() {
            return Vec::new();
        }
        let drafts = checks::lint(walk::below(&self.root, file), text);
        if drafts.drafts.is_empty() && drafts.allowances.is_empty() {
            return Vec::new();
        }
        let loaded = self.loaded();
        let allowed = Allowed::of(&loaded.settings);
        let (_, codes) = allowed.in_file(walk::below(&self.root, file));
        let machine = Machine::new(&self.root, self.survey());
        checks::judge(&drafts, file, text, &codes, &machine).findings
    }

    /// Whether the lints read a file of this name.
    pub fn lints_file(&self, file: &Path) -> bool {
        self.lints() && checks::kind(walk::below(&self.root, file)).is_some()
    }
}
