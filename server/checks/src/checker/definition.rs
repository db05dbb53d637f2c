//! What is known of each linter: data, in one file each under `checkers/`, in the program itself. Nothing here runs one.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The definitions, in the order in which they are run.
const FILES: [&str; 2] = [include_str!("../../checkers/ruff.toml"), include_str!("../../checkers/clippy.toml")];

/// One linter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checker {
    /// What it is called in commands, settings and a status.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// A folder with one of these is one that it is about.
    pub uses: Vec<Mark>,
    /// Names of the files that it reads, `*.py` for example.
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
    /// Exit codes with which its output counts.
    pub good: Vec<i32>,
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
    /// Arguments with which it says its version and does nothing else.
    pub version: Vec<String>,
    /// How it is run on one file that it is given on its standard input.
    #[serde(default)]
    pub file: Option<Arguments>,
    /// How it is run on a folder.
    #[serde(default)]
    pub project: Option<Arguments>,
    /// Variables of its environment: its own words for staying offline among them.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// By the beginning of a rule's code, how the rule's own text is asked for.
    #[serde(default)]
    pub explain: BTreeMap<String, Explain>,
}

/// Arguments; `{path}` is the file, relative to where it is run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    arguments: Vec<String>,
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
        /// `{code}` is the code, `{rule}` the same without the beginning.
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
}

/// All that are known.
///
/// # Panics
/// Never: a test reads every definition.
#[must_use]
pub fn checkers() -> &'static [Checker] {
    static READ: OnceLock<Vec<Checker>> = OnceLock::new();
    READ.get_or_init(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect())
}

/// The one with this name.
#[must_use]
pub fn checker(id: &str) -> Option<&'static Checker> {
    checkers().iter().find(|checker| checker.id == id)
}

impl Checker {
    /// Whether it reads a file of this name.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.files.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(ending) => name.len() > ending.len() && name.ends_with(ending),
            None => name == pattern,
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
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
        if code.is_empty() || code.starts_with('-') || code.len() > 100 || !code.chars().all(is_name) {
            return None;
        }
        let (start, explain) = self
            .explain
            .iter()
            .filter(|(start, _)| code.starts_with(&***start))
            .max_by_key(|(start, _)| start.len())?;
        let rule = code.strip_prefix(&**start).unwrap_or(code);
        let with = |argument: &String| argument.replace("{code}", code).replace("{rule}", rule);
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
            assert!(one.file.is_some() || one.project.is_some(), "{} can be run", one.id);
            assert!(!one.uses.is_empty() && !one.files.is_empty() && !one.good.is_empty(), "{}", one.id);
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
        let ruff = checker("ruff").unwrap();
        assert!(ruff.reads("a.py") && ruff.reads("é.pyi") && !ruff.reads(".py") && !ruff.reads("a.pyx"));
    }
}
