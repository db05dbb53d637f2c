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
        ".tool-versions" => return asdf(text, found),
        "mise.toml" | ".mise.toml" => return mise(text, found),
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

/// asdf's file: a tool and one or more versions a line, of which the first that is installed is taken.
fn asdf(text: &str, found: &mut Found) {
    for line in lines(text) {
        let shown = text[line.clone()].split('#').next().unwrap_or_default();
        let words: Vec<&str> = shown.split_whitespace().collect();
        if let [tool, versions @ ..] = &words[..] {
            let start = line.start + (shown.len() - shown.trim_start().len());
            managed(tool, versions, start..line.start + shown.trim_end().len(), found);
        }
    }
}

/// mise's `[tools]`: a version, a list of them, or a table with one.
fn mise(text: &str, found: &mut Found) {
    let Some(root) = toml_text::parse(text) else { return };
    for (tool, value) in toml_text::table(root.get_ref().get("tools")).into_iter().flatten() {
        let wanted = toml_text::table(Some(value)).map_or(Some(value), |table| table.get("version"));
        let Some(wanted) = wanted else { continue };
        match toml_text::string(Some(wanted)) {
            Some(version) => managed(tool.get_ref(), &[version], wanted.span(), found),
            // Each of a list is installed.
            None => toml_text::strings(Some(wanted))
                .into_iter()
                .for_each(|(version, span)| managed(tool.get_ref(), &[version], span, found)),
        }
    }
}

/// A version that stands for what is there, or for whatever is newest, names none.
fn managed(tool: &str, versions: &[&str], span: Range<usize>, found: &mut Found) {
    let names_none = |version: &&str| {
        *version == "system"
            || *version == "latest"
            || *version == "lts"
            || version.contains(':')
            || version.contains('/')
    };
    if tool.contains(':') || versions.is_empty() || versions.iter().any(names_none) {
        return;
    }
    say("managed", &format!("{tool} {}", versions.join(" ")), span, found);
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
        "managed" => format!("this version is asked for: {version}"),
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
