//! Notes: written, changed, removed, found again. What the command line and the editors share.
//! Texts that an editor holds are given by whoever asks; other files are read where a note stands on lines of them.

mod book;
mod compose;
mod drafts;
mod error;
mod find;
mod near;
mod place;
mod shown;
mod write;

pub use drafts::DraftToSave;
pub use error::NoteError;
pub use near::SHOWS_NOTE;
pub use place::{NoText, Texts};
pub use write::{NewNote, Which};

pub(crate) use book::{Book, read_now, refresh, refresh_delivery, scope, scope_now};
pub(crate) use find::placed;
pub(crate) use place::{relative, text_of};
pub(crate) use shown::{lines as shown_lines, markdown as shown_markdown, plain as shown_plain, title as shown_title};
pub(crate) use write::{recording, sound};
