//! The operations of a payload: no JSON makes their reader panic; what it takes it writes back unchanged.
#![no_main]

use holdover_journal::{ops_of, ops_value};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(payload) = serde_json::from_slice::<Value>(bytes) else { return };
    let Ok(ops) = ops_of(&payload) else { return };
    let again = ops_of(&json!({ "ops": ops_value(&ops) })).expect("what is written reads back");
    assert_eq!(again, ops);
});
