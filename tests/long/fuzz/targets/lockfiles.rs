//! What a workspace and the caches hold: one of the files that a readiness answer rests on has any bytes. Nothing panics,
//! and the same files give the same answer twice.
#![no_main]

#[path = "../../../../server/inventory/tests/place/mod.rs"]
mod place;

use libfuzzer_sys::fuzz_target;
use place::{Place, write};
use std::cell::RefCell;

thread_local!(static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) });

fuzz_target!(|bytes: &[u8]| {
    let [which, bytes @ ..] = bytes else { return };
    PLACE.with_borrow_mut(|kept| {
        let place = kept.get_or_insert_with(Place::new);
        let path = match which % 8 {
            0 => place.root.join("Cargo.lock"),
            1 => place.root.join("package-lock.json"),
            2 => place.root.join("Cargo.toml"),
            3 => place.root.join("package.json"),
            4 => place.index(".cache/it/oa/itoa"),
            5 => place.home.join(".cargo/config.toml"),
            6 => place.home.join(".npmrc"),
            _ => place.root.join("rust-toolchain.toml"),
        };
        let before = std::fs::read(&path).ok();
        write(&path, bytes);
        let first = place.survey();
        let second = place.survey();
        assert_eq!(format!("{:?}", first.report(true)), format!("{:?}", second.report(true)));
        match before {
            Some(before) => write(&path, before),
            None => std::fs::remove_file(&path).expect("it was just written"),
        }
    });
});
