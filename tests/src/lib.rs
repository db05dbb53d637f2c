//! What end-to-end tests share.

pub mod binary;
pub mod client;
pub mod fixture;
