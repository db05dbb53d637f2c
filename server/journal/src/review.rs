//! Reviews, their threads and comments as their events make them: a pure function from a set of events, whatever the order they come in.
//! It reads no text of a file and writes nothing; whoever has the texts finds the places again.
//!
//! ```text
//! review.start     entity = the event's own id   ops: body text (the title), range set {spec, base, head}
//! review.thread    entity = the event's own id   ops: review set, anchor set, body text, state set "open"
//! review.reply     entity = the event's own id   ops: thread set, body text
//! review.edit      entity = thread or reply      ops: body text, with pred
//! review.retract   entity = thread or reply      ops: body del, with pred
//! review.place     entity = thread               ops: anchor set, with pred
//! review.state     entity = thread               ops: state set "open" or "resolved", with pred
//! review.decision  entity = the review, signed   ops: verdict set {verdict, head}, with pred
//! review.published entity = the review           ops: published set {to, target, head, url, comments: [{id, sum}]}
//! ```
//!
//! Whoever replies says in the same transaction how the thread stood for them (`review.state`): a resolution that was written without
//! knowledge of a reply then stands beside it, and people decide. So do verdicts that did not know of each other.

use crate::note::{is_inside, payload, replacing};
use crate::op::{Op, OpId, OpKind};
use crate::thing::{Building, Field, NoteRecord, anchor_of, record};
use contract::{Actor, Anchor, JournalEntry, NoteAnchor, ReviewSide, VerdictKind};
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ulid::Ulid;

/// Kinds of the events of reviews begin so.
pub const REVIEW_KINDS: &str = "review.";
/// Longest range as it was asked for, and longest line that says what encloses a place, in bytes.
const MAX_WORDS: usize = 1024;

/// What a review is about, as it was when it began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewRange {
    /// What was asked for.
    pub spec: String,
    /// The commit before the change.
    pub base: String,
    /// The commit that holds it.
    pub head: String,
}

/// A verdict as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictRecord {
    /// What wrote it.
    pub op: OpId,
    /// What was decided.
    pub verdict: VerdictKind,
    /// About which commit.
    pub head: String,
    /// Who decided.
    pub author: Actor,
    /// RFC 3339: when.
    pub at: String,
    /// Whether somebody who had seen it decided anew.
    pub replaced: bool,
}

/// One word on whether a thread is done with, which nobody has replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadState {
    /// What wrote it.
    pub op: OpId,
    /// Whether it says so.
    pub resolved: bool,
    /// Who said it.
    pub author: Actor,
    /// RFC 3339: when.
    pub at: String,
}

/// A thread with its comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadRecord {
    /// The review that it is of.
    pub review: Ulid,
    /// Where it was put.
    pub anchor: Anchor,
    /// Its first comment; its id is the thread's.
    pub first: NoteRecord,
    /// The others, in the order in which they were written.
    pub replies: Vec<NoteRecord>,
    /// The words on whether it is done with that nobody has replaced, newest first.
    pub states: Vec<ThreadState>,
}

impl ThreadRecord {
    /// The thread's id.
    pub fn id(&self) -> Ulid {
        self.first.id
    }

    /// Whether it is done with; `None` where people said both without knowing of each other.
    pub fn resolved(&self) -> Option<bool> {
        let mut said = self.states.iter().map(|state| state.resolved);
        let first = said.next().unwrap_or(false);
        said.all(|other| other == first).then_some(first)
    }

    /// Its comments, the first one first.
    pub fn comments(&self) -> impl Iterator<Item = &NoteRecord> {
        std::iter::once(&self.first).chain(&self.replies)
    }
}

/// What was published of a review, as it was written: where, and which comments as they were then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecord {
    /// The kind of host.
    pub to: String,
    /// What on it: `owner/name#12`.
    pub target: String,
    /// Where it can be read there.
    pub url: Option<String>,
    /// The comments, each with the fingerprint of the text that was sent.
    pub comments: Vec<(Ulid, String)>,
    /// Who published it.
    pub author: Actor,
    /// RFC 3339: when.
    pub at: String,
}

/// A review with its threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRecord {
    /// Its title, who began it and when.
    pub about: NoteRecord,
    /// What it is about.
    pub range: ReviewRange,
    /// Its threads, in the order in which they were begun.
    pub threads: Vec<ThreadRecord>,
    /// Every verdict, oldest first.
    pub verdicts: Vec<VerdictRecord>,
    /// What was published of it, oldest first.
    pub published: Vec<PublishedRecord>,
}

/// The payload of an event that begins a review.
pub fn review_started(title: &str, range: &ReviewRange) -> Value {
    let range = json!({ "spec": range.spec, "base": range.base, "head": range.head });
    payload(&[Op::new("body", OpKind::Text, title), Op::set("range", range)])
}

/// The payload of an event that begins a thread.
pub fn thread_begun(review: Ulid, anchor: &Anchor, body: &str) -> Value {
    payload(&[
        Op::set("review", review.to_string()),
        Op::set("anchor", json!(anchor)),
        Op::new("body", OpKind::Text, body),
        Op::set("state", OPEN),
    ])
}

/// The payload of an event that answers.
pub fn replied(thread: Ulid, body: &str) -> Value {
    payload(&[Op::set("thread", thread.to_string()), Op::new("body", OpKind::Text, body)])
}

/// The payload of an event that says how a thread stands, in place of what the operations `pred` said.
pub fn thread_state(resolved: bool, pred: &[OpId]) -> Value {
    payload(&replacing(&Op::set("state", if resolved { RESOLVED } else { OPEN }), pred))
}

/// The payload of an event that puts a thread to another place.
pub fn thread_placed(anchor: &Anchor, pred: &[OpId]) -> Value {
    payload(&replacing(&Op::set("anchor", json!(anchor)), pred))
}

/// The payload of an event that decides, in place of the verdicts `pred`.
pub fn decided(verdict: VerdictKind, head: &str, pred: &[OpId]) -> Value {
    payload(&replacing(&Op::set("verdict", json!({ "verdict": verdict, "head": head })), pred))
}

/// The payload of an event that says what was published of a review.
pub fn review_published(to: &str, target: &str, head: &str, url: Option<&str>, comments: &[(Ulid, String)]) -> Value {
    let comments: Vec<Value> = comments.iter().map(|(id, sum)| json!({ "id": id.to_string(), "sum": sum })).collect();
    let value = json!({ "to": to, "target": target, "head": head, "url": url, "comments": comments });
    payload(&[Op::set("published", value)])
}

const OPEN: &str = "open";
const RESOLVED: &str = "resolved";

/// The reviews of a set of events. Events may come in any order, and more than once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reviews {
    things: BTreeMap<Ulid, (Kind, Building)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// What it is named after has not arrived.
    #[default]
    Unknown,
    Review,
    Thread,
    Reply,
}

impl Reviews {
    /// Takes one event in; those of other kinds change nothing.
    pub fn apply(&mut self, entry: &JournalEntry) {
        let (Ok(id), Ok(entity)) = (entry.id.parse::<Ulid>(), entry.entity.parse::<Ulid>()) else { return };
        let first = match entry.kind.as_str() {
            "review.start" => Kind::Review,
            "review.thread" => Kind::Thread,
            "review.reply" => Kind::Reply,
            "review.edit" | "review.retract" | "review.place" | "review.state" | "review.decision"
            | "review.published" => Kind::Unknown,
            _ => return,
        };
        let (kind, building) = self.things.entry(entity).or_default();
        let is_first = first != Kind::Unknown && id == entity;
        if is_first {
            *kind = first;
        }
        building.take(id, entry, is_first);
    }

    /// The reviews, in the order in which they were begun. What has not arrived as a whole is not among them.
    pub fn records(&self) -> Vec<ReviewRecord> {
        let mut replies: BTreeMap<Ulid, Vec<NoteRecord>> = BTreeMap::new();
        for (id, building) in self.of(Kind::Reply) {
            if let (Some(thread), Some(reply)) = (linked(building, "thread"), record(id, building)) {
                replies.entry(thread).or_default().push(reply);
            }
        }
        let mut threads: BTreeMap<Ulid, Vec<ThreadRecord>> = BTreeMap::new();
        for (id, building) in self.of(Kind::Thread) {
            let (Some(review), Some(first)) = (linked(building, "review"), record(id, building)) else { continue };
            let replies = replies.remove(&id).unwrap_or_default();
            let anchor = building.anchor.heads().first().map_or_else(Anchor::default, |(_, at)| anchor(&at.value));
            let states = building.set.get("state").map(states).unwrap_or_default();
            threads.entry(review).or_default().push(ThreadRecord { review, anchor, first, replies, states });
        }
        let review = |(id, building): (Ulid, &Building)| {
            let range = building.set.get("range").and_then(|range| self::range(&range.heads().first()?.1.value))?;
            let verdicts = building.set.get("verdict").map(verdicts).unwrap_or_default();
            let published = building.set.get("published").map(published).unwrap_or_default();
            let threads = threads.remove(&id).unwrap_or_default();
            Some(ReviewRecord { about: record(id, building)?, range, threads, verdicts, published })
        };
        self.of(Kind::Review).filter_map(review).collect()
    }

    fn of(&self, wanted: Kind) -> impl Iterator<Item = (Ulid, &Building)> {
        self.things.iter().filter(move |(_, (kind, _))| *kind == wanted).map(|(id, (_, building))| (*id, building))
    }
}

/// The thing that another belongs to: what it said first, which nothing changes.
fn linked(building: &Building, field: &str) -> Option<Ulid> {
    building.set.get(field)?.written.values().next()?.value.as_str()?.parse().ok()
}

fn states(field: &Field) -> Vec<ThreadState> {
    let state = |(op, written): (&OpId, &crate::thing::Written)| {
        let resolved = match written.value.as_str()? {
            OPEN => false,
            RESOLVED => true,
            _ => return None,
        };
        Some(ThreadState { op: *op, resolved, author: written.author.clone(), at: written.at.clone() })
    };
    field.heads().into_iter().filter_map(state).collect()
}

fn verdicts(field: &Field) -> Vec<VerdictRecord> {
    let heads: Vec<OpId> = field.heads().into_iter().map(|(op, _)| *op).collect();
    let verdict = |(op, written): (&OpId, &crate::thing::Written)| {
        let verdict = VerdictKind::deserialize(written.value.get("verdict")?).ok()?;
        let head = written.value.get("head")?.as_str().filter(|head| is_commit(head))?.to_owned();
        let (author, at) = (written.author.clone(), written.at.clone());
        Some(VerdictRecord { op: *op, verdict, head, author, at, replaced: !heads.contains(op) })
    };
    field.written.iter().filter_map(verdict).collect()
}

fn published(field: &Field) -> Vec<PublishedRecord> {
    let one = |written: &crate::thing::Written| {
        let text = |name: &str| written.value.get(name)?.as_str().filter(|text| text.len() <= MAX_WORDS);
        let comment = |value: &Value| {
            let id = value.get("id")?.as_str()?.parse().ok()?;
            Some((id, value.get("sum")?.as_str()?.to_owned()))
        };
        let comments = written.value.get("comments")?.as_array()?.iter().filter_map(comment).collect();
        let (author, at) = (written.author.clone(), written.at.clone());
        let (to, target, url) = (text("to")?.to_owned(), text("target")?.to_owned(), text("url").map(str::to_owned));
        Some(PublishedRecord { to, target, url, comments, author, at })
    };
    field.written.values().filter_map(one).collect()
}

fn range(value: &Value) -> Option<ReviewRange> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let commit = |name: &str| text(name).filter(|commit| is_commit(commit)).map(str::to_owned);
    let spec = text("spec").filter(|spec| spec.len() <= MAX_WORDS).unwrap_or_default().to_owned();
    Some(ReviewRange { spec, base: commit("base")?, head: commit("head")? })
}

/// Whether a word is the full name of an object of git, SHA-1 or SHA-256: it cannot be taken for an option or a path.
pub fn is_commit(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// An anchor as far as it can be relied on: the review as a whole where it points out of the workspace.
fn anchor(value: &Value) -> Anchor {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let at = value.get("at").and_then(anchor_of).unwrap_or_default();
    debug_assert!(at.path.as_deref().is_none_or(is_inside), "what points elsewhere was left out");
    let side = value.get("side").and_then(|side| ReviewSide::deserialize(side).ok()).unwrap_or_default();
    let object = |name: &str| text(name).filter(|word| is_commit(word)).map(str::to_owned);
    let symbol = text("symbol").filter(|symbol| symbol.len() <= MAX_WORDS).map(str::to_owned);
    let is_on = |at: &NoteAnchor| at.path.is_some();
    Anchor {
        side,
        commit: object("commit").unwrap_or_default(),
        blob: object("blob").filter(|_| is_on(&at)),
        symbol: symbol.filter(|_| is_on(&at)),
        at,
    }
}

#[cfg(test)]
mod tests;
