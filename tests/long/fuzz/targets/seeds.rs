//! Writes what the other targets begin with, below the folder that `HOLDOVER_SEEDS` names: sound headers, payloads,
//! records, files of a workspace; and the written conflicts of `fixtures/conflicts`.
#![no_main]
#![allow(unreachable_code)]

#[path = "../../../../server/journal/tests/support/forge.rs"]
mod forge;
#[path = "../../../../server/inventory/tests/place/mod.rs"]
mod place;

use forge::{Forger, Wish};
use libfuzzer_sys::fuzz_target;
use place::{Place, write};
use std::path::{Path, PathBuf};

fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => every_file(&entry.path(), found),
            _ => found.push(entry.path()),
        }
    }
}

fn seeds(to: &Path) {
    let payload =
        r#"{"ops":[{"f":"text","op":"set","v":"a","pred":["01JD0000000000000000000000/0"]}],"path":"src/lib.rs"}"#;
    write(&to.join("payload/set"), payload);
    for op in ["add", "del", "inc", "text"] {
        write(&to.join("payload").join(op), payload.replace("\"set\"", &format!("\"{op}\"")));
    }
    for events in 1..=4_u8 {
        let mut forger = Forger::new(3, 2);
        for n in 0..events {
            forger.event("note.add", payload, &Wish { signed: n == 1, v: (n == 2).then_some(2), ..Wish::default() });
        }
        write(&to.join(format!("records/{events}")), [&[events - 1], &forger.plain()[..]].concat());
        let plain = forger.plain();
        let mut d = minicbor::Decoder::new(&plain);
        d.array().expect("a record");
        write(&to.join(format!("header/{events}")), d.bytes().expect("its header"));
        // Without its hash and its signature.
        let segment = forger.segment();
        let front = &segment[..segment.len() - 32 - 64];
        write(&to.join(format!("segment/{events}")), [&[1], front].concat());
        write(&to.join(format!("segment/raw{events}")), [&[0], front].concat());
    }
    use holdover_test_model::Architecture;
    for (name, architecture) in [("llama", Architecture::Llama), ("qwen2", Architecture::Qwen2)] {
        // A small vocabulary: what is looked at is the header.
        let shape = holdover_test_model::Shape { width: 32, layers: 1, heads: 1, kv_heads: 1, inner: 32, vocabulary: 512, context: 64 };
        let mut file = vec![0];
        holdover_test_model::write(architecture, shape, 1, &mut file).expect("into memory");
        write(&to.join("gguf").join(name), file);
    }
    let place = Place::new();
    let files = [
        place.root.join("Cargo.lock"),
        place.root.join("package-lock.json"),
        place.root.join("Cargo.toml"),
        place.root.join("package.json"),
        place.index(".cache/it/oa/itoa"),
    ];
    for (which, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).expect("the place has it");
        write(&to.join(format!("lockfiles/{which}")), [&[which as u8], &bytes[..]].concat());
    }
    write(
        &to.join("lockfiles/5"),
        "\x05[net]\noffline = true\n[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"v\"\n",
    );
    write(&to.join("lockfiles/6"), "\x06registry=https://registry.example/\nomit[]=dev\ncache=${HOME}/c\n");
    write(&to.join("lockfiles/7"), "\x07[toolchain]\nchannel = \"1.70.0\"\ncomponents = [\"clippy\"]\n");
    let lints = [
        (
            0,
            "FROM debian:12 AS a\nRUN curl -fsSL https://example.org/x | sh && <<EOF\nwget y\nEOF\nCOPY --from=a /x /y\n",
        ),
        (1, "services:\n  db:\n    image: postgres:16\n    build: {context: .}\n"),
        (
            3,
            "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          npm ci\n          pip install x\n",
        ),
        (5, "{\"scripts\": {\"postinstall\": \"npx \\u0061 && curl https://example.org\"}}\n"),
        (6, "A := $(shell curl https://example.org)\nall:\n\tgit clone https://example.org/a $(A)\n"),
        (8, "#!/bin/sh\ncase $1 in a) pip install b ;; esac\nA=\"$(wget -O - https://example.org)\"; eval \"$A\"\n"),
        (
            10,
            "fn main() { let c = '\\''; ureq::get(r#\"https://example.org\"#); Command::new(\"git\").args([\"clone\"]); }\n",
        ),
        (12, "import requests\nrequests.get(f'https://example.org/{x}', timeout=\"\"\"a\"\"\")\n"),
        (13, "const a = /[/]'/.test(b); await fetch(`https://example.org/${a}`)\n"),
        (19, "plugins { id 'a' version '1.+' }\nrepositories { maven { url \"https://example.org\" } }\n"),
    ];
    for (which, text) in lints {
        write(&to.join(format!("lints/{which}")), [&[which], text.as_bytes()].concat());
    }
    let mut files = Vec::new();
    every_file(Path::new("../../../fixtures/conflicts"), &mut files);
    for (n, file) in files.iter().enumerate() {
        let Ok(bytes) = std::fs::read(file) else { continue };
        if bytes.len() < 16 << 10 {
            write(&to.join(format!("suggest/{n}")), &bytes);
            write(&to.join(format!("conflicts/{n}")), bytes);
        }
    }
}

fuzz_target!(
    init: {
        seeds(Path::new(&std::env::var("HOLDOVER_SEEDS").expect("HOLDOVER_SEEDS names the folder")));
        std::process::exit(0);
    },
    |_bytes: &[u8]| {}
);
