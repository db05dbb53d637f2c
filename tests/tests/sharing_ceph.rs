//! Two people with a real S3 server between them, Ceph's gateway: a note in conflict for both and settled for both, in the clear and
//! with a team's key; what the probe says of it; how it refuses.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::desk::{Desk, let_in};
use holdover_tests::s3::S3;
use holdover_tests::said::{code, err, good, out};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The gateway; it ends when this does.
struct Ceph {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Ceph {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Ceph {
    fn start() -> Ceph {
        let script = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("ceph/serve.sh");
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for _ in 0..3 {
            let (folder, s3, monitor) = (tempfile::tempdir().unwrap(), port(), port());
            let mut child = Command::new(&script)
                .arg(folder.path().join("ceph"))
                .args([s3.to_string(), monitor.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            if line == "ready\n" {
                return Ceph { child, port: s3, _folder: folder };
            }
            // Somebody else may have taken a port meanwhile.
            child.wait().unwrap();
        }
        panic!("Ceph does not start; tests/ceph/install.sh installs it");
    }

    fn url(&self, prefix: &str) -> String {
        format!("s3://ferry/{prefix}?endpoint=http://127.0.0.1:{}", self.port)
    }
}

#[test]
fn a_conflict_is_settled_over_ceph_s_gateway_in_the_clear_and_with_a_key() {
    let ceph = Ceph::start();
    let (mut ann, mut bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    for desk in [&mut ann, &mut bob] {
        good(&desk.run(&["offline", "off"]));
        desk.environment = S3::environment();
    }
    let key = ann.folder.path().join("team.key").to_string_lossy().into_owned();
    good(&ann.run(&["remote", "key", &key]));
    let (clear, locked) = (ceph.url("team/clear"), ceph.url("team/locked"));
    for (n, add) in
        [vec!["remote", "add", "one", &clear], vec!["remote", "add", "two", &locked, "--key", &key]].iter().enumerate()
    {
        for desk in [&ann, &bob] {
            let added = good(&desk.run(add));
            assert!(added.contains("refuses a second file of one name") && added.contains("If-None-Match"), "{added}");
        }
        let (_, note) = ann.json(&["note", "add", "a.rs:1", "--shared", "-m", &format!("one\ntwo\n{n}")]);
        let id = note["id"].as_str().unwrap();
        assert_eq!((ann.sync().0, bob.sync().0), (0, 0));
        assert_eq!(ann.bodies(), bob.bodies());
        ann.edit(id, "one\nTWO\nthree");
        bob.edit(id, "one\nzwei\nthree");
        assert_eq!((ann.sync().0, bob.sync().0, ann.sync().0), (0, 1, 1));
        assert_eq!((ann.conflicts(), bob.conflicts()), ((1, 1), (1, 1)));
        good(&bob.run(&["conflicts", "--resolve", "incoming", &format!("note:{}", &id[18..])]));
        assert_eq!((bob.sync().0, ann.sync().0), (0, 0));
        assert_eq!((ann.conflicts(), bob.conflicts()), ((0, 0), (0, 0)));
        assert_eq!(ann.bodies(), bob.bodies());
        for desk in [&ann, &bob] {
            good(&desk.run(&["journal", "verify"]));
            let _ = desk.json(&["remote", "remove", if n == 0 { "one" } else { "two" }]);
        }
    }
    // How it refuses.
    for (name, value, url, says) in [
        ("AWS_SECRET_ACCESS_KEY", "hush", ceph.url("x"), "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "nobody", ceph.url("x"), "InvalidAccessKeyId"),
        ("AWS_REGION", "us-east-1", ceph.url("x").replace("ferry", "berry"), "there is no bucket berry"),
    ] {
        let refused = ann.command(&["remote", "add", "x", &url]).env(name, value).output().unwrap();
        let said = err(&refused);
        assert!(
            code(&refused) == 1 && said.contains(says) && said.contains("hint: "),
            "{says}: {}{said}",
            out(&refused)
        );
        assert!(!said.contains("hush"), "{said}");
    }
}
