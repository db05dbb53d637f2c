//! What of a pnpm project gets into the copy in which pnpm locks: manifests without scripts and without a word on which pnpm is to run, and
//! of its settings those that a lockfile follows from. What brings a program of its own is refused.

use serde_json::Value;
use std::path::Path;

/// What `pnpm-workspace.yaml` may say in the copy.
const SETTINGS: [&str; 27] = [
    "allowNonAppliedPatches",
    "autoInstallPeers",
    "autoInstallPeersFromHighestMatch",
    "catalog",
    "catalogMode",
    "catalogs",
    "cleanupUnusedCatalogs",
    "dedupeDirectDeps",
    "dedupeInjectedDeps",
    "dedupePeerDependents",
    "dedupePeers",
    "excludeLinksFromLockfile",
    "ignoredOptionalDependencies",
    "injectWorkspacePackages",
    "linkWorkspacePackages",
    "minimumReleaseAge",
    "overrides",
    "packageExtensions",
    "packages",
    "patchedDependencies",
    "peerDependencyRules",
    "peersSuffixMaxLength",
    "preferWorkspacePackages",
    "resolutionMode",
    "resolvePeersFromWorkspaceRoot",
    "saveWorkspaceProtocol",
    "strictPeerDependencies",
];
/// What makes a lockfile another one, and is a program.
const PROGRAMS: [&str; 3] = ["configDependencies", "pnpmfile", "globalPnpmfile"];
/// What a manifest says of programs.
const OF_PROGRAMS: [&str; 4] = ["scripts", "packageManager", "devEngines", "bin"];

/// A manifest, a patch or the settings, as the copy has them. `below`: where it stands.
pub(super) fn bare(below: &Path, text: &str) -> Result<String, String> {
    match below.file_name().and_then(|name| name.to_str()) {
        Some("pnpm-workspace.yaml") => settings(text, &SETTINGS, &PROGRAMS, "pnpm"),
        Some("package.json") => manifest(text),
        _ => Ok(text.to_owned()),
    }
}

fn refused(name: &str, tool: &str) -> String {
    format!(
        "{name} brings a program that has a say in the lockfile, and none of the workspace is run for this\nhint: merge it with `{tool} install` by hand"
    )
}

fn manifest(text: &str) -> Result<String, String> {
    let mut table: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(fields) = table.as_object_mut() else { return Err("it is no object".to_owned()) };
    for name in OF_PROGRAMS {
        fields.remove(name);
    }
    if let Some(own) = fields.get_mut("pnpm").and_then(Value::as_object_mut) {
        if let Some(name) = PROGRAMS.iter().find(|name| own.contains_key(**name)) {
            return Err(refused(name, "pnpm"));
        }
        own.retain(|name, _| SETTINGS.contains(&name.as_str()));
    }
    serde_json::to_string_pretty(&table).map_err(|error| error.to_string())
}

/// Settings line by line: whatever stands below a key at the beginning of a line goes with it. What takes something from the environment is
/// left out.
pub(super) fn settings(text: &str, kept_keys: &[&str], programs: &[&str], tool: &str) -> Result<String, String> {
    let mut kept = String::new();
    let mut keeps = false;
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end();
        // A list may stand as far to the left as its key.
        if !plain.is_empty() && !plain.starts_with([' ', '#', '-']) {
            let key = plain.split_once(':').map(|(key, _)| key.trim_matches(['"', '\'']));
            let key = key.ok_or_else(|| format!("this is not as {tool}'s settings are written: {plain}"))?;
            if programs.contains(&key) {
                return Err(refused(key, tool));
            }
            keeps = kept_keys.contains(&key);
        }
        if keeps && !line.contains("${") {
            kept.push_str(line);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_settings_of_programs_do_not_get_into_the_copy_and_what_runs_one_is_refused() {
        let text = "packages:\n  - packages/*\n'nodeOptions': evil\nscriptShell: ./evil\nhooks:\n- evil\noverrides:\n  a: 1\n# end\n";
        let settings = |text: &str| settings(text, &SETTINGS, &PROGRAMS, "pnpm");
        assert_eq!(settings(text).unwrap(), "packages:\n  - packages/*\noverrides:\n  a: 1\n# end\n");
        for program in ["configDependencies:\n  x: 1\n", "\"pnpmfile\": ./x.cjs\n", "globalPnpmfile: x\n"] {
            let why = settings(program).unwrap_err();
            assert!(why.contains("brings a program"), "{program}: {why}");
        }
        assert!(settings("{ pnpmfile }\n").is_err());
        let text = r#"{"name": "a", "scripts": {"preinstall": "evil"}, "packageManager": "evil", "dependencies": {"b": "1"},
            "pnpm": {"overrides": {"b": "2"}, "executionEnv": "evil"}}"#;
        let kept = bare(Path::new("x/package.json"), text).unwrap();
        let table: Value = serde_json::from_str(&kept).unwrap();
        assert!(!kept.contains("evil") && table["dependencies"]["b"] == "1" && table["pnpm"]["overrides"]["b"] == "2");
        assert!(manifest(r#"{"pnpm": {"configDependencies": {}}}"#).unwrap_err().contains("brings a program"));
        assert_eq!(bare(Path::new("patches/x.patch"), "evil").unwrap(), "evil");
    }
}
