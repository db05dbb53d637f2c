//! What a dev container is made of: its image, what it is built on, and features. Format: containers.dev, JSON with comments.
//! May not look at the Dockerfile or Compose file that it names where these are judged by themselves.

use super::dockerfile::{self, Need};
use super::{Asked, LARGEST, is_dockerfile};
use crate::ecosystem::{Ask, Broken};
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions};
use std::collections::HashMap;
use std::path::Path;

/// Deeper texts are not looked at: the parser calls itself for each level.
const DEEPEST: usize = 64;
/// More features are not told.
const MOST: usize = 1_000;

pub(super) fn read(text: &str, beside: Option<(&Path, &Ask<'_>)>) -> Asked {
    let mut out = Asked::default();
    if crate::npm::manifest::depth(text) > DEEPEST {
        out.doubts.push("it is nested deeper than is read".into());
        return out;
    }
    let root = match jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let at = error.range().start.min(text.len());
            out.broken.push(Broken { span: at..at, reason: error.kind().to_string() });
            return out;
        }
    };
    let Some(Value::Object(root)) = root else {
        out.broken.push(Broken { span: 0..0, reason: "it is no object".into() });
        return out;
    };
    let get = |key: &str| root.properties.iter().find(|one| one.name.as_str() == key).map(|one| &one.value);
    if let Some(value @ Value::StringLit(name)) = get("image") {
        let range = value.range();
        let name_known = if name.value.contains('$') {
            Err("which image it is only a variable says".to_owned())
        } else {
            Ok(name.value.to_string())
        };
        out.needs.push(Need {
            name: name_known,
            written: name.value.to_string(),
            span: range.start + 1..range.end.saturating_sub(1).max(range.start + 1),
            platform: None,
            aside: false,
        });
    }
    built(text, &get, beside, &mut out);
    if let Some(Value::Object(features)) = get("features") {
        for one in features.properties.iter().take(MOST) {
            let name = one.name.as_str();
            let range = one.name.range();
            if name.contains('/') && !name.starts_with('.') {
                out.needs.push(Need {
                    name: Err("it is a feature, which is fetched when the container is built, and in which images it is built in cannot be told".into()),
                    written: name.to_owned(),
                    span: range.start + 1..range.end.saturating_sub(1).max(range.start + 1),
                    platform: None,
                    aside: false,
                });
            }
        }
    }
    out
}

fn built<'v, 'a: 'v>(
    text: &str,
    get: &dyn Fn(&str) -> Option<&'v Value<'a>>,
    beside: Option<(&Path, &Ask<'_>)>,
    out: &mut Asked,
) {
    let Some((folder, ask)) = beside else { return };
    let of = |value: Option<&'v Value<'a>>, key: &str| match value {
        Some(Value::Object(object)) => {
            object.properties.iter().find(|one| one.name.as_str() == key).map(|one| &one.value)
        }
        _ => None,
    };
    let build = get("build");
    let file = of(build, "dockerfile").or_else(|| get("dockerFile"));
    let Some(value @ Value::StringLit(file)) = file else { return };
    let path = crate::members::clean(&folder.join(&*file.value));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let below = path.strip_prefix(folder).is_ok_and(|below| below.components().count() == 1);
    let mut given = HashMap::new();
    if let Some(Value::Object(arguments)) = of(build, "args") {
        for one in &arguments.properties {
            if let Value::StringLit(value) = &one.value
                && !value.value.contains('$')
            {
                given.insert(one.name.as_str().to_owned(), value.value.to_string());
            }
        }
    }
    let found = match ask.look.text(&path, LARGEST) {
        // It has an answer of its own.
        Ok(_) if below && is_dockerfile(name) && given.is_empty() => return,
        Ok(found) => found,
        Err(why) => return out.doubts.push(format!("what it is built on is not known: {}: {why}", path.display())),
    };
    let read = dockerfile::read(&found, &given);
    let range = value.range();
    if let Some(broken) = read.broken.first() {
        let reason = format!("what it is built by cannot be read: {}", broken.reason);
        out.broken.push(Broken { span: range.start..range.end, reason });
    }
    out.cut_short |= read.cut_short;
    let span = range.start.min(text.len())..range.end.min(text.len());
    out.needs.extend(read.needs.into_iter().map(|need| Need { span: span.clone(), ..need }));
}
