//! Synchronises with remotes by itself, on a thread of its own: soon after somebody wrote, when a connection or a stick is back,
//! and every now and then. Only in a server, where the workspace is trusted. When, is decided here; what is done, in `synced`.

use crate::background::Background;
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{ConnectivityState, Lane, SyncSettings};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use host::{Cancel, OfflineMode};
use journal::{Backoff, Journal, JournalError, KnownRemote, LaneStanding, now_ms};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use sync::{Address, Class};
use ulid::Ulid;

/// How often others' news are asked for where nothing waits here.
const INTERVAL: Duration = Duration::from_mins(5);
/// A shorter interval is not taken: hosts count requests. On another machine, and on this one.
const SHORTEST: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(1)];
/// What is written within this time goes together; the same two.
const GATHER: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(2)];
/// When what one attempt left is tried again, beside what was refused by itself and has its own time.
const STUCK: Duration = Duration::from_mins(1);
/// What a person has to mend is tried again this seldom.
const MENDED: Duration = Duration::from_hours(1);
/// How soon it is looked again where there is no connection, another process is at it, or it could not be begun.
const AGAIN: Duration = Duration::from_secs(30);
/// How often it is asked whether a stick is back, where one is away.
const AWAY: Duration = Duration::from_secs(5);
/// How long the file system may take to say so, before the next thing is looked at.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long the end of the thread is waited for.
const FAREWELL: Duration = Duration::from_millis(300);

/// Dropping it ends the thread, and what it carries out.
pub(crate) struct Syncing {
    cancel: Cancel,
    thread: Background,
}

impl Syncing {
    pub fn start(inner: Weak<Inner>) -> Self {
        let cancel = Cancel::new();
        let stop = cancel.clone();
        let mut seen = Seen::default();
        let thread = Background::start("syncing", FAREWELL, inner, move |inner, journal| {
            let waits = inner.all_workspaces().into_iter().filter_map(|workspace| {
                look(inner, journal, &workspace, &mut seen, &stop).unwrap_or_else(|e| {
                    tracing::warn!("when to synchronise could not be looked at: {e}");
                    Some(AGAIN)
                })
            });
            waits.min()
        });
        Self { cancel, thread }
    }

    /// Nothing is begun any more.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Somebody wrote, or the connection, trust or settings may be others than they were.
    pub fn poke(&self) {
        self.thread.poke();
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// What this process knows of remotes beside the journal, by their rows.
#[derive(Default)]
struct Seen {
    /// The network that each was tried on last.
    networks: BTreeMap<i64, u64>,
    away: BTreeMap<i64, Away>,
    /// Until when one is left alone of which nothing could be noted in the journal.
    later: BTreeMap<i64, Instant>,
}

/// Something on this machine that failed, and whether it was there when it was looked at last.
#[derive(Default)]
struct Away {
    gone: bool,
    /// Asked on a thread of its own, as what it lies on may hang.
    asked: Option<Receiver<bool>>,
}

impl Away {
    fn is_there(&mut self, path: &Path) -> bool {
        let asked = self.asked.take().or_else(|| {
            let (tell, told) = bounded(1);
            let path = path.to_owned();
            let ask = move || {
                // Who asked may be gone.
                let _ = tell.send(path.exists());
            };
            std::thread::Builder::new().name("away".to_owned()).spawn(ask).ok().map(|_| told)
        });
        let Some(asked) = asked else { return false };
        match asked.recv_timeout(PATIENCE) {
            Ok(there) => there,
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                self.asked = Some(asked);
                false
            }
        }
    }
}

/// Whether a workspace synchronises by itself where an editor has it open.
pub(crate) fn is_automatic(settings: &SyncSettings) -> bool {
    settings.automatic.unwrap_or(true)
}

/// When a remote is asked next, in milliseconds since 1970; what is past is due. The same in every process, for `now` is only
/// asked whether the last attempt lies in the future, after a clock was set back.
pub(crate) fn due_ms(known: &KnownRemote, lanes: &[LaneStanding], settings: &SyncSettings, now: i64) -> i64 {
    // Not the time itself, which would be another each time that somebody asks.
    let Some(tried) = known.tried_ms.filter(|tried| *tried <= now) else { return known.added_ms.min(now) };
    let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let later = |wait: Duration| tried.saturating_add(millis(wait));
    let own = Ulid::from_string(&known.id).unwrap_or_default();
    match known.trouble.as_ref().map(|(class, _)| Class::of_word(class)) {
        Some(Class::Auth | Class::Quota | Class::Integrity | Class::Fork) => later(MENDED),
        Some(Class::Retry) => {
            let backoff = Backoff { seed: Some(known.n.unsigned_abs()), ..Backoff::default() };
            let first = backoff.delay_ms(None, own, 1);
            let wait = (2..=known.attempts.min(32)).fold(first, |last, n| backoff.delay_ms(Some(last), own, n));
            later(Duration::from_millis(wait))
        }
        Some(Class::Stopped) | None => {
            let near = usize::from(!Address::kept(&known.url).is_ok_and(|address| address.is_networked()));
            let interval = settings.interval_seconds.map_or(INTERVAL, Duration::from_secs).max(SHORTEST[near]);
            let gather = GATHER[near];
            let meant =
                |lane: &&LaneStanding| lane.lane != Lane::Observations && lane.not_uploaded + lane.not_sealed > 0;
            let soon = match lanes.iter().filter(meant).filter_map(|lane| lane.oldest_ms).min() {
                None => i64::MAX,
                // It was there at the last attempt, and could not be put there.
                Some(written) if written < tried => later(STUCK),
                Some(written) => later(gather).max(written.saturating_add(millis(gather))),
            };
            soon.min(later(interval))
        }
    }
}

/// Carries out what is due for a workspace. Answers with when to look again.
fn look(
    inner: &Arc<Inner>,
    journal: &Journal,
    workspace: &Workspace,
    seen: &mut Seen,
    stop: &Cancel,
) -> Result<Option<Duration>, JournalError> {
    let loaded = workspace.loaded();
    let settings = &loaded.settings.sync;
    if !is_automatic(settings) || !workspace.trust().allows() {
        return Ok(None);
    }
    let Some(id) = journal.workspace_known(&workspace.root)? else { return Ok(None) };
    let Some(project) = journal.workspace_project(id)? else { return Ok(None) };
    let mut next: Option<Duration> = None;
    let mut sooner = |wait: Duration| next = Some(next.map_or(wait, |next| next.min(wait)));
    for known in journal.remotes(Some(project))? {
        if journal.remote_paused(known.n)?.is_some() || stop.is_cancelled() || workspace.cancel.is_cancelled() {
            continue;
        }
        let address = Address::kept(&known.url).ok();
        let now = now_ms();
        let mut due = due_ms(&known, &journal.lanes(&known)?, settings, now);
        let failed = known.trouble.as_ref().is_some_and(|(class, _)| Class::of_word(class) == Class::Retry);
        if address.as_ref().is_some_and(Address::is_networked) {
            crate::status::refresh_connectivity(inner);
            let state = crate::status::connectivity(inner).state;
            let (network, _) = crate::status::network(inner);
            let tried_here = seen.networks.get(&known.n).is_none_or(|tried| *tried == network);
            if failed && !tried_here && state == ConnectivityState::Online {
                due = now;
            }
            let off = matches!(
                state,
                ConnectivityState::Offline | ConnectivityState::ForcedOffline | ConnectivityState::Captive
            );
            if off && inner.gate.mode() != OfflineMode::Off {
                sooner(AGAIN);
                continue;
            }
            if due <= now {
                seen.networks.insert(known.n, network);
            }
        } else if failed && let Some(sign) = address.as_ref().and_then(Address::sign) {
            let away = seen.away.entry(known.n).or_default();
            if !away.is_there(&sign) {
                // A stick that lies in a drawer is not tried in vain, and nothing is written for it.
                away.gone = true;
                sooner(AWAY);
                continue;
            }
            if std::mem::take(&mut away.gone) {
                due = now;
            }
        }
        if due > now {
            sooner(Duration::from_millis(due.abs_diff(now)));
            continue;
        }
        let left_alone = seen.later.get(&known.n).map_or(Duration::ZERO, |until| until.duration_since(Instant::now()));
        if !left_alone.is_zero() {
            sooner(left_alone);
        } else if once(inner, workspace, &known, stop) {
            sooner(GATHER[1]);
        } else {
            seen.later.insert(known.n, Instant::now() + AGAIN);
            sooner(AGAIN);
        }
    }
    Ok(next)
}

/// Says whether it was tried, which the journal has noted then.
fn once(inner: &Arc<Inner>, workspace: &Workspace, known: &KnownRemote, stop: &Cancel) -> bool {
    let cancel = workspace.begin_sync(stop);
    crate::synced::refresh(inner, workspace);
    let engine = Engine { inner: Arc::clone(inner) };
    let ended = engine.sync_by_itself(&workspace.root, &known.name, &cancel);
    match &ended {
        Ok(report) => tracing::info!("{}", report.text.join("; ")),
        Err(EngineError::Cancelled | EngineError::Busy { .. }) => {}
        Err(e) => tracing::info!("{} was not synchronised by itself: {e}", known.name),
    }
    workspace.end_sync();
    crate::synced::refresh(inner, workspace);
    ended.is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn known(url: &str, ago_s: i64, attempts: u32, trouble: Option<&str>) -> KnownRemote {
        KnownRemote {
            n: 1,
            project: [1; 16],
            name: "stick".to_owned(),
            url: url.to_owned(),
            id: Ulid::nil().to_string(),
            added_ms: NOW - 1_000_000_000,
            tried_ms: Some(NOW - ago_s * 1000),
            done_ms: None,
            attempts,
            trouble: trouble.map(|class| (class.to_owned(), "why".to_owned())),
        }
    }

    fn waiting(lane: Lane, ago_s: i64) -> LaneStanding {
        let oldest_ms = Some(NOW - ago_s * 1000);
        LaneStanding { lane, written: 5, not_durable: 0, not_sealed: 1, not_uploaded: 0, not_seen: 0, oldest_ms }
    }

    /// In how many seconds.
    fn due(known: &KnownRemote, lanes: &[LaneStanding]) -> i64 {
        (due_ms(known, lanes, &SyncSettings::default(), NOW) - NOW) / 1000
    }

    #[test]
    fn what_somebody_meant_goes_soon_and_what_was_only_observed_with_the_next_look() {
        let (near, far) = ("/stick/ferry", "ssh://host/ferry");
        for url in [near, far] {
            assert_eq!(due(&known(url, 100, 0, None), &[]), 200);
            assert_eq!(due(&known(url, 100, 0, None), &[waiting(Lane::Observations, 1)]), 200);
            assert!(due(&known(url, 100, 0, None), &[waiting(Lane::Notes, 50)]) < 0, "it is due");
            let never = KnownRemote { tried_ms: None, ..known(url, 0, 0, None) };
            assert_eq!(due_ms(&never, &[], &SyncSettings::default(), NOW), never.added_ms, "never tried: due");
        }
        assert_eq!(due(&known(near, 100, 0, None), &[waiting(Lane::Review, 1)]), 1);
        assert_eq!(due(&known(far, 100, 0, None), &[waiting(Lane::Review, 1)]), 9);
        assert_eq!(due(&known(far, 4, 0, None), &[waiting(Lane::Ctl, 1)]), 9, "each push counts");
        let mut sealed = waiting(Lane::Notes, 1);
        (sealed.not_sealed, sealed.not_uploaded) = (0, 1);
        assert_eq!(due(&known(near, 100, 0, None), &[sealed]), 1);
        let all_there = LaneStanding { not_sealed: 0, ..waiting(Lane::Notes, 1) };
        assert_eq!(due(&known(near, 100, 0, None), &[all_there]), 200);
        // What an attempt left behind is not tried every two seconds.
        assert_eq!(due(&known(near, 10, 0, None), &[waiting(Lane::Notes, 20)]), 50);
    }

    #[test]
    fn an_interval_is_taken_down_to_what_hosts_bear() {
        let every = |url: &str, seconds| {
            let settings = SyncSettings { interval_seconds: Some(seconds), ..SyncSettings::default() };
            (due_ms(&known(url, 0, 0, None), &[], &settings, NOW) - NOW) / 1000
        };
        assert_eq!((every("ssh://host/a", 0), every("/stick", 0), every("/stick", 7200)), (10, 1, 7200));
        assert_eq!(every("/stick", u64::MAX), (i64::MAX - NOW) / 1000, "and up to never");
    }

    #[test]
    fn what_failed_is_tried_again_later_each_time_and_the_same_in_every_process() {
        let waits: Vec<i64> = (1..40).map(|n| due(&known("/stick", 0, n, Some("retry")), &[])).collect();
        assert!(waits[0] <= 3 && waits.iter().all(|wait| *wait <= 900), "{waits:?}");
        assert!(waits[20..].iter().any(|wait| *wait > 300), "{waits:?}");
        assert_eq!(waits, (1..40).map(|n| due(&known("/stick", 0, n, Some("retry")), &[])).collect::<Vec<_>>());
        for class in ["auth", "quota", "integrity", "fork"] {
            assert_eq!(due(&known("/stick", 0, 1, Some(class)), &[waiting(Lane::Notes, 1)]), 3600, "{class}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let ahead = known("/stick", -400_000_000, 3, Some("retry"));
        assert_eq!(due_ms(&ahead, &[], &SyncSettings::default(), NOW), ahead.added_ms, "it is due");
        let added_ahead = KnownRemote { added_ms: NOW + 9, ..ahead };
        assert_eq!(due_ms(&added_ahead, &[], &SyncSettings::default(), NOW), NOW);
    }
}
