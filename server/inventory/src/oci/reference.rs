//! Names of images, as engines read them: registry, path, tag, digest. Rules: github.com/distribution/reference.
//! May not ask what a name leads to.

/// Longer names are refused by every engine, in bytes.
const LONGEST: usize = 255;
/// The registry that stands behind names without one, for Docker always and for Podman at last.
const USUAL: &str = "docker.io";

/// A name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// As written; none: a short name.
    pub registry: Option<String>,
    pub path: String,
    pub tag: Option<String>,
    /// `sha256:…`.
    pub digest: Option<String>,
}

/// In words why it is no name of an image.
pub(super) fn parse(name: &str) -> Result<Reference, &'static str> {
    let (rest, digest) = match name.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (name, None),
    };
    if let Some(digest) = digest {
        let (algorithm, sum) = digest.split_once(':').ok_or("what follows the @ is no digest")?;
        let hexadecimal = sum.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return Err("what follows the @ is no digest"),
        };
        if !hexadecimal || sum.len() != length {
            return Err("what follows the @ is no digest");
        }
    }
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    let (rest, tag) = match rest[last..].find(':') {
        Some(at) => (&rest[..last + at], Some(&rest[last + at + 1..])),
        None => (rest, None),
    };
    if let Some(tag) = tag {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let fits = tag.bytes().enumerate().all(|(at, b)| word(b) || at > 0 && (b == b'.' || b == b'-'));
        if tag.is_empty() || tag.len() > 128 || !fits {
            return Err("what follows the colon is no tag");
        }
    }
    let (registry, path) = match rest.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" || first != first.to_lowercase() => {
            (Some(first), path)
        }
        _ => (None, rest),
    };
    if rest.len() > LONGEST {
        return Err("it is longer than a name of an image may be");
    }
    if let Some(registry) = registry {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
        if !registry.bytes().all(fits) || registry.starts_with(['.', '-', ':']) || registry.ends_with(['.', '-', ':']) {
            return Err("what stands before the first slash is no registry");
        }
    }
    if path.is_empty() || !path.split('/').all(part) {
        let capitals = path.bytes().any(|b| b.is_ascii_uppercase());
        return Err(if capitals { "names of images have no capital letters" } else { "it is no name of an image" });
    }
    Ok(Reference {
        registry: registry.map(str::to_owned),
        path: path.to_owned(),
        tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    })
}

/// Letters and digits, with single dots, one or two underscores, or dashes between them.
fn part(part: &str) -> bool {
    let mut between = String::new();
    let mut begun = false;
    for character in part.chars() {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            let sound = match between.as_str() {
                "" | "." | "_" | "__" => true,
                other => other.bytes().all(|b| b == b'-'),
            };
            if !sound || !begun && !between.is_empty() {
                return false;
            }
            between.clear();
            begun = true;
        } else {
            between.push(character);
            if !matches!(character, '.' | '_' | '-') {
                return false;
            }
        }
    }
    begun && between.is_empty()
}

impl Reference {
    /// What follows the path, as stores write it: a digest makes a tag beside it nothing.
    pub(super) fn suffix(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("@{digest}"),
            (None, Some(tag)) => format!(":{tag}"),
            (None, None) => ":latest".to_owned(),
        }
    }

    /// Registry and path where a short name is meant to be on this registry.
    pub(super) fn repository(&self, registry: &str) -> String {
        match (registry, self.path.contains('/')) {
            (USUAL, false) => format!("{USUAL}/library/{}", self.path),
            _ => format!("{registry}/{}", self.path),
        }
    }

    /// Registry and path as Docker takes it.
    pub(super) fn usual(&self) -> String {
        match self.registry.as_deref() {
            None | Some("index.docker.io") => self.repository(USUAL),
            Some(registry) => self.repository(registry),
        }
    }

    /// What is shown as its version.
    pub(super) fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.clone(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// What is shown as its name.
    pub(super) fn name(&self) -> String {
        self.registry.as_ref().map_or_else(|| self.path.clone(), |registry| format!("{registry}/{}", self.path))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_taken_apart_as_engines_do() {
        let sum = "a".repeat(64);
        for (name, usual, suffix) in [
            ("alpine", "docker.io/library/alpine", ":latest"),
            ("alpine:3.20", "docker.io/library/alpine", ":3.20"),
            ("acme/tool", "docker.io/acme/tool", ":latest"),
            ("index.docker.io/alpine", "docker.io/library/alpine", ":latest"),
            ("localhost/x:1", "localhost/x", ":1"),
            ("localhost:5000/a/b", "localhost:5000/a/b", ":latest"),
            ("quay.io/a__b/c-d.e:_1", "quay.io/a__b/c-d.e", ":_1"),
        ] {
            let read = parse(name).unwrap();
            assert_eq!((read.usual().as_str(), read.suffix().as_str()), (usual, suffix), "{name}");
        }
        let pinned = parse(&format!("a/b:1@sha256:{sum}")).unwrap();
        assert_eq!(pinned.suffix(), format!("@sha256:{sum}"));
        for name in [
            "",
            ":",
            "a:",
            "Alpine",
            "a//b",
            "../x",
            "a/../b",
            "a@sha256:12",
            "a@b",
            "a_-b",
            "a___b",
            "-a",
            "a:.x",
            "a b",
            "x/",
            "é",
        ] {
            assert!(parse(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = parse(&text);
        }
    }
}
