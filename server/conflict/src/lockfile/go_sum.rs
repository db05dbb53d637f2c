//! `go.sum`: checksums of modules and of their `go.mod`, each on a line of its own. Both sides' lines together are its merge.
//! Leaves none out: go passes over what it does not need, and `go mod tidy` removes it, which no text tells.

use super::{Contents, Id, LockfileError, LockfileSides, Packages, one_file, tampered};
use semver::Version;
use std::cmp::Ordering;

/// The only kind of checksum that there is: `dirhash.Hash1` of `golang.org/x/mod`, base64 of 32 bytes.
const KIND: &str = "h1:";
const BASE64_OF_32_BYTES: usize = 44;

/// Modules and versions; one that ends in `/go.mod` is about that file alone.
fn read(side: &'static str, text: &str) -> Result<Packages, LockfileError> {
    let mut found = Packages::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let unreadable = |why: &str| LockfileError::Unreadable { side, why: format!("line {}: {why}", at + 1) };
        let mut words = line.split_whitespace();
        let (Some(module), Some(version), Some(sum), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(unreadable("it is not a module, a version and a checksum"));
        };
        let (plain, file) = parts(version);
        if of(plain).is_none() || !matches!(file, "" | "/go.mod") {
            return Err(unreadable("its version is none of go's"));
        }
        let body = sum.strip_prefix(KIND).unwrap_or_default();
        let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        if body.len() != BASE64_OF_32_BYTES || !body.strip_suffix('=').is_some_and(|body| body.chars().all(base64)) {
            return Err(unreadable("its checksum is not whole, or of a kind that is not known"));
        }
        let id = (module.to_owned(), version.to_owned(), String::new());
        let contents = one_file(Some(sum.to_owned()));
        if found.insert(id, contents.clone()).is_some_and(|before| before != contents) {
            return Err(LockfileError::Unlike { name: module.to_owned(), version: version.to_owned() });
        }
    }
    Ok(found)
}

/// The version, and the file that it is about.
fn parts(version: &str) -> (&str, &str) {
    version.split_at(version.find('/').unwrap_or(version.len()))
}

/// As `golang.org/x/mod/semver` reads it.
fn of(version: &str) -> Option<Version> {
    Version::parse(version.strip_prefix('v')?).ok()
}

/// The modules that it names. That of a `go.mod` alone is one of its own.
pub(super) fn packages(side: &'static str, text: &str) -> Result<Packages, LockfileError> {
    read(side, text)
}

/// Both sides' lines, in the order in which go writes them: `module.Sort` of `golang.org/x/mod`.
pub(super) fn start(sides: &LockfileSides) -> Result<String, LockfileError> {
    let (current, incoming) = (read("current", &sides.current)?, read("incoming", &sides.incoming)?);
    if let Some(problem) = tampered(&current, &incoming) {
        return Err(problem);
    }
    let mut all: Vec<_> = current.into_iter().chain(incoming).collect();
    all.sort_by(|((module, version, _), _), ((other_module, other_version, _), _)| {
        let ((plain, file), (other_plain, other_file)) = (parts(version), parts(other_version));
        let order = || Some(of(plain)?.cmp_precedence(&of(other_plain)?));
        let versions = || order().unwrap_or(Ordering::Equal).then_with(|| plain.cmp(other_plain));
        module.cmp(other_module).then_with(versions).then_with(|| file.cmp(other_file))
    });
    all.dedup();
    let line = |((module, version, _), contents): (Id, Contents)| {
        let sum = contents.into_values().next().unwrap_or_default();
        format!("{module} {version} {sum}\n")
    };
    Ok(all.into_iter().map(line).collect())
}
