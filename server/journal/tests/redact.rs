//! What was redacted is gone: from answers, from projections, and from every byte of the files; and nothing brings it back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use contract::{Actor, ActorKind, FieldState, Lane};
use holdover_journal::{
    Draft, DraftAbout, Erasure, Filter, HeldUp, Journal, JournalError, Op, REDACTED, Search, draft_turn,
};
use serde_json::json;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::raw;
use ulid::Ulid;

const PAGE: usize = 4096;
/// Initialisation vector and authentication code at each page's end.
const RESERVED: usize = 80;

fn person() -> Actor {
    Actor { kind: ActorKind::Person, name: "sam".to_owned(), model: None, prompt: None }
}

fn note(journal: &Journal, text: &str) -> Ulid {
    let payload = json!({"ops": [{"f": "body", "op": "set", "v": text, "pred": []}]});
    let draft = Draft { lane: Lane::Notes, actor: person(), intent: true, ..Draft::observation("note.add", payload) };
    journal.append(draft).unwrap().id.parse().unwrap()
}

/// A page as SQLite wrote it, without SQLCipher's help, so that what SQLite does not read any more is there as well.
fn plain(page: &[u8], number: usize, key: &[u8; 32]) -> Vec<u8> {
    let skipped = if number == 1 { 16 } else { 0 };
    let iv: [u8; 16] = page[PAGE - RESERVED..PAGE - RESERVED + 16].try_into().unwrap();
    let mut bytes = page[skipped..PAGE - RESERVED].to_vec();
    let mut decryptor = cbc::Decryptor::<aes::Aes256>::new(key.into(), &iv.into());
    let (blocks, rest) = bytes.as_chunks_mut::<16>();
    assert!(rest.is_empty());
    for block in blocks {
        decryptor.decrypt_block(block.into());
    }
    bytes
}

/// Where one of `words` stands in the files of a folder: as it lies there, or in a page of the database or of its log.
fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut key = [0; 32];
    hex::decode_to_slice(fs::read_to_string(folder.join("journal.key")).unwrap().trim(), &mut key).unwrap();
    let mut hits = Vec::new();
    let mut look = |name: &str, bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        hits.extend(
            words.iter().filter(|word| text.contains(&word.to_lowercase())).map(|word| format!("{word} in {name}")),
        );
    };
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        look(&name, &bytes);
        if name == "journal.db" {
            for (n, page) in bytes.chunks_exact(PAGE).enumerate() {
                let page = plain(page, n + 1, &key);
                if n == 0 {
                    // The decryption is right: the page size stands where SQLite's header has it.
                    assert_eq!(page[..2], [0x10, 0x00]);
                }
                look(&format!("page {} of {name}", n + 1), &page);
            }
        }
        if name == "journal.db-wal" {
            for (n, frame) in bytes.get(32..).unwrap_or_default().chunks_exact(24 + PAGE).enumerate() {
                let number = u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
                look(&format!("frame {} of {name}", n + 1), &plain(&frame[24..], number, &key));
            }
        }
    }
    hits
}

const SECRET: [&str; 2] = ["quetzalcoatl", "xylophonist"];

fn secret(journal: &Journal) -> Ulid {
    note(journal, "the Quetzalcoatl password is with the xylophonist")
}

#[test]
fn a_redacted_text_is_in_no_byte_of_any_file_and_the_chain_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..40 {
        note(&journal, &format!("an ordinary note, number {n}"));
    }
    let id = secret(&journal);
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    // The scan can see: the text is in the pages, and in no file as it lies there.
    let before = found(folder.path(), &SECRET);
    assert!(before.iter().any(|hit| hit.contains("page") || hit.contains("frame")), "{before:?}");
    assert!(before.iter().all(|hit| hit.contains("page") || hit.contains("frame")), "{before:?}");

    assert!(!journal.is_suppressed(id).unwrap());
    let by = journal.redact(&[id], "it named a password", &person()).unwrap();
    assert_eq!((by.len(), journal.erasures_pending().unwrap()), (1, 1));
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    assert_eq!(journal.erasures_pending().unwrap(), 0);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());

    let verified = journal.verify().unwrap();
    assert_eq!((verified.events, verified.redacted, verified.unexplained), (42, 1, 0));
    let entry = journal.entries(&Filter { id: Some(id), ..Filter::default() }).unwrap().remove(0);
    assert_eq!(entry.payload, serde_json::Value::Null);
    assert!(journal.is_suppressed(id).unwrap());
    let told = journal.entries(&Filter { kind: Some(REDACTED.to_owned()), ..Filter::default() }).unwrap().remove(0);
    assert_eq!((told.lane, told.payload["target"].as_str()), (Lane::Ctl, Some(id.to_string().as_str())));
    assert_eq!(told.payload["reason"], "it named a password");
    // Projections are what the events that are left say.
    assert!(journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap().iter().all(|view| view.difference.is_none()));
    drop(journal);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new(), "closing brings nothing back");
}

#[test]
fn pages_whose_rows_were_moved_about_keep_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let ids: Vec<Ulid> = (0..300)
        .map(|n| note(&journal, &format!("{} Quetzalcoatl{n:03} xylophonist", "filler ".repeat(n % 90))))
        .collect();
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    // Deleting some makes SQLite move others, which are deleted later.
    for step in [7, 3, 2] {
        let some: Vec<Ulid> = ids.iter().copied().step_by(step).collect();
        journal.redact(&some, "spring cleaning", &person()).unwrap();
    }
    journal.redact(&ids, "all of it", &person()).unwrap();
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());
    assert_eq!(journal.verify().unwrap().redacted, 300);
}

#[test]
fn a_row_is_overwritten_as_it_is_deleted_before_the_file_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    note(&journal, "before");
    let id = secret(&journal);
    note(&journal, "after");
    journal.redact(&[id], "", &person()).unwrap();
    raw(folder.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());
}

/// Drafts of the same text, as they were typed: versions before the seventh form did not overwrite what they deleted.
#[test]
fn what_an_earlier_version_deleted_without_overwriting_it_goes_when_the_file_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let id = secret(&journal);
    let earlier = raw(folder.path());
    earlier.execute_batch("PRAGMA secure_delete = OFF").unwrap();
    let draft = "INSERT INTO note_draft VALUES (?1, ?1, ?2, '{}', 1, 0, 1, 1, 1, '', '')";
    for n in 0..40_u128 {
        earlier.execute(draft, (Ulid(n).to_bytes(), format!("the Quetzalcoatl of the xylophonist, {n}"))).unwrap();
    }
    earlier.execute("DELETE FROM note_draft", []).unwrap();
    earlier.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(earlier);
    journal.redact(&[id], "", &person()).unwrap();
    raw(folder.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_ne!(
        found(folder.path(), &SECRET),
        Vec::<String>::new(),
        "overwriting what is deleted now does not reach it"
    );
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());
}

#[test]
fn while_another_reads_an_older_picture_the_erasure_is_pending_and_then_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let id = secret(&journal);
    let reader = raw(folder.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
    journal.redact(&[id], "", &person()).unwrap();
    assert_eq!(journal.erase().unwrap(), Erasure::Pending { deletions: 1, held: Some(HeldUp::Reader) });
    assert_eq!(journal.erasures_pending().unwrap(), 1);
    assert_ne!(found(folder.path(), &SECRET), Vec::<String>::new(), "the older picture still has it");
    reader.execute_batch("COMMIT").unwrap();
    // Whoever opens the journal next can finish it.
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());
}

#[test]
fn what_is_searched_for_is_not_found_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let id = secret(&journal);
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    let hits = || journal.search(&Search { text: "xylophonist".to_owned(), ..Search::default() }).unwrap().hits.len();
    assert_eq!(hits(), 1);
    journal.redact(&[id], "", &person()).unwrap();
    assert_eq!(hits(), 0);
}

#[test]
fn a_redaction_that_comes_before_its_event_waits_for_it_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let (unknown, by) = (Ulid::generate(), Ulid::generate());
    journal.write(true, move |tx| tx.suppress(unknown, by)).unwrap();
    assert!(journal.is_suppressed(unknown).unwrap());
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    let id = secret(&journal);
    journal.redact(&[id], "", &person()).unwrap();
    journal.erase().unwrap();
    journal.redact(&[id], "", &person()).unwrap();
    assert_eq!(journal.erasures_pending().unwrap(), 0, "there was nothing left to erase");
    assert_eq!(journal.verify().unwrap().redacted, 1);
}

#[test]
fn what_never_leaves_the_machine_is_redacted_without_telling_others() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let local = journal.append(Draft::observation("fetch.finished", json!({"text": "xylophonist"}))).unwrap();
    journal.redact(&[local.id.parse().unwrap()], "", &person()).unwrap();
    let told = journal.entries(&Filter { kind: Some(REDACTED.to_owned()), ..Filter::default() }).unwrap().remove(0);
    assert_eq!(told.lane, Lane::Local);
}

#[test]
fn all_about_one_thing_goes_and_one_that_cannot_go_leaves_everything() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let first = secret(&journal);
    let edit = Draft {
        entity: Some(first),
        lane: Lane::Notes,
        ..Draft::observation("note.edit", json!({"text": "xylophonist"}))
    };
    journal.append(edit).unwrap();
    let about = journal.redactable_of(first).unwrap();
    assert_eq!(
        about.iter().map(|one| (one.kind.as_str(), one.gone)).collect::<Vec<_>>(),
        [("note.add", false), ("note.edit", false)]
    );
    let device = Draft { lane: Lane::Ctl, intent: true, ..Draft::observation("device.enrolled", json!({})) };
    let device: Ulid = journal.append(device).unwrap().id.parse().unwrap();
    let both = journal.redact(&[first, device], "", &person()).unwrap_err();
    assert!(matches!(both, JournalError::Kept { .. }), "{both}");
    assert!(!journal.redactable(first).unwrap().unwrap().gone);
    assert!(matches!(journal.redact(&[Ulid::nil()], "", &person()), Err(JournalError::NoSuchEvent { .. })));
    let ids: Vec<Ulid> = about.iter().map(|one| one.id).collect();
    journal.redact(&ids, "", &person()).unwrap();
    journal.erase().unwrap();
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new());
}

fn record(journal: &Journal, entity: Ulid) -> contract::RecordField {
    let mut fields = journal.record(entity, None).unwrap().unwrap().fields;
    assert_eq!(fields.len(), 1);
    fields.remove(0)
}

/// An edit of a note by its own words, of the body as it stands.
fn edit(journal: &Journal, note: Ulid, text: &str) -> Ulid {
    let pred: Vec<_> = record(journal, note).heads.iter().map(|head| head.op.parse().unwrap()).collect();
    let op = Op::set("body", text).replacing(pred);
    let draft = Draft { entity: Some(note), ..Draft::intent("note.edit", Lane::Notes, person(), &[op]) };
    journal.append(draft).unwrap().id.parse().unwrap()
}

#[test]
fn a_redacted_edit_does_not_bring_back_the_text_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let note = note(&journal, "the first text");
    let second = edit(&journal, note, "the Quetzalcoatl of the xylophonist");
    let last = edit(&journal, note, "the third text");
    assert_eq!(record(&journal, note).value, "the third text");
    journal.redact(&[last], "", &person()).unwrap();
    let field = record(&journal, note);
    assert_eq!((field.state, &field.value, field.heads.len()), (FieldState::Redacted, &serde_json::Value::Null, 1));
    assert!(field.heads[0].redacted);
    // The one in between goes too, and what was before it still does not come back.
    journal.redact(&[second], "", &person()).unwrap();
    assert_eq!(record(&journal, note).value, serde_json::Value::Null);
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    assert_eq!(found(folder.path(), &SECRET), Vec::<String>::new(), "what is told of it says nothing of what it said");
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(record(&journal, note).state, FieldState::Redacted);
    let entry = journal.entries(&Filter { id: Some(last), ..Filter::default() }).unwrap().remove(0);
    assert_eq!(entry.left.iter().map(|left| (left.field.as_str(), left.pred.len())).collect::<Vec<_>>(), [("body", 1)]);
    edit(&journal, note, "a new text");
    let field = record(&journal, note);
    assert_eq!((field.state, field.value), (FieldState::Settled, json!("a new text")));
}

#[test]
fn what_says_that_something_was_deleted_is_not_deleted_itself() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let id = secret(&journal);
    let by = journal.redact(&[id], "it named a password", &person()).unwrap();
    assert!(matches!(journal.redact(&by, "", &person()), Err(JournalError::Kept { .. })));
}

#[test]
fn a_payload_that_is_gone_without_a_redaction_is_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    secret(&journal);
    raw(folder.path()).execute("DELETE FROM payload", []).unwrap();
    let verified = journal.verify().unwrap();
    assert_eq!((verified.redacted, verified.unexplained), (1, 1));
}

#[test]
fn a_draft_that_changes_a_redacted_note_keeps_nothing_of_its_text_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/here")).unwrap();
    let (gone, stays) = (note(&journal, "xylophonist"), note(&journal, "other"));
    let save = |of: Option<Ulid>, text: &str| {
        let about = DraftAbout { note: of, ..DraftAbout::default() };
        journal.note_draft_save(workspace, Ulid::generate(), text.to_owned(), &about, draft_turn()).unwrap();
    };
    save(Some(gone), "xylophonist, and more");
    save(Some(stays), "other, and more");
    save(None, "new");
    journal.redact(&[gone], "", &person()).unwrap();
    let mut left: Vec<String> = journal.note_drafts(workspace).unwrap().into_iter().map(|draft| draft.body).collect();
    left.sort();
    assert_eq!(left, ["new", "other, and more"]);
    let kept: i64 = raw(folder.path())
        .query_row("SELECT count(*) FROM note_draft WHERE body LIKE '%xylophonist%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0);
}
