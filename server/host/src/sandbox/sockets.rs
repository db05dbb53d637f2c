//! Sockets of another process: of which kind they are and which number they have; and what a socket that is a file leads to.
//! Reads, and closes again at once what it has to borrow.

use rustix::fd::OwnedFd;
use rustix::net::SocketType;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};
use std::path::Path;
use std::time::SystemTime;

/// What a socket that is a file leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// Something of this machine, or of the build itself.
    Nothing,
    /// A service that looks names up, with the network.
    Resolver,
    /// A service that runs containers or installs packages, with the network.
    Engine,
}

/// Where services listen that look names up for others; below each that ends with a slash.
const RESOLVERS: [&str; 8] = [
    "/run/nscd/socket",
    "/var/run/nscd/socket",
    "/run/systemd/resolve/",
    "/var/run/systemd/resolve/",
    "/run/dbus/system_bus_socket",
    "/var/run/dbus/system_bus_socket",
    "/run/avahi-daemon/socket",
    "/var/run/avahi-daemon/socket",
];
/// What the sockets of container engines and package services are called.
const ENGINES: [&str; 7] = [
    "docker.sock",
    "podman.sock",
    "containerd.sock",
    "buildkitd.sock",
    "crio.sock",
    "snapd.socket",
    "nix-daemon.socket",
];

/// `began`: what is younger was made by the build.
pub(super) fn of(path: &Path, process: u32, began: SystemTime) -> Meant {
    let path =
        std::fs::read_link(format!("/proc/{process}/cwd")).map_or_else(|_| path.to_path_buf(), |cwd| cwd.join(path));
    let named = path.to_str().unwrap_or_default();
    let is = |of: &&str| if of.ends_with('/') { named.starts_with(of) } else { named == *of };
    if RESOLVERS.iter().any(is) {
        return Meant::Resolver;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_older = || {
        use std::os::unix::fs::MetadataExt as _;
        let made = path.metadata().map(|met| met.ctime()).ok();
        let began = began.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        made.is_some_and(|made| made < i64::try_from(began).unwrap_or(i64::MAX))
    };
    if ENGINES.contains(&name) && is_older() { Meant::Engine } else { Meant::Nothing }
}

/// A stream, datagrams, or something else.
pub(super) fn kind(process: u32, file: u64) -> Option<SocketType> {
    rustix::net::sockopt::socket_type(borrowed(process, file)?).ok()
}

/// The number by which `/proc/net` knows it.
pub(super) fn inode(process: u32, file: u64) -> Option<u64> {
    rustix::fs::fstat(borrowed(process, file)?).ok().map(|met| met.st_ino)
}

fn borrowed(process: u32, file: u64) -> Option<OwnedFd> {
    let process = Pid::from_raw(i32::try_from(process).ok()?)?;
    // Registers hold 64 bits, of which a descriptor is the lower half.
    let file = i32::try_from(file & 0xffff_ffff).ok()?;
    let process = rustix::process::pidfd_open(process, PidfdFlags::empty()).ok()?;
    rustix::process::pidfd_getfd(&process, file, PidfdGetfdFlags::empty()).ok()
}

/// The socket of this network that is bound to a port, by `/proc/net`; `tables`: `udp` and `udp6` for example.
pub(super) fn bound_to(port: u16, tables: [&str; 2]) -> Option<u64> {
    let wanted = format!(":{port:04X}");
    tables.into_iter().find_map(|table| {
        let text = crate::read_small(&Path::new("/proc/self/net").join(table), 16 << 20).ok()?;
        String::from_utf8_lossy(&text).lines().skip(1).find_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let is = fields.nth(1)?.ends_with(&wanted);
            let inode = fields.nth(7)?.parse::<u64>().ok()?;
            (is && inode != 0).then_some(inode)
        })
    })
}
