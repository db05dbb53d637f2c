//! What is found in which text, and what is not: each lint in a file of its format, and what only looks like one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::Severity::{Error, Information, Warning};
use holdover_checks::{Facts, Here, Thing, judge, lint};
use std::path::Path;

/// Codes with the text that each stands at.
fn found(path: &str, text: &str) -> Vec<(String, String)> {
    let drafts = lint(Path::new(path), text).drafts;
    drafts
        .into_iter()
        .map(|d| (d.code.to_owned(), text[d.span].split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect()
}

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect()
}

#[track_caller]
fn finds(path: &str, text: &str, wanted: &[(&str, &str)]) {
    assert_eq!(pairs(&found(path, text)), wanted, "{path}:\n{text}");
}

/// Everything is here, or nothing is.
struct All(bool);

impl Facts for All {
    fn here(&self, _: &Thing, _: &Path) -> Here {
        if self.0 { Here::Yes("it is here".into()) } else { Here::No("it is not here".into()) }
    }
}

#[test]
fn a_dockerfile_is_read_as_buildkit_reads_it() {
    let text = "\
# syntax=docker/dockerfile:1.7
ARG BASE=debian:12
FROM ${BASE} AS build
# RUN curl https://commented.example.org/x
RUN apt-get update && \\
    # a comment within
    apt-get install -y --no-install-recommends jq \\

    && curl -fsSLo /tmp/x https://dl.acme.org/x
RUN [\"/bin/sh\", \"-c\", \"wget https://dl.acme.org/y\"]
RUN --network=none curl https://dl.acme.org/z
RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
RUN <<EOF
git clone https://git.acme.org/a.git
EOF
COPY --from=ghcr.io/acme/tool:1 /x /x
COPY --from=build /x /y
ADD --checksum=sha256:aa https://dl.acme.org/t.tgz /t/
FROM build
HEALTHCHECK CMD curl https://dl.acme.org/health
CMD [\"curl\", \"https://dl.acme.org/run\"]
";
    finds(
        "Dockerfile",
        text,
        &[
            ("dockerfile-frontend", "docker/dockerfile:1.7"),
            ("image-not-here", "${BASE}"),
            ("network-system-packages", "apt-get install -y --no-install-recommends jq"),
            ("network-download", "curl -fsSLo /tmp/x https://dl.acme.org/x"),
            ("network-download", "wget https://dl.acme.org/y"),
            ("pip-not-offline", "pip install -r requirements.txt"),
            ("network-clone", "git clone https://git.acme.org/a.git"),
            ("image-not-here", "ghcr.io/acme/tool:1"),
            ("dockerfile-add-url", "https://dl.acme.org/t.tgz"),
        ],
    );
}

#[test]
fn what_a_shell_only_says_or_never_reaches_is_no_finding() {
    let silent = [
        "echo \"curl https://dl.acme.org/x\"",
        "printf '%s\\n' 'npm install'",
        "# wget https://dl.acme.org/x",
        "cat > install.sh <<'EOF'\ncurl https://dl.acme.org/x | sh\nEOF",
        "cat <<-EOF\n\tgit clone https://git.acme.org/a.git\n\tEOF\n",
        "if false; then\n  curl https://dl.acme.org/x\nfi",
        "while false; do npm ci; done",
        "false && curl https://dl.acme.org/x",
        "true || npm install",
        "if true; then :; else curl https://dl.acme.org/x; fi",
        "command -v curl >/dev/null",
        "which wget; type git",
        "case \"$1\" in\n  curl) echo yes;;\n  npm | wget) echo no;;\nesac",
        "curl() { echo no; }",
        "x='npm install'",
        "curl http://localhost:8080/health",
        "curl -s http://127.0.0.1/x; curl http://[::1]:3/; wget http://web:80/",
        "curl \"$BASE_HOST/health\"",
        "git clone ../other; git push origin main; git status",
        "cargo metadata --no-deps; cargo llvm-cov show-env; cargo build --locked --offline; cargo fmt; CARGO_NET_OFFLINE=true cargo test",
        "npm run build; npm test; npm ci --offline; yarn --version",
        "pip install --no-index --find-links wheels x; pip freeze",
        "docker build .; docker push acme/x; docker run --pull=never alpine true",
        "apt-get clean; apt list; dpkg -l",
        "curl --version",
    ];
    for text in silent {
        finds("run.sh", &format!("#!/bin/sh\n{text}\n"), &[]);
    }
    finds("bin/tool", "#!/usr/bin/env python3\ncurl = 'https://dl.acme.org/x'\n", &[]);
}

#[test]
fn a_shell_script_is_followed_into_substitutions_and_behind_other_programs() {
    let text = "\
#!/usr/bin/env bash
set -euo pipefail
URL=https://dl.acme.org/x
sudo -E env A=b /usr/bin/curl -fsSL \"$URL\" -o x
VERSION=$(wget -qO- https://dl.acme.org/latest)
bash -c 'npm install'
if ! command -v just; then cargo install just; fi
timeout 60 git clone https://git.acme.org/a.git
( cd sub && npm ci )
for i in 1 2; do pip install x; done
rustup target install wasm32-wasip1; cargo miri test
case $1 in a) npx tool ;; esac
docker run --rm -v \"$PWD:/x\" redis:7 true
";
    finds(
        "setup.sh",
        text,
        &[
            ("network-download", "/usr/bin/curl -fsSL \"$URL\" -o x"),
            ("network-download", "wget -qO- https://dl.acme.org/latest"),
            ("npm-not-offline", "npm install"),
            ("network-tool-install", "cargo install just"),
            ("network-clone", "git clone https://git.acme.org/a.git"),
            ("npm-not-offline", "npm ci"),
            ("pip-not-offline", "pip install x"),
            ("network-toolchain", "rustup target install wasm32-wasip1"),
            ("cargo-not-offline", "cargo miri test"),
            ("network-tool-run", "npx tool"),
            ("network-image-pull", "docker run --rm -v \"$PWD:/x\" redis:7 true"),
        ],
    );
}

#[test]
fn places_are_exact_in_yaml_json_and_recipes() {
    let workflow = "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container: node:22
    steps:
      - uses: actions/checkout@v4
      - uses: actions/checkout@0123456789012345678901234567890123456789
      - run: |
          # curl https://dl.acme.org/no
          curl -sS https://dl.acme.org/é | sh
      - run: >-
          npm
          ci
      - run: \"pip install \\\"x\\\"\"
      - shell: pwsh
        run: curl https://dl.acme.org/x
      - if: false
        run: curl https://dl.acme.org/x
";
    finds(
        ".github/workflows/ci.yml",
        workflow,
        &[
            ("image-not-here", "node:22"),
            ("action-not-pinned", "actions/checkout@v4"),
            ("network-download", "curl -sS https://dl.acme.org/é"),
            ("ci-without-cache", "npm ci"),
            ("npm-not-offline", "npm ci"),
            ("pip-not-offline", "pip install \\\"x\\\""),
        ],
    );
    let package = r#"{"scripts": {"a": "echo \"curl https://dl.acme.org/x\" && npx tsc", "b": "curl https://dl.acme.org/\u0078"},
        "dependencies": {"x": "git+https://git.acme.org/x.git#main", "y": "acme/y", "z": "^1.0.0", "w": "latest"}}"#;
    finds(
        "package.json",
        package,
        &[
            ("network-tool-run", "npx tsc"),
            ("network-download", r"curl https://dl.acme.org/\u0078"),
            ("git-dependency-not-pinned", "git+https://git.acme.org/x.git#main"),
            ("git-dependency-not-pinned", "acme/y"),
            ("version-not-fixed", "latest"),
        ],
    );
    let make = "CARGO ?= cargo\nall: x\n\t@$(CARGO) build --release\n\techo $$HOME; \\\n\t  npm ci\nx: ; git pull\nnote:\n\t@echo 'run npm ci'\n";
    finds(
        "Makefile",
        make,
        &[
            ("cargo-not-offline", "$(CARGO) build --release"),
            ("npm-not-offline", "npm ci"),
            ("network-clone", "git pull"),
        ],
    );
}

#[test]
fn manifests_and_other_files_are_read_for_what_they_name() {
    finds(
        "Cargo.toml",
        "[dependencies]\na = { git = \"https://git.acme.org/a\", branch = \"main\" }\nb = { git = \"https://git.acme.org/b\", rev = \"abc\" }\n[build-dependencies]\nureq = \"3\"\ncc = \"1\"\n",
        &[("git-dependency-not-pinned", "\"https://git.acme.org/a\""), ("build-dependency-downloads", "ureq")],
    );
    finds(
        "requirements.txt",
        "# a\nflask\nrequests==2.32.0\n-r other.txt\nx @ https://dl.acme.org/x.whl\ngit+https://git.acme.org/y.git@main#egg=y\n./local\n",
        &[
            ("requirement-not-pinned", "flask"),
            ("url-dependency", "x @ https://dl.acme.org/x.whl"),
            ("git-dependency-not-pinned", "git+https://git.acme.org/y.git@main#egg=y"),
        ],
    );
    finds(
        "pyproject.toml",
        "[project]\ndependencies = [\"flask>=2\", \"y @ git+https://git.acme.org/y.git\"]\n[tool.uv.sources]\nz = { git = \"https://git.acme.org/z\", tag = \"v1\" }\n",
        &[
            ("git-dependency-not-pinned", "\"y @ git+https://git.acme.org/y.git\""),
            ("git-dependency-not-pinned", "\"https://git.acme.org/z\""),
        ],
    );
    finds(
        "compose.yaml",
        "services:\n  a: { image: \"redis:7\" }\n  b:\n    image: acme/b\n    build: .\n  c:\n    image: acme/c:${TAG:-1}\n",
        &[("image-not-here", "redis:7"), ("image-not-here", "acme/c:${TAG:-1}")],
    );
    finds(
        "gradle/wrapper/gradle-wrapper.properties",
        "distributionUrl=https\\://services.acme.org/gradle-8.9-bin.zip\n",
        &[("wrapper-not-here", "https\\://services.acme.org/gradle-8.9-bin.zip")],
    );
    finds(
        "rust-toolchain.toml",
        "[toolchain]\nchannel = \"1.80.0\"\ntargets = [\"wasm32-unknown-unknown\"]\n",
        &[("toolchain-not-here", "\"1.80.0\""), ("toolchain-not-here", "\"wasm32-unknown-unknown\"")],
    );
    finds(
        ".pre-commit-config.yaml",
        "repos:\n  - repo: local\n    hooks: []\n  - repo: https://git.acme.org/hooks\n    rev: v1\n    hooks: []\n",
        &[("hook-not-here", "v1")],
    );
    finds(
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = deps/x\n\turl = https://git.acme.org/x\n",
        &[("submodule-not-here", "deps/x")],
    );
    finds(
        "main.tf",
        "terraform {\n  required_providers {\n    aws = {\n      source = \"acme/aws\"\n    }\n  }\n}\nmodule \"a\" {\n  source = \"./a\"\n}\nmodule \"b\" {\n  source = \"acme/b/aws\"\n}\n",
        &[("terraform-provider-not-here", "acme/aws"), ("terraform-module-not-here", "acme/b/aws")],
    );
    finds(
        ".gitlab-ci.yml",
        "include:\n  - remote: https://git.acme.org/x.yml\n  - local: /y.yml\nimage: rust:1\na:\n  script:\n    - export UV_OFFLINE=1\n    - uv sync\n    - pip install x\n",
        &[
            ("ci-remote-include", "https://git.acme.org/x.yml"),
            ("image-not-here", "rust:1"),
            ("pip-not-offline", "pip install x"),
        ],
    );
    finds(
        "justfile",
        "build target:\n  @cargo build {{target}}\n  echo '{{ \"npm ci\" }}'\n",
        &[("cargo-not-offline", "cargo build {{target}}")],
    );
    finds(
        "build.gradle",
        "dependencies {\n  implementation 'org.acme:a:1.+'\n  // implementation 'org.acme:b:1.+'\n  implementation 'org.acme:c:1.2'\n}\n",
        &[("version-not-fixed", "org.acme:a:1.+")],
    );
    finds(
        ".devcontainer/devcontainer.json",
        "// a\n{ \"image\": \"mcr.acme.org/base:1\", \"postCreateCommand\": [\"npm\", \"ci\"], \"features\": { \"ghcr.io/acme/f:1\": {} } }\n",
        &[
            ("image-not-here", "mcr.acme.org/base:1"),
            ("npm-not-offline", "npm\", \"ci"),
            ("image-not-here", "ghcr.io/acme/f:1"),
        ],
    );
}

#[test]
fn programs_are_read_as_tokens() {
    let build = "\
// ureq::get(\"https://dl.acme.org\")
use ureq::Agent;
fn main() {
    println!(\"cargo:warning=Command::new(\\\"curl\\\")\");
    Command::new(\"git\").args([\"rev-parse\", \"HEAD\"]).output();
    Command::new(\"git\").arg(\"clone\").arg(URL).status();
    let c = '\"'; let l: &'static str = r#\"ureq::get(\"#;
    ureq::get(\"https://dl.acme.org/x\").call();
}
";
    finds(
        "build.rs",
        build,
        &[("build-script-downloads", "Command::new(\"git\""), ("build-script-downloads", "ureq::get")],
    );
    finds(
        "tests/a.rs",
        "#[test]\n#[ignore]\nfn a() { reqwest::get(\"https://api.acme.org\"); }\n#[test]\nfn b() { let u = \"https://api.acme.org/doc\"; reqwest::get(\"https://api.acme.org/b\"); reqwest::get(\"http://127.0.0.1:1/\"); TcpStream::connect(\"acme.org:80\"); }\n",
        &[("test-reaches-network", "https://api.acme.org/b"), ("test-reaches-network", "acme.org:80")],
    );
    let python = "import requests\n\n@pytest.mark.network\ndef test_a():\n    requests.get('https://api.acme.org')\n\ndef test_b():\n    '''requests.get(\"https://doc.acme.org\")'''\n    requests.get(\n        \"https://api.acme.org/b\")\n";
    finds("test_a.py", python, &[("test-reaches-network", "https://api.acme.org/b")]);
    finds("test_b.py", &format!("import responses\n{python}"), &[]);
    finds(
        "a.test.ts",
        "// fetch('https://no.acme.org')\nit('x', async () => { await fetch(`https://api.acme.org`); expect(/fetch('https:\\/\\/a')/).ok; fetch(`${base}/x`); new GenericContainer(\"redis:7\"); });\nit.skip('y', () => { fetch('https://api.acme.org/skipped'); });\n",
        &[("test-reaches-network", "https://api.acme.org"), ("test-image-not-here", "redis:7")],
    );
}

#[test]
fn an_allowance_covers_what_follows_it_and_is_told_when_it_allows_nothing_or_gives_no_reason() {
    let text = "\
FROM scratch
# holdover: allow(network-download) reason=\"made in the release job alone\"
RUN true && \\
    curl https://dl.acme.org/x
# holdover: allow(network-download)
RUN wget https://dl.acme.org/y
# holdover: allow(network-clone) reason=\"gone\"
RUN true
RUN curl https://dl.acme.org/z
";
    let drafts = lint(Path::new("Dockerfile"), text);
    assert_eq!(drafts.drafts.len(), 1, "{:?}", drafts.drafts);
    assert_eq!(drafts.allowed.len(), 2);
    let linted = judge(&drafts, Path::new("/w/Dockerfile"), text, &[], &All(true));
    let told: Vec<(&str, u32)> = linted.findings.iter().map(|f| (f.code.as_str(), f.range.start.line)).collect();
    assert_eq!(told, [("allowance-without-reason", 4), ("allowance-unused", 6), ("network-download", 8)]);
    let linted =
        judge(&drafts, Path::new("/w/Dockerfile"), text, &["network-download", "cargo-not-offline"], &All(true));
    assert_eq!(linted.used, [true, false]);
    assert!(linted.findings.iter().all(|f| f.code != "network-download"));

    let trailing =
        "curl https://dl.acme.org/x # holdover: allow(network-download) reason=\"a\"\ncurl https://dl.acme.org/y\n";
    assert_eq!(pairs(&found("a.sh", trailing)), [("network-download", "curl https://dl.acme.org/y")]);
    // A text in a program is no comment.
    let program = "fn a() { let x = \"// holdover: allow(test-reaches-network) reason=\"; }\n";
    assert!(lint(Path::new("tests/a.rs"), program).allowances.is_empty());
    let program = "// holdover: allow(test-reaches-network) reason=\"asks the staging host\"\nfn a() { reqwest::get(\"https://api.acme.org\"); }\n";
    assert_eq!(found("tests/a.rs", program), []);
}

#[test]
fn it_is_an_error_where_the_thing_is_not_here_information_where_it_is_and_else_a_warning_that_says_so() {
    let said = |path: &str, text: &str, here: bool| {
        let linted = judge(&lint(Path::new(path), text), &Path::new("/w").join(path), text, &[], &All(here));
        linted.findings.iter().map(|f| (f.code.clone(), f.severity)).collect::<Vec<_>>()
    };
    let cargo = "cargo build\n";
    assert_eq!(said("a.sh", cargo, true), [("cargo-not-offline".to_owned(), Information)]);
    assert_eq!(said("a.sh", cargo, false), [("cargo-not-offline".to_owned(), Error)]);
    assert_eq!(said("a.sh", "cargo build --locked\n", true), []);
    assert_eq!(said("a.sh", "cargo build --locked\n", false), [("cargo-not-offline".to_owned(), Error)]);
    assert_eq!(said("a.sh", "curl https://dl.acme.org/x\n", true), [("network-download".to_owned(), Warning)]);
    assert_eq!(said("Dockerfile", "FROM a:1\n", false), [("image-not-here".to_owned(), Error)]);
    assert_eq!(said("Dockerfile", "FROM a:1\n", true), [("image-without-digest".to_owned(), Information)]);
    assert_eq!(said("Dockerfile", "FROM a:1@sha256:00\n", true), []);
    // What an image's build or CI sees is not this machine.
    assert_eq!(
        said("Dockerfile", "FROM scratch\nRUN cargo build\n", true),
        [("cargo-not-offline".to_owned(), Warning)]
    );
    let workflow = "jobs:\n  a:\n    steps:\n      - run: cargo install just\n";
    assert_eq!(said(".github/workflows/a.yml", workflow, false), [("network-tool-install".to_owned(), Information)]);
}

#[test]
fn a_fix_changes_nothing_but_the_switch_and_leaves_nothing_to_be_found_by_it() {
    let fixed = |path: &str, text: &str| {
        let drafts = lint(Path::new(path), text).drafts;
        let fix = drafts[0].fix.clone().unwrap_or_else(|| panic!("no fix: {text}"));
        let mut text = text.to_owned();
        text.replace_range(fix.span, &fix.text);
        text
    };
    assert_eq!(fixed("a.sh", "cargo +nightly build -p x\n"), "cargo +nightly build --locked --offline -p x\n");
    assert_eq!(
        fixed(".github/workflows/a.yml", "jobs: { a: { steps: [ { run: cargo test } ] } }\n"),
        "jobs: { a: { steps: [ { run: cargo test --locked } ] } }\n"
    );
    assert_eq!(
        fixed("package.json", "{\"scripts\": {\"a\": \"cd x && npm install\"}}"),
        "{\"scripts\": {\"a\": \"cd x && npm install --prefer-offline\"}}"
    );
    assert_eq!(fixed("Makefile", "a:\n\tuv sync\n"), "a:\n\tuv sync --offline\n");
    // Where the word is not written as it is read there is none.
    assert_eq!(lint(Path::new("Makefile"), "SUB = build\na:\n\tcargo $(SUB)\n").drafts[0].fix, None);
}
