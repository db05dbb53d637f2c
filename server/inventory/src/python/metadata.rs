//! What a package says of itself (`METADATA`): its name and version, what it needs, and for which Pythons it is.
//! May not look at files.

use super::marker::{self, Environment};
use super::name;
use super::requirement::Requirement;
use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr;

/// More requirements no package has.
const MOST: usize = 20_000;

/// As far as it matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata {
    /// Normalised.
    pub name: String,
    pub version: String,
    /// As they are written.
    pub requires: Vec<String>,
    pub python: Option<String>,
    /// Normalised.
    pub extras: Vec<String>,
}

impl Metadata {
    /// Reads its head. O(length).
    pub(crate) fn read(text: &str) -> Self {
        let mut out = Metadata::default();
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                fields.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            } else {
                break;
            }
        }
        for (key, value) in fields {
            match key.as_str() {
                "name" if out.name.is_empty() => out.name = name::normal(&value).unwrap_or(value),
                "version" if out.version.is_empty() => out.version = value,
                "requires-dist" if out.requires.len() < MOST => out.requires.push(value),
                "requires-python" => out.python = Some(value),
                "provides-extra" => out.extras.push(name::normal(&value).unwrap_or(value)),
                _ => {}
            }
        }
        out
    }

    /// What it needs where each of these holds: by itself, or for one of its extras; in words why that cannot be told.
    pub(crate) fn needs(&self, extra: Option<&str>, environments: &[Environment]) -> Result<Vec<Requirement>, String> {
        let mut out = Vec::new();
        for text in &self.requires {
            let read = Requirement::read(text)?;
            let extras: Vec<&str> = extra.into_iter().collect();
            if let Some(marker) = &read.marker
                && !holds(marker, environments, &extras)?
            {
                continue;
            }
            out.push(read);
        }
        Ok(out)
    }

    /// Whether it is for these Pythons; in words why that cannot be told.
    pub(crate) fn fits(&self, environments: &[Environment]) -> Result<bool, String> {
        let Some(asked) = self.python.as_deref().map(str::trim).filter(|asked| !asked.is_empty()) else {
            return Ok(true);
        };
        // Tools pass over one that they cannot read.
        let Ok(range) = VersionSpecifiers::from_str(asked) else { return Ok(true) };
        let each = environments.iter().map(|environment| {
            let python = environment.0.get("python_full_version").map_or("", String::as_str);
            Version::from_str(python).is_ok_and(|python| range.contains(&python))
        });
        agreed(each, || format!("whether this Python fits {asked} hangs on its patch, which is not known"))
    }
}

/// Whether a condition holds in all of these places; in words why that cannot be told.
pub(crate) fn holds(marker: &str, environments: &[Environment], extras: &[&str]) -> Result<bool, String> {
    let told: Result<Vec<bool>, String> =
        environments.iter().map(|environment| marker::holds(marker, environment, extras)).collect();
    agreed(told?.into_iter(), || {
        format!("whether {marker} holds hangs on the patch of this Python, which is not known")
    })
}

fn agreed(mut told: impl Iterator<Item = bool>, why: impl Fn() -> String) -> Result<bool, String> {
    let first = told.next().unwrap_or(false);
    if told.all(|next| next == first) { Ok(first) } else { Err(why()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn needs_are_those_of_the_package_or_of_one_extra() {
        let text = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nRequires-Python: >=3.8\nProvides-Extra: Cli_x\n\
                    Requires-Dist: a (>=1)\nRequires-Dist: b ; extra == 'cli-x'\nRequires-Dist: c ; python_version < '3'\n\nRequires-Dist: body\n";
        let read = Metadata::read(text);
        assert_eq!((read.name.as_str(), read.version.as_str(), read.requires.len()), ("foo-bar", "1.0", 3));
        let here = Environment(BTreeMap::from([
            ("python_version", "3.11".to_owned()),
            ("python_full_version", "3.11.2".to_owned()),
        ]));
        let names = |extra: Option<&str>| -> Vec<String> {
            read.needs(extra, std::slice::from_ref(&here)).unwrap().into_iter().map(|need| need.name).collect()
        };
        assert_eq!((names(None), names(Some("cli-x"))), (vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
        assert!(read.fits(&[here]).unwrap());
    }
}
