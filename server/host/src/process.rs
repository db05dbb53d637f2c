//! Child processes: in a group of their own, with a time limit, output that is bounded, and a kill that reaches the whole
//! group. A tool reaches the network only with a [`Permit`]; without one it is told to stay offline.

use crate::bounds::Bounds;
use crate::group::{GRACE, Group, Running};
use crate::lines::{Tail, read_lines};
use crate::{Cancel, Permit, denied};
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Silence after a tool's end for which its pipes are listened to.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The longest that its pipes are listened to after its end, whoever speaks.
const AFTER_EXIT: Duration = Duration::from_secs(5);
/// Most lines that wait to be handed on.
const LINES_WAITING: usize = 256;

/// Which of a tool's two streams a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It ran past its time limit and was killed.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// It had leave to use the network, and offline was forced while it ran.
    ForcedOffline,
}

/// What is left of a tool.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// The last lines of both streams, in the order in which they arrived, at most 64 KiB.
    pub tail: String,
}

impl Output {
    /// Whether it ended by itself with exit code 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.ended == Ended::Exited(0)
    }
}

/// A tool could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is in no folder of PATH.
    #[error("{program} is not on this machine: no folder of PATH has it\nhint: install it, or name it in the settings")]
    NotFound {
        /// Its name.
        program: String,
    },
    /// The system refused.
    #[error("{program} could not be started: {source}")]
    Spawn {
        /// Its path.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A tool to be run.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    folder: PathBuf,
    environment: Vec<(OsString, OsString)>,
    unset: Vec<OsString>,
    input: Option<File>,
    output: Option<File>,
    bounds: Bounds,
    limit: Duration,
    permit: Option<Permit>,
    denied: bool,
    told: bool,
}

impl Command {
    /// `program` is a path, or a name to be looked up in PATH. It runs in `folder` for at most 10 minutes, offline.
    pub fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            folder: folder.to_path_buf(),
            environment: Vec::new(),
            unset: Vec::new(),
            input: None,
            output: None,
            bounds: Bounds::default(),
            limit: Duration::from_mins(10),
            permit: None,
            denied: false,
            told: true,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Keeps variables of this process's environment from it.
    #[must_use]
    pub fn unset<K: AsRef<OsStr>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.unset.extend(keys.into_iter().map(|key| key.as_ref().to_owned()));
        self
    }

    /// What it reads: a file, from where that stands. Without it there is nothing to read.
    #[must_use]
    pub fn reads(mut self, file: File) -> Self {
        self.input = Some(file);
        self
    }

    /// What it says goes into a file as it is, and is not handed on as lines; what it complains of is.
    #[must_use]
    pub fn says_into(mut self, file: File) -> Self {
        self.output = Some(file);
        self
    }

    /// How much it may take, it and each program that it starts, where the system can see to that.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Sets the time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Lets it use the network as long as the permit holds.
    #[must_use]
    pub fn with_network(mut self, permit: Permit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Keeps the network from it by the system too, where [`crate::Denied::here`] says that it can.
    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.permit = None;
        self.denied = true;
        self
    }

    /// Does not tell it to stay offline: the system keeps the network from it, and what it reaches for is to be seen.
    pub(crate) fn untold(mut self) -> Self {
        self.told = false;
        self
    }

    /// Runs it to its end, handing on its lines as they come. Bytes that are not UTF-8 are replaced.
    pub fn run(self, cancel: &Cancel, on_line: &mut dyn FnMut(Stream, &str)) -> Result<Output, ProcessError> {
        self.run_told(cancel, &mut |_| {}, on_line)
    }

    /// Like [`Command::run`]; `on_start` is told of the group as soon as there is one, so that it can be ended even by
    /// somebody who comes after this process. What leaves the group, with `setsid` for example, is out of reach.
    pub fn run_told(
        self,
        cancel: &Cancel,
        on_start: &mut dyn FnMut(&Group),
        on_line: &mut dyn FnMut(Stream, &str),
    ) -> Result<Output, ProcessError> {
        self.run_watched(cancel, on_start, &mut |said| {
            if let Some((stream, line)) = said {
                on_line(stream, line);
            }
        })
    }

    /// Like [`Command::run_told`]; `on_line` is also called with `None`, five times a second, whether the tool says something or not: to look
    /// at what it has made so far.
    pub fn run_watched(
        self,
        cancel: &Cancel,
        on_start: &mut dyn FnMut(&Group),
        on_line: &mut dyn FnMut(Option<Said<'_>>),
    ) -> Result<Output, ProcessError> {
        let shown = self.program.to_string_lossy().into_owned();
        let program = find_program(&self.program).ok_or(ProcessError::NotFound { program: shown.clone() })?;
        let mut command = match denied::wrapper().filter(|_| self.denied) {
            Some((wrapper, arguments)) => {
                let mut command = std::process::Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
            None => std::process::Command::new(program),
        };
        command.args(&self.args).current_dir(&self.folder);
        command.stdin(self.input.map_or_else(Stdio::null, Stdio::from));
        command.stdout(self.output.map_or_else(Stdio::piped, Stdio::from)).stderr(Stdio::piped());
        for key in &self.unset {
            command.env_remove(key);
        }
        if self.permit.is_none() && self.told {
            command.envs(STAY_OFFLINE);
        }
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|source| ProcessError::Spawn { program: shown.clone(), source })?;
        self.bounds.set(child.id());
        let group = Group::of(child.id());
        let _running = Running::note(group);

        // A tool that says more than is listened to waits in its pipe.
        let (sender, lines) = bounded(LINES_WAITING);
        for (stream, pipe) in [
            (Stream::Out, child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>)),
            (Stream::Err, child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>)),
        ] {
            let (Some(pipe), sender) = (pipe, sender.clone()) else { continue };
            std::thread::spawn(move || read_lines(pipe, |line| sender.send((stream, line)).is_ok()));
        }
        drop(sender);
        on_start(&group);

        let started = Instant::now();
        let mut tail = Tail::default();
        let mut stopped: Option<(Ended, Instant)> = None;
        let mut exit = None;
        let (mut exited_at, mut heard_at, mut looked_at) = (None, started, started);
        loop {
            if looked_at.elapsed() > BETWEEN_LOOKS {
                looked_at = Instant::now();
                on_line(None);
            }
            let streams_over = match lines.recv_timeout(Duration::from_millis(20)) {
                Ok((stream, line)) => {
                    tail.push(&line);
                    on_line(Some((stream, &line)));
                    heard_at = Instant::now();
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(Duration::from_millis(2));
                    true
                }
            };
            if exit.is_none() {
                exit = child.try_wait().ok().flatten();
            }
            if exit.is_some() {
                // A grandchild may hold the pipes open for ever: after its parent it has half a second to say something.
                // What the tool itself said may still wait in its pipe, and be listened to slowly.
                let since = *exited_at.get_or_insert_with(Instant::now);
                if streams_over || since.max(heard_at).elapsed() > LAST_WORDS || since.elapsed() > AFTER_EXIT {
                    break;
                }
                continue;
            }
            match stopped {
                None => {
                    let why = if cancel.is_cancelled() {
                        Some(Ended::Cancelled)
                    } else if started.elapsed() > self.limit {
                        Some(Ended::TimedOut)
                    } else if self.permit.as_ref().is_some_and(|p| !p.holds()) {
                        Some(Ended::ForcedOffline)
                    } else {
                        None
                    };
                    if let Some(why) = why {
                        group.signal(&mut child, false);
                        stopped = Some((why, Instant::now()));
                    }
                }
                Some((_, since)) if since.elapsed() > GRACE => group.signal(&mut child, true),
                Some(_) => {}
            }
        }
        // Whatever the tool left behind in its group goes with it.
        group.signal(&mut child, true);
        let ended = match (stopped, exit.and_then(|status| status.code())) {
            (Some((why, _)), _) => why,
            (None, Some(code)) => Ended::Exited(code),
            (None, None) => Ended::Signalled(exit.map_or(0, signal_of)),
        };
        Ok(Output { ended, tail: tail.text() })
    }
}

/// One line of a tool's, and where it was said.
pub type Said<'a> = (Stream, &'a str);

/// Between two looks at what a tool has made.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What each ecosystem's tool reads as "stay offline".
const STAY_OFFLINE: [(&str, &str); 9] = [
    ("HOLDOVER_OFFLINE", "1"),
    ("CARGO_NET_OFFLINE", "true"),
    ("RUSTUP_AUTO_INSTALL", "0"),
    ("npm_config_offline", "true"),
    ("YARN_ENABLE_NETWORK", "0"),
    ("PIP_NO_INDEX", "1"),
    ("UV_OFFLINE", "1"),
    ("GOPROXY", "off"),
    ("GOTOOLCHAIN", "local"),
];

/// The program's path: itself where it names a folder, else the first match in PATH. Relative entries of PATH are
/// passed over, so that no workspace can stand in for a tool.
#[must_use]
pub fn find_program(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let name = Path::new(name.as_ref());
    if name.components().count() > 1 {
        return is_executable(name).then(|| name.to_path_buf());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|p| is_executable(p))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file() || path.with_extension("exe").is_file()
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)
}

#[cfg(not(unix))]
fn signal_of(_status: std::process::ExitStatus) -> i32 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::lines::{LINE_LIMIT, TAIL_LIMIT};

    fn sh(script: &str) -> Command {
        Command::new("sh", Path::new("/")).args(["-c", script])
    }

    fn alive(pid: i32) -> bool {
        // A zombie still has a /proc entry; its state says so.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "))
    }

    #[test]
    fn lines_of_both_streams_arrive_and_the_code_is_kept() {
        let mut seen = Vec::new();
        let output = sh("echo one; echo two >&2; printf 'no end'; exit 3")
            .run(&Cancel::new(), &mut |stream, line| seen.push((stream, line.to_owned())))
            .unwrap();
        assert_eq!(output.ended, Ended::Exited(3));
        assert!(seen.contains(&(Stream::Out, "one".into())));
        assert!(seen.contains(&(Stream::Err, "two".into())));
        assert!(seen.contains(&(Stream::Out, "no end".into())));
        assert!(output.tail.contains("two"));
    }

    #[test]
    fn a_tool_past_its_limit_dies_with_its_grandchildren_even_if_it_ignores_sigterm() {
        let mut pids = Vec::new();
        let started = Instant::now();
        let output = sh("trap '' TERM; sleep 1000 & echo $!; echo $$; while :; do sleep 1; done")
            .limit(Duration::from_millis(300))
            .run(&Cancel::new(), &mut |_, line| pids.extend(line.parse::<i32>()))
            .unwrap();
        assert_eq!(output.ended, Ended::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(pids.len(), 2);
        std::thread::sleep(Duration::from_millis(100));
        assert!(!pids.iter().any(|&pid| alive(pid)), "left behind: {pids:?}");
    }

    #[test]
    fn what_leaves_the_group_is_not_reached_and_does_not_hold_up_the_end() {
        let mut pids = Vec::new();
        let cancel = Cancel::new();
        let output = sh("setsid sh -c 'echo $$; exec sleep 600' & while :; do sleep 1; done")
            .run(&cancel, &mut |_, line| {
                pids.extend(line.parse::<i32>());
                cancel.cancel();
            })
            .unwrap();
        assert_eq!(output.ended, Ended::Cancelled);
        let [deserter] = pids[..] else { panic!("{pids:?}") };
        assert!(alive(deserter), "a session of its own is not the tool's group");
        let pid = rustix::process::Pid::from_raw(deserter).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[test]
    fn a_tool_that_says_more_than_is_listened_to_waits() {
        let (said, mut heard) = (1_000_000_u32, 0);
        let output = sh(&format!("yes | head -n {said}; echo last >&2"))
            .run(&Cancel::new(), &mut |_, line| {
                heard += u32::from(line == "y");
                if heard == 1 {
                    std::thread::sleep(Duration::from_millis(200));
                }
            })
            .unwrap();
        assert_eq!((output.ended, heard), (Ended::Exited(0), said), "nothing is dropped");
    }

    #[test]
    fn what_a_tool_said_before_it_ended_is_heard_however_slowly_it_is_listened_to() {
        let mut heard = 0;
        let output = sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo y; done")
            .run(&Cancel::new(), &mut |_, _| {
                heard += 1;
                std::thread::sleep(Duration::from_millis(100));
            })
            .unwrap();
        assert_eq!((output.ended, heard), (Ended::Exited(0), 12));
    }

    #[test]
    fn a_grandchild_that_goes_on_speaking_holds_nobody_up() {
        let output = sh("(while :; do echo y; sleep 0.05; done) & exit 0").limit(Duration::from_mins(1));
        let started = Instant::now();
        assert_eq!(output.run(&Cancel::new(), &mut |_, _| {}).unwrap().ended, Ended::Exited(0));
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    }

    #[test]
    fn cancelling_ends_it_within_a_moment() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            other.cancel();
        });
        let started = Instant::now();
        let output = sh("sleep 100").run(&cancel, &mut |_, _| {}).unwrap();
        assert_eq!(output.ended, Ended::Cancelled);
        assert!(started.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn a_flood_and_broken_utf8_stay_bounded() {
        let output = sh("printf '\\377\\376'; head -c 300000 /dev/zero | tr '\\0' 'x'; echo; yes | head -n 200000")
            .run(&Cancel::new(), &mut |_, line| assert!(line.len() <= 3 * LINE_LIMIT))
            .unwrap();
        assert!(output.ok());
        assert!(output.tail.len() <= TAIL_LIMIT);
    }

    #[test]
    fn without_a_permit_a_tool_is_told_to_stay_offline() {
        let mut seen = String::new();
        sh("echo $CARGO_NET_OFFLINE $npm_config_offline").run(&Cancel::new(), &mut |_, l| seen.push_str(l)).unwrap();
        assert_eq!(seen, "true true");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_tool_that_is_kept_from_the_network_reaches_no_service_of_this_machine_and_is_ended_as_others_are() {
        assert_eq!(crate::Denied::here(), crate::Denied::Namespace, "this machine gives no network namespace");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connect = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>/dev/null && echo reached || echo alone");
        let said = |command: Command| {
            let mut said = String::new();
            command.run(&Cancel::new(), &mut |_, line| said.push_str(line)).unwrap();
            said
        };
        // Where this process has no network either, not even the loopback, there is nothing to keep from anybody.
        let is_there = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        assert_eq!(said(sh(&connect)), if is_there { "reached" } else { "alone" });
        assert_eq!(said(sh(&connect).without_network()), "alone");
        let output = sh("sleep 1000 & sleep 1000")
            .without_network()
            .limit(Duration::from_millis(300))
            .run(&Cancel::new(), &mut |_, _| {})
            .unwrap();
        assert_eq!(output.ended, Ended::TimedOut);
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        let error =
            Command::new("no-such-tool-at-all", Path::new("/")).run(&Cancel::new(), &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("no-such-tool-at-all"));
    }
}
