//! What people say of lines in a review: each comment with who said it, and what it suggests.

use super::{counted, fact};
use contract::{Fact, FactKind, Thread};
use std::fmt::Write as _;

/// Comments that are told, the newest of them.
const MOST: usize = 12;
/// Characters of one.
const LONGEST: usize = 1_500;

/// The facts about one thread.
#[must_use]
pub fn comments(thread: &Thread) -> Vec<Fact> {
    let line = thread.place.range.map(|range| range.start.line);
    let stands = if thread.resolved { "resolved" } else { "open" };
    let mut title = format!(
        "a thread of a review, {stands}, on {}: {}",
        thread.place.text,
        counted(thread.comments.len(), "comment")
    );
    if !thread.place.remark.is_empty() {
        let _ = write!(title, "; {}", thread.place.remark);
    }
    if !thread.disputed.is_empty() {
        let _ = write!(title, "; {}", thread.disputed);
    }
    let mut facts = vec![fact(FactKind::Comment, title, String::new(), "", line)];
    let told = thread.comments.len().saturating_sub(MOST);
    for comment in thread.comments.iter().skip(told) {
        let when = comment.created.get(..10).unwrap_or_default();
        if comment.removed {
            let title = format!("{} took back what was said on {when}", comment.author.name);
            facts.push(fact(FactKind::Comment, title, String::new(), "", None));
            continue;
        }
        let title = format!("{} said on {when}", comment.author.name);
        let body: String = comment.body.chars().take(LONGEST).collect();
        facts.push(fact(FactKind::Comment, title, body, "text", None));
        if let Some(suggestion) = &comment.suggestion {
            let fits = if suggestion.applies { "" } else { ", but the lines are other ones by now" };
            let what = if suggestion.text.is_empty() { "to take these lines away" } else { "in their place" };
            let title = format!("{} suggests {what}{fits}", comment.author.name);
            facts.push(fact(FactKind::Comment, title, suggestion.text.clone(), "text", None));
        }
    }
    if told > 0 {
        facts.push(fact(
            FactKind::Comment,
            format!("{} before those", counted(told, "comment")),
            String::new(),
            "",
            None,
        ));
    }
    facts
}
