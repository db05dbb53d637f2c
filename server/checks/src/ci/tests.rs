use super::*;

fn of_job(body: &str) -> Vec<Step> {
    let text = format!("on: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n{body}");
    jobs(&text).unwrap().remove(0).steps
}

/// What each step comes to: its command's last word, or why it is not run.
fn told(steps: &str) -> Vec<String> {
    let steps = of_job(&format!("    steps:\n{steps}"));
    steps.into_iter().map(|step| step.run.map_or_else(|why| why, |run| run.command.last().unwrap().clone())).collect()
}

#[test]
fn a_run_step_that_needs_nothing_else_is_run_as_github_would() {
    let text = "on: {push: {branches: [main]}}\nenv: {A: 1, B: '2'}\ndefaults: {run: {working-directory: app}}\njobs:\n  lint:\n    runs-on: [ubuntu-24.04]\n    env: {B: three}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: Swatinem/rust-cache@v2\n        with: {key: \"${{ runner.os }}\"}\n      - name: Lints\n        run: |\n          cargo fmt --check\n          cargo clippy --offline\n        timeout-minutes: 5\n        env: {C: d}\n      - run: make\n        shell: bash\n        working-directory: ./lib\n      - {run: make all, shell: sh, if: \"${{ always() }}\"}\n  after:\n    needs: lint\n    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n";
    let all = jobs(text).unwrap();
    assert_eq!((all[0].id.as_str(), &*all[1].id, &all[1].needs), ("lint", "after", &vec!["lint".to_owned()]));
    let steps = &all[0].steps;
    assert_eq!(
        steps.iter().map(|step| (step.number, &*step.title)).collect::<Vec<_>>(),
        [(3, "Lints"), (4, "make"), (5, "make all")]
    );
    let lints = steps[0].run.as_ref().unwrap();
    assert_eq!(lints.command, ["bash", "-e", "-c", "cargo fmt --check\ncargo clippy --offline\n"]);
    assert_eq!(
        (lints.folder.as_path(), lints.minutes, &lints.programs),
        (Path::new("app"), Some(5), &vec!["cargo".to_owned()])
    );
    let set: Vec<(&str, &str)> = lints.environment.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(set, [("A", "1"), ("B", "three"), ("C", "d"), ("CI", "true")]);
    let make = steps[1].run.as_ref().unwrap();
    assert_eq!(
        (make.command[..6].join(" "), make.folder.as_path()),
        ("bash --noprofile --norc -eo pipefail -c".into(), Path::new("lib"))
    );
    assert_eq!(steps[2].run.as_ref().unwrap().command, ["sh", "-e", "-c", "make all"]);
}

#[test]
fn what_needs_more_says_what() {
    for (step, why) in [
        ("run: \"deploy ${{ secrets.KEY }}\"", "it needs a secret"),
        ("run: \"x ${{ github.token }}\"", "it needs a secret"),
        ("run: \"x ${{matrix.os}}\"", "it is of a matrix"),
        ("run: \"x ${{ steps.a.outputs.b }}\"", "it needs what another step or job puts out: steps.a.outputs.b"),
        ("run: \"x ${{ github.sha }}\"", "it needs what GitHub alone can tell: github.sha"),
        ("{run: x, env: {K: \"${{ secrets.K }}\"}}", "its variable K: it needs a secret"),
        ("{run: x, env: \"${{ fromJSON(x) }}\"}", "its variables are not understood"),
        ("{run: x, env: {\"a=b\": c}}", "its variables are not understood"),
        ("{run: x, shell: pwsh}", "its shell is another: pwsh"),
        ("{run: x, shell: 'bash -l {0}'}", "its shell is another: bash -l {0}"),
        ("{run: x, working-directory: ../x}", "it runs in a folder that is none of the repository: ../x"),
        ("{run: x, working-directory: /tmp}", "it runs in a folder that is none of the repository: /tmp"),
        ("{run: x, continue-on-error: true}", "whether it fails does not count"),
        ("{run: x, if: github.ref == 'a'}", "it is run under a condition alone: github.ref == 'a'"),
        ("run: echo a >> $GITHUB_ENV", "it needs GITHUB_ENV, which GitHub's runner sets"),
        ("run: ls \"${RUNNER_TEMP}\"", "it needs RUNNER_TEMP, which GitHub's runner sets"),
        ("run: curl -O https://acme.org/x", "it needs a network: this downloads something: curl -O https://acme.org/x"),
        ("run: apt-get install -y a && make", "it needs a network: "),
        ("run: sudo make install", "it needs the rights of another user: sudo"),
        ("uses: docker/build-push-action@v5", "it is an action, and those are not run here"),
        ("uses: ./.github/actions/own", "it is an action, and those are not run here"),
        ("{uses: actions/checkout@v4, with: {repository: a/b}}", "it checks out something else than what is here"),
        ("run: *x", "it is not understood"),
        ("run: ''", "it is not understood"),
        ("name: nothing", "it is not understood"),
    ] {
        let text = format!("    steps:\n      - {step}\n      - run: make\n");
        let text = if step.contains("*x") { format!("    x: &x a\n{text}") } else { text };
        let steps = of_job(&text);
        let said = steps[0].run.as_ref().expect_err(step);
        assert!(said.starts_with(why), "{step}: {said}");
        let behind = steps[1].run.as_ref().unwrap_err();
        assert!(behind.starts_with("what is not run before it may be needed: "), "{step}: {behind}");
    }
    assert!(of_job("    steps:\n      - run: my_GITHUB_x=1\n")[0].run.is_ok());
}

#[test]
fn what_sets_up_a_machine_or_is_for_failures_stands_in_nobodys_way() {
    let said = told(
        "      - run: |\n          set -e\n          sudo apt-get update\n          sudo apt-get install -y libx\n      - {run: notify, if: failure()}\n      - {run: never, if: false}\n      - run: make\n",
    );
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("it sets up a machine, and this one is as it is: ") && said[0].contains("apt-get update"),
        "{said:?}"
    );
    assert_eq!((&*said[1], &*said[2]), ("it is for when something failed", "make"));
}

#[test]
fn of_some_jobs_nothing_is_run() {
    for (job, why) in [
        ("    strategy: {matrix: {os: [a]}}\n", "it is run once for each of a matrix"),
        ("    container: alpine\n", "it is run in a container"),
        ("    services: {db: {image: x}}\n", "it needs services beside it"),
        ("    environment: production\n", "it is for an environment of GitHub's"),
        ("    if: github.event_name == 'push'\n", "it is run under a condition alone: github.event_name == 'push'"),
        ("    env: {K: \"${{ secrets.K }}\"}\n", "its variable K: it needs a secret"),
    ] {
        let steps = of_job(&format!("{job}    steps:\n      - run: make\n      - run: make b\n"));
        assert_eq!(steps.iter().map(|step| step.run.clone().unwrap_err()).collect::<Vec<_>>(), [why, why], "{job}");
    }
    for on in ["windows-latest", "macos-15", "[self-hosted, linux]", "\"${{ matrix.os }}\""] {
        let text = format!("on: push\njobs: {{a: {{runs-on: {on}, steps: [{{run: make}}]}}}}\n");
        let said = jobs(&text).unwrap()[0].steps[0].run.clone().unwrap_err();
        assert!(said.starts_with("it does not run on GitHub's Linux: "), "{on}: {said}");
    }
    let called = jobs("on: push\njobs: {a: {uses: ./.github/workflows/b.yml}}\n").unwrap();
    assert_eq!(called[0].steps[0].run, Err("it is another workflow, which is not read".to_owned()));
}

#[test]
fn a_workflow_that_no_change_starts_is_no_check() {
    let body = "jobs: {a: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n";
    for on in [
        "on: push\n",
        "on: [pull_request, schedule]\n",
        "on:\n  push:\n",
        "on: {push: {tags: [v*], branches: [main]}}\n",
        "'on': merge_group\n",
    ] {
        assert!(jobs(&format!("{on}{body}")).unwrap()[0].steps[0].run.is_ok(), "{on}");
    }
    for on in [
        "",
        "on: workflow_dispatch\n",
        "on: {schedule: [{cron: '* * * * *'}]}\n",
        "on: {push: {tags: [v*]}}\n",
        "on: *x\n",
    ] {
        assert!(jobs(&format!("{on}{body}")).is_err(), "{on}");
    }
    for text in ["", "a", "on: push\njobs: *x\n", "on: push\njobs: []\n", "{", "\u{0}", "on: push\njobs: {a: 1"] {
        assert!(jobs(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_without_an_end_is_read_up_to_a_bound() {
    let steps = "      - run: make\n".repeat(5000);
    let steps = of_job(&format!("    steps:\n{steps}"));
    assert_eq!(steps.len(), MOST + 1);
    assert!(steps[MOST].run.is_err());
    let long = of_job(&format!("    steps:\n      - run: \"{}\"\n", "x ".repeat(40_000)));
    assert_eq!(long[0].run, Err("its script is too long".to_owned()));
    assert!(long[0].title.chars().count() <= SHOWN + 1);
}
