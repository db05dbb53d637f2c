//! The background of an editor's server: one thread that surveys when something changed, then verifies while nothing
//! else is to be done. Work is merged: ten changes of one workspace are one survey.

use crate::Notice;
use crate::inner::Inner;
use crate::watch::Watches;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use host::Cancel;
use journal::{Change, Filter, Journal};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Changes that come within this time are one.
const SETTLE: Duration = Duration::from_millis(60);
/// However long changes keep coming, a survey is not put off longer than this.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is looked whether a file system answers that did not; only while there is one.
const AGAIN_HEARD: Duration = Duration::from_secs(2);
/// After so long what was left in the journal's files is tried again, when something has happened.
const AGAIN: Duration = Duration::from_mins(1);

pub(crate) enum Task {
    /// A workspace is to be looked at now.
    Survey(PathBuf),
    /// Something at this path has changed.
    Changed(PathBuf),
    /// More has changed than the system could keep count of.
    ChangesLost,
    /// What git holds as unmerged is to be looked at again.
    Unmerged(PathBuf),
    /// Somebody asked for the connection and what is known of it is old, or the system says that it may be another.
    Connection,
    /// Somebody asked how the model stands, and what is known of it is old.
    Model,
    /// The journal was opened: what is old goes by its rules, and what was deleted goes from the files.
    Tend,
    /// Workspaces came or went: watch what is needed and nothing else.
    Rewatch,
    /// The journal was written to, here or by another process.
    Journal(Change),
}

/// How long the end of the thread is waited for. Taking back watches can take the kernel some tens of milliseconds;
/// done here, before `shutdown` is answered, it does not hold up the end of the process.
const FAREWELL: Duration = Duration::from_millis(500);

/// Dropping it ends the thread.
pub(crate) struct Worker {
    tasks: Sender<Task>,
    cancel: Cancel,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl Worker {
    pub fn start(inner: Weak<Inner>) -> Self {
        let (tasks, queue) = unbounded();
        let cancel = Cancel::new();
        let (own, stop) = (tasks.clone(), cancel.clone());
        let (alive, ended) = bounded(0);
        let run = move || {
            work(&inner, &queue, &own, &stop);
            drop(alive);
        };
        if let Err(e) = std::thread::Builder::new().name("engine".to_owned()).spawn(run) {
            tracing::error!("nothing is looked at: no thread could be started: {e}");
        }
        Self { tasks, cancel, ended }
    }

    pub fn enqueue(&self, task: Task) {
        // The thread ends only when `self` is dropped.
        let _ = self.tasks.send(task);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cancel.cancel();
        let _ = self.tasks.send(Task::Rewatch);
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

fn work(inner: &Weak<Inner>, queue: &Receiver<Task>, own: &Sender<Task>, stop: &Cancel) {
    let changed = own.clone();
    let mut watches = Watches::new(move |path| {
        let _ = changed.send(path.map_or(Task::ChangesLost, Task::Changed));
    });
    let tell = own.clone();
    // A connection that comes or goes is known at once, where the system tells.
    let _routes = host::RouteWatch::start(move || drop(tell.send(Task::Connection)));
    let (mut journal_watch, mut was_locked) = (None, false);
    let mut silent: Vec<PathBuf> = Vec::new();
    let mut unverified: BTreeSet<PathBuf> = BTreeSet::new();
    let mut unlinted: BTreeSet<PathBuf> = BTreeSet::new();
    let mut tending = Tending { wanted: true, ..Tending::default() };
    loop {
        // With nothing to verify, sleep until something happens: an idle server wakes for nothing.
        let may_tend = || inner.upgrade().is_some_and(|inner| matches!(inner.journal_now(), Some(Ok(_))));
        let idle = unverified.is_empty() && unlinted.is_empty() && !(tending.is_due() && may_tend());
        // Nothing tells that a file system answers again.
        let now = inventory::silent();
        let answered = silent.iter().any(|place| !now.contains(place));
        silent = now;
        let first = match idle {
            _ if answered => Some(Task::ChangesLost),
            true if !silent.is_empty() => match queue.recv_timeout(AGAIN_HEARD) {
                Err(RecvTimeoutError::Timeout) => continue,
                told => told.ok(),
            },
            true => queue.recv().ok(),
            false => queue.try_recv().ok(),
        };
        if stop.is_cancelled() {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        let Some(first) = first else {
            if let Some(root) = unlinted.pop_first() {
                // What is asked meanwhile comes first; what was read is kept.
                let gave_way = inner
                    .workspace(&root)
                    .is_some_and(|w| !w.lint_now(&inner, &|| !queue.is_empty() || stop.is_cancelled()));
                if gave_way {
                    unlinted.insert(root);
                } else {
                    // The files that were read are watched from then on.
                    let _ = own.send(Task::Rewatch);
                }
            } else if let Some(root) = unverified.pop_first()
                && let Some(workspace) = inner.workspace(&root)
            {
                // Verification gives way to whatever is asked meanwhile.
                let give_way = Cancel::new();
                let (signal, waiting) = (give_way.clone(), queue.clone());
                let watch_queue = move || {
                    if !waiting.is_empty() {
                        signal.cancel();
                    }
                };
                workspace.deepen_now(&inner, false, &give_way, &|_, _| watch_queue());
                if give_way.is_cancelled() {
                    unverified.insert(root);
                }
            } else if tending.is_due()
                && let Some(Ok(journal)) = inner.journal_now()
            {
                tending.begin(&inner, journal);
            }
            continue;
        };
        if inner.door.is_locked() {
            (journal_watch, was_locked) = (None, true);
        }
        if journal_watch.is_none()
            && let Ok(journal) = inner.journal()
        {
            let tell = own.clone();
            if let Ok(head) = journal.head() {
                inner.saw_events(head);
            }
            // What other processes left.
            inner.poke_sealer();
            inner.poke_retries();
            inner.poke_syncing();
            if std::mem::take(&mut was_locked) {
                // Nobody knew how many events there are.
                inner.tell(Notice::Journal);
            }
            journal_watch = journal
                .watch(move |change| {
                    let _ = tell.send(Task::Journal(change));
                })
                .map_err(|e| tracing::warn!("other editors' changes are seen late: {e}"))
                .ok();
        }
        let mut at_once = BTreeSet::new();
        let mut settled = BTreeSet::new();
        let mut merging = BTreeSet::new();
        let mut sort = |task: Task, at_once: &mut BTreeSet<PathBuf>, settled: &mut BTreeSet<PathBuf>| match task {
            Task::Survey(root) => {
                at_once.insert(root);
            }
            Task::Changed(path) => {
                if path == inner.gate.file() {
                    look_at_connection(&inner);
                }
                settled.extend(watches.roots_of(&path));
                merging.extend(watches.unmerged_of(&path));
                watches.touched(&path);
            }
            Task::ChangesLost => settled.extend(inner.all_workspaces().iter().map(|w| w.root.clone())),
            Task::Rewatch => {}
            Task::Unmerged(root) => {
                merging.insert(root);
            }
            Task::Tend => tending.wanted = true,
            Task::Connection => {
                look_at_connection(&inner);
                crate::mirrors::ask_by_itself(&inner);
            }
            Task::Model => crate::models::look(&inner),
            Task::Journal(change) => {
                // One may have been added, or another be in use.
                crate::models::look(&inner);
                inner.saw_events(change.head);
                inner.poke_sealer();
                inner.poke_retries();
                inner.poke_syncing();
                inner.tell(Notice::Journal);
                settled.extend(fetched_elsewhere(&inner, change));
                for workspace in inner.all_workspaces() {
                    if change.moved {
                        crate::notes::refresh_delivery(&inner, &workspace);
                    }
                    crate::notes::refresh(&inner, &workspace);
                    crate::synced::refresh(&inner, &workspace);
                }
            }
        };
        sort(first, &mut at_once, &mut settled);
        while let Ok(task) = queue.try_recv() {
            sort(task, &mut at_once, &mut settled);
        }
        if at_once.is_empty() && !settled.is_empty() {
            let began = Instant::now();
            while at_once.is_empty()
                && began.elapsed() < PATIENCE
                && let Ok(task) = queue.recv_timeout(SETTLE)
            {
                sort(task, &mut at_once, &mut settled);
            }
        }
        at_once.append(&mut settled);
        merging.extend(at_once.iter().cloned());
        if !at_once.is_empty() {
            look_at_connection(&inner);
            crate::models::look(&inner);
        }
        for root in at_once {
            if let Some(workspace) = inner.workspace(&root) {
                workspace.reload(&inner);
                crate::checkers::recall(&inner, &workspace);
                workspace.survey_now(&inner, stop);
                inner.look_at_checks(&root);
                crate::project::refresh(&inner, &workspace);
                crate::synced::refresh(&inner, &workspace);
                // Its trust was read with it.
                inner.poke_retries();
                inner.poke_syncing();
                crate::notes::refresh(&inner, &workspace);
                if workspace.lints() {
                    workspace.lint_book.begin();
                }
                unlinted.insert(root.clone());
                crate::caches::look(&inner, &workspace);
                crate::mirrors::ask_by_itself(&inner);
                let verify = workspace.loaded().settings.inventory.verify.unwrap_or(true);
                let left = workspace.survey().is_some_and(|s| s.readiness.verified < s.readiness.present);
                if verify && left {
                    unverified.insert(root);
                } else {
                    unverified.remove(&root);
                }
            }
        }
        for workspace in merging.iter().filter_map(|root| inner.workspace(root)) {
            crate::unmerged::refresh(&inner, &workspace);
        }
        let late = watches.follow(&inner);
        // Costs next to nothing where nothing has changed, which is then always so.
        for task in late.surveys.into_iter().map(Task::Survey).chain(late.unmerged.into_iter().map(Task::Unmerged)) {
            let _ = own.send(task);
        }
        for workspace in inner.all_workspaces() {
            let (tell, root) = (own.clone(), workspace.root.clone());
            workspace.keep_vigil(move || drop(tell.send(Task::Changed(root))));
        }
    }
}

/// Old contents and deleted ones: seen to once a start, and again where something was left in the files.
#[derive(Default)]
struct Tending {
    wanted: bool,
    began: Option<Instant>,
    /// Set while a thread is at it; what it left is in the other.
    at_it: Arc<AtomicBool>,
    left: Arc<AtomicBool>,
}

impl Tending {
    /// Whether it is time; asked when something has happened and is done, so that nobody is woken by it.
    fn is_due(&self) -> bool {
        let again = || self.left.load(Ordering::Acquire) && self.began.is_none_or(|began| began.elapsed() > AGAIN);
        !self.at_it.load(Ordering::Acquire) && (self.wanted || again())
    }

    /// On a thread of its own: a journal that is written anew takes a second for 100 MB.
    fn begin(&mut self, inner: &Arc<Inner>, journal: Journal) {
        self.wanted = false;
        self.began = Some(Instant::now());
        self.at_it.store(true, Ordering::Release);
        let (inner, at_it, left) = (Arc::downgrade(inner), Arc::clone(&self.at_it), Arc::clone(&self.left));
        let tend = move || {
            if let Some(inner) = inner.upgrade() {
                crate::retention::tend(&inner, &journal);
            }
            left.store(journal.erasures_pending().is_ok_and(|left| left > 0), Ordering::Release);
            at_it.store(false, Ordering::Release);
        };
        if let Err(e) = std::thread::Builder::new().name("tend".to_owned()).spawn(tend) {
            self.at_it.store(false, Ordering::Release);
            tracing::info!("old contents of the journal were not seen to: no thread could be started: {e}");
        }
    }
}

pub(crate) fn look_at_connection(inner: &Inner) {
    if crate::status::refresh_connectivity(inner) {
        inner.poke_retries();
        inner.poke_syncing();
        for workspace in inner.all_workspaces() {
            inner.tell(Notice::Status { root: workspace.root.clone() });
        }
    }
}

/// The open workspaces for which a fetch has ended, in whichever process: nothing else tells of it where the caches'
/// own folders are not watched.
fn fetched_elsewhere(inner: &Inner, change: Change) -> BTreeSet<PathBuf> {
    let Some(Ok(journal)) = inner.journal_now() else { return BTreeSet::new() };
    let filter = Filter { after: Some(change.after), kind: Some("fetch.".to_owned()), ..Filter::default() };
    let entries = journal.entries(&filter).unwrap_or_default();
    if entries.is_empty() {
        return BTreeSet::new();
    }
    let mut roots: BTreeSet<PathBuf> = inner.all_workspaces().iter().map(|w| w.root.clone()).collect();
    roots.retain(|root| {
        let id = journal.workspace_id(root).map(|id| id.to_string()).ok();
        id.is_some() && entries.iter().any(|entry| entry.workspace == id && entry.kind != "fetch.asked")
    });
    roots
}
