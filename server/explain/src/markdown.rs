//! An explanation as a Markdown document: what an editor shows and a terminal prints. Facts first; what a model said stands apart, under a line
//! that says who said it, where and when.

use crate::filter::hides;
use contract::{Answer, CommandClass, Explanation, ExplanationState, ExplanationSubject, Fact, FactKind, ModelSaw};
use std::fmt::Write as _;

/// The document. `age` words the time of an answer, `2 minutes ago` for example.
#[must_use]
pub fn markdown(explanation: &Explanation, age: &dyn Fn(&str) -> String) -> String {
    let about = about(explanation);
    let mut made = format!("# {about}\n");
    if let Some(question) = &explanation.question {
        let _ = write!(made, "\n> {}\n", inert(question));
    }
    made.push_str("\n## Facts\n\n");
    if explanation.facts.is_empty() {
        made.push_str("Nothing is known of it beyond its text.\n");
    }
    for fact in &explanation.facts {
        told(fact, &mut made);
    }
    for note in &explanation.left_out {
        let _ = writeln!(made, "- *not here: {}*", inert(note));
    }
    match &explanation.answer {
        Some(answer) => said(explanation, answer, &about, age, &mut made),
        None if explanation.state == ExplanationState::Waiting => {
            let _ = write!(made, "\n## Explanation\n\n*{}*\n", waits(explanation));
        }
        None if !explanation.detail.is_empty() => {
            let _ = write!(made, "\n## Explanation\n\n{}\n", inert(&explanation.detail));
        }
        None => {}
    }
    if let Some(saw) = &explanation.saw {
        shown(saw, &mut made);
    }
    made
}

fn waits(explanation: &Explanation) -> String {
    if explanation.detail.is_empty() { "asking the model".to_owned() } else { inert(&explanation.detail) }
}

/// What it is about, as a line.
fn about(explanation: &Explanation) -> String {
    let named = inert(&explanation.file);
    match explanation.subject {
        ExplanationSubject::Lines => format!("{named}, {}", lines(explanation)),
        ExplanationSubject::Command => "A command, which nobody ran".to_owned(),
        ExplanationSubject::Log => format!("{named}, its end"),
        ExplanationSubject::Diff => format!("The change {named}"),
    }
}

fn lines(explanation: &Explanation) -> String {
    let range = explanation.range;
    let last = range.end.line + u32::from(range.end.utf16 > 0);
    if last <= range.start.line + 1 {
        format!("line {}", range.start.line + 1)
    } else {
        format!("lines {} to {last}", range.start.line + 1)
    }
}

fn told(fact: &Fact, into: &mut String) {
    let _ = writeln!(into, "- {}", inert_but_code(&fact.title));
    if fact.body.is_empty() {
        return;
    }
    match (&fact.language, fact.kind) {
        (None, FactKind::Rule) => {
            // A page of ours or a linter's, as a quotation: its headings are not the document's.
            for line in crate::filter::filter(&fact.body).text.lines() {
                let _ = writeln!(into, "  > {line}");
            }
        }
        (language, _) => block(language.as_deref().unwrap_or("text"), &fact.body, "  ", into),
    }
}

fn block(language: &str, text: &str, margin: &str, into: &mut String) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = write!(into, "\n{margin}{fence}{language}\n");
    for line in text.lines() {
        let line: String = line.chars().filter(|c| (!c.is_control() || *c == '\t') && !hides(*c)).collect();
        let _ = writeln!(into, "{margin}{line}");
    }
    let _ = write!(into, "{margin}{fence}\n\n");
}

fn said(explanation: &Explanation, answer: &Answer, about: &str, age: &dyn Fn(&str) -> String, into: &mut String) {
    let when = if answer.recorded { format!("{}, from the record", age(&answer.at)) } else { age(&answer.at) };
    let _ = write!(
        into,
        "\n## Explanation\n\n> **{}**, {}; {about}; {when}.\n> Generated on {}, may be wrong.\n\n",
        inert(&answer.model),
        inert(&answer.place),
        if answer.place == "this machine" { "this machine".to_owned() } else { inert(&answer.place) },
    );
    if !answer.text.is_empty() {
        let _ = writeln!(into, "{}", answer.text);
    }
    let end = match explanation.state {
        ExplanationState::Answering => "*…*".to_owned(),
        ExplanationState::Cancelled => "*stopped, as was asked*".to_owned(),
        ExplanationState::Failed => format!("*there is no more: {}*", inert(&explanation.detail)),
        _ => match answer.ended.as_str() {
            "length" => "*it was cut: it had all the tokens that it may have*".to_owned(),
            "time-limit" => "*it was cut: its time was over*".to_owned(),
            "flood" => "*it was cut: it was far longer than an answer*".to_owned(),
            _ => String::new(),
        },
    };
    if !end.is_empty() {
        let _ = write!(into, "\n{end}\n");
    }
    if !answer.doubts.is_empty() {
        let _ = write!(into, "\n**Not in what the model saw**, so look twice: ");
        let all: Vec<String> =
            answer.doubts.iter().map(|doubt| format!("{} {}", doubt.kind, code(&doubt.said))).collect();
        let _ = writeln!(into, "{}.", all.join(", "));
    }
    if !answer.commands.is_empty() {
        let _ = write!(into, "\n### Suggested commands\n\nHoldover runs none of them.\n\n");
        for (n, one) in answer.commands.iter().enumerate() {
            let _ = writeln!(
                into,
                "{}. **{}**, {}: {}",
                n + 1,
                class(one.class),
                inert_but_code(&one.reason),
                code(&one.command)
            );
        }
    }
    if !answer.filtered.is_empty() {
        let _ = write!(into, "\n*In the answer: {}.*\n", answer.filtered.join(", "));
    }
    if let Some(verdict) = &answer.verdict {
        let word = if verdict.accepted { "of use" } else { "of no use" };
        let why = if verdict.reason.is_empty() { String::new() } else { format!(": {}", inert(&verdict.reason)) };
        let _ = write!(into, "\nYou said that it is {word}{why}.\n");
    }
}

fn class(class: CommandClass) -> &'static str {
    match class {
        CommandClass::ReadOnly => "only reads",
        CommandClass::ChangesFiles => "changes files",
        CommandClass::Network => "reaches for a network",
        CommandClass::Unknown => "could not be told what it does",
        CommandClass::Destructive => "DESTRUCTIVE",
    }
}

fn shown(saw: &ModelSaw, into: &mut String) {
    let _ = write!(into, "\n## What the model saw\n\nPrompt {}", inert(&saw.prompt));
    if !saw.masked.is_empty() {
        let all: Vec<String> = saw.masked.iter().map(|one| format!("{} {}", one.count, one.rule)).collect();
        let _ = write!(into, "; secrets masked: {}", all.join(", "));
    }
    into.push_str(".\n");
    for note in &saw.left_out {
        let _ = write!(into, "\n- not shown to it: {}", inert(note));
    }
    if !saw.left_out.is_empty() {
        into.push('\n');
    }
    block("text", &saw.context, "", into);
}

/// Code within words.
fn code(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() && !hides(*c)).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Words of others that mean nothing but themselves.
fn inert(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => made.push(' '),
            c if c.is_control() || hides(c) => made.push('\u{fffd}'),
            '<' | '>' | '&' | '[' | ']' | '*' | '`' | '\\' | '|' | '#' => {
                made.push('\\');
                made.push(c);
            }
            c => made.push(c),
        }
    }
    made
}

/// The same, where pieces between single grave accents are code.
fn inert_but_code(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return inert(text);
    }
    let told = pieces.iter().enumerate().map(|(n, piece)| if n % 2 == 0 { inert(piece) } else { code(piece) });
    told.collect()
}
