//! Notes are found by the project that a workspace is, on whichever device they were written, through the projection and without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use contract::{DeviceKind, DeviceState, Lane, NoteAnchor};
use holdover_journal::{
    Draft, Filter, Journal, NO_PROJECT, NoteScope, Notes, OpId, Terms, note_added, note_edited, note_retracted,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use support::raw;
use ulid::Ulid;

const FERRY: [u8; 16] = [7; 16];
const OTHER: [u8; 16] = [8; 16];

struct Site {
    folder: tempfile::TempDir,
    journal: Journal,
    workspace: Ulid,
}

fn site(root: &str, project: [u8; 16]) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new(root)).unwrap();
    assert_eq!(journal.workspace_project(workspace).unwrap(), None);
    journal.set_workspace_project(workspace, project).unwrap();
    assert_eq!(journal.workspace_project(workspace).unwrap(), Some(project));
    Site { folder, journal, workspace }
}

fn on(path: Option<&str>) -> NoteAnchor {
    NoteAnchor { path: path.map(str::to_owned), ..NoteAnchor::default() }
}

impl Site {
    fn note(&self, body: &str, path: Option<&str>, lane: Lane) -> Ulid {
        let workspace = Some(self.workspace);
        let draft =
            Draft { lane, workspace, intent: true, ..Draft::observation("note.add", note_added(body, &on(path))) };
        self.journal.append(draft).unwrap().id.parse().unwrap()
    }

    fn scope(&self, project: [u8; 16]) -> NoteScope {
        NoteScope { workspace: self.workspace, project: Some(project) }
    }

    fn bodies(&self, project: [u8; 16], path: Option<&str>) -> Vec<String> {
        let notes = self.journal.notes_in(&self.scope(project), path).unwrap();
        notes.records().filter_map(|note| note.versions.first()?.body.clone()).collect()
    }

    fn take(&self, from: &Site, project: [u8; 16]) {
        from.journal.seal(project).unwrap();
        for segment in from.journal.segments(project).unwrap() {
            self.journal.import(&from.journal.segment_bytes(&segment).unwrap().unwrap()).unwrap();
        }
    }

    fn catch_up(&self) {
        self.journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    }
}

fn join(a: &Site, b: &Site) {
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    b.journal.ask(&a.journal.invite(NO_PROJECT, &terms).unwrap()).unwrap();
    a.take(b, NO_PROJECT);
    b.take(a, NO_PROJECT);
}

#[test]
fn what_is_shared_in_a_project_is_found_in_its_clones_and_what_is_personal_or_of_another_project_is_not() {
    let (a, b) = (site("/home/a/ferry", FERRY), site("/srv/b/ferry-clone", FERRY));
    join(&a, &b);
    let shared = a.note("shared", Some("src/a.rs"), Lane::Notes);
    a.note("personal", Some("src/a.rs"), Lane::Local);
    b.take(&a, FERRY);
    for _ in 0..2 {
        assert_eq!(b.bodies(FERRY, None), ["shared"]);
        assert_eq!(b.bodies(FERRY, Some("src/a.rs")), ["shared"]);
        assert_eq!((b.bodies(FERRY, Some("src")), b.bodies(FERRY, Some("sr"))), (vec!["shared".to_owned()], vec![]));
        assert_eq!(b.bodies(OTHER, None), [""; 0]);
        assert_eq!(
            a.bodies(OTHER, None),
            ["shared", "personal"],
            "where it was written it stays, whatever the project"
        );
        let filter = |project| Filter { workspace: Some(b.workspace), project, ..Filter::default() };
        assert_eq!(b.journal.entries(&filter(Some(FERRY))).unwrap().len(), 1);
        assert_eq!(b.journal.entries(&filter(Some(NO_PROJECT))).unwrap(), [], "no project is not one that all share");
        assert_eq!(b.journal.entries(&filter(None)).unwrap(), []);
        // Once more, with the projection.
        a.catch_up();
        b.catch_up();
    }
    // An answer from the other clone comes back to the same note.
    let record = b.journal.notes_in(&b.scope(FERRY), None).unwrap().record(shared).unwrap();
    let pred: Vec<OpId> = record.versions[0].ops.iter().map(|op| op.parse().unwrap()).collect();
    let edit = Draft {
        lane: Lane::Notes,
        workspace: Some(b.workspace),
        entity: Some(shared),
        ..Draft::observation("note.edit", note_edited("better", &pred))
    };
    b.journal.append(edit).unwrap();
    a.take(&b, FERRY);
    assert_eq!(a.bodies(FERRY, Some("src/a.rs")), ["better", "personal"]);
}

#[test]
fn a_device_that_was_let_in_is_in_every_project_without_members_of_its_own_and_out_of_all_when_it_is_revoked() {
    let (a, b, stranger) = (site("/a", FERRY), site("/b", FERRY), site("/c", FERRY));
    join(&a, &b);
    b.note("before", None, Lane::Notes);
    stranger.note("from a stranger", None, Lane::Notes);
    a.take(&b, FERRY);
    a.take(&stranger, FERRY);
    assert_eq!(a.bodies(FERRY, None), ["before"]);
    let device = b.journal.own_device().unwrap().id;
    a.journal.revoke(NO_PROJECT, &device, "").unwrap();
    b.note("after", None, Lane::Notes);
    a.take(&b, FERRY);
    assert_eq!(a.bodies(FERRY, None), ["before"], "what came before counts, what came after is kept apart");
    let held = |entries: Vec<contract::JournalEntry>| entries.iter().filter(|entry| entry.held.is_some()).count();
    assert_eq!(held(a.journal.entries(&Filter::default()).unwrap()), 0);
    let report = a.journal.devices(NO_PROJECT).unwrap().devices;
    let of = |id: &str| report.iter().find(|known| known.id == id).unwrap().clone();
    assert_eq!((of(&device).state, of(&device).quarantined.len()), (DeviceState::Revoked, 1));
    assert_eq!(of(&stranger.journal.own_device().unwrap().id).state, DeviceState::Unknown);
}

#[test]
fn notes_of_a_file_are_found_among_many_events_by_reading_only_theirs() {
    let a = site("/a", FERRY);
    let many: Vec<Draft> = (0..3_000)
        .map(|n| {
            let payload = note_added(&format!("note {n}"), &on(Some(&format!("src/{n}.rs"))));
            Draft { lane: Lane::Notes, workspace: Some(a.workspace), ..Draft::observation("note.add", payload) }
        })
        .collect();
    a.journal.append_all(&many, false).unwrap();
    a.catch_up();
    // What is not read does not matter: everything else is made unreadable.
    let kept: i64 = raw(a.folder.path())
        .query_row("SELECT pos FROM note_path WHERE path = 'src/1234.rs'", [], |row| row.get(0))
        .unwrap();
    raw(a.folder.path()).execute("UPDATE event SET header = zeroblob(3) WHERE pos <> ?1", [kept]).unwrap();
    assert_eq!(a.bodies(FERRY, Some("src/1234.rs")), ["note 1234"]);
    assert!(a.journal.notes_in(&a.scope(FERRY), None).is_err(), "all of them cannot be read");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(24)))]

    #[test]
    fn what_the_projection_finds_is_what_all_events_say_wherever_it_has_come(
        steps in prop::collection::vec((0..5_u8, any::<prop::sample::Index>(), 0..3_usize), 1..30),
    ) {
        let a = site("/a", FERRY);
        let elsewhere = a.journal.workspace_id(Path::new("/elsewhere")).unwrap();
        let paths = [None, Some("src/a.rs"), Some("src-b")];
        let mut notes: Vec<(Ulid, Lane)> = Vec::new();
        for (what, index, n) in steps {
            match what {
                0 => notes.push((a.note(&format!("{n}"), paths[n], Lane::Notes), Lane::Notes)),
                1 => notes.push((a.note(&format!("{n}"), paths[n], Lane::Local), Lane::Local)),
                2 if !notes.is_empty() => {
                    let (note, lane) = *index.get(&notes);
                    let pred = [OpId::new(note, 1)];
                    let payload = if n == 0 { note_retracted(&pred) } else { note_edited("again", &pred) };
                    let kind = if n == 0 { "note.retract" } else { "note.edit" };
                    let draft = Draft { lane, workspace: Some(a.workspace), entity: Some(note), ..Draft::observation(kind, payload) };
                    a.journal.append(draft).unwrap();
                }
                3 => {
                    let payload = note_added("elsewhere", &on(paths[n]));
                    a.journal.append(Draft { workspace: Some(elsewhere), lane: Lane::Notes, ..Draft::observation("note.add", payload) }).unwrap();
                }
                _ => a.catch_up(),
            }
        }
        let mut all = Notes::default();
        for entry in a.journal.entries(&Filter { workspace: Some(a.workspace), ..Filter::default() }).unwrap() {
            all.apply(&entry);
        }
        let found = a.journal.notes_in(&a.scope(FERRY), None).unwrap();
        prop_assert_eq!(found.records().collect::<Vec<_>>(), all.records().collect::<Vec<_>>());
        for path in paths.into_iter().flatten().chain(["src"]) {
            let on = a.journal.notes_in(&a.scope(FERRY), Some(path)).unwrap();
            let on: BTreeSet<Ulid> = on.records().map(|note| note.id).collect();
            let wanted: BTreeSet<Ulid> = all.records().filter(|note| note.anchor.path.as_deref().is_some_and(|at| at == path || at.starts_with(&format!("{path}/")))).map(|note| note.id).collect();
            prop_assert_eq!(on, wanted);
        }
        for view in a.journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap() {
            prop_assert_eq!(view.difference, None);
        }
    }
}
