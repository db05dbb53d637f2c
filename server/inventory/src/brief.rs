//! A remembered judgement by which everything is here: its counts at once, its artifacts when somebody asks for them.
//! Most answers are that, and most who ask want the counts: a few kilobytes instead of some ten thousand strings.

use crate::ecosystem::{Ask, Judged, Repair};
use crate::fetch::Known;
use crate::homes::Options;
use crate::look::Look;
use crate::memory::NoMemory;
use crate::recall;
use crate::survey;
use crate::verify::{Claim, Content, Verified};
use contract::{Artifact, EcosystemReadiness};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What is known of a judgement whose artifacts are still packed.
#[derive(Default)]
pub(crate) struct Brief {
    pub counts: EcosystemReadiness,
    pub target: String,
    /// Whose it is.
    pub ecosystem: Option<Known>,
    /// The artifacts' own files to verify, in their order.
    pub claims: Vec<Claimed>,
    /// Those that artifacts share.
    pub shared: Vec<Claimed>,
    /// Hash of what was remembered of the artifacts.
    pub artifacts: [u8; 32],
    pub packed: Packed,
}

/// Where the artifacts are.
#[derive(Default)]
pub(crate) enum Packed {
    #[default]
    Nowhere,
    /// As they were remembered.
    Here { judged: Vec<u8>, artifacts: Vec<u8> },
    /// Nobody was to ask for them; whoever does has the lockfile judged again, by these options.
    Left { options: Box<Options> },
}

/// A file to verify.
pub(crate) struct Claimed {
    pub claim: Claim,
    /// Bytes.
    pub size: u64,
    /// This target needs it.
    pub needed: bool,
    pub verified: bool,
    /// Which of the shared files the artifact rests on, from 1 on; 0: none.
    pub rests_on: u32,
}

impl Brief {
    /// The artifacts that this target needs and whose checksum was compared.
    pub(crate) fn verified(&self) -> u64 {
        self.claims.iter().filter(|claimed| claimed.needed && self.holds(claimed)).count() as u64
    }

    /// Whether an artifact's own file and what it shares were found to be right.
    fn holds(&self, claimed: &Claimed) -> bool {
        let shared = claimed.rests_on.checked_sub(1).map(|at| self.shared.get(at as usize));
        claimed.verified && shared.is_none_or(|shared| shared.is_some_and(|shared| shared.verified))
    }

    /// All files to verify.
    fn all(&mut self) -> impl Iterator<Item = &mut Claimed> {
        self.claims.iter_mut().chain(&mut self.shared)
    }
}

impl Judged {
    /// Unpacks the artifacts, if they are packed.
    pub(crate) fn expand(&mut self) {
        let Some(brief) = self.brief.take() else { return };
        match &brief.packed {
            Packed::Here { judged, artifacts } => {
                if recall::unpack(self, &brief, judged, artifacts).is_none() {
                    return;
                }
                let mut verified = brief.claims.iter().map(|claimed| brief.holds(claimed));
                for (artifact, content) in self.artifacts.iter_mut().zip(&self.contents) {
                    artifact.verified = content.is_some() && verified.next().unwrap_or(false);
                }
            }
            Packed::Left { options } => self.judge_again(&brief, options),
            Packed::Nowhere => {}
        }
    }

    /// Artifacts as they are now: what has happened since they were counted is not hidden.
    fn judge_again(&mut self, brief: &Brief, options: &Options) {
        let Some(ecosystem) = brief.ecosystem else { return };
        let ask = Ask { options, target: &brief.target, look: &Look::default(), memory: &NoMemory };
        let now = survey::judge_anew(ecosystem, &self.lockfile, &ask);
        self.artifacts = now.artifacts;
        self.contents = now.contents;
        self.repairs = now.repairs;
        self.shared = now.shared;
        self.graph = now.graph;
        // A claim that several artifacts make holds where it holds for all of them.
        let mut verified: HashMap<Claim, bool> = HashMap::new();
        for claimed in &brief.claims {
            *verified.entry(claimed.claim).or_insert(true) &= brief.holds(claimed);
        }
        for (artifact, content) in self.artifacts.iter_mut().zip(&self.contents) {
            let claim = content.as_ref().map(Content::claim);
            artifact.verified = claim.is_some_and(|claim| verified.get(&claim) == Some(&true));
        }
    }
}

/// Applies what is known about checksums to judgements that are still packed, and unpacks those that it says more
/// about than "here": where a checksum differs, or where it is to be found out now. `budget`: so many bytes may be hashed now;
/// `None`: all are.
pub(crate) fn settle(judged: &mut [(Known, Judged)], verified: &Verified, budget: Option<u64>) {
    let mut open = 0;
    for (_, judged) in judged.iter_mut() {
        let Some(brief) = &mut judged.brief else { continue };
        let claims: Vec<Claim> = brief.all().map(|claimed| claimed.claim).collect();
        let told = verified.known(claims.iter());
        if budget.is_none() || told.contains(&Some(false)) {
            judged.expand();
            continue;
        }
        for (claimed, told) in brief.all().zip(told) {
            claimed.verified = told == Some(true);
            open += if claimed.verified { 0 } else { claimed.size };
        }
    }
    // What is not packed counts too; then none is hashed, or all.
    let unpacked = judged.iter().flat_map(|(_, judged)| judged.to_verify());
    let contents: Vec<&Content> = unpacked.collect();
    let told = verified.holds(contents.iter().copied());
    let rest = contents.iter().zip(told).filter(|(_, told)| told.is_none());
    open += rest.map(|(content, _)| content.identity.size).sum::<u64>();
    if budget.is_some_and(|budget| open <= budget) {
        let unverified = |brief: &Brief| brief.claims.iter().chain(&brief.shared).any(|claimed| !claimed.verified);
        let packed = judged.iter_mut().filter(|(_, judged)| judged.brief.as_ref().is_some_and(unverified));
        packed.for_each(|(_, judged)| judged.expand());
    }
}

/// The artifacts of every lockfile; they may be unpacked when they are first asked for.
pub struct Artifacts {
    whole: OnceLock<Whole>,
    packed: Mutex<Vec<Judged>>,
}

#[derive(Default)]
struct Whole {
    artifacts: Vec<Artifact>,
    /// Beside each artifact.
    repairs: Vec<Repair>,
    /// By lockfile: the files to verify.
    contents: Vec<(PathBuf, Vec<Content>)>,
}

impl Artifacts {
    /// Those of judgements whose attribution is done where they are not packed.
    pub(crate) fn new(judged: Vec<Judged>) -> Self {
        Artifacts { whole: OnceLock::new(), packed: Mutex::new(judged) }
    }

    fn whole(&self) -> &Whole {
        self.whole.get_or_init(|| {
            let mut all = std::mem::take(&mut *self.packed.lock().unwrap_or_else(PoisonError::into_inner));
            all.par_iter_mut().filter(|judged| judged.brief.is_some()).for_each(|judged| {
                judged.expand();
                judged.graph.attribute(&mut judged.artifacts);
            });
            let mut whole = Whole::default();
            for judged in all {
                whole.artifacts.extend(judged.artifacts);
                whole.repairs.extend(judged.repairs);
                let shared = judged.shared.into_iter().map(|shared| shared.content);
                let own = judged.contents.into_iter().flatten();
                whole.contents.push((judged.lockfile, own.chain(shared).collect()));
            }
            whole
        })
    }

    /// What a fetch has to know, beside each artifact.
    pub(crate) fn repairs(&self) -> &[Repair] {
        &self.whole().repairs
    }

    /// By lockfile: the files to verify.
    pub(crate) fn contents(&self) -> &[(PathBuf, Vec<Content>)] {
        &self.whole().contents
    }
}

impl Deref for Artifacts {
    type Target = [Artifact];

    fn deref(&self) -> &[Artifact] {
        &self.whole().artifacts
    }
}

impl std::fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
