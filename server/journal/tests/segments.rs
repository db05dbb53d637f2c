//! The bytes of a segment: every damage is found, hostile ones cost little, and nothing makes the reader panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

#[path = "support/forge.rs"]
mod forge;

use forge::{Forger, Wish, pack};
use holdover_journal::{MAX_PLAIN, MAX_SEGMENT, Segment};
use proptest::prelude::*;

fn sound() -> Vec<u8> {
    let mut forger = Forger::new(3, 2);
    for n in 0..5 {
        forger.event("note.add", &format!("{{\"n\":{n}}}"), &Wish { signed: n == 2, ..Wish::default() });
    }
    forger.segment()
}

fn refused(bytes: &[u8]) -> String {
    Segment::read(bytes).expect_err("it is not sound").to_string()
}

#[test]
fn what_is_sealed_reads_back_with_the_exact_bytes_of_every_header() {
    let segment = Segment::read(&sound()).unwrap();
    assert_eq!((segment.first, segment.last, segment.records.len()), (1, 5, 5));
    for (n, (header, record)) in segment.records.iter().enumerate() {
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        assert_eq!(bytes, record.header, "event {n}");
        assert_eq!(record.content.as_ref().unwrap().1, format!("{{\"n\":{n}}}").into_bytes());
    }
}

#[test]
fn every_single_flipped_bit_is_found() {
    let bytes = sound();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(Segment::read(&changed).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn every_shorter_or_longer_one_is_refused() {
    let bytes = sound();
    for end in 0..bytes.len() {
        assert!(Segment::read(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(refused(&[&bytes[..], &[0]].concat()).contains("footer"));
}

#[test]
fn a_body_that_unpacks_to_more_than_it_announces_or_may_have_is_refused() {
    let mut forger = Forger::new(3, 2);
    forger.event("note.add", "{}", &Wish::default());
    let bomb = pack(&vec![0; 64 << 20]);
    assert!(bomb.len() < 1 << 20, "it is small: {}", bomb.len());
    assert!(refused(&Forger::new(3, 2).with(1).segment_of(&bomb, 64 << 20)).contains("more than 16777216"));
    for announced in [0, 1, MAX_PLAIN as u64] {
        let error = refused(&Forger::new(3, 2).with(1).segment_of(&bomb, announced));
        assert!(error.contains("announced"), "{error}");
    }
    let all = pack(&vec![0; MAX_PLAIN]);
    let error = refused(&Forger::new(3, 2).with(1).segment_of(&all, MAX_PLAIN as u64));
    assert!(error.contains("event 1"), "{error}");
    // Bytes behind the packed body, and none that is packed at all.
    assert!(refused(&Forger::new(3, 2).with(1).segment_of(&[pack(b"x"), vec![0]].concat(), 1)).contains("announced"));
    assert!(refused(&Forger::new(3, 2).with(1).segment_of(b"not packed", 10)).contains("unpacked"));
}

#[test]
fn lengths_places_and_lanes_that_cannot_be_are_refused_by_name() {
    let good = sound();
    let huge = |at: usize| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        refused(&bytes)
    };
    assert!(huge(8).contains("byte 8: a part announces 4294967295 bytes"), "{}", huge(8));
    let body = 12 + u32::from_le_bytes(good[8..12].try_into().unwrap()) as usize;
    assert!(huge(body).contains("announces"), "{}", huge(body));
    assert!(refused(&vec![0; MAX_SEGMENT + 1]).contains("at most 8388608"));
    assert!(refused(b"HOLDSEG\x02").contains("a later version"));
    assert!(refused(b"").contains("does not begin like one"));
    assert!(refused(&Forger::new(3, 16).with(1).segment()).contains("lane 16"));
    assert!(refused(&Forger::new(3, 2).with(0).segment_of(&pack(b""), 0)).contains("are none"));
    let mut far = Forger::new(3, 2);
    far.seq = i64::MAX.unsigned_abs();
    assert!(refused(&far.with(1).segment()).contains("are none"));
    // Thousands of millions of events that are not there.
    let mut many = Forger::new(3, 2).with(1);
    many.seq = 1 << 40;
    let error = refused(&many.segment());
    assert!(error.contains("event 2"), "{error}");
}

#[test]
fn what_a_device_says_of_its_own_events_is_held_against_it() {
    type Change = fn(&mut Forger);
    let wrong: [(&str, Change); 4] = [
        ("Lamport number is not above", |f| f.lamport -= 1),
        ("names another place", |f| f.seq += 1),
        ("names another lane", |f| f.lane = 3),
        ("names another log", |f| f.log[0] ^= 1),
    ];
    for (reason, change) in wrong {
        let mut forger = Forger::new(3, 2).with(1);
        let (seq, lane, log) = (forger.seq, forger.lane, forger.log);
        change(&mut forger);
        forger.event("note.add", "{}", &Wish::default());
        (forger.seq, forger.lane, forger.log) = (seq + 1, lane, log);
        let error = refused(&forger.segment());
        assert!(error.contains("event 2") && error.contains(reason), "{error}");
    }
}

impl Forger {
    fn with(mut self, events: u8) -> Forger {
        for _ in 0..events {
            self.event("note.add", "{}", &Wish::default());
        }
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(256)))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Segment::read(&bytes).is_err());
        prop_assert!(Segment::read(&[b"HOLDSEG\x01", &bytes[..]].concat()).is_err());
    }

    /// Signed by a device, so that what lies behind hash and signature is reached.
    #[test]
    fn no_body_that_a_device_signs_makes_the_reader_panic(
        body in proptest::collection::vec(any::<u8>(), 0..600),
        at in any::<prop::sample::Index>(), byte in any::<u8>(), announced in 0_u64..700,
    ) {
        let mut forger = Forger::new(3, 2).with(2);
        prop_assert!(Segment::read(&forger.segment_of(&pack(&body), body.len() as u64)).is_err());
        prop_assert!(Segment::read(&Forger::new(3, 2).with(1).segment_of(&body, announced)).is_err());
        // A sound body with one byte of it changed before it is packed.
        let mut forger = Forger::new(3, 2).with(3);
        let mut plain = forger.plain();
        let at = at.index(plain.len());
        let same = plain[at] == byte;
        plain[at] = byte;
        let read = Segment::read(&forger.segment_of(&pack(&plain), plain.len() as u64));
        prop_assert_eq!(read.is_ok(), same);
    }
}
