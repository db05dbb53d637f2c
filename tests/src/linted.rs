//! A project with linters for one test: the pinned ones, behind programs that leave a mark whenever they are started, or others in
//! their place that behave as badly as a test wants.

use crate::binary::holdover;
use crate::client::{Client, Setup};
use crate::said;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Characters of several bytes and of two units, tabs and CRLF, with a finding behind each.
pub const PYTHON: &str =
    "import os\r\nimport sys\r\n\r\n\r\ndef f(x):\r\n\tname = 'é😀'; y = 1\r\n\treturn '𝄞' == x, x == None\r\n";
/// The same for the compiler.
pub const RUST: &str = "fn main() {\r\n\tlet text = \"é😀\"; let unused = text.len();\r\n\tprintln!(\"{}\", \"𝄞\".len() == 0);\r\n}\r\n\r\n#[must_use]\r\npub fn one() -> u32 {\r\n    /* 😀 */ return 1;\r\n}\r\n";

/// A project, its data folder, and the programs that it finds.
pub struct Linted {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Linted {
    /// A folder with nothing in it, trusted, with Ruff and the toolchain in `PATH`.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for part in ["app", "bin"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        let at = |part: &str| folder.path().join(part).display().to_string();
        let path = std::env::var("PATH").expect("a PATH");
        let environment = vec![
            ("HOLDOVER_DATA_DIR".to_owned(), at("data")),
            ("HOLDOVER_CONFIG".to_owned(), at("no-such-settings.toml")),
            ("PATH".to_owned(), format!("{}:{path}", at("bin"))),
        ];
        let project = Self { folder, environment };
        project.write("holdover.toml", "");
        project.stand_in("ruff", &format!("exec '{}' \"$@\"", ruff().display()));
        assert_eq!(said::code(&project.holdover(&["trust"])), 0);
        project
    }

    /// With one Python file and Ruff's configuration.
    #[must_use]
    pub fn python() -> Self {
        let project = Self::new();
        project.write("ruff.toml", "lint.select = ['E', 'F']\n");
        project.write("a.py", PYTHON);
        project
    }

    /// With one crate that depends on nothing.
    #[must_use]
    pub fn rust() -> Self {
        let project = Self::new();
        project.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
        project.write("src/main.rs", RUST);
        project
    }

    /// With the project that `fixtures/linters` has for a linter, and every linter that the tests install in `PATH`.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn fixture(name: &str) -> Self {
        let mut project = Self::new();
        let file = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
            .join("../fixtures/linters")
            .join(format!("{name}.txtar"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for part in format!("\n{text}").split("\n-- ").skip(1) {
            let (name, text) = part.split_once(" --\n").unwrap_or((part.trim_end_matches(" --"), ""));
            // The line end before the next name is its own.
            let text = if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
            project.write(name, &text);
        }
        let (tools, path) = (tools(), std::env::var("PATH").expect("a PATH"));
        let bin = project.beside("bin");
        let all = ["linters/bin", "linters/node/node_modules/.bin", "go/go/bin"]
            .map(|part| tools.join(part).display().to_string());
        project.set("PATH", &format!("{}:{}:{path}", bin.display(), all.join(":")));
        project.set("PYTHONPATH", &tools.join("linters").display().to_string());
        project.set("GOCACHE", &crate::fixture::cache().join("go-vet").display().to_string());
        project
    }

    /// The workspace.
    ///
    /// # Panics
    /// Where it is gone.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path().join("app")).expect("a workspace")
    }

    /// A folder beside the workspace.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the workspace.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.folder.path().join("app").join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }

    /// Puts a program in `PATH` before all others: it leaves a mark, and does what `script` says. Without a version it is not asked for.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn stand_in(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let (program, marks) = (self.folder.path().join("bin").join(name), self.beside("marks"));
        let text = format!("#!/bin/bash\necho \"{name} $*\" >> '{}'\n{script}\n", marks.display());
        std::fs::write(&program, text).expect("a program");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a program");
    }

    /// Takes a program away that stood in.
    ///
    /// # Panics
    /// Where there is none.
    pub fn take_away(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join("bin").join(name)).expect("a program");
    }

    /// With which arguments programs were started that stand in, in order.
    #[must_use]
    pub fn started(&self) -> Vec<String> {
        let marks = std::fs::read_to_string(self.beside("marks")).unwrap_or_default();
        marks.lines().map(str::to_owned).collect()
    }

    /// Sets a variable for every command that follows.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// `holdover` with these arguments, in the workspace.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn holdover(&self, arguments: &[&str]) -> Output {
        self.command(holdover()).args(arguments).output().expect("holdover runs")
    }

    /// A command in the workspace.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env_remove("HOLDOVER_OFFLINE").env_remove("CARGO_TARGET_DIR");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What `holdover check --json` says, and its exit code.
    ///
    /// # Panics
    /// Where it is no JSON.
    #[must_use]
    pub fn check(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.holdover(&[&["check", "--json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said::err(&output)));
        (report, said::code(&output))
    }

    /// An editor on the workspace.
    #[must_use]
    pub fn editor(&self) -> Client {
        let setup = Setup { roots: vec![self.root()], ..Setup::default() };
        let setup = self.environment.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
        let mut client = Client::start(&setup);
        client.accept_leftovers();
        client
    }
}

impl Default for Linted {
    fn default() -> Self {
        Self::new()
    }
}

/// The pinned Ruff.
///
/// # Panics
/// Where it is not installed.
#[must_use]
pub fn ruff() -> PathBuf {
    let ruff = tools().join("linters/bin/ruff");
    assert!(ruff.is_file(), "{} is not there: run tests/linters/install.sh {}", ruff.display(), tools().display());
    std::fs::canonicalize(ruff).expect("ruff")
}

/// Where the tests' tools are installed.
fn tools() -> PathBuf {
    std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    )
}
