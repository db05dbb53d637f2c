//! Logs: short lines to stderr, full ones to a file that turns over before it grows large.
//! Nothing here leaves the machine, and a log that cannot be written, or not now, stops nothing and nobody.

use crate::aside::Aside;
use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

/// Bytes of one file.
const LARGEST: usize = 1 << 20;
/// Files beside the current one.
const OLDER: usize = 2;

/// Turns the file's level, once the settings are known. Not there where `HOLDOVER_LOG` has the last word.
static TURN: OnceLock<Box<dyn Fn(Targets) + Send + Sync>> = OnceLock::new();

/// Takes the setting `log.level` over: a level, or `target=level` with commas between. What cannot be read changes nothing.
pub(crate) fn turn(level: &str) {
    let filter = level.parse::<LevelFilter>().map(quiet).or_else(|_| level.parse::<Targets>());
    match (TURN.get(), filter) {
        (Some(turn), Ok(filter)) => turn(filter),
        (None, _) => {}
        (_, Err(problem)) => tracing::warn!("this is no log level: {level}: {problem}"),
    }
}

/// Where the lines go, for the end.
static WRITERS: OnceLock<Vec<Aside>> = OnceLock::new();

/// Waits for the last lines, each of the two outputs no longer than `limit`.
pub(crate) fn finish(limit: Duration) {
    WRITERS.get().into_iter().flatten().for_each(|writer| writer.wait_written(limit));
}

/// Starts logging: to stderr, and to `lsp.log` in `folder`, which is opened on another thread, after `before`. `HOLDOVER_LOG` is a level, or `target=level` with commas between.
pub(crate) fn start(folder: Option<PathBuf>, before: Option<fn()>) {
    let asked = std::env::var("HOLDOVER_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let settled = asked.is_some();
    let on_stderr = asked.clone().unwrap_or_else(|| quiet(LevelFilter::WARN));
    let in_file = asked.unwrap_or_else(|| quiet(LevelFilter::INFO));
    let stderr = Aside::start("stderr", || Some(std::io::stderr()));
    let file = folder.and_then(|folder| {
        Aside::start("log", move || {
            if let Some(before) = before {
                before();
            }
            std::fs::create_dir_all(&folder).ok()?;
            let limit = ContentLimit::BytesSurpassed(LARGEST);
            Some(FileRotate::new(folder.join("lsp.log"), AppendCount::new(OLDER), limit, Compression::None, None))
        })
    });
    let _ = WRITERS.set([&stderr, &file].into_iter().flatten().cloned().collect());
    let stderr = stderr.map(|writer| {
        tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_writer(writer).with_filter(on_stderr)
    });
    let (in_file, handle) = reload::Layer::new(in_file);
    if !settled {
        // A test in the same process may have set another.
        let _ = TURN.set(Box::new(move |filter| {
            let _ = handle.reload(filter);
        }));
    }
    let file =
        file.map(|writer| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).with_filter(in_file));
    // A test in the same process may have started another.
    let _ = tracing_subscriber::registry().with(stderr).with(file).try_init();
}

/// Our own lines; of libraries, what went wrong.
fn quiet(level: LevelFilter) -> Targets {
    let library = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_target("tower_lsp_server", library).with_target("notify", library)
}
