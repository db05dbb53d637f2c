//! What works here now, function by function: by itself, now for this machine and later for others, only with a connection, or not; and
//! why. From memory.

use crate::inner::Inner;
use crate::status::{reserve, short};
use crate::words::{self, thousands};
use crate::workspace::Workspace;
use contract::{
    Connectivity, ConnectivityState, Function, FunctionMode, Job, ModelState, ModelStatus, Readiness, ReadinessState,
    SyncState, SyncStatus,
};
use std::sync::PoisonError;

/// What is known of the moment.
pub(crate) struct Now<'a> {
    pub connectivity: &'a Connectivity,
    /// Whether the inventory has looked at all.
    pub looked: bool,
    pub readiness: &'a Readiness,
    pub sync: &'a SyncStatus,
    pub jobs: &'a [Job],
    pub model: &'a ModelStatus,
}

/// A mode, its reason, and what to do next.
type Told = (FunctionMode, String, &'static str);

/// All functions, in the order in which they are shown.
pub(crate) fn functions(inner: &Inner, workspace: &Workspace, now: &Now<'_>) -> Vec<Function> {
    let all: [(&str, Told); 9] = [
        ("build", build(now)),
        ("fetch", fetch(inner, workspace, now)),
        ("conflicts", (FunctionMode::Local, "read from the text".into(), "")),
        ("journal", journal(inner)),
        ("checks", checks(workspace)),
        ("sync", sync(now)),
        ("notes", shared(now, "notes are")),
        ("explain", explain(workspace, now.model)),
        ("review", shared(now, "threads and verdicts are")),
    ];
    all.into_iter()
        .map(|(name, (mode, reason, next))| Function {
            name: name.to_owned(),
            mode,
            reason,
            next: next.to_owned(),
            text: words::mode(mode).to_owned(),
        })
        .collect()
}

/// What stands against a lockfile itself, whatever the caches hold.
fn problem(readiness: &Readiness) -> Option<String> {
    readiness.ecosystems.iter().find_map(|e| Some(format!("{}: {}", e.lockfile.display(), e.problem.as_ref()?)))
}

fn build(now: &Now<'_>) -> Told {
    let readiness = now.readiness;
    if !now.looked {
        return (FunctionMode::Unavailable, "not looked yet".into(), "");
    }
    if readiness.ecosystems.is_empty() {
        return (FunctionMode::Unavailable, "no lockfile was found, so nothing can be said".into(), "");
    }
    match readiness.state {
        ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => {
            (FunctionMode::Local, "everything that the lockfiles name is here".into(), "")
        }
        ReadinessState::Incomplete if short(readiness) > 0 => (
            FunctionMode::NeedsOnline,
            format!("{} of {} missing or damaged", thousands(short(readiness)), thousands(readiness.total)),
            "`holdover preflight --fetch`",
        ),
        ReadinessState::Incomplete => (
            FunctionMode::Unavailable,
            problem(readiness).unwrap_or_else(|| "a lockfile is refused".into()),
            "`holdover preflight` says where",
        ),
        ReadinessState::Unknown => (
            FunctionMode::Unavailable,
            problem(readiness).filter(|_| readiness.unknown == 0).unwrap_or_else(|| {
                format!("{} of {} could not be told", thousands(readiness.unknown), thousands(readiness.total))
            }),
            "`holdover preflight` says why",
        ),
    }
}

fn fetch(inner: &Inner, workspace: &Workspace, now: &Now<'_>) -> Told {
    let connectivity = now.connectivity;
    let tried = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner).tried();
    match connectivity.state {
        ConnectivityState::ForcedOffline => {
            (FunctionMode::Unavailable, format!("forced offline: {}", connectivity.detail), "`holdover offline auto`")
        }
        ConnectivityState::Captive => {
            (FunctionMode::Unavailable, connectivity.detail.clone(), "log in to the network with a browser")
        }
        ConnectivityState::Offline if !tried => (FunctionMode::Unavailable, connectivity.detail.clone(), "connect"),
        _ if !workspace.trust().allows() => (
            FunctionMode::Unavailable,
            "the workspace is not trusted, and fetching runs tools that it configures".into(),
            "`holdover trust`",
        ),
        _ => {
            let again = crate::retry::waiting(now.jobs).and_then(|job| job.next_attempt.clone());
            let reason = again.map_or_else(|| "asks the registries".to_owned(), |at| words::tried_again(&at));
            (FunctionMode::NeedsOnline, reason, "")
        }
    }
}

fn journal(inner: &Inner) -> Told {
    match inner.journal_now() {
        Some(Ok(journal)) if journal.newer().is_some() => (
            FunctionMode::Unavailable,
            "a newer Holdover has written it: it can be read, and nothing is recorded".into(),
            "install the newer Holdover",
        ),
        Some(Ok(journal)) => match words::reserve(reserve(inner, &journal)) {
            Some(spent) => (FunctionMode::Local, spent.into(), words::FREE_THE_DISK),
            None => (FunctionMode::Local, "kept in the data folder, encrypted".into(), ""),
        },
        Some(Err(reason)) if inner.door.is_locked() => (FunctionMode::Unavailable, reason, "`holdover journal unlock`"),
        Some(Err(reason)) => (FunctionMode::Unavailable, reason, "`holdover doctor`"),
        None => (FunctionMode::Unavailable, "being opened".into(), ""),
    }
}

fn checks(workspace: &Workspace) -> Told {
    let (lints, linters) = (workspace.lints(), workspace.loaded().settings.checks.enable.unwrap_or(true));
    match (lints, linters) {
        (false, false) => {
            let off = "switched off by the settings `lints.enable` and `checks.enable`";
            (FunctionMode::Unavailable, off.into(), "")
        }
        (true, false) => (FunctionMode::Local, "built-in lints alone".into(), ""),
        (_, true) if !workspace.trust().allows() => {
            let why = "built-in lints; the project's own linters are not run, since the workspace is not trusted";
            (FunctionMode::Local, why.into(), "`holdover trust`")
        }
        (_, true) => (FunctionMode::Local, "lints, and the project's own linters, without a network".into(), ""),
    }
}

fn sync(now: &Now<'_>) -> Told {
    if now.sync.state == SyncState::Disabled {
        let why = "there is no remote, so what is written stays on this machine; `holdover remote add` names one";
        return (FunctionMode::Local, why.into(), "");
    }
    let why = "over folders at once; over remotes on other machines when there is a connection";
    (FunctionMode::Delayed, why.into(), "")
}

/// What is written here at once and goes to others with the synchronisation; `what` with its verb.
fn shared(now: &Now<'_>, what: &str) -> Told {
    if now.sync.state == SyncState::Disabled {
        return (FunctionMode::Local, format!("{what} kept on this machine"), "");
    }
    (FunctionMode::Delayed, format!("{what} written here; colleagues get them with the synchronisation"), "")
}

fn explain(workspace: &Workspace, model: &ModelStatus) -> Told {
    let endpoint = workspace.loaded().settings.explain.endpoint.as_deref().is_some_and(|at| !at.trim().is_empty());
    let told = match model.state {
        _ if endpoint => "facts from this machine; then a model's words, from an endpoint",
        ModelState::None => {
            "facts from the text, its pages and git's history; `holdover model add FILE` or the setting `explain.endpoint` adds a model's words"
        }
        ModelState::Failed => "facts from this machine; what is wrong with the model, its own line says",
        _ => "facts from this machine; then the words of the model on this machine",
    };
    (FunctionMode::Local, told.into(), "")
}
