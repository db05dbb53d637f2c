//! What a simulation puts in the place of the world, in builds with the feature `simulated` alone, which nothing that is handed out
//! has: the clock, random numbers, what the file system calls a database, and the end of the process before or after a commit.
//! It also switches on defects that are planted in the code, so that it can be seen that the simulation finds them.
//! One simulation at a time in a process.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use ulid::Ulid;

/// The world, as it stands.
#[derive(Default)]
struct World {
    on: bool,
    now_ms: i64,
    seed: [u8; 32],
    drawn: u64,
    disk: String,
    /// Commits until the process ends, and whether the last of them takes effect.
    ends_in: Option<(u64, bool)>,
    ended: bool,
    commits: u64,
    planted: Option<&'static str>,
    met: u64,
    /// Signatures that were checked, and hold.
    proven: HashSet<[u8; 32]>,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

fn world() -> MutexGuard<'static, Option<World>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with<T>(ask: impl FnOnce(&mut World) -> T) -> Option<T> {
    world().as_mut().filter(|world| world.on).map(ask)
}

/// Begins a world: everything random follows from `seed` from now on.
pub fn begin(seed: u64, planted: Option<&'static str>) {
    let seed = *blake3::hash(&seed.to_le_bytes()).as_bytes();
    *world() = Some(World { on: true, seed, planted, ..World::default() });
}

/// The system's clock and chance again.
pub fn end() {
    *world() = None;
}

/// Whose clock it is from now on, and which disk.
pub fn set(now_ms: i64, disk: &str) {
    with(|world| {
        world.now_ms = now_ms;
        disk.clone_into(&mut world.disk);
    });
}

/// The process ends at a commit: the `nth` from now, from 1; `after`: once that took effect. Until [`revive`] nothing is written.
pub fn ends_at(nth: u64, after: bool) {
    with(|world| world.ends_in = Some((nth, after)));
}

/// The process ends now.
pub fn ends_now() {
    with(|world| world.ended = true);
}

/// Another process begins. Answers with whether the last one had ended before its time.
pub fn revive() -> bool {
    with(|world| {
        world.ends_in = None;
        std::mem::take(&mut world.ended)
    })
    .unwrap_or(false)
}

/// Commits so far.
pub fn commits() -> u64 {
    with(|world| world.commits).unwrap_or(0)
}

/// Whether that defect is planted; and that its place was met.
pub fn planted(defect: &'static str) -> bool {
    with(|world| {
        let is_planted = world.planted == Some(defect);
        if is_planted {
            world.met += 1;
        }
        is_planted
    })
    .unwrap_or(false)
}

/// How often the place of the planted defect was met so far.
pub fn met() -> u64 {
    with(|world| world.met).unwrap_or(0)
}

/// What names a signature, the key and what it is over.
pub(crate) fn proof(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    for part in parts {
        hash.update(part);
    }
    *hash.finalize().as_bytes()
}

/// Whether that signature was checked before, and held.
pub(crate) fn is_proven(proof: &[u8; 32]) -> bool {
    with(|world| world.proven.contains(proof)).unwrap_or(false)
}

pub(crate) fn prove(proof: [u8; 32]) {
    with(|world| world.proven.insert(proof));
}

pub(crate) fn now() -> Option<i64> {
    with(|world| world.now_ms)
}

pub(crate) fn draw(bytes: &mut [u8]) -> bool {
    with(|world| {
        world.drawn += 1;
        let mut hash = blake3::Hasher::new_keyed(&world.seed);
        hash.update(&world.drawn.to_le_bytes());
        hash.finalize_xof().fill(bytes);
    })
    .is_some()
}

pub(crate) fn ulid() -> Option<Ulid> {
    let now = now()?;
    let mut bytes = [0; 16];
    draw(&mut bytes);
    // Of a clock before 1970 an id holds none.
    Some(Ulid::from_parts(u64::try_from(now).unwrap_or(0), u128::from_le_bytes(bytes)))
}

/// What the system calls this database's file.
pub(crate) fn disk() -> Option<String> {
    with(|world| world.disk.clone())
}

pub(crate) fn is_on() -> bool {
    with(|_| ()).is_some()
}

pub(crate) fn has_ended() -> bool {
    with(|world| world.ended).unwrap_or(false)
}

/// Asked before (`after` is false) and after each commit. `true`: the process ended there.
pub(crate) fn strikes(after: bool) -> bool {
    with(|world| {
        if !after {
            world.commits += 1;
            if let Some((left, _)) = &mut world.ends_in {
                *left -= 1;
            }
        }
        let now = world.ends_in == Some((0, after));
        world.ended |= now;
        world.ended
    })
    .unwrap_or(false)
}
