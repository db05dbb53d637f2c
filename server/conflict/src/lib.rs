//! Merge conflicts in a text: where they are, which sides they have, what each choice would leave.
//!
//! The markers of git's `merge`, `diff3` and `zdiff3` styles are read, and of jj's `diff`, `snapshot` and `git` with any
//! number of sides, of any length from 7. [`Markers`] is an index of
//! marker lines that follows edits: a keystroke re-reads the lines it touched and nothing else. [`Conflicts`] pairs the
//! markers into regions; a marker without its counterparts is told at its place and hides nothing after it.
//! Knows no editor, writes no file: texts come as [`ropey::Rope`], answers go as ranges and replacements.

mod choice;
mod finding;
mod index;
mod lockfile;
mod marker;
mod pairing;
mod region;
mod resolution;
mod source;
pub mod suggest;

pub use choice::{Choice, Moved, Offer, Replacement, fingerprint, resolve, resolve_with};
pub use finding::{actions, actions_with, findings, malformed, merge_message, offer_of, report};
pub use index::{LineChange, Markers};
pub use lockfile::{LARGEST_LOCKFILE, Lockfile, LockfileAccount, LockfileError, LockfileSides};
pub use marker::{LONGEST, Marker, MarkerKind, SHORTEST};
pub use pairing::{Conflicts, Malformed, Problem};
pub use region::{Content, Region, Section, Style};
pub use resolution::{Lost, Resolution, identity};
pub use source::{NotText, Source, rewrite};
