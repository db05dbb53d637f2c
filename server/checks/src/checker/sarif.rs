//! SARIF 2.1.0: the results of every run, with the rules that they name. Columns are UTF-16 units unless a run says that they are code
//! points. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::place::{Column, Ends, Text};
use super::sink::{Counts, Sink, Told, change, fix};
use super::{Change, Checker, Fix, Parsed, Parser, Said, Texts, lean};
use serde_json::Value;
use std::collections::HashMap;

pub(super) struct Sarif;

impl Parser for Sarif {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Utf16, ends: Ends::Any });
        let Some((document, whole)) = lean::read(said.text.trim_start_matches('\u{feff}')) else { return sink.parsed };
        let Some(runs) = document.get("runs").and_then(Value::as_array) else { return sink.parsed };
        sink.parsed.whole = true;
        sink.parsed.dropped = u64::from(!whole);
        for run in runs {
            if checker.columns.is_none() {
                let points = word(run, "/columnKind") == Some("unicodeCodePoints");
                sink.counts.columns = if points { Column::Chars } else { Column::Utf16 };
            }
            take_run(run, &mut sink);
        }
        sink.parsed
    }
}

fn word<'a>(of: &'a Value, pointer: &str) -> Option<&'a str> {
    of.pointer(pointer).and_then(Value::as_str)
}

fn number(of: &Value, pointer: &str) -> Option<u64> {
    of.pointer(pointer).and_then(Value::as_u64)
}

/// The rules of a run's tool, by place and by name.
struct Rules<'a> {
    all: &'a [Value],
    by_id: HashMap<&'a str, &'a Value>,
}

impl<'a> Rules<'a> {
    fn of(run: &'a Value) -> Self {
        let all = run.pointer("/tool/driver/rules").and_then(Value::as_array).map_or(&[][..], |all| &all[..]);
        Self { all, by_id: all.iter().filter_map(|rule| Some((word(rule, "/id")?, rule))).collect() }
    }

    fn rule(&self, result: &Value) -> Option<&'a Value> {
        let at = number(result, "/ruleIndex").or_else(|| number(result, "/rule/index"));
        let by_id = word(result, "/ruleId").and_then(|id| self.by_id.get(id).copied());
        by_id.or_else(|| self.all.get(usize::try_from(at?).ok()?))
    }
}

fn take_run(run: &Value, sink: &mut Sink<'_, '_, '_>) {
    let rules = Rules::of(run);
    for result in run.get("results").and_then(Value::as_array).into_iter().flatten() {
        // What is no problem, what somebody decided about, and what is there no longer.
        let is_other =
            matches!(word(result, "/kind"), Some("pass" | "notApplicable" | "informational" | "open" | "review"))
                && word(result, "/level").is_none();
        let suppressed = result
            .get("suppressions")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|one| !matches!(word(one, "/status"), Some("underReview" | "rejected"))));
        if is_other || suppressed || word(result, "/baselineState") == Some("absent") {
            continue;
        }
        take(run, result, &rules, sink);
    }
}

fn take(run: &Value, result: &Value, rules: &Rules<'_>, sink: &mut Sink<'_, '_, '_>) {
    let rule = rules.rule(result);
    let id = word(result, "/ruleId").or_else(|| word(result, "/rule/id")).or_else(|| word(rule?, "/id"));
    let level = word(result, "/level").or_else(|| word(rule?, "/defaultConfiguration/level")).unwrap_or("warning");
    let message = message(result, rule);
    let Some(place) = result.pointer("/locations/0/physicalLocation") else {
        sink.parsed.elsewhere += 1;
        return;
    };
    let Some(file) = address(run, place.get("artifactLocation").unwrap_or(&Value::Null)) else {
        sink.parsed.elsewhere += 1;
        return;
    };
    let region = place.get("region").unwrap_or(&Value::Null);
    let told = Told {
        // A level of none is a remark.
        level: if level == "none" { "note" } else { level },
        code: id.unwrap_or_default(),
        message: &message,
        ..placed(&file, region)
    };
    let is_safe = sink.checker.fixes_are_safe;
    let Some((_, text)) = sink.put(&told) else { return };
    let offered = result.get("fixes").and_then(Value::as_array).filter(|_| is_safe);
    let fixes: Vec<Fix> =
        offered.into_iter().flatten().filter_map(|one| fix_of(run, one, &file, &message, &text, sink)).collect();
    if let Some(found) = sink.parsed.found.last_mut() {
        found.fixes = fixes;
    }
}

/// The text of a message, from its rule where it is named there, with its arguments.
fn message(result: &Value, rule: Option<&Value>) -> String {
    let named = || {
        let id = word(result, "/message/id")?;
        word(rule?, &format!("/messageStrings/{}/text", id.replace('~', "~0").replace('/', "~1")))
    };
    let text = word(result, "/message/text").or_else(named).or_else(|| word(rule?, "/shortDescription/text"));
    let mut text = text.unwrap_or_default().to_owned();
    let arguments = result.pointer("/message/arguments").and_then(Value::as_array);
    for (at, argument) in arguments.into_iter().flatten().take(20).enumerate() {
        if text.len() < super::LONGEST * 4 {
            text = text.replace(&format!("{{{at}}}"), argument.as_str().unwrap_or_default());
        }
    }
    text
}

fn placed<'a>(file: &'a str, region: &Value) -> Told<'a> {
    let line = number(region, "/startLine");
    let (end_line, end_column) = (number(region, "/endLine"), number(region, "/endColumn"));
    // A region without a column is whole lines.
    let column = number(region, "/startColumn").or_else(|| end_column.and(Some(1)));
    // Without a last column it goes to the end of its line.
    let end_column = end_column.or(column.and(Some(u64::MAX)));
    Told { file, line, column, end_line, end_column, ..Told::default() }
}

/// The file that is meant: an address, relative to a folder that the run may name.
fn address(run: &Value, location: &Value) -> Option<String> {
    let listed = || {
        let at = usize::try_from(number(location, "/index")?).ok()?;
        run.get("artifacts")?.as_array()?.get(at)?.get("location")
    };
    let location = if location.get("uri").is_some() { location } else { listed()? };
    let mut whole = word(location, "/uri")?.to_owned();
    let mut base = word(location, "/uriBaseId");
    for _ in 0..4 {
        let Some(of) = base.and_then(|base| run.get("originalUriBaseIds")?.get(base)) else { break };
        whole = format!("{}{whole}", word(of, "/uri").unwrap_or_default());
        base = word(of, "/uriBaseId");
    }
    let path = match whole.strip_prefix("file://") {
        Some(path) => &path[path.find('/')?..],
        None if whole.contains("://") => return None,
        None => &whole,
    };
    Some(decoded(path))
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut all = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        if let Some(byte) = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            all.push(byte);
            at += 3;
        } else {
            all.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(all).unwrap_or_else(|_| path.to_owned())
}

fn fix_of(
    run: &Value,
    fix_told: &Value,
    file: &str,
    message: &str,
    text: &Text,
    sink: &Sink<'_, '_, '_>,
) -> Option<Fix> {
    let [one] = fix_told.get("artifactChanges")?.as_array()?.as_slice() else { return None };
    if address(run, one.get("artifactLocation")?)? != file {
        return None;
    }
    let changes: Option<Vec<Change>> = one
        .get("replacements")?
        .as_array()?
        .iter()
        .map(|replacement| {
            let told = placed(file, replacement.get("deletedRegion")?);
            told.line.and(told.column)?;
            let with = word(replacement, "/insertedContent/text").unwrap_or_default();
            Some(change(sink.range(&told, text), text, with.to_owned()))
        })
        .collect();
    fix(word(fix_told, "/description/text").unwrap_or(message), changes?)
}
