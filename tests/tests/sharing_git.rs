//! Two people with a git remote between them, through the real command line: over a path, git's own daemon and sshd on this machine.
//! A note is shared, in conflict for both and settled for both; and what is said when the remote refuses, is not there or is not ours
//! to write, and when a process is killed in the middle of a push.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{code, err, good, out};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn bare(folder: &Path) -> PathBuf {
    let at = folder.join("ferry.git");
    let made = Command::new("git").args(["init", "-q", "--bare"]).arg(&at).status().unwrap();
    assert!(made.success());
    std::fs::canonicalize(at).unwrap()
}

fn hook(at: &Path, name: &str, script: &str) {
    let file = at.join("hooks").join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A server of this test's own.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one that is given a free port, and waits until it listens.
fn serve(start: impl Fn(u16) -> Command) -> Server {
    for _ in 0..20 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = start(port).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        loop {
            if child.try_wait().unwrap().is_some() {
                // Somebody else has the port by now.
                break;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Server { child, port };
            }
            assert!(begun.elapsed() < PATIENCE, "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    panic!("it does not start");
}

fn git_daemon(folder: &Path, writable: bool) -> Server {
    let path = Command::new("git").arg("--exec-path").output().unwrap();
    let program = Path::new(String::from_utf8_lossy(&path.stdout).trim()).join("git-daemon");
    serve(|port| {
        let mut command = Command::new(&program);
        command.args(["--reuseaddr", "--export-all", "--listen=127.0.0.1"]).arg(format!("--port={port}"));
        command.arg(format!("--base-path={}", folder.display()));
        if writable {
            command.arg("--enable=receive-pack");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    })
}

/// sshd with keys of its own, and how ssh is run to come in.
fn sshd(folder: &Path) -> (Server, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    for name in ["host", "user"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(name)]).status();
        assert!(made.expect("tests/ssh/install.sh installs it").success());
    }
    let key = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    std::fs::write(folder.join("authorized"), key("user.pub")).unwrap();
    // As root, it wants a folder of its own to shut itself in.
    let _ = std::fs::create_dir_all("/run/sshd");
    let config = format!(
        "ListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nPermitRootLogin yes\nLogLevel QUIET\n",
        at("host"),
        at("authorized")
    );
    std::fs::write(folder.join("sshd_config"), config).unwrap();
    let server = serve(|port| {
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f", &at("sshd_config"), "-p", &port.to_string()]);
        command
    });
    let mut known = key("host.pub").split(' ').take(2).collect::<Vec<_>>().join(" ");
    known.insert_str(0, &format!("[127.0.0.1]:{} ", server.port));
    std::fs::write(folder.join("known"), known + "\n").unwrap();
    let ssh = format!("ssh -F none -i {} -oIdentitiesOnly=yes -oUserKnownHostsFile={}", at("user"), at("known"));
    (server, ssh)
}

fn person() -> String {
    let id = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

/// The whole story over one remote.
fn exchange(ann: &Desk, bob: &Desk, url: &str) {
    for desk in [ann, bob] {
        let added = good(&desk.run(&["remote", "add", "team", url]));
        assert!(added.contains("writable"), "{added}");
    }
    let (_, added) = ann.json(&["note", "add", "a.rs:1", "--shared", "-m", "one\ntwo\nthree"]);
    let id = added["id"].as_str().unwrap();
    let (end, sent) = ann.sync();
    assert!(end == 0 && sent["sent"].as_u64().unwrap() >= 1 && sent["pending"] == 0, "{sent}");
    let (end, came) = bob.sync();
    assert!(end == 0 && came["received"].as_u64().unwrap() >= 1, "{came}");
    assert_eq!(bob.bodies(), ["one\ntwo\nthree"]);
    ann.edit(id, "one\nTWO\nthree");
    bob.edit(id, "one\nzwei\nthree");
    assert_eq!((ann.sync().0, bob.sync().0, ann.sync().0), (0, 1, 1));
    assert_eq!((ann.conflicts(), bob.conflicts()), ((1, 1), (1, 1)));
    let end = format!("note:{}", &id[18..]);
    good(&bob.run(&["conflicts", "--resolve", "incoming", &end]));
    assert_eq!((bob.sync().0, ann.sync().0), (0, 0));
    assert_eq!((ann.conflicts(), bob.conflicts()), ((0, 0), (0, 0)));
    assert_eq!(ann.bodies(), bob.bodies());
    let (_, listed) = ann.json(&["remote", "list"]);
    assert_eq!((listed["remotes"][0]["kind"].as_str(), listed["remotes"][0]["url"].as_str()), (Some("git"), Some(url)));
    for desk in [ann, bob] {
        good(&desk.run(&["journal", "verify"]));
    }
}

#[test]
fn a_conflict_is_settled_over_a_repository_at_a_path_while_offline_is_forced() {
    let (ann, bob, all) = (Desk::new("Ann"), Desk::new("Bob"), tempfile::tempdir().unwrap());
    let_in(&ann, &bob);
    let at = bare(all.path());
    for desk in [&ann, &bob] {
        good(&desk.run(&["offline", "on"]));
    }
    exchange(&ann, &bob, &format!("file://{}", at.display()));
    let probed = good(&ann.run(&["remote", "probe", "team"]));
    assert!(probed.contains("used while offline is forced, too") && probed.contains("commits on a ref"), "{probed}");
    let (_, removed) = ann.json(&["remote", "remove", "team"]);
    assert_eq!(removed["name"], "team");
    let kept = ann.folder.path().join("data/git");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0, "what was fetched of it is removed");
}

#[test]
fn a_conflict_is_settled_over_git_s_daemon_and_nothing_is_asked_of_it_while_offline_is_forced() {
    let (ann, bob, all) = (Desk::new("Ann"), Desk::new("Bob"), tempfile::tempdir().unwrap());
    let_in(&ann, &bob);
    let at = bare(all.path());
    let server = git_daemon(all.path(), true);
    let url = format!("git://127.0.0.1:{}/ferry.git", server.port);
    for desk in [&ann, &bob] {
        good(&desk.run(&["offline", "off"]));
    }
    exchange(&ann, &bob, &url);
    good(&ann.run(&["offline", "on"]));
    let refused = ann.run(&["sync"]);
    assert!(code(&refused) != 0 && err(&refused).contains("forced offline"), "{}{}", out(&refused), err(&refused));
    good(&ann.run(&["offline", "off"]));

    // The remote says no, in its own words; what waits stays, and goes once it says yes.
    hook(&at, "pre-receive", "echo 'the harbour is closed' >&2; exit 1");
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "late"]);
    let (end, failed) = ann.sync();
    let error = &failed["remotes"][0]["error"];
    assert!(end == 1 && error["trouble"] == "auth" && failed["sent"] == 0 && failed["pending"] == 1, "{failed}");
    assert!(error["detail"].as_str().unwrap().contains("the harbour is closed"), "{failed}");
    assert_eq!(ann.json(&["queue"]).0, 1);
    std::fs::remove_file(at.join("hooks/pre-receive")).unwrap();
    assert_eq!((ann.sync().0, bob.sync().0), (0, 0));
    assert!(bob.bodies().contains(&"late".to_owned()));
    // It is gone.
    drop(server);
    let (end, failed) = ann.sync();
    assert!(end == 1 && failed["remotes"][0]["error"]["trouble"] == "retry", "{failed}");
}

#[test]
fn a_conflict_is_settled_over_ssh_and_a_stranger_is_told_what_lacks_without_being_asked() {
    let (mut ann, mut bob, all) = (Desk::new("Ann"), Desk::new("Bob"), tempfile::tempdir().unwrap());
    let_in(&ann, &bob);
    let at = bare(all.path());
    let (server, ssh) = sshd(all.path());
    let url = format!("ssh://{}@127.0.0.1:{}{}", person(), server.port, at.display());
    for desk in [&mut ann, &mut bob] {
        good(&desk.run(&["offline", "off"]));
        desk.environment.push(("GIT_SSH_COMMAND", ssh.clone()));
    }
    exchange(&ann, &bob, &url);
    let refused = |desk: &Desk, url: &str, says: &str| {
        let refused = desk.run(&["remote", "add", "other", url]);
        let said = err(&refused);
        assert!(
            code(&refused) == 1 && said.contains(says) && said.contains("hint: "),
            "{url}: {}{said}",
            out(&refused)
        );
    };
    let nowhere = format!("ssh://{}@127.0.0.1:{}{}", person(), server.port, all.path().join("nowhere.git").display());
    refused(&ann, &nowhere, "is no git repository, or is not there");
    // Without a key, and with a host key that nobody knows.
    ann.environment[0].1 = ssh.replace("-i ", "-i /nonexistent/");
    refused(&ann, &url.replace("ferry", "./ferry"), "did not let this user in");
    ann.environment[0].1 = ssh.replace("/known", "/unknown");
    refused(&ann, &url.replace("ferry", "./ferry"), "whose key is not known here");
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_a_push_loses_nothing_and_sends_nothing_twice() {
    let (ann, bob, all) = (Desk::new("Ann"), Desk::new("Bob"), tempfile::tempdir().unwrap());
    let_in(&ann, &bob);
    let at = bare(all.path());
    let server = git_daemon(all.path(), true);
    let url = format!("git://127.0.0.1:{}/ferry.git", server.port);
    for desk in [&ann, &bob] {
        good(&desk.run(&["offline", "off"]));
        good(&desk.run(&["remote", "add", "team", &url]));
    }
    let (begun, go_on) = (all.path().join("begun"), all.path().join("go-on"));
    // Before what was pushed counts, and after it does.
    for (n, name) in ["pre-receive", "post-receive"].into_iter().enumerate() {
        let wait = format!("touch {}\nwhile [ ! -e {} ]; do sleep 0.02; done", begun.display(), go_on.display());
        hook(&at, name, &wait);
        let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", &format!("note {n}")]);
        let mut killed = ann.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the push reaches the remote", || begun.exists());
        killed.kill().unwrap();
        killed.wait().unwrap();
        std::fs::write(&go_on, "").unwrap();
        std::fs::remove_file(at.join("hooks").join(name)).unwrap();
        let (end, sent) = ann.sync();
        assert!(end == 0 && sent["pending"] == 0, "{sent}");
        let (end, came) = bob.sync();
        assert_eq!(end, 0, "{came}");
        assert!(bob.bodies().contains(&format!("note {n}")), "{came}");
        let _ = std::fs::remove_file(&begun);
        let _ = std::fs::remove_file(&go_on);
    }
    assert_eq!(bob.bodies().len(), 2);
}

#[test]
fn what_may_not_be_written_is_no_git_or_would_run_a_program_is_refused_in_words() {
    let (ann, all) = (Desk::new("Ann"), tempfile::tempdir().unwrap());
    bare(all.path());
    let server = git_daemon(all.path(), false);
    good(&ann.run(&["offline", "off"]));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let trap = all.path().join("trap");
    for (url, end, says) in [
        (format!("git://127.0.0.1:{}/ferry.git", server.port), 1, "did not let this user in, or not write"),
        (format!("git://127.0.0.1:{}/other.git", server.port), 1, "did not let this user in, or not write"),
        (format!("https://127.0.0.1:{nobody}/ferry.git"), 1, "could not be reached"),
        (format!("ext::sh -c touch% {}", trap.display()), 2, "no remote of this kind can be used yet"),
        ("ssh://-oProxyCommand=x/y".to_owned(), 2, "this is no address of a remote"),
        ("https://ann:secret@127.0.0.1/x".to_owned(), 2, "a password stands in this address"),
        ("http://127.0.0.1/x".to_owned(), 2, "neither encrypted nor proves who answers"),
    ] {
        let refused = ann.run(&["remote", "add", "team", &url]);
        let said = err(&refused);
        assert!(
            code(&refused) == end && said.contains(says) && said.contains("hint: "),
            "{url}: {}{said}",
            out(&refused)
        );
        assert!(!said.contains("secret"), "{said}");
    }
    assert!(!trap.exists());
    // A user's configuration that leads elsewhere, and settings that would run or sign something.
    let home = all.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let at = all.path().join("ferry.git");
    let config = format!(
        "[url \"ext::sh -c touch% {}\"]\n\tinsteadOf = git://127.0.0.1:1/\n[protocol \"ext\"]\n\tallow = always\n[core]\n\thooksPath = {}\n\tpager = touch {}\n[push]\n\tgpgSign = true\n\tfollowTags = true\n[fetch]\n\tprune = true\n[user]\n\tuseConfigOnly = true\n[init]\n\ttemplateDir = /nonexistent\n",
        trap.display(),
        all.path().join("hooks").display(),
        trap.display()
    );
    std::fs::write(home.join(".gitconfig"), config).unwrap();
    hook(all.path(), "pre-push", &format!("touch {}", trap.display()));
    hook(all.path(), "reference-transaction", &format!("touch {}", trap.display()));
    let mut eve = Desk::new("Eve");
    good(&eve.run(&["offline", "off"]));
    eve.environment = vec![("HOME", home.display().to_string()), ("GIT_DIR", "/nonexistent".to_owned())];
    let led = eve.run(&["remote", "add", "led", "git://127.0.0.1:1/x.git"]);
    assert!(code(&led) == 1 && err(&led).contains("another kind of address"), "{}", err(&led));
    good(&eve.run(&["remote", "add", "team", at.to_str().unwrap()]));
    let _ = eve.json(&["note", "add", "a.rs", "--shared", "-m", "x"]);
    assert_eq!(eve.sync().0, 0);
    assert!(!trap.exists(), "something of the user's configuration ran");
}
