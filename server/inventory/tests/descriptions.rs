//! npm's descriptions of packages, which lockfiles without addresses need: taken at a glance, verified later.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use contract::{ArtifactState, ReadinessState};
use holdover_inventory::{Depth, Inventory, NoMemory, Options, Survey};
use std::time::Duration;

mod place;
use place::{Kept, Place, SHORT, sri, state, write};

const REGISTRY: &str = "https://registry.example/npm/";

/// A part of a description about one version of `ms`.
fn part(version: &str) -> String {
    format!(
        r#""{version}":{{"name":"ms","version":"{version}","dist":{{"tarball":"{REGISTRY}ms/-/ms-{version}.tgz"}}}}"#
    )
}

/// A lockfile without addresses for two versions of `ms`, both here, with `description` of them.
fn place(description: &str) -> Place {
    let place = Place::new();
    let [(one, _), (two, _)] = [sri(b"tarball ms"), sri(b"tarball two")];
    write(
        &place.root.join("package.json"),
        r#"{ "name": "app", "dependencies": { "ms": "^2.0.0", "other": "npm:ms@1.0.0" } }"#,
    );
    write(
        &place.root.join("package-lock.json"),
        format!(
            r#"{{ "name": "app", "lockfileVersion": 3, "packages": {{
  "": {{ "dependencies": {{ "ms": "^2.0.0", "other": "npm:ms@1.0.0" }} }},
  "node_modules/ms": {{ "version": "2.1.3", "integrity": "{one}" }},
  "node_modules/other": {{ "name": "ms", "version": "1.0.0", "integrity": "{two}" }} }} }}"#
        ),
    );
    write(&place.root.join(".npmrc"), format!("registry = {REGISTRY}\n"));
    place.cache(&format!("{REGISTRY}ms"), description, Some(SHORT));
    place.cache(&format!("{REGISTRY}ms/-/ms-2.1.3.tgz"), "tarball ms", None);
    place.cache(&format!("{REGISTRY}ms/-/ms-1.0.0.tgz"), "tarball two", None);
    place
}

fn sound() -> String {
    format!(r#"{{"name":"ms","readme":"hello","versions":{{{},{}}}}}"#, part("1.0.0"), part("2.1.3"))
}

/// Where a description lies in npm's cache.
fn content(place: &Place, description: &str) -> std::path::PathBuf {
    let (_, hex) = sri(description.as_bytes());
    place.home.join(".npm/_cacache/content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
}

/// Nothing is hashed at once.
fn unhashed(place: &Place) -> Options {
    Options { verify_budget: 0, ..place.options() }
}

fn states(survey: &Survey) -> [ArtifactState; 2] {
    let of = |id: &str| survey.artifacts.iter().find(|artifact| artifact.id == id).unwrap().state;
    [of("npm:ms@2.1.3"), of("npm:ms@1.0.0")]
}

#[test]
fn a_description_is_one_file_to_verify_and_what_rests_on_it_is_verified_with_it() {
    let place = place(&sound());
    std::thread::sleep(Duration::from_millis(80));
    let memory = Kept::default();
    let mut inventory = Inventory::new(&place.root, unhashed(&place));
    let first = inventory.survey(&memory, &|| false);
    assert_eq!(first.readiness.state, ReadinessState::Ready, "{:?}", first.report(true));
    assert_eq!((first.readiness.present, first.readiness.verified), (3, 0));
    let work = inventory.verification(false);
    assert_eq!(work.files(), 4, "a crate, two tarballs, one description");
    let outcome = work.run(&memory, &|| false, &|_, _| ());
    assert_eq!((outcome.sound, outcome.corrupt, outcome.skipped), (4, 0, 0));
    let after = inventory.survey(&memory, &|| false);
    assert_eq!(after.readiness.verified, 3);
    assert_eq!(inventory.verification(false).files(), 0);
    // And so it is remembered: by its counts alone, and whole.
    let again = Inventory::new(&place.root, unhashed(&place)).survey(&memory, &|| false);
    assert_eq!(again.readiness, after.readiness);
    assert_eq!(format!("{:?}", again.report(true)), format!("{:?}", after.report(true)));
}

#[test]
fn without_its_description_verified_a_tarball_that_is_does_not_count_as_verified() {
    let place = place(&sound());
    std::thread::sleep(Duration::from_millis(80));
    let memory = Kept::default();
    let mut inventory = Inventory::new(&place.root, unhashed(&place));
    inventory.survey(&memory, &|| false);
    inventory.verification(false).run(&memory, &|| false, &|_, _| ());
    // The same content, and a file that nobody has read.
    let path = content(&place, &sound());
    std::fs::remove_file(&path).unwrap();
    write(&path, sound());
    std::thread::sleep(Duration::from_millis(80));
    let survey = || Inventory::new(&place.root, unhashed(&place)).survey(&memory, &|| false);
    for survey in [inventory.survey(&memory, &|| false), survey(), survey()] {
        assert_eq!((survey.readiness.present, survey.readiness.verified), (3, 1), "the crate alone");
        let verified: Vec<bool> = survey.artifacts.iter().filter(|a| a.name == "ms").map(|a| a.verified).collect();
        assert_eq!(verified, [false, false]);
    }
}

#[test]
fn a_damaged_description_is_found_by_the_verification_and_by_every_way_to_ask_for_it() {
    let place = place(&sound());
    write(&content(&place, &sound()), sound().replace("hello", "jello"));
    std::thread::sleep(Duration::from_millis(80));
    let memory = Kept::default();
    let mut inventory = Inventory::new(&place.root, unhashed(&place));
    let first = inventory.survey(&memory, &|| false);
    assert_eq!((first.readiness.state, first.readiness.verified), (ReadinessState::Ready, 0), "as of a tarball");
    let outcome = inventory.verification(false).run(&memory, &|| false, &|_, _| ());
    assert_eq!((outcome.sound, outcome.corrupt), (3, 1));
    let deep = Options { depth: Depth::Deep, ..place.options() };
    let judged = [
        inventory.survey(&memory, &|| false),
        Inventory::new(&place.root, unhashed(&place)).survey(&memory, &|| false),
        Inventory::new(&place.root, deep).survey(&NoMemory, &|| false),
        Inventory::new(&place.root, place.options()).survey(&NoMemory, &|| false),
    ];
    for survey in judged {
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
        assert_eq!(states(&survey), [ArtifactState::Corrupt; 2]);
        let (_, evidence) = state(&survey, "ms");
        assert!(evidence.contains("the registry's description of it") && evidence.contains("checksum"), "{evidence}");
        let looked_in = &survey.artifacts.iter().find(|artifact| artifact.name == "ms").unwrap().looked_in;
        assert!(looked_in.contains(&content(&place, &sound())), "{looked_in:?}");
    }
}

#[test]
fn a_description_that_a_glance_misreads_is_not_taken_for_sound() {
    let decoy = part("2.1.3");
    for description in [
        // The version stands below another one, in a field of its own.
        format!(r#"{{"versions":{{{},"3.0.0":{{"config":{{{decoy}}}}}}}}}"#, part("1.0.0")),
        // The whole is no JSON.
        format!(r#"{{"versions":{{{},{decoy}}}"#, part("1.0.0")),
        // A later `versions` does not know it.
        format!(r#"{{"versions":{{{},{decoy}}},"versions":{{{}}}}}"#, part("1.0.0"), part("1.0.0")),
    ] {
        let place = place(&description);
        std::thread::sleep(Duration::from_millis(80));
        let memory = Kept::default();
        let mut inventory = Inventory::new(&place.root, unhashed(&place));
        inventory.survey(&memory, &|| false);
        inventory.verification(false).run(&memory, &|| false, &|_, _| ());
        let deep = Options { depth: Depth::Deep, ..place.options() };
        for survey in [
            inventory.survey(&memory, &|| false),
            Inventory::new(&place.root, deep).survey(&memory, &|| false),
            place.survey(),
        ] {
            assert_eq!(survey.readiness.state, ReadinessState::Incomplete, "{description}");
            assert_eq!(states(&survey)[0], ArtifactState::Corrupt, "{description}");
        }
    }
}

/// Not as root, to whom everything is open: then the rest of the test runs as somebody else, in a process of its own.
#[cfg(unix)]
#[test]
fn a_description_that_may_not_be_read_makes_what_rests_on_it_unknown() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        let binary = tempfile::tempdir().unwrap();
        std::fs::set_permissions(binary.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = binary.path().join("again");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let mut again = std::process::Command::new(&copy);
        std::os::unix::process::CommandExt::uid(&mut again, 65_534);
        let own = "a_description_that_may_not_be_read_makes_what_rests_on_it_unknown";
        let output = again.args(["--exact", own]).current_dir("/").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let place = place(&sound());
    std::thread::sleep(Duration::from_millis(80));
    let memory = Kept::default();
    let survey = || Inventory::new(&place.root, unhashed(&place)).survey(&memory, &|| false);
    assert_eq!(states(&survey()), [ArtifactState::Present; 2]);
    std::fs::set_permissions(content(&place, &sound()), PermissionsExt::from_mode(0o000)).unwrap();
    for survey in [survey(), place.survey()] {
        assert_eq!(states(&survey), [ArtifactState::Unknown; 2]);
        assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    }
}
