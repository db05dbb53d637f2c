//! The Yarn that would run: the one in the path, or the one that the project names and the first one starts in its place.
//! May not run it. One whose version no file tells is not known.

use crate::corepack;
use crate::ecosystem::{Ask, Verdict};
use crate::look::Seen;
use semver::Version;
use std::path::{Path, PathBuf};

/// Larger descriptions are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What is known of it.
#[derive(Debug)]
pub(super) struct Program {
    pub version: Version,
    /// Node's own launcher started it, which has asked `packageManager` already.
    pub corepack: bool,
}

/// What the project asks for.
pub(super) struct Wish<'a> {
    /// `packageManager` of the nearest manifest.
    pub manager: Option<&'a str>,
    /// The program that settings name, with its full path.
    pub path: Option<PathBuf>,
}

/// Finds it; or why none would run, or none is known.
pub(super) fn find(wish: &Wish<'_>, ask: &Ask<'_>) -> Result<Program, Verdict> {
    let homes = &ask.options.homes;
    let first = homes.program("yarn", ask.look).ok_or_else(|| {
        Verdict::Doubtful("there is no yarn in the path, and which caches it would have is not known".into())
    })?;
    let (name, version) =
        first.ancestors().skip(1).take(2).find_map(|folder| package(folder, ask)).ok_or_else(|| {
            let why = "does not lie in the package that Yarn comes in, so its version is not known";
            Verdict::Doubtful(format!("{} {why}", first.display()))
        })?;
    let corepack = name == "corepack";
    if let Some(path) = &wish.path {
        return named(path, ask).map(|version| Program { version, corepack });
    }
    match name.as_str() {
        "yarn" | "@yarnpkg/cli-dist" | "@yarnpkg/cli" => Ok(Program { version, corepack: false }),
        "corepack" => corepack::launched("yarn", wish.manager, ask).map(|version| Program { version, corepack: true }),
        _ => Err(Verdict::Doubtful(format!("{} is not Yarn's own program", first.display()))),
    }
}

fn package(folder: &Path, ask: &Ask<'_>) -> Option<(String, Version)> {
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let text = ask.look.text(&folder.join("package.json"), LARGEST).ok()?;
    let package: Package = serde_json::from_str(&text).ok()?;
    Some((package.name, Version::parse(&package.version).ok()?))
}

/// A program that settings name: `yarn-4.18.1.cjs`.
fn named(path: &Path, ask: &Ask<'_>) -> Result<Version, Verdict> {
    match ask.look.at(path) {
        Seen::File(_) => {}
        Seen::Absent | Seen::Dangling => {
            let why = format!("the Yarn that the project's settings name is not there: {}", path.display());
            return Err(Verdict::Refused(why));
        }
        other => {
            return Err(Verdict::Doubtful(format!("{}: {}", path.display(), other.doubt().unwrap_or_default())));
        }
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let version = name
        .strip_prefix("yarn-")
        .and_then(|rest| [".cjs", ".js", ".mjs"].iter().find_map(|end| Version::parse(rest.strip_suffix(end)?).ok()));
    version.ok_or_else(|| {
        let why = "its name does not say which version of Yarn it is";
        Verdict::Doubtful(format!("{}: {why}", path.display()))
    })
}
