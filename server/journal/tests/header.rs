//! The header's bytes: what is written reads back, what is not a header is refused, and nothing makes the reader panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use contract::{Actor, ActorKind};
use holdover_journal::{Header, Seen};
use minicbor::Encoder;
use proptest::prelude::*;
use ulid::Ulid;

fn actor() -> impl Strategy<Value = Actor> {
    let kind = prop_oneof![Just(ActorKind::Person), Just(ActorKind::Tool), Just(ActorKind::Model)];
    (kind, ".{0,40}", proptest::option::of(".{0,40}"), proptest::option::of(".{0,20}"))
        .prop_map(|(kind, name, model, prompt)| Actor { kind, name, model, prompt })
}

fn seen() -> impl Strategy<Value = Seen> {
    (any::<[u8; 16]>(), any::<u64>(), any::<[u8; 8]>()).prop_map(|(log, seq, hash)| Seen { log, seq, hash })
}

prop_compose! {
    fn header()(
        (v, log, seq, id, lamport) in (1..=u8::MAX, any::<[u8; 16]>(), any::<u64>(), any::<[u8; 16]>(), any::<u64>()),
        (wall_ms, kind, kver, entity, actor) in (any::<i64>(), ".{0,32}", any::<u16>(), any::<[u8; 16]>(), actor()),
        (seen, class, payload_len, payload_commit) in
            (proptest::collection::vec(seen(), 0..5), any::<u32>(), any::<u32>(), any::<[u8; 32]>()),
        (refs, workspace, sig) in (
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4),
            proptest::option::of(any::<[u8; 16]>()),
            proptest::option::of(any::<[u8; 32]>()),
        ),
    ) -> Header {
        Header {
            v, log, seq, id: Ulid::from_bytes(id), lamport, wall_ms, kind, kver, entity: Ulid::from_bytes(entity), actor,
            seen, class, payload_len, payload_commit, refs, workspace: workspace.map(Ulid::from_bytes),
            sig: sig.map(|half| { let mut sig = [7; 64]; sig[..32].copy_from_slice(&half); sig }),
        }
    }
}

fn bytes_of(header: &Header) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    bytes
}

fn example() -> Header {
    Header {
        v: 1,
        log: [0x11; 16],
        seq: 7,
        id: Ulid::from_bytes([0x22; 16]),
        lamport: 300,
        wall_ms: 1_800_000_000_000,
        kind: "note.added".to_owned(),
        kver: 1,
        entity: Ulid::from_bytes([0x33; 16]),
        actor: Actor { kind: ActorKind::Model, name: "h".to_owned(), model: Some("m".to_owned()), prompt: None },
        seen: vec![Seen { log: [0x44; 16], seq: 9, hash: [0x55; 8] }],
        class: 0x1022,
        payload_len: 12,
        payload_commit: [0x66; 32],
        refs: vec![vec![1, 2, 3]],
        workspace: Some(Ulid::from_bytes([0x77; 16])),
        sig: None,
    }
}

#[test]
fn the_bytes_of_version_1_never_change() {
    let expected = "91015011111111111111111111111111111111075022222222222222222222222222222222\
        19012c1b000001a3185c50006a6e6f74652e616464656401503333333333333333333333333333333384026168616df6\
        818350444444444444444444444444444444440948555555555555555519\
        10220c5820666666666666666666666666666666666666666666666666666666666666666681430102035077777777777777777777777777777777f6";
    let expected: String = expected.split_whitespace().collect();
    let bytes = bytes_of(&example());
    assert_eq!(hex::encode(bytes), expected);
}

#[test]
fn fields_of_later_versions_are_passed_over_and_the_signature_is_still_the_last() {
    let known = bytes_of(&example());
    // 17 fields become 20: three unknown ones between the workspace and the signature.
    assert_eq!((known[0], *known.last().unwrap()), (0x91, 0xf6));
    let mut later = vec![0x94];
    later.extend_from_slice(&known[1..known.len() - 1]);
    Encoder::new(&mut later)
        .str("new")
        .unwrap()
        .map(1)
        .unwrap()
        .u8(1)
        .unwrap()
        .array(2)
        .unwrap()
        .u8(1)
        .unwrap()
        .null()
        .unwrap();
    Encoder::new(&mut later).u64(u64::MAX).unwrap().bytes(&[9; 64]).unwrap();
    assert_eq!(Header::decode(&later), Ok(Header { sig: Some([9; 64]), ..example() }));
}

#[test]
fn what_is_not_a_header_is_refused_with_the_place() {
    let good = bytes_of(&example());
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("nothing", vec![], "end of input"),
        ("an empty list", vec![0x80], "0 fields"),
        ("a list without a length", vec![0x9f, 0xff], "without a length"),
        ("bytes behind it", [&good[..], &[0]].concat(), "bytes after the end"),
        ("version 0", [&[0x91, 0x00], &good[2..]].concat(), "version 0"),
        ("too long", vec![0; 70_000], "longer than 65536 bytes"),
    ];
    for (what, bytes, reason) in cases {
        let error = Header::decode(&bytes).expect_err(what);
        assert!(error.to_string().contains(reason), "{what}: {error}");
    }
    for end in 0..good.len() {
        assert!(Header::decode(&good[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_list_that_claims_to_be_endless_costs_nothing() {
    let mut bytes = bytes_of(&Header { seen: vec![], ..example() });
    let at = bytes.windows(4).position(|w| w == [0x80, 0x19, 0x10, 0x22]).unwrap();
    bytes.splice(at..=at, [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert!(Header::decode(&bytes).is_err());
    let nested = [vec![0x92], vec![0x81; 60_000]].concat();
    assert!(Header::decode(&nested).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(512)))]

    #[test]
    fn a_header_reads_back_as_it_was_written(header in header()) {
        let bytes = bytes_of(&header);
        prop_assert_eq!(Header::decode(&bytes).unwrap(), header);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Header::decode(&bytes);
    }

    #[test]
    fn no_damage_makes_the_reader_panic_or_read_a_header_that_writes_differently_long(
        header in header(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = bytes_of(&header);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Header::decode(&bytes) {
            // What was read can be written, and reads back the same.
            prop_assert_eq!(Header::decode(&bytes_of(&read)).unwrap(), read);
        }
        bytes.truncate(cut.index(bytes.len()));
        let _ = Header::decode(&bytes);
    }
}
