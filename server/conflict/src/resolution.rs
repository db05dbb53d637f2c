//! One conflict that was resolved: what stood there, what was left of it, and where, so that it can be known again and undone.
//! Texts only; who did it and when is for a journal to say.

use crate::choice::Replacement;
use crate::pairing::Conflicts;
use crate::region::{Region, lines_range, lines_slice};
use ropey::Rope;
use std::ops;

/// Lines on each side of a place by which it is found again.
const AROUND: usize = 3;

/// What became of one conflict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// What was chosen: `current`, `both` …, `merge` for a suggestion, `remembered` for what was chosen before.
    pub choice: String,
    /// Line of the opening marker, then of what stands in its place, zero-based.
    pub line: usize,
    /// What stood there, markers included.
    pub before: String,
    /// What stands there since.
    pub after: String,
    /// Up to three lines before the place.
    pub lead: String,
    /// Up to three lines after it.
    pub trail: String,
}

/// Why a resolution cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// What it left is not there any more, or stands between other lines.
    Gone,
    /// It stands there several times.
    Several,
}

/// 16 bytes that are the same for the same two sides, whichever of them is the current one, whatever the labels and line ends:
/// what git's `rerere` knows a conflict by. `None` where there are more than two sides, or both are empty.
pub fn identity(text: &Rope, region: &Region) -> Option<[u8; 16]> {
    if region.sides() != 2 {
        return None;
    }
    let mut sides = [region.side_text(text, 0)?, region.side_text(text, 1)?].map(|side| side.replace("\r\n", "\n"));
    sides.sort_unstable();
    if sides.iter().all(|side| side.trim().is_empty()) {
        return None;
    }
    let mut hasher = blake3::Hasher::new_derive_key("holdover conflict 1");
    for side in &sides {
        hasher.update(&(side.len() as u64).to_le_bytes());
        hasher.update(side.as_bytes());
    }
    hasher.finalize().as_bytes()[..16].try_into().ok()
}

fn lines(text: &Rope, range: ops::Range<usize>) -> String {
    lines_slice(text, range).map(|slice| slice.to_string()).unwrap_or_default()
}

fn lead(line: usize) -> ops::Range<usize> {
    line.saturating_sub(AROUND)..line
}

fn trail(text: &Rope, line: usize) -> ops::Range<usize> {
    let last = text.len_lines();
    line.min(last)..(line + AROUND).min(last)
}

impl Resolution {
    /// Of a whole text that becomes `after`: from the first line that is another to the last. `None` where nothing is. In the text
    /// that is to come it stands at the same line.
    pub fn spanning(text: &str, after: &str, choice: &str) -> Option<Self> {
        let (old, new): (Vec<&str>, Vec<&str>) =
            (text.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
        let most = old.len().min(new.len());
        let lead = (0..most).take_while(|n| old[*n] == new[*n]).count();
        let trail = (1..=most - lead).take_while(|n| old[old.len() - n] == new[new.len() - n]).count();
        if old.len() == new.len() && lead == most {
            return None;
        }
        Some(Self {
            choice: choice.to_owned(),
            line: lead,
            before: old[lead..old.len() - trail].concat(),
            after: new[lead..new.len() - trail].concat(),
            lead: new[lead.saturating_sub(AROUND)..lead].concat(),
            trail: new[new.len() - trail..].iter().take(AROUND).copied().collect(),
        })
    }

    /// The edit that makes it of a text in which nothing else has changed.
    pub fn replacement(&self, text: &Rope) -> Replacement {
        let range = lines_range(text, self.line..self.line + self.before.split_inclusive('\n').count());
        let fingerprint = format!("blake3:{}", blake3::hash(self.before.as_bytes()).to_hex());
        Replacement { range, text: self.after.clone(), fingerprint }
    }

    /// Of a region of `text` that is about to be replaced by `after`.
    pub fn of(text: &Rope, region: &Region, choice: &str, after: &str) -> Self {
        let before = lines(text, region.lines());
        let new =
            Self { choice: choice.to_owned(), line: region.open, before, after: after.to_owned(), ..Self::default() };
        new.between(lines(text, lead(region.open)), lines(text, trail(text, region.close + 1)))
    }

    /// The same, where it stands in the text in which it was replaced: at a line of it, among lines that may be others by then.
    #[must_use]
    pub fn placed(self, text: &Rope, line: usize) -> Self {
        let end = line + self.after.split_inclusive('\n').count();
        let (lead, trail) = (lines(text, lead(line)), lines(text, trail(text, end)));
        Self { line, ..self }.between(lead, trail)
    }

    fn between(self, lead: String, trail: String) -> Self {
        Self { lead, trail, ..self }
    }

    /// What [`identity`] gives for the conflict that stood there.
    pub fn identity(&self) -> Option<[u8; 16]> {
        let text = Rope::from_str(&self.before);
        let found = Conflicts::read(&text);
        // What stands for more than one conflict is no answer to it.
        let [region] = &found.regions[..] else { return None };
        (region.lines().len() == self.before.split_inclusive('\n').count()).then(|| identity(&text, region))?
    }

    /// `text` with the conflict back in its place.
    ///
    /// # Errors
    /// [`Lost`], where the place is not found, or several are.
    pub fn undone(&self, text: &str) -> Result<String, Lost> {
        let at = self.find(text, 0)?;
        Ok([&text[..at], &self.before, &text[at + self.after.len()..]].concat())
    }

    /// The line at which `text` holds what was left of the conflict, where it is among the same lines.
    pub fn line_in(&self, text: &str) -> Option<usize> {
        let at = self.find(text, 1).ok()?;
        Some(text[..at].matches('\n').count())
    }

    /// The byte at which what was left begins: between the same lines, with fewer of them, `least` on each side, where those changed too.
    fn find(&self, text: &str, least: usize) -> Result<usize, Lost> {
        let lead: Vec<&str> = self.lead.split_inclusive('\n').collect();
        let trail: Vec<&str> = self.trail.split_inclusive('\n').collect();
        for around in (least..=AROUND).rev() {
            let lead = lead[lead.len() - around.min(lead.len())..].concat();
            let trail = trail[..around.min(trail.len())].concat();
            // Nothing between no lines is everywhere.
            if self.after.trim().is_empty() && lead.trim().is_empty() && trail.trim().is_empty() {
                return Err(Lost::Gone);
            }
            let wanted = [&*lead, &self.after, &trail].concat();
            let found = occurrences(text, &wanted)
                .filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')
                .map(|at| at + lead.len())
                // What ends with no line end stands at the end.
                .filter(|at| wanted.ends_with('\n') || at + self.after.len() + trail.len() == text.len());
            let found: Vec<usize> = found.collect();
            let is_at_line = |at: &&usize| text[..**at].matches('\n').count() == self.line;
            match &found[..] {
                [] => {}
                [at] => return Ok(*at),
                // The same lines at several places: it is where it was, or nobody knows where.
                several => return several.iter().find(is_at_line).copied().ok_or(Lost::Several),
            }
        }
        Err(Lost::Gone)
    }
}

/// Where `wanted` begins in `text`, also where one occurrence begins inside another.
fn occurrences(text: &str, wanted: &str) -> impl Iterator<Item = usize> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + memchr::memmem::find(text.as_bytes().get(from..)?, wanted.as_bytes())?;
        from = at + 1;
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spans_several_conflicts_is_undone_as_a_whole_and_is_the_answer_to_none_of_them() {
        let region = |side: &str| format!("<<<<<<< a\n{side}\n=======\nx\n>>>>>>> b\n");
        let text = format!("one\ntwo\n{}three\n{}four\n", region("p"), region("q"));
        let after = "one\n2\np\n3\nq\nfour\n";
        let done = Resolution::spanning(&text, after, "lockfile").unwrap();
        assert_eq!((done.line, &*done.lead, &*done.trail), (1, "one\n", "four\n"));
        assert_eq!((done.identity(), done.undone(after).unwrap()), (None, text.clone()));
        assert_eq!(Resolution::spanning(&text, &text, "lockfile"), None);
        let one = format!("a\n{}", region("p"));
        for after in ["a\n", "", "a\np", "a\na\n"] {
            let done = Resolution::spanning(&one, after, "lockfile").unwrap();
            assert_eq!(done.undone(after).ok(), Some(one.clone()).filter(|_| !after.is_empty()), "{after:?}: {done:?}");
        }
    }
}
