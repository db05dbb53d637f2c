//! Which packages of a lockfile this machine needs: from the project along the edges whose markers hold here.
//! May not look at files.

use super::lock::{Dependency, Lock};
use super::manifest::{Manifest, normal};
use super::marker::{self, Environment};
use std::collections::{HashMap, HashSet};

/// Who needs whom, and who is needed here.
pub(super) struct Needs {
    /// Beside each package: whether this machine installs it.
    pub needed: Vec<bool>,
    /// All edges, whatever their markers say.
    pub edges: Vec<(u32, u32)>,
    /// Only development asks for it.
    pub dev: Vec<bool>,
    /// Why it could not be told.
    pub doubt: Option<String>,
}

impl Needs {
    /// Nothing is known.
    pub(super) fn none(why: String) -> Self {
        let doubt = (!why.is_empty()).then_some(why);
        Needs { needed: Vec::new(), edges: Vec::new(), dev: Vec::new(), doubt }
    }
}

/// Follows the lockfile for the environments that are possible: several, where the patch of Python is not known.
pub(super) fn follow<'a>(lock: &'a Lock, manifest: &Manifest, environments: &[Environment]) -> Result<Needs, String> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, located) in lock.packages.iter().enumerate() {
        by_name.entry(&located.package.name).or_default().push(at);
    }
    let to = |dependency: &Dependency| -> Result<usize, String> {
        let all = by_name.get(dependency.name.as_str()).map_or(&[][..], Vec::as_slice);
        let fits = |at: &&usize| {
            let package = &lock.packages[**at].package;
            dependency.version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
                && dependency.source.as_ref().is_none_or(|source| package.source == *source)
        };
        let mut fitting = all.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(at), None) => Ok(*at),
            (None, _) => Err(format!("the lockfile needs {}, and has no such package", dependency.name)),
            (Some(_), Some(_)) => {
                Err(format!("the lockfile has several packages {}, and does not say which", dependency.name))
            }
        }
    };
    let mut edges = HashSet::new();
    for (at, located) in lock.packages.iter().enumerate() {
        let package = &located.package;
        let all = package.dependencies.iter().chain(package.optional_dependencies.values().flatten());
        for dependency in all.chain(package.dev_dependencies.values().flatten()) {
            edges.insert((at as u32, to(dependency)? as u32));
        }
    }
    let roots = roots(lock, manifest)?;
    let groups = groups(manifest)?;
    let count = lock.packages.len();
    let mut needed: Option<Vec<bool>> = None;
    let mut without_dev = vec![false; count];
    for environment in environments {
        let walk = |dev: bool| -> Result<Vec<bool>, String> {
            let mut seen: HashSet<(usize, Option<&'a str>)> = HashSet::new();
            let mut queue: Vec<(usize, Option<&'a str>)> = Vec::new();
            let mut reached = vec![false; count];
            let mut first: Vec<&Dependency> = Vec::new();
            for &root in &roots {
                queue.push((root, None));
                let asked = lock.packages[root].package.dev_dependencies.iter();
                let asked =
                    asked.filter(|(group, _)| dev && groups.as_ref().is_none_or(|groups| groups.contains(group)));
                first.extend(asked.flat_map(|(_, dependencies)| dependencies));
            }
            let take = |dependency: &Dependency, queue: &mut Vec<(usize, Option<&'a str>)>| -> Result<(), String> {
                if let Some(text) = &dependency.marker
                    && !marker::holds(text, environment, &[])?
                {
                    return Ok(());
                }
                let at = to(dependency)?;
                let package = &lock.packages[at].package;
                queue.push((at, None));
                for extra in &dependency.extra {
                    // The lockfile's own text lives longer than the question.
                    if let Some((name, _)) = package.optional_dependencies.get_key_value(&normal(extra)) {
                        queue.push((at, Some(name.as_str())));
                    }
                }
                Ok(())
            };
            for dependency in first {
                take(dependency, &mut queue)?;
            }
            while let Some((at, extra)) = queue.pop() {
                if !seen.insert((at, extra)) {
                    continue;
                }
                reached[at] = true;
                let package = &lock.packages[at].package;
                let dependencies = match extra {
                    None => &package.dependencies,
                    Some(extra) => &package.optional_dependencies[extra],
                };
                for dependency in dependencies {
                    take(dependency, &mut queue)?;
                }
            }
            Ok(reached)
        };
        let reached = walk(true)?;
        without_dev = walk(false)?;
        if needed.as_ref().is_some_and(|needed| *needed != reached) {
            return Err("what is needed hangs on the patch of this Python, which shows nowhere".into());
        }
        needed = Some(reached);
    }
    let needed = needed.unwrap_or_else(|| vec![true; count]);
    let dev = needed.iter().zip(&without_dev).map(|(needed, without)| *needed && !without).collect();
    let mut edges: Vec<(u32, u32)> = edges.into_iter().collect();
    edges.sort_unstable();
    Ok(Needs { needed, edges, dev, doubt: None })
}

/// The package in the lockfile's own folder, else all members.
fn roots(lock: &Lock, manifest: &Manifest) -> Result<Vec<usize>, String> {
    let at = |name: &str| {
        let local =
            |at: &usize| lock.packages[*at].package.name == name && lock.packages[*at].package.source.is_local();
        (0..lock.packages.len())
            .find(local)
            .ok_or_else(|| format!("the lockfile lacks the project's own package {name}"))
    };
    match &manifest.project {
        Some(project) => Ok(vec![at(&normal(&project.name))?]),
        None => lock.head.manifest.members.iter().map(|name| at(name)).collect(),
    }
}

/// The groups that are installed where nobody says which; none: all.
fn groups(manifest: &Manifest) -> Result<Option<Vec<String>>, String> {
    let Some(said) = manifest.uv("default-groups") else { return Ok(Some(vec!["dev".into()])) };
    match (said.as_str(), said.as_array()) {
        (Some("all"), _) => Ok(None),
        (None, Some(listed)) => Ok(Some(listed.iter().filter_map(toml::Value::as_str).map(normal).collect())),
        _ => Err("the default groups are not understood".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::super::lock;
    use super::*;
    use std::collections::BTreeMap;

    const TEXT: &str = r#"version = 1
[[package]]
name = "ws"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "a", extra = ["x"] },
    { name = "w", marker = "sys_platform == 'win32'" },
]
[package.optional-dependencies]
more = [{ name = "m" }]
[package.dev-dependencies]
dev = [{ name = "d" }]
docs = [{ name = "o" }]
[[package]]
name = "a"
version = "1"
source = { registry = "r" }
dependencies = [{ name = "a", extra = ["y"] }]
[package.optional-dependencies]
x = [{ name = "ax" }]
y = [{ name = "ay", marker = "python_full_version >= '3.11.5'" }]
[[package]]
name = "ax"
source = { registry = "r" }
[[package]]
name = "ay"
source = { registry = "r" }
[[package]]
name = "w"
source = { registry = "r" }
[[package]]
name = "m"
source = { registry = "r" }
[[package]]
name = "d"
source = { registry = "r" }
[[package]]
name = "o"
source = { registry = "r" }
"#;

    fn here(full: &str) -> Environment {
        Environment(BTreeMap::from([("sys_platform", "linux".to_owned()), ("python_full_version", full.to_owned())]))
    }

    fn needed(manifest: &str, environments: &[Environment]) -> Result<Vec<String>, String> {
        let lock = lock::read(TEXT);
        let needs = follow(&lock, &Manifest::read(manifest).unwrap(), environments)?;
        let named = lock.packages.iter().zip(&needs.needed).filter(|(_, needed)| **needed);
        Ok(named.map(|(located, _)| located.package.name.clone()).collect())
    }

    #[test]
    fn extras_groups_and_markers_say_what_is_needed() {
        let project = "[project]\nname = 'ws'\n";
        assert_eq!(needed(project, &[here("3.11.7")]).unwrap(), ["ws", "a", "ax", "ay", "d"]);
        assert_eq!(needed(project, &[here("3.11.4")]).unwrap(), ["ws", "a", "ax", "d"]);
        let groups = format!("{project}[tool.uv]\ndefault-groups = ['docs']\n");
        assert_eq!(needed(&groups, &[here("3.11.7")]).unwrap(), ["ws", "a", "ax", "ay", "o"]);
        let both = needed(project, &[here("3.11.0"), here("3.11.99")]);
        assert!(both.unwrap_err().contains("patch of this Python"));
    }
}
