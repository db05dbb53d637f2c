//! What `go vet -json` writes: one document a package, by analyzer; and what does not compile, line by line, beside it.

use super::lines::gcc_line;
use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told};
use super::{Checker, Parsed, Parser, Said, Texts, lean};
use serde_json::Value;

pub(super) struct GoVet;

impl Parser for GoVet {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Bytes, ends: Ends::Lf });
        sink.parsed.whole = true;
        // Older ones write the documents where errors go.
        for text in [said.text, said.beside] {
            let documents: String =
                text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
            let (all, end) = lean::stream(&documents);
            for (_, of) in all.iter().filter_map(Value::as_object).flatten() {
                take_package(of, &mut sink);
            }
            for line in documents[end..].lines().take(super::MOST) {
                gcc_line(line.strip_prefix("vet: ").unwrap_or(line), &[], &mut sink);
            }
        }
        for found in sink.parsed.found.iter_mut().filter(|found| found.finding.code.is_empty()) {
            found.finding.severity = contract::Severity::Error;
        }
        sink.parsed
    }
}

fn take_package(of: &Value, sink: &mut Sink<'_, '_, '_>) {
    for (analyzer, found) in of.as_object().into_iter().flatten() {
        // An analyzer that could not work: what it would have found is not known.
        sink.parsed.whole &= found.get("error").is_none();
        for one in found.as_array().into_iter().flatten() {
            let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
            let Some((file, line, column)) = posn(word("posn")) else {
                sink.parsed.dropped += 1;
                continue;
            };
            let end = posn(word("end")).filter(|(of, ..)| *of == file);
            sink.put(&Told {
                file,
                line: Some(line),
                column: Some(column),
                end_line: end.map(|(_, line, _)| line),
                end_column: end.map(|(.., column)| column),
                level: "warning",
                code: analyzer,
                message: word("message"),
            });
        }
    }
}

/// `file:line:column`.
fn posn(text: &str) -> Option<(&str, u64, u64)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}
