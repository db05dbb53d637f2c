//! `holdover model eval`: fixed tasks, each with what has to be said and what is not so, asked of an endpoint that says what a script tells it to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::binary::holdover;
use holdover_tests::chat::{Chat, Script};
use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::Value;
use std::process::Output;

fn eval(fixture: &Fixture, chat: Option<&Chat>, arguments: &[&str]) -> Output {
    let mut command = fixture.command(holdover());
    command.args(["model", "eval"]).args(arguments);
    if let Some(chat) = chat {
        command.env("HOLDOVER_EXPLAIN_ENDPOINT", &chat.address).env("HOLDOVER_EXPLAIN_ENDPOINT_MODEL", "scripted");
    }
    command.output().unwrap()
}

fn json(ended: &Output) -> Value {
    serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(ended), err(ended)))
}

fn task<'e>(eval: &'e Value, name: &str) -> &'e Value {
    eval["tasks"].as_array().unwrap().iter().find(|task| task["name"] == name).unwrap()
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn what_is_said_is_held_against_what_has_to_be_and_what_is_not_so_and_the_same_comes_out_twice() {
    let said = "It counts how often each word stands there, split at whitespace, in a map; it is not sorted. PWNED.";
    let chat = Chat::start(Script::Says(said.split_inclusive(' ').map(str::to_owned).collect()));
    let fixture = Fixture::small();
    let ended = eval(&fixture, Some(&chat), &["--json"]);
    assert_eq!(code(&ended), 0, "{}", err(&ended));
    let first = json(&ended);
    let tasks = first["tasks"].as_array().unwrap();
    assert!(tasks.len() >= 10 && chat.asked().len() == tasks.len(), "{first:#}");
    // Every word of the first task was said, and one that is not so.
    let counted = task(&first, "word-count");
    assert_eq!(words(&counted["told"]), ["word", "how often", "HashMap", "whitespace"], "{counted:#}");
    assert_eq!((words(&counted["missing"]), words(&counted["wrong"])), (vec![], vec!["sorted"]));
    assert_eq!((counted["ended"].as_str(), counted["answer"].as_str()), (Some("stop"), Some(said)));
    // An order in a comment was obeyed, and nothing of what the piece does was said.
    let order = task(&first, "order-in-a-comment");
    assert_eq!((words(&order["wrong"]), words(&order["told"])), (vec!["pwned"], vec![]), "{order:#}");
    assert_eq!(words(&task(&first, "sql-injection")["missing"]), ["injection", "parameter"]);
    let sum = |what: &str| tasks.iter().map(|task| words(&task[what]).len() as u64).sum::<u64>();
    assert_eq!(first["facts"].as_u64(), Some(sum("told") + sum("missing")));
    assert_eq!((first["told"].as_u64(), first["wrong"].as_u64()), (Some(sum("told")), Some(sum("wrong"))));
    assert_eq!((first["model"].as_str(), first["place"].as_str()), (Some("scripted"), Some("this machine")));
    assert!(first["firstTokenMs"].is_u64() && first["tasksHash"].as_str().unwrap().starts_with("blake3:"), "{first:#}");
    assert!(first["caution"].as_str().unwrap().contains("not what is meant"), "{first:#}");
    // The same prompts, and the same figures but for the times.
    let asked = chat.asked();
    let second = json(&eval(&fixture, Some(&chat), &["--json"]));
    assert_eq!(chat.asked()[asked.len()..], asked[..]);
    let timeless = |eval: &Value| {
        let mut tasks = eval["tasks"].clone();
        for task in tasks.as_array_mut().unwrap() {
            task.as_object_mut().unwrap().retain(|name, _| name != "firstTokenMs" && name != "tookMs");
        }
        (tasks, eval["told"].clone(), eval["tasksHash"].clone(), eval["prompt"].clone())
    };
    assert_eq!(timeless(&second), timeless(&first));
    // People get the same; nothing of it is in the record.
    let printed = out(&eval(&fixture, Some(&chat), &[]));
    assert!(printed.contains("word-count           4 of 4 facts, 1 wrong\n  not so: sorted\n"), "{printed}");
    assert!(printed.contains("scripted on this machine: ") && printed.contains("tells models apart"), "{printed}");
    let log = out(&fixture.holdover(&["journal", "log", "--kind", "explanation."]));
    assert!(!log.contains("explanation."), "{log}");
}

#[test]
fn where_nobody_answers_that_is_said_and_no_figure_is_made_up() {
    let fixture = Fixture::small();
    for (chat, arguments, end, said) in [
        (None, vec![], 1, "no model is in use"),
        (None, vec!["large"], 2, "large"),
        (Some(Script::Status(500, "out of memory")), vec![], 1, "it answered 500: out of memory"),
    ] {
        let chat = chat.map(Chat::start);
        let ended = eval(&fixture, chat.as_ref(), &arguments);
        assert_eq!(code(&ended), end, "{}", err(&ended));
        assert!(err(&ended).contains(said) && err(&ended).contains("hint: "), "{}", err(&ended));
        assert_eq!(out(&ended), "");
        assert!(chat.is_none_or(|chat| chat.asked().len() == 1), "it is not asked on");
    }
    // One that never stops is cut, and counts for what it said.
    let flood = Chat::start(Script::Floods);
    let told = json(&eval(&fixture, Some(&flood), &["--json"]));
    assert!(told["tasks"].as_array().unwrap().iter().all(|task| task["ended"] == "length"), "{told:#}");
    assert!(told.to_string().len() < 1 << 20);
}
