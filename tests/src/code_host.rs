//! A code host on this machine that answers as much of GitHub's API as Holdover asks for. It does what a test scripts, and keeps what it was
//! asked and what it answered.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// What it does beside answering.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Script {
    /// Nothing.
    #[default]
    Answers,
    /// Refuses every request with this status.
    Refuses(u16),
    /// Refuses what is written with this status and these words.
    RefusesWrites(u16, &'static str),
    /// Is at this commit as soon as something is to be written, and refuses that.
    Moves(String),
    /// Takes what is written and breaks off before it answers.
    Cuts,
    /// The same, and answers nothing afterwards.
    CutsAndIsGone,
    /// Answers with a page for people.
    Page,
    /// Leads somewhere else.
    Leads(String),
}

/// One request that it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Its path with the query.
    pub path: String,
    /// Its head, letter for letter.
    pub head: String,
    /// What was sent with it.
    pub body: Value,
    /// Status and body of the answer; `None`: it broke off.
    pub answered: Option<(u16, Value)>,
}

/// What it has and what it was asked.
#[derive(Debug, Default)]
pub struct State {
    /// What it does.
    pub script: Script,
    /// The commit of the pull request.
    pub head: String,
    /// The commit that it is held against.
    pub base: String,
    /// Whether it is `open`.
    pub state: &'static str,
    /// The reviews that it has.
    pub reviews: Vec<Value>,
    /// What it was asked.
    pub asked: Vec<Asked>,
    gone: bool,
}

/// The host. It ends with the test.
pub struct CodeHost {
    /// Its address.
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl CodeHost {
    /// Starts it, with a pull request.
    #[must_use]
    pub fn start(head: &str, base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = State { head: head.to_owned(), base: base.to_owned(), state: "open", ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = Arc::clone(&own);
                std::thread::spawn(move || serve(&stream, &own));
            }
        });
        Self { address, state }
    }

    /// What it has.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What it was asked since this was called last.
    #[allow(clippy::must_use_candidate, reason = "a test may only want to begin anew")]
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (head, body) = crate::http::request(stream)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut state = state.lock().unwrap();
    if state.gone {
        return Ok(());
    }
    let (status, answer) = answer(&mut state, &method, &path, &body);
    let cut = method == "POST" && matches!(state.script, Script::Cuts | Script::CutsAndIsGone);
    state.gone = cut && state.script == Script::CutsAndIsGone;
    let answered = (!cut).then(|| (status, answer.clone()));
    state.asked.push(Asked { method, path, head, body, answered });
    if cut {
        return Ok(());
    }
    let (kind, answer) = match state.script {
        Script::Page => ("text/html", "<html>Welcome aboard</html>".to_owned()),
        _ => ("application/json", answer.to_string()),
    };
    let more = match &state.script {
        Script::Leads(to) => format!("location: {to}\r\n"),
        _ => String::new(),
    };
    drop(state);
    let length = answer.len();
    let mut out = stream;
    write!(
        out,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    )
}

fn answer(state: &mut State, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let refusal = |status: u16, words: &str| {
        let all = json!({ "message": words, "documentation_url": "https://docs.github.com/rest" });
        (status, all)
    };
    match (&state.script, method) {
        (Script::Refuses(401), _) => return refusal(401, "Bad credentials"),
        (Script::Refuses(status), _) => return refusal(*status, "Not Found"),
        (Script::Leads(_), _) => return refusal(301, "Moved Permanently"),
        (Script::RefusesWrites(status, words), "POST") => return refusal(*status, words),
        (Script::Moves(to), "POST") => {
            state.head.clone_from(to);
            return refusal(422, "Unprocessable Entity");
        }
        _ => {}
    }
    let plain = path.split('?').next().unwrap_or_default();
    match (method, plain.ends_with("/reviews")) {
        ("GET", false) => {
            let side = |sha: &str| json!({ "sha": sha });
            (200, json!({ "number": 12, "state": state.state, "head": side(&state.head), "base": side(&state.base) }))
        }
        ("GET", true) => {
            let page = path.split("page=").last().and_then(|page| page.parse::<usize>().ok()).unwrap_or(1);
            (200, state.reviews.iter().skip((page - 1) * 100).take(100).cloned().collect())
        }
        ("POST", true) => {
            let id = 100 + state.reviews.len();
            let review = json!({
                "id": id, "state": if body["event"].is_null() { "PENDING" } else { "COMMENTED" }, "body": body["body"],
                "html_url": format!("https://github.com/ann/ferry/pull/12#pullrequestreview-{id}"), "commit_id": body["commit_id"],
            });
            state.reviews.push(review.clone());
            (200, review)
        }
        _ => refusal(404, "Not Found"),
    }
}
