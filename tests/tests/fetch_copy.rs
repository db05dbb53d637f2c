//! Where npm works while it gets what is missing: in a copy that no other user can put settings above.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use holdover_tests::said::{err, out};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn npm_gets_packages_in_a_copy_below_the_data_folder_that_is_the_users_alone() {
    let mut fixture = Fixture::small();
    // Only an install brings what the lockfile names by an older hash.
    let lockfile = fixture.workspace().join("package-lock.json");
    let mut lock: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&lockfile).unwrap()).unwrap();
    lock["packages"]["node_modules/ms"]["integrity"] = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=".into();
    std::fs::remove_file(fixture.npm_file("node_modules/ms")).unwrap();
    std::fs::write(&lockfile, lock.to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (told, npm) = (folder.path().join("told"), folder.path().join("npm"));
    let script = format!("#!/bin/sh\npwd -P > {0}\nstat -c %a . .. >> {0}\nls >> {0}\nexit 1\n", told.display());
    std::fs::write(&npm, script).unwrap();
    std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
    for allowed in [&["trust"][..], &["offline", "off"]] {
        assert_eq!(fixture.holdover(allowed).status.code(), Some(0));
    }
    fixture.set("HOLDOVER_FETCH_NPM", &npm.display().to_string());
    let fetched = fixture.holdover(&["preflight", "--fetch"]);
    let told = std::fs::read_to_string(&told).unwrap_or_else(|e| panic!("{e}: {}{}", out(&fetched), err(&fetched)));
    let mut lines = told.lines();
    let place = Path::new(lines.next().unwrap());
    let work = std::fs::canonicalize(fixture.data()).unwrap().join("work");
    assert!(place.starts_with(&work), "{told}");
    assert_eq!([lines.next().unwrap(), lines.next().unwrap()], ["700", "700"], "{told}");
    assert!(lines.any(|name| name == "package-lock.json"), "{told}");
    assert!(!place.exists(), "the copy is gone");
}
