//! Requirements that leave the version open, and what would ask for the locked one alone: edits of a manifest's text.
//! May not look at files. A requirement that is no plain range of versions, or that is exact already, is left as it is.

use crate::ecosystem::Named;
use crate::python::requirement;
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

/// Why a requirement is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpinned {
    /// It asks for one version alone already.
    Exact,
    /// No range of versions stands there: a folder, a member, a repository, an address, an alias, a peer.
    NoRange,
    /// No lockfile says which version it is.
    NotLocked,
    /// It is locked in several versions.
    Several(Vec<String>),
}

/// One requirement of a manifest: how it would be pinned, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// As the manifest calls it.
    pub dependency: String,
    /// Where it is named.
    pub range: Range,
    /// Its pin.
    pub pin: Result<Pin, Unpinned>,
}

/// The files whose requirements may be pinned: manifests of lockfiles, and requirements files.
pub fn pinnable(survey: &Survey) -> Vec<&Path> {
    let manifests = survey.manifests.iter().map(|(_, manifest)| manifest.as_path());
    let own = survey.lockfiles.iter().filter(|(known, _)| known.name() == "pip").map(|(_, file)| file.as_path());
    let mut all: Vec<&Path> = manifests.chain(own).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The requirements of an open manifest, or of an open requirements file, that leave the version open although one is known. Of a
/// dependency that is locked in several versions none is offered.
pub fn pins(survey: &Survey, file: &Path, text: &str) -> Vec<Pin> {
    requirements(survey, file, text).into_iter().filter_map(|requirement| requirement.pin.ok()).collect()
}

/// Every requirement of a manifest or a requirements file, in order.
pub fn requirements(survey: &Survey, file: &Path, text: &str) -> Vec<Requirement> {
    let places = Places::new(text);
    let one = |named: Named, version: Result<&str, Unpinned>| {
        let range = places.range(named.span.clone());
        let pin = pinned(file, text, &named, version.as_ref().copied().unwrap_or("0")).and_then(|(span, text)| {
            let version = version?.to_owned();
            Ok(Pin { dependency: named.key.clone(), version, range, span, text })
        });
        Requirement { dependency: named.key, range, pin }
    };
    if let Some((ecosystem, _)) = survey.manifests.iter().find(|(_, manifest)| manifest == file) {
        let locked = Locked::of(survey, ecosystem.name(), file);
        let named = ecosystem.dependencies(text).into_iter();
        return named
            .map(|named| {
                let version = locked.version(&named.key);
                one(named, version)
            })
            .collect();
    }
    // A requirements file is its own manifest: what is here of what it asks for.
    let Some((ecosystem, _)) =
        survey.lockfiles.iter().find(|(known, lockfile)| known.name() == "pip" && lockfile == file)
    else {
        return Vec::new();
    };
    let own = survey.artifacts.iter().filter(|artifact| artifact.file == file);
    let known: HashMap<&str, &Artifact> = own.map(|artifact| (artifact.id.as_str(), artifact)).collect();
    let (located, _) = ecosystem.locate(text);
    let located = located.into_iter().filter_map(|(id, span)| Some((known.get(id.as_str())?, span)));
    located
        .map(|(artifact, span)| {
            let version = Some(artifact.version.as_str()).filter(|version| !version.is_empty());
            one(Named { key: artifact.name.clone(), span }, version.ok_or(Unpinned::NotLocked))
        })
        .collect()
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
    fn version(&self, key: &str) -> Result<&'a str, Unpinned> {
        let all = self.direct.get(key).or_else(|| self.named.get(key)).ok_or(Unpinned::NotLocked)?;
        match all.first() {
            Some(one) if all.len() == 1 => Ok(one),
            _ => Err(Unpinned::Several(all.iter().map(|version| (*version).to_owned()).collect())),
        }
    }
}

/// Bytes that are replaced, and with what.
type Change = Result<(Span<usize>, String), Unpinned>;

/// What is replaced, and with what.
fn pinned(file: &Path, text: &str, named: &Named, version: &str) -> Change {
    let plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'!' | b'_'));
    if !plain {
        return Err(Unpinned::NoRange);
    }
    match file.file_name().and_then(|name| name.to_str()).ok_or(Unpinned::NoRange)? {
        "Cargo.toml" => {
            let (span, said) = version_of(text, named.span.start).ok_or(Unpinned::NoRange)?;
            if said.trim_start().starts_with('=') {
                return Err(Unpinned::Exact);
            }
            semver::VersionReq::parse(said.trim()).map_err(|_| Unpinned::NoRange)?;
            Ok((span, format!("\"={version}\"")))
        }
        "package.json" => in_json(text, named.span.start, version),
        // Within quotes it is a requirement; else the key in one of Poetry's own tables.
        "pyproject.toml" if text[..named.span.start].ends_with(['"', '\'']) => {
            in_requirement(text, &named.span, version)
        }
        "pyproject.toml" => {
            let (span, said) = version_of(text, named.span.start).ok_or(Unpinned::NoRange)?;
            let said = said.trim();
            let open = said.starts_with(['^', '~', '>', '<', '!', '*']) || said.contains('*') || said.is_empty();
            if open { Ok((span, format!("\"{version}\""))) } else { Err(Unpinned::Exact) }
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
fn in_json(text: &str, key: usize, version: &str) -> Change {
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let Some(ast::Value::Object(root)) = parsed.ok().and_then(|parsed| parsed.value) else {
        return Err(Unpinned::NoRange);
    };
    for table in &root.properties {
        // Peers say what others may bring.
        if !["dependencies", "devDependencies", "optionalDependencies"].contains(&table.name.as_str()) {
            continue;
        }
        let ast::Value::Object(table) = &table.value else { continue };
        let own = |property: &&ast::ObjectProp<'_>| property.name.range().start == key;
        let Some(property) = table.properties.iter().find(own) else { continue };
        let ast::Value::StringLit(said) = &property.value else { return Err(Unpinned::NoRange) };
        let text = said.value.trim();
        // An address, another package, a member, a catalog.
        let elsewhere = text.contains([':', '/', '#', '@']);
        let exact = nodejs_semver::Version::parse(text.trim_start_matches(['=', 'v', ' '])).is_ok();
        let range = said.range();
        return match (elsewhere, exact) {
            (true, _) => Err(Unpinned::NoRange),
            (_, true) => Err(Unpinned::Exact),
            _ => Ok((range.start..range.end, format!("\"{version}\""))),
        };
    }
    Err(Unpinned::NoRange)
}

/// A requirement as Python writes them, which is all that stands there.
fn in_requirement(text: &str, span: &Span<usize>, version: &str) -> Change {
    let whole = text.get(span.clone()).ok_or(Unpinned::NoRange)?;
    let read = requirement::Requirement::read(whole).ok().filter(|read| read.address.is_none());
    let read = read.ok_or(Unpinned::NoRange)?;
    let exact = read.range.iter().any(|one| {
        use pep440_rs::Operator;
        matches!(one.operator(), Operator::Equal | Operator::ExactEqual)
    });
    if exact {
        return Err(Unpinned::Exact);
    }
    if whole.contains(['\n', '\\', '"']) {
        return Err(Unpinned::NoRange);
    }
    // Name and extras stay, and so does what stands from the condition on.
    let name = whole.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(whole.len());
    let extras = whole[name..].trim_start().starts_with('[');
    let head = if extras { whole.find(']').ok_or(Unpinned::NoRange)? + 1 } else { name };
    let tail = whole[head..].find(';').map_or(whole.len(), |at| head + at);
    let gap = whole[head..tail].len() - whole[head..tail].trim_end().len();
    let end = if tail < whole.len() { tail - gap } else { tail };
    Ok((span.start + head..span.start + end.max(head), format!("=={version}")))
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
        let (span, new) = pinned(Path::new(file), &text, &named, "1.2.3").ok()?;
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
        let taken = pinned(Path::new("requirements.txt"), "x", &named, "1\"; import os");
        assert_eq!(taken, Err(Unpinned::NoRange), "no version");
    }
}
