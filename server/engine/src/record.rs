//! What becomes an event. Payloads hold workspace-relative paths and the least that is needed.

use crate::inner::Inner;
use contract::{Actor, ActorKind, Lane, Readiness};
use journal::Draft;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

pub(crate) fn person() -> Actor {
    // The account's name is of use on this machine and to colleagues; no address, no host name.
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "somebody".into());
    Actor { kind: ActorKind::Person, name, model: None, prompt: None }
}

/// A decision of a person: durable before this returns. Without a journal it is only logged.
pub(crate) fn decision(inner: &Inner, root: Option<&Path>, kind: &str, payload: Value) {
    write(inner, root, kind, Lane::Local, person(), payload, true);
}

/// What a job did: durable before this returns.
pub(crate) fn work(inner: &Inner, root: &Path, kind: &str, payload: Value) {
    write(inner, Some(root), kind, Lane::Local, journal::holdover(), payload, true);
}

/// What was found of a workspace, for everybody who works on its project: durable before this returns.
pub(crate) fn found(inner: &Inner, root: &Path, kind: &str, payload: Value) {
    write(inner, Some(root), kind, Lane::Observations, journal::holdover(), payload, true);
}

/// `journal.enable`: whether events of a workspace are written.
pub(crate) fn enabled(inner: &Inner, root: &Path) -> bool {
    inner.workspace(root).and_then(|w| w.loaded().settings.journal.enable).unwrap_or(true)
}

fn write(inner: &Inner, root: Option<&Path>, kind: &str, lane: Lane, actor: Actor, payload: Value, intent: bool) {
    if root.is_some_and(|root| !enabled(inner, root)) {
        return;
    }
    let journal = match inner.journal() {
        Ok(journal) => journal,
        Err(reason) => return tracing::warn!("not recorded: {kind}: {reason}"),
    };
    let workspace = root.and_then(|root| journal.workspace_id(root).ok());
    let draft =
        Draft { kind: kind.to_owned(), entity: None, workspace, lane, actor, payload, intent, refs: Vec::new() };
    let result = if intent { journal.append(draft).map(|_| ()) } else { journal.post(&draft).map(|_| ()) };
    if let Err(e) = result {
        tracing::warn!("not recorded: {kind}: {e}");
    }
}

/// Records on their way into the journal that are told apart from those of others, at most.
const ON_THE_WAY: usize = 8;

/// What a workspace's readiness was recorded as, which the journal writes a moment later.
#[derive(Default)]
pub(crate) struct Recorded {
    last: Option<Vec<u8>>,
    /// What the journal says until `last` is written.
    older: Vec<Option<Vec<u8>>>,
}

impl Recorded {
    /// The last record, where the journal says that it is `read`.
    fn newest<'a>(&'a self, read: Option<&'a [u8]>) -> Option<&'a [u8]> {
        if self.older.iter().any(|older| older.as_deref() == read) { self.last.as_deref() } else { read }
    }

    /// `now` is on its way.
    fn put(&mut self, read: Option<Vec<u8>>, now: Vec<u8>) {
        let last = self.last.replace(now);
        if !self.older.contains(&read) {
            self.older = vec![read];
        } else if self.older.len() < ON_THE_WAY {
            self.older.push(last);
        }
    }
}

/// Readiness, with which artifacts are not as they should be, when it is not what was recorded last for this workspace, by this process or another.
pub(crate) fn readiness(
    inner: &Inner,
    root: &Path,
    recorded: &Mutex<Recorded>,
    readiness: &Readiness,
    lacking: &Value,
) {
    if !enabled(inner, root) {
        return;
    }
    let Ok(journal) = inner.journal() else { return };
    let Ok(workspace) = journal.workspace_id(root) else { return };
    let mut payload = json!({
        "state": readiness.state, "target": readiness.target, "total": readiness.total, "present": readiness.present,
        "missing": readiness.missing, "corrupt": readiness.corrupt, "stale": readiness.stale,
        "unknown": readiness.unknown,
    });
    for (name, value) in lacking.as_object().into_iter().flatten() {
        payload[name] = value.clone();
    }
    let key = format!("readiness:{workspace}");
    let now = payload.to_string().into_bytes();
    let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
    let read = journal.remember_get(&key).ok().flatten();
    if recorded.newest(read.as_deref()) == Some(now.as_slice()) {
        return;
    }
    recorded.put(read, now.clone());
    drop(recorded);
    write(inner, Some(root), "readiness.observed", Lane::Observations, journal::holdover(), payload, false);
    journal.remember_put_many(vec![(key, now)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_not_written_yet_counts_and_one_of_another_process_too() {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        let mut recorded = Recorded::default();
        assert_eq!(recorded.newest(None), None);
        assert_eq!(recorded.newest(Some(b"a")), Some(&b"a"[..]));
        recorded.put(bytes("a"), b"b".to_vec());
        assert_eq!(recorded.newest(Some(b"a")), Some(&b"b"[..]), "ours is on its way");
        recorded.put(bytes("a"), b"c".to_vec());
        for read in ["a", "b", "c"] {
            assert_eq!(recorded.newest(Some(read.as_bytes())), Some(&b"c"[..]), "{read}: both are on their way");
        }
        assert_eq!(recorded.newest(Some(b"x")), Some(&b"x"[..]), "another process recorded something");
        recorded.put(bytes("x"), b"d".to_vec());
        assert_eq!(recorded.newest(Some(b"b")), Some(&b"b"[..]), "ours were written long ago");
    }
}
