//! Facts, in the order in which they are of use: what was found, what the rule says, what the lines are in and use, who wrote them.
//! Says nothing that was not handed to it.

use contract::{ExplainedFinding, Fact, FactKind, Structure, StructureItem};
use std::collections::BTreeSet;

/// Signatures that are told.
const SIGNATURES: usize = 12;
/// Imports that are told.
const IMPORTS: usize = 8;
/// Items of an outline.
const OUTLINE: usize = 20;
/// Bytes of a page or a rule's text.
const LONGEST_PAGE: usize = 4000;

/// A finding with what is written about it here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The finding.
    pub finding: ExplainedFinding,
    /// Its line, zero-based.
    pub line: Option<u32>,
    /// The page or the rule's text, Markdown.
    pub page: Option<String>,
}

/// A commit that wrote some of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its id, shortened.
    pub id: String,
    /// Who.
    pub author: String,
    /// The date, as people read it.
    pub date: String,
    /// The first line of its message.
    pub subject: String,
    /// How many of the lines.
    pub lines: u32,
}

/// The facts without the history.
#[must_use]
pub fn facts(structure: &Structure, found: &[Found], whole_file: bool) -> Vec<Fact> {
    let mut facts = Vec::new();
    for one in found {
        let finding = &one.finding;
        let code = if finding.code.is_empty() { String::new() } else { format!(" `{}`", finding.code) };
        let title = format!("{}{code}: {}", finding.source, first_line(&finding.message));
        facts.push(Fact {
            kind: FactKind::Finding,
            title,
            body: rest(&finding.message),
            language: None,
            line: one.line,
        });
    }
    let mut told = BTreeSet::new();
    for one in found {
        let Some(page) = one.page.as_ref().filter(|_| told.insert((&one.finding.source, &one.finding.code))) else {
            continue;
        };
        let title = format!("what is written about `{}`", one.finding.code);
        let body = without_heading(cut(page, LONGEST_PAGE)).to_owned();
        facts.push(Fact { kind: FactKind::Rule, title, body, language: None, line: None });
    }
    let language = structure.language.clone();
    let source = |kind, title: String, body: String, line| Fact {
        kind,
        title,
        body,
        language: language.clone(),
        line: Some(line),
    };
    // The innermost says most.
    for (n, item) in structure.enclosing.iter().rev().enumerate() {
        let title = if n == 0 { "these lines are in" } else { "which is in" };
        facts.push(source(
            FactKind::Enclosing,
            format!("{title} `{}`, {}", one_line(&item.name), lines(item)),
            item.signature.clone(),
            item.first,
        ));
    }
    let documented = structure.enclosing.iter().rev().chain(&structure.inside).filter(|item| !item.doc.is_empty());
    for item in documented.take(4) {
        let title = format!("`{}` is documented so", one_line(&item.name));
        facts.push(Fact {
            kind: FactKind::Documentation,
            title,
            body: item.doc.clone(),
            language: Some("text".to_owned()),
            line: Some(item.first),
        });
    }
    if !whole_file {
        for item in structure.inside.iter().take(OUTLINE) {
            facts.push(source(
                FactKind::Outline,
                format!("they define `{}`, {}", one_line(&item.name), lines(item)),
                item.signature.clone(),
                item.first,
            ));
        }
    }
    for item in structure.used.iter().take(SIGNATURES) {
        facts.push(source(
            FactKind::Signature,
            format!("they use `{}`, line {}", one_line(&item.name), item.first + 1),
            item.signature.clone(),
            item.first,
        ));
    }
    for (line, import) in structure.imports.iter().take(IMPORTS) {
        facts.push(source(FactKind::Import, format!("they use what line {} imports", line + 1), import.clone(), *line));
    }
    if whole_file {
        for item in structure.outline.iter().take(OUTLINE) {
            facts.push(source(
                FactKind::Outline,
                format!("the file defines `{}`, {}", one_line(&item.name), lines(item)),
                item.signature.clone(),
                item.first,
            ));
        }
    }
    facts
}

/// The history as facts.
#[must_use]
pub fn history(commits: &[Commit]) -> Vec<Fact> {
    let told = commits.iter().map(|commit| {
        let lines = if commit.lines == 1 { "1 line".to_owned() } else { format!("{} lines", commit.lines) };
        let title =
            format!("{lines} by {} on {}, commit {}: {}", commit.author, commit.date, commit.id, commit.subject);
        Fact { kind: FactKind::History, title: one_line(&title), body: String::new(), language: None, line: None }
    });
    told.collect()
}

fn lines(item: &StructureItem) -> String {
    if item.first == item.last {
        format!("line {}", item.first + 1)
    } else {
        format!("lines {} to {}", item.first + 1, item.last + 1)
    }
}

fn first_line(text: &str) -> String {
    one_line(text.trim().lines().next().unwrap_or_default())
}

fn rest(text: &str) -> String {
    text.trim().split_once('\n').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default()
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

fn without_heading(page: &str) -> &str {
    let page = page.trim_start();
    page.strip_prefix("# ").and_then(|rest| Some(rest.split_once('\n')?.1)).unwrap_or(page).trim()
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
