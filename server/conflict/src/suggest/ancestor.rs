//! The common ancestors of conflicts whose markers hold none, from what git writes of the same merge with ancestors.
//! Nothing is guessed: a conflict gets one only where its sides and the lines around it are, line by line, those of git's; where sides
//! were edited by hand, what else has to be is said in [`edited`].

use super::edited;
use crate::pairing::Conflicts;
use crate::region::{Region, lines_slice};
use ropey::Rope;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Most conflicts of the text, and of git's, that are taken together: git joins what few lines part, and parts what the
/// sides have in common.
const MOST_TOGETHER: usize = 8;
/// Lines around a conflict that must be the same.
pub(super) const AROUND: usize = 3;
/// Lines that are compared before the rest is left without an ancestor.
const MOST_WORK: usize = 20_000_000;

/// The common ancestor of each conflict of two sides whose markers hold none, by the line of its opening marker.
///
/// `with_bases` is the same merge in git's `diff3` style, by each algorithm that git may have used; where two of them give other
/// ancestors there is none. A conflict that was edited, or is of another merge, gets none.
pub fn ancestors(text: &Rope, conflicts: &Conflicts, with_bases: &[Rope]) -> BTreeMap<usize, String> {
    let asked: Vec<&Region> = conflicts.regions.iter().take(super::MOST_HUNKS).collect();
    if !asked.iter().any(|region| lacks_ancestor(region)) {
        return BTreeMap::new();
    }
    let mut known = Lines::default();
    let Some(written) = Written::of(text, &asked, &mut known) else { return BTreeMap::new() };
    let mut search = Search { written: &written, found: HashMap::new(), exact: Vec::new(), work: MOST_WORK };
    let mut edited = edited::Found::new();
    for with in with_bases {
        let found = Conflicts::read(with);
        let regions: Vec<&Region> = found.regions.iter().take(super::MOST_HUNKS).collect();
        let (Some(git), Some(bases)) = (Written::of(with, &regions, &mut known), bases(with, &regions, &mut known))
        else {
            return BTreeMap::new();
        };
        search.exact.clear();
        search.look(&git, &bases);
        edited::look(&written, (&git, &bases), &search.exact, &mut edited, &mut search.work);
    }
    if search.work == 0 {
        return BTreeMap::new();
    }
    for (at, bases) in edited {
        search.found.entry(at).or_insert(bases);
    }
    let told = search.found.into_iter().filter_map(|(at, bases)| {
        // Two places with the same sides and other ancestors: which one it is, nobody says.
        let [base] = &bases[..] else { return None };
        lacks_ancestor(asked[at]).then(|| (asked[at].open, known.text(base)))
    });
    told.collect()
}

/// Whether a conflict is one of two sides whose markers hold no ancestor.
pub fn lacks_ancestor(region: &Region) -> bool {
    region.sides() == 2 && region.bases() == 0
}

fn bases(text: &Rope, regions: &[&Region], known: &mut Lines) -> Option<Vec<Vec<u32>>> {
    regions.iter().map(|region| Some(known.numbers(&region.base_text(text, 0)?))).collect()
}

/// Lines as numbers, so that comparing two costs nothing.
#[derive(Default)]
pub(super) struct Lines {
    numbers: HashMap<String, u32>,
    lines: Vec<String>,
}

impl Lines {
    fn numbers(&mut self, text: &str) -> Vec<u32> {
        let number = |line: &str| {
            if let Some(known) = self.numbers.get(line) {
                return *known;
            }
            let new = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
            self.lines.push(line.to_owned());
            self.numbers.insert(line.to_owned(), new);
            new
        };
        text.split_inclusive('\n').map(number).collect()
    }

    fn text(&self, numbers: &[u32]) -> String {
        numbers.iter().filter_map(|number| self.lines.get(*number as usize)).map(String::as_str).collect()
    }
}

/// The conflicts of a text, and what stands around them.
pub(super) struct Written {
    pub current: Vec<Vec<u32>>,
    pub incoming: Vec<Vec<u32>>,
    /// Before the first, between each two, after the last.
    pub around: Vec<Vec<u32>>,
}

impl Written {
    /// `None` where a conflict has more sides, or a broken diff: git did not write it.
    pub fn of(text: &Rope, regions: &[&Region], known: &mut Lines) -> Option<Self> {
        let mut new = Self { current: Vec::new(), incoming: Vec::new(), around: Vec::new() };
        let mut from = 0;
        for region in regions {
            new.around.push(known.numbers(&lines_slice(text, from..region.open)?.to_string()));
            new.current.push(known.numbers(&region.side_text(text, 0)?));
            new.incoming.push(known.numbers(&region.side_text(text, 1)?));
            from = region.close + 1;
        }
        new.around.push(known.numbers(&lines_slice(text, from..text.len_lines())?.to_string()));
        Some(new)
    }

    /// Sides of a run of conflicts that are one, with what stands between them.
    fn joined(&self, of: &[Vec<u32>], run: Range<usize>) -> Vec<u32> {
        let mut all = of[run.start].clone();
        for (between, next) in self.around[..run.end].iter().zip(&of[..run.end]).skip(run.start + 1) {
            all.extend(between);
            all.extend(next);
        }
        all
    }
}

/// Whether two texts end alike, as far as is looked and both go.
pub(super) fn end_alike<'a>(one: impl Iterator<Item = &'a u32>, other: impl Iterator<Item = &'a u32>) -> bool {
    one.zip(other).take(AROUND).all(|(one, other)| one == other)
}

struct Search<'a> {
    written: &'a Written,
    /// Every ancestor that a conflict can have.
    found: HashMap<usize, Vec<Vec<u32>>>,
    /// Conflicts of the text, and of git's, that are each other's.
    exact: Vec<(Range<usize>, Range<usize>)>,
    work: usize,
}

/// Conflicts of git's that are taken as one.
struct Place<'a> {
    run: Range<usize>,
    base: Vec<u32>,
    current: Vec<u32>,
    incoming: Vec<u32>,
    before: &'a [u32],
    after: &'a [u32],
}

impl Search<'_> {
    fn look(&mut self, git: &Written, bases: &[Vec<u32>]) {
        for from in 0..bases.len() {
            for to in from..bases.len().min(from + MOST_TOGETHER) {
                // Git joins what three lines part, or lines without a letter, of which there may be more.
                if to > from && git.around[to].len() > 2 * AROUND {
                    break;
                }
                let run = from..to + 1;
                let place = Place {
                    base: git.joined(bases, run.clone()),
                    current: git.joined(&git.current, run.clone()),
                    incoming: git.joined(&git.incoming, run.clone()),
                    run,
                    before: &git.around[from],
                    after: &git.around[to + 1],
                };
                self.runs(&place);
            }
        }
    }

    /// Finds the runs of conflicts that a place may have been written as.
    fn runs(&mut self, place: &Place<'_>) {
        let written = self.written;
        for from in 0..written.current.len() {
            for to in from..written.current.len().min(from + MOST_TOGETHER) {
                let run = from..to + 1;
                let lines = |of: &[Vec<u32>]| {
                    run.clone()
                        .map(|at| of[at].len() + if at > from { written.around[at].len() } else { 0 })
                        .sum::<usize>()
                };
                let (ours, theirs) = (lines(&written.current), lines(&written.incoming));
                if ours > place.current.len() || theirs > place.incoming.len() || self.work == 0 {
                    break;
                }
                if place.current.len() - ours == place.incoming.len() - theirs && ours + theirs > 0 {
                    let ours = written.joined(&written.current, run.clone());
                    let theirs = written.joined(&written.incoming, run.clone());
                    self.fit(run, place, &ours, &theirs);
                }
            }
        }
    }

    /// Lines that are the same at both ends of all three texts are not in the conflict; what is left must be its sides.
    fn fit(&mut self, run: Range<usize>, place: &Place<'_>, ours: &[u32], theirs: &[u32]) {
        let Place { base, current, incoming, .. } = place;
        let more = current.len() - ours.len();
        for head in 0..=more.min(base.len()) {
            let tail = more - head;
            if head > 0 && (current[head - 1] != incoming[head - 1] || current[head - 1] != base[head - 1]) {
                return;
            }
            self.work = self.work.saturating_sub(current.len() + incoming.len() + 1);
            let fits = self.work > 0
                && &current[head..head + ours.len()] == ours
                && &incoming[head..head + theirs.len()] == theirs
                && head + tail <= base.len()
                && current[current.len() - tail..] == incoming[incoming.len() - tail..]
                && current[current.len() - tail..] == base[base.len() - tail..];
            let (before, after) = (&self.written.around[run.start], &self.written.around[run.end]);
            let (head_lines, tail_lines) = (&base[..head.min(base.len())], &base[base.len() - tail.min(base.len())..]);
            if fits
                && end_alike(before.iter().rev(), head_lines.iter().rev().chain(place.before.iter().rev()))
                && end_alike(after.iter(), tail_lines.iter().chain(place.after.iter()))
            {
                self.exact.push((run.clone(), place.run.clone()));
                self.part(run.clone(), &base[head..base.len() - tail]);
            }
        }
    }

    /// Cuts an ancestor at the lines that part the conflicts of a run, where each stands in it once.
    fn part(&mut self, run: Range<usize>, base: &[u32]) {
        let mut parts = Vec::new();
        let mut left = base;
        for between in &self.written.around[run.start + 1..run.end] {
            self.work = self.work.saturating_sub(base.len());
            let mut cuts = base.windows(between.len().max(1)).enumerate().filter(|(_, lines)| *lines == &between[..]);
            let (Some((at, _)), None) = (cuts.next(), cuts.next()) else { return };
            let Some(at) = at.checked_sub(base.len() - left.len()) else { return };
            parts.push(&left[..at]);
            left = &left[at + between.len()..];
        }
        parts.push(left);
        for (at, part) in run.zip(parts) {
            let known = self.found.entry(at).or_default();
            if !known.iter().any(|one| one == part) {
                known.push(part.to_vec());
            }
        }
    }
}
