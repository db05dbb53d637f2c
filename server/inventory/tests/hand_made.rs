//! Surveys of small workspaces whose caches are made by hand: every state, with its reason.
//! No tool is run here; whether the tools agree is the judge tests' business.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop and print"
)]

use contract::{ArtifactState, ReadinessState, codes};
use holdover_inventory::{Depth, Homes, Inventory, NoMemory, Options, hover, place, plan_fetch};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

mod place;
use place::{Kept, Place, SHORT, state, write};

#[test]
fn a_workspace_with_everything_is_ready_and_a_crate_for_another_target_may_be_missing() {
    let survey = Place::new().survey();
    assert_eq!(survey.readiness.state, ReadinessState::Ready, "{:?}", survey.findings);
    assert_eq!((survey.readiness.total, survey.readiness.verified, survey.readiness.other_targets), (2, 2, 1));
    assert!(survey.findings.is_empty());
}

#[test]
fn what_is_missing_is_named_at_the_lockfile_and_at_the_manifest() {
    let place_ = Place::new();
    std::fs::remove_file(place_.itoa()).unwrap();
    std::fs::remove_file(place_.ms()).unwrap();
    let survey = place_.survey();
    assert_eq!((survey.readiness.state, survey.readiness.missing), (ReadinessState::Incomplete, 2));
    let at = |file: &str| {
        let found: Vec<_> = survey.findings.iter().filter(|f| f.file == place_.root.join(file)).collect();
        assert_eq!(found.len(), 1, "{file}: {found:?}");
        assert_eq!(found[0].code, codes::MISSING_ARTIFACT);
        let text = std::fs::read_to_string(place_.root.join(file)).unwrap();
        text[found[0].range.start.byte as usize..found[0].range.end.byte as usize].to_owned()
    };
    assert_eq!(at("Cargo.lock"), "name = \"itoa\"");
    assert_eq!(at("Cargo.toml"), "itoa");
    assert_eq!(at("package-lock.json"), "\"node_modules/ms\"");
    assert_eq!(at("package.json"), "\"ms\"");
    let steps = plan_fetch(&survey, None);
    let commands: Vec<String> = steps.iter().map(|step| step.command.join(" ")).collect();
    assert_eq!(commands, ["cargo fetch --locked --target x86_64-unknown-linux-gnu", "npm cache add -- ms@2.1.3"]);
    assert_eq!(steps[0].artifacts, ["cargo:itoa@1.0.2"]);
    let only = plan_fetch(&survey, Some(&["npm:ms@2.1.3".to_owned()]));
    assert_eq!(only.len(), 1);
}

#[test]
fn an_open_document_has_its_findings_where_the_text_stands_now() {
    let place_ = Place::new();
    std::fs::remove_file(place_.itoa()).unwrap();
    let survey = place_.survey();
    for (file, wanted) in [("Cargo.toml", "itoa"), ("Cargo.lock", "name = \"itoa\"")] {
        let path = place_.root.join(file);
        let text = format!("# 😀 a new line\n{}", std::fs::read_to_string(&path).unwrap());
        let found = place(&survey, &path, &text);
        assert_eq!(found.len(), 1, "{file}");
        let span = found[0].range.start.byte as usize..found[0].range.end.byte as usize;
        assert_eq!(&text[span.clone()], wanted);
        let (_, says) = hover(&survey, &path, &text, span.start + 1).unwrap();
        for part in ["**itoa 1.0.2**", "missing", "itoa-1.0.2.crate", "Needed by: app"] {
            assert!(says.contains(part), "{part} is in {says}");
        }
    }
    let path = place_.root.join("Cargo.toml");
    assert!(place(&survey, &path, "[dependencies]\nother = 1\nhalf = ").is_empty());
}

#[test]
fn damage_is_found_and_remembered_until_the_file_changes() {
    let place_ = Place::new();
    let memory = Kept::default();
    write(&place_.itoa(), "crate ITOA");
    write(&place_.ms(), "tarball MS");
    // Younger files are looked at again each time.
    std::thread::sleep(Duration::from_millis(80));
    let first = Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    assert_eq!(state(&first, "itoa").0, ArtifactState::Corrupt);
    assert_eq!(state(&first, "ms").0, ArtifactState::Corrupt);
    assert_eq!(plan_fetch(&first, None)[0].set_aside, [place_.itoa()]);
    let frugal = Options { verify_budget: 0, ..place_.options() };
    let again = Inventory::new(&place_.root, frugal.clone()).survey(&memory, &|| false);
    assert_eq!(state(&again, "itoa").0, ArtifactState::Corrupt, "remembered, not read again");
    let forgetful = Inventory::new(&place_.root, frugal.clone()).survey(&NoMemory, &|| false);
    let artifact = forgetful.artifacts.iter().find(|a| a.name == "itoa").unwrap();
    assert!(artifact.state == ArtifactState::Present && !artifact.verified, "not read, and said so");
    write(&place_.itoa(), "crate itoa");
    let mended = Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    assert_eq!(state(&mended, "itoa").0, ArtifactState::Present);
    let mut inventory = Inventory::new(&place_.root, frugal);
    inventory.survey(&NoMemory, &|| false);
    let (deep, outcome) = inventory.deepen(&NoMemory, &|| false, &|_, _| ());
    assert_eq!((outcome.sound, outcome.corrupt), (1, 1));
    assert_eq!(state(&deep, "ms").0, ArtifactState::Corrupt);
}

#[test]
fn a_deep_survey_reads_everything_again() {
    let place_ = Place::new();
    let memory = Kept::default();
    std::thread::sleep(Duration::from_millis(80));
    Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    // The same size and times, as a failing disk would have it: only reading shows it.
    let options = Options { depth: Depth::Deep, verify_budget: 0, ..place_.options() };
    let survey = Inventory::new(&place_.root, options).survey(&memory, &|| false);
    assert!(survey.artifacts.iter().filter(|a| !a.other_target).all(|a| a.verified));
}

#[test]
fn nothing_changed_gives_the_same_answer_and_any_change_a_new_one() {
    let place_ = Place::new();
    let mut inventory = Inventory::new(&place_.root, place_.options());
    std::thread::sleep(Duration::from_millis(80));
    let first = inventory.survey(&NoMemory, &|| false);
    assert!(Arc::ptr_eq(&first, &inventory.survey(&NoMemory, &|| false)));
    std::fs::remove_file(place_.itoa()).unwrap();
    let second = inventory.survey(&NoMemory, &|| false);
    assert_eq!(state(&second, "itoa").0, ArtifactState::Missing);
    write(&place_.root.join("nested/Cargo.lock"), "version = 4\n");
    write(&place_.root.join("nested/src/lib.rs"), "");
    write(&place_.root.join("nested/Cargo.toml"), "[package]\nname = \"n\"\nversion = \"0.1.0\"\n");
    let third = inventory.survey(&NoMemory, &|| false);
    assert_eq!(third.readiness.ecosystems.len(), 3, "a new lockfile is found");
    write(
        &place_.home.join(".cargo/config.toml"),
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
    );
    let fourth = inventory.survey(&NoMemory, &|| false);
    let (state, evidence) = state(&fourth, "itoa");
    assert_eq!(state, ArtifactState::Missing, "configuration that appears counts");
    assert!(evidence.contains("the folder of vendored sources is not there"), "{evidence}");
}

#[test]
fn a_dependency_for_another_target_is_not_said_to_bring_in_what_this_one_misses() {
    let place_ = Place::new();
    let (entry, lock) = (place_.index(".cache/wi/na/winapi"), place_.root.join("Cargo.lock"));
    let needs = br#""deps":[{"name":"itoa","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let bytes = std::fs::read(&entry).unwrap();
    let at = bytes.windows(9).position(|part| part == b"\"deps\":[]").unwrap();
    write(&entry, [&bytes[..at], needs, &bytes[at + 9..]].concat());
    let text = std::fs::read_to_string(&lock).unwrap().trim_end().to_owned();
    write(&lock, text + "\ndependencies = [\n \"itoa\",\n]\n");
    std::fs::remove_file(place_.itoa()).unwrap();
    // Once worked out, once remembered.
    let memory = Kept::default();
    for _ in 0..2 {
        let survey = Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
        let itoa = survey.artifacts.iter().find(|artifact| artifact.name == "itoa").unwrap();
        assert_eq!((itoa.state, itoa.needed_by.as_slice()), (ArtifactState::Missing, &["app".to_owned()][..]));
        let lines: Vec<&str> = itoa.manifests.iter().map(|line| line.dependency.as_str()).collect();
        assert_eq!(lines, ["itoa"]);
        let winapi = survey.artifacts.iter().find(|artifact| artifact.name == "winapi").unwrap();
        assert!(winapi.other_target && winapi.needed_by == ["app"], "{winapi:?}");
    }
}

#[test]
fn the_index_counts_for_every_target() {
    let place_ = Place::new();
    std::fs::remove_file(place_.index(".cache/wi/na/winapi")).unwrap();
    let survey = place_.survey();
    assert_eq!(state(&survey, "winapi").0, ArtifactState::Missing);
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let place_ = Place::new();
    place_.entry("it/oa/itoa", "itoa", "1.0.1", &"0".repeat(64));
    assert_eq!(state(&place_.survey(), "itoa").0, ArtifactState::Stale);
    let place_ = Place::new();
    place_.entry("it/oa/itoa", "itoa", "1.0.2", &"0".repeat(64));
    assert_eq!(state(&place_.survey(), "itoa").0, ArtifactState::Corrupt);
    let place_ = Place::new();
    std::fs::remove_file(place_.index("config.json")).unwrap();
    assert_eq!(state(&place_.survey(), "registry index").0, ArtifactState::Missing);
}

#[test]
fn without_an_address_npm_needs_the_description_of_a_package_too() {
    let place_ = Place::new();
    let lock = place_.root.join("package-lock.json");
    let text = std::fs::read_to_string(&lock).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("resolved")).collect();
    write(&lock, without.join("\n"));
    write(
        &place_.root.join(".npmrc"),
        "registry = https://registry.example/npm/\n//registry.example/npm/:_authToken = secret\n",
    );
    let before = place_.survey();
    assert_eq!(state(&before, "ms").0, ArtifactState::Missing, "{:?}", before.findings);
    let tarball = "https://registry.example/npm/ms/-/ms-2.1.3.tgz";
    let described = format!(r#"{{"versions":{{"2.1.2":{{}},"2.1.3":{{"dist":{{"tarball":"{tarball}"}}}}}}}}"#);
    place_.cache("https://registry.example/npm/ms", &described, Some(SHORT));
    assert_eq!(state(&place_.survey(), "ms").0, ArtifactState::Missing, "its tarball is not known by address yet");
    place_.cache(tarball, "tarball ms", None);
    let survey = place_.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Ready, "{:?}", survey.findings);
    place_.cache("https://registry.example/npm/ms", &described, Some("application/json"));
    assert_eq!(place_.survey().readiness.state, ReadinessState::Ready, "the one that npm asks for is still there");
    for (described, wanted) in [
        (described.replace("2.1.3", "2.1.4"), ArtifactState::Stale),
        (described.replace("tarball", "tar"), ArtifactState::Corrupt),
        (described.replace("}}}", ""), ArtifactState::Corrupt),
    ] {
        place_.cache("https://registry.example/npm/ms", &described, Some(SHORT));
        assert_eq!(state(&place_.survey(), "ms").0, wanted, "{described}");
    }
    assert!(survey.mirrors.iter().any(|mirror| mirror.url == "https://registry.example/npm/"));
}

#[test]
fn a_folder_without_lockfiles_is_not_called_ready() {
    let folder = tempfile::tempdir().unwrap();
    let survey = Inventory::new(folder.path(), Options::default()).survey(&NoMemory, &|| false);
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
}

/// Surveys a sound place after `change`, and gives the reason why it is not ready.
fn not_ready(change: impl FnOnce(&Place)) -> String {
    let place_ = Place::new();
    change(&place_);
    let survey = place_.survey();
    assert_ne!(survey.readiness.state, ReadinessState::Ready, "{:?}", survey.readiness);
    let problems = survey.readiness.ecosystems.iter().filter_map(|one| one.problem.clone());
    let evidence = survey.artifacts.iter().filter(|a| a.state != ArtifactState::Present).map(|a| a.evidence.clone());
    let said = survey.findings.iter().map(|finding| finding.message.clone());
    problems.chain(evidence).chain(said).collect::<Vec<_>>().join("; ")
}

fn assert_says(change: impl FnOnce(&Place), reason: &str) {
    let said = not_ready(change);
    assert!(said.contains(reason), "{reason:?} is not in {said:?}");
}

fn in_manifest(place_: &Place, more: &str) {
    let path = place_.root.join("Cargo.toml");
    write(&path, std::fs::read_to_string(&path).unwrap() + more);
}

#[test]
fn a_manifest_that_cargo_would_refuse_or_lock_anew_is_not_ready() {
    let absent = "\n[patch.crates-io]\nitoa = { path = \"nowhere\" }\n";
    assert_says(|p| in_manifest(p, absent), "[patch] puts a folder in place of itoa");
    assert_says(
        |p| {
            in_manifest(p, "\n[patch.crates-io]\nother = { path = \"other\" }\n");
            write(&p.root.join("other/Cargo.toml"), "[package]\nname = \"other\"\nversion = \"0.1.0\"\n");
            write(&p.root.join("other/src/lib.rs"), "");
        },
        "the lockfile does not have",
    );
    assert_says(|p| write(&p.root.join(".cargo/config.toml"), absent), "patch");
    assert_says(|p| std::fs::remove_dir_all(p.root.join("src")).unwrap(), "neither src/lib.rs nor src/main.rs");
    assert_says(
        |p| {
            let path = p.root.join("Cargo.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("0.1.0\"\n", "0.1.0\"\nedition = \"2022\"\n"));
        },
        "edition that is not known: 2022",
    );
}

#[test]
fn a_manifest_without_a_lockfile_keeps_the_whole_from_being_ready() {
    for (lock, manifest) in [("Cargo.lock", "Cargo.toml"), ("package-lock.json", "package.json")] {
        let place_ = Place::new();
        std::fs::remove_file(place_.root.join(lock)).unwrap();
        let survey = place_.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Unknown);
        assert!(survey.findings.iter().any(|f| f.code == codes::UNLOCKED_DEPENDENCY && f.file.ends_with(manifest)));
        assert_eq!(survey.readiness.ecosystems.iter().filter(|one| one.problem.is_some()).count(), 1);
        std::fs::create_dir(place_.root.join(lock)).unwrap();
        let survey = place_.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Unknown);
        assert!(survey.findings.iter().any(|f| f.code == codes::MALFORMED_LOCKFILE && f.file.ends_with(lock)));
    }
    let place_ = Place::new();
    std::fs::remove_file(place_.root.join("package-lock.json")).unwrap();
    write(&place_.root.join("package.json"), r#"{ "name": "app" }"#);
    assert_eq!(place_.survey().readiness.state, ReadinessState::Ready, "nothing is needed, so nothing is locked");
}

#[test]
fn a_target_that_is_not_known_is_never_ready() {
    let place_ = Place::new();
    let options = Options { target: Some("x86_64-unknown-linus-gnu".into()), ..place_.options() };
    let survey = Inventory::new(&place_.root, options).survey(&NoMemory, &|| false);
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(survey.readiness.ecosystems.iter().all(|one| one.problem.as_ref().unwrap().contains("linus")));
}

#[test]
fn what_npm_would_compare_and_is_not_compared_here_is_not_ready() {
    let manifest = |place_: &Place, more: &str| {
        let text = format!(r#"{{ "name": "app", "dependencies": {{ "ms": "^2.0.0" }}, {more} }}"#);
        write(&place_.root.join("package.json"), text);
    };
    for refused in
        ["{ \"ms\": \"1.0.0\" }", "{ \"ms@2\": \"^2.0.0\" }", "{ \"ms\": \"$ms\" }", "{ \"ms\": { \".\": \"2\" } }"]
    {
        assert_says(|p| manifest(p, &format!(r#""overrides": {refused}"#)), "overrides");
    }
    let followed = Place::new();
    manifest(&followed, r#""overrides": { "ms": "^2.0.0", "not-here": "1.0.0" }"#);
    assert_eq!(followed.survey().readiness.state, ReadinessState::Ready, "{:?}", followed.survey().readiness);
    for pattern in ["packages/*", "./packages/new", "packages/**"] {
        assert_says(
            |p| {
                manifest(p, &format!(r#""workspaces": ["{pattern}"]"#));
                write(&p.root.join("packages/new/package.json"), r#"{ "name": "new", "version": "1.0.0" }"#);
            },
            "does not have a member of the workspaces: packages/new",
        );
    }
    assert_says(|p| write(&p.root.join("package.json"), "{ \"name\": "), "cannot be read");
    assert_says(|p| std::fs::remove_file(p.root.join("package.json")).unwrap(), "was not read");
    assert_says(|p| write(&p.root.join("package-lock.json"), r#"{ "lockfileVersion": 3 }"#), "no `packages`");
    let only = r#"{ "lockfileVersion": 3, "packages": {} }"#;
    assert_says(|p| write(&p.root.join("package-lock.json"), only), "no entry for the project");
    assert_says(
        |p| {
            manifest(p, r#""engines": { "node": ">=999" }"#);
            write(&p.root.join(".npmrc"), "engine-strict=true\n");
        },
        "engine-strict is set",
    );
}

#[test]
fn what_an_entry_of_the_lockfile_needs_and_the_lockfile_lacks_is_told_at_that_entry() {
    let place_ = Place::new();
    let path = place_.root.join("package-lock.json");
    let mut lock: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    lock["packages"]["node_modules/ms"]["optionalDependencies"] =
        serde_json::json!({ "ms-zeta": "1", "ms-alpha": "1", "ms-beta": "1" });
    let text = serde_json::to_string_pretty(&lock).unwrap();
    write(&path, &text);
    let survey = place_.survey();
    let says = "ms needs ms-alpha and 2 more, which the lockfile does not have";
    let npm = survey.readiness.ecosystems.iter().find(|e| e.name == "npm").unwrap();
    assert_eq!(npm.problem.as_deref(), Some(says));
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let line = text.lines().position(|line| line.contains("\"node_modules/ms\"")).unwrap() as u32;
    let told = |findings: &[contract::Finding]| {
        let told: Vec<_> = findings.iter().filter(|f| f.message.contains(says)).collect();
        assert_eq!(told.len(), 1, "{findings:#?}");
        (told[0].code.clone(), told[0].range.start.line)
    };
    assert_eq!(told(&survey.findings), ("unlocked-dependency".to_owned(), line));
    // In an open document that has grown at its top it goes with its entry.
    assert_eq!(told(&place(&survey, &path, &format!("\n\n{text}"))).1, line + 2);
}

#[test]
fn a_byte_order_mark_is_passed_over_as_npm_does() {
    let place_ = Place::new();
    for name in ["package.json", "package-lock.json"] {
        let path = place_.root.join(name);
        write(&path, format!("\u{feff}{}", std::fs::read_to_string(&path).unwrap()));
    }
    let survey = place_.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Ready, "{:?}", survey.findings);
}

#[test]
fn an_index_without_an_address_to_download_from_is_damaged() {
    for text in ["{}", "[]", "not json", r#"{"dl":1}"#] {
        let place_ = Place::new();
        write(&place_.index("config.json"), text);
        assert_eq!(state(&place_.survey(), "registry index").0, ArtifactState::Corrupt, "{text}");
    }
}

/// Made by hand, without rustup: the judge test asks rustup itself where it is there.
#[test]
fn a_toolchain_that_rustup_would_have_to_download_is_named() {
    let place_ = Place::new();
    let settings = place_.home.join(".rustup/settings.toml");
    let file = place_.root.join("rust-toolchain.toml");
    write(&file, "[toolchain]\nchannel = \"1.70.0\"\n");
    assert_eq!(place_.survey().readiness.state, ReadinessState::Ready, "without rustup the file means nothing");
    let toolchains = place_.home.join(".rustup/toolchains");
    std::fs::create_dir_all(&toolchains).unwrap();
    assert_eq!(place_.survey().readiness.state, ReadinessState::Unknown, "who would be asked is not known");
    let programs = place_.home.join("bin");
    write(&programs.join("rustup"), "the program");
    std::fs::hard_link(programs.join("rustup"), programs.join("cargo")).unwrap();
    let survey = |more: &[(&str, &str)]| {
        let path = programs.to_str().unwrap();
        let variables =
            [("HOME", place_.home.to_str().unwrap()), ("PATH", path)].into_iter().chain(more.iter().copied());
        let homes = Homes::from_variables(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Inventory::new(&place_.root, Options { homes, ..place_.options() }).survey(&NoMemory, &|| false)
    };
    let said = |more: &[(&str, &str)]| {
        let survey = survey(more);
        let problem = survey.readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap_or_default();
        assert_eq!(survey.readiness.state == ReadinessState::Incomplete, !problem.is_empty(), "{problem}");
        problem
    };
    assert!(said(&[]).contains("toolchain 1.70.0 is not installed"));
    std::fs::create_dir(toolchains.join("1.70.0")).unwrap();
    assert_eq!(said(&[]), "");
    assert!(said(&[("RUSTUP_TOOLCHAIN", "1.71.0")]).contains("toolchain 1.71.0"));
    let kept = format!("[overrides]\n{:?} = \"1.72.0\"\n", place_.root.to_str().unwrap());
    write(&settings, &kept);
    assert!(said(&[]).contains("toolchain 1.72.0"), "what rustup keeps for a folder comes first");
    write(&settings, kept.replace("1.72.0", "1.70.0"));
    assert_eq!(said(&[]), "");
    write(&settings, "version = \"12\"\n");
    let list = "[[components]]\npkg = \"rustfmt-preview\"\ntarget = \"x86_64-unknown-linux-gnu\"\n";
    write(&toolchains.join("1.70.0/lib/rustlib/multirust-config.toml"), list);
    for (asked, lacks) in [
        ("components = [\"rustfmt\"]", ""),
        ("components = [\"rustfmt\", \"rust-src\"]", "rust-src"),
        ("targets = [\"wasm32-unknown-unknown\"]", "wasm32-unknown-unknown"),
    ] {
        write(&file, format!("[toolchain]\nchannel = \"1.70.0\"\n{asked}\n"));
        assert!(said(&[]).ends_with(lacks) && said(&[]).is_empty() == lacks.is_empty(), "{asked}");
        assert_eq!(said(&[("RUSTUP_AUTO_INSTALL", "0")]), "", "rustup goes on without");
    }
    std::fs::remove_file(programs.join("rustup")).unwrap();
    write(&file, "[toolchain]\nchannel = \"1.73.0\"\n");
    assert_eq!(said(&[]), "", "a cargo of its own does not ask rustup");
}

#[test]
fn an_npm_entry_without_a_version_and_an_address_is_unknown() {
    let place_ = Place::new();
    let path = place_.root.join("package-lock.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept = text.lines().filter(|line| !line.contains("\"version\": \"2.1.3\"") && !line.contains("\"resolved\""));
    write(&path, kept.collect::<Vec<_>>().join("\n"));
    let survey = place_.survey();
    let (state, evidence) = state(&survey, "ms");
    assert_eq!(state, ArtifactState::Unknown, "{evidence}");
    assert!(evidence.contains("no version"), "{evidence}");
}

#[test]
fn a_package_that_no_lockfile_is_for_is_named_and_changes_no_state() {
    let place_ = Place::new();
    write(
        &place_.root.join("tools/app/Cargo.toml"),
        "[package]\nname = \"tool\"\nversion = \"0.1.0\"\n\n[dependencies]\nitoa = \"1\"\n",
    );
    write(&place_.root.join("site/package.json"), r#"{ "name": "site", "dependencies": { "ms": "2" } }"#);
    write(&place_.root.join("empty/package.json"), r#"{ "type": "module" }"#);
    let mut inventory = Inventory::new(&place_.root, place_.options());
    std::thread::sleep(Duration::from_millis(80));
    let survey = inventory.survey(&NoMemory, &|| false);
    let named: Vec<_> =
        survey.findings.iter().map(|finding| finding.file.strip_prefix(&place_.root).unwrap()).collect();
    assert_eq!(named, [Path::new("tools/app/Cargo.toml"), Path::new("site/package.json")]);
    assert!(survey.findings.iter().all(|finding| finding.message.contains("no lockfile is for it")));
    assert_eq!(survey.readiness.state, ReadinessState::Ready);
    write(&place_.root.join("site/package.json"), r#"{ "name": "site" }"#);
    assert_eq!(inventory.survey(&NoMemory, &|| false).findings.len(), 1, "a change is seen");
}

#[test]
fn a_first_look_that_was_stopped_is_nobodys_answer_afterwards() {
    let place_ = Place::new();
    std::fs::remove_file(place_.ms()).unwrap();
    // Stopped before any lockfile, and after the first.
    for lets in [0, 1] {
        let mut inventory = Inventory::new(&place_.root, place_.options());
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= lets;
        let part = inventory.survey(&NoMemory, &stop);
        assert!(part.readiness.ecosystems.len() < 2, "{:?}", part.readiness);
        let whole = inventory.survey(&NoMemory, &|| false);
        assert_eq!(whole.readiness.ecosystems.len(), 2);
        assert_eq!((whole.readiness.state, whole.readiness.missing), (ReadinessState::Incomplete, 1));
        assert!(Arc::ptr_eq(&whole, &inventory.survey(&NoMemory, &|| true)), "a whole one is kept");
    }
}
