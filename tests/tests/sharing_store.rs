//! Two people with an object store between them, through the real command line: a note in conflict for both and settled for both,
//! with what real stores and what stands in front of them do wrong; how much is asked of it; and that no secret stays anywhere.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::desk::{Desk, let_in};
use holdover_tests::s3::{Conditions, Fault, S3};
use holdover_tests::said::{code, err, good, out};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Two people of whom the second was let in, both with leave to use the network.
fn pair() -> (Desk, Desk) {
    let (mut ann, mut bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    for desk in [&mut ann, &mut bob] {
        good(&desk.run(&["offline", "off"]));
        desk.environment = S3::environment();
    }
    (ann, bob)
}

fn shared(ann: &Desk, bob: &Desk, url: &str) {
    for desk in [ann, bob] {
        let added = good(&desk.run(&["remote", "add", "store", url]));
        assert!(added.contains("writable"), "{added}");
    }
}

fn write(desk: &Desk, text: &str) -> Value {
    desk.json(&["note", "add", "a.rs:1", "--shared", "-m", text]).1
}

/// A note, in conflict and settled.
fn exchange(ann: &Desk, bob: &Desk) {
    let id = write(ann, "one\ntwo\nthree")["id"].as_str().unwrap().to_owned();
    let (end, sent) = ann.sync();
    assert!(end == 0 && sent["sent"].as_u64().unwrap() >= 1 && sent["pending"] == 0, "{sent}");
    let (end, came) = bob.sync();
    assert!(end == 0 && came["received"].as_u64().unwrap() >= 1, "{came}");
    assert!(bob.bodies().contains(&"one\ntwo\nthree".to_owned()));
    ann.edit(&id, "one\nTWO\nthree");
    bob.edit(&id, "one\nzwei\nthree");
    assert_eq!((ann.sync().0, bob.sync().0, ann.sync().0), (0, 1, 1));
    assert_eq!((ann.conflicts(), bob.conflicts()), ((1, 1), (1, 1)));
    good(&bob.run(&["conflicts", "--resolve", "incoming", &format!("note:{}", &id[18..])]));
    assert_eq!((bob.sync().0, ann.sync().0), (0, 0));
    assert_eq!((ann.conflicts(), bob.conflicts()), ((0, 0), (0, 0)));
    assert_eq!(ann.bodies(), bob.bodies());
    for desk in [ann, bob] {
        good(&desk.run(&["journal", "verify"]));
    }
}

/// Until neither has anything new for the other.
fn settle(ann: &Desk, bob: &Desk) {
    for _ in 0..4 {
        assert_eq!((ann.sync().0, bob.sync().0), (0, 0));
    }
}

fn error(report: &Value) -> (String, String) {
    let error = &report["remotes"][0]["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (text("trouble"), text("detail"))
}

#[test]
fn a_conflict_is_settled_over_a_bucket_and_nothing_new_costs_one_request_and_uploads_nothing() {
    let (store, (ann, bob)) = (S3::start(), pair());
    shared(&ann, &bob, &store.url("team/ferry"));
    exchange(&ann, &bob);
    settle(&ann, &bob);
    for desk in [&ann, &bob, &ann] {
        let _ = store.asked();
        let (end, nothing) = desk.sync();
        assert!(end == 0 && nothing["sent"] == 0 && nothing["received"] == 0, "{nothing}");
        assert_eq!(store.asked(), (vec!["GET list team/ferry/heads/".to_owned()], 0));
    }
    // What one wrote costs the other as much as there is of it.
    write(&ann, "news");
    assert_eq!(ann.sync().0, 0);
    let _ = store.asked();
    assert_eq!(ann.sync().0, 0);
    assert_eq!(store.asked().0, ["GET list team/ferry/heads/"], "after what was put there itself, too");
    assert_eq!(bob.sync().0, 0);
    let (asked, _) = store.asked();
    let count = |what: &str| asked.iter().filter(|asked| asked.starts_with(what)).count();
    assert!(count("GET team/ferry/seg/") == 1 && count("GET list team/ferry/seg/") == 1, "{asked:?}");
    assert!(bob.bodies().contains(&"news".to_owned()));

    let (_, listed) = ann.json(&["remote", "list"]);
    assert_eq!(listed["remotes"][0]["kind"], "s3");
    let probed = good(&ann.run(&["remote", "probe", "store"]));
    assert!(probed.contains("refuses a second") && probed.contains("If-None-Match"), "{probed}");
    assert!(store.objects().keys().all(|key| !key.contains("probe")), "what it was tried out with is removed");
    // Offline means offline.
    good(&ann.run(&["offline", "on"]));
    let _ = store.asked();
    let refused = ann.run(&["sync"]);
    assert!(code(&refused) != 0 && err(&refused).contains("forced offline"), "{}{}", out(&refused), err(&refused));
    assert_eq!(store.asked().0.len(), 0);
    good(&ann.run(&["offline", "off"]));
    // What was kept of it goes with it.
    let kept = ann.folder.path().join("data/store");
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    let _ = ann.json(&["remote", "remove", "store"]);
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
}

#[test]
fn with_a_team_s_key_nothing_in_the_bucket_can_be_read_and_no_secret_stays_here() {
    let (store, (ann, bob)) = (S3::start(), pair());
    let key = ann.folder.path().join("team.key").to_string_lossy().into_owned();
    good(&ann.run(&["remote", "key", &key]));
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "store", &store.url("locked"), "--key", &key]));
    }
    exchange(&ann, &bob);
    settle(&ann, &bob);
    let _ = store.asked();
    assert_eq!(ann.sync().0, 0);
    assert_eq!(store.asked().0, ["GET list locked/heads/"]);
    let own = ann.json(&["device", "list"]).1.to_string();
    for (name, bytes) in store.objects() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("zwei") && !text.contains("Ann") && !own.contains(&name), "{name}");
        assert!(!name.contains("/seg/") || bytes.starts_with(b"HOLDENC"), "{name}");
    }
    // Neither in what is kept, nor in what is said, nor in a log.
    let said = ann.command(&["sync", "-v"]).env("HOLDOVER_LOG", "trace").output().unwrap();
    assert!(!(out(&said) + &err(&said)).contains("TESTSECRET"));
    let mut folders = vec![ann.folder.path().to_path_buf()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                looked += 1;
                let has = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!has(b"TESTSECRET") && !has(b"TESTKEY"), "{}", path.display());
            }
        }
    }
    assert!(looked > 5);
    let events = good(&ann.run(&["journal", "log", "--json"]));
    assert!(!events.contains("TESTSECRET") && !events.contains("TESTKEY"));
}

#[test]
fn a_store_that_cannot_keep_two_writers_apart_is_named_and_overwrites_nothing_all_the_same() {
    for (conditions, says) in [
        (Conditions::Ignored, "it ignores that something is to be put only where there is nothing"),
        (Conditions::Refused, "it refuses whatever is to be put only where there is nothing"),
        (Conditions::Unknown, "it cannot put something only where there is nothing"),
        (Conditions::NotAtomic, "that put an object of one name there at once, it let 8"),
    ] {
        let (store, (ann, bob)) = (S3::start(), pair());
        store.conditions(conditions);
        let added = good(&ann.run(&["remote", "add", "store", &store.url("x")]));
        assert!(
            added.contains(says) && added.contains("it lets one writer overwrite another"),
            "{conditions:?}: {added}"
        );
        good(&bob.run(&["remote", "add", "store", &store.url("x")]));
        write(&ann, "a note");
        assert_eq!((ann.sync().0, bob.sync().0, ann.sync().0), (0, 0, 0));
        assert_eq!(bob.bodies(), ["a note"], "{conditions:?}");
        let _ = store.asked();
        assert_eq!(ann.sync().0, 0);
        assert_eq!(store.asked().0.len(), 1, "{conditions:?}");
        // What somebody damaged there is not put over: the segment is put beside it.
        write(&ann, "beside");
        assert_eq!(ann.sync().0, 0);
        let name = store.objects().into_keys().filter(|key| key.starts_with("x/seg/2-")).max().unwrap();
        store.change(|objects| drop(objects.insert(name.clone(), b"damaged".to_vec())));
        assert_eq!(ann.json(&["sync", "--deep"]).0, 0, "{conditions:?}");
        assert_eq!(store.objects()[&name], b"damaged", "{conditions:?}");
        assert!(store.objects().contains_key(&name.replace(".seg", ".2.seg")), "{conditions:?}");
    }
}

#[test]
fn what_goes_wrong_is_classed_and_named_nothing_is_lost_and_the_next_synchronisation_goes_on() {
    let (store, (ann, bob)) = (S3::start(), pair());
    shared(&ann, &bob, &store.url("x"));
    settle(&ann, &bob);
    let far = "date: Sun, 01 Jan 2023 00:00:00 GMT";
    let cases: [(&str, &str, Fault, u32, &str, &str); 17] = [
        ("GET list", "heads", Fault::Status(503, "SlowDown", "retry-after: 7"), 99, "retry", "after 7 s"),
        ("PUT", "seg", Fault::Status(500, "InternalError", ""), 99, "retry", "status 500"),
        ("PUT", "seg", Fault::CutBefore, 99, "retry", "is not reached"),
        ("GET list", "", Fault::CutInside, 99, "retry", "broke off"),
        ("GET list", "", Fault::Portal("text/html"), 99, "retry", "something else answered"),
        ("GET list", "", Fault::Portal("application/xml"), 99, "retry", "something else answered"),
        ("PUT", "seg", Fault::Portal("text/html"), 99, "retry", "something else answered"),
        ("GET", "FORMAT", Fault::Portal("text/html"), 99, "retry", "something else answered"),
        (
            "GET list",
            "",
            Fault::Status(302, "", "location: http://portal.example/"),
            99,
            "retry",
            "something else answered",
        ),
        (
            "GET list",
            "",
            Fault::Status(301, "PermanentRedirect", "x-amz-bucket-region: eu-south-9"),
            9,
            "auth",
            "eu-south-9",
        ),
        ("PUT", "", Fault::Status(403, "AccessDenied", ""), 99, "auth", "does not allow it"),
        ("GET", "", Fault::Status(403, "RequestTimeTooSkewed", far), 99, "auth", "the clock of this machine differs"),
        ("GET", "", Fault::Status(403, "InvalidAccessKeyId", ""), 99, "auth", "InvalidAccessKeyId"),
        ("GET", "", Fault::Status(404, "NoSuchBucket", ""), 99, "auth", "there is no bucket"),
        ("PUT", "seg", Fault::Status(403, "QuotaExceeded", ""), 99, "quota", "no room left"),
        ("PUT", "seg", Fault::Status(507, "InsufficientStorage", ""), 99, "quota", "no room left"),
        ("GET list", "", Fault::Flood, 99, "integrity", "longer than any"),
    ];
    for (n, (method, has, fault, times, class, says)) in cases.into_iter().enumerate() {
        let told = format!("{n}: {method} {has} {fault:?}");
        write(&ann, &format!("note {n}"));
        store.fails(method, has, fault, times);
        let (end, failed) = ann.sync();
        let (trouble, detail) = error(&failed);
        assert!(end == 1 && failed["pending"].as_u64().unwrap() > 0, "{told}: {failed}");
        assert!(trouble == class && detail.contains(says) && detail.contains("hint: "), "{told}: {trouble}: {detail}");
        assert!(!detail.contains("TESTSECRET") && !detail.contains("TESTKEY"), "{detail}");
        let _ = store.heals();
        let (end, sent) = ann.sync();
        assert!(end == 0 && sent["pending"] == 0, "{told}: {sent}");
        assert_eq!(bob.sync().0, 0, "{told}");
        assert!(bob.bodies().contains(&format!("note {n}")), "{told}");
    }
    // These are dealt with at once.
    for (n, (method, has, fault, times)) in [
        ("PUT", "seg", Fault::CutAfter, 1),
        ("PUT", "heads", Fault::CutAfter, 1),
        ("GET", "", Fault::Status(503, "SlowDown", ""), 2),
        ("PUT", "seg", Fault::Status(503, "SlowDown", ""), 2),
        ("PUT", "seg", Fault::Status(409, "ConditionalRequestConflict", ""), 2),
        ("GET list", "heads", Fault::Stale, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let told = format!("{n}: {method} {has} {fault:?}");
        write(&ann, &format!("late {n}"));
        store.fails(method, has, fault, times);
        let (end, sent) = ann.sync();
        assert!(end == 0 && sent["pending"] == 0, "{told}: {sent}");
        assert_eq!(store.heals(), 0, "{told}: it did not come to that");
        assert_eq!(bob.sync().0, 0, "{told}");
        assert!(bob.bodies().contains(&format!("late {n}")), "{told}");
    }
    settle(&ann, &bob);
    for desk in [&ann, &bob] {
        good(&desk.run(&["journal", "verify"]));
    }
}

#[test]
fn what_comes_damaged_late_or_not_at_all_is_named_and_comes_with_the_next_look() {
    let (store, (ann, bob)) = (S3::start(), pair());
    shared(&ann, &bob, &store.url("x"));
    settle(&ann, &bob);
    // A bit of a segment, on its way.
    write(&ann, "flipped");
    assert_eq!(ann.sync().0, 0);
    store.fails("GET", "seg/", Fault::Flipped, 99);
    let (end, damaged) = bob.sync();
    assert!(end == 1 && damaged["rejected"].as_u64().unwrap() >= 1, "{damaged}");
    let _ = store.heals();
    assert_eq!(bob.json(&["sync", "--deep"]).0, 0);
    assert!(bob.bodies().contains(&"flipped".to_owned()));
    // A list that is behind the hint: asked again the next time, although no hint changed.
    write(&ann, "stale");
    assert_eq!(ann.sync().0, 0);
    let newest = store.objects().into_keys().filter(|key| key.starts_with("x/seg/2-")).max().unwrap();
    let bytes = store.objects()[&newest].clone();
    store.change(|objects| drop(objects.remove(&newest)));
    let (end, missing) = bob.sync();
    assert!(end == 1 && missing["remotes"][0]["missing"].as_array().unwrap().len() == 1, "{missing}");
    store.change(|objects| drop(objects.insert(newest.clone(), bytes)));
    assert_eq!(bob.sync().0, 0);
    assert!(bob.bodies().contains(&"stale".to_owned()));
    settle(&ann, &bob);
    // The remote lost everything but its hints and says nothing of it: whoever looks closely puts it there again, and tells the others.
    let before = store.objects();
    store.change(|objects| objects.retain(|key, _| !key.contains("/seg/")));
    let (end, healed) = bob.json(&["sync", "--deep"]);
    assert!(end == 0 && healed["remotes"][0]["healed"].as_u64().unwrap() >= 1, "{healed}");
    assert!(before.keys().all(|key| store.objects().contains_key(key)), "all of it is there again");
    let _ = store.asked();
    assert_eq!(ann.sync().0, 0);
    let asked = store.asked().0;
    assert!(asked.contains(&"GET list x/seg/".to_owned()), "the hint of a device has everything listed: {asked:?}");
    // Another remote in its place, and none.
    store.change(|objects| objects.retain(|key, _| key.ends_with("FORMAT.json")));
    assert_eq!(ann.sync().0, 0, "an empty one is filled again");
    store.change(BTreeMap::clear);
    let (end, gone) = bob.sync();
    let (trouble, detail) = error(&gone);
    assert!(end == 1 && trouble == "integrity" && detail.contains("nothing of Holdover's any more"), "{gone}");
    let cy = Desk::new("Cy");
    good(&cy.run(&["offline", "off"]));
    let cy = Desk { environment: S3::environment(), ..cy };
    good(&cy.run(&["remote", "add", "store", &store.url("x")]));
    let (end, other) = ann.sync();
    assert!(end == 1 && error(&other).1.contains("another remote than the one that was added"), "{other}");
    assert!(store.objects().keys().all(|key| !key.contains("/seg/")), "nothing was written to it");
}

#[test]
fn a_hostile_or_silent_store_is_left_in_bounded_time_and_memory() {
    let (store, (ann, bob)) = (S3::start(), pair());
    shared(&ann, &bob, &store.url("x"));
    write(&ann, "a note");
    assert_eq!((ann.sync().0, bob.sync().0), (0, 0));
    for fault in [Fault::Endless, Fault::Flood] {
        store.fails("GET list", "", fault.clone(), 1_000_000);
        let (end, refused) = bob.sync();
        assert!(end == 1 && error(&refused).0 == "integrity", "{fault:?}: {refused}");
        let _ = store.heals();
    }
    // Objects that are none of ours, too long, or called so that nothing may be made of it.
    let log = store.objects().into_keys().find(|key| key.starts_with("x/seg/2-")).unwrap();
    let folder = log.rsplit_once('/').unwrap().0.to_owned();
    store.change(|objects| {
        for name in ["x/seg/readme.txt", "x/seg/../../x", "x/heads/%2e%2e", "x/heads/readme", "x/seg/2-zz/1.seg"] {
            objects.insert(name.to_owned(), b"x".to_vec());
        }
        let long = format!("{folder}/{:020}-{:020}-{}.seg", 900, 901, "0".repeat(32));
        objects.insert(long, vec![0; 9 << 20]);
    });
    let (end, odd) = bob.json(&["sync", "--deep"]);
    assert_eq!(end, 1, "{odd}");
    let text = odd.to_string();
    assert!(text.contains("longer than a segment may be") || text.contains("waits"), "{odd}");
    assert!(text.contains("readme.txt"), "passed over, and named: {odd}");
    assert_eq!(bob.bodies(), ["a note"]);
    // One that says nothing is left when somebody asks for it.
    store.fails("GET list", "", Fault::Hangs, 1_000_000);
    let begun = Instant::now();
    let _ = store.asked();
    let mut waits = bob.command(&["sync"]).spawn().unwrap();
    while store.asked().0.is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = std::process::Command::new("kill").args(["-INT", &waits.id().to_string()]).status().unwrap();
    assert!(ended.success());
    assert!(!waits.wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    // Who asks for us ends when we are killed.
    let mut killed = bob.command(&["sync"]).spawn().unwrap();
    let begun = Instant::now();
    while store.asked().0.is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(20));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let begun = Instant::now();
    let own = store.url("").split_once("endpoint=").unwrap().1.to_owned();
    while asking(&own) {
        assert!(begun.elapsed() < Duration::from_mins(1), "it asks on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a program still asks that store.
fn asking(endpoint: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.contains("holdover-store") && line.contains(endpoint)
    })
}

#[test]
fn what_lacks_to_use_a_store_is_said_and_other_kinds_are_named_as_never_tried() {
    let (store, mut ann) = (S3::start(), Desk::new("Ann"));
    good(&ann.run(&["offline", "off"]));
    let refused = |ann: &Desk, url: &str, end: i32, says: &str| {
        let refused = ann.run(&["remote", "add", "other", url]);
        let said = err(&refused);
        assert!(
            code(&refused) == end && said.contains(says) && said.contains("hint: "),
            "{url}: {}{said}",
            out(&refused)
        );
        assert!(!said.contains("hush"), "{said}");
    };
    let nothing = ("AWS_CONFIG_FILE", "/nonexistent".to_owned());
    ann.environment = vec![nothing.clone(), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent".to_owned())];
    ann.environment.push(("HOME", "/nonexistent".to_owned()));
    refused(&ann, &store.url("x"), 1, "there are no credentials for S3");
    refused(&ann, "gs://bucket/x", 1, "there are no credentials for Google");
    refused(&ann, "az://bucket/x", 1, "there are no credentials for Azure");
    assert_eq!(store.asked().0.len(), 0, "nobody was asked");
    refused(&ann, "s3://bucket/x?endpoint=http://s3.example.org", 2, "neither encrypted nor proves who answers");
    refused(&ann, "s3://KEY:hush@bucket/x", 2, "cannot stand in the address of a bucket");
    refused(&ann, "s3://bucket/x?secret=hush", 2, "cannot stand in the address of a bucket");
    // A profile, as Amazon's own command line keeps it.
    let file = ann.folder.path().join("credentials");
    std::fs::write(&file, "[team]\naws_access_key_id = K\naws_secret_access_key = hush\n").unwrap();
    ann.environment[1].1 = file.display().to_string();
    refused(&ann, &store.url("x"), 1, "there are no credentials for S3");
    ann.environment.push(("AWS_PROFILE", "team".to_owned()));
    // What the endpoint of the environment says is asked, where the address names none.
    let (_, endpoint) = store.url("x").split_once("endpoint=").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    ann.environment.push(("AWS_ENDPOINT_URL", endpoint));
    good(&ann.run(&["remote", "add", "store", "s3://bucket/x"]));
    assert!(store.objects().contains_key("x/FORMAT.json"));
    // No server of Google's was ever there: said, whatever answers.
    ann.environment.push(("GOOGLE_BEARER_TOKEN", "hush".to_owned()));
    let added = good(&ann.run(&["remote", "add", "google", &store.as_google("g")]));
    assert!(added.contains("unverified: Holdover was never tried") && added.contains("refuses a second"), "{added}");
    write(&ann, "to both");
    assert_eq!(ann.sync().0, 0);
    assert!(store.objects().keys().any(|key| key.starts_with("g/seg/")));
    store.change(|objects| drop(objects.insert("y/holiday.jpg".to_owned(), b"x".to_vec())));
    refused(&ann, "s3://bucket/y", 1, "there are other objects in it: holiday.jpg");
    refused(&ann, "s3://nobucket-of-ours/y?endpoint=http://127.0.0.1:1", 1, "is not reached");
}
