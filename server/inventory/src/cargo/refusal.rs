//! Why cargo would refuse a manifest before it asks for any package: shape, inheritance, features, targets.
//! May look at which files stand where targets are found, and not into them. Rules: cargo's `util/toml/{mod,targets}.rs`.

use super::asked;
use super::resolve::Need;
use super::targets;
use crate::ecosystem::Verdict;
use crate::look::Look;
use cargo_util_schemas::manifest::{TomlManifest, TomlPackage, TomlPackageBuild};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The editions that cargo knows, and the first rust version that has each.
const EDITIONS: [(&str, [u64; 2]); 4] = [("2015", [1, 0]), ("2018", [1, 31]), ("2021", [1, 56]), ("2024", [1, 85])];
const RESOLVERS: [&str; 3] = ["1", "2", "3"];

/// Where a manifest stands.
pub(crate) struct Place<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    pub table: &'a DeTable<'a>,
    /// The `[workspace]` that it inherits from.
    pub shared: Option<&'a DeTable<'a>>,
    /// Where that stands.
    pub root: &'a Path,
}

/// What cargo would say to a manifest, as far as files alone tell. `needs`: its dependencies, none where it has no package.
pub(crate) fn of(place: &Place<'_>, needs: &[Need], look: &Look) -> Verdict {
    let said = |why: String| format!("{}: {why}", place.path.display());
    let manifest = match toml::from_str::<TomlManifest>(place.text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let why = error.message().lines().next().unwrap_or_default().to_owned();
            return Verdict::Refused(said(why));
        }
    };
    if manifest.cargo_features.as_ref().is_some_and(|features| !features.is_empty()) {
        return Verdict::Doubtful(said("it asks for features of cargo that are not judged: cargo-features".into()));
    }
    let Some(package) = manifest.package() else {
        return match manifest.requires_package().next() {
            Some(table) => Verdict::Refused(said(format!("it has no package, and a table that needs one: {table}"))),
            None if manifest.workspace.is_none() => {
                Verdict::Refused(said("it has neither package nor workspace".into()))
            }
            None => resolver(manifest.workspace.as_ref().and_then(|shared| shared.resolver.as_deref()))
                .map_or(Verdict::Sound, |why| Verdict::Refused(said(why))),
        };
    };
    if let Some(TomlPackageBuild::MultipleScript(_)) = package.build {
        return Verdict::Doubtful(said("it has several build scripts, which is not judged".into()));
    }
    let edition = text_of(place, "edition");
    if let Some(edition) = edition.as_deref().filter(|edition| EDITIONS.iter().all(|(known, _)| known != edition)) {
        let why = said(format!("it has an edition that is not known: {edition}"));
        // One to come is for a newer cargo to judge.
        let coming = edition.parse::<u32>().is_ok_and(|year| (2025..2100).contains(&year));
        return if coming { Verdict::Doubtful(why) } else { Verdict::Refused(why) };
    }
    let edition = edition.unwrap_or_else(|| EDITIONS[0].0.to_owned());
    let refused = inherited(place)
        .or_else(|| renamed(place.table).filter(|_| edition == "2024"))
        .or_else(|| workspace(&manifest, package, place))
        .or_else(|| rust_version(place, &edition))
        .or_else(|| dependencies(place.table))
        .or_else(|| features(&manifest, needs))
        .or_else(|| targets::refused(&manifest, package, edition == EDITIONS[0].0, place.path, look));
    refused.map_or(Verdict::Sound, |why| Verdict::Refused(said(why)))
}

fn sub<'t>(table: &'t DeTable<'_>, key: &str) -> Option<&'t DeTable<'t>> {
    table.get(key).and_then(|value| value.get_ref().as_table())
}

fn is_inherited(value: &DeValue<'_>) -> bool {
    let flag = value.as_table().and_then(|table| table.get("workspace"));
    flag.and_then(|flag| flag.get_ref().as_bool()) == Some(true)
}

/// What stands at a key of `[package]`, the workspace's where it is inherited.
fn text_of(place: &Place<'_>, key: &str) -> Option<String> {
    let package = sub(place.table, "package").or_else(|| sub(place.table, "project"))?;
    let own = package.get(key)?.get_ref();
    let value = if is_inherited(own) { sub(place.shared?, "package")?.get(key)?.get_ref() } else { own };
    value.as_str().map(str::to_owned)
}

/// A key that is inherited, and that no workspace has.
fn inherited(place: &Place<'_>) -> Option<String> {
    let package = sub(place.table, "package").or_else(|| sub(place.table, "project"))?;
    let shared = place.shared;
    let has = |table: &str, key: &str| shared.and_then(|s| sub(s, table)).is_some_and(|table| table.contains_key(key));
    let lacks = |what: String| Some(format!("it inherits what its workspace does not have: {what}"));
    for (key, value) in package {
        if is_inherited(value.get_ref()) && !has("package", key.get_ref()) {
            return lacks(key.get_ref().to_string());
        }
    }
    if place.table.get("lints").is_some_and(|lints| is_inherited(lints.get_ref()))
        && !shared.is_some_and(|shared| shared.contains_key("lints"))
    {
        return lacks("lints".into());
    }
    let mut lacking = None;
    asked::each_dependency(place.table, |key, value, _, _| {
        if is_inherited(value) && !has("dependencies", key.get_ref()) {
            lacking.get_or_insert_with(|| key.get_ref().to_string());
        }
    });
    lacking.and_then(lacks)
}

/// Names that the edition of 2024 took away.
fn renamed(table: &DeTable<'_>) -> Option<String> {
    let own = ["project", "dev_dependencies", "build_dependencies"].into_iter().find(|key| table.contains_key(*key));
    let mut old = own.map(str::to_owned);
    let targets = ["lib", "bin", "example", "test", "bench"].into_iter().filter_map(|kind| table.get(kind));
    for target in targets.flat_map(|value| match value.get_ref() {
        DeValue::Array(all) => all.iter().filter_map(|one| one.get_ref().as_table()).collect(),
        one => one.as_table().into_iter().collect::<Vec<_>>(),
    }) {
        old = old.or(["crate_type", "proc_macro"].into_iter().find(|key| target.contains_key(*key)).map(str::to_owned));
    }
    for table in sub(table, "target").into_iter().flatten().filter_map(|(_, value)| value.get_ref().as_table()) {
        let own = ["dev_dependencies", "build_dependencies"].into_iter().find(|key| table.contains_key(*key));
        old = old.or(own.map(str::to_owned));
    }
    asked::each_dependency(table, |_, value, _, _| {
        if value.as_table().is_some_and(|table| table.contains_key("default_features")) {
            old.get_or_insert_with(|| "default_features".into());
        }
    });
    old.map(|key| format!("its edition does not have this key any more: {key}"))
}

fn resolver(said: Option<&str>) -> Option<String> {
    let unknown = said.filter(|said| !RESOLVERS.contains(said))?;
    Some(format!("it asks for a resolver that is not known: {unknown}"))
}

fn workspace(manifest: &TomlManifest, package: &TomlPackage, place: &Place<'_>) -> Option<String> {
    let own = manifest.workspace.as_ref();
    let shared = own.and_then(|shared| shared.resolver.as_deref());
    if let Some(why) = resolver(package.resolver.as_deref()).or_else(|| resolver(shared)) {
        return Some(why);
    }
    if package.resolver.is_some() && shared.is_some() {
        return Some("it names a resolver twice".into());
    }
    let elsewhere = package.workspace.as_deref()?;
    if own.is_some() {
        return Some("it is a workspace and says that it belongs to another".into());
    }
    let folder = place.path.parent().unwrap_or(place.path);
    let named = crate::members::clean(&folder.join(elsewhere));
    (named != crate::members::clean(place.root)).then(|| format!("it belongs to another workspace: {elsewhere}"))
}

fn rust_version(place: &Place<'_>, edition: &str) -> Option<String> {
    let said = text_of(place, "rust-version")?;
    let mut parts = said.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
    let version = [parts.next().unwrap_or(0), parts.next().unwrap_or(0)];
    let (_, least) = EDITIONS.iter().find(|(known, _)| *known == edition)?;
    (version < *least).then(|| format!("its rust-version is older than its edition: {said}"))
}

/// A dependency that says nothing, or what cargo does not take.
fn dependencies(table: &DeTable<'_>) -> Option<String> {
    let mut refused = None;
    asked::each_dependency(table, |key, value, _, dev| {
        if refused.is_some() {
            return;
        }
        let key = key.get_ref();
        let table = value.as_table();
        let text = |name: &str| table.and_then(|table| table.get(name)).and_then(|v| v.get_ref().as_str());
        let version = value.as_str().or_else(|| text("version"));
        let has = |name: &str| text(name).is_some();
        let optional = table.and_then(|t| t.get("optional")).and_then(|v| v.get_ref().as_bool()) == Some(true);
        refused = match version.map(semver::VersionReq::parse) {
            Some(Err(error)) => Some(format!("the version that it asks of {key} cannot be read: {error}")),
            None if !is_inherited(value) && !has("path") && !has("git") => {
                Some(format!("it names neither version, path nor repository for {key}"))
            }
            _ if has("path") && has("git") => Some(format!("it names both path and repository for {key}")),
            _ if ["branch", "tag", "rev"].iter().filter(|name| has(name)).count() > 1 => {
                Some(format!("it names more than one commit for {key}"))
            }
            _ if dev && optional => Some(format!("a development dependency cannot be optional: {key}")),
            _ => None,
        };
    });
    refused
}

/// A feature that leads nowhere.
fn features(manifest: &TomlManifest, needs: &[Need]) -> Option<String> {
    // By key: whether some declaration is optional.
    let mut known: HashMap<&str, bool> = HashMap::new();
    for need in needs {
        *known.entry(&need.key).or_default() |= need.optional;
    }
    let features: HashMap<&str, &Vec<String>> =
        manifest.features.iter().flatten().map(|(name, values)| (name.as_str(), values)).collect();
    let explicit: HashSet<&str> =
        features.values().flat_map(|values| values.iter()).filter_map(|value| value.strip_prefix("dep:")).collect();
    let optional = |key: &str| known.get(key).copied() == Some(true);
    let implicit = |key: &str| optional(key) && !explicit.contains(key);
    let mut used: HashSet<&str> =
        known.keys().copied().filter(|key| implicit(key) && !features.contains_key(key)).collect();
    for (name, values) in &features {
        for value in *values {
            let wrong = if let Some(key) = value.strip_prefix("dep:") {
                used.insert(key);
                key.contains('/') || !optional(key)
            } else if let Some((key, feature)) = value.split_once('/') {
                let (key, weak) = key.strip_suffix('?').map_or((key, false), |key| (key, true));
                used.insert(key);
                feature.contains('/') || !known.contains_key(key) || (weak && !optional(key))
            } else {
                !features.contains_key(value.as_str()) && !implicit(value)
            };
            if wrong {
                return Some(format!("its feature {name} includes what is not there: {value}"));
            }
        }
    }
    let lost = known.iter().filter(|(key, optional)| **optional && !used.contains(*key)).map(|(key, _)| *key).min();
    lost.map(|key| format!("no feature includes its optional dependency {key}"))
}
