//! Writes lines on a thread of its own, so that whoever has something to log waits for no disk and no reader of stderr.
//! What waits is bounded: lines that find no room are counted, and the count is written when there is room again.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait, at most.
const WAITING: usize = 1024;
/// Bytes of a line that is kept whole.
const LONGEST: usize = 16 << 10;

enum Item {
    Line(Vec<u8>),
    /// Tell when everything before it is written.
    Mark(Sender<()>),
}

/// Where lines go in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Aside {
    queue: Sender<Item>,
    lost: Arc<AtomicU64>,
    /// Lines that are not written yet.
    waiting: Arc<AtomicUsize>,
}

impl Aside {
    /// Starts the thread. It opens what is written to first, however long that takes; where that gives nothing, lines are
    /// dropped.
    pub(crate) fn start<W: Write>(name: &str, open: impl FnOnce() -> Option<W> + Send + 'static) -> Option<Self> {
        let (queue, lines) = bounded(WAITING);
        let aside = Self { queue, lost: Arc::default(), waiting: Arc::default() };
        let (lost, waiting) = (Arc::clone(&aside.lost), Arc::clone(&aside.waiting));
        let write = move || match open() {
            Some(output) => write_all(&lines, &lost, &waiting, output),
            None => write_all(&lines, &lost, &waiting, io::sink()),
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(write).ok()?;
        Some(aside)
    }

    /// Waits until what was put in is written, but no longer than `limit`. Where nothing waits it does not wake the thread,
    /// which takes milliseconds on a machine that is at work on all cores.
    pub(crate) fn wait_written(&self, limit: Duration) {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return;
        }
        let (done, written) = bounded(1);
        if self.queue.send_timeout(Item::Mark(done), limit).is_ok() {
            // Whoever writes may be gone, or hang.
            let _ = written.recv_timeout(limit);
        }
    }
}

fn write_all(lines: &Receiver<Item>, lost: &AtomicU64, waiting: &AtomicUsize, mut output: impl Write) {
    for item in lines {
        // A log that cannot be written stops nothing.
        let _ = match item {
            Item::Line(line) => {
                let written = output.write_all(&line).and_then(|()| output.flush());
                waiting.fetch_sub(1, Ordering::AcqRel);
                written
            }
            Item::Mark(done) => {
                let written = output.flush();
                let _ = done.try_send(());
                written
            }
        };
        let missed = lost.swap(0, Ordering::Relaxed);
        if missed > 0 {
            let _ = writeln!(output, "{missed} lines were lost here: they could not be written as fast as they came");
        }
    }
}

/// One event's text: `tracing` writes it at once.
impl Write for &Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = bytes[..bytes.len().min(LONGEST)].to_vec();
        if line.len() < bytes.len() {
            line.extend_from_slice(b" (and more)\n");
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.queue.try_send(Item::Line(line)).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Aside {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn while_the_output_cannot_be_opened_lines_wait_and_what_finds_no_room_is_counted() {
        let (open, gate) = bounded::<()>(1);
        let kept = Kept::default();
        let output = kept.clone();
        let aside = Aside::start("test", move || gate.recv().ok().map(|()| output)).unwrap();
        for n in 0..WAITING + 7 {
            (&aside).write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        aside.wait_written(Duration::ZERO);
        assert!(kept.0.lock().unwrap().is_empty());
        open.send(()).unwrap();
        aside.wait_written(Duration::from_mins(1));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("line 0\n7 lines were lost here"), "{}", &text[..60]);
        assert!(text.ends_with(&format!("line {}\n", WAITING - 1)), "{}", &text[text.len() - 60..]);
        assert_eq!(text.lines().count(), WAITING + 1);
    }

    #[test]
    fn a_line_without_end_is_cut_and_an_output_that_is_not_there_costs_nothing() {
        let kept = Kept::default();
        let output = kept.clone();
        let aside = Aside::start("test", move || Some(output)).unwrap();
        (&aside).write_all(&vec![b'x'; 10 << 20]).unwrap();
        aside.wait_written(Duration::from_mins(1));
        let text = kept.0.lock().unwrap().clone();
        assert!(text.len() < LONGEST + 20 && text.ends_with(b"(and more)\n"), "{}", text.len());

        let aside = Aside::start("test", || None::<Kept>).unwrap();
        (&aside).write_all(b"nobody reads this either\n").unwrap();
        let begun = std::time::Instant::now();
        aside.wait_written(Duration::from_mins(1));
        assert!(begun.elapsed() < Duration::from_mins(1), "it waited for an output that is not there");
        (&aside).write_all(b"nobody reads this\n").unwrap();
    }

    #[test]
    fn where_nothing_waits_the_thread_is_not_asked() {
        let (open, gate) = bounded::<()>(1);
        let aside = Aside::start("test", move || gate.recv().ok().map(|()| io::sink())).unwrap();
        aside.wait_written(Duration::from_mins(1));
        assert!(aside.queue.is_empty(), "no mark was put in, although the thread could not have answered");
        (&aside).write_all(b"a line\n").unwrap();
        aside.wait_written(Duration::ZERO);
        assert_eq!(aside.queue.len(), 2, "a line waits, so it is asked");
        open.send(()).unwrap();
        aside.wait_written(Duration::from_mins(1));
        assert_eq!(aside.waiting.load(Ordering::Acquire), 0);
    }
}
