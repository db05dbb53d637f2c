//! Notes are found by the project that a workspace is, on whichever device they were written, through the projection and without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/forge.rs"]
mod forge;
mod support;

use contract::{DeviceKind, DeviceState, Lane, NoteAnchor};
use forge::{Forger, Wish};
use holdover_journal::{
    Claim, Draft, Filter, Journal, NO_PROJECT, NoteScope, Notes, OpId, Retention, Rules, Terms, note_added,
    note_edited, note_retracted, now_ms,
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
    let claim = Claim { project, history: String::new(), vouched: true, otherwise: None };
    assert_eq!(journal.claim_project(workspace, &claim).unwrap(), Some(project));
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

/// Three sites of one project; the first has let the others in, and all know it.
fn three() -> (Site, Site, Site) {
    let (a, b, c) = (site("/a", FERRY), site("/b", FERRY), site("/c", FERRY));
    join(&a, &b);
    join(&a, &c);
    (a, b, c)
}

impl Site {
    fn retract(&self, note: Ulid) {
        let payload = note_retracted(&[OpId::new(note, 1)]);
        let draft = Draft {
            lane: Lane::Notes,
            workspace: Some(self.workspace),
            entity: Some(note),
            intent: true,
            ..Draft::observation("note.retract", payload)
        };
        self.journal.append(draft).unwrap();
    }

    fn texts(&self, ids: &[Ulid]) -> Vec<bool> {
        let one = |id: &Ulid| self.journal.entries(&Filter { id: Some(*id), ..Filter::default() }).unwrap().remove(0);
        ids.iter().map(|id| !one(id).payload.is_null()).collect()
    }

    fn retained_after(&self, days: i64) -> u64 {
        let day = 24 * 3_600_000;
        let rules = Rules { notes: Some(30 * day), ..Rules::default() };
        let retention = Retention { rest: rules, ..Retention::default() };
        let went = self.journal.retain(&retention, now_ms() + days * day, |_, _| ControlFlow::Continue(()));
        went.unwrap().payloads()
    }
}

#[test]
fn what_a_revoked_device_removed_afterwards_stands_and_no_rule_deletes_it() {
    let (a, b, c) = three();
    let note = a.note("stands", None, Lane::Notes);
    b.take(&a, FERRY);
    c.take(&a, FERRY);
    a.journal.revoke(NO_PROJECT, &b.journal.own_device().unwrap().id, "lost").unwrap();
    b.retract(note);
    let forged = b.note("by whoever found it", None, Lane::Notes);
    c.take(&b, FERRY);
    assert_eq!(c.bodies(FERRY, None), ["by whoever found it"], "c has not heard of it yet");
    c.take(&a, NO_PROJECT);
    for _ in 0..2 {
        assert_eq!(c.bodies(FERRY, None), ["stands"]);
        let shown = c.journal.notes_in(&c.scope(FERRY), None).unwrap();
        assert_eq!(shown.record(forged), None, "what is not relied on is read in the story, and is no note");
        c.catch_up();
    }
    let record = c.journal.record(note, None).unwrap().unwrap();
    let body = record.fields.iter().find(|field| field.field == "body").unwrap();
    assert_eq!(body.value, serde_json::json!("stands"));
    assert_eq!(c.retained_after(400), 0);
    assert_eq!(c.texts(&[note, forged]), [true, true]);
    a.retract(note);
    c.take(&a, FERRY);
    assert_eq!((c.retained_after(400), c.texts(&[note])), (1, vec![false]));
}

#[test]
fn a_note_that_only_another_project_calls_removed_is_deleted_by_no_rule() {
    let (a, b, c) = three();
    b.journal.set_workspace_project(b.workspace, OTHER).unwrap();
    let note = a.note("stands", None, Lane::Notes);
    c.take(&a, FERRY);
    b.retract(note);
    c.take(&b, OTHER);
    assert_eq!(c.bodies(FERRY, None), ["stands"]);
    assert_eq!((c.retained_after(400), c.texts(&[note])), (0, vec![true]));
    // What its own project says counts.
    a.retract(note);
    c.take(&a, FERRY);
    assert_eq!((c.retained_after(400), c.texts(&[note])), (1, vec![false]));
}

#[test]
fn a_redaction_goes_where_its_target_stands_and_reaches_who_has_it() {
    let (a, b, c) = three();
    let by = b.journal.person().unwrap();
    // A colleague's note, of a workspace that is not known here.
    let note = a.note("of a colleague", None, Lane::Notes);
    b.take(&a, FERRY);
    b.journal.redact(&[note], "", &by).unwrap();
    a.take(&b, FERRY);
    // Our own, from before the project was known, and from before it had another id.
    let early = Draft { lane: Lane::Notes, ..Draft::observation("note.add", note_added("early", &on(None))) };
    let early: Ulid = b.journal.append(early).unwrap().id.parse().unwrap();
    let own = b.note("own", None, Lane::Notes);
    a.take(&b, FERRY);
    a.take(&b, NO_PROJECT);
    b.journal.set_workspace_project(b.workspace, OTHER).unwrap();
    b.journal.redact(&[own, early], "", &by).unwrap();
    a.take(&b, FERRY);
    a.take(&b, NO_PROJECT);
    for site in [&a, &b] {
        assert_eq!(site.texts(&[note, early, own]), [false, false, false]);
    }
    c.take(&a, FERRY);
    c.take(&b, FERRY);
    assert_eq!(c.texts(&[note, own]), [false, false], "also where the redaction comes with its target");
}

#[test]
fn a_redaction_among_the_devices_as_such_counts_for_projects_without_members_of_their_own_and_never_for_what_is_local()
{
    let (a, b, _c) = three();
    let note = a.note("shared", None, Lane::Notes);
    let personal = a.note("personal", None, Lane::Local);
    // A project with members of its own, in which b is not.
    let workspace = a.journal.workspace_id(Path::new("/closed")).unwrap();
    a.journal.set_workspace_project(workspace, OTHER).unwrap();
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    a.journal.invite(OTHER, &terms).unwrap();
    let closed = Draft {
        lane: Lane::Notes,
        workspace: Some(workspace),
        ..Draft::observation("note.add", note_added("closed", &on(None)))
    };
    let closed: Ulid = a.journal.append(closed).unwrap().id.parse().unwrap();
    // As an earlier version told of a redaction whose target is of a workspace that it does not know.
    for target in [note, personal, closed] {
        let says = serde_json::json!({"target": target.to_string(), "reason": ""});
        let draft = Draft {
            refs: vec![target.to_bytes().to_vec()],
            lane: Lane::Ctl,
            intent: true,
            ..Draft::observation("record.redacted", says)
        };
        b.journal.append(draft).unwrap();
    }
    a.take(&b, NO_PROJECT);
    assert_eq!(a.texts(&[note, personal, closed]), [false, true, true]);
}

#[test]
fn a_redaction_that_comes_first_takes_nothing_of_a_project_with_members_of_its_own_in_which_its_author_is_not() {
    let (a, b, c) = three();
    let workspace = a.journal.workspace_id(Path::new("/closed")).unwrap();
    a.journal.set_workspace_project(workspace, OTHER).unwrap();
    let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
    c.journal.ask(&a.journal.invite(OTHER, &terms).unwrap()).unwrap();
    a.take(&c, OTHER);
    let write = |text: &str| -> Ulid {
        let draft = Draft {
            lane: Lane::Notes,
            workspace: Some(workspace),
            ..Draft::observation("note.add", note_added(text, &on(None)))
        };
        a.journal.append(draft).unwrap().id.parse().unwrap()
    };
    let (closed, meant) = (write("closed"), write("meant"));
    let says = serde_json::json!({"target": closed.to_string(), "reason": ""});
    let draft = Draft {
        refs: vec![closed.to_bytes().to_vec()],
        lane: Lane::Ctl,
        intent: true,
        ..Draft::observation("record.redacted", says)
    };
    b.journal.append(draft).unwrap();
    c.take(&b, NO_PROJECT);
    assert!(c.journal.is_suppressed(closed).unwrap(), "what is not here yet is noted");
    a.journal.redact(&[meant], "", &a.journal.person().unwrap()).unwrap();
    c.take(&a, OTHER);
    assert_eq!(c.texts(&[closed, meant]), [true, false]);
}

#[test]
fn a_copy_of_its_id_in_another_project_keeps_nothing_from_being_redacted() {
    let (a, b, _c) = three();
    let note = a.note("shared", None, Lane::Notes);
    b.take(&a, FERRY);
    let terms = Terms { kind: DeviceKind::Tool, until_ms: i64::MAX, expires_ms: None };
    let mut forger = Forger::new(9, 0);
    a.journal.import(&forger.ask(&a.journal.invite(NO_PROJECT, &terms).unwrap())).unwrap();
    let mut notes = forger.on_lane(2);
    notes.event("note.add", r#"{"ops":[]}"#, &Wish { id: Some(note), ..Wish::default() });
    assert_eq!(a.journal.import(&notes.segment()).unwrap().new, 1);
    b.journal.redact(&[note], "", &b.journal.person().unwrap()).unwrap();
    a.take(&b, FERRY);
    let kept = a.journal.entries(&Filter { id: Some(note), ..Filter::default() }).unwrap();
    assert_eq!(kept.iter().map(|entry| entry.payload.is_null()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_workspace_is_the_project_that_it_claims_to_be_by_its_history_and_else_by_the_users_word_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let claim = |root: &str, history: &str, vouched: bool| {
        let workspace = journal.workspace_id(Path::new(root)).unwrap();
        let claim = Claim { project: FERRY, history: history.to_owned(), vouched, otherwise: Some(OTHER) };
        let project = journal.claim_project(workspace, &claim).unwrap();
        assert_eq!(journal.workspace_project(workspace).unwrap(), project);
        assert_eq!(journal.workspace_history(workspace).unwrap().as_deref(), Some(history));
        project.unwrap()
    };
    // The first is what it says that it is: there is nothing yet that it could be shown.
    assert_eq!(claim("/first", "aa", false), FERRY);
    assert_eq!(claim("/clone", "aa", false), FERRY);
    assert_eq!(claim("/other", "bb", false), OTHER);
    assert_eq!(claim("/shallow", "", false), OTHER);
    // The user vouches for one: what was first is not what it said, and neither are its clones.
    assert_eq!(claim("/real", "cc", true), FERRY);
    assert_eq!([claim("/first", "aa", false), claim("/clone", "aa", false)], [OTHER, OTHER]);
    assert_eq!(claim("/clone of real", "cc", false), FERRY);
    assert_eq!(claim("/shallow", "", true), FERRY);
    assert_eq!(claim("/shallow", "", false), FERRY, "what it was let in as it stays");
    // Its word taken back, the others are asked again.
    assert_eq!(claim("/real", "cc", false), FERRY);
    assert_eq!(claim("/late", "cc", false), FERRY);
    assert_eq!(claim("/very late", "dd", false), OTHER);
}

#[test]
fn where_something_of_a_project_is_here_already_a_claim_alone_shows_none_of_it() {
    let first = site("/first", FERRY);
    first.note("a word to colleagues", None, Lane::Notes);
    let here = tempfile::tempdir().unwrap();
    let journal = Journal::open(here.path()).unwrap();
    let second = Site { workspace: journal.workspace_id(Path::new("/claims")).unwrap(), folder: here, journal };
    let invitation =
        first.journal.invite(FERRY, &Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None }).unwrap();
    second.journal.ask(&invitation).unwrap();
    second.take(&first, FERRY);
    let claim = Claim { project: FERRY, history: "aa".to_owned(), vouched: false, otherwise: None };
    assert_eq!(second.journal.claim_project(second.workspace, &claim).unwrap(), None);
    let claim = Claim { vouched: true, ..claim };
    assert_eq!(second.journal.claim_project(second.workspace, &claim).unwrap(), Some(FERRY));
}
