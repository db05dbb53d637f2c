//! Cargo's configuration, as far as it changes where crates are looked for or which target's cfgs hold.
//! May read files only; what it does not understand it names, so that nothing is believed ready by mistake.

use crate::ecosystem::Ask;
use crate::look::Unread;
use contract::Mirror;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Where crates.io's crates are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The name of the folder below `registry/index` and `registry/cache`.
    Index(String),
    /// Somewhere that is not judged; the reason.
    Elsewhere(String),
}

/// What the configuration comes to.
#[derive(Debug)]
pub(crate) struct Config {
    pub place: Place,
    /// `--cfg` flags for the compiler, as `name` or `name="value"`.
    pub cfgs: Vec<String>,
    pub mirrors: Vec<Mirror>,
    /// Why the answer cannot be told, wherever crates are looked for.
    pub doubt: Option<String>,
}

/// Larger configuration files than this are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Reads the configuration that holds in `folder`: from there upwards, then cargo's home; the nearest wins.
pub(crate) fn read(folder: &Path, ask: &Ask<'_>) -> Config {
    let mut merged = Table::new();
    let mut doubts: Vec<String> = Vec::new();
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|folder| folder.join(".cargo")).collect();
    if !folders.contains(&ask.options.homes.cargo) {
        folders.push(ask.options.homes.cargo.clone());
    }
    for folder in folders {
        // The name without an ending is older, and wins where both exist.
        for name in ["config", "config.toml"] {
            let path = folder.join(name);
            match ask.look.text(&path, LARGEST) {
                Ok(text) => {
                    match toml::from_str::<Table>(&text) {
                        Ok(table) => lay_under(&mut merged, table),
                        Err(error) => doubts.push(format!("{} cannot be read: {}", path.display(), error.message())),
                    }
                    break;
                }
                Err(Unread::Absent) => {}
                Err(why) => doubts.push(format!("{} was not read: {why}", path.display())),
            }
        }
    }
    if merged.contains_key("include") {
        doubts.push("cargo's configuration includes other files, which are not read".into());
    }
    let variables = &ask.options.homes.variables;
    if let Some(name) = variables.keys().find(|name| name.starts_with("CARGO_SOURCE_")) {
        doubts.push(format!("the environment replaces a source, which is not read: {name}"));
    }
    let protocol = ask
        .options
        .homes
        .variable("CARGO_REGISTRIES_CRATES_IO_PROTOCOL")
        .or_else(|| merged.get("registries")?.get("crates-io")?.get("protocol").and_then(Value::as_str));
    if protocol == Some("git") {
        doubts.push("crates.io is read through its git index, which is not judged".into());
    }
    let (url, replaced) = replacement(&merged);
    let mut mirrors = Vec::new();
    let place = match (doubts.into_iter().next(), url) {
        (Some(doubt), _) | (None, Err(doubt)) => Place::Elsewhere(doubt),
        (None, Ok(url)) => {
            if replaced {
                mirrors.push(mirror(&url));
            }
            // A git index keeps other files than a sparse one.
            match (url.starts_with("sparse+"), tame_index::utils::url_to_local_dir(&url, true)) {
                (true, Ok(folder)) => Place::Index(folder.dir_name),
                (true, Err(error)) => {
                    Place::Elsewhere(format!("the address of the registry is not understood: {error}"))
                }
                (false, _) => {
                    Place::Elsewhere("crates.io is replaced by a registry with a git index, which is not judged".into())
                }
            }
        }
    };
    for registry in merged.get("registries").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        if let Some(url) = registry.get("index").and_then(Value::as_str) {
            mirrors.push(mirror(url));
        }
    }
    let cfgs = cfgs(&merged, ask);
    let doubt = ["patch", "paths"].into_iter().find(|key| merged.contains_key(*key)).map(|key| {
        format!("cargo's configuration puts other packages in place of locked ones, which is not judged: {key}")
    });
    Config { place, cfgs, mirrors, doubt }
}

fn mirror(url: &str) -> Mirror {
    let url = crate::fetch::without_credentials(url.strip_prefix("sparse+").unwrap_or(url));
    Mirror {
        ecosystem: "cargo".into(),
        url,
        state: contract::MirrorState::Unknown,
        checked_at: None,
        latency_ms: None,
        text: String::new(),
    }
}

/// Lays `under` below what is there: tables are joined, anything else stays as it is.
fn lay_under(over: &mut Table, under: Table) {
    for (key, value) in under {
        match (over.get_mut(&key), value) {
            (Some(Value::Table(over)), Value::Table(under)) => lay_under(over, under),
            (Some(_), _) => {}
            (None, value) => {
                over.insert(key, value);
            }
        }
    }
}

/// The registry that stands for crates.io after all replacements, and whether one replaced it.
fn replacement(config: &Table) -> (Result<String, String>, bool) {
    let mut name = "crates-io";
    let sources = config.get("source").and_then(Value::as_table);
    for step in 0..16 {
        let source = sources.and_then(|sources| sources.get(name));
        let said = |key: &str| source.and_then(|source| source.get(key)).and_then(Value::as_str);
        if let Some(next) = said("replace-with") {
            name = next;
            continue;
        }
        for (key, what) in [
            ("directory", "a folder of vendored sources"),
            ("local-registry", "a local registry"),
            ("git", "a git repository"),
        ] {
            if said(key).is_some() {
                return (Err(format!("crates.io is replaced by {what}, which is not judged")), true);
            }
        }
        let registries = config.get("registries").and_then(|all| all.get(name));
        let url = said("registry").or_else(|| registries.and_then(|one| one.get("index")).and_then(Value::as_str));
        return match url {
            Some(url) => (Ok(url.to_owned()), true),
            None if step == 0 => (Ok(tame_index::CRATES_IO_HTTP_INDEX.to_owned()), false),
            None if name == "crates-io" => (Ok(tame_index::CRATES_IO_HTTP_INDEX.to_owned()), false),
            None => (Err(format!("crates.io is replaced by a source that is not configured: {name}")), true),
        };
    }
    (Err("the replacements of crates.io go in a circle".into()), true)
}

/// `--cfg` flags that the user gives the compiler. Cargo takes the first of these that is set.
fn cfgs(config: &Table, ask: &Ask<'_>) -> Vec<String> {
    let homes = &ask.options.homes;
    let words = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let flags: Vec<String> = if let Some(flags) = homes.variable("CARGO_ENCODED_RUSTFLAGS") {
        flags.split('\u{1f}').map(str::to_owned).collect()
    } else if let Some(flags) = homes.variable("RUSTFLAGS") {
        flags.split_whitespace().map(str::to_owned).collect()
    } else {
        let target = config.get("target").and_then(|all| all.get(ask.target)).and_then(|one| one.get("rustflags"));
        let build = config.get("build").and_then(|build| build.get("rustflags"));
        target.or(build).map(words).unwrap_or_default()
    };
    let mut out = Vec::new();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        if flag == "--cfg" {
            out.extend(flags.next().cloned());
        } else if let Some(cfg) = flag.strip_prefix("--cfg=") {
            out.push(cfg.to_owned());
        }
    }
    out
}
