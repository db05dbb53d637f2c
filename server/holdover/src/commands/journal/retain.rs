//! `holdover journal retain`: deletes what the rules of retention say is old enough, or says what would go.
//! The rules are settings; here is nothing to be chosen.

use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::{Out, Unit};
use contract::RetainReport;
use engine::EngineError;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Say what would go, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// The date is right, also where the journal has not known it for a day
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let cancel = cancel_on_interrupt();
    let bar = out.progress(&Unit::Events);
    let report = engine.retain(options.dry_run, options.yes, &cancel, |done, of| bar.report("looking", "", done, of));
    drop(bar);
    let report = report.map_err(|e| match e {
        EngineError::Cancelled => Failure {
            end: End::No,
            kind: "cancelled",
            message: "stopped, as was asked; nothing was deleted".to_owned(),
        },
        e => failed(&e),
    })?;
    out.document(&report);
    if !report.rules {
        out.line("no rule says how long anything is kept: everything stays");
        out.detail(
            "hint: `[journal.retention]` in your settings or in a trusted holdover.toml is where a rule is said",
        );
    }
    print(&report, options.dry_run, out);
    if options.dry_run || report.event.is_none() && report.pending == 0 {
        return Ok(End::Yes);
    }
    Ok(super::redact::erased(report.pending, report.held.as_deref(), "retain", out))
}

fn print(report: &RetainReport, dry_run: bool, out: &Out) {
    for run in &report.runs {
        let lane = contract_word(run.lane);
        let places = format!("{} to {} of log {}", run.first, run.last, &run.log[..run.log.len().min(8)]);
        out.line(format!(
            "{lane:<12}  {} before {}, {places}",
            count(run.payloads, "payload"),
            &run.before[..10.min(run.before.len())]
        ));
    }
    let payloads = count(report.runs.iter().map(|run| run.payloads).sum(), "payload");
    match (report.runs.is_empty(), dry_run) {
        (true, _) if report.rules => out.line("nothing is older than the rules say"),
        (true, _) => {}
        (false, true) => out.line(format!("{payloads} would be deleted; nothing was")),
        (false, false) => out.line(format!("{payloads} deleted")),
    }
    if report.more {
        out.line("there is more than is deleted at once: run it again");
    }
}

/// The word for a lane, as everywhere.
fn contract_word(lane: contract::Lane) -> String {
    serde_json::to_value(lane).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
