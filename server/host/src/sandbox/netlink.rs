//! The loopback device of a network of our own, by rtnetlink(7): it is up, and has the addresses that it is given. Three messages to the
//! kernel; knows no other device.

use rustix::io::{self, Errno};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use std::net::IpAddr;

/// `NETLINK_ROUTE` is protocol 0, which is the one where none is named. The loopback device is the first of every network.
const LOOPBACK: u32 = 1;
const NEW_LINK: u16 = 16;
const NEW_ROUTE: u16 = 24;
/// A request, to be acknowledged.
const REQUEST: u16 = 1 | 4;
/// To be made, or put in the place of what is there.
const CREATE: u16 = 0x400 | 0x100;
const UP: u32 = 1;
const TABLE_LOCAL: u8 = 255;
const BY_BOOT: u8 = 3;
const SCOPE_HOST: u8 = 254;
const TYPE_LOCAL: u8 = 2;
const DESTINATION: u16 = 1;
const DEVICE: u16 = 4;

/// Brings the loopback device up: it is down in a new network, and nothing reaches 127.0.0.1.
pub(super) fn up() -> io::Result<()> {
    let mut body = vec![0, 0, 0, 0];
    for word in [LOOPBACK, UP, UP] {
        body.extend(word.to_ne_bytes());
    }
    ask(NEW_LINK, REQUEST, &body)
}

/// Makes an address this machine's own: what is sent to it arrives at whoever listens here.
pub(super) fn own(ip: IpAddr) -> io::Result<()> {
    let (family, bytes) = match ip {
        IpAddr::V4(ip) => (AddressFamily::INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (AddressFamily::INET6, ip.octets().to_vec()),
    };
    let family = u8::try_from(family.as_raw()).map_err(|_| Errno::AFNOSUPPORT)?;
    let bits = u8::try_from(bytes.len() * 8).map_err(|_| Errno::INVAL)?;
    let mut body = vec![family, bits, 0, 0, TABLE_LOCAL, BY_BOOT, SCOPE_HOST, TYPE_LOCAL, 0, 0, 0, 0];
    attribute(&mut body, DESTINATION, &bytes);
    attribute(&mut body, DEVICE, &LOOPBACK.to_ne_bytes());
    ask(NEW_ROUTE, REQUEST | CREATE, &body)
}

fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
}

fn ask(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let route = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut message = Vec::new();
    message.extend(u32::try_from(body.len() + 16).map_err(|_| Errno::INVAL)?.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    send(&route, &message, SendFlags::empty())?;
    let mut answer = [0_u8; 4096];
    let (_, length) = recv(&route, &mut answer, RecvFlags::empty())?;
    // An acknowledgement is an error of number zero.
    let number = answer[..length].get(16..20).and_then(|bytes| bytes.try_into().ok()).map_or(-1, i32::from_ne_bytes);
    if number == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(-number)) }
}
