//! A workspace with one crate and one npm package whose caches are made by hand, and a memory, for tests.
//! May not run a tool.
#![allow(dead_code, missing_docs, reason = "each test takes what it needs")]

use base64::Engine;
use contract::ArtifactState;
use holdover_inventory::{Homes, Inventory, Memory, NoMemory, Options, Survey};
use sha2::Digest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The folder in which cargo keeps the index.
pub fn index() -> String {
    tame_index::utils::url_to_local_dir(tame_index::CRATES_IO_HTTP_INDEX, true).unwrap().dir_name
}

/// What lockfiles have for its crates.
pub fn source() -> String {
    format!("registry+{}", tame_index::CRATES_IO_INDEX)
}

/// What npm asks for when it installs.
pub const SHORT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// A workspace with one cargo package and one npm package, and everything they need.
pub struct Place {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
    pub home: PathBuf,
}

pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub fn sri(bytes: &[u8]) -> (String, String) {
    let digest = sha2::Sha512::digest(bytes);
    (format!("sha512-{}", base64::engine::general_purpose::STANDARD.encode(digest)), hex::encode(digest))
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, home) = (folder.path().join("workspace"), folder.path().join("home"));
        let place = Place { _folder: folder, root, home };
        let sum = hex::encode(sha2::Sha256::digest("crate itoa"));
        let source = source();
        let win = hex::encode(sha2::Sha256::digest("crate winapi"));
        write(
            &place.root.join("Cargo.toml"),
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\nitoa = \"1\"\n\n[target.'cfg(windows)'.dependencies]\nwinapi = \"0.3\"\n",
        );
        write(
            &place.root.join("Cargo.lock"),
            format!(
                "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n \"winapi\",\n]\n\n[[package]]\nname = \"itoa\"\nversion = \"1.0.2\"\nsource = \"{source}\"\nchecksum = \"{sum}\"\n\n[[package]]\nname = \"winapi\"\nversion = \"0.3.9\"\nsource = \"{source}\"\nchecksum = \"{win}\"\n"
            ),
        );
        write(&place.root.join("src/lib.rs"), "");
        write(&place.index("config.json"), r#"{"dl":"https://crates.example/dl"}"#);
        place.entry("it/oa/itoa", "itoa", "1.0.2", &sum);
        place.entry("wi/na/winapi", "winapi", "0.3.9", &win);
        write(&place.itoa(), "crate itoa");
        let (integrity, _) = sri(b"tarball ms");
        write(&place.root.join("package.json"), r#"{ "name": "app", "dependencies": { "ms": "^2.0.0" } }"#);
        write(
            &place.root.join("package-lock.json"),
            format!(
                "{{\n  \"name\": \"app\",\n  \"lockfileVersion\": 3,\n  \"packages\": {{\n    \"\": {{\n      \"dependencies\": {{ \"ms\": \"^2.0.0\" }}\n    }},\n    \"node_modules/ms\": {{\n      \"version\": \"2.1.3\",\n      \"resolved\": \"https://registry.example/ms/-/ms-2.1.3.tgz\",\n      \"integrity\": \"{integrity}\"\n    }}\n  }}\n}}\n"
            ),
        );
        write(&place.ms(), "tarball ms");
        place
    }

    pub fn index(&self, path: &str) -> PathBuf {
        self.home.join(".cargo/registry/index").join(index()).join(path)
    }

    pub fn entry(&self, path: &str, name: &str, version: &str, sum: &str) {
        let line = format!(
            r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{sum}","features":{{}},"yanked":false}}"#
        );
        let bytes = [b"\x03\x02\0\0\0etag: x\0", version.as_bytes(), b"\0", line.as_bytes(), b"\0"].concat();
        write(&self.index(".cache").join(path), bytes);
    }

    pub fn itoa(&self) -> PathBuf {
        self.home.join(".cargo/registry/cache").join(index()).join("itoa-1.0.2.crate")
    }

    pub fn ms(&self) -> PathBuf {
        let (_, hex) = sri(b"tarball ms");
        self.home.join(".npm/_cacache/content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
    }

    /// Puts into npm's cache what was answered to a request for an address.
    pub fn cache(&self, address: &str, content: &str, accept: Option<&str>) {
        let key = format!("make-fetch-happen:request-cache:{address}");
        let (integrity, hex) = sri(content.as_bytes());
        let cache = self.home.join(".npm/_cacache");
        let headers = accept.map(|accept| format!(r#""accept":"{accept}""#)).unwrap_or_default();
        let size = content.len();
        let json = format!(
            r#"{{"key":"{key}","integrity":"{integrity}","size":{size},"metadata":{{"reqHeaders":{{{headers}}}}}}}"#
        );
        let name = hex::encode(sha2::Sha256::digest(&key));
        let bucket = cache.join("index-v5").join(&name[..2]).join(&name[2..4]).join(&name[4..]);
        let before = std::fs::read_to_string(&bucket).unwrap_or_default();
        write(&bucket, format!("{before}\n{}\t{json}", hex::encode(sha1::Sha1::digest(&json))));
        write(&cache.join("content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..]), content);
    }

    pub fn options(&self) -> Options {
        let homes = Homes::from_variables([("HOME".to_owned(), self.home.to_str().unwrap().to_owned())]);
        Options { homes, target: Some("x86_64-unknown-linux-gnu".into()), ..Options::default() }
    }

    pub fn survey(&self) -> Arc<Survey> {
        Inventory::new(&self.root, self.options()).survey(&NoMemory, &|| false)
    }
}

pub fn state(survey: &Survey, name: &str) -> (ArtifactState, String) {
    let artifact = survey.artifacts.iter().find(|artifact| artifact.name == name).unwrap();
    (artifact.state, artifact.evidence.clone())
}

#[derive(Default)]
pub struct Kept(pub Mutex<HashMap<String, Vec<u8>>>);

impl Memory for Kept {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let kept = self.0.lock().unwrap();
        keys.iter().map(|key| kept.get(key).cloned()).collect()
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        self.0.lock().unwrap().extend(entries);
    }
}
