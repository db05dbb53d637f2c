//! The Maven that would be run: its version, and which plugins it binds to a build by itself.
//! May not run it; takes both out of its own archives.

use super::pom::{Execution, Plugin};
use crate::ecosystem::Ask;
use crate::python::archive::Archive;
use crate::xml::{child, children, items, read, tame, text, value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The phases of a build up to the one that is judged, in their order.
pub(super) const PHASES: [&str; 17] = [
    "validate",
    "initialize",
    "generate-sources",
    "process-sources",
    "generate-resources",
    "process-resources",
    "compile",
    "process-classes",
    "generate-test-sources",
    "process-test-sources",
    "generate-test-resources",
    "process-test-resources",
    "test-compile",
    "process-test-classes",
    "test",
    "prepare-package",
    "package",
];

pub(super) struct Installation {
    /// By packaging: the plugins of a build up to its package.
    bound: HashMap<String, Vec<Plugin>>,
    /// What every project is told besides.
    pub managed: Vec<Plugin>,
    /// Where the repository is that every project has.
    central: Option<String>,
}

impl Installation {
    /// In `home`; in words why it cannot be told.
    pub(super) fn read(home: &Path, ask: &Ask<'_>) -> Result<Self, String> {
        let library = home.join("lib");
        let archive = |name: &str| -> Result<Archive, String> {
            let listed = crate::reach::list(&library).into_iter().flatten().flatten().map(|entry| entry.path());
            let mut all: Vec<PathBuf> = listed
                .filter(|path| {
                    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let rest = file.strip_prefix(name).and_then(|rest| rest.strip_suffix(".jar"));
                    rest.is_some_and(|rest| rest.starts_with("-3"))
                })
                .collect();
            all.sort();
            let path = all.first().ok_or_else(|| format!("{} has no {name}", library.display()))?;
            ask.look.at(path);
            Archive::open(path).map_err(|_| format!("{} could not be read", path.display()))
        };
        let mut core = archive("maven-core")?;
        let file = |archive: &mut Archive, name: &str| {
            archive.text(name).map_err(|_| format!("the Maven in {} has no {name}", home.display()))
        };
        let properties = file(&mut core, "META-INF/maven/org.apache.maven/maven-core/pom.properties")?;
        let version = properties.lines().find_map(|line| line.strip_prefix("version="));
        let version = version.ok_or("which version Maven has shows nowhere")?.trim().to_owned();
        if !["3.6.", "3.8."].iter().any(|known| version.starts_with(known)) {
            return Err(format!("Maven {version} is here, and only Maven 3.6 and 3.8 are judged"));
        }
        let bindings = file(&mut core, "META-INF/plexus/default-bindings.xml")?;
        let bound = read(&tame(&bindings), "component-set", bound)?;
        let mut builder = archive("maven-model-builder")?;
        let top = super::pom::Pom::parse(&file(&mut builder, "org/apache/maven/model/pom-4.0.0.xml")?)?;
        let central = top.body.repositories.into_iter().find(|one| one.id == "central").map(|one| one.url);
        Ok(Installation { bound, managed: top.body.managed_plugins, central })
    }

    /// The address of the repository that every project has.
    pub(super) fn central(&self) -> Option<&str> {
        self.central.as_deref()
    }

    /// The plugins of a packaging; none: it is not one of Maven's own.
    pub(super) fn bound(&self, packaging: &str) -> Option<&[Plugin]> {
        self.bound.get(packaging).map(Vec::as_slice)
    }
}

fn bound(node: roxmltree::Node<'_, '_>) -> HashMap<String, Vec<Plugin>> {
    let mut out = HashMap::new();
    for component in items(node, "components", "component") {
        let lifecycles = child(component, "configuration").map(|node| items(node, "lifecycles", "lifecycle"));
        let phases = lifecycles.into_iter().flatten().filter_map(|node| child(node, "phases")).flat_map(children);
        let mut plugins: Vec<Plugin> = Vec::new();
        for phase in phases {
            let name = phase.tag_name().name();
            if !PHASES.contains(&name) {
                continue;
            }
            for goal in text(phase).split(',') {
                let parts: Vec<&str> = goal.trim().split(':').collect();
                let &[group, artifact, version, goal] = parts.as_slice() else { continue };
                let execution =
                    Execution { id: format!("default-{goal}"), phase: Some(name.into()), goals: vec![goal.into()] };
                match plugins.iter_mut().find(|plugin| plugin.group == group && plugin.artifact == artifact) {
                    Some(plugin) => plugin.executions.push(execution),
                    None => plugins.push(Plugin {
                        group: group.into(),
                        artifact: artifact.into(),
                        version: Some(version.into()),
                        executions: vec![execution],
                        inherited: true,
                        ..Plugin::default()
                    }),
                }
            }
        }
        if let Some(packaging) = value(component, "role-hint") {
            out.insert(packaging, plugins);
        }
    }
    out
}

/// By goal: the phase in which a plugin's own description binds it.
pub(super) fn phases(archive: &Path) -> Result<HashMap<String, String>, String> {
    let odd = || "its own description, plugin.xml, could not be read".to_owned();
    let text = Archive::open(archive).map_err(|_| odd())?.text("META-INF/maven/plugin.xml").map_err(|_| odd())?;
    read(&tame(&text), "plugin", |node| {
        let goal = |node| Some((value(node, "goal")?, value(node, "phase").unwrap_or_default()));
        items(node, "mojos", "mojo").into_iter().filter_map(goal).collect()
    })
}
