//! What several test files share: raw access to a journal's database, and pictures of folders.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

/// The database, opened past the journal: for looking and for damaging.
pub fn raw(folder: &Path) -> rusqlite::Connection {
    let key = std::fs::read_to_string(folder.join("journal.key")).unwrap();
    let connection = rusqlite::Connection::open(folder.join("journal.db")).unwrap();
    connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"; PRAGMA foreign_keys = OFF;", key.trim())).unwrap();
    connection
}

/// Name, permissions and contents' hash of everything in a folder.
pub fn picture(folder: &Path) -> BTreeMap<String, (u32, String)> {
    use std::os::unix::fs::PermissionsExt;
    let mut picture = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        if entry.file_name() == "journal.lock" {
            assert_eq!(meta.len(), 0, "what openers lock holds nothing");
            continue;
        }
        let hash = if meta.is_file() {
            blake3::hash(&std::fs::read(entry.path()).unwrap()).to_hex().to_string()
        } else {
            "not a file".to_owned()
        };
        picture.insert(entry.file_name().into_string().unwrap(), (meta.permissions().mode() & 0o7777, hash));
    }
    picture
}

/// Cases of a property: so many in the suite, `HOLDOVER_CASES` in a long run.
pub fn cases(usual: u32) -> u32 {
    std::env::var("HOLDOVER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
