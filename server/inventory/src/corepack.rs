//! Node's launcher of package managers: which version of one it would start, and whether it has it or would download it.
//! May not run it. Rules: corepack's `corepackUtils.ts`, `folderUtils.ts`.

use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use semver::Version;
use std::path::{Component, Path, PathBuf};

/// Larger notes are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What corepack notes beside what it downloaded.
#[derive(serde::Deserialize)]
struct Note {
    bin: Option<serde_json::Value>,
}

/// The version of a tool that corepack would start; `manager`: what the project's `packageManager` says.
pub(crate) fn launched(tool: &str, manager: Option<&str>, ask: &Ask<'_>) -> Result<Version, Verdict> {
    let homes = &ask.options.homes;
    let set = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    if let Some(name) =
        ["COREPACK_ENABLE_PROJECT_SPEC", "COREPACK_ENABLE_STRICT"].into_iter().find(|name| set(name) == Some("0"))
    {
        return Err(Verdict::Doubtful(format!("{name} is 0, and which version corepack starts then is not followed")));
    }
    let cache = set("XDG_CACHE_HOME").map_or_else(|| homes.home.join(".cache"), PathBuf::from);
    let home = set("COREPACK_HOME").map_or_else(|| cache.join("node/corepack"), PathBuf::from);
    let Some(manager) = manager else {
        let why =
            format!("corepack would choose a version of {tool} itself, because package.json has no packageManager");
        return Err(Verdict::Doubtful(why));
    };
    let (name, version) = manager.split_once('@').unwrap_or((manager, ""));
    if name != tool {
        return Err(Verdict::Refused(format!("package.json says that {name} is the project's package manager")));
    }
    let version = version.split('+').next().unwrap_or_default();
    let Ok(version) = Version::parse(version) else {
        return Err(Verdict::Refused(format!("package.json asks for a version of {tool} that is none: {manager}")));
    };
    let folder = home.join("v1").join(tool).join(version.to_string());
    let absent =
        || Verdict::Refused(format!("corepack would download {tool} {version}: it is not in {}", folder.display()));
    let note = match ask.look.text(&folder.join(".corepack"), LARGEST) {
        Ok(text) => serde_json::from_str::<Note>(&text).map_err(|_| absent())?,
        Err(Unread::Absent | Unread::Odd(Seen::Dangling | Seen::Folder(_))) => return Err(absent()),
        Err(why) => return Err(Verdict::Doubtful(format!("{}: {why}", folder.display()))),
    };
    let Some(program) = program(tool, note.bin.as_ref(), &folder) else {
        let why = format!("which program of {tool} {version} corepack would start is not known: {}", folder.display());
        return Err(Verdict::Doubtful(why));
    };
    match ask.look.at(&program) {
        Seen::File(identity) if identity.size > 0 => Ok(version),
        Seen::File(_) | Seen::Absent | Seen::Dangling | Seen::Folder(_) => {
            let why =
                format!("corepack has {tool} {version}, and its program is not there or empty: {}", program.display());
            Err(Verdict::Refused(why))
        }
        other => Err(Verdict::Doubtful(format!("{}: {}", program.display(), other.doubt().unwrap_or_default()))),
    }
}

/// The program below the folder that the note names.
fn program(tool: &str, bin: Option<&serde_json::Value>, folder: &Path) -> Option<PathBuf> {
    let said = bin?.get(tool)?.as_str()?;
    let below = Path::new(said).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    below.then(|| crate::members::clean(&folder.join(said)))
}
