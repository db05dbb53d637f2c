//! One `GET`, through the proxies that the environment names, and what came of it in plain words.
//! May not send a credential: what an address carried of them was taken out before it came here.

use crate::answer;
use contract::{Heard, Question};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// More of an answer is not read, in bytes, once it is unpacked.
const MOST: u64 = 8 << 20;
/// Where nothing is looked for in it.
const BEGINNING: u64 = 64 << 10;
/// Files of certificates larger than this are not read, in bytes.
const LARGEST_CERTIFICATES: u64 = 4 << 20;

/// Asks it, for [`host::ASK_LIMIT`] at most.
pub(crate) fn ask(question: &Question) -> Heard {
    let tls = match tls(question.certificates.as_deref()) {
        Ok(tls) => tls,
        Err(reason) => return Heard::Silence { reason },
    };
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(host::ASK_LIMIT))
        .max_redirects(5)
        .tls_config(tls)
        .user_agent(concat!("holdover/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let began = Instant::now();
    let mut response = match agent.get(&question.url).header("accept", &question.accept).call() {
        Ok(response) => response,
        Err(error) => return unheard(&error),
    };
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let moved = moved(&question.url, ureq::ResponseExt::get_uri(&response));
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_owned();
    let most = if question.holds.is_some() { MOST } else { BEGINNING };
    let mut body = Vec::new();
    // What breaks off is judged by what came: the state says so where that does not fit.
    let whole = response.body_mut().as_reader().take(most).read_to_end(&mut body).is_ok() && (body.len() as u64) < most;
    let fits = (200..300).contains(&status) && answer::fits(&kind, &body, question.expects);
    let holds = question.holds.as_deref().filter(|_| fits).map(|text| answer::holds(&body, text));
    let holds = holds.filter(|found| *found || whole);
    Heard::Answer { status, fits, holds, moved, millis }
}

/// The system's roots, or the certificates in a file.
pub(crate) fn tls(certificates: Option<&Path>) -> Result<TlsConfig, String> {
    let roots = match certificates {
        None => RootCerts::PlatformVerifier,
        Some(file) => {
            let unread =
                |why: String| format!("the certificates that are configured cannot be read: {}: {why}", file.display());
            let bytes = host::read_small(file, LARGEST_CERTIFICATES).map_err(|e| unread(e.to_string()))?;
            let found = ureq::tls::parse_pem(&bytes).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            let found: Vec<_> = found.collect();
            if found.is_empty() {
                return Err(unread("there is none in it".into()));
            }
            RootCerts::Specific(Arc::new(found))
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(roots).build())
}

/// The host at the end of the redirections, where it is another one than was asked.
fn moved(asked: &str, end: &Uri) -> Option<String> {
    let asked: Uri = asked.parse().ok()?;
    let end = end.host()?;
    (asked.host() != Some(end)).then(|| end.to_owned())
}

pub(crate) fn unheard(error: &ureq::Error) -> Heard {
    if let Some(tls) = tls_error(error) {
        let reason = tls.to_string();
        return match tls {
            rustls::Error::InvalidCertificate(_) => Heard::Certificate { reason },
            _ => Heard::Silence { reason: format!("no safe connection came about: {reason}") },
        };
    }
    let reason = match error {
        ureq::Error::HostNotFound => "its name is not known to the name server that was asked".to_owned(),
        ureq::Error::Timeout(_) => format!("no answer within {} s", host::ASK_LIMIT.as_secs()),
        ureq::Error::ConnectionFailed => "no connection came about".to_owned(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "the connection was refused".into()
        }
        ureq::Error::TooManyRedirects => "it leads from address to address, and nowhere".to_owned(),
        ureq::Error::ConnectProxyFailed(said) => format!("the proxy does not let it through: {said}"),
        other => other.to_string(),
    };
    Heard::Silence { reason }
}

/// What TLS said, wherever in the chain of causes it stands.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => {
            let inner = error.get_ref()?;
            inner.downcast_ref::<rustls::Error>().or_else(|| inner.source()?.downcast_ref::<rustls::Error>())
        }
        _ => None,
    }
}
