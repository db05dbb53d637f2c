//! What of the configuration of Yarn 2 and newer changes whether an offline install succeeds, and where its cache is.
//! May read files only. A setting that changes the answer and is not followed here is a doubt, never passed over.

use crate::ecosystem::{Ask, Verdict};
use crate::look::Unread;
use crate::npm::config::{self, Config};
use crate::yaml::{self, Value};
use crate::yarn::LARGEST;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Beginnings of settings that do not change the answer.
const HARMLESS: [&str; 35] = [
    "approvedGitRepositories",
    "caFilePath",
    "changeset",
    "checksumBehavior",
    "cloneConcurrency",
    "defaultSemverRangePrefix",
    "deferredVersionFolder",
    "enableColors",
    "enableHyperlinks",
    "enableImmutable",
    "enableInlineBuilds",
    "enableInlineHunks",
    "enableMessageNames",
    "enableNetwork",
    "enableNotifications",
    "enableOfflineMode",
    "enableProgressBars",
    "enableScripts",
    "enableStrictSsl",
    "enableTelemetry",
    "enableTimers",
    "http",
    "init",
    "installStatePath",
    "logFilters",
    "networkConcurrency",
    "networkSettings",
    "nm",
    "nodeLinker",
    "npm",
    "pnp",
    "progressBarStyle",
    "telemetry",
    "taskPoolConcurrency",
    "unsafeHttpWhitelist",
];

/// What the configuration comes to.
pub(super) struct Settings {
    pub cache: PathBuf,
    /// The cache is the project's own, and what nobody needs in it is refused.
    pub own_cache: bool,
    /// Another cache stands behind the project's own: files in this one have checksums in their names.
    pub mirrored: bool,
    /// What archives are made with, as it stands in their names and in the lockfile.
    pub level: String,
    /// By `os`, `cpu` and `libc`: what is wanted; none: whatever there is.
    pub wanted: BTreeMap<&'static str, Option<Vec<String>>>,
    pub verdict: Verdict,
    /// The program that would run instead.
    pub program: Option<PathBuf>,
    pub npm: Config,
    pub files: Vec<PathBuf>,
}

impl Settings {
    fn doubt(&mut self, why: String) {
        self.verdict.worsen(Verdict::Doubtful(why));
    }

    /// Whether a condition holds for what is wanted; `None`: it cannot be told.
    pub(super) fn is(&self, key: &str, value: &str) -> Option<bool> {
        let Some(wanted) = self.wanted.get(key) else { return Some(true) };
        let Some(wanted) = wanted else { return Some(true) };
        let own = match key {
            "os" => Some(self.npm.os.as_str()),
            "cpu" => Some(self.npm.cpu.as_str()),
            _ => self.npm.libc.as_deref(),
        };
        if key == "libc" && own.is_none() && wanted.iter().any(|one| one == "current") {
            return None;
        }
        Some(wanted.iter().any(|one| one == value || (one == "current" && own == Some(value))))
    }
}

/// Reads what is configured for a folder.
pub(super) fn read(folder: &Path, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let current = || Some(vec!["current".to_owned()]);
    let mut settings = Settings {
        cache: PathBuf::new(),
        own_cache: false,
        mirrored: false,
        level: "c0".into(),
        wanted: BTreeMap::from([("os", current()), ("cpu", current()), ("libc", current())]),
        verdict: Verdict::Sound,
        program: None,
        npm: config::read(folder, ask),
        files: Vec::new(),
    };
    if ask.options.target.is_some() || !cfg!(target_os = "linux") {
        settings.doubt("Yarn is judged for the machine at hand only, and on Linux".into());
    }
    let mut values: BTreeMap<String, (Value, PathBuf)> = BTreeMap::new();
    for (name, value) in &homes.variables {
        let Some(name) = name.to_ascii_lowercase().strip_prefix("yarn_").map(str::to_owned) else { continue };
        if matches!(name.as_str(), "ignore_path" | "rc_filename" | "ignore_cwd") {
            settings.doubt(format!("YARN_{} is set, which is not followed", name.to_ascii_uppercase()));
        }
        let value = Value::Other(value.clone());
        values.insert(camel(&name), (value, folder.to_path_buf()));
    }
    let files = folder.ancestors().chain(std::iter::once(homes.home.as_path())).map(|base| base.join(".yarnrc.yml"));
    for file in files.collect::<Vec<_>>() {
        if !settings.files.contains(&file) {
            from_file(&mut settings, &mut values, &file, ask);
        }
    }
    let word = |key: &str| values.get(key).and_then(|(value, _)| value.word()).map(str::to_owned);
    let path = |key: &str| values.get(key).and_then(|(value, base)| Some(resolved(value.word()?, base, &homes.home)));
    let on = |key: &str| !matches!(word(key).as_deref(), Some("false" | "0"));
    let data = homes.variable("XDG_DATA_HOME").filter(|value| !value.is_empty());
    let usual = data.map_or_else(|| homes.home.join(".yarn/berry"), |data| Path::new(data).join("yarn/berry"));
    let global = path("globalFolder").unwrap_or(usual).join("cache");
    settings.own_cache = !on("enableGlobalCache");
    let own = || path("cacheFolder").unwrap_or_else(|| folder.join(".yarn/cache"));
    settings.cache = if settings.own_cache { own() } else { global.clone() };
    settings.mirrored = settings.own_cache && on("enableMirror") && settings.cache != global;
    settings.level = match word("compressionLevel").as_deref() {
        None => "c0".into(),
        Some("mixed") => String::new(),
        Some(level) => format!("c{level}"),
    };
    settings.program = path("yarnPath");
    let own = ["enableGlobalCache", "enableMirror", "cacheFolder", "globalFolder", "compressionLevel", "yarnPath"];
    for (key, (value, _)) in &values {
        match key.as_str() {
            "supportedArchitectures" => architectures(&mut settings, value),
            "plugins" if value.list().is_empty() => {}
            key if own.contains(&key) || HARMLESS.iter().any(|start| key.starts_with(start)) => {}
            key => settings.doubt(format!("{key} is configured for Yarn, which is not followed")),
        }
    }
    settings
}

/// `CACHE_FOLDER` is `cacheFolder`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for (at, part) in name.split('_').enumerate() {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if at > 0 => out.extend(first.to_uppercase()),
            Some(first) => out.push(first),
            None => {}
        }
        out.push_str(letters.as_str());
    }
    out
}

fn resolved(path: &str, base: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~/").map_or_else(|| crate::members::clean(&base.join(path)), |rest| home.join(rest))
}

/// One file: what is set already is stronger.
fn from_file(settings: &mut Settings, values: &mut BTreeMap<String, (Value, PathBuf)>, file: &Path, ask: &Ask<'_>) {
    let text = match ask.look.text(file, LARGEST) {
        Ok(text) => text,
        Err(Unread::Absent) => return,
        Err(why) => return settings.doubt(format!("{}: {why}", file.display())),
    };
    settings.files.push(file.to_path_buf());
    if text.contains("${") {
        // Any variable may be named there.
        ask.look.only_once();
        settings.doubt(format!("{} refers to variables, which is not followed", file.display()));
    }
    match yaml::read(&text) {
        Ok(documents) => {
            let base = file.parent().unwrap_or(file).to_path_buf();
            for entry in documents.first().map(Value::entries).unwrap_or_default() {
                values.entry(entry.key.clone()).or_insert((entry.value.clone(), base.clone()));
            }
        }
        Err(unread) => {
            let why = format!("{}: {}", file.display(), unread.why);
            settings.verdict.worsen(if unread.elsewhere { Verdict::Doubtful(why) } else { Verdict::Refused(why) });
        }
    }
}

fn architectures(settings: &mut Settings, value: &Value) {
    for entry in value.entries() {
        let Some(key) = ["os", "cpu", "libc"].into_iter().find(|key| *key == entry.key) else {
            settings.doubt(format!("supportedArchitectures.{} is not followed", entry.key));
            continue;
        };
        let list: Option<Vec<String>> = entry.value.list().iter().map(|one| one.word().map(str::to_owned)).collect();
        settings.wanted.insert(key, if entry.value.is_nothing() { None } else { list });
    }
}
