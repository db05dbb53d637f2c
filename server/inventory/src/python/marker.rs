//! Environment markers: whether a dependency counts for one Python on one machine.
//! May not build more than it is given: what is nested too deep, or not understood, is said to be.

use pep440_rs::{Version, VersionSpecifier};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Deeper nests are not followed.
const DEEPEST: usize = 64;

/// What markers ask about: `python_full_version`, `sys_platform`, … with this machine's answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(pub BTreeMap<&'static str, String>);

/// Whether the marker holds; in words why that cannot be told.
pub(crate) fn holds(marker: &str, environment: &Environment, extras: &[&str]) -> Result<bool, String> {
    let mut reader = Reader { text: marker, at: 0, environment, extras };
    let told = reader.any(0)?;
    reader.skip();
    if reader.at < marker.len() { Err(reader.odd()) } else { Ok(told) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    environment: &'a Environment,
    extras: &'a [&'a str],
}

enum Value {
    Text(String),
    Variable(String),
}

impl Reader<'_> {
    fn odd(&self) -> String {
        let shown: String = self.text.chars().take(120).collect();
        format!("this marker is not understood: {shown}")
    }

    fn skip(&mut self) {
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start().len();
    }

    fn take(&mut self, word: &str) -> bool {
        self.skip();
        let rest = &self.text[self.at..];
        let whole = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let letters = word.starts_with(|c: char| c.is_ascii_alphabetic());
        let found = rest.strip_prefix(word).is_some_and(|rest| !letters || whole(rest));
        if found {
            self.at += word.len();
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<bool, String> {
        let mut told = self.all(depth)?;
        while self.take("or") {
            told |= self.all(depth)?;
        }
        Ok(told)
    }

    fn all(&mut self, depth: usize) -> Result<bool, String> {
        let mut told = self.one(depth)?;
        while self.take("and") {
            told &= self.one(depth)?;
        }
        Ok(told)
    }

    fn one(&mut self, depth: usize) -> Result<bool, String> {
        if depth > DEEPEST {
            return Err(self.odd());
        }
        if self.take("(") {
            let told = self.any(depth + 1)?;
            return if self.take(")") { Ok(told) } else { Err(self.odd()) };
        }
        let left = self.value()?;
        let operator = self.operator()?;
        let right = self.value()?;
        self.compare(&left, &operator, &right)
    }

    fn value(&mut self) -> Result<Value, String> {
        self.skip();
        let rest = &self.text[self.at..];
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let end = rest[1..].find(quote).ok_or_else(|| self.odd())?;
            let text = rest[1..=end].to_owned();
            self.at += end + 2;
            return Ok(Value::Text(text));
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        if end == 0 {
            return Err(self.odd());
        }
        self.at += end;
        Ok(Value::Variable(rest[..end].to_owned()))
    }

    fn operator(&mut self) -> Result<String, String> {
        for operator in ["===", "==", "!=", "<=", ">=", "~=", "<", ">", "in"] {
            if self.take(operator) {
                return Ok(operator.to_owned());
            }
        }
        if self.take("not") && self.take("in") { Ok("not in".into()) } else { Err(self.odd()) }
    }

    fn compare(&self, left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
        let (variable, text, turned) = match (left, right) {
            (Value::Variable(variable), Value::Text(text)) => (variable, text, false),
            (Value::Text(text), Value::Variable(variable)) => (variable, text, true),
            _ => return Err(self.odd()),
        };
        if variable == "extra" {
            let normal = super::name::normal(text);
            let asked = self.extras.iter().any(|extra| extra == text || normal.as_deref() == Some(*extra));
            return match operator {
                "==" => Ok(asked),
                "!=" => Ok(!asked),
                _ => Err(self.odd()),
            };
        }
        let Some(value) = self.environment.0.get(variable.as_str()) else { return Err(self.odd()) };
        let of_versions =
            matches!(variable.as_str(), "python_version" | "python_full_version" | "implementation_version");
        if of_versions && !matches!(operator, "in" | "not in") {
            let operator = if turned { mirrored(operator) } else { operator };
            let specifier = VersionSpecifier::from_str(&format!("{operator}{text}")).map_err(|_| self.odd())?;
            let version = Version::from_str(value).map_err(|_| self.odd())?;
            return Ok(specifier.contains(&version));
        }
        let (a, b) = if turned { (text.as_str(), value.as_str()) } else { (value.as_str(), text.as_str()) };
        match operator {
            "==" | "===" => Ok(a == b),
            "!=" => Ok(a != b),
            // A list of versions is parted by spaces; of other texts one is a part of the other.
            "in" | "not in" if of_versions => {
                if turned || text.contains(',') {
                    return Err(self.odd());
                }
                let listed = text.split_whitespace().any(|one| one == value);
                Ok(listed == (operator == "in"))
            }
            "in" => Ok(b.contains(a)),
            "not in" => Ok(!b.contains(a)),
            "<" => Ok(a < b),
            "<=" => Ok(a <= b),
            ">" => Ok(a > b),
            ">=" => Ok(a >= b),
            _ => Err(self.odd()),
        }
    }
}

/// Whether two conditions hold in the same places: both are asked for every Python from `lower` on and every other value that
/// either of them speaks of, and one more. In words why that cannot be told.
pub(crate) fn same(one: &str, other: &str, lower: Option<&Version>) -> Result<bool, String> {
    if one == other {
        return Ok(true);
    }
    let odd = || format!("two conditions are not compared: {one:?} and {other:?}");
    let mut asked: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut extras: Vec<String> = Vec::new();
    for text in [one, other] {
        if text.len() > LONGEST_COMPARED {
            return Err(odd());
        }
        spoken_of(text, &mut asked, &mut extras).ok_or_else(odd)?;
    }
    let pythons = asked.remove("python").unwrap_or_default();
    let mut full: Vec<Version> = lower.cloned().into_iter().chain([Version::new([3, 999])]).collect();
    for text in &pythons {
        let plain = text.trim_end_matches(".*");
        let version = Version::from_str(plain).map_err(|_| odd())?;
        let numbers: Vec<u64> = (0..3).map(|at| version.release().get(at).copied().unwrap_or(0)).collect();
        let [major, minor, patch] = [numbers[0], numbers[1], numbers[2]];
        full.extend([Version::new([major, minor, patch]), Version::new([major, minor, patch + 1])]);
        full.extend([Version::new([major, minor + 1, 0]), Version::new([major, minor, 99])]);
        full.extend(patch.checked_sub(1).map(|patch| Version::new([major, minor, patch])));
        full.extend(minor.checked_sub(1).map(|minor| Version::new([major, minor, 99])));
    }
    full.retain(|version| lower.is_none_or(|lower| version >= lower));
    full.sort();
    full.dedup();
    let others: Vec<(&'static str, Vec<String>)> = asked.into_iter().collect();
    let count = others.iter().try_fold(full.len(), |count, (_, values)| count.checked_mul(values.len() + 1));
    let count = count.and_then(|count| count.checked_mul(1_usize.checked_shl(extras.len() as u32)?));
    if count.is_none_or(|count| count > MOST_COMPARED) {
        return Err(odd());
    }
    for python in &full {
        let release = python.release();
        let number = |at: usize| release.get(at).copied().unwrap_or(0);
        let mut here = Environment::default();
        here.0.insert("python_full_version", format!("{}.{}.{}", number(0), number(1), number(2)));
        here.0.insert("python_version", format!("{}.{}", number(0), number(1)));
        let mut places = vec![0; others.len()];
        loop {
            for ((name, values), at) in others.iter().zip(&places) {
                here.0.insert(name, values.get(*at).cloned().unwrap_or_else(|| "another".into()));
            }
            for set in 0..1_usize << extras.len() {
                let on = extras.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
                let on: Vec<&str> = on.map(|(_, extra)| extra.as_str()).collect();
                let told = |text: &str| if text.is_empty() { Ok(true) } else { holds(text, &here, &on) };
                if told(one)? != told(other)? {
                    return Ok(false);
                }
            }
            // The next of all combinations, as one counts.
            let Some(next) = places.iter().zip(&others).position(|(at, (_, values))| *at < values.len()) else { break };
            places[..next].fill(0);
            places[next] += 1;
        }
    }
    Ok(true)
}

/// Longer conditions are not compared, in bytes; nor are more combinations of what they speak of.
const LONGEST_COMPARED: usize = 1_000;
const MOST_COMPARED: usize = 20_000;
/// What conditions may speak of besides Pythons and extras.
const OTHERS: [&str; 8] = [
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_system",
    "platform_release",
    "platform_version",
    "platform_python_implementation",
    "implementation_name",
];

/// The values that a condition speaks of, by what they are of; none where it is not understood.
fn spoken_of(text: &str, asked: &mut BTreeMap<&'static str, Vec<String>>, extras: &mut Vec<String>) -> Option<()> {
    let nothing = Environment::default();
    let mut reader = Reader { text, at: 0, environment: &nothing, extras: &[] };
    loop {
        while reader.take("(") || reader.take(")") || reader.take("and") || reader.take("or") {}
        reader.skip();
        if reader.at >= text.len() {
            return Some(());
        }
        let left = reader.value().ok()?;
        let operator = reader.operator().ok()?;
        let right = reader.value().ok()?;
        let ((Value::Variable(variable), Value::Text(value)) | (Value::Text(value), Value::Variable(variable))) =
            (left, right)
        else {
            return None;
        };
        let place = match variable.as_str() {
            "extra" => {
                if !extras.contains(&value) {
                    extras.push(value);
                }
                continue;
            }
            "python_version" | "python_full_version" => "python",
            other => OTHERS.iter().find(|known| **known == other)?,
        };
        let values = asked.entry(place).or_default();
        if place != "python" && !matches!(operator.as_str(), "==" | "!=" | "in" | "not in") {
            return None;
        }
        let parts: Vec<&str> = if operator.contains("in") { value.split_whitespace().collect() } else { vec![&value] };
        for part in
            parts.into_iter().map(str::to_owned).chain([value.clone()].into_iter().filter(|_| place != "python"))
        {
            if !values.contains(&part) {
                values.push(part);
            }
        }
    }
}

fn mirrored(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Environment {
        Environment(BTreeMap::from([
            ("python_version", "3.11".to_owned()),
            ("python_full_version", "3.11.7".to_owned()),
            ("sys_platform", "linux".to_owned()),
            ("platform_machine", "x86_64".to_owned()),
        ]))
    }

    #[test]
    fn markers_are_answered_as_written() {
        for (marker, told) in [
            ("python_full_version < '3.12'", true),
            ("'3.12' > python_full_version", true),
            ("python_version == '3.11.*' and sys_platform != 'win32'", true),
            ("sys_platform == 'win32' or (python_full_version >= '3.11' and 'x86' in platform_machine)", true),
            ("extra == 'x'", true),
            ("extra == 'y'", false),
            ("python_version not in '2.7 3.9'", true),
            ("sys_platform in 'darwin win32'", false),
        ] {
            assert_eq!(holds(marker, &here(), &["x"]), Ok(told), "{marker}");
        }
    }

    #[test]
    fn conditions_that_hold_in_the_same_places_are_the_same() {
        let lower = Version::new([3, 9]);
        for (one, other, told) in [
            ("sys_platform == 'win32'", "'win32' == sys_platform", true),
            ("sys_platform == 'win32'", "sys_platform == 'darwin'", false),
            ("python_version >= '3.8'", "", true),
            ("python_version < '3.8'", "python_version < '3.7'", true),
            ("python_version >= '3.11'", "python_full_version >= '3.11'", true),
            ("python_version > '3.11'", "python_full_version >= '3.12'", true),
            ("python_full_version >= '3.11.4'", "python_full_version >= '3.11'", false),
            ("extra == 'a'", "extra == 'b'", false),
            ("sys_platform == 'x' and extra == 'a'", "extra == 'a' and (sys_platform == 'x')", true),
            ("platform_machine in 'x86 arm'", "platform_machine == 'x86' or platform_machine == 'arm'", false),
        ] {
            assert_eq!(same(one, other, Some(&lower)), Ok(told), "{one} / {other}");
        }
        let long = vec!["platform_machine == 'a'"; 100].join(" or ");
        let many: Vec<String> = (0..30).map(|n| format!("extra == 'x{n}'")).collect();
        for hostile in [long, many.join(" or ")] {
            assert!(same(&hostile, "", None).is_err());
        }
    }

    #[test]
    fn what_is_not_understood_or_too_deep_is_said_and_not_guessed() {
        let deep = format!("{}sys_platform == 'linux'{}", "(".repeat(10_000), ")".repeat(10_000));
        for odd in
            ["", "x", "sys_platform", "sys_platform ==", "weather == 'fair'", "sys_platform == 'linux' and", &deep]
        {
            assert!(holds(odd, &here(), &[]).is_err(), "{}", &odd[..odd.len().min(40)]);
        }
    }
}
