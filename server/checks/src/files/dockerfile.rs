//! Dockerfiles: instructions of several lines, here-documents, build arguments and stages, as BuildKit reads them.
//! What runs when the container does, `CMD` and `HEALTHCHECK`, is no part of the build.

use super::{Found, json, lines};
use crate::draft::{Draft, Place, Thing};
use crate::piece::Piece;
use crate::shell::commands;
use crate::tools;
use contract::codes;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// One instruction with its parts, each line without its continuation.
struct Instruction {
    name: String,
    span: Range<usize>,
    /// What follows the name.
    rest: Piece,
    /// The bodies of its here-documents.
    documents: Vec<Range<usize>>,
}

pub(crate) fn read(text: &str, found: &mut Found) {
    let escape = directives(text, found);
    let mut stages: HashSet<String> = HashSet::new();
    let mut arguments: HashMap<String, String> = HashMap::new();
    let mut began = false;
    let mut posix = escape == '\\';
    for instruction in instructions(text, escape) {
        found.wholes.push(instruction.span.clone());
        let rest = instruction.rest.text.trim();
        match instruction.name.as_str() {
            "ARG" if !began => {
                for (name, value) in rest.split_whitespace().filter_map(|one| one.split_once('=')) {
                    arguments.insert(name.to_owned(), value.trim_matches(['"', '\'']).to_owned());
                }
            }
            "FROM" => {
                began = true;
                from(&instruction, &arguments, &mut stages, found);
            }
            "COPY" => copied(&instruction, &arguments, &stages, found),
            "ADD" => added(&instruction, found),
            "SHELL" => posix = rest.contains("sh\"") && !rest.contains("powershell") && !rest.contains("pwsh"),
            "RUN" if posix => run(text, &instruction, found),
            _ => {}
        }
    }
}

/// Reads the comments at the top that BuildKit obeys; gives the escape character.
fn directives(text: &str, found: &mut Found) -> char {
    let mut escape = '\\';
    for line in lines(text) {
        let Some(comment) = text[line.clone()].trim_start().strip_prefix('#') else { break };
        let Some((name, value)) = comment.split_once('=') else { break };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "escape" => escape = value.chars().next().unwrap_or('\\'),
            "syntax" => {
                let start = line.start + text[line.clone()].rfind(value).unwrap_or(0);
                found.drafts.push(Draft {
                    code: codes::DOCKERFILE_FRONTEND,
                    span: start..start + value.len(),
                    what: format!("BuildKit fetches the program that reads this file: {value}"),
                    next: "pull it while there is a connection, or leave the line out: BuildKit brings one of its own"
                        .to_owned(),
                    thing: Thing::Image(value.to_owned()),
                    place: Place::Host,
                    only_if_absent: false,
                    fix: None,
                });
            }
            "check" => {}
            _ => break,
        }
    }
    escape
}

fn instructions(text: &str, escape: char) -> Vec<Instruction> {
    let mut all = Vec::new();
    let mut lines = lines(text).peekable();
    while let Some(line) = lines.next() {
        let shown = text[line.clone()].trim_start();
        if shown.is_empty() || shown.starts_with('#') {
            continue;
        }
        let start = line.end - shown.len();
        let word = shown.find(char::is_whitespace).unwrap_or(shown.len());
        let mut name = shown[..word].to_ascii_uppercase();
        let mut rest = Piece::default();
        let mut end = line.end;
        let mut part = start + word..line.end;
        loop {
            let open = text[part.clone()].trim_end().ends_with(escape);
            // The shell knows what a backslash before a new line is.
            rest.push(text, part.clone());
            end = end.max(part.end);
            if !open {
                break;
            }
            rest.push_as("\n", part.end..part.end);
            // Comments and empty lines within an instruction are nothing.
            let next = lines.by_ref().find(|next| {
                let text = text[next.clone()].trim();
                !text.is_empty() && !text.starts_with('#')
            });
            let Some(next) = next else { break };
            part = next;
        }
        if name == "ONBUILD" {
            let inner = rest.text.trim_start();
            let skipped = rest.text.len() - inner.len();
            let word = inner.find(char::is_whitespace).unwrap_or(inner.len());
            name = inner[..word].to_ascii_uppercase();
            rest = rest.part(skipped + word..rest.text.len());
        }
        let mut documents = Vec::new();
        if matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
            for (delimiter, tabs) in delimiters(&rest.text) {
                let begin = lines.peek().map_or(text.len(), |line| line.start);
                let mut stop = begin;
                for line in lines.by_ref() {
                    let shown = &text[line.clone()];
                    end = line.end;
                    let shown = if tabs { shown.trim_start_matches('\t') } else { shown };
                    if shown == delimiter {
                        break;
                    }
                    stop = line.end;
                }
                documents.push(begin..stop.max(begin));
            }
        }
        all.push(Instruction { name, span: start..end, rest, documents });
    }
    all
}

/// The delimiters of the here-documents that a line opens.
fn delimiters(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<<") {
        let quoted = rest[..at].matches(['"', '\'']).count() % 2 == 1;
        rest = &rest[at + 2..];
        if quoted || rest.starts_with('<') {
            continue;
        }
        let tabs = rest.starts_with('-');
        let word = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        if end > 0 && !word.starts_with(|c: char| c.is_ascii_digit()) {
            found.push((word[..end].to_owned(), tabs));
        }
    }
    found
}

/// Words of a piece with their places in it; quotes are left.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match (character.is_whitespace(), start) {
            (true, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|from| from..text.len()));
    found.retain(|word| &text[word.clone()] != "\\");
    found
}

/// Puts build arguments in; `None`: one has no value here.
fn filled(text: &str, arguments: &HashMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (inner, after) = if let Some(braced) = rest.strip_prefix('{') {
            braced.split_once('}')?
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest.split_at(end)
        };
        let (name, default) =
            inner.split_once(":-").or(inner.split_once('-')).map_or((inner, None), |(n, d)| (n, Some(d)));
        out.push_str(arguments.get(name).map(String::as_str).filter(|v| !v.is_empty()).or(default)?);
        rest = after;
    }
    out.push_str(rest);
    (!out.contains('$')).then_some(out)
}

fn from(
    instruction: &Instruction,
    arguments: &HashMap<String, String>,
    stages: &mut HashSet<String>,
    found: &mut Found,
) {
    let text = &instruction.rest.text;
    let words = words(text);
    let mut plain = words.iter().filter(|word| !text[(*word).clone()].starts_with("--"));
    if let Some(image) = plain.next() {
        let name = text[image.clone()].trim_matches(['"', '\'']);
        let image_place = instruction.rest.place(image.clone());
        if let Some(name) = filled(name, arguments).filter(|name| !stages.contains(&name.to_ascii_lowercase())) {
            found.drafts.extend(super::compose::image(&name, image_place, Place::Host));
        }
    }
    let mut rest = plain.map(|word| &text[word.clone()]);
    if rest.next().is_some_and(|word| word.eq_ignore_ascii_case("as")) {
        stages.extend(rest.next().map(str::to_ascii_lowercase));
    }
}

fn copied(instruction: &Instruction, arguments: &HashMap<String, String>, stages: &HashSet<String>, found: &mut Found) {
    let text = &instruction.rest.text;
    for word in words(text) {
        let Some(name) = text[word.clone()].strip_prefix("--from=") else { continue };
        let number = name.bytes().all(|b| b.is_ascii_digit());
        // A name alone is a stage or a context that the command line names.
        let plain = !name.contains(['/', ':']);
        if number || plain || stages.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        if let Some(name) = filled(name, arguments) {
            let start = word.end - text[word.clone()].len() + "--from=".len();
            found.drafts.extend(super::compose::image(&name, instruction.rest.place(start..word.end), Place::Host));
        }
    }
}

fn added(instruction: &Instruction, found: &mut Found) {
    let text = &instruction.rest.text;
    let words = words(text);
    let plain: Vec<_> = words.iter().filter(|word| !text[(*word).clone()].starts_with("--")).collect();
    for word in plain.iter().take(plain.len().saturating_sub(1)) {
        let address = text[(*word).clone()].trim_matches(['"', '\'', '[', ',']);
        let remote = address.contains("://") || address.starts_with("git@");
        let away = !address.starts_with("file://")
            && crate::words::host(address).is_none_or(|host| !crate::words::is_near(host));
        if remote && away {
            found.drafts.push(Draft {
                code: codes::DOCKERFILE_ADD_URL,
                span: instruction.rest.place((*word).clone()),
                what: format!("the build downloads this: {}", crate::words::shortened(address)),
                next: "download it beside the Dockerfile while there is a connection, and `COPY` it".to_owned(),
                thing: Thing::Untold,
                place: Place::Image,
                only_if_absent: false,
                fix: None,
            });
        }
    }
}

fn run(text: &str, instruction: &Instruction, found: &mut Found) {
    let rest = &instruction.rest;
    let mut place = Place::Image;
    let mut at = 0;
    for word in words(&rest.text) {
        let shown = &rest.text[word.clone()];
        if !shown.starts_with("--") {
            at = word.start;
            break;
        }
        if shown == "--network=none" {
            return;
        }
        if shown.starts_with("--mount=") && shown.contains("type=cache") {
            place = Place::CachedImage;
        }
        at = word.end;
    }
    let command = rest.part(at..rest.text.len());
    if command.text.trim_start().starts_with('[') {
        if let Some(words) = json::strings(&command.text) {
            let program = json::command(&command, &words);
            let script = crate::shell::exec(program);
            tools::look(&script, place, &mut found.drafts);
        }
        return;
    }
    let interpreter = command.text.trim_start();
    if interpreter.starts_with("<<") {
        for document in &instruction.documents {
            let body = &text[document.clone()];
            let shell = !body.starts_with("#!") || body.lines().next().is_some_and(|line| line.contains("sh"));
            if shell {
                let script = commands(Piece::of(text, document.clone()), HashMap::new());
                tools::look(&script, place, &mut found.drafts);
            }
        }
        return;
    }
    tools::look(&commands(command, HashMap::new()), place, &mut found.drafts);
}
