//! What cargo's index says about the packages of a lockfile, one entry each.
//! May not say what that means for a build.

use super::index::{self, Silent};
use super::lock::Package;
use super::origin;
use super::resolve::{Known, Need, Origin};
use crate::look::{Look, Seen, Unread};

/// An index entry larger than this is not read, in bytes; the largest is below 4 MiB.
pub(super) const LARGEST_ENTRY: u64 = 32 << 20;

/// What the index says about one locked package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Fine,
    Absent,
    /// Does not know the version.
    Older,
    Damaged,
    /// Has another checksum.
    Differs,
    Newer,
    /// Not asked: the package is from elsewhere, or its name is none.
    Unnamed,
    Unread(Unread),
}

/// What can be said of an index entry that is not read.
pub(super) fn stands(seen: Seen) -> Entry {
    match seen {
        Seen::File(_) => Entry::Fine,
        Seen::Absent | Seen::Dangling => Entry::Absent,
        Seen::Folder(_) => Entry::Damaged,
        odd => Entry::Unread(Unread::Odd(odd)),
    }
}

/// What the index says about a locked package, whose entry was read where a file stood there.
pub(super) fn of_index(
    package: &Package,
    seen: Seen,
    read: Result<&[u8], Unread>,
    look: &Look,
) -> (Entry, Option<Known>) {
    let entry = stands(seen);
    if entry != Entry::Fine {
        return (entry, None);
    }
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(why) => {
            // It was a file a moment ago.
            look.only_once();
            return (if why == Unread::Absent { Entry::Absent } else { Entry::Unread(why) }, None);
        }
    };
    match index::entry(bytes, &package.version) {
        Ok(entry) => {
            let mut sum = [0; 32];
            let same = hex::decode_to_slice(entry.cksum.as_bytes(), &mut sum).is_ok();
            match package.checksum {
                Some(expected) if !same || expected != sum => (Entry::Differs, None),
                _ => (Entry::Fine, Some(known(entry, &origin::of(package)))),
            }
        }
        Err(Silent::Version) => (Entry::Older, None),
        Err(Silent::Newer) => (Entry::Newer, None),
        Err(Silent::Form | Silent::Line) => (Entry::Damaged, None),
    }
}

/// What an entry says its package asks for; `from`: the registry that it comes from.
pub(super) fn known(entry: index::Entry<'_>, from: &Origin) -> Known {
    let own = |items: Vec<std::borrow::Cow<'_, str>>| items.into_iter().map(std::borrow::Cow::into_owned).collect();
    let mut features: std::collections::BTreeMap<String, Vec<String>> =
        entry.features.into_iter().map(|(key, values)| (key, own(values))).collect();
    for (key, values) in entry.features2.into_iter().flatten() {
        features.entry(key).or_default().extend(own(values));
    }
    let needs = entry
        .deps
        .into_iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .map(|dependency| Need {
            package: dependency.package.as_ref().unwrap_or(&dependency.name).clone().into_owned(),
            key: dependency.name.into_owned(),
            req: semver::VersionReq::parse(&dependency.req).ok(),
            optional: dependency.optional,
            default_features: dependency.default_features,
            features: own(dependency.features),
            target: dependency.target.map(std::borrow::Cow::into_owned),
            dev: false,
            origin: dependency.registry.map_or_else(|| from.clone(), |address| origin::registry(&address)),
        })
        .collect();
    Known { needs, features, member: false }
}
