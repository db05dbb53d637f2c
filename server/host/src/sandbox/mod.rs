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
    /// What it reads as its standard input; nothing where there is none.
    pub input: Option<&'a Path>,
    /// Where what it says on its standard output goes as it is, instead of being told by lines; with a bound on what it may say.
    pub output: Option<Spoken<'a>>,
    /// The workspace can be read and not written, where the system can do that.
    pub read_only: bool,
    /// Bytes of address space for each of its processes.
    pub memory: Option<u64>,
    /// It gives way to what people do, and is told in each tool's own words to stay offline.
    pub calm: bool,
}

impl<'a> CutOff<'a> {
    /// A command at the root of a workspace, with nothing to read, that is told by lines.
    #[must_use]
    pub fn new(command: &'a [String], root: &'a Path, limit: Duration) -> Self {
        Self {
            command,
            root,
            copy: None,
            folder: Path::new(""),
            environment: &[],
            limit,
            input: None,
            output: None,
            read_only: false,
            memory: None,
            calm: false,
        }
    }
}

/// Where the output of a command goes.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'a> {
    /// A file, which is made.
    pub file: &'a Path,
    /// Bytes of both streams; whoever says more is ended.
    pub most: u64,
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
    /// It said more than it may, and was ended.
    pub too_much: bool,
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
        too_much: false,
    };
    let mut arguments: Vec<&OsStr> = vec![OsStr::new(SANDBOX_ARGUMENT)];
    arguments.push(order.copy.map_or(OsStr::new(""), Path::as_os_str));
    arguments.extend([order.root.as_os_str(), order.folder.as_os_str()]);
    let path = |path: Option<&'_ Path>| path.map_or(OsString::new(), |path| path.as_os_str().to_owned());
    let (input, output) = (path(order.input), path(order.output.map(|output| output.file)));
    let bounds = format!(
        "{},{},{},{}",
        order.output.map_or(0, |output| output.most),
        order.memory.unwrap_or(0),
        u8::from(order.read_only),
        u8::from(order.calm)
    );
    arguments.extend([input.as_os_str(), output.as_os_str(), OsStr::new(&bounds)]);
    arguments.extend(order.command.iter().map(OsStr::new));
    let mut command = Command::new(program, Path::new("/")).args(arguments).limit(order.limit);
    if !order.calm {
        command = command.untold();
    }
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
            Ok(Told::Ended { code, signal, times, unnamed, too_much }) => {
                end.too_much = too_much;
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
    let [copy, root, folder, input, output, bounds, command @ ..] = rest else { return Some(2) };
    let bounds = bounds.to_str()?;
    let bounds: Vec<u64> = bounds.split(',').map_while(|bound| bound.parse().ok()).collect();
    let [most, memory, read_only, calm] = bounds[..] else { return Some(2) };
    let path = |path: &OsString| Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    let order = Order {
        refused: std::env::var(REFUSED).unwrap_or_default().split(',').map(|what| what.trim().to_owned()).collect(),
        copy: path(copy),
        root: PathBuf::from(root),
        folder: PathBuf::from(folder),
        command: command.to_vec(),
        input: path(input),
        output: path(output).map(|file| (file, most)),
        read_only: read_only == 1,
        memory: Some(memory).filter(|memory| *memory > 0),
        calm: calm == 1,
    };
    Some(enter(&order))
}

/// What is to be done, from the command line of the sandbox.
struct Order {
    /// What shall not be asked of the system: for tests of machines that refuse it.
    refused: Vec<String>,
    /// A copy of the workspace, which is put in its place where the system lets us.
    copy: Option<PathBuf>,
    root: PathBuf,
    /// Where the command runs, relative to the workspace.
    folder: PathBuf,
    command: Vec<OsString>,
    input: Option<PathBuf>,
    /// With the most that it may say.
    output: Option<(PathBuf, u64)>,
    read_only: bool,
    memory: Option<u64>,
    calm: bool,
}

#[cfg(target_os = "linux")]
fn enter(order: &Order) -> u8 {
    inside::run(order)
}

#[cfg(not(target_os = "linux"))]
fn enter(order: &Order) -> u8 {
    let Order { refused, copy, root, folder, command, input, output, read_only, memory, calm } = order;
    let _ = (refused, copy, root, folder, command, input, output, read_only, memory, calm);
    2
}
