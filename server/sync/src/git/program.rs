//! The git program as it is run for a remote: with a repository of our own, nothing of a user's or a repository's configuration
//! that would run a program or ask a person, bounded in time, memory and what it may write. What it says is a claim.

use super::words;
use crate::call::{Call, stopped};
use crate::error::{Class, RemoteError};
use host::{Bounds, Command, Ended, Permit, ProcessError, Stream};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Bytes that git may write into one file: what a remote sends is one file, whatever it says that it is.
const MOST_BYTES: u64 = 2 << 30;
/// Bytes that each process of git may map.
const MOST_MEMORY: u64 = 6 << 30;
/// Lines of what git complains of that are kept.
const MOST_COMPLAINTS: usize = 40;

/// Settings in place of the user's and the repository's. Credential helpers, proxies and keys stay the user's own. Objects are not
/// judged by their form, only by their hash: one that somebody made badly would keep all others from coming, and nothing is checked out.
const SETTINGS: [&str; 28] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "core.askPass=",
    "advice.fetchShowForcedUpdates=false",
    "credential.interactive=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
    "transfer.fsckObjects=false",
    "fetch.fsckObjects=false",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
    "fetch.parallel=1",
    "fetch.all=false",
    "fetch.followRemoteHEAD=never",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.negotiate=false",
    "push.useForceIfIncludes=false",
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=512m",
    "core.bigFileThreshold=16m",
    "pack.threads=2",
    "http.lowSpeedLimit=500",
    "http.lowSpeedTime=60",
];

/// Variables that would turn git to another repository, configuration or program.
const UNSET: [&str; 36] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CURL_VERBOSE",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_QUARANTINE_PATH",
    "GIT_REDIRECT_STDERR",
    "GIT_REDIRECT_STDIN",
    "GIT_REDIRECT_STDOUT",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
    "SSH_ASKPASS",
];

/// How a repository that lies on this machine is opened: none of its hooks and none of the programs that its configuration names
/// runs, as a stick may come from anybody.
pub(super) const LOCAL_SIDE: &str = "git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true \
    -c receive.autogc=false -c gc.auto=0 -c maintenance.auto=false -c core.pager=cat";

/// What git did.
pub(super) struct Said {
    /// It ended with 0.
    pub ok: bool,
    /// Lines of its answer.
    pub out: Vec<String>,
    /// What it complained of, the first lines of it.
    pub complaints: Vec<String>,
}

/// How git is run for one remote.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// The repository of our own.
    pub repository: PathBuf,
    /// The one way that it may speak to another repository: `file`, `ssh`, `https`, `git`.
    pub way: &'static str,
    /// Leave to use the network, where the remote needs it.
    pub permit: Option<Permit>,
    /// How the remote is named to people.
    pub place: String,
    /// How ssh is run, once that was found out.
    pub ssh: Arc<OnceLock<OsString>>,
}

/// What is given to git, and where its answer goes.
#[derive(Default)]
pub(super) struct Streams {
    pub input: Option<File>,
    pub output: Option<File>,
    /// Lines of the answer that are kept.
    pub most_lines: usize,
}

impl Streams {
    pub fn lines(most_lines: usize) -> Streams {
        Streams { most_lines, ..Streams::default() }
    }
}

impl Program {
    /// Asks git about its repository of ours, and nothing else.
    pub fn here(&self, arguments: &[&str], streams: Streams, call: &Call) -> Result<Said, RemoteError> {
        self.run(arguments, streams, "none", call)
    }

    /// Has git speak to the remote.
    pub fn there(&self, arguments: &[&str], most_lines: usize, call: &Call) -> Result<Said, RemoteError> {
        self.run(arguments, Streams::lines(most_lines), self.way, call)
    }

    fn run(&self, arguments: &[&str], streams: Streams, way: &str, call: &Call) -> Result<Said, RemoteError> {
        call.goes_on()?;
        let folder = if self.repository.is_dir() { self.repository.as_path() } else { parent(&self.repository) };
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        let mut command = Command::new("git", folder)
            .args(["--no-pager", "--no-replace-objects"])
            .args([OsString::from("--git-dir"), self.repository.clone().into_os_string()])
            .args(settings)
            .args(arguments)
            .unset(UNSET)
            .env("GIT_ALLOW_PROTOCOL", way)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GCM_INTERACTIVE", "never")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_FLUSH", "1")
            .env("LC_ALL", "C")
            .env("LANGUAGE", "C")
            .bounds(Bounds { file: Some(MOST_BYTES), memory: Some(MOST_MEMORY) })
            .limit(call.until.saturating_duration_since(Instant::now()));
        if way == "ssh" {
            command = command.env("GIT_SSH_COMMAND", self.ssh(call)?);
        }
        if let Some(permit) = self.permit.as_ref().filter(|_| way != "none" && way != "file") {
            command = command.with_network(permit.clone());
        }
        if let Some(input) = streams.input {
            command = command.reads(input);
        }
        if let Some(output) = streams.output {
            command = command.says_into(output);
        }
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        let ended = command.run(&call.cancel, &mut |stream, line| match stream {
            Stream::Out if out.len() < streams.most_lines => out.push(line.to_owned()),
            Stream::Err if complaints.len() < MOST_COMPLAINTS => complaints.push(line.to_owned()),
            Stream::Out | Stream::Err => {}
        });
        let of_all = |message: String, hint: &str| Err(RemoteError::of_all(Class::Retry, message, hint));
        let ended = match ended {
            Ok(ended) => ended.ended,
            Err(e @ ProcessError::NotFound { .. }) => {
                let message = e.to_string().lines().next().unwrap_or_default().to_owned();
                return of_all(message, "install git: a git remote is reached with it");
            }
            Err(e) => return of_all(e.to_string(), "try again"),
        };
        match ended {
            Ended::Cancelled => Err(stopped()),
            Ended::TimedOut => {
                of_all(format!("{} did not answer in time", self.place), "look whether it is reached, and try again")
            }
            Ended::ForcedOffline => of_all(
                format!("offline was forced while {} was asked", self.place),
                "`holdover offline auto`, then try again; nothing was lost",
            ),
            Ended::Exited(code) => Ok(Said { ok: code == 0, out, complaints }),
            Ended::Signalled(signal) => {
                complaints.push(format!("git was ended by signal {signal}"));
                Ok(Said { ok: false, out, complaints })
            }
        }
    }

    fn ssh(&self, call: &Call) -> Result<&OsString, RemoteError> {
        if self.ssh.get().is_none() {
            let own = self.here(&["config", "--get", "core.sshCommand"], Streams::lines(1), call)?;
            let _ = self.ssh.set(ssh(own.out.first().map(String::as_str)));
        }
        Ok(self.ssh.get_or_init(|| ssh(None)))
    }

    /// What git complained of, as an error of this remote.
    pub fn failed(&self, said: &Said) -> RemoteError {
        words::of_complaints(&self.place, self.way, &said.complaints)
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| parent.is_dir()).unwrap_or(Path::new("/"))
}

/// How ssh is run: as the user has it, without ever asking a person.
fn ssh(own_setting: Option<&str>) -> OsString {
    let base = match std::env::var("GIT_SSH_COMMAND") {
        Ok(command) if !command.trim().is_empty() => command,
        _ => own_setting.map(str::trim).filter(|own| !own.is_empty()).unwrap_or("ssh").to_owned(),
    };
    // Another program may not know these.
    let program = base.split_whitespace().next().and_then(|first| first.rsplit('/').next()).unwrap_or_default();
    if program == "ssh" {
        format!("{base} -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15 -oServerAliveCountMax=4").into()
    } else {
        base.into()
    }
}
