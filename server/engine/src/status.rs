//! A workspace's status, put together from memory.

use crate::facade::Inner;
use crate::workspace::Workspace;
use contract::{
    Connectivity, ConnectivityState, Function, FunctionMode, ModelStatus, Readiness, ReadinessState, Status,
};
use std::sync::PoisonError;

/// The connection now, with the time at which this engine first saw it so.
pub(crate) fn connectivity(inner: &Inner) -> Connectivity {
    let now = inner.gate.connectivity();
    let mut last = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner);
    if last.since.is_empty() || last.state != now.state {
        *last = now;
    } else {
        last.detail = now.detail;
    }
    last.clone()
}

pub(crate) fn compose(inner: &Inner, workspace: &Workspace) -> Status {
    let connectivity = connectivity(inner);
    let survey = workspace.survey();
    let readiness = survey.as_ref().map(|s| s.readiness.clone()).unwrap_or_default();
    let text = text(survey.is_some(), &readiness);
    let functions = functions(inner, workspace, &connectivity, survey.is_some(), &readiness);
    Status {
        workspace: workspace.root.clone(),
        text,
        trusted: workspace.trust().allows(),
        functions,
        caches: survey.as_ref().map(|s| s.caches.clone()).unwrap_or_default(),
        mirrors: survey.as_ref().map(|s| s.mirrors.clone()).unwrap_or_default(),
        conflicts: workspace.conflicts(),
        model: ModelStatus { detail: "this version explains nothing yet".into(), ..ModelStatus::default() },
        connectivity,
        readiness,
        ..Status::default()
    }
}

/// The line that a status bar shows.
fn text(looked: bool, readiness: &Readiness) -> String {
    if !looked {
        "offline: looking".to_owned()
    } else if readiness.ecosystems.is_empty() {
        "offline: no lockfile".to_owned()
    } else {
        let refused = readiness.state == ReadinessState::Incomplete && short(readiness) == 0;
        // Everything is here, and the tool stops all the same: the line must not look like a yes.
        let and = if refused { ", not ready" } else { "" };
        format!("offline: {} of {}{and}", thousands(readiness.present), thousands(readiness.total))
    }
}

/// Artifacts that keep a build from working.
fn short(readiness: &Readiness) -> u64 {
    readiness.missing + readiness.corrupt + readiness.stale
}

/// What stands against a lockfile itself, whatever the caches hold.
fn problem(readiness: &Readiness) -> Option<String> {
    readiness.ecosystems.iter().find_map(|e| Some(format!("{}: {}", e.lockfile.display(), e.problem.as_ref()?)))
}

/// `1204` → `1,204`.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn functions(
    inner: &Inner,
    workspace: &Workspace,
    connectivity: &Connectivity,
    looked: bool,
    readiness: &Readiness,
) -> Vec<Function> {
    let function = |name: &str, mode, reason: String, next: &str| Function {
        name: name.to_owned(),
        mode,
        reason,
        next: next.to_owned(),
    };
    let build = if !looked {
        function("build", FunctionMode::Unavailable, "not looked yet".into(), "")
    } else if readiness.ecosystems.is_empty() {
        function("build", FunctionMode::Unavailable, "no lockfile was found, so nothing can be said".into(), "")
    } else {
        match readiness.state {
            ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => {
                function("build", FunctionMode::Local, "everything that the lockfiles name is here".into(), "")
            }
            ReadinessState::Incomplete if short(readiness) > 0 => function(
                "build",
                FunctionMode::NeedsOnline,
                format!("{} of {} are missing or damaged", thousands(short(readiness)), thousands(readiness.total)),
                "`holdover preflight --fetch`",
            ),
            ReadinessState::Incomplete => function(
                "build",
                FunctionMode::Unavailable,
                problem(readiness).unwrap_or_else(|| "a lockfile is refused".into()),
                "`holdover preflight` says where",
            ),
            ReadinessState::Unknown => function(
                "build",
                FunctionMode::Unavailable,
                problem(readiness).filter(|_| readiness.unknown == 0).unwrap_or_else(|| {
                    format!("{} of {} could not be told", thousands(readiness.unknown), thousands(readiness.total))
                }),
                "`holdover preflight` says why",
            ),
        }
    };
    let fetch = match connectivity.state {
        ConnectivityState::ForcedOffline => function(
            "fetch",
            FunctionMode::Unavailable,
            format!("forced offline: {}", connectivity.detail),
            "`holdover offline auto`",
        ),
        ConnectivityState::Offline => {
            function("fetch", FunctionMode::Unavailable, connectivity.detail.clone(), "connect")
        }
        _ if !workspace.trust().allows() => function(
            "fetch",
            FunctionMode::Unavailable,
            "the workspace is not trusted, and fetching runs tools that it configures".into(),
            "`holdover trust`",
        ),
        _ => function("fetch", FunctionMode::NeedsOnline, "asks the registries".into(), ""),
    };
    let journal = match inner.journal_now() {
        Some(Ok(_)) => function("journal", FunctionMode::Local, "kept in the data folder, encrypted".into(), ""),
        Some(Err(reason)) => function("journal", FunctionMode::Unavailable, reason, "`holdover doctor`"),
        None => function("journal", FunctionMode::Unavailable, "being opened".into(), ""),
    };
    let conflicts = function("conflicts", FunctionMode::Local, "read from the text".into(), "");
    let absent = |name| function(name, FunctionMode::Unavailable, "not in this version".into(), "");
    vec![build, fetch, conflicts, journal, absent("checks"), absent("explain"), absent("review"), absent("sync")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_by_commas() {
        let shown: Vec<String> = [0, 7, 999, 1000, 1204, 1_234_567].into_iter().map(thousands).collect();
        assert_eq!(shown, ["0", "7", "999", "1,000", "1,204", "1,234,567"]);
    }

    #[test]
    fn the_line_says_what_is_here_of_what_is_needed() {
        let ecosystems = vec![contract::EcosystemReadiness::default()];
        let readiness = Readiness { total: 1207, present: 1204, ecosystems, ..Readiness::default() };
        assert_eq!(text(true, &readiness), "offline: 1,204 of 1,207");
        let refused = Readiness { present: 1207, state: ReadinessState::Incomplete, ..readiness.clone() };
        assert_eq!(text(true, &refused), "offline: 1,207 of 1,207, not ready");
        assert_eq!(text(true, &Readiness::default()), "offline: no lockfile");
        assert_eq!(text(false, &readiness), "offline: looking");
    }
}
