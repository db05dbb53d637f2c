//! What blanks alone decide: sides that are the same but for them, and sides that one moved to the right or left.
//! Nothing here looks at words.

use super::{Hunk, Language, Strategy};

/// Sides that say the same, or of which one says what the base says.
pub(super) fn same(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    if hunk.left == hunk.right {
        return Some((Strategy::Same, hunk.left.to_owned()));
    }
    // At the end of a file git writes a newline that may be the only difference.
    if hunk.after.is_empty() {
        return None;
    }
    if hunk.base == Some(hunk.left) {
        return Some((Strategy::OneSided, hunk.right.to_owned()));
    }
    (hunk.base == Some(hunk.right)).then(|| (Strategy::OneSided, hunk.left.to_owned()))
}

/// Sides that differ in blanks at the ends of lines: the one that has fewer of them.
pub(super) fn blanks(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    let trimmed = |text: &str| text.split('\n').map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    // In Markdown two blanks at the end of a line are a line break.
    if hunk.language == Language::Prose || trimmed(hunk.left) != trimmed(hunk.right) {
        return None;
    }
    let text = if hunk.left.len() <= hunk.right.len() { hunk.left } else { hunk.right };
    Some((Strategy::Blanks, text.to_owned()))
}

/// One side moved every line by the same blanks, and the other changed something: what the other made, moved as well.
pub(super) fn indent(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    let base = hunk.base?;
    let depth = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| line.len() - line.trim_start().len()).min()
    };
    let by = |side: &str, other: &str| {
        // The other side stands where the base stood, else it was perhaps moved as well.
        let shift = Shift::between(base, side).filter(|_| depth(other) == depth(base))?;
        Some((Strategy::Indent, shift.of(other)?))
    };
    match (by(hunk.left, hunk.right), by(hunk.right, hunk.left)) {
        (Some(found), None) | (None, Some(found)) => Some(found),
        _ => None,
    }
}

/// Blanks that were put before every line, or taken away there.
#[derive(Debug, PartialEq, Eq)]
enum Shift {
    Put(String),
    Taken(String),
}

impl Shift {
    fn between(before: &str, after: &str) -> Option<Self> {
        let mut shift: Option<Self> = None;
        let (mut old, mut new) = (before.split('\n'), after.split('\n'));
        loop {
            let (old, new) = match (old.next(), new.next()) {
                (None, None) => return shift,
                (Some(old), Some(new)) => (old, new),
                _ => return None,
            };
            if old.trim().is_empty() && new.trim().is_empty() {
                continue;
            }
            let blank = |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, ' ' | '\t'));
            let found = if let Some(put) = new.strip_suffix(old).filter(|put| blank(put)) {
                Self::Put(put.to_owned())
            } else if let Some(taken) = old.strip_suffix(new).filter(|taken| blank(taken)) {
                Self::Taken(taken.to_owned())
            } else {
                return None;
            };
            match &shift {
                None => shift = Some(found),
                Some(shift) if *shift == found => {}
                Some(_) => return None,
            }
        }
    }

    fn of(&self, text: &str) -> Option<String> {
        let line = |line: &str| {
            if line.trim().is_empty() {
                return Some(line.to_owned());
            }
            match self {
                Self::Put(blanks) => Some(format!("{blanks}{line}")),
                Self::Taken(blanks) => line.strip_prefix(blanks.as_str()).map(str::to_owned),
            }
        };
        Some(text.split('\n').map(line).collect::<Option<Vec<_>>>()?.join("\n"))
    }
}
