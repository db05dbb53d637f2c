//! Remotes as the command line and editors deal with them: added, listed, tried out, removed; and the keys of teams.
//! What is on them is the sync crate's, what was noted of them the journal's.

use crate::project::{ProjectId, settle};
use crate::report::sync as said;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{RemoteEntry, RemoteExclusion, RemoteKey, RemoteProbe, RemoteReport, SyncTrouble};
use host::Cancel;
use journal::{Journal, JournalError, KnownRemote, moment, now_ms};
use std::path::Path;
use std::sync::Arc;
use sync::{
    Address, AddressError, Call, Class, Exclusion, Folder, Git, MAX_KEY_FILE, Patient, Remote, RemoteError, Sealed,
    Store, TeamKey,
};
use ulid::Ulid;

/// Longest name of a remote, in bytes.
const LONGEST: usize = 64;

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
    #[error(
        "this project has no remote yet\nhint: `holdover remote add NAME URL`, with a folder, a git repository or a bucket"
    )]
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
    /// The file with the key.
    #[error("{file}: {detail}\nhint: {hint}")]
    Key {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
        /// The next step.
        hint: &'static str,
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
    pub(crate) fn known(&self, root: &Path) -> Result<Arc<Workspace>, EngineError> {
        self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })
    }

    pub(crate) fn shared(&self, root: &Path) -> Result<Shared, EngineError> {
        let journal = self.journal()?;
        let workspace = self.known(root)?;
        let (id, project) = settle(&journal, &workspace)?;
        let project = project.ok_or_else(|| RemoteRefused::NoProject { root: root.display().to_string() })?;
        Ok(Shared { journal, workspace: id, project })
    }

    /// The remotes of a workspace's project. Reads the journal.
    pub fn remotes(&self, root: &Path) -> Result<RemoteReport, EngineError> {
        let (shared, workspace) = (self.shared(root)?, self.known(root)?);
        let remotes = shared.journal.remotes(Some(shared.project))?;
        let entries: Result<_, JournalError> =
            remotes.iter().map(|known| entry(&shared.journal, &workspace, known)).collect();
        Ok(RemoteReport { remotes: entries? })
    }

    /// Sets a remote up, or finds that it is one of the project, tries it out, and notes it. `current` is where a path begins; `key`
    /// a file with the team's key, with which what lies there is, or is to be, encrypted.
    pub fn add_remote(
        &self,
        root: &Path,
        name: &str,
        url: &str,
        current: &Path,
        key: Option<&Path>,
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
        // As the system spells it, where it is there already.
        let address = address.settled();
        let key = key.map(read_key).transpose()?;
        let remote = self.remote_at(&shared, &address, key.clone())?;
        let call = Call::within(remote.patience(), cancel);
        self.may_use(&remote, &call)?;
        let identity = remote.found(shared.project, None, &call).map_err(RemoteRefused::from)?;
        sync::in_the_clear(&identity, &remote.place()).map_err(RemoteRefused::from)?;
        let probe = remote.probe(&call).map_err(RemoteRefused::from)?;
        let url = address.settled().text();
        if !shared.journal.add_remote(shared.project, name, &url, &identity.id)? {
            return Err(RemoteRefused::Taken { name: name.to_owned() }.into());
        }
        let known = one(&shared, name)?;
        if let Some(key) = key {
            shared.journal.keep_remote_key(known.n, key.bytes())?;
        }
        Ok(probed(&shared.journal, &*self.known(root)?, &known, &probe)?)
    }

    /// Forgets a remote. What lies on it stays there, and what came from it stays here.
    pub fn remove_remote(&self, root: &Path, name: &str) -> Result<RemoteEntry, EngineError> {
        let shared = self.shared(root)?;
        let known = one(&shared, name)?;
        let removed = entry(&shared.journal, &*self.known(root)?, &known)?;
        shared.journal.remove_remote(known.n)?;
        // What was fetched of it is of no use to anybody now.
        match Address::kept(&known.url) {
            Ok(Address::Git(place)) => {
                let _ = std::fs::remove_dir_all(Git::folder(&place, &self.inner.folders.data));
            }
            Ok(Address::Store(store)) => {
                let _ = std::fs::remove_file(Store::file(&store, &self.inner.folders.data));
            }
            _ => {}
        }
        Ok(removed)
    }

    /// Tries a remote out.
    pub fn probe_remote(&self, root: &Path, name: &str, cancel: &Cancel) -> Result<RemoteProbe, EngineError> {
        let shared = self.shared(root)?;
        let known = one(&shared, name)?;
        let remote = self.open_remote(&shared, &known)?;
        let call = Call::within(remote.patience(), cancel);
        self.may_use(&remote, &call)?;
        if shared.journal.remote_key(known.n)?.is_none() {
            let identity = remote.identity(&call).map_err(RemoteRefused::from)?;
            sync::in_the_clear(&identity, &remote.place()).map_err(RemoteRefused::from)?;
        }
        let probe = remote.probe(&call).map_err(RemoteRefused::from)?;
        Ok(probed(&shared.journal, &*self.known(root)?, &known, &probe)?)
    }

    /// Makes a team's key, in a file that is not there yet and is for its owner alone.
    pub fn make_team_key(&self, file: &Path) -> Result<RemoteKey, EngineError> {
        let refused = |detail: String, hint| RemoteRefused::Key { file: file.display().to_string(), detail, hint };
        let key = TeamKey::generate().map_err(|e| EngineError::Host(format!("no key could be made: {e}")))?;
        host::write_new_private(file, key.text().as_bytes()).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => refused(
                "there is a file already".to_owned(),
                "name a file that is not there yet: a key is never written over",
            ),
            _ => refused(
                format!("it could not be written: {e}"),
                "name a file in a folder that is there and may be written",
            ),
        })?;
        Ok(RemoteKey { file: file.display().to_string(), check: hex_of(&key.check()) })
    }

    /// A known remote, asked on a thread of its own.
    pub(crate) fn open_remote(&self, shared: &Shared, known: &KnownRemote) -> Result<Patient, EngineError> {
        let address = Address::kept(&known.url).map_err(RemoteRefused::from)?;
        let key = shared.journal.remote_key(known.n)?;
        // One that cannot be read is none, and then the remote says that it is encrypted.
        self.remote_at(shared, &address, key.and_then(|key| TeamKey::of(&key)))
    }

    fn remote_at(&self, shared: &Shared, address: &Address, key: Option<TeamKey>) -> Result<Patient, EngineError> {
        let permit = if address.is_networked() { Some(self.inner.gate.permit()?) } else { None };
        let remote: Arc<dyn Remote> = match address {
            Address::Folder(path) => Arc::new(Folder::at(path)),
            Address::Git(place) => {
                Arc::new(Git::at(place, &self.inner.folders.data, &shared.journal.own_device()?.id, permit))
            }
            Address::Store(store) => {
                Arc::new(Store::at(store, &self.inner.folders.data, &shared.journal.own_device()?.id, permit))
            }
        };
        patient(match key {
            Some(key) => Arc::new(Sealed::around(remote, key)),
            None => remote,
        })
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

fn patient(remote: Arc<dyn Remote>) -> Result<Patient, EngineError> {
    Patient::around(remote).map_err(|e| EngineError::Host(format!("no thread could be started: {e}")))
}

/// The key in a file.
fn read_key(file: &Path) -> Result<TeamKey, EngineError> {
    let refused = |detail: String| RemoteRefused::Key {
        file: file.display().to_string(),
        detail,
        hint: "`holdover remote key FILE` makes a key; whoever set an encrypted remote up has its key",
    };
    let text = host::read_small(file, MAX_KEY_FILE).map(zeroize::Zeroizing::new);
    let text = text.map_err(|e| refused(format!("the key could not be read: {e}")))?;
    Ok(TeamKey::read(&String::from_utf8_lossy(&text)).map_err(|e| refused(e.to_string()))?)
}

pub(crate) fn entry(
    journal: &Journal,
    workspace: &Workspace,
    known: &KnownRemote,
) -> Result<RemoteEntry, JournalError> {
    let (paused, encrypted) = (journal.remote_paused(known.n)?, journal.remote_key(known.n)?.is_some());
    let (class, detail) = known.trouble.clone().unzip();
    let loaded = workspace.loaded();
    let settings = &loaded.settings.sync;
    let by_itself = paused.is_none() && crate::syncing::is_automatic(settings) && workspace.trust().allows();
    let next_ms =
        if by_itself { Some(crate::syncing::due_ms(known, &journal.lanes(known)?, settings, now_ms())) } else { None };
    Ok(RemoteEntry {
        name: known.name.clone(),
        url: known.url.clone(),
        kind: Address::kept(&known.url).map_or("unknown", |address| address.kind()).to_owned(),
        id: known.id.clone(),
        project: hex_of(&known.project),
        last_success: known.done_ms.map(moment),
        last_attempt: known.tried_ms.map(moment),
        attempts: known.attempts,
        trouble: class.map(|class| trouble(Class::of_word(&class))),
        detail,
        encrypted,
        paused: paused.map(moment),
        next_attempt: next_ms.map(moment),
        text: said::remote(known, paused),
    })
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

fn probed(
    journal: &Journal,
    workspace: &Workspace,
    known: &KnownRemote,
    probe: &sync::Probe,
) -> Result<RemoteProbe, JournalError> {
    let remote = entry(journal, workspace, known)?;
    Ok(RemoteProbe {
        text: said::probe(probe, &remote.kind, remote.encrypted),
        remote,
        writable: true,
        exclusion: match probe.exclusion {
            Exclusion::Refused => RemoteExclusion::Refused,
            Exclusion::Reserved => RemoteExclusion::Reserved,
            Exclusion::Overwrites => RemoteExclusion::Overwrites,
        },
        way: probe.way.clone(),
        free_bytes: probe.free,
        networked: probe.networked,
    })
}

pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
}
