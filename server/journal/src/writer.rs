//! The one thread of a process that writes: takes what waits, writes it together, and tells who asked.
//! Events that wait at the same time share a transaction; other work has one of its own.

use crate::draft::Prepared;
use crate::error::JournalError;
use crate::folder::FORMAT;
use crate::patience::{begin, journal_error};
use crate::reserve::{self, Reserve, ReserveFile};
use crate::store::{Device, refresh_device};
use crate::tx::{Place, Tx};
use crate::view;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Nothing to write for so long: time for the projections.
const IDLE: Duration = Duration::from_millis(200);
/// Between two transactions of theirs, so that other processes, which look every millisecond, get the lock.
const BREATH: Duration = Duration::from_millis(4);
/// Most events of one transaction: keeps other processes' wait at the lock below some milliseconds.
const MOST_TOGETHER: usize = 512;
/// Most bytes of payload of one transaction, for the same reason.
const MOST_BYTES: usize = 4 << 20;
/// Most posted events that may wait, and their bytes.
const MOST_WAITING: (usize, usize) = (65_536, 64 << 20);

/// Work that runs inside a transaction.
pub(crate) type Work = Box<dyn FnOnce(&mut Tx<'_>) -> Result<(), JournalError> + Send>;
/// Told once the transaction was committed, or was not.
pub(crate) type Done = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

#[expect(clippy::large_enum_variant, reason = "nearly every command is an event, and a box would cost each of them")]
pub(crate) enum Command {
    /// Write an event; tell where it was put, if somebody waits.
    Append { event: Prepared, reply: Option<Sender<Result<Place, JournalError>>> },
    /// Run something in a transaction of its own. What is not `needed` can be found out again, and is refused when the disk is full.
    Run { full: bool, needed: bool, work: Work, done: Done },
}

/// What waits, counted by those who post; and the last trouble, for those who did not wait to hear of it.
#[derive(Default)]
pub(crate) struct Backlog {
    events: AtomicUsize,
    bytes: AtomicUsize,
    trouble: Mutex<Option<JournalError>>,
    reserve: Mutex<Reserve>,
}

impl Backlog {
    /// The reserve as the last transaction found it.
    pub fn reserve(&self) -> Reserve {
        *self.reserve.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a place in the queue; `Err` with the number that waits where there is none.
    pub fn enter(&self, bytes: usize) -> Result<(), usize> {
        let events = self.events.fetch_add(1, Ordering::Relaxed);
        let queued = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if events >= MOST_WAITING.0 || queued + bytes > MOST_WAITING.1 {
            self.leave(bytes);
            return Err(events);
        }
        Ok(())
    }

    pub fn leave(&self, bytes: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The last thing that could not be written although nobody waited for it.
    pub fn trouble(&self) -> Option<JournalError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, error: &JournalError) {
        tracing::error!("an event was not written: {error}");
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }
}

pub(crate) struct Writer {
    pub connection: Connection,
    pub device: Device,
    pub file: PathBuf,
    pub backlog: Arc<Backlog>,
    pub reserve: ReserveFile,
    /// The journal's format, where it is newer than what is known here: nothing is written.
    pub newer: Option<u32>,
    pub full: Option<bool>,
    /// Events were written since the projections were last looked at.
    pub views_wait: bool,
}

type Waiting = (Prepared, Option<Sender<Result<Place, JournalError>>>);

impl Writer {
    /// Runs until every sender is gone and everything that was sent is written.
    pub fn run(mut self, queue: &Receiver<Command>) {
        let mut next = queue.recv().ok();
        while let Some(command) = next.take() {
            match command {
                Command::Run { full, needed, work, done } => {
                    let run = || self.transact(full, needed, work);
                    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
                        Err(JournalError::Database {
                            file: self.file.clone(),
                            what: "write",
                            detail: "the work panicked; nothing of it was stored".to_owned(),
                        })
                    });
                    done(result);
                }
                Command::Append { event, reply } => {
                    let mut bytes = event.payload.len();
                    let mut together = vec![(event, reply)];
                    while together.len() < MOST_TOGETHER && bytes < MOST_BYTES {
                        match queue.try_recv() {
                            Ok(Command::Append { event, reply }) => {
                                bytes += event.payload.len();
                                together.push((event, reply));
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.append_all(together);
                }
            }
            if next.is_none() {
                next = self.next(queue);
            }
        }
    }

    /// Waits for the next command. Where nothing comes for a while after events were written, the projections are brought up
    /// to them, a short transaction at a time.
    fn next(&mut self, queue: &Receiver<Command>) -> Option<Command> {
        let mut pause = IDLE;
        // What is done while nothing is asked would be another commit, at a time that no seed tells.
        #[cfg(feature = "simulated")]
        {
            self.views_wait &= !crate::simulated::is_on();
        }
        while self.views_wait {
            match queue.recv_timeout(pause) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            pause = BREATH;
            let mut left = 0;
            let stepped = self.in_transaction(false, |tx| {
                left = view::step(tx.connection, view::VIEWS, view::BATCH).map_err(|e| tx.error(&e))?.events();
                Ok(())
            });
            if let Err(error) = &stepped {
                // Whoever reads looks through what the projections do not know.
                tracing::debug!("projections are not brought up to date: {error}");
            }
            self.views_wait = stepped.is_ok() && left > 0;
        }
        queue.recv().ok()
    }

    fn append_all(&mut self, mut together: Vec<Waiting>) {
        if let Some(newer) = self.newer() {
            for waiting in together {
                self.answer(waiting, Err(newer.clone()));
            }
            return;
        }
        if self.standing() == Reserve::Spent {
            together = self.refuse_all_but_decisions(together);
        }
        if together.is_empty() {
            return;
        }
        let mut places = Vec::with_capacity(together.len());
        let mut result = self.append_once(&mut together, &mut places);
        if matches!(result, Err(JournalError::DiskFull { .. }))
            && together.iter().any(|(event, _)| is_small_decision(event))
            && self.reserve.release()
        {
            self.standing();
            together = self.refuse_all_but_decisions(together);
            places.clear();
            result = self.append_once(&mut together, &mut places);
        }
        // One event must not take others with it, but a full disk or a held lock is everybody's.
        if let (Err(JournalError::Database { .. } | JournalError::Damaged { .. }), 2..) = (&result, together.len()) {
            for one in together {
                self.append_all(vec![one]);
            }
            return;
        }
        if let Err(error) = &mut result {
            places.clear();
            tracing::debug!("{} events were not written: {error}", together.len());
        }
        for (index, waiting) in together.into_iter().enumerate() {
            let answer = match &result {
                Ok(()) => Ok(places[index]),
                Err(error) => Err(error.clone()),
            };
            self.answer(waiting, answer);
        }
    }

    fn answer(&self, (event, reply): Waiting, answer: Result<Place, JournalError>) {
        match (reply, answer) {
            // Who asked may have gone.
            (Some(reply), answer) => drop(reply.send(answer)),
            (None, answer) => {
                self.backlog.leave(event.payload.len());
                if let Err(error) = answer {
                    self.backlog.tell(&error);
                }
            }
        }
    }

    /// What may be written while the reserve is spent; the rest is told why not.
    fn refuse_all_but_decisions(&self, together: Vec<Waiting>) -> Vec<Waiting> {
        let (kept, refused) = together.into_iter().partition(|(event, _)| is_small_decision(event));
        for waiting in refused {
            self.answer(waiting, Err(self.no_room()));
        }
        kept
    }

    fn no_room(&self) -> JournalError {
        JournalError::NoRoom { file: self.file.clone(), wanted: reserve::ROOM >> 20 }
    }

    /// Sees to the reserve, and tells the journal's other threads how it stands.
    fn standing(&mut self) -> Reserve {
        let standing = self.reserve.keep();
        *self.backlog.reserve.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        standing
    }

    fn append_once(&mut self, together: &mut [Waiting], places: &mut Vec<Place>) -> Result<(), JournalError> {
        let full = together.iter().any(|(event, _)| event.header.is_intent());
        self.in_transaction(full, |tx| {
            *places = tx.place_all(&mut together.iter_mut().map(|(event, _)| event).collect::<Vec<_>>())?;
            Ok(())
        })
    }

    /// Why nothing is written, where a later version has written the journal.
    fn newer(&self) -> Option<JournalError> {
        self.newer.map(|found| JournalError::Newer { file: self.file.clone(), found, known: FORMAT })
    }

    fn transact(&mut self, full: bool, needed: bool, work: Work) -> Result<(), JournalError> {
        if let Some(newer) = self.newer() {
            return Err(newer);
        }
        if self.standing() == Reserve::Spent && !needed {
            return Err(self.no_room());
        }
        // The work is done once: it cannot be seen whether it finds the disk full and then be tried again.
        if full {
            self.reserve.release_if_tight();
        }
        let result = self.in_transaction(full, work);
        if full && matches!(result, Err(JournalError::DiskFull { .. })) {
            // Whoever tries again has the room.
            self.reserve.release();
        }
        result
    }

    fn in_transaction(
        &mut self,
        full: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let failed = |e: rusqlite::Error| journal_error(&self.file, "write", &e);
        // Where no power is lost in the middle of a commit nothing is flushed: what a loss of power takes is tried by `tests/power.rs`.
        #[cfg(feature = "simulated")]
        {
            self.full = Some(full);
        }
        if self.full != Some(full) {
            let mode = if full { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            self.connection.execute_batch(mode).map_err(failed)?;
            self.full = Some(full);
        }
        #[cfg(feature = "simulated")]
        self.lives(crate::simulated::has_ended())?;
        let transaction = begin(&mut self.connection).map_err(failed)?;
        refresh_device(&transaction, &mut self.device).map_err(failed)?;
        let mut tx = Tx::new(&transaction, &self.file, &self.device);
        work(&mut tx)?;
        let wrote = tx.finish(full)?;
        drop(tx);
        #[cfg(feature = "simulated")]
        if crate::simulated::strikes(false) {
            drop(transaction);
            return if crate::planted("told-before-commit") { Ok(()) } else { self.lives(true) };
        }
        transaction.commit().map_err(failed)?;
        #[cfg(feature = "simulated")]
        self.lives(crate::simulated::strikes(true))?;
        self.views_wait |= wrote;
        Ok(())
    }
}

#[cfg(feature = "simulated")]
impl Writer {
    fn lives(&self, ended: bool) -> Result<(), JournalError> {
        if !ended {
            return Ok(());
        }
        // What a process that is killed leaves beside the database stays there.
        let _ = crate::connect::tidy_on_close(&self.connection, false);
        Err(JournalError::Closed { file: self.file.clone() })
    }
}

fn is_small_decision(event: &Prepared) -> bool {
    event.header.is_intent() && event.payload.len() <= reserve::SMALL
}
