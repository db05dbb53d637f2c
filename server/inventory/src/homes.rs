//! Where tools keep their things on this machine, and what a survey is asked for.
//! May read the environment and a few configuration files; may not run a tool.

use crate::look::{Look, Seen};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a file system may take for one answer where nobody says otherwise: a disk that has to spin up takes less.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How far a survey goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Presence, size and identity; checksums where they are remembered or cheap.
    #[default]
    Fast,
    /// Every checksum, read again.
    Deep,
}

/// What a survey is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Target triple to judge for; `None`: the machine's.
    pub target: Option<String>,
    /// Folders, relative to the root, in which no lockfile is looked for.
    pub exclude: Vec<String>,
    /// How far to go.
    pub depth: Depth,
    /// Where tools keep their things.
    pub homes: Homes,
    /// How long a file system may take for one answer; then it is passed over until it answers.
    pub patience: Duration,
    /// Bytes up to which unverified files are hashed at once, in a fast survey; all of them or none.
    pub verify_budget: u64,
    /// Only counts are wanted: where everything is here, artifacts are neither remembered nor taken out of the memory. Who asks
    /// for them all the same has the lockfile judged anew.
    pub counts_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            target: None,
            exclude: Vec::new(),
            depth: Depth::Fast,
            homes: Homes::from_env(),
            patience: PATIENCE,
            verify_budget: 32 << 20,
            counts_only: false,
        }
    }
}

/// Where tools keep their things, and what of the environment changes what they do.
#[derive(Debug, Clone, Default)]
pub struct Homes {
    /// The user's folder.
    pub home: PathBuf,
    /// `CARGO_HOME`, or `~/.cargo`.
    pub cargo: PathBuf,
    /// `RUSTUP_HOME`, or `~/.rustup`.
    pub rustup: PathBuf,
    /// npm's cache as the environment names it; `None`: as `.npmrc` says, or `~/.npm`.
    pub npm_cache: Option<PathBuf>,
    /// Folders in which programs are looked up.
    pub path: Vec<PathBuf>,
    /// Variables that tools read as configuration: `CARGO_*`, `RUSTFLAGS`, `RUSTUP_TOOLCHAIN`, `NODE_ENV`, `npm_config_*`
    /// (in lower case), `GO*`, `PNPM_HOME`, `pnpm_config_*`, `UV_*`, `PIP_*`, `POETRY_*`, `VIRTUAL_ENV`, `CONDA_*`, `MAVEN_*`, `GRADLE_*`, `JAVA_*`, `XDG_*`, `PYENV_*`, `YARN_*`, `COREPACK_*`, `GIT_*`, `CONTAINER*`, `DOCKER_*`, `STORAGE_*`, `TF_*`, and those a `.npmrc` may refer to.
    pub variables: BTreeMap<String, String>,
}

impl Homes {
    /// As this process's environment has it.
    pub fn from_env() -> Self {
        let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Homes::from_variables(variables)
    }

    /// As an environment of these variables would have it.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut kept = BTreeMap::new();
        for (name, value) in variables {
            let lower = name.to_ascii_lowercase();
            kept.insert(if lower.starts_with("npm_config_") { lower } else { name }, value);
        }
        let folder = |name: &str| kept.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = folder("HOME").or_else(|| folder("USERPROFILE")).unwrap_or_default();
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Homes {
            cargo: absolute(folder("CARGO_HOME").unwrap_or_else(|| home.join(".cargo"))),
            rustup: absolute(folder("RUSTUP_HOME").unwrap_or_else(|| home.join(".rustup"))),
            npm_cache: folder("npm_config_cache").map(absolute),
            path: kept.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default(),
            home,
            variables: kept,
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Everything here that can change an answer, part by part. Of the variables those whose names begin as what judges
    /// read begins; what a `.npmrc` names besides is [`Look::only_once`].
    pub(crate) fn parts(&self, each: &mut dyn FnMut(&[u8])) {
        let folders = [&self.home, &self.cargo, &self.rustup].into_iter().chain(&self.npm_cache).chain(&self.path);
        folders.for_each(|folder| each(folder.as_os_str().as_encoded_bytes()));
        each(&[u8::from(self.npm_cache.is_some())]);
        let read = |name: &str| {
            [
                "CARGO",
                "GIT_",
                "GO",
                "RUST",
                "NODE",
                "npm_",
                "PNPM_",
                "pnpm_",
                "UV_",
                "PIP_",
                "POETRY_",
                "VIRTUAL_ENV",
                "CONDA",
                "MAVEN_",
                "GRADLE_",
                "JAVA_",
                "XDG_",
                "PYENV",
                "YARN_",
                "yarn_",
                "COREPACK_",
                "CONTAINER",
                "_CONTAINERS_",
                "DOCKER_",
                "STORAGE_",
                "TF_",
                "TERRAFORM_",
            ]
            .iter()
            .any(|start| name.starts_with(start))
        };
        for (name, value) in self.variables.iter().filter(|(name, _)| read(name)) {
            each(name.as_bytes());
            each(value.as_bytes());
        }
    }

    /// Where a program of this name stands, links followed.
    pub(crate) fn program(&self, name: &str, look: &Look) -> Option<PathBuf> {
        let named = |folder: &PathBuf| {
            let plain = folder.join(name);
            let windows = folder.join(format!("{name}.exe"));
            [plain, windows].into_iter().find(|path| matches!(look.at(path), Seen::File(_)))
        };
        self.path.iter().find_map(named).and_then(|path| crate::reach::canonical(&path).ok())
    }
}

/// The triple that cargo builds for by default: what rustup says, else what this program was built for.
pub(crate) fn host_target(homes: &Homes, look: &Look) -> String {
    let fallback = || env!("HOLDOVER_TARGET").to_owned();
    let Ok(text) = look.text(&homes.rustup.join("settings.toml"), 1 << 20) else { return fallback() };
    let Ok(settings) = toml::from_str::<toml::Table>(&text) else { return fallback() };
    let said = |key: &str| settings.get(key).and_then(toml::Value::as_str);
    if let Some(triple) = said("default_host_triple") {
        return triple.to_owned();
    }
    // `stable-x86_64-unknown-linux-gnu`, `1.95.0-…`, `nightly-2026-01-01-…`: the triple is the longest known suffix.
    let toolchain = said("default_toolchain").unwrap_or_default();
    toolchain
        .match_indices('-')
        .map(|(at, _)| &toolchain[at + 1..])
        .find(|suffix| cfg_expr::targets::get_builtin_target_by_triple(suffix).is_some())
        .map_or_else(fallback, str::to_owned)
}

/// Whether a triple is one that cargo's `cfg`s can be answered for.
pub(crate) fn known_target(triple: &str) -> bool {
    cfg_expr::targets::get_builtin_target_by_triple(triple).is_some()
}

/// `path` below `base` for showing, or as it is.
pub(crate) fn relative(path: &Path, base: &Path) -> PathBuf {
    path.strip_prefix(base).map_or_else(|_| path.to_path_buf(), Path::to_path_buf)
}
