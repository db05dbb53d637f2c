//! Reviews: begun, commented, answered, resolved, decided. What the command line and the editors share.
//! What reviews say is the journal's, what a range changes and where threads stand is `review`'s; git is asked through [`repository`].

mod code_host;
mod compose;
mod error;
mod near;
mod publish;
mod publish_error;
mod read;
mod repository;
mod where_now;
mod words;
mod write;

pub use error::ReviewError;
pub(crate) use near::counts;
pub use publish::PublishAsk;
pub use publish_error::PublishError;
pub(crate) use repository::Here;
pub use write::{Answer, NewThread, On};
