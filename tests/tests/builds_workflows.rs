//! The `run:` steps of GitHub's workflows as steps of ours: which are run, in which order and with what, why the others are not, and that
//! nothing of them is run unasked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

use holdover_tests::linted::Linted;
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};

const ON: &str = "[checks]\nworkflows = true\n";
const CI: &str = "on: [push, pull_request]
env:
  LEVEL: high
jobs:
  test:
    needs: [lint]
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Unit tests
        run: |
          mk test $LEVEL
          mk more
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: sudo apt-get install -y libx-dev
      - run: mk lint $CI
        working-directory: src
      - name: Publish
        run: mk publish ${{ secrets.TOKEN }}
      - run: mk behind
  nightly:
    strategy: {matrix: {os: [a, b]}}
    runs-on: ${{ matrix.os }}
    steps: [{run: mk nightly}]
";

fn project(workflow: &str, script: &str) -> Linted {
    let project = Linted::new();
    project.write("src/a.c", "int x;\n");
    project.stand_in("mk", script);
    project.write(".github/workflows/ci.yml", workflow);
    project.write("holdover.toml", ON);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    project
}

fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let mut all = report["checks"].as_array().unwrap().iter();
    all.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {report:#}"))
}

#[test]
fn what_needs_nothing_else_is_run_in_order_and_the_rest_is_said_before() {
    // A job that needs one of which a part is not run is left out, so this one has to be whole.
    let whole = CI.replace("      - name: Publish\n        run: mk publish ${{ secrets.TOKEN }}\n", "");
    let project = project(&whole, "echo \"in $(basename $PWD)\"; exit 0");
    let said = project.holdover(&["check", "--all"]);
    assert_eq!(code(&said), 0, "{}{}", out(&said), err(&said));
    assert_eq!(project.started(), ["mk lint true", "mk behind", "mk test high", "mk more"], "{}", err(&said));
    let told = err(&said);
    let nightly = "not run: ci.yml, job nightly, step 1 (mk nightly): it is run once for each of a matrix";
    let apt = "not run: ci.yml, job lint, step 2 (sudo apt-get install -y libx-dev): it sets up a machine";
    assert!(told.contains(nightly) && told.contains(apt), "{told}");
    assert!(told.find(nightly).unwrap() < told.find("mk lint").unwrap_or(told.len()), "before anything is run: {told}");
    // What has not changed is answered from what is remembered.
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started().len()), (0, 4), "{report:#}");
    assert_eq!(report["leftOut"].as_array().unwrap().len(), 2, "{report:#}");
    let unit = check(&report, "ci-test-unit-tests");
    assert_eq!((&unit["isStep"], &unit["remembered"], &unit["state"]), (&json!(true), &json!(true), &json!("passed")));
    let log = std::fs::read_to_string(check(&report, "ci-lint-mk-lint-ci")["build"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, "in src\n", "its own folder");
    // One by its name, with what it needs.
    project.write("src/a.c", "int y;\n");
    assert_eq!(project.check(&["ci-lint-mk-behind"]).1, 0);
    assert_eq!(project.started()[4..], ["mk lint true", "mk behind"]);
    let junit = out(&project.holdover(&["check", "--all", "--junit"]));
    assert!(junit.contains("<testsuite name=\"ci-test-unit-tests\" tests=\"1\" failures=\"0\""), "{junit}");
    assert!(junit.contains("<skipped message=\"ci.yml, job nightly, step 1 (mk nightly)"), "{junit}");
    let sarif: Value = serde_json::from_slice(&project.holdover(&["check", "--all", "--sarif"]).stdout).unwrap();
    let notes = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("job nightly"), "{sarif:#}");
}

#[test]
fn behind_what_is_not_run_nothing_of_its_job_or_of_who_needs_it_is() {
    let project = project(CI, "exit 0");
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (0, vec!["mk lint true".to_owned()]), "{report:#}");
    let left: Vec<&str> = report["leftOut"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let said = |begin: &str| left.iter().filter(|one| one.starts_with(begin)).count();
    assert_eq!(said("ci.yml, job lint, step 4 (Publish): it needs a secret"), 1, "{left:#?}");
    assert_eq!(
        said("ci.yml, job lint, step 5 (mk behind): what is not run before it may be needed: Publish"),
        1,
        "{left:#?}"
    );
    assert_eq!(
        said("ci.yml, job test, step 2 (Unit tests): its job needs lint, of which not all is run"),
        1,
        "{left:#?}"
    );
    let (_, ended) = project.check(&["ci-test-unit-tests"]);
    assert_eq!((ended, project.started().len()), (2, 1), "what is not run has no name");
}

#[test]
fn a_job_that_fails_stops_itself_and_who_needs_it_and_stands_at_the_workflow() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: mk a}, {run: mk a2}]\n  b:\n    needs: a\n    runs-on: ubuntu-latest\n    steps: [{run: mk b}]\n  c:\n    runs-on: ubuntu-latest\n    steps: [{run: 'mk c | cat'}, {run: 'mk c | cat', shell: bash}]\n";
    let project = project(workflow, "[ \"$1\" = a ] && { echo 'src/a.c:1:5: error: no'; exit 3; }; [ \"$1\" != c ]");
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (1, vec!["mk a".into(), "mk c".into(), "mk c".into()]), "{report:#}");
    let detail =
        |name: &str| check(&report, name)["detail"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
    assert_eq!(
        [detail("ci-a-mk-a2"), detail("ci-b-mk-b")],
        ["not run: ci-a-mk-a failed before it"; 2].map(str::to_owned)
    );
    let failed: Vec<(&Value, &Value)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["code"] == "build-failed")
        .map(|one| (&one["file"], &one["data"]["check"]))
        .collect();
    let file = json!(project.root().join(".github/workflows/ci.yml"));
    // Without a name for its shell GitHub's runner lets a pipe's end decide.
    assert_eq!(failed, [(&file, &json!("ci-a-mk-a")), (&file, &json!("ci-c-2"))], "{report:#}");
    let placed = report["findings"].as_array().unwrap().iter().find(|one| one["source"] == "ci-a-mk-a").unwrap();
    assert_eq!((&placed["message"], &placed["range"]["start"]["line"]), (&json!("no"), &json!(0)));
}

#[test]
fn nothing_is_run_unasked_untrusted_or_after_a_workflow_changed() {
    let project = project("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: mk a}]}}\n", "exit 0");
    assert_eq!(project.check(&[]).1, 0);
    assert_eq!(project.started(), Vec::<String>::new(), "nobody asked");
    project
        .write(".github/workflows/ci.yml", "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: mk evil}]}}\n");
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (3, Vec::<String>::new()), "it is another than was trusted: {report:#}");
    project.write("holdover.toml", "");
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started(), &report["leftOut"]), (0, Vec::new(), &Value::Null), "off: {report:#}");
    project.write("holdover.toml", ON);
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    assert_eq!((project.check(&["--all"]).1, project.started()), (0, vec!["mk evil".into()]));
}

#[test]
fn steps_of_the_settings_come_first_and_what_fails_there_stops_everything() {
    let project = project("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: mk a}]}}\n", "[ \"$1\" != all ]");
    project.write("holdover.toml", &format!("{ON}build = [\"mk\", \"all\"]\n"));
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    let (report, ended) = project.check(&["--all"]);
    assert_eq!((ended, project.started()), (1, vec!["mk all".into()]), "{report:#}");
    project.write("holdover.toml", &format!("{ON}build = [\"mk\", \"some\"]\n"));
    assert_eq!(code(&project.holdover(&["trust"])), 0);
    assert_eq!(
        (project.check(&["--all"]).1, project.started()[1..].to_vec()),
        (0, vec!["mk some".into(), "mk a".into()])
    );
}
