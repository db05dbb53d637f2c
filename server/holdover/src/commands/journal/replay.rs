//! `holdover journal replay`: works everything that was derived from events out anew, and compares; or shows one merge.

use super::broken;
use super::lines::clean;
use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::{Out, Unit};
use contract::{FieldState, MergePolicy, Record, RecordField};
use owo_colors::OwoColorize as _;
use std::ops::ControlFlow;
use ulid::Ulid;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Show how the writes of this thing were merged: inputs, policy and outcome of every field
    #[arg(long, value_name = "ID")]
    entity: Option<Ulid>,
    /// As it was here when this event had arrived
    #[arg(long, value_name = "EVENT", requires = "entity")]
    until: Option<Ulid>,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    if let Some(entity) = options.entity {
        return record(&journal, entity, options.until, out);
    }
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

fn record(journal: &journal::Journal, entity: Ulid, until: Option<Ulid>, out: &Out) -> Result<End, Failure> {
    if let Some(until) = until
        && journal.event(until).map_err(|e| broken(&e))?.is_none()
    {
        return Err(Failure::usage(format!("the journal holds no event {until}")));
    }
    let Some(record) = journal.record(entity, until).map_err(|e| broken(&e))? else {
        return Err(Failure::usage(format!(
            "no event is about {entity}{}\nhint: `holdover journal log --json` names the thing of every event as `entity`",
            if until.is_some() { " by then" } else { "" }
        )));
    };
    out.document(&record);
    if !out.json {
        print(&record, out);
    }
    Ok(End::Yes)
}

fn print(record: &Record, out: &Out) {
    out.line(format!("{}  {}", clean(&record.kind).bold(), record.entity.dimmed()));
    let passed = match record.passed_over {
        0 => String::new(),
        n => format!(", {} without a write that can be read", count(n, "event")),
    };
    out.line(format!("merged from {}{passed}", count(record.events, "event")));
    for field in &record.fields {
        print_field(field, out);
    }
    if record.fields.is_empty() {
        out.line("its events write no field, so nothing is merged");
    }
}

fn print_field(field: &RecordField, out: &Out) {
    let policy = match field.policy {
        MergePolicy::LastWriter => "the last write is shown",
        MergePolicy::Set => "a set: a removal takes what its writer had seen",
        MergePolicy::Counter => "a counter: what was added is summed up",
        MergePolicy::Max => "the largest counts",
        MergePolicy::Min => "the smallest counts",
        MergePolicy::Text => "text: two that differ are a conflict",
        MergePolicy::Manual => "two that differ are for somebody to decide",
    };
    let state = match field.state {
        FieldState::Settled => "settled".green().to_string(),
        FieldState::Merged => "put together".green().to_string(),
        FieldState::Concurrent => "written at the same time by several".yellow().to_string(),
        FieldState::Conflict => "conflict".red().bold().to_string(),
        FieldState::Removed => "taken away".dimmed().to_string(),
        FieldState::Redacted => "something in it was redacted".yellow().to_string(),
    };
    out.line(format!("\n{}  {state}  {}", clean(&field.field).bold(), policy.dimmed()));
    out.line(format!("  = {}", clean(&field.value.to_string())));
    for head in &field.heads {
        let mark = if head.shown { "*" } else { " " };
        let value = if head.redacted {
            "(redacted)".dimmed().to_string()
        } else if head.value.is_null() {
            String::new()
        } else {
            clean(&head.value.to_string())
        };
        out.line(format!("  {mark} {} {value}", clean(&head.kind)));
        let who = format!("{}, {}, {}", clean(&head.actor.name), host::local_time(&head.at), head.op);
        out.line(format!("      {}", who.dimmed()));
    }
}
