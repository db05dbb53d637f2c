//! What the judge tests share: real projects with private caches, damage by a seeded generator, and the comparison.
//! May use the real tools and the registries they are configured for; writes below the test cache folder only.
#![allow(dead_code, reason = "each judge test uses its part")]

use contract::{ArtifactState, ReadinessState};
use inventory::{Homes, Inventory, NoMemory, Options, Survey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

/// Where projects and caches are kept between runs: `HOLDOVER_TEST_CACHE`, else a folder beside the test programs.
pub fn cache() -> PathBuf {
    let folder = std::env::var_os("HOLDOVER_TEST_CACHE").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("holdover-test-cache")
        },
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("the test cache folder can be made");
    folder
}

/// How many random cases are run: `HOLDOVER_JUDGE_CASES`, else `usual`.
pub fn random_cases(usual: usize) -> usize {
    std::env::var("HOLDOVER_JUDGE_CASES").ok().map_or(usual, |text| text.parse().expect("a number of cases"))
}

/// Holds a folder for one test process at a time, and says whether `stamp` is what it was made for.
pub struct Held {
    lock: std::fs::File,
    folder: PathBuf,
    stamp: String,
}

impl Held {
    pub fn folder(name: &str, stamp: &str) -> (Self, PathBuf, bool) {
        let folder = cache().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::File::create(folder.join(".lock")).unwrap();
        lock.lock().unwrap();
        let fresh = std::fs::read_to_string(folder.join(".stamp")).is_ok_and(|text| text == stamp);
        (Held { lock, folder: folder.clone(), stamp: stamp.to_owned() }, folder, fresh)
    }

    /// As [`Held::folder`], where what is whole is only read: others may read it too.
    pub fn shared(name: &str, stamp: &str) -> (Self, PathBuf, bool) {
        let folder = cache().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::File::create(folder.join(".lock")).unwrap();
        let held = Held { lock, folder: folder.clone(), stamp: stamp.to_owned() };
        held.share();
        let fresh = || std::fs::read_to_string(folder.join(".stamp")).is_ok_and(|text| text == stamp);
        if !fresh() {
            held.lock.unlock().unwrap();
            held.lock.lock().unwrap();
        }
        let whole = fresh();
        if whole {
            held.share();
        }
        (held, folder.clone(), whole)
    }

    pub fn share(&self) {
        self.lock.lock_shared().unwrap();
    }

    pub fn done(&self) {
        std::fs::write(self.folder.join(".stamp"), &self.stamp).unwrap();
    }
}

/// A small generator with a fixed seed (xorshift64*): the same cases on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % below
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// Writes a new file: the old one may be shared with the undamaged original.
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    std::fs::write(path, text).unwrap();
}

/// What happens to a file in a cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Damage {
    Gone,
    Empty,
    /// One byte is another.
    Flipped,
    Truncated,
    Garbage,
}

pub const DAMAGES: [Damage; 5] = [Damage::Gone, Damage::Empty, Damage::Flipped, Damage::Truncated, Damage::Garbage];

/// Damages a file; `at`: the byte that is flipped, counted on from the beginning where the file is shorter. Says whether anything changed.
pub fn damage(path: &Path, what: Damage, at: usize) -> bool {
    let mut bytes = std::fs::read(path).unwrap();
    let before = bytes.clone();
    match what {
        Damage::Gone => {
            std::fs::remove_file(path).unwrap();
            return true;
        }
        Damage::Empty => bytes.clear(),
        Damage::Flipped => match bytes.len() {
            0 => bytes.push(1),
            length => bytes[at % length] ^= 0x55,
        },
        Damage::Truncated => bytes.truncate(bytes.len() / 3),
        Damage::Garbage => bytes = b"no such thing".to_vec(),
    }
    let changed = bytes != before;
    write(path, bytes);
    changed
}

/// A copy whose files are shared with the original until they are replaced.
pub fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let output = Command::new("cp").arg("-al").arg(from).arg(to).output().expect("cp runs");
    assert!(output.status.success(), "cp: {}", String::from_utf8_lossy(&output.stderr));
}

/// The files below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() { open.push(entry.path()) } else { out.push(entry.path()) }
        }
    }
    out.sort();
    out
}

pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"))
}

pub fn must(command: &mut Command) {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?} failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The environment of this process with some variables set.
pub fn homes(set: &[(&str, &Path)]) -> Homes {
    let mut variables: BTreeMap<String, String> = std::env::vars().collect();
    for (name, value) in set {
        variables.insert((*name).to_owned(), value.to_str().unwrap().to_owned());
    }
    Homes::from_variables(variables)
}

/// The triple that rustc builds for.
pub fn host() -> String {
    let output = run(Command::new("rustc").arg("-vV"));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

pub fn survey(root: &Path, homes: Homes) -> Arc<Survey> {
    let options = Options { homes, ..Options::default() };
    Inventory::new(root, options).survey(&NoMemory, &|| false)
}

/// What the tool said, and what of it we must know better.
pub struct Verdict {
    /// The tool's own offline run succeeded, with everything it would have installed online.
    pub passes: bool,
    /// Damage that the tool does not notice: names of the packages.
    pub silent: Vec<String>,
    /// Damage that was done, by name: of these, those that the target needs must be named.
    pub damaged: Vec<String>,
    pub output: String,
}

/// The differences between the survey and the judge, in words; none where they agree.
pub fn differences(survey: &Survey, verdict: &Verdict) -> Vec<String> {
    let mut out = Vec::new();
    let bad: Vec<&contract::Artifact> = survey
        .artifacts
        .iter()
        .filter(|artifact| !artifact.other_target && artifact.state != ArtifactState::Present)
        .collect();
    let expected = verdict.passes && verdict.silent.is_empty();
    match (survey.readiness.state, expected) {
        (ReadinessState::Ready, true) | (ReadinessState::Incomplete, false) => {}
        (state, _) => out.push(format!("expected ready = {expected}, the survey says {state:?}")),
    }
    if !verdict.passes && verdict.damaged.len() == 1 && !bad.iter().any(|artifact| artifact.name == verdict.damaged[0])
    {
        out.push(format!("the judge fails for {}, which is not named", verdict.damaged[0]));
    }
    for name in &verdict.silent {
        if !bad.iter().any(|artifact| artifact.name == *name && artifact.state == ArtifactState::Corrupt) {
            out.push(format!("{name} is damaged and not said to be corrupt"));
        }
    }
    for artifact in bad {
        if !verdict.damaged.is_empty() && !verdict.damaged.contains(&artifact.name) && artifact.name != "registry index"
        {
            out.push(format!(
                "{} was not damaged and is said to be {:?}: {}",
                artifact.name, artifact.state, artifact.evidence
            ));
        }
    }
    out
}

/// Counts cases and differences, prints each difference, and fails at the end where there was one.
#[derive(Default)]
pub struct Tally {
    pub cases: usize,
    /// Cases of which the usual run takes every fifth.
    asked: usize,
    /// The case that is judged next was asked for with [`Tally::case`].
    taken: bool,
    left_out: usize,
    pub passed: usize,
    pub differences: Vec<String>,
}

impl Tally {
    /// Whether the next case is left out: four of five are, where `HOLDOVER_JUDGE_CASES` does not ask for all. Always the same.
    pub fn leaves_out(&mut self) -> bool {
        if std::mem::take(&mut self.taken) {
            return false;
        }
        self.asked += 1;
        let out = self.asked % 5 != 1 && std::env::var_os("HOLDOVER_JUDGE_CASES").is_none();
        self.left_out += usize::from(out);
        out
    }

    /// What the next case is made of, unless it is left out: then nothing is copied for it.
    pub fn case<T>(&mut self, make: impl FnOnce() -> T) -> Option<T> {
        if self.leaves_out() {
            return None;
        }
        self.taken = true;
        Some(make())
    }

    pub fn add(&mut self, case: &str, survey: &Survey, verdict: &Verdict) {
        self.cases += 1;
        self.passed += usize::from(verdict.passes);
        for difference in differences(survey, verdict) {
            let problems: Vec<_> =
                survey.readiness.ecosystems.iter().filter_map(|ecosystem| ecosystem.problem.clone()).collect();
            let line = format!("{case}: {difference}; problems {problems:?}; the judge: {}", verdict.output.trim());
            println!("DIFFERENCE {line}");
            self.differences.push(line);
        }
    }

    pub fn finish(self, judge: &str, least: usize) {
        let (cases, out) = (self.cases, self.left_out);
        println!(
            "{judge}: {cases} cases, {} of them pass, {} differences; {out} left out",
            self.passed,
            self.differences.len()
        );
        assert!(cases + out >= least, "only {cases} cases ran, and {out} were left out");
        assert!(self.passed > 0 && self.passed < self.cases, "the judge must say both yes and no");
        assert!(self.differences.is_empty(), "{:#?}", self.differences);
    }
}
