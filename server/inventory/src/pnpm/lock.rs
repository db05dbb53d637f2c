//! Reads `pnpm-lock.yaml` (version 9.0) entry by entry, with the place of each.
//! May not look at any other file, and may not say what an entry means for a build.

use crate::ecosystem::Broken;
use crate::yaml::{self, Value};
use std::collections::HashMap;
use std::ops::Range as Span;

/// More packages than any project has; what comes after is not read, and said to be.
const MOST: usize = 100_000;
/// The kinds of dependencies of a project, in the order in which pnpm takes them together.
pub(super) const KINDS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];
/// What an importer may have besides.
const BESIDES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "specifiers"];

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub version: Option<String>,
    /// What was set when it was made, and what it was made with besides.
    pub settings: Vec<(String, Value)>,
    pub importers: Vec<Importer>,
    pub packages: Vec<Package>,
    pub snapshots: Vec<Snapshot>,
    pub broken: Vec<Broken>,
    /// It may be read by another reader than this.
    pub elsewhere: bool,
    /// Conflict markers, which pnpm resolves itself.
    pub mergeable: bool,
    /// Documents before the lockfile itself.
    pub before: usize,
}

/// A project of the workspace.
#[derive(Debug)]
pub(super) struct Importer {
    /// `.`, or its folder below the lockfile's.
    pub path: String,
    /// By kind: what it asks for.
    pub asked: [Vec<Asked>; 3],
    /// Something besides that is not compared.
    pub besides: Option<String>,
}

/// A dependency of a project.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub name: String,
    /// As the manifest has it.
    pub specifier: String,
    pub reference: String,
}

/// A package, as it is fetched.
#[derive(Debug)]
pub(super) struct Package {
    /// `<name>@<version>`, or `<name>@<address>`.
    pub key: String,
    pub span: Span<usize>,
    pub resolution: Value,
    /// Where the key does not say it.
    pub version: Option<String>,
    pub os: Vec<String>,
    pub cpu: Vec<String>,
    pub libc: Vec<String>,
    pub node: Option<String>,
    pub pnpm: Option<String>,
    /// What its authors say against it.
    pub deprecated: Option<String>,
}

/// A package with its peers, as it is installed.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub key: String,
    pub package: u32,
    /// Names and references, those that it can do without behind the others.
    pub needs: Vec<(String, String)>,
    pub optional: bool,
}

impl Package {
    /// Name and version.
    pub(super) fn name(&self) -> (&str, &str) {
        let at = self.key.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
        at.map_or((self.key.as_str(), ""), |at| (&self.key[..at], &self.key[at + 1..]))
    }
}

impl Lock {
    pub(super) fn setting(&self, key: &str) -> Option<&Value> {
        self.settings.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Snapshots by their keys.
    pub(super) fn by_key(&self) -> HashMap<&str, u32> {
        self.snapshots.iter().enumerate().map(|(at, snapshot)| (snapshot.key.as_str(), at as u32)).collect()
    }

    fn broken(&mut self, span: Span<usize>, reason: impl Into<String>) {
        self.broken.push(Broken { span, reason: reason.into() });
    }
}

pub(super) fn read(text: &str) -> Lock {
    let mut lock = Lock::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let marker = |marker: &str| text.starts_with(marker) || text.contains(&format!("\n{marker}"));
    lock.mergeable = marker("<<<<<<<") && marker("=======") && marker(">>>>>>>");
    let documents = match yaml::read(text) {
        Ok(documents) => documents,
        Err(unread) => {
            lock.elsewhere = unread.elsewhere;
            lock.broken(unread.span, unread.why);
            return lock;
        }
    };
    lock.before = documents.len().saturating_sub(1);
    let Some(Value::Map(entries)) = documents.into_iter().next_back() else {
        lock.broken(0..0, "there is no table");
        return lock;
    };
    let mut packages = HashMap::new();
    let mut snapshots = None;
    for entry in entries {
        match entry.key.as_str() {
            "lockfileVersion" => lock.version = entry.value.word().map(str::to_owned),
            "importers" => importers(&mut lock, &entry.value),
            "packages" => packages = self::packages(&mut lock, &entry),
            "snapshots" => snapshots = Some(entry),
            _ => lock.settings.push((entry.key, entry.value)),
        }
    }
    if let Some(entry) = snapshots {
        self::snapshots(&mut lock, &entry, &packages);
    }
    lock
}

fn importers(lock: &mut Lock, value: &Value) {
    for entry in value.entries() {
        let mut importer = Importer { path: entry.key.clone(), asked: Default::default(), besides: None };
        for (kind, asked) in KINDS.iter().zip(&mut importer.asked) {
            for one in entry.value.get(kind).map(Value::entries).unwrap_or_default() {
                let part = |key: &str| one.value.get(key).and_then(Value::word).map(str::to_owned);
                let (Some(specifier), Some(reference)) = (part("specifier"), part("version")) else {
                    lock.broken(one.span.clone(), "specifier or version is not there");
                    continue;
                };
                asked.push(Asked { name: one.key.clone(), specifier, reference });
            }
        }
        let more = entry.value.entries().iter().find(|one| !BESIDES.contains(&one.key.as_str()));
        importer.besides = more.map(|one| one.key.clone());
        if !matches!(entry.value, Value::Map(_)) {
            lock.broken(entry.span.clone(), "this is no table");
        }
        lock.importers.push(importer);
    }
}

fn packages(lock: &mut Lock, entry: &yaml::Entry) -> HashMap<String, u32> {
    let mut places = HashMap::new();
    for one in entry.value.entries() {
        if lock.packages.len() >= MOST {
            lock.elsewhere = true;
            lock.broken(one.span.clone(), format!("there are more than {MOST} packages"));
            break;
        }
        let Some(resolution @ Value::Map(_)) = one.value.get("resolution") else {
            lock.broken(one.span.clone(), "this package has no resolution");
            continue;
        };
        let list = |key: &str| match one.value.get(key) {
            Some(Value::List(list)) => list.iter().filter_map(Value::text).map(str::to_owned).collect(),
            Some(Value::Text(text)) => vec![text.clone()],
            _ => Vec::new(),
        };
        let engine = |name: &str| one.value.get("engines")?.get(name)?.word().map(str::to_owned);
        places.insert(one.key.clone(), lock.packages.len() as u32);
        lock.packages.push(Package {
            key: one.key.clone(),
            span: one.span.clone(),
            resolution: resolution.clone(),
            version: one.value.get("version").and_then(Value::word).map(str::to_owned),
            os: list("os"),
            cpu: list("cpu"),
            libc: list("libc"),
            node: engine("node"),
            pnpm: engine("pnpm"),
            deprecated: one.value.get("deprecated").and_then(Value::word).map(str::to_owned),
        });
    }
    places
}

fn snapshots(lock: &mut Lock, entry: &yaml::Entry, packages: &HashMap<String, u32>) {
    for one in entry.value.entries() {
        if lock.snapshots.len() >= 4 * MOST {
            lock.elsewhere = true;
            lock.broken(one.span.clone(), "there are more packages than are read");
            break;
        }
        // Without its package it is as if it were not there; who needs it lacks it.
        let Some(&package) = packages.get(without_suffix(&one.key)) else { continue };
        let mut needs: Vec<(String, String)> = Vec::new();
        for kind in ["dependencies", "optionalDependencies"] {
            for need in one.value.get(kind).map(Value::entries).unwrap_or_default() {
                let Some(reference) = need.value.word() else {
                    lock.broken(need.span.clone(), "this is no version");
                    continue;
                };
                match needs.iter_mut().find(|(name, _)| *name == need.key) {
                    Some((_, known)) => reference.clone_into(known),
                    None => needs.push((need.key.clone(), reference.to_owned())),
                }
            }
        }
        let optional = one.value.get("optional").is_some_and(Value::is_true);
        lock.snapshots.push(Snapshot { key: one.key.clone(), package, needs, optional });
    }
}

/// A key without what stands in brackets at its end: peers, and the checksum of a patch.
pub(super) fn without_suffix(key: &str) -> &str {
    if !key.ends_with(')') {
        return key;
    }
    let mut open = 0_usize;
    for (at, byte) in key.bytes().enumerate().rev() {
        match byte {
            b')' => open += 1,
            b'(' => open = open.saturating_sub(1),
            _ if open == 0 => return &key[..=at],
            _ => {}
        }
    }
    key
}

/// The key that a reference leads to; none: a folder of the workspace.
pub(super) fn follow(reference: &str, name: &str) -> Option<String> {
    if reference.starts_with("link:") {
        return None;
    }
    let plain = match (reference.find('@'), reference.find(':'), reference.find('(')) {
        _ if reference.starts_with('@') => true,
        (None, _, _) => false,
        (Some(at), colon, bracket) => {
            colon.is_none_or(|colon| at < colon) && bracket.is_none_or(|bracket| at < bracket)
        }
    };
    Some(if plain { reference.to_owned() } else { format!("{name}@{reference}") })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn suffixes_and_references_are_read_as_pnpm_does() {
        assert_eq!(without_suffix("a@1.0.0(b@2.0.0(c@1.0.0))(d@1.0.0)"), "a@1.0.0");
        assert_eq!(without_suffix("a@1.0.0(patch_hash=00)(d@1.0.0)"), "a@1.0.0");
        assert_eq!(without_suffix("a@https://x.example/(y)/a.tgz"), "a@https://x.example/(y)/a.tgz");
        assert_eq!(follow("1.0.0(b@2.0.0)", "a").unwrap(), "a@1.0.0(b@2.0.0)");
        assert_eq!(follow("ms@2.0.0", "old-ms").unwrap(), "ms@2.0.0");
        assert_eq!(follow("@s/x@2.0.0(b@1.0.0)", "y").unwrap(), "@s/x@2.0.0(b@1.0.0)");
        assert_eq!(follow("file:../a@b", "c").unwrap(), "c@file:../a@b");
        assert_eq!(follow("link:../a", "c"), None);
    }

    #[test]
    fn a_broken_entry_does_not_hide_the_others() {
        let lock = read(
            "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    x: 1\n  b@1.0.0:\n    resolution: {integrity: sha512-x}\nsnapshots:\n  a@1.0.0: {}\n  b@1.0.0: {}\n",
        );
        assert_eq!(lock.packages.len(), 1);
        assert_eq!(lock.packages[0].name(), ("b", "1.0.0"));
        assert_eq!(lock.snapshots.len(), 1);
        assert_eq!(lock.broken.len(), 1);
    }
}
