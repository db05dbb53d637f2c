//! Packages that pnpm takes from git repositories: under which name its store keeps one, and what a clone of one on this machine
//! would bring. Rules: pnpm's `package-requester`, `git-fetcher`, `prepare-package`, `dependency-path`. May run nothing.

use super::lock::Package;
use crate::ecosystem::Ask;
use crate::git::offer::Offer;
use crate::git::{Id, Lost, user};
use crate::held::Held;
use crate::hexadecimal;
use crate::yaml::Value;
use contract::ArtifactState;
use sha2::Digest;
use std::path::{Path, PathBuf};

/// Longer names are cut, and end with a checksum.
const LONGEST: usize = 120;
/// pnpm runs these before it takes a package, the others only where its main file is not there.
const PREPARE: &str = "prepare";
const PUBLISH: [&str; 3] = ["prepublish", "prepack", "publish"];

/// A package that comes from a repository.
#[derive(Debug, Clone)]
pub(super) struct Hosted {
    /// As the store names it.
    pub id: String,
    /// The version that the lockfile has.
    pub version: Option<String>,
    /// What is cloned, and the commit; none: an archive is fetched.
    clone: Option<(String, String)>,
    /// The folder in it.
    folder: Option<String>,
    /// Where it is fetched from.
    pub from: String,
}

impl Hosted {
    /// `kind`: what the lockfile calls this kind of resolution.
    pub(super) fn of(package: &Package, kind: Option<&str>) -> Option<Self> {
        let said = |key: &str| package.resolution.get(key).and_then(Value::word).map(str::to_owned);
        let clone = match kind {
            Some("git") => Some((said("repo")?, said("commit")?)),
            Some(_) => return None,
            None => None,
        };
        let from = clone.as_ref().map_or_else(|| said("tarball"), |(repo, _)| Some(repo.clone()))?;
        let folder = said("path").map(|path| path.trim_matches('/').to_owned()).filter(|path| !path.is_empty());
        let id = package.name().1.to_owned();
        Some(Hosted { id, version: package.version.clone(), clone, folder, from })
    }

    /// Its folder in a store of files.
    pub(super) fn folder_in_store(&self) -> String {
        let plain = |c: char| if r#"\/:*?"<>|#"#.contains(c) { '+' } else { c };
        let mut name: String = self.id.trim_start_matches('/').chars().map(plain).collect();
        if name.contains('(') {
            name = name.strip_suffix(')').unwrap_or(&name).replace(")(", "_").replace(['(', ')'], "_");
        }
        if name.len() <= LONGEST && name == name.to_lowercase() {
            return name;
        }
        let sum = hexadecimal::of(&sha2::Sha256::digest(&name));
        let cut: String = name.chars().take(LONGEST - 33).collect();
        format!("{cut}_{}", &sum[..32])
    }

    /// What pnpm does where its store has nothing: it clones, with or without a network.
    pub(super) fn cloned(&self, builds: bool, ask: &Ask<'_>) -> Held {
        use ArtifactState::{Missing, Unknown};
        let shown = crate::fetch::without_credentials(&self.from);
        let missing = Held::new(Missing, format!("it is not in pnpm's store, and comes from elsewhere: {shown}"));
        let Some((repo, commit)) = &self.clone else { return missing };
        if let Some(why) = user::goes_elsewhere(repo, ask) {
            return Held::new(Unknown, format!("it is not in pnpm's store, and {why}"));
        }
        let path = repo.strip_prefix("file://").or_else(|| repo.starts_with('/').then_some(repo.as_str()));
        let Some(path) = path else { return missing };
        let path = PathBuf::from(percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned());
        let (state, evidence) = self.offered(&path, commit, builds, ask);
        let Some(git) = ask.options.homes.program("git", ask.look) else {
            return Held::new(Missing, "it is not in pnpm's store, and there is no git in the path").at(path);
        };
        Held::new(state, evidence).at(path).at(git)
    }

    fn offered(&self, path: &Path, commit: &str, builds: bool, ask: &Ask<'_>) -> (ArtifactState, String) {
        use ArtifactState::{Corrupt, Missing, Present, Unknown};
        let lost = |why: Lost| match why {
            Lost::Absent => (Missing, "it is not in pnpm's store, and its repository is not there".to_owned()),
            Lost::Damaged(why) => (Corrupt, why),
            Lost::Unknown(why) => (Unknown, why),
        };
        let mut id: Id = [0; 20];
        if hex::decode_to_slice(commit, &mut id).is_err() {
            return (Missing, "the lockfile names no commit of its repository".into());
        }
        let offer = match Offer::of(path, ask.look) {
            Ok(offer) => offer,
            Err(why) => return lost(why),
        };
        if offer.hides(&id) {
            return (
                Unknown,
                "its repository has other references than branches and tags, which are not followed".into(),
            );
        }
        if !offer.brings(&id) {
            let why = "no reference of its repository leads to its commit, so a clone does not bring it";
            return (Missing, why.into());
        }
        let below =
            |name: &str| self.folder.as_ref().map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
        let holds = match offer.holds(&id, &below("package.json"), ask.look) {
            Ok(holds) => holds,
            Err(why) => return lost(why),
        };
        if holds.filtered {
            return (
                Unknown,
                "its repository has attributes with filters, which git runs and which are not followed".into(),
            );
        }
        let there = self.folder.as_ref().is_none_or(|folder| {
            holds.paths.iter().any(|path| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
        });
        if !there {
            return (Corrupt, "its commit does not hold the folder that the lockfile names".into());
        }
        // Without one that can be read, pnpm takes the files as they are; what it makes of them is not known.
        let manifest = holds.file.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
        let Some(manifest) = manifest else {
            return (Unknown, "its commit holds no package.json that can be read".into());
        };
        let script = |name: &str| manifest["scripts"][name].as_str().is_some_and(|text| !text.is_empty());
        let main = below(manifest["main"].as_str().unwrap_or("index.js"));
        let publishes = PUBLISH.into_iter().any(script) && !holds.paths.contains(&main);
        if builds && (script(PREPARE) || publishes) {
            return (Unknown, "it is built before pnpm takes it, with what no lockfile names".into());
        }
        if holds.submodules {
            return (Unknown, "its repository has submodules, which are not followed".into());
        }
        (Present, "it is not in pnpm's store; its repository is on this machine, and pnpm clones it".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str) -> String {
        let (id, from) = (id.to_owned(), String::new());
        Hosted { id, version: None, clone: None, folder: None, from }.folder_in_store()
    }

    #[test]
    fn folders_are_named_as_pnpm_names_them() {
        let commit = "10d533b843f6380dd8ba2198637d0c7209efbbca";
        assert_eq!(named(&format!("git+file:///srv/a#{commit}")), format!("git+file++++srv+a+{commit}"));
        assert_eq!(
            named("http://127.0.0.1:18733/GP.tar.gz"),
            "http+++127.0.0.1+18733+GP.tar.gz_a573ed056851206f8bb1e2aa6f88e321"
        );
        assert_eq!(named(&format!("https://git.example/{}", "a".repeat(200))).len(), LONGEST);
    }
}
