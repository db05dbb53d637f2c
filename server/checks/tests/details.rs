//! What the formats say beside places: what is no finding, what may be mended without looking, and how a tool names files and rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::{CheckCommand, CheckFormat, Severity};
use holdover_checks::checker::{Checker, Parsed, Texts, checker, parse};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const TEXT: &str = "one é😀 TODO\r\n\ttwo 'x'\n";

fn read(checker: &Checker, output: &str, errors: &str) -> Parsed {
    let mut text = |file: &Path| -> Option<Arc<str>> { (file == Path::new("/w/é b.x")).then(|| TEXT.into()) };
    let mut texts = Texts::new(Path::new("/w"), Path::new("/w"), Path::new(""), &mut text);
    parse(checker, output.as_bytes(), errors.as_bytes(), &mut texts)
}

fn of(format: CheckFormat) -> Checker {
    Checker::of_command(
        "x",
        &CheckCommand { command: vec!["x".into()], format: Some(format), ..CheckCommand::default() },
    )
    .unwrap()
}

fn located(uri: &str) -> Value {
    json!([{ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": 1, "startColumn": 5 } } }])
}

fn sarif(run: &Value) -> Parsed {
    read(&of(CheckFormat::Sarif), &json!({ "version": "2.1.0", "runs": [run] }).to_string(), "")
}

#[test]
fn a_result_of_sarif_is_a_finding_unless_it_says_otherwise() {
    let result = |more: Value| {
        let mut one = json!({ "ruleId": "r", "message": { "text": "m" }, "locations": located("%C3%A9%20b.x") });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sarif(&json!({ "results": [one] })).found.len()
    };
    for more in [json!({}), json!({ "kind": "fail" }), json!({ "baselineState": "new" }), json!({ "suppressions": [] })]
    {
        assert_eq!(result(more.clone()), 1, "{more}");
    }
    for more in [
        json!({ "kind": "pass" }),
        json!({ "baselineState": "absent" }),
        json!({ "suppressions": [{ "kind": "inSource" }] }),
    ] {
        assert_eq!(result(more.clone()), 0, "{more}");
    }
    assert_eq!(result(json!({ "suppressions": [{ "kind": "external", "status": "rejected" }] })), 1);
}

#[test]
fn sarif_names_files_and_rules_in_many_ways() {
    for uri in
        ["%C3%A9%20b.x", "é b.x", "./é b.x", "file:///w/%C3%A9%20b.x", "file://localhost/w/%C3%A9%20b.x", "/w/é b.x"]
    {
        let parsed =
            sarif(&json!({ "results": [{ "ruleId": "r", "message": { "text": "m" }, "locations": located(uri) }] }));
        assert_eq!((parsed.found.len(), parsed.elsewhere), (1, 0), "{uri}");
    }
    for uri in ["https://acme.org/b.x", "../b.x", "file:///etc/passwd"] {
        let parsed =
            sarif(&json!({ "results": [{ "ruleId": "r", "message": { "text": "m" }, "locations": located(uri) }] }));
        assert_eq!((parsed.found.len(), parsed.elsewhere), (0, 1), "{uri}");
    }
    let rules = json!([{ "id": "other" }, { "id": "r", "defaultConfiguration": { "level": "note" }, "messageStrings": { "a/b": { "text": "{0} is {1}" } } }]);
    let parsed = sarif(&json!({ "tool": { "driver": { "rules": rules } }, "results": [
        { "ruleIndex": 1, "message": { "id": "a/b", "arguments": ["x", "y"] }, "locations": located("é b.x") },
        { "ruleId": "r", "level": "error", "message": { "text": "m" }, "locations": located("é b.x") },
        { "message": { "text": "without a place" } } ] }));
    let told: Vec<_> =
        parsed.found.iter().map(|one| (&*one.finding.code, one.finding.severity, &*one.finding.message)).collect();
    assert_eq!(told, [("r", Severity::Information, "x is y"), ("r", Severity::Error, "m")]);
    assert_eq!(parsed.elsewhere, 1);
}

#[test]
fn sarif_counts_units_unless_it_says_characters_and_goes_to_the_end_without_a_last_column() {
    let region = |kind: Option<&str>, column: u64| {
        let place = json!([{ "physicalLocation": { "artifactLocation": { "uri": "é b.x" }, "region": { "startLine": 1, "startColumn": column } } }]);
        let parsed = sarif(
            &json!({ "columnKind": kind, "results": [{ "ruleId": "r", "message": { "text": "m" }, "locations": place }] }),
        );
        let range = parsed.found[0].finding.range;
        TEXT[range.start.byte as usize..range.end.byte as usize].to_owned()
    };
    assert_eq!(region(None, 9), "TODO");
    assert_eq!(region(Some("utf16CodeUnits"), 9), "TODO");
    assert_eq!(region(Some("unicodeCodePoints"), 8), "TODO");
}

#[test]
fn only_what_a_tool_calls_safe_is_offered() {
    let suggested = |level: &str| {
        let range = json!({ "start": { "line": 2, "column": 6 }, "end": { "line": 2, "column": 9 } });
        json!({ "diagnostics": [{ "message": "m", "severity": level, "location": { "path": "é b.x", "range": range }, "suggestions": [{ "range": range, "text": "y" }] }] }).to_string()
    };
    let mut rd = of(CheckFormat::Rdjson);
    let parsed = read(&rd, &suggested("INFO"), "");
    assert_eq!((parsed.found[0].finding.severity, parsed.found[0].fixes.len()), (Severity::Information, 0));
    rd.fixes_are_safe = true;
    let parsed = read(&rd, &suggested("ERROR"), "");
    let change = &parsed.found[0].fixes[0].changes[0];
    assert_eq!(&TEXT[change.range.start.byte as usize..change.range.end.byte as usize], "'x'");
    // ESLint's fixes are safe, its suggestions are not.
    let message = |more: Value| {
        let mut one = json!({ "ruleId": "r", "severity": 1, "message": "m", "line": 1, "column": 9 });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let said = json!([{ "filePath": "/w/é b.x", "messages": [one] }]).to_string();
        read(&of(CheckFormat::EslintJson), &said, "").found[0].clone()
    };
    let fixed = message(json!({ "fix": { "range": [8, 12], "text": "DONE" } }));
    let change = &fixed.fixes[0].changes[0];
    assert_eq!(&TEXT[change.range.start.byte as usize..change.range.end.byte as usize], "TODO", "offsets are units");
    assert!(message(json!({ "suggestions": [{ "fix": { "range": [8, 12], "text": "x" } }] })).fixes.is_empty());
    assert!(message(json!({ "fix": { "range": [12, 8], "text": "x" } })).fixes.is_empty());
}

#[test]
fn rustfmt_says_what_it_would_write_and_only_what_it_saw_is_replaced() {
    let rustfmt = checker("rustfmt").unwrap();
    let good = "Diff in /w/é b.x:1:\n one é😀 TODO\n-\ttwo 'x'\n+two\n+three\n";
    let parsed = read(rustfmt, good, "");
    let change = &parsed.found[0].fixes[0].changes[0];
    assert_eq!((change.range.start.line, change.range.start.utf16, change.range.end.line), (1, 0, 2));
    assert_eq!(change.text, "two\nthree\n");
    assert_eq!(parsed.found[0].finding.range.start.utf16, 1, "what is shown leaves the indent out");
    // Another text than it saw, or older words for the place.
    assert!(read(rustfmt, &good.replace("-\ttwo", "-\tTWO"), "").found[0].fixes.is_empty());
    assert_eq!(read(rustfmt, &good.replace(":1:", " at line 1:"), "").found.len(), 1);
    // A line ending that the file has is the one that is written.
    let first = read(rustfmt, "Diff in /w/é b.x:1:\n-one é😀 TODO\n+one\n \ttwo 'x'\n", "");
    assert_eq!(first.found[0].fixes[0].changes[0].text, "one\r\n");
}

#[test]
fn go_vet_says_what_it_found_on_one_stream_and_what_does_not_compile_on_the_other() {
    let vet = checker("go-vet").unwrap();
    let found = json!({ "p": { "printf": [{ "posn": "/w/é b.x:1:12", "end": "/w/é b.x:1:16", "message": "m" }] } });
    let parsed = read(vet, &found.to_string(), "# p\nvet: ./é b.x:2:2: undefined: x\n");
    let told: Vec<_> = parsed
        .found
        .iter()
        .map(|one| (&*one.finding.code, one.finding.severity, one.finding.range.start.utf16))
        .collect();
    assert_eq!(told, [("printf", Severity::Warning, 8), ("", Severity::Error, 1)]);
    assert_eq!(
        read(vet, "", &format!("# p\n{found}\n# q\n{found}")).found.len(),
        1,
        "older ones write it there; each is told once"
    );
    assert!(
        !read(vet, "{\"p\":{\"printf\":{\"error\":\"x\"}}}", "").whole,
        "an analyzer that could not work found nothing out"
    );
}

#[test]
fn javac_shows_the_column_below_its_line() {
    let said = "é b.x:1: error: cannot find symbol\none é😀 TODO\n         ^\n  symbol: x\né b.x:2: warning: [raw] found\n1 error\n";
    let parsed = read(checker("javac").unwrap(), "", said);
    let told: Vec<_> = parsed
        .found
        .iter()
        .map(|one| (one.finding.range.start.utf16, &*one.finding.code, &*one.finding.message))
        .collect();
    assert_eq!(
        told,
        [(9, "", "cannot find symbol"), (1, "raw", "found")],
        "none is shown for the second: its whole line"
    );
}
