//! Where an item of a list stands in each version: which item it is once it was changed, and the blanks before it.
//! Merges no items.

use crate::chunks::{Chunk, chunks};
use crate::items::{Item, Items};
use crate::join::{Clash, pick};
use std::collections::HashMap;

/// Items whose name is their text have another name once they are changed. Where both sides have as many as there were, those
/// at one place are taken for the same: `f(1, 2)` became `f(10, 2)` on one side and `f(1, 20)` on the other.
pub(crate) fn rename<'a>(b: &Items<'a>, l: &mut Items<'a>, r: &mut Items<'a>) {
    let ids = |items: &Items<'a>| -> Vec<String> { items.list.iter().map(|item| item.id.clone()).collect() };
    let (bi, li, ri) = (ids(b), ids(l), ids(r));
    for chunk in chunks(&bi, &li, &ri) {
        let Chunk::Changed { base, left, right } = chunk else { continue };
        if base.len() != left.len() || base.len() != right.len() {
            continue;
        }
        for ((i, j), k) in base.zip(left).zip(right) {
            let (old, one, other) = (&bi[i], &li[j], &ri[k]);
            let kinds = [b.list[i].node.kind(), l.list[j].node.kind(), r.list[k].node.kind()];
            let by_both = one != old && other != old && one != other;
            let by_one = (one == old) != (other == old);
            // None of the names may stand at another place, in whose item it would then be taken for.
            let gone = |name: &String, ids: &[String]| name == old || !ids.contains(name) && !bi.contains(name);
            let alone = gone(one, &ri)
                && gone(other, &li)
                && (one == old || !li.contains(old))
                && (other == old || !ri.contains(old));
            let text = [old, one, other].iter().all(|name| name.starts_with("text "));
            let same_kind = kinds.iter().all(|kind| *kind == kinds[0]);
            if alone && (by_both && same_kind || by_one && text) {
                l.list[j].id.clone_from(old);
                r.list[k].id.clone_from(old);
            }
        }
    }
}

pub(crate) type Places<'x, 'a> = (&'x Items<'a>, &'x HashMap<String, usize>);

/// The blanks before an item.
pub(crate) fn gap<'a>(
    first: bool,
    id: &str,
    versions: [Places<'_, 'a>; 3],
    item: [Option<&Item<'a>>; 3],
) -> Result<&'a str, Clash> {
    let at_same_end = |(items, places): Places<'_, 'a>| {
        let at = *places.get(id)?;
        ((at == 0) == first).then(|| items.list[at].gap)
    };
    let [b, l, r] = versions.map(at_same_end);
    match (b, l, r) {
        (Some(b), Some(l), Some(r)) => return pick(b, l, r),
        (_, Some(gap), None) | (_, None, Some(gap)) | (None, Some(gap), Some(_)) => return Ok(gap),
        _ => {}
    }
    // It stood first and does no more, or the reverse: as the others of its list stand.
    let [_, l, r] = versions;
    let others = |(items, _): Places<'_, 'a>| {
        if first { items.list.first().map(|item| item.gap) } else { items.list.get(1).map(|item| item.gap) }
    };
    let own = item.into_iter().flatten().next().map(|item| item.gap);
    others(l).or_else(|| others(r)).or_else(|| others(versions[0])).or(own).ok_or(Clash).map(|gap| {
        // One item alone in a bracket says nothing of what stands between two.
        if !first && gap.is_empty() { " " } else { gap }
    })
}
