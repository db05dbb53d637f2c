//! The journal as an engine has it: being opened, open, or shut and why. Nobody who asks waits for a keyring or a person.
//! While it is locked a background keeps looking, and opens it when it can be; one that the user locks again is closed.

use crate::Notice;
use crate::inner::Inner;
use crate::worker::Task;
use crossbeam_channel::{Receiver, Sender, after, bounded, never};
use journal::{Journal, Keys, OpenError};
use notify::Watcher as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a server's work waits for a key that has to be asked for: longer than a keyring needs that is there and unlocked,
/// shorter than anybody notices.
const ASKED: Duration = Duration::from_millis(150);
/// When to ask again a keyring or an agent that did not give the key; the last is for all later times.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(30), Duration::from_mins(1)];
/// When to look again whether a database that is being encrypted anew is there.
const REPLACED: Duration = Duration::from_secs(1);

#[derive(Clone)]
enum State {
    Opening,
    /// There was none when it was to be opened.
    Making,
    /// Its key has to be asked for; since when.
    Asking(Instant, String),
    Open(Journal),
    /// Not to be had; whether only because it is locked.
    Shut(String, bool),
}

pub(crate) struct Door {
    state: Mutex<State>,
    changed: Condvar,
    /// Closed with the engine: whoever looks for a key ends.
    _alive: Sender<()>,
    ended: Receiver<()>,
}

impl Default for Door {
    fn default() -> Self {
        let (alive, ended) = bounded(0);
        Self { state: Mutex::new(State::Opening), changed: Condvar::new(), _alive: alive, ended }
    }
}

impl Door {
    /// The journal, waiting for it to be opened; the reason in plain words where it cannot be used. `briefly`: not for as
    /// long as a keyring may take.
    pub fn wait(&self, briefly: bool) -> Result<Journal, String> {
        self.wait_unless(briefly, |_| false).unwrap_or_else(|| Err("being opened".to_owned()))
    }

    /// The same, but not waiting for one to be made; `None` too where it cannot be used.
    pub fn wait_if_old(&self, briefly: bool) -> Option<Journal> {
        self.wait_unless(briefly, |state| matches!(state, State::Making))?.ok()
    }

    fn wait_unless(&self, briefly: bool, enough: impl Fn(&State) -> bool) -> Option<Result<Journal, String>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if enough(&state) {
                return None;
            }
            let limit = match &*state {
                State::Open(journal) => return Some(Ok(journal.clone())),
                State::Shut(reason, _) => return Some(Err(reason.clone())),
                State::Asking(since, reason) if briefly => match ASKED.checked_sub(since.elapsed()) {
                    Some(left) => left,
                    None => return Some(Err(reason.clone())),
                },
                _ => Duration::MAX,
            };
            state = self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The journal if it is open by now, or why it is not to be.
    pub fn now(&self) -> Option<Result<Journal, String>> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Open(journal) => Some(Ok(journal.clone())),
            State::Shut(reason, _) => Some(Err(reason.clone())),
            State::Opening | State::Making | State::Asking(..) => None,
        }
    }

    /// Does something quick before anything changes; `None` while it is being opened.
    pub fn while_as_it_is(&self, work: impl FnOnce(Option<Result<&Journal, ()>>)) {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Open(journal) => work(Some(Ok(journal))),
            State::Shut(..) => work(Some(Err(()))),
            State::Opening | State::Making | State::Asking(..) => work(None),
        }
    }

    /// Whether it is shut only because its key is not to be had just now.
    pub fn is_locked(&self) -> bool {
        matches!(&*self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Shut(_, true))
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }
}

/// Opens the journal, on the caller's thread; with a background it stays there as long as a key may come or go.
pub(crate) fn open(inner: &Weak<Inner>, problem: Option<String>) {
    let Some(engine) = inner.upgrade() else { return };
    let data = engine.folders.data.clone();
    if let Some(reason) = problem.or_else(|| engine.folders.make_data().err().map(|e| e.to_string())) {
        return shut(&engine, &reason, false);
    }
    if Journal::is_absent(&data) {
        engine.door.set(State::Making);
    }
    let keys = crate::keys::of(&engine.folders);
    let error = match first_opening(&engine, &data, &keys) {
        Ok(journal) => {
            let may_be_locked = journal.is_from_session();
            if let Some(newer) = journal.newer() {
                tracing::warn!("the journal is read only: {newer}");
                engine.tell(Notice::Message { text: newer.to_string(), serious: true });
            }
            opened(&engine, &journal);
            if !may_be_locked {
                return;
            }
            None
        }
        Err(error) => {
            shut(&engine, &error.to_string(), error.is_locked());
            if !error.is_locked() {
                return;
            }
            Some(error)
        }
    };
    if engine.background() {
        let ended = engine.door.ended.clone();
        drop(engine);
        look_after(inner, &ended, &data, &keys, error);
    }
}

/// What is at hand first; where that is not enough, nobody waits for what comes then.
fn first_opening(engine: &Inner, data: &Path, keys: &Keys) -> Result<Journal, OpenError> {
    match Journal::open_with(data, &keys.at_hand()) {
        Err(error) if error.is_locked() => {
            engine.door.set(State::Asking(Instant::now(), error.to_string()));
            Journal::open_with(data, keys)
        }
        other => other,
    }
}

fn opened(engine: &Inner, journal: &Journal) {
    engine.door.set(State::Open(journal.clone()));
    if engine.background() {
        engine.remember_now(journal);
        engine.enqueue(Task::Tend);
    }
}

fn shut(engine: &Inner, reason: &str, locked: bool) {
    tracing::warn!("working without the journal: {reason}");
    engine.door.set(State::Shut(reason.to_owned(), locked));
    // A journal that is locked is nothing that went wrong.
    engine.tell(Notice::Message { text: format!("working without the journal: {reason}"), serious: !locked });
    tell_status(engine);
}

fn tell_status(engine: &Inner) {
    for workspace in engine.all_workspaces() {
        engine.tell(Notice::Status { root: workspace.root.clone() });
    }
    engine.enqueue(Task::Rewatch);
}

/// Opens the journal when its key can be had, closes it when the user takes the key back; ends with the engine.
fn look_after(inner: &Weak<Inner>, ended: &Receiver<()>, data: &Path, keys: &Keys, mut error: Option<OpenError>) {
    let (wake, woken) = bounded::<()>(1);
    let _watcher = told_of_keys(data, keys, wake);
    let mut asked = 0;
    loop {
        let again = match &error {
            None => never(),
            Some(OpenError::Rekeying { .. }) => after(REPLACED),
            // What a person must type comes by way of a file.
            Some(OpenError::Locked { kind, .. }) if kind == "passphrase" => never(),
            Some(_) => after(AGAIN[asked.min(AGAIN.len() - 1)]),
        };
        crossbeam_channel::select! {
            recv(ended) -> _ => return,
            recv(woken) -> _ => asked = 0,
            recv(again) -> _ => asked += 1,
        }
        let Some(engine) = inner.upgrade() else { return };
        if error.is_none() {
            let unlocked = journal::key_standing(data, keys).is_none_or(|standing| standing.unlocked);
            if !unlocked {
                let reason = "the journal was locked\nhint: `holdover journal unlock` in a terminal";
                shut(&engine, reason, true);
                let (file, kind) = (data.to_owned(), "passphrase".to_owned());
                error = Some(OpenError::Locked { file, kind, why: String::new(), next: String::new() });
            }
            continue;
        }
        match Journal::open_with(data, keys) {
            Ok(journal) => {
                let may_be_locked = journal.is_from_session();
                opened(&engine, &journal);
                engine.tell(Notice::Message { text: "the journal is unlocked".to_owned(), serious: false });
                tell_status(&engine);
                if !may_be_locked {
                    return;
                }
                error = None;
            }
            Err(now) if now.is_locked() => error = Some(now),
            Err(now) => return shut(&engine, &now.to_string(), false),
        }
    }
}

/// Wakes when a key was put where it is at hand, or taken away from there.
fn told_of_keys(data: &Path, keys: &Keys, wake: Sender<()>) -> Option<notify::RecommendedWatcher> {
    let told = move |event: notify::Result<notify::Event>| {
        let ours = |path: &std::path::PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "journal.json" || name == "journal.key" || name.ends_with(".key") || name.ends_with(".asked")
        };
        if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(ours)) {
            // Full: it will be looked at anyway.
            let _ = wake.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(told)
        .inspect_err(|e| tracing::info!("an unlocked journal is seen late: the system does not tell of changes: {e}"))
        .ok()?;
    if let Some(session) = &keys.session {
        // It must be there to be watched; whoever unlocks would make it.
        if let Err(e) = host::make_private_folder(session) {
            tracing::info!("an unlocked journal is seen late: {}: {e}", session.display());
        }
    }
    for folder in [Some(data), keys.session.as_deref()].into_iter().flatten() {
        let _ = watcher.watch(folder, notify::RecursiveMode::NonRecursive);
    }
    Some(watcher)
}

/// For the engine's start: opens on a thread of its own.
pub(crate) fn open_aside(inner: &Arc<Inner>, problem: Option<String>) {
    let weak = Arc::downgrade(inner);
    std::thread::spawn(move || open(&weak, problem));
}
