//! Requests of a code host's API, one after the other. A frame with a question on standard input, a frame with the answer and its body on
//! standard output. The token comes in the question, goes into one header and nowhere else; where a redirection leads is not asked.

use crate::client;
use contract::{Heard, HostAnswer, HostQuestion};
use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Uri;

/// More of an answer is not read, in bytes.
const MOST: u64 = 8 << 20;
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// The form of the answers, and the version of the API that names it.
const ACCEPT: &str = "application/vnd.github+json";
const VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

/// Answers questions until there are no more, and gives the exit code.
pub(crate) fn run() -> u8 {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let Ok(Some((head, _))) = host::read_frame(&mut stdin) else { return 0 };
        let Ok(question) = serde_json::from_slice::<HostQuestion>(&head) else {
            let _ = writeln!(io::stderr(), "holdover-ask is run by holdover; see `holdover review publish --help`");
            return 2;
        };
        let (answer, body) = ask(&question).unwrap_or_else(|silence| (silence, Vec::new()));
        let Ok(head) = serde_json::to_vec(&answer) else { return 3 };
        if host::write_frame(&mut stdout, &head, &body).is_err() {
            return 3;
        }
    }
}

fn ask(question: &HostQuestion) -> Result<(HostAnswer, Vec<u8>), HostAnswer> {
    let unsent = |reason: String| HostAnswer::Silence { reason, unsent: true };
    let uri: Uri = question.url.parse().map_err(|e| unsent(format!("it is no address: {e}")))?;
    let local = uri.host().is_some_and(is_here);
    if !(uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && local) {
        return Err(unsent("a token is sent over https alone".to_owned()));
    }
    let limit = Duration::from_millis(question.limit_ms);
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT.min(limit)))
        .timeout_global(Some(limit))
        // A token goes where it was meant for and nowhere else.
        .max_redirects(0)
        .tls_config(client::tls(None).map_err(unsent)?)
        .user_agent(concat!("holdover/", env!("CARGO_PKG_VERSION")));
    // What is on this machine is not asked through somebody else.
    let config = if local { config.proxy(None) } else { config };
    let agent: Agent = config.build().into();
    let authorization = format!("Bearer {}", question.token);
    let answered = match (question.method.as_str(), &question.body) {
        ("GET", None) => agent
            .get(&question.url)
            .header("accept", ACCEPT)
            .header(VERSION.0, VERSION.1)
            .header("authorization", authorization)
            .call(),
        ("POST", Some(body)) => agent
            .post(&question.url)
            .header("accept", ACCEPT)
            .header("content-type", "application/json")
            .header(VERSION.0, VERSION.1)
            .header("authorization", authorization)
            .send(body.as_str()),
        _ => return Err(unsent("it is no request that is made here".to_owned())),
    };
    let mut response = answered.map_err(|error| silence(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let read = response.body_mut().as_reader().take(MOST + 1).read_to_end(&mut body);
    let whole = read.is_ok() && body.len() as u64 <= MOST;
    Ok((HostAnswer::Answer { status, whole }, body))
}

fn is_here(host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || number.is_ok_and(|ip| ip.is_loopback())
}

/// What came of a request that has no answer, and whether it may have arrived all the same.
fn silence(error: &ureq::Error) -> HostAnswer {
    let unsent = match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => true,
        ureq::Error::Timeout(of) => matches!(of, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    };
    match client::unheard(error) {
        Heard::Silence { reason } => HostAnswer::Silence { reason, unsent },
        // Before anything was said.
        Heard::Certificate { reason } => HostAnswer::Silence { reason, unsent: true },
        Heard::Answer { .. } => HostAnswer::Silence { reason: error.to_string(), unsent },
    }
}
