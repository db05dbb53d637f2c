//! A back end behind an endpoint that speaks OpenAI's chat completions: llama-server, Ollama, LM Studio, or one outside. The connection is
//! the program `holdover-ask`'s; here is where it may lead, and how long.

use crate::backend::{Backend, End, Ended, Failure, Heard, Identity, Place, Prompt, Role};
use contract::{ChatPlace, ChatQuestion, ChatTurn};
use host::{Cancel, Permit, Talk, TalkError};
use std::net::IpAddr;
use std::time::Instant;
use url::{Host, Url};

/// An endpoint, as the settings name it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: Url,
    model: String,
    key_variable: Option<String>,
    place: Place,
    permit: Option<Permit>,
}

impl Endpoint {
    /// From the address of its `/v1`, the model's name, and the environment variable that holds its key.
    pub fn new(address: &str, model: &str, key_variable: Option<String>) -> Result<Self, Failure> {
        let wrong = |what: String| Failure {
            what,
            next: "set `explain.endpoint` to the address of its API, `http://127.0.0.1:8080/v1` for example".to_owned(),
        };
        let url = Url::parse(address.trim()).map_err(|e| wrong(format!("`explain.endpoint` is no address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "`explain.endpoint` takes an address with http or https, and no password in it".to_owned(),
            ));
        }
        let place = place(&url).ok_or_else(|| wrong("`explain.endpoint` names no machine".to_owned()))?;
        if matches!(place, Place::Cloud(_)) && url.scheme() == "http" {
            return Err(wrong("`explain.endpoint` is outside your network, and its address is not https".to_owned()));
        }
        Ok(Self { url, model: model.to_owned(), key_variable, place, permit: None })
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// With leave to use the network; what is on this machine needs none.
    #[must_use]
    pub fn with(mut self, permit: Option<Permit>) -> Self {
        self.permit = permit;
        self
    }

    fn question(&self, prompt: &Prompt) -> ChatQuestion {
        let base = self.url.as_str().trim_end_matches('/');
        let turn = |role: &str, text: &str| ChatTurn { role: role.to_owned(), content: text.to_owned() };
        let mut turns = vec![turn("system", &prompt.system)];
        turns.extend(prompt.turns.iter().map(|one| match one.role {
            Role::User => turn("user", &one.text),
            Role::Assistant => turn("assistant", &one.text),
        }));
        ChatQuestion {
            url: format!("{base}/chat/completions"),
            model: self.model.clone(),
            key_variable: self.key_variable.clone(),
            place: match self.place {
                Place::ThisMachine => ChatPlace::ThisMachine,
                Place::Network(_) => ChatPlace::Network,
                Place::Cloud(_) => ChatPlace::Cloud,
            },
            turns,
            max_tokens: prompt.max_tokens,
            seed: prompt.seed,
            limit_ms: u64::try_from(prompt.time_limit.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Where an address leads, by its words: a name is believed to be near where only near ones are called so, and the program that connects
/// looks again at the number behind it.
fn place(url: &Url) -> Option<Place> {
    let named = url
        .port_or_known_default()
        .map_or(url.host_str()?.to_owned(), |port| format!("{}:{port}", url.host_str().unwrap_or_default()));
    Some(match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let near = [".local", ".lan", ".internal", ".home.arpa", ".intranet", ".corp", ".test"];
            match name.as_str() {
                "localhost" => Place::ThisMachine,
                name if name.ends_with(".localhost") => Place::ThisMachine,
                name if !name.contains('.') || near.iter().any(|end| name.ends_with(end)) => Place::Network(named),
                _ => Place::Cloud(named),
            }
        }
        Host::Ipv4(ip) => of_number(IpAddr::V4(ip), named),
        Host::Ipv6(ip) => of_number(IpAddr::V6(ip), named),
    })
}

fn of_number(ip: IpAddr, named: String) -> Place {
    match ChatPlace::of(ip) {
        ChatPlace::ThisMachine => Place::ThisMachine,
        ChatPlace::Network => Place::Network(named),
        ChatPlace::Cloud => Place::Cloud(named),
    }
}

impl Backend for Endpoint {
    fn identity(&self) -> Identity {
        Identity { name: self.model.clone(), hash: None, place: self.place.clone() }
    }

    fn answer(&mut self, prompt: &Prompt, cancel: &Cancel, out: &mut dyn FnMut(Heard<'_>)) -> Result<Ended, Failure> {
        let began = Instant::now();
        let until = began + prompt.time_limit;
        let failure = |what: String| Failure {
            what,
            next: format!(
                "look whether it runs, and at `explain.endpoint`: {}",
                self.url.host_str().unwrap_or_default()
            ),
        };
        let question = serde_json::to_vec(&self.question(prompt)).map_err(|e| failure(e.to_string()))?;
        let said = |e: TalkError| match e {
            TalkError::Absent(program) => Failure {
                what: format!("the program that asks is not there: {}", program.display()),
                next: "install Holdover with it".to_owned(),
            },
            TalkError::Forced => Failure {
                what: "offline was forced meanwhile".to_owned(),
                next: "`holdover offline auto`, then ask again".to_owned(),
            },
            other => failure(other.to_string()),
        };
        let mut talk = Talk::beside(host::ASK_PROGRAM, &["chat".to_owned()], self.permit.clone()).map_err(said)?;
        let (mut tokens, mut first_token) = (0_u32, None);
        let mut answer = talk.ask(question, Vec::new(), until, cancel);
        let mut end = loop {
            match answer {
                Ok((head, body)) => match head.first() {
                    Some(b't') => {
                        first_token.get_or_insert_with(|| began.elapsed());
                        tokens += 1;
                        out(Heard::Text(&String::from_utf8_lossy(&body)));
                    }
                    Some(b's') => break End::Stop,
                    Some(b'l') => break End::Length,
                    Some(b'x') => break End::TimeLimit,
                    _ => return Err(failure(String::from_utf8_lossy(&body).into_owned())),
                },
                Err(TalkError::Cancelled) => break End::Cancelled,
                Err(TalkError::TimedOut) => break End::TimeLimit,
                Err(e) => return Err(said(e)),
            }
            if cancel.is_cancelled() {
                break End::Cancelled;
            }
            if tokens >= prompt.max_tokens.saturating_mul(2) {
                break End::Length;
            }
            answer = talk.next(until, cancel);
        };
        if cancel.is_cancelled() {
            end = End::Cancelled;
        }
        Ok(Ended { end, tokens, first_token, took: began.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn where_an_endpoint_is_is_told_by_its_address() {
        let place = |address: &str| Endpoint::new(address, "m", None).map(|it| it.place().clone());
        for near in ["http://localhost:8080/v1", "http://127.0.0.1/v1", "http://[::1]:1/v1", "http://127.8.8.8:1"] {
            assert_eq!(place(near), Ok(Place::ThisMachine), "{near}");
        }
        for (address, named) in [
            ("http://gpu:8080/v1", "gpu:8080"),
            ("http://gpu.lan/v1", "gpu.lan:80"),
            ("http://192.168.1.5:11434/v1", "192.168.1.5:11434"),
            ("https://10.0.0.1/v1", "10.0.0.1:443"),
            ("http://[fd00::1]:80/v1", "[fd00::1]:80"),
        ] {
            assert_eq!(place(address), Ok(Place::Network(named.to_owned())), "{address}");
        }
        for far in [
            "https://api.example.com/v1",
            "https://8.8.8.8/v1",
            "https://localhost.example.com/v1",
            "https://[2606::1]/v1",
        ] {
            assert!(matches!(place(far), Ok(Place::Cloud(_))), "{far}");
        }
        for wrong in ["api", "ftp://x/v1", "http://user:pw@gpu/v1", "http://api.example.com/v1", ""] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
