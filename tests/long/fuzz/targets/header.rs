//! An event's header: no bytes make the reader panic; what it takes it writes back so that it reads as the same.
#![no_main]

use holdover_journal::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::decode(bytes) else { return };
    let mut written = Vec::new();
    header.encode(&mut written);
    assert_eq!(Header::decode(&written).expect("what is written reads back"), header);
    assert!(Header::signed_part(bytes).is_some_and(|front| bytes.starts_with(front)));
});
