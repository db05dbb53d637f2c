//! What stays of a payload that was deleted: which fields it wrote and what it replaced there, without a word of what it said.
//! Without it the text before a redacted edit would be the last again; it decides nothing about how fields are merged.

use crate::op::{MAX_PRED, Op, OpId, ops_of, ops_value};
use contract::LeftOp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};
use ulid::Ulid;

/// Operations that are noted as replaced by one: several redactions of an event may each name as many as an event may.
const MOST_NOTED: usize = 16 * MAX_PRED;

/// Member of the payload of a redaction that says it of the redacted event.
pub(crate) const LEFT: &str = "left";

/// Of the exact bytes of a payload; nothing where it wrote no field.
pub(crate) fn of_bytes(payload: &[u8]) -> Vec<Op> {
    let payload: Value = serde_json::from_slice(payload).unwrap_or_default();
    ops_of(&payload).unwrap_or_default().into_iter().map(bare).collect()
}

fn bare(op: Op) -> Op {
    Op { value: Value::Null, rest: Map::new(), ..op }
}

/// What the payload of a redaction says of its target; `None` where it says nothing, or what cannot be read.
pub(crate) fn of_redaction(payload: &Value) -> Option<Vec<Op>> {
    read(payload.get(LEFT)?, MAX_PRED)
}

fn read(list: &Value, most_pred: usize) -> Option<Vec<Op>> {
    let list = list.as_array().filter(|list| list.len() <= crate::op::MAX_OPS)?;
    list.iter().map(|op| Op::read_bare(op, most_pred).ok().map(bare)).collect()
}

/// What several redactions of one event say together, whatever the order they come in.
fn together(one: Vec<Op>, other: Vec<Op>) -> Vec<Op> {
    let (mut longer, shorter) = if one.len() < other.len() { (other, one) } else { (one, other) };
    for (op, also) in longer.iter_mut().zip(shorter) {
        op.pred.extend(also.pred);
        op.pred.sort_unstable();
        op.pred.dedup();
        // Two that speak of different fields are not both right; every device takes the same of them.
        let first = (also.field, also.op);
        if first < (op.field.clone(), op.op.clone()) {
            (op.field, op.op) = first;
        }
    }
    longer
}

/// Notes it beside what is known already. What is known is not given up for more than can be noted.
pub(crate) fn keep(connection: &Connection, target: Ulid, left: Vec<Op>) -> rusqlite::Result<()> {
    if left.is_empty() {
        return Ok(());
    }
    let known = of(connection, target)?;
    let all = together(known, left);
    if all.iter().any(|op| op.pred.len() > MOST_NOTED) {
        return Ok(());
    }
    let all = ops_value(&all).to_string();
    connection
        .prepare_cached("UPDATE suppressed SET ops = ?2 WHERE id = ?1")?
        .execute((target.to_bytes(), all))
        .map(drop)
}

/// What is known of one event.
pub(crate) fn of(connection: &Connection, target: Ulid) -> rusqlite::Result<Vec<Op>> {
    let text: Option<Option<String>> = connection
        .prepare_cached("SELECT ops FROM suppressed WHERE id = ?1")?
        .query_row([target.to_bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.flatten().map(|text| of_text(&text)).unwrap_or_default())
}

/// What the column holds.
pub(crate) fn of_text(text: &str) -> Vec<Op> {
    serde_json::from_str(text).ok().and_then(|list| read(&list, MOST_NOTED)).unwrap_or_default()
}

pub(crate) fn to_contract(left: &[Op]) -> Vec<LeftOp> {
    let one = |op: &Op| LeftOp {
        field: op.field.clone(),
        op: op.op.word().to_owned(),
        pred: op.pred.iter().map(OpId::to_string).collect(),
    };
    left.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::OpKind;
    use serde_json::json;

    #[test]
    fn nothing_that_was_said_is_left() {
        let pred = OpId::new(Ulid::from_parts(1, 1), 0);
        let op = Op {
            rest: Map::from_iter([("why".to_owned(), json!("xylophonist"))]),
            ..Op::new("body", OpKind::Text, "xylophonist")
        };
        let payload = json!({ "ops": ops_value(&[op.replacing([pred])]), "more": "xylophonist" });
        let left = of_bytes(payload.to_string().as_bytes());
        let text = ops_value(&left).to_string();
        assert_eq!(text, format!(r#"[{{"f":"body","op":"text","pred":["{pred}"]}}]"#));
        assert_eq!(of_text(&text), left);
        assert_eq!(of_redaction(&json!({ "left": ops_value(&left) })), Some(left));
        for odd in [json!({}), json!({"left": 3}), json!({"left": [3]}), json!({"left": [{"f": "", "op": "set"}]})] {
            assert_eq!(of_redaction(&odd), None, "{odd}");
        }
        assert_eq!(of_bytes(b"no JSON"), []);
    }

    #[test]
    fn what_two_redactions_say_is_the_same_in_either_order() {
        let id = |n| OpId::new(Ulid::from_parts(n, 0), 0);
        let one = vec![Op::set("body", Value::Null).replacing([id(2), id(1)])];
        let other = vec![Op::set("anchor", Value::Null).replacing([id(1), id(3)]), Op::set("title", Value::Null)];
        let both = together(one.clone(), other.clone());
        assert_eq!(both, together(other, one));
        assert_eq!((both[0].field.as_str(), both.len()), ("anchor", 2));
        assert_eq!(both[0].pred, [id(1), id(2), id(3)]);
    }
}
