//! Remembers the finished judgement of a lockfile with everything that it rests on, and gives it back while that holds.
//! May not judge. What is given back was judged by these rules, for this question, from files that all stand as they did.

mod read;
mod write;

use crate::brief::{Brief, Packed};
use crate::ecosystem::{Ask, Judged};
use crate::fetch::Known;
use crate::ledger::{Crowd, Ledger};
use crate::look::Seen;
use crate::pack::{Pack, Unpack};
use crate::verify::Algorithm;
use contract::{ArtifactState, EcosystemReadiness};
use std::path::Path;

/// Everything that a judgement rests on besides files.
fn basis(ecosystem: &str, lockfile: &Path, ask: &Ask<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(env!("HOLDOVER_RULES").as_bytes());
    part(ecosystem.as_bytes());
    part(lockfile.as_os_str().as_encoded_bytes());
    part(ask.target.as_bytes());
    part(&[u8::from(ask.options.target.is_some())]);
    ask.options.homes.parts(&mut part);
    // Whoever looks decides what may be read; that a file's own permissions change shows in its times.
    #[cfg(unix)]
    {
        part(&rustix::process::geteuid().as_raw().to_le_bytes());
        part(&rustix::process::getegid().as_raw().to_le_bytes());
        for group in rustix::process::getgroups().unwrap_or_default() {
            part(&group.as_raw().to_le_bytes());
        }
    }
    *hasher.finalize().as_bytes()
}

/// At the beginning of what is remembered: the hash of the rest, then the basis, then what stood at the paths.
const HEAD: usize = 64;

const STATES: [ArtifactState; 5] = [
    ArtifactState::Present,
    ArtifactState::Missing,
    ArtifactState::Corrupt,
    ArtifactState::Stale,
    ArtifactState::Unknown,
];
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::Sha1,
    Algorithm::Sha256,
    Algorithm::Sha384,
    Algorithm::Sha512,
    Algorithm::GoArchive,
    Algorithm::GoMod,
    Algorithm::GitPack,
];

/// What an artifact has, in one byte.
mod flags {
    pub(super) const OTHER_TARGET: u8 = 1;
    pub(super) const DEV: u8 = 2;
    pub(super) const OPTIONAL: u8 = 4;
    pub(super) const TARGET: u8 = 8;
    pub(super) const BYTES: u8 = 16;
    pub(super) const CONTENT: u8 = 32;
    pub(super) const PLAIN_ID: u8 = 64;
    pub(super) const SPEC: u8 = 128;
}

/// A judgement in the form in which it is remembered.
pub(crate) struct Remembered {
    pub judged: Vec<u8>,
    /// Where everything is here: what most who ask do not want, the larger part.
    pub artifacts: Option<Vec<u8>>,
}

/// What is to be remembered, where it can be: not while a file could change without showing it.
pub(crate) fn remember(
    ecosystem: Known,
    judged: &Judged,
    counts: &EcosystemReadiness,
    ledger: &Ledger,
    ask: &Ask<'_>,
) -> Option<Remembered> {
    if !ask.look.lasts(ledger) {
        return None;
    }
    let mut pack = Pack::default();
    pack.out.resize(HEAD, 0);
    pack.out.extend_from_slice(&ledger.digest());
    let mut paths = Pack::default();
    paths.number(ledger.single.len() as u64);
    ledger.single.iter().for_each(|(path, _)| paths.path(path));
    paths.number(ledger.crowds.len() as u64);
    for crowd in &ledger.crowds {
        paths.path(&crowd.base);
        paths.number(crowd.len() as u64);
        (0..crowd.len()).for_each(|at| paths.path_bytes(crowd.below_base(at)));
    }
    pack.bytes(&paths.out);
    let (mut out, artifacts) = write::judged(pack, judged, counts, ledger, ask.target, ask.options.counts_only);
    out[32..HEAD].copy_from_slice(&basis(ecosystem.name(), &judged.lockfile, ask));
    let hash = blake3::hash(&out[32..]);
    out[..32].copy_from_slice(hash.as_bytes());
    Some(Remembered { judged: out, artifacts })
}

/// What was remembered, if it was for this question and everything stands as it did; with what it rests on.
/// Where everything that is needed is here, artifacts are left packed: see [`Brief`].
pub(crate) fn recall(
    ecosystem: Known,
    lockfile: &Path,
    Remembered { judged: bytes, artifacts }: Remembered,
    ask: &Ask<'_>,
) -> Option<(Judged, Ledger)> {
    let (hash, rest) = bytes.split_first_chunk::<32>()?;
    let (remembered, body) = rest.split_first_chunk::<32>()?;
    let (digest, body) = body.split_first_chunk::<32>()?;
    if *remembered != basis(ecosystem.name(), lockfile, ask) {
        return None;
    }
    let mut unpack = Unpack::new(body);
    let mut ledger = ledger(unpack.bytes()?)?;
    // Looking costs the kernel's time and reading memory's: side by side.
    let look = || Some(ledger.look()).filter(|now| now.digest() == *digest);
    let read = || {
        // Kept in a database that notices damage; what was cut off or mixed up on the way is noticed here.
        if blake3::hash(rest) != *hash {
            return None;
        }
        let judged = read::judged(unpack, &ledger.crowds, lockfile, ask.target, ecosystem)?;
        let fits = |brief: &Brief| match &artifacts {
            Some(artifacts) => blake3::hash(artifacts) == brief.artifacts,
            None => ask.options.counts_only,
        };
        judged.brief.as_ref().is_none_or(fits).then_some(judged)
    };
    let (now, judged) = rayon::join(look, read);
    let (now, mut judged) = (now?, judged?);
    ledger.take(now);
    if let Some(brief) = &mut judged.brief {
        brief.packed = match artifacts {
            Some(artifacts) => Packed::Here { judged: bytes, artifacts },
            None => Packed::Left { options: Box::new(ask.options.clone()) },
        };
    }
    Some((judged, ledger))
}

/// The artifacts that were left packed, with what stands beside them.
pub(crate) fn unpack(judged: &mut Judged, brief: &Brief, bytes: &[u8], artifacts: &[u8]) -> Option<()> {
    let ledger = ledger(Unpack::new(bytes.get(HEAD + 32..)?).bytes()?)?;
    let whole = read::whole(artifacts, &ledger.crowds, &judged.lockfile, &brief.target, brief.ecosystem?)?;
    whole.into(judged);
    Some(())
}

/// The paths, not looked at yet.
fn ledger(bytes: &[u8]) -> Option<Ledger> {
    let mut unpack = Unpack::new(bytes);
    let mut ledger = Ledger::default();
    for _ in 0..unpack.count()? {
        ledger.single.push((unpack.path()?, Seen::Absent));
    }
    for _ in 0..unpack.count()? {
        let mut crowd = Crowd::below(&unpack.path()?);
        for _ in 0..unpack.count()? {
            unpack.path_bytes(|front, digest| crowd.add_below(&[front, digest]))?;
        }
        ledger.crowds.push(crowd);
    }
    unpack.is_empty().then_some(ledger)
}
