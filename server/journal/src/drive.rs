//! Which rows a filter is held against: the narrowest index that knows them, and all rows that the index does not know yet.
//! It may offer rows that the filter then refuses, and leaves none out that it would let through.

use crate::chain::lane_number;
use crate::read::Filter;
use crate::view;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

/// A span of time with fewer events than this is looked up by time; in a longer one, going through all rows meets its events often enough.
const SHORT_SPAN: i64 = 20_000;
/// Kinds that share a beginning and are followed side by side, at most.
const MOST_KINDS: usize = 64;

/// Rows, in the filter's order.
pub(crate) enum Run {
    /// A statement that gives places.
    Places { sql: String, values: Vec<Value> },
    /// A condition on `event`, with its order.
    All { condition: String, values: Vec<Value> },
}

/// The runs to go through, one after the other.
pub(crate) fn runs(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Run>> {
    let first = filter.after.map_or(0, place).saturating_add(1);
    let last = filter.before.map_or(i64::MAX, |before| place(before).saturating_sub(1));
    let Some((index, known)) = index(connection, filter)? else {
        return Ok(vec![all(filter, first, last)]);
    };
    if index.is_empty() {
        return Ok(Vec::new());
    }
    let order = order(filter);
    let bounds = " AND pos BETWEEN ? AND ?";
    let mut values = Vec::new();
    let parts: Vec<String> = index
        .into_iter()
        .map(|(part, value)| {
            values.extend([value, Value::Integer(first), Value::Integer(last.min(known))]);
            format!("SELECT pos FROM {part}{bounds}")
        })
        .collect();
    let indexed = Run::Places { sql: format!("{} ORDER BY pos{order}", parts.join(" UNION ALL ")), values };
    if known >= last {
        return Ok(vec![indexed]);
    }
    let rest = all(filter, first.max(known.saturating_add(1)), last);
    Ok(if filter.newest_first { vec![rest, indexed] } else { vec![indexed, rest] })
}

fn place(pos: u64) -> i64 {
    i64::try_from(pos).unwrap_or(i64::MAX)
}

fn order(filter: &Filter) -> &'static str {
    if filter.newest_first { " DESC" } else { "" }
}

/// Tables with a condition that has one value, which together hold every row that is wanted, each once; and the place up to which
/// they know the rows. `None` where nothing is narrower than all rows.
#[expect(clippy::type_complexity, reason = "used once, just above")]
fn index(connection: &Connection, filter: &Filter) -> rusqlite::Result<Option<(Vec<(String, Value)>, i64)>> {
    let ulid = |id: ulid::Ulid| Value::Blob(id.to_bytes().to_vec());
    let one = |table: &str, value: Value| vec![(table.to_owned(), value)];
    if let Some(id) = filter.id {
        return Ok(Some((one("event WHERE id = ?", ulid(id)), i64::MAX)));
    }
    let trail: Option<i64> = connection
        .prepare_cached("SELECT pos FROM view WHERE name = 'trail' AND version = ?1")?
        .query_row([view::TRAIL], |row| row.get(0))
        .optional()?;
    if let Some(known) = trail {
        if let Some(entity) = filter.entity {
            // An event that is about itself alone is found by its id.
            let mut parts = one("trail_entity WHERE entity = ?", ulid(entity));
            parts.extend(one("event WHERE entity = id AND id = ?", ulid(entity)));
            return Ok(Some((parts, known)));
        }
        if let Some(id) = filter.refers {
            return Ok(Some((one("trail_ref WHERE target = ?", ulid(id)), known)));
        }
        if let Some(path) = &filter.path {
            let path = view::tidy(path).unwrap_or_default();
            return Ok(Some((one("trail_path WHERE path = ?", Value::Text(path)), known)));
        }
        if let Some(name) = &filter.actor {
            return Ok(Some((one("trail_actor WHERE actor = ?", Value::Text(format!("name:{name}"))), known)));
        }
    }
    if let Some(kind) = &filter.kind {
        if let Some(kinds) = kinds(connection, kind)? {
            return Ok(Some((
                kinds.into_iter().map(|kind| ("event WHERE kind = ?".to_owned(), Value::Text(kind))).collect(),
                i64::MAX,
            )));
        }
        return Ok(None);
    }
    if let (Some(workspace), None) = (filter.workspace, filter.project) {
        return Ok(Some((one("event WHERE workspace = ?", ulid(workspace)), i64::MAX)));
    }
    if let (Some(known), true) = (trail, filter.since_ms.is_some() || filter.until_ms.is_some()) {
        let (since, until) = (filter.since_ms.unwrap_or(i64::MIN), filter.until_ms.unwrap_or(i64::MAX));
        let within: i64 = connection
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM trail_time WHERE wall_ms >= ?1 AND wall_ms < ?2 LIMIT ?3)",
            )?
            .query_row((since, until, SHORT_SPAN), |row| row.get(0))?;
        if within < SHORT_SPAN {
            let sql = format!("trail_time WHERE wall_ms >= ? AND wall_ms < {until}");
            return Ok(Some((vec![(sql, Value::Integer(since))], known)));
        }
    }
    if let (Some(known), Some(kind)) = (trail, filter.actor_kind) {
        let actor = format!("kind:{}", view::actor_kind(kind));
        return Ok(Some((one("trail_actor WHERE actor = ?", Value::Text(actor)), known)));
    }
    Ok(None)
}

/// The kinds that begin so; `None` where they are too many.
fn kinds(connection: &Connection, begin: &str) -> rusqlite::Result<Option<Vec<String>>> {
    // From one kind to the next by the index, so that it costs as much as there are kinds, not events.
    let mut next = connection.prepare_cached("SELECT min(kind) FROM event WHERE kind >= ?1")?;
    let mut found: Vec<String> = Vec::new();
    let mut from = begin.to_owned();
    while let Some(kind) = next.query_row([&from], |row| row.get::<_, Option<String>>(0))? {
        if !kind.starts_with(begin) {
            break;
        }
        // No kind holds a control character, so nothing lies between.
        from = format!("{kind}\u{1}");
        found.push(kind);
        if found.len() > MOST_KINDS {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// All rows between two places, with what can be asked of the row itself.
fn all(filter: &Filter, first: i64, last: i64) -> Run {
    let mut condition = "event.pos BETWEEN ? AND ?".to_owned();
    let mut values = vec![Value::Integer(first), Value::Integer(last)];
    let mut and = |part: &str, value: Option<Value>| {
        if let Some(value) = value {
            condition.push_str(" AND ");
            condition.push_str(part);
            values.push(value);
        }
    };
    // `+`: the rows are gone through in their order, whatever index there is.
    and(
        "+event.workspace = ?",
        filter.workspace.filter(|_| filter.project.is_none()).map(|id| Value::Blob(id.to_bytes().to_vec())),
    );
    and("+event.entity = ?", filter.entity.map(|id| Value::Blob(id.to_bytes().to_vec())));
    and("+event.wall_ms >= ?", filter.since_ms.map(Value::Integer));
    and("+event.wall_ms < ?", filter.until_ms.map(Value::Integer));
    and("+event.kind >= ?", filter.kind.clone().map(Value::Text));
    and("log.lane = ?", filter.lane.map(|lane| Value::Integer(i64::from(lane_number(lane)))));
    condition.push_str(" ORDER BY event.pos");
    condition.push_str(order(filter));
    Run::All { condition, values }
}
