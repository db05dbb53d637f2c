//! Readiness of the large project, beside the tools' own nearest commands and the hash's own speed, in one run.
//! Needs what `fixtures/generate/large.sh DEST` prints: HOLDOVER_FIXTURE, CARGO_HOME, npm_config_cache.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark may stop and print"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use holdover_inventory::{Ground, Inventory, Memory, NoMemory, Options};
use sha2::Digest;
use std::collections::HashMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Kept(Mutex<HashMap<String, Vec<u8>>>);

impl Memory for Kept {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let kept = self.0.lock().unwrap();
        keys.iter().map(|key| kept.get(key).cloned()).collect()
    }

    fn put_many(&self, entries: Vec<(String, Vec<u8>)>) {
        self.0.lock().unwrap().extend(entries);
    }
}

fn fastest(times: usize, mut job: impl FnMut()) -> Duration {
    (0..times)
        .map(|_| {
            let begun = Instant::now();
            job();
            begun.elapsed()
        })
        .min()
        .unwrap()
}

fn readiness(c: &mut Criterion) {
    let root = PathBuf::from(std::env::var_os("HOLDOVER_FIXTURE").expect("set what fixtures/generate/large.sh prints"));
    let options = Options::default;
    let memory = Kept::default();
    let survey = Inventory::new(&root, options()).survey(&memory, &|| false);
    println!("artifacts {}, {:?}", survey.artifacts.len(), survey.readiness.state);

    let mut group = c.benchmark_group("readiness");
    group.sample_size(20);
    group.bench_function("first", |b| {
        b.iter(|| black_box(Inventory::new(&root, options()).survey(&NoMemory, &|| false)));
    });
    // All checksums remembered too, as after one verification in the background.
    let mut warm = Inventory::new(&root, options());
    warm.survey(&memory, &|| false);
    warm.deepen(&memory, &|| false, &|_, _| ());
    group.bench_function("remembered", |b| {
        b.iter(|| black_box(Inventory::new(&root, options()).survey(&memory, &|| false)));
    });
    group.bench_function("nothing changed", |b| b.iter(|| black_box(warm.survey(&memory, &|| false))));
    // As in an editor's server, which watches every folder in which the files lie.
    assert_eq!(warm.watched(&mut |folder| folder.is_dir()), Ground::Watched);
    group.bench_function("nothing changed, watched", |b| {
        b.iter(|| black_box(warm.survey_while(true, &memory, &|| false)));
    });
    group.bench_function("deep", |b| {
        b.iter(|| black_box(warm.verification(true).run(&NoMemory, &|| false, &|_, _| ())));
    });
    group.finish();

    let first = fastest(10, || drop(Inventory::new(&root, options()).survey(&NoMemory, &|| false)));
    let remembered = fastest(10, || drop(Inventory::new(&root, options()).survey(&memory, &|| false)));
    let unchanged = fastest(20, || drop(warm.survey(&memory, &|| false)));
    let watched = fastest(20, || drop(warm.survey_while(true, &memory, &|| false)));
    let tool = |program: &str, arguments: &[&str]| {
        fastest(3, || {
            let output = Command::new(program).args(arguments).current_dir(&root).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        })
    };
    let target = survey.readiness.target.clone();
    let cargo = tool("cargo", &["fetch", "--locked", "--offline", "--target", &target]);
    let npm = tool("npm", &["ci", "--offline", "--ignore-scripts", "--dry-run"]);
    println!("first {first:?}, remembered {remembered:?}, nothing changed {unchanged:?}, watched {watched:?}");
    println!("cargo fetch --offline {cargo:?}, npm ci --offline --dry-run {npm:?}");
    println!("both tools / first: {:.1}", (cargo + npm).as_secs_f64() / first.as_secs_f64());

    // The hash's own speed: the same bytes, already in memory, on all cores.
    let work = warm.verification(true);
    let deep = fastest(5, || {
        black_box(work.run(&NoMemory, &|| false, &|_, _| ()));
    });
    let (mut small, mut large) = (0, 0);
    for artifact in survey.artifacts.iter().filter(|artifact| artifact.bytes.is_some()) {
        *(if artifact.ecosystem == "cargo" { &mut small } else { &mut large }) += artifact.bytes.unwrap();
    }
    // npm's descriptions, where the lockfile has no addresses.
    large += work.bytes().saturating_sub(small + large);
    let cores = std::thread::available_parallelism().unwrap().get();
    let block = vec![0x5a; 1 << 20];
    let spin = |bytes: u64, hash: &(dyn Fn(&[u8]) + Sync)| {
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| (0..bytes.div_ceil((cores as u64) << 20)).for_each(|_| hash(&block)));
            }
        });
    };
    let raw = fastest(5, || {
        spin(small, &|block| {
            black_box(sha2::Sha256::digest(block));
        });
        spin(large, &|block| {
            black_box(sha2::Sha512::digest(block));
        });
    });
    println!(
        "deep {deep:?} for {:.1} MB, the hashes alone {raw:?}: {:.2} of their speed",
        work.bytes() as f64 / 1e6,
        raw.as_secs_f64() / deep.as_secs_f64()
    );
}

criterion_group!(benches, readiness);
criterion_main!(benches);
