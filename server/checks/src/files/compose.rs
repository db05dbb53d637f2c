//! Images by name, as Dockerfiles, Compose files, dev containers and CI have them, and the first two of these formats.

use super::{Found, json, yaml};
use crate::draft::{Draft, Place, Thing};
use crate::shell::{commands, exec};
use crate::tools;
use contract::codes;
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use std::collections::HashMap;
use std::ops::Range;

/// What is to be said of an image that something is built on or run in.
pub(crate) fn image(name: &str, span: Range<usize>, place: Place) -> Option<Draft> {
    if name.is_empty() || name == "scratch" || name.contains(['$', ' ']) {
        return None;
    }
    Some(Draft {
        code: codes::IMAGE_NOT_HERE,
        span,
        what: format!("this image is needed: {name}"),
        next: "pull it while there is a connection".to_owned(),
        thing: Thing::Image(name.to_owned()),
        place,
        only_if_absent: false,
        fix: None,
    })
}

/// Whether a reference names one content for ever.
pub(crate) fn has_digest(name: &str) -> bool {
    name.contains("@sha256:")
}

pub(crate) fn compose(text: &str, found: &mut Found) {
    let Some(root) = yaml::parse(text) else { return };
    for (_, service) in root.get("services").map_or(&[][..], yaml::Node::pairs) {
        // With `build`, the name is what is built.
        if service.get("build").is_some()
            || service.get("pull_policy").is_some_and(|p| matches!(p.text(), Some("never" | "build")))
        {
            continue;
        }
        let Some(node) = service.get("image") else { continue };
        let Some(name) = node.text() else { continue };
        // `${TAG:-latest}` has a value of its own.
        if let Some(name) = with_defaults(name) {
            found.drafts.extend(image(&name, node.place(text), Place::Host));
        }
    }
}

fn with_defaults(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let (inner, after) = rest[at + 2..].split_once('}')?;
        out.push_str(inner.split_once(":-").or(inner.split_once('-'))?.1);
        rest = after;
    }
    out.push_str(rest);
    (!out.contains('$')).then_some(out)
}

pub(crate) fn devcontainer(text: &str, found: &mut Found) {
    let Some(root) = json::parse(text) else { return };
    if let Some(value @ Value::StringLit(name)) = json::get(&root, "image") {
        found.drafts.extend(image(&name.value, json::place(value), Place::Host));
    }
    for feature in json::members(&root, "features") {
        let name = feature.name.as_str();
        if name.contains('/') && !name.starts_with('.') {
            let range = feature.name.range();
            found.drafts.extend(
                image(name, range.start + 1..range.end.saturating_sub(1).max(range.start + 1), Place::Host).map(
                    |draft| Draft {
                        what: format!("this feature is fetched when the container is built: {name}"),
                        next: "build the container once while there is a connection".to_owned(),
                        thing: Thing::Untold,
                        ..draft
                    },
                ),
            );
        }
    }
    for key in ["onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"]
    {
        match json::get(&root, key) {
            Some(Value::Object(several)) => several.properties.iter().for_each(|one| command(text, &one.value, found)),
            Some(one) => command(text, one, found),
            None => {}
        }
    }
}

/// A command as a string, or as a list of words.
fn command(text: &str, value: &Value<'_>, found: &mut Found) {
    if let Some(piece) = json::decoded(text, value) {
        tools::look(&commands(piece, HashMap::new()), Place::Image, &mut found.drafts);
    } else if let Value::Array(list) = value {
        let words: Option<Vec<_>> =
            list.elements.iter().map(|one| matches!(one, Value::StringLit(_)).then(|| json::place(one))).collect();
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            let piece = crate::piece::Piece::of(text, 0..text.len());
            tools::look(&exec(json::command(&piece, &words)), Place::Image, &mut found.drafts);
        }
    }
}
