//! Runs schedules. Every seed is one: three to five devices, at least 200 operations and five faults, all from the seed.
//!
//! usage: simulation [--from SEED] [--count N] [--seconds S] [--jobs N] [--defect NAME] [--until-wrong] [--trace]
//!        simulation --defects | --planted [--jobs N]     plants each defect and looks for it: in many schedules, or in one that finds it
//! environment: HOLDOVER_SIMULATION_KEEP     a folder, to which the last schedule's devices are copied as they were at its end
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
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

struct Wanted {
    from: u64,
    count: u64,
    /// From one seed to the next.
    step: u64,
    seconds: u64,
    jobs: u64,
    defect: Option<&'static str>,
    defects: bool,
    planted: bool,
    trace: bool,
    until_wrong: bool,
    /// For the process that started this one: a line of numbers in place of the table.
    figures: bool,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted {
        from: 1,
        count: 1,
        step: 1,
        seconds: u64::MAX / 4,
        jobs: 1,
        defect: None,
        defects: false,
        planted: false,
        trace: false,
        until_wrong: false,
        figures: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a value after an option");
        let number = |text: String| text.parse().expect("a number");
        match word.as_str() {
            "--from" => wanted.from = number(next()),
            "--count" => wanted.count = number(next()),
            "--step" => wanted.step = number(next()),
            "--seconds" => wanted.seconds = number(next()),
            "--jobs" => wanted.jobs = number(next()).max(1),
            "--defect" => {
                let name = next();
                wanted.defect =
                    Some(defects::DEFECTS.iter().find(|defect| defect.name == name).expect("a defect's name").name);
            }
            "--defects" => wanted.defects = true,
            "--planted" => wanted.planted = true,
            "--trace" => wanted.trace = true,
            "--until-wrong" => wanted.until_wrong = true,
            "--figures" => wanted.figures = true,
            other => panic!("no such option: {other}"),
        }
    }
    wanted
}

/// What schedules came to.
#[derive(Default)]
pub struct Sum {
    pub done: u64,
    pub operations: u64,
    pub faults: u64,
    pub killed: u64,
    pub wrong: u64,
    /// How often the place of a planted defect was met.
    pub met: u64,
    /// Schedules at the end of which there was something that nobody could hand on, and that was said.
    pub stuck: u64,
    pub cases: Cases,
}

impl Sum {
    fn numbers(&mut self) -> impl Iterator<Item = &mut u64> {
        let Sum { done, operations, faults, killed, wrong, met, stuck, cases } = self;
        [done, operations, faults, killed, wrong, met, stuck].into_iter().chain(&mut cases.0)
    }

    fn print_figures(&mut self) {
        let numbers: Vec<String> = self.numbers().map(|number| number.to_string()).collect();
        println!("figures {}", numbers.join(" "));
    }

    fn add_figures(&mut self, line: &str) {
        let more = line.split(' ').skip(1).map(|number| number.parse::<u64>().expect("a number"));
        self.numbers().zip(more).for_each(|(sum, more)| *sum += more);
    }
}

fn main() -> ExitCode {
    let wanted = wanted();
    if wanted.defects || wanted.planted {
        return if defects::all_found(wanted.jobs, wanted.planted) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let begun = Instant::now();
    let mut sum = Sum::default();
    if wanted.jobs > 1 {
        in_processes(&wanted, &mut sum);
    } else {
        let mut seed = wanted.from;
        for _ in 0..wanted.count {
            if begun.elapsed() > Duration::from_secs(wanted.seconds) || wanted.until_wrong && sum.wrong > 0 {
                break;
            }
            one(seed, &wanted, &mut sum);
            seed = seed.saturating_add(wanted.step);
        }
    }
    if wanted.figures {
        sum.print_figures();
        return ExitCode::SUCCESS;
    }
    sum.cases.print();
    let Sum { done, operations, faults, killed, wrong, stuck, .. } = sum;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{done} schedules, {operations} operations, {faults} faults, {killed} processes killed, {wrong} wrong, in {seconds:.1} s"
    );
    println!("{stuck} schedules ended with events that nobody can hand on any more, each named by those who lack them");
    if done >= 100 && !sum.cases.missed().is_empty() {
        println!("cases that were not met: {:?}", sum.cases.missed());
        return ExitCode::FAILURE;
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One schedule; whether nothing in it was wrong.
fn one(seed: u64, wanted: &Wanted, sum: &mut Sum) -> bool {
    let ran = schedule::run(seed, wanted.defect, wanted.trace);
    let before = sum.wrong;
    sum.done += 1;
    sum.operations += ran.operations;
    sum.faults += ran.faults;
    sum.killed += ran.killed;
    sum.met += ran.met;
    sum.stuck += u64::from(ran.stuck > 0);
    sum.cases.add(&ran.cases);
    for line in ran.words.iter().flatten() {
        println!("{line}");
    }
    if let Err(why) = &ran.outcome {
        sum.wrong += 1;
        println!("seed {seed}: {why}");
    }
    if wanted.trace {
        println!("seed {seed}: trace {}", ran.trace);
    }
    // The same again, of some.
    if seed % 50 == 1 && !wanted.trace && wanted.defect.is_none() {
        let again = schedule::run(seed, wanted.defect, false);
        sum.cases.hit(45);
        if again.trace != ran.trace {
            sum.wrong += 1;
            println!("seed {seed}: another trace the second time: {} and {}", ran.trace, again.trace);
        }
    }
    sum.wrong == before
}

/// A simulation has its process to itself: several go on in several.
fn in_processes(wanted: &Wanted, sum: &mut Sum) {
    let children: Vec<_> = (0..wanted.jobs)
        .map(|job| {
            let count = (wanted.count + wanted.jobs - 1 - job) / wanted.jobs;
            let mut words = vec!["--figures".to_owned()];
            for (option, value) in [
                ("--from", wanted.from + job),
                ("--step", wanted.jobs),
                ("--count", count),
                ("--seconds", wanted.seconds),
            ] {
                words.extend([option.to_owned(), value.to_string()]);
            }
            if let Some(defect) = wanted.defect {
                words.extend(["--defect".to_owned(), defect.to_owned()]);
            }
            child(&words)
        })
        .collect();
    for reader in children {
        listen(reader, sum, |line| println!("{line}"));
    }
}

/// This program once more, with its words in a pipe.
pub fn child(words: &[String]) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program).args(words).stdout(Stdio::piped()).spawn().expect("this program, again")
}

/// Waits for its end, adds what it came to, and passes on what else it says.
pub fn listen(mut child: Child, sum: &mut Sum, mut say: impl FnMut(&str)) {
    let mut ended = false;
    for line in BufReader::new(child.stdout.take().expect("its words")).lines() {
        let line = line.expect("words");
        if line.starts_with("figures ") {
            sum.add_figures(&line);
            ended = true;
        } else {
            say(&line);
        }
    }
    let status = child.wait().expect("its end");
    assert!(ended && status.success(), "a process of the simulation ended before its time: {status}");
}
