//! What is made of what the program says, with a program of the test's own in its place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use super::*;
use crate::backend::Turn;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// What it says to a question; after the last it closes the connection, but where it is to wait.
struct Said {
    told: Vec<ModelTold>,
    waits: bool,
}

struct Desk {
    folder: tempfile::TempDir,
    asked: Receiver<ModelAsk>,
    standings: Arc<Mutex<Vec<(ModelState, String)>>>,
}

fn frame(stream: &mut UnixStream) -> Option<ModelAsk> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn serve(listener: &UnixListener, script: Vec<Said>, asked: &Sender<ModelAsk>) {
    for said in script {
        let (mut stream, _) = listener.accept().unwrap();
        let Some(ask) = frame(&mut stream) else { continue };
        asked.send(ask).unwrap();
        for told in said.told {
            let bytes = serde_json::to_vec(&told).unwrap();
            stream.write_all(&(bytes.len() as u32).to_le_bytes()).unwrap();
            stream.write_all(&bytes).unwrap();
        }
        if said.waits {
            while let Some(ask) = frame(&mut stream) {
                asked.send(ask).unwrap();
            }
        }
    }
}

impl Desk {
    fn new(script: Vec<Said>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let listener = UnixListener::bind(folder.path().join("run/model.sock")).unwrap();
        let (sender, asked) = channel();
        std::thread::spawn(move || serve(&listener, script, &sender));
        Desk { folder, asked, standings: Arc::default() }
    }

    fn program(&self) -> SharedProgram {
        SharedProgram::at(self.folder.path().join("nothing"), self.folder.path(), "model")
    }

    fn service(&self) -> Service {
        let model = ModelFile { name: "tiny".into(), file: "tiny.gguf".into(), hash: "blake3:00".into(), bytes: 9 };
        let heard = Arc::clone(&self.standings);
        let standing = move |state, words: &str| heard.lock().unwrap().push((state, words.to_owned()));
        Service::new(self.program(), model, Box::new(standing))
    }

    /// Asks, and gives what came: pieces of the answer, and standings in brackets.
    fn ask(&self, cancel: &Cancel, limit: Duration) -> (Result<Ended, Failure>, Vec<String>) {
        let turns = vec![
            Turn { role: Role::User, text: "what?".into() },
            Turn { role: Role::Assistant, text: "this".into() },
            Turn { role: Role::User, text: "why?".into() },
        ];
        let prompt = Prompt { system: "be brief".into(), turns, max_tokens: 40, time_limit: limit, seed: 3 };
        let mut heard = Vec::new();
        let ended = self.service().answer(&prompt, cancel, &mut |piece| match piece {
            Heard::Text(text) => {
                heard.push(text.to_owned());
                if text == "stop me" {
                    cancel.cancel();
                }
            }
            Heard::Standing(words) => heard.push(format!("[{words}]")),
        });
        (ended, heard)
    }

    fn standings(&self) -> Vec<(ModelState, String)> {
        std::mem::take(&mut *self.standings.lock().unwrap())
    }
}

fn text(text: &str) -> ModelTold {
    ModelTold::Text { text: text.into() }
}

const LONG: Duration = Duration::from_mins(1);

#[test]
fn a_question_is_asked_by_hash_and_what_is_waited_for_and_said_comes_in_order() {
    let told = vec![
        ModelTold::Queued { before: 1 },
        ModelTold::Loading { percent: 40 },
        ModelTold::Reading { tokens: 120, kept: 100 },
        text("It "),
        text("counts."),
        ModelTold::Ended { end: ModelEnd::Stop, tokens: 7, first_token: Some(4), took: 9 },
    ];
    let desk = Desk::new(vec![Said { told, waits: true }]);
    let (ended, heard) = desk.ask(&Cancel::new(), LONG);
    let ended = ended.unwrap();
    // It counts its tokens itself.
    assert_eq!((ended.end, ended.tokens), (End::Stop, 7));
    assert!(ended.first_token.is_some_and(|first| first <= ended.took));
    let words = [
        "[starting the program that runs the model]",
        "[waiting for 1 other answer]",
        "[verifying and loading tiny: 40 %]",
        "[tiny reads 120 tokens, 100 of them known]",
        "It ",
        "counts.",
    ];
    assert_eq!(heard, words);
    let ModelAsk::Answer { model, messages, max_tokens, time_limit, seed } = desk.asked.recv().unwrap() else {
        panic!("no question")
    };
    assert_eq!((model.hash.as_str(), model.file.as_str(), max_tokens, seed), ("blake3:00", "tiny.gguf", 40, 3));
    assert!(time_limit > 50_000 && time_limit <= 60_000, "{time_limit}");
    let said: Vec<_> = messages.iter().map(|one| (one.role, one.text.as_str())).collect();
    let (system, user, assistant) = (ModelRole::System, ModelRole::User, ModelRole::Assistant);
    assert_eq!(said, [(system, "be brief"), (user, "what?"), (assistant, "this"), (user, "why?")]);
    assert_eq!(
        desk.standings().iter().map(|(state, _)| *state).collect::<Vec<_>>(),
        [ModelState::Loading, ModelState::Busy]
    );
}

#[test]
fn stopping_it_takes_the_question_back_and_gives_what_was_said() {
    let desk = Desk::new(vec![Said { told: vec![text("one"), text("stop me")], waits: true }]);
    let (ended, heard) = desk.ask(&Cancel::new(), LONG);
    let ended = ended.unwrap();
    assert_eq!((ended.end, ended.tokens), (End::Cancelled, 2));
    assert_eq!(heard.last().map(String::as_str), Some("stop me"));
    assert!(matches!(desk.asked.recv().unwrap(), ModelAsk::Answer { .. }));
    assert_eq!(desk.asked.recv().unwrap(), ModelAsk::Cancel);
    assert_eq!(desk.standings(), []);
}

#[test]
fn one_that_ends_refuses_or_says_nothing_is_told_apart_with_the_next_step() {
    let refused = ModelTold::Failed { what: "the prompt is too long".into(), next: "select less".into() };
    let desk = Desk::new(vec![
        Said { told: vec![text("half")], waits: false },
        Said { told: vec![refused], waits: true },
        Said { told: vec![], waits: true },
    ]);
    std::fs::write(desk.folder.path().join("run/model.log"), "memory allocation of 9 bytes failed\n").unwrap();
    let (ended, heard) = desk.ask(&Cancel::new(), LONG);
    let failure = ended.unwrap_err();
    assert_eq!(heard.last().map(String::as_str), Some("half"));
    let words =
        "the program that runs the model tiny ended in the middle of its answer: memory allocation of 9 bytes failed";
    assert_eq!(failure.what, words);
    assert!(failure.next.contains("ask again") && failure.next.contains("`holdover model verify tiny`"), "{failure}");
    let standings = desk.standings();
    assert!(standings.len() == 1 && standings[0].0 == ModelState::Failed, "{standings:?}");
    // What was asked was wrong, and the program is as it was.
    let (ended, _) = desk.ask(&Cancel::new(), LONG);
    assert_eq!(ended.unwrap_err().next, "select less");
    assert_eq!(desk.standings(), []);
    // It holds its time limit itself; where it does not, it is not waited for.
    let began = Instant::now();
    let (ended, _) = desk.ask(&Cancel::new(), Duration::from_millis(10));
    assert_eq!(ended.unwrap().end, End::TimeLimit);
    assert!(began.elapsed() >= LATE);
}

#[test]
fn how_it_stands_is_asked_of_one_that_runs_and_none_is_started_for_that() {
    let status =
        ModelStatus { state: ModelState::Busy, name: None, hash: Some("blake3:00".into()), detail: "x".into() };
    let desk = Desk::new(vec![
        Said { told: vec![ModelTold::Done, ModelTold::Status { status: status.clone(), pid: 1 }], waits: true },
        Said { told: vec![], waits: true },
    ]);
    assert_eq!(standing(&desk.program()), Some(status));
    assert_eq!(standing(&desk.program()), None);
    assert_eq!(desk.asked.iter().take(2).collect::<Vec<_>>(), [ModelAsk::Status, ModelAsk::Status]);
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(standing(&SharedProgram::at(elsewhere.path().join("x"), elsewhere.path(), "model")), None);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn each_way_to_end_is_told_as_itself_and_a_time_limit_is_what_is_left() {
    let ended = |end| {
        vec![
            ModelTold::Queued { before: 2 },
            ModelTold::Reading { tokens: 9, kept: 0 },
            text("a"),
            ModelTold::Ended { end, tokens: 1, first_token: None, took: 1 },
        ]
    };
    let ends = [
        (ModelEnd::Length, End::Length),
        (ModelEnd::TimeLimit, End::TimeLimit),
        (ModelEnd::Cancelled, End::Cancelled),
        (ModelEnd::Stop, End::Stop),
    ];
    let desk = Desk::new(ends.iter().map(|(told, _)| Said { told: ended(*told), waits: false }).collect());
    for (_, expected) in ends {
        let (ended, heard) = desk.ask(&Cancel::new(), LONG);
        assert_eq!(ended.unwrap().end, expected);
        assert_eq!(heard[1..], ["[waiting for 2 other answers]", "[tiny reads 9 tokens]", "a"]);
    }
    let identity = desk.service().identity();
    assert_eq!((identity.name.as_str(), identity.hash.as_deref()), ("tiny", Some("blake3:00")));
    assert_eq!(identity.place, Place::ThisMachine);
}

#[test]
fn one_that_is_not_there_speaks_nonsense_or_is_not_wanted_any_more_is_told_apart() {
    let elsewhere = tempfile::tempdir().unwrap();
    let model = ModelFile { name: "tiny".into(), file: "tiny.gguf".into(), hash: "blake3:00".into(), bytes: 9 };
    let standings = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&standings);
    let note: OnStanding = Box::new(move |state, words: &str| heard.lock().unwrap().push((state, words.to_owned())));
    let program = SharedProgram::at(elsewhere.path().join("nothing"), elsewhere.path(), "model");
    let mut service = Service::new(program, model, note);
    let turns = vec![Turn { role: Role::User, text: "what?".into() }];
    let prompt = Prompt { system: String::new(), turns, max_tokens: 1, time_limit: LONG, seed: 0 };
    let absent = service.answer(&prompt, &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(absent.what.contains("is not there: ") && absent.next.contains("server/model/build.sh"), "{absent}");
    let said = standings.lock().unwrap().clone();
    assert!(said.len() == 1 && said[0].0 == ModelState::Failed && said[0].1.contains(&absent.next), "{said:?}");
    // A folder cannot be started.
    service.program = SharedProgram::at(elsewhere.path().to_path_buf(), elsewhere.path(), "model");
    let failed = service.answer(&prompt, &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(failed.what.contains("could not be started: ") && failed.next.contains("--help"), "{failed}");
    // What is no answer is as if it had ended.
    std::fs::create_dir_all(elsewhere.path().join("run")).unwrap();
    let listener = UnixListener::bind(elsewhere.path().join("run/model.sock")).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        frame(&mut stream).unwrap();
        stream.write_all(b"\x03\0\0\0{x}").unwrap();
        frame(&mut stream)
    });
    let nonsense = service.answer(&prompt, &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(nonsense.what.contains("ended in the middle of its answer"), "{nonsense}");
    assert_eq!(server.join().unwrap(), None);
    std::fs::remove_file(elsewhere.path().join("run/model.sock")).unwrap();
    // Nobody waits for it any more: that is no failure.
    std::fs::write(elsewhere.path().join("slow"), "#!/bin/sh\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(elsewhere.path().join("slow"), mode).unwrap();
    service.program = SharedProgram::at(elsewhere.path().join("slow"), elsewhere.path(), "model");
    let stopped = Cancel::new();
    stopped.cancel();
    standings.lock().unwrap().clear();
    let ended = service.answer(&prompt, &stopped, &mut |_| {}).unwrap();
    assert_eq!((ended.end, ended.tokens, ended.first_token), (End::Cancelled, 0, None));
    assert_eq!(standings.lock().unwrap().len(), 0);
}

#[test]
fn memory_is_given_back_where_one_runs_and_none_is_started_for_that() {
    let desk = Desk::new(vec![Said { told: vec![ModelTold::Done], waits: true }]);
    unload(&desk.program());
    assert_eq!(desk.asked.recv().unwrap(), ModelAsk::Unload);
    let elsewhere = tempfile::tempdir().unwrap();
    unload(&SharedProgram::at(elsewhere.path().join("x"), elsewhere.path(), "model"));
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}
