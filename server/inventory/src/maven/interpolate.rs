//! Replaces `${…}` as Maven does, from one property to the next, within limits.
//! May not know where values come from.

use super::facts::Known;

/// Properties that refer to others are followed no deeper.
const DEEPEST: usize = 32;
/// Longer values are left as they are written, in bytes.
const LONGEST: usize = 1 << 14;

/// A text with what is known put in its place; what is not stays as it is written.
pub(super) fn plain(text: &str, value: &mut dyn FnMut(&str) -> Known) -> String {
    let mut left = LONGEST;
    let mut open = Vec::new();
    within(text, value, &mut open, &mut left).unwrap_or_else(|| text.to_owned())
}

fn within(
    text: &str,
    value: &mut dyn FnMut(&str) -> Known,
    open: &mut Vec<String>,
    left: &mut usize,
) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let Some(end) = from.find('}') else { break };
        out.push_str(before);
        let name = &from[2..end];
        let known =
            if open.len() >= DEEPEST || open.iter().any(|one| one == name) { Known::Absent } else { value(name) };
        match known {
            Known::Value(found) => {
                open.push(name.to_owned());
                let whole = within(&found, value, open, left);
                open.pop();
                out.push_str(&whole?);
            }
            Known::Absent | Known::Unknown => out.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
        *left = left.checked_sub(1)?;
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= LONGEST).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, properties: &[(&str, &str)]) -> String {
        plain(text, &mut |name| {
            let found = properties.iter().find(|(key, _)| *key == name);
            found.map_or(Known::Absent, |(_, value)| Known::Value((*value).into()))
        })
    }

    #[test]
    fn properties_are_followed_and_circles_are_left_as_they_are_written() {
        assert_eq!(of("a-${x}-${none}", &[("x", "${y}.1"), ("y", "2")]), "a-2.1-${none}");
        assert_eq!(of("${x}", &[("x", "${y}"), ("y", "${x}")]), "${x}");
        assert_eq!(of("${open", &[]), "${open");
    }

    #[test]
    fn what_grows_without_end_is_left_as_it_is_written() {
        let names: Vec<String> = (0..30).map(|at| format!("p{at}")).collect();
        let values: Vec<String> = (1..31).map(|at| format!("${{p{at}}}${{p{at}}}${{p{at}}}")).collect();
        let properties: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
        assert_eq!(of("${p0}", &properties), "${p0}");
    }
}
