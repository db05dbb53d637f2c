//! Images that lie in a folder of their own (OCI layouts, `oci:FOLDER:NAME`), from which Podman and Buildah build without a connection.
//! Format: github.com/opencontainers/image-spec, `image-layout.md`. May not look into layers, and reads no archive.

use super::engines::Found;
use super::platform::Platform;
use super::store::{Config, Descriptor, Manifest, adds_images};
use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use crate::verify::{self, Algorithm, Content, Sum};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// Larger descriptions are not read, in bytes.
const LARGEST: u64 = 8 << 20;
/// What an image of a layout is called by.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Places that images are taken from, and are not followed.
const OTHERS: [&str; 9] = [
    "dir:",
    "docker-archive:",
    "oci-archive:",
    "docker-daemon:",
    "containers-storage:",
    "docker://",
    "ostree:",
    "sif:",
    "tarball:",
];

/// Whether a name is one of a place, and of no image of a store.
pub(super) fn is_place(name: &str) -> bool {
    name.starts_with("oci:") || name.contains("://") || OTHERS.iter().any(|start| name.starts_with(start))
}

/// What is at the place that a name says, for a platform where one is asked for.
pub(super) fn find(name: &str, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
    let Some(rest) = name.strip_prefix("oci:") else {
        let why = "unverified: it names an archive or another place, which is not read";
        return Found::not(ArtifactState::Unknown, why);
    };
    let (folder, tag) = rest.split_once(':').map_or((rest, None), |(folder, tag)| (folder, Some(tag)));
    let folder = Path::new(folder);
    if !folder.is_absolute() {
        let why = "it names a folder from where the engine is run, which is not known here";
        return Found::not(ArtifactState::Unknown, why);
    }
    if !folder.to_str().is_some_and(is_name) {
        let why = "Podman takes a folder only where its path could be the name of an image: lower-case letters and digits with single `.`, `_`, `-` between them";
        return Found::not(ArtifactState::Unknown, why);
    }
    let layout = Layout { folder, ask };
    let mut found = match layout.whole(tag.filter(|tag| !tag.is_empty()), asked) {
        Ok(found) => found,
        Err(found) => *found,
    };
    found.looked_in.push(folder.to_path_buf());
    found
}

/// Whether each part of a path is one of a repository's name; Podman 4.3 says no image is called so where one is not.
fn is_name(path: &str) -> bool {
    let part = |part: &str| {
        let plain = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b));
        let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = part.as_bytes();
        let doubled = bytes.windows(2).any(|two| two.iter().all(|b| !b.is_ascii_alphanumeric()));
        plain && ends(bytes.first()) && ends(bytes.last()) && !doubled
    };
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
}

struct Layout<'a> {
    folder: &'a Path,
    ask: &'a Ask<'a>,
}

#[expect(clippy::unnecessary_box_returns, reason = "it is an error, which would be large")]
fn not(state: ArtifactState, why: impl Into<String>) -> Box<Found> {
    Box::new(Found::not(state, why))
}

impl Layout<'_> {
    fn whole(&self, tag: Option<&str>, asked: Option<&Platform>) -> Result<Found, Box<Found>> {
        let wanted = asked.cloned().unwrap_or_else(Platform::own);
        let index = self.folder.join("index.json");
        let bytes = match self.ask.look.bytes(&index, LARGEST) {
            Ok(bytes) => bytes,
            Err(Unread::Absent) => return Err(not(ArtifactState::Missing, "there is no layout of images there")),
            Err(why) => return Err(not(ArtifactState::Unknown, format!("{}: {why}", index.display()))),
        };
        let broken = |path: &Path| not(ArtifactState::Corrupt, format!("{} cannot be read", path.display()));
        let list: Manifest = serde_json::from_slice(&bytes).map_err(|_| broken(&index))?;
        let list = list.manifests.unwrap_or_default();
        let one = match tag {
            Some(tag) => list.iter().find(|one| {
                one.is_image()
                    && one.annotations.as_ref().is_some_and(|notes| notes.get(NAME).is_some_and(|own| own == tag))
            }),
            None => list.first().filter(|_| list.len() == 1),
        };
        let Some(one) = one else {
            let why = match tag {
                Some(tag) => format!("the layout there has no image called {tag}"),
                None => format!("the layout there has {} images, and none is named", list.len()),
            };
            return Err(not(ArtifactState::Missing, why));
        };
        let (mut bytes, content) = self.blob(&one.digest)?;
        let mut contents = vec![content];
        let mut manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| broken(&contents[0].path))?;
        if let Some(several) = manifest.manifests.take() {
            let fits = |one: &&Descriptor| one.platform().is_some_and(|of| of.fits(&wanted) == Some(true));
            let Some(one) = several.iter().find(fits) else {
                let why = format!("it is a list of images, and none of them is for {wanted}");
                return Err(not(ArtifactState::Missing, why));
            };
            let (next, content) = self.blob(&one.digest)?;
            manifest = serde_json::from_slice(&next).map_err(|_| broken(&content.path))?;
            contents.push(content);
            if manifest.manifests.is_some() {
                return Err(not(ArtifactState::Unknown, "it is a list of lists, which is not followed"));
            }
        }
        let Some(config) = manifest.config.filter(|config| !config.digest.is_empty()) else {
            return Err(not(ArtifactState::Unknown, "its manifest is in a form that is not known"));
        };
        let content;
        (bytes, content) = self.blob(&config.digest)?;
        let config: Config = serde_json::from_slice(&bytes).map_err(|_| broken(&content.path))?;
        contents.push(content);
        if adds_images(&config) {
            let why = "what it adds to a build (ONBUILD) names further images";
            return Err(not(ArtifactState::Unknown, why));
        }
        let layers = manifest.layers.unwrap_or_default();
        let names = config.rootfs.as_ref().and_then(|rootfs| rootfs.diff_ids.as_ref()).map_or(0, Vec::len);
        if layers.len() != names {
            let why = "its layers are not as many as its configuration names";
            return Err(not(ArtifactState::Corrupt, why));
        }
        let mut size = 0_u64;
        for layer in &layers {
            let content = self.there(&layer.digest)?;
            size = size.saturating_add(content.identity.size);
            contents.push(content);
        }
        let platform = config.of.platform();
        match platform.fits(&wanted) {
            Some(false) => {
                let why = format!("it lies there for {platform} and not for {wanted}");
                return Err(not(ArtifactState::Missing, why));
            }
            None if asked.is_some() => {
                let why = "it lies there, and for which platform it does not say";
                return Err(not(ArtifactState::Unknown, why));
            }
            _ => {}
        }
        let mut found = Found::not(ArtifactState::Present, "it lies there as a layout, with all of its layers");
        // The largest part first: it stands for the image.
        contents.reverse();
        found.contents = contents;
        found.bytes = Some(size);
        Ok(found)
    }

    /// A part of an image that is called by its checksum, which is compared later.
    fn there(&self, digest: &str) -> Result<Content, Box<Found>> {
        let sum = digest.strip_prefix("sha256:").and_then(|sum| hex::decode(sum).ok()).filter(|sum| sum.len() == 32);
        let Some(sum) = sum else {
            return Err(if digest.starts_with("sha384:") || digest.starts_with("sha512:") {
                not(ArtifactState::Unknown, "its parts are called by another kind of checksum, which is not followed")
            } else {
                not(ArtifactState::Corrupt, "what one of its parts is called is no checksum")
            });
        };
        let path: PathBuf = self.folder.join("blobs/sha256").join(hex::encode(&sum));
        match self.ask.look.at(&path) {
            Seen::File(identity) => {
                let sum = Sum { algorithm: Algorithm::Sha256, bytes: sum };
                Ok(Content { path, sum, identity, read: None })
            }
            Seen::Refused(kind) => Err(not(ArtifactState::Unknown, format!("{}: {kind}", path.display()))),
            _ => Err(not(ArtifactState::Corrupt, format!("a part of it is not there: {}", path.display()))),
        }
    }

    /// The same, read, with its checksum compared.
    fn blob(&self, digest: &str) -> Result<(Vec<u8>, Content), Box<Found>> {
        let content = self.there(digest)?;
        let bytes = self
            .ask
            .look
            .bytes(&content.path, LARGEST)
            .map_err(|why| not(ArtifactState::Unknown, format!("{}: {why}", content.path.display())))?;
        if verify::digest(Algorithm::Sha256, &bytes) != content.sum.bytes {
            let why = format!("{} is not what its name says", content.path.display());
            return Err(not(ArtifactState::Corrupt, why));
        }
        Ok((bytes, content))
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_folder_counts_where_its_path_could_be_a_name() {
        for good in ["/srv/images/a", "/a.b/c-d/e_f/0"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["/home/ann/.cache/a", "/A/b", "/a//b", "/a/", "a", "/a--b", "/a._b", "/é", "/"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
