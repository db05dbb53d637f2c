//! How the model stands, from memory: a status is put together often, and opens no file. The list, the file and the program that runs the model
//! are looked at beside that, when somebody asks and what is known is old, when the journal was written to, and around each question.

use super::store::{Identity, Kept, List, Store};
use super::{ModelError, found_in_use};
use crate::inner::Inner;
use crate::worker::Task;
use crate::{Mark, Notice};
use contract::{ArtifactState, ModelFile, ModelState, ModelStatus, PackItem, PackKind, PackState};
use explain::backend::Failure;
use explain::service;
use host::SharedProgram;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Age above which it is looked at again when somebody asks.
const FRESH: Duration = Duration::from_secs(1);

/// What is known.
#[derive(Default)]
pub(crate) struct Known(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    status: ModelStatus,
    looked: Option<Instant>,
    list: Option<(Identity, Arc<List>)>,
    /// The model whose program failed under a question, and what was said of it; until it runs again.
    failed: Option<(String, String)>,
}

impl Known {
    fn held(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list, read again only where its file is another one.
    fn list(&self, store: &Store) -> Result<Arc<List>, ModelError> {
        let identity = store.identity();
        if let Some((_, list)) = self.held().list.as_ref().filter(|(of, _)| *of == identity) {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(store.list()?);
        self.held().list = Some((identity, Arc::clone(&list)));
        Ok(list)
    }
}

/// How it stands, from memory; with a background, which then looks again if that was a while ago.
pub(crate) fn status(inner: &Inner) -> ModelStatus {
    let known = || {
        let seen = inner.models.held();
        (seen.status.clone(), seen.looked.is_none_or(|at| at.elapsed() > FRESH), seen.looked.is_some())
    };
    let (mut status, old, mut looked) = known();
    if old && inner.background() {
        inner.enqueue(Task::Model);
    } else if old {
        refresh(inner);
        (status, _, looked) = known();
    }
    if !looked {
        "not looked yet".clone_into(&mut status.detail);
    }
    status
}

/// Looks, and tells where it stands otherwise than it did.
pub(crate) fn look(inner: &Inner) {
    if refresh(inner) {
        tell(inner);
    }
}

/// What a question was told of the program that runs it.
pub(crate) fn told(inner: &Inner, model: &ModelFile, state: ModelState, words: &str) {
    let mut seen = inner.models.held();
    let another = seen.status.state != state;
    seen.status =
        ModelStatus { state, name: Some(model.name.clone()), hash: Some(model.hash.clone()), detail: words.to_owned() };
    seen.looked = Some(Instant::now());
    seen.failed = (state == ModelState::Failed).then(|| (model.hash.clone(), words.to_owned()));
    drop(seen);
    if another {
        tell(inner);
    }
}

fn tell(inner: &Inner) {
    for workspace in inner.all_workspaces() {
        inner.tell(Notice::Status { root: workspace.root.clone() });
    }
}

/// Looks; says whether it stands otherwise than was known.
fn refresh(inner: &Inner) -> bool {
    let store = Store::of(&inner.folders.data);
    let list = inner.models.list(&store);
    let mut status = by_file(&store, list.as_deref());
    let program = service::program(&inner.folders.data);
    let mut runs = None;
    if status.state == ModelState::Available {
        if program.is_there() {
            runs = service::standing(&program);
        } else {
            status.detail = missing(&program);
        }
    }
    let mut seen = inner.models.held();
    match runs {
        Some(now) if now.hash == status.hash => {
            status.state = now.state;
            status.detail = now.detail;
            seen.failed = None;
        }
        Some(_) => seen.failed = None,
        None => {
            let failed = seen.failed.as_ref().filter(|(hash, _)| status.hash.as_ref() == Some(hash));
            if let Some((_, words)) = failed {
                status.state = ModelState::Failed;
                status.detail.clone_from(words);
            }
        }
    }
    let another = seen.looked.is_some() && seen.status != status;
    seen.status = status;
    seen.looked = Some(Instant::now());
    another
}

/// How it stands by the list and a glance at its file.
fn by_file(store: &Store, list: Result<&List, &ModelError>) -> ModelStatus {
    let list = match list {
        Ok(list) => list,
        Err(e) => {
            return ModelStatus {
                state: ModelState::Failed,
                detail: e.to_string().replace("\nhint: ", "; "),
                ..ModelStatus::default()
            };
        }
    };
    let Some(kept) = found_in_use(list) else {
        let detail = match list.models.len() {
            0 => "no model was added: `holdover model add FILE` takes a GGUF file",
            _ => "none of the models is in use: `holdover model use NAME`",
        };
        return ModelStatus { detail: detail.into(), ..ModelStatus::default() };
    };
    let (standing, text) = store.glance(kept);
    let (state, detail) = match standing {
        ArtifactState::Present | ArtifactState::Stale => {
            (ModelState::Available, "verified and loaded with the next question".to_owned())
        }
        ArtifactState::Missing | ArtifactState::Corrupt | ArtifactState::Unknown => (ModelState::Failed, text),
    };
    ModelStatus { state, name: Some(kept.name.clone()), hash: Some(kept.hash.clone()), detail }
}

fn missing(program: &SharedProgram) -> String {
    let place = program.program().display();
    format!(
        "kept and verified; the program that runs it is not there: {place}; `server/model/build.sh` builds it, and the archive has it"
    )
}

/// The model that is to answer, with the program that runs it; `None` where none is in use. Nothing is read of its file, and nobody is asked.
pub(crate) fn wanted(inner: &Inner) -> Option<Result<(SharedProgram, ModelFile), Failure>> {
    let store = Store::of(&inner.folders.data);
    let list = match inner.models.list(&store) {
        Ok(list) => list,
        Err(e) => {
            let text = e.to_string();
            let (what, next) = text.split_once("\nhint: ").unwrap_or((&text, "`holdover model list`"));
            return Some(Err(Failure { what: format!("no model was asked: {what}"), next: next.to_owned() }));
        }
    };
    let kept = found_in_use(&list)?;
    let program = service::program(&inner.folders.data);
    if !program.is_there() {
        let what =
            format!("no model was asked: {}: the program that runs it is not there", program.program().display());
        let next =
            "`server/model/build.sh` builds it, and the archive has it; or an endpoint answers (`explain.endpoint`)";
        return Some(Err(Failure { what, next: next.to_owned() }));
    }
    Some(Ok((program, kept.file())))
}

/// The same as the status for `holdover doctor`.
pub(crate) fn advice(inner: &Inner) -> (Mark, String, &'static str) {
    refresh(inner);
    let status = inner.models.held().status.clone();
    let named = status.name.map(|name| format!("{name}: ")).unwrap_or_default();
    let there = service::program(&inner.folders.data).is_there();
    match status.state {
        ModelState::None => (Mark::Fair, status.detail, "without one, explanations are facts alone"),
        ModelState::Failed => (Mark::Bad, format!("{named}{}", status.detail), ""),
        _ if !there => {
            (Mark::Fair, format!("{named}{}", status.detail), "until then an endpoint can answer: `explain.endpoint`")
        }
        _ => (Mark::Good, format!("{named}{}", status.detail), ""),
    }
}

/// The same as a part of what travels along; `None` where no model is in use.
pub(crate) fn packed(inner: &Inner) -> Option<PackItem> {
    let store = Store::of(&inner.folders.data);
    let list = inner.models.list(&store).ok()?;
    let kept: &Kept = found_in_use(&list)?;
    let (standing, text) = store.glance(kept);
    let state = match standing {
        ArtifactState::Present => PackState::Ready,
        ArtifactState::Stale | ArtifactState::Unknown => PackState::Unknown,
        ArtifactState::Missing => PackState::Incomplete,
        ArtifactState::Corrupt => PackState::Failed,
    };
    Some(PackItem { bytes: Some(kept.bytes), ..crate::pack::item(PackKind::Model, &kept.name, state, text) })
}
