//! What `npm ci --offline` asks npm's cache for by address: a package's description where the lockfile has no address, and
//! the tarball where it has no checksum or the description gave the address. Rules: pacote's `registry.js`.
//! May not decide what is wanted; the age of an answer does not matter, because npm does not ask about it offline.

use super::claims::{Claims, claim, recall, remember};
use super::packument::{self, Taken};
use super::records::{SHORT, bucket, key, record};
use super::store::{Store, sums};
use crate::ecosystem::{Ask, Shared};
use crate::fetch::Known;
use crate::ledger::{Buffers, Lent};
use crate::look::{self, Identity, Seen, Unread};
use crate::memory;
use crate::reach::Opened;
use crate::verify::{self, Algorithm, Content, Sum};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// A bucket of the index larger than this is not read, in bytes; usual ones are below 10 KiB.
const LARGEST_BUCKET: u64 = 8 << 20;
/// A description larger than this is not read, in bytes; the largest known ones are below 50 MiB.
const LARGEST: u64 = 128 << 20;
pub(super) const DESCRIPTION: &str =
    "the registry's description of it, which npm needs because the lockfile has no address for it,";
/// What is said of a description whose checksum is wrong.
const WRONG: &str = "it does not have the checksum that npm's cache has for it";
/// The same, where it may be that it does not say what was taken from it.
const WRONG_OR_MISREAD: &str = "its checksum is not the one that npm's cache has for it, or it cannot be read";

/// Why npm would find no tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// No description; where it was looked for.
    Description(PathBuf),
    /// The description does not know the version.
    Older(PathBuf),
    /// The description is damaged, or not what the lockfile says; with the reason.
    Damaged(PathBuf, String),
    /// No answer for the tarball's address; where it was looked for.
    Tarball(PathBuf),
    Doubt(String),
}

/// One package that is looked for by address.
pub(crate) struct Wanted<'a> {
    /// Where its description is asked for; `None`: the lockfile has the tarball's address.
    pub description: Option<String>,
    /// The tarball's address in the lockfile.
    pub address: Option<String>,
    pub version: &'a str,
    /// The lockfile's checksum.
    pub integrity: Option<&'a str>,
}

/// A search through npm's cache, with what an earlier one remembered.
struct Search<'s> {
    cache: &'s Path,
    store: &'s Store,
    ask: &'s Ask<'s>,
    claims: Claims,
    learned: HashMap<[u8; 16], Vec<u8>>,
}

type Found = Result<(Sum, u64), Lacking>;
/// Reads a file, and says what it looked like then.
type Read<'r> = &'r mut dyn for<'b> FnMut(&'b mut Vec<u8>) -> Result<(&'b [u8], Identity), Unread>;

impl Search<'_> {
    /// The records for keys, of which no two are the same.
    fn records(&mut self, keys: &[&str], accept: Option<&str>) -> Vec<Found> {
        let lacking = |path: &PathBuf| match accept {
            Some(_) => Lacking::Description(path.clone()),
            None => Lacking::Tarball(path.clone()),
        };
        let buckets: Vec<PathBuf> = keys.iter().map(|key| bucket(self.cache, key)).collect();
        let of = |at: usize, seen: Seen, read: Read<'_>, bytes: &mut Vec<u8>| {
            let (key, bucket) = (keys[at], &buckets[at]);
            let identity = match seen {
                Seen::File(identity) => identity,
                // npm cannot read a folder, and finds nothing behind a link that leads nowhere.
                Seen::Absent | Seen::Dangling | Seen::Folder(_) => return (Err(lacking(bucket)), None),
                odd => return (Err(Lacking::Doubt(odd.doubt().unwrap_or_default())), None),
            };
            let claim = claim(&[&identity.bytes(), key.as_bytes(), accept.unwrap_or_default().as_bytes()]);
            let remembered = self.claims.known.get(&claim).and_then(|payload| payload.split_first_chunk::<64>());
            if let Some((digest, size)) = remembered {
                let size = size.try_into().map_or(0, u64::from_le_bytes);
                return (Ok((Sum { algorithm: Algorithm::Sha512, bytes: digest.to_vec() }, size)), Some(claim));
            }
            match read(bytes) {
                Ok((bytes, read)) => match record(bytes, key, accept) {
                    Some(found) => (Ok(found), (read == identity).then_some(claim)),
                    None => (Err(lacking(bucket)), None),
                },
                Err(why) => {
                    // It was a file a moment ago.
                    self.ask.look.only_once();
                    let why = if why == Unread::Absent { lacking(bucket) } else { Lacking::Doubt(why.to_string()) };
                    (Err(why), None)
                }
            }
        };
        let base = self.store.base.join("index-v5");
        let found: Vec<(Found, Option<[u8; 16]>)> = if self.claims.known.is_empty() {
            self.ask.look.open_all(&base, &buckets, |at, seen, file, bytes| {
                of(at, seen, &mut |bytes| look::read_what_stands(seen, &file, LARGEST_BUCKET, bytes), bytes)
            })
        } else {
            let seen = self.ask.look.at_all(&base, &buckets);
            let all = seen.into_par_iter().enumerate().with_min_len(16);
            let buffers = Buffers::default();
            all.map_init(
                || buffers.lend(),
                |Lent { buffer, .. }, (at, seen)| {
                    of(at, seen, &mut |bytes| look::read_seen(&buckets[at], LARGEST_BUCKET, bytes), buffer)
                },
            )
            .collect()
        };
        found
            .into_iter()
            .map(|(found, claim)| {
                if let (Ok((sum, size)), Some(claim)) = (&found, claim)
                    && sum.algorithm == Algorithm::Sha512
                {
                    self.learned.insert(claim, [sum.bytes.as_slice(), &size.to_le_bytes()].concat());
                }
                found
            })
            .collect()
    }

    /// The address of the tarball that a description gives for a version. What is lacking is told of what was read whole
    /// and has its checksum; an address is taken at a glance. `opened`: the file, where it was opened when it looked like `identity`.
    fn address(
        &self,
        content: &Path,
        sum: &Sum,
        identity: &Identity,
        wanted: &Wanted<'_>,
        opened: Option<Result<&Opened, Unread>>,
        buffer: &mut Vec<u8>,
    ) -> Told {
        let integrity = wanted.integrity.unwrap_or_default();
        let claim = claim(&[&identity.bytes(), &sum.bytes, wanted.version.as_bytes(), integrity.as_bytes()]);
        if let Some(address) = self.claims.known.get(&claim).and_then(|bytes| String::from_utf8(bytes.clone()).ok()) {
            return (Ok(address), Some(claim));
        }
        let unread = |why: Unread| {
            self.ask.look.only_once();
            (Err(Lacking::Doubt(why.to_string())), None)
        };
        let own;
        let (file, read) = match opened {
            Some(Ok(file)) => (file, *identity),
            Some(Err(why)) => return unread(why),
            None => match look::open_seen(content) {
                Ok((file, read)) => {
                    own = file;
                    (&own, read)
                }
                Err(why) => return unread(why),
            },
        };
        if read.size > LARGEST {
            return unread(Unread::Large(LARGEST));
        }
        let claim = (read == *identity).then_some(claim);
        match packument::glance(file, read.size, wanted.version, buffer) {
            Ok(Some(said)) => {
                if let Ok(address) = said.address(integrity) {
                    return (Ok(address), claim);
                }
            }
            Ok(None) => {}
            Err(why) => return unread(Unread::Failed(why.kind())),
        }
        let whole = match look::read_seen(content, LARGEST, buffer) {
            Ok((whole, _)) => whole,
            Err(why) => return unread(why),
        };
        let damaged = |why: &str| (Err(Lacking::Damaged(content.to_path_buf(), why.to_owned())), None);
        if crate::verify::digest(sum.algorithm, whole) != sum.bytes {
            return damaged(WRONG);
        }
        match packument::dist(whole, wanted.version) {
            Ok(Some(said)) => said.address(integrity).map_or_else(damaged, |address| (Ok(address), claim)),
            Ok(None) => (Err(Lacking::Older(content.to_path_buf())), None),
            Err(_) => damaged("it cannot be read"),
        }
    }
}

/// An address, and what may be remembered of it; or what is lacking.
type Told = (Result<String, Lacking>, Option<[u8; 16]>);

/// The file of a description, its checksum, and what it looked like.
type Described = (PathBuf, Sum, Identity);

/// The description that an address rests on, with its order.
type Beside = Option<(usize, Described)>;

/// What was found by address.
#[derive(Default)]
pub(crate) struct Answer {
    /// The checksums of the tarballs that npm would take, in the order of what was wanted.
    pub tarballs: Vec<Result<Sum, Lacking>>,
    /// The descriptions that they rest on, each of which several may share.
    pub shared: Vec<Shared>,
}

/// Looks up what is wanted; `by`: whose search it is. Shared descriptions name what is wanted by its place.
pub(crate) fn find(
    wanted: &[Wanted<'_>],
    cache: &Path,
    store: &Store,
    lockfile: &Path,
    ask: &Ask<'_>,
    by: Known,
) -> Answer {
    if wanted.is_empty() {
        return Answer::default();
    }
    let memory_key = memory::key("npm-descriptions", lockfile);
    let remembered = ask.memory.get_many(std::slice::from_ref(&memory_key)).into_iter().next().flatten();
    let claims = Claims { known: recall(remembered.as_deref().unwrap_or_default()) };
    let mut search = Search { cache, store, ask, claims, learned: HashMap::new() };
    let (addresses, described) = search.addresses(wanted);
    let keys: Vec<Option<String>> = addresses.iter().map(|address| address.as_ref().ok().map(|one| key(one))).collect();
    let mut each: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
    each.sort_unstable();
    each.dedup();
    let records = search.records(&each, None);
    let answers = addresses.iter().zip(&keys).zip(wanted).map(|((address, key), wanted)| {
        address.as_ref().map_err(Clone::clone)?;
        let at = key.as_deref().and_then(|key| each.binary_search(&key).ok());
        let (sum, _) = at.map_or_else(|| Err(lost()), |at| records[at].clone())?;
        let fits = wanted.integrity.is_none_or(|integrity| {
            sums(integrity).iter().all(|one| one.algorithm != sum.algorithm || one.bytes == sum.bytes)
        });
        if fits { Ok(sum) } else { Err(Lacking::Tarball(bucket(cache, key.as_deref().unwrap_or_default()))) }
    });
    let tarballs: Vec<Result<Sum, Lacking>> = answers.collect();
    if search.learned.keys().any(|claim| !search.claims.known.contains_key(claim)) {
        ask.memory.put_many(vec![(memory_key, remember(&search.learned))]);
    }
    let mut shared: BTreeMap<usize, (Described, Vec<Taken>, Vec<u32>)> = BTreeMap::new();
    for (place, described) in described.into_iter().enumerate() {
        let (Some((order, described)), Ok(address), Ok(_)) = (described, &addresses[place], &tarballs[place]) else {
            continue;
        };
        let wanted = &wanted[place];
        let (_, taken, places) = shared.entry(order).or_insert_with(|| (described, Vec::new(), Vec::new()));
        places.push(place as u32);
        let one = Taken {
            version: wanted.version.to_owned(),
            integrity: wanted.integrity.unwrap_or_default().to_owned(),
            address: address.clone(),
        };
        // One version can stand at several places of the tree.
        if !taken.contains(&one) {
            taken.push(one);
        }
    }
    let shared = shared.into_values().map(|((path, sum, identity), taken, artifacts)| {
        let read = Some(verify::Taken { by, what: serde_json::to_vec(&taken).unwrap_or_default() });
        Shared { content: Content { path, sum, identity, read }, artifacts, broken: broken(WRONG_OR_MISREAD) }
    });
    Answer { tarballs, shared: shared.collect() }
}

/// What is said of a package whose description is of no use.
pub(crate) fn broken(why: &str) -> String {
    format!("{DESCRIPTION} is of no use: {why}")
}

fn lost() -> Lacking {
    Lacking::Doubt("it was not looked for".into())
}

impl Search<'_> {
    /// Where the tarballs are asked for: as the lockfile says, or as the descriptions do, which stand beside, with their
    /// order.
    fn addresses(&mut self, wanted: &[Wanted<'_>]) -> (Vec<Result<String, Lacking>>, Vec<Beside>) {
        let keys: Vec<Option<String>> =
            wanted.iter().map(|wanted| wanted.description.as_ref().map(|address| key(address))).collect();
        let mut each: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
        each.sort_unstable();
        each.dedup();
        let records = self.records(&each, Some(SHORT));
        let contents: Vec<PathBuf> = records.iter().flatten().map(|(sum, _)| self.store.path(sum)).collect();
        let (seen, mut told_at_once) = if self.claims.known.is_empty() {
            self.at_once(wanted, &keys, &each, &records, &contents)
        } else {
            (self.ask.look.at_all(&self.store.content, &contents), HashMap::new())
        };
        let mut seen = contents.iter().zip(seen);
        // By key: the content, or what is lacking.
        let described: Vec<Result<(&PathBuf, &Sum, Identity), Lacking>> = records
            .iter()
            .map(|record| {
                let (sum, size) = record.as_ref().map_err(Clone::clone)?;
                match seen.next() {
                    Some((path, Seen::File(identity))) if fits(*size, &identity) => Ok((path, sum, identity)),
                    Some((path, Seen::File(_) | Seen::Absent | Seen::Dangling | Seen::Folder(_))) => {
                        Err(Lacking::Description(path.clone()))
                    }
                    Some((_, odd)) => Err(Lacking::Doubt(odd.doubt().unwrap_or_default())),
                    None => Err(lost()),
                }
            })
            .collect();
        let at_once: Vec<Option<Told>> = (0..wanted.len()).map(|at| told_at_once.remove(&at)).collect();
        let buffers = Buffers::default();
        let told: Vec<Told> = wanted
            .par_iter()
            .zip(&keys)
            .zip(at_once)
            .with_max_len(4)
            .map_init(
                || buffers.lend(),
                |Lent { buffer, .. }, ((wanted, key), told)| {
                    if let Some(told) = told {
                        return told;
                    }
                    let Some(key) = key else { return (wanted.address.clone().ok_or_else(lost), None) };
                    match each.binary_search(&key.as_str()).ok().map(|at| &described[at]) {
                        Some(Ok((path, sum, identity))) => self.address(path, sum, identity, wanted, None, buffer),
                        Some(Err(lacking)) => (Err(lacking.clone()), None),
                        None => (Err(lost()), None),
                    }
                },
            )
            .collect();
        let beside = keys.iter().map(|key| {
            let order = each.binary_search(&key.as_deref()?).ok()?;
            let (path, sum, identity) = described[order].as_ref().ok()?;
            Some((order, (PathBuf::clone(path), Sum::clone(sum), *identity)))
        });
        let beside = beside.collect();
        let addresses = told.into_iter().map(|(address, claim)| {
            if let (Ok(address), Some(claim)) = (&address, claim) {
                self.learned.insert(claim, address.clone().into_bytes());
            }
            address
        });
        (addresses.collect(), beside)
    }

    /// Where no description is known yet: opens each once, and asks it for all that is wanted of it. Gives what stands at the
    /// contents, and by place of what is wanted what was told.
    fn at_once(
        &self,
        wanted: &[Wanted<'_>],
        keys: &[Option<String>],
        each: &[&str],
        records: &[Found],
        contents: &[PathBuf],
    ) -> (Vec<Seen>, HashMap<usize, Told>) {
        let mut askers: Vec<Vec<usize>> = vec![Vec::new(); each.len()];
        for (place, key) in keys.iter().enumerate() {
            if let Some(order) = key.as_deref().and_then(|key| each.binary_search(&key).ok()) {
                askers[order].push(place);
            }
        }
        let found = records.iter().zip(askers).filter_map(|(record, askers)| Some((record.as_ref().ok()?, askers)));
        let found: Vec<(&(Sum, u64), Vec<usize>)> = found.collect();
        let told = self.ask.look.open_all(&self.store.content, contents, |at, seen, file, buffer| {
            let ((sum, size), askers) = &found[at];
            let Seen::File(identity) = seen else { return (seen, Vec::new()) };
            if !fits(*size, &identity) {
                return (seen, Vec::new());
            }
            let file = file.as_ref().map_err(|why| *why);
            let ask = |&place: &usize| {
                (place, self.address(&contents[at], sum, &identity, &wanted[place], Some(file), buffer))
            };
            (seen, askers.iter().map(ask).collect::<Vec<(usize, Told)>>())
        });
        let (seen, told): (Vec<Seen>, Vec<Vec<(usize, Told)>>) = told.into_iter().unzip();
        (seen, told.into_iter().flatten().collect())
    }
}

/// Whether a content has the size that the index has for it; 0: none.
fn fits(size: u64, identity: &Identity) -> bool {
    size == 0 || identity.size == size
}
