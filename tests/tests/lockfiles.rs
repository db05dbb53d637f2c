//! Conflicted lockfiles, merged by the real cargo and the real npm without a network, and judged by them; and what may not be run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Answers, Client, Setup, uri};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::out;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;

/// A repository with real caches, whose branches are made by the tools themselves.
struct Project(Fixture);

fn both(output: &Output) -> String {
    out(output) + &String::from_utf8_lossy(&output.stderr)
}

impl Project {
    /// A merge in which one side added a package of npm's and the other one for development.
    fn npm_merged(&self) {
        let with = |plain: &'static [(&'static str, &'static str)], dev: &'static [(&'static str, &'static str)]| {
            move |project: &Project| project.package([plain, dev, &[]])
        };
        let chalk = &[("chalk", "^4.1.2")];
        self.merged(
            with(chalk, &[]),
            with(&[("chalk", "^4.1.2"), ("ms", "^2.1.3")], &[]),
            with(chalk, &[("once", "^1.4.0")]),
        );
    }

    fn new() -> Self {
        let new = Self(Fixture::small());
        for name in ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json"] {
            std::fs::remove_file(new.at(name)).unwrap();
        }
        std::fs::write(new.at(".gitignore"), "/target\n/node_modules\n").unwrap();
        new.git(&["init", "-q", "-b", "main"]);
        new
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.workspace().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.at(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.0.command(Path::new(program)).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap()
    }

    fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}", both(&output));
        out(&output)
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"];
        self.must("git", &[&who[..], arguments].concat());
    }

    /// `main` and `feature`, each made by `change` from what `base` leaves, and merged: the lockfile conflicts.
    fn merged(&self, base: impl Fn(&Self), main: impl Fn(&Self), feature: impl Fn(&Self)) {
        let commit = |name: &str| {
            self.git(&["add", "."]);
            self.git(&["commit", "-qm", name]);
        };
        base(self);
        commit("base");
        self.git(&["switch", "-qc", "feature"]);
        feature(self);
        commit("feature");
        self.git(&["switch", "-q", "main"]);
        main(self);
        commit("main");
        let merged = self.run("git", &["-c", "user.name=Me", "-c", "user.email=me@localhost", "merge", "feature"]);
        assert_eq!(merged.status.code(), Some(1), "{}", both(&merged));
    }

    fn unmerged(&self) -> Vec<String> {
        self.must("git", &["diff", "--name-only", "--diff-filter=U"]).lines().map(str::to_owned).collect()
    }

    fn trust(&self) {
        let output = self.0.holdover(&["trust"]);
        assert!(output.status.success(), "{}", both(&output));
    }

    fn suggested(&self, file: &str) -> Value {
        let output = self.0.holdover(&["conflicts", file, "--suggest", "--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&output)));
        told["files"][0]["lockfile"].clone()
    }

    fn problem(&self, file: &str) -> String {
        let told = self.suggested(file);
        told["problem"].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned()
    }

    /// Takes the merge, after a look at it: what was suggested is what is written, and it can be undone.
    fn resolve(&self, file: &str) -> Value {
        let before = self.read(file);
        let auto = self.0.holdover(&["conflicts", file, "--resolve", "auto"]);
        let untouched = before == self.read(file) && auto.status.code() == Some(1);
        assert!(untouched, "nothing of it is taken with one click: {}", both(&auto));
        let suggested = self.suggested(file);
        assert_eq!(before, self.read(file), "nothing was asked to be written");
        let done = self.0.holdover(&["conflicts", file, "--resolve", "lockfile", "--json"]);
        assert_eq!(done.status.code(), Some(0), "{}", both(&done));
        assert_eq!(suggested["text"].as_str(), Some(&*self.read(file)), "{suggested:#}");
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        let event = told["files"][0]["events"][0].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned();
        let after = self.read(file);
        let undone = self.0.holdover(&["conflicts", "--undo", &event]);
        assert!(undone.status.success() && self.read(file) == before, "{}", both(&undone));
        std::fs::write(self.at(file), after).unwrap();
        let work = self.0.data().join("work");
        assert_eq!(std::fs::read_dir(work).unwrap().count(), 0, "no copy stays");
        suggested
    }

    /// What cargo itself says of the lockfile as it stands.
    fn cargo_agrees(&self) {
        let lock = self.read("Cargo.lock");
        self.must("cargo", &["metadata", "--locked", "--offline", "--format-version", "1", "--quiet"]);
        self.must("cargo", &["update", "--workspace", "--offline", "--quiet"]);
        assert_eq!(self.read("Cargo.lock"), lock, "cargo would write it in another way");
    }

    fn npm_agrees(&self) {
        let lock = self.read("package-lock.json");
        self.must("npm", &["ci", "--offline", "--dry-run", "--ignore-scripts"]);
        self.must("npm", &["ls", "--package-lock-only", "--all"]);
        self.must("npm", &["install", "--package-lock-only", "--offline", "--ignore-scripts"]);
        assert_eq!(self.read("package-lock.json"), lock, "npm would write it in another way");
    }

    fn manifest(&self, name: &str, dependencies: &[&str]) {
        let package = name.rsplit_once('/').map_or("root", |(folder, _)| folder.rsplit('/').next().unwrap());
        // Lines apart, so that git merges the manifests by itself.
        let all: String = dependencies.iter().flat_map(|one| [one, "\n\n# -\n\n"]).collect();
        let workspace = if package == "root" { "[workspace]\nmembers = [\"crates/*\"]\n\n" } else { "" };
        self.write(name, &format!("{workspace}[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n# -\n\n{all}"));
        let source = name.replace("Cargo.toml", "src/lib.rs");
        if !self.at(&source).exists() {
            self.write(&source, "");
        }
    }

    fn lock(&self) {
        self.must("cargo", &["update", "--workspace", "--offline", "--quiet"]);
    }

    /// A `package.json` in which each table stands apart, and its lockfile.
    fn package(&self, tables: [&[(&str, &str)]; 3]) {
        let table = |all: &[(&str, &str)]| {
            all.iter().map(|(name, range)| format!("    \"{name}\": \"{range}\"")).collect::<Vec<_>>().join(",\n")
        };
        let [plain, dev, optional] = tables.map(table);
        let apart = |n: usize| ["a", "b", "c", "d"].map(|m| format!("  \"{m}{n}\": 1,\n")).concat();
        self.write("package.json", &format!("{{\n  \"name\": \"root\",\n  \"version\": \"1.0.0\",\n  \"workspaces\": [\"packages/*\"],\n  \"dependencies\": {{\n{plain}\n  }},\n{}  \"devDependencies\": {{\n{dev}\n  }},\n{}  \"optionalDependencies\": {{\n{optional}\n  }}\n}}\n", apart(1), apart(2)));
        self.npm_lock();
    }

    fn npm_lock(&self) {
        self.must("npm", &["install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit"]);
    }
}

fn bumped(project: &Project, memchr: &str) {
    project.must("cargo", &["update", "--offline", "--quiet", "memchr", "--precise", memchr]);
}

fn held(told: &Value, list: &str) -> Vec<(String, String)> {
    let all = told[list].as_array().cloned().unwrap_or_default();
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    all.iter().map(|one| (word(one, "name"), word(one, "side"))).collect()
}

fn named(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, side)| ((*name).to_owned(), (*side).to_owned())).collect()
}

#[test]
fn what_each_side_added_or_removed_is_in_the_lockfile_that_cargo_makes_and_takes_for_locked() {
    let project = Project::new();
    let with = |dependencies: &'static [&'static str]| {
        move |project: &Project| {
            project.manifest("Cargo.toml", dependencies);
            project.manifest("crates/a/Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
            project.lock();
        }
    };
    project.merged(
        with(&["anyhow = \"1\"", "scopeguard = \"1\"", "ryu = \"1\""]),
        with(&["either = \"1\"", "anyhow = \"1\"", "scopeguard = \"1\"", "ryu = \"1\""]),
        with(&["anyhow = \"1\"", "scopeguard = \"1\"", "itoa = \"1\""]),
    );
    assert_eq!(project.unmerged(), ["Cargo.lock"]);
    project.trust();
    let told = project.resolve("Cargo.lock");
    assert_eq!(held(&told, "packages"), named(&[("either", "current"), ("itoa", "incoming")]), "{told:#}");
    assert_eq!(held(&told, "dropped"), named(&[("ryu", "current")]));
    assert_eq!(told["network"], "namespace");
    let lock = project.read("Cargo.lock");
    assert!(lock.contains("\"either\",\n \"itoa\",") && !lock.contains("ryu"), "{lock}");
    project.cargo_agrees();
}

#[test]
fn of_what_both_bumped_the_newer_stays_and_members_of_a_workspace_count() {
    let project = Project::new();
    let base = |project: &Project, version: &str| {
        project.manifest("Cargo.toml", &["anyhow = \"1\""]);
        project.manifest("crates/a/Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
        project.manifest("crates/b/Cargo.toml", &["root = { path = \"../..\" }"]);
        project.lock();
        bumped(project, version);
    };
    project.merged(
        |project| base(project, "2.7.1"),
        |project| {
            base(project, "2.7.4");
            project.manifest(
                "crates/a/Cargo.toml",
                &["memchr = { version = \"2\", default-features = false }", "ryu = \"1\""],
            );
            project.lock();
            bumped(project, "2.7.4");
        },
        |project| {
            base(project, "2.8.3");
            project.manifest(
                "crates/c/Cargo.toml",
                &["a = { path = \"../a\" }", "hex = { version = \"0.4\", default-features = false }"],
            );
            project.lock();
            bumped(project, "2.8.3");
        },
    );
    project.trust();
    let told = project.resolve("Cargo.lock");
    let kept = [("hex", "incoming"), ("memchr", "incoming"), ("ryu", "current")];
    assert_eq!(held(&told, "packages"), named(&kept), "{told:#}");
    assert_eq!(held(&told, "dropped"), named(&[("memchr", "current")]));
    project.cargo_agrees();
}

#[test]
fn what_each_side_added_bumped_or_removed_is_in_the_lockfile_that_npm_makes_and_takes_for_locked() {
    let project = Project::new();
    let older = |project: &Project, version: &str| {
        let lock = project.read("package-lock.json");
        let mut lock: Value = serde_json::from_str(&lock).unwrap();
        let entry = &mut lock["packages"]["node_modules/semver"];
        entry["version"] = version.into();
        entry["integrity"] = format!("sha512-{version}").into();
        project.write("package-lock.json", &format!("{lock:#}\n"));
    };
    let chalk = [("chalk", "^4.1.2"), ("semver", "^7.0.0")];
    project.merged(
        |project| {
            project.write("packages/a/package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}\n");
            project.package([&chalk, &[("minimatch", "^3.1.2")], &[]]);
            older(project, "7.1.0");
        },
        |project| {
            project.package([
                &[("chalk", "^4.1.2"), ("ms", "^2.1.3"), ("semver", "^7.0.0")],
                &[("minimatch", "^3.1.2")],
                &[],
            ]);
            older(project, "7.2.0");
        },
        |project| {
            project.write(
                "packages/b/package.json",
                "{\"name\": \"b\", \"version\": \"1.0.0\", \"dependencies\": {\"wrappy\": \"1\"}}\n",
            );
            project.package([&chalk, &[("once", "^1.4.0")], &[("fsevents", "^2.3.3")]]);
            // As npm has it from the registry.
            let lock = project.read("package-lock.json");
            std::fs::remove_file(project.at("package-lock.json")).unwrap();
            project.npm_lock();
            assert_ne!(project.read("package-lock.json"), lock, "the newest semver");
        },
    );
    assert_eq!(project.unmerged(), ["package-lock.json"]);
    project.trust();
    let told = project.resolve("package-lock.json");
    let kept = held(&told, "packages");
    for one in named(&[("ms", "current"), ("once", "incoming"), ("semver", "incoming"), ("fsevents", "incoming")]) {
        assert!(kept.contains(&one), "{one:?} in {told:#}");
    }
    let dropped = held(&told, "dropped");
    for one in named(&[("minimatch", "current"), ("semver", "current")]) {
        assert!(dropped.contains(&one), "{one:?} in {told:#}");
    }
    let lock = project.read("package-lock.json");
    assert!(lock.contains("\"packages/b\"") && !lock.contains("minimatch"), "{lock}");
    project.npm_agrees();
}

/// A small conflict of cargo's that could be solved, made with this root manifest's last lines and settings.
fn conflicted(extra: &str) -> Project {
    let project = Project::new();
    let with = |dependencies: &'static [&'static str]| {
        let extra = extra.to_owned();
        move |project: &Project| {
            project.manifest("Cargo.toml", dependencies);
            project.manifest("crates/a/Cargo.toml", &[]);
            project.lock();
            let text = project.read("Cargo.toml") + &extra;
            project.write("Cargo.toml", &text);
        }
    };
    project.merged(
        with(&["anyhow = \"1\"", "scopeguard = \"1\""]),
        with(&["either = \"1\"", "anyhow = \"1\"", "scopeguard = \"1\""]),
        with(&["anyhow = \"1\"", "scopeguard = \"1\"", "itoa = \"1\""]),
    );
    project
}

/// A program that leaves a trace, and then does this.
fn program(project: &Project, name: &str, then: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = project.0.data().parent().unwrap().join(name);
    std::fs::write(&file, format!("#!/bin/sh\ntouch '{}.ran'\n{then}\n", file.display())).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

fn ran(program: &Path) -> bool {
    program.with_extension("ran").exists()
}

#[test]
fn in_a_workspace_that_is_not_trusted_no_tool_is_run_not_by_the_merge_driver_either() {
    let mut project = conflicted("");
    let cargo = program(&project, "cargo", "exit 1");
    let path = format!("{}:{}", cargo.parent().unwrap().display(), std::env::var("PATH").unwrap());
    project.0.set("PATH", &path);
    let before = project.read("Cargo.lock");
    let said = project.problem("Cargo.lock");
    assert!(said.contains("is not trusted") && said.contains("`holdover trust "), "{said}");
    let refused = project.0.holdover(&["conflicts", "Cargo.lock", "--resolve", "lockfile"]);
    assert_eq!((refused.status.code(), project.read("Cargo.lock") == before), (Some(1), true), "{}", both(&refused));
    assert!(
        out(&refused).contains("Cargo.lock: not merged by cargo: this workspace is not trusted"),
        "{}",
        both(&refused)
    );
    assert!(!ran(&cargo), "cargo was run");
    // Nor in one that is: while git merges, the manifests in the folder are not yet those that are to be.
    project.trust();
    project.git(&["merge", "--abort"]);
    project.must(holdover_tests::binary::holdover().to_str().unwrap(), &["merge-driver", "--install"]);
    let merged = project.run("git", &["-c", "user.name=Me", "-c", "user.email=me@localhost", "merge", "feature"]);
    assert_eq!(merged.status.code(), Some(1), "{}", both(&merged));
    assert!(!ran(&cargo) && project.read("Cargo.lock").contains("<<<<<<< "), "{}", both(&merged));
    assert!(both(&merged).contains("holdover conflicts --resolve lockfile Cargo.lock"), "{}", both(&merged));
    assert!(project.problem("Cargo.lock").contains("exit code 1") && ran(&cargo), "now it is");
}

#[test]
fn nothing_that_the_workspace_names_is_run_while_its_lockfiles_are_merged() {
    let project = conflicted("");
    let trap = program(&project, "trap", "exec \"$@\"");
    let shown = trap.display().to_string();
    project.write("build.rs", &format!("fn main() {{ std::process::Command::new({shown:?}).status().unwrap(); }}\n"));
    let config = format!(
        "[build]\nrustc-wrapper = {shown:?}\nrustc = {shown:?}\n[alias]\nupdate = \"run\"\n[net]\noffline = false\n"
    );
    project.write(".cargo/config.toml", &config);
    project.write("rust-toolchain.toml", &format!("[toolchain]\npath = {shown:?}\n"));
    // Cargo asks for the compiler's version here.
    let manifest = project.read("Cargo.toml").replace("[workspace]\n", "[workspace]\nresolver = \"3\"\n");
    project.write(
        "Cargo.toml",
        &manifest.replace(
            "edition = \"2021\"\n",
            "edition = \"2021\"\nrust-version = \"1.80\"\nlinks = \"x\"\nbuild = \"build.rs\"\n",
        ),
    );
    project.trust();
    let told = project.suggested("Cargo.lock");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    assert_eq!(held(&told, "packages"), named(&[("either", "current"), ("itoa", "incoming")]));
    assert!(!ran(&trap), "cargo ran a program of the workspace");

    let project = Project::new();
    project.npm_merged();
    let trap = program(&project, "trap", "exit 0");
    let shown = trap.display().to_string();
    project.write(
        ".npmrc",
        &format!("script-shell={shown}\ngit={shown}\nnode-options=--require={shown}\nignore-scripts=false\n"),
    );
    let scripts = format!(
        "{{\n  \"scripts\": {{\"preinstall\": {shown:?}, \"prepare\": {shown:?}, \"dependencies\": {shown:?}}},"
    );
    project.write("package.json", &project.read("package.json").replacen('{', &scripts, 1));
    project.trust();
    let told = project.suggested("package-lock.json");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    assert_eq!(held(&told, "packages"), named(&[("ms", "current"), ("once", "incoming"), ("wrappy", "incoming")]));
    assert!(!ran(&trap), "npm ran a program of the workspace");
}

#[test]
fn a_folder_outside_a_conflicted_manifest_and_a_broken_side_are_said_and_nothing_is_run() {
    let project = conflicted("");
    let cargo = program(&project, "cargo", "exit 1");
    project.write("holdover.toml", &format!("[fetch]\ncargo = {:?}\n", cargo.display().to_string()));
    project.trust();
    let manifest = project.read("crates/a/Cargo.toml");
    project.write("crates/a/Cargo.toml", &(manifest.clone() + "x = { path = \"../../../outside\" }\n"));
    let said = project.problem("Cargo.lock");
    assert!(said.contains("outside of") && said.contains("outside/Cargo.toml"), "{said}");
    project.write("crates/a/Cargo.toml", &(manifest.clone() + "x = { path = \"/etc\" }\n"));
    assert!(project.problem("Cargo.lock").contains("/etc"));
    std::os::unix::fs::symlink("/etc", project.at("crates/link")).unwrap();
    std::fs::remove_file(project.at("crates/a/Cargo.toml")).unwrap();
    let elsewhere = project.0.data().parent().unwrap().join("elsewhere.toml");
    std::fs::write(&elsewhere, &manifest).unwrap();
    std::os::unix::fs::symlink(&elsewhere, project.at("crates/a/Cargo.toml")).unwrap();
    assert!(project.problem("Cargo.lock").contains("outside of"));
    std::fs::remove_file(project.at("crates/a/Cargo.toml")).unwrap();
    project.write("crates/a/Cargo.toml", &format!("<<<<<<< a\n{manifest}=======\n>>>>>>> b\n"));
    let said = project.problem("Cargo.lock");
    assert!(said.contains("resolve that first") && said.contains("crates/a/Cargo.toml"), "{said}");
    project.write("crates/a/Cargo.toml", &manifest);
    assert!(!ran(&cargo), "cargo was run");
    assert!(project.problem("Cargo.lock").contains("exit code 1") && ran(&cargo), "all of it is as it should be now");
}

#[test]
fn no_folder_above_the_copy_is_written_where_the_manifest_is_gone_or_leads_there() {
    let project = conflicted("");
    let above = project.0.data().parent().unwrap().to_path_buf();
    let manifest = project.read("Cargo.toml");
    let members = "[workspace]\nmembers = [\"crates/*\"]\n\n";
    std::fs::write(above.join("Cargo.toml"), "[package]\nname = \"above\"\nversion = \"0.1.0\"\n").unwrap();
    std::fs::create_dir(above.join("src")).unwrap();
    std::fs::write(above.join("src/lib.rs"), "").unwrap();
    project.trust();
    std::fs::remove_file(project.at("Cargo.toml")).unwrap();
    let said = project.problem("Cargo.lock");
    assert!(said.contains("its manifest is not there") && said.contains("Cargo.toml"), "{said}");
    assert!(!above.join("Cargo.lock").exists(), "cargo locked a project above the copy");
    // A project that takes the copy for its member, and a manifest that says that it is.
    std::fs::write(above.join("Cargo.toml"), "[workspace]\nmembers = [\"*/w*/*\"]\n").unwrap();
    let member = manifest.replace(members, "").replace("[package]\n", "[package]\nworkspace = \"../../..\"\n");
    project.write("Cargo.toml", &member);
    let said = project.problem("Cargo.lock");
    assert!(said.contains("outside of"), "{said}");
    assert!(!above.join("Cargo.lock").exists(), "cargo locked a workspace above the copy");
    let member = manifest.replace("crates/*", "crates/*\", \"../../../*");
    project.write("Cargo.toml", &member);
    assert!(project.problem("Cargo.lock").contains("outside of"));
    project.write("Cargo.toml", &manifest);
    assert_eq!(project.suggested("Cargo.lock")["problem"], Value::Null);

    let project = Project::new();
    project.npm_merged();
    project.trust();
    let above = project.0.data().parent().unwrap().to_path_buf();
    let manifest = project.read("package.json");
    std::fs::write(above.join("package.json"), "{\"name\": \"above\", \"version\": \"1.0.0\"}\n").unwrap();
    std::fs::remove_file(project.at("package.json")).unwrap();
    let said = project.problem("package-lock.json");
    assert!(said.contains("its manifest is not there") && said.contains("package.json"), "{said}");
    assert!(!above.join("package-lock.json").exists(), "npm locked a project above the copy");
    let leads_out = [
        ("\"chalk\"", "\"above\": \"../../..\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"~/above\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"file:%2e%2E%2f../..\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"file:../../../above.tgz\",\n    \"chalk\""),
        ("\"a1\"", "\"overrides\": {\"chalk\": {\"above\": \"file:/above\"}},\n  \"a1\""),
        ("\"packages/*\"", "\"packages/*\", \"packages/../../../..\""),
    ];
    for (before, after) in leads_out {
        let changed = manifest.replacen(before, after, 1);
        assert_ne!(changed, manifest, "{after}");
        project.write("package.json", &changed);
        assert!(project.problem("package-lock.json").contains("outside of"), "{after}");
    }
    project.write("package.json", &manifest);
    assert_eq!(project.suggested("package-lock.json")["problem"], Value::Null);
}

#[test]
fn a_lockfile_that_its_tool_does_not_use_is_not_said_to_be_worked_out_by_it() {
    let project = conflicted("");
    let mine = project.read("Cargo.lock");
    // Cargo takes the one above, whatever stands here.
    project.manifest("crates/a/Cargo.toml", &["root = { path = \"../..\" }"]);
    project.write("crates/a/Cargo.lock", &mine);
    // A folder with a lockfile is a workspace of its own.
    let trusted = project.0.holdover(&["trust", "crates/a"]);
    assert!(trusted.status.success(), "{}", both(&trusted));
    let said = project.problem("crates/a/Cargo.lock");
    assert!(said.contains("cargo does not use this lockfile"), "{said}");
}

#[test]
fn a_copy_that_a_killed_process_left_is_removed_by_the_next_and_one_in_use_is_not() {
    let project = conflicted("");
    project.trust();
    let work = project.0.data().join("work");
    for name in ["lockfile-old", "lockfile-new", "other"] {
        std::fs::create_dir_all(work.join(name).join("src")).unwrap();
    }
    let days = std::time::SystemTime::now() - std::time::Duration::from_hours(48);
    for name in ["lockfile-old", "other"] {
        std::fs::File::open(work.join(name)).unwrap().set_modified(days).unwrap();
    }
    assert_eq!(project.suggested("Cargo.lock")["problem"], Value::Null);
    let mut left: Vec<_> = std::fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lockfile-new", "other"]);
}

#[test]
fn a_tool_that_hangs_is_ended_and_one_that_reaches_for_the_network_reaches_nobody() {
    let project = conflicted("");
    let hangs = program(&project, "cargo", "sleep 1000 & sleep 1000");
    let settings = |program: &Path, seconds: u32| {
        let text = format!("[fetch]\ncargo = {:?}\ntimeout-seconds = {seconds}\n", program.display().to_string());
        project.write("holdover.toml", &text);
        project.trust();
    };
    settings(&hangs, 1);
    let said = project.problem("Cargo.lock");
    assert!(said.contains("ran past its limit of 1 s"), "{said}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo reached it; exit 1");
    let reaches = program(&project, "reaches", &connect);
    settings(&reaches, 20);
    let said = project.problem("Cargo.lock");
    assert!(ran(&reaches) && !said.contains("reached it"), "{said}");
    assert!(listener.accept().is_err(), "it reached a service of this machine");
    let without = std::process::Command::new(&reaches).output().unwrap();
    assert!(out(&without).contains("reached it") && listener.accept().is_ok(), "without care it does");
}

#[test]
fn what_is_not_here_is_named_and_cargo_does_not_get_away_with_another_version() {
    // A version that cargo knows and that was never fetched: it would take another one and say nothing.
    let project = Project::new();
    let with = |version: Option<&'static str>| {
        move |project: &Project| {
            project.manifest("Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
            project.manifest("crates/a/Cargo.toml", &[]);
            project.lock();
            if let Some(version) = version {
                bumped(project, version);
            }
        }
    };
    project.merged(with(None), with(Some("2.7.1")), with(Some("2.7.4")));
    // What the package needs is another thing since, so cargo looks for its dependencies anew.
    let memchr = "memchr = { version = \"2\", default-features = false }";
    project.manifest("Cargo.toml", &[memchr, "hex = { version = \"0.4\", default-features = false }"]);
    project.trust();
    let said = project.problem("Cargo.lock");
    assert!(said.starts_with("memchr 2.7.4 is not here") && said.contains("holdover preflight --fetch"), "{said}");

    // A package of which nothing at all is known.
    project.manifest("Cargo.toml", &[memchr, "nosuchthing = \"1\""]);
    let said = project.problem("Cargo.lock");
    assert!(said.starts_with("nosuchthing is not here"), "{said}");

    let project = Project::new();
    project.npm_merged();
    let manifest = project.read("package.json").replace("\"chalk\"", "\"@no-such/thing\": \"1\",\n    \"chalk\"");
    project.write("package.json", &manifest);
    project.trust();
    let said = project.problem("package-lock.json");
    assert!(said.starts_with("@no-such/thing is not here"), "{said}");
}

/// `ContentModified`, and an error of a request that could not be carried out.
const MODIFIED: i64 = -32801;
const FAILED: i64 = -32803;

fn preview(client: &mut Client, uri: &str, text: &str) -> Value {
    let line = text.lines().position(|line| line.starts_with("<<<<<<<")).unwrap();
    client.request("holdover/conflict", json!({ "uri": uri, "line": line }))
}

#[test]
fn an_editor_looks_at_what_cargo_makes_takes_it_in_one_edit_and_is_refused_when_anything_moved() {
    let project = conflicted("");
    let mut setup = Setup { roots: vec![project.0.workspace()], answers: Answers::Applies, ..Setup::default() };
    setup.env = project.0.environment();
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let uri = uri(&project.at("Cargo.lock"));
    let text = project.read("Cargo.lock");
    client.open(&uri, &text);
    // What is not possible is said beside the choices that are.
    let told = preview(&mut client, &uri, &text);
    let first = &told["choices"][0];
    assert_eq!(first["action"], "conflict.accept-current", "{told:#}");
    assert!(first["explanation"].as_str().unwrap().contains("not trusted"), "{told:#}");
    project.trust();
    let told = preview(&mut client, &uri, &text);
    let first = &told["choices"][0];
    assert_eq!((&first["action"], &first["short"]), (&json!("conflict.merge"), &json!("by cargo")), "{told:#}");
    let words = first["explanation"].as_str().unwrap();
    assert!(words.contains("- `either` `1.") && words.contains("in the current side"), "{words}");
    let suggested = client.command("holdover.conflicts", json!({ "files": [uri], "suggest": true }));
    let made = suggested["files"][0]["lockfile"]["text"].as_str().unwrap_or_else(|| panic!("{suggested:#}")).to_owned();
    // Taken after a look: one edit of the whole file.
    let mut data = first["data"].clone();
    data["seen"] = json!(true);
    let action = json!({ "title": "x", "data": data });
    let resolved = client.request("codeAction/resolve", action.clone());
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
    assert_eq!(edits.len(), 1, "{resolved:#}");
    // A manifest that changed since makes it another merge.
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &manifest.replace("either = \"1\"\n", ""));
    let (code, said) = client.refused("codeAction/resolve", action.clone());
    assert_eq!(code, MODIFIED, "{said}");
    project.write("Cargo.toml", "<<<<<<< a\n");
    let (code, said) = client.refused("codeAction/resolve", action.clone());
    assert!(code == FAILED && said.contains("resolve that first"), "{code} {said}");
    project.write("Cargo.toml", &manifest);
    // What the edit makes of the text is what was shown.
    let (start, end) = (&edits[0]["range"]["start"], &edits[0]["range"]["end"]);
    let at = |place: &Value, name: &str| u32::try_from(place[name].as_u64().unwrap()).unwrap();
    let range = [at(start, "line"), at(start, "character"), at(end, "line"), at(end, "character")];
    client.change(&uri, 2, range, edits[0]["newText"].as_str().unwrap());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, last) = (range[0] as usize, range[2] as usize);
    let whole = [&lines[..first].concat(), edits[0]["newText"].as_str().unwrap(), &lines[last..].concat()].concat();
    assert_eq!(whole, made);
    let written = |_: &mut Client| {
        let log = project.0.holdover(&["journal", "log", "--kind", "conflict.resolved", "--json"]);
        serde_json::from_slice(&log.stdout).unwrap_or_default()
    };
    let event = client.until(written, |event: &Value| !event.is_null());
    assert_eq!((&event["payload"]["choice"], &event["payload"]["path"]), (&json!("lockfile"), &json!("Cargo.lock")));
    let (code, _) = client.refused("codeAction/resolve", action);
    assert_eq!(code, MODIFIED, "there is no conflict any more");
    project.write("Cargo.lock", &whole);
    project.cargo_agrees();
}
