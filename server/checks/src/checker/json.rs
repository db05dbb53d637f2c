//! What many linters write: JSON objects, each of which has its fields under names of its own. The names are in the definition, as JSON
//! pointers.

use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told};
use super::{Checker, Parsed, Parser, Said, Texts, lean};
use serde::Deserialize;
use serde_json::Value;

/// Where the objects have what: JSON pointers, `/range/start/line` for example.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mapping {
    /// One document a line, instead of one in all.
    #[serde(default)]
    pub lines: bool,
    /// Where the list is in a document.
    #[serde(default)]
    pub list: String,
    /// The findings are in a list within each object.
    #[serde(default)]
    pub inner: Option<String>,
    /// The name of the file; of the object, or of the one around it.
    pub file: String,
    /// The message.
    pub message: String,
    /// What else is said.
    #[serde(default)]
    pub more: Option<String>,
    /// The line.
    #[serde(default)]
    pub line: Option<String>,
    /// The column.
    #[serde(default)]
    pub column: Option<String>,
    /// The line of the end.
    #[serde(default)]
    pub end_line: Option<String>,
    /// The column of the end.
    #[serde(default)]
    pub end_column: Option<String>,
    /// How long it is, on its line.
    #[serde(default)]
    pub length: Option<String>,
    /// The rule.
    #[serde(default)]
    pub code: Option<String>,
    /// The level.
    #[serde(default)]
    pub severity: Option<String>,
}

pub(super) struct Json;

impl Parser for Json {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Chars, ends: Ends::Any });
        let Some(mapping) = &checker.json else { return sink.parsed };
        let documents: Option<Vec<(Value, bool)>> = if mapping.lines {
            said.text.lines().filter(|line| !line.trim().is_empty()).take(super::MOST * 2).map(lean::read).collect()
        } else {
            lean::read(said.text).map(|document| vec![document])
        };
        let Some(documents) = documents else { return sink.parsed };
        sink.parsed.whole = true;
        for (document, whole) in &documents {
            sink.parsed.dropped += u64::from(!whole);
            take_document(mapping, document, &mut sink);
        }
        sink.parsed
    }
}

fn take_document(mapping: &Mapping, document: &Value, sink: &mut Sink<'_, '_, '_>) {
    let objects = match document.pointer(&mapping.list) {
        Some(Value::Array(all)) => &all[..],
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => {
            sink.parsed.whole = false;
            return;
        }
    };
    for object in objects {
        match mapping.inner.as_ref().map(|name| object.pointer(name).and_then(Value::as_array)) {
            None => take(mapping, object, object, sink),
            Some(Some(inner)) => {
                for one in inner {
                    take(mapping, object, one, sink);
                }
            }
            Some(None) => sink.parsed.dropped += 1,
        }
    }
}

fn take(mapping: &Mapping, outer: &Value, one: &Value, sink: &mut Sink<'_, '_, '_>) {
    let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
    let file = text(&mapping.file).or_else(|| outer.pointer(&mapping.file).and_then(Value::as_str));
    let (Some(message), Some(file)) = (text(&mapping.message), file) else {
        sink.parsed.dropped += 1;
        return;
    };
    let more = mapping.more.as_deref().and_then(text).filter(|more| !more.is_empty());
    let message = more.map_or_else(|| message.to_owned(), |more| format!("{message}\n{more}"));
    // What is less than nothing is nothing.
    let number = |pointer: &Option<String>| {
        let number = one.pointer(pointer.as_ref()?)?;
        number.as_u64().or_else(|| number.as_i64().map(|_| 0))
    };
    let word = |pointer: &Option<String>| match pointer.as_ref().and_then(|pointer| one.pointer(pointer)) {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let column = number(&mapping.column);
    let length = number(&mapping.length).zip(column).map(|(length, column)| column.saturating_add(length));
    sink.put(&Told {
        file,
        line: number(&mapping.line),
        column,
        end_line: number(&mapping.end_line),
        end_column: number(&mapping.end_column).or(length),
        level: &word(&mapping.severity),
        code: &word(&mapping.code),
        message: &message,
    });
}
