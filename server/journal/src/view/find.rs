//! Answers a search: candidates from the index, newest first and never more than a bounded number, then the texts themselves
//! decide, rank and are cut to what is shown.

use super::question::{Answer, Question};
use super::search::{ACTOR, ACTOR_KIND, DAY, ENTITY, KIND, LANE, MONTH, PATH, WORKSPACE, YEAR, lane_word, mark};
use super::text::{Text, texts};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::read::{self, Filter};
use crate::time::date;
use contract::{JournalHit, JournalSearch, SnippetPart};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashSet;

/// Candidates of one search that are looked at, by whole words and by beginnings, and hits that are ranked against each
/// other; newest first. What a search
/// costs is bounded by these, not by the number of events: about 20 µs a candidate.
const LOOKED_AT: [usize; 2] = [600, 300];
const RANKED: usize = 200;
/// Milliseconds after which a hit counts half for its age, against the newest one.
const HALF_LIFE: f64 = 90.0 * 86_400_000.0;
/// Length of a snippet, in characters, and how many of them stand before the first hit.
const SNIPPET: usize = 160;
const BEFORE: usize = 40;

/// A search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What is looked for. Any text: no character of it is an operator unless `advanced` is set.
    pub text: String,
    /// `"…"` is an exact phrase, `-` in front takes out, `OR` between two means either, `*` behind a word lets it go on.
    pub advanced: bool,
    /// Which events may be hits; `limit` is how many are given, 20 where it is `None`.
    pub filter: Filter,
}

struct Hit {
    pos: i64,
    wall_ms: i64,
    answer: Answer,
}

impl Journal {
    /// Looks for events whose text answers the question, best first. It asks the index as it stands: events that the index
    /// does not know yet are counted in `behind`, and [`Journal::catch_up`] makes it know them.
    pub fn search(&self, search: &Search) -> Result<JournalSearch, JournalError> {
        let question = Question::read(&search.text, search.advanced)
            .map_err(|detail| JournalError::BadQuestion { text: shown(&search.text), detail })?;
        let behind = self.views_behind()?.events();
        self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let mut found = find(&snapshot, &question, search)?;
            found.behind = behind;
            Ok(found)
        })
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

pub(super) fn find(connection: &Connection, question: &Question, search: &Search) -> rusqlite::Result<JournalSearch> {
    let limit = search.filter.limit.unwrap_or(20).min(RANKED);
    let made: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'search_text')")?
        .query_row([], |row| row.get(0))?;
    let mut found = JournalSearch::default();
    if !made {
        return Ok(found);
    }
    let marks = marks(&search.filter);
    let mut hits = Vec::new();
    let mut seen = HashSet::new();
    // Whole words first: a beginning that everything shares must not hide them.
    for open in [false, true] {
        if open && (!question.is_open() || hits.len() >= limit) {
            break;
        }
        found.more |= collect(connection, question, search, open, &marks, &mut seen, &mut hits)?;
    }
    let newest = hits.iter().map(|hit| hit.wall_ms).max().unwrap_or(0);
    let score = |hit: &Hit| {
        #[expect(clippy::cast_precision_loss, reason = "an age in milliseconds, for a factor")]
        let age = (newest.saturating_sub(hit.wall_ms)) as f64;
        hit.answer.score * (0.5 + 0.5 * (-age / HALF_LIFE).exp2())
    };
    hits.sort_by(|a, b| score(b).total_cmp(&score(a)).then(b.pos.cmp(&a.pos)));
    found.more |= hits.len() > limit;
    for hit in hits.iter().take(limit) {
        let place = Some(hit.pos.unsigned_abs());
        let filter = Filter { after: place.map(|p| p - 1), before: place.map(|p| p + 1), ..Filter::default() };
        read::for_each(connection, &filter, |_, entry| {
            let (member, snippet) = cut(&entry.kind, &entry.payload, &hit.answer);
            found.hits.push(JournalHit { member, snippet, entry });
            std::ops::ControlFlow::Break(())
        })?;
    }
    Ok(found)
}

/// Adds hits; answers with whether there may be more than were looked at.
fn collect(
    connection: &Connection,
    question: &Question,
    search: &Search,
    open: bool,
    marks: &[Vec<String>],
    seen: &mut HashSet<i64>,
    hits: &mut Vec<Hit>,
) -> rusqlite::Result<bool> {
    let expression = question.to_index(open, marks);
    let mut select = connection.prepare_cached(
        "SELECT rowid FROM search_text WHERE search_text MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC",
    )?;
    let bound = |place: Option<u64>, none: i64| place.map_or(none, |place| i64::try_from(place).unwrap_or(i64::MAX));
    let mut rows = select.query((expression, bound(search.filter.after, -1), bound(search.filter.before, i64::MAX)))?;
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        let pos: i64 = row.get(0)?;
        if !seen.insert(pos) {
            continue;
        }
        looked_at += 1;
        if looked_at > LOOKED_AT[usize::from(open)] || hits.len() >= RANKED {
            return Ok(true);
        }
        let one = read::one(connection, pos).optional()?;
        if let Some(event) = one.filter(|event| search.filter.lets(event))
            && let Some(payload) = &event.payload
            && let Some(answer) = question.answer(&texts(&event.header.kind, payload), open)
        {
            hits.push(Hit { pos, wall_ms: event.header.wall_ms, answer });
        }
    }
    Ok(false)
}

/// What a filter asks of an event, as words of the index; each list is of alternatives. They may let more through than the
/// filter does, and never less.
fn marks(filter: &Filter) -> Vec<Vec<String>> {
    let mut marks = Vec::new();
    // A beginning of a kind that ends at a dot, or may; `fet` is left to the filter.
    if let Some(whole) = filter.kind.as_ref().and_then(|kind| kind.strip_suffix('.')) {
        marks.push(vec![mark(KIND, whole)]);
    }
    let mut one = |what, text: Option<String>| marks.extend(text.map(|text| vec![mark(what, &text)]));
    one(LANE, filter.lane.map(|lane| lane_word(lane).to_owned()));
    one(ENTITY, filter.entity.map(|entity| entity.to_string()));
    one(WORKSPACE, filter.workspace.map(|workspace| workspace.to_string()));
    one(ACTOR, filter.actor.clone());
    one(ACTOR_KIND, filter.actor_kind.map(|kind| super::trail::kind(kind).to_owned()));
    one(PATH, filter.path.as_deref().and_then(super::paths::tidy));
    marks.extend(days(filter.since_ms, filter.until_ms));
    marks
}

/// Days, or months, or years that cover a span of time, where they are few.
fn days(since_ms: Option<i64>, until_ms: Option<i64>) -> Option<Vec<String>> {
    const DAY_MS: i64 = 86_400_000;
    const MOST: i64 = 62;
    // Without an end there may be later events than any list names.
    let (since, until) = (since_ms?, until_ms?);
    let length = until.checked_sub(since)?.checked_div(DAY_MS)? + 1;
    let (step, what, part) = match length {
        ..=MOST => (DAY_MS, DAY, 2),
        // Steps shorter than the shortest month meet every month.
        length if length / 28 < MOST => (28 * DAY_MS, MONTH, 1),
        length if length / 365 < MOST => (365 * DAY_MS, YEAR, 0),
        _ => return None,
    };
    let mut words = Vec::new();
    let mut at = since;
    loop {
        let [year, month, day] = date(at.min(until))?;
        let word = mark(what, [&year, &month, &day][part]);
        if words.last() != Some(&word) {
            words.push(word);
        }
        if at >= until {
            return Some(words);
        }
        at = at.saturating_add(step);
    }
}

/// The member that says most, and a part of its text with the hits in it set apart.
fn cut(kind: &str, payload: &serde_json::Value, answer: &Answer) -> (String, Vec<SnippetPart>) {
    let all = texts(kind, payload);
    let Some(Text { member, text }) = all.get(answer.text) else { return (String::new(), Vec::new()) };
    let first = answer.ranges.first().map_or(0, |range| range.0);
    let start = text[..first].char_indices().rev().take(BEFORE).last().map_or(0, |(at, _)| at);
    // Begins at a word where one begins soon enough.
    let start = match text[start..first].find(char::is_whitespace) {
        Some(gap) if start > 0 => start + gap,
        _ => start,
    };
    let end = text[start..].char_indices().nth(SNIPPET).map_or(text.len(), |(at, _)| start + at);
    let mut parts: Vec<SnippetPart> = Vec::new();
    let mut put = |text: &str, hit: bool| {
        let text: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
        match parts.last_mut().filter(|last| last.hit == hit) {
            _ if text.is_empty() => {}
            Some(last) => last.text.push_str(&text),
            None => parts.push(SnippetPart { text, hit }),
        }
    };
    if start > 0 {
        put("…", false);
    }
    let mut at = start;
    for (from, to) in answer.ranges.iter().copied() {
        let (from, to) = (from.max(at), to.min(end));
        if from < to {
            put(&text[at..from], false);
            put(&text[from..to], true);
            at = to;
        }
    }
    put(&text[at..end], false);
    if end < text.len() {
        put("…", false);
    }
    ((*member).to_owned(), parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_cover_every_moment_of_a_span() {
        let day = 86_400_000;
        for (since, until) in [(0, 1), (5 * day - 1, 5 * day), (day / 2, 40 * day), (3, 800 * day), (0, 9_000 * day)] {
            let words = days(Some(since), Some(until)).unwrap();
            for step in 0..=1000 {
                let at = since + (until - since) * step / 1000;
                let [year, month, dayed] = date(at).unwrap();
                let any = [mark(YEAR, &year), mark(MONTH, &month), mark(DAY, &dayed)];
                assert!(any.iter().any(|word| words.contains(word)), "{at} of {since}..{until}: {words:?}");
            }
        }
        assert_eq!(days(Some(0), None), None);
        assert_eq!(days(Some(0), Some(i64::MAX)), None);
    }

    #[test]
    fn a_snippet_begins_before_the_first_hit_and_is_one_line() {
        let text = format!("{}\tthe crate\nitoa is missing {}", "before ".repeat(40), "after ".repeat(60));
        let payload = serde_json::json!({ "title": text });
        let question = Question::read("crate", false).unwrap();
        let answer = question.answer(&texts("job.failed", &payload), false).unwrap();
        let (member, parts) = cut("job.failed", &payload, &answer);
        let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(member, "title");
        assert!(whole.starts_with('…') && whole.ends_with('…') && !whole.contains('\n'), "{whole}");
        assert!(whole.contains("the crate itoa is missing"), "{whole}");
        let hits: Vec<&str> = parts.iter().filter(|part| part.hit).map(|part| part.text.as_str()).collect();
        assert_eq!(hits, ["crate"]);
        assert!(whole.chars().count() <= SNIPPET + 2);
    }
}
