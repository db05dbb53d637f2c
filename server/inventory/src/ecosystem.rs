//! What an ecosystem has to know, and the answer it gives about one lockfile.
//! A new ecosystem is one implementation of [`Ecosystem`]; nothing else here names one.

use crate::brief::Brief;
use crate::fetch::Wanted;
use crate::homes::Options;
use crate::look::{Look, Unread};
use crate::memory::Memory;
use crate::registries::Registry;
use crate::text::Places;
use crate::verify::Content;
use crate::vouched::Vouched;
use contract::{Artifact, ArtifactState, Cache, FetchStep, Finding, ManifestLine, Mirror, Range, Severity, codes};
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// One package manager: how its lockfiles read and where what they name is kept.
pub(crate) trait Ecosystem: Send + Sync {
    /// `cargo`, `npm`, ….
    fn name(&self) -> &'static str;
    /// File names of its lockfiles; of those in one folder the first that exists counts.
    fn lockfiles(&self) -> &'static [&'static str];
    /// Whether a file of this name is one too, told by its beginning or end.
    fn is_lockfile(&self, _name: &str) -> bool {
        false
    }
    /// Whether all of its lockfiles in one folder count, not the first alone.
    fn each_lockfile_counts(&self) -> bool {
        false
    }
    /// Lockfiles of other tools beside which its own are copies for others, and not judged.
    fn yields_to(&self) -> &'static [&'static str] {
        &[]
    }
    /// File name of its manifests.
    fn manifest(&self) -> &'static str;
    /// Whether a lockfile among `all` below `root` is judged by itself.
    fn counts(&self, _lockfile: &Path, _all: &[PathBuf], _root: &Path, _look: &Look) -> bool {
        true
    }
    /// Judges everything that a lockfile names.
    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged;
    /// Where a lockfile's text names artifacts, by id, and where it cannot be read.
    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>);
    /// The dependencies that a manifest's text names; none where it cannot be read.
    fn dependencies(&self, text: &str) -> Vec<Named>;
    /// Whether the tool would want a lockfile beside a manifest of this text.
    fn needs_lockfile(&self, manifest: &str) -> bool;
    /// Whether a whole file says what was taken from it by a quick look; see [`crate::verify::Taken`].
    fn says(&self, _file: &[u8], _taken: &[u8]) -> bool {
        false
    }
    /// The registries that the lockfile's packages come from, and what each is to be asked; `missing`: what is not here.
    fn registries(&self, _lockfile: &Path, _missing: &[&Artifact], _ask: &Ask<'_>) -> Vec<Registry> {
        Vec::new()
    }
    /// When the tool may begin to delete something that the lockfile names, in seconds since 1970, and in which cache.
    fn expiry(&self, _lockfile: &Path, _ask: &Ask<'_>) -> Option<(PathBuf, i64)> {
        None
    }
    /// The artifacts of the lockfile that their registry has withdrawn or advises against, by id, and in which words, as far as
    /// what is here says so; `None`: nothing here would.
    fn deprecated(&self, _lockfile: &Path, _artifacts: &[&Artifact], _ask: &Ask<'_>) -> Option<Vec<(String, String)>> {
        None
    }
    /// Who vouches for the artifacts of the lockfile, by id; `keys`: public ones that the workspace pins. `None`: nothing here would say.
    fn signed(
        &self,
        _lockfile: &Path,
        _artifacts: &[&Artifact],
        _keys: &[String],
        _ask: &Ask<'_>,
    ) -> Option<Vec<(String, Vouched)>> {
        None
    }
    /// Whether a key that a workspace pins is one for this ecosystem's signatures.
    fn reads_key(&self, _key: &str) -> bool {
        false
    }
    /// The tool's own commands that bring what is wanted.
    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep>;
}

/// What an ecosystem is given to judge with. It may look at files through `look` only.
pub(crate) struct Ask<'a> {
    pub options: &'a Options,
    /// The triple to judge for.
    pub target: &'a str,
    pub look: &'a Look,
    pub memory: &'a dyn Memory,
}

/// A place in a lockfile that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub span: Span<usize>,
    pub reason: String,
}

/// A dependency as a manifest's text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The key that stands there.
    pub key: String,
    pub span: Span<usize>,
}

/// How the tool would take the lockfile as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing against it.
    Sound,
    /// It refuses, whatever the caches hold.
    Refused(String),
    /// It cannot be told.
    Doubtful(String),
}

impl Verdict {
    /// The worse of both; of two equally bad the first.
    pub(crate) fn worsen(&mut self, other: Verdict) {
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Sound => 0,
            Verdict::Doubtful(_) => 1,
            Verdict::Refused(_) => 2,
        };
        if rank(&other) > rank(self) {
            *self = other;
        }
    }
}

/// What a fetch has to know about one artifact.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repair {
    /// What the tool is asked for, where it can be asked for one thing; with pnpm the store to fetch into; with pip
    /// the Python that runs it, its command, and the folder to fetch into, each on its line.
    pub spec: Option<String>,
    /// What has to be out of the way before the tool fetches it anew, where it is damaged.
    pub set_aside: Vec<PathBuf>,
}

/// A file that several artifacts may rest on.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub content: Content,
    /// Places of the artifacts.
    pub artifacts: Vec<u32>,
    /// What is said of them where it does not hold.
    pub broken: String,
}

/// The answer about one lockfile.
pub(crate) struct Judged {
    pub lockfile: PathBuf,
    pub verdict: Verdict,
    pub artifacts: Vec<Artifact>,
    /// Beside each artifact: the file to verify, where one is there.
    pub contents: Vec<Option<Content>>,
    /// Further files to verify, each of which artifacts rest on: npm's descriptions of packages.
    pub shared: Vec<Shared>,
    /// Beside each artifact: what a fetch has to know.
    pub repairs: Vec<Repair>,
    pub graph: Graph,
    /// What is wrong with the lockfile and its manifests themselves.
    pub findings: Vec<Finding>,
    pub caches: Vec<Cache>,
    pub mirrors: Vec<Mirror>,
    /// Folders and files whose change can change the answer.
    pub watch: Vec<PathBuf>,
    /// The manifests that the lockfile was read for.
    pub manifests: Vec<PathBuf>,
    /// Artifacts, contents, repairs and graph are still packed.
    pub brief: Option<Brief>,
}

impl Judged {
    pub(crate) fn new(lockfile: &Path) -> Self {
        Judged {
            lockfile: lockfile.to_path_buf(),
            verdict: Verdict::Sound,
            artifacts: Vec::new(),
            contents: Vec::new(),
            shared: Vec::new(),
            repairs: Vec::new(),
            graph: Graph::default(),
            findings: Vec::new(),
            caches: Vec::new(),
            mirrors: Vec::new(),
            watch: vec![lockfile.to_path_buf()],
            manifests: Vec::new(),
            brief: None,
        }
    }

    /// The files to verify: the artifacts' own in their order, then those that they share.
    pub(crate) fn to_verify(&self) -> impl Iterator<Item = &Content> {
        self.contents.iter().flatten().chain(self.shared.iter().map(|shared| &shared.content))
    }

    /// With the lockfile's text; none: it was not read, and that is the whole answer.
    pub(crate) fn begin(lockfile: &Path, largest: u64, look: &Look) -> (Self, Option<String>) {
        let mut judged = Judged::new(lockfile);
        let why = match look.text(lockfile, largest) {
            Ok(text) => return (judged, Some(text)),
            Err(why) => why,
        };
        let sentence = format!("the lockfile was not read: {why}");
        judged.malformed(Range::default(), sentence.clone());
        judged.verdict = match why {
            Unread::Absent => Verdict::Refused(sentence),
            _ => Verdict::Doubtful(sentence),
        };
        (judged, None)
    }

    /// Tells of a part of the lockfile that its reader gave up.
    pub(crate) fn broken(&mut self, broken: &Broken, places: &Places<'_>) {
        let message = format!("this part of the lockfile cannot be read: {}", broken.reason);
        self.malformed(places.range(broken.span.clone()), message);
    }

    pub(crate) fn malformed(&mut self, range: Range, message: String) {
        self.findings.push(Finding {
            code: codes::MALFORMED_LOCKFILE.into(),
            severity: Severity::Error,
            message,
            file: self.lockfile.clone(),
            range,
            source: "holdover".into(),
            data: None,
        });
    }
}

/// Who needs whom in one lockfile.
#[derive(Default)]
pub(crate) struct Graph {
    /// `name version`, or a member's name.
    pub labels: Vec<String>,
    /// By node: the nodes it needs.
    pub needs: Vec<Vec<u32>>,
    /// By node: its artifact, if it is one.
    pub artifact: Vec<Option<u32>>,
    /// Lines of manifests and the nodes they lead to.
    pub lines: Vec<Line>,
}

/// A dependency's line in a manifest.
pub(crate) struct Line {
    pub file: PathBuf,
    pub range: Range,
    pub dependency: String,
    pub to: Vec<u32>,
}

impl Line {
    fn shown(&self, direct: bool) -> ManifestLine {
        ManifestLine { file: self.file.clone(), range: self.range, dependency: self.dependency.clone(), direct }
    }
}

/// More steps are not taken to find every line that brings in what is not present: then only the nearest is.
const MOST_STEPS: usize = 100_000_000;

impl Graph {
    /// Fills in who needs each artifact, and the nearest manifest line that brings it in;
    /// for those that are not present, all such lines. O(nodes + edges) and as much again per artifact not present,
    /// up to [`MOST_STEPS`]; beyond that, also those have only the nearest.
    pub(crate) fn attribute(&self, artifacts: &mut [Artifact]) {
        let mut needed_by: Vec<Vec<u32>> = vec![Vec::new(); self.labels.len()];
        for (from, tos) in self.needs.iter().enumerate() {
            for &to in tos {
                needed_by[to as usize].push(from as u32);
            }
        }
        let mut lines_of: Vec<Vec<u32>> = vec![Vec::new(); self.labels.len()];
        for (at, line) in self.lines.iter().enumerate() {
            for &to in &line.to {
                lines_of[to as usize].push(at as u32);
            }
        }
        // One search from all lines at once: the first to arrive is the nearest.
        let mut nearest: Vec<Option<u32>> = vec![None; self.labels.len()];
        let mut queue = std::collections::VecDeque::new();
        for (at, line) in self.lines.iter().enumerate() {
            for &to in &line.to {
                if nearest[to as usize].is_none() {
                    nearest[to as usize] = Some(at as u32);
                    queue.push_back(to);
                }
            }
        }
        while let Some(node) = queue.pop_front() {
            for &to in &self.needs[node as usize] {
                if nearest[to as usize].is_none() {
                    nearest[to as usize] = nearest[node as usize];
                    queue.push_back(to);
                }
            }
        }
        // Who is not present is searched for one by one, as long as that stays within a second.
        let absent = artifacts.iter().filter(|artifact| artifact.state != ArtifactState::Present).count();
        let once = self.labels.len() + self.needs.iter().map(Vec::len).sum::<usize>();
        let all_lines = absent.saturating_mul(once) <= MOST_STEPS;
        for (node, artifact) in self.artifact.iter().enumerate() {
            let Some(at) = artifact.map(|at| at as usize) else { continue };
            let artifact = &mut artifacts[at];
            artifact.needed_by = needed_by[node].iter().map(|&from| self.labels[from as usize].clone()).collect();
            let direct = |line: u32| self.lines[line as usize].to.contains(&(node as u32));
            artifact.manifests = if artifact.state == ArtifactState::Present || !all_lines {
                nearest[node].map(|line| self.lines[line as usize].shown(direct(line))).into_iter().collect()
            } else {
                let lines = self.lines_above(node as u32, &needed_by, &lines_of);
                lines.into_iter().map(|line| self.lines[line as usize].shown(direct(line))).collect()
            };
        }
    }

    /// Every line that leads to a node, nearest first.
    fn lines_above(&self, node: u32, needed_by: &[Vec<u32>], lines_of: &[Vec<u32>]) -> Vec<u32> {
        let mut seen = vec![false; self.labels.len()];
        let mut queue = std::collections::VecDeque::from([node]);
        seen[node as usize] = true;
        let mut lines = Vec::new();
        while let Some(node) = queue.pop_front() {
            lines.extend_from_slice(&lines_of[node as usize]);
            for &from in &needed_by[node as usize] {
                if !std::mem::replace(&mut seen[from as usize], true) {
                    queue.push_back(from);
                }
            }
        }
        let mut known = std::collections::HashSet::new();
        lines.retain(|line| known.insert(*line));
        lines
    }
}
