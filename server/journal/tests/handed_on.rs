//! What the next holder of a lease is told of the one before: its tool. Jobs that nobody carries out any more: `jobs.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use holdover_journal::{Journal, Tool};
use support::raw;

#[test]
fn the_tool_under_a_lease_is_told_to_the_next_holder_until_it_ended_and_only_in_the_same_boot_and_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let tool = Tool { pid: 4711, started: u64::MAX - 1 };
    let first = journal.lease("fetch").unwrap();
    assert_eq!(first.left_behind(), None);
    first.note_tool(Some(tool)).unwrap();
    drop(first);
    let next = journal.lease("fetch").unwrap();
    assert_eq!(next.left_behind(), Some(tool));
    // Killed before it could end it: the one after is told as well.
    drop(next);
    let third = journal.lease("fetch").unwrap();
    assert_eq!(third.left_behind(), Some(tool));
    third.note_tool(None).unwrap();
    drop(third);
    assert_eq!(journal.lease("fetch").unwrap().left_behind(), None);
    for elsewhere in ["boot = 'another'", "space = 'pid:[1]'"] {
        let lease = journal.lease("fetch").unwrap();
        lease.note_tool(Some(tool)).unwrap();
        drop(lease);
        journal.flush().unwrap();
        raw(folder.path()).execute(&format!("UPDATE lease SET held = 0, {elsewhere}"), []).unwrap();
        assert_eq!(journal.lease("fetch").unwrap().left_behind(), None, "{elsewhere}");
    }
}
