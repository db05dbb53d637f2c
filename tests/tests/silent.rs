//! A cache on a file system that does not answer: a mount whose other side never reads what it is asked. What is looked at
//! beside it is judged, nobody waits for ever, and all of it is looked at again when it answers.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, PATIENCE, Setup, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the ignored test `role` where file systems may be mounted.
fn with_mounts(role: &str) {
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", role, "--ignored", "--nocapture"])
        .output()
        .expect("unshare is there: util-linux is part of every Linux");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A folder over which a file system is mounted that does not answer, until this is dropped: then what lay there is there again.
struct Silent {
    folder: PathBuf,
    other_side: Option<File>,
}

impl Silent {
    fn over(folder: &Path) -> Self {
        let other_side = File::options().read(true).write(true).open("/dev/fuse").expect("the kernel has FUSE");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0\0", other_side.as_raw_fd());
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).unwrap();
        rustix::mount::mount("none", folder, "fuse", rustix::mount::MountFlags::empty(), Some(options)).unwrap();
        Self { folder: folder.to_path_buf(), other_side: Some(other_side) }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // Who is still asking is told that nobody is there.
        self.other_side = None;
        rustix::mount::unmount(&self.folder, rustix::mount::UnmountFlags::DETACH).unwrap();
    }
}

fn of<'a>(status: &'a Value, ecosystem: &str) -> &'a Value {
    let all = status["readiness"]["ecosystems"].as_array().expect("a list");
    all.iter().find(|one| one["name"] == ecosystem).unwrap_or(&Value::Null)
}

#[test]
fn a_cache_that_does_not_answer_is_unknown_and_the_others_are_judged() {
    with_mounts("preflight");
}

#[test]
#[ignore = "run by the test above, where file systems may be mounted"]
fn preflight() {
    let mut fixture = Fixture::small();
    fixture.set("HOLDOVER_INVENTORY_TIMEOUT_SECONDS", "2");
    let home = fixture.workspace().with_file_name("cargo-home");
    // Where a link leads to it, too.
    let far = fixture.workspace().with_file_name("far");
    for linked in [false, true] {
        if linked {
            std::fs::rename(&home, &far).unwrap();
            std::os::unix::fs::symlink(&far, &home).unwrap();
        }
        let silent = Silent::over(if linked { &far } else { &home });
        let output = fixture.holdover(&["preflight", "--json"]);
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (cargo, npm) = (of(&said, "cargo"), of(&said, "npm"));
        let expected = format!("{} does not answer: nothing was heard from there within 2 s", home.display());
        assert_eq!(cargo["problem"], expected, "{said:#}");
        assert_eq!(
            (&cargo["missing"], &cargo["present"], &cargo["corrupt"]),
            (&json!(0), &json!(0), &json!(0)),
            "{said:#}"
        );
        assert_eq!(npm["present"], npm["total"], "{said:#}");
        assert!(npm["problem"].is_null() && npm["total"].as_u64() > Some(5), "{said:#}");
        drop(silent);
        let said: Value = serde_json::from_slice(&fixture.holdover(&["preflight", "--json"]).stdout).unwrap();
        assert_eq!(said["readiness"]["state"], "ready", "{said:#}");
    }
}

#[test]
fn an_editors_server_goes_on_beside_a_cache_that_does_not_answer_and_looks_again_when_it_does() {
    with_mounts("server");
}

#[test]
#[ignore = "run by the test above, where file systems may be mounted"]
fn server() {
    let fixture = Fixture::small();
    let home = fixture.workspace().with_file_name("cargo-home");
    std::fs::remove_file(fixture.npm_file("node_modules/ms")).unwrap();
    let setup = |seconds: &str| {
        let mut env = fixture.environment();
        env.push(("HOLDOVER_INVENTORY_TIMEOUT_SECONDS".to_owned(), seconds.to_owned()));
        // Its changes would have the server look again by chance.
        env.push(("HOLDOVER_JOURNAL_ENABLE".to_owned(), "false".to_owned()));
        Setup { roots: vec![fixture.workspace()], env, ..Setup::default() }
    };
    let status = |client: &mut Client| client.request("holdover/status", json!({}));
    // While it is waited for, everything else is answered, and the process ends.
    let silent = Silent::over(&home);
    let mut client = Client::start(&setup("600"));
    client.accept_leftovers();
    let manifest = uri(&fixture.workspace().join("package.json"));
    client.open(&manifest, &std::fs::read_to_string(fixture.workspace().join("package.json")).unwrap());
    assert!(status(&mut client)["readiness"].is_object());
    client.request("shutdown", Value::Null);
    let (code, _) = client.exit();
    assert_eq!(code, Some(0));
    // After the time that it has it is passed over.
    let mut client = Client::start(&setup("2"));
    client.accept_leftovers();
    let told = client.until(status, |told| of(told, "cargo")["problem"].is_string());
    assert!(of(&told, "cargo")["problem"].as_str().unwrap().contains("cargo-home does not answer"), "{told:#}");
    let all = |told: &Value| of(told, "npm")["verified"] == of(told, "npm")["present"];
    let told = client.until(status, |told| all(told) && of(told, "cargo")["problem"].is_string());
    assert!(all(&told), "nothing is left to be done that would have it looked at again: {told:#}");
    assert_eq!(
        (&of(&told, "npm")["missing"], &told["readiness"]["state"]),
        (&json!(1), &json!("incomplete")),
        "{told:#}"
    );
    drop(silent);
    // Nobody asks: it is found out all the same, and told.
    let well = |told: &Value| of(told, "cargo")["total"].is_u64() && of(told, "cargo")["problem"].is_null();
    let told = |one: &Value| one["method"] == "holdover/didChangeStatus" && well(&one["params"]);
    let told = client.wait(PATIENCE, told).expect("it is told")["params"].clone();
    assert_eq!(of(&told, "cargo")["present"], of(&told, "cargo")["total"], "{told:#}");
    client.request("shutdown", Value::Null);
    assert_eq!(client.exit().0, Some(0));
}
