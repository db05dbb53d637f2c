//! Names of the places that dependencies are declared to come from, so that a manifest's and a lockfile's can be compared.
//! May not look anything up. Rules: cargo's `core/source_id.rs` and `util/canonical_url.rs`.

use super::lock::{Package, Source};
use super::resolve::Origin;

/// The address by which cargo takes two repositories for the same.
pub(super) fn canonical(url: &url::Url) -> Option<url::Url> {
    if url.cannot_be_a_base() {
        return None;
    }
    let mut url = url.clone();
    url.path_segments_mut().ok()?.pop_if_empty();
    if url.host_str() == Some("github.com") {
        url = format!("https{}", &url[url::Position::AfterScheme..]).parse().ok()?;
        let path = url.path().to_lowercase();
        url.set_path(&path);
    }
    let last = url.path_segments()?.next_back().and_then(|last| last.strip_suffix(".git")).map(str::to_owned);
    if let Some(last) = last {
        url.path_segments_mut().ok()?.pop().push(&last);
    }
    Some(url)
}

/// A repository, and `branch`, `tag` or `rev` with its value.
pub(super) fn git(url: &str, reference: Option<(&str, &str)>) -> Origin {
    let Some(url) = url.parse().ok().as_ref().and_then(canonical) else { return Origin::Other };
    let reference = reference.map(|(kind, value)| format!("?{kind}={value}")).unwrap_or_default();
    Origin::Git(format!("{url}{reference}"))
}

/// A registry's address, as lockfiles, manifests and configuration write it.
pub(super) fn registry(address: &str) -> Origin {
    let address = address.strip_prefix("registry+").unwrap_or(address);
    let sparse = tame_index::CRATES_IO_HTTP_INDEX;
    if address == tame_index::CRATES_IO_INDEX || address.trim_end_matches('/') == sparse.trim_end_matches('/') {
        return Origin::CratesIo;
    }
    Origin::Registry(address.trim_end_matches('/').to_owned())
}

/// Where a locked package comes from.
pub(super) fn of(package: &Package) -> Origin {
    let text = package.source_text.as_deref().unwrap_or_default();
    match package.source {
        Source::CratesIo => Origin::CratesIo,
        Source::Path => Origin::Path,
        Source::Registry(_) => registry(text),
        Source::Git(_) => of_git(text),
        Source::Other(_) => Origin::Other,
    }
}

/// A locked source of git.
pub(super) fn of_git(text: &str) -> Origin {
    let (url, reference, _) = git_source(text);
    let reference = reference.and_then(|reference| reference.split_once('='));
    let plain = |value: &str| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
    let reference = reference.map(|(kind, value)| (kind, plain(value)));
    git(url, reference.as_ref().map(|(kind, value)| (*kind, value.as_str())))
}

/// `git+URL?REFERENCE#COMMIT`: address, reference, commit.
pub(super) fn git_source(text: &str) -> (&str, Option<&str>, &str) {
    let text = text.strip_prefix("git+").unwrap_or(text);
    let (rest, commit) = text.rsplit_once('#').unwrap_or((text, ""));
    match rest.split_once('?') {
        Some((url, reference)) => (url, Some(reference), commit),
        None => (rest, None, commit),
    }
}
