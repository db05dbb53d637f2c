//! npm's configuration, as far as it changes where packages are looked for and which are installed.
//! May read files only; secrets in them are passed over, never kept.

use crate::ecosystem::Ask;
use crate::look::Seen;
use contract::Mirror;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the configuration and the machine come to.
#[derive(Debug)]
pub(crate) struct Config {
    pub cache: PathBuf,
    /// Kinds of dependencies that are not installed: `dev`, `optional`, `peer`.
    pub omit: Vec<String>,
    pub legacy_peers: bool,
    pub engine_strict: bool,
    pub os: String,
    pub cpu: String,
    /// Linux only; `None`: cannot be told.
    pub libc: Option<String>,
    /// Versions, where they can be told without running anything.
    pub node: Option<String>,
    pub npm: Option<String>,
    pub mirrors: Vec<Mirror>,
    /// What files and the environment say, without secrets; the strongest first.
    pub values: BTreeMap<String, Vec<String>>,
    /// npm reaches registries through a proxy that its own settings name.
    pub proxy: bool,
    /// Certificates that are believed in place of the system's, `cafile`.
    pub certificates: Option<PathBuf>,
    /// Beginnings of addresses, without a protocol, for which there is a credential.
    credentials: Vec<String>,
    /// `registry`, and `@scope:registry`.
    registries: BTreeMap<String, String>,
    /// Where npm itself is installed.
    npm_folder: Option<PathBuf>,
    default_registry: OnceLock<Option<String>>,
}

impl Config {
    /// The address of the registry for a package: as configured, else what the installed npm has by default. `None`:
    /// neither could be found out.
    pub(crate) fn registry(&self, name: &str, ask: &Ask<'_>) -> Option<&str> {
        let own =
            || self.default_registry.get_or_init(|| default_registry(self.npm_folder.as_deref()?, ask)).as_deref();
        self.scoped(name).or_else(|| self.usual()).or_else(own)
    }

    /// The address that is configured for the scope of a package.
    pub(crate) fn scoped(&self, name: &str) -> Option<&str> {
        self.registries.get(&format!("{}:registry", name.split_once('/')?.0)).map(String::as_str)
    }

    /// The address that is configured for what has no scope of its own.
    pub(crate) fn usual(&self) -> Option<&str> {
        self.registries.get("registry").map(String::as_str)
    }

    /// Whether npm has a credential for an address.
    pub(crate) fn has_credentials(&self, url: &str) -> bool {
        let plain = url.split_once(':').map_or(url, |(_, rest)| rest).trim_end_matches('/');
        self.credentials.iter().any(|start| {
            plain.strip_prefix(start.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether one is configured.
    pub(crate) fn has_registry(&self) -> bool {
        !self.registries.is_empty()
    }
}

/// What npm asks where nothing is configured, as its own table of settings says.
fn default_registry(npm: &Path, ask: &Ask<'_>) -> Option<String> {
    let table = npm.join("node_modules/@npmcli/config/lib/definitions/definitions.js");
    let text = ask.look.text(&table, LARGEST).ok()?;
    let (_, behind) = text.split_once("('registry', {")?;
    let (_, value) = behind.split_once("default: '")?;
    let (value, _) = value.split_once('\'')?;
    (value.starts_with("https://") && value.len() < 200 && !value.contains(char::is_whitespace))
        .then(|| value.to_owned())
}

/// Larger configuration files are not read, in bytes.
const LARGEST: u64 = 1 << 20;

pub(crate) fn read(folder: &Path, ask: &Ask<'_>) -> Config {
    let homes = &ask.options.homes;
    let node = homes.program("node", ask.look);
    let prefix = node.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_path_buf);
    let user = homes.variable("npm_config_userconfig").map_or_else(|| homes.home.join(".npmrc"), PathBuf::from);
    let global = homes
        .variable("npm_config_globalconfig")
        .map(PathBuf::from)
        .or_else(|| homes.variable("npm_config_prefix").map(|prefix| Path::new(prefix).join("etc/npmrc")))
        .or_else(|| prefix.as_ref().map(|prefix| prefix.join("etc/npmrc")));
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The strongest first: the environment, then the project, the user, the machine.
    for (name, value) in &homes.variables {
        if let Some(key) = name.strip_prefix("npm_config_").filter(|_| !value.is_empty()) {
            values.insert(key.replace('_', "-"), value.split('\n').map(str::to_owned).collect());
        }
    }
    for file in [Some(folder.join(".npmrc")), Some(user), global].into_iter().flatten() {
        if let Ok(text) = ask.look.text(&file, LARGEST) {
            let (said, substituted) = parse(&text, &homes.variables);
            // Any variable may be named there, and its value may be a secret: not kept, so not compared later.
            if substituted {
                ask.look.only_once();
            }
            for (key, said) in said {
                values.entry(key).or_insert(said);
            }
        }
    }
    let first = |key: &str| values.get(key).and_then(|said| said.first()).map(String::as_str);
    let cache = homes.npm_cache.clone().or_else(|| first("cache").map(|path| expand(path, &homes.home, folder)));
    let cache = cache.unwrap_or_else(|| homes.home.join(".npm"));
    let include = values.get("include").cloned().unwrap_or_default();
    let mut omit: Vec<String> =
        values.get("omit").into_iter().flatten().flat_map(|o| o.split(',')).map(|o| o.trim().to_owned()).collect();
    let production = first("production") == Some("true") || matches!(first("only"), Some("prod" | "production"));
    if production || homes.variable("NODE_ENV") == Some("production") {
        omit.push("dev".into());
    }
    if first("optional") == Some("false") {
        omit.push("optional".into());
    }
    omit.retain(|kind| !include.contains(kind));
    let registries = values
        .iter()
        .filter(|(key, _)| *key == "registry" || key.ends_with(":registry"))
        .filter_map(|(key, said)| Some((key.clone(), said.first()?.clone())))
        .collect();
    let credentials = values.keys().filter_map(|key| {
        let (start, what) = key.rsplit_once(':')?;
        let secret = ["_authToken", "_auth", "_password", "username", "certfile"].contains(&what);
        (secret && start.starts_with("//")).then(|| start.trim_end_matches('/').to_owned())
    });
    let credentials = credentials.collect();
    let mirrors = values
        .iter()
        .filter(|(key, _)| *key == "registry" || key.ends_with(":registry"))
        .filter_map(|(_, said)| said.first())
        .map(|url| Mirror {
            ecosystem: "npm".into(),
            url: crate::fetch::without_credentials(url),
            state: contract::MirrorState::Unknown,
            checked_at: None,
            latency_ms: None,
            text: String::new(),
        })
        .collect();
    let (os, cpu, libc) = platform(ask);
    // `npm` is a link to `npm/bin/npm-cli.js`; where it is a script, npm lies where node's installation has it.
    let linked = homes.program("npm", ask.look).filter(|program| program.ends_with("bin/npm-cli.js"));
    let npm_folder = linked
        .and_then(|program| Some(program.parent()?.parent()?.to_path_buf()))
        .or_else(|| prefix.as_ref().map(|prefix| prefix.join("lib/node_modules/npm")));
    Config {
        cache: std::path::absolute(&cache).unwrap_or(cache),
        omit,
        proxy: ["proxy", "https-proxy"]
            .into_iter()
            .any(|key| first(key).is_some_and(|said| !matches!(said, "" | "null" | "false"))),
        certificates: first("cafile")
            .filter(|said| !said.is_empty() && *said != "null")
            .map(|path| expand(path, &homes.home, folder)),
        credentials,
        engine_strict: first("engine-strict").is_some_and(|said| said != "false"),
        legacy_peers: first("legacy-peer-deps") == Some("true"),
        os: first("os").map_or(os, str::to_owned),
        cpu: first("cpu").map_or(cpu, str::to_owned),
        libc: first("libc").map(str::to_owned).or(libc),
        node: node.as_deref().and_then(|node| node_version(node, prefix.as_deref(), ask)),
        npm: npm_folder.as_deref().and_then(|npm| npm_version(npm, ask)),
        mirrors,
        registries,
        values,
        npm_folder,
        default_registry: OnceLock::new(),
    }
}

/// `key = value` lines; `key[] = value` adds to a list; `${NAME}` is the environment's. Also: whether one stood there.
fn parse(text: &str, variables: &BTreeMap<String, String>) -> (BTreeMap<String, Vec<String>>, bool) {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut substituted = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#', '[']) {
            continue;
        }
        let (key, value) = line.split_once('=').map_or((line, "true"), |(key, value)| (key.trim(), value.trim()));
        // Addresses with credentials, tokens, passwords: that there is one is kept, nothing of it is.
        if key.starts_with("//") {
            out.insert(key.to_owned(), Vec::new());
            continue;
        }
        if key.starts_with('_') {
            continue;
        }
        let value = value.trim_matches(['"', '\'']);
        substituted |= value.contains("${");
        let value = substitute(value, variables);
        match key.strip_suffix("[]") {
            Some(key) => out.entry(key.to_owned()).or_default().push(value),
            None => {
                out.insert(key.to_owned(), vec![value]);
            }
        }
    }
    (out, substituted)
}

fn substitute(value: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match variables.get(name.trim_end_matches('?')) {
            Some(value) => out.push_str(value),
            None if name.ends_with('?') => {}
            None => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
        }
        rest = after;
    }
    out + rest
}

fn expand(path: &str, home: &Path, folder: &Path) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => folder.join(path),
    }
}

/// What npm calls this machine, or the target that was asked for.
fn platform(ask: &Ask<'_>) -> (String, String, Option<String>) {
    use cfg_expr::targets::{Endian, Os, get_builtin_target_by_triple};
    let Some(info) = get_builtin_target_by_triple(ask.target) else {
        return (std::env::consts::OS.into(), std::env::consts::ARCH.into(), None);
    };
    let os = match info.os.as_ref().map(Os::as_str) {
        Some("macos") => "darwin",
        Some("windows") => "win32",
        Some("solaris" | "illumos") => "sunos",
        Some(os) => os,
        None => "none",
    };
    let little = info.endian == Endian::little;
    let cpu = match info.arch.as_str() {
        "x86_64" => "x64",
        "x86" => "ia32",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64",
        "mips" if little => "mipsel",
        arch => arch,
    };
    let asked = ask.options.target.is_some();
    let of_target = info.env.as_ref().and_then(|env| match env.as_str() {
        "gnu" => Some("glibc".to_owned()),
        "musl" => Some("musl".to_owned()),
        _ => None,
    });
    let libc = match os {
        "linux" if asked => of_target,
        "linux" => machine_libc(ask).or(of_target),
        _ => None,
    };
    (os.into(), cpu.into(), libc)
}

/// As npm does: by what `ldd` says of itself.
fn machine_libc(ask: &Ask<'_>) -> Option<String> {
    let text = ask.look.text(Path::new("/usr/bin/ldd"), LARGEST).ok()?;
    match () {
        () if text.contains("musl") => Some("musl".into()),
        () if text.contains("GNU C Library") => Some("glibc".into()),
        () => None,
    }
}

/// Node's version, from the header beside it or from its folder's name.
fn node_version(node: &Path, prefix: Option<&Path>, ask: &Ask<'_>) -> Option<String> {
    let header = prefix?.join("include/node/node_version.h");
    if let Ok(text) = ask.look.text(&header, LARGEST) {
        let part = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix("#define ")?.trim().strip_prefix(name)?.trim().parse::<u64>().ok())
        };
        if let (Some(major), Some(minor), Some(patch)) =
            (part("NODE_MAJOR_VERSION"), part("NODE_MINOR_VERSION"), part("NODE_PATCH_VERSION"))
        {
            return Some(format!("{major}.{minor}.{patch}"));
        }
    }
    node.components().find_map(|part| {
        let part = part.as_os_str().to_str()?;
        part.split('-')
            .map(|part| part.trim_start_matches('v'))
            .find(|part| semver::Version::parse(part).is_ok())
            .map(str::to_owned)
    })
}

fn npm_version(npm: &Path, ask: &Ask<'_>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Package {
        version: String,
    }
    let path = npm.join("package.json");
    if !matches!(ask.look.at(&path), Seen::File(_)) {
        return None;
    }
    let text = ask.look.text(&path, LARGEST).ok()?;
    serde_json::from_str::<Package>(&text).ok().map(|package| package.version)
}
