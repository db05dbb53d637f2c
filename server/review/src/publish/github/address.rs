//! Addresses of GitHub: of its API, of what a remote of git names there, and of a pull request. Opens nothing.

use std::fmt;
use url::{Host, Url};

/// The address of the API of GitHub itself.
const GITHUB: &str = "https://api.github.com";
/// Where its pages and repositories are; credentials are kept for this.
const GITHUB_HOST: &str = "github.com";
/// Longest name of an owner or a repository.
const LONGEST: usize = 100;

/// Where the API of a host is, and for whom credentials are asked. A token goes over TLS, or not off this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    base: String,
    protocol: String,
    host: String,
}

/// Why an address is none of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAddress(String);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Api {
    /// The API of what a remote's host is: of GitHub, else of a server of one's own.
    pub fn of_host(host: &str) -> Result<Self, BadAddress> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if [GITHUB_HOST, "www.github.com", "ssh.github.com"].contains(&host.as_str()) {
            return Ok(Self { base: GITHUB.to_owned(), protocol: "https".to_owned(), host: GITHUB_HOST.to_owned() });
        }
        Self::at(&format!("https://{host}/api/v3"))
    }

    /// The API at an address that somebody gives.
    pub fn at(address: &str) -> Result<Self, BadAddress> {
        let wrong = |why: &str| BadAddress(why.to_owned());
        let url = Url::parse(address.trim()).map_err(|e| BadAddress(format!("it is no address: {e}")))?;
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(wrong("it names no machine")),
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && local) {
            return Err(wrong("it is not https, so a token would be sent for all to read"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("a name or a password stands in it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("something stands behind its path"));
        }
        let name = url.host_str().unwrap_or_default();
        let named = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let base = url.as_str().trim_end_matches('/').to_owned();
        let host = if base == GITHUB { GITHUB_HOST.to_owned() } else { named };
        Ok(Self { base, protocol: url.scheme().to_owned(), host })
    }

    /// Its address, without a `/` at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Protocol and host, as credential helpers of git are asked.
    #[must_use]
    pub fn credential(&self) -> (&str, &str) {
        (&self.protocol, &self.host)
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    repository: String,
    number: u64,
}

impl Target {
    /// `repository` as `OWNER/NAME`; `None` where that is not one.
    #[must_use]
    pub fn new(repository: &str, number: u64) -> Option<Self> {
        let (owner, name) = repository.split_once('/')?;
        (is_name(owner) && is_name(name) && number > 0).then(|| Self { repository: repository.to_owned(), number })
    }

    /// The pull request's place.
    pub(super) fn pull(&self) -> String {
        format!("/repos/{}/pulls/{}", self.repository, self.number)
    }

    /// Where its reviews are.
    pub(super) fn reviews(&self) -> String {
        format!("{}/reviews", self.pull())
    }

    /// One page of them, from 1.
    #[must_use]
    pub fn reviews_on(&self, page: usize) -> String {
        format!("{}?per_page={}&page={page}", self.reviews(), super::PAGE)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST).contains(&name.len()) && name.chars().all(good) && name.chars().any(|c| c != '.')
}

/// Host, and `OWNER/NAME`, of the address of a remote of git; `None` where it names no repository of a host.
#[must_use]
pub fn repository_of(remote: &str) -> Option<(String, String)> {
    let remote = remote.trim();
    let (host, path) = match remote.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", _)) => {
            let url = Url::parse(remote).ok()?;
            (url.host_str()?.to_owned(), url.path().to_owned())
        }
        Some(_) => return None,
        // `git@host:owner/name`; a path with a `/` before its first `:` is one of this machine.
        None => {
            let (who, path) = remote.split_once(':')?;
            let host = who.rsplit('@').next().filter(|host| !host.contains('/') && host.len() > 1)?;
            (host.to_owned(), path.to_owned())
        }
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    Target::new(path, 1).map(|_| (host, path.to_owned()))
}

/// The number of the pull request that a range names: `pull/12/head`, `origin/pr/12`, `main..refs/pull/12/merge`.
#[must_use]
pub fn number_of(range: &str) -> Option<u64> {
    let name = range.rsplit("..").next()?;
    let mut parts = name.split('/');
    parts.by_ref().find(|part| matches!(*part, "pull" | "pr"))?;
    parts.next()?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_not_off_this_machine() {
        assert_eq!(Api::of_host("github.com").unwrap(), Api::at("https://api.github.com/").unwrap());
        assert_eq!(Api::of_host("GitHub.com").unwrap().credential(), ("https", "github.com"));
        let own = Api::of_host("git.example.org").unwrap();
        assert_eq!((own.base(), own.credential()), ("https://git.example.org/api/v3", ("https", "git.example.org")));
        let here = Api::at("http://127.0.0.1:8080/x/").unwrap();
        assert_eq!((here.base(), here.credential()), ("http://127.0.0.1:8080/x", ("http", "127.0.0.1:8080")));
        for bad in [
            "http://git.example.org",
            "http://127.0.0.1.example.org",
            "ftp://localhost",
            "https://a:b@h",
            "https://h?x",
            "https://h#x",
            "https://",
            "h",
            "file:///x",
        ] {
            assert!(Api::at(bad).is_err(), "{bad}");
        }
        assert!(Api::of_host("a/b").unwrap().base().starts_with("https://a/"), "a host is no path");
    }

    #[test]
    fn a_remote_names_a_repository_and_a_range_a_pull_request() {
        let known = Some(("github.com".to_owned(), "ann/ferry".to_owned()));
        for remote in [
            "https://github.com/ann/ferry.git",
            "https://ann@github.com/ann/ferry",
            "git@github.com:ann/ferry.git",
            "ssh://git@github.com:22/ann/ferry.git",
            "github.com:ann/ferry/",
        ] {
            assert_eq!(repository_of(remote), known, "{remote}");
        }
        for remote in [
            "/srv/ann/ferry.git",
            "../ferry",
            "file:///srv/ann/ferry",
            "https://github.com/ferry",
            "c:/ann/ferry",
            "https://github.com/ann/ferry/more",
            "https://github.com/../ferry",
            "ext::sh -c x",
            "git@github.com:a/b?c",
        ] {
            assert_eq!(repository_of(remote), None, "{remote}");
        }
        for (range, number) in [
            ("pull/12/head", Some(12)),
            ("main..refs/pull/7/merge", Some(7)),
            ("origin/pr/3", Some(3)),
            ("feature", None),
            ("pull/x", None),
            ("pull/0/head", None),
            ("pull/12/head..main", None),
        ] {
            assert_eq!(number_of(range), number, "{range}");
        }
        assert_eq!(Target::new("ann/ferry", 3).unwrap().to_string(), "ann/ferry#3");
        assert_eq!(Target::new("ann/ferry", 0), None);
    }
}
