//! pip, uv, pipx, Poetry, Pipenv, PDM and conda: installations that ask an index, and tools that are run from it.
//! `pip download` and `uv export` are how one gets ready, and no findings.

use super::{Asked, Said, bare, names, subcommand};
use crate::draft::Thing;
use crate::shell::Word;
use contract::codes;

const TOOL_NEXT: &str = "install it while there is a connection, and call it by its name";

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let words: Vec<&Word> = call.arguments.iter().collect();
    match call.program {
        "pip" | "pip3" | "pip2" => pip(asked, &words),
        "python" | "python3" | "py" => {
            let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
            match texts.iter().position(|text| *text == "-m").map(|at| (at, texts.get(at + 1).copied())) {
                Some((at, Some("pip"))) => pip(asked, &words[at + 2..]),
                Some((at, Some("uv"))) => uv(asked, &words[at + 2..]),
                Some((at, Some("playwright"))) if texts.get(at + 2) == Some(&"install") => browser(asked, "playwright"),
                Some((at, Some("pipx"))) => pipx(asked, &words[at + 2..]),
                _ => {}
            }
        }
        "uv" => uv(asked, &words),
        "uvx" => tool_run(asked, &words),
        "pipx" => pipx(asked, &words),
        "poetry" | "pipenv" | "pdm" => {
            let Some((sub, _)) = subcommand(call, &["-C", "--directory", "-P", "--project"]) else { return };
            if matches!(sub.text.as_str(), "install" | "sync" | "update" | "lock" | "add") {
                installs(asked, Thing::Untold, codes::PIP_NOT_OFFLINE);
            }
        }
        _ => {
            let Some((sub, _)) = subcommand(call, &[]) else { return };
            let env = sub.text == "env" && call.arguments.iter().any(|w| w.text == "create" || w.text == "update");
            if !call.has(&["--offline"]) && (matches!(sub.text.as_str(), "install" | "create" | "update") || env) {
                installs(asked, Thing::Untold, codes::PIP_NOT_OFFLINE);
            }
        }
    }
}

fn pip(asked: &mut Asked<'_>, words: &[&Word]) {
    let Some(at) = words.iter().position(|word| !word.text.starts_with('-')) else { return };
    if !matches!(words[at].text.as_str(), "install" | "wheel") {
        return;
    }
    if asked.is_offline("pip") || asked.call.has(&["--no-index"]) {
        return;
    }
    let rest = &words[at + 1..];
    let with_value = [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-t",
        "--target",
        "--prefix",
        "-i",
        "--index-url",
        "--root",
        "-e",
        "--editable",
    ];
    let given = names(rest, &with_value);
    let lists = asked.call.has(&["-r", "--requirement"]);
    let wheels = !given.is_empty() && given.iter().all(|name| name.ends_with(".whl"));
    let alone = asked.call.has(&["--no-deps"]) && (wheels || asked.call.has(&["--no-build-isolation"]));
    if alone && !lists {
        return;
    }
    installs(asked, Thing::Untold, codes::PIP_NOT_OFFLINE);
}

fn installs(asked: &mut Asked<'_>, thing: Thing, code: &'static str) {
    let program = asked.call.program;
    let next = match code {
        codes::UV_NOT_OFFLINE => {
            "`holdover preflight --fetch` fills the cache, and with `--offline` uv takes what is in it or says what is missing"
        }
        _ if matches!(program, "pip" | "pip3" | "python" | "python3") => {
            "`pip download -d wheels …` while there is a connection, then `pip install --no-index --find-links wheels …`"
        }
        _ => "run it once while there is a connection, so that its cache holds everything",
    };
    asked.say(Said::new(code, "this asks a package index", next, thing));
}

fn uv(asked: &mut Asked<'_>, words: &[&Word]) {
    if asked.is_offline("uv")
        || asked.call.has(&["--offline", "--frozen"]) && asked.call.has(&["--no-sync", "--offline"])
    {
        return;
    }
    let with_value = ["--directory", "--project", "--color", "--cache-dir", "--config-file"];
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.text.starts_with('-')) {
        at += 1 + usize::from(with_value.contains(&word.text.as_str()));
    }
    let Some(sub) = words.get(at) else { return };
    let rest = &words[at + 1..];
    match sub.text.as_str() {
        "pip"
            if rest.first().is_some_and(|w| matches!(w.text.as_str(), "install" | "sync" | "compile"))
                && !asked.call.has(&["--no-index"]) =>
        {
            installs(asked, Thing::Untold, codes::UV_NOT_OFFLINE);
        }
        "sync" | "run" | "lock" => {
            if asked.call.has(&["--no-sync"]) {
                return;
            }
            let mut said = Said::new(
                codes::UV_NOT_OFFLINE,
                "uv asks a package index where its cache lacks something",
                "`holdover preflight --fetch` fills the cache, and with `--offline` uv takes what is in it or says what is missing",
                Thing::Packages("uv"),
            );
            said.only_if_absent = sub.text == "run";
            if asked.on_host() {
                said.fix = asked.add_behind(sub, "Take from the cache alone: `--offline`", " --offline");
            }
            asked.say(said);
        }
        "tool" => match rest.first().map(|w| w.text.as_str()) {
            Some("install") => tool_install(asked, &rest[1..]),
            Some("run") => tool_run(asked, &rest[1..]),
            _ => {}
        },
        "python" if rest.first().is_some_and(|w| w.text == "install") => {
            let version = names(&rest[1..], &[]).first().cloned().unwrap_or_default();
            asked.say(Said::new(
                codes::NETWORK_TOOLCHAIN,
                "this downloads a Python",
                "`uv python install` while there is a connection; it stays",
                Thing::Toolchain("python", version),
            ));
        }
        _ => {}
    }
}

fn pipx(asked: &mut Asked<'_>, words: &[&Word]) {
    match words.first().map(|word| word.text.as_str()) {
        Some("install") => tool_install(asked, &words[1..]),
        Some("run") => tool_run(asked, &words[1..]),
        _ => {}
    }
}

fn tool_install(asked: &mut Asked<'_>, words: &[&Word]) {
    let tools: Vec<String> = names(words, &["--python", "--with", "-p", "--from"]).iter().map(|n| bare(n)).collect();
    if tools.is_empty() || tools.iter().all(|tool| tool.starts_with(['.', '/'])) {
        return;
    }
    asked.say(Said::new(
        codes::NETWORK_TOOL_INSTALL,
        "this installs a tool from a package index",
        TOOL_NEXT,
        Thing::Programs(tools),
    ));
}

fn tool_run(asked: &mut Asked<'_>, words: &[&Word]) {
    if asked.is_offline("uv") || asked.call.has(&["--offline"]) {
        return;
    }
    let with_value = ["--from", "--with", "--python", "-p", "--spec", "--index-url"];
    let Some(tool) = names(words, &with_value).first().map(|name| bare(name)) else { return };
    let mut said = Said::new(
        codes::NETWORK_TOOL_RUN,
        "this fetches a tool and runs it, unless its cache has it",
        TOOL_NEXT,
        Thing::Programs(vec![tool]),
    );
    // It is taken from its own cache even where a program of this name is installed.
    said.only_if_absent = false;
    asked.say(said);
}

pub(crate) fn browser(asked: &mut Asked<'_>, which: &'static str) {
    asked.say(Said::new(
        codes::BROWSER_NOT_HERE,
        "this downloads browsers",
        "run it once while there is a connection; they stay in its cache",
        Thing::Browser(which),
    ));
}
