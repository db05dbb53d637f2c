//! What GitHub's answers say. They are somebody else's text: bounded, and no word of them is believed to be more than it is.

use super::{MARKER, PAGE};
use serde::Deserialize;
use std::collections::BTreeSet;
use ulid::Ulid;

/// Longest part of an answer's words that is told, in characters.
const TOLD: usize = 300;

/// A pull request, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The commit that it holds.
    pub head: String,
    /// The commit that it is held against.
    pub base: String,
    /// Whether it is open.
    pub open: bool,
}

/// What of a review is there already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The comments.
    pub comments: BTreeSet<Ulid>,
    /// Where they can be read.
    pub url: Option<String>,
    /// A review of the same person that is not submitted yet: there can be no second one. Where it can be read.
    pub pending: Option<String>,
    /// Whether there may be more on the next page.
    pub more: bool,
}

impl Known {
    /// With what another page says.
    #[must_use]
    pub fn and(mut self, other: Known) -> Known {
        self.comments.extend(other.comments);
        self.url = other.url.or(self.url);
        self.pending = other.pending.or(self.pending);
        self.more = other.more;
        self
    }
}

#[derive(Deserialize)]
struct Reference {
    sha: String,
}

#[derive(Deserialize)]
struct PullBody {
    head: Reference,
    base: Reference,
    state: String,
}

#[derive(Deserialize)]
struct ReviewBody {
    #[serde(default)]
    body: Option<String>,
    state: String,
    html_url: String,
}

#[derive(Deserialize)]
struct RefusalBody {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

/// The pull request of an answer; `None` where it is none.
#[must_use]
pub fn pull(body: &[u8]) -> Option<Pull> {
    let read: PullBody = serde_json::from_slice(body).ok()?;
    let (head, base) = (read.head.sha, read.base.sha);
    (journal::is_commit(&head) && journal::is_commit(&base)).then(|| Pull { head, base, open: read.state == "open" })
}

/// What a page of the pull request's reviews says of what was published of the review `review`; `None` where it is no such page.
#[must_use]
pub fn known(body: &[u8], review: &str) -> Option<Known> {
    let read: Vec<ReviewBody> = serde_json::from_slice(body).ok()?;
    let mut known = Known { more: read.len() >= PAGE, ..Known::default() };
    for one in read {
        let found = one.body.as_deref().map(|body| marked(body, review)).unwrap_or_default();
        let url = Some(address(&one.html_url));
        if one.state == "PENDING" {
            known.pending.clone_from(&url);
        }
        if !found.is_empty() {
            known.comments.extend(found);
            known.url = url;
        }
    }
    Some(known)
}

/// Where a review that was just made can be read; `None` where the answer is no review.
#[must_use]
pub fn created(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<ReviewBody>(body).ok().map(|read| address(&read.html_url))
}

/// The comments that a marker of this review names.
fn marked(body: &str, review: &str) -> BTreeSet<Ulid> {
    let named = |part: &str| -> Option<BTreeSet<Ulid>> {
        let (of, ids) = part.split_once(" comments=")?;
        let (ids, _) = ids.split_once(" -->")?;
        (of == review).then(|| ids.split(',').filter_map(|id| id.parse().ok()).collect())
    };
    body.split(MARKER).skip(1).filter_map(named).flatten().collect()
}

/// What an answer that is no success says of itself, in one line; empty where it says nothing.
#[must_use]
pub fn refusal(body: &[u8]) -> String {
    let Ok(read) = serde_json::from_slice::<RefusalBody>(body) else { return String::new() };
    let error = |error: &serde_json::Value| {
        let text = error.as_str().or_else(|| error.get("message")?.as_str()).or_else(|| error.get("code")?.as_str());
        text.map(str::to_owned)
    };
    let parts: Vec<String> =
        std::iter::once(read.message).chain(read.errors.iter().take(8).filter_map(error)).collect();
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join("; ").chars().filter(|c| !c.is_control()).take(TOLD).collect()
}

/// An address of a page; empty where it is none that can be opened.
fn address(text: &str) -> String {
    let sound = (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() <= 1024
        && text.chars().all(|c| c.is_ascii_graphic());
    if sound { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_there_is_told_by_markers_of_the_same_review() {
        let (mine, other) = (Ulid::from(7_u128), Ulid::from(8_u128));
        let review = Ulid::from(1_u128).to_string();
        let body = |of: &str, id: Ulid| format!("words\n\n<!-- holdover review={of} comments={id} -->");
        let one = |state: &str, body: &str, n: u8| json!({ "state": state, "body": body, "html_url": format!("https://h/{n}") });
        let page = json!([
            one("COMMENTED", &body(&review, mine), 1),
            one("COMMENTED", &body("another", other), 2),
            one("COMMENTED", "<!-- holdover review=", 3),
            { "state": "APPROVED", "body": null, "html_url": "x" },
        ]);
        let found = known(page.to_string().as_bytes(), &review).unwrap();
        assert_eq!(
            found,
            Known { comments: [mine].into(), url: Some("https://h/1".into()), pending: None, more: false }
        );
        let page = json!([one("PENDING", "of another day", 4)]);
        let found = found.and(known(page.to_string().as_bytes(), &review).unwrap());
        assert_eq!((found.pending.as_deref(), found.comments.len()), (Some("https://h/4"), 1));
        let full: Vec<_> = (0..100).map(|_| one("COMMENTED", "", 5)).collect();
        assert!(known(json!(full).to_string().as_bytes(), &review).unwrap().more);
        for wrong in ["<html>", "{}", "[{}]"] {
            assert_eq!(known(wrong.as_bytes(), &review), None, "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_somebody_elses_text() {
        let sha = "a".repeat(40);
        let body = json!({ "head": { "sha": sha }, "base": { "sha": sha }, "state": "closed" });
        assert!(!pull(body.to_string().as_bytes()).unwrap().open);
        let body = json!({ "head": { "sha": "--exec=x" }, "base": { "sha": sha }, "state": "open" });
        assert_eq!(pull(body.to_string().as_bytes()), None);
        let said = json!({ "message": "Unprocessable\u{1b}[31m Entity", "errors": ["Line could not be resolved", { "code": "x" }] });
        assert_eq!(refusal(said.to_string().as_bytes()), "Unprocessable[31m Entity; Line could not be resolved; x");
        assert_eq!(refusal(b"<html>"), "");
        let made = |url: &str| created(json!({ "state": "PENDING", "html_url": url }).to_string().as_bytes()).unwrap();
        assert_eq!((made("https://h/1").as_str(), made("javascript:x").as_str()), ("https://h/1", ""));
    }
}
