//! Remembers the finished judgement of a lockfile with everything that it rests on, and gives it back while that holds.
//! May not judge. What is given back was judged by these rules, for this question, from files that all stand as they did.

use crate::ecosystem::{Ask, Graph, Judged, Line, Repair, Verdict};
use crate::ledger::{Crowd, Ledger};
use crate::look::{Identity, Seen};
use crate::pack::{Pack, Unpack};
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Position, Range};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

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
    *hasher.finalize().as_bytes()
}

/// At the beginning of what is remembered: the hash of the rest, then the basis.
const HEAD: usize = 64;

/// What is to be remembered, where it can be: not while a file could change without showing it.
pub(crate) fn remember(ecosystem: &str, judged: &Judged, ledger: &Ledger, ask: &Ask<'_>) -> Option<Vec<u8>> {
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
    // A path that was looked at is named by its place afterwards.
    let mut places = HashMap::new();
    let mut place = 0;
    for crowd in &ledger.crowds {
        paths.path(&crowd.base);
        paths.number(crowd.len() as u64);
        for at in 0..crowd.len() {
            paths.path_bytes(crowd.below_base(at));
            place += 1;
            places.entry(crowd.whole(at).into_os_string()).or_insert(place);
        }
    }
    pack.bytes(&paths.out);
    let mut write = Writer { pack, places, known: HashMap::new(), target: ask.target };
    write.judged(judged);
    let mut out = write.pack.out;
    out[32..HEAD].copy_from_slice(&basis(ecosystem, &judged.lockfile, ask));
    let hash = blake3::hash(&out[32..]);
    out[..32].copy_from_slice(hash.as_bytes());
    Some(out)
}

/// What was remembered, if it was for this question and everything stands as it did; with what it rests on.
pub(crate) fn recall(ecosystem: &str, lockfile: &Path, bytes: &[u8], ask: &Ask<'_>) -> Option<(Judged, Ledger)> {
    let (hash, rest) = bytes.split_first_chunk::<32>()?;
    let (remembered, body) = rest.split_first_chunk::<32>()?;
    let (digest, body) = body.split_first_chunk::<32>()?;
    if *remembered != basis(ecosystem, lockfile, ask) {
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
        Reader { unpack, crowds: &ledger.crowds, known: Vec::new(), target: ask.target }.judged(lockfile)
    };
    let (now, judged) = rayon::join(look, read);
    let (now, judged) = (now?, judged?);
    ledger.take(now);
    Some((judged, ledger))
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

struct Writer<'a> {
    pack: Pack,
    /// By text: comparing paths part by part takes longer than everything else here.
    places: HashMap<OsString, u64>,
    /// Sentences that stand often.
    known: HashMap<&'a str, u64>,
    target: &'a str,
}

const STATES: [ArtifactState; 5] = [
    ArtifactState::Present,
    ArtifactState::Missing,
    ArtifactState::Corrupt,
    ArtifactState::Stale,
    ArtifactState::Unknown,
];
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

const OTHER_TARGET: u8 = 1;
const DEV: u8 = 2;
const OPTIONAL: u8 = 4;
const TARGET: u8 = 8;
const BYTES: u8 = 16;
const CONTENT: u8 = 32;
const PLAIN_ID: u8 = 64;
const SPEC: u8 = 128;

fn plain_id(ecosystem: &str, name: &str, version: &str) -> String {
    format!("{ecosystem}:{name}@{version}")
}

impl<'a> Writer<'a> {
    fn judged(&mut self, judged: &'a Judged) {
        let (rank, why) = match &judged.verdict {
            Verdict::Sound => (0, ""),
            Verdict::Refused(why) => (1, why.as_str()),
            Verdict::Doubtful(why) => (2, why.as_str()),
        };
        self.pack.number(rank);
        self.pack.text(why);
        self.json(&judged.findings);
        self.json(&judged.caches);
        self.json(&judged.mirrors);
        self.paths(&judged.watch);
        self.paths(&judged.manifests);
        self.pack.number(judged.artifacts.len() as u64);
        for ((artifact, content), repair) in judged.artifacts.iter().zip(&judged.contents).zip(&judged.repairs) {
            self.artifact(artifact, content.as_ref(), repair);
        }
        self.graph(&judged.graph);
    }

    /// What is rare, or short.
    fn json(&mut self, what: &impl Serialize) {
        self.pack.bytes(&serde_json::to_vec(what).unwrap_or_default());
    }

    fn path(&mut self, path: &Path) {
        let place = self.places.get(path.as_os_str()).copied().unwrap_or(0);
        self.pack.number(place);
        if place == 0 {
            self.pack.path(path);
        }
    }

    fn paths(&mut self, paths: &[PathBuf]) {
        self.pack.number(paths.len() as u64);
        for path in paths {
            self.path(path);
        }
    }

    fn sentence(&mut self, text: &'a str) {
        let next = self.known.len() as u64 + 1;
        if let Some(at) = self.known.get(text) {
            return self.pack.number(*at);
        }
        self.known.insert(text, next);
        self.pack.number(0);
        self.pack.text(text);
    }

    fn range(&mut self, range: &Range) {
        let Range { start, end } = range;
        let numbers = [start.byte, u64::from(start.line), u64::from(start.utf16)];
        for number in numbers {
            self.pack.number(number);
        }
        let behind = [end.byte.wrapping_sub(start.byte), u64::from(end.line.wrapping_sub(start.line))];
        for number in behind {
            self.pack.number(number);
        }
        self.pack.number(u64::from(end.utf16));
    }

    fn artifact(&mut self, artifact: &'a Artifact, content: Option<&'a Content>, repair: &'a Repair) {
        let plain = artifact.id == plain_id(&artifact.ecosystem, &artifact.name, &artifact.version);
        let flags = [
            (artifact.other_target, OTHER_TARGET),
            (artifact.dev, DEV),
            (artifact.optional, OPTIONAL),
            (artifact.target.is_some(), TARGET),
            (artifact.bytes.is_some(), BYTES),
            (content.is_some(), CONTENT),
            (plain, PLAIN_ID),
            (repair.spec.is_some(), SPEC),
        ];
        self.pack.out.push(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum());
        self.sentence(&artifact.ecosystem);
        self.pack.text(&artifact.name);
        self.pack.text(&artifact.version);
        if !plain {
            self.pack.text(&artifact.id);
        }
        self.pack.out.push(STATES.iter().position(|state| *state == artifact.state).unwrap_or(4) as u8);
        self.sentence(&artifact.evidence);
        self.paths(&artifact.looked_in);
        if let Some(target) = &artifact.target {
            self.sentence(if target == self.target { "" } else { target });
        }
        if let Some(bytes) = artifact.bytes {
            self.pack.number(bytes);
        }
        self.range(&artifact.range);
        if let Some(Content { path, sum, identity }) = content {
            self.path(path);
            self.pack.out.push(ALGORITHMS.iter().position(|known| *known == sum.algorithm).unwrap_or(0) as u8);
            self.pack.bytes(&sum.bytes);
            for word in identity.words() {
                self.pack.number(word);
            }
        }
        if let Some(spec) = &repair.spec {
            self.pack.text(spec);
        }
        self.paths(&repair.set_aside);
    }

    fn graph(&mut self, graph: &'a Graph) {
        self.pack.number(graph.labels.len() as u64);
        for ((label, needs), artifact) in graph.labels.iter().zip(&graph.needs).zip(&graph.artifact) {
            self.pack.text(label);
            self.pack.number(needs.len() as u64);
            for to in needs {
                self.pack.number(u64::from(*to));
            }
            self.pack.number(artifact.map_or(0, |at| u64::from(at) + 1));
        }
        self.pack.number(graph.lines.len() as u64);
        for Line { file, range, dependency, to } in &graph.lines {
            self.path(file);
            self.range(range);
            self.pack.text(dependency);
            self.pack.number(to.len() as u64);
            for to in to {
                self.pack.number(u64::from(*to));
            }
        }
    }
}

struct Reader<'a, 'p> {
    unpack: Unpack<'a>,
    crowds: &'p [Crowd],
    known: Vec<&'a str>,
    target: &'p str,
}

impl<'a> Reader<'a, '_> {
    fn judged(mut self, lockfile: &Path) -> Option<Judged> {
        let mut judged = Judged::new(lockfile);
        let (rank, why) = (self.unpack.number()?, self.unpack.text()?.to_owned());
        judged.verdict = match rank {
            0 => Verdict::Sound,
            1 => Verdict::Refused(why),
            2 => Verdict::Doubtful(why),
            _ => return None,
        };
        judged.findings = self.json()?;
        judged.caches = self.json()?;
        judged.mirrors = self.json()?;
        judged.watch = self.paths()?;
        judged.manifests = self.paths()?;
        for _ in 0..self.unpack.count()? {
            let (artifact, content, repair) = self.artifact(lockfile)?;
            judged.artifacts.push(artifact);
            judged.contents.push(content);
            judged.repairs.push(repair);
        }
        judged.graph = self.graph(judged.artifacts.len())?;
        self.unpack.is_empty().then_some(judged)
    }

    fn json<T: DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_slice(self.unpack.bytes()?).ok()
    }

    fn path(&mut self) -> Option<PathBuf> {
        let Some(place) = self.unpack.number()?.checked_sub(1) else { return self.unpack.path() };
        let mut place = usize::try_from(place).ok()?;
        for crowd in self.crowds {
            if place < crowd.len() {
                return Some(crowd.whole(place));
            }
            place -= crowd.len();
        }
        None
    }

    fn paths(&mut self) -> Option<Vec<PathBuf>> {
        (0..self.unpack.count()?).map(|_| self.path()).collect()
    }

    fn sentence(&mut self) -> Option<&'a str> {
        if let Some(at) = self.unpack.number()?.checked_sub(1) {
            return self.known.get(usize::try_from(at).ok()?).copied();
        }
        let text = self.unpack.text()?;
        self.known.push(text);
        Some(text)
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.unpack.number()?).ok()
    }

    fn range(&mut self) -> Option<Range> {
        let byte = self.unpack.number()?;
        let start = Position { byte, line: self.small()?, utf16: self.small()? };
        let end = Position {
            byte: byte.wrapping_add(self.unpack.number()?),
            line: start.line.wrapping_add(self.small()?),
            utf16: self.small()?,
        };
        Some(Range { start, end })
    }

    fn artifact(&mut self, lockfile: &Path) -> Option<(Artifact, Option<Content>, Repair)> {
        let flags = self.unpack.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let ecosystem = self.sentence()?;
        let (name, version) = (self.unpack.text()?, self.unpack.text()?);
        let id = if has(PLAIN_ID) { plain_id(ecosystem, name, version) } else { self.unpack.text()?.to_owned() };
        let state = *STATES.get(usize::from(self.unpack.byte()?))?;
        let evidence = self.sentence()?.to_owned();
        let looked_in = self.paths()?;
        let target = if has(TARGET) { Some(self.sentence()?) } else { None };
        let artifact = Artifact {
            id,
            ecosystem: ecosystem.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            state,
            evidence,
            looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: target.map(|target| if target.is_empty() { self.target } else { target }.to_owned()),
            other_target: has(OTHER_TARGET),
            dev: has(DEV),
            optional: has(OPTIONAL),
            bytes: if has(BYTES) { Some(self.unpack.number()?) } else { None },
            file: lockfile.to_path_buf(),
            range: self.range()?,
            manifests: Vec::new(),
        };
        let content = if has(CONTENT) { Some(self.content()?) } else { None };
        let spec = if has(SPEC) { Some(self.unpack.text()?.to_owned()) } else { None };
        Some((artifact, content, Repair { spec, set_aside: self.paths()? }))
    }

    fn content(&mut self) -> Option<Content> {
        let path = self.path()?;
        let algorithm = *ALGORITHMS.get(usize::from(self.unpack.byte()?))?;
        let bytes = self.unpack.bytes()?.to_vec();
        let mut words = [0; 7];
        for word in &mut words {
            *word = self.unpack.number()?;
        }
        Some(Content { path, sum: Sum { algorithm, bytes }, identity: Identity::from_words(words) })
    }

    fn graph(&mut self, artifacts: usize) -> Option<Graph> {
        let mut graph = Graph::default();
        let nodes = self.unpack.count()?;
        let node = |to: u32| ((to as usize) < nodes).then_some(to);
        for _ in 0..nodes {
            graph.labels.push(self.unpack.text()?.to_owned());
            graph.needs.push((0..self.unpack.count()?).map(|_| node(self.small()?)).collect::<Option<_>>()?);
            let artifact = self.small()?.checked_sub(1);
            if artifact.is_some_and(|at| at as usize >= artifacts) {
                return None;
            }
            graph.artifact.push(artifact);
        }
        for _ in 0..self.unpack.count()? {
            let (file, range, dependency) = (self.path()?, self.range()?, self.unpack.text()?.to_owned());
            let to = (0..self.unpack.count()?).map(|_| node(self.small()?)).collect::<Option<_>>()?;
            graph.lines.push(Line { file, range, dependency, to });
        }
        Some(graph)
    }
}
