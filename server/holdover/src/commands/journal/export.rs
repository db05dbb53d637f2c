//! `holdover journal export`: the record, or a part of it, as lines that others can read and check.

use super::filter::FilterOptions;
use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::{Out, Unit};
use contract::ExportReport;
use journal::{ExportError, Filter, Request};
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write to this file, and a signed envelope beside it, in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    events: FilterOptions,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let request = request(options, &journal)?;
    let cancel = cancel_on_interrupt();
    let go_on = || if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let Some(file) = &options.out else {
        let mut to = BufWriter::new(std::io::stdout().lock());
        let written = journal.export_to(&request, &mut to, &mut |_, _| go_on()).map_err(|e| not_written(&e))?;
        to.flush().map_err(|e| Failure { end: End::Unknown, kind: "io", message: e.to_string() })?;
        let events = count(written.events, "event");
        out.warn(&format!("{events} went out in plain text, and not signed: `--out FILE` signs what it writes"));
        return Ok(End::Yes);
    };
    let bar = out.progress(&Unit::Events);
    let written = journal.export_file(&request, file, options.force, &mut |done, total| {
        bar.report("exporting", "", done, total);
        go_on()
    });
    drop(bar);
    let written = written.map_err(|e| not_written(&e))?;
    let report = ExportReport {
        file: file.clone(),
        envelope: written.envelope.unwrap_or_default(),
        events: written.events,
        redacted: written.redacted,
        bytes: written.bytes,
        sha256: written.sha256,
        blake3: written.blake3,
        device: written.signer,
    };
    out.document(&report);
    let without = match report.redacted {
        0 => String::new(),
        n => format!(", {n} of them without {} payload", if n == 1 { "its" } else { "their" }),
    };
    out.line(format!("{} written to {}{without}", count(report.events, "event"), report.file.display()));
    out.detail(format!("signed by device {}: {}", &report.device[..16], report.envelope.display()));
    out.warn("the file is plain text, for you alone: whoever is given it can read what it says, and nothing deletes it later");
    Ok(End::Yes)
}

fn request(options: &Options, journal: &journal::Journal) -> Result<Request, Failure> {
    let filter = options.events.filter(journal)?;
    Ok(Request { words: words(&filter), filter, by: format!("holdover {}", env!("CARGO_PKG_VERSION")) })
}

/// What was asked for, in words that go out with the file: a workspace by its id, and not by its path on this machine.
fn words(filter: &Filter) -> Option<String> {
    let parts = [
        filter.workspace.map(|id| format!("workspace {id}")),
        filter.kind.as_ref().map(|kind| format!("kinds that begin with {kind}")),
        filter.since_ms.map(|ms| format!("from {} on", journal::moment(ms))),
        filter.until_ms.map(|ms| format!("before {}", journal::moment(ms))),
        filter.actor.as_ref().map(|name| format!("by {name}")),
        filter.actor_kind.map(|kind| format!("by a {}", format!("{kind:?}").to_lowercase())),
        filter.path.as_ref().map(|path| format!("about {path}")),
        filter.entity.map(|id| format!("about {id}")),
        filter.lane.map(|lane| format!("lane {}", format!("{lane:?}").to_lowercase())),
    ];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn not_written(error: &ExportError) -> Failure {
    let (end, kind) = match error {
        ExportError::Exists(_) => (End::Usage, "exists"),
        ExportError::Cancelled => (End::No, "cancelled"),
        ExportError::Io { .. } => (End::Unknown, "io"),
        ExportError::Journal(_) => (End::Unknown, "journal"),
    };
    Failure { end, kind, message: error.to_string() }
}
