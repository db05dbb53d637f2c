//! What git complains of, put into words and classed by what helps. git speaks its own English here (`LC_ALL=C`), and what it repeats
//! from a remote is a stranger's: it is cut, shown as it is, and decides nothing but the hint.

use crate::error::{Class, RemoteError};
use crate::name::shown;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Letters of a complaint that are shown.
const LONGEST: usize = 400;

/// Beginnings of what git or ssh say, in lower case, with what helps.
const KNOWN: [(&[&str], Class, &str, &str); 9] = [
    (
        &["dubious ownership"],
        Class::Auth,
        "belongs to somebody else, and git does not trust it",
        "if you do: `git config --global --add safe.directory PATH`, with the path of that repository",
    ),
    (
        &["host key verification failed", "no matching host key"],
        Class::Auth,
        "is reached through a machine whose key is not known here",
        "connect to it once with ssh by hand and compare its key; Holdover does not ask",
    ),
    (
        &[
            "authentication failed",
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "permission denied (",
            "permission denied, please try again",
            "invalid credentials",
            "the requested url returned error: 401",
            "the requested url returned error: 403",
            "access denied or repository not exported",
            "service not enabled",
            "unpacker error",
            "unable to create temporary object directory",
            "insufficient permission",
            "permission denied",
            "read-only file system",
            "not authorized",
            "write access to repository not granted",
        ],
        Class::Auth,
        "did not let this user in, or not write",
        "give git a key or a credential helper for it, or have its owner give you the right; Holdover does not ask for passwords",
    ),
    (
        &["no space left", "disk quota exceeded", "quota", "file too large", "file size limit"],
        Class::Quota,
        "has no room",
        "make room there; what is not there yet waits here",
    ),
    (
        &["does not appear to be a git repository", "not a git repository", "repository not found", "not found"],
        Class::Retry,
        "is no git repository, or is not there",
        "look at the address; make one there with `git init --bare`, or plug in or mount what it lies on",
    ),
    (
        &["mismatched algorithms", "hash algorithm", "unknown object format", "object format"],
        Class::Integrity,
        "names its objects in a way that is not used here (SHA-256)",
        "name a repository of the usual form",
    ),
    (
        &["not allowed"],
        Class::Integrity,
        "led git to another kind of address than the one that was named",
        "look at `url.*.insteadOf` in git's configuration, and at redirections of the host",
    ),
    (
        &["ssl", "certificate", "tls"],
        Class::Retry,
        "could not prove who it is",
        "look at the clock of this machine, and whether a captive portal answers in its place",
    ),
    (
        &["not valid: is this a git repository", "protocol error", "bad line length", "unexpected disconnect"],
        Class::Retry,
        "was not answered for by git",
        "a captive portal may answer in its place: open a page in a browser, then try again",
    ),
];

/// What a run of git that failed says of a remote.
pub(super) fn of_complaints(place: &str, way: &str, complaints: &[String]) -> RemoteError {
    let all = complaints.join("\n").to_lowercase();
    let said = told(complaints);
    let known = KNOWN.iter().find(|(marks, ..)| marks.iter().any(|mark| all.contains(mark)));
    if let Some((_, class, what, hint)) = known {
        return RemoteError::of_all(*class, format!("{place} {what}: {said}"), *hint);
    }
    let hint = if way == "file" {
        "plug in or mount what it lies on, and try again"
    } else {
        "look at the connection, and try again; nothing was lost"
    };
    RemoteError::of_all(Class::Retry, format!("{place} could not be reached: {said}"), hint)
}

/// A file of this machine could not be used.
pub(super) fn of_file(what: &str, path: &Path, error: &io::Error, hint: &str) -> RemoteError {
    let class = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Class::Quota,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Class::Auth,
        _ => Class::Retry,
    };
    RemoteError::of_all(class, format!("could not {what} {}: {error}", path.display()), hint)
}

/// The complaints that say most, in one line.
pub(super) fn told(complaints: &[String]) -> String {
    // The advice that git adds is no news, and neither is that it could not go on where something else says why.
    let advice = ["Please make sure you have", "and the repository exists", "hint: ", "warning: "];
    let mut lines: Vec<&String> =
        complaints.iter().filter(|line| !advice.iter().any(|mark| line.starts_with(mark))).collect();
    let empty = ["fatal: Could not read from remote", "fatal: the remote end hung up", "fatal: The remote end hung up"];
    let says = |line: &&String| !empty.iter().any(|mark| line.starts_with(mark));
    if lines.iter().any(says) {
        lines.retain(says);
    }
    lines.truncate(4);
    let mut text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("; ");
    if text.is_empty() {
        "git said nothing".clone_into(&mut text);
    }
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain(['…']).collect();
    }
    let text = shown_whole(&text);
    text.trim_end_matches('.').to_owned()
}

fn shown_whole(text: &str) -> String {
    // In parts, as a name is cut that is longer.
    text.chars().collect::<Vec<_>>().chunks(200).map(|part| shown(&part.iter().collect::<String>())).collect()
}

/// How a push ended for the ref that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is there.
    Done,
    /// Somebody moved the ref meanwhile.
    Moved,
    /// The remote does not take refs of this name.
    Hidden(String),
    /// The remote said no.
    Refused(String),
}

/// Reads `push --porcelain`; `None` where it says nothing of a ref.
pub(super) fn of_push(lines: &[String]) -> Option<Pushed> {
    let of_ref = lines.iter().find(|line| line.contains('\t'))?;
    let mut parts = of_ref.split('\t');
    let (flag, _, why) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    if flag.trim() != "!" {
        return Some(Pushed::Done);
    }
    let lower = why.to_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    Some(
        if lower.starts_with("[rejected]")
            || has(&["cannot lock ref", "failed to update ref", "incorrect old value", "fetch first"])
        {
            Pushed::Moved
        } else if has(&["hidden ref", "funny refname", "prohibited", "not allowed", "invalid ref"]) {
            Pushed::Hidden(shown(why))
        } else {
            Pushed::Refused(shown(why))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> RemoteError {
        of_complaints("the remote", "ssh", &[line.to_owned()])
    }

    #[test]
    fn what_git_says_is_classed_by_what_helps_and_shown_without_what_steers_a_terminal() {
        for (said, class, words) in [
            ("fatal: Authentication failed for 'https://example.org/x'", Class::Auth, "did not let this user in"),
            ("git@example.org: Permission denied (publickey).", Class::Auth, "did not let this user in"),
            ("Host key verification failed.", Class::Auth, "whose key is not known here"),
            ("fatal: remote error: access denied or repository not exported: /x", Class::Auth, "did not let"),
            ("fatal: detected dubious ownership in repository at '/x'", Class::Auth, "belongs to somebody else"),
            ("fatal: '/x' does not appear to be a git repository", Class::Retry, "is no git repository"),
            ("fatal: unable to access 'https://x/': Could not resolve host: x", Class::Retry, "could not be reached"),
            ("error: file write error: No space left on device", Class::Quota, "has no room"),
            ("fatal: transport 'ext' not allowed", Class::Integrity, "another kind of address"),
            ("fatal: unable to access 'https://x/': SSL certificate problem: expired", Class::Retry, "prove who it is"),
        ] {
            let error = of(said);
            assert_eq!(error.class, class, "{said}");
            assert!(error.message.contains(words) && error.ends && !error.hint.is_empty(), "{said}: {error}");
        }
        let hostile = of(&format!("remote: \u{1b}[2J{}", "x".repeat(5000)));
        assert!(!hostile.message.contains('\u{1b}') && hostile.message.chars().count() < 600, "{hostile}");
        assert!(of_complaints("it", "file", &[]).message.contains("git said nothing"));
    }

    #[test]
    fn a_push_that_was_overtaken_is_told_from_one_that_was_refused() {
        let push = |why: &str| of_push(&["To /x".to_owned(), format!("!\trefs/a:refs/b\t{why}"), "Done".to_owned()]);
        assert_eq!(push("[rejected] (fetch first)"), Some(Pushed::Moved));
        assert_eq!(push("[rejected] (non-fast-forward)"), Some(Pushed::Moved));
        assert_eq!(push("[remote rejected] (failed to update ref)"), Some(Pushed::Moved));
        assert!(matches!(push("[remote rejected] (deny updating a hidden ref)"), Some(Pushed::Hidden(_))));
        assert!(matches!(push("[remote rejected] (pre-receive hook declined)"), Some(Pushed::Refused(_))));
        assert_eq!(of_push(&["*\trefs/a:refs/b\t[new reference]".to_owned()]), Some(Pushed::Done));
        assert_eq!(of_push(&["=\trefs/a:refs/b\t[up to date]".to_owned()]), Some(Pushed::Done));
        assert_eq!(of_push(&["fatal: x".to_owned()]), None);
    }
}
