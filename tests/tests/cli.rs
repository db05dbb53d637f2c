//! The command line on a real project: what it says, how it ends, and what it leaves alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::Value;
use std::process::Output;

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

/// Two crates and one npm package fewer, one of the crates damaged.
fn damage(fixture: &Fixture) {
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    std::fs::write(fixture.crate_file("memchr"), b"not a crate").unwrap();
    std::fs::remove_file(fixture.npm_file("node_modules/ms")).unwrap();
}

#[test]
fn a_project_with_full_caches_is_ready_and_exit_code_is_0() {
    let fixture = Fixture::small();
    let preflight = fixture.holdover(&["preflight", "--json"]);
    let report = json(&preflight);
    assert_eq!(report["readiness"]["state"], "ready", "{report:#}");
    assert_eq!(report["readiness"]["present"], report["readiness"]["total"]);
    assert_eq!(report["readiness"]["verified"], report["readiness"]["total"], "a small cache is verified at once");
    assert_eq!(report["artifacts"].as_array().unwrap().len(), 0);
    assert_eq!(code(&preflight), 0);
    let status = json(&fixture.holdover(&["status", "--json"]));
    let total = report["readiness"]["total"].as_u64().unwrap();
    assert_eq!(status["text"], format!("offline: {total} of {total}"));
}

#[test]
fn conflicts_are_left_untouched_where_the_choice_does_not_apply_and_errors_have_codes_of_their_own() {
    let fixture = Fixture::small();
    let at = |name: &str| fixture.workspace().join(name);
    let both = "<<<<<<< a\r\nx\r\n=======\r\ny\r\n>>>>>>> b\r\n";
    let diff3 = "<<<<<<< a\nx\n||||||| o\nz\n=======\ny\n>>>>>>> b\n";
    let text = format!("na\u{ef}ve\n{both}{diff3}");
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    std::fs::write(at("latin.txt"), &latin).unwrap();
    let listed = json(&fixture.holdover(&["conflicts", "--json"]));
    assert_eq!(listed["files"][0]["regions"].as_array().unwrap().len(), 2);
    let dry = fixture.holdover(&["conflicts", "--resolve", "both", "--dry-run"]);
    assert_eq!((code(&dry), std::fs::read(at("latin.txt")).unwrap()), (0, latin.clone()));
    let based = fixture.holdover(&["conflicts", "--resolve", "base", "latin.txt"]);
    assert_eq!(code(&based), 1, "one has no common ancestor: {}", out(&based));
    assert!(out(&based).contains("latin.txt:2: merge conflict between a and b; it has no base"), "{}", out(&based));
    let expected = latin.len() - diff3.len();
    assert_eq!(std::fs::read(at("latin.txt")).unwrap(), [&latin[..expected], b"z\n"].concat());
    assert_eq!(code(&fixture.holdover(&["conflicts", "nowhere"])), 2);
    assert_eq!(code(&fixture.holdover(&["conflicts", "--dry-run"])), 2);
    let git = |arguments: &[&str]| fixture.command(std::path::Path::new("git")).args(arguments).output().unwrap();
    assert_eq!(code(&git(&["init", "-q"])), 0);
    std::fs::write(at("example.md"), both).unwrap();
    let all = fixture.holdover(&["conflicts", "--resolve", "both", "--json"]);
    assert_eq!(json(&all)["files"].as_array().map(Vec::len), Some(0), "no merge of git's left any of these");
    assert!(err(&all).contains("for git holds no conflict in it"), "{}", err(&all));
    assert_eq!(std::fs::read_to_string(at("example.md")).unwrap(), both);
    std::fs::remove_file(at("example.md")).unwrap();
    std::fs::write(at("latin.txt"), b"no conflict").unwrap();
    std::fs::write(at("binary"), b"\0<<<<<<< a").unwrap();
    assert_eq!(code(&fixture.holdover(&["conflicts"])), 0, "a binary file that nobody named is no matter");
    let named = fixture.holdover(&["conflicts", "binary"]);
    assert_eq!(code(&named), 3);
    assert!(err(&named).contains("this file is not text"), "{}", err(&named));
}

#[test]
fn neither_the_labels_of_a_conflict_nor_the_names_of_files_steer_the_terminal() {
    let fixture = Fixture::small();
    let steers = "\u{1b}]0;title\u{7}\u{9b}8m\u{1b}[2J";
    let file = fixture.workspace().join(format!("a{steers}.txt"));
    std::fs::write(&file, format!("<<<<<<< {steers}\na\n=======\nb\n>>>>>>> x{steers}\n")).unwrap();
    std::fs::write(fixture.workspace().join(format!("b{steers}.txt")), "<<<<<<< a\n").unwrap();
    let name = file.to_str().unwrap();
    for arguments in [&["conflicts"][..], &["conflicts", "--suggest"], &["conflicts", "--resolve", "base", name]] {
        let told = fixture.holdover(&[arguments, &["--color", "always"]].concat());
        let text = out(&told) + &err(&told);
        assert!(text.contains("merge conflict between"), "{text:?}");
        let plain = ["31", "33", "39", "0", "1"]
            .iter()
            .fold(text.clone(), |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert!(plain != text && !plain.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?}: {plain:?}");
    }
}

#[test]
fn auto_resolves_what_has_a_trusted_merge_and_leaves_every_other_byte() {
    let fixture = Fixture::small();
    let file = fixture.workspace().join("a.rs");
    let imports = "<<<<<<< a\nuse std::io;\n||||||| o\n=======\nuse std::path::Path;\n>>>>>>> b\n";
    let indented = "<<<<<<< a\n        call(one);\n||||||| o\n    call(one);\n=======\n    call(dos);\n>>>>>>> b\n";
    let members = "<<<<<<< a\nfn b() {}\n||||||| o\n=======\nfn c() {}\n>>>>>>> b\n";
    let touching = "<<<<<<< a\nconst A: u8 = 1;\n||||||| o\nconst A: u8 = 0;\n=======\nconst A: u8 = 2;\n>>>>>>> b\n";
    let text = format!("use std::fmt;\n{imports}\nfn a() {{\n{indented}}}\n{members}{touching}// end");
    std::fs::write(&file, &text).unwrap();
    let dry = fixture.holdover(&["conflicts", "a.rs", "--resolve", "auto", "--dry-run"]);
    assert_eq!((code(&dry), std::fs::read_to_string(&file).unwrap()), (1, text.clone()), "nothing is written");
    for told in [
        "would resolve 1 merge conflict",
        "suggested merge, look before you take it: each side added imports, of different names (imports, ",
        "  current   | use std::io;\n  incoming  | use std::path::Path;",
        "  incoming  |         call(dos);\n  current   -         call(one);",
        "suggested merge, look before you take it: each side added declarations at the same place",
        "; no merge is suggested",
    ] {
        assert!(out(&dry).contains(told), "{told}\n{}", out(&dry));
    }
    let suggested = json(&fixture.holdover(&["conflicts", "a.rs", "--suggest", "--json"]));
    let kinds: Vec<_> =
        suggested["files"][0]["regions"].as_array().unwrap().iter().map(|r| r["suggestion"]["kind"].clone()).collect();
    assert_eq!(kinds, [Value::from("imports"), "indent".into(), "members".into(), Value::Null]);
    let auto = fixture.holdover(&["conflicts", "a.rs", "--resolve", "auto", "--json"]);
    assert_eq!(code(&auto), 1, "conflicts are left");
    let told = json(&auto)["files"][0].clone();
    assert_eq!((&told["resolved"], told["merged"].as_array().unwrap().len()), (&1.into(), 1));
    assert_eq!(told["regions"][0]["suggestion"]["oneClick"], false);
    let expected = format!("use std::fmt;\n{imports}\nfn a() {{\n        call(dos);\n}}\n{members}{touching}// end");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    std::fs::write(&file, format!("fn a() {{\n{indented}}}\n")).unwrap();
    assert_eq!(code(&fixture.holdover(&["conflicts", "a.rs", "--resolve", "auto"])), 0, "none is left");
}

#[test]
fn what_is_missing_is_named_fetched_and_green_and_every_step_is_in_the_journal() {
    let fixture = Fixture::small();
    let total = json(&fixture.holdover(&["preflight", "--json"]))["readiness"]["total"].as_u64().unwrap();
    damage(&fixture);

    let preflight = fixture.holdover(&["preflight"]);
    assert_eq!(code(&preflight), 1);
    let text = out(&preflight);
    for line in ["missing itoa 1.", "corrupt memchr 2.", "missing ms 2.", "needed by: "] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    let status = json(&fixture.holdover(&["status", "--json"]));
    assert_eq!(status["text"], format!("offline: {} of {total}", total - 3));

    let untrusted = fixture.holdover(&["preflight", "--fetch"]);
    assert_eq!(code(&untrusted), 1);
    assert!(err(&untrusted).contains("not trusted") && err(&untrusted).contains("hint:"), "{}", err(&untrusted));
    assert!(!fixture.npm_file("node_modules/ms").exists(), "nothing ran");

    let dry = json(&fixture.holdover(&["preflight", "--fetch", "--dry-run", "--json"]));
    assert_eq!(dry["fetch"]["steps"].as_array().unwrap().len(), 2, "{dry:#}");
    assert_eq!(dry["fetch"]["steps"][0]["unsizedArtifacts"], 2, "{dry:#}");
    let told = out(&fixture.holdover(&["preflight", "--fetch", "--dry-run"]));
    assert!(told.contains(": 2 artifacts, of a size that no lockfile says"), "{told}");
    assert!(!fixture.npm_file("node_modules/ms").exists(), "nothing ran");

    assert_eq!(code(&fixture.holdover(&["trust"])), 0);
    let fetched = fixture.holdover(&["preflight", "--fetch", "--json"]);
    let report = json(&fetched);
    assert_eq!(report["readiness"]["state"], "ready", "{report:#}");
    assert_eq!(report["fetch"]["state"], "done");
    assert_eq!(report["fetch"]["fetched"].as_array().unwrap().len(), 3, "{report:#}");
    assert_eq!(code(&fetched), 0);
    assert!(!fixture.workspace().join("node_modules").exists(), "a fetch leaves the working tree alone");

    let log = out(&fixture.holdover(&["journal", "log", "--json"]));
    let kinds: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    let wanted = ["trust.given", "fetch.asked", "fetch.finished"];
    let found: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| wanted.contains(kind)).collect();
    assert_eq!(found, wanted, "{kinds:?}");
}

#[test]
fn forced_offline_refuses_a_fetch_and_says_how_to_undo_it() {
    let fixture = Fixture::small();
    damage(&fixture);
    fixture.holdover(&["trust"]);
    assert_eq!(code(&fixture.holdover(&["offline", "on"])), 0);
    let fetch = fixture.holdover(&["preflight", "--fetch"]);
    assert_eq!(code(&fetch), 1);
    assert!(err(&fetch).contains("holdover offline auto"), "{}", err(&fetch));
    assert!(!fixture.npm_file("node_modules/ms").exists());
    let state = json(&fixture.holdover(&["offline", "--json"]));
    assert_eq!(state["state"], "forced-offline");
    fixture.holdover(&["offline", "auto"]);
    assert_eq!(code(&fixture.holdover(&["preflight", "--fetch"])), 0);
}

#[test]
fn an_untrusted_workspace_runs_none_of_the_programs_it_names_and_a_changed_one_loses_its_trust() {
    let fixture = Fixture::small();
    damage(&fixture);
    let evil = fixture.workspace().join("evil.sh");
    let trace = fixture.workspace().join("it-ran");
    std::fs::write(&evil, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", trace.display())).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&evil).status().unwrap();
    let settings = fixture.workspace().join("holdover.toml");
    std::fs::write(&settings, format!("[fetch]\ncargo = '{}'\n", evil.display())).unwrap();
    for command in [&["preflight"][..], &["preflight", "--deep"], &["preflight", "--fetch"], &["status"], &["doctor"]] {
        fixture.holdover(command);
        assert!(!trace.exists(), "{command:?} ran it");
    }
    fixture.holdover(&["trust"]);
    fixture.holdover(&["preflight", "--fetch"]);
    assert!(trace.exists(), "once trusted, it runs: otherwise this test shows nothing");
    std::fs::remove_file(&trace).unwrap();
    std::fs::write(&settings, format!("[fetch]\ncargo = '{}' # changed\n", evil.display())).unwrap();
    let refused = fixture.holdover(&["preflight", "--fetch"]);
    assert_eq!(code(&refused), 1);
    assert!(!trace.exists(), "trust is bound to the text of holdover.toml");
}

#[test]
fn bad_usage_ends_with_2_and_no_lockfile_with_3() {
    let fixture = Fixture::small();
    assert_eq!(code(&fixture.holdover(&["preflight", "no/such/folder"])), 2);
    assert_eq!(code(&fixture.holdover(&["preflight", "--no-such-flag"])), 2);
    assert_eq!(code(&fixture.holdover(&["preflight", "--dry-run"])), 2, "--dry-run without --fetch");
    let empty = tempfile::tempdir().unwrap();
    let nothing = fixture.holdover(&["preflight", empty.path().to_str().unwrap()]);
    assert_eq!(code(&nothing), 3);
    assert!(out(&nothing).contains("no lockfile"), "{}", out(&nothing));
}

#[test]
fn a_journal_that_cannot_be_opened_stops_nothing_and_is_left_as_it_is() {
    let fixture = Fixture::small();
    fixture.holdover(&["status"]);
    let database = fixture.data().join("journal.db");
    for leftover in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{leftover}", database.display()));
    }
    let broken = b"this is not a database, and somebody may still want it".repeat(100);
    std::fs::write(&database, &broken).unwrap();
    let preflight = fixture.holdover(&["preflight"]);
    assert_eq!(code(&preflight), 0, "{}{}", out(&preflight), err(&preflight));
    assert!(err(&preflight).contains("journal"), "it is said: {}", err(&preflight));
    assert_eq!(std::fs::read(&database).unwrap(), broken, "and the file is untouched");
    let log = fixture.holdover(&["journal", "log"]);
    assert_eq!(code(&log), 3);
    assert_eq!(code(&fixture.holdover(&["doctor"])), 1);
}

/// The mode of each function, in order.
fn modes(fixture: &Fixture) -> Vec<(String, String)> {
    let status = json(&fixture.holdover(&["status", "--json"]));
    let text = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
    let functions = status["functions"].as_array().unwrap().iter();
    functions.map(|one| (text(one, "name"), text(one, "mode"))).collect()
}

#[test]
fn status_says_of_each_function_what_is_local_what_reaches_others_later_and_what_needs_a_connection() {
    let fixture = Fixture::small();
    let as_expected = |fetch: &str, shared: &str| {
        let modes = [
            ("build", "local"),
            ("fetch", fetch),
            ("conflicts", "local"),
            ("journal", "local"),
            ("checks", "local"),
            ("sync", shared),
            ("notes", shared),
            ("explain", "local"),
            ("review", shared),
        ];
        modes.map(|(name, mode)| (name.to_owned(), mode.to_owned())).to_vec()
    };
    assert_eq!(modes(&fixture), as_expected("unavailable", "local"), "nothing is fetched for whom nobody trusts");
    std::fs::write(fixture.workspace().join("holdover.toml"), "[workspace]\nproject = 'small'\n").unwrap();
    assert_eq!(code(&fixture.holdover(&["trust"])), 0);
    let stick = tempfile::tempdir().unwrap();
    let added = fixture.holdover(&["remote", "add", "stick", stick.path().join("ferry").to_str().unwrap()]);
    assert_eq!(code(&added), 0, "{}", err(&added));
    assert_eq!(code(&fixture.holdover(&["offline", "off"])), 0);
    assert_eq!(modes(&fixture), as_expected("needs-online", "delayed"));
    assert_eq!(code(&fixture.holdover(&["offline", "on"])), 0);
    assert_eq!(modes(&fixture), as_expected("unavailable", "delayed"));
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(modes(&fixture)[0], ("build".to_owned(), "needs-online".to_owned()));
}

#[test]
fn an_unknown_setting_is_told_with_the_nearest_one() {
    let fixture = Fixture::small();
    std::fs::write(fixture.workspace().join("holdover.toml"), "[inventory]\nexclud = ['x']\n").unwrap();
    let doctor = out(&fixture.holdover(&["doctor"]));
    assert!(doctor.contains("inventory.exclude"), "{doctor}");
    // The journal by its file, how much is in it, and how its key is kept.
    for part in [&*fixture.data().join("journal.db").display().to_string(), " event", "KiB", "(kind `file`)"] {
        assert!(doctor.contains(part), "{part}: {doctor}");
    }
}

#[test]
fn settings_come_from_the_environment_too() {
    let mut fixture = Fixture::small();
    fixture.set("HOLDOVER_INVENTORY_TARGET", "x86_64-pc-windows-msvc");
    let report = json(&fixture.holdover(&["preflight", "--json"]));
    assert_eq!(report["readiness"]["target"], "x86_64-pc-windows-msvc");
}

#[test]
fn an_interrupted_fetch_leaves_no_process_and_says_so() {
    let fixture = Fixture::small();
    damage(&fixture);
    let slow = fixture.workspace().join("slow.sh");
    std::fs::write(&slow, "#!/bin/sh\necho $$ > pid\nsleep 1000 &\necho $! >> pid\nwait\n").unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&slow).status().unwrap();
    std::fs::write(fixture.workspace().join("holdover.toml"), format!("[fetch]\ncargo = '{}'\n", slow.display()))
        .unwrap();
    fixture.holdover(&["trust"]);
    let mut command = fixture.command(holdover_tests::binary::holdover());
    command.args(["preflight", "--fetch"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let pid_file = fixture.workspace().join("pid");
    let begun = std::time::Instant::now();
    while std::fs::read_to_string(&pid_file).map_or(0, |text| text.lines().count()) < 2 {
        assert!(begun.elapsed().as_secs() < 20, "the fetch never began");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(code(&ended), 1, "{}{}", out(&ended), err(&ended));
    for pid in std::fs::read_to_string(&pid_file).unwrap().lines() {
        let alive = std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        assert!(!alive, "process {pid} was left behind");
    }
    let log = out(&fixture.holdover(&["journal", "log"]));
    assert!(log.contains("fetch.cancelled"), "{log}");
}

#[test]
fn with_json_what_went_wrong_is_a_document_too() {
    let fixture = Fixture::small();
    damage(&fixture);
    let error = |arguments: &[&str]| json(&fixture.holdover(arguments))["error"].clone();
    assert_eq!(error(&["preflight", "--json", "no/such/folder"])["kind"], "usage");
    let untrusted = error(&["preflight", "--fetch", "--json"]);
    assert_eq!(untrusted["kind"], "untrusted");
    assert!(untrusted["hint"].as_str().unwrap().contains("holdover trust"), "{untrusted}");
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "on"]);
    assert_eq!(error(&["preflight", "--fetch", "--json"])["kind"], "offline");
}

#[test]
fn a_pipe_or_a_device_in_place_of_the_settings_is_told_and_not_waited_for() {
    let fixture = Fixture::small();
    let settings = fixture.workspace().join("holdover.toml");
    for command in [&["preflight"][..], &["status"], &["doctor"], &["trust"]] {
        assert!(std::process::Command::new("mkfifo").arg(&settings).status().unwrap().success());
        let timed = |fixture: &Fixture| {
            let mut limited = fixture.command(std::path::Path::new("timeout"));
            limited.args(["-s", "KILL", "10"]).arg(holdover_tests::binary::holdover()).args(command).output().unwrap()
        };
        let pipe = timed(&fixture);
        assert_eq!(code(&pipe), 0, "{command:?}: {}", err(&pipe));
        assert!(
            command == ["trust"] || (err(&pipe) + &out(&pipe)).contains("not a file"),
            "{command:?}: {}",
            err(&pipe)
        );
        std::fs::remove_file(&settings).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &settings).unwrap();
        assert_eq!(code(&timed(&fixture)), 0, "{command:?}");
        std::fs::remove_file(&settings).unwrap();
    }
}

#[test]
fn a_full_disk_behind_the_output_is_a_sentence_and_not_a_panic() {
    let fixture = Fixture::small();
    let mut command = fixture.command(holdover_tests::binary::holdover());
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = command.arg("preflight").stdout(full).output().unwrap();
    assert_eq!(code(&ended), 3);
    assert!(err(&ended).contains("could not be written") && !err(&ended).contains("panicked"), "{}", err(&ended));
}

#[test]
fn two_hundred_short_commands_end_with_their_own_exit_code() {
    let fixture = Fixture::small();
    for round in 0..200 {
        let ended = fixture.holdover(&["offline"]);
        assert_eq!(ended.status.code(), Some(0), "round {round}: {}", ended.status);
    }
}

#[test]
fn settings_that_do_not_count_are_told_wherever_they_matter() {
    let mut fixture = Fixture::small();
    std::fs::write(fixture.workspace().join("holdover.toml"), "[inventory]\nenabel = true\n").unwrap();
    let preflight = fixture.holdover(&["preflight", "--json"]);
    assert!(err(&preflight).contains("inventory.enable"), "{}", err(&preflight));
    assert_eq!(json(&preflight)["findings"][0]["code"], "unknown-setting");
    fixture.set("HOLDOVER_INVENTORY_ENABLE", "false");
    let off = fixture.holdover(&["preflight", "--json"]);
    assert_eq!(code(&off), 3);
    assert_eq!(json(&off)["error"]["kind"], "disabled");
}

#[test]
fn only_the_folder_of_one_project_is_trusted() {
    let fixture = Fixture::small();
    let file = fixture.workspace().join("Cargo.toml");
    assert_eq!(code(&fixture.holdover(&["trust", file.to_str().unwrap()])), 2);
    assert_eq!(code(&fixture.holdover(&["trust", "/"])), 2);
}

#[test]
fn a_number_of_events_that_is_none_is_said_so_in_words() {
    let fixture = Fixture::small();
    for wrong in ["-1", "many", "1.5"] {
        let said = fixture.holdover(&["journal", "log", "-n", wrong]);
        assert_eq!(code(&said), 2, "wrong usage");
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(text.contains("a whole number from 0 on") && text.contains(wrong), "{text}");
    }
    assert_eq!(code(&fixture.holdover(&["journal", "log", "-n", "0"])), 0);
}

#[test]
fn in_the_middle_of_a_merge_the_status_counts_the_conflicts_that_git_holds() {
    let fixture = Fixture::small();
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"];
        let mut command = fixture.command(std::path::Path::new("git"));
        command.args(who).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap()
    };
    let counted = || {
        let told = json(&fixture.holdover(&["status", "--json"]));
        (told["conflicts"]["files"].as_u64().unwrap(), told["conflicts"]["hunks"].as_u64().unwrap())
    };
    let commit = |text: &str| {
        std::fs::write(fixture.workspace().join("notes.txt"), text).unwrap();
        assert!(git(&["add", "notes.txt"]).status.success() && git(&["commit", "-qm", "x"]).status.success());
    };
    assert!(git(&["init", "-q", "-b", "main"]).status.success());
    commit("a\n1\n2\n3\n4\n5\nb\n");
    assert!(git(&["switch", "-qc", "feature"]).status.success());
    commit("a of theirs\n1\n2\n3\n4\n5\nb of theirs\n");
    assert!(git(&["switch", "-q", "main"]).status.success());
    commit("a of ours\n1\n2\n3\n4\n5\nb of ours\n");
    assert_eq!(counted(), (0, 0));
    assert_eq!(git(&["merge", "feature"]).status.code(), Some(1));
    assert_eq!(counted(), (1, 2));
    let said = out(&fixture.holdover(&["status"]));
    assert!(said.contains("2 merge conflicts in 1 file"), "{said}");
    assert!(git(&["merge", "--abort"]).status.success());
    assert_eq!(counted(), (0, 0));
}

#[test]
fn a_status_says_until_when_cargo_keeps_what_is_needed_as_cargo_itself_noted_each_use() {
    let mut fixture = Fixture::small();
    let database = fixture.workspace().join("../cargo-home/.global-cache");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let oldest: i64 = connection.query_row("SELECT min(timestamp) FROM registry_crate", [], |row| row.get(0)).unwrap();
    let until = |fixture: &Fixture| {
        let status = json(&fixture.holdover(&["status", "--json"]));
        let caches = status["caches"].as_array().unwrap();
        caches.iter().find(|cache| cache["ecosystem"] == "cargo").unwrap()["expiresAt"].as_str().map(str::to_owned)
    };
    // Three of cargo's months after that use.
    let shown = |seconds: i64| {
        let at = format!("@{seconds}");
        let date = std::process::Command::new("date").args(["-u", "-d", &at, "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
        String::from_utf8(date.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(until(&fixture), Some(shown(oldest + 3 * 2_629_746)));
    let earlier = oldest - 1000;
    connection.execute("UPDATE registry_crate SET timestamp = ?1 WHERE name LIKE 'itoa-%'", [earlier]).unwrap();
    drop(connection);
    assert_eq!(until(&fixture), Some(shown(earlier + 3 * 2_629_746)));
    fixture.set("CARGO_CACHE_AUTO_CLEAN_FREQUENCY", "never");
    assert_eq!(until(&fixture), None, "cargo does not clean up by itself");
    fixture.set("CARGO_CACHE_AUTO_CLEAN_FREQUENCY", "1 day");
    std::fs::write(&database, "no database").unwrap();
    assert_eq!(until(&fixture), None);
}
