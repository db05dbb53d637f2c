//! Files as they are made, and what is said about files that cannot be used; those stay as they were, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use holdover_journal::{Draft, Filter, Journal, OpenError};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use support::{picture, raw};

/// The form that this version writes: one for each script in `migrations`.
fn format() -> usize {
    fs::read_dir(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("migrations")).unwrap().count()
}

/// A journal with three events, closed.
fn journal() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..3 {
        journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({"n": n})) }).unwrap();
    }
    folder
}

/// Opens, expects an error, and that it changed nothing.
fn refused(folder: &Path) -> OpenError {
    let before = picture(folder);
    let error = Journal::open(folder).expect_err("it was opened");
    assert_eq!(picture(folder), before, "{error}");
    let text = error.to_string();
    assert!(text.contains(folder.to_str().unwrap()), "names the file: {text}");
    assert!(text.contains("\nhint: "), "says what to do next: {text}");
    assert!(!text.contains("database is locked"), "{text}");
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn folder_key_and_database_are_for_the_user_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data/holdover");
    let journal = Journal::open(&folder).unwrap();
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&parent.path().join("data")), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(folder.join("journal.db-wal").exists(), "the log beside the database was looked at too");
    drop(journal);
    let mut left: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    let (made, locks) = (["db", "json", "key", "reserve", "witness"], ["key.lock", "lock"]);
    let mut names: Vec<String> = made.into_iter().chain(locks).map(|ending| format!("journal.{ending}")).collect();
    names.sort();
    assert_eq!(left, names);
}

#[test]
fn the_description_says_which_journal_which_format_and_which_kind_of_key() {
    let folder = journal();
    let text: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("journal.json")).unwrap()).unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(text["journal"], journal.id().to_string());
    assert_eq!((&text["format"], &text["key"]["kind"]), (&json!(format()), &json!("file")));
    let key = fs::read_to_string(folder.path().join("journal.key")).unwrap();
    assert!(!text.to_string().contains(&key.trim()[..16]), "the key is not in it");
}

#[test]
fn a_description_that_was_removed_is_written_again() {
    let folder = journal();
    let before = fs::read(folder.path().join("journal.json")).unwrap();
    fs::remove_file(folder.path().join("journal.json")).unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().count().unwrap(), 3);
    assert_eq!(fs::read(folder.path().join("journal.json")).unwrap(), before);
}

#[test]
fn a_description_that_a_loss_of_power_left_empty_is_written_again() {
    for left in [&[][..], &[0; 129]] {
        let folder = journal();
        let described = fs::read(folder.path().join("journal.json")).unwrap();
        fs::write(folder.path().join("journal.json"), left).unwrap();
        assert_eq!(Journal::open(folder.path()).unwrap().count().unwrap(), 3);
        assert_eq!(fs::read(folder.path().join("journal.json")).unwrap(), described);
    }
}

#[test]
fn a_database_that_was_being_made_aside_is_removed_by_the_next_and_a_lock_on_making_it_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["", "-wal"] {
        fs::write(folder.path().join(format!("journal.db.new{ending}")), "half of it").unwrap();
    }
    let lock = fs::File::create(folder.path().join("journal.key.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().count().unwrap(), 0, "made in its place");
    drop(lock);
    drop(Journal::open(folder.path()).unwrap());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(".new")).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_file_that_is_no_database_is_not_opened() {
    let plain = {
        let file = tempfile::NamedTempFile::new().unwrap();
        rusqlite::Connection::open(file.path()).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        fs::read(file.path()).unwrap()
    };
    let cases: [(&[u8], &str); 4] = [
        (b"hello", "its 5 bytes are not an encrypted database"),
        (&[0; 8192], "its 8192 bytes are not"),
        (&b"all work and no play ".repeat(512), "are not an encrypted database"),
        (&plain, "a plain SQLite database"),
    ];
    for (contents, reason) in cases {
        for described in [true, false] {
            let folder = journal();
            fs::write(folder.path().join("journal.db"), contents).unwrap();
            if !described {
                fs::remove_file(folder.path().join("journal.json")).unwrap();
            }
            let error = refused(folder.path());
            assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}

#[test]
fn a_database_of_another_program_is_not_opened_even_with_our_key() {
    let folder = journal();
    raw(folder.path()).execute_batch("PRAGMA application_id = 7").unwrap();
    let error = refused(folder.path());
    assert!(matches!(&error, OpenError::NotADatabase { detail, .. } if detail.contains("another program")), "{error}");
}

#[test]
fn another_key_is_told_from_a_broken_file() {
    let other = "ab".repeat(32);
    for described in [true, false] {
        let folder = journal();
        fs::write(folder.path().join("journal.key"), &other).unwrap();
        if !described {
            fs::remove_file(folder.path().join("journal.json")).unwrap();
        }
        let error = refused(folder.path());
        assert!(matches!(error, OpenError::WrongKey { .. }), "described {described}: {error}");
    }
    // The database of somebody else, brought here.
    let (ours, theirs) = (journal(), journal());
    fs::copy(theirs.path().join("journal.db"), ours.path().join("journal.db")).unwrap();
    let error = refused(ours.path());
    assert!(matches!(&error, OpenError::Damaged { detail, .. } if detail.contains("another journal's")), "{error}");
    fs::remove_file(ours.path().join("journal.json")).unwrap();
    assert!(matches!(refused(ours.path()), OpenError::WrongKey { .. }));
}

#[test]
fn a_key_file_that_holds_no_key_says_why_and_that_nobody_else_has_it() {
    for (contents, reason) in [
        ("ab".repeat(31), "and these are 62"),
        (format!("{}\n", "ab".repeat(40)), "and these are 80"),
        (String::new(), "and these are 0"),
        (format!("{}xy", "ab".repeat(31)), "byte 63 is none"),
    ] {
        let folder = journal();
        fs::write(folder.path().join("journal.key"), contents).unwrap();
        let text = refused(folder.path()).to_string();
        assert!(text.contains(reason), "{text}");
        assert!(text.contains("Holdover keeps no copy of a key"), "{text}");
    }
}

#[test]
fn a_missing_key_is_not_replaced() {
    for described in [true, false] {
        let folder = journal();
        fs::remove_file(folder.path().join("journal.key")).unwrap();
        if !described {
            fs::remove_file(folder.path().join("journal.json")).unwrap();
        }
        assert!(matches!(refused(folder.path()), OpenError::KeyMissing { .. }));
    }
}

#[test]
fn a_key_file_that_holds_no_key_is_reported() {
    for contents in ["", "abc", &"g".repeat(64), &"a".repeat(5000)] {
        let folder = journal();
        fs::write(folder.path().join("journal.key"), contents).unwrap();
        let error = refused(folder.path());
        assert!(matches!(error, OpenError::BadKey { .. } | OpenError::Io { .. }), "{error}");
        assert!(error.to_string().contains("journal.key"), "{error}");
    }
}

#[test]
fn a_broken_or_foreign_description_is_reported() {
    let folder = journal();
    fs::write(folder.path().join("journal.json"), "{").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::BadDescription { .. }));
    let folder = journal();
    let text = fs::read_to_string(folder.path().join("journal.json")).unwrap();
    fs::write(folder.path().join("journal.json"), text.replace("\"file\"", "\"abacus\"")).unwrap();
    let error = refused(folder.path());
    assert!(error.to_string().contains("`abacus`"), "{error}");
    let id = Journal::open(journal().path()).unwrap().id().to_string();
    let folder = journal();
    let own = Journal::open(folder.path()).unwrap().id().to_string();
    let text = fs::read_to_string(folder.path().join("journal.json")).unwrap();
    fs::write(folder.path().join("journal.json"), text.replace(&own, &id)).unwrap();
    let error = refused(folder.path());
    assert!(matches!(&error, OpenError::BadDescription { detail, .. } if detail.contains(&own)), "{error}");
}

#[test]
fn a_database_that_is_gone_is_not_silently_begun_anew() {
    let folder = journal();
    fs::remove_file(folder.path().join("journal.db")).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::DatabaseMissing { .. }), "{error}");
    fs::remove_file(folder.path().join("journal.json")).unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().count().unwrap(), 0, "as the hint says");
}

#[test]
fn folders_in_the_place_of_files_are_reported() {
    for name in ["journal.db", "journal.key", "journal.json"] {
        let folder = journal();
        fs::remove_file(folder.path().join(name)).unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        let error = refused(folder.path());
        assert!(error.to_string().contains(name), "{error}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Journal::open(file.path()).unwrap_err();
    assert!(error.to_string().contains("it is a file, not a folder"), "{error}");
}

#[test]
fn an_empty_database_file_becomes_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("journal.db"), "").unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().count().unwrap(), 0);
}

/// Opens as a user without rights, in a process of its own where we are root.
fn refused_to_others(folder: &Path) -> String {
    let exe = folder.parent().unwrap().join("child");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    fs::set_permissions(&exe, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&exe);
    command.args(["--exact", "opens_as_somebody_else", "--ignored", "--nocapture"]).env("HOLDOVER_TEST_FOLDER", folder);
    if fs::metadata(folder).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
#[ignore = "run by other tests, as another user"]
fn opens_as_somebody_else() {
    let folder = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let error = Journal::open(Path::new(&folder)).expect_err("it was opened");
    assert!(matches!(error, OpenError::Permission { .. }), "{error}");
    println!("REFUSED {error}");
}

/// What is shut, how, and what the message names.
type Case = (&'static str, fn(&Path), &'static str);

#[test]
fn without_permission_the_file_is_named_and_nothing_changes() {
    let made = || {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = parent.path().join("data");
        Journal::open(&folder).unwrap().append(Draft::observation("check.ran", json!({}))).unwrap();
        (parent, folder)
    };
    let cases: [Case; 4] = [
        ("a closed folder", |f| fs::set_permissions(f, Permissions::from_mode(0o000)).unwrap(), "data"),
        (
            "a closed key",
            |f| {
                fs::set_permissions(f, Permissions::from_mode(0o777)).unwrap();
                fs::set_permissions(f.join("journal.json"), Permissions::from_mode(0o644)).unwrap();
                fs::set_permissions(f.join("journal.key"), Permissions::from_mode(0o000)).unwrap();
            },
            "journal.key",
        ),
        (
            "a read-only folder",
            |f| {
                for name in ["journal.json", "journal.key", "journal.db"] {
                    fs::set_permissions(f.join(name), Permissions::from_mode(0o666)).unwrap();
                }
                fs::set_permissions(f, Permissions::from_mode(0o555)).unwrap();
            },
            "permission to write in",
        ),
        (
            "a read-only database",
            |f| {
                for name in ["journal.json", "journal.key", "journal.db"] {
                    fs::set_permissions(f.join(name), Permissions::from_mode(0o444)).unwrap();
                }
                fs::set_permissions(f, Permissions::from_mode(0o777)).unwrap();
            },
            "journal.db",
        ),
    ];
    for (what, prepare, named) in cases {
        let (_parent, folder) = made();
        prepare(&folder);
        let before = std::panic::catch_unwind(|| picture(&folder)).ok();
        let text = refused_to_others(&folder);
        let said = text.lines().find(|l| l.contains("REFUSED")).unwrap_or_default();
        assert!(said.contains("no permission to") && said.contains(named), "{what}: {text}");
        assert_eq!(std::panic::catch_unwind(|| picture(&folder)).ok(), before, "{what}");
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn an_empty_folder_that_cannot_be_written_is_reported() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = parent.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let text = refused_to_others(&folder);
    assert!(text.contains("no permission to create"), "{text}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
}

/// Names of files in the folder that hold `needle`.
fn holding(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle.as_bytes()) {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn no_file_holds_a_word_of_what_was_written() {
    let words =
        ["xylophone-payload", "xylophone.kind", "xylophone-actor", "xylophone-key", "xylophone-job", "xylophone-root"];
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..200 {
        let mut draft = Draft::observation("xylophone.kind", json!({"text": "xylophone-payload", "n": n}));
        draft.actor.name = "xylophone-actor".to_owned();
        journal.append(draft).unwrap();
    }
    journal.remember_put_many(vec![("xylophone-key".to_owned(), b"xylophone-payload".to_vec())]);
    journal.job_begin(contract::JobKind::Check, "xylophone-job", None, holdover_journal::holdover()).unwrap();
    journal.workspace_id(Path::new("/xylophone-root")).unwrap();
    journal.flush().unwrap();
    assert_eq!(journal.entries(&Filter::default()).unwrap()[0].kind, "xylophone.kind", "it is there to be read");
    let all = |folder: &Path| words.map(|word| holding(folder, word)).concat();
    assert_eq!(all(folder.path()), [""; 0], "while it is open");
    assert!(fs::metadata(folder.path().join("journal.db-wal")).unwrap().len() > 0);
    drop(journal);
    assert_eq!(all(folder.path()), [""; 0], "after it was closed");
    fs::write(folder.path().join("control"), "… xylophone-payload …").unwrap();
    assert_eq!(all(folder.path()), ["control"], "the scan finds what is there");
}

#[test]
fn a_journal_is_absent_until_it_is_made_and_not_when_a_part_of_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Journal::is_absent(folder.path()) && Journal::is_absent(&folder.path().join("not made yet")));
    drop(Journal::open(folder.path()).unwrap());
    assert!(!Journal::is_absent(folder.path()));
    std::fs::remove_file(folder.path().join("journal.json")).unwrap();
    assert!(!Journal::is_absent(folder.path()), "its database is there");
}
