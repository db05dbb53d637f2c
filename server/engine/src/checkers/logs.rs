//! The logs of steps while they run, and after: the last lines in memory, for whoever looks on, and the whole in a file of ours. What a log
//! says is bounded by neither: a line that nobody keeps any more is counted.

use checks::log::{Tail, USUAL_LINES, summarise};
use contract::LogReport;
use std::collections::{BTreeMap, VecDeque};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that are shown of a log.
const SHOWN: usize = 1000;
/// Bytes of its end that are read where only its file is left.
const READ: u64 = 1 << 20;
/// Bytes of a log that its file holds.
const MOST_WRITTEN: u64 = 64 << 20;
/// Least time between two words that a log has grown.
const APART: Duration = Duration::from_millis(200);

/// The logs of a workspace, by step.
#[derive(Default)]
pub(crate) struct Logs(Mutex<BTreeMap<String, Arc<Log>>>);

/// One log.
pub(super) struct Log {
    /// The whole of it.
    pub file: PathBuf,
    held: Mutex<Held>,
}

struct Held {
    tail: Tail,
    recent: VecDeque<String>,
    lines: u64,
    writer: Option<std::io::BufWriter<std::fs::File>>,
    written: u64,
    running: bool,
    began: Instant,
    told: Option<Instant>,
}

/// How a log stands.
pub(super) struct Shown {
    /// Since when, where it still grows.
    pub running: Option<Duration>,
    /// The last lines.
    pub lines: Vec<String>,
    /// Lines of the whole log.
    pub of: u64,
}

impl Logs {
    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Log>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new log in place of the last one.
    pub(super) fn begin(&self, id: &str, file: &Path) -> std::io::Result<Arc<Log>> {
        let log = Arc::new(Log::begin(file)?);
        self.held().insert(id.to_owned(), Arc::clone(&log));
        Ok(log)
    }

    /// The last log of this process.
    pub(super) fn of(&self, id: &str) -> Option<Arc<Log>> {
        self.held().get(id).cloned()
    }
}

impl Log {
    fn begin(file: &Path) -> std::io::Result<Self> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = std::fs::File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let held = Held {
            tail: Tail::new(USUAL_LINES),
            recent: VecDeque::new(),
            lines: 0,
            writer: Some(std::io::BufWriter::new(options.open(file)?)),
            written: 0,
            running: true,
            began: Instant::now(),
            told: None,
        };
        Ok(Self { file: file.to_path_buf(), held: Mutex::new(held) })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line; says whether whoever looks on should hear of it now.
    pub fn put(&self, line: &str) -> bool {
        let mut held = self.held();
        held.tail.feed(line.as_bytes());
        held.tail.feed(b"\n");
        held.lines += 1;
        if held.recent.len() >= SHOWN {
            held.recent.pop_front();
        }
        held.recent.push_back(line.to_owned());
        held.write(line);
        let now = Instant::now();
        let is_due = held.told.is_none_or(|told| now.duration_since(told) >= APART);
        if is_due {
            held.told = Some(now);
            // Other processes read the file.
            if let Some(writer) = &mut held.writer {
                let _ = writer.flush();
            }
        }
        is_due
    }

    /// Nothing follows; how long it took.
    pub fn end(&self) -> Duration {
        let mut held = self.held();
        held.running = false;
        // What cannot be written is missing in the file; what is shown and read is in memory.
        if let Some(mut writer) = held.writer.take() {
            let _ = writer.flush();
        }
        held.began.elapsed()
    }

    /// What its last lines say.
    pub fn says(&self) -> LogReport {
        summarise(&self.file.display().to_string(), &self.held().tail)
    }

    /// The end of it, in the bytes that are kept.
    pub fn text(&self) -> Vec<u8> {
        self.held().tail.bytes().to_vec()
    }

    pub fn shown(&self) -> Shown {
        let held = self.held();
        let running = held.running.then(|| held.began.elapsed());
        Shown { running, lines: held.recent.iter().cloned().collect(), of: held.lines }
    }
}

impl Held {
    fn write(&mut self, line: &str) {
        if self.written > MOST_WRITTEN {
            return;
        }
        self.written += line.len() as u64 + 1;
        let said = if self.written > MOST_WRITTEN { "[what follows is not kept: the log is too long]" } else { line };
        if self.writer.as_mut().is_some_and(|writer| writeln!(writer, "{said}").is_err()) {
            self.writer = None;
        }
    }
}

/// The end of a log that another process wrote.
pub(super) fn of_file(file: &Path) -> Option<Shown> {
    let mut from = std::fs::File::open(file).ok()?;
    let length = from.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    from.seek(SeekFrom::Start(length.saturating_sub(READ))).ok()?;
    let mut bytes = Vec::new();
    from.take(READ).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().skip(usize::from(length > READ)).collect();
    let from = lines.len().saturating_sub(SHOWN);
    let of = if length > READ { 0 } else { lines.len() as u64 };
    Some(Shown { running: None, lines: lines[from..].iter().map(|line| (*line).to_owned()).collect(), of })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_end_is_shown_and_the_file_has_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logs/build.log");
        let logs = Logs::default();
        let log = logs.begin("build", &file).unwrap();
        assert!(log.put("line 0"), "the first is told at once");
        for n in 1..3000 {
            log.put(&format!("line {n}"));
        }
        let shown = logs.of("build").unwrap().shown();
        assert_eq!((shown.of, shown.lines.len(), &*shown.lines[0]), (3000, 1000, "line 2000"));
        assert!(shown.running.is_some());
        log.end();
        assert!(log.shown().running.is_none());
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 3000);
        let read = of_file(&file).unwrap();
        assert_eq!((read.of, read.lines.last().map(|line| &**line)), (3000, Some("line 2999")));
        logs.begin("build", &file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "", "the next one stands in its place");
    }

    #[test]
    fn a_log_without_an_end_takes_a_bounded_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("build.log");
        let log = Log::begin(&file).unwrap();
        let line = "x".repeat(1 << 20);
        for _ in 0..70 {
            log.put(&line);
        }
        log.end();
        let length = file.metadata().unwrap().len();
        assert!(length <= MOST_WRITTEN + (2 << 20), "{length}");
        let last = of_file(&file).unwrap().lines.pop().unwrap();
        assert!(last.contains("not kept"), "{last}");
    }
}
