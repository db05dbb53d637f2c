//! A workspace's status, put together from memory.

use crate::inner::Inner;
use crate::words::{self, thousands};
use crate::worker::Task;
use crate::workspace::Workspace;
use contract::{
    Connectivity, ConnectivityState, EcosystemReadiness, Function, FunctionMode, JournalState, JournalStatus,
    ModelState, ModelStatus, Readiness, ReadinessState, Status,
};
use host::OfflineMode;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Age above which what is known of the connection is looked at again when somebody asks.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of the connection.
#[derive(Default)]
pub(crate) struct Connection {
    known: Connectivity,
    /// Connections are tried whatever the routes say.
    tried: bool,
    looked: Option<Instant>,
    /// What came of asking registries on the network that there is.
    answers: Option<Answers>,
    way_out: host::WayOut,
    /// How often the network has become another one.
    network: u64,
}

/// What the answers of registries say about the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answers {
    pub state: ConnectivityState,
    pub detail: String,
    pub at: Instant,
}

/// Takes up what came of asking registries; `network`: the number of the one that was asked through.
pub(crate) fn take_answers(inner: &Inner, network: u64, answers: Option<Answers>) {
    let mut connection = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner);
    if connection.network == network {
        connection.answers = answers;
    }
}

/// The number of the network that there is, and since when it is known that not all is well there.
pub(crate) fn network(inner: &Inner) -> (u64, Option<Instant>) {
    let connection = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner);
    let trouble = connection.answers.as_ref().filter(|answers| answers.state != ConnectivityState::Online);
    (connection.network, trouble.map(|answers| answers.at))
}

/// Asks the system; says whether the state is another one than before.
pub(crate) fn refresh_connectivity(inner: &Inner) -> bool {
    let mut now = inner.gate.connectivity();
    let tried = inner.gate.mode() == OfflineMode::Off;
    let way_out = host::WayOut::now();
    let mut connection = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner);
    connection.looked = Some(Instant::now());
    if connection.way_out != way_out {
        // What was heard on another network says nothing about this one.
        connection.way_out = way_out;
        connection.network += 1;
        connection.answers = None;
    }
    if now.state == ConnectivityState::Online
        && let Some(answers) = &connection.answers
    {
        now.state = answers.state;
        now.detail.clone_from(&answers.detail);
    }
    words::connection(now.state).clone_into(&mut now.text);
    let changed = std::mem::replace(&mut connection.tried, tried) != tried;
    let known = &mut connection.known;
    if known.since.is_empty() || known.state != now.state {
        *known = now;
        return true;
    }
    // `since` is when this engine first saw it so.
    known.detail = now.detail;
    changed
}

/// The connection as it was seen last; with a background, which then looks again if that was a while ago.
pub(crate) fn connectivity(inner: &Inner) -> Connectivity {
    let known = || {
        let connection = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner);
        (connection.known.clone(), connection.looked.is_none_or(|at| at.elapsed() > FRESH))
    };
    let (mut connectivity, old) = known();
    if old && inner.background() {
        inner.enqueue(Task::Connection);
    } else if old {
        refresh_connectivity(inner);
        connectivity = known().0;
    }
    if connectivity.since.is_empty() {
        "not looked yet".clone_into(&mut connectivity.detail);
        words::connection(connectivity.state).clone_into(&mut connectivity.text);
    }
    connectivity
}

pub(crate) fn compose(inner: &Inner, workspace: &Workspace) -> Status {
    let connectivity = connectivity(inner);
    let survey = workspace.survey();
    let readiness = workspace.readiness();
    let model = crate::models::status(inner);
    let functions = functions(inner, workspace, &connectivity, survey.is_some(), &readiness, &model);
    let caches = crate::caches::known(workspace, survey.as_deref());
    let mirrors = crate::mirrors::known(inner, workspace, survey.as_deref());
    Status {
        workspace: workspace.root.clone(),
        text: words::line(&readiness),
        trusted: workspace.trust().allows(),
        functions,
        caches,
        mirrors,
        checks: workspace.lint_book.status().into_iter().chain(workspace.check_book.statuses()).collect(),
        conflicts: workspace.conflicts(inner),
        reviews: crate::reviews::counts(inner, workspace),
        model,
        jobs: jobs(inner, workspace),
        sync: crate::synced::status(inner, workspace),
        journal: journal(inner, workspace),
        connectivity,
        readiness,
    }
}

/// Artifacts that keep a build from working.
pub(crate) fn short(readiness: &Readiness) -> u64 {
    readiness.missing + readiness.corrupt + readiness.stale
}

/// The same of one lockfile.
pub(crate) fn short_of(one: &EcosystemReadiness) -> u64 {
    one.missing + one.corrupt + one.stale
}

/// What stands against a lockfile itself, whatever the caches hold.
fn problem(readiness: &Readiness) -> Option<String> {
    readiness.ecosystems.iter().find_map(|e| Some(format!("{}: {}", e.lockfile.display(), e.problem.as_ref()?)))
}

/// A server asks no disk for it, which might not answer; its own writing tells.
fn reserve(inner: &Inner, journal: &journal::Journal) -> journal::Reserve {
    if inner.background() { journal.reserve() } else { journal.look_at_reserve() }
}

/// From memory where there is a background, else from the journal.
fn jobs(inner: &Inner, workspace: &Workspace) -> Vec<contract::Job> {
    if inner.background() {
        return workspace.jobs();
    }
    let Some(Ok(journal)) = inner.journal_now() else { return Vec::new() };
    let of = |id: Option<_>| id.map_or(Ok(Vec::new()), |id| journal.jobs_of(id));
    journal.workspace_known(&workspace.root).and_then(of).unwrap_or_default()
}

/// From memory where the background keeps count, else from the journal.
fn journal(inner: &Inner, workspace: &Workspace) -> JournalStatus {
    let mut unsealed = None;
    let (state, events, detail) = match inner.journal_now() {
        _ if !workspace.loaded().settings.journal.enable.unwrap_or(true) => {
            (JournalState::Disabled, None, "nothing is recorded, as the setting `journal.enable` says".to_owned())
        }
        Some(Ok(journal)) => {
            let detail = match (journal.newer(), words::reserve(reserve(inner, &journal))) {
                (Some(newer), _) => newer.to_string(),
                (None, Some(spent)) => format!("{spent}; {}", words::FREE_THE_DISK),
                (None, None) => "kept in the data folder, encrypted".to_owned(),
            };
            unsealed = inner.unsealed(&journal);
            (JournalState::Ready, inner.events(&journal), detail)
        }
        Some(Err(reason)) if inner.door.is_locked() => (JournalState::Locked, None, reason),
        Some(Err(reason)) => (JournalState::Failed, None, reason),
        None => (JournalState::Opening, None, "being opened".to_owned()),
    };
    JournalStatus { state, events, unsealed, detail }
}

fn functions(
    inner: &Inner,
    workspace: &Workspace,
    connectivity: &Connectivity,
    looked: bool,
    readiness: &Readiness,
    model: &ModelStatus,
) -> Vec<Function> {
    let function = |name: &str, mode, reason: String, next: &str| Function {
        name: name.to_owned(),
        mode,
        reason,
        next: next.to_owned(),
        text: words::mode(mode).to_owned(),
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
                format!("{} of {} missing or damaged", thousands(short(readiness)), thousands(readiness.total)),
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
    let tried = inner.connectivity.lock().unwrap_or_else(PoisonError::into_inner).tried;
    let fetch = match connectivity.state {
        ConnectivityState::ForcedOffline => function(
            "fetch",
            FunctionMode::Unavailable,
            format!("forced offline: {}", connectivity.detail),
            "`holdover offline auto`",
        ),
        ConnectivityState::Captive => function(
            "fetch",
            FunctionMode::Unavailable,
            connectivity.detail.clone(),
            "log in to the network with a browser",
        ),
        ConnectivityState::Offline if !tried => {
            function("fetch", FunctionMode::Unavailable, connectivity.detail.clone(), "connect")
        }
        _ if !workspace.trust().allows() => function(
            "fetch",
            FunctionMode::Unavailable,
            "the workspace is not trusted, and fetching runs tools that it configures".into(),
            "`holdover trust`",
        ),
        _ => {
            let again = crate::retry::waiting(&jobs(inner, workspace)).and_then(|job| job.next_attempt.clone());
            let reason = again.map_or_else(|| "asks the registries".to_owned(), |at| words::tried_again(&at));
            function("fetch", FunctionMode::NeedsOnline, reason, "")
        }
    };
    let journal = match inner.journal_now() {
        Some(Ok(journal)) if journal.newer().is_some() => function(
            "journal",
            FunctionMode::Unavailable,
            "a newer Holdover has written it: it can be read, and nothing is recorded".into(),
            "install the newer Holdover",
        ),
        Some(Ok(journal)) => match words::reserve(reserve(inner, &journal)) {
            Some(spent) => function("journal", FunctionMode::Local, spent.into(), words::FREE_THE_DISK),
            None => function("journal", FunctionMode::Local, "kept in the data folder, encrypted".into(), ""),
        },
        Some(Err(reason)) if inner.door.is_locked() => {
            function("journal", FunctionMode::Unavailable, reason, "`holdover journal unlock`")
        }
        Some(Err(reason)) => function("journal", FunctionMode::Unavailable, reason, "`holdover doctor`"),
        None => function("journal", FunctionMode::Unavailable, "being opened".into(), ""),
    };
    let conflicts = function("conflicts", FunctionMode::Local, "read from the text".into(), "");
    let (lints, linters) = (workspace.lints(), workspace.loaded().settings.checks.enable.unwrap_or(true));
    let checks = match (lints, linters) {
        (false, false) => {
            let off = "switched off by the settings `lints.enable` and `checks.enable`";
            function("checks", FunctionMode::Unavailable, off.into(), "")
        }
        (true, false) => function("checks", FunctionMode::Local, "built-in lints alone".into(), ""),
        (_, true) if !workspace.trust().allows() => {
            let why = "built-in lints; the project's own linters are not run, since the workspace is not trusted";
            function("checks", FunctionMode::Local, why.into(), "`holdover trust`")
        }
        (_, true) => function(
            "checks",
            FunctionMode::Local,
            "lints, and the project's own linters, without a network".into(),
            "",
        ),
    };
    let sync = "over folders; over remotes on other machines once there is a connection";
    let sync = function("sync", FunctionMode::Local, sync.into(), "");
    let endpoint = workspace.loaded().settings.explain.endpoint.as_deref().is_some_and(|at| !at.trim().is_empty());
    let explain = function("explain", FunctionMode::Local, explains(endpoint, model).into(), "");
    let review = "threads and verdicts are written here; colleagues get them with the synchronisation";
    let review = function("review", FunctionMode::Local, review.into(), "");
    vec![build, fetch, conflicts, journal, checks, sync, explain, review]
}

/// Who explains, and what is added to facts.
fn explains(endpoint: bool, model: &ModelStatus) -> &'static str {
    match model.state {
        _ if endpoint => "facts from this machine; then a model's words, from an endpoint",
        ModelState::None => {
            "facts from the text, its pages and git's history; `holdover model add FILE` or the setting `explain.endpoint` adds a model's words"
        }
        ModelState::Failed => "facts from this machine; what is wrong with the model, its own line says",
        _ => "facts from this machine; then the words of the model on this machine",
    }
}
