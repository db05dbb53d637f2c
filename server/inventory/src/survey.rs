//! Surveys a workspace: finds its lockfiles, has them judged, verifies what is cheap to verify, and counts.
//! May not know an ecosystem by name; keeps the last answer so that "nothing has changed" costs next to nothing.

use crate::brief::Artifacts;
use crate::compare::compare;
use crate::count::{count, counts};
use crate::discover::Discovery;
use crate::ecosystem::{Ask, Judged, Verdict};
use crate::fetch::Known;
use crate::ground::Ground;
use crate::homes::{self, Depth, Options};
use crate::ledger::Ledger;
use crate::look::Look;
use crate::memory::{self, Memory};
use crate::patience::{self, Ended, Lent};
use crate::recall::{self, Remembered};
use crate::unlocked;
use crate::verify::{Verification, VerificationOutcome, Verified};
use contract::{Artifact, ArtifactState, Cache, Finding, Mirror, PreflightReport, Readiness};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The ecosystems that are known, in the order in which they are shown.
pub(crate) fn ecosystems() -> &'static [Known] {
    &[
        &crate::cargo::Cargo,
        &crate::npm::Npm,
        &crate::pnpm::Pnpm,
        &crate::uv::Uv,
        &crate::pip::Pip,
        &crate::poetry::Poetry,
        &crate::yarn::Yarn,
        &crate::go::Go,
        &crate::maven::Maven,
        &crate::submodules::Submodules,
        &crate::lfs::Lfs,
        &crate::gradle::Gradle,
        &crate::oci::Oci,
        &crate::terraform::Terraform,
    ]
}

/// Surveys one workspace again and again, and remembers the last answer. No look of it waits for a file system for longer than
/// [`Options::patience`]: what does not answer is passed over, and unknown with that reason, until it answers.
pub struct Inventory {
    root: PathBuf,
    options: Arc<Options>,
    verified: Verified,
    /// Away while it looks; one that was left behind does not come back.
    looking: Box<Looking>,
}

/// What looks: it can be left behind on its thread.
struct Looking {
    root: PathBuf,
    options: Arc<Options>,
    verified: Verified,
    recalled: bool,
    discovery: Discovery,
    last: Option<Last>,
}

struct Last {
    survey: Arc<Survey>,
    ledgers: Vec<Ledger>,
    generation: u64,
    /// Its files cannot be vouched for; see [`Ground::Unfit`].
    unfit: bool,
}

/// The answer about one workspace.
#[derive(Debug)]
pub struct Survey {
    /// Absolute path of the workspace.
    pub workspace: PathBuf,
    /// The counts.
    pub readiness: Readiness,
    /// Every artifact of every lockfile.
    pub artifacts: Artifacts,
    /// Everything there is to say about lockfiles and manifests as they stand on disk.
    pub findings: Vec<Finding>,
    /// The caches that were looked at.
    pub caches: Vec<Cache>,
    /// The registries that configuration names; none was asked. See [`crate::registries`] for those that are used.
    pub mirrors: Vec<Mirror>,
    /// Folders and files whose change can change the answer. Caches are watched at their top folders only: what
    /// changes deeper inside is seen by the next survey, which looks at every file.
    pub watch: Vec<PathBuf>,
    /// The lockfiles that were judged.
    pub(crate) lockfiles: Vec<(Known, PathBuf)>,
    /// The manifests they were judged with.
    pub(crate) manifests: Vec<(Known, PathBuf)>,
}

impl std::fmt::Debug for dyn crate::ecosystem::Ecosystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer about one lockfile, what it rests on, and what is to be remembered of it.
struct Answer {
    judged: Judged,
    ledger: Ledger,
    remember: Option<Remembered>,
}

/// Takes up what is remembered about a lockfile where all of it still holds, and has it judged where not.
fn judge(ecosystem: Known, lockfile: &Path, remembered: Option<Remembered>, ask: &Ask<'_>) -> Answer {
    let recalled = remembered.and_then(|remembered| recall::recall(ecosystem, lockfile, remembered, ask));
    if let Some((judged, ledger)) = recalled {
        return Answer { judged, ledger, remember: None };
    }
    let mut judged = judge_anew(ecosystem, lockfile, ask);
    let ledger = ask.look.take_ledger();
    if let Some(place) = ledger.unanswered() {
        ask.look.only_once();
        silenced(&mut judged, &place, ask.options.patience);
    }
    let remember = recall::remember(ecosystem, &judged, &counts(ecosystem, &judged), &ledger, ask);
    Answer { judged, ledger, remember }
}

/// What was asked of a file system that did not answer says nothing of what is there: neither that it is missing nor that it is damaged.
fn silenced(judged: &mut Judged, place: &Path, patience: Duration) {
    let why = unanswered(place, patience);
    for (artifact, content) in judged.artifacts.iter_mut().zip(&mut judged.contents) {
        if artifact.state != ArtifactState::Present {
            artifact.state = ArtifactState::Unknown;
            artifact.evidence.clone_from(&why);
            *content = None;
        }
    }
    judged.verdict = Verdict::Doubtful(why);
}

fn unanswered(place: &Path, patience: Duration) -> String {
    format!("{} does not answer: nothing was heard from there within {} s", place.display(), patience.as_secs_f32())
}

/// Has a lockfile judged, whatever is remembered.
pub(crate) fn judge_anew(ecosystem: Known, lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let mut judged = ecosystem.judge(lockfile, ask);
    check_permissions(&mut judged, ask.look);
    judged
}

/// What is there and may not be read is not present. Who may read it can change without the file: not remembered.
fn check_permissions(judged: &mut Judged, look: &Look) {
    let contents = judged.contents.par_iter().with_min_len(64);
    let barred: Vec<Option<String>> = contents.map(|content| content.as_ref()?.barred()).collect();
    let mut unknown = |at: usize, evidence: String| {
        look.only_once();
        judged.contents[at] = None;
        judged.artifacts[at].state = ArtifactState::Unknown;
        judged.artifacts[at].evidence = evidence;
    };
    for (at, why) in barred.into_iter().enumerate() {
        if let Some(why) = why {
            unknown(at, format!("its file in the cache could not be read: {why}"));
        }
    }
    let shared = judged.shared.par_iter().with_min_len(64);
    let barred: Vec<Option<String>> = shared.map(|shared| shared.content.barred()).collect();
    for (shared, why) in judged.shared.iter().zip(&barred) {
        let Some(why) = why else { continue };
        let evidence = format!("{} could not be read: {why}", shared.content.path.display());
        shared.artifacts.iter().for_each(|&at| unknown(at as usize, evidence.clone()));
    }
    let mut barred = barred.into_iter();
    judged.shared.retain(|_| barred.next().flatten().is_none());
}

impl Inventory {
    /// For the workspace at `root`; nothing is looked at yet.
    pub fn new(root: impl Into<PathBuf>, options: Options) -> Self {
        let root = root.into();
        let root = std::path::absolute(&root).unwrap_or(root);
        let (options, verified) = (Arc::new(options), Verified::default());
        let looking = Box::new(Looking::new(&root, &options, &verified, None));
        Inventory { root, options, verified, looking }
    }

    /// What it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The last survey, if there was one.
    pub fn last(&self) -> Option<Arc<Survey>> {
        self.looking.last.as_ref().map(|last| Arc::clone(&last.survey))
    }

    /// Judges the workspace. Where nothing has changed since the last survey, that one is returned, the same `Arc`.
    /// After `cancelled` returned true, the last survey is returned where there is one, and what was found so far where not.
    pub fn survey(&mut self, memory: &dyn Memory, cancelled: &(dyn Fn() -> bool + Sync)) -> Arc<Survey> {
        self.survey_while(false, memory, cancelled)
    }

    /// As [`Inventory::survey`]. `undisturbed`: nothing has happened in any folder that [`Inventory::watched`] named
    /// since it began. Then the files in them are not looked at, if the last survey is still the one that it was for.
    pub fn survey_while(
        &mut self,
        undisturbed: bool,
        memory: &dyn Memory,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Arc<Survey> {
        let lent = Lent { limit: self.options.patience, memory, cancelled, progress: &|_, _| () };
        loop {
            let last = self.last();
            let anew = Box::new(Looking::new(&self.root, &self.options, &self.verified, None));
            let mut looking = std::mem::replace(&mut self.looking, anew);
            let ended = patience::run(lent, move |asker| {
                let survey = looking.survey_while(undisturbed, asker, &|| asker.cancelled());
                (looking, survey)
            });
            match ended {
                Ended::Done((looking, survey)) => {
                    self.looking = looking;
                    return survey;
                }
                Ended::Silent => {}
                Ended::Cancelled => return last.unwrap_or_else(|| Arc::new(self.nothing())),
            }
        }
    }

    /// What is known of a workspace that was not looked at.
    fn nothing(&self) -> Survey {
        count(Vec::new(), &self.root, &Discovery::default(), self.options.target.clone().unwrap_or_default())
    }
}

impl Looking {
    fn new(root: &Path, options: &Arc<Options>, verified: &Verified, last: Option<Last>) -> Self {
        Looking {
            root: root.to_path_buf(),
            options: Arc::clone(options),
            verified: verified.clone(),
            recalled: false,
            discovery: Discovery::default(),
            last,
        }
    }

    /// See [`Inventory::survey_while`].
    fn survey_while(
        &mut self,
        undisturbed: bool,
        memory: &dyn Memory,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Arc<Survey> {
        let held = self.discovery.holds();
        if let Some(last) = &self.last
            && held
            && self.options.depth == Depth::Fast
            && last.generation == self.verified.generation()
            && last.ledgers.iter().all(|l| (undisturbed && l.holds_undisturbed()) || l.holds())
        {
            return Arc::clone(&last.survey);
        }
        let known = ecosystems();
        if !held {
            let lockfiles = known.iter().flat_map(|ecosystem| ecosystem.lockfiles()).copied();
            let names: Vec<&str> = lockfiles.chain(known.iter().map(|ecosystem| ecosystem.manifest())).collect();
            let wanted =
                |name: &str| names.contains(&name) || known.iter().any(|ecosystem| ecosystem.is_lockfile(name));
            self.discovery = Discovery::run(&self.root, &wanted, &self.options.exclude);
        }
        let look = Look::default();
        let target = self.options.target.clone().unwrap_or_else(|| homes::host_target(&self.options.homes, &look));
        let mut ledgers = vec![look.take_ledger()];
        let look = Look::default();
        let counts =
            |ecosystem: Known, lockfile: &PathBuf| ecosystem.counts(lockfile, &self.discovery.files, &self.root, &look);
        let lockfiles: Vec<(Known, PathBuf)> = known
            .iter()
            .copied()
            .flat_map(|ecosystem| self.lockfiles_of(ecosystem).into_iter().map(move |lockfile| (ecosystem, lockfile)))
            .filter(|(ecosystem, lockfile)| counts(*ecosystem, lockfile))
            .collect();
        ledgers.push(look.take_ledger());
        // What is asked for the sake of all lockfiles counts for each.
        let for_all = ledgers.iter().find_map(Ledger::unanswered);
        let remembered = self.recall(&lockfiles, memory);
        let answers: Vec<Option<Answer>> = lockfiles
            .par_iter()
            .zip(remembered)
            .map(|((ecosystem, lockfile), remembered)| {
                let ask = Ask { options: &self.options, target: &target, look: &Look::default(), memory };
                (!cancelled()).then(|| judge(*ecosystem, lockfile, remembered, &ask))
            })
            .collect();
        let whole = answers.iter().all(Option::is_some);
        if let (Some(last), false) = (&self.last, whole) {
            return Arc::clone(&last.survey);
        }
        let mut judged: Vec<(Known, Judged)> = Vec::new();
        let mut fresh = Vec::new();
        for ((ecosystem, lockfile), answer) in lockfiles.iter().zip(answers) {
            let Some(mut answer) = answer else { continue };
            if !homes::known_target(&target) {
                let why = format!("no target of this name is known: {target}");
                answer.judged.verdict.worsen(Verdict::Doubtful(why));
            }
            judged.push((*ecosystem, answer.judged));
            ledgers.push(answer.ledger);
            if let Some(Remembered { judged, artifacts }) = answer.remember {
                fresh.push((memory::key("judged", lockfile), judged));
                fresh.extend(artifacts.map(|artifacts| (memory::key("artifacts", lockfile), artifacts)));
            }
        }
        if !fresh.is_empty() {
            memory.put_many(fresh);
        }
        if !judged.is_empty() {
            let look = Look::default();
            // Another tool's lockfile for the same manifest will do.
            let lacking = known.iter().copied().filter(|known| {
                !lockfiles.iter().any(|(ecosystem, lockfile)| {
                    ecosystem.manifest() == known.manifest() && lockfile.parent() == Some(self.root.as_path())
                })
            });
            judged.extend(
                lacking.filter_map(|known| Some((known, unlocked::without_lockfile(known, &self.root, &look)?))),
            );
            ledgers.push(look.take_ledger());
        }
        let look = Look::default();
        let apart = unlocked::apart(known, &self.root, &self.discovery.files, &judged, &look);
        ledgers.push(look.take_ledger());
        if let Some(place) = for_all {
            for (_, judged) in &mut judged {
                judged.verdict.worsen(Verdict::Doubtful(unanswered(&place, self.options.patience)));
            }
        }
        let generation = compare(&mut judged, &self.verified, &self.options, memory, cancelled);
        let mut survey = count(judged, &self.root, &self.discovery, target);
        survey.findings.extend(apart);
        let survey = Arc::new(survey);
        // A part is nobody's answer, least of all of the next who asks: what was not looked at may lack everything.
        if whole {
            self.last = Some(Last { survey: Arc::clone(&survey), ledgers, generation, unfit: false });
        }
        survey
    }

    /// What an earlier run remembered about lockfiles: their judgements, in their order; checksums are taken up.
    fn recall(&mut self, lockfiles: &[(Known, PathBuf)], memory: &dyn Memory) -> Vec<Option<Remembered>> {
        let keys_of = |what: &'static str, wanted: bool| {
            let wanted = if wanted { lockfiles } else { &[] };
            wanted.iter().map(move |(_, lockfile)| memory::key(what, lockfile))
        };
        let whole = !self.options.counts_only;
        let keys: Vec<String> = keys_of("judged", true)
            .chain(keys_of("artifacts", whole))
            .chain(keys_of("verified", !self.recalled))
            .collect();
        self.recalled = true;
        let mut remembered = memory.get_many(&keys);
        remembered.resize(keys.len(), None);
        let mut artifacts = remembered.split_off(lockfiles.len());
        let verified = artifacts.split_off(if whole { lockfiles.len() } else { 0 });
        verified.into_iter().flatten().for_each(|verified| self.verified.recall(&verified));
        artifacts.resize(lockfiles.len(), None);
        let both = remembered.into_iter().zip(artifacts);
        both.map(|(judged, artifacts)| Some(Remembered { judged: judged?, artifacts })).collect()
    }

    /// The lockfiles that count for an ecosystem: the first of its names in each folder.
    fn lockfiles_of(&self, ecosystem: Known) -> Vec<PathBuf> {
        let rank = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let named = ecosystem.lockfiles().iter().position(|known| *known == name);
            named.or_else(|| ecosystem.is_lockfile(name).then_some(ecosystem.lockfiles().len()))
        };
        let mut found: Vec<(PathBuf, usize)> =
            self.discovery.files.iter().filter_map(|path| Some((path.clone(), rank(path)?))).collect();
        let others = ecosystem.yields_to();
        found.retain(|(path, _)| {
            !others.iter().any(|other| self.discovery.files.binary_search(&path.with_file_name(other)).is_ok())
        });
        found.sort_by(|(a, a_rank), (b, b_rank)| (a.parent(), a_rank).cmp(&(b.parent(), b_rank)));
        if !ecosystem.each_lockfile_counts() {
            found.dedup_by(|(later, _), (first, _)| later.parent() == first.parent());
        }
        found.into_iter().map(|(path, _)| path).collect()
    }
}

impl Inventory {
    /// Has every folder watched in which the many files of the last survey lie, or where they would appear.
    pub fn watched(&mut self, watch: &mut dyn FnMut(&Path) -> bool) -> Ground {
        let Some(last) = &mut self.looking.last else { return Ground::Unfit };
        if last.unfit {
            return Ground::Unfit;
        }
        let mut told = last.ledgers.iter_mut().map(|ledger| ledger.watched(watch));
        let told = told.find(|ground| *ground != Ground::Watched).unwrap_or(Ground::Watched);
        last.unfit = told == Ground::Unfit;
        told
    }

    /// Whether [`Inventory::watched`] said so of the last survey.
    pub fn is_watched(&self) -> bool {
        self.looking.last.as_ref().is_some_and(|last| {
            last.ledgers
                .iter()
                .flat_map(|ledger| &ledger.crowds)
                .all(|crowd| crowd.ground.is_some() || crowd.len() == 0)
        })
    }

    /// What is there and not verified, as work that can run on another thread; `all`: also what is.
    /// The next survey of this inventory knows what it finds.
    pub fn verification(&self, all: bool) -> Verification {
        let mut contents = Vec::new();
        let mut keep = Vec::new();
        for (lockfile, of_lockfile) in self.looking.last.iter().flat_map(|last| last.survey.artifacts.contents()) {
            let told = self.verified.holds(of_lockfile.iter());
            let open = of_lockfile.iter().zip(told).filter(|(_, told)| all || told.is_none());
            contents.extend(open.map(|(content, _)| content.clone()));
            keep.push((memory::key("verified", lockfile), of_lockfile.clone()));
        }
        let limit = self.options.patience;
        Verification { contents: Arc::new(contents), verified: self.verified.clone(), keep, limit }
    }

    /// Verifies what is not verified and surveys again: [`Inventory::verification`] and [`Verification::run`] in one.
    pub fn deepen(
        &mut self,
        memory: &dyn Memory,
        cancelled: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> (Arc<Survey>, VerificationOutcome) {
        if self.looking.last.is_none() {
            self.survey(memory, cancelled);
        }
        let outcome = self.verification(false).run(memory, cancelled, progress);
        (self.survey(memory, cancelled), outcome)
    }
}

impl Survey {
    /// Whether everything that this target needs is here.
    pub fn complete(&self) -> bool {
        self.readiness.present == self.readiness.total
    }

    /// What this target needs and is not here. Nothing is unpacked to answer that nothing is missing.
    pub fn absent(&self) -> impl Iterator<Item = &Artifact> {
        let all = if self.complete() { &[] } else { &*self.artifacts };
        all.iter().filter(|artifact| artifact.state != ArtifactState::Present && !artifact.other_target)
    }

    /// The files in caches whose checksums a lockfile states: the lockfile, the file, the checksum's algorithm as lockfiles call it,
    /// and the checksum in hexadecimal. Of what needs only other targets too, where it is here.
    pub fn checksums(&self) -> Vec<(&Path, &Path, &'static str, String)> {
        let all = self.artifacts.contents().iter();
        all.flat_map(|(lockfile, contents)| {
            contents.iter().map(move |content| {
                let sum = &content.sum;
                (lockfile.as_path(), content.path.as_path(), sum.algorithm.name(), crate::hexadecimal::of(&sum.bytes))
            })
        })
        .collect()
    }

    /// What `holdover preflight --json` prints: artifacts that are not present, or `all` of them.
    pub fn report(&self, all: bool) -> PreflightReport {
        let own =
            |code: &str| code == contract::codes::MALFORMED_LOCKFILE || code == contract::codes::UNLOCKED_DEPENDENCY;
        PreflightReport {
            workspace: self.workspace.clone(),
            readiness: self.readiness.clone(),
            artifacts: if all { self.artifacts.to_vec() } else { self.absent().cloned().collect() },
            findings: self.findings.iter().filter(|finding| own(&finding.code)).cloned().collect(),
            pack: Vec::new(),
            fetch: None,
        }
    }
}
