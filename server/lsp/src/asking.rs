//! Requests of ours to the client. Whoever asks goes on at once; the answer, or that none came in time, is an event.

use crate::state::State;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How long an answer may take. A user may look at a question for longer; we do not ask such questions.
const LIMIT: Duration = Duration::from_secs(20);
/// Most requests without an answer; a client that answers none is not asked more.
const MOST: usize = 2048;

type Then = Box<dyn FnOnce(&mut State, Result<serde_json::Value, String>) + Send>;

/// The requests that wait for an answer.
#[derive(Default)]
pub(crate) struct Asking {
    last: i64,
    open: HashMap<i64, Then>,
    deadlines: VecDeque<(Instant, i64)>,
}

impl Asking {
    /// The id of the newest request.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// When the oldest request's time is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|(at, _)| *at)
    }
}

impl State {
    /// Asks the client; `then` runs with its answer, or with what went wrong.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        params: impl Serialize,
        then: impl FnOnce(&mut State, Result<serde_json::Value, String>) + Send + 'static,
    ) {
        if self.asking.open.len() >= MOST {
            then(self, Err("the client does not answer".to_owned()));
            return;
        }
        self.asking.last += 1;
        let id = self.asking.last;
        self.asking.open.insert(id, Box::new(then));
        self.asking.deadlines.push_back((Instant::now() + LIMIT, id));
        self.outbound.request(id, method, params);
    }

    /// The client answered.
    pub(crate) fn answered(&mut self, id: i64, answer: Result<serde_json::Value, String>) {
        if let Some(then) = self.asking.open.remove(&id) {
            then(self, answer);
        } else {
            tracing::debug!("an answer to a request that nobody waits for: {id}");
        }
        while self.asking.deadlines.front().is_some_and(|(_, id)| !self.asking.open.contains_key(id)) {
            self.asking.deadlines.pop_front();
        }
    }

    /// Gives up on requests whose time is over.
    pub(crate) fn expire_requests(&mut self, now: Instant) {
        while let Some((_, id)) = self.asking.deadlines.pop_front_if(|(at, _)| *at <= now) {
            if let Some(then) = self.asking.open.remove(&id) {
                tracing::warn!("the client did not answer request {id} within {} s", LIMIT.as_secs());
                then(self, Err(format!("the client did not answer within {} s", LIMIT.as_secs())));
            }
        }
    }
}
