//! Work that takes longer than a few milliseconds: a thread for each piece, a few at a time, cancellable.
//! The state thread hands out snapshots and takes results back as events; workers never touch the state.

use crate::event::{Event, Reply, error};
use crate::state::State;
use host::Cancel;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tower_lsp::jsonrpc::{ErrorCode, Result};

/// Pieces of work at a time. Most of them wait for a disk or a child process.
const AT_ONCE: usize = 16;

type Job = Box<dyn FnOnce() + Send>;

/// What runs and what waits.
#[derive(Default)]
pub(crate) struct Work {
    running: usize,
    waiting: VecDeque<Job>,
}

impl Work {
    /// Whether nothing runs and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }
}

impl State {
    /// Runs `job` on a thread of its own and then `then`, with what it gave, here: nothing, where it panicked.
    pub(crate) fn work<T: Send + 'static>(
        &mut self,
        job: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut State, Option<T>) + Send + 'static,
    ) {
        let events = self.events.clone();
        let job: Job = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(job));
            // The state thread is gone only when the process is about to be.
            let _ = events.send(Event::Run(Box::new(move |state| {
                state.work_ended();
                if result.is_err() {
                    tracing::error!("a piece of work panicked; its request gets an error");
                }
                then(state, result.ok());
            })));
        });
        if self.work.running < AT_ONCE {
            self.begin(job);
        } else {
            self.work.waiting.push_back(job);
        }
    }

    /// Answers a request with what `job` gives on a thread of its own.
    pub(crate) fn answer_later<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
    ) {
        let cancel = reply.cancel();
        let run = move || {
            if cancel.is_cancelled() { Err(error(ErrorCode::RequestCancelled, "cancelled")) } else { job(&cancel) }
        };
        // Dropping the reply answers it with an error.
        self.work(run, move |_, answer| {
            if let Some(answer) = answer {
                reply.send(answer);
            }
        });
    }

    fn begin(&mut self, job: Job) {
        match std::thread::Builder::new().name("work".to_owned()).spawn(job) {
            Ok(_) => self.work.running += 1,
            // Dropping the job drops its reply, which tells the client.
            Err(e) => tracing::error!("no thread could be started: {e}"),
        }
    }

    fn work_ended(&mut self) {
        self.work.running -= 1;
        if let Some(job) = self.work.waiting.pop_front() {
            self.begin(job);
        }
    }
}
