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
        self.write(true, move |tx| {
            let made = (|| {
                tx.connection.execute(
                    "INSERT OR IGNORE INTO workspace (id, root, born_ms) VALUES (?1, ?2, ?3)",
                    (Ulid::generate().to_bytes(), &bytes, now_ms()),
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

    /// Notes which project a workspace is: what is shared from now on goes to its logs. What was written before stays where it
    /// is, and is found by the workspace.
    pub fn set_workspace_project(&self, workspace: Ulid, project: [u8; 16]) -> Result<(), JournalError> {
        self.write(true, move |tx| {
            tx.connection
                .execute("UPDATE workspace SET project = ?2 WHERE id = ?1", (workspace.to_bytes(), project))
                .map(drop)
                .map_err(|e| tx.error(&e))
        })
    }
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
