//! Merges of syntax trees, what a piece of a text is part of, and what a line for a shell starts, for the program `holdover-merge`: parsers of tree-sitter behind `conflict`'s trait `Syntax`.
//! Lives in a process of its own, because parsers are tables of 10 MB, written in C, that read what others wrote.

mod alike;
mod chunks;
mod identity;
mod items;
mod join;
mod names;
mod places;
mod rules;
mod shell;
mod structure;
mod touched;
mod tree;

use conflict::suggest::{Language, Merged, Parsed, Syntax};
pub use shell::shell;
pub use structure::structure;
use tree::Source;

/// The parsers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grammars;

impl Syntax for Grammars {
    fn check(&self, language: Language, text: &str, sides: [&str; 2]) -> Parsed {
        if language == Language::Prose {
            return Parsed::Prose;
        }
        let Some(problems) = tree::problems(language, text) else { return Parsed::Unasked };
        if problems == 0 {
            return Parsed::Whole;
        }
        // Macros and dialects: what the sides themselves have is no fault of the merge.
        let least = sides.iter().filter_map(|side| tree::problems(language, side)).min().unwrap_or(0);
        if problems <= least { Parsed::Whole } else { Parsed::Broken }
    }

    fn merge(&self, language: Language, base: &str, left: &str, right: &str) -> Option<Merged> {
        let [base, left, right] = [base, left, right].map(|text| Source::parse(language, text));
        join::merge(&base?, &left?, &right?)
    }
}
