//! Who belongs to a project after two folders exchanged their logs: invitations that end, devices that are out, and words on membership that
//! nobody undoes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/forge.rs"]
mod forge;
#[path = "support/sites.rs"]
mod sites;
mod support;

use contract::{DeviceKind, DeviceState};
use forge::{Forger, NOTE, Wish};
use holdover_journal::{Filter, NO_PROJECT, Reason, Segment, Terms};
use sites::{Site, join, site, terms, two};
use support::raw;

#[test]
fn what_a_revoked_device_writes_afterwards_is_kept_apart_or_marked_and_what_it_wrote_before_counts() {
    let (a, b) = two();
    let c = site();
    join(&a, &c);
    b.note("before");
    a.take(&b);
    let id = b.journal.own_device().unwrap().id;
    b.note("after");
    // c hears of the later note before it hears of the revocation.
    c.take(&a);
    c.take(&b);
    assert_eq!(c.bodies(), ["after", "before"]);
    let revoked = a.journal.revoke(NO_PROJECT, &id, "the laptop was lost").unwrap();
    assert_eq!((revoked.state, revoked.held), (DeviceState::Revoked, 0));
    for segment in b.sealed() {
        a.journal.import(&segment).unwrap();
    }
    assert_eq!((a.reasons(), a.bodies()), (vec!["revoked".to_owned()], vec!["before".to_owned()]));
    c.take(&a);
    let held: Vec<bool> = c.notes().iter().map(|note| note.held.is_some()).collect();
    assert_eq!((c.bodies(), held), (vec!["after".to_owned(), "before".to_owned()], vec![false, true]));
    // It can let nobody else in, and is told why.
    b.take(&a);
    let error = b.journal.invite(NO_PROJECT, &terms()).unwrap_err();
    assert!(error.to_string().contains("it was revoked"), "{error}");
    for site in [&a, &b, &c] {
        site.journal.verify().unwrap();
    }
}

#[test]
fn of_two_devices_that_revoke_each_other_the_same_one_wins_everywhere() {
    let (a, b) = two();
    let (of_a, of_b) = (a.journal.own_device().unwrap().id, b.journal.own_device().unwrap().id);
    a.journal.revoke(NO_PROJECT, &of_b, "").unwrap();
    b.journal.revoke(NO_PROJECT, &of_a, "").unwrap();
    let (from_a, from_b) = (a.sealed(), b.sealed());
    for segment in &from_a {
        b.journal.import(segment).unwrap();
    }
    for segment in &from_b {
        a.journal.import(segment).unwrap();
    }
    let state = |site: &Site, id: &str| {
        let devices = site.journal.devices(NO_PROJECT).unwrap().devices;
        devices.into_iter().find(|device| device.id == id).unwrap().state
    };
    let ends: Vec<DeviceState> =
        [(&a, &of_a), (&b, &of_a), (&a, &of_b), (&b, &of_b)].map(|(s, id)| state(s, id)).to_vec();
    assert!(ends[0] == ends[1] && ends[2] == ends[3] && ends[0] != ends[2], "{ends:?}");
}

#[test]
fn a_device_for_a_limited_time_counts_until_then_and_may_let_nobody_in() {
    let a = site();
    let limited = Terms { kind: DeviceKind::Ci, expires_ms: Some(5_000), ..terms() };
    let invitation = a.journal.invite(NO_PROJECT, &limited).unwrap();
    let mut forger = Forger::new(7, 0);
    assert_eq!(a.journal.import(&forger.ask(&invitation)).unwrap().released, 1);
    let mut notes = forger.on_lane(2);
    notes.event("note.add", NOTE, &Wish { wall_ms: 4_000, ..Wish::default() });
    notes.event("note.add", NOTE, &Wish { wall_ms: 6_000, ..Wish::default() });
    assert_eq!(a.journal.import(&notes.segment()).unwrap().held, 1);
    let held: Vec<Option<String>> = a.notes().into_iter().map(|note| note.held).collect();
    assert_eq!(held, [None, Some("its device's time had passed".to_owned())]);
    let device = &a.journal.devices(NO_PROJECT).unwrap().devices[1];
    assert_eq!((device.state, device.kind, device.name.as_str()), (DeviceState::Expired, DeviceKind::Ci, "forger"));
    // Its word on membership counts for nothing.
    forger.lamport = 1_000;
    let enrolled = serde_json::json!({
        "device": "11".repeat(32), "name": "friend", "kind": "person", "invitation": ulid::Ulid::generate(), "expires": null,
    });
    forger.event("device.enrolled", &enrolled.to_string(), &Wish { signed: true, ..Wish::default() });
    assert_eq!(a.journal.import(&forger.segment()).unwrap().new, 1);
    assert_eq!(a.journal.devices(NO_PROJECT).unwrap().devices.len(), 2);
}

/// A site, another that it has enrolled, and a forger that is a member too: its ctl log.
fn three() -> (Site, Site, Forger) {
    let (a, c) = two();
    let mut forger = Forger::new(9, 0);
    let invitation = a.journal.invite(NO_PROJECT, &terms()).unwrap();
    assert_eq!(a.journal.import(&forger.ask(&invitation)).unwrap().released, 1);
    c.take(&a);
    (a, c, forger)
}

fn standing(site: &Site, forger: &Forger) -> DeviceState {
    let id = hex::encode(forger.public());
    let devices = site.journal.devices(NO_PROJECT).unwrap().devices;
    devices.into_iter().find(|device| device.id == id).map_or(DeviceState::Unknown, |device| device.state)
}

/// Id, salt and payload of the one event of that kind.
fn said(site: &Site, kind: &str) -> (ulid::Ulid, [u8; 16], String) {
    raw(site.folder.path())
        .query_row(
            "SELECT id, salt, bytes FROM event JOIN payload ON payload.pos = event.pos WHERE kind = ?1",
            [kind],
            |row| Ok((ulid::Ulid::from_bytes(row.get(0)?), row.get(1)?, String::from_utf8(row.get(2)?).unwrap())),
        )
        .unwrap()
}

#[test]
fn nobody_undoes_a_word_on_membership_by_writing_another_event_with_its_id_whichever_comes_first() {
    // Another content; the same content in another event; the same word of another device.
    for (kind, copied, signed) in [
        ("note.add", false, false),
        ("device.revoked", false, true),
        ("note.add", true, false),
        ("device.revoked", true, true),
    ] {
        let (a, c, mut forger) = three();
        a.journal.revoke(NO_PROJECT, &hex::encode(forger.public()), "lost").unwrap();
        let (id, salt, payload) = said(&a, "device.revoked");
        let wish = if copied { Wish { salt, ..Wish::default() } } else { Wish { salt: [7; 16], ..Wish::default() } };
        let text = if copied { payload.as_str() } else { NOTE };
        forger.event(kind, text, &Wish { id: Some(id), signed, ..wish });
        let counter = forger.segment();
        a.journal.import(&counter).unwrap();
        c.journal.import(&counter).unwrap();
        c.take(&a);
        let mut notes = forger.on_lane(2);
        notes.event("note.add", NOTE, &Wish::default());
        let notes = notes.segment();
        for site in [&a, &c] {
            assert_eq!(standing(site, &forger), DeviceState::Revoked, "{kind} {copied}");
            assert_eq!(site.journal.import(&notes).unwrap().quarantined, Some(Reason::Revoked), "{kind} {copied}");
            site.journal.verify().unwrap();
        }
        let doubted =
            a.journal.entries(&Filter { kind: Some("device.revoked".to_owned()), ..Filter::default() }).unwrap();
        assert!(doubted.iter().any(|entry| entry.held.is_none()), "and the word itself is not called doubtful");
    }
}

#[test]
fn a_device_whose_time_has_passed_brings_its_word_on_membership_back_by_no_second_event_with_its_id() {
    let a = site();
    let limited = Terms { expires_ms: Some(5_000), ..terms() };
    let mut forger = Forger::new(7, 0);
    assert_eq!(a.journal.import(&forger.ask(&a.journal.invite(NO_PROJECT, &limited).unwrap())).unwrap().released, 1);
    let enrolled = serde_json::json!({
        "device": "11".repeat(32), "name": "friend", "kind": "person", "invitation": ulid::Ulid::generate(), "expires": null,
    });
    // Later in the order than its own enrolment.
    forger.lamport = 1_000;
    let late = Wish { wall_ms: 6_000, signed: true, ..Wish::default() };
    let id = forger.event("device.enrolled", &enrolled.to_string(), &late);
    forger.event("note.add", NOTE, &Wish { id: Some(id), wall_ms: 4_000, salt: [3; 16], ..Wish::default() });
    assert_eq!(a.journal.import(&forger.segment()).unwrap().new, 2);
    assert_eq!(a.journal.devices(NO_PROJECT).unwrap().devices.len(), 2);
}

#[test]
fn a_redaction_that_comes_before_a_word_on_membership_takes_nothing_from_it() {
    // The redaction alone; after a note that has the word's id, so that the id seems to be that of a note.
    for with_note in [false, true] {
        let (a, c, mut forger) = three();
        a.journal.revoke(NO_PROJECT, &hex::encode(forger.public()), "lost").unwrap();
        let (id, ..) = said(&a, "device.revoked");
        if with_note {
            forger.event("note.add", NOTE, &Wish { id: Some(id), ..Wish::default() });
        }
        let target = serde_json::json!({"target": id.to_string(), "reason": ""}).to_string();
        forger.event(
            "record.redacted",
            &target,
            &Wish { signed: true, refs: vec![id.to_bytes().to_vec()], ..Wish::default() },
        );
        let redaction = forger.segment();
        c.journal.import(&redaction).unwrap();
        a.journal.import(&redaction).unwrap();
        c.take(&a);
        for site in [&a, &c] {
            assert_eq!(standing(site, &forger), DeviceState::Revoked, "{with_note}");
            assert_eq!(said(site, "device.revoked").0, id);
            assert_eq!(site.journal.verify().unwrap().unexplained, 0);
        }
        // A journal that has lost it to such a redaction has it from the next that brings the segment.
        raw(c.folder.path())
            .execute("DELETE FROM payload WHERE pos = (SELECT pos FROM event WHERE kind = 'device.revoked')", [])
            .unwrap();
        assert_eq!(standing(&c, &forger), DeviceState::Member);
        c.take(&a);
        assert_eq!((standing(&c, &forger), said(&c, "device.revoked").0), (DeviceState::Revoked, id));
        let carries = |bytes: &Vec<u8>| {
            let records = Segment::read(bytes).unwrap().records;
            records.iter().any(|(header, record)| header.id == id && record.content.is_some())
        };
        assert!(c.sealed().iter().any(carries), "and hands it on again");
    }
}
