//! `.gitlab-ci.yml`: images, scripts, and files of other places that it takes in.
//! As with every CI, nothing found here is more than information.

use super::{Found, yaml};
use crate::draft::{Draft, Place, Thing};
use crate::piece::Piece;
use crate::shell::commands;
use crate::tools;
use contract::{Severity, codes};
use std::collections::HashMap;
use yaml::Node;

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = yaml::parse(text) else { return };
    job(text, &root, found);
    for (name, value) in root.pairs() {
        match name.text() {
            Some("include") => include(text, value, found),
            Some("image" | "services" | "variables" | "stages" | "workflow" | "before_script" | "after_script") => {}
            // A job, a default or a template of jobs.
            _ => job(text, value, found),
        }
    }
}

fn job(text: &str, node: &Node, found: &mut Found) {
    let services = node.get("services").map_or(&[][..], Node::items).iter();
    for image in node.get("image").into_iter().chain(services) {
        let image = image.get("name").unwrap_or(image);
        if let Some(name) = image.text() {
            found.drafts.extend(super::compose::image(name, image.place(text), Place::Ci));
        }
    }
    for key in ["before_script", "script", "after_script"] {
        let Some(script) = node.get(key) else { continue };
        // Lines of one script: what one sets, the next knows.
        let mut whole = Piece::default();
        for line in std::iter::once(script).chain(script.items()).chain(script.items().iter().flat_map(Node::items)) {
            if let Some(piece) = line.piece(text) {
                whole.append(&piece);
            }
        }
        tools::look(&commands(whole, HashMap::new()), Place::Ci, &mut found.drafts);
    }
}

fn include(text: &str, node: &Node, found: &mut Found) {
    for one in std::iter::once(node).chain(node.items()) {
        let named = ["remote", "project", "component", "template"].iter().find_map(|key| one.get(key));
        let plain = one.text().filter(|text| text.starts_with("http"));
        let Some(place) = named.or(plain.map(|_| one)) else { continue };
        found.drafts.push(Draft {
            code: codes::CI_REMOTE_INCLUDE,
            span: place.place(text),
            what: format!(
                "this is fetched from elsewhere before a job begins: {}",
                crate::words::shortened(place.text().unwrap_or_default())
            ),
            next: "keep a copy in this repository and include it with `local:`".to_owned(),
            thing: Thing::Nothing(Severity::Information),
            place: Place::Ci,
            only_if_absent: false,
            fix: None,
        });
    }
}
