//! What npm takes for a git repository, and which of them it takes for the same.
//! Rules: `npm-package-arg`, `hosted-git-info` (`from-url.js`, `hosts.js`), arborist's `dep-valid.js`. May not look anywhere.

use std::fmt::Write as _;

/// A repository, and what of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub host: Option<Hosted>,
    /// What git is told, without what stands behind the hash sign.
    pub address: String,
    /// A commit, a branch or a tag.
    pub committish: Option<String>,
    /// A range of versions, of which a tag is looked for.
    pub range: Option<String>,
    /// The folder in it that holds the package.
    pub folder: Option<String>,
}

/// A repository of a host of which npm knows where archives of commits are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosted {
    pub host: Host,
    pub user: Option<String>,
    pub project: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    GitHub,
    GitLab,
    Bitbucket,
    Gist,
    SourceHut,
}

const HOSTS: [(Host, &str, &str, &[&str]); 5] = [
    (Host::GitHub, "github", "github.com", &["git", "http", "git+ssh", "git+https", "ssh", "https"]),
    (Host::GitLab, "gitlab", "gitlab.com", &["git+ssh", "git+https", "ssh", "https"]),
    (Host::Bitbucket, "bitbucket", "bitbucket.org", &["git+ssh", "git+https", "ssh", "https"]),
    (Host::Gist, "gist", "gist.github.com", &["git", "git+ssh", "git+https", "ssh", "https"]),
    (Host::SourceHut, "sourcehut", "git.sr.ht", &["git+ssh", "https"]),
];

/// What is said of one that is written in a way that is not followed.
pub(crate) const NOT_UNDERSTOOD: &str = "the address of its repository is not understood";

/// The repository that a specification means; `None`: it means none. An error: one that is written as npm itself never writes it.
pub(crate) fn read(text: &str) -> Option<Result<Repository, ()>> {
    let text = text.trim();
    let (before, behind) = text.split_once('#').map_or((text, None), |(before, behind)| (before, Some(behind)));
    if let Some((word, rest)) = before.split_once(':')
        && let Some((host, ..)) = HOSTS.iter().find(|(_, shortcut, ..)| *shortcut == word)
    {
        return Some(hosted(*host, rest.trim_start_matches('/'), before, behind));
    }
    let Some((scheme, rest)) = before.split_once("://") else {
        // `user/project`, and `git@host:user/project`.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if let Some((user, project)) = before.split_once('/')
            && before.chars().all(|c| plain(c) || c == '/')
            && !before.starts_with('.')
            && !user.is_empty()
            && !project.is_empty()
            && !project.contains('/')
        {
            return Some(hosted(Host::GitHub, before, before, behind));
        }
        let scp = before.split_once('@').is_some_and(|(_, rest)| rest.contains(':')) && !before.starts_with('@');
        return scp.then_some(Err(()));
    };
    let place = rest.split('/').next().unwrap_or_default();
    let machine = place.rsplit_once('@').map_or(place, |(_, machine)| machine).to_ascii_lowercase();
    let machine = machine.strip_prefix("www.").unwrap_or(&machine);
    let secret = place.rsplit_once('@').is_some_and(|(user, _)| user != "git");
    let path = rest.get(place.len()..).unwrap_or_default().trim_start_matches('/');
    if let Some((host, _, _, schemes)) = HOSTS.iter().find(|(_, _, domain, _)| *domain == machine) {
        let archive = match host {
            Host::GitHub | Host::Bitbucket | Host::SourceHut => {
                path.split('/').nth(2).is_some_and(|part| !part.is_empty())
            }
            Host::GitLab => path.contains("/-/") || path.contains("/archive.tar.gz"),
            Host::Gist => path.split('/').nth(2).is_some(),
        };
        if schemes.contains(&scheme) && !archive && !secret {
            return Some(hosted(*host, path, before, behind));
        }
        if matches!(scheme, "http" | "https") && (archive || !schemes.contains(&scheme)) {
            return None;
        }
        return Some(Err(()));
    }
    match scheme {
        // Between the machine and a path a colon may stand, as ssh itself has it.
        "git+ssh" if place.contains(':') => Some(Err(())),
        "git" | "git+http" | "git+https" | "git+file" | "git+ssh" => {
            let address = before.strip_prefix("git+").unwrap_or(before);
            Some(with(None, address.to_owned(), behind))
        }
        scheme if scheme.starts_with("git+") || scheme == "ssh" => Some(Err(())),
        _ => None,
    }
}

fn hosted(host: Host, path: &str, before: &str, behind: Option<&str>) -> Result<Repository, ()> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (user, project) = path.rsplit_once('/').map_or((None, path), |(user, project)| (Some(user), project));
    // What is written with percent signs, or belongs to nobody, is not followed.
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(['%', '@', ':', '?', '\\']) && !part.contains(char::is_whitespace)
    };
    let whole = plain(project) && user.map_or(host == Host::Gist, plain);
    if !whole || behind.is_some_and(|behind| behind.contains('%')) {
        return Err(());
    }
    let hosted = Hosted { host, user: user.map(str::to_owned), project: project.to_owned() };
    with(Some(hosted), before.to_owned(), behind)
}

/// Takes apart what stands behind the hash sign.
fn with(host: Option<Hosted>, address: String, behind: Option<&str>) -> Result<Repository, ()> {
    let mut out = Repository { host, address, committish: None, range: None, folder: None };
    for part in behind.unwrap_or_default().split("::").filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            None if out.committish.is_none() && out.range.is_none() => out.committish = Some(part.to_owned()),
            Some(("semver", range)) if out.committish.is_none() && out.range.is_none() => {
                let range = percent_encoding::percent_decode_str(range).decode_utf8().map_err(|_| ())?;
                out.range = Some(range.into_owned());
            }
            Some(("path", folder)) if out.folder.is_none() => out.folder = Some(folder.to_owned()),
            _ => return Err(()),
        }
    }
    Ok(out)
}

impl Repository {
    /// Whether it lies on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.address.starts_with("file:")
    }

    /// The commit, where one is named in full.
    pub(crate) fn commit(&self) -> Option<&str> {
        let digits = |said: &&str| {
            (40..=64).contains(&said.len()) && said.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        self.committish.as_deref().filter(digits)
    }

    /// Where the host has an archive of the commit, which npm takes in place of a clone.
    pub(crate) fn archive(&self) -> Option<String> {
        let commit = self.commit()?;
        let Hosted { host, user, project } = self.host.as_ref()?;
        let user = user.as_deref();
        Some(match host {
            Host::GitHub => format!("https://codeload.github.com/{}/{project}/tar.gz/{commit}", user?),
            Host::Gist => format!("https://codeload.github.com/gist/{project}/tar.gz/{commit}"),
            Host::Bitbucket => format!("https://bitbucket.org/{}/{project}/get/{commit}.tar.gz", user?),
            Host::SourceHut => format!("https://git.sr.ht/{}/{project}/archive/{commit}.tar.gz", user?),
            Host::GitLab => {
                let mut name = String::new();
                for byte in format!("{}/{project}", user?).bytes() {
                    if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
                        name.push(char::from(byte));
                    } else {
                        let _ = write!(name, "%{byte:02X}");
                    }
                }
                format!("https://gitlab.com/api/v4/projects/{name}/repository/archive.tar.gz?sha={commit}")
            }
        })
    }

    /// Whether a locked repository is what this one asks for; `was`: what was asked for when it was locked.
    pub(crate) fn allows(&self, locked: &Repository, version: Option<&str>, was: Option<&Repository>) -> bool {
        let full = |said: &Repository| {
            said.committish.as_ref().is_some_and(|said| {
                (40..=64).contains(&said.len()) && said.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        let same = match (&locked.host, &self.host) {
            (None, None) => normal(&self.address) == normal(&locked.address),
            (None, Some(_)) | (Some(_), None) => false,
            (Some(locked_at), Some(asked_at)) => {
                locked_at == asked_at && (!full(self) || self.committish == locked.committish)
            }
        };
        if !same {
            return false;
        }
        match &self.range {
            Some(range) => version.and_then(|version| super::satisfies(version, range)) == Some(true),
            // That a branch or a tag still is that commit nobody can tell offline: it is what it was.
            None => full(self) || was.is_none_or(|was| was.committish == self.committish),
        }
    }
}

fn normal(address: &str) -> String {
    url::Url::parse(address).map_or_else(|_| address.to_owned(), |url| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "10d533b843f6380dd8ba2198637d0c7209efbbca";

    fn repository(text: &str) -> Repository {
        read(text).expect("a repository").expect("one that is understood")
    }

    #[test]
    fn one_repository_has_many_names() {
        let names = [
            "a/b",
            "github:a/b",
            "git+ssh://git@github.com/a/b.git",
            "https://github.com/a/b",
            "git://github.com/a/b.git",
        ];
        for one in names {
            for other in names {
                assert!(repository(one).allows(&repository(other), None, None), "{one} {other}");
            }
            let other = repository(&format!("git+ssh://git@github.com/a/b.git#{COMMIT}"));
            assert!(repository(one).allows(&other, None, None));
            assert!(!repository(one).allows(&repository("a/c"), None, None));
            assert!(!repository(one).allows(&repository("gitlab:a/b"), None, None));
        }
    }

    #[test]
    fn archives_are_where_the_hosts_have_them() {
        let at = |text: &str| repository(&format!("{text}#{COMMIT}")).archive().unwrap();
        assert_eq!(at("a/b"), format!("https://codeload.github.com/a/b/tar.gz/{COMMIT}"));
        assert_eq!(
            at("gitlab:g/h/b"),
            format!("https://gitlab.com/api/v4/projects/g%2Fh%2Fb/repository/archive.tar.gz?sha={COMMIT}")
        );
        assert_eq!(at("bitbucket:a/b"), format!("https://bitbucket.org/a/b/get/{COMMIT}.tar.gz"));
        assert_eq!(at("gist:abc"), format!("https://codeload.github.com/gist/abc/tar.gz/{COMMIT}"));
        assert_eq!(repository("a/b#main").archive(), None);
        assert_eq!(repository(&format!("git+https://git.example/a.git#{COMMIT}")).archive(), None);
    }

    #[test]
    fn what_is_no_repository_is_none() {
        for text in
            ["^1.0.0", "latest", "npm:a@1", "file:a.tgz", "./a/b", "../a", "@a/b", "https://registry.example/a.tgz"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        for text in ["https://github.com/a/b/archive/v1.tar.gz", "https://gitlab.com/a/b/-/archive/v1/b.tar.gz"] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in ["git@github.com:a/b.git", "git+ssh://git@git.example:a/b.git", "git+rsync://a/b", "a/b#x:y"] {
            assert_eq!(read(text), Some(Err(())), "{text}");
        }
    }

    #[test]
    fn parts_behind_the_hash_sign() {
        let one = repository("git+https://git.example/a.git#v1::path:packages/b");
        assert_eq!((one.committish.as_deref(), one.folder.as_deref()), (Some("v1"), Some("packages/b")));
        assert_eq!(repository("a/b#semver:^1.0.0").range.as_deref(), Some("^1.0.0"));
        assert_eq!(read("a/b#semver:%5E1.0.0"), Some(Err(())), "hosts decode it first, and that is not followed");
    }

    #[test]
    fn a_range_and_a_branch() {
        let locked = repository(&format!("git+file:///srv/a#{COMMIT}"));
        let ranged = repository("git+file:///srv/a#semver:^1.0.0");
        assert!(ranged.allows(&locked, Some("1.2.0"), None) && !ranged.allows(&locked, Some("2.0.0"), None));
        let (main, dev) = (repository("git+file:///srv/a#main"), repository("git+file:///srv/a#dev"));
        assert!(main.allows(&locked, None, Some(&main)) && !dev.allows(&locked, None, Some(&main)));
    }
}
