//! Prompts: versioned files with a hash, and what is put after them. What comes from files is data between lines that nobody who wrote
//! the files could know; secrets are masked, and what has no room is named.

use crate::backend::{Prompt, Role, Turn};
use crate::secrets::{Masker, mask, mask_lines};
use contract::{Explanation, ExplanationSubject, Fact, FactKind, ModelSaw};
use std::fmt::Write as _;
use std::time::Duration;

/// The prompt for explanations, its name and version.
const NAME: &str = "explain.v1";
const TEXT: &str = include_str!("../prompts/explain.v1.md");

/// Bytes of the lines themselves.
const MOST_SOURCE: usize = 8_000;
/// Bytes of facts.
const MOST_FACTS: usize = 5_000;
/// Bytes of one fact.
const MOST_FACT: usize = 1_500;
/// Characters of a line; what is longer was not written by hand.
const LONGEST_LINE: usize = 400;
/// Lines above and below that are looked at for secrets which reach into the lines.
const AROUND: u32 = 400;
/// Bytes of a line, and of all of them, that are looked at.
const LONGEST_LOOKED_AT: usize = 64 << 10;
const MOST_LOOKED_AT: usize = 1 << 20;
/// Bytes of a question.
const MOST_QUESTION: usize = 2_000;

/// Limits of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens.
    pub tokens: u32,
    /// Time for all of it.
    pub time: Duration,
}

/// The prompt's name and version, and its hash.
#[must_use]
pub fn version() -> (&'static str, String) {
    (NAME, host::fingerprint(TEXT.as_bytes()))
}

/// What a model is asked about an explanation whose facts are there. `text` is the file's, from the line `from` on; `before`: the turns of the
/// explanation that this one follows.
#[must_use]
pub fn prompt(
    explanation: &Explanation,
    (text, from): (&str, u32),
    before: &[Turn],
    limits: Limits,
) -> (Prompt, ModelSaw) {
    let mut masker = Masker::default();
    let mut left_out = Vec::new();
    let (source, lines) = source(explanation, (text, from), &mut masker, &mut left_out);
    let mut body = String::new();
    if before.is_empty() {
        let facts = mask(&facts(&explanation.facts, &mut left_out), &mut masker);
        let file = mask(&one_line(&explanation.file), &mut masker);
        section(&mut body, &format!("FACTS ABOUT {file}"), &facts);
        section(&mut body, &format!("LINES {}-{} OF {file}", lines.0 + 1, lines.1), &source);
    }
    let asked = match (&explanation.question, &explanation.finding) {
        (Some(question), _) => {
            let question = cut(question, MOST_QUESTION);
            format!("The developer asks: {}", mask(question, &mut masker))
        }
        (None, Some(finding)) => {
            let code = one_line(&finding.code);
            format!("Explain the finding `{code}` on these lines, and what may be done about it.")
        }
        (None, None) => of_subject(explanation).to_owned(),
    };
    let _ = write!(body, "{asked}");
    let mut turns = before.to_vec();
    turns.push(Turn { role: Role::User, text: body.clone() });
    let context = turns.iter().map(|turn| turn.text.as_str()).collect::<Vec<_>>().join("\n\n---\n\n");
    let prompt = Prompt { system: TEXT.to_owned(), turns, max_tokens: limits.tokens, time_limit: limits.time, seed: 0 };
    let (name, hash) = version();
    let saw = ModelSaw {
        prompt: name.to_owned(),
        prompt_hash: hash,
        input_hash: String::new(),
        lines,
        context,
        system: TEXT.to_owned(),
        masked: masker.found(),
        left_out,
    };
    (prompt, saw)
}

/// What is asked where nobody asked anything else.
fn of_subject(explanation: &Explanation) -> &'static str {
    let has = |kind| explanation.facts.iter().any(|fact| fact.kind == kind);
    match explanation.subject {
        ExplanationSubject::Command => {
            "Explain this command: what it does, and what to watch out for before it is run."
        }
        ExplanationSubject::Log => "Explain why this failed, as far as the log says.",
        ExplanationSubject::Diff => "Explain what this change does, to somebody who is about to review it.",
        ExplanationSubject::Lines if has(FactKind::Conflict) => {
            "Explain this merge conflict: what each side wanted, and what each way out of it would lose."
        }
        ExplanationSubject::Lines if has(FactKind::Comment) => {
            "Explain what is asked for in the review of these lines."
        }
        ExplanationSubject::Lines => "Explain these lines.",
    }
}

/// A hash of all that an answer depends on.
#[must_use]
pub fn input_hash(prompt: &Prompt, model: &str, model_hash: Option<&str>, place: &str) -> String {
    let mut all = String::new();
    let parts = [model, model_hash.unwrap_or_default(), place, &prompt.system];
    for part in parts.into_iter().chain(prompt.turns.iter().map(|turn| turn.text.as_str())) {
        let _ = write!(all, "{}:{part}", part.len());
    }
    let _ = write!(all, "{} {}", prompt.max_tokens, prompt.seed);
    host::fingerprint(all.as_bytes())
}

/// Data between two lines with a word that depends on the data, so that no data can hold it.
fn section(into: &mut String, what: &str, data: &str) {
    if data.is_empty() {
        return;
    }
    let hash = host::fingerprint(data.as_bytes());
    let word = hash.rsplit(':').next().unwrap_or_default().get(..16).unwrap_or_default();
    let _ = write!(into, "BEGIN {word} {what}\n{}\nEND {word}\n\n", data.trim_end_matches('\n'));
}

/// The lines with their numbers, masked, and which of them had room. A secret may begin above them or end below.
fn source(
    explanation: &Explanation,
    (text, from): (&str, u32),
    masker: &mut Masker,
    left_out: &mut Vec<String>,
) -> (String, (u32, u32)) {
    let (first, end) = (explanation.range.start.line, end_line(explanation));
    let before = first.saturating_sub(AROUND).max(from.min(first));
    let around = text.lines().skip((before - from.min(first)) as usize).take((end - before) as usize + AROUND as usize);
    let whole = around.map(|line| cut(line, LONGEST_LOOKED_AT)).collect::<Vec<_>>().join("\n");
    let whole = cut(&whole, MOST_LOOKED_AT);
    let mut made = String::new();
    let (mut shown, mut long) = (first, 0);
    let lines = mask_lines(whole, masker).into_iter().skip((first - before) as usize);
    for (n, line) in (first..end).zip(lines) {
        let short: String = line.chars().take(LONGEST_LINE).collect();
        long += usize::from(short.len() < line.len());
        let line = format!("{}| {}\n", n + 1, visible(&short));
        if made.len() + line.len() > MOST_SOURCE {
            break;
        }
        made.push_str(&line);
        shown += 1;
    }
    if shown < end {
        left_out.push(format!("lines {} to {end}: there was no room", shown + 1));
    }
    if long > 0 {
        left_out.push(format!("the ends of {long} long lines, each after {LONGEST_LINE} characters"));
    }
    (made, (first, shown))
}

/// The line after the last.
fn end_line(explanation: &Explanation) -> u32 {
    let end = explanation.range.end;
    (end.line + u32::from(end.utf16 > 0)).max(explanation.range.start.line + 1)
}

/// What steers a terminal or turns text around is shown as what it is, so that a model and a person read the same.
fn visible(text: &str) -> String {
    let sign = |c: char| (c.is_control() && c != '\t') || crate::filter::hides(c);
    if !text.chars().any(sign) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut made, c| {
        if sign(c) {
            let _ = write!(made, "\\u{{{:x}}}", c as u32);
        } else {
            made.push(c);
        }
        made
    })
}

fn facts(facts: &[Fact], left_out: &mut Vec<String>) -> String {
    let mut made = String::new();
    let mut without_room = 0;
    for fact in facts {
        // The file's own outline is for people who look around.
        if fact.kind == FactKind::Outline {
            continue;
        }
        let body = cut(&fact.body, MOST_FACT);
        let text = format!("- {}\n{}", one_line(&fact.title), indented(body));
        if made.len() + text.len() > MOST_FACTS {
            without_room += 1;
            continue;
        }
        made.push_str(&text);
    }
    if without_room > 0 {
        left_out.push(format!("{without_room} facts: there was no room"));
    }
    made
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |made, line| {
        made + "  " + &visible(&line.chars().take(LONGEST_LINE).collect::<String>()) + "\n"
    })
}

fn one_line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
