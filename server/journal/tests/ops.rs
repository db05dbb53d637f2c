//! Operations on fields: what is written reads back, what is none is refused with its place, unknown words are kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use contract::{Actor, ActorKind, Lane};
use holdover_journal::{Draft, Filter, Journal, MAX_OPS, MAX_PRED, Op, OpId, OpKind, ops_of, ops_value};
use proptest::prelude::*;
use serde_json::{Value, json};
use ulid::Ulid;

fn op_id() -> impl Strategy<Value = OpId> {
    (any::<[u8; 16]>(), 0..u32::try_from(MAX_OPS).unwrap())
        .prop_map(|(event, index)| OpId::new(Ulid::from_bytes(event), index))
}

fn op() -> impl Strategy<Value = Op> {
    let shape = prop_oneof![
        (Just(OpKind::Set), any::<Option<String>>().prop_map(Value::from)),
        (Just(OpKind::Add), any::<String>().prop_map(Value::from)),
        (Just(OpKind::Del), Just(Value::Null)),
        (Just(OpKind::Inc), any::<i64>().prop_map(Value::from)),
        (Just(OpKind::Text), any::<String>().prop_map(Value::from)),
        ("[a-z]{8,32}".prop_map(OpKind::Other), any::<bool>().prop_map(|b| json!({"new": b}))),
    ];
    (".{1,32}", shape, proptest::collection::vec(op_id(), 0..4), proptest::option::of(any::<u8>())).prop_map(
        |(field, (op, value), pred, later)| {
            let mut op = Op { value, ..Op::new(&field, op, Value::Null) }.replacing(pred);
            op.rest.extend(later.map(|later| ("later".to_owned(), json!(later))));
            op
        },
    )
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["ops|f|op|v|pred|set|inc|text", ".{0,12}", "[0-9A-Z]{26}/[0-9]{1,6}"].prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("ops|f|op|v|pred|.{0,4}", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(512)))]

    #[test]
    fn operations_read_back_as_they_were_written(ops in proptest::collection::vec(op(), 0..8)) {
        let text = json!({"ops": ops_value(&ops), "unknown": 1}).to_string();
        prop_assert_eq!(ops_of(&serde_json::from_str(&text).unwrap()).unwrap(), ops);
    }

    #[test]
    fn no_payload_makes_the_reader_panic_and_what_it_reads_it_writes(payload in json_values(), ops in json_values()) {
        for payload in [payload, json!({"ops": ops}), json!({"ops": [ops]})] {
            if let Ok(read) = ops_of(&payload) {
                prop_assert_eq!(ops_of(&json!({"ops": ops_value(&read)})).unwrap(), read);
            }
        }
    }

    #[test]
    fn an_operations_name_reads_back_and_has_one_form(id in op_id(), text in ".{0,40}") {
        prop_assert_eq!(id.to_string().parse::<OpId>().unwrap(), id);
        if let Ok(read) = text.parse::<OpId>() {
            prop_assert_eq!(read.to_string(), text);
        }
    }
}

#[test]
fn what_is_no_operation_is_refused_with_its_place() {
    let id = "01JD0000000000000000000000/0";
    let good = json!({"f": "body", "op": "text", "v": "x", "pred": [id]});
    let cases = [
        (json!({"f": "body"}), "`op` is missing"),
        (json!({"op": "set"}), "`f` is missing"),
        (json!({"f": "", "op": "set"}), "0 bytes"),
        (json!({"f": "x".repeat(129), "op": "set"}), "129 bytes"),
        (json!({"f": "x", "op": "y".repeat(33)}), "33 bytes"),
        (json!({"f": "x", "op": "inc", "v": 1.5}), "does not fit"),
        (json!({"f": "x", "op": "text", "v": 1}), "does not fit"),
        (json!({"f": "x", "op": "set", "pred": "y"}), "no list"),
        (json!({"f": "x", "op": "set", "pred": [1]}), "no text"),
        (json!({"f": "x", "op": "set", "pred": [id.to_lowercase()]}), "names no operation"),
        (json!({"f": "x", "op": "set", "pred": ["01JD0000000000000000000000/1024"]}), "names no operation"),
        (json!({"f": "x", "op": "set", "pred": ["01JD0000000000000000000000/01"]}), "names no operation"),
        (json!({"f": "x", "op": "set", "pred": vec![id; MAX_PRED + 1]}), "1025 operations"),
        (json!(7), "no object"),
    ];
    for (bad, reason) in cases {
        let error = ops_of(&json!({"ops": [good, bad]})).unwrap_err();
        assert_eq!((error.index, error.to_string().contains(reason)), (Some(1), true), "{bad}: {error}");
    }
    for (payload, reason) in [(json!({"ops": {}}), "no list"), (json!({"ops": vec![good; MAX_OPS + 1]}), "1025")] {
        let error = ops_of(&payload).unwrap_err();
        assert_eq!((error.index, error.to_string().contains(reason)), (None, true), "{error}");
    }
}

#[test]
fn what_a_person_means_is_recorded_as_operations_with_what_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let ada = Actor { kind: ActorKind::Person, name: "Ada".to_owned(), model: None, prompt: None };
    let first =
        Draft::intent("note.add", Lane::Notes, ada.clone(), &[Op::set("title", "a"), Op::set("path", "src/a.rs")]);
    let first = journal.append(first).unwrap();
    let replaced = OpId::new(first.id.parse().unwrap(), 0);
    let second = Draft {
        entity: Some(first.entity.parse().unwrap()),
        refs: vec![replaced.event.to_bytes().to_vec()],
        ..Draft::intent("note.edit", Lane::Notes, ada, &[Op::set("title", "b").replacing([replaced])])
    };
    journal.append(second).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    let read = journal.entries(&Filter { kind: Some("note.edit".to_owned()), ..Filter::default() }).unwrap().remove(0);
    let ops = ops_of(&read.payload).unwrap();
    assert_eq!((ops[0].field.as_str(), &ops[0].value, ops[0].pred.as_slice()), ("title", &json!("b"), &[replaced][..]));
    assert_eq!(journal.verify().unwrap().events, 2);
}

#[test]
fn operations_and_references_that_cannot_be_read_back_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let endless =
        Draft { payload: json!({"ops": [{"f": "x", "op": "inc", "v": "1"}]}), ..Draft::observation("a.b", json!({})) };
    assert!(journal.append(endless).unwrap_err().to_string().contains("operation 0"));
    for refs in [vec![vec![0; 16]; 257], vec![vec![0; 65]]] {
        let draft = Draft { refs, ..Draft::observation("a.b", json!({})) };
        assert!(journal.append(draft).unwrap_err().to_string().contains("refers to at most 256"));
    }
    assert_eq!(journal.count().unwrap(), 0);
}
