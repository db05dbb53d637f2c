//! justfiles: recipes of a shell. What other languages run is passed over.

use super::{Found, lines};
use crate::draft::Place;
use crate::piece::Piece;
use crate::shell::commands;
use crate::tools;
use std::collections::HashMap;

pub(crate) fn read(text: &str, found: &mut Found) {
    let mut recipe = Piece::default();
    let mut in_recipe = false;
    let mut foreign = false;
    let mut first = true;
    let flush = |recipe: &mut Piece, found: &mut Found| {
        let recipe = std::mem::take(recipe);
        if !recipe.text.is_empty() {
            tools::look(&commands(recipe, HashMap::new()), Place::Host, &mut found.drafts);
        }
    };
    for line in lines(text) {
        let shown = &text[line.clone()];
        let indented = shown.starts_with([' ', '\t']);
        if shown.trim().is_empty() {
            continue;
        }
        if !indented {
            flush(&mut recipe, found);
            in_recipe = !shown.starts_with('#') && shown.contains(':') && !shown.contains(":=");
            (first, foreign) = (true, false);
            continue;
        }
        if !in_recipe || foreign {
            continue;
        }
        let body = shown.trim_start();
        if std::mem::take(&mut first) && body.starts_with("#!") {
            foreign = !body.contains("sh");
            continue;
        }
        let skipped = body.trim_start_matches(['@', '-']).len();
        push(text, line.end - skipped, line.end, &mut recipe);
    }
    flush(&mut recipe, found);
}

/// A line, with `{{ … }}` as what is only known when it runs.
fn push(text: &str, start: usize, end: usize, recipe: &mut Piece) {
    let mut at = start;
    while let Some(open) = text[at..end].find("{{").map(|open| at + open) {
        let Some(close) = text[open..end].find("}}").map(|close| open + close + 2) else { break };
        recipe.push(text, at..open);
        recipe.push_as("${_}", open..close);
        at = close;
    }
    recipe.push(text, at..end);
    recipe.push_as("\n", end..end);
}
