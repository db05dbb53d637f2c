//! The repositories that a build takes artifacts from, or the mirrors that stand in for them, and what shows that one answers: the
//! description of an artifact that it should have. May not ask, and keeps no password.

use super::facts::Facts;
use super::lifecycle::Installation;
use super::model::Models;
use super::settings::Settings;
use super::store::{Gav, Store};
use super::{central, judge, wrapper};
use crate::ecosystem::{Ask, Judged};
use crate::protocols;
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::path::Path;

const ACCEPT: &str = "text/xml, application/xml, */*;q=0.1";

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let folder = lockfile.parent().unwrap_or(lockfile);
    let mut facts = Facts::read(ask);
    let installation = wrapper::find(folder, ask);
    let settings = Settings::read(folder, installation.home.as_deref(), &mut facts, ask);
    let store = Store { root: settings.repository.clone(), ask };
    let models = Models::new(&store, &settings, &facts);
    let modules = judge::modules(lockfile, &models, &mut Judged::new(lockfile));
    let mut named = Vec::new();
    let mut known = None;
    for path in &modules {
        let model = models.of_project(path);
        named.extend(model.body.repositories.into_iter().chain(model.body.plugin_repositories));
        let own = models.own.borrow();
        let mut asked = model.body.dependencies.iter().filter_map(|one| {
            let gav = Gav::new(&one.group, &one.artifact, one.version.as_deref()?);
            (!own.contains_key(&gav)).then_some(gav).filter(|gav| description(gav).is_some())
        });
        known = known.or_else(|| asked.next());
    }
    let lacking: Vec<(&Artifact, Gav)> = missing
        .iter()
        .filter_map(|artifact| {
            let (group, name) = artifact.name.split_once(':')?;
            let gav = Gav::new(group, name, &artifact.version);
            description(&gav).is_some().then_some((*artifact, gav))
        })
        .collect();
    let Some(first) = lacking.first().map(|(_, gav)| gav.clone()).or(known) else { return Vec::new() };
    // Its address stands in the Maven that is installed.
    let usual = installation.maven.as_ref().ok().map(Installation::central);
    let mut asked: Vec<(String, String)> = Vec::new();
    for one in &named {
        let mirror = settings.mirror(one);
        let place = match mirror {
            Some(mirror) if mirror.blocked => continue,
            Some(mirror) => (mirror.id.clone(), mirror.url.clone()),
            None if *one == central() => match usual.flatten() {
                Some(url) => (one.id.clone(), url.to_owned()),
                None => continue,
            },
            None => (one.id.clone(), one.url.clone()),
        };
        if !asked.contains(&place) {
            asked.push(place);
        }
    }
    let several = asked.len() > 1;
    let registry = |(id, url): &(String, String)| {
        let mut registry = Registry::new("maven", url);
        registry.credentials = settings.servers.contains(id) || protocols::netrc(url, ask);
        registry.unasked = settings.proxy.then(|| "Maven reaches it through a proxy of its own settings".to_owned());
        registry.may_lack = several;
        if let Some(path) = description(&first) {
            registry.asks((&path, ACCEPT, Expects::Description), None, None);
        }
        for (artifact, gav) in lacking.iter().take(MOST_ASKED_FOR) {
            if let Some(path) = description(gav) {
                let holds = gav.artifact.clone();
                registry.asks((&path, ACCEPT, Expects::Description), Some((*artifact, holds)), None);
            }
        }
        registry
    };
    asked.iter().map(registry).collect()
}

/// Where a repository has the description of an artifact; none where its coordinates are no plain names.
fn description(gav: &Gav) -> Option<String> {
    let Gav { group, artifact, version } = gav;
    let plain = |name: &str| {
        let fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        !name.is_empty() && name.bytes().all(fit) && !name.starts_with('.') && !name.contains("..")
    };
    // A snapshot's file has a time in its name.
    let plain = [group, artifact, version].into_iter().all(|name| plain(name)) && !version.ends_with("-SNAPSHOT");
    plain.then(|| format!("{}/{artifact}/{version}/{artifact}-{version}.pom", group.replace('.', "/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_coordinates_become_an_address() {
        let path = |group: &str, artifact: &str, version: &str| description(&Gav::new(group, artifact, version));
        assert_eq!(path("org.a.b", "c-d", "1.0_2"), Some("org/a/b/c-d/1.0_2/c-d-1.0_2.pom".into()));
        for (group, artifact, version) in [
            ("a", "b", "${v}"),
            ("a", "b", ""),
            ("a", "..", "1"),
            ("a", "b/c", "1"),
            ("a..b", "c", "1"),
            ("a", "b?c", "1"),
            ("a", "b", "[1,2)"),
            ("a", "b", "1-SNAPSHOT"),
        ] {
            assert_eq!(path(group, artifact, version), None, "{group}:{artifact}:{version}");
        }
    }
}
