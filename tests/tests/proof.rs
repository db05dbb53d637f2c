//! Proof runs: commands that are run with the network kept from them, and who is named for reaching for it. Where the system refuses a
//! network of its own, what is stated then is what is asked for here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]
#![cfg(target_os = "linux")]

use holdover_tests::binary::holdover;
use holdover_tests::client::{Client, Setup, uri};
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A workspace that needs no artifact, with a program that reaches for the network as it is told.
struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("app");
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("Cargo.toml"), "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
            .unwrap();
        std::fs::write(root.join("Cargo.lock"), "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n")
            .unwrap();
        std::fs::write(root.join("src/main.rs"), "fn main() {}\n").unwrap();
        let project = Self { folder, environment: Vec::new() };
        assert_eq!(code(&project.holdover(&["trust"])), 0);
        project
    }

    /// One that runs `sh -c SCRIPT`.
    fn that_runs(script: &str) -> Self {
        let mut project = Self::new();
        project.set("HOLDOVER_PROVE_COMMANDS", &json!([["sh", "-c", script]]).to_string());
        project
    }

    fn root(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path().join("app")).unwrap()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut all = vec![
            ("HOLDOVER_DATA_DIR".to_owned(), self.folder.path().join("data").display().to_string()),
            ("HOLDOVER_CONFIG".to_owned(), "/nonexistent/holdover.toml".to_owned()),
            // A linter that builds would be named for the same reach, and first.
            ("HOLDOVER_CHECKS_DISABLE".to_owned(), "[\"clippy\"]".to_owned()),
        ];
        all.extend(self.environment.iter().cloned());
        all
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(holdover());
        command.args(arguments).current_dir(self.root()).env_remove("HOLDOVER_OFFLINE").envs(self.environment());
        command
    }

    fn holdover(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn prove(&self) -> (Value, i32) {
        let output = self.holdover(&["preflight", "--prove", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&output)));
        (report, code(&output))
    }

    /// The probe, built from its source; without any library of the system's where `is_static`.
    fn probe(&self, name: &str, is_static: bool) {
        let source = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/proof/probe.c");
        let mut cc = Command::new("cc");
        cc.arg(if is_static { "-static" } else { "-DWITH_RESOLVER" }).arg("-o").arg(self.root().join(name)).arg(source);
        let built = cc.output().expect("a C compiler, which Rust links with");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
}

fn proof(report: &Value) -> &Value {
    &report["readiness"]["proof"]
}

/// What this machine gives.
fn strength(report: &Value) -> &str {
    proof(report)["strength"].as_str().unwrap()
}

#[test]
fn who_reaches_for_the_network_is_named_with_host_port_and_line_whatever_it_is_and_says() {
    // How the program reaches, who answers for a name, and what is to be told: host, port, way; and without names, host and port.
    let cases = [
        ("literal6", ("2001:db8::5", Some(8443), "tcp"), ("2001:db8::5", 8443)),
        ("literal4", ("192.0.2.7", Some(80), "tcp"), ("192.0.2.7", 80)),
        ("datagram", ("192.0.2.9", Some(123), "udp"), ("192.0.2.9", 123)),
        ("messages", ("192.0.2.10", Some(4433), "udp"), ("192.0.2.10", 4433)),
        ("names", ("by-hand.example", Some(8080), "tcp"), ("192.0.2.53", 53)),
        ("names-stream", ("by-stream.example", Some(8081), "tcp"), ("192.0.2.54", 53)),
        ("names-only", ("only-asked.example", None, "name"), ("192.0.2.53", 53)),
    ];
    let each = cases.iter().map(|(way, ..)| format!("echo before {way}; ./quiet {way} || exit 9"));
    let project = Project::that_runs(&each.collect::<Vec<_>>().join("; "));
    project.probe("quiet", true);
    let (report, code) = project.prove();
    let proof = proof(&report);
    if strength(&report) == "none" {
        assert_eq!((&proof["state"], code), (&json!("unknown"), 3), "{report:#}");
        return;
    }
    assert_eq!((&proof["state"], code), (&json!("reached"), 1), "{report:#}");
    assert_eq!(proof["steps"][0]["passed"], true, "it hid every error: {report:#}");
    assert_eq!((&proof["passed"], &proof["watched"], &proof["unnamed"]), (&json!(false), &json!(true), &json!(0)));
    let by_name = strength(&report) == "namespace";
    for (at, (way, named, refused)) in cases.iter().enumerate() {
        let (host, port) = if by_name { (named.0, named.1) } else { (refused.0, Some(refused.1)) };
        let is_it = |reach: &&Value| reach["host"] == host && reach["port"] == json!(port);
        let reach =
            proof["reaches"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{way}: {report:#}"));
        assert_eq!(reach["program"], "quiet", "{way}");
        if by_name {
            assert_eq!(reach["way"], named.2, "{way}");
        }
        if by_name || !way.starts_with("names-only") {
            assert_eq!(reach["line"], format!("before {way}"), "{reach:#}");
            assert_eq!(reach["lineNumber"], at + 1, "{reach:#}");
        }
    }
    let expected = if by_name { cases.len() } else { cases.len() - 1 };
    assert_eq!(proof["reaches"].as_array().unwrap().len(), expected, "nobody else: {report:#}");
    let said = project.holdover(&["preflight", "--prove"]);
    assert!(out(&said).contains("`quiet`") && out(&said).contains("2001:db8::5, port 8443"), "{}", out(&said));
}

#[test]
fn a_name_that_the_systems_own_resolver_looks_up_is_told_once_with_the_port() {
    let project = Project::that_runs("echo asking; ./asks resolver");
    project.probe("asks", false);
    let (report, code) = project.prove();
    let reaches = proof(&report)["reaches"].as_array().unwrap();
    match strength(&report) {
        "namespace" => {
            assert_eq!(reaches.len(), 1, "{report:#}");
            let reach = &reaches[0];
            assert_eq!(
                (&reach["host"], &reach["port"], &reach["way"]),
                (&json!("resolved.example"), &json!(443), &json!("tcp"))
            );
            assert_eq!((&reach["program"], &reach["line"], code), (&json!("asks"), &json!("asking"), 1));
        }
        // Nobody answers for names there: that a name server was asked is told.
        "calls" => assert!(reaches.iter().all(|reach| reach["program"] == "asks" && reach["port"] == 53), "{report:#}"),
        _ => assert_eq!(code, 3),
    }
}

#[test]
fn what_a_build_does_on_this_machines_own_addresses_is_nobodys_matter() {
    let project = Project::that_runs("./asks own");
    project.probe("asks", false);
    let (report, code) = project.prove();
    let proof = proof(&report);
    if strength(&report) == "none" {
        assert_eq!(code, 3);
        return;
    }
    assert_eq!(proof["reaches"], json!([]), "{report:#}");
    assert_eq!((&proof["state"], code), (&json!("proven"), 0), "{report:#}");
    assert_eq!(report["readiness"]["state"], "proven");
}

#[test]
fn a_proof_holds_for_its_inputs_and_for_nothing_else() {
    let mut project = Project::that_runs("true");
    let (report, code) = project.prove();
    if strength(&report) == "none" {
        assert_eq!(code, 3);
        return;
    }
    assert_eq!((&report["readiness"]["state"], code), (&json!("proven"), 0), "{report:#}");
    let look = |project: &Project| -> Value {
        serde_json::from_slice(&project.holdover(&["preflight", "--json"]).stdout).unwrap()
    };
    let readiness = look(&project)["readiness"].clone();
    assert_eq!(
        (&readiness["state"], &readiness["proof"]["changed"]),
        (&json!("proven"), &Value::Null),
        "{readiness:#}"
    );
    let log = out(&project.holdover(&["journal", "log", "--kind", "proof.", "--json"]));
    assert!(log.contains("\"proof.ran\"") && log.contains("\"proof.observed\""), "{log}");

    let root = project.root();
    let put = |name: &str, text: &str| {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), text).unwrap();
    };
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let stale = |project: &Project, what: &str| {
        let report = look(project);
        assert_eq!(report["readiness"]["state"], "stale-proof", "{what}: {report:#}");
        assert_eq!(report["readiness"]["proof"]["changed"], json!([what]), "{report:#}");
        let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "stale-proof");
        assert!(found.unwrap()["message"].as_str().unwrap().contains(what), "{report:#}");
    };
    put("Cargo.lock", &format!("{lock}\n"));
    stale(&project, "Cargo.lock");
    put("Cargo.lock", &lock);
    assert_eq!(look(&project)["readiness"]["state"], "proven", "it is as it was");
    put("rust-toolchain.toml", "");
    stale(&project, "rust-toolchain.toml");
    std::fs::remove_file(root.join("rust-toolchain.toml")).unwrap();
    let git = |arguments: &[&str]| {
        let set = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
        assert!(Command::new("git").args(set).args(arguments).current_dir(&root).output().unwrap().status.success());
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    stale(&project, "the commit");
    std::fs::remove_dir_all(root.join(".git")).unwrap();
    project.set("HOLDOVER_PROVE_COMMANDS", "[[\"sh\", \"-c\", \":\"]]");
    stale(&project, "the commands");
    // A tool that the build calls: another one stands first in PATH.
    let tools = project.folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::fs::copy("/bin/sh", tools.join("sh")).unwrap();
    project.set("HOLDOVER_PROVE_COMMANDS", "[[\"sh\", \"-c\", \"true\"]]");
    project.set("PATH", &format!("{}:{}", tools.display(), std::env::var("PATH").unwrap()));
    stale(&project, "the tool sh");
}

#[test]
fn what_an_earlier_build_left_hides_no_hole_and_the_workspace_is_left_as_it_was() {
    let project = Project::that_runs("pwd; test -e src/main.rs || exit 5; echo made > made.txt; cat out/generated");
    let root = project.root();
    assert!(Command::new("git").args(["init", "-q"]).current_dir(&root).status().unwrap().success());
    std::fs::write(root.join(".gitignore"), "out/\n").unwrap();
    std::fs::create_dir(root.join("out")).unwrap();
    std::fs::write(root.join("out/generated"), "from an earlier build").unwrap();
    let (report, code) = project.prove();
    if strength(&report) == "none" {
        assert_eq!(code, 3);
        return;
    }
    let proof = proof(&report);
    assert_eq!((&proof["state"], code), (&json!("failed"), 1), "{report:#}");
    assert_eq!(proof["steps"][0]["ended"], "ended with exit code 1", "{report:#}");
    assert!(!root.join("made.txt").exists(), "it ran in a copy");
    assert_eq!(std::fs::read_to_string(root.join("out/generated")).unwrap(), "from an earlier build");
    let tail = proof["steps"][0]["tail"].as_str().unwrap();
    let elsewhere =
        proof["remarks"].as_array().unwrap().iter().any(|remark| remark.as_str().unwrap().contains("another folder"));
    assert_eq!(
        tail.starts_with(root.to_str().unwrap()),
        !elsewhere,
        "the copy stands in its place, or it is said: {report:#}"
    );
    let left = std::fs::read_dir(project.folder.path().join("data/work")).unwrap().count();
    assert_eq!(left, 0, "the copy is gone");
}

#[test]
fn a_weaker_way_is_stated_and_without_any_nothing_is_run_and_nothing_is_proven() {
    let mut project = Project::that_runs("echo before; ./quiet literal4; ./quiet own");
    project.probe("quiet", true);
    project.set("HOLDOVER_SANDBOX_WITHOUT", "namespace");
    let (report, code) = project.prove();
    if strength(&report) == "calls" {
        let reach = &proof(&report)["reaches"][0];
        assert_eq!(
            (&reach["host"], &reach["port"], &reach["program"]),
            (&json!("192.0.2.7"), &json!(80), &json!("quiet"))
        );
        assert_eq!((&reach["line"], code), (&json!("before"), 1));
        let said = proof(&report)["text"].as_str().unwrap();
        assert!(said.contains("weaker than a network of its own"), "{said}");
        assert_eq!(proof(&report)["steps"][0]["passed"], true, "its own addresses work: {report:#}");
    } else {
        assert_eq!((strength(&report), code), ("none", 3));
    }
    let mark = project.folder.path().join("mark");
    let script = format!("touch {}; ./quiet literal4", mark.display());
    project.set("HOLDOVER_PROVE_COMMANDS", &json!([["sh", "-c", script]]).to_string());
    project.set("HOLDOVER_SANDBOX_WITHOUT", "namespace,watch");
    let (report, code) = project.prove();
    assert_eq!((strength(&report), &proof(&report)["state"], code), ("none", &json!("unknown"), 3), "{report:#}");
    assert!(!mark.exists(), "it was run without a guard");
    assert_ne!(report["readiness"]["state"], "proven");

    // A network of its own that nobody watches: that somebody reached is known by the kernel's own count.
    project.set("HOLDOVER_SANDBOX_WITHOUT", "watch");
    let (report, code) = project.prove();
    if strength(&report) == "namespace" {
        let proof = proof(&report);
        assert_eq!(
            (&proof["watched"], &proof["reaches"], &proof["state"]),
            (&json!(false), &json!([]), &json!("reached"))
        );
        assert!(proof["unnamed"].as_u64().unwrap() >= 1 && code == 1, "{report:#}");
    } else {
        assert_eq!(code, 3);
    }
}

#[test]
fn scripts_of_npm_and_of_cargo_are_told_by_their_names_and_placed_where_they_stand() {
    let project = Project::new();
    let root = project.root();
    project.probe("asks", false);
    std::fs::write(
        root.join("build.rs"),
        "fn main() {\n    let _ = std::net::TcpStream::connect(\"192.0.2.21:443\");\n}\n",
    )
    .unwrap();
    let package = json!({ "name": "web", "version": "1.0.0", "scripts": { "postinstall": "./asks literal4" } });
    std::fs::write(root.join("package.json"), serde_json::to_string_pretty(&package).unwrap()).unwrap();
    let lock = json!({ "name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "web", "version": "1.0.0", "hasInstallScript": true } } });
    std::fs::write(root.join("package-lock.json"), serde_json::to_string_pretty(&lock).unwrap()).unwrap();
    let (report, code) = project.prove();
    let proof = proof(&report);
    if strength(&report) == "none" {
        assert_eq!(code, 3);
        return;
    }
    assert_eq!((&proof["state"], code), (&json!("reached"), 1), "{report:#}");
    let of = |host: &str| {
        proof["reaches"]
            .as_array()
            .unwrap()
            .iter()
            .find(|reach| reach["host"] == host)
            .unwrap_or_else(|| panic!("{report:#}"))
    };
    let build = of("192.0.2.21");
    assert_eq!(
        (&build["program"], &build["package"]),
        (&json!("build-script-build"), &json!("app 0.1.0")),
        "{build:#}"
    );
    assert_eq!((&build["file"], &build["range"]["start"]["line"]), (&json!("Cargo.toml"), &json!(1)), "{build:#}");
    assert!(build["ancestors"].as_array().unwrap().contains(&json!("cargo")), "{build:#}");
    let install = of("192.0.2.7");
    assert_eq!((&install["program"], &install["lifecycle"]), (&json!("asks"), &json!("postinstall")), "{install:#}");
    assert_eq!(install["file"], "package.json", "{install:#}");
    let text = std::fs::read_to_string(root.join("package.json")).unwrap();
    let line = text.lines().position(|line| line.contains("\"postinstall\"")).unwrap();
    assert_eq!(install["range"]["start"]["line"], line, "{install:#}");
    let found =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "network-in-build").count();
    assert_eq!(found, 2, "{report:#}");
}

#[test]
fn an_untrusted_workspace_is_not_run() {
    let mut project = Project::new();
    let mark = project.folder.path().join("mark");
    assert_eq!(code(&project.holdover(&["trust", "--revoke"])), 0);
    let commands = json!([["touch", mark]]).to_string();
    project.set("HOLDOVER_PROVE_COMMANDS", &commands);
    let refused = project.holdover(&["preflight", "--prove"]);
    assert_eq!(code(&refused), 1, "{}", err(&refused));
    assert!(err(&refused).contains("not trusted") && !mark.exists(), "{}", err(&refused));
}

#[test]
fn a_run_that_is_stopped_or_too_long_leaves_nobody_behind_who_went_his_own_way_either() {
    let mut project = Project::that_runs("./quiet deserter");
    project.probe("quiet", true);
    let alive = |process: &str| Path::new("/proc").join(process).join("stat").exists();
    let mut child =
        project.command(&["preflight", "--prove"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let deserter =
        said.lines().map_while(Result::ok).find_map(|line| Some(line.split_once("deserter ")?.1.trim().to_owned()));
    let Some(deserter) = deserter else {
        assert_eq!(child.wait().unwrap().code(), Some(3), "nothing keeps the network from it here");
        return;
    };
    assert!(alive(&deserter));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(!alive(&deserter), "process {deserter} lives on");

    project.set("HOLDOVER_PROVE_TIMEOUT_SECONDS", "1");
    let (report, code) = project.prove();
    assert_eq!((&proof(&report)["state"], code), (&json!("failed"), 1), "{report:#}");
    assert_eq!(proof(&report)["steps"][0]["ended"], "ran past its limit of 1 s");
    let tail = proof(&report)["steps"][0]["tail"].as_str().unwrap();
    let deserter = tail.split_once("deserter ").unwrap().1.lines().next().unwrap();
    assert!(!alive(deserter), "process {deserter} lives on");
}

#[test]
fn an_editor_proves_too_and_shows_who_reached_where_it_stands() {
    let project = Project::new();
    let root = project.root();
    std::fs::write(
        root.join("build.rs"),
        "fn main() {\n    let _ = std::net::TcpStream::connect(\"192.0.2.21:443\");\n}\n",
    )
    .unwrap();
    let mut setup = Setup { roots: vec![root.clone()], ..Setup::default() };
    for (name, value) in project.environment() {
        setup = setup.env(&name, &value);
    }
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let report = client.command("holdover.prove", json!({ "workspace": root }));
    if strength(&report) == "none" {
        assert_eq!(proof(&report)["state"], "unknown");
        return;
    }
    assert_eq!(proof(&report)["state"], "reached", "{report:#}");
    let manifest = uri(&root.join("Cargo.toml"));
    let told = client.diagnostics_without_version(&manifest);
    let found = told.iter().find(|one| one["code"] == "network-in-build").unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(found["range"]["start"]["line"], 1);
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("`build-script-build`") && message.contains("192.0.2.21, port 443"), "{message}");
    let status = client.request("holdover/status", json!({}));
    assert_eq!(status["readiness"]["proof"]["state"], "reached", "{status:#}");
    client.open(&manifest, &std::fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let actions = client.actions(&manifest, 1);
    let again =
        actions.iter().find(|action| action["data"]["action"] == "prove").unwrap_or_else(|| panic!("{actions:?}"));
    assert_eq!(again["command"]["command"], "holdover.prove");
}
