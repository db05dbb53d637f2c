//! Lockfiles of Gradle, line by line, and the lines of version catalogs.
//! May not look at another file; a line that cannot be read is told, and the rest is.

use crate::ecosystem::{Broken, Named};
use std::ops::Range as Span;

/// More lines are not judged.
const MOST: usize = 100_000;

/// A module that is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locked {
    pub group: String,
    pub name: String,
    pub version: String,
    /// Of which configurations, as they are written.
    pub configurations: String,
    pub span: Span<usize>,
}

impl Locked {
    pub(super) fn id(&self) -> String {
        format!("gradle:{}:{}:{}", self.group, self.name, self.version)
    }
}

#[derive(Debug, Default)]
pub(super) struct Lock {
    pub locked: Vec<Locked>,
    pub broken: Vec<Broken>,
    pub cut_short: bool,
}

/// Group, name, version, configurations; none: nothing is locked by it.
pub(super) fn line(bare: &str) -> Result<Option<[&str; 4]>, &'static str> {
    if bare.is_empty() || bare.starts_with('#') {
        return Ok(None);
    }
    let odd = "it is no `group:name:version=configurations`";
    let (module, configurations) = bare.split_once('=').ok_or(odd)?;
    if module == "empty" {
        return Ok(None);
    }
    let parts: Vec<&str> = module.split(':').collect();
    match parts.as_slice() {
        &[group, name, version] if !parts.contains(&"") => Ok(Some([group, name, version, configurations])),
        _ => Err(odd),
    }
}

pub(super) fn read(text: &str) -> Lock {
    let mut lock = Lock::default();
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let bare = whole.trim();
        let begin = at + (whole.len() - whole.trim_start().len());
        at += whole.len();
        match line(bare) {
            Ok(None) => {}
            _ if lock.locked.len() + lock.broken.len() >= MOST => {
                lock.cut_short = true;
                break;
            }
            Ok(Some([group, name, version, configurations])) => lock.locked.push(Locked {
                group: group.into(),
                name: name.into(),
                version: version.into(),
                configurations: configurations.into(),
                span: begin..begin + bare.len(),
            }),
            Err(reason) => lock.broken.push(Broken { span: begin..begin + bare.len(), reason: reason.into() }),
        }
    }
    lock
}

/// The libraries that a version catalog names, by `group:name`.
pub(super) fn catalog(text: &str) -> Vec<Named> {
    let Ok(table) = text.parse::<toml::Table>() else { return Vec::new() };
    let Some(libraries) = table.get("libraries").and_then(toml::Value::as_table) else { return Vec::new() };
    let mut out = Vec::new();
    let (mut inside, mut at) = (false, 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with('[') {
            inside = bare == "[libraries]";
        } else if inside && let Some((key, _)) = bare.split_once('=') {
            let key = key.trim().trim_matches(['"', '\'']);
            if let Some(module) = libraries.get(key).and_then(module) {
                let begin = at + (line.len() - line.trim_start().len());
                out.push(Named { key: module, span: begin..begin + bare.len() });
            }
        }
        at += line.len();
    }
    out
}

fn module(value: &toml::Value) -> Option<String> {
    let of = |key: &str| value.get(key).and_then(toml::Value::as_str);
    if let Some(text) = value.as_str().or_else(|| of("module")) {
        let mut parts = text.split(':');
        return Some(format!("{}:{}", parts.next()?, parts.next()?));
    }
    Some(format!("{}:{}", of("group")?, of("name")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_those_that_are_none_are_named() {
        let text =
            "# note\na:b:1=compileClasspath,runtimeClasspath\n<<<<<<< ours\n  c:d:2=x\nempty=annotationProcessor\n";
        let lock = read(text);
        let shown: Vec<(String, &str)> = lock.locked.iter().map(|one| (one.id(), &text[one.span.clone()])).collect();
        assert_eq!(
            shown,
            [("gradle:a:b:1".into(), "a:b:1=compileClasspath,runtimeClasspath"), ("gradle:c:d:2".into(), "c:d:2=x"),]
        );
        assert_eq!(lock.broken.len(), 1);
        assert_eq!(&text[lock.broken[0].span.clone()], "<<<<<<< ours");
    }

    #[test]
    fn libraries_of_a_catalog_have_their_lines() {
        let text = "[versions]\nv = \"1\"\n[libraries]\none = \"a:b:1\"\ntwo = { module = \"c:d\", version.ref = \"v\" }\nthree = { group = \"e\", name = \"f\" }\n[plugins]\np = \"g:h:1\"\n";
        let named: Vec<(String, &str)> = catalog(text).into_iter().map(|one| (one.key, &text[one.span])).collect();
        assert_eq!(
            named,
            [
                ("a:b".into(), "one = \"a:b:1\""),
                ("c:d".into(), "two = { module = \"c:d\", version.ref = \"v\" }"),
                ("e:f".into(), "three = { group = \"e\", name = \"f\" }"),
            ]
        );
    }
}
