//! What cargo writes with `--message-format=json`, one document a line, with the compiler's diagnostics in it.
//! The shapes: <https://doc.rust-lang.org/cargo/reference/external-tools.html> and <https://doc.rust-lang.org/rustc/json.html>.

use super::place::{Column, Ends, Text, Texts};
use super::{Change, Checker, Fix, Found, MOST, MOST_CHANGES, Parsed, Parser, Said, bounded};
use contract::{Finding, Range, Severity};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How far an expansion is followed to a place in the workspace.
const DEEPEST: usize = 64;

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    manifest_path: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "message")]
    text: String,
    code: Option<Code>,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u64,
    line_end: u64,
    column_start: u64,
    column_end: u64,
    is_primary: bool,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<String>,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

pub(super) struct CargoJson;

impl Parser for CargoJson {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        parse(checker, said.text, texts)
    }
}

fn parse(checker: &Checker, output: &str, texts: &mut Texts<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
        if line.reason == "build-finished" {
            parsed.whole = true;
        }
        let Some(message) = line.message.filter(|_| line.reason == "compiler-message") else { continue };
        if parsed.found.len() >= MOST {
            parsed.dropped += 1;
            continue;
        }
        let Some(severity) = severity(&message.level) else { continue };
        if message.spans.is_empty() && is_a_sum(&message.text) {
            continue;
        }
        match found(checker, severity, &message, line.manifest_path.as_deref(), texts) {
            Some(found) => parsed.found.push(found),
            None => parsed.elsewhere += 1,
        }
    }
    parsed
}

fn severity(level: &str) -> Option<Severity> {
    Some(match level {
        level if level.starts_with("error") => Severity::Error,
        "warning" => Severity::Warning,
        "note" => Severity::Information,
        "help" => Severity::Hint,
        _ => return None,
    })
}

/// `None`: it is about a file of others.
fn found(
    checker: &Checker,
    severity: Severity,
    message: &Message,
    manifest: Option<&str>,
    texts: &mut Texts<'_>,
) -> Option<Found> {
    let primary = message.spans.iter().find(|span| span.is_primary).or(message.spans.first());
    let place = match primary {
        Some(span) => place(span, texts, 0),
        // It is about the whole of a package.
        None => manifest.and_then(|manifest| texts.file(manifest)).and_then(|file| {
            let text = texts.text(&file)?;
            Some((file, text, Range::default()))
        }),
    };
    let (file, text, range) = place?;
    let code = message.code.as_ref().map(|code| code.code.clone()).unwrap_or_default();
    // The compiler speaks for itself.
    let source = if code.starts_with("clippy::") { &*checker.id } else { "rustc" };
    let finding = Finding {
        severity,
        message: words(message, primary),
        range,
        source: source.to_owned(),
        data: None,
        code: bounded(&code),
        file: file.clone(),
    };
    let fixes = message.children.iter().chain([message]).filter_map(|child| fix(child, &file, &text, texts)).collect();
    Some(Found { finding, fixes, lines: text.lines(range) })
}

/// What only counts others: "3 warnings emitted", "aborting due to 2 previous errors", "For more information about …".
fn is_a_sum(message: &str) -> bool {
    message.starts_with("aborting due to ")
        || message.ends_with(" emitted") && message.contains(" warning")
        || message.starts_with("For more information about ")
        || message.starts_with("Some errors have detailed explanations")
}

/// The message with what the compiler says beside it, without what it draws.
fn words(message: &Message, primary: Option<&Span>) -> String {
    let mut words = message.text.clone();
    if let Some(label) = primary.and_then(|span| span.label.as_ref()).filter(|label| !words.contains(&***label)) {
        words = format!("{words}\n{label}");
    }
    for child in message.children.iter().filter(|child| !child.text.is_empty()) {
        // Where a lint is set says nothing about the code.
        if child.text.starts_with("`#[") && child.text.contains(" on by default") {
            continue;
        }
        words = format!("{words}\n{}: {}", child.level, child.text);
        let offered = child.spans.iter().filter_map(|span| span.suggested_replacement.as_ref());
        let offered: Vec<_> = offered.map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        if let [one] = offered[..]
            && !one.contains('\n')
            && one.len() < 80
            && !child.text.contains('`')
        {
            words = format!("{words}: `{one}`");
        }
    }
    bounded(&words)
}

/// Where a span is in the workspace: itself, else the nearest of the places that it was expanded from.
fn place(span: &Span, texts: &mut Texts<'_>, depth: usize) -> Option<(PathBuf, Arc<Text>, Range)> {
    if let Some(file) = texts.file(&span.file_name)
        && let Some(text) = texts.text(&file)
    {
        let range = range(span, &text);
        return Some((file, text, range));
    }
    let expansion = span.expansion.as_ref().filter(|_| depth < DEEPEST)?;
    place(&expansion.span, texts, depth + 1)
}

fn range(span: &Span, text: &Text) -> Range {
    let at = |line, column| text.position(line, column, Column::Chars, Ends::Lf);
    Text::range(at(span.line_start, span.column_start), at(span.line_end, span.column_end))
}

/// What a help offers, if all of it may be done by a machine and in one file.
fn fix(child: &Message, file: &Path, text: &Text, texts: &Texts<'_>) -> Option<Fix> {
    let offered: Vec<&Span> = child.spans.iter().filter(|span| span.suggested_replacement.is_some()).collect();
    if offered.is_empty() || offered.len() > MOST_CHANGES {
        return None;
    }
    let mut changes = Vec::new();
    for span in offered {
        let safe = span.suggestion_applicability.as_deref() == Some("MachineApplicable");
        if !safe || texts.file(&span.file_name).as_deref() != Some(file) {
            return None;
        }
        let range = range(span, text);
        let lines = text.lines(range);
        changes.push(Change { range, text: span.suggested_replacement.clone()?, lines });
    }
    changes.sort_by_key(|change| (change.range.start.byte, change.range.end.byte));
    let apart = changes.windows(2).all(|pair| pair[0].range.end.byte <= pair[1].range.start.byte);
    let title = bounded(child.text.lines().next().unwrap_or_default());
    apart.then_some(Fix { title, changes })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::checker::{checker, parse as read};
    use serde_json::{Value, json};

    const SOURCE: &str = "fn f() -> u32 {\r\n\t/* é😀 */ return 1;\r\n}\r\n";

    fn span(line: u64, from: u64, to: u64) -> Value {
        json!({ "file_name": "src/a.rs", "byte_start": 0, "byte_end": 0, "line_start": line, "line_end": line,
            "column_start": from, "column_end": to, "is_primary": true, "label": null, "text": [],
            "suggested_replacement": null, "suggestion_applicability": null, "expansion": null })
    }

    fn told(message: Value) -> String {
        let mut line = json!({ "reason": "compiler-message", "manifest_path": "/w/Cargo.toml" });
        line["message"] = message;
        format!("{line}\n")
    }

    fn parsed(output: &str) -> Parsed {
        let mut text = |path: &Path| -> Option<Arc<str>> {
            match path.to_str()? {
                "/w/src/a.rs" => Some(SOURCE.into()),
                "/w/Cargo.toml" => Some("[package]\n".into()),
                _ => None,
            }
        };
        let mut texts = Texts::new(Path::new("/w"), Path::new("/w"), Path::new(""), &mut text);
        read(checker("clippy").unwrap(), output.as_bytes(), b"", &mut texts)
    }

    fn at(range: Range) -> &'static str {
        &SOURCE[range.start.byte as usize..range.end.byte as usize]
    }

    #[test]
    fn a_lint_is_told_at_its_characters_and_fixed_by_what_may_be_applied() {
        let mut replaced = span(2, 11, 20);
        replaced["suggested_replacement"] = json!("1");
        replaced["suggestion_applicability"] = json!("MachineApplicable");
        let output = told(json!({ "message": "unneeded `return` statement", "level": "warning",
            "code": { "code": "clippy::needless_return", "explanation": null }, "spans": [span(2, 11, 19)],
            "children": [
                { "message": "`#[warn(clippy::needless_return)]` on by default", "level": "note", "spans": [], "children": [] },
                { "message": "remove `return`", "level": "help", "spans": [replaced.clone()], "children": [] } ] }));
        let all = parsed(&output);
        let [one] = &all.found[..] else { panic!("{all:?}") };
        assert_eq!((one.finding.code.as_str(), one.finding.source.as_str()), ("clippy::needless_return", "clippy"));
        assert_eq!(one.finding.message, "unneeded `return` statement\nhelp: remove `return`");
        assert_eq!(at(one.finding.range), "return 1");
        assert_eq!((one.finding.range.start.line, one.finding.range.start.utf16), (1, 11), "a pair is two units");
        assert_eq!(at(one.fixes[0].changes[0].range), "return 1;");
        assert!(!all.whole, "nothing said that it was finished");

        for (applicability, file) in [("MaybeIncorrect", "src/a.rs"), ("MachineApplicable", "src/b.rs")] {
            let mut replaced = replaced.clone();
            replaced["suggestion_applicability"] = json!(applicability);
            replaced["file_name"] = json!(file);
            let child = json!({ "message": "x", "level": "help", "spans": [replaced], "children": [] });
            let output = told(
                json!({ "message": "m", "level": "warning", "code": null, "spans": [span(1, 1, 2)], "children": [child] }),
            );
            assert_eq!(parsed(&output).found[0].fixes, [], "{applicability} {file}");
        }
    }

    #[test]
    fn what_comes_from_a_macro_is_told_where_it_was_called_and_what_is_of_others_is_counted() {
        let mut outer = span(9, 1, 9);
        outer["file_name"] = json!("/rustc/abc/library/std/src/macros.rs");
        let message = |outer: Value| json!({ "message": "m", "level": "error", "code": { "code": "E0308" }, "spans": [outer], "children": [] });
        let mut inside = outer.clone();
        inside["expansion"] = json!({ "span": span(1, 4, 5), "macro_decl_name": "m!", "def_site_span": null });
        let all = parsed(&(told(message(inside)) + &told(message(outer))));
        assert_eq!((all.found.len(), all.elsewhere), (1, 1));
        assert_eq!((at(all.found[0].finding.range), all.found[0].finding.source.as_str()), ("f", "rustc"));
    }

    #[test]
    fn what_is_about_no_place_is_told_at_the_package_and_sums_are_not_told() {
        let plain = |message: &str| {
            told(json!({ "message": message, "level": "error", "code": null, "spans": [], "children": [] }))
        };
        let output = [
            plain("aborting due to 2 previous errors; 1 warning emitted"),
            plain("2 warnings emitted"),
            plain("linking with `cc` failed"),
            "{\"reason\":\"build-finished\",\"success\":false}\n".to_owned(),
        ]
        .concat();
        let all = parsed(&output);
        assert_eq!((all.found.len(), all.whole), (1, true));
        assert_eq!(all.found[0].finding.file, Path::new("/w/Cargo.toml"));
    }

    #[test]
    fn the_same_is_told_once_and_broken_lines_are_passed_over() {
        let one =
            told(json!({ "message": "m", "level": "warning", "code": null, "spans": [span(1, 1, 2)], "children": [] }));
        let far = told(
            json!({ "message": "far", "level": "warning", "code": null, "spans": [span(9999, 9999, 1)], "children": [] }),
        );
        let output = [&one, "{\"reason\":\n", "not JSON\n", &one, &far, "{}\n"].concat();
        let all = parsed(&output);
        assert_eq!(all.found.len(), 2);
        assert_eq!(all.found[1].finding.range.start.byte, SOURCE.len() as u64, "outside of the file: at its end");
        let many: String = (1..=1000).map(|n| told(json!({ "message": format!("m{n}"), "level": "warning", "code": null, "spans": [span(1, 1, 2)], "children": [] }))).collect();
        let all = parsed(&many);
        assert_eq!((all.found.len(), all.dropped), (500, 500));
    }
}
