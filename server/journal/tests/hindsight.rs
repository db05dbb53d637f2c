//! What is known of who may write changes what is here already, in whatever order it comes; and a redaction takes the event that it
//! means, not whatever has its id.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/forge.rs"]
mod forge;
mod support;

use contract::{DeviceKind, JournalEntry, Lane};
use forge::{Forger, Wish};
use holdover_journal::{Draft, Filter, ImportError, Journal, NO_PROJECT, Op, Terms};
use proptest::prelude::*;
use serde_json::json;
use support::cases;
use ulid::Ulid;

struct Site {
    _folder: tempfile::TempDir,
    journal: Journal,
}

const REVOKED: &str = "its device was revoked before it";
const NOTE: &str = r#"{"ops":[{"f":"body","op":"set","v":"xylophonist","pred":[]}]}"#;

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    Site { _folder: folder, journal }
}

impl Site {
    /// A site that takes this one for the root, and that nobody has let in yet.
    fn observer(&self) -> Site {
        let other = site();
        other.journal.ask(&self.invitation()).unwrap();
        other
    }

    fn invitation(&self) -> String {
        let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
        self.journal.invite(NO_PROJECT, &terms).unwrap()
    }

    /// A device that this one lets in, and the segment with which it asked.
    fn forger(&self, seed: u8) -> (Forger, Vec<u8>) {
        let mut forger = Forger::new(seed, 0);
        let asked = forger.ask(&self.invitation());
        self.journal.import(&asked).unwrap();
        (forger, asked)
    }

    fn note(&self) -> Ulid {
        let draft = Draft::intent("note.add", Lane::Notes, self.journal.person().unwrap(), &[Op::set("body", "mine")]);
        self.journal.append(draft).unwrap().id.parse().unwrap()
    }

    fn sealed(&self) -> Vec<Vec<u8>> {
        self.journal.seal(NO_PROJECT).unwrap();
        let segments = self.journal.segments(NO_PROJECT).unwrap();
        segments.iter().filter_map(|segment| self.journal.segment_bytes(segment).unwrap()).collect()
    }

    /// What was sealed since `before`.
    fn newly_sealed(&self, before: &[Vec<u8>]) -> Vec<Vec<u8>> {
        self.sealed().into_iter().filter(|segment| !before.contains(segment)).collect()
    }

    fn take(&self, segments: &[Vec<u8>]) {
        for segment in segments {
            self.journal.import(segment).unwrap();
        }
    }

    fn entries(&self, filter: &Filter) -> Vec<JournalEntry> {
        self.journal.entries(filter).unwrap()
    }
}

fn signed() -> Wish {
    Wish { signed: true, ..Wish::default() }
}

fn redaction_of(target: Ulid) -> (String, Wish) {
    let says = json!({"target": target.to_string(), "reason": "it names a person"}).to_string();
    (says, Wish { refs: vec![target.to_bytes().to_vec()], ..signed() })
}

/// A note, its redaction by `r`, a revocation of `r` by `v`, and one of `v` that undoes it: by one segment each.
fn a_redaction_whose_author_is_in_out_and_in_again() -> (Site, Ulid, Vec<Vec<u8>>) {
    let a = site();
    let ((mut v, _), (mut r, _)) = (a.forger(31), a.forger(32));
    let note = a.note();
    let mut segments = a.sealed();
    let v_id = hex::encode(v.public());
    a.journal.revoke(NO_PROJECT, &v_id, "stolen").unwrap();
    segments.extend(a.newly_sealed(&segments.clone()));
    let revoked = json!({"device": hex::encode(r.public()), "cutoff": {}, "reason": "by a thief"});
    // After the cut-off, and with a higher number.
    v.lamport = 1_000;
    v.event("device.revoked", &revoked.to_string(), &signed());
    let (says, wish) = redaction_of(note);
    r.lamport = 50;
    r.event("record.redacted", &says, &wish);
    segments.extend([v.segment(), r.segment()]);
    (a, note, segments)
}

#[test]
fn a_redaction_that_was_refused_when_it_came_is_obeyed_once_its_author_counts() {
    let (a, note, segments) = a_redaction_whose_author_is_in_out_and_in_again();
    let c = a.observer();
    let undoes = 1 + segments
        .iter()
        .position(|segment| {
            holdover_journal::Segment::read(segment)
                .unwrap()
                .records
                .iter()
                .any(|(header, _)| header.kind == "device.revoked")
        })
        .unwrap();
    let (last, first): (Vec<_>, Vec<_>) = segments.into_iter().enumerate().partition(|(n, _)| n + 1 == undoes);
    let of = |segments: Vec<(usize, Vec<u8>)>| segments.into_iter().map(|(_, segment)| segment).collect::<Vec<_>>();
    c.take(&of(first));
    let redaction = || c.entries(&Filter { kind: Some("record.redacted".to_owned()), ..Filter::default() }).remove(0);
    let payload = || c.entries(&Filter { id: Some(note), ..Filter::default() }).remove(0).payload;
    assert_eq!(redaction().held.as_deref(), Some(REVOKED));
    assert!(!payload().is_null(), "who has no say deletes nothing");
    c.take(&of(last));
    assert_eq!(redaction().held, None);
    assert!(payload().is_null(), "obeyed in hindsight");
    assert_eq!(c.journal.verify().unwrap().unexplained, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(24)))]

    #[test]
    fn whatever_the_order_of_arrival_the_same_is_deleted_and_the_same_is_held(
        order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (a, note, segments) = a_redaction_whose_author_is_in_out_and_in_again();
        prop_assert_eq!(segments.len(), order.len());
        let c = a.observer();
        let mut left: Vec<&Vec<u8>> = order.iter().map(|n| &segments[*n]).collect();
        while !left.is_empty() {
            let before = left.len();
            // One that comes before what stands in front of it is brought again.
            left.retain(|segment| matches!(c.journal.import(segment), Err(ImportError::Gap { .. })));
            prop_assert!(left.len() < before);
        }
        let shown = c.entries(&Filter { id: Some(note), ..Filter::default() }).remove(0);
        prop_assert!(shown.payload.is_null(), "{:?}", shown);
        let mut held: Vec<(String, Option<String>)> = c
            .entries(&Filter::default())
            .into_iter()
            .filter(|entry| entry.actor.name == "Mallory")
            .map(|entry| (entry.kind, entry.held))
            .collect();
        held.sort();
        let asked = || ("device.asked".to_owned(), None);
        let revoked = ("device.revoked".to_owned(), Some(REVOKED.to_owned()));
        prop_assert_eq!(held, [asked(), asked(), revoked, ("record.redacted".to_owned(), None)]);
        prop_assert_eq!(c.journal.quarantined().unwrap().len(), 0);
        prop_assert_eq!(c.journal.verify().unwrap().unexplained, 0);
    }
}

#[test]
fn what_a_root_set_forbids_is_marked_although_it_came_before_the_set_and_a_verification_says_so() {
    let a = site();
    let (mut member, asked) = a.forger(41);
    let before = a.sealed();
    // Its friend is let in with a number that is higher than that of the root set, which nobody there has heard of.
    member.lamport = 1_000;
    let mut friend = Forger::new(42, 2);
    let enrolled = json!({
        "device": hex::encode(friend.public()), "name": "friend", "kind": "person", "invitation": Ulid::generate(),
        "expires": null,
    });
    member.event("device.enrolled", &enrolled.to_string(), &signed());
    friend.event("note.add", NOTE, &Wish::default());
    let c = a.observer();
    c.take(&before);
    c.take(&[asked, member.segment(), friend.segment()]);
    let notes = || c.entries(&Filter { kind: Some("note.".to_owned()), ..Filter::default() });
    assert_eq!((notes().len(), notes()[0].held.clone()), (1, None), "nobody has said that the member may not");
    assert_eq!(c.journal.root_verdicts().unwrap(), []);
    let own = a.journal.own_device().unwrap().id;
    a.journal.name_roots(NO_PROJECT, std::slice::from_ref(&own), 1).unwrap();
    c.take(&a.newly_sealed(&before));
    assert_eq!(notes()[0].held.as_deref(), Some("its device was let in by nobody who may"));
    let verdict = c.journal.root_verdicts().unwrap().remove(0);
    assert_eq!((verdict.version, verdict.threshold, verdict.held), (1, 1, 1));
    assert_eq!((verdict.devices, verdict.can_change, verdict.idle_signatures), (vec![own], true, 0));
    // A set of its own counts for nothing, and is counted.
    let mine = json!({
        "version": 2, "threshold": 1, "devices": [hex::encode(member.public())], "before": "00",
    });
    member.event("device.roots", &mine.to_string(), &signed());
    c.take(&[member.segment()]);
    let verdict = c.journal.root_verdicts().unwrap().remove(0);
    assert_eq!((verdict.version, verdict.idle_signatures, verdict.waiting), (1, 1, 0));
}

#[test]
fn another_event_with_the_id_of_a_redacted_one_keeps_its_text_and_does_not_bring_the_other_back() {
    for copy_first in [false, true] {
        let a = site();
        let (forger, asked) = a.forger(51);
        let note = a.note();
        let old = a.sealed();
        a.journal.redact(&[note], "", &a.journal.person().unwrap()).unwrap();
        let told = a.newly_sealed(&old);
        let mut notes = forger.on_lane(2);
        notes.event("note.add", NOTE, &Wish { id: Some(note), ..Wish::default() });
        let copy = notes.segment();
        let c = a.observer();
        c.take(&old);
        c.take(&[asked]);
        if copy_first {
            c.take(std::slice::from_ref(&copy));
        }
        c.take(&told);
        c.take(&[copy]);
        c.take(&old);
        let mut texts: Vec<bool> = c
            .entries(&Filter { id: Some(note), ..Filter::default() })
            .iter()
            .map(|entry| entry.payload.is_null())
            .collect();
        texts.sort_unstable();
        assert_eq!(texts, [false, true], "copy first: {copy_first}");
        assert_eq!(c.journal.verify().unwrap().unexplained, 0);
    }
}
