//! MessagePack with records, as the library writes it that pnpm keeps its lists with: a record's keys stand once.
//! May not go deeper or longer than its limits, and gives up at what is not known.

use std::collections::HashMap;
use std::sync::Arc;

/// Nested deeper, no list is.
const DEEPEST: usize = 32;
/// More values are not read.
const MOST: usize = 2_000_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Text(String),
    Number(u64),
    /// Numbers that are not whole, negative ones, truth values, bytes, nothing: not needed here.
    Other,
    List(Vec<Item>),
    Pairs(Vec<(Item, Item)>),
}

impl Item {
    pub(super) fn text(&self) -> Option<&str> {
        if let Item::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn number(&self) -> Option<u64> {
        if let Item::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn pairs(&self) -> Option<&[(Item, Item)]> {
        if let Item::Pairs(pairs) = self { Some(pairs) } else { None }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Item> {
        self.pairs()?.iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }
}

/// Reads one value and nothing behind it.
pub(super) fn read(bytes: &[u8]) -> Option<Item> {
    let mut reader = Reader { rest: bytes, records: HashMap::new(), left: MOST };
    let item = reader.item(0)?;
    reader.rest.is_empty().then_some(item)
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Keys by the byte that stands for them.
    records: HashMap<u8, Arc<[Item]>>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, count: usize) -> Option<u64> {
        Some(self.take(count)?.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte)))
    }

    fn text(&mut self, count: u64) -> Option<Item> {
        let bytes = self.take(usize::try_from(count).ok()?)?;
        Some(Item::Text(String::from_utf8(bytes.to_vec()).ok()?))
    }

    fn list(&mut self, count: u64, depth: usize) -> Option<Vec<Item>> {
        let mut out = Vec::new();
        for _ in 0..count {
            out.push(self.item(depth + 1)?);
        }
        Some(out)
    }

    fn pairs(&mut self, count: u64, depth: usize) -> Option<Item> {
        let mut out = Vec::new();
        for _ in 0..count {
            out.push((self.item(depth + 1)?, self.item(depth + 1)?));
        }
        Some(Item::Pairs(out))
    }

    fn record(&mut self, keys: &Arc<[Item]>, depth: usize) -> Option<Item> {
        let mut out = Vec::new();
        for key in keys.iter() {
            out.push((key.clone(), self.item(depth + 1)?));
        }
        Some(Item::Pairs(out))
    }

    fn item(&mut self, depth: usize) -> Option<Item> {
        if depth > DEEPEST {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let first = self.take(1)?[0];
        let wide = |step: u8| 1_usize << step;
        match first {
            0x40..=0x7f => {
                // A number where no record has it.
                let Some(keys) = self.records.get(&first).cloned() else { return Some(Item::Number(first.into())) };
                self.record(&keys, depth)
            }
            0x00..=0x3f => Some(Item::Number(first.into())),
            0x80..=0x8f => self.pairs(u64::from(first & 15), depth),
            0x90..=0x9f => Some(Item::List(self.list(u64::from(first & 15), depth)?)),
            0xa0..=0xbf => self.text(u64::from(first & 31)),
            0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Some(Item::Other),
            0xc4..=0xc6 => {
                let count = self.number(wide(first - 0xc4))?;
                self.take(usize::try_from(count).ok()?)?;
                Some(Item::Other)
            }
            0xca => self.take(4).map(|_| Item::Other),
            0xcb => {
                let number = f64::from_bits(self.number(8)?);
                // Sizes beyond four bytes are written like this.
                let whole = (0.0..=9e15).contains(&number) && number.fract() == 0.0;
                Some(if whole { format!("{number}").parse().map_or(Item::Other, Item::Number) } else { Item::Other })
            }
            0xcc..=0xcf => self.number(wide(first - 0xcc)).map(Item::Number),
            0xd0..=0xd3 => self.take(wide(first - 0xd0)).map(|_| Item::Other),
            0xd4 => {
                let (kind, byte) = (self.number(1)?, self.take(1)?[0]);
                if kind != u64::from(b'r') || !(0x40..=0x7f).contains(&byte) {
                    return None;
                }
                let Item::List(keys) = self.item(depth + 1)? else { return None };
                let keys: Arc<[Item]> = keys.into();
                self.records.insert(byte, Arc::clone(&keys));
                self.record(&keys, depth)
            }
            0xd9..=0xdb => {
                let count = self.number(wide(first - 0xd9))?;
                self.text(count)
            }
            0xdc | 0xdd => {
                let count = self.number(wide(first - 0xdc + 1))?;
                Some(Item::List(self.list(count, depth)?))
            }
            0xde | 0xdf => {
                let count = self.number(wide(first - 0xde + 1))?;
                self.pairs(count, depth)
            }
            0xc1 | 0xc7..=0xc9 | 0xd5..=0xd8 => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn a_records_keys_stand_once_and_are_found_again() {
        let bytes = b"\x92\xd4r@\x92\xa1a\xa1b\x01\xcd\x01\xa4@\xa1x\x41";
        let item = read(bytes).unwrap();
        let Item::List(list) = &item else { panic!("{item:?}") };
        assert_eq!(list[0].get("b").unwrap().number(), Some(420));
        assert_eq!(list[1].get("a").unwrap().text(), Some("x"));
        assert_eq!(list[1].get("b").unwrap().number(), Some(0x41), "a number where no record has it");
    }

    #[test]
    fn what_is_hostile_or_cut_short_is_given_up() {
        for bytes in
            [&b"\xdf\xff\xff\xff\xff"[..], b"\xdb\xff\xff\xff\xff", b"\xd4r@\x92\xa1a", b"\xc1", b"", b"\x01\x01"]
        {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        assert_eq!(read(&vec![0x91; 100_000]), None);
    }
}
