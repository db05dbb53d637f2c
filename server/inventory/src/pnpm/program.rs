//! The `pnpm` that would be run: its version, as the package that it was installed from says.
//! May not run it. One that lies elsewhere than in such a package is not known.

use crate::corepack;
use crate::ecosystem::{Ask, Verdict};
use semver::Version;
use std::path::Path;

/// How the store is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A file of JSON for each package: pnpm 10.
    Files,
    /// A database: pnpm 11 and 12.
    Database,
}

impl Form {
    /// The store's folder below the one that is configured.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Form::Files => "v10",
            Form::Database => "v11",
        }
    }
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Program {
    pub version: Version,
    pub form: Form,
}

/// Larger descriptions are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Looks for pnpm in the path; or why none would run, or none is known. `manager`: what the project's `packageManager` says, which
/// corepack goes by.
pub(super) fn find(manager: Option<&str>, ask: &Ask<'_>) -> Result<Program, Verdict> {
    let path = ask.options.homes.program("pnpm", ask.look).ok_or_else(|| {
        Verdict::Doubtful("there is no pnpm in the path, and which form its store would have is not known".into())
    })?;
    let package = path.ancestors().skip(1).take(2).find_map(|folder| package(folder, ask));
    let version = match package {
        Some((name, version)) if name == "pnpm" => version,
        Some((name, _)) if name == "corepack" => corepack::launched("pnpm", manager, ask)?,
        _ => {
            let why = "does not lie in the package that pnpm comes in, so its version is not known";
            return Err(Verdict::Doubtful(format!("{} {why}", path.display())));
        }
    };
    let form = match version.major {
        10 => Form::Files,
        11 | 12 => Form::Database,
        _ => return Err(Verdict::Doubtful(format!("pnpm {version} keeps its store in a form that is not judged"))),
    };
    Ok(Program { version, form })
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
