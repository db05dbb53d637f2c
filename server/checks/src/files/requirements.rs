//! Lists of requirements of pip: what is named by no version, by an address, or by a repository without its commit.

use super::{Found, lines};
use crate::draft::{Draft, Place, Thing};
use contract::{Severity, codes};
use std::ops::Range;

pub(crate) fn read(text: &str, found: &mut Found) {
    let mut continues = false;
    let hashed = text.contains("--hash=");
    for line in lines(text) {
        let shown = &text[line.clone()];
        let part = std::mem::replace(&mut continues, shown.trim_end().ends_with('\\'));
        let trimmed = shown.trim_start();
        if part || trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let end = trimmed.find(" #").unwrap_or(trimmed.len());
        let one = trimmed[..end].trim_end_matches(['\\', ' ', '\t']);
        let start = line.end - trimmed.len();
        requirement(one, start..start + one.len(), hashed, found);
    }
}

/// One requirement, as lists of pip and `pyproject.toml` have them.
pub(crate) fn requirement(text: &str, span: Range<usize>, hashed: bool, found: &mut Found) {
    let editable = text.strip_prefix("-e ").or(text.strip_prefix("--editable "));
    if text.starts_with('-') && editable.is_none() {
        return;
    }
    let one = editable.unwrap_or(text).trim();
    let address = one.split_once(" @ ").map_or(one, |(_, address)| address.trim());
    let mut say = |code, what: &str, next: &str, severity| {
        found.drafts.push(Draft {
            code,
            span: span.clone(),
            what: format!("{what}: {}", crate::words::shortened(one)),
            next: next.to_owned(),
            thing: Thing::Nothing(severity),
            place: Place::Host,
            only_if_absent: false,
            fix: None,
        });
    };
    if ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| address.starts_with(scheme)) {
        let (_, rest) = address.split_once("://").unwrap_or_default();
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        let commit =
            path.split(['#', ';', ' ']).next().and_then(|path| path.rsplit_once('@')).map_or("", |(_, commit)| commit);
        if !(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit())) {
            say(
                codes::GIT_DEPENDENCY_NOT_PINNED,
                "this dependency is a repository without its commit",
                "add `@` and the commit in full, and build a wheel of it while there is a connection: `pip wheel -w wheels …`",
                Severity::Warning,
            );
        }
        return;
    }
    if address.starts_with("https://") || address.starts_with("http://") {
        say(
            codes::URL_DEPENDENCY,
            "this dependency is an address, which no index's mirror has",
            "keep the archive with the project, and name its path",
            Severity::Warning,
        );
        return;
    }
    let name = one.split([' ', ';', '[', '(']).next().unwrap_or_default();
    let path = one.starts_with(['.', '/']) || name.ends_with(".whl") || name.ends_with(".gz");
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=<>!~,*".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if hashed || path || !plain || one.contains("==") || one.contains("{{") {
        return;
    }
    say(
        codes::REQUIREMENT_NOT_PINNED,
        "this names no single version, so an index is asked which there are",
        "write the version that is installed (`pip freeze`), better with its hash (`pip-compile --generate-hashes`)",
        Severity::Information,
    );
}
