//! Go: modules that are asked for by name, and tools that are installed or run from a proxy.
//! Builds without `-mod=vendor` need what go.sum names; that is the inventory's to judge.

use super::{Asked, Said, names, subcommand};
use crate::draft::Thing;
use contract::codes;

pub(crate) fn look(asked: &mut Asked<'_>) {
    if asked.is_offline("go") || asked.call.has(&["-mod"]) {
        return;
    }
    let Some((sub, rest)) = subcommand(asked.call, &["-C"]) else { return };
    let named = names(&rest, &["-ldflags", "-tags", "-o", "-exec", "-p", "-gcflags"]);
    let remote = named.iter().find(|name| name.contains('@') && name.contains('.'));
    match sub.text.as_str() {
        "install" => {
            let Some(remote) = remote else { return };
            let path = remote.split('@').next().unwrap_or_default();
            let tool = path.rsplit('/').find(|part| !is_major(part)).unwrap_or_default().to_owned();
            asked.say(Said::new(
                codes::NETWORK_TOOL_INSTALL,
                "this installs a tool from a module proxy",
                "install it while there is a connection, and call it by its name",
                Thing::Programs(vec![tool]),
            ));
        }
        "run" if remote.is_some() => asked.say(Said::new(
            codes::NETWORK_TOOL_RUN,
            "this fetches a tool and runs it, unless the module cache has it",
            "name it as a tool in go.mod (`go get -tool`): then go.sum names it too",
            Thing::Untold,
        )),
        "get" => asked.say(Said::new(
            codes::GO_NOT_OFFLINE,
            "this asks a module proxy",
            "`go mod download` while there is a connection, and `GOFLAGS=-mod=mod GOPROXY=off` later on",
            Thing::Untold,
        )),
        "mod" if rest.first().is_some_and(|word| matches!(word.text.as_str(), "download" | "tidy")) => {
            asked.say(Said::new(
                codes::GO_NOT_OFFLINE,
                "this asks a module proxy for what the module cache lacks",
                "run it once while there is a connection; `GOPROXY=off` then shows whether everything is here",
                Thing::Packages("go"),
            ));
        }
        _ => {}
    }
}

fn is_major(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}
