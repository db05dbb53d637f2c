//! `holdover remote`: the storage that a project is shared over. Adds, lists, tries out and forgets it.

use super::{Failure, cancel_on_interrupt, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use clap::Subcommand;
use contract::{RemoteEntry, RemoteProbe};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a remote, after it was tried out
    Add {
        /// What it is to be called here
        name: String,
        /// A folder, which is made where the one above it is there; or a git repository: ssh://host/path, user@host:path,
        /// https://…, git://…, a path at which one lies, or a file ….bundle; or a bucket: s3://bucket/prefix, gs://…, az://…,
        /// with ?endpoint=https://…&region=… behind it where needed, and credentials from the environment or a profile
        url: String,
        /// File with the team's key: what lies there is encrypted with it
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
    /// Make a key for a team, in a file that is not there yet, to be given to everybody by hand
    Key {
        /// The file
        file: PathBuf,
    },
    /// List the remotes of this project
    List {
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
    /// Try a remote out: can it be written, does it overwrite nothing, how much is free?
    Probe {
        /// Its name
        name: String,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
    /// Forget a remote; what lies on it stays there, and what came from it stays here
    Remove {
        /// Its name
        name: String,
        /// Workspace, or a folder or file in it
        #[arg(long, value_name = "PATH", default_value = ".")]
        workspace: PathBuf,
    },
}

pub(super) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let opened = |workspace: &Path| {
        let root = open(&engine, workspace, out)?;
        warn_of_journal(&engine, out);
        Ok::<_, Failure>(root)
    };
    match command {
        Command::Add { name, url, key, workspace } => {
            let root = opened(workspace)?;
            let current = std::env::current_dir().unwrap_or_else(|_| root.clone());
            let probe = engine
                .add_remote(&root, name, url, &current, key.as_deref(), &cancel_on_interrupt())
                .map_err(|e| failed(&e))?;
            probed("added", &probe, out);
        }
        Command::Key { file } => {
            let made = engine.make_team_key(file).map_err(|e| failed(&e))?;
            out.document(&made);
            out.line(format!("a new key, {}, is in {}", made.check, made.file));
            out.detail(
                "  give that file to everybody who shares, by hand; whoever has it can read what is encrypted with it",
            );
        }
        Command::List { workspace } => {
            let report = engine.remotes(&opened(workspace)?).map_err(|e| failed(&e))?;
            out.document(&report);
            for remote in &report.remotes {
                out.line(line(remote));
            }
            if report.remotes.is_empty() {
                out.line("this project has no remote: `holdover remote add NAME URL`");
            }
        }
        Command::Probe { name, workspace } => {
            let root = opened(workspace)?;
            let probe = engine.probe_remote(&root, name, &cancel_on_interrupt()).map_err(|e| failed(&e))?;
            probed("tried out", &probe, out);
        }
        Command::Remove { name, workspace } => {
            let removed = engine.remove_remote(&opened(workspace)?, name).map_err(|e| failed(&e))?;
            out.document(&removed);
            out.line(format!("removed: {}; what lies in {} stays there", removed.name, removed.url));
        }
    }
    engine.leave();
    Ok(End::Yes)
}

fn probed(what: &str, probe: &RemoteProbe, out: &Out) {
    out.document(probe);
    out.line(format!("{what}: {}  {}", probe.remote.name, probe.remote.url));
    for line in &probe.text {
        out.detail(format!("  {line}"));
    }
}

fn line(remote: &RemoteEntry) -> String {
    let encrypted = if remote.encrypted { "encrypted, " } else { "" };
    format!("{}  {}  {encrypted}{}", remote.name, remote.url, remote.text)
}
