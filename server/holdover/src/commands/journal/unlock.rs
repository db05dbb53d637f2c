//! `holdover journal unlock` and `lock`: the key of a journal for as long as somebody is logged in.
//! Servers that run notice by themselves.

use super::passphrase;
use crate::End;
use crate::commands::{Failure, failed};
use crate::out::Out;
use engine::JournalKey;
use journal::{OpenError, UnlockError, Unlocked};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The file whose first line is the passphrase, `-` for stdin
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let mut key = JournalKey::find().map_err(|e| failed(&e))?;
    if key.needs_passphrase() {
        key = key.with_passphrase(match &options.passphrase_file {
            Some(file) => passphrase::from_file(file)?,
            None => passphrase::current()?,
        });
    }
    let (word, said) = match key.unlock().map_err(|e| refused(&e))? {
        Unlocked::NeverLocked => {
            ("never-locked", "the key lies in a file beside the journal: it is never locked".to_owned())
        }
        Unlocked::Already => ("already", "the journal was unlocked before".to_owned()),
        Unlocked::ForSession(file) => (
            "session",
            format!(
                "the journal is unlocked until you log out, or `holdover journal lock`; its key lies in memory: {}",
                file.display()
            ),
        ),
        Unlocked::ByItsKeeper => ("keyring", "the keyring is unlocked and gives the key".to_owned()),
    };
    out.document(&serde_json::json!({ "unlocked": word }));
    out.line(said);
    Ok(End::Yes)
}

pub(super) fn lock(out: &Out) -> Result<End, Failure> {
    let key = JournalKey::find().map_err(|e| failed(&e))?;
    let was = key.lock().map_err(|e| refused(&e))?;
    out.document(&serde_json::json!({ "locked": was }));
    let kind = key.standing().map(|standing| standing.kind).unwrap_or_default();
    out.line(match (was, kind.as_str()) {
        (true, _) => "the journal is locked; editors go on without it",
        (false, "file") => "nothing to lock: the key lies in a file beside the journal",
        (false, "keyring") => "nothing to lock here: the keyring is locked by your desktop, or when you log out",
        (false, _) => "the journal was not unlocked",
    });
    Ok(if was { End::Yes } else { End::No })
}

fn refused(error: &UnlockError) -> Failure {
    let (end, kind) = match error {
        UnlockError::Open(OpenError::WrongPassphrase { .. }) => (End::No, "wrong-passphrase"),
        UnlockError::Open(OpenError::Locked { .. } | OpenError::KeyGone { .. }) => (End::No, "locked"),
        _ => (End::Unknown, "journal"),
    };
    Failure { end, kind, message: error.to_string() }
}
