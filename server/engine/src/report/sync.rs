//! Remotes, what a synchronisation did, and what waits, in words. Composed here alone; nothing is decided here.

use crate::notes::shown_plain;
use crate::words::{counted, size, thousands};
use contract::{QueueReport, RemoteEntry, SyncProblem, SyncRemote, SyncReport, SyncTrouble};
use journal::{KnownRemote, LaneStanding, moment};
use sync::{Exclusion, Probe};

/// Things of one kind that are named one by one, at most; the rest is counted.
const NAMED: usize = 20;

/// How a remote stands.
pub(crate) fn remote(known: &KnownRemote, paused: Option<i64>) -> String {
    if let Some(since) = paused {
        return left_alone(&moment(since));
    }
    match (&known.trouble, known.done_ms) {
        (Some((_, detail)), _) => {
            let first = detail.lines().next().unwrap_or_default();
            format!("{} without success: {}", counted(u64::from(known.attempts), "attempt"), shown_plain(first))
        }
        (None, Some(done)) => format!("last done {}", host::local_time(&moment(done))),
        (None, None) => "not synchronised yet".to_owned(),
    }
}

fn left_alone(since: &str) -> String {
    format!("left alone since {}", host::local_time(since))
}

/// When something is tried again. Nothing synchronises by itself.
pub(crate) fn next(remote: &RemoteEntry) -> String {
    match remote.paused {
        Some(_) => format!("next attempt: after `holdover queue resume --remote {}`", remote.name),
        None => match &remote.next_attempt {
            Some(at) => format!(
                "next attempt: by itself from {} on, where an editor has this project open; at once with `holdover sync {}`",
                host::local_time(at),
                remote.name
            ),
            None => format!("next attempt: when `holdover sync {}` is run", remote.name),
        },
    }
}

/// What a remote can do.
pub(crate) fn probe(probe: &Probe, kind: &str, encrypted: bool) -> Vec<String> {
    let exclusion = match probe.exclusion {
        Exclusion::Refused => "nothing is overwritten: it refuses a second file of one name",
        Exclusion::Reserved => {
            "nothing is overwritten: a name is taken first and then filled, as it cannot refuse a file that is complete"
        }
        Exclusion::Overwrites => {
            "it lets one writer overwrite another: safe here, as names follow from contents; let nothing else write there"
        }
    };
    let free = probe.free.map(|free| format!("free: {}", size(free)));
    let network = if probe.networked {
        "on another machine: not used while offline is forced"
    } else {
        "needs no connection: used while offline is forced, too"
    };
    let who = if encrypted {
        "encrypted with the team's key: who reads there without it sees how much was written and when, and not what"
    } else {
        "not encrypted: who may read there reads what is shared"
    };
    // No server of these was to be had.
    let untested = ["gcs", "azure"].contains(&kind).then(|| {
        "unverified: Holdover was never tried with a real store of this kind, only with S3's; keep another remote beside it".to_owned()
    });
    let lines = ["writable".to_owned(), exclusion.to_owned(), format!("files are {}", probe.way), who.to_owned()];
    lines.into_iter().chain(free).chain([network.to_owned()]).chain(untested).collect()
}

/// Why what was written in a lane waits; empty where nothing does.
pub(crate) fn why(lane: &LaneStanding, known: &KnownRemote) -> String {
    let mut why = Vec::new();
    if lane.not_sealed > 0 {
        why.push(format!("{} not sealed yet", counted(lane.not_sealed, "event")));
    }
    if lane.not_uploaded > 0 {
        let reason = match &known.trouble {
            Some((_, detail)) => shown_plain(detail.lines().next().unwrap_or_default()),
            None => "written since the last synchronisation".to_owned(),
        };
        why.push(format!("{} not on it: {reason}", counted(lane.not_uploaded, "event")));
    }
    if why.is_empty() && lane.not_seen > 0 {
        why.push(format!("{} of which no other device has told yet", counted(lane.not_seen, "event")));
    }
    why.join("; ")
}

/// One thing that could not be dealt with.
pub(crate) fn problem(item: &SyncProblem) -> String {
    let word = match item.trouble {
        SyncTrouble::Retry => "not yet",
        SyncTrouble::Auth => "not allowed",
        SyncTrouble::Quota => "no room",
        SyncTrouble::Integrity => "refused",
        SyncTrouble::Fork => "fork",
        SyncTrouble::Stopped => "stopped",
    };
    let next = match &item.next_attempt {
        Some(at) => {
            format!("; {}, left alone until {}", counted(u64::from(item.attempts), "attempt"), host::local_time(at))
        }
        None => String::new(),
    };
    let detail: Vec<String> = item.detail.lines().map(shown_plain).collect();
    format!("  {word}: {}: {}{next}", shown_plain(&item.name), detail.join("\n    "))
}

/// A queue, a line each.
pub(crate) fn queue(report: &QueueReport) -> Vec<String> {
    let mut lines = Vec::new();
    for queue in &report.remotes {
        lines.push(format!("{}  {}  {}", queue.remote.name, shown_plain(&queue.remote.url), queue.remote.text));
        for lane in &queue.lanes {
            let figures = [
                (lane.written, "written"),
                (lane.durable, "durable"),
                (lane.sealed, "sealed"),
                (lane.uploaded, "uploaded"),
                (lane.seen, "seen"),
            ];
            let figures: Vec<String> = figures.iter().map(|(n, what)| format!("{} {what}", thousands(*n))).collect();
            let why = if lane.why.is_empty() { String::new() } else { format!(": {}", lane.why) };
            lines.push(format!("  {:<12} {}{why}", lane_name(lane.lane), figures.join(", ")));
        }
        for event in &queue.events {
            let (kind, id) = (shown_plain(&event.kind), event.entity.get(18..).unwrap_or(&event.entity));
            lines.push(format!("  {kind} {id} of {}: {}", host::local_time(&event.at), event.state_text));
        }
        lines.extend(listed(&queue.items));
        lines.push(format!("  {}", queue.next));
    }
    lines
}

fn lane_name(lane: contract::Lane) -> &'static str {
    match lane {
        contract::Lane::Ctl => "membership",
        contract::Lane::Review => "reviews",
        contract::Lane::Notes => "notes",
        contract::Lane::Observations => "observations",
        contract::Lane::Local => "local",
        contract::Lane::Other => "other",
    }
}

fn listed(items: &[SyncProblem]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(NAMED).map(problem).collect();
    if items.len() > NAMED {
        lines.push(format!("  and {} more", thousands((items.len() - NAMED) as u64)));
    }
    lines
}

/// What a synchronisation did, a line each.
pub(crate) fn synced(report: &SyncReport) -> Vec<String> {
    let mut lines: Vec<String> = report.remotes.iter().flat_map(one).collect();
    for change in report.changes.iter().rev().take(NAMED).rev() {
        let held = if change.held.is_some() { ", not relied on" } else { "" };
        let (kind, name) = (shown_plain(&change.kind), shown_plain(&change.actor.name));
        let id = change.entity.get(18..).unwrap_or(&change.entity);
        lines.push(format!("  {kind} {id} by {name}, {}{held}", host::local_time(&change.at)));
    }
    if report.merged > 0 {
        let notes = counted(report.merged, "note");
        lines.push(format!("{notes} put together, as different lines had been changed (rule `text`)"));
    }
    if report.conflicts > 0 {
        let (notes, new) = (counted(report.conflicts, "note"), report.new_conflicts);
        let new = if new > 0 { format!(", {} of them since now", thousands(new)) } else { String::new() };
        lines.push(format!("{notes} with several texts beside each other{new}: `holdover conflicts` shows them"));
    }
    if report.pending > 0 {
        lines.push(format!("{} not sent: `holdover queue` says why", counted(report.pending, "event")));
    }
    lines
}

fn one(remote: &SyncRemote) -> Vec<String> {
    if let Some(since) = &remote.paused {
        let name = &remote.name;
        return vec![format!(
            "{name}: {}: `holdover queue resume --remote {name}` has it used again",
            left_alone(since)
        )];
    }
    let mut what = Vec::new();
    if remote.sent > 0 {
        what.push(format!("{} sent", counted(remote.sent, "event")));
    }
    if remote.received > 0 {
        what.push(format!("{} received", counted(remote.received, "event")));
    }
    if remote.healed > 0 {
        what.push(format!("{} put back that it had lost", counted(remote.healed, "segment")));
    }
    if remote.released > 0 {
        what.push(format!("{} let in that had been kept apart", counted(remote.released, "segment")));
    }
    if remote.held > 0 {
        what.push(format!("{} not relied on", counted(remote.held, "event")));
    }
    let what = if what.is_empty() { "nothing new".to_owned() } else { what.join(", ") };
    let mut lines = vec![format!("{}: {what}", remote.name)];
    if let Some(error) = &remote.error {
        lines.push(problem(error));
    }
    lines.extend(remote.apart.iter().take(NAMED).map(|apart| {
        format!("  kept apart: {}: {}; `holdover device list` shows it", shown_plain(&apart.name), apart.detail)
    }));
    lines.extend(listed(&remote.rejected));
    if remote.waiting > 0 {
        lines.push(format!("  {} for what stands in front of them", waits(remote.waiting)));
    }
    for missing in remote.missing.iter().take(NAMED) {
        let log = missing.log.get(..8).unwrap_or_default();
        let (first, last) = (missing.first, missing.last);
        lines.push(format!("  not come yet: events {first} to {last} of log {log}, which its owner has put there"));
    }
    for stray in remote.ignored.iter().take(NAMED) {
        lines.push(format!("  passed over: {}: {}", shown_plain(&stray.name), stray.what));
    }
    lines
}

fn waits(n: u64) -> String {
    format!("{} {}", counted(n, "segment"), if n == 1 { "waits" } else { "wait" })
}
