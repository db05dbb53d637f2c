//! Times as people give and read them: `2h`, `2026-11-21`, RFC 3339; `3 hours ago`.
//! It reads the clock and the machine's time zone, and orders nothing.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

const UNITS: [(&str, i64); 5] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 7 * 86_400)];

/// Milliseconds since 1970 of a moment: RFC 3339, a date or a local time without zone, or so long ago: `90s`, `30m`, `2h`,
/// `3d`, `1w`. The error says what can be given.
pub fn moment(text: &str) -> Result<i64, String> {
    moment_at(text.trim(), Timestamp::now(), TimeZone::system()).ok_or_else(|| {
        format!("this takes a time, 2026-11-21T09:30:00Z, 2026-11-21 or 2h for two hours ago, and not `{text}`")
    })
}

fn moment_at(text: &str, now: Timestamp, zone: TimeZone) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    for (unit, seconds) in UNITS {
        if let Some(number) = text.strip_suffix(unit) {
            // What is no number may still be a date.
            if let Ok(number) = number.trim_end().parse::<i64>() {
                let ago = number.checked_mul(seconds)?.checked_mul(1000).filter(|ago| *ago >= 0)?;
                return now.as_millisecond().checked_sub(ago);
            }
        }
    }
    let local = match text.parse::<Date>() {
        // A whole text: `2026-11-21T09:30` is a date for the parser too.
        Ok(date) if text.len() == 10 => date.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    Some(local.to_zoned(zone).ok()?.timestamp().as_millisecond())
}

/// A second since 1970 in RFC 3339; `None` where there is no such second.
#[must_use]
pub fn at_second(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.to_string())
}

/// How long ago a time in RFC 3339 was, in its largest unit; `in the future` for a clock that is ahead.
#[must_use]
pub fn ago(rfc3339: &str) -> String {
    let Ok(at) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    ago_at(Timestamp::now().as_second() - at.as_second())
}

fn ago_at(seconds: i64) -> String {
    let words = [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute")];
    match words.into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, word)) => {
            let n = seconds / unit;
            format!("{n} {word}{} ago", if n == 1 { "" } else { "s" })
        }
        // Clocks of two machines are never the same.
        None if seconds < -60 => "in the future".to_owned(),
        None => "just now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_in_the_ways_that_people_give_it() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |text: &str| moment_at(text, now, zone.clone());
        assert_eq!(at("2h"), Some(1_800_000_000_000 - 7_200_000));
        assert_eq!(at("90s"), Some(1_800_000_000_000 - 90_000));
        assert_eq!(at("1 w"), Some(1_800_000_000_000 - 604_800_000));
        assert_eq!(at("1970-01-02"), Some(22 * 3_600_000), "midnight here");
        assert_eq!(at("1970-01-01T02:00"), Some(0));
        assert_eq!(at("1970-01-01 02:00:01"), Some(1000));
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("1970-01-01T00:00:00.5+01:00"), Some(500 - 3_600_000));
        for bad in ["", "yesterday", "2x", "-3h", "99999999999999999999h", "9223372036854775807w", "2026-13-01", "h"] {
            assert_eq!(at(bad), None, "{bad}");
        }
        assert!(moment("soon").unwrap_err().contains("`soon`"));
    }

    #[test]
    fn how_long_ago_is_told_in_the_largest_unit() {
        let told: Vec<String> = [0, 59, 60, 119, 7200, 86_400 * 45, 86_400 * 800, -30, -90].map(ago_at).to_vec();
        assert_eq!(
            told,
            [
                "just now",
                "just now",
                "1 minute ago",
                "1 minute ago",
                "2 hours ago",
                "1 month ago",
                "2 years ago",
                "just now",
                "in the future"
            ]
        );
    }
}
