//! Requirements that leave the version open, and what would ask for the locked one alone: edits of a manifest's text.
//! May not look at files. A requirement that is no plain range of versions, or that is exact already, is left as it is.

use crate::ecosystem::Named;
use crate::python::requirement::Requirement;
use crate::survey::Survey;
use crate::text::Places;
use contract::{Artifact, Range};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ast};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range as Span;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// One requirement that can be pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// As the manifest calls it.
    pub dependency: String,
    /// What is locked.
    pub version: String,
    /// Where it is named.
    pub range: Range,
    /// Bytes of the text that are replaced.
    pub span: Span<usize>,
    /// What they are replaced with.
    pub text: String,
}

/// The requirements of an open manifest, or of an open requirements file, that leave the version open although one is known. Of a
/// dependency that is locked in several versions none is offered.
pub fn pins(survey: &Survey, file: &Path, text: &str) -> Vec<Pin> {
    let places = Places::new(text);
    let pin = |named: &Named, version: &str| {
        let (span, text) = pinned(file, text, named, version)?;
        let range = places.range(named.span.clone());
        Some(Pin { dependency: named.key.clone(), version: version.to_owned(), range, span, text })
    };
    if let Some((ecosystem, _)) = survey.manifests.iter().find(|(_, manifest)| manifest == file) {
        let locked = Locked::of(survey, ecosystem.name(), file);
        let named = ecosystem.dependencies(text).into_iter();
        return named.filter_map(|named| pin(&named, locked.version(&named.key)?)).collect();
    }
    // A requirements file is its own manifest: what is here of what it asks for.
    let Some((ecosystem, _)) =
        survey.lockfiles.iter().find(|(known, lockfile)| known.name() == "pip" && lockfile == file)
    else {
        return Vec::new();
    };
    let own = survey.artifacts.iter().filter(|artifact| artifact.file == file && !artifact.version.is_empty());
    let known: HashMap<&str, &Artifact> = own.map(|artifact| (artifact.id.as_str(), artifact)).collect();
    let (located, _) = ecosystem.locate(text);
    let located = located.into_iter().filter_map(|(id, span)| Some((known.get(id.as_str())?, span)));
    located.filter_map(|(artifact, span)| pin(&Named { key: artifact.name.clone(), span }, &artifact.version)).collect()
}

/// The versions that a manifest's dependencies are locked in.
struct Locked<'a> {
    direct: HashMap<&'a str, BTreeSet<&'a str>>,
    named: HashMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Locked<'a> {
    fn of(survey: &'a Survey, ecosystem: &str, file: &Path) -> Self {
        let mut locked = Locked { direct: HashMap::new(), named: HashMap::new() };
        let Some(lockfile) = crate::hints::nearest(survey, ecosystem, file) else { return locked };
        let own = survey.artifacts.iter().filter(|artifact| artifact.file == lockfile && !artifact.version.is_empty());
        for artifact in own {
            locked.named.entry(&artifact.name).or_default().insert(&artifact.version);
            for line in artifact.manifests.iter().filter(|line| line.direct && line.file == file) {
                locked.direct.entry(&line.dependency).or_default().insert(&artifact.version);
            }
        }
        locked
    }

    /// The only version of a dependency. A present one names one manifest alone; in the others it is known by its name.
    fn version(&self, key: &str) -> Option<&'a str> {
        let all = self.direct.get(key).or_else(|| self.named.get(key))?;
        all.iter().next().copied().filter(|_| all.len() == 1)
    }
}

/// What is replaced, and with what.
fn pinned(file: &Path, text: &str, named: &Named, version: &str) -> Option<(Span<usize>, String)> {
    let plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'!' | b'_'));
    if !plain {
        return None;
    }
    match file.file_name()?.to_str()? {
        "Cargo.toml" => {
            let (span, said) = version_of(text, named.span.start)?;
            let open = !said.trim_start().starts_with('=') && semver::VersionReq::parse(said.trim()).is_ok();
            open.then(|| (span, format!("\"={version}\"")))
        }
        "package.json" => in_json(text, named.span.start, version),
        // Within quotes it is a requirement; else the key in one of Poetry's own tables.
        "pyproject.toml" if text[..named.span.start].ends_with(['"', '\'']) => {
            in_requirement(text, &named.span, version)
        }
        "pyproject.toml" => {
            let (span, said) = version_of(text, named.span.start)?;
            let said = said.trim();
            let open = said.starts_with(['^', '~', '>', '<', '!', '*']) || said.contains('*') || said.is_empty();
            open.then(|| (span, format!("\"{version}\"")))
        }
        _ => in_requirement(text, &named.span, version),
    }
}

/// The text that stands for the versions of the dependency whose key begins here, with its quotes: the value itself, or its `version`.
fn version_of(text: &str, key: usize) -> Option<(Span<usize>, String)> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut open = vec![table.get_ref()];
    while let Some(table) = open.pop() {
        for (name, value) in table {
            let said = match value.get_ref() {
                DeValue::String(said) if name.span().start == key => Some((value.span(), said.to_string())),
                DeValue::Table(own) if name.span().start == key => {
                    // What another place says, or where it comes from, is not changed here.
                    let elsewhere =
                        ["git", "path", "workspace", "url", "file"].iter().any(|key| own.contains_key(*key));
                    let version = own.get("version").filter(|_| !elsewhere)?;
                    let DeValue::String(said) = version.get_ref() else { return None };
                    Some((version.span(), said.to_string()))
                }
                DeValue::Table(below) => {
                    open.push(below);
                    None
                }
                _ => None,
            };
            if let Some((span, said)) = said {
                let whole = text.get(span.clone())?;
                // One line, in quotes of one kind.
                let simple = whole.len() == said.len() + 2 && whole.starts_with(['"', '\'']);
                return simple.then_some((span, said));
            }
        }
    }
    None
}

/// The value behind a key of a `package.json`.
fn in_json(text: &str, key: usize, version: &str) -> Option<(Span<usize>, String)> {
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).ok()?;
    let ast::Value::Object(root) = parsed.value? else { return None };
    for table in &root.properties {
        // Peers say what others may bring.
        if !["dependencies", "devDependencies", "optionalDependencies"].contains(&table.name.as_str()) {
            continue;
        }
        let ast::Value::Object(table) = &table.value else { continue };
        let own = |property: &&ast::ObjectProp<'_>| property.name.range().start == key;
        let Some(property) = table.properties.iter().find(own) else { continue };
        let ast::Value::StringLit(said) = &property.value else { return None };
        let text = said.value.trim();
        // An address, another package, a member, a catalog.
        let elsewhere = text.contains([':', '/', '#', '@']);
        let exact = nodejs_semver::Version::parse(text.trim_start_matches(['=', 'v', ' '])).is_ok();
        let range = said.range();
        return (!elsewhere && !exact).then(|| (range.start..range.end, format!("\"{version}\"")));
    }
    None
}

/// A requirement as Python writes them, which is all that stands there.
fn in_requirement(text: &str, span: &Span<usize>, version: &str) -> Option<(Span<usize>, String)> {
    let whole = text.get(span.clone())?;
    let read = Requirement::read(whole).ok().filter(|read| read.address.is_none())?;
    let exact = read.range.iter().any(|one| {
        use pep440_rs::Operator;
        matches!(one.operator(), Operator::Equal | Operator::ExactEqual)
    });
    if exact || whole.contains(['\n', '\\', '"']) {
        return None;
    }
    // Name and extras stay, and so does what stands from the condition on.
    let name = whole.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(whole.len());
    let extras = whole[name..].trim_start().starts_with('[');
    let head = if extras { whole.find(']')? + 1 } else { name };
    let tail = whole[head..].find(';').map_or(whole.len(), |at| head + at);
    let gap = whole[head..tail].len() - whole[head..tail].trim_end().len();
    let end = if tail < whole.len() { tail - gap } else { tail };
    Some((span.start + head..span.start + end.max(head), format!("=={version}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    /// The text with the dependency whose name begins at the mark `|` pinned to 1.2.3.
    fn made(file: &str, marked: &str) -> Option<String> {
        let start = marked.find('|').unwrap();
        let end = start + marked[start + 1..].find('|').unwrap();
        let text = marked.replace('|', "");
        let named = Named { key: "x".into(), span: start..end };
        let (span, new) = pinned(Path::new(file), &text, &named, "1.2.3")?;
        Some(format!("{}{new}{}", &text[..span.start], &text[span.end..]))
    }

    #[test]
    fn only_the_range_of_versions_is_replaced() {
        for (file, before, after) in [
            ("Cargo.toml", "[dependencies]\n|x| = \"1\" # why\n", "[dependencies]\nx = \"=1.2.3\" # why\n"),
            (
                "Cargo.toml",
                "[dependencies]\n|x| = { version = '1', features = [\"a\"] }\n",
                "[dependencies]\nx = { version = \"=1.2.3\", features = [\"a\"] }\n",
            ),
            (
                "Cargo.toml",
                "[target.'cfg(unix)'.dependencies.|x|]\nversion = \"^1\"\n",
                "[target.'cfg(unix)'.dependencies.x]\nversion = \"=1.2.3\"\n",
            ),
            (
                "package.json",
                r#"{"devDependencies": {|"x"| : "^1.0.0", "y": "^1"}}"#,
                r#"{"devDependencies": {"x" : "1.2.3", "y": "^1"}}"#,
            ),
            ("package.json", r#"{"dependencies": {|"x"|:"latest"}}"#, r#"{"dependencies": {"x":"1.2.3"}}"#),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"|x[a] >=1,<2 ; python_version > '3'|\"]\n",
                "[project]\ndependencies = [\"x[a]==1.2.3 ; python_version > '3'\"]\n",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\n|x| = \"^1\"\n",
                "[tool.poetry.dependencies]\nx = \"1.2.3\"\n",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\n|x| = { version = \">=1\", extras = [\"a\"] }\n",
                "[tool.poetry.dependencies]\nx = { version = \"1.2.3\", extras = [\"a\"] }\n",
            ),
            ("requirements.txt", "# c\n|x|  # why\n", "# c\nx==1.2.3  # why\n"),
            ("requirements.txt", "|x (>=1)|\n", "x==1.2.3\n"),
            ("requirements.txt", "|x;python_version>'3'|\n", "x==1.2.3;python_version>'3'\n"),
        ] {
            assert_eq!(made(file, before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn what_is_exact_or_no_range_is_left_alone() {
        for (file, text) in [
            ("Cargo.toml", "[dependencies]\n|x| = \"=1.0.0\"\n"),
            ("Cargo.toml", "[dependencies]\n|x| = { workspace = true }\n"),
            ("Cargo.toml", "[dependencies]\n|x| = { path = \"x\", version = \"1\" }\n"),
            ("Cargo.toml", "[dependencies]\n|x| = \"\"\"1\"\"\"\n"),
            ("package.json", r#"{"dependencies": {|"x"|: "1.0.0"}}"#),
            ("package.json", r#"{"dependencies": {|"x"|: "workspace:^"}}"#),
            ("package.json", r#"{"dependencies": {|"x"|: "npm:y@^1"}}"#),
            ("package.json", r#"{"dependencies": {|"x"|: "user/repository"}}"#),
            ("package.json", r#"{"peerDependencies": {|"x"|: "^1"}}"#),
            ("pyproject.toml", "[project]\ndependencies = [\"|x==1.0|\"]\n"),
            ("pyproject.toml", "[project]\ndependencies = [\"|x @ https://example.org/x.whl|\"]\n"),
            ("pyproject.toml", "[tool.poetry.dependencies]\n|x| = \"1.0\"\n"),
            ("pyproject.toml", "[tool.poetry.dependencies]\n|x| = { git = \"https://example.org/x\" }\n"),
            ("requirements.txt", "|x===1.0|\n"),
            ("requirements.txt", "|./x|\n"),
        ] {
            assert_eq!(made(file, text), None, "{text}");
        }
        let named = Named { key: "x".into(), span: 0..1 };
        assert_eq!(pinned(Path::new("requirements.txt"), "x", &named, "1\"; import os"), None, "no version");
    }
}
