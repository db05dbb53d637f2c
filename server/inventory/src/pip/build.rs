//! What pip installs into an environment of its own before it builds a package from sources: chosen from the same folders as
//! everything else, without regard for what is installed. Rules: pip's `build_env`. May build nothing.

use super::choose::{Chosen, Market, Source, Want};
use super::sources::{Backend, Needs};
use crate::held::Held;
use crate::python::archive::Wrong;
use crate::python::metadata::holds;
use crate::python::requirement::Requirement;
use contract::ArtifactState;
use pep440_rs::Version;
use std::collections::BTreeMap;

/// Tools that are themselves built from sources are followed so far.
const DEEPEST: usize = 4;

/// A tool that building needs.
pub(super) struct Tool {
    pub name: String,
    /// Empty where none is here.
    pub version: String,
    pub held: Held,
    /// The packages that are built with it.
    pub by: Vec<String>,
}

/// All that building needs, by name and version.
#[derive(Default)]
pub(super) struct Tools {
    pub all: BTreeMap<(String, String), Tool>,
    pub doubts: Vec<String>,
    pub refused: Vec<String>,
}

/// Looks at one tool that was chosen.
pub(super) type Hold<'a> = &'a dyn Fn(&str, &Chosen, &Market<'_>) -> Held;

impl Tools {
    /// What building everything needs that is chosen and has to be built.
    pub(super) fn of(chosen: &Chosen, editable: &[String], market: &Market<'_>, hold: Hold<'_>) -> Self {
        let mut tools = Tools::default();
        tools.add(chosen, editable, market, hold, 0);
        tools
    }

    fn add(&mut self, chosen: &Chosen, editable: &[String], market: &Market<'_>, hold: Hold<'_>, depth: usize) {
        for (name, choice) in &chosen.choices {
            let Source::File(file) = &choice.source else { continue };
            if file.wheel.is_some() {
                continue;
            }
            if depth >= DEEPEST {
                self.doubts.push(format!("{name} has to be built with tools that have to be built, and so on"));
                return;
            }
            match market.sources(file).and_then(|sources| sources.needs(editable.contains(name))) {
                Ok(needs) => self.one(name, &needs, market, hold, depth),
                Err(Wrong::Unknown(why)) => self.doubts.push(format!("{name} has to be built: {why}")),
                Err(Wrong::Damaged(why)) => self.refused.push(format!("{name} cannot be built: {why}")),
                // It is said of the package itself.
                Err(Wrong::Absent) => {}
            }
        }
    }

    fn one(&mut self, name: &str, needs: &Needs, market: &Market<'_>, hold: Hold<'_>, depth: usize) {
        let mut requires = needs.requires.clone();
        // The second time with what the first one asks for.
        for _ in 0..2 {
            let mut wants = Vec::new();
            for text in &requires {
                match wanted(text, market) {
                    Ok(want) => wants.extend(want),
                    Err(why) => return self.doubts.push(format!("{name} has to be built: {why}")),
                }
            }
            let alone = Market { place: None, ..*market };
            let chosen = alone.choose(&wants, &[]);
            self.doubts.extend(chosen.doubts.iter().map(|why| format!("to build {name}: {why}")));
            let names = chosen.choices.keys().chain(chosen.lacking.keys());
            for tool in names {
                let version = chosen.choices.get(tool).map(|choice| choice.version.to_string()).unwrap_or_default();
                let known = self.all.entry((tool.clone(), version.clone())).or_insert_with(|| {
                    let held = hold(tool, &chosen, &alone);
                    Tool { name: tool.clone(), version, held, by: Vec::new() }
                });
                if !known.by.iter().any(|by| by == name) {
                    known.by.push(name.to_owned());
                }
            }
            self.add(&chosen, &[], &alone, hold, depth + 1);
            if !chosen.lacking.is_empty() {
                return;
            }
            let builder = match needs.backend {
                Backend::Setuptools => "setuptools",
                Backend::Plain(builder) => builder,
            };
            let Some(builder) = chosen.choices.get(builder) else {
                return self
                    .doubts
                    .push(format!("{name} has to be built, and {builder} is not among what it requires"));
            };
            let old = needs.backend == Backend::Setuptools && builder.version < Version::new([70, 1]);
            if !old || chosen.choices.contains_key("wheel") {
                return;
            }
            // Older ones ask for it when they are asked what they need.
            requires = vec!["wheel".to_owned()];
            requires.extend(needs.requires.iter().cloned());
        }
    }
}

fn wanted(text: &str, market: &Market<'_>) -> Result<Option<Want>, String> {
    let requirement = Requirement::read(text)?;
    if requirement.address.is_some() {
        return Err(format!("{text} comes from an address, which is not followed"));
    }
    if let Some(marker) = &requirement.marker
        && !holds(marker, market.environments, &[])?
    {
        return Ok(None);
    }
    Ok(Some(Want { requirement, file: None, by: None }))
}

/// What is said of a tool, with who is built with it.
pub(super) fn told(tool: &Tool) -> Held {
    let mut held = tool.held.clone();
    let by = tool.by.first().map_or("a package", String::as_str);
    let more = if tool.by.len() > 1 { format!(" and {} more", tool.by.len() - 1) } else { String::new() };
    held.evidence = match held.state {
        ArtifactState::Missing => {
            format!("pip builds {by}{more} with it, which no requirement names, and {}", held.evidence)
        }
        _ => format!("pip builds {by}{more} with it, which no requirement names: {}", held.evidence),
    };
    held
}
