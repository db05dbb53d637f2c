//! `holdover journal replay`: works everything that was derived from events out anew, and compares.

use super::broken;
use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::{Out, Unit};
use owo_colors::OwoColorize as _;
use std::ops::ControlFlow;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

pub(super) fn run(_: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let cancel = cancel_on_interrupt();
    let bar = out.progress(&Unit::Events);
    let replayed = journal
        .replay(|view, done, of| {
            bar.report(&format!("replaying {view}"), "", done, of);
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(|e| broken(&e))?;
    drop(bar);
    if cancel.is_cancelled() {
        return Err(Failure { end: End::No, kind: "cancelled", message: "stopped, as was asked".to_owned() });
    }
    let same = replayed.iter().all(|view| view.difference.is_none());
    for view in &replayed {
        out.document(&serde_json::json!({
            "view": view.view, "version": view.version, "events": view.events, "rows": view.rows,
            "difference": view.difference,
        }));
        let end = match &view.difference {
            None => "the same in every row".green().to_string(),
            Some(difference) => format!("{}: {difference}", "different".red().bold()),
        };
        let what = format!("{} from {}", count(view.rows, "row"), count(view.events, "event"));
        out.line(format!("{:<8}  {what}: {end}", view.view));
    }
    Ok(if same { End::Yes } else { End::No })
}
