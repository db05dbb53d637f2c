//! Clocks: the wall clock for display, and its text form.
//! Nothing is ordered by what is read here.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 for a clock that is set before.
pub fn now_ms() -> i64 {
    #[cfg(feature = "simulated")]
    if let Some(now) = crate::simulated::now() {
        return now;
    }
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// RFC 3339 in UTC, with milliseconds. A time outside the years 1–9999 is shown as the nearest that can be.
pub fn rfc3339(ms: i64) -> String {
    let clamped = ms.clamp(-62_135_596_800_000, 253_402_200_000_000);
    jiff::Timestamp::from_millisecond(clamped).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
}

/// Year, month and day in UTC: `2026`, `2026-11`, `2026-11-21`. `None` outside the years 0–9999.
pub(crate) fn date(ms: i64) -> Option<[String; 3]> {
    let at = jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let (year, month, day) = (at.year(), at.month(), at.day());
    (year >= 0)
        .then(|| [format!("{year:04}"), format!("{year:04}-{month:02}"), format!("{year:04}-{month:02}-{day:02}")])
}
