//! Docker's images, where its folder may be read: the list of names, configurations, and layers of the driver overlay2.
//! No run of Docker stands behind these answers, and a store of containerd's is not read. May not ask its service.

use super::engines::{Found, stands};
use super::platform::Platform;
use super::reference::{self, Reference};
use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use serde::Deserialize;
use sha2::Digest as _;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Larger files are not read, in bytes.
const LARGEST: u64 = 64 << 20;
/// More layers upon each other Docker does not take.
const DEEPEST: usize = 1_000;
const SERVICE: &str = "which images Docker has only its service knows, and it is not asked";

pub(super) struct Docker {
    pub root: PathBuf,
    /// Numbers of images by name; in words why they are not known.
    names: Result<HashMap<String, String>, String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "Repositories", default)]
    repositories: HashMap<String, HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
    #[serde(default)]
    rootfs: Rootfs,
}

#[derive(Default, Deserialize)]
struct Rootfs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// 64 hexadecimal digits: nothing else is put into a path.
fn sum_of(digest: &str) -> Option<&str> {
    let sum = digest.strip_prefix("sha256:")?;
    (sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit())).then_some(sum)
}

impl Docker {
    /// None: a program of this name may be here, and nothing that it could ask.
    pub(super) fn look(ask: &Ask<'_>) -> Option<Self> {
        let homes = &ask.options.homes;
        let variable = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
        let settings = ask.look.bytes(Path::new("/etc/docker/daemon.json"), 1 << 20).ok();
        let settings: serde_json::Value =
            settings.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let root = settings["data-root"].as_str().filter(|root| root.starts_with('/')).unwrap_or("/var/lib/docker");
        let root = PathBuf::from(root);
        let client = ask.look.bytes(&homes.home.join(".docker/config.json"), 1 << 20).ok();
        let client: serde_json::Value =
            client.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let context = variable("DOCKER_CONTEXT").or_else(|| client["currentContext"].as_str());
        let elsewhere =
            variable("DOCKER_HOST").is_some() || context.is_some_and(|name| name != "default" && !name.is_empty());
        let runtime = variable("XDG_RUNTIME_DIR").map(|folder| Path::new(folder).join("docker.sock"));
        let user = ["run/docker.sock", "desktop/docker.sock"].map(|below| homes.home.join(".docker").join(below));
        let of_user = user.into_iter().chain(runtime).any(|path| stands(&path, ask));
        let of_system = stands(Path::new("/var/run/docker.sock"), ask) || stands(&root, ask);
        if !elsewhere && !of_user && !of_system {
            return None;
        }
        let containerd = settings["features"]["containerd-snapshotter"].as_bool() == Some(true);
        let names = if elsewhere || of_user || containerd || !cfg!(target_os = "linux") {
            Err(SERVICE.to_owned())
        } else {
            names(&root.join("image/overlay2/repositories.json"), ask)
        };
        Some(Docker { root, names })
    }

    pub(super) fn find(&self, name: &Reference, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
        let names = match &self.names {
            Ok(names) => names,
            Err(why) => return Found::not(ArtifactState::Unknown, why),
        };
        let mut found = match names.get(&(name.usual() + &name.suffix())) {
            Some(id) => self.whole(id, asked, ask),
            None => Found::not(ArtifactState::Missing, "Docker does not have it"),
        };
        found.looked_in.push(self.root.clone());
        found
    }

    fn whole(&self, id: &str, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
        let broken =
            |why: &str| Found::not(ArtifactState::Corrupt, format!("Docker has it, and it is not whole: {why}"));
        let unknown = |why: String| {
            Found::not(ArtifactState::Unknown, format!("Docker has it, and whether it is whole cannot be told: {why}"))
        };
        let Some(sum) = sum_of(id) else { return unknown("its number is in a form that is not known".into()) };
        let images = self.root.join("image/overlay2");
        let path = images.join("imagedb/content/sha256").join(sum);
        let bytes = match ask.look.bytes(&path, 8 << 20) {
            Ok(bytes) => bytes,
            Err(Unread::Absent) => return broken("its configuration is not there"),
            Err(why) => return unknown(why.to_string()),
        };
        let Seen::File(identity) = ask.look.at(&path) else { return unknown("it was there a moment ago".into()) };
        let Ok(config) = serde_json::from_slice::<Config>(&bytes) else {
            return broken("its configuration cannot be read");
        };
        let mut chain = String::new();
        for layer in config.rootfs.diff_ids.iter().take(DEEPEST) {
            chain = if chain.is_empty() {
                layer.clone()
            } else {
                format!("sha256:{}", hex::encode(sha2::Sha256::digest(format!("{chain} {layer}"))))
            };
            let Some(sum) = sum_of(&chain) else { return unknown("its layers are in a form that is not known".into()) };
            let kept = ask.look.text(&images.join("layerdb/sha256").join(sum).join("cache-id"), 1 << 10);
            let kept = match kept {
                Ok(kept) => kept,
                Err(Unread::Absent) => return broken("a layer of it is not there"),
                Err(why) => return unknown(why.to_string()),
            };
            let plain = kept.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !kept.is_empty();
            if !plain || !matches!(ask.look.at(&self.root.join("overlay2").join(&kept).join("diff")), Seen::Folder(_)) {
                return broken("the folder of a layer of it is not there");
            }
        }
        let own = Platform { os: config.os, architecture: config.architecture, variant: config.variant };
        let wanted = asked.cloned().unwrap_or_else(Platform::own);
        if own.fits(&wanted) == Some(false) {
            return Found::not(ArtifactState::Missing, format!("Docker has it for {own} and not for {wanted}"));
        }
        let sum = Sum { algorithm: Algorithm::Sha256, bytes: hex::decode(sum).unwrap_or_default() };
        let content = Content { path, sum, identity, read: None };
        Found { contents: vec![content], ..Found::not(ArtifactState::Present, "Docker has it") }
    }
}

fn names(path: &Path, ask: &Ask<'_>) -> Result<HashMap<String, String>, String> {
    let bytes = ask.look.bytes(path, LARGEST).map_err(|_| SERVICE.to_owned())?;
    let list: List = serde_json::from_slice(&bytes).map_err(|_| format!("{} cannot be read", path.display()))?;
    let all = list.repositories.into_values().flatten();
    let whole = |(name, id): (String, String)| {
        let read = reference::parse(&name).ok()?;
        Some((read.usual() + &read.suffix(), id))
    };
    Ok(all.filter_map(whole).collect())
}
