//! Sentences about reviews, threads and verdicts: the same in a terminal and in every editor.

use crate::notes::shown_plain;
use contract::{AnchorGrade, DecisionState, NotePlace, PublicationState, Thread, Verdict, VerdictKind};
use journal::{NoteRecord, ReviewRecord, ThreadState, VerdictRecord};

/// The place of a thread that stands on no file.
pub(super) const WHOLE_REVIEW: &str = "the whole review";

/// Letters of a commit's name that people are shown.
const SHORT: usize = 10;

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

fn number(of: usize, what: &str) -> String {
    if of == 1 { format!("1 {what}") } else { format!("{of} {what}s") }
}

pub(super) fn comment(name: &str, at: &str, state: &str, record: &NoteRecord) -> String {
    let mut about = vec![shown_plain(name), host::local_time(at), state.to_owned()];
    if record.is_removed() {
        let redacted = record.versions.iter().all(|version| version.redacted);
        about.push(if redacted { "redacted" } else { "retracted" }.to_owned());
    } else if record.versions.iter().any(|version| !version.merged.is_empty()) {
        about.push(crate::words::PUT_TOGETHER.to_owned());
    } else if record.versions.len() > 1 {
        about.push(crate::words::versions(&record.versions));
    } else if record.versions.first().is_some_and(|version| version.at != record.created) {
        about.push("edited".to_owned());
    }
    about.join(", ")
}

pub(super) fn disputed(states: &[ThreadState]) -> String {
    let said = |state: &ThreadState| {
        let what = if state.resolved { "resolved" } else { "still open" };
        format!("{what} for {}, {}", shown_plain(&state.author.name), host::local_time(&state.at))
    };
    let said: Vec<String> = states.iter().take(4).map(said).collect();
    format!("{}; neither had seen the other: resolve or reopen it to decide", said.join("; "))
}

pub(super) fn thread(place: &NotePlace, comments: usize, resolved: Option<bool>) -> String {
    let state = match resolved {
        Some(true) => "resolved",
        Some(false) => "open",
        None => "in dispute",
    };
    let remark = if place.remark.is_empty() { String::new() } else { format!(" ({})", place.remark) };
    format!("{}{remark}, {}, {state}", place.text, number(comments, "comment"))
}

pub(super) fn grade(grade: AnchorGrade) -> &'static str {
    match grade {
        AnchorGrade::Exact => "exact",
        AnchorGrade::Shifted => "shifted",
        AnchorGrade::Moved => "moved",
        AnchorGrade::Changed => "changed here",
        AnchorGrade::File | AnchorGrade::Gone => "file",
        AnchorGrade::Review => "review",
    }
}

pub(super) fn thread_finding(thread: &Thread) -> String {
    let author = thread.comments.first().map_or_else(String::new, |first| shown_plain(&first.author.name));
    let more = match thread.comments.len() {
        0 | 1 => String::new(),
        many => format!(" ({} more)", many - 1),
    };
    let remark = match thread.place.grade {
        AnchorGrade::Exact | AnchorGrade::Shifted => String::new(),
        other => format!(" [{}]", grade(other)),
    };
    format!("{author}: {}{more}{remark}", thread.title)
}

pub(super) fn not_here(line: Option<u32>) -> String {
    let line = line.map_or_else(String::new, |line| format!(", line {} at the time", line.saturating_add(1)));
    format!("its commit is not on this machine{line}")
}

pub(super) fn kind(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Approve => "approved",
        VerdictKind::RequestChanges => "requested changes",
        VerdictKind::Comment => "commented",
    }
}

pub(super) fn verdict(record: &VerdictRecord, current: bool) -> String {
    let (name, what) = (shown_plain(&record.author.name), kind(record.verdict));
    let of = if record.verdict == VerdictKind::Approve { "" } else { " of" };
    let earlier = if current { "" } else { " an earlier revision," };
    let anew = if record.replaced { ", decided anew since" } else { "" };
    format!("{name} {what}{of}{earlier} {}, {}{anew}", short(&record.head), host::local_time(&record.at))
}

pub(super) fn decision(state: DecisionState, standing: &[&Verdict], earlier: usize) -> String {
    let names = |of: &[&Verdict]| {
        let mut names: Vec<String> = of.iter().map(|verdict| shown_plain(&verdict.author.name)).collect();
        names.dedup();
        names.join(", ")
    };
    match (state, standing) {
        (DecisionState::None, _) if earlier > 0 => {
            format!("nothing is decided about this revision; {} on earlier ones", number(earlier, "verdict"))
        }
        (DecisionState::Decided, [first, ..]) => match first.verdict {
            VerdictKind::Approve => format!("approved by {}", names(standing)),
            _ => format!("changes requested by {}", names(standing)),
        },
        (DecisionState::Conflict, _) => {
            let each: Vec<String> = standing
                .iter()
                .map(|verdict| format!("{} {}", shown_plain(&verdict.author.name), kind(verdict.verdict)))
                .collect();
            format!("{}: neither knew of the other, so somebody has to decide", each.join(", "))
        }
        _ => "nothing is decided".to_owned(),
    }
}

pub(super) fn review(record: &ReviewRecord, here: bool, head: &str, decision: &str) -> String {
    let mut about = vec![shown_plain(&record.about.author.name), host::local_time(&record.about.created)];
    if !here {
        about.push(format!("its commit {} is not on this machine", short(head)));
    } else if head == record.range.head {
        about.push(format!("at {}", short(head)));
    } else {
        about.push(format!("at {}, begun at {}", short(head), short(&record.range.head)));
    }
    about.push(decision.to_owned());
    about.join(", ")
}

pub(super) fn published(state: PublicationState, comments: usize, left: usize, target: &str) -> String {
    let what = match state {
        PublicationState::Planned => {
            format!("{} would become a pending review of {target}; nothing was sent", number(comments, "comment"))
        }
        PublicationState::Nothing => format!("there is nothing to publish to {target}"),
        PublicationState::Published => {
            format!("{} published as a pending review of {target}: submit it there", number(comments, "comment"))
        }
        PublicationState::AlreadyThere => format!("it is there already: {target}; nothing was sent again"),
    };
    if left == 0 { what } else { format!("{what}; {left} left out") }
}
