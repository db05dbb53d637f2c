//! Where a remote is, as users write it and as it is kept. It looks whether a path is a git repository, and opens nothing.

use crate::store::StoreAddress;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::path::{Path, PathBuf};

/// Longest address.
const LONGEST: usize = 2000;
/// What a path in an address of a file may not hold as it is.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#');

/// Why a text is no address of a remote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A kind that this version does not know.
    #[error(
        "no remote of this kind can be used yet: {0}\nhint: name a folder, a git repository by ssh, https, git or a path, or a bucket, as `s3://…`, `gs://…` or `az://…`"
    )]
    Kind(String),
    /// Not an address.
    #[error(
        "this is no address of a remote: {0}\nhint: name a folder, a git repository, as `ssh://host/path`, `user@host:path`, `https://…` or a path, or a bucket, as `s3://bucket/prefix`"
    )]
    Malformed(String),
    /// A password stands in it.
    #[error(
        "a password stands in this address, and would be kept with it: {0}\nhint: leave it out, and give git a credential helper: `git help credentials`"
    )]
    Password(String),
    /// Something stands in the address of a bucket that is none of its options, and may be a secret.
    #[error(
        "this cannot stand in the address of a bucket, and would be kept with it: {0}\nhint: leave it out; credentials are taken from the environment and from the files of the cloud's own tools"
    )]
    Secret(String),
    /// Whoever is on the way could read and change it.
    #[error("this address is neither encrypted nor proves who answers: {0}\nhint: use https or ssh")]
    Plain(String),
}

/// Where a remote is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A folder, by its whole path.
    Folder(PathBuf),
    /// A git repository.
    Git(GitPlace),
    /// A bucket of an object store.
    Store(StoreAddress),
}

/// How a git repository is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitWay {
    /// It lies on this machine.
    Path(PathBuf),
    /// It is a file that git made of a repository.
    Bundle(PathBuf),
    /// ssh.
    Ssh,
    /// https.
    Https,
    /// git's own protocol, which knows no keys.
    Daemon,
}

impl GitWay {
    /// As git calls what it speaks then.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            GitWay::Path(_) | GitWay::Bundle(_) => "file",
            GitWay::Ssh => "ssh",
            GitWay::Https => "https",
            GitWay::Daemon => "git",
        }
    }

    /// Where it lies, if that is this machine.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            GitWay::Path(path) | GitWay::Bundle(path) => Some(path),
            GitWay::Ssh | GitWay::Https | GitWay::Daemon => None,
        }
    }
}

/// Where a git repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitPlace {
    /// How it is reached.
    pub way: GitWay,
    /// As the user wrote it; of what lies on this machine, empty.
    url: String,
}

impl GitPlace {
    /// The repository, or the bundle, at a path of this machine.
    #[must_use]
    pub fn local(path: &Path) -> GitPlace {
        let is_bundle = path.extension().is_some_and(|end| end == "bundle");
        let way = if is_bundle { GitWay::Bundle(path.to_owned()) } else { GitWay::Path(path.to_owned()) };
        GitPlace { way, url: String::new() }
    }

    /// As git is given it; never with a `-` in front.
    pub(crate) fn argument(&self) -> String {
        self.way.path().map_or_else(|| self.url.clone(), |path| path.to_string_lossy().into_owned())
    }

    /// As it is shown and kept.
    #[must_use]
    pub fn text(&self) -> String {
        match self.way.path() {
            None => self.url.clone(),
            Some(path) => format!("file://{}", utf8_percent_encode(&path.to_string_lossy(), ESCAPED)),
        }
    }

    /// Whether it is on another machine, as far as its name says.
    pub(crate) fn is_far(&self) -> bool {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let near = ["localhost", "127.0.0.1", "[::1]"];
        self.way.path().is_none()
            && !near
                .iter()
                .any(|near| host.strip_prefix(near).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
    }
}

impl Address {
    /// Reads what a user wrote; a path is one from `current` on. A path at which a git repository lies is one, and so is a file
    /// that is called `….bundle`.
    pub fn read(text: &str, current: &Path) -> Result<Address, AddressError> {
        let text = text.trim();
        match parse(text)? {
            Parsed::Git(place) => Ok(Address::Git(place)),
            Parsed::Store(store) => Ok(Address::Store(store)),
            Parsed::Path(path) => Ok(Address::at(&current.join(path))),
            Parsed::File(path) => Ok(Address::at(&path)),
        }
    }

    /// Reads what [`Address::text`] wrote, whatever lies there now.
    pub fn kept(text: &str) -> Result<Address, AddressError> {
        match parse(text)? {
            Parsed::Git(place) => Ok(Address::Git(place)),
            Parsed::Store(store) => Ok(Address::Store(store)),
            Parsed::File(path) => Ok(Address::Git(GitPlace::local(&path))),
            Parsed::Path(path) => Ok(Address::Folder(path)),
        }
    }

    fn at(path: &Path) -> Address {
        let is_git = |at: &Path| at.join("HEAD").is_file() && at.join("objects").is_dir();
        let is_bundle = path.extension().is_some_and(|end| end == "bundle") && !path.is_dir();
        if is_git(path) || is_bundle || path.join(".git").exists() {
            Address::Git(GitPlace::local(path))
        } else {
            Address::Folder(path.to_owned())
        }
    }

    /// The address as it is kept: whole, so that it does not depend on where a command is run.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Address::Folder(path) => path.to_string_lossy().into_owned(),
            Address::Git(place) => place.text(),
            Address::Store(store) => store.text(),
        }
    }

    /// The same as the system spells it, where it lies on this machine and is there.
    #[must_use]
    pub fn settled(self) -> Address {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match self {
            Address::Folder(path) => Address::Folder(real(&path)),
            Address::Git(place) => match place.way.path() {
                Some(path) => Address::Git(GitPlace::local(&real_parent(path, &real))),
                None => Address::Git(place),
            },
            Address::Store(store) => Address::Store(store),
        }
    }

    /// `folder`, `git`, `bundle`, `s3`, `gcs` or `azure`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Address::Folder(_) => "folder",
            Address::Git(GitPlace { way: GitWay::Bundle(_), .. }) => "bundle",
            Address::Git(_) => "git",
            Address::Store(store) => store.kind(),
        }
    }

    /// What is there if the remote is, where that is this machine: of a folder its description, as a mount point is there without its stick.
    #[must_use]
    pub fn sign(&self) -> Option<PathBuf> {
        match self {
            Address::Folder(path) => Some(path.join("FORMAT.json")),
            Address::Git(place) => place.way.path().map(Path::to_owned),
            Address::Store(_) => None,
        }
    }

    /// Whether another machine is asked, as far as the address says.
    #[must_use]
    pub fn is_networked(&self) -> bool {
        match self {
            Address::Folder(_) => false,
            Address::Git(place) => place.way.path().is_none(),
            Address::Store(_) => true,
        }
    }
}

/// A bundle may not be there yet; its folder is.
fn real_parent(path: &Path, real: &dyn Fn(&Path) -> PathBuf) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !path.exists() => real(parent).join(name),
        _ => real(path),
    }
}

enum Parsed {
    Git(GitPlace),
    Store(StoreAddress),
    /// Of a path as it is.
    Path(PathBuf),
    /// Of an address of a file.
    File(PathBuf),
}

fn parse(text: &str) -> Result<Parsed, AddressError> {
    let shown = || crate::name::shown(text);
    let malformed = || AddressError::Malformed(shown());
    if text.is_empty() || text.len() > LONGEST || text.contains('\0') {
        return Err(malformed());
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        if let Some(store) = StoreAddress::read(scheme, rest) {
            return store.map(Parsed::Store);
        }
        let way = match scheme.to_ascii_lowercase().as_str() {
            "file" => {
                let path = percent_decode_str(rest).decode_utf8().map_err(|_| malformed())?;
                let path = PathBuf::from(path.strip_prefix("localhost").unwrap_or(&path));
                let sound = path.is_absolute() && !path.to_string_lossy().contains('\0');
                return if sound { Ok(Parsed::File(path)) } else { Err(malformed()) };
            }
            "ssh" | "git+ssh" | "ssh+git" => GitWay::Ssh,
            "https" => GitWay::Https,
            "git" => GitWay::Daemon,
            "http" => return Err(AddressError::Plain(shown())),
            _ => return Err(AddressError::Kind(shown())),
        };
        let (authority, path) = rest.split_once('/').ok_or_else(malformed)?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            let without = format!("{scheme}://{}@{host}/{path}", user.split(':').next().unwrap_or_default());
            return Err(AddressError::Password(crate::name::shown(&without)));
        }
        // What stands in front of it could be an option of ssh.
        if host.is_empty()
            || path.is_empty()
            || [user, host, path].iter().any(|part| part.starts_with('-'))
            || !is_plain(text)
        {
            return Err(malformed());
        }
        return Ok(Parsed::Git(GitPlace { way, url: text.to_owned() }));
    }
    // `user@host:path` and `s3:bucket` are no folders; one letter in front of a colon is a drive.
    let colon = text.find(':').filter(|at| *at > 1 && !text[..*at].contains(['/', '\\']));
    let Some(colon) = colon.filter(|_| !Path::new(text).exists()) else { return Ok(Parsed::Path(PathBuf::from(text))) };
    let (host, path) = (&text[..colon], &text[colon + 1..]);
    // `ext::…` names a program that git would run.
    if path.starts_with(':') || path.is_empty() || (!host.contains('@') && !path.contains('/')) {
        return Err(AddressError::Kind(shown()));
    }
    if host.starts_with('-')
        || host.split('@').any(|part| part.is_empty() || part.starts_with('-'))
        || path.starts_with('-')
        || !is_plain(text)
    {
        return Err(malformed());
    }
    Ok(Parsed::Git(GitPlace { way: GitWay::Ssh, url: text.to_owned() }))
}

/// Nothing that a shell or a terminal would take for something else.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control() || c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '$' | '\\' | ';' | '|' | '<' | '>')
    })
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn read(text: &str) -> Result<(&'static str, String), AddressError> {
        Address::read(text, Path::new("/home/me/ferry")).map(|address| (address.kind(), address.text()))
    }

    #[test]
    fn folders_repositories_and_bundles_are_told_apart_and_other_kinds_are_said_not_to_be_there() {
        let folder = |text: &str| Ok(("folder", text.to_owned()));
        assert_eq!(read("/media/stick"), folder("/media/stick"));
        assert_eq!(read("../shared/x"), folder("/home/me/ferry/../shared/x"));
        assert_eq!(read("file:///media/my%20stick"), folder("/media/my stick"));
        assert_eq!(read("FILE://localhost/media"), folder("/media"));
        assert_eq!(read("/media/stick/ferry.bundle"), Ok(("bundle", "file:///media/stick/ferry.bundle".to_owned())));
        for git in [
            "git@example.org:team/ferry.git",
            "example.org:team/ferry.git",
            "ssh://git@example.org:2222/team/ferry.git",
            "https://example.org/team/ferry.git",
            "https://me@example.org/team/ferry.git",
            "git://example.org/ferry.git",
        ] {
            assert_eq!(read(git), Ok(("git", git.to_owned())), "{git}");
            assert_eq!(Address::kept(git).unwrap().text(), git);
        }
        for other in ["ext::sh -c touch% /tmp/x", "fd::17", "s3:bucket", "ftp://example.org/x"] {
            assert_eq!(read(other), Err(AddressError::Kind(other.to_owned())), "{other}");
        }
        for none in [
            "",
            "  ",
            "file://media/stick",
            "file://%ff",
            "a\0b",
            "ssh://-oProxyCommand=x/y",
            "ssh://host/-x",
            "ssh://host",
            "-x@host:path",
            "me@-host:path",
            "me@host:-path",
            "ssh://host/a b",
            "ssh://host/$(x)",
        ] {
            assert!(matches!(read(none), Err(AddressError::Malformed(_))), "{none:?}: {:?}", read(none));
        }
        assert!(matches!(read("http://example.org/x.git"), Err(AddressError::Plain(_))));
        let password = read("https://me:secret@example.org/x").unwrap_err();
        assert!(
            matches!(password, AddressError::Password(_)) && !password.to_string().contains("secret"),
            "{password}"
        );
    }

    #[test]
    fn a_repository_at_a_path_is_known_as_one_and_stays_one_while_it_is_not_there() {
        let all = tempfile::tempdir().unwrap();
        let bare = all.path().join("ferry 1%.git");
        std::fs::create_dir_all(bare.join("objects")).unwrap();
        std::fs::write(bare.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        let address = Address::read(bare.to_str().unwrap(), Path::new("/")).unwrap();
        assert!(address.kind() == "git" && !address.is_networked());
        let text = address.text();
        std::fs::remove_dir_all(&bare).unwrap();
        let Address::Git(place) = Address::kept(&text).unwrap() else { panic!("{text}") };
        assert_eq!((place.way.path(), place.is_far()), (Some(bare.as_path()), false));
        let Address::Folder(folder) = Address::kept(all.path().to_str().unwrap()).unwrap() else { panic!() };
        assert_eq!(folder, all.path());
    }

    #[test]
    fn what_this_machine_answers_itself_is_not_far() {
        let far = |text: &str| match Address::read(text, Path::new("/")).unwrap() {
            Address::Git(place) => place.is_far(),
            Address::Folder(_) | Address::Store(_) => panic!("{text}"),
        };
        for near in ["git://localhost:9418/x", "ssh://me@127.0.0.1:2222/x", "git://[::1]:9418/x"] {
            assert!(!far(near), "{near}");
        }
        for away in ["git://localhost.example.org/x", "git@example.org:x/y", "https://127.0.0.10/x"] {
            assert!(far(away), "{away}");
        }
    }
}
