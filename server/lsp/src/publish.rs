//! When diagnostics go out, and what is in them.
//! The first of a run of edits is published at once; the others wait for a short silence, so that fifty keystrokes at once
//! cost two publishes. Conflicts come from the marker index; findings of the engine are placed by a worker and kept.

use crate::outbound::Key;
use crate::state::State;
use crate::to_proto;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tower_lsp::ls_types::{Diagnostic, PublishDiagnosticsParams, Uri};

/// Edits that follow a publish within this time are one run.
const RUN: Duration = Duration::from_millis(5);
/// Silence that ends a run. Edits written back to back arrive some 20 to 60 µs apart.
const SILENCE: Duration = Duration::from_micros(400);
/// Longest time a run may hold diagnostics back.
const LONGEST_RUN: Duration = Duration::from_millis(20);
/// Silence after which the engine's findings are placed anew: parsing a lockfile costs milliseconds.
const PLACE_AFTER: Duration = Duration::from_millis(150);

/// One document's pace.
#[derive(Default)]
struct Pace {
    published: Option<Instant>,
    dirty_since: Option<Instant>,
    changed: Option<Instant>,
    /// The engine's findings, placed in some version of the text.
    placed: Vec<Diagnostic>,
    place_at: Option<Instant>,
    placing: bool,
    /// As the engine was told; `None` before that.
    conflicts: Option<u64>,
    /// Whether conflicts were shown when it was published last.
    shows: bool,
}

impl Pace {
    fn due(&self) -> Option<Instant> {
        let since = self.dirty_since?;
        let in_a_run = self.published.is_some_and(|published| since.saturating_duration_since(published) < RUN);
        let changed = self.changed.unwrap_or(since);
        Some(if in_a_run { (changed + SILENCE).min(since + LONGEST_RUN) } else { since })
    }
}

/// The pace of every document, and which of them wait.
#[derive(Default)]
pub(crate) struct Publishing {
    paces: HashMap<Uri, Pace>,
    dirty: HashSet<Uri>,
    to_place: HashSet<Uri>,
    /// Files that are not open and have diagnostics with the client.
    shown: HashSet<PathBuf>,
}

impl Publishing {
    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let publish = self.dirty.iter().filter_map(|uri| self.paces.get(uri)?.due());
        let place = self.to_place.iter().filter_map(|uri| self.paces.get(uri)?.place_at);
        publish.chain(place).min()
    }

    /// Whether nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.dirty.is_empty() && self.to_place.is_empty()
    }

    /// A document changed: its diagnostics are to be published.
    pub(crate) fn mark(&mut self, uri: &Uri, now: Instant) {
        let pace = self.paces.entry(uri.clone()).or_default();
        pace.dirty_since.get_or_insert(now);
        pace.changed = Some(now);
        if !self.dirty.contains(uri) {
            self.dirty.insert(uri.clone());
        }
    }
}

impl State {
    /// Publishes what is due.
    pub(crate) fn publish_due(&mut self, now: Instant) {
        let is_due = |uri: &&Uri| self.publishing.paces.get(uri).and_then(Pace::due).is_none_or(|due| due <= now);
        let due: Vec<Uri> = self.publishing.dirty.iter().filter(is_due).cloned().collect();
        for uri in due {
            self.publishing.dirty.remove(&uri);
            self.publish(&uri);
        }
        let is_due =
            |uri: &&Uri| self.publishing.paces.get(uri).and_then(|pace| pace.place_at).is_none_or(|due| due <= now);
        let due: Vec<Uri> = self.publishing.to_place.iter().filter(is_due).cloned().collect();
        for uri in due {
            self.publishing.to_place.remove(&uri);
            self.place(&uri);
        }
    }

    fn publish(&mut self, uri: &Uri) {
        let encoding = self.client.encoding;
        let Some(path) = self.documents.get_mut(uri).map(|document| document.path.clone()) else { return };
        let shown = self.shows_conflicts(path.as_deref());
        let Some(document) = self.documents.get_mut(uri) else { return };
        let pace = self.publishing.paces.entry(uri.clone()).or_default();
        let version = document.version;
        let (text, conflicts) = document.parts();
        let count = conflicts.regions.len() as u64;
        let mut diagnostics =
            if shown { to_proto::conflict_diagnostics(text, conflicts, encoding) } else { Vec::new() };
        diagnostics.extend_from_slice(&pace.placed);
        pace.published = Some(Instant::now());
        pace.dirty_since = None;
        pace.shows = shown;
        let told = pace.conflicts.replace(count);
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version: Some(version) };
        self.outbound.notify_newest(Key::Diagnostics(uri.clone()), "textDocument/publishDiagnostics", params);
        if told != Some(count)
            && let Some(path) = path
        {
            self.tell_conflicts(&path, Some(count));
        }
        self.show_conflicts(uri, shown);
    }

    /// Settings are others: documents whose conflicts are shown now and were not before, or the reverse, are published.
    pub(crate) fn settings_changed(&mut self) {
        let now = Instant::now();
        for uri in self.documents.uris() {
            let path = self.documents.get(&uri).and_then(|document| document.path.as_deref());
            let shows = self.shows_conflicts(path);
            if self.publishing.paces.get(&uri).is_some_and(|pace| pace.published.is_some() && pace.shows != shows) {
                self.publishing.mark(&uri, now);
            }
        }
    }

    /// Has the engine's findings for a document placed, now or after its edits came to rest.
    pub(crate) fn place_soon(&mut self, uri: &Uri, at_once: bool) {
        let now = Instant::now();
        let knows = || self.engine.as_ref()?.knows(self.documents.get(uri)?.path.as_deref()?).then_some(());
        if knows().is_none() {
            // Of a file that is no longer looked at, nothing is said any more.
            let taken_back = self.publishing.paces.get_mut(uri).map(|pace| std::mem::take(&mut pace.placed));
            if taken_back.is_some_and(|placed| !placed.is_empty()) {
                self.publishing.mark(uri, now);
            }
            return;
        }
        let pace = self.publishing.paces.entry(uri.clone()).or_default();
        pace.place_at = Some(if at_once { now } else { now + PLACE_AFTER });
        self.publishing.to_place.insert(uri.clone());
    }

    fn place(&mut self, uri: &Uri) {
        let (Some(engine), Some(document)) = (self.engine.clone(), self.documents.get(uri)) else { return };
        let Some(path) = document.path.clone() else { return };
        let Some(pace) = self.publishing.paces.get_mut(uri) else { return };
        if pace.placing {
            // Its end asks again.
            pace.place_at = Some(Instant::now() + PLACE_AFTER);
            self.publishing.to_place.insert(uri.clone());
            return;
        }
        pace.placing = true;
        let (text, encoding, uri) = (document.text.clone(), self.client.encoding, uri.clone());
        let job = move || {
            let found = engine.document_findings(&path, &text.to_string());
            let place = |finding| to_proto::diagnostic(finding, to_proto::range(&text, finding.range, encoding));
            found.iter().map(place).collect::<Vec<_>>()
        };
        self.work(job, move |state, placed| {
            let knows = || state.engine.as_ref()?.knows(state.documents.get(&uri)?.path.as_deref()?).then_some(());
            let known = knows().is_some();
            let Some(pace) = state.publishing.paces.get_mut(&uri) else { return };
            pace.placing = false;
            let Some(placed) = placed.filter(|_| known) else { return };
            if pace.placed != placed {
                pace.placed = placed;
                state.publish(&uri);
            }
        });
    }

    /// A document was opened under an address that is not the one under which its file was told: that one is taken back.
    pub(crate) fn publish_opened(&mut self, uri: &Uri) {
        let path = self.documents.get(uri).and_then(|document| document.path.clone());
        let Some(path) = path.filter(|path| self.publishing.shown.contains(path)) else { return };
        if let Some(own) = to_proto::uri(&path).filter(|own| own != uri) {
            self.publishing.shown.remove(&path);
            self.publish_nothing(own);
        }
    }

    fn publish_nothing(&self, uri: Uri) {
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics: Vec::new(), version: None };
        self.outbound.take_back(Key::Diagnostics(uri), "textDocument/publishDiagnostics", params);
    }

    /// A document was closed: what is left is what the engine says of the file.
    pub(crate) fn publish_closed(&mut self, uri: &Uri, path: Option<&Path>) {
        let pace = self.publishing.paces.remove(uri).unwrap_or_default();
        self.publishing.dirty.remove(uri);
        self.publishing.to_place.remove(uri);
        let Some(path) = path else { return self.publish_nothing(uri.clone()) };
        if pace.conflicts.is_some() {
            self.tell_conflicts(path, None);
        }
        if to_proto::uri(path).as_ref() == Some(uri) {
            self.publishing.shown.insert(path.to_owned());
        } else {
            self.publish_nothing(uri.clone());
        }
        self.publish_unopened(path);
    }

    /// Publishes what the engine says of a file that is not open.
    pub(crate) fn publish_unopened(&mut self, path: &Path) {
        let Some(uri) = to_proto::uri(path) else { return };
        let findings = self.root_of(path).zip(self.engine.as_ref()).map(|(root, engine)| engine.findings(&root));
        let findings = findings.as_ref().and_then(|all| all.get(path)).map(Vec::as_slice).unwrap_or_default();
        // Places on the disk are not places in a text that the editor holds and we do not know.
        let findings = if self.documents.is_lost(path) { &[] } else { findings };
        let diagnostics: Vec<_> = findings
            .iter()
            .map(|finding| to_proto::diagnostic(finding, to_proto::range_unseen(finding.range)))
            .collect();
        if diagnostics.is_empty() {
            if self.publishing.shown.remove(path) {
                self.publish_nothing(uri);
            }
            return;
        }
        self.publishing.shown.insert(path.to_owned());
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version: None };
        self.outbound.notify_newest(Key::Diagnostics(uri), "textDocument/publishDiagnostics", params);
    }

    /// The engine's findings for some files are different now.
    pub(crate) fn findings_changed(&mut self, files: &[PathBuf]) {
        for file in files {
            match self.documents.uri_of(file) {
                Some(uri) => self.place_soon(&uri, true),
                None => self.publish_unopened(file),
            }
        }
    }

    /// A workspace was opened that may hold documents which are open: it is told of their conflicts, and what is found in
    /// them is placed.
    pub(crate) fn tell_opened_root(&mut self, root: &Path) {
        for uri in self.documents.uris() {
            let path = self.documents.get(&uri).and_then(|document| document.path.clone());
            let Some(path) = path.filter(|path| self.root_of(path).as_deref() == Some(root)) else { continue };
            if let Some(count) = self.publishing.paces.get(&uri).and_then(|pace| pace.conflicts) {
                self.tell_conflicts(&path, Some(count));
            }
            self.place_soon(&uri, true);
        }
    }

    /// What the findings of a workspace's open documents are held against is different now.
    pub(crate) fn place_all(&mut self, root: &Path) {
        for uri in self.documents.uris() {
            let path = self.documents.get(&uri).and_then(|document| document.path.clone());
            if path.is_some_and(|path| self.root_of(&path).as_deref() == Some(root)) {
                self.place_soon(&uri, true);
            }
        }
    }

    fn tell_conflicts(&self, path: &Path, hunks: Option<u64>) {
        if let (Some(engine), Some(root)) = (&self.engine, self.root_of(path)) {
            engine.set_conflicts(&root, path, hunks);
        }
    }
}
