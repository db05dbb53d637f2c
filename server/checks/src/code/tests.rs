//! Tests: calls that reach a host which is not this machine, and images that testcontainers start.
//! Where a file names a library that stands in for the network, its addresses are taken to be stood in for.

use super::lex::{Kind, Language, Token, tokens};
use crate::draft::{Draft, Place, Thing};
use crate::files::Found;
use crate::kind::Kind as File;
use contract::{Severity, codes};
use std::ops::Range;

/// What stands in for a network.
const STANDS_IN: [&str; 26] = [
    "wiremock",
    "mockito",
    "httpmock",
    "mockall",
    "responses",
    "requests_mock",
    "respx",
    "httpretty",
    "vcr",
    "pytest_httpx",
    "httpx_mock",
    "aioresponses",
    "nock",
    "msw",
    "setupServer",
    "fetchMock",
    "jest",
    "vi",
    "sinon",
    "MockAgent",
    "MockTransport",
    "Polly",
    "mock",
    "patch",
    "monkeypatch",
    "MagicMock",
];
const VERBS: [&str; 8] = ["get", "post", "put", "head", "delete", "patch", "options", "request"];

pub(crate) fn read(kind: File, text: &str, found: &mut Found) {
    let language = match kind {
        File::RustTest => Language::Rust,
        File::PythonTest => Language::Python,
        _ => Language::Script,
    };
    let all = tokens(text, language);
    let skipped = skipped(text, &all, language);
    let tokens: Vec<&Token> = all.iter().filter(|t| !matches!(t.kind, Kind::Comment | Kind::Line)).collect();
    let is_name =
        |token: &&Token, names: &[&str]| token.kind == Kind::Name && names.contains(&&text[token.span.clone()]);
    let stood_in = tokens.iter().any(|token| is_name(token, &STANDS_IN) || matches!(&token.kind, Kind::Text(inner) if text.get(inner.clone()).is_some_and(|t| STANDS_IN.contains(&t))));
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Text(inner) = &token.kind else { continue };
        let Some(value) = text.get(inner.clone()) else { continue };
        if skipped.iter().any(|span| span.contains(&token.span.start)) {
            continue;
        }
        let calls = calls(text, &tokens, at);
        let Some(called) = calls else { continue };
        if let Some(image) = image(text, &tokens, at, &called, value) {
            found.drafts.push(Draft {
                code: codes::TEST_IMAGE_NOT_HERE,
                span: inner.clone(),
                what: format!("this test starts a container of this image: {image}"),
                next: "pull it while there is a connection".to_owned(),
                thing: Thing::Image(image),
                place: Place::Host,
                only_if_absent: true,
                fix: None,
            });
            continue;
        }
        let host = crate::words::host(value).or_else(|| is_socket(&called).then(|| value.split(':').next()).flatten());
        let away = host.is_some_and(|host| {
            !host.is_empty() && !host.contains(['{', '$', '%', '<', ' ']) && !crate::words::is_near(host)
        });
        if away && !stood_in && sends(&called, language) {
            found.drafts.push(Draft {
                code: codes::TEST_REACHES_NETWORK,
                span: inner.clone(),
                what: format!("this test asks a host elsewhere: {}", crate::words::shortened(value)),
                next: "answer it from a server that the test starts itself, or mark the test so that it can be left out offline".to_owned(),
                thing: Thing::Nothing(Severity::Warning),
                place: Place::Host,
                only_if_absent: false,
                fix: None,
            });
        }
    }
}

/// The path of what is called with the text at `at` as its first argument: `requests.get` as its names.
fn calls<'a>(text: &'a str, tokens: &[&Token], at: usize) -> Option<Vec<&'a str>> {
    let mut at = at.checked_sub(1)?;
    // `create_connection(("host", 80))`.
    if tokens[at].kind == Kind::Sign(b'(') && at > 0 && tokens[at - 1].kind == Kind::Sign(b'(') {
        at -= 1;
    }
    if tokens[at].kind != Kind::Sign(b'(') {
        return None;
    }
    let mut names = Vec::new();
    while let Some(before) = at.checked_sub(1) {
        let token = tokens[before];
        if token.kind != Kind::Name {
            break;
        }
        names.push(&text[token.span.clone()]);
        at = before;
        // `.` or `::` before it.
        let dots = tokens[..at].iter().rev().take_while(|t| matches!(t.kind, Kind::Sign(b'.' | b':'))).count().min(2);
        if dots == 0 || names.len() > 6 {
            break;
        }
        at -= dots;
    }
    names.reverse();
    (!names.is_empty()).then_some(names)
}

fn is_socket(called: &[&str]) -> bool {
    matches!(called, [.., "TcpStream", "connect"] | [.., "create_connection"] | [.., "net", "connect"])
}

/// Whether a call of this name sends something at once.
fn sends(called: &[&str], language: Language) -> bool {
    let last = called.last().copied().unwrap_or_default();
    let owner = called.iter().rev().nth(1).copied().unwrap_or_default();
    if is_socket(called) {
        return true;
    }
    match language {
        Language::Rust => {
            matches!(owner, "reqwest" | "blocking" | "ureq" | "minreq" | "attohttpc") && VERBS.contains(&last)
                || owner == "surf" && last == "get"
        }
        Language::Python => {
            matches!(owner, "requests" | "httpx") && VERBS.contains(&last)
                || matches!(last, "urlopen" | "urlretrieve")
                || last == "ws_connect"
        }
        _ => {
            last == "fetch" && (owner.is_empty() || owner == "globalThis")
                || matches!(owner, "axios" | "got" | "superagent" | "needle" | "ky") && VERBS.contains(&last)
                || matches!(called, ["axios" | "got"])
                || owner == "page" && last == "goto"
        }
    }
}

/// The image that a call starts, `GenericImage::new("redis", "7")` or `new GenericContainer("redis:7")`.
fn image(text: &str, tokens: &[&Token], at: usize, called: &[&str], value: &str) -> Option<String> {
    match called {
        [.., "GenericImage", "new"] => {
            let tag = tokens.get(at + 2).filter(|_| tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Sign(b',')))?;
            let Kind::Text(inner) = &tag.kind else { return None };
            Some(format!("{value}:{}", text.get(inner.clone())?))
        }
        [
            ..,
            "GenericContainer"
            | "DockerContainer"
            | "PostgreSqlContainer"
            | "PostgresContainer"
            | "MySqlContainer"
            | "KafkaContainer"
            | "RedisContainer"
            | "MongoDBContainer",
        ] => (!value.is_empty() && !value.contains([' ', '$', '{'])).then(|| value.to_owned()),
        _ => None,
    }
}

/// Tests that are left out: `#[ignore]`, `@pytest.mark.network`, `it.skip(…)`, to the end of their body.
fn skipped(text: &str, tokens: &[Token], language: Language) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let name = |at: usize, names: &[&str]| {
        tokens.get(at).is_some_and(|t: &Token| t.kind == Kind::Name && names.contains(&&text[t.span.clone()]))
    };
    let mut at = 0;
    while at < tokens.len() {
        let begins = match language {
            Language::Rust => name(at, &["ignore"]) && at > 1 && tokens[at - 1].kind == Kind::Sign(b'['),
            Language::Python => {
                name(
                    at,
                    &[
                        "skip",
                        "skipif",
                        "skipIf",
                        "network",
                        "online",
                        "internet",
                        "integration",
                        "slow",
                        "remote_data",
                    ],
                ) && {
                    let line = tokens[..at].iter().rev().take_while(|t| t.kind != Kind::Line).last();
                    line.is_some_and(|t| t.kind == Kind::Sign(b'@'))
                }
            }
            _ => name(at, &["skip"]) && at > 0 && tokens[at - 1].kind == Kind::Sign(b'.'),
        };
        if !begins {
            at += 1;
            continue;
        }
        let start = tokens[at].span.start;
        let end = if language == Language::Python { python_body(text, start) } else { braces(tokens, at) };
        spans.push(start..end.max(start + 1));
        while at < tokens.len() && tokens[at].span.start < end.max(start + 1) {
            at += 1;
        }
    }
    spans
}

/// The end of the braces that open next.
fn braces(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0;
    for token in &tokens[from..] {
        match token.kind {
            Kind::Sign(b'{') => depth += 1,
            Kind::Sign(b'}') => {
                depth -= 1;
                if depth <= 0 {
                    return token.span.end;
                }
            }
            _ => {}
        }
    }
    tokens.last().map_or(0, |token| token.span.end)
}

/// The end of the function that a decorator stands above: the next line that is indented no deeper than it.
fn python_body(text: &str, decorator: usize) -> usize {
    let line = text[..decorator].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len();
    let mut at = line;
    let mut inside = false;
    for one in text[line..].split_inclusive('\n') {
        let shown = one.trim_start_matches([' ', '\t']);
        let depth = one.len() - shown.len();
        let heads = shown.starts_with("def ")
            || shown.starts_with("async def ")
            || shown.starts_with("class ")
            || shown.starts_with('@')
            || shown.starts_with(')');
        if inside && !shown.trim().is_empty() && depth <= indent && !shown.starts_with(')') {
            return at;
        }
        inside |= heads && !shown.starts_with('@');
        at += one.len();
    }
    at
}
