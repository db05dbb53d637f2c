//! `holdover status`: everything in one view.

use super::{Failure, cancel_on_interrupt, engine_for_counts, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use contract::{ReadinessState, Status};
use engine::{Cell, EngineError, Report, Section, Tone};
use owo_colors::OwoColorize as _;
use std::path::Path;

pub(crate) fn run(path: &Path, ask: bool, out: &Out) -> Result<End, Failure> {
    let engine = engine_for_counts();
    let root = open(&engine, path, out)?;
    let cancel = cancel_on_interrupt();
    match engine.survey(&root, false, &cancel, &|_, _| {}) {
        // The rest of the status is still worth showing.
        Ok(_) | Err(EngineError::Disabled) => {}
        Err(e) => return Err(failed(&e)),
    }
    if ask {
        engine.ask_registries(&root, &cancel).map_err(|e| failed(&e))?;
    }
    engine.look_at_caches(&root);
    engine.count_conflicts(&root, &cancel);
    engine.lint(&root, &cancel);
    engine.recall_checks(&root);
    warn_of_journal(&engine, out);
    let status = engine.status(&root);
    out.document(&status);
    if !out.json {
        print(&status, out);
    }
    engine.leave();
    Ok(match status.readiness.state {
        ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => End::Yes,
        ReadinessState::Incomplete => End::No,
        ReadinessState::Unknown => End::Unknown,
    })
}

fn print(status: &Status, out: &Out) {
    let report = Report::of(status);
    out.line(format!("{}  {}", report.title.bold(), status.workspace.display().dimmed()));
    let about = if report.about.is_empty() { String::new() } else { format!(", {}", report.about) };
    out.line(format!("{}{about}", painted(&report.verdict, "")));
    for section in &report.sections {
        out.line("");
        out.line(section.title.bold().to_string());
        for row in aligned(section) {
            out.line(format!("  {}", row.trim_end()));
        }
    }
}

/// Rows whose cells are as wide as their column. Headings stand where the cells do not speak for themselves.
fn aligned(section: &Section) -> Vec<String> {
    let headings: Vec<Cell> =
        section.columns.iter().map(|text| Cell { text: (*text).to_owned(), tone: Tone::Faint }).collect();
    let with_headings = section.title == "Lockfiles";
    let rows: Vec<&Vec<Cell>> = with_headings.then_some(&headings).into_iter().chain(&section.rows).collect();
    let width = |i: usize| rows.iter().map(|row| row[i].text.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..section.columns.len()).map(width).collect();
    let line = |row: &&Vec<Cell>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            // Padded by hand: the colour codes count as characters.
            painted(cell, &" ".repeat(width - cell.text.chars().count()))
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

fn painted(cell: &Cell, padding: &str) -> String {
    // A terminal must not obey what a lockfile says.
    let text: String = cell.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = match cell.tone {
        Tone::Plain | Tone::Path => text,
        Tone::Good => text.green().to_string(),
        Tone::Fair => text.yellow().to_string(),
        Tone::Bad => text.red().to_string(),
        Tone::Faint => text.dimmed().to_string(),
    };
    format!("{text}{padding}")
}
