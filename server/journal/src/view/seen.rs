//! Which log has told how far it knows which other log: from the `seen` vectors in the headers of the logs that tell.
//! It takes their word; whether the hash they give is that of the event is asked where it is read.

use super::{Event, Table, View};
use rusqlite::Connection;

pub(crate) struct Seen;

/// Of what is stored; readers that ask this table themselves compare it.
pub(crate) const VERSION: u32 = 1;

impl View for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[Table {
            name: "seen",
            // The furthest that was told. Of two hashes for one place, which nobody tells who tells the truth, the larger.
            ddl: "CREATE TABLE seen (log BLOB, by BLOB, seq INTEGER, hash BLOB, PRIMARY KEY (log, by)) WITHOUT ROWID",
            listing: "SELECT log, by, seq, hash FROM seen ORDER BY log, by",
        }];
        TABLES
    }

    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        if event.header.seen.is_empty() {
            return Ok(());
        }
        let mut tell = connection.prepare_cached(
            "INSERT INTO seen (log, by, seq, hash) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (log, by) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
             WHERE (excluded.seq, excluded.hash) > (seq, hash)",
        )?;
        for seen in &event.header.seen {
            // Places are stored as 64 bits with a sign; nothing has one that is larger.
            let Ok(seq) = i64::try_from(seen.seq) else { continue };
            tell.execute((seen.log, event.header.log, seq, seen.hash))?;
        }
        Ok(())
    }

    /// Nothing here comes from a payload.
    fn forget(&self, _: &Connection, _: &Event<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::super::tests::{apply_all, database, events, listing, write};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_known_of_who_has_what_does_not_depend_on_the_order_in_which_it_was_heard(
            (made, order) in events(30).prop_flat_map(|made| {
                let order = Just((0..made.len()).collect::<Vec<_>>()).prop_shuffle();
                (Just(made), order)
            }),
        ) {
            let (straight, mixed) = (database(), database());
            write(&straight, &made, &(0..made.len()).collect::<Vec<_>>());
            write(&mixed, &made, &order);
            let seen = |connection| {
                apply_all(connection);
                listing(connection).into_iter().filter(|(table, _)| table == "seen").collect::<Vec<_>>()
            };
            let furthest = seen(&straight);
            prop_assert_eq!(&furthest, &seen(&mixed));
            prop_assert!(made.iter().all(|event| event.refs.is_empty()) || !furthest.is_empty());
        }
    }
}
