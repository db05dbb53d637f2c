//! Local ids of workspaces: a root folder keeps its ULID for as long as the journal lives.
//! It looks at no workspace beyond the path of its root.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::time::now_ms;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use ulid::Ulid;

impl Journal {
    /// The id of the workspace at `root`, if it has one.
    pub fn workspace_known(&self, root: &Path) -> Result<Option<Ulid>, JournalError> {
        let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        self.read(|connection| find(connection, root.as_os_str().as_encoded_bytes()))
    }

    /// The id of the workspace at `root`, made at its first use. Links are followed, so one folder has one id.
    pub fn workspace_id(&self, root: &Path) -> Result<Ulid, JournalError> {
        let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let bytes = root.into_os_string().into_encoded_bytes();
        if let Some(known) = self.read(|connection| find(connection, &bytes))? {
            return Ok(known);
        }
        // Not flushed by itself: an event that names it stands behind it in the log, and is not flushed without it.
        self.write(false, move |tx| {
            let made = (|| {
                tx.connection.execute(
                    "INSERT OR IGNORE INTO workspace (id, root, born_ms) VALUES (?1, ?2, ?3)",
                    (crate::chance::ulid().to_bytes(), &bytes, now_ms()),
                )?;
                find(tx.connection, &bytes)
            })();
            made.and_then(|id| id.ok_or(rusqlite::Error::QueryReturnedNoRows)).map_err(|e| tx.error(&e))
        })
    }

    /// Which project a workspace is, as it was noted last.
    pub fn workspace_project(&self, workspace: Ulid) -> Result<Option<[u8; 16]>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT project FROM workspace WHERE id = ?1")?
                .query_row([workspace.to_bytes()], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    /// The first commit of a workspace's history, as it was noted last: empty where it cannot be told; `None` where nobody has looked.
    pub fn workspace_history(&self, workspace: Ulid) -> Result<Option<String>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT history FROM workspace WHERE id = ?1")?
                .query_row([workspace.to_bytes()], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    /// Notes which project a workspace is by the user's word.
    pub fn set_workspace_project(&self, workspace: Ulid, project: [u8; 16]) -> Result<(), JournalError> {
        let history = self.workspace_history(workspace)?.unwrap_or_default();
        self.claim_project(workspace, &Claim { project, history, vouched: true, otherwise: None }).map(drop)
    }

    /// Notes which project a workspace is, and answers with it: what is shared from now on goes to its logs. What was written
    /// before stays where it is, and is found by the workspace.
    ///
    /// A name and an address are anybody's to write down. Unless the user vouches for it, a workspace is the project that it
    /// claims to be where it begins with the same commit as those that are known to be, and else where nothing of that
    /// project is here yet.
    pub fn claim_project(&self, workspace: Ulid, claim: &Claim) -> Result<Option<[u8; 16]>, JournalError> {
        let (project, noted) = self.read(|connection| decide(connection, workspace, claim))?;
        if !noted {
            let claim = claim.clone();
            return self.write(true, move |tx| {
                let noted = || {
                    let (project, _) = decide(tx.connection, workspace, &claim)?;
                    let vouched = claim.vouched && project == Some(claim.project);
                    tx.connection
                        .prepare_cached("UPDATE workspace SET project = ?2, history = ?3, vouched = ?4 WHERE id = ?1")?
                        .execute((workspace.to_bytes(), project, &claim.history, vouched))?;
                    Ok(project)
                };
                noted().map_err(|e| tx.error(&e))
            });
        }
        Ok(project)
    }
}

/// What a workspace says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The project.
    pub project: [u8; 16],
    /// The first commit of its history; empty where that cannot be told.
    pub history: String,
    /// The user trusts the workspace.
    pub vouched: bool,
    /// What it is where the claim does not hold.
    pub otherwise: Option<[u8; 16]>,
}

/// The project that a workspace is, and whether all of it is noted already.
fn decide(connection: &Connection, workspace: Ulid, claim: &Claim) -> rusqlite::Result<(Option<[u8; 16]>, bool)> {
    type Row = (Option<[u8; 16]>, Option<String>, bool);
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let own: Option<Row> = connection
        .prepare_cached("SELECT project, history, vouched FROM workspace WHERE id = ?1")?
        .query_row([workspace.to_bytes()], row)
        .optional()?;
    let others: Vec<Row> = connection
        .prepare_cached("SELECT project, history, vouched FROM workspace WHERE project = ?1 AND id <> ?2")?
        .query_map((claim.project, workspace.to_bytes()), row)?
        .collect::<rusqlite::Result<_>>()?;
    let vouched: Vec<&Row> = others.iter().filter(|(.., vouched)| *vouched).collect();
    let is_same = |rows: &[&Row]| rows.iter().any(|(_, history, _)| history.as_ref() == Some(&claim.history));
    let is_it = own.as_ref().is_some_and(|(project, ..)| *project == Some(claim.project));
    let holds = if claim.vouched {
        true
    } else if is_it {
        // It was let in when nothing was known, or before this was asked at all.
        claim.history.is_empty() || vouched.is_empty() || is_same(&vouched)
    } else if others.is_empty() {
        let written = connection
            .prepare_cached("SELECT 1 FROM log WHERE project = ?1 LIMIT 1")?
            .query_row([claim.project], |_| Ok(()))
            .optional()?;
        written.is_none()
    } else {
        let all: Vec<&Row> = others.iter().collect();
        !claim.history.is_empty() && is_same(if vouched.is_empty() { &all } else { &vouched })
    };
    let project = if holds { Some(claim.project) } else { claim.otherwise };
    let wanted: Row = (project, Some(claim.history.clone()), claim.vouched && holds);
    Ok((project, own == Some(wanted)))
}

/// The path that the bytes of a root are, as far as this system can have it.
pub(crate) fn path_of(root: Vec<u8>) -> std::path::PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        std::ffi::OsString::from_vec(root).into()
    }
    #[cfg(not(unix))]
    String::from_utf8_lossy(&root).into_owned().into()
}

fn find(connection: &Connection, root: &[u8]) -> rusqlite::Result<Option<Ulid>> {
    connection
        .prepare_cached("SELECT id FROM workspace WHERE root = ?1")?
        .query_row([root], |row| row.get::<_, [u8; 16]>(0))
        .optional()
        .map(|id| id.map(Ulid::from_bytes))
}
