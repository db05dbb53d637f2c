//! The history of artifacts: when each was found missing, who asked for it, what was fetched, when it was here again and
//! its checksum compared. Reads what looks and fetches wrote down; an event that says nothing of an artifact is not its own.

use crate::documents::shown;
use crate::inner::Inner;
use crate::trail::{LOOKED_AT, MOST, told};
use crate::{Engine, EngineError};
use contract::{ArtifactState, JournalEntry, TrailEntry, TrailReport};
use inventory::Survey;
use journal::Filter;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::Path;

/// Artifacts that one look names, at most; how many more there were is said beside.
const NAMED: usize = 200;

impl Engine {
    /// What the journal knows of some artifacts of a workspace, by their ids, newest first. Reads the journal.
    pub fn artifact_trail(&self, root: &Path, ids: &[String]) -> Result<TrailReport, EngineError> {
        let entries = read(&self.inner, root)?;
        let survey = self.inner.workspace(root).and_then(|workspace| workspace.survey());
        let verified = |id: &String| {
            let artifact = survey.as_ref().and_then(|survey| survey.artifacts.iter().find(|one| one.id == *id));
            artifact.is_some_and(|one| one.verified && one.state == ArtifactState::Present)
        };
        let mut found: Vec<(u64, TrailEntry)> = Vec::new();
        for id in ids {
            let name = if ids.len() > 1 { format!("{}: ", shown(id)) } else { String::new() };
            for (pos, what) in of(id, &entries, verified(id)) {
                let Some((_, entry)) = entries.iter().find(|(at, _)| *at == pos) else { continue };
                found.push((pos, TrailEntry { what: format!("{name}{what}"), ..told(entry) }));
            }
        }
        // By place, and in the order in which the artifacts were named where one event speaks of several.
        found.sort_by_key(|(pos, _)| std::cmp::Reverse(*pos));
        let title = ids.iter().map(|id| shown(id)).collect::<Vec<_>>().join(", ");
        let entries = found.into_iter().map(|(_, entry)| entry).take(MOST).collect();
        Ok(TrailReport { file: String::new(), artifacts: ids.to_vec(), title, entries })
    }

    /// The same as a Markdown document.
    pub fn artifact_trail_markdown(&self, root: &Path, ids: &[String]) -> Result<String, EngineError> {
        self.artifact_trail(root, ids).map(|trail| crate::report::trail_markdown(&trail))
    }
}

/// Every look and every step of a fetch, oldest first.
fn read(inner: &Inner, root: &Path) -> Result<Vec<(u64, JournalEntry)>, EngineError> {
    let journal = inner.journal().map_err(|reason| EngineError::Journal { reason })?;
    let workspace = journal.workspace_id(root)?;
    let mut entries = Vec::new();
    for kind in ["readiness.", "fetch."] {
        let filter = Filter {
            workspace: Some(workspace),
            kind: Some(kind.to_owned()),
            newest_first: true,
            limit: Some(LOOKED_AT),
            ..Filter::default()
        };
        journal.for_each(&filter, |pos, entry| {
            entries.push((pos, entry));
            ControlFlow::Continue(())
        })?;
    }
    entries.sort_by_key(|(pos, _)| *pos);
    Ok(entries)
}

/// What a look says of the artifacts that are not here as they should be, for the event of its readiness: their ids by
/// state, how many more there are, and whether every one that is here had its checksum compared.
pub(crate) fn lacking(survey: &Survey) -> Value {
    let mut named = json!({});
    let mut more = 0;
    for (n, artifact) in survey.absent().enumerate() {
        if n >= NAMED {
            more += 1;
            continue;
        }
        let Some(state) = word(artifact.state) else { continue };
        if let Some(ids) = named.get_mut(state).and_then(Value::as_array_mut) {
            ids.push(json!(artifact.id));
        } else {
            named[state] = json!([artifact.id]);
        }
    }
    let readiness = &survey.readiness;
    let mut said = json!({ "lacking": named });
    if more > 0 {
        said["more"] = json!(more);
    }
    if readiness.present > 0 && readiness.verified == readiness.present {
        said["verified"] = json!(true);
    }
    said
}

fn word(state: ArtifactState) -> Option<&'static str> {
    match state {
        ArtifactState::Present => None,
        ArtifactState::Missing => Some("missing"),
        ArtifactState::Corrupt => Some("corrupt"),
        ArtifactState::Stale => Some("stale"),
        ArtifactState::Unknown => Some("unknown"),
    }
}

fn lists(payload: &Value, name: &str, id: &str) -> bool {
    payload.get(name).and_then(Value::as_array).is_some_and(|ids| ids.iter().any(|one| one == id))
}

/// What a look found of one artifact; `None` where it cannot be told.
fn found<'p>(payload: &'p Value, id: &str) -> Option<&'p str> {
    let by_state = payload.get("lacking")?.as_object()?;
    let state = by_state.iter().find(|(_, ids)| ids.as_array().is_some_and(|ids| ids.iter().any(|one| one == id)));
    match state {
        Some((state, _)) => Some(state.as_str()),
        None if payload.get("more").is_some() => None,
        None => Some("here"),
    }
}

/// Which events tell of one artifact, and what, oldest first. `verified`: it is here now, and its checksum was compared.
fn of(id: &str, entries: &[(u64, JournalEntry)], verified: bool) -> Vec<(u64, String)> {
    const COMPARED: &str = "its checksum was compared: it is the lockfile's";
    let mut out = Vec::new();
    let mut last: Option<&str> = None;
    // Whether something changed for it, so that it is known to have been one of the lockfile's; whether its checksum was
    // told to have been compared since; the newest look that compared every one.
    let (mut known, mut told, mut newest) = (false, false, None);
    for (pos, entry) in entries {
        let (kind, payload) = (entry.kind.as_str(), &entry.payload);
        if payload.is_null() {
            // It may have told of this one; nobody can know any more.
            out.push((*pos, format!("{kind}, redacted: its contents are gone")));
        } else if kind == "readiness.observed" {
            let Some(state) = found(payload, id) else { continue };
            if last.is_some_and(|last| last != state) || last.is_none() && state != "here" {
                out.push((*pos, looked(state)));
                (known, told) = (true, false);
            }
            last = Some(state);
            if state == "here" && payload.get("verified").and_then(Value::as_bool) == Some(true) {
                newest = Some(*pos);
                if known && !told {
                    out.push((*pos, COMPARED.to_owned()));
                    told = true;
                }
            }
        } else if kind == "fetch.asked" && lists(payload, "artifacts", id) {
            let others = payload["artifacts"].as_array().map_or(0, Vec::len) - 1;
            let with = if others == 0 {
                String::new()
            } else {
                format!(", with {}", crate::words::counted(others as u64, "other artifact"))
            };
            out.push((*pos, format!("asked for{with}")));
        } else if lists(payload, "fetched", id) {
            out.push((*pos, "fetched".to_owned()));
        } else if lists(payload, "left", id) {
            let why = payload.get("errors").and_then(|errors| errors.get(0)).and_then(Value::as_str);
            let how = if kind == "fetch.cancelled" { "not fetched: it was stopped" } else { "not fetched" };
            out.push((*pos, why.map_or_else(|| how.to_owned(), |why| format!("not fetched: {}", line(why)))));
        }
    }
    // Nothing ever changed for it: what holds now is all there is to tell of it.
    if let Some(pos) = newest.filter(|_| verified && !known && last == Some("here")) {
        out.push((pos, COMPARED.to_owned()));
        out.sort_by_key(|(pos, _)| *pos);
    }
    out
}

fn looked(state: &str) -> String {
    match state {
        "missing" => "found missing",
        "corrupt" => "found damaged: its checksum is not the lockfile's",
        "stale" => "found stale",
        "here" => "found here",
        _ => "could not be told",
    }
    .to_owned()
}

/// The first line of what a tool said.
fn line(text: &str) -> String {
    crate::notes::shown_plain(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Actor, ActorKind, Delivery, Lane};

    fn event(kind: &str, payload: Value) -> JournalEntry {
        JournalEntry {
            id: String::new(),
            log: String::new(),
            seq: 1,
            at: String::new(),
            actor: Actor { kind: ActorKind::Tool, name: "holdover".into(), model: None, prompt: None },
            kind: kind.into(),
            entity: String::new(),
            lane: Lane::Local,
            state: Delivery::Durable,
            held: None,
            left: Vec::new(),
            uploaded_to: Vec::new(),
            seen_by: Vec::new(),
            workspace: None,
            payload,
        }
    }

    fn history(events: Vec<JournalEntry>) -> Vec<(u64, String)> {
        of("cargo:a@1", &(1..).zip(events).collect::<Vec<_>>(), false)
    }

    #[test]
    fn an_artifact_is_told_of_where_something_changed_for_it_and_nowhere_else() {
        let look = |payload| event("readiness.observed", payload);
        let told = history(vec![
            look(json!({"lacking": {"missing": ["cargo:b@1"]}})),
            look(json!({"lacking": {"missing": ["cargo:b@1", "cargo:a@1"]}})),
            look(json!({"lacking": {"missing": ["cargo:a@1"]}})),
            event("fetch.asked", json!({"artifacts": ["cargo:a@1", "cargo:b@1", "cargo:c@1"]})),
            event("fetch.failed", json!({"fetched": [], "left": ["cargo:a@1"], "errors": ["\n no\u{1b}route\nmore"]})),
            event("fetch.asked", json!({"artifacts": ["cargo:b@1"]})),
            event("fetch.asked", json!({"artifacts": ["cargo:a@1"]})),
            look(json!({"lacking": {}})),
            event("fetch.finished", json!({"fetched": ["cargo:a@1"], "left": [], "errors": []})),
            look(json!({"lacking": {}, "verified": true})),
            look(json!({"lacking": {"missing": ["cargo:b@1"]}, "verified": true})),
            look(json!({"lacking": {"corrupt": ["cargo:a@1"]}})),
        ]);
        let expected = [
            (2, "found missing"),
            (4, "asked for, with 2 other artifacts"),
            (5, "not fetched: no⟨U+001B⟩route"),
            (7, "asked for"),
            (8, "found here"),
            (9, "fetched"),
            (10, "its checksum was compared: it is the lockfile's"),
            (12, "found damaged: its checksum is not the lockfile's"),
        ];
        let told: Vec<(u64, &str)> = told.iter().map(|(pos, what)| (*pos, what.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn of_an_artifact_for_which_nothing_changed_what_holds_now_is_told() {
        let look = |_| event("readiness.observed", json!({"lacking": {}, "verified": true}));
        let events: Vec<_> = (1..3).map(|pos| (pos, look(pos))).collect();
        assert_eq!(of("cargo:a@1", &events, false), [], "it may not be one of the lockfile's");
        let told = of("cargo:a@1", &events, true);
        assert_eq!(told, [(2, "its checksum was compared: it is the lockfile's".to_owned())]);
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        let look = |payload| event("readiness.observed", payload);
        let told = history(vec![
            // Of an earlier version: it names nothing.
            look(json!({"present": 3, "missing": 1})),
            look(json!({"lacking": {"missing": ["cargo:a@1"]}})),
            // It may be among those that are not named.
            look(json!({"lacking": {"missing": ["cargo:b@1"]}, "more": 7})),
            look(Value::Null),
            look(json!({"lacking": {"missing": ["cargo:a@1"]}})),
        ]);
        let told: Vec<(u64, &str)> = told.iter().map(|(pos, what)| (*pos, what.as_str())).collect();
        assert_eq!(told, [(2, "found missing"), (4, "readiness.observed, redacted: its contents are gone")]);
    }
}
