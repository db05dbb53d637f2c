//! The checksum that Poetry makes of what a `pyproject.toml` asks for, by which it tells whether a lockfile is up to date.
//! May not look at files. Source: `Locker._get_content_hash` of Poetry 2.5, and `json.dumps` of Python.

use crate::hexadecimal;
use crate::verify::{Algorithm, digest};
use std::collections::BTreeMap;
use std::fmt::Write;

const PROJECT: [&str; 3] = ["requires-python", "dependencies", "optional-dependencies"];
const LEGACY: [&str; 4] = ["dependencies", "source", "extras", "dev-dependencies"];

/// Of a manifest; `groups`: with its `[dependency-groups]`, as Poetry 2.3 and newer. None where a value has no form in JSON.
pub(super) fn of(manifest: &toml::Table, groups: bool) -> Option<String> {
    let table = |of: &toml::Table, key: &str| of.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let (project, own) = (table(manifest, "project"), table(&table(manifest, "tool"), "poetry"));
    let groups = if groups { table(manifest, "dependency-groups") } else { toml::Table::new() };
    let mut of_project = BTreeMap::new();
    for key in PROJECT {
        if let Some(value) = project.get(key) {
            of_project.insert(key, json(value)?);
        }
    }
    let mut of_poetry = BTreeMap::new();
    for key in LEGACY.into_iter().chain(["group"]) {
        let value = match own.get(key) {
            Some(value) => json(value)?,
            // What old lockfiles were made of is told to be absent, where there is nothing else.
            None if LEGACY.contains(&key) && of_project.is_empty() && groups.is_empty() => "null".into(),
            None => continue,
        };
        of_poetry.insert(key, value);
    }
    let mut whole = BTreeMap::new();
    if !of_project.is_empty() {
        whole.insert("project", object(&of_project));
    }
    if !groups.is_empty() {
        whole.insert("dependency-groups", json(&toml::Value::Table(groups))?);
    }
    let text = if whole.is_empty() {
        object(&of_poetry)
    } else {
        whole.insert("tool", object(&BTreeMap::from([("poetry", object(&of_poetry))])));
        object(&whole)
    };
    Some(hexadecimal::of(&digest(Algorithm::Sha256, text.as_bytes())))
}

fn object(parts: &BTreeMap<&str, String>) -> String {
    let parts: Vec<String> = parts.iter().map(|(key, value)| format!("{}: {value}", quoted(key))).collect();
    format!("{{{}}}", parts.join(", "))
}

/// As Python writes it, keys in order.
fn json(value: &toml::Value) -> Option<String> {
    Some(match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(on) => on.to_string(),
        toml::Value::Array(all) => {
            let all: Option<Vec<String>> = all.iter().map(json).collect();
            format!("[{}]", all?.join(", "))
        }
        toml::Value::Table(table) => {
            let parts: Option<BTreeMap<&str, String>> =
                table.iter().map(|(key, value)| Some((key.as_str(), json(value)?))).collect();
            object(&parts?)
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) => return None,
    })
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_python_writes_them() {
        let value: toml::Value = toml::from_str("b = [1, true, \"é😀\\\"\\n\"]\na = { z = 1, y = [] }\n").unwrap();
        assert_eq!(
            json(&value).unwrap(),
            "{\"a\": {\"y\": [], \"z\": 1}, \"b\": [1, true, \"\\u00e9\\ud83d\\ude00\\\"\\n\"]}"
        );
        assert!(json(&toml::Value::Float(1.5)).is_none());
    }
}
