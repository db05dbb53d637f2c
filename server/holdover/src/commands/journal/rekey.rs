//! `holdover journal rekey`: keeps the journal's key elsewhere, or gives it a new one.
//! A person confirms; a script says `--yes`. A passphrase is typed or read from a file, never an argument or a variable.

use super::passphrase;
use crate::End;
use crate::commands::{Failure, failed};
use crate::out::Out;
use clap::ValueEnum;
use engine::JournalKey;
use journal::{Place, RekeyError};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// journal.key beside the database, readable by you alone
    File,
    /// The platform's keyring
    Keyring,
    /// Sealed with a passphrase, which is typed once a login
    Passphrase,
    /// Sealed with an Ed25519 key of your SSH agent
    SshAgent,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the key shall be kept
    #[arg(long, value_name = "PLACE")]
    to: To,
    /// Also make a new key and encrypt the journal with it; nobody else may have it open
    #[arg(long)]
    new_key: bool,
    /// With --to ssh-agent: which of its keys, by fingerprint or comment
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// With --to passphrase: the file whose first line is the new passphrase, `-` for stdin
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Do not ask whether it is meant
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    if options.key.is_some() && options.to != To::SshAgent {
        return Err(Failure::usage("--key names a key of the SSH agent\nhint: use it with --to ssh-agent".to_owned()));
    }
    if options.passphrase_file.is_some() && options.to != To::Passphrase {
        return Err(Failure::usage("--passphrase-file is for a new passphrase\nhint: use it with --to passphrase; what is locked is unlocked with `holdover journal unlock`".to_owned()));
    }
    let mut key = JournalKey::find().map_err(|e| failed(&e))?;
    let from = key.standing().map_or_else(|| "file".to_owned(), |standing| standing.kind);
    let to = match options.to {
        To::File => "file",
        To::Keyring => "keyring",
        To::Passphrase => "passphrase",
        To::SshAgent => "ssh-agent",
    };
    if !options.yes {
        confirm(&from, to, options.new_key)?;
    }
    if key.needs_passphrase() {
        key = key.with_passphrase(passphrase::current()?);
    }
    let place = match options.to {
        To::File => Place::File,
        To::Keyring => Place::Keyring,
        To::Passphrase => Place::Passphrase(new_passphrase(options)?),
        To::SshAgent => Place::Holder { kind: to.to_owned(), which: options.key.clone() },
    };
    let mut step = |what: &str| {
        if out.verbose {
            out.note(what);
        }
    };
    let done = key.rekey(&place, options.new_key, &mut step).map_err(|e| refused(&e))?;
    out.document(&serde_json::json!({
        "journal": done.journal.to_string(), "from": done.from, "to": done.to, "newKey": done.new_key, "leftIn": done.left_in,
    }));
    if done.new_key {
        out.line(format!("the journal is encrypted with a new key, which is kept in: {}", done.to));
    } else if done.from == done.to && options.to != To::Passphrase && options.to != To::SshAgent {
        out.line(format!("the key is kept in: {}, as before", done.to));
    } else {
        out.line(format!("the key was moved from {} to {}", done.from, done.to));
    }
    if let Some(left) = &done.left_in {
        out.warn(&format!(
            "the key is still in the {left}, which could not be reached; the next `rekey` or `unlock` removes it there"
        ));
    }
    if done.from == "file" && !done.new_key && done.to != "file" {
        out.detail("copies of journal.key in backups still open this journal; --new-key makes them useless");
    }
    Ok(End::Yes)
}

fn confirm(from: &str, to: &str, new_key: bool) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to say that it is meant\nhint: add --yes".to_owned()));
    }
    let what =
        if new_key { "encrypt the journal with a new key, and keep it in" } else { "move the key of the journal to" };
    eprint!("{what}: {to} (now: {from})? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure { end: End::No, kind: "refused", message: "nothing was changed".to_owned() })
}

fn new_passphrase(options: &Options) -> Result<Zeroizing<String>, Failure> {
    let typed = match &options.passphrase_file {
        Some(file) => passphrase::from_file(file)?,
        None => passphrase::new()?,
    };
    let (has, shortest) = (typed.chars().count(), journal::SHORTEST_PASSPHRASE);
    if has < shortest {
        return Err(Failure::usage(format!(
            "a passphrase has at least {shortest} characters, and this one has {has}\nhint: take some words that you can remember"
        )));
    }
    Ok(typed)
}

fn refused(error: &RekeyError) -> Failure {
    let (end, kind) = match error {
        RekeyError::InUse { .. } | RekeyError::Moving { .. } => (End::No, "busy"),
        RekeyError::NotTaken { .. } | RekeyError::NotProven { .. } => (End::No, "not-taken"),
        _ => (End::Unknown, "journal"),
    };
    Failure { end, kind, message: error.to_string() }
}
