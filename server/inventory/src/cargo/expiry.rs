//! When cargo begins to delete downloads that a lockfile needs: it keeps the time of each use in a database of its own, and cleans up
//! by itself, from cargo 1.88 on. May not write to it, nor beside it; where it is not as cargo writes it, nothing is said.

use super::{LARGEST_LOCKFILE, config, lock};
use crate::ecosystem::Ask;
use crate::look::Seen;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use toml::Value;

/// Larger databases are not read, in bytes: a use of a package is some hundred bytes.
const LARGEST: u64 = 256 << 20;
/// Downloads are deleted that were not used for three months, of 2,629,746 seconds each: `cargo::workspace::gc`.
const KEPT_SECONDS: i64 = 3 * 2_629_746;

/// The cache, and the second since 1970 from which on something that is needed may be deleted.
pub(super) fn expiry(lockfile: &Path, ask: &Ask<'_>) -> Option<(PathBuf, i64)> {
    let config = config::read(lockfile.parent().unwrap_or(lockfile), ask);
    let homes = &ask.options.homes;
    let often = homes.variable("CARGO_CACHE_AUTO_CLEAN_FREQUENCY").map(str::to_owned);
    let often =
        often.or_else(|| config.value("cache", "auto-clean-frequency").and_then(Value::as_str).map(str::to_owned));
    if often.as_deref() == Some("never") {
        return None;
    }
    let path = homes.cargo.join(".global-cache");
    match ask.look.at(&path) {
        Seen::File(identity) if identity.size <= LARGEST => {}
        _ => return None,
    }
    let text = ask.look.text(lockfile, LARGEST_LOCKFILE).ok()?;
    // Also what only other targets need, where it is here.
    let packages = lock::read(&text).packages;
    let foreign = packages.iter().filter(|package| package.source_text.is_some());
    let names: HashSet<String> = foreign.map(|one| format!("{}-{}.crate", one.name, one.version)).collect();
    let oldest = oldest(&path, &names).ok().flatten()?;
    Some((homes.cargo.join("registry"), oldest.checked_add(KEPT_SECONDS)?))
}

/// The time of the use that is longest ago, among these files.
fn oldest(path: &Path, names: &HashSet<String>) -> Result<Option<i64>, rusqlite::Error> {
    let connection = crate::database::open(path)?;
    let mut statement = connection.prepare("SELECT name, timestamp FROM registry_crate LIMIT 1000000")?;
    let mut rows = statement.query([])?;
    let mut oldest = None;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str()?;
        let used: i64 = row.get(1)?;
        if names.contains(name) && oldest.is_none_or(|oldest| used < oldest) {
            oldest = Some(used);
        }
    }
    Ok(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn the_use_that_is_longest_ago_counts_and_what_is_no_database_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a # ? % b");
        let connection = Connection::open(&path).unwrap();
        let made = "CREATE TABLE registry_crate (registry_id, name, size, timestamp);
            INSERT INTO registry_crate VALUES (1, 'a-1.0.0.crate', 1, 700), (2, 'a-1.0.0.crate', 1, 600),
                (1, 'b-1.0.0.crate', 1, 100)";
        connection.execute_batch(made).unwrap();
        drop(connection);
        let names = HashSet::from(["a-1.0.0.crate".to_owned(), "c-1.0.0.crate".to_owned()]);
        assert_eq!(oldest(&path, &names), Ok(Some(600)));
        assert_eq!(oldest(&path, &HashSet::new()), Ok(None));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was left beside it");
        for bytes in [&b"no database"[..], &[0; 4096], &std::fs::read(&path).unwrap()[..5000]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(oldest(&path, &names).is_err(), "{}", bytes.len());
        }
    }
}
