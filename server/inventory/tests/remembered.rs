//! Judgements that were remembered: the same answer as a new one, given only while everything stands as it did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use holdover_inventory::{Inventory, Memory, NoMemory, Options, Survey, plan_fetch};
use std::sync::Mutex;
use std::time::Duration;

mod place;
use place::{Kept, Place, write};

/// What memory was asked for, and given.
#[derive(Default)]
struct Watched {
    kept: Kept,
    asked: Mutex<Vec<String>>,
    put: Mutex<Vec<String>>,
}

impl Memory for Watched {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        self.asked.lock().unwrap().extend_from_slice(keys);
        self.kept.get_many(keys)
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        self.put.lock().unwrap().extend(entries.iter().map(|(key, _)| key.clone()));
        self.kept.put_many(entries);
    }
}

impl Watched {
    /// The lockfiles that were judged anew since the last question.
    fn judged_anew(&self) -> usize {
        self.put.lock().unwrap().drain(..).filter(|key| key.starts_with("inventory/judged/")).count()
    }
}

/// As the answer is shown, whole.
fn shown(survey: &Survey) -> String {
    let report = survey.report(true);
    let plan = plan_fetch(survey, None);
    let rest = (&survey.findings, &survey.caches, &survey.mirrors, &survey.watch);
    format!("{report:?} {plan:?} {rest:?}")
}

type Change = fn(&Place);

#[test]
fn a_remembered_judgement_is_the_judgement_and_any_change_is_seen() {
    let place_ = Place::new();
    // Missing, and damaged too: what is shown of them is remembered as well.
    std::fs::remove_file(place_.itoa()).unwrap();
    write(&place_.ms(), "tarball MS");
    std::thread::sleep(Duration::from_millis(80));
    let memory = Watched::default();
    let survey = |options: Options| Inventory::new(&place_.root, options).survey(&memory, &|| false);
    let first = survey(place_.options());
    assert_eq!(memory.judged_anew(), 2);
    let again = survey(place_.options());
    assert_eq!(memory.judged_anew(), 0, "remembered");
    assert_eq!(shown(&first), shown(&again));

    let other = Options { target: Some("x86_64-pc-windows-msvc".into()), ..place_.options() };
    survey(other);
    assert_eq!(memory.judged_anew(), 2, "another target is another question");
    let mut homes = place_.options().homes;
    homes.variables.insert("RUSTFLAGS".into(), "--cfg x".into());
    survey(Options { homes, ..place_.options() });
    assert_eq!(memory.judged_anew(), 2, "another environment is another question");
    std::thread::sleep(Duration::from_millis(80));
    survey(place_.options());
    assert_eq!(memory.judged_anew(), 2);

    let changes: [(&str, usize, Change); 14] = [
        ("a crate comes", 1, |p| write(&p.itoa(), "crate itoa")),
        ("a crate changes in place, size and all else as before", 1, |p| write(&p.itoa(), "crate itoA")),
        ("a tarball goes", 1, |p| std::fs::remove_file(p.ms()).unwrap()),
        ("an index entry changes", 1, |p| p.entry("it/oa/itoa", "itoa", "1.0.1", &"0".repeat(64))),
        ("a manifest changes", 1, |p| {
            write(&p.root.join("package.json"), r#"{ "name": "app", "workspaces": ["packages/*"] }"#);
        }),
        ("configuration appears", 1, |p| write(&p.home.join(".cargo/config.toml"), "[net]\n")),
        ("npm's configuration appears", 1, |p| write(&p.home.join(".npmrc"), "omit = dev\n")),
        ("rustup appears", 1, |p| std::fs::create_dir_all(p.home.join(".rustup/toolchains")).unwrap()),
        ("what rustup keeps changes", 1, |p| write(&p.home.join(".rustup/settings.toml"), "version = \"12\"\n")),
        ("a target appears", 1, |p| write(&p.root.join("src/bin/build.rs"), "")),
        ("a toolchain is asked for", 1, |p| write(&p.root.join("rust-toolchain"), "1.70.0")),
        ("the sources go", 1, |p| std::fs::remove_dir_all(p.root.join("src")).unwrap()),
        ("a member of the workspaces appears", 1, |p| {
            write(&p.root.join("packages/new/package.json"), r#"{ "name": "new", "version": "1.0.0" }"#);
        }),
        ("a lockfile changes", 1, |p| write(&p.root.join("Cargo.lock"), "version = 4\n")),
    ];
    for (what, judged, change) in changes {
        change(&place_);
        std::thread::sleep(Duration::from_millis(80));
        let now = survey(place_.options());
        assert_eq!(memory.judged_anew(), judged, "{what}");
        assert_eq!(shown(&now), shown(&place_.survey()), "{what}");
        survey(place_.options());
        assert_eq!(memory.judged_anew(), 0, "{what}, and remembered again");
    }
}

#[test]
fn what_is_remembered_and_damaged_is_not_believed() {
    let place_ = Place::new();
    std::thread::sleep(Duration::from_millis(80));
    let memory = Watched::default();
    let survey = || Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    let first = survey();
    let kept = memory.kept.0.lock().unwrap().clone();
    let judged = |key: &&String| key.starts_with("inventory/judged/") || key.starts_with("inventory/artifacts/");
    assert_eq!(kept.keys().filter(judged).count(), 4);
    for key in kept.keys().filter(judged) {
        let length = kept[key].len();
        for place in (0..length).step_by(length / 60 + 1).chain([length - 1]) {
            memory.judged_anew();
            // Each look writes it anew, and times that end in zeros make it a few bytes shorter.
            let at = {
                let mut kept = memory.kept.0.lock().unwrap();
                let bytes = kept.get_mut(key).unwrap();
                let at = place.min(bytes.len() - 1);
                bytes[at] ^= 1;
                at
            };
            assert_eq!(shown(&survey()), shown(&first));
            assert_eq!(memory.judged_anew(), 1, "byte {at} of {length}");
            memory.kept.0.lock().unwrap().get_mut(key).unwrap().truncate(at);
            assert_eq!(shown(&survey()), shown(&first));
        }
    }
}

#[test]
fn files_that_could_change_unseen_are_not_remembered() {
    let place_ = Place::new();
    let memory = Watched::default();
    let survey = || Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    // As a fetch that ends while the survey begins leaves them, however long that takes here.
    let later = std::time::SystemTime::now() + Duration::from_hours(1);
    for file in [place_.itoa(), place_.ms()] {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(later).unwrap();
    }
    survey();
    assert_eq!(memory.judged_anew(), 0, "too young");
}

#[test]
fn a_member_that_appears_where_a_pattern_looks_is_seen() {
    let place_ = Place::new();
    let manifest = place_.root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    write(&manifest, format!("{text}\n[workspace]\nmembers = [\"crates/*/core\"]\n"));
    std::fs::create_dir_all(place_.root.join("crates/a/core")).unwrap();
    std::fs::create_dir_all(place_.root.join("crates/b")).unwrap();
    let mut inventory = Inventory::new(&place_.root, place_.options());
    let mut refused = || inventory.survey(&NoMemory, &|| false).readiness.ecosystems[0].problem.clone();
    assert_eq!(refused(), None);
    let core = "[package]\nname = \"core-a\"\nversion = \"0.1.0\"\n";
    write(&place_.root.join("crates/a/core/Cargo.toml"), core);
    assert!(refused().is_some_and(|why| why.contains("/core/Cargo.toml")));
    std::fs::remove_file(place_.root.join("crates/a/core/Cargo.toml")).unwrap();
    assert_eq!(refused(), None);
    write(&place_.root.join("crates/b/core/Cargo.toml"), core);
    assert!(refused().is_some_and(|why| why.contains("/core/Cargo.toml")));
}

#[test]
fn a_source_that_goes_is_seen_where_its_folder_is_a_link() {
    let place_ = Place::new();
    let src = place_.root.join("src");
    let elsewhere = place_.home.join("sources");
    std::fs::create_dir_all(&elsewhere).unwrap();
    write(&elsewhere.join("main.rs"), "fn main() {}\n");
    std::fs::remove_dir_all(&src).unwrap();
    std::fs::create_dir_all(&src).unwrap();
    // The folder `src` itself does not change when what a link in it leads to goes.
    std::os::unix::fs::symlink(elsewhere.join("main.rs"), src.join("main.rs")).unwrap();
    let mut inventory = Inventory::new(&place_.root, place_.options());
    let mut problem = || inventory.survey(&NoMemory, &|| false).readiness.ecosystems[0].problem.clone();
    assert_eq!(problem(), None);
    std::fs::remove_file(elsewhere.join("main.rs")).unwrap();
    assert!(problem().is_some_and(|why| why.contains("neither src/lib.rs nor src/main.rs")));
}

#[test]
fn where_everything_is_here_the_answer_is_the_same_with_artifacts_left_packed() {
    let place_ = Place::new();
    std::thread::sleep(Duration::from_millis(80));
    let memory = Watched::default();
    let survey = || Inventory::new(&place_.root, place_.options()).survey(&memory, &|| false);
    let first = survey();
    assert_eq!(first.readiness.present, first.readiness.total);
    assert_eq!(memory.judged_anew(), 2);
    let again = survey();
    assert_eq!(memory.judged_anew(), 0, "remembered");
    assert_eq!(first.readiness, again.readiness, "before anything is unpacked");
    assert_eq!(format!("{:?}", first.report(false)), format!("{:?}", again.report(false)));
    assert_eq!(shown(&first), shown(&again), "and after");
    let mut inventory = Inventory::new(&place_.root, place_.options());
    inventory.survey(&memory, &|| false);
    assert_eq!(inventory.verification(true).files() as u64, first.readiness.present);
}

#[test]
fn who_wants_counts_only_is_given_no_artifacts_and_who_asks_all_the_same_gets_them_as_they_are_now() {
    let place_ = Place::new();
    std::thread::sleep(Duration::from_millis(80));
    let memory = Watched::default();
    let counts = || Options { counts_only: true, ..place_.options() };
    let survey = |options: Options| Inventory::new(&place_.root, options).survey(&memory, &|| false);
    let first = survey(place_.options());
    memory.judged_anew();
    memory.asked.lock().unwrap().clear();
    let again = survey(counts());
    assert_eq!(memory.judged_anew(), 0, "remembered");
    let asked = |what: &str| memory.asked.lock().unwrap().iter().filter(|key| key.contains(what)).count();
    assert_eq!((asked("/judged/"), asked("/artifacts/")), (2, 0));
    assert_eq!(first.readiness, again.readiness);
    assert_eq!(format!("{:?}", first.report(false)), format!("{:?}", again.report(false)));
    assert_eq!(shown(&first), shown(&again), "judged again, in the end");
    assert_eq!(memory.judged_anew(), 0, "and nothing is remembered of that");

    // A judgement for counts alone remembers no artifacts: whoever wants them judges anew, once.
    memory.kept.0.lock().unwrap().clear();
    survey(counts());
    assert_eq!(memory.judged_anew(), 2);
    assert!(!memory.kept.0.lock().unwrap().keys().any(|key| key.contains("/artifacts/")));
    assert_eq!(shown(&survey(counts())), shown(&first));
    assert_eq!(memory.judged_anew(), 0, "remembered");
    assert_eq!(shown(&survey(place_.options())), shown(&first));
    assert_eq!(memory.judged_anew(), 2);
    assert_eq!(shown(&survey(place_.options())), shown(&first));
    assert_eq!(memory.judged_anew(), 0, "remembered whole");

    // What happens between the counting and the asking is not hidden.
    let counted = survey(counts());
    std::fs::remove_file(place_.itoa()).unwrap();
    assert!(shown(&counted).contains("Missing"), "{}", shown(&counted));
    // Where something is not here, that is all that is wanted.
    std::thread::sleep(Duration::from_millis(80));
    let missing = survey(counts());
    assert_eq!(memory.judged_anew(), 1);
    let again = survey(counts());
    assert_eq!(memory.judged_anew(), 0, "remembered");
    assert_eq!(shown(&missing), shown(&again));
    // Neither is believed without the other.
    memory.kept.0.lock().unwrap().retain(|key, _| !key.contains("/artifacts/"));
    survey(place_.options());
    assert_eq!(memory.judged_anew(), 1, "npm's, whose artifacts were lost");
}

#[test]
fn a_checksum_that_differs_is_told_of_a_judgement_that_was_remembered_as_complete() {
    let place_ = Place::new();
    write(&place_.ms(), "tarball mz");
    std::thread::sleep(Duration::from_millis(80));
    let memory = Watched::default();
    // Nothing is hashed at first: the judgement says that all is here.
    let unhashed = || Options { verify_budget: 0, ..place_.options() };
    let survey = || Inventory::new(&place_.root, unhashed()).survey(&memory, &|| false);
    let first = survey();
    assert_eq!((first.readiness.present, first.readiness.verified), (first.readiness.total, 0));
    let mut inventory = Inventory::new(&place_.root, unhashed());
    inventory.survey(&memory, &|| false);
    let outcome = inventory.verification(false).run(&memory, &|| false, &|_, _| ());
    assert_eq!(outcome.corrupt, 1);
    for survey in [inventory.survey(&memory, &|| false), survey()] {
        assert_eq!(survey.readiness.corrupt, 1);
        assert_eq!(survey.readiness.verified + 1, survey.readiness.total);
        assert_eq!(survey.absent().count(), 1);
    }
}
