//! One line for an event of the journal: what happened, in words where its kind is known.
//! Chosen once for every front end; nothing here is cut to a width or coloured.

use crate::notes::shown_title;
use contract::{Delivery, JournalEntry};
use serde_json::Value;
use std::fmt::Write as _;

/// How far an event has come, in one word.
#[must_use]
pub fn delivery(state: Delivery) -> &'static str {
    match state {
        Delivery::Saved => "saved",
        Delivery::Durable => "durable",
        Delivery::Sealed => "sealed",
        Delivery::Uploaded => "uploaded",
        Delivery::Seen => "seen",
    }
}

/// What happened, on one line. A text that somebody else wrote comes as it is, without control characters.
#[must_use]
pub fn summary(entry: &JournalEntry) -> String {
    let payload = &entry.payload;
    let text = match entry.kind.split('.').next().unwrap_or_default() {
        _ if payload.is_null() => "redacted: its contents are gone".to_owned(),
        "job" => job(payload),
        "fetch" => fetch(payload),
        "readiness" => readiness(payload),
        "note" => note(&entry.kind, payload),
        "trust" | "record" | "retention" | "device" | "quarantine" | "epoch" => {
            of_the_record(&entry.kind, payload).unwrap_or_else(|| members(payload))
        }
        _ if payload.get("ops").is_some_and(Value::is_array) => operations(payload),
        _ => members(payload),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn text<'p>(payload: &'p Value, name: &str) -> &'p str {
    payload.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(payload: &Value, name: &str) -> Vec<String> {
    let items = payload.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().map(plain).collect()
}

fn job(payload: &Value) -> String {
    let mut parts = vec![text(payload, "title").to_owned()];
    if let Some(attempt) = payload.get("attempt").and_then(Value::as_u64).filter(|attempt| *attempt > 1) {
        parts.push(format!("attempt {attempt}"));
    }
    if !text(payload, "nextAttempt").is_empty() {
        parts.push(format!("next attempt {}", host::local_time(text(payload, "nextAttempt"))));
    }
    if !text(payload, "error").is_empty() {
        parts.push(text(payload, "error").to_owned());
    }
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { members(payload) } else { parts.join(": ") }
}

fn fetch(payload: &Value) -> String {
    let mut parts = Vec::new();
    for (name, word) in [("artifacts", "asked for"), ("fetched", "fetched"), ("left", "still missing")] {
        let items = list(payload, name);
        if payload.get(name).is_some() && (name != "left" || !items.is_empty()) {
            parts.push(match items.as_slice() {
                [] => format!("nothing {word}"),
                [one] => format!("{word}: {one}"),
                [one, rest @ ..] => format!("{word}: {one} and {} more", crate::words::thousands(rest.len() as u64)),
            });
        }
    }
    parts.extend(list(payload, "errors").into_iter().next());
    if parts.is_empty() { members(payload) } else { parts.join("; ") }
}

/// What was done about who may write and about what is kept, without the ids of devices, logs and entries; `None` where the
/// kind is not known here.
fn of_the_record(kind: &str, payload: &Value) -> Option<String> {
    let why = |name: &str| match text(payload, name) {
        "" => String::new(),
        why => format!(": {why}"),
    };
    let count = |name: &str, what: &str| {
        crate::words::counted(payload.get(name).and_then(Value::as_u64).unwrap_or_default(), what)
    };
    Some(match kind {
        "trust.given" => "this workspace is trusted".to_owned(),
        "trust.revoked" => "trust in this workspace was taken back".to_owned(),
        "record.redacted" => format!("what another event said was deleted{}", why("reason")),
        "retention.applied" => format!("deleted by the rules of retention: what {} said", count("payloads", "event")),
        "device.invited" => "a device was invited".to_owned(),
        "device.asked" => format!("{} asks to be let in", text(payload, "name")),
        "device.enrolled" => format!("{} was let in", text(payload, "name")),
        "device.revoked" => format!("a device was taken out{}", why("reason")),
        "device.roots" => format!("root set {} was signed", payload.get("version").and_then(Value::as_u64)?),
        "device.admitted" => format!("what was kept apart of a device was let in{}", why("reason")),
        "quarantine.discarded" => format!("what was kept apart of a device was thrown away{}", why("reason")),
        "epoch.renewed" => format!("new logs were begun{}", why("reason")),
        _ => return None,
    })
}

/// `added: why two?`; an operation that is not of a note's text is told as it is.
fn note(kind: &str, payload: &Value) -> String {
    let ops = journal::ops_of(payload).unwrap_or_default();
    let body = ops.iter().find(|op| op.field == "body");
    match (kind, body.and_then(|op| op.value.as_str())) {
        ("note.add", Some(body)) => format!("note added: {}", shown_title(body)),
        ("note.edit", Some(body)) => format!("note changed: {}", shown_title(body)),
        ("note.retract", _) => "note removed".to_owned(),
        ("note.edit", None) => match ops.iter().find(|op| op.field == "anchor") {
            Some(op) => format!("note put to {}", put_to(&op.value)),
            None => operations(payload),
        },
        _ => operations(payload),
    }
}

/// `src/main.rs:3-5` of an anchor.
fn put_to(anchor: &Value) -> String {
    let number = |name: &str| anchor.get(name).and_then(Value::as_u64);
    match (text(anchor, "path"), number("line")) {
        ("", _) => "the workspace".to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(line)) => {
            let (first, lines) = (line.saturating_add(1), number("lines").unwrap_or(1).max(1));
            let last = if lines > 1 { format!("-{}", first.saturating_add(lines - 1)) } else { String::new() };
            format!("{path}:{first}{last}")
        }
    }
}

fn readiness(payload: &Value) -> String {
    let number = |name: &str| payload.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut line = format!(
        "{}: {} of {} here",
        text(payload, "state"),
        crate::words::thousands(number("present")),
        crate::words::thousands(number("total"))
    );
    for name in ["missing", "corrupt", "stale", "unknown"] {
        if number(name) > 0 {
            let _ = write!(line, ", {} {name}", crate::words::thousands(number(name)));
        }
    }
    line
}

/// `body: text; path: src/main.rs`, and what is not a plain new value said so.
fn operations(payload: &Value) -> String {
    let ops = payload.get("ops").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let part = |op: &Value| {
        let value = op.get("v").map(plain).unwrap_or_default();
        match text(op, "op") {
            "set" | "text" => format!("{}: {value}", text(op, "f")),
            other => format!("{} {other} {value}", text(op, "f")),
        }
    };
    ops.iter().map(part).collect::<Vec<_>>().join("; ")
}

fn members(payload: &Value) -> String {
    match payload {
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => plain(other),
    }
}

/// A value without the marks of JSON where it is plain.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Actor, ActorKind, Lane};
    use serde_json::json;

    fn told(kind: &str, payload: Value) -> String {
        summary(&JournalEntry {
            id: String::new(),
            log: String::new(),
            seq: 1,
            at: String::new(),
            actor: Actor { kind: ActorKind::Tool, name: "holdover".into(), model: None, prompt: None },
            kind: kind.into(),
            entity: String::new(),
            lane: Lane::Local,
            state: Delivery::Saved,
            uploaded_to: Vec::new(),
            seen_by: Vec::new(),
            held: None,
            workspace: None,
            payload,
            left: Vec::new(),
        })
    }

    #[test]
    fn known_kinds_are_told_in_words_and_others_by_their_members() {
        let job = json!({"title": "get 2 artifacts", "attempt": 2, "error": "no\nroute"});
        assert_eq!(told("job.failed", job), "get 2 artifacts: attempt 2: no route");
        let fetch = json!({"fetched": ["a@1", "b@2"], "left": [], "errors": []});
        assert_eq!(told("fetch.finished", fetch), "fetched: a@1 and 1 more");
        let readiness = json!({"state": "incomplete", "present": 1204, "total": 1207, "missing": 3});
        assert_eq!(told("readiness.observed", readiness), "incomplete: 1,204 of 1,207 here, 3 missing");
        let ops = json!({"ops": [{"f": "body", "op": "text", "v": "why?"}, {"f": "labels", "op": "add", "v": "slow"}]});
        assert_eq!(told("thread.edit", ops), "body: why?; labels add slow");
        let note =
            json!({"ops": [{"f": "anchor", "op": "set", "v": {}}, {"f": "body", "op": "text", "v": "\n# why?\nso"}]});
        assert_eq!(told("note.add", note), "note added: why?");
        let moved = json!({"ops": [{"f": "anchor", "op": "set", "v": {"path": "a.rs", "line": 2, "lines": 3}}]});
        assert_eq!(told("note.edit", moved), "note put to a.rs:3-5");
        let moved = json!({"ops": [{"f": "anchor", "op": "set", "v": {}}]});
        assert_eq!(told("note.edit", moved), "note put to the workspace");
        let redacted = json!({"target": "01KXYZ", "reason": "a name", "left": []});
        assert_eq!(told("record.redacted", redacted), "what another event said was deleted: a name");
        let asked = json!({"invitation": "01KXYZ", "name": "anna's laptop", "proof": "ab12"});
        assert_eq!(told("device.asked", asked), "anna's laptop asks to be let in");
        let applied = json!({"payloads": 1, "ranges": [{"log": "ab12"}]});
        assert_eq!(told("retention.applied", applied), "deleted by the rules of retention: what 1 event said");
        assert_eq!(told("trust.given", json!({})), "this workspace is trusted");
        assert_eq!(told("device.unheard", json!({"a": 1})), "a: 1");
        assert_eq!(told("offline.set", json!({"mode": "on", "list": [1, 2]})), "list: 1, 2, mode: on");
        assert_eq!(told("note.add", Value::Null), "redacted: its contents are gone");
    }

    #[test]
    fn what_an_event_holds_cannot_command_a_terminal() {
        assert_eq!(told("unheard.of", json!({"a\u{1b}[2J": "b\u{7}\r\nc"})), "a [2J: b   c");
    }
}
