//! Items of one name in one list: whether they can be told apart over the three versions by where they stand.
//! Decides that alone; merges no items.

use crate::items::{Item, Items};
use crate::join::Clash;
use std::collections::{BTreeSet, HashMap};

/// Items of one name are numbered, and the numbers move when one of them goes or comes. They are the same items in all
/// versions only where one side alone touched those of that name, or where there are as many of them and each was
/// touched by one side at most.
///
/// # Errors
/// [`Clash`] where one may be taken for another.
pub(crate) fn told_apart(b: &Items<'_>, l: &Items<'_>, r: &Items<'_>) -> Result<(), Clash> {
    let (b, l, r) = (by_name(b), by_name(l), by_name(r));
    let names: BTreeSet<&str> = [&b, &l, &r].into_iter().flatten().map(|(name, _)| *name).collect();
    for name in names {
        let [b, l, r] = [&b, &l, &r].map(|all| all.get(name).map_or(&[][..], Vec::as_slice));
        if b.len().max(l.len()).max(r.len()) < 2 || l == b || r == b || l == r {
            continue;
        }
        let as_many = b.len() == l.len() && b.len() == r.len();
        if !as_many || b.iter().zip(l).zip(r).any(|((b, l), r)| l != b && r != b && l != r) {
            return Err(Clash);
        }
    }
    Ok(())
}

/// Whether a table stands below an array of tables (`[[a]]`, then `[a.b]`): it belongs to the element before it.
pub(crate) fn belongs_to_the_one_before(items: &Items<'_>) -> bool {
    let arrays: Vec<String> = items.list.iter().filter_map(array).map(|header| format!("{header}.")).collect();
    let below = |item: &Item<'_>| {
        header(item).is_some_and(|header| arrays.iter().any(|array| header.starts_with(array.as_str())))
    };
    !arrays.is_empty() && items.list.iter().any(below)
}

/// The header of an element of an array of tables: which array it is of.
pub(crate) fn array<'a>(item: &Item<'a>) -> Option<&'a str> {
    (item.node.kind() == "table_array_element").then(|| header(item)).flatten()
}

fn header<'a>(item: &Item<'a>) -> Option<&'a str> {
    let name =
        matches!(item.node.kind(), "table" | "table_array_element").then(|| item.node.named_child(0)).flatten()?;
    item.text.get(name.start_byte() - item.node.start_byte()..name.end_byte() - item.node.start_byte())
}

type Written<'a> = (&'a str, &'a str, &'a str);

fn by_name<'i, 'a>(items: &'i Items<'a>) -> HashMap<&'i str, Vec<Written<'a>>> {
    let mut found: HashMap<&str, Vec<Written<'a>>> = HashMap::new();
    for item in &items.list {
        let name = item.id.rsplit_once(" #").map_or(&*item.id, |(name, _)| name);
        found.entry(name).or_default().push((item.doc, item.text, item.note));
    }
    found
}
