//! A device: a data folder with a real journal, a clock of its own, and a process that may end at any commit.

use contract::Lane;
use holdover_journal::{Claim, Draft, Journal, JournalError, KnownRemote, OpId, OpenError, simulated};
use holdover_sync::{Exchange, Outcome, Remote};
use host::Cancel;
use serde_json::Value;
use std::path::{Path, PathBuf};
use ulid::Ulid;

pub const PROJECT: [u8; 16] = *b"the ferry's logs";

/// Whether its events count, at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Member,
    Revoked,
    /// Its database is lost.
    Gone,
}

pub struct Device {
    pub n: usize,
    pub folder: PathBuf,
    pub disk: String,
    /// How wrong its clock is, in milliseconds.
    pub wrong_by: i64,
    /// Its clock stands still here.
    pub frozen: Option<i64>,
    pub journal: Option<Journal>,
    pub workspace: Ulid,
    pub standing: Standing,
    pub killed: u64,
}

impl Device {
    /// Whose turn it is.
    pub fn wake(&self, now: i64) {
        simulated::set(self.clock(now), &self.disk);
    }

    pub fn clock(&self, now: i64) -> i64 {
        self.frozen.unwrap_or(now.saturating_add(self.wrong_by)).max(0)
    }

    pub fn open(n: usize, folder: &Path, disk: &str, now: i64) -> Result<Device, OpenError> {
        let mut device = Device {
            n,
            folder: folder.to_owned(),
            disk: disk.to_owned(),
            wrong_by: 0,
            frozen: None,
            journal: None,
            workspace: Ulid::nil(),
            standing: Standing::Member,
            killed: 0,
        };
        device.wake(now);
        device.start()?;
        Ok(device)
    }

    /// Starts the process; the workspace is the project's.
    pub fn start(&mut self) -> Result<(), OpenError> {
        let journal = Journal::open(&self.folder)?;
        // A name that is the same in every run.
        let root = Path::new("/project");
        self.workspace = journal.workspace_id(root).unwrap_or_default();
        let claim = Claim { project: PROJECT, history: String::new(), vouched: true, otherwise: None };
        let _ = journal.claim_project(self.workspace, &claim);
        self.journal = Some(journal);
        Ok(())
    }

    pub fn stop(&mut self) {
        self.journal = None;
    }

    /// Does something; where the process ended meanwhile it is started again, and that is said.
    pub fn live<T>(&mut self, what: impl FnOnce(&Journal, Ulid) -> T) -> Result<(T, bool), String> {
        let done = what(self.the(), self.workspace);
        let was_killed = simulated::revive();
        if was_killed {
            self.killed += 1;
            self.stop();
            self.start().map_err(|error| format!("device {} does not start again: {error}", self.n))?;
        }
        Ok((done, was_killed))
    }

    pub fn the(&self) -> &Journal {
        self.journal.as_ref().expect("it is running")
    }

    pub fn known(&self) -> Option<KnownRemote> {
        self.the().remotes(Some(PROJECT)).ok()?.into_iter().next()
    }

    /// The heads of a field, and its value, as this device shows them.
    pub fn shows(&self, entity: Ulid, field: &str) -> (Vec<OpId>, Value) {
        let Ok(Some(record)) = self.the().record(entity, None) else { return (Vec::new(), Value::Null) };
        let Some(field) = record.fields.into_iter().find(|known| known.field == field) else {
            return (Vec::new(), Value::Null);
        };
        (field.heads.iter().filter_map(|head| head.op.parse().ok()).collect(), field.value)
    }
}

/// An event as a person writes it.
pub fn draft(workspace: Ulid, kind: &str, lane: Lane, entity: Ulid, payload: &Value, name: &str) -> Draft {
    let actor = contract::Actor { kind: contract::ActorKind::Person, name: name.to_owned(), model: None, prompt: None };
    Draft {
        lane,
        actor,
        intent: true,
        entity: Some(entity),
        workspace: Some(workspace),
        ..Draft::observation(kind, payload.clone())
    }
}

/// One synchronisation.
pub fn exchange(
    journal: &Journal,
    workspace: Ulid,
    remote: &dyn Remote,
    known: &KnownRemote,
    now_ms: i64,
    deep: bool,
) -> Result<Outcome, JournalError> {
    let cancel = Cancel::new();
    Exchange { journal, remote, known, workspace, cancel: &cancel, now_ms, deep }.run()
}
