//! The effective description: parents, profiles, properties and what is imported put together as Maven does.
//! May not decide which dependencies are needed.

use super::active;
use super::facts::{Facts, Known, is_file};
use super::interpolate;
use super::pom::{self, Body, Dependency, Parent, Plugin, Pom};
use super::settings::Settings;
use super::store::{Gav, Held, Store};
use crate::look::Unread;
use crate::members::clean;
use crate::verify::Algorithm;
use contract::ArtifactState;
use sha1::Digest;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A description has no more parents, and imports reach no deeper.
const DEEPEST: usize = 64;
/// More dependencies than this are not managed in one description.
const MOST_MANAGED: usize = 200_000;

/// An effective description.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub gav: Gav,
    pub packaging: String,
    pub body: Body,
    /// Parents and imported descriptions that came from the local repository, or did not.
    pub rests_on: Vec<(Gav, Held)>,
    /// Descriptions beside it that it was made with.
    pub files: Vec<PathBuf>,
    /// Group, artifact, version that it has moved to.
    pub moved: Option<Gav>,
    /// In words, what could not be decided.
    pub doubts: Vec<String>,
    /// In words, why Maven refuses it.
    pub refused: Vec<String>,
}

pub(super) type Repositories = Rc<BTreeSet<String>>;
type Parsed = Rc<Result<(Pom, String), String>>;
type Described = (Held, Option<Rc<Model>>);

pub(super) struct Models<'a> {
    pub store: &'a Store<'a>,
    pub settings: &'a Settings,
    pub facts: &'a Facts,
    /// The descriptions of the build's own modules.
    pub own: RefCell<HashMap<Gav, PathBuf>>,
    parsed: RefCell<HashMap<PathBuf, Parsed>>,
    described: RefCell<HashMap<(Gav, Repositories), Described>>,
    open: RefCell<Vec<Gav>>,
}

impl<'a> Models<'a> {
    pub(super) fn new(store: &'a Store<'a>, settings: &'a Settings, facts: &'a Facts) -> Self {
        let (own, parsed) = (RefCell::default(), RefCell::default());
        Models { store, settings, facts, own, parsed, described: RefCell::default(), open: RefCell::default() }
    }

    /// Takes nothing for known that was found before all modules were.
    pub(super) fn forget(&self) {
        self.described.borrow_mut().clear();
    }

    /// The description in a file, with its text.
    pub(super) fn parse(&self, path: &Path) -> Parsed {
        if let Some(parsed) = self.parsed.borrow().get(path) {
            return Rc::clone(parsed);
        }
        let text = self.store.ask.look.text(path, pom::LARGEST);
        let parsed = Rc::new(match text {
            Ok(text) => Pom::parse(&text).map(|pom| (pom, text)),
            Err(Unread::Absent) => Err("there is none".into()),
            Err(why) => Err(why.to_string()),
        });
        self.parsed.borrow_mut().insert(path.to_path_buf(), Rc::clone(&parsed));
        parsed
    }

    /// The effective description in a file of the build's own.
    pub(super) fn of_project(&self, path: &Path) -> Model {
        match &*self.parse(path) {
            Ok((pom, _)) => self.build(pom, Some(path), &Rc::new(BTreeSet::new())),
            Err(why) => Model { refused: vec![format!("{}: {why}", path.display())], ..Model::default() },
        }
    }

    /// The effective description of an artifact, for somebody who would ask these repositories.
    pub(super) fn of_artifact(&self, gav: &Gav, repositories: &Repositories) -> Described {
        let own = self.own.borrow().get(gav).cloned();
        let asked = if own.is_some() { Rc::default() } else { Rc::clone(repositories) };
        let key = (gav.clone(), asked);
        if let Some(described) = self.described.borrow().get(&key) {
            return described.clone();
        }
        if self.open.borrow().contains(gav) || self.open.borrow().len() > DEEPEST {
            let why = "its description leads back to itself";
            return (Held::new(ArtifactState::Unknown, why, PathBuf::new()), None);
        }
        if let Some(path) = own {
            self.open.borrow_mut().push(gav.clone());
            let model = Rc::new(self.of_project(&path));
            self.open.borrow_mut().pop();
            let held = Held::new(ArtifactState::Present, "it is a part of this build", path);
            self.described.borrow_mut().insert(key, (held.clone(), Some(Rc::clone(&model))));
            return (held, Some(model));
        }
        let mut held = self.store.file(gav, "", "pom", repositories);
        let mut model = None;
        if let Some(parsed) = self.sound(&mut held)
            && let Ok((pom, _)) = &*parsed
        {
            self.open.borrow_mut().push(gav.clone());
            model = Some(Rc::new(self.build(pom, None, repositories)));
            self.open.borrow_mut().pop();
        }
        let described = (held, model);
        self.described.borrow_mut().insert(key, described.clone());
        described
    }

    /// A description from the local repository, where it has the checksum that lies beside it; what is not as it was published is
    /// followed no further. One that was published as no XML tells Maven nothing, here and anywhere.
    fn sound(&self, held: &mut Held) -> Option<Parsed> {
        if !held.here() {
            return None;
        }
        let vouched = match &held.content {
            None => false,
            Some(content) => {
                let bytes = self.store.ask.look.bytes(&held.path, pom::LARGEST).unwrap_or_default();
                let sum = match content.sum.algorithm {
                    Algorithm::Sha1 => sha1::Sha1::digest(&bytes).to_vec(),
                    Algorithm::Sha256 => sha2::Sha256::digest(&bytes).to_vec(),
                    _ => sha2::Sha512::digest(&bytes).to_vec(),
                };
                if sum != content.sum.bytes {
                    held.state = ArtifactState::Corrupt;
                    held.evidence = "its description has not the checksum that lies beside it".into();
                    return None;
                }
                true
            }
        };
        let parsed = self.parse(&held.path);
        match &*parsed {
            Err(why) if !vouched => {
                held.state = ArtifactState::Corrupt;
                held.evidence = format!("its description cannot be read: {why}");
                None
            }
            _ => Some(parsed),
        }
    }

    fn build(&self, pom: &Pom, path: Option<&Path>, repositories: &Repositories) -> Model {
        let mut model = Model::default();
        let mut repositories = BTreeSet::clone(repositories);
        // From the description up to the last of its parents, with their profiles.
        let mut line: Vec<(Pom, Option<PathBuf>)> = Vec::new();
        let mut next = Some((pom.clone(), path.map(Path::to_path_buf)));
        while let Some((mut pom, path)) = next.take() {
            self.profiles(&mut pom, path.as_deref(), &mut model);
            repositories.extend(pom.body.repositories.iter().map(|one| self.settings.asked(one)));
            let parent = pom.parent.clone();
            if let (Some(odd), Some(path)) = (&pom.odd, &path) {
                model.refused.push(format!("{} has <{odd}>, which Maven does not know there", path.display()));
            }
            line.push((pom, path.clone()));
            let Some(parent) = parent else { break };
            if line.len() > DEEPEST {
                model.refused.push("its parents lead back to themselves".into());
                break;
            }
            next = self.parent(&parent, path.as_deref(), &repositories, &mut model);
        }
        Self::assemble(&line, &mut model);
        let first = line.first().map(|(pom, path)| (pom, path.as_deref()));
        if let Some((pom, path)) = first {
            self.interpolate(pom, path, &mut model);
        }
        let ids: BTreeSet<String> = model.body.repositories.iter().map(|one| self.settings.asked(one)).collect();
        repositories.extend(ids);
        self.import(&Rc::new(repositories), &mut model);
        inject(&mut model);
        model
    }

    /// Puts what active profiles say into a description.
    fn profiles(&self, pom: &mut Pom, path: Option<&Path>, model: &mut Model) {
        let folder = path.and_then(Path::parent);
        let none = Vec::new();
        let named = if folder.is_some() { (&self.settings.named.0, &self.settings.named.1) } else { (&none, &none) };
        let named = (named.0.as_slice(), named.1.as_slice());
        let (active, doubts) = active::active(&pom.profiles, named, folder, self.facts, self.store.ask);
        model.doubts.extend(doubts);
        let outer = if folder.is_some() { self.settings.profiles.as_slice() } else { &[] };
        let profiles: Vec<Body> =
            active.into_iter().filter_map(|at| pom.profiles.get(at)).map(|one| one.body.clone()).collect();
        for body in profiles.into_iter().chain(outer.iter().map(|profile| profile.body.clone())) {
            over(&mut pom.body, body);
        }
    }

    /// The parent of a description: the file beside it where that is it, else from the local repository.
    fn parent(
        &self,
        parent: &Parent,
        path: Option<&Path>,
        repositories: &BTreeSet<String>,
        model: &mut Model,
    ) -> Option<(Pom, Option<PathBuf>)> {
        let gav = Gav::new(&parent.group, &parent.artifact, &parent.version);
        if let Some(folder) = path.and_then(Path::parent).filter(|_| !parent.path.is_empty()) {
            let mut file = clean(&folder.join(&parent.path));
            if !is_file(&file, self.store.ask) {
                file = file.join("pom.xml");
            }
            if is_file(&file, self.store.ask)
                && let Ok((pom, _)) = &*self.parse(&file)
            {
                let same = pom.group() == Some(&parent.group) && pom.artifact == parent.artifact;
                if same && pom.version() == Some(&parent.version) {
                    model.files.push(file.clone());
                    return Some((pom.clone(), Some(file)));
                }
            }
        }
        let own = self.own.borrow().get(&gav).cloned();
        if let Some(file) = own
            && let Ok((pom, _)) = &*self.parse(&file)
        {
            model.files.push(file.clone());
            return Some((pom.clone(), Some(file)));
        }
        if parent.version.starts_with(['[', '(']) || parent.version.contains("${") {
            model.doubts.push(format!(
                "the parent {} has the version {}, which is not followed",
                gav.name(),
                parent.version
            ));
            return None;
        }
        let repositories = if path.is_some() { self.with_central(repositories) } else { repositories.clone() };
        let mut held = self.store.file(&gav, "", "pom", &repositories);
        let parsed = self.sound(&mut held);
        let found = parsed.and_then(|parsed| Some((parsed.as_ref().as_ref().ok()?.0.clone(), None)));
        model.rests_on.push((gav, held));
        found
    }

    /// With the repository that every project has.
    pub(super) fn with_central(&self, repositories: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = repositories.clone();
        let of_settings = self.settings.profiles.iter().flat_map(|profile| &profile.body.repositories);
        all.extend(of_settings.map(|one| self.settings.asked(one)));
        all.insert(self.settings.asked(&super::central()));
        all
    }

    /// Puts a line of descriptions together; what is nearer counts.
    fn assemble(line: &[(Pom, Option<PathBuf>)], model: &mut Model) {
        // What is managed twice in one description: the last counts where something above manages too, the first where it is inherited.
        let topmost = line.iter().rposition(|(pom, _)| !pom.body.managed.is_empty()).unwrap_or_default();
        for (at, (pom, _)) in line.iter().enumerate() {
            let mut body = pom.body.clone();
            if at < topmost {
                body.managed = pom::last_of_each(body.managed);
            } else if at > 0 {
                let mut keys = BTreeSet::new();
                body.managed.retain(|one| keys.insert(one.key()));
            }
            if at > 0 {
                body.modules.clear();
                body.plugins.retain(|plugin| plugin.inherited);
            }
            under(&mut model.body, body);
        }
        if !model.body.repositories.iter().any(|one| one.id == "central") {
            model.body.repositories.push(super::central());
        }
        if !model.body.plugin_repositories.iter().any(|one| one.id == "central") {
            model.body.plugin_repositories.push(super::central());
        }
        let nearest = |of: &dyn Fn(&Pom) -> Option<String>| line.iter().find_map(|(pom, _)| of(pom));
        if let Some((pom, _)) = line.first() {
            let group = nearest(&|pom| pom.group().map(str::to_owned)).unwrap_or_default();
            let version = nearest(&|pom| pom.version().map(str::to_owned)).unwrap_or_default();
            model.gav = Gav { group, artifact: pom.artifact.clone(), version };
            model.packaging = pom.packaging.clone().unwrap_or_else(|| "jar".into());
            model.moved = pom.moved.as_ref().map(|[group, artifact, version]| Gav {
                group: group.clone().unwrap_or_else(|| model.gav.group.clone()),
                artifact: artifact.clone().unwrap_or_else(|| model.gav.artifact.clone()),
                version: version.clone().unwrap_or_else(|| model.gav.version.clone()),
            });
        }
    }

    fn interpolate(&self, pom: &Pom, path: Option<&Path>, model: &mut Model) {
        let properties: HashMap<String, String> = model.body.properties.iter().cloned().collect();
        let (gav, packaging, facts) = (model.gav.clone(), model.packaging.clone(), self.facts);
        let parent = pom.parent.clone().unwrap_or_default();
        let folder = path.and_then(Path::parent).map(|folder| folder.to_string_lossy().into_owned());
        let own = |name: &str| match name {
            "groupId" => Some(gav.group.clone()),
            "artifactId" => Some(gav.artifact.clone()),
            "version" => Some(gav.version.clone()),
            "packaging" => Some(packaging.clone()),
            "parent.groupId" => Some(parent.group.clone()),
            "parent.artifactId" => Some(parent.artifact.clone()),
            "parent.version" => Some(parent.version.clone()),
            "basedir" => folder.clone(),
            _ => None,
        };
        let mut value = |name: &str| {
            let prefixed = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom."));
            if let Some(found) = prefixed.and_then(own).or_else(|| own(name).filter(|_| name == "basedir")) {
                return Known::Value(found);
            }
            if let Some(found) = facts.user.get(name).or_else(|| properties.get(name)) {
                return Known::Value(found.clone());
            }
            match facts.property(name) {
                Known::Absent => {
                    own(name).map_or(if prefixed.is_some() { Known::Unknown } else { Known::Absent }, Known::Value)
                }
                known => known,
            }
        };
        each_text(&mut model.body, &mut |text| {
            if text.contains("${") {
                interpolate::plain(text, &mut value).trim().clone_into(text);
            }
        });
        for part in [&mut model.gav.group, &mut model.gav.version] {
            *part = interpolate::plain(part, &mut value);
        }
        model.packaging = interpolate::plain(&model.packaging, &mut value);
        if let Some(moved) = &mut model.moved {
            for part in [&mut moved.group, &mut moved.artifact, &mut moved.version] {
                *part = interpolate::plain(part, &mut value);
            }
        }
        if model.doubts.is_empty() {
            let coordinates = model.body.dependencies.iter().flat_map(|one| [Some(&one.group), one.version.as_ref()]);
            let unknown = coordinates.flatten().find(|text| {
                let mut odd = false;
                interpolate::plain(text, &mut |name| {
                    odd |= value(name) == Known::Unknown;
                    Known::Absent
                });
                odd
            });
            let why = unknown.map(|text| format!("{} names {text}, whose value is not known here", model.gav.name()));
            model.doubts.extend(why);
        }
    }

    /// Takes what other descriptions manage where they are imported.
    fn import(&self, repositories: &Repositories, model: &mut Model) {
        let imported = |one: &Dependency| one.scope.as_deref() == Some("import") && one.kind() == "pom";
        let (imports, mut managed): (Vec<_>, Vec<_>) =
            std::mem::take(&mut model.body.managed).into_iter().partition(imported);
        if !imports.is_empty() {
            managed = pom::last_of_each(managed);
        }
        let mut known: BTreeSet<String> = managed.iter().map(Dependency::key).collect();
        let repositories = Rc::new(self.with_central(repositories));
        for one in imports {
            let Some(version) = one.version.as_deref().filter(|version| !version.starts_with(['[', '('])) else {
                model.doubts.push(format!("{}:{} is imported without a plain version", one.group, one.artifact));
                continue;
            };
            let gav = Gav::new(&one.group, &one.artifact, version);
            let (held, found) = self.of_artifact(&gav, &repositories);
            let Some(found) = found else {
                if held.state == ArtifactState::Unknown && self.own.borrow().contains_key(&gav) {
                    model.refused.push(format!("what {} imports leads back to itself", gav.name()));
                } else {
                    model.rests_on.push((gav, held));
                }
                continue;
            };
            if !self.own.borrow().contains_key(&gav) {
                model.rests_on.push((gav, held));
            }
            model.rests_on.extend(found.rests_on.iter().cloned());
            model.doubts.extend(found.doubts.iter().cloned());
            for one in &found.body.managed {
                if managed.len() < MOST_MANAGED && known.insert(one.key()) {
                    managed.push(one.clone());
                }
            }
        }
        model.body.managed = managed;
    }
}

/// Gives dependencies what is managed for them, and plugins too.
fn inject(model: &mut Model) {
    let body = &mut model.body;
    let mut managed: HashMap<String, Vec<&Dependency>> = HashMap::new();
    for one in &body.managed {
        managed.entry(one.key()).or_default().push(one);
    }
    for one in &mut body.dependencies {
        // Of several the later ones say what the earlier ones leave open.
        for found in managed.get(&one.key()).into_iter().flatten() {
            one.version = one.version.take().or_else(|| found.version.clone());
            one.scope = one.scope.take().or_else(|| found.scope.clone());
            one.system_path = one.system_path.take().or_else(|| found.system_path.clone());
            if one.exclusions.is_empty() {
                one.exclusions.clone_from(&found.exclusions);
            }
        }
    }
    let managed: Vec<Plugin> = body.managed_plugins.clone();
    for plugin in &mut body.plugins {
        if let Some(found) = managed.iter().find(|one| one.key() == plugin.key()) {
            beneath(plugin, found.clone());
        }
    }
}

/// Adds to a plugin what is said of it elsewhere and not here.
pub(super) fn beneath(plugin: &mut Plugin, other: Plugin) {
    plugin.version = plugin.version.take().or(other.version);
    plugin.extensions |= other.extensions;
    for one in other.dependencies {
        if !plugin.dependencies.iter().any(|own| own.key() == one.key()) {
            plugin.dependencies.push(one);
        }
    }
    for one in other.executions {
        match plugin.executions.iter_mut().find(|own| own.id == one.id) {
            None => plugin.executions.push(one),
            Some(own) => {
                own.phase = own.phase.take().or(one.phase);
                let goals: Vec<String> = one.goals.into_iter().filter(|goal| !own.goals.contains(goal)).collect();
                own.goals.extend(goals);
            }
        }
    }
}

/// Puts what a parent says under what is said already.
fn under(body: &mut Body, parent: Body) {
    let names: BTreeSet<String> = body.properties.iter().map(|(name, _)| name.clone()).collect();
    body.properties.extend(parent.properties.into_iter().filter(|(name, _)| !names.contains(name)));
    for (own, others) in [(&mut body.dependencies, parent.dependencies), (&mut body.managed, parent.managed)] {
        let keys: BTreeSet<String> = own.iter().map(Dependency::key).collect();
        own.extend(others.into_iter().filter(|one| !keys.contains(&one.key())));
    }
    body.extensions.extend(parent.extensions);
    body.modules.extend(parent.modules);
    let lists =
        [(&mut body.repositories, parent.repositories), (&mut body.plugin_repositories, parent.plugin_repositories)];
    for (own, others) in lists {
        let ids: BTreeSet<String> = own.iter().map(|one| one.id.clone()).collect();
        own.extend(others.into_iter().filter(|one| !ids.contains(&one.id)));
    }
    for (own, others) in [(&mut body.plugins, parent.plugins), (&mut body.managed_plugins, parent.managed_plugins)] {
        for one in others {
            match own.iter_mut().find(|known| known.key() == one.key()) {
                Some(known) => beneath(known, one),
                None => own.push(one),
            }
        }
    }
}

/// Puts what a profile says over what is said already.
fn over(body: &mut Body, profile: Body) {
    let before = std::mem::replace(body, Body { properties: profile.properties, ..Body::default() });
    let names: BTreeSet<String> = body.properties.iter().map(|(name, _)| name.clone()).collect();
    body.properties.extend(before.properties.into_iter().filter(|(name, _)| !names.contains(name)));
    let replaced = |mut own: Vec<Dependency>, others: Vec<Dependency>| {
        for one in others {
            match own.iter_mut().find(|known| known.key() == one.key()) {
                Some(known) => *known = one,
                None => own.push(one),
            }
        }
        own
    };
    body.dependencies = replaced(before.dependencies, profile.dependencies);
    body.managed = if profile.managed.is_empty() {
        before.managed
    } else {
        replaced(pom::last_of_each(before.managed), profile.managed)
    };
    let rest = Body { dependencies: Vec::new(), managed: Vec::new(), properties: Vec::new(), ..before };
    let over = Body {
        repositories: profile.repositories,
        plugin_repositories: profile.plugin_repositories,
        plugins: profile.plugins,
        managed_plugins: profile.managed_plugins,
        extensions: profile.extensions,
        ..Body::default()
    };
    let modules: Vec<String> = rest.modules.iter().cloned().chain(profile.modules).collect();
    under(body, over);
    under(body, Body { modules: Vec::new(), ..rest });
    body.modules = modules;
}

/// Every text in which a property may stand.
fn each_text(body: &mut Body, each: &mut dyn FnMut(&mut String)) {
    let plugins = body.plugins.iter_mut().chain(&mut body.managed_plugins);
    let mut of_plugins = Vec::new();
    for plugin in plugins {
        each(&mut plugin.group);
        each(&mut plugin.artifact);
        plugin.version.iter_mut().for_each(&mut *each);
        plugin.executions.iter_mut().flat_map(|one| &mut one.phase).for_each(&mut *each);
        of_plugins.extend(plugin.dependencies.iter_mut());
    }
    let own = body.dependencies.iter_mut().chain(&mut body.managed).chain(&mut body.extensions);
    for one in own.chain(of_plugins) {
        each(&mut one.group);
        each(&mut one.artifact);
        let rest = [&mut one.version, &mut one.kind, &mut one.classifier, &mut one.scope];
        rest.into_iter().chain([&mut one.optional, &mut one.system_path]).flatten().for_each(&mut *each);
        for (group, artifact) in &mut one.exclusions {
            each(group);
            each(artifact);
        }
    }
    for one in body.repositories.iter_mut().chain(&mut body.plugin_repositories) {
        each(&mut one.id);
        each(&mut one.url);
    }
    body.modules.iter_mut().for_each(each);
}
