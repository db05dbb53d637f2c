//! What a manifest says of folders, held against the folder that is copied: nothing it names may lie outside.
//! Goes by names alone and looks at no file; what is not understood leads out.

use super::Unmerged;
use super::stage::Manifest;
use conflict::Lockfile;
use std::path::{Component, Path, PathBuf};
use toml::Table;

/// Where a `package.json` says what a package is taken from.
const TABLES: [&str; 6] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides", "resolutions"];
/// How many tables deep `overrides` are looked into; npm's own lie two or three deep.
const DEEPEST: usize = 64;

/// Refuses a manifest that names what is outside of `top`.
pub(super) fn inside(kind: Lockfile, manifest: &Manifest, top: &Path) -> Result<(), Unmerged> {
    let named = match kind {
        Lockfile::Cargo => of_cargo(&manifest.text),
        Lockfile::Npm | Lockfile::Pnpm | Lockfile::Yarn => of_npm(&manifest.text),
        Lockfile::Uv => super::uv::places(&manifest.text),
        Lockfile::GoSum => Vec::new(),
    };
    let folder = manifest.below.parent().unwrap_or(Path::new(""));
    match named.into_iter().find_map(|name| outside(folder, &name)) {
        None => Ok(()),
        Some(out) => Err(Unmerged::Outside { file: top.join(out), top: top.to_path_buf(), tool: kind.tool() }),
    }
}

/// A path as it is named below `folder`, where it leads out of the folder that this is below.
fn outside(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    let mut depth = 0_usize;
    for part in path.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Some(path),
        }
    }
    None
}

/// The workspace that a package says it belongs to, and the patterns of members. Path dependencies are found with the manifests.
fn of_cargo(text: &str) -> Vec<String> {
    let Ok(table) = toml::from_str::<Table>(text) else { return Vec::new() };
    let packages = ["package", "project"].into_iter().filter_map(|name| table.get(name)?.get("workspace"));
    let lists = ["members", "default-members", "exclude"]
        .into_iter()
        .filter_map(|name| table.get("workspace")?.get(name)?.as_array())
        .flatten();
    packages.chain(lists).filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The folders and archives that packages are taken from, and the patterns of members.
fn of_npm(text: &str) -> Vec<String> {
    let Ok(table) = serde_json::from_str::<serde_json::Value>(text) else { return Vec::new() };
    let mut found = Vec::new();
    for asked in TABLES.iter().filter_map(|name| table.get(name)) {
        places(asked, DEEPEST, &mut found);
    }
    if let Some(workspaces) = table.get("workspaces") {
        let listed = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array());
        // npm takes one that begins with a stroke from the root on.
        let pattern = |one: &serde_json::Value| Some(one.as_str()?.trim_start_matches(['!', '/']).to_owned());
        found.extend(listed.into_iter().flatten().filter_map(pattern));
    }
    found
}

fn places(asked: &serde_json::Value, deep: usize, found: &mut Vec<String>) {
    match asked {
        serde_json::Value::String(asked) => found.extend(place(asked)),
        serde_json::Value::Object(table) if deep > 0 => {
            table.values().for_each(|asked| places(asked, deep - 1, found));
        }
        _ => {}
    }
}

/// The path by which a package is asked for, if it is by one. As npm-package-arg tells it: a prefix, or how it begins.
fn place(asked: &str) -> Option<String> {
    let asked = asked.trim();
    let lower = asked.to_ascii_lowercase();
    let named = ["file:", "link:", "portal:"].into_iter().find(|prefix| lower.starts_with(prefix)).map(str::len);
    let place = match named {
        Some(prefix) => &asked[prefix..],
        None if asked.starts_with(['.', '/', '~', '\\']) && !is_range(asked) => asked,
        None if !asked.contains(':') && [".tgz", ".tar.gz", ".tar"].iter().any(|end| lower.ends_with(end)) => asked,
        None => return None,
    };
    // Home, which is no folder of the copy.
    if place.starts_with("~/") {
        return Some(format!("/{place}"));
    }
    let plain = [("%2e", "."), ("%2f", "/"), ("%5c", "/")];
    let mut place = place.replace('\\', "/");
    for (code, sign) in plain {
        place = place.replace(code, sign).replace(&code.to_ascii_uppercase(), sign);
    }
    Some(place)
}

/// `~1.2`, `~ 1`: as good as this version.
fn is_range(asked: &str) -> bool {
    asked.strip_prefix('~').is_some_and(|rest| !rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_is_told_by_its_name_from_what_does_not() {
        let from = |folder: &str, name: &str| outside(Path::new(folder), name).is_some();
        assert!(!from("a/b", "../../c") && !from("", "./a/../b") && !from("", "packages/*"));
        assert!(from("a/b", "../../../c") && from("", "..") && from("a", "/etc") && from("", "packages/../../*"));
    }

    #[test]
    fn folders_and_archives_are_told_from_ranges_tags_and_addresses() {
        for (asked, wanted) in [
            ("^1.2.3", None),
            ("~1.2", None),
            ("latest", None),
            ("npm:other@1", None),
            ("git+ssh://git@host/a/b.git", None),
            ("owner/name", None),
            ("https://host/a.tgz", None),
            ("file:../a", Some("../a")),
            ("FILE:..\\a", Some("../a")),
            ("portal:../a", Some("../a")),
            ("link:./a", Some("./a")),
            ("../a", Some("../a")),
            ("./a.tgz", Some("./a.tgz")),
            ("a/../../b.TGZ", Some("a/../../b.TGZ")),
            ("/a", Some("/a")),
            ("~/a", Some("/~/a")),
            ("file:~/a", Some("/~/a")),
            ("file:%2e%2E%2f%2e./a", Some("../../a")),
        ] {
            assert_eq!(place(asked).as_deref(), wanted, "{asked}");
        }
    }
}
