//! What the program that speaks to endpoints of models is asked. Its answers are frames: a letter, and a piece of text.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// How far away an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatPlace {
    /// This machine.
    ThisMachine,
    /// The user's own network.
    Network,
    /// Anywhere else.
    Cloud,
}

impl ChatPlace {
    /// Where a number leads: RFC 1918, RFC 4193 and addresses of one link are near.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        let near = match ip {
            IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        match ip {
            _ if ip.is_loopback() => Self::ThisMachine,
            _ if near => Self::Network,
            _ => Self::Cloud,
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatTurn {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// A question to an endpoint that speaks OpenAI's chat completions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatQuestion {
    /// The whole address.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The environment variable that holds the key.
    pub key_variable: Option<String>,
    /// The farthest that the address may lead; a number farther away is not connected to.
    pub place: ChatPlace,
    /// What is said.
    pub turns: Vec<ChatTurn>,
    /// Tokens of the answer.
    pub max_tokens: u32,
    /// For sampling.
    pub seed: u64,
    /// Milliseconds for all of it.
    pub limit_ms: u64,
}
