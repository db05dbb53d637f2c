//! Keeps account of words: what each side added or took away must show in the merge, and nothing else may.
//! Counts only; says nothing of places. A merge that lost a change, or made one up, does not balance.

use super::Hunk;
use super::tokens::split;
use std::collections::HashMap;

/// Whether `text` holds the changes of both sides and no others. Without a base only what stands in neither side is told.
pub(super) fn balances(hunk: &Hunk<'_>, text: &str) -> bool {
    let Some(base) = hunk.base else { return true };
    // Only one way to be right: what the other side left alone.
    if hunk.left == hunk.right || hunk.left == base || hunk.right == base {
        return true;
    }
    let counts = counts(hunk, base, text);
    counts.values().all(|[base, left, right, merged]| {
        let (left, right, merged) = (left - base, right - base, merged - base);
        let both = left + right;
        // The same change on both sides may be one change.
        let once =
            if left.signum() == right.signum() { if left.abs() > right.abs() { left } else { right } } else { both };
        (once.min(both)..=once.max(both)).contains(&merged)
    })
}

/// Whether both sides added much the same words, and `text` holds them twice: perhaps one thing, written in two ways.
pub(super) fn echoes(hunk: &Hunk<'_>, text: &str) -> bool {
    let Some(base) = hunk.base else { return false };
    let (mut shared, mut left_all, mut right_all) = (0, 0, 0);
    for (token, [base, left, right, merged]) in counts(hunk, base, text) {
        if !token.starts_with(char::is_alphanumeric) {
            continue;
        }
        let (left, right) = ((left - base).max(0), (right - base).max(0));
        left_all += left;
        right_all += right;
        if merged - base >= left + right {
            shared += left.min(right);
        }
    }
    shared >= FEW && shared * 2 > left_all.min(right_all)
}

/// Words that two changes may share by chance.
const FEW: i64 = 3;

/// How often each word and sign stands in the base, the sides and the merge.
fn counts<'a>(hunk: &Hunk<'a>, base: &'a str, text: &'a str) -> HashMap<&'a str, [i64; 4]> {
    let mut counts: HashMap<&str, [i64; 4]> = HashMap::new();
    for (n, version) in [base, hunk.left, hunk.right, text].into_iter().enumerate() {
        for token in split(version).into_iter().filter(|token| !token.starts_with([' ', '\t'])) {
            counts.entry(token).or_default()[n] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::*;
    use std::path::Path;

    fn hunk<'a>(base: &'a str, left: &'a str, right: &'a str) -> Hunk<'a> {
        let (path, language) = (Path::new("a.md"), Language::Prose);
        Hunk { path, language, before: "", after: "", base: Some(base), left, right }
    }

    #[test]
    fn a_merge_that_lost_a_change_or_made_one_up_does_not_balance() {
        let hunk = hunk("a b\n", "a c b\n", "a b d\n");
        assert!(balances(&hunk, "a c b d\n"));
        for wrong in ["a c b\n", "a b d\n", "a c b d e\n", "a c c b d\n", "a c b d\n\n"] {
            assert!(!balances(&hunk, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn one_thing_in_two_spellings_is_an_echo_and_two_things_are_none() {
        let twice = hunk("", "the table of contents here\n", "the table of content here\n");
        assert!(echoes(&twice, "the table of contents here\nthe table of content here\n"));
        let two = hunk("", "one thing of mine here\n", "another that is yours\n");
        assert!(!echoes(&two, "one thing of mine here\nanother that is yours\n"));
    }
}
