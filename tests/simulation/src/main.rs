//! Runs schedules. Every seed is one: three to five devices, at least 200 operations and five faults, all from the seed.
//!
//! usage: simulation [--from SEED] [--count N] [--seconds S] [--defect NAME] [--defects] [--trace]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod cases;
mod chance;
mod check;
mod defects;
mod device;
mod hostile;
mod oracle;
mod schedule;
mod steps;
mod store;
mod trace;
mod writes;

use cases::Cases;
use std::process::ExitCode;
use std::time::{Duration, Instant};

struct Wanted {
    from: u64,
    count: u64,
    seconds: u64,
    defect: Option<&'static str>,
    defects: bool,
    trace: bool,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted { from: 1, count: 1, seconds: u64::MAX / 4, defect: None, defects: false, trace: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a value after an option");
        match word.as_str() {
            "--from" => wanted.from = next().parse().expect("a number"),
            "--count" => wanted.count = next().parse().expect("a number"),
            "--seconds" => wanted.seconds = next().parse().expect("a number"),
            "--defect" => {
                let name = next();
                wanted.defect =
                    Some(defects::DEFECTS.iter().find(|defect| defect.name == name).expect("a defect's name").name);
            }
            "--defects" => wanted.defects = true,
            "--trace" => wanted.trace = true,
            other => panic!("no such option: {other}"),
        }
    }
    wanted
}

fn main() -> ExitCode {
    let wanted = wanted();
    if wanted.defects {
        return if defects::all_found() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let begun = Instant::now();
    let (mut cases, mut done, mut operations, mut faults, mut killed, mut wrong) =
        (Cases::default(), 0_u64, 0, 0, 0, 0);
    for seed in wanted.from..wanted.from.saturating_add(wanted.count) {
        if begun.elapsed() > Duration::from_secs(wanted.seconds) {
            break;
        }
        let ran = schedule::run(seed, wanted.defect, wanted.trace);
        done += 1;
        operations += ran.operations;
        faults += ran.faults;
        killed += ran.killed;
        cases.add(&ran.cases);
        for line in ran.words.iter().flatten() {
            println!("{line}");
        }
        if let Err(why) = &ran.outcome {
            wrong += 1;
            println!("seed {seed}: {why}");
        }
        if wanted.trace {
            println!("seed {seed}: trace {}", ran.trace);
        }
        // The same again, of some.
        if seed % 50 == 1 && !wanted.trace {
            let again = schedule::run(seed, wanted.defect, false);
            cases.hit(45);
            if again.trace != ran.trace {
                wrong += 1;
                println!("seed {seed}: another trace the second time: {} and {}", ran.trace, again.trace);
            }
        }
    }
    cases.print();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{done} schedules, {operations} operations, {faults} faults, {killed} processes killed, {wrong} wrong, in {seconds:.1} s"
    );
    if done >= 100 && !cases.missed().is_empty() {
        println!("cases that were not met: {:?}", cases.missed());
        return ExitCode::FAILURE;
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
