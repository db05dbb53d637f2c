//! The key of a journal moved from place to place, and replaced by another: whatever happens in between, the journal opens
//! with all that was acknowledged, and the key is left nowhere that is not described.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use holdover_journal::{
    Ask, Draft, HeldKey, HolderError, Journal, KeyHolder, Keyring, Keys, OpenError, Place, RekeyError, Rekeyed, Secret,
    Unlocked, key_standing, lock, rekey, unlock,
};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::raw;
use zeroize::Zeroizing;

/// A keyring that is a folder of its own, so that it outlives the processes that ask it.
struct Drawer {
    folder: PathBuf,
    locked: AtomicBool,
    /// Gives back something else than what was put.
    forgetful: bool,
    /// Keeps what is put, and answers too late.
    late: bool,
    /// Gives nothing up.
    stuck: bool,
}

impl Drawer {
    fn at(folder: &Path) -> Arc<Drawer> {
        let folder = folder.join("drawer");
        fs::create_dir_all(&folder).unwrap();
        Arc::new(Drawer { folder, locked: AtomicBool::new(false), forgetful: false, late: false, stuck: false })
    }

    fn file(&self, entry: &str) -> Result<PathBuf, HolderError> {
        if self.locked.load(Ordering::Relaxed) {
            return Err(HolderError::Locked("the drawer is locked".to_owned()));
        }
        Ok(self.folder.join(entry))
    }

    /// The same drawer in another mood.
    fn but(&self, forgetful: bool, late: bool, stuck: bool) -> Arc<Drawer> {
        Arc::new(Drawer { folder: self.folder.clone(), locked: AtomicBool::new(false), forgetful, late, stuck })
    }

    fn entries(&self) -> usize {
        fs::read_dir(&self.folder).unwrap().count()
    }
}

impl Keyring for Drawer {
    fn name(&self) -> &'static str {
        "the drawer"
    }

    fn get(&self, entry: &str, _: Ask) -> Result<Option<Secret>, HolderError> {
        let found = fs::read(self.file(entry)?).ok().map(Zeroizing::new);
        Ok(if self.forgetful { found.map(|_| Zeroizing::new(vec![1; 32])) } else { found })
    }

    fn put(&self, entry: &str, secret: &[u8], _: Ask) -> Result<(), HolderError> {
        fs::write(self.file(entry)?, secret).map_err(|e| HolderError::Failed(e.to_string()))?;
        if self.late { Err(HolderError::TimedOut("the drawer did not answer".to_owned())) } else { Ok(()) }
    }

    fn remove(&self, entry: &str, _: Ask) -> Result<(), HolderError> {
        if self.stuck {
            return Err(HolderError::TimedOut("the drawer did not answer".to_owned()));
        }
        let _ = fs::remove_file(self.file(entry)?);
        Ok(())
    }
}

/// A holder like a chip: seals by an exclusive-or with a pad that it does not give away.
struct Chip {
    pad: u8,
}

impl KeyHolder for Chip {
    fn kind(&self) -> &'static str {
        "chip"
    }

    fn keys(&self) -> Result<Vec<HeldKey>, HolderError> {
        Ok(Vec::new())
    }

    fn seal(&self, _: Option<&str>, secret: &[u8; 32], _: &[u8], _: Ask) -> Result<Value, HolderError> {
        Ok(json!(secret.map(|byte| byte ^ self.pad)))
    }

    fn unseal(&self, sealed: &Value, _: &[u8], _: Ask) -> Result<Zeroizing<[u8; 32]>, HolderError> {
        let bytes: Vec<u8> = serde_json::from_value(sealed.clone()).unwrap();
        let bytes: [u8; 32] = bytes.try_into().unwrap();
        Ok(Zeroizing::new(bytes.map(|byte| byte ^ self.pad)))
    }

    fn describe(&self, _: &Value) -> String {
        "the chip".to_owned()
    }
}

/// Everything that one test has: a data folder with three events in it, a session's folder, a drawer, a chip.
struct Home {
    folder: tempfile::TempDir,
    drawer: Arc<Drawer>,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { drawer: Drawer::at(folder.path()), folder };
        let journal = Journal::open(&home.data()).unwrap();
        for n in 0..3 {
            journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({"n": n})) }).unwrap();
        }
        home
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn keys(&self) -> Keys {
        keys(self.folder.path(), &self.drawer)
    }

    fn with(&self, passphrase: &str) -> Keys {
        Keys { passphrase: Some(Zeroizing::new(passphrase.to_owned())), ..self.keys() }
    }

    fn rekey(&self, keys: &Keys, to: &Place, new_key: bool) -> Result<Rekeyed, RekeyError> {
        rekey(&self.data(), keys, to, new_key, &mut |_| ())
    }

    fn described(&self) -> Value {
        serde_json::from_slice(&fs::read(self.data().join("journal.json")).unwrap()).unwrap()
    }

    /// The raw key in the file, in hex.
    fn raw_key(&self) -> Option<String> {
        fs::read_to_string(self.data().join("journal.key")).ok().map(|text| text.trim().to_owned())
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.data())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| {
                !["journal.lock", "journal.key.lock", "journal.reserve", "journal.witness"].contains(&name.as_str())
            })
            .collect();
        names.sort();
        names
    }

    /// Opens, counts, verifies.
    fn events(&self, keys: &Keys) -> u64 {
        let journal = Journal::open_with(&self.data(), keys).unwrap();
        assert_eq!(journal.verify().unwrap().events, journal.count().unwrap());
        journal.count().unwrap()
    }
}

fn keys(folder: &Path, drawer: &Arc<Drawer>) -> Keys {
    Keys {
        session: Some(folder.join("session")),
        keyring: Some(Arc::clone(drawer) as Arc<dyn Keyring>),
        holders: vec![Arc::new(Chip { pad: 0x5a })],
        ..Keys::default()
    }
}

fn passphrase(text: &str) -> Place {
    Place::Passphrase(Zeroizing::new(text.to_owned()))
}

fn chip() -> Place {
    Place::Holder { kind: "chip".to_owned(), which: None }
}

#[test]
fn the_key_goes_from_every_place_to_every_other_and_is_left_in_the_last_alone() {
    let home = Home::new();
    let first = home.raw_key().unwrap();
    let words = "correct horse";
    let places = [Place::File, Place::Keyring, passphrase(words), chip()];
    // A walk over every pair of different places.
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (2, 0), (0, 3), (3, 1), (1, 3), (3, 2), (2, 1), (1, 0)] {
        let done = home.rekey(&home.with(words), &places[to], false).unwrap();
        assert_eq!((done.from.as_str(), done.to.as_str()), (places[from].kind(), places[to].kind()));
        assert_eq!(done.left_in, None);
        let described = home.described();
        assert_eq!(described["key"]["kind"], places[to].kind());
        assert!(described.get("retiring").is_none() && described.get("next").is_none(), "{described}");
        let in_file = to == 0;
        assert_eq!(home.raw_key().as_deref(), in_file.then_some(first.as_str()), "{}", places[to].kind());
        assert_eq!(home.drawer.entries(), usize::from(to == 1), "{}", places[to].kind());
        let files: &[&str] =
            if in_file { &["journal.db", "journal.json", "journal.key"] } else { &["journal.db", "journal.json"] };
        assert_eq!(home.files(), files);
        assert!(!described.to_string().contains(&first[..16]), "the key is not in the description");
        assert_eq!(home.events(&home.with(words)), 3);
    }
}

#[test]
fn a_new_key_encrypts_everything_anew_and_the_old_one_opens_nothing() {
    let words = "correct horse";
    for to in [Place::File, Place::Keyring, passphrase(words), chip()] {
        let home = Home::new();
        let (before, old) = (fs::read(home.data().join("journal.db")).unwrap(), home.raw_key().unwrap());
        let done = home.rekey(&home.with(words), &to, true).unwrap();
        assert!(done.new_key && done.left_in.is_none());
        assert_eq!(home.events(&home.with(words)), 3, "{}", to.kind());
        let after = fs::read(home.data().join("journal.db")).unwrap();
        let same = before.chunks(4096).filter(|page| after.chunks(4096).any(|other| *page == other)).count();
        assert_eq!(same, 0, "no page is as it was");
        assert_ne!(home.raw_key(), Some(old.clone()));
        // Again to the same place, and once more moved: a journal of a second key is like any other.
        home.rekey(&home.with(words), &to, true).unwrap();
        home.rekey(&home.with(words), &Place::File, false).unwrap();
        assert_eq!(home.events(&Keys::default()), 3);
        fs::write(home.data().join("journal.key"), &old).unwrap();
        fs::remove_file(home.data().join("journal.json")).unwrap();
        assert!(matches!(Journal::open(&home.data()), Err(OpenError::WrongKey { .. })));
    }
}

#[test]
fn a_journal_with_a_new_key_goes_on_where_it_was_with_the_same_settings() {
    let home = Home::new();
    let (id, rows) = {
        let journal = Journal::open(&home.data()).unwrap();
        (journal.id(), journal.entries(&holdover_journal::Filter::default()).unwrap())
    };
    home.rekey(&home.keys(), &Place::File, true).unwrap();
    let journal = Journal::open(&home.data()).unwrap();
    assert_eq!(journal.id(), id);
    assert_eq!(journal.entries(&holdover_journal::Filter::default()).unwrap(), rows);
    assert_eq!(journal.append(Draft::observation("check.ran", json!({}))).unwrap().seq, rows.last().unwrap().seq + 1);
    let mode: String = raw(&home.data()).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(fs::metadata(home.data().join("journal.db")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn moving_the_key_disturbs_nobody_who_has_the_journal_open_and_a_new_one_is_refused_until_they_close_it() {
    let home = Home::new();
    let open = Journal::open(&home.data()).unwrap();
    home.rekey(&home.keys(), &Place::Keyring, false).unwrap();
    open.append(Draft::observation("check.ran", json!({}))).unwrap();
    let before = home.described();
    let refused = home.rekey(&home.keys(), &Place::Keyring, true).unwrap_err();
    assert!(matches!(refused, RekeyError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("close the editors"), "{refused}");
    assert_eq!((home.described(), home.drawer.entries()), (before, 1));
    assert_eq!(open.count().unwrap(), 4);
    drop(open);
    home.rekey(&home.keys(), &Place::Keyring, true).unwrap();
    assert_eq!((home.events(&home.keys()), home.drawer.entries()), (4, 1));
}

#[test]
fn a_connection_of_an_older_version_which_holds_no_lock_of_ours_stops_a_new_key_too() {
    let home = Home::new();
    let older = raw(&home.data());
    let _: i64 = older.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
    assert!(matches!(home.rekey(&home.keys(), &Place::File, true), Err(RekeyError::InUse { .. })));
    drop(older);
    assert_eq!(home.files(), ["journal.db", "journal.json", "journal.key"]);
    home.rekey(&home.keys(), &Place::File, true).unwrap();
}

#[test]
fn a_place_that_gives_back_something_else_is_not_trusted_with_the_key() {
    let home = Home::new();
    let keys = Keys { keyring: Some(home.drawer.but(true, false, false)), ..home.keys() };
    let error = home.rekey(&keys, &Place::Keyring, false).unwrap_err();
    assert!(matches!(error, RekeyError::NotProven { .. }), "{error}");
    assert_eq!((home.drawer.entries(), home.described()["key"]["kind"].as_str()), (0, Some("file")));
    assert_eq!(home.events(&Keys::default()), 3);
}

#[test]
fn a_key_that_the_keyring_may_have_kept_stays_noted_until_it_is_known_to_be_gone() {
    for (forgetful, late, stuck) in [(false, true, true), (true, false, true), (false, true, false)] {
        for new_key in [false, true] {
            let home = Home::new();
            let keys = Keys { keyring: Some(home.drawer.but(forgetful, late, stuck)), ..home.keys() };
            home.rekey(&keys, &Place::Keyring, new_key).unwrap_err();
            let noted = home.described().get("putting").is_some();
            assert_eq!((home.drawer.entries(), noted), if stuck { (1, true) } else { (0, false) }, "{late}");
            // While it gives nothing up it stays noted, and the journal opens.
            assert_eq!(home.events(&keys), 3);
            assert_eq!(home.described().get("putting").is_some(), stuck);
            assert_eq!(home.events(&home.keys()), 3);
            assert_eq!((home.drawer.entries(), home.described().get("putting").is_some()), (0, false));
        }
    }
}

#[test]
fn a_locked_keyring_locks_the_journal_says_what_to_do_and_opens_it_when_it_is_unlocked() {
    let home = Home::new();
    home.rekey(&home.keys(), &Place::Keyring, false).unwrap();
    home.drawer.locked.store(true, Ordering::Relaxed);
    for keys in [home.keys(), home.keys().at_hand()] {
        let error = Journal::open_with(&home.data(), &keys).unwrap_err();
        assert!(error.is_locked() && error.to_string().contains("\nhint: "), "{error}");
    }
    let error = home.rekey(&home.keys(), &Place::File, false).unwrap_err();
    assert!(error.to_string().contains("the drawer is locked"), "{error}");
    home.drawer.locked.store(false, Ordering::Relaxed);
    assert_eq!(home.events(&home.keys()), 3);
    // The entry is gone: that is not the same as locked, and says so.
    fs::remove_dir_all(&home.drawer.folder).unwrap();
    let error = Journal::open_with(&home.data(), &home.keys()).unwrap_err();
    assert!(
        matches!(error, OpenError::KeyGone { .. }) && error.to_string().contains("the drawer has no entry"),
        "{error}"
    );
}

#[test]
fn a_copy_of_the_key_file_that_was_kept_opens_a_journal_whose_keyring_is_lost() {
    let home = Home::new();
    let copy = fs::read(home.data().join("journal.key")).unwrap();
    home.rekey(&home.keys(), &Place::Keyring, false).unwrap();
    fs::remove_dir_all(&home.drawer.folder).unwrap();
    fs::write(home.data().join("journal.key"), copy).unwrap();
    assert_eq!(home.events(&home.keys()), 3);
    let standing = key_standing(&home.data(), &home.keys()).unwrap();
    assert_eq!(standing.copy_in_clear, Some(home.data().join("journal.key")));
    // The same place once more: it does not hold the key, so the copy is the only one, and stays.
    assert!(home.rekey(&home.keys(), &Place::Keyring, false).is_err());
    assert_eq!(home.events(&home.keys()), 3);
    home.rekey(&home.keys(), &chip(), false).unwrap();
    assert_eq!((home.events(&home.keys()), home.raw_key()), (3, None));
}

#[test]
fn a_passphrase_unlocks_for_the_session_and_locks_again() {
    let home = Home::new();
    home.rekey(&home.keys(), &passphrase("correct horse"), false).unwrap();
    assert!(Journal::open_with(&home.data(), &home.keys()).unwrap_err().is_locked());
    assert!(unlock(&home.data(), &home.keys()).unwrap_err().to_string().contains("is locked"));
    let wrong = unlock(&home.data(), &home.with("correct hors")).unwrap_err();
    assert!(wrong.to_string().contains("not the passphrase"), "{wrong}");
    let Unlocked::ForSession(file) = unlock(&home.data(), &home.with("correct horse")).unwrap() else { panic!() };
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(unlock(&home.data(), &home.keys()).unwrap(), Unlocked::Already);
    assert_eq!(home.events(&home.keys().at_hand()), 3);
    assert!(Journal::open_with(&home.data(), &home.keys()).unwrap().is_from_session());
    assert!(lock(&home.data(), &home.keys()).unwrap());
    assert!(!file.exists() && !lock(&home.data(), &home.keys()).unwrap());
    assert!(Journal::open_with(&home.data(), &home.keys()).unwrap_err().is_locked());
    // What need not be unlocked any more does not lie about in memory either.
    unlock(&home.data(), &home.with("correct horse")).unwrap();
    home.rekey(&home.keys(), &Place::Keyring, false).unwrap();
    assert!(!file.exists());
    home.rekey(&home.keys(), &passphrase("correct horse"), false).unwrap();
    // Without a folder in memory nothing is written anywhere.
    let nowhere = Keys { session: None, ..home.with("correct horse") };
    assert!(unlock(&home.data(), &nowhere).unwrap_err().to_string().contains("cannot stay unlocked"));
}

#[test]
fn a_passphrase_is_changed_and_the_one_before_opens_nothing() {
    let home = Home::new();
    home.rekey(&home.keys(), &passphrase("correct horse"), false).unwrap();
    home.rekey(&home.with("correct horse"), &passphrase("battery staple"), false).unwrap();
    assert!(matches!(
        Journal::open_with(&home.data(), &home.with("correct horse")),
        Err(OpenError::WrongPassphrase { .. })
    ));
    assert_eq!(home.events(&home.with("battery staple")), 3);
}

#[test]
fn a_description_of_a_later_form_or_an_unknown_place_is_refused_by_name() {
    for (field, value, said) in [("kind", json!("abacus"), "`abacus`"), ("form", json!(9), "form 9")] {
        let home = Home::new();
        home.rekey(&home.keys(), &Place::Keyring, false).unwrap();
        let mut described = home.described();
        described["key"][field] = value;
        fs::write(home.data().join("journal.json"), described.to_string()).unwrap();
        let error = Journal::open_with(&home.data(), &home.keys()).unwrap_err();
        assert!(matches!(&error, OpenError::BadDescription { .. }) && error.to_string().contains(said), "{error}");
    }
}

#[test]
fn two_who_move_the_key_at_once_do_so_one_after_the_other_or_are_told() {
    let home = Home::new();
    let mut inner = None;
    rekey(&home.data(), &home.keys(), &Place::Keyring, false, &mut |_| {
        inner.get_or_insert_with(|| home.rekey(&home.keys(), &chip(), false).unwrap_err());
    })
    .unwrap();
    assert!(matches!(inner, Some(RekeyError::Moving { .. })));
    assert_eq!((home.events(&home.keys()), home.described()["key"]["kind"].as_str()), (3, Some("keyring")));
}

#[test]
#[ignore = "run by another test, which says where and when to die"]
fn dies_at_a_step() {
    let folder = PathBuf::from(std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap());
    let case = std::env::var("HOLDOVER_TEST_CASE").unwrap();
    let mut left: usize = std::env::var("HOLDOVER_TEST_STEP").unwrap().parse().unwrap();
    let (to, new_key) = CASES[case.parse::<usize>().unwrap()].1();
    let keys =
        Keys { passphrase: Some(Zeroizing::new("correct horse".to_owned())), ..keys(&folder, &Drawer::at(&folder)) };
    rekey(&folder.join("data"), &keys, &to, new_key, &mut |step| {
        if left == 0 {
            println!("DIED before: {step}");
            // As `kill -9` does: nothing is dropped, nothing tidied.
            std::process::abort();
        }
        left -= 1;
    })
    .unwrap();
    println!("DONE");
}

type Case = (fn() -> Place, fn() -> (Place, bool));

/// From where, to where, with a new key or not.
const CASES: [Case; 10] = [
    (|| Place::File, || (Place::Keyring, false)),
    (|| Place::Keyring, || (Place::File, false)),
    (|| Place::File, || (passphrase("correct horse"), false)),
    (|| passphrase("correct horse"), || (Place::File, false)),
    (|| Place::Keyring, || (chip(), false)),
    (|| Place::File, || (Place::File, true)),
    (|| Place::File, || (Place::Keyring, true)),
    (|| Place::Keyring, || (Place::Keyring, true)),
    (|| Place::Keyring, || (Place::File, true)),
    (|| passphrase("correct horse"), || (passphrase("correct horse"), true)),
];

#[test]
fn killed_before_any_step_the_journal_opens_with_everything_and_the_next_opening_finishes_or_takes_back() {
    let mut deaths = 0;
    for (case, (from, to)) in CASES.iter().enumerate() {
        let (from, (to, _)) = (from(), to());
        for step in 0.. {
            let home = Home::new();
            home.rekey(&home.keys(), &from, false).unwrap();
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "dies_at_a_step", "--ignored", "--nocapture"])
                .env("HOLDOVER_TEST_FOLDER", home.folder.path())
                .env("HOLDOVER_TEST_CASE", case.to_string())
                .env("HOLDOVER_TEST_STEP", step.to_string())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&child.stdout).into_owned();
            let what = format!("{} to {}, {said}", from.kind(), to.kind());
            assert!(said.contains("DIED") || said.contains("DONE"), "{what}{}", String::from_utf8_lossy(&child.stderr));
            // Twice: the first finishes or takes back, the second finds it done.
            for _ in 0..2 {
                assert_eq!(home.events(&home.with("correct horse")), 3, "{what}");
            }
            let described = home.described();
            let kind = described["key"]["kind"].as_str().unwrap();
            assert!(kind == from.kind() || kind == to.kind(), "{what}");
            let open = ["next", "retiring", "putting"].map(|left| described.get(left).is_some());
            assert_eq!(open, [false; 3], "{what}: {described}");
            assert_eq!(
                home.drawer.entries(),
                usize::from(kind == "keyring"),
                "{what}: the keyring holds what is described"
            );
            let files = home.files();
            let expected: &[&str] = if kind == "file" {
                &["journal.db", "journal.json", "journal.key"]
            } else {
                &["journal.db", "journal.json"]
            };
            assert_eq!(files, expected, "{what}");
            // And the command is simply given again.
            let again = home.rekey(&home.with("correct horse"), &to, false).unwrap();
            assert_eq!((again.to.as_str(), home.events(&home.with("correct horse"))), (to.kind(), 3), "{what}");
            if said.contains("DONE") {
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths > 50, "{deaths}");
}
