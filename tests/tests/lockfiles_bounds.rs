//! What merging a lockfile may not do: run what a workspace names, write above its copy, hang, reach the network, or take another version.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod lockfiles_of;

use holdover_tests::said::out;
use lockfiles_of::{Project, both, bumped, conflicted, held, named};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A program that leaves a trace, and then does this.
fn program(project: &Project, name: &str, then: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = project.0.data().parent().unwrap().join(name);
    std::fs::write(&file, format!("#!/bin/sh\ntouch '{}.ran'\n{then}\n", file.display())).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

fn ran(program: &Path) -> bool {
    program.with_extension("ran").exists()
}

#[test]
fn in_a_workspace_that_is_not_trusted_no_tool_is_run_not_by_the_merge_driver_either() {
    let mut project = conflicted("");
    let cargo = program(&project, "cargo", "exit 1");
    let path = format!("{}:{}", cargo.parent().unwrap().display(), std::env::var("PATH").unwrap());
    project.0.set("PATH", &path);
    let before = project.read("Cargo.lock");
    let said = project.problem("Cargo.lock");
    assert!(said.contains("is not trusted") && said.contains("`holdover trust "), "{said}");
    let refused = project.0.holdover(&["conflicts", "Cargo.lock", "--resolve", "lockfile"]);
    assert_eq!((refused.status.code(), project.read("Cargo.lock") == before), (Some(1), true), "{}", both(&refused));
    assert!(
        out(&refused).contains("Cargo.lock: not merged by cargo: this workspace is not trusted"),
        "{}",
        both(&refused)
    );
    assert!(!ran(&cargo), "cargo was run");
    // Nor in one that is: while git merges, the manifests in the folder are not yet those that are to be.
    project.trust();
    project.git(&["merge", "--abort"]);
    project.must(holdover_tests::binary::holdover().to_str().unwrap(), &["merge-driver", "--install"]);
    let merged = project.run("git", &["-c", "user.name=Me", "-c", "user.email=me@localhost", "merge", "feature"]);
    assert_eq!(merged.status.code(), Some(1), "{}", both(&merged));
    assert!(!ran(&cargo) && project.read("Cargo.lock").contains("<<<<<<< "), "{}", both(&merged));
    assert!(both(&merged).contains("holdover conflicts --resolve lockfile Cargo.lock"), "{}", both(&merged));
    assert!(project.problem("Cargo.lock").contains("exit code 1") && ran(&cargo), "now it is");
}

#[test]
fn nothing_that_the_workspace_names_is_run_while_its_lockfiles_are_merged() {
    let project = conflicted("");
    let trap = program(&project, "trap", "exec \"$@\"");
    let shown = trap.display().to_string();
    project.write("build.rs", &format!("fn main() {{ std::process::Command::new({shown:?}).status().unwrap(); }}\n"));
    let config = format!(
        "[build]\nrustc-wrapper = {shown:?}\nrustc = {shown:?}\n[alias]\nupdate = \"run\"\n[net]\noffline = false\n"
    );
    project.write(".cargo/config.toml", &config);
    project.write("rust-toolchain.toml", &format!("[toolchain]\npath = {shown:?}\n"));
    // Cargo asks for the compiler's version here.
    let manifest = project.read("Cargo.toml").replace("[workspace]\n", "[workspace]\nresolver = \"3\"\n");
    project.write(
        "Cargo.toml",
        &manifest.replace(
            "edition = \"2021\"\n",
            "edition = \"2021\"\nrust-version = \"1.80\"\nlinks = \"x\"\nbuild = \"build.rs\"\n",
        ),
    );
    project.trust();
    let told = project.suggested("Cargo.lock");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    assert_eq!(held(&told, "packages"), named(&[("either", "current"), ("itoa", "incoming")]));
    assert!(!ran(&trap), "cargo ran a program of the workspace");

    let project = Project::new();
    project.npm_merged();
    let trap = program(&project, "trap", "exit 0");
    let shown = trap.display().to_string();
    project.write(
        ".npmrc",
        &format!("script-shell={shown}\ngit={shown}\nnode-options=--require={shown}\nignore-scripts=false\n"),
    );
    let scripts = format!(
        "{{\n  \"scripts\": {{\"preinstall\": {shown:?}, \"prepare\": {shown:?}, \"dependencies\": {shown:?}}},"
    );
    project.write("package.json", &project.read("package.json").replacen('{', &scripts, 1));
    project.trust();
    let told = project.suggested("package-lock.json");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    assert_eq!(held(&told, "packages"), named(&[("ms", "current"), ("once", "incoming"), ("wrappy", "incoming")]));
    assert!(!ran(&trap), "npm ran a program of the workspace");
}

#[test]
fn a_folder_outside_a_conflicted_manifest_and_a_broken_side_are_said_and_nothing_is_run() {
    let project = conflicted("");
    let cargo = program(&project, "cargo", "exit 1");
    project.write("holdover.toml", &format!("[fetch]\ncargo = {:?}\n", cargo.display().to_string()));
    project.trust();
    let manifest = project.read("crates/a/Cargo.toml");
    project.write("crates/a/Cargo.toml", &(manifest.clone() + "x = { path = \"../../../outside\" }\n"));
    let said = project.problem("Cargo.lock");
    assert!(said.contains("outside of") && said.contains("outside/Cargo.toml"), "{said}");
    project.write("crates/a/Cargo.toml", &(manifest.clone() + "x = { path = \"/etc\" }\n"));
    assert!(project.problem("Cargo.lock").contains("/etc"));
    std::os::unix::fs::symlink("/etc", project.at("crates/link")).unwrap();
    std::fs::remove_file(project.at("crates/a/Cargo.toml")).unwrap();
    let elsewhere = project.0.data().parent().unwrap().join("elsewhere.toml");
    std::fs::write(&elsewhere, &manifest).unwrap();
    std::os::unix::fs::symlink(&elsewhere, project.at("crates/a/Cargo.toml")).unwrap();
    assert!(project.problem("Cargo.lock").contains("outside of"));
    std::fs::remove_file(project.at("crates/a/Cargo.toml")).unwrap();
    project.write("crates/a/Cargo.toml", &format!("<<<<<<< a\n{manifest}=======\n>>>>>>> b\n"));
    let said = project.problem("Cargo.lock");
    assert!(said.contains("resolve that first") && said.contains("crates/a/Cargo.toml"), "{said}");
    project.write("crates/a/Cargo.toml", &manifest);
    assert!(!ran(&cargo), "cargo was run");
    assert!(project.problem("Cargo.lock").contains("exit code 1") && ran(&cargo), "all of it is as it should be now");
}

#[test]
fn no_folder_above_the_copy_is_written_where_the_manifest_is_gone_or_leads_there() {
    let project = conflicted("");
    let above = project.0.data().parent().unwrap().to_path_buf();
    let manifest = project.read("Cargo.toml");
    let members = "[workspace]\nmembers = [\"crates/*\"]\n\n";
    std::fs::write(above.join("Cargo.toml"), "[package]\nname = \"above\"\nversion = \"0.1.0\"\n").unwrap();
    std::fs::create_dir(above.join("src")).unwrap();
    std::fs::write(above.join("src/lib.rs"), "").unwrap();
    project.trust();
    std::fs::remove_file(project.at("Cargo.toml")).unwrap();
    let said = project.problem("Cargo.lock");
    assert!(said.contains("its manifest is not there") && said.contains("Cargo.toml"), "{said}");
    assert!(!above.join("Cargo.lock").exists(), "cargo locked a project above the copy");
    // A project that takes the copy for its member, and a manifest that says that it is.
    std::fs::write(above.join("Cargo.toml"), "[workspace]\nmembers = [\"*/w*/*\"]\n").unwrap();
    let member = manifest.replace(members, "").replace("[package]\n", "[package]\nworkspace = \"../../..\"\n");
    project.write("Cargo.toml", &member);
    let said = project.problem("Cargo.lock");
    assert!(said.contains("outside of"), "{said}");
    assert!(!above.join("Cargo.lock").exists(), "cargo locked a workspace above the copy");
    let member = manifest.replace("crates/*", "crates/*\", \"../../../*");
    project.write("Cargo.toml", &member);
    assert!(project.problem("Cargo.lock").contains("outside of"));
    project.write("Cargo.toml", &manifest);
    assert_eq!(project.suggested("Cargo.lock")["problem"], Value::Null);

    let project = Project::new();
    project.npm_merged();
    project.trust();
    let above = project.0.data().parent().unwrap().to_path_buf();
    let manifest = project.read("package.json");
    std::fs::write(above.join("package.json"), "{\"name\": \"above\", \"version\": \"1.0.0\"}\n").unwrap();
    std::fs::remove_file(project.at("package.json")).unwrap();
    let said = project.problem("package-lock.json");
    assert!(said.contains("its manifest is not there") && said.contains("package.json"), "{said}");
    assert!(!above.join("package-lock.json").exists(), "npm locked a project above the copy");
    let leads_out = [
        ("\"chalk\"", "\"above\": \"../../..\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"~/above\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"file:%2e%2E%2f../..\",\n    \"chalk\""),
        ("\"chalk\"", "\"above\": \"file:../../../above.tgz\",\n    \"chalk\""),
        ("\"a1\"", "\"overrides\": {\"chalk\": {\"above\": \"file:/above\"}},\n  \"a1\""),
        ("\"packages/*\"", "\"packages/*\", \"packages/../../../..\""),
    ];
    for (before, after) in leads_out {
        let changed = manifest.replacen(before, after, 1);
        assert_ne!(changed, manifest, "{after}");
        project.write("package.json", &changed);
        assert!(project.problem("package-lock.json").contains("outside of"), "{after}");
    }
    project.write("package.json", &manifest);
    assert_eq!(project.suggested("package-lock.json")["problem"], Value::Null);
}

#[test]
fn a_copy_that_a_killed_process_left_is_removed_by_the_next_and_one_in_use_is_not() {
    let project = conflicted("");
    project.trust();
    let work = project.0.data().join("work");
    for name in ["lockfile-old", "lockfile-new", "other"] {
        std::fs::create_dir_all(work.join(name).join("src")).unwrap();
    }
    let days = std::time::SystemTime::now() - std::time::Duration::from_hours(48);
    for name in ["lockfile-old", "other"] {
        std::fs::File::open(work.join(name)).unwrap().set_modified(days).unwrap();
    }
    assert_eq!(project.suggested("Cargo.lock")["problem"], Value::Null);
    let mut left: Vec<_> = std::fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lockfile-new", "other"]);
}

#[test]
fn a_tool_that_hangs_is_ended_and_one_that_reaches_for_the_network_reaches_nobody() {
    let project = conflicted("");
    let hangs = program(&project, "cargo", "sleep 1000 & sleep 1000");
    let settings = |program: &Path, seconds: u32| {
        let text = format!("[fetch]\ncargo = {:?}\ntimeout-seconds = {seconds}\n", program.display().to_string());
        project.write("holdover.toml", &text);
        project.trust();
    };
    settings(&hangs, 1);
    let said = project.problem("Cargo.lock");
    assert!(said.contains("ran past its limit of 1 s"), "{said}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo reached it; exit 1");
    let reaches = program(&project, "reaches", &connect);
    settings(&reaches, 20);
    let said = project.problem("Cargo.lock");
    assert!(ran(&reaches) && !said.contains("reached it"), "{said}");
    assert!(listener.accept().is_err(), "it reached a service of this machine");
    let without = std::process::Command::new(&reaches).output().unwrap();
    assert!(out(&without).contains("reached it") && listener.accept().is_ok(), "without care it does");
}

#[test]
fn what_is_not_here_is_named_and_cargo_does_not_get_away_with_another_version() {
    // A version that cargo knows and that was never fetched: it would take another one and say nothing.
    let project = Project::new();
    let with = |version: Option<&'static str>| {
        move |project: &Project| {
            project.manifest("Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
            project.manifest("crates/a/Cargo.toml", &[]);
            project.lock();
            if let Some(version) = version {
                bumped(project, version);
            }
        }
    };
    project.merged(with(None), with(Some("2.7.1")), with(Some("2.7.4")));
    // What the package needs is another thing since, so cargo looks for its dependencies anew.
    let memchr = "memchr = { version = \"2\", default-features = false }";
    project.manifest("Cargo.toml", &[memchr, "hex = { version = \"0.4\", default-features = false }"]);
    project.trust();
    let said = project.problem("Cargo.lock");
    assert!(said.starts_with("memchr 2.7.4 is not here") && said.contains("holdover preflight --fetch"), "{said}");

    // A package of which nothing at all is known.
    project.manifest("Cargo.toml", &[memchr, "nosuchthing = \"1\""]);
    let said = project.problem("Cargo.lock");
    assert!(said.starts_with("nosuchthing is not here"), "{said}");

    let project = Project::new();
    project.npm_merged();
    let manifest = project.read("package.json").replace("\"chalk\"", "\"@no-such/thing\": \"1\",\n    \"chalk\"");
    project.write("package.json", &manifest);
    project.trust();
    let said = project.problem("package-lock.json");
    assert!(said.starts_with("@no-such/thing is not here"), "{said}");
}
