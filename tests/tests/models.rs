//! Local models as artifacts: added, chosen, verified and removed; what changes about their files is told, and what cannot be run is refused.
//! The models are generated, with random weights; what they would say means nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

use holdover_test_model::{Architecture, tiny};
use holdover_tests::client::{Client, Setup};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

fn json(fixture: &Fixture, arguments: &[&str]) -> Value {
    let ended = fixture.holdover(arguments);
    serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(&ended), err(&ended)))
}

fn write(fixture: &Fixture, name: &str, bytes: &[u8]) -> PathBuf {
    let path = fixture.workspace().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn model(fixture: &Fixture) -> Value {
    json(fixture, &["status", "--json"])["model"].clone()
}

fn kept(fixture: &Fixture, name: &str) -> PathBuf {
    fixture.data().join("models").join(format!("{name}.gguf"))
}

#[test]
fn a_model_is_copied_pinned_and_used_until_it_is_removed() {
    let fixture = Fixture::small();
    assert_eq!(model(&fixture)["state"], "none");
    let said = out(&fixture.holdover(&["model", "list"]));
    assert!(said.contains("there is no model: `holdover model add FILE`"), "{said}");

    let file = write(&fixture, "test-llama.gguf", &tiny(Architecture::Llama, 1));
    let ended = fixture.holdover(&["model", "add", file.to_str().unwrap()]);
    assert_eq!(code(&ended), 0, "{}", err(&ended));
    let said = out(&ended);
    for words in ["added: test-llama, in use", "llama, ", "Q8_0, 2,048 tokens", "cc0-1.0", "test model"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    // The file that was given is not needed any more.
    std::fs::remove_file(file).unwrap();
    assert_eq!(std::fs::metadata(kept(&fixture, "test-llama")).unwrap().permissions().mode() & 0o077, 0);
    let status = model(&fixture);
    assert_eq!((&status["state"], &status["name"]), (&"available".into(), &"test-llama".into()));
    // Beside the binary of these tests there is nothing that runs it, and that is said: here, by `doctor`, and to who asks for words.
    assert!(status["detail"].as_str().unwrap().contains("the program that runs it is not there"), "{status}");
    let doctor = json(&fixture, &["doctor", "--json"]);
    let advice = doctor.as_array().unwrap().iter().find(|one| one["subject"] == "model").unwrap();
    assert_eq!(advice["mark"], "note", "{advice}");
    assert!(advice["next"].as_str().unwrap().contains("explain.endpoint"), "{advice}");
    let explanation = json(&fixture, &["explain", "Cargo.toml:1", "--json"]);
    assert_eq!(explanation["state"], "facts");
    assert!(explanation["detail"].as_str().unwrap().contains("the program that runs it is not there"), "{explanation}");

    let file = write(&fixture, "other.gguf", &tiny(Architecture::Qwen2, 1));
    let added = json(&fixture, &["model", "add", file.to_str().unwrap(), "--name", "second", "--json"]);
    assert_eq!(added["models"][0]["inUse"], false);
    assert_eq!(added["models"][0]["architecture"], "qwen2");
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(added["models"][0]["hash"], format!("blake3:{}", hash_of(&bytes)));
    // The same again changes nothing; another one of that name is refused.
    assert_eq!(code(&fixture.holdover(&["model", "add", file.to_str().unwrap(), "--name", "second"])), 0);
    let other = write(&fixture, "third.gguf", &tiny(Architecture::Qwen2, 2));
    let refused = fixture.holdover(&["model", "add", other.to_str().unwrap(), "--name", "second"]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("there is a model of that name already, another one: second"), "{}", err(&refused));

    assert_eq!(code(&fixture.holdover(&["model", "use", "second"])), 0);
    assert_eq!(model(&fixture)["name"], "second");
    let listed = json(&fixture, &["model", "list", "--json"]);
    let names: Vec<&str> = listed["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["second", "test-llama"]);

    let said = out(&fixture.holdover(&["model", "remove", "second"]));
    assert!(said.contains("removed: second") && said.contains("it was in use"), "{said}");
    assert!(!kept(&fixture, "second").exists());
    let status = model(&fixture);
    assert_eq!(status["state"], "none");
    assert!(status["detail"].as_str().unwrap().contains("`holdover model use NAME`"), "{status}");
    assert_eq!(code(&fixture.holdover(&["model", "remove", "second"])), 2);
    // Each of these was a decision.
    let log = out(&fixture.holdover(&["journal", "log", "--kind", "model."]));
    for kind in ["model.added", "model.used", "model.removed"] {
        assert!(log.contains(kind), "{kind} is not in {log}");
    }
}

/// What the hash of these bytes is.
fn hash_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[test]
fn a_server_tells_from_memory_how_the_model_stands_and_sees_what_a_terminal_changes() {
    let fixture = Fixture::small();
    let root = std::fs::canonicalize(fixture.workspace()).unwrap();
    let mut setup = Setup { roots: vec![root], ..Setup::default() };
    for (name, value) in fixture.environment() {
        setup = setup.env(&name, &value);
    }
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let mut stands = |state: &str| {
        let status = client
            .until(|client| client.request("holdover/status", json!({})), |status| status["model"]["state"] == state);
        status["model"].clone()
    };
    assert!(stands("none")["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    let file = write(&fixture, "tiny.gguf", &tiny(Architecture::Llama, 1));
    assert_eq!(code(&fixture.holdover(&["model", "add", file.to_str().unwrap()])), 0);
    assert_eq!(stands("available")["name"], "tiny");
    std::fs::remove_file(kept(&fixture, "tiny")).unwrap();
    assert!(stands("failed")["detail"].as_str().unwrap().contains("its file is gone"));
    assert_eq!(code(&fixture.holdover(&["model", "remove", "tiny"])), 0);
    stands("none");
}

#[test]
fn a_file_that_is_gone_or_changed_is_told_by_list_status_doctor_and_pack() {
    let fixture = Fixture::small();
    let file = write(&fixture, "tiny.gguf", &tiny(Architecture::Llama, 1));
    assert_eq!(code(&fixture.holdover(&["model", "add", file.to_str().unwrap()])), 0);
    assert_eq!(code(&fixture.holdover(&["trust"])), 0);
    let kept = kept(&fixture, "tiny");
    let sound = std::fs::read(&kept).unwrap();
    let packed = |state: &str| {
        let report = json(&fixture, &["preflight", "--pack", "--dry-run", "--json"]);
        let items = report["pack"].as_array().unwrap_or_else(|| panic!("{report:#}")).clone();
        let item = items.iter().find(|item| item["kind"] == "model").unwrap();
        assert_eq!(item["state"], state, "{item}");
    };
    packed("ready");

    // One byte in the middle, of the same length: its time gives it away, and then its bytes.
    let mut changed = sound.clone();
    changed[100_000] ^= 1;
    std::fs::write(&kept, &changed).unwrap();
    let listed = fixture.holdover(&["model", "list"]);
    assert!(
        out(&listed).contains("stale tiny, in use: its file was written to since it was verified"),
        "{}",
        out(&listed)
    );
    packed("unknown");
    let verified = fixture.holdover(&["model", "verify"]);
    assert_eq!(code(&verified), 1);
    assert!(
        out(&verified).contains("corrupt tiny, in use: its bytes are others than were added"),
        "{}",
        out(&verified)
    );

    // Written anew as it was: verifying says so, and it counts as it did.
    std::fs::write(&kept, &sound).unwrap();
    assert_eq!(code(&fixture.holdover(&["model", "verify", "tiny"])), 0);
    assert!(out(&fixture.holdover(&["model", "list"])).contains("present tiny"));

    std::fs::write(&kept, &sound[..100_000]).unwrap();
    assert_eq!(model(&fixture)["state"], "failed");
    assert_eq!(code(&fixture.holdover(&["model", "list"])), 1);
    packed("failed");
    std::fs::remove_file(&kept).unwrap();
    let status = model(&fixture);
    assert_eq!(status["state"], "failed");
    assert!(status["detail"].as_str().unwrap().contains("its file is gone"), "{status}");
    let doctor = out(&fixture.holdover(&["doctor"]));
    assert!(doctor.contains("model") && doctor.contains("its file is gone"), "{doctor}");
    packed("incomplete");
    assert_eq!(code(&fixture.holdover(&["model", "verify"])), 1);
}

#[test]
fn what_is_no_model_or_cannot_be_run_is_refused_and_nothing_is_kept_of_it() {
    let fixture = Fixture::small();
    let sound = tiny(Architecture::Llama, 1);
    let replaced = |from: &str, to: &str| {
        let at = sound.windows(from.len()).position(|bytes| bytes == from.as_bytes()).unwrap();
        let mut bytes = sound.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    // `gemma` has as many letters as `llama`.

    for (name, bytes, end, words) in [
        ("page.gguf", b"<html>".to_vec(), 2, "it is no GGUF file: it begins with <htm"),
        ("cut.gguf", sound[..sound.len() - 40].to_vec(), 2, "would lie from byte"),
        ("gemma.gguf", replaced("llama", "gemma"), 1, "its architecture is gemma, and these can be run: llama, qwen2"),
        ("spm.gguf", replaced("gpt2", "bert"), 1, "its tokenizer is bert"),
    ] {
        let file = write(&fixture, name, &bytes);
        let refused = fixture.holdover(&["model", "add", file.to_str().unwrap()]);
        assert_eq!(code(&refused), end, "{name}: {}", err(&refused));
        assert!(err(&refused).contains(words) && err(&refused).contains("hint:"), "{}", err(&refused));
    }
    let file = write(&fixture, "tiny.gguf", &sound);
    for name in ["../outside", "", "a/b", ".hidden", "a\nb"] {
        let refused = fixture.holdover(&["model", "add", file.to_str().unwrap(), &format!("--name={name}")]);
        assert_eq!(code(&refused), 2, "{name}: {}", err(&refused));
    }
    assert_eq!(code(&fixture.holdover(&["model", "add", "/dev/zero"])), 2);
    assert_eq!(code(&fixture.holdover(&["model", "add", "nowhere.gguf"])), 2);
    let left = std::fs::read_dir(fixture.data().join("models")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{left} files");
}

#[test]
fn a_list_that_names_a_file_elsewhere_is_not_believed() {
    let fixture = Fixture::small();
    let file = write(&fixture, "tiny.gguf", &tiny(Architecture::Llama, 1));
    assert_eq!(code(&fixture.holdover(&["model", "add", file.to_str().unwrap()])), 0);
    let list = fixture.data().join("models/models.json");
    let text = std::fs::read_to_string(&list).unwrap();
    assert!(Path::new(&list).exists());
    std::fs::write(&list, text.replace("tiny.gguf", "../../workspace/tiny.gguf")).unwrap();
    let refused = fixture.holdover(&["model", "list"]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("it names a file outside of its folder"), "{}", err(&refused));
    assert_eq!(model(&fixture)["state"], "failed");
}
