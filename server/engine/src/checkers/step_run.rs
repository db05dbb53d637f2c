//! One run of a step: in the sandbox, with the network kept from it, its log told as it grows. What it wrote is placed when it has ended;
//! whether it passed is its exit code's to say.

use super::ask::version;
use super::asked::Listener;
use super::inputs::Listed;
use super::plan::Plan;
use super::record::Record;
use super::run::{build_folder, environment, own_finding, own_program, parsed_into, reached, shown};
use super::steps::Step;
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{EngineError, Notice};
use checks::checker::{Format, Says};
use checks::log::Tail;
use contract::{BuildRun, CheckState, LogReport, Severity, SinceGreen, codes};
use host::{Cancel, CutOff, CutOffEnd, Ended, Seen, Spoken, Stream, Strength};
use journal::{Lease, Tool};
use serde_json::json;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Bytes that a step may say where they are one document.
const MOST_SAID: u64 = 64 << 20;
/// Groups of like lines that are kept of a log.
const MOST_GROUPS: usize = 20;
/// The most lines that are placed, of those that a format takes apart.
const MOST_LINES: usize = 100_000;

/// What a run is told with.
pub(super) struct With<'a> {
    pub lease: Option<&'a Lease>,
    pub cancel: &'a Cancel,
    /// Each line, with the step's name.
    pub said: Option<&'a Listener<'a>>,
    /// What it depends on.
    pub listed: &'a Listed,
}

/// Runs it. The record has no hash of inputs yet.
pub(super) fn run(
    inner: &Inner,
    workspace: &Workspace,
    plan: &Plan,
    step: &Step,
    with: &With<'_>,
) -> Result<Record, EngineError> {
    let (root, checker) = (&workspace.root, &*step.checker);
    let program = plan.program.as_ref().and_then(|program| program.to_str()).unwrap_or(&checker.program).to_owned();
    let failed = |what: &str, e: &dyn std::fmt::Display| {
        EngineError::Host(format!("{what}: {e}\nhint: free room in the data folder, and make it writable for you"))
    };
    let mut record = Record { at: host::now(), ..Record::default() };
    record.version = version(inner, workspace, checker, &program, with.cancel);
    let log = workspace
        .logs
        .begin(&checker.id, &log_file(inner, workspace, &checker.id))
        .map_err(|e| failed("the log of a step cannot be written", &e))?;
    let own = crate::copy::folder(&inner.folders.data, "check-")
        .map_err(|e| failed("no folder could be made for what a step says", &e))?;
    let output = own.path().join("out");
    let command: Vec<String> = std::iter::once(program).chain(step.command.iter().skip(1).cloned()).collect();
    record.command = shown(&command);
    let mut environment = environment(inner, workspace, checker);
    environment.push(("PWD".to_owned(), root.join(&step.folder).into_os_string()));
    let environment: Vec<(&str, OsString)> = environment.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    let order = CutOff {
        folder: &step.folder,
        environment: &environment,
        output: is_document(checker.format).then_some(Spoken { file: &output, most: MOST_SAID }),
        calm: true,
        ..CutOff::new(&command, root, step.limit)
    };
    let note = |tool: Option<Tool>| {
        if let Some(Err(e)) = with.lease.map(|lease| lease.note_tool(tool)) {
            tracing::warn!("if this process is killed, nobody ends what it started: {e}");
        }
    };
    let tell = |line: &str| {
        if let Some(said) = with.said {
            said(&checker.id, line);
        }
        if log.put(line) {
            inner.tell(Notice::Build { root: root.clone(), name: checker.id.clone() });
        }
    };
    // Of a format that is read by lines only one stream counts; where nothing is said, both do.
    let mut wanted = Tail::new(MOST_LINES);
    let stream = if checker.says == Says::Errors { Stream::Err } else { Stream::Out };
    let end = host::run_cut_off(
        &own_program()?,
        &order,
        with.cancel,
        &mut |group| note(Some(Tool { pid: group.leader, started: group.started })),
        &mut |seen| match seen {
            Seen::Line(from, line) => {
                if checker.format != Format::Log && from == stream {
                    wanted.feed(line.as_bytes());
                    wanted.feed(b"\n");
                }
                tell(line);
            }
            Seen::Reached(reached) => tell(&format!("[reached for {}, without a network]", reached.host)),
        },
    );
    note(None);
    let bytes = std::fs::read(&output).unwrap_or_default();
    for line in &rendered(checker.format, &bytes) {
        tell(line);
    }
    let took = log.end();
    let end = end.map_err(|e| EngineError::Host(e.to_string()))?;
    inner.tell(Notice::Build { root: root.clone(), name: checker.id.clone() });
    if with.cancel.is_cancelled() || matches!(end.ended, Some(Ended::Cancelled | Ended::ForcedOffline)) {
        return Err(EngineError::Cancelled);
    }
    if let Some(why) = not_run(&end) {
        record.state = CheckState::Unavailable;
        record.detail = why;
        return Ok(record);
    }
    let text = match checker.format {
        Format::Log => log.text(),
        format if is_document(format) => bytes,
        _ => wanted.bytes().to_vec(),
    };
    parsed_into(&mut record, workspace, plan, &step.folder, &text);
    let passed = end.ended == Some(Ended::Exited(0)) && !end.too_much;
    record.state = if passed { CheckState::Passed } else { CheckState::Failed };
    let mut build = BuildRun {
        command: record.command.clone(),
        exit: match end.ended {
            Some(Ended::Exited(code)) => Some(code),
            _ => None,
        },
        ended: ended(&end, step),
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        commit: crate::prove::commit(root),
        sources: with.listed.sources(),
        log: Some(log.file.clone()),
        says: None,
        since: None,
    };
    if passed {
        super::green::keep(inner, root, &checker.id, &record.at, build.commit.as_deref(), with.listed);
    } else {
        build.says = Some(bounded(log.says()));
        build.since = super::green::since(inner, root, &checker.id, with.listed, build.commit.as_deref());
        let message = words(&checker.id, &build);
        let mut finding = own_finding(workspace, plan, 0, codes::BUILD_FAILED, Severity::Error, message);
        finding.data = Some(json!({ "check": checker.id, "log": log.file }));
        record.own.push(finding);
    }
    reached(&mut record, workspace, plan, 0, &end);
    record.build = Some(build);
    Ok(record)
}

/// Where the log of a step lies.
pub(super) fn log_file(inner: &Inner, workspace: &Workspace, id: &str) -> PathBuf {
    build_folder(inner, workspace).join("logs").join(format!("{id}.log"))
}

/// Whether what it writes is one document, or lines that are longer than a log's.
fn is_document(format: Format) -> bool {
    matches!(
        format,
        Format::Sarif | Format::CargoJson | Format::EslintJson | Format::RuffJson | Format::Rdjson | Format::Rdjsonl
    )
}

/// What a person reads of cargo's messages.
fn rendered(format: Format, bytes: &[u8]) -> Vec<String> {
    if format != Format::CargoJson {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(bytes);
    let of = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(message["message"]["rendered"].as_str()?.to_owned())
    };
    let all: Vec<String> = text.lines().filter_map(of).collect();
    all.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
}

/// Why nothing was run.
fn not_run(end: &CutOffEnd) -> Option<String> {
    if let Some(why) = &end.not_run {
        return Some(format!(
            "it could not be started: {why}\nhint: see that its command is right and on this machine"
        ));
    }
    (end.strength == Strength::None).then(|| {
        let why = if end.refused.is_empty() { String::new() } else { format!(": {}", end.refused.join("; ")) };
        format!("this machine keeps the network from no program, so it is not run{why}\nhint: see docs/proof.md")
    })
}

fn ended(end: &CutOffEnd, step: &Step) -> String {
    match end.ended {
        _ if end.too_much => format!("said more than {} MiB and was stopped", MOST_SAID >> 20),
        Some(Ended::Exited(0)) => "passed".to_owned(),
        Some(Ended::Exited(code)) => format!("failed with exit code {code}"),
        Some(Ended::TimedOut) => format!("ran longer than {} s and was stopped", step.limit.as_secs()),
        Some(Ended::Signalled(number)) => format!("was ended by signal {number}"),
        Some(Ended::Cancelled | Ended::ForcedOffline) | None => "was stopped".to_owned(),
    }
}

fn bounded(mut says: LogReport) -> LogReport {
    says.more_groups += says.groups.len().saturating_sub(MOST_GROUPS) as u64;
    says.groups.truncate(MOST_GROUPS);
    says
}

/// How long something took.
pub(super) fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..120_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => format!("{} min", milliseconds / 60_000),
    }
}

/// What stands at the settings where a step failed.
fn words(id: &str, build: &BuildRun) -> String {
    let mut said = format!("the step {id} {} after {}", build.ended, took(build.milliseconds));
    if let Some(says) = &build.says {
        if let Some(error) = &says.first_error {
            let _ = write!(said, ": {}", error.text.trim());
        }
        if let Some(because) = &says.because {
            let _ = write!(said, "\nprobably: {}", because.says);
        }
    }
    if let Some(SinceGreen { text, .. }) = &build.since {
        let _ = write!(said, "\n{text}");
    }
    said + &format!("\nhint: look at its log, mend what it names first, and run it again: holdover check {id}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn of_cargos_messages_a_log_has_what_people_read() {
        let line = |text: &str| json!({ "reason": "compiler-message", "message": { "rendered": text } }).to_string();
        let output = format!("{}\n{{\"reason\":\"x\"}}\nno JSON\n{}\n", line("error: a\n --> b\n"), line("c\n"));
        assert_eq!(rendered(Format::CargoJson, output.as_bytes()), ["error: a", " --> b", "c"]);
        assert!(rendered(Format::Gcc, output.as_bytes()).is_empty());
    }

    #[test]
    fn a_time_is_told_as_people_tell_it() {
        assert_eq!([took(5), took(1250), took(119_900), took(3_600_000)], ["5 ms", "1.2 s", "119.9 s", "60 min"]);
    }
}
