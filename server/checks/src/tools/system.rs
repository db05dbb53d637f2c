//! Packages of operating systems, and package managers of further languages.
//! What removes, lists or cleans asks nobody.

use super::{Asked, Said, bare, names, subcommand};
use crate::draft::Thing;
use contract::codes;

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let with_value =
        ["-t", "-o", "-c", "--target-release", "--option", "--repository", "-X", "--virtual", "-p", "--root"];
    let name = call.program;
    if name == "pacman" {
        let syncs = call.arguments.first().is_some_and(|word| word.text.starts_with("-S"));
        let cleans = call.arguments.first().is_some_and(|word| word.text.starts_with("-Sc"));
        if syncs && !cleans {
            say(asked, names(&call.arguments.iter().collect::<Vec<_>>(), &with_value));
        }
        return;
    }
    if call.has(&["--no-network", "-s", "--simulate", "--no-download", "--dry-run", "--cacheonly"]) {
        return;
    }
    let Some((sub, rest)) = subcommand(call, &with_value) else { return };
    match (name, sub.text.as_str()) {
        (
            _,
            "update" | "upgrade" | "dist-upgrade" | "full-upgrade" | "refresh" | "makecache" | "tap" | "check-update",
        ) => {
            say(asked, Vec::new());
        }
        (_, "install" | "add" | "in" | "reinstall" | "groupinstall" | "build-dep" | "cask") => {
            let named = names(&rest, &with_value);
            let on_disk = |name: &String| name.starts_with(['.', '/']);
            if named.is_empty() || !named.iter().all(on_disk) {
                let mut packages: Vec<String> = named.iter().map(|name| bare(name)).collect();
                if packages.is_empty() {
                    // Named by a variable: an installation all the same.
                    packages.push(String::new());
                }
                say(asked, packages);
            }
        }
        _ => {}
    }
}

fn say(asked: &mut Asked<'_>, packages: Vec<String>) {
    let what =
        if packages.is_empty() { "this fetches the lists of packages" } else { "this installs packages of the system" };
    asked.say(Said::new(
        codes::NETWORK_SYSTEM_PACKAGES,
        what,
        "put them into an image of their own that is built while there is a connection, or install them beforehand",
        Thing::SystemPackages(packages),
    ));
}

pub(crate) fn others(asked: &mut Asked<'_>) {
    let call = asked.call;
    let Some((sub, rest)) = subcommand(call, &["-C", "-chdir", "--chdir"]) else { return };
    let second = rest.iter().find(|word| !word.text.starts_with('-')).map_or("", |word| word.text.as_str());
    let sub = sub.text.as_str();
    let tool = || names(&rest, &["-v", "--version"]).iter().map(|name| bare(name)).collect::<Vec<_>>();
    if let Some((switches, next)) = asks(call.program, sub, second) {
        if !call.has(switches) {
            asked.say(Said::new(codes::PACKAGES_NOT_OFFLINE, "this asks a registry", next, Thing::Untold));
        }
        return;
    }
    match (call.program, sub) {
        ("gem", "install") if !call.has(&["--local", "-l"]) => {
            let tools = tool();
            if !tools.iter().all(|tool| tool.ends_with(".gem") || tool.contains('/')) || tools.is_empty() {
                install(asked, tools);
            }
        }
        ("dotnet", "tool") if second == "install" => install(asked, tool().into_iter().skip(1).collect()),
        ("deno", "run" | "install" | "test") if rest.iter().any(|w| crate::words::leads_away(w) == Some(true)) => {
            asked.say(Said::new(
                codes::NETWORK_TOOL_RUN,
                "this fetches a program and runs it, unless the cache has it",
                "`deno cache` it while there is a connection, and run with `--cached-only`",
                Thing::Untold,
            ));
        }
        _ => {}
    }
}

/// Of a command that asks a registry for the project's packages: the switches with which it does not, and what to do beforehand.
fn asks(program: &str, sub: &str, second: &str) -> Option<(&'static [&'static str], &'static str)> {
    const ONCE: &str = "run it once while there is a connection, so that its cache holds everything";
    Some(match (program, sub) {
        ("bundle" | "bundler", "install" | "update") => {
            (&["--local"], "`bundle cache` while there is a connection, and `bundle install --local` later on")
        }
        ("flutter" | "dart", "pub") if second == "get" => {
            (&["--offline"], "`pub get` while there is a connection, `pub get --offline` later on")
        }
        ("terraform" | "tofu", "init" | "get") => (
            &["-plugin-dir", "-help"],
            "run it once while there is a connection; what it fetched stays beside the project",
        ),
        ("dotnet", "restore") => (&["--source", "-s"], ONCE),
        ("helm", "repo" | "dependency" | "dep") if !matches!(second, "add" | "update" | "build" | "up") => return None,
        ("composer", "install" | "update" | "require" | "create-project")
        | ("mix", "deps.get")
        | ("helm", "pull" | "repo" | "dependency" | "dep")
        | ("conan" | "vcpkg" | "luarocks", "install")
        | ("opam" | "pod", "install" | "update")
        | ("cabal", "update")
        | ("stack", "update" | "setup") => (&[], ONCE),
        _ => return None,
    })
}

fn install(asked: &mut Asked<'_>, tools: Vec<String>) {
    asked.say(Said::new(
        codes::NETWORK_TOOL_INSTALL,
        "this installs a tool from a registry",
        "install it while there is a connection, and call it by its name",
        if tools.is_empty() { Thing::Untold } else { Thing::Programs(tools) },
    ));
}
