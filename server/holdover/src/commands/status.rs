//! `holdover status`: everything in one view.

use super::{Failure, cancel_on_interrupt, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::{self, Out};
use contract::{FunctionMode, ReadinessState, Status};
use engine::EngineError;
use owo_colors::OwoColorize as _;
use std::path::Path;

pub(crate) fn run(path: &Path, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, path, out)?;
    match engine.survey(&root, false, &cancel_on_interrupt(), &|_, _| {}) {
        // The rest of the status is still worth showing.
        Ok(_) | Err(EngineError::Disabled) => {}
        Err(e) => return Err(failed(&e)),
    }
    warn_of_journal(&engine, out);
    let status = engine.status(&root);
    out.document(&status);
    if !out.json {
        print(&status, out);
    }
    engine.shutdown();
    Ok(match status.readiness.state {
        ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => End::Yes,
        ReadinessState::Incomplete => End::No,
        ReadinessState::Unknown => End::Unknown,
    })
}

fn print(status: &Status, out: &Out) {
    let readiness = &status.readiness;
    out.line(format!("{}  {}", status.text.bold(), status.workspace.display().dimmed()));
    out.line(format!("readiness     {} for {}", out::readiness(readiness.state), readiness.target));
    for ecosystem in &readiness.ecosystems {
        out.line(format!(
            "  {:<11} {}: {} of {}{}",
            ecosystem.name,
            ecosystem.lockfile.display(),
            ecosystem.present,
            ecosystem.total,
            ecosystem.problem.as_ref().map(|p| format!(" ({p})")).unwrap_or_default()
        ));
    }
    let state = serde_json::to_value(status.connectivity.state).ok();
    let state = state.as_ref().and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    out.line(format!("connection    {state}: {}", status.connectivity.detail));
    out.line(format!(
        "trust         {}",
        if status.trusted { "trusted" } else { "not trusted: nothing that it names is run" }
    ));
    out.line("functions");
    for function in &status.functions {
        let mode = match function.mode {
            FunctionMode::Local => "local".green().to_string(),
            FunctionMode::Delayed => "delayed".yellow().to_string(),
            FunctionMode::NeedsOnline => "needs online".yellow().to_string(),
            FunctionMode::Unavailable => "unavailable".dimmed().to_string(),
        };
        let next = if function.next.is_empty() { String::new() } else { format!("; {}", function.next) };
        out.line(format!("  {:<11} {mode}: {}{next}", function.name, function.reason));
    }
    if !status.caches.is_empty() {
        out.line("caches");
    }
    for cache in &status.caches {
        let bytes = cache.bytes.map(|b| format!(", {} in use here", indicatif::BinaryBytes(b))).unwrap_or_default();
        out.line(format!("  {:<11} {}{bytes}", cache.ecosystem, cache.path.display()));
    }
    if !status.mirrors.is_empty() {
        out.line("mirrors");
    }
    for mirror in &status.mirrors {
        let asked = if mirror.checked_at.is_some() { "" } else { " (not asked)" };
        out.line(format!("  {:<11} {}{asked}", mirror.ecosystem, mirror.url));
    }
}
