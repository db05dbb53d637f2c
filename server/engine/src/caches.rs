//! The caches of a workspace as a status shows them: what a look counted, and when their tools may begin to delete something.
//! From memory, but for [`look`].

use crate::Notice;
use crate::inner::Inner;
use crate::words;
use crate::workspace::Workspace;
use contract::Cache;
use inventory::Survey;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// When the caches' tools may begin to delete something, and the look for which that was found out.
#[derive(Default)]
pub(crate) struct Expiry {
    known: Mutex<(Weak<Survey>, BTreeMap<PathBuf, i64>)>,
}

/// Finds out when the tools may begin to delete something, where that was not done for the last look. Reads lockfiles and databases.
pub(crate) fn look(inner: &Inner, workspace: &Workspace) {
    let Some(survey) = workspace.survey() else { return };
    let known = || workspace.expiry.known.lock().unwrap_or_else(PoisonError::into_inner);
    if known().0.upgrade().is_some_and(|before| Arc::ptr_eq(&before, &survey)) {
        return;
    }
    let options = crate::workspace::options(inner, &workspace.loaded());
    let found = inventory::expiry(&survey, &options);
    let before = std::mem::replace(&mut *known(), (Arc::downgrade(&survey), found.clone())).1;
    if before != found {
        inner.tell(Notice::Status { root: workspace.root.clone() });
    }
}

/// The caches, in words.
pub(crate) fn known(workspace: &Workspace, survey: Option<&Survey>) -> Vec<Cache> {
    let expiry = workspace.expiry.known.lock().unwrap_or_else(PoisonError::into_inner);
    let mut caches = survey.map(|survey| survey.caches.clone()).unwrap_or_default();
    let loaded = workspace.loaded();
    let rules = loaded.settings.freshness.rules.as_deref().unwrap_or_default();
    for cache in &mut caches {
        cache.quota = crate::freshness::quota(rules, cache);
        cache.expires_at = expiry.1.get(&cache.path).and_then(|at| host::at_second(*at));
        cache.text = words::cache(cache);
    }
    caches
}
