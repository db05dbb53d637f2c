//! The common ancestor of a conflict that was edited by hand: by the side that was not, and by the lines around it; where both were, by all lines
//! up to its neighbours. A place of git's that is another conflict's is not looked at, nor one out of order; two that fit, or that are wanted twice, are none.

use super::ancestor::{AROUND, Lines, Written, ancestors, end_alike, lacks_ancestor};
use crate::pairing::Conflicts;
use crate::region::Region;
use ropey::Rope;
use std::collections::BTreeMap;
use std::ops::Range;

/// Every ancestor that a conflict can have, by its number.
pub(super) type Found = BTreeMap<usize, Vec<Vec<u32>>>;

/// Adds the ancestors of conflicts that stand where git wrote one, whatever their sides are now: those that [`ancestors`] told of git's own
/// text. `merges` is the same merge as git writes it without ancestors and with them, by each algorithm that git may have used. A conflict
/// that two places fit, that stands where another does, or of which two algorithms tell other ancestors gets none.
pub fn add_ancestors_in_place(
    text: &Rope,
    conflicts: &Conflicts,
    merges: &[[Rope; 2]],
    known: &mut BTreeMap<usize, String>,
) {
    let asked: Vec<&Region> = conflicts.regions.iter().take(super::MOST_HUNKS).collect();
    let lacking: Vec<bool> =
        asked.iter().map(|region| lacks_ancestor(region) && !known.contains_key(&region.open)).collect();
    if !lacking.contains(&true) {
        return;
    }
    let mut lines = Lines::default();
    let Some(written) = Written::of(text, &asked, &mut lines) else { return };
    let mut told: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for [plain, with_bases] in merges {
        let found = Conflicts::read(plain);
        let places: Vec<&Region> = found.regions.iter().take(super::MOST_HUNKS).collect();
        let Some(git) = Written::of(plain, &places, &mut lines) else { return };
        let bases = ancestors(plain, &found, std::slice::from_ref(with_bases));
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..asked.len() {
            let mut all = (0..places.len()).filter(|place| stands_in(&written, at, &git, *place));
            if let (Some(place), None) = (all.next(), all.next()) {
                wanted.entry(place).or_default().push(at);
            }
        }
        for (place, all) in wanted {
            if let ([at], Some(base)) = (&all[..], bases.get(&places[place].open)) {
                told.entry(*at).or_default().push(base.clone());
            }
        }
    }
    for (at, mut bases) in told {
        bases.dedup();
        if let ([base], true) = (&bases[..], lacking[at]) {
            known.insert(asked[at].open, base.clone());
        }
    }
}

/// `exact`: runs of conflicts, and of git's, that are each other's on both sides.
pub(super) fn look(
    written: &Written,
    (git, bases): (&Written, &[Vec<u32>]),
    exact: &[(Range<usize>, Range<usize>)],
    found: &mut Found,
    work: &mut usize,
) {
    let mut wanted: BTreeMap<usize, Vec<(usize, Vec<u32>)>> = BTreeMap::new();
    let free = |at: usize| !exact.iter().any(|(own, _)| own.contains(&at));
    for at in (0..written.current.len()).filter(|at| free(*at)) {
        for (place, base) in bases.iter().enumerate() {
            let is_free = !exact.iter().any(|(_, of)| of.contains(&place));
            let in_order = exact.iter().all(|(own, of)| (own.start < at) == (of.start < place));
            if !is_free || !in_order {
                continue;
            }
            for [own, of] in [[&written.current, &git.current], [&written.incoming, &git.incoming]] {
                *work = work.saturating_sub(of[place].len() + base.len() + 1);
                if *work == 0 {
                    return;
                }
                let around = [&written.around[at], &written.around[at + 1], &git.around[place], &git.around[place + 1]];
                let sides = [&git.current[place], &git.incoming[place]];
                if let Some(base) = fits(&own[at], &of[place], base, sides, around) {
                    wanted.entry(place).or_default().push((at, base.to_vec()));
                }
            }
            if stands_in(written, at, git, place) {
                wanted.entry(place).or_default().push((at, base.clone()));
            }
        }
    }
    for mut all in wanted.into_values() {
        all.dedup();
        if let [(at, base)] = &all[..] {
            let known = found.entry(*at).or_default();
            if !known.contains(base) {
                known.push(base.clone());
            }
        }
    }
}

/// Whether a conflict stands where git wrote that one, whatever its sides are now: every line up to the conflict before it and up to the one
/// after it is git's, and enough of them, or the text begins or ends there.
fn stands_in(written: &Written, at: usize, git: &Written, place: usize) -> bool {
    let enough = |lines: &[u32], is_end: bool| lines.len() >= AROUND || is_end;
    let (before, after) = (&written.around[at], &written.around[at + 1]);
    let (is_first, is_last) = (at == 0 && place == 0, at + 2 == written.around.len() && place + 2 == git.around.len());
    *before == git.around[place]
        && *after == git.around[place + 1]
        && before.len() + after.len() > 0
        && enough(before, is_first)
        && enough(after, is_last)
}

/// The ancestor, where a side is that of git's without lines that all three texts have at its ends, and stands between the same lines.
fn fits<'a>(
    side: &[u32],
    whole: &[u32],
    base: &'a [u32],
    sides: [&Vec<u32>; 2],
    [before, after, git_before, git_after]: [&Vec<u32>; 4],
) -> Option<&'a [u32]> {
    // Of nothing, every place is a copy; and nothing around it says nothing of where it stands.
    let more = whole.len().checked_sub(side.len()).filter(|_| !side.is_empty())?;
    if before.len().min(AROUND) + after.len().min(AROUND) == 0 {
        return None;
    }
    let shared = |lines: &[u32], at_end: bool| {
        sides.iter().all(|side| if at_end { side.ends_with(lines) } else { side.starts_with(lines) })
    };
    let mut found = None;
    for head in 0..=more.min(base.len()) {
        let tail = more - head;
        if head + tail > base.len() || whole[head..head + side.len()] != *side {
            continue;
        }
        let (top, bottom) = (&base[..head], &base[base.len() - tail..]);
        if shared(top, false)
            && shared(bottom, true)
            && end_alike(before.iter().rev(), top.iter().rev().chain(git_before.iter().rev()))
            && end_alike(after.iter(), bottom.iter().chain(git_after.iter()))
        {
            let base = &base[head..base.len() - tail];
            if found.is_some_and(|known| known != base) {
                return None;
            }
            found = Some(base);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conflicts with these sides between lines that are everywhere the same.
    fn written(sides: &[(u32, u32)]) -> Written {
        Written {
            current: sides.iter().map(|(current, _)| vec![*current]).collect(),
            incoming: sides.iter().map(|(_, incoming)| vec![*incoming]).collect(),
            around: vec![vec![7, 8, 9]; sides.len() + 1],
        }
    }

    fn told(own: &[(u32, u32)], git: &[(u32, u32)], bases: &[u32], exact: &[(Range<usize>, Range<usize>)]) -> Found {
        let (own, git) = (written(own), written(git));
        let bases: Vec<Vec<u32>> = bases.iter().map(|base| vec![*base]).collect();
        let (mut found, mut work) = (Found::new(), 1000);
        look(&own, (&git, &bases), exact, &mut found, &mut work);
        found
    }

    #[test]
    fn a_place_that_another_has_that_is_out_of_order_or_that_two_want_is_left_out() {
        let only = |at: usize, base: u32| Found::from([(at, vec![vec![base]])]);
        assert_eq!(told(&[(50, 2)], &[(1, 2)], &[3], &[]), only(0, 3), "its other side is git's");
        assert_eq!(told(&[(50, 60)], &[(1, 2)], &[3], &[]), only(0, 3), "neither is, and it stands in its place");
        assert_eq!(told(&[(50, 60)], &[(1, 2)], &[3], &[(0..1, 0..1)]), Found::new(), "the place is taken");
        assert_eq!(told(&[(1, 2), (50, 2)], &[(1, 2)], &[3], &[(0..1, 0..1)]), Found::new(), "the first has it");
        assert_eq!(told(&[(50, 2), (1, 2)], &[(1, 2)], &[3], &[(1..2, 0..1)]), Found::new(), "the second has it");
        assert_eq!(told(&[(50, 2), (51, 2)], &[(1, 2)], &[3], &[]), Found::new(), "wanted twice");
        let git = [(1, 2), (4, 5)];
        assert_eq!(told(&[(50, 5), (1, 2)], &git, &[3, 6], &[(1..2, 0..1)]), Found::new(), "out of order");
        assert_eq!(told(&[(1, 2), (50, 5)], &git, &[3, 6], &[(0..1, 0..1)]), only(1, 6));
        let two = told(&[(50, 2)], &[(1, 2), (4, 2)], &[3, 6], &[]);
        assert_eq!(two, Found::from([(0, vec![vec![3], vec![6]])]), "two that fit: none is told");
    }

    #[test]
    fn where_both_sides_were_edited_every_line_around_has_to_be_gits() {
        let of = |own: &Written, git: &Written| {
            let (mut found, mut work) = (Found::new(), 1000);
            look(own, (git, &vec![vec![3]; git.current.len()]), &[], &mut found, &mut work);
            found.into_keys().collect::<Vec<_>>()
        };
        let git = written(&[(1, 2)]);
        let own = || written(&[(50, 60)]);
        assert_eq!(of(&own(), &git), [0]);
        for (gap, line) in [(0, 0), (1, 2)] {
            let mut own = own();
            own.around[gap][line] = 10;
            assert_eq!(of(&own, &git), [0; 0], "a line that is not beside it");
        }
        let short = |lines: &[&[u32]], sides: &[(u32, u32)]| Written {
            around: lines.iter().map(|lines| lines.to_vec()).collect(),
            ..written(sides)
        };
        let ends: [&[u32]; 2] = [&[7], &[]];
        assert_eq!(of(&short(&ends, &[(50, 60)]), &short(&ends, &[(1, 2)])), [0], "the text begins and ends there");
        let near: [&[u32]; 3] = [&[7], &[8, 9], &[]];
        let (two, git) = ([(50, 60), (51, 61)], [(1, 2), (4, 5)]);
        assert_eq!(of(&short(&near, &two), &short(&near, &git)), [0; 0], "two lines between two conflicts are too few");
        let far: [&[u32]; 3] = [&[7], &[8, 9, 10], &[]];
        assert_eq!(of(&short(&far, &two), &short(&far, &git)), [0, 1]);
    }

    #[test]
    fn an_empty_side_and_a_conflict_that_is_the_whole_file_say_nothing() {
        let mut own = written(&[(50, 2)]);
        let git = written(&[(1, 2)]);
        let of = |own: &Written| {
            let mut found = Found::new();
            look(own, (&git, &[vec![3]]), &[], &mut found, &mut 1000);
            found.len()
        };
        assert_eq!(of(&own), 1);
        own.around[1] = vec![7, 8, 9, 10];
        assert_eq!(of(&own), 1, "the other side and the lines beside it");
        own.incoming[0].clear();
        assert_eq!(of(&own), 0);
        own = written(&[(50, 2)]);
        own.around = vec![Vec::new(); 2];
        assert_eq!(of(&own), 0);
    }
}
