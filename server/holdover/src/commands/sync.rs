//! `holdover sync`: exchanges what is shared with the project's remotes, and prints what came of it.

use super::{Failure, cancel_on_interrupt, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One remote; without it, all of this project's
    remote: Option<String>,
    /// Read and compare every file there; what is damaged is put there anew, beside it
    #[arg(long)]
    deep: bool,
    /// Workspace, or a folder or file in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    workspace: PathBuf,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, &options.workspace, out)?;
    warn_of_journal(&engine, out);
    let report = engine.sync(&root, options.remote.as_deref(), options.deep, &cancel_on_interrupt());
    let report = report.map_err(|e| failed(&e))?;
    engine.leave();
    out.document(&report);
    for line in &report.text {
        out.line(line);
    }
    let clean = report.remotes.iter().all(|remote| remote.done && remote.missing.is_empty() && remote.waiting == 0);
    Ok(if clean && report.rejected == 0 && report.conflicts == 0 { End::Yes } else { End::No })
}
