//! What the dependency tables of a manifest ask for, and what of it is inherited from the workspace.
//! May not look at any file.

use super::origin;
use super::resolve::{Need, Origin};
use crate::ecosystem::Named;
use crate::members::clean;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// What members inherit.
#[derive(Default)]
pub(super) struct Inherited {
    pub version: Option<String>,
    /// With paths made absolute.
    pub dependencies: BTreeMap<String, Need>,
    pub paths: BTreeMap<String, PathBuf>,
}

pub(super) fn strings(table: &DeTable<'_>, key: &str) -> Vec<String> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array());
    items.into_iter().flat_map(|items| items.iter()).filter_map(|v| v.get_ref().as_str().map(str::to_owned)).collect()
}

pub(super) fn inherit(shared: &DeTable<'_>, root: &Path) -> Inherited {
    let package = shared.get("package").and_then(|value| value.get_ref().as_table());
    let said = |key: &str| package.and_then(|p| p.get(key)).and_then(|v| v.get_ref().as_str()).map(str::to_owned);
    let mut inherited = Inherited { version: said("version"), ..Inherited::default() };
    let dependencies = shared.get("dependencies").and_then(|value| value.get_ref().as_table());
    for (key, value) in dependencies.into_iter().flatten() {
        let (need, path) = need(key.get_ref(), value.get_ref(), None, false, root, &Inherited::default());
        inherited.paths.extend(path.map(|path| (key.get_ref().to_string(), path)));
        inherited.dependencies.insert(key.get_ref().to_string(), need);
    }
    inherited
}

type Key<'i> = toml::Spanned<std::borrow::Cow<'i, str>>;

/// Calls `each` with key, value, target and whether it is for development only, for all dependency tables.
pub(crate) fn each_dependency<'t>(
    table: &'t DeTable<'t>,
    mut each: impl FnMut(&Key<'t>, &DeValue<'t>, Option<&str>, bool),
) {
    let mut tables = |table: &'t DeTable<'t>, target: Option<&str>| {
        for (name, dev) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("build_dependencies", false),
            ("dev-dependencies", true),
            ("dev_dependencies", true),
        ] {
            for (key, value) in table.get(name).and_then(|v| v.get_ref().as_table()).into_iter().flatten() {
                each(key, value.get_ref(), target, dev);
            }
        }
    };
    tables(table, None);
    for (target, value) in table.get("target").and_then(|v| v.get_ref().as_table()).into_iter().flatten() {
        if let Some(table) = value.get_ref().as_table() {
            tables(table, Some(target.get_ref()));
        }
    }
}

/// One dependency, and its folder if it is one.
pub(super) fn need(
    key: &str,
    value: &DeValue<'_>,
    target: Option<&str>,
    dev: bool,
    folder: &Path,
    inherited: &Inherited,
) -> (Need, Option<PathBuf>) {
    let plain = |req: Option<&str>| Need {
        key: key.to_owned(),
        package: key.to_owned(),
        req: req.and_then(|req| semver::VersionReq::parse(req).ok()),
        optional: false,
        default_features: true,
        features: Vec::new(),
        target: target.map(str::to_owned),
        dev,
        origin: Origin::CratesIo,
    };
    let Some(table) = value.as_table() else { return (plain(value.as_str()), None) };
    let text = |key: &str| table.get(key).and_then(|v| v.get_ref().as_str());
    let flag = |key: &str| table.get(key).and_then(|v| v.get_ref().as_bool());
    let default_features = flag("default-features").or_else(|| flag("default_features"));
    let optional = flag("optional").unwrap_or(false);
    if flag("workspace") == Some(true) {
        let Some(base) = inherited.dependencies.get(key) else { return (plain(None), None) };
        let mut need = base.clone();
        need.optional = optional;
        need.dev = dev;
        need.target = target.map(str::to_owned);
        need.features.extend(strings(table, "features"));
        // A member can switch default features on, and off only where the workspace has them off.
        need.default_features |= default_features == Some(true);
        return (need, inherited.paths.get(key).cloned());
    }
    let mut need = plain(text("version"));
    need.optional = optional;
    need.default_features = default_features.unwrap_or(true);
    need.features = strings(table, "features");
    if let Some(package) = text("package") {
        package.clone_into(&mut need.package);
    }
    let path = text("path").map(|path| clean(&folder.join(path)));
    need.origin = match () {
        () if text("git").is_some() => {
            let references = ["branch", "tag", "rev"].map(|kind| text(kind).map(|value| (kind, value)));
            origin::git(text("git").unwrap_or_default(), references.into_iter().flatten().next())
        }
        () if path.is_some() => Origin::Path,
        () if text("registry").is_some_and(|name| name != "crates-io") => {
            Origin::Named(text("registry").unwrap_or_default().to_owned())
        }
        () if text("registry-index").is_some() => origin::registry(text("registry-index").unwrap_or_default()),
        () => Origin::CratesIo,
    };
    (need, path)
}

/// The dependencies that a manifest's text names, also where other parts of it cannot be read.
pub(crate) fn named(text: &str) -> Vec<Named> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut out = Vec::new();
    let mut take = |table: &DeTable<'_>| {
        each_dependency(table, |key, _, _, _| {
            let span = key.span();
            if text.get(span.clone()).is_some() {
                out.push(Named { key: key.get_ref().to_string(), span });
            }
        });
    };
    take(table.get_ref());
    if let Some(shared) = table.get_ref().get("workspace").and_then(|v| v.get_ref().as_table()) {
        take(shared);
    }
    out.sort_by_key(|named| named.span.start);
    out
}
