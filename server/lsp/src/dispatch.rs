//! Takes messages as they come in and sees to it that each goes where it belongs, in order.
//! Runs on the thread that reads. Document changes go straight to the state thread; requests are begun here, so that they
//! hand over in order, and finished on the runtime; `exit` and cancels are seen at once, whatever else is going on.

use crate::event::{Event, Loss, error};
use crate::framing::LARGEST;
use crate::outbound::Outbound;
use crate::server::Shell;
use crate::skim::{Skim, Skimmed};
use crossbeam_channel::Sender;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::runtime::Handle;
use tower::Service;
use tower_lsp::jsonrpc::{ErrorCode, Id, Request, Response};
use tower_lsp::{ExitedError, LspService};

/// A message with its parts unread.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Go on.
    Yes,
    /// It is not JSON, or not a message: its length may have been wrong.
    NotJson,
    /// The client said `exit`.
    Exit,
}

type Answer = Pin<Box<dyn Future<Output = Result<Option<Response>, ExitedError>> + Send>>;

/// Where messages go.
pub(crate) struct Dispatcher {
    service: LspService<Shell>,
    runtime: Handle,
    events: Sender<Event>,
    outbound: Outbound,
    in_flight: Arc<AtomicUsize>,
    begun: bool,
    shut_down: bool,
}

impl Dispatcher {
    pub(crate) fn new(service: LspService<Shell>, runtime: Handle, events: Sender<Event>, outbound: Outbound) -> Self {
        Self { service, runtime, events, outbound, in_flight: Arc::default(), begun: false, shut_down: false }
    }

    /// Whether `shutdown` was asked for.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down
    }

    /// How many requests have no answer yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// The id of our own request that a message answers.
    pub(crate) fn answers(body: &[u8]) -> Option<i64> {
        let envelope = envelope(body).ok()?;
        if envelope.method.is_some() { None } else { serde_json::from_str(envelope.id?.get()).ok() }
    }

    /// Takes one message.
    pub(crate) fn take(&mut self, body: &[u8]) -> Taken {
        self.outbound.wait_not_full();
        let envelope = match envelope(body) {
            Ok(envelope) => envelope,
            Err(problem) => {
                tracing::warn!("a message is not JSON-RPC: {problem}");
                let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
                let code = if is_json { ErrorCode::InvalidRequest } else { ErrorCode::ParseError };
                self.outbound.fail(None, &error(code, format!("this is not a message: {problem}")));
                self.lose(skim(body), || Loss::Unreadable(problem.to_string()));
                return if is_json { Taken::Yes } else { Taken::NotJson };
            }
        };
        let Some(method) = envelope.method else {
            self.answered(&envelope);
            return Taken::Yes;
        };
        if envelope.id.is_none() && self.took_notification(&method, envelope.params, body) {
            return Taken::Yes;
        }
        if method == "exit" {
            return Taken::Exit;
        }
        self.call(method.into_owned(), envelope.id, envelope.params);
        Taken::Yes
    }

    /// Takes what is known of a message that was too large to read.
    pub(crate) fn take_oversized(&mut self, bytes: u64, skimmed: Skimmed) {
        tracing::warn!(
            "a message of {bytes} bytes is over the limit of {LARGEST}: {:?} {:?}",
            skimmed.method,
            skimmed.uri
        );
        if let Some(id) = skimmed.id.as_ref().and_then(|id| serde_json::from_str::<Id>(id).ok()) {
            let message = format!("this message has {bytes} bytes, more than the {LARGEST} that are read");
            self.outbound.fail(Some(&id), &error(ErrorCode::InvalidRequest, message));
        }
        self.lose(skimmed, || Loss::TooLarge(bytes));
    }

    /// What could not be read may have been about a document: its text is not known any more.
    fn lose(&self, skimmed: Skimmed, loss: impl FnOnce() -> Loss) {
        if self.accepts() && skimmed.method.is_some_and(|method| method.starts_with("textDocument/did")) {
            let uri = skimmed.uri.and_then(|uri| uri.parse().ok());
            self.send(Event::Lost { uri, loss: loss() });
        }
    }

    fn accepts(&self) -> bool {
        self.begun && !self.shut_down
    }

    fn send(&self, event: Event) {
        // The state thread is gone only when the process is about to be.
        let _ = self.events.send(event);
    }

    fn answered(&self, envelope: &Envelope<'_>) {
        let Some(id) = envelope.id.and_then(|id| serde_json::from_str::<i64>(id.get()).ok()) else {
            return tracing::warn!("a message has neither a method nor an id of ours");
        };
        let answer = match (envelope.error, envelope.result) {
            (Some(error), _) => Err(error.get().to_owned()),
            (None, Some(result)) => serde_json::from_str(result.get()).map_err(|problem| problem.to_string()),
            (None, None) => Ok(serde_json::Value::Null),
        };
        self.send(Event::Answered { id, answer });
    }

    /// The notifications that come at every keystroke: their parameters are read without a tree of values.
    fn took_notification(&self, method: &str, params: Option<&RawValue>, body: &[u8]) -> bool {
        let params = params.map_or("null", RawValue::get);
        let event = match method {
            "textDocument/didChange" => serde_json::from_str(params).map(Event::Change),
            "textDocument/didOpen" => serde_json::from_str(params).map(Event::Open),
            "textDocument/didClose" => serde_json::from_str(params).map(Event::Close),
            "textDocument/didSave" => {
                // One that is not understood costs a look of the linters and no text.
                if let Some(saved) = serde_json::from_str(params).ok().filter(|_| self.accepts()) {
                    self.send(Event::Save(saved));
                }
                return true;
            }
            "workspace/didChangeWatchedFiles" => return true,
            _ => return false,
        };
        match event {
            Ok(event) if self.accepts() => self.send(event),
            Ok(_) => tracing::warn!("{method} before `initialize` or after `shutdown`: ignored"),
            Err(problem) => {
                tracing::warn!("{method} has parameters that are not the specification's: {problem}");
                self.lose(skim(body), || Loss::Unreadable(problem.to_string()));
            }
        }
        true
    }

    fn call(&mut self, method: String, id: Option<&RawValue>, params: Option<&RawValue>) {
        let Ok(known) = id.map(|id| serde_json::from_str::<Id>(id.get())).transpose() else {
            return self.outbound.refuse_id(id, "an id is a whole number below 2^63 or a string");
        };
        let first = method == "initialize";
        // Some clients send `null`, or nothing, for parameters all of which may be left out.
        let lenient = method.starts_with("holdover/");
        self.begun |= first;
        self.shut_down |= method == "shutdown" && self.begun;
        let mut request = Request::build(method);
        if let Some(id) = known {
            request = request.id(id);
        }
        if let Some(params) = params {
            // Read once already as part of the message; only its depth can be wrong.
            match serde_json::from_str::<serde_json::Value>(params.get()) {
                Ok(params) => request = request.params(params),
                Err(problem) => {
                    let request = request.finish();
                    return self.outbound.fail(request.id(), &error(ErrorCode::InvalidParams, problem.to_string()));
                }
            }
        } else if lenient {
            request = request.params(serde_json::json!({}));
        }
        let mut answer: Answer = self.service.call(request.finish());
        // What follows `initialize` is read when it was answered: a client may write everything at once.
        if first {
            respond(&self.outbound, self.runtime.block_on(answer));
            return;
        }
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => respond(&self.outbound, answer),
            Poll::Pending => {
                let (outbound, in_flight) = (self.outbound.clone(), Arc::clone(&self.in_flight));
                in_flight.fetch_add(1, Ordering::AcqRel);
                self.runtime.spawn(async move {
                    respond(&outbound, answer.await);
                    in_flight.fetch_sub(1, Ordering::AcqRel);
                });
            }
        }
    }
}

/// A message is an object; a list would be read as one, field by field.
fn envelope(body: &[u8]) -> serde_json::Result<Envelope<'_>> {
    match body.trim_ascii_start().first() {
        Some(b'{') | None => serde_json::from_slice(body),
        Some(_) => Err(serde::de::Error::custom("an object is expected")),
    }
}

/// What can be learnt of a message that cannot be read.
fn skim(body: &[u8]) -> Skimmed {
    let mut skim = Skim::default();
    skim.feed(body);
    skim.finish()
}

fn respond(outbound: &Outbound, answer: Result<Option<Response>, ExitedError>) {
    if let Ok(Some(response)) = answer {
        outbound.respond(&response);
    }
}
