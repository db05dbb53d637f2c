//! The store that Podman and Buildah share: lists of images and layers, what an image says of itself, and the folders of its layers.
//! Format: github.com/containers/storage. May not look into layers: nothing here says which files they have.

use super::platform::Platform;
use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use crate::verify::{Algorithm, Content, Sum};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Larger lists are not read, in bytes.
const LARGEST: u64 = 64 << 20;
/// Larger descriptions of one image are not read, in bytes.
const LARGEST_DESCRIPTION: u64 = 8 << 20;
/// More layers upon each other no engine takes.
const DEEPEST: usize = 1_000;
/// Drivers whose folders are known, in the order in which they are preferred.
const DRIVERS: [&str; 3] = ["overlay", "vfs", "btrfs"];

#[derive(Debug, Deserialize)]
pub(super) struct Image {
    pub id: String,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    pub names: Option<Vec<String>>,
    #[serde(default)]
    layer: Option<String>,
    #[serde(default, rename = "big-data-digests")]
    data: Option<HashMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Layer {
    id: String,
    #[serde(default)]
    parent: Option<String>,
    #[serde(default, rename = "diff-digest")]
    digest: Option<String>,
    #[serde(default, rename = "diff-size")]
    size: Option<u64>,
    #[serde(default)]
    flags: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    pub config: Option<Descriptor>,
    #[serde(default)]
    pub manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    pub layers: Option<Vec<Descriptor>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Descriptor {
    #[serde(default)]
    pub digest: String,
    #[serde(default)]
    platform: Option<Of>,
    #[serde(default, rename = "mediaType")]
    kind: Option<String>,
    #[serde(default)]
    pub annotations: Option<HashMap<String, String>>,
}

impl Descriptor {
    pub(super) fn platform(&self) -> Option<Platform> {
        self.platform.as_ref().map(Of::platform)
    }

    /// Whether it says that it is an image of a layout, or a list of some.
    pub(super) fn is_image(&self) -> bool {
        let kinds = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"];
        self.kind.as_deref().is_some_and(|kind| kinds.contains(&kind))
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Of {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Of {
    pub(super) fn platform(&self) -> Platform {
        let variant = self.variant.clone().unwrap_or_default();
        Platform { os: self.os.clone(), architecture: self.architecture.clone(), variant }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    #[serde(flatten)]
    pub of: Of,
    #[serde(default)]
    pub rootfs: Option<Rootfs>,
    #[serde(default, rename = "config")]
    run: Option<Run>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rootfs {
    #[serde(default)]
    pub diff_ids: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Run {
    #[serde(default, rename = "OnBuild")]
    later: Option<Vec<String>>,
}

/// Whether what an image adds to a build that rests on it names further images.
pub(super) fn adds_images(config: &Config) -> bool {
    let later = config.run.as_ref().and_then(|run| run.later.as_ref());
    let names = |line: &String| line.contains("from=") || line.trim_start().to_ascii_uppercase().starts_with("FROM");
    later.into_iter().flatten().any(names)
}

/// One store with one driver's lists.
pub(super) struct Store {
    pub root: PathBuf,
    driver: String,
    pub images: Vec<Image>,
    layers: HashMap<String, Layer>,
}

/// What an image comes to.
pub(super) enum Whole {
    /// It and all its layers are here.
    Yes {
        platform: Platform,
        contents: Vec<Content>,
        bytes: u64,
    },
    /// Something of it is gone, or is not what it must be.
    No(String),
    Unknown(String),
}

/// Why the lists of a store were not read.
pub(super) enum Unlisted {
    /// No engine reads them either.
    Broken(String),
    Unknown(String),
}

/// 64 hexadecimal digits: nothing else is put into a path.
fn is_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl Store {
    /// The stores that are at a folder, one for each driver that has images there; in words where one cannot be read.
    pub(super) fn at(root: &Path, driver: Option<&str>, ask: &Ask<'_>) -> Result<Vec<Store>, Unlisted> {
        if let Some(driver) = driver
            && !DRIVERS.contains(&driver)
        {
            return Err(Unlisted::Unknown(format!("this driver of a store is not known: {driver}")));
        }
        let mut all = Vec::new();
        for known in DRIVERS.into_iter().filter(|known| driver.is_none_or(|driver| driver == *known)) {
            let list = root.join(format!("{known}-images/images.json"));
            let images: Vec<Image> = match of_list(&list, ask)? {
                Some(images) => images,
                None => continue,
            };
            let layers = of_list::<Layer>(&root.join(format!("{known}-layers/layers.json")), ask)?.unwrap_or_default();
            let layers = layers.into_iter().map(|layer| (layer.id.clone(), layer)).collect();
            all.push(Store { root: root.to_path_buf(), driver: known.to_owned(), images, layers });
        }
        Ok(all)
    }

    fn file(&self, image: &Image, name: &str) -> PathBuf {
        let plain = name.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'.');
        let name = if plain { name.to_owned() } else { format!("={}", STANDARD.encode(name)) };
        self.root.join(format!("{}-images", self.driver)).join(&image.id).join(name)
    }

    fn folder(&self, layer: &str) -> PathBuf {
        match self.driver.as_str() {
            "vfs" => self.root.join("vfs/dir").join(layer),
            "btrfs" => self.root.join("btrfs/subvolumes").join(layer),
            driver => self.root.join(driver).join(layer).join("diff"),
        }
    }

    /// A file of an image that its digest names.
    fn named(&self, image: &Image, name: &str, digest: &str, ask: &Ask<'_>) -> Result<(Vec<u8>, Content), Whole> {
        let path = self.file(image, name);
        let sum = digest.strip_prefix("sha256:").filter(|sum| is_id(sum)).and_then(|sum| hex::decode(sum).ok());
        let Some(sum) = sum else {
            return Err(Whole::Unknown(format!(
                "this kind of digest is not known: {}",
                digest.split(':').next().unwrap_or_default()
            )));
        };
        let bytes = match ask.look.bytes(&path, LARGEST_DESCRIPTION) {
            Ok(bytes) => bytes,
            Err(Unread::Absent | Unread::Odd(Seen::Dangling | Seen::Folder(_))) => {
                return Err(Whole::No(format!("{} is not there", path.display())));
            }
            Err(why) => return Err(Whole::Unknown(format!("{}: {why}", path.display()))),
        };
        let Seen::File(identity) = ask.look.at(&path) else {
            return Err(Whole::Unknown(format!("{} was there a moment ago", path.display())));
        };
        let sum = Sum { algorithm: Algorithm::Sha256, bytes: sum };
        Ok((bytes, Content { path, sum, identity, read: None }))
    }

    /// What an image has, with the layers that other stores of `all` may hold.
    pub(super) fn whole(&self, image: &Image, all: &[Store], asked: &Platform, ask: &Ask<'_>) -> Whole {
        self.within(image, all, asked, ask, 0).unwrap_or_else(|answer| answer)
    }

    fn within(
        &self,
        image: &Image,
        all: &[Store],
        asked: &Platform,
        ask: &Ask<'_>,
        deep: usize,
    ) -> Result<Whole, Whole> {
        if !is_id(&image.id) {
            return Err(Whole::Unknown("its number in the store is in a form that is not known".into()));
        }
        let no = |what: &str| Whole::No(format!("its {what} cannot be read"));
        // A copy is kept by its digest too, which Podman does not look at.
        let Some(digest) = image.data.as_ref().and_then(|data| data.get("manifest")) else {
            return Err(Whole::No("the store has no manifest of it".into()));
        };
        let (bytes, manifest) = self.named(image, "manifest", digest, ask)?;
        let mut contents = vec![manifest];
        let read: Manifest = serde_json::from_slice(&bytes).map_err(|_| no("manifest"))?;
        if let Some(several) = read.manifests {
            return self.one_of(&several, all, asked, ask, deep);
        }
        let config = read.config.map(|config| config.digest).filter(|digest| !digest.is_empty());
        let config = config.ok_or_else(|| Whole::Unknown("its manifest is in a form that is not known".into()))?;
        let (bytes, content) = self.named(image, &config, &config, ask)?;
        contents.push(content);
        let config: Config = serde_json::from_slice(&bytes).map_err(|_| no("configuration"))?;
        if adds_images(&config) {
            return Err(Whole::Unknown("what it adds to a build (ONBUILD) names further images".into()));
        }
        let wanted = config.rootfs.and_then(|rootfs| rootfs.diff_ids).unwrap_or_default();
        let (mut digests, mut chain) = (Vec::new(), Vec::new());
        let mut bytes = 0_u64;
        let mut next = image.layer.clone().filter(|layer| !layer.is_empty());
        let mut seen = HashSet::new();
        while let Some(id) = next {
            if !is_id(&id) || seen.len() >= DEEPEST || !seen.insert(id.clone()) {
                return Err(Whole::Unknown("its layers are in a form that is not known".into()));
            }
            let found = std::iter::once(self).chain(all).find_map(|store| Some((store, store.layers.get(&id)?)));
            let Some((store, layer)) = found else {
                return Err(Whole::No(format!("the store has no layer {}", &id[..12])));
            };
            let incomplete =
                layer.flags.as_ref().and_then(|flags| flags.get("incomplete")).and_then(serde_json::Value::as_bool);
            if incomplete == Some(true) {
                return Err(Whole::No(format!("its layer {} was not unpacked to its end", &id[..12])));
            }
            let folder = store.folder(&id);
            match ask.look.at(&folder) {
                Seen::Folder(_) => {}
                Seen::Refused(kind) => return Err(Whole::Unknown(format!("{}: {kind}", folder.display()))),
                _ => return Err(Whole::No(format!("the folder of its layer {} is not there", &id[..12]))),
            }
            bytes = bytes.saturating_add(layer.size.unwrap_or(0));
            digests.push(layer.digest.clone().unwrap_or_default());
            chain.push((store, id));
            next = layer.parent.clone().filter(|parent| !parent.is_empty());
        }
        chain.iter().enumerate().try_for_each(|(at, (store, id))| store.leads(id, &chain[at + 1..], ask))?;
        digests.reverse();
        if digests != wanted {
            return Err(Whole::No("its layers are not those that its configuration names".into()));
        }
        Ok(Whole::Yes { platform: config.of.platform(), contents, bytes })
    }

    /// Whether a layer of overlay leads to those that it lies upon: Podman goes by what stands there, and leaves out what does not.
    fn leads(&self, id: &str, below: &[(&Store, String)], ask: &Ask<'_>) -> Result<(), Whole> {
        if self.driver != "overlay" {
            return Ok(());
        }
        let text = |store: &Store, id: &str, name: &str| {
            ask.look.text(&store.root.join("overlay").join(id).join(name), 1 << 20).map(|text| text.trim().to_owned())
        };
        let broken = || Whole::No(format!("its layer {} does not lead to those below it", &id[..12]));
        let mut wanted = Vec::new();
        for (store, one) in below {
            // Of another store its folder is named.
            if !std::ptr::eq(*store, self) {
                return Ok(());
            }
            wanted.push(format!("l/{}", text(store, one, "link").map_err(|_| broken())?));
        }
        let plain = |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) && !name.is_empty();
        match text(self, id, "link") {
            Ok(link) if !plain(&link) => return Err(broken()),
            Err(why) if why != Unread::Absent => return Err(Whole::Unknown(format!("its layer {}: {why}", &id[..12]))),
            _ => {}
        }
        match text(self, id, "lower") {
            Ok(lower) if lower == wanted.join(":") => Ok(()),
            Err(Unread::Absent) if wanted.is_empty() => Ok(()),
            _ => Err(broken()),
        }
    }

    /// Of a list for several platforms, the image for the one that is asked for.
    fn one_of(
        &self,
        several: &[Descriptor],
        all: &[Store],
        asked: &Platform,
        ask: &Ask<'_>,
        deep: usize,
    ) -> Result<Whole, Whole> {
        let fits = |one: &&Descriptor| one.platform.as_ref().is_some_and(|of| of.platform().fits(asked) == Some(true));
        let Some(one) = several.iter().find(fits) else {
            return Err(Whole::No(format!("it is a list of images, and none of them is for {asked}")));
        };
        if deep > 0 {
            return Err(Whole::Unknown("it is a list of lists, which is not followed".into()));
        }
        for store in std::iter::once(self).chain(all) {
            if let Some(image) = store.images.iter().find(|image| image.has(&one.digest)) {
                return store.within(image, all, asked, ask, deep + 1);
            }
        }
        Err(Whole::No(format!("it is a list of images, and the one for {asked} is not here")))
    }
}

impl Image {
    /// Whether a manifest of it has this digest.
    pub(super) fn has(&self, digest: &str) -> bool {
        let of_data = self.data.iter().flatten().filter(|(name, _)| name.starts_with("manifest"));
        self.digest.as_deref() == Some(digest) || of_data.into_iter().any(|(_, own)| own == digest)
    }
}

/// A list of a store; none: it is not there.
fn of_list<T: serde::de::DeserializeOwned>(path: &Path, ask: &Ask<'_>) -> Result<Option<Vec<T>>, Unlisted> {
    let bytes = match ask.look.bytes(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(Unread::Absent) => return Ok(None),
        Err(why) => return Err(Unlisted::Unknown(format!("{}: {why}", path.display()))),
    };
    if bytes.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let read = serde_json::from_slice::<Option<Vec<T>>>(&bytes);
    let broken = |_| Unlisted::Broken(format!("{} cannot be read", path.display()));
    read.map(Option::unwrap_or_default).map(Some).map_err(broken)
}
