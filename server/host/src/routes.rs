//! Tells when the machine's ways out may have changed: an address, a link or a route came or went. Asks nobody and wakes for nothing
//! else. Only on Linux, whose kernel tells; elsewhere it is looked at when somebody asks.

/// More events than one within this time are one: a connection that comes up changes several things.
#[cfg(target_os = "linux")]
const SETTLE_MS: u64 = 300;

#[cfg(target_os = "linux")]
pub use linux::RouteWatch;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::event::{PollFd, PollFlags};
    use rustix::fd::OwnedFd;
    use rustix::io::Errno;
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
    use std::time::Duration;

    /// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE` of `rtnetlink(7)`.
    const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

    /// Dropping it ends the watch.
    #[derive(Debug)]
    pub struct RouteWatch {
        /// Closed with this, which ends the thread that waits.
        _alive: std::io::PipeWriter,
    }

    impl RouteWatch {
        /// `tell` is called after changes, from a thread of its own; `None` where the system does not tell.
        pub fn start(tell: impl Fn() + Send + 'static) -> Option<Self> {
            let kind = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            // No protocol is `NETLINK_ROUTE`.
            let events = socket_with(AddressFamily::NETLINK, SocketType::RAW, kind, None).ok()?;
            bind(&events, &SocketAddrNetlink::new(0, GROUPS)).ok()?;
            let (ended, alive) = std::io::pipe().ok()?;
            let wait = move || {
                loop {
                    let mut both = [PollFd::new(&ended, PollFlags::IN), PollFd::new(&events, PollFlags::IN)];
                    while rustix::event::poll(&mut both, None) == Err(Errno::INTR) {}
                    if !both[0].revents().is_empty() {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(super::SETTLE_MS));
                    if !empty(&events) {
                        return;
                    }
                    tell();
                }
            };
            std::thread::Builder::new().name("routes".to_owned()).spawn(wait).ok()?;
            Some(Self { _alive: alive })
        }
    }

    /// Takes everything that waits; `false`: it cannot be read any more.
    fn empty(events: &OwnedFd) -> bool {
        let mut event = [0_u8; 8192];
        loop {
            match recv(events, &mut event, RecvFlags::empty()) {
                Err(Errno::AGAIN) => return true,
                // More than the system kept: something changed, which is all that matters.
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(_) => return false,
            }
        }
    }
}

/// Tells nothing.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct RouteWatch;

#[cfg(not(target_os = "linux"))]
impl RouteWatch {
    /// `None`: the system does not tell.
    pub fn start(_tell: impl Fn() + Send + 'static) -> Option<Self> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::Duration;

    const INSIDE: &str = "HOLDOVER_TEST_INSIDE";

    /// In a network of its own, where nobody else changes anything; this test starts itself again in there.
    #[test]
    fn a_link_that_comes_up_is_told_and_nothing_is_told_without_a_change() {
        if std::env::var_os(INSIDE).is_none() {
            let own = std::env::current_exe().unwrap();
            let name = "routes::tests::a_link_that_comes_up_is_told_and_nothing_is_told_without_a_change";
            let mut inside = Command::new("unshare");
            inside.args(["--user", "--map-root-user", "--net", "--"]).arg(own).args([name, "--exact"]);
            let output = inside.env(INSIDE, "1").output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{said}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            return;
        }
        let (tell, told) = crossbeam_channel::unbounded();
        let watch = RouteWatch::start(move || tell.send(()).unwrap_or_default()).expect("the kernel tells");
        assert!(told.recv_timeout(Duration::from_millis(700)).is_err(), "nothing has changed");
        // `SIOCSIFFLAGS` of `netdevice(7)`, with `IFF_UP`.
        let up =
            "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14s', b'lo', 1, b''))";
        assert!(Command::new("python3").args(["-c", up]).status().unwrap().success());
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(()));
        drop(watch);
        let gone = told.recv_timeout(Duration::from_secs(20));
        assert_eq!(gone, Err(crossbeam_channel::RecvTimeoutError::Disconnected), "its thread has ended");
    }
}
