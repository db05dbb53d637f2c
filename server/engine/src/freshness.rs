//! What a team asks of the age, the origin and the standing of what is here: its rules, held against the last look.
//! With them, which credentials end before long. Computed once, and again when the look or the rules are others, or an hour has gone by.

use crate::inner::Inner;
use crate::workspace::Workspace;
use contract::{Cache, Finding, FreshnessRule, Severity, codes};
use host::WORKSPACE_FILE;
use inventory::Survey;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

/// How long what was found about ages is believed.
const AGAIN: Duration = Duration::from_hours(1);

/// What did not hold, and of which look and rules that was found.
#[derive(Default)]
pub(crate) struct Freshness {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    survey: Weak<Survey>,
    rules: Vec<FreshnessRule>,
    at: Option<Instant>,
    found: Arc<Vec<Finding>>,
}

impl Freshness {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From memory: what does not hold.
    pub(crate) fn found(&self) -> Arc<Vec<Finding>> {
        Arc::clone(&self.known().found)
    }

    /// From memory: the same for the text of an open document.
    pub(crate) fn placed(&self, survey: &Survey, file: &Path, text: &str) -> Vec<Finding> {
        let found = self.found();
        if found.is_empty() { Vec::new() } else { inventory::place_again(survey, file, text, &found) }
    }
}

/// Holds the rules against a look. Asks for the times of files where a rule is about age.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace, survey: &Arc<Survey>) {
    let loaded = workspace.loaded();
    let rules = loaded.settings.freshness.rules.as_deref().unwrap_or_default();
    {
        let known = workspace.freshness.known();
        let same = known.survey.upgrade().is_some_and(|before| Arc::ptr_eq(&before, survey)) && known.rules == rules;
        if same && known.at.is_some_and(|at| at.elapsed() < AGAIN) {
            return;
        }
    }
    let options = crate::workspace::options(inner, &loaded);
    let mut found = inventory::credentials(survey, &options, SystemTime::now());
    if !rules.is_empty() {
        found.extend(inventory::freshness(survey, &options, rules, SystemTime::now()));
        found.extend(unmet(workspace, rules));
    }
    *workspace.freshness.known() = Known {
        survey: Arc::downgrade(survey),
        rules: rules.to_vec(),
        at: Some(Instant::now()),
        found: Arc::new(found),
    };
}

/// Rules about an ecosystem that is none hold nothing, which is said.
fn unmet(workspace: &Workspace, rules: &[FreshnessRule]) -> Vec<Finding> {
    let ecosystems = inventory::known_ecosystems();
    let named = rules.iter().filter_map(|rule| rule.ecosystem.as_deref());
    let odd = named.filter(|name| !ecosystems.contains(name)).map(|name| Finding {
        code: codes::FRESHNESS_UNKNOWN.to_owned(),
        severity: Severity::Warning,
        message: format!(
            "a rule of freshness.rules is about `{}`, which no ecosystem is called; there are {}",
            name.escape_debug(),
            ecosystems.join(", ")
        ),
        file: workspace.root.join(WORKSPACE_FILE),
        range: contract::Range::default(),
        source: "holdover".to_owned(),
        data: None,
    });
    odd.collect()
}

/// What of a cache the workspace may use, in bytes: the least that a rule says.
pub(crate) fn quota(rules: &[FreshnessRule], cache: &Cache) -> Option<u64> {
    let about = rules.iter().filter(|rule| rule.ecosystem.as_ref().is_none_or(|name| *name == cache.ecosystem));
    about.filter_map(|rule| rule.quota_mib).min().map(|mib| mib.saturating_mul(1 << 20))
}
