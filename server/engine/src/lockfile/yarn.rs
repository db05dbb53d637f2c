//! What of a Yarn project gets into the copy in which Yarn works a lockfile out: manifests without scripts, and of its settings those that
//! a lockfile follows from, with the Yarn that they name. What brings a program of its own besides is refused.

use super::pnpm;
use serde_json::Value;
use std::path::Path;

/// What `.yarnrc.yml` may say in the copy.
const SETTINGS: [&str; 8] = [
    "catalog",
    "catalogs",
    "checksumBehavior",
    "compressionLevel",
    "enableTransparentWorkspaces",
    "npmRegistryServer",
    "packageExtensions",
    "supportedArchitectures",
];
/// What makes a lockfile another one, and is a program.
const PROGRAMS: [&str; 1] = ["plugins"];

/// A manifest, a patch or the settings, as the copy has them. `below`: where it stands.
pub(super) fn bare(below: &Path, text: &str) -> Result<String, String> {
    match below.file_name().and_then(|name| name.to_str()) {
        Some(".yarnrc.yml") => pnpm::settings(text, &SETTINGS, &PROGRAMS, "yarn"),
        Some("package.json") => manifest(text),
        _ => Ok(text.to_owned()),
    }
}

fn manifest(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut table: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(fields) = table.as_object_mut() else { return Err("it is no object".to_owned()) };
    fields.remove("scripts");
    // Node's launcher starts the version that stands there; an address it would download.
    let is_version = |manager: &Value| {
        let version = manager.as_str().and_then(|manager| manager.strip_prefix("yarn@"));
        version.is_some_and(|version| version.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c)))
    };
    if fields.get("packageManager").is_some_and(|manager| !is_version(manager)) {
        fields.remove("packageManager");
    }
    serde_json::to_string_pretty(&table).map_err(|error| error.to_string())
}

/// The settings of the copy with the Yarn that the project's name: a file of the workspace, by its whole path. `folder`: where they stand.
pub(super) fn with_program(bare: &str, text: &str, folder: &Path, top: &Path) -> String {
    let named =
        text.lines().find_map(|line| line.strip_prefix("yarnPath:")).map(|path| path.trim().trim_matches(['"', '\'']));
    let file = named.and_then(|path| std::fs::canonicalize(folder.join(path)).ok());
    match file.filter(|file| file.starts_with(top) && file.is_file()) {
        Some(file) => format!("{bare}yarnPath: {}\n", Value::from(file.to_string_lossy())),
        None => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_settings_of_programs_do_not_get_into_the_copy_and_plugins_are_refused() {
        let text = "nodeLinker: node-modules\nnpmAuthToken: evil\nnpmScopes:\n  a:\n    npmAuthToken: evil\npackageExtensions:\n  b@*:\n    dependencies:\n      c: 1\nnpmRegistryServer: \"https://${EVIL}\"\n";
        let kept = bare(Path::new(".yarnrc.yml"), text).unwrap();
        assert_eq!(kept, "packageExtensions:\n  b@*:\n    dependencies:\n      c: 1\n");
        let why = bare(Path::new("a/.yarnrc.yml"), "plugins:\n  - path: evil\n").unwrap_err();
        assert!(why.contains("brings a program") && why.contains("`yarn install`"), "{why}");
        for (manager, stays) in [("yarn@4.18.1+sha512.ab", true), ("yarn@https://a/b.js", false), ("pnpm@9.0.0", false)]
        {
            let text = format!(
                r#"{{"name": "a", "scripts": {{"postinstall": "evil"}}, "bin": "x.js", "packageManager": "{manager}"}}"#
            );
            let kept: Value = serde_json::from_str(&bare(Path::new("package.json"), &text).unwrap()).unwrap();
            assert_eq!(
                (kept.get("packageManager").is_some(), kept.get("scripts").is_some()),
                (stays, false),
                "{manager}"
            );
            assert_eq!(kept["bin"], "x.js", "a lockfile says that it has one");
        }
    }

    #[test]
    fn the_yarn_of_the_project_is_a_file_within_it() {
        let top = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(top.path()).unwrap();
        std::fs::create_dir_all(real.join("work/.yarn/releases")).unwrap();
        let release = real.join("work/.yarn/releases/yarn-4.0.0.cjs");
        std::fs::write(&release, "").unwrap();
        std::fs::write(real.join("yarn.cjs"), "").unwrap();
        let with =
            |path: &str| with_program("a: 1\n", &format!("yarnPath: {path}\n"), &real.join("work"), &real.join("work"));
        assert_eq!(with("'.yarn/releases/yarn-4.0.0.cjs'"), format!("a: 1\nyarnPath: \"{}\"\n", release.display()));
        for outside in ["../yarn.cjs", "/bin/sh", ".yarn/releases/gone.cjs", ".yarn/releases"] {
            assert_eq!(with(outside), "a: 1\n", "{outside}");
        }
    }
}
