//! What is on this machine, as far as the lints ask: the inventory's answer about packages, and folders in which tools keep what they
//! fetched. It reads and runs nothing of what it finds; what cannot be told is unknown, with the reason.

use checks::{Facts, Here, Thing};
use contract::ArtifactState;
use inventory::{Homes, Survey};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The things that were asked about, for one pass over a workspace.
pub(crate) struct Machine {
    pub(super) root: PathBuf,
    survey: Option<Arc<Survey>>,
    pub(super) homes: Homes,
    known: RefCell<HashMap<(String, PathBuf), Here>>,
}

/// A folder is read to so many entries.
pub(super) const MOST: usize = 4096;
/// Files of other tools that are read are no larger, in bytes.
const LARGEST: u64 = 8 << 20;

impl Machine {
    pub fn new(root: &Path, survey: Option<Arc<Survey>>) -> Self {
        Self { root: root.to_path_buf(), survey, homes: Homes::from_env(), known: RefCell::default() }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.homes.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.variable("XDG_CACHE_HOME").map_or_else(|| self.homes.home.join(".cache"), PathBuf::from)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.variable("XDG_DATA_HOME").map_or_else(|| self.homes.home.join(".local/share"), PathBuf::from)
    }

    fn packages(&self, ecosystem: &str, file: &Path) -> Here {
        let Some(survey) = &self.survey else {
            return Here::Unknown("the lockfiles of this workspace were not looked at".into());
        };
        // The lockfile that stands nearest above the file; else the workspace's first.
        let distance = |lockfile: &Path| {
            let folder = self.root.join(lockfile);
            file.strip_prefix(folder.parent()?).ok().map(|rest| rest.components().count())
        };
        let all = survey.readiness.ecosystems.iter().filter(|one| one.name == ecosystem);
        let nearest = all.clone().filter_map(|one| Some((distance(&one.lockfile)?, one))).min_by_key(|(far, _)| *far);
        let Some(one) = nearest.map(|(_, one)| one).or_else(|| all.clone().next()) else {
            return Here::Unknown(format!("no lockfile of {ecosystem} that Holdover reads says what is needed"));
        };
        let lockfile = one.lockfile.display();
        let short = crate::status::short_of(one);
        if short > 0 {
            return Here::No(format!("{short} of {} that {lockfile} names are missing or damaged", one.total));
        }
        if let Some(problem) = &one.problem {
            return Here::Unknown(format!("{lockfile}: {problem}"));
        }
        if one.unknown > 0 {
            return Here::Unknown(format!("of {} that {lockfile} names, {} could not be told", one.total, one.unknown));
        }
        Here::Yes(format!("all {} that {lockfile} names are here", one.total))
    }

    fn programs(&self, names: &[String], file: &Path) -> Here {
        let missing: Vec<&String> = names.iter().filter(|name| !self.has_program(name, file)).collect();
        match missing.first() {
            None => Here::Yes(format!("{} is here", names.join(", "))),
            Some(name) => Here::No(format!("there is no program of this name: {name}")),
        }
    }

    pub(super) fn has_program(&self, name: &str, file: &Path) -> bool {
        if name.is_empty() || name.contains(['/', '\0']) {
            return false;
        }
        let of_node = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        let of_node = of_node.map(|folder| folder.join("node_modules/.bin"));
        self.homes
            .path
            .iter()
            .filter(|folder| folder.is_absolute())
            .cloned()
            .chain(of_node)
            .any(|folder| folder.join(name).exists())
    }

    fn system(names: &[String]) -> Here {
        let lists = Path::new("/var/lib/dpkg/info");
        if !lists.is_dir() {
            return Here::Unknown("whether these packages are installed here cannot be told".into());
        }
        let plain = |name: &String| !name.is_empty() && !name.contains(['/', '$', '\0', '*']);
        if !names.iter().all(plain) || names.is_empty() {
            return Here::Unknown("which packages these are is only known when it runs".into());
        }
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let here = |name: &&String| {
            lists.join(format!("{name}.list")).exists() || lists.join(format!("{name}:{architecture}.list")).exists()
        };
        match names.iter().find(|name| !here(name)) {
            None => Here::Yes("these packages are installed here".into()),
            Some(name) => Here::No(format!("this package is not installed here: {name}")),
        }
    }

    /// As the inventory judges images: by the stores of the engines that are here.
    fn image(&self, name: &str, file: &Path) -> Here {
        let options = inventory::Options { homes: self.homes.clone(), ..inventory::Options::default() };
        match inventory::image(self.survey.as_deref(), file, name, &options) {
            (ArtifactState::Present, evidence) => Here::Yes(evidence),
            (ArtifactState::Unknown, why) => Here::Unknown(why),
            (_, evidence) => Here::No(evidence),
        }
    }

    /// Gradle unpacks below `dists/NAME/HASH`, and marks with `.ok` what it has unpacked; Maven's wrapper keeps its own.
    fn wrapper(&self, which: &str, address: &str) -> Here {
        let name = address.rsplit('/').next().unwrap_or_default().trim_end_matches(".zip");
        let gradle = self.variable("GRADLE_USER_HOME").map_or_else(|| self.homes.home.join(".gradle"), PathBuf::from);
        let folder = match which {
            "gradle" => gradle.join("wrapper/dists").join(name),
            _ => self.homes.home.join(".m2/wrapper/dists").join(name.trim_end_matches("-bin")),
        };
        let unpacked = std::fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST).any(|entry| {
            which != "gradle"
                || std::fs::read_dir(entry.path())
                    .into_iter()
                    .flatten()
                    .flatten()
                    .any(|e| e.file_name().to_string_lossy().ends_with(".ok"))
        });
        if unpacked {
            Here::Yes("it was fetched before".into())
        } else {
            Here::No(format!("it is not in {}", folder.display()))
        }
    }

    fn hooks(&self) -> Here {
        let folder = self.variable("PRE_COMMIT_HOME").map_or_else(|| self.cache().join("pre-commit"), PathBuf::from);
        if folder.join("db.db").is_file() {
            return Here::Unknown(
                "pre-commit has fetched hooks before; whether these are among them only its own database tells".into(),
            );
        }
        Here::No(format!("pre-commit has fetched nothing yet: {}", folder.display()))
    }

    fn browser(&self, which: &str) -> Here {
        let cache = self.cache();
        let folder = match which {
            "cypress" => self.variable("CYPRESS_CACHE_FOLDER").map_or_else(|| cache.join("Cypress"), PathBuf::from),
            "playwright" => {
                self.variable("PLAYWRIGHT_BROWSERS_PATH").map_or_else(|| cache.join("ms-playwright"), PathBuf::from)
            }
            "puppeteer" => self.variable("PUPPETEER_CACHE_DIR").map_or_else(|| cache.join("puppeteer"), PathBuf::from),
            "electron" => self.variable("electron_config_cache").map_or_else(|| cache.join("electron"), PathBuf::from),
            _ => {
                return Here::Unknown(
                    "it keeps what it downloads in the package itself, which cannot be told from here".into(),
                );
            }
        };
        let any = std::fs::read_dir(&folder).into_iter().flatten().flatten().next().is_some();
        if any {
            return Here::Yes(format!(
                "something of it is in {}; whether it is the version that is asked for is not told",
                folder.display()
            ));
        }
        Here::No(format!("nothing of it is in {}", folder.display()))
    }

    fn submodule(&self, path: &str, file: &Path) -> Here {
        // Where its file names none, all of them are meant.
        if path.is_empty() {
            let listed = host::read_small(&self.root.join(".gitmodules"), 1 << 20);
            let Ok(listed) = listed else { return Here::Unknown("no `.gitmodules` says which there are".into()) };
            let listed = String::from_utf8_lossy(&listed).into_owned();
            let paths = listed
                .lines()
                .filter_map(|line| line.trim().strip_prefix("path")?.trim().strip_prefix('=').map(str::trim));
            let file = self.root.join(".gitmodules");
            let absent =
                paths.filter(|path| !path.is_empty()).find(|path| !matches!(self.submodule(path, &file), Here::Yes(_)));
            return absent.map_or_else(
                || Here::Yes("all submodules are here".into()),
                |path| Here::No(format!("this submodule is empty: {path}")),
            );
        }
        let escapes = Path::new(path).components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if escapes {
            return Here::Unknown("its path leads out of the repository".into());
        }
        let folder = file.parent().unwrap_or(&self.root).join(path);
        let here = std::fs::read_dir(&folder).into_iter().flatten().flatten().next().is_some();
        if here { Here::Yes("its folder holds files".into()) } else { Here::No(format!("its folder is empty: {path}")) }
    }

    fn terraform(&self, module: Option<&str>, provider: Option<&str>, file: &Path) -> Here {
        let data = self.variable("TF_DATA_DIR").unwrap_or(".terraform").to_owned();
        let folder = file.parent().unwrap_or(&self.root).join(data);
        if let Some(source) = module {
            let bytes = host::read_small(&folder.join("modules/modules.json"), LARGEST);
            let known: serde_json::Value = bytes.ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
            let mut sources = known["Modules"].as_array().into_iter().flatten().filter_map(|m| m["Source"].as_str());
            let has = sources.any(|known| known == source || known.ends_with(&format!("/{source}")));
            return if has {
                Here::Yes("`terraform init` has fetched it".into())
            } else {
                Here::No("`terraform init` has not fetched it here".into())
            };
        }
        let source = provider.unwrap_or_default();
        let judged = |one: &&contract::Artifact| {
            one.ecosystem == "terraform" && one.name.eq_ignore_ascii_case(source) && one.file.parent() == file.parent()
        };
        if let Some(one) = self.survey.as_ref().and_then(|survey| survey.artifacts.iter().find(judged)) {
            return match one.state {
                ArtifactState::Present => Here::Yes(one.evidence.clone()),
                ArtifactState::Unknown => Here::Unknown(one.evidence.clone()),
                _ => Here::No(one.evidence.clone()),
            };
        }
        let host_named = source.matches('/').count() == 2;
        let path = if host_named { source.to_owned() } else { format!("registry.terraform.io/{source}") };
        let safe = Path::new(&path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let places = [folder.join("providers"), self.homes.home.join(".terraform.d/plugins")];
        let cached = self.variable("TF_PLUGIN_CACHE_DIR").map(PathBuf::from);
        let has = safe && places.into_iter().chain(cached).any(|place| place.join(&path).is_dir());
        if has {
            Here::Yes("it was fetched before".into())
        } else {
            Here::No("`terraform init` has not fetched it here".into())
        }
    }

    fn answer(&self, thing: &Thing, file: &Path) -> Here {
        match thing {
            Thing::Nothing(_) | Thing::Untold => Here::Unknown("whether it is here cannot be told".into()),
            Thing::Packages(ecosystem) => self.packages(ecosystem, file),
            Thing::Programs(names) => self.programs(names, file),
            Thing::SystemPackages(names) => Self::system(names),
            Thing::Image(name) => self.image(name, file),
            Thing::Toolchain(which, version) => self.toolchain(which, version),
            Thing::Wrapper(which, address) => self.wrapper(which, address),
            Thing::Hooks(_) => self.hooks(),
            Thing::Browser(which) => self.browser(which),
            Thing::Submodule(path) => self.submodule(path, file),
            Thing::TerraformModule(source) => self.terraform(Some(source), None, file),
            Thing::TerraformProvider(source) => self.terraform(None, Some(source), file),
            Thing::Action(_) => Here::Unknown("whether a copy is kept here cannot be told".into()),
        }
    }
}

impl Facts for Machine {
    fn here(&self, thing: &Thing, file: &Path) -> Here {
        let key = (format!("{thing:?}"), file.parent().unwrap_or(file).to_path_buf());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let here = self.answer(thing, file);
        self.known.borrow_mut().insert(key, here.clone());
        here
    }
}

/// Whether a folder has an entry that fits.
pub(super) fn entry(folder: &Path, what: &str, fits: impl Fn(&str) -> bool) -> Here {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Here::Unknown(format!("{what} are not kept here: {}", folder.display()));
    };
    let found =
        entries.flatten().take(MOST).filter_map(|entry| entry.file_name().into_string().ok()).find(|name| fits(name));
    match found {
        Some(name) => Here::Yes(format!("it is among {what}: {name}")),
        None => Here::No(format!("it is not among {what}")),
    }
}
