//! Whether commits can be signed without a network: the key that git is told to sign with, whether it is here, and until when it
//! holds. It reads no key: a file's presence, an agent's list and gpg's own listing say enough.

use crate::doctor::Mark;
use crate::git::Git;
use host::{Cancel, Command, Stream};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest that gpg may take for its list.
const PATIENCE: Duration = Duration::from_secs(10);
/// A key that ends within these days is told, in seconds.
const SOON: i64 = 30 * 86_400;

/// How signing stands, and what to do; `None` where git is not told to sign.
pub(crate) fn look(root: &Path, cancel: &Cancel) -> Option<(Mark, String, &'static str)> {
    let git = Git { folder: root, cancel };
    let said = |key: &str| git.ask(&["config", "--get", key])?.pop().filter(|value| !value.is_empty());
    let on = |key: &str| git.ask(&["config", "--type=bool", "--get", key])?.pop().map(|value| value == "true");
    let key = said("user.signingkey");
    let signs = on("commit.gpgsign") == Some(true) || on("tag.gpgsign") == Some(true);
    if !signs && key.is_none() {
        return None;
    }
    let told = match said("gpg.format").as_deref().unwrap_or("openpgp") {
        "ssh" => ssh(key.as_deref()),
        "openpgp" => openpgp(key.or_else(|| said("user.email")).as_deref(), cancel),
        other => (Mark::Fair, format!("git signs with {}, which is not looked at", other.escape_debug()), ""),
    };
    Some(told)
}

const BRING: &str = "bring the key here while you can, or switch signing off: git config commit.gpgsign false";

fn ssh(key: Option<&str>) -> (Mark, String, &'static str) {
    let Some(key) = key else {
        return (
            Mark::Bad,
            "git signs with SSH, and user.signingkey names no key".into(),
            "name the public key's file in user.signingkey",
        );
    };
    let held = crate::keys::ssh_agent_keys().unwrap_or_default();
    // As it stands in an `authorized_keys` file; git takes both.
    let literal = key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key));
    if let Some(literal) = literal {
        let comment = literal.split_whitespace().nth(2).unwrap_or("the key");
        if held.is_empty() {
            let seen = format!("git signs with {comment}, and no SSH agent that holds a key answers");
            return (Mark::Bad, seen, "ssh-add the key");
        }
        return (Mark::Fair, format!("git signs with {comment}; {}", of_agent(held.len())), "");
    }
    let file = from_home(key);
    let private = file.extension().is_some_and(|end| end == "pub").then(|| file.with_extension(""));
    let private = private.unwrap_or_else(|| file.clone());
    if private.is_file() {
        (Mark::Good, format!("git signs with {}, which is here", private.display()), "")
    } else if file.is_file() && !held.is_empty() {
        (Mark::Fair, format!("git signs with {}; {}", file.display(), of_agent(held.len())), "")
    } else {
        (Mark::Bad, format!("git signs with {}, whose private part is not here", file.display()), BRING)
    }
}

/// Whether one of them is the key is not compared.
fn of_agent(held: usize) -> String {
    format!("its private part is in no file here, and an SSH agent holds {}", crate::words::counted(held as u64, "key"))
}

fn from_home(path: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    match path.strip_prefix("~/").zip(home()) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => PathBuf::from(path),
    }
}

fn openpgp(key: Option<&str>, cancel: &Cancel) -> (Mark, String, &'static str) {
    let Some(key) = key else {
        return (Mark::Bad, "git signs with gpg, and no key is named".into(), "name it in user.signingkey");
    };
    // The gpg of PATH, whatever program a repository's own configuration names.
    let shown = key.escape_debug().to_string();
    let mut lines = Vec::new();
    let listed = Command::new("gpg", Path::new("/"))
        .args(["--batch", "--no-tty", "--no-auto-check-trustdb", "--with-colons", "--list-secret-keys", "--", key])
        .limit(PATIENCE)
        .run(cancel, &mut |stream, line| {
            if stream == Stream::Out && lines.len() < 200 {
                lines.push(line.to_owned());
            }
        });
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    match listed {
        Err(_) => (Mark::Bad, "git signs with gpg, which is not in PATH".into(), "install gpg"),
        Ok(ended) if !ended.ok() => {
            (Mark::Bad, format!("git signs with {shown}, of which gpg has no secret key here"), BRING)
        }
        Ok(_) => listed_keys(&shown, &lines, now),
    }
}

/// What gpg's list says: `sec` and `ssb` records, by its `doc/DETAILS`. Field 2: validity; 7: the second it ends; 12: what it
/// may do; 15: `#` where the secret part is not here.
fn listed_keys(shown: &str, lines: &[String], now: i64) -> (Mark, String, &'static str) {
    let mut best: Option<i64> = None;
    let mut ended = false;
    for line in lines {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        if !matches!(field(0), "sec" | "ssb") || !field(11).contains('s') || field(14) == "#" {
            continue;
        }
        let end = field(6).parse().unwrap_or(i64::MAX);
        if matches!(field(1), "e" | "r" | "i" | "d") || end <= now {
            ended = true;
        } else {
            best = Some(best.map_or(end, |best| best.max(end)));
        }
    }
    match best {
        Some(i64::MAX) => (Mark::Good, format!("git signs with {shown}, which is here and does not end"), ""),
        Some(end) => {
            let day = host::at_second(end).map_or_else(String::new, |at| at.chars().take(10).collect());
            let mark = if end - now < SOON { Mark::Fair } else { Mark::Good };
            let next = if mark == Mark::Fair {
                "extend it with gpg --quick-set-expire while you can publish that"
            } else {
                ""
            };
            (mark, format!("git signs with {shown}, which is here until {day}"), next)
        }
        None if ended => (
            Mark::Bad,
            format!("git signs with {shown}, whose time has passed"),
            "extend it with gpg --quick-set-expire",
        ),
        None => (Mark::Bad, format!("git signs with {shown}, whose secret part is not here"), BRING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_gpgs_list_only_what_can_sign_and_is_here_counts_and_the_latest_end_is_told() {
        let list = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let (mark, seen, _) = listed_keys("ann", &lines, 1_000_000_000);
            (mark, seen)
        };
        let sec = |validity: &str, end: &str, can: &str, here: &str| {
            format!("sec:{validity}:255:22:ABCDEF:900000000:{end}::u:::{can}:::{here}::ed25519:::0:")
        };
        assert_eq!(
            list(&[&sec("u", "", "scESC", "+")]),
            (Mark::Good, "git signs with ann, which is here and does not end".into())
        );
        let until = (Mark::Good, "git signs with ann, which is here until 2033-05-18".to_owned());
        assert_eq!(list(&[&sec("u", "2000000000", "sc", "+")]), until);
        assert_eq!(list(&[&sec("u", "1000086400", "sc", "+")]).0, Mark::Fair, "a day is soon");
        assert_eq!(
            list(&[&sec("e", "999999999", "sc", "+")]),
            (Mark::Bad, "git signs with ann, whose time has passed".into())
        );
        let gone = (Mark::Bad, "git signs with ann, whose secret part is not here".to_owned());
        assert_eq!(list(&[&sec("u", "", "sc", "#")]), gone);
        // The first key is kept elsewhere; the one below it signs.
        let below = "ssb:u:255:22:123456:900000000:2000000000:::::s:::+::ed25519::";
        assert_eq!(list(&[&sec("u", "", "sc", "#"), below]), until);
        assert_eq!(list(&["ssb:u:255:18:123456:900000000::::::e:::+::cv25519::"]), gone, "that one cannot sign");
        for odd in [&[][..], &["sec"], &["::::"], &["sec:u:::::x:::::s"]] {
            let _ = list(odd);
        }
    }
}
