//! A real project with full caches for one test: a copy, so that a test may break what it likes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A project, its caches, and a data folder, all of its own.
pub struct Fixture {
    folder: tempfile::TempDir,
    /// Keeps variables that a test sets for every command.
    environment: Vec<(String, String)>,
}

impl Fixture {
    /// About ten crates and as many npm packages, made by the real tools once and copied for each test.
    ///
    /// # Panics
    /// Where it cannot be made: a test without it would say nothing.
    pub fn small() -> Self {
        let master = cache().join("small");
        let script = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
            .join("../fixtures/generate/small.sh");
        let made = Command::new("bash").arg(script).arg(&master).output().expect("bash is there");
        assert!(made.status.success(), "the project could not be made: {}", String::from_utf8_lossy(&made.stderr));
        let folder = tempfile::tempdir().expect("a folder for the test");
        for part in ["workspace", "cargo-home", "npm-cache"] {
            let copied = Command::new("cp").arg("-a").arg(master.join(part)).arg(folder.path()).status();
            assert!(copied.is_ok_and(|status| status.success()), "{part} could not be copied");
        }
        Self { folder, environment: Vec::new() }
    }

    /// The project.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// The data folder, which is not there before the first command.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Sets a variable for every command that follows.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The only file below `cargo-home/registry` whose name begins so and ends with `.crate`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn crate_file(&self, name: &str) -> PathBuf {
        let cache = self.folder.path().join("cargo-home/registry/cache");
        let registries = std::fs::read_dir(cache).expect("a cache");
        registries
            .flatten()
            .flat_map(|registry| std::fs::read_dir(registry.path()).expect("a registry's cache").flatten())
            .map(|entry| entry.path())
            .find(|path| {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                file.strip_prefix(&format!("{name}-"))
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
            .unwrap_or_else(|| panic!("no crate {name}"))
    }

    /// The file in npm's cache that holds the package at this path of the lockfile.
    ///
    /// # Panics
    /// Where the lockfile has no such path.
    pub fn npm_file(&self, path: &str) -> PathBuf {
        use base64::Engine as _;
        let lock = std::fs::read(self.workspace().join("package-lock.json")).expect("a lockfile");
        let lock: serde_json::Value = serde_json::from_slice(&lock).expect("JSON");
        let integrity = lock["packages"][path]["integrity"].as_str().unwrap_or_else(|| panic!("no package {path}"));
        let sum = integrity.strip_prefix("sha512-").expect("sha512");
        let sum = base64::engine::general_purpose::STANDARD.decode(sum).expect("base64");
        let sum = hex::encode(sum);
        let content = self.folder.path().join("npm-cache/_cacache/content-v2/sha512");
        content.join(&sum[..2]).join(&sum[2..4]).join(&sum[4..])
    }

    /// The variables of [`Fixture::command`], for programs that are started in another way.
    pub fn environment(&self) -> Vec<(String, String)> {
        let at = |part: &str| self.folder.path().join(part).display().to_string();
        let mut all = vec![
            ("CARGO_HOME".to_owned(), at("cargo-home")),
            ("npm_config_cache".to_owned(), at("npm-cache")),
            ("HOLDOVER_DATA_DIR".to_owned(), at("data")),
            ("HOLDOVER_CONFIG".to_owned(), at("no-such-settings.toml")),
            // Compiling is no matter of tests that do not say so.
            ("HOLDOVER_CHECKS_DISABLE".to_owned(), "[\"clippy\"]".to_owned()),
        ];
        all.extend(self.environment.iter().cloned());
        all
    }

    /// A command with the project's caches, this fixture's data folder, and no user settings.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.workspace())
            .env_remove("HOLDOVER_OFFLINE")
            .env_remove("CARGO_TARGET_DIR")
            .envs(self.environment());
        command
    }

    /// `holdover` with these arguments, in the workspace.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn holdover(&self, arguments: &[&str]) -> Output {
        self.command(crate::binary::holdover()).args(arguments).output().expect("holdover runs")
    }
}

/// Where projects are kept between runs: `HOLDOVER_TEST_CACHE`, else a folder in the tests' target folder.
///
/// # Panics
/// Where it cannot be made.
pub fn cache() -> PathBuf {
    let folder = std::env::var_os("HOLDOVER_TEST_CACHE").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test lies in <target>/<profile>/deps").join("holdover-test-cache")
        },
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("the test cache can be made");
    folder
}
