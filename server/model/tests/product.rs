//! `holdover explain` through this program, end to end: a model is added, a question starts the program, the answer streams and is recorded, and
//! what stands in its way is told with the next step. HOLDOVER_TEST_BINARY names the `holdover` to test; `tests/run model` sets it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use contract::{ModelAsk, ModelTold};
use holdover_test_model::{Architecture, Shape, TINY, write};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Waiting for what has to come; much longer than it ever takes.
const PATIENCE: Duration = Duration::from_mins(5);

const TEXT: &str =
    "/// Counts the words.\npub fn count(text: &str) -> usize {\n    text.split_whitespace().count()\n}\n";

/// A project, a data folder, and the programs of ours in a folder of their own.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let binary = std::env::var_os("HOLDOVER_TEST_BINARY");
        let binary = PathBuf::from(
            binary.unwrap_or_else(|| panic!("HOLDOVER_TEST_BINARY names no holdover: run `tests/run model`")),
        );
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let desk = Desk { folder };
        for path in [&desk.programs(), &desk.project()] {
            std::fs::create_dir_all(path).unwrap();
        }
        for name in ["holdover", "holdover-merge", "holdover-ask"] {
            put(&binary.with_file_name(name), &desk.programs().join(name));
        }
        put(Path::new(env!("CARGO_BIN_EXE_holdover-model")), &desk.programs().join("holdover-model"));
        std::fs::write(desk.project().join("lib.rs"), TEXT).unwrap();
        desk
    }

    /// With a model whose tokens take a moment each, or one that is as quick as can be.
    fn with_model(slow: bool) -> Self {
        let desk = Desk::new();
        let shape = Shape { context: 8192, ..TINY };
        let shape = if slow { Shape { width: 128, layers: 8, inner: 512, ..shape } } else { shape };
        let mut bytes = Vec::new();
        write(Architecture::Qwen2, shape, 1, &mut bytes).unwrap();
        let file = desk.folder.path().join("tiny.gguf");
        std::fs::write(&file, bytes).unwrap();
        let added = desk.run(&["model", "add", file.to_str().unwrap()]);
        assert!(added.status.success(), "{added:?}");
        std::fs::remove_file(file).unwrap();
        desk
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("programs")
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs().join("holdover"));
        command.args(arguments).current_dir(self.project());
        command.env("HOLDOVER_DATA_DIR", self.data()).env("HOLDOVER_CONFIG", self.folder.path().join("none.toml"));
        // What runs on this machine needs no connection.
        command.env("HOLDOVER_OFFLINE", "1").env("HOLDOVER_EXPLAIN_MAX_TOKENS", "24").env_remove("HOLDOVER_LOG");
        command.env("HOLDOVER_EXPLAIN_TIMEOUT_SECONDS", "1800");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("{e}: {text} {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn model(&self) -> Value {
        self.json(&["status"])["model"].clone()
    }

    fn ask(&self, ask: &ModelAsk) -> Option<ModelTold> {
        let mut stream = UnixStream::connect(self.data().join("run/model.sock")).ok()?;
        let bytes = serde_json::to_vec(ask).unwrap();
        stream.write_all(&(bytes.len() as u32).to_le_bytes()).ok()?;
        stream.write_all(&bytes).ok()?;
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        stream.read_exact(&mut bytes).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// The program that holds the model; none where none runs.
    fn pid(&self) -> Option<u32> {
        match self.ask(&ModelAsk::Status)? {
            ModelTold::Status { pid, .. } => Some(pid),
            other => panic!("{other:?}"),
        }
    }

    fn kill(&self) {
        let pid = self.pid().unwrap();
        let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        wait("it is gone", || self.pid().is_none());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.ask(&ModelAsk::Quit);
    }
}

fn put(from: &Path, to: &Path) {
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }
}

fn wait(what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < PATIENCE, "it did not come to be that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_model_that_was_added_answers_without_a_network_and_one_program_serves_all() {
    let desk = Desk::with_model(false);
    assert_eq!(desk.model()["state"], "available");
    assert_eq!(desk.pid(), None);
    let explanation = desk.json(&["explain", "lib.rs:2-3"]);
    assert_eq!(explanation["state"], "done", "{explanation:#}");
    let answer = &explanation["answer"];
    assert_eq!((&answer["model"], &answer["place"]), (&"tiny".into(), &"this machine".into()), "{answer:#}");
    let hash = desk.json(&["model", "list"])["models"][0]["hash"].clone();
    assert_eq!((&answer["modelHash"], &answer["ended"], &answer["tokens"]), (&hash, &"length".into(), &24.into()));
    assert!(answer["text"].as_str().unwrap().len() > 5, "{answer:#}");
    // It stands in the record, and is given again without being asked for.
    assert_eq!(desk.json(&["explain", "lib.rs:2-3"])["answer"]["recorded"], true);

    // It goes on after the command that started it; the network is denied to it by the system.
    let pid = desk.pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("HOME="));
    let model = desk.model();
    assert_eq!((&model["state"], &model["name"], &model["hash"]), (&"ready".into(), &"tiny".into(), &hash), "{model}");
    let doctor = String::from_utf8(desk.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.lines().any(|line| line.contains("model") && line.contains("tiny: ")), "{doctor}");

    // Two at once: answered in turn by the same program, with the same words for the same question.
    let words = std::thread::scope(|scope| {
        let again = || desk.json(&["explain", "lib.rs:2-3", "--again"])["answer"]["text"].clone();
        let (one, two) = (scope.spawn(again), scope.spawn(again));
        [one.join().unwrap(), two.join().unwrap()]
    });
    assert_eq!([&words[0], &words[1]], [&answer["text"]; 2]);
    assert_eq!(desk.pid(), Some(pid));

    // Fixed tasks: random weights know nothing, and are fast.
    let eval = desk.json(&["model", "eval"]);
    let tasks = eval["tasks"].as_array().unwrap();
    assert!(tasks.len() >= 8 && tasks.iter().all(|task| task["tokens"].as_u64() > Some(0)), "{eval:#}");
    let listed: usize = tasks
        .iter()
        .map(|task| task["told"].as_array().unwrap().len() + task["missing"].as_array().unwrap().len())
        .sum();
    assert_eq!((eval["facts"].as_u64(), &eval["hash"]), (Some(listed as u64), &hash), "{eval:#}");
    assert!(eval["told"].as_u64() < Some(6) && eval["tokensInTenSeconds"].as_u64() > Some(0), "{eval:#}");
    assert!(eval["text"].as_str().unwrap().starts_with("tiny on this machine: "), "{eval:#}");

    // Removed, its memory is given back.
    assert!(desk.run(&["model", "remove", "tiny"]).status.success());
    let Some(ModelTold::Status { status, .. }) = desk.ask(&ModelAsk::Status) else { panic!("it does not answer") };
    assert_eq!(status.state, contract::ModelState::Available);
    assert_eq!(desk.json(&["explain", "lib.rs:2-3"])["state"], "facts");
}

#[test]
fn one_that_is_killed_is_said_and_started_anew_and_stopping_reaches_it() {
    let desk = Desk::with_model(true);
    let begun = |limit: &str| {
        let mut command = desk.command(&["explain", "lib.rs:2-3", "--again", "--json"]);
        command.env("HOLDOVER_EXPLAIN_MAX_TOKENS", limit).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait(
            "it answers",
            || matches!(desk.ask(&ModelAsk::Status), Some(ModelTold::Status { status, .. }) if status.state == contract::ModelState::Busy),
        );
        child
    };
    let child = begun("4000");
    assert_eq!(desk.model()["state"], "busy");
    desk.kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    let detail = explanation["detail"].as_str().unwrap();
    assert!(detail.contains("ended in the middle of its answer") && detail.contains("ask again"), "{detail}");
    assert!(explanation["facts"].as_array().is_some_and(|facts| !facts.is_empty()));

    // The next question starts it anew; a signal stops the answer, and it is as ready as before.
    let child = begun("4000");
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(explanation["state"], "cancelled", "{explanation:#}");
    wait("it is ready", || desk.model()["state"] == "ready");
    assert_eq!(desk.json(&["explain", "lib.rs:2-3"])["state"], "done");
}

#[test]
fn a_file_that_was_changed_is_not_loaded_and_a_program_that_is_not_there_is_said() {
    let desk = Desk::with_model(false);
    let file = desk.data().join("models/tiny.gguf");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let explanation = desk.json(&["explain", "lib.rs:2-3"]);
    assert_eq!(explanation["state"], "failed");
    let detail = explanation["detail"].as_str().unwrap();
    assert!(
        detail.contains("is another one than was added") && detail.contains("`holdover model remove tiny`"),
        "{detail}"
    );
    let model = desk.model();
    assert_eq!(model["state"], "failed", "{model}");
    assert!(model["detail"].as_str().unwrap().contains("is another one than was added"), "{model}");

    std::fs::remove_file(desk.programs().join("holdover-model")).unwrap();
    let explanation = desk.json(&["explain", "lib.rs:2-3"]);
    assert_eq!(explanation["state"], "facts", "{explanation:#}");
    assert!(
        explanation["detail"].as_str().unwrap().contains("the program that runs it is not there"),
        "{explanation:#}"
    );
}
