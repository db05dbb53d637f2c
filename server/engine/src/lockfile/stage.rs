//! A copy of what a tool needs to work out a lockfile: manifests and the lockfile, in a folder for the user alone, and of the workspace's
//! settings only where packages come from. No source, no build script, and nothing that names a program gets into it.

use super::{LARGEST_MANIFEST, Unmerged, bounds, pnpm, uv, yarn};
use conflict::{Conflicts, Lockfile};
use ropey::Rope;
use std::io;
use std::path::{Component, Path, PathBuf};
use toml::{Table, Value};

/// A manifest as it is.
pub(super) struct Manifest {
    /// Relative to the top folder.
    pub below: PathBuf,
    pub text: String,
}

/// The copy; gone when this is dropped.
pub(super) struct Stage {
    own: tempfile::TempDir,
    /// The folder in which the lockfile stands.
    pub folder: PathBuf,
    pub lockfile: PathBuf,
    /// What the tool is told besides.
    pub more: &'static [&'static str],
}

/// What cargo's `[source.NAME]` and `[registries.NAME]` may say in the copy: addresses and folders, no tokens and no programs.
const SOURCE: [&str; 8] = ["registry", "replace-with", "directory", "local-registry", "git", "branch", "tag", "rev"];
const REGISTRY: [&str; 2] = ["index", "protocol"];
/// What `[resolver]` may say: how versions are chosen, and not where the lockfile is written.
const RESOLVER: [&str; 2] = ["incompatible-rust-versions", "feature-unification"];
/// What `.npmrc` may say, beside `@scope:registry`.
const NPMRC: [&str; 12] = [
    "auto-install-peers",
    "exclude-links-from-lockfile",
    "link-workspace-packages",
    "resolution-mode",
    "registry",
    "legacy-peer-deps",
    "strict-peer-deps",
    "install-links",
    "install-strategy",
    "lockfile-version",
    "omit-lockfile-registry-resolved",
    "replace-registry-host",
];
/// What a manifest says of targets, which are not there.
const TARGETS: [&str; 5] = ["lib", "bin", "example", "test", "bench"];
const OF_TARGETS: [&str; 9] = [
    "readme",
    "license-file",
    "autolib",
    "autobins",
    "autoexamples",
    "autotests",
    "autobenches",
    "default-run",
    "metadata",
];

/// The manifests of a lockfile, in order, as they are.
pub(super) fn manifests(kind: Lockfile, lockfile: &Path, top: &Path) -> Result<Vec<Manifest>, Unmerged> {
    let folder = lockfile.parent().unwrap_or(top);
    let files = match kind {
        Lockfile::Cargo => inventory::cargo_manifests(folder),
        Lockfile::Npm => inventory::npm_manifests(folder).map_err(Unmerged::Members)?,
        Lockfile::Pnpm => inventory::pnpm_manifests(folder).map_err(Unmerged::Members)?,
        Lockfile::Yarn => inventory::yarn_manifests(folder).map_err(Unmerged::Members)?,
        Lockfile::Uv => inventory::uv_manifests(folder).map_err(Unmerged::Members)?,
        Lockfile::GoSum => Vec::new(),
    };
    let mut found = Vec::new();
    for file in files {
        let outside = || Unmerged::Outside { file: file.clone(), top: top.to_path_buf(), tool: kind.tool() };
        let below = file.strip_prefix(top).map_err(|_| outside())?.to_path_buf();
        if !below.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside());
        }
        // A link may lead elsewhere. What is named and is not there, the tool says better.
        let Ok(real) = std::fs::canonicalize(&file) else { continue };
        if !real.starts_with(top) {
            return Err(outside());
        }
        let unread = |why: String| Unmerged::Unread { file: file.clone(), why };
        let bytes = host::read_small(&real, LARGEST_MANIFEST).map_err(|why| unread(why.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| unread("it is not UTF-8".to_owned()))?;
        if !Conflicts::read(&Rope::from_str(&text)).is_empty() {
            return Err(Unmerged::Manifest(file));
        }
        let manifest = Manifest { below, text };
        bounds::inside(kind, &manifest, top)?;
        found.push(manifest);
    }
    // Without it a tool goes up and takes a project above.
    let beside = folder.join(kind.manifest());
    if !found.iter().any(|manifest| top.join(&manifest.below) == beside) {
        return Err(Unmerged::NoManifest(beside));
    }
    Ok(found)
}

impl Stage {
    /// `data`: the data folder.
    pub fn make(
        kind: Lockfile,
        lockfile: &Path,
        top: &Path,
        manifests: &[Manifest],
        start: &str,
        data: &Path,
    ) -> Result<Self, Unmerged> {
        let own = crate::copy::folder(data, "lockfile-")?;
        for manifest in manifests {
            let to = own.path().join(&manifest.below);
            let folder = to.parent().unwrap_or(own.path());
            std::fs::create_dir_all(folder)?;
            let unread = |why: String| Unmerged::Unread { file: top.join(&manifest.below), why };
            match kind {
                Lockfile::Cargo => {
                    let bare = bare(&manifest.text).map_err(unread)?;
                    std::fs::create_dir_all(folder.join("src"))?;
                    std::fs::write(folder.join("src/lib.rs"), "")?;
                    // What links a library has to have one: empty, and never run.
                    std::fs::write(folder.join("build.rs"), "fn main() {}\n")?;
                    std::fs::write(&to, bare)?;
                }
                Lockfile::Npm | Lockfile::GoSum => std::fs::write(&to, &manifest.text)?,
                Lockfile::Pnpm => std::fs::write(&to, pnpm::bare(&manifest.below, &manifest.text).map_err(unread)?)?,
                Lockfile::Yarn => {
                    let bare = yarn::bare(&manifest.below, &manifest.text).map_err(unread)?;
                    let is_settings = manifest.below.ends_with(".yarnrc.yml");
                    let stands = top.join(&manifest.below);
                    let folder = stands.parent().unwrap_or(top);
                    let bare = if is_settings { yarn::with_program(&bare, &manifest.text, folder, top) } else { bare };
                    std::fs::write(&to, bare)?;
                }
                Lockfile::Uv => {
                    let is_root = top.join(&manifest.below).parent() == lockfile.parent();
                    std::fs::write(&to, uv::bare(&manifest.text, is_root).map_err(unread)?)?;
                }
            }
        }
        let source = lockfile.parent().unwrap_or(top);
        let folder = own.path().join(source.strip_prefix(top).unwrap_or(Path::new("")));
        std::fs::create_dir_all(&folder)?;
        match kind {
            Lockfile::Cargo => {
                if let Some(settings) = cargo_settings(source) {
                    std::fs::create_dir_all(folder.join(".cargo"))?;
                    std::fs::write(folder.join(".cargo/config.toml"), settings)?;
                }
            }
            Lockfile::Npm | Lockfile::Pnpm => {
                if let Some(settings) = npm_settings(source) {
                    std::fs::write(folder.join(".npmrc"), settings)?;
                }
            }
            Lockfile::Uv => {
                if let Some(text) = small(&source.join("uv.toml")) {
                    let unread = |why: String| Unmerged::Unread { file: source.join("uv.toml"), why };
                    std::fs::write(folder.join("uv.toml"), uv::settings(&text).map_err(unread)?)?;
                }
            }
            Lockfile::Yarn | Lockfile::GoSum => {}
        }
        // Without one of its own pnpm goes up and takes a workspace above.
        let alone = kind == Lockfile::Pnpm && !folder.join("pnpm-workspace.yaml").exists();
        let more: &[&str] = if alone { &["--ignore-workspace"] } else { &[] };
        let lockfile = folder.join(lockfile.file_name().unwrap_or_default());
        std::fs::write(&lockfile, start)?;
        Ok(Self { own, folder, lockfile, more })
    }

    /// A lockfile that the tool wrote in a folder of the copy above the one in which it was run; by its place in the workspace.
    pub fn above(&self) -> Option<PathBuf> {
        let name = self.lockfile.file_name()?;
        let folders = self.folder.ancestors().skip(1).take_while(|folder| folder.starts_with(self.own.path()));
        let written = folders.map(|folder| folder.join(name)).find(|file| file.exists())?;
        written.strip_prefix(self.own.path()).ok().map(Path::to_path_buf)
    }
}

/// A manifest of cargo's without its targets, none of which is in the copy.
fn bare(text: &str) -> Result<String, String> {
    let mut table: Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    for name in TARGETS {
        table.remove(name);
    }
    for name in ["package", "project"] {
        let Some(Value::Table(package)) = table.get_mut(name) else { continue };
        for name in OF_TARGETS {
            package.remove(name);
        }
        package.remove("build");
        if package.contains_key("links") {
            package.insert("build".to_owned(), Value::String("build.rs".to_owned()));
        } else {
            package.insert("build".to_owned(), Value::Boolean(false));
        }
    }
    if let Some(path) = whole_path(&Value::Table(table.clone())) {
        return Err(format!("it names a folder by its whole path, which the copy does not have: {path}"));
    }
    toml::to_string(&table).map_err(|error| error.to_string())
}

/// A `path` that does not begin at the manifest.
fn whole_path(value: &Value) -> Option<String> {
    match value {
        Value::Table(table) => table.iter().find_map(|(key, value)| match value {
            Value::String(path) if key == "path" && Path::new(path).has_root() => Some(path.clone()),
            value => whole_path(value),
        }),
        Value::Array(all) => all.iter().find_map(whole_path),
        _ => None,
    }
}

fn small(file: &Path) -> Option<String> {
    let read: io::Result<Vec<u8>> = host::read_small(file, LARGEST_MANIFEST);
    String::from_utf8(read.ok()?).ok()
}

/// Where packages come from, as `.cargo/config.toml` beside the lockfile says. Settings above it do not count here.
fn cargo_settings(folder: &Path) -> Option<String> {
    let text = ["config.toml", "config"].iter().find_map(|name| small(&folder.join(".cargo").join(name)))?;
    let table: Table = toml::from_str(&text).ok()?;
    let mut kept = Table::new();
    for (name, allowed) in [("source", &SOURCE[..]), ("registries", &REGISTRY[..])] {
        let Some(Value::Table(all)) = table.get(name) else { continue };
        let only = |one: &Table| {
            let mut one: Table = one
                .iter()
                .filter(|(key, _)| allowed.contains(&key.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            for key in ["directory", "local-registry"] {
                if let Some(Value::String(path)) = one.get_mut(key) {
                    *path = folder.join(&*path).to_string_lossy().into_owned();
                }
            }
            one
        };
        let all = all.iter().filter_map(|(key, one)| Some((key.clone(), Value::Table(only(one.as_table()?)))));
        kept.insert(name.to_owned(), Value::Table(all.collect()));
    }
    if let Some(default) = table.get("registry").and_then(|registry| registry.get("default")) {
        kept.insert("registry".to_owned(), Value::Table(Table::from_iter([("default".to_owned(), default.clone())])));
    }
    if let Some(Value::Table(all)) = table.get("resolver") {
        let only = all.iter().filter(|(key, _)| RESOLVER.contains(&key.as_str()));
        kept.insert("resolver".to_owned(), Value::Table(only.map(|(k, v)| (k.clone(), v.clone())).collect()));
    }
    toml::to_string(&kept).ok()
}

/// The same of `.npmrc`. What takes something from the environment is left out, and so is what npm reads as more than one line: to it
/// a carriage return ends one.
fn npm_settings(folder: &Path) -> Option<String> {
    let text = small(&folder.join(".npmrc"))?;
    let is_kept = |line: &&str| {
        let Some((key, value)) = line.split_once('=') else { return false };
        let key = key.trim();
        let is_scope = key.starts_with('@') && key.ends_with(":registry");
        (is_scope || NPMRC.contains(&key))
            && !value.contains("${")
            && !line.contains(|c: char| c.is_control() && c != '\t')
    };
    Some(text.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_program_a_token_or_a_target_does_not_get_into_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".cargo")).unwrap();
        let config = "[build]\nrustc = './evil'\nrustc-wrapper = './evil'\n[alias]\nupdate = 'run'\n[env]\nPATH = 'evil'\n\
            [registries.mine]\nindex = 'sparse+file:///x'\ntoken = 'evil'\ncredential-provider = './evil'\n\
            [registry]\ndefault = 'mine'\nglobal-credential-providers = ['./evil']\n[net]\ngit-fetch-with-cli = true\n\
            [source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'vendor'\n[resolver]\nincompatible-rust-versions = 'allow'\nlockfile-path = '/evil/Cargo.lock'\n[credential-alias]\nx = ['evil']\n";
        std::fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
        let kept = cargo_settings(folder.path()).unwrap();
        assert!(!kept.contains("evil") && !kept.contains("cli"), "{kept}");
        let table: Table = toml::from_str(&kept).unwrap();
        let vendor = folder.path().join("vendor");
        assert_eq!(table["source"]["v"]["directory"].as_str(), vendor.to_str());
        assert_eq!(table["registries"]["mine"]["index"].as_str(), Some("sparse+file:///x"));
        assert_eq!(table["registry"]["default"].as_str(), Some("mine"));
        assert_eq!(table["resolver"]["incompatible-rust-versions"].as_str(), Some("allow"));

        let npmrc = "registry=https://r\n@mine:registry = https://m\n//r/:_authToken=evil\nscript-shell=evil\ngit=evil\n\
            registry=https://r2\rscript-shell=evil\nregistry=https://${EVIL}/evil\nnode-options=--require evil\nlegacy-peer-deps=true\nevil\n";
        std::fs::write(folder.path().join(".npmrc"), npmrc).unwrap();
        let kept = npm_settings(folder.path()).unwrap();
        assert_eq!(kept, "registry=https://r\n@mine:registry = https://m\nlegacy-peer-deps=true\n");

        let manifest = "[package]\nname = 'a'\nversion = '1.0.0'\nbuild = 'evil.rs'\ndefault-run = 'x'\nreadme = 'evil'\n\
            [lib]\npath = '/evil/lib.rs'\n[[bin]]\nname = 'evil'\n[dependencies]\nb = { path = '../b' }\n";
        let bare_text = bare(manifest).unwrap();
        assert!(!bare_text.contains("evil") && bare_text.contains("../b"), "{bare_text}");
        let refused =
            bare("[package]\nname = 'a'\n[target.'cfg(unix)'.dependencies.b]\npath = '/etc/b'\n").unwrap_err();
        assert!(refused.contains("/etc/b"), "{refused}");
    }
}
