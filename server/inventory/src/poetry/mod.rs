//! Poetry: `poetry.lock`, and the virtual environment that it is installed in.
//! Judged as `poetry install --no-root`, and by checksum; runs nothing and writes nothing.

mod asks;
mod digest;
mod judge;
mod lock;
mod settings;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::python::name;
use contract::{Artifact, FetchStep};
use lock::Located;
use std::collections::HashSet;
use std::ops::Range as Span;
use std::path::Path;

/// Lockfiles larger than this are not read, in bytes.
const LARGEST_LOCKFILE: u64 = 32 << 20;
/// Larger manifests are not read, in bytes.
const LARGEST_MANIFEST: u64 = 4 << 20;

pub(crate) struct Poetry;

impl Ecosystem for Poetry {
    fn name(&self) -> &'static str {
        "poetry"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &["poetry.lock"]
    }

    fn manifest(&self) -> &'static str {
        "pyproject.toml"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let lock = lock::read(text);
        let ids = ids(&lock.packages).into_iter();
        (ids.zip(&lock.packages).map(|(id, located)| (id, located.span.clone())).collect(), lock.broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        let mut out = crate::uv::named(text);
        out.extend(named(text));
        out.sort_by_key(|named| named.span.start);
        out
    }

    /// Only where the project speaks of Poetry: other tools have this manifest too, and their own lockfiles.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        let table = toml::from_str::<toml::Table>(manifest).ok();
        let tool = table.as_ref().and_then(|table| table.get("tool")?.as_table());
        tool.is_some_and(|tool| tool.contains_key("poetry") && !tool.contains_key("uv"))
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<crate::registries::Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::poetry(wanted)
    }
}

/// Ids of packages: `poetry:<name>@<version>`, and `#<number>` where that stands twice.
fn ids(packages: &[Located]) -> Vec<String> {
    let mut seen = HashSet::with_capacity(packages.len());
    let mut out = Vec::with_capacity(packages.len());
    for located in packages {
        let plain = format!("poetry:{}@{}", located.package.name, located.package.version);
        let mut id = plain.clone();
        let mut number = 2;
        while !seen.insert(id.clone()) {
            id = format!("{plain}#{number}");
            number += 1;
        }
        out.push(id);
    }
    out
}

/// The keys in Poetry's own tables of dependencies, line by line.
fn named(text: &str) -> Vec<Named> {
    let mut out = Vec::new();
    let (mut inside, mut at) = (false, 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if let Some(table) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let group = table.strip_prefix("tool.poetry.group.").is_some_and(|rest| rest.ends_with(".dependencies"));
            inside = group || ["tool.poetry.dependencies", "tool.poetry.dev-dependencies"].contains(&table);
        } else if inside && let Some((key, _)) = line.split_once('=') {
            let key = key.trim_end();
            let quoted = key.trim_start().trim_matches(['"', '\'']);
            if let Some(name) = name::normal(quoted).filter(|name| name != "python") {
                let begin = at + line.len() - line.trim_start().len();
                out.push(Named { key: name, span: begin..at + key.len() });
            }
        }
        at += line.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_in_poetrys_tables_are_named_with_their_places() {
        let text = "[tool.poetry.dependencies]\npython = \"^3.9\"\nRich = \"^13\"\n[tool.poetry.group.dev.dependencies]\n\"six\" = { version = \"1\" }\n[tool.other]\nx = 1\n";
        let shown: Vec<(String, &str)> = named(text).into_iter().map(|n| (n.key, &text[n.span])).collect();
        assert_eq!(shown, [("rich".to_owned(), "Rich"), ("six".to_owned(), "\"six\"")]);
    }
}
