//! JSON of others with a bound on what is kept of it: a text of a few bytes a value would take ten times its length in memory.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Values that are kept of one document.
const MOST: usize = 1_000_000;

/// A document, and whether all of it is kept; `None` where it is no JSON.
pub(super) fn read(text: &str) -> Option<(Value, bool)> {
    let mut left = MOST;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Lean(&mut left).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some((value, left > 0))
}

/// The first documents of a text, one after the other, and where what is none begins.
pub(super) fn stream(text: &str) -> (Vec<Value>, usize) {
    let (mut left, mut all, mut from) = (MOST, Vec::new(), 0);
    loop {
        let rest = &text[from..];
        let begun = from + rest.len() - rest.trim_start().len();
        if !text[begun..].starts_with(['{', '[']) || left == 0 {
            return (all, begun);
        }
        let mut reader = serde_json::Deserializer::from_str(&text[begun..]).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = reader.next() else { return (all, begun) };
        let end = begun + reader.byte_offset();
        let mut one = serde_json::Deserializer::from_str(&text[begun..end]);
        all.extend(Lean(&mut left).deserialize(&mut one));
        from = end;
    }
}

struct Lean<'a>(&'a mut usize);

impl<'de> DeserializeSeed<'de> for Lean<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if *self.0 == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null);
        }
        *self.0 -= 1;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Lean<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while *self.0 > 0 {
            match list.next_element_seed(Lean(self.0))? {
                Some(value) => all.push(value),
                None => return Ok(Value::Array(all)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while *self.0 > 0 {
            match fields.next_key::<String>()? {
                Some(key) => drop(all.insert(key, fields.next_value_seed(Lean(self.0))?)),
                None => return Ok(Value::Object(all)),
            }
        }
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_bomb_is_read_as_it_is() {
        let text = "{\"a\": [1, -2, 3.5, \"é\", null, true, {}], \"b\": {\"c\": []}}";
        assert_eq!(read(text).unwrap(), (serde_json::from_str(text).unwrap(), true));
        for broken in ["", "{", "[1,]", "{} x", "\u{0}"] {
            assert_eq!(read(broken), None, "{broken}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None, "depth is bounded");
    }

    #[test]
    fn of_very_many_values_the_first_are_kept() {
        let text = format!("[{}1]", "[],".repeat(3_000_000));
        let (value, whole) = read(&text).unwrap();
        assert_eq!((value.as_array().unwrap().len(), whole), (MOST - 1, false));
        assert_eq!(read(&format!("[{}", "[],".repeat(2_000_000))), None, "cut off");
    }

    #[test]
    fn documents_may_follow_each_other() {
        let (all, end) = stream("{\"a\":1}\n [2]\nrest {}");
        assert_eq!((all, end), (vec![json!({"a": 1}), json!([2])], 13));
        assert_eq!(stream("{\"a\":"), (vec![], 0));
    }
}
