//! `holdover snapshot`: states, signed by this device, what is here and verified; reads such a statement, and holds it against what is here.

use super::{Failure, cancel_on_interrupt, engine, failed, open};
use crate::End;
use crate::out::{Out, Unit};
use contract::Snapshot;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Verify everything, and state it, signed by this device
    Create {
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
        /// The file that is written
        #[arg(long, value_name = "FILE", default_value = "holdover-snapshot.json")]
        to: PathBuf,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// May a snapshot be believed, here and now?
    Verify {
        /// The snapshot
        file: PathBuf,
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Print what a snapshot says, and who signed it
    Show {
        /// The snapshot
        file: PathBuf,
    },
}

pub(crate) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let cancel = cancel_on_interrupt();
    let bar = out.progress(&Unit::Bytes);
    let compared = |done, total| bar.report("comparing checksums", "", done, total);
    let snapshot = match command {
        Command::Create { path, to, force } => {
            let root = open(&engine, path, out)?;
            engine.make_snapshot(&root, to, *force, &cancel, &compared)
        }
        Command::Verify { file, path } => {
            let root = open(&engine, path, out)?;
            engine.verify_snapshot(&root, file, &cancel, &compared)
        }
        Command::Show { file } => engine.read_snapshot(file),
    };
    drop(bar);
    let snapshot = snapshot.map_err(|e| failed(&e))?;
    out.document(&snapshot);
    if !out.json {
        print(&snapshot, matches!(command, Command::Create { .. }), out);
    }
    engine.leave();
    Ok(if snapshot.holds == Some(false) { End::No } else { End::Yes })
}

fn print(snapshot: &Snapshot, made: bool, out: &Out) {
    for problem in &snapshot.problems {
        out.line(problem.clone());
    }
    for lockfile in &snapshot.lockfiles {
        out.detail(format!("{}  sha256:{}", lockfile.name, lockfile.is));
    }
    for tool in &snapshot.tools {
        out.detail(format!("with {}", tool.is));
    }
    if let Some(proof) = &snapshot.proof {
        out.detail(proof.clone());
    }
    for remark in &snapshot.remarks {
        out.detail(remark.clone());
    }
    out.detail(format!("signed by {} {}", snapshot.device_name, snapshot.device));
    let file = snapshot.file.as_ref().filter(|_| made).map(|file| format!("{}: ", file.display())).unwrap_or_default();
    out.line(format!("{file}{}", snapshot.text));
}
