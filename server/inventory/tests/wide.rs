//! Lockfiles with tens of thousands of entries: judging them takes work in proportion to their size.
//! May not look at a clock on the wall: a busy machine says nothing about the work.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, reason = "a test may stop and print")]

use contract::codes;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

mod place;
use place::{Place, source, sri, write};

/// One at a time: the processor time of a process is that of all its threads.
static ALONE: Mutex<()> = Mutex::new(());

/// So many times as wide is the wider of two lockfiles.
const WIDER: usize = 4;

fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.try_into().unwrap(), spent.tv_nsec.try_into().unwrap())
}

/// `judged` surveys a lockfile of a width and returns the processor time of each survey. For one [`WIDER`] times as wide
/// that is [`WIDER`] times as much where the work is linear, and its square where it is quadratic; the bound is between.
fn grows_in_proportion(narrow: usize, judged: impl Fn(usize) -> Vec<Duration>) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // What is done once for a process is done.
    judged(1);
    for (survey, (less, more)) in judged(narrow).into_iter().zip(judged(narrow * WIDER)).enumerate() {
        let times = more.as_secs_f64() / less.as_secs_f64();
        let most = (WIDER * 2) as f64;
        println!("survey {survey}: {times:.1} times the work");
        assert!(
            times < most,
            "survey {survey}: {times:.1} times the work for {WIDER} times the width: {less:?}, {more:?}"
        );
    }
    drop(alone);
}

fn timed<T>(job: impl FnOnce() -> T) -> (T, Duration) {
    let begun = spent();
    let done = job();
    (done, spent().checked_sub(begun).unwrap())
}

#[test]
fn a_wide_lockfile_is_judged_in_proportion_to_its_width() {
    grows_in_proportion(10_000, |many| {
        let place = Place::new();
        let (mut manifest, mut lock, mut wants) = (String::new(), String::new(), String::new());
        let (sum, source) = ("ab".repeat(32), source());
        for at in 0..many {
            writeln!(manifest, "c{at} = \"1\"").unwrap();
            writeln!(wants, " \"c{at}\",").unwrap();
            write!(lock, "[[package]]\nname = \"c{at}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\nchecksum = \"{sum}\"\ndependencies = [\n \"c{}\",\n]\n\n", (at + 1) % many).unwrap();
        }
        write(
            &place.root.join("Cargo.toml"),
            format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\n{manifest}"),
        );
        let own = format!("[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n{wants}]\n\n");
        write(&place.root.join("Cargo.lock"), format!("version = 4\n\n{own}{lock}"));
        let (survey, locked) = timed(|| place.survey());
        assert_eq!(survey.readiness.missing, many as u64);
        write(&place.root.join("Cargo.lock"), format!("version = 4\n\n{}", own.replace(&wants, "")));
        let (survey, unlocked) = timed(|| place.survey());
        assert_eq!(survey.findings.iter().filter(|f| f.code == codes::UNLOCKED_DEPENDENCY).count(), many);
        vec![locked, unlocked]
    });
}

#[test]
fn a_wide_npm_lockfile_is_judged_in_proportion_to_its_width() {
    grows_in_proportion(7_500, |many| {
        let judged = ["dependencies", "devDependencies"].map(|table| {
            let place = Place::new();
            let (integrity, _) = sri(b"nowhere");
            let wants: Vec<String> = (0..many).map(|at| format!("\"c{at}\": \"^1.0.0\"")).collect();
            let entries: Vec<String> = (0..many)
                .map(|at| {
                    let next = (at + 1) % many;
                    format!("\"node_modules/c{at}\": {{ \"version\": \"1.0.0\", \"resolved\": \"https://registry.example/c{at}/-/c{at}-1.0.0.tgz\", \"integrity\": \"{integrity}\", \"dependencies\": {{ \"c{next}\": \"1\" }} }}")
                })
                .collect();
            let own = format!("\"{table}\": {{ {} }}", wants.join(",\n"));
            write(&place.root.join("package.json"), format!("{{ \"name\": \"app\", {own} }}"));
            let lock = format!(
                "{{ \"lockfileVersion\": 3, \"packages\": {{ \"\": {{ {own} }},\n{} }} }}",
                entries.join(",\n")
            );
            write(&place.root.join("package-lock.json"), &lock);
            let (survey, spent) = timed(|| place.survey());
            assert_eq!(survey.readiness.missing, many as u64, "{:?}", survey.readiness);
            spent
        });
        judged.to_vec()
    });
}
