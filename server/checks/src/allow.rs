//! Allowances in a file: `holdover: allow(code) reason="…"` in a comment covers its own line, and what begins on the next that is no comment.
//! One without a reason counts, and is a finding itself; so is one that allows nothing.

use crate::code::lex::{Kind as TokenKind, Language, tokens};
use crate::draft::Draft;
use crate::files::lines;
use crate::kind::Kind;
use std::ops::Range;

/// One allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// The codes that it names.
    pub codes: Vec<String>,
    /// Why; empty where it does not say.
    pub reason: String,
    /// What it covers, in bytes.
    pub covers: Range<usize>,
}

const MARK: &str = "holdover: allow(";

/// What begins a comment in a file of this kind; none: it has no comments.
fn signs(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Package => &[],
        Kind::BuildScript | Kind::RustTest | Kind::ScriptTest | Kind::Gradle | Kind::Devcontainer => &["//", "/*"],
        Kind::Terraform => &["#", "//"],
        Kind::Wrapper => &["#", "!"],
        Kind::Submodules => &["#", ";"],
        _ => &["#"],
    }
}

/// The comment that allows a code, to be put on a line of its own above a place in a file of this kind.
pub(crate) fn comment(kind: Kind, code: &str) -> Option<String> {
    let sign = signs(kind).first()?;
    // A file that holds a version and nothing else can hold no comment for its own reader.
    (kind != Kind::Toolchain).then(|| format!("{sign} {MARK}{code}) reason=\"\""))
}

/// All allowances of a file; `wholes` are stretches that one covers as a whole.
pub(crate) fn allowances(kind: Kind, text: &str, wholes: &[Range<usize>]) -> Vec<Allowance> {
    let signs = signs(kind);
    if signs.is_empty() || memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
        return Vec::new();
    }
    let language = match kind {
        Kind::BuildScript | Kind::RustTest => Some(Language::Rust),
        Kind::PythonTest => Some(Language::Python),
        Kind::ScriptTest => Some(Language::Script),
        Kind::Gradle => Some(Language::Groovy),
        _ => None,
    };
    // In a program, only a comment is one: a text may hold the same words.
    let comments: Option<Vec<Range<usize>>> = language.map(|language| {
        tokens(text, language).into_iter().filter(|t| t.kind == TokenKind::Comment).map(|t| t.span).collect()
    });
    let all: Vec<Range<usize>> = lines(text).collect();
    let mut found = Vec::new();
    for (number, line) in all.iter().enumerate() {
        let shown = &text[line.clone()];
        let Some(at) = shown.find(MARK) else { continue };
        let before = shown[..at].trim_end();
        let Some(sign) = signs.iter().find(|sign| before.ends_with(**sign)) else { continue };
        let start = line.start + before.len() - sign.len();
        if comments.as_ref().is_some_and(|comments| {
            let after = comments.partition_point(|comment| comment.end <= start);
            comments.get(after).is_none_or(|comment| comment.start > start)
        }) {
            continue;
        }
        let rest = &shown[at + MARK.len()..];
        let Some((codes, rest)) = rest.split_once(')') else { continue };
        let codes = codes.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect();
        let reason =
            rest.trim_start().strip_prefix("reason=\"").and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let alone = shown[..start - line.start].trim().is_empty();
        let covers = if alone { covered(text, &all[number + 1..], signs, wholes) } else { line.clone() };
        found.push(Allowance {
            span: start..line.start + shown.trim_end().len(),
            codes,
            reason: reason.trim().to_owned(),
            covers,
        });
    }
    found
}

/// The next line that is no comment, with all that belongs to it.
fn covered(text: &str, after: &[Range<usize>], signs: &[&str], wholes: &[Range<usize>]) -> Range<usize> {
    let next = after.iter().position(|line| {
        let shown = text[line.clone()].trim_start();
        !shown.is_empty() && !signs.iter().any(|sign| shown.starts_with(sign))
    });
    let Some(next) = next else { return text.len()..text.len() };
    let line = &after[next];
    let shown = line.end - text[line.clone()].trim_start().len();
    if let Some(whole) =
        wholes.iter().find(|whole| whole.start >= line.start && whole.start <= line.end && whole.start <= shown + 4)
    {
        return line.start..whole.end;
    }
    // A line that goes on is one with the next.
    let last = after[next..].iter().find(|line| !text[(*line).clone()].trim_end().ends_with('\\'));
    line.start..last.map_or(text.len(), |last| last.end)
}

/// Parts drafts from those that are allowed; says which allowances allowed something.
pub(crate) fn part(drafts: Vec<Draft>, allowances: &[Allowance]) -> (Vec<Draft>, Vec<bool>) {
    let mut used = vec![false; allowances.len()];
    let left = drafts.into_iter().filter(|draft| {
        let mut allowed = false;
        for (at, allowance) in allowances.iter().enumerate() {
            if allowance.codes.iter().any(|code| code == draft.code) && allowance.covers.contains(&draft.span.start) {
                used[at] = true;
                allowed = true;
            }
        }
        !allowed
    });
    (left.collect(), used)
}
