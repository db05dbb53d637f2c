//! An object store that speaks as much of S3 as Holdover asks for, on this machine, with conditional writes that hold, and with
//! everything that real ones and what stands in front of them do wrong, on demand. It counts what it is asked.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What becomes of `If-None-Match: *`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditions {
    /// It is kept.
    Kept,
    /// It is ignored, as by some stores.
    Ignored,
    /// Whatever has it is refused, as old gateways do with `If-Match`.
    Refused,
    /// It is answered with 501.
    Unknown,
    /// It is kept, and not where several come at once to the second object of a trial.
    NotAtomic,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error's status, the cloud's word for it, and a header.
    Status(u16, &'static str, &'static str),
    /// The connection is cut before anything was done.
    CutBefore,
    /// It is cut after it was done.
    CutAfter,
    /// It is cut in the middle of the answer.
    CutInside,
    /// Somebody else answers, with this content type.
    Portal(&'static str),
    /// One bit of an object's answer is another.
    Flipped,
    /// A list lacks what came last, and says everything twice.
    Stale,
    /// A list that is never over.
    Endless,
    /// An answer that has no end.
    Flood,
    /// No answer comes.
    Hangs,
}

/// One fault that waits for its request.
struct Waiting {
    /// `GET`, `GET list`, `PUT`, `DELETE`.
    method: &'static str,
    has: String,
    fault: Fault,
    times: u32,
}

struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// The last key that was put.
    latest: String,
    asked: Vec<String>,
    uploaded: usize,
    conditions: Conditions,
    waiting: Vec<Waiting>,
    /// Writers of one key that came so far.
    racing: u32,
}

/// The store.
#[derive(Clone)]
pub struct S3 {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl S3 {
    /// Starts it, with one bucket, `bucket`.
    #[must_use]
    pub fn start() -> S3 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State {
            objects: BTreeMap::new(),
            latest: String::new(),
            asked: Vec::new(),
            uploaded: 0,
            conditions: Conditions::Kept,
            waiting: Vec::new(),
            racing: 0,
        };
        let store = S3 { port: listener.local_addr().unwrap().port(), state: Arc::new(Mutex::new(state)) };
        let own = store.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        store
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of a remote below that prefix.
    #[must_use]
    pub fn url(&self, prefix: &str) -> String {
        format!("s3://bucket/{prefix}?endpoint=http://127.0.0.1:{}", self.port)
    }

    /// The same as Google would have it, who calls conditions otherwise.
    #[must_use]
    pub fn as_google(&self, prefix: &str) -> String {
        self.url(prefix).replace("s3://", "gs://")
    }

    /// What a command is given to come in, and nothing of this machine's own.
    #[must_use]
    pub fn environment() -> Vec<(&'static str, String)> {
        let nothing = "/nonexistent".to_owned();
        vec![
            ("AWS_ACCESS_KEY_ID", "TESTKEY".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "TESTSECRET".to_owned()),
            ("AWS_CONFIG_FILE", nothing.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", nothing),
        ]
    }

    /// What was asked since the last time, and how many bytes were brought.
    #[must_use]
    pub fn asked(&self) -> (Vec<String>, usize) {
        let mut state = self.state();
        (std::mem::take(&mut state.asked), std::mem::take(&mut state.uploaded))
    }

    /// What lies there.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().objects.clone()
    }

    /// Changes what lies there, behind everybody's back.
    pub fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
        change(&mut self.state().objects);
    }

    /// How it deals with conditions from now on.
    pub fn conditions(&self, conditions: Conditions) {
        self.state().conditions = conditions;
    }

    /// The next requests of that method for something that has that in its name go wrong.
    pub fn fails(&self, method: &'static str, has: &str, fault: Fault, times: u32) {
        self.state().waiting.push(Waiting { method, has: has.to_owned(), fault, times });
    }

    /// Nothing goes wrong any more. Says how many faults did not come to it.
    #[must_use]
    pub fn heals(&self) -> usize {
        let mut state = self.state();
        let waiting = std::mem::take(&mut state.waiting);
        waiting.iter().filter(|waiting| waiting.times > 0 && waiting.times < 1000).count()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(request) = Request::read(&mut reader) {
            let Some(answer) = self.answer(&request) else { return };
            let cut = answer.cut;
            let mut text = format!("HTTP/1.1 {} x\r\ncontent-length: {}\r\n", answer.status, answer.length);
            for (name, value) in &answer.headers {
                let _ = write!(text, "{name}: {value}\r\n");
            }
            text.push_str("\r\n");
            if stream.write_all(text.as_bytes()).is_err() || stream.write_all(&answer.body).is_err() || cut {
                return;
            }
            if answer.floods {
                let block = vec![b'x'; 1 << 16];
                while stream.write_all(&block).is_ok() {}
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Option<Answer> {
        let key = request.path.strip_prefix("/bucket").unwrap_or_default().trim_start_matches('/').to_owned();
        let is_list = request.method == "GET" && request.query.contains_key("list-type");
        let of = if is_list { request.query.get("prefix").cloned().unwrap_or_default() } else { key.clone() };
        let method = format!("{}{}", request.method, if is_list { " list" } else { "" });
        let asked = format!("{method} {of}");
        let mut state = self.state();
        state.asked.push(asked);
        state.uploaded += request.body.len();
        if !request.headers.contains_key("authorization") {
            return Some(Answer::error(403, "AccessDenied"));
        }
        let at = state.waiting.iter().position(|one| one.times > 0 && method == one.method && of.contains(&one.has));
        let fault = at.map(|at| {
            state.waiting[at].times -= 1;
            state.waiting[at].fault.clone()
        });
        match &fault {
            Some(Fault::CutBefore) => return None,
            Some(Fault::Status(status, code, header)) => {
                let mut answer = Answer::error(*status, code);
                answer.headers.extend(header.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())));
                return Some(answer);
            }
            Some(Fault::Portal(kind)) => {
                let page = "<!DOCTYPE html><html><a href=/login>Welcome aboard</a></html>";
                return Some(Answer::of(200, page.into()).with("content-type", kind).with("etag", "\"1\""));
            }
            Some(Fault::Hangs) => {
                drop(state);
                std::thread::sleep(Duration::from_mins(10));
                return None;
            }
            _ => {}
        }
        if state.conditions == Conditions::NotAtomic && request.method == "PUT" && key.ends_with("-2.tmp") {
            // All of those that race are there before the first is told.
            state.racing += 1;
            drop(state);
            let begun = Instant::now();
            while self.state().racing < 8 && begun.elapsed() < Duration::from_mins(1) {
                std::thread::sleep(Duration::from_millis(5));
            }
            self.state().put(&key, &request.body);
            return Some(Answer::of(200, Vec::new()).with("etag", &tag(&request.body)));
        }
        let mut answer = if is_list { state.list(request, fault.as_ref()) } else { state.object(request, &key) };
        match fault {
            Some(Fault::CutAfter) => return None,
            Some(Fault::CutInside) => {
                answer.body.truncate(answer.body.len() / 2);
                answer.cut = true;
            }
            Some(Fault::Flipped) => {
                let middle = answer.body.len() / 2;
                answer.body[middle] ^= 1;
            }
            Some(Fault::Flood) => {
                answer.length = 1 << 40;
                answer.floods = true;
            }
            _ => {}
        }
        Some(answer)
    }
}

impl State {
    fn put(&mut self, key: &str, body: &[u8]) {
        key.clone_into(&mut self.latest);
        self.objects.insert(key.to_owned(), body.to_vec());
    }

    fn object(&mut self, request: &Request, key: &str) -> Answer {
        match request.method.as_str() {
            "PUT" => {
                let names = ["if-none-match", "x-goog-if-generation-match"];
                if names.iter().any(|name| request.headers.contains_key(*name)) {
                    match self.conditions {
                        Conditions::Unknown => return Answer::error(501, "NotImplemented"),
                        Conditions::Refused => return Answer::error(412, "PreconditionFailed"),
                        Conditions::Kept | Conditions::NotAtomic if self.objects.contains_key(key) => {
                            return Answer::error(412, "PreconditionFailed");
                        }
                        _ => {}
                    }
                }
                self.put(key, &request.body);
                Answer::of(200, Vec::new()).with("etag", &tag(&request.body))
            }
            "GET" => match self.objects.get(key) {
                None => Answer::error(404, "NoSuchKey"),
                Some(body) => Answer::of(200, body.clone())
                    .with("etag", &tag(body))
                    .with("content-type", "application/octet-stream")
                    .with("last-modified", "Sun, 01 Nov 2026 00:00:00 GMT"),
            },
            "DELETE" => {
                self.objects.remove(key);
                Answer::of(204, Vec::new())
            }
            _ => Answer::error(405, "MethodNotAllowed"),
        }
    }

    fn list(&self, request: &Request, fault: Option<&Fault>) -> Answer {
        let of = |name: &str| request.query.get(name).cloned().unwrap_or_default();
        let (prefix, after) = (of("prefix"), of("start-after").max(of("continuation-token")));
        let most = if fault == Some(&Fault::Endless) { 1 } else { 1000 };
        let lies = |key: &String| key.starts_with(&prefix) && (*key > after || fault == Some(&Fault::Endless));
        let all: Vec<_> = self.objects.iter().filter(|(key, _)| lies(key)).collect();
        let mut text = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
        for (key, body) in all.iter().take(most) {
            if fault == Some(&Fault::Stale) && **key == self.latest {
                continue;
            }
            for _ in 0..=u8::from(fault == Some(&Fault::Stale)) {
                let _ = write!(
                    text,
                    "<Contents><Key>{key}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                    tag(body).replace('"', "&quot;"),
                    body.len()
                );
            }
        }
        let more = all.len() > most || fault == Some(&Fault::Endless);
        let _ = write!(text, "<IsTruncated>{more}</IsTruncated>");
        if let Some((last, _)) = all.get(most - 1).filter(|_| more) {
            let _ = write!(text, "<NextContinuationToken>{last}</NextContinuationToken>");
        }
        text.push_str("</ListBucketResult>");
        Answer::of(200, text.into()).with("content-type", "application/xml")
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    fn read(from: &mut BufReader<TcpStream>) -> Option<Request> {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut parts = line.split(' ');
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), decoded(value))
        };
        let query = query.split('&').map(pair).collect();
        Some(Request { method, path: decoded(path), query, headers, body })
    }
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: usize,
    cut: bool,
    floods: bool,
}

impl Answer {
    fn of(status: u16, body: Vec<u8>) -> Answer {
        let length = body.len();
        Answer { status, headers: Vec::new(), body, length, cut: false, floods: false }
    }

    fn with(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn error(status: u16, code: &str) -> Answer {
        let text = format!("<Error><Code>{code}</Code><Message>so it is</Message></Error>");
        Answer::of(status, text.into()).with("content-type", "application/xml")
    }
}

fn tag(body: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    body.hash(&mut hash);
    format!("\"{:016x}\"", hash.finish())
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        let code = if byte == b'%' { [rest.next(), rest.next()] } else { [None, None] };
        match code {
            [Some(high), Some(low)] => {
                let hex = [high, low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            _ => bytes.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8(bytes).unwrap()
}
