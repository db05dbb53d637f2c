//! Work that an editor shows while it runs: a token, at most ten reports a second, a way to stop it.
//! Waits for no client: where the client does not make the token, the work goes on unseen.

use crate::event::Event;
use crate::outbound::Key;
use crate::state::State;
use contract::Progress;
use crossbeam_channel::Sender;
use host::Cancel;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tower_lsp::ls_types::NumberOrString;

/// Least time between two reports of one token.
const APART: Duration = Duration::from_millis(100);

struct Shown {
    token: NumberOrString,
    cancel: Cancel,
    /// The client knows the token.
    ready: bool,
    /// How far the work is, told before the client knew the token.
    early: Option<Value>,
}

/// What is being shown.
#[derive(Default)]
pub(crate) struct Shows {
    count: u64,
    open: HashMap<String, Shown>,
}

fn key(token: &NumberOrString) -> String {
    match token {
        NumberOrString::Number(number) => number.to_string(),
        NumberOrString::String(text) => text.clone(),
    }
}

impl State {
    /// Begins to show work, with the client's own token if it sent one. The answer names it in the calls below.
    pub(crate) fn begin_progress(&mut self, title: &str, given: Option<NumberOrString>, cancel: Cancel) -> String {
        self.shows.count += 1;
        let own = || NumberOrString::String(format!("holdover/{}", self.shows.count));
        let ready = given.is_some();
        let token = given.unwrap_or_else(own);
        let name = key(&token);
        let title = title.to_owned();
        self.shows.open.insert(name.clone(), Shown { token: token.clone(), cancel, ready, early: None });
        let begin = move |state: &mut State, name: &str| {
            let Some(shown) = state.shows.open.get_mut(name) else { return };
            shown.ready = true;
            let value = json!({ "kind": "begin", "title": title, "cancellable": true });
            state.outbound.notify("$/progress", json!({ "token": shown.token, "value": value }));
            if let Some(value) = shown.early.take() {
                state.outbound.notify("$/progress", json!({ "token": shown.token, "value": value }));
            }
        };
        if ready {
            begin(self, &name);
        } else if self.client.work_done_progress {
            let name = name.clone();
            self.ask("window/workDoneProgress/create", json!({ "token": token }), move |state, answer| {
                if answer.is_ok() {
                    begin(state, &name);
                }
            });
        }
        name
    }

    /// Shows how far the work is; once the client knows the token, where it does not yet.
    pub(crate) fn report_progress(&mut self, name: &str, progress: &Progress) {
        let Some(shown) = self.shows.open.get_mut(name) else { return };
        let percentage = (progress.done.min(progress.total) * 100).checked_div(progress.total);
        let mut value = json!({ "kind": "report", "cancellable": true, "message": progress.message });
        if let Some(percentage) = percentage {
            value["percentage"] = json!(percentage);
        }
        if !shown.ready {
            shown.early = Some(value);
            return;
        }
        let key = Key::Progress(name.to_owned());
        self.outbound.notify_newest(key, "$/progress", json!({ "token": shown.token, "value": value }));
    }

    /// The work is over.
    pub(crate) fn end_progress(&mut self, name: &str, message: &str) {
        if let Some(shown) = self.shows.open.remove(name).filter(|shown| shown.ready) {
            let value = json!({ "kind": "end", "message": message });
            self.outbound.notify("$/progress", json!({ "token": shown.token, "value": value }));
        }
    }

    /// The user pressed stop.
    pub(crate) fn cancel_progress(&mut self, token: &NumberOrString) {
        if let Some(shown) = self.shows.open.get(&key(token)) {
            shown.cancel.cancel();
        }
    }
}

/// Tells the state thread how far work is, from the thread that works, and not more often than an editor shows it.
pub(crate) struct Teller {
    events: Sender<Event>,
    token: String,
    last: Cell<Option<Instant>>,
}

impl Teller {
    /// For the work that `token` shows.
    pub(crate) fn new(events: Sender<Event>, token: String) -> Self {
        Self { events, token, last: Cell::new(None) }
    }

    /// Tells, or drops it where the last telling was a moment ago.
    pub(crate) fn tell(&self, progress: Progress) {
        let now = Instant::now();
        if self.last.get().is_none_or(|last| now.duration_since(last) >= APART) {
            self.last.set(Some(now));
            // The state thread is gone only when the process is about to be.
            let _ = self.events.send(Event::Progress { token: self.token.clone(), progress });
        }
    }
}
