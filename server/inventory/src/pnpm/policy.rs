//! Whether a newer pnpm has checked this very lockfile against its policies before: else it does so first, with what
//! registries say of each version, which it may not have. May not repeat that check.

use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Larger records are not read, in bytes; pnpm keeps 1,000 of them.
const LARGEST: u64 = 8 << 20;
/// How old versions must be where nothing else is configured, in minutes; who configures something else is told of elsewhere.
const USUAL_AGE: u64 = 1440;

/// What the record of earlier checks comes to. Which registries are set is no part of it: pnpm does not compare them.
pub(super) fn checked(lockfile: &Path, ask: &Ask<'_>) -> Verdict {
    let homes = &ask.options.homes;
    let cache = homes.variable("XDG_CACHE_HOME").filter(|value| !value.is_empty());
    let cache = cache.map_or_else(|| homes.home.join(".cache"), PathBuf::from).join("pnpm");
    let doubt = |why: &str| {
        Verdict::Doubtful(format!(
            "pnpm would first check this lockfile against its policies with what registries say of each version, because {why}; `pnpm install` with a connection does that"
        ))
    };
    let records = match ask.look.text(&cache.join("lockfile-verified.jsonl"), LARGEST) {
        Ok(records) => records,
        Err(Unread::Absent) => return doubt("it has checked none here"),
        Err(why) => return doubt(&why.to_string()),
    };
    let Seen::File(identity) = ask.look.at(lockfile) else { return doubt("it is no file") };
    let path = crate::reach::canonical(lockfile).unwrap_or_else(|_| lockfile.to_path_buf());
    // The newest record for this place counts.
    let last = records.lines().rev().filter_map(|line| serde_json::from_str::<Json>(line).ok()).find(|record| {
        record.pointer("/lockfile/path").and_then(Json::as_str).is_some_and(|known| Path::new(known) == path)
    });
    let Some(last) = last else { return doubt("it has not checked this one here") };
    let said = |key: &str| last.pointer(key).and_then(Json::as_str);
    let time = i128::from(identity.mtime.0) * 1_000_000_000 + i128::from(identity.mtime.1);
    let same = last.pointer("/lockfile/size").and_then(Json::as_u64) == Some(identity.size)
        && said("/lockfile/mtimeNs") == Some(time.to_string().as_str())
        && said("/lockfile/inode") == Some(identity.ino.to_string().as_str());
    if !same {
        return doubt("it has changed since it was checked");
    }
    let age = last.pointer("/policy/minimumReleaseAge").and_then(Json::as_u64);
    if age != Some(USUAL_AGE) || last.pointer("/policy/trustPolicy").is_some_and(|policy| !policy.is_null()) {
        return doubt("it was checked against other policies");
    }
    Verdict::Sound
}
