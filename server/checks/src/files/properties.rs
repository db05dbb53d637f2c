//! Files of lines `key = value`: the wrappers of Gradle and Maven, and `.gitmodules`.

use super::{Found, lines};
use crate::draft::{Draft, Place, Thing};
use contract::codes;
use std::ops::Range;
use std::path::Path;

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str, Range<usize>)> {
    lines(text).filter_map(|line| {
        let shown = &text[line.clone()];
        let (key, value) = shown.split_once('=')?;
        let key = key.trim();
        if key.starts_with(['#', '!', ';', '[']) {
            return None;
        }
        let start = line.end - value.len() + (value.len() - value.trim_start().len());
        let value = value.trim();
        Some((key, value, start..start + value.len()))
    })
}

pub(crate) fn read(path: &Path, text: &str, found: &mut Found) {
    let gradle = path.file_name().is_some_and(|name| name == "gradle-wrapper.properties");
    for (key, value, span) in pairs(text) {
        if key != "distributionUrl" {
            continue;
        }
        let address = value.replace("\\:", ":");
        if !address.contains("://") || address.starts_with("file:") {
            continue;
        }
        let which = if gradle { "gradle" } else { "maven" };
        found.drafts.push(Draft {
            code: codes::WRAPPER_NOT_HERE,
            span,
            what: format!("the wrapper downloads this when it first runs: {}", crate::words::shortened(&address)),
            next: if gradle {
                "`./gradlew --version` while there is a connection".to_owned()
            } else {
                "`./mvnw --version` while there is a connection".to_owned()
            },
            thing: Thing::Wrapper(which, address),
            place: Place::Host,
            only_if_absent: false,
            fix: None,
        });
    }
}

pub(crate) fn submodules(text: &str, found: &mut Found) {
    for (key, value, span) in pairs(text) {
        if key != "path" || value.is_empty() {
            continue;
        }
        found.drafts.push(Draft {
            code: codes::SUBMODULE_NOT_HERE,
            span,
            what: format!("this submodule is needed: {value}"),
            next: "`git submodule update --init --recursive` while there is a connection".to_owned(),
            thing: Thing::Submodule(value.to_owned()),
            place: Place::Host,
            only_if_absent: true,
            fix: None,
        });
    }
}
