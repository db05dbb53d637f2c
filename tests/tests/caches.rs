//! Caches in the status: what stands there in place of a file that was compared before is counted until it is compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::Value;

/// By ecosystem: files that were replaced, and the words.
fn replaced(fixture: &Fixture) -> Vec<(String, u64, String)> {
    let status = fixture.holdover(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&status)));
    let text = |cache: &Value, key: &str| cache[key].as_str().unwrap().to_owned();
    let of = |cache: &Value| (text(cache, "ecosystem"), cache["replaced"].as_u64().unwrap(), text(cache, "text"));
    status["caches"].as_array().unwrap().iter().map(of).filter(|(_, n, _)| *n > 0).collect()
}

#[test]
fn a_file_in_place_of_one_that_was_compared_is_counted_until_it_is_compared_itself() {
    let fixture = Fixture::small();
    assert_eq!(replaced(&fixture), [], "nothing was compared before");
    assert_eq!(replaced(&fixture), [], "and everything is what it was");
    let file = fixture.crate_file("memchr");
    let sound = std::fs::read(&file).unwrap();
    // Too large to be compared at a glance.
    std::fs::write(&file, vec![7; 40 << 20]).unwrap();
    for _ in 0..2 {
        let found = replaced(&fixture);
        let [(ecosystem, 1, text)] = found.as_slice() else { panic!("{found:?}") };
        assert!(ecosystem == "cargo" && text.contains("1 replaced and not compared since"), "{text}");
    }
    let shown = out(&fixture.holdover(&["status"]));
    assert!(shown.contains("1 replaced and not compared since"), "{shown}");
    // Another one that was never compared is not told so.
    let other = fixture.crate_file("ryu");
    let kept = std::fs::read(&other).unwrap();
    let fresh = Fixture::small();
    std::fs::write(fresh.crate_file("ryu"), vec![7; 40 << 20]).unwrap();
    assert_eq!(replaced(&fresh), [], "the first look there: nothing was compared before");
    assert_eq!(std::fs::read(&other).unwrap(), kept);

    let deep = fixture.holdover(&["preflight", "--deep"]);
    assert!(code(&deep) == 1 && out(&deep).contains("corrupt"), "{}", out(&deep));
    assert_eq!(replaced(&fixture), [], "it was compared, and is told as damaged");
    std::fs::write(&file, &sound).unwrap();
    assert_eq!(replaced(&fixture), [], "what is sound again was compared at once");
    assert_eq!(code(&fixture.holdover(&["preflight"])), 0);
}
