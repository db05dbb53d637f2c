//! What a log says: the last lines of it in groups, the first error, and why it probably failed. No model is asked.
//!
//! Groups are templates as the Drain algorithm finds them (He et al., 2017; the crate `drain3`); why is told by patterns, which are data.
//! It reads no file: who has one feeds it.

mod domain;
mod level;
mod tail;

use contract::{LogGroup, LogLevel, LogLine, LogReport};
use drain3::{Config, MaskingInstruction, Matcher};
use std::collections::HashMap;
pub use tail::Tail;

/// Lines that are looked at, unless somebody asks for another number.
pub const USUAL_LINES: usize = 1_000;
/// More lines are never looked at.
pub const MOST_LINES: usize = 100_000;
/// Groups that are told of.
const MOST_GROUPS: usize = 200;
/// Of a longer line no more is told, in characters; and no more is compared, in bytes and words.
const SHOWN: usize = 400;
const COMPARED: usize = 1_000;
const WORDS: usize = 60;

/// What is another each time, in the order in which it is taken out of a line.
const MASKS: [(&str, &str); 7] = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d([.,]\d+)?\b", "<time>"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "<uuid>"),
    (r"\b(sha(256|512)[:-])?[0-9a-fA-F]{16,}\b", "<hash>"),
    (r"\b0x[0-9a-fA-F]+\b", "<address>"),
    (r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b", "<host>"),
    (r"\b\d+([.,]\d+)?\s?(ns|µs|us|ms|s|sec|min|m|h|B|[kKMGT]i?B|%)(\b|$|\s)", "<amount>$3"),
];

/// The last lines of a log, read as far as [`Tail`] kept them.
#[must_use]
pub fn summarise(source: &str, tail: &Tail) -> LogReport {
    let kept = tail.lines();
    let mut lines: Vec<LogLine> = Vec::with_capacity(kept.lines.len());
    for (at, line) in kept.lines.iter().enumerate() {
        let number = kept.first + at as u64;
        lines.push(LogLine { line: number, level: level::of(line), text: shown(line) });
    }
    let groups = groups(&kept.lines, &lines);
    let told = domain::told(&kept.lines, &lines);
    let error = lines.iter().find(|line| line.level == LogLevel::Error);
    let first_error = error.or(told.as_ref().map(|told| &lines[told.at])).cloned();
    LogReport {
        source: source.to_owned(),
        lines: kept.total,
        read: lines.len() as u64,
        shortened: kept.shortened,
        errors: count(&lines, LogLevel::Error),
        warnings: count(&lines, LogLevel::Warning),
        first_error,
        domain: told.as_ref().map(|told| told.domain),
        because: told.map(|told| contract::LogCause { says: told.says.to_owned(), line: lines[told.at].clone() }),
        more_groups: groups.len().saturating_sub(MOST_GROUPS) as u64,
        groups: groups.into_iter().take(MOST_GROUPS).collect(),
    }
}

/// Whether a line speaks of an error by its form.
pub(crate) fn is_error(line: &str) -> bool {
    level::of(line) == LogLevel::Error
}

/// The same of a warning.
pub(crate) fn is_warning(line: &str) -> bool {
    level::of(line) == LogLevel::Warning
}

fn count(lines: &[LogLine], level: LogLevel) -> u64 {
    lines.iter().filter(|line| line.level == level).count() as u64
}

fn shown(line: &str) -> String {
    let mut out: String = line.chars().take(SHOWN).collect();
    if out.len() < line.len() {
        out.push('…');
    }
    out
}

/// What is compared of a line: words, of which there are at most [`WORDS`].
fn compared(line: &str) -> String {
    let mut end = line.len().min(COMPARED);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].split_whitespace().take(WORDS).collect::<Vec<_>>().join(" ")
}

/// Lines that are alike, those with errors first, then the most frequent; within these as they came.
fn groups(texts: &[String], lines: &[LogLine]) -> Vec<LogGroup> {
    let masking =
        MASKS.iter().map(|(pattern, mask)| MaskingInstruction { pattern: (*pattern).into(), mask: (*mask).into() });
    // Masks make a line longer than it was, in bytes, by six at most for each two.
    let config = Config {
        max_bytes: COMPARED * 4,
        max_tokens: WORDS * 3,
        max_clusters: MOST_LINES,
        masking: masking.collect(),
        ..Config::default()
    };
    let mut miner = Matcher::new(config);
    let mut by_id: HashMap<usize, usize> = HashMap::new();
    let mut out: Vec<(Option<usize>, LogGroup)> = Vec::new();
    for (text, line) in texts.iter().zip(lines) {
        let words = compared(text);
        if words.is_empty() {
            continue;
        }
        let id = miner.add_log_message(&words).ok().map(|template| template.id());
        let known = id.and_then(|id| by_id.get(&id).copied());
        if let Some(at) = known {
            let group = &mut out[at].1;
            group.count += 1;
            group.last = line.line;
            group.level = group.level.max(line.level);
        } else {
            if let Some(id) = id {
                by_id.insert(id, out.len());
            }
            let group = LogGroup {
                template: shown(&words),
                count: 1,
                level: line.level,
                first: line.line,
                last: line.line,
                example: line.text.clone(),
            };
            out.push((id, group));
        }
    }
    let mut groups: Vec<LogGroup> = out
        .into_iter()
        .map(|(id, group)| match id.and_then(|id| miner.template_for_id(id)) {
            Some(template) if group.count > 1 => LogGroup { template: shown(&words_of(&template)), ..group },
            _ => group,
        })
        .collect();
    groups.sort_by(|a, b| b.level.cmp(&a.level).then(b.count.cmp(&a.count)).then(a.first.cmp(&b.first)));
    groups
}

fn words_of(template: &drain3::Template) -> String {
    let mut fixed = template.tokens().iter();
    let words = (0..template.token_count()).map(|at| {
        if template.is_param(at) { "<*>".to_owned() } else { fixed.next().map(ToString::to_string).unwrap_or_default() }
    });
    words.collect::<Vec<_>>().join(" ")
}
