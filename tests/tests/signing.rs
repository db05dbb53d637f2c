//! Whether commits can be signed without a network: real git, real ssh-keygen, real gpg, and the doctor's word on it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::login::Login;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn git(login: &Login, folder: &Path, arguments: &[&str]) -> bool {
    let own = ["-c", "user.name=A", "-c", "user.email=ann@example.org"];
    let output =
        Command::new("git").args(own).args(arguments).current_dir(folder).envs(login.environment()).output().unwrap();
    output.status.success()
}

/// Mark and words of the doctor on signing; `None` where it says nothing.
fn told(login: &Login, folder: &Path) -> Option<(String, String)> {
    let output = login.holdover(&["doctor", "--json", folder.to_str().unwrap()], "");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let one = all.into_iter().find(|one| one["subject"] == "signing key")?;
    Some((one["mark"].as_str().unwrap().to_owned(), one["seen"].as_str().unwrap().to_owned()))
}

#[test]
fn the_doctor_says_whether_git_can_sign_here_and_git_says_the_same() {
    let mut login = Login::bare();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(git(&login, at, &["init", "-q"]));
    assert_eq!(told(&login, at), None, "nobody told git to sign");
    let commit = |login: &Login| git(login, at, &["commit", "-q", "--allow-empty", "-m", "signed"]);
    let set = |login: &Login, key: &str, value: &str| assert!(git(login, at, &["config", key, value]));

    let key = login.ssh_key("ed25519", "signing");
    set(&login, "gpg.format", "ssh");
    set(&login, "commit.gpgsign", "true");
    assert_eq!(told(&login, at).unwrap().0, "bad", "no key is named");
    assert!(!commit(&login));
    set(&login, "user.signingkey", &format!("{}.pub", key.display()));
    let (mark, seen) = told(&login, at).unwrap();
    assert!(mark == "ok" && seen.contains("which is here") && commit(&login), "{mark} {seen}");
    std::fs::rename(&key, key.with_extension("away")).unwrap();
    let (mark, seen) = told(&login, at).unwrap();
    assert!(mark == "bad" && seen.contains("private part is not here") && !commit(&login), "{mark} {seen}");

    login.start_agent();
    login.ssh_add(&[key.with_extension("away").to_str().unwrap()]);
    let (mark, seen) = told(&login, at).unwrap();
    assert!(mark == "note" && seen.contains("an SSH agent holds 1 key") && commit(&login), "{mark} {seen}");

    // Whatever program the repository names for gpg: it is not run.
    let trap = at.join("trap");
    set(&login, "gpg.format", "openpgp");
    set(&login, "gpg.program", &format!("touch {}", trap.display()));
    set(&login, "user.signingkey", "ann@example.org");
    let (mark, seen) = told(&login, at).unwrap();
    assert!(mark == "bad" && seen.contains("no secret key here"), "{mark} {seen}");
    assert!(!trap.exists());
    set(&login, "gpg.program", "gpg");
    let gpg = |arguments: &[&str]| {
        let output = Command::new("gpg")
            .args(arguments)
            .envs(login.environment())
            .output()
            .expect("gpg: tests/keyring/install.sh");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    gpg(&["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "ann@example.org", "ed25519", "sign", "2y"]);
    let (mark, seen) = told(&login, at).unwrap();
    assert!(mark == "ok" && seen.contains("which is here until 20"), "{mark} {seen}");
    assert!(commit(&login), "and git signs");
    let _ = Command::new("gpgconf").args(["--kill", "all"]).envs(login.environment()).status();
}
