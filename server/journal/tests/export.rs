//! An exported journal can be checked by itself: whatever is changed in it is found, at its byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use contract::{Actor, ActorKind, Lane};
use holdover_journal::{
    Broken, CheckError, CheckFileError, Checked, Draft, EnvelopeError, ExportError, Filter, Journal, Request, check,
    check_file, envelope_of,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::raw;

/// Several lanes, actors and shapes of payload; one payload deleted.
fn journal_of(events: u64) -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let person = Actor { kind: ActorKind::Person, name: "Åsa 🛳".to_owned(), model: None, prompt: None };
    let lanes = [Lane::Notes, Lane::Observations, Lane::Local, Lane::Review];
    for n in 0..events {
        let payload = match n % 4 {
            0 => json!({"n": n}),
            1 => json!({"text": "a \"quote\", a \\ and an \u{1F6A2}\nnext line\u{1}", "n": n}),
            2 => json!({"list": [1.5, -2, true, null], "n": n}),
            _ => json!({"text": "x".repeat(n as usize % 300), "n": n}),
        };
        let lane = lanes[n as usize % lanes.len()];
        journal
            .append(Draft { lane, actor: person.clone(), ..Draft::observation(&format!("kept.{}", n % 3), payload) })
            .unwrap();
    }
    raw(folder.path()).execute("DELETE FROM payload WHERE pos = 2", []).unwrap();
    (folder, journal)
}

fn request(filter: Filter) -> Request {
    let words = (filter != Filter::default()).then(|| "some".to_owned());
    Request { filter, words, by: "holdover 0.1.0".to_owned() }
}

fn exported(journal: &Journal, filter: Filter) -> Vec<u8> {
    let mut out = Vec::new();
    journal.export_to(&request(filter), &mut out, &mut |_, _| ControlFlow::Continue(())).unwrap();
    out
}

fn checked(bytes: &[u8]) -> Result<Checked, CheckError> {
    check(bytes, &mut |_| ControlFlow::Continue(()))
}

fn broken(bytes: &[u8]) -> Broken {
    match checked(bytes) {
        Err(CheckError::Broken(broken)) => broken,
        other => panic!("expected something broken: {other:?}"),
    }
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_whole_export_is_found_whole_with_its_counts_and_heads() {
    let (_folder, journal) = journal_of(25);
    let bytes = exported(&journal, Filter::default());
    let found = checked(&bytes).unwrap();
    assert_eq!((found.events, found.redacted, found.gaps, found.filter), (25, 1, 0, None));
    assert_eq!((found.bytes, found.journal), (bytes.len() as u64, journal.id().to_string()));
    assert_eq!(found.blake3, blake3::hash(&bytes).to_hex().to_string());
    let entries = journal.entries(&Filter::default()).unwrap();
    for (log, seq, _) in &found.heads {
        assert_eq!(entries.iter().filter(|e| e.log == *log).map(|e| e.seq).max(), Some(*seq));
    }
    assert_eq!(found.heads.len(), 4);
    assert!(journal.knows_device(&found.signer).unwrap());
    assert!(!journal.knows_device(&"00".repeat(32)).unwrap());
}

#[test]
fn what_the_lines_say_can_be_recomputed_with_nothing_but_json_base64_and_blake3() {
    let (_folder, journal) = journal_of(12);
    let bytes = exported(&journal, Filter::default());
    let lines = lines(&bytes);
    let entries = journal.entries(&Filter::default()).unwrap();
    let mut previous: BTreeMap<String, [u8; 32]> = BTreeMap::new();
    let mut payloads = 0;
    for (line, entry) in lines[1..lines.len() - 1].iter().zip(&entries) {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        assert_eq!((text("id"), text("kind"), text("at")), (entry.id.clone(), entry.kind.clone(), entry.at.clone()));
        let header = BASE64_STANDARD.decode(text("header")).unwrap();
        let before = previous.get(&text("log")).copied().unwrap_or_default();
        let hash = *blake3::hash(&[&before[..], &header].concat()).as_bytes();
        assert_eq!(text("hash"), hex::encode(hash));
        previous.insert(text("log"), hash);
        if let Some(payload) = line["payload"].as_str() {
            let key = blake3::derive_key("holdover journal v1 payload commitment", &hex::decode(text("salt")).unwrap());
            let commitment = *blake3::keyed_hash(&key, payload.as_bytes()).as_bytes();
            assert!(header.windows(32).any(|part| part == commitment), "{line}");
            assert_eq!(serde_json::from_str::<Value>(payload).unwrap(), entry.payload);
            payloads += 1;
        }
    }
    assert_eq!((entries.len(), payloads), (12, 11));
}

/// A generator whose numbers are the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// How many flips are tried; `tests/long/run tamper` sets `HOLDOVER_FLIPS=10000`.
fn flips() -> usize {
    std::env::var("HOLDOVER_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

#[test]
fn every_flipped_bit_is_found_and_the_byte_it_is_in_is_named() {
    let (_folder, journal) = journal_of(60);
    let whole = exported(&journal, Filter::default());
    let kind = Filter { kind: Some("kept.1".to_owned()), ..Filter::default() };
    let part = exported(&journal, kind);
    assert!(checked(&part).unwrap().gaps > 5);
    let mut numbers = Numbers(0x5eed_0f1b);
    let mut fields: BTreeMap<&str, usize> = BTreeMap::new();
    for n in 0..flips() {
        let mut bytes = if n % 4 == 0 { part.clone() } else { whole.clone() };
        let at = numbers.below(bytes.len());
        bytes[at] ^= 1 << numbers.below(8);
        let place = broken(&bytes).place;
        assert_eq!(
            (place.offset, place.length),
            (at as u64, 1),
            "{}",
            String::from_utf8_lossy(&bytes[at.saturating_sub(20)..bytes.len().min(at + 20)])
        );
        assert_eq!(place.line, 1 + bytes[..at].split(|byte| *byte == b'\n').count() as u64 - 1);
        *fields.entry(place.field).or_default() += 1;
    }
    if flips() >= 10_000 {
        for field in ["log", "seq", "id", "at", "kind", "header", "prev", "hash", "salt", "payload", "heads", "line"] {
            assert!(fields.contains_key(field), "{field} was hit: {fields:?}");
        }
    }
}

#[test]
fn the_event_and_the_field_of_a_broken_byte_are_named() {
    let (_folder, journal) = journal_of(9);
    let bytes = exported(&journal, Filter::default());
    let entry = journal.entries(&Filter::default()).unwrap().remove(4);
    let line = bytes.split(|byte| *byte == b'\n').nth(5).unwrap();
    let begin = line.as_ptr() as usize - bytes.as_ptr() as usize;
    for (field, skip) in [("header", 40), ("hash", 12), ("salt", 12), ("payload", 15)] {
        let name = format!("\"{field}\":");
        let at = begin + line.windows(name.len()).position(|part| part == name.as_bytes()).unwrap() + skip;
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let place = broken(&bytes).place;
        assert_eq!((place.field, place.line, place.offset), (field, 6, at as u64));
        assert_eq!(place.event, Some((entry.log.clone(), entry.seq, entry.id.clone())));
    }
}

#[test]
fn an_export_that_is_cut_off_anywhere_is_not_whole() {
    let (_folder, journal) = journal_of(6);
    let bytes = exported(&journal, Filter::default());
    for length in 0..bytes.len() {
        match checked(&bytes[..length]) {
            Err(CheckError::Broken(broken)) => assert!(broken.place.offset <= length as u64, "{length}: {broken}"),
            Err(CheckError::NotAnExport) => assert!(length < 40, "{length}"),
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn lines_that_are_missing_twice_there_or_in_another_order_are_found() {
    let (_folder, journal) = journal_of(20);
    let bytes = exported(&journal, Filter::default());
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut missing, mut twice, mut swapped) = (lines.clone(), lines.clone(), lines.clone());
    missing.remove(5);
    twice.insert(6, lines[5]);
    swapped.swap(5, 9);
    // Line 9 is the next of line 5's log.
    let place = broken(&missing.concat());
    assert_eq!(place.place.line, 9, "{place}");
    assert!(place.to_string().contains("event 2 of its log is missing"), "{place}");
    let place = broken(&twice.concat());
    assert_eq!(place.place.line, 7, "{place}");
    assert!(place.to_string().contains("was there before"), "{place}");
    assert_eq!(broken(&swapped.concat()).place.line, 6);
    // The last event of a log: no later one misses it, the last line does.
    let mut without_last = lines.clone();
    without_last.remove(20);
    let place = broken(&without_last.concat()).place;
    assert_eq!((place.line, place.field), (21, "events"));
    let more = [&bytes[..], b"{}\n"].concat();
    assert_eq!(broken(&more).place.offset, bytes.len() as u64);
}

#[test]
fn a_part_of_a_journal_checks_too_and_says_which_events_are_not_there() {
    let (_folder, journal) = journal_of(24);
    let bytes = exported(&journal, Filter { kind: Some("kept.0".to_owned()), ..Filter::default() });
    let found = checked(&bytes).unwrap();
    assert_eq!((found.events, found.filter.as_deref()), (8, Some("some")));
    // Of the log of events 0, 4, 8, … every third is there.
    let gaps: Vec<(u64, u64)> = found
        .first_gaps
        .iter()
        .filter(|gap| gap.log == lines(&bytes)[1]["log"])
        .map(|gap| (gap.from, gap.to))
        .collect();
    assert_eq!(gaps, [(2, 3)]);
    // What claims to be all of it must be.
    let claims = String::from_utf8(bytes).unwrap();
    let (first, rest) = claims.split_once('\n').unwrap();
    let first = first.replace("\"filter\":\"some\"", "\"filter\":null");
    let covered = first.rsplit_once(",\"blake3\"").unwrap().0;
    let first = format!("{covered},\"blake3\":\"{}\"}}", blake3::hash(covered.as_bytes()).to_hex());
    assert!(broken(format!("{first}\n{rest}").as_bytes()).to_string().contains("is missing"));
}

#[test]
fn files_are_their_owners_alone_whole_or_not_there_and_never_replaced_unasked() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, journal) = journal_of(9);
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("record.jsonl");
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let told = journal.export_file(&request(Filter::default()), &file, false, go_on).unwrap();
    assert_eq!(told.envelope.as_deref(), Some(envelope_of(&file).as_path()));
    let picture = support::picture(out.path());
    assert_eq!(picture.keys().collect::<Vec<_>>(), ["record.jsonl", "record.jsonl.dsse.json"]);
    for name in picture.keys() {
        assert_eq!(fs::metadata(out.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let (found, signed) = check_file(&file, go_on).unwrap();
    assert!(signed);
    assert_eq!((&found.sha256, &found.blake3, &found.signer), (&told.sha256, &told.blake3, &told.signer));

    let again = journal.export_file(&request(Filter::default()), &file, false, go_on).unwrap_err();
    assert!(matches!(again, ExportError::Exists(_)), "{again}");
    assert_eq!(support::picture(out.path()), picture);
    let stopped = journal.export_file(&request(Filter::default()), &file, true, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(ExportError::Cancelled)));
    assert_eq!(support::picture(out.path()), picture, "a stopped export leaves what was there");
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    journal.export_file(&request(Filter::default()), &file, true, go_on).unwrap();
    assert_eq!(check_file(&file, go_on).unwrap().0.events, 10);
}

#[test]
fn an_envelope_vouches_for_its_file_alone_and_only_unchanged() {
    let (_folder, journal) = journal_of(9);
    let out = tempfile::tempdir().unwrap();
    let (file, other) = (out.path().join("a.jsonl"), out.path().join("b.jsonl"));
    let go_on = &mut |_, _| ControlFlow::Continue(());
    journal.export_file(&request(Filter::default()), &file, false, go_on).unwrap();
    let notes = request(Filter { kind: Some("kept.0".to_owned()), ..Filter::default() });
    journal.export_file(&notes, &other, false, go_on).unwrap();
    let refused = |file: &Path| match check_file(file, &mut |_, _| ControlFlow::Continue(())) {
        Err(CheckFileError::Envelope { error, .. }) => error,
        other => panic!("{other:?}"),
    };
    let right = fs::read(envelope_of(&file)).unwrap();
    fs::copy(envelope_of(&other), envelope_of(&file)).unwrap();
    assert!(matches!(refused(&file), EnvelopeError::OtherContents { .. }));
    // Every byte counts, but for blanks between the parts and the bits at the end of base64.
    let envelope: Value = serde_json::from_slice(&right).unwrap();
    let mut changed = 0;
    for (path, length) in
        [("/payload", 64), ("/signatures/0/sig", 80), ("/signatures/0/keyid", 64), ("/payloadType", 28)]
    {
        for at in 0..length {
            let mut envelope = envelope.clone();
            let text = envelope.pointer_mut(path).unwrap();
            let mut bytes = text.as_str().unwrap().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            *text = Value::String(String::from_utf8(bytes).unwrap());
            fs::write(envelope_of(&file), envelope.to_string()).unwrap();
            let error = refused(&file);
            assert!(
                matches!(error, EnvelopeError::NotSigned { .. } | EnvelopeError::NotOne(_)),
                "{path} {at}: {error}"
            );
            changed += 1;
        }
    }
    assert_eq!(changed, 236);
    // Somebody else's key, with everything made to fit it, is not the device that the file names.
    let (_elsewhere, stranger) = journal_of(9);
    stranger.export_file(&request(Filter::default()), &out.path().join("c.jsonl"), false, go_on).unwrap();
    fs::copy(envelope_of(&out.path().join("c.jsonl")), envelope_of(&file)).unwrap();
    assert!(matches!(refused(&file), EnvelopeError::NotSigned { .. }));
    fs::write(envelope_of(&file), "{}").unwrap();
    assert!(matches!(refused(&file), EnvelopeError::NotOne(_)));
    fs::write(envelope_of(&file), right).unwrap();
    assert!(check_file(&file, go_on).unwrap().1);
    fs::remove_file(envelope_of(&file)).unwrap();
    assert!(!check_file(&file, go_on).unwrap().1, "without an envelope it is whole, and not signed");
}

#[test]
fn a_signed_event_that_was_forged_is_found_although_every_hash_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal
        .append(Draft { lane: Lane::Ctl, intent: true, ..Draft::observation("device.enrolled", json!({})) })
        .unwrap();
    let bytes = exported(&journal, Filter::default());
    assert_eq!(checked(&bytes).unwrap().signatures, 1);
    let mut lines: Vec<String> = String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
    let event: Value = serde_json::from_str(&lines[1]).unwrap();
    let mut header = BASE64_STANDARD.decode(event["header"].as_str().unwrap()).unwrap();
    *header.last_mut().unwrap() ^= 1;
    let hash = blake3::hash(&[&[0; 32][..], &header].concat()).to_hex().to_string();
    lines[1] = lines[1].replace(event["header"].as_str().unwrap(), &BASE64_STANDARD.encode(&header));
    for n in [1, 2] {
        lines[n] = lines[n].replace(event["hash"].as_str().unwrap(), &hash);
    }
    let before = format!("{}\n{}\n", lines[0], lines[1]);
    let end: Value = serde_json::from_str(&lines[2]).unwrap();
    let total = blake3::hash(before.as_bytes()).to_hex().to_string();
    let forged = before + &lines[2].replace(end["blake3"].as_str().unwrap(), &total) + "\n";
    assert!(broken(forged.as_bytes()).to_string().contains("signature is not its device's"));
}

#[test]
fn a_log_that_is_said_to_be_of_another_device_is_found_although_every_hash_agrees() {
    let (_folder, journal) = journal_of(9);
    let bytes = exported(&journal, Filter::default());
    let lines: Vec<String> = String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    for field in ["device", "epoch", "project"] {
        let says = first["logs"][0][field].as_str().unwrap();
        let other = format!("{}{}", if says.starts_with('0') { '1' } else { '0' }, &says[1..]);
        let (log, rest) = lines[0].split_once(first["logs"][0]["log"].as_str().unwrap()).unwrap();
        let changed = format!("{log}{}{}", first["logs"][0]["log"].as_str().unwrap(), rest.replacen(says, &other, 1));
        let (covered, _) = changed.rsplit_once(",\"blake3\":\"").unwrap();
        let hash = blake3::hash(covered.as_bytes()).to_hex();
        let mut forged = vec![format!("{covered},\"blake3\":\"{hash}\"}}")];
        forged.extend_from_slice(&lines[1..lines.len() - 1]);
        let before = forged.join("\n") + "\n";
        let end: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        let total = blake3::hash(before.as_bytes()).to_hex();
        let last = lines.last().unwrap().replace(end["blake3"].as_str().unwrap(), &total);
        let said = broken(format!("{before}{last}\n").as_bytes()).to_string();
        assert!(said.contains("does not follow from its device, epoch, project and lane"), "{field}: {said}");
    }
}

#[test]
fn what_is_no_export_or_a_later_one_is_said_to_be_so() {
    for text in ["", "\n", "{}\n", "# a page\n", "{\"format\":\"something-else\",\"v\":1}\n", "\u{0}\u{1}\u{2}\n"] {
        assert!(matches!(checked(text.as_bytes()), Err(CheckError::NotAnExport | CheckError::Broken(_))), "{text}");
    }
    assert!(matches!(checked(b"# a page\n"), Err(CheckError::NotAnExport)));
    let later = b"{\"format\":\"holdover-journal-export\",\"v\":7,\"new\":[]}\n";
    assert!(matches!(checked(later), Err(CheckError::Newer { found: 7 })));
    let endless = std::io::BufReader::new(std::io::repeat(b'a'));
    assert!(matches!(check(endless, &mut |_| ControlFlow::Continue(())), Err(CheckError::NotAnExport)));
    let (_folder, journal) = journal_of(3);
    let bytes = exported(&journal, Filter::default());
    let first = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let endless = std::io::BufReader::new(std::io::Read::chain(first, std::io::repeat(b'{')));
    let found = check(endless, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(found.contains("longer than"), "{found}");
}

#[test]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let error = check_file(&pipe, &mut |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(checked(&bytes).is_err());
    }

    #[test]
    fn an_export_with_any_part_replaced_is_read_to_an_answer(
        at in any::<prop::sample::Index>(), length in 0_usize..400, with in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let whole = WHOLE.get_or_init(|| exported(&journal_of(8).1, Filter::default()));
        let at = at.index(whole.len());
        let end = (at + length).min(whole.len());
        let changed = [&whole[..at], &with, &whole[end..]].concat();
        prop_assert_eq!(checked(&changed).is_ok(), changed == *whole);
    }
}
