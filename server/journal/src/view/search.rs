//! The full-text index: words of chosen texts, and marks by which they are narrowed down. Contentless: it repeats no text.
//! It gives candidates; `find` looks at the texts themselves and judges.

use super::paths::{paths, with_folders};
use super::text::texts;
use super::words::{joined, words};
use super::{Event, Table, View};
use crate::time::date;
use rusqlite::Connection;
use std::fmt::Write as _;

/// The columns of one row.
#[derive(Debug, PartialEq, Eq)]
struct Indexed {
    words: String,
    joined: String,
    marks: String,
}

pub(crate) struct Search;

impl View for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [Table] {
        // Words are cut by us; SQLite parts them at spaces and takes every other character for one of a word. Beginnings of
        // three and five characters are indexed, and no others: SQLite would collect every word that begins so.
        const TABLES: &[Table] = &[
            Table {
                name: "search_text",
                ddl: "CREATE VIRTUAL TABLE search_text USING fts5 (
                          words, joined, marks, content = '', columnsize = 0, prefix = '3 5',
                          tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Cf Cn Co Cs'\");
                      INSERT INTO search_text (search_text, rank) VALUES ('secure-delete', 1);",
                listing: "",
            },
            // What SQLite's index holds, as rows.
            Table {
                name: "search_listing",
                ddl: "CREATE VIRTUAL TABLE search_listing USING fts5vocab (search_text, instance)",
                listing: "SELECT term, doc, col, offset FROM search_listing",
            },
        ];
        TABLES
    }

    fn apply(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        let Some(row) = indexed(event) else { return Ok(()) };
        connection
            .prepare_cached("INSERT INTO search_text (rowid, words, joined, marks) VALUES (?1, ?2, ?3, ?4)")?
            .execute((event.pos, row.words, row.joined, row.marks))
            .map(drop)
    }

    fn forget(&self, connection: &Connection, event: &Event<'_>) -> rusqlite::Result<()> {
        let Some(row) = indexed(event) else { return Ok(()) };
        connection
            .prepare_cached(
                "INSERT INTO search_text (search_text, rowid, words, joined, marks) VALUES ('delete', ?1, ?2, ?3, ?4)",
            )?
            .execute((event.pos, row.words, row.joined, row.marks))
            .map(drop)
    }
}

/// What is stored for an event; `None` where it has no text.
fn indexed(event: &Event<'_>) -> Option<Indexed> {
    let payload = event.payload?;
    let mut row = Indexed { words: String::new(), joined: String::new(), marks: String::new() };
    for text in texts(&event.header.kind, payload) {
        let found = words(text.text);
        for word in &found {
            row.words.push_str(&word.text);
            row.words.push(' ');
        }
        for whole in joined(&found) {
            row.joined.push_str(&whole);
            row.joined.push(' ');
        }
    }
    if row.words.is_empty() {
        return None;
    }
    let header = &event.header;
    let mut put = |what: char, text: &str| {
        let _ = write!(row.marks, "{} ", mark(what, text));
    };
    for (at, _) in header.kind.match_indices('.') {
        put(KIND, &header.kind[..at]);
    }
    put(KIND, &header.kind);
    put(LANE, lane_word(event.lane));
    put(ENTITY, &header.entity.to_string());
    put(ACTOR, &header.actor.name);
    put(ACTOR_KIND, super::trail::kind(header.actor.kind));
    if let Some(workspace) = header.workspace {
        put(WORKSPACE, &workspace.to_string());
    }
    if let Some([year, month, day]) = date(header.wall_ms) {
        put(DAY, &day);
        put(MONTH, &month);
        put(YEAR, &year);
    }
    for path in with_folders(paths(payload)) {
        put(PATH, &path);
    }
    Some(row)
}

pub(super) const KIND: char = 'k';
pub(super) const LANE: char = 'l';
pub(super) const ENTITY: char = 'e';
pub(super) const ACTOR: char = 'a';
pub(super) const ACTOR_KIND: char = 'b';
pub(super) const WORKSPACE: char = 'w';
pub(super) const DAY: char = 'd';
pub(super) const MONTH: char = 'm';
pub(super) const YEAR: char = 'y';
pub(super) const PATH: char = 'p';

/// A mark as one word of the index. Two different texts may have the same one; whoever asks looks again.
pub(super) fn mark(what: char, text: &str) -> String {
    let mut mark = format!("{what}:");
    mark.extend(text.chars().map(|c| if c.is_whitespace() || c.is_control() || c == '"' { '_' } else { c }));
    mark
}

pub(super) fn lane_word(lane: contract::Lane) -> &'static str {
    use contract::Lane::{Ctl, Local, Notes, Observations, Other, Review};
    match lane {
        Ctl => "ctl",
        Review => "review",
        Notes => "notes",
        Observations => "observations",
        Local => "local",
        Other => "other",
    }
}
