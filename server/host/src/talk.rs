//! A program beside ours that is asked one question after another, in frames over its pipes: four bytes of length for each of two
//! parts, then the parts. Its answers are bounded, waited for no longer than was said, and it is ended when offline is forced.

use crate::group::{Group, Running};
use crate::{Cancel, Permit};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest frame, both parts together.
const MOST: usize = 64 << 20;
/// How often it is looked whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(20);

type Frame = (Vec<u8>, Vec<u8>);

/// Why there is no answer. The program is of no use after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TalkError {
    /// The program is not there.
    #[error("the program for that is not there: {0}")]
    Absent(PathBuf),
    /// It could not be started.
    #[error("the program for that could not be started: {0}")]
    Failed(String),
    /// It ended, or said what is no answer.
    #[error("the program for that ended without an answer")]
    Ended,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// Somebody cancelled it.
    #[error("stopped, as was asked")]
    Cancelled,
    /// Offline was forced meanwhile.
    #[error("offline was forced meanwhile")]
    Forced,
}

/// The program, while it runs. Dropping this ends it.
pub struct Talk {
    child: Child,
    group: Group,
    questions: Option<Sender<Frame>>,
    answers: Receiver<Frame>,
    permit: Option<Permit>,
    _running: Running,
}

impl Talk {
    /// Starts the program of that name that lies beside this one. It reaches the network as long as the permit holds.
    pub fn beside(name: &str, arguments: &[String], permit: Option<Permit>) -> Result<Talk, TalkError> {
        let own = std::env::current_exe().map_err(|e| TalkError::Failed(e.to_string()))?;
        // Not where a link to this one lies.
        let own = std::fs::canonicalize(&own).unwrap_or(own);
        Talk::start(&own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)), arguments, permit)
    }

    fn start(program: &Path, arguments: &[String], permit: Option<Permit>) -> Result<Talk, TalkError> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(program.parent().unwrap_or(Path::new("/")));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => TalkError::Absent(program.to_path_buf()),
            _ => TalkError::Failed(e.to_string()),
        })?;
        let group = Group::of(child.id());
        let running = Running::note(group);
        let (questions, asked) = bounded::<Frame>(1);
        let (answer, answers) = bounded::<Frame>(1);
        let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(TalkError::Failed("it has no pipes".to_owned()));
        };
        // A program that does not read, or says nothing, holds up its own threads and nobody else.
        std::thread::spawn(move || {
            for (head, body) in asked {
                if write_frame(&mut stdin, &head, &body).is_err() {
                    break;
                }
            }
        });
        std::thread::spawn(move || {
            while let Ok(Some(frame)) = read_frame(&mut stdout) {
                if answer.send(frame).is_err() {
                    break;
                }
            }
        });
        Ok(Talk { child, group, questions: Some(questions), answers, permit, _running: running })
    }

    /// Asks, and waits for the answer until then.
    pub fn ask(&mut self, head: Vec<u8>, body: Vec<u8>, until: Instant, cancel: &Cancel) -> Result<Frame, TalkError> {
        let sent = self.questions.as_ref().is_some_and(|questions| questions.send((head, body)).is_ok());
        if !sent {
            return Err(TalkError::Ended);
        }
        self.next(until, cancel)
    }

    /// Waits for the next answer, where a question has more than one.
    pub fn next(&mut self, until: Instant, cancel: &Cancel) -> Result<Frame, TalkError> {
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(frame) => return Ok(frame),
                Err(RecvTimeoutError::Disconnected) => return Err(TalkError::Ended),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(TalkError::Cancelled),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => return Err(TalkError::TimedOut),
                Err(RecvTimeoutError::Timeout) if self.permit.as_ref().is_some_and(|permit| !permit.holds()) => {
                    return Err(TalkError::Forced);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.questions = None;
        self.group.signal(&mut self.child, true);
        let _ = self.child.wait();
    }
}

/// Writes a frame.
pub fn write_frame(to: &mut impl Write, head: &[u8], body: &[u8]) -> io::Result<()> {
    for part in [head, body] {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        to.write_all(&length.to_le_bytes())?;
    }
    to.write_all(head)?;
    to.write_all(body)?;
    to.flush()
}

/// Reads one; `None` where there is no more.
pub fn read_frame(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut lengths = [0; 8];
    match from.read_exact(&mut lengths) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = |at: &[u8]| u32::from_le_bytes(at.try_into().unwrap_or_default()) as usize;
    let (head, body) = (length(&lengths[..4]), length(&lengths[4..]));
    if head.saturating_add(body) > MOST {
        return Err(io::Error::other("a frame is longer than any"));
    }
    let mut part = |length: usize| {
        let mut bytes = Vec::new();
        let read = from.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        if read == length { Ok(bytes) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) }
    };
    Ok(Some((part(head)?, part(body)?)))
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn frames_are_read_back_and_those_that_are_cut_or_too_long_are_not() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, b"head", b"body\n").unwrap();
        write_frame(&mut bytes, b"", b"").unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read_frame(&mut from).unwrap(), Some((b"head".to_vec(), b"body\n".to_vec())));
        assert_eq!(read_frame(&mut from).unwrap(), Some((Vec::new(), Vec::new())));
        assert_eq!(read_frame(&mut from).unwrap(), None);
        assert!(read_frame(&mut &bytes[..12]).is_err());
        assert!(read_frame(&mut [0xff; 8].as_slice()).is_err());
    }

    #[test]
    fn a_program_is_asked_more_than_once_and_one_that_hangs_ends_or_is_absent_is_told_apart() {
        let mut echo = Talk::start(Path::new("/bin/cat"), &[], None).unwrap();
        for body in [b"one".to_vec(), vec![7; 1 << 20]] {
            let answer = echo.ask(b"x".to_vec(), body.clone(), soon(), &Cancel::new()).unwrap();
            assert_eq!(answer, (b"x".to_vec(), body));
        }
        let mut silent = Talk::start(Path::new("/bin/sleep"), &["600".to_owned()], None).unwrap();
        let now = Instant::now();
        assert_eq!(silent.ask(Vec::new(), vec![0; 1 << 20], now, &Cancel::new()), Err(TalkError::TimedOut));
        let cancelled = Cancel::new();
        cancelled.cancel();
        let mut silent = Talk::start(Path::new("/bin/sleep"), &["600".to_owned()], None).unwrap();
        assert_eq!(silent.ask(Vec::new(), Vec::new(), soon(), &cancelled), Err(TalkError::Cancelled));
        let mut gone = Talk::start(Path::new("/bin/true"), &[], None).unwrap();
        assert_eq!(gone.ask(Vec::new(), Vec::new(), soon(), &Cancel::new()), Err(TalkError::Ended));
        let absent = Talk::start(Path::new("/nonexistent/x"), &[], None);
        assert!(matches!(absent, Err(TalkError::Absent(_))));
    }

    #[test]
    fn a_program_is_ended_when_offline_is_forced() {
        let folder = tempfile::tempdir().unwrap();
        let folders = crate::Folders { data: folder.path().join("data"), config: folder.path().join("none") };
        let gate = crate::Gate::new(&folders);
        gate.set(crate::OfflineMode::Off).unwrap();
        let mut silent =
            Talk::start(Path::new("/bin/sleep"), &["600".to_owned()], Some(gate.permit().unwrap())).unwrap();
        gate.set(crate::OfflineMode::On).unwrap();
        assert_eq!(silent.ask(Vec::new(), Vec::new(), soon(), &Cancel::new()), Err(TalkError::Forced));
    }
}
