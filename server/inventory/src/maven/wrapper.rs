//! The Maven that a project is built with: the one that its wrapper names, else the first in the path.
//! May not run or download it. No wrapper was run for what is said of one: it is unverified, and never ready.

use super::facts::is_file;
use super::lifecycle::Installation;
use super::store::{Gav, Held};
use crate::ecosystem::{Ask, Verdict};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// Larger properties are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// More folders of one distribution are not looked into.
const MOST: usize = 50;

pub(super) struct Found {
    /// Its folder.
    pub home: Option<PathBuf>,
    pub maven: Result<Installation, Verdict>,
    /// The distribution that the wrapper names.
    pub distribution: Option<(Gav, Held)>,
    /// What is not known of it.
    pub doubt: Option<Verdict>,
}

pub(super) fn find(folder: &Path, ask: &Ask<'_>) -> Found {
    let wrapper = folder.ancestors().map(|above| above.join(".mvn/wrapper/maven-wrapper.properties"));
    let wrapper = wrapper.take(64).find(|file| is_file(file, ask));
    if let Some(file) = wrapper {
        return of_wrapper(&file, ask);
    }
    let Some(home) = home_in_path(ask) else {
        let why = "there is no mvn in the path, and which plugins it would need is not known".to_owned();
        return Found { home: None, maven: Err(Verdict::Doubtful(why)), distribution: None, doubt: None };
    };
    let maven = Installation::read(&home, ask).map_err(Verdict::Doubtful);
    Found { home: Some(home), maven, distribution: None, doubt: None }
}

fn of_wrapper(file: &Path, ask: &Ask<'_>) -> Found {
    let text = ask.look.text(file, LARGEST).unwrap_or_default();
    let url = text.lines().find_map(|line| line.trim().strip_prefix("distributionUrl")).map(|rest| {
        let value = rest.trim_start().trim_start_matches(['=', ':']).trim();
        value.replace("\\:", ":").replace("\\=", "=")
    });
    let unread = |why: String| Found {
        home: home_in_path(ask),
        maven: Err(Verdict::Doubtful(why)),
        distribution: None,
        doubt: None,
    };
    let Some(url) = url else {
        return unread(format!("{} names no Maven in a way that is followed", file.display()));
    };
    let name = url.rsplit('/').next().unwrap_or_default();
    let main = name.strip_suffix(".zip").or_else(|| name.strip_suffix(".tar.gz")).unwrap_or(name);
    let plain = main.strip_suffix("-bin").unwrap_or(main);
    let version = plain.strip_prefix("apache-maven-").filter(|version| {
        !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    });
    let Some(version) = version else {
        return unread(format!("{} names something else than a Maven, which is not followed", file.display()));
    };
    let homes = &ask.options.homes;
    let user = homes.variable("MAVEN_USER_HOME").filter(|home| !home.is_empty());
    let user = user.map_or_else(|| homes.home.join(".m2"), PathBuf::from);
    let base = user.join("wrapper/dists");
    let gav = Gav::new("org.apache.maven", "apache-maven", version);
    let Some(home) = unpacked(&base, main, plain, &url, ask) else {
        let why = "the distribution that the wrapper names is not unpacked here (unverified)";
        let held = Held::new(ArtifactState::Missing, why, base.join(main));
        let why = format!("{} names another Maven than is here", file.display());
        let maven = Err(Verdict::Doubtful(why));
        return Found { home: home_in_path(ask), maven, distribution: Some((gav, held)), doubt: None };
    };
    let found = "the distribution that the wrapper names is unpacked here";
    let held = Held::new(ArtifactState::Present, found, home.clone());
    let why = "unverified: no wrapper of Maven was run to find out how it would be taken";
    let maven = Installation::read(&home, ask).map_err(Verdict::Doubtful);
    let doubt = Some(Verdict::Doubtful(why.into()));
    Found { home: Some(home), maven, distribution: Some((gav, held)), doubt }
}

/// Where a wrapper unpacked a distribution: the script by a hash of the address, the program of Java in a folder of its own below.
fn unpacked(base: &Path, main: &str, plain: &str, url: &str, ask: &Ask<'_>) -> Option<PathBuf> {
    let whole = |home: &PathBuf| is_file(&home.join("bin/mvn"), ask);
    let own = base.join(plain).join(format!("{:x}", hash(url)));
    if whole(&own) {
        return Some(own);
    }
    let folder = base.join(main);
    ask.look.at(&folder);
    let below = crate::reach::list(&folder).into_iter().flatten().flatten().map(|entry| entry.path().join(plain));
    let mut below: Vec<PathBuf> = below.take(MOST).collect();
    below.sort();
    below.into_iter().find(whole)
}

/// What the script calls an address by: Java's hash of a text.
fn hash(text: &str) -> u32 {
    text.chars().fold(0_u32, |hash, letter| hash.wrapping_mul(31).wrapping_add(u32::from(letter)))
}

fn home_in_path(ask: &Ask<'_>) -> Option<PathBuf> {
    let program = ask.options.homes.program("mvn", ask.look)?;
    Some(program.parent()?.parent()?.to_path_buf())
}
