//! `package-lock.json` in its second and third form: its packages, and those of two sides as one.
//! Decides nothing that npm decides: where a package stands, and what is not needed any more, npm works out.

use super::{LockfileError, LockfileSides, Packages, chosen, one_file};
use semver::Version;
use serde::Serialize as _;
use serde_json::{Map, Value};

fn read(side: &'static str, text: &str) -> Result<Map<String, Value>, LockfileError> {
    let unreadable = |why: String| LockfileError::Unreadable { side, why };
    let lock: Value = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let Value::Object(lock) = lock else { return Err(unreadable("it is no object".to_owned())) };
    match lock.get("lockfileVersion").and_then(Value::as_u64) {
        Some(2 | 3) if lock.get("packages").is_some_and(Value::is_object) => Ok(lock),
        Some(2 | 3) => Err(unreadable("it has no packages".to_owned())),
        form => {
            let form = form.map_or_else(|| "without a version".to_owned(), |form| format!("version {form}"));
            let hint = "run `npm install --package-lock-only` on one side with npm 7 or newer, or take one side";
            Err(LockfileError::Form { form, hint })
        }
    }
}

fn entries(lock: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    lock.get("packages").and_then(Value::as_object).into_iter().flatten()
}

fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get(name)?.as_str()
}

/// The name of a package by the folder that it is put into, which an alias gives another one.
fn name_of(place: &str, entry: &Value) -> String {
    let folder = place.rsplit_once("node_modules/").map_or(place, |(_, folder)| folder);
    text(entry, "name").unwrap_or(folder).to_owned()
}

/// The packages that a lockfile names, with their checksums. One that stands in several folders counts once.
pub(super) fn packages(side: &'static str, text_of: &str) -> Result<Packages, LockfileError> {
    let lock = read(side, text_of)?;
    let foreign =
        entries(&lock).filter(|(place, entry)| place.contains("node_modules/") && entry.get("link").is_none());
    let told = foreign.filter_map(|(place, entry)| {
        let version = text(entry, "version")?.to_owned();
        // From a registry; else what was asked for, with the commit.
        let from = text(entry, "resolved").filter(|from| !from.starts_with("http")).unwrap_or_default();
        let contents = one_file(text(entry, "integrity").map(str::to_owned));
        Some(((name_of(place, entry), version, from.to_owned()), contents))
    });
    Ok(told.collect())
}

/// The packages of both sides, each where it stands.
pub(super) fn start(sides: &LockfileSides) -> Result<String, LockfileError> {
    let (mut lock, incoming) = (read("current", &sides.current)?, read("incoming", &sides.incoming)?);
    // An ancestor that cannot be read tells nothing.
    let base = sides.base.as_ref().and_then(|text| read("ancestor's", text).ok()).unwrap_or_default();
    let before = |place: &str| base.get("packages")?.get(place);
    let mut all: Map<String, Value> = entries(&lock).map(|(place, entry)| (place.clone(), entry.clone())).collect();
    for (place, theirs) in entries(&incoming) {
        let Some(ours) = all.get(place).filter(|ours| *ours != theirs) else {
            all.entry(place.clone()).or_insert_with(|| theirs.clone());
            continue;
        };
        let versions = [ours, theirs].map(|entry| text(entry, "version"));
        if place.contains("node_modules/") && versions[0] == versions[1] {
            let (one, other) = (text(ours, "integrity"), text(theirs, "integrity"));
            if one.is_some() && other.is_some() && one != other {
                let version = versions[0].unwrap_or_default().to_owned();
                return Err(LockfileError::Unlike { name: name_of(place, ours), version });
            }
            // One commit and another have the same version.
            let [one, other] =
                [ours, theirs].map(|entry| text(entry, "resolved").filter(|from| from.starts_with("git")));
            if one != other && before(place).is_none_or(|base| base != ours && base != theirs) {
                return Err(LockfileError::Commits { name: name_of(place, ours) });
            }
        }
        let newer = || {
            let [ours, theirs] = versions.map(|version| Version::parse(version?).ok());
            // Of the same version npm itself works the rest out.
            Some(theirs? > ours?)
        };
        let stays = chosen(before(place), (ours, theirs), newer).unwrap_or(ours).clone();
        all.insert(place.clone(), stays);
    }
    let form = |lock: &Map<String, Value>| lock.get("lockfileVersion").and_then(Value::as_u64).unwrap_or(3);
    let newest = form(&lock).max(form(&incoming));
    lock.insert("lockfileVersion".to_owned(), newest.into());
    lock.insert("packages".to_owned(), Value::Object(all));
    // The same once more, for npm 6; npm makes it anew.
    lock.remove("dependencies");
    let mut written = Vec::new();
    let indent = indent_of(&sides.current);
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut written, formatter);
    let unwritten = |why: String| LockfileError::Unreadable { side: "merged", why };
    Value::Object(lock).serialize(&mut writer).map_err(|error| unwritten(error.to_string()))?;
    String::from_utf8(written).map(|text| text + "\n").map_err(|error| unwritten(error.to_string()))
}

/// What the first line inside is indented with: npm keeps it.
fn indent_of(text: &str) -> String {
    let second = text.lines().nth(1).unwrap_or("  ");
    let indent: String = second.chars().take_while(|c| matches!(c, ' ' | '\t')).take(16).collect();
    if indent.is_empty() { "  ".to_owned() } else { indent }
}
