//! `Cargo.lock`: its packages, and those of two sides as one. The form is that of `cargo::core::resolver::encode`.
//! Decides nothing that cargo decides: what is not needed any more, cargo takes out.

use super::{LockfileError, LockfileSides, Packages, chosen, one_file};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Lock {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(default)]
    package: Vec<Entry>,
    /// Checksums, in the first form.
    #[serde(default, skip_serializing)]
    metadata: toml::Table,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replace: Option<String>,
}

/// Versions that exclude each other: cargo takes one version of those that fit the same requirement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    name: String,
    source: String,
    compatible: String,
}

impl Entry {
    fn slot(&self) -> Slot {
        let parsed = Version::parse(&self.version).ok();
        let compatible = match (&self.source, parsed) {
            // A folder's package has the version that its manifest says.
            (None, _) | (_, None) => self.version.clone(),
            (Some(_), Some(v)) if v.major > 0 => v.major.to_string(),
            (Some(_), Some(v)) if v.minor > 0 => format!("0.{}", v.minor),
            (Some(_), Some(v)) => format!("0.0.{}", v.patch),
        };
        let source = self.source.as_deref().unwrap_or_default();
        let source = source.split('#').next().unwrap_or_default().to_owned();
        Slot { name: self.name.clone(), source, compatible }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.version, &self.source) == (&other.name, &other.version, &other.source)
    }
}

fn read(side: &'static str, text: &str) -> Result<Lock, LockfileError> {
    let lock: Lock =
        toml::from_str(text).map_err(|error| LockfileError::Unreadable { side, why: error.message().to_owned() })?;
    if !lock.metadata.is_empty() {
        let hint = "run `cargo generate-lockfile` on one side with a newer cargo, or take one side";
        return Err(LockfileError::Form { form: "version 1".to_owned(), hint });
    }
    Ok(lock)
}

/// The packages that a lockfile names, with their checksums.
pub(super) fn packages(side: &'static str, text: &str) -> Result<Packages, LockfileError> {
    let lock = read(side, text)?;
    // What stands in a folder is in no registry: its version is its manifest's.
    let foreign = lock.package.into_iter().filter(|entry| entry.source.is_some());
    let told = |entry: Entry| ((entry.name, entry.version, entry.source.unwrap_or_default()), one_file(entry.checksum));
    Ok(foreign.map(told).collect())
}

/// What stands in `start`, and in `merged` in another version.
pub(super) fn replaced(start: &str, merged: &str) -> Result<Vec<(String, String, String)>, LockfileError> {
    let slots: BTreeMap<Slot, Entry> =
        read("merged", merged)?.package.into_iter().map(|entry| (entry.slot(), entry)).collect();
    let is_other = |entry: &Entry| {
        let now = slots.get(&entry.slot());
        entry.source.is_some() && now.is_some_and(|now| !now.is_same(entry))
    };
    let gone = read("merged", start)?.package.into_iter().filter(is_other);
    Ok(gone.map(|entry| (entry.name, entry.version, entry.source.unwrap_or_default())).collect())
}

/// The packages of both sides.
pub(super) fn start(sides: &LockfileSides) -> Result<String, LockfileError> {
    let (current, incoming) = (read("current", &sides.current)?, read("incoming", &sides.incoming)?);
    // An ancestor that cannot be read tells nothing.
    let base = sides.base.as_ref().and_then(|text| read("ancestor's", text).ok());
    let slots = |lock: Lock| lock.package.into_iter().map(|entry| (entry.slot(), entry)).collect::<BTreeMap<_, _>>();
    let version = current.version.max(incoming.version);
    let before = base.map(slots).unwrap_or_default();
    let mut all = slots(current);
    for (slot, theirs) in slots(incoming) {
        let Some(ours) = all.get(&slot) else {
            all.insert(slot, theirs);
            continue;
        };
        let stays = if ours.is_same(&theirs) {
            if ours.checksum.is_some() && theirs.checksum.is_some() && ours.checksum != theirs.checksum {
                return Err(LockfileError::Unlike { name: theirs.name, version: theirs.version });
            }
            // Cargo takes out what is not asked for.
            let mut both = ours.clone();
            both.checksum = both.checksum.or(theirs.checksum);
            both.dependencies.extend(theirs.dependencies);
            both.dependencies.sort();
            both.dependencies.dedup();
            both
        } else {
            let newer = || {
                let (ours, theirs) = (Version::parse(&ours.version).ok()?, Version::parse(&theirs.version).ok()?);
                (ours != theirs).then(|| theirs > ours)
            };
            let base = before.get(&slot).map(Id);
            let (ours, theirs) = (Id(ours), Id(&theirs));
            let chosen = chosen(base.as_ref(), (&ours, &theirs), newer);
            chosen.ok_or_else(|| LockfileError::Commits { name: slot.name.clone() })?.0.clone()
        };
        all.insert(slot, stays);
    }
    let lock = Lock { version, package: all.into_values().collect(), metadata: toml::Table::new() };
    let body =
        toml::to_string(&lock).map_err(|error| LockfileError::Unreadable { side: "merged", why: error.to_string() })?;
    // Cargo keeps the comments at the beginning.
    let top = sides.current.lines().take_while(|line| line.starts_with('#') && !line.chars().any(char::is_control));
    Ok(top.flat_map(|line| [line, "\n"]).chain([&*body]).collect())
}

/// An entry, told from others by what it is and not by what it needs.
struct Id<'a>(&'a Entry);

impl PartialEq for Id<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(other.0)
    }
}
