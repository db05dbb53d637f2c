//! The language-server front: framing, documents, conversion to and from LSP's types. No feature logic.
//!
//! ```text
//! stdin ── framing ── dispatch ──► state thread ──► outbound ── stdout
//!                        │   ▲         │  ▲
//!                        ▼   │         ▼  │
//!                    tower-lsp's      workers, engine
//!                    service
//! ```
//!
//! * `framing` and `dispatch` run on the thread that reads. They never wait for anybody but the client's next byte.
//! * tower-lsp routes requests and keeps LSP's life cycle; its transport is not used.
//! * `state` is one plain thread that owns the documents and decides everything. Work goes to threads of its own, with
//!   snapshots, and comes back as an event.
//! * `outbound` is one queue and one thread that writes. Putting something in never waits.
//!
//! To add a request: a file in `requests`, a line in `server`, a capability in `capabilities`.

mod aside;
mod asking;
mod capabilities;
mod commands;
mod confirm;
mod debug;
mod dispatch;
mod documents;
mod event;
mod framing;
mod from_proto;
mod log;
mod notifications;
mod outbound;
mod progress;
mod publish;
mod record;
mod requests;
mod resolutions;
mod resting;
mod server;
mod shown;
mod skim;
mod state;
mod to_proto;
mod work;

use crate::dispatch::{Dispatcher, Taken};
use crate::event::Event;
use crate::framing::{Frame, Frames};
use crate::outbound::Outbound;
use crossbeam_channel::Sender;
use engine::EngineOptions;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest wait for the last messages to be written when the client says `exit`.
const LAST_WORDS: Duration = Duration::from_millis(3);
/// Longest wait for the log when the server could not do its work: its lines say why.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Longest wait for the server to come to rest between two messages of a replay.
const REPLAY_PAUSE: Duration = Duration::from_millis(400);

/// How the server runs.
#[derive(Debug, Clone, Default)]
pub struct LspOptions {
    /// Keep what the client writes in this file.
    pub record: Option<PathBuf>,
    /// Read from this recording in place of stdin, one message after the other has had its effect.
    pub replay: Option<PathBuf>,
    /// For the engine; the editor's settings are filled in from `initialize`.
    pub engine: EngineOptions,
    /// What `serverInfo` says.
    pub version: String,
}

/// Serves a client on stdin and stdout until it says `exit` or its end of the pipe is closed, and then ends the process, with
/// code 0 after `shutdown` and 1 without. What it returns is the code where it could not serve: 2 where a recording cannot be
/// opened, 3 where a thread cannot be started.
///
/// To be called once in a process. The thread that reads ends the process through [`host::leave`]: on a machine that
/// is at work on all cores every thread that would have to be woken first takes milliseconds.
pub fn run(options: LspOptions) -> u8 {
    let folders = host::Folders::find(options.engine.data_dir.as_deref());
    let debug = debug::Debug::from_environment();
    log::start(folders.ok().map(|folders| folders.logs()), debug.before_reading());
    let source: io::Result<Box<dyn BufRead + Send>> = (|| {
        let source: Box<dyn BufRead + Send> = match &options.replay {
            Some(file) => Box::new(BufReader::new(File::open(file)?)),
            None => Box::new(BufReader::with_capacity(64 << 10, io::stdin())),
        };
        Ok(match &options.record {
            Some(file) => Box::new(record::Recorder::new(source, file)?),
            None => source,
        })
    })();
    let source = match source {
        Ok(source) => source,
        Err(e) => {
            let file = options.replay.as_ref().or(options.record.as_ref()).map(|file| file.display().to_string());
            tracing::error!("the recording cannot be opened: {}: {e}", file.unwrap_or_default());
            log::finish(LAST_LINES);
            return 2;
        }
    };
    if let Err(e) = serve(source, options, debug) {
        tracing::error!("the server cannot start: {e}");
    }
    log::finish(LAST_LINES);
    3
}

/// Returns only where the server could not be started, or its thread came to grief.
fn serve(source: Box<dyn BufRead + Send>, options: LspOptions, debug: debug::Debug) -> io::Result<()> {
    let outbound = Outbound::start(stdout()?)?;
    let engine = EngineOptions { before_reading: debug.before_reading(), ..options.engine };
    let events = state::start(outbound.clone(), engine, options.version, debug)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let service = server::service(events.clone(), debug);
    let dispatcher = Dispatcher::new(service, runtime.handle().clone(), events.clone(), outbound.clone());
    let pace = options.replay.is_some().then_some(events);
    let (alive, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::Builder::new().name("inbound".to_owned()).spawn(move || {
        // Let go of only by a panic.
        let _alive = alive;
        let code = read(source, dispatcher, pace.as_ref());
        outbound.wait_written(LAST_WORDS);
        // Nobody who ended it as agreed waits for a log.
        log::finish(LAST_WORDS);
        host::leave(code);
    })?;
    let _ = runtime.block_on(ended);
    Ok(())
}

/// Reads to the end and gives the exit code. `pace`: rest after every message.
fn read(source: impl BufRead, mut dispatcher: Dispatcher, pace: Option<&Sender<Event>>) -> u8 {
    let mut frames = Frames::new(source, framing::LARGEST);
    loop {
        let frame = match frames.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(e) => {
                tracing::error!("the client cannot be read: {e}");
                break;
            }
        };
        match frame {
            Frame::Noise { bytes } => tracing::warn!("{bytes} bytes are no message and were passed over"),
            Frame::Oversized { bytes, skimmed } => dispatcher.take_oversized(bytes, skimmed),
            Frame::Message(body) => {
                if let Some(events) = pace {
                    rest(events, &dispatcher, Dispatcher::answers(&body));
                }
                match dispatcher.take(&body) {
                    Taken::Yes => {}
                    Taken::NotJson => frames.resync(&body),
                    Taken::Exit => return u8::from(!dispatcher.is_shut_down()),
                }
            }
        }
    }
    if let Some(events) = pace {
        rest(events, &dispatcher, None);
    }
    u8::from(!dispatcher.is_shut_down())
}

/// Waits until the server has nothing left to do, but not for long: a recording may hold a request that is cancelled.
fn rest(events: &Sender<Event>, dispatcher: &Dispatcher, asked: Option<i64>) {
    let until = Instant::now() + REPLAY_PAUSE;
    let (done, rested) = crossbeam_channel::bounded(1);
    if events.send(Event::Settle { asked, done }).is_ok() && rested.recv_deadline(until).is_ok() {
        while dispatcher.in_flight() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// Stdout without the buffer that ends at every line.
#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Stdout.
#[cfg(not(unix))]
fn stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}
