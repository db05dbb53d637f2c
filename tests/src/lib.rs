//! What end-to-end tests share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

pub mod binary;
pub mod chat;
pub mod client;
pub mod code_host;
pub mod desk;
pub mod fixture;
pub mod git;
pub mod http;
#[cfg(unix)]
pub mod linted;
#[cfg(target_os = "linux")]
pub mod login;
pub mod s3;
pub mod said;
pub mod text;
