//! The journal's key as a use case: who is asked for it, moving it, unlocking and locking, and what each place protects from.
//! Commands and the doctor call this; the journal itself keeps the order that makes it safe.

use crate::EngineError;
use contract::Lane;
use host::Folders;
use journal::{Ask, Draft, Journal, KeyHolder as _, KeyStanding, Keys, Place, Rekeyed, SshAgent, Unlocked};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Everybody who may be asked for a key on this machine, nobody of whom may ask a person.
#[must_use]
pub(crate) fn of(folders: &Folders) -> Keys {
    Keys {
        session: folders.session(),
        keyring: host::PlatformKeyring::beside_this_program().map(|it| Arc::new(it) as Arc<dyn journal::Keyring>),
        holders: vec![Arc::new(SshAgent::of_this_login())],
        ..Keys::default()
    }
}

/// The key of the user's journal. Connects to nothing and opens nothing before it is asked to.
pub struct JournalKey {
    folders: Folders,
    keys: Keys,
}

impl JournalKey {
    /// A person waits: keyrings and agents may ask.
    pub fn find() -> Result<Self, EngineError> {
        let folders = Folders::find(None)?;
        let keys = Keys { ask: Ask::Person, ..of(&folders) };
        Ok(Self { folders, keys })
    }

    /// How it is kept now; `None` where there is no journal.
    #[must_use]
    pub fn standing(&self) -> Option<KeyStanding> {
        journal::key_standing(&self.folders.data, &self.keys)
    }

    /// Whether a passphrase has to be typed before anything else.
    #[must_use]
    pub fn needs_passphrase(&self) -> bool {
        let typed = |standing: KeyStanding| {
            standing.kind == "passphrase" && !standing.unlocked && standing.copy_in_clear.is_none()
        };
        self.standing().is_some_and(typed)
    }

    /// Uses what the person typed for the key as it is kept now.
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: Zeroizing<String>) -> Self {
        self.keys.passphrase = Some(passphrase);
        self
    }

    /// Moves the key, or replaces it, and notes that in the journal. `step` hears of each step.
    pub fn rekey(
        &self,
        to: &Place,
        new_key: bool,
        step: &mut dyn FnMut(&'static str),
    ) -> Result<Rekeyed, journal::RekeyError> {
        if Journal::is_absent(&self.folders.data) {
            // Whoever wants no key in a file need not wait for a first event.
            drop(Journal::open(&self.folders.data)?);
        }
        let done = journal::rekey(&self.folders.data, &self.keys, to, new_key, step)?;
        let mut keys = self.keys.clone();
        if let Place::Passphrase(passphrase) = to {
            keys.passphrase = Some(passphrase.clone());
        }
        let payload = serde_json::json!({ "from": done.from, "to": done.to, "newKey": done.new_key });
        let noted = Journal::open_with(&self.folders.data, &keys).map_err(|e| e.to_string()).and_then(|journal| {
            let draft = Draft {
                kind: "journal.rekeyed".to_owned(),
                entity: None,
                workspace: None,
                lane: Lane::Local,
                actor: crate::record::person(),
                payload,
                intent: true,
                refs: Vec::new(),
            };
            journal.append(draft).map(drop).map_err(|e| e.to_string())
        });
        if let Err(error) = noted {
            tracing::warn!("the key was moved, and that is not in the journal: {error}");
        }
        Ok(done)
    }

    /// See [`journal::unlock`].
    pub fn unlock(&self) -> Result<Unlocked, journal::UnlockError> {
        journal::unlock(&self.folders.data, &self.keys)
    }

    /// See [`journal::lock`].
    pub fn lock(&self) -> Result<bool, journal::UnlockError> {
        journal::lock(&self.folders.data, &self.keys)
    }
}

/// What a place protects from, and what not, in one sentence each; and the next step to a stronger one, or nothing.
#[must_use]
pub(crate) fn protection(standing: &KeyStanding) -> (String, String) {
    let (mut seen, mut next) = match standing.kind.as_str() {
        "file" => (
            "the key lies in journal.key beside it (kind `file`), readable by you alone. Protects from: other users; a copy of the \
             database without that file. Not from: a stolen disk that is not encrypted, a backup of the whole folder, root, programs \
             that run as you"
                .to_owned(),
            "`holdover journal rekey --to keyring` (or passphrase, or ssh-agent) takes the key out of the folder",
        ),
        "keyring" => (
            format!(
                "the key is in {} (kind `keyring`). Protects from: other users, a stolen disk, backups and copies of the folder, as \
                 long as the keyring's own password is not known. Not from: root, and programs that run as you while the keyring \
                 is unlocked",
                host::PlatformKeyring::NAME
            ),
            "",
        ),
        "passphrase" => (
            format!(
                "the key is sealed with a passphrase (kind `passphrase`, Argon2id){}. Protects from: other users, a stolen disk, backups \
                 and copies of the folder, as well as the passphrase withstands guessing. Not from: root, and programs that run as \
                 you while it is unlocked",
                if standing.unlocked { ", and unlocked in memory until you log out or `holdover journal lock`" } else { "" }
            ),
            "",
        ),
        other => (
            format!(
                "the key is sealed by {} (kind `{other}`). Protects from: other users, a stolen disk and backups, as long as the SSH \
                 key's own file is not in the clear among them. Not from: root, programs that run as you and may use the agent, and \
                 machines that you forward the agent to, if they have a copy of journal.json",
                standing.sealed_with.as_deref().unwrap_or("a holder of its own")
            ),
            "",
        ),
    };
    if let Some(copy) = &standing.copy_in_clear {
        seen = format!("{seen}. A COPY OF THE KEY LIES IN THE CLEAR in {}", copy.display());
        next = "`holdover journal rekey` to the same place again removes it; with --new-key it opens nothing any more";
    }
    if let Some(before) = &standing.retiring {
        seen = format!("{seen}. It was kept in the {before} before, and could not be removed there");
        next = "`holdover journal unlock`, or the same `rekey` once more, removes it";
    }
    (seen, next.to_owned())
}

/// The keys that an SSH agent holds, for a list to choose from.
pub fn ssh_agent_keys() -> Result<Vec<journal::HeldKey>, journal::HolderError> {
    SshAgent::of_this_login().keys()
}
