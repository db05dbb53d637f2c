//! Whether both sides' changes of words are apart by more than their letters: what a merge of words needs for one click.
//! Looks at where changes stand; that they lie in other parts of the syntax tree a [`super::Syntax`] says.

use super::threeway::{Change, changes};
use super::tokens::split;
use super::{Hunk, Language};
use similar::Algorithm;
use std::collections::HashSet;

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

/// `merged`: the base with the changes of both. `Apart` still needs a syntax tree that says so.
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
    // Sentences hang together by more than words, and no tree parts them.
    if hunk.language == Language::Prose {
        return Standing::Close;
    }
    // One change each is two changes. A side that made more worked the place over, and may have seen to what the other is about; where it
    // made the other's too, what only one of them has the other perhaps left out.
    let ([left], [right]) = (&left[..], &right[..]) else { return Standing::Close };
    let lines = lines(&base);
    let [left, right] = [left, right].map(|change| Of::new(change, &base, &lines));
    let same_line = left.first <= right.last && right.first <= left.last;
    let whole_lines = left.lines || right.lines;
    let indents = hunk.language.indent_is_meaning() && (left.indents || right.indents);
    // What one side renamed, took away or brought in, the other's line speaks of.
    let related = left.named.iter().any(|name| right.around.contains(name))
        || right.named.iter().any(|name| left.around.contains(name));
    if same_line || whole_lines || indents || related { Standing::Close } else { Standing::Apart }
}

/// What matters of one change.
struct Of<'a> {
    /// Lines of the base that it touches.
    first: usize,
    last: usize,
    /// Lines are added or taken away.
    lines: bool,
    /// Only blanks at the beginning of a line.
    indents: bool,
    /// Names that it adds or takes away.
    named: HashSet<&'a str>,
    /// All names of the lines that it touches, before and after it.
    around: HashSet<&'a str>,
}

impl<'a> Of<'a> {
    fn new(change: &Change<'a, &'a str>, base: &[&'a str], lines: &[usize]) -> Self {
        let (start, end) = (change.at.start, change.at.end);
        let mut tokens = base[start..end].iter().chain(change.put);
        let begins = start == 0 || base[start - 1] == "\n";
        let (first, last) = (lines[start], lines[end.saturating_sub(1).max(start)]);
        let name = |token: &&&'a str| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let named: HashSet<&str> = tokens.clone().filter(name).copied().collect();
        let touched = base.iter().zip(lines).filter(|(_, line)| (first..=last).contains(*line)).map(|(token, _)| token);
        Self {
            first,
            last,
            lines: tokens.clone().any(|token| *token == "\n"),
            indents: begins && tokens.all(|token| token.starts_with([' ', '\t'])),
            around: touched.filter(name).copied().chain(named.iter().copied()).collect(),
            named,
        }
    }
}

/// The line of each word, and of what stands behind the last.
fn lines(base: &[&str]) -> Vec<usize> {
    let mut line = 0;
    let of = |token: &&str| {
        let own = line;
        line += usize::from(*token == "\n");
        own
    };
    let mut all: Vec<usize> = base.iter().map(of).collect();
    all.push(line);
    all
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
    fn one_change_each_on_lines_of_their_own_are_two_changes_and_in_prose_nothing_is() {
        let rust = |base, left, right, merged| of(Language::Rust, base, left, right, merged);
        let (base, left, right, both) = ("f(a);\ng(b);\n", "f(x);\ng(b);\n", "f(a);\ng(y);\n", "f(x);\ng(y);\n");
        assert_eq!(rust(base, left, right, both), Standing::Apart);
        assert_eq!(of(Language::Prose, base, left, right, both), Standing::Close);
        assert_eq!(rust("f(a, b);\n", "f(x, b);\n", "f(a, y);\n", "f(x, y);\n"), Standing::Close, "one line");
        let more = "h(a);\ng(y);\n";
        assert_eq!(rust(base, left, more, "h(x);\ng(y);\n"), Standing::Close, "two changes of one side");
    }

    #[test]
    fn what_one_side_renamed_or_brought_in_is_no_stranger_to_a_line_that_speaks_of_it() {
        let rust = |base, left, right, merged| of(Language::Rust, base, left, right, merged);
        let base = "let a = 1;\nf(a, 2);\n";
        assert_eq!(
            rust(base, "let b = 1;\nf(a, 2);\n", "let a = 1;\nf(a, 3);\n", "let b = 1;\nf(a, 3);\n"),
            Standing::Close
        );
        assert_eq!(
            rust(base, "let a = 5;\nf(a, 2);\n", "let a = 1;\nf(a, 3);\n", "let a = 5;\nf(a, 3);\n"),
            Standing::Apart
        );
        let base = "f(1);\ng(2);\n";
        assert_eq!(rust(base, "f(x);\ng(2);\n", "f(1);\ng(x);\n", "f(x);\ng(x);\n"), Standing::Close);
    }

    #[test]
    fn lines_that_come_or_go_and_indentation_that_says_something_are_no_matter_of_one_click() {
        let (base, moved, changed) = ("  a(b);\n  e(f);\n", "    a(b);\n  e(f);\n", "  a(b);\n  e(c);\n");
        assert_eq!(of(Language::Rust, base, moved, changed, "    a(b);\n  e(c);\n"), Standing::Apart);
        assert_eq!(of(Language::Yaml, base, moved, changed, "    a(b);\n  e(c);\n"), Standing::Close);
        let more = "  a(b);\n  e(f);\n  d();\n";
        assert_eq!(of(Language::Rust, base, moved, more, "    a(b);\n  e(f);\n  d();\n"), Standing::Close);
    }

    #[test]
    fn sides_that_share_a_change_are_no_strangers() {
        let (base, left, right) = ("f(a);\nh(b);\ni(c);\n", "g(a);\nh(x);\ni(c);\n", "g(a);\nh(b);\ni(y);\n");
        assert_eq!(of(Language::Rust, base, left, right, "g(a);\nh(x);\ni(y);\n"), Standing::Close);
        let (left, right) = ("f(a);\nh(x);\ni(c);\n", "f(a);\nh(b);\ni(y);\n");
        assert_eq!(of(Language::Rust, base, left, right, "f(a);\nh(x);\ni(y);\n"), Standing::Apart);
    }
}
