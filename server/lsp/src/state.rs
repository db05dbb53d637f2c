//! The state thread: it owns the documents, applies changes in order, and decides what is told to the client.
//! It never waits for anything but its next event: no lock that is held for long, no disk, no client.

use crate::asking::Asking;
use crate::capabilities::Client;
use crate::confirm::Confirming;
use crate::debug::Debug;
use crate::documents::{Applied, Documents};
use crate::event::{Event, Loss};
use crate::from_proto;
use crate::outbound::{Key, Outbound};
use crate::progress::Shows;
use crate::publish::Publishing;
use crate::requests::code_lens::Told;
use crate::resolutions::Given;
use crate::resting::Resting;
use crate::work::Work;
use contract::ConflictShown;
use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use engine::{Engine, EngineOptions, Notice, Suggester};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tower_lsp::ls_types::{MessageType, Uri};

/// Events taken before what is due is looked at: a flood may not hold diagnostics back for ever.
const AT_ONCE: usize = 1024;
/// Least time between two statuses of one workspace.
const STATUS_APART: Duration = Duration::from_millis(100);

/// Everything the server knows. Owned by one thread.
pub(crate) struct State {
    pub events: Sender<Event>,
    pub outbound: Outbound,
    pub options: EngineOptions,
    pub version: String,
    pub client: Client,
    pub documents: Documents,
    /// `None` until `initialize` was answered.
    pub engine: Option<Engine>,
    pub trusted: Option<bool>,
    pub roots: Vec<PathBuf>,
    pub conflicts_enabled: bool,
    pub suggester: Suggester,
    pub asking: Asking,
    pub work: Work,
    pub shows: Shows,
    /// Edits of conflicts that the client may be about to apply.
    pub given: Vec<Given>,
    pub publishing: Publishing,
    pub debug: Debug,
    pub told_lenses: Told,
    /// By root of a workspace: the look of which clients were told hints.
    pub told_hints: HashMap<PathBuf, Option<String>>,
    /// What was told of the conflicts of each document.
    pub told_conflicts: HashMap<Uri, Vec<ConflictShown>>,
    pub confirming: Confirming,
    pub resting: Resting,
    notices: Receiver<Notice>,
    status_due: BTreeMap<PathBuf, Instant>,
    status_sent: HashMap<PathBuf, Instant>,
    problem: Option<String>,
    health: Option<serde_json::Value>,
    settling: Vec<(Option<i64>, Sender<()>)>,
}

/// Starts the state thread. Gives where its events go.
pub(crate) fn start(
    outbound: Outbound,
    options: EngineOptions,
    version: String,
    debug: Debug,
) -> std::io::Result<Sender<Event>> {
    let (events, inbox) = unbounded();
    let mut state = State {
        events: events.clone(),
        outbound,
        options,
        version,
        client: Client::default(),
        documents: Documents::default(),
        engine: None,
        trusted: None,
        roots: Vec::new(),
        conflicts_enabled: true,
        suggester: Suggester::default(),
        asking: Asking::default(),
        work: Work::default(),
        shows: Shows::default(),
        given: Vec::new(),
        publishing: Publishing::default(),
        debug,
        told_lenses: Told::default(),
        told_hints: HashMap::new(),
        told_conflicts: HashMap::new(),
        confirming: Confirming::default(),
        resting: Resting::default(),
        notices: never(),
        status_due: BTreeMap::new(),
        status_sent: HashMap::new(),
        problem: None,
        health: None,
        settling: Vec::new(),
    };
    std::thread::Builder::new().name("state".to_owned()).spawn(move || state.run(&inbox))?;
    Ok(events)
}

impl State {
    fn run(&mut self, inbox: &Receiver<Event>) {
        loop {
            self.wait(inbox);
            for event in inbox.try_iter().take(AT_ONCE) {
                self.take(event);
            }
            let notices = self.notices.clone();
            for notice in notices.try_iter().take(AT_ONCE) {
                self.notice(notice);
            }
            let now = Instant::now();
            self.publish_due(now);
            self.expire_requests(now);
            self.expire_edits(now);
            self.send_statuses(now);
            self.rest(now);
            self.settle(inbox);
        }
    }

    /// Waits for an event, a notice, or the time at which something is due.
    fn wait(&mut self, inbox: &Receiver<Event>) {
        let due = [
            self.publishing.deadline(),
            self.asking.deadline(),
            self.confirming.deadline(),
            self.resting.deadline(),
            self.status_due.values().min().copied(),
        ];
        let timeout = match due.into_iter().flatten().min() {
            None => never(),
            Some(at) => crossbeam_channel::at(at),
        };
        let notices = self.notices.clone();
        select! {
            recv(inbox) -> event => if let Ok(event) = event {
                self.take(event);
                self.resting.stir(Instant::now());
            },
            recv(notices) -> notice => match notice {
                Ok(notice) => {
                    self.notice(notice);
                    self.resting.stir(Instant::now());
                }
                // The engine is gone.
                Err(_) => self.notices = never(),
            },
            recv(timeout) -> _ => {}
        }
    }

    /// One event; a bug in one handler costs its own answer and nothing else.
    fn take(&mut self, event: Event) {
        if catch_unwind(AssertUnwindSafe(|| self.handle(event))).is_err() {
            tracing::error!("a handler panicked; the server goes on");
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Change(params) => {
                let uri = params.text_document.uri;
                let version = params.text_document.version;
                match self.documents.change(&uri, version, params.content_changes, self.client.encoding) {
                    Applied::NotOpen if !from_proto::is_looked_after(&uri) => return,
                    Applied::NotOpen => {
                        return tracing::warn!("a change to a document that is not open: {}", uri.as_str());
                    }
                    Applied::VersionWentBack { from } => {
                        tracing::warn!("version {version} after {from}, applied all the same: {}", uri.as_str());
                    }
                    Applied::Yes => {}
                }
                self.look_for_given(&uri);
                self.confirm(&uri);
                self.publishing.mark(&uri, Instant::now());
                self.place_soon(&uri, false);
            }
            Event::Open(params) => {
                let uri = params.text_document.uri.clone();
                if !from_proto::is_looked_after(&uri) {
                    return tracing::debug!("not looked after: {}", uri.as_str());
                }
                self.documents.open(params.text_document);
                self.respell(&uri);
                self.publish_opened(&uri);
                self.publishing.mark(&uri, Instant::now());
                self.place_soon(&uri, true);
                if self.debug.ask_on_open {
                    self.ask(
                        "workspace/configuration",
                        json!({ "items": [{ "scopeUri": uri, "section": "holdover" }] }),
                        |_, _| {},
                    );
                }
            }
            Event::Save(params) => {
                if let (Some(path), Some(engine)) = (self.path_of(&params.text_document.uri), &self.engine) {
                    engine.saved(&path);
                }
            }
            Event::Close(params) => {
                let uri = params.text_document.uri;
                self.told_lenses.remove(&uri);
                self.told_conflicts.remove(&uri);
                self.confirming.closed(&uri);
                let path = self.path_of(&uri);
                let lost = path.as_deref().is_some_and(|path| self.documents.is_lost(path));
                if let (Some(path), Some(engine)) = (&path, &self.engine) {
                    engine.document_closed(path);
                }
                if self.documents.close(&uri).is_some() || lost {
                    self.publish_closed(&uri, path.as_deref());
                }
            }
            Event::Lost { uri, loss } => self.lost(uri, &loss),
            Event::Answered { id, answer } => self.answered(id, answer),
            Event::Run(run) => run(self),
            Event::Progress { token, progress } => self.report_progress(&token, &progress),
            Event::Settle { asked, done } => self.settling.push((asked, done)),
        }
    }

    /// A document's text is no longer the editor's: nothing is said of it until it comes whole, and the user knows once.
    fn lost(&mut self, uri: Option<Uri>, loss: &Loss) {
        let Some(uri) = uri else {
            return match loss {
                Loss::TooLarge(bytes) => {
                    tracing::error!("a message of {bytes} bytes is over the limit and was not read");
                }
                Loss::Unreadable(problem) => {
                    tracing::error!("a message about some document cannot be understood: {problem}");
                }
            };
        };
        if from_proto::is_looked_after(&uri) && self.documents.lose(&uri) {
            self.publish_closed(&uri, self.path_of(&uri).as_deref());
            let name = uri.as_str();
            let text = match loss {
                Loss::TooLarge(bytes) => format!(
                    "this document is too large to look after ({} MiB, the limit is {} MiB): {name}",
                    bytes >> 20,
                    crate::framing::LARGEST >> 20,
                ),
                Loss::Unreadable(problem) => format!(
                    "what the editor said of this document could not be understood ({problem}), so nothing is said of its text until \
                     the editor sends it whole; close and open it again: {name}"
                ),
            };
            self.log_message(MessageType::WARNING, &text);
        }
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Status { root } => self.status_soon(root),
            Notice::Settings { .. } => {
                self.turn_log();
                for uri in self.documents.uris() {
                    if self.respell(&uri) {
                        self.publish_opened(&uri);
                        self.publishing.mark(&uri, Instant::now());
                        self.place_soon(&uri, true);
                    }
                }
                self.settings_changed();
            }
            Notice::Findings { files, .. } => self.findings_changed(&files),
            Notice::Message { text, serious } => {
                self.log_message(if serious { MessageType::WARNING } else { MessageType::INFO }, &text);
                if serious {
                    self.problem = Some(text);
                }
            }
            Notice::Build { root, name } => {
                let params = json!({ "workspace": root, "name": name });
                self.outbound.notify_newest(Key::Build(root, name), "holdover/didChangeBuild", params);
            }
            Notice::Lints { root } => self.place_all(&root),
            Notice::Notes { root } => self.notes_changed(&root),
            Notice::Reviews { root } => self.reviews_changed(&root),
            Notice::Delivery(change) if self.client.delivery => {
                self.outbound.notify("holdover/didChangeDelivery", change);
            }
            Notice::Delivery(_) => {}
            // Its number of events is part of every status.
            Notice::Journal => self.roots.clone().into_iter().for_each(|root| self.status_soon(root)),
        }
    }

    pub(crate) fn status_soon(&mut self, root: PathBuf) {
        let earliest = self.status_sent.get(&root).map_or_else(Instant::now, |sent| *sent + STATUS_APART);
        self.status_due.entry(root).or_insert(earliest);
    }

    fn send_statuses(&mut self, now: Instant) {
        let due: Vec<PathBuf> =
            self.status_due.iter().filter(|(_, at)| **at <= now).map(|(root, _)| root.clone()).collect();
        if !due.is_empty() {
            self.refresh_lenses();
        }
        for root in due {
            self.refresh_hints(&root);
            self.status_due.remove(&root);
            let Some(engine) = self.engine.as_ref().filter(|_| self.roots.contains(&root)) else { continue };
            let status = engine.status(&root);
            let health = json!({
                "health": if self.problem.is_some() { "warning" } else { "ok" },
                "quiescent": self.work.is_idle(),
                "message": self.problem.as_ref().unwrap_or(&status.text),
            });
            self.status_sent.insert(root.clone(), now);
            self.outbound.notify_newest(Key::Status(root), "holdover/didChangeStatus", status);
            if self.health.as_ref() != Some(&health) {
                self.outbound.notify_newest(Key::Health, "experimental/serverStatus", &health);
                self.health = Some(health);
            }
        }
    }

    fn settle(&mut self, inbox: &Receiver<Event>) {
        if self.settling.is_empty() || !inbox.is_empty() || !self.notices.is_empty() {
            return;
        }
        if self.work.is_idle() && self.confirming.is_idle() && self.publishing.is_idle() && self.status_due.is_empty() {
            let last = self.asking.last();
            for (_, done) in self.settling.extract_if(.., |(asked, _)| asked.is_none_or(|asked| asked <= last)) {
                // Whoever waited may have given up.
                let _ = done.try_send(());
            }
        }
    }

    /// Starts the engine: after `initialize` was answered, so that nobody waits for a disk.
    pub(crate) fn start_engine(&mut self) {
        let engine = Engine::new(self.options.clone());
        self.notices = engine.notices();
        for root in &self.roots {
            engine.open_workspace(root, self.trusted);
        }
        self.engine = Some(engine);
        self.turn_log();
        for uri in self.documents.uris() {
            self.place_soon(&uri, true);
        }
    }

    /// Takes the setting `log.level` of the first workspace over.
    pub(crate) fn turn_log(&self) {
        if let (Some(engine), Some(root)) = (&self.engine, self.roots.first())
            && let Some(level) = engine.settings(root).log.level
        {
            crate::log::turn(&level);
        }
    }

    /// Whether conflicts of a file are shown; the editor's own setting decides where no workspace does.
    pub(crate) fn shows_conflicts(&self, file: Option<&Path>) -> bool {
        let of_workspace = file.zip(self.engine.as_ref()).and_then(|(file, engine)| engine.shows_conflicts(file));
        of_workspace.unwrap_or(self.conflicts_enabled)
    }

    /// Opens a workspace.
    pub(crate) fn open_root(&mut self, root: &Path) {
        if !self.roots.iter().any(|open| open == root) {
            if let Some(engine) = &self.engine {
                engine.open_workspace(root, self.trusted);
            }
            self.roots.push(root.to_owned());
            self.tell_opened_root(root);
        }
    }

    /// Closes a workspace.
    pub(crate) fn close_root(&mut self, root: &Path) {
        if let Some(engine) = &self.engine {
            let files: Vec<PathBuf> = engine.findings(root).keys().cloned().collect();
            engine.close_workspace(root);
            self.roots.retain(|open| open != root);
            self.findings_changed(&files);
        }
        self.roots.retain(|open| open != root);
        self.refresh_lenses();
        self.told_hints.remove(root);
        self.status_due.remove(root);
        self.status_sent.remove(root);
    }

    /// The path of an address, as the open workspaces spell it.
    pub(crate) fn path_of(&self, uri: &Uri) -> Option<PathBuf> {
        from_proto::path(uri).map(|path| self.spelled(&path))
    }

    /// A path as the open workspaces spell it.
    pub(crate) fn spelled(&self, path: &Path) -> PathBuf {
        self.engine.as_ref().map_or_else(|| path.to_owned(), |engine| engine.spelled(path))
    }

    /// Gives a document's path the spelling of the open workspaces; says whether it was another.
    fn respell(&mut self, uri: &Uri) -> bool {
        let engine = self.engine.clone();
        let spell = |path: &Path| engine.as_ref().map_or_else(|| path.to_owned(), |engine| engine.spelled(path));
        let Some(before) = self.documents.respell(uri, spell) else { return false };
        if let (Some(engine), Some(root)) = (&self.engine, self.root_of(&before)) {
            engine.set_conflicts(&root, &before, None);
        }
        true
    }

    /// The open workspace that a file lies in; the innermost where several do.
    pub(crate) fn root_of(&self, path: &Path) -> Option<PathBuf> {
        path.ancestors().find_map(|folder| self.roots.iter().find(|root| root.as_path() == folder).cloned())
    }

    /// Something that a user must know.
    pub(crate) fn log_message(&self, kind: MessageType, text: &str) {
        tracing::info!("told the user: {text}");
        self.outbound.notify("window/logMessage", json!({ "type": kind, "message": text }));
    }
}
