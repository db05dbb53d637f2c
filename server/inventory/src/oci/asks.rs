//! Which registries the images of a file come from. They are named and not asked: most want a token first, which only the engine gets.

use super::{LARGEST, kind, read, reference};
use crate::ecosystem::Ask;
use crate::registries::Registry;
use std::collections::BTreeSet;
use std::path::Path;

/// The registries that names of images begin with. Which one a short name comes from, only the engine's own configuration says.
pub(super) fn registries(lockfile: &Path, ask: &Ask<'_>) -> Vec<Registry> {
    let name = lockfile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (Some(kind), Ok(text)) = (kind(name), ask.look.text(lockfile, LARGEST)) else { return Vec::new() };
    let beside = lockfile.parent().map(|folder| (folder, ask));
    let named = read(kind, &text, beside).needs.into_iter();
    let hosts: BTreeSet<String> =
        named.filter_map(|need| reference::parse(&need.written).ok().and_then(|read| read.registry)).collect();
    hosts
        .into_iter()
        .map(|host| Registry {
            unasked: Some("how a registry of images answers is not asked: `podman pull` says".into()),
            ..Registry::new("oci", &format!("https://{host}"))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::homes::{Homes, Options};
    use crate::look::Look;
    use crate::memory::NoMemory;

    #[test]
    fn each_registry_that_a_dockerfile_names_is_listed_once_and_never_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Dockerfile");
        let text = "FROM images.example:5000/a/b:1 AS one\nFROM images.example:5000/c:2\nFROM short\nCOPY --from=other.example/d /x /y\n";
        std::fs::write(&file, text).unwrap();
        let options =
            Options { homes: Homes::from_variables([("HOME".into(), "/nowhere".into())]), ..Options::default() };
        let ask = Ask { options: &options, target: "", look: &Look::default(), memory: &NoMemory };
        let found = registries(&file, &ask);
        let urls: Vec<&str> = found.iter().map(|one| one.url.as_str()).collect();
        assert_eq!(urls, ["https://images.example:5000", "https://other.example"]);
        assert!(found.iter().all(|one| one.unasked.is_some() && one.questions.is_empty()));
    }
}
