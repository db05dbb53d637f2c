//! A repository whose branches the tools themselves lock.
#![allow(dead_code, reason = "each test uses its own part of it")]

use holdover_tests::fixture::Fixture;
use holdover_tests::said::out;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A repository with real caches, whose branches are made by the tools themselves.
pub(crate) struct Project(pub(crate) Fixture);

pub(crate) fn both(output: &Output) -> String {
    out(output) + &String::from_utf8_lossy(&output.stderr)
}

impl Project {
    /// A merge in which one side added a package of npm's and the other one for development.
    pub(crate) fn npm_merged(&self) {
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

    pub(crate) fn new() -> Self {
        let new = Self(Fixture::small());
        for name in ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json"] {
            std::fs::remove_file(new.at(name)).unwrap();
        }
        std::fs::write(new.at(".gitignore"), "/target\n/node_modules\n").unwrap();
        new.git(&["init", "-q", "-b", "main"]);
        new
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.workspace().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.at(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.0.command(Path::new(program)).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap()
    }

    pub(crate) fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}", both(&output));
        out(&output)
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"];
        self.must("git", &[&who[..], arguments].concat());
    }

    /// `main` and `feature`, each made by `change` from what `base` leaves, and merged: the lockfile conflicts.
    pub(crate) fn merged(&self, base: impl Fn(&Self), main: impl Fn(&Self), feature: impl Fn(&Self)) {
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

    pub(crate) fn unmerged(&self) -> Vec<String> {
        self.must("git", &["diff", "--name-only", "--diff-filter=U"]).lines().map(str::to_owned).collect()
    }

    pub(crate) fn trust(&self) {
        let output = self.0.holdover(&["trust"]);
        assert!(output.status.success(), "{}", both(&output));
    }

    pub(crate) fn suggested(&self, file: &str) -> Value {
        let output = self.0.holdover(&["conflicts", file, "--suggest", "--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&output)));
        told["files"][0]["lockfile"].clone()
    }

    pub(crate) fn problem(&self, file: &str) -> String {
        let told = self.suggested(file);
        told["problem"].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned()
    }

    /// Takes the merge, after a look at it: what was suggested is what is written, and it can be undone.
    pub(crate) fn resolve(&self, file: &str) -> Value {
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
    pub(crate) fn cargo_agrees(&self) {
        let lock = self.read("Cargo.lock");
        self.must("cargo", &["metadata", "--locked", "--offline", "--format-version", "1", "--quiet"]);
        self.must("cargo", &["update", "--workspace", "--offline", "--quiet"]);
        assert_eq!(self.read("Cargo.lock"), lock, "cargo would write it in another way");
    }

    pub(crate) fn npm_agrees(&self) {
        let lock = self.read("package-lock.json");
        self.must("npm", &["ci", "--offline", "--dry-run", "--ignore-scripts"]);
        self.must("npm", &["ls", "--package-lock-only", "--all"]);
        self.must("npm", &["install", "--package-lock-only", "--offline", "--ignore-scripts"]);
        assert_eq!(self.read("package-lock.json"), lock, "npm would write it in another way");
    }

    pub(crate) fn manifest(&self, name: &str, dependencies: &[&str]) {
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

    pub(crate) fn lock(&self) {
        self.must("cargo", &["update", "--workspace", "--offline", "--quiet"]);
    }

    /// A `package.json` in which each table stands apart, and its lockfile.
    pub(crate) fn package(&self, tables: [&[(&str, &str)]; 3]) {
        let table = |all: &[(&str, &str)]| {
            all.iter().map(|(name, range)| format!("    \"{name}\": \"{range}\"")).collect::<Vec<_>>().join(",\n")
        };
        let [plain, dev, optional] = tables.map(table);
        let apart = |n: usize| ["a", "b", "c", "d"].map(|m| format!("  \"{m}{n}\": 1,\n")).concat();
        self.write("package.json", &format!("{{\n  \"name\": \"root\",\n  \"version\": \"1.0.0\",\n  \"workspaces\": [\"packages/*\"],\n  \"dependencies\": {{\n{plain}\n  }},\n{}  \"devDependencies\": {{\n{dev}\n  }},\n{}  \"optionalDependencies\": {{\n{optional}\n  }}\n}}\n", apart(1), apart(2)));
        self.npm_lock();
    }

    pub(crate) fn npm_lock(&self) {
        self.must("npm", &["install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit"]);
    }
}

pub(crate) fn bumped(project: &Project, memchr: &str) {
    project.must("cargo", &["update", "--offline", "--quiet", "memchr", "--precise", memchr]);
}

pub(crate) fn held(told: &Value, list: &str) -> Vec<(String, String)> {
    let all = told[list].as_array().cloned().unwrap_or_default();
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    all.iter().map(|one| (word(one, "name"), word(one, "side"))).collect()
}

pub(crate) fn named(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, side)| ((*name).to_owned(), (*side).to_owned())).collect()
}

/// A small conflict of cargo's that could be solved, made with this root manifest's last lines and settings.
pub(crate) fn conflicted(extra: &str) -> Project {
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
