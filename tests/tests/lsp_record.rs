//! A recording of a client's traffic, played again, gives the same output.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, PATIENCE, Setup};
use serde_json::{Value, json};

fn session(client: &mut Client, setup: &Setup) -> Vec<Value> {
    let mut said = Vec::new();
    let id = client.ask("initialize", json!({ "capabilities": setup.capabilities }));
    said.push(client.response(id));
    client.notify("initialized", json!({}));
    client.open("untitled:%C3%A9", "<<<<<<< HEAD\n𝄞\n=======\nb\n>>>>>>> b\n");
    let next = |client: &mut Client, said: &mut Vec<Value>| {
        said.push(
            client
                .wait(PATIENCE, |message| message["method"] == "textDocument/publishDiagnostics")
                .expect("diagnostics"),
        );
    };
    next(client, &mut said);
    // Broken traffic is recorded as it is.
    client.raw(b"nonsense\r\n\r\nContent-Length: 3\r\n\r\n{x}");
    said.push(client.wait(PATIENCE, |message| message["error"]["code"] == -32700).expect("an error"));
    client.change("untitled:%C3%A9", 2, [1, 2, 1, 2], "\n<<<<<<< half");
    next(client, &mut said);
    let at = json!({ "line": 2, "character": 0 });
    let params = json!({ "textDocument": { "uri": "untitled:%C3%A9" }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
    let id = client.ask("textDocument/codeAction", params);
    let mut actions = client.response(id);
    said.push(actions.clone());
    let id = client.ask("codeAction/resolve", actions["result"][0].take());
    said.push(client.response(id));
    let slow = client.ask("holdover/debug/sleep", json!({ "ms": 3_600_000 }));
    client.notify("$/cancelRequest", json!({ "id": slow }));
    said.push(client.response(slow));
    let id = client.ask("shutdown", Value::Null);
    said.push(client.response(id));
    assert_eq!(client.exit().0, Some(0));
    said
}

#[test]
fn a_recording_played_again_gives_the_same_output() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("traffic");
    let setup = Setup { args: vec!["--record".into(), file.display().to_string()], ..Setup::default() }
        .env("HOLDOVER_DEBUG", "sleep");
    let mut client = Client::spawn(&setup);
    let said = session(&mut client, &setup);
    let asked = client.asked.clone();
    drop(client);
    assert!(said.len() > 7);

    let setup = Setup { args: vec!["--replay".into(), file.display().to_string()], answers: Answers::Never, ..setup };
    for _ in 0..2 {
        let mut client = Client::spawn(&setup);
        let ambient = |message: &Value| {
            matches!(message["method"].as_str(), Some("holdover/didChangeStatus" | "experimental/serverStatus"))
        };
        let mut again = Vec::new();
        while let Some(message) = client.wait(PATIENCE, |message| !ambient(message)) {
            if message.get("method").is_none() || message.get("id").is_none() {
                again.push(message);
            }
        }
        // The ids of actions are given by the process and differ; what they lead to does not.
        assert_eq!(without_ids(&again), without_ids(&said));
        assert_eq!(client.asked, asked);
        assert_eq!(client.hang_up(), Some(0));
    }
}

/// The answers in their order, then the diagnostics that were told last: of two versions in quick succession, as on a busy
/// machine, the server tells the later one alone.
fn without_ids(messages: &[Value]) -> String {
    let (told, mut messages): (Vec<Value>, Vec<Value>) =
        messages.iter().cloned().partition(|message| message["method"] == "textDocument/publishDiagnostics");
    messages.extend(told.last().cloned());
    for message in &mut messages {
        for action in message["result"].as_array_mut().into_iter().flatten() {
            action["data"]["id"].take();
            action["data"]["until"].take();
        }
        message.pointer_mut("/result/data/id").map(Value::take);
        message.pointer_mut("/result/data/until").map(Value::take);
    }
    Value::from(messages).to_string()
}

#[test]
fn a_recording_that_is_not_there_is_a_clear_end() {
    let setup = Setup { args: vec!["--replay".into(), "/no/such/recording".into()], ..Setup::default() };
    let mut client = Client::spawn(&setup);
    assert_eq!(client.hang_up(), Some(2));
}

#[test]
fn a_recording_that_ends_anywhere_is_played_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, file) = (folder.path().join("whole"), folder.path().join("cut"));
    let setup = Setup { args: vec!["--record".into(), whole.display().to_string()], ..Setup::default() }
        .env("HOLDOVER_DEBUG", "sleep");
    let mut client = Client::spawn(&setup);
    let said = session(&mut client, &setup);
    drop(client);
    let bytes = std::fs::read(&whole).unwrap();
    let find = |from: usize, text: &str| {
        from + bytes[from..].windows(text.len()).position(|at| at == text.as_bytes()).unwrap()
    };
    let shut_down = find(find(0, "\"shutdown\""), "Content-Length");
    // Every place within the first bytes and the last ones, and some between: within headers, lengths and letters of several bytes.
    let cuts = (0..24).chain((24..bytes.len() - 24).step_by(149)).chain(bytes.len() - 24..bytes.len());
    for cut in cuts {
        std::fs::write(&file, &bytes[..cut]).unwrap();
        let args = vec!["--replay".into(), file.display().to_string()];
        let setup = Setup { args, answers: Answers::Never, ..setup.clone() };
        let mut client = Client::spawn(&setup);
        client.accept_leftovers();
        let mut answers = 0;
        while let Some(message) = client.wait(PATIENCE, |_| true) {
            answers += usize::from(message.get("method").is_none() && message.get("id").is_some());
        }
        assert!(answers <= said.len(), "{cut}: nothing is made up");
        let code = client.hang_up();
        assert!(matches!(code, Some(0 | 1)), "{cut}: {code:?}");
        // Who hangs up without having said `shutdown` is not believed to have meant it.
        assert_eq!(code == Some(0), cut >= shut_down, "{cut}: {code:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_recording_that_cannot_be_written_ends_and_the_server_goes_on() {
    let setup = Setup { args: vec!["--record".into(), "/dev/full".into()], ..Setup::default() };
    let mut client = Client::start(&setup);
    client.open("untitled:a", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n");
    assert_eq!(client.diagnostics("untitled:a", 1).len(), 1);
    client.change("untitled:a", 2, [0, 0, 0, 0], "x");
    assert!(client.diagnostics("untitled:a", 2).len() <= 1);
    let logged = std::fs::read_dir(client.data.path().join("logs")).unwrap();
    let logged: String = logged.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert_eq!(logged.matches("the recording ends here").count(), 1, "{logged}");
}
