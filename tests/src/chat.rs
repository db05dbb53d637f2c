//! An endpoint that speaks as much of OpenAI's chat completions as Holdover asks for, on this machine. It says what a test scripts, does whatever
//! a prompt's text orders, and keeps what it was sent.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What it does when it is asked.
#[derive(Debug, Clone)]
pub enum Script {
    /// Says these pieces.
    Says(Vec<String>),
    /// Says these pieces, and waits before each but the first until [`Chat::go_on`] was called once more.
    Waits(Vec<String>),
    /// Obeys: says what stands behind every `SAY:` of what it was sent, line by line, and repeats the rest.
    Obeys,
    /// Never stops.
    Floods,
    /// Answers with this status, and a reason.
    Status(u16, &'static str),
    /// Breaks off after the first piece.
    Breaks,
    /// Answers at once and not as a stream.
    Whole(&'static str),
    /// Leads somewhere else.
    Leads(String),
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Value>>,
    headers: Mutex<Vec<String>>,
    steps: Mutex<usize>,
    stepped: Condvar,
    /// Connections whose other end went away.
    gone: AtomicUsize,
}

/// The endpoint. It ends with the test.
pub struct Chat {
    /// Its address, up to `/v1`.
    pub address: String,
    shared: Arc<Shared>,
}

impl Chat {
    /// Starts it.
    #[must_use]
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, script) = (Arc::clone(&own), script.clone());
                std::thread::spawn(move || {
                    if serve(&stream, &script, &shared).is_err() {
                        shared.gone.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self { address, shared }
    }

    /// The bodies that it was sent.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The headers that it was sent, as they came.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        self.shared.headers.lock().unwrap().clone()
    }

    /// All texts of the last body, one after the other.
    #[must_use]
    pub fn heard(&self) -> String {
        let asked = self.asked();
        let turns = asked.last().expect("it was asked")["messages"].as_array().cloned().unwrap_or_default();
        turns.iter().map(|turn| turn["content"].as_str().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// Lets the next piece go.
    pub fn go_on(&self) {
        *self.shared.steps.lock().unwrap() += 1;
        self.shared.stepped.notify_all();
    }

    /// Waits until somebody went away in the middle of an answer.
    pub fn wait_gone(&self) {
        let end = std::time::Instant::now() + Duration::from_mins(1);
        while self.shared.gone.load(Ordering::SeqCst) == 0 {
            assert!(std::time::Instant::now() < end, "nobody went away");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn serve(stream: &TcpStream, script: &Script, shared: &Shared) -> std::io::Result<()> {
    let (head, body) = crate::http::request(stream)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    shared.headers.lock().unwrap().push(head);
    shared.asked.lock().unwrap().push(body.clone());
    let mut out = stream;
    let simple = |out: &mut &TcpStream, status: &str, more: &str, body: &str| {
        let length = body.len();
        write!(
            out,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let pieces = match script {
        Script::Status(status, reason) => {
            let body = json!({ "error": { "message": reason } }).to_string();
            return simple(&mut out, &format!("{status} X"), "", &body);
        }
        Script::Leads(to) => return simple(&mut out, "307 X", &format!("location: {to}\r\n"), "{}"),
        Script::Whole(text) => {
            let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] }).to_string();
            return simple(&mut out, "200 OK", "", &body);
        }
        Script::Says(pieces) | Script::Waits(pieces) => pieces.clone(),
        Script::Breaks => vec!["The first ".to_owned()],
        Script::Floods => Vec::new(),
        Script::Obeys => obeyed(&body),
    };
    out.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    let piece = |mut out: &TcpStream, text: &str| {
        let event = json!({ "choices": [{ "delta": { "content": text }, "finish_reason": null }] });
        write!(out, "data: {event}\n\n")?;
        out.flush()
    };
    if matches!(script, Script::Floods) {
        loop {
            piece(out, "word ".repeat(100).as_str())?;
        }
    }
    for (n, text) in pieces.iter().enumerate() {
        if matches!(script, Script::Waits(_)) && n > 0 {
            let mut steps = shared.steps.lock().unwrap();
            while *steps < n {
                let (held, waited) = shared.stepped.wait_timeout(steps, Duration::from_millis(20)).unwrap();
                steps = held;
                if waited.timed_out() {
                    drop(steps);
                    // A comment, which says nothing: whether somebody still listens.
                    out.write_all(b": still there\n\n")?;
                    steps = shared.steps.lock().unwrap();
                }
            }
        }
        piece(out, text)?;
    }
    if matches!(script, Script::Breaks) {
        return Ok(());
    }
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    write!(out, "data: {end}\n\ndata: [DONE]\n\n")
}

fn obeyed(body: &Value) -> Vec<String> {
    let turns = body["messages"].as_array().cloned().unwrap_or_default();
    let user = turns.iter().filter(|turn| turn["role"] == "user");
    let all: String = user.map(|turn| turn["content"].as_str().unwrap_or_default()).collect();
    let ordered =
        all.lines().filter_map(|line| line.split_once("SAY:")).map(|(_, said)| said.trim().replace("\\n", "\n"));
    let mut said: Vec<String> = ordered.map(|said| format!("{said}\n\n")).collect();
    said.push(format!("I was told:\n\n{all}"));
    said
}
