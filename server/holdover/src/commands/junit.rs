//! A JUnit report of checks, for services that show tests: a suite for each check, a case for each finding, which fails where it is to be
//! mended. The form: <https://github.com/testmoapp/junitxml>.

use contract::{CheckReport, CheckState, CheckStatus, Finding, Severity};
use std::fmt::Write as _;

/// `counts_unknown`: a check that could not be run is an error, and not only left out.
pub(crate) fn report(report: &CheckReport, counts_unknown: bool) -> String {
    let mut suites: Vec<Suite> = report.checks.iter().map(|check| suite(report, check, counts_unknown)).collect();
    suites.extend(left_out(report));
    let sum = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures, errors, skipped) =
        (sum(|one| one.tests), sum(|one| one.failures), sum(|one| one.errors), sum(|one| one.skipped));
    let _ = writeln!(
        xml,
        "<testsuites name=\"holdover\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">"
    );
    for one in &suites {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            escaped(&one.name),
            one.tests,
            one.failures,
            one.errors,
            one.skipped
        );
        xml.push_str(&one.cases);
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite {
    name: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    cases: String,
}

/// What was not looked at or run, as cases that were skipped.
fn left_out(report: &CheckReport) -> Option<Suite> {
    let all = &report.left_out;
    let case = |why: &String| {
        let why = escaped(why);
        format!("    <testcase classname=\"left-out\" name=\"{why}\"><skipped message=\"{why}\"/></testcase>\n")
    };
    (!all.is_empty()).then(|| Suite {
        name: "left-out".to_owned(),
        tests: all.len(),
        failures: 0,
        errors: 0,
        skipped: all.len(),
        cases: all.iter().map(case).collect(),
    })
}

/// Whose finding it is: a linter's by its name, the compiler's by who ran it, ours by what it is about.
fn is_of(finding: &Finding, name: &str) -> bool {
    let about = finding.data.as_ref().and_then(|data| data.get("check")).and_then(|check| check.as_str());
    match (about, &*finding.source) {
        (Some(about), _) => about == name,
        (None, "holdover") => name == "lints",
        (None, "rustc") => matches!(name, "clippy" | "check"),
        (None, source) => source == name,
    }
}

fn suite(report: &CheckReport, check: &CheckStatus, counts_unknown: bool) -> Suite {
    let mut suite =
        Suite { name: check.name.clone(), tests: 0, failures: 0, errors: 0, skipped: 0, cases: String::new() };
    for finding in report.findings.iter().filter(|finding| is_of(finding, &check.name)) {
        let file = finding.file.strip_prefix(&report.workspace).unwrap_or(&finding.file).display().to_string();
        let (line, column) = (finding.range.start.line + 1, finding.range.start.utf16 + 1);
        let name = format!("{file}:{line}:{column} {}", finding.code);
        let first = finding.message.lines().next().unwrap_or_default();
        suite.tests += 1;
        let _ = write!(
            suite.cases,
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{line}\"",
            escaped(&check.name),
            escaped(name.trim_end()),
            escaped(&file)
        );
        if finding.severity <= Severity::Warning {
            suite.failures += 1;
            let kind = if finding.severity == Severity::Error { "error" } else { "warning" };
            let _ = writeln!(
                suite.cases,
                "><failure type=\"{kind}\" message=\"{}\">{}</failure></testcase>",
                escaped(first),
                escaped(&finding.message)
            );
        } else {
            let _ = writeln!(suite.cases, "><system-out>{}</system-out></testcase>", escaped(&finding.message));
        }
    }
    let case = |inner: &str| {
        let name = escaped(&check.name);
        format!("    <testcase classname=\"{name}\" name=\"{name}\">{inner}</testcase>\n")
    };
    if check.state == CheckState::Unavailable {
        let why = escaped(&check.detail);
        suite.tests += 1;
        if counts_unknown {
            suite.errors += 1;
            suite.cases += &case(&format!("<error type=\"unavailable\" message=\"{why}\"/>"));
        } else {
            suite.skipped += 1;
            suite.cases += &case(&format!("<skipped message=\"{why}\"/>"));
        }
    } else if suite.tests == 0 {
        suite.tests = 1;
        suite.cases = case("");
    }
    suite
}

/// Text that XML can hold: what it cannot is left out.
fn escaped(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => kept.push_str("&amp;"),
            '<' => kept.push_str("&lt;"),
            '>' => kept.push_str("&gt;"),
            '"' => kept.push_str("&quot;"),
            '\n' => kept.push_str("&#10;"),
            '\t' => kept.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => kept.push(c),
        }
    }
    kept
}
