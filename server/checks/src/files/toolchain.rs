//! Files that name the toolchain of a project.

use super::{Found, lines, toml_text};
use crate::draft::{Draft, Place, Thing};
use contract::codes;
use std::ops::Range;
use std::path::Path;

pub(crate) fn read(path: &Path, text: &str, found: &mut Found) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let which = match name {
        ".python-version" => "python",
        ".nvmrc" | ".node-version" => "node",
        _ => {
            rust(text, found);
            return;
        }
    };
    let line = lines(text).find(|line| {
        let shown = text[line.clone()].trim();
        !shown.is_empty() && !shown.starts_with('#')
    });
    let Some(line) = line else { return };
    let version = text[line.clone()].trim();
    let names = version.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'v');
    if names {
        say(which, version.trim_start_matches('v'), line, found);
    }
}

fn rust(text: &str, found: &mut Found) {
    let Some(root) = toml_text::parse(text) else {
        // The old form is one word.
        if let Some(line) = lines(text).next().filter(|line| !text[line.clone()].contains(['[', ' ', '='])) {
            say("rust", text[line.clone()].trim(), line, found);
        }
        return;
    };
    let Some(toolchain) = toml_text::table(root.get_ref().get("toolchain")) else { return };
    if let (Some(channel), Some(name)) = (toolchain.get("channel"), toml_text::string(toolchain.get("channel"))) {
        say("rust", name, channel.span(), found);
    }
    for (target, span) in toml_text::strings(toolchain.get("targets")) {
        say("rust-target", target, span, found);
    }
    for (component, span) in toml_text::strings(toolchain.get("components")) {
        say("rust-component", component, span, found);
    }
}

fn say(which: &'static str, version: &str, span: Range<usize>, found: &mut Found) {
    if version.is_empty() {
        return;
    }
    let what = match which {
        "rust-target" => format!("rustup fetches this target: {version}"),
        "rust-component" => format!("rustup fetches this component: {version}"),
        "rust" => format!("rustup fetches this toolchain: {version}"),
        other => format!("this version is asked for: {other} {version}"),
    };
    found.drafts.push(Draft {
        code: codes::TOOLCHAIN_NOT_HERE,
        span,
        what,
        next: "install it while there is a connection".to_owned(),
        thing: Thing::Toolchain(which, version.to_owned()),
        place: Place::Host,
        only_if_absent: true,
        fix: None,
    });
}
