//! What is looked at for facts: the text, its structure as the program with the parsers sees it, findings on its lines and their pages; a line for
//! a shell, which that program takes apart.

use super::ExplainError;
use crate::documents::range_of;
use crate::{Engine, page as page_of};
use contract::{ExplainedFinding, Range, Shell, ShellAsk, Structure, StructureAsk};
use explain::Found;
use host::{Cancel, Talk, TalkError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a file that is read.
const LARGEST: u64 = 16 << 20;
/// Bytes of a text that is parsed.
const LARGEST_PARSED: usize = 1 << 20;
/// Bytes of a line for a shell that is parsed.
const LARGEST_SHELL: usize = 64 << 10;
/// Longest that parsers may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Findings that are told.
const MOST_FOUND: usize = 6;
/// The program with the parsers.
const PROGRAM: &str = "holdover-merge";

/// The text of a file, or the one that is open.
pub(super) fn text(file: &Path, open: Option<String>) -> Result<String, ExplainError> {
    if let Some(text) = open {
        return Ok(text);
    }
    let unread = |reason: String| ExplainError::Unread { file: file.to_path_buf(), reason };
    let bytes = host::read_small(file, LARGEST).map_err(|e| unread(e.to_string()))?;
    let no_text = |reason: String| ExplainError::NoText { file: file.to_path_buf(), reason };
    if let Some(at) = memchr::memchr(0, &bytes) {
        return Err(no_text(format!("there is a zero at byte {at}")));
    }
    String::from_utf8(bytes)
        .map_err(|e| no_text(format!("it is not UTF-8 from byte {} on", e.utf8_error().valid_up_to())))
}

/// First line and how many, within the text.
pub(super) fn lines(file: &Path, text: &str, asked: Option<(u32, u32)>) -> Result<(u32, u32), ExplainError> {
    let has = text.lines().count().max(1);
    let all = u32::try_from(has).unwrap_or(u32::MAX);
    let Some((first, count)) = asked else { return Ok((0, all)) };
    // The line after the last line end is one to an editor.
    if first > all || (first == all && !text.ends_with('\n')) {
        return Err(ExplainError::NoLines { file: file.to_path_buf(), line: first + 1, has });
    }
    let first = first.min(all - 1);
    Ok((first, count.clamp(1, all - first)))
}

/// Whole lines as a range, the last one's end not among them.
pub(super) fn range(text: &str, first: u32, count: u32) -> Range {
    let mut ends = memchr::memchr_iter(b'\n', text.as_bytes());
    let start = first.checked_sub(1).map_or(0, |before| ends.nth(before as usize).map_or(text.len(), |at| at + 1));
    let end = text[start..].split_inclusive('\n').take(count as usize).map(str::len).sum::<usize>();
    let stretch = &text[start..start + end];
    range_of(text, start..start + stretch.trim_end_matches(['\n', '\r']).len())
}

/// The program with the parsers, as long as it is asked.
pub(crate) struct Parsers(Result<Talk, TalkError>);

impl Parsers {
    /// One that answers about pieces of texts.
    pub fn of_texts() -> Self {
        Self(Talk::beside(PROGRAM, &["--structure".to_owned()], None))
    }

    fn of_shells() -> Self {
        Self(Talk::beside(PROGRAM, &["--shell".to_owned()], None))
    }

    fn ask<A: Serialize, F: DeserializeOwned>(&mut self, ask: &A) -> Result<F, String> {
        let ask = serde_json::to_vec(ask).map_err(|e| e.to_string())?;
        let talk = self.0.as_mut().map_err(|e| e.to_string())?;
        let (_, answer) =
            talk.ask(Vec::new(), ask, Instant::now() + PATIENCE, &Cancel::new()).map_err(|e| e.to_string())?;
        serde_json::from_slice(&answer).map_err(|e| e.to_string())
    }

    /// What parsers say; empty, with a word on why, where they say nothing.
    pub fn structure(&mut self, file: &Path, text: &str, range: Range, left_out: &mut Vec<String>) -> Structure {
        if text.len() > LARGEST_PARSED {
            left_out.push(format!("what the lines are in and use: a file of {} MiB is not parsed", text.len() >> 20));
            return Structure::default();
        }
        let place = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        let ask = StructureAsk {
            path: file.to_path_buf(),
            text: text.to_owned(),
            start: place(range.start.byte),
            end: place(range.end.byte),
        };
        match self.ask::<_, Structure>(&ask) {
            Ok(structure) => {
                if structure.language.is_none() {
                    left_out.push("what the lines are in and use: this kind of file is not parsed".to_owned());
                } else if structure.problems > 0 {
                    let problems = structure.problems;
                    left_out.push(format!("what stands in {problems} places of the file that do not parse"));
                }
                structure
            }
            Err(problem) => {
                tracing::warn!("facts without parsers: {problem}");
                left_out.push(format!("what the lines are in and use: {problem}"));
                Structure::default()
            }
        }
    }
}

/// A line for a shell, taken apart; `None`, with a word on why, where it was not.
pub(super) fn shell(text: &str, left_out: &mut Vec<String>) -> Option<Shell> {
    if text.len() > LARGEST_SHELL {
        left_out.push(format!("what each part does: {} bytes are not parsed", text.len()));
        return None;
    }
    let asked = Parsers::of_shells().ask::<_, Shell>(&ShellAsk { text: text.to_owned() });
    asked
        .map_err(|problem| {
            tracing::warn!("a command without a parser: {problem}");
            left_out.push(format!("what each part does: {problem}"));
        })
        .ok()
}

/// The findings that touch lines.
pub(super) fn found(engine: &Engine, file: &Path, text: &str, lines: (u32, u32)) -> Vec<Found> {
    let all = engine.document_findings(file, text).into_iter();
    let touches = all.filter(|finding| finding.range.start.line < lines.1 && finding.range.end.line >= lines.0);
    let told = touches.take(MOST_FOUND).map(|one| {
        let finding = ExplainedFinding { source: one.source, code: one.code, message: one.message };
        Found { page: page(&finding), line: Some(one.range.start.line), finding }
    });
    told.collect()
}

/// The page of one of our codes; the texts of others' rules are asked for later.
pub(super) fn page(finding: &ExplainedFinding) -> Option<String> {
    page_of(&finding.code).filter(|_| finding.source == "holdover").map(str::to_owned)
}

/// Findings of linters with the texts of their rules, by the linters on this machine.
pub(super) fn rules(engine: &Engine, file: &Path, found: Vec<Found>, cancel: &Cancel) -> Vec<Found> {
    let without = found.into_iter().filter(|one| one.page.is_none() && !one.finding.code.is_empty());
    let asked = without.filter(|one| one.finding.source != "holdover").map(|one| {
        let page = engine.rule_markdown(file, &one.finding.source, &one.finding.code, cancel);
        Found { page, ..one }
    });
    asked.collect()
}
