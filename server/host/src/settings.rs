//! Settings from their layers: defaults < user < workspace < editor < environment and flags.
//! What may run a command or name an endpoint is dropped from sources that are not trusted, and the drop is told.

use crate::Folders;
use crate::leaves::{Leaf, json_leaves, read_toml};
use contract::{Settings, Unknown};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The workspace's settings file, at its root.
pub const WORKSPACE_FILE: &str = "holdover.toml";
/// A settings file larger than this is not read, in bytes.
pub(crate) const SIZE_LIMIT: u64 = 1 << 20;
/// Keys that are taken from trusted sources only, with the reason.
const TRUSTED_ONLY: [(&str, &str); 26] = [
    ("sync.metrics-file", "this names a file that is written"),
    ("fetch.cargo", RUN),
    ("fetch.go", RUN),
    ("fetch.npm", RUN),
    ("fetch.pnpm", RUN),
    ("fetch.uv", RUN),
    ("fetch.yarn", RUN),
    ("fetch.python", RUN),
    ("fetch.poetry", RUN),
    ("fetch.maven", RUN),
    ("checks.build", RUN),
    ("checks.test", RUN),
    ("checks.commands", RUN),
    ("checks.steps", RUN),
    ("checks.workflows", "what the workspace's workflows name is run then"),
    ("prove.commands", RUN),
    ("explain.endpoint", SEND),
    ("explain.endpoint-model", SEND),
    ("explain.key-variable", SEND),
    ("explain.cloud", SEND),
    ("pack.branches", BRING),
    ("pack.refs", BRING),
    ("pack.commands", RUN),
    ("journal.retention.observations", DELETE),
    ("journal.retention.local", DELETE),
    ("journal.retention.notes", DELETE),
];
const RUN: &str = "this names a program to be run";
const SEND: &str = "this says where your text is sent";
const BRING: &str = "this says what is brought here, by tools that it configures";
const DELETE: &str = "this deletes from your journal";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The editor's settings.
    Editor,
    /// A variable of the environment.
    Environment,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Editor => f.write_str("the editor's settings"),
            Source::Environment => f.write_str("the environment"),
        }
    }
}

/// Something about a layer that the user should know; the other keys still count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub source: Source,
    /// Byte offsets of the key in the file, if it is one.
    pub span: Option<std::ops::Range<usize>>,
    /// What, in plain words.
    pub message: String,
}

/// Settings with what was found on the way.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// All layers laid over each other.
    pub settings: Settings,
    /// Keys and values that did not count.
    pub problems: Vec<Problem>,
}

/// What settings are made from.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// The workspace, if there is one.
    pub root: Option<PathBuf>,
    /// Whether the workspace, and an editor's settings for it, are trusted.
    pub trusted: bool,
    /// `holdover.*` as the editor has it.
    pub editor: Value,
    /// Variables, usually those of the process.
    pub environment: Vec<(String, String)>,
}

impl Layers {
    /// The variables of this process that can hold settings.
    #[must_use]
    pub fn of_process(root: Option<PathBuf>, trusted: bool, editor: Value) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .filter(|(k, _)| k.starts_with("HOLDOVER_"))
            .collect();
        Self { root, trusted, editor, environment }
    }

    /// Reads the files and lays the layers over each other.
    #[must_use]
    pub fn load(&self, folders: &Folders) -> Loaded {
        let workspace = self.root.as_ref().map(|root| root.join(WORKSPACE_FILE));
        let files = [(Some(folders.config.clone()), true), (workspace, self.trusted)];
        self.lay_over(files.into_iter().filter_map(|(file, trusted)| Some((file?, trusted))))
    }

    /// Lays over each other what needs no file: the editor's settings and the environment.
    #[must_use]
    pub fn load_without_files(&self) -> Loaded {
        self.lay_over(std::iter::empty())
    }

    fn lay_over(&self, files: impl Iterator<Item = (PathBuf, bool)>) -> Loaded {
        let mut loaded = Loaded::default();
        let mut merged = Value::Object(Map::new());
        let known = known_keys();
        for (file, trusted) in files {
            let source = Source::File(file.clone());
            match read_toml(&file) {
                Ok(leaves) => lay(&mut merged, leaves, &source, trusted, &known, &mut loaded.problems),
                Err(Some((message, span))) => loaded.problems.push(Problem { source, span, message }),
                Err(None) => {}
            }
        }
        let mut leaves = Vec::new();
        json_leaves("", &self.editor, &known, &mut leaves);
        lay(&mut merged, leaves, &Source::Editor, self.trusted, &known, &mut loaded.problems);
        lay(&mut merged, self.environment_leaves(&known), &Source::Environment, true, &known, &mut loaded.problems);
        // Every leaf was tried when it was laid, so this cannot fail; if it does, defaults are the safe answer.
        loaded.settings = serde_json::from_value(merged).unwrap_or_default();
        loaded
    }

    fn environment_leaves(&self, known: &[String]) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for key in known {
            let name = format!("HOLDOVER_{}", key.to_uppercase().replace(['.', '-'], "_"));
            if let Some((_, text)) = self.environment.iter().find(|(k, _)| *k == name) {
                // `true`, `17`, `["a"]` are read as JSON, anything else is a string.
                let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
                leaves.push(Leaf { key: key.clone(), value, span: None });
            }
        }
        leaves
    }
}

fn lay(
    merged: &mut Value,
    leaves: Vec<Leaf>,
    source: &Source,
    trusted: bool,
    known: &[String],
    problems: &mut Vec<Problem>,
) {
    for leaf in leaves {
        let problem = |message| Problem { source: source.clone(), span: leaf.span.clone(), message };
        if !known.contains(&leaf.key) {
            let unknown = Unknown { nearest: nearest(&leaf.key, known), key: leaf.key.clone() };
            let hint = unknown.nearest.map(|n| format!("\nhint: did you mean `{n}`?")).unwrap_or_default();
            problems.push(problem(format!("no setting has this name: {}{hint}", unknown.key)));
            continue;
        }
        if !trusted && let Some((_, why)) = TRUSTED_ONLY.iter().find(|(key, _)| *key == leaf.key) {
            problems.push(problem(format!(
                "{why}, and the workspace is not trusted: {}\nhint: read it, then `holdover trust`",
                leaf.key
            )));
            continue;
        }
        let mut tried = merged.clone();
        put(&mut tried, &leaf.key, leaf.value.clone());
        match serde_json::from_value::<Settings>(tried.clone()) {
            Ok(_) => *merged = tried,
            Err(e) => problems.push(problem(format!("this value does not fit: {}: {e}", leaf.key))),
        }
    }
}

fn put(into: &mut Value, key: &str, value: Value) {
    let mut at = into;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let Value::Object(map) = at else { return };
        if parts.peek().is_none() {
            match (map.get_mut(part), value) {
                // What has names of its own is laid over by name.
                (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                (_, value) => drop(map.insert(part.to_owned(), value)),
            }
            return;
        }
        at = map.entry(part).or_insert_with(|| Value::Object(Map::new()));
    }
}

/// Dotted paths of all settings, in the file's spelling.
fn known_keys() -> Vec<String> {
    fn walk(prefix: &str, value: &Value, keys: &mut Vec<String>) {
        let Value::Object(map) = value else { return keys.push(prefix.to_owned()) };
        for (key, value) in map {
            walk(&if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") }, value, keys);
        }
    }
    let mut keys = Vec::new();
    walk("", &serde_json::to_value(Settings::default()).unwrap_or_default(), &mut keys);
    keys
}

fn nearest(key: &str, known: &[String]) -> Option<String> {
    let best = known.iter().map(|k| (strsim::damerau_levenshtein(k, key), k)).min()?;
    (best.0 <= key.len().max(6) / 3).then(|| best.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Fixture {
        folder: tempfile::TempDir,
        layers: Layers,
    }

    impl Fixture {
        fn new(user: &str, workspace: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("user.toml"), user).unwrap();
            std::fs::write(folder.path().join(WORKSPACE_FILE), workspace).unwrap();
            let layers = Layers { root: Some(folder.path().to_path_buf()), ..Layers::default() };
            Self { folder, layers }
        }

        fn load(&self) -> Loaded {
            let folders =
                Folders { data: self.folder.path().join("data"), config: self.folder.path().join("user.toml") };
            self.layers.load(&folders)
        }
    }

    #[test]
    fn later_layers_win_key_by_key() {
        let mut fixture = Fixture::new(
            "[inventory]\nenable = false\nverify = false\nexclude = ['a']\n[fetch]\ntimeout-seconds = 1\n",
            "[inventory]\nenable = true\n[fetch]\ntimeout-seconds = 2\n",
        );
        fixture.layers.editor = json!({"fetch": {"timeoutSeconds": 3}, "server": {"path": "/x"}});
        fixture.layers.environment = vec![("HOLDOVER_INVENTORY_VERIFY".into(), "true".into())];
        let loaded = fixture.load();
        assert_eq!(loaded.problems, []);
        let settings = loaded.settings;
        assert_eq!(settings.inventory.enable, Some(true));
        assert_eq!(settings.inventory.verify, Some(true));
        assert_eq!(settings.inventory.exclude, Some(vec!["a".into()]));
        assert_eq!(settings.fetch.timeout_seconds, Some(3));
    }

    #[test]
    fn an_untrusted_workspace_names_no_program_and_a_trusted_one_does() {
        let mut fixture =
            Fixture::new("", "[fetch]\ncargo = './evil'\ntimeout-seconds = 9\n[checks]\nbuild = ['./evil']\n");
        fixture.layers.editor = json!({"fetch": {"npm": "./evil"}});
        let loaded = fixture.load();
        assert_eq!(loaded.settings.fetch.cargo, None);
        assert_eq!(loaded.settings.fetch.npm, None);
        assert_eq!(loaded.settings.checks.build, None);
        assert_eq!(loaded.settings.fetch.timeout_seconds, Some(9), "what runs nothing still counts");
        assert_eq!(loaded.problems.len(), 3);
        fixture.layers.trusted = true;
        let loaded = fixture.load();
        assert_eq!(loaded.settings.fetch.cargo, Some("./evil".into()));
        assert_eq!(loaded.problems, []);
    }

    #[test]
    fn commands_that_are_checks_are_laid_over_by_name_and_are_a_trusted_workspaces_alone() {
        let file = "[checks]\ntimeout-seconds = 3\n[checks.docs]\ncommand = ['vale']\n[checks.commands.other]\ncommand = ['x']\n";
        let mut fixture = Fixture::new("[checks.mine]\ncommand = ['me']\n[checks.docs]\ncommand = ['old']\n", file);
        let loaded = fixture.load();
        let names = |loaded: &Loaded| -> Vec<String> {
            let all = loaded.settings.checks.commands.clone().unwrap_or_default();
            all.into_iter().map(|(name, of)| format!("{name} {}", of.command.join(" "))).collect()
        };
        assert_eq!(names(&loaded), ["docs old", "mine me"]);
        let [problem] = &loaded.problems[..] else { panic!("{:?}", loaded.problems) };
        assert!(problem.message.contains("checks.commands") && problem.span.is_some(), "{problem:?}");
        assert_eq!(loaded.settings.checks.timeout_seconds, Some(3));
        fixture.layers.trusted = true;
        fixture.layers.editor = json!({"checks": {"commands": {"third": {"command": ["y"]}}}});
        let loaded = fixture.load();
        assert_eq!(
            (names(&loaded), loaded.problems),
            (vec!["docs vale".into(), "mine me".into(), "other x".into(), "third y".into()], vec![])
        );
        let loaded = Fixture::new("[checks.docs]\ncommando = ['vale']\n", "").load();
        assert!(loaded.problems[0].message.contains("commando"), "{:?}", loaded.problems);
    }

    #[test]
    fn an_untrusted_workspace_deletes_nothing_and_a_value_that_is_no_time_is_told() {
        let file = "[journal.retention]\nobservations = '1h'\nlocal = '1h'\nnotes = '1h'\n";
        let mut fixture = Fixture::new("[journal.retention]\nlocal = '30d'\n", file);
        fixture.layers.editor = json!({"journal": {"retention": {"notes": "1h"}}});
        let loaded = fixture.load();
        let keep = |text: &str| text.parse::<contract::Keep>().ok();
        let retention = loaded.settings.journal.retention;
        assert_eq!((retention.observations, retention.local, retention.notes), (None, keep("30d"), None));
        assert_eq!(loaded.problems.len(), 4);
        assert!(loaded.problems.iter().all(|problem| problem.message.starts_with("this deletes from your journal")));
        fixture.layers.trusted = true;
        assert_eq!(fixture.load().settings.journal.retention.local, keep("1h"));

        let loaded =
            Fixture::new("[journal.retention]\nnotes = '90 days'\nlocal = 30\nobservations = '2y'\n", "").load();
        assert_eq!(loaded.settings.journal.retention.observations, keep("2y"));
        let messages: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(
            messages
                .iter()
                .any(|m| m.contains("journal.retention.notes") && m.contains("`90 days`") && m.contains("`90d`")),
            "{messages:?}"
        );
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest_known_one_and_its_place() {
        let fixture = Fixture::new("", "[inventory]\nenabel = true\nverify = true\n");
        let loaded = fixture.load();
        assert_eq!(loaded.settings.inventory.verify, Some(true));
        let [problem] = &loaded.problems[..] else { panic!("{:?}", loaded.problems) };
        assert!(problem.message.contains("inventory.enable"), "{}", problem.message);
        assert_eq!(problem.span, Some(12..18));
    }

    #[test]
    fn a_value_of_the_wrong_type_or_broken_toml_is_told_and_the_rest_counts() {
        let loaded = Fixture::new("[log]\nlevel = 'debug'\n", "[inventory]\nenable = 'yes'\nverify = false\n").load();
        assert_eq!(loaded.settings.inventory.verify, Some(false));
        assert_eq!(loaded.settings.log.level.as_deref(), Some("debug"));
        assert_eq!(loaded.problems.len(), 1);
        let loaded = Fixture::new("[log]\nlevel = 'debug'\n", "[inventory\n").load();
        assert_eq!(loaded.settings.log.level.as_deref(), Some("debug"));
        assert!(loaded.problems[0].message.contains("not TOML"));
    }

    #[test]
    fn deep_nesting_ends_with_a_problem_and_not_with_the_stack() {
        let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Fixture::new("", &deep).load().problems.len(), 1);
    }
}
