//! Git dependencies: cargo's own clone of a repository, the commit that is locked, the checkout of it, and submodules.
//! May run nothing and follows no configuration of a repository. Rules: cargo's `sources/git/{source,utils}.rs`, libgit2.

use super::git_texts::{address, is_reference, modules, readable};
use super::lock::Package;
use super::manifest::{self, Manifest};
use super::origin::{self, canonical};
use super::sources::Answer;
use super::vendored::known;
use crate::ecosystem::{Ask, Verdict};
use crate::git::{Id, Lost, Store};
use crate::look::{Look, Seen};
use contract::ArtifactState;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Submodules in submodules deeper than this are not followed.
const DEEPEST: usize = 16;
/// Folders of a checkout that are searched for manifests.
const MOST_FOLDERS: usize = 20_000;
/// Larger settings of a repository are not read, in bytes.
const LARGEST_SETTINGS: u64 = 1 << 20;

/// A repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Repository {
    /// As it is fetched from.
    url: url::Url,
    /// The folder's name below `git/db` and `git/checkouts`.
    ident: String,
    commit: Id,
}

impl Repository {
    /// `revision`: the commit in hexadecimal.
    pub(super) fn named(url: &str, revision: &str) -> Result<Self, String> {
        let shown = crate::fetch::without_credentials(url);
        let mut commit = [0; 20];
        hex::decode_to_slice(revision, &mut commit)
            .map_err(|_| format!("the lockfile does not name a commit of the git repository: {shown}"))?;
        let parsed: url::Url =
            url.parse().map_err(|_| format!("the address of the repository is not understood: {shown}"))?;
        Self::at(parsed, commit).ok_or_else(|| format!("the address of the repository is not understood: {shown}"))
    }

    fn at(url: url::Url, commit: Id) -> Option<Self> {
        let canonical = canonical(&url)?;
        let name = canonical.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let name = if name.is_empty() { "_empty" } else { name };
        let mut hasher = rustc_stable_hash::StableSipHasher128::new();
        canonical.as_str().hash(&mut hasher);
        let ident = format!("{name}-{}", hex::encode(Hasher::finish(&hasher).to_le_bytes()));
        // A name that leads elsewhere is none that cargo makes.
        let plain = !ident.contains(['/', '\\']) && !ident.starts_with("..");
        plain.then_some(Repository { url, ident, commit })
    }
}

/// What is known of the repositories of one lockfile.
#[derive(Default)]
pub(super) struct Repositories {
    known: HashMap<Repository, Found>,
}

/// What is here of a repository.
enum Found {
    /// The packages in it.
    Here {
        packages: Vec<Manifest>,
        evidence: &'static str,
        verdict: Verdict,
    },
    Not(ArtifactState, String),
}

impl Repositories {
    pub(super) fn answer(&mut self, package: &Package, repository: &Repository, ask: &Ask<'_>) -> Answer {
        let homes = Folders::of(repository, ask);
        let found = self.known.entry(repository.clone()).or_insert_with(|| find(repository, &homes, ask));
        let mut answer = match found {
            Found::Not(state, evidence) => Answer::new(*state, evidence.clone()),
            Found::Here { packages, evidence, verdict } => {
                let same = |manifest: &&Manifest| manifest.name == package.name && manifest.version == package.version;
                match (packages.iter().find(same), verdict) {
                    (Some(manifest), _) => {
                        let known = Some(known(manifest, &origin::of(package)));
                        Answer { known, ..Answer::new(ArtifactState::Present, *evidence) }
                    }
                    (None, Verdict::Doubtful(why)) => Answer::new(ArtifactState::Unknown, why.clone()),
                    (None, Verdict::Refused(why)) => Answer::new(ArtifactState::Corrupt, why.clone()),
                    (None, Verdict::Sound) => {
                        Answer::new(ArtifactState::Corrupt, "its commit is here and holds no such package")
                    }
                }
            }
        };
        answer.looked_in = vec![homes.db.clone()];
        answer.looked_in.extend(homes.checkout(repository));
        if answer.state == ArtifactState::Corrupt {
            // Cargo believes a whole clone; without it, it makes one anew.
            answer.set_aside = answer.looked_in.clone();
        }
        answer
    }
}

/// Where cargo keeps a repository.
struct Folders {
    db: PathBuf,
    checkouts: PathBuf,
}

impl Folders {
    fn of(repository: &Repository, ask: &Ask<'_>) -> Self {
        let git = ask.options.homes.cargo.join("git");
        Folders { db: git.join("db").join(&repository.ident), checkouts: git.join("checkouts").join(&repository.ident) }
    }

    /// The checkout of a commit, whichever length its name was cut to.
    fn checkout(&self, repository: &Repository) -> Option<PathBuf> {
        let name = hex::encode(repository.commit);
        let listed = crate::reach::list(&self.checkouts).ok()?.flatten();
        let mut names = listed.filter_map(|entry| entry.file_name().into_string().ok());
        names.find(|one| one.len() >= 7 && name.starts_with(one)).map(|one| self.checkouts.join(one))
    }
}

/// The clone, opened; or why cargo would not use it.
fn open(db: &Path, look: &Look) -> Result<Store, Lost> {
    let shown = db.display();
    match look.at(db) {
        Seen::Folder(_) => {}
        Seen::Absent | Seen::Dangling => return Err(Lost::Absent),
        Seen::File(_) => return Err(Lost::Damaged(format!("a file stands in the place of the repository: {shown}"))),
        odd => return Err(Lost::Unknown(odd.doubt().unwrap_or_default())),
    }
    let damaged = |what: &str| Err(Lost::Damaged(format!("{what} of the repository is damaged: {shown}")));
    if !matches!(look.at(&db.join("HEAD")), Seen::File(_)) {
        return damaged("the HEAD");
    }
    for folder in ["refs", "objects"] {
        if !matches!(look.at(&db.join(folder)), Seen::Folder(_)) {
            return damaged("the store");
        }
    }
    let settings = db.join("config");
    match look.at(&settings) {
        Seen::Absent => {}
        _ => match look.text(&settings, LARGEST_SETTINGS) {
            Ok(text) if readable(&text) => {}
            Ok(_) => return damaged("the config"),
            Err(why) => return Err(Lost::Unknown(format!("{}: {why}", settings.display()))),
        },
    }
    Ok(Store::open(&db.join("objects"), look))
}

fn find(repository: &Repository, homes: &Folders, ask: &Ask<'_>) -> Found {
    use ArtifactState::{Corrupt, Missing, Unknown};
    let look = ask.look;
    let shown = crate::fetch::without_credentials(repository.url.as_str());
    let commit = hex::encode(repository.commit);
    let short = commit[..7].to_owned();
    let store = match open(&homes.db, look) {
        Ok(store) => store,
        Err(Lost::Absent) => return Found::Not(Missing, format!("cargo has no clone of its repository: {shown}")),
        Err(Lost::Damaged(why)) => return Found::Not(Corrupt, format!("cargo's clone of its repository: {why}")),
        Err(Lost::Unknown(why)) => return Found::Not(Unknown, format!("cargo's clone of its repository: {why}")),
    };
    match store.read(&repository.commit, look) {
        Ok(_) => {}
        Err(Lost::Absent) => {
            return Found::Not(
                Missing,
                format!("cargo's clone of its repository does not have commit {short}: {shown}"),
            );
        }
        Err(Lost::Damaged(why)) => return Found::Not(Corrupt, format!("cargo's clone of its repository: {why}")),
        Err(Lost::Unknown(why)) => return Found::Not(Unknown, format!("cargo's clone of its repository: {why}")),
    }
    let folder = homes.checkouts.join(&commit[..store.shortest(&repository.commit, 7, look)]);
    if fresh(&folder, &repository.commit, look) {
        let (packages, verdict) = in_folder(&folder, look);
        let evidence = "its commit is in cargo's clone of the repository, and checked out";
        return Found::Here { packages, evidence, verdict };
    }
    // Cargo checks it out anew, with all submodules.
    match whole(repository, &store, ask, 0) {
        Ok(named) => {
            let (packages, verdict) = in_commit(&folder, &named);
            let evidence = "its commit is whole in cargo's clone of the repository, and can be checked out";
            Found::Here { packages, evidence, verdict }
        }
        Err((state, why)) => Found::Not(state, format!("commit {short} is not checked out, and cannot be: {why}")),
    }
}

/// Whether cargo takes a checkout as it stands.
fn fresh(folder: &Path, commit: &Id, look: &Look) -> bool {
    if matches!(look.at(&folder.join(".cargo-ok")), Seen::Absent | Seen::Dangling) {
        return false;
    }
    let git = folder.join(".git");
    let Ok(store) = open(&git, look) else { return false };
    let said = |path: PathBuf| look.text(&path, 4_096).ok().map(|text| text.trim_end().to_owned());
    let Some(head) = said(git.join("HEAD")) else { return false };
    let at = match head.strip_prefix("ref: ") {
        None => Some(head),
        Some(name) if name.starts_with("refs/") && !name.split('/').any(|part| part == "..") => said(git.join(name)),
        Some(_) => None,
    };
    at.as_deref() == Some(&hex::encode(commit)) && store.read(commit, look).is_ok()
}

/// Path and text of every manifest of a commit.
type Named = Vec<(String, Vec<u8>)>;

/// Whether a repository's HEAD names a branch or a commit: a checkout is a clone, and begins with it.
fn headed(db: &Path, store: &Store, look: &Look) -> bool {
    let Ok(head) = look.text(&db.join("HEAD"), 4_096) else { return false };
    let head = head.trim_end();
    let mut commit = [0; 20];
    match head.strip_prefix("ref: ") {
        Some(name) => is_reference(name),
        None => hex::decode_to_slice(head, &mut commit).is_ok() && store.read(&commit, look).is_ok(),
    }
}

/// The manifests of a commit that is whole, its submodules too; or what is lost.
fn whole(
    repository: &Repository,
    store: &Store,
    ask: &Ask<'_>,
    depth: usize,
) -> Result<Named, (ArtifactState, String)> {
    use ArtifactState::{Corrupt, Missing, Unknown};
    let said = |lost: Lost| match lost {
        Lost::Absent => (Missing, "cargo's clone lacks some of its files".to_owned()),
        Lost::Damaged(why) => (Corrupt, why),
        Lost::Unknown(why) => (Unknown, why),
    };
    let db = Folders::of(repository, ask).db;
    if !headed(&db, store, ask.look) {
        return Err((Corrupt, format!("the HEAD of the repository is damaged: {}", db.display())));
    }
    let checkout = store.checkout(&repository.commit, "Cargo.toml", ask.look).map_err(said)?;
    let modules = modules(&String::from_utf8_lossy(checkout.modules.as_deref().unwrap_or_default()));
    for (path, commit) in checkout.submodules {
        let Some(module) = modules.iter().find(|module| module.path == path) else {
            return Err((Unknown, format!("its submodule {path} has no address")));
        };
        if module.skipped {
            continue;
        }
        let below = address(&repository.url, &module.url).and_then(|url| Repository::at(url, commit));
        let Some(below) = below.filter(|_| depth < DEEPEST) else {
            return Err((Unknown, format!("the address of its submodule {path} is not understood")));
        };
        let shown = crate::fetch::without_credentials(below.url.as_str());
        let of = |what: &str| format!("{what} of its submodule {path}: {shown}");
        let store = open(&Folders::of(&below, ask).db, ask.look).map_err(|lost| match said(lost) {
            (Missing, _) => (Missing, of("cargo has no clone")),
            (state, why) => (state, format!("submodule {path}: {why}")),
        })?;
        whole(&below, &store, ask, depth + 1).map_err(|(state, why)| (state, format!("submodule {path}: {why}")))?;
    }
    Ok(checkout.named)
}

/// The packages below a checkout, as cargo finds them.
fn in_folder(root: &Path, look: &Look) -> (Vec<Manifest>, Verdict) {
    let (mut packages, mut verdict) = (Vec::new(), Verdict::Sound);
    let mut open = vec![root.to_path_buf()];
    let mut folders = 0;
    while let Some(folder) = open.pop() {
        folders += 1;
        if folders > MOST_FOLDERS {
            let why = format!("only {MOST_FOLDERS} folders of a checkout are searched for packages");
            return (packages, Verdict::Doubtful(why));
        }
        look.at(&folder);
        let path = folder.join("Cargo.toml");
        let mut here = false;
        let mut below = Vec::new();
        for entry in crate::reach::list(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let kind = entry.file_type();
            here |= name == "Cargo.toml";
            if kind.is_ok_and(|kind| kind.is_dir()) && !name.as_encoded_bytes().starts_with(b".") {
                below.push(entry.path());
            }
        }
        if here {
            match manifest::elsewhere(&path, look) {
                Ok((manifest, Verdict::Sound)) => packages.push(manifest),
                // A root without a package of its own.
                Ok((_, why)) | Err(why) => verdict.worsen(why),
            }
        }
        below.retain(|path| !(here && path.ends_with("target")) && look.at(&path.join(".git")) == Seen::Absent);
        below.sort();
        open.extend(below);
    }
    (packages, verdict)
}

/// The packages of a commit that is still to be checked out into `folder`.
fn in_commit(folder: &Path, named: &[(String, Vec<u8>)]) -> (Vec<Manifest>, Verdict) {
    let texts: Vec<(PathBuf, String)> =
        named.iter().map(|(path, text)| (folder.join(path), String::from_utf8_lossy(text).into_owned())).collect();
    let (mut packages, mut verdict) = (Vec::new(), Verdict::Sound);
    for (path, text) in &texts {
        match manifest::of_text(path, text, &texts) {
            Ok(manifest) => packages.push(manifest),
            Err(why) => verdict.worsen(why),
        }
    }
    (packages, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_repository_is_named_as_cargo_names_it() {
        let named = |url: &str| Repository::named(url, &"0".repeat(40)).unwrap().ident;
        let ours = named("file:///var/lib/git/libg.git");
        assert_eq!(ours, named("file:///var/lib/git/libg/"), "one repository");
        assert_eq!(named("ssh://git@github.com/A/B.git"), named("https://git@github.com/a/b"));
        assert!(named("https://git.example/").starts_with("_empty-"));
    }
}
