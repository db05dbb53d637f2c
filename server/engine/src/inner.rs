//! What the front ends share: the workspaces, the journal's door, and the threads beside them. Answers from memory, but for the journal.
//! It decides nothing that a user asked for.

use crate::Notice;
use crate::background::Background;
use crate::checkers::Live;
use crate::door::Door;
use crate::retry::Retries;
use crate::status::Connection;
use crate::syncing::Syncing;
use crate::worker::{Task, Worker};
use crate::workspace::Workspace;
use crossbeam_channel::{Receiver, Sender};
use host::{Folders, Gate, TrustList};
use journal::Journal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub(crate) struct Inner {
    pub folders: Folders,
    pub gate: Gate,
    pub trust: TrustList,
    pub editor_settings: RwLock<serde_json::Value>,
    pub workspaces: RwLock<BTreeMap<PathBuf, Arc<Workspace>>>,
    pub door: Door,
    /// What is to be remembered when the journal is open, or when the command ends.
    pub to_remember: Mutex<Vec<(String, Vec<u8>)>>,
    pub connectivity: Mutex<Connection>,
    pub counts_only: bool,
    pub before_reading: Option<fn()>,
    pub notices: Sender<Notice>,
    pub receiver: Receiver<Notice>,
    pub worker: Mutex<Option<Worker>>,
    pub sealer: Mutex<Option<Background>>,
    pub retries: Mutex<Option<Retries>>,
    pub syncing: Mutex<Option<Syncing>>,
    pub live: Mutex<Option<Live>>,
    pub explanations: crate::explain::Book,
    pub models: crate::models::Known,
    /// Events in the journal as the background last saw them; `None` where nothing runs there.
    pub events: Option<AtomicU64>,
    /// Those that are in no segment, as they were counted last.
    pub unsealed: AtomicU64,
}

/// No count was seen yet.
pub(crate) const UNSEEN: u64 = u64::MAX;

impl Inner {
    pub fn tell(&self, notice: Notice) {
        // The receiver lives as long as `self`.
        let _ = self.notices.send(notice);
    }

    /// The journal, waiting for it to be opened; the reason in plain words where it cannot be used. A background does not
    /// wait for a keyring that takes its time.
    pub fn journal(&self) -> Result<Journal, String> {
        self.door.wait(self.background())
    }

    /// The journal, waiting for it to be opened, but not for it to be made; `None` too where it cannot be used.
    pub fn journal_if_old(&self) -> Option<Journal> {
        self.door.wait_if_old(self.background())
    }

    /// Remembers entries, now in a background with an open journal, else by and by.
    pub fn remember_later(&self, entries: Vec<(String, Vec<u8>)>) {
        self.door.while_as_it_is(|opened| match opened {
            Some(Ok(journal)) if self.background() => journal.remember_put_many(entries),
            Some(Err(())) => {}
            // What opens the journal cannot miss it.
            _ => self.to_remember.lock().unwrap_or_else(PoisonError::into_inner).extend(entries),
        });
    }

    /// What waits to be remembered under a key.
    pub fn about_to_remember(&self, key: &str) -> Option<Vec<u8>> {
        let waiting = self.to_remember.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().rev().find(|(waiting, _)| waiting == key).map(|(_, value)| value.clone())
    }

    /// Hands over what was to be remembered.
    pub fn remember_now(&self, journal: &Journal) {
        let entries = std::mem::take(&mut *self.to_remember.lock().unwrap_or_else(PoisonError::into_inner));
        if !entries.is_empty() {
            journal.remember_put_many(entries);
        }
    }

    /// The journal if it is open by now.
    pub fn journal_now(&self) -> Option<Result<Journal, String>> {
        self.door.now()
    }

    /// Events in the journal: from memory where the background keeps count.
    pub fn events(&self, journal: &Journal) -> Option<u64> {
        match &self.events {
            Some(seen) => Some(seen.load(Ordering::Relaxed)).filter(|n| *n != UNSEEN),
            None => journal.count().ok(),
        }
    }

    /// Events that are in no segment yet: from memory where the background keeps count.
    pub fn unsealed(&self, journal: &Journal) -> Option<u64> {
        if self.background() {
            return Some(self.unsealed.load(Ordering::Relaxed)).filter(|n| *n != UNSEEN);
        }
        journal.unsealed(&journal::SealPolicy::default()).ok().map(|found| found.events)
    }

    /// The background counted them.
    pub fn saw_unsealed(&self, events: u64) {
        self.unsealed.store(events, Ordering::Relaxed);
    }

    /// Whether there is a background, so that nothing here may wait for a disk.
    pub fn background(&self) -> bool {
        self.events.is_some()
    }

    /// The background saw the journal's last place.
    pub fn saw_events(&self, head: u64) {
        if let Some(seen) = &self.events {
            seen.store(head, Ordering::Relaxed);
        }
    }

    pub fn workspace(&self, root: &Path) -> Option<Arc<Workspace>> {
        self.workspaces.read().unwrap_or_else(PoisonError::into_inner).get(root).cloned()
    }

    /// The open workspace that a file lies in; the innermost where several do.
    pub fn workspace_of(&self, file: &Path) -> Option<Arc<Workspace>> {
        let open = self.workspaces.read().unwrap_or_else(PoisonError::into_inner);
        file.ancestors().find_map(|folder| open.get(folder).cloned())
    }

    /// A path as the workspace that it lies in spells it. One folder can be reached by several names; of those that are open
    /// the one without links is used, else the first. From memory.
    pub fn spelled(&self, path: &Path) -> PathBuf {
        let open = self.workspaces.read().unwrap_or_else(PoisonError::into_inner);
        let by_root = path.ancestors().find_map(|folder| open.get(folder).map(|found| (folder, found)));
        let found = by_root.or_else(|| {
            path.ancestors().find_map(|folder| open.values().find(|w| w.real() == folder).map(|found| (folder, found)))
        });
        let Some((folder, workspace)) = found else { return path.to_owned() };
        let real = workspace.real();
        let chosen = if open.contains_key(&real) {
            Some(&real)
        } else {
            open.values().find(|w| w.real() == real).map(|w| &w.root)
        };
        match (chosen, path.strip_prefix(folder)) {
            (Some(root), Ok(rest)) if root != folder && rest.as_os_str().is_empty() => root.clone(),
            (Some(root), Ok(rest)) if root != folder => root.join(rest),
            _ => path.to_owned(),
        }
    }

    /// Whether another open workspace is the same folder.
    pub fn has_twin(&self, own: &Workspace, real: &Path) -> bool {
        self.all_workspaces().iter().any(|other| other.root != own.root && other.real() == real)
    }

    pub fn all_workspaces(&self) -> Vec<Arc<Workspace>> {
        self.workspaces.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Somebody wrote to the journal: it may be time to seal.
    pub fn poke_sealer(&self) {
        if let Some(sealer) = &*self.sealer.lock().unwrap_or_else(PoisonError::into_inner) {
            sealer.poke();
        }
    }

    /// Jobs, trust or the connection may be others: something may be tried again.
    pub fn poke_retries(&self) {
        if let Some(retries) = &*self.retries.lock().unwrap_or_else(PoisonError::into_inner) {
            retries.poke();
        }
    }

    /// Somebody wrote, or the connection, trust or settings may be others: it may be time to synchronise.
    pub fn poke_syncing(&self) {
        if let Some(syncing) = &*self.syncing.lock().unwrap_or_else(PoisonError::into_inner) {
            syncing.poke();
        }
    }

    pub fn enqueue(&self, task: Task) {
        if let Some(worker) = &*self.worker.lock().unwrap_or_else(PoisonError::into_inner) {
            worker.enqueue(task);
        }
    }
}
