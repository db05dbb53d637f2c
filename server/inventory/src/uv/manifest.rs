//! Reads `pyproject.toml`: what a project asks for, how it is built, and what it tells uv.
//! May not look at other files. A manifest that `toml` refuses is none.

use super::name;
use crate::ecosystem::Named;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range as Span;

/// Larger manifests are not read, in bytes.
pub(super) const LARGEST: u64 = 4 << 20;
/// What a folder without a word on how it is built is built with.
const OLD_WAY: &str = "setuptools >= 40.8.0";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Manifest {
    pub project: Option<Project>,
    #[serde(default)]
    pub dependency_groups: BTreeMap<String, Vec<toml::Value>>,
    pub build_system: Option<BuildSystem>,
    #[serde(default)]
    pub tool: Tool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Tool {
    pub uv: Option<toml::Table>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Project {
    pub name: String,
    pub version: Option<String>,
    pub requires_python: Option<String>,
    #[serde(default)]
    pub dependencies: Vec<String>,
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub dynamic: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct BuildSystem {
    #[serde(default)]
    pub requires: Vec<String>,
    pub build_backend: Option<String>,
    pub backend_path: Option<Vec<String>>,
}

impl BuildSystem {
    /// What is taken where a folder says nothing.
    pub(super) fn old_way() -> Self {
        BuildSystem { requires: vec![OLD_WAY.into()], build_backend: None, backend_path: None }
    }
}

impl Manifest {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    /// What it tells uv under this key.
    pub(super) fn uv(&self, key: &str) -> Option<&toml::Value> {
        self.tool.uv.as_ref()?.get(key)
    }

    /// Whether uv builds and installs the project itself, and not only what it needs.
    pub(super) fn is_package(&self) -> bool {
        self.uv("package").and_then(toml::Value::as_bool).unwrap_or(self.build_system.is_some())
    }

    /// Requirements of each group, with what groups include; in words what is wrong with them.
    pub(super) fn groups(&self) -> Result<BTreeMap<String, Vec<String>>, String> {
        let mut out = BTreeMap::new();
        for group in self.dependency_groups.keys() {
            let mut found = Vec::new();
            self.include(group, &mut found, &mut Vec::new())?;
            out.insert(normal(group), found);
        }
        if let Some(listed) = self.uv("dev-dependencies").and_then(toml::Value::as_array) {
            let dev: &mut Vec<String> = out.entry("dev".into()).or_default();
            dev.extend(listed.iter().filter_map(toml::Value::as_str).map(str::to_owned));
        }
        Ok(out)
    }

    fn include(&self, group: &str, found: &mut Vec<String>, above: &mut Vec<String>) -> Result<(), String> {
        let wanted = normal(group);
        if above.contains(&wanted) || above.len() > 64 {
            return Err(format!("the dependency group {group} includes itself"));
        }
        let Some((_, listed)) = self.dependency_groups.iter().find(|(name, _)| normal(name) == wanted) else {
            return Err(format!("no dependency group is called {group}"));
        };
        above.push(wanted);
        for one in listed {
            if found.len() > 100_000 {
                return Err("the dependency groups have more entries than any project has".into());
            }
            match (one.as_str(), one.get("include-group").and_then(toml::Value::as_str)) {
                (Some(requirement), _) => found.push(requirement.to_owned()),
                (None, Some(other)) => self.include(other, found, above)?,
                (None, None) => {
                    return Err(format!("the dependency group {group} has an entry that is not understood"));
                }
            }
        }
        above.pop();
        Ok(())
    }
}

/// A name in its one form, or as it stands where no package could have it.
pub(super) fn normal(text: &str) -> String {
    name::normal(text).unwrap_or_else(|| text.to_owned())
}

/// The name that a requirement begins with, normalised.
pub(super) fn name_of(requirement: &str) -> String {
    let text = requirement.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
    normal(&text[..end])
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Places {
    project: ProjectPlaces,
    dependency_groups: BTreeMap<String, Vec<toml::Spanned<toml::Value>>>,
    tool: ToolPlaces,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct ProjectPlaces {
    dependencies: Vec<toml::Spanned<toml::Value>>,
    optional_dependencies: BTreeMap<String, Vec<toml::Spanned<toml::Value>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolPlaces {
    uv: UvPlaces,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct UvPlaces {
    dev_dependencies: Vec<toml::Spanned<toml::Value>>,
}

/// The dependencies that a manifest's text names, in the order they stand; none where it cannot be read.
pub(super) fn named(text: &str) -> Vec<Named> {
    let Ok(places) = toml::from_str::<Places>(text) else { return Vec::new() };
    let listed = places.project.dependencies.into_iter();
    let listed = listed.chain(places.project.optional_dependencies.into_values().flatten());
    let listed = listed.chain(places.dependency_groups.into_values().flatten());
    let listed = listed.chain(places.tool.uv.dev_dependencies);
    let mut out: Vec<Named> = listed
        .filter_map(|one| {
            let key = name_of(one.get_ref().as_str()?);
            // Without its quotes where it is a plain string of one line.
            let span = one.span();
            let quoted = text.get(span.clone()).is_some_and(|text| text.len() > 2 && !text.starts_with("\"\"\""));
            let span: Span<usize> = if quoted { span.start + 1..span.end - 1 } else { span };
            Some(Named { key, span })
        })
        .collect();
    out.sort_by_key(|named| named.span.start);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    const TEXT: &str = r#"[project]
name = "a"
dependencies = ["Rich >=13", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
more = ["httpx[http2]"]
[dependency-groups]
test = ["six", { include-group = "Lint" }]
lint = ["ruff"]
"#;

    #[test]
    fn dependencies_are_named_with_their_places() {
        let named = named(TEXT);
        let shown: Vec<(&str, &str)> = named.iter().map(|n| (n.key.as_str(), &TEXT[n.span.clone()])).collect();
        let wanted = [
            ("rich", "Rich >=13"),
            ("colorama", "colorama; sys_platform == 'win32'"),
            ("httpx", "httpx[http2]"),
            ("six", "six"),
            ("ruff", "ruff"),
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn groups_have_what_they_include_and_one_that_includes_itself_is_said_to() {
        let groups = Manifest::read(TEXT).unwrap().groups().unwrap();
        assert_eq!(groups["test"], ["six", "ruff"]);
        let circle = TEXT.replace("[\"ruff\"]", "[{ include-group = \"test\" }]");
        assert!(Manifest::read(&circle).unwrap().groups().unwrap_err().contains("includes itself"));
    }
}
