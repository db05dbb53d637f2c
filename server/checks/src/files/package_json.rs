//! `package.json`: its scripts, and dependencies that name no fixed version, an address, or what downloads more when it is installed.

use super::{Found, json};
use crate::draft::{Draft, Place, Thing};
use crate::shell::commands;
use crate::tools;
use contract::{Severity, codes};
use jsonc_parser::ast::Value;
use std::collections::HashMap;

/// Packages whose install script downloads a program that no lockfile names.
const DOWNLOADERS: [(&str, &str); 7] = [
    ("cypress", "cypress"),
    ("puppeteer", "puppeteer"),
    ("playwright", "playwright"),
    ("@playwright/test", "playwright"),
    ("electron", "electron"),
    ("chromedriver", "chromedriver"),
    ("geckodriver", "geckodriver"),
];

pub(crate) fn read(text: &str, found: &mut Found) {
    let Some(root) = json::parse(text) else { return };
    for script in json::members(&root, "scripts") {
        if let Some(piece) = json::decoded(text, &script.value) {
            tools::look(&commands(piece, HashMap::new()), Place::Host, &mut found.drafts);
        }
    }
    for table in ["dependencies", "devDependencies", "optionalDependencies"] {
        for dependency in json::members(&root, table) {
            let Value::StringLit(version) = &dependency.value else { continue };
            let (name, version) = (dependency.name.as_str(), version.value.as_ref());
            let span = json::place(&dependency.value);
            if let Some((code, what, next, severity)) = reference(version) {
                found.drafts.push(Draft {
                    code,
                    span: span.clone(),
                    what: format!("{what}: {}", crate::words::shortened(version)),
                    next: next.to_owned(),
                    thing: Thing::Nothing(severity),
                    place: Place::Host,
                    only_if_absent: false,
                    fix: None,
                });
            }
            if let Some((_, which)) = DOWNLOADERS.iter().find(|(known, _)| *known == name) {
                found.drafts.push(Draft {
                    code: codes::BROWSER_NOT_HERE,
                    span: dependency_name(dependency),
                    what: format!("installing this downloads a program that no lockfile names: {name}"),
                    next: "install it once while there is a connection; what it downloads stays in its cache"
                        .to_owned(),
                    thing: Thing::Browser(which),
                    place: Place::Host,
                    only_if_absent: false,
                    fix: None,
                });
            }
        }
    }
    if let Some(value @ Value::StringLit(manager)) = json::get(&root, "packageManager")
        && let Some((name, version)) = manager.value.split_once('@')
    {
        let name = match name {
            "pnpm" => "pnpm",
            "yarn" => "yarn",
            _ => return,
        };
        found.drafts.push(Draft {
            code: codes::TOOLCHAIN_NOT_HERE,
            span: json::place(value),
            what: format!("corepack fetches this package manager: {name} {version}"),
            next: "`corepack install` while there is a connection".to_owned(),
            thing: Thing::Toolchain(name, version.split('+').next().unwrap_or_default().to_owned()),
            place: Place::Host,
            only_if_absent: true,
            fix: None,
        });
    }
}

fn dependency_name(dependency: &jsonc_parser::ast::ObjectProp<'_>) -> std::ops::Range<usize> {
    use jsonc_parser::common::Ranged as _;
    let range = dependency.name.range();
    if range.end - range.start >= 2 { range.start + 1..range.end - 1 } else { range.start..range.end }
}

fn reference(version: &str) -> Option<(&'static str, &'static str, &'static str, Severity)> {
    let repository = version.starts_with("git") && (version.contains("://") || version.starts_with("git@"))
        || ["github:", "gitlab:", "bitbucket:", "gist:"].iter().any(|scheme| version.starts_with(scheme))
        || is_short(version);
    if repository {
        let commit = version.rsplit_once('#').map_or("", |(_, commit)| commit);
        let pinned = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        return (!pinned).then_some((
            codes::GIT_DEPENDENCY_NOT_PINNED,
            "this dependency is a repository without its commit",
            "add `#` and the commit in full, and install once while there is a connection",
            Severity::Warning,
        ));
    }
    if version.starts_with("https://") || version.starts_with("http://") {
        return Some((
            codes::URL_DEPENDENCY,
            "this dependency is an address, which no registry's mirror has",
            "keep the archive with the project and name it with `file:`, or publish it to a registry",
            Severity::Warning,
        ));
    }
    matches!(version.trim(), "latest" | "next" | "*" | "x" | "").then_some((
        codes::VERSION_NOT_FIXED,
        "this names no version",
        "write the version that the lockfile has",
        Severity::Information,
    ))
}

/// `owner/name`, which npm takes from GitHub.
fn is_short(version: &str) -> bool {
    let name = version.split('#').next().unwrap_or_default();
    let mut parts = name.split('/');
    let part = |part: Option<&str>| {
        part.is_some_and(|p| {
            !p.is_empty()
                && !p.starts_with(['.', '@', '~'])
                && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
    };
    part(parts.next()) && part(parts.next()) && parts.next().is_none()
}
