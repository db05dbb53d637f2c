//! A full disk: what cannot be written is told, nothing that was acknowledged is lost, and with space it goes on.
//! Each case is a process of its own on a file system of its own, as large as the case wants.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod disk;

use contract::JobKind;
use holdover_journal::{
    Draft, Erasure, Filter, HeldUp, Journal, JournalError, Keys, Place, Reserve, Retention, Rules, holdover, now_ms,
    rekey,
};
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};
use zeroize::Zeroizing;

const BALLAST: usize = 256 * 1024;

fn draft(intent: bool) -> Draft {
    Draft { intent, ..Draft::observation("check.ran", json!({"text": "x".repeat(700)})) }
}

fn is_clear(text: &str, folder: &Path) {
    assert!(text.contains("hint: ") && text.contains(folder.to_str().unwrap()), "{text}");
    assert!(text.contains("space") || text.contains("full") || text.contains("disk"), "{text}");
}

#[test]
#[ignore = "run by the other test, on a small file system"]
fn child() {
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let ballast = Path::new(&mount).join("ballast");
    let folder = Path::new(&mount).join("data");
    fs::write(&ballast, vec![1; BALLAST]).unwrap();
    let mut acknowledged = HashSet::new();
    let mut refusals = 0;
    // Opened on the nearly full disk, which may be too small even for that.
    match Journal::open(&folder) {
        Err(error) => {
            is_clear(&error.to_string(), &folder);
            refusals += 1;
        }
        Ok(journal) => {
            let error = loop {
                match journal.append(draft(true)) {
                    Ok(entry) => acknowledged.insert(entry.id),
                    Err(error) => break error,
                };
                assert!(acknowledged.len() < 100_000, "the disk is never full");
            };
            assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
            is_clear(&error.to_string(), &folder);
            // Nobody waits for an observation; that it was not written is told when it is asked.
            let posted = journal.post(&draft(false)).unwrap();
            let flushed = journal.flush();
            let there: HashSet<String> =
                journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.id).collect();
            if !there.contains(&posted.to_string()) {
                let trouble = journal.trouble().expect("an observation was lost without a word").to_string();
                is_clear(&trouble, &folder);
                refusals += 1;
            } else if let Err(error) = flushed {
                is_clear(&error.to_string(), &folder);
            }
            assert!(acknowledged.is_subset(&there), "what was acknowledged is read while the disk is full");
            journal.verify().unwrap();
            drop(journal);
            // Opened again while it is still full: it works, or says why.
            match Journal::open(&folder) {
                Ok(journal) => drop(journal.verify().unwrap()),
                Err(error) => is_clear(&error.to_string(), &folder),
            }
        }
    }
    fs::remove_file(&ballast).unwrap();
    let left: Vec<String> = fs::read_dir(&folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    assert!(!left.iter().any(|name| name.contains(".new")), "half files are left: {left:?}");
    let journal = Journal::open(&folder).unwrap();
    let there: HashSet<String> =
        journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.id).collect();
    assert!(acknowledged.is_subset(&there), "{} were acknowledged, {} are there", acknowledged.len(), there.len());
    journal.append(draft(true)).unwrap();
    journal.verify().unwrap();
    println!("SAYS {} {refusals}", acknowledged.len());
}

/// Runs the ignored test `role` with a file system of its own, of so many KiB.
fn on_a_disk_of(kib: u32, role: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=${1}k tmpfs \"$2\" && HOLDOVER_TEST_FOLDER=\"$2\" exec \"$3\" --exact \"$4\" --ignored --nocapture";
    Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(kib.to_string())
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .arg(role)
        .output()
        .expect("unshare is there: util-linux is part of every Linux")
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_is_told() {
    let (mut acknowledged, mut refusals) = (0, 0);
    // From too small for the key file to some hundred events; the odd steps put the end into different writes.
    for kib in (260..1_000).step_by(37) {
        let output = on_a_disk_of(kib, "child");
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{kib} KiB: {said}{complaint}");
        let Some((_, words)) = said.lines().find_map(|line| line.split_once("SAYS ")) else {
            panic!("{kib} KiB: {said}{complaint}");
        };
        let words: Vec<usize> = words.split(' ').map(|word| word.parse().unwrap()).collect();
        acknowledged += words[0];
        refusals += words[1];
    }
    assert!(
        acknowledged > 100 && refusals > 5,
        "the disk was full in time, and not too early: {acknowledged}, {refusals}"
    );
}

fn ids(journal: &Journal) -> HashSet<String> {
    journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.id).collect()
}

#[test]
#[ignore = "run by the other test, on a small file system"]
fn fills_the_disk_and_empties_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let (ballast, folder) = (Path::new(&mount).join("ballast"), Path::new(&mount).join("data"));
    let journal = Journal::open(&folder).unwrap();
    journal.append(draft(true)).unwrap();
    let reserve = folder.join("journal.reserve");
    let meta = fs::metadata(&reserve).unwrap();
    assert_eq!((meta.len(), meta.blocks() * 512, meta.permissions().mode() & 0o777), (4 << 20, 4 << 20, 0o600));
    assert_eq!(journal.reserve(), Reserve::Kept);
    fs::write(&ballast, vec![1; 64 << 20]).expect_err("the disk is smaller than that");

    // Observations alone do not spend it.
    let refused = (0..2_000).map(|_| journal.append(draft(false))).find_map(Result::err).expect("the disk is full");
    assert!(matches!(refused, JournalError::DiskFull { .. }), "{refused}");
    assert!(reserve.exists());
    // What somebody decides lands; the room is for that alone.
    let mut acknowledged: HashSet<String> = (0..50).map(|_| journal.append(draft(true)).unwrap().id).collect();
    assert!(!reserve.exists());
    assert_eq!(journal.reserve(), Reserve::Spent);
    let job = journal.job_begin(JobKind::Fetch, "get 1 artifact", None, holdover()).unwrap();
    let large = Draft::observation("note.add", json!({"text": "x".repeat(65 << 10)}));
    let refusals = [
        journal.append(draft(false)).unwrap_err(),
        journal.append(Draft { intent: true, ..large }).unwrap_err(),
        journal.append_all(&[draft(false), draft(false)], false).unwrap_err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, JournalError::NoRoom { wanted: 12, .. }), "{refusal:?}");
        is_clear(&refusal.to_string(), &folder);
        assert!(refusal.to_string().contains("free 12 MiB"), "{refusal}");
    }
    // In one transaction with others, and by another handle that never saw room.
    let posted = journal.post(&draft(false)).unwrap();
    acknowledged.insert(journal.append(draft(true)).unwrap().id);
    let other = Journal::open(&folder).unwrap();
    assert_eq!((other.reserve(), other.look_at_reserve()), (Reserve::Unknown, Reserve::Spent));
    assert!(matches!(other.append(draft(false)), Err(JournalError::NoRoom { .. })));
    acknowledged.insert(other.append(draft(true)).unwrap().id);
    assert!(matches!(journal.trouble(), Some(JournalError::NoRoom { .. })));
    assert!(!ids(&journal).contains(&posted.to_string()));

    fs::remove_file(&ballast).unwrap();
    acknowledged.insert(journal.append(draft(false)).unwrap().id);
    assert_eq!((journal.reserve(), fs::metadata(&reserve).unwrap().len()), (Reserve::Kept, 4 << 20));
    other.append(draft(false)).unwrap();
    let there = ids(&journal);
    assert!(acknowledged.is_subset(&there));
    assert_eq!(journal.job(&job.id).unwrap().unwrap().title, "get 1 artifact");
    journal.verify().unwrap();
    println!("SAYS done");
}

#[test]
fn what_is_decided_on_a_full_disk_lands_in_the_reserve_and_with_room_it_is_made_again() {
    let output = on_a_disk_of(24 << 10, "fills_the_disk_and_empties_it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("SAYS done"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by the other test, in front of a disk that is full at some write"]
fn writes_until_it_is_refused() {
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let (room, folder) = (Path::new(&mount).join("room"), Path::new(&mount).join("disk/data"));
    let mut acknowledged = HashSet::new();
    let mut refusals = 0;
    let mut refused = |error: String| {
        is_clear(&error, &folder);
        refusals += 1;
    };
    for round in 0..2 {
        // The second time over what the first left: its log moved into the database, or not.
        let journal = match Journal::open(&folder) {
            Ok(journal) => journal,
            Err(error) => {
                refused(error.to_string());
                continue;
            }
        };
        for n in 0..6 {
            let text = "x".repeat([700, 9_000][n % 2]);
            let draft = Draft { intent: n % 3 > 0, ..Draft::observation("check.ran", json!({"text": text})) };
            match journal.append(draft) {
                Ok(entry) => drop(acknowledged.insert(entry.id)),
                Err(error) => refused(error.to_string()),
            }
        }
        match journal.job_begin(JobKind::Check, "look", None, holdover()) {
            Ok(job) => drop(acknowledged.insert(job.id)),
            Err(error) => refused(error.to_string()),
        }
        let had_reserve = folder.join("journal.reserve").exists();
        let last = journal.append(draft(true)).map(|entry| acknowledged.insert(entry.id));
        assert!(!had_reserve || last.is_ok(), "round {round}: a decision did not land in the reserve: {last:?}");
        let there: HashSet<String> =
            journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.entity).collect();
        assert!(acknowledged.is_subset(&there), "while it is full");
        journal.verify().unwrap();
    }
    fs::write(&room, "").unwrap();
    let journal = Journal::open(&folder).unwrap();
    journal.append(draft(true)).unwrap();
    journal.append(draft(false)).unwrap();
    let there: HashSet<String> =
        journal.entries(&Filter::default()).unwrap().into_iter().map(|entry| entry.entity).collect();
    assert!(acknowledged.is_subset(&there), "{} were acknowledged, {} are there", acknowledged.len(), there.len());
    journal.verify().unwrap();
    println!("SAYS {} {refusals}", acknowledged.len());
}

/// Not only on a disk of some size: at every single write, of which only half gets in.
#[test]
fn a_disk_that_is_full_at_any_write_loses_nothing_that_was_acknowledged() {
    let mut refused_at = Vec::new();
    let mut most = 0;
    for at in 1.. {
        let scratch = disk::scratch();
        fs::create_dir(scratch.path().join("disk")).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_refused", "--ignored", "--nocapture"])
            .env("LD_PRELOAD", disk::interposer())
            .env("HOLDOVER_DISK_FOLDER", scratch.path().join("disk"))
            .env("HOLDOVER_DISK_FULL_AT", at.to_string())
            .env("HOLDOVER_DISK_ROOM", scratch.path().join("room"))
            .env("HOLDOVER_TEST_FOLDER", scratch.path())
            .output()
            .unwrap();
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let Some((_, words)) = said.lines().find_map(|line| line.split_once("SAYS ")) else {
            panic!("full at write {at}: {said}{complaint}");
        };
        let words: Vec<usize> = words.split(' ').map(|word| word.parse().unwrap()).collect();
        most = most.max(words[0]);
        if words[1] > 0 {
            refused_at.push(at);
        }
        // Past its last write nothing is full any more: every round's eight were acknowledged, and none was refused before either.
        if words == [16, 0] && refused_at.last().is_some_and(|last| at > last + 40) {
            break;
        }
        assert!(at < 2_000, "it is never done: {words:?}");
    }
    println!("refused at {} writes of {}", refused_at.len(), refused_at.last().unwrap_or(&0));
    assert!(refused_at.len() > 30 && most == 16, "{most} acknowledged; refused at {refused_at:?}");
}

#[test]
#[ignore = "run by the other test, on a small file system"]
fn deletes_on_a_full_disk() {
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let (ballast, folder) = (Path::new(&mount).join("ballast"), Path::new(&mount).join("data"));
    let journal = Journal::open(&folder).unwrap();
    for _ in 0..8_000 {
        journal.post(&draft(false)).unwrap();
    }
    let secret = journal.append(draft(true)).unwrap();
    let there = ids(&journal);
    fs::write(&ballast, vec![1; 64 << 20]).expect_err("the disk is smaller than that");

    // What somebody decides lands in the reserve; writing the journal anew needs more than that.
    journal.redact(&[secret.id.parse().unwrap()], "it named a password", &holdover()).unwrap();
    let pending = Erasure::Pending { deletions: 1, held: Some(HeldUp::Full) };
    assert_eq!(journal.erase().unwrap(), pending);
    // A rule can wait, and says so; nothing of it is half done.
    let rules = Rules { local: Some(-60_000), ..Rules::default() };
    let retention = Retention { rest: rules, ..Retention::default() };
    let refused = journal.retain(&retention, now_ms(), |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(refused, JournalError::NoRoom { .. } | JournalError::DiskFull { .. }), "{refused}");
    is_clear(&refused.to_string(), &folder);
    let verified = journal.verify().unwrap();
    assert_eq!((verified.redacted, verified.unexplained), (1, 0));
    assert!(there.is_subset(&ids(&journal)));
    drop(journal);

    // With room, whoever opens it next does what is left.
    fs::remove_file(&ballast).unwrap();
    let journal = Journal::open(&folder).unwrap();
    erased_at_last(&journal);
    let gone = journal.retain(&retention, now_ms(), |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(gone.payloads(), 8_000);
    erased_at_last(&journal);
    assert_eq!(journal.verify().unwrap().unexplained, 0);
    assert!(there.is_subset(&ids(&journal)));
    println!("SAYS done");
}

/// On a busy machine a reader of this very process may still hold an older picture for a moment: then it is asked again, as
/// an editor's server does.
fn erased_at_last(journal: &Journal) {
    let mut last = journal.erase().unwrap();
    for _ in 0..20 {
        if last == Erasure::Done {
            break;
        }
        last = journal.erase().unwrap();
    }
    assert_eq!(last, Erasure::Done);
}

#[test]
fn a_redaction_on_a_full_disk_counts_at_once_and_the_files_are_cleaned_when_there_is_room() {
    let output = on_a_disk_of(40 << 10, "deletes_on_a_full_disk");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("SAYS done"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by the other test, in front of a disk that is full at some write"]
fn moves_the_key_until_it_is_refused() {
    let mount = std::env::var_os("HOLDOVER_TEST_FOLDER").unwrap();
    let (room, folder) = (Path::new(&mount).join("room"), Path::new(&mount).join("disk/data"));
    let words = Zeroizing::new("correct horse battery staple".to_owned());
    let keys = Keys { passphrase: Some(words.clone()), ..Keys::default() };
    let (to, new_key) = match std::env::var("HOLDOVER_TEST_TO").unwrap().as_str() {
        "file" => (Place::File, true),
        _ => (Place::Passphrase(words), false),
    };
    let moved = rekey(&folder, &keys, &to, new_key, &mut |_| ());
    if let Err(error) = &moved {
        assert!(error.to_string().contains("hint: "), "{error}");
    }
    // Read while it is still full, by whichever key is in force; then with room.
    let seen = Journal::open_with(&folder, &keys).map(|journal| ids(&journal));
    if let Err(error) = &seen {
        is_clear(&error.to_string(), &folder);
    }
    fs::write(&room, "").unwrap();
    let journal = Journal::open_with(&folder, &keys).unwrap();
    let there = ids(&journal);
    assert_eq!(seen.unwrap_or_else(|_| there.clone()), there);
    journal.verify().unwrap();
    journal.append(draft(true)).unwrap();
    drop(journal);
    rekey(&folder, &keys, &to, new_key, &mut |_| ()).unwrap();
    let left: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.contains(".new") || name.contains(".next")), "half files are left: {left:?}");
    assert_eq!(left.iter().any(|name| name == "journal.key"), to == Place::File, "{left:?}");
    Journal::open_with(&folder, &keys).unwrap().verify().unwrap();
    println!("SAYS {} {}", there.len(), usize::from(moved.is_err()));
}

#[test]
fn a_key_that_is_moved_or_replaced_while_the_disk_is_full_at_any_write_loses_nothing_and_can_be_moved_again() {
    for to in ["file", "passphrase"] {
        let mut refused_at = Vec::new();
        for at in 1.. {
            let scratch = disk::scratch();
            let folder = scratch.path().join("disk/data");
            fs::create_dir_all(&folder).unwrap();
            let journal = Journal::open(&folder).unwrap();
            for _ in 0..12 {
                journal.append(draft(true)).unwrap();
            }
            let written = ids(&journal).len();
            drop(journal);
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "moves_the_key_until_it_is_refused", "--ignored", "--nocapture"])
                .env("LD_PRELOAD", disk::interposer())
                .env("HOLDOVER_DISK_FOLDER", scratch.path().join("disk"))
                .env("HOLDOVER_DISK_FULL_AT", at.to_string())
                .env("HOLDOVER_DISK_ROOM", scratch.path().join("room"))
                .env("HOLDOVER_TEST_FOLDER", scratch.path())
                .env("HOLDOVER_TEST_TO", to)
                .output()
                .unwrap();
            let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let Some((_, words)) = said.lines().find_map(|line| line.split_once("SAYS ")) else {
                panic!("to {to}, full at write {at}: {said}{complaint}");
            };
            let words: Vec<usize> = words.split(' ').map(|word| word.parse().unwrap()).collect();
            assert!(words[0] >= written, "to {to}, full at write {at}: {words:?} of {written}");
            if words[1] > 0 {
                refused_at.push(at);
            } else if refused_at.last().is_some_and(|last| at > last + 8) {
                break;
            }
            assert!(at < 1_000, "it is never done: {words:?}");
        }
        println!("to {to}: refused at {} writes of {}", refused_at.len(), refused_at.last().unwrap_or(&0));
        assert!(refused_at.len() > 1, "to {to}: {refused_at:?}");
    }
}
