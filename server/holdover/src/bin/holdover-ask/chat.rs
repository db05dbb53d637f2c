//! One question to an endpoint that speaks OpenAI's chat completions, its answer handed on as it comes. One frame with the question on
//! standard input; on standard output frames whose head is a letter: `t` a piece of text, and one at the end: `s` done, `l` no tokens left, `x` no time left, `e` what went wrong.

use crate::client;
use contract::{ChatPlace, ChatQuestion, Heard};
use serde_json::{Value, json};
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Bytes of one line of a stream.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes of a whole answer.
const MOST: u64 = 8 << 20;
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Reads the question, answers it and gives the exit code.
pub(crate) fn run() -> u8 {
    let question = host::read_frame(&mut io::stdin().lock()).ok().flatten();
    let Some(question) = question.and_then(|(head, _)| serde_json::from_slice::<ChatQuestion>(&head).ok()) else {
        let _ = writeln!(io::stderr(), "holdover-ask is run by holdover; see `holdover explain --help`");
        return 2;
    };
    let limit = Duration::from_millis(question.limit_ms);
    // Its parent may be killed meanwhile.
    std::thread::spawn(move || {
        std::thread::sleep(limit + Duration::from_secs(2));
        host::leave(3);
    });
    let began = Instant::now();
    let mut out = io::stdout().lock();
    let (letter, text) = match ask(&question, limit, &mut out) {
        Ok(letter) => (letter, String::new()),
        Err(_) if began.elapsed() >= limit => (b'x', String::new()),
        Err(problem) => (b'e', problem),
    };
    let written = host::write_frame(&mut out, &[letter], text.as_bytes());
    u8::from(written.is_err()) * 3
}

/// Names and numbers that lead no farther than was said.
#[derive(Debug)]
struct Near(ChatPlace);

impl Resolver for Near {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut near = self.empty();
        let fits = |address: &&SocketAddr| ChatPlace::of(address.ip()) <= self.0;
        all.iter().filter(fits).for_each(|address| near.push(*address));
        if near.is_empty() {
            return Err(ureq::Error::Io(io::Error::other("its name leads out of where it was said to be")));
        }
        Ok(near)
    }
}

fn ask(question: &ChatQuestion, limit: Duration, out: &mut impl Write) -> Result<u8, String> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT.min(limit)))
        .timeout_global(Some(limit))
        // A question goes where the user said and nowhere else.
        .max_redirects(0)
        .tls_config(client::tls(None)?)
        .user_agent(concat!("holdover/", env!("CARGO_PKG_VERSION")));
    // What is near is not asked through somebody else.
    let config = if question.place == ChatPlace::Cloud { config } else { config.proxy(None) };
    let agent = Agent::with_parts(config.build(), DefaultConnector::default(), Near(question.place));
    let body = json!({
        "model": question.model, "messages": question.turns, "stream": true, "max_tokens": question.max_tokens,
        "temperature": 0.2, "seed": question.seed,
    });
    let mut request =
        agent.post(&question.url).header("content-type", "application/json").header("accept", "text/event-stream");
    if let Some(variable) = &question.key_variable {
        let key = std::env::var(variable)
            .map_err(|_| format!("the environment has no {variable}, which `explain.key-variable` names"))?;
        request = request.header("authorization", format!("Bearer {}", key.trim()));
    }
    let mut response = request.send(body.to_string()).map_err(|error| unheard(&error))?;
    let status = response.status().as_u16();
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut reader = BufReader::new(response.body_mut().as_reader().take(MOST));
    if !(200..300).contains(&status) {
        let mut said = Vec::new();
        let _ = reader.take(4096).read_to_end(&mut said);
        return Err(format!("it answered {status}{}", reason(&said)));
    }
    if kind.contains("application/json") {
        // A server that does not stream.
        let whole: Value = serde_json::from_reader(reader).map_err(|e| format!("its answer is no JSON: {e}"))?;
        return piece(&whole, "message", out)?.ok_or_else(|| "its answer holds no message".to_owned());
    }
    stream(&mut reader, out)
}

/// Server-sent events, one JSON document each.
fn stream(reader: &mut impl io::BufRead, out: &mut impl Write) -> Result<u8, String> {
    let mut ended = None;
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        let read = read.map_err(|e| format!("it broke off: {e}"))?;
        if read == 0 {
            return ended.ok_or_else(|| "it broke off before the end of its answer".to_owned());
        }
        if read as u64 == LONGEST_LINE {
            return Err("its answer has a line that is longer than any".to_owned());
        }
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else { continue };
        if data == b"[DONE]" {
            return Ok(ended.unwrap_or(b's'));
        }
        let event: Value = serde_json::from_slice(data).map_err(|e| format!("its answer is no JSON: {e}"))?;
        if event.get("error").is_some() {
            return Err(format!("it stopped{}", reason(data)));
        }
        ended = piece(&event, "delta", out)?.or(ended);
    }
}

/// Hands a piece of text on; gives the letter of the end, where this is it.
fn piece(event: &Value, field: &str, out: &mut impl Write) -> Result<Option<u8>, String> {
    let choice = &event["choices"][0];
    if let Some(text) = choice[field]["content"].as_str().filter(|text| !text.is_empty()) {
        host::write_frame(out, b"t", text.as_bytes()).map_err(|e| e.to_string())?;
    }
    Ok(match choice["finish_reason"].as_str() {
        None => (field == "message" && choice[field].is_object()).then_some(b's'),
        Some("length") => Some(b'l'),
        Some(_) => Some(b's'),
    })
}

/// What an error says of itself.
fn reason(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &value["error"];
    let text = error["message"].as_str().or(error.as_str()).or(value["message"].as_str()).unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn unheard(error: &ureq::Error) -> String {
    match client::unheard(error) {
        Heard::Silence { reason } | Heard::Certificate { reason } => reason,
        Heard::Answer { .. } => error.to_string(),
    }
}
