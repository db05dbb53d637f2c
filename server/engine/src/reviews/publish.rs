//! Publishing a review: what would be sent, and sending it. Asked outwards, nothing is written before the pull request was found at the commit
//! that was reviewed and its reviews were looked through for what is there already; what came of it is an event.

use super::code_host::{CodeHost, Heard, token};
use super::error::ReviewError;
use super::publish_error::PublishError;
use super::repository::Here;
use crate::notes::shown_plain;
use crate::record;
use crate::{Engine, EngineError};
use contract::{Publication, PublicationState, Review};
use host::Cancel;
use journal::{PublishedRecord, ReviewRecord, review_published};
use review::Repository as _;
use review::publish::Plan;
use review::publish::github::{self, Api, Known, Pull, Sent, Target};
use serde_json::json;
use std::path::Path;
use ulid::Ulid;

/// The host that reviews are published to.
const TO: &str = "github";
/// Remotes of git that are looked at, in this order: pull requests are made to the first where there are both.
const REMOTES: [&str; 2] = ["upstream", "origin"];
/// Most pages of reviews that are looked through.
const MOST_PAGES: usize = 20;

/// What is to be published, and where.
#[derive(Debug, Clone, Default)]
pub struct PublishAsk {
    /// The review, by its id or the end of it; without one, the only one there is.
    pub review: Option<String>,
    /// `OWNER/NAME`; without it, what the repository's remote is.
    pub repository: Option<String>,
    /// Number of the pull request; without it, what the review's range names.
    pub pull: Option<u64>,
    /// Address of the host's API; without it, of the remote's host.
    pub api: Option<String>,
}

/// All that is needed to send it.
struct Prepared {
    record: ReviewRecord,
    review: Review,
    target: Target,
    api: Api,
    prefix: String,
    sent: Sent,
    writer: String,
}

impl Prepared {
    fn plan(&self) -> Plan {
        github::plan(&self.review, &self.target, &self.prefix, &self.sent, &self.writer)
    }
}

impl Engine {
    /// What publishing would send, letter for letter, and what it would not. Opens no connection and asks for no token.
    pub fn review_publication(&self, root: &Path, ask: &PublishAsk) -> Result<Publication, EngineError> {
        let prepared = self.prepare(root, ask)?;
        Ok(publication(&prepared, prepared.plan(), PublicationState::Planned, None))
    }

    /// Publishes it as a pending review. Where the answer was not heard an earlier time, what is there is found and not sent again.
    pub fn review_publish(&self, root: &Path, ask: &PublishAsk, cancel: &Cancel) -> Result<Publication, EngineError> {
        let permit = self.inner.gate.permit()?;
        // What came of it has to be written down, or it could be sent twice.
        drop(crate::notes::recording(&self.inner, root)?);
        let prepared = self.prepare(root, ask)?;
        let plan = prepared.plan();
        if plan.requests.is_empty() {
            return Ok(publication(&prepared, plan, PublicationState::Nothing, None));
        }
        let api = prepared.api.clone();
        let ended = token(&self.inner.folders.data, &api, &permit, cancel)
            .and_then(|token| CodeHost::new(&api, token, permit, cancel))
            .and_then(|mut host| send(&Here { folder: root, cancel }, &mut host, prepared, plan));
        match ended {
            Ok((prepared, plan, state, url)) => {
                let target = prepared.target.to_string();
                let there: Vec<(Ulid, String)> = plan.sums.clone();
                let payload = review_published(TO, &target, &prepared.review.head, url.as_deref(), &there);
                self.write_review(root, vec![(prepared.record.about.id, "review.published", payload)], None)?;
                Ok(publication(&prepared, plan, state, url))
            }
            Err(problem) => {
                let reason = problem.to_string();
                let reason = reason.lines().next().unwrap_or_default();
                record::decision(
                    &self.inner,
                    Some(root),
                    "review.not-published",
                    json!({ "to": TO, "reason": reason }),
                );
                Err(problem.into())
            }
        }
    }

    fn prepare(&self, root: &Path, ask: &PublishAsk) -> Result<Prepared, EngineError> {
        let record = self.review_record(root, ask.review.as_deref())?;
        let cancel = Cancel::new();
        let here = Here { folder: root, cancel: &cancel };
        let writer = self.writer(root);
        let review = super::read::whole(&here, &record, &writer);
        if !review.here {
            return Err(ReviewError::NotHere { head: review.head }.into());
        }
        let remote = REMOTES.iter().find_map(|name| here.word(&["remote", "get-url", "--", name]));
        let named = remote.as_deref().and_then(github::repository_of);
        let none = || PublishError::NoRepository { remote: shown_plain(remote.as_deref().unwrap_or_default()) };
        let bad = |given: &str, why: &github::BadAddress| PublishError::BadApi {
            given: shown_plain(given),
            why: why.to_string(),
        };
        let api = match (&ask.api, &named) {
            (Some(api), _) => Api::at(api).map_err(|why| bad(api, &why))?,
            (None, Some((host, _))) => Api::of_host(host).map_err(|why| bad(host, &why))?,
            (None, None) if ask.repository.is_some() => {
                Api::of_host("github.com").map_err(|why| bad("github.com", &why))?
            }
            (None, None) => return Err(none().into()),
        };
        let repository = ask.repository.clone().or_else(|| named.map(|(_, path)| path)).ok_or_else(none)?;
        let pull = ask.pull.or_else(|| github::number_of(&record.range.spec));
        let pull = pull.ok_or_else(|| PublishError::NoPull { range: review.range.clone() })?;
        let given = || format!("{}#{pull}", shown_plain(&repository));
        let target = Target::new(&repository, pull).ok_or_else(|| PublishError::BadTarget { given: given() })?;
        let sent = sent(&record.published, &target.to_string(), &writer);
        let prefix = here.word(&["rev-parse", "--show-prefix"]).unwrap_or_default();
        Ok(Prepared { record, review, target, api, prefix, sent, writer: writer.to_string() })
    }
}

/// What this person's own events say is on the host.
fn sent(published: &[PublishedRecord], target: &str, writer: &str) -> Sent {
    let mine = |one: &&PublishedRecord| one.to == TO && one.target == target && *one.author.name == *writer;
    published.iter().filter(mine).flat_map(|one| one.comments.iter().cloned()).collect()
}

type Done = (Prepared, Plan, PublicationState, Option<String>);

/// Looks, then writes, and looks again where it was not heard what came of it.
fn send(here: &Here<'_>, host: &mut CodeHost<'_>, mut prepared: Prepared, plan: Plan) -> Result<Done, PublishError> {
    let pull = pull(host, &plan, &prepared)?;
    let target = prepared.target.to_string();
    if pull.head != prepared.review.head {
        let (there, here) = (pull.head, prepared.review.head);
        return Err(PublishError::Moved { target, there, here });
    }
    if !pull.open {
        return Err(PublishError::Closed { target });
    }
    if plan.on_old {
        let left = here.word(&["merge-base", "--end-of-options", &pull.base, &pull.head]);
        if left.as_ref() != Some(&prepared.review.base) {
            return Err(PublishError::OtherBase { base: pull.base });
        }
    }
    let known = known(host, &prepared)?;
    let is_there = |known: &Known, plan: &Plan| plan.sums.iter().all(|(id, _)| known.comments.contains(id));
    if is_there(&known, &plan) {
        return Ok((prepared, plan, PublicationState::AlreadyThere, known.url));
    }
    if let Some(url) = known.pending {
        return Err(PublishError::Pending { url });
    }
    // A part that is there is not sent again; what it said then is not known, so it counts as what is said now.
    let before: Vec<(Ulid, String)> = plan.sums.iter().filter(|(id, _)| known.comments.contains(id)).cloned().collect();
    prepared.sent.extend(before.iter().cloned());
    let mut plan = if before.is_empty() { plan } else { prepared.plan() };
    let Some(request) = plan.requests.last() else {
        plan.sums = before;
        return Ok((prepared, plan, PublicationState::AlreadyThere, known.url));
    };
    let body = request.body.as_ref().map(ToString::to_string);
    let answer = host.request(&request.method, &request.path, body);
    let url = match answer {
        Ok(Heard { status: 200 | 201, body }) => github::created(&body),
        Ok(heard) if heard.status < 500 => {
            // It may have moved between the two.
            let now = pull_now(host, &plan, &prepared);
            if let Some(now) = now.filter(|now| now.head != prepared.review.head) {
                return Err(PublishError::Moved { target, there: now.head, here: prepared.review.head });
            }
            return Err(refused(host, &target, &heard));
        }
        Err(silence) if silence.unsent => return Err(PublishError::Unheard { reason: silence.reason }),
        unclear => {
            let reason = match unclear {
                Ok(heard) => format!("it answered {}", heard.status),
                Err(silence) => silence.reason,
            };
            match self::known(host, &prepared) {
                Ok(known) if is_there(&known, &plan) => known.url,
                Ok(known) if known.pending.is_none() => return Err(PublishError::Unheard { reason }),
                _ => return Err(PublishError::Unknown { reason }),
            }
        }
    };
    plan.sums.extend(before);
    Ok((prepared, plan, PublicationState::Published, url))
}

fn pull(host: &mut CodeHost<'_>, plan: &Plan, prepared: &Prepared) -> Result<Pull, PublishError> {
    let target = prepared.target.to_string();
    let Some(request) = plan.requests.first() else { return Err(PublishError::BadTarget { given: target }) };
    let heard = asked(host, &request.path)?;
    if heard.status != 200 {
        return Err(refused(host, &target, &heard));
    }
    github::pull(&heard.body).ok_or_else(no_host)
}

fn pull_now(host: &mut CodeHost<'_>, plan: &Plan, prepared: &Prepared) -> Option<Pull> {
    pull(host, plan, prepared).ok()
}

/// What of the review is there, of all pages.
fn known(host: &mut CodeHost<'_>, prepared: &Prepared) -> Result<Known, PublishError> {
    let mut all = Known::default();
    for page in 1..=MOST_PAGES {
        let heard = asked(host, &prepared.target.reviews_on(page))?;
        if heard.status != 200 {
            return Err(refused(host, &prepared.target.to_string(), &heard));
        }
        all = all.and(github::known(&heard.body, &prepared.review.id).ok_or_else(no_host)?);
        if !all.more {
            return Ok(all);
        }
    }
    // Whether it is there cannot be told, so it is not sent.
    let reason = "the pull request has more reviews than are looked through".to_owned();
    Err(PublishError::Unheard { reason })
}

fn asked(host: &mut CodeHost<'_>, path: &str) -> Result<Heard, PublishError> {
    host.request("GET", path, None).map_err(|silence| PublishError::Unheard { reason: silence.reason })
}

fn no_host() -> PublishError {
    PublishError::Unheard {
        reason: "its answer is none of such a host: is that a login page, or another API?".to_owned(),
    }
}

fn refused(host: &CodeHost<'_>, target: &str, heard: &Heard) -> PublishError {
    let said = host.without_token(&shown_plain(&github::refusal(&heard.body)));
    let what = if said.is_empty() { heard.status.to_string() } else { format!("{} {said}", heard.status) };
    let next = match heard.status {
        401 => "git's credential helper has a token that the host does not take: put another one in its place",
        403 | 429 => {
            "look whether the token may write pull requests, or wait where the host says that it was asked too often"
        }
        404 => "look at the repository and the number, and whether the token may see them",
        422 => "look at what it says; a comment on lines that it does not show is refused with all the others",
        300..=399 => "the repository has another name or place there: `--repository OWNER/NAME` names it",
        500.. => "try again later",
        _ => "look at what it says",
    };
    PublishError::Refused { target: target.to_owned(), what, next }
}

fn publication(prepared: &Prepared, plan: Plan, state: PublicationState, url: Option<String>) -> Publication {
    let state =
        if plan.requests.is_empty() && state == PublicationState::Planned { PublicationState::Nothing } else { state };
    let target = prepared.target.to_string();
    let text = super::words::published(state, plan.comments.len(), plan.left_out.len(), &target);
    Publication {
        review: prepared.review.id.clone(),
        to: TO.to_owned(),
        target,
        api: prepared.api.base().to_owned(),
        head: prepared.review.head.clone(),
        state,
        requests: plan.requests,
        comments: plan.comments,
        left_out: plan.left_out,
        url: url.filter(|url| !url.is_empty()),
        text,
    }
}
