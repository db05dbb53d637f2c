//! The merge of three trees: what one side changed and the other did not is taken, lists are merged by the names of their
//! items, and where both changed the same thing there is no answer.

use crate::alike::{array, belongs_to_the_one_before, told_apart};
use crate::chunks::{Chunk, chunks};
use crate::items::{Item, Items, items};
use crate::names::bound;
use crate::places::{gap, rename};
use crate::rules::{List, Order, list_of};
use crate::touched::Touched;
use crate::tree::Source;
use conflict::suggest::{Language, Merged, Strategy};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use tree_sitter::Node;

/// Both sides changed the same thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clash;

/// Most items of a list.
const MOST_ITEMS: usize = 20_000;
/// Most merges of single nodes in one text.
const MOST_STEPS: usize = 50_000;

struct Join<'a> {
    versions: [&'a Source<'a>; 3],
    language: Language,
    steps: usize,
}

/// One text of all three; `None` where both sides changed the same thing.
pub(crate) fn merge(base: &Source<'_>, left: &Source<'_>, right: &Source<'_>) -> Option<Merged> {
    let mut join = Join { versions: [base, left, right], language: base.language, steps: 0 };
    let mut touched = Touched::default();
    let text = join.node(base.root(), left.root(), right.root(), "", &mut touched).ok()?;
    // Blanks at the ends belong to no node.
    let around = |source: &Source<'_>| {
        let root = source.root();
        (source.text[..root.start_byte()].to_owned(), source.text[root.end_byte()..].to_owned())
    };
    let (b, l, r) = (around(base), around(left), around(right));
    let head = pick(&b.0, &l.0, &r.0).ok()?;
    let tail = pick(&b.1, &l.1, &r.1).ok()?;
    // Blank lines around the whole are nobody's: a person looks where a side changed them.
    let strategy = if b == l && b == r { touched.strategy() } else { Strategy::Syntax };
    Some(Merged { text: [head, &text, tail].concat(), strategy })
}

/// What one side made of it, if the other left it or did the same.
pub(crate) fn pick<'t>(base: &'t str, left: &'t str, right: &'t str) -> Result<&'t str, Clash> {
    if left == right || right == base {
        Ok(left)
    } else if left == base {
        Ok(right)
    } else {
        Err(Clash)
    }
}

impl<'a> Join<'a> {
    fn node(
        &mut self,
        b: Node<'a>,
        l: Node<'a>,
        r: Node<'a>,
        parent: &str,
        touched: &mut Touched,
    ) -> Result<String, Clash> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Clash);
        }
        let [base, left, right] = self.versions;
        if let Ok(text) = pick(base.of(b), left.of(l), right.of(r)) {
            touched.parts |= left.of(l) != right.of(r);
            return Ok(text.to_owned());
        }
        if b.kind() != l.kind() || b.kind() != r.kind() {
            return Err(Clash);
        }
        if let Some(rule) = list_of(self.language, b.kind(), parent)
            && let (Some(bs), Some(ls), Some(rs)) = (items(base, b, rule), items(left, l, rule), items(right, r, rule))
        {
            return self.list(&bs, &ls, &rs, rule, b.kind(), touched);
        }
        self.sequence([b, l, r], touched)
    }

    /// Children in order, where each place was changed by one side, or by both within.
    fn sequence(&mut self, nodes: [Node<'a>; 3], touched: &mut Touched) -> Result<String, Clash> {
        let parts: Vec<Vec<(&'a str, Node<'a>)>> =
            nodes.iter().zip(self.versions).map(|(node, source)| children(source, *node)).collect();
        let (bs, ls, rs) = (&parts[0], &parts[1], &parts[2]);
        if bs.is_empty() || ls.is_empty() || rs.is_empty() {
            return Err(Clash);
        }
        let texts = |parts: &[(&'a str, Node<'a>)], source: &'a Source<'a>| -> Vec<&'a str> {
            parts.iter().map(|(_, node)| source.of(*node)).collect()
        };
        let gaps = |parts: &[(&'a str, Node<'a>)]| -> Vec<&'a str> { parts.iter().map(|(gap, _)| *gap).collect() };
        let [base, left, right] = self.versions;
        let (bt, lt, rt) = (texts(bs, base), texts(ls, left), texts(rs, right));
        let mut out = String::new();
        for chunk in chunks(&bt, &lt, &rt) {
            match chunk {
                Chunk::Same { base: i, left: j, right: k } => {
                    out.push_str(pick(bs[i].0, ls[j].0, rs[k].0)?);
                    out.push_str(bt[i]);
                }
                Chunk::Changed { base: i, left: j, right: k } => {
                    let (bn, ln, rn) = (&bs[i.clone()], &ls[j.clone()], &rs[k.clone()]);
                    let take = |out: &mut String, nodes: &[(&str, Node<'a>)], source: &Source<'_>| {
                        for (gap, node) in nodes {
                            out.push_str(gap);
                            out.push_str(source.of(*node));
                        }
                    };
                    let (bc, lc, rc) = (&bt[i], &lt[j], &rt[k]);
                    if bc == lc && gaps(bn) == gaps(ln) || lc == rc && gaps(ln) == gaps(rn) {
                        touched.parts |= lc != rc;
                        take(&mut out, rn, right);
                    } else if bc == rc && gaps(bn) == gaps(rn) {
                        touched.parts = true;
                        take(&mut out, ln, left);
                    } else if bn.len() == ln.len() && bn.len() == rn.len() {
                        for ((b, l), r) in bn.iter().zip(ln).zip(rn) {
                            out.push_str(pick(b.0, l.0, r.0)?);
                            let parent = nodes[0].kind();
                            out.push_str(&self.node(b.1, l.1, r.1, parent, touched)?);
                        }
                    } else {
                        return Err(Clash);
                    }
                }
            }
        }
        let end = |parts: &[(&str, Node<'a>)], node: Node<'a>, source: &'a Source<'a>| {
            let from = parts.last().map_or(node.start_byte(), |(_, last)| last.end_byte());
            source.text.get(from..node.end_byte()).unwrap_or_default()
        };
        out.push_str(pick(end(bs, nodes[0], base), end(ls, nodes[1], left), end(rs, nodes[2], right))?);
        Ok(out)
    }

    fn list(
        &mut self,
        b: &Items<'a>,
        l: &Items<'a>,
        r: &Items<'a>,
        rule: List,
        kind: &str,
        touched: &mut Touched,
    ) -> Result<String, Clash> {
        if b.list.len().max(l.list.len()).max(r.list.len()) > MOST_ITEMS {
            return Err(Clash);
        }
        let (mut l, mut r) = (l.clone(), r.clone());
        told_apart(b, &l, &r)?;
        rename(b, &mut l, &mut r);
        let (l, r) = (&l, &r);
        // Its place says whose it is, so places are not for choosing.
        let placed = [b, l, r].into_iter().any(belongs_to_the_one_before);
        let rule = if placed { List { order: Order::Meant, ..rule } } else { rule };
        let order = self.order(b, l, r, rule, touched)?;
        let find = |items: &'_ Items<'a>| -> HashMap<String, usize> {
            items.list.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect()
        };
        let (in_b, in_l, in_r) = (find(b), find(l), find(r));
        let mut out = pick(b.head, l.head, r.head)?.to_owned();
        let last = order.len().wrapping_sub(1);
        let trailing = match (b.trailing, l.trailing, r.trailing) {
            (b, l, r) if l == r || r == b => l,
            (_, _, r) => r,
        };
        for (at, id) in order.iter().enumerate() {
            let versions = [
                in_b.get(id).map(|n| &b.list[*n]),
                in_l.get(id).map(|n| &l.list[*n]),
                in_r.get(id).map(|n| &r.list[*n]),
            ];
            let (doc, text, note) = self.item(versions, kind, touched)?;
            out.push_str(gap(at == 0, id, [(b, &in_b), (l, &in_l), (r, &in_r)], versions)?);
            out.push_str(&doc);
            out.push_str(&text);
            if at != last || trailing {
                out.push_str(rule.separator);
            }
            out.push_str(&note);
        }
        out.push_str(pick(b.tail, l.tail, r.tail)?);
        Ok(out)
    }

    /// One item from those versions that have it.
    fn item(
        &mut self,
        [b, l, r]: [Option<&Item<'a>>; 3],
        kind: &str,
        touched: &mut Touched,
    ) -> Result<(String, String, String), Clash> {
        let whole = |item: &Item<'a>| (item.doc.to_owned(), item.text.to_owned(), item.note.to_owned());
        match (b, l, r) {
            (Some(b), Some(l), Some(r)) => {
                let text = match pick(b.text, l.text, r.text) {
                    Ok(text) => {
                        touched.parts |= l.text != r.text;
                        text.to_owned()
                    }
                    Err(Clash) => self.node(b.node, l.node, r.node, kind, touched)?,
                };
                Ok((
                    pick(b.doc, l.doc, r.doc)?.to_owned(),
                    text.trim_end_matches(['\n', '\r']).to_owned(),
                    pick(b.note, l.note, r.note)?.to_owned(),
                ))
            }
            (None, Some(l), Some(r)) if (l.doc, l.text, l.note) == (r.doc, r.text, r.note) => Ok(whole(l)),
            (None, Some(item), None) | (None, None, Some(item)) => Ok(whole(item)),
            _ => Err(Clash),
        }
    }

    /// Which items there are in the end, in their order.
    fn order(
        &self,
        b: &Items<'a>,
        l: &Items<'a>,
        r: &Items<'a>,
        rule: List,
        touched: &mut Touched,
    ) -> Result<Vec<String>, Clash> {
        let ids = |items: &Items<'a>| -> Vec<String> { items.list.iter().map(|item| item.id.clone()).collect() };
        let (bi, li, ri) = (ids(b), ids(l), ids(r));
        let set = |ids: &[String]| -> BTreeSet<String> { ids.iter().cloned().collect() };
        let (bs, ls, rs) = (set(&bi), set(&li), set(&ri));
        // An item that one side removed must be as it was on the other.
        let same = |a: &Item<'a>, b: &Item<'a>| (a.doc, a.text, a.note) == (b.doc, b.text, b.note);
        let unchanged = |items: &Items<'a>, id: &str| {
            let old = b.list.iter().find(|item| item.id == id);
            let new = items.list.iter().find(|item| item.id == id);
            old.zip(new).is_some_and(|(old, new)| same(old, new))
        };
        for id in &bs {
            match (ls.contains(id), rs.contains(id)) {
                (false, true) if !unchanged(r, id) => return Err(Clash),
                (true, false) if !unchanged(l, id) => return Err(Clash),
                _ => {}
            }
        }
        let mut out = Vec::new();
        for chunk in chunks(&bi, &li, &ri) {
            match chunk {
                Chunk::Same { base, .. } => out.push(bi[base].clone()),
                Chunk::Changed { base, left, right } => {
                    let (bc, lc, rc) = (&bi[base], &li[left.clone()], &ri[right.clone()]);
                    if bc == lc || lc == rc {
                        out.extend_from_slice(rc);
                    } else if bc == rc {
                        out.extend_from_slice(lc);
                    } else {
                        self.union(bc, &l.list[left], &r.list[right], rule, touched, &mut out)?;
                    }
                }
            }
        }
        // Removed by one side, moved by the other or by both: what is left must be what both meant to keep, once.
        let gone = |id: &String| bs.contains(id) && !(ls.contains(id) && rs.contains(id));
        out.retain(|id| !gone(id));
        let expected: BTreeSet<&String> = ls.iter().chain(&rs).filter(|id| !gone(id)).collect();
        let have: BTreeSet<&String> = out.iter().collect();
        if have.len() != out.len() || have != expected {
            return Err(Clash);
        }
        Ok(out)
    }

    /// Both sides changed which items stand at one place.
    fn union(
        &self,
        base: &[String],
        left: &[Item<'a>],
        right: &[Item<'a>],
        rule: List,
        touched: &mut Touched,
        out: &mut Vec<String>,
    ) -> Result<(), Clash> {
        let known: BTreeSet<&str> = base.iter().map(String::as_str).collect();
        let new = |items: &[Item<'a>], other: &[Item<'a>]| -> Vec<usize> {
            let there: BTreeSet<&str> = other.iter().map(|item| item.id.as_str()).collect();
            (0..items.len()).filter(|at| !known.contains(&*items[*at].id) && !there.contains(&*items[*at].id)).collect()
        };
        let (from_left, from_right) = (new(left, right), new(right, left));
        let shared = left.iter().filter(|item| !known.contains(&*item.id)).count() > from_left.len();
        touched.contained |= shared && !(from_left.is_empty() && from_right.is_empty());
        let removed = |side: &[Item<'a>]| base.iter().any(|id| side.iter().all(|item| item.id != *id));
        // One put something in the place of what was there, and so, perhaps, did the other.
        if !from_left.is_empty() && !from_right.is_empty() && (removed(left) || removed(right)) {
            return Err(Clash);
        }
        let all_imports = from_left.iter().all(|n| left[*n].import) && from_right.iter().all(|n| right[*n].import);
        if !from_left.is_empty() && !from_right.is_empty() {
            if all_imports {
                // Groups with blank lines between them are somebody's order.
                let grouped =
                    |items: &[Item<'a>], which: &[usize]| which.iter().any(|n| items[*n].gap.matches('\n').count() > 1);
                if grouped(left, &from_left) || grouped(right, &from_right) {
                    return Err(Clash);
                }
                let path = |item: &Item<'a>| {
                    item.text.split(" as ").next().unwrap_or_default().trim_end_matches(';').to_owned()
                };
                let paths: BTreeSet<String> = from_left.iter().map(|n| path(&left[*n])).collect();
                if from_right.iter().any(|n| paths.contains(&path(&right[*n]))) {
                    return Err(Clash);
                }
                self.apart(left, &from_left, right, &from_right)?;
                touched.imports = true;
            } else {
                // A table's header alone: the rest of it is perhaps on the other side.
                let headless = |item: &Item<'a>| {
                    matches!(item.node.kind(), "table" | "table_array_element") && item.node.named_child_count() < 2
                };
                if left.iter().chain(right).any(headless) {
                    return Err(Clash);
                }
                // The order of an array's elements may be meant.
                let arrays: Vec<&str> = from_left.iter().filter_map(|n| array(&left[*n])).collect();
                let one_array = from_right.iter().filter_map(|n| array(&right[*n])).any(|of| arrays.contains(&of));
                if rule.names {
                    self.apart(left, &from_left, right, &from_right)?;
                }
                match rule.order {
                    Order::Free if one_array => touched.members = true,
                    Order::Free if rule.names => touched.imports = true,
                    Order::Free => touched.keys = true,
                    Order::Style => touched.members = true,
                    Order::Meant => return Err(Clash),
                }
            }
        }
        // What was there before stays in the order of the side that changed it.
        let left_ids: Vec<&str> = left.iter().map(|item| item.id.as_str()).collect();
        let right_ids: Vec<&str> = right.iter().map(|item| item.id.as_str()).collect();
        let kept =
            |ids: &[&str]| -> Vec<String> { base.iter().filter(|id| ids.contains(&id.as_str())).cloned().collect() };
        if kept(&left_ids)
            != left_ids.iter().filter(|id| known.contains(**id)).map(|id| (*id).to_owned()).collect::<Vec<_>>()
            || kept(&right_ids)
                != right_ids.iter().filter(|id| known.contains(**id)).map(|id| (*id).to_owned()).collect::<Vec<_>>()
        {
            return Err(Clash);
        }
        let free = all_imports || rule.order == Order::Free;
        let mut merged: Vec<(&str, &str)> = left.iter().map(|item| (item.id.as_str(), item.text)).collect();
        let text_of = |items: &[(&str, &str)]| items.iter().map(|(_, text)| sort_key(text)).collect::<Vec<_>>();
        let sorted = |texts: &[String]| texts.len() > 1 && texts.windows(2).all(|w| w[0] <= w[1]);
        let right_all: Vec<(&str, &str)> = right.iter().map(|item| (item.id.as_str(), item.text)).collect();
        let keep_sorted = free && sorted(&text_of(&merged)) && sorted(&text_of(&right_all));
        // After the last item of the chunk that the right side put it behind, and that is in the merge.
        for n in from_right {
            let item = (right[n].id.as_str(), right[n].text);
            let at = if keep_sorted {
                let key = sort_key(item.1);
                merged.partition_point(|(_, text)| sort_key(text).cmp(&key) != Ordering::Greater)
            } else {
                let before =
                    right[..n].iter().rev().find_map(|before| merged.iter().position(|(id, _)| *id == before.id));
                let mut at = before.map_or(0, |at| at + 1);
                // Behind what the current side put at the same place.
                while merged.get(at).is_some_and(|(id, _)| from_left.iter().any(|n| left[*n].id == *id)) {
                    at += 1;
                }
                at
            };
            merged.insert(at, item);
        }
        out.extend(merged.into_iter().map(|(id, _)| id.to_owned()));
        Ok(())
    }

    /// Imports of both sides, or names in one, that bring in no name twice.
    fn apart(&self, left: &[Item<'a>], of_left: &[usize], right: &[Item<'a>], of_right: &[usize]) -> Result<(), Clash> {
        let names = |items: &[Item<'a>], which: &[usize]| -> Result<Vec<BTreeSet<String>>, Clash> {
            which.iter().map(|n| bound(self.language, items[*n].node, items[*n].text).ok_or(Clash)).collect()
        };
        let (l, r) = (names(left, of_left)?, names(right, of_right)?);
        if l.iter().any(|l| r.iter().any(|r| !l.is_disjoint(r))) { Err(Clash) } else { Ok(()) }
    }
}

fn sort_key(text: &str) -> String {
    text.trim().to_owned()
}

fn children<'a>(source: &'a Source<'a>, node: Node<'a>) -> Vec<(&'a str, Node<'a>)> {
    let mut cursor = node.walk();
    let mut at = node.start_byte();
    let mut found = Vec::new();
    for child in node.children(&mut cursor) {
        let gap = source.text.get(at..child.start_byte()).unwrap_or_default();
        at = child.end_byte();
        found.push((gap, child));
    }
    found
}
