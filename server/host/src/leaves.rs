//! Settings taken apart into single values with their keys: a file's, and an editor's.
//! Which of them are known and which count is for others to say.

use crate::settings::SIZE_LIMIT;
use serde_json::Value;
use std::path::Path;

/// One value, by its dotted key in the file's spelling; `span`: where the key stands in its file, in bytes.
pub(crate) struct Leaf {
    pub key: String,
    pub value: Value,
    pub span: Option<std::ops::Range<usize>>,
}

/// Keys that the extension keeps for itself and that mean nothing to the server.
const CLIENT_ONLY: [&str; 2] = ["server", "trace"];

/// `inventory.targetTriple` → `inventory.target-triple`.
fn kebab(key: &str) -> String {
    key.chars().fold(String::with_capacity(key.len() + 2), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

fn is_section(key: &str, known: &[String]) -> bool {
    known.iter().any(|k| k.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

/// What an editor sent, or an environment.
pub(crate) fn json_leaves(prefix: &str, value: &Value, known: &[String], leaves: &mut Vec<Leaf>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        if prefix.is_empty() && CLIENT_ONLY.contains(&key.as_str()) {
            continue;
        }
        let key = if prefix.is_empty() { kebab(key) } else { format!("{prefix}.{}", kebab(key)) };
        if value.is_object() && (is_section(&key, known) || !known.contains(&key)) {
            json_leaves(&key, value, known, leaves);
        } else if !value.is_null() {
            leaves.push(Leaf { key, value: value.clone(), span: None });
        }
    }
}

pub(crate) type TomlProblem = Option<(String, Option<std::ops::Range<usize>>)>;

/// `Err(None)`: there is no such file.
pub(crate) fn read_toml(path: &Path) -> Result<Vec<Leaf>, TomlProblem> {
    let told = |e: &std::io::Error| Some((format!("the settings file cannot be read: {e}"), None));
    let bytes = match crate::read_small(path, SIZE_LIMIT) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(None),
        Err(e) => return Err(told(&e)),
    };
    let text = String::from_utf8(bytes).map_err(|_| Some(("the settings file is not UTF-8".to_owned(), None)))?;
    toml_leaves(&text).map_err(|(message, span)| Some((message, span)))
}

fn toml_leaves(text: &str) -> Result<Vec<Leaf>, (String, Option<std::ops::Range<usize>>)> {
    use toml::de::{DeTable, DeValue};
    fn walk(prefix: &str, table: &DeTable<'_>, depth: usize, leaves: &mut Vec<Leaf>) {
        // `[checks.NAME]` is short for `[checks.commands.NAME]`, whose names are no settings of ours.
        if prefix == "checks" {
            let mut commands = serde_json::Map::new();
            let mut span = None;
            for (key, value) in table.iter().filter(|(_, value)| matches!(value.get_ref(), DeValue::Table(_))) {
                span.get_or_insert(key.span());
                match (key.get_ref().as_ref(), to_json(value.get_ref(), depth)) {
                    ("commands", Value::Object(all)) => commands.extend(all),
                    (name, one) => drop(commands.insert(name.to_owned(), one)),
                }
            }
            if span.is_some() {
                leaves.push(Leaf { key: "checks.commands".to_owned(), value: Value::Object(commands), span });
            }
        }
        for (key, value) in table {
            if prefix == "checks" && matches!(value.get_ref(), DeValue::Table(_)) {
                continue;
            }
            let name = key.get_ref();
            let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
            match value.get_ref() {
                DeValue::Table(inner) if depth < 8 => walk(&path, inner, depth + 1, leaves),
                other => leaves.push(Leaf { key: path, value: to_json(other, depth), span: Some(key.span()) }),
            }
        }
    }
    fn to_json(value: &DeValue<'_>, depth: usize) -> Value {
        match value {
            DeValue::String(s) => Value::String(s.to_string()),
            DeValue::Integer(i) => {
                i64::from_str_radix(i.as_str(), i.radix()).map_or_else(|_| Value::String(i.to_string()), Value::from)
            }
            DeValue::Float(f) => f.as_str().parse::<f64>().map_or_else(|_| Value::String(f.to_string()), Value::from),
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Datetime(d) => Value::String(d.to_string()),
            DeValue::Array(a) if depth < 8 => Value::Array(a.iter().map(|v| to_json(v.get_ref(), depth + 1)).collect()),
            DeValue::Table(t) if depth < 8 => Value::Object(
                t.iter().map(|(k, v)| (k.get_ref().to_string(), to_json(v.get_ref(), depth + 1))).collect(),
            ),
            DeValue::Array(_) | DeValue::Table(_) => Value::String("nested too deeply".into()),
        }
    }
    let table = DeTable::parse(text).map_err(|e| (format!("this is not TOML: {}", e.message()), e.span()))?;
    let mut leaves = Vec::new();
    walk("", table.get_ref(), 0, &mut leaves);
    Ok(leaves)
}
