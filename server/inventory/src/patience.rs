//! Looks on threads that can be left behind: one that waits for a file system for too long is given up, with what it waits for.
//! May not look at anything itself; what is given up is made known to [`crate::reach`], so that the next look passes it over.

use crate::memory::Memory;
use crate::reach::{Desk, Open};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether somebody waits too long.
const TICK: Duration = Duration::from_millis(50);
/// How long a look that was cancelled may still wait for a file system.
const GRACE: Duration = Duration::from_secs(1);
/// A folder is given up for each look that waits; after so many in one question everything is.
const MOST: usize = 8;

/// Threads that look, and the desks at which they sit.
struct Room {
    pool: rayon::ThreadPool,
    desks: Vec<Arc<Desk>>,
}

/// The threads of this process that look. Others take their place when one of them is left behind.
static ROOM: Mutex<Option<Arc<Room>>> = Mutex::new(None);

fn room() -> Option<Arc<Room>> {
    let mut room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    if room.is_none() {
        // Asking rayon how many would have it start threads of its own.
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let desks: Vec<Arc<Desk>> = (0..count).map(|_| Arc::default()).collect();
        let own = desks.clone();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(desks.len())
            .thread_name(|at| format!("look-{at}"))
            .start_handler(move |at| {
                if let Some(desk) = own.get(at) {
                    desk.sit();
                }
            })
            .build()
            .ok()?;
        *room = Some(Arc::new(Room { pool, desks }));
    }
    room.clone()
}

/// Nobody looks in this room any more; who waits there ends when he is answered.
fn leave(left: &Arc<Room>) {
    let mut room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    if room.as_ref().is_some_and(|room| Arc::ptr_eq(room, left)) {
        *room = None;
    }
}

/// How a look ended.
pub(crate) enum Ended<T> {
    Done(T),
    /// A file system did not answer in time. What it was asked is passed over by now: look again.
    Silent,
    /// It was cancelled, and waits for a file system.
    Cancelled,
}

/// What a look asks of whoever waits for it: only there are the caller's own things.
enum Said<T> {
    Done(std::thread::Result<T>),
    Get(Vec<String>, Sender<Vec<Option<Vec<u8>>>>),
    Put(Vec<(String, Vec<u8>)>),
    Stop(Sender<bool>),
    Progress(u64, u64),
}

/// The caller's things, as a look has them.
pub(crate) struct Asker<T> {
    say: Mutex<Sender<Said<T>>>,
}

impl<T> Asker<T> {
    fn say(&self, said: Said<T>) -> bool {
        self.say.lock().unwrap_or_else(PoisonError::into_inner).send(said).is_ok()
    }

    /// A look that was left behind is told to stop.
    pub(crate) fn cancelled(&self) -> bool {
        let (tell, told) = channel();
        !self.say(Said::Stop(tell)) || told.recv().unwrap_or(true)
    }

    pub(crate) fn progress(&self, done: u64, total: u64) {
        self.say(Said::Progress(done, total));
    }
}

impl<T: Send> Memory for Asker<T> {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let (tell, told) = channel();
        let asked = self.say(Said::Get(keys.to_vec(), tell));
        asked.then(|| told.recv().ok()).flatten().unwrap_or_else(|| vec![None; keys.len()])
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        self.say(Said::Put(entries));
    }
}

/// What a caller lends a look.
#[derive(Clone, Copy)]
pub(crate) struct Lent<'a> {
    /// How long a file system may take for one answer.
    pub limit: Duration,
    pub memory: &'a dyn Memory,
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// Has `look` run on the threads that look, and waits for it no longer than a file system may take for one answer.
pub(crate) fn run<T: Send + 'static>(lent: Lent<'_>, look: impl FnOnce(&Asker<T>) -> T + Send + 'static) -> Ended<T> {
    let (say, said) = channel();
    let asker = Asker { say: Mutex::new(say) };
    let work = move || {
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| look(&asker)));
        asker.say(Said::Done(told));
    };
    if let Some(room) = room() {
        room.pool.spawn(work);
        return wait(&room, lent, &said);
    }
    // Without threads there is nobody to leave behind.
    let ended = std::thread::scope(|scope| {
        scope.spawn(work);
        attend(lent, &said)
    });
    ended.map_or(Ended::Cancelled, Ended::Done)
}

fn attend<T>(lent: Lent<'_>, said: &Receiver<Said<T>>) -> Option<T> {
    loop {
        if let Some(done) = answer(lent, said.recv().ok()?) {
            return Some(done);
        }
    }
}

/// Answers a look; with what it came to, when it is over.
fn answer<T>(lent: Lent<'_>, said: Said<T>) -> Option<T> {
    // Who asked may have been left behind meanwhile.
    match said {
        Said::Done(Ok(done)) => return Some(done),
        Said::Done(Err(panic)) => std::panic::resume_unwind(panic),
        Said::Get(keys, tell) => drop(tell.send(lent.memory.get_many(&keys))),
        Said::Put(entries) => lent.memory.put_many(entries),
        Said::Stop(tell) => drop(tell.send((lent.cancelled)())),
        Said::Progress(done, total) => (lent.progress)(done, total),
    }
    None
}

fn wait<T>(room: &Arc<Room>, lent: Lent<'_>, said: &Receiver<Said<T>>) -> Ended<T> {
    let mut known: HashMap<usize, (Open, Instant)> = HashMap::new();
    let mut looked = Instant::now();
    let mut stopped: Option<Instant> = None;
    loop {
        match said.recv_timeout(TICK) {
            Ok(said) => {
                if let Some(done) = answer(lent, said) {
                    return Ended::Done(done);
                }
                if looked.elapsed() < TICK {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Its thread is gone without a word.
            Err(RecvTimeoutError::Disconnected) => return Ended::Cancelled,
        }
        looked = Instant::now();
        let now: Vec<Option<Open>> = room.desks.iter().map(|desk| desk.open()).collect();
        for (at, open) in now.into_iter().enumerate() {
            match open {
                Some(open) if known.get(&at).is_none_or(|(before, _)| *before != open) => {
                    known.insert(at, (open, looked));
                }
                Some(_) => {}
                None => drop(known.remove(&at)),
            }
        }
        if stopped.is_none() && (lent.cancelled)() {
            stopped = Some(looked);
        }
        let waits = |than: Duration| known.values().any(|(_, since)| since.elapsed() >= than);
        if waits(lent.limit) {
            if give_up(room, &known, lent.limit) {
                return Ended::Silent;
            }
        } else if stopped.is_some_and(|since| since.elapsed() >= GRACE) && waits(GRACE) {
            leave(room);
            return Ended::Cancelled;
        }
    }
}

/// Gives up what waits for longer than the limit; `false`: nothing does any more.
fn give_up(room: &Arc<Room>, known: &HashMap<usize, (Open, Instant)>, limit: Duration) -> bool {
    let late = known.iter().filter(|(_, (_, since))| since.elapsed() >= limit);
    let mut any = false;
    for (&at, (open, _)) in late {
        let all = crate::reach::silent().len() >= MOST;
        let place = if all { PathBuf::from("/") } else { place(&open.path) };
        any |= room.desks.get(at).is_some_and(|desk| desk.give_up(open, &place));
    }
    if any {
        leave(room);
    }
    any
}

/// File systems of this machine's own disks and memory: what one of them does not answer is given up alone.
#[cfg(target_os = "linux")]
const OWN: [&str; 16] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "f2fs", "zfs", "overlay", "bcachefs", "rootfs", "vfat",
    "exfat", "squashfs", "erofs",
];

/// What is passed over for the sake of a path that was not answered: all of its file system, as far as that can be told.
#[cfg(target_os = "linux")]
fn place(path: &Path) -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    within(path, &mounts_in(&mounts), &|link| std::fs::read_link(link).ok())
}

#[cfg(not(target_os = "linux"))]
fn place(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_path_buf()
}

/// Where file systems begin, and whether each is of this machine's own.
#[cfg(target_os = "linux")]
fn mounts_in(text: &str) -> Vec<(PathBuf, bool)> {
    let plain = |field: &str| {
        // Spaces and the like stand there as octal numbers.
        let mut out = Vec::new();
        let mut rest = field.as_bytes();
        while let Some((&first, behind)) = rest.split_first() {
            let digits = behind.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
            let escaped = digits.filter(|_| first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
            out.push(escaped.unwrap_or(first));
            rest = if escaped.is_some() { &behind[3..] } else { behind };
        }
        PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(out))
    };
    let mount = |line: &str| {
        let (front, back) = line.split_once(" - ")?;
        Some((plain(front.split(' ').nth(4)?), OWN.contains(&back.split(' ').next()?)))
    };
    text.lines().filter_map(mount).collect()
}

/// The shortest beginning of a path that lies on a file system of another kind, links followed as far as that; else its folder.
/// Links are read on this machine's own file systems only.
#[cfg(target_os = "linux")]
fn within(path: &Path, mounts: &[(PathBuf, bool)], link: &dyn Fn(&Path) -> Option<PathBuf>) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let foreign = |path: &Path| {
        let over = mounts.iter().filter(|(mount, _)| path.starts_with(mount));
        // Of several at one place the last is the one that is seen.
        let nearest = over.enumerate().max_by_key(|(at, (mount, _))| (mount.components().count(), *at));
        nearest.is_some_and(|(_, (_, own))| !own)
    };
    let (mut real, mut spelled, mut links) = (PathBuf::new(), PathBuf::new(), 0);
    for part in path.components() {
        spelled.push(part);
        if part == std::path::Component::ParentDir {
            real.pop();
            continue;
        }
        real.push(part);
        while !foreign(&real)
            && links < MOST_LINKS
            && let Some(to) = link(&real)
        {
            links += 1;
            real.pop();
            for part in to.components() {
                match part {
                    std::path::Component::ParentDir => drop(real.pop()),
                    part => real.push(part),
                }
            }
        }
        if foreign(&real) {
            return spelled;
        }
    }
    path.parent().unwrap_or(path).to_path_buf()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use crate::memory::NoMemory;
    use crate::reach;

    const LENT: Lent<'_> =
        Lent { limit: Duration::from_millis(300), memory: &NoMemory, cancelled: &|| false, progress: &|_, _| () };

    #[test]
    fn what_is_given_up_is_passed_over_until_it_is_answered() {
        // In a folder of its own, because the tests of a crate may share a process.
        let place = PathBuf::from("/nowhere/that/is/silent");
        let path = place.join("file");
        let (answer, answered) = std::sync::mpsc::channel::<()>();
        let (asked, ended) = (path.clone(), std::sync::mpsc::channel::<()>());
        let gone = ended.0;
        let look = move |_: &Asker<()>| {
            let _gone = gone;
            let _ = reach::ask(&asked, || answered.recv().map_err(|_| std::io::ErrorKind::Other.into()));
        };
        assert!(matches!(run(LENT, look), Ended::Silent));
        assert!(reach::is_silent(&path) && reach::silent().contains(&place));
        // Nobody else waits: it is not even asked.
        let asked = path.clone();
        let look = move |_: &Asker<Option<std::io::ErrorKind>>| {
            reach::ask::<()>(&asked, || panic!("it was asked")).err().map(|e| e.kind())
        };
        let Ended::Done(told) = run(Lent { limit: Duration::from_mins(1), ..LENT }, look) else { panic!("given up") };
        assert_eq!(told, Some(std::io::ErrorKind::TimedOut));
        // The answer comes after all.
        answer.send(()).unwrap();
        assert!(ended.1.recv().is_err(), "the look that was left behind has ended");
        assert!(!reach::is_silent(&path));
        assert!(reach::ask(&path, || Ok(())).is_ok());
    }

    #[test]
    fn a_look_that_is_cancelled_is_not_waited_for_where_it_waits_itself() {
        let (_answer, answered) = std::sync::mpsc::channel::<()>();
        let look = move |_: &Asker<()>| {
            let _ = reach::ask(Path::new("/elsewhere/cancelled/file"), || {
                answered.recv().map_err(|_| std::io::ErrorKind::Other.into())
            });
        };
        let lent = Lent { limit: Duration::from_mins(10), cancelled: &|| true, ..LENT };
        assert!(matches!(run(lent, look), Ended::Cancelled));
    }

    #[test]
    fn whoever_thinks_for_long_is_not_given_up() {
        let begun = Instant::now();
        let look = move |_: &Asker<()>| while begun.elapsed() < TICK * 10 {};
        assert!(matches!(run(LENT, look), Ended::Done(())));
    }

    #[test]
    fn a_whole_file_system_is_passed_over_also_where_a_link_leads_into_it() {
        let mounts = mounts_in(
            "22 1 254:0 / / rw - ext4 /dev/root rw\n31 22 0:40 / /mnt/far\\040away rw shared:1 - nfs4 host:/x rw\n\
             32 22 0:41 / /home rw - xfs /dev/b rw\n",
        );
        assert_eq!(mounts[1], (PathBuf::from("/mnt/far away"), false));
        let link = |path: &Path| match path.to_str().unwrap() {
            "/home/me/.cargo" => Some(PathBuf::from("../../mnt/far away/cargo")),
            "/home/me/loop" => Some(PathBuf::from("loop")),
            path => {
                assert!(!path.starts_with("/mnt/far"), "{path} would not answer");
                None
            }
        };
        for (path, place) in [
            ("/home/me/.cargo/a/b", "/home/me/.cargo"),
            ("/mnt/far away/a/b", "/mnt/far away"),
            ("/home/me/.npm/x/y", "/home/me/.npm/x"),
            ("/home/me/loop/x", "/home/me/loop"),
        ] {
            assert_eq!(within(Path::new(path), &mounts, &link), Path::new(place), "{path}");
        }
    }
}
