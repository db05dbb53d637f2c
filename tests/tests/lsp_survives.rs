//! What breaks a language server on the stock library, and what hostile or broken clients do: each is survived.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, PATIENCE, Setup, capabilities, uri};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CONFLICT: &str = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> feature\nb\n";

fn at(uri: &str) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } })
}

/// The server does what it is there for.
fn assert_alive(client: &mut Client) {
    let uri = "untitled:alive";
    client.open(uri, CONFLICT);
    assert_eq!(client.diagnostics(uri, 1).len(), 1);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    assert!(client.diagnostics_without_version(uri).is_empty());
}

#[test]
fn a_thousand_documents_opened_at_once_are_all_looked_after() {
    let setup = Setup::default().env("HOLDOVER_DEBUG", "ask-on-open");
    let mut client = Client::start(&setup);
    let before = client.asked.len();
    for n in 0..1000 {
        client.open(&format!("untitled:{n}"), CONFLICT);
    }
    for n in 0..1000 {
        assert_eq!(client.diagnostics(&format!("untitled:{n}"), 1).len(), 1);
    }
    // A request for its configuration for each, all of them answered by now or soon.
    client.request("textDocument/hover", at("untitled:0"));
    let asked = client.asked.iter().skip(before).filter(|asked| asked["method"] == "workspace/configuration").count();
    assert!(asked >= 1000, "{asked}");
    assert_alive(&mut client);
}

#[test]
fn a_client_that_never_answers_a_request_is_served_all_the_same() {
    let setup = Setup { answers: Answers::Never, ..Setup::default() }.env("HOLDOVER_DEBUG", "ask-on-open");
    let mut client = Client::start(&setup);
    for n in 0..300 {
        client.open(&format!("untitled:{n}"), CONFLICT);
        assert_eq!(client.diagnostics(&format!("untitled:{n}"), 1).len(), 1);
    }
    let resolve =
        json!({ "command": "holdover.resolveConflict", "arguments": [{ "file": "untitled:3", "resolve": "current" }] });
    let waiting = client.ask("workspace/executeCommand", resolve);
    client.request("textDocument/hover", at("untitled:0"));
    assert!(client.asked.iter().filter(|asked| asked["method"] == "workspace/configuration").count() >= 300);
    assert_alive(&mut client);
    let answer = client.response(waiting);
    assert_eq!(answer["result"]["applied"], false, "given up after a time: {answer}");
}

#[test]
fn a_client_that_stops_reading_for_ten_seconds_is_read_all_the_same() {
    let mut client = Client::start(&Setup::default());
    let uri = "untitled:1";
    client.open(uri, &CONFLICT.repeat(200));
    assert_eq!(client.diagnostics(uri, 1).len(), 200);
    client.pause();
    let start = Instant::now();
    let mut asked = Vec::new();
    for version in 2..2002 {
        // Writing would block for ever if the server stopped reading: 2,000 publishes of 200 diagnostics are 100 MB.
        client.change(uri, version, [0, 0, 0, 0], "x");
        asked.push(client.ask("textDocument/hover", at(uri)));
    }
    let wrote = start.elapsed();
    std::thread::sleep(Duration::from_secs(10).saturating_sub(wrote));
    let memory = client.memory();
    client.resume();
    for id in asked {
        assert_eq!(client.response(id)["result"], Value::Null);
    }
    assert_eq!(client.diagnostics(uri, 2001).len(), 200);
    assert!(memory < 60.0, "{memory} MiB while nobody read");
    assert_alive(&mut client);
}

#[test]
fn slow_requests_hold_up_neither_others_nor_their_own_cancel() {
    let mut client = Client::start(&Setup::default().env("HOLDOVER_DEBUG", "sleep"));
    let slow: Vec<i64> = (0..40).map(|_| client.ask("holdover/debug/sleep", json!({ "ms": 3_600_000 }))).collect();
    client.request("textDocument/hover", at("untitled:1"));
    assert_alive(&mut client);
    for id in &slow {
        let start = Instant::now();
        client.notify("$/cancelRequest", json!({ "id": id }));
        let response = client.response(*id);
        assert_eq!(response["error"]["code"], -32800);
        // The rule is 5 ms; a machine that is busy with other things gets more, a server that waits for anything never passes.
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    // Their threads are free again: more of them than run at a time can follow.
    let quick: Vec<i64> = (0..40).map(|_| client.ask("holdover/debug/sleep", json!({ "ms": 1 }))).collect();
    for id in quick {
        assert_eq!(client.response(id)["result"]["slept"], 1);
    }
    client.notify("$/cancelRequest", json!({ "id": 99_999 }));
    assert_alive(&mut client);
}

#[test]
fn exit_ends_the_process_with_stdin_open() {
    let mut client = Client::start(&Setup::default());
    client.request("shutdown", Value::Null);
    let (code, took) = client.exit();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn exit_without_shutdown_has_code_1_even_while_requests_are_in_flight() {
    let mut client = Client::start(&Setup::default().env("HOLDOVER_DEBUG", "sleep"));
    for _ in 0..30 {
        client.ask("holdover/debug/sleep", json!({ "ms": 3_600_000 }));
    }
    let (code, took) = client.exit();
    assert_eq!(code, Some(1));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn shutdown_and_exit_written_at_once_are_both_obeyed() {
    // Often: a library that cleans up at exit while its threads work crashes now and then.
    for _ in 0..40 {
        let mut client = Client::start(&Setup::default());
        let id = client.ask("shutdown", Value::Null);
        assert_eq!(client.exit().0, Some(0));
        // The answer may have come out before the process ended; nothing else may.
        client.wait(Duration::from_millis(10), |message| message["id"] == id);
    }
}

#[test]
fn a_client_that_goes_away_ends_the_server() {
    let mut client = Client::start(&Setup::default());
    assert_eq!(client.hang_up(), Some(1));
    let mut client = Client::spawn(&Setup::default());
    assert_eq!(client.hang_up(), Some(1));
}

#[test]
fn a_version_that_goes_back_and_an_empty_list_of_changes_are_taken() {
    let mut client = Client::start(&Setup::default());
    let uri = "untitled:1";
    client.open(uri, "a\n");
    assert!(client.diagnostics(uri, 1).is_empty());
    client.change(uri, 7, [0, 0, 0, 0], CONFLICT);
    assert_eq!(client.diagnostics(uri, 7).len(), 1);
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri, "version": 8 }, "contentChanges": [] }),
    );
    assert_eq!(client.diagnostics(uri, 8).len(), 1);
    client.change(uri, 3, [0, 0, 0, 0], "\n");
    let back = client.diagnostics(uri, 3);
    assert_eq!(back[0]["range"]["start"]["line"], 2);
    assert_alive(&mut client);
}

#[test]
fn a_change_that_cannot_be_understood_silences_its_document_until_it_comes_whole() {
    let mut client = Client::start(&Setup::default());
    let at = |line: i64, character: i64| json!({ "line": line, "character": character });
    let point = |at: &Value| json!([{ "range": { "start": at, "end": at }, "text": "x" }]);
    let broken = [
        point(&at(-1, 0)),
        point(&at(0, 1 << 40)),
        json!([{ "range": { "start": at(0, 0), "end": at(0, 0) } }]),
        json!("no list"),
    ];
    for (n, changes) in broken.into_iter().enumerate() {
        let uri = format!("untitled:{n}");
        let change = |version: i64, changes: Value| json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes });
        client.open(&uri, CONFLICT);
        assert_eq!(client.diagnostics(&uri, 1).len(), 1);
        client.notify("textDocument/didChange", change(2, changes.clone()));
        assert!(client.diagnostics_without_version(&uri).is_empty(), "what was shown may be wrong now: {changes}");
        let told = client.notification("window/logMessage");
        assert!(told["message"].as_str().unwrap().contains(&uri), "{told}");
        // Neither a second one nor a piece brings the text back, and neither is told again.
        client.notify("textDocument/didChange", change(3, changes));
        client.change(&uri, 4, [0, 0, 0, 0], CONFLICT);
        assert!(client.actions(&uri, 2).is_empty());
        let again = client.wait(Duration::from_millis(200), |message| {
            message["method"] == "window/logMessage" || message["params"]["uri"] == uri.as_str()
        });
        assert_eq!(again, None);
        if n % 2 == 0 {
            client.notify("textDocument/didChange", change(5, json!([{ "text": CONFLICT.repeat(2) }])));
        } else {
            client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
            client.open(&uri, &CONFLICT.repeat(2));
        }
        assert_eq!(client.diagnostics(&uri, if n % 2 == 0 { 5 } else { 1 }).len(), 2);
    }
    assert_alive(&mut client);
}

#[test]
fn a_request_whose_id_is_none_is_refused_and_a_number_comes_back_as_it_was() {
    let mut client = Client::start(&Setup::default());
    for (id, back) in [("1.5", json!(1.5)), ("1e30", json!(1e30)), ("true", Value::Null), ("[1]", Value::Null)] {
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"textDocument/hover\",\"params\":{}}}",
            at("untitled:1")
        );
        client.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        let refused = client.wait(PATIENCE, |message| message.get("error").is_some()).expect("an answer");
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&back, &json!(-32600)), "{id}");
    }
    assert_alive(&mut client);
}

#[test]
fn a_message_of_nothing_but_headers_costs_one_message() {
    let mut client = Client::start(&Setup::default());
    let body = "Content-Length:".repeat(1_000_000);
    client.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    client.request("textDocument/hover", at("untitled:1"));
    assert!(client.wait(PATIENCE, |message| message["error"]["code"] == -32700).is_some());
    assert_alive(&mut client);
}

#[test]
fn a_malformed_header_costs_one_message() {
    let mut client = Client::start(&Setup::default());
    for broken in [
        "Content-Length: x\r\n\r\n",
        "garbage without end\r\n\r\n",
        "Content-Length: -1\r\n\r\n{}",
        "\r\n\r\n",
        "Content-Length: 99999999999999\r\n\r\n",
    ] {
        client.raw(broken.as_bytes());
        client.request("textDocument/hover", at("untitled:1"));
    }
    client.raw(b"Content-Type: application/vscode-jsonrpc\r\n");
    client.request("textDocument/hover", at("untitled:1"));
    client.raw("x".repeat(100_000).as_bytes());
    client.request("textDocument/hover", at("untitled:1"));
    assert_alive(&mut client);
}

#[test]
fn malformed_json_gets_a_parse_error() {
    let mut client = Client::start(&Setup::default());
    let deep = "[".repeat(200_000);
    for (body, code) in [
        ("{\"jsonrpc\"", -32700),
        ("", -32700),
        ("\u{1}", -32700),
        (deep.as_str(), -32700),
        ("[]", -32600),
        ("7", -32600),
    ] {
        client.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        let response = client
            .wait(PATIENCE, |message| message["id"].is_null() && message.get("error").is_some())
            .expect("an error");
        assert_eq!(response["error"]["code"], code, "{body:.20}");
    }
    client.raw(b"Content-Length: 3\r\n\r\n\xff\xfe\xfd");
    assert!(client.wait(PATIENCE, |message| message["error"]["code"] == -32700).is_some());
    assert_alive(&mut client);
}

#[test]
fn a_wrong_content_length_costs_one_message() {
    let mut client = Client::start(&Setup::default());
    let body = json!({ "jsonrpc": "2.0", "method": "$/setTrace", "params": { "value": "off" } }).to_string();
    for off in [-30_i64, -1, 1, 10, 22] {
        client.raw(format!("Content-Length: {}\r\n\r\n{body}", i64::try_from(body.len()).unwrap() + off).as_bytes());
        client.request("textDocument/hover", at("untitled:1"));
        assert!(client.wait(PATIENCE, |message| message["error"]["code"] == -32700).is_some(), "{off}");
    }
    assert_alive(&mut client);
}

#[test]
fn a_document_of_100_mb_is_left_alone_and_the_user_is_told_once() {
    let mut client = Client::start(&Setup::default());
    let before = client.memory();
    let uri = "file:///huge/%C3%A9.txt";
    client.open(uri, &"0123456789\n".repeat(10_000_000));
    let told = client.notification("window/logMessage");
    assert!(told["message"].as_str().unwrap().contains(uri), "{told}");
    assert!(client.memory() < before + 8.0, "{} MiB, {before} before", client.memory());
    client.change(uri, 2, [0, 0, 0, 1], CONFLICT);
    assert_eq!(client.request("textDocument/hover", at(uri)), Value::Null);
    assert!(client.actions(uri, 1).is_empty());
    // Again, as a change of the whole text: still too large, and not told again.
    let whole =
        |text: String| json!({ "textDocument": { "uri": uri, "version": 3 }, "contentChanges": [{ "text": text }] });
    client.notify("textDocument/didChange", whole("x".repeat(70 << 20)));
    let big = json!({ "jsonrpc": "2.0", "id": "big", "method": "textDocument/hover", "params": { "pad": "x".repeat(70 << 20) } });
    client.send(&big);
    let refused = client.wait(PATIENCE, |message| message["id"] == "big").expect("an answer");
    assert_eq!(refused["error"]["code"], -32600);
    // The whole text, and small: looked after again.
    client.notify("textDocument/didChange", whole(CONFLICT.to_owned()));
    assert_eq!(client.diagnostics(uri, 3).len(), 1);
    assert_alive(&mut client);
}

#[test]
fn what_comes_outside_of_the_life_cycle_is_refused() {
    let mut client = Client::spawn(&Setup::default());
    assert_eq!(client.refused("textDocument/hover", at("untitled:1")).0, -32002);
    client.open("untitled:1", CONFLICT);
    client.initialize(&Setup::default());
    assert_eq!(client.refused("no/such", json!({})).0, -32601);
    assert_eq!(client.refused("holdover/debug/sleep", json!({ "ms": 1 })).0, -32601);
    assert_eq!(client.refused("textDocument/hover", json!({ "wrong": 1 })).0, -32602);
    assert_eq!(client.refused("initialize", json!({ "capabilities": {} })).0, -32600);
    client.notify("no/such", json!({}));
    client.notify("$/no/such", json!({}));
    client.notify("textDocument/didOpen", json!({ "wrong": 1 }));
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "not an address", "version": 1 }, "contentChanges": [] }),
    );
    client.send(&json!({ "jsonrpc": "2.0", "id": 12_345, "result": null }));
    client.send(&json!({ "jsonrpc": "2.0" }));
    assert_alive(&mut client);
    client.request("shutdown", Value::Null);
    assert_eq!(client.refused("textDocument/hover", at("untitled:1")).0, -32600);
    client.open("untitled:2", CONFLICT);
    assert_eq!(client.exit().0, Some(0));
}

#[test]
fn a_client_that_writes_everything_at_once_is_understood() {
    let mut client = Client::spawn(&Setup::default());
    let first = client.ask("initialize", json!({ "capabilities": capabilities("utf-8") }));
    client.notify("initialized", json!({}));
    client.open("untitled:1", CONFLICT);
    let second = client.ask("textDocument/hover", at("untitled:1"));
    assert_eq!(client.response(first)["result"]["capabilities"]["positionEncoding"], "utf-8");
    assert_eq!(client.response(second)["result"], Value::Null);
    assert_eq!(client.diagnostics("untitled:1", 1).len(), 1);
}

#[test]
fn fifty_keystrokes_at_once_cost_a_few_publishes() {
    let mut client = Client::start(&Setup::default());
    let uri = "untitled:1";
    client.open(uri, CONFLICT);
    assert_eq!(client.diagnostics(uri, 1).len(), 1);
    let edit = |version| {
        let change = json!({ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }, "text": "x" });
        let params = json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [change] });
        let body = json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": params }).to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    // In one write, so that a busy machine does not draw them apart.
    client.raw((2..52).map(edit).collect::<String>().as_bytes());
    let mut publishes = 0;
    loop {
        let published = client.notification("textDocument/publishDiagnostics");
        publishes += 1;
        if published["version"] == 51 {
            break;
        }
    }
    assert!(publishes <= 3, "{publishes}");
}

#[test]
fn settings_on_a_disk_that_does_not_answer_hold_nothing_up() {
    let root = tempfile::tempdir().unwrap();
    let setup = Setup { roots: vec![root.path().to_owned()], ..Setup::default() }.env("HOLDOVER_DEBUG", "hung-files");
    let mut client = Client::start(&setup);
    let file = uri(&root.path().join("Cargo.lock"));
    client.open(&file, CONFLICT);
    assert_eq!(client.diagnostics(&file, 1).len(), 1);
    assert_eq!(client.request("textDocument/hover", at(&file)), Value::Null);
    // Each of these has settings and trust read again.
    client.notify("holdover/didChangeTrust", json!({ "trusted": true }));
    let settings =
        json!({ "settings": { "holdover": { "conflicts": { "enable": true }, "log": { "level": "warn" } } } });
    client.notify("workspace/didChangeConfiguration", settings);
    assert_eq!(client.request("textDocument/hover", at(&file)), Value::Null);
    let status = client.request("holdover/status", json!({}));
    assert_eq!((&status["text"], &status["trusted"]), (&json!("offline: looking"), &json!(true)));
    client.change(&file, 2, [0, 0, 0, 0], CONFLICT);
    assert_eq!(client.diagnostics(&file, 2).len(), 2);
    assert!(!client.actions(&file, 2).is_empty());
    // The log lies there too: it was begun before the first message.
    assert!(!client.data.path().join("logs").exists());
}

#[cfg(unix)]
#[test]
fn a_log_that_nobody_takes_holds_nothing_up() {
    let root = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("logs")).unwrap();
    let pipe = data.path().join("logs/lsp.log");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let setup = Setup { roots: vec![root.path().to_owned()], ..Setup::default() }
        .env("HOLDOVER_LOG", "trace")
        .env("HOLDOVER_DATA_DIR", data.path().to_str().unwrap());
    let mut client = Client::start(&setup);
    // Each says a line about a document that is not open, more than a pipe and the queue take.
    let change = |n: u64| json!({ "textDocument": { "uri": format!("file:///nowhere/{n}/{}", "x".repeat(300)), "version": 1 }, "contentChanges": [] });
    for n in 0..3000 {
        client.notify("textDocument/didChange", change(n));
    }
    assert_alive(&mut client);
}

#[cfg(unix)]
#[test]
fn settings_that_are_a_pipe_are_told_and_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let pipe = root.path().join("holdover.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let setup = Setup { roots: vec![root.path().to_owned()], ..Setup::default() };
    let mut client = Client::start(&setup);
    let told = client.diagnostics_without_version(&uri(&pipe));
    assert!(told[0]["message"].as_str().unwrap().contains("this is not a file"), "{told:?}");
    assert_alive(&mut client);
}

#[test]
fn conflicts_follow_the_settings_file_without_an_edit() {
    let root = tempfile::tempdir().unwrap();
    let settings = root.path().join("holdover.toml");
    std::fs::write(&settings, "[conflicts]\nenable = false\n").unwrap();
    let setup = Setup { roots: vec![root.path().to_owned()], ..Setup::default() };
    let mut client = Client::start(&setup);
    let file = uri(&root.path().join("a"));
    // The settings may be known before the document is, or after: in the end its conflicts are not shown.
    client.accept_leftovers();
    client.open(&file, CONFLICT);
    let shown = |client: &mut Client, n: usize| while client.diagnostics(&file, 1).len() != n {};
    shown(&mut client, 0);
    std::fs::write(&settings, "[conflicts]\nenable = true\n").unwrap();
    shown(&mut client, 1);
    std::fs::write(&settings, "[conflicts]\nenable = false\n").unwrap();
    shown(&mut client, 0);
    std::fs::remove_file(&settings).unwrap();
    shown(&mut client, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_nobody_asks_anything_gives_back_the_code_that_it_started_with() {
    let setup = Setup::default();
    let mut client = Client::start(&setup);
    client.open("untitled:rest", CONFLICT);
    assert_eq!(client.diagnostics("untitled:rest", 1).len(), 1);
    // Each piece that is run again brings what lies around it: with some kernels up to two megabytes.
    let left = client.until(|client| json!(client.code_in_memory()), |left| left.as_f64() < Some(0.4));
    assert!(left.as_f64() < Some(0.4), "this share of the code is in memory: {left}");
    assert_alive(&mut client);
    assert!(client.code_in_memory() > left.as_f64().unwrap(), "what is run is mapped again");
}
