//! A program of ours that all processes of a user share: it listens on a socket in the data folder, for the user alone, is started by whoever
//! needs it first, goes on when that one ends, and ends by itself. What is said are frames: four bytes of length, least significant first, and as many more.

use crate::{Cancel, TalkError};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Such a program: where it lies, and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedProgram {
    program: PathBuf,
    data: PathBuf,
    name: &'static str,
}

impl SharedProgram {
    /// The program of that name which lies beside this one. It gets `--data` and the data folder, and listens at `run/model.sock` in it where `name` is `model`.
    #[must_use]
    pub fn beside(program: &str, data: &Path, name: &'static str) -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        // Not where a link to this one lies.
        let own = std::fs::canonicalize(&own).unwrap_or(own);
        Self::at(own.with_file_name(format!("{program}{}", std::env::consts::EXE_SUFFIX)), data, name)
    }

    /// A program that lies elsewhere.
    #[must_use]
    pub fn at(program: PathBuf, data: &Path, name: &'static str) -> Self {
        Self { program, data: data.to_path_buf(), name }
    }

    /// Where it lies.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether it was installed.
    #[must_use]
    pub fn is_there(&self) -> bool {
        cfg!(unix) && self.program.is_file()
    }

    /// What it said last of why it ended; a line.
    #[must_use]
    pub fn last_words(&self) -> Option<String> {
        let said = crate::read_small(&self.log(), LOG).ok()?;
        let text = String::from_utf8_lossy(&said).into_owned();
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
    }

    fn folder(&self) -> PathBuf {
        self.data.join("run")
    }

    fn log(&self) -> PathBuf {
        self.folder().join(format!("{}.log", self.name))
    }
}

/// Most of what it said that is read.
const LOG: u64 = 1 << 20;

#[cfg(not(unix))]
mod way {
    use super::{Cancel, Instant, SharedProgram, TalkError};

    /// Nobody is connected where there are no such sockets.
    #[derive(Debug)]
    pub enum SharedTalk {}

    impl SharedProgram {
        /// Nobody is there.
        #[must_use]
        pub fn running(&self) -> Option<SharedTalk> {
            None
        }

        /// Nobody is there.
        pub fn connect(&self, _: Instant, _: &Cancel) -> Result<SharedTalk, TalkError> {
            Err(TalkError::Absent(self.program.clone()))
        }
    }

    impl SharedTalk {
        /// Says something.
        pub fn say(&mut self, _: &[u8]) -> Result<(), TalkError> {
            match *self {}
        }

        /// Waits for what it says next.
        pub fn next(&mut self, _: usize, _: Instant, _: &Cancel) -> Result<Vec<u8>, TalkError> {
            match *self {}
        }
    }
}

#[cfg(unix)]
mod way {
    use super::{Cancel, Instant, SharedProgram, TalkError};
    use rustix::fs::{Mode, OFlags};
    use std::io::{self, Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    /// How often it is looked whether an answer is still wanted, and whether it listens by now.
    const LOOK: Duration = Duration::from_millis(20);
    /// How long it may take to listen.
    const START: Duration = Duration::from_secs(20);
    /// Time between two that are started, where the first found its place taken.
    const APART: Duration = Duration::from_millis(100);
    /// How long it may take to read what is said to it.
    const UNREAD: Duration = Duration::from_secs(10);

    /// A connection. Dropping it takes back what was asked.
    #[derive(Debug)]
    pub struct SharedTalk {
        stream: UnixStream,
        read: Vec<u8>,
    }

    impl SharedProgram {
        /// A connection to the one that runs; `None` where none does. Nothing is started.
        #[must_use]
        pub fn running(&self) -> Option<SharedTalk> {
            let name = format!("{}.sock", self.name);
            let folder = self.folder();
            // An address has room for a hundred bytes: a long path is named by its folder, which is open.
            let stream = UnixStream::connect(folder.join(&name)).or_else(|_| {
                let open =
                    rustix::fs::open(&folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
                let number = std::os::fd::AsRawFd::as_raw_fd(&open);
                UnixStream::connect(format!("/proc/self/fd/{number}/{name}"))
            });
            let stream = stream.ok()?;
            stream.set_read_timeout(Some(LOOK)).ok()?;
            stream.set_write_timeout(Some(UNREAD)).ok()?;
            Some(SharedTalk { stream, read: Vec::new() })
        }

        /// A connection, to one that is started where none runs. It has neither our environment nor our folder, and nobody's terminal.
        pub fn connect(&self, until: Instant, cancel: &Cancel) -> Result<SharedTalk, TalkError> {
            let until = until.min(Instant::now() + START);
            let mut child: Option<Child> = None;
            let mut began = Instant::now();
            loop {
                if let Some(talk) = self.running() {
                    if let Some(child) = child {
                        // Somebody takes note of its end.
                        let _ = std::thread::Builder::new().name("waiting".into()).spawn(move || ended(child));
                    }
                    return Ok(talk);
                }
                let over = match child.as_mut().map(Child::try_wait) {
                    None => true,
                    Some(Ok(None)) => false,
                    // One that finds the place taken ends well: the one that has it may be about to end.
                    Some(Ok(Some(status))) if status.success() => began.elapsed() >= APART,
                    Some(Ok(Some(status))) => {
                        let why = self.last_words().unwrap_or_else(|| status.to_string());
                        return Err(TalkError::Failed(why));
                    }
                    Some(Err(e)) => return Err(TalkError::Failed(e.to_string())),
                };
                if over {
                    child = Some(self.started()?);
                    began = Instant::now();
                }
                if cancel.is_cancelled() || Instant::now() >= until {
                    let error = if cancel.is_cancelled() { TalkError::Cancelled } else { TalkError::TimedOut };
                    if let Some(child) = child {
                        let _ = std::thread::Builder::new().name("waiting".into()).spawn(move || ended(child));
                    }
                    return Err(error);
                }
                std::thread::sleep(LOOK);
            }
        }

        fn started(&self) -> Result<Child, TalkError> {
            let failed = |e: io::Error| TalkError::Failed(e.to_string());
            crate::make_private_folder(&self.folder()).map_err(failed)?;
            let log =
                std::fs::File::options().create(true).append(true).mode(0o600).open(self.log()).map_err(failed)?;
            if log.metadata().is_ok_and(|meta| meta.len() > super::LOG / 2) {
                log.set_len(0).map_err(failed)?;
            }
            let mut command = Command::new(&self.program);
            command.arg("--data").arg(&self.data).env_clear().current_dir("/");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
            command.spawn().map_err(|e| match e.kind() {
                io::ErrorKind::NotFound => TalkError::Absent(self.program.clone()),
                _ => TalkError::Failed(e.to_string()),
            })
        }
    }

    fn ended(mut child: Child) {
        let _ = child.wait();
    }

    impl SharedTalk {
        /// Says something.
        pub fn say(&mut self, bytes: &[u8]) -> Result<(), TalkError> {
            let length = u32::try_from(bytes.len()).map_err(|_| TalkError::Failed("that is too much".into()))?;
            let frame = [&length.to_le_bytes()[..], bytes].concat();
            self.stream.write_all(&frame).map_err(|_| TalkError::Ended)
        }

        /// Waits for what it says next, of `most` bytes at most.
        pub fn next(&mut self, most: usize, until: Instant, cancel: &Cancel) -> Result<Vec<u8>, TalkError> {
            let mut piece = [0; 16 << 10];
            loop {
                if let Some((length, rest)) = self.read.split_first_chunk::<4>() {
                    let length = u32::from_le_bytes(*length) as usize;
                    if length > most {
                        return Err(TalkError::Ended);
                    }
                    if rest.len() >= length {
                        let frame = rest[..length].to_vec();
                        self.read.drain(..4 + length);
                        return Ok(frame);
                    }
                }
                if cancel.is_cancelled() {
                    return Err(TalkError::Cancelled);
                }
                if Instant::now() >= until {
                    return Err(TalkError::TimedOut);
                }
                match self.stream.read(&mut piece) {
                    Ok(0) => return Err(TalkError::Ended),
                    Ok(read) => self.read.extend_from_slice(&piece[..read]),
                    Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                    Err(_) => return Err(TalkError::Ended),
                }
            }
        }
    }
}

pub use way::SharedTalk;

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    fn script(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn one_that_runs_is_asked_in_frames_and_what_is_cut_late_or_too_long_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        // Longer than an address may be.
        let data = folder.path().join("x".repeat(120));
        std::fs::create_dir_all(data.join("run")).unwrap();
        std::os::unix::fs::symlink(data.join("run"), folder.path().join("short")).unwrap();
        let listener = UnixListener::bind(folder.path().join("short/model.sock")).unwrap();
        let server = std::thread::spawn(move || {
            for answer in [&b"\x03\0\0\0one\x03\0\0\0two\x04\0\0\0cu"[..], b"\xff\xff\0\0", b""] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut said = [0; 6];
                stream.read_exact(&mut said).unwrap();
                assert_eq!(&said, b"\x02\0\0\0hi");
                stream.write_all(answer).unwrap();
                if answer.is_empty() {
                    // Until the other side goes.
                    assert_eq!(stream.read(&mut said).unwrap(), 0);
                }
            }
        });
        let program = SharedProgram::at(folder.path().join("nothing"), &data, "model");
        assert!(!program.is_there());
        let no = Cancel::new();
        let mut talk = program.connect(soon(), &no).unwrap();
        talk.say(b"hi").unwrap();
        // As long as it may be; and what came whole is given, also where nobody waits any more.
        assert_eq!(talk.next(3, soon(), &no).unwrap(), b"one");
        let given_up = Cancel::new();
        given_up.cancel();
        assert_eq!(talk.next(9, Instant::now(), &given_up).unwrap(), b"two");
        assert_eq!(talk.next(9, soon(), &no), Err(TalkError::Ended));
        let mut talk = program.running().unwrap();
        talk.say(b"hi").unwrap();
        assert_eq!(talk.next(9, soon(), &no), Err(TalkError::Ended));
        let mut talk = program.running().unwrap();
        talk.say(b"hi").unwrap();
        assert_eq!(talk.next(9, Instant::now() + Duration::from_millis(50), &no), Err(TalkError::TimedOut));
        let stopped = Cancel::new();
        stopped.cancel();
        assert_eq!(talk.next(9, soon(), &stopped), Err(TalkError::Cancelled));
        drop(talk);
        server.join().unwrap();
    }

    #[test]
    fn one_that_is_not_there_fails_or_finds_its_place_taken_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let no = Cancel::new();
        let absent = SharedProgram::at(folder.path().join("nothing"), &data, "model");
        assert_eq!(absent.connect(soon(), &no).unwrap_err(), TalkError::Absent(folder.path().join("nothing")));
        let path = script(folder.path(), "echo 'no room' >&2; exit 1");
        let fails = SharedProgram::at(path, &data, "model");
        assert!(fails.is_there() && fails.running().is_none());
        assert_eq!(fails.connect(soon(), &no).unwrap_err(), TalkError::Failed("no room".into()));
        assert_eq!(std::fs::metadata(data.join("run")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(data.join("run/model.log")).unwrap().permissions().mode() & 0o777, 0o600);
        // Its place is taken by one that ends: it is started until it listens, or nobody waits any more. It sees nothing of our environment.
        let path = script(folder.path(), &format!("echo \"$# $1 $HOME$(pwd)\" >> {}/starts", folder.path().display()));
        let taken = SharedProgram::at(path, &data, "model");
        let patience = Instant::now() + Duration::from_millis(300);
        assert_eq!(taken.connect(patience, &no).unwrap_err(), TalkError::TimedOut);
        let starts = std::fs::read_to_string(folder.path().join("starts")).unwrap();
        // Not as fast as can be.
        assert!((2..=4).contains(&starts.lines().count()), "{starts}");
        assert!(starts.lines().all(|line| line == "2 --data /"), "{starts}");
        // Somebody who does not want it any more is told so.
        let stopped = Cancel::new();
        stopped.cancel();
        assert_eq!(taken.connect(soon(), &stopped).unwrap_err(), TalkError::Cancelled);
    }

    #[test]
    fn what_it_said_last_is_one_line_that_steers_nothing_and_its_log_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let program = SharedProgram::at(script(folder.path(), "echo new >&2; exit 1"), folder.path(), "model");
        assert_eq!(program.last_words(), None);
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let log = folder.path().join("run/model.log");
        std::fs::write(&log, format!("first\n\u{1b}[31mlast {}\u{7}\n \n\n", "x".repeat(300))).unwrap();
        let said = program.last_words().unwrap();
        assert!(said.starts_with("[31mlast xxx") && said.len() == 200, "{said}");
        let failed = program.connect(soon(), &Cancel::new()).unwrap_err();
        assert_eq!(failed, TalkError::Failed("new".into()));
        assert!(std::fs::read_to_string(&log).unwrap().starts_with("first\n"), "what was there stays");
        std::fs::write(&log, vec![b'\n'; 1 << 20]).unwrap();
        assert_eq!(program.connect(soon(), &Cancel::new()).unwrap_err(), TalkError::Failed("new".into()));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "new\n");
        assert!(!SharedProgram::at(folder.path().to_path_buf(), folder.path(), "model").is_there(), "a folder");
        let beside = SharedProgram::beside("other", folder.path(), "model");
        assert_eq!(beside.program().parent(), std::env::current_exe().unwrap().parent());
    }
}
