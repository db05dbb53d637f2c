//! HTTP for the cloud's client, through the proxies that the environment names. Nothing is redirected, nothing is read without a
//! bound, and a page that somebody else put in the way passes for no answer. It notes what was heard last, so that it can be said.

use crate::profile::text;
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

/// How long a connection may take to come about, and an answer to begin.
const CONNECT: Duration = Duration::from_secs(10);
const BEGIN: Duration = Duration::from_secs(40);
/// How long a request may take as a whole: 8 MiB over a line of 1 Mbit/s.
const WHOLE: Duration = Duration::from_secs(100);
/// More of an answer is not read where nothing else was said, in bytes: a page of a list.
const MOST: u64 = 16 << 20;
/// More requests are not made for one question.
const MOST_REQUESTS: u32 = 600;

/// What was heard last, while one question is dealt with.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub requests: u32,
    /// More of an object is not read.
    pub most: Option<u64>,
    pub status: Option<u16>,
    /// The cloud's own word for an error, and its sentence.
    pub code: Option<String>,
    pub said: Option<String>,
    /// By how many seconds the clock that answered is ahead of this one's.
    pub ahead: Option<i64>,
    pub retry_after: Option<String>,
    /// Where S3 says that the bucket is.
    pub region: Option<String>,
    /// Why there was no answer, or none of a store.
    pub trouble: Option<Trouble>,
}

/// What stands between us and a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    Name(String),
    Connection(String),
    Certificate(String),
    Timeout,
    /// Somebody else's page, or an address that leads away.
    Portal(String),
    TooLong,
    /// Neither https nor this machine.
    Plain,
    TooManyRequests,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Trouble {}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    heard: Arc<Mutex<Heard>>,
}

impl Client {
    pub fn new() -> Client {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(BEGIN))
            .timeout_global(Some(WHOLE))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .tls_config(tls)
            .user_agent(concat!("holdover/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Client { agent, heard: Arc::default() }
    }

    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, trouble: Trouble) -> HttpError {
        let kind = match &trouble {
            Trouble::Connection(_) | Trouble::Name(_) => HttpErrorKind::Connect,
            Trouble::Timeout => HttpErrorKind::Timeout,
            _ => HttpErrorKind::Unknown,
        };
        self.heard().trouble = Some(trouble.clone());
        HttpError::new(kind, trouble)
    }

    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let most = {
            let mut heard = self.heard();
            heard.requests += 1;
            let most = heard.most;
            *heard = Heard { requests: heard.requests, most, ..Heard::default() };
            if heard.requests > MOST_REQUESTS {
                drop(heard);
                return Err(self.failed(Trouble::TooManyRequests));
            }
            most
        };
        if !is_safe(request.uri()) {
            return Err(self.failed(Trouble::Plain));
        }
        let uri = request.uri().clone();
        let is_bare = matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE);
        let answer = if is_bare {
            let (parts, _) = request.into_parts();
            self.agent.run(Request::from_parts(parts, ()))
        } else {
            self.agent.run(request)
        };
        let (parts, mut body) = answer.map_err(|e| self.failed(trouble(&e)))?.into_parts();
        let is_success = parts.status.is_success();
        let most = if is_success { most.unwrap_or(MOST) } else { 64 << 10 };
        let mut bytes = Vec::new();
        if let Err(e) = body.as_reader().take(most + 1).read_to_end(&mut bytes) {
            return Err(self.failed(Trouble::Connection(format!("it broke off: {e}"))));
        }
        if bytes.len() as u64 > most {
            if is_success {
                return Err(self.failed(Trouble::TooLong));
            }
            bytes.truncate(64 << 10);
        }
        self.note(parts.status.as_u16(), &parts.headers, &bytes);
        if is_success && is_page(&parts.headers, &bytes) {
            return Err(self.failed(Trouble::Portal("a page of HTML".to_owned())));
        }
        let bytes = if is_list(&uri) { readable(bytes) } else { bytes };
        let is_clouds = parts.headers.keys().any(|name| name.as_str().starts_with("x-"));
        if parts.status.is_redirection() && parts.status.as_u16() != 304 && !is_clouds {
            return Err(self.failed(Trouble::Portal("another address".to_owned())));
        }
        Ok(Response::from_parts(parts, bytes))
    }

    fn note(&self, status: u16, headers: &HeaderMap, body: &[u8]) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut heard = self.heard();
        heard.status = Some(status);
        heard.retry_after = text("retry-after");
        heard.region = text("x-amz-bucket-region");
        heard.ahead = text("date").and_then(|date| {
            let then = chrono::DateTime::parse_from_rfc2822(&date).ok()?.timestamp();
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
            Some(then - i64::try_from(now).ok()?)
        });
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(body);
            let between = |from: &str, to: &str| {
                let (_, rest) = body.split_once(from)?;
                let (inner, _) = rest.split_once(to)?;
                Some(inner.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
            };
            heard.code = text("x-ms-error-code").or_else(|| between("<Code>", "</Code>"));
            heard.said = between("<Message>", "</Message>");
        }
    }
}

fn is_list(uri: &ureq::http::Uri) -> bool {
    uri.query().is_some_and(|query| query.contains("list-type=2"))
}

/// A list without the objects whose names the client does not take: one of them would hide all others from it.
fn readable(list: Vec<u8>) -> Vec<u8> {
    const BEGIN: &str = "<Contents>";
    let Ok(text) = String::from_utf8(list) else { return Vec::new() };
    let mut parts = text.split(BEGIN);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entry, rest) = part.split_once("</Contents>").unwrap_or((part, ""));
        let key = entry.split_once("<Key>").and_then(|(_, rest)| rest.split_once("</Key>")).map_or("", |(key, _)| key);
        if object_store::path::Path::parse(key).is_ok() {
            kept.extend([BEGIN, part]);
        } else {
            kept.push_str(rest);
        }
    }
    kept.into_bytes()
}

/// A login page in the place of an answer is HTML, whatever its header says.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let starts = |mark: &[u8]| body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    kind.to_ascii_lowercase().contains("html") || starts(b"<!doctype html") || starts(b"<html")
}

/// Whether nobody on the way can read or change it: https, this machine, or a cloud's own service for what runs in it, where the
/// environment names that.
fn is_safe(uri: &ureq::http::Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let named = |names: &[&str]| names.iter().any(|name| text(name).is_some());
    uri.scheme_str() == Some("https")
        || match host {
            "localhost" | "127.0.0.1" | "::1" => true,
            "169.254.170.2" | "169.254.170.23" => {
                named(&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"])
            }
            "169.254.169.254" => named(&["AWS_METADATA_ENDPOINT", "AZURE_MSI_ENDPOINT", "AZURE_IDENTITY_ENDPOINT"]),
            _ => false,
        }
}

fn trouble(error: &ureq::Error) -> Trouble {
    if let Some(tls) = tls_error(error) {
        return match tls {
            rustls::Error::InvalidCertificate(_) => Trouble::Certificate(tls.to_string()),
            _ => Trouble::Connection(format!("no safe connection came about: {tls}")),
        };
    }
    match error {
        ureq::Error::HostNotFound => {
            Trouble::Name("its name is not known to the name server that was asked".to_owned())
        }
        ureq::Error::Timeout(_) => Trouble::Timeout,
        ureq::Error::ConnectionFailed => Trouble::Connection("no connection came about".to_owned()),
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
            Trouble::Connection("the connection was refused".to_owned())
        }
        ureq::Error::ConnectProxyFailed(said) => {
            Trouble::Connection(format!("the proxy does not let it through: {said}"))
        }
        other => Trouble::Connection(other.to_string()),
    }
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

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes().to_vec();
        let (own, request) = (self.clone(), Request::from_parts(parts, body));
        let answer = tokio::task::spawn_blocking(move || own.send(request)).await;
        let answer = answer.map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))??;
        let (parts, body) = answer.into_parts();
        Ok(HttpResponse::from_parts(parts, Bytes::from(body).into()))
    }
}

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_page_passes_for_no_answer_and_what_stores_say_does() {
        let kind = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", kind.parse().unwrap());
            headers
        };
        for body in ["<!DOCTYPE html><p>Welcome", " \n<HTML>", "\u{feff}<html>"] {
            assert!(is_page(&kind("application/xml"), body.as_bytes()), "{body}");
        }
        assert!(is_page(&kind("text/html; charset=utf-8"), b"ok"));
        for body in ["<?xml version=\"1.0\"?><ListBucketResult>", "", "HOLDENC", "<h"] {
            assert!(!is_page(&kind("application/xml"), body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn an_object_whose_name_is_none_hides_no_other() {
        let entry = |key: &str| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
        let list = |keys: &[&str]| {
            format!("<L>{}<IsTruncated>false</IsTruncated></L>", keys.iter().map(|key| entry(key)).collect::<String>())
        };
        let odd = list(&["a/b", "a//b", "a/../b", "c&amp;d", "a/."]);
        assert_eq!(String::from_utf8(readable(odd.into_bytes())).unwrap(), list(&["a/b", "c&amp;d"]));
        assert_eq!(readable(b"<L></L>".to_vec()), b"<L></L>");
    }

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        for safe in ["https://example.org/x", "http://127.0.0.1:9000/x", "http://[::1]:1/", "http://localhost/x"] {
            assert!(is_safe(&safe.parse().unwrap()), "{safe}");
        }
        for plain in
            ["http://example.org/x", "http://127.0.0.1.example.org/", "http://10.0.0.1/", "http://169.254.169.254/x"]
        {
            assert!(!is_safe(&plain.parse().unwrap()), "{plain}");
        }
    }
}
