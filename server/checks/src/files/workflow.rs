//! Workflows of GitHub Actions (and Gitea, Forgejo), and actions made of steps: what their steps run, use and run in.
//! They run where CI runs, which has a network, so nothing found here is more than information; it counts for who runs them here.

use super::{Found, yaml};
use crate::draft::{Draft, Place, Thing};
use crate::shell::commands;
use crate::tools;
use contract::{Severity, codes};
use std::collections::HashMap;
use yaml::Node;

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = yaml::parse(text) else { return };
    let defaults = shell_of(&root);
    for (_, job) in root.get("jobs").map_or(&[][..], Node::pairs) {
        if let Some(name) = job.get("uses") {
            uses(text, name, found);
        }
        for image in [job.get("container"), job.get("container").and_then(|c| c.get("image"))].into_iter().flatten() {
            container(text, image, found);
        }
        for (_, service) in job.get("services").map_or(&[][..], Node::pairs) {
            service.get("image").into_iter().for_each(|image| container(text, image, found));
        }
        let windows = job.get("runs-on").and_then(Node::text).is_some_and(|on| on.contains("windows"));
        let shell = shell_of(job).or(defaults).unwrap_or(if windows { "pwsh" } else { "bash" });
        let begun = found.drafts.len();
        let steps = job.get("steps").map_or(&[][..], Node::items);
        for step in steps {
            read_step(text, step, shell, found);
        }
        without_cache(steps, begun, found);
    }
    for step in root.get("runs").and_then(|runs| runs.get("steps")).map_or(&[][..], Node::items) {
        read_step(text, step, "bash", found);
    }
}

fn shell_of(node: &Node) -> Option<&str> {
    node.get("defaults")?.get("run")?.get("shell")?.text()
}

fn read_step(text: &str, step: &Node, shell: &str, found: &mut Found) {
    if step.get("if").and_then(Node::text).is_some_and(|when| when.trim_matches(['$', '{', '}', ' ']) == "false") {
        return;
    }
    if let Some(name) = step.get("uses") {
        uses(text, name, found);
    }
    let shell = step.get("shell").and_then(Node::text).unwrap_or(shell);
    let posix =
        shell.split_whitespace().next().is_some_and(|name| matches!(name.rsplit('/').next(), Some("bash" | "sh")));
    if let Some(piece) = step.get("run").filter(|_| posix).and_then(|run| run.piece(text)) {
        tools::look(&commands(piece, HashMap::new()), Place::Ci, &mut found.drafts);
    }
}

fn container(text: &str, image: &Node, found: &mut Found) {
    if let Some(name) = image.text().filter(|name| !name.is_empty() && !name.contains("${{")) {
        found.drafts.extend(super::compose::image(name, image.place(text), Place::Ci));
    }
}

/// `uses:` an action or a workflow of another repository.
fn uses(text: &str, node: &Node, found: &mut Found) {
    let Some(name) = node.text().filter(|name| !name.starts_with('.') && !name.contains("${{")) else { return };
    if let Some(image) = name.strip_prefix("docker://") {
        found.drafts.extend(super::compose::image(image, node.place(text), Place::Ci));
        return;
    }
    let Some((_, reference)) = name.split_once('@') else { return };
    let pinned = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    if pinned {
        return;
    }
    found.drafts.push(Draft {
        code: codes::ACTION_NOT_PINNED,
        span: node.place(text),
        what: format!("what this names can change, so a copy that is kept is asked about again: {name}"),
        next: "name the commit in full while there is a connection, with the tag in a comment behind it".to_owned(),
        thing: Thing::Action(name.to_owned()),
        place: Place::Ci,
        only_if_absent: false,
        fix: None,
    });
}

/// A job that fetches packages and keeps no cache of them.
fn without_cache(steps: &[Node], begun: usize, found: &mut Found) {
    let fetches = |draft: &&Draft| {
        matches!(
            draft.code,
            codes::CARGO_NOT_OFFLINE
                | codes::NPM_NOT_OFFLINE
                | codes::PIP_NOT_OFFLINE
                | codes::UV_NOT_OFFLINE
                | codes::JVM_NOT_OFFLINE
        )
    };
    let Some(first) = found.drafts[begun..].iter().find(fetches) else { return };
    let caches = steps.iter().any(|step| {
        let name = step.get("uses").and_then(Node::text).unwrap_or_default();
        let action = name.split('@').next().unwrap_or_default();
        action.contains("cache")
            || action.ends_with("setup-uv")
            || action.ends_with("setup-gradle")
            || action.ends_with("setup-pixi")
            || step.get("with").is_some_and(|with| {
                with.pairs().iter().any(|(key, _)| key.text().is_some_and(|key| key.contains("cache")))
            })
    });
    if !caches {
        found.drafts.push(Draft {
            code: codes::CI_WITHOUT_CACHE,
            what: "this job fetches its packages anew each time: no step keeps them".to_owned(),
            next: "add a step that caches them, keyed by the lockfile".to_owned(),
            thing: Thing::Nothing(Severity::Information),
            only_if_absent: false,
            fix: None,
            ..first.clone()
        });
    }
}
