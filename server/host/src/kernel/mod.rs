//! Requests to the kernel for which no crate has a safe way. The one module of this project with `unsafe`: each use says why it is sound.
//! Decides nothing, and knows nobody who asks.
#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "the kernel takes addresses; see each use"))]

mod mapped;
#[cfg(target_os = "linux")]
pub(crate) mod watched;

pub use mapped::give_back_code;
