//! Looks through the log beside the database (`-wal`) for a place that was damaged, and tells one from where writing ended.
//! It only reads, and holds no lock. The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
//!
//! SQLite reads the log as far as its checksums follow from each other, and takes the rest for what a loss of power left.
//! Were a byte in the middle wrong, all that was committed after it would silently be gone. So after the first frame that does
//! not follow there must be nothing that does: neither it with one bit turned back, nor later frames upon the one before that, up
//! to one that ends a transaction. Frames that follow each other and end none are of a transaction that was rolled back or killed.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::path::Path;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// Length of a page, as every journal has them.
const PAGE: usize = 4096;
/// Largest page that SQLite has.
const MAX_PAGE: usize = 65_536;

/// Where a file was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Bytes from the file's beginning.
    pub offset: u64,
    /// How many bytes may be meant.
    pub length: u64,
    /// The page of the database that a frame holds.
    pub page: Option<u64>,
}

type Sum = (u32, u32);

/// What the header says of all frames.
#[derive(Clone, Copy)]
struct Log {
    big: bool,
    page: usize,
    salts: [u8; 8],
    sum: Sum,
}

fn add(mut sum: Sum, bytes: &[u8], big: bool) -> Sum {
    let word = |bytes: &[u8; 4]| if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
    let (words, _) = bytes.as_chunks::<4>();
    for pair in words.chunks_exact(2) {
        sum.0 = sum.0.wrapping_add(word(&pair[0])).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(&pair[1])).wrapping_add(sum.0);
    }
    sum
}

fn stored(bytes: &[u8]) -> Sum {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
    (word(0), word(4))
}

fn header(bytes: &[u8; HEADER]) -> Option<Log> {
    let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let big = match word(0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return None,
    };
    let page = word(8) as usize;
    let sum = add((0, 0), &bytes[..24], big);
    let sound = word(4) == 3_007_000 && page.is_power_of_two() && (512..=MAX_PAGE).contains(&page);
    let mut salts = [0; 8];
    salts.copy_from_slice(&bytes[16..24]);
    (sound && sum == stored(&bytes[24..])).then_some(Log { big, page, salts, sum })
}

/// Whether a frame follows from a sum, and the sum after it.
fn follows(log: &Log, before: Sum, frame: &[u8]) -> Option<Sum> {
    let numbered = frame[..4] != [0; 4];
    let sum = add(add(before, &frame[..8], log.big), &frame[FRAME..], log.big);
    (numbered && frame[8..16] == log.salts && sum == stored(&frame[16..24])).then_some(sum)
}

/// The bytes of which one bit, turned back, makes `bytes` right. The checksum is a weak one: there may be several.
fn one_bit(bytes: &mut [u8], mut right: impl FnMut(&[u8]) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            if right(bytes) {
                found.push(at);
            }
            bytes[at] ^= 1 << bit;
        }
    }
    found
}

/// The same for a frame, whose checksum is a sum: what turning back one bit does to it is worked out, from the end on.
fn one_bit_of_frame(log: &Log, before: Sum, frame: &[u8]) -> Vec<usize> {
    let sum = add(add(before, &frame[..8], log.big), &frame[FRAME..], log.big);
    let said = stored(&frame[16..24]);
    // How many bits of `a` and `b` differ, and the byte of the last of them.
    let differ = |a: &[u8], b: &[u8]| {
        let bits = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones());
        (bits.clone().sum::<u32>(), bits.enumerate().filter(|(_, n)| *n > 0).map(|(at, _)| at).next_back())
    };
    if frame[8..16] != log.salts {
        return match differ(&frame[8..16], &log.salts) {
            (1, Some(at)) if sum == said => vec![8 + at],
            _ => Vec::new(),
        };
    }
    let mut found = Vec::new();
    let computed = [sum.0.to_be_bytes(), sum.1.to_be_bytes()].concat();
    if let (1, Some(at)) = differ(&computed, &frame[16..24]) {
        found.push(16 + at);
    }
    let wanted = (said.0.wrapping_sub(sum.0), said.1.wrapping_sub(sum.1));
    // What adding 1 to either word of a pair adds to the sum in the end.
    let (mut first, mut second) = ((1_u32, 1_u32), (0_u32, 1_u32));
    let pairs = (FRAME..frame.len()).step_by(8).rev().chain([0]);
    for at in pairs {
        for (word, (a, b)) in [(at, first), (at + 4, second)] {
            for bit in 0..32_usize {
                let byte = word + if log.big { 3 - bit / 8 } else { bit / 8 };
                let step =
                    if frame[byte] & (1 << (bit % 8)) == 0 { 1_u32 << bit } else { (1_u32 << bit).wrapping_neg() };
                if (step.wrapping_mul(a), step.wrapping_mul(b)) == wanted {
                    found.push(byte);
                }
            }
        }
        for one in [&mut first, &mut second] {
            one.0 = one.0.wrapping_add(one.1);
            one.1 = one.1.wrapping_add(one.0);
        }
    }
    found
}

/// The first place that was damaged; `None` where the log ends as one does, or there is none.
pub(crate) fn damage(file: &Path) -> io::Result<Option<Damage>> {
    let mut file = match File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut first = [0; HEADER];
    if !fill(&mut file, &mut first)? {
        return Ok(None);
    }
    let Some(log) = header(&first) else { return damaged_header(&mut file, first) };
    let (mut frame, mut sum, mut at) = (vec![0; FRAME + log.page], log.sum, HEADER as u64);
    while fill(&mut file, &mut frame)? {
        match follows(&log, sum, &frame) {
            Some(next) => sum = next,
            None => return damaged_frame(&mut file, &log, sum, &frame, at),
        }
        at += frame.len() as u64;
    }
    Ok(None)
}

fn damaged_header(file: &mut File, mut first: [u8; HEADER]) -> io::Result<Option<Damage>> {
    let mut frame = vec![0; FRAME + PAGE];
    if !fill(file, &mut frame)? {
        // Nothing was written after it.
        return Ok(None);
    }
    let begins = |log: Log| log.page == PAGE && follows(&log, log.sum, &frame).is_some();
    let bytes = one_bit(&mut first, |bytes| bytes.try_into().is_ok_and(|bytes| header(bytes).is_some_and(begins)));
    match bytes[..] {
        [] => {}
        [at] => return Ok(Some(Damage { offset: at as u64, length: 1, page: None })),
        _ => return Ok(Some(Damage { offset: 0, length: HEADER as u64, page: None })),
    }
    for big in [false, true] {
        file.seek(SeekFrom::Start((HEADER + frame.len()) as u64))?;
        let mut salts = [0; 8];
        salts.copy_from_slice(&frame[8..16]);
        let log = Log { big, page: PAGE, salts, sum: (0, 0) };
        if later(file, &log, &frame)?.is_some() {
            return Ok(Some(Damage { offset: 0, length: HEADER as u64, page: None }));
        }
    }
    Ok(None)
}

fn damaged_frame(file: &mut File, log: &Log, before: Sum, frame: &[u8], at: u64) -> io::Result<Option<Damage>> {
    let number = u64::from(stored(frame).0);
    let damage = |offset, length| {
        // A number that is wrong itself names no page.
        let named = offset >= at + 4 || length > 1;
        Damage { offset, length, page: (named && number != 0).then_some(number) }
    };
    let mut bytes = one_bit_of_frame(log, before, frame);
    let (length, is_damaged) = (frame.len() as u64, !bytes.is_empty());
    let later = later(file, log, frame)?;
    if later == Some(0) {
        // What the frame says of itself is as it was written: the next one follows from it.
        bytes.retain(|byte| !(16..24).contains(byte));
    }
    Ok(match bytes[..] {
        [byte] => Some(damage(at + byte as u64, 1)),
        _ => (is_damaged || later.is_some()).then(|| damage(at, length)),
    })
}

/// How many frames after this one is the first that follows from what the one before it says of itself, from 0, if those upon
/// it end a transaction.
fn later(file: &mut File, log: &Log, frame: &[u8]) -> io::Result<Option<u64>> {
    let (mut said, mut next) = (stored(&frame[16..24]), vec![0; frame.len()]);
    let (mut n, mut first) = (0, None);
    while fill(file, &mut next)? {
        if follows(log, said, &next).is_none() {
            first = None;
        } else if next[4..8] == [0; 4] {
            first = first.or(Some(n));
        } else {
            return Ok(first.or(Some(n)));
        }
        (said, n) = (stored(&next[16..24]), n + 1);
    }
    Ok(None)
}

/// Whether there was enough to fill it.
fn fill(file: &mut File, into: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
