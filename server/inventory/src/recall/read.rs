//! Reads what `write` packed. Takes any bytes: what does not fit is `None`, never a panic.

use super::{ALGORITHMS, STATES, flags};
use crate::brief::{Brief, Claimed, Packed};
use crate::ecosystem::{Graph, Judged, Line, Repair, Shared, Verdict};
use crate::fetch::Known;
use crate::ledger::Crowd;
use crate::look::Identity;
use crate::pack::Unpack;
use crate::verify::{Content, Sum, Taken};
use contract::{Artifact, Position, Range};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A judgement; without its artifacts where nothing of what is needed is wrong with them: those were packed apart.
pub(super) fn judged(
    unpack: Unpack<'_>,
    crowds: &[Crowd],
    lockfile: &Path,
    target: &str,
    ecosystem: Known,
) -> Option<Judged> {
    let mut read = Reader { unpack, crowds, known: Vec::new(), target, ecosystem };
    let mut judged = read.head(lockfile)?;
    let rest = read.unpack.bytes()?;
    match &mut judged.brief {
        Some(brief) => brief.artifacts = rest.try_into().ok()?,
        None => whole(rest, crowds, lockfile, target, ecosystem)?.into(&mut judged),
    }
    read.unpack.is_empty().then_some(judged)
}

/// What artifacts are, and what stands beside them.
#[derive(Default)]
pub(super) struct Whole {
    artifacts: Vec<Artifact>,
    contents: Vec<Option<Content>>,
    repairs: Vec<Repair>,
    shared: Vec<Shared>,
    graph: Graph,
}

impl Whole {
    pub(super) fn into(self, judged: &mut Judged) {
        judged.artifacts = self.artifacts;
        judged.contents = self.contents;
        judged.repairs = self.repairs;
        judged.shared = self.shared;
        judged.graph = self.graph;
    }
}

/// The artifacts of a judgement.
pub(super) fn whole(packed: &[u8], crowds: &[Crowd], lockfile: &Path, target: &str, ecosystem: Known) -> Option<Whole> {
    let mut read = Reader { unpack: Unpack::new(packed), crowds, known: Vec::new(), target, ecosystem };
    read.whole(lockfile)
}

struct Reader<'a, 'p> {
    unpack: Unpack<'a>,
    crowds: &'p [Crowd],
    known: Vec<&'a str>,
    target: &'p str,
    ecosystem: Known,
}

impl<'a> Reader<'a, '_> {
    fn head(&mut self, lockfile: &Path) -> Option<Judged> {
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
        if self.unpack.byte()? == 1 {
            judged.brief = Some(Brief {
                counts: self.json()?,
                target: self.target.to_owned(),
                ecosystem: Some(self.ecosystem),
                claims: (0..self.unpack.count()?).map(|_| self.claimed()).collect::<Option<_>>()?,
                shared: (0..self.unpack.count()?).map(|_| self.claimed()).collect::<Option<_>>()?,
                artifacts: [0; 32],
                packed: Packed::default(),
            });
        }
        Some(judged)
    }

    fn claimed(&mut self) -> Option<Claimed> {
        let needed = self.unpack.byte()? == 1;
        let claim = self.unpack.bytes()?.try_into().ok()?;
        Some(Claimed { claim, size: self.unpack.number()?, needed, verified: false, rests_on: self.small()? })
    }

    fn whole(&mut self, lockfile: &Path) -> Option<Whole> {
        let mut whole = Whole::default();
        for _ in 0..self.unpack.count()? {
            let (artifact, content, repair) = self.artifact(lockfile)?;
            whole.artifacts.push(artifact);
            whole.contents.push(content);
            whole.repairs.push(repair);
        }
        for _ in 0..self.unpack.count()? {
            whole.shared.push(self.shared(whole.artifacts.len())?);
        }
        whole.graph = self.graph(whole.artifacts.len())?;
        self.unpack.is_empty().then_some(whole)
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
        let id = if has(flags::PLAIN_ID) {
            [ecosystem, ":", name, "@", version].concat()
        } else {
            self.unpack.text()?.to_owned()
        };
        let state = *STATES.get(usize::from(self.unpack.byte()?))?;
        let evidence = self.sentence()?.to_owned();
        let looked_in = self.paths()?;
        let target = if has(flags::TARGET) { Some(self.sentence()?) } else { None };
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
            other_target: has(flags::OTHER_TARGET),
            dev: has(flags::DEV),
            optional: has(flags::OPTIONAL),
            bytes: if has(flags::BYTES) { Some(self.unpack.number()?) } else { None },
            file: lockfile.to_path_buf(),
            range: self.range()?,
            manifests: Vec::new(),
        };
        let content = if has(flags::CONTENT) { Some(self.content()?) } else { None };
        let spec = if has(flags::SPEC) { Some(self.unpack.text()?.to_owned()) } else { None };
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
        let read = match self.unpack.byte()? {
            0 => None,
            _ => Some(Taken { by: self.ecosystem, what: self.unpack.bytes()?.to_vec() }),
        };
        Some(Content { path, sum: Sum { algorithm, bytes }, identity: Identity::from_words(words), read })
    }

    fn shared(&mut self, artifacts: usize) -> Option<Shared> {
        let (content, broken) = (self.content()?, self.sentence()?.to_owned());
        let place = |at: u32| ((at as usize) < artifacts).then_some(at);
        let artifacts = (0..self.unpack.count()?).map(|_| place(self.small()?)).collect::<Option<_>>()?;
        Some(Shared { content, artifacts, broken })
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
