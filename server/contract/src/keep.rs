//! How long something is kept: `90d`, `12w`, `2y`, or `forever`, as people write it in settings.
//! It says what was written and deletes nothing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How long something is kept. Written as a whole number from 1 on and `h`, `d`, `w` or `y` (365 days), or as `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Keep {
    /// It is not deleted by any rule.
    Forever,
    /// So many of a unit.
    For(u32, Unit),
}

/// A unit of time that a rule counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 60 minutes.
    Hours,
    /// 24 hours.
    Days,
    /// 7 days.
    Weeks,
    /// 365 days.
    Years,
}

/// Units with their letter and their length in hours.
const UNITS: [(Unit, char, i64); 4] =
    [(Unit::Hours, 'h', 1), (Unit::Days, 'd', 24), (Unit::Weeks, 'w', 168), (Unit::Years, 'y', 8760)];
/// Longest number that is taken.
const MOST: u32 = 100_000;

impl Keep {
    /// How long in milliseconds; `None`: for ever.
    #[must_use]
    pub fn milliseconds(self) -> Option<i64> {
        let Keep::For(n, unit) = self else { return None };
        let hours = UNITS.iter().find(|(of, ..)| *of == unit).map_or(0, |(.., hours)| *hours);
        Some(i64::from(n) * hours * 3_600_000)
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::Forever => f.write_str("forever"),
            Keep::For(n, unit) => {
                let letter = UNITS.iter().find(|(of, ..)| of == unit).map_or('d', |(_, letter, _)| *letter);
                write!(f, "{n}{letter}")
            }
        }
    }
}

/// A text that is no time to keep something for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoKeep(String);

impl fmt::Display for NoKeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` says not how long: a whole number from 1 to {MOST} and h, d, w or y, such as `90d`, or `forever`",
            self.0
        )
    }
}

impl std::error::Error for NoKeep {}

impl FromStr for Keep {
    type Err = NoKeep;

    fn from_str(text: &str) -> Result<Keep, NoKeep> {
        if text == "forever" {
            return Ok(Keep::Forever);
        }
        // What is longer is not shown in full.
        let bad = || NoKeep(text.chars().take(40).collect());
        let (unit, letter, _) = UNITS.iter().find(|(_, letter, _)| text.ends_with(*letter)).ok_or_else(bad)?;
        let digits = text.strip_suffix(*letter).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let n: u32 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(bad)?;
        if (1..=MOST).contains(&n) { Ok(Keep::For(n, *unit)) } else { Err(bad()) }
    }
}

impl TryFrom<String> for Keep {
    type Error = NoKeep;

    fn try_from(text: String) -> Result<Keep, NoKeep> {
        text.parse()
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> String {
        keep.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Keep {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Keep".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How long something is kept: a whole number from 1 to 100000 and `h`, `d`, `w` or `y` (365 days), or `forever`.",
            "type": "string",
            "pattern": "^(forever|[1-9][0-9]{0,5}[hdwy])$"
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::Keep;

    #[test]
    fn what_is_written_is_how_long_and_anything_else_says_what_could_be_written() {
        for (text, hours) in [("1h", 1), ("90d", 2160), ("12w", 2016), ("2y", 17_520)] {
            let keep: Keep = text.parse().unwrap();
            assert_eq!((keep.milliseconds(), keep.to_string().as_str()), (Some(hours * 3_600_000), text));
        }
        assert_eq!("forever".parse::<Keep>().unwrap().milliseconds(), None);
        for odd in
            ["", "d", "0d", "-1d", "90", "90 d", "90days", "1.5d", "100001d", "99999999999d", "+9d", "9D", "ever"]
        {
            let told = odd.parse::<Keep>().unwrap_err().to_string();
            assert!(told.starts_with(&format!("`{odd}`")) && told.contains("`90d`"), "{told}");
        }
    }
}
