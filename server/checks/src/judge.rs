//! From what was found in a text to what is said of it: an error where the thing is not here, information where it is, and a
//! warning that says so where nobody can tell. Asks [`Facts`], and nobody else.

use crate::Drafts;
use crate::draft::{Draft, Place, Thing};
use contract::{Finding, Position, Range, Severity, codes};
use serde_json::json;
use std::path::Path;

/// Whether a thing is on this machine, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Here {
    /// It is.
    Yes(String),
    /// It is not.
    No(String),
    /// It cannot be told, and why.
    Unknown(String),
}

/// What is known of this machine.
pub trait Facts {
    /// Whether a thing that a file at `file` needs is here.
    fn here(&self, thing: &Thing, file: &Path) -> Here;
}

/// An allowance of the settings, as far as a file is concerned.
#[derive(Debug, Clone)]
pub struct Linted {
    /// What is said.
    pub findings: Vec<Finding>,
    /// Of the settings' allowances that were given: which allowed something.
    pub used: Vec<bool>,
}

/// Judges what was found in the file at `file`, whose text is `text`. `allowed`: the codes that the settings allow there.
#[must_use]
pub fn judge(drafts: &Drafts, file: &Path, text: &str, allowed: &[&str], facts: &dyn Facts) -> Linted {
    let lines = Lines::of(text);
    let mut used = vec![false; allowed.len()];
    let mut findings = Vec::new();
    for draft in &drafts.drafts {
        let mut is_allowed = false;
        for (at, code) in allowed.iter().enumerate().filter(|(_, code)| **code == draft.code) {
            let _ = code;
            used[at] = true;
            is_allowed = true;
        }
        if !is_allowed {
            findings.extend(finding(draft, file, text, &lines, facts));
        }
    }
    for (allowance, used) in &drafts.allowances {
        let mut say = |code: &str, message: String| {
            findings.push(Finding {
                code: code.to_owned(),
                severity: Severity::Warning,
                message,
                file: file.to_path_buf(),
                range: lines.range(text, allowance.span.clone()),
                source: "holdover".to_owned(),
                data: Some(json!({ "lint": true })),
            });
        };
        let named = allowance.codes.join(", ");
        if allowance.reason.is_empty() {
            say(
                codes::ALLOWANCE_WITHOUT_REASON,
                format!(
                    "this allows something and does not say why: {named}\nhint: write `reason=\"…\"` behind it, for whoever reads it next"
                ),
            );
        }
        if !used {
            say(
                codes::ALLOWANCE_UNUSED,
                format!(
                    "this allows what is not there any more: {named}\nhint: take it out, so that it hides nothing later on"
                ),
            );
        }
    }
    findings.sort_by_key(|finding| (finding.range.start, finding.range.end));
    Linted { findings, used }
}

fn finding(draft: &Draft, file: &Path, text: &str, lines: &Lines, facts: &dyn Facts) -> Option<Finding> {
    let inside = matches!(draft.place, Place::Image | Place::CachedImage);
    // What a build of an image or CI sees of this machine is nothing; an image's own base is this machine's all the same.
    let asks = !matches!(draft.thing, Thing::Untold | Thing::Nothing(_)) && draft.place == Place::Host;
    let (mut severity, evidence, here) = match &draft.thing {
        Thing::Nothing(severity) => (*severity, String::new(), None),
        _ if draft.place == Place::Ci => (
            Severity::Information,
            "where CI runs there is a network; it counts for who runs this here".to_owned(),
            None,
        ),
        _ if draft.place == Place::CachedImage => {
            (Severity::Information, "a cache is mounted, so what was fetched once is taken from it".to_owned(), None)
        }
        _ if inside => (
            Severity::Warning,
            "whether the image's layers are kept here cannot be told, and what this machine has is not seen from there"
                .to_owned(),
            Some("unknown"),
        ),
        Thing::Untold => {
            (Severity::Warning, "whether what it brings is here cannot be told".to_owned(), Some("unknown"))
        }
        thing => match facts.here(thing, file) {
            Here::Yes(evidence) => (Severity::Information, evidence, Some("yes")),
            Here::No(evidence) => (Severity::Error, evidence, Some("no")),
            Here::Unknown(why) => (Severity::Warning, why, Some("unknown")),
        },
    };
    if draft.place == Place::Ci {
        severity = severity.max(Severity::Information);
    }
    if draft.only_if_absent && here == Some("yes") {
        return None;
    }
    let _ = asks;
    let (mut code, mut what, mut next) = (draft.code, draft.what.clone(), draft.next.clone());
    // An image that is here by its tag alone can be another one tomorrow.
    if let (codes::IMAGE_NOT_HERE, Some("yes"), Thing::Image(name)) = (draft.code, here, &draft.thing) {
        if crate::files::has_digest(name) {
            return None;
        }
        code = codes::IMAGE_WITHOUT_DIGEST;
        what = format!("this image is named without its digest, so a builder asks the registry which it is: {name}");
        "name it with the digest that is here: `docker image inspect` says it".clone_into(&mut next);
    }
    let evidence = if evidence.is_empty() { evidence } else { format!("; {evidence}") };
    Some(Finding {
        code: code.to_owned(),
        severity,
        message: format!("{what}{evidence}\nhint: {next}"),
        file: file.to_path_buf(),
        range: lines.range(text, draft.span.clone()),
        source: "holdover".to_owned(),
        data: Some(json!({ "lint": true, "here": here })),
    })
}

/// What an action is bound to: the code and the text that was found.
#[must_use]
pub fn fingerprint(draft: &Draft, text: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(draft.code.as_bytes());
    hasher.update(&[0]);
    hasher.update(text.get(draft.span.clone()).unwrap_or_default().as_bytes());
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// Where lines begin, so that a place is found without reading the text from its start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect())
    }

    fn range(&self, text: &str, span: std::ops::Range<usize>) -> Range {
        Range { start: self.position(text, span.start), end: self.position(text, span.end.max(span.start)) }
    }

    fn position(&self, text: &str, byte: usize) -> Position {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.0.partition_point(|start| *start <= byte) - 1;
        let utf16 = text[self.0[line]..byte].chars().map(char::len_utf16).sum::<usize>();
        Position { line: line as u32, utf16: utf16 as u32, byte: byte as u64 }
    }
}
