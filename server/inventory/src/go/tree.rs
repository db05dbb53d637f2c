//! The tree of hashes over the records of a checksum database, from the tiles of it that Go keeps.
//! Form and rules: RFC 6962 and Go's `golang.org/x/mod/sumdb/tlog`, tiles of height 8. May not say what a record means.

use crate::look::{Look, Seen, Unread};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(super) type Hash = [u8; 32];

/// Hashes in a whole tile.
const WIDTH: u64 = 256;
/// Bytes in a whole tile.
const LARGEST: u64 = WIDTH * 32;
/// No tree has more records: what is beyond is no sensible size.
const MOST: u64 = 1 << 48;

/// The tiles of one database.
pub(super) struct Tiles<'a> {
    /// `sumdb/NAME/tile/8`.
    pub folder: PathBuf,
    pub look: &'a Look,
    known: HashMap<(u32, u64), Vec<Hash>>,
}

/// Why a record was not found in a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// A tile that it takes is not here.
    Tile(PathBuf),
    /// It is not in the tree, or a tile is damaged.
    Differs,
}

pub(super) fn of_record(text: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(text).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The greatest power of two below a length of two or more.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// `x001/x234/067`: three digits a folder.
fn path(number: u64) -> PathBuf {
    let mut parts = vec![format!("{:03}", number % 1000)];
    let mut rest = number / 1000;
    while rest > 0 {
        parts.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    parts.iter().rev().collect()
}

impl<'a> Tiles<'a> {
    pub(super) fn new(folder: PathBuf, look: &'a Look) -> Self {
        Tiles { folder, look, known: HashMap::new() }
    }

    /// Whether the record with this number and hash is in the tree of `size` records that has this hash. That is found out from
    /// the hash alone, so it does not matter which tiles are believed: O(log² size) of them are read.
    pub(super) fn holds(&mut self, number: u64, record: Hash, size: u64, tree: &Hash) -> Result<(), Lack> {
        if number >= size || size > MOST {
            return Err(Lack::Differs);
        }
        let found = self.with(0, size, number, record)?;
        if found == *tree { Ok(()) } else { Err(Lack::Differs) }
    }

    /// The hash over the records from `low` up to `high`, where one of them has this hash.
    fn with(&mut self, low: u64, high: u64, number: u64, record: Hash) -> Result<Hash, Lack> {
        if high - low == 1 {
            return Ok(record);
        }
        let middle = low + split(high - low);
        Ok(if number < middle {
            node(&self.with(low, middle, number, record)?, &self.over(middle, high)?)
        } else {
            node(&self.over(low, middle)?, &self.with(middle, high, number, record)?)
        })
    }

    fn over(&mut self, low: u64, high: u64) -> Result<Hash, Lack> {
        let length = high - low;
        if length.is_power_of_two() {
            return self.whole(length.trailing_zeros(), low / length);
        }
        let middle = low + split(length);
        Ok(node(&self.over(low, middle)?, &self.over(middle, high)?))
    }

    /// The hash of a whole part of 2^`level` records, from the tile that has it or what is below it.
    fn whole(&mut self, level: u32, at: u64) -> Result<Hash, Lack> {
        let (floor, inner) = (level / 8, level % 8);
        let first = at << inner;
        let (tile, start, count) = (first / WIDTH, (first % WIDTH) as usize, 1_usize << inner);
        let mut hashes = self.tile(floor, tile, start + count)?[start..start + count].to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| node(&pair[0], &pair[1])).collect();
        }
        Ok(hashes[0])
    }

    /// A tile with at least so many hashes: the whole one, or a part of it that Go kept when the tree was smaller.
    fn tile(&mut self, floor: u32, number: u64, least: usize) -> Result<&[Hash], Lack> {
        let key = (floor, number);
        if self.known.get(&key).is_none_or(|known| known.len() < least) {
            let whole = self.folder.join(floor.to_string()).join(path(number));
            let read = match self.read(&whole, WIDTH as usize)? {
                Some(read) => read,
                None => self.part(&whole, least)?,
            };
            self.known.insert(key, read);
        }
        Ok(&self.known[&key])
    }

    fn part(&self, whole: &Path, least: usize) -> Result<Vec<Hash>, Lack> {
        let mut folder = whole.as_os_str().to_owned();
        folder.push(".p");
        let folder = PathBuf::from(folder);
        self.look.at(&folder);
        let names = crate::reach::list(&folder).into_iter().flatten().flatten().take(WIDTH as usize);
        let widths = names.filter_map(|entry| entry.file_name().to_str()?.parse::<usize>().ok());
        let mut widths: Vec<usize> = widths.filter(|width| (least..WIDTH as usize).contains(width)).collect();
        widths.sort_unstable();
        for width in widths {
            if let Some(read) = self.read(&folder.join(width.to_string()), width)? {
                return Ok(read);
            }
        }
        Err(Lack::Tile(whole.to_path_buf()))
    }

    /// None: it is not there. One of another length is damaged.
    fn read(&self, file: &Path, width: usize) -> Result<Option<Vec<Hash>>, Lack> {
        if !matches!(self.look.at(file), Seen::File(_)) {
            return Ok(None);
        }
        match self.look.bytes(file, LARGEST) {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) if bytes.len() == width * 32 => {
                Ok(Some(bytes.chunks_exact(32).filter_map(|hash| hash.try_into().ok()).collect()))
            }
            Ok(_) | Err(Unread::Large(_)) => Err(Lack::Differs),
            Err(_) => Err(Lack::Tile(file.to_path_buf())),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    /// The hash over records, by its definition.
    fn tree(records: &[Hash]) -> Hash {
        match records {
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len() as u64) as usize);
                node(&tree(left), &tree(right))
            }
        }
    }

    fn lay(folder: &Path, records: &[Hash]) {
        let (mut row, mut floor) = (records.to_vec(), 0_u32);
        while !row.is_empty() {
            for (number, tile) in row.chunks(256).enumerate() {
                let whole = folder.join(floor.to_string()).join(path(number as u64));
                let part = PathBuf::from(format!("{}.p", whole.display())).join(tile.len().to_string());
                let file = if tile.len() == 256 { whole } else { part };
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, tile.concat()).unwrap();
            }
            row = row.chunks_exact(256).map(tree).collect();
            floor += 1;
        }
    }

    #[test]
    fn every_record_of_trees_of_all_sizes_is_found_and_no_other() {
        for size in [1, 2, 3, 5, 8, 255, 256, 257, 300, 511, 513, 700, 66_000] {
            let records: Vec<Hash> = (0..size as u32).map(|number| of_record(&number.to_le_bytes())).collect();
            let root = tree(&records);
            let folder = tempfile::tempdir().unwrap();
            lay(folder.path(), &records);
            let look = Look::default();
            let mut tiles = Tiles::new(folder.path().to_path_buf(), &look);
            for number in (0..size).step_by(if size > 1000 { 997 } else { 1 }) {
                let record = records[number];
                assert_eq!(tiles.holds(number as u64, record, size as u64, &root), Ok(()), "{number} of {size}");
                let other = of_record(b"another");
                assert_eq!(tiles.holds(number as u64, other, size as u64, &root), Err(Lack::Differs));
            }
            assert_eq!(tiles.holds(size as u64, records[0], size as u64, &root), Err(Lack::Differs));
            assert_eq!(tiles.holds(0, records[0], u64::MAX, &root), Err(Lack::Differs));
        }
    }

    #[test]
    fn numbers_of_tiles_have_three_digits_a_folder() {
        for (number, folder) in [(0, "000"), (67, "067"), (1_234_067, "x001/x234/067"), (1000, "x001/000")] {
            assert_eq!(path(number), Path::new(folder));
        }
    }
}
