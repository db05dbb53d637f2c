//! Bundles: the sealed segments of the ctl lane in one file, which is how devices are let in without a network.
//! A bundle proves nothing by itself; each of its segments does.

use crate::JournalError;
use crate::chain::lane_number;
use crate::import::{ImportError, Imported};
use crate::journal::Journal;
use crate::segment::{MAX_SEGMENT, SegmentError, Spot};
use contract::Lane;

/// In front of a bundle.
pub const BUNDLE: &[u8; 8] = b"HOLDBUN\x01";
/// Longest bundle that is read or written, in bytes.
pub const MAX_BUNDLE: usize = 64 << 20;

impl Journal {
    /// Seals, and gives everything that is here of a project's membership: own segments and those of others.
    pub fn bundle(&self, project: [u8; 16]) -> Result<Vec<u8>, JournalError> {
        self.seal(project)?;
        let mut bundle = BUNDLE.to_vec();
        for segment in self.segments(project)?.iter().filter(|segment| segment.lane == lane_number(Lane::Ctl)) {
            let Some(bytes) = self.segment_bytes(segment)? else { continue };
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            bundle.extend_from_slice(&length.to_le_bytes());
            bundle.extend_from_slice(&bytes);
        }
        Ok(bundle)
    }

    /// Lets the segments of a bundle in, in their order. What came in before one that is refused stays.
    pub fn import_bundle(&self, bundle: &[u8]) -> Result<Vec<Imported>, ImportError> {
        let bad = |at: usize, detail: &str| SegmentError { at: Some(Spot::Byte(at)), detail: detail.to_owned() };
        let mut rest = bundle.strip_prefix(BUNDLE).ok_or_else(|| bad(0, "this is no bundle of segments"))?;
        if bundle.len() > MAX_BUNDLE {
            return Err(bad(MAX_BUNDLE, "a bundle has at most 64 MiB").into());
        }
        let mut imported = Vec::new();
        while !rest.is_empty() {
            let at = bundle.len() - rest.len();
            let (length, after) =
                rest.split_first_chunk::<4>().ok_or_else(|| bad(at, "the bundle ends in the middle"))?;
            let length = u32::from_le_bytes(*length) as usize;
            let (segment, after) = after
                .split_at_checked(length)
                .filter(|_| length <= MAX_SEGMENT)
                .ok_or_else(|| bad(at, "the bundle announces more than it holds"))?;
            imported.push(self.import(segment)?);
            rest = after;
        }
        Ok(imported)
    }
}
