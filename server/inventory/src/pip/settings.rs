//! What pip is told besides the requirements: by its configuration files and by variables.
//! May not run pip, keeps no password, and names a setting that changes its answer and is not followed here.

use crate::ecosystem::Ask;
use crate::look::Unread;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Larger files are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// What changes the answer of `pip install`, and is not followed.
const NOT_FOLLOWED: [&str; 30] = [
    "abi",
    "all-releases",
    "break-system-packages",
    "build-constraint",
    "constraint",
    "dry-run",
    "editable",
    "force-reinstall",
    "group",
    "ignore-installed",
    "ignore-requires-python",
    "implementation",
    "no-binary",
    "no-build-isolation",
    "no-deps",
    "no-require-hashes",
    "only-binary",
    "only-final",
    "platform",
    "prefix",
    "python",
    "python-version",
    "requirement",
    "root",
    "target",
    "upgrade",
    "uploaded-prior-to",
    "use-deprecated",
    "use-feature",
    "user",
];

/// As far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// As they are written: folders, files, addresses.
    pub find_links: Vec<String>,
    pub no_index: bool,
    pub require_hashes: bool,
    pub pre_releases: bool,
    pub prefer_binary: bool,
    /// pip's own cache.
    pub cache: Option<PathBuf>,
    /// Addresses of registries, as they are written: with what may be secret in them.
    pub registries: Vec<String>,
    /// One of them stands in for the usual one.
    pub has_index: bool,
    /// pip reaches registries through a proxy that its own settings name.
    pub proxy: bool,
    /// Certificates that are believed in place of the system's.
    pub certificates: Option<PathBuf>,
    /// What is not followed, in words.
    pub doubts: Vec<String>,
    /// Files that were read, or would be.
    pub files: Vec<PathBuf>,
}

/// Reads them; `environment` is the virtual environment that pip would run in.
pub(super) fn read(environment: Option<&Path>, ask: &Ask<'_>) -> Settings {
    let homes = &ask.options.homes;
    let given = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let mut settings = Settings::default();
    let config = given("XDG_CONFIG_HOME").map_or_else(|| homes.home.join(".config"), PathBuf::from);
    let named = given("PIP_CONFIG_FILE");
    let mut files: Vec<PathBuf> = Vec::new();
    if named != Some("/dev/null") {
        let shared = given("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
        files.extend(shared.split(':').filter(|one| !one.is_empty()).map(|one| Path::new(one).join("pip/pip.conf")));
        files.push("/etc/pip.conf".into());
        files.extend([homes.home.join(".pip/pip.conf"), config.join("pip/pip.conf")]);
        files.extend(environment.map(|environment| environment.join("pip.conf")));
        files.extend(named.map(PathBuf::from));
    }
    // Later ones win, key by key; what is said for one command wins over what is said for all.
    let mut values: BTreeMap<(bool, String), (String, String)> = BTreeMap::new();
    for path in files {
        match ask.look.text(&path, LARGEST) {
            Ok(text) => {
                let place = path.display().to_string();
                match parse(&text) {
                    Ok(read) => {
                        for (section, key, value) in read {
                            let own = match section.as_str() {
                                "global" => false,
                                "install" => true,
                                _ => continue,
                            };
                            values.insert((own, key), (value, place.clone()));
                        }
                    }
                    Err(line) => settings.doubts.push(format!("{place}: line {line} is not understood")),
                }
            }
            Err(Unread::Absent) => {}
            Err(why) => settings.doubts.push(format!("{}: {why}", path.display())),
        }
        settings.files.push(path);
    }
    let mut merged: BTreeMap<String, (String, String)> = BTreeMap::new();
    for ((_, key), value) in values {
        merged.insert(key, value);
    }
    for (name, value) in &homes.variables {
        let Some(key) = name.strip_prefix("PIP_").filter(|_| !value.is_empty()) else { continue };
        merged.insert(key.to_ascii_lowercase().replace('_', "-"), (value.clone(), format!("the variable {name}")));
    }
    let mut no_cache = false;
    for (key, (value, place)) in &merged {
        let on = || {
            let told = truth(value);
            told.ok_or_else(|| format!("{place}: {key} is neither on nor off"))
        };
        let told = match key.as_str() {
            "find-links" => {
                settings.find_links.extend(value.split_whitespace().map(str::to_owned));
                Ok(())
            }
            "index-url" | "extra-index-url" | "pypi-url" => {
                settings.registries.extend(value.split_whitespace().map(str::to_owned));
                settings.has_index |= key != "extra-index-url";
                Ok(())
            }
            "proxy" => {
                settings.proxy = !value.is_empty();
                Ok(())
            }
            "cert" => {
                settings.certificates = Some(PathBuf::from(value));
                Ok(())
            }
            "no-index" => on().map(|on| settings.no_index = on),
            "require-hashes" => on().map(|on| settings.require_hashes = on),
            "pre" => on().map(|on| settings.pre_releases = on),
            "prefer-binary" => on().map(|on| settings.prefer_binary = on),
            "cache-dir" => {
                settings.cache = Some(PathBuf::from(value));
                Ok(())
            }
            "no-cache-dir" => on().map(|on| no_cache = on),
            other if NOT_FOLLOWED.contains(&other) => match truth(value) {
                Some(false) => Ok(()),
                _ => Err(format!("{place}: the setting {other} is not followed")),
            },
            _ => Ok(()),
        };
        settings.doubts.extend(told.err());
    }
    let cache = given("XDG_CACHE_HOME").map_or_else(|| homes.home.join(".cache"), PathBuf::from).join("pip");
    settings.cache = (!no_cache).then(|| settings.cache.take().unwrap_or(cache));
    settings
}

/// On or off, as pip reads it.
fn truth(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Sections, keys in pip's own spelling, and values; the number of a line that is not understood.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String, String)>, usize> {
    let mut out: Vec<(String, String, String)> = Vec::new();
    let mut section: Option<String> = None;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            // It goes on.
            let (_, _, value) = out.last_mut().ok_or(number + 1)?;
            value.push('\n');
            value.push_str(bare);
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = Some(name.to_owned());
            continue;
        }
        let (key, value) = bare.split_once(['=', ':']).ok_or(number + 1)?;
        let key = key.trim().to_ascii_lowercase().replace('_', "-");
        let key = key.strip_prefix("--").unwrap_or(&key).to_owned();
        out.push((section.clone().ok_or(number + 1)?, key, value.trim().to_owned()));
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_values_of_several_lines_and_what_is_odd_is_told_with_its_line() {
        let text = "# c\n[global]\nFind_Links =\n    one\n    two\n[install]\nno-index: yes\n";
        let read = parse(text).unwrap();
        assert_eq!(read[0], ("global".into(), "find-links".into(), "\none\ntwo".into()));
        assert_eq!(read[1].2, "yes");
        assert_eq!(parse("[a]\nodd\n"), Err(2));
        assert_eq!(parse("a = 1\n"), Err(1));
    }
}
