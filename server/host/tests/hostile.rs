//! Files that anybody may have written: whatever is in them, or stands in their place, they are read quickly or refused, and
//! what is not understood counts as the careful answer.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_host::{Folders, Gate, Layers, OfflineMode, Trust, TrustList, WORKSPACE_FILE};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        Place { folder }
    }

    fn folders(&self) -> Folders {
        Folders { data: self.data(), config: self.folder.path().join("user.toml") }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    fn settings(&self) -> PathBuf {
        self.root().join(WORKSPACE_FILE)
    }

    fn load(&self) -> holdover_host::Loaded {
        Layers { root: Some(self.root()), ..Layers::default() }.load(&self.folders())
    }
}

/// Bytes that are near to what is expected, and bytes that are not.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    let words = proptest::sample::select(vec![
        "[",
        "]",
        "[[",
        "=",
        "inventory",
        ".enable",
        "fetch",
        "cargo",
        "\n",
        "'",
        "\"",
        "true",
        "{",
        "}",
        ":",
        ",",
        "1e999",
        "\\u0000",
        "version",
        "workspaces",
        "path",
        "settings",
        "at",
        "[inventory]\n",
        "0x",
        "9999999999999999999",
        "\u{feff}",
        "\r",
    ]);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        proptest::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn settings_of_any_bytes_give_settings_and_never_a_program(bytes in contents()) {
        let place = Place::new();
        std::fs::write(place.settings(), &bytes).unwrap();
        let loaded = place.load();
        prop_assert_eq!(loaded.settings.fetch.cargo, None, "an untrusted workspace names no program");
        for problem in &loaded.problems {
            prop_assert!(!problem.message.is_empty());
            let inside = problem.span.as_ref().is_none_or(|span| span.start <= span.end && span.end <= bytes.len());
            prop_assert!(inside, "{:?} of {} bytes", problem.span, bytes.len());
        }
    }

    #[test]
    fn a_trust_list_of_any_bytes_trusts_nothing(bytes in contents()) {
        let place = Place::new();
        std::fs::write(place.data().join("trust.json"), &bytes).unwrap();
        let list = TrustList::new(&place.folders());
        if let Ok(trust) = list.of(&place.root()) {
            prop_assert_eq!(trust, Trust::Untrusted);
        }
        // What is not understood is not written over.
        if list.trust(&place.root()).is_err() {
            prop_assert_eq!(std::fs::read(place.data().join("trust.json")).unwrap(), bytes);
        }
    }

    #[test]
    fn an_offline_file_of_any_bytes_opens_no_connection(bytes in contents()) {
        let place = Place::new();
        std::fs::write(place.data().join("offline"), &bytes).unwrap();
        let said = String::from_utf8_lossy(&bytes).trim().to_owned();
        let expected = match said.as_str() { "off" => OfflineMode::Off, "auto" => OfflineMode::Auto, _ => OfflineMode::On };
        prop_assert_eq!(Gate::new(&place.folders()).mode(), expected);
    }

    #[test]
    fn an_unknown_key_is_a_warning_and_the_known_ones_beside_it_count(key in "[a-z]{3,12}") {
        prop_assume!(!["enable", "verify", "exclude"].contains(&key.as_str()));
        let place = Place::new();
        std::fs::write(place.settings(), format!("[inventory]\nx{key} = 1\nverify = false\n")).unwrap();
        let loaded = place.load();
        prop_assert_eq!(loaded.settings.inventory.verify, Some(false));
        prop_assert_eq!(loaded.problems.len(), 1);
        prop_assert!(loaded.problems[0].message.contains(&format!("inventory.x{key}")), "{}", loaded.problems[0].message);
    }
}

/// What can stand in a file's place.
const IMPOSTORS: [&str; 5] = ["a pipe", "a device", "a circle of links", "a folder", "100 MB"];

fn make(what: &str, path: &Path) {
    match what {
        "a pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "a device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "a circle of links" => std::os::unix::fs::symlink(path, path).unwrap(),
        "a folder" => std::fs::create_dir(path).unwrap(),
        _ => std::fs::File::create(path).unwrap().set_len(100_000_000).unwrap(),
    }
}

#[test]
fn what_stands_in_the_place_of_a_file_is_refused_at_once() {
    for name in ["settings", "user settings", "trust list", "trust lock", "offline"] {
        let at = |place: &Place| match name {
            "settings" => place.settings(),
            "user settings" => place.folders().config,
            "trust list" => place.data().join("trust.json"),
            "trust lock" => place.data().join("trust.lock"),
            _ => place.data().join("offline"),
        };
        for what in IMPOSTORS {
            let place = Place::new();
            make(what, &at(&place));
            let began = Instant::now();
            let list = TrustList::new(&place.folders());
            match name {
                "settings" | "user settings" => {
                    let problems = place.load().problems;
                    assert_eq!(problems.len(), 1, "{name} is {what}: {problems:?}");
                    assert!(problems[0].message.contains("cannot be read"), "{name} is {what}: {problems:?}");
                }
                "trust list" => {
                    let text = list.of(&place.root()).expect_err(what).to_string();
                    assert!(text.contains("trust.json") && text.contains("hint:"), "{what}: {text}");
                    list.trust(&place.root()).expect_err(what);
                }
                // Nothing is read from the lock: a device or a large file locks as well as another.
                "trust lock" if ["a device", "100 MB"].contains(&what) => list.trust(&place.root()).unwrap(),
                "trust lock" => drop(list.trust(&place.root()).expect_err(what)),
                _ => assert_eq!(Gate::new(&place.folders()).mode(), OfflineMode::On, "{what}"),
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{name} is {what}: {:?}", began.elapsed());
        }
    }
}

#[test]
#[ignore = "run by another test, as a process of its own"]
fn trusting_process() {
    let data = PathBuf::from(std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap());
    let first: usize = std::env::var("HOLDOVER_TEST_FIRST").unwrap().parse().unwrap();
    let list = TrustList::new(&Folders { data: data.join("data"), config: data.join("none") });
    for n in first..first + 20 {
        list.trust(&data.join(format!("workspace-{n}"))).unwrap();
    }
}

#[test]
fn processes_that_edit_the_trust_list_at_once_lose_nothing() {
    let place = Place::new();
    let children: Vec<_> = (0..4)
        .map(|n| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "trusting_process", "--ignored"])
                .env("HOLDOVER_TEST_FOLDER", place.folder.path())
                .env("HOLDOVER_TEST_FIRST", (n * 20).to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let list = TrustList::new(&place.folders());
    for n in 0..80 {
        assert_eq!(list.of(&place.folder.path().join(format!("workspace-{n}"))).unwrap(), Trust::Trusted, "{n}");
    }
}
