//! Why a review was not published. Each message names the thing and the next step; whatever happened, all of it is still here.

/// A review was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No remote of the repository is at a host.
    #[error(
        "no remote of this repository says which one on the host it is{}\nhint: `--repository OWNER/NAME` names it",
        if remote.is_empty() { String::new() } else { format!(": {remote}") }
    )]
    NoRepository {
        /// The remote's address, made fit to be shown; empty where there is none.
        remote: String,
    },
    /// Nothing says which pull request.
    #[error("nothing says which pull request this review is of: `{range}` names none\nhint: `--pull NUMBER` names it")]
    NoPull {
        /// The review's range.
        range: String,
    },
    /// The names are none.
    #[error("this is no pull request: {given}\nhint: `--repository OWNER/NAME` and `--pull NUMBER` name one")]
    BadTarget {
        /// What was given.
        given: String,
    },
    /// The address of the API is none.
    #[error("this cannot be the address of the host's API: {given}: {why}\nhint: `--api https://HOST/api/v3` names it")]
    BadApi {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// Git has no credential.
    #[error(
        "git has no token for {host}, so nothing was sent\nhint: set up a credential helper that has one, `git help credentials`; it needs leave to read and write pull requests"
    )]
    NoToken {
        /// The host.
        host: String,
    },
    /// The pull request is at another commit.
    #[error(
        "the pull request has moved on, so nothing was sent and everything stays a draft here: {target} is at {there}, and {here} was reviewed\nhint: fetch it, look at what is new, then publish"
    )]
    Moved {
        /// The pull request.
        target: String,
        /// The commit there.
        there: String,
        /// The commit here.
        here: String,
    },
    /// It is held against something else.
    #[error(
        "the pull request is held against another commit, so comments on its old text would stand on wrong lines, and nothing was sent: {base}\nhint: fetch its base branch, begin a review of the same range, then publish"
    )]
    OtherBase {
        /// The commit that it is held against.
        base: String,
    },
    /// It was merged or closed.
    #[error("{target} is not open any more, so nothing was sent and everything stays a draft here")]
    Closed {
        /// The pull request.
        target: String,
    },
    /// There is a pending review of the same person.
    #[error(
        "you have a review there that is not submitted, and there can be no second one, so nothing was sent: {url}\nhint: submit or delete it there, then publish"
    )]
    Pending {
        /// Where it can be read.
        url: String,
    },
    /// The host said no.
    #[error("the host refused it, so everything stays a draft here: {target}: {what}\nhint: {next}")]
    Refused {
        /// The pull request.
        target: String,
        /// Its status, and what it said.
        what: String,
        /// The next step.
        next: &'static str,
    },
    /// No answer, before anything was written.
    #[error(
        "the host could not be asked, so nothing was sent and everything stays a draft here: {reason}\nhint: try again"
    )]
    Unheard {
        /// Why.
        reason: String,
    },
    /// No answer to what was written.
    #[error(
        "the host did not answer, so whether the review arrived is not known: {reason}\nhint: publish again: it is looked for first, and nothing is published twice"
    )]
    Unknown {
        /// Why.
        reason: String,
    },
}

impl PublishError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            PublishError::NoRepository { .. } | PublishError::NoPull { .. } | PublishError::BadTarget { .. } => {
                "no-target"
            }
            PublishError::BadApi { .. } => "no-such-api",
            PublishError::NoToken { .. } => "no-token",
            PublishError::Moved { .. } => "moved",
            PublishError::OtherBase { .. } => "other-base",
            PublishError::Closed { .. } => "closed",
            PublishError::Pending { .. } => "pending",
            PublishError::Refused { .. } => "refused",
            PublishError::Unheard { .. } => "unheard",
            PublishError::Unknown { .. } => "not-known",
        }
    }

    /// Whether it was asked for wrongly, and not refused.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self.kind(), "no-target" | "no-such-api")
    }
}
