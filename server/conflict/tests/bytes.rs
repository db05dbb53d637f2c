//! Any bytes are read without a panic, and what is parsed and printed again is what was read. A fuzz target on the stable
//! toolchain: `HOLDOVER_CASES` says how many inputs, 2,000 without it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_conflict::{Choice, Conflicts, NotText, Source, malformed, report, resolve, rewrite};
use proptest::prelude::*;
use std::path::Path;

fn cases() -> u32 {
    std::env::var("HOLDOVER_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000)
}

/// Bytes that are mostly markers, pieces of markers and broken characters.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = (
        prop::sample::select(&b"<<<===>>>|%+-\\"[..]),
        prop_oneof![Just(7_usize), Just(7), 6..12_usize, 250..260_usize],
    )
        .prop_map(|(byte, n)| vec![byte; n]);
    let piece = prop_oneof![
        4 => run.prop_map(|run| [&run[..], b" x\n"].concat()),
        3 => prop::sample::select(&["\n", "\r\n", "\r", "text\n", " ", " a\n", "-b\n", "+c\n", "é\n"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(1_u8.., 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn parse_then_print_is_the_identity(bytes in bytes()) {
        let source = Source::read(&bytes).unwrap();
        let found = Conflicts::read(&source.text);
        prop_assert_eq!(source.bytes(&rewrite(&source.text, &found, |_| None)), bytes.clone());
        // Nothing that may be asked of it panics, and one region resolved leaves all others as they were.
        prop_assert_eq!(report(&source.text, Path::new("f"), &found).malformed.len(), malformed(&source.text, &found).len());
        for region in &found.regions {
            for choice in Choice::offered(region) {
                let Some(one) = resolve(&source.text, region, choice) else { continue };
                let written = rewrite(&source.text, &found, |r| (r == region).then(|| one.text.clone()));
                let whole = source.text.to_string();
                let (start, end) = (one.range.start.byte as usize, one.range.end.byte as usize);
                prop_assert_eq!(written, [&whole[..start], &*one.text, &whole[end..]].concat());
            }
        }
    }

    #[test]
    fn a_file_that_is_not_utf8_is_resolved_byte_by_byte(ours in "[a\u{e9}\u{ff}]{0,9}", theirs in "[b\u{80}]{0,9}") {
        let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<_>>();
        let text = [b"\xff\n<<<<<<< a\n", &latin(&ours)[..], b"\n=======\n", &latin(&theirs), b"\n>>>>>>> b\n\xfe"].concat();
        let source = Source::read(&text).unwrap();
        let found = Conflicts::read(&source.text);
        let written = rewrite(&source.text, &found, |r| Some(resolve(&source.text, r, Choice::Incoming).unwrap().text));
        prop_assert_eq!(source.bytes(&written), [b"\xff\n", &latin(&theirs)[..], b"\n\xfe"].concat());
    }
}

#[test]
fn bytes_with_a_nul_are_no_text() {
    assert_eq!(Source::read(b"a\0<<<<<<<").unwrap_err(), NotText);
}
