//! The words for states and figures. Every front end shows these, letter for letter, so they are chosen here and nowhere
//! else. Lower case, no full stop: front ends put them into lines, cells and tooltips.

pub(crate) use inventory::figures::{size, thousands};

use contract::{
    Cache, ConflictCount, ConnectivityState, Delivery, EcosystemReadiness, FunctionMode, Mirror, MirrorState, Note,
    NoteVersion, Readiness, ReadinessState,
};
use contract::{
    ConflictOrigin, ConflictSuggestion, FieldState, JournalEntry, LockfileMerge, MergePolicy, PolicyOutcome, RecordSide,
};
use journal::{Erasure, HeldUp};

/// `1 file`, `1,204 files`.
pub(crate) fn counted(n: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// Of a workspace whose claim to be a project does not hold.
pub(crate) const ANOTHER_HISTORY: &str = "this workspace names a project whose history is another one: it is taken for a project of its own, and that project's notes are not shown here";
/// What to do about it.
pub(crate) const TRUST_IF_YOURS: &str = "if it is that project all the same, `holdover trust`";

/// The line that a status bar shows.
pub(crate) fn line(readiness: &Readiness) -> String {
    if readiness.checked_at.is_none() {
        "offline: looking".to_owned()
    } else if readiness.ecosystems.is_empty() {
        "offline: no lockfile".to_owned()
    } else {
        let short = readiness.missing + readiness.corrupt + readiness.stale;
        // Everything is here, and the tool stops all the same or may do so: the line must not look like a yes.
        let and = match readiness.state {
            ReadinessState::Incomplete if short == 0 => ", not ready",
            ReadinessState::Unknown if short + readiness.unknown == 0 => ", could not be told",
            _ => "",
        };
        format!("offline: {} of {}{and}", thousands(readiness.present), thousands(readiness.total))
    }
}

/// The answer, and behind a colon why.
pub(crate) fn verdict(readiness: &Readiness) -> String {
    if readiness.checked_at.is_none() {
        return "not known yet: nothing has been looked at".to_owned();
    }
    match readiness.state {
        ReadinessState::Ready if readiness.total == 0 => "ready: nothing is needed from outside".to_owned(),
        ReadinessState::Ready => "ready: everything that the lockfiles name is here".to_owned(),
        ReadinessState::Proven => "proven: a build with the network denied has passed".to_owned(),
        ReadinessState::StaleProof => "ready: everything is here, and the proof is older than the inputs".to_owned(),
        ReadinessState::Incomplete => format!("not ready: {}", short_or_in_doubt(readiness)),
        ReadinessState::Unknown if readiness.ecosystems.is_empty() => {
            "could not be told: no lockfile was found".to_owned()
        }
        ReadinessState::Unknown => format!("could not be told: {}", short_or_in_doubt(readiness)),
    }
}

/// What is wrong with the counts; with a lockfile as a whole where the counts are sound.
fn short_or_in_doubt(readiness: &Readiness) -> String {
    let short = short(readiness.missing, readiness.corrupt, readiness.stale, readiness.unknown);
    if !short.is_empty() {
        return short;
    }
    match readiness.ecosystems.iter().filter(|one| one.problem.is_some()).count() as u64 {
        0 => "some folders could not be read".to_owned(),
        n => format!("{} cannot be relied on", counted(n, "lockfile")),
    }
}

/// `3 missing, 1 corrupt`; empty where nothing is wrong.
fn short(missing: u64, corrupt: u64, stale: u64, unknown: u64) -> String {
    let kinds = [(missing, "missing"), (corrupt, "corrupt"), (stale, "stale"), (unknown, "unknown")];
    let parts: Vec<String> =
        kinds.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", thousands(n))).collect();
    parts.join(", ")
}

/// The counts of one lockfile.
pub(crate) fn ecosystem(one: &EcosystemReadiness) -> String {
    let mut parts = Vec::new();
    // Where nothing could be read there is nothing to count: the problem says it all.
    if one.total > 0 || one.problem.is_none() {
        parts.push(format!("{} of {} here", thousands(one.present), thousands(one.total)));
    }
    let short = short(one.missing, one.corrupt, one.stale, one.unknown);
    if !short.is_empty() {
        parts.push(short);
    } else if one.total > 0 && one.problem.is_some() {
        // Counts alone would look like a yes.
        parts.push("cannot be relied on".to_owned());
    }
    if one.other_targets > 0 {
        parts.push(format!("{} only for other targets", thousands(one.other_targets)));
    }
    if parts.is_empty() { "cannot be judged".to_owned() } else { parts.join(", ") }
}

pub(crate) fn connection(state: ConnectivityState) -> &'static str {
    match state {
        ConnectivityState::Online => "connected",
        ConnectivityState::Offline => "no connection",
        ConnectivityState::Captive => "something else answers in place of the network",
        ConnectivityState::Degraded => "connected, but not everything answers",
        ConnectivityState::ForcedOffline => "offline, because you said so",
    }
}

pub(crate) fn mode(mode: FunctionMode) -> &'static str {
    match mode {
        FunctionMode::Local => "works without a connection",
        FunctionMode::Delayed => "works now, reaches others later",
        FunctionMode::NeedsOnline => "needs a connection",
        FunctionMode::Unavailable => "does not work now",
    }
}

pub(crate) fn trust(trusted: bool) -> &'static str {
    if trusted {
        "trusted: what this workspace configures may be run"
    } else {
        "not trusted: nothing that this workspace configures is run"
    }
}

pub(crate) fn cache(cache: &Cache) -> String {
    let mut parts: Vec<String> = cache.bytes.map(|bytes| format!("{} in use here", size(bytes))).into_iter().collect();
    if let Some(quota) = cache.quota {
        parts.push(format!("at most {}", size(quota)));
    }
    for (n, what) in [(cache.stale, "stale"), (cache.replaced, "replaced and not compared since")] {
        if n > 0 {
            parts.push(format!("{} {what}", thousands(n)));
        }
    }
    parts.join(", ")
}

pub(crate) fn mirror(mirror: &Mirror) -> String {
    let state = match mirror.state {
        MirrorState::Unknown => return "not asked".to_owned(),
        MirrorState::Reachable => "answers",
        MirrorState::Unreachable => "does not answer",
        MirrorState::Stale => "answers with old contents",
        MirrorState::Unauthorised => "wants credentials",
        MirrorState::Certificate => "has a wrong certificate",
        MirrorState::Captive => "something else answers for it",
        MirrorState::Slow => "answers slowly",
        MirrorState::Incomplete => "lacks what it should have",
    };
    match mirror.state {
        MirrorState::Unreachable | MirrorState::Certificate => state.to_owned(),
        _ => mirror.latency_ms.map_or_else(|| state.to_owned(), |ms| format!("{state}, after {} ms", thousands(ms))),
    }
}

/// Of one that was asked on another network than the one that there is now.
pub(crate) fn mirror_elsewhere(mirror: &Mirror) -> String {
    format!("not asked on this network; before: {}", mirror.text)
}

pub(crate) fn registries(n: u64) -> String {
    if n == 1 { "1 registry".to_owned() } else { format!("{} registries", thousands(n)) }
}

/// Those of open files and of what git holds as unmerged: others are not known of. `editor`: files are open, so that it matters which are.
pub(crate) fn conflicts(count: &ConflictCount, editor: bool) -> String {
    if count.hunks == 0 {
        return "none known".to_owned();
    }
    let closed = match count.closed {
        0 => String::new(),
        _ if !editor => String::new(),
        closed if closed == count.files => ", not open".to_owned(),
        closed => format!(", {} of them not open", thousands(closed)),
    };
    format!("{} in {}{closed}", counted(count.hunks, "merge conflict"), counted(count.files, "file"))
}

/// What the journal can still write, where the disk is so full that it does not write everything.
pub(crate) fn reserve(reserve: journal::Reserve) -> Option<&'static str> {
    (reserve == journal::Reserve::Spent)
        .then_some("its disk is nearly full: what you decide is still recorded, what was only observed is not")
}

/// What to do about it.
pub(crate) const FREE_THE_DISK: &str = "free 12 MiB on that disk; recording then goes on by itself";

/// What holds up the cleaning of the files after a deletion, and the next step.
pub fn held_up(erasure: &Erasure) -> Option<&'static str> {
    match erasure {
        Erasure::Done | Erasure::Pending { held: None, .. } => None,
        Erasure::Pending { held: Some(HeldUp::Reader), .. } => {
            Some("another process still reads an older picture of the journal; ending it helps")
        }
        Erasure::Pending { held: Some(HeldUp::Full), .. } => {
            Some("the disk has no room to write the journal anew; free as much as the journal has")
        }
    }
}

pub(crate) fn delivery(state: Delivery, uploaded_to: &[String], seen_by: &[String]) -> String {
    let names = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| crate::notes::shown_plain(name)).collect();
        match names.as_slice() {
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
            [] => String::new(),
        }
    };
    match state {
        Delivery::Saved => "written".to_owned(),
        Delivery::Durable => "written and flushed to the disk".to_owned(),
        Delivery::Sealed => "sealed".to_owned(),
        Delivery::Uploaded if uploaded_to.is_empty() => "on a remote".to_owned(),
        Delivery::Uploaded => format!("on {}", names(uploaded_to)),
        Delivery::Seen if seen_by.is_empty() => "seen by another device".to_owned(),
        Delivery::Seen => format!("seen by {}", names(seen_by)),
    }
}

/// When a fetch that the network failed is tried again.
pub(crate) fn tried_again(at: &str) -> String {
    format!("the network failed; tried again at {} while an editor is open", host::local_time(at))
}

/// What may leave the machine and is in no segment yet.
pub(crate) fn unsealed(events: u64) -> String {
    match events {
        0 => "everything that may leave this machine is sealed".to_owned(),
        1 => "1 event that may leave this machine is not sealed yet".to_owned(),
        n => format!("{n} events that may leave this machine are not sealed yet"),
    }
}

pub(crate) fn shared(shared: bool) -> &'static str {
    if shared { "shared" } else { "personal" }
}

/// A text that nobody wrote as a whole.
pub(crate) const PUT_TOGETHER: &str = "put together from two texts that were written at the same time";

/// What stands beside each other where nobody has said yet which it is.
pub(crate) fn versions(versions: &[NoteVersion]) -> String {
    let texts = versions.iter().filter(|version| version.body.is_some()).count() as u64;
    if versions.iter().any(|version| version.redacted) {
        return "another version of it was redacted".to_owned();
    }
    if versions.len() as u64 > texts {
        let texts = if texts > 1 { format!("{} texts", thousands(texts)) } else { "this text".to_owned() };
        format!("removed by one and {texts} written by another at the same time")
    } else {
        format!("{} texts were written at the same time", thousands(texts))
    }
}

/// What became of a record, and who wrote what: `2 texts were written at the same time, from the same text: Ann, 2026-11-21
/// 14:00:00 (TWO); Bob, … (removed it)`.
pub(crate) fn record_sides(versions: &[NoteVersion], sides: &[RecordSide], together: bool) -> String {
    let one = |side: &RecordSide| match &side.value {
        _ if side.redacted => format!("{} (redacted)", side.label),
        serde_json::Value::String(text) => format!("{} ({})", side.label, crate::notes::shown_title(text)),
        _ => format!("{} (removed it)", side.label),
    };
    let seen = |side: &RecordSide| !side.saw.is_empty() && side.saw == sides[0].saw;
    let from = if sides.iter().all(seen) { ", from the same text" } else { "" };
    let about = if together { PUT_TOGETHER.to_owned() } else { self::versions(versions) };
    let more = match sides.len().saturating_sub(MOST_SIDES) {
        0 => String::new(),
        more => format!("; {more} more"),
    };
    format!("{about}{from}: {}{more}", sides.iter().take(MOST_SIDES).map(one).collect::<Vec<_>>().join("; "))
}

/// Versions of a record that one sentence names.
const MOST_SIDES: usize = 8;

/// What a policy would make of it, in words.
#[must_use]
pub fn policy_words(outcome: &PolicyOutcome) -> String {
    let would = match outcome.policy {
        MergePolicy::LastWriter => "the last writer's would be shown",
        MergePolicy::Text if outcome.state == FieldState::Merged => "the texts would be put together, line by line",
        MergePolicy::Text => "the texts changed the same lines, so the last would be shown and somebody asked",
        MergePolicy::Manual => "nothing would be shown until somebody decides",
        MergePolicy::Set => "all of them would stand",
        MergePolicy::Counter => "they would be added up",
        MergePolicy::Max => "the largest would be shown",
        MergePolicy::Min => "the smallest would be shown",
    };
    would.to_owned()
}

/// What a writer had before them: `the text of Ann, 2026-11-21 14:00:00`.
pub(crate) fn seen<'a>(wrote: impl Iterator<Item = &'a (String, String)>) -> String {
    let one = |(name, at): &(String, String)| {
        format!("the text of {}, {}", crate::notes::shown_plain(name), host::local_time(at))
    };
    wrote.map(one).collect::<Vec<_>>().join("; ")
}

/// The line above the place of a note.
pub(crate) fn note_line(note: &Note) -> String {
    let remark = if note.place.remark.is_empty() { String::new() } else { format!(" ({})", note.place.remark) };
    let several = if note.versions.len() > 1 { ", several versions" } else { "" };
    format!("note: {}{remark}, {}{several}", note.title, shared(note.shared))
}

pub(crate) fn draft(changes: bool, elsewhere: bool, at: &str) -> String {
    let what = if changes { "a change of a note" } else { "a note" };
    let open = if elsewhere { ", open in another editor" } else { "" };
    format!("{what}, typed {} and not saved{open}", host::local_time(at))
}

/// What HEAD is in a rebase. "Current" would be the other branch.
pub(crate) const REBASED_ONTO: &str = "what is rebased onto";
/// What `git stash pop` brings.
pub(crate) const STASHED: &str = "the stashed changes";

/// `merge conflict between main (1a2b3c4 by Ann, 2026-05-04) and feature (…)`.
pub(crate) fn conflict_between(operation: &str, current: &ConflictOrigin, incoming: &ConflictOrigin) -> String {
    let side = |origin: &ConflictOrigin| {
        let id = origin.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit));
        let by = origin.author.as_deref().map(|author| format!("by {author}"));
        let id = [id.filter(|id| *id != origin.name).map(str::to_owned), by];
        let id = id.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let day = origin.at.as_deref().and_then(|at| at.get(..10)).map(str::to_owned);
        let facts = [Some(id).filter(|id| !id.is_empty()), day].into_iter().flatten().collect::<Vec<_>>().join(", ");
        if facts.is_empty() { origin.name.clone() } else { format!("{} ({facts})", origin.name) }
    };
    let before = if operation == "revert" { "the text before " } else { "" };
    format!("{operation} conflict between {} and {before}{}", side(current), side(incoming))
}

/// When and how the same conflict was resolved before; `elsewhere` is the file where it stood then, if it is another.
pub(crate) fn remembered(entry: &JournalEntry, choice: &str, elsewhere: Option<&str>) -> String {
    let day = entry.at.get(..10).unwrap_or(&entry.at);
    let me = crate::record::person().name;
    let who = if entry.actor.name == me { "you" } else { &entry.actor.name };
    let file = elsewhere.map(|file| format!(" in {file}")).unwrap_or_default();
    format!("{who} resolved this on {day}{file}, {}", chosen(choice))
}

/// A resolution in a list: `src/a.rs:3, with both sides, by Ann, 2026-11-22 01:30:00`. `choice` is not known of a record.
pub(crate) fn resolved(entry: &JournalEntry, place: &str, choice: Option<&str>) -> String {
    let how = choice.map(|choice| format!(", {}", chosen(choice))).unwrap_or_default();
    format!("{place}{how}, by {}, {}", crate::notes::shown_plain(&entry.actor.name), host::local_time(&entry.at))
}

fn chosen(choice: &str) -> String {
    match choice {
        "current" | "incoming" => format!("with the side that was {choice} then"),
        "merge" => "with a merge that was suggested".to_owned(),
        "remembered" => "as before".to_owned(),
        "base" => "with the common ancestor".to_owned(),
        "none" => "with neither side".to_owned(),
        "both" | "both-reversed" => "with both sides".to_owned(),
        "lockfile" => "by the lockfile's own tool".to_owned(),
        other => format!("with {other}"),
    }
}

/// Why a merge is suggested, and how far it is to be trusted.
pub fn merge(suggestion: &ConflictSuggestion) -> String {
    if suggestion.kind == "remembered" {
        return format!("remembered, look before you take it: {}", suggestion.reason);
    }
    let trust = if suggestion.one_click { "trusted" } else { "look before you take it" };
    let share = (suggestion.confidence * 100.0).floor();
    format!("suggested merge, {trust}: {} ({}, {share:.0} % of these were exact)", suggestion.reason, suggestion.kind)
}

/// How a lockfile was merged, and how far that is to be trusted.
pub fn lockfile(merge: &LockfileMerge) -> String {
    if merge.command.is_empty() {
        return format!("merged line by line, look before you take it: {} (nothing was run)", merge.reason);
    }
    let network = match merge.network.as_str() {
        "namespace" => "kept from the network by the system",
        _ => "told to stay offline",
    };
    format!("merged by `{}`, look before you take it: {} ({network})", merge.command, merge.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_by_commas() {
        let shown: Vec<String> = [0, 7, 999, 1000, 1204, 1_234_567].into_iter().map(thousands).collect();
        assert_eq!(shown, ["0", "7", "999", "1,000", "1,204", "1,234,567"]);
    }

    #[test]
    fn conflicts_say_in_how_many_files_they_are_and_how_many_of_these_are_not_open() {
        let count = |files, hunks, closed| ConflictCount { files, hunks, closed, text: String::new() };
        assert_eq!(conflicts(&count(0, 0, 0), true), "none known");
        assert_eq!(conflicts(&count(2, 3, 0), true), "3 merge conflicts in 2 files");
        assert_eq!(conflicts(&count(2, 3, 1), true), "3 merge conflicts in 2 files, 1 of them not open");
        assert_eq!(conflicts(&count(1, 1, 1), true), "1 merge conflict in 1 file, not open");
        assert_eq!(conflicts(&count(1, 1, 1), false), "1 merge conflict in 1 file", "in a terminal none is");
    }

    #[test]
    fn sizes_are_in_the_largest_unit_of_which_there_is_one() {
        let shown: Vec<String> = [0, 1023, 1024, 1536, 12_900_000, u64::MAX].into_iter().map(size).collect();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "12.3 MiB", "16,777,215.9 TiB"]);
    }

    #[test]
    fn the_line_and_the_verdict_say_what_is_here_of_what_is_needed() {
        let ecosystems = vec![EcosystemReadiness::default()];
        let looked = Readiness { checked_at: Some("now".into()), ..Readiness::default() };
        let some = Readiness {
            state: ReadinessState::Incomplete,
            total: 1207,
            present: 1204,
            missing: 2,
            corrupt: 1,
            ecosystems,
            ..looked.clone()
        };
        assert_eq!(line(&some), "offline: 1,204 of 1,207");
        assert_eq!(verdict(&some), "not ready: 2 missing, 1 corrupt");
        let refused = Readiness { present: 1207, missing: 0, corrupt: 0, ..some };
        assert_eq!(line(&refused), "offline: 1,207 of 1,207, not ready");
        let in_doubt = Readiness { state: ReadinessState::Unknown, ..refused };
        assert_eq!(line(&in_doubt), "offline: 1,207 of 1,207, could not be told");
        let some_in_doubt = Readiness { present: 1206, unknown: 1, ..in_doubt };
        assert_eq!(line(&some_in_doubt), "offline: 1,206 of 1,207");
        assert_eq!(line(&looked), "offline: no lockfile");
        assert_eq!(verdict(&looked), "could not be told: no lockfile was found");
        assert_eq!(line(&Readiness::default()), "offline: looking");
        assert_eq!(verdict(&Readiness::default()), "not known yet: nothing has been looked at");
    }

    #[test]
    fn a_lockfile_that_cannot_be_read_counts_nothing() {
        let broken = EcosystemReadiness { problem: Some("not TOML".into()), ..EcosystemReadiness::default() };
        assert_eq!(ecosystem(&broken), "cannot be judged");
        let readiness = Readiness {
            state: ReadinessState::Incomplete,
            checked_at: Some("now".into()),
            ecosystems: vec![broken],
            ..Readiness::default()
        };
        assert_eq!(verdict(&readiness), "not ready: 1 lockfile cannot be relied on");
        let refused =
            EcosystemReadiness { total: 5, present: 5, problem: Some("[patch]".into()), ..Default::default() };
        assert_eq!(ecosystem(&refused), "5 of 5 here, cannot be relied on");
        let other = EcosystemReadiness { total: 3, present: 2, missing: 1, other_targets: 4, ..Default::default() };
        assert_eq!(ecosystem(&other), "2 of 3 here, 1 missing, 4 only for other targets");
    }
}
