//! The judge of the inventory's answers about Cargo: `cargo fetch --locked --offline --target HOST`, both ways.
//! Damage that cargo does not notice must be found all the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use judge::{Dice, Held, Tally, Verdict, copy, files, homes, host, must, random_cases, run, survey, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Projects of about 20 locked crates: targets, features, optional and renamed dependencies, members, build scripts.
const PROJECTS: [(&str, &[(&str, &str)]); 3] = [
    (
        "targets",
        &[(
            "Cargo.toml",
            r#"[package]
name = "targets"
version = "0.1.0"
edition = "2021"
[workspace]
[dependencies]
serde = { version = "1", features = ["derive"] }
json = { version = "1", package = "serde_json" }
tempfile = "3"
is-terminal = "0.4"
[target.'cfg(windows)'.dependencies]
winapi-util = "0.1"
[target.'cfg(target_os = "macos")'.dependencies]
core-foundation-sys = "0.8"
[dev-dependencies]
fastrand = "2"
[build-dependencies]
autocfg = "1"
"#,
        )],
    ),
    (
        "members",
        &[
            (
                "Cargo.toml",
                r#"[workspace]
resolver = "2"
members = ["crates/*"]
exclude = ["crates/outside"]
[workspace.package]
version = "0.3.0"
[workspace.dependencies]
log = { version = "0.4", default-features = false }
rand = { version = "0.8", default-features = false }
one = { path = "crates/one" }
"#,
            ),
            (
                "crates/one/Cargo.toml",
                r#"[package]
name = "one"
version.workspace = true
edition = "2021"
[features]
default = []
random = ["dep:rand", "rand/std"]
kv = ["log/kv"]
[dependencies]
log = { workspace = true, features = ["std"] }
rand = { workspace = true, optional = true }
either = { version = "1", optional = true }
"#,
            ),
            (
                "crates/two/Cargo.toml",
                r#"[package]
name = "two"
version.workspace = true
edition = "2021"
[dependencies]
one = { workspace = true, features = ["kv"] }
memchr = { version = "2", default-features = false }
[target.'cfg(not(unix))'.dependencies]
atty = "0.2"
[dev-dependencies]
itoa = "1"
"#,
            ),
        ],
    ),
    (
        "features",
        &[(
            "Cargo.toml",
            r#"[package]
name = "features"
version = "0.1.0"
edition = "2021"
[workspace]
[features]
weak = ["indexmap?/serde", "ahash?/std"]
[dependencies]
indexmap = { version = "2", optional = true }
ahash = { version = "0.8", optional = true, default-features = false }
chrono = { version = "0.4", default-features = false, features = ["clock"] }
tracing = { version = "0.1", default-features = false, features = ["log", "attributes"] }
"#,
        )],
    ),
];

struct Project {
    workspace: PathBuf,
    home: PathBuf,
    scratch: PathBuf,
    host: String,
    _held: Held,
}

fn project(name: &str, manifests: &[(&str, &str)]) -> Project {
    let (held, folder, fresh) = Held::folder(&format!("judge-cargo-{name}"), &format!("{manifests:?}"));
    let (workspace, home) = (folder.join("workspace"), folder.join("cargo-home"));
    if !fresh {
        for old in [&workspace, &home] {
            if old.exists() {
                std::fs::remove_dir_all(old).unwrap();
            }
        }
        for (path, text) in manifests {
            let path = workspace.join(path);
            write(&path, text);
            if text.contains("[package]") {
                write(&path.with_file_name("src").join("lib.rs"), "");
            }
        }
        // A mirror that the user has configured holds for the private home as well.
        std::fs::create_dir_all(&home).unwrap();
        let own = inventory::Homes::from_env().cargo;
        for config in ["config.toml", "config"] {
            if own.join(config).exists() {
                std::fs::copy(own.join(config), home.join(config)).unwrap();
            }
        }
        let cargo = |arguments: &[&str]| {
            must(Command::new("cargo").args(arguments).current_dir(&workspace).env("CARGO_HOME", &home));
        };
        cargo(&["generate-lockfile"]);
        cargo(&["fetch", "--locked"]);
        held.done();
    }
    Project { workspace, home, scratch: folder.join("scratch"), host: host(), _held: held }
}

/// One case: a copy of project and home to damage.
struct Case {
    workspace: PathBuf,
    home: PathBuf,
    damaged: Vec<String>,
    silent: Vec<String>,
}

impl Project {
    fn case(&self) -> Case {
        let (workspace, home) = (self.scratch.join("workspace"), self.scratch.join("cargo-home"));
        copy(&self.workspace, &workspace);
        copy(&self.home, &home);
        Case { workspace, home, damaged: Vec::new(), silent: Vec::new() }
    }

    fn judge(&self, tally: &mut Tally, name: &str, case: Case) {
        if tally.leaves_out() {
            return;
        }
        // The survey goes first: cargo may repair or extract while it looks.
        let survey = survey(&case.workspace, homes(&[("CARGO_HOME", &case.home)]));
        let output = run(Command::new("cargo")
            .args(["fetch", "--locked", "--offline", "--target", &self.host])
            .current_dir(&case.workspace)
            .env("CARGO_HOME", &case.home));
        let verdict = Verdict {
            passes: output.status.success(),
            silent: if output.status.success() { case.silent } else { Vec::new() },
            damaged: case.damaged,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        tally.add(name, &survey, &verdict);
    }
}

impl Case {
    fn crates(&self) -> Vec<PathBuf> {
        files(&self.home.join("registry/cache"))
    }

    fn crate_of(&self, name: &str) -> PathBuf {
        self.crates().into_iter().find(|path| crate_name(path) == name).unwrap_or_else(|| panic!("{name} is cached"))
    }

    fn entry_of(&self, name: &str) -> PathBuf {
        let all = files(&self.home.join("registry/index"));
        all.into_iter()
            .find(|path| path.file_name().is_some_and(|file| file == name))
            .unwrap_or_else(|| panic!("{name} is indexed"))
    }

    fn source_of(&self, path: &Path) -> PathBuf {
        let registry = path.parent().unwrap().file_name().unwrap();
        self.home.join("registry/src").join(registry).join(path.file_stem().unwrap())
    }
}

fn crate_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let at = stem.char_indices().find(|(at, c)| *c == '-' && stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    stem[..at.expect("a version").0].to_owned()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Damage {
    CrateGone,
    CrateGoneSourceGone,
    CrateEmpty,
    CrateFlipped,
    CrateTruncated,
    CrateGarbageSourceGone,
    CrateFolder,
    CrateFolderSourceGone,
    CrateDangling,
    EntryFolder,
    EntryGone,
    EntryGarbage,
    EntryTruncated,
    EntryOld,
    SourceGone,
    MarkerGone,
}

const DAMAGES: [Damage; 16] = [
    Damage::CrateGone,
    Damage::CrateGoneSourceGone,
    Damage::CrateEmpty,
    Damage::CrateFlipped,
    Damage::CrateTruncated,
    Damage::CrateGarbageSourceGone,
    Damage::CrateFolder,
    Damage::CrateFolderSourceGone,
    Damage::CrateDangling,
    Damage::EntryFolder,
    Damage::EntryGone,
    Damage::EntryGarbage,
    Damage::EntryTruncated,
    Damage::EntryOld,
    Damage::SourceGone,
    Damage::MarkerGone,
];

fn damage(case: &mut Case, name: &str, what: Damage) {
    let path = case.crate_of(name);
    let source = case.source_of(&path);
    let mut harmless = false;
    match what {
        Damage::CrateGone => std::fs::remove_file(&path).unwrap(),
        Damage::CrateGoneSourceGone => {
            std::fs::remove_file(&path).unwrap();
            let _ = std::fs::remove_dir_all(&source);
        }
        Damage::CrateEmpty => write(&path, ""),
        Damage::CrateFlipped => {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            write(&path, bytes);
            case.silent.push(name.to_owned());
        }
        Damage::CrateTruncated => {
            let bytes = std::fs::read(&path).unwrap();
            write(&path, &bytes[..bytes.len() / 3]);
            case.silent.push(name.to_owned());
        }
        Damage::CrateGarbageSourceGone => {
            write(&path, "no archive");
            let _ = std::fs::remove_dir_all(&source);
            case.silent.push(name.to_owned());
        }
        Damage::CrateFolder | Damage::CrateFolderSourceGone => {
            std::fs::remove_file(&path).unwrap();
            std::fs::create_dir(&path).unwrap();
            if what == Damage::CrateFolderSourceGone {
                let _ = std::fs::remove_dir_all(&source);
            }
            case.silent.push(name.to_owned());
        }
        Damage::CrateDangling => {
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
        }
        Damage::EntryFolder => {
            let entry = case.entry_of(name);
            std::fs::remove_file(&entry).unwrap();
            std::fs::create_dir(&entry).unwrap();
        }
        Damage::EntryGone => std::fs::remove_file(case.entry_of(name)).unwrap(),
        Damage::EntryGarbage => write(&case.entry_of(name), "garbage that is no entry"),
        Damage::EntryTruncated => {
            let entry = case.entry_of(name);
            let bytes = std::fs::read(&entry).unwrap();
            write(&entry, &bytes[..40.min(bytes.len())]);
        }
        Damage::EntryOld => {
            // The version's line vanishes, as if the entry had been written before it was published.
            let entry = case.entry_of(name);
            let bytes = std::fs::read(&entry).unwrap();
            let version = path.file_stem().unwrap().to_str().unwrap()[name.len() + 1..].to_owned();
            let needle = [&[0], version.as_bytes(), &[0]].concat();
            let from = bytes.windows(needle.len()).position(|part| part == needle).unwrap() + 1;
            let line = from + version.len() + 1;
            let to = line + bytes[line..].iter().position(|byte| *byte == 0).unwrap() + 1;
            write(&entry, [&bytes[..from], &bytes[to..]].concat());
        }
        Damage::SourceGone => {
            let _ = std::fs::remove_dir_all(&source);
            harmless = true;
        }
        Damage::MarkerGone => {
            let _ = std::fs::remove_file(source.join(".cargo-ok"));
            harmless = true;
        }
    }
    if !harmless {
        case.damaged.push(name.to_owned());
    }
}

/// Crates that only other targets need are damaged too; corruption of theirs is nothing that this target must notice.
fn silent_for_this_target(project: &Project, case: &mut Case) {
    let survey = survey(&project.workspace, homes(&[("CARGO_HOME", &project.home)]));
    case.silent.retain(|name| survey.artifacts.iter().any(|a| a.name == *name && !a.other_target));
}

#[test]
fn the_inventory_and_cargo_agree_on_every_kind_of_damage() {
    let mut tally = Tally::default();
    for (name, manifests) in PROJECTS {
        let project = project(name, manifests);
        let case = project.case();
        let names: Vec<String> = case.crates().iter().map(|path| crate_name(path)).collect();
        assert!(names.len() >= 12, "{name} has only {} crates", names.len());
        project.judge(&mut tally, &format!("{name}: nothing damaged"), case);
        let mut dice = Dice::new(name.len() as u64);
        for what in DAMAGES {
            let Some(mut case) = tally.case(|| project.case()) else { continue };
            let victim = dice.pick(&names).clone();
            damage(&mut case, &victim, what);
            silent_for_this_target(&project, &mut case);
            project.judge(&mut tally, &format!("{name}: {what:?} of {victim}"), case);
        }
        let case = project.case();
        let settings =
            files(&case.home.join("registry/index")).into_iter().find(|p| p.ends_with("config.json")).unwrap();
        std::fs::remove_file(settings).unwrap();
        project.judge(&mut tally, &format!("{name}: config.json gone"), case);
    }
    tally.finish("cargo, every kind of damage", 54);
}

#[test]
fn the_inventory_and_cargo_agree_on_every_crate_that_is_gone() {
    let mut tally = Tally::default();
    for (name, manifests) in PROJECTS {
        let project = project(name, manifests);
        let names: Vec<String> = project.case().crates().iter().map(|path| crate_name(path)).collect();
        for victim in &names {
            let Some(mut case) = tally.case(|| project.case()) else { continue };
            damage(&mut case, victim, Damage::CrateGone);
            project.judge(&mut tally, &format!("{name}: {victim} gone"), case);
        }
    }
    tally.finish("cargo, each crate gone", 36);
}

#[test]
fn the_inventory_and_cargo_agree_on_lockfiles_and_manifests_that_do_not_fit() {
    let mut tally = Tally::default();
    let (name, manifests) = PROJECTS[0];
    let project = project(name, manifests);
    let edits: &[(&str, &str, &dyn Fn(String) -> String)] = &[
        ("a new dependency", "Cargo.toml", &|t| t.replace("tempfile = \"3\"", "tempfile = \"3\"\nhex = \"0.4\"")),
        ("a dependency taken out", "Cargo.toml", &|t| t.replace("tempfile = \"3\"\n", "")),
        ("a requirement that the lock does not meet", "Cargo.toml", &|t| {
            t.replace("fastrand = \"2\"", "fastrand = \"1\"")
        }),
        ("a requirement that the lock still meets", "Cargo.toml", &|t| {
            t.replace("fastrand = \"2\"", "fastrand = \"2.0\"")
        }),
        ("another version of the package", "Cargo.toml", &|t| t.replace("version = \"0.1.0\"", "version = \"0.2.0\"")),
        ("a feature switched off", "Cargo.toml", &|t| t.replace(", features = [\"derive\"]", "")),
        ("a feature that does not exist", "Cargo.toml", &|t| t.replace("\"derive\"", "\"derrive\"")),
        ("a feature that needs nothing new", "Cargo.toml", &|t| t.replace("\"derive\"", "\"derive\", \"rc\"")),
        ("a comment in the lock", "Cargo.lock", &|t| {
            t.replace("[[package]]\nname = \"serde\"", "# why\n[[package]]\nname = \"serde\"")
        }),
        ("spaces in the lock", "Cargo.lock", &|t| t.replace("name = \"serde\"\n", "name   =   'serde'\n")),
        ("CRLF in the lock", "Cargo.lock", &|t| t.replace('\n', "\r\n")),
        ("the lock cut off", "Cargo.lock", &|t| t[..t.len() * 2 / 3].to_owned()),
        ("conflict markers in the lock", "Cargo.lock", &|t| t.replacen("[[package]]", "<<<<<<< ours\n[[package]]", 3)),
        ("a package twice in the lock", "Cargo.lock", &|t| {
            let block = t.split("\n\n").find(|b| b.contains("name = \"itoa\"")).unwrap().to_owned();
            format!("{t}\n{block}\n")
        }),
        ("a checksum taken out of the lock", "Cargo.lock", &|t| without_line(&t, "name = \"itoa\"", "checksum")),
        ("another checksum in the lock", "Cargo.lock", &|t| {
            let at = t.find("checksum = \"").unwrap() + 12;
            format!("{}{}{}", &t[..at], if t.as_bytes()[at] == b'0' { "1" } else { "0" }, &t[at + 1..])
        }),
        ("a broken checksum in the lock", "Cargo.lock", &|t| t.replacen("checksum = \"", "checksum = \"xyz", 1)),
        ("a package taken out of the lock", "Cargo.lock", &|t| {
            let blocks: Vec<&str> = t.split("\n\n").filter(|b| !b.contains("name = \"itoa\"")).collect();
            blocks.join("\n\n")
        }),
        ("an empty lock", "Cargo.lock", &|_| String::new()),
    ];
    for (what, file, edit) in edits {
        let Some(case) = tally.case(|| project.case()) else { continue };
        let path = case.workspace.join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after, "{what}: the edit changes something");
        write(&path, after);
        project.judge(&mut tally, what, case);
    }
    tally.finish("cargo, lockfiles and manifests", edits.len());
}

/// The text without the first line that starts with `key` after the line `after`.
fn without_line(text: &str, after: &str, key: &str) -> String {
    let from = text.find(after).unwrap();
    let at = from + text[from..].find(key).unwrap();
    let end = at + text[at..].find('\n').unwrap() + 1;
    format!("{}{}", &text[..at], &text[end..])
}

#[test]
fn the_inventory_and_cargo_agree_on_random_damage() {
    let mut tally = Tally::default();
    let cases = random_cases(45);
    let mut dice = Dice::new(2026);
    for (index, (name, manifests)) in PROJECTS.into_iter().enumerate() {
        let project = project(name, manifests);
        let names: Vec<String> = project.case().crates().iter().map(|path| crate_name(path)).collect();
        for number in 0..cases / PROJECTS.len() + usize::from(index < cases % PROJECTS.len()) {
            let Some(mut case) = tally.case(|| project.case()) else { continue };
            let mut done = String::new();
            for _ in 0..=dice.roll(2) {
                let (victim, what) = (dice.pick(&names).clone(), *dice.pick(&DAMAGES));
                if case.damaged.contains(&victim) || !case.crates().iter().any(|path| crate_name(path) == victim) {
                    continue;
                }
                damage(&mut case, &victim, what);
                done = format!("{done} {what:?} of {victim}");
            }
            silent_for_this_target(&project, &mut case);
            project.judge(&mut tally, &format!("{name} {number}:{done}"), case);
        }
    }
    tally.finish("cargo, random damage", cases);
}

/// With rustup's own program and a `RUSTUP_HOME` made by hand, in which the installed toolchain stands under a channel's
/// name; what it would download comes from nowhere. Where cargo is not started by rustup, nothing is asked of it here:
/// `server/inventory/tests/hand_made.rs` has the same cases without it.
#[test]
fn the_inventory_and_rustup_agree_on_toolchains() {
    if !Command::new("rustup").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("rustup is not here: not judged");
        return;
    }
    let mut tally = Tally::default();
    let sysroot = run(Command::new("rustc").args(["--print", "sysroot"]));
    let sysroot = String::from_utf8(sysroot.stdout).unwrap().trim().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let (workspace, home, cargo) =
        (folder.path().join("workspace"), folder.path().join("rustup"), folder.path().join("cargo-home"));
    std::fs::create_dir_all(home.join("toolchains")).unwrap();
    std::fs::create_dir_all(&cargo).unwrap();
    let stable = format!("stable-{}", host());
    std::os::unix::fs::symlink(&sysroot, home.join("toolchains").join(&stable)).unwrap();
    write(&workspace.join("Cargo.toml"), "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    write(&workspace.join("Cargo.lock"), "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    write(&workspace.join("src/lib.rs"), "");
    let here = workspace.to_str().unwrap();
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("no file", "", "", "", ""),
        ("a channel that is here", "[toolchain]\nchannel = \"stable\"\n", "", "", ""),
        ("a channel that is not", "[toolchain]\nchannel = \"1.70.0\"\n", "", "", ""),
        ("another channel, and no download", "[toolchain]\nchannel = \"1.70.0\"\n", "", "", "0"),
        ("a component that is here", "[toolchain]\nchannel = \"stable\"\ncomponents = [\"cargo\"]\n", "", "", ""),
        ("a component that is not", "[toolchain]\nchannel = \"stable\"\ncomponents = [\"rustc-dev\"]\n", "", "", ""),
        ("without it", "[toolchain]\nchannel = \"stable\"\ncomponents = [\"rustc-dev\"]\n", "", "", "0"),
        (
            "a target that is not",
            "[toolchain]\nchannel = \"stable\"\ntargets = [\"riscv64gc-unknown-none-elf\"]\n",
            "",
            "",
            "",
        ),
        ("an override to what is not", "", "1.70.0", "", ""),
        ("an override to what is", "[toolchain]\nchannel = \"1.70.0\"\n", &stable, "", ""),
        ("the environment asks for what is not", "", "", "1.70.0", ""),
        ("the environment asks for what is", "[toolchain]\nchannel = \"1.70.0\"\n", "", "stable", ""),
    ];
    for (what, file, kept, asked, install) in cases {
        let path = workspace.join("rust-toolchain.toml");
        let _ = std::fs::remove_file(&path);
        if !file.is_empty() {
            write(&path, file);
        }
        let kept = if kept.is_empty() { String::new() } else { format!("{here:?} = {kept:?}\n") };
        let settings =
            format!("version = \"12\"\ndefault_toolchain = {stable:?}\nprofile = \"minimal\"\n\n[overrides]\n{kept}");
        write(&home.join("settings.toml"), settings);
        let mut command = Command::new("cargo");
        command
            .args(["fetch", "--locked", "--offline", "--target", &host()])
            .current_dir(&workspace)
            .env("CARGO_HOME", &cargo)
            .env("RUSTUP_HOME", &home)
            .env("RUSTUP_DIST_SERVER", "http://127.0.0.1:9")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTUP_AUTO_INSTALL");
        let mut variables: std::collections::BTreeMap<String, String> = std::env::vars().collect();
        variables.retain(|name, _| name != "RUSTUP_TOOLCHAIN" && name != "RUSTUP_AUTO_INSTALL");
        let mut set = |name: &str, value: &str| {
            if !value.is_empty() {
                command.env(name, value);
                variables.insert(name.to_owned(), value.to_owned());
            }
        };
        set("RUSTUP_TOOLCHAIN", asked);
        set("RUSTUP_AUTO_INSTALL", install);
        variables.insert("CARGO_HOME".into(), cargo.to_str().unwrap().to_owned());
        variables.insert("RUSTUP_HOME".into(), home.to_str().unwrap().to_owned());
        let survey = survey(&workspace, inventory::Homes::from_variables(variables));
        let output = run(&mut command);
        let verdict = Verdict {
            passes: output.status.success(),
            silent: Vec::new(),
            damaged: Vec::new(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        tally.add(what, &survey, &verdict);
    }
    tally.finish("cargo, toolchains", cases.len());
}
