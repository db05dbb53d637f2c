//! One field after the other, by hand, and any set of operations, at random.

use super::*;
use contract::ActorKind;
use proptest::prelude::*;
use serde_json::json;
use ulid::Ulid;

/// The operation `n`, replacing others; a later one has a later Lamport number unless it says otherwise.
fn written(n: u64, op: Op, lamport: u64, pred: &[u64]) -> Written {
    Written {
        id: OpId::new(Ulid::from_parts(n, 0), 0),
        op: op.replacing(pred.iter().map(|n| OpId::new(Ulid::from_parts(*n, 0), 0))),
        redacted: false,
        at: String::new(),
        actor: Actor { kind: ActorKind::Person, name: format!("p{n}"), model: None, prompt: None },
        order: (lamport, [(n % 3) as u8; 16], n),
    }
}

fn field(kind: &str, ops: Vec<Written>) -> RecordField {
    let mut record = merge("E".to_owned(), kind, ops, 0, 0);
    assert_eq!(record.fields.len(), 1);
    record.fields.remove(0)
}

fn text(n: u64, value: &str, pred: &[u64]) -> Written {
    written(n, Op::new("body", OpKind::Text, value), n, pred)
}

#[test]
fn a_write_that_lists_another_replaces_it_and_two_that_do_not_are_a_conflict() {
    let one = field("note", vec![text(1, "a", &[]), text(2, "b", &[1])]);
    assert_eq!((one.state, one.value, one.heads.len()), (FieldState::Settled, json!("b"), 1));
    let two = field("note", vec![text(1, "a", &[]), text(2, "b", &[1]), text(3, "c", &[1])]);
    assert_eq!((two.state, two.value), (FieldState::Conflict, json!("c")));
    assert_eq!(two.heads.iter().map(|head| head.shown).collect::<Vec<_>>(), [false, true]);
    let settled = field("note", vec![text(2, "b", &[]), text(3, "c", &[]), text(4, "d", &[2, 3])]);
    assert_eq!((settled.state, settled.value), (FieldState::Settled, json!("d")));
}

#[test]
fn texts_that_changed_different_lines_of_one_are_put_together_and_their_common_text_must_be_known() {
    let (base, one, other) = ("a\nb\nc", "A\nb\nc", "a\nb\nC");
    let all = vec![text(1, base, &[]), text(2, one, &[1]), text(3, other, &[1])];
    let merged = field("note", all.clone());
    assert_eq!((merged.state, merged.value), (FieldState::Merged, json!("A\nb\nC")));
    assert!(merged.heads.len() == 2 && merged.heads.iter().all(|head| head.shown));
    let again = field("note", [all.clone(), vec![text(4, other, &[3])]].concat());
    assert_eq!(again.value, json!("A\nb\nC"), "through a further write");
    let twice = field("note", [all.clone(), vec![text(4, one, &[1])]].concat());
    assert_eq!((twice.state, twice.heads.len()), (FieldState::Merged, 3), "the same text by two");
    let settled = field("note", [all.clone(), vec![text(4, "d", &[2, 3])]].concat());
    assert_eq!((settled.state, settled.value), (FieldState::Settled, json!("d")));
    for open in [
        // Without the text that both began with; three texts; one beside a removal; from two texts each.
        vec![text(2, one, &[1]), text(3, other, &[1])],
        [all.clone(), vec![text(4, "a\nB\nc", &[1])]].concat(),
        [all.clone(), vec![written(4, Op::new("body", OpKind::Del, Value::Null), 4, &[1])]].concat(),
        vec![text(1, base, &[]), text(2, base, &[]), text(3, one, &[1, 2]), text(4, other, &[1, 2])],
    ] {
        assert_eq!(field("note", open).state, FieldState::Conflict);
    }
}

#[test]
fn the_same_change_by_two_is_one_change() {
    let same = field("note", vec![text(1, "a", &[]), text(2, "b", &[1]), text(3, "b", &[1])]);
    assert_eq!((same.state, same.value, same.heads.len()), (FieldState::Settled, json!("b"), 2));
}

#[test]
fn what_was_edited_while_somebody_took_it_away_stays_visible_as_a_conflict() {
    let gone = |pred: &[u64]| written(9, Op::new("body", OpKind::Del, Value::Null), 9, pred);
    let removed = field("note", vec![text(1, "a", &[]), gone(&[1])]);
    assert_eq!((removed.state, removed.value), (FieldState::Removed, Value::Null));
    let both = field("note", vec![text(1, "a", &[]), text(2, "b", &[1]), gone(&[1])]);
    assert_eq!((both.state, both.value, both.heads.len()), (FieldState::Conflict, json!("b"), 2));
}

#[test]
fn a_set_loses_only_what_its_remover_had_seen() {
    let add = |n, value: &str| written(n, Op::new("labels", OpKind::Add, value), n, &[]);
    let del = written(5, Op::new("labels", OpKind::Del, Value::Null), 5, &[1]);
    let set = field("note", vec![add(1, "slow"), add(2, "slow"), add(3, "bug"), del]);
    assert_eq!((set.state, set.value), (FieldState::Settled, json!(["bug", "slow"])), "the second `slow` was not seen");
}

#[test]
fn counters_add_up_extremes_are_the_largest_and_decisions_are_nobodys_until_made() {
    let inc = |n, by: i64| written(n, Op::new("attempts", OpKind::Inc, by), n, &[]);
    assert_eq!(field("x", vec![inc(1, i64::MAX), inc(2, 5), inc(3, -5)]).value, json!(i64::MAX));
    let severity = |n, value: i64| written(n, Op::set("severity", value), n, &[]);
    assert_eq!(field("check", vec![severity(1, 3), severity(2, 7), severity(3, 5)]).value, json!(7));
    let verdict = |n, value: &str| written(n, Op::set("verdict", value), n, &[]);
    let open = field("review", vec![verdict(1, "approved"), verdict(2, "rejected")]);
    assert_eq!((open.state, open.value), (FieldState::Conflict, Value::Null));
    let title = |n, lamport, value: &str| written(n, Op::set("title", value), lamport, &[]);
    let last = field("note", vec![title(1, 9, "by Lamport"), title(2, 3, "by arrival")]);
    assert_eq!((last.state, last.value), (FieldState::Concurrent, json!("by Lamport")));
}

#[test]
fn operations_in_a_circle_and_of_later_versions_harm_nothing() {
    let circle = field("note", vec![text(1, "a", &[2]), text(2, "b", &[1])]);
    assert_eq!((circle.value, circle.heads.len()), (json!("b"), 1));
    assert_eq!(field("note", vec![text(1, "a", &[1])]).value, json!("a"), "one that lists itself");
    let later = written(2, Op::new("body", OpKind::Other("weave".to_owned()), "x"), 2, &[1]);
    assert_eq!(field("note", vec![text(1, "a", &[]), later]).value, json!("a"));
}

/// The same write after its payload was deleted.
fn redacted(written: Written) -> Written {
    Written { op: Op { value: Value::Null, ..written.op }, redacted: true, ..written }
}

#[test]
fn a_redacted_write_brings_back_nothing_that_it_replaced() {
    let edited = || redacted(text(2, "b", &[1]));
    let gone = field("note", vec![text(1, "a", &[]), edited()]);
    assert_eq!((gone.state, gone.value), (FieldState::Redacted, Value::Null));
    assert_eq!((gone.heads.len(), gone.heads[0].redacted, gone.heads[0].shown), (1, true, false));
    let again = field("note", vec![text(1, "a", &[]), edited(), text(3, "c", &[2])]);
    assert_eq!((again.state, again.value), (FieldState::Settled, json!("c")), "whoever writes anew replaces it");
    let beside = field("note", vec![text(1, "a", &[]), edited(), text(3, "c", &[1])]);
    assert_eq!((beside.state, beside.value, beside.heads.len()), (FieldState::Redacted, json!("c"), 2));
    let removal = redacted(written(3, Op::new("body", OpKind::Del, Value::Null), 3, &[1]));
    assert_eq!(field("note", vec![text(1, "a", &[]), removal]).state, FieldState::Removed, "a removal says nothing");
    let last = redacted(written(2, Op::set("title", "y"), 2, &[1]));
    let title = field("x", vec![written(1, Op::set("title", "x"), 1, &[]), last]);
    assert_eq!((title.state, title.value), (FieldState::Redacted, Value::Null));
}

#[test]
fn sets_counters_extremes_and_decisions_say_that_something_in_them_was_redacted() {
    let add = |n, value: &str| written(n, Op::new("labels", OpKind::Add, value), n, &[]);
    let all =
        vec![add(1, "slow"), redacted(add(2, "bug")), redacted(written(3, Op::set("labels", json!(["x"])), 3, &[1]))];
    let set = field("note", all);
    assert_eq!((set.state, set.value), (FieldState::Redacted, json!([])), "`slow` was replaced, and stays so");
    let inc = |n, by: i64| written(n, Op::new("attempts", OpKind::Inc, by), n, &[]);
    let sum = field("x", vec![inc(1, 4), redacted(inc(2, 5))]);
    assert_eq!((sum.state, sum.value), (FieldState::Redacted, json!(4)));
    let severity = |n, value: i64| written(n, Op::set("severity", value), n, &[]);
    let worst = field("check", vec![severity(1, 3), redacted(severity(2, 7))]);
    assert_eq!((worst.state, worst.value), (FieldState::Redacted, json!(3)));
    let verdict = |n, value: &str| written(n, Op::set("verdict", value), n, &[]);
    let open = field("review", vec![verdict(1, "approved"), redacted(verdict(2, "rejected"))]);
    assert_eq!((open.state, open.value), (FieldState::Conflict, Value::Null), "an approval is not left over");
}

fn operations() -> impl Strategy<Value = Vec<Written>> {
    let op = prop_oneof![
        (0..3_u8, 0..3_u8).prop_map(|(a, b)| Op::new("body", OpKind::Text, format!("first {a}\nbetween\nlast {b}"))),
        (0..3_u8).prop_map(|v| Op::set("title", v)),
        (0..3_u8).prop_map(|v| Op::new("labels", OpKind::Add, v)),
        (-3..3_i64).prop_map(|v| Op::new("n", OpKind::Inc, v)),
        prop_oneof![Just("body"), Just("title"), Just("labels")].prop_map(|f| Op::new(f, OpKind::Del, Value::Null)),
        (0..3_u8).prop_map(|v| Op::set("verdict", v)),
        Just(Op::new("body", OpKind::Other("later".to_owned()), 1)),
    ];
    let one = (op, 0..6_u64, proptest::collection::vec(0..12_u64, 0..3), proptest::bool::weighted(0.2));
    proptest::collection::vec(one, 1..12).prop_map(|all| {
        let written = |(n, (op, lamport, pred, gone)): (usize, (Op, u64, Vec<u64>, bool))| {
            let one = written(n as u64, op, lamport, &pred);
            if gone { redacted(one) } else { one }
        };
        all.into_iter().enumerate().map(written).collect()
    })
}

proptest! {
    #[test]
    fn whatever_the_order_of_arrival_and_however_often_it_arrives_the_record_is_the_same(
        (ops, shuffled) in operations().prop_flat_map(|ops| (Just(ops.clone()), Just(ops).prop_shuffle())),
        twice in 0..12_usize, kind in prop_oneof![Just("note"), Just("review"), Just("other")],
    ) {
        let mut again = shuffled;
        again.extend(again.get(twice).cloned());
        prop_assert_eq!(
            merge("E".to_owned(), kind, ops, 0, 0),
            merge("E".to_owned(), kind, again, 0, 0)
        );
    }

    #[test]
    fn every_write_that_nobody_replaced_is_listed_and_no_other(ops in operations()) {
        let record = merge("E".to_owned(), "note", ops.clone(), 0, 0);
        for field in record.fields.iter().filter(|field| field.field != "n") {
            let of = |written: &&Written| {
                written.op.field == field.field && !matches!(written.op.op, OpKind::Other(_))
            };
            let standing: Vec<String> = ops
                .iter()
                .filter(of)
                .filter(|one| !ops.iter().filter(of).any(|by| by.id != one.id && by.op.pred.contains(&one.id)))
                .map(|one| one.id.to_string())
                .collect();
            let mut listed: Vec<String> = field.heads.iter().map(|head| head.op.clone()).collect();
            listed.sort();
            // In a circle nothing is left, and one is taken.
            prop_assert!(listed == standing || standing.is_empty() && listed.len() == 1);
        }
    }
}
