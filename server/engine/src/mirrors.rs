//! Asking the registries of a workspace how they answer, and what their answers mean. Only where the workspace is trusted, because
//! it names whom is asked; only through the gate; never with a credential.

use crate::inner::Inner;
use crate::status::Answers;
use crate::workspace::Workspace;
use crate::{Engine, EngineError, Notice, words};
use contract::{ConnectivityState, Heard, Mirror, MirrorState};
use host::{Cancel, Trust};
use inventory::{About, Registry, Survey};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An answer that takes longer is a slow one, in milliseconds.
const SLOW_MS: u64 = 2000;
/// Where not all is well it is asked again when somebody looks, and not before this time.
const AGAIN: Duration = Duration::from_secs(30);

/// What the registries of one workspace answered.
#[derive(Default)]
pub(crate) struct Registries {
    asked: Mutex<Asked>,
    under_way: AtomicBool,
}

#[derive(Default)]
struct Asked {
    /// The network through which they were asked.
    network: Option<u64>,
    mirrors: Vec<Mirror>,
}

impl Registries {
    fn asked(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The registries of a workspace: those that configuration names, and those that were asked. From memory.
pub(crate) fn known(inner: &Inner, workspace: &Workspace, survey: Option<&Survey>) -> Vec<Mirror> {
    let asked = workspace.registries.asked();
    let here = asked.network == Some(crate::status::network(inner).0);
    let mut all = asked.mirrors.clone();
    drop(asked);
    for mirror in all.iter_mut().filter(|_| !here) {
        // Heard on another network: what it was is still worth knowing, what it is nobody knows.
        mirror.state = MirrorState::Unknown;
        mirror.text = words::mirror_elsewhere(mirror);
    }
    for mirror in survey.into_iter().flat_map(|survey| &survey.mirrors) {
        let plain = |mirror: &Mirror| mirror.url.trim_end_matches('/').to_owned();
        if !all.iter().any(|known| known.ecosystem == mirror.ecosystem && plain(known) == plain(mirror)) {
            all.push(Mirror { text: words::mirror(mirror), ..mirror.clone() });
        }
    }
    all.sort_by(|a, b| (&a.ecosystem, &a.url).cmp(&(&b.ecosystem, &b.url)));
    all
}

impl Engine {
    /// Asks the workspace's registries, now, on this thread, for some seconds at most.
    pub fn ask_registries(&self, root: &Path, cancel: &Cancel) -> Result<Vec<Mirror>, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        ask(&self.inner, &workspace, cancel)?;
        Ok(known(&self.inner, &workspace, workspace.survey().as_deref()))
    }
}

/// Has the registries asked that were not asked on this network, or among which not all was well a while ago. Returns at once.
pub(crate) fn ask_by_itself(inner: &Arc<Inner>) {
    let (network, trouble) = crate::status::network(inner);
    let again = trouble.is_some_and(|since| since.elapsed() > AGAIN);
    for workspace in inner.all_workspaces() {
        let allowed = workspace.trust().allows() && workspace.loaded().settings.mirrors.ask.unwrap_or(true);
        let wanted = workspace.survey().is_some() && (workspace.registries.asked().network != Some(network) || again);
        // Nobody said that connections are to be tried where there is none.
        if !allowed || !wanted || !host::WayOut::now().is_there() || inner.gate.permit().is_err() {
            continue;
        }
        if workspace.registries.under_way.swap(true, Ordering::AcqRel) {
            continue;
        }
        let (inner, asked) = (Arc::clone(inner), Arc::clone(&workspace));
        let run = move || {
            match ask(&inner, &asked, &asked.cancel) {
                Ok(()) | Err(EngineError::Ask(host::AskError::Cancelled | host::AskError::Forced)) => {}
                Err(e) => {
                    // Not again on this network: it would end the same way. What was heard on another is no answer here.
                    *asked.registries.asked() = Asked { network: Some(network), mirrors: Vec::new() };
                    tracing::info!("{e}");
                }
            }
            asked.registries.under_way.store(false, Ordering::Release);
        };
        if let Err(e) = std::thread::Builder::new().name("registries".to_owned()).spawn(run) {
            workspace.registries.under_way.store(false, Ordering::Release);
            tracing::info!("registries were not asked: no thread could be started: {e}");
        }
    }
}

/// Asks them, and takes up what came of it.
pub(crate) fn ask(inner: &Inner, workspace: &Workspace, cancel: &Cancel) -> Result<(), EngineError> {
    let trust = workspace.trust();
    if !trust.allows() {
        return Err(EngineError::Untrusted { root: workspace.root.clone(), changed: trust == Trust::Changed });
    }
    let permit = inner.gate.permit()?;
    let survey = workspace.survey().ok_or(EngineError::Cancelled)?;
    crate::status::refresh_connectivity(inner);
    let network = crate::status::network(inner).0;
    let options = crate::workspace::options(inner, &workspace.loaded());
    let mut registries = inventory::registries(&survey, &options);
    // As many as are asked together: whole registries, so that each has all its answers.
    let mut left = host::MOST_QUESTIONS;
    for registry in &mut registries {
        if registry.unasked.is_some() || left == 0 {
            registry.questions.clear();
        }
        registry.questions.truncate(left);
        left -= registry.questions.len();
    }
    let questions: Vec<_> =
        registries.iter().flat_map(|registry| &registry.questions).map(|about| about.question.clone()).collect();
    let heard = if questions.is_empty() { Vec::new() } else { host::ask(&questions, permit, cancel)? };
    let mut heard = heard.into_iter();
    let at = host::now();
    let mut mirrors = Vec::with_capacity(registries.len());
    for registry in &registries {
        let answers: Vec<Heard> = heard.by_ref().take(registry.questions.len()).collect();
        let found = meaning(registry, &answers);
        let asked = !answers.is_empty();
        let mut mirror = Mirror {
            ecosystem: registry.ecosystem.clone(),
            url: registry.url.clone(),
            state: found.state,
            checked_at: asked.then(|| at.clone()),
            latency_ms: found.millis,
            text: String::new(),
        };
        mirror.text = match found.detail {
            Some(detail) => format!("{}: {detail}", words::mirror(&mirror)),
            None => words::mirror(&mirror),
        };
        mirrors.push(mirror);
    }
    let states: Vec<_> = mirrors.iter().map(|one| json!({ "registry": one.url, "state": one.state })).collect();
    if !questions.is_empty() {
        crate::record::work(inner, &workspace.root, "registries.asked", json!({ "registries": states }));
    }
    *workspace.registries.asked() = Asked { network: Some(network), mirrors };
    // The connection is one for all workspaces: what was heard for any of them counts.
    let mut heard = Vec::new();
    for workspace in inner.all_workspaces() {
        let asked = workspace.registries.asked();
        heard.extend(asked.mirrors.iter().filter(|_| asked.network == Some(network)).cloned());
    }
    crate::status::take_answers(inner, network, conclusion(&heard));
    crate::worker::look_at_connection(inner);
    inner.tell(Notice::Status { root: workspace.root.clone() });
    Ok(())
}

/// What a registry's answers come to.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    state: MirrorState,
    detail: Option<String>,
    millis: Option<u64>,
}

fn meaning(registry: &Registry, answers: &[Heard]) -> Meaning {
    let Some(first) = answers.first() else {
        return Meaning { state: MirrorState::Unknown, detail: registry.unasked.clone(), millis: None };
    };
    let millis = match first {
        Heard::Answer { millis, .. } => Some(*millis),
        Heard::Silence { .. } | Heard::Certificate { .. } => None,
    };
    let told = |state, detail: Option<String>| Meaning { state, detail, millis };
    let both = registry.questions.iter().zip(answers);
    // What stands against the registry itself first; then the first package that it lacks.
    let own = of_registry(registry, first);
    if let Some((state, detail)) = own {
        return told(state, detail);
    }
    if let Some((state, detail)) =
        both.skip(1).filter(|_| !registry.may_lack).find_map(|(about, heard)| of_package(about, heard))
    {
        return told(state, Some(detail));
    }
    if millis.is_some_and(|millis| millis > SLOW_MS) {
        return told(MirrorState::Slow, None);
    }
    told(MirrorState::Reachable, None)
}

/// What the first answer says against a registry, if anything.
fn of_registry(registry: &Registry, heard: &Heard) -> Option<(MirrorState, Option<String>)> {
    let tool = &registry.ecosystem;
    Some(match heard {
        Heard::Silence { reason } => (MirrorState::Unreachable, Some(reason.clone())),
        Heard::Certificate { reason } => (MirrorState::Certificate, Some(reason.clone())),
        Heard::Answer { status: 401 | 403 | 407, .. } if registry.credentials => {
            let detail = format!("it wants the credential that {tool} has, which was not sent");
            (MirrorState::Reachable, Some(detail))
        }
        Heard::Answer { status: 401 | 403, .. } => (MirrorState::Unauthorised, Some(format!("{tool} has none for it"))),
        Heard::Answer { status: 407, .. } => (MirrorState::Unauthorised, Some("the proxy before it does".into())),
        Heard::Answer { status: 511, moved, .. } => (MirrorState::Captive, Some(instead(moved.as_deref()))),
        Heard::Answer { status: 200..=299, fits: false, moved, .. } => {
            (MirrorState::Captive, Some(instead(moved.as_deref())))
        }
        Heard::Answer { status: 404 | 410, .. } if registry.may_lack => return None,
        Heard::Answer { status: 404 | 410, .. } => {
            let asked = registry.questions.first().map_or("", |about| about.question.url.as_str());
            (MirrorState::Incomplete, Some(format!("it has nothing at {asked}")))
        }
        Heard::Answer { fits: false, status, .. } => {
            (MirrorState::Unreachable, Some(format!("its answer is {status}")))
        }
        Heard::Answer { fits: true, .. } => return None,
    })
}

fn instead(moved: Option<&str>) -> String {
    match moved {
        Some(host) => format!("a page of {host} came in its place; log in to the network with a browser"),
        None => "a page that is not its own came in its place; log in to the network with a browser".to_owned(),
    }
}

/// What an answer about a package that is missing here says against a registry, if anything.
fn of_package(about: &About, heard: &Heard) -> Option<(MirrorState, String)> {
    let package = about.package.as_deref()?;
    match heard {
        Heard::Answer { status: 404 | 410, .. } => {
            Some((MirrorState::Incomplete, format!("it does not have {package}")))
        }
        Heard::Answer { fits: true, holds: Some(false), .. } => {
            Some((MirrorState::Stale, format!("it does not know {package}")))
        }
        _ => None,
    }
}

/// What the answers say of the connection; `None`: nobody was asked.
fn conclusion(mirrors: &[Mirror]) -> Option<Answers> {
    let asked: Vec<&Mirror> = mirrors.iter().filter(|mirror| mirror.checked_at.is_some()).collect();
    let silent = |mirror: &&&Mirror| matches!(mirror.state, MirrorState::Unreachable | MirrorState::Certificate);
    let named = |mirror: &Mirror| format!("{}: {}", mirror.url, mirror.text);
    let (state, detail) = if asked.is_empty() {
        return None;
    } else if let Some(mirror) = asked.iter().find(|mirror| mirror.state == MirrorState::Captive) {
        (ConnectivityState::Captive, named(mirror))
    } else if let Some(mirror) = asked.iter().find(silent) {
        let n = asked.iter().filter(silent).count();
        let verb = if n == 1 { "does" } else { "do" };
        let of = words::registries(asked.len() as u64);
        (ConnectivityState::Degraded, format!("of {of} {n} {verb} not answer as it should; {}", named(mirror)))
    } else {
        let all = words::registries(asked.len() as u64);
        (ConnectivityState::Online, format!("{all} asked, and nothing stands in between"))
    };
    Some(Answers { state, detail, at: Instant::now() })
}
