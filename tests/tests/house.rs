//! The house keeps its own rules: what is written down about it is true, and walls stand where they are said to stand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Names under the tables of a manifest whose name ends with `dependencies`.
fn dependencies(manifest: &str, normal_only: bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in read(manifest).lines() {
        if let Some(table) = line.strip_prefix('[') {
            inside = table.contains("dependencies") && !(normal_only && table.contains("dev-"));
        } else if inside && let Some((name, _)) = line.split_once('=') {
            names.insert(name.trim().trim_end_matches(".workspace").to_owned());
        }
    }
    names
}

const CRATES: [&str; 14] = [
    "contract",
    "gguf",
    "host",
    "journal",
    "inventory",
    "checks",
    "conflict",
    "merge",
    "sync",
    "explain",
    "review",
    "engine",
    "lsp",
    "holdover",
];

#[test]
fn every_dependency_has_its_line_and_every_line_its_dependency() {
    let text = read("docs/dependencies.md");
    let rust = text.split("## TypeScript").next().unwrap();
    let listed: BTreeSet<String> = rust
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" |").next())
        .flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>())
        .collect();
    let mut used: BTreeSet<String> =
        CRATES.iter().flat_map(|name| dependencies(&format!("server/{name}/Cargo.toml"), false)).collect();
    used.extend(dependencies("tests/Cargo.toml", false));
    used.extend(dependencies("tests/long/fuzz/Cargo.toml", false));
    used.extend(dependencies("server/model/Cargo.toml", false));
    let ours: BTreeSet<String> = CRATES.iter().map(|name| (*name).to_owned()).collect();
    used.retain(|name| !ours.contains(name) && !name.starts_with("holdover-"));
    assert_eq!(
        used.difference(&listed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "used, and not in docs/dependencies.md"
    );
    assert_eq!(
        listed.difference(&used).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "in docs/dependencies.md, and not used"
    );

    let package: serde_json::Value = serde_json::from_str(&read("vscode-extension/package.json")).unwrap();
    for table in ["dependencies", "devDependencies"] {
        for name in package[table].as_object().unwrap().keys() {
            assert!(text.contains(&format!("`{name}`")), "{name} is not in docs/dependencies.md");
        }
    }
}

#[test]
fn arrows_between_crates_point_downwards_only() {
    let allowed: [(&str, &[&str]); 14] = [
        ("contract", &[]),
        ("gguf", &[]),
        ("host", &["contract"]),
        ("journal", &["host", "contract"]),
        ("inventory", &["host", "contract"]),
        ("checks", &["contract"]),
        ("conflict", &["host", "contract"]),
        ("merge", &["conflict", "contract"]),
        ("sync", &["journal", "host", "contract"]),
        ("explain", &["host", "contract"]),
        ("review", &["journal", "host", "contract"]),
        (
            "engine",
            &["inventory", "checks", "conflict", "sync", "explain", "review", "journal", "gguf", "host", "contract"],
        ),
        ("lsp", &["engine", "conflict", "host", "contract"]),
        ("holdover", &["lsp", "engine", "merge", "conflict", "journal", "host", "contract"]),
    ];
    for (name, below) in allowed {
        let used = dependencies(&format!("server/{name}/Cargo.toml"), true);
        for other in CRATES.iter().filter(|other| used.contains(**other)) {
            assert!(below.contains(other), "{name} must not use {other}");
        }
    }
}

#[test]
fn only_the_command_line_prints_and_only_lsp_knows_the_protocol() {
    for name in CRATES.into_iter().filter(|name| !["lsp", "holdover"].contains(name)) {
        let used = dependencies(&format!("server/{name}/Cargo.toml"), true);
        for editor in ["tower-lsp", "ls-types", "clap", "indicatif", "owo-colors", "anstream"] {
            assert!(!used.contains(editor), "{name} must not know {editor}");
        }
        assert!(name == "contract" || name == "host" || !used.contains("etcetera"), "only host knows folders: {name}");
    }
    // What runs a program or opens a connection stands in `host` alone.
    for name in CRATES.into_iter().filter(|name| *name != "host") {
        for file in sources(&root().join("server").join(name).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            // A lint names these types in texts, to find them in others' tests: what opens a connection calls them.
            for forbidden in
                ["std::process::Command", "process::Command::new", "net::TcpStream", "TcpStream::", "UdpSocket"]
            {
                assert!(!text.contains(forbidden), "{} uses {forbidden}", file.display());
            }
        }
    }
}

/// A fresh clone elsewhere then uses what was built in another, and a program says nothing of where it was built.
#[test]
fn no_program_knows_the_folder_it_was_built_in() {
    let asked = ["env!(\"CARGO_", "MANIFEST_DIR"].concat();
    for file in sources(&root().join("server")).into_iter().chain(sources(&root().join("tests"))) {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(&asked), "{}", file.display());
    }
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let codes: BTreeSet<String> = read("server/contract/src/finding.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub const ")?.split('"').nth(1).map(str::to_owned))
        .collect();
    assert!(codes.len() >= 9, "{codes:?}");
    let pages: BTreeSet<String> = std::fs::read_dir(root().join("docs/diagnostics"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(codes, pages);
    // The server carries the pages, so that they can be read without a network.
    let served = read("server/engine/src/pages.rs");
    for code in codes {
        assert!(served.contains(&format!("docs/diagnostics/{code}.md")), "{code} is not served");
    }
}

/// Dotted keys of the settings with their descriptions, from the schema.
fn settings() -> BTreeMap<String, String> {
    let schema: serde_json::Value = serde_json::from_str(&read("docs/schema/holdover.schema.json")).unwrap();
    let of = |definition: &str| schema["$defs"][definition]["properties"].as_object().unwrap().clone();
    let mut found = BTreeMap::new();
    let mut tables = vec![(String::new(), "Settings".to_owned())];
    while let Some((prefix, definition)) = tables.pop() {
        for (name, property) in of(&definition) {
            match property["$ref"].as_str() {
                Some(table) => tables.push((format!("{prefix}{name}."), table.rsplit('/').next().unwrap().to_owned())),
                None => {
                    found.insert(format!("{prefix}{name}"), property["description"].as_str().unwrap().to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn every_setting_has_its_page_which_says_what_the_schema_says() {
    let settings = settings();
    assert!(settings.len() >= 12, "{settings:?}");
    let pages: BTreeSet<String> = std::fs::read_dir(root().join("docs/settings"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(settings.keys().cloned().collect::<BTreeSet<_>>(), pages);
    let listed = read("docs/protocol.md");
    for (key, description) in settings {
        let page = read(&format!("docs/settings/{key}.md"));
        let row = |name: &str| {
            let start = format!("| {name} | ");
            let line = page.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix(" |"));
            line.unwrap_or_else(|| panic!("{key}: no row for {name}")).replace('`', "")
        };
        assert!(listed.contains(&format!("`{key}`")), "{key} is not in docs/protocol.md");
        assert_eq!(row("in the environment"), format!("HOLDOVER_{}", key.to_uppercase().replace(['.', '-'], "_")));
        let mut words = key.split('-');
        let mut camel = words.next().unwrap().to_owned();
        camel.extend(words.map(|word| word[..1].to_uppercase() + &word[1..]));
        assert_eq!(row("in an editor"), format!("holdover.{camel}"));
        let trusted_only = description.contains("Trusted only");
        assert_eq!(row("from an untrusted workspace") == "ignored", trusted_only, "{key}");
        let said = description.split("Default: ").nth(1).unwrap_or("none.").trim_end_matches('.').replace('`', "");
        let said = said.replace("the machine's", "this machine's");
        assert_eq!(row("default"), said, "{key}");
        // The example is one that counts.
        let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let example: contract::Settings = toml::from_str(example).unwrap_or_else(|e| panic!("{key}: {e}"));
        let example = serde_json::to_value(example).unwrap();
        assert!(
            example.pointer(&format!("/{}", key.replace('.', "/"))).is_some_and(|value| !value.is_null()),
            "{key}: its example sets something else"
        );
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
