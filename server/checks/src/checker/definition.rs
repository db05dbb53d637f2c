//! What is known of each linter: data, in one file each under `checkers/`, in the program itself. Nothing here runs one.

use super::json::Mapping;
use super::place::{Column, Ends};
use contract::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The definitions, in the order in which they are run: what is quick first.
const FILES: [&str; 21] = [
    include_str!("../../checkers/ruff.toml"),
    include_str!("../../checkers/shellcheck.toml"),
    include_str!("../../checkers/hadolint.toml"),
    include_str!("../../checkers/actionlint.toml"),
    include_str!("../../checkers/zizmor.toml"),
    include_str!("../../checkers/yamllint.toml"),
    include_str!("../../checkers/markdownlint.toml"),
    include_str!("../../checkers/biome.toml"),
    include_str!("../../checkers/oxlint.toml"),
    include_str!("../../checkers/eslint.toml"),
    include_str!("../../checkers/tsc.toml"),
    include_str!("../../checkers/mypy.toml"),
    include_str!("../../checkers/pyright.toml"),
    include_str!("../../checkers/rustfmt.toml"),
    include_str!("../../checkers/clippy.toml"),
    include_str!("../../checkers/check.toml"),
    include_str!("../../checkers/go-vet.toml"),
    include_str!("../../checkers/gcc.toml"),
    include_str!("../../checkers/clang.toml"),
    include_str!("../../checkers/javac.toml"),
    include_str!("../../checkers/pre-commit.toml"),
];

/// One linter.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checker {
    /// What it is called in commands, settings and a status.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// A folder with one of these is one that it is about. Without any it is used where the settings name it.
    #[serde(default)]
    pub uses: Vec<Mark>,
    /// Names of the files that it reads, `*.py` for example, or the ends of their paths, `.github/workflows/*.yml`.
    pub files: Vec<String>,
    /// What its findings depend on.
    pub inputs: Inputs,
    /// Files that configure it, in the folder of a file or above; they are inputs too.
    #[serde(default)]
    pub configuration: Vec<String>,
    /// The program, looked up in the workspace's own folders and then in `PATH`.
    pub program: String,
    /// A second program that has to be there for the first one to work.
    #[serde(default)]
    pub component: Option<String>,
    /// Folders of the workspace, relative to it, in which the program may lie.
    #[serde(default)]
    pub local: Vec<String>,
    /// What it writes.
    pub format: Format,
    /// Where it writes that.
    #[serde(default)]
    pub says: Says,
    /// What its columns count, where that is not what the format says.
    #[serde(default)]
    pub columns: Option<Column>,
    /// What ends its lines, where that is not what the format says.
    #[serde(default)]
    pub line_ends: Option<Ends>,
    /// A tab leads to the next column that this divides, instead of being one.
    #[serde(default)]
    pub tab_width: Option<u64>,
    /// The number of the first line, 0 or 1.
    #[serde(default = "one")]
    pub lines_from: u64,
    /// The number of the first column, 0 or 1.
    #[serde(default = "one")]
    pub columns_from: u64,
    /// A last column is part of what is meant.
    #[serde(default)]
    pub end_is_last: bool,
    /// A line that shows nothing but `^` tells the column, for [`Format::Gcc`].
    #[serde(default)]
    pub points: bool,
    /// What it offers may be done without looking, for formats that do not say so of each.
    #[serde(default)]
    pub fixes_are_safe: bool,
    /// What stands before a rule's code everywhere but in its output.
    #[serde(default)]
    pub code_prefix: String,
    /// What its levels are, where they are not called as everywhere; `""` is any other.
    #[serde(default)]
    pub severities: BTreeMap<String, Severity>,
    /// Where its objects have what, for [`Format::Json`].
    #[serde(default)]
    pub json: Option<Mapping>,
    /// What a line looks like, for [`Format::Regex`].
    #[serde(default)]
    pub pattern: Option<String>,
    /// Exit codes with which its output counts.
    pub good: Vec<i32>,
    /// Those of them that are believed only where it named an error.
    #[serde(default)]
    pub failing: Vec<i32>,
    /// It says nothing new where one of these is run.
    #[serde(default)]
    pub gives_way_to: Vec<String>,
    /// Why no test has held this definition against the tool itself.
    #[serde(default)]
    pub unverified: Option<String>,
    /// Whether it has to write to the workspace.
    #[serde(default)]
    pub writes: bool,
    /// What decides about the program behind the program.
    #[serde(default)]
    pub toolchain: Option<Toolchain>,
    /// Bytes of memory, in MiB, for each of its processes.
    #[serde(default)]
    pub memory_mib: Option<u64>,
    /// The ecosystem whose packages have to be here for it to say anything.
    #[serde(default)]
    pub needs: Option<String>,
    /// How it comes to this machine, while there is a connection.
    pub get: String,
    /// Arguments with which it says its version and does nothing else; none: it cannot.
    #[serde(default)]
    pub version: Vec<String>,
    /// How it is run on one file that it is given on its standard input.
    #[serde(default)]
    pub file: Option<Arguments>,
    /// How it is run on a folder.
    #[serde(default)]
    pub project: Option<Arguments>,
    /// How it is run on each file of a `compile_commands.json`.
    #[serde(default)]
    pub compiled: Option<Compiled>,
    /// Variables of its environment: its own words for staying offline among them.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// By the beginning of a rule's code, how the rule's own text is asked for.
    #[serde(default)]
    pub explain: BTreeMap<String, Explain>,
}

fn one() -> u64 {
    1
}

/// Arguments; `{path}` is the file, relative to where it is run, `{files}` stands for every file that it reads, and `{own}` is a folder of
/// ours for what it keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    arguments: Vec<String>,
}

/// A compiler as a checker: what is in `compile_commands.json` for it, without what it would write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiled {
    /// What the compiler is called there, with or without what it is for and its version.
    pub drivers: Vec<String>,
    /// What is added.
    pub arguments: Vec<String>,
}

/// How a rule's text is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Explain {
    /// Of the linter itself.
    Own(Vec<String>),
    /// Of another program.
    Other {
        /// Its name.
        program: String,
        /// `{code}` is the code, `{rule}` the same without the beginning, `{name}` what follows its last `/`.
        arguments: Vec<String>,
    },
}

/// A program and arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The program; `None`: the linter's own.
    pub program: Option<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A file that shows that a linter is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Its name.
    pub file: String,
    /// What has to stand in it.
    #[serde(default)]
    pub has: Option<String>,
}

/// What a linter's findings depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// Each file by itself, with the configuration.
    Own,
    /// Every file of the folder.
    All,
}

/// What a program is really decided by, where it stands in for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Toolchain {
    /// rustup's.
    Rust,
}

/// What a linter writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One JSON document a line: cargo's messages, with the compiler's in them.
    CargoJson,
    /// Ruff's list.
    RuffJson,
    /// ESLint's list of files.
    EslintJson,
    /// SARIF 2.1.0.
    Sarif,
    /// Reviewdog's diagnostics as one document.
    Rdjson,
    /// The same, one a line.
    Rdjsonl,
    /// `file:line:column: level: message`.
    Gcc,
    /// Lines that a regular expression takes apart.
    Regex,
    /// JSON objects, see [`Mapping`].
    Json,
    /// `go vet -json`.
    GoVetJson,
    /// What rustfmt would change.
    Diff,
    /// `pre-commit run`.
    PreCommit,
    /// What compilers and test runners write for people.
    Log,
}

/// Where a linter writes what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// On its standard output.
    #[default]
    Output,
    /// Where errors go.
    Errors,
}

/// All that are known.
///
/// # Panics
/// Never: a test reads every definition.
#[must_use]
pub fn checkers() -> &'static [Arc<Checker>] {
    static READ: OnceLock<Vec<Arc<Checker>>> = OnceLock::new();
    READ.get_or_init(|| FILES.iter().filter_map(|text| toml::from_str(text).ok().map(Arc::new)).collect())
}

/// The one with this name.
#[must_use]
pub fn checker(id: &str) -> Option<&'static Arc<Checker>> {
    checkers().iter().find(|checker| checker.id == id)
}

impl Checker {
    /// Whether it reads this file.
    #[must_use]
    pub fn reads(&self, file: &Path) -> bool {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return false };
        self.files.iter().any(|pattern| {
            if !pattern.contains(['/', '?', '[', '{']) && !pattern.trim_start_matches('*').contains('*') {
                return match pattern.strip_prefix('*') {
                    Some(ending) => name.len() > ending.len() && name.ends_with(ending),
                    None => name == pattern,
                };
            }
            let pattern = if pattern.starts_with("**/") { pattern.clone() } else { format!("**/{pattern}") };
            let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
            glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches_path_with(file, options))
        })
    }

    /// The arguments for a file that it is given on its standard input.
    #[must_use]
    pub fn for_file(&self, path: &str) -> Option<Vec<String>> {
        let with = |argument: &String| argument.replace("{path}", path);
        Some(self.file.as_ref()?.arguments.iter().map(with).collect())
    }

    /// The arguments for a folder.
    #[must_use]
    pub fn for_folder(&self) -> Option<&[String]> {
        self.project.as_ref().map(|project| &project.arguments[..])
    }

    /// How the text of a rule is asked for.
    #[must_use]
    pub fn explains(&self, code: &str) -> Option<Asked> {
        // What stands in a command line is what a rule can be called, and no option.
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-:/".contains(c);
        if code.is_empty() || code.starts_with(['-', '/']) || code.len() > 100 || !code.chars().all(is_name) {
            return None;
        }
        let (start, explain) = self
            .explain
            .iter()
            .filter(|(start, _)| code.starts_with(&***start))
            .max_by_key(|(start, _)| start.len())?;
        let rule = code.strip_prefix(&**start).unwrap_or(code);
        let name = rule.rsplit('/').next().filter(|name| !name.is_empty() && !name.starts_with('-'))?;
        let with = |argument: &String| argument.replace("{code}", code).replace("{rule}", rule).replace("{name}", name);
        Some(match explain {
            Explain::Own(arguments) => Asked { program: None, arguments: arguments.iter().map(with).collect() },
            Explain::Other { program, arguments } => {
                Asked { program: Some(program.clone()), arguments: arguments.iter().map(with).collect() }
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_read_and_can_be_run() {
        for text in FILES {
            let one: Checker = toml::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
            assert!(one.file.is_some() || one.project.is_some() || one.compiled.is_some(), "{} can be run", one.id);
            assert!(!one.files.is_empty() && !one.good.is_empty() && !one.get.is_empty(), "{}", one.id);
            assert_eq!(one.pattern.as_deref().map(crate::checker::pattern).transpose().err(), None, "{}", one.id);
            assert_eq!(one.json.is_some(), one.format == Format::Json, "{}", one.id);
            assert!(one.gives_way_to.iter().all(|other| checker(other).is_some()), "{}", one.id);
        }
        assert_eq!(checkers().len(), FILES.len());
    }

    #[test]
    fn a_rule_is_asked_for_by_its_name_and_nothing_else_gets_into_a_command_line() {
        let clippy = checker("clippy").unwrap();
        let asked = clippy.explains("clippy::needless_return").unwrap();
        assert_eq!((asked.program, asked.arguments.join(" ")), (None, "clippy --explain needless_return".to_owned()));
        assert_eq!(clippy.explains("E0308").unwrap().program.as_deref(), Some("rustc"));
        assert_eq!(clippy.explains("unused_variables"), None, "the compiler has no text for its lints");
        let ruff = checker("ruff").unwrap();
        assert_eq!(ruff.explains("F401").unwrap().arguments, ["rule", "F401"]);
        for hostile in ["--config=x", "", "F401; rm", "../F401", &"F".repeat(101)] {
            assert_eq!(ruff.explains(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        let reads = |checker: &Checker, file: &str| checker.reads(Path::new(file));
        let ruff = checker("ruff").unwrap();
        assert!(reads(ruff, "sub/a.py") && reads(ruff, "é.pyi") && !reads(ruff, ".py") && !reads(ruff, "a.pyx"));
        let actionlint = checker("actionlint").unwrap();
        assert!(reads(actionlint, ".github/workflows/a.yml") && reads(actionlint, "sub/.github/workflows/a.yaml"));
        assert!(!reads(actionlint, ".github/workflows/sub/a.yml") && !reads(actionlint, "workflows/a.yml"));
    }
}
