//! Regions of many languages, commands, conflicts and logs, each with what its facts have to say and what they may not
//! (`fixtures/explanations/regions.toml`). One server explains all of them, without a model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup, capabilities, uri};
use holdover_tests::git::Repository;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Manifests end so, lest this repository seems to be what they say.
const HIDDEN: &str = ".fixture";

/// A region as the file has it.
struct Region<'a>(&'a Value);

impl Region<'_> {
    fn word(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|word| word.as_str().unwrap())
    }

    fn list(&self, field: &str) -> Vec<&str> {
        self.0[field].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    }

    fn name(&self) -> String {
        let subject = self.word("file").or(self.word("command")).or(self.word("log")).unwrap();
        self.word("lines").map_or(subject.to_owned(), |lines| format!("{subject}:{lines}"))
    }

    fn ask(&self, root: &Path) -> Value {
        if let Some(command) = self.word("command") {
            return json!({ "workspace": root, "command": command, "facts": true });
        }
        if let Some(log) = self.word("log") {
            return json!({ "workspace": root, "log": fixtures("logs").join(log), "facts": true });
        }
        let mut ask = json!({ "file": uri(&root.join(self.word("file").unwrap())), "facts": true });
        if let Some(lines) = self.word("lines") {
            let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
            let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
            (ask["line"], ask["lines"]) = (json!(first - 1), json!(last - first + 1));
        }
        ask
    }
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../fixtures").join(name).canonicalize().unwrap()
}

/// What the facts say: titles with what stands below them. History is another test's.
fn told(explanation: &Value) -> String {
    let facts = explanation["facts"].as_array().unwrap_or_else(|| panic!("{explanation:#}")).iter();
    let told = facts.filter(|fact| fact["kind"] != "history");
    let said = |fact: &Value| [fact["title"].as_str().unwrap(), fact["body"].as_str().unwrap_or_default()].join("\n");
    told.map(said).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_has_to_be_said_of_a_region_is_said_and_what_may_not_be_is_not() {
    let from = fixtures("explanations");
    let text = std::fs::read_to_string(from.join("regions.toml")).unwrap();
    let all: Value = toml::from_str(&text).unwrap();
    let regions: Vec<Region<'_>> = all["region"].as_array().unwrap().iter().map(Region).collect();
    assert!(regions.len() >= 60, "{} regions", regions.len());
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::new(&folder.path().join("project"));
    let mut files = BTreeSet::new();
    for file in regions.iter().filter_map(|region| region.word("file")) {
        let stored = from.join(file);
        let stored = if stored.exists() { stored } else { from.join(format!("{file}{HIDDEN}")) };
        std::fs::copy(stored, repository.root.join(file)).unwrap();
        files.insert(file.to_owned());
    }
    // A fixture that no region is about is no fixture.
    let names = std::fs::read_dir(&from).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let kept: BTreeSet<String> = names.map(|name| name.trim_end_matches(HIDDEN).to_owned()).collect();
    assert_eq!(kept.difference(&files).collect::<Vec<_>>(), ["README.md", "regions.toml"]);
    let setup =
        Setup { roots: vec![repository.root.clone()], capabilities: capabilities("utf-16"), ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for region in &regions {
        let name = region.name();
        assert!(names.insert(name.clone()), "{name} stands there twice");
        let (must, never) = (region.list("must"), region.list("never"));
        assert!(!never.is_empty(), "{name}: everything may be said");
        let explanation = client.command("holdover.explain", region.ask(&repository.root));
        assert_eq!(explanation["state"], "facts", "{name}: {explanation:#}");
        let told = told(&explanation);
        let missing = must.iter().filter(|fact| !told.contains(**fact)).map(|fact| ("not said", fact));
        let said = never.iter().filter(|fact| told.contains(**fact)).map(|fact| ("said", fact));
        let found: Vec<String> = missing.chain(said).map(|(how, fact)| format!("  {how}: {fact:?}")).collect();
        if !found.is_empty() {
            wrong.push(format!("{name}:\n{}\n  of {told:?}", found.join("\n")));
        }
        // As a document nothing of a file is obeyed.
        let text = explanation["text"].as_str().unwrap();
        let outside: String = text.split("```").step_by(2).collect();
        assert!(!outside.contains("<script") && !outside.contains("](command"), "{name}: {text}");
    }
    assert!(wrong.is_empty(), "{} of {} regions:\n{}", wrong.len(), regions.len(), wrong.join("\n\n"));
}
