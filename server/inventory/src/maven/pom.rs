//! A `pom.xml` as it is written: coordinates, dependencies, what is managed, plugins, profiles; nothing inherited or replaced.
//! May not look at another file.

use crate::xml::{child, children, items, read, span, tame, text, value};
use roxmltree::Node;
use std::ops::Range as Span;

/// Larger ones are not read, in bytes.
pub(super) const LARGEST: u64 = 4 << 20;
/// The group of plugins that name none.
pub(super) const PLUGINS: &str = "org.apache.maven.plugins";

/// What is depended on, as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dependency {
    pub group: String,
    pub artifact: String,
    pub version: Option<String>,
    /// `type`.
    pub kind: Option<String>,
    pub classifier: Option<String>,
    pub scope: Option<String>,
    pub optional: Option<String>,
    pub system_path: Option<String>,
    pub exclusions: Vec<(String, String)>,
    pub span: Span<usize>,
}

impl Dependency {
    pub(super) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("jar")
    }

    /// What Maven tells dependencies of one description apart by.
    pub(super) fn key(&self) -> String {
        let classifier = self.classifier.as_deref().unwrap_or_default();
        format!("{}:{}:{}:{classifier}", self.group, self.artifact, self.kind())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Execution {
    pub id: String,
    pub phase: Option<String>,
    pub goals: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plugin {
    pub group: String,
    pub artifact: String,
    pub version: Option<String>,
    /// Whether it is loaded before anything is built.
    pub extensions: bool,
    pub inherited: bool,
    pub executions: Vec<Execution>,
    pub dependencies: Vec<Dependency>,
    pub span: Span<usize>,
}

impl Plugin {
    pub(super) fn key(&self) -> (String, String) {
        (self.group.clone(), self.artifact.clone())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Repository {
    pub id: String,
    pub url: String,
}

/// What a description and each of its profiles may say.
#[derive(Debug, Clone, Default)]
pub(super) struct Body {
    pub properties: Vec<(String, String)>,
    pub dependencies: Vec<Dependency>,
    /// As written: which of several with one key counts depends on where they are inherited and imported.
    pub managed: Vec<Dependency>,
    pub repositories: Vec<Repository>,
    pub plugin_repositories: Vec<Repository>,
    pub modules: Vec<String>,
    pub plugins: Vec<Plugin>,
    pub managed_plugins: Vec<Plugin>,
    pub extensions: Vec<Dependency>,
}

/// When a profile is active.
#[derive(Debug, Clone, Default)]
pub(super) struct Activation {
    pub by_default: bool,
    pub jdk: Option<String>,
    /// `name`, `family`, `arch`, `version`.
    pub os: Option<[Option<String>; 4]>,
    pub property: Option<(String, Option<String>)>,
    /// `exists`, `missing`.
    pub file: Option<(Option<String>, Option<String>)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    pub id: String,
    pub activation: Option<Activation>,
    pub body: Body,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parent {
    pub group: String,
    pub artifact: String,
    pub version: String,
    /// Where it is looked for first; empty: nowhere.
    pub path: String,
    pub span: Span<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pom {
    pub parent: Option<Parent>,
    pub group: Option<String>,
    pub artifact: String,
    pub version: Option<String>,
    pub packaging: Option<String>,
    pub body: Body,
    pub profiles: Vec<Profile>,
    /// Group, artifact and version that it has moved to, as far as they differ.
    pub moved: Option<[Option<String>; 3]>,
    /// An element that Maven does not know, where it reads a project strictly.
    pub odd: Option<String>,
}

/// What may stand in a project.
const KNOWN: [&str; 28] = [
    "modelVersion",
    "parent",
    "groupId",
    "artifactId",
    "version",
    "packaging",
    "name",
    "description",
    "url",
    "inceptionYear",
    "organization",
    "licenses",
    "developers",
    "contributors",
    "mailingLists",
    "prerequisites",
    "modules",
    "scm",
    "issueManagement",
    "ciManagement",
    "distributionManagement",
    "properties",
    "dependencyManagement",
    "dependencies",
    "repositories",
    "pluginRepositories",
    "build",
    "reports",
];
/// The same, of which there are more than fit one list.
const KNOWN_TOO: [&str; 2] = ["reporting", "profiles"];

impl Pom {
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        read(&tame(source), "project", pom)
    }

    pub(super) fn group(&self) -> Option<&str> {
        self.group.as_deref().or(self.parent.as_ref().map(|parent| parent.group.as_str()))
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref().or(self.parent.as_ref().map(|parent| parent.version.as_str()))
    }
}

fn pom(node: Node<'_, '_>) -> Pom {
    let name = |node: &Node<'_, '_>| node.tag_name().name().to_owned();
    let known = |name: &String| KNOWN.contains(&name.as_str()) || KNOWN_TOO.contains(&name.as_str());
    let moved = child(node, "distributionManagement").and_then(|node| child(node, "relocation"));
    Pom {
        parent: child(node, "parent").map(parent),
        group: value(node, "groupId"),
        artifact: value(node, "artifactId").unwrap_or_default(),
        version: value(node, "version"),
        packaging: value(node, "packaging"),
        body: body(node),
        profiles: items(node, "profiles", "profile").into_iter().map(profile).collect(),
        moved: moved.map(|node| ["groupId", "artifactId", "version"].map(|name| value(node, name))),
        odd: children(node).map(|node| name(&node)).find(|name| !known(name)),
    }
}

fn parent(node: Node<'_, '_>) -> Parent {
    let own = |name: &str| value(node, name).unwrap_or_default();
    Parent {
        group: own("groupId"),
        artifact: own("artifactId"),
        version: own("version"),
        path: child(node, "relativePath").map_or_else(|| "../pom.xml".into(), text),
        span: span(node),
    }
}

pub(super) fn profile(node: Node<'_, '_>) -> Profile {
    Profile {
        id: value(node, "id").unwrap_or_else(|| "default".into()),
        activation: child(node, "activation").map(activation),
        body: body(node),
    }
}

fn activation(node: Node<'_, '_>) -> Activation {
    let os = child(node, "os").map(|os| ["name", "family", "arch", "version"].map(|name| value(os, name)));
    let property = child(node, "property").map(|own| (value(own, "name").unwrap_or_default(), value(own, "value")));
    let file = child(node, "file").map(|own| (value(own, "exists"), value(own, "missing")));
    let by_default = value(node, "activeByDefault").as_deref() == Some("true");
    Activation { by_default, jdk: value(node, "jdk"), os, property, file }
}

fn body(node: Node<'_, '_>) -> Body {
    let build = child(node, "build");
    let of_build = |list, item: &'static str| build.map(|build| items(build, list, item)).unwrap_or_default();
    let managed = build.and_then(|build| child(build, "pluginManagement"));
    let managed = managed.map(|managed| items(managed, "plugins", "plugin")).unwrap_or_default();
    let dependencies = |node: Node<'_, '_>| -> Vec<Dependency> {
        items(node, "dependencies", "dependency").into_iter().map(dependency).collect()
    };
    let properties = child(node, "properties").map(children).into_iter().flatten();
    let repositories = |list, item| items(node, list, item).into_iter().map(repository).collect();
    Body {
        properties: properties.map(|node| (node.tag_name().name().to_owned(), text(node))).collect(),
        dependencies: last_of_each(dependencies(node)),
        managed: child(node, "dependencyManagement").map(dependencies).unwrap_or_default(),
        repositories: repositories("repositories", "repository"),
        plugin_repositories: repositories("pluginRepositories", "pluginRepository"),
        modules: items(node, "modules", "module").into_iter().map(text).filter(|name| !name.is_empty()).collect(),
        plugins: of_build("plugins", "plugin").into_iter().map(plugin).collect(),
        managed_plugins: managed.into_iter().map(plugin).collect(),
        extensions: of_build("extensions", "extension").into_iter().map(dependency).collect(),
    }
}

/// Of dependencies with one key the last counts, where the first stands.
pub(super) fn last_of_each(all: impl IntoIterator<Item = Dependency>) -> Vec<Dependency> {
    let mut out: Vec<Dependency> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for one in all {
        match places.entry(one.key()) {
            std::collections::hash_map::Entry::Occupied(at) => out[*at.get()] = one,
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(out.len());
                out.push(one);
            }
        }
    }
    out
}

fn repository(node: Node<'_, '_>) -> Repository {
    Repository { id: value(node, "id").unwrap_or_default(), url: value(node, "url").unwrap_or_default() }
}

fn dependency(node: Node<'_, '_>) -> Dependency {
    let own = |name: &str| value(node, name);
    let exclusion = |node: Node<'_, '_>| {
        let part = |name: &str| value(node, name).unwrap_or_default();
        (part("groupId"), part("artifactId"))
    };
    Dependency {
        group: own("groupId").unwrap_or_default(),
        artifact: own("artifactId").unwrap_or_default(),
        version: own("version"),
        kind: own("type"),
        classifier: own("classifier"),
        scope: own("scope"),
        optional: own("optional"),
        system_path: own("systemPath"),
        exclusions: items(node, "exclusions", "exclusion").into_iter().map(exclusion).collect(),
        span: span(node),
    }
}

fn plugin(node: Node<'_, '_>) -> Plugin {
    let execution = |node: Node<'_, '_>| Execution {
        id: value(node, "id").unwrap_or_else(|| "default".into()),
        phase: value(node, "phase"),
        goals: items(node, "goals", "goal").into_iter().map(text).collect(),
    };
    Plugin {
        group: value(node, "groupId").unwrap_or_else(|| PLUGINS.into()),
        artifact: value(node, "artifactId").unwrap_or_default(),
        version: value(node, "version"),
        extensions: value(node, "extensions").as_deref() == Some("true"),
        inherited: value(node, "inherited").as_deref() != Some("false"),
        executions: items(node, "executions", "execution").into_iter().map(execution).collect(),
        dependencies: items(node, "dependencies", "dependency").into_iter().map(dependency).collect(),
        span: span(node),
    }
}
