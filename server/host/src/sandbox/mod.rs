//! Commands that are run with the network kept from them by the system, and told of when they reach for it all the same: who, for whom,
//! and after which line of the output. What that means for a build is for others.

#[cfg(target_os = "linux")]
mod address;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod names;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod resolver;
#[cfg(target_os = "linux")]
mod shared;
#[cfg(target_os = "linux")]
mod sockets;
mod told;
mod who;

pub use told::{Reached, Strength, Way};
pub use who::Who;

use crate::{Cancel, Command, Ended, Group, ProcessError, Stream};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use told::Told;

/// The first argument of the program that is the sandbox: `holdover` started by itself.
pub const SANDBOX_ARGUMENT: &str = "run-cut-off";
/// What a sandbox shall not ask of the system, `namespace` or `watch` or both: so that tests see what machines do that refuse it.
const REFUSED: &str = "HOLDOVER_SANDBOX_WITHOUT";

/// What is to be run.
#[derive(Debug, Clone)]
pub struct CutOff<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// The workspace.
    pub root: &'a Path,
    /// A copy of it that stands in its place for what runs, where the system can do that; else it runs in the copy.
    pub copy: Option<&'a Path>,
    /// Where it runs, relative to the workspace.
    pub folder: &'a Path,
    /// Variables of its environment.
    pub environment: &'a [(&'a str, OsString)],
    /// Longest that it may take.
    pub limit: Duration,
}

/// What is told while it runs.
#[derive(Debug)]
pub enum Seen<'a> {
    /// It said something.
    Line(Stream, &'a str),
    /// Somebody reached for the network.
    Reached(&'a Reached),
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct CutOffEnd {
    /// How the network was kept from it.
    pub strength: Strength,
    /// Whether who reaches for it is told.
    pub watched: bool,
    /// Whether the copy stood in the workspace's own place.
    pub in_place: bool,
    /// What the system refused, in words.
    pub refused: Vec<String>,
    /// How it ended; `None` where it was not run.
    pub ended: Option<Ended>,
    /// Why it was not run.
    pub not_run: Option<String>,
    /// Who reached for the network, and how often.
    pub reached: Vec<(Reached, u64)>,
    /// What the kernel refused without a word on who it was.
    pub unnamed: u64,
}

/// Runs a command in a sandbox; `program` is `holdover` itself. Whatever the command starts ends with it, wherever it went.
pub fn run_cut_off(
    program: &Path,
    order: &CutOff<'_>,
    cancel: &Cancel,
    on_start: &mut dyn FnMut(&Group),
    on_seen: &mut dyn FnMut(Seen<'_>),
) -> Result<CutOffEnd, ProcessError> {
    let mut end = CutOffEnd {
        strength: Strength::None,
        watched: false,
        in_place: false,
        refused: Vec::new(),
        ended: None,
        not_run: None,
        reached: Vec::new(),
        unnamed: 0,
    };
    let mut arguments: Vec<&OsStr> = vec![OsStr::new(SANDBOX_ARGUMENT)];
    arguments.push(order.copy.map_or(OsStr::new(""), Path::as_os_str));
    arguments.extend([order.root.as_os_str(), order.folder.as_os_str()]);
    arguments.extend(order.command.iter().map(OsStr::new));
    let mut command = Command::new(program, Path::new("/")).args(arguments).limit(order.limit).untold();
    for (name, value) in order.environment {
        command = command.env(name, value);
    }
    let mut heard = |stream: Stream, line: &str| {
        if stream == Stream::Err {
            // The sandbox itself says nothing there; what comes is a word of its end.
            return note_last_words(line, &mut end.refused);
        }
        match serde_json::from_str::<Told>(line) {
            Ok(Told::Began { strength, watched, in_place, refused }) => {
                (end.strength, end.watched, end.in_place) = (strength, watched, in_place);
                end.refused.extend(refused);
            }
            Ok(Told::Line { err, text }) => on_seen(Seen::Line(if err { Stream::Err } else { Stream::Out }, &text)),
            Ok(Told::Reached { reached }) => {
                on_seen(Seen::Reached(&reached));
                end.reached.push((reached, 1));
            }
            Ok(Told::NotStarted { why }) => end.not_run = Some(why),
            Ok(Told::Ended { code, signal, times, unnamed }) => {
                end.ended = match (code, signal) {
                    (Some(code), _) => Some(Ended::Exited(code)),
                    (None, Some(signal)) => Some(Ended::Signalled(signal)),
                    (None, None) => None,
                };
                for (reached, times) in end.reached.iter_mut().zip(times) {
                    reached.1 = times;
                }
                end.unnamed = unnamed;
            }
            Err(_) => {}
        }
    };
    let output = command.run_told(cancel, on_start, &mut heard)?;
    if matches!(output.ended, Ended::Cancelled | Ended::TimedOut | Ended::ForcedOffline) {
        end.ended = Some(output.ended);
    } else if end.ended.is_none() && end.not_run.is_none() && end.strength != Strength::None {
        // The sandbox was ended by somebody else.
        end.ended = Some(match output.ended {
            Ended::Exited(_) => Ended::Signalled(0),
            other => other,
        });
    }
    end.reached = merged(&end.reached);
    Ok(end)
}

fn note_last_words(line: &str, refused: &mut Vec<String>) {
    if refused.len() < 20 {
        refused.push(line.chars().take(200).collect());
    }
}

/// One of each: who looked a name up and connected is told for the connection; which address of a name is near is asked by datagrams.
fn merged(reached: &[(Reached, u64)]) -> Vec<(Reached, u64)> {
    let is_more = |one: &Reached, other: &Reached| match (one.way, other.way) {
        (Way::Name, Way::Name) => false,
        (Way::Name, _) => one.host == other.host,
        (Way::Udp, Way::Tcp) => one.host == other.host && one.port == other.port && one.who == other.who,
        _ => false,
    };
    let kept = reached.iter().filter(|(one, _)| !reached.iter().any(|(other, _)| is_more(one, other)));
    kept.cloned().collect()
}

/// Runs this process as a sandbox, if that is what its arguments say; gives its exit code then.
#[must_use]
pub fn sandbox_asked(arguments: &[OsString]) -> Option<u8> {
    let rest = arguments.get(1).filter(|first| *first == SANDBOX_ARGUMENT).map(|_| &arguments[2..])?;
    let [copy, root, folder, command @ ..] = rest else { return Some(2) };
    Some(enter(copy, root, folder, command))
}

#[cfg(target_os = "linux")]
fn enter(copy: &OsString, root: &OsString, folder: &OsString, command: &[OsString]) -> u8 {
    let refused = std::env::var(REFUSED).unwrap_or_default();
    inside::run(&inside::Order {
        refused: refused.split(',').map(|what| what.trim().to_owned()).collect(),
        copy: Some(PathBuf::from(copy)).filter(|copy| !copy.as_os_str().is_empty()),
        root: PathBuf::from(root),
        folder: PathBuf::from(folder),
        command: command.to_vec(),
    })
}

#[cfg(not(target_os = "linux"))]
fn enter(_copy: &OsString, _root: &OsString, _folder: &OsString, _command: &[OsString]) -> u8 {
    let _ = (REFUSED, PathBuf::new());
    2
}
