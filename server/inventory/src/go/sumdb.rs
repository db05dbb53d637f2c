//! What Go keeps of a checksum database (`cache/download/sumdb`): records, the tree that holds them, and who signed that.
//! Form and rules: Go's `golang.org/x/mod/sumdb`, `note` and `tlog`. May not ask the database.

use super::env::Env;
use super::escape;
use super::project::Project;
use super::sums::Sums;
use super::told::read_sums;
use super::tree::{Lack, Tiles, of_record};
use crate::ecosystem::{Ask, Judged};
use crate::look::{Look, Seen};
use crate::vouched::{Vouched, ed25519};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::Artifact;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Larger records and notes are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The first byte of a key that is one of Ed25519.
const ALGORITHM: u8 = 1;

/// A key as Go writes it: `name+hash+key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub name: String,
    hash: [u8; 4],
    public: Vec<u8>,
}

impl Key {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, hash, key) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
        let plain = !name.is_empty() && !name.contains(char::is_whitespace);
        let own: [u8; 32] = Sha256::new().chain_update(name).chain_update("\n").chain_update(&key).finalize().into();
        let own: [u8; 4] = own.first_chunk().copied()?;
        let said = hash.len() == 8 && u32::from_str_radix(hash, 16).is_ok_and(|hash| hash.to_be_bytes() == own);
        let key = key.strip_prefix(&[ALGORITHM]).filter(|key| plain && said && key.len() == 32)?.to_vec();
        Some(Key { name: name.to_owned(), hash: own, public: key })
    }
}

/// The tree that a note says was signed: how many records, and their hash.
type Head = (u64, [u8; 32]);

/// What a signed note says; `Ok(None)`: its signature does not hold. `Err`: nobody signed it whose key is known.
fn head(note: &[u8], key: &Key) -> Result<Option<Head>, ()> {
    let text = std::str::from_utf8(note).map_err(|_| ())?;
    let at = text.rfind("\n\n").ok_or(())?;
    let (text, signatures) = (&text[..=at], &text[at + 2..]);
    for line in signatures.lines() {
        let Some((name, signature)) = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let Ok(signature) = STANDARD.decode(signature) else { continue };
        let Some((hash, signature)) = signature.split_first_chunk::<4>() else { continue };
        if name != key.name || *hash != key.hash {
            continue;
        }
        if !ed25519(&key.public, text.as_bytes(), signature) {
            return Ok(None);
        }
        let mut lines = text.strip_prefix("go.sum database tree\n").ok_or(())?.lines();
        let size = lines.next().and_then(|size| size.parse().ok()).ok_or(())?;
        let hash = lines.next().and_then(|hash| STANDARD.decode(hash).ok()).and_then(|hash| hash.try_into().ok());
        return hash.map(|hash| Some((size, hash))).ok_or(());
    }
    Err(())
}

/// A record: its number, its text, and the note of the tree that came with it.
fn record(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    let number = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
    let rest = &bytes[end + 1..];
    let end = memchr::memmem::find(rest, b"\n\n")?;
    Some((number, &rest[..=end], &rest[end + 2..]))
}

/// One database as Go keeps it.
struct Database<'a> {
    folder: PathBuf,
    key: Key,
    tiles: Tiles<'a>,
    look: &'a Look,
    /// The newest tree that Go knows.
    latest: Option<Head>,
}

impl Database<'_> {
    /// What of a module's checksum in go.sum can be told from the record of it.
    fn vouches(&mut self, path: &str, version: &str, sum: &str) -> Vouched {
        let plain = version.strip_suffix("/go.mod").unwrap_or(version);
        let (Some(module), Some(escaped)) = (escape::path(path), escape::version(plain)) else {
            return Vouched::Unsigned("has a name that the database of checksums cannot have".into());
        };
        let file = self.folder.join("lookup").join(format!("{module}@{escaped}"));
        if !matches!(self.look.at(&file), Seen::File(_)) {
            return Vouched::Unsigned("has no record of the database of checksums in Go's cache".into());
        }
        let bytes = match self.look.bytes(&file, LARGEST) {
            Ok(bytes) => bytes,
            Err(why) => return Vouched::Untold(format!("the database's record of it was not read: {why}")),
        };
        let name = &self.key.name;
        let Some((number, text, note)) = record(&bytes) else {
            return Vouched::Forged(format!("the record of it that Go's cache has of {name} cannot be read"));
        };
        let own = match head(note, &self.key) {
            Ok(Some(head)) => head,
            Ok(None) => return Vouched::Forged(format!("the record of it bears a signature that {name} did not make")),
            Err(()) => return Vouched::Forged(format!("the record of it is not signed with the key of {name}")),
        };
        let hash = of_record(text);
        let heads = [Some(own), self.latest].into_iter().flatten();
        let found: Vec<Result<(), Lack>> =
            heads.map(|(size, tree)| self.tiles.holds(number, hash, size, &tree)).collect();
        if !found.contains(&Ok(())) {
            return if found.contains(&Err(Lack::Differs)) {
                Vouched::Forged(format!("the record of it is not in the tree that {name} signed"))
            } else {
                Vouched::Untold(format!("not all that proves its record in {name} is in Go's cache"))
            };
        }
        let line = format!("{path} {version} {sum}");
        let said = std::str::from_utf8(text).unwrap_or_default();
        if said.lines().any(|known| known == line) {
            return Vouched::Verified;
        }
        let about = format!("{path} {version} h1:");
        if said.lines().any(|known| known.starts_with(&about)) {
            return Vouched::Forged(format!("go.sum has another checksum than {name} signed"));
        }
        Vouched::Untold(format!("the record of it in {name} does not speak of this checksum"))
    }
}

/// The key that the installed Go has for a database, as its own source says.
fn of_go(name: &str, ask: &Ask<'_>) -> Option<Key> {
    let program = ask.options.homes.program("go", ask.look)?;
    let source = program.parent()?.parent()?.join("src/cmd/go/internal/modfetch/key.go");
    let text = ask.look.text(&source, LARGEST).ok()?;
    let keys = text.split('"').filter_map(Key::parse);
    keys.into_iter().find(|key| key.name == name)
}

/// The key for the database that Go would ask: that of the settings, a pinned one, or what the installed Go has.
fn key(env: &Env, pinned: &[String], ask: &Ask<'_>) -> Option<Key> {
    let own = Key::parse(&env.database_key);
    let mut pinned = pinned.iter().filter_map(|key| Key::parse(key)).filter(|key| key.name == env.database).peekable();
    if pinned.peek().is_some() {
        // Who pins one means that one, whatever the settings say.
        return pinned.next();
    }
    own.or_else(|| of_go(&env.database, ask))
}

/// Whether this is `NAME+HASH+KEY` with a key that can be used.
pub(super) fn is_key(text: &str) -> bool {
    Key::parse(text).is_some()
}

/// By artifact: who vouches for its checksum.
pub(super) fn signed(
    lockfile: &Path,
    artifacts: &[&Artifact],
    pinned: &[String],
    ask: &Ask<'_>,
) -> Vec<(String, Vouched)> {
    let env = Env::read(ask);
    let project = Project::read(lockfile, &env, ask);
    let sums = read_sums(&mut Judged::new(lockfile), &project, ask);
    let sums: Vec<&Sums> = sums.iter().map(|file| &file.sums).collect();
    let key = key(&env, pinned, ask);
    let mut database = key.map(|key| {
        let folder = env.cache.join("cache/download/sumdb").join(&key.name);
        let tiles = Tiles::new(folder.join("tile/8"), ask.look);
        let latest = ask.look.bytes(&env.folder.join("pkg/sumdb").join(&key.name).join("latest"), LARGEST);
        let latest = latest.ok().and_then(|note| head(&note, &key).ok().flatten());
        Database { folder, key, tiles, look: ask.look, latest }
    });
    let mut told = Vec::new();
    for artifact in artifacts {
        let vouched = if !env.asks_database(&artifact.name) {
            Vouched::Unsigned("is kept from the database of checksums by the settings of Go".into())
        } else if let Some((sum, _)) = sums.iter().find_map(|sums| sums.of(&artifact.name, &artifact.version)) {
            match &mut database {
                Some(database) => database.vouches(&artifact.name, &artifact.version, sum),
                None => Vouched::Untold(format!("the key of {} is not known here", env.database)),
            }
        } else {
            Vouched::Unsigned("has no checksum in go.sum".into())
        };
        told.push((artifact.id.clone(), vouched));
    }
    told
}
