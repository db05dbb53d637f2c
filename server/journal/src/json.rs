//! Payloads as JSON, byte for byte what `serde_json` writes, at half its price: most texts need no escapes, and are
//! copied whole. Numbers and texts that do need escapes are left to `serde_json`.

use crate::short::Short;
use serde_json::{Error, Map, Value};

/// Deepest nesting of a payload; readers of JSON refuse what is deeper than 128.
pub(crate) const MAX_DEPTH: usize = 100;

/// Appends `value` to `out`; `Ok(false)`, with a part of it written, where it is nested deeper than [`MAX_DEPTH`].
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) -> Result<bool, Error> {
    write_value(value, MAX_DEPTH, out)
}

fn write_value(value: &Value, left: usize, out: &mut Vec<u8>) -> Result<bool, Error> {
    match value {
        Value::Array(_) | Value::Object(_) if left == 0 => return Ok(false),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if !write_value(item, left - 1, out)? {
                    return Ok(false);
                }
            }
            out.push(b']');
        }
        Value::Object(fields) => return write_fields(fields, left - 1, out),
        Value::String(text) => write_text(text, out)?,
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Number(_) => serde_json::to_writer(Short(out), value)?,
    }
    Ok(true)
}

fn write_fields(fields: &Map<String, Value>, left: usize, out: &mut Vec<u8>) -> Result<bool, Error> {
    out.push(b'{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(name, out)?;
        out.push(b':');
        if !write_value(value, left, out)? {
            return Ok(false);
        }
    }
    out.push(b'}');
    Ok(true)
}

fn write_text(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    // No early end, so that nothing but the comparison is done for a byte.
    let escaped = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    if text.bytes().fold(0, |found, byte| found | escaped(byte)) != 0 {
        return serde_json::to_writer(Short(out), text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\x00-\\x7f]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_written_as_serde_json_writes_it(value in values()) {
            let mut bytes = Vec::new();
            prop_assert!(write(&value, &mut bytes).unwrap());
            prop_assert_eq!(bytes, serde_json::to_vec(&value).unwrap());
        }
    }

    #[test]
    fn nesting_ends_at_the_limit_and_not_before() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(write(&nested(MAX_DEPTH), &mut Vec::new()).unwrap());
        assert!(!write(&nested(MAX_DEPTH + 1), &mut Vec::new()).unwrap());
    }
}
