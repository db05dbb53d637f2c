//! Findings of one text in another: where the lines that they are about still stand, they stand there; else they are gone. The same
//! for what fixes them.

use super::place::{Ends, starts};
use super::{Change, Found};
use contract::{Position, Range};
use std::collections::HashMap;

/// Hash of whole lines, without their ends.
pub(super) fn hash(text: &str, starts: &[usize], first: usize, last: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    for line in first..=last {
        let from = starts.get(line).copied().unwrap_or(text.len());
        let to = starts.get(line + 1).copied().unwrap_or(text.len());
        hasher.update(text[from..to].trim_end_matches(['\n', '\r']).as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Findings about more lines than this are looked for in their own place alone.
const TALLEST: usize = 20;

/// Where a finding of another text stands in this one: at its own lines if they are there, else at the same lines nearest to them.
#[must_use]
pub fn moved(found: &[Found], text: &str) -> Vec<Found> {
    let starts = starts(text, Ends::Any);
    let mut known = HashMap::new();
    found.iter().filter_map(|one| moved_one(one, text, &starts, &mut known)).collect()
}

/// By a number of lines, where each run of so many of them stands.
type Known = HashMap<usize, HashMap<String, Vec<usize>>>;

fn moved_one(found: &Found, text: &str, starts: &[usize], known: &mut Known) -> Option<Found> {
    let range = found.finding.range;
    let (first, height) = (range.start.line as usize, range.end.line.saturating_sub(range.start.line) as usize);
    let is_here = |line: usize| line + height < starts.len() && hash(text, starts, line, line + height) == found.lines;
    let line = if is_here(first) {
        first
    } else if height > TALLEST {
        return None;
    } else {
        let known = known.entry(height).or_insert_with(|| {
            let mut all: HashMap<String, Vec<usize>> = HashMap::new();
            for line in 0..starts.len().saturating_sub(height) {
                all.entry(hash(text, starts, line, line + height)).or_default().push(line);
            }
            all
        });
        *known.get(&found.lines)?.iter().min_by_key(|line| line.abs_diff(first))?
    };
    let by = i64::from(u32::try_from(line).ok()?) - i64::from(range.start.line);
    let mut now = found.clone();
    now.finding.range = shifted(range, by, text, starts)?;
    for fix in &mut now.fixes {
        for change in &mut fix.changes {
            change.range = shifted(change.range, by, text, starts)?;
        }
    }
    // A fix whose lines are others is none.
    now.fixes.retain(|fix| standing(&fix.changes, text));
    Some(now)
}

/// Whether every line that these touch is what it was when they were made.
#[must_use]
pub fn standing(changes: &[Change], text: &str) -> bool {
    let starts = starts(text, Ends::Any);
    changes.iter().all(|change| {
        let (first, last) = (change.range.start.line as usize, change.range.end.line as usize);
        let (from, to) = (change.range.start.byte as usize, change.range.end.byte as usize);
        last < starts.len()
            && starts.get(first).is_some_and(|start| *start <= from)
            && text.get(from..to).is_some()
            && hash(text, &starts, first, last) == change.lines
            && position(text, &starts, change.range.start.line, change.range.start.utf16) == Some(change.range.start)
            && position(text, &starts, change.range.end.line, change.range.end.utf16) == Some(change.range.end)
    })
}

fn shifted(range: Range, by: i64, text: &str, starts: &[usize]) -> Option<Range> {
    let shift = |at: Position| {
        let line = u32::try_from(i64::from(at.line) + by).ok()?;
        position(text, starts, line, at.utf16)
    };
    Some(Range { start: shift(range.start)?, end: shift(range.end)? })
}

/// The position at a line and column, if there is such a column.
fn position(text: &str, starts: &[usize], line: u32, utf16: u32) -> Option<Position> {
    let from = *starts.get(line as usize)?;
    let to = starts.get(line as usize + 1).copied().unwrap_or(text.len());
    let mut left = utf16 as usize;
    for (at, c) in text[from..to].char_indices() {
        if left == 0 {
            return Some(Position { line, utf16, byte: (from + at) as u64 });
        }
        left = left.checked_sub(c.len_utf16())?;
    }
    (left == 0).then_some(Position { line, utf16, byte: to as u64 })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::checker::Fix;
    use crate::checker::place::Text;
    use contract::{Finding, Severity};

    const TEXT: &str = "import os\nimport sys\n\nx = os\n";

    /// What was found at the word on its line, with a fix that takes the whole line away.
    fn found(text: &str, word: &str) -> Found {
        let at = text.find(word).unwrap();
        let range = position_range(text, at, at + word.len());
        let line = position_range(text, text[..at].rfind('\n').map_or(0, |at| at + 1), at + word.len() + 1);
        Found {
            finding: Finding {
                code: "F401".into(),
                severity: Severity::Warning,
                message: "unused".into(),
                file: "/a.py".into(),
                range,
                source: "ruff".into(),
                data: None,
            },
            fixes: vec![Fix {
                title: "remove".into(),
                changes: vec![Change { range: line, text: String::new(), lines: Text::new(text.into()).lines(line) }],
            }],
            lines: Text::new(text.into()).lines(range),
        }
    }

    fn position_range(text: &str, from: usize, to: usize) -> Range {
        let text = Text::new(text.into());
        let at = |byte: usize| text.at(byte);
        Range { start: at(from), end: at(to) }
    }

    #[test]
    fn what_stands_where_it_stood_is_told_there_and_what_moved_is_told_where_it_is() {
        let found = [found(TEXT, "sys")];
        assert_eq!(moved(&found, TEXT), found);
        let below = format!("# \u{1f600}\r\n\r\n{TEXT}");
        let now = &moved(&found, &below)[0];
        let at = |range: Range| &below[range.start.byte as usize..range.end.byte as usize];
        assert_eq!((at(now.finding.range), now.finding.range.start.line), ("sys", 3));
        assert_eq!(at(now.fixes[0].changes[0].range), "import sys\n");
        let above = "import sys\n";
        assert_eq!(moved(&found, above)[0].finding.range.start.line, 0);
    }

    #[test]
    fn of_the_same_lines_the_nearest_is_meant() {
        let found = [found(TEXT, "sys")];
        let twice = "import sys\n\n\n\nimport sys\n";
        assert_eq!(moved(&found, twice)[0].finding.range.start.line, 0);
        let later = "\n\nimport sys\n\n\n\n\n\nimport sys\n";
        assert_eq!(moved(&found, later)[0].finding.range.start.line, 2);
    }

    #[test]
    fn what_is_about_a_line_that_is_another_is_gone() {
        let found = [found(TEXT, "sys")];
        assert_eq!(moved(&found, &TEXT.replace("import sys", "import sys  # noqa")), []);
        assert_eq!(moved(&found, ""), []);
    }

    #[test]
    fn a_fix_stands_only_as_long_as_every_line_that_it_touches() {
        let found = [found(TEXT, "sys")];
        assert!(standing(&found[0].fixes[0].changes, TEXT));
        // The finding's own line is there; the fix takes the end of the next one's beginning too.
        let other = TEXT.replace("sys\n\n", "sys\nprint()\n");
        let now = moved(&found, &other);
        assert_eq!((now.len(), now[0].fixes.len()), (1, 0), "{now:?}");
        assert!(!standing(&found[0].fixes[0].changes, "import"));
    }
}
