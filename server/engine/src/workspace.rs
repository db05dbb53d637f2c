//! One open workspace: its settings, its trust, its last survey and the findings made from it.

use crate::Notice;
use crate::checkers::{CheckBook, Logs};
use crate::inner::Inner;
use crate::lints::LintBook;
use crate::memory::Remembered;
use crate::notes::Book;
use crate::record::Recorded;
use crate::running::Running;
use crate::unmerged::Unmerged;
use crate::vigil::Vigil;
use crate::words;
use crate::worker::Task;
use contract::{
    Finding, InventorySettings, Job, PreflightReport, Proof, Readiness, ReadinessState, Severity, Snapshot, SyncStatus,
    codes,
};
use host::{Cancel, Layers, Loaded, Trust, WORKSPACE_FILE};
use inventory::{Ground, Inventory, Options, Survey};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// What a look gave, and when it ended.
struct Looked {
    survey: Arc<Survey>,
    at: String,
    /// The lockfiles and manifests that it is about.
    documents: HashSet<PathBuf>,
}

pub(crate) struct Workspace {
    pub root: PathBuf,
    /// Set when the workspace is closed or the engine ends.
    pub cancel: Cancel,
    /// The root with its links followed, once that is known.
    real: RwLock<Option<PathBuf>>,
    trusted_by_editor: RwLock<Option<bool>>,
    trust: RwLock<Trust>,
    loaded: RwLock<Arc<Loaded>>,
    /// With the settings that it was made for. Held while a survey runs, and by nothing that must not wait.
    inventory: Mutex<(InventorySettings, Inventory)>,
    /// Locked after `inventory`, where both are.
    vigil: Mutex<Option<Vigil>>,
    survey: RwLock<Option<Looked>>,
    /// Of the last look at lockfiles and settings.
    surveyed: RwLock<Arc<BTreeMap<PathBuf, Vec<Finding>>>>,
    /// The same with what the lints found.
    findings: RwLock<Arc<BTreeMap<PathBuf, Vec<Finding>>>>,
    pub unmerged: Unmerged,
    pub lint_book: LintBook,
    pub check_book: CheckBook,
    pub logs: Logs,
    recorded: Mutex<Recorded>,
    pub notes: Book<journal::Notes>,
    pub reviews: Book<journal::Reviews>,
    /// What is to be done for it and is not finished, as it was read last.
    jobs: Mutex<Vec<Job>>,
    /// How its remotes stand, as it was read last.
    sync: Mutex<SyncStatus>,
    /// The last proof run, held against what is here.
    proof: RwLock<Option<Proof>>,
    /// The last snapshot that was made here, held against the lockfiles.
    snapshot: RwLock<Option<Snapshot>>,
    /// What is being fetched again by itself.
    retry: Mutex<Option<Cancel>>,
    syncing: Mutex<Option<Cancel>>,
    /// When the figures of synchronisation were read.
    health_at: Mutex<Option<Instant>>,
    /// It claims to be a project that it is not, as far as the journal knows; and whether that was told.
    doubted: AtomicBool,
    told_of_doubt: AtomicBool,
    /// When its caches' tools may begin to delete something.
    pub expiry: crate::caches::Expiry,
    pub freshness: crate::freshness::Freshness,
    /// What its registries answered.
    pub registries: crate::mirrors::Registries,
    /// What runs a tool for it.
    pub running: Running,
    /// When git was asked for its first commit, and did not know.
    pub history_asked: Mutex<Option<crate::project::Moment>>,
}

impl Workspace {
    /// Whether the editor that has it open calls it untrusted.
    pub fn is_distrusted(&self) -> bool {
        *self.trusted_by_editor.read().unwrap_or_else(PoisonError::into_inner) == Some(false)
    }

    /// Reads no file: until [`Workspace::reload`] only the editor's word and the environment's count.
    pub fn new(inner: &Inner, root: &Path, trusted_by_editor: Option<bool>) -> Self {
        let trust = if trusted_by_editor == Some(true) { Trust::Trusted } else { Trust::Untrusted };
        let loaded = layers(inner, root, trust).load_without_files();
        let inventory = (loaded.settings.inventory.clone(), Inventory::new(root, options(inner, &loaded)));
        Self {
            root: root.to_path_buf(),
            cancel: Cancel::new(),
            real: RwLock::default(),
            trusted_by_editor: RwLock::new(trusted_by_editor),
            trust: RwLock::new(trust),
            loaded: RwLock::new(Arc::new(loaded)),
            inventory: Mutex::new(inventory),
            vigil: Mutex::default(),
            survey: RwLock::default(),
            surveyed: RwLock::default(),
            findings: RwLock::default(),
            unmerged: Unmerged::default(),
            lint_book: LintBook::default(),
            check_book: CheckBook::default(),
            logs: Logs::default(),
            recorded: Mutex::default(),
            notes: Book::default(),
            reviews: Book::default(),
            jobs: Mutex::default(),
            sync: Mutex::default(),
            proof: RwLock::default(),
            snapshot: RwLock::default(),
            retry: Mutex::default(),
            syncing: Mutex::default(),
            health_at: Mutex::default(),
            doubted: AtomicBool::new(false),
            told_of_doubt: AtomicBool::new(false),
            expiry: crate::caches::Expiry::default(),
            freshness: crate::freshness::Freshness::default(),
            registries: crate::mirrors::Registries::default(),
            running: Running::default(),
            history_asked: Mutex::default(),
        }
    }

    pub fn set_doubted(&self, doubted: bool) {
        self.doubted.store(doubted, Ordering::Relaxed);
    }

    pub fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    /// Whether somebody is to hear that it is doubted: once.
    pub fn doubt_to_tell(&self) -> bool {
        self.is_doubted() && !self.told_of_doubt.swap(true, Ordering::Relaxed)
    }

    pub fn trust(&self) -> Trust {
        *self.trust.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From memory; what else follows from it is read by the next [`Workspace::reload`].
    pub fn set_editor_trust(&self, trusted: bool) {
        *self.trusted_by_editor.write().unwrap_or_else(PoisonError::into_inner) = Some(trusted);
        let trust = if trusted { Trust::Trusted } else { Trust::Untrusted };
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = trust;
    }

    pub fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn survey(&self) -> Option<Arc<Survey>> {
        let looked = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        looked.as_ref().map(|looked| Arc::clone(&looked.survey))
    }

    /// Whether the last look was about this file, or it is the settings file.
    pub fn knows(&self, file: &Path) -> bool {
        let looked = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        looked.as_ref().is_some_and(|looked| looked.documents.contains(file))
            || file.file_name().is_some_and(|name| name == WORKSPACE_FILE) && file.parent() == Some(&self.root)
            || self.lints_file(file)
            || self.check_book.knows(&self.root, file)
    }

    /// The counts of the last look, with when it ended and in words.
    pub fn readiness(&self) -> Readiness {
        let looked = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        let mut readiness = Readiness::default();
        if let Some(looked) = looked.as_ref() {
            readiness.clone_from(&looked.survey.readiness);
            readiness.checked_at = Some(looked.at.clone());
        }
        drop(looked);
        if let Some(proof) = self.proof() {
            if readiness.state == ReadinessState::Ready && proof.passed {
                readiness.state =
                    if proof.changed.is_empty() { ReadinessState::Proven } else { ReadinessState::StaleProof };
            }
            readiness.proof = Some(proof);
        }
        readiness.snapshot = self.snapshot();
        for one in &mut readiness.ecosystems {
            one.text = words::ecosystem(one);
        }
        readiness.text = words::verdict(&readiness);
        readiness
    }

    /// The last look as a report.
    pub fn report(&self, all: bool) -> Option<PreflightReport> {
        Some(PreflightReport { readiness: self.readiness(), ..self.survey()?.report(all) })
    }

    /// The last proof run, with what has changed since.
    pub fn proof(&self) -> Option<Proof> {
        self.proof.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_proof(&self, proof: Option<Proof>) {
        *self.proof.write().unwrap_or_else(PoisonError::into_inner) = proof;
    }

    /// The last snapshot that was made here, with what stands against it by now.
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_snapshot(&self, snapshot: Option<Snapshot>) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    pub fn findings(&self) -> Arc<BTreeMap<PathBuf, Vec<Finding>>> {
        Arc::clone(&self.findings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads trust and settings again, and tells if they are others. Waits for no survey, and for the disk as long as it takes.
    pub fn reload(&self, inner: &Inner) {
        if let Some(before) = inner.before_reading {
            before();
        }
        self.follow_links(inner);
        let by_editor = *self.trusted_by_editor.read().unwrap_or_else(PoisonError::into_inner);
        let trust = trust_of(inner, &self.root, by_editor);
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = trust;
        let loaded = layers(inner, &self.root, trust).load(&inner.folders);
        if *self.loaded() == loaded {
            return;
        }
        for problem in &loaded.problems {
            tracing::warn!("{}: {}", problem.source, problem.message);
        }
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        inner.tell(Notice::Settings { root: self.root.clone() });
    }

    /// The root with its links followed; as it is spelled until that is known.
    pub fn real(&self) -> PathBuf {
        self.real.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_else(|| self.root.clone())
    }

    /// Learns where the root lies. Workspaces that are the same folder under another name are looked at again: only one
    /// of them may tell what is found.
    fn follow_links(&self, inner: &Inner) {
        // A root that is gone for a while keeps its place.
        let Ok(real) = std::fs::canonicalize(&self.root) else { return };
        let before = self.real.write().unwrap_or_else(PoisonError::into_inner).replace(real.clone());
        if before.as_ref() == Some(&real) || before.is_none() && real == self.root && !inner.has_twin(self, &real) {
            return;
        }
        inner.tell(Notice::Settings { root: self.root.clone() });
        for twin in inner.all_workspaces() {
            if twin.root != self.root && twin.real() == real {
                inner.enqueue(Task::Survey(twin.root.clone()));
            }
        }
    }

    /// Looks now, on this thread, and tells what has changed.
    pub fn survey_now(&self, inner: &Inner, cancel: &Cancel) {
        self.reload(inner);
        if !self.looks() {
            return self.forget(inner);
        }
        let memory = Remembered(inner);
        let stop = || cancel.is_cancelled() || self.cancel.is_cancelled();
        let survey = {
            let mut held = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
            let loaded = self.loaded();
            if held.0 != loaded.settings.inventory {
                *held = (loaded.settings.inventory.clone(), Inventory::new(&self.root, options(inner, &loaded)));
            }
            let undisturbed = self.vigil().as_ref().is_some_and(Vigil::undisturbed);
            let survey = held.1.survey_while(undisturbed, &memory, &stop);
            if !held.1.is_watched() {
                inner.enqueue(Task::Rewatch);
            }
            survey
        };
        if !stop() {
            crate::prove::refresh(inner, self, &survey);
            crate::snapshot::refresh(inner, self, &survey);
            crate::freshness::refresh(inner, self, &survey);
            self.take(inner, survey);
        }
    }

    /// Watches the folders of the last survey's packages, where they are not watched by now. Waits for no survey: after
    /// one that is going on this is asked again. `changed` is called once, when something happens in them.
    pub fn keep_vigil(&self, changed: impl FnOnce() + Send + 'static) {
        let Ok(mut held) = self.inventory.try_lock() else { return };
        if held.1.is_watched() && self.vigil().as_ref().is_some_and(Vigil::undisturbed) {
            return;
        }
        // The kernel forgets the old watches before it is given new ones.
        *self.vigil() = None;
        let Some(mut vigil) = Vigil::new() else { return };
        match held.1.watched(&mut |folder| vigil.add(folder)) {
            Ground::Watched => {
                vigil.tell(changed);
                *self.vigil() = Some(vigil);
            }
            Ground::Changed => changed(),
            Ground::Unfit => {}
        }
    }

    fn vigil(&self) -> std::sync::MutexGuard<'_, Option<Vigil>> {
        self.vigil.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether lockfiles are looked for at all, `inventory.enable`.
    pub fn looks(&self) -> bool {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).settings.inventory.enable.unwrap_or(true)
    }

    /// Compares the checksums that were not compared since their files changed, or `all` of them, on this thread and
    /// its pool, and surveys again. Surveys may run meanwhile.
    pub fn deepen_now(&self, inner: &Inner, all: bool, cancel: &Cancel, progress: &(dyn Fn(u64, u64) + Sync)) {
        let memory = Remembered(inner);
        let stop = || cancel.is_cancelled() || self.cancel.is_cancelled();
        let verification = self.inventory.lock().unwrap_or_else(PoisonError::into_inner).1.verification(all);
        verification.run(&memory, &stop, progress);
        if !stop() {
            self.survey_now(inner, cancel);
        }
    }

    /// Takes back what was said, when the user no longer wants lockfiles looked at.
    fn forget(&self, inner: &Inner) {
        *self.survey.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.surveyed.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        self.merge_findings(inner);
        inner.tell(Notice::Status { root: self.root.clone() });
    }

    fn take(&self, inner: &Inner, survey: Arc<Survey>) {
        let mut by_file: BTreeMap<PathBuf, Vec<Finding>> = BTreeMap::new();
        // Under its other name it is told already.
        let told_elsewhere = inner.spelled(&self.root) != self.root;
        for finding in survey.findings.iter().filter(|_| !told_elsewhere) {
            by_file.entry(finding.file.clone()).or_default().push(finding.clone());
        }
        for finding in crate::prove::findings(self, &survey).into_iter().filter(|_| !told_elsewhere) {
            by_file.entry(finding.file.clone()).or_default().push(finding);
        }
        for finding in self.freshness.found().iter().filter(|_| !told_elsewhere) {
            by_file.entry(finding.file.clone()).or_default().push(finding.clone());
        }
        let settings_file = self.root.join(WORKSPACE_FILE);
        let problems = self.settings_findings(None);
        if !problems.is_empty() && !told_elsewhere {
            by_file.entry(settings_file).or_default().extend(problems);
        }
        *self.surveyed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(by_file);
        let (readiness, lacking) = (survey.readiness.clone(), crate::history::lacking(&survey));
        *self.survey.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Looked { documents: inventory::documents(&survey).into_iter().collect(), survey, at: host::now() });
        crate::record::readiness(inner, &self.root, &self.recorded, &readiness, &lacking);
        self.merge_findings(inner);
        inner.tell(Notice::Status { root: self.root.clone() });
    }

    /// Puts together what the last look and the lints found, and tells in which files that is something else now.
    pub fn merge_findings(&self, inner: &Inner) {
        let surveyed = Arc::clone(&self.surveyed.read().unwrap_or_else(PoisonError::into_inner));
        let lints = self.lint_book.findings();
        let checked = self.check_book.findings();
        let drift =
            if inner.spelled(&self.root) == self.root { crate::health::findings(self, None) } else { Vec::new() };
        let now = if lints.is_empty() && checked.is_empty() && drift.is_empty() {
            surveyed
        } else {
            let mut all = (*surveyed).clone();
            for finding in drift {
                all.entry(finding.file.clone()).or_default().push(finding);
            }
            for (file, found) in &*lints {
                let told = all.entry(file.clone()).or_default();
                let more = crate::lints::beside(told, found);
                told.extend(more);
            }
            for (file, found) in &*checked {
                all.entry(file.clone()).or_default().extend(found.iter().cloned());
            }
            Arc::new(all)
        };
        let before = {
            let mut findings = self.findings.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *findings, Arc::clone(&now))
        };
        let different = |file: &&PathBuf| before.get(*file) != now.get(*file);
        let mut files: Vec<PathBuf> = before.keys().chain(now.keys()).filter(different).cloned().collect();
        files.sort();
        files.dedup();
        if !files.is_empty() {
            inner.tell(Notice::Findings { root: self.root.clone(), files });
        }
    }

    /// What is wrong with `holdover.toml`, as it is on disk or in `text`.
    pub fn settings_findings(&self, text: Option<&str>) -> Vec<Finding> {
        let file = self.root.join(WORKSPACE_FILE);
        let loaded = self.loaded();
        let source = host::Source::File(file.clone());
        let problems: Vec<_> = loaded.problems.iter().filter(|problem| problem.source == source).collect();
        if problems.is_empty() {
            return Vec::new();
        }
        let on_disk = match text {
            Some(_) => Vec::new(),
            None => host::read_small(&file, 1 << 20).unwrap_or_default(),
        };
        let on_disk = String::from_utf8_lossy(&on_disk);
        let text = text.unwrap_or(&on_disk);
        problems
            .iter()
            .map(|problem| Finding {
                code: codes::UNKNOWN_SETTING.to_owned(),
                severity: Severity::Warning,
                message: problem.message.clone(),
                file: file.clone(),
                range: crate::documents::range_of(text, problem.span.clone().unwrap_or(0..0)),
                source: "holdover".to_owned(),
                data: None,
            })
            .collect()
    }

    /// What is to be done and is not finished, as it was read last.
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How its remotes stand, as it was read last.
    pub fn sync(&self) -> SyncStatus {
        self.sync.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says whether that is another now.
    pub fn set_sync(&self, sync: SyncStatus) -> bool {
        let mut known = self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != sync;
        *known = sync;
        changed
    }

    /// Whether the figures of synchronisation are older than that; they are taken for new from then on.
    pub fn is_health_old(&self, than: Duration) -> bool {
        let mut at = self.health_at.lock().unwrap_or_else(PoisonError::into_inner);
        let old = at.is_none_or(|at| at.elapsed() >= than);
        if old {
            *at = Some(Instant::now());
        }
        old
    }

    /// A synchronisation is begun by itself; it ends with the engine and with the workspace.
    pub fn begin_sync(&self, stop: &Cancel) -> Cancel {
        let cancel = Cancel::new();
        *self.syncing.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel.clone());
        // Whoever stops sets this first and asks for what was begun afterwards, so one of the two is met.
        if stop.is_cancelled() || self.cancel.is_cancelled() {
            cancel.cancel();
        }
        cancel
    }

    pub fn end_sync(&self) {
        *self.syncing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn is_syncing(&self) -> bool {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Stops one that was begun by itself.
    pub fn cancel_sync(&self) {
        if let Some(cancel) = &*self.syncing.lock().unwrap_or_else(PoisonError::into_inner) {
            cancel.cancel();
        }
    }

    /// Says whether they are others now.
    pub fn set_jobs(&self, jobs: Vec<Job>) -> bool {
        let mut known = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != jobs;
        *known = jobs;
        changed
    }

    /// Something is begun by itself that ends with the engine, with the workspace, and when somebody says so.
    pub fn begin_retry(&self, stop: &Cancel) -> Cancel {
        let cancel = Cancel::new();
        *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel.clone());
        // Whoever stops sets this first and asks for what was begun afterwards, so one of the two is met.
        if stop.is_cancelled() || self.cancel.is_cancelled() {
            cancel.cancel();
        }
        cancel
    }

    pub fn end_retry(&self) {
        *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Stops what was begun by itself; says whether there was something.
    pub fn cancel_retry(&self) -> bool {
        let running = self.retry.lock().unwrap_or_else(PoisonError::into_inner).take();
        running.is_some_and(|cancel| {
            cancel.cancel();
            true
        })
    }
}

fn trust_of(inner: &Inner, root: &Path, by_editor: Option<bool>) -> Trust {
    match by_editor {
        Some(true) => Trust::Trusted,
        Some(false) => Trust::Untrusted,
        None => inner.trust.of(root).unwrap_or_else(|e| {
            tracing::warn!("{e}");
            Trust::Untrusted
        }),
    }
}

fn layers(inner: &Inner, root: &Path, trust: Trust) -> Layers {
    let editor = inner.editor_settings.read().unwrap_or_else(PoisonError::into_inner).clone();
    Layers::of_process(Some(root.to_path_buf()), trust.allows(), editor)
}

pub(crate) fn options(inner: &Inner, loaded: &Loaded) -> Options {
    let settings = &loaded.settings.inventory;
    Options {
        target: settings.target.clone(),
        exclude: settings.exclude.clone().unwrap_or_default(),
        counts_only: inner.counts_only,
        patience: settings.timeout_seconds.map_or(inventory::PATIENCE, |seconds| Duration::from_secs(seconds.max(1))),
        ..Options::default()
    }
}
