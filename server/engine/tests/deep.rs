//! What goes deep inside a cache, where no folder that is watched by name would tell of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop")]

use contract::ReadinessState;
use holdover_engine::{Engine, EngineOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// The SHA-512 of `tarball ms`, as npm's lockfile and as its cache write it.
const INTEGRITY: &str =
    "sha512-51jhEILq5WOmyi7jLii0LNecViz7go+8Ie4YKcGsAVKI1knCQIedcbGaV3UIfyfa24CSVd798F7DU9XO65s4CQ==";
const PLACE: &str = "e7/58/e11082eae563a6ca2ee32e28b42cd79c562cfb828fbc21ee1829c1ac015288d649c240879d71b19a5775087f27dadb809255defdf05ec353d5ceeb9b3809";

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Waits for a state, woken by the engine's notices; says how long it took.
fn until(engine: &Engine, root: &Path, wanted: ReadinessState, limit: Duration) -> Duration {
    let notices = engine.notices();
    let began = Instant::now();
    while engine.status(root).readiness.state != wanted {
        let left = limit.saturating_sub(began.elapsed());
        notices.recv_timeout(left).expect("told in time");
    }
    began.elapsed()
}

#[test]
fn a_file_that_goes_deep_in_npms_cache_is_missed_within_two_seconds_and_without_any_other_event() {
    let folder = tempfile::tempdir().unwrap();
    let (root, cache) = (folder.path().join("workspace"), folder.path().join("npm"));
    write(&root.join("package.json"), r#"{ "name": "app", "dependencies": { "ms": "^2.0.0" } }"#);
    write(&root.join(".npmrc"), &format!("cache={}\n", cache.display()));
    let lockfile = r#"{ "name": "app", "lockfileVersion": 3, "packages": {
        "": { "name": "app", "dependencies": { "ms": "^2.0.0" } },
        "node_modules/ms": { "version": "2.1.3", "resolved": "https://registry.example/ms/-/ms-2.1.3.tgz", "integrity": "INTEGRITY" }
    } }"#;
    write(&root.join("package-lock.json"), &lockfile.replace("INTEGRITY", INTEGRITY));
    let tarball = cache.join("_cacache/content-v2/sha512").join(PLACE);
    write(&tarball, "tarball ms");

    let data_dir = Some(folder.path().join("data"));
    let engine = Engine::new(EngineOptions { data_dir, background: true, ..EngineOptions::default() });
    engine.open_workspace(&root, None);
    until(&engine, &root, ReadinessState::Ready, Duration::from_mins(1));
    for _ in 0..3 {
        std::fs::remove_file(&tarball).unwrap();
        until(&engine, &root, ReadinessState::Incomplete, Duration::from_secs(2));
        // With its folders, which npm would make again.
        std::fs::remove_dir_all(cache.join("_cacache/content-v2/sha512")).unwrap();
        write(&tarball, "tarball ms");
        until(&engine, &root, ReadinessState::Ready, Duration::from_secs(10));
        std::fs::File::options().write(true).open(&tarball).unwrap().set_len(0).unwrap();
        until(&engine, &root, ReadinessState::Incomplete, Duration::from_secs(2));
        write(&tarball, "tarball ms");
        until(&engine, &root, ReadinessState::Ready, Duration::from_secs(10));
    }
    engine.shutdown();
}
