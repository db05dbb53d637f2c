//! Small matters of wording and of addresses that several lints share. It decides nothing.

use crate::shell::Word;

/// Characters of a place that a message repeats.
const SHOWN: usize = 80;

/// One line of at most 80 characters.
pub(crate) fn shortened(text: &str) -> String {
    let mut line = String::new();
    for part in text.split_whitespace().filter(|part| *part != "\\") {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
        if line.chars().count() > SHOWN {
            return line.chars().take(SHOWN).collect::<String>() + "…";
        }
    }
    line
}

/// The host of an address with a scheme, without user and port.
pub(crate) fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Some(six) = host.strip_prefix('[') {
        return six.split(']').next();
    }
    Some(host.split(':').next().unwrap_or_default())
}

/// Whether a host is this machine, one beside it, or a name that never leads anywhere.
pub(crate) fn is_near(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let numbers: Vec<&str> = host.split('.').collect();
    let private = numbers.len() == 4
        && numbers.iter().all(|n| n.parse::<u8>().is_ok())
        && (host.starts_with("127.")
            || host.starts_with("10.")
            || host.starts_with("192.168.")
            || host.starts_with("169.254.")
            || host.starts_with("0.")
            || host.starts_with("172.") && numbers[1].parse::<u8>().is_ok_and(|n| (16..32).contains(&n)));
    let never = ["localhost", "local", "test", "invalid", "example", "internal", "lan"];
    let last = numbers.last().copied().unwrap_or_default();
    host.is_empty() || private || host.contains(':') && (host == "::1" || host.starts_with("fe80")) || never.contains(&last)
        // Names without a dot are containers' and machines' of the same network.
        || numbers.len() == 1
}

/// Whether an address leads away from this machine; `None` where that is only known when it runs.
pub(crate) fn leads_away(word: &Word) -> Option<bool> {
    let text = word.text.as_str();
    let unknown = crate::shell::EXPANSION;
    if text.starts_with("file:") {
        return Some(false);
    }
    let host = host(text)?;
    if host.starts_with(unknown) && !text.starts_with("https:") {
        return None;
    }
    if let Some(plain) = host.rsplit(unknown).next().filter(|_| host.contains(unknown)) {
        // `$MIRROR.example.org` and `https://$HOST`: away, unless the name says that it is near.
        let local = word.names.iter().any(|name| {
            let name = name.to_ascii_uppercase();
            ["HOST", "ADDR", "PORT", "LOCAL", "ENDPOINT", "SERVER", "DOMAIN"].iter().any(|part| name.contains(part))
        });
        return if local && plain.is_empty() {
            None
        } else {
            Some(plain.is_empty() || !is_near(plain.trim_start_matches('.')))
        };
    }
    Some(!is_near(host))
}
