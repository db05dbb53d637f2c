//! What a caller wants to record, and its form that is ready to be written.
//! The costly part (JSON, salt, commitment) is done here, on the caller's thread; places and chains are the writer's.

use crate::chain::{commitment, lane_number};
use crate::error::JournalError;
use crate::header::{Header, MAX_KIND, MAX_NAME, class};
use crate::json::{self, MAX_DEPTH};
use crate::op::{Op, ops_of, ops_value};
use crate::time::now_ms;
use contract::{Actor, ActorKind, Lane};
use std::cell::RefCell;
use ulid::{Generator, Ulid};

/// Longest payload of one event, in bytes of JSON. What is larger belongs in a file that the event names.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Most things that one event refers to, and the longest name of one in bytes.
pub const MAX_REFS: usize = 256;
/// See [`MAX_REFS`].
pub const MAX_REF: usize = 64;

/// Room for a payload as most are, in bytes: one allocation for each of them.
const USUAL_PAYLOAD: usize = 512;

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
    /// What else it is about: the 16 bytes of each event that it redacts or resolves, roots of blobs. At most [`MAX_REFS`],
    /// each of at most [`MAX_REF`] bytes.
    pub refs: Vec<Vec<u8>>,
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
            refs: Vec::new(),
        }
    }

    /// What a person means about a synchronised record: `{"ops": […]}`, flushed to the disk before it counts as written.
    pub fn intent(kind: &str, lane: Lane, actor: Actor, ops: &[Op]) -> Draft {
        let payload = serde_json::json!({ "ops": ops_value(ops) });
        Draft { lane, actor, intent: true, ..Draft::observation(kind, payload) }
    }

    pub(crate) fn prepare(&self) -> Result<Prepared, JournalError> {
        let invalid = |detail: String| JournalError::InvalidDraft { detail };
        if self.kind.is_empty() || self.kind.len() > MAX_KIND {
            return Err(invalid(format!("a kind has 1 to {MAX_KIND} bytes, and this one {}", self.kind.len())));
        }
        if self.kind.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid("a kind holds no spaces and no control characters".to_owned()));
        }
        let names = [Some(&self.actor.name), self.actor.model.as_ref(), self.actor.prompt.as_ref()];
        if let Some(name) = names.into_iter().flatten().find(|name| name.len() > MAX_NAME) {
            return Err(invalid(format!("a name has at most {MAX_NAME} bytes, and this one {}", name.len())));
        }
        if self.lane == Lane::Other {
            return Err(invalid("nothing is written to the lanes of later versions".to_owned()));
        }
        if self.refs.len() > MAX_REFS || self.refs.iter().any(|reference| reference.len() > MAX_REF) {
            return Err(invalid(format!(
                "an event refers to at most {MAX_REFS} things, by at most {MAX_REF} bytes each"
            )));
        }
        if let Err(error) = ops_of(&self.payload) {
            return Err(invalid(format!("the operations of `{}` cannot be read back: {error}", self.kind)));
        }
        let mut payload = Vec::with_capacity(USUAL_PAYLOAD);
        if !json::write(&self.payload, &mut payload).map_err(|e| invalid(e.to_string()))? {
            return Err(invalid(format!("the payload of `{}` is nested deeper than {MAX_DEPTH}", self.kind)));
        }
        if payload.len() > MAX_PAYLOAD {
            return Err(JournalError::TooLarge { kind: self.kind.clone(), bytes: payload.len(), limit: MAX_PAYLOAD });
        }
        let salt = salt().map_err(|e| invalid(format!("no random numbers: {e}")))?;
        let id = new_id();
        let header = Header {
            v: 1,
            // The writer gives log, place and number.
            log: [0; 16],
            seq: 0,
            id,
            lamport: 0,
            wall_ms: now_ms(),
            kind: self.kind.clone(),
            kver: 1,
            entity: self.entity.unwrap_or(id),
            actor: self.actor.clone(),
            // Lists logs of other devices, and there are none before the first synchronisation.
            seen: Vec::new(),
            class: class(lane_number(self.lane), priority(self.lane), self.intent),
            payload_len: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            payload_commit: commitment(&salt, &payload),
            refs: self.refs.clone(),
            workspace: self.workspace,
            sig: None,
        };
        Ok(Prepared { header, lane: self.lane, project: None, salt, payload })
    }
}

/// The next id of this thread, higher than the one before also within a millisecond: the index of ids grows at its end, where a
/// page is filled before the next is begun, and not in the middle.
pub(crate) fn new_id() -> Ulid {
    #[cfg(feature = "simulated")]
    if let Some(id) = crate::simulated::ulid() {
        return id;
    }
    thread_local! {
        static IDS: RefCell<Generator> = const { RefCell::new(Generator::new()) };
    }
    IDS.with_borrow_mut(|ids| ids.generate().unwrap_or_else(ulid::Overflow::commit_overflow_random))
}

/// 16 bytes from the system's generator, which is asked for many at a time: a call costs more than all the hashes of an event.
fn salt() -> Result<[u8; 16], getrandom::Error> {
    // As many as are asked for, so that a simulation leaves none for the next.
    const STOCK: usize = if cfg!(feature = "simulated") { 1 } else { 64 };
    thread_local! {
        static SALTS: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
    }
    SALTS.with_borrow_mut(|salts| {
        if let Some(salt) = salts.pop() {
            return Ok(salt);
        }
        let mut fresh = [[0; 16]; STOCK];
        crate::chance::fill(fresh.as_flattened_mut())?;
        salts.extend_from_slice(&fresh[1..]);
        Ok(fresh[0])
    })
}

/// The actor of what Holdover does by itself.
pub fn holdover() -> Actor {
    Actor { kind: ActorKind::Tool, name: "holdover".to_owned(), model: None, prompt: None }
}

/// Scheduling class of a lane: membership, decisions, notes, the rest.
fn priority(lane: Lane) -> u8 {
    match lane {
        Lane::Ctl => 0,
        Lane::Review => 1,
        Lane::Notes => 2,
        Lane::Observations | Lane::Local | Lane::Other => 3,
    }
}

/// A draft that only lacks its place.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub header: Header,
    pub lane: Lane,
    /// `None`: that of its workspace.
    pub project: Option<[u8; 16]>,
    pub salt: [u8; 16],
    pub payload: Vec<u8>,
}
