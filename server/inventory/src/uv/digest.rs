//! The names that uv gives to folders of its cache: a hash of an address in one form for all its spellings.
//! May not open an address. Rules: uv's `CanonicalUrl`, `RepositoryUrl` and `cache_digest`.

use std::hash::{Hash, Hasher};
use url::Url;

/// The folder of the registry that uv has where none is configured, known by the digest of its address.
pub(super) const DEFAULT: &str = "pypi";
const DEFAULT_REGISTRY: &str = "b2a7eb67d4c26b82";
/// The digest of the name of a host that takes letters of both sizes for the same.
const SIZELESS: &str = "8e7c49fe159de02f";

/// 16 hexadecimal digits for a text.
pub(super) fn of_text(text: &str) -> String {
    let mut hasher = seahash::SeaHasher::new();
    text.hash(&mut hasher);
    hex::encode(hasher.finish().to_le_bytes())
}

/// For an address; none where it is none.
pub(super) fn of_address(address: &str) -> Option<String> {
    Some(of_text(canonical(Url::parse(address).ok()?).as_str()))
}

/// For the repository at an address, whatever is wanted of it.
pub(super) fn of_repository(address: &str) -> Option<String> {
    let mut url = canonical(Url::parse(address).ok()?);
    url.set_fragment(None);
    url.set_query(None);
    Some(of_text(url.as_str()))
}

/// The folder, below one for wheels, sources or descriptions, of what comes from a registry.
pub(super) fn registry(address: &str) -> Option<String> {
    let digest = of_address(address)?;
    Some(if digest == DEFAULT_REGISTRY { DEFAULT.into() } else { format!("index/{digest}") })
}

fn canonical(mut url: Url) -> Url {
    if url.cannot_be_a_base() {
        return url;
    }
    let _ = url.set_password(None);
    let _ = url.set_username("");
    if url.path().ends_with('/')
        && let Ok(mut parts) = url.path_segments_mut()
    {
        parts.pop_if_empty();
    }
    // One host takes letters of both sizes for the same.
    if url.host_str().is_some_and(|host| of_text(host) == SIZELESS) {
        let lower = url.path().to_ascii_lowercase();
        url.set_path(&lower);
    }
    let git = |path: &str| path.len() > 4 && path.to_ascii_lowercase().ends_with(".git");
    let path = url.path().to_owned();
    match path.rsplit_once('@') {
        Some((before, behind)) if git(before) => url.set_path(&format!("{}@{behind}", &before[..before.len() - 4])),
        None if git(&path) => {
            let whole = path[..path.len() - 4].to_owned();
            url.set_path(&whole);
        }
        _ => {}
    }
    if url.path().contains('%') {
        let decoded: Vec<String> = url
            .path_segments()
            .into_iter()
            .flatten()
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.clear().extend(decoded);
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_digests_that_uv_gives_them() {
        // From uv's own tests of the names of its files.
        let tags = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_2";
        assert_eq!(of_text(tags), "5a2adc379b2dc214");
    }

    #[test]
    fn spellings_of_one_address_have_one_digest() {
        let one = of_address("git+https://example.org/a/b.git@1.0").expect("an address");
        for other in ["git+https://me:secret@example.org/a/b@1.0", "git+https://example.org/a/%62.git@1.0/"] {
            assert_eq!(of_address(other).as_deref(), Some(one.as_str()), "{other}");
        }
        assert_ne!(of_address("git+https://example.org/a/b.git@2.0").as_deref(), Some(one.as_str()));
        assert_eq!(of_repository("https://example.org/a?branch=x#c"), of_repository("https://example.org/a.git/"));
        assert_eq!(of_address("no address"), None);
    }
}
