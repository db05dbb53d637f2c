//! The caches of a workspace as a status shows them: what a look counted, and when their tools may begin to delete something.
//! From memory, but for [`look`].

use crate::Notice;
use crate::inner::Inner;
use crate::words;
use crate::workspace::Workspace;
use contract::Cache;
use inventory::{Compared, Survey};
use journal::Journal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// When the caches' tools may begin to delete something, what was replaced in them, and the look for which that was found out.
#[derive(Default)]
pub(crate) struct Expiry {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    survey: Weak<Survey>,
    expiry: BTreeMap<PathBuf, i64>,
    replaced: BTreeMap<PathBuf, u64>,
    /// Kept in the journal too, where there is one.
    compared: Option<Compared>,
}

/// Finds out when the tools may begin to delete something, where that was not done for the last look. Reads lockfiles and databases.
pub(crate) fn look(inner: &Inner, workspace: &Workspace) {
    let Some(survey) = workspace.survey() else { return };
    let known = || workspace.expiry.known.lock().unwrap_or_else(PoisonError::into_inner);
    if known().survey.upgrade().is_some_and(|before| Arc::ptr_eq(&before, &survey)) {
        return;
    }
    let options = crate::workspace::options(inner, &workspace.loaded());
    let expiry = inventory::expiry(&survey, &options);
    let journal = inner.journal_if_old();
    let journal = journal.as_ref().and_then(|journal| Some((journal, key(journal, &workspace.root)?)));
    let kept = known().compared.take();
    let kept = kept.or_else(|| {
        let (journal, key) = journal.as_ref()?;
        Some(Compared::read(&journal.remember_get(key).ok()??))
    });
    let mut compared = kept.clone().unwrap_or_default();
    let replaced = compared.look(&survey);
    if let Some((journal, key)) = journal.filter(|_| kept.as_ref() != Some(&compared)) {
        journal.remember_put_many(vec![(key, compared.bytes())]);
    }
    let mut known = known();
    let different = known.expiry != expiry || known.replaced != replaced;
    *known = Known { survey: Arc::downgrade(&survey), expiry, replaced, compared: Some(compared) };
    drop(known);
    if different {
        inner.tell(Notice::Status { root: workspace.root.clone() });
    }
}

fn key(journal: &Journal, root: &Path) -> Option<String> {
    Some(format!("compared:{}", journal.workspace_id(root).ok()?))
}

/// The caches, in words.
pub(crate) fn known(workspace: &Workspace, survey: Option<&Survey>) -> Vec<Cache> {
    let known = workspace.expiry.known.lock().unwrap_or_else(PoisonError::into_inner);
    let mut caches = survey.map(|survey| survey.caches.clone()).unwrap_or_default();
    let loaded = workspace.loaded();
    let rules = loaded.settings.freshness.rules.as_deref().unwrap_or_default();
    for cache in &mut caches {
        cache.quota = crate::freshness::quota(rules, cache);
        cache.expires_at = known.expiry.get(&cache.path).and_then(|at| host::at_second(*at));
        cache.replaced = known.replaced.get(&cache.path).copied().unwrap_or_default();
        cache.text = words::cache(cache);
    }
    caches
}
