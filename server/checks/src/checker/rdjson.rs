//! The Reviewdog Diagnostic Format, as one document or one finding a line. Its columns are bytes from 1; tools that count otherwise
//! have that in their definition. <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>

use super::place::{Column, Ends, Text};
use super::sink::{Counts, Sink, Told, change, fix};
use super::{Change, Checker, Parsed, Parser, Said, Texts, lean};
use serde_json::Value;

pub(super) struct Rdjson {
    pub lines: bool,
}

impl Parser for Rdjson {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Bytes, ends: Ends::Any });
        if self.lines {
            sink.parsed.whole = true;
            for line in said.text.lines().filter(|line| !line.trim().is_empty()) {
                match lean::read(line) {
                    Some((one, true)) => take(&one, "", &mut sink),
                    _ => sink.parsed.whole = false,
                }
            }
            return sink.parsed;
        }
        let Some((document, whole)) = lean::read(said.text) else { return sink.parsed };
        let Some(all) = document.get("diagnostics").and_then(Value::as_array) else { return sink.parsed };
        sink.parsed.whole = true;
        sink.parsed.dropped = u64::from(!whole);
        let level = word(&document, "/severity");
        for one in all {
            take(one, level, &mut sink);
        }
        sink.parsed
    }
}

fn word<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(of: &Value, pointer: &str) -> Option<u64> {
    of.pointer(pointer).and_then(Value::as_u64)
}

fn take(one: &Value, level: &str, sink: &mut Sink<'_, '_, '_>) {
    let Some(file) = one.pointer("/location/path").and_then(Value::as_str) else {
        sink.parsed.dropped += 1;
        return;
    };
    let own = word(one, "/severity");
    let at = one.pointer("/location/range").unwrap_or(&Value::Null);
    let told = Told {
        level: if own.is_empty() { level } else { own },
        message: word(one, "/message"),
        code: word(one, "/code/value"),
        ..place(file, at)
    };
    let is_safe = sink.checker.fixes_are_safe;
    let Some((_, text)) = sink.put(&told) else { return };
    let offered = one.get("suggestions").and_then(Value::as_array).filter(|_| is_safe);
    let changes: Option<Vec<Change>> =
        offered.and_then(|all| all.iter().map(|one| replaced(one, file, &text, sink)).collect());
    if let (Some(fix), Some(found)) =
        (changes.and_then(|changes| fix(told.message, changes)), sink.parsed.found.last_mut())
    {
        found.fixes.push(fix);
    }
}

fn place<'a>(file: &'a str, range: &Value) -> Told<'a> {
    Told {
        file,
        line: number(range, "/start/line"),
        column: number(range, "/start/column"),
        end_line: number(range, "/end/line"),
        end_column: number(range, "/end/column"),
        ..Told::default()
    }
}

fn replaced(one: &Value, file: &str, text: &Text, sink: &Sink<'_, '_, '_>) -> Option<Change> {
    let told = place(file, one.get("range")?);
    told.line.and(told.column)?;
    Some(change(sink.range(&told, text), text, one.get("text")?.as_str()?.to_owned()))
}
