//! What a Dockerfile is built on: the images of its stages, those that it copies from, and those that are mounted.
//! Rules: BuildKit's, which Podman follows where it knows them. May not look at another file.

use super::instructions::{Instruction, instructions, unquoted, words};
use crate::ecosystem::Broken;
use std::collections::HashMap;
use std::ops::Range as Span;

/// More images of one file are not judged.
pub(super) const MOST_NEEDS: usize = 10_000;
/// Longer values of build arguments are not put in, in bytes.
const LONGEST: usize = 4_096;

const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// An image that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// Its name; or in words why it is not known.
    pub name: Result<String, String>,
    /// As it stands there.
    pub written: String,
    pub span: Span<usize>,
    /// The platform that is asked for; or in words why it is not known.
    pub platform: Option<Result<String, String>>,
    /// What a build does by default does not need it: only a stage that nothing leads to, or a profile.
    pub aside: bool,
}

#[derive(Debug, Default)]
pub(super) struct Read {
    pub needs: Vec<Need>,
    /// What no builder takes.
    pub broken: Vec<Broken>,
    pub cut_short: bool,
}

/// The stages of a file: names as they are written, and which others each is built of.
#[derive(Default)]
struct Stages {
    names: Vec<Option<String>>,
    needs: Vec<Vec<usize>>,
    /// By image: the stage that names it.
    of: Vec<usize>,
}

impl Stages {
    /// The stage of this name before one, the last of them. Podman tells capital letters from small ones.
    fn before(&self, end: usize, name: &str) -> Option<usize> {
        self.names[..end.min(self.names.len())].iter().rposition(|own| own.as_deref() == Some(name))
    }

    /// Which stages the last one leads to.
    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.names.len()];
        let mut open: Vec<usize> = self.names.len().checked_sub(1).into_iter().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                open.extend(&self.needs[at]);
            }
        }
        reached
    }
}

/// Arguments that `given` has stand for those of the command line.
pub(super) fn read(text: &str, given: &HashMap<String, String>) -> Read {
    let mut out = Read::default();
    let mut arguments = platform();
    arguments.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut stages = Stages::default();
    let (all, cut_short) = instructions(text, escape(text));
    out.cut_short = cut_short;
    // A stage may be copied from before it begins.
    let named = all.iter().filter(|one| one.name == "FROM").map(|one| {
        let words = words(&one.text);
        let [.., word, name] = words.as_slice() else { return None };
        one.text[word.clone()].eq_ignore_ascii_case("as").then(|| one.text[name.clone()].to_owned())
    });
    stages.names = named.collect();
    stages.needs = vec![Vec::new(); stages.names.len()];
    let mut begun = 0_usize;
    for one in &all {
        if out.needs.len() >= MOST_NEEDS {
            out.cut_short = true;
            break;
        }
        match one.name.as_str() {
            "FROM" => {
                from(one, &arguments, &mut stages, begun, &mut out);
                begun += 1;
            }
            "ARG" if begun == 0 => declared(one, given, &mut arguments),
            name if !INSTRUCTIONS.contains(&name) => {
                out.broken.push(Broken { span: one.span.clone(), reason: "no instruction begins like this".into() });
            }
            "ARG" => {}
            _ if begun == 0 => {
                out.broken.push(Broken { span: one.span.clone(), reason: "this stands before the first FROM".into() });
            }
            "COPY" | "ADD" => taken(one, &mut stages, begun, &mut out),
            "RUN" => mounted(one, &mut stages, begun, &mut out),
            _ => {}
        }
    }
    let reached = stages.reached();
    for (need, stage) in out.needs.iter_mut().zip(&stages.of) {
        need.aside = !reached.get(*stage).copied().unwrap_or(true);
    }
    if begun == 0 && out.broken.is_empty() {
        out.broken.push(Broken { span: 0..0, reason: "there is no FROM in it".into() });
    }
    out
}

/// What builders know of this machine; images are for Linux.
fn platform() -> HashMap<String, String> {
    let (os, architecture) = super::platform::own();
    let mut all = HashMap::new();
    for whose in ["TARGET", "BUILD"] {
        all.insert(format!("{whose}PLATFORM"), format!("{os}/{architecture}"));
        all.insert(format!("{whose}OS"), os.to_owned());
        all.insert(format!("{whose}ARCH"), architecture.to_owned());
    }
    all
}

/// The character that continues a line, as the comments at the top say that BuildKit obeys.
fn escape(text: &str) -> char {
    for line in text.lines() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|comment| comment.split_once('=')) else {
            break;
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "escape" => return if value.trim() == "`" { '`' } else { '\\' },
            "syntax" | "check" => {}
            _ => break,
        }
    }
    '\\'
}

/// `ARG NAME=value …` before the first FROM.
fn declared(one: &Instruction, given: &HashMap<String, String>, arguments: &mut HashMap<String, String>) {
    for word in words(&one.text) {
        let Some((name, value)) = one.text[word].split_once('=') else { continue };
        if given.contains_key(name) {
            continue;
        }
        // One that cannot be told is as good as none: what uses it is not known.
        match filled(unquoted(value), arguments) {
            Ok(value) => arguments.insert(name.to_owned(), value),
            Err(_) => arguments.remove(name),
        };
    }
}

/// Puts build arguments in; in words which one has no value here.
fn filled(text: &str, arguments: &HashMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    let unknown = |name: &str| format!("which image it is only the build argument {name} says");
    while let Some(at) = rest.find(['$', '\\', '"', '\'']) {
        out.push_str(&rest[..at]);
        if !rest[at..].starts_with('$') {
            return Err("which image it is is written in a way that is not followed".into());
        }
        rest = &rest[at + 1..];
        let value = |name: &str| arguments.get(name).map(String::as_str).filter(|value| !value.is_empty());
        if let Some(braced) = rest.strip_prefix('{') {
            let odd = || "which image it is is written in a way that is not followed".to_owned();
            let (inner, after) = braced.split_once('}').ok_or_else(odd)?;
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
            let (name, modifier) = inner.split_at(end);
            // A word that holds a variable of its own ends at the wrong brace.
            if modifier.contains('$') {
                return Err(odd());
            }
            let set = arguments.contains_key(name);
            match modifier {
                "" => out.push_str(value(name).ok_or_else(|| unknown(name))?),
                _ if modifier.starts_with(":-") => out.push_str(value(name).unwrap_or(&modifier[2..])),
                _ if modifier.starts_with('-') && set => out.push_str(value(name).unwrap_or_default()),
                _ if modifier.starts_with('-') => out.push_str(&modifier[1..]),
                _ => return Err(odd()),
            }
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            out.push_str(value(name).ok_or_else(|| unknown(name))?);
            rest = after;
        }
        if out.len() > LONGEST {
            return Err("its name is longer than is read".into());
        }
    }
    out.push_str(rest);
    if out.len() > LONGEST { Err("its name is longer than is read".into()) } else { Ok(out) }
}

fn from(one: &Instruction, arguments: &HashMap<String, String>, stages: &mut Stages, at: usize, out: &mut Read) {
    let text = &one.text;
    let words = words(text);
    let flags = words.iter().take_while(|word| text[(*word).clone()].starts_with("--")).count();
    let mut platform = None;
    for flag in &words[..flags] {
        match text[flag.clone()].strip_prefix("--platform=") {
            Some(value) => platform = Some(filled(unquoted(value), arguments)),
            None => out.broken.push(Broken { span: one.place(flag), reason: "FROM has no such option".into() }),
        }
    }
    let image = match &words[flags..] {
        [image] => image,
        [image, word, _] if text[word.clone()].eq_ignore_ascii_case("as") => image,
        _ => {
            let reason = "FROM takes an image, and a name after AS".to_owned();
            out.broken.push(Broken { span: one.span.clone(), reason });
            return;
        }
    };
    let written = unquoted(&text[image.clone()]);
    let filled = filled(written, arguments);
    let stage = filled.as_deref().ok().and_then(|name| stages.before(at, name));
    match filled.as_deref() {
        Ok("") => out.broken.push(Broken { span: one.span.clone(), reason: "FROM takes an image".into() }),
        Ok("scratch") => {}
        Ok(_) if stage.is_some() => stages.needs[at].extend(stage),
        _ => {
            let (written, span) = (written.to_owned(), one.place(image));
            out.needs.push(Need { name: filled, written, span, platform, aside: false });
            stages.of.push(at);
        }
    }
}

/// What another stage is taken from: one of this file, by its number or its name, or an image. It is taken as it is written: no
/// builder puts arguments in.
fn source(one: &Instruction, value: Span<usize>, stages: &mut Stages, begun: usize, out: &mut Read) {
    let written = unquoted(&one.text[value.clone()]);
    if written.is_empty() || written == "scratch" {
        return;
    }
    let own = begun.saturating_sub(1);
    let number = written.parse::<usize>().ok().filter(|number| *number < begun);
    let stage = number.or_else(|| stages.before(begun, written)).or_else(|| stages.before(usize::MAX, written));
    if let Some(stage) = stage {
        stages.needs[own].push(stage);
        return;
    }
    let name = if written.contains('$') {
        Err("which image it is only a variable says".to_owned())
    } else {
        Ok(written.to_owned())
    };
    out.needs.push(Need { name, written: written.to_owned(), span: one.place(&value), platform: None, aside: false });
    stages.of.push(own);
}

fn taken(one: &Instruction, stages: &mut Stages, begun: usize, out: &mut Read) {
    for word in words(&one.text).into_iter().take_while(|word| one.text[word.clone()].starts_with("--")) {
        if let Some(value) = one.text[word.clone()].strip_prefix("--from=") {
            source(one, word.end - value.len()..word.end, stages, begun, out);
        }
    }
}

fn mounted(one: &Instruction, stages: &mut Stages, begun: usize, out: &mut Read) {
    for word in words(&one.text).into_iter().take_while(|word| one.text[word.clone()].starts_with("--")) {
        let Some(mount) = one.text[word.clone()].strip_prefix("--mount=") else { continue };
        let mut at = word.end - mount.len();
        for option in mount.split(',') {
            if let Some(value) = option.strip_prefix("from=") {
                source(one, at + option.len() - value.len()..at + option.len(), stages, begun, out);
            }
            at += option.len() + 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        let read = read(text, &HashMap::new());
        let shown = |need: &Need| {
            assert_eq!(unquoted(&text[need.span.clone()]), need.written);
            need.name.clone().unwrap_or_else(|why| format!("? {why}"))
        };
        read.needs.iter().map(shown).collect()
    }

    #[test]
    fn images_are_named_by_stages_copies_and_mounts_and_stages_are_none() {
        let text = "# syntax=docker/dockerfile:1\nARG V=3\nARG WHOLE=alpine:${V}\nFROM --platform=$BUILDPLATFORM ${WHOLE} AS build\n\
            RUN --mount=type=bind,from=tool:1,target=/t \\\n  # a note\n  --mount=type=bind,from=build,target=/b \\\n\n  true\n\
            FROM build as more\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=0 /a /a\nCOPY --chown=1 --from=acme/x@sha256:0 /a /\n\
            COPY --from=9 /a /b\n";
        assert_eq!(names(text), ["alpine:3", "tool:1", "acme/x@sha256:0", "9"]);
        let whole = read(text, &HashMap::new());
        assert!(whole.needs[0].platform.as_ref().unwrap().as_ref().unwrap().starts_with("linux/"));
        assert!(whole.broken.is_empty(), "{:?}", whole.broken);
    }

    #[test]
    fn arguments_without_a_value_leave_the_image_unknown() {
        for (text, wanted) in [
            ("ARG A\nFROM x:$A\n", "? which image it is only the build argument A says"),
            ("FROM x:${A:-1}\n", "x:1"),
            ("ARG A=\nFROM x:${A:-1}\n", "x:1"),
            ("ARG A=2\nFROM x:${A-1}${A}\n", "x:22"),
            ("ARG A=$B\nFROM x:$A\n", "? which image it is only the build argument A says"),
            ("ARG A=1\nFROM x:${A%1}\n", "? which image it is is written in a way that is not followed"),
            ("FROM x:${A:-${B}}\n", "? which image it is is written in a way that is not followed"),
            ("FROM y\nARG A=1\nFROM x:$A\n", "? which image it is only the build argument A says"),
            ("FROM \"x:1\"\n", "x:1"),
        ] {
            assert_eq!(names(text).last().unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_only_stages_need_that_nothing_leads_to_is_aside() {
        let text = "FROM a AS one\nFROM b AS two\nCOPY --from=one /x /x\nFROM c AS three\nRUN --mount=from=four,target=/x y\nFROM d AS four\nFROM three\n";
        let read = read(text, &HashMap::new());
        let aside: Vec<(&str, bool)> = read.needs.iter().map(|need| (need.written.as_str(), need.aside)).collect();
        assert_eq!(aside, [("a", true), ("b", true), ("c", false), ("d", false)]);
    }

    #[test]
    fn a_here_document_hides_only_what_is_in_it() {
        let text = "FROM a\nRUN <<EOF cat\nFROM b\nEOF\nFROM c\nRUN echo $((1<<NO))\nFROM d\nCOPY <<-X <<\"Y\" /\nFROM e\n\tX\nFROM f\nY\nFROM g\n";
        assert_eq!(names(text), ["a", "c", "d", "g"]);
    }

    #[test]
    fn what_no_builder_takes_is_told() {
        for text in
            ["", "# nothing\n", "RUN x\nFROM a\n", "FROM\n", "FROM a b\n", "FROM a\nNOTHING x\n", "FROM --x=1 a\n"]
        {
            assert_eq!(read(text, &HashMap::new()).broken.len(), 1, "{text:?}");
        }
        assert!(read("from a As b\nrun x\ncopy --from=b x y\n", &HashMap::new()).broken.is_empty());
        assert_eq!(names("# escape=`\nFROM `\n  a\nRUN x \\\nFROM b\n"), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s)((FROM|ARG|RUN|COPY|--from=|--mount=|<<|\\$\\{|\\\\\n|\n|[a-zé:@$\"'` ]){0,60})") {
            let read = read(&text, &HashMap::new());
            for need in &read.needs {
                prop_assert!(text.get(need.span.clone()).is_some());
            }
        }
    }
}
