//! When tools begin to delete by themselves what lockfiles need. Only where a tool says so itself; a guess is no date.

use crate::ecosystem::Ask;
use crate::homes::{Options, host_target};
use crate::look::Look;
use crate::memory::NoMemory;
use crate::survey::Survey;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Caches, and for each the second since 1970 from which on its tool may delete something that a lockfile names.
/// Reads each lockfile's configuration and the tools' own databases again.
pub fn expiry(survey: &Survey, options: &Options) -> BTreeMap<PathBuf, i64> {
    let look = Look::default();
    let target = options.target.clone().unwrap_or_else(|| host_target(&options.homes, &look));
    let ask = Ask { options, target: &target, look: &look, memory: &NoMemory };
    let mut all = BTreeMap::new();
    for (ecosystem, lockfile) in &survey.lockfiles {
        if let Some((cache, at)) = ecosystem.expiry(lockfile, &ask) {
            let first = all.entry(cache).or_insert(at);
            *first = at.min(*first);
        }
    }
    all
}
