//! Leases: work that only one process may do, handed on when its holder dies.
//! A lease alone proves nothing once it is slow; its fencing token is checked in the transaction that stores a result.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::process::{Process, boot_ms, me};
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use rusqlite::OptionalExtension;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a lease lasts without renewal, on the boot clock.
const TERM_MS: i64 = 10_000;
/// How often it is renewed: three tries before it ends.
const RENEWAL: Duration = Duration::from_secs(3);

/// Somebody else holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it is for.
    pub what: String,
    /// Their process.
    pub pid: u32,
    /// RFC 3339: since when.
    pub since: String,
}

/// Why a lease was not given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// Somebody holds it.
    #[error("`{}` is being done by process {} since {}\nhint: wait for it, or end that process", .0.what, .0.pid, .0.since)]
    Held(Held),
    /// The journal could not be asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A tool that runs under a lease: the leader of its process group, by what identifies it in this boot and namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// Process id.
    pub pid: u32,
    /// When it was started, in the kernel's ticks since boot.
    pub started: u64,
}

/// A lease that is held: renewed by itself, given back on drop.
pub struct Lease {
    what: String,
    token: u64,
    left_behind: Option<Tool>,
    journal: Journal,
    lost: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    renewal: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("what", &self.what).field("token", &self.token).finish_non_exhaustive()
    }
}

impl Journal {
    /// Takes the lease `what` if nobody holds it, or its holder died or let it run out. Answers at once.
    pub fn lease(&self, what: &str) -> Result<Lease, LeaseError> {
        let wanted = what.to_owned();
        let (token, left_behind) = match self.write(false, move |tx| take(tx, &wanted).map_err(|e| tx.error(&e)))? {
            Ok(taken) => taken,
            Err(held) => return Err(LeaseError::Held(held)),
        };
        let (stop, stopped) = bounded::<()>(1);
        let lost = Arc::new(AtomicBool::new(false));
        let (journal, name, flag) = (self.clone(), what.to_owned(), Arc::clone(&lost));
        let renewal = std::thread::Builder::new().name("journal-lease".to_owned()).spawn(move || {
            while stopped.recv_timeout(RENEWAL) == Err(RecvTimeoutError::Timeout) {
                let name = name.clone();
                match journal.write(false, move |tx| renew(tx, &name, token).map_err(|e| tx.error(&e))) {
                    Ok(true) => {}
                    Ok(false) => {
                        flag.store(true, Ordering::Relaxed);
                        return;
                    }
                    Err(error) => tracing::warn!("a lease was not renewed: {error}"),
                }
            }
        });
        let lease = Lease {
            what: what.to_owned(),
            token,
            left_behind,
            journal: self.clone(),
            lost,
            stop: Some(stop),
            renewal: renewal.ok(),
        };
        if lease.renewal.is_none() {
            tracing::warn!("no thread renews the lease `{what}`: it runs out after 10 s");
        }
        Ok(lease)
    }

    /// Runs `work` in one durable transaction, in which the lease's token is still the last that was given.
    pub fn with_lease<T: Send + 'static>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (what, token) = (lease.what.clone(), lease.token);
        self.write(true, move |tx| {
            tx.check_token(&what, token)?;
            work(tx)
        })
    }

    /// Who holds the lease `what`, if somebody does who is there.
    pub fn lease_holder(&self, what: &str) -> Result<Option<Held>, JournalError> {
        self.read(|connection| holder(connection, what).map(|found| found.and_then(|row| row.in_force(what))))
    }
}

impl Lease {
    /// The fencing token: of two holders of one lease, the later has the higher.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// What the lease is for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The tool that an earlier holder started under this lease and did not see to its end, because it was killed for
    /// example. Kept, whoever holds the lease, until [`Lease::note_tool`]; never one of another boot or pid namespace.
    pub fn left_behind(&self) -> Option<Tool> {
        self.left_behind
    }

    /// Notes the tool that runs under this lease, or that none does, for whoever has to take the lease over. Waits for the
    /// commit and not for the disk: no tool outlives a loss of power.
    pub fn note_tool(&self, tool: Option<Tool>) -> Result<(), JournalError> {
        let (what, token) = (self.what.clone(), self.token.cast_signed());
        let (pid, started) = (tool.map(|tool| tool.pid), tool.map(|tool| tool.started.cast_signed()));
        self.journal.write(false, move |tx| {
            tx.connection
                .execute(
                    "UPDATE lease SET tool_pid = ?3, tool_started = ?4 WHERE what = ?1 AND token = ?2",
                    (&what, token, pid, started),
                )
                .map(drop)
                .map_err(|e| tx.error(&e))
        })
    }

    /// Whether a renewal found that another holds it. `false` proves nothing; [`Journal::with_lease`] does.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(renewal) = self.renewal.take()
            && !self.journal.on_writer_thread()
        {
            let _ = renewal.join();
        }
        let (what, token) = (self.what.clone(), self.token);
        self.journal.write_later(true, move |tx| {
            tx.connection
                .execute("UPDATE lease SET held = 0 WHERE what = ?1 AND token = ?2", (&what, token.cast_signed()))
                .map(drop)
                .map_err(|e| tx.error(&e))
        });
    }
}

impl Tx<'_> {
    fn check_token(&mut self, what: &str, token: u64) -> Result<(), JournalError> {
        let found: Option<(i64, bool)> = self
            .connection
            .query_row("SELECT token, held FROM lease WHERE what = ?1", [what], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(|e| self.error(&e))?;
        if found == Some((token.cast_signed(), true)) {
            return Ok(());
        }
        Err(JournalError::LeaseLost { what: what.to_owned() })
    }
}

/// A row of the table.
struct LeaseRow {
    token: u64,
    held: bool,
    process: Process,
    until_ms: i64,
    since_ms: i64,
    tool: Option<Tool>,
}

impl LeaseRow {
    /// What is noted of a tool, if it says anything here: a number of another boot or namespace is somebody else's.
    fn tool_here(&self) -> Option<Tool> {
        let me = me();
        self.tool.filter(|_| self.process.boot == me.boot && self.process.space == me.space)
    }

    fn in_force(&self, what: &str) -> Option<Held> {
        let over = !self.held || self.process.is_gone() || boot_ms() >= self.until_ms;
        (!over).then(|| Held { what: what.to_owned(), pid: self.process.pid, since: rfc3339(self.since_ms) })
    }
}

fn holder(connection: &rusqlite::Connection, what: &str) -> rusqlite::Result<Option<LeaseRow>> {
    connection
        .query_row(
            "SELECT token, held, pid, started, boot, space, until_ms, since_ms, tool_pid, tool_started FROM lease WHERE what = ?1",
            [what],
            |row| {
                Ok(LeaseRow {
                    token: row.get::<_, i64>(0)?.unsigned_abs(),
                    held: row.get(1)?,
                    process: Process {
                        pid: row.get(2)?,
                        started: row.get::<_, i64>(3)?.cast_unsigned(),
                        boot: row.get(4)?,
                        space: row.get(5)?,
                    },
                    until_ms: row.get(6)?,
                    since_ms: row.get(7)?,
                    tool: row
                        .get::<_, Option<u32>>(8)?
                        .zip(row.get::<_, Option<i64>>(9)?)
                        .map(|(pid, started)| Tool { pid, started: started.cast_unsigned() }),
                })
            },
        )
        .optional()
}

fn take(tx: &Tx<'_>, what: &str) -> rusqlite::Result<Result<(u64, Option<Tool>), Held>> {
    let found = holder(tx.connection, what)?;
    if let Some(held) = found.as_ref().and_then(|row| row.in_force(what)) {
        return Ok(Err(held));
    }
    let token = found.as_ref().map_or(0, |row| row.token) + 1;
    let tool = found.and_then(|row| row.tool_here());
    let me = me();
    tx.connection.execute(
        "INSERT OR REPLACE INTO lease (what, token, held, pid, started, boot, space, until_ms, since_ms, tool_pid, tool_started)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            what,
            token.cast_signed(),
            me.pid,
            me.started.cast_signed(),
            &me.boot,
            &me.space,
            boot_ms() + TERM_MS,
            now_ms(),
            tool.map(|tool| tool.pid),
            tool.map(|tool| tool.started.cast_signed()),
        ),
    )?;
    Ok(Ok((token, tool)))
}

fn renew(tx: &Tx<'_>, what: &str, token: u64) -> rusqlite::Result<bool> {
    let changed = tx.connection.execute(
        "UPDATE lease SET until_ms = ?3 WHERE what = ?1 AND token = ?2 AND held = 1",
        (what, token.cast_signed(), boot_ms() + TERM_MS),
    )?;
    Ok(changed == 1)
}
