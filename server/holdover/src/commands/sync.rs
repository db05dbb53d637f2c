//! `holdover sync`: exchanges what is shared with the project's remotes, and prints what came of it.

use super::{Failure, cancel_on_interrupt, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use contract::SyncReport;
use engine::EngineError;
use host::Cancel;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One remote; without it, all of this project's
    remote: Option<String>,
    /// Read and compare every file there; what is damaged is put there anew, beside it
    #[arg(long)]
    deep: bool,
    /// Synchronise once, as without this
    #[arg(long, conflicts_with = "watch")]
    once: bool,
    /// Stay, and synchronise as an editor does that has the project open, until interrupted
    #[arg(long, conflicts_with = "deep")]
    watch: bool,
    /// Workspace, or a folder or file in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    workspace: PathBuf,
}

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, &options.workspace, out)?;
    warn_of_journal(&engine, out);
    let cancel = cancel_on_interrupt();
    let name = options.remote.as_deref();
    let report = engine.sync(&root, name, options.deep, &cancel).map_err(|e| failed(&e))?;
    let mut end = told(&report, out);
    if options.watch {
        let mut last = report.text;
        while !waited(&cancel) {
            for due in engine.due_remotes(&root, name).map_err(|e| failed(&e))? {
                let report = match engine.sync(&root, Some(&due), false, &cancel) {
                    Ok(report) => report,
                    // An editor is at it, or the connection is away: it is due again.
                    Err(EngineError::Cancelled | EngineError::Busy { .. } | EngineError::Offline(_)) => continue,
                    Err(e) => return Err(failed(&e)),
                };
                let news = report.sent + report.received > 0 || report.text != last;
                if news {
                    end = told(&report, out);
                }
                last = report.text;
            }
        }
    }
    engine.leave();
    Ok(end)
}

/// Whether it was interrupted meanwhile.
fn waited(cancel: &Cancel) -> bool {
    let until = Instant::now() + LOOK;
    while Instant::now() < until && !cancel.is_cancelled() {
        std::thread::sleep(Duration::from_millis(50));
    }
    cancel.is_cancelled()
}

fn told(report: &SyncReport, out: &Out) -> End {
    out.document(report);
    for line in &report.text {
        out.line(line);
    }
    let clean = report.remotes.iter().all(|remote| remote.done && remote.missing.is_empty() && remote.waiting == 0);
    if clean && report.rejected == 0 && report.conflicts == 0 { End::Yes } else { End::No }
}
