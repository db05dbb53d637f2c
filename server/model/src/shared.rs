//! What connections and the holder of the model know of each other: how it stands, and questions on their way.

use contract::{ModelAsk, ModelState, ModelStatus, ModelTold};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// How the process stands.
#[derive(Default)]
pub(crate) struct Standing {
    status: Mutex<ModelStatus>,
    /// Questions that wait or are being answered.
    pub waiting: AtomicU32,
}

impl Standing {
    pub fn set(&self, state: ModelState, detail: impl Into<String>) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.state = state;
        status.detail = detail.into();
    }

    pub fn name(&self, name: &str, hash: &str) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.name = Some(name.to_owned());
        status.hash = Some(hash.to_owned());
    }

    pub fn now(&self) -> ModelStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The way back to who asked. Writing has a time limit: one that does not read is as one that has gone.
#[derive(Clone)]
pub(crate) struct Asker {
    stream: Arc<Mutex<UnixStream>>,
    cancel: watch::Sender<bool>,
}

impl Asker {
    pub fn new(stream: UnixStream) -> Self {
        Asker { stream: Arc::new(Mutex::new(stream)), cancel: watch::Sender::new(false) }
    }

    /// Says something; what cannot be said cancels the question.
    pub fn tell(&self, told: &ModelTold) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if crate::frames::write(&mut *stream, told).is_err() {
            drop(stream);
            self.cancel();
        }
    }

    pub fn fail(&self, what: impl Into<String>, next: impl Into<String>) {
        self.tell(&ModelTold::Failed { what: what.into(), next: next.into() });
    }

    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    pub fn cancelled(&self) -> watch::Receiver<bool> {
        self.cancel.subscribe()
    }

    pub fn is_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    /// For the next question on the same connection.
    pub fn renew(&mut self) {
        self.cancel = watch::Sender::new(false);
    }
}

/// A question on its way to the holder; counted as long as it is there.
pub(crate) struct Job {
    pub ask: ModelAsk,
    pub asker: Asker,
    pub busy: Arc<AtomicU32>,
    pub standing: Arc<Standing>,
}

impl Job {
    pub fn new(ask: ModelAsk, asker: Asker, busy: Arc<AtomicU32>, standing: Arc<Standing>) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        standing.waiting.fetch_add(1, Ordering::SeqCst);
        Job { ask, asker, busy, standing }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.busy.fetch_sub(1, Ordering::SeqCst);
        self.standing.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
