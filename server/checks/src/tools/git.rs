//! git: what fetches objects from elsewhere. What sends them away is no part of a build, and no finding.

use super::{Asked, Said, names, subcommand};
use crate::draft::Thing;
use contract::codes;

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let Some((sub, rest)) = subcommand(call, &["-C", "-c", "--git-dir", "--work-tree"]) else { return };
    let first = rest.iter().find(|word| !word.text.starts_with('-'));
    match sub.text.as_str() {
        "clone" => {
            let with_value = [
                "-b",
                "--branch",
                "--depth",
                "-o",
                "--origin",
                "-c",
                "--config",
                "--reference",
                "-j",
                "--jobs",
                "--filter",
            ];
            let mut words = rest.iter();
            let mut from = None;
            while let Some(word) = words.next() {
                if with_value.contains(&word.text.as_str()) {
                    words.next();
                } else if !word.text.starts_with('-') {
                    from = Some(word);
                    break;
                }
            }
            let Some(from) = from else { return };
            let text = from.text.as_str();
            let remote = text.contains("://") && crate::words::leads_away(from) != Some(false)
                || text.starts_with("git@")
                || !text.starts_with(['.', '/', '~']) && text.contains(':') && !text.contains("://");
            if remote {
                asked.say(Said::new(
                    codes::NETWORK_CLONE,
                    "this clones a repository",
                    "clone it while there is a connection, and pass over it where it is there; or make it a submodule",
                    Thing::Untold,
                ));
            }
        }
        "submodule" if first.is_some_and(|word| word.text == "update" || word.text == "add") => {
            if call.has(&["--no-fetch", "-N"]) {
                return;
            }
            let path = names(&rest, &["--reference", "--depth", "-j", "--jobs"]);
            let mut said = Said::new(
                codes::NETWORK_CLONE,
                "this fetches what submodules lack",
                "`git submodule update --init --recursive` while there is a connection",
                Thing::Submodule(path.get(1).cloned().unwrap_or_default()),
            );
            if first.is_some_and(|word| word.text == "add") {
                said.thing = Thing::Untold;
            }
            asked.say(said);
        }
        "lfs" if first.is_some_and(|word| matches!(word.text.as_str(), "pull" | "fetch" | "clone")) => {
            asked.say(Said::new(
                codes::NETWORK_CLONE,
                "this fetches large files",
                "`git lfs fetch --all` while there is a connection",
                Thing::Untold,
            ));
        }
        "fetch" | "pull" | "ls-remote" => {
            if first.is_some_and(|word| word.text.starts_with(['.', '/'])) {
                return;
            }
            asked.say(Said::new(
                codes::NETWORK_CLONE,
                "this asks a remote repository",
                "fetch while there is a connection; a build should work with the commits that are here",
                Thing::Untold,
            ));
        }
        _ => {}
    }
}
