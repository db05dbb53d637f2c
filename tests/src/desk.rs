//! One of several people who share a project: a data folder, a workspace, and the real command line.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use crate::binary;
use crate::said::{code, err, good, out};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// What a person has.
pub struct Desk {
    /// Their name.
    pub person: &'static str,
    /// Holds the data folder, `data`, and the workspace, `project`.
    pub folder: tempfile::TempDir,
    /// What is set for their commands.
    pub environment: Vec<(&'static str, String)>,
}

/// What a command printed with `--json`.
///
/// # Panics
/// Where that is none.
#[must_use]
pub fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

impl Desk {
    /// A device with a workspace of the project `ferry`, trusted.
    #[must_use]
    pub fn new(person: &'static str) -> Self {
        let desk = Self { person, folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        std::fs::create_dir(desk.folder.path().join("project")).unwrap();
        std::fs::write(desk.root().join("holdover.toml"), "[workspace]\nproject = \"ferry\"\n").unwrap();
        std::fs::write(desk.root().join("a.rs"), "fn a() {}\n").unwrap();
        good(&desk.run(&["trust"]));
        good(&desk.run(&["device", "init", "--name", &format!("desk of {person}"), "--person", person]));
        desk
    }

    /// The workspace.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path()).unwrap().join("project")
    }

    /// A command that is not run yet.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::holdover());
        command.args(arguments).current_dir(self.root()).env("HOLDOVER_DATA_DIR", self.folder.path().join("data"));
        command.env("HOLDOVER_CONFIG", self.folder.path().join("none.toml")).env("TZ", "UTC");
        command.env("USER", self.person).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs one.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Exit code, and what it says to programs.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ended = self.run(&[arguments, &["--json"]].concat());
        (code(&ended), json_of(&ended))
    }

    /// Exit code and the report.
    #[allow(clippy::must_use_candidate, reason = "that it was done may be all that is asked")]
    pub fn sync(&self) -> (i32, Value) {
        self.json(&["sync"])
    }

    /// Writes a note anew.
    pub fn edit(&self, id: &str, text: &str) {
        good(&self.run(&["note", "edit", id, "-m", text]));
    }

    /// Texts of the notes.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        let (_, notes) = self.json(&["note", "list"]);
        let notes = notes["notes"].as_array().unwrap();
        notes.iter().map(|note| note["body"].as_str().unwrap().to_owned()).collect()
    }

    /// Exit code of `conflicts`, and how many records are in conflict.
    #[must_use]
    pub fn conflicts(&self) -> (i32, usize) {
        let (code, listed) = self.json(&["conflicts"]);
        (code, listed["records"].as_array().map_or(0, Vec::len))
    }
}

/// The second is let in by the first.
pub fn let_in(host: &Desk, guest: &Desk) {
    std::fs::write(guest.root().join("invitation.txt"), good(&host.run(&["device", "invite"]))).unwrap();
    let file = |name: &str| host.folder.path().join(name).to_string_lossy().into_owned();
    good(&guest.run(&["device", "join", "invitation.txt", "--to", &file("request.bin")]));
    good(&host.run(&["device", "join", &file("request.bin"), "--to", &file("answer.bin")]));
    good(&guest.run(&["device", "join", &file("answer.bin")]));
}
