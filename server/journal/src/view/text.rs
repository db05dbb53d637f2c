//! Which texts of an event are searched: chosen by its kind, never the raw JSON.
//! A kind that is not listed has no text; it is found by its other marks.

use serde_json::Value;

/// Bytes of one event's text that are searched; what is longer is searched up to there.
const MOST: usize = 256 << 10;
/// How deep a payload is looked through.
const DEPTH: usize = 12;

/// A text and the member it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'p> {
    pub member: &'p str,
    pub text: &'p str,
}

impl Text<'_> {
    /// Whether a hit in it says more than one in a body.
    pub fn is_title(&self) -> bool {
        matches!(self.member, "title" | "name" | "path" | "file" | "lockfile")
    }
}

/// Beginnings of kinds and the members that hold text for people. The first that fits counts.
const CHOSEN: [(&str, &[&str]); 10] = [
    ("note.", &["title", "text", "body", "path", "file", "label", "labels", "reason"]),
    ("review.", &["title", "text", "body", "path", "file", "label", "labels", "verdict", "reason"]),
    ("thread.", &["title", "text", "body", "path", "file", "label", "labels", "reason"]),
    ("check.", &["name", "title", "message", "messages", "text", "error", "errors", "path", "file", "command"]),
    ("explanation.", &["title", "question", "text", "answer", "path", "file", "error"]),
    ("job.", &["title", "error"]),
    ("fetch.", &["artifacts", "fetched", "left", "error", "errors", "lockfile", "command", "reason"]),
    ("proof.", &["command", "error", "errors", "text"]),
    ("device.", &["name", "reason"]),
    ("record.", &["reason"]),
];

/// The texts of an event of this kind, in the payload's order.
pub(crate) fn texts<'p>(kind: &str, payload: &'p Value) -> Vec<Text<'p>> {
    let mut found = Vec::new();
    if let Some((_, members)) = CHOSEN.iter().find(|(begin, _)| kind.starts_with(begin)) {
        let mut left = MOST;
        look(payload, members, DEPTH, &mut left, &mut found);
    }
    found
}

fn look<'p>(value: &'p Value, chosen: &[&str], deep: usize, left: &mut usize, found: &mut Vec<Text<'p>>) {
    match value {
        Value::Object(members) if deep > 0 => {
            if let (Some(Value::String(field)), Some(value)) = (members.get("f"), members.get("v")) {
                // An operation on a field: its value is what counts, and the field is its name.
                if chosen.contains(&field.as_str()) {
                    take(field, value, left, found);
                }
                return look(value, chosen, deep - 1, left, found);
            }
            for (name, value) in members {
                if chosen.contains(&name.as_str()) {
                    take(name, value, left, found);
                }
                look(value, chosen, deep - 1, left, found);
            }
        }
        Value::Array(items) if deep > 0 => items.iter().for_each(|item| look(item, chosen, deep - 1, left, found)),
        _ => {}
    }
}

fn take<'p>(member: &'p str, value: &'p Value, left: &mut usize, found: &mut Vec<Text<'p>>) {
    match value {
        Value::String(text) if !text.is_empty() && *left > 0 => {
            let text = &text[..text.floor_char_boundary(*left)];
            *left -= text.len().min(*left);
            found.push(Text { member, text });
        }
        Value::Array(items) => {
            items.iter().filter(|item| item.is_string()).for_each(|item| take(member, item, left, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(kind: &str, payload: &Value) -> Vec<String> {
        texts(kind, payload).iter().map(|text| format!("{}={}", text.member, text.text)).collect()
    }

    #[test]
    fn texts_are_chosen_by_kind() {
        let payload = json!({"title": "get 2 artifacts", "error": "no route", "secret": "x", "attempt": 3});
        assert_eq!(found("job.failed", &payload), ["error=no route", "title=get 2 artifacts"]);
        assert_eq!(found("unheard.of", &payload), Vec::<String>::new());
        let payload = json!({"errors": ["one", "two"], "left": ["itoa@1"], "n": 1});
        assert_eq!(found("fetch.failed", &payload), ["errors=one", "errors=two", "left=itoa@1"]);
    }

    #[test]
    fn operations_are_read_by_their_field() {
        let payload = json!({"ops": [
            {"f": "body", "op": "text", "v": "why so slow?", "pred": ["01ARZ3NDEKTSV4RRFFQ69G5FAV/0"]},
            {"f": "anchor", "op": "set", "v": {"path": "src/a.rs", "hash": "beef"}},
            {"f": "hidden", "op": "set", "v": "not searched"},
        ]});
        assert_eq!(found("note.edit", &payload), ["body=why so slow?", "path=src/a.rs"]);
    }

    #[test]
    fn a_long_text_is_searched_up_to_a_bound_and_cut_between_characters() {
        let payload = json!({"title": "ß".repeat(MOST), "text": "behind"});
        let found = texts("note.add", &payload);
        let bytes: usize = found.iter().map(|text| text.text.len()).sum();
        assert!(bytes <= MOST && bytes > MOST - 8, "{bytes}");
    }
}
