//! A workspace's status, put together from memory.

use crate::functions::Now;
use crate::inner::Inner;
use crate::words;
use crate::worker::Task;
use crate::workspace::Workspace;
use contract::{Connectivity, ConnectivityState, EcosystemReadiness, JournalState, JournalStatus, Readiness, Status};
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

impl Connection {
    /// Whether connections are tried whatever the routes say.
    pub(crate) fn tried(&self) -> bool {
        self.tried
    }
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
    let (sync, jobs) = (crate::synced::status(inner, workspace), jobs(inner, workspace));
    let model = crate::models::status(inner);
    let functions = crate::functions::functions(
        inner,
        workspace,
        &Now {
            connectivity: &connectivity,
            looked: survey.is_some(),
            readiness: &readiness,
            sync: &sync,
            jobs: &jobs,
            model: &model,
        },
    );
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
        jobs,
        sync,
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

/// A server asks no disk for it, which might not answer; its own writing tells.
pub(crate) fn reserve(inner: &Inner, journal: &journal::Journal) -> journal::Reserve {
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
