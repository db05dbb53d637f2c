//! Terraform's and OpenTofu's lockfile, what configurations require, and where the settings of the command line find providers.
//! May not look at files.

use super::hcl::{self, Event, Value};
use crate::ecosystem::Broken;
use std::collections::BTreeMap;
use std::ops::Range as Span;

/// More providers of one lockfile are not read.
const MOST: usize = 1_000;

/// A provider that is locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Locked {
    /// `registry.terraform.io/hashicorp/null`.
    pub address: String,
    pub version: String,
    pub hashes: Vec<String>,
    pub span: Span<usize>,
}

/// Host, namespace and name: nothing else is put into a path.
pub(super) fn is_address(address: &str) -> bool {
    let parts: Vec<&str> = address.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
    };
    parts.len() == 3 && parts.iter().all(plain)
}

pub(super) fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
}

/// Where something stands in blocks: those that are open, outermost first.
fn walk(text: &str, each: &mut dyn FnMut(&[Vec<String>], &Event)) -> Result<(), Broken> {
    let mut open: Vec<Vec<String>> = Vec::new();
    for event in hcl::read(text)? {
        each(&open, &event);
        match event {
            Event::Open { words, .. } => open.push(words),
            Event::Close => drop(open.pop()),
            Event::Value { .. } => {}
        }
    }
    Ok(())
}

/// What a lockfile locks, and what of it no Terraform reads.
pub(super) fn read(text: &str) -> (Vec<Locked>, Vec<Broken>) {
    let (mut all, mut broken, mut full) = (Vec::<Locked>::new(), Vec::new(), false);
    let done = walk(text, &mut |open, event| match (open, event) {
        ([], Event::Open { words, span }) if words.len() == 2 && words[0] == "provider" => {
            if all.len() >= MOST {
                if !std::mem::replace(&mut full, true) {
                    broken.push(Broken {
                        span: span.clone(),
                        reason: format!("more than {MOST} providers are not read"),
                    });
                }
                return;
            }
            let known = all.iter().any(|one| one.address == words[1]);
            if known || !is_address(&words[1]) {
                let reason = if known { "this provider stands twice" } else { "this is no address of a provider" };
                broken.push(Broken { span: span.clone(), reason: reason.into() });
            }
            all.push(Locked { address: words[1].clone(), span: span.clone(), ..Locked::default() });
        }
        ([block], Event::Value { key, span, value }) if block.len() == 2 && block[0] == "provider" => {
            let Some(own) = all.last_mut() else { return };
            match (key.as_str(), value) {
                ("version", Value::Text(version)) if is_version(version) => own.version.clone_from(version),
                ("hashes", Value::List(hashes)) if !hashes.is_empty() => own.hashes.clone_from(hashes),
                ("constraints", Value::Text(_)) => {}
                _ => broken.push(Broken { span: span.clone(), reason: format!("this is no {key} of a provider") }),
            }
        }
        _ => {}
    });
    broken.extend(done.err());
    for one in all.iter().filter(|one| one.version.is_empty()) {
        broken.push(Broken { span: one.span.clone(), reason: "this provider has no version".into() });
    }
    (all, broken)
}

/// What configurations of one folder ask for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// By local name: the source as written, if one is, and its place.
    pub named: BTreeMap<String, (Option<String>, Span<usize>)>,
    /// Local names that resources lead to.
    pub used: Vec<String>,
    pub modules: bool,
}

/// Of one file of a configuration; `out` is of all files of its folder.
pub(super) fn asked(text: &str, out: &mut Asked) -> Result<(), Broken> {
    walk(text, &mut |open, event| {
        let within = |names: &[&str]| {
            open.len() == names.len()
                && open.iter().zip(names).all(|(block, name)| block.first().is_some_and(|own| own == name))
        };
        match event {
            Event::Open { words, span } if within(&["terraform", "required_providers"]) => {
                out.named.entry(words[0].clone()).or_insert((None, span.clone()));
            }
            Event::Value { key, span, .. } if within(&["terraform", "required_providers"]) => {
                out.named.entry(key.clone()).or_insert((None, span.clone()));
            }
            Event::Value { key, value, .. } if open.len() == 3 && key == "source" => {
                let [first, second, local] = open else { return };
                if first[0] == "terraform" && second[0] == "required_providers" {
                    let source = if let Value::Text(source) = value { source.clone() } else { String::new() };
                    if let Some(own) = out.named.get_mut(&local[0]) {
                        own.0 = Some(source);
                    }
                }
            }
            Event::Open { words, .. } if open.is_empty() => match (words[0].as_str(), words.get(1)) {
                ("resource" | "data" | "ephemeral", Some(kind)) => {
                    out.used.push(kind.split('_').next().unwrap_or_default().to_owned());
                }
                ("provider", Some(name)) => out.used.push(name.clone()),
                ("module", _) => out.modules = true,
                _ => {}
            },
            // A resource may name the provider that it is of.
            Event::Value { key, .. } if open.len() == 1 && key == "provider" => {
                if matches!(open[0][0].as_str(), "resource" | "data" | "ephemeral") {
                    out.used.pop();
                }
            }
            _ => {}
        }
    })
}

/// The address that a source means.
pub(super) fn address(source: &str, host: &str) -> Option<String> {
    let whole = match source.matches('/').count() {
        0 => format!("{host}/hashicorp/{source}"),
        1 => format!("{host}/{source}"),
        _ => source.to_owned(),
    };
    is_address(&whole).then(|| whole.to_lowercase())
}

/// A folder that keeps providers, and for which it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mirror {
    pub path: String,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

impl Mirror {
    /// Whether it is asked for a provider. Of patterns only `*` as a part is known.
    pub(super) fn serves(&self, address: &str, host: &str) -> bool {
        let fits = |pattern: &String| {
            let whole = match pattern.matches('/').count() {
                0 => format!("{host}/{pattern}/*"),
                1 => format!("{host}/{pattern}"),
                _ => pattern.clone(),
            };
            let (parts, own): (Vec<&str>, Vec<&str>) = (whole.split('/').collect(), address.split('/').collect());
            parts.len() == own.len()
                && parts.iter().zip(&own).all(|(part, own)| *part == "*" || part.eq_ignore_ascii_case(own))
        };
        (self.include.is_empty() || self.include.iter().any(fits)) && !self.exclude.iter().any(fits)
    }
}

/// What the settings of the command line say.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub cache: Option<String>,
    /// None: nothing says where providers come from.
    pub mirrors: Option<Vec<Mirror>>,
    pub doubts: Vec<String>,
}

pub(super) fn settings(text: &str) -> Result<Settings, Broken> {
    let mut out = Settings::default();
    walk(text, &mut |open, event| match (open, event) {
        ([], Event::Value { key, value, .. }) if key == "plugin_cache_dir" => match value {
            Value::Text(path) if !path.contains('$') => out.cache = Some(path.clone()),
            _ => out.doubts.push("plugin_cache_dir is written in a way that is not followed".into()),
        },
        ([], Event::Open { words, .. }) if words[0] == "provider_installation" => {
            out.mirrors.get_or_insert_default();
        }
        ([block], Event::Open { words, .. }) if block[0] == "provider_installation" => match words[0].as_str() {
            "filesystem_mirror" => out.mirrors.get_or_insert_default().push(Mirror::default()),
            "direct" | "network_mirror" => {}
            other => out.doubts.push(format!("{other} in the settings of the command line is not followed")),
        },
        ([block, mirror], Event::Value { key, value, .. })
            if block[0] == "provider_installation" && mirror[0] == "filesystem_mirror" =>
        {
            let Some(own) = out.mirrors.as_mut().and_then(|mirrors| mirrors.last_mut()) else { return };
            match (key.as_str(), value) {
                ("path", Value::Text(path)) => own.path.clone_from(path),
                ("include", Value::List(list)) => own.include.clone_from(list),
                ("exclude", Value::List(list)) => own.exclude.clone_from(list),
                _ => out.doubts.push(format!("{key} of a filesystem_mirror is not followed")),
            }
        }
        _ => {}
    })?;
    Ok(out)
}
