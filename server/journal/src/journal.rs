//! The handle that the rest of Holdover holds: cheap to clone, and never makes a caller wait who did not ask to.
//! It owns the writer's thread; dropping the last clone writes what still waits and closes the files.

use crate::draft::{Draft, Prepared};
use crate::error::{JournalError, OpenError};
use crate::folder::Files;
use crate::key::Keys;
use crate::key::lock::Lock;
use crate::read::{self, Filter, Readers};
use crate::reserve::{Reserve, ReserveFile};
use crate::rows::TOGETHER;
use crate::store;
use crate::time::rfc3339;
use crate::tx::{Place, Tx};
use crate::watch::{Change, Watch};
use crate::writer::{Backlog, Command, Writer};
use contract::{Delivery, JournalEntry};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use ulid::Ulid;

/// An open journal. Clones share one writer; every method may be called from any thread.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    id: Ulid,
    newer: Option<u32>,
    readers: Readers,
    backlog: Arc<Backlog>,
    queue: Option<Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    from_session: bool,
    #[expect(dead_code, reason = "held until the files are closed: fields are dropped after `drop`")]
    lock: Option<Lock>,
}

/// Work that the writer has been given.
struct Running<T> {
    done: Receiver<Result<(), JournalError>>,
    value: Receiver<T>,
    closed: JournalError,
}

impl<T> Running<T> {
    /// Until it is committed, or is not.
    fn wait(self) -> Result<T, JournalError> {
        let Running { done, value, closed } = self;
        done.recv().map_err(|_| closed.clone())??;
        value.recv().map_err(|_| closed)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("id", &self.inner.id).field("folder", &self.folder()).finish_non_exhaustive()
    }
}

impl Journal {
    /// Whether there is nothing of a journal in `folder` yet, so that opening one makes it, which waits for the disk.
    #[must_use]
    pub fn is_absent(folder: &Path) -> bool {
        let files = Files::of(folder);
        let absent = |path: &Path| path.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        absent(&files.database) && absent(&files.description)
    }

    /// Opens the journal in `folder` (the data folder), and makes folder (0700), key file (0600) and database if they are not
    /// there. Takes about a millisecond, whatever the number of events; blocks for longer only while another process makes
    /// the same journal. In every error the files are as they were. A journal of a newer format is opened to be read: see
    /// [`Journal::newer`].
    pub fn open(folder: &Path) -> Result<Journal, OpenError> {
        Journal::open_with(folder, &Keys::default())
    }

    /// Like [`Journal::open`], for a journal whose key may be kept elsewhere than in the file beside it. As long as it takes
    /// whom it asks for the key; with [`Keys::at_hand`] nobody is.
    pub fn open_with(folder: &Path, keys: &Keys) -> Result<Journal, OpenError> {
        let files = Files::of(folder);
        let patience = if keys.at_hand { Duration::ZERO } else { crate::patience::PATIENCE };
        let opened = store::open(&files, keys, patience)?;
        let backlog = Arc::new(Backlog::default());
        let (queue, commands) = unbounded();
        let writer = Writer {
            connection: opened.writer,
            device: opened.device,
            file: files.database.clone(),
            backlog: Arc::clone(&backlog),
            reserve: ReserveFile::of(&files),
            newer: opened.newer,
            full: None,
            views_wait: false,
        };
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || writer.run(&commands))
            .map_err(|e| OpenError::Io {
                file: folder.to_owned(),
                what: "start a thread for",
                detail: e.to_string(),
            })?;
        let inner = Inner {
            id: opened.journal,
            newer: opened.newer,
            readers: Readers::new(files, opened.key),
            backlog,
            queue: Some(queue),
            writer: Some(thread),
            from_session: opened.from_session,
            lock: opened.lock,
        };
        Ok(Journal { inner: Arc::new(inner) })
    }

    /// The journal's own ULID, as in `journal.json`.
    pub fn id(&self) -> Ulid {
        self.inner.id
    }

    /// Whether the key is one that the user unlocked for this login session, and may lock again.
    pub fn is_from_session(&self) -> bool {
        self.inner.from_session
    }

    /// Why nothing is recorded, where a later version of Holdover has written this journal: it is read, and every write answers
    /// with this.
    pub fn newer(&self) -> Option<JournalError> {
        let found = self.inner.newer?;
        Some(JournalError::Newer { file: self.file(), found, known: crate::folder::FORMAT })
    }

    /// The database's file.
    pub fn database(&self) -> &Path {
        &self.inner.readers.files.database
    }

    /// Bytes on the disk: the database and the log beside it.
    pub fn bytes(&self) -> u64 {
        let files = &self.inner.readers.files;
        let database = crate::folder::database_size(files).ok().flatten().unwrap_or(0);
        database + crate::folder::size_of_log(files)
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.inner.readers.files.folder
    }

    /// Whether this is the writer's own thread, on which nothing may wait for the writer.
    pub(crate) fn on_writer_thread(&self) -> bool {
        self.inner.writer.as_ref().is_some_and(|writer| writer.thread().id() == std::thread::current().id())
    }

    fn may_wait(&self) -> Result<(), JournalError> {
        if self.on_writer_thread() {
            let detail = "a transaction waits for another one; use the `Tx` that was given to it".to_owned();
            return Err(JournalError::InvalidDraft { detail });
        }
        Ok(())
    }

    /// Writes an event and waits until it is committed; with [`Draft::intent`], until it is flushed to the disk.
    pub fn append(&self, draft: Draft) -> Result<JournalEntry, JournalError> {
        self.may_wait()?;
        let event = draft.prepare()?;
        let (id, entity, wall_ms) = (event.header.id, event.header.entity, event.header.wall_ms);
        let (reply, answer) = bounded(1);
        self.send(Command::Append { event, reply: Some(reply) })?;
        let Place { log, seq, .. } = answer.recv().map_err(|_| self.closed())??;
        Ok(JournalEntry {
            id: id.to_string(),
            log: hex::encode(log),
            seq,
            at: rfc3339(wall_ms),
            actor: draft.actor,
            kind: draft.kind,
            entity: entity.to_string(),
            lane: draft.lane,
            state: if draft.intent { Delivery::Durable } else { Delivery::Saved },
            uploaded_to: Vec::new(),
            seen_by: Vec::new(),
            held: None,
            workspace: draft.workspace.map(|w| w.to_string()),
            payload: draft.payload,
            left: Vec::new(),
        })
    }

    /// Writes events in one transaction, all of them or none, and waits until they are committed; `durable`, or where one of
    /// them is meant ([`Draft::intent`]): until they are flushed to the disk. They are made ready on the caller's thread, while
    /// the writer's, which takes longer for each, writes the ones before. Meant for up to some thousand.
    pub fn append_all(&self, drafts: &[Draft], durable: bool) -> Result<Vec<Ulid>, JournalError> {
        self.may_wait()?;
        let prepare = |part: &[Draft]| part.iter().map(Draft::prepare).collect::<Result<Vec<Prepared>, _>>();
        let full = durable || drafts.iter().any(|draft| draft.intent);
        let (ready_in, ready) = unbounded::<Result<Vec<Prepared>, JournalError>>();
        let (closed, wanted) = (self.closed(), drafts.len());
        let mut written: Vec<Prepared> = Vec::with_capacity(wanted);
        // They come back, so that the writer need not take them apart.
        let running = self.begin_write(full, full, move |tx| {
            while written.len() < wanted {
                let mut part = ready.recv().map_err(|_| closed.clone())??;
                tx.place_all(&mut part.iter_mut().collect::<Vec<_>>())?;
                written.append(&mut part);
            }
            Ok(written)
        })?;
        for part in drafts.chunks(TOGETHER).map(prepare) {
            let is_last = part.is_err();
            // The writer may have given up.
            if ready_in.send(part).is_err() || is_last {
                break;
            }
        }
        drop(ready_in);
        Ok(running.wait()?.iter().map(|event| event.header.id).collect())
    }

    /// Hands an event to the writer and returns at once with the id it will have. Events that wait together are written
    /// together. What goes wrong later is logged, and kept for [`Journal::trouble`].
    pub fn post(&self, draft: &Draft) -> Result<Ulid, JournalError> {
        self.post_prepared(draft.prepare()?)
    }

    fn post_prepared(&self, event: Prepared) -> Result<Ulid, JournalError> {
        let (id, bytes) = (event.header.id, event.payload.len());
        self.inner.backlog.enter(bytes).map_err(|events| JournalError::QueueFull { file: self.file(), events })?;
        self.send(Command::Append { event, reply: None }).inspect_err(|_| self.inner.backlog.leave(bytes))?;
        Ok(id)
    }

    /// Waits until everything that this process posted before is written and flushed to the disk.
    pub fn flush(&self) -> Result<(), JournalError> {
        self.write(true, |tx| {
            let flushed = "UPDATE log SET durable_pos = (SELECT coalesce(max(pos), 0) FROM event) WHERE own = 1";
            tx.connection.execute(flushed, []).map(drop).map_err(|e| tx.error(&e))
        })
    }

    /// The last thing that could not be written although nobody waited for it.
    pub fn trouble(&self) -> Option<JournalError> {
        self.inner.backlog.trouble()
    }

    /// How the room stands that is kept for decisions when the disk is full, as the last transaction of this process found it.
    pub fn reserve(&self) -> Reserve {
        self.inner.backlog.reserve()
    }

    /// The same as a look at the disk finds it now, which changes nothing.
    pub fn look_at_reserve(&self) -> Reserve {
        ReserveFile::of(&self.inner.readers.files).look()
    }

    /// Runs `work` in one transaction on the writer's thread and waits for the commit; `durable`: for the flush as well.
    /// Nothing of it is stored if it answers with an error or panics. Inside it, methods of the [`Journal`] that wait answer with an error.
    pub fn write<T: Send + 'static>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.write_if(durable, true, work)
    }

    pub(crate) fn write_if<T: Send + 'static>(
        &self,
        durable: bool,
        needed: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.may_wait()?;
        self.begin_write(durable, needed, work)?.wait()
    }

    /// As [`Journal::write_if`], without waiting.
    fn begin_write<T: Send + 'static>(
        &self,
        durable: bool,
        needed: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<Running<T>, JournalError> {
        let (value_in, value_out) = bounded(1);
        let (done_in, done_out) = bounded(1);
        self.send(Command::Run {
            full: durable,
            needed,
            work: Box::new(move |tx| {
                // The receiver lives until the answer is in.
                let _ = value_in.send(work(tx)?);
                Ok(())
            }),
            done: Box::new(move |result| drop(done_in.send(result))),
        })?;
        Ok(Running { done: done_out, value: value_out, closed: self.closed() })
    }

    /// Runs `work` like [`Journal::write`], without a flush and without waiting; trouble is logged. What is not `needed` is not
    /// done while the disk is full.
    pub(crate) fn write_later(
        &self,
        needed: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<(), JournalError> + Send + 'static,
    ) {
        let done = |result: Result<(), JournalError>| {
            if let Err(error) = result {
                tracing::warn!("the journal could not note something: {error}");
            }
        };
        let _ = self.send(Command::Run { full: false, needed, work: Box::new(work), done: Box::new(done) });
    }

    /// Events in the order of their places.
    pub fn entries(&self, filter: &Filter) -> Result<Vec<JournalEntry>, JournalError> {
        let mut entries = Vec::new();
        self.for_each(filter, |_, entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok(entries)
    }

    /// Calls `each` with place and event until it breaks; one event is in memory at a time.
    pub fn for_each(
        &self,
        filter: &Filter,
        each: impl FnMut(u64, JournalEntry) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.inner.readers.with(|connection| read::for_each(connection, filter, each))
    }

    /// Place of the last event; 0 where there is none.
    pub fn head(&self) -> Result<u64, JournalError> {
        self.inner.readers.with(store::head)
    }

    /// Number of events. Equal to [`Journal::head`]: events are never removed, only their payloads.
    pub fn count(&self) -> Result<u64, JournalError> {
        self.head()
    }

    /// Calls `callback` on a thread of its own when events were committed by any process, this one included: within 100 ms
    /// where the system tells of changed files. Ends when the [`Watch`] is dropped.
    pub fn watch(&self, callback: impl FnMut(Change) + Send + 'static) -> Result<Watch, JournalError> {
        Watch::begin(&self.inner.readers.files, &self.inner.readers.key, self.head()?, callback)
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        self.inner.readers.with(read)
    }

    /// Lends files and key to what opens a connection of its own.
    pub(crate) fn with_files<T>(&self, work: impl FnOnce(&Files, &crate::folder::Key) -> T) -> T {
        work(&self.inner.readers.files, &self.inner.readers.key)
    }

    /// Like [`Journal::read`], with the key.
    pub(crate) fn read_keyed<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection, &crate::folder::Key) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        self.inner.readers.with(|connection| read(connection, &self.inner.readers.key))
    }

    fn send(&self, command: Command) -> Result<(), JournalError> {
        let queue = self.inner.queue.as_ref().ok_or_else(|| self.closed())?;
        queue.send(command).map_err(|_| self.closed())
    }

    fn closed(&self) -> JournalError {
        JournalError::Closed { file: self.file() }
    }

    pub(crate) fn files(&self) -> &Files {
        &self.inner.readers.files
    }

    fn file(&self) -> std::path::PathBuf {
        self.inner.readers.files.database.clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Readers go first: the writer is then the last connection of this process, and tidies the files.
        self.readers.close();
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}
