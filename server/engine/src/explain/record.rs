//! Explanations in the journal, in the lane that never leaves this machine: what was asked of which model, what it said, and what a person said of it.

use crate::inner::Inner;
use crate::record::{enabled, person};
use contract::{Actor, ActorKind, Answer, Explanation, JournalEntry, Judgement, Lane, ModelSaw};
use journal::{Draft, Filter, Journal};
use serde_json::json;
use std::path::Path;
use ulid::Ulid;

/// What an answer is.
const GIVEN: &str = "explanation.given";
/// What a person says of it.
const JUDGED: &str = "explanation.judged";

/// Writes down what was said; gives the event's id. Without a journal it is only logged.
pub(super) fn write(
    inner: &Inner,
    root: &Path,
    key: &str,
    explanation: &Explanation,
    answer: &Answer,
    saw: &ModelSaw,
) -> Option<String> {
    let actor = Actor {
        kind: ActorKind::Model,
        name: answer.model.clone(),
        model: Some(answer.model.clone()),
        prompt: Some(saw.prompt.clone()),
    };
    let range = explanation.range;
    let payload = json!({
        "file": explanation.file, "lines": [range.start.line + 1, range.end.line + 1], "finding": explanation.finding,
        "question": explanation.question, "askedBy": person().name, "input": key,
        "prompt": { "name": saw.prompt, "hash": saw.prompt_hash }, "masked": saw.masked, "answer": answer,
    });
    append(inner, root, GIVEN, key, actor, payload)
}

/// Writes down what a person says of an answer.
pub(super) fn judged(inner: &Inner, root: &Path, key: &str, event: Option<&str>, verdict: &Judgement) {
    let payload = json!({ "explanation": event, "accepted": verdict.accepted, "reason": verdict.reason });
    append(inner, root, JUDGED, key, person(), payload);
}

fn append(
    inner: &Inner,
    root: &Path,
    kind: &str,
    key: &str,
    actor: Actor,
    payload: serde_json::Value,
) -> Option<String> {
    if !enabled(inner, root) {
        return None;
    }
    let journal = match inner.journal() {
        Ok(journal) => journal,
        Err(reason) => {
            tracing::warn!("not recorded: {kind}: {reason}");
            return None;
        }
    };
    let draft = Draft {
        kind: kind.to_owned(),
        entity: entity(key),
        workspace: journal.workspace_id(root).ok(),
        lane: Lane::Local,
        actor,
        payload,
        intent: true,
        refs: Vec::new(),
    };
    let written = journal.append(draft).map(|entry| entry.id);
    written.map_err(|e| tracing::warn!("not recorded: {kind}: {e}")).ok()
}

/// What was answered to the same before, with what a person said of it.
pub(super) fn given(inner: &Inner, root: &Path, key: &str) -> Option<Answer> {
    let journal = inner.journal_if_old().filter(|_| enabled(inner, root))?;
    let found = newest(&journal, root, key, GIVEN, |entry| {
        let payload = &entry.payload;
        let whole = matches!(payload["answer"]["ended"].as_str(), Some("stop" | "length"));
        payload["input"] == key && whole
    })?;
    let mut answer: Answer = serde_json::from_value(found.payload["answer"].clone()).ok()?;
    answer.recorded = true;
    answer.event = Some(found.id);
    let verdict = newest(&journal, root, key, JUDGED, |_| true);
    answer.verdict = verdict.and_then(|entry| serde_json::from_value(entry.payload).ok());
    Some(answer)
}

fn newest(
    journal: &Journal,
    root: &Path,
    key: &str,
    kind: &str,
    fits: impl Fn(&JournalEntry) -> bool,
) -> Option<JournalEntry> {
    let filter = Filter {
        kind: Some(kind.to_owned()),
        entity: entity(key),
        workspace: journal.workspace_id(root).ok(),
        newest_first: true,
        limit: Some(20),
        ..Filter::default()
    };
    journal.entries(&filter).ok()?.into_iter().find(fits)
}

/// What all answers to one question are about: the first bytes of its hash.
fn entity(key: &str) -> Option<Ulid> {
    let hex = key.rsplit(':').next()?.get(..32)?;
    u128::from_str_radix(hex, 16).ok().map(Ulid::from)
}
