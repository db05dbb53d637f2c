//! Data folders that exchange their logs by sealed segments, as the devices of one team do. Has no network and no storage between.
#![allow(dead_code, clippy::unwrap_used)]

use crate::support::raw;
use contract::{DeviceKind, JournalEntry, Lane};
use holdover_journal::{Draft, Filter, Header, Journal, NO_PROJECT, Op, Terms};

pub struct Site {
    pub folder: tempfile::TempDir,
    pub journal: Journal,
}

pub fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    Site { folder, journal }
}

pub fn terms() -> Terms {
    Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None }
}

impl Site {
    pub fn note(&self, text: &str) -> String {
        let draft = Draft::intent("note.add", Lane::Notes, self.journal.person().unwrap(), &[Op::set("body", text)]);
        self.journal.append(draft).unwrap().id
    }

    /// Everything that is sealed, own and others'.
    pub fn sealed(&self) -> Vec<Vec<u8>> {
        self.journal.seal(NO_PROJECT).unwrap();
        let segments = self.journal.segments(NO_PROJECT).unwrap();
        segments.iter().map(|segment| self.journal.segment_bytes(segment).unwrap().unwrap()).collect()
    }

    pub fn take(&self, from: &Site) {
        for segment in from.sealed() {
            self.journal.import(&segment).unwrap();
        }
    }

    pub fn notes(&self) -> Vec<JournalEntry> {
        self.journal.entries(&Filter { kind: Some("note.".to_owned()), ..Filter::default() }).unwrap()
    }

    pub fn bodies(&self) -> Vec<String> {
        let mut bodies: Vec<String> =
            self.notes().iter().map(|note| note.payload["ops"][0]["v"].as_str().unwrap().to_owned()).collect();
        bodies.sort();
        bodies
    }

    pub fn reasons(&self) -> Vec<String> {
        self.journal.quarantined().unwrap().into_iter().map(|segment| segment.reason).collect()
    }

    pub fn header(&self, id: &str) -> Header {
        let id: ulid::Ulid = id.parse().unwrap();
        let bytes: Vec<u8> = raw(self.folder.path())
            .query_row("SELECT header FROM event WHERE id = ?1 LIMIT 1", [id.to_bytes()], |row| row.get(0))
            .unwrap();
        Header::decode(&bytes).unwrap()
    }
}

/// Two sites, the second enrolled by the first.
pub fn two() -> (Site, Site) {
    let (a, b) = (site(), site());
    join(&a, &b);
    (a, b)
}

pub fn join(a: &Site, b: &Site) {
    let invitation = a.journal.invite(NO_PROJECT, &terms()).unwrap();
    b.journal.ask(&invitation).unwrap();
    a.take(b);
    b.take(a);
}
