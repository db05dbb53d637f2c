//! Decisions, membership and redactions are signed by their device, and verification says where one is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use contract::Lane;
use ed25519_dalek::{Signature, VerifyingKey};
use holdover_journal::{BadEvent, Draft, Header, Journal, VerifyError};
use serde_json::json;
use support::raw;

fn header_of(folder: &std::path::Path, pos: u32) -> Vec<u8> {
    raw(folder).query_row("SELECT header FROM event WHERE pos = ?1", [pos], |row| row.get(0)).unwrap()
}

/// Puts another header in an event's place, with a chain that fits it, as whoever holds the file's key can.
fn put(folder: &std::path::Path, header: &[u8]) {
    let hash = blake3::hash(&[&[0; 32], header].concat());
    let database = raw(folder);
    database.execute("UPDATE event SET header = ?1, hash = ?2 WHERE pos = 1", (header, hash.as_bytes())).unwrap();
    database.execute("UPDATE log SET head_hash = ?1", [hash.as_bytes()]).unwrap();
}

fn first_bad(folder: &std::path::Path) -> BadEvent {
    match Journal::open(folder).unwrap().verify() {
        Err(VerifyError::Bad(bad)) => bad,
        other => panic!("expected a bad event: {other:?}"),
    }
}

#[test]
fn kinds_that_must_stand_by_themselves_carry_their_devices_signature_and_others_none() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let kinds = [
        ("device.enrolled", true),
        ("device.revoked", true),
        ("review.decision", true),
        ("review.decision.withdrawn", true),
        ("record.redacted", true),
        ("review.comment", false),
        ("note.add", false),
    ];
    for (kind, _) in kinds {
        journal.append(Draft { lane: Lane::Review, ..Draft::observation(kind, json!({"n": 1})) }).unwrap();
    }
    assert_eq!(journal.verify().unwrap().events, 7);
    let public: [u8; 32] = raw(folder.path()).query_row("SELECT public FROM device", [], |row| row.get(0)).unwrap();
    let public = VerifyingKey::from_bytes(&public).unwrap();
    for (pos, (kind, signed)) in (1..).zip(kinds) {
        let bytes = header_of(folder.path(), pos);
        let sig = Header::decode(&bytes).unwrap().sig;
        assert_eq!(sig.is_some(), signed, "{kind}");
        if let Some(sig) = sig {
            // The format's own words: a context, then every byte in front of the last element.
            let message = [b"holdover journal v1 event\0", &bytes[..bytes.len() - 66]].concat();
            assert_eq!(Header::signed_part(&bytes), Some(&bytes[..bytes.len() - 66]));
            public.verify_strict(&message, &Signature::from_bytes(&sig)).unwrap();
        }
    }
}

#[test]
fn a_signature_that_is_missing_or_of_another_device_is_found_although_the_chain_fits() {
    for (what, reason) in [("none", "this one is not"), ("other", "not its device's"), ("kind", "not its device's")] {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.append(Draft { lane: Lane::Ctl, ..Draft::observation("device.revoked", json!({"n": 1})) }).unwrap();
        assert_eq!(journal.verify().unwrap().events, 1);
        drop(journal);
        let mut bytes = header_of(folder.path(), 1);
        put(folder.path(), &bytes);
        Journal::open(folder.path()).unwrap().verify().unwrap();
        let end = bytes.len();
        match what {
            "none" => {
                bytes.truncate(end - 66);
                bytes.push(0xf6);
            }
            "other" => bytes[end - 1] ^= 1,
            _ => {
                let at = bytes.windows(7).position(|w| w == b"revoked").unwrap();
                bytes[at..at + 7].copy_from_slice(b"invited");
                raw(folder.path()).execute("UPDATE event SET kind = 'device.invited'", []).unwrap();
            }
        }
        put(folder.path(), &bytes);
        let bad = first_bad(folder.path());
        assert_eq!((bad.seq, bad.reason.contains(reason)), (1, true), "{what}: {bad}");
    }
}
