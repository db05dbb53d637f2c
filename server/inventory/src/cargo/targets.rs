//! Whether a package's targets are found where its manifest and cargo's conventions say.
//! May look at names of files only. Rules: cargo's `util/toml/targets.rs`; that a path that is named leads somewhere is
//! not asked there, and not here.

use crate::look::{Look, Seen};
use cargo_util_schemas::manifest::{TomlManifest, TomlPackage, TomlPackageBuild, TomlTarget};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Names of binaries that would stand where cargo builds.
const FORBIDDEN: [&str; 4] = ["deps", "examples", "build", "incremental"];

/// Whether something stands there. The folder is noted: it changes when a file appears in it or goes, and what the
/// file holds does not matter. What a link leads to can go without a change of its folder, and is noted itself.
fn stands(path: &Path, look: &Look) -> bool {
    look.at(path.parent().unwrap_or(path));
    match crate::reach::symlink_metadata(path) {
        Ok(own) if own.is_symlink() => matches!(look.at(path), Seen::File(_) | Seen::Folder(_) | Seen::Odd),
        own => own.is_ok(),
    }
}

/// The targets that a folder holds by convention: `NAME.rs`, and `NAME/main.rs`.
fn found(folder: &Path, look: &Look) -> Vec<(String, PathBuf)> {
    if !matches!(look.at(folder), Seen::Folder(_)) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for entry in crate::reach::list(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let main = path.join("main.rs");
            if stands(&main, look) {
                out.push((name.to_owned(), main));
            }
        } else if let Some(stem) = name.strip_suffix(".rs") {
            out.push((stem.to_owned(), path));
        }
    }
    out.sort();
    out
}

/// Why cargo would refuse the targets of a package.
pub(crate) fn refused(
    manifest: &TomlManifest,
    package: &TomlPackage,
    oldest_edition: bool,
    path: &Path,
    look: &Look,
) -> Option<String> {
    let folder = path.parent().unwrap_or(path);
    let name = package.name.as_ref().map(|name| name.as_str()).unwrap_or_default();
    let source = folder.join("src");
    let library = match library(manifest, package, name, oldest_edition, folder, look) {
        Ok(library) => library,
        Err(why) => return Some(why),
    };
    let mut binaries = Vec::new();
    if stands(&source.join("main.rs"), look) {
        binaries.push((name.to_owned(), source.join("main.rs")));
    }
    binaries.extend(found(&source.join("bin"), look));
    let legacy = |name: &str| {
        (!library && stands(&source.join(format!("{name}.rs")), look))
            || stands(&source.join("main.rs"), look)
            || stands(&source.join("bin").join("main.rs"), look)
    };
    let mut kinds = vec![Kind {
        what: "binary",
        named: manifest.bin.as_deref(),
        found: binaries,
        auto: package.autobins,
        legacy: &legacy,
    }];
    let bench = |name: &str| name == "bench" && stands(&source.join("bench.rs"), look);
    for (what, folder_name, named, auto) in [
        ("example", "examples", manifest.example.as_deref(), package.autoexamples),
        ("test", "tests", manifest.test.as_deref(), package.autotests),
        ("benchmark", "benches", manifest.bench.as_deref(), package.autobenches),
    ] {
        let found = found(&folder.join(folder_name), look);
        let legacy: &dyn Fn(&str) -> bool = if what == "benchmark" { &bench } else { &|_| false };
        kinds.push(Kind { what, named, found, auto, legacy });
    }
    let mut any = library;
    for kind in &kinds {
        let names = match kind.names(folder, oldest_edition) {
            Ok(names) => names,
            Err(why) => return Some(why),
        };
        any |= !names.is_empty();
        if kind.what == "binary" {
            if let Some(name) = names.iter().find(|name| FORBIDDEN.contains(&name.as_str())) {
                return Some(format!("no binary can have the name {name}"));
            }
            if let Some(run) = package.default_run.as_deref().filter(|run| !names.iter().any(|name| name == run)) {
                return Some(format!("there is no binary with the name of default-run: {run}"));
            }
        }
    }
    if !any {
        return Some("it has neither src/lib.rs nor src/main.rs, and names no target".into());
    }
    let script = match &package.build {
        Some(TomlPackageBuild::Auto(script)) => *script,
        Some(_) => true,
        None => package.links.is_some() && stands(&folder.join("build.rs"), look),
    };
    let links = package.links.as_deref().filter(|_| !script)?;
    Some(format!("it links {links} and has no build script"))
}

fn library(
    manifest: &TomlManifest,
    package: &TomlPackage,
    name: &str,
    oldest_edition: bool,
    folder: &Path,
    look: &Look,
) -> Result<bool, String> {
    let there = stands(&folder.join("src").join("lib.rs"), look);
    let Some(lib) = &manifest.lib else { return Ok(there && package.autolib != Some(false)) };
    let name = lib.name.clone().unwrap_or_else(|| name.replace('-', "_"));
    if name.trim().is_empty() || name.contains('-') {
        return Err(format!("no library can have this name: {name:?}"));
    }
    let legacy = || oldest_edition && stands(&folder.join("src").join(format!("{name}.rs")), look);
    if lib.path.is_none() && !there && !legacy() {
        return Err("it has a library and no src/lib.rs".into());
    }
    let kinds = lib.crate_types().map(|kinds| kinds.iter().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
    let both = kinds.contains(&"dylib") && kinds.contains(&"cdylib");
    if both || (kinds.contains(&"proc-macro") && kinds.len() > 1) {
        return Err("its library has crate types that exclude one another".into());
    }
    Ok(true)
}

/// All targets of one kind.
struct Kind<'a> {
    what: &'static str,
    named: Option<&'a [TomlTarget]>,
    found: Vec<(String, PathBuf)>,
    auto: Option<bool>,
    /// Whether the oldest edition finds a target of this name elsewhere.
    legacy: &'a dyn Fn(&str) -> bool,
}

impl Kind<'_> {
    /// The names of the targets, or what is wrong with one.
    fn names(&self, folder: &Path, oldest_edition: bool) -> Result<Vec<String>, String> {
        let what = self.what;
        let mut names = Vec::new();
        let named = self.named.unwrap_or_default();
        for target in named {
            let name = target.name.clone().unwrap_or_default();
            if name.trim().is_empty() {
                return Err(format!("a {what} has no name"));
            }
            let kinds = target.crate_types().is_some_and(|kinds| !kinds.is_empty());
            if what == "binary" && (kinds || target.proc_macro() == Some(true)) {
                return Err(format!("the {what} {name} is said to be a library"));
            }
            let fit = self.found.iter().filter(|(known, _)| *known == name).count();
            if target.path.is_none() && fit != 1 && !(oldest_edition && (self.legacy)(&name)) {
                return Err(format!("there is no file for the {what} {name}, or more than one"));
            }
            names.push(name);
        }
        let auto = self.auto.unwrap_or(self.named.is_none() || !oldest_edition);
        if auto {
            let paths: HashSet<PathBuf> =
                named.iter().filter_map(|target| Some(folder.join(&target.path.as_ref()?.0))).collect();
            let known: HashSet<String> = names.iter().cloned().collect();
            let rest = self.found.iter().filter(|(name, path)| !known.contains(name) && !paths.contains(path));
            names.extend(rest.map(|(name, _)| name.clone()));
        }
        let mut seen = HashSet::new();
        match names.iter().find(|name| !seen.insert(name.as_str())) {
            Some(twice) => Err(format!("two targets have the same name: {what} {twice}")),
            None => Ok(names),
        }
    }
}
