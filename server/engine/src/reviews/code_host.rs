//! Requests of a code host, made by the program `holdover-ask` through the gate, and the token for them, which git's credential helpers
//! have. The token is in memory alone: in no file, no argument, no variable, no log and no event.

use super::publish_error::PublishError;
use contract::{HostAnswer, HostQuestion};
use host::{Cancel, Command, Permit, Stream, Talk, TalkError};
use review::publish::github::Api;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Longest that one request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest that a credential helper may take: it may ask a keyring, or the host itself.
const HELPER: Duration = Duration::from_secs(20);

/// What was heard of a host.
pub(super) struct Heard {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why nothing was.
pub(super) struct Silence {
    pub reason: String,
    /// Whether the request cannot have arrived.
    pub unsent: bool,
}

/// A host's API, as long as a connection may be used.
pub(super) struct CodeHost<'a> {
    talk: Talk,
    api: &'a Api,
    token: Zeroizing<String>,
    cancel: &'a Cancel,
}

impl<'a> CodeHost<'a> {
    pub fn new(
        api: &'a Api,
        token: Zeroizing<String>,
        permit: Permit,
        cancel: &'a Cancel,
    ) -> Result<Self, PublishError> {
        let unheard = |e: TalkError| PublishError::Unheard { reason: e.to_string() };
        let talk = Talk::beside(host::ASK_PROGRAM, &["code-host".to_owned()], Some(permit)).map_err(unheard)?;
        Ok(Self { talk, api, token, cancel })
    }

    /// Makes one request; `path` stands behind the address of the API.
    pub fn request(&mut self, method: &str, path: &str, body: Option<String>) -> Result<Heard, Silence> {
        let silence = |reason: String, unsent: bool| Silence { reason, unsent };
        let question = HostQuestion {
            method: method.to_owned(),
            url: format!("{}{path}", self.api.base()),
            token: self.token.to_string(),
            body,
            limit_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
        };
        let head = serde_json::to_vec(&question).map_err(|e| silence(e.to_string(), true))?;
        drop(Zeroizing::new(question.token));
        let until = Instant::now() + PATIENCE + Duration::from_secs(2);
        let (answer, body) =
            self.talk.ask(head, Vec::new(), until, self.cancel).map_err(|e| silence(e.to_string(), false))?;
        match serde_json::from_slice::<HostAnswer>(&answer) {
            Ok(HostAnswer::Answer { status, whole: true }) => Ok(Heard { status, body }),
            Ok(HostAnswer::Answer { status, whole: false }) => {
                Err(silence(format!("it answered {status}, and its answer broke off or is too long"), false))
            }
            Ok(HostAnswer::Silence { reason, unsent }) => Err(silence(self.without_token(&reason), unsent)),
            Err(e) => Err(silence(e.to_string(), false)),
        }
    }

    /// Somebody else's words, should they repeat the token.
    pub fn without_token(&self, words: &str) -> String {
        words.replace(self.token.as_str(), "…")
    }
}

/// The token that git's credential helpers have for a host. They are the user's: they are asked outside of any repository, whose configuration
/// could name other ones. Nobody is asked for a password.
pub(super) fn token(
    folder: &Path,
    api: &Api,
    permit: &Permit,
    cancel: &Cancel,
) -> Result<Zeroizing<String>, PublishError> {
    let (protocol, host) = api.credential();
    let none = || PublishError::NoToken { host: host.to_owned() };
    let real = std::fs::canonicalize(folder).map_err(|_| none())?;
    let mut asked = tempfile::tempfile().map_err(|_| none())?;
    write!(asked, "protocol={protocol}\nhost={host}\n\n").and_then(|()| asked.rewind()).map_err(|_| none())?;
    let mut found: Option<Zeroizing<String>> = None;
    let command = Command::new("git", &real)
        .args(["-c", "core.askPass=", "-c", "credential.interactive=false", "credential", "fill"])
        .unset(TURNS_GIT)
        .env("GIT_CEILING_DIRECTORIES", real.parent().unwrap_or(&real))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("GCM_INTERACTIVE", "never")
        .reads(asked)
        .limit(HELPER)
        .with_network(permit.clone());
    let ended = command.run(cancel, &mut |stream, line| {
        if let Some(word) = line.strip_prefix("password=").filter(|_| stream == Stream::Out) {
            found = Some(Zeroizing::new(word.trim().to_owned()));
        }
    });
    let good = |token: &Zeroizing<String>| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
    found.filter(|token| ended.is_ok_and(|ended| ended.ok()) && good(token)).ok_or_else(none)
}

/// Variables that would turn git to a repository or to somebody else's configuration, or write down what it does.
const TURNS_GIT: [&str; 10] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_CONFIG",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_REDACT",
];
