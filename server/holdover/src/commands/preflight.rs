//! `holdover preflight`: is this workspace ready for no network? With `--fetch`, gets what is missing first.

use super::{Failure, cancel_on_interrupt, count, engine, engine_for_counts, failed, open, warn_of_journal};
use crate::End;
use crate::args::Preflight;
use crate::out::{self, Out, Unit};
use contract::{
    Artifact, ArtifactState, FetchOutcome, FetchStep, JobState, PackItem, PackKind, PackState, PreflightReport, Proof,
    ProofState, ReadinessState, codes,
};
use engine::EngineError;
use owo_colors::OwoColorize as _;

/// How many artifacts people are shown without `--all` or `--verbose`.
const SHOWN: usize = 40;
/// How many arguments of a command they are shown without `--verbose`.
const MOST_ARGUMENTS: usize = 8;

pub(crate) fn run(options: &Preflight, out: &Out) -> Result<End, Failure> {
    let counts = !options.all && !options.deep && !options.fetch && !options.prove && !options.pack;
    let engine = if counts { engine_for_counts() } else { engine() };
    let root = open(&engine, &options.path, out)?;
    let cancel = cancel_on_interrupt();
    let mut fetched = None;
    if options.fetch {
        let bar = out.progress(&Unit::Artifacts);
        let told = engine.fetch(&root, None, options.dry_run, &cancel, &|p| {
            bar.report("getting", &p.message, p.done, p.total);
        });
        drop(bar);
        fetched = told.map_err(|e| failed(&e))?.fetch;
    }
    // Who stopped the fetch is told what it brought, from the look that it ended with, and waits for nothing more.
    if fetched.as_ref().is_none_or(|fetched| fetched.state != JobState::Cancelled) {
        let bar = options.deep.then(|| out.progress(&Unit::Bytes));
        engine
            .survey(&root, options.deep, &cancel, &|done, total| {
                if let Some(bar) = &bar {
                    bar.report("comparing checksums", "", done, total);
                }
            })
            .map_err(|e| failed(&e))?;
    }
    if options.prove && !cancel.is_cancelled() {
        let bar = out.progress(&Unit::Commands);
        let told = engine.prove(&root, &cancel, &|p| bar.report("proving", &p.message, p.done, p.total));
        drop(bar);
        told.map_err(|e| failed(&e))?;
    }
    let mut pack = Vec::new();
    if options.pack && !cancel.is_cancelled() {
        let bar = out.progress(&Unit::Artifacts);
        let told =
            engine.pack(&root, options.dry_run, &cancel, &|p| bar.report("packing", &p.message, p.done, p.total));
        drop(bar);
        pack = told.map_err(|e| failed(&e))?;
    }
    warn_of_journal(&engine, out);
    let report = engine.preflight(&root, options.all).ok_or_else(|| failed(&EngineError::NotOpen { root }))?;
    let report = PreflightReport { fetch: fetched, pack, ..report };
    out.document(&report);
    if !out.json {
        print(&report, options, out);
    }
    engine.leave();
    if report.fetch.as_ref().is_some_and(|f| matches!(f.state, JobState::Failed | JobState::Cancelled)) {
        return Ok(End::No);
    }
    if report.pack.iter().any(|item| matches!(item.state, PackState::Failed | PackState::Incomplete)) {
        return Ok(End::No);
    }
    if let Some(proof) = report.readiness.proof.as_ref().filter(|_| options.prove) {
        return Ok(match proof.state {
            ProofState::Proven => End::Yes,
            ProofState::Reached | ProofState::Failed | ProofState::Stopped => End::No,
            ProofState::Unknown => End::Unknown,
        });
    }
    Ok(match report.readiness.state {
        ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => End::Yes,
        ReadinessState::Incomplete => End::No,
        ReadinessState::Unknown => End::Unknown,
    })
}

fn print(report: &PreflightReport, options: &Preflight, out: &Out) {
    if let Some(fetch) = &report.fetch {
        print_fetch(fetch, options.dry_run, out);
    }
    // What was asked for is said last, and whole.
    let of_proof = |code: &str| options.prove && code == codes::NETWORK_IN_BUILD;
    let limit = if options.all || out.verbose { usize::MAX } else { SHOWN };
    let findings: Vec<_> = report.findings.iter().filter(|finding| !of_proof(&finding.code)).collect();
    for finding in findings.iter().take(limit) {
        let place = &finding.range.start;
        let file = finding.file.strip_prefix(&report.workspace).unwrap_or(&finding.file);
        out.line(format!("{}:{}: {} ({})", file.display(), place.line + 1, finding.message, finding.code));
    }
    if findings.len() > limit {
        out.line(format!("… and {} more findings: `--all` or `-v` shows them", findings.len() - limit));
    }
    for artifact in report.artifacts.iter().take(limit) {
        print_artifact(artifact, report, out);
    }
    if report.artifacts.len() > limit {
        out.line(format!("… and {} more: `--all` or `-v` shows them", report.artifacts.len() - limit));
    }
    for item in &report.pack {
        print_packed(item, out);
    }
    print_counts(report, options, out);
    if let Some(proof) = report.readiness.proof.as_ref().filter(|_| options.prove) {
        print_proof(proof, report, out);
    }
}

fn print_counts(report: &PreflightReport, options: &Preflight, out: &Out) {
    let readiness = &report.readiness;
    if readiness.ecosystems.is_empty() {
        out.line(format!(
            "{}: no lockfile that Holdover reads was found in {}",
            out::readiness(readiness.state),
            report.workspace.display()
        ));
        return;
    }
    for ecosystem in &readiness.ecosystems {
        let mut parts = Vec::new();
        // Where nothing could be read there is nothing to count: the reason says it all.
        if ecosystem.total > 0 || ecosystem.problem.is_none() {
            parts.push(format!("{} of {} present", ecosystem.present, ecosystem.total));
        }
        for (count, word) in [
            (ecosystem.missing, "missing"),
            (ecosystem.corrupt, "corrupt"),
            (ecosystem.stale, "stale"),
            (ecosystem.unknown, "unknown"),
            (ecosystem.other_targets, "only for other targets"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        if let Some(problem) = &ecosystem.problem {
            parts.push(problem.clone());
        }
        out.detail(format!("{:<6} {}: {}", ecosystem.name, ecosystem.lockfile.display(), parts.join(", ")));
    }
    out.line(format!(
        "{} for {}: {} of {} artifacts are here",
        out::readiness(readiness.state),
        readiness.target,
        readiness.present,
        readiness.total
    ));
    let unverified = readiness.present.saturating_sub(readiness.verified);
    if unverified > 0 {
        out.detail(format!(
            "{} {} not compared yet: `holdover preflight --deep` does",
            "hint:".cyan(),
            count(unverified, "checksum")
        ));
    }
    if readiness.missing + readiness.corrupt + readiness.stale > 0 && !options.fetch {
        out.detail(format!("{} `holdover preflight --fetch` gets what is missing", "hint:".cyan()));
    }
}

fn print_packed(item: &PackItem, out: &Out) {
    let what = match item.kind {
        PackKind::Refs => "refs",
        PackKind::Branch => "branch",
        PackKind::Command => "command",
        PackKind::File => "file",
        PackKind::Model => "model",
    };
    let state = match item.state {
        PackState::Ready => "here".green().to_string(),
        PackState::Planned => "would".cyan().to_string(),
        PackState::Incomplete => "incomplete".red().to_string(),
        PackState::Failed => "failed".red().to_string(),
        PackState::Unknown => "unknown".yellow().to_string(),
    };
    let mut lines = item.text.lines();
    out.line(format!("{state} {what} {}: {}", item.name, lines.next().unwrap_or_default()));
    lines.for_each(|line| out.line(format!("    {line}")));
}

fn print_proof(proof: &Proof, report: &PreflightReport, out: &Out) {
    for step in &proof.steps {
        let mark = match step.passed {
            Some(true) => "passed".green().to_string(),
            Some(false) => "failed".red().to_string(),
            None => "not run".dimmed().to_string(),
        };
        let folder =
            if step.folder.as_os_str().is_empty() { String::new() } else { format!(" in {}", step.folder.display()) };
        let how = if step.passed == Some(false) { format!(": {}", step.ended) } else { String::new() };
        out.line(format!("{mark} {}{folder}{how}", step.command.join(" ")));
        for line in step.tail.lines() {
            out.detail(format!("    {line}"));
        }
    }
    for reach in &proof.reaches {
        let file = reach.file.strip_prefix(&report.workspace).unwrap_or(&reach.file);
        out.line(format!(
            "{}:{}: {} ({})",
            file.display(),
            reach.range.start.line + 1,
            reach.text,
            codes::NETWORK_IN_BUILD
        ));
    }
    for tool in &proof.tools {
        out.detail(format!("with {}", tool.is));
    }
    for remark in &proof.remarks {
        out.detail(remark.clone());
    }
    out.line(proof.text.clone());
}

fn print_artifact(artifact: &Artifact, report: &PreflightReport, out: &Out) {
    let file = artifact.file.strip_prefix(&report.workspace).unwrap_or(&artifact.file);
    let other = if artifact.other_target { " (only for other targets)" } else { "" };
    out.line(format!(
        "{} {} {}{other}  {}",
        out::state(artifact.state),
        artifact.name.bold(),
        artifact.version,
        format!("{}:{}", file.display(), artifact.range.start.line + 1).dimmed(),
    ));
    if artifact.state != ArtifactState::Present || out.verbose {
        out.detail(format!("    {}", artifact.evidence));
        if !artifact.needed_by.is_empty() {
            out.detail(format!("    needed by: {}", artifact.needed_by.join(", ")));
        }
    }
}

fn print_fetch(fetch: &FetchOutcome, dry_run: bool, out: &Out) {
    for step in &fetch.steps {
        let command = shortened(&step.command, out.verbose);
        let what = format!("{command}: {}", count(step.artifacts.len() as u64, "artifact"));
        match (dry_run, step.ok) {
            (true, _) => out.line(format!("would run {what}, {}", sizes(step))),
            (_, Some(true)) => out.detail(format!("ran {what}")),
            (_, Some(false)) => {
                out.line(format!("{} {what}", "failed".red()));
                for line in step.error.iter().flat_map(|e| e.lines()) {
                    out.line(format!("    {line}"));
                }
            }
            (_, None) => out.line(format!("not run {what}")),
        }
    }
    if !dry_run && !fetch.steps.is_empty() {
        out.line(format!("{} fetched", fetch.fetched.len()));
    }
}

/// How much a step downloads, as far as that is known before.
fn sizes(step: &FetchStep) -> String {
    let known = indicatif::HumanBytes(step.bytes).to_string();
    match (step.bytes, step.unsized_artifacts) {
        (0, _) => "of a size that no lockfile says".to_owned(),
        (_, 0) => known,
        (_, unknown) => format!("{known} and {unknown} of unknown size"),
    }
}

/// A command for people: of many arguments the first few, unless everything is asked for.
fn shortened(command: &[String], verbose: bool) -> String {
    if verbose || command.len() <= MOST_ARGUMENTS {
        return command.join(" ");
    }
    format!("{} … ({} more)", command[..MOST_ARGUMENTS].join(" "), command.len() - MOST_ARGUMENTS)
}
