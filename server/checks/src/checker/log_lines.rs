//! What compilers and test runners write for people, in the order of a log: each error that names a place in a file of the workspace. What
//! names none is no finding; the log itself has it.

use super::lines::{place, words};
use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told};
use super::{Checker, Parsed, Parser, Said, Texts};
use crate::log::{is_error, is_warning};
use contract::Severity;
use regex::Regex;
use std::sync::LazyLock;

/// A longer line is none of a finding's, in bytes.
const LONGEST: usize = 16 << 10;
/// Lines of a log that are read, counted from its end: what is before them is not placed.
const MOST_LINES: usize = 100_000;
/// Lines behind the first of a finding in which its place is looked for.
const NEAR: usize = 4;
/// The same for a list of calls.
const CALLS: usize = 60;

/// `error[E0308]: mismatched types`, with `  --> src/main.rs:3:5` below it.
static RUSTC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?P<level>error|warning)(\[(?P<code>[\w:-]+)\])?: (?P<message>.+)$").ok());
static ARROW: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)$").ok());
/// `thread 'main' panicked at src/main.rs:3:5:`, with the words below it.
static PANIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^thread '(?P<thread>.*)'( \(\d+\))? panicked at (?P<file>.+?):(?P<line>\d+):(?P<column>\d+):$").ok()
});
/// `src/a.ts(3,5): error TS2322: …`, also of C# and Visual C++.
static PARENTHESES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^\s*(?P<file>[^\s(][^(]*)\((?P<line>\d+),(?P<column>\d+)\): (?P<level>error|warning)( (?P<code>\w+))?: (?P<message>.+)$",
    )
    .ok()
});
/// `[ERROR] /w/src/A.java:[3,5] …`, of Maven.
static MAVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\[(?P<level>ERROR|WARNING)\] (?P<file>.+?):\[(?P<line>\d+),(?P<column>\d+)\] (?P<message>.+)$").ok()
});
/// `  File "a.py", line 3, in f`, of Python.
static FRAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^\s+File "(?P<file>[^"]+)", line (?P<line>\d+)"#).ok());
/// `TypeError: …`, with `    at f (/w/a.js:3:5)` below it.
static THROWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(Uncaught )?(?P<code>[A-Z]\w*(Error|Exception))( \[\w+\])?: ?(?P<message>.*)$").ok()
});
static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s+at (.* \()?(file://)?(?P<file>[^():]+):(?P<line>\d+):(?P<column>\d+)\)?$").ok());

pub(super) struct LogLines;

impl Parser for LogLines {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Chars, ends: Ends::Lf });
        let all: Vec<&str> = said.text.lines().map(|line| if line.len() > LONGEST { "" } else { line }).collect();
        let from = all.len().saturating_sub(MOST_LINES);
        let all = &all[from..];
        for at in 0..all.len() {
            line(all, at, &mut sink);
        }
        let mut parsed = sink.parsed;
        // Of what is not in the workspace a log is full.
        parsed.elsewhere = 0;
        parsed.whole = true;
        parsed
    }
}

/// What the line at `at` begins.
fn line(all: &[&str], at: usize, sink: &mut Sink<'_, '_, '_>) {
    let this = all[at];
    if this.is_empty() {
        return;
    }
    let behind = |most: usize| all[at + 1..].iter().take(most).copied();
    if let Some(found) = matched(&RUSTC, this) {
        let place = behind(NEAR).take_while(|line| !line.is_empty()).find_map(|line| matched(&ARROW, line));
        if let Some(place) = place {
            let (code, level) = (named(&found, "code"), named(&found, "level"));
            return put(sink, Column::Chars, &place, level, code, named(&found, "message"));
        }
    }
    if let Some(place) = matched(&PANIC, this) {
        let said = behind(1).next().unwrap_or_default();
        let message = format!("`{}` panicked: {}", named(&place, "thread"), said.trim());
        return put(sink, Column::Chars, &place, "error", "panic", &message);
    }
    for (pattern, columns) in [(&PARENTHESES, Column::Utf16), (&MAVEN, Column::Chars)] {
        if let Some(found) = matched(pattern, this) {
            let level = named(&found, "level").to_ascii_lowercase();
            return put(sink, columns, &found, &level, named(&found, "code"), named(&found, "message"));
        }
    }
    if this.trim_end() == "Traceback (most recent call last):" {
        return traceback(&all[at + 1..], this.len() - this.trim_start().len(), sink);
    }
    if let Some(thrown) = matched(&THROWN, this) {
        let calls = behind(CALLS).skip_while(|line| !line.trim_start().starts_with("at "));
        let calls =
            calls.take_while(|line| line.trim_start().starts_with("at ")).filter_map(|line| matched(&CALL, line));
        if let Some(place) = own(calls, sink) {
            let code = named(&thrown, "code");
            let message = format!("{code}: {}", named(&thrown, "message"));
            return put(sink, Column::Utf16, &place, "error", code, message.trim_end_matches(": "));
        }
    }
    with_colons(this, sink);
}

/// `file:line:column: error: message`, as GCC writes it; without a level what Go and pytest write.
fn with_colons(this: &str, sink: &mut Sink<'_, '_, '_>) {
    let Some((file, line, column, said)) = place(this.trim_start()) else { return };
    let Some((level, message, code)) = words(said) else { return };
    let level = match level {
        "" if file.ends_with(".go") || is_error(said) => "error",
        "" if is_warning(said) => "warning",
        "" => return,
        level => level,
    };
    sink.counts.columns = sink.checker.columns.unwrap_or(Column::Bytes);
    sink.put(&Told { file, line: Some(line), column, level, code, message, ..Told::default() });
}

/// The innermost call in a file of the workspace, and what was raised.
fn traceback(behind: &[&str], depth: usize, sink: &mut Sink<'_, '_, '_>) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(end) = behind.iter().take(10 * CALLS).position(|line| !line.trim().is_empty() && indent(line) <= depth)
    else {
        return;
    };
    let frames = behind[..end].iter().rev().filter_map(|line| matched(&FRAME, line));
    let Some(place) = own(frames, sink) else { return };
    let message = behind[end].trim();
    let code = message.split([':', ' ']).next().unwrap_or_default();
    put(sink, Column::Chars, &place, "error", code, message);
}

/// The first of them that is a file of the workspace which can be read.
fn own<'t>(
    mut places: impl Iterator<Item = regex::Captures<'t>>,
    sink: &mut Sink<'_, '_, '_>,
) -> Option<regex::Captures<'t>> {
    places.find(|place| {
        let file = sink.texts.file(named(place, "file"));
        file.is_some_and(|file| !is_of_others(&file) && sink.texts.text(&file).is_some())
    })
}

/// Where installed packages lie below a workspace.
fn is_of_others(file: &std::path::Path) -> bool {
    file.iter().any(|part| part == "node_modules" || part == "site-packages" || part == ".venv")
}

fn matched<'t>(pattern: &LazyLock<Option<Regex>>, line: &'t str) -> Option<regex::Captures<'t>> {
    pattern.as_ref()?.captures(line)
}

fn named<'t>(found: &regex::Captures<'t>, name: &str) -> &'t str {
    found.name(name).map_or("", |group| group.as_str())
}

fn put(
    sink: &mut Sink<'_, '_, '_>,
    columns: Column,
    place: &regex::Captures<'_>,
    level: &str,
    code: &str,
    message: &str,
) {
    let number = |name: &str| place.name(name).map(|group| group.as_str().parse().unwrap_or(u64::MAX));
    sink.counts.columns = sink.checker.columns.unwrap_or(columns);
    let told = Told {
        file: named(place, "file"),
        line: number("line"),
        column: number("column"),
        level,
        code,
        message,
        ..Told::default()
    };
    if let Some((found, _)) = sink.put(&told)
        && level == "error"
    {
        found.finding.severity = Severity::Error;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use crate::checker::{Checker, Texts, parse};
    use contract::CheckStep;
    use std::path::Path;
    use std::sync::Arc;

    /// File, line and column from 1, in UTF-16, code, severity, message.
    fn found(log: &str) -> Vec<String> {
        let step = CheckStep { name: "build".into(), command: vec!["make".into()], ..CheckStep::default() };
        let checker = Checker::of_step(&step).unwrap();
        let mut read = |file: &Path| -> Option<Arc<str>> {
            let known =
                ["/w/src/a.rs", "/w/a.go", "/w/é.c", "/w/a.py", "/w/web/a.ts", "/w/T.java", "/w/node_modules/x.js"];
            known.iter().any(|known| file == Path::new(known)).then(|| Arc::from("é😀 one\n\ttwo\nthree\nfour\n"))
        };
        let mut texts = Texts::new(Path::new("/w"), Path::new("/real"), Path::new(""), &mut read);
        let parsed = parse(&checker, log.as_bytes(), b"", &mut texts);
        assert!(parsed.whole && parsed.elsewhere == 0);
        let of = |found: &crate::checker::Found| {
            let one = &found.finding;
            format!(
                "{}:{}:{} {:?} {} | {}",
                one.file.strip_prefix("/w").unwrap().display(),
                one.range.start.line + 1,
                one.range.start.utf16 + 1,
                one.severity,
                one.code,
                one.message
            )
        };
        parsed.found.iter().map(of).collect()
    }

    #[test]
    fn what_tools_write_for_people_is_placed() {
        for (log, wanted) in [
            ("error[E0308]: mismatched types\n --> src/a.rs:1:3\n  |\n", "src/a.rs:1:4 Error E0308 | mismatched types"),
            ("warning: unused variable: `x`\n  --> src/a.rs:2:2\n", "src/a.rs:2:2 Warning  | unused variable: `x`"),
            (
                "thread 't::one' (17) panicked at src/a.rs:3:1:\nassertion failed\n",
                "src/a.rs:3:1 Error panic | `t::one` panicked: assertion failed",
            ),
            ("é.c:1:3: error: expected ';' [-Wx]\n", "é.c:1:2 Error -Wx | expected ';'"),
            ("# pkg\n./a.go:3:2: undefined: x\n", "a.go:3:2 Error  | undefined: x"),
            ("    a.go:3: got 1, want 2\n", "a.go:3:1 Error  | got 1, want 2"),
            ("a.py:2: AssertionError\n", "a.py:2:2 Error  | AssertionError"),
            ("web/a.ts(1,4): error TS2322: no\n", "web/a.ts:1:4 Error TS2322 | no"),
            ("[ERROR] /w/T.java:[2,1] cannot find symbol\n", "T.java:2:1 Error  | cannot find symbol"),
            (
                "Traceback (most recent call last):\n  File \"/usr/lib/x.py\", line 1, in <module>\n    f()\n  File \"a.py\", line 2, in f\n    g()\n  File \"/usr/lib/y.py\", line 3, in g\nValueError: no\n",
                "a.py:2:2 Error ValueError | ValueError: no",
            ),
            (
                "TypeError: x is not a function\n    at g (/w/node_modules/x.js:1:1)\n    at f (file:///w/web/a.ts:1:4)\n    at node:internal:1:1\n",
                "web/a.ts:1:4 Error TypeError | TypeError: x is not a function",
            ),
        ] {
            assert_eq!(found(log), [wanted], "{log}");
        }
    }

    #[test]
    fn what_names_no_place_here_is_no_finding() {
        for log in [
            "error: could not compile `a` (bin \"a\") due to 1 previous error\n",
            "/elsewhere/a.c:1:2: error: no\n",
            "12:30:45: error: late\n",
            "a.py:2: TODO\n",
            "warning: unused\n\n  --> src/a.rs:1:1\n",
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n",
            "TypeError: x\n    at y (/elsewhere.js:1:1)\n",
            "src/../../etc/passwd:1: error: no\n",
        ] {
            assert_eq!(found(log), Vec::<String>::new(), "{log}");
        }
    }

    #[test]
    fn what_is_hostile_takes_no_time_and_stays_inside_of_its_file() {
        assert_eq!(found("é.c:99999999999999999999:1: error: x\n"), Vec::<String>::new(), "no number of a line");
        assert_eq!(found("é.c:4000000000:4000000000: error: x\n"), ["é.c:5:1 Error  | x"]);
        let begun = std::time::Instant::now();
        found(&"error: x\n".repeat(200_000));
        found(&"Traceback (most recent call last):\n  x\n".repeat(100_000));
        found(&format!("TypeError: x\n{}", "    at a (".repeat(2_000)).repeat(200));
        assert!(begun.elapsed() < std::time::Duration::from_mins(1));
    }
}
