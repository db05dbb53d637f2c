//! Notice of new events, whichever process wrote them: the system tells of a changed file, SQLite tells of a changed version.
//! It says that there is something to read and where it begins; it does not read it.

use crate::connect::connect_reader;
use crate::error::JournalError;
use crate::folder::{Files, Key};
use crate::patience::journal_error;
use crate::store::head;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, bounded, never};
use notify::Watcher;
use rusqlite::Connection;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it is looked where it does not: leaves room for the rest of the 100 ms.
const POLL: Duration = Duration::from_millis(40);
/// Pause after a notice, so that a burst of commits is one notice and not a thousand.
const PAUSE: Duration = Duration::from_millis(10);

/// How long it is waited for that the system has taken a watch back.
const FAREWELL: Duration = Duration::from_millis(200);

/// When to look again after the system told of a change: it tells when the log is written, and the commit that makes it
/// visible comes after that, after a flush if there is one.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(4), Duration::from_millis(15), Duration::from_millis(50)];

/// Events after `after`, up to `head`, are new; `moved` says that some have come further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Last place that was there before: use it as [`crate::Filter::after`].
    pub after: u64,
    /// Last place that is there now.
    pub head: u64,
    /// Whether events have come further than they were: into a segment, to a remote, or to a device that told so. An attempt to
    /// reach a remote counts.
    pub moved: bool,
}

/// Ends the notices when it is dropped.
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    pub(crate) fn begin(
        files: &Files,
        key: &Key,
        from: u64,
        callback: impl FnMut(Change) + Send + 'static,
    ) -> Result<Watch, JournalError> {
        let (stop, stopped) = bounded::<()>(0);
        let (wake, woken) = bounded::<()>(1);
        let (files, key) = (files.clone(), key.clone());
        let file = files.database.clone();
        let connection = connect_reader(&files, &key).map_err(|e| journal_error(&file, "watch", &e))?;
        // Before the caller goes on: what comes further from now on is told.
        let marks = marks(&connection).unwrap_or_default();
        let run = move || {
            // Set up here and not by the caller: it can take milliseconds. What was written meanwhile is seen by the first look.
            let watcher = told_of_changes(&files, wake);
            // Where the system tells, an idle server sleeps: a notice that is lost is itself told of, as a change of nothing named.
            let every = if watcher.is_some() { None } else { Some(POLL) };
            let mut looks = Looks { connection, version: None, last: from, marks, callback };
            let mut again = AGAIN.iter();
            loop {
                let wait = if looks.look() {
                    // A watch that ends must not wait for the pause.
                    if stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                    again = AGAIN.iter();
                    Some(Duration::ZERO)
                } else {
                    again.next().copied().or(every)
                };
                let timeout = wait.map_or_else(never, after);
                crossbeam_channel::select! {
                    recv(stopped) -> _ => return,
                    recv(woken) -> _ => again = AGAIN.iter(),
                    recv(timeout) -> _ => {}
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("journal-watch".to_owned())
            .spawn(run)
            .map_err(|e| JournalError::Database { file, what: "start a thread to watch", detail: e.to_string() })?;
        Ok(Watch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

struct Looks<F> {
    connection: Connection,
    version: Option<i64>,
    last: u64,
    marks: Marks,
    callback: F,
}

impl<F: FnMut(Change)> Looks<F> {
    /// Whether there was something new.
    fn look(&mut self) -> bool {
        match self.try_look() {
            Ok(Some(change)) => {
                self.last = change.head;
                (self.callback)(change);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::debug!("the journal could not be looked at: {error}");
                false
            }
        }
    }

    fn try_look(&mut self) -> rusqlite::Result<Option<Change>> {
        // Changes with every commit of another connection; reading it touches no page of the file.
        let version = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let (head, marks) = (head(&self.connection)?, marks(&self.connection)?);
        self.version = Some(version);
        let moved = std::mem::replace(&mut self.marks, marks) != marks;
        Ok((head > self.last || moved).then_some(Change { after: self.last, head, moved }))
    }
}

/// Sums that change whenever an event comes further: places that are sealed, that devices have told of, and that remotes hold, with
/// the attempts to reach them.
type Marks = (i64, i64, i64);

fn marks(connection: &Connection) -> rusqlite::Result<Marks> {
    let sealed =
        connection.prepare_cached("SELECT coalesce(sum(sealed_seq), 0) FROM log")?.query_row([], |row| row.get(0))?;
    let there = "SELECT EXISTS (SELECT 1 FROM view WHERE name = 'seen' AND version = ?1)";
    let there: bool = connection.prepare_cached(there)?.query_row([crate::view::SEEN], |row| row.get(0))?;
    let told = if there {
        // Of others' hands: they are added up without an overflow.
        let sum = "SELECT CAST(total(seq % 1048573) + 7 * count(*) AS INTEGER) FROM seen";
        connection.prepare_cached(sum)?.query_row([], |row| row.get(0))?
    } else {
        0
    };
    let held = "SELECT CAST(total(held % 1048573) + 7 * count(*) AS INTEGER) FROM remote_log";
    let held: i64 = connection.prepare_cached(held)?.query_row([], |row| row.get(0))?;
    let tried = "SELECT CAST(total(coalesce(tried_ms, added_ms) % 1048573) AS INTEGER) + 7 * count(*) FROM remote";
    let tried: i64 = connection.prepare_cached(tried)?.query_row([], |row| row.get(0))?;
    Ok((sealed, told, held.wrapping_mul(31).wrapping_add(tried)))
}

/// What the system tells with. The library only asks its thread to end; dropping this waits until it has, so that a process
/// that ends next does not wait in the kernel for it.
struct Told {
    watcher: Option<notify::RecommendedWatcher>,
    /// Closed when the library's thread has gone.
    ended: Receiver<()>,
}

impl Drop for Told {
    fn drop(&mut self) {
        drop(self.watcher.take());
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

/// Wakes the thread when the database or its WAL changes; `None` where the system cannot tell.
fn told_of_changes(files: &Files, wake: Sender<()>) -> Option<Told> {
    let name = files.database.file_name()?.to_owned();
    let (alive, ended) = bounded::<()>(0);
    let told = move |event: notify::Result<notify::Event>| {
        let _ = &alive;
        let Ok(event) = event else { return };
        let ours = |path: &std::path::PathBuf| {
            path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(name.as_encoded_bytes()))
        };
        if !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(ours)) {
            // Full: the thread will look anyway.
            let _ = wake.try_send(());
        }
    };
    let watcher = notify::recommended_watcher(told).and_then(|mut watcher| {
        watcher.watch(&files.folder, notify::RecursiveMode::NonRecursive)?;
        Ok(Told { watcher: Some(watcher), ended })
    });
    watcher.inspect_err(|e| tracing::info!("the system does not tell of changes, so the journal is polled: {e}")).ok()
}
