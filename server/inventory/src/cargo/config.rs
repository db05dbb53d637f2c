//! Cargo's configuration, as far as it changes where crates are looked for or which target's cfgs hold.
//! May read files only; what it does not understand it names, so that nothing is believed ready by mistake.

use super::lock::Source;
use super::origin;
use super::resolve::Origin;
use crate::ecosystem::Ask;
use crate::look::Unread;
use contract::Mirror;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Where a source's packages are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// The name of the folder below `registry/index` and `registry/cache`.
    Index(String),
    /// A folder of vendored sources.
    Directory(PathBuf),
    /// A local registry.
    Local(PathBuf),
    /// A git repository, and the commit in hexadecimal.
    Git(String, String),
    /// Somewhere that is not judged; the reason.
    Elsewhere(String),
    /// Cargo stops at the configuration; the reason.
    Refused(String),
}

/// What the configuration comes to.
#[derive(Debug)]
pub(crate) struct Config {
    merged: Table,
    /// Why nothing can be said about where packages are looked for.
    unread: Option<String>,
    /// Registries' addresses, by their names and by the variables of the environment that name them.
    pub names: BTreeMap<String, String>,
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
                        Ok(mut table) => {
                            make_absolute(&mut table, folder.parent().unwrap_or(&folder));
                            lay_under(&mut merged, table);
                        }
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
    let mut mirrors = Vec::new();
    if let Ok(Some(name)) = replaced_by(&merged, "crates-io")
        && let Some(url) = said(&merged, name, "registry").or_else(|| index_of(&merged, name))
    {
        mirrors.push(mirror(url));
    }
    for registry in merged.get("registries").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        if let Some(url) = registry.get("index").and_then(Value::as_str) {
            mirrors.push(mirror(url));
        }
    }
    let cfgs = cfgs(&merged, ask);
    let doubt = ["patch", "paths"].into_iter().find(|key| merged.contains_key(*key)).map(|key| {
        format!("cargo's configuration puts other packages in place of locked ones, which is not judged: {key}")
    });
    let mut names = BTreeMap::new();
    for (name, registry) in merged.get("registries").and_then(Value::as_table).into_iter().flatten() {
        names.extend(registry.get("index").and_then(Value::as_str).map(|url| (name.clone(), url.to_owned())));
    }
    let indexes =
        variables.iter().filter(|(name, _)| name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_INDEX"));
    names.extend(indexes.map(|(name, value)| (name.clone(), value.clone())));
    Config { merged, unread: doubts.into_iter().next(), names, cfgs, mirrors, doubt }
}

/// The variable that names a registry's address, before any file.
fn variable_of(name: &str) -> String {
    format!("CARGO_REGISTRIES_{}_INDEX", name.to_ascii_uppercase().replace('-', "_"))
}

/// Folders that a file of configuration names are relative to the folder that holds its own.
fn make_absolute(table: &mut Table, base: &Path) {
    for source in table.get_mut("source").and_then(Value::as_table_mut).into_iter().flat_map(Table::iter_mut) {
        for key in ["directory", "local-registry"] {
            if let Some(Value::String(folder)) = source.1.get_mut(key)
                && let Some(whole) = crate::members::clean(&base.join(&*folder)).to_str()
            {
                whole.clone_into(folder);
            }
        }
    }
}

impl Config {
    /// Where the packages of a source are looked for; `text`: the source as the lockfile has it.
    pub(crate) fn place(&self, source: &Source, text: Option<&str>) -> Place {
        if let Some(why) = &self.unread {
            return Place::Elsewhere(why.clone());
        }
        if let Some(name) = self.placeless() {
            return Place::Refused(format!("cargo's configuration names no place, or several, for a source: {name}"));
        }
        let text = text.unwrap_or_default();
        let declared = |fits: &dyn Fn(&str) -> bool| {
            let sources = self.merged.get("source").and_then(Value::as_table);
            sources.into_iter().flat_map(Table::keys).map(String::as_str).find(|name| fits(name))
        };
        let start = match source {
            Source::CratesIo => Some("crates-io"),
            Source::Registry(_) => declared(&|name| {
                said(&self.merged, name, "registry").is_some_and(|url| origin::registry(url) == origin::registry(text))
            }),
            Source::Git(_) => declared(&|name| {
                let said = |key: &str| said(&self.merged, name, key);
                let references = ["branch", "tag", "rev"].map(|kind| said(kind).map(|value| (kind, value)));
                let reference = references.into_iter().flatten().next();
                said("git").is_some_and(|url| origin::git(url, reference) == origin::of_git(text))
            }),
            Source::Path | Source::Other(_) => {
                let shown = crate::fetch::without_credentials(text);
                return Place::Elsewhere(format!("its source is not understood: {shown}"));
            }
        };
        match start.map(|start| replaced_by(&self.merged, start)) {
            Some(Err(why)) => Place::Refused(why),
            Some(Ok(Some(name))) => self.defined(name),
            Some(Ok(None)) | None => match source {
                Source::CratesIo => index(tame_index::CRATES_IO_HTTP_INDEX),
                Source::Git(_) => {
                    let (url, _, commit) = origin::git_source(text);
                    Place::Git(url.to_owned(), commit.to_owned())
                }
                _ => index(text),
            },
        }
    }

    /// A table's value.
    pub(crate) fn value(&self, table: &str, key: &str) -> Option<&Value> {
        self.merged.get(table)?.get(key)
    }

    /// What is said of a registry.
    pub(crate) fn registry(&self, name: &str) -> Option<&Table> {
        self.merged.get("registries")?.get(name)?.as_table()
    }

    /// The address at which cargo asks for what comes from a registry, after all replacements; `None`: it asks nobody, or what
    /// replaces it is not followed.
    pub(crate) fn address(&self, source: &Source, text: Option<&str>) -> Option<String> {
        if self.unread.is_some() {
            return None;
        }
        let (start, own) = match source {
            Source::CratesIo => ("crates-io".to_owned(), tame_index::CRATES_IO_HTTP_INDEX.to_owned()),
            Source::Registry(_) => {
                let text = text?;
                let sources = self.merged.get("source").and_then(Value::as_table);
                let declared = sources.into_iter().flat_map(Table::keys).find(|name| {
                    said(&self.merged, name, "registry")
                        .is_some_and(|url| origin::registry(url) == origin::registry(text))
                });
                match declared {
                    Some(name) => (name.clone(), text.to_owned()),
                    None => return Some(text.to_owned()),
                }
            }
            Source::Path | Source::Git(_) | Source::Other(_) => return None,
        };
        match replaced_by(&self.merged, &start).ok()? {
            None => Some(own),
            Some(name) => {
                said(&self.merged, name, "registry").or_else(|| index_of(&self.merged, name)).map(str::to_owned)
            }
        }
    }

    /// A source that cargo does not take: it has to name one place.
    fn placeless(&self) -> Option<&str> {
        let sources = self.merged.get("source").and_then(Value::as_table);
        sources.into_iter().flatten().find_map(|(name, source)| {
            let places = ["registry", "local-registry", "directory", "git"];
            let named = places.into_iter().filter(|key| source.get(key).is_some()).count();
            (named > 1 || (named == 0 && name != "crates-io")).then_some(name.as_str())
        })
    }

    /// What a replacement leads to.
    fn defined(&self, name: &str) -> Place {
        let said = |key: &str| said(&self.merged, name, key);
        if let Some(folder) = said("directory") {
            return Place::Directory(folder.into());
        }
        if let Some(folder) = said("local-registry") {
            return Place::Local(folder.into());
        }
        if said("git").is_some() {
            return Place::Elsewhere("it is replaced by a git repository, which is not judged".into());
        }
        match said("registry").or_else(|| index_of(&self.merged, name)) {
            Some(url) => index(url),
            None if name == "crates-io" => index(tame_index::CRATES_IO_HTTP_INDEX),
            None => {
                Place::Refused(format!("cargo's configuration replaces a source by one that it does not name: {name}"))
            }
        }
    }

    /// The origin that a declaration comes to: a registry's name stands for its address.
    pub(crate) fn origin(&self, declared: &Origin) -> Option<Origin> {
        match declared {
            Origin::Named(name) => {
                let url = self.names.get(&variable_of(name)).or_else(|| self.names.get(name));
                url.map(|url| origin::registry(url))
            }
            other => Some(other.clone()),
        }
    }
}

/// The folder below cargo's home that a registry's address leads to. A git index keeps other files than a sparse one.
fn index(url: &str) -> Place {
    if !url.starts_with("sparse+") {
        let shown = crate::fetch::without_credentials(url);
        return Place::Elsewhere(format!("it comes from a registry with a git index, which is not judged: {shown}"));
    }
    match tame_index::utils::url_to_local_dir(url, true) {
        Ok(folder) if !folder.dir_name.contains(['/', '\\']) => Place::Index(folder.dir_name),
        Ok(_) => Place::Elsewhere("the address of the registry is not understood".into()),
        Err(error) => Place::Elsewhere(format!("the address of the registry is not understood: {error}")),
    }
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

/// What a source says at a key.
fn said<'t>(config: &'t Table, name: &str, key: &str) -> Option<&'t str> {
    config.get("source")?.get(name)?.get(key)?.as_str()
}

fn index_of<'t>(config: &'t Table, name: &str) -> Option<&'t str> {
    config.get("registries")?.get(name)?.get("index")?.as_str()
}

/// The source that stands in the place of one after all replacements; none where nothing replaces it.
fn replaced_by<'t>(config: &'t Table, start: &'t str) -> Result<Option<&'t str>, String> {
    let mut name = start;
    for _ in 0..64 {
        match said(config, name, "replace-with") {
            Some(next) => name = next,
            None => return Ok((name != start).then_some(name)),
        }
    }
    Err("in cargo's configuration the replacements of a source go in a circle".into())
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
