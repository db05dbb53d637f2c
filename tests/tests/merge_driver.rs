//! `holdover merge-driver` under the real git: the bytes of `git merge-file`, but for what a trusted merge resolves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::binary;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A repository whose git merges with Holdover, set up by the command itself.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(new.root()).unwrap();
        assert!(new.git(&["init", "-q", "-b", "main"]).status.success());
        let installed = new.holdover(&["merge-driver", "--install"]);
        assert!(installed.status.success(), "{installed:?}");
        new
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("it's here")
    }

    fn run(&self, mut command: Command) -> Output {
        let home = self.0.path();
        command.current_dir(self.root()).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_EDITOR", "true");
        command.env("HOLDOVER_DATA_DIR", home.join("data")).env("HOLDOVER_CONFIG", home.join("none.toml"));
        command.env_remove("GIT_DIR").env_remove("XDG_CONFIG_HOME").output().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> Output {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"]).args(arguments);
        self.run(git)
    }

    fn holdover(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary::holdover());
        command.args(arguments);
        self.run(command)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root().join(name)).unwrap()
    }

    fn commit(&self, name: &str, bytes: &[u8]) {
        let file = self.root().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
        assert!(self.git(&["add", "."]).status.success() && self.git(&["commit", "-qm", name]).status.success());
    }

    /// A file on `main` and on `feature`, which both come from the same commit.
    fn branches(&self, name: &str, [base, main, feature]: [&[u8]; 3]) {
        self.commit(name, base);
        assert!(self.git(&["switch", "-qc", "feature"]).status.success());
        self.commit(name, feature);
        assert!(self.git(&["switch", "-q", "main"]).status.success());
        self.commit(name, main);
    }

    /// What `git merge-file` writes for them, with the labels that git gives the driver.
    fn merge_file(&self, [base, main, feature]: [&[u8]; 3], style: &[&str], labels: [&str; 2]) -> Vec<u8> {
        for (name, bytes) in [("b", base), ("m", main), ("f", feature)] {
            std::fs::write(self.0.path().join(name), bytes).unwrap();
        }
        let mut git = Command::new("git");
        git.args(["merge-file", "-p"]).args(style).args(["-L", labels[0], "-L", "base", "-L", labels[1]]);
        git.args(["../m", "../b", "../f"]);
        self.run(git).stdout
    }
}

const BASE: &[u8] = b"fn one() {\n    call(one, two);\n}\n\nfn between() {\n    stays_too();\n}\n\nconst LIMIT: usize = 1;\n\nfn far() {\n    stays();\n}\n";

fn with(words: &str, limit: &str) -> Vec<u8> {
    String::from_utf8_lossy(BASE).replace("    call(one, two)", words).replace("= 1", limit).into_bytes()
}

#[test]
fn a_merge_takes_what_is_trusted_and_leaves_the_markers_that_git_writes_for_the_rest() {
    let repository = Repository::new();
    let sides = [BASE.to_vec(), with("        call(one, two)", "= 2"), with("    call(one, dos)", "= 3")];
    let sides = [&*sides[0], &*sides[1], &*sides[2]];
    repository.branches("src/a.rs", sides);
    let merged = repository.git(&["merge", "feature"]);
    assert_eq!(merged.status.code(), Some(1), "{merged:?}");
    let said = String::from_utf8_lossy(&merged.stderr);
    assert!(said.contains("src/a.rs: suggested merge, trusted: one side"), "{said}");
    let plain = String::from_utf8(repository.merge_file(sides, &[], ["HEAD", "feature"])).unwrap();
    let trusted = "<<<<<<< HEAD\n        call(one, two);\n=======\n    call(one, dos);\n>>>>>>> feature\n";
    let expected = plain.replacen(trusted, "        call(one, dos);\n", 1);
    assert_ne!(expected, plain, "{plain}");
    assert_eq!(String::from_utf8(repository.read("src/a.rs")).unwrap(), expected);
    // Git holds it as unmerged, and what was taken can be undone.
    let unmerged = repository.git(&["ls-files", "--unmerged", "--", "src/a.rs"]);
    assert_eq!(String::from_utf8_lossy(&unmerged.stdout).lines().count(), 3);
    let log = repository.holdover(&["journal", "log", "--kind", "conflict.", "--json"]);
    let event: serde_json::Value = serde_json::from_slice(&log.stdout).unwrap();
    assert_eq!((&event["payload"]["path"], &event["payload"]["choice"]), (&"src/a.rs".into(), &"merge".into()));
    let undone = repository.holdover(&["conflicts", "--undo", event["id"].as_str().unwrap()]);
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(String::from_utf8(repository.read("src/a.rs")).unwrap(), plain);
}

#[test]
fn a_rebase_and_a_cherry_pick_of_trusted_merges_go_through_without_a_stop() {
    for command in [&["rebase", "main", "feature"][..], &["cherry-pick", "feature"], &["merge", "--no-edit", "feature"]]
    {
        let repository = Repository::new();
        let sides = [BASE.to_vec(), with("        call(one, two)", "= 1"), with("    call(one, dos)", "= 1")];
        repository.branches("a.rs", [&sides[0], &sides[1], &sides[2]]);
        let done = repository.git(command);
        assert!(done.status.success(), "{command:?}: {done:?}");
        assert_eq!(repository.read("a.rs"), with("        call(one, dos)", "= 1"), "{command:?}");
    }
}

#[test]
fn where_nothing_is_trusted_the_bytes_and_the_exit_code_are_those_of_git() {
    let latin = |word: &[u8]| [b"\xe9t\xe9 ", word, b"\r\nlast line without an end"].concat();
    let cases: [(&str, [Vec<u8>; 3]); 5] = [
        ("latin.txt", [latin(b"one"), latin(b"two"), latin(b"three")]),
        ("unknown.xyz", [b"one two\n".to_vec(), b"uno two\n".to_vec(), b"one dos\n".to_vec()]),
        ("broken.json", [b"{\"a\": 1}\n".to_vec(), b"{\"a\": 2,,}\n".to_vec(), b"{\"a\": 3}\n".to_vec()]),
        // What looks like markers is text.
        (
            "page.md",
            [
                &b"<<<<<<< x\n1\n=======\n2\n>>>>>>> y\none two\n"[..],
                b"<<<<<<< x\n1\n=======\n2\n>>>>>>> y\nuno two\n",
                b"<<<<<<< x\n1\n=======\n2\n>>>>>>> y\none dos\n",
            ]
            .map(<[u8]>::to_vec),
        ),
        ("empty.md", [b"a\n".to_vec(), Vec::new(), b"b\n".to_vec()]),
    ];
    for style in ["merge", "diff3", "zdiff3"] {
        for (name, [base, main, feature]) in &cases {
            let repository = Repository::new();
            repository.git(&["config", "merge.conflictStyle", style]);
            repository.branches(name, [base, main, feature]);
            let merged = repository.git(&["merge", "feature"]);
            assert_eq!(merged.status.code(), Some(1), "{name}: {merged:?}");
            let labels = ["HEAD", "feature"];
            let as_style = format!("--{style}");
            let asked: &[&str] = if style == "merge" { &[] } else { &[&as_style] };
            let plain = repository.merge_file([base, main, feature], asked, labels);
            let found = repository.read(name);
            // The ancestor's label is git's own, which differs from one git to the next.
            let without_base = |bytes: &[u8]| {
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"|||||||"));
                lines.map(<[u8]>::to_vec).collect::<Vec<_>>()
            };
            assert_eq!(
                without_base(&found),
                without_base(&plain),
                "{name} {style}: {}",
                String::from_utf8_lossy(&found)
            );
        }
    }
}

#[test]
fn whatever_goes_wrong_no_byte_is_lost() {
    // Not text: ours stays, and git holds it as unmerged, as without a driver.
    let repository = Repository::new();
    let binary = |byte: u8| vec![0, byte, 0, 1];
    repository.branches("a.bin", [&binary(1), &binary(2), &binary(3)]);
    assert_eq!(repository.git(&["merge", "feature"]).status.code(), Some(1));
    assert_eq!(repository.read("a.bin"), binary(2));

    // The program is gone: git's own merge.
    let repository = Repository::new();
    let sides = [BASE.to_vec(), with("        call(one, two)", "= 2"), with("    call(one, dos)", "= 3")];
    let sides = [&*sides[0], &*sides[1], &*sides[2]];
    repository.branches("a.rs", sides);
    let set = |driver: &str| assert!(repository.git(&["config", "merge.holdover.driver", driver]).status.success());
    let driver = String::from_utf8(repository.git(&["config", "merge.holdover.driver"]).stdout).unwrap();
    let own = binary::holdover().to_str().unwrap();
    assert!(driver.contains(own), "{driver}");
    set(driver.trim().replace(own, "/nowhere/holdover").as_str());
    assert_eq!(repository.git(&["merge", "feature"]).status.code(), Some(1));
    assert_eq!(repository.read("a.rs"), repository.merge_file(sides, &[], ["ours", "theirs"]));
    assert!(repository.git(&["merge", "--abort"]).status.success());

    // Nothing could be written: git stops and everything is as it was.
    set("mv %A kept; ".to_owned().as_str());
    let direct = |a: &Path| {
        let mut command = Command::new(binary::holdover());
        command.arg("merge-driver").args([a, Path::new("o"), Path::new("b")]).args(["7", "a.rs"]);
        repository.run(command)
    };
    for (name, bytes) in [("o", sides[0]), ("b", sides[2])] {
        std::fs::write(repository.root().join(name), bytes).unwrap();
    }
    let stopped = direct(Path::new("not-there"));
    assert_eq!(stopped.status.code(), Some(129), "{stopped:?}");
    // Without the parsers' program beside it there are markers.
    let alone = repository.0.path().join("alone");
    std::fs::create_dir(&alone).unwrap();
    std::fs::copy(binary::holdover(), alone.join("holdover")).unwrap();
    set(driver.trim().replace(own, alone.join("holdover").to_str().unwrap()).as_str());
    assert_eq!(repository.git(&["merge", "feature"]).status.code(), Some(1));
    assert_eq!(repository.read("a.rs"), repository.merge_file(sides, &[], ["HEAD", "feature"]));
}

#[test]
fn the_settings_are_written_once_and_taken_back_and_somebody_elses_stay() {
    let repository = Repository::new();
    assert!(repository.holdover(&["merge-driver", "--install"]).status.success(), "twice is once");
    let settings = || String::from_utf8(repository.git(&["config", "--local", "--list"]).stdout).unwrap();
    assert_eq!(settings().matches("merge.holdover.driver=").count(), 1);
    assert!(settings().contains("merge.default=holdover"));
    assert!(repository.git(&["config", "merge.default", "union"]).status.success());
    assert!(repository.holdover(&["merge-driver", "--remove"]).status.success());
    assert!(!settings().contains("merge.holdover") && settings().contains("merge.default=union"), "{}", settings());
    assert!(repository.holdover(&["merge-driver", "--remove"]).status.success(), "nothing to take back");
    let wrong = repository.holdover(&["merge-driver", "a", "b"]);
    assert_eq!(wrong.status.code(), Some(2));
}
