//! Runs a lockfile's tool over a copy of the manifests: to repair a lockfile, and to say whether it is locked. Without the network, for a minute
//! at most. What they say is read for the package that is missing, and otherwise handed on.

use super::stage::Stage;
use super::{Unmerged, run};
use conflict::{LARGEST_LOCKFILE, Lockfile};
use contract::FetchSettings;
use host::{Cancel, Command, Ended, Output};
use std::time::Duration;

/// Longest that a tool may take. Of a workspace with a thousand packages cargo takes a second, npm five.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes of a tool's last words in a message.
const LAST_WORDS: usize = 1500;

/// What repairs a lockfile: of a package that it holds no version is changed without need.
fn repair(kind: Lockfile) -> &'static [&'static str] {
    match kind {
        Lockfile::Cargo => &["update", "--workspace", "--offline", "--color", "never"],
        Lockfile::Npm => &[
            "install",
            "--package-lock-only",
            "--offline",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ],
        Lockfile::Pnpm => &[
            "install",
            "--lockfile-only",
            "--offline",
            "--ignore-scripts",
            "--ignore-pnpmfile",
            "--no-frozen-lockfile",
        ],
        Lockfile::Uv => &["lock", "--offline", "--project", ".", "--color", "never", "--no-progress"],
        // It fetches and links nothing, and what a lockfile holds stays.
        Lockfile::Yarn => &["install", "--mode=update-lockfile"],
        Lockfile::GoSum => &[],
    }
}

/// What says that it is locked, and writes nothing.
fn verify(kind: Lockfile) -> &'static [&'static str] {
    match kind {
        Lockfile::Cargo => &["update", "--workspace", "--offline", "--locked", "--color", "never"],
        Lockfile::Npm => {
            &["ci", "--dry-run", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        }
        Lockfile::Pnpm => {
            &["install", "--lockfile-only", "--frozen-lockfile", "--offline", "--ignore-scripts", "--ignore-pnpmfile"]
        }
        Lockfile::Uv => &["lock", "--offline", "--locked", "--project", ".", "--color", "never", "--no-progress"],
        // `--immutable` asks for the archives too. What is locked it writes in the same way again.
        Lockfile::Yarn => repair(kind),
        Lockfile::GoSum => &[],
    }
}

fn said_as(kind: Lockfile, arguments: &[&str]) -> String {
    let quiet =
        ["--color", "never", "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--project", "."];
    let shown: Vec<&str> = arguments.iter().copied().filter(|argument| !quiet.contains(argument)).collect();
    format!("{} {}", kind.tool(), shown.join(" "))
}

/// The command that repairs, as people would type it; nothing where none is run.
pub(super) fn words(kind: Lockfile) -> String {
    if kind.needs_no_tool() {
        return String::new();
    }
    said_as(kind, repair(kind))
}

/// The lockfile of the copy, repaired by its tool, and what the tool itself takes for locked.
pub(super) fn repaired(
    kind: Lockfile,
    stage: &Stage,
    settings: &FetchSettings,
    cancel: &Cancel,
) -> Result<String, Unmerged> {
    if kind == Lockfile::Yarn {
        is_yarn_4(stage, settings, cancel)?;
    }
    let output = started(kind, repair(kind), stage, settings, cancel)?;
    if !output.ok() {
        return Err(failed(kind, repair(kind), &output, settings));
    }
    if let Some(above) = stage.above() {
        return Err(Unmerged::Unused { tool: kind.tool(), above });
    }
    let unread = |why: String| Unmerged::Unread { file: stage.lockfile.clone(), why };
    let read = || host::read_small(&stage.lockfile, LARGEST_LOCKFILE as u64).map_err(|why| unread(why.to_string()));
    let made = read()?;
    let output = started(kind, verify(kind), stage, settings, cancel)?;
    match output.ended {
        Ended::Exited(0) if read()? == made => {}
        Ended::Exited(_) => {
            let (command, said) = (said_as(kind, verify(kind)), last(&output.tail));
            return Err(Unmerged::NotLocked { tool: kind.tool(), command, said });
        }
        _ => return Err(failed(kind, verify(kind), &output, settings)),
    }
    String::from_utf8(made).map_err(|_| unread("it is not UTF-8".to_owned()))
}

/// Yarn 1 takes the lockfile of a newer one for broken, and begins to install.
fn is_yarn_4(stage: &Stage, settings: &FetchSettings, cancel: &Cancel) -> Result<(), Unmerged> {
    let output = started(Lockfile::Yarn, &["--version"], stage, settings, cancel)?;
    let found = output.tail.trim();
    if !output.ok() {
        return Err(failed(Lockfile::Yarn, &["--version"], &output, settings));
    }
    match found.split_once('.') {
        Some(("4", _)) => Ok(()),
        _ => Err(Unmerged::Version { tool: "yarn", found: last(found), wanted: "4" }),
    }
}

fn limit(settings: &FetchSettings) -> Duration {
    settings.timeout_seconds.map_or(PATIENCE, |seconds| Duration::from_secs(seconds).min(PATIENCE))
}

fn started(
    kind: Lockfile,
    arguments: &[&str],
    stage: &Stage,
    settings: &FetchSettings,
    cancel: &Cancel,
) -> Result<Output, Unmerged> {
    let configured = match kind {
        Lockfile::Cargo => settings.cargo.clone(),
        Lockfile::Npm => settings.npm.clone(),
        Lockfile::Pnpm => settings.pnpm.clone(),
        Lockfile::Uv => settings.uv.clone(),
        Lockfile::Yarn => settings.yarn.clone(),
        Lockfile::GoSum => None,
    };
    let program = configured.map_or_else(|| kind.tool().into(), std::path::PathBuf::into_os_string);
    let command = Command::new(program, &stage.folder)
        .args(arguments)
        .args(stage.more)
        .env("UV_NO_BUILD", "1")
        .env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_KEYRING_PROVIDER", "disabled")
        // pnpm 12 asks registries about each package of a lockfile that it has not seen. It does so again at the next install.
        .env("pnpm_config_trust_lockfile", "true")
        .env("npm_config_ignore_scripts", "true")
        .env("YARN_ENABLE_NETWORK", "0")
        .env("YARN_ENABLE_SCRIPTS", "0")
        .env("YARN_ENABLE_TELEMETRY", "0")
        // These two are on where CI is set, and for pull requests: nothing may be written, and registries are asked.
        .env("YARN_ENABLE_IMMUTABLE_INSTALLS", "0")
        .env("YARN_ENABLE_HARDENED_MODE", "0")
        .env("YARN_ENABLE_PROGRESS_BARS", "0")
        .env("YARN_ENABLE_COLORS", "0")
        .env("COREPACK_ENABLE_NETWORK", "0")
        .env("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0")
        // Sources in git are those that are here.
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_TERMINAL_PROMPT", "0")
        .limit(run::limit(settings))
        .without_network();
    Ok(command.run(cancel, &mut |_, _| {})?)
}

fn failed(kind: Lockfile, arguments: &[&str], output: &Output, settings: &FetchSettings) -> Unmerged {
    let how = match output.ended {
        Ended::Cancelled => return Unmerged::Cancelled,
        Ended::Exited(code) => {
            if let Some(name) = missing(kind, &output.tail) {
                return Unmerged::Missing { name };
            }
            format!("ended with exit code {code}")
        }
        Ended::Signalled(signal) => format!("was ended by signal {signal}"),
        Ended::TimedOut => format!("ran past its limit of {} s", run::limit(settings).as_secs()),
        Ended::ForcedOffline => "was stopped: offline was forced meanwhile".to_owned(),
    };
    Unmerged::Tool { command: said_as(kind, arguments), how, said: last(&output.tail) }
}

fn last(tail: &str) -> String {
    let start = tail.len().saturating_sub(LAST_WORDS);
    let start = (start..=tail.len()).find(|&at| tail.is_char_boundary(at)).unwrap_or(0);
    tail[start..].trim().to_owned()
}

/// The package that a tool has looked for in vain, where it says so.
fn missing(kind: Lockfile, tail: &str) -> Option<String> {
    let between = |before: &str, after: &str| {
        let (_, rest) = tail.split_once(before)?;
        let (name, _) = rest.split_once(after)?;
        Some(name.trim().to_owned())
    };
    let name = match kind {
        // What names a version first.
        Lockfile::Cargo => between("failed to download `", "`")
            .or_else(|| between("no matching package named `", "` found"))
            .or_else(|| between("failed to select a version for the requirement `", "`"))
            .or_else(|| between("failed to get `", "` as a dependency"))
            .filter(|_| tail.contains("offline"))?,
        Lockfile::Npm => {
            let address = between("request to ", " failed: cache mode is 'only-if-cached'")?;
            let path = address
                .split_once("://")
                .and_then(|(_, rest)| rest.split_once('/'))
                .map_or(&*address, |(_, path)| path);
            // An archive's address holds the name before `/-/`.
            path.split("/-/").next().unwrap_or(path).replace("%2f", "/").replace("%2F", "/")
        }
        Lockfile::Pnpm => {
            // The newer ones draw a frame, and break lines where it ends: behind a hyphen too.
            let lines = tail.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || "│├╰─▶".contains(c)));
            let joined = lines.fold(String::new(), |all, line| {
                let apart = if all.is_empty() || all.ends_with('-') { "" } else { " " };
                all + apart + line
            });
            let rest = joined.rsplit_once("Failed to resolve ").or_else(|| joined.rsplit_once("version found for "))?.1;
            rest.split(" in package mirror").next().and_then(|rest| rest.split_whitespace().next())?.to_owned()
        }
        Lockfile::Uv => between("Because ", " was not found in the cache")
            .or_else(|| between("because ", " was not found in the cache"))
            .filter(|name| !name.contains(char::is_whitespace))
            .or_else(|| between("(", ")").filter(|_| tail.contains("Network connectivity is disabled")))?,
        Lockfile::Yarn => between("YN0080: │ ", ": Request to")
            .or_else(|| between("YN0082: │ ", ": No candidates"))
            .filter(|name| !name.contains(char::is_whitespace))?
            .replace("@npm:", "@"),
        Lockfile::GoSum => return None,
    };
    let plain = |c: char| c.is_alphanumeric() || "@/._-^=~<>*, \"+".contains(c);
    (!name.is_empty() && name.len() <= 200 && name.chars().all(plain)).then_some(name)
}
