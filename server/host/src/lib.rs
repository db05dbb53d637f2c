//! This machine: paths, settings, trust, child processes, and the one gate to the network.
//!
//! Everything that leaves the process, a file in the data folder aside, goes through here. It knows no feature,
//! no editor and no terminal.

mod ask;
mod bounds;
mod cancel;
mod denied;
mod editor;
mod group;
mod kernel;
mod keyring;
mod leave;
mod leaves;
mod lines;
mod memory;
mod moment;
mod network;
mod paths;
mod process;
mod read;
mod routes;
mod sandbox;
mod settings;
mod shared;
mod ssh_agent;
mod talk;
mod trust;
#[cfg(target_os = "linux")]
mod watches;

pub use ask::{ASK_LIMIT, ASK_PROGRAM, AskError, MOST_QUESTIONS, ask};
pub use bounds::Bounds;
pub use cancel::Cancel;
pub use denied::Denied;
pub use editor::{EditError, edited};
pub use group::Group;
pub use kernel::give_back_code;
pub use keyring::{KEYRING_MOST_BYTES, KEYRING_PROGRAM, KeyringError, PlatformKeyring, secret_from_hex};
pub use leave::leave;
pub use memory::limit_memory;
pub use moment::{ago, at_second, moment};
pub use network::{Gate, OfflineMode, Permit, Refused, WayOut};
pub use paths::{
    Folders, FoldersError, free_bytes, make_private_folder, write_new_private, write_private, write_public,
};
pub use process::{Command, Ended, Output, ProcessError, Said, Stream, find_program};
pub use read::{open_regular, read_small};
pub use routes::RouteWatch;
pub use sandbox::{
    CutOff, CutOffEnd, Reached, SANDBOX_ARGUMENT, Seen, Spoken, Strength, Way, Who, run_cut_off, sandbox_asked,
};
pub use settings::{Layers, Loaded, Problem, Source, WORKSPACE_FILE};
pub use shared::{SharedProgram, SharedTalk};
pub use ssh_agent::{AgentError, SshAgentSocket};
pub use talk::{Talk, TalkError, read_frame, write_frame};
pub use trust::{Trust, TrustError, TrustList};

/// The wall clock as RFC 3339 in UTC, to the millisecond. For display only: nothing is ordered by it.
#[must_use]
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// An RFC 3339 time as the clock on the wall here shows it, `2026-05-04 13:05:09`; what is no time is given back as it is.
#[must_use]
pub fn local_time(rfc3339: &str) -> String {
    let Ok(at) = rfc3339.parse::<jiff::Timestamp>() else { return rfc3339.to_owned() };
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `blake3:` and the hash of `bytes` in hexadecimal.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}

/// The workspace that `path` belongs to: the nearest folder, itself first, that holds `holdover.toml`, a lockfile
/// that Holdover reads, or `.git`; `path` itself where there is none.
#[must_use]
pub fn workspace_of(path: &std::path::Path) -> std::path::PathBuf {
    const MARKS: [&str; 8] = [
        WORKSPACE_FILE,
        "Cargo.lock",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "uv.lock",
        "go.work",
        "go.sum",
        ".git",
    ];
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = if path.is_file() { path.parent().unwrap_or(&path) } else { &path };
    folder
        .ancestors()
        .find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()))
        .unwrap_or(folder)
        .to_path_buf()
}
