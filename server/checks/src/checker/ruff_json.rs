//! What Ruff writes with `--output-format=json`: one list. Rows and columns count from 1, columns in characters.

use super::place::{Column, Ends, Text, Texts};
use super::{Change, Checker, Fix, Found, MOST, MOST_CHANGES, Parsed, Parser, Said, bounded, lean};
use contract::{Finding, Severity};
use serde::Deserialize;

#[derive(Deserialize)]
struct Told {
    code: Option<String>,
    message: String,
    filename: String,
    location: Option<Location>,
    end_location: Option<Location>,
    fix: Option<Offered>,
    /// A cell of a notebook: its places are the cell's.
    cell: Option<serde_json::Value>,
}

#[derive(Deserialize, Clone, Copy)]
struct Location {
    row: u64,
    column: u64,
}

#[derive(Deserialize)]
struct Offered {
    applicability: Option<String>,
    message: Option<String>,
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    content: Option<String>,
    location: Location,
    end_location: Location,
}

pub(super) struct RuffJson;

impl Parser for RuffJson {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        parse(checker, said.text, texts)
    }
}

fn parse(checker: &Checker, output: &str, texts: &mut Texts<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let Some((serde_json::Value::Array(all), whole)) = lean::read(output) else { return parsed };
    parsed.whole = true;
    parsed.dropped = u64::from(!whole);
    for one in all {
        // One that is not understood is told as one that is lost.
        let Some(told) = serde_json::from_value::<Told>(one).ok().filter(|_| parsed.found.len() < MOST) else {
            parsed.dropped += 1;
            continue;
        };
        match found(checker, &told, texts) {
            Some(found) => parsed.found.push(found),
            None => parsed.elsewhere += 1,
        }
    }
    parsed
}

fn found(checker: &Checker, told: &Told, texts: &mut Texts<'_>) -> Option<Found> {
    if told.cell.as_ref().is_some_and(|cell| !cell.is_null()) {
        return None;
    }
    let file = texts.file(&told.filename)?;
    let text = texts.text(&file)?;
    let at = |place: Location| text.position(place.row, place.column, Column::Chars, Ends::Any);
    let start = told.location.map(at).unwrap_or_default();
    let range = Text::range(start, told.end_location.map_or(start, at));
    let code = told.code.clone().unwrap_or_default();
    let broken = code.is_empty() || code == "invalid-syntax" || code == "E999";
    let finding = Finding {
        code: bounded(&code),
        severity: if broken { Severity::Error } else { Severity::Warning },
        message: bounded(&told.message),
        file,
        range,
        source: checker.id.clone(),
        data: None,
    };
    let fixes = told.fix.iter().filter_map(|offered| fix(offered, &told.message, &text)).collect();
    Some(Found { finding, fixes, lines: text.lines(range) })
}

fn fix(offered: &Offered, message: &str, text: &Text) -> Option<Fix> {
    let safe = offered.applicability.as_deref() == Some("safe");
    if !safe || offered.edits.is_empty() || offered.edits.len() > MOST_CHANGES {
        return None;
    }
    let at = |place: Location| text.position(place.row, place.column, Column::Chars, Ends::Any);
    let mut changes: Vec<Change> = offered
        .edits
        .iter()
        .map(|edit| {
            let range = Text::range(at(edit.location), at(edit.end_location));
            Change { range, text: edit.content.clone().unwrap_or_default(), lines: text.lines(range) }
        })
        .collect();
    changes.sort_by_key(|change| (change.range.start.byte, change.range.end.byte));
    let apart = changes.windows(2).all(|pair| pair[0].range.end.byte <= pair[1].range.start.byte);
    let title = bounded(offered.message.as_deref().unwrap_or(message).lines().next().unwrap_or_default());
    apart.then_some(Fix { title, changes })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::checker::{checker, parse as read};
    use serde_json::json;
    use std::path::Path;
    use std::sync::Arc;

    const SOURCE: &str = "import os\r\nprint('é😀', 1 == None)\r\n";

    fn parsed(output: &[u8]) -> Parsed {
        let mut text = |path: &Path| -> Option<Arc<str>> { (path == Path::new("/w/a.py")).then(|| SOURCE.into()) };
        let mut texts = Texts::new(Path::new("/w"), Path::new("/w"), Path::new(""), &mut text);
        read(checker("ruff").unwrap(), output, b"", &mut texts)
    }

    #[test]
    fn findings_are_placed_by_characters_and_safe_fixes_are_kept() {
        let place = |row: u64, column: u64| json!({ "row": row, "column": column });
        let edit = json!({ "content": "", "location": place(1, 1), "end_location": place(2, 1) });
        let told = |filename: &str, applicability: &str| {
            json!({ "cell": null, "code": "F401", "message": "`os` imported but unused", "filename": filename,
                "location": place(2, 13), "end_location": place(2, 22), "noqa_row": 1, "url": "https://x",
                "fix": { "applicability": applicability, "message": "Remove unused import: `os`", "edits": [edit] } })
        };
        let all = parsed(json!([told("/w/a.py", "safe"), told("/elsewhere/a.py", "safe")]).to_string().as_bytes());
        assert_eq!((all.found.len(), all.elsewhere, all.whole), (1, 1, true));
        let one = &all.found[0];
        let range = one.finding.range;
        assert_eq!(&SOURCE[range.start.byte as usize..range.end.byte as usize], "1 == None");
        assert_eq!((range.start.line, range.start.utf16), (1, 13));
        assert_eq!(one.fixes[0].title, "Remove unused import: `os`");
        let replaced = one.fixes[0].changes[0].range;
        assert_eq!(&SOURCE[replaced.start.byte as usize..replaced.end.byte as usize], "import os\r\n");
        assert_eq!(parsed(json!([told("a.py", "unsafe")]).to_string().as_bytes()).found[0].fixes, []);
    }

    #[test]
    fn what_is_cut_off_or_no_list_says_nothing() {
        for broken in [&b"[{\"code\": \"F401\""[..], b"", b"\xff\xfe", b"{}", b"ruff: nothing to do"] {
            let all = parsed(broken);
            assert!(!all.whole && all.found.is_empty(), "{broken:?}");
        }
        let all = parsed(b"[1, {\"code\": 3}]");
        assert_eq!((all.found.len(), all.dropped, all.whole), (0, 2, true));
        let deep = "[".repeat(100_000);
        assert!(!parsed(deep.as_bytes()).whole);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let all = parsed(b"[{\"code\":\"E1\",\"message\":\"\xff\x00\",\"filename\":\"a.py\",\"location\":{\"row\":99,\"column\":99}}]");
        assert!(!all.whole, "a zero byte is no JSON");
        let all = parsed(
            b"[{\"code\":\"E1\",\"message\":\"\xff\",\"filename\":\"a.py\",\"location\":{\"row\":99,\"column\":99}}]",
        );
        assert_eq!(
            (all.found[0].finding.message.as_str(), all.found[0].finding.range.start.byte),
            ("\u{fffd}", SOURCE.len() as u64)
        );
    }
}
