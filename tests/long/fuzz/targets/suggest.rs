//! Merges that are suggested for any text, without parsers: each has a place for every line, one that is trusted makes up no
//! word, and the ancestors that another text would give it do no harm.
#![no_main]

use holdover_conflict::suggest::{Ask, NoSyntax, ancestors, answer};
use holdover_conflict::{Conflicts, Resolution};
use libfuzzer_sys::fuzz_target;
use ropey::Rope;

const NAMES: [&str; 6] = ["a.md", "CHANGELOG.md", "a.rs", "a.py", "a", "Cargo.lock"];

fuzz_target!(|input: (&str, &str, u8)| {
    let (text, other, name) = input;
    let path = NAMES[usize::from(name) % NAMES.len()];
    let ask = Ask { path: path.into(), text: text.to_owned(), regions: Vec::new() };
    for (_, merge) in answer(&ask, &NoSyntax).suggestions {
        assert_eq!(merge.lines.len(), merge.text.lines().count());
        assert!((0.0..=1.0).contains(&merge.confidence));
        let known: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        assert!(!merge.one_click || merge.text.split(|c: char| !c.is_alphanumeric()).all(|word| known.contains(&word)));
    }
    let (rope, with) = (Rope::from_str(text), Rope::from_str(other));
    let conflicts = Conflicts::read(&rope);
    for base in ancestors(&rope, &conflicts, &[with]).into_values() {
        assert!(base.is_empty() || base.lines().all(|line| other.contains(line)));
    }
    for region in conflicts.regions.iter().take(8) {
        let resolution = Resolution::of(&rope, region, "none", "kept\n");
        if let Ok(undone) = resolution.undone(other) {
            assert!(undone.contains(&resolution.before));
        }
    }
});
