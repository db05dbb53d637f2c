//! A journal, or a part of it, as JSON Lines that anybody can read and check without Holdover.
//! Exact bytes go out and are compared as they come in; nothing that is read here is ever put into a journal.
//!
//! ```text
//! {"format":"holdover-journal-export","v":1,"journal":…,"writtenAt":…,"by":…,"signer":…,"filter":…,"logs":[…],"blake3":…}
//! {"log":…,"seq":…,"id":…,"at":…,"kind":…,"header":…,"prev":…,"hash":…,"salt":…,"payload":…}      one line an event
//! {"events":…,"redacted":…,"heads":[…],"blake3":…}
//! ```
//!
//! * `header` is base64 of the bytes that are hashed; `hash` is BLAKE3 over the hash before it and those bytes; `payload` is
//!   the text whose salted commitment stands in the header (`payloadBase64` where it is no text), `null` where it was deleted.
//! * `prev` stands only where the event before is not in the file: the hash that it had.
//! * `log`, `seq`, `id`, `at` and `kind` repeat what the header says, for readers that know no CBOR.
//! * The first line's `blake3` covers the line up to itself, the last line's everything before that line.
//!
//! There is one way to write each line, so a line of version 1 that differs from it in any byte is wrong there.

mod blame;
mod check;
mod file;
mod line;
mod scan;
mod state;
mod write;

pub use check::{Broken, CheckError, Checked, Place, check};
pub use file::{CheckFileError, ExportError, Exported, Request, check_file, envelope_of};
pub use state::Gap;

/// Name of the format, in the first line.
pub(crate) const FORMAT: &str = "holdover-journal-export";
/// Version of the format that is written, and the newest that is read.
pub(crate) const VERSION: u8 = 1;
/// Longest line that is read, in bytes: a payload of the largest size, every byte of it escaped, and its header.
pub(crate) const MAX_LINE: usize = 8 << 20;
