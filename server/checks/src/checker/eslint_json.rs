//! What ESLint writes with `--format=json`: a list of files, each with its messages. Lines end as JavaScript ends them, columns are
//! UTF-16 units from 1, fixes are offsets in units.

use super::place::{Column, Ends, Text};
use super::sink::{Counts, Sink, Told, change, fix};
use super::{Checker, Parsed, Parser, Said, Texts, lean};
use serde_json::Value;

pub(super) struct EslintJson;

impl Parser for EslintJson {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Utf16, ends: Ends::Any });
        let Some((Value::Array(files), whole)) = lean::read(said.text) else { return sink.parsed };
        sink.parsed.whole = true;
        sink.parsed.dropped = u64::from(!whole);
        for file in &files {
            let messages = file.get("messages").and_then(Value::as_array);
            let (Some(messages), Some(file)) = (messages, file.get("filePath").and_then(Value::as_str)) else {
                sink.parsed.dropped += 1;
                continue;
            };
            for message in messages {
                take(file, message, &mut sink);
            }
        }
        sink.parsed
    }
}

fn take(file: &str, one: &Value, sink: &mut Sink<'_, '_, '_>) {
    let Some(message) = one.get("message").and_then(Value::as_str) else {
        sink.parsed.dropped += 1;
        return;
    };
    let number = |name: &str| one.get(name).and_then(Value::as_u64);
    let told = Told {
        file,
        line: number("line"),
        column: number("column"),
        end_line: number("endLine"),
        end_column: number("endColumn"),
        level: if number("severity") == Some(2) { "error" } else { "warning" },
        code: one.get("ruleId").and_then(Value::as_str).unwrap_or_default(),
        message,
    };
    let Some((found, text)) = sink.put(&told) else { return };
    if let Some(change) = one.get("fix").and_then(|fix| offered(fix, &text)) {
        found.fixes.extend(fix(message, vec![change]));
    }
}

/// `fix` is what ESLint itself would do; what it only suggests is elsewhere.
fn offered(fix: &Value, text: &Text) -> Option<super::Change> {
    let [from, to] = fix.get("range")?.as_array()?.as_slice() else { return None };
    let (from, to) = (from.as_u64()?, to.as_u64()?);
    let (start, end) = (text.offset(from, Column::Utf16), text.offset(to, Column::Utf16));
    let with = fix.get("text")?.as_str()?.to_owned();
    (from <= to).then(|| change(Text::range(start, end), text, with))
}
