//! `pyproject.toml`: dependencies that are an address or a repository without its commit. Ranges of versions are what such a file is for.

use super::{Found, requirements, toml_text};
use crate::draft::{Draft, Place, Thing};
use contract::{Severity, codes};

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = toml_text::parse(text) else { return };
    let root = root.get_ref();
    let mut lists = Vec::new();
    if let Some(project) = toml_text::table(root.get("project")) {
        lists.extend(toml_text::strings(project.get("dependencies")));
        for (_, extra) in toml_text::table(project.get("optional-dependencies")).into_iter().flatten() {
            lists.extend(toml_text::strings(Some(extra)));
        }
    }
    for (_, group) in toml_text::table(root.get("dependency-groups")).into_iter().flatten() {
        lists.extend(toml_text::strings(Some(group)));
    }
    if let Some(build) = toml_text::table(root.get("build-system")) {
        lists.extend(toml_text::strings(build.get("requires")));
    }
    for (one, span) in lists {
        let mut own = Found::default();
        requirements::requirement(one, span, false, &mut own);
        found.drafts.extend(own.drafts.into_iter().filter(|draft| draft.code != codes::REQUIREMENT_NOT_PINNED));
    }
    let poetry = ["dependencies", "dev-dependencies"];
    let poetry = poetry.iter().filter_map(|key| toml_text::below(root, &["tool", "poetry", key]));
    let groups = toml_text::below(root, &["tool", "poetry", "group"]).into_iter().flatten();
    let groups = groups.filter_map(|(_, group)| toml_text::below(toml_text::table(Some(group))?, &["dependencies"]));
    let sources = toml_text::below(root, &["tool", "uv", "sources"]);
    for table in poetry.chain(groups).chain(sources) {
        for (name, value) in table {
            let Some(dependency) = toml_text::table(Some(value)) else { continue };
            let pinned = toml_text::string(dependency.get("rev"))
                .is_some_and(|rev| rev.len() == 40 && rev.bytes().all(|b| b.is_ascii_hexdigit()));
            let (code, what, at) = if let Some(address) = dependency.get("git").filter(|_| !pinned) {
                (codes::GIT_DEPENDENCY_NOT_PINNED, "this dependency is a repository without its commit", address)
            } else if let Some(address) = dependency.get("url") {
                (codes::URL_DEPENDENCY, "this dependency is an address, which no index's mirror has", address)
            } else {
                continue;
            };
            found.drafts.push(Draft {
                code,
                span: at.span(),
                what: format!("{what}: {}", name.get_ref()),
                next: if code == codes::URL_DEPENDENCY {
                    "keep the archive with the project, and name its path".to_owned()
                } else {
                    "add `rev` with the commit in full, and lock once while there is a connection".to_owned()
                },
                thing: Thing::Nothing(Severity::Warning),
                place: Place::Host,
                only_if_absent: false,
                fix: None,
            });
        }
    }
}
