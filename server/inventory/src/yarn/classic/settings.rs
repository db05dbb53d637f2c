//! What of Yarn 1's configuration changes whether an offline install succeeds, and where its cache and its mirror are.
//! May read files only. A setting that changes the answer and is not followed here is a doubt, never passed over.

use super::cache::Said;
use super::lock::{self, Value};
use crate::ecosystem::{Ask, Verdict};
use crate::look::Unread;
use crate::npm::{
    self,
    config::{self, Config},
};
use crate::yarn::LARGEST;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder for the form of the cache that is judged.
const FORM: &str = "v6";

/// Settings that do not change the answer.
const HARMLESS: [&str; 38] = [
    "bin-links",
    "ca",
    "cafile",
    "cert",
    "child-concurrency",
    "disable-self-update-check",
    "email",
    "enable-telemetry",
    "env",
    "global-folder",
    "https-proxy",
    "httpsproxy",
    "ignore-scripts",
    "init-author-email",
    "init-author-name",
    "init-author-url",
    "init-license",
    "init-version",
    "key",
    "lastUpdateCheck",
    "network-concurrency",
    "network-timeout",
    "no-proxy",
    "noproxy",
    "prefix",
    "progress",
    "proxy",
    "registry",
    "save-prefix",
    "strict-ssl",
    "unsafe-disable-integrity-migration",
    "user-agent",
    "username",
    "workspaces-nohoist-experimental",
    "yarn-enable-lockfile-versions",
    "yarn-offline-mirror-pruning",
    "version-git-message",
    "version-git-tag",
];

/// Settings in `.npmrc` and the environment that change the answer in ways that are not followed.
const STEERING: [&str; 13] = [
    "cache-folder",
    "enable-meta-folder",
    "experimental-pack-script-packages-in-mirror",
    "flat",
    "force",
    "ignore-optional",
    "modules-folder",
    "offline-cache-folder",
    "plugnplay-override",
    "preferred-cache-folder",
    "production",
    "workspaces-experimental",
    "yarn-link-file-dependencies",
];

/// What the configuration comes to.
pub(super) struct Settings {
    /// With the folder for its form.
    pub cache: PathBuf,
    pub mirror: Option<PathBuf>,
    pub verdict: Verdict,
    /// What packages ask of Node and Yarn is passed over; what they ask of the machine is.
    pub any_engine: bool,
    pub any_platform: bool,
    /// The program that would run instead.
    pub program: Option<PathBuf>,
    pub npm: Config,
    pub files: Vec<PathBuf>,
}

impl Settings {
    /// Whether a package is for this machine and its Node, as far as that is known.
    pub(super) fn allows(&self, said: &Said) -> bool {
        let node = match (&said.node, &self.npm.node) {
            (Some(asked), Some(have)) if !self.any_engine => npm::satisfies(have, asked).unwrap_or(true),
            _ => true,
        };
        node && (self.any_platform || npm::allows(&self.npm.os, &said.os) && npm::allows(&self.npm.cpu, &said.cpu))
    }

    fn doubt(&mut self, why: String) {
        self.verdict.worsen(Verdict::Doubtful(why));
    }
}

/// Reads what is configured for a folder.
pub(super) fn read(folder: &Path, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let mut settings = Settings {
        cache: PathBuf::new(),
        mirror: None,
        verdict: Verdict::Sound,
        any_engine: false,
        any_platform: false,
        program: None,
        npm: config::read(folder, ask),
        files: Vec::new(),
    };
    if ask.options.target.is_some() || !cfg!(target_os = "linux") {
        settings.doubt("Yarn is judged for the machine at hand only, and on Linux".into());
    }
    if homes.variable("NODE_ENV") == Some("production") {
        settings.doubt("NODE_ENV is production, and what is left out for that is not judged".into());
    }
    let mut cache = None;
    let own = |name: &str| Some(name.to_ascii_lowercase().strip_prefix("yarn_")?.replace('_', "-"));
    for (name, value) in &homes.variables {
        match own(name).as_deref() {
            Some("cache-folder") if !value.is_empty() => cache = Some(folder.join(value)),
            Some("yarn-offline-mirror") if !value.is_empty() => settings.mirror = Some(folder.join(value)),
            Some("ignore-engines") => settings.any_engine = value == "true",
            Some("ignore-platform") => settings.any_platform = value == "true",
            Some(key) if STEERING.contains(&key) => settings.doubt(format!("{name} is set, which is not followed")),
            _ => {}
        }
    }
    // The strongest first: the project's own, the user's, then those of the folders above.
    let user = user_home(&homes.home);
    let above = folder.ancestors().skip(1).map(|above| above.join(".yarnrc"));
    let files = [folder.join(".yarnrc"), user.join(".yarnrc"), homes.home.join(".yarnrc")];
    let mut seen: Vec<PathBuf> = Vec::new();
    for file in files.into_iter().chain(above) {
        if !seen.contains(&file) {
            from_file(&mut settings, &mut cache, &file, ask);
            seen.push(file);
        }
    }
    from_npm(&mut settings, folder, ask);
    let usual = || {
        let set = homes.variable("XDG_CACHE_HOME").filter(|value| !value.is_empty());
        set.map_or_else(|| user.join(".cache"), PathBuf::from).join("yarn")
    };
    settings.cache = cache.unwrap_or_else(usual).join(FORM);
    settings
}

/// What Yarn's own files and variables say of registries: `registry`, and `@scope:registry`.
pub(in crate::yarn) fn registries(folder: &Path, ask: &Ask<'_>) -> BTreeMap<String, String> {
    let homes = &ask.options.homes;
    let mut said = BTreeMap::new();
    if let Some(url) = homes.variable("YARN_REGISTRY").filter(|url| !url.is_empty()) {
        said.insert("registry".to_owned(), url.to_owned());
    }
    let folders = folder.ancestors().take(1).chain([homes.home.as_path()]).chain(folder.ancestors().skip(1));
    for folder in folders {
        let Ok(text) = ask.look.text(&folder.join(".yarnrc"), LARGEST) else { continue };
        for pair in lock::parse(&text).unwrap_or_default() {
            for key in pair.keys.iter().filter(|key| *key == "registry" || key.ends_with(":registry")) {
                if let Some(url) = pair.value.word() {
                    said.entry(key.clone()).or_insert_with(|| url.to_owned());
                }
            }
        }
    }
    said
}

/// Yarn 1 keeps root's things apart from root's own folder.
fn user_home(home: &Path) -> PathBuf {
    #[cfg(target_os = "linux")]
    if rustix::process::getuid().is_root() && std::env::var_os("FAKEROOTKEY").is_none() {
        return PathBuf::from("/usr/local/share");
    }
    home.to_path_buf()
}

/// One `.yarnrc`: what is set already is stronger.
fn from_file(settings: &mut Settings, cache: &mut Option<PathBuf>, file: &Path, ask: &Ask<'_>) {
    let text = match ask.look.text(file, LARGEST) {
        Ok(text) => text,
        Err(Unread::Absent) => return,
        Err(why) => return settings.doubt(format!("{}: {why}", file.display())),
    };
    settings.files.push(file.to_path_buf());
    let pairs = match lock::parse(&text) {
        Ok(pairs) => pairs,
        Err(broken) => {
            let why = format!("{} cannot be read: {}", file.display(), broken.reason);
            return settings.verdict.worsen(Verdict::Refused(why));
        }
    };
    let base = file.parent().unwrap_or(file);
    for pair in pairs {
        let word = match &pair.value {
            Value::Word(word) => word.as_str(),
            Value::Table(_) => "",
        };
        for key in &pair.keys {
            match key.as_str() {
                "cache-folder" if !word.is_empty() => _ = cache.get_or_insert_with(|| base.join(word)),
                "yarn-offline-mirror" if word == "false" || word.is_empty() => {
                    settings.doubt(format!("{} turns the offline mirror off, which is not followed", file.display()));
                }
                "yarn-offline-mirror" => _ = settings.mirror.get_or_insert_with(|| base.join(word)),
                "yarn-path" if !word.is_empty() => _ = settings.program.get_or_insert_with(|| base.join(word)),
                "ignore-engines" if word == "true" => settings.any_engine = true,
                "ignore-platform" if word == "true" => settings.any_platform = true,
                key if HARMLESS.contains(&key) || key.ends_with(":registry") || word == "false" => {}
                key => settings.doubt(format!("{} sets {key}, which is not followed", file.display())),
            }
        }
    }
}

/// What Yarn 1 takes from npm's settings where its own do not say otherwise.
fn from_npm(settings: &mut Settings, folder: &Path, ask: &Ask<'_>) {
    let first = |key: &str| settings.npm.values.get(key).and_then(|said| said.first()).cloned();
    let steered = STEERING.iter().find_map(|key| Some((key, first(key).filter(|said| said != "false")?)));
    let mirror = first("yarn-offline-mirror");
    let (engines, platform) = (first("ignore-engines"), first("ignore-platform"));
    settings.any_engine |= engines.as_deref() == Some("true");
    settings.any_platform |= platform.as_deref() == Some("true");
    if let Some((key, said)) = steered {
        settings.doubt(format!("{key} is {said}, which is not followed"));
    }
    let Some(mirror) = mirror.filter(|said| !said.is_empty()) else { return };
    // It is relative to the file that says it.
    let says = |file: &PathBuf| ask.look.text(file, LARGEST).is_ok_and(|text| text.contains("yarn-offline-mirror"));
    let files = [folder.join(".npmrc"), ask.options.homes.home.join(".npmrc")];
    match files.iter().find(|file| says(file)).and_then(|file| file.parent()) {
        Some(base) => _ = settings.mirror.get_or_insert_with(|| base.join(mirror)),
        None => settings.doubt("an offline mirror is configured in a place that is not followed".into()),
    }
}
