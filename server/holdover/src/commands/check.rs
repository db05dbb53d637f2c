//! `holdover check`: what reaches for a network while the project is built and tested, and what the project's own linters find. It asks
//! the engine and prints.

use super::{Failure, cancel_on_interrupt, count, engine_for_counts, failed, open, warn_of_journal};
use crate::End;
use crate::out::{Out, Unit};
use contract::{CheckReport, CheckState, Finding, Severity};
use engine::{CheckAsked, Engine};
use owo_colors::OwoColorize as _;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Files and folders to be told about, and names of checks to be run alone; without any, the whole workspace and every check
    #[arg(value_name = "FILE|NAME")]
    pub files: Vec<PathBuf>,
    /// Run the steps that build and test, too; a check that cannot be run counts: the answer is then not known
    #[arg(long)]
    pub all: bool,
    /// Run also what has not changed since it was run last
    #[arg(long)]
    pub again: bool,
    /// Print a SARIF log, for services that show findings
    #[arg(long, conflicts_with = "json")]
    pub sarif: bool,
    /// Print a JUnit report, for services that show tests
    #[arg(long, conflicts_with_all = ["json", "sarif"])]
    pub junit: bool,
    /// State what it came to in a file, signed by this device
    #[arg(long, value_name = "FILE")]
    pub attest: Option<PathBuf>,
    /// Run nothing: does such a statement hold of what is here?
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "again", "sarif", "junit", "attest", "import", "files"])]
    pub verify: Option<PathBuf>,
    /// Tell what a SARIF log of another tool says, too
    #[arg(long, value_name = "FILE")]
    pub import: Vec<PathBuf>,
}

pub(crate) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine_for_counts();
    if let Some(file) = &options.verify {
        return super::statement::verify(engine, file, out);
    }
    if let Some(file) = &options.attest {
        engine.may_attest(file).map_err(|e| failed(&e))?;
    }
    // What is no file is the name of a check: one of ours, or one that the settings of the workspace have.
    let is_word =
        |file: &PathBuf| file.components().count() == 1 && file.to_str().is_some_and(|name| !name.contains('/'));
    // A step is called as folders are, `test` for example: its name counts, and `./test` is the folder.
    let steps = if options.files.iter().any(|file| is_word(file) && file.is_dir()) {
        open(&engine, Path::new("."), out).map(|root| engine.steps(&root)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let is_step = |file: &PathBuf| is_word(file) && steps.iter().any(|step| file.as_os_str() == step.as_str());
    let (named, names): (Vec<&PathBuf>, Vec<&PathBuf>) =
        options.files.iter().partition(|file| file.exists() && !is_step(file));
    let names: Vec<String> = names.iter().map(|name| name.display().to_string()).collect();
    let first = named.first().map_or_else(|| Path::new("."), |file| file.as_path());
    let root = open(&engine, first, out)?;
    let added = engine.added_checks(&root);
    if let Some(unknown) = names.iter().find(|name| !Engine::is_check(name) && !added.contains(name)) {
        let known = Engine::check_names().into_iter().map(str::to_owned).chain(added);
        let checks = known.collect::<Vec<_>>().join(", ");
        let what = format!("there is nothing to look at: no file and no check has this name: {unknown}");
        let trusted = engine.trust_of(&root).is_ok_and(host::Trust::allows);
        let more = if trusted {
            ""
        } else {
            "; what the settings of a workspace call so is known once it is trusted: `holdover trust`"
        };
        return Err(Failure::usage(format!("{what}\nhint: checks are called {checks}{more}")));
    }
    let mut files = Vec::new();
    for file in named {
        let absolute = std::fs::canonicalize(file)
            .map_err(|e| Failure::usage(format!("there is nothing to look at: {}: {e}", file.display())))?;
        let real = std::fs::canonicalize(&root).unwrap_or_else(|_| root.clone());
        let Ok(below) = absolute.strip_prefix(&real) else {
            return Err(Failure::usage(format!(
                "this file belongs to another workspace than the first: {}\nhint: check each workspace by itself",
                file.display()
            )));
        };
        files.push(if below.as_os_str().is_empty() { root.clone() } else { root.join(below) });
    }
    if options.attest.is_some() && !files.is_empty() {
        return Err(Failure::usage(
            "a statement is of the whole workspace, and not of some of its files\nhint: name checks, or nothing"
                .to_owned(),
        ));
    }
    if options.all && names.is_empty() {
        for left in engine.left_out_of_workflows(&root) {
            out.note(&format!("not run: {left}"));
        }
    }
    let bar = out.progress(&Unit::Lines);
    let said = |step: &str, line: &str| {
        if out.verbose { out.note(&format!("{step}: {line}")) } else { bar.report(step, line, 0, 0) }
    };
    let asked = CheckAsked { files: &files, names: &names, all: options.all, again: options.again, said: Some(&said) };
    let counts_unknown = options.all || !names.is_empty();
    let cancel = cancel_on_interrupt();
    let report = engine.check(&root, asked, &cancel).map_err(|e| failed(&e));
    drop(bar);
    let mut report = report?;
    if let Some(file) = &options.attest {
        super::statement::attest(&engine, &report, file, &cancel, out)?;
    }
    for file in &options.import {
        engine.import_sarif(&root, file, &mut report).map_err(|e| failed(&e))?;
    }
    warn_of_journal(&engine, out);
    if options.junit {
        out.verbatim(super::junit::report(&report, counts_unknown).as_bytes());
    } else if options.sarif {
        out.verbatim(format!("{}\n", sarif(&report)).as_bytes());
    } else {
        out.document(&report);
        if !out.json {
            print(&report, out);
        }
    }
    engine.leave();
    Ok(end(&report, counts_unknown))
}

/// Nobody could tell whether the thing is here.
fn is_open(finding: &Finding) -> bool {
    finding.data.as_ref().and_then(|data| data.get("here")).and_then(|here| here.as_str()) == Some("unknown")
}

fn end(report: &CheckReport, counts_unknown: bool) -> End {
    let serious = report.findings.iter().filter(|finding| finding.severity <= Severity::Warning);
    match (serious.clone().any(|finding| !is_open(finding)), serious.count()) {
        (true, _) => End::No,
        (false, 0) if counts_unknown && report.checks.iter().any(|check| check.state == CheckState::Unavailable) => {
            End::Unknown
        }
        (false, 0) if counts_unknown && report.checks.is_empty() => End::Unknown,
        (false, 0) => End::Yes,
        (false, _) => End::Unknown,
    }
}

fn print(report: &CheckReport, out: &Out) {
    for finding in &report.findings {
        let place = &finding.range.start;
        let file = finding.file.strip_prefix(&report.workspace).unwrap_or(&finding.file);
        let (message, hint) = finding.message.split_once("\nhint: ").unwrap_or((&finding.message, ""));
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default();
        let word = match finding.severity {
            Severity::Error => "error".red().to_string(),
            Severity::Warning => "warning".yellow().to_string(),
            Severity::Information | Severity::Hint => "info".cyan().to_string(),
        };
        let code = match (&*finding.source, &*finding.code) {
            ("holdover", code) => code.to_owned(),
            (source, "") => source.to_owned(),
            (source, code) if code.starts_with(source) => code.to_owned(),
            (source, code) => format!("{source} {code}"),
        };
        let (line, column) = (place.line + 1, place.utf16 + 1);
        out.line(format!("{}:{line}:{column}: {word}: {first} ({code})", file.display()));
        for more in lines {
            out.detail(format!("    {more}"));
        }
        if !hint.is_empty() {
            out.detail(format!("    {} {hint}", "hint:".cyan()));
        }
    }
    for left in &report.left_out {
        out.detail(format!("left out: {left}"));
    }
    let is_lint = |name: &str| name == "lints";
    for check in report.checks.iter().filter(|check| !is_lint(&check.name)) {
        let version = check.version.as_ref().map_or(String::new(), |version| format!(" ({version})"));
        out.line(format!("{}{version}: {}", check.name, check.text));
        if let Some((_, hint)) = check.detail.split_once("hint: ") {
            out.detail(format!("    {} {hint}", "hint:".cyan()));
        }
    }
    if !report.checks.iter().any(|check| is_lint(&check.name)) {
        return;
    }
    let ours = || report.findings.iter().filter(|finding| finding.source == "holdover");
    let of = |severity| ours().filter(|finding| finding.severity == severity).count() as u64;
    let (errors, warnings, known) = (of(Severity::Error), of(Severity::Warning), of(Severity::Information));
    let read = count(report.files, "file");
    if ours().next().is_none() {
        out.line(format!("nothing in {read} reaches for a network"));
    } else {
        out.line(format!(
            "{read} read: {} for what is not here, {} where nobody can tell or something should be mended, {known} for information",
            count(errors, "error"),
            count(warnings, "warning"),
        ));
    }
}

/// A part of an address.
fn encoded(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    part.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// SARIF 2.1.0, with addresses relative to the workspace.
fn sarif(report: &CheckReport) -> serde_json::Value {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<_> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results = report.findings.iter().map(|finding| {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information | Severity::Hint => "note",
        };
        let file = finding.file.strip_prefix(&report.workspace).unwrap_or(&finding.file);
        let address: Vec<String> = file.components().map(|part| encoded(&part.as_os_str().to_string_lossy())).collect();
        let (start, end) = (finding.range.start, finding.range.end);
        json!({
            "ruleId": finding.code,
            "level": level,
            "message": { "text": finding.message },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": address.join("/"), "uriBaseId": "%SRCROOT%" },
                "region": {
                    "startLine": start.line + 1, "startColumn": start.utf16 + 1,
                    "endLine": end.line + 1, "endColumn": end.utf16 + 1,
                },
            } }],
        })
    });
    let left_out = report.left_out.iter().map(|left| json!({ "level": "note", "message": { "text": left } }));
    json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "holdover", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "invocations": [{
                "executionSuccessful": true, "toolExecutionNotifications": left_out.collect::<Vec<_>>(),
            }],
            "columnKind": "utf16CodeUnits",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}
