//! A language-server client for tests: a real process on real pipes, and no message unaccounted for.
//! Dropping it ends the server and fails the test if the server said anything that the test did not ask about.

use crate::binary::holdover;
use crate::text::Text;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for what must come. Long: the machine may be busy; a test that passes never waits so long.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Sent on the server's own account whenever it sees fit; tests ask for them where they are about them.
const AMBIENT: [&str; 2] = ["holdover/didChangeStatus", "experimental/serverStatus"];

/// How the client treats requests of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// Answers each at once: configuration with nulls, `applyEdit` with yes, everything else with null.
    #[default]
    AtOnce,
    /// The same, and applies edits to the documents that it opened.
    Applies,
    /// Never answers.
    Never,
}

/// How a client is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Arguments after `lsp`.
    pub args: Vec<String>,
    /// Environment beside the data folder.
    pub env: Vec<(String, String)>,
    /// How requests are answered.
    pub answers: Answers,
    /// `capabilities` of `initialize`.
    pub capabilities: Value,
    /// Workspaces.
    pub roots: Vec<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            answers: Answers::AtOnce,
            capabilities: capabilities("utf-16"),
            roots: Vec::new(),
        }
    }
}

impl Setup {
    /// With one environment variable more.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What a modern client can do, with one position encoding.
#[must_use]
pub fn capabilities(encoding: &str) -> Value {
    json!({
        "general": { "positionEncodings": [encoding] },
        "workspace": { "applyEdit": true, "configuration": true, "workspaceFolders": true, "workspaceEdit": { "documentChanges": true } },
        "textDocument": { "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } } },
        "window": { "workDoneProgress": true },
    })
}

/// A running server and its client.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    inbox: Receiver<Value>,
    kept: VecDeque<Value>,
    paused: Arc<AtomicBool>,
    answers: Answers,
    last_id: i64,
    ended: Option<ExitStatus>,
    strict: bool,
    /// The documents that were opened with [`Client::open`], as an editor holds them; [`Client::change`] leaves them alone.
    pub texts: BTreeMap<String, Text>,
    /// Every request of the server, in order.
    pub asked: Vec<Value>,
    /// The server's data folder.
    pub data: TempDir,
}

impl Client {
    /// Starts a server and sends nothing.
    ///
    /// # Panics
    /// Where the server cannot be started.
    #[must_use]
    pub fn spawn(setup: &Setup) -> Self {
        let data = tempfile::tempdir().expect("a folder for data");
        let mut command = Command::new(holdover());
        command
            .arg("lsp")
            .args(&setup.args)
            .env("HOLDOVER_DATA_DIR", data.path())
            .env("HOLDOVER_CONFIG", data.path().join("none.toml"));
        command
            .env_remove("HOLDOVER_LOG")
            .env_remove("HOLDOVER_OFFLINE")
            .envs(setup.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let paused = Arc::new(AtomicBool::new(false));
        let gate = Arc::clone(&paused);
        let (sender, inbox) = channel();
        std::thread::spawn(move || {
            loop {
                while gate.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                let Some(message) = read_message(&mut stdout) else { break };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let (kept, asked) = (VecDeque::new(), Vec::new());
        Self {
            child,
            stdin,
            inbox,
            kept,
            paused,
            answers: setup.answers,
            last_id: 0,
            ended: None,
            strict: true,
            texts: BTreeMap::new(),
            asked,
            data,
        }
    }

    /// Starts a server and brings it up.
    ///
    /// # Panics
    /// Where the server does not answer `initialize`.
    #[must_use]
    pub fn start(setup: &Setup) -> Self {
        let mut client = Self::spawn(setup);
        client.initialize(setup);
        client
    }

    /// Sends `initialize` and `initialized`, and gives the server's capabilities.
    ///
    /// # Panics
    /// Where the server does not answer.
    pub fn initialize(&mut self, setup: &Setup) -> Value {
        let folders: Vec<_> = setup.roots.iter().map(|root| json!({ "uri": uri(root), "name": "root" })).collect();
        let params = json!({ "processId": null, "rootUri": null, "capabilities": setup.capabilities, "workspaceFolders": folders });
        let result = self.request("initialize", params);
        self.notify("initialized", json!({}));
        result["capabilities"].clone()
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    /// Where the server does not take them.
    pub fn raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the server reads");
    }

    /// Sends one message.
    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    /// Sends a notification.
    #[allow(clippy::needless_pass_by_value, reason = "so that calls can write `json!` in place")]
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and gives its id.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let mut message = json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method });
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
        self.last_id
    }

    /// The whole response to a request.
    ///
    /// # Panics
    /// Where none comes.
    pub fn response(&mut self, id: i64) -> Value {
        self.wait(PATIENCE, |message| message.get("method").is_none() && message["id"] == id)
            .unwrap_or_else(|| panic!("no response to request {id}"))
    }

    /// Sends a request and gives its result.
    ///
    /// # Panics
    /// Where an error comes, or nothing.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        let response = self.response(id);
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// Runs a command of `workspace/executeCommand` and gives what it gives.
    #[allow(clippy::needless_pass_by_value, reason = "so that calls can write `json!` in place")]
    pub fn command(&mut self, name: &str, argument: Value) -> Value {
        self.request("workspace/executeCommand", json!({ "command": name, "arguments": [argument] }))
    }

    /// Sends a request and gives the code and message of its error.
    ///
    /// # Panics
    /// Where a result comes, or nothing.
    pub fn refused(&mut self, method: &str, params: Value) -> (i64, String) {
        let id = self.ask(method, params);
        let response = self.response(id);
        let error = response.get("error").unwrap_or_else(|| panic!("{method} was answered: {response}"));
        (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("a message").to_owned())
    }

    /// The first message that is wanted, taken out of what came; `None` when the time is over or the server ended.
    pub fn wait(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let until = Instant::now() + limit;
        loop {
            let message = match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            };
            let ours = wanted(&message);
            if let Some(message) = self.sort(message, ours) {
                return Some(message);
            }
        }
    }

    /// A notification of the server.
    ///
    /// # Panics
    /// Where none comes.
    pub fn notification(&mut self, method: &str) -> Value {
        self.wait(PATIENCE, |message| message["method"] == method).unwrap_or_else(|| panic!("no {method}"))["params"]
            .clone()
    }

    /// Asks again and again until the answer is the one that is wanted, and gives the last one.
    pub fn until(&mut self, ask: impl Fn(&mut Self) -> Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = ask(self);
            if wanted(&answer) || Instant::now() > until {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The diagnostics of a document in a version. Those of older versions are passed over.
    ///
    /// # Panics
    /// Where they do not come.
    pub fn diagnostics(&mut self, uri: &str, version: i64) -> Vec<Value> {
        let of =
            |message: &Value| message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri;
        loop {
            let params = self
                .wait(PATIENCE, of)
                .unwrap_or_else(|| panic!("no diagnostics of {uri} in version {version}"))["params"]
                .clone();
            if params["version"].as_i64() >= Some(version) {
                return params["diagnostics"].as_array().expect("a list").clone();
            }
        }
    }

    /// Diagnostics of a document that is not open.
    ///
    /// # Panics
    /// Where they do not come.
    pub fn diagnostics_without_version(&mut self, uri: &str) -> Vec<Value> {
        let of = |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"].get("version").is_none()
        };
        self.wait(PATIENCE, of).unwrap_or_else(|| panic!("no diagnostics of {uri}"))["params"]["diagnostics"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// Opens a document in version 1.
    pub fn open(&mut self, uri: &str, text: &str) {
        self.texts.insert(uri.to_owned(), Text::new(text));
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "text", "version": 1, "text": text } }),
        );
    }

    /// Replaces a stretch: `at` is start line, start column, end line, end column.
    pub fn change(&mut self, uri: &str, version: i64, at: [u32; 4], text: &str) {
        let range =
            json!({ "start": { "line": at[0], "character": at[1] }, "end": { "line": at[2], "character": at[3] } });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "range": range, "text": text }] }),
        );
    }

    /// The quick fixes that are offered on a line.
    pub fn actions(&mut self, uri: &str, line: u32) -> Vec<Value> {
        let at = json!({ "line": line, "character": 0 });
        let params = json!({ "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
        self.request("textDocument/codeAction", params).as_array().cloned().unwrap_or_default()
    }

    /// Stops reading what the server writes.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Release);
    }

    /// Reads again.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Release);
    }

    /// The messages that came and nobody asked for, after a moment of silence.
    pub fn leftover(&mut self) -> Vec<Value> {
        while let Ok(message) = self.inbox.recv_timeout(Duration::from_millis(50)) {
            self.sort(message, false);
        }
        self.kept.drain(..).collect()
    }

    /// Whether leftover messages fail the test. For tests in which the server is interrupted.
    pub fn accept_leftovers(&mut self) {
        self.strict = false;
    }

    /// Resident memory of the server in MiB. Linux.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn memory(&self) -> f64 {
        self.told_memory("VmRSS:")
    }

    /// The most that it has had, in MiB. Linux.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn peak_memory(&self) -> f64 {
        self.told_memory("VmHWM:")
    }

    fn told_memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is told");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// Seconds of processor time that the server has taken. Linux, whose clock ticks 100 times a second.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn worked(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server runs");
        let fields = stat.rsplit(')').next().expect("its name ends").split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number") / 100.0).sum()
    }

    /// The share of the code that the server has mapped from files, itself and libraries, that is in memory: 0 to 1. Linux.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn code_in_memory(&self) -> f64 {
        let maps = std::fs::read_to_string(format!("/proc/{}/smaps", self.child.id())).expect("the server runs");
        let (mut is_code, mut size, mut resident) = (false, 0.0, 0.0);
        for line in maps.lines() {
            let kibibytes = |text: &str| text.trim().trim_end_matches(" kB").parse::<f64>().expect("a number");
            if let Some(text) = line.strip_prefix("Size:").filter(|_| is_code) {
                size += kibibytes(text);
            } else if let Some(text) = line.strip_prefix("Rss:").filter(|_| is_code) {
                resident += kibibytes(text);
            } else if line.split(' ').next().is_some_and(|first| !first.ends_with(':')) {
                is_code = line.contains(" r-xp ") && line.contains('/');
            }
        }
        resident / size
    }

    /// Says `exit` and leaves stdin open; gives the exit code and how long the process took to end.
    ///
    /// # Panics
    /// Where the process does not end.
    pub fn exit(&mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        self.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                self.ended = Some(status);
                return (status.code(), start.elapsed());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        panic!("the server goes on after `exit`");
    }

    /// Closes stdin and gives the exit code.
    ///
    /// # Panics
    /// Where the process cannot be waited for.
    pub fn hang_up(&mut self) -> Option<i32> {
        self.stdin = None;
        let status = self.child.wait().expect("the child is ours");
        self.ended = Some(status);
        status.code()
    }

    /// Ends the server as the system would: it hears nothing of it.
    ///
    /// # Panics
    /// Where the process cannot be waited for.
    pub fn kill(&mut self) {
        self.child.kill().expect("the child is ours");
        self.ended = Some(self.child.wait().expect("the child is ours"));
    }

    /// Applies an edit as an editor does that minds versions: all of it or nothing.
    fn apply(&mut self, edit: &Value) -> Value {
        let documents = edit["documentChanges"].as_array().cloned().unwrap_or_default();
        let target = |document: &Value| document["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        let is_current = |document: &Value| {
            let known = self.texts.get(&target(document));
            known.is_some_and(|text| document["textDocument"]["version"] == text.version)
        };
        if !documents.iter().all(is_current) {
            return json!({ "applied": false });
        }
        for document in &documents {
            let uri = target(document);
            let Some(text) = self.texts.get_mut(&uri) else { continue };
            text.apply(document["edits"].as_array().map(Vec::as_slice).unwrap_or_default());
            let change = text.change(&uri);
            self.notify("textDocument/didChange", change);
        }
        json!({ "applied": true })
    }

    fn sort(&mut self, message: Value, wanted: bool) -> Option<Value> {
        let method = message["method"].as_str();
        let is_request = method.is_some() && message.get("id").is_some();
        if is_request {
            self.asked.push(message.clone());
            if self.answers != Answers::Never && self.stdin.is_some() && self.ended.is_none() {
                let result = match method {
                    Some("workspace/configuration") => {
                        Value::Array(vec![Value::Null; message["params"]["items"].as_array().map_or(0, Vec::len)])
                    }
                    Some("workspace/applyEdit") if self.answers == Answers::Applies => {
                        self.apply(&message["params"]["edit"])
                    }
                    Some("workspace/applyEdit") => json!({ "applied": true }),
                    _ => Value::Null,
                };
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
            }
        }
        if wanted {
            return Some(message);
        }
        if !is_request && !method.is_some_and(|method| AMBIENT.contains(&method)) {
            self.kept.push_back(message);
        }
        None
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.resume();
        if self.ended.is_none() {
            if std::thread::panicking() {
                // The child is ours; what it would still say interests nobody.
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            self.request("shutdown", Value::Null);
            let (code, _) = self.exit();
            assert_eq!(code, Some(0), "the server ended with another code after `shutdown` and `exit`");
        }
        if self.strict && !std::thread::panicking() {
            let left = self.leftover();
            assert!(left.is_empty(), "the server said what the test did not ask about: {left:#?}");
        }
    }
}

/// The address of a path.
#[must_use]
pub fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(*byte)),
            _ => uri.extend(["%", &format!("{byte:02X}")]),
        }
    }
    uri
}

fn read_message(from: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim().split_once(": ") {
            Some(("Content-Length", digits)) => length = digits.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    from.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("the server writes JSON"))
}
