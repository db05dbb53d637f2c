//! Surveys of what is broken, hostile or not to be read: never called ready, never an escape, and an end in time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop and print"
)]

use contract::{ArtifactState, ReadinessState, codes};
use holdover_inventory::{Inventory, NoMemory, Options};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod place;
use place::{Place, state, write};

#[test]
fn what_cannot_be_told_is_unknown_with_its_reason() {
    type Make = fn(&Path);
    let odd: [(&str, ArtifactState, Make); 3] = [
        ("not a regular file", ArtifactState::Unknown, |path| {
            let status = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(status.success());
        }),
        // These two are no question: the judge tests say what the tools make of them.
        ("cache", ArtifactState::Missing, |path| std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap()),
        ("a folder", ArtifactState::Corrupt, |path| std::fs::create_dir(path).unwrap()),
    ];
    for (reason, wanted, make) in odd {
        let place_ = Place::new();
        for path in [place_.itoa(), place_.ms()] {
            std::fs::remove_file(&path).unwrap();
            make(&path);
        }
        let begun = Instant::now();
        let survey = place_.survey();
        assert!(begun.elapsed() < Duration::from_secs(5), "nothing waits for a pipe's other end");
        for name in ["itoa", "ms"] {
            let (state, evidence) = state(&survey, name);
            assert_eq!(state, wanted, "{name}: {reason}");
            assert!(evidence.contains(reason), "{evidence}");
            let code = match wanted {
                ArtifactState::Unknown => codes::UNKNOWN_ARTIFACT,
                ArtifactState::Missing => codes::MISSING_ARTIFACT,
                _ => codes::CORRUPT_ARTIFACT,
            };
            let said = survey.findings.iter().filter(|finding| finding.message.starts_with(&format!("{name} ")));
            let said: Vec<_> = said.map(|finding| (finding.code.as_str(), finding.message.contains(reason))).collect();
            assert!(said.contains(&(code, true)), "{name}: {said:?}");
        }
        assert_ne!(survey.readiness.state, ReadinessState::Ready);
    }
}

#[test]
fn a_file_that_goes_or_is_cut_short_while_it_is_looked_at_and_read_is_never_verified() {
    type Spoil = fn(&Path);
    let spoils: [(ArtifactState, Spoil); 2] = [
        (ArtifactState::Missing, |path| std::fs::remove_file(path).unwrap()),
        (ArtifactState::Corrupt, |path| write(path, "cra")),
    ];
    for (wanted, spoil) in spoils {
        // At each question that is asked on the way, until there are no more.
        let mut rounds = 0;
        for at in 0..100 {
            let place_ = Place::new();
            let asked = AtomicUsize::new(0);
            let ask = || {
                if asked.fetch_add(1, Ordering::Relaxed) == at {
                    for path in [place_.itoa(), place_.ms()] {
                        spoil(&path);
                    }
                }
            };
            let mut inventory = Inventory::new(&place_.root, place_.options());
            let cancelled = || {
                ask();
                false
            };
            let (looked, _) = inventory.deepen(&NoMemory, &cancelled, &|_, _| ask());
            if asked.into_inner() <= at {
                break;
            }
            rounds += 1;
            // What was whole when it was looked at may be told so; never after its content was missed.
            let (again, _) = inventory.deepen(&NoMemory, &|| false, &|_, _| ());
            for name in ["itoa", "ms"] {
                let now = looked.artifacts.iter().find(|artifact| artifact.name == name).unwrap();
                assert!(now.state == wanted || now.state == ArtifactState::Present, "{at}: {name}: {now:?}");
                assert_eq!(state(&again, name).0, wanted, "{at}: {name}");
            }
            if at == 0 {
                assert_ne!(looked.readiness.state, ReadinessState::Ready);
            }
        }
        assert!((2..100).contains(&rounds), "{rounds}");
    }
}

#[test]
fn no_secret_of_an_address_is_shown_and_what_is_not_judged_is_unknown() {
    let place_ = Place::new();
    let lock = place_.root.join("Cargo.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    let commit = format!("git+https://user:secret@example.org/a.git?rev=1#{}", "ab".repeat(20));
    for (source, wanted) in [
        ("git+https://user:secret@example.org/a.git?rev=1#0123", ArtifactState::Unknown),
        (&commit, ArtifactState::Missing),
        ("registry+https://user:secret@example.org/index", ArtifactState::Unknown),
    ] {
        write(&lock, text.replacen(&place::source(), source, 1));
        let survey = place_.survey();
        let (state, evidence) = state(&survey, "itoa");
        assert_eq!(state, wanted, "{evidence}");
        assert!(evidence.contains("example.org") && !evidence.contains("secret"), "{evidence}");
        assert_ne!(survey.readiness.state, ReadinessState::Ready);
    }
}

#[test]
fn names_never_lead_outside_the_cache() {
    let place_ = Place::new();
    let lock = place_.root.join("Cargo.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    for (from, to) in
        [("name = \"itoa\"", "name = \"../../../itoa\""), ("version = \"1.0.2\"", "version = \"1.0.2/../../x\"")]
    {
        write(&lock, text.replace(from, to));
        let survey = place_.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
        assert!(survey.findings.iter().any(|finding| finding.code == codes::MALFORMED_LOCKFILE));
        assert!(survey.artifacts.iter().flat_map(|a| &a.looked_in).all(|path| !path.to_string_lossy().contains("..")));
    }
}

#[test]
fn a_huge_or_deep_lockfile_is_an_error_within_a_second() {
    for (name, text) in [
        ("Cargo.lock", "[[package]]\nname = \"a\"\n".repeat(4_500_000)),
        ("package-lock.json", format!("{{{}", " ".repeat(100 << 20))),
        ("Cargo.lock", format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("package-lock.json", format!("{{\"packages\":{}", "{\"a\":".repeat(10_000))),
    ] {
        let place_ = Place::new();
        write(&place_.root.join(name), &text);
        let begun = Instant::now();
        let survey = place_.survey();
        // Ten times what is asked for: tests are built without optimisation and run beside others.
        assert!(begun.elapsed() < Duration::from_secs(10), "{name}: {:?}", begun.elapsed());
        let said = survey.findings.iter().filter(|f| f.code == codes::MALFORMED_LOCKFILE).count();
        assert_eq!(said, 1, "{name}");
        assert_ne!(survey.readiness.state, ReadinessState::Ready);
    }
}

#[test]
fn links_to_folders_are_not_followed_and_excluded_folders_are_not_looked_into() {
    let place_ = Place::new();
    std::os::unix::fs::symlink(&place_.root, place_.root.join("loop")).unwrap();
    for folder in ["node_modules/x", "target/x", ".hidden/x", "skipped/x"] {
        write(&place_.root.join(folder).join("Cargo.lock"), "version = 4\n");
    }
    let options = Options { exclude: vec!["skipped".into()], ..place_.options() };
    let survey = Inventory::new(&place_.root, options).survey(&NoMemory, &|| false);
    assert_eq!(survey.readiness.ecosystems.len(), 2);
}

#[test]
fn links_that_lead_to_themselves_in_cargos_and_npms_caches_end_in_an_answer_that_is_not_ready() {
    for below in [
        ".cargo",
        ".cargo/registry/index",
        ".cargo/registry/cache",
        ".npm",
        ".npm/_cacache/content-v2",
        ".npm/_cacache/content-v2/sha512",
    ] {
        let place_ = Place::new();
        let folder = place_.home.join(below);
        std::fs::remove_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &folder).unwrap();
        let begun = Instant::now();
        assert_ne!(place_.survey().readiness.state, ReadinessState::Ready, "{below}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{below}");
    }
}

#[test]
fn names_and_checksums_that_lead_out_of_npms_and_cargos_caches_are_not_followed() {
    for name in ["../../../../out", "@a/../../../../out", "/out", "..", "a/../../out"] {
        let place_ = Place::new();
        let (npm, cargo) = (place_.root.join("package-lock.json"), place_.root.join("Cargo.lock"));
        let text = std::fs::read_to_string(&npm).unwrap();
        let without = text.replace("\"resolved\": \"https://registry.example/ms/-/ms-2.1.3.tgz\",", "");
        for text in [
            text.replace("node_modules/ms", &format!("node_modules/{name}")),
            without.replace("node_modules/ms", &format!("node_modules/{name}")),
            without.replace("sha512-", &format!("sha512-{name}")),
        ] {
            write(&npm, text);
            let lock = std::fs::read_to_string(&cargo).unwrap();
            write(&cargo, lock.replace("name = \"itoa\"", &format!("name = \"{name}\"")));
            let survey = place_.survey();
            assert_ne!(survey.readiness.state, ReadinessState::Ready, "{name}");
            for artifact in &*survey.artifacts {
                for path in &artifact.looked_in {
                    let is_plain = !path.components().any(|part| part == std::path::Component::ParentDir);
                    let is_inside = path.starts_with(&place_.home) || path.starts_with(&place_.root);
                    assert!(is_plain && is_inside, "{name}: {}", path.display());
                }
            }
        }
    }
}

/// Not as root, to whom everything is open: then the rest of the test runs as somebody else, in a process of its own.
#[test]
fn what_may_not_be_read_is_unknown() {
    use std::os::unix::fs::PermissionsExt;
    let shut = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if rustix::process::geteuid().is_root() {
        let binary = tempfile::tempdir().unwrap();
        std::fs::set_permissions(binary.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = binary.path().join("again");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let mut again = std::process::Command::new(&copy);
        std::os::unix::process::CommandExt::uid(&mut again, 65_534);
        let output = again.args(["--exact", "what_may_not_be_read_is_unknown"]).current_dir("/").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    for budget in [0, 32 << 20] {
        let place_ = Place::new();
        shut(&place_.itoa());
        shut(&place_.ms());
        let options = Options { verify_budget: budget, ..place_.options() };
        let mut inventory = Inventory::new(&place_.root, options);
        let first = inventory.survey(&NoMemory, &|| false);
        let (deep, _) = inventory.deepen(&NoMemory, &|| false, &|_, _| ());
        for survey in [first, deep] {
            for name in ["itoa", "ms"] {
                let (state, evidence) = state(&survey, name);
                assert_eq!(state, ArtifactState::Unknown, "{name}");
                assert!(evidence.contains("could not be read: permission denied"), "{evidence}");
            }
            assert_eq!(survey.readiness.state, ReadinessState::Unknown);
        }
    }
    let place_ = Place::new();
    let folder = place_.root.join("closed");
    std::fs::create_dir(&folder).unwrap();
    shut(&folder);
    let survey = place_.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(survey.findings.iter().any(|f| f.file == folder && f.message.contains("may not be listed")));
}

#[test]
fn where_a_limit_ends_the_search_for_lockfiles_nothing_is_called_ready() {
    let below = |root: &Path, deep: usize| (0..deep).fold(root.to_path_buf(), |path, _| path.join("d"));
    let place_ = Place::new();
    let deepest = below(&place_.root, 64);
    write(&deepest.join("Cargo.lock"), "version = 4\n");
    let survey = place_.survey();
    assert!(
        survey.readiness.ecosystems.iter().any(|one| one.lockfile.ancestors().count() > 60),
        "the deepest is found"
    );
    std::fs::remove_file(deepest.join("Cargo.lock")).unwrap();
    assert_eq!(place_.survey().readiness.state, ReadinessState::Ready);

    let beyond = below(&place_.root, 65);
    std::fs::create_dir_all(&beyond).unwrap();
    let survey = place_.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    let said = |survey: &holdover_inventory::Survey, folder: &Path, limit: &str| {
        survey
            .findings
            .iter()
            .any(|f| f.code == codes::MALFORMED_LOCKFILE && f.file == folder && f.message.contains(limit))
    };
    assert!(said(&survey, &beyond, "64 folders below each other"), "{:?}", survey.findings);

    // What is missing is missing all the same.
    std::fs::remove_file(place_.ms()).unwrap();
    assert_eq!(place_.survey().readiness.state, ReadinessState::Incomplete);
}
