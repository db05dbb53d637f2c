//! A review as a SARIF log, for services that show findings: a result for each thread. Composes; reads nothing.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use contract::{Review, ReviewSide, Thread};
use serde_json::{Value, json};

/// The rule that all results are of; its page is that of the diagnostic.
const RULE: &str = contract::codes::REVIEW_THREAD;

/// SARIF 2.1.0, with addresses relative to the workspace. A thread that is resolved is a suppressed result; one without lines in the new text has no
/// place, and says in words where it stands.
#[must_use]
pub fn sarif(review: &Review, version: &str) -> Value {
    let results: Vec<Value> = review.threads.iter().map(result).collect();
    let rule = json!({ "id": RULE, "shortDescription": { "text": "A thread of a review" } });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "holdover", "version": version, "rules": [rule] } },
            "columnKind": "utf16CodeUnits",
            "results": results,
            "properties": { "review": review.id, "title": review.title, "base": review.base, "head": review.head },
        }],
    })
}

fn result(thread: &Thread) -> Value {
    let said = |comment: &contract::Comment| format!("{}: {}", comment.author.name, comment.body.trim_end());
    let said: Vec<String> = thread.comments.iter().filter(|comment| !comment.removed).map(said).collect();
    let range = thread.place.range.filter(|_| thread.anchor.side == ReviewSide::New);
    let text = if said.is_empty() { "(retracted)".to_owned() } else { said.join("\n") };
    let placed = match thread.place.path.as_deref().zip(range) {
        Some(_) => text,
        None => format!("{}: {text}", thread.place.text),
    };
    let mut result = json!({
        "ruleId": RULE,
        "level": "note",
        "message": { "text": placed },
        "partialFingerprints": { "holdoverThread/v1": thread.id },
    });
    if let (Some(path), Some(range)) = (thread.place.path.as_deref(), range) {
        let (start, end) = (range.start, range.end);
        result["locations"] = json!([{ "physicalLocation": {
            "artifactLocation": { "uri": address(path), "uriBaseId": "%SRCROOT%" },
            "region": {
                "startLine": start.line + 1, "startColumn": start.utf16 + 1, "endLine": end.line + 1, "endColumn": end.utf16 + 1,
            },
        } }]);
    }
    if thread.resolved {
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": "resolved in the review" }]);
    }
    result
}

/// A path as a part of an address.
fn address(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn thread(n: u32, side: &str, place: &Value, resolved: bool) -> Value {
        let author = json!({ "kind": "person", "name": "ann" });
        let comment = |body: &str, removed: bool| {
            json!({
                "id": "1", "body": body, "shown": "", "about": "", "author": author, "created": "", "state": "durable", "stateText": "",
                "versions": [], "removed": removed,
            })
        };
        json!({
            "id": format!("T{n}"), "review": "R", "title": "", "anchor": { "side": side }, "place": place, "resolved": resolved,
            "comments": [comment("why?\n", false), comment("gone", true), comment("so", false)], "about": "", "unsent": false,
        })
    }

    #[test]
    fn a_thread_is_a_result_where_it_stands_in_the_new_text() {
        let at = |line: u32, utf16: u32| json!({ "line": line, "utf16": utf16, "byte": 0 });
        let range = json!({ "start": at(4, 0), "end": at(5, 7) });
        let place =
            json!({ "grade": "exact", "text": "a b/%.rs:5-6", "remark": "", "path": "a b/%.rs", "range": range });
        let file = json!({ "grade": "file", "text": "c.rs", "remark": "", "path": "c.rs" });
        let threads = [thread(1, "new", &place, false), thread(2, "old", &place, true), thread(3, "new", &file, false)];
        let review = json!({
            "id": "R", "title": "t", "range": "r", "base": "a", "head": "b", "firstHead": "b", "here": true,
            "author": { "kind": "person", "name": "ann" }, "created": "", "about": "", "fileCount": 0, "openThreads": 0, "threadCount": 3,
            "threads": threads, "decision": { "state": "none", "text": "" }, "state": "durable", "stateText": "",
        });
        let log = sarif(&serde_json::from_value(review).unwrap(), "1.2.3");
        let results = &log["runs"][0]["results"];
        let location = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "a%20b/%25.rs");
        assert_eq!(location["region"], json!({ "startLine": 5, "startColumn": 1, "endLine": 6, "endColumn": 8 }));
        assert_eq!(results[0]["message"]["text"], "ann: why?\nann: so");
        assert_eq!(results[0]["partialFingerprints"]["holdoverThread/v1"], "T1");
        assert_eq!(
            (&results[1]["locations"], &results[2]["locations"]),
            (&Value::Null, &Value::Null),
            "no place in the new text"
        );
        assert_eq!(results[1]["message"]["text"], "a b/%.rs:5-6: ann: why?\nann: so");
        assert_eq!(
            (&results[0]["suppressions"], &results[1]["suppressions"][0]["kind"]),
            (&Value::Null, &json!("external"))
        );
        assert!(
            results
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["ruleId"] == log["runs"][0]["tool"]["driver"]["rules"][0]["id"])
        );
    }
}
