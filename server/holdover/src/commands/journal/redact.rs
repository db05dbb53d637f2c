//! `holdover journal redact`: deletes what an event says, for good, and says how far it is gone.

use super::broken;
use crate::End;
use crate::commands::{Failure, count, engine, failed};
use crate::out::Out;
use contract::RedactReport;
use journal::{Erasure, Redactable};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use ulid::Ulid;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The event whose contents are deleted; without it, what other processes have held up is finished
    #[arg(value_name = "ID", conflicts_with = "entity")]
    id: Option<Ulid>,
    /// Every event about the thing with this id
    #[arg(long, value_name = "ID")]
    entity: Option<Ulid>,
    /// Why, in words that stay in the record: name nothing of what is deleted
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would go, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let targets = match (options.id, options.entity) {
        (Some(id), _) => journal.redactable(id).map_err(|e| broken(&e))?.into_iter().collect(),
        (None, Some(entity)) => journal.redactable_of(entity).map_err(|e| broken(&e))?,
        (None, None) if options.reason.is_some() || options.dry_run || options.yes => {
            return Err(Failure::usage(
                "which event is meant?\nhint: `holdover journal log` lists events with their ids".to_owned(),
            ));
        }
        (None, None) => return finish(&journal, &[], out),
    };
    if targets.is_empty() {
        let message = "there is no such event\nhint: `holdover journal log` lists events with their ids".to_owned();
        return Err(Failure { end: End::Usage, kind: "no-such-event", message });
    }
    let left: Vec<&Redactable> = targets.iter().filter(|target| !target.gone).collect();
    for target in &targets {
        let size = if target.gone { "gone already".to_owned() } else { count(target.bytes, "byte") };
        out.line(format!("{}  {:<20} {}  {size}", target.at, target.kind, target.id));
    }
    if options.dry_run {
        out.document(&report(&left, &journal.erasure().map_err(|e| broken(&e))?));
        out.line(format!("{} would be deleted; nothing was", count(left.len() as u64, "payload")));
        return Ok(End::Yes);
    }
    let ids: Vec<Ulid> = left.iter().map(|target| target.id).collect();
    if !ids.is_empty() {
        let Some(reason) = &options.reason else {
            let message =
                "a redaction says why: `--reason TEXT`\nhint: name nothing of what is deleted, the reason stays"
                    .to_owned();
            return Err(Failure::usage(message));
        };
        if !options.yes && !agreed(ids.len() as u64)? {
            out.line("nothing was deleted");
            return Ok(End::No);
        }
        let actor = journal.person().map_err(|e| broken(&e))?;
        journal.redact(&ids, reason, &actor).map_err(|e| broken(&e))?;
    }
    finish(&journal, &left, out)
}

/// Cleans the files, and says how far that came.
fn finish(journal: &journal::Journal, gone: &[&Redactable], out: &Out) -> Result<End, Failure> {
    let erasure = journal.erase().map_err(|e| broken(&e))?;
    let report = report(gone, &erasure);
    out.document(&report);
    if !gone.is_empty() {
        out.line(format!("{} deleted", count(gone.len() as u64, "payload")));
    }
    Ok(erased(report.pending, report.held.as_deref(), "redact", out))
}

/// Says how far what was deleted is gone from the files.
pub(super) fn erased(pending: u64, held: Option<&str>, command: &str, out: &Out) -> End {
    if pending == 0 {
        out.line("erased here: yes, nothing of it is left in the journal's files");
        out.detail("not reached: files that were exported, backups, and devices that have not synchronised since");
        return End::Yes;
    }
    out.line(format!("erased here: pending, {}", held.unwrap_or("it was deleted while the files were cleaned")));
    out.line(format!(
        "hint: nothing is lost; the next editor that starts tries again, and so does `holdover journal {command}`"
    ));
    End::No
}

fn report(events: &[&Redactable], erasure: &Erasure) -> RedactReport {
    RedactReport {
        events: events.iter().map(|event| event.id.to_string()).collect(),
        pending: match erasure {
            Erasure::Done => 0,
            Erasure::Pending { deletions, .. } => *deletions,
        },
        held: engine::held_up(erasure).map(str::to_owned),
    }
}

fn agreed(payloads: u64) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = "what is deleted cannot be brought back, and there is no terminal to ask on\nhint: `--yes` says that it is meant";
        return Err(Failure::usage(message.to_owned()));
    }
    let mut err = anstream::stderr();
    let _ = write!(err, "delete {} for good? type yes: ", count(payloads, "payload")).and_then(|()| err.flush());
    let mut line = String::new();
    // Nothing typed is a no.
    let _ = std::io::stdin().lock().read_line(&mut line);
    Ok(line.trim() == "yes")
}
