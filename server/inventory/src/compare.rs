//! Holds what is known about checksums against what was judged: what is verified, what is damaged after all.
//! May have files hashed where that is cheap or asked for; may not say what is wanted.

use crate::brief::settle;
use crate::ecosystem::Judged;
use crate::fetch::Known;
use crate::homes::{Depth, Options};
use crate::memory::{self, Memory};
use crate::verify::{self, Algorithm, Content, Verified};
use contract::ArtifactState;

/// What is known about the files of one lockfile.
struct Told {
    /// Beside each artifact.
    own: Vec<Option<bool>>,
    /// Beside each file that artifacts share.
    shared: Vec<Option<bool>>,
}

/// Applies what is known about checksums, and finds out what may be found out at once. What is learned elsewhere
/// meanwhile is for the next survey: the generation that was applied is returned.
pub(crate) fn compare(
    judged: &mut [(Known, Judged)],
    verified: &Verified,
    options: &Options,
    memory: &dyn Memory,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> u64 {
    let generation = verified.generation();
    let deep = options.depth == Depth::Deep;
    let mut learned = false;
    settle(judged, verified, if deep { None } else { Some(options.verify_budget) });
    let mut told: Vec<Told> = judged
        .iter()
        .map(|(_, judged)| Told {
            own: verified.optional(&judged.contents),
            shared: verified.holds(judged.shared.iter().map(|shared| &shared.content)),
        })
        .collect();
    let mut open: Vec<(&Content, &mut Option<bool>)> = Vec::new();
    for ((_, judged), told) in judged.iter().zip(&mut told) {
        let own =
            judged.contents.iter().zip(&mut told.own).filter_map(|(content, told)| Some((content.as_ref()?, told)));
        let shared = judged.shared.iter().map(|shared| &shared.content).zip(&mut told.shared);
        open.extend(own.chain(shared).filter(|(_, told)| deep || told.is_none()));
    }
    let contents: Vec<&Content> = open.iter().map(|(content, _)| *content).collect();
    let bytes: u64 = contents.iter().map(|content| content.identity.size).sum();
    if !contents.is_empty() && (deep || bytes <= options.verify_budget) {
        let answers = verify::check_all(&contents, verified, &|_, _| (), cancelled);
        for ((_, told), answer) in open.into_iter().zip(answers) {
            *told = answer;
        }
        learned = true;
    }
    // Deep: what could not be read, or changed while it was, is not believed.
    let all = deep && !cancelled();
    for ((_, judged), told) in judged.iter_mut().zip(told) {
        apply(judged, &told, all);
    }
    if learned {
        let entries = judged
            .iter()
            .filter(|(_, judged)| judged.brief.is_none())
            .map(|(_, judged)| (memory::key("verified", &judged.lockfile), verified.remembered(judged.to_verify())))
            .collect();
        memory.put_many(entries);
    }
    generation + u64::from(learned)
}

fn apply(judged: &mut Judged, told: &Told, all: bool) {
    const UNREAD: &str = "could not be read, or changed while it was";
    for (at, answer) in told.own.iter().enumerate() {
        let artifact = &mut judged.artifacts[at];
        match answer {
            Some(true) => artifact.verified = true,
            Some(false) => {
                artifact.state = ArtifactState::Corrupt;
                artifact.verified = true;
                let own = judged.contents[at].as_ref().map(|content| content.sum.algorithm);
                artifact.evidence = match own {
                    Some(Algorithm::GitPack) => {
                        "a pack of its objects is damaged: it has another checksum than its index says"
                    }
                    _ => "its file in the cache does not have the lockfile's checksum",
                }
                .into();
            }
            None if all && judged.contents[at].is_some() => {
                artifact.state = ArtifactState::Unknown;
                artifact.evidence = format!("its file in the cache {UNREAD}");
            }
            None => {}
        }
    }
    for (shared, answer) in judged.shared.iter().zip(&told.shared) {
        for &at in &shared.artifacts {
            // Where the artifact's own file is damaged, that is said.
            let artifact = &mut judged.artifacts[at as usize];
            if artifact.state != ArtifactState::Present {
                continue;
            }
            match answer {
                Some(true) => {}
                Some(false) => {
                    artifact.state = ArtifactState::Corrupt;
                    artifact.verified = true;
                    artifact.evidence.clone_from(&shared.broken);
                    artifact.looked_in.push(shared.content.path.clone());
                }
                None => {
                    artifact.verified = false;
                    if all {
                        artifact.state = ArtifactState::Unknown;
                        artifact.evidence = format!("{} {UNREAD}", shared.content.path.display());
                    }
                }
            }
        }
    }
}
