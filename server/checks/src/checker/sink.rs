//! Where formats put what they read: places become positions of ours, and no more is kept than there is room for.

use super::place::{Column, Ends, Text, Texts};
use super::{Change, Checker, Fix, Found, MOST, MOST_CHANGES, MOST_OF_ONE, Parsed, bounded};
use contract::{Finding, Range, Severity};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One finding in a tool's words.
#[derive(Debug, Default, Clone)]
pub(super) struct Told<'a> {
    pub file: &'a str,
    pub line: Option<u64>,
    pub column: Option<u64>,
    pub end_line: Option<u64>,
    pub end_column: Option<u64>,
    pub level: &'a str,
    pub code: &'a str,
    pub message: &'a str,
}

/// How a tool counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub columns: Column,
    pub ends: Ends,
}

pub(super) struct Sink<'c, 's, 't> {
    pub checker: &'c Checker,
    pub texts: &'s mut Texts<'t>,
    pub parsed: Parsed,
    pub counts: Counts,
    of_file: HashMap<PathBuf, usize>,
}

impl<'c, 's, 't> Sink<'c, 's, 't> {
    /// `counts`: as the format has it where the definition says nothing.
    pub fn new(checker: &'c Checker, texts: &'s mut Texts<'t>, counts: Counts) -> Self {
        let counts = Counts {
            columns: checker.columns.unwrap_or(counts.columns),
            ends: checker.line_ends.unwrap_or(counts.ends),
        };
        Self { checker, texts, parsed: Parsed::default(), counts, of_file: HashMap::new() }
    }

    /// Takes a finding, and gives it with its text, so that its fixes can be added.
    pub fn put(&mut self, told: &Told<'_>) -> Option<(&mut Found, Arc<Text>)> {
        if self.parsed.found.len() >= MOST {
            self.parsed.dropped += 1;
            return None;
        }
        let place = self.texts.file(told.file).and_then(|file| Some((file.clone(), self.texts.text(&file)?)));
        let Some((file, text)) = place else {
            self.parsed.elsewhere += 1;
            return None;
        };
        let count = self.of_file.entry(file.clone()).or_default();
        *count += 1;
        if *count > MOST_OF_ONE {
            self.parsed.dropped += 1;
            return None;
        }
        let range = self.range(told, &text);
        let finding = Finding {
            code: bounded(&format!(
                "{}{}",
                if told.code.is_empty() { "" } else { &*self.checker.code_prefix },
                told.code
            )),
            severity: self.severity(told.level),
            message: bounded(told.message),
            file,
            range,
            source: self.checker.id.clone(),
            data: None,
        };
        self.parsed.found.push(Found { finding, fixes: Vec::new(), lines: text.lines(range) });
        let found = self.parsed.found.last_mut()?;
        Some((found, text))
    }

    fn severity(&self, level: &str) -> Severity {
        if let Some(known) = self.checker.severities.get(level) {
            return *known;
        }
        match &*level.to_ascii_lowercase() {
            "error" | "fatal error" | "fatal" => Severity::Error,
            "note" | "info" | "information" => Severity::Information,
            "hint" | "help" => Severity::Hint,
            _ => self.checker.severities.get("").copied().unwrap_or(Severity::Warning),
        }
    }

    pub fn range(&self, told: &Told<'_>, text: &Text) -> Range {
        let checker = self.checker;
        // A tool that counts from 0 is understood as if it counted from 1.
        let line = |line: u64| line.saturating_add(1 - checker.lines_from.min(1));
        let Counts { columns, ends } = self.counts;
        let at = |of: u64, column: u64| {
            let column = column.saturating_add(1 - checker.columns_from.min(1));
            match checker.tab_width {
                Some(width) => text.position_of_shown(line(of), column, width, columns, ends),
                None => text.position(line(of), column, columns, ends),
            }
        };
        let Some(first) = told.line else { return Range::default() };
        let last = told.end_line.unwrap_or(first);
        let Some(column) = told.column else {
            let (start, end) = (text.whole_line(line(first), ends), text.whole_line(line(last.max(first)), ends));
            return Text::range(start.start, end.end);
        };
        let start = at(first, column);
        let end = told.end_column.map(|column| at(last, column.saturating_add(u64::from(checker.end_is_last))));
        Text::range(start, end.unwrap_or(start))
    }
}

/// What a tool calls safe to be done, if it is in order and apart from each other.
pub(super) fn fix(title: &str, mut changes: Vec<Change>) -> Option<Fix> {
    if changes.is_empty() || changes.len() > MOST_CHANGES {
        return None;
    }
    changes.sort_by_key(|change| (change.range.start.byte, change.range.end.byte));
    let apart = changes.windows(2).all(|pair| pair[0].range.end.byte <= pair[1].range.start.byte);
    apart.then(|| Fix { title: bounded(title.lines().next().unwrap_or_default()), changes })
}

pub(super) fn change(range: Range, text: &Text, with: String) -> Change {
    Change { range, text: with, lines: text.lines(range) }
}
