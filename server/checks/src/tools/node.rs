//! npm, pnpm, Yarn and Bun: installations that ask the registry, and tools that are run from it.
//! What runs a script of the project, or only packs, asks nobody.

use super::{Asked, Said, bare, names, subcommand};
use crate::draft::Thing;
use contract::codes;

const WITH_VALUE: [&str; 14] = [
    "--prefix",
    "-C",
    "--dir",
    "--cwd",
    "--filter",
    "-F",
    "--workspace",
    "-w",
    "--loglevel",
    "--registry",
    "--cache",
    "--userconfig",
    "--mutex",
    "--network-timeout",
];

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    if asked.is_offline("npm") || call.has(&["--offline"]) {
        return;
    }
    let program = call.program;
    if matches!(program, "npx" | "bunx" | "pnpx") {
        return run_from(asked, &call.arguments.iter().collect::<Vec<_>>());
    }
    let found = subcommand(call, &WITH_VALUE);
    let (sub, rest) = match &found {
        Some((name, rest)) => (name.text.as_str(), &rest[..]),
        None => ("", &[][..]),
    };
    // `yarn` alone installs.
    if sub.is_empty() && (program != "yarn" || call.has(&["--version", "-v", "--help"])) {
        return;
    }
    match (program, sub) {
        (_, "dlx") | ("npm" | "bun", "x" | "exec") | (_, "create") | ("npm" | "pnpm", "init") => {
            if sub == "init" && names(rest, &[]).is_empty() {
                return;
            }
            run_from(asked, rest);
        }
        // What the project has, run by its name.
        ("pnpm" | "yarn", "exec") => browsers(asked, &names(rest, &[])),
        ("pnpm" | "yarn", "playwright" | "cypress") => {
            let named = names(rest, &[]);
            browsers(asked, &[&[sub.to_owned()], &named[..]].concat());
        }
        (
            "npm",
            "install" | "i" | "ci" | "add" | "clean-install" | "install-clean" | "cit" | "it" | "update" | "up"
            | "upgrade" | "outdated" | "audit",
        )
        | ("pnpm" | "bun", "install" | "i" | "add" | "update" | "up" | "fetch")
        | ("yarn", "" | "install" | "add" | "upgrade" | "up" | "global") => install(asked, sub, rest),
        _ => {}
    }
}

fn install(asked: &mut Asked<'_>, sub: &str, rest: &[&crate::shell::Word]) {
    let call = asked.call;
    let named: Vec<String> = names(rest, &WITH_VALUE);
    let global = call.has(&["-g", "--global", "--location"]) || sub == "global";
    let from_disk = |name: &String| name.starts_with(['.', '/']) || name.starts_with("file:") || name.ends_with(".tgz");
    if !named.is_empty() && named.iter().all(from_disk) && global {
        return;
    }
    if global {
        let tools: Vec<String> = named.iter().filter(|n| *n != "add" && *n != "install").map(|n| bare(n)).collect();
        let tools: Vec<String> = tools.iter().map(|n| n.rsplit('/').next().unwrap_or(n).to_owned()).collect();
        let thing = if tools.is_empty() { Thing::Untold } else { Thing::Programs(tools) };
        return asked.say(Said::new(
            codes::NETWORK_TOOL_INSTALL,
            "this installs a tool from a registry",
            "make it one of the project's `devDependencies`: then the lockfile names it, and `holdover preflight --fetch` gets it",
            thing,
        ));
    }
    if matches!(sub, "audit" | "outdated") {
        return asked.say(Said::new(
            codes::NPM_NOT_OFFLINE,
            "this asks the registry about every package",
            "run it where there is a connection; a build does not need it",
            Thing::Nothing(contract::Severity::Warning),
        ));
    }
    let (ecosystem, program) = match call.program {
        "npm" => ("npm", "npm"),
        other => (if other == "pnpm" { "pnpm" } else { "yarn" }, other),
    };
    let thing = if named.is_empty() || sub == "ci" { Thing::Packages(ecosystem) } else { Thing::Untold };
    let mut said = Said::new(
        codes::NPM_NOT_OFFLINE,
        &format!("{program} asks the registry here"),
        "`holdover preflight --fetch` fills the cache; with `--prefer-offline` what is in it is not asked for again",
        thing,
    );
    said.only_if_absent = call.has(&["--prefer-offline"]) || sub == "fetch";
    if let Some((name, _)) =
        subcommand(call, &WITH_VALUE).filter(|_| !said.only_if_absent && matches!(program, "npm" | "pnpm"))
    {
        said.fix = asked.add_behind(name, "Take from the cache first: `--prefer-offline`", " --prefer-offline");
    }
    asked.say(said);
}

/// `npx NAME` and the like.
fn run_from(asked: &mut Asked<'_>, words: &[&crate::shell::Word]) {
    let with_value = ["-p", "--package", "-c", "--call", "--cache", "--registry", "-w", "--workspace"];
    let named = names(words, &with_value);
    browsers(asked, &named);
    if asked.call.has(&["--no-install", "--no", "--offline", "-v", "--version"]) {
        return;
    }
    let tool = named.first().map(|name| bare(name));
    // Of a scoped package the name of its program is not known; most have it as their last part.
    let tool = tool.map(|name| name.rsplit('/').next().unwrap_or_default().to_owned()).filter(|name| !name.is_empty());
    let thing = tool.map_or(Thing::Untold, |name| Thing::Programs(vec![name]));
    let mut said = Said::new(
        codes::NETWORK_TOOL_RUN,
        "this fetches a tool and runs it, unless the project has it",
        "make it one of the project's `devDependencies`: then the lockfile names it, and `holdover preflight --fetch` gets it",
        thing,
    );
    said.only_if_absent = true;
    asked.say(said);
}

/// `playwright install` and the like, which download browsers whether or not the project has what drives them.
fn browsers(asked: &mut Asked<'_>, named: &[String]) {
    let [tool, "install", ..] = &named.iter().map(String::as_str).collect::<Vec<_>>()[..] else { return };
    match bare(tool).as_str() {
        "playwright" => super::python::browser(asked, "playwright"),
        "cypress" => super::python::browser(asked, "cypress"),
        _ => {}
    }
}
