//! `build.rs`: clients that download, and programs that do. What only asks git for the commit that is here is no finding.

use super::lex::{Kind, Language, Token, tokens};
use crate::draft::{Draft, Place, Thing};
use crate::files::Found;
use contract::{Severity, codes};

const CLIENTS: [&str; 7] = ["reqwest", "ureq", "attohttpc", "minreq", "isahc", "curl", "git2"];

pub(crate) fn read(text: &str, found: &mut Found) {
    let tokens: Vec<Token> = tokens(text, Language::Rust).into_iter().filter(|t| t.kind != Kind::Comment).collect();
    // Who asks whether it may has thought of it.
    let asks = tokens.iter().any(|token| match &token.kind {
        Kind::Text(inner) => matches!(text.get(inner.clone()), Some("CARGO_NET_OFFLINE")),
        _ => false,
    });
    let mut last_line = usize::MAX;
    for (at, token) in tokens.iter().enumerate() {
        let what = match &token.kind {
            Kind::Name if CLIENTS.contains(&&text[token.span.clone()]) => client(text, &tokens, at),
            Kind::Name if &text[token.span.clone()] == "Command" => program(text, &tokens, at),
            _ => None,
        };
        let Some((span, what)) = what else { continue };
        let line = text[..span.start].rfind('\n').unwrap_or(0);
        if std::mem::replace(&mut last_line, line) == line {
            continue;
        }
        found.drafts.push(Draft {
            code: codes::BUILD_SCRIPT_DOWNLOADS,
            span,
            what,
            next: "take a path from an environment variable, and download only where none is given; build once while there is a connection".to_owned(),
            thing: Thing::Nothing(if asks { Severity::Information } else { Severity::Warning }),
            place: Place::Host,
            only_if_absent: false,
            fix: None,
        });
    }
}

fn sign(token: Option<&Token>, sign: u8) -> bool {
    token.is_some_and(|token| token.kind == Kind::Sign(sign))
}

/// `ureq::get(…)`: a use of the crate that calls something. An import alone downloads nothing.
fn client(text: &str, tokens: &[Token], at: usize) -> Option<(std::ops::Range<usize>, String)> {
    if at > 0 && matches!(&tokens[at - 1].kind, Kind::Sign(b'.' | b':')) {
        return None;
    }
    // An import runs to its semicolon, and begins with `use` on the way back.
    let before = tokens[..at].iter().rev().take(24).take_while(|t| !matches!(t.kind, Kind::Sign(b';' | b'}')));
    if before.clone().any(|t| t.kind == Kind::Name && matches!(&text[t.span.clone()], "use" | "crate")) {
        return None;
    }
    let mut end = at;
    while sign(tokens.get(end + 1), b':')
        && sign(tokens.get(end + 2), b':')
        && tokens.get(end + 3).is_some_and(|t| t.kind == Kind::Name)
    {
        end += 3;
    }
    if end == at || !sign(tokens.get(end + 1), b'(') {
        return None;
    }
    let span = tokens[at].span.start..tokens[end].span.end;
    let shown = text[span.clone()].to_owned();
    let repository = shown.starts_with("git2") && !shown.contains("clone");
    (!repository).then(|| (span, format!("the build script downloads something: {shown}")))
}

/// `Command::new("curl")`, or git with a subcommand that fetches.
fn program(text: &str, tokens: &[Token], at: usize) -> Option<(std::ops::Range<usize>, String)> {
    let path = sign(tokens.get(at + 1), b':') && sign(tokens.get(at + 2), b':') && sign(tokens.get(at + 4), b'(');
    let Kind::Text(inner) = &tokens.get(at + 5).filter(|_| path)?.kind else { return None };
    let name = text.get(inner.clone())?;
    let mut arguments = tokens[at + 6..].iter().take(120).take_while(|t| !matches!(t.kind, Kind::Sign(b';')));
    let mut fetches = || {
        arguments.any(|t| match &t.kind {
            Kind::Text(inner) => matches!(text.get(inner.clone()), Some("clone" | "fetch" | "pull" | "submodule")),
            _ => false,
        })
    };
    let downloads = match name {
        "curl" | "wget" | "aria2c" => true,
        "git" => fetches(),
        _ => false,
    };
    downloads.then(|| {
        (tokens[at].span.start..tokens[at + 5].span.end, format!("the build script downloads something with {name}"))
    })
}
