//! The program itself, over its socket, with the generated test models: random weights, so only the form of what they say is looked at.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use contract::{ModelAsk, ModelEnd, ModelFile, ModelMessage, ModelRole, ModelState, ModelStatus, ModelTold};
use holdover_test_model::{Architecture, Shape, TINY, tiny, write};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waiting for what has to come; much longer than it ever takes.
const PATIENCE: Duration = Duration::from_mins(5);

struct Service {
    folder: tempfile::TempDir,
    child: Option<Child>,
    arguments: Vec<String>,
}

impl Service {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("models")).unwrap();
        Service { folder, child: None, arguments: Vec::new() }
    }

    fn with(bytes: &[u8]) -> (Self, ModelFile) {
        let service = Service::new();
        let model = service.add("one", bytes);
        (service, model)
    }

    fn add(&self, name: &str, bytes: &[u8]) -> ModelFile {
        let file = format!("{name}.gguf");
        std::fs::write(self.path(&file), bytes).unwrap();
        let hash = format!("blake3:{}", blake3::hash(bytes).to_hex());
        ModelFile { name: name.into(), file, hash, bytes: bytes.len() as u64 }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("models").join(file)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/model.sock")
    }

    fn spawn(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_holdover-model"))
            .arg("--data")
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A connection; starts the process where there is none.
    fn connect(&mut self) -> Connection {
        let since = Instant::now();
        loop {
            if let Ok(stream) = UnixStream::connect(self.socket()) {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                return Connection(stream);
            }
            if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                self.child = Some(self.spawn());
            }
            assert!(since.elapsed() < PATIENCE, "it does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

struct Connection(UnixStream);

impl Connection {
    fn send(&mut self, ask: &ModelAsk) {
        let bytes = serde_json::to_vec(ask).unwrap();
        self.0.write_all(&(bytes.len() as u32).to_le_bytes()).unwrap();
        self.0.write_all(&bytes).unwrap();
    }

    /// `None`: it ended.
    fn next(&mut self) -> Option<ModelTold> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut bytes).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// Everything up to the end of an answer.
    fn all(&mut self) -> Vec<ModelTold> {
        let mut all = Vec::new();
        loop {
            let told = self.next().unwrap_or_else(|| panic!("it ended after {all:?}"));
            let over = matches!(told, ModelTold::Ended { .. } | ModelTold::Failed { .. } | ModelTold::Done);
            all.push(told);
            if over {
                return all;
            }
        }
    }

    fn status(&mut self) -> ModelStatus {
        self.send(&ModelAsk::Status);
        loop {
            if let ModelTold::Status { status, .. } = self.next().unwrap() {
                return status;
            }
        }
    }
}

fn ask(model: &ModelFile, text: &str, max_tokens: u32) -> ModelAsk {
    let messages = vec![
        ModelMessage { role: ModelRole::System, text: "You explain code.".into() },
        ModelMessage { role: ModelRole::User, text: text.into() },
    ];
    ModelAsk::Answer { model: model.clone(), messages, max_tokens, time_limit: 120_000, seed: 7 }
}

fn text(told: &[ModelTold]) -> String {
    told.iter().filter_map(|one| if let ModelTold::Text { text } = one { Some(text.as_str()) } else { None }).collect()
}

fn failure(told: &[ModelTold]) -> String {
    match told.last() {
        Some(ModelTold::Failed { what, next }) => format!("{what} | {next}"),
        other => panic!("{other:?}"),
    }
}

fn end(told: &[ModelTold]) -> (ModelEnd, u32) {
    match told.last() {
        Some(ModelTold::Ended { end, tokens, .. }) => (*end, *tokens),
        other => panic!("{other:?}"),
    }
}

/// A model that is as slow as tests need: a token takes some milliseconds.
fn slow() -> Vec<u8> {
    let mut bytes = Vec::new();
    write(Architecture::Qwen2, Shape { width: 128, layers: 8, inner: 512, ..TINY }, 1, &mut bytes).unwrap();
    bytes
}

#[test]
fn both_architectures_are_loaded_and_stream_the_same_for_the_same_seed() {
    for architecture in [Architecture::Llama, Architecture::Qwen2] {
        let (mut service, model) = Service::with(&tiny(architecture, 1));
        let mut connection = service.connect();
        assert_eq!(connection.status().state, ModelState::Available);
        connection.send(&ask(&model, "fn main() {}\nwhat is this?", 24));
        let told = connection.all();
        let percents: Vec<u8> = told
            .iter()
            .filter_map(|t| if let ModelTold::Loading { percent } = t { Some(*percent) } else { None })
            .collect();
        assert!(percents.first() == Some(&0) && percents.is_sorted(), "{percents:?}");
        let pieces = told.iter().filter(|one| matches!(one, ModelTold::Text { .. })).count();
        assert!(pieces > 5, "{told:?}");
        let (why, tokens) = end(&told);
        assert_eq!((why, tokens), (ModelEnd::Length, 24));
        let status = connection.status();
        assert_eq!(
            (status.state, status.name.as_deref(), status.hash),
            (ModelState::Ready, Some("one"), Some(model.hash.clone()))
        );
        // The same again, on another connection: nothing is loaded, most of the prompt is known, and the words are the same.
        let mut other = service.connect();
        other.send(&ask(&model, "fn main() {}\nwhat is this?", 24));
        let again = other.all();
        assert!(!again.iter().any(|one| matches!(one, ModelTold::Loading { .. })), "{again:?}");
        assert_eq!(text(&again), text(&told));
    }
}

#[test]
fn a_question_that_begins_as_the_last_one_costs_only_what_is_new_and_answers_the_same() {
    let (mut service, model) = Service::with(&tiny(Architecture::Qwen2, 1));
    let context = "let value = read(path);\n".repeat(60);
    let (first, second) = (context.clone() + "what is this?", context + "and why?");
    let mut connection = service.connect();
    connection.send(&ask(&model, &second, 12));
    let fresh = text(&connection.all());
    connection.send(&ModelAsk::Unload);
    connection.all();
    let mut read = Vec::new();
    let mut last = String::new();
    for question in [&first, &second] {
        connection.send(&ask(&model, question, 12));
        let told = connection.all();
        read.extend(
            told.iter()
                .find_map(|t| if let ModelTold::Reading { tokens, kept } = t { Some((*tokens, *kept)) } else { None }),
        );
        last = text(&told);
    }
    assert_eq!(read[0].1, 0);
    assert!(read[1].1 * 10 > read[1].0 * 7, "{read:?}");
    assert_eq!(last, fresh);
}

#[test]
fn cancelling_stops_within_a_token_and_closing_the_connection_does_too() {
    let (mut service, model) = Service::with(&slow());
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 1500));
    let mut seen = 0;
    while seen < 3 {
        seen += u32::from(matches!(connection.next().unwrap(), ModelTold::Text { .. }));
    }
    connection.send(&ModelAsk::Cancel);
    let rest = connection.all();
    let (why, tokens) = end(&rest);
    assert_eq!(why, ModelEnd::Cancelled);
    // What was on its way, and at most one that was being made.
    let after = rest.iter().filter(|one| matches!(one, ModelTold::Text { .. })).count() as u32;
    assert!(tokens <= 3 + after + 2, "{tokens} tokens, {after} after it was cancelled");
    assert!(tokens < 1000, "{tokens}");
    // A connection that is closed while it is answered: the next question does not wait for the rest of that answer.
    connection.send(&ask(&model, "what is this?", 1500));
    while !matches!(connection.next().unwrap(), ModelTold::Text { .. }) {}
    drop(connection);
    let mut next = service.connect();
    next.send(&ask(&model, "what is this?", 2));
    assert_eq!(end(&next.all()), (ModelEnd::Length, 2));
}

#[test]
fn a_long_prompt_can_be_cancelled_while_it_is_read() {
    let (mut service, model) = Service::with(&slow());
    let mut connection = service.connect();
    let lines = "let x = y;\n".repeat(120);
    connection.send(&ask(&model, &lines, 100));
    while !matches!(connection.next().unwrap(), ModelTold::Reading { .. }) {}
    connection.send(&ModelAsk::Cancel);
    assert_eq!(end(&connection.all()), (ModelEnd::Cancelled, 0));
}

#[test]
fn one_that_is_killed_costs_its_answer_and_the_next_question_is_answered() {
    let (mut service, model) = Service::with(&slow());
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 1500));
    while !matches!(connection.next().unwrap(), ModelTold::Text { .. }) {}
    service.child.as_mut().unwrap().kill().unwrap();
    while connection.next().is_some() {}
    service.child.as_mut().unwrap().wait().unwrap();
    assert!(service.socket().exists(), "it had no time to take it away");
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 2));
    assert_eq!(end(&connection.all()).1, 2);
}

#[test]
fn several_ask_at_once_and_are_answered_in_turn_and_only_one_process_runs() {
    let (mut service, model) = Service::with(&slow());
    let mut first = service.connect();
    first.send(&ask(&model, "what is this?", 1500));
    while !matches!(first.next().unwrap(), ModelTold::Text { .. }) {}
    // Another process ends at once: the place is taken.
    let mut other = service.spawn();
    assert!(other.wait().unwrap().success());
    let mut second = service.connect();
    assert_eq!(second.status().state, ModelState::Busy);
    second.send(&ask(&model, "and this?", 2));
    assert_eq!(second.next().unwrap(), ModelTold::Queued { before: 1 });
    // One question at a time on a connection.
    second.send(&ask(&model, "and this?", 2));
    assert!(
        matches!(second.next().unwrap(), ModelTold::Failed { what, .. } if what.contains("being answered already"))
    );
    // As many as may wait, and one more. What it says in between tells that it has read the question.
    let mut more = Vec::new();
    for waiting in 1..=8 {
        let mut connection = service.connect();
        connection.send(&ask(&model, "and this?", 2));
        assert!(matches!(connection.next().unwrap(), ModelTold::Queued { .. }));
        if waiting < 8 {
            assert_eq!(connection.status().state, ModelState::Busy);
        }
        more.push(connection);
    }
    let refused = more.last_mut().unwrap();
    assert!(failure(&refused.all()).contains("8 questions wait already"));
    first.send(&ModelAsk::Cancel);
    assert_eq!(end(&first.all()).0, ModelEnd::Cancelled);
    assert_eq!(end(&second.all()).1, 2);
    assert_eq!(end(&more[0].all()).1, 2);
}

#[test]
fn a_file_that_changed_is_gone_or_lies_elsewhere_is_not_loaded() {
    let bytes = tiny(Architecture::Llama, 1);
    let (mut service, model) = Service::with(&bytes);
    let mut connection = service.connect();
    let mut failed = |model: &ModelFile| {
        connection.send(&ask(model, "what is this?", 2));
        let said = failure(&connection.all());
        assert!(said.contains("holdover model"), "{said}");
        said
    };
    let mut changed = bytes.clone();
    changed[120_000] ^= 1;
    std::fs::write(service.path("one.gguf"), &changed).unwrap();
    assert!(failed(&model).contains("is another one than was added"));
    std::fs::write(service.path("one.gguf"), &bytes[..120_000]).unwrap();
    assert!(failed(&model).contains("has 120000 bytes"));
    std::fs::remove_file(service.path("one.gguf")).unwrap();
    assert!(failed(&model).contains("cannot be read"));
    let elsewhere = service.folder.path().join("elsewhere.gguf");
    std::fs::write(&elsewhere, &bytes).unwrap();
    std::os::unix::fs::symlink(&elsewhere, service.path("one.gguf")).unwrap();
    assert!(failed(&model).contains("is no file"));
    for file in ["../elsewhere.gguf", "/etc/passwd", "", ".gguf", "one.gguf/../../elsewhere.gguf"] {
        assert!(
            failed(&ModelFile { file: file.into(), ..model.clone() }).contains("nothing outside of the folder"),
            "{file}"
        );
    }
    assert_eq!(service.connect().status().state, ModelState::Failed);
    // As it was: it is loaded again.
    std::fs::remove_file(service.path("one.gguf")).unwrap();
    std::fs::write(service.path("one.gguf"), &bytes).unwrap();
    connection.send(&ask(&model, "what is this?", 2));
    assert_eq!(end(&connection.all()).1, 2);
}

#[test]
fn a_model_that_is_not_what_its_header_says_costs_its_answer_and_nothing_else() {
    // A merge of tokens that there are not.
    let sound = tiny(Architecture::Llama, 1);
    let merges = b"tokenizer.ggml.merges";
    let at = sound.windows(merges.len()).position(|bytes| bytes == merges).unwrap();
    let at = at + sound[at..].windows(2).position(|two| two[0].is_ascii_lowercase() && two[1] == b' ').unwrap();
    let mut broken = sound.clone();
    broken[at] = b'\n';
    let (mut service, bad) = Service::with(&broken);
    let good = service.add("two", &sound);
    let mut connection = service.connect();
    connection.send(&ask(&bad, "what is this?", 5));
    let said = failure(&connection.all());
    assert!(said.contains("could not be loaded"), "{said}");
    connection.send(&ask(&good, "what is this?", 2));
    assert_eq!(end(&connection.all()).1, 2);
}

#[test]
fn what_does_not_fit_into_memory_or_the_context_is_refused_with_figures() {
    let (mut service, model) = Service::with(&tiny(Architecture::Llama, 1));
    service.arguments = vec!["--memory".into(), "150000000".into()];
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 2));
    let said = failure(&connection.all());
    assert!(said.contains("needs about 0.2 GB of memory, and 0.1 GB is what it may take"), "{said}");
    assert_eq!(connection.status().state, ModelState::Failed);

    let (mut service, model) = Service::with(&tiny(Architecture::Llama, 1));
    let mut connection = service.connect();
    connection.send(&ask(&model, &"x y z ".repeat(4000), 2));
    let said = failure(&connection.all());
    assert!(said.contains("a conversation with this model has 2048 at most") && said.contains("select less"), "{said}");
    // An answer stops where the context does.
    assert_eq!(connection.status().state, ModelState::Ready);
    // The system holds the limit too, where an estimate was wrong.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.pid())).unwrap();
    let data = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
    let bytes: u64 = data.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(bytes < 1 << 30, "{data}");
}

#[test]
fn its_time_limit_ends_an_answer() {
    let (mut service, model) = Service::with(&slow());
    let mut connection = service.connect();
    connection.send(&ModelAsk::Load { model: model.clone() });
    assert_eq!(connection.all().last(), Some(&ModelTold::Done));
    let ModelAsk::Answer { messages, .. } = ask(&model, "what is this?", 0) else { unreachable!() };
    connection.send(&ModelAsk::Answer { model, messages, max_tokens: 1500, time_limit: 400, seed: 7 });
    assert_eq!(end(&connection.all()).0, ModelEnd::TimeLimit);
}

#[test]
fn the_network_is_denied_to_it_and_the_socket_is_the_users_alone() {
    let (mut service, model) = Service::with(&tiny(Architecture::Qwen2, 1));
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 2));
    connection.all();
    // It looks itself whether it is denied, and does not serve where it is not; every thread has the filter.
    let tasks = std::fs::read_dir(format!("/proc/{}/task", service.pid())).unwrap();
    let mut threads = 0;
    for task in tasks {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(status.contains(line), "{status}");
        }
        threads += 1;
    }
    assert!(threads >= 3, "{threads}");
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(service.socket()), 0o600);
    assert_eq!(mode(service.folder.path().join("run")), 0o700);
    // Of files it has open what it needs: its lock and no model any more; of sockets those that it was given.
    let open: Vec<String> = std::fs::read_dir(format!("/proc/{}/fd", service.pid()))
        .unwrap()
        .filter_map(|fd| Some(std::fs::read_link(fd.ok()?.path()).ok()?.display().to_string()))
        .collect();
    assert!(!open.iter().any(|path| path.contains(".gguf")), "{open:?}");
}

#[test]
fn nothing_but_the_protocol_is_said_and_without_questions_it_ends() {
    let (mut service, model) = Service::with(&tiny(Architecture::Qwen2, 1));
    service.arguments = vec!["--idle".into(), "2".into()];
    let mut connection = service.connect();
    connection.send(&ask(&model, "what is this?", 2));
    assert_eq!(end(&connection.all()).1, 2);
    drop(connection);
    let mut child = service.child.take().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "");
    assert!(!service.socket().exists());
}

#[test]
fn what_is_no_question_is_answered_with_why() {
    let (mut service, _) = Service::with(&tiny(Architecture::Qwen2, 1));
    for (bytes, words) in [
        (vec![0xff; 4], "longer than any"),
        (b"\x05\0\0\0hello".to_vec(), "this is no question"),
        (b"\x0f\0\0\0{\"ask\":\"unload\"".to_vec(), "this is no question"),
    ] {
        let mut connection = service.connect();
        connection.0.write_all(&bytes).unwrap();
        assert!(failure(&connection.all()).contains(words));
        assert!(connection.next().is_none());
    }
}

#[test]
fn the_first_one_started_becomes_the_best_build_that_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("holdover-model");
    std::fs::copy(env!("CARGO_BIN_EXE_holdover-model"), &own).unwrap();
    // In the place of a better build: it says how it was started.
    let better = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let says = "#!/bin/sh\necho \"${0##*-} $HOLDOVER_MODEL_BUILD $RAYON_NUM_THREADS $*\"\n";
    let started = || {
        let data = folder.path().join("data");
        let output = Command::new(&own).arg("--data").arg(&data).args(["--idle", "0"]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        said.replace(&format!(" --data {} --idle 0", data.display()), " with its arguments")
    };
    // Alone, it runs itself.
    assert_eq!(started(), "");
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let flags = cpu.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    if flags.split(' ').any(|flag| flag == "avx2") {
        better("holdover-model-avx2", says);
        let said = started();
        let threads = said.split(' ').nth(2).unwrap().parse::<usize>().unwrap();
        assert!(said.starts_with("avx2 avx2 ") && said.ends_with(" with its arguments\n") && threads > 0, "{said}");
        // One for this very machine comes first, where it was built on it and on no other.
        better("holdover-model-native", says);
        assert!(started().starts_with("avx2 "));
        std::fs::write(folder.path().join("holdover-model-native.cpu"), "another\n").unwrap();
        assert!(started().starts_with("avx2 "));
        let named = Command::new(&own).arg("--processor").output().unwrap().stdout;
        std::fs::write(folder.path().join("holdover-model-native.cpu"), named).unwrap();
        assert!(started().starts_with("native native "));
        std::fs::remove_file(folder.path().join("holdover-model-native")).unwrap();
    }
    // One that cannot be run is said, and is in nobody's way.
    better("holdover-model-avx2", says);
    let path = folder.path().join("holdover-model-avx2");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = started();
    assert!(said.is_empty() || said.contains("holdover-model-avx2 cannot be run"), "{said}");
}
