//! `.pre-commit-config.yaml`: repositories of hooks that pre-commit fetches when a hook runs first.

use super::{Found, yaml};
use crate::draft::{Draft, Place, Thing};
use contract::codes;
use yaml::Node;

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = yaml::parse(text) else { return };
    for repository in root.get("repos").map_or(&[][..], Node::items) {
        let Some(name) = repository.get("repo").and_then(Node::text).filter(|name| *name != "local" && *name != "meta")
        else {
            continue;
        };
        let Some(rev) = repository.get("rev").filter(|rev| rev.text().is_some()) else { continue };
        let version = rev.text().unwrap_or_default();
        found.drafts.push(Draft {
            code: codes::HOOK_NOT_HERE,
            span: rev.place(text),
            what: format!("pre-commit fetches these hooks and what they need: {name} at {version}"),
            next: "`pre-commit install-hooks` while there is a connection".to_owned(),
            thing: Thing::Hooks(format!("{name}@{version}")),
            place: Place::Host,
            only_if_absent: false,
            fix: None,
        });
    }
}
