//! Packs a judgement. The order is that in which `read` reads.

use super::{ALGORITHMS, STATES, flags};
use crate::ecosystem::{Graph, Judged, Line, Repair, Shared, Verdict};
use crate::ledger::{Crowd, Ledger};
use crate::pack::Pack;
use crate::verify::Content;
use contract::{Artifact, EcosystemReadiness, Range};
use serde::Serialize;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The judgement behind what was packed so far; where everything is here, its artifacts apart, unless `counts_only`.
pub(super) fn judged(
    head: Pack,
    judged: &Judged,
    counts: &EcosystemReadiness,
    ledger: &Ledger,
    target: &str,
    counts_only: bool,
) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut before = 0;
    let crowds = ledger.crowds.iter().map(|crowd| {
        let places = Places { crowd, before, next: Cell::new(0) };
        before += crowd.len() as u64;
        places
    });
    let mut write = Writer { pack: Pack::default(), crowds: crowds.collect(), known: HashMap::new(), target };
    let complete = counts.present == counts.total;
    if complete && counts_only {
        write.pack = head;
        write.head(judged, counts);
        // No bytes have this hash.
        write.pack.bytes(&[0; 32]);
        return (write.pack.out, None);
    }
    write.whole(judged);
    let artifacts = std::mem::replace(&mut write.pack, head).out;
    write.head(judged, counts);
    if complete {
        write.pack.bytes(blake3::hash(&artifacts).as_bytes());
        return (write.pack.out, Some(artifacts));
    }
    write.pack.bytes(&artifacts);
    (write.pack.out, None)
}

/// A crowd's paths, which artifacts name in the crowd's order: the next one is guessed, not searched for.
struct Places<'a> {
    crowd: &'a Crowd,
    /// Paths of the crowds before.
    before: u64,
    /// Behind the path that was named last.
    next: Cell<usize>,
}

impl Places<'_> {
    /// The number of a path, from 1 on, if it is the one that was named last or the one behind.
    fn of(&self, path: &[u8]) -> Option<u64> {
        let base = self.crowd.base.as_os_str().as_encoded_bytes();
        let below = path.strip_prefix(base)?.strip_prefix(b"/")?;
        let next = self.next.get();
        let last = next.saturating_sub(1);
        let at = [last, next].into_iter().find(|&at| at < self.crowd.len() && self.crowd.below_base(at) == below)?;
        self.next.set(at + 1);
        Some(self.before + at as u64 + 1)
    }
}

struct Writer<'a> {
    pack: Pack,
    crowds: Vec<Places<'a>>,
    /// Sentences that stand often.
    known: HashMap<&'a str, u64>,
    target: &'a str,
}

impl<'a> Writer<'a> {
    fn whole(&mut self, judged: &'a Judged) {
        self.pack.number(judged.artifacts.len() as u64);
        for ((artifact, content), repair) in judged.artifacts.iter().zip(&judged.contents).zip(&judged.repairs) {
            self.artifact(artifact, content.as_ref(), repair);
        }
        self.pack.number(judged.shared.len() as u64);
        for shared in &judged.shared {
            self.shared(shared);
        }
        self.graph(&judged.graph);
    }

    fn head(&mut self, judged: &'a Judged, counts: &EcosystemReadiness) {
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
        let complete = counts.present == counts.total;
        self.pack.out.push(u8::from(complete));
        if complete {
            self.json(counts);
            let mut rests_on = vec![0; judged.artifacts.len()];
            for (number, shared) in (1_u64..).zip(&judged.shared) {
                shared.artifacts.iter().for_each(|&at| rests_on[at as usize] = number);
            }
            let own = judged.contents.iter().zip(&judged.artifacts).zip(rests_on);
            let own: Vec<_> = own
                .filter_map(|((content, a), rests_on)| Some((content.as_ref()?, !a.other_target, rests_on)))
                .collect();
            let shared: Vec<_> = judged.shared.iter().map(|shared| (&shared.content, true, 0)).collect();
            for claims in [own, shared] {
                self.pack.number(claims.len() as u64);
                for (content, needed, rests_on) in claims {
                    self.pack.out.push(u8::from(needed));
                    self.pack.bytes(&content.claim());
                    self.pack.number(content.identity.size);
                    self.pack.number(rests_on);
                }
            }
        }
    }

    /// What is rare, or short.
    fn json(&mut self, what: &impl Serialize) {
        self.pack.bytes(&serde_json::to_vec(what).unwrap_or_default());
    }

    fn path(&mut self, path: &Path) {
        let bytes = path.as_os_str().as_encoded_bytes();
        let place = self.crowds.iter().find_map(|places| places.of(bytes)).unwrap_or(0);
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
        let plain = plain_id(artifact);
        let flags = [
            (artifact.other_target, flags::OTHER_TARGET),
            (artifact.dev, flags::DEV),
            (artifact.optional, flags::OPTIONAL),
            (artifact.target.is_some(), flags::TARGET),
            (artifact.bytes.is_some(), flags::BYTES),
            (content.is_some(), flags::CONTENT),
            (plain, flags::PLAIN_ID),
            (repair.spec.is_some(), flags::SPEC),
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
        if let Some(content) = content {
            self.content(content);
        }
        if let Some(spec) = &repair.spec {
            self.pack.text(spec);
        }
        self.paths(&repair.set_aside);
    }

    fn content(&mut self, content: &'a Content) {
        let Content { path, sum, identity, read } = content;
        self.path(path);
        self.pack.out.push(ALGORITHMS.iter().position(|known| *known == sum.algorithm).unwrap_or(0) as u8);
        self.pack.bytes(&sum.bytes);
        for word in identity.words() {
            self.pack.number(word);
        }
        self.pack.out.push(u8::from(read.is_some()));
        if let Some(taken) = read {
            self.pack.bytes(&taken.what);
        }
    }

    fn shared(&mut self, shared: &'a Shared) {
        self.content(&shared.content);
        self.sentence(&shared.broken);
        self.pack.number(shared.artifacts.len() as u64);
        for at in &shared.artifacts {
            self.pack.number(u64::from(*at));
        }
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

/// Whether the id is `<ecosystem>:<name>@<version>`.
fn plain_id(artifact: &Artifact) -> bool {
    let rest = artifact.id.strip_prefix(artifact.ecosystem.as_str()).and_then(|rest| rest.strip_prefix(':'));
    let version = rest.and_then(|rest| rest.strip_prefix(artifact.name.as_str())?.strip_prefix('@'));
    version == Some(artifact.version.as_str())
}
