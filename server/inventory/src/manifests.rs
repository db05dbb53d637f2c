//! The manifests that one lockfile is made from: the root's, its members', and those of the folders that they name.
//! Reads files and runs nothing; whether a folder may be used is for others to say.

use crate::cargo::manifest;
use crate::homes::Homes;
use crate::look::{Look, Seen};
use crate::members::{self, clean};
use crate::yaml;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Bytes of a manifest that is read.
const LARGEST: u64 = manifest::LARGEST;
/// Folders that are looked into.
const MOST: usize = 5_000;
/// Where a `package.json` names folders.
const TABLES: [&str; 5] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides"];

/// The manifests of a cargo workspace whose root is `root`, in order: members, path dependencies, what `[patch]` puts in, and the
/// workspaces that those lie in. One that is named and is not there is among them.
#[must_use]
pub fn cargo_manifests(root: &Path) -> Vec<PathBuf> {
    let look = Look::default();
    let mut found = BTreeSet::new();
    let mut queue = vec![root.to_path_buf()];
    let mut seen = BTreeSet::new();
    while let Some(folder) = queue.pop() {
        if !seen.insert(clean(&folder)) || seen.len() > MOST {
            continue;
        }
        let workspace = manifest::read(&folder, &look);
        found.insert(folder.join("Cargo.toml"));
        let outside: BTreeSet<PathBuf> = workspace
            .files
            .iter()
            .filter(|file| !file.starts_with(&folder))
            .filter_map(|file| manifest::workspace_above(file.parent()?, &look))
            .collect();
        found.extend(outside.into_iter().map(|root| root.join("Cargo.toml")));
        found.extend(workspace.files);
        queue.extend(workspace.patches.into_iter().filter_map(|(_, path)| path));
    }
    found.into_iter().map(|path| clean(&path)).collect()
}

/// Whether the archive of a crate lies in some registry's cache of this user, whatever is in it.
#[must_use]
pub fn is_cached_crate(name: &str, version: &str) -> bool {
    let home = Homes::from_env().cargo;
    let file = format!("{name}-{version}.crate");
    let registries = crate::reach::list(&home.join("registry/cache")).into_iter().flatten().flatten().take(MOST);
    let plain = !file.contains(['/', '\\']);
    plain && registries.map(|registry| registry.path().join(&file)).any(|path| crate::reach::is_file(&path))
}

/// The manifests of an npm project whose root is `root`, in order: members of its workspaces, and folders that are named with
/// `file:` or `link:`. Or why they cannot be told.
///
/// # Errors
/// In words: a pattern of the workspaces that is not understood.
pub fn npm_manifests(root: &Path) -> Result<Vec<PathBuf>, String> {
    let look = Look::default();
    let mut found = BTreeSet::from([clean(&root.join("package.json"))]);
    let mut queue: Vec<PathBuf> = found.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        let Ok(text) = look.text(&path, LARGEST) else { continue };
        let Ok(table) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let folder = path.parent().unwrap_or(root);
        let mut named: Vec<PathBuf> = Vec::new();
        if folder == clean(root) {
            named.extend(npm_members(folder, &table, &look)?);
        }
        let tables = TABLES.iter().filter_map(|name| table.get(name)?.as_object());
        for asked in tables.flat_map(|table| table.values()).filter_map(serde_json::Value::as_str) {
            let Some(place) = asked.strip_prefix("file:").or_else(|| asked.strip_prefix("link:")) else { continue };
            let place = clean(&folder.join(place));
            // An archive is no folder, and has no manifest that could be read.
            if !place.extension().is_some_and(|suffix| suffix == "tgz" || suffix == "gz" || suffix == "tar") {
                named.push(place);
            }
        }
        for folder in named {
            let manifest = folder.join("package.json");
            if found.len() < MOST && found.insert(manifest.clone()) {
                queue.push(manifest);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// The manifests of a pnpm project whose root is `root`, in order: as of npm, with what `pnpm-workspace.yaml` names: members and patches;
/// and that file itself. Or why they cannot be told.
///
/// # Errors
/// In words: a pattern that is not understood, or what no text of the lockfile follows from.
pub fn pnpm_manifests(root: &Path) -> Result<Vec<PathBuf>, String> {
    let look = Look::default();
    let mut found: BTreeSet<PathBuf> = npm_manifests(root)?.into_iter().collect();
    let file = clean(&root.join("pnpm-workspace.yaml"));
    let Ok(text) = look.text(&file, LARGEST) else { return Ok(found.into_iter().collect()) };
    let unread = |why: &str| format!("pnpm-workspace.yaml cannot be followed: {why}");
    let documents = yaml::read(&text).map_err(|problem| unread(&problem.why))?;
    let [settings] = &documents[..] else { return Err(unread("it is not one document")) };
    found.insert(file);
    for pattern in settings.get("packages").map(yaml::Value::list).unwrap_or_default() {
        let pattern = pattern.text().ok_or_else(|| unread("a pattern of its packages is no text"))?;
        // What is left out pnpm leaves out of the copy too.
        if pattern.starts_with('!') {
            continue;
        }
        let plain = pattern.trim_start_matches("./").trim_end_matches('/');
        if plain.contains(['{', '(', '!', '\\']) || Path::new(plain).has_root() {
            return Err(format!("a pattern of the workspace is not understood: {pattern}"));
        }
        if plain.split('/').any(|part| part == "..") {
            return Err(format!("a pattern of the workspace leads outside of it: {pattern}"));
        }
        for folder in members::named(root, plain, "package.json", &look).into_iter().take(MOST) {
            let below = folder.components().all(|part| part.as_os_str() != "node_modules");
            if below {
                found.extend(npm_manifests(&folder)?);
            }
        }
    }
    let patches = settings.get("patchedDependencies").map(yaml::Value::entries).unwrap_or_default();
    found.extend(patches.iter().filter_map(|patch| Some(clean(&root.join(patch.value.text()?)))));
    Ok(found.into_iter().collect())
}

/// The manifests of a Yarn project whose root is `root`, in order: as of npm, with the folders that `portal:` names, patches, and
/// `.yarnrc.yml`. Or why they cannot be told.
///
/// # Errors
/// In words: a pattern that is not understood.
pub fn yarn_manifests(root: &Path) -> Result<Vec<PathBuf>, String> {
    let look = Look::default();
    let mut found: BTreeSet<PathBuf> = npm_manifests(root)?.into_iter().collect();
    let settings = clean(&root.join(".yarnrc.yml"));
    if matches!(look.at(&settings), Seen::File(_)) {
        found.insert(settings);
    }
    let mut queue: Vec<PathBuf> = found.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        let Ok(text) = look.text(&path, LARGEST) else { continue };
        let Ok(table) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let folder = path.parent().unwrap_or(root);
        let tables = TABLES.iter().chain(&["resolutions"]).filter_map(|name| table.get(name)?.as_object());
        for asked in tables.flat_map(|table| table.values()).filter_map(serde_json::Value::as_str) {
            if let Some(place) = asked.strip_prefix("portal:") {
                let manifest = clean(&folder.join(place)).join("package.json");
                if found.len() < MOST && found.insert(manifest.clone()) {
                    queue.push(manifest);
                }
            }
            // `patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch`: from the root, or from the manifest.
            let patches = asked.strip_prefix("patch:").and_then(|rest| rest.split_once('#'));
            for patch in patches.into_iter().flat_map(|(_, patches)| patches.split('&')) {
                let patch = patch.split("::").next().unwrap_or(patch).trim_start_matches("optional!");
                if !patch.starts_with("builtin<") && !patch.starts_with("~builtin<") && found.len() < MOST {
                    let (base, patch) = patch.strip_prefix("~/").map_or((folder, patch), |patch| (root, patch));
                    found.insert(clean(&base.join(patch)));
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// The manifests of a uv project whose root is `root`, in order: its workspace's members, and folders that sources name.
///
/// # Errors
/// In words: a pattern that is no text.
pub fn uv_manifests(root: &Path) -> Result<Vec<PathBuf>, String> {
    let look = Look::default();
    let mut found = BTreeSet::from([clean(&root.join("pyproject.toml"))]);
    let mut queue: Vec<PathBuf> = found.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        let Ok(text) = look.text(&path, LARGEST) else { continue };
        let Ok(table) = toml::from_str::<toml::Table>(&text) else { continue };
        let folder = path.parent().unwrap_or(root);
        let Some(uv) = table.get("tool").and_then(|tool| tool.get("uv")) else { continue };
        let mut named = Vec::new();
        let members =
            uv.get("workspace").and_then(|workspace| workspace.get("members")).and_then(toml::Value::as_array);
        for pattern in members.into_iter().flatten().filter(|_| folder == clean(root)) {
            let pattern = pattern.as_str().ok_or("a pattern of the members in pyproject.toml is no text")?;
            named.extend(members::named(root, pattern.trim_end_matches('/'), "pyproject.toml", &look));
        }
        let sources = uv.get("sources").and_then(toml::Value::as_table).into_iter().flatten();
        for (_, source) in sources {
            let one = std::slice::from_ref(source);
            let all = source.as_array().map_or(one, Vec::as_slice).iter();
            let places = all.filter_map(|source| source.get("path")?.as_str());
            // An archive has no manifest that could be read.
            let is_archive = |place: &&str| [".whl", ".gz", ".zip", ".tar"].iter().any(|end| place.ends_with(end));
            named.extend(places.filter(|place| !is_archive(place)).map(|place| clean(&folder.join(place))));
        }
        for folder in named {
            let manifest = folder.join("pyproject.toml");
            if found.len() < MOST && found.insert(manifest.clone()) {
                queue.push(manifest);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Whether uv's cache of this user knows this version of a package, from whatever registry: without it uv takes another one when it is
/// offline.
#[must_use]
pub fn is_known_to_uv(name: &str, version: &str) -> bool {
    let homes = Homes::from_env();
    let named = |name: &str| homes.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let shared = || named("XDG_CACHE_HOME").unwrap_or_else(|| homes.home.join(".cache")).join("uv");
    let cache = named("UV_CACHE_DIR").unwrap_or_else(shared);
    let each = |folder: &Path| {
        let all: Vec<PathBuf> =
            crate::reach::list(folder).into_iter().flatten().flatten().take(MOST).map(|one| one.path()).collect();
        all
    };
    let file = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned).unwrap_or_default();
    let plain = !name.contains(['/', '\\']) && !name.starts_with('.');
    let rooms = each(&cache).into_iter().filter(|room| {
        let name = file(room);
        name.starts_with("wheels-v") || name.starts_with("sdists-v")
    });
    let registries = rooms.flat_map(|room| each(&room.join("index")).into_iter().chain([room.join("pypi")]));
    let of_version =
        |found: &str| found == version || found.strip_prefix(version).is_some_and(|rest| rest.starts_with('-'));
    plain && registries.flat_map(|registry| each(&registry.join(name))).any(|found| of_version(&file(&found)))
}

fn npm_members(root: &Path, table: &serde_json::Value, look: &Look) -> Result<Vec<PathBuf>, String> {
    let Some(workspaces) = table.get("workspaces") else { return Ok(Vec::new()) };
    let listed = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array());
    let listed = listed.ok_or("the workspaces in package.json are no list")?;
    let mut found = Vec::new();
    for pattern in listed {
        let plain = pattern.as_str().filter(|pattern| !pattern.starts_with('!') && !pattern.contains('{'));
        let plain = plain
            .ok_or_else(|| format!("a pattern of the workspaces in package.json is not understood: {pattern}"))?
            .trim_start_matches("./")
            .trim_start_matches('/')
            .trim_end_matches('/');
        let folders = members::named(root, plain, "package.json", look).into_iter();
        found.extend(folders.filter(|folder| {
            let below = !folder.components().any(|part| part.as_os_str() == "node_modules");
            below && matches!(look.at(&folder.join("package.json")), Seen::File(_))
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let file = root.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn below(root: &Path, found: &[PathBuf]) -> Vec<String> {
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn members_path_dependencies_patches_and_the_workspace_of_a_folder_beside_are_found() {
        let all = tempfile::tempdir().unwrap();
        let all = all.path();
        let package = |name: &str| format!("[package]\nname = '{name}'\nversion = '0.1.0'\n");
        write(all, "one/Cargo.toml", "[workspace]\nmembers = ['crates/*']\n[patch.crates-io]\np = { path = '../p' }\n");
        write(all, "one/crates/a/Cargo.toml", &(package("a") + "[dependencies]\nb = { path = '../../../two/b' }\n"));
        write(all, "two/Cargo.toml", "[workspace]\nmembers = ['b']\n");
        write(all, "two/b/Cargo.toml", &package("b"));
        write(all, "p/Cargo.toml", &package("p"));
        let found = below(all, &cargo_manifests(&all.join("one")));
        let wanted =
            ["one/Cargo.toml", "one/crates/a/Cargo.toml", "p/Cargo.toml", "two/Cargo.toml", "two/b/Cargo.toml"];
        assert_eq!(found, wanted);
    }

    #[test]
    fn members_and_folders_that_a_package_json_names_are_found_and_an_odd_pattern_is_said() {
        let all = tempfile::tempdir().unwrap();
        let all = all.path();
        write(
            all,
            "w/package.json",
            r#"{"workspaces": ["packages/*"], "dependencies": {"x": "file:../x", "t": "file:t.tgz"}}"#,
        );
        write(all, "w/packages/a/package.json", r#"{"name": "a"}"#);
        write(all, "w/packages/none/README.md", "");
        write(all, "x/package.json", r#"{"dependencies": {"y": "link:../y"}}"#);
        let found = below(all, &npm_manifests(&all.join("w")).unwrap());
        assert_eq!(found, ["w/package.json", "w/packages/a/package.json", "x/package.json", "y/package.json"]);
        write(all, "w/package.json", r#"{"workspaces": ["!packages/b"]}"#);
        assert!(npm_manifests(&all.join("w")).unwrap_err().contains("!packages/b"));
    }
}
