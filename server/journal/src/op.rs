//! Operations on fields: what the payload of a synchronised record's event holds, and the ids by which later ones name them.
//! It reads and writes JSON and merges nothing; what a later version adds is kept as it came.
//!
//! ```json
//! {"ops": [{"f": "body", "op": "set", "v": "text", "pred": ["01JD…/0"]}]}
//! ```
//!
//! `pred` lists the operations that a write replaces. Two writes of one field of which neither lists the other are a conflict.

use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Most operations of one event.
pub const MAX_OPS: usize = 1024;
/// Most operations that one replaces: the heads of a field, which are as many as there were concurrent writers.
pub const MAX_PRED: usize = 1024;
/// Longest name of a field, in bytes.
pub const MAX_FIELD: usize = 128;
/// Longest name of an operation, in bytes.
pub const MAX_WORD: usize = 32;

/// Names one operation: the event that carries it, and its place in the event's list from 0. Written `ULID/index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId {
    /// The event.
    pub event: Ulid,
    /// Its place in the event's list, below [`MAX_OPS`].
    pub index: u32,
}

impl OpId {
    /// The operation at `index` of an event.
    pub fn new(event: Ulid, index: u32) -> OpId {
        OpId { event, index }
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.event, self.index)
    }
}

impl FromStr for OpId {
    type Err = OpError;

    /// Only the form that [`OpId`] is written in, so that one operation has one name.
    fn from_str(text: &str) -> Result<OpId, OpError> {
        // 26 letters, a stroke, and at most four digits; what is longer is not shown in full.
        let bad = || OpError::new(format!("`{}` names no operation", &text[..text.floor_char_boundary(40)]));
        let (event, index) = text.split_once('/').ok_or_else(bad)?;
        let id = OpId { event: event.parse().map_err(|_| bad())?, index: index.parse().map_err(|_| bad())? };
        let in_bounds = usize::try_from(id.index).is_ok_and(|index| index < MAX_OPS);
        (in_bounds && id.to_string() == text).then_some(id).ok_or_else(bad)
    }
}

/// What an operation does to its field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpKind {
    /// The field is now the value.
    Set,
    /// The value joins a set.
    Add,
    /// The value, or what `pred` names, leaves a set; without a value the field itself is gone.
    Del,
    /// The value, a whole number, is added to a counter.
    Inc,
    /// The field is now the value, which is text that is merged line by line.
    Text,
    /// A word of a later version: kept, forwarded, not projected.
    Other(String),
}

impl OpKind {
    /// The word that stands for it.
    pub fn word(&self) -> &str {
        match self {
            OpKind::Set => "set",
            OpKind::Add => "add",
            OpKind::Del => "del",
            OpKind::Inc => "inc",
            OpKind::Text => "text",
            OpKind::Other(word) => word,
        }
    }

    fn of(word: &str) -> OpKind {
        match word {
            "set" => OpKind::Set,
            "add" => OpKind::Add,
            "del" => OpKind::Del,
            "inc" => OpKind::Inc,
            "text" => OpKind::Text,
            other => OpKind::Other(other.to_owned()),
        }
    }
}

/// One operation on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// The field, 1 to [`MAX_FIELD`] bytes.
    pub field: String,
    /// What is done to it.
    pub op: OpKind,
    /// The value; `null` where there is none.
    pub value: Value,
    /// What it replaces.
    pub pred: Vec<OpId>,
    /// Members that this version does not know.
    pub rest: Map<String, Value>,
}

impl Op {
    /// An operation that replaces nothing.
    pub fn new(field: &str, op: OpKind, value: impl Into<Value>) -> Op {
        Op { field: field.to_owned(), op, value: value.into(), pred: Vec::new(), rest: Map::new() }
    }

    /// A field's new value.
    pub fn set(field: &str, value: impl Into<Value>) -> Op {
        Op::new(field, OpKind::Set, value)
    }

    /// The same operation, replacing these.
    #[must_use]
    pub fn replacing(mut self, pred: impl IntoIterator<Item = OpId>) -> Op {
        self.pred.extend(pred);
        self
    }

    /// Its JSON.
    pub fn to_value(&self) -> Value {
        let mut members = self.rest.clone();
        members.insert("f".to_owned(), self.field.clone().into());
        members.insert("op".to_owned(), self.op.word().into());
        if !self.value.is_null() {
            members.insert("v".to_owned(), self.value.clone());
        }
        if !self.pred.is_empty() {
            members.insert("pred".to_owned(), self.pred.iter().map(OpId::to_string).collect());
        }
        Value::Object(members)
    }

    fn read(value: &Value) -> Result<Op, OpError> {
        Op::read_with(value, true, MAX_PRED)
    }

    /// One whose value may have been taken out, and that replaces no more than `most_pred`.
    pub(crate) fn read_bare(value: &Value, most_pred: usize) -> Result<Op, OpError> {
        Op::read_with(value, false, most_pred)
    }

    fn read_with(value: &Value, whole: bool, most_pred: usize) -> Result<Op, OpError> {
        let Value::Object(members) = value else { return Err(OpError::new("it is no object".to_owned())) };
        let field = word(members, "f", MAX_FIELD)?;
        let op = OpKind::of(word(members, "op", MAX_WORD)?);
        let value = members.get("v").cloned().unwrap_or(Value::Null);
        let fits = match &op {
            OpKind::Inc if whole => value.is_i64(),
            OpKind::Text if whole => value.is_string(),
            OpKind::Inc | OpKind::Text | OpKind::Set | OpKind::Add | OpKind::Del | OpKind::Other(_) => true,
        };
        if !fits {
            return Err(OpError::new(format!("`{}` has a value that does not fit it", op.word())));
        }
        let pred = match members.get("pred") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(ids)) if ids.len() <= most_pred => ids
                .iter()
                .map(|id| id.as_str().ok_or_else(|| OpError::new("`pred` lists what is no text".to_owned()))?.parse())
                .collect::<Result<_, _>>()?,
            Some(Value::Array(ids)) => {
                return Err(OpError::new(format!(
                    "`pred` lists {} operations, and at most {most_pred} may be",
                    ids.len()
                )));
            }
            Some(_) => return Err(OpError::new("`pred` is no list".to_owned())),
        };
        let known = ["f", "op", "v", "pred"];
        let rest = members.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        Ok(Op {
            field: field.to_owned(),
            op,
            value,
            pred,
            rest: rest.map(|(name, value)| (name.clone(), value.clone())).collect(),
        })
    }
}

fn word<'m>(members: &'m Map<String, Value>, name: &str, limit: usize) -> Result<&'m str, OpError> {
    match members.get(name) {
        Some(Value::String(text)) if (1..=limit).contains(&text.len()) => Ok(text),
        Some(Value::String(text)) => {
            Err(OpError::new(format!("`{name}` has {} bytes, and 1 to {limit} may be", text.len())))
        }
        Some(_) => Err(OpError::new(format!("`{name}` is no text"))),
        None => Err(OpError::new(format!("`{name}` is missing"))),
    }
}

/// Why a payload's operations cannot be read. The event that carries them is kept and forwarded all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{detail}", index.map(|index| format!("operation {index}: ")).unwrap_or_default())]
pub struct OpError {
    /// Which of the list, from 0; `None`: the list itself.
    pub index: Option<usize>,
    /// What is wrong with it.
    pub detail: String,
}

impl OpError {
    fn new(detail: String) -> OpError {
        OpError { index: None, detail }
    }
}

/// The operations of a payload; none where it has no `ops`. One that cannot be read makes the whole list unreadable, because
/// a part of a change is not what was meant.
pub fn ops_of(payload: &Value) -> Result<Vec<Op>, OpError> {
    let ops = match payload.get("ops") {
        None => return Ok(Vec::new()),
        Some(Value::Array(ops)) => ops,
        Some(_) => return Err(OpError::new("`ops` is no list".to_owned())),
    };
    if ops.len() > MAX_OPS {
        return Err(OpError::new(format!("`ops` lists {} operations, and at most {MAX_OPS} may be", ops.len())));
    }
    let read = |(index, op)| Op::read(op).map_err(|error| OpError { index: Some(index), ..error });
    ops.iter().enumerate().map(read).collect()
}

/// A payload's `ops`.
pub fn ops_value(ops: &[Op]) -> Value {
    ops.iter().map(Op::to_value).collect()
}
