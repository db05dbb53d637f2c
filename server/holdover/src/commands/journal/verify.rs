//! `holdover journal verify`: whether the record, or a file that was exported from one, is whole; else what is wrong first.

use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::{Out, Unit};
use contract::{BadPlace, ExportFacts, RootVerdict, VerifyReport};
use engine::EngineError;
use journal::{CheckError, CheckFileError, Checked, Journal};
use owo_colors::OwoColorize as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A file that `holdover journal export` wrote; without it, the journal of this machine
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let report = match &options.file {
        Some(file) => of_file(file, out)?,
        None => of_journal(out)?,
    };
    out.document(&report);
    print(&report, out);
    Ok(if report.whole && report.unexplained == 0 { End::Yes } else { End::No })
}

fn of_journal(out: &Out) -> Result<VerifyReport, Failure> {
    let engine = engine();
    let cancel = cancel_on_interrupt();
    let bar = out.progress(&Unit::Events);
    let found = engine.verify(&cancel, |done, of| bar.report("verifying", "", done, of));
    drop(bar);
    found.map_err(|e| match e {
        EngineError::Cancelled => Failure {
            end: End::Unknown,
            kind: "cancelled",
            message: "stopped, as was asked; nothing that is wrong was found until then".to_owned(),
        },
        e => failed(&e),
    })
}

fn of_file(file: &Path, out: &Out) -> Result<VerifyReport, Failure> {
    let cancel = cancel_on_interrupt();
    let bar = out.progress(&Unit::Bytes);
    let found = journal::check_file(file, &mut |done, total| {
        bar.report("verifying", "", done, total);
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(bar);
    let report = VerifyReport { file: file.to_owned(), ..VerifyReport::default() };
    let error = match found {
        Ok((checked, signed)) => return Ok(whole(checked, signed, report)),
        Err(error) => error,
    };
    let message = error.to_string();
    let place = match error {
        CheckFileError::Envelope { .. } => None,
        CheckFileError::File { error, .. } => match *error {
            CheckError::Broken(broken) => Some(broken),
            CheckError::NotAnExport | CheckError::Io(_) => {
                return Err(Failure { end: End::Usage, kind: "not-an-export", message });
            }
            CheckError::Newer { .. } => return Err(Failure { end: End::Unknown, kind: "newer", message }),
            CheckError::Cancelled => return Err(Failure { end: End::Unknown, kind: "cancelled", message }),
        },
    };
    let bad = place.map(|broken| {
        let place = broken.place;
        let (log, seq, id) = place.event.map_or((None, None, None), |(log, seq, id)| (Some(log), Some(seq), Some(id)));
        BadPlace {
            reason: broken.reason,
            offset: Some(place.offset),
            length: Some(place.length),
            line: Some(place.line),
            field: Some(place.field.to_owned()),
            log,
            seq,
            id,
            ..BadPlace::default()
        }
    });
    Ok(VerifyReport { bad: bad.or_else(|| Some(BadPlace { reason: message, ..BadPlace::default() })), ..report })
}

fn whole(checked: Checked, signed: bool, report: VerifyReport) -> VerifyReport {
    VerifyReport {
        whole: true,
        events: checked.events,
        logs: checked.heads.len() as u64,
        redacted: checked.redacted,
        signatures: checked.signatures,
        export: Some(ExportFacts {
            known: is_known(&checked.signer),
            journal: checked.journal,
            written_at: checked.written_at,
            device: checked.signer,
            signed,
            filter: checked.filter,
            gaps: checked.gaps,
            sha256: checked.sha256,
            blake3: checked.blake3,
        }),
        ..report
    }
}

/// Asks the journal of this machine, if there is one: a file can be verified where none is, and none is made for it.
fn is_known(device: &str) -> Option<bool> {
    let data = host::Folders::find(None).ok()?.data;
    if Journal::is_absent(&data) {
        return None;
    }
    Journal::open(&data).ok()?.knows_device(device).ok()
}

fn print(report: &VerifyReport, out: &Out) {
    if let Some(bad) = &report.bad {
        out.line(format!("{}: {}", "not whole".red().bold(), report.file.display()));
        out.line(format!("{}{}", where_it_is(bad), bad.reason));
        return;
    }
    let without = match report.redacted {
        0 => String::new(),
        n => format!(", {n} without {} payload", if n == 1 { "its" } else { "their" }),
    };
    let (events, logs) = (count(report.events, "event"), count(report.logs, "log"));
    out.line(format!("{}: {events} in {logs}{without}", "whole".green().bold()));
    for verdict in &report.roots {
        roots(verdict, out);
    }
    let Some(export) = &report.export else { return };
    let device = &export.device[..export.device.len().min(16)];
    let known = match export.known {
        Some(true) => "which the journal of this machine knows",
        Some(false) => "which the journal of this machine does not know: ask who sent it for their device's key",
        None => "and there is no journal here to say whose that is",
    };
    if export.signed {
        out.line(format!("signed by device {device}, {known}"));
    } else {
        out.line(format!("not signed: whoever could write the file can have made all of it; it names device {device}"));
    }
    if let Some(filter) = &export.filter {
        out.line(format!("a part of a journal: {filter}"));
    }
    if export.gaps > 0 {
        let gaps = count(export.gaps, "gap");
        out.line(format!(
            "{gaps} between its events: what stood there, and that they follow each other, cannot be told from it"
        ));
    }
}

/// Who has a say in who is in, as the signed events bear it out.
fn roots(verdict: &RootVerdict, out: &Out) {
    let short = |ids: &[String]| ids.iter().map(|id| &id[..id.len().min(8)]).collect::<Vec<_>>().join(", ");
    let whose = match verdict.project.as_str() {
        "" => String::new(),
        project => format!(" of project {project}"),
    };
    if verdict.version == 0 {
        out.line(format!("no root set{whose} is in force"));
    } else {
        let (of, signed) = (verdict.devices.len(), short(&verdict.signed_by));
        out.line(format!(
            "root set {}{whose}: {} of {of} devices ({}), signed by {signed}",
            verdict.version,
            verdict.threshold,
            short(&verdict.devices)
        ));
    }
    if !verdict.lost.is_empty() {
        out.line(format!("  no longer in: {}", short(&verdict.lost)));
    }
    if !verdict.can_change {
        out.line("  too few of its devices are left to sign another: nobody can change it any more");
    }
    if verdict.waiting > 0 {
        let sets = count(verdict.waiting, "set");
        out.line(format!("  {sets} without signatures enough"));
    }
    if verdict.idle_signatures > 0 {
        out.line(format!(
            "  {}, of who had no say or of what cannot follow, for nothing",
            count(verdict.idle_signatures, "signature")
        ));
    }
    if verdict.held > 0 {
        out.line(format!("  {} held, because of who is in", count(verdict.held, "event")));
    }
}

/// `byte 17 (line 2, payload): `, as far as it is known.
fn where_it_is(bad: &BadPlace) -> String {
    let mut words = Vec::new();
    match (bad.offset, bad.length.unwrap_or(1)) {
        (Some(at), 0 | 1) => words.push(format!("byte {at}")),
        (Some(at), length) => words.push(format!("bytes {at} to {}", at + length - 1)),
        (None, _) => {}
    }
    words.extend(bad.page.map(|page| format!("page {page}")));
    words.extend(bad.line.map(|line| format!("line {line}")));
    words.extend(bad.field.as_ref().map(|field| format!("field {field}")));
    words.extend(bad.id.as_ref().map(|id| format!("event {id}")));
    words.extend(bad.seq.map(|seq| format!("number {seq}")));
    words.extend(bad.log.as_ref().map(|log| format!("log {log}")));
    words.extend(bad.pos.map(|pos| format!("row {pos}")));
    if words.is_empty() { String::new() } else { words.join(", ") + ": " }
}
