//! Lines that both sides added at one place: entries of a list of changes, and anything else.
//! Nothing that was there before is removed or changed by what is offered here.

use super::{Hunk, Language, Strategy};

/// Both sides added points to the same list of changes.
pub(super) fn entries(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    let name = hunk.path.file_name()?.to_str()?.to_ascii_lowercase();
    let is_changes = ["change", "history", "news", "release"].iter().any(|word| name.starts_with(word));
    if hunk.language != Language::Prose || !is_changes {
        return None;
    }
    let (left, right) = additions(hunk)?;
    let bullet = |line: &str| {
        let mut signs = line.chars();
        signs.next().filter(|sign| matches!(sign, '-' | '*' | '+') && signs.next() == Some(' '))
    };
    let begins = |text: &str| text.lines().next().and_then(bullet);
    let all = |text: &str| {
        text.lines().all(|line| bullet(line).is_some() || line.starts_with("  ") && !line.trim().is_empty())
    };
    if begins(&left)? != begins(&right)? || !all(&left) || !all(&right) {
        return None;
    }
    let repeated = right.lines().any(|line| left.lines().any(|other| other == line));
    (!repeated).then(|| joined(hunk, &left, &right)).flatten().map(|text| (Strategy::Entries, text))
}

/// Both sides added lines at the same place and changed nothing else.
pub(super) fn added(hunk: &Hunk<'_>) -> Option<(Strategy, String)> {
    let (left, right) = additions(hunk)?;
    if let Some(whole) =
        [(&left, hunk.left, &right), (&right, hunk.right, &left)].into_iter().find_map(|(more, whole, less)| {
            (more.starts_with(less.as_str()) || more.ends_with(less.as_str())).then_some(whole)
        })
    {
        return Some((Strategy::Contained, whole.to_owned()));
    }
    joined(hunk, &left, &right).map(|text| (Strategy::Added, text))
}

/// What each side added to the base, if it added one run of whole lines at the same place and nothing else.
fn additions(hunk: &Hunk<'_>) -> Option<(String, String)> {
    let base = hunk.base?;
    let (head, tail) = place(base, hunk.left, hunk.right)?;
    let inner = |side: &str| Some(side.strip_prefix(head)?.strip_suffix(tail)?.to_owned());
    let (left, right) = (inner(hunk.left)?, inner(hunk.right)?);
    (!left.trim().is_empty() && !right.trim().is_empty()).then_some((left, right))
}

/// Where the base is cut, so that both sides begin with the first part and end with the second.
fn place<'a>(base: &'a str, left: &str, right: &str) -> Option<(&'a str, &'a str)> {
    let cuts = std::iter::once(0).chain(base.match_indices('\n').map(|(at, _)| at + 1)).take(1000);
    let fits = |side: &str, head: &str, tail: &str| {
        side.len() >= head.len() + tail.len() && side.starts_with(head) && side.ends_with(tail)
    };
    let mut found =
        cuts.map(|at| base.split_at(at)).filter(|(head, tail)| fits(left, head, tail) && fits(right, head, tail));
    found.next()
}

fn joined(hunk: &Hunk<'_>, left: &str, right: &str) -> Option<String> {
    let (head, tail) = place(hunk.base?, hunk.left, hunk.right)?;
    // A side without a last newline would run into the other.
    left.ends_with('\n').then(|| [head, left, right, tail].concat())
}
