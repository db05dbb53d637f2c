//! How Maven is set up: its settings of the user and of the installation, what `.mvn` adds to the command line, mirrors.
//! May not keep a credential; what is not followed is said.

use super::facts::{Facts, Known};
use super::pom::{self, Profile, Repository};
use super::{active, interpolate};
use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use crate::members::clean;
use crate::xml::{child, items, read, tame, text, value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Larger settings are not read, in bytes.
const LARGEST: u64 = 1 << 20;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Mirror {
    pub id: String,
    pub of: String,
    pub url: String,
    pub layouts: String,
    pub blocked: bool,
}

#[derive(Debug)]
pub(super) struct Settings {
    /// The local repository.
    pub repository: PathBuf,
    pub mirrors: Vec<Mirror>,
    /// Repositories and mirrors, by id, for which there is a credential.
    pub servers: BTreeSet<String>,
    /// Whether others are reached through a proxy of its own.
    pub proxy: bool,
    /// Active profiles, which every project gets.
    pub profiles: Vec<Profile>,
    /// Profiles that are named to be active, and not to be.
    pub named: (Vec<String>, Vec<String>),
    /// Files that were read, or would be.
    pub files: Vec<PathBuf>,
    pub verdict: Verdict,
}

/// Settings as one file has them.
#[derive(Default)]
struct Read {
    repository: Option<String>,
    mirrors: Vec<Mirror>,
    servers: BTreeSet<String>,
    proxy: bool,
    profiles: Vec<Profile>,
    active: Vec<String>,
}

impl Settings {
    /// For what is built in `folder` by the Maven in `installation`.
    pub(super) fn read(folder: &Path, installation: Option<&Path>, facts: &mut Facts, ask: &Ask<'_>) -> Self {
        let mut settings = Settings {
            repository: PathBuf::new(),
            mirrors: Vec::new(),
            servers: BTreeSet::new(),
            proxy: false,
            profiles: Vec::new(),
            named: (Vec::new(), Vec::new()),
            files: Vec::new(),
            verdict: Verdict::Sound,
        };
        let (mut user, mut global) = (None, None);
        let top = folder.ancestors().find(|above| matches!(ask.look.at(&above.join(".mvn")), Seen::Folder(_)));
        if let Some(top) = top {
            settings.called(&top.join(".mvn"), (&mut user, &mut global), facts, ask);
        }
        let user = user.map_or_else(|| facts.home.join(".m2/settings.xml"), |path| clean(&folder.join(path)));
        let global = global
            .map(|path| clean(&folder.join(path)))
            .or_else(|| installation.map(|home| home.join("conf/settings.xml")));
        let own = settings.file(&user, facts, ask);
        let shared = global.map(|path| settings.file(&path, facts, ask)).unwrap_or_default();
        let chosen = own.repository.or(shared.repository).filter(|path| !path.is_empty());
        let given = match facts.property("maven.repo.local") {
            Known::Value(path) => Some(path),
            _ => None,
        };
        settings.repository = given.or(chosen).map_or_else(|| facts.home.join(".m2/repository"), |p| folder.join(p));
        if !settings.repository.is_absolute() {
            settings.verdict.worsen(Verdict::Doubtful("where the local repository is, is not known".into()));
        }
        settings.proxy = own.proxy || shared.proxy;
        settings.servers = own.servers.into_iter().chain(shared.servers).collect();
        settings.mirrors = own.mirrors;
        let known: BTreeSet<String> = settings.mirrors.iter().map(|mirror| mirror.id.clone()).collect();
        settings.mirrors.extend(shared.mirrors.into_iter().filter(|mirror| !known.contains(&mirror.id)));
        let mut profiles = own.profiles;
        let known: BTreeSet<String> = profiles.iter().map(|profile| profile.id.clone()).collect();
        profiles.extend(shared.profiles.into_iter().filter(|profile| !known.contains(&profile.id)));
        settings.named.0.extend(own.active.into_iter().chain(shared.active));
        let named = (settings.named.0.as_slice(), settings.named.1.as_slice());
        let (places, doubts) = active::active(&profiles, named, Some(folder), facts, ask);
        settings.profiles = places.into_iter().filter_map(|at| profiles.get(at).cloned()).collect();
        for why in doubts {
            settings.verdict.worsen(Verdict::Doubtful(why));
        }
        settings
    }

    /// What the folder `.mvn` adds to every call.
    fn called(
        &mut self,
        folder: &Path,
        (user, global): (&mut Option<String>, &mut Option<String>),
        facts: &mut Facts,
        ask: &Ask<'_>,
    ) {
        let (config, java) = (folder.join("maven.config"), folder.join("jvm.config"));
        if let Ok(words) = ask.look.text(&java, LARGEST) {
            facts.options(&words);
        }
        if ask.look.at(&folder.join("extensions.xml")) != Seen::Absent {
            let why = ".mvn/extensions.xml changes Maven itself, which is not followed";
            self.verdict.worsen(Verdict::Doubtful(why.into()));
        }
        let words = ask.look.text(&config, LARGEST).unwrap_or_default();
        self.files.extend([config, java]);
        let mut words = words.split_whitespace();
        while let Some(word) = words.next() {
            let mut next = |word: &str, short: &str| {
                let own = word.strip_prefix(short).filter(|rest| !rest.is_empty() && !short.starts_with("--"));
                own.map(|rest| rest.trim_start_matches('=').to_owned()).or_else(|| words.next().map(str::to_owned))
            };
            match word {
                "-s" | "--settings" => *user = next(word, word),
                "-gs" | "--global-settings" => *global = next(word, word),
                "-T" | "--threads" => drop(next(word, word)),
                _ if word.starts_with("-D") => {
                    if let Some(one) = next(word, "-D") {
                        let (name, value) = one.split_once('=').unwrap_or((&one, "true"));
                        facts.user.insert(name.to_owned(), value.to_owned());
                    }
                }
                _ if word.starts_with("-P") => {
                    for profile in next(word, "-P").unwrap_or_default().split(',').filter(|one| !one.is_empty()) {
                        match profile.strip_prefix(['!', '-']) {
                            Some(other) => self.named.1.push(other.to_owned()),
                            None => self.named.0.push(profile.trim_start_matches('+').to_owned()),
                        }
                    }
                }
                "-o"
                | "--offline"
                | "-B"
                | "--batch-mode"
                | "-q"
                | "--quiet"
                | "-e"
                | "--errors"
                | "-X"
                | "--debug"
                | "-U"
                | "--update-snapshots"
                | "-ntp"
                | "--no-transfer-progress"
                | "-V"
                | "--show-version"
                | "-nsu"
                | "-C"
                | "-c"
                | "-ff"
                | "-fae" => {}
                _ if word.starts_with("-T") => {}
                other => {
                    let why = format!(".mvn/maven.config has {other}, which is not followed");
                    self.verdict.worsen(Verdict::Doubtful(why));
                }
            }
        }
    }

    fn file(&mut self, path: &Path, facts: &Facts, ask: &Ask<'_>) -> Read {
        self.files.push(path.to_path_buf());
        let source = match ask.look.text(path, LARGEST) {
            Ok(source) => source,
            Err(Unread::Absent) => return Read::default(),
            Err(why) => {
                self.verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display())));
                return Read::default();
            }
        };
        let parsed = read(&tame(&source), "settings", |node| {
            let whole = |text: String| interpolate::plain(&text, &mut |name| facts.property(name));
            let mirror = |node| Mirror {
                id: value(node, "id").map_or_else(|| "default".into(), &whole),
                of: value(node, "mirrorOf").map(&whole).unwrap_or_default(),
                url: value(node, "url").map(&whole).unwrap_or_default(),
                layouts: value(node, "mirrorOfLayouts").unwrap_or_default(),
                blocked: value(node, "blocked").as_deref() == Some("true"),
            };
            Read {
                repository: value(node, "localRepository").map(&whole),
                mirrors: items(node, "mirrors", "mirror").into_iter().map(mirror).collect(),
                servers: items(node, "servers", "server").into_iter().filter_map(|one| value(one, "id")).collect(),
                proxy: items(node, "proxies", "proxy")
                    .into_iter()
                    .any(|one| value(one, "active").is_none_or(|active| active == "true")),
                profiles: items(node, "profiles", "profile").into_iter().map(pom::profile).collect(),
                active: child(node, "activeProfiles")
                    .map(|_| items(node, "activeProfiles", "activeProfile").into_iter().map(text).collect())
                    .unwrap_or_default(),
            }
        });
        parsed.unwrap_or_else(|why| {
            self.verdict.worsen(Verdict::Refused(format!("{}: {why}", path.display())));
            Read::default()
        })
    }

    /// Under which id a repository is asked.
    pub(super) fn asked(&self, repository: &Repository) -> String {
        self.mirror(repository).map_or_else(|| repository.id.clone(), |mirror| mirror.id.clone())
    }

    /// The mirror that stands in for a repository.
    pub(super) fn mirror(&self, repository: &Repository) -> Option<&Mirror> {
        let fits = |mirror: &&Mirror| layouts(&mirror.layouts);
        let exact = self.mirrors.iter().filter(fits).find(|mirror| mirror.of == repository.id);
        exact.or_else(|| self.mirrors.iter().filter(fits).find(|mirror| stands_for(&mirror.of, repository)))
    }
}

/// Whether a mirror is for repositories of the layout `default`.
fn layouts(written: &str) -> bool {
    if written.is_empty() || written == "default" {
        return true;
    }
    let mut found = false;
    for layout in written.split(',') {
        match layout.strip_prefix('!') {
            Some("default") => return false,
            None if layout == "default" => return true,
            _ => found |= layout == "*",
        }
    }
    found
}

fn stands_for(of: &str, repository: &Repository) -> bool {
    if of == "*" {
        return true;
    }
    let url = repository.url.to_ascii_lowercase();
    let (scheme, rest) = url.split_once(':').unwrap_or(("", ""));
    let host = rest.trim_start_matches('/').split(['/', ':']).next().unwrap_or_default();
    let local = host == "localhost" || host == "127.0.0.1";
    let mut found = false;
    for part in of.split(',').map(str::trim) {
        if let Some(other) = part.strip_prefix('!').filter(|other| !other.is_empty()) {
            if other == repository.id {
                return false;
            }
        } else if part == repository.id {
            return true;
        } else {
            found |= match part {
                "external:*" => !local && scheme != "file",
                "external:http:*" => !local && ["http", "dav", "dav:http", "dav+http"].contains(&scheme),
                part => part == "*",
            };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_stand_for_what_maven_lets_them_stand_for() {
        let repository = |id: &str, url: &str| Repository { id: id.into(), url: url.into() };
        let central = repository("central", "https://repo.example/maven2");
        let plain = repository("old", "http://old.example/maven2");
        let near = repository("near", "http://localhost:8081/x");
        let cases = [
            ("*", &central, true),
            ("central", &central, true),
            ("*,!central", &central, false),
            ("!central,*", &central, false),
            ("external:*", &near, false),
            ("external:*", &central, true),
            ("external:http:*", &plain, true),
            ("external:http:*", &central, false),
            ("external:http:*", &near, false),
            ("a, old", &plain, true),
            ("a,b", &plain, false),
        ];
        for (of, repository, stands) in cases {
            assert_eq!(stands_for(of, repository), stands, "{of} {}", repository.id);
        }
        assert!(layouts("*") && layouts("p2,default") && !layouts("p2") && !layouts("*,!default"));
    }
}
