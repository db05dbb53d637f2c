//! What the tools of each language are asked for on a command line: what reaches for a network, what does not, and the switch that is offered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::codes;
use holdover_checks::lint;
use std::path::Path;

/// Codes that a command of a script gets, and what the script is once each fix that is offered is made.
#[track_caller]
fn told(command: &str) -> (Vec<&'static str>, String) {
    let script = format!("#!/bin/sh\n{command}\n");
    let drafts = lint(Path::new("run.sh"), &script).drafts;
    let mut fixed = script.clone();
    for fix in drafts.iter().rev().filter_map(|draft| draft.fix.as_ref()) {
        fixed.replace_range(fix.span.clone(), &fix.text);
    }
    let fixed = fixed.strip_prefix("#!/bin/sh\n").unwrap().trim_end().to_owned();
    (drafts.iter().map(|draft| draft.code).collect(), fixed)
}

#[track_caller]
fn each(code: &str, commands: &[&str]) {
    for command in commands {
        assert_eq!(told(command).0, [code], "{command}");
    }
}

#[track_caller]
fn none(commands: &[&str]) {
    for command in commands {
        assert_eq!(told(command).0, [""; 0], "{command}");
    }
}

#[track_caller]
fn fixed(command: &str, wanted: &str) {
    assert_eq!(told(command).1, wanted, "{command}");
    none(&[wanted]);
}

#[test]
fn maven_and_gradle_build_offline_only_where_they_are_told_to() {
    each(
        codes::JVM_NOT_OFFLINE,
        &[
            "mvn -B verify",
            "./mvnw -pl core -am package",
            "gradle build",
            "./gradlew -p app assemble",
            "mvn clean install",
        ],
    );
    none(&[
        "mvn -o verify",
        "mvn --version",
        "mvn clean",
        "./gradlew --offline build",
        "./gradlew tasks",
        "gradle wrapper",
    ]);
    fixed("mvn -B verify", "mvn -o -B verify");
    fixed("./gradlew build", "./gradlew --offline build");
}

#[test]
fn go_is_asked_for_modules_tools_and_what_the_module_cache_lacks() {
    each(codes::GO_NOT_OFFLINE, &["go mod download", "go -C sub mod tidy", "go get example.org/x@v1"]);
    each(codes::NETWORK_TOOL_INSTALL, &["go install example.org/cmd/x/v2@latest"]);
    each(codes::NETWORK_TOOL_RUN, &["go run example.org/cmd/x@latest ./..."]);
    none(&[
        "go build ./...",
        "go install ./cmd/x",
        "go run ./cmd/x",
        "go mod verify",
        "GOPROXY=off go mod download",
        "go mod vendor -mod=vendor",
        "go test -mod=vendor ./...",
    ]);
}

#[test]
fn uv_asks_an_index_unless_its_cache_has_to_do() {
    each(
        codes::UV_NOT_OFFLINE,
        &[
            "uv sync",
            "uv --directory sub sync --locked",
            "uv lock",
            "uv run pytest",
            "uv pip install x",
            "uv pip sync r.txt",
        ],
    );
    none(&[
        "uv sync --offline",
        "uv --offline sync",
        "UV_OFFLINE=1 uv sync",
        "uv run --no-sync pytest",
        "uv pip list",
        "uv pip install --no-index --find-links wheels x",
        "uv cache dir",
        "uv --version",
    ]);
    fixed("uv sync --locked", "uv sync --offline --locked");
}

#[test]
fn browsers_are_downloaded_by_what_drives_them() {
    each(
        codes::BROWSER_NOT_HERE,
        &[
            "playwright install",
            "python -m playwright install",
            "pnpm exec playwright install --with-deps",
            "yarn playwright install",
            "cypress install",
            "npx --no-install cypress install",
        ],
    );
    // The tool, where the project lacks it, and then the browsers all the same.
    for command in ["npx playwright install chromium", "npx playwright@1.50.0 install", "npm exec playwright install"] {
        assert_eq!(told(command).0, [codes::BROWSER_NOT_HERE, codes::NETWORK_TOOL_RUN], "{command}");
    }
    none(&["playwright test", "playwright --version", "npx --no-install cypress run", "pnpm exec cypress run"]);
    let manifest =
        r#"{"devDependencies": {"@playwright/test": "1.50.0", "cypress": "14.0.0", "playwright-like": "1.0.0"}}"#;
    let drafts = lint(Path::new("package.json"), manifest).drafts;
    let found: Vec<_> = drafts.iter().map(|draft| (draft.code, &manifest[draft.span.clone()])).collect();
    let code = codes::BROWSER_NOT_HERE;
    assert_eq!(found, [(code, "@playwright/test"), (code, "cypress")]);
}

#[test]
fn other_package_managers_ask_their_registries() {
    each(
        codes::PACKAGES_NOT_OFFLINE,
        &[
            "bundle install",
            "composer install --no-dev",
            "dotnet restore",
            "flutter pub get",
            "mix deps.get",
            "terraform -chdir=infra init",
            "helm dependency build chart",
            "conan install .",
            "pod install",
            "cabal update",
        ],
    );
    none(&[
        "bundle install --local",
        "bundle exec rake",
        "composer dump-autoload",
        "flutter pub get --offline",
        "flutter pub run build_runner",
        "terraform init -plugin-dir=plugins",
        "terraform plan",
        "helm repo list",
        "helm template chart",
        "mix test",
    ]);
}

#[test]
fn versions_that_asdf_and_mise_are_asked_for_are_told_where_they_stand() {
    let found = |name: &str, text: &str| {
        let drafts = lint(Path::new(name), text).drafts;
        assert!(drafts.iter().all(|draft| draft.code == codes::TOOLCHAIN_NOT_HERE), "{name}");
        drafts.iter().map(|draft| text[draft.span.clone()].to_owned()).collect::<Vec<_>>()
    };
    let text = "# what we use\nnodejs 22.3.0 # LTS\n  python 3.12.4 3.11.9\nruby system\njava latest\nlua path:/opt/lua\n\nalone\n";
    assert_eq!(found(".tool-versions", text), ["nodejs 22.3.0", "python 3.12.4 3.11.9"]);
    let text = "[tools]\nnode = \"22\"\npython = [\"3.12\", '3.11']\ngo = { version = \"1.24\", os = [\"linux\"] }\nzig = \"latest\"\n\"npm:prettier\" = \"3\"\n[env]\nA = \"1\"\n";
    assert_eq!(found("mise.toml", text), ["\"22\"", "\"3.12\"", "'3.11'", "\"1.24\""]);
    assert_eq!(found(".mise.toml", "tools = 3\n"), [""; 0]);
}
