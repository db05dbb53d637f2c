//! Which commands a proof run runs: those that are configured, else those by which each lockfile's own tool builds and tests.
//! Runs nothing.

use contract::Settings;
use inventory::Survey;
use std::path::{Path, PathBuf};

/// One command, and where it runs, relative to the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub command: Vec<String>,
    pub folder: PathBuf,
}

/// What builds and tests by a lockfile, without a network: what the tool's own words for that are.
const BY_LOCKFILE: [(&str, &[&[&str]]); 7] = [
    ("cargo", &[&["cargo", "build", "--locked", "--offline"], &["cargo", "test", "--locked", "--offline"]]),
    (
        "npm",
        &[
            &["npm", "ci", "--offline", "--no-audit", "--no-fund"],
            &["npm", "run", "build", "--if-present"],
            &["npm", "run", "test", "--if-present"],
        ],
    ),
    ("uv", &[&["uv", "sync", "--locked", "--offline"]]),
    (
        "pnpm",
        &[
            &["pnpm", "install", "--offline", "--frozen-lockfile"],
            &["pnpm", "run", "--if-present", "build"],
            &["pnpm", "run", "--if-present", "test"],
        ],
    ),
    ("yarn", &[&["yarn", "install", "--frozen-lockfile"]]),
    ("go", &[&["go", "build", "./..."], &["go", "test", "./..."]]),
    ("poetry", &[&["poetry", "install"]]),
];

/// What installs by the lockfile of Python's standard, which uv's own command does not look at.
const STANDARD: (&str, &[&[&str]]) = (
    "pylock.toml",
    &[&["uv", "venv", "--offline", "--allow-existing"], &["uv", "pip", "sync", "--offline", "pylock.toml"]],
);

/// The commands, in order.
pub(super) fn commands(settings: &Settings, survey: &Survey) -> Vec<Planned> {
    let at_root = |command: &Vec<String>| Planned { command: command.clone(), folder: PathBuf::new() };
    if let Some(configured) = &settings.prove.commands {
        return configured.iter().filter(|command| !command.is_empty()).map(at_root).collect();
    }
    let checks = [&settings.checks.build, &settings.checks.test];
    let configured: Vec<Planned> =
        checks.into_iter().flatten().filter(|command| !command.is_empty()).map(at_root).collect();
    if !configured.is_empty() {
        return configured;
    }
    let lockfiles = survey.readiness.ecosystems.iter().map(|one| (one.name.as_str(), one.lockfile.as_path()));
    by_lockfiles(settings, lockfiles)
}

fn by_lockfiles<'a>(settings: &Settings, lockfiles: impl Iterator<Item = (&'a str, &'a Path)>) -> Vec<Planned> {
    let program = |name: &str| {
        let set = match name {
            "cargo" => &settings.fetch.cargo,
            "go" => &settings.fetch.go,
            "npm" => &settings.fetch.npm,
            "pnpm" => &settings.fetch.pnpm,
            "uv" => &settings.fetch.uv,
            "yarn" => &settings.fetch.yarn,
            _ => &None,
        };
        set.as_ref().and_then(|path| path.to_str()).unwrap_or(name).to_owned()
    };
    let mut planned = Vec::new();
    for (ecosystem, lockfile) in lockfiles {
        let folder = lockfile.parent().unwrap_or(Path::new("")).to_path_buf();
        let of = match BY_LOCKFILE.iter().find(|(name, _)| *name == ecosystem) {
            Some(_) if lockfile.ends_with(STANDARD.0) => STANDARD.1,
            Some((_, commands)) => commands,
            None => &[],
        };
        for command in of {
            let mut words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            words[0] = program(&words[0]);
            planned.push(Planned { command: words, folder: folder.clone() });
        }
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lockfile_is_built_and_tested_in_its_own_folder_by_the_tool_that_is_set() {
        let mut settings = Settings::default();
        settings.fetch.npm = Some("/opt/npm".into());
        let lockfiles = [
            ("cargo", "Cargo.lock"),
            ("npm", "web/package-lock.json"),
            ("x", "x"),
            ("uv", "a/pylock.toml"),
            ("uv", "uv.lock"),
        ]
        .map(|(name, lockfile)| (name, Path::new(lockfile)));
        let said: Vec<String> = by_lockfiles(&settings, lockfiles.into_iter())
            .into_iter()
            .map(|planned| format!("{}: {}", planned.folder.display(), planned.command.join(" ")))
            .collect();
        let expected = [
            ": cargo build --locked --offline",
            ": cargo test --locked --offline",
            "web: /opt/npm ci --offline --no-audit --no-fund",
            "web: /opt/npm run build --if-present",
            "web: /opt/npm run test --if-present",
            "a: uv venv --offline --allow-existing",
            "a: uv pip sync --offline pylock.toml",
            ": uv sync --locked --offline",
        ];
        assert_eq!(said, expected);
    }
}
