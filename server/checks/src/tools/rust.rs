//! cargo: what asks the registry although a lockfile could decide, and tools that are installed from it.
//! Commands whose purpose is the registry, `cargo fetch` and `cargo publish`, are no findings.

use super::{Asked, Said, bare, names, subcommand};
use crate::draft::Thing;
use contract::codes;

const BUILDS: [&str; 20] = [
    "build", "b", "check", "c", "test", "t", "run", "r", "bench", "doc", "d", "rustc", "rustdoc", "clippy", "nextest",
    "metadata", "tree", "llvm-cov", "hack", "miri",
];
const WITH_VALUE: [&str; 4] = ["--color", "--config", "-Z", "-C"];

pub(crate) fn cargo(asked: &mut Asked<'_>) {
    let call = asked.call;
    let Some((name, rest)) = subcommand(call, &WITH_VALUE) else { return };
    let sub = name.text.as_str();
    if asked.is_offline("cargo") || call.has(&["--offline", "--frozen"]) {
        return;
    }
    if sub == "install" || sub == "binstall" {
        if call.has(&["--path", "--list"]) {
            return;
        }
        let taking =
            ["--version", "--vers", "--git", "--branch", "--tag", "--rev", "--root", "--features", "-F", "--target"];
        let tools: Vec<String> = names(&rest, &taking).iter().map(|name| bare(name)).collect();
        if tools.is_empty() && !call.has(&["--git"]) {
            return;
        }
        let thing = if tools.is_empty() { Thing::Untold } else { Thing::Programs(tools) };
        return asked.say(Said::new(
            codes::NETWORK_TOOL_INSTALL,
            "this installs a tool from a registry",
            "install it while there is a connection, and call it only if it is not there: `command -v NAME || cargo install NAME`",
            thing,
        ));
    }
    if !BUILDS.contains(&sub) {
        return;
    }
    let own = rest.iter().take_while(|word| word.text != "--");
    let locked = own.clone().any(|word| word.text == "--locked");
    let help = own.clone().any(|word| matches!(word.text.as_str(), "--help" | "-h" | "--version" | "-V"));
    // These read what is here, or delete it.
    let reads = match sub {
        "metadata" => own.clone().any(|word| word.text == "--no-deps"),
        "llvm-cov" => own.clone().any(|word| matches!(word.text.as_str(), "show-env" | "clean" | "report")),
        _ => false,
    };
    if help || reads {
        return;
    }
    let mut said = Said::new(
        codes::CARGO_NOT_OFFLINE,
        "cargo may ask the registry here",
        "`holdover preflight --fetch` gets the crates, and with `--locked --offline` cargo takes what is here or says what is missing",
        Thing::Packages("cargo"),
    );
    said.only_if_absent = locked;
    let (title, text) = match (locked, asked.on_host()) {
        (false, true) => ("Build with `--locked --offline`", " --locked --offline"),
        (true, true) => ("Build with `--offline`", " --offline"),
        // Where nothing is cached, `--offline` would end every build.
        (false, false) => ("Build with `--locked`", " --locked"),
        (true, false) => return asked.say(said),
    };
    // `cargo hack` and `cargo llvm-cov` have commands of their own.
    if !matches!(sub, "hack" | "llvm-cov" | "nextest" | "miri") {
        said.fix = asked.add_behind(name, title, text);
    }
    asked.say(said);
}
