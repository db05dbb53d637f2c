//! What a tool says of itself: its version, the text of a rule. In the sandbox, as everything that is run.

use super::run::{environment, own_program};
use crate::inner::Inner;
use crate::workspace::Workspace;
use checks::checker::Checker;
use host::{Cancel, CutOff, Ended, Spoken};
use std::ffi::OsString;
use std::time::Duration;

/// How long a tool has to say its version, or a rule's text.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer.
const MOST_ANSWERED: u64 = 64 << 10;

/// What a tool says of its version, on one line.
pub(super) fn version(
    inner: &Inner,
    workspace: &Workspace,
    checker: &Checker,
    program: &str,
    cancel: &Cancel,
) -> Option<String> {
    if checker.version.is_empty() {
        return None;
    }
    let said = ask(inner, workspace, checker, program, &checker.version, cancel)?;
    let has_number = |line: &&str| line.chars().any(|c| c.is_ascii_digit());
    let line = said.lines().find(has_number).or_else(|| said.lines().find(|line| !line.trim().is_empty()));
    line.map(|line| line.trim().chars().take(100).collect())
}

/// What a tool answers to a question that looks at no file of the workspace, up to 64 KiB; `None` where it does not.
pub(super) fn ask(
    inner: &Inner,
    workspace: &Workspace,
    checker: &Checker,
    program: &str,
    arguments: &[String],
    cancel: &Cancel,
) -> Option<String> {
    let own = crate::copy::folder(&inner.folders.data, "check-").ok()?;
    let output = own.path().join("out");
    let environment = environment(inner, workspace, checker);
    let environment: Vec<(&str, OsString)> = environment.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    let command: Vec<String> = std::iter::once(program.to_owned()).chain(arguments.iter().cloned()).collect();
    let order = CutOff {
        environment: &environment,
        output: Some(Spoken { file: &output, most: MOST_ANSWERED }),
        read_only: true,
        calm: true,
        ..CutOff::new(&command, &workspace.root, PATIENCE)
    };
    let end = host::run_cut_off(&own_program().ok()?, &order, cancel, &mut |_| {}, &mut |_| {}).ok()?;
    let good = end.ended == Some(Ended::Exited(0)) && !end.too_much;
    good.then(|| std::fs::read(&output).ok()).flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
