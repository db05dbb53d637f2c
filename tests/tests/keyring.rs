//! The journal's key in a real gnome-keyring and with a real SSH agent: unlocked, locked, absent, hanging, dying.
//! Whichever it is, commands and servers go on, say what to do, and find the key again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, PATIENCE, Setup};
use holdover_tests::login::Login;
use serde_json::{Value, json};
use std::path::Path;

const REKEY: [&str; 5] = ["journal", "rekey", "--yes", "--to", "keyring"];

/// Commands that record something, so that there is a journal with events.
fn record(login: &Login) {
    let _ = login.done(&["offline", "on"], "");
    let _ = login.done(&["offline", "auto"], "");
}

fn kinds(login: &Login) -> Vec<String> {
    let text = login.done(&["journal", "log", "--json"], "");
    let event = |line: &str| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned();
    text.lines().map(event).collect()
}

fn described(login: &Login) -> Value {
    serde_json::from_slice(&std::fs::read(login.data().join("journal.json")).unwrap()).unwrap()
}

/// Name of the entry in the keyring.
fn entry(login: &Login) -> String {
    let described = described(login);
    format!("journal {} {}", described["journal"].as_str().unwrap(), described["key"]["check"].as_str().unwrap())
}

fn raw_key(login: &Login) -> String {
    std::fs::read_to_string(login.data().join("journal.key")).unwrap().trim().to_owned()
}

fn server(login: &Login, workspace: &Path) -> Client {
    let setup = Setup { env: login.environment(), roots: vec![workspace.to_owned()], ..Setup::default() };
    Client::start(&setup)
}

/// Waits for the journal's state in the status.
fn journal_is(client: &mut Client, state: &str) -> Value {
    let status = client
        .until(|client| client.request("holdover/status", json!({})), |status| status["journal"]["state"] == state);
    assert_eq!(status["journal"]["state"], state, "{status}");
    status["journal"].clone()
}

/// The server does what it is there for: a conflict is found, and the workspace was surveyed.
fn assert_works(client: &mut Client) {
    let uri = "untitled:works";
    client.open(uri, "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> feature\nb\n");
    assert_eq!(client.diagnostics(uri, 1).len(), 1);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    assert!(client.diagnostics_without_version(uri).is_empty());
    let status = client.until(
        |client| client.request("holdover/status", json!({})),
        |status| status["readiness"]["ecosystems"].as_array().is_some_and(|list| !list.is_empty()),
    );
    assert!(!status["readiness"]["ecosystems"].as_array().unwrap().is_empty(), "{status}");
}

/// What the server said to its user of the journal since it was asked last.
fn said(client: &mut Client, part: &str) -> String {
    let wanted = |message: &Value| {
        message["method"] == "window/logMessage"
            && message["params"]["message"].as_str().is_some_and(|text| text.contains(part))
    };
    let message = client.wait(PATIENCE, wanted).unwrap_or_else(|| panic!("nothing was said of: {part}"));
    assert!(message["params"]["type"].as_i64() >= Some(3), "information, and no warning: {message}");
    message["params"]["message"].as_str().unwrap().to_owned()
}

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"a\"\nversion = \"0.1.0\"\n").unwrap();
    std::fs::write(folder.path().join("Cargo.lock"), "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n")
        .unwrap();
    folder
}

#[test]
fn the_key_goes_into_a_real_keyring_and_out_again_and_is_replaced_there() {
    let login = Login::with_keyring();
    record(&login);
    let before = kinds(&login);
    let first = raw_key(&login);
    let said = login.done(&REKEY, "");
    assert!(said.contains("moved from file to keyring") && said.contains("--new-key"), "{said}");
    assert!(!login.data().join("journal.key").exists());
    assert_eq!(login.entry(&entry(&login)), format!("ok {first}"), "the keyring has the very key");
    assert_eq!(kinds(&login)[..before.len()], before);
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");

    let old_entry = entry(&login);
    let _ = login.done(&["journal", "rekey", "--yes", "--to", "keyring", "--new-key"], "");
    assert_ne!(entry(&login), old_entry);
    assert_eq!(login.entry(&old_entry), "none", "the old key is gone");
    assert_eq!(kinds(&login)[..before.len()], before);

    let kept = entry(&login);
    let json: Value =
        serde_json::from_str(&login.done(&["--json", "journal", "rekey", "--yes", "--to", "file"], "")).unwrap();
    assert_eq!((&json["from"], &json["to"], &json["newKey"]), (&json!("keyring"), &json!("file"), &json!(false)));
    assert_ne!(raw_key(&login), first);
    assert_eq!(login.entry(&kept), "none", "and the keyring is as it was");
    assert_eq!(kinds(&login).iter().filter(|kind| *kind == "journal.rekeyed").count(), 3);
}

#[test]
fn a_locked_keyring_is_said_once_and_the_server_opens_the_journal_when_it_is_unlocked() {
    let login = Login::with_keyring();
    record(&login);
    let _ = login.done(&REKEY, "");
    login.lock_keyring();
    let (code, text) = login.refused(&["journal", "log"], "");
    assert!(code == 3 && text.contains("the Secret Service keyring is locked"), "{text}");
    assert!(text.contains("hint: `holdover journal unlock`"), "{text}");
    // A key is not put into a keyring that stays locked, nor taken from it.
    let (_, text) = login.refused(&["journal", "rekey", "--yes", "--to", "file"], "");
    assert!(text.contains("lock"), "{text}");
    let workspace = workspace();
    let mut client = server(&login, workspace.path());
    let text = said(&mut client, "working without the journal");
    assert!(text.contains("is locked") && text.contains("holdover journal unlock"), "{text}");
    let journal = journal_is(&mut client, "locked");
    assert!(journal["detail"].as_str().unwrap().contains("is locked"), "{journal}");
    assert_works(&mut client);
    login.unlock_keyring();
    // Asks again by itself after some seconds; told, it asks at once.
    let _ = login.done(&["journal", "unlock"], "");
    said(&mut client, "the journal is unlocked");
    journal_is(&mut client, "ready");
    let events = json!(kinds(&login).len());
    let status = client
        .until(|client| client.request("holdover/status", json!({})), |status| status["journal"]["events"] == events);
    assert_eq!(status["journal"]["events"], events);
    let before = kinds(&login).len();
    client.command("holdover.offline", json!({ "mode": "on" }));
    assert!(kinds(&login).len() > before, "what is decided now is recorded");
    client.accept_leftovers();
}

#[test]
fn without_a_bus_or_with_a_bus_elsewhere_commands_and_servers_go_on() {
    let mut login = Login::with_keyring();
    record(&login);
    let _ = login.done(&REKEY, "");
    login.signal_keyring("KILL");
    let (code, text) = login.refused(&["journal", "log"], "");
    assert!(code == 3 && text.contains("does not run in this login"), "{text}");
    assert!(text.contains("put it back as journal.key"), "{text}");
    let status: Value = serde_json::from_slice(&login.holdover(&["--json", "status"], "").stdout).unwrap();
    assert_eq!(status["journal"]["state"], "locked");
    let workspace = workspace();
    let mut client = server(&login, workspace.path());
    said(&mut client, "does not run in this login");
    assert_works(&mut client);
    // Another one takes its place, as after a crash; it is asked again without a restart.
    login.start_keyring();
    journal_is(&mut client, "ready");
    client.accept_leftovers();
}

#[test]
fn where_the_program_that_asks_the_keyring_is_not_installed_that_is_said_and_the_rest_goes_on() {
    let login = Login::with_keyring();
    record(&login);
    let alone = tempfile::tempdir().unwrap();
    let program = alone.path().join("holdover");
    std::fs::copy(holdover_tests::binary::holdover(), &program).unwrap();
    let key = raw_key(&login);
    let refused = login.program(&program, &REKEY, "");
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && text.contains("nothing was changed"), "{text}");
    let beside = alone.path().join("holdover-keyring").display().to_string();
    assert!(text.contains("the program for that is not there") && text.contains(&beside), "{text}");
    assert_eq!(raw_key(&login), key);

    let _ = login.done(&REKEY, "");
    let refused = login.program(&program, &["journal", "log"], "");
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(3) && text.contains(&beside), "{text}");
    let status: Value = serde_json::from_slice(&login.program(&program, &["--json", "status"], "").stdout).unwrap();
    assert_eq!(status["journal"]["state"], "locked");
    // A link to a program is that program, with what lies beside it.
    let link = alone.path().join("linked");
    std::os::unix::fs::symlink(holdover_tests::binary::holdover(), &link).unwrap();
    let told = login.program(&link, &["journal", "log", "--json"], "");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
}

#[test]
fn a_keyring_that_hangs_is_waited_for_as_long_as_was_said_and_no_longer() {
    let mut login = Login::with_keyring();
    record(&login);
    let _ = login.done(&REKEY, "");
    login.signal_keyring("STOP");
    let workspace = workspace();
    let mut client = server(&login, workspace.path());
    // Before the limit is over, and after.
    assert_works(&mut client);
    said(&mut client, "did not answer within 3 s");
    journal_is(&mut client, "locked");
    let (_, text) = login.refused(&["journal", "log"], "");
    assert!(text.contains("did not answer within 3 s"), "{text}");
    login.continue_keyring();
    let _ = login.done(&["journal", "unlock"], "");
    journal_is(&mut client, "ready");
    client.accept_leftovers();
}

#[test]
fn a_keyring_that_dies_while_the_key_is_put_leaves_the_key_where_it_was() {
    let mut login = Login::with_keyring();
    record(&login);
    let key = raw_key(&login);
    login.signal_keyring("KILL");
    let (code, text) = login.refused(&REKEY, "");
    assert!(code == 1 && text.contains("nothing was changed"), "{text}");
    assert_eq!((raw_key(&login), described(&login)["key"]["kind"].as_str()), (key, Some("file")));
    login.start_keyring();
    let _ = login.done(&REKEY, "");
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");
}

#[test]
fn a_passphrase_unlocks_and_locks_running_servers() {
    let login = Login::bare();
    record(&login);
    let (_, text) =
        login.refused(&["journal", "rekey", "--yes", "--to", "passphrase", "--passphrase-file", "-"], "short\n");
    assert!(text.contains("at least 8"), "{text}");
    let (code, text) =
        login.refused(&["journal", "rekey", "--to", "passphrase", "--passphrase-file", "-"], "correct horse\n");
    assert!(code == 2 && text.contains("--yes"), "{text}");
    let _ =
        login.done(&["journal", "rekey", "--yes", "--to", "passphrase", "--passphrase-file", "-"], "correct horse\n");
    let (_, text) = login.refused(&["journal", "log"], "");
    assert!(text.contains("sealed with a passphrase") && text.contains("holdover journal unlock"), "{text}");
    let workspace = workspace();
    let mut client = server(&login, workspace.path());
    said(&mut client, "sealed with a passphrase");
    assert_works(&mut client);
    journal_is(&mut client, "locked");
    let (code, text) = login.refused(&["journal", "unlock", "--passphrase-file", "-"], "wrong horse\n");
    assert!(code == 1 && text.contains("not the passphrase"), "{text}");
    let _ = login.done(&["journal", "unlock", "--passphrase-file", "-"], "correct horse\n");
    said(&mut client, "the journal is unlocked");
    journal_is(&mut client, "ready");
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");
    let _ = login.done(&["journal", "lock"], "");
    said(&mut client, "the journal was locked");
    journal_is(&mut client, "locked");
    let _ = login.refused(&["journal", "log"], "");
    assert_works(&mut client);
    client.accept_leftovers();
}

#[test]
fn a_key_of_the_ssh_agent_seals_the_journal_and_only_while_the_agent_has_it() {
    let mut login = Login::bare();
    record(&login);
    let to = ["journal", "rekey", "--yes", "--to", "ssh-agent"];
    let (code, text) = login.refused(&to, "");
    assert!(code == 1 && text.contains("no SSH agent"), "{text}");
    login.start_agent();
    let rsa = login.ssh_key("rsa", "rsa");
    let (first, second) = (login.ssh_key("ed25519", "first"), login.ssh_key("ed25519", "second"));
    login.ssh_add(&[rsa.to_str().unwrap()]);
    let (_, text) = login.refused(&to, "");
    assert!(text.contains("no Ed25519 key"), "{text}");
    login.ssh_add(&[first.to_str().unwrap(), second.to_str().unwrap()]);
    let (_, text) = login.refused(&to, "");
    assert!(text.contains("one must be named") && text.contains(&login.fingerprint(&first)), "{text}");
    let _ = login.done(&["journal", "rekey", "--yes", "--to", "ssh-agent", "--key", "second"], "");
    assert!(!login.data().join("journal.key").exists());
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");
    let doctor = login.done(&["doctor"], "");
    assert!(doctor.contains(&login.fingerprint(&second)), "{doctor}");
    // The other key is there, and is of no use.
    login.ssh_add(&["-d", second.to_str().unwrap()]);
    let (code, text) = login.refused(&["journal", "log"], "");
    assert!(code == 3 && text.contains("does not hold the key") && text.contains("ssh-add"), "{text}");
    login.ssh_add(&[second.to_str().unwrap()]);
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");
    // Unlocked for the session it needs the agent no more.
    let _ = login.done(&["journal", "unlock"], "");
    login.ssh_add(&["-D"]);
    assert_eq!(kinds(&login).last().unwrap(), "journal.rekeyed");
    let _ = login.done(&["journal", "lock"], "");
    let _ = login.refused(&["journal", "log"], "");
}

#[test]
fn the_doctor_says_which_kind_is_in_force_and_what_it_does_not_protect_from() {
    let login = Login::with_keyring();
    record(&login);
    let doctor = login.done(&["doctor"], "");
    assert!(doctor.contains("kind `file`") && doctor.contains("Not from: a stolen disk"), "{doctor}");
    assert!(doctor.contains("holdover journal rekey --to keyring"), "{doctor}");
    let key = std::fs::read(login.data().join("journal.key")).unwrap();
    let _ = login.done(&REKEY, "");
    let doctor = login.done(&["doctor"], "");
    assert!(doctor.contains("kind `keyring`") && doctor.contains("Not from: root"), "{doctor}");
    std::fs::write(login.data().join("journal.key"), key).unwrap();
    let doctor = login.done(&["doctor"], "");
    assert!(doctor.contains("A COPY OF THE KEY LIES IN THE CLEAR"), "{doctor}");
    let _ = login.done(&REKEY, "");
    assert!(!login.data().join("journal.key").exists());
    login.lock_keyring();
    let output = login.holdover(&["doctor"], "");
    let doctor = String::from_utf8(output.stdout).unwrap();
    assert!(doctor.contains("is locked") && doctor.contains("holdover journal unlock"), "{doctor}");
}
