#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_pass_by_value, reason = "what a test makes it gives away")]

use super::*;

const HEAD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn id(n: u128) -> String {
    Ulid::from(n).to_string()
}

fn comment(n: u128, mine: bool, body: &str) -> Value {
    let author = json!({ "kind": "person", "name": if mine { "ann" } else { "bob" } });
    json!({
        "id": id(n), "body": body, "shown": body, "about": "", "author": author, "mine": mine, "created": "", "state": "durable",
        "stateText": "", "versions": [{ "ops": [], "body": body, "author": author, "at": "", "state": "durable" }],
    })
}

/// A thread on lines of the new side of `src/a.rs`, zero-based; without lines, on the file.
fn thread(n: u128, lines: Option<(u32, u32)>, comments: Vec<Value>) -> Value {
    let at = |line: u32| json!({ "line": line, "utf16": 0, "byte": 0 });
    let range = lines.map(|(first, last)| json!({ "start": at(first), "end": at(last) }));
    let mut place = json!({ "grade": "exact", "text": format!("src/a.rs:{n}"), "remark": "", "path": "src/a.rs" });
    if let Some(range) = range {
        place["range"] = range;
    }
    json!({
        "id": id(n), "review": id(1), "title": "t", "place": place, "resolved": false, "comments": comments, "about": "", "unsent": true,
        "anchor": { "side": "new", "commit": HEAD, "at": { "path": "src/a.rs", "line": lines.map(|(first, _)| first), "lines": 1 } },
    })
}

fn review(threads: Vec<Value>) -> Review {
    let file = json!({
        "path": "src/a.rs", "oldPath": "src/old.rs", "change": "renamed", "oldBlob": "1", "newBlob": "2", "added": 2, "removed": 1,
        "hunks": [{ "oldLine": 10, "oldLines": 1, "newLine": 10, "newLines": 2 }], "openThreads": 0, "threads": 0,
    });
    let value = json!({
        "id": id(1), "title": "t", "range": "pull/12/head", "base": "a", "head": HEAD, "firstHead": HEAD, "here": true,
        "author": { "kind": "person", "name": "ann" }, "created": "", "about": "", "fileCount": 1, "files": [file], "openThreads": 0,
        "threadCount": 0, "threads": threads, "decision": { "state": "none", "text": "" }, "state": "durable", "stateText": "",
    });
    serde_json::from_value(value).unwrap()
}

fn planned(threads: Vec<Value>) -> Plan {
    planned_after(threads, &Sent::new())
}

fn planned_after(threads: Vec<Value>, sent: &Sent) -> Plan {
    plan(&review(threads), &Target::new("ann/ferry", 12).unwrap(), "sub/", sent, "ann")
}

fn sent(plan: &Plan) -> &Value {
    plan.requests.last().unwrap().body.as_ref().unwrap()
}

fn whys(plan: &Plan) -> Vec<&str> {
    plan.left_out.iter().map(|left| left.why.as_str()).collect()
}

#[test]
fn own_comments_become_one_pending_review_on_the_commit_that_was_reviewed() {
    let mut whole = thread(9, None, vec![comment(9, true, "All in all\n")]);
    whole["place"] = json!({ "grade": "exact", "text": "the whole review", "remark": "" });
    whole["anchor"]["at"] = json!({ "lines": 0 });
    let lines =
        thread(2, Some((10, 11)), vec![comment(2, true, "why?"), comment(3, false, "so"), comment(4, true, "ah")]);
    let plan = planned(vec![lines, thread(5, Some((12, 12)), vec![comment(5, true, "and this")]), whole]);
    let marker = format!("<!-- holdover review={} comments={},{},{},{} -->", id(1), id(2), id(4), id(5), id(9));
    let expected = json!({
        "commit_id": HEAD,
        "body": format!("All in all\n\n{marker}"),
        "comments": [
            { "path": "sub/src/a.rs", "line": 12, "side": "RIGHT", "start_line": 11, "start_side": "RIGHT", "body": "why?\n\nah" },
            { "path": "sub/src/a.rs", "line": 13, "side": "RIGHT", "body": "and this" },
        ],
    });
    assert_eq!(*sent(&plan), expected, "no event: it stays pending");
    let asked: Vec<_> = plan.requests.iter().map(|one| (one.method.as_str(), one.path.as_str())).collect();
    let pull = "/repos/ann/ferry/pulls/12";
    let (list, new) = (format!("{pull}/reviews?per_page=100&page=1"), format!("{pull}/reviews"));
    assert_eq!(asked, [("GET", pull), ("GET", list.as_str()), ("POST", new.as_str())]);
    assert_eq!(whys(&plan), ["somebody else wrote it, who alone publishes it"]);
    assert!(!plan.on_old);
}

#[test]
fn the_old_side_is_the_file_as_it_is_called_now_on_the_left() {
    let mut old = thread(2, Some((10, 10)), vec![comment(2, true, "was it?")]);
    (old["anchor"]["side"], old["place"]["path"]) = (json!("old"), json!("src/old.rs"));
    let plan = planned(vec![old]);
    let expected = json!([{ "path": "sub/src/a.rs", "line": 11, "side": "LEFT", "body": "was it?" }]);
    assert_eq!(sent(&plan)["comments"], expected);
    assert!(plan.on_old);
}

#[test]
fn what_cannot_be_said_there_stays_here_with_its_reason() {
    let on = |n: u128, line: u32| thread(n, Some((line, line)), vec![comment(n, true, "x")]);
    let with = |mut thread: Value, change: &dyn Fn(&mut Value)| {
        change(&mut thread);
        thread
    };
    let cases = [
        (with(on(2, 10), &|t| t["place"]["grade"] = json!("changed")), "written anew"),
        (
            with(on(2, 10), &|t| {
                t["place"]["grade"] = json!("file");
                t["place"].as_object_mut().unwrap().remove("range");
            }),
            "not there any more",
        ),
        (with(on(2, 10), &|t| t["place"]["grade"] = json!("review")), "not in the change"),
        (thread(2, None, vec![comment(2, true, "x")]), "on a file as a whole"),
        (on(2, 40), "does not show its lines"),
        (with(on(2, 10), &|t| t["place"]["path"] = json!("src/other.rs")), "not in the change"),
        (with(on(2, 10), &|t| t["comments"][0]["removed"] = json!(true)), "taken back"),
        (with(on(2, 10), &|t| t["resolved"] = json!(true)), "resolved"),
        (
            with(on(2, 10), &|t| {
                let version = t["comments"][0]["versions"][0].clone();
                t["comments"][0]["versions"].as_array_mut().unwrap().push(version);
            }),
            "several versions",
        ),
        (thread(2, Some((10, 10)), vec![comment(2, false, "x")]), "somebody else wrote it"),
        (with(on(2, 10), &|t| t["comments"][0]["body"] = json!("x".repeat(65_537))), "longer than"),
    ];
    for (thread, why) in cases {
        let plan = planned(vec![thread]);
        assert!(plan.requests.is_empty() && plan.comments.is_empty() && plan.sums.is_empty(), "{why}");
        assert!(matches!(whys(&plan)[..], [one] if one.contains(why)), "{why}: {:?}", plan.left_out);
    }
    let answered = thread(2, Some((10, 10)), vec![comment(2, false, "x"), comment(3, true, "y")]);
    assert!(whys(&planned(vec![answered]))[1].contains("answers what somebody else wrote"));
    let begun = with(thread(2, Some((10, 10)), vec![comment(2, true, "x"), comment(3, true, "y")]), &|t| {
        t["comments"][0]["removed"] = json!(true);
    });
    assert_eq!(whys(&planned(vec![begun]))[1], "the comment that begins its thread is not published");
}

#[test]
fn what_is_there_is_not_sent_again_and_what_changed_since_is_told() {
    let one = || thread(2, Some((10, 10)), vec![comment(2, true, "x")]);
    let was = |body: &str| Sent::from([(Ulid::from(2_u128), sum(body))]);
    let plan = planned_after(vec![one()], &was("x"));
    assert!(plan.requests.is_empty() && plan.left_out.is_empty(), "{plan:?}");
    assert!(whys(&planned_after(vec![one()], &was("y")))[0].contains("changed since"));
    let two = thread(2, Some((10, 10)), vec![comment(2, true, "x"), comment(3, true, "more")]);
    assert!(whys(&planned_after(vec![two], &was("x")))[0].contains("answer it there"));
    let mut gone = one();
    gone["comments"][0]["removed"] = json!(true);
    assert!(whys(&planned_after(vec![gone], &was("x")))[0].contains("delete it there"));
}

#[test]
fn no_review_holds_more_than_the_host_takes_and_a_verdict_stays_here() {
    let many =
        (0..120_u32).map(|n| thread(u128::from(n) + 2, Some((10, 10)), vec![comment(u128::from(n) + 2, true, "x")]));
    let mut review = review(many.collect());
    let verdict = |name: &str, current: bool| {
        json!({
            "op": "1", "verdict": "approve", "head": HEAD, "author": { "kind": "person", "name": name }, "at": "", "current": current,
            "replaced": false, "about": "",
        })
    };
    let all = json!([verdict("ann", true), verdict("ann", false), verdict("bob", true)]);
    review.verdicts = serde_json::from_value(all).unwrap();
    let plan = plan(&review, &Target::new("ann/ferry", 12).unwrap(), "", &Sent::new(), "ann");
    assert_eq!(
        (sent(&plan)["comments"].as_array().unwrap().len(), plan.sums.len(), plan.left_out.len()),
        (100, 100, 21)
    );
    assert!(sent(&plan)["body"].as_str().unwrap().chars().count() <= LONGEST_BODY);
    assert!(whys(&plan)[20].contains("choose `Approve`"));
}
