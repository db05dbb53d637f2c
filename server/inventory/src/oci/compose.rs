//! What a Compose file names: the images of its services, and what those that are built are built on.
//! Rules: github.com/compose-spec. May not look at the Dockerfiles that are judged by themselves.

use super::dockerfile::{self, MOST_NEEDS, Need};
use super::{Asked, LARGEST, is_dockerfile};
use crate::ecosystem::{Ask, Broken};
use crate::yaml::{self, Entry, Value};
use std::collections::HashMap;
use std::ops::Range as Span;
use std::path::{Component, Path};

/// Variables of `.env` that are read.
const MOST_VARIABLES: usize = 10_000;
/// How far behind its key a value is looked for, in bytes.
const NEAR: usize = 4_096;

/// `beside`: the file's folder and who asks; none where only the text is at hand.
pub(super) fn read(text: &str, beside: Option<(&Path, &Ask<'_>)>) -> Asked {
    let mut out = Asked::default();
    let documents = match yaml::read_following(text) {
        Ok(documents) => documents,
        Err(unread) if unread.elsewhere => {
            out.doubts.push(format!("a part of it is not followed: {}", unread.why));
            return out;
        }
        Err(unread) => {
            out.broken.push(Broken { span: unread.span, reason: unread.why });
            return out;
        }
    };
    let Some(root) = documents.first() else { return out };
    if documents.len() > 1 {
        out.doubts.push("it holds several documents, which are not followed".into());
    }
    if root.get("include").is_some() {
        out.doubts.push("what it includes is not followed".into());
    }
    let variables = beside.map(|(folder, ask)| Variables::of(folder, ask));
    for service in root.get("services").map_or(&[][..], Value::entries) {
        if out.needs.len() >= MOST_NEEDS {
            out.cut_short = true;
            break;
        }
        of_service(text, service, variables.as_ref(), beside, &mut out);
    }
    out
}

/// A member, or one that is merged in.
fn member<'v>(value: &'v Value, key: &str) -> Option<&'v Entry> {
    let own = value.entries();
    own.iter().find(|entry| entry.key == key).or_else(|| {
        let merged = own.iter().find(|entry| entry.key == "<<")?;
        let several = merged.value.list();
        let all = if several.is_empty() { std::slice::from_ref(&merged.value) } else { several };
        all.iter().find_map(|one| one.entries().iter().find(|entry| entry.key == key))
    })
}

fn of_service(
    text: &str,
    service: &Entry,
    variables: Option<&Variables<'_>>,
    beside: Option<(&Path, &Ask<'_>)>,
    out: &mut Asked,
) {
    let value = &service.value;
    let place = |entry: &Entry, word: &str| place(text, &entry.span, word);
    if member(value, "extends").is_some() {
        out.doubts.push(format!("what the service {} extends is not followed", service.key));
    }
    let filled = |word: &str| match variables {
        Some(variables) => variables.filled(word),
        None => Ok(word.to_owned()),
    };
    let platform = member(value, "platform").and_then(|entry| entry.value.word()).map(filled);
    if let Some(build) = member(value, "build") {
        built(text, service, build, &filled, beside, out);
        return;
    }
    let policy = member(value, "pull_policy").and_then(|entry| entry.value.word());
    let Some(image) = member(value, "image") else { return };
    let Some(word) = image.value.word() else {
        let reason = format!("the image of the service {} is no word", service.key);
        out.broken.push(Broken { span: image.span.clone(), reason });
        return;
    };
    if policy == Some("build") {
        return;
    }
    let profile = member(value, "profiles").is_some_and(|entry| !entry.value.list().is_empty());
    out.needs.push(Need {
        name: filled(word),
        written: word.to_owned(),
        span: place(image, word),
        platform,
        aside: profile,
    });
}

/// Where a value stands behind its key.
fn place(text: &str, key: &Span<usize>, word: &str) -> Span<usize> {
    let mut end = (key.end + NEAR).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = text.get(key.end..end).and_then(|behind| behind.find(word));
    found.filter(|_| !word.is_empty()).map_or_else(|| key.clone(), |at| key.end + at..key.end + at + word.len())
}

/// What is built is built on what its Dockerfile names; that is judged by itself where it is found by its name.
fn built(
    text: &str,
    service: &Entry,
    build: &Entry,
    filled: &dyn Fn(&str) -> Result<String, String>,
    beside: Option<(&Path, &Ask<'_>)>,
    out: &mut Asked,
) {
    let Some((folder, ask)) = beside else { return };
    let word = |key: &str| member(&build.value, key).and_then(|entry| entry.value.word());
    let inline = word("dockerfile_inline");
    let of_folder = if build.value.entries().is_empty() { build.value.word() } else { word("context") };
    let doubt = |why: &str| format!("what the service {} is built on is not known: {why}", service.key);
    let (context, file) = match (filled(of_folder.unwrap_or(".")), filled(word("dockerfile").unwrap_or("Dockerfile"))) {
        (Ok(context), Ok(file)) => (context, file),
        (Err(why), _) | (_, Err(why)) => return out.doubts.push(doubt(&why)),
    };
    if member(&build.value, "additional_contexts").is_some() {
        out.doubts.push(doubt("additional contexts are not followed"));
    }
    let text_of_it = if let Some(inline) = inline {
        inline.to_owned()
    } else {
        if context.contains("://") || context.starts_with("git@") {
            return out.doubts.push(doubt("it is built of what lies elsewhere"));
        }
        let path = crate::members::clean(&folder.join(&context).join(&file));
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let normal = path
            .strip_prefix(folder)
            .is_ok_and(|below| below.components().all(|part| matches!(part, Component::Normal(name) if !hidden(name))));
        let arguments = member(&build.value, "args").is_some();
        match ask.look.text(&path, LARGEST) {
            // It has an answer of its own.
            Ok(_) if normal && is_dockerfile(name) && !arguments => return,
            Ok(found) => found,
            Err(why) => return out.doubts.push(doubt(&format!("{}: {why}", path.display()))),
        }
    };
    let mut given = HashMap::new();
    let arguments = member(&build.value, "args").map(|entry| &entry.value);
    let pairs = arguments.into_iter().flat_map(|value| {
        let of_list = value.list().iter().filter_map(|one| one.word()?.split_once('='));
        let of_map = value.entries().iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.word()?)));
        of_list.chain(of_map)
    });
    for (name, value) in pairs {
        if let Ok(value) = filled(value) {
            given.insert(name.to_owned(), value);
        }
    }
    let read = dockerfile::read(&text_of_it, &given);
    if let Some(broken) = read.broken.first() {
        let reason = format!("what the service {} is built by cannot be read: {}", service.key, broken.reason);
        out.broken.push(Broken { span: build.span.clone(), reason });
    }
    out.cut_short |= read.cut_short;
    out.needs.extend(read.needs.into_iter().map(|need| Need { span: place(text, &build.span, &need.written), ..need }));
}

fn hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// What stands for `${NAME}`: the environment, then `.env` beside the file.
struct Variables<'a> {
    of_file: HashMap<String, String>,
    ask: &'a Ask<'a>,
}

impl<'a> Variables<'a> {
    fn of(folder: &Path, ask: &'a Ask<'a>) -> Self {
        let text = ask.look.text(&folder.join(".env"), LARGEST).unwrap_or_default();
        let mut of_file = HashMap::new();
        for line in text.lines().take(MOST_VARIABLES) {
            let line = line.trim().trim_start_matches("export ");
            let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            let value = value.trim();
            let quoted = ['"', '\''].into_iter().find_map(|q| value.strip_prefix(q)?.split(q).next());
            let value = quoted.unwrap_or_else(|| value.split(" #").next().unwrap_or_default().trim());
            of_file.insert(name.trim().to_owned(), value.to_owned());
        }
        Variables { of_file, ask }
    }

    fn value(&self, name: &str) -> Option<String> {
        // Whatever the environment has of it, or has not, is part of the answer.
        self.ask.look.only_once();
        let own = self.ask.options.homes.variables.get(name);
        own.or_else(|| self.of_file.get(name)).filter(|value| !value.contains('$')).cloned()
    }

    fn filled(&self, word: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = word;
        let odd = || "which image it is is written in a way that is not followed".to_owned();
        let unknown = |name: &str| format!("which image it is only the variable {name} says");
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let braced = rest.strip_prefix('{');
            let inner = braced.unwrap_or(rest);
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
            let (name, behind) = inner.split_at(end);
            let set = self.value(name);
            let full = set.clone().filter(|value| !value.is_empty());
            if braced.is_none() {
                out.push_str(&full.ok_or_else(|| unknown(name))?);
                rest = behind;
                continue;
            }
            let (modifier, after) = behind.split_once('}').ok_or_else(odd)?;
            if modifier.contains('$') {
                return Err(odd());
            }
            let value = match modifier {
                "" => full.ok_or_else(|| unknown(name))?,
                _ if modifier.starts_with(":-") => full.unwrap_or_else(|| modifier[2..].to_owned()),
                _ if modifier.starts_with('-') => set.unwrap_or_else(|| modifier[1..].to_owned()),
                _ if modifier.starts_with(":?") || modifier.starts_with('?') => full.ok_or_else(|| unknown(name))?,
                _ => return Err(odd()),
            };
            out.push_str(&value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}
