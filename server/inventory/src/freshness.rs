//! What a team asks of the age, the origin and the standing of what is here, held against a survey.
//! It says what does not hold and changes no answer: what is too old for a team builds all the same.

use crate::ecosystem::Ask;
use crate::fetch::Known;
use crate::homes::{Options, host_target};
use crate::look::Look;
use crate::memory::NoMemory;
use crate::survey::{Survey, ecosystems};
use crate::text::Places;
use crate::vouched::Vouched;
use contract::{Artifact, ArtifactState, Finding, FreshnessRule, Keep, Range, Severity, codes};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A day in seconds.
const DAY: u64 = 86_400;
/// Of this many artifacts with the same signature lacking each is told of on its own line.
const FEW: usize = 5;
/// A mebibyte in bytes.
const MIB: u64 = 1 << 20;

/// What of the rules does not hold at `now`, and what of them could not be judged. Reads lockfiles and, where a rule asks
/// for it, asks for the time of each file in the caches. A rule that names no ecosystem is about all of them.
pub fn freshness(survey: &Survey, options: &Options, rules: &[FreshnessRule], now: SystemTime) -> Vec<Finding> {
    let look = Look::default();
    let target = options.target.clone().unwrap_or_else(|| host_target(&options.homes, &look));
    let ask = Ask { options, target: &target, look: &look, memory: &NoMemory };
    let mut found = Vec::new();
    let mut measured = HashSet::new();
    for (ecosystem, lockfile) in &survey.lockfiles {
        let about = |rule: &&FreshnessRule| rule.ecosystem.as_deref().is_none_or(|name| name == ecosystem.name());
        for rule in rules.iter().filter(about) {
            let held = Held { survey, ecosystem: *ecosystem, lockfile, ask: &ask };
            if let Some(longest) = rule.max_age {
                held.age(longest, now, &mut found);
            }
            if rule.deprecated == Some(true) {
                held.deprecated(&mut found);
            }
            if let Some(allowed) = &rule.registries {
                held.registries(allowed, &mut found);
            }
            if rule.signatures == Some(true) {
                held.signatures(rule.keys.as_deref().unwrap_or_default(), &mut found);
            }
            if let Some(most) = rule.quota_mib {
                held.quota(most, &mut measured, &mut found);
            }
        }
    }
    // Two rules that ask for the same say it once.
    let mut seen = HashSet::new();
    found.retain(|finding| seen.insert((finding.file.clone(), finding.range.start.byte, finding.message.clone())));
    found
}

/// The ecosystems that a rule can be about.
pub fn known_ecosystems() -> Vec<&'static str> {
    ecosystems().iter().map(|ecosystem| ecosystem.name()).collect()
}

/// The same findings for a document that is open: those about an artifact stand where its text names it now.
pub fn place_again(survey: &Survey, file: &Path, text: &str, found: &[Finding]) -> Vec<Finding> {
    let Some((ecosystem, _)) = survey.lockfiles.iter().find(|(_, lockfile)| lockfile == file) else {
        return Vec::new();
    };
    let places = Places::new(text);
    let located: HashMap<String, std::ops::Range<usize>> = ecosystem.locate(text).0.into_iter().collect();
    let again = |finding: &Finding| {
        let id = finding.data.as_ref().and_then(|data| data.get("artifact")).and_then(|id| id.as_str());
        let range = match id {
            Some(id) => places.range(located.get(id)?.clone()),
            None => Range::default(),
        };
        Some(Finding { range, ..finding.clone() })
    };
    found.iter().filter(|finding| finding.file == file).filter_map(again).collect()
}

/// One lockfile, to be held against a rule.
struct Held<'a> {
    survey: &'a Survey,
    ecosystem: Known,
    lockfile: &'a Path,
    ask: &'a Ask<'a>,
}

impl Held<'_> {
    fn finding(&self, code: &str, severity: Severity, message: String, about: Option<&Artifact>) -> Finding {
        Finding {
            code: code.into(),
            severity,
            message,
            file: self.lockfile.to_path_buf(),
            range: about.map(|artifact| artifact.range).unwrap_or_default(),
            source: "holdover".into(),
            data: about.map(|artifact| json!({ "artifact": artifact.id })),
        }
    }

    fn untold(&self, message: String) -> Finding {
        self.finding(codes::FRESHNESS_UNKNOWN, Severity::Information, message, None)
    }

    fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.survey.artifacts.iter().filter(|artifact| artifact.file == self.lockfile && !artifact.other_target)
    }

    fn age(&self, longest: Keep, now: SystemTime, found: &mut Vec<Finding>) {
        let Some(most) = longest.milliseconds() else { return };
        let most = Duration::from_millis(most.unsigned_abs());
        let mut untold = 0_u64;
        for artifact in self.artifacts().filter(|artifact| artifact.state == ArtifactState::Present) {
            // A clock that was set back since does not make a file older than it is, nor younger than none.
            let Some(age) = came(artifact).map(|came| now.duration_since(came).unwrap_or_default()) else {
                untold += 1;
                continue;
            };
            if age > most {
                let days = age.as_secs() / DAY;
                let (name, version) = (&artifact.name, &artifact.version);
                let message = format!(
                    "{name} {version} came into the cache {days} days ago, and the workspace asks for {longest} at most"
                );
                found.push(self.finding(codes::ARTIFACT_TOO_OLD, Severity::Warning, message, Some(artifact)));
            }
        }
        if untold > 0 {
            found.push(self.untold(format!(
                "when {untold} of the packages here came into {}'s cache cannot be told, so their age is not judged",
                self.ecosystem.name()
            )));
        }
    }

    fn deprecated(&self, found: &mut Vec<Finding>) {
        let artifacts: Vec<&Artifact> = self.artifacts().collect();
        let Some(told) = self.ecosystem.deprecated(self.lockfile, &artifacts, self.ask) else {
            let name = self.ecosystem.name();
            let message = format!(
                "what {name}'s registries say of withdrawn packages is kept nowhere here, so that is not judged"
            );
            found.extend((!artifacts.is_empty()).then(|| self.untold(message)));
            return;
        };
        let by_id: HashMap<&str, &Artifact> =
            artifacts.iter().map(|artifact| (artifact.id.as_str(), *artifact)).collect();
        for (id, why) in told {
            let Some(artifact) = by_id.get(id.as_str()) else { continue };
            let message = format!("{} {} {why}", artifact.name, artifact.version);
            found.push(self.finding(codes::ARTIFACT_DEPRECATED, Severity::Warning, message, Some(artifact)));
        }
    }

    fn registries(&self, allowed: &[String], found: &mut Vec<Finding>) {
        let used = self.ecosystem.registries(self.lockfile, &[], self.ask);
        let name = self.ecosystem.name();
        if used.is_empty() && self.artifacts().next().is_some() {
            let message = format!(
                "from which registries {name} takes these packages is not known here, so the rule about them is not judged"
            );
            found.push(self.untold(message));
        }
        for registry in used.iter().filter(|registry| !allowed.iter().any(|one| within(&registry.url, one))) {
            let message = format!("{name} takes packages from {}, which the workspace does not allow", registry.url);
            found.push(self.finding(codes::REGISTRY_NOT_ALLOWED, Severity::Warning, message, None));
        }
    }

    fn signatures(&self, keys: &[String], found: &mut Vec<Finding>) {
        let here = |artifact: &&Artifact| matches!(artifact.state, ArtifactState::Present | ArtifactState::Corrupt);
        let artifacts: Vec<&Artifact> = self.artifacts().filter(here).collect();
        if artifacts.is_empty() {
            return;
        }
        // A key that is meant and cannot be read must not let another one count.
        if let Some(broken) = keys.iter().find(|key| !ecosystems().iter().any(|one| one.reads_key(key))) {
            let shown: String = broken.chars().filter(|c| !c.is_control()).take(40).collect();
            found.push(self.untold(format!(
                "a rule pins the key \"{shown}\", which is neither NAME+HASH+KEY of a checksum database nor a registry's key in base64, so who signed is not judged: correct it in `keys`"
            )));
            return;
        }
        let Some(told) = self.ecosystem.signed(self.lockfile, &artifacts, keys, self.ask) else {
            let name = self.ecosystem.name();
            found
                .push(self.untold(format!("who signed {name}'s packages is kept nowhere here, so that is not judged")));
            return;
        };
        let by_id: HashMap<&str, &Artifact> =
            artifacts.iter().map(|artifact| (artifact.id.as_str(), *artifact)).collect();
        // What is true of many is said once.
        let mut alike: BTreeMap<(bool, String), Vec<&Artifact>> = BTreeMap::new();
        for (id, vouched) in told {
            let Some(&artifact) = by_id.get(id.as_str()) else { continue };
            match vouched {
                Vouched::Verified => {}
                Vouched::Forged(why) => {
                    let message = format!("{} {}: {why}", artifact.name, artifact.version);
                    found.push(self.finding(codes::SIGNATURE_INVALID, Severity::Error, message, Some(artifact)));
                }
                Vouched::Unsigned(why) => alike.entry((true, why)).or_default().push(artifact),
                Vouched::Untold(why) => alike.entry((false, why)).or_default().push(artifact),
            }
        }
        for ((unsigned, why), artifacts) in alike {
            let (code, severity) = if unsigned {
                (codes::SIGNATURE_MISSING, Severity::Warning)
            } else {
                (codes::FRESHNESS_UNKNOWN, Severity::Information)
            };
            if artifacts.len() <= FEW {
                for one in artifacts {
                    let message = format!("{} {}: {why}", one.name, one.version);
                    found.push(self.finding(code, severity, message, Some(one)));
                }
            } else {
                let named: Vec<&str> = artifacts.iter().take(FEW).map(|one| one.name.as_str()).collect();
                let (named, more) = (named.join(", "), artifacts.len() - FEW);
                found.push(self.finding(code, severity, format!("{named} and {more} more: {why}"), None));
            }
        }
    }

    fn quota(&self, most: u64, measured: &mut HashSet<(std::path::PathBuf, u64)>, found: &mut Vec<Finding>) {
        let own = self.survey.caches.iter().filter(|cache| cache.ecosystem == self.ecosystem.name());
        for cache in own {
            // One cache serves many lockfiles, and is told of once.
            if !measured.insert((cache.path.clone(), most)) {
                continue;
            }
            let Some(bytes) = cache.bytes else {
                found.push(self.untold(format!("how much of {} is used cannot be told", cache.path.display())));
                continue;
            };
            if bytes > most.saturating_mul(MIB) {
                let message = format!(
                    "this workspace uses {} MiB of {}, and asks for {most} MiB at most",
                    bytes.div_ceil(MIB),
                    cache.path.display()
                );
                found.push(self.finding(codes::CACHE_OVER_QUOTA, Severity::Warning, message, None));
            }
        }
    }
}

/// When an artifact came into its cache: the time of the first of its places that is there. Tools write a download once.
fn came(artifact: &Artifact) -> Option<SystemTime> {
    let time = artifact.looked_in.iter().find_map(|path| crate::reach::symlink_metadata(path).ok()?.modified().ok())?;
    // Archives are unpacked with the times of 1970 or 1985 that builds write into them.
    (time > UNIX_EPOCH + Duration::from_secs(40 * 365 * DAY)).then_some(time)
}

/// Whether an address is the allowed one, or lies below it. Neither a slash at the end nor capitals in the host count.
fn within(url: &str, allowed: &str) -> bool {
    let plain = |url: &str| {
        let url = crate::fetch::without_credentials(url);
        let url = url.strip_prefix("sparse+").unwrap_or(&url).trim_end_matches('/').to_owned();
        let host_ends = url.find("://").map_or(0, |at| url[at + 3..].find('/').map_or(url.len(), |path| at + 3 + path));
        format!("{}{}", url[..host_ends].to_ascii_lowercase(), &url[host_ends..])
    };
    let (url, allowed) = (plain(url), plain(allowed));
    url.strip_prefix(&allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !allowed.is_empty()
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn an_allowed_address_is_met_by_itself_and_what_lies_below_it_and_by_no_name_that_begins_alike() {
        for (url, allowed, met) in [
            ("https://mirror.example/npm", "https://mirror.example/npm/", true),
            ("https://mirror.example/npm/team", "https://MIRROR.example/npm", true),
            ("https://mirror.example", "sparse+https://mirror.example/", true),
            ("https://user:word@mirror.example/npm", "https://mirror.example", true),
            ("https://mirror.example.evil.test/npm", "https://mirror.example", false),
            ("https://mirror.example/npm-evil", "https://mirror.example/npm", false),
            ("https://mirror.example/NPM", "https://mirror.example/npm", false),
            ("http://mirror.example", "https://mirror.example", false),
            ("https://mirror.example", "", false),
        ] {
            assert_eq!(within(url, allowed), met, "{url} in {allowed}");
        }
    }
}
