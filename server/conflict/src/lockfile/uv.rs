//! `uv.lock` of version 1: its packages, and those of two sides as one. uv takes versions of it where they fit, and works out the rest.
//! Decides nothing that uv decides: what needs what is left out, so that it is not believed.

use super::{Contents, Id, LockfileError, LockfileSides, Packages, chosen, tampered};
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use toml::{Table, Value};

/// What a package consists of, and where it comes from. The rest says what needs what.
const KEPT: [&str; 6] = ["name", "version", "source", "sdist", "wheels", "resolution-markers"];
/// Sources that are folders of the project itself.
const LOCAL: [&str; 4] = ["editable", "virtual", "directory", "path"];

fn read(side: &'static str, text: &str) -> Result<Table, LockfileError> {
    let unreadable = |why: String| LockfileError::Unreadable { side, why };
    let table: Table = toml::from_str(text).map_err(|error| unreadable(error.message().to_owned()))?;
    match table.get("version").and_then(Value::as_integer) {
        Some(1) => Ok(table),
        Some(form) => {
            let hint = "run `uv lock` on one side with the uv that the other was made with, or take one side";
            Err(LockfileError::Form { form: format!("version {form}"), hint })
        }
        None => Err(unreadable("it does not say which version it has".to_owned())),
    }
}

fn id_of(side: &'static str, entry: &Value) -> Result<Option<Id>, LockfileError> {
    let unreadable = |why: &str| LockfileError::Unreadable { side, why: why.to_owned() };
    let word = |name: &str| entry.get(name).and_then(Value::as_str);
    let name = word("name").ok_or_else(|| unreadable("a package has no name"))?;
    let source = entry.get("source").and_then(Value::as_table);
    let (kind, from) =
        source.and_then(|source| source.iter().next()).ok_or_else(|| unreadable("a package comes from nowhere"))?;
    if LOCAL.contains(&kind.as_str()) {
        return Ok(None);
    }
    let version = word("version").unwrap_or_default();
    Ok(Some((name.to_owned(), version.to_owned(), format!("{kind}+{}", from.as_str().unwrap_or_default()))))
}

/// Each file's checksum, by the end of its address.
fn contents(entry: &Value) -> Contents {
    let wheels = entry.get("wheels").and_then(Value::as_array).into_iter().flatten();
    let files = entry.get("sdist").into_iter().chain(wheels);
    let told = files.filter_map(|file| {
        let word = |name: &str| file.get(name).and_then(Value::as_str);
        let address = word("url").or_else(|| word("filename")).or_else(|| word("path"))?;
        Some((address.rsplit('/').next().unwrap_or(address).to_owned(), word("hash")?.to_owned()))
    });
    told.collect()
}

fn entries(side: &'static str, lock: &Table) -> Result<Vec<(Id, Value)>, LockfileError> {
    let listed = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|entry| Some(id_of(side, entry).transpose()?.map(|id| (id, entry.clone())))).collect()
}

/// The packages that a lockfile names and that are no folders of the project, with the checksums of their files.
pub(super) fn packages(side: &'static str, text: &str) -> Result<Packages, LockfileError> {
    Ok(entries(side, &read(side, text)?)?.into_iter().map(|(id, entry)| (id, contents(&entry))).collect())
}

type ByName = BTreeMap<String, BTreeSet<Id>>;

fn by_name<'a>(all: impl IntoIterator<Item = &'a Id>) -> ByName {
    let mut found = ByName::new();
    for id in all {
        found.entry(id.0.clone()).or_default().insert(id.clone());
    }
    found
}

fn newest(of: &BTreeSet<Id>) -> Option<Version> {
    of.iter().filter_map(|(_, version, _)| Version::from_str(version).ok()).max()
}

/// The packages of both sides, without what needs what. Of one name, all versions of one side: they belong to each other.
pub(super) fn start(sides: &LockfileSides) -> Result<String, LockfileError> {
    let (mut lock, other) = (read("current", &sides.current)?, read("incoming", &sides.incoming)?);
    let both = [packages("current", &sides.current)?, packages("incoming", &sides.incoming)?];
    if let Some(problem) = tampered(&both[0], &both[1]) {
        return Err(problem);
    }
    // An ancestor that cannot be read tells nothing.
    let base = sides.base.as_ref().and_then(|text| packages("ancestor's", text).ok()).unwrap_or_default();
    let (base, current, incoming) = (by_name(base.keys()), by_name(both[0].keys()), by_name(both[1].keys()));
    let mut kept = BTreeSet::new();
    for name in current.keys().chain(incoming.keys()) {
        let stays = match (current.get(name), incoming.get(name)) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                let newer = || {
                    let (ours, theirs) = (newest(ours)?, newest(theirs)?);
                    (ours != theirs).then(|| theirs > ours)
                };
                let is_registry = ours.iter().chain(theirs).all(|(_, _, from)| from.starts_with("registry+"));
                // Of the same newest version uv itself works the rest out; of commits nobody knows which is newer.
                let undecided =
                    || if is_registry { Ok(ours) } else { Err(LockfileError::Commits { name: name.clone() }) };
                chosen(base.get(name), (ours, theirs), newer).map_or_else(undecided, Ok)?
            }
            (Some(ids), _) | (None, Some(ids)) => ids,
            (None, None) => continue,
        };
        kept.extend(stays.iter().cloned());
    }
    let mut all = BTreeMap::new();
    for (id, entry) in entries("incoming", &other)?.into_iter().chain(entries("current", &lock)?) {
        if let (true, Value::Table(entry)) = (kept.contains(&id), entry) {
            let entry: Table = entry.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
            all.insert(id, Value::Table(entry));
        }
    }
    lock.remove("manifest");
    lock.insert("package".to_owned(), Value::Array(all.into_values().collect()));
    toml::to_string(&lock).map_err(|error| LockfileError::Unreadable { side: "merged", why: error.to_string() })
}

/// What stands in `start`, and in `merged` in a version that `start` does not have.
pub(super) fn replaced(start: &str, merged: &str) -> Result<Vec<Id>, LockfileError> {
    let (start, merged) = (packages("merged", start)?, packages("merged", merged)?);
    let now = by_name(merged.keys());
    let is_replaced = |id: &&Id| {
        let now = now.get(&id.0).filter(|now| !now.contains(*id));
        now.is_some_and(|now| now.iter().any(|one| !start.contains_key(one)))
    };
    Ok(start.keys().filter(is_replaced).cloned().collect())
}
