//! Whether both sides' changes of words are apart by more than their letters: what a merge of words needs for one click.
//! Looks at where changes stand; that they lie in other parts of the syntax tree a [`super::Syntax`] says.

use super::threeway::{Change, changes};
use super::tokens::split;
use super::{Hunk, Language};
use similar::Algorithm;

/// Words of prose that stand between two changes of one line, for these to be two.
const PROSE_BETWEEN: usize = 3;

/// How the changes of two sides stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// One side made all the changes of the other, words among them, and more of its own.
    Further,
    /// Each side made its own, and nothing here speaks against taking both.
    Apart,
    /// They are so close, or such, that a person is to look.
    Close,
}

/// `merged`: the base with the changes of both. `Apart` still needs a syntax tree that says so, but in prose.
pub(super) fn standing(hunk: &Hunk<'_>, merged: &str) -> Standing {
    let Some(base) = hunk.base else { return Standing::Close };
    let base = split(base);
    let sides = [split(hunk.left), split(hunk.right)];
    let [left, right] = [&sides[0], &sides[1]].map(|side| changes(Algorithm::Myers, &base, side));
    if merged == hunk.left || merged == hunk.right {
        let (less, more) = if merged == hunk.left { (&right, &left) } else { (&left, &right) };
        let within = less.iter().all(|change| more.contains(change));
        let says = less.iter().any(|change| change.put.iter().chain(&base[change.at.clone()]).any(|token| word(token)));
        return if within && says { Standing::Further } else { Standing::Close };
    }
    // Sides that share a change know of one another, and what only one of them has the other perhaps left out.
    if left.iter().any(|change| right.contains(change)) {
        return Standing::Close;
    }
    let [left, right] =
        [&left, &right].map(|side| side.iter().map(|change| Of::new(change, &base)).collect::<Vec<_>>());
    let whole_lines = left.iter().chain(&right).any(|change| change.lines);
    let indents = hunk.language.indent_is_meaning() && left.iter().chain(&right).any(|change| change.indents);
    if whole_lines || indents {
        return Standing::Close;
    }
    let close = |l: &Of, r: &Of| {
        let between = if l.end <= r.start { &base[l.end..r.start] } else { &base[r.end..l.start] };
        !between.contains(&"\n") && between.iter().filter(|token| word(token)).count() < PROSE_BETWEEN
    };
    let prose = hunk.language == Language::Prose;
    if prose && left.iter().any(|l| right.iter().any(|r| close(l, r))) { Standing::Close } else { Standing::Apart }
}

/// What matters of one change.
struct Of {
    start: usize,
    end: usize,
    /// Lines are added or taken away.
    lines: bool,
    /// Only blanks at the beginning of a line.
    indents: bool,
}

impl Of {
    fn new(change: &Change<'_, &str>, base: &[&str]) -> Self {
        let (start, end) = (change.at.start, change.at.end);
        let mut tokens = base[start..end].iter().chain(change.put);
        let begins = start == 0 || base[start - 1] == "\n";
        Self {
            start,
            end,
            lines: tokens.clone().any(|token| *token == "\n"),
            indents: begins && tokens.all(|token| token.starts_with([' ', '\t'])),
        }
    }
}

fn word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn of(language: Language, base: &str, left: &str, right: &str, merged: &str) -> Standing {
        let hunk = Hunk { path: Path::new("a"), language, before: "", after: "x\n", base: Some(base), left, right };
        let swapped = Hunk { left: right, right: left, ..hunk };
        assert_eq!(standing(&hunk, merged), standing(&swapped, merged), "whichever side is the current one");
        standing(&hunk, merged)
    }

    #[test]
    fn a_side_that_made_all_changes_of_the_other_and_more_went_further() {
        let (base, less, more) = ("f(a, b);\n", "g(a, b);\n", "g(a, c);\n");
        assert_eq!(of(Language::Rust, base, less, more, more), Standing::Further);
        // A bracket or a blank that both took away says nothing of what they are about.
        assert_eq!(of(Language::Rust, "f();\n", "f()\n", "f()\ng()\n", "f()\ng()\n"), Standing::Close);
    }

    #[test]
    fn in_prose_a_line_end_or_three_words_part_two_changes() {
        let prose = |base, left, right, merged| of(Language::Prose, base, left, right, merged);
        assert_eq!(prose("a b c\n", "x b c\n", "a b y\n", "x b y\n"), Standing::Close);
        assert_eq!(prose("a b c d e\n", "x b c d e\n", "a b c d y\n", "x b c d y\n"), Standing::Apart);
        assert_eq!(prose("a b\nc d\n", "a x\nc d\n", "a b\ny d\n", "a x\ny d\n"), Standing::Apart);
        assert_eq!(of(Language::Rust, "a(b);\n", "x(b);\n", "a(y);\n", "x(y);\n"), Standing::Apart, "the tree decides");
    }

    #[test]
    fn lines_that_come_or_go_and_indentation_that_says_something_are_no_matter_of_one_click() {
        let (base, moved, changed) = ("  a(b);\n", "    a(b);\n", "  a(c);\n");
        assert_eq!(of(Language::Rust, base, moved, changed, "    a(c);\n"), Standing::Apart);
        assert_eq!(of(Language::Yaml, base, moved, changed, "    a(c);\n"), Standing::Close);
        let more = "  a(c);\n  d();\n";
        assert_eq!(of(Language::Rust, base, moved, more, "    a(c);\n  d();\n"), Standing::Close);
    }

    #[test]
    fn sides_that_share_a_change_are_no_strangers() {
        let (base, left, right) = ("f(a, b, c);\n", "g(a, x, c);\n", "g(a, b, y);\n");
        assert_eq!(of(Language::Rust, base, left, right, "g(a, x, y);\n"), Standing::Close);
        assert_eq!(of(Language::Rust, base, "f(a, x, c);\n", "f(a, b, y);\n", "f(a, x, y);\n"), Standing::Apart);
    }
}
