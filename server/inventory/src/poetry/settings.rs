//! What Poetry is told of its virtual environments, and which one it would install into.
//! May not run Poetry; a setting that changes the answer and is not followed here is named.

use crate::ecosystem::Ask;
use crate::look::Unread;
use crate::verify::{Algorithm, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LARGEST: u64 = 1 << 20;

/// As far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub in_project: Option<bool>,
    pub cache: PathBuf,
    /// Where environments are kept.
    pub environments: PathBuf,
    pub doubts: Vec<String>,
    /// Names of sources for which there is a user or a password.
    known: BTreeSet<String>,
    /// By the name of a source: certificates to be believed.
    certificates: BTreeMap<String, PathBuf>,
    /// Files that were read, or would be.
    pub files: Vec<PathBuf>,
}

/// Reads them for the folder that the lockfile stands in: variables, then `poetry.toml` beside it, then the user's own.
pub(super) fn read(folder: &Path, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let given = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let below = |name: &str, other: &str| given(name).map_or_else(|| homes.home.join(other), PathBuf::from);
    let config =
        given("POETRY_CONFIG_DIR").map_or_else(|| below("XDG_CONFIG_HOME", ".config").join("pypoetry"), PathBuf::from);
    let mut settings = Settings::default();
    let mut tables = Vec::new();
    for path in [folder.join("poetry.toml"), config.join("config.toml")] {
        match ask.look.text(&path, LARGEST) {
            Ok(text) => match toml::from_str::<toml::Table>(&text) {
                Ok(table) => tables.push(table),
                Err(error) => settings.doubts.push(format!("{}: {}", path.display(), error.message())),
            },
            Err(Unread::Absent) => {}
            Err(why) => settings.doubts.push(format!("{}: {why}", path.display())),
        }
        settings.files.push(path);
    }
    // Passwords are kept in a file of their own; that there is one is all that is taken from it.
    let secrets = ask.look.text(&config.join("auth.toml"), LARGEST).ok();
    let secrets = secrets.and_then(|text| toml::from_str::<toml::Table>(&text).ok());
    for table in tables.iter().chain(&secrets) {
        for section in ["http-basic", "pypi-token"] {
            let names = table.get(section).and_then(toml::Value::as_table);
            settings.known.extend(names.into_iter().flat_map(toml::Table::keys).map(|name| normal(name)));
        }
        for (name, value) in table.get("certificates").and_then(toml::Value::as_table).into_iter().flatten() {
            if let Some(path) = value.get("cert").and_then(toml::Value::as_str) {
                settings.certificates.entry(normal(name)).or_insert_with(|| PathBuf::from(path));
            }
        }
    }
    for (name, value) in homes.variables.iter().filter(|(_, value)| !value.is_empty()) {
        let of = |start: &str, end: &str| Some(normal(name.strip_prefix(start)?.strip_suffix(end)?));
        settings.known.extend(of("POETRY_HTTP_BASIC_", "_USERNAME").or_else(|| of("POETRY_HTTP_BASIC_", "_PASSWORD")));
        if let Some(name) = of("POETRY_CERTIFICATES_", "_CERT") {
            settings.certificates.insert(name, PathBuf::from(value));
        }
    }
    let said = |key: &str| -> Option<toml::Value> {
        let variable = format!("POETRY_{}", key.to_ascii_uppercase().replace(['.', '-'], "_"));
        if let Some(value) = given(&variable) {
            let value = match value {
                "true" | "1" => toml::Value::Boolean(true),
                "false" | "0" => toml::Value::Boolean(false),
                text => toml::Value::String(text.to_owned()),
            };
            return Some(value);
        }
        tables.iter().find_map(|table| {
            let mut at = table.get(key.split('.').next()?)?;
            for part in key.split('.').skip(1) {
                at = at.get(part)?;
            }
            Some(at.clone())
        })
    };
    let on = |key: &str| said(key).and_then(|value| value.as_bool());
    let text = |key: &str| said(key).and_then(|value| value.as_str().map(str::to_owned));
    settings.in_project = on("virtualenvs.in-project");
    settings.cache =
        text("cache-dir").map_or_else(|| below("XDG_CACHE_HOME", ".cache").join("pypoetry"), PathBuf::from);
    settings.environments = text("virtualenvs.path").map_or_else(
        || settings.cache.join("virtualenvs"),
        |path| PathBuf::from(path.replace("{cache-dir}", &settings.cache.display().to_string())),
    );
    for (key, usual) in [
        ("virtualenvs.create", true),
        ("virtualenvs.use-poetry-python", false),
        ("virtualenvs.options.system-site-packages", false),
        ("installer.re-resolve", false),
    ] {
        if on(key).is_some_and(|on| on != usual) {
            settings.doubts.push(format!("Poetry's setting {key} is not followed"));
        }
    }
    for key in ["installer.no-binary", "installer.only-binary"] {
        if said(key).is_some() {
            settings.doubts.push(format!("Poetry's setting {key} is not followed"));
        }
    }
    settings
}

/// A source's name as it stands in variables.
fn normal(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

impl Settings {
    /// Whether Poetry has a user or a password for a source of this name.
    pub(super) fn credentials(&self, source: &str) -> bool {
        self.known.contains(&normal(source))
    }

    /// Certificates that are believed for a source of this name.
    pub(super) fn certificates(&self, source: &str) -> Option<PathBuf> {
        self.certificates.get(&normal(source)).cloned()
    }

    /// Where the environment would be for a Python 3.`minor`, the one that is in use where none is given.
    pub(super) fn environment(
        &self,
        folder: &Path,
        project: &str,
        minor: Option<u16>,
        ask: &Ask<'_>,
    ) -> Result<PathBuf, String> {
        let homes = &ask.options.homes;
        let active = homes.variable("VIRTUAL_ENV").filter(|value| !value.is_empty());
        if homes.variable("CONDA_PREFIX").is_some_and(|value| !value.is_empty()) && active.is_none() {
            return Err("an environment of conda is active, which is not followed".into());
        }
        if let Some(active) = active {
            return Ok(PathBuf::from(active));
        }
        let own = folder.join(".venv");
        if self.in_project == Some(true)
            || (self.in_project.is_none() && ask.look.at(&own) != crate::look::Seen::Absent)
        {
            return Ok(own);
        }
        if ask.look.at(&self.environments.join("envs.toml")) != crate::look::Seen::Absent {
            return Err("which Python Poetry was told to use is noted in envs.toml, which is not followed".into());
        }
        let minor = minor.ok_or("no Python is in the path")?;
        Ok(self.environments.join(format!("{}-py3.{minor}", name_of(project, folder))))
    }
}

/// As Poetry names the environments of a project.
fn name_of(project: &str, folder: &Path) -> String {
    let odd = |c: char| matches!(c, ' ' | '$' | '`' | '!' | '*' | '@' | '"' | '\\' | '\r' | '\n' | '\t');
    let plain: String = project.to_lowercase().chars().map(|c| if odd(c) { '_' } else { c }).take(42).collect();
    let real = crate::reach::canonical(folder).unwrap_or_else(|_| folder.to_path_buf());
    let hash = URL_SAFE.encode(digest(Algorithm::Sha256, real.as_os_str().as_encoded_bytes()));
    format!("{plain}-{}", &hash[..8])
}
