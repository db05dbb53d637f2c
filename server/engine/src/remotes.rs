//! Remotes as the command line and editors deal with them: added, listed, tried out, removed; and what waits for each.
//! What is on them is the sync crate's, what was noted of them the journal's.

use crate::project::{ProjectId, settle};
use crate::report::sync as said;
use crate::{Engine, EngineError};
use contract::{
    QueueLane, QueueRemote, QueueReport, RemoteEntry, RemoteExclusion, RemoteProbe, RemoteReport, SyncProblem,
    SyncTrouble,
};
use host::Cancel;
use journal::{ItemState, Journal, KnownRemote, LaneStanding, RemoteItem, moment};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use sync::{Address, AddressError, Call, Class, Exclusion, Patient, Remote, RemoteError};
use ulid::Ulid;

/// Longest name of a remote, in bytes.
const LONGEST: usize = 64;
/// How long setting up and trying out may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Why a remote could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteRefused {
    /// The workspace is no project, so nothing says what a remote would carry.
    #[error(
        "this workspace is no project, so nothing of it can be shared: {root}\nhint: name it in `holdover.toml`: `project = \"NAME\"` under `[workspace]`, the same for everybody, and trust it"
    )]
    NoProject {
        /// Its root.
        root: String,
    },
    /// None was added.
    #[error("this project has no remote yet\nhint: `holdover remote add NAME FOLDER`")]
    None,
    /// There is none of that name.
    #[error("this project has no remote of this name: {name}\nhint: `holdover remote list` shows them")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There is one.
    #[error(
        "this project has a remote of this name already: {name}\nhint: give another name, or remove that one first"
    )]
    Taken {
        /// The name.
        name: String,
    },
    /// It cannot be a name.
    #[error(
        "this cannot be the name of a remote: {name}\nhint: use up to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// Not an address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The remote said no.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl RemoteRefused {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            RemoteRefused::Remote(error) => match error.class {
                Class::Retry => "remote-retry",
                Class::Auth => "remote-auth",
                Class::Quota => "remote-quota",
                Class::Integrity => "remote-integrity",
                Class::Fork => "remote-fork",
                Class::Stopped => "cancelled",
            },
            _ => "remote",
        }
    }

    /// Whether it was asked for wrongly, and not refused by a remote.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, RemoteRefused::Remote(_))
    }
}

/// The journal, the workspace's id there, and its project.
pub(crate) struct Shared {
    pub journal: Journal,
    pub workspace: Ulid,
    pub project: ProjectId,
}

impl Engine {
    pub(crate) fn shared(&self, root: &Path) -> Result<Shared, EngineError> {
        let journal = self.journal()?;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let (id, project) = settle(&journal, &workspace)?;
        let project = project.ok_or_else(|| RemoteRefused::NoProject { root: root.display().to_string() })?;
        Ok(Shared { journal, workspace: id, project })
    }

    /// The remotes of a workspace's project. Reads the journal.
    pub fn remotes(&self, root: &Path) -> Result<RemoteReport, EngineError> {
        let shared = self.shared(root)?;
        let remotes = shared.journal.remotes(Some(shared.project))?;
        Ok(RemoteReport { remotes: remotes.iter().map(entry).collect() })
    }

    /// Sets a remote up, or finds that it is one of the project, tries it out, and notes it. `current` is where a path begins.
    pub fn add_remote(
        &self,
        root: &Path,
        name: &str,
        url: &str,
        current: &Path,
        cancel: &Cancel,
    ) -> Result<RemoteProbe, EngineError> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || name.len() > LONGEST || !name.chars().all(good) {
            return Err(RemoteRefused::BadName { name: crate::notes::shown_plain(name) }.into());
        }
        let shared = self.shared(root)?;
        if shared.journal.remotes(Some(shared.project))?.iter().any(|remote| remote.name == name) {
            return Err(RemoteRefused::Taken { name: name.to_owned() }.into());
        }
        let address = Address::read(url, current).map_err(RemoteRefused::from)?;
        let folder = address.folder();
        let remote = patient(Arc::new(folder.clone()))?;
        let call = Call::within(LIMIT, cancel);
        self.may_use(&remote, &call)?;
        let identity = folder.set_up(shared.project, &call).map_err(RemoteRefused::from)?;
        let probe = remote.probe(&call).map_err(RemoteRefused::from)?;
        // As the system spells it, now that it is there.
        let text = address.text();
        let url = std::fs::canonicalize(&text).map_or(text, |path| path.to_string_lossy().into_owned());
        if !shared.journal.add_remote(shared.project, name, &url, &identity.id)? {
            return Err(RemoteRefused::Taken { name: name.to_owned() }.into());
        }
        let known = one(&shared, name)?;
        Ok(probed(&known, &probe))
    }

    /// Forgets a remote. What lies on it stays there, and what came from it stays here.
    pub fn remove_remote(&self, root: &Path, name: &str) -> Result<RemoteEntry, EngineError> {
        let shared = self.shared(root)?;
        let known = one(&shared, name)?;
        shared.journal.remove_remote(known.n)?;
        Ok(entry(&known))
    }

    /// Tries a remote out.
    pub fn probe_remote(&self, root: &Path, name: &str, cancel: &Cancel) -> Result<RemoteProbe, EngineError> {
        let shared = self.shared(root)?;
        let known = one(&shared, name)?;
        let remote = open(&known)?;
        let call = Call::within(LIMIT, cancel);
        self.may_use(&remote, &call)?;
        let probe = remote.probe(&call).map_err(RemoteRefused::from)?;
        Ok(probed(&known, &probe))
    }

    /// What waits for a project's remotes, or for one of them. Reads the journal.
    pub fn queue(&self, root: &Path, name: Option<&str>) -> Result<QueueReport, EngineError> {
        let shared = self.shared(root)?;
        let mut report = QueueReport::default();
        for known in named(&shared, name)? {
            let lanes: Vec<QueueLane> =
                shared.journal.lanes(&known)?.iter().map(|lane| queue_lane(lane, &known)).collect();
            let late = |item: &RemoteItem| item.state != ItemState::Taken && item.trouble.is_some();
            let items: Vec<SyncProblem> =
                shared.journal.remote_items(known.n)?.into_iter().filter(late).map(problem).collect();
            report.waiting += lanes.iter().map(|lane| lane.waiting).sum::<u64>();
            report.remotes.push(QueueRemote { next: said::next(&known), remote: entry(&known), lanes, items });
        }
        Ok(report)
    }

    /// What could not be dealt with is tried again at the next synchronisation, whenever that is. Answers with how many.
    pub fn retry_queue(&self, root: &Path, name: Option<&str>) -> Result<u64, EngineError> {
        let shared = self.shared(root)?;
        let mut retried = 0;
        for known in named(&shared, name)? {
            retried += shared.journal.retry_items(known.n)?;
        }
        Ok(retried)
    }

    /// A remote on another machine is not asked while offline is forced; one that lies on this machine is no network.
    pub(crate) fn may_use(&self, remote: &dyn Remote, call: &Call) -> Result<(), EngineError> {
        if remote.is_networked(call).map_err(RemoteRefused::from)? {
            self.inner.gate.permit()?;
        }
        Ok(())
    }
}

/// A remote of a project by its name.
fn one(shared: &Shared, name: &str) -> Result<KnownRemote, EngineError> {
    let found = shared.journal.remotes(Some(shared.project))?.into_iter().find(|remote| remote.name == name);
    Ok(found.ok_or_else(|| RemoteRefused::Unknown { name: crate::notes::shown_plain(name) })?)
}

/// The remotes that are meant: one, or all that there are.
pub(crate) fn named(shared: &Shared, name: Option<&str>) -> Result<Vec<KnownRemote>, EngineError> {
    if let Some(name) = name {
        return Ok(vec![one(shared, name)?]);
    }
    let all = shared.journal.remotes(Some(shared.project))?;
    if all.is_empty() { Err(RemoteRefused::None.into()) } else { Ok(all) }
}

/// A known remote, asked on a thread of its own.
pub(crate) fn open(known: &KnownRemote) -> Result<Patient, EngineError> {
    let address = Address::read(&known.url, Path::new("/")).map_err(RemoteRefused::from)?;
    patient(Arc::new(address.folder()))
}

fn patient(remote: Arc<dyn Remote>) -> Result<Patient, EngineError> {
    Patient::around(remote).map_err(|e| EngineError::Host(format!("no thread could be started: {e}")))
}

pub(crate) fn entry(known: &KnownRemote) -> RemoteEntry {
    let (class, detail) = known.trouble.clone().unzip();
    RemoteEntry {
        name: known.name.clone(),
        url: known.url.clone(),
        kind: "folder".to_owned(),
        id: known.id.clone(),
        project: known.project.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")),
        last_success: known.done_ms.map(moment),
        last_attempt: known.tried_ms.map(moment),
        attempts: known.attempts,
        trouble: class.map(|class| trouble(Class::of_word(&class))),
        detail,
        text: said::remote(known),
    }
}

pub(crate) fn trouble(class: Class) -> SyncTrouble {
    match class {
        Class::Retry => SyncTrouble::Retry,
        Class::Auth => SyncTrouble::Auth,
        Class::Quota => SyncTrouble::Quota,
        Class::Integrity => SyncTrouble::Integrity,
        Class::Fork => SyncTrouble::Fork,
        Class::Stopped => SyncTrouble::Stopped,
    }
}

fn problem(item: RemoteItem) -> SyncProblem {
    let (class, detail) = item.trouble.unwrap_or_default();
    SyncProblem {
        name: item.name,
        trouble: trouble(Class::of_word(&class)),
        detail,
        attempts: item.attempts,
        next_attempt: item.next_ms.map(moment),
    }
}

fn probed(known: &KnownRemote, probe: &sync::Probe) -> RemoteProbe {
    RemoteProbe {
        remote: entry(known),
        writable: true,
        exclusion: match probe.exclusion {
            Exclusion::Refused => RemoteExclusion::Refused,
            Exclusion::Reserved => RemoteExclusion::Reserved,
            Exclusion::Overwrites => RemoteExclusion::Overwrites,
        },
        way: probe.way.clone(),
        free_bytes: probe.free,
        networked: probe.networked,
        text: said::probe(probe),
    }
}

fn queue_lane(lane: &LaneStanding, known: &KnownRemote) -> QueueLane {
    let waiting = lane.not_sealed + lane.not_uploaded;
    let sealed = lane.written - lane.not_sealed;
    let uploaded = sealed - lane.not_uploaded;
    QueueLane {
        lane: lane.lane,
        written: lane.written,
        durable: lane.written - lane.not_durable,
        sealed,
        uploaded,
        seen: uploaded - lane.not_seen,
        waiting,
        oldest: lane.oldest_ms.map(moment),
        why: said::why(lane, known),
    }
}

/// A queue in words, a line each.
#[must_use]
pub fn queue_words(report: &QueueReport) -> Vec<String> {
    said::queue(report)
}
