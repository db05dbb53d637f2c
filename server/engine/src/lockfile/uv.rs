//! What of a Python project gets into the copy in which uv locks: what it needs, and of uv's settings only how versions are chosen and
//! where they come from. What would have to be built is refused: that would run the project's own code.

use toml::{Table, Value};

/// What `[project]` says that a lockfile follows from.
const PROJECT: [&str; 5] = ["name", "version", "requires-python", "dependencies", "optional-dependencies"];
/// What `dynamic` may not leave to the build.
const FOLLOWS: [&str; 3] = ["version", "dependencies", "optional-dependencies"];
/// What `[tool.uv]` and `uv.toml` may say in the copy.
const SETTINGS: [&str; 27] = [
    "build-constraint-dependencies",
    "conflicts",
    "constraint-dependencies",
    "default-groups",
    "default-index",
    "dependency-groups",
    "dependency-metadata",
    "dev-dependencies",
    "environments",
    "exclude-dependencies",
    "exclude-newer",
    "exclude-newer-package",
    "extra-index-url",
    "fork-strategy",
    "index",
    "index-strategy",
    "index-url",
    "managed",
    "no-index",
    "override-dependencies",
    "package",
    "prerelease",
    "required-environments",
    "required-version",
    "resolution",
    "sources",
    "workspace",
];

fn read(text: &str) -> Result<Table, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

fn only(table: &Table, keys: &[&str]) -> Table {
    table
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A manifest without what is for building and for other tools.
pub(super) fn bare(text: &str, is_root: bool) -> Result<String, String> {
    let table = read(text)?;
    let mut kept = only(&table, &["dependency-groups"]);
    match table.get("project").and_then(Value::as_table) {
        Some(project) => {
            let dynamic = project.get("dynamic").and_then(Value::as_array).into_iter().flatten();
            let built = dynamic.filter_map(Value::as_str).find(|name| FOLLOWS.contains(name));
            if let Some(name) = built {
                return Err(format!(
                    "its {name} is dynamic: uv would have to build the project, which runs code of it\nhint: merge this lockfile with `uv lock` by hand"
                ));
            }
            kept.insert("project".to_owned(), Value::Table(only(project, &PROJECT)));
        }
        None if is_root => {}
        None => return Err("it has no [project]: uv would have to build it to know what it needs".to_owned()),
    }
    // That it is there makes a package of the project; how it is built does not matter to a lockfile.
    if table.contains_key("build-system") {
        let nothing = [("requires".to_owned(), Value::Array(Vec::new()))];
        kept.insert("build-system".to_owned(), Value::Table(nothing.into_iter().collect()));
    }
    let own = table.get("tool").and_then(|tool| tool.get("uv")).and_then(Value::as_table);
    let mut settings = own.map(|own| only(own, &SETTINGS)).unwrap_or_default();
    local_index(&settings)?;
    if is_root {
        // Else uv goes up and looks for a workspace that has it as a member.
        settings.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
    }
    if !settings.is_empty() {
        let tool = Table::from_iter([("uv".to_owned(), Value::Table(settings))]);
        kept.insert("tool".to_owned(), Value::Table(tool));
    }
    toml::to_string(&kept).map_err(|error| error.to_string())
}

/// `uv.toml`, in the same way.
pub(super) fn settings(text: &str) -> Result<String, String> {
    let kept = only(&read(text)?, &SETTINGS);
    local_index(&kept)?;
    toml::to_string(&kept).map_err(|error| error.to_string())
}

/// A registry that is a folder is not in the copy.
fn local_index(settings: &Table) -> Result<(), String> {
    let named = ["index-url", "extra-index-url", "default-index"].into_iter().filter_map(|key| settings.get(key));
    let listed = settings.get("index").and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.get("url"));
    let all = named.chain(listed).flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
    match all.filter_map(Value::as_str).find(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        None => Ok(()),
        Some(url) => Err(format!("it names a folder as a registry, which the copy does not have: {url}")),
    }
}

/// The paths that a manifest names: members, folders of sources, and requirements by a file's address.
pub(super) fn places(text: &str) -> Vec<String> {
    let Ok(table) = read(text) else { return Vec::new() };
    let uv = table.get("tool").and_then(|tool| tool.get("uv"));
    let lists = ["members", "exclude"].into_iter().filter_map(|key| uv?.get("workspace")?.get(key)?.as_array());
    let patterns = lists.flatten().filter_map(Value::as_str).map(str::to_owned);
    let sources = uv.and_then(|uv| uv.get("sources")).and_then(Value::as_table).into_iter().flatten();
    let all = sources.flat_map(|(_, source)| source.as_array().map_or(std::slice::from_ref(source), Vec::as_slice));
    let folders = all.filter_map(|source| source.get("path")?.as_str()).map(str::to_owned);
    let mut found: Vec<String> = patterns.chain(folders).collect();
    direct(&Value::Table(table.clone()), &mut found);
    found
}

/// `name @ file:///there`, wherever it stands: what is named by its whole address is in no copy.
fn direct(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let address = text.split_once('@').map(|(_, address)| address.trim());
            found.extend(
                address
                    .and_then(|address| address.strip_prefix("file:"))
                    .map(|path| format!("/{}", path.trim_start_matches('/'))),
            );
        }
        Value::Array(all) => all.iter().for_each(|one| direct(one, found)),
        Value::Table(table) => table.values().for_each(|one| direct(one, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_building_or_names_a_program_does_not_get_into_the_copy_and_what_must_be_built_is_refused() {
        let text = "[build-system]\nrequires = ['evil']\nbuild-backend = 'evil'\nbackend-path = ['evil']\n\
            [project]\nname = 'a'\nversion = '1'\nreadme = 'evil'\ndependencies = ['b>1']\n[project.scripts]\nx = 'evil'\n\
            [dependency-groups]\ndev = ['c']\n[tool.other]\nx = 'evil'\n\
            [tool.uv]\nkeyring-provider = 'evil'\ncache-dir = 'evil'\nresolution = 'lowest'\n[tool.uv.sources]\nb = { path = '../b' }\n";
        let kept = bare(text, true).unwrap();
        assert!(!kept.contains("evil"), "{kept}");
        let table: Table = toml::from_str(&kept).unwrap();
        assert_eq!(table["project"]["dependencies"][0].as_str(), Some("b>1"));
        assert_eq!(table["dependency-groups"]["dev"][0].as_str(), Some("c"));
        assert_eq!(table["tool"]["uv"]["resolution"].as_str(), Some("lowest"));
        assert!(table.contains_key("build-system") && table["tool"]["uv"]["workspace"].is_table(), "{kept}");
        assert!(bare(text, false).unwrap().contains("sources") && !bare(text, false).unwrap().contains("workspace"));
        let built = bare("[project]\nname = 'a'\ndynamic = ['version']\n", true).unwrap_err();
        assert!(built.contains("its version is dynamic"), "{built}");
        assert!(bare("[tool.x]\n", true).is_ok() && bare("[tool.x]\n", false).is_err());
        let local = settings("[[index]]\nurl = './wheels'\n").unwrap_err();
        assert!(local.contains("./wheels"), "{local}");
        assert_eq!(settings("keyring-provider = 'evil'\nprerelease = 'allow'\n").unwrap(), "prerelease = \"allow\"\n");
    }

    #[test]
    fn members_sources_and_addresses_of_files_are_the_places_that_a_manifest_names() {
        let text = "[project]\nname = 'a'\ndependencies = ['b @ file:///etc/b', 'c @ https://host/c.whl']\n\
            [tool.uv.workspace]\nmembers = ['../*']\n[tool.uv.sources]\nd = [{ path = '../d' }, { index = 'x' }]\n";
        assert_eq!(places(text), ["../*", "../d", "/etc/b"]);
    }
}
