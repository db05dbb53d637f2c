//! `go.mod` and `go.work`, read as Go reads them: strictly where they are the workspace's own, leniently where a dependency's.
//! May not look at files; what cannot be read is said with its place, and the rest is still read.

use super::escape;
use super::version::{self, Go};
use crate::ecosystem::Broken;
use std::ops::Range as Span;

/// More lines are not read.
const MOST: usize = 100_000;

/// A module and its version; without one: a folder, or the workspace's own module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Module {
    pub path: String,
    pub version: String,
}

impl Module {
    pub(super) fn new(path: &str, version: &str) -> Self {
        Module { path: path.to_owned(), version: version.to_owned() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Require {
    pub module: Module,
    pub span: Span<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Replace {
    pub path: String,
    /// `None`: all versions.
    pub version: Option<String>,
    pub with: Module,
}

/// What such a file says.
#[derive(Debug, Default)]
pub(super) struct ModFile {
    pub module: Option<String>,
    pub go: Option<String>,
    pub toolchain: Option<String>,
    pub requires: Vec<Require>,
    pub replaces: Vec<Replace>,
    pub excludes: Vec<Module>,
    /// Folders that a `go.work` uses.
    pub uses: Vec<(String, Span<usize>)>,
    pub broken: Vec<Broken>,
    /// A version that is none, for which Go would ask.
    pub asks: Option<String>,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The workspace's own `go.mod`.
    Own,
    /// The `go.mod` of a dependency: what only counts for its own builds is passed over, and so is what is unknown.
    Dependency,
    Work,
}

struct Token<'a> {
    text: &'a str,
    span: Span<usize>,
}

/// Splits a line; a comment ends it. `Err`: where it cannot be split.
fn tokens(line: &str, start: usize) -> Result<Vec<Token<'_>>, usize> {
    let bytes = line.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let from = at;
        match bytes[at] {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'/' if bytes[at..].starts_with(b"//") => break,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' => at += 1,
            b'=' if bytes[at..].starts_with(b"=>") => at += 2,
            quote @ (b'"' | b'`') => {
                let end = memchr::memchr(quote, &bytes[at + 1..]).ok_or(start + at)?;
                at += end + 2;
            }
            _ => {
                let ends = |at: usize| {
                    let rest = &bytes[at..];
                    rest[0].is_ascii_whitespace() || b"()[]{},".contains(&rest[0]) || rest.starts_with(b"//")
                };
                while at < bytes.len() && !ends(at) {
                    if bytes[at..].starts_with(b"/*") {
                        return Err(start + at);
                    }
                    at += 1;
                }
            }
        }
        out.push(Token { text: &line[from..at], span: start + from..start + at });
    }
    Ok(out)
}

/// The word that a token stands for; escapes in quotes are not followed.
fn word<'a>(token: &Token<'a>) -> Option<&'a str> {
    let text = token.text;
    match text.as_bytes().first()? {
        quote @ (b'"' | b'`') => {
            let inner = text[1..].strip_suffix(char::from(*quote))?;
            (!inner.contains('\\')).then_some(inner)
        }
        _ => (!text.contains(['"', '\'', '`'])).then_some(text),
    }
}

pub(super) fn read(text: &str, kind: Kind) -> ModFile {
    let mut file = ModFile::default();
    let mut block: Option<&str> = None;
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let at = start;
        start += line.len();
        if number >= MOST {
            file.break_at(at..at, "there are more lines than are read");
            break;
        }
        let tokens = match tokens(line.trim_end_matches('\n'), at) {
            Ok(tokens) => tokens,
            Err(at) => {
                file.break_at(at..at, "this quote or comment cannot be read");
                continue;
            }
        };
        let Some(first) = tokens.first() else { continue };
        match (block, tokens.as_slice()) {
            (Some(_), [one]) if one.text == ")" => block = None,
            (Some(verb), arguments) => file.line(verb, arguments, kind),
            (None, [verb, open]) if open.text == "(" => {
                block = Some(verb.text);
                file.block(verb, kind);
            }
            (None, [verb, open, close]) if open.text == "(" && close.text == ")" => file.block(verb, kind),
            (None, [_, .., open]) if open.text == "(" => {
                if kind == Kind::Dependency {
                    block = Some("");
                } else {
                    file.break_at(first.span.clone(), "this block is not known");
                }
            }
            (None, [verb, arguments @ ..]) => file.line(verb.text, arguments, kind),
            (None, []) => {}
        }
    }
    if block.is_some() {
        file.break_at(text.len()..text.len(), "a block is not closed");
    }
    file
}

impl ModFile {
    fn break_at(&mut self, span: Span<usize>, reason: impl Into<String>) {
        self.broken.push(Broken { span, reason: reason.into() });
    }

    /// The version of Go that it is written for, where it says one.
    pub(super) fn language(&self, default: &str) -> Option<Go> {
        Go::parse(self.go.as_deref().unwrap_or(default))
    }

    fn block(&mut self, verb: &Token<'_>, kind: Kind) {
        let known: &[&str] = match kind {
            Kind::Work => &["godebug", "use", "replace"],
            _ => &["module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"],
        };
        if kind != Kind::Dependency && !known.contains(&verb.text) {
            self.break_at(verb.span.clone(), "this block is not known");
        }
    }

    fn line(&mut self, verb: &str, arguments: &[Token<'_>], kind: Kind) {
        let place = arguments.first().map_or(0..0, |first| first.span.start..arguments[arguments.len() - 1].span.end);
        let read = match (kind, verb) {
            (Kind::Dependency, verb) if !matches!(verb, "go" | "module" | "require") => Ok(()),
            (_, "godebug") | (Kind::Own, "retract" | "tool" | "ignore") => Ok(()),
            (Kind::Dependency, _)
            | (Kind::Own, "go" | "toolchain" | "module" | "require" | "exclude" | "replace")
            | (Kind::Work, "go" | "toolchain" | "use" | "replace") => self.one(verb, arguments, kind),
            _ => Err(format!("this directive is not known: {verb}")),
        };
        if let Err(why) = read {
            self.break_at(place, why);
        }
    }

    fn one(&mut self, verb: &str, arguments: &[Token<'_>], kind: Kind) -> Result<(), String> {
        let words = arguments.iter().map(word).collect::<Option<Vec<&str>>>();
        let words = words.ok_or("what stands in quotes here cannot be read")?;
        match (verb, words.as_slice()) {
            ("go", [version]) if self.go.is_none() => {
                let lenient = || version.trim_start_matches('v').split(['-', '+', '_']).next().unwrap_or_default();
                let known = Go::parse(version).map(|_| *version);
                let known =
                    known.or_else(|| (kind == Kind::Dependency).then(lenient).filter(|v| Go::parse(v).is_some()));
                self.go = Some(known.ok_or_else(|| format!("this is no version of Go: {version}"))?.to_owned());
            }
            ("toolchain", [name]) if self.toolchain.is_none() => {
                if *name != "default" && *name != "go1" && !name.starts_with("go1.") {
                    return Err(format!("this is no toolchain: {name}"));
                }
                self.toolchain = Some((*name).to_owned());
            }
            ("module", [path]) if self.module.is_none() => self.module = Some((*path).to_owned()),
            ("require" | "exclude", [path, version]) => {
                let module = self.module(path, version, kind)?;
                if verb == "require" {
                    self.requires.push(Require { module, span: arguments[0].span.clone() });
                } else {
                    self.excludes.push(module);
                }
            }
            ("replace", [path, rest @ ..]) => {
                let (version, with) = match rest {
                    ["=>", with @ ..] => (None, with),
                    [version, "=>", with @ ..] => (Some(self.module(path, version, kind)?.version), with),
                    _ => return Err("a replacement is written path => other".into()),
                };
                escape::major(path).ok_or_else(|| format!("this is no path of a module: {path}"))?;
                let with = match with {
                    [folder] if is_folder(folder) => Module::new(folder, ""),
                    [_] => return Err("a replacement without a version is a folder".into()),
                    [path, version] if !is_folder(path) => {
                        // The replacement need not keep the major version.
                        let version = self.version(path, version, kind)?;
                        Module::new(path, &version)
                    }
                    _ => return Err("a replacement is a folder, or a path and a version".into()),
                };
                self.replaces.push(Replace { path: (*path).to_owned(), version, with });
            }
            ("use", [folder]) => self.uses.push(((*folder).to_owned(), arguments[0].span.clone())),
            _ => return Err(format!("this is not how {verb} is written, or it stands here again")),
        }
        Ok(())
    }

    fn module(&mut self, path: &str, version: &str, kind: Kind) -> Result<Module, String> {
        let version = self.version(path, version, kind)?;
        if escape::major(path).is_none() || !escape::fits(path, &version) {
            return Err(format!("{version} is no version of {path}"));
        }
        Ok(Module::new(path, &version))
    }

    fn version(&mut self, path: &str, version: &str, kind: Kind) -> Result<String, String> {
        if version::canonical(version).is_some() {
            return Ok(version.to_owned());
        }
        let filled = version::filled(version);
        if kind != Kind::Dependency {
            // Go would ask for what this means, and write it down.
            self.asks.get_or_insert_with(|| format!("{path} {version}"));
        }
        filled.ok_or_else(|| format!("this is no version that is written in full: {version}"))
    }
}

/// Whether a replacement is a folder.
fn is_folder(path: &str) -> bool {
    path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") || path.starts_with('/')
}

/// The replacement for a module, if there is one: for this version, else for all.
pub(super) fn replacement<'a>(replaces: &'a [Replace], module: &Module) -> Option<&'a Module> {
    let fits = |one: &&Replace, version: Option<&str>| one.path == module.path && one.version.as_deref() == version;
    let found = |version| replaces.iter().rev().find(|one| fits(one, version));
    found(Some(module.version.as_str())).or_else(|| found(None)).map(|one| &one.with)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "module example.com/m // about\n\ngo 1.22\n\nrequire (\n\texample.com/a v1.0.0\n\t\"example.com/B/v2\" v2.1.0 // indirect\n)\nrequire example.com/c v0.0.0-20200101000000-abcdefabcdef\nreplace example.com/a => ../a\nreplace example.com/c v1.2.3 => example.com/d v1.0.0\nexclude example.com/x v1.0.0\nretract [v1.0.0, v1.1.0] // bad\n";

    #[test]
    fn blocks_lines_quotes_and_comments_are_read() {
        let file = read(TEXT, Kind::Own);
        assert!(file.broken.is_empty(), "{:?}", file.broken);
        let paths: Vec<_> =
            file.requires.iter().map(|one| (one.module.path.as_str(), &TEXT[one.span.clone()])).collect();
        let b = ("example.com/B/v2", "\"example.com/B/v2\"");
        assert_eq!(paths, [("example.com/a", "example.com/a"), b, ("example.com/c", "example.com/c")]);
        assert_eq!(
            replacement(&file.replaces, &Module::new("example.com/a", "v1.0.0")),
            Some(&Module::new("../a", ""))
        );
        assert_eq!(replacement(&file.replaces, &Module::new("example.com/c", "v1.0.0")), None);
        assert_eq!((file.go.as_deref(), file.excludes.len()), (Some("1.22"), 1));
    }

    #[test]
    fn what_is_broken_is_said_in_its_own_file_and_passed_over_in_that_of_another() {
        let text = "module m.n/o\ngo 1.22\nstrange x y\nblock (\n a b\n)\nreplace a.b/c => d\n";
        assert_eq!(read(text, Kind::Own).broken.len(), 4);
        assert!(read(text, Kind::Dependency).broken.is_empty());
        for bad in [
            "require a.b/c v1.0",
            "require a.b/c v2.0.0",
            "require a.b/c",
            "require (\n a.b/c v1.0.0\n",
            "go 1.22\ngo 1.23",
            "go x",
            "require \"a.b/c v1.0.0",
            "module /* x */ a",
            "toolchain local",
            "require a.b/c ../../x",
        ] {
            let file = read(bad, Kind::Own);
            assert!(!file.broken.is_empty() || file.asks.is_some(), "{bad}");
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for length in 0..TEXT.len() {
            read(&TEXT[..length], Kind::Own);
            read(&TEXT[length..], Kind::Dependency);
        }
        read("require (\n\"é\u{0}\" `\n)) ((", Kind::Work);
    }
}
