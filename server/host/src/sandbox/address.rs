//! An address as a program hands it to the kernel: read from its bytes, and whether it is of this machine. Asks nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Most bytes of an address that count: a Unix socket's path.
pub(super) const LONGEST: usize = 128;

/// Whom a system call speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// IPv4 or IPv6; one of IPv4 in IPv6's clothes is IPv4.
    Internet(SocketAddr),
    /// A socket that is a file.
    File(PathBuf),
    /// The machine below a virtual one: no namespace holds these.
    Below { context: u32, port: u32 },
    /// Anything else, which leaves no machine.
    Other,
}

/// `bytes`: a `sockaddr` of any family.
pub(super) fn of(bytes: &[u8]) -> Option<Address> {
    let family = i32::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let port = || Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?));
    Some(match family {
        libc::AF_INET => {
            let ip = <[u8; 4]>::try_from(bytes.get(4..8)?).ok()?;
            Address::Internet(SocketAddr::from((Ipv4Addr::from(ip), port()?)))
        }
        libc::AF_INET6 => {
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?);
            Address::Internet(SocketAddr::new(ip.to_canonical(), port()?))
        }
        libc::AF_UNIX => {
            let name = bytes.get(2..)?;
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            // One that begins with a zero has a name and no file; it is seen within its own network alone.
            if end == 0 {
                return Some(Address::Other);
            }
            Address::File(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&name[..end])))
        }
        libc::AF_VSOCK => Address::Below { port: word(4)?, context: word(8)? },
        _ => Address::Other,
    })
}

/// Whether an address is this machine's by its number alone. An unspecified one is taken for the machine itself by Linux.
pub(super) fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// Whether a network of its own has this address too, as a build may give itself more; reads the kernel's own lists.
pub(super) fn is_given(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => given_v4(&read("fib_trie"), ip),
        IpAddr::V6(ip) => {
            let written = hex::encode(ip.octets());
            read("if_inet6").lines().any(|line| line.starts_with(&written))
        }
    }
}

/// `/proc/net/fib_trie` says `|-- 10.0.0.1`, and below it `/32 host LOCAL`.
fn given_v4(trie: &str, ip: Ipv4Addr) -> bool {
    let leaf = format!("|-- {ip}");
    let mut lines = trie.lines();
    while let Some(line) = lines.next() {
        if line.trim() == leaf && lines.clone().next().is_some_and(|next| next.contains("host LOCAL")) {
            return true;
        }
    }
    false
}

fn read(name: &str) -> String {
    let file = PathBuf::from("/proc/self/net").join(name);
    crate::read_small(&file, 4 << 20).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_the_bytes_of_every_family_and_short_ones_are_none() {
        let v4 = [2, 0, 1, 187, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(of(&v4), Some(Address::Internet("192.0.2.7:443".parse().unwrap())));
        let mut v6 = vec![10, 0, 0, 80, 0, 0, 0, 0];
        v6.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        v6.extend([0; 4]);
        assert_eq!(of(&v6), Some(Address::Internet("[2001:db8::1]:80".parse().unwrap())));
        v6[8..24].copy_from_slice(&"::ffff:192.0.2.7".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(of(&v6), Some(Address::Internet("192.0.2.7:80".parse().unwrap())));
        assert_eq!(of(b"\x01\0/run/x.sock\0rest"), Some(Address::File("/run/x.sock".into())));
        assert_eq!(of(b"\x01\0\0hidden"), Some(Address::Other));
        assert_eq!(of(&[40, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0]), Some(Address::Below { context: 2, port: 8 }));
        for short in [&v4[..7], &v6[..20], &[2][..], &[]] {
            assert_eq!(of(short), None, "{short:?}");
        }
    }

    #[test]
    fn an_address_that_was_given_to_a_device_is_told_from_one_that_is_only_routed() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.1\n        /32 host LOCAL\n";
        assert!(given_v4(trie, Ipv4Addr::new(10, 0, 0, 1)));
        assert!(!given_v4(trie, Ipv4Addr::new(10, 0, 0, 0)));
        assert!(!given_v4(trie, Ipv4Addr::new(10, 0, 0, 10)));
    }
}
