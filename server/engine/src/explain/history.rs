//! Which commits wrote some lines, by what `HEAD` holds: the file on the disk is not given to git, whose filters would be run on it.
//! Lines that `HEAD` does not hold as they are have no history here.

use crate::git::question;
use explain::Commit;
use host::{Cancel, Stream, at_second};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Longest that git may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a file whose history is asked for.
const LARGEST: usize = 4 << 20;
/// Lines whose history is asked for.
const MOST_LINES: u32 = 2000;
/// Commits that are told.
const MOST: usize = 5;
/// Characters of a name or a subject.
const LONGEST: usize = 120;

/// The commits that wrote lines of a text, the newest first; and, where nothing can be said, why.
pub(super) fn history(
    file: &Path,
    text: &str,
    first: u32,
    count: u32,
    cancel: &Cancel,
) -> Result<Vec<Commit>, &'static str> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return Err("the history, whose file has no name that git knows");
    };
    if text.len() > LARGEST || count > MOST_LINES {
        return Err("the history of so much text");
    }
    let committed = committed(folder, name, cancel).ok_or("the history: git holds no such file at HEAD")?;
    let first =
        same_lines(text, &committed, first, count).ok_or("the history: these lines are not committed as they are")?;
    blame(folder, name, first, count, cancel).ok_or("the history: git gave no answer in time")
}

/// The file's text at `HEAD`.
fn committed(folder: &Path, name: &str, cancel: &Cancel) -> Option<String> {
    let mut text = String::new();
    let object = format!("HEAD:./{name}");
    let ended = question(folder, &["cat-file", "blob", &object]).limit(PATIENCE).run(cancel, &mut |stream, line| {
        if stream == Stream::Out && text.len() <= LARGEST {
            text.push_str(line);
            text.push('\n');
        }
    });
    ended.is_ok_and(|ended| ended.ok() && text.len() <= LARGEST).then_some(text)
}

/// Where lines of one text stand in the other: at the same place from its beginning or its end, or at the one place that reads so.
fn same_lines(text: &str, other: &str, first: u32, count: u32) -> Option<u32> {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (text.lines().collect(), other.lines().collect());
    let (first, count) = (first as usize, count as usize);
    let wanted = ours.get(first..(first + count).min(ours.len()))?;
    let at = |place: usize| theirs.get(place..place + wanted.len()) == Some(wanted);
    let from_end = (theirs.len() + first).checked_sub(ours.len());
    if at(first) {
        return u32::try_from(first).ok();
    }
    if let Some(place) = from_end.filter(|place| at(*place)) {
        return u32::try_from(place).ok();
    }
    let mut places = (0..=theirs.len().checked_sub(wanted.len())?).filter(|place| at(*place));
    let place = places.next()?;
    places.next().is_none().then(|| u32::try_from(place).ok())?
}

fn blame(folder: &Path, name: &str, first: u32, count: u32, cancel: &Cancel) -> Option<Vec<Commit>> {
    let lines = format!("{},+{count}", first + 1);
    let arguments = [
        "-c",
        "blame.ignoreRevsFile=",
        "--literal-pathspecs",
        "blame",
        "--no-textconv",
        "--porcelain",
        "-L",
        &lines,
        "HEAD",
        "--",
        name,
    ];
    let mut found: BTreeMap<String, (Commit, i64)> = BTreeMap::new();
    let mut at = String::new();
    let ended = question(folder, &arguments).limit(PATIENCE).run(cancel, &mut |stream, line| {
        if stream != Stream::Out {
            return;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if line.starts_with('\t') {
            if let Some((commit, _)) = found.get_mut(&at) {
                commit.lines += 1;
            }
        } else if word.len() >= 40 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
            word.clone_into(&mut at);
            word[..10].clone_into(&mut found.entry(at.clone()).or_default().0.id);
        } else if let Some((commit, time)) = found.get_mut(&at) {
            let short = || rest.chars().take(LONGEST).collect::<String>();
            match word {
                "author" => commit.author = short(),
                "summary" => commit.subject = short(),
                "author-time" => {
                    *time = rest.parse().unwrap_or_default();
                    commit.date = at_second(*time).map(|at| at.chars().take(10).collect()).unwrap_or_default();
                }
                _ => {}
            }
        }
    });
    ended.is_ok_and(|ended| ended.ok()).then(|| {
        let mut commits: Vec<(Commit, i64)> = found.into_values().collect();
        commits.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        commits.into_iter().map(|(commit, _)| commit).take(MOST).collect()
    })
}
