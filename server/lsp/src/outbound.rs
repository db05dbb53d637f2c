//! Everything that goes to the client: one queue and one thread that writes it.
//! Putting something in never waits, so a client that does not read cannot hold up what it writes; of what only the
//! newest counts (diagnostics of a file, status, progress) the queue keeps the newest; diagnostics that were told last are not told again.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};
use tower_lsp::ls_types::Uri;

/// Bytes waiting above which an answer is replaced by a short error.
const CROWDED: usize = 32 << 20;
/// Bytes waiting above which no more is read from the client until it reads.
const FULL: usize = 64 << 20;
/// Bytes written with one call, at most, unless one message is longer.
const BATCH: usize = 256 << 10;
/// The request failed for a reason of its own; LSP's `RequestFailed`.
pub(crate) const REQUEST_FAILED: ErrorCode = ErrorCode::ServerError(-32803);

/// What only the newest counts of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Diagnostics of one document.
    Diagnostics(Uri),
    /// Conflicts of one document.
    Conflicts(Uri),
    /// Status of one workspace.
    Status(PathBuf),
    /// Health of the server.
    Health,
    /// Progress of one token.
    Progress(String),
    /// One explanation.
    Explanation(String),
    /// The log of one step of a workspace.
    Build(PathBuf, String),
}

/// What waits under a key.
struct Newest {
    body: Vec<u8>,
    /// What it leaves the client with; `None`: with nothing, as it was before anything was told.
    leaves: Option<u64>,
}

enum Item {
    Message(Vec<u8>),
    Newest(Key),
}

#[derive(Default)]
struct Queue {
    order: VecDeque<Item>,
    newest: HashMap<Key, Newest>,
    /// The diagnostics that were written last, as a hash. Nothing is kept of a status: a root that went and came again is
    /// told of anew; nor of progress, whose tokens are new each time.
    told: HashMap<Key, u64>,
    bytes: usize,
    writing: bool,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// The queue. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbound(Arc<Shared>);

#[derive(Serialize)]
struct Notification<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
}

impl Outbound {
    /// Starts the thread that writes to `output`.
    pub(crate) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        std::thread::Builder::new().name("outbound".to_owned()).spawn(move || writer.write_all(output))?;
        Ok(Self(shared))
    }

    /// Sends a notification, after everything that waits.
    pub(crate) fn notify(&self, method: &str, params: impl Serialize) {
        if let Some(body) = body(&Notification { jsonrpc: "2.0", method, params }) {
            self.push(body);
        }
    }

    /// Sends a notification in place of an older one with the same key that still waits. Diagnostics
    /// that the client was told last are not told again.
    pub(crate) fn notify_newest(&self, key: Key, method: &str, params: impl Serialize) {
        self.put(key, method, params, false);
    }

    /// The same for a notification that takes back what stands under its key; where nothing stands there, nothing is told.
    pub(crate) fn take_back(&self, key: Key, method: &str, params: impl Serialize) {
        self.put(key, method, params, true);
    }

    fn put(&self, key: Key, method: &str, params: impl Serialize, takes_back: bool) {
        let Some(body) = body(&Notification { jsonrpc: "2.0", method, params }) else { return };
        let leaves = (!takes_back).then(|| hash(&body));
        let mut queue = self.0.lock();
        if queue.closed {
            return;
        }
        if matches!(key, Key::Diagnostics(_)) && queue.told.get(&key).copied() == leaves {
            // What waited is not so any more.
            if let Some(older) = queue.newest.remove(&key) {
                queue.bytes -= older.body.len();
                queue.order.retain(|item| !matches!(item, Item::Newest(waiting) if *waiting == key));
            }
            drop(queue);
            self.0.changed.notify_all();
            return;
        }
        queue.bytes += body.len();
        match queue.newest.insert(key.clone(), Newest { body, leaves }) {
            Some(older) => queue.bytes -= older.body.len(),
            None => queue.order.push_back(Item::Newest(key)),
        }
        drop(queue);
        self.0.changed.notify_all();
    }

    /// Sends a request. Who asked waits for the answer elsewhere, and not for ever.
    pub(crate) fn request(&self, id: i64, method: &str, params: impl Serialize) {
        #[derive(Serialize)]
        struct Request<'a> {
            jsonrpc: &'static str,
            id: i64,
            method: &'a str,
            // A request without parameters has no such field.
            #[serde(skip_serializing_if = "Value::is_null")]
            params: Value,
        }
        let params = serde_json::to_value(params).unwrap_or_default();
        if let Some(body) = body(&Request { jsonrpc: "2.0", id, method, params }) {
            self.push(body);
        }
    }

    /// Sends an answer.
    pub(crate) fn respond(&self, response: &Response) {
        if self.0.lock().bytes > CROWDED {
            let error =
                Error { code: REQUEST_FAILED, message: "the editor does not read what it is sent".into(), data: None };
            self.fail(Some(response.id()), &error);
        } else if let Some(body) = body(response) {
            self.push(body);
        }
    }

    /// Sends an error; without an id where the message had none that could be read.
    pub(crate) fn fail(&self, id: Option<&Id>, error: &Error) {
        if let Some(body) = body(&json!({ "jsonrpc": "2.0", "id": id, "error": error })) {
            self.push(body);
        }
    }

    /// Refuses a request whose id is none. A number is sent back as it came, so that a client that wrote it finds its request.
    pub(crate) fn refuse_id(&self, id: Option<&RawValue>, why: &str) {
        #[derive(Serialize)]
        struct Refusal<'a> {
            jsonrpc: &'static str,
            id: Option<&'a RawValue>,
            error: Error,
        }
        let is_number =
            |id: &&RawValue| id.get().len() <= 64 && id.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let error = Error { code: ErrorCode::InvalidRequest, message: why.to_owned().into(), data: None };
        if let Some(body) = body(&Refusal { jsonrpc: "2.0", id: id.filter(is_number), error }) {
            self.push(body);
        }
    }

    /// Waits until everything is written, or until the time is over.
    pub(crate) fn wait_written(&self, limit: Duration) {
        self.0.wait(Some(limit), |queue| !queue.writing && queue.order.is_empty());
    }

    /// Waits while more is queued than memory should hold. The client must read before it is read from again.
    pub(crate) fn wait_not_full(&self) {
        if self.0.lock().bytes > FULL {
            tracing::warn!("the client does not read: not reading from it until it does");
            self.0.wait(None, |queue| queue.bytes <= FULL);
        }
    }

    fn push(&self, body: Vec<u8>) {
        let mut queue = self.0.lock();
        if !queue.closed {
            queue.bytes += body.len();
            queue.order.push_back(Item::Message(body));
            drop(queue);
            self.0.changed.notify_all();
        }
    }
}

fn body(message: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(message)
        .inspect_err(|error| tracing::error!("a message could not be written as JSON: {error}"))
        .ok()
}

fn hash(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    hasher.finish()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, limit: Option<Duration>, done: impl Fn(&Queue) -> bool) {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut queue = self.lock();
        while !queue.closed && !done(&queue) {
            queue = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return,
                Some(left) => self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    fn write_all(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut queue = self.lock();
            queue.writing = false;
            if queue.order.is_empty() {
                self.changed.notify_all();
            }
            while queue.order.is_empty() {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            queue.writing = true;
            batch.clear();
            batch.shrink_to(BATCH);
            while let Some(item) = queue.order.pop_front() {
                let body = match item {
                    Item::Message(body) => body,
                    Item::Newest(key) => {
                        let Some(newest) = queue.newest.remove(&key) else { continue };
                        match (&key, newest.leaves) {
                            (Key::Diagnostics(_), Some(hash)) => drop(queue.told.insert(key, hash)),
                            (Key::Diagnostics(_), None) => drop(queue.told.remove(&key)),
                            _ => {}
                        }
                        newest.body
                    }
                };
                queue.bytes -= body.len();
                // Writing to a vector cannot fail.
                let _ = write!(batch, "Content-Length: {}\r\n\r\n", body.len());
                batch.extend_from_slice(&body);
                if batch.len() >= BATCH {
                    break;
                }
            }
            if queue.order.is_empty() {
                queue.order.shrink_to(64);
                queue.newest.shrink_to(64);
            }
            drop(queue);
            // Whoever waits for room.
            self.changed.notify_all();
            if let Err(error) = output.write_all(&batch).and_then(|()| output.flush()) {
                tracing::warn!("the client is gone: {error}");
                *self.lock() = Queue { closed: true, ..Queue::default() };
                self.changed.notify_all();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// An output that takes each write only when it is told to.
    struct Slow(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_what_waits_only_the_newest_is_written_and_the_rest_keeps_its_order() {
        let (go, gate) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let out = Outbound::start(Slow(gate, Arc::clone(&written))).unwrap();
        out.notify("first", ());
        while !out.0.lock().order.is_empty() {
            std::thread::yield_now();
        }
        for n in 0..1000 {
            out.notify_newest(Key::Health, "health", n);
        }
        out.notify("last", ());
        assert_eq!(out.0.lock().order.len(), 2);
        go.send(()).unwrap();
        go.send(()).unwrap();
        out.wait_written(Duration::from_secs(10));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let methods: Vec<_> = text.split("\"method\":\"").skip(1).map(|m| m.split('"').next().unwrap()).collect();
        assert_eq!(methods, ["first", "health", "last"]);
        assert!(text.contains("\"params\":999"), "{text}");
        assert_eq!(out.0.lock().bytes, 0);
    }

    #[test]
    fn what_the_client_was_told_last_is_not_told_again() {
        let (go, gate) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let out = Outbound::start(Slow(gate, Arc::clone(&written))).unwrap();
        let file = || Key::Diagnostics("file:///a".parse().unwrap());
        let told = || {
            let text = String::from_utf8(std::mem::take(&mut *written.lock().unwrap())).unwrap();
            let params = |one: &str| one.split('}').next().unwrap().to_owned();
            text.split("\"params\":").skip(1).map(params).collect::<Vec<_>>()
        };
        let settled = || {
            go.send(()).unwrap();
            out.wait_written(Duration::from_secs(10));
        };
        // Nothing stands there yet, so nothing is taken back.
        out.take_back(file(), "d", "none");
        assert_eq!(out.0.lock().order.len(), 0);
        out.notify_newest(file(), "d", "a");
        settled();
        out.notify_newest(file(), "d", "a");
        out.notify("h", "well");
        settled();
        assert_eq!(told(), ["\"a\"", "\"well\""]);
        // While something else is being written it changes, and changes back.
        out.notify("x", "x");
        while !out.0.lock().order.is_empty() {
            std::thread::yield_now();
        }
        out.notify_newest(file(), "d", "b");
        out.notify_newest(file(), "d", "a");
        assert_eq!(out.0.lock().order.len(), 0);
        assert_eq!(out.0.lock().bytes, 0);
        out.take_back(file(), "d", "none");
        go.send(()).unwrap();
        settled();
        out.take_back(file(), "d", "none");
        assert_eq!(out.0.lock().order.len(), 0);
        out.notify_newest(file(), "d", "a");
        settled();
        assert_eq!(told(), ["\"x\"", "\"none\"", "\"a\""]);
        // A status says the same as often as it likes.
        for _ in 0..2 {
            out.notify_newest(Key::Status("/r".into()), "s", 1);
            settled();
        }
        assert_eq!(told(), ["1", "1"]);
        assert_eq!(out.0.lock().told.len(), 1);
    }

    #[test]
    fn a_crowded_queue_answers_with_short_errors() {
        let (_go, gate) = mpsc::channel();
        let out = Outbound::start(Slow(gate, Arc::default())).unwrap();
        let long = json!("x".repeat(1 << 20));
        for n in 0..100 {
            out.respond(&Response::from_ok(Id::Number(n), long.clone()));
        }
        let bytes = out.0.lock().bytes;
        assert!(bytes < CROWDED + (2 << 20), "{bytes}");
    }

    #[test]
    fn a_client_that_is_gone_costs_nothing() {
        let (go, gate) = mpsc::channel();
        drop(go);
        let out = Outbound::start(Slow(gate, Arc::default())).unwrap();
        out.notify("a", ());
        out.wait_written(Duration::from_secs(10));
        while !out.0.lock().closed {
            std::thread::yield_now();
        }
        out.notify("b", ());
        assert_eq!(out.0.lock().order.len(), 0);
    }
}
