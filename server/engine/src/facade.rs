//! The one door into the engine. Every method says whether it answers from memory or does work.

use crate::checkers::Live;
use crate::door::Door;
use crate::inner::{Inner, UNSEEN};
use crate::retry::Retries;
use crate::syncing::Syncing;
use crate::worker::{Task, Worker};
use crate::workspace::Workspace;
use crate::{EngineError, Notice, Report};
use contract::{Finding, JournalReport, PreflightReport, Status};
use crossbeam_channel::{Receiver, unbounded};
use host::{Folders, Gate, OfflineMode, Trust, TrustList};
use inventory::Survey;
use journal::{Filter, Journal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How an engine is set up.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// The data folder in place of the user's.
    pub data_dir: Option<PathBuf>,
    /// `holdover.*` as the editor has it; `null` in a terminal.
    pub editor_settings: serde_json::Value,
    /// Watch files and verify checksums in the background: an editor's server does, a command does not.
    pub background: bool,
    /// Of lockfiles whose artifacts are all here only counts are wanted; see [`inventory::Options::counts_only`].
    pub counts_only: bool,
    /// Called before settings and trust are read: a test makes it wait, as a disk that hangs would.
    pub before_reading: Option<fn()>,
}

/// The use cases, shared by every front end. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

/// How long a tool that was told to end is waited for, all in all: cargo and npm end within milliseconds.
const LAST_TOOL: std::time::Duration = std::time::Duration::from_millis(1500);

/// Bytes of the journal's log that a command leaves as they are.
const SHORT_LOG: u64 = 2 << 20;
impl Engine {
    /// Returns at once; the journal is opened on a thread of its own.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        let (folders, problem) = match Folders::find(options.data_dir.as_deref()) {
            Ok(folders) => (folders, None),
            // Nothing can be kept; everything that needs nothing kept still works.
            Err(e) => {
                let nowhere = PathBuf::from("/nonexistent/holdover");
                (Folders { data: nowhere.clone(), config: nowhere.join("holdover.toml") }, Some(e.to_string()))
            }
        };
        let (notices, receiver) = unbounded();
        let inner = Arc::new(Inner {
            gate: Gate::new(&folders),
            trust: TrustList::new(&folders),
            editor_settings: RwLock::new(options.editor_settings),
            workspaces: RwLock::default(),
            door: Door::default(),
            to_remember: Mutex::default(),
            connectivity: Mutex::default(),
            counts_only: options.counts_only,
            before_reading: options.before_reading,
            notices,
            receiver,
            worker: Mutex::new(None),
            sealer: Mutex::new(None),
            retries: Mutex::new(None),
            syncing: Mutex::new(None),
            live: Mutex::new(None),
            explanations: crate::explain::Book::default(),
            models: crate::models::Known::default(),
            unsealed: AtomicU64::new(UNSEEN),
            events: options.background.then(|| AtomicU64::new(UNSEEN)),
            folders,
        });
        crate::door::open_aside(&inner, problem);
        if options.background {
            let worker = Worker::start(Arc::downgrade(&inner));
            *inner.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker);
            let sealer = crate::sealer::start(Arc::downgrade(&inner));
            *inner.sealer.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
            let retries = Retries::start(Arc::downgrade(&inner));
            *inner.retries.lock().unwrap_or_else(PoisonError::into_inner) = Some(retries);
            let syncing = Syncing::start(Arc::downgrade(&inner));
            *inner.syncing.lock().unwrap_or_else(PoisonError::into_inner) = Some(syncing);
            *inner.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(Live::start(&Arc::downgrade(&inner)));
        }
        Self { inner }
    }

    /// What the engine tells on its own account.
    #[must_use]
    pub fn notices(&self) -> Receiver<Notice> {
        self.inner.receiver.clone()
    }

    /// The folders of this user.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.inner.folders
    }

    /// Begins to look after a workspace. In the background this reads no file and returns at once; settings and trust are
    /// read by the first survey. A command has them read when this returns.
    /// `trusted_by_editor` is the editor's own answer, if it has one; else the user's trust list decides.
    pub fn open_workspace(&self, root: &Path, trusted_by_editor: Option<bool>) {
        let workspace = Arc::new(Workspace::new(&self.inner, root, trusted_by_editor));
        if !self.inner.background() {
            workspace.reload(&self.inner);
        }
        self.inner.workspaces.write().unwrap_or_else(PoisonError::into_inner).insert(root.to_path_buf(), workspace);
        self.inner.enqueue(Task::Survey(root.to_path_buf()));
    }

    /// Forgets a workspace and stops what is done for it.
    pub fn close_workspace(&self, root: &Path) {
        let gone = self.inner.workspaces.write().unwrap_or_else(PoisonError::into_inner).remove(root);
        if let Some(workspace) = gone {
            workspace.cancel.cancel();
            workspace.cancel_retry();
            workspace.cancel_sync();
            workspace.running.stop();
            // Another name of the same folder takes over what this one told.
            let real = workspace.real();
            for twin in self.inner.all_workspaces().into_iter().filter(|twin| twin.real() == real) {
                self.inner.enqueue(Task::Survey(twin.root.clone()));
            }
            self.inner.enqueue(Task::Rewatch);
        }
    }

    /// A path as the open workspace that it lies in spells it, whichever links lead there. From memory.
    #[must_use]
    pub fn spelled(&self, path: &Path) -> PathBuf {
        self.inner.spelled(path)
    }

    /// The roots that are open.
    #[must_use]
    pub fn workspaces(&self) -> Vec<PathBuf> {
        self.inner.workspaces.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The editor's settings have changed. Returns at once; the files below them are read in the background.
    pub fn set_editor_settings(&self, settings: serde_json::Value) {
        *self.inner.editor_settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        for workspace in self.inner.all_workspaces() {
            self.inner.enqueue(Task::Survey(workspace.root.clone()));
        }
    }

    /// The editor's trust in a workspace has changed.
    pub fn set_editor_trust(&self, root: &Path, trusted: bool) {
        if let Some(workspace) = self.inner.workspace(root) {
            workspace.set_editor_trust(trusted);
            self.inner.tell(Notice::Status { root: root.to_path_buf() });
            self.inner.enqueue(Task::Survey(root.to_path_buf()));
        }
    }

    /// From memory. A workspace that is not open gives an empty status.
    #[must_use]
    pub fn status(&self, root: &Path) -> Status {
        self.inner.workspace(root).map(|w| crate::status::compose(&self.inner, &w)).unwrap_or_default()
    }

    /// From memory: the last survey's report, if there was one.
    #[must_use]
    pub fn preflight(&self, root: &Path, all: bool) -> Option<PreflightReport> {
        let workspace = self.inner.workspace(root)?;
        let mut report = workspace.report(all)?;
        report.findings.extend(workspace.settings_findings(None));
        report.findings.extend(workspace.freshness.found().iter().cloned());
        let survey = workspace.survey()?;
        report.findings.extend(crate::prove::findings(&workspace, &survey));
        Some(report)
    }

    /// The status as people read it, as Markdown. From memory; `None` where the workspace is not open.
    #[must_use]
    pub fn status_markdown(&self, root: &Path) -> Option<String> {
        let workspace = self.inner.workspace(root)?;
        Some(Report::of(&crate::status::compose(&self.inner, &workspace)).markdown(root))
    }

    /// The newest events, oldest of them first: at most `limit`, which is between 1 and 1000; of one workspace where
    /// `root` names one, of kinds that begin with `kind` where that is given. Reads the journal.
    pub fn journal_events(
        &self,
        root: Option<&Path>,
        kind: Option<String>,
        limit: usize,
    ) -> Result<JournalReport, EngineError> {
        let journal = self.journal()?;
        let failed = |e: journal::JournalError| EngineError::Journal { reason: e.to_string() };
        let workspace = root.map(|root| journal.workspace_id(root)).transpose().map_err(failed)?;
        let limit = Some(limit.clamp(1, 1000));
        let filter = Filter { workspace, kind, limit, newest_first: true, ..Filter::default() };
        let mut events = journal.entries(&filter).map_err(failed)?;
        events.reverse();
        Ok(JournalReport { events })
    }

    /// One event of the journal as Markdown; `None` where there is none with this id. Reads the journal.
    pub fn journal_entry_markdown(&self, id: &str) -> Result<Option<String>, EngineError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        let filter = Filter { id: Some(id), limit: Some(1), ..Filter::default() };
        let found = self.journal()?.entries(&filter).map_err(|e| EngineError::Journal { reason: e.to_string() })?;
        Ok(found.first().map(crate::report::journal_entry_markdown))
    }

    /// Looks again, now, on this thread, and answers when it is done. `deep` compares every checksum;
    /// `progress` is told bytes done and in all.
    pub fn survey(
        &self,
        root: &Path,
        deep: bool,
        cancel: &host::Cancel,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Arc<Survey>, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        workspace.survey_now(&self.inner, cancel);
        if !workspace.looks() {
            return Err(EngineError::Disabled);
        }
        if deep {
            workspace.deepen_now(&self.inner, true, cancel, progress);
        }
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        workspace.survey().ok_or(EngineError::Cancelled)
    }

    /// From memory: the settings that hold for a workspace.
    #[must_use]
    pub fn settings(&self, root: &Path) -> contract::Settings {
        self.inner.workspace(root).map(|w| w.loaded().settings.clone()).unwrap_or_default()
    }

    /// From memory: what of a workspace's settings did not count, with where it was said.
    #[must_use]
    pub fn settings_problems(&self, root: &Path) -> Vec<host::Problem> {
        self.inner.workspace(root).map(|w| w.loaded().problems.clone()).unwrap_or_default()
    }

    /// From memory: whether conflicts of a file are shown, if it lies in an open workspace. Asked at every keystroke.
    #[must_use]
    pub fn shows_conflicts(&self, file: &Path) -> Option<bool> {
        Some(self.inner.workspace_of(file)?.loaded().settings.conflicts.enable.unwrap_or(true))
    }

    /// From memory: findings by file, for files as they are on disk.
    #[must_use]
    pub fn findings(&self, root: &Path) -> Arc<BTreeMap<PathBuf, Vec<Finding>>> {
        self.inner.workspace(root).map(|w| w.findings()).unwrap_or_default()
    }

    /// Finds out when the tools of the caches may begin to delete something. Reads their databases.
    pub fn look_at_caches(&self, root: &Path) {
        if let Some(workspace) = self.inner.workspace(root) {
            crate::caches::look(&self.inner, &workspace);
        }
    }

    /// Whether what the workspace names may be run.
    pub fn trust_of(&self, root: &Path) -> Result<Trust, EngineError> {
        match self.inner.workspace(root) {
            Some(workspace) => Ok(workspace.trust()),
            None => Ok(self.inner.trust.of(root)?),
        }
    }

    /// Trusts a workspace with `holdover.toml` as it is now, or takes trust back; says whether anything changed.
    pub fn set_trust(&self, root: &Path, trusted: bool) -> Result<bool, EngineError> {
        let changed = if trusted {
            let before = self.inner.trust.of(root)?;
            self.inner.trust.trust(root)?;
            !before.allows()
        } else {
            self.inner.trust.revoke(root)?
        };
        if changed {
            let kind = if trusted { "trust.given" } else { "trust.revoked" };
            crate::record::decision(&self.inner, Some(root), kind, serde_json::json!({}));
        }
        if let Some(workspace) = self.inner.workspace(root) {
            workspace.reload(&self.inner);
            self.inner.tell(Notice::Status { root: root.to_path_buf() });
        }
        Ok(changed)
    }

    /// What the user said about connections.
    #[must_use]
    pub fn offline_mode(&self) -> OfflineMode {
        self.inner.gate.mode()
    }

    /// Forces offline, or no longer; every process of the user sees it at once.
    pub fn set_offline(&self, mode: OfflineMode) -> Result<(), EngineError> {
        self.inner.gate.set(mode).map_err(|e| {
            let (file, kind) = (self.inner.gate.file().display(), e.kind());
            EngineError::Host(format!(
                "this could not be written: {file}: {kind}\nhint: make its folder writable for you"
            ))
        })?;
        let word = match mode {
            OfflineMode::On => "on",
            OfflineMode::Off => "off",
            OfflineMode::Auto => "auto",
        };
        crate::status::refresh_connectivity(&self.inner);
        crate::record::decision(&self.inner, None, "offline.set", serde_json::json!({ "mode": word }));
        for root in self.workspaces() {
            self.inner.tell(Notice::Status { root });
        }
        Ok(())
    }

    /// Whether there is a connection, as far as it can be told without asking anybody. Asks the system.
    #[must_use]
    pub fn connectivity(&self) -> contract::Connectivity {
        crate::status::refresh_connectivity(&self.inner);
        crate::status::connectivity(&self.inner)
    }

    /// The journal, waiting for it to be opened.
    pub fn journal(&self) -> Result<Journal, EngineError> {
        self.inner.journal().map_err(|reason| EngineError::Journal { reason })
    }

    /// Stops the background work. Everything acknowledged is on disk already.
    pub fn shutdown(&self) {
        for workspace in self.inner.all_workspaces() {
            workspace.cancel.cancel();
            workspace.running.stop();
        }
        drop(self.inner.live.lock().unwrap_or_else(PoisonError::into_inner).take());
        let worker = self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(worker);
        let sealer = self.inner.sealer.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(sealer);
        let retries = self.inner.retries.lock().unwrap_or_else(PoisonError::into_inner).take();
        let syncing = self.inner.syncing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(retries) = &retries {
            retries.stop();
        }
        if let Some(syncing) = &syncing {
            syncing.stop();
        }
        for workspace in self.inner.all_workspaces() {
            workspace.cancel_retry();
            workspace.cancel_sync();
        }
        drop(retries);
        drop(syncing);
        // A tool that was asked to end is waited for, so that its job says how it ended; the process's end reaches what is left.
        for workspace in self.inner.all_workspaces() {
            workspace.running.wait(LAST_TOOL);
        }
        // A command that has something to remember waits for a journal that is being made; an editor waits for nothing.
        let journal = if self.inner.background() { self.inner.journal_now() } else { Some(self.inner.journal()) };
        let Some(Ok(journal)) = journal else { return };
        // A command has flushed what somebody meant when it was written. What it only observed outlives the process, and it does
        // not wait for the disk with it.
        let last = if self.inner.background() { journal.flush() } else { written(&journal) };
        if let Err(e) = last {
            tracing::warn!("the last observations may not have been recorded: {e}");
        }
        crate::sealer::before_leaving(&journal, self.inner.background());
        if self.inner.background() || journal.newer().is_some() {
            return;
        }
        self.inner.remember_now(&journal);
        if let Err(e) = written(&journal) {
            tracing::warn!("what was found may have to be found again: {e}");
        }
    }

    /// [`Engine::shutdown`] for a process that ends now. A short log of the journal is left for whoever opens it next, which
    /// takes a millisecond; closing would move it into the database and wait for the disk several times.
    pub fn leave(self) {
        self.shutdown();
        let database = self.inner.journal_now().and_then(Result::ok).map(|journal| journal.database().to_path_buf());
        let log = database.map(|mut database| {
            database.as_mut_os_string().push("-wal");
            database
        });
        if log.and_then(|log| log.metadata().ok()).is_some_and(|log| log.len() < SHORT_LOG) {
            std::mem::forget(self);
        }
    }
}

/// Waits until everything that this process handed to the journal is committed.
fn written(journal: &Journal) -> Result<(), journal::JournalError> {
    journal.write(false, |_| Ok(()))
}
