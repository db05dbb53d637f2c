//! GitHub's pending review: one request that puts all comments on one commit of a pull request, seen by their writer alone until they
//! submit it. What it cannot hold is left out, each with its reason. <https://docs.github.com/rest/pulls/reviews>

mod address;
mod answer;

pub use address::{Api, BadAddress, Target, number_of, repository_of};
pub use answer::{Known, Pull, created, known, pull, refusal};

use super::{Plan, diff, sum};
use contract::{
    AnchorGrade, Comment, LeftOut, NotePlace, PublishRequest, PublishedComment, Review, ReviewFile, ReviewSide, Thread,
    Verdict, VerdictKind,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use ulid::Ulid;

/// Most comments of one review.
const MOST_COMMENTS: usize = 100;
/// Longest body that GitHub takes, in characters.
const LONGEST_BODY: usize = 65_536;
/// What is left of it for the words of a review as a whole beside its marker.
const LONGEST_WORDS: usize = LONGEST_BODY - 8_192;
/// Reviews on one page of an answer.
pub const PAGE: usize = 100;

/// What a marker begins with, in the body of a review on the host.
const MARKER: &str = "<!-- holdover review=";

/// Fingerprints of comments as they are on the host.
pub type Sent = BTreeMap<Ulid, String>;

/// The requests that publish what the person at this device wrote of a review, and what stays here. `prefix`: from the repository's root to
/// the workspace, empty or ending with `/`. `sent`: what is there already. `writer`: the name under which the person writes.
#[must_use]
pub fn plan(review: &Review, target: &Target, prefix: &str, sent: &Sent, writer: &str) -> Plan {
    let mut plan = Plan::default();
    let (mut comments, mut words) = (Vec::new(), String::new());
    for thread in &review.threads {
        let Some(own) = own(thread, sent, &mut plan) else { continue };
        let place = match placed(&thread.place, thread, &review.files, prefix) {
            Ok(place) => place,
            Err(why) => {
                leave_all(&mut plan, &own, thread, &why);
                continue;
            }
        };
        let text = own.iter().map(|comment| comment.body.trim_end()).collect::<Vec<_>>().join("\n\n");
        let is_full = match &place {
            None => words.chars().count() + text.chars().count() > LONGEST_WORDS,
            Some(_) => comments.len() >= MOST_COMMENTS,
        };
        let why = if is_full {
            Some(format!(
                "one review there holds no more than {MOST_COMMENTS} comments: submit it there, then publish again"
            ))
        } else {
            (text.chars().count() > LONGEST_BODY).then(|| format!("it is longer than {LONGEST_BODY} characters"))
        };
        if let Some(why) = why {
            leave_all(&mut plan, &own, thread, &why);
            continue;
        }
        plan.on_old |= place.is_some() && thread.anchor.side == ReviewSide::Old;
        match place {
            None if words.is_empty() => words = text,
            None => drop(write!(words, "\n\n{text}")),
            Some(place) => comments.push(with_body(place, &text)),
        }
        plan.sums.extend(own.iter().filter_map(|comment| Some((comment.id.parse().ok()?, sum(&comment.body)))));
        plan.comments.push(PublishedComment {
            thread: thread.id.clone(),
            comments: own.iter().map(|comment| comment.id.clone()).collect(),
            place: thread.place.text.clone(),
            title: thread.title.clone(),
        });
    }
    leave_verdicts(review, writer, &mut plan);
    if !plan.comments.is_empty() {
        let body = format!("{words}{}{}", if words.is_empty() { "" } else { "\n\n" }, marker(&review.id, &plan.sums));
        plan.requests = requests(target, &json!({ "commit_id": review.head, "body": body, "comments": comments }));
    }
    plan
}

fn requests(target: &Target, review: &Value) -> Vec<PublishRequest> {
    let request = |method: &str, path: String, body: Option<Value>, about: &str| PublishRequest {
        method: method.to_owned(),
        path,
        body,
        about: about.to_owned(),
    };
    vec![
        request("GET", target.pull(), None, "is the pull request still at the commit that was reviewed?"),
        request("GET", target.reviews_on(1), None, "is a part of this there already?"),
        request(
            "POST",
            target.reviews(),
            Some(review.clone()),
            "a pending review, which you alone see until you submit it there",
        ),
    ]
}

/// The comments of a thread that are this person's and not on the host yet; `None` where there are none. The others are left out.
fn own<'t>(thread: &'t Thread, sent: &Sent, plan: &mut Plan) -> Option<Vec<&'t Comment>> {
    let begun_by_me = thread.comments.first().is_some_and(|first| first.mine);
    let first_there = thread.comments.first().is_some_and(|first| known_as(first, sent).is_some());
    let mut own = Vec::new();
    for comment in &thread.comments {
        let why = if let Some(was) = known_as(comment, sent) {
            if comment.removed {
                "it was published, and taken back since: delete it there"
            } else if *was != sum(&comment.body) {
                "it was published, and changed since: change it there"
            } else {
                continue;
            }
        } else if comment.removed {
            "it was taken back"
        } else if !comment.mine {
            "somebody else wrote it, who alone publishes it"
        } else if !begun_by_me {
            "it answers what somebody else wrote, which a pending review cannot"
        } else if first_there {
            "its thread is there already, and a pending review cannot answer it: answer it there"
        } else if comment.versions.len() > 1 {
            "it has several versions that somebody has to decide between"
        } else if thread.resolved {
            "its thread is resolved"
        } else {
            own.push(comment);
            continue;
        };
        leave(plan, comment, thread, why);
    }
    // Words that answer a comment which is not there would stand alone, and on nothing.
    if own.first().is_some_and(|first| Some(&first.id) != thread.comments.first().map(|first| &first.id)) {
        let why = "the comment that begins its thread is not published";
        for comment in own.drain(..) {
            leave(plan, comment, thread, why);
        }
    }
    (!own.is_empty()).then_some(own)
}

fn known_as<'s>(comment: &Comment, sent: &'s Sent) -> Option<&'s String> {
    sent.get(&comment.id.parse::<Ulid>().ok()?)
}

/// A comment's place there; `None`: the review as a whole.
fn placed(place: &NotePlace, thread: &Thread, files: &[ReviewFile], prefix: &str) -> Result<Option<Value>, String> {
    let Some(path) = place.path.as_deref() else {
        return if thread.anchor.at.path.is_none() {
            Ok(None)
        } else {
            Err("its file is not in the change any more".to_owned())
        };
    };
    let side = thread.anchor.side;
    let range = match (place.grade, place.range) {
        (AnchorGrade::Exact | AnchorGrade::Shifted | AnchorGrade::Moved, Some(range)) => range,
        (AnchorGrade::Changed, _) => return Err("its lines were written anew since: look at it again".to_owned()),
        (AnchorGrade::Gone | AnchorGrade::Review, _) => return Err("its file is not in the change any more".to_owned()),
        _ if thread.anchor.at.line.is_some() => return Err("its lines are not there any more".to_owned()),
        _ => return Err("it stands on a file as a whole, which a pending review cannot".to_owned()),
    };
    let of = |file: &&ReviewFile| match side {
        ReviewSide::New => file.path == path && file.new_blob.is_some(),
        ReviewSide::Old => file.old_path.as_deref().unwrap_or(&file.path) == path && file.old_blob.is_some(),
    };
    let file = files.iter().find(of).ok_or("its file is not in the change any more")?;
    let (first, last) = (range.start.line, range.end.line);
    if !diff::shows(&file.hunks, side, &(first..last.saturating_add(1))) {
        return Err(
            "the pull request's comparison does not show its lines, which did not change and are near no change"
                .to_owned(),
        );
    }
    let named = if side == ReviewSide::Old { "LEFT" } else { "RIGHT" };
    let mut value = json!({ "path": format!("{prefix}{}", file.path), "line": last + 1, "side": named });
    if first < last {
        value["start_line"] = json!(first + 1);
        value["start_side"] = json!(named);
    }
    Ok(Some(value))
}

fn with_body(mut place: Value, body: &str) -> Value {
    place["body"] = json!(body);
    place
}

/// What tells later that these comments are there: in the body of the review, not drawn.
fn marker(review: &str, comments: &[(Ulid, String)]) -> String {
    let ids: Vec<String> = comments.iter().map(|(id, _)| id.to_string()).collect();
    format!("{MARKER}{review} comments={} -->", ids.join(","))
}

fn leave(plan: &mut Plan, comment: &Comment, thread: &Thread, why: &str) {
    let (id, place) = (comment.id.clone(), thread.place.text.clone());
    plan.left_out.push(LeftOut { id, place, why: why.to_owned() });
}

fn leave_all(plan: &mut Plan, comments: &[&Comment], thread: &Thread, why: &str) {
    for comment in comments {
        leave(plan, comment, thread, why);
    }
}

/// A pending review has no verdict; the person gives it with the submission.
fn leave_verdicts(review: &Review, writer: &str, plan: &mut Plan) {
    let standing = |verdict: &&Verdict| verdict.author.name == writer && verdict.current && !verdict.replaced;
    for verdict in review.verdicts.iter().filter(standing) {
        let named = match verdict.verdict {
            VerdictKind::Approve => "Approve",
            VerdictKind::RequestChanges => "Request changes",
            VerdictKind::Comment => "Comment",
        };
        plan.left_out.push(LeftOut {
            id: verdict.op.clone(),
            place: "your verdict".to_owned(),
            why: format!("a pending review has none: choose `{named}` when you submit it there"),
        });
    }
}

#[cfg(test)]
mod tests;
