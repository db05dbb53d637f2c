//! What uv is told besides the lockfile: by `uv.toml`, `[tool.uv]` and the environment.
//! May not run uv; a setting that changes its answer and is not followed here is named.

use super::digest;
use super::manifest::{LARGEST, Manifest};
use crate::ecosystem::Ask;
use crate::fetch::without_credentials;
use crate::look::Unread;
use crate::members::clean;
use contract::{Mirror, MirrorState};
use std::path::{Path, PathBuf};

/// Settings that are followed elsewhere, or that change nothing of what `uv sync --locked --offline` does.
const KNOWN: [&str; 31] = [
    "package",
    "default-groups",
    "dev-dependencies",
    "sources",
    "workspace",
    "managed",
    "index",
    "index-url",
    "extra-index-url",
    "link-mode",
    "compile-bytecode",
    "build-backend",
    "cache-keys",
    "concurrent-downloads",
    "concurrent-builds",
    "concurrent-installs",
    "native-tls",
    "system-certs",
    "pip",
    "publish-url",
    "check-url",
    "trusted-publishing",
    "keyring-provider",
    "allow-insecure-host",
    "index-strategy",
    "python-downloads",
    "offline",
    "no-progress",
    "add-bounds",
    "cache-dir",
    "required-version",
];
/// Variables that are followed, or that change nothing of that; endings with `*` stand for all that begin so.
const KNOWN_VARIABLES: [&str; 24] = [
    "UV_CACHE_DIR",
    "UV_OFFLINE",
    "UV_PYTHON",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON_INSTALL_DIR",
    "UV_PYTHON_BIN_DIR",
    "UV_PYTHON_DOWNLOADS",
    "UV_NO_PROGRESS",
    "UV_LINK_MODE",
    "UV_COMPILE_BYTECODE",
    "UV_CONCURRENT_*",
    "UV_HTTP_*",
    "UV_REQUEST_TIMEOUT",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_INSECURE_HOST",
    "UV_PUBLISH_*",
    "UV_TOOL_*",
    "UV_KEYRING_PROVIDER",
    "UV_INDEX_*",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_LOCKED",
];

/// As far as it matters here.
pub(super) struct Settings {
    pub cache: PathBuf,
    /// The project's virtual environment.
    pub environment: PathBuf,
    /// Where uv keeps the Pythons that it installed.
    pub pythons: PathBuf,
    /// Registries that are configured, without credentials; none: uv takes whatever the lockfile has.
    pub registries: Option<Vec<String>>,
    /// By name, as sources in a manifest name them.
    pub named: Vec<(String, String)>,
    pub mirrors: Vec<Mirror>,
    /// The version that uv must have.
    pub required: Option<String>,
    /// What is not followed, in words.
    pub doubts: Vec<String>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
}

/// Reads them for the folder that the lockfile stands in.
pub(super) fn read(folder: &Path, manifest: &Manifest, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let given = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let at = |path: &str| clean(&folder.join(path));
    let below = |name: &str, other: &str| given(name).map_or_else(|| homes.home.join(other), PathBuf::from);
    let mut settings = Settings {
        cache: given("UV_CACHE_DIR").map_or_else(|| below("XDG_CACHE_HOME", ".cache").join("uv"), at),
        environment: given("UV_PROJECT_ENVIRONMENT").map_or_else(|| folder.join(".venv"), at),
        pythons: given("UV_PYTHON_INSTALL_DIR")
            .map_or_else(|| below("XDG_DATA_HOME", ".local/share").join("uv/python"), at),
        registries: None,
        named: Vec::new(),
        mirrors: Vec::new(),
        required: None,
        doubts: Vec::new(),
        files: Vec::new(),
    };
    for name in homes.variables.keys().filter(|name| name.starts_with("UV_")) {
        let known = KNOWN_VARIABLES
            .iter()
            .any(|known| known.strip_suffix('*').map_or(name == known, |start| name.starts_with(start)));
        if !known {
            settings.doubts.push(format!("the variable {name} is set, which is not followed"));
        }
    }
    let mut listed: Vec<(Option<String>, String)> = Vec::new();
    let mut default = given("UV_DEFAULT_INDEX").or(given("UV_INDEX_URL")).map(str::to_owned);
    for name in ["UV_INDEX", "UV_EXTRA_INDEX_URL"] {
        for one in given(name).into_iter().flat_map(str::split_whitespace) {
            match one.split_once('=').filter(|(name, _)| !name.contains(':')) {
                Some((name, url)) => listed.push((Some(name.to_owned()), url.to_owned())),
                None => listed.push((None, one.to_owned())),
            }
        }
    }
    let system = ["XDG_CONFIG_HOME"].map(|name| below(name, ".config").join("uv/uv.toml")).into_iter();
    let mut tables: Vec<(PathBuf, toml::Table)> = nearest(folder, manifest, &mut settings, ask).into_iter().collect();
    for path in system.chain([PathBuf::from("/etc/uv/uv.toml")]) {
        tables.extend(file(&path, &mut settings, ask).map(|table| (path.clone(), table)));
    }
    let own_cache = given("UV_CACHE_DIR").is_some();
    for (path, table) in &tables {
        for (key, value) in table {
            if !KNOWN.contains(&key.as_str()) {
                settings.doubts.push(format!("{}: the setting {key} is not followed", path.display()));
            }
            let text = value.as_str();
            match (key.as_str(), text) {
                ("cache-dir", Some(place)) if !own_cache => {
                    settings.cache = clean(&path.parent().unwrap_or(folder).join(place));
                }
                ("required-version", Some(asked)) => settings.required = Some(asked.to_owned()),
                ("managed", _) if value.as_bool() == Some(false) => {
                    settings.doubts.push("the project says that uv is not to manage it".into());
                }
                ("index-url", Some(url)) => default = default.take().or_else(|| Some(url.to_owned())),
                ("extra-index-url", _) => {
                    let urls = value.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
                    listed.extend(urls.map(|url| (None, url.to_owned())));
                }
                ("index", _) => {
                    for index in value.as_array().into_iter().flatten() {
                        let said = |key: &str| index.get(key).and_then(toml::Value::as_str);
                        let Some(url) = said("url") else { continue };
                        if said("format").is_some_and(|format| format != "simple") || !url.contains("://") {
                            settings
                                .doubts
                                .push("a registry that is a folder or a page of links is not followed".into());
                        }
                        if index.get("default").and_then(toml::Value::as_bool) == Some(true) {
                            default = default.take().or_else(|| Some(url.to_owned()));
                        }
                        listed.push((said("name").map(str::to_owned), url.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    take_registries(&mut settings, listed, default.as_deref());
    settings
}

fn take_registries(settings: &mut Settings, listed: Vec<(Option<String>, String)>, default: Option<&str>) {
    let all: Vec<String> = listed.iter().map(|(_, url)| url.clone()).chain(default.map(str::to_owned)).collect();
    if all.is_empty() {
        return;
    }
    settings.named = listed.into_iter().filter_map(|(name, url)| Some((name?, plain(&url)))).collect();
    let mut registries: Vec<String> = all.iter().map(|url| plain(url)).collect();
    registries.sort();
    registries.dedup();
    settings.mirrors = registries
        .iter()
        .map(|url| Mirror {
            ecosystem: "uv".into(),
            url: url.clone(),
            state: MirrorState::Unknown,
            checked_at: None,
            latency_ms: None,
            text: String::new(),
        })
        .collect();
    if default.is_none() {
        registries.push(digest::DEFAULT.into());
    }
    settings.registries = Some(registries);
}

fn plain(url: &str) -> String {
    without_credentials(url).trim_end_matches('/').to_owned()
}

impl Settings {
    /// Whether uv would take a registry of the lockfile for one of those it knows.
    pub(super) fn knows(&self, registry: &str) -> bool {
        let Some(known) = &self.registries else { return true };
        let usual = digest::registry(registry).is_some_and(|folder| folder == digest::DEFAULT);
        known.iter().any(|one| *one == plain(registry) || (usual && one == digest::DEFAULT))
    }
}

/// The nearest table for uv, from the folder upwards.
fn nearest(folder: &Path, own: &Manifest, settings: &mut Settings, ask: &Ask<'_>) -> Option<(PathBuf, toml::Table)> {
    for (depth, at) in folder.ancestors().enumerate() {
        let path = at.join("uv.toml");
        if let Some(table) = file(&path, settings, ask) {
            return Some((path, table));
        }
        let path = at.join("pyproject.toml");
        let table = if depth == 0 {
            own.tool.uv.clone()
        } else {
            let text = ask.look.text(&path, LARGEST).ok();
            text.and_then(|text| Manifest::read(&text).ok()).and_then(|manifest| manifest.tool.uv)
        };
        if let Some(table) = table {
            return Some((path, table));
        }
    }
    None
}

fn file(path: &Path, settings: &mut Settings, ask: &Ask<'_>) -> Option<toml::Table> {
    match ask.look.text(path, 1 << 20) {
        Ok(text) => {
            settings.files.push(path.to_path_buf());
            match toml::from_str(&text) {
                Ok(table) => Some(table),
                Err(error) => {
                    settings.doubts.push(format!("{}: {}", path.display(), error.message()));
                    None
                }
            }
        }
        Err(Unread::Absent) => None,
        Err(why) => {
            settings.doubts.push(format!("{}: {why}", path.display()));
            None
        }
    }
}
