//! The linters of an editor's server: one thread that runs those of whole workspaces, and one that looks at texts while they are
//! typed. Of several texts of one document only the last one is kept, so what waits is bounded by the documents that are open.
//! Dropping it ends both.

use super::asked::Wanted;
use super::look::look;
use super::run::{What, run};
use crate::EngineError;
use crate::Notice;
use crate::inner::Inner;
use crate::workspace::Workspace;
use contract::Finding;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use host::Cancel;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Saves within this time are one.
const SETTLE: Duration = Duration::from_millis(200);
/// After so long another process is asked again whether it is done.
const AGAIN: Duration = Duration::from_secs(2);

/// A text to be looked at.
struct Typed {
    root: PathBuf,
    text: String,
    cancel: Cancel,
}

/// The document, and the linter that is to look at it.
type About = (PathBuf, String);

/// The last text of each that nobody has begun with.
type Waiting = Arc<Mutex<HashMap<About, Typed>>>;

/// Where the two threads are asked.
pub(crate) struct Live {
    roots: Sender<PathBuf>,
    /// One for each that waits.
    texts: Sender<About>,
    waiting: Waiting,
}

impl Live {
    pub fn start(inner: &Weak<Inner>) -> Self {
        let (roots, asked) = unbounded();
        let (texts, typed) = unbounded();
        let waiting = Waiting::default();
        let (one, other, taken) = (inner.clone(), inner.clone(), Arc::clone(&waiting));
        let spawn = |name: &str, job: Box<dyn FnOnce() + Send>| {
            if let Err(e) = std::thread::Builder::new().name(name.to_owned()).spawn(job) {
                tracing::error!("{name}: no thread could be started, and nothing of it happens by itself: {e}");
            }
        };
        spawn("checks", Box::new(move || whole(&one, &asked)));
        spawn("checks-typed", Box::new(move || typing(&other, &typed, &taken)));
        Self { roots, texts, waiting }
    }

    fn look_at(&self, about: About, typed: Typed) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // A newer one was asked for, and may stand here already.
        if typed.cancel.is_cancelled() {
            return;
        }
        if waiting.insert(about.clone(), typed).is_none() {
            let _ = self.texts.send(about);
        }
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
        match look(&inner, &workspace, &Wanted::by_itself(), &cancel) {
            Ok(()) | Err(EngineError::Cancelled) => {}
            Err(EngineError::Busy { .. }) => drop(due.insert(root.clone(), Instant::now() + AGAIN)),
            Err(e) => tracing::warn!("the linters were not run: {e}"),
        }
        // What the linters are is known now, and what open documents say follows.
        inner.tell(Notice::Lints { root });
    }
}

fn typing(inner: &Weak<Inner>, typed: &Receiver<About>, waiting: &Mutex<HashMap<About, Typed>>) {
    while let Ok(about) = typed.recv() {
        let Some(one) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&about) else { continue };
        if one.cancel.is_cancelled() {
            continue;
        }
        let (file, id) = about;
        let Some(inner) = inner.upgrade() else { return };
        let Some(workspace) = inner.workspace(&one.root) else { continue };
        let Some(plan) = workspace.check_book.plan_of(&id) else { continue };
        let _running = workspace.running.begin(&one.cancel, &workspace.cancel);
        let what = What::Text { file: &file, text: &one.text };
        match run(&inner, &workspace, &plan, what, None, &one.cancel) {
            Ok(record) => {
                let below = file.strip_prefix(&one.root).unwrap_or(&file);
                if !one.cancel.is_cancelled() && workspace.check_book.answer(&file, &id, below, record) {
                    inner.tell(Notice::Findings { root: one.root.clone(), files: vec![file.clone()] });
                }
            }
            Err(EngineError::Cancelled) => {}
            Err(e) => tracing::warn!("{} was not looked at: {e}", file.display()),
        }
    }
}

impl Workspace {
    /// What the linters say of an open document; those that look at its text by itself are asked to, in the background.
    pub fn check_document(&self, inner: &Inner, file: &Path, text: &str) -> Vec<Finding> {
        if self.trust().allows() && self.loaded().settings.checks.enable.unwrap_or(true) {
            let plans = self.check_book.of_text(&self.root, file);
            // Most documents have none, and each keystroke comes here.
            let fingerprint = if plans.is_empty() { String::new() } else { host::fingerprint(text.as_bytes()) };
            for plan in plans {
                let id = plan.checker.id.clone();
                let Some(cancel) = self.check_book.ask(file, &id, &fingerprint) else { continue };
                if let Some(live) = &*inner.live.lock().unwrap_or_else(PoisonError::into_inner) {
                    let typed = Typed { root: self.root.clone(), text: text.to_owned(), cancel };
                    live.look_at((file.to_path_buf(), id), typed);
                }
            }
        }
        self.checked_document(file, text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed { root: "/w".into(), text: text.to_owned(), cancel: Cancel::new() }
    }

    #[test]
    fn of_what_is_typed_only_the_last_text_of_each_document_waits() {
        let ((roots, _), (texts, asked), waiting) = (unbounded(), unbounded(), Waiting::default());
        let live = Live { roots, texts, waiting: Arc::clone(&waiting) };
        let about = |file: &str| (PathBuf::from(file), "ruff".to_owned());
        for n in 0..1_000 {
            live.look_at(about("/w/a.py"), typed(&n.to_string()));
        }
        live.look_at(about("/w/b.py"), typed("b"));
        // One that was overtaken on its way does not take the place of a newer one.
        let late = typed("late");
        late.cancel.cancel();
        live.look_at(about("/w/a.py"), late);
        let kept = waiting.lock().unwrap();
        assert_eq!((kept.len(), asked.len()), (2, 2));
        assert_eq!((&*kept[&about("/w/a.py")].text, &*kept[&about("/w/b.py")].text), ("999", "b"));
    }
}
