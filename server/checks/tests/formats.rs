//! What linters write, and what is made of it by chance: whatever it is, it is read in bounded time, and every place lies within its text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::{CheckCommand, CheckFormat};
use holdover_checks::checker::{Checker, Parsed, Texts, checkers, parse};
use std::path::Path;
use std::sync::Arc;

const TEXT: &str = "one é😀 TODO\r\n\ttwo 'x'\rthree\n\nlast é";

fn read(checker: &Checker, output: &[u8], errors: &[u8]) -> Parsed {
    let mut text = |file: &Path| -> Option<Arc<str>> { (file == Path::new("/w/a.x")).then(|| TEXT.into()) };
    let mut texts = Texts::new(Path::new("/w"), Path::new("/real"), Path::new(""), &mut text);
    texts.is_given("/w/a.x".into());
    parse(checker, output, errors, &mut texts)
}

/// One finding in each tool's own form, at `line` and `column`.
fn sample(id: &str, line: &str, column: &str) -> String {
    match id {
        "ruff" => format!(
            r#"[{{"code":"F401","message":"m","filename":"a.x","location":{{"row":{line},"column":{column}}},"end_location":{{"row":{line},"column":{column}}},"fix":{{"applicability":"safe","message":"f","edits":[{{"content":"x","location":{{"row":{line},"column":{column}}},"end_location":{{"row":{line},"column":{column}}}}}]}}}}]"#
        ),
        "shellcheck" => format!(
            r#"{{"comments":[{{"file":"-","line":{line},"endLine":{line},"column":{column},"endColumn":{column},"level":"style","code":2086,"message":"m"}}]}}"#
        ),
        "hadolint" => format!(
            r#"[{{"code":"DL3006","column":{column},"file":"a.x","level":"warning","line":{line},"message":"m"}}]"#
        ),
        "actionlint" => {
            format!(r#"[{{"message":"m","filepath":"a.x","line":{line},"column":{column},"kind":"syntax-check"}}]"#)
        }
        "zizmor" => format!(
            r#"{{"runs":[{{"results":[{{"ruleId":"z","level":"error","message":{{"text":"m"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"a.x"}},"region":{{"startLine":{line},"startColumn":{column},"endLine":{line},"endColumn":{column}}}}}}}]}}]}}]}}"#
        ),
        "biome" => format!(
            r#"{{"diagnostics":[{{"message":"m","severity":"ERROR","code":{{"value":"r"}},"location":{{"path":"a.x","range":{{"start":{{"line":{line},"column":{column}}},"end":{{"line":{line},"column":{column}}}}}}},"suggestions":[{{"range":{{"start":{{"line":{line},"column":{column}}}}},"text":"y"}}]}}]}}"#
        ),
        "oxlint" => format!(
            r#"{{"diagnostics":[{{"message":"m","code":"c","severity":"error","help":"h","filename":"a.x","labels":[{{"span":{{"offset":1,"length":{column},"line":{line},"column":{column}}}}}]}}]}}"#
        ),
        "eslint" => format!(
            r#"[{{"filePath":"a.x","messages":[{{"ruleId":"r","severity":2,"message":"m","line":{line},"column":{column},"fix":{{"range":[{line},{column}],"text":"x"}}}}]}}]"#
        ),
        "mypy" => format!(
            r#"{{"file":"a.x","line":{line},"column":{column},"end_line":{line},"end_column":{column},"message":"m","hint":null,"code":"c","severity":"note"}}"#
        ),
        "pyright" => format!(
            r#"{{"generalDiagnostics":[{{"file":"/real/a.x","severity":"error","message":"m","range":{{"start":{{"line":{line},"character":{column}}},"end":{{"line":{line},"character":{column}}}}},"rule":"r"}}]}}"#
        ),
        "clippy" | "check" => format!(
            r#"{{"reason":"compiler-message","manifest_path":"/w/Cargo.toml","message":{{"message":"m","code":{{"code":"E0001"}},"level":"error","spans":[{{"file_name":"a.x","line_start":{line},"line_end":{line},"column_start":{column},"column_end":{column},"is_primary":true,"label":null,"suggested_replacement":null,"suggestion_applicability":null,"expansion":null}}],"children":[]}}}}"#
        ),
        "go-vet" => format!(
            r#"{{"p":{{"printf":[{{"posn":"/w/a.x:{line}:{column}","end":"/w/a.x:{line}:{column}","message":"m"}}]}}}}"#
        ),
        "tsc" => format!("a.x({line},{column}): error TS1: m"),
        "markdownlint" => format!("a.x:{line}:{column} error MD001/x m"),
        "pre-commit" => {
            format!("name.....Failed\n- hook id: x\n- exit code: 1\n\na.x:{line}:{column}: warning: m [r]\n")
        }
        "rustfmt" => format!("Diff in /w/a.x:{line}:\n-\ttwo 'x'\n+two\n last\n"),
        _ => format!("a.x:{line}:{column}: warning: m [r]\n"),
    }
}

fn is_within(parsed: &Parsed, what: &str) {
    let place = |range: contract::Range| {
        let (start, end) = (usize::try_from(range.start.byte).unwrap(), usize::try_from(range.end.byte).unwrap());
        assert!(start <= end && TEXT.get(start..end).is_some(), "{what}: {range:?}");
        for at in [range.start, range.end] {
            let before = &TEXT[..usize::try_from(at.byte).unwrap()];
            let line = before.matches(['\n', '\r']).count() - before.matches("\r\n").count();
            let begun = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
            assert_eq!(
                (u64::from(at.line), at.utf16 as usize),
                (line as u64, before[begun..].encode_utf16().count()),
                "{what}"
            );
        }
    };
    for found in &parsed.found {
        place(found.finding.range);
        found.fixes.iter().flat_map(|fix| &fix.changes).for_each(|change| place(change.range));
        assert!(found.finding.message.chars().count() <= 4000 && found.finding.file == Path::new("/w/a.x"), "{what}");
    }
}

#[test]
fn every_definition_reads_what_its_tool_writes() {
    for checker in checkers() {
        let said = sample(&checker.id, "2", "3");
        let parsed = read(checker, said.as_bytes(), said.as_bytes());
        let [one] = &parsed.found[..] else { panic!("{}: {parsed:?}", checker.id) };
        assert!(parsed.whole || checker.id == "clippy" || checker.id == "check", "{}", checker.id);
        assert!(!one.finding.message.is_empty() && !one.finding.code.is_empty(), "{}: {one:?}", checker.id);
        // What counts from 0 is a line and a column further, and only LF ends a line for some.
        let expected = if checker.lines_from == 0 { 2 } else { 1 };
        assert!((1..=expected).contains(&one.finding.range.start.line), "{}: {one:?}", checker.id);
        is_within(&parsed, &checker.id);
    }
}

#[test]
fn no_place_is_outside_of_its_text() {
    for checker in checkers() {
        for line in ["0", "1", "3", "4", "5", "99", "4294967295", "18446744073709551615", "-1", "1.5", "null", "\"1\""]
        {
            for column in
                ["0", "1", "2", "5", "7", "8", "9", "99", "4294967295", "18446744073709551615", "-7", "1e3", "{}"]
            {
                let said = sample(&checker.id, line, column);
                is_within(&read(checker, said.as_bytes(), said.as_bytes()), &format!("{} {line} {column}", checker.id));
            }
        }
    }
}

/// Numbers by chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

#[test]
fn what_is_damaged_by_chance_is_read_all_the_same() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for checker in checkers() {
        let whole = sample(&checker.id, "2", "3").into_bytes();
        for _ in 0..400 {
            let mut said = whole.clone();
            for _ in 0..=chance.next(6) {
                let at = chance.next(said.len());
                match chance.next(5) {
                    0 => drop(said.remove(at)),
                    1 => said.insert(at, b"\"{}[]:,\n\r\t\0-9\xff\xc3"[chance.next(15)]),
                    2 => said.truncate(at.max(1)),
                    3 => said[at] = u8::try_from(chance.next(256)).unwrap(),
                    _ => {
                        let copy = said[at..].to_vec();
                        said.extend(copy);
                    }
                }
                if said.is_empty() {
                    said.push(b'x');
                }
            }
            is_within(&read(checker, &said, &said), &checker.id);
        }
    }
}

#[test]
fn very_much_is_read_in_bounded_time_and_no_more_is_kept_than_there_is_room_for() {
    let started = std::time::Instant::now();
    for checker in checkers() {
        let one = sample(&checker.id, "2", "3");
        let many = match one.as_bytes()[0] {
            b'[' => format!("[{}{}", format!("{},", &one[1..one.len() - 1]).repeat(5_000), &one[1..]),
            _ => format!("{one}\n").repeat(5_000),
        };
        let parsed = read(checker, many.as_bytes(), many.as_bytes());
        assert!(parsed.found.len() <= 500, "{}: {}", checker.id, parsed.found.len());
        // Nothing but depth, width, or one line without an end.
        for bomb in [
            "[".repeat(1 << 16),
            "{\"a\":".repeat(1 << 14),
            format!("[{}]", "[],".repeat(1 << 17)),
            ":".repeat(1 << 19),
            "a:1".repeat(1 << 17),
        ] {
            is_within(&read(checker, bomb.as_bytes(), bomb.as_bytes()), &checker.id);
        }
    }
    assert!(started.elapsed().as_secs() < 300, "{:?}", started.elapsed());
}

#[test]
fn a_file_is_told_by_any_name_of_standard_input_and_nothing_is_told_of_other_files() {
    let gcc = CheckCommand { command: vec!["x".into()], format: Some(CheckFormat::Gcc), ..CheckCommand::default() };
    let checker = Checker::of_command("x", &gcc).unwrap();
    for (name, told) in [
        ("-", 1),
        ("stdin", 1),
        ("<stdin>", 1),
        ("./a.x", 1),
        ("/real/a.x", 1),
        ("/etc/passwd", 0),
        ("../a.x", 0),
        ("b.x", 0),
    ] {
        let parsed = read(&checker, format!("{name}:1:1: error: m").as_bytes(), b"");
        assert_eq!((parsed.found.len(), parsed.elsewhere), (told, 1 - told as u64), "{name}");
    }
    let tabs = CheckCommand { tab_width: Some(8), ..gcc };
    let checker = Checker::of_command("x", &tabs).unwrap();
    assert_eq!(read(&checker, b"a.x:2:9: error: m", b"").found[0].finding.range.start.utf16, 1, "behind the tab");
}
