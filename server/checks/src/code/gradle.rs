//! Builds of Gradle: versions that a repository has to be asked about, `1.+`, `latest.release` and snapshots.

use super::lex::{Kind, Language, Token, tokens};
use crate::draft::{Draft, Place, Thing};
use crate::files::Found;
use contract::{Severity, codes};

const CONFIGURATIONS: [&str; 10] = [
    "implementation",
    "api",
    "compileOnly",
    "runtimeOnly",
    "testImplementation",
    "testRuntimeOnly",
    "testCompileOnly",
    "annotationProcessor",
    "classpath",
    "kapt",
];

pub(crate) fn read(text: &str, found: &mut Found) {
    let tokens: Vec<Token> = tokens(text, Language::Groovy).into_iter().filter(|t| t.kind != Kind::Comment).collect();
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Text(inner) = &token.kind else { continue };
        let Some(value) = text.get(inner.clone()) else { continue };
        let before = tokens[..at].iter().rev().take(4);
        let named = before.clone().any(|t| t.kind == Kind::Name && CONFIGURATIONS.contains(&&text[t.span.clone()]));
        let parts: Vec<&str> = value.split(':').collect();
        let [_, _, version, ..] = parts[..] else { continue };
        let moves = version.ends_with('+')
            || version.starts_with("latest.")
            || version.ends_with("-SNAPSHOT")
            || version.starts_with(['[', '(']);
        if named && moves {
            found.drafts.push(Draft {
                code: codes::VERSION_NOT_FIXED,
                span: inner.clone(),
                what: format!("a repository is asked which version this is: {value}"),
                next: "write the version, or lock it with `dependencyLocking` while there is a connection".to_owned(),
                thing: Thing::Nothing(Severity::Warning),
                place: Place::Host,
                only_if_absent: false,
                fix: None,
            });
        }
    }
}
