//! The linters of an editor's server: one thread that runs those of whole workspaces, and one that looks at texts while they are
//! typed. Of several texts of one document the last one counts. Dropping it ends both.

use super::look::look;
use super::run::{What, run};
use crate::EngineError;
use crate::Notice;
use crate::inner::Inner;
use crate::workspace::Workspace;
use contract::Finding;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use host::Cancel;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, Weak};
use std::time::{Duration, Instant};

/// Saves within this time are one.
const SETTLE: Duration = Duration::from_millis(200);
/// After so long another process is asked again whether it is done.
const AGAIN: Duration = Duration::from_secs(2);

/// A text to be looked at.
struct Typed {
    root: PathBuf,
    file: PathBuf,
    text: String,
    id: String,
    cancel: Cancel,
}

/// Where the two threads are asked.
pub(crate) struct Live {
    roots: Sender<PathBuf>,
    texts: Sender<Typed>,
}

impl Live {
    pub fn start(inner: &Weak<Inner>) -> Self {
        let (roots, asked) = unbounded();
        let (texts, typed) = unbounded();
        let (one, other) = (inner.clone(), inner.clone());
        let spawn = |name: &str, job: Box<dyn FnOnce() + Send>| {
            if let Err(e) = std::thread::Builder::new().name(name.to_owned()).spawn(job) {
                tracing::error!("{name}: no thread could be started, and nothing of it happens by itself: {e}");
            }
        };
        spawn("checks", Box::new(move || whole(&one, &asked)));
        spawn("checks-typed", Box::new(move || typing(&other, &typed)));
        Self { roots, texts }
    }
}

impl Inner {
    /// Has the linters of a workspace run, in the background.
    pub fn look_at_checks(&self, root: &Path) {
        if let Some(live) = &*self.live.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = live.roots.send(root.to_path_buf());
        }
    }
}

fn whole(inner: &Weak<Inner>, asked: &Receiver<PathBuf>) {
    let mut due: BTreeMap<PathBuf, Instant> = BTreeMap::new();
    loop {
        let next = due.values().min().copied();
        let heard = match next {
            None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => asked.recv_deadline(at),
        };
        match heard {
            Ok(root) => {
                due.insert(root, Instant::now() + SETTLE);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = Instant::now();
        let Some(root) = due.iter().find(|(_, at)| **at <= now).map(|(root, _)| root.clone()) else { continue };
        due.remove(&root);
        let Some(inner) = inner.upgrade() else { return };
        let Some(workspace) = inner.workspace(&root) else { continue };
        let cancel = Cancel::new();
        *workspace.check_book.looking.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel.clone());
        match look(&inner, &workspace, &|_| true, &cancel) {
            Ok(()) | Err(EngineError::Cancelled) => {}
            Err(EngineError::Busy { .. }) => drop(due.insert(root.clone(), Instant::now() + AGAIN)),
            Err(e) => tracing::warn!("the linters were not run: {e}"),
        }
        // What the linters are is known now, and what open documents say follows.
        inner.tell(Notice::Lints { root });
    }
}

fn typing(inner: &Weak<Inner>, typed: &Receiver<Typed>) {
    while let Ok(one) = typed.recv() {
        if one.cancel.is_cancelled() {
            continue;
        }
        let Some(inner) = inner.upgrade() else { return };
        let Some(workspace) = inner.workspace(&one.root) else { continue };
        let Some(plan) = workspace.check_book.plan_of(&one.id) else { continue };
        let _running = workspace.running.begin(&one.cancel, &workspace.cancel);
        let what = What::Text { file: &one.file, text: &one.text };
        match run(&inner, &workspace, &plan, what, None, &one.cancel) {
            Ok(record) => {
                let below = one.file.strip_prefix(&one.root).unwrap_or(&one.file);
                if !one.cancel.is_cancelled() && workspace.check_book.answer(&one.file, &one.id, below, record) {
                    inner.tell(Notice::Findings { root: one.root.clone(), files: vec![one.file.clone()] });
                }
            }
            Err(EngineError::Cancelled) => {}
            Err(e) => tracing::warn!("{} was not looked at: {e}", one.file.display()),
        }
    }
}

impl Workspace {
    /// What the linters say of an open document; those that look at its text by itself are asked to, in the background.
    pub fn check_document(&self, inner: &Inner, file: &Path, text: &str) -> Vec<Finding> {
        if self.trust().allows() && self.loaded().settings.checks.enable.unwrap_or(true) {
            let fingerprint = host::fingerprint(text.as_bytes());
            for plan in self.check_book.of_text(&self.root, file) {
                let id = plan.checker.id.clone();
                let Some(cancel) = self.check_book.ask(file, &id, &fingerprint) else { continue };
                let typed =
                    Typed { root: self.root.clone(), file: file.to_path_buf(), text: text.to_owned(), id, cancel };
                if let Some(live) = &*inner.live.lock().unwrap_or_else(PoisonError::into_inner) {
                    let _ = live.texts.send(typed);
                }
            }
        }
        self.checked_document(file, text)
    }
}
