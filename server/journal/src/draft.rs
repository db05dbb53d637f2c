//! What a caller wants to record, and its form that is ready to be written.
//! The costly part (JSON, salt, commitment) is done here, on the caller's thread; places and chains are the writer's.

use crate::chain::commitment;
use crate::error::JournalError;
use crate::header::{MAX_KIND, MAX_NAME};
use crate::time::now_ms;
use contract::{Actor, ActorKind, Lane};
use ulid::Ulid;

/// Longest payload of one event, in bytes of JSON. What is larger belongs in a file that the event names.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Deepest nesting of a payload; readers of JSON refuse what is deeper than 128.
const MAX_DEPTH: usize = 100;

/// An event that is not written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Lower-case words with dots: `fetch.finished`. At most 128 bytes.
    pub kind: String,
    /// What it is about; the event itself where it is `None`.
    pub entity: Option<Ulid>,
    /// The workspace it belongs to.
    pub workspace: Option<Ulid>,
    /// The chain it goes to.
    pub lane: Lane,
    /// Who did it.
    pub actor: Actor,
    /// What happened: the least that is needed, with paths relative to the workspace. At most [`MAX_PAYLOAD`] bytes of JSON.
    pub payload: serde_json::Value,
    /// Whether a person meant it: it is flushed to the disk before it counts as written. Observations are not, and are grouped.
    pub intent: bool,
}

impl Draft {
    /// A draft by Holdover itself on the local lane, without intent.
    pub fn observation(kind: &str, payload: serde_json::Value) -> Draft {
        Draft {
            kind: kind.to_owned(),
            entity: None,
            workspace: None,
            lane: Lane::Local,
            actor: holdover(),
            payload,
            intent: false,
        }
    }

    pub(crate) fn prepare(&self) -> Result<Prepared, JournalError> {
        let invalid = |detail: String| JournalError::InvalidDraft { detail };
        if self.kind.is_empty() || self.kind.len() > MAX_KIND {
            return Err(invalid(format!("a kind has 1 to {MAX_KIND} bytes, and this one {}", self.kind.len())));
        }
        if self.kind.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid("a kind holds no spaces and no control characters".to_owned()));
        }
        if depth(&self.payload) > MAX_DEPTH {
            return Err(invalid(format!("the payload of `{}` is nested deeper than {MAX_DEPTH}", self.kind)));
        }
        let names = [Some(&self.actor.name), self.actor.model.as_ref(), self.actor.prompt.as_ref()];
        if let Some(name) = names.into_iter().flatten().find(|name| name.len() > MAX_NAME) {
            return Err(invalid(format!("a name has at most {MAX_NAME} bytes, and this one {}", name.len())));
        }
        let payload = serde_json::to_vec(&self.payload).map_err(|e| invalid(e.to_string()))?;
        if payload.len() > MAX_PAYLOAD {
            return Err(JournalError::TooLarge { kind: self.kind.clone(), bytes: payload.len(), limit: MAX_PAYLOAD });
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|e| invalid(format!("no random numbers: {e}")))?;
        let id = Ulid::generate();
        Ok(Prepared {
            id,
            kind: self.kind.clone(),
            entity: self.entity.unwrap_or(id),
            workspace: self.workspace,
            lane: self.lane,
            actor: self.actor.clone(),
            intent: self.intent,
            wall_ms: now_ms(),
            commit: commitment(&salt, &payload),
            salt,
            payload,
        })
    }
}

/// How deep lists and objects are nested; looks no deeper than one level past what is allowed.
fn depth(value: &serde_json::Value) -> usize {
    let mut level = vec![value];
    for depth in 0..=MAX_DEPTH {
        let mut next = Vec::new();
        for value in level {
            match value {
                serde_json::Value::Array(items) => next.extend(items),
                serde_json::Value::Object(fields) => next.extend(fields.values()),
                _ => {}
            }
        }
        if next.is_empty() {
            return depth;
        }
        level = next;
    }
    MAX_DEPTH + 1
}

/// The actor of what Holdover does by itself.
pub fn holdover() -> Actor {
    Actor { kind: ActorKind::Tool, name: "holdover".to_owned(), model: None, prompt: None }
}

/// A draft that only lacks its place.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub id: Ulid,
    pub kind: String,
    pub entity: Ulid,
    pub workspace: Option<Ulid>,
    pub lane: Lane,
    pub actor: Actor,
    pub intent: bool,
    pub wall_ms: i64,
    pub salt: [u8; 16],
    pub payload: Vec<u8>,
    pub commit: [u8; 32],
}
