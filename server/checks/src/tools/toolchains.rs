//! Programs that install toolchains. Choosing among those that are here asks nobody.

use super::{Asked, Said, names, subcommand};
use crate::draft::Thing;
use contract::codes;

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let Some((sub, rest)) = subcommand(call, &["--toolchain", "--profile", "-c", "-t"]) else {
        if call.program == "n" && !call.arguments.is_empty() {
            install(asked, Thing::Untold);
        }
        return;
    };
    let named = names(&rest, &["--toolchain", "--profile", "-c", "--component", "-t", "--target"]);
    let nth = |at: usize| named.get(at).cloned().unwrap_or_default();
    let thing = match (call.program, sub.text.as_str()) {
        ("rustup", "update" | "install") => Thing::Toolchain("rust", nth(0)),
        ("rustup", "toolchain") if matches!(nth(0).as_str(), "install" | "add" | "update") => {
            Thing::Toolchain("rust", nth(1))
        }
        ("rustup", "target") if nth(0) == "add" || nth(0) == "install" => Thing::Toolchain("rust-target", nth(1)),
        ("rustup", "component") if nth(0) == "add" => Thing::Toolchain("rust-component", nth(1)),
        ("nvm" | "fnm" | "volta", "install") => Thing::Toolchain("node", nth(0).trim_start_matches("node@").to_owned()),
        ("pyenv", "install") => Thing::Toolchain("python", nth(0)),
        ("corepack", "prepare" | "install" | "use" | "up")
        | ("rbenv" | "asdf" | "mise" | "sdk" | "n", "install" | "i") => Thing::Untold,
        ("n", _) => Thing::Toolchain("node", sub.text.clone()),
        _ => return,
    };
    install(asked, thing);
}

fn install(asked: &mut Asked<'_>, thing: Thing) {
    asked.say(Said::new(
        codes::NETWORK_TOOLCHAIN,
        "this downloads a toolchain",
        "install it while there is a connection; name it in the project's own file, so that `holdover check` looks for it",
        thing,
    ));
}
