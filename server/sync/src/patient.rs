//! A remote that is not waited for longer than was said: storage that hangs holds up its own thread and nobody else.
//! It passes every question on as it is.

use crate::call::{Call, stopped};
use crate::error::{Class, RemoteError};
use crate::name::SegmentName;
use crate::remote::{Head, Identity, Listing, Probe, Put, Remote};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded, unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(50);

type Question = Box<dyn FnOnce(&dyn Remote) + Send>;

/// A remote behind a thread of its own.
pub struct Patient {
    remote: Arc<dyn Remote>,
    questions: Sender<Question>,
    /// Questions that are not answered yet.
    open: Arc<AtomicUsize>,
}

impl Patient {
    /// Asks `remote` on a thread of its own from now on. That ends with this, or with the question at which it hangs.
    pub fn around(remote: Arc<dyn Remote>) -> std::io::Result<Patient> {
        let (questions, to_ask) = unbounded::<Question>();
        let open = Arc::new(AtomicUsize::new(0));
        let (asked, answered) = (Arc::clone(&remote), Arc::clone(&open));
        std::thread::Builder::new().name("remote".to_owned()).spawn(move || {
            for question in to_ask {
                question(&*asked);
                answered.fetch_sub(1, Ordering::Release);
            }
        })?;
        Ok(Patient { remote, questions, open })
    }

    fn ask<T: Send + 'static>(
        &self,
        call: &Call,
        question: impl FnOnce(&dyn Remote, &Call) -> Result<T, RemoteError> + Send + 'static,
    ) -> Result<T, RemoteError> {
        call.goes_on()?;
        if self.open.load(Ordering::Acquire) > 0 {
            return Err(self.hangs());
        }
        let (answer_in, answer) = bounded(1);
        let bounds = call.clone();
        self.open.fetch_add(1, Ordering::Release);
        // Who asked may be gone by the time of the answer.
        let question: Question = Box::new(move |remote| drop(answer_in.send(question(remote, &bounds))));
        if self.questions.send(question).is_err() {
            return Err(self.hangs());
        }
        loop {
            match answer.recv_timeout(LOOK) {
                Ok(answer) => {
                    // The thread says so a moment after its answer.
                    while self.open.load(Ordering::Acquire) > 0 {
                        std::thread::yield_now();
                    }
                    return answer;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.hangs()),
                Err(RecvTimeoutError::Timeout) if call.cancel.is_cancelled() => return Err(stopped()),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= call.until => return Err(self.hangs()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn hangs(&self) -> RemoteError {
        let message = format!("{} does not answer", self.remote.place());
        RemoteError::of_all(Class::Retry, message, "look whether what it lies on still answers, and try again")
    }
}

impl Remote for Patient {
    fn kind(&self) -> &'static str {
        self.remote.kind()
    }

    fn place(&self) -> String {
        self.remote.place()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        self.ask(call, |remote, call| remote.is_networked(call))
    }

    fn patience(&self) -> Duration {
        self.remote.patience()
    }

    fn look_afresh(&self) {
        self.remote.look_afresh();
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.ask(call, move |remote, call| remote.found(project, check, call))
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        self.ask(call, |remote, call| remote.identity(call))
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        self.ask(call, |remote, call| remote.segments(call))
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        self.ask(call, |remote, call| remote.heads(call))
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        let name = *name;
        self.ask(call, move |remote, call| remote.get(&name, call))
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        let (name, bytes) = (*name, bytes.to_vec());
        self.ask(call, move |remote, call| remote.put(&name, &bytes, call))
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        let head = *head;
        self.ask(call, move |remote, call| remote.set_head(&head, call))
    }

    fn finish(&self, call: &Call) -> Result<(), RemoteError> {
        self.ask(call, |remote, call| remote.finish(call))
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        self.ask(call, |remote, call| remote.probe(call))
    }
}
