//! Merges that may be suggested for a conflict: each with its reason, what it drops, and how often its kind was right.
//! Applies nothing. What needs a parser asks a [`Syntax`]; without one, what cannot be parsed again is not offered.

mod account;
mod ancestor;
mod apart;
mod ask;
mod edited;
mod hunk;
mod language;
mod list;
mod measured;
mod reason;
mod threeway;
mod tokens;
mod whitespace;

use apart::Standing;

pub use ancestor::{ancestors, lacks_ancestor};
pub use ask::{Answer, Ask, AskedRegion, answer};
pub use edited::add_ancestors_in_place;
pub use hunk::{Hunk, Sides, hunks};
pub use language::Language;
pub use reason::{origins, title};
pub use threeway::{Clash, merge_tokens};

/// Bytes of a text whose conflicts get suggestions. Larger texts are left to people.
pub const LARGEST_TEXT: usize = 4 << 20;
/// Bytes of one side of one conflict.
pub const LARGEST_SIDE: usize = 128 << 10;
/// Conflicts of one file that are looked at.
pub const MOST_HUNKS: usize = 200;

/// How a suggestion was found. The order is that of trust: the first that has an answer gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// Both sides made the same change.
    Same,
    /// One side made no change.
    OneSided,
    /// Sides differ in blanks at the ends of lines only.
    Blanks,
    /// One side indented everything differently, the other changed it.
    Indent,
    /// Both added imports.
    Imports,
    /// Both added other keys.
    Keys,
    /// Both changed other parts of the syntax tree.
    Syntax,
    /// Both changed other words, and every way to compare them agrees.
    Words,
    /// One side made all changes of words that the other made, and more.
    Further,
    /// Both added entries to a list of changes.
    Entries,
    /// One side holds everything that the other changed, and more.
    Contained,
    /// Both added declarations, whose order may be meant.
    Members,
    /// Both added lines at one place.
    Added,
}

impl Strategy {
    /// All of them, the most trusted first.
    pub const ALL: [Strategy; 13] = [
        Strategy::Same,
        Strategy::OneSided,
        Strategy::Blanks,
        Strategy::Indent,
        Strategy::Imports,
        Strategy::Keys,
        Strategy::Syntax,
        Strategy::Words,
        Strategy::Further,
        Strategy::Entries,
        Strategy::Contained,
        Strategy::Members,
        Strategy::Added,
    ];

    /// `same`, `one-sided`, `blanks` …: what `--json` says.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Same => "same",
            Strategy::OneSided => "one-sided",
            Strategy::Blanks => "blanks",
            Strategy::Indent => "indent",
            Strategy::Imports => "imports",
            Strategy::Keys => "keys",
            Strategy::Syntax => "syntax",
            Strategy::Words => "words",
            Strategy::Further => "further",
            Strategy::Entries => "entries",
            Strategy::Contained => "contained",
            Strategy::Members => "members",
            Strategy::Added => "added",
        }
    }

    /// The strategy of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// A merge that may be offered for one conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// How it was found.
    pub strategy: Strategy,
    /// Why it may be right, in words.
    pub reason: String,
    /// Measured share of exact results of that strategy, 0 to 1.
    pub confidence: f64,
    /// Whether it may be applied with one click; else it is shown, and a person takes it from there.
    pub one_click: bool,
    /// What would stand in place of the region.
    pub text: String,
}

/// What became of a text that was parsed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// No worse than the sides did.
    Whole,
    /// It does not parse, or worse than the sides.
    Broken,
    /// There is no parser for this language, and none is needed: prose.
    Prose,
    /// There is one, and it could not be asked.
    Unasked,
}

/// A merge of syntax trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The whole text.
    pub text: String,
    /// What had to be trusted for it.
    pub strategy: Strategy,
}

/// Parsers of languages.
pub trait Syntax {
    /// Whether `text` parses at least as well as each of `sides`, whole texts of the same file.
    fn check(&self, language: Language, text: &str, sides: [&str; 2]) -> Parsed;

    /// Merges whole texts that differ in one place; `None` where a person must decide.
    fn merge(&self, language: Language, base: &str, left: &str, right: &str) -> Option<Merged>;
}

/// No parsers: only what needs none is suggested for a language that has a syntax.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSyntax;

impl Syntax for NoSyntax {
    fn check(&self, language: Language, _: &str, _: [&str; 2]) -> Parsed {
        if language == Language::Prose { Parsed::Prose } else { Parsed::Unasked }
    }

    fn merge(&self, _: Language, _: &str, _: &str, _: &str) -> Option<Merged> {
        None
    }
}

/// The best suggestion for a conflict, if there is one. Bounded in time and memory by [`LARGEST_SIDE`] and
/// [`LARGEST_TEXT`]; what is larger gets none.
pub fn suggest(hunk: &Hunk<'_>, syntax: &dyn Syntax) -> Option<Suggestion> {
    if hunk.left.len().max(hunk.right.len()).max(hunk.base.map_or(0, str::len)) > LARGEST_SIDE
        || hunk.before.len() + hunk.after.len() > LARGEST_TEXT
        || hunk.mixes_line_ends()
    {
        return None;
    }
    let checked = |(strategy, text): (Strategy, String)| {
        let whole = hunk.whole(&text);
        let parsed = syntax.check(hunk.language, &whole, [&hunk.whole(hunk.left), &hunk.whole(hunk.right)]);
        matches!(parsed, Parsed::Whole | Parsed::Prose).then_some((strategy, text))
    };
    if let Some((strategy, text)) = whitespace::same(hunk) {
        return Some(offered(hunk, strategy, text, true));
    }
    let mut by_words = tokens::words(hunk).and_then(checked);
    let standing = by_words.as_ref().map(|(_, text)| apart::standing(hunk, text));
    if let Some((strategy, _)) = by_words.as_mut().filter(|_| standing == Some(Standing::Further)) {
        *strategy = Strategy::Further;
    }
    let by_tree = by_syntax(hunk, syntax).and_then(checked);
    let by_indent = whitespace::indent(hunk).and_then(checked);
    // Two ways that lead to different texts: neither is sure.
    let agree = |found: &(Strategy, String)| {
        let same = |other: &Option<(Strategy, String)>| other.as_ref().is_none_or(|(_, text)| *text == found.1);
        same(&by_words) && same(&by_tree) && same(&by_indent)
    };
    let apart = match standing {
        Some(Standing::Further) => true,
        // Words alone do not tell one statement from two: the tree must have come to the same text.
        Some(Standing::Apart) => by_tree.is_some(),
        _ => false,
    };
    let words_sure = apart && by_words.as_ref().is_some_and(|found| agree(found) && !account::echoes(hunk, &found.1));
    let tree_sure = by_tree.as_ref().is_some_and(agree);
    let candidates = [
        by_indent.map(|found| (found, true)),
        by_words.map(|found| (found, words_sure)),
        by_tree.map(|found| (found, tree_sure)),
        list::entries(hunk).map(|found| (found, true)),
        whitespace::blanks(hunk).map(|found| (found, true)),
        list::added(hunk).and_then(checked).map(|found| (found, true)),
    ];
    let mut offers: Vec<Suggestion> =
        candidates.into_iter().flatten().map(|((strategy, text), sure)| offered(hunk, strategy, text, sure)).collect();
    let best = offers.iter().position(|offer| offer.one_click).unwrap_or(0);
    (best < offers.len()).then(|| offers.swap_remove(best))
}

/// `sure`: nothing speaks against it beyond what its strategy is known for.
fn offered(hunk: &Hunk<'_>, strategy: Strategy, text: String, sure: bool) -> Suggestion {
    let (confidence, one_click) = measured::measured(strategy, hunk, sure && account::balances(hunk, &text));
    Suggestion { strategy, reason: reason::words(strategy).to_owned(), confidence, one_click, text }
}

fn by_syntax(hunk: &Hunk<'_>, syntax: &dyn Syntax) -> Option<(Strategy, String)> {
    let base = hunk.base?;
    if hunk.language == Language::Prose {
        return None;
    }
    let merged = syntax.merge(hunk.language, &hunk.whole(base), &hunk.whole(hunk.left), &hunk.whole(hunk.right))?;
    let inner = merged.text.strip_prefix(hunk.before)?.strip_suffix(hunk.after)?;
    Some((merged.strategy, inner.to_owned()))
}
