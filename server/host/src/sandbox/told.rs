//! What a sandbox tells the Holdover that started it: one JSON document a line on its standard output. Shapes only.

use super::who::Who;
use serde::{Deserialize, Serialize};

/// How the network is kept from what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// The system gives it a network of its own, with a loopback device and nothing else.
    Namespace,
    /// Each system call that names an address is stopped and refused; the network itself is there.
    Calls,
    /// In no way: it was not run.
    None,
}

impl Strength {
    /// `namespace`, `calls`, `none`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Strength::Namespace => "namespace",
            Strength::Calls => "calls",
            Strength::None => "none",
        }
    }
}

/// By which way somebody reached for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A connection.
    Tcp,
    /// A datagram, or a socket for datagrams that was connected.
    Udp,
    /// A packet without a port: an echo request for example.
    Raw,
    /// The address of a name was asked for.
    Name,
    /// A service of this machine that has the network: a container engine for example.
    Service,
}

/// Somebody reached for the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// Who.
    pub who: Who,
    /// The name that was asked for; the address where none was.
    pub host: String,
    /// The port; `None` where there is none, or where nobody got as far.
    pub port: Option<u16>,
    /// How.
    pub way: Way,
    /// The last line of the output before it happened, with its number from 1.
    pub line: Option<(u64, String)>,
}

/// One line of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "told")]
pub(super) enum Told {
    /// The command was started, or was not because nothing keeps the network from it.
    Began {
        strength: Strength,
        /// Whether who reaches for the network is told.
        watched: bool,
        /// Whether the copy stands in the workspace's own place.
        in_place: bool,
        /// What the system refused.
        #[serde(default)]
        refused: Vec<String>,
    },
    /// The command said something.
    Line { err: bool, text: String },
    /// Somebody reached for the network, for the first time so.
    Reached { reached: Reached },
    /// The command could not be started.
    NotStarted { why: String },
    /// It ended; as often each of those that were told, in their order, reached for it.
    Ended {
        code: Option<i32>,
        signal: Option<i32>,
        times: Vec<u64>,
        /// What the kernel refused and nobody was named for.
        unnamed: u64,
        /// It said more than it may, and was ended.
        #[serde(default)]
        too_much: bool,
    },
}
