//! Devices of one team with a project each has, and a remote whose faults are said beforehand.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

use contract::{DeviceKind, Lane};
use holdover_sync::{
    Call, Class, Exchange, Folder, Git, GitPlace, Head, Identity, Listing, Outcome, Probe, Put, Remote, RemoteError,
    SegmentName,
};
use host::Cancel;
use journal::{Claim, Draft, Filter, Journal, KnownRemote, NO_PROJECT, Op, OpId, Terms, now_ms};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use ulid::Ulid;

pub const PROJECT: [u8; 16] = *b"the ferry's logs";

pub fn call() -> Call {
    Call::within(Duration::from_mins(1), &Cancel::new())
}

/// A data folder, and a workspace of the project.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub journal: Journal,
    pub workspace: Ulid,
}

impl Desk {
    pub fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("data")).unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir(&root).unwrap();
        let workspace = journal.workspace_id(&root).unwrap();
        let claim = Claim { project: PROJECT, history: String::new(), vouched: true, otherwise: None };
        assert_eq!(journal.claim_project(workspace, &claim).unwrap(), Some(PROJECT));
        Desk { folder, journal, workspace }
    }

    /// Sets the folder up as a remote, or finds that it is one, and notes it.
    pub fn add(&self, at: &Path) -> KnownRemote {
        self.add_remote(&Folder::at(at))
    }

    pub fn add_remote(&self, remote: &dyn Remote) -> KnownRemote {
        let identity = remote.found(PROJECT, None, &call()).unwrap();
        assert!(self.journal.add_remote(PROJECT, "stick", &remote.place(), &identity.id).unwrap());
        self.known()
    }

    /// A git repository, or a bundle, at a path, as this device reaches it: anew each time, as each command does.
    pub fn git(&self, at: &Path) -> Git {
        let device = self.journal.own_device().unwrap().id;
        Git::at(&GitPlace::local(at), &self.folder.path().join("data"), &device, None)
    }

    pub fn sync_git(&self, at: &Path) -> Outcome {
        self.sync_over(&self.git(at), 0)
    }

    pub fn known(&self) -> KnownRemote {
        self.journal.remotes(Some(PROJECT)).unwrap().remove(0)
    }

    pub fn sync(&self, at: &Path) -> Outcome {
        self.sync_over(&Folder::at(at), 0)
    }

    /// `later`: milliseconds from now.
    pub fn sync_over(&self, remote: &dyn Remote, later: i64) -> Outcome {
        self.exchange(remote, later, false)
    }

    /// The same, with everything on the remote compared.
    pub fn sync_well(&self, remote: &dyn Remote, later: i64) -> Outcome {
        self.exchange(remote, later, true)
    }

    fn exchange(&self, remote: &dyn Remote, later: i64, deep: bool) -> Outcome {
        let (known, cancel) = (self.known(), Cancel::new());
        let (journal, workspace, now_ms) = (&self.journal, self.workspace, now_ms() + later);
        Exchange { journal, remote, known: &known, workspace, cancel: &cancel, now_ms, deep }.run().unwrap()
    }

    fn write(&self, kind: &str, entity: Option<Ulid>, op: Op) -> (Ulid, OpId) {
        let person = self.journal.person().unwrap();
        let draft =
            Draft { entity, workspace: Some(self.workspace), ..Draft::intent(kind, Lane::Notes, person, &[op]) };
        let entry = self.journal.append(draft).unwrap();
        let event: Ulid = entry.id.parse().unwrap();
        (entry.entity.parse().unwrap(), OpId { event, index: 0 })
    }

    pub fn note(&self, text: &str) -> Ulid {
        self.write("note.add", None, Op::set("body", text)).0
    }

    /// Writes a note anew, in place of what stands.
    pub fn edit(&self, note: Ulid, text: &str) {
        let heads = self.heads(note);
        self.write("note.edit", Some(note), Op { pred: heads, ..Op::set("body", text) });
    }

    fn heads(&self, note: Ulid) -> Vec<OpId> {
        let Some(record) = self.journal.record(note, None).unwrap() else { return Vec::new() };
        let body = record.fields.iter().find(|field| field.field == "body");
        body.map_or_else(Vec::new, |body| body.heads.iter().map(|head| head.op.parse().unwrap()).collect())
    }

    /// The record as everybody must have it.
    pub fn record(&self, note: Ulid) -> String {
        serde_json::to_string(&self.journal.record(note, None).unwrap()).unwrap()
    }

    /// Texts that stand beside each other.
    pub fn sides(&self, note: Ulid) -> Vec<String> {
        let Some(record) = self.journal.record(note, None).unwrap() else { return Vec::new() };
        let body = record.fields.iter().find(|field| field.field == "body").unwrap();
        let mut sides: Vec<String> =
            body.heads.iter().map(|head| head.value.as_str().unwrap_or_default().to_owned()).collect();
        sides.sort();
        sides
    }

    /// Ids of the events that everybody is to have, in their order.
    pub fn shared(&self) -> Vec<String> {
        let all = self.journal.entries(&Filter::default()).unwrap();
        let mut ids: Vec<String> =
            all.into_iter().filter(|entry| entry.kind.starts_with("note.")).map(|entry| entry.id).collect();
        ids.sort();
        ids
    }

    pub fn state_of(&self, event: &str) -> (contract::Delivery, Vec<String>, Vec<String>) {
        let entry = self.journal.delivered(&[event.parse().unwrap()]).unwrap().remove(0);
        (entry.state, entry.uploaded_to, entry.seen_by)
    }
}

/// The second is let in by the first.
pub fn let_in(host: &Desk, guest: &Desk) {
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    let invitation = host.journal.invite(NO_PROJECT, &terms).unwrap();
    guest.journal.ask(&invitation).unwrap();
    host.journal.import_bundle(&guest.journal.bundle(NO_PROJECT).unwrap()).unwrap();
    guest.journal.import_bundle(&host.journal.bundle(NO_PROJECT).unwrap()).unwrap();
}

pub fn two() -> (Desk, Desk) {
    let (a, b) = (Desk::new(), Desk::new());
    let_in(&a, &b);
    (a, b)
}

/// A folder and a faulty way to it: what is asked fails where the list says so.
pub struct Faulty {
    pub folder: Folder,
    /// Faults to come, the next one last.
    pub faults: Mutex<Vec<Fault>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Nothing is done.
    Before,
    /// It is done, and the answer is lost.
    After,
    /// Of what is read only the beginning comes; of what is put only that arrives, under its own name.
    Torn,
    /// The remote is gone from here on, for this synchronisation.
    Gone,
}

impl Faulty {
    fn next(&self) -> Fault {
        let mut faults = self.faults.lock().unwrap();
        match faults.last() {
            Some(Fault::Gone) => Fault::Gone,
            _ => faults.pop().unwrap_or(Fault::None),
        }
    }

    fn ask<T>(&self, question: impl FnOnce() -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        let lost = || RemoteError::of(Class::Retry, "the answer was lost", "try again");
        match self.next() {
            Fault::None | Fault::Torn => question(),
            Fault::Before => Err(lost()),
            Fault::After => question().and_then(|_| Err(lost())),
            Fault::Gone => Err(RemoteError::of_all(Class::Retry, "the stick is gone", "plug it in")),
        }
    }
}

impl Remote for Faulty {
    fn kind(&self) -> &'static str {
        "folder"
    }

    fn place(&self) -> String {
        self.folder.place()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        self.folder.is_networked(call)
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.folder.found(project, check, call)
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        self.ask(|| self.folder.identity(call))
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        self.ask(|| self.folder.segments(call))
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        self.ask(|| self.folder.heads(call))
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        if self.faults.lock().unwrap().last() == Some(&Fault::Torn) {
            self.next();
            let mut bytes = self.folder.get(name, call)?;
            bytes.truncate(bytes.len() / 2);
            return Ok(bytes);
        }
        self.ask(|| self.folder.get(name, call))
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        if self.faults.lock().unwrap().last() == Some(&Fault::Torn) {
            self.next();
            let _ = self.folder.put(name, &bytes[..bytes.len() / 2], call)?;
            return Err(RemoteError::of(Class::Retry, "the answer was lost", "try again"));
        }
        self.ask(|| self.folder.put(name, bytes, call))
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        self.ask(|| self.folder.set_head(head, call))
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        self.ask(|| self.folder.probe(call))
    }
}

/// Every segment in a remote's folder.
pub fn segments_in(at: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for log in std::fs::read_dir(at.join("seg")).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(log.path()).into_iter().flatten().flatten() {
            found.push(file.path());
        }
    }
    found.sort();
    found
}
