//! Who a process is: its program, what it was started by, and for which package or script, from `/proc`. Of the environment a few
//! names are read, of the arguments those that are files: the rest may hold secrets.

use serde::{Deserialize, Serialize};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Ancestors that are told, at most.
const MOST_ANCESTORS: usize = 12;
/// Bytes of an environment or of arguments that are read.
const MOST_BYTES: u64 = 4 << 20;
/// Bytes of a name that are told.
const LONGEST: usize = 200;

/// A process as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The program's file name.
    pub program: String,
    /// The first argument that is a file: the script, where the program is an interpreter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<PathBuf>,
    /// Programs that started it, nearest first; the sandbox itself is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<String>,
    /// The package whose build or test it belongs to, where cargo or npm says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The package's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The folder or the manifest of that package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PathBuf>,
    /// The script of npm that runs: `postinstall` for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
}

/// Looks at a process, or a thread of one. `above`: the sandbox, where its ancestors end.
pub(super) fn of(process: u32, above: u32) -> Who {
    let mut who = Who { program: program(process), script: script(process), ..Who::default() };
    let mut at = process;
    for _ in 0..64 {
        if who.package.is_none() {
            take_package(&mut who, at);
        }
        let Some(parent) = field(at, "PPid:").filter(|parent| *parent > 1 && *parent != above) else { break };
        at = parent;
        if who.ancestors.len() < MOST_ANCESTORS {
            who.ancestors.push(program(at));
        }
    }
    who
}

/// The process that a thread belongs to.
pub(super) fn process_of(thread: u32) -> Option<u32> {
    field(thread, "Tgid:")
}

fn field(process: u32, name: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)).and_then(|value| value.trim().parse().ok())
}

fn program(process: u32) -> String {
    let name = std::fs::read_link(format!("/proc/{process}/exe")).ok().and_then(|exe| {
        let name = exe.file_name()?.to_string_lossy().into_owned();
        // So the kernel shows one whose file is gone by now.
        Some(name.strip_suffix(" (deleted)").unwrap_or(&name).to_owned())
    });
    let comm = || std::fs::read_to_string(format!("/proc/{process}/comm")).map(|name| name.trim().to_owned()).ok();
    name.or_else(comm).map_or_else(|| "a program that is gone".to_owned(), |name| bounded(&name))
}

/// The first argument that names a file, as the process sees it.
fn script(process: u32) -> Option<PathBuf> {
    let folder = std::fs::read_link(format!("/proc/{process}/cwd")).ok()?;
    let exe = std::fs::read_link(format!("/proc/{process}/exe")).ok();
    let line = read(process, "cmdline")?;
    let named = |argument: &[u8]| {
        if argument.is_empty() || argument.starts_with(b"-") || argument.len() > 4096 {
            return None;
        }
        let path = folder.join(std::ffi::OsStr::from_bytes(argument));
        path.is_file().then_some(path)
    };
    // One that was started by its own path is no script of itself.
    line.split(|byte| *byte == 0).skip(1).take(16).find_map(named).filter(|path| Some(path) != exe.as_ref())
}

fn take_package(who: &mut Who, process: u32) {
    let Some(environment) = read(process, "environ") else { return };
    let value = |name: &str| {
        environment.split(|byte| *byte == 0).find_map(|entry| {
            let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(value).into_owned()).filter(|value| !value.is_empty())
        })
    };
    if let Some(package) = value("CARGO_PKG_NAME") {
        who.package = Some(bounded(&package));
        who.version = value("CARGO_PKG_VERSION").map(|version| bounded(&version));
        who.manifest = value("CARGO_MANIFEST_DIR").map(|folder| Path::new(&folder).join("Cargo.toml"));
    } else if let Some(lifecycle) = value("npm_lifecycle_event") {
        who.lifecycle = Some(bounded(&lifecycle));
        who.package = value("npm_package_name").map(|package| bounded(&package));
        who.version = value("npm_package_version").map(|version| bounded(&version));
        who.manifest = value("npm_package_json").map(PathBuf::from);
    }
}

fn read(process: u32, file: &str) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(format!("/proc/{process}/{file}")).ok()?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A name as it can be shown: short, and without what would move a terminal's cursor.
fn bounded(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect()
}
