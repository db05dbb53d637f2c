//! Two and more data folders exchange their logs by sealed segments, and what may not count is kept apart with its reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/forge.rs"]
mod forge;
#[path = "support/sites.rs"]
mod sites;
mod support;

use contract::{Delivery, DeviceState, Lane};
use forge::{Forger, NOTE, Wish};
use holdover_journal::{
    Draft, Filter, INVITATION, ImportError, MAX_BY_HAND, MAX_JUMP, NO_PROJECT, Reason, Segment, Terms,
};
use sites::{Site, join, site, terms, two};
use support::raw;

#[test]
fn two_folders_hold_the_same_events_after_they_exchanged_their_segments() {
    let (a, b) = two();
    let first = a.note("from a");
    let local = Draft::observation("fetch.began", serde_json::json!({}));
    a.journal.append(local).unwrap();
    b.take(&a);
    let second = b.note("from b");
    a.take(&b);
    assert_eq!((a.bodies(), b.bodies()), (vec!["from a".to_owned(), "from b".to_owned()], a.bodies()));
    assert!(a.notes().iter().chain(&b.notes()).all(|note| note.state == Delivery::Sealed && note.held.is_none()));
    let kinds = b.journal.entries(&Filter { kind: Some("fetch.".to_owned()), ..Filter::default() }).unwrap();
    assert_eq!(kinds, [], "what is of this machine only was not sealed");
    // b knew of a's note when it wrote its own, and says so; a knew of nothing.
    let (told, first) = (b.header(&second), a.header(&first));
    let seen = told.seen.iter().find(|seen| seen.log == first.log).expect("the log of a's note was seen");
    assert_eq!((seen.seq, first.seen.iter().any(|seen| seen.log == told.log)), (1, false));
    assert!(told.lamport > first.lamport);
    for site in [&a, &b] {
        site.journal.verify().unwrap();
        let states: Vec<DeviceState> =
            site.journal.devices(NO_PROJECT).unwrap().devices.iter().map(|device| device.state).collect();
        assert_eq!(states, [DeviceState::Member, DeviceState::Member]);
        assert_eq!(site.reasons(), [""; 0]);
    }
}

#[test]
fn the_same_segment_may_come_any_number_of_times() {
    let (a, b) = two();
    a.note("once");
    b.take(&a);
    let (count, journal) = (b.journal.count().unwrap(), &b.journal);
    for segment in a.sealed() {
        let again = journal.import(&segment).unwrap();
        assert_eq!((again.new, again.quarantined), (0, None));
        assert!(again.known > 0);
    }
    assert_eq!((journal.count().unwrap(), b.bodies().len()), (count, 1));
}

#[test]
fn a_gap_is_refused_with_what_is_missing_and_nothing_is_kept() {
    let (a, b) = two();
    let mut before = a.sealed();
    for n in 0..3 {
        a.note(&format!("note {n}"));
        a.journal.seal(NO_PROJECT).unwrap();
    }
    let new: Vec<Vec<u8>> = a.sealed().into_iter().filter(|segment| !before.contains(segment)).collect();
    assert_eq!(new.len(), 3);
    let count = b.journal.count().unwrap();
    let error = b.journal.import(&new[1]).unwrap_err();
    assert!(matches!(error, ImportError::Gap { expected: 1, first: 2, .. }), "{error}");
    assert_eq!((b.journal.count().unwrap(), b.reasons().len()), (count, 0));
    before.clear();
    for segment in &new {
        assert_eq!(b.journal.import(segment).unwrap().new, 1);
    }
    assert_eq!(b.bodies(), ["note 0", "note 1", "note 2"]);
}

#[test]
fn a_device_that_nobody_enrolled_is_kept_apart_until_somebody_does() {
    let (a, b) = (site(), site());
    b.note("from a stranger");
    for segment in b.sealed() {
        assert_eq!(a.journal.import(&segment).unwrap().quarantined, Some(Reason::UnknownDevice));
    }
    assert_eq!((a.reasons(), a.bodies()), (vec!["unknown-device".to_owned()], vec![]));
    assert!(a.journal.quarantined().unwrap()[0].detail.contains("enrolled"));
    let stranger = &a.journal.devices(NO_PROJECT).unwrap().devices[1];
    assert_eq!((stranger.state, stranger.quarantined.len()), (DeviceState::Unknown, 1));
    join(&a, &b);
    assert_eq!((a.reasons(), a.bodies()), (vec![], vec!["from a stranger".to_owned()]));
}

#[test]
fn an_invitation_admits_one_device_and_only_with_its_key() {
    let a = site();
    let invitation = a.journal.invite(NO_PROJECT, &terms()).unwrap();
    let other = a.journal.invite(NO_PROJECT, &terms()).unwrap();
    // A request for the second invitation with the first one's name would need the second one's key.
    let mut first = Forger::new(1, 0);
    assert_eq!(a.journal.import(&first.ask(&invitation)).unwrap().released, 1);
    let mut second = Forger::new(2, 0);
    assert_eq!(a.journal.import(&second.ask(&invitation)).unwrap().quarantined, Some(Reason::UnknownDevice));
    assert_eq!(a.reasons(), ["unknown-device"]);
    let mut third = Forger::new(3, 0);
    let asked = serde_json::json!({"invitation": ulid::Ulid::generate(), "name": "x", "proof": "00"}).to_string();
    third.event("device.asked", &asked, &Wish { signed: true, ..Wish::default() });
    assert_eq!(a.journal.import(&third.segment()).unwrap().quarantined, Some(Reason::UnknownDevice));
    // An invitation that nobody has used, by somebody who knows its name and not its key.
    let name = hex::decode(&other[INVITATION.len()..][4..36]).unwrap();
    let name = ulid::Ulid::from_bytes(name.try_into().unwrap());
    let mut guessing = Forger::new(5, 0);
    for proof in ["00".repeat(64), String::new()] {
        let asked = serde_json::json!({"invitation": name, "name": "x", "proof": proof}).to_string();
        guessing.event("device.asked", &asked, &Wish { signed: true, ..Wish::default() });
    }
    assert_eq!(a.journal.import(&guessing.segment()).unwrap().quarantined, Some(Reason::UnknownDevice));
    assert_eq!(a.reasons().len(), 3);
    let mut changed = other.clone().into_bytes();
    let last = changed.len() - 1;
    changed[last] = if changed[last] == b'0' { b'1' } else { b'0' };
    let changed = String::from_utf8(changed).unwrap();
    assert!(site().journal.ask(&changed).unwrap_err().to_string().contains("changed on the way"));
    let ended = a.journal.invite(NO_PROJECT, &Terms { until_ms: 1, ..terms() }).unwrap();
    assert!(site().journal.ask(&ended).unwrap_err().to_string().contains("ended 1970"));
    let mut late = Forger::new(4, 0);
    assert_eq!(a.journal.import(&late.ask(&ended)).unwrap().quarantined, Some(Reason::UnknownDevice));
}

/// A site and a forger that is a member of it, on the notes lane.
fn with_forger() -> (Site, Forger) {
    let a = site();
    let invitation = a.journal.invite(NO_PROJECT, &terms()).unwrap();
    let mut forger = Forger::new(9, 0);
    assert_eq!(a.journal.import(&forger.ask(&invitation)).unwrap().released, 1);
    let notes = forger.on_lane(2);
    (a, notes)
}

#[test]
fn a_fork_is_named_and_the_first_branch_stays() {
    let (a, mut one) = with_forger();
    let mut other = one.on_lane(2);
    one.event("note.add", NOTE, &Wish::default());
    other.event("note.add", NOTE, &Wish::default());
    assert_eq!(a.journal.import(&one.segment()).unwrap().new, 1);
    assert_eq!(a.journal.import(&other.segment()).unwrap().quarantined, Some(Reason::Fork));
    one.event("note.add", NOTE, &Wish::default());
    other.event("note.add", NOTE, &Wish::default());
    assert_eq!(a.journal.import(&other.segment()).unwrap().quarantined, Some(Reason::Fork));
    assert_eq!(a.journal.import(&one.segment()).unwrap().new, 1);
    assert_eq!((a.reasons(), a.notes().len()), (vec!["fork".to_owned(), "fork".to_owned()], 2));
    a.journal.verify().unwrap();
}

#[test]
fn one_id_with_two_contents_makes_both_doubtful_and_with_one_content_is_read_once() {
    let (a, mut notes) = with_forger();
    let mut reviews = notes.on_lane(1);
    let id = notes.event("note.add", NOTE, &Wish::default());
    let again = notes.event("note.add", NOTE, &Wish { salt: [1; 16], ..Wish::default() });
    reviews.event("note.add", NOTE, &Wish { id: Some(id), ..Wish::default() });
    reviews.event("note.add", NOTE, &Wish { id: Some(again), salt: [2; 16], ..Wish::default() });
    assert_eq!(a.journal.import(&notes.segment()).unwrap().held, 0);
    assert_eq!(a.journal.import(&reviews.segment()).unwrap().held, 1);
    let read: Vec<(String, bool)> = a.notes().into_iter().map(|note| (note.id, note.held.is_some())).collect();
    let (id, again) = (id.to_string(), again.to_string());
    assert_eq!(read, [(id, false), (again.clone(), true), (again, true)]);
    a.journal.verify().unwrap();
}

#[test]
fn a_clock_that_jumps_is_not_believed_until_others_have_come_as_far() {
    for far in [MAX_JUMP + 50, 1 << 63, u64::MAX - 1] {
        let (a, mut forger) = with_forger();
        forger.lamport = far;
        forger.event("note.add", NOTE, &Wish::default());
        let jumped = forger.segment();
        let next = (far < u64::MAX - 1).then(|| {
            forger.event("note.add", NOTE, &Wish::default());
            forger.segment()
        });
        assert_eq!(a.journal.import(&jumped).unwrap().quarantined, Some(Reason::ClockJump), "{far}");
        if let Some(next) = &next {
            assert_eq!(a.journal.import(next).unwrap().quarantined, Some(Reason::Follows), "{far}");
        }
        a.note("ours");
        let ours = a.header(&a.notes()[0].id).lamport;
        assert!(ours < 100, "our own number is not carried away: {ours}");
        let mut other = forger.on_lane(1);
        other.lamport = MAX_JUMP - 100;
        other.event("note.add", NOTE, &Wish::default());
        let released = a.journal.import(&other.segment()).unwrap().released;
        assert_eq!(released, if far == MAX_JUMP + 50 { 2 } else { 0 }, "{far}");
        a.journal.verify().unwrap();
    }
}

#[test]
fn what_a_later_version_writes_is_kept_verified_and_handed_on_byte_for_byte() {
    let (a, forger) = with_forger();
    let mut later = forger.on_lane(9);
    let mut fields = Vec::new();
    minicbor::Encoder::new(&mut fields).str("new").unwrap().array(1).unwrap().u64(1 << 40).unwrap();
    for signed in [false, true] {
        let wish = Wish { v: Some(2), kver: 7, later: (2, fields.clone()), signed, ..Wish::default() };
        later.event("zebra.from-the-future", r#"{"ops":[{"f":"x","op":"warp","spin":3}],"new":[]}"#, &wish);
    }
    let segment = later.segment();
    assert_eq!(a.journal.import(&segment).unwrap().new, 2);
    let read = a.journal.entries(&Filter { kind: Some("zebra".to_owned()), ..Filter::default() }).unwrap();
    assert_eq!((read.len(), read[0].lane, &read[0].payload["new"]), (2, Lane::Other, &serde_json::json!([])));
    a.journal.verify().unwrap();
    let b = site();
    join(&a, &b);
    let handed_on = b.sealed();
    assert!(handed_on.contains(&segment), "the bytes that the device sealed");
    assert_eq!(b.journal.entries(&Filter { kind: Some("zebra".to_owned()), ..Filter::default() }).unwrap().len(), 2);
    b.journal.verify().unwrap();
}

#[test]
fn a_payload_that_is_deleted_is_in_no_segment_afterwards_and_the_run_is_sealed_again_without_it() {
    let (a, b) = two();
    let id: ulid::Ulid = a.note("to be forgotten").parse().unwrap();
    a.note("to be kept");
    let before = a.sealed();
    raw(a.folder.path())
        .execute("DELETE FROM payload WHERE pos = (SELECT pos FROM event WHERE id = ?1)", [id.to_bytes()])
        .unwrap();
    let listed = a.journal.segments(NO_PROJECT).unwrap().len();
    let after = a.sealed();
    assert_eq!((before.len() - listed, after.len()), (1, before.len()));
    let texts = |segments: &[Vec<u8>]| -> String {
        let records = segments.iter().flat_map(|bytes| Segment::read(bytes).unwrap().records);
        records
            .filter_map(|(_, record)| record.content)
            .map(|(_, payload)| String::from_utf8(payload).unwrap())
            .collect()
    };
    assert!(
        texts(&before).contains("forgotten") && !texts(&after).contains("forgotten") && texts(&after).contains("kept")
    );
    for segment in &after {
        assert_eq!(b.journal.import(segment).unwrap().quarantined, None);
    }
    assert_eq!(b.notes().iter().filter(|note| note.payload.is_null()).count(), 1);
    b.journal.verify().unwrap();
}

#[test]
fn a_signature_that_a_decision_lacks_makes_the_whole_segment_unsound() {
    let (a, forger) = with_forger();
    let mut reviews = forger.on_lane(1);
    reviews.event("review.decision", NOTE, &Wish::default());
    let error = a.journal.import(&reviews.segment()).unwrap_err();
    assert!(error.to_string().contains("event 1: an event of its kind is signed, and this one is not"), "{error}");
}

/// The beginnings of the ids of what is kept apart.
fn apart(site: &Site) -> Vec<String> {
    site.journal.quarantined().unwrap().into_iter().map(|segment| segment.id[..8].to_owned()).collect()
}

#[test]
fn what_a_stranger_wrote_is_let_in_by_hand_on_every_device_and_the_stranger_is_not() {
    let (a, b) = two();
    let stranger = site();
    stranger.note("from a stranger");
    a.take(&stranger);
    let id = apart(&a).remove(0);
    let (segment, came) = a.journal.admit_apart(&id, "she told me on the phone").unwrap();
    assert_eq!((segment.reason.as_str(), came, a.bodies()), ("unknown-device", 1, vec!["from a stranger".to_owned()]));
    assert!(a.notes()[0].held.is_none() && a.reasons().is_empty());
    let said = a.journal.entries(&Filter { kind: Some("device.admitted".to_owned()), ..Filter::default() }).unwrap();
    assert_eq!((said.len(), said[0].payload["reason"].as_str()), (1, Some("she told me on the phone")));
    b.take(&a);
    assert_eq!(b.bodies(), ["from a stranger"], "the others hear of the decision and do the same");
    stranger.note("once more");
    a.take(&stranger);
    assert_eq!(
        (a.bodies().len(), a.reasons()),
        (1, vec!["unknown-device".to_owned()]),
        "what comes later is kept apart again"
    );
    // Who is not a member decides nothing.
    let enrolled = stranger.journal.devices(NO_PROJECT).unwrap().devices.len();
    assert_eq!(enrolled, 1);
    for site in [&a, &b] {
        site.journal.verify().unwrap();
    }
}

#[test]
fn what_is_thrown_away_does_not_come_again_and_leaves_a_trace() {
    let (a, stranger) = (site(), site());
    stranger.note("spam");
    a.take(&stranger);
    let id = apart(&a).remove(0);
    a.journal.discard_apart(&id, "nobody I know").unwrap();
    assert_eq!(apart(&a), [""; 0]);
    a.take(&stranger);
    assert_eq!((apart(&a), a.bodies()), (vec![], vec![]));
    let kept: i64 =
        raw(a.folder.path()).query_row("SELECT sum(length(bytes)) FROM quarantine", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0, "its bytes are gone");
    let said = a.journal.entries(&Filter { kind: Some("quarantine.".to_owned()), ..Filter::default() }).unwrap();
    assert_eq!((said.len(), said[0].payload["was"].as_str(), said[0].lane), (1, Some("unknown-device"), Lane::Local));
    assert!(a.journal.admit_apart(&id, "").unwrap_err().to_string().contains("nothing that is kept apart"));
    assert!(a.journal.discard_apart("", "").is_err(), "no beginning names everything");
}

#[test]
fn what_a_revoked_device_wrote_is_let_in_by_hand_and_counts_everywhere_without_bringing_the_device_back() {
    let (a, b) = two();
    let c = site();
    join(&a, &c);
    let id = b.journal.own_device().unwrap().id;
    a.journal.revoke(NO_PROJECT, &id, "lost").unwrap();
    b.note("written on the train, before it was lost");
    // c has it before it hears of the revocation, and marks it then.
    c.take(&b);
    c.take(&a);
    assert_eq!(c.notes()[0].held.as_deref(), Some("its device was revoked before it"));
    a.take(&b);
    assert_eq!(a.reasons(), ["revoked"]);
    a.journal.admit_apart(&apart(&a)[0], "").unwrap();
    b.note("by whoever found it");
    for _ in 0..2 {
        a.take(&b);
        c.take(&a);
        c.take(&b);
    }
    for site in [&a, &c] {
        assert_eq!(site.bodies(), ["written on the train, before it was lost"]);
        assert!(site.notes()[0].held.is_none());
        assert_eq!(site.reasons(), ["revoked"]);
        let devices = site.journal.devices(NO_PROJECT).unwrap().devices;
        assert_eq!(devices.iter().find(|device| device.id == id).unwrap().state, DeviceState::Revoked);
    }
    b.take(&a);
    stranger_may_not(&b, &c);
}

/// A device that is out lets nothing in.
fn stranger_may_not(out: &Site, _member: &Site) {
    let stranger = site();
    stranger.note("x");
    out.take(&stranger);
    let id = apart(out).pop().unwrap();
    assert!(out.journal.admit_apart(&id, "").unwrap_err().to_string().contains("it was revoked"));
}

#[test]
fn a_clock_is_believed_by_hand_as_far_as_numbers_go_and_a_fork_never() {
    for (far, in_) in
        [(MAX_JUMP + 50, 1), (MAX_BY_HAND - 1, 1), (MAX_BY_HAND, 0), (i64::MAX as u64 - 1, 0), (1 << 63, 0)]
    {
        let (a, mut forger) = with_forger();
        forger.lamport = far;
        forger.event("note.add", NOTE, &Wish::default());
        assert_eq!(a.journal.import(&forger.segment()).unwrap().quarantined, Some(Reason::ClockJump));
        match a.journal.admit_apart(&apart(&a)[0], "") {
            Ok((_, came)) => assert_eq!((came, in_), (1, 1), "{far}"),
            Err(error) => {
                assert!(in_ == 0 && error.to_string().contains("use up those that are left"), "{far}: {error}");
            }
        }
        assert_eq!(a.notes().len() as u64, in_, "{far}");
        // Whatever came, what we write next has a number that others believe.
        let ours = a.note("ours");
        let lamport = a.header(&ours).lamport;
        assert!(lamport <= (1 << 62) + 10 && (in_ == 0 || lamport > far), "{far}: {lamport}");
        a.journal.verify().unwrap();
    }
    let (a, mut one) = with_forger();
    let mut other = one.on_lane(2);
    one.event("note.add", NOTE, &Wish::default());
    other.event("note.add", NOTE, &Wish::default());
    a.journal.import(&one.segment()).unwrap();
    a.journal.import(&other.segment()).unwrap();
    assert!(a.journal.admit_apart(&apart(&a)[0], "").unwrap_err().to_string().contains("cannot be let in"));
    assert_eq!(a.notes().len(), 1);
}

#[test]
fn what_a_stranger_sent_is_not_looked_into_again_until_the_stranger_is_let_in() {
    let (a, mut member) = with_forger();
    let stranger = site();
    stranger.note("from a stranger");
    a.take(&stranger);
    // Were it looked into, this would be found: a segment that could be let in, in the place of the stranger's.
    member.event("note.add", NOTE, &Wish::default());
    let hidden = member.segment();
    raw(a.folder.path()).execute("UPDATE quarantine SET bytes = ?1", [&hidden]).unwrap();
    let mut reviews = member.on_lane(1);
    reviews.event("review.comment", NOTE, &Wish::default());
    assert_eq!(a.journal.import(&reviews.segment()).unwrap().released, 0);
    assert_eq!(a.notes().len(), 0);
    // As soon as it has become somebody, it is: what was hidden comes in, and what the stranger brings.
    join(&a, &stranger);
    assert_eq!((a.notes().len(), a.reasons().len()), (2, 0));
}

#[test]
fn no_more_is_kept_apart_than_can_be_let_in_some_day() {
    let fill: [&str; 2] = [
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4096)
         INSERT INTO quarantine (hash, log, device, first, last, reason, detail, bytes, at_ms)
         SELECT randomblob(32), randomblob(16), randomblob(32), 1, 1, 'unknown-device', '', x'00', 0 FROM n",
        // The same segment, which announces some hundred bytes, once more and as if it announced 15 MiB.
        "",
    ];
    for fill in fill {
        let (a, stranger) = (site(), site());
        stranger.note("x");
        if fill.is_empty() {
            let mut large = Forger::new(3, 2);
            for n in 0..40 {
                large.event("note.add", &format!(r#"{{"text":"{}"}}"#, "x".repeat(900_000)), &Wish::default());
                if n % 16 == 15 {
                    break;
                }
            }
            a.journal.import(&large.segment()).unwrap();
            let copy = "INSERT INTO quarantine (hash, log, device, first, last, reason, detail, bytes, at_ms)
                        SELECT randomblob(32), log, device, first, last, reason, detail, bytes, at_ms FROM quarantine";
            for _ in 0..6 {
                raw(a.folder.path()).execute(copy, []).unwrap();
            }
        } else {
            raw(a.folder.path()).execute(fill, []).unwrap();
        }
        let segment = stranger.sealed().remove(0);
        let error = a.journal.import(&segment).unwrap_err();
        assert!(matches!(error, ImportError::TooMuch { .. }), "{error}");
        // What was thrown away takes no room.
        raw(a.folder.path()).execute("UPDATE quarantine SET reason = 'discarded', bytes = x''", []).unwrap();
        assert_eq!(a.journal.import(&segment).unwrap().quarantined, Some(Reason::UnknownDevice));
    }
}

#[test]
fn what_follows_something_that_was_thrown_away_is_a_gap_and_waits_for_nothing() {
    let (a, stranger) = (site(), site());
    stranger.note("spam");
    a.take(&stranger);
    a.journal.discard_apart(&apart(&a)[0], "nobody I know").unwrap();
    stranger.note("more spam");
    let last = stranger.sealed().pop().unwrap();
    let error = a.journal.import(&last).unwrap_err();
    assert!(matches!(error, ImportError::Gap { expected: 1, first: 2, .. }), "{error}");
    assert_eq!(apart(&a), [""; 0]);
}

#[test]
fn what_is_said_to_be_of_a_machine_alone_is_taken_from_nobody() {
    let (a, notes) = with_forger();
    let mut local = notes.on_lane(4);
    local.event("note.add", NOTE, &Wish::default());
    let error = a.journal.import(&local.segment()).unwrap_err();
    assert!(matches!(error, ImportError::Local), "{error}");
    assert_eq!((a.notes().len(), a.reasons().len()), (0, 0));
}
