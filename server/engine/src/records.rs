//! Conflicts of synchronised records: fields that several people wrote without knowing of each other. Shown and resolved like those of files.
//! A projection of the journal and nothing else; a resolution is one more write, which names all that it replaces.

use crate::notes::{NoText, Which, shown_plain};
use crate::{Engine, EngineError};
use contract::{JournalEntry, Note, NoteVersion, RecordChoice, RecordConflict, RecordSide};
use journal::Filter;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use ulid::Ulid;

/// Why a record's conflict was not resolved.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is none.
    #[error("no record with this id has a conflict here: {id}\nhint: `holdover conflicts` lists them")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// Several end so.
    #[error("several records have an id that ends so: {id}\nhint: give more of it")]
    Ambiguous {
        /// What was asked for.
        id: String,
    },
    /// It has no such choice.
    #[error("this conflict has no such choice: {choice}\nhint: it has {}", has.join(", "))]
    NoChoice {
        /// What was asked for.
        choice: String,
        /// What there is.
        has: Vec<String>,
    },
    /// Somebody wrote it meanwhile.
    #[error("this record was written since it was shown, so nothing was changed\nhint: look at it again")]
    Changed,
}

impl Engine {
    /// Records of a workspace whose versions stand beside each other, as the journal has them now: notes today. Without a journal
    /// there are none.
    ///
    /// # Errors
    /// What the journal says.
    pub fn record_conflicts(&self, root: &Path) -> Result<Vec<RecordConflict>, EngineError> {
        if self.inner.journal_if_old().is_none() {
            // One that is there and cannot be read is no answer.
            return match self.inner.journal_now() {
                Some(Err(reason)) => Err(EngineError::Journal { reason }),
                _ => Ok(Vec::new()),
            };
        }
        let notes = self.notes(root, &Which::default(), &NoText)?.notes;
        notes.iter().filter(|note| note.versions.len() > 1).map(|note| self.note_conflict(note)).collect()
    }

    /// One record by its id or the end of it: one whose versions stand beside each other, or were put together as they changed
    /// different lines.
    ///
    /// # Errors
    /// [`RecordError`]; what the journal says.
    pub fn record_conflict(&self, root: &Path, id: &str) -> Result<RecordConflict, EngineError> {
        self.journal()?;
        let wanted = id.trim().to_ascii_uppercase();
        let notes = self.notes(root, &Which::default(), &NoText)?.notes;
        let is_it = |note: &&Note| wanted.len() >= SHORTEST && note.id.ends_with(&wanted) && sides_of(note).len() > 1;
        let mut named = notes.iter().filter(is_it);
        match (named.next(), named.next()) {
            (Some(note), None) => self.note_conflict(note),
            (Some(_), Some(_)) => Err(RecordError::Ambiguous { id: shown_plain(id) }.into()),
            (None, _) => Err(RecordError::Unknown { id: shown_plain(id) }.into()),
        }
    }

    /// Who wrote each event of a record, and when, by the event's id.
    fn writers(&self, entity: Ulid) -> Result<BTreeMap<String, (String, String)>, EngineError> {
        let entries = self.journal()?.entries(&Filter { entity: Some(entity), ..Filter::default() })?;
        let mut writers: BTreeMap<String, (String, String)> = BTreeMap::new();
        for entry in entries {
            // What was put back is of whoever wrote it first.
            let first = entry.payload.pointer("/ops/0/restores").and_then(Value::as_str).map(event_of);
            let writer = first.and_then(|event| writers.get(event).cloned()).unwrap_or((entry.actor.name, entry.at));
            writers.insert(entry.id, writer);
        }
        Ok(writers)
    }

    fn note_conflict(&self, note: &Note) -> Result<RecordConflict, EngineError> {
        let entity: Ulid = note.id.parse().map_err(|_| RecordError::Unknown { id: note.id.clone() })?;
        let record = self.journal()?.record(entity, None)?;
        let field = record.and_then(|record| record.fields.into_iter().find(|field| field.field == "body"));
        let field = field.ok_or_else(|| RecordError::Unknown { id: note.id.clone() })?;
        let versions = sides_of(note);
        let writers = self.writers(entity)?;
        let heads: HashMap<&str, &[String]> =
            field.heads.iter().map(|head| (head.op.as_str(), &head.saw[..])).collect();
        let sides: Vec<RecordSide> = versions
            .iter()
            .map(|version| RecordSide {
                label: format!("{}, {}", shown_plain(&version.author.name), host::local_time(&version.at)),
                ops: version.ops.clone(),
                author: version.author.clone(),
                at: version.at.clone(),
                value: version.body.clone().map_or(Value::Null, Value::String),
                redacted: version.redacted,
                seen: crate::words::seen(saw(&heads, &version.ops).iter().filter_map(|op| writers.get(event_of(op)))),
                saw: saw(&heads, &version.ops),
            })
            .collect();
        let mut hasher = blake3::Hasher::new();
        for op in sides.iter().flat_map(|side| &side.ops) {
            hasher.update(op.as_bytes());
        }
        let together = (versions.len() > note.versions.len()).then_some(note.body.as_str());
        Ok(RecordConflict {
            kind: "note".to_owned(),
            entity: note.id.clone(),
            field: "body".to_owned(),
            title: note.title.clone(),
            place: note.place.text.clone(),
            message: crate::words::record_sides(versions, &sides, together.is_some()),
            fingerprint: format!("blake3:{}", hasher.finalize().to_hex()),
            choices: choices(&sides, field.ancestor.as_ref(), together),
            policy: field.policy,
            state: field.state,
            value: field.value,
            ancestor: field.ancestor,
            policies: field.policies,
            sides,
            resolved: None,
            event: None,
        })
    }

    /// Takes one of a record's choices: writes one event in place of all versions that stand. Gives the record as it was, with
    /// the choice and the event. `seen` is the fingerprint of what was looked at; `dry` writes nothing.
    ///
    /// # Errors
    /// [`RecordError`]; what the journal says. Nothing was written then.
    pub fn resolve_record(
        &self,
        root: &Path,
        id: &str,
        choice: &str,
        seen: Option<&str>,
        dry: bool,
    ) -> Result<RecordConflict, EngineError> {
        let mut found = self.record_conflict(root, id)?;
        if seen.is_some_and(|seen| seen != found.fingerprint) {
            return Err(RecordError::Changed.into());
        }
        let taken = found.choices.iter().find(|one| one.choice == choice);
        let taken = taken.ok_or_else(|| crate::record_preview::no_choice(choice, &found))?;
        if !dry {
            let pred: Vec<String> = found.sides.iter().flat_map(|side| side.ops.iter().cloned()).collect();
            let event = match &taken.value {
                Value::String(text) => self.note_settle(root, &found.entity, Some(text), pred)?,
                _ => self.note_settle(root, &found.entity, None, pred)?,
            };
            found.event = Some(event.to_string());
        }
        found.resolved = Some(choice.to_owned());
        Ok(found)
    }
}

/// The versions that a note has, also where they were put together.
fn sides_of(note: &Note) -> &[NoteVersion] {
    match &note.versions[..] {
        [one] if !one.merged.is_empty() => &one.merged,
        all => all,
    }
}

/// The note that an event settled: it wrote in place of several versions.
pub(crate) fn settled_by(entry: &JournalEntry) -> Option<&str> {
    let ops = entry.payload.get("ops").and_then(Value::as_array)?;
    let several = |op: &Value| op.get("pred").and_then(Value::as_array).is_some_and(|pred| pred.len() > 1);
    ops.iter().any(several).then_some(entry.entity.as_str())
}

/// The event of an operation.
fn event_of(op: &str) -> &str {
    op.split_once('/').map_or(op, |(event, _)| event)
}

/// Shortest end of an id that names a record.
const SHORTEST: usize = 4;

/// What the writers of one version had before them.
fn saw(heads: &HashMap<&str, &[String]>, ops: &[String]) -> Vec<String> {
    let mut saw: Vec<String> =
        ops.iter().filter_map(|op| heads.get(op.as_str())).flat_map(|saw| saw.iter().cloned()).collect();
    saw.sort();
    saw.dedup();
    saw
}

/// The gestures of a conflict in a file: `current` is the newer of two versions.
fn choices(sides: &[RecordSide], ancestor: Option<&Value>, together: Option<&str>) -> Vec<RecordChoice> {
    let name = |n: usize| match (n, sides.len()) {
        (0, 2) => "current".to_owned(),
        (1, 2) => "incoming".to_owned(),
        (n, _) => format!("side-{}", n + 1),
    };
    let known = sides.iter().enumerate().filter(|(_, side)| !side.redacted);
    let mut choices: Vec<RecordChoice> = known
        .map(|(n, side)| RecordChoice {
            choice: name(n),
            title: if side.value.is_null() {
                format!("Remove it, as {} did", side.label)
            } else {
                format!("Take the text of {}", side.label)
            },
            value: side.value.clone(),
        })
        .collect();
    if let Some(text) = together {
        choices.push(RecordChoice {
            choice: "auto".to_owned(),
            title: "Take the texts as they are put together, line by line".to_owned(),
            value: Value::String(text.to_owned()),
        });
    }
    let texts: Vec<&str> = sides.iter().filter_map(|side| side.value.as_str()).collect();
    if texts.len() > 1 {
        for (choice, title, reversed) in [
            ("both", "Take all texts, the newest first", false),
            ("both-reversed", "Take all texts, the oldest first", true),
        ] {
            let mut texts = texts.clone();
            if reversed {
                texts.reverse();
            }
            choices.push(RecordChoice {
                choice: choice.to_owned(),
                title: title.to_owned(),
                value: Value::String(texts.join("\n\n")),
            });
        }
    }
    if let Some(text @ Value::String(_)) = ancestor {
        choices.push(RecordChoice {
            choice: "base".to_owned(),
            title: "Take the text that both began with".to_owned(),
            value: text.clone(),
        });
    }
    // Where one removed it, taking that is to remove it. What was redacted was a text.
    if sides.iter().all(|side| side.redacted || !side.value.is_null()) {
        choices.push(RecordChoice { choice: "none".to_owned(), title: "Remove it".to_owned(), value: Value::Null });
    }
    choices
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
pub(crate) mod tests {
    use crate::notes::{NewNote, NoText, Which};
    use crate::{Engine, EngineOptions};
    use contract::{DeviceKind, FieldState, Lane, MergePolicy, RecordConflict};
    use journal::{Draft, Journal, NO_PROJECT, OpId, Terms, note_edited};
    use std::path::{Path, PathBuf};

    pub(crate) struct Desk {
        pub(crate) engine: Engine,
        pub(crate) root: PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Desk {
        fn new(person: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = std::fs::canonicalize(folder.path()).unwrap().join("project");
            std::fs::create_dir(&root).unwrap();
            std::fs::write(root.join("holdover.toml"), "[workspace]\nproject = \"ferry\"\n").unwrap();
            std::fs::write(root.join("a.rs"), "fn a() {}\n").unwrap();
            let data_dir = Some(folder.path().join("data"));
            let engine = Engine::new(EngineOptions { data_dir, ..EngineOptions::default() });
            engine.open_workspace(&root, Some(true));
            engine.inner.workspace(&root).unwrap().reload(&engine.inner);
            let desk = Self { engine, root, _folder: folder };
            desk.journal().name_device(Some(&format!("desk of {person}")), Some(person)).unwrap();
            desk
        }

        pub(crate) fn journal(&self) -> Journal {
            self.engine.journal().unwrap()
        }

        pub(crate) fn take(&self, from: &Desk) {
            let (here, there) = (self.journal(), from.journal());
            let workspace = there.workspace_id(&from.root).unwrap();
            let project = there.workspace_project(workspace).unwrap();
            for project in [Some(NO_PROJECT), project].into_iter().flatten() {
                there.seal(project).unwrap();
                for segment in there.segments(project).unwrap() {
                    here.import(&there.segment_bytes(&segment).unwrap().unwrap()).unwrap();
                }
            }
        }

        pub(crate) fn edit(&self, id: &str, body: &str) {
            self.engine.note_edit(&self.root, id, body, None, None, &NoText).unwrap();
        }

        pub(crate) fn conflicts(&self) -> Vec<RecordConflict> {
            self.engine.record_conflicts(&self.root).unwrap()
        }

        pub(crate) fn body(&self) -> String {
            let notes = self.engine.notes(&self.root, &Which::default(), &NoText).unwrap().notes;
            notes.first().map_or_else(String::new, |note| note.body.clone())
        }
    }

    pub(crate) fn desks() -> (Desk, Desk, String) {
        let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
        let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
        bob.journal().ask(&ann.journal().invite(NO_PROJECT, &terms).unwrap()).unwrap();
        ann.take(&bob);
        bob.take(&ann);
        let file = Some(ann.root.join("a.rs"));
        let new = NewNote { body: "one\ntwo\nthree".into(), shared: true, file, ..NewNote::default() };
        let id = ann.engine.note_add(&ann.root, new, &NoText).unwrap().id;
        bob.take(&ann);
        assert_eq!((bob.body(), bob.conflicts().len()), ("one\ntwo\nthree".into(), 0));
        (ann, bob, id)
    }

    fn choice(conflict: &RecordConflict, name: &str) -> String {
        let found = conflict.choices.iter().find(|one| one.choice == name).unwrap_or_else(|| panic!("{name}"));
        found.value.as_str().unwrap_or("(removed)").to_owned()
    }

    #[test]
    fn what_two_wrote_at_once_is_seen_on_either_device_resolved_on_one_and_settled_on_both() {
        let (ann, bob, id) = desks();
        ann.edit(&id, "one\nTWO\nthree");
        bob.edit(&id, "one\nzwei\nthree");
        ann.take(&bob);
        bob.take(&ann);
        let (here, there) = (ann.conflicts(), bob.conflicts());
        let ([here], [there]) = (&here[..], &there[..]) else { panic!("{here:?} {there:?}") };
        assert_eq!(here, there, "a projection of the same events");
        assert_eq!((&*here.kind, &*here.field, &*here.place), ("note", "body", "a.rs"));
        assert_eq!((here.policy, here.state), (MergePolicy::Text, FieldState::Conflict));
        let (mut names, mut values): (Vec<_>, Vec<_>) =
            here.sides.iter().map(|side| (side.author.name.as_str(), side.value.as_str().unwrap())).unzip();
        names.sort_unstable();
        values.sort_unstable();
        assert_eq!((names, values), (vec!["Ann", "Bob"], vec!["one\nTWO\nthree", "one\nzwei\nthree"]));
        assert!(here.sides[0].saw == here.sides[1].saw && here.sides[0].saw.len() == 1, "both had seen the first text");
        assert_eq!(here.ancestor.as_ref().and_then(|text| text.as_str()), Some("one\ntwo\nthree"));
        let would: Vec<_> = here.policies.iter().map(|one| (one.policy, one.state, one.value.is_null())).collect();
        let wanted = [
            (MergePolicy::LastWriter, FieldState::Concurrent, false),
            (MergePolicy::Text, FieldState::Conflict, false),
            (MergePolicy::Manual, FieldState::Conflict, true),
        ];
        assert_eq!(would, wanted);
        assert!(here.message.contains("2 texts were written at the same time") && here.message.contains("Ann"));
        assert_eq!(choice(here, "base"), "one\ntwo\nthree");
        let kept = choice(here, "incoming");

        // One that was written meanwhile is not resolved as it was shown.
        let refused = ann.engine.resolve_record(&ann.root, &id, "incoming", Some("blake3:other"), false).unwrap_err();
        assert!(refused.to_string().contains("was written since"), "{refused}");
        let refused = ann.engine.resolve_record(&ann.root, &id, "side-3", None, false).unwrap_err();
        assert!(refused.to_string().contains("current, incoming, both"), "{refused}");
        ann.engine.resolve_record(&ann.root, &id[18..], "incoming", Some(&here.fingerprint), false).unwrap();
        assert_eq!((ann.conflicts().len(), ann.body()), (0, kept.clone()));
        bob.take(&ann);
        assert_eq!((bob.conflicts().len(), bob.body()), (0, kept));
        // Nothing is lost: both texts are in both journals, and the event that resolved names both.
        for desk in [&ann, &bob] {
            let entries = desk.journal().entries(&journal::Filter::default()).unwrap();
            let said: Vec<String> = entries.iter().map(|entry| entry.payload.to_string()).collect();
            for text in ["TWO", "zwei"] {
                assert!(said.iter().any(|said| said.contains(text)), "{text}");
            }
            let last = entries.iter().rfind(|entry| entry.kind == "note.edit").unwrap();
            assert_eq!(last.payload["ops"][0]["pred"].as_array().unwrap().len(), 2, "{}", last.payload);
        }
        assert!(ann.engine.resolve_record(&ann.root, &id, "incoming", None, false).is_err(), "there is none any more");
    }

    #[test]
    fn a_text_beside_a_removal_is_a_conflict_with_its_choices_and_different_lines_are_none() {
        let (ann, bob, id) = desks();
        ann.edit(&id, "ONE\ntwo\nthree");
        bob.edit(&id, "one\ntwo\nTHREE");
        ann.take(&bob);
        assert_eq!((ann.conflicts().len(), &*ann.body()), (0, "ONE\ntwo\nTHREE"));
        bob.take(&ann);
        ann.edit(&id, "again");
        bob.engine.note_remove(&bob.root, &id, None, &NoText).unwrap();
        ann.take(&bob);
        bob.take(&ann);
        let found = ann.conflicts();
        let [conflict] = &found[..] else { panic!("{found:?}") };
        assert!(conflict.message.contains("removed by one"), "{}", conflict.message);
        let names: Vec<&str> = conflict.choices.iter().map(|one| one.choice.as_str()).collect();
        assert_eq!(&names[..2], ["current", "incoming"]);
        assert!(!names.contains(&"both") && !names.contains(&"none"), "{names:?}");
        let removal = conflict.choices.iter().find(|one| one.value.is_null()).unwrap().choice.clone();
        bob.engine.resolve_record(Path::new(&bob.root), &id, &removal, None, false).unwrap();
        ann.take(&bob);
        assert_eq!((ann.conflicts().len(), ann.body()), (0, String::new()));
    }

    #[test]
    fn of_a_thousand_texts_and_more_every_one_can_be_chosen_and_the_choice_settles_all() {
        let (ann, _bob, id) = desks();
        let entity: ulid::Ulid = id.parse().unwrap();
        let first = OpId::new(entity, 1);
        let (journal, many) = (ann.journal(), journal::MAX_PRED + 50);
        let workspace = Some(journal.workspace_id(&ann.root).unwrap());
        for n in 0..many {
            let payload = note_edited(&format!("text {n}"), &[first]);
            let draft = Draft {
                lane: Lane::Notes,
                workspace,
                entity: Some(entity),
                ..Draft::observation("note.edit", payload)
            };
            journal.append(draft).unwrap();
        }
        let found = ann.conflicts();
        let [conflict] = &found[..] else { panic!("{} conflicts", found.len()) };
        assert_eq!(conflict.sides.len(), many);
        assert!(conflict.sides.iter().all(|side| side.saw == [first.to_string()]));
        assert!(conflict.message.len() < 2000 && conflict.message.contains("; 1066 more"), "{}", conflict.message);
        let last = format!("side-{many}");
        assert_eq!(choice(conflict, &last), "text 0");
        ann.engine.resolve_record(&ann.root, &id, &last, Some(&conflict.fingerprint), false).unwrap();
        assert_eq!((ann.conflicts().len(), &*ann.body()), (0, "text 0"));
    }

    #[test]
    fn a_text_beside_one_that_was_redacted_is_taken_or_removed_and_the_redacted_one_never_comes_back() {
        let (ann, bob, id) = desks();
        ann.edit(&id, "one\nTWO\nthree");
        bob.edit(&id, "one\nzwei\nthree");
        let secret = bob.journal().entries(&journal::Filter::default()).unwrap();
        let secret = secret.iter().rfind(|entry| entry.kind == "note.edit").unwrap().id.parse().unwrap();
        ann.take(&bob);
        let actor =
            contract::Actor { kind: contract::ActorKind::Person, name: "Bob".into(), model: None, prompt: None };
        bob.journal().redact(&[secret], "a secret", &actor).unwrap();
        ann.take(&bob);
        let found = ann.conflicts();
        let [conflict] = &found[..] else { panic!("{found:?}") };
        assert!(conflict.message.contains("(redacted)"), "{}", conflict.message);
        let shown = serde_json::to_string(conflict).unwrap();
        assert!(!shown.contains("zwei"), "{shown}");
        let names: Vec<&str> = conflict.choices.iter().map(|one| one.choice.as_str()).collect();
        assert!(names.contains(&"none") && !names.contains(&"both"), "{names:?}");
        ann.engine.resolve_record(&ann.root, &id, "none", None, false).unwrap();
        bob.take(&ann);
        for desk in [&ann, &bob] {
            assert_eq!((desk.conflicts().len(), desk.body()), (0, String::new()));
        }
    }
}
