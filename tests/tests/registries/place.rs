//! A workspace whose registries are asked, and what is told of them.
#![allow(dead_code, reason = "each test uses its own part of it")]

use super::server::Registry;
use holdover_tests::binary;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A workspace with one package of each kind of tool, all of them missing, and a data folder.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) const SECRET: &str = "npm_8d1f0c2e7a";
pub(crate) const DESCRIPTION: &str = r#"{"name":"left-pad","versions":{"1.3.0":{"name":"left-pad"}}}"#;

impl Place {
    /// Trusted, and connections are tried whatever the machine's routes say.
    pub(crate) fn new() -> Self {
        let place = Self::untrusted();
        assert!(place.holdover(&["trust"]).status.success());
        place
    }

    pub(crate) fn untrusted() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(place.workspace()).unwrap();
        std::fs::create_dir_all(place.home()).unwrap();
        let integrity =
            "sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA==";
        place.write("package.json", r#"{"name":"app","version":"1.0.0","dependencies":{"left-pad":"1.3.0"}}"#);
        place.write(
            "package-lock.json",
            &format!(
                r#"{{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{{"":{{"name":"app","version":"1.0.0","dependencies":{{"left-pad":"1.3.0"}}}},"node_modules/left-pad":{{"version":"1.3.0","integrity":"{integrity}"}}}}}}"#
            ),
        );
        assert!(place.holdover(&["offline", "off"]).status.success());
        place
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.workspace().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// npm's registry is this one.
    pub(crate) fn npm(&self, url: &str) {
        self.write(".npmrc", &format!("registry={url}\n"));
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary::holdover());
        for (name, _) in std::env::vars() {
            let lower = name.to_ascii_lowercase();
            if lower.ends_with("_proxy")
                || lower.starts_with("npm_config")
                || lower.starts_with("cargo_")
                || lower.starts_with("uv_")
                || ["pip_", "poetry_", "yarn_", "pnpm_", "go", "virtual_env"]
                    .iter()
                    .any(|start| lower.starts_with(start))
            {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.workspace())
            .env("HOME", self.home())
            .env("CARGO_HOME", self.home().join("cargo"))
            .env("HOLDOVER_DATA_DIR", self.folder.path().join("data"))
            .env("HOLDOVER_CONFIG", self.folder.path().join("none.toml"))
            .env_remove("HOLDOVER_OFFLINE");
        command
    }

    pub(crate) fn holdover(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// What is told of the only registry.
    pub(crate) fn asked(&self) -> Value {
        let all = self.all();
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.clone()
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        let output = self.holdover(&["status", "--ask", "--json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
        status["mirrors"].as_array().unwrap().clone()
    }

    /// The state and the words for a registry that answers like this.
    pub(crate) fn state(answer: impl Fn(&str, &mut dyn Write) + Send + Sync + 'static) -> (String, String) {
        let place = Place::new();
        let registry = Registry::start(answer);
        place.npm(&format!("http://127.0.0.1:{}/", registry.port));
        words(&place.asked())
    }
}

pub(crate) fn words(mirror: &Value) -> (String, String) {
    (mirror["state"].as_str().unwrap().to_owned(), mirror["text"].as_str().unwrap().to_owned())
}
