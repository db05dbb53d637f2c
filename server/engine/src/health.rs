//! How synchronisation does: figures by remote, lane and device, and the patterns in them that a person should look at even though
//! nothing has failed. Reads the journal and asks no remote.

use crate::report::metrics;
use crate::workspace::Workspace;
use contract::{
    DeviceHealth, DriftPattern, Finding, Lane, LaneHealth, RemoteHealth, Severity, SyncDrift, SyncDriftSettings,
    SyncHealth, codes,
};
use host::WORKSPACE_FILE;
use journal::{ItemState, Journal, JournalError, KnownRemote, LaneStanding, RemoteItem, now_ms};
use std::time::Duration;

/// Hours that something may wait, days that a device may be silent, records in conflict of a thousand writes.
const WAITING_HOURS: u64 = 24;
const SILENT_DAYS: u64 = 30;
const CONFLICTS: u64 = 50;
/// Fewer writes or conflicts than these are no pattern.
const FEW_WRITES: u64 = 20;
const FEW_CONFLICTS: u64 = 3;
/// From here on it is again and again.
const AGAIN: u32 = 5;
/// How often the figures are read anew where nothing was synchronised.
pub(crate) const EVERY: Duration = Duration::from_mins(1);

/// Reads the figures of a project's remotes. `conflicts`: records in conflict now.
pub(crate) fn read(
    journal: &Journal,
    project: [u8; 16],
    conflicts: u64,
    settings: &SyncDriftSettings,
) -> Result<SyncHealth, JournalError> {
    let now = now_ms();
    let mut health = SyncHealth { conflicts, ..SyncHealth::default() };
    let mut unseen = 0;
    for known in journal.remotes(Some(project))? {
        let remote = remote(journal, &known, now)?;
        unseen += remote.lanes.iter().map(|lane| lane.unseen).sum::<u64>();
        health.drift.extend(drift_of(&remote, &known, settings));
        health.remotes.push(remote);
    }
    let names = journal.devices(journal::NO_PROJECT).map(|report| report.devices).unwrap_or_default();
    for device in journal.device_standings(project)? {
        let known = names.iter().find(|known| known.id == device.id);
        let short = device.id.get(..8).unwrap_or_default().to_owned();
        health.writes += device.writes;
        let device = DeviceHealth {
            name: known.map_or_else(|| short.clone(), |known| crate::notes::shown_plain(&known.name)),
            id: short,
            own: device.own,
            writes: device.writes,
            silent_seconds: device.last_ms.map(|last| seconds(now, last)),
        };
        let counts = known.is_some_and(|known| known.state == contract::DeviceState::Member);
        health.drift.extend(silent(&device, settings).filter(|_| counts && !health.remotes.is_empty() && unseen > 0));
        health.devices.push(device);
    }
    health.conflicts_per_thousand = (conflicts * 1000).div_ceil(health.writes.max(1));
    health.drift.extend(crowded(&health, settings));
    health.drift.sort_by_key(|drift| drift.pattern);
    Ok(health)
}

fn remote(journal: &Journal, known: &KnownRemote, now: i64) -> Result<RemoteHealth, JournalError> {
    let mut health = RemoteHealth {
        name: known.name.clone(),
        retries: known.attempts,
        reached_seconds: known.done_ms.map(|done| seconds(now, done)),
        paused: journal.remote_paused(known.n)?.is_some(),
        ..RemoteHealth::default()
    };
    for lane in journal.lanes(known)? {
        let lane = lane_health(&lane, now);
        health.depth += lane.depth;
        health.lag_seconds = health.lag_seconds.max(lane.lag_seconds);
        health.lanes.push(lane);
    }
    for item in journal.remote_items(known.n)? {
        let is_late = |item: &RemoteItem| item.state != ItemState::Taken && item.trouble.is_some();
        if is_late(&item) {
            health.rejected += 1;
            health.rejected_attempts = health.rejected_attempts.max(item.attempts);
        } else if item.state == ItemState::Taken {
            health.segments += 1;
            health.bytes += item.bytes;
        }
    }
    Ok(health)
}

fn lane_health(lane: &LaneStanding, now: i64) -> LaneHealth {
    let depth = lane.not_sealed + lane.not_uploaded;
    let oldest = lane.oldest_ms.filter(|_| depth > 0);
    LaneHealth {
        lane: lane.lane,
        depth,
        lag_seconds: oldest.map_or(0, |oldest| seconds(now, oldest)),
        unseen: lane.not_seen,
    }
}

/// Seconds from then to now; none where a clock was set back.
fn seconds(now: i64, then: i64) -> u64 {
    u64::try_from(now.saturating_sub(then)).unwrap_or(0) / 1000
}

fn drift_of(remote: &RemoteHealth, known: &KnownRemote, settings: &SyncDriftSettings) -> Vec<SyncDrift> {
    let name = &remote.name;
    let told = |pattern, text| SyncDrift { pattern, about: Some(name.clone()), text };
    let mut drift = Vec::new();
    let limit = settings.waiting_hours.unwrap_or(WAITING_HOURS).saturating_mul(3600);
    let meant = remote.lanes.iter().filter(|lane| lane.lane != Lane::Observations);
    let (depth, lag) = meant.fold((0, 0), |(depth, lag), lane| (depth + lane.depth, lane.lag_seconds.max(lag)));
    let next = if remote.paused {
        format!("it is left alone; `holdover queue resume --remote {name}` uses it again")
    } else {
        format!("`holdover queue --remote {name}` says why, and `holdover sync {name}` tries now")
    };
    if depth > 0 && lag > limit {
        let waits = crate::words::counted(depth, "event");
        let text = format!("what you wrote for others has waited for {} to reach `{name}` ({waits})", long(lag));
        let detail = known.trouble.as_ref().and_then(|(_, detail)| detail.lines().next());
        let why = detail.map(|detail| format!(": {}", crate::notes::shown_plain(detail))).unwrap_or_default();
        drift.push(told(DriftPattern::Waiting, format!("{text}{why}; {next}")));
    }
    if remote.rejected_attempts >= AGAIN {
        let refused = crate::words::counted(remote.rejected, "segment");
        let text = format!("{refused} on `{name}` or for it refused, up to {} times", remote.rejected_attempts);
        let next = format!("`holdover queue --remote {name}` names each with its reason");
        drift.push(told(DriftPattern::Refused, format!("{text}; {next}")));
    }
    let since_added = seconds(now_ms(), known.added_ms);
    let away = remote.reached_seconds.unwrap_or(since_added);
    if !remote.paused && away > limit.saturating_mul(7) {
        let text = format!("`{name}` was not reached for {}, so what others wrote since then is not here", long(away));
        let next = format!("`holdover sync {name}` tries now, `holdover remote remove {name}` forgets it");
        drift.push(told(DriftPattern::Unreached, format!("{text}; {next}")));
    }
    drift
}

fn silent(device: &DeviceHealth, settings: &SyncDriftSettings) -> Option<SyncDrift> {
    let limit = settings.silent_days.unwrap_or(SILENT_DAYS).saturating_mul(86_400);
    let silent = device.silent_seconds.filter(|silent| !device.own && *silent > limit)?;
    let text = format!(
        "nothing of the device {} came for {}, so it may lack what you wrote; if it is gone, `holdover device revoke {}` takes it out",
        device.name,
        long(silent),
        device.id
    );
    Some(SyncDrift { pattern: DriftPattern::Silent, about: Some(device.name.clone()), text })
}

fn crowded(health: &SyncHealth, settings: &SyncDriftSettings) -> Option<SyncDrift> {
    let many = health.conflicts_per_thousand > settings.conflicts.unwrap_or(CONFLICTS);
    let pattern = many && health.writes >= FEW_WRITES && health.conflicts >= FEW_CONFLICTS;
    pattern.then(|| SyncDrift {
        pattern: DriftPattern::Conflicts,
        about: None,
        text: format!(
            "{} in conflict, {} for each thousand writes: people write the same while they are apart; `holdover conflicts` shows them, and a shorter `sync.interval-seconds` keeps them fewer",
            crate::words::counted(health.conflicts, "record"),
            health.conflicts_per_thousand
        ),
    })
}

/// So long, in the largest unit that says something.
fn long(seconds: u64) -> String {
    let (n, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    crate::words::counted(n, unit)
}

/// What is found in `holdover.toml`, whose project it is about. Without that file it stands in the status alone.
pub(crate) fn findings(workspace: &Workspace, text: Option<&str>) -> Vec<Finding> {
    let health = workspace.sync().health;
    let drift = health.as_ref().map(|health| &*health.drift).unwrap_or_default();
    let file = workspace.root.join(WORKSPACE_FILE);
    let on_disk = match text {
        None if drift.is_empty() => return Vec::new(),
        None => match host::read_small(&file, 1 << 20) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => return Vec::new(),
        },
        Some(_) => String::new(),
    };
    let range = place(text.unwrap_or(&on_disk));
    let found = |drift: &SyncDrift| Finding {
        code: codes::SYNC_DRIFT.to_owned(),
        severity: if drift.pattern == DriftPattern::Silent { Severity::Information } else { Severity::Warning },
        message: drift.text.clone(),
        file: file.clone(),
        range,
        source: "holdover".to_owned(),
        data: serde_json::to_value(drift).ok(),
    };
    drift.iter().map(found).collect()
}

/// The line that names the project, else the first one.
fn place(text: &str) -> contract::Range {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let key = line.trim_start();
        if key.strip_prefix("project").is_some_and(|rest| rest.trim_start().starts_with('=')) {
            let begins = at + (line.len() - key.len());
            return crate::documents::range_of(text, begins..at + line.trim_end().len());
        }
        at += line.len();
    }
    crate::documents::range_of(text, 0..text.lines().next().unwrap_or_default().len())
}

/// Writes the figures where somebody asked for them, whole or not at all.
pub(crate) fn write_metrics(journal: &Journal, workspace: &Workspace, health: &SyncHealth) {
    let loaded = workspace.loaded();
    let Some(file) = loaded.settings.sync.metrics_file.as_ref().filter(|_| workspace.trust().allows()) else { return };
    let project = journal.workspace_known(&workspace.root).ok().flatten();
    let Some(project) = project.and_then(|id| journal.workspace_project(id).ok().flatten()) else { return };
    let file = workspace.root.join(file);
    let told = metrics::open_metrics(&crate::remotes::hex_of(&project), health);
    if let Err(e) = host::write_public(&file, told.as_bytes()) {
        tracing::warn!("the figures of synchronisation were not written: {}: {e}", file.display());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    const DAY: u64 = 86_400;

    fn known() -> KnownRemote {
        KnownRemote {
            n: 1,
            project: [1; 16],
            name: "stick".to_owned(),
            url: "/stick".to_owned(),
            id: String::new(),
            added_ms: now_ms() - 1_000,
            tried_ms: None,
            done_ms: None,
            attempts: 0,
            trouble: Some(("retry".to_owned(), "no remote is at /stick\nhint: plug it in".to_owned())),
        }
    }

    fn remote(lag: u64, reached: Option<u64>) -> RemoteHealth {
        let lane = LaneHealth { lane: Lane::Notes, depth: u64::from(lag > 0), lag_seconds: lag, unseen: 0 };
        RemoteHealth {
            name: "stick".to_owned(),
            reached_seconds: reached,
            lanes: vec![lane],
            ..RemoteHealth::default()
        }
    }

    fn patterns(remote: &RemoteHealth, settings: &SyncDriftSettings) -> Vec<DriftPattern> {
        drift_of(remote, &known(), settings).iter().map(|drift| drift.pattern).collect()
    }

    #[test]
    fn what_waits_longer_than_a_team_bears_is_said_with_the_reason_and_the_next_step() {
        let usual = SyncDriftSettings::default();
        assert_eq!(patterns(&remote(DAY, Some(0)), &usual), []);
        assert_eq!(patterns(&remote(DAY + 1, Some(0)), &usual), [DriftPattern::Waiting]);
        let patient = SyncDriftSettings { waiting_hours: Some(48), ..SyncDriftSettings::default() };
        assert_eq!(patterns(&remote(DAY + 1, Some(0)), &patient), []);
        let text = &drift_of(&remote(3 * DAY, Some(0)), &known(), &usual)[0].text;
        for says in ["waited for 3 days", "`stick`", "no remote is at /stick;", "`holdover sync stick` tries now"] {
            assert!(text.contains(says) && !text.contains("hint"), "{text}");
        }
        let mut observed = remote(30 * DAY, Some(0));
        observed.lanes[0].lane = Lane::Observations;
        assert_eq!(patterns(&observed, &usual), [], "nobody meant it");
        let paused = RemoteHealth { paused: true, ..remote(3 * DAY, Some(90 * DAY)) };
        let drift = drift_of(&paused, &known(), &usual);
        assert!(drift.len() == 1 && drift[0].text.contains("`holdover queue resume --remote stick`"), "{drift:?}");
    }

    #[test]
    fn a_remote_that_is_far_away_and_what_is_refused_again_and_again_are_patterns_too() {
        let usual = SyncDriftSettings::default();
        assert_eq!(patterns(&remote(0, Some(7 * DAY)), &usual), []);
        assert_eq!(patterns(&remote(0, Some(7 * DAY + 1)), &usual), [DriftPattern::Unreached]);
        assert_eq!(patterns(&remote(0, None), &usual), [], "it was added a second ago");
        let refused = |attempts| RemoteHealth { rejected: 1, rejected_attempts: attempts, ..remote(0, Some(0)) };
        assert_eq!(patterns(&refused(AGAIN - 1), &usual), []);
        assert_eq!(patterns(&refused(AGAIN), &usual), [DriftPattern::Refused]);
    }

    #[test]
    fn conflicts_are_a_pattern_from_some_of_them_on() {
        let usual = SyncDriftSettings::default();
        let of = |conflicts: u64, writes: u64| {
            let rate = (conflicts * 1000).div_ceil(writes);
            let health = SyncHealth { conflicts, writes, conflicts_per_thousand: rate, ..SyncHealth::default() };
            crowded(&health, &usual).is_some()
        };
        assert!(of(3, 20) && of(6, 119));
        assert!(!of(3, 19), "too few writes");
        assert!(!of(2, 20), "too few conflicts");
        assert!(!of(5, 100), "as many as are usual");
    }

    #[test]
    fn a_device_is_asked_after_once_it_was_silent_for_long() {
        let device = |own, silent_seconds| DeviceHealth {
            name: "desk of Bob".to_owned(),
            id: "0123abcd".to_owned(),
            own,
            writes: 1,
            silent_seconds,
        };
        let usual = SyncDriftSettings::default();
        assert!(silent(&device(false, Some(30 * DAY)), &usual).is_none());
        let drift = silent(&device(false, Some(40 * DAY)), &usual).unwrap();
        assert!(
            drift.text.contains("40 days") && drift.text.contains("`holdover device revoke 0123abcd`"),
            "{drift:?}"
        );
        assert!(silent(&device(true, Some(40 * DAY)), &usual).is_none(), "it is this one");
        assert!(silent(&device(false, None), &usual).is_none());
    }

    #[test]
    fn it_stands_where_the_project_is_named() {
        let text = "# x\n[workspace]\n  project = \"ferry\" # y\nprojects = 1\n";
        let range = place(text);
        assert_eq!((range.start.line, range.end.line), (2, 2));
        assert_eq!(place("\n").start.line, 0);
    }
}
