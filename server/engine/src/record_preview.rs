//! What each choice would leave of a record's conflict, in texts and in words, as a conflict of a file is looked at before a choice is
//! taken. Reads the journal; writes nothing.

use crate::records::RecordError;
use crate::report::{markdown, record_markdown, record_sides_markdown};
use crate::{Engine, EngineError};
use contract::{
    ConflictChoice, ConflictOrigin, ConflictPreview, ConflictRegion, ConflictSide, RecordChoice, RecordConflict,
    RecordSide,
};
use serde_json::{Value, json};
use std::path::Path;

impl Engine {
    /// What each choice would leave of one record, by its id or the end of it. `uri` is for the caller to fill in.
    ///
    /// # Errors
    /// [`RecordError`]; what the journal says.
    pub fn record_preview(&self, root: &Path, id: &str) -> Result<ConflictPreview, EngineError> {
        let record = self.record_conflict(root, id)?;
        let region = region(&record);
        let sides: Vec<String> = record.sides.iter().map(|side| text(&side.value)).collect();
        let words = record_sides_markdown(&record);
        let choices = record.choices.iter().map(|one| {
            let left = text(&one.value);
            let (lines, dropped) = match &sides[..] {
                [current, incoming] => conflict::suggest::origins(&left, current, incoming),
                _ => (Vec::new(), Vec::new()),
            };
            let mut choice = ConflictChoice {
                action: format!("conflict.accept-{}", one.choice),
                title: one.title.clone(),
                short: short(one, &region),
                text: left,
                against: against(&one.choice, sides.len()),
                lines,
                dropped,
                explanation: String::new(),
                data: json!({
                    "workspace": root, "record": record.entity, "resolve": one.choice, "fingerprint": record.fingerprint,
                }),
            };
            choice.explanation = format!("{}\n---\n\n{words}", markdown::choice(&choice, &region, None));
            choice
        });
        let (choices, base) = (choices.collect(), record.ancestor.as_ref().and_then(Value::as_str).map(str::to_owned));
        Ok(ConflictPreview { uri: String::new(), version: 0, region, sides, base, choices, record: Some(record) })
    }

    /// What one choice would leave of a record, if it is still what was looked at: `seen` is its fingerprint.
    ///
    /// # Errors
    /// [`RecordError`]; what the journal says.
    pub fn record_text(&self, root: &Path, id: &str, choice: &str, seen: &str) -> Result<String, EngineError> {
        let record = self.record_conflict(root, id)?;
        if record.fingerprint != seen {
            return Err(RecordError::Changed.into());
        }
        let found = record.choices.iter().find(|one| one.choice == choice);
        found.map(|one| text(&one.value)).ok_or_else(|| no_choice(choice, &record).into())
    }

    /// A record's conflict as a Markdown document: what happened, each version with who wrote it and what they had seen, what each
    /// policy would make of them, what may be chosen.
    ///
    /// # Errors
    /// [`RecordError`]; what the journal says.
    pub fn record_markdown(&self, root: &Path, id: &str) -> Result<String, EngineError> {
        Ok(record_markdown(&self.record_conflict(root, id)?))
    }
}

/// There is no such choice, and which there are.
pub(crate) fn no_choice(choice: &str, record: &RecordConflict) -> RecordError {
    let has = record.choices.iter().map(|one| one.choice.clone()).collect();
    RecordError::NoChoice { choice: choice.to_owned(), has }
}

fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.ends_with('\n') => format!("{text}\n"),
        Some(text) => text.to_owned(),
        None => String::new(),
    }
}

/// As a conflict of a file: its sides are the versions.
fn region(record: &RecordConflict) -> ConflictRegion {
    let distinct =
        |side: &RecordSide| record.sides.iter().filter(|one| one.author.name == side.author.name).count() == 1;
    let side = |side: &RecordSide| ConflictSide {
        label: side.label.clone(),
        origin: Some(ConflictOrigin {
            name: if distinct(side) { crate::notes::shown_plain(&side.author.name) } else { side.label.clone() },
            author: Some(crate::notes::shown_plain(&side.author.name)),
            at: Some(side.at.clone()),
            ..ConflictOrigin::default()
        }),
        ..ConflictSide::default()
    };
    ConflictRegion {
        style: "record".to_owned(),
        message: record.message.clone(),
        fingerprint: record.fingerprint.clone(),
        sides: record.sides.iter().map(side).collect(),
        ..ConflictRegion::default()
    }
}

/// A word or two for a tab.
fn short(choice: &RecordChoice, region: &ConflictRegion) -> String {
    let side = |n: usize| {
        let name = markdown::side_name(region, n);
        if choice.value.is_null() { format!("removed by {name}") } else { name }
    };
    match choice.choice.as_str() {
        "current" => side(0),
        "incoming" => side(1),
        "auto" => "put together".to_owned(),
        "both" => "all texts".to_owned(),
        "both-reversed" => "all texts, the oldest first".to_owned(),
        "base" => "common ancestor".to_owned(),
        "none" => "removed".to_owned(),
        other => other
            .strip_prefix("side-")
            .and_then(|n| n.parse::<usize>().ok())
            .map_or_else(|| other.to_owned(), |n| side(n.saturating_sub(1))),
    }
}

/// Beside itself nothing is seen of a side.
fn against(choice: &str, sides: usize) -> String {
    match (choice, sides) {
        ("current", _) => "incoming",
        ("side-1", _) => "side-2",
        (_, 2) => "current",
        _ => "side-1",
    }
    .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use crate::record_preview::against;
    use crate::records::tests::{Desk, desks};
    use contract::{ConflictPreview, LineOrigin};

    fn apart() -> (Desk, Desk, String) {
        let (ann, bob, id) = desks();
        ann.edit(&id, "one\nTWO\nthree");
        bob.edit(&id, "one\nzwei\nthree");
        ann.take(&bob);
        bob.take(&ann);
        (ann, bob, id)
    }

    #[test]
    fn each_choice_of_a_record_says_what_it_leaves_where_its_lines_come_from_and_what_each_had_seen() {
        let (ann, _bob, id) = apart();
        let preview: ConflictPreview = ann.engine.record_preview(&ann.root, &id).unwrap();
        let record = preview.record.as_ref().unwrap();
        let newest = record.sides[0].author.name.clone();
        let oldest = record.sides[1].author.name.clone();
        assert_eq!(preview.base.as_deref(), Some("one\ntwo\nthree"));
        let found =
            |name: &str| preview.choices.iter().find(|one| one.action == format!("conflict.accept-{name}")).unwrap();
        let current = found("current");
        assert_eq!((&*current.short, &*current.against, &*current.text), (&*newest, "incoming", &*preview.sides[0]));
        assert_eq!(current.lines, [LineOrigin::Both, LineOrigin::Current, LineOrigin::Both]);
        assert_eq!(current.dropped.len(), 1);
        let words = &current.explanation;
        for said in [
            &*format!("drops: 1 line from {oldest}"),
            "had seen: the text of Ann",
            "policy last-writer: the last writer's would be shown",
            "policy manual: nothing would be shown until somebody decides",
            "on `a.rs`",
        ] {
            assert!(words.contains(said), "{said}: {words}");
        }
        assert_eq!(current.data["resolve"], "current");
        assert_eq!(current.data["fingerprint"], *record.fingerprint);
        assert_eq!(found("base").short, "common ancestor");
        assert_eq!((&*found("none").short, &*found("none").text), ("removed", ""));

        let text = |choice: &str, seen: &str| ann.engine.record_text(&ann.root, &id, choice, seen);
        assert_eq!(text("incoming", &record.fingerprint).unwrap(), preview.sides[1]);
        assert!(text("incoming", "blake3:other").unwrap_err().to_string().contains("was written since"));
        assert!(text("auto", &record.fingerprint).unwrap_err().to_string().contains("no such choice: auto"));
        let page = ann.engine.record_markdown(&ann.root, &id).unwrap();
        for said in ["# Conflict of a note: one", "2 texts were written at the same time", "`current`", "TWO", "zwei"] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }

    #[test]
    fn no_side_is_shown_beside_itself() {
        assert_eq!(
            [against("current", 2), against("incoming", 2), against("both", 2)],
            ["incoming", "current", "current"]
        );
        assert_eq!([against("side-1", 3), against("side-2", 3), against("none", 3)], ["side-2", "side-1", "side-1"]);
    }
}
