//! The judge of the inventory's answers about pnpm's packages from git repositories, and from archives of them:
//! `pnpm install --offline --frozen-lockfile` with the pinned ones, both ways. The repositories are made by the test, the archive is
//! served by it once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use inventory::Homes;
use judge::{Tally, Verdict, copy, files, must, run, survey, write};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One for each form of the store: `tests/pnpm/install.sh` installs them.
const VERSIONS: [&str; 2] = ["10.34.9", "12.21.0"];

fn pnpm(version: &str) -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from);
    let pnpm = tools.join("pnpm").join(version).join("node_modules/.bin/pnpm");
    assert!(pnpm.exists(), "{} is not there: run tests/pnpm/install.sh {}", pnpm.display(), tools.display());
    std::fs::canonicalize(pnpm).unwrap()
}

/// Gives one file to everybody who asks, as long as the test runs.
fn serve(bytes: Vec<u8>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/Hosted.tar.gz", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
        }
    });
    address
}

struct Place {
    _held: tempfile::TempDir,
    root: PathBuf,
    commit: String,
}

impl Place {
    /// `settings`: what `pnpm-workspace.yaml` says; `manifest`: what the repository's package says besides.
    fn new(version: &str, settings: &str, manifest: &str) -> Self {
        let held = tempfile::tempdir().unwrap();
        let root = held.path().canonicalize().unwrap();
        let mut place = Place { _held: held, root, commit: String::new() };
        let text = format!(r#"{{ "name": "cloned", "version": "1.2.0"{manifest} }}"#);
        write(&place.root.join("cloned/package.json"), text);
        write(&place.root.join("cloned/index.js"), "module.exports = 'cloned';\n");
        place.git(&["init", "-q", "-b", "main"]);
        place.git(&["add", "-A"]);
        place.git(&["commit", "-q", "-m", "one"]);
        place.commit = place.git(&["rev-parse", "HEAD"]);
        let archive = place.root.join("archive/a-b-0123456");
        write(&archive.join("package.json"), r#"{ "name": "hosted", "version": "3.0.0" }"#);
        write(&archive.join("index.js"), "module.exports = 'hosted';\n");
        let file = place.root.join("Hosted.tar.gz");
        must(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(place.root.join("archive")).arg("a-b-0123456"));
        let address = serve(std::fs::read(file).unwrap());

        let programs = place.root.join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        std::os::unix::fs::symlink(pnpm(version), programs.join("pnpm")).unwrap();
        let node = run(Command::new("node").args(["-p", "process.execPath"]));
        let node = String::from_utf8(node.stdout).unwrap();
        std::os::unix::fs::symlink(node.trim(), programs.join("node")).unwrap();
        let cloned = format!("git+file://{}", place.root.join("cloned").display());
        let manifest = format!(
            r#"{{ "name": "project", "private": true, "dependencies": {{ "cloned": "{cloned}", "hosted": "{address}" }} }}"#
        );
        write(&place.workspace().join("package.json"), manifest);
        write(&place.workspace().join("pnpm-workspace.yaml"), format!("packages:\n  - '.'\n{settings}"));
        must(&mut place.pnpm(&["install", "--no-frozen-lockfile"]));
        // As pnpm writes it for hosts whose archives it knows.
        let path = place.workspace().join("pnpm-lock.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let marked = text.replace(&format!("tarball: {address}}}"), &format!("tarball: {address}, gitHosted: true}}"));
        assert_ne!(text, marked);
        write(&path, marked);
        // What was brought as an archive like any other is of no use now.
        std::fs::remove_dir_all(place.root.join("store")).unwrap();
        std::fs::remove_dir_all(place.workspace().join("node_modules")).unwrap();
        must(&mut place.pnpm(&["install", "--frozen-lockfile"]));
        std::fs::remove_dir_all(place.workspace().join("node_modules")).unwrap();
        copy(&place.root.join("store"), &place.root.join("kept-store"));
        copy(&place.root.join("cloned"), &place.root.join("kept-cloned"));
        place
    }

    fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// All as it was, for the next case. The lockfile stays the very file that pnpm has checked.
    fn again(&self) {
        for name in ["store", "cloned"] {
            copy(&self.root.join(format!("kept-{name}")), &self.root.join(name));
        }
        // pnpm writes into its database in place.
        for database in files(&self.root.join("store")) {
            if database.to_str().unwrap().contains("index.db") {
                write(&database, std::fs::read(&database).unwrap());
            }
        }
        let _ = std::fs::remove_dir_all(self.workspace().join("node_modules"));
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.root.join("cloned")).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for (key, value) in [
            ("AUTHOR_NAME", "t"),
            ("AUTHOR_EMAIL", "t@example"),
            ("COMMITTER_NAME", "t"),
            ("COMMITTER_EMAIL", "t@example"),
        ] {
            command.env(format!("GIT_{key}"), value);
        }
        let output = run(&mut command);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> BTreeMap<String, String> {
        let foreign = ["npm_", "NPM_", "pnpm_", "PNPM_", "XDG_", "NODE", "COREPACK", "GIT_"];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let at = |name: &str| self.root.join(name).to_str().unwrap().to_owned();
        let path = format!("{}:{}", at("programs"), kept.get("PATH").cloned().unwrap_or_default());
        kept.extend([("PATH".to_owned(), path), ("HOME".to_owned(), at("home"))]);
        kept.extend([("GIT_CONFIG_NOSYSTEM", "1"), ("CI", "true")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        kept.extend(
            [("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache"), ("XDG_CONFIG_HOME", "config")]
                .map(|(a, b)| (a.to_owned(), at(b))),
        );
        kept
    }

    fn pnpm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.root.join("programs/pnpm"));
        command.args(arguments).current_dir(self.workspace()).env_clear().envs(self.variables());
        command
    }

    /// Takes the list of files of a package out of the store.
    fn unlisted(&self, version: &str, part: &str) {
        let store = self.root.join("store");
        let mut gone = 0;
        if version.starts_with("10") {
            for file in files(&store) {
                let text = file.to_str().unwrap();
                if text.contains("integrity") && text.contains(part) && !text.contains("/files/") {
                    std::fs::remove_file(&file).unwrap();
                    gone += 1;
                }
            }
        } else {
            let database = rusqlite::Connection::open(store.join("v11/index.db")).unwrap();
            gone = database.execute("DELETE FROM package_index WHERE key LIKE ?1", [format!("%{part}%")]).unwrap();
        }
        assert!(gone > 0, "{part} is in the store");
    }

    /// A file in the store, by what is in it.
    fn content(&self, text: &str) -> PathBuf {
        let holds = |path: &PathBuf| {
            path.to_str().unwrap().contains("/files/")
                && std::fs::read_to_string(path).is_ok_and(|file| file.contains(text))
        };
        files(&self.root.join("store")).into_iter().find(holds).expect("the store has it")
    }
}

type Change = (&'static str, fn(&Place, &str));

const CASES: &[Change] = &[
    ("nothing damaged", |_, _| ()),
    ("the repository gone", |p, _| std::fs::remove_dir_all(p.root.join("cloned")).unwrap()),
    ("the clone not in the store", |p, v| p.unlisted(v, "cloned")),
    ("the clone not in the store, and the repository gone", |p, v| {
        p.unlisted(v, "cloned");
        std::fs::remove_dir_all(p.root.join("cloned")).unwrap();
    }),
    ("the clone not in the store, and its commit in no branch", |p, v| {
        p.unlisted(v, "cloned");
        write(&p.root.join("cloned/index.js"), "module.exports = 'other';\n");
        p.git(&["commit", "-q", "-a", "--amend", "-m", "other"]);
        p.git(&["reflog", "expire", "--expire=now", "--all"]);
    }),
    ("the clone not in the store, and a commit on top", |p, v| {
        p.unlisted(v, "cloned");
        write(&p.root.join("cloned/index.js"), "module.exports = 'other';\n");
        p.git(&["commit", "-q", "-a", "-m", "other"]);
    }),
    ("the clone not in the store, and a file of its commit gone", |p, v| {
        p.unlisted(v, "cloned");
        let id = p.git(&["rev-parse", &format!("{}:index.js", p.commit)]);
        std::fs::remove_file(p.root.join("cloned/.git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    }),
    ("the archive not in the store", |p, v| p.unlisted(v, "Hosted.tar.gz")),
    ("a file of the clone gone", |p, _| std::fs::remove_file(p.content("'cloned'")).unwrap()),
    ("a file of the clone gone, and the repository too", |p, _| {
        std::fs::remove_file(p.content("'cloned'")).unwrap();
        std::fs::remove_dir_all(p.root.join("cloned")).unwrap();
    }),
    ("a file of the archive gone", |p, _| std::fs::remove_file(p.content("'hosted'")).unwrap()),
    ("the whole store gone", |p, _| std::fs::remove_dir_all(p.root.join("store")).unwrap()),
];

fn judged(place: &Place, tally: &mut Tally, what: &str) {
    let survey = survey(&place.workspace(), Homes::from_variables(place.variables()));
    let output = run(&mut place.pnpm(&["install", "--offline", "--frozen-lockfile"]));
    let there = |name: &str| place.workspace().join("node_modules").join(name).join("index.js").exists();
    let verdict = Verdict {
        passes: output.status.success() && there("cloned") && there("hosted"),
        silent: Vec::new(),
        damaged: Vec::new(),
        output: String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    };
    tally.add(what, &survey, &verdict);
}

fn store_dir(place: &Path) -> String {
    format!("storeDir: {}\n", place.display())
}

#[test]
fn the_inventory_and_pnpm_agree_on_packages_from_repositories() {
    let mut tally = Tally::default();
    let short = std::env::var_os("HOLDOVER_JUDGE_CASES").is_none();
    for version in VERSIONS {
        for (settings, manifest) in [
            ("", ""),
            (
                "ignoreScripts: true\n",
                r#", "scripts": { "prepare": "exit 1" }, "devDependencies": { "nowhere-at-all": "1" }"#,
            ),
        ] {
            // The usual run has one of each.
            if short && version.starts_with("12") != settings.is_empty() {
                continue;
            }
            let settings = format!("{}{settings}", store_dir(Path::new("../store")));
            let place = Place::new(version, &settings, manifest);
            for (what, change) in CASES {
                if tally.leaves_out() {
                    continue;
                }
                place.again();
                change(&place, version);
                judged(&place, &mut tally, &format!("{version}: {what}, {manifest}"));
            }
        }
    }
    tally.finish("pnpm, packages from repositories", CASES.len() * if short { 2 } else { 4 });
}

/// What is built before pnpm takes it is not foretold, where the store does not have it yet.
#[test]
fn what_pnpm_builds_is_unknown_until_it_is_in_the_store() {
    for version in VERSIONS {
        let settings = store_dir(Path::new("../store")) + "ignoreScripts: true\n";
        let place = Place::new(version, &settings, r#", "scripts": { "prepare": "exit 1" }"#);
        write(
            &place.workspace().join("pnpm-workspace.yaml"),
            format!("packages:\n  - '.'\n{}", store_dir(Path::new("../store"))),
        );
        let told = || survey(&place.workspace(), Homes::from_variables(place.variables()));
        let state =
            |survey: &inventory::Survey| survey.artifacts.iter().find(|one| one.name == "cloned").unwrap().state;
        assert_eq!(state(&told()), contract::ArtifactState::Unknown, "{version}");
        std::fs::remove_dir_all(place.root.join("cloned")).unwrap();
        assert_eq!(state(&told()), contract::ArtifactState::Missing, "{version}");
    }
}
