//! When a credential ends: tokens (JWT, RFC 7519), certificates of SSH and of X.509. Secrets are read here and go no further: what is
//! given back is a time. May not read files.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer tokens and certificates are not read, in bytes.
const LONGEST: usize = 64 << 10;

fn at(seconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// When a token ends, where it is one that says so.
pub(super) fn of_token(token: &str) -> Option<SystemTime> {
    let token = token.trim();
    let mut parts = token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    if token.len() > LONGEST {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let ends = claims.get("exp")?;
    // A fraction of a second is cut off.
    let whole = ends.to_string();
    at(whole.split('.').next()?.parse().ok().filter(|ends| *ends < 1_000_000_000_000)?)
}

/// When an SSH certificate (`…-cert.pub`) ends; none: it cannot be read, or never.
pub(super) fn of_ssh(text: &str) -> Option<SystemTime> {
    let line = text.lines().find(|line| line.contains("-cert-v01@openssh.com"))?;
    let certificate = ssh_key::Certificate::from_openssh(line.trim()).ok()?;
    // A time that is never.
    Some(certificate.valid_before()).filter(|&ends| ends < u64::MAX / 2).and_then(at)
}

/// When the first certificate in a text of PEM ends.
pub(super) fn of_certificate(pem: &str) -> Option<SystemTime> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let text: String = body.chars().filter(|c| !c.is_whitespace()).take(LONGEST).collect();
    let bytes = STANDARD.decode(text).ok()?;
    let (certificate, _) = part(&bytes, 0x30)?;
    let (mut rest, _) = part(certificate, 0x30)?;
    // Version, where it is said; then number, algorithm and who issued it.
    if let Some((_, behind)) = part(rest, 0xa0) {
        rest = behind;
    }
    for kind in [0x02, 0x30, 0x30] {
        rest = part(rest, kind)?.1;
    }
    let (validity, _) = part(rest, 0x30)?;
    let (_, ends) = time(validity)?;
    time(ends).map(|(ends, _)| ends).and_then(at)
}

/// The content of the value of this kind that stands first (DER), and what is behind it.
fn part(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&length, mut rest) = rest.split_first()?;
    let mut size = usize::from(length);
    if length & 0x80 != 0 {
        let count = usize::from(length & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        size = digits.iter().fold(0, |size, &digit| size << 8 | usize::from(digit));
        rest = &rest[count..];
    }
    (found == kind && size <= rest.len()).then(|| rest.split_at(size))
}

/// A time in seconds since 1970: `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn time(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (text, behind) = part(bytes, 0x17).or_else(|| part(bytes, 0x18))?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let long = text.len() == 14;
    let (year, rest) = text.split_at_checked(if long { 4 } else { 2 })?;
    let number = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let mut year: u64 = year.parse().ok()?;
    if !long {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let (month, day) = (number(0)?, number(2)?);
    if rest.len() != 10 || year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970, by years that begin in March.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day;
    let days = days.checked_sub(719_469)?;
    Some((days * 86_400 + number(4)? * 3600 + number(6)? * 60 + number(8)?, behind))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(time: Option<SystemTime>) -> Option<u64> {
        time.map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn a_token_says_when_it_ends_and_what_is_none_says_nothing() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(seconds(of_token(&token(r#"{"exp":1700000000}"#))), Some(1_700_000_000));
        assert_eq!(seconds(of_token(&token(r#"{"exp":1700000000.5,"a":1}"#))), Some(1_700_000_000));
        for odd in ["", "npm_abc", "a.b", "a.b.c", "a.b.c.d", &token("{}"), &token(r#"{"exp":"x"}"#), &token("[1]")] {
            assert_eq!(of_token(odd), None, "{odd}");
        }
        assert_eq!(of_token(&token(r#"{"exp":-5}"#)), None);
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        let of = |kind: u8, text: &str| {
            let bytes = [&[kind, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
            time(&bytes).map(|(seconds, _)| seconds)
        };
        assert_eq!(of(0x17, "700101000000Z"), Some(0));
        assert_eq!(of(0x17, "231114221320Z"), Some(1_700_000_000));
        assert_eq!(of(0x18, "20240229120000Z"), Some(1_709_208_000));
        assert_eq!(of(0x18, "20991231235959Z"), Some(4_102_444_799));
        for odd in ["", "Z", "2311142213Z", "231314221320Z", "23111422132xZ", "231114221320+0000"] {
            assert_eq!(of(0x17, odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (of_token(&text), of_ssh(&text), of_certificate(&text), part(&bytes, 0x30), time(&bytes));
            let pem = format!("-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----", STANDARD.encode(&bytes));
            let _ = of_certificate(&pem);
        }
    }
}
