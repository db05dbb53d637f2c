//! `Cargo.toml`: dependencies on a repository without its commit, and on what downloads while the build script runs.

use super::{Found, toml_text};
use crate::draft::{Draft, Place, Thing};
use contract::{Severity, codes};
use toml_text::Table;

/// Crates that fetch: in a build script they do so while the crate is built.
const CLIENTS: [&str; 9] = ["reqwest", "ureq", "attohttpc", "curl", "minreq", "isahc", "hyper", "git2", "download"];

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = toml_text::parse(text) else { return };
    let root = root.get_ref();
    let mut tables: Vec<(&Table<'_>, bool)> = Vec::new();
    collect(root, &mut tables);
    for (_, target) in toml_text::table(root.get("target")).into_iter().flatten() {
        if let Some(target) = toml_text::table(Some(target)) {
            collect(target, &mut tables);
        }
    }
    if let Some(workspace) = toml_text::table(root.get("workspace")) {
        collect(workspace, &mut tables);
    }
    for (_, registry) in toml_text::table(root.get("patch")).into_iter().flatten() {
        tables.extend(toml_text::table(Some(registry)).map(|table| (table, false)));
    }
    for (table, builds) in tables {
        for (name, value) in table {
            if let Some(dependency) = toml_text::table(Some(value)) {
                from_git(name.get_ref(), dependency, found);
            }
            if builds && CLIENTS.contains(&name.get_ref().as_ref()) {
                found.drafts.push(Draft {
                    code: codes::BUILD_DEPENDENCY_DOWNLOADS,
                    span: name.span(),
                    what: format!("the build script can download with this: {}", name.get_ref()),
                    next: "bring what it needs with the crate, or let it take a path from an environment variable; build once while there is a connection".to_owned(),
                    thing: Thing::Nothing(Severity::Warning),
                    place: Place::Host,
                    only_if_absent: false,
                    fix: None,
                });
            }
        }
    }
}

fn collect<'a, 'b>(from: &'b Table<'a>, tables: &mut Vec<(&'b Table<'a>, bool)>) {
    for (key, builds) in [("dependencies", false), ("dev-dependencies", false), ("build-dependencies", true)] {
        tables.extend(toml_text::table(from.get(key)).map(|table| (table, builds)));
    }
}

fn from_git(name: &str, dependency: &Table<'_>, found: &mut Found) {
    let Some(address) = dependency.get("git") else { return };
    if dependency.contains_key("rev") {
        return;
    }
    let url = toml_text::string(Some(address)).unwrap_or_default();
    let named = ["tag", "branch"].iter().find(|key| dependency.contains_key(**key));
    let what = match named {
        Some(key) => format!("this repository is named by a {key}, which can move"),
        None => "this repository is named without its commit".to_owned(),
    };
    found.drafts.push(Draft {
        code: codes::GIT_DEPENDENCY_NOT_PINNED,
        span: address.span(),
        what: format!("{what}: {name} from {url}"),
        next: "add `rev = \"…\"` with the commit that Cargo.lock has; without Cargo.lock cargo asks the repository"
            .to_owned(),
        thing: Thing::Packages("cargo"),
        place: Place::Host,
        only_if_absent: false,
        fix: None,
    });
}
