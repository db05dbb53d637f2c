//! The database in which pnpm 11 and newer keep the lists of files of their store, read as a file that does not change.
//! May not write to it, nor beside it: where it is being written, nothing is said.

use super::packed::{self, Item};
use super::store::{File, Listed};
use crate::ecosystem::Ask;
use crate::held::Held;
use crate::look::Seen;
use crate::verify::{Algorithm, Sum};
use contract::ArtifactState;
use rusqlite::OptionalExtension;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Longer lists are not read, in bytes.
const LARGEST: i64 = 64 << 20;

/// The lists of one store, as they are packed, by checksum and name.
pub(super) struct Database {
    pub path: PathBuf,
    lists: HashMap<(String, String), Vec<u8>>,
}

impl Database {
    /// Reads the lists of these packages; or why nothing can be said about them.
    pub(super) fn open(folder: &Path, wanted: &[(String, String)], ask: &Ask<'_>) -> Result<Self, Held> {
        let path = folder.join("index.db");
        let held = |state, why: String| {
            let mut held = Held::new(state, why);
            held.looked_in.push(path.clone());
            Err(held)
        };
        let mut database = Database { path: path.clone(), lists: HashMap::new() };
        match ask.look.at(&path) {
            Seen::File(_) => {}
            Seen::Absent => return Ok(database),
            Seen::Dangling => return held(ArtifactState::Missing, "it is not in pnpm's store".into()),
            Seen::Folder(_) => {
                return held(ArtifactState::Corrupt, "a folder stands in the place of the store's database".into());
            }
            other => {
                return held(ArtifactState::Unknown, format!("pnpm's store: {}", other.doubt().unwrap_or_default()));
            }
        }
        let log = folder.join("index.db-wal");
        match ask.look.at(&log) {
            Seen::Absent => {}
            Seen::File(identity) if identity.size == 0 => {}
            _ => {
                let why = "pnpm's store is being written, or was not closed: that shows when pnpm has run once more";
                return held(ArtifactState::Unknown, why.into());
            }
        }
        match read(&path, wanted) {
            Ok(lists) => database.lists = lists,
            Err(error) => return held(ArtifactState::Corrupt, format!("the store's database cannot be read: {error}")),
        }
        Ok(database)
    }

    /// The list of files of one package.
    pub(super) fn list(&self, integrity: &str, id: &str) -> Result<Listed, Held> {
        let packed = self.lists.get(&(integrity.to_owned(), id.to_owned()));
        let packed = packed.ok_or_else(|| Held::new(ArtifactState::Missing, "it is not in pnpm's store"))?;
        let item = packed::read(packed);
        // One that can be read and names another kind of checksum may be read by pnpm.
        if item.as_ref().and_then(|item| item.get("algo")).and_then(Item::text).is_some_and(|algo| algo != "sha512") {
            return Err(Held::new(ArtifactState::Unknown, "its list of files in pnpm's store is in another form"));
        }
        item.as_ref()
            .and_then(listed)
            .ok_or_else(|| Held::new(ArtifactState::Corrupt, "its list of files in pnpm's store cannot be read"))
    }
}

fn read(path: &Path, wanted: &[(String, String)]) -> Result<HashMap<(String, String), Vec<u8>>, rusqlite::Error> {
    let connection = crate::database::open(path)?;
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'package_index'";
    let there: Option<i64> =
        crate::database::ask(path, || connection.query_row(table, [], |row| row.get(0)).optional())?;
    let mut lists = HashMap::new();
    if there.is_none() {
        return Ok(lists);
    }
    let mut statement = connection.prepare("SELECT data FROM package_index WHERE key = ?1 AND length(data) <= ?2")?;
    for (integrity, id) in wanted {
        let key = rusqlite::params![format!("{integrity}\t{id}"), LARGEST];
        let data: Option<Vec<u8>> =
            crate::database::ask(path, || statement.query_row(key, |row| row.get(0)).optional())?;
        if let Some(data) = data {
            lists.insert((integrity.clone(), id.clone()), data);
        }
    }
    Ok(lists)
}

fn listed(item: &Item) -> Option<Listed> {
    item.get("algo")?;
    let manifest = item.get("manifest");
    let said = |key: &str| manifest.and_then(|manifest| manifest.get(key)).and_then(Item::text).map(str::to_owned);
    let mut files = Vec::new();
    for (_, file) in item.get("files")?.pairs()? {
        let bytes = hex::decode(file.get("digest")?.text()?).ok()?;
        if bytes.len() != Algorithm::Sha512.len() {
            return None;
        }
        let sum = Sum { algorithm: Algorithm::Sha512, bytes };
        files.push(File { sum, runs: file.get("mode")?.number()? & 0o111 != 0, size: file.get("size")?.number()? });
    }
    Some(Listed { name: said("name"), version: said("version"), files })
}
