//! The answer about a Maven build while it is gathered: one artifact for each that is needed, once.
//! May not decide what is needed.

use super::graph::{Graph, Node};
use super::store::{Gav, Held};
use crate::ecosystem::{Judged, Repair, Shared};
use contract::{Artifact, ArtifactState};
use std::collections::HashMap;
use std::path::Path;

pub(super) struct Told<'a> {
    pub judged: Judged,
    pub lockfile: &'a Path,
    /// By id: its place.
    places: HashMap<String, u32>,
    pub bytes: u64,
}

/// `maven:group:artifact:version`; where it is no plain jar, its extension and classifier stand before the version.
pub(super) fn id(gav: &Gav, classifier: &str, extension: &str) -> String {
    let Gav { group, artifact, version } = gav;
    match (classifier, extension) {
        ("", "jar") => format!("maven:{group}:{artifact}:{version}"),
        ("", extension) => format!("maven:{group}:{artifact}:{extension}:{version}"),
        (classifier, extension) => format!("maven:{group}:{artifact}:{extension}:{classifier}:{version}"),
    }
}

fn rank(state: ArtifactState) -> u8 {
    match state {
        ArtifactState::Present => 0,
        ArtifactState::Unknown => 1,
        ArtifactState::Stale => 2,
        ArtifactState::Corrupt => 3,
        ArtifactState::Missing => 4,
    }
}

impl<'a> Told<'a> {
    pub(super) fn new(judged: Judged, lockfile: &'a Path) -> Self {
        Told { judged, lockfile, places: HashMap::new(), bytes: 0 }
    }

    /// Takes up what was resolved; the nodes' places among the artifacts, none for what this build makes itself.
    pub(super) fn graph(&mut self, graph: &Graph, dev: &dyn Fn(&Node) -> bool) -> Vec<Option<u32>> {
        let places: Vec<Option<u32>> = graph.nodes.iter().map(|node| self.node(node, dev(node))).collect();
        for (node, place) in graph.nodes.iter().zip(&places) {
            let Some(from) = *place else { continue };
            let to = node.needs.iter().filter_map(|&at| places[at]);
            let needs = &mut self.judged.graph.needs[from as usize];
            for to in to {
                if to != from && !needs.contains(&to) {
                    needs.push(to);
                }
            }
        }
        places
    }

    fn node(&mut self, node: &Node, dev: bool) -> Option<u32> {
        if node.own {
            return None;
        }
        let (extension, file) = match &node.file {
            Some(file) => (node.extension.as_str(), Some(file)),
            None => ("pom", None),
        };
        let place = self.tell(&node.gav, (&node.classifier, extension), file, node.description.as_ref(), dev);
        let below: Vec<u32> = node.rests_on.iter().map(|(gav, held)| self.description(gav, held, dev)).collect();
        let needs = &mut self.judged.graph.needs[place as usize];
        for to in below {
            if to != place && !needs.contains(&to) {
                needs.push(to);
            }
        }
        Some(place)
    }

    /// A description that is needed by itself: of a parent, of what is imported.
    pub(super) fn description(&mut self, gav: &Gav, held: &Held, dev: bool) -> u32 {
        self.tell(gav, ("", "pom"), Some(held), None, dev)
    }

    pub(super) fn tell(
        &mut self,
        gav: &Gav,
        (classifier, extension): (&str, &str),
        file: Option<&Held>,
        description: Option<&Held>,
        dev: bool,
    ) -> u32 {
        let id = id(gav, classifier, extension);
        let found = [file, description].into_iter().flatten().max_by_key(|held| rank(held.state));
        let (state, mut evidence) =
            found.map_or((ArtifactState::Present, String::new()), |held| (held.state, held.evidence.clone()));
        let of_description = found.is_some_and(|held| description.is_some_and(|own| std::ptr::eq(own, held)));
        if of_description && file.is_some_and(Held::here) && state != ArtifactState::Present {
            evidence = format!("of its description (the .pom), which says what it needs: {evidence}");
        }
        if let Some(&place) = self.places.get(&id) {
            let known = &mut self.judged.artifacts[place as usize];
            known.dev &= dev;
            if rank(state) > rank(known.state) {
                known.state = state;
                known.evidence = evidence;
                self.judged.contents[place as usize] = None;
            }
            return place;
        }
        let place = self.judged.artifacts.len() as u32;
        let paths = [file, description].into_iter().flatten().map(|held| held.path.clone());
        let mut paths: Vec<_> = paths.filter(|path| !path.as_os_str().is_empty()).collect();
        paths.dedup();
        let bytes = file.or(description).and_then(|held| held.bytes);
        let present = state == ArtifactState::Present;
        self.judged.contents.push(file.and_then(|held| held.content.clone()).filter(|_| present));
        let own = file.map(|held| held.path.as_path());
        let second = description.filter(|held| present && Some(held.path.as_path()) != own);
        if let Some(content) = second.and_then(|held| held.content.clone()) {
            let broken = "its description (the .pom) has not the checksum that lies beside it".to_owned();
            self.judged.shared.push(Shared { content, artifacts: vec![place], broken });
        }
        self.bytes += bytes.filter(|_| present).unwrap_or(0);
        self.judged.repairs.push(Repair { spec: None, set_aside: paths.clone() });
        let graph = &mut self.judged.graph;
        graph.labels.push(format!("{} {}", gav.name(), gav.version));
        graph.needs.push(Vec::new());
        graph.artifact.push(Some(place));
        self.judged.artifacts.push(Artifact {
            id: id.clone(),
            ecosystem: "maven".into(),
            name: gav.name(),
            version: gav.version.clone(),
            state,
            evidence,
            looked_in: paths,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: false,
            dev,
            optional: false,
            bytes,
            file: self.lockfile.to_path_buf(),
            range: contract::Range::default(),
            manifests: Vec::new(),
        });
        self.places.insert(id, place);
        place
    }
}
