//! What of pnpm's configuration changes whether an offline install succeeds, and where its store is.
//! May read files only. A setting that changes the answer and is not followed here is a doubt, never passed over.

use super::program::Form;
use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use crate::npm::config::{self, Config};
use crate::yaml::{self, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Larger files are not read, in bytes.
pub(super) const LARGEST: u64 = 4 << 20;

/// Settings in `.npmrc` and the environment that change the answer in ways that are not followed.
const STEERING: [&str; 35] = [
    "cpu",
    "dedupe-peers",
    "dev",
    "enable-global-virtual-store",
    "enable-modules-dir",
    "enable-pnp",
    "engine-strict",
    "exclude-links-from-lockfile",
    "filter",
    "force",
    "git-branch-lockfile",
    "global-pnpmfile",
    "ignore-pnpmfile",
    "ignore-workspace",
    "include",
    "inject-workspace-packages",
    "libc",
    "lockfile",
    "lockfile-dir",
    "merge-git-branch-lockfiles",
    "merge-git-branch-lockfiles-branch-pattern",
    "node-linker",
    "node-version",
    "omit",
    "only",
    "optional",
    "os",
    "package-lock",
    "peers-suffix-max-length",
    "pnpmfile",
    "prod",
    "production",
    "recursive-install",
    "shared-workspace-lockfile",
    "virtual-store-dir-max-length",
];

/// Settings in `pnpm-workspace.yaml` that do not change the answer.
const HARMLESS: [&str; 58] = [
    "allowBuilds",
    "allowedDeprecatedVersions",
    "auditConfig",
    "blockExoticSubdeps",
    "catalogMode",
    "childConcurrency",
    "cleanupUnusedCatalogs",
    "color",
    "dangerouslyAllowAllBuilds",
    "dedupeDirectDeps",
    "dedupeInjectedDeps",
    "dedupePeerDependents",
    "disallowWorkspaceCycles",
    "enablePrePostScripts",
    "fetchRetries",
    "fetchRetryFactor",
    "fetchRetryMaxtimeout",
    "fetchRetryMintimeout",
    "fetchTimeout",
    "forceLegacyDeploy",
    "hoist",
    "hoistPattern",
    "hoistWorkspacePackages",
    "ignoreScripts",
    "ignoreWorkspaceCycles",
    "ignoreWorkspaceRootCheck",
    "ignoredBuiltDependencies",
    "includeWorkspaceRoot",
    "initPackageManager",
    "linkWorkspacePackages",
    "lockfileIncludeTarballUrl",
    "loglevel",
    "modulesCacheMaxAge",
    "networkConcurrency",
    "neverBuiltDependencies",
    "nodeOptions",
    "onlyBuiltDependencies",
    "packageImportMethod",
    "peerDependencyRules",
    "preferFrozenLockfile",
    "preferWorkspacePackages",
    "publicHoistPattern",
    "registrySupportsTimeField",
    "requiredScripts",
    "resolutionMode",
    "resolvePeersFromWorkspaceRoot",
    "saveExact",
    "savePrefix",
    "saveWorkspaceProtocol",
    "scriptShell",
    "shamefullyHoist",
    "shellEmulator",
    "sideEffectsCache",
    "strictDepBuilds",
    "strictPeerDependencies",
    "updateConfig",
    "verifyStoreIntegrity",
    "workspaceConcurrency",
];

/// What the configuration comes to.
pub(super) struct Settings {
    /// The store, with the folder for its form.
    pub store: PathBuf,
    pub verdict: Verdict,
    /// Patterns of members; none: the folder is no workspace.
    pub patterns: Option<Vec<String>>,
    pub overrides: BTreeMap<String, String>,
    /// Patches by what they are for; paths as they stand.
    pub patches: BTreeMap<String, String>,
    pub catalogs: BTreeMap<String, BTreeMap<String, String>>,
    pub auto_install_peers: bool,
    /// pnpm would fetch another version of itself where one is asked for.
    pub switches_itself: bool,
    /// Scripts of packages are not run.
    pub ignores_scripts: bool,
    /// It has fetched some, whichever.
    pub has_others: bool,
    pub npm: Config,
    pub files: Vec<PathBuf>,
}

impl Settings {
    fn doubt(&mut self, why: String) {
        self.verdict.worsen(Verdict::Doubtful(why));
    }

    fn refuse(&mut self, why: String) {
        self.verdict.worsen(Verdict::Refused(why));
    }
}

/// Reads what is configured for a folder; `manifest` is the one in it.
pub(super) fn read(folder: &Path, manifest: &serde_json::Value, form: Form, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let data = homes
        .variable("PNPM_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(homes.variable("XDG_DATA_HOME").filter(|value| !value.is_empty())?).join("pnpm")))
        .unwrap_or_else(|| homes.home.join(".local/share/pnpm"));
    let mut settings = Settings {
        store: PathBuf::new(),
        verdict: Verdict::Sound,
        patterns: None,
        overrides: BTreeMap::new(),
        patches: BTreeMap::new(),
        catalogs: BTreeMap::new(),
        auto_install_peers: true,
        switches_itself: true,
        ignores_scripts: false,
        has_others: [".tools", "package-manager-store"]
            .iter()
            .any(|name| ask.look.at(&data.join(name)) != Seen::Absent),
        npm: config::read(folder, ask),
        files: Vec::new(),
    };
    if ask.options.target.is_some() || !cfg!(target_os = "linux") {
        settings.doubt("pnpm is judged for the machine at hand only, and on Linux".into());
    }
    let mut store = from_rc(&mut settings, form, ask);
    if form == Form::Files {
        from_manifest(&mut settings, manifest);
    }
    from_workspace(&mut settings, folder, &mut store, form, ask);
    above(&mut settings, folder, ask);
    if homes.variable("NODE_ENV") == Some("production") {
        settings.doubt("NODE_ENV is production, and what is left out for that is not judged".into());
    }
    for name in [".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js"] {
        let path = folder.join(name);
        if ask.look.at(&path) != Seen::Absent {
            settings.doubt(format!("{} can change every manifest, and is not run", path.display()));
        }
    }
    settings.store = if let Some(store) = store {
        at(&store, folder, &homes.home, form)
    } else {
        if !same_file_system(folder, &data, ask) {
            let why = "the project and pnpm's own folder are on different file systems, and where its store is then is not judged";
            settings.doubt(why.into());
        }
        data.join("store").join(form.folder())
    };
    settings
}

/// The store as it is named.
fn at(store: &str, folder: &Path, home: &Path, form: Form) -> PathBuf {
    let path = match store.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => crate::members::clean(&folder.join(store)),
    };
    if path.ends_with(form.folder()) { path } else { path.join(form.folder()) }
}

/// pnpm keeps its store where files can be linked to the project.
fn same_file_system(folder: &Path, data: &Path, ask: &Ask<'_>) -> bool {
    let device = |path: &Path| {
        path.ancestors().find_map(|path| match ask.look.at(path) {
            Seen::Folder(identity) => Some(identity.dev),
            _ => None,
        })
    };
    device(folder).is_some_and(|own| device(data) == Some(own))
}

/// `.npmrc` files and the environment.
fn from_rc(settings: &mut Settings, form: Form, ask: &Ask<'_>) -> Option<String> {
    let homes = &ask.options.homes;
    let rc = homes.variable("XDG_CONFIG_HOME").map_or_else(|| homes.home.join(".config"), PathBuf::from).join("pnpm");
    let own = if form == Form::Files { "rc" } else { "config.yaml" };
    let own = rc.join(own);
    if ask.look.at(&own) != Seen::Absent {
        settings.doubt(format!("{} is not read", own.display()));
    }
    // The older one reads none of these.
    let of_pnpm = |name: &str| form == Form::Database && name.to_ascii_lowercase().starts_with("pnpm_config_");
    let mut store = None;
    for (name, value) in homes.variables.iter().filter(|(name, value)| of_pnpm(name) && !value.is_empty()) {
        match name.as_str() {
            "pnpm_config_store_dir" => store = Some(value.clone()),
            "pnpm_config_verify_deps_before_run" => {}
            _ => settings.doubt(format!("the variable {name} is set, and not followed")),
        }
    }
    let values = std::mem::take(&mut settings.npm.values);
    let first = |key: &str| values.get(key).and_then(|said| said.first()).map(String::as_str);
    // Newer ones take from there only which registries there are.
    if form == Form::Files {
        for (key, said) in values.iter().filter(|(key, _)| STEERING.contains(&key.as_str())) {
            settings.doubt(format!("{key} is {}, which is not followed", said.join(" ")));
        }
        settings.auto_install_peers = first("auto-install-peers") != Some("false");
        settings.switches_itself = first("manage-package-manager-versions") != Some("false");
        settings.ignores_scripts = first("ignore-scripts") == Some("true");
    }
    let named = first("store-dir").filter(|_| form == Form::Files).map(str::to_owned);
    settings.npm.values = values;
    store.or(named)
}

/// What `package.json` says for pnpm.
fn from_manifest(settings: &mut Settings, manifest: &serde_json::Value) {
    let table =
        |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_object).cloned().unwrap_or_default();
    let own = table(manifest.get("pnpm"));
    let overrides = table(manifest.get("resolutions")).into_iter().chain(table(own.get("overrides")));
    for (name, value) in overrides {
        match value.as_str() {
            Some(text) => {
                settings.overrides.insert(name, text.to_owned());
            }
            None => settings.refuse(format!("the override of {name} in package.json is no text")),
        }
    }
    for (name, value) in table(own.get("patchedDependencies")) {
        settings.patches.insert(name, value.as_str().unwrap_or_default().to_owned());
    }
    for (key, value) in &own {
        let empty = value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
            || value.is_null();
        let known = ["overrides", "patchedDependencies"].contains(&key.as_str()) || HARMLESS.contains(&key.as_str());
        if !known && !empty {
            settings.doubt(format!("package.json sets pnpm.{key}, which is not followed"));
        }
    }
}

/// `pnpm-workspace.yaml`, which is stronger than the others.
fn from_workspace(settings: &mut Settings, folder: &Path, store: &mut Option<String>, form: Form, ask: &Ask<'_>) {
    let path = folder.join("pnpm-workspace.yaml");
    let text = match ask.look.text(&path, LARGEST) {
        Ok(text) => text,
        Err(Unread::Absent) => return,
        Err(why) => return settings.doubt(format!("{}: {why}", path.display())),
    };
    settings.files.push(path.clone());
    let documents = match yaml::read(&text) {
        Ok(documents) => documents,
        Err(unread) => {
            let why = format!("{}: {}", path.display(), unread.why);
            return if unread.elsewhere { settings.doubt(why) } else { settings.refuse(why) };
        }
    };
    let table = match <[Value; 1]>::try_from(documents) {
        Ok([table]) => table,
        Err(documents) if documents.is_empty() => Value::Map(Vec::new()),
        Err(_) => return settings.refuse(format!("{} has more than one document", path.display())),
    };
    if !matches!(table, Value::Map(_)) && !table.is_nothing() {
        return settings.refuse(format!("{} is no table", path.display()));
    }
    if text.contains("${") {
        // Any variable may be named there.
        ask.look.only_once();
        settings.doubt(format!("{} refers to variables, which is not followed", path.display()));
    }
    settings.patterns = Some(vec![".".into()]);
    for entry in table.entries() {
        one(settings, &entry.key, &entry.value, store, form);
    }
}

/// One setting of `pnpm-workspace.yaml`.
fn one(settings: &mut Settings, key: &str, value: &Value, store: &mut Option<String>, form: Form) {
    let empty = value.is_nothing()
        || matches!(value, Value::Map(map) if map.is_empty())
        || matches!(value, Value::List(list) if list.is_empty());
    let words = |value: &Value| -> Option<BTreeMap<String, String>> {
        let pair = |entry: &yaml::Entry| Some((entry.key.clone(), entry.value.text()?.to_owned()));
        value.entries().iter().map(pair).collect()
    };
    match key {
        "packages" => {
            let patterns: Option<Vec<String>> = value.list().iter().map(|one| one.text().map(str::to_owned)).collect();
            match patterns {
                Some(patterns) if matches!(value, Value::List(_)) => settings.patterns = Some(patterns),
                _ if empty => {}
                _ => settings.refuse("the packages in pnpm-workspace.yaml are no list of patterns".into()),
            }
        }
        "catalog" | "catalogs" | "overrides" | "patchedDependencies" if empty => {}
        "catalog" => match words(value) {
            Some(catalog) => settings.catalogs.entry("default".into()).or_default().extend(catalog),
            None => settings.doubt("a version in the catalog in pnpm-workspace.yaml is no text".into()),
        },
        "catalogs" => {
            for catalog in value.entries() {
                match words(&catalog.value) {
                    Some(words) => settings.catalogs.entry(catalog.key.clone()).or_default().extend(words),
                    None => settings.doubt("a version in a catalog in pnpm-workspace.yaml is no text".into()),
                }
            }
        }
        // It takes the place of what package.json says.
        "overrides" => match words(value) {
            Some(overrides) => settings.overrides = overrides,
            None => settings.doubt("an override in pnpm-workspace.yaml is no text".into()),
        },
        "patchedDependencies" => match words(value) {
            Some(patches) => settings.patches = patches,
            None => settings.doubt("a patch in pnpm-workspace.yaml is no path".into()),
        },
        "storeDir" => match value.text() {
            Some(path) => *store = Some(path.to_owned()),
            None => settings.doubt("storeDir in pnpm-workspace.yaml is no path".into()),
        },
        "autoInstallPeers" if value.is_true() || value.is_false() => settings.auto_install_peers = value.is_true(),
        "managePackageManagerVersions" if value.is_true() || value.is_false() => {
            settings.switches_itself = value.is_true();
        }
        "ignoreScripts" if value.is_true() || value.is_false() => settings.ignores_scripts = value.is_true(),
        key if HARMLESS.contains(&key) || empty => {}
        key if form == Form::Files && key.starts_with("minimumReleaseAge") => {}
        key => settings.doubt(format!("pnpm-workspace.yaml sets {key}, which is not followed")),
    }
}

/// A workspace above would take this folder, or leave it out.
fn above(settings: &mut Settings, folder: &Path, ask: &Ask<'_>) {
    if settings.patterns.is_some() {
        return;
    }
    for above in folder.ancestors().skip(1) {
        let path = above.join("pnpm-workspace.yaml");
        if ask.look.at(&path) != Seen::Absent {
            return settings.doubt(format!("{} is there, and pnpm would take its lockfile", path.display()));
        }
    }
}
