//! The list of what home-made synchronisation gets wrong, and how often a run met each. A case that Holdover's form has no place for
//! yet is named with the reason.

/// How a case is dealt with here.
pub enum Dealt {
    Simulated,
    /// It cannot be met here; why, and where it is tested if it is.
    Not(&'static str),
}

use Dealt::{Not, Simulated};

/// Number, what it is, and how it is dealt with.
pub const CASES: [(&str, Dealt); 45] = [
    ("killed at a commit or at a question to the remote, before or after it took effect", Simulated),
    (
        "power lost after an upload, with what was not flushed gone: the disk goes back and the device writes on",
        Simulated,
    ),
    ("a put took effect and its answer was lost", Simulated),
    ("a put took effect twice, or later than the next", Simulated),
    ("409 for a write that is underway, and a file that is not there though it was listed", Simulated),
    ("cut, flipped, zeroed or another's bytes served", Simulated),
    ("a listing that lacks entries, is old, out of order, or names some twice", Simulated),
    ("hints ahead of the segments, and segments ahead of the hints", Simulated),
    ("the remote is as it was some time ago", Simulated),
    ("the remote is empty, and is filled again by whoever has what it held", Simulated),
    ("somebody else deletes or damages what a device has put there", Simulated),
    ("a virtual machine is copied, and both run", Simulated),
    ("an old backup is put back, something is written, then it goes online", Simulated),
    ("the database is lost and the key kept", Simulated),
    ("two processes of one device write at once", Simulated),
    ("clocks ten years ahead or behind, before 1970, jumping, standing still", Simulated),
    ("a Lamport number near the end of the numbers", Simulated),
    ("one id for two events; two histories at one place of a log, by a member", Simulated),
    ("half a year offline", Simulated),
    ("asleep for two days in the middle of an upload", Simulated),
    (
        "garbage collection by time of making instead of publishing",
        Not("nothing on a remote is collected in this form"),
    ),
    (
        "runs of events in segments that overlap, compaction that is killed",
        Not("nothing is compacted, and a log is sealed by its owner alone: server/journal/tests/segments.rs"),
    ),
    ("compaction while somebody reads", Not("nothing on a remote is compacted in this form")),
    ("a redaction before its target, and the target again from a stick after it", Simulated),
    ("a redaction beside a concurrent edit", Simulated),
    ("removal beside edit, removal beside removal", Simulated),
    (
        "three and more concurrent writes, racing resolutions, a late write after a resolution, a resolution of part of the heads",
        Simulated,
    ),
    ("kinds, fields and operations of a later version", Simulated),
    ("a revoked device goes on writing; two members revoke each other", Simulated),
    ("a wrong key, a missing key, a key where none belongs", Simulated),
    ("no room on the remote, or no right", Simulated),
    ("one thing that is refused for ever at the head of the queue", Simulated),
    ("a network that comes and goes, a captive portal's page, an expired certificate", Simulated),
    ("429 and 503 in storms", Simulated),
    (
        "thousands of queued events and one urgent",
        Not("not in a schedule of 200 operations: that lanes go in their order is server/sync/tests/two_folders.rs"),
    ),
    ("a blob that changes while it is uploaded", Not("no blobs are carried in this form")),
    ("a chunk that is missing though its manifest is there", Not("no blobs are carried in this form")),
    ("a length that is announced and is not true, and a small file that unpacks to a huge one", Simulated),
    (
        "names that differ only in case, coarse times",
        Not("names are lower-case digits and no time is looked at: server/sync/src/name.rs and the folder's tests"),
    ),
    ("another project's remote, and another remote at the same place", Simulated),
    (
        "git: moved refs, hidden refs, hooks",
        Not("a real git is asked, in server/sync/tests/git_remote.rs and tests/tests/sharing_git.rs"),
    ),
    ("the same from a bundle and from the remote", Simulated),
    ("events in any order of arrival give the same records", Simulated),
    ("nothing new: no upload, no download", Simulated),
    ("the same seed gives the same trace", Simulated),
];

/// Hits, by the case's number from 1.
#[derive(Clone)]
pub struct Cases(pub [u64; 45]);

impl Default for Cases {
    fn default() -> Cases {
        Cases([0; 45])
    }
}

impl Cases {
    pub fn hit(&mut self, case: usize) {
        self.0[case - 1] += 1;
    }

    pub fn add(&mut self, other: &Cases) {
        for (mine, more) in self.0.iter_mut().zip(other.0) {
            *mine += more;
        }
    }

    /// Cases that are simulated and were not met.
    pub fn missed(&self) -> Vec<usize> {
        (1..=45).filter(|n| matches!(CASES[n - 1].1, Simulated) && self.0[n - 1] == 0).collect()
    }

    pub fn print(&self) {
        for (n, ((what, dealt), hits)) in (1..).zip(CASES.iter().zip(self.0)) {
            match dealt {
                Simulated => println!("{n:>3} {hits:>10}  {what}"),
                Not(why) => println!("{n:>3} {:>10}  {what}: {why}", "none"),
            }
        }
    }
}
