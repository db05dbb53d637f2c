//! Publishing a review end to end: the real command line, the program that asks hosts, git with a credential helper, and a host that is
//! scripted. What is asked and answered is held against the host's published description.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::binary;
use holdover_tests::code_host::{Asked, CodeHost, Script};
use holdover_tests::desk::Desk;
use holdover_tests::said::{code, err, good, out};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const TOKEN: &str = "ghp_0123456789abcdefTOKEN";
const BASE: &str =
    "fn one() {\n    let first = read(path);\n    check(first);\n}\n\nfn two() {\n    let second = write(path);\n}\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Path, text: &str, message: &str) {
    std::fs::write(folder.join("a.rs"), text).unwrap();
    git(folder, &["add", "a.rs"]);
    git(folder, &["commit", "-q", "-m", message]);
}

/// Somebody with a review of two comments, a helper that has a token and says when it is asked, and a host with the pull request.
fn desk() -> (Desk, CodeHost) {
    let mut desk = Desk::new("Ann");
    let root = desk.root();
    git(&root, &["init", "-q", "-b", "main"]);
    commit(&root, BASE, "first");
    git(&root, &["checkout", "-q", "-b", "feature"]);
    commit(&root, &BASE.replace("write(path)", "write(path, first)"), "second");
    git(&root, &["remote", "add", "origin", "git@github.com:ann/ferry.git"]);
    // A helper of the repository is a program that it names.
    git(&root, &["config", "credential.helper", "!touch trap; echo password=evil; :"]);
    let (config, mark) = (desk.folder.path().join("gitconfig"), desk.folder.path().join("helper-was-asked"));
    let helper = format!("!f() {{ touch '{}'; echo username=ann; echo password={TOKEN}; }}; f", mark.display());
    std::fs::write(&config, format!("[credential]\n\thelper = \"{helper}\"\n")).unwrap();
    desk.environment = vec![
        ("GIT_CONFIG_GLOBAL", config.display().to_string()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        // Where the tests' machine has no way out, the host is on this machine all the same.
        ("NO_PROXY", "*".to_owned()),
    ];
    good(&desk.run(&["offline", "off"]));
    good(&desk.run(&["review", "start", "main..feature"]));
    good(&desk.run(&["review", "comment", "a.rs:7", "-m", "why first?"]));
    good(&desk.run(&["review", "comment", "a.rs", "-m", "of the file"]));
    good(&desk.run(&["review", "comment", "-m", "All in all it is good."]));
    let host = CodeHost::start(&git(&root, &["rev-parse", "feature"]), &git(&root, &["rev-parse", "main"]));
    (desk, host)
}

fn publish(desk: &Desk, host: &CodeHost, more: &[&str]) -> Output {
    let all = [&["review", "publish", "--to", "github", "--pull", "12", "--api", &host.address][..], more].concat();
    desk.run(&all)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

fn helper_was_asked(desk: &Desk) -> bool {
    assert!(!desk.root().join("trap").exists(), "a program that the repository names was run");
    desk.folder.path().join("helper-was-asked").exists()
}

fn paths(asked: &[Asked]) -> Vec<String> {
    asked.iter().map(|one| format!("{} {}", one.method, one.path)).collect()
}

/// Holds what was asked and answered against the description that the host publishes of itself.
fn judged(asked: &[Asked]) {
    let target = || binary::holdover().ancestors().nth(2).unwrap().join("tools");
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(target, PathBuf::from).join("github");
    assert!(tools.join("installed").exists(), "install the judge first: tests/github/install.sh {}", tools.display());
    let request = |one: &Asked| json!({ "method": one.method, "path": one.path, "body": one.body });
    let answer = |one: &Asked| {
        let (status, body) = one.answered.clone()?;
        Some(json!({ "method": one.method, "path": one.path, "status": status, "body": body }))
    };
    let all = json!({
        "requests": asked.iter().map(request).collect::<Vec<_>>(), "answers": asked.iter().filter_map(answer).collect::<Vec<_>>(),
    });
    let script = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("github/judge.mjs");
    let judge = Command::new("node").arg(script).arg(tools).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut judge = judge.expect("node is there");
    judge.stdin.take().unwrap().write_all(all.to_string().as_bytes()).unwrap();
    let said = judge.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

const PULL: &str = "/repos/ann/ferry/pulls/12";

#[test]
fn a_dry_run_shows_what_is_sent_then_and_connects_nowhere() {
    let (mut desk, host) = desk();
    desk.environment.push(("HOLDOVER_OFFLINE", "1".to_owned()));
    let shown = publish(&desk, &host, &["--dry-run"]);
    good(&shown);
    assert!(out(&shown).contains(&format!("POST {}{PULL}/reviews", host.address)), "{}", out(&shown));
    assert!(out(&shown).contains("a.rs: it stands on a file as a whole"), "{}", out(&shown));
    let planned = json(&publish(&desk, &host, &["--dry-run", "--json"]));
    assert_eq!((planned["state"].as_str(), planned["target"].as_str()), (Some("planned"), Some("ann/ferry#12")));
    let refused = publish(&desk, &host, &["--yes"]);
    assert_eq!((code(&refused), out(&refused)), (1, String::new()));
    assert!(err(&refused).contains("forced offline: nothing was asked of the network"), "{}", err(&refused));
    assert!(host.asked().is_empty() && !helper_was_asked(&desk), "nobody was asked");
    desk.environment.pop();
    let unsaid = publish(&desk, &host, &[]);
    assert_eq!(code(&unsaid), 2, "nobody is there to say yes: {}", out(&unsaid));
    assert!(host.asked().is_empty() && !helper_was_asked(&desk));

    let done = json(&publish(&desk, &host, &["--yes", "--json"]));
    assert_eq!(done["state"], "published", "{done:#}");
    assert_eq!(done["url"], "https://github.com/ann/ferry/pull/12#pullrequestreview-100");
    assert!(helper_was_asked(&desk));
    let asked = host.asked();
    let sent: Vec<Value> = asked
        .iter()
        .map(|one| {
            let mut sent = json!({ "method": one.method, "path": one.path });
            if !one.body.is_null() {
                sent["body"] = one.body.clone();
            }
            sent
        })
        .collect();
    let shown = planned["requests"].as_array().unwrap().iter().cloned().map(|mut one| {
        one.as_object_mut().unwrap().remove("about");
        one
    });
    assert_eq!(sent, shown.collect::<Vec<_>>(), "letter for letter what was shown");
    assert!(asked.iter().all(|one| one.head.contains(&format!("authorization: Bearer {TOKEN}"))), "{}", asked[0].head);
    let body = &asked[2].body;
    assert_eq!(body["comments"], json!([{ "path": "a.rs", "line": 7, "side": "RIGHT", "body": "why first?" }]));
    assert!(body["body"].as_str().unwrap().starts_with("All in all it is good.\n\n<!-- holdover review="), "{body:#}");
    assert_eq!(body["event"], Value::Null, "it stays pending until its writer submits it there");
    judged(&asked);

    // It is written down, and not sent again; the token is nowhere.
    let log = out(&desk.run(&["journal", "log", "--json"]));
    assert!(log.contains("review.published") && log.contains("pullrequestreview-100") && !log.contains(TOKEN), "{log}");
    let again = publish(&desk, &host, &["--yes"]);
    assert!(good(&again).contains("nothing to publish"), "{}", out(&again));
    assert!(host.asked().is_empty());
    for entry in std::fs::read_dir(desk.folder.path().join("data")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{}", entry.path().display());
    }
}

#[test]
fn where_the_host_refuses_everything_stays_a_draft() {
    let (desk, host) = desk();
    let feature = host.state().head.clone();
    let no = |script: Script, words: &[&str]| {
        host.state().script = script.clone();
        let refused = publish(&desk, &host, &["--yes"]);
        assert_eq!((code(&refused), out(&refused)), (1, String::new()), "{script:?}: {}", err(&refused));
        for word in words {
            assert!(err(&refused).contains(word), "{script:?}: {}", err(&refused));
        }
        assert!(!err(&refused).contains(TOKEN));
        assert!(host.state().reviews.is_empty());
        let kept = json(&publish(&desk, &host, &["--dry-run", "--json"]));
        assert_eq!(
            kept["comments"].as_array().map(Vec::len),
            Some(2),
            "{script:?}: all of it is still to be published"
        );
        host.asked()
    };
    let elsewhere = CodeHost::start(&feature, &feature);
    assert_eq!(no(Script::Refuses(401), &["401 Bad credentials", "put another one"]).len(), 1);
    no(Script::Refuses(404), &["404", "look at the repository and the number"]);
    let asked = no(Script::RefusesWrites(422, "Unprocessable Entity"), &["422 Unprocessable Entity"]);
    judged(&asked);
    let asked = no(Script::Moves("c".repeat(40)), &["has moved on", &"c".repeat(40), &feature]);
    assert_eq!(paths(&asked)[2..], [format!("POST {PULL}/reviews"), format!("GET {PULL}")]);
    // It moved before: nothing is written at all.
    assert_eq!(paths(&no(Script::Answers, &["has moved on", "stays a draft"])), [format!("GET {PULL}")]);
    host.state().head = feature;
    host.state().state = "closed";
    no(Script::Answers, &["not open any more"]);
    host.state().state = "open";
    no(Script::Page, &["none of such a host"]);
    no(Script::Leads(format!("{}/x", elsewhere.address)), &["301"]);
    assert!(elsewhere.asked().is_empty(), "a token goes where it was meant for");
    // Another review of the same person waits there.
    let pending = json!({ "id": 1, "state": "PENDING", "body": "of another day", "html_url": "https://github.com/x" });
    host.state().script = Script::Answers;
    host.state().reviews.push(pending);
    let refused = publish(&desk, &host, &["--yes"]);
    assert!(code(&refused) == 1 && err(&refused).contains("not submitted"), "{}", err(&refused));
    assert_eq!(host.asked().len(), 2, "nothing was written");
    let log = out(&desk.run(&["journal", "log", "--json"]));
    assert_eq!(log.matches("review.not-published").count(), 9, "{log}");
    assert!(!log.contains("review.published"));
}

#[test]
fn what_arrived_without_an_answer_is_found_and_not_sent_twice() {
    let (desk, host) = desk();
    host.state().script = Script::Cuts;
    let done = json(&publish(&desk, &host, &["--yes", "--json"]));
    assert_eq!((done["state"].as_str(), done["url"].is_string()), (Some("published"), true), "{done:#}");
    let list = format!("GET {PULL}/reviews?per_page=100&page=1");
    let asked = paths(&host.asked());
    assert_eq!(asked, [format!("GET {PULL}"), list.clone(), format!("POST {PULL}/reviews"), list]);

    let (desk, host) = self::desk();
    host.state().script = Script::CutsAndIsGone;
    let unknown = publish(&desk, &host, &["--yes"]);
    assert_eq!(code(&unknown), 3, "{}{}", out(&unknown), err(&unknown));
    assert!(err(&unknown).contains("whether the review arrived is not known"), "{}", err(&unknown));
    let reviews = host.state().reviews.clone();
    assert_eq!(reviews.len(), 1);
    // Another day; meanwhile others reviewed too, more than a page of them, and there is one more comment.
    let (head, base) = (host.state().head.clone(), git(&desk.root(), &["rev-parse", "main"]));
    let host = CodeHost::start(&head, &base);
    let other = json!({ "id": 1, "state": "COMMENTED", "body": "", "html_url": "https://github.com/x" });
    let mut all = vec![other; 120];
    all.extend(reviews);
    host.state().reviews = all;
    let found = json(&publish(&desk, &host, &["--yes", "--json"]));
    assert_eq!(found["state"], "already-there", "{found:#}");
    let asked = host.asked();
    assert!(asked.iter().all(|one| one.method == "GET") && asked.len() == 3, "{:?}", paths(&asked));
    judged(&asked);
    assert!(good(&publish(&desk, &host, &["--yes"])).contains("nothing to publish"));

    // A later comment waits until that review was submitted, and then goes alone.
    good(&desk.run(&["review", "comment", "a.rs:6", "-m", "and this?"]));
    let waits = publish(&desk, &host, &["--yes"]);
    assert!(code(&waits) == 1 && err(&waits).contains("not submitted"), "{}", err(&waits));
    host.state().reviews.last_mut().unwrap()["state"] = json!("COMMENTED");
    host.asked();
    let done = json(&publish(&desk, &host, &["--yes", "--json"]));
    assert_eq!(done["state"], "published", "{done:#}");
    let asked = host.asked();
    let comments = asked.last().unwrap().body["comments"].clone();
    assert_eq!(comments, json!([{ "path": "a.rs", "line": 6, "side": "RIGHT", "body": "and this?" }]));
}

#[test]
fn what_is_not_said_or_not_safe_is_asked_for() {
    let (desk, host) = desk();
    let usage = |arguments: &[&str], words: &str| {
        let refused = desk.run(&[&["review", "publish", "--to", "github", "--yes"][..], arguments].concat());
        assert_eq!(code(&refused), 2, "{arguments:?}: {}{}", out(&refused), err(&refused));
        assert!(err(&refused).contains(words), "{arguments:?}: {}", err(&refused));
    };
    let api = host.address.as_str();
    usage(&["--api", api], "nothing says which pull request");
    usage(&["--pull", "12", "--api", "http://git.example.org/api/v3"], "not https");
    usage(&["--pull", "12", "--api", api, "--repository", "../x"], "this is no pull request");
    git(&desk.root(), &["remote", "set-url", "origin", "/srv/ferry.git"]);
    usage(&["--pull", "12"], "no remote of this repository says");
    // A comment on the old text needs the same base there.
    git(&desk.root(), &["remote", "set-url", "origin", "https://github.com/ann/ferry"]);
    good(&desk.run(&["review", "comment", "a.rs:7", "--old", "-m", "was it?"]));
    host.state().base = "d".repeat(40);
    let refused = publish(&desk, &host, &["--yes"]);
    assert!(code(&refused) == 1 && err(&refused).contains("held against another commit"), "{}", err(&refused));
    host.asked();
    host.state().base = git(&desk.root(), &["rev-parse", "main"]);
    good(&publish(&desk, &host, &["--yes"]));
    let sides: Vec<Value> =
        host.asked()[2].body["comments"].as_array().unwrap().iter().map(|one| one["side"].clone()).collect();
    assert_eq!(sides, [json!("RIGHT"), json!("LEFT")]);
    // Without a token nobody is asked.
    let (mut desk, host) = self::desk();
    desk.environment[0].1 = "/dev/null".to_owned();
    let refused = publish(&desk, &host, &["--yes"]);
    assert!(code(&refused) == 1 && err(&refused).contains("git has no token for 127.0.0.1"), "{}", err(&refused));
    assert!(host.asked().is_empty() && !helper_was_asked(&desk));
}
