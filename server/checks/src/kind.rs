//! Which files are read, told by their names and places alone.

use std::path::Path;

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A Compose file.
    Compose,
    /// `devcontainer.json`.
    Devcontainer,
    /// A workflow of GitHub, or an action of several steps.
    Workflow,
    /// `.gitlab-ci.yml`.
    Gitlab,
    /// `package.json`.
    Package,
    /// A Makefile.
    Makefile,
    /// A justfile.
    Justfile,
    /// A shell script, by its name.
    Shell,
    /// A shell script if its first line says so.
    MaybeShell,
    /// `build.rs`.
    BuildScript,
    /// A test in Rust.
    RustTest,
    /// A test in Python.
    PythonTest,
    /// A test in JavaScript or TypeScript.
    ScriptTest,
    /// `Cargo.toml`.
    Cargo,
    /// `pyproject.toml`.
    Pyproject,
    /// A list of requirements of pip.
    Requirements,
    /// `.pre-commit-config.yaml`.
    Precommit,
    /// `gradle-wrapper.properties` or `maven-wrapper.properties`.
    Wrapper,
    /// A build of Gradle.
    Gradle,
    /// Terraform.
    Terraform,
    /// A file that names a toolchain: `rust-toolchain.toml`, `.nvmrc`, `.python-version`, `.tool-versions`, ….
    Toolchain,
    /// `.gitmodules`.
    Submodules,
}

/// What the file at `path` is read as, if it is one of those that are read.
#[must_use]
pub fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    let folder = |wanted: &str| path.parent().and_then(Path::file_name).is_some_and(|name| name == wanted);
    let within = |wanted: &[&str]| {
        path.parent()
            .is_some_and(|p| p.components().any(|c| c.as_os_str().to_str().is_some_and(|c| wanted.contains(&c))))
    };
    let ext = name.rsplit_once('.').map_or("", |(_, ext)| ext);
    let yaml = matches!(ext, "yml" | "yaml");
    let known = match name {
        "package.json" => Some(Kind::Package),
        "Cargo.toml" => Some(Kind::Cargo),
        "pyproject.toml" => Some(Kind::Pyproject),
        "build.rs" => Some(Kind::BuildScript),
        "Makefile" | "makefile" | "GNUmakefile" => Some(Kind::Makefile),
        "justfile" | "Justfile" | ".justfile" => Some(Kind::Justfile),
        "devcontainer.json" | ".devcontainer.json" => Some(Kind::Devcontainer),
        ".gitlab-ci.yml" => Some(Kind::Gitlab),
        ".pre-commit-config.yaml" | ".pre-commit-config.yml" => Some(Kind::Precommit),
        "gradle-wrapper.properties" | "maven-wrapper.properties" => Some(Kind::Wrapper),
        "build.gradle" | "build.gradle.kts" => Some(Kind::Gradle),
        ".gitmodules" => Some(Kind::Submodules),
        "rust-toolchain"
        | "rust-toolchain.toml"
        | ".nvmrc"
        | ".node-version"
        | ".python-version"
        | ".tool-versions"
        | "mise.toml"
        | ".mise.toml" => Some(Kind::Toolchain),
        _ => None,
    };
    if known.is_some() {
        return known;
    }
    if name.starts_with("Dockerfile") || name.starts_with("Containerfile") || matches!(ext, "Dockerfile" | "dockerfile")
    {
        return (!matches!(ext, "md" | "dockerignore" | "txt" | "j2" | "template" | "erb")).then_some(Kind::Dockerfile);
    }
    if yaml
        && (name.starts_with("docker-compose.") || name.starts_with("compose.") || name.starts_with("docker-compose-"))
    {
        return Some(Kind::Compose);
    }
    if yaml && folder("workflows") && within(&[".github", ".gitea", ".forgejo"])
        || matches!(name, "action.yml" | "action.yaml")
    {
        return Some(Kind::Workflow);
    }
    if ext == "txt" && (name.starts_with("requirements") || folder("requirements")) {
        return Some(Kind::Requirements);
    }
    let tests = within(&["tests", "test", "__tests__"]);
    match ext {
        "tf" => Some(Kind::Terraform),
        "mk" => Some(Kind::Makefile),
        "just" => Some(Kind::Justfile),
        "sh" | "bash" => Some(Kind::Shell),
        "rs" if tests || name.ends_with("_test.rs") || name == "tests.rs" => Some(Kind::RustTest),
        "py" if name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py" => {
            Some(Kind::PythonTest)
        }
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" => {
            let stem = name.strip_suffix(ext)?.strip_suffix('.')?;
            (stem.ends_with(".test") || stem.ends_with(".spec") || within(&["__tests__"])).then_some(Kind::ScriptTest)
        }
        _ if folder(".husky") => Some(Kind::Shell),
        _ if !name.contains('.') && within(&["bin", "scripts", "script", "ci", ".ci", "tools", "hack"]) => {
            Some(Kind::MaybeShell)
        }
        _ => None,
    }
}
