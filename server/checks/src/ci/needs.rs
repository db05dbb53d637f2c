//! What a step of a workflow needs besides a shell and the files: what GitHub's runner gives it, what others make, a network.

use super::shown;
use crate::draft::{Draft, Place};
use crate::files::yaml::Node;
use crate::piece::Piece;
use crate::shell::{self, call, commands};
use crate::tools;
use contract::codes;
use std::collections::HashMap;

/// A longer script is not run: a command line holds no more, in bytes.
const LONGEST: usize = 64 << 10;
/// Actions that bring what a machine has or has not, or keep what was made: without them the files are the same.
const SETS_UP: [&str; 20] = [
    "actions/checkout",
    "actions/cache",
    "actions/cache/restore",
    "actions/cache/save",
    "actions/upload-artifact",
    "actions/setup-node",
    "actions/setup-python",
    "actions/setup-go",
    "actions/setup-java",
    "actions/setup-dotnet",
    "actions-rs/toolchain",
    "actions-rust-lang/setup-rust-toolchain",
    "astral-sh/setup-uv",
    "dtolnay/rust-toolchain",
    "gradle/actions/setup-gradle",
    "pnpm/action-setup",
    "ruby/setup-ruby",
    "step-security/harden-runner",
    "swatinem/rust-cache",
    "taiki-e/install-action",
];
/// Variables that GitHub's runner sets begin so.
const OF_RUNNER: [&str; 3] = ["GITHUB_", "RUNNER_", "ACTIONS_"];

/// What a script is.
pub(super) enum Script {
    /// It needs nothing but these programs.
    Plain(Vec<String>),
    /// It does nothing but install what a machine has or has not.
    SetsUp(String),
    /// It needs something else.
    Needs(String),
}

/// Why what follows an action may need what it does; `None`: it sets up what is here or is not.
pub(super) fn of_action(action: &str, step: &Node) -> Option<String> {
    let name = action.split('@').next().unwrap_or_default().to_ascii_lowercase();
    if !SETS_UP.contains(&&*name) {
        return Some("it is an action, and those are not run here".to_owned());
    }
    let with = |key: &str| step.get("with").and_then(|with| with.get(key)).is_some();
    let elsewhere =
        name == "actions/checkout" && ["repository", "ref", "path", "sparse-checkout"].into_iter().any(with);
    elsewhere.then(|| "it checks out something else than what is here".to_owned())
}

/// Why a text is none without GitHub.
pub(super) fn of_expression(text: &str) -> Option<String> {
    let from = text.find("${{")?;
    let inner = text[from + 3..].split("}}").next().unwrap_or_default().trim();
    let has = |words: &[&str]| words.iter().any(|word| inner.contains(word));
    Some(if has(&["secrets."]) || has(&["secrets["]) || has(&["github.token"]) {
        "it needs a secret".to_owned()
    } else if has(&["matrix."]) {
        "it is of a matrix".to_owned()
    } else if has(&["steps.", "needs.", "outputs."]) {
        format!("it needs what another step or job puts out: {}", shown(inner))
    } else {
        format!("it needs what GitHub alone can tell: {}", shown(inner))
    })
}

pub(super) fn of_script(script: &str, piece: Option<Piece>) -> Script {
    if let Some(why) = of_expression(script) {
        return Script::Needs(why);
    }
    if script.len() > LONGEST || script.contains('\0') {
        return Script::Needs("its script is too long".to_owned());
    }
    if let Some(name) = of_runner(script) {
        return Script::Needs(format!("it needs {name}, which GitHub's runner sets"));
    }
    let piece = piece.unwrap_or_else(|| Piece::of(script, 0..script.len()));
    let all = commands(piece, HashMap::new());
    let mut programs: Vec<String> = Vec::new();
    let (mut installs, mut does) = (None, false);
    for command in &all.commands {
        if let Some(call) = call(command) {
            let program = call.program.to_owned();
            if !programs.contains(&program) {
                programs.push(program);
            }
        }
        let one = shell::Script { commands: vec![command.clone()], variables: all.variables.clone() };
        let mut drafts = Vec::new();
        tools::look(&one, Place::Ci, &mut drafts);
        match drafts.iter().find(|draft| reaches(draft)) {
            Some(draft) if is_install(draft) => drop(installs.get_or_insert_with(|| shown(&draft.what))),
            Some(draft) => return Script::Needs(format!("it needs a network: {}", shown(&draft.what))),
            None if command.words.first().and_then(shell::Word::literal) == Some("sudo") => {
                return Script::Needs("it needs the rights of another user: sudo".to_owned());
            }
            None => does |= !is_beside(command),
        }
    }
    match installs {
        Some(what) if does => Script::Needs(format!("it needs a network: {what}")),
        Some(what) => Script::SetsUp(what),
        None => Script::Plain(programs),
    }
}

/// A variable of GitHub's runner that a script names.
fn of_runner(script: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    OF_RUNNER.into_iter().find_map(|begin| {
        let mut starts = script.match_indices(begin).map(|(at, _)| at);
        let at = starts.find(|at| !script[..*at].chars().next_back().is_some_and(is_word))?;
        Some(script[at..].chars().take_while(|c| is_word(*c)).take(40).collect())
    })
}

/// Whether a command gets something from a network wherever it is run: packages of an ecosystem may be here.
fn reaches(draft: &Draft) -> bool {
    matches!(
        draft.code,
        codes::NETWORK_DOWNLOAD
            | codes::NETWORK_CLONE
            | codes::NETWORK_IMAGE_PULL
            | codes::NETWORK_SYSTEM_PACKAGES
            | codes::NETWORK_TOOL_INSTALL
            | codes::NETWORK_TOOLCHAIN
    )
}

/// Whether it installs what a machine has or has not.
fn is_install(draft: &Draft) -> bool {
    matches!(draft.code, codes::NETWORK_SYSTEM_PACKAGES | codes::NETWORK_TOOL_INSTALL | codes::NETWORK_TOOLCHAIN)
}

/// Whether a command does nothing that lasts.
fn is_beside(command: &shell::Command) -> bool {
    call(command).is_none_or(|call| matches!(call.program, "set" | "echo" | "true" | ":" | "export"))
}
