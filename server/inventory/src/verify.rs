//! Checksums: compares cached files with what lockfiles say, on all cores, and remembers the answers by file identity.
//! May read files and the memory; may not decide what an answer means for a build.

use crate::dirhash;
use crate::fetch::Known;
use crate::ledger::settled;
use crate::look::{self, Identity};
use crate::memory::Memory;
use crate::patience::{self, Ended, Lent};
use rayon::prelude::*;
use sha2::Digest;
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// A hash that lockfiles use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    /// Of the files in an archive; see [`crate::dirhash`].
    GoArchive,
    /// The same of a `go.mod` file alone.
    GoMod,
    /// SHA-1 of a pack of git's objects without its last 20 bytes, which say the same.
    GitPack,
}

impl Algorithm {
    /// The name as Subresource Integrity and npm's cache write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
            // As in-toto names it.
            Algorithm::GoArchive | Algorithm::GoMod => "dirHash1",
            Algorithm::GitPack => "gitPack",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Length of its digest in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Algorithm::Sha1 | Algorithm::GitPack => 20,
            Algorithm::Sha256 | Algorithm::GoArchive | Algorithm::GoMod => 32,
            Algorithm::Sha384 => 48,
            Algorithm::Sha512 => 64,
        }
    }
}

/// A checksum as a lockfile states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub algorithm: Algorithm,
    pub bytes: Vec<u8>,
}

/// A file that is there, and the checksum it must have.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub path: PathBuf,
    pub sum: Sum,
    pub identity: Identity,
    /// What was taken from it before its checksum was compared.
    pub read: Option<Taken>,
}

/// What was taken from a file by a quick look, in a form that its ecosystem can hold against the whole of it.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub by: Known,
    pub what: Vec<u8>,
}

impl Content {
    /// Why it may not be read. The system is asked only where its permissions leave that open.
    pub(crate) fn barred(&self) -> Option<String> {
        if self.identity.readable { None } else { look::barred(&self.path) }
    }

    /// Names the claim "this file, unchanged since, has (or has not) this checksum".
    pub(crate) fn claim(&self) -> Claim {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.identity.bytes());
        hasher.update(&[self.sum.algorithm as u8]);
        hasher.update(&self.sum.bytes);
        if let Some(taken) = &self.read {
            hasher.update(&taken.what);
        }
        shortened(&hasher)
    }

    /// Names the claim "what has this checksum says (or does not say) what was taken from it". It holds for ever: no file
    /// is part of it.
    fn reading(&self) -> Option<Claim> {
        let taken = self.read.as_ref()?;
        let mut hasher = blake3::Hasher::new_derive_key("holdover inventory v1 reading");
        hasher.update(taken.by.name().as_bytes());
        hasher.update(&[self.sum.algorithm as u8]);
        hasher.update(&self.sum.bytes);
        hasher.update(&taken.what);
        Some(shortened(&hasher))
    }
}

fn shortened(hasher: &blake3::Hasher) -> Claim {
    let mut claim = [0; 16];
    claim.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    claim
}

pub(crate) type Claim = [u8; 16];

/// What is known about checksums: claim → whether it held. Shared between an inventory and its background verification.
#[derive(Default, Clone)]
pub(crate) struct Verified {
    claims: Arc<Mutex<HashMap<Claim, bool>>>,
    generation: Arc<AtomicU64>,
}

/// Version of the remembered form; a change forgets everything.
const FORM: u8 = 1;

impl Verified {
    /// `None`: not known.
    pub(crate) fn holds<'a>(&self, contents: impl Iterator<Item = &'a Content>) -> Vec<Option<bool>> {
        let claims = self.lock();
        if claims.is_empty() {
            // Naming each would cost a first look a millisecond.
            return contents.map(|_| None).collect();
        }
        contents.map(|content| claims.get(&content.claim()).copied()).collect()
    }

    /// As [`Verified::holds`], where not everything has a file.
    pub(crate) fn optional(&self, contents: &[Option<Content>]) -> Vec<Option<bool>> {
        let claims = self.lock();
        if claims.is_empty() {
            return vec![None; contents.len()];
        }
        contents.iter().map(|content| claims.get(&content.as_ref()?.claim()).copied()).collect()
    }

    /// As [`Verified::holds`], by the names of claims.
    pub(crate) fn known<'a>(&self, all: impl Iterator<Item = &'a Claim>) -> Vec<Option<bool>> {
        let claims = self.lock();
        all.map(|claim| claims.get(claim).copied()).collect()
    }

    /// Grows whenever something was learned.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn is_known(&self, claim: &Claim) -> bool {
        self.lock().get(claim) == Some(&true)
    }

    fn learn(&self, answers: impl IntoIterator<Item = (Claim, bool)>) {
        self.lock().extend(answers);
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes up what an earlier run remembered: a form byte, then 17 bytes a claim.
    pub(crate) fn recall(&self, remembered: &[u8]) {
        let Some((&FORM, records)) = remembered.split_first() else { return };
        let mut claims = self.lock();
        for record in records.chunks_exact(17) {
            let mut claim = [0; 16];
            claim.copy_from_slice(&record[..16]);
            claims.entry(claim).or_insert(record[16] == 1);
        }
    }

    /// The form that [`Verified::recall`] takes, of the claims about `contents` only, so that it cannot grow without end.
    pub(crate) fn remembered<'a>(&self, contents: impl Iterator<Item = &'a Content>) -> Vec<u8> {
        let claims = self.lock();
        let mut out = vec![FORM];
        for claim in contents.flat_map(|content| [Some(content.claim()), content.reading()]).flatten() {
            if let Some(held) = claims.get(&claim) {
                out.extend_from_slice(&claim);
                out.push(u8::from(*held));
            }
        }
        out
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Claim, bool>> {
        self.claims.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The digest of bytes.
pub(crate) fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
        Algorithm::GitPack => {
            sha1::Sha1::digest(bytes.get(..bytes.len().saturating_sub(20)).unwrap_or_default()).to_vec()
        }
        // Of an archive it is asked with the file at hand.
        Algorithm::Sha256 | Algorithm::GoArchive => sha2::Sha256::digest(bytes).to_vec(),
        Algorithm::GoMod => dirhash::of_mod(bytes).to_vec(),
        Algorithm::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
        Algorithm::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
    }
}

/// The digest of a file; none where it could not be read to its end.
pub(crate) fn digest_of(path: &std::path::Path, algorithm: Algorithm) -> Option<Vec<u8>> {
    let (file, identity) = look::open(path).ok()?;
    let (mut file, mut hasher, mut chunk) = (file.take(identity.size), Hasher::new(algorithm), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Some(hasher.finish()),
            Ok(read) => hasher.update(&chunk[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// The bytes read at a time: large enough that the call costs nothing beside the hash, small enough for the cache.
const CHUNK: usize = 256 << 10;

enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    GoMod(Vec<u8>),
    /// With the last 20 bytes that it was given, which are not hashed.
    GitPack(sha1::Sha1, Vec<u8>),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 | Algorithm::GoArchive => Hasher::Sha256(sha2::Sha256::new()),
            Algorithm::GoMod => Hasher::GoMod(Vec::new()),
            Algorithm::GitPack => Hasher::GitPack(sha1::Sha1::new(), Vec::new()),
            Algorithm::Sha384 => Hasher::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(sha2::Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(h) => h.update(bytes),
            Hasher::Sha256(h) => h.update(bytes),
            Hasher::Sha384(h) => h.update(bytes),
            Hasher::Sha512(h) => h.update(bytes),
            Hasher::GoMod(text) => text.extend_from_slice(bytes),
            Hasher::GitPack(h, held) => {
                held.extend_from_slice(bytes);
                let hashed = held.len().saturating_sub(20);
                h.update(&held[..hashed]);
                held.drain(..hashed);
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Hasher::Sha1(h) => h.finalize().to_vec(),
            Hasher::Sha256(h) => h.finalize().to_vec(),
            Hasher::Sha384(h) => h.finalize().to_vec(),
            Hasher::Sha512(h) => h.finalize().to_vec(),
            Hasher::GoMod(text) => dirhash::of_mod(&text).to_vec(),
            // What it says of itself is held against what it is; a pack that differs there is none of that name.
            Hasher::GitPack(h, held) => {
                let sum = h.finalize().to_vec();
                if sum == held { sum } else { Vec::new() }
            }
        }
    }
}

/// What one core reads into, again and again.
#[derive(Default)]
struct Buffers {
    chunk: Vec<u8>,
    /// A file that is held against what was taken from it.
    whole: Vec<u8>,
}

/// Hashes a file and says whether its content is what it must be; `read_again`: also what was taken from it before.
/// `None`: it could not be read, changed meanwhile, or `cancelled` said so.
fn check(
    content: &Content,
    read_again: bool,
    buffers: &mut Buffers,
    on_bytes: &dyn Fn(u64),
    cancelled: &dyn Fn() -> bool,
) -> Option<bool> {
    let (mut file, before) = look::open(&content.path).ok()?;
    if before != content.identity {
        return None;
    }
    if content.sum.algorithm == Algorithm::GoArchive {
        let held = match dirhash::of_archive(&mut file, on_bytes, cancelled) {
            Ok(sum) => sum[..] == content.sum.bytes[..],
            Err(dirhash::Unhashed::Broken) => false,
            Err(dirhash::Unhashed::Failed) => return None,
        };
        let look::Seen::File(after) = look::Seen::at(&content.path) else { return None };
        return (after == before).then_some(held);
    }
    let taken = content.read.as_ref().filter(|_| read_again);
    let Buffers { chunk, whole } = buffers;
    whole.clear();
    chunk.resize(CHUNK, 0);
    let mut hasher = Hasher::new(content.sum.algorithm);
    let mut left = content.identity.size;
    loop {
        let read = file.read(chunk).ok()?;
        if read == 0 {
            break;
        }
        // A file that grows while it is read would otherwise never end.
        left = left.checked_sub(read as u64)?;
        hasher.update(&chunk[..read]);
        if taken.is_some() {
            whole.extend_from_slice(&chunk[..read]);
        }
        on_bytes(read as u64);
        if cancelled() {
            return None;
        }
    }
    let held = hasher.finish() == content.sum.bytes && taken.is_none_or(|taken| taken.by.says(whole, &taken.what));
    let look::Seen::File(after) = look::Seen::at(&content.path) else { return None };
    (after == before).then_some(held)
}

/// Hashes `contents` on all cores, largest first. The answers stand in their order; see [`check`] for `None`.
pub(crate) fn check_all(
    contents: &[&Content],
    verified: &Verified,
    progress: &(dyn Fn(u64, u64) + Sync),
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Vec<Option<bool>> {
    let begun = SystemTime::now();
    let total = contents.iter().map(|content| content.identity.size).sum();
    let done = AtomicU64::new(0);
    let mut order: Vec<usize> = (0..contents.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(contents[at].identity.size));
    let answers: Vec<(usize, Option<bool>)> = order
        .into_par_iter()
        .with_max_len(1)
        .map_init(Buffers::default, |buffers, at| {
            if cancelled() {
                return (at, None);
            }
            let on_bytes = |bytes| progress(done.fetch_add(bytes, Ordering::Relaxed) + bytes, total);
            let read_again = contents[at].reading().is_some_and(|reading| !verified.is_known(&reading));
            (at, check(contents[at], read_again, buffers, &on_bytes, &|| cancelled()))
        })
        .collect();
    let mut out = vec![None; contents.len()];
    for (at, answer) in answers {
        out[at] = answer;
    }
    let answered = || contents.iter().zip(&out).filter_map(|(content, answer)| Some((content, (*answer)?)));
    let files = answered()
        .filter(|(content, _)| settled(&content.identity, begun))
        .map(|(content, held)| (content.claim(), held));
    let readings = answered().filter(|(_, held)| *held).filter_map(|(content, _)| Some((content.reading()?, true)));
    verified.learn(files.chain(readings));
    out
}

/// A verification that can run beside everything else: it owns what it needs.
pub struct Verification {
    pub(crate) contents: Arc<Vec<Content>>,
    pub(crate) verified: Verified,
    /// Memory key → which of `contents` belong to it, with those already verified.
    pub(crate) keep: Vec<(String, Vec<Content>)>,
    /// How long a file system may take for one answer.
    pub(crate) limit: std::time::Duration,
}

/// What a verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerificationOutcome {
    /// Files whose checksum is right.
    pub sound: u64,
    /// Files whose checksum is wrong.
    pub corrupt: u64,
    /// Files that could not be read, changed meanwhile, or were not reached.
    pub skipped: u64,
    /// Bytes that were to be read.
    pub bytes: u64,
}

impl Verification {
    /// Files to read.
    pub fn files(&self) -> usize {
        self.contents.len()
    }

    /// Bytes to read.
    pub fn bytes(&self) -> u64 {
        self.contents.iter().map(|content| content.identity.size).sum()
    }

    /// Hashes on all cores and remembers the answers; the inventory it came from knows them at its next survey.
    /// `progress` is called with bytes done and bytes in all, from several threads, about every 256 KiB.
    /// After `cancelled` returned true it ends within one chunk a core; what was verified until then is kept.
    pub fn run(
        &self,
        memory: &dyn Memory,
        cancelled: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> VerificationOutcome {
        let lent = Lent { limit: self.limit, memory, cancelled, progress };
        let answers = loop {
            let (contents, verified) = (Arc::clone(&self.contents), self.verified.clone());
            let ended = patience::run(lent, move |asker| {
                let contents: Vec<&Content> = contents.iter().collect();
                let progress = |done, total| asker.progress(done, total);
                check_all(&contents, &verified, &progress, &|| asker.cancelled())
            });
            match ended {
                Ended::Done(answers) => break answers,
                // What does not answer is skipped the next time.
                Ended::Silent => {}
                Ended::Cancelled => break vec![None; self.contents.len()],
            }
        };
        let entries = self.keep.iter().map(|(key, all)| (key.clone(), self.verified.remembered(all.iter()))).collect();
        memory.put_many(entries);
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count() as u64;
        VerificationOutcome {
            sound: count(Some(true)),
            corrupt: count(Some(false)),
            skipped: count(None),
            bytes: self.bytes(),
        }
    }
}
