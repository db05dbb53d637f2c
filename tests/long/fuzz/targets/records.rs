//! What lies within a segment, with hashes and a signature that fit: a device of the team that writes what it wants.
#![no_main]

#[path = "../../../../server/journal/tests/support/forge.rs"]
mod forge;

use forge::{Forger, pack};
use holdover_journal::Segment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [events, rest @ ..] = bytes else { return };
    let events = u64::from(events % 4) + 1;
    let mut forger = Forger::new(3, 2);
    forger.seq = events;
    let segment = forger.segment_of(&pack(rest), rest.len() as u64);
    if let Ok(read) = Segment::read(&segment) {
        assert_eq!(read.records.len() as u64, events);
        assert!(read.records.iter().map(|(_, record)| record.header.len()).sum::<usize>() <= rest.len());
    }
});
