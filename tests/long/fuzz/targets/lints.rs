//! Any text in each format that the lints read: nothing panics, and what is found lies between characters of the text.
#![no_main]

#[path = "../../../../server/checks/tests/sound/mod.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [which, text @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    sound::sound(sound::PATHS[usize::from(*which) % sound::PATHS.len()], text);
});
