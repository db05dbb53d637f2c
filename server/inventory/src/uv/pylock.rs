//! Reads `pylock.toml`, the lockfile of Python's standard (PEP 751), package by package, into what a `uv.lock` is read into.
//! May not look at any other file. `toml` does the reading; the lines that begin packages are those of the standard's own examples.

use super::lock::{Archive, Located, Lock, Package, Source, broken, checked, starts};
use crate::conflicted;
use crate::ecosystem::Broken;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The form that is judged.
const FORM: &str = "1.0";

/// A lockfile, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Standard {
    pub lock: Lock,
    /// Beside each package: when it counts, and for which Pythons.
    pub terms: Vec<Terms>,
    /// Why it is not known to be in a form that is judged.
    pub odd: Option<String>,
    /// What of it is not followed, in words.
    pub doubts: Vec<String>,
}

/// When a package counts.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub marker: Option<String>,
    pub requires_python: Option<String>,
    /// Its registry is named; else it is the folder of the file that is taken.
    pub indexed: bool,
    /// Names of the packages that it needs.
    pub needs: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    lock_version: Option<String>,
    requires_python: Option<String>,
    #[serde(default)]
    environments: Vec<String>,
}

#[derive(Deserialize)]
struct Block {
    packages: Vec<One>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct One {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    requires_python: Option<String>,
    index: Option<String>,
    vcs: Option<Vcs>,
    directory: Option<Directory>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
    #[serde(default)]
    dependencies: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
    commit_id: String,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct Directory {
    path: String,
    #[serde(default)]
    editable: bool,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    size: Option<u64>,
    subdirectory: Option<String>,
}

impl File {
    fn archive(&self) -> Archive {
        let hash = self.hashes.get_key_value("sha256").or_else(|| self.hashes.iter().next());
        Archive {
            url: self.url.clone(),
            path: self.path.clone(),
            filename: self.name.clone(),
            hash: hash.map(|(name, sum)| format!("{name}:{sum}")),
            size: self.size,
        }
    }
}

/// Whether a text is one, and no `uv.lock`.
pub(super) fn is(text: &str) -> bool {
    let head = text.lines().take_while(|line| !line.starts_with("[["));
    head.into_iter().any(|line| line.trim_start().starts_with("lock-version"))
}

/// Reads a lockfile; of one with conflict markers our side. O(length).
pub(super) fn read(text: &str) -> Standard {
    let Some(conflicted) = conflicted::read(text) else { return plain(text) };
    let mut read = plain(&conflicted.ours);
    read.lock.broken.insert(0, Broken { span: conflicted.place, reason: conflicted::REASON.into() });
    read
}

fn plain(text: &str) -> Standard {
    let mut read = Standard::default();
    let starts = starts(text, "[[packages]]", &mut read.lock.broken);
    let head = &text[..starts.first().copied().unwrap_or(text.len())];
    match toml::from_str::<Head>(head) {
        Ok(head) => {
            match head.lock_version.as_deref() {
                Some(FORM) => {}
                Some(other) => read.odd = Some(format!("the lockfile has a version that is not known: {other}")),
                None => read.odd = Some("the lockfile does not say which version it has".into()),
            }
            if !head.environments.is_empty() {
                read.doubts.push("that it was made for some machines only (`environments`) is not followed".into());
            }
            read.lock.head.requires_python = head.requires_python;
        }
        Err(error) => read.lock.broken.push(broken(0, head, &error)),
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    for (start, end) in starts.into_iter().zip(ends) {
        match one(start, &text[start..end]) {
            Ok((located, terms)) => {
                read.lock.packages.push(located);
                read.terms.push(terms);
            }
            Err(broken) => read.lock.broken.push(broken),
        }
    }
    read
}

fn is_wheel(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end == "whl")
}

fn one(start: usize, block: &str) -> Result<(Located, Terms), Broken> {
    let one = match toml::from_str::<Block>(block) {
        Ok(Block { mut packages }) if packages.len() == 1 => packages.remove(0),
        Ok(_) => return Err(Broken { span: start..start + 1, reason: "it is no single package".into() }),
        Err(error) => return Err(broken(start, block, &error)),
    };
    let named = |table: &toml::Table| table.get("name").and_then(toml::Value::as_str).map(str::to_owned);
    let terms = Terms {
        marker: one.marker.clone(),
        requires_python: one.requires_python.clone(),
        indexed: one.index.is_some(),
        needs: one.dependencies.iter().filter_map(named).collect(),
    };
    let mut package = Package { name: one.name.clone(), version: one.version.clone(), ..Package::default() };
    package.source = source(&one);
    match &one.archive {
        Some(archive) if archive.archive().file_name().is_some_and(|name| is_wheel(&name)) => {
            package.wheels = vec![archive.archive()];
        }
        Some(archive) => package.sdist = Some(archive.archive()),
        None => {
            package.wheels = one.wheels.iter().map(File::archive).collect();
            package.sdist = one.sdist.as_ref().map(File::archive);
        }
    }
    Ok((checked(package, start, block)?, terms))
}

/// Where it comes from; nothing where that is not followed: files beside the lockfile, other systems of versions than git.
fn source(one: &One) -> Source {
    let mut source = Source::default();
    if let Some(vcs) = &one.vcs {
        if let Some(url) = vcs.url.as_ref().filter(|_| vcs.kind == "git") {
            let below = vcs.subdirectory.as_ref().map(|below| format!("?subdirectory={below}")).unwrap_or_default();
            source.git = Some(format!("{url}{below}#{}", vcs.commit_id));
        }
    } else if let Some(directory) = &one.directory {
        let path = match &directory.subdirectory {
            Some(below) => format!("{}/{below}", directory.path),
            None => directory.path.clone(),
        };
        *(if directory.editable { &mut source.editable } else { &mut source.directory }) = Some(path);
    } else if let Some(archive) = &one.archive {
        source.subdirectory.clone_from(&archive.subdirectory);
        source.url.clone_from(&archive.url);
        source.path = archive.path.clone().filter(|_| archive.url.is_none());
    } else if one.wheels.iter().chain(&one.sdist).all(|file| file.url.is_some()) {
        let first = one.wheels.iter().chain(&one.sdist).find_map(|file| file.url.as_deref());
        source.registry = one.index.clone().or_else(|| first.and_then(folder_of));
    }
    source
}

/// The address of the folder that a file's address lies in, which uv takes for its registry where none is named.
pub(super) fn folder_of(address: &str) -> Option<String> {
    let mut url = url::Url::parse(address).ok()?;
    url.path_segments_mut().ok()?.pop();
    Some(url.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = r#"lock-version = "1.0"
created-by = "x"
requires-python = ">=3.9"

[[packages]]
name = "a"
version = "1.0"
marker = "sys_platform == 'linux'"
index = "https://example.org/simple"
dependencies = [{ name = "b" }]
wheels = [{ url = "https://example.org/f/1/a-1.0-py3-none-any.whl", hashes = { sha256 = "aa", blake2b = "bb" } }]

[[packages]]
name = "b"
version = "2"

[[packages.wheels]]
name = "b-2-py3-none-any.whl"
url = "https://example.org/f/2/b-2-py3-none-any.whl"

[packages.wheels.hashes]
sha512 = "cc"

[[packages]]
name = "c"
[packages.vcs]
type = "git"
url = "https://example.org/c"
commit-id = "0123456789012345678901234567890123456789"
subdirectory = "d"

[[packages]]
name = "d"
[packages.directory]
path = "d"
editable = true

[[packages]]
name = "e"
[packages.archive]
url = "https://example.org/e-1.0.tar.gz"
hashes = { sha256 = "dd" }

[[packages]]
name = "f"
wheels = [{ path = "wheels/f-1-py3-none-any.whl", hashes = { sha256 = "ee" } }]
"#;

    #[test]
    fn every_way_in_which_a_package_is_named_is_read() {
        assert!(is(TEXT) && !is("version = 1\nlock = 2\n[[package]]\nlock-version = 1\n"));
        let read = read(TEXT);
        assert_eq!((read.lock.broken.len(), read.odd, read.lock.packages.len()), (0, None, 6));
        assert_eq!(read.lock.head.requires_python.as_deref(), Some(">=3.9"));
        let of = |at: usize| &read.lock.packages[at].package;
        assert_eq!(of(0).source.registry.as_deref(), Some("https://example.org/simple"));
        assert_eq!(of(0).wheels[0].hash.as_deref(), Some("sha256:aa"));
        assert_eq!((read.terms[0].indexed, read.terms[0].needs.as_slice()), (true, &["b".to_owned()][..]));
        assert_eq!(&TEXT[read.lock.packages[1].span.clone()], "name = \"b\"");
        assert_eq!(of(1).source.registry.as_deref(), Some("https://example.org/f/2"));
        assert_eq!(of(1).wheels[0].hash.as_deref(), Some("sha512:cc"));
        let commit = "https://example.org/c?subdirectory=d#0123456789012345678901234567890123456789";
        assert_eq!(of(2).source.git.as_deref(), Some(commit));
        assert_eq!(of(3).source.editable.as_deref(), Some("d"));
        assert_eq!(of(4).source.url.as_deref(), Some("https://example.org/e-1.0.tar.gz"));
        assert!(of(4).sdist.is_some() && of(4).wheels.is_empty());
        assert_eq!(of(5).source, Source::default(), "a file beside the lockfile is not followed");
    }

    #[test]
    fn a_form_that_is_not_known_and_a_package_that_is_none_are_said() {
        assert!(read("lock-version = \"2.0\"\n").odd.unwrap().contains("2.0"));
        assert!(read("created-by = \"x\"\n").odd.unwrap().contains("does not say"));
        assert_eq!(read(&TEXT.replacen("\nname = \"b\"", "\nname = \"../b\"", 1)).lock.broken.len(), 1);
        assert_eq!(read(&TEXT.replacen("\nname = \"b\"", "\nname = 1", 1)).lock.packages.len(), 5);
        assert!(
            !read(&TEXT.replacen("requires-python", "environments = [\"x\"]\nrequires-python", 1)).doubts.is_empty()
        );
    }

    proptest! {
        #[test]
        fn no_mutation_makes_the_reader_panic(at in 0..TEXT.len(), cut in 0..80_usize, put in "[{}\\[\\]\",:=a-z\n😀\\\\ ]{0,12}") {
            let end = (at + cut).min(TEXT.len());
            let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
            let read = read(&text);
            prop_assert_eq!(read.terms.len(), read.lock.packages.len());
            for located in &read.lock.packages {
                prop_assert!(text.get(located.span.clone()).is_some());
            }
        }
    }
}
