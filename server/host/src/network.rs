//! The one gate to the network. Whoever wants a connection, for itself or for a tool that it starts, asks here for a
//! [`Permit`]. Forced offline is one small file that every process of the user sees at once.

use crate::{Folders, now, write_private};
use contract::{Connectivity, ConnectivityState};
use std::net::{IpAddr, UdpSocket};
use std::path::PathBuf;

/// What the user said about connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfflineMode {
    /// `holdover offline on`, or `HOLDOVER_OFFLINE=1`: no connection by any Holdover process or tool it starts.
    On,
    /// `holdover offline off`: connections may be tried even where none seems possible.
    Off,
    /// Nothing was said: connections are tried where the machine has a way out.
    Auto,
}

/// Why a connection was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The user said so.
    #[error("forced offline: nothing was asked of the network\nhint: {next}")]
    Forced {
        /// How to undo it.
        next: &'static str,
    },
    /// There is no way out.
    #[error(
        "this machine has no route to any network: nothing was asked of it\nhint: connect, then try again; `holdover offline off` tries regardless"
    )]
    NoRoute,
}

/// Leave to use the network, as long as nobody forces offline.
#[derive(Debug, Clone)]
pub struct Permit {
    gate: Gate,
}

impl Permit {
    /// Whether it still holds; asked again while a tool runs.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.gate.mode() != OfflineMode::On
    }
}

/// The gate of one user.
#[derive(Debug, Clone)]
pub struct Gate {
    file: PathBuf,
}

impl Gate {
    /// The gate whose forced-offline file lies in the data folder.
    #[must_use]
    pub fn new(folders: &Folders) -> Self {
        Self { file: folders.data.join("offline") }
    }

    /// What the user said. The environment wins; a file that cannot be understood counts as `on`.
    #[must_use]
    pub fn mode(&self) -> OfflineMode {
        if forced_by_environment() {
            return OfflineMode::On;
        }
        match crate::read_small(&self.file, 64).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) {
            Ok(text) if text.trim() == "off" => OfflineMode::Off,
            Ok(text) if text.trim() == "auto" => OfflineMode::Auto,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => OfflineMode::Auto,
            Ok(_) | Err(_) => OfflineMode::On,
        }
    }

    /// Writes what the user says; every process sees it at its next question.
    pub fn set(&self, mode: OfflineMode) -> std::io::Result<()> {
        let text = match mode {
            OfflineMode::On => "on\n",
            OfflineMode::Off => "off\n",
            OfflineMode::Auto => "auto\n",
        };
        write_private(&self.file, text.as_bytes())
    }

    /// The file itself, to be watched.
    #[must_use]
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Leave to use the network, or why not.
    pub fn permit(&self) -> Result<Permit, Refused> {
        match self.mode() {
            OfflineMode::On if forced_by_environment() => {
                Err(Refused::Forced { next: "unset HOLDOVER_OFFLINE, then try again" })
            }
            OfflineMode::On => Err(Refused::Forced { next: "`holdover offline auto`, then try again" }),
            OfflineMode::Off => Ok(Permit { gate: self.clone() }),
            OfflineMode::Auto if has_route() => Ok(Permit { gate: self.clone() }),
            OfflineMode::Auto => Err(Refused::NoRoute),
        }
    }

    /// Whether there is a connection, as far as it can be told without asking anybody.
    #[must_use]
    pub fn connectivity(&self) -> Connectivity {
        let (state, detail) = match (self.mode(), has_route()) {
            (OfflineMode::On, _) if forced_by_environment() => {
                (ConnectivityState::ForcedOffline, "HOLDOVER_OFFLINE is set".to_owned())
            }
            (OfflineMode::On, _) => (ConnectivityState::ForcedOffline, "`holdover offline on` was given".to_owned()),
            (_, true) => (ConnectivityState::Online, "the machine has a route out; no mirror was asked".to_owned()),
            (OfflineMode::Off, false) => (
                ConnectivityState::Offline,
                "the machine has no route out; connections are tried all the same, `holdover offline off` was given"
                    .to_owned(),
            ),
            (_, false) => (ConnectivityState::Offline, "the machine has no route out".to_owned()),
        };
        let since = if state == ConnectivityState::ForcedOffline { self.file_time() } else { None };
        Connectivity { state, since: since.unwrap_or_else(now), detail, text: String::new() }
    }

    fn file_time(&self) -> Option<String> {
        let changed = std::fs::metadata(&self.file).ok()?.modified().ok()?;
        let changed = jiff::Timestamp::try_from(changed).ok()?;
        Some(format!("{changed:.3}"))
    }
}

fn forced_by_environment() -> bool {
    std::env::var("HOLDOVER_OFFLINE").is_ok_and(|v| !matches!(v.trim(), "" | "0" | "false" | "off" | "no"))
}

/// The addresses of this machine from which it would go out, of either family; another network gives others.
/// "Connecting" a UDP socket asks the routing table and sends nothing; the addresses asked for are the ones reserved for
/// documentation (RFC 5737, RFC 3849), so nobody could be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WayOut {
    v4: Option<IpAddr>,
    v6: Option<IpAddr>,
}

impl WayOut {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        let from = |own: &str, other: &str| {
            let socket = UdpSocket::bind(own).ok()?;
            socket.connect(other).ok()?;
            Some(socket.local_addr().ok()?.ip())
        };
        Self { v4: from("0.0.0.0:0", "192.0.2.1:9"), v6: from("[::]:0", "[2001:db8::1]:9") }
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.v4.is_some() || self.v6.is_some()
    }
}

fn has_route() -> bool {
    WayOut::now().is_there()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> (tempfile::TempDir, Gate) {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders { data: folder.path().join("data"), config: folder.path().join("none") };
        (folder, Gate::new(&folders))
    }

    #[test]
    fn forced_offline_refuses_at_once_and_a_permit_given_before_no_longer_holds() {
        let (_keep, gate) = gate();
        gate.set(OfflineMode::Off).unwrap();
        let permit = gate.permit().expect("`off` permits");
        assert!(permit.holds());
        let other_process = gate.clone();
        other_process.set(OfflineMode::On).unwrap();
        assert!(matches!(gate.permit(), Err(Refused::Forced { .. })));
        assert!(!permit.holds());
        assert_eq!(gate.connectivity().state, ConnectivityState::ForcedOffline);
    }

    #[test]
    fn a_file_that_cannot_be_understood_counts_as_forced_offline() {
        let (_keep, gate) = gate();
        assert_eq!(gate.mode(), OfflineMode::Auto);
        gate.set(OfflineMode::Auto).unwrap();
        std::fs::write(gate.file(), "o\0ff").unwrap();
        assert_eq!(gate.mode(), OfflineMode::On);
    }
}
