//! Name servers within the sandbox's own network, at whatever address a program asks one: by datagram and by stream. They answer as
//! [`super::names`] says and tell who asked for what; nothing is handed on.

use super::shared::Shared;
use super::sockets;
use super::told::Way;
use super::{address, names, netlink};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where name servers listen.
pub(super) const PORT: u16 = 53;
/// Most addresses at which one is made.
const MOST: usize = 64;
/// Most conversations by stream at one time.
const MOST_STREAMS: usize = 64;
/// How long one by stream may be silent.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Resolver {
    served: BTreeSet<IpAddr>,
    shared: Arc<Mutex<Shared>>,
}

impl Resolver {
    pub fn new(shared: Arc<Mutex<Shared>>) -> Self {
        Self { served: BTreeSet::new(), shared }
    }

    /// Those that this machine's settings name on the loopback device; others are made when they are asked.
    pub fn serve_configured(&mut self) {
        let text = crate::read_small(Path::new("/etc/resolv.conf"), 1 << 16).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let named =
            text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok());
        let mut own: Vec<IpAddr> = named.collect();
        if own.is_empty() {
            // So the C library has it where nothing is said.
            own.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        for ip in own.into_iter().filter(|ip| address::is_own(*ip)) {
            self.serve(ip);
        }
    }

    /// Whether one was made at this address.
    pub fn serves(&self, ip: IpAddr) -> bool {
        self.served.contains(&ip)
    }

    /// Sees to it that somebody answers at this address.
    pub fn serve(&mut self, ip: IpAddr) -> bool {
        if self.serves(ip) {
            return true;
        }
        if self.served.len() >= MOST || (!address::is_own(ip) && netlink::own(ip).is_err()) {
            return false;
        }
        let at = SocketAddr::new(ip, PORT);
        let (Ok(datagrams), Ok(streams)) = (UdpSocket::bind(at), TcpListener::bind(at)) else { return false };
        let shared = Arc::clone(&self.shared);
        let by_datagram = std::thread::Builder::new().spawn(move || serve_datagrams(&datagrams, &shared));
        let shared = Arc::clone(&self.shared);
        let by_stream = std::thread::Builder::new().spawn(move || serve_streams(&streams, &shared));
        let made = by_datagram.is_ok() && by_stream.is_ok();
        if made {
            self.served.insert(ip);
        }
        made
    }
}

fn serve_datagrams(socket: &UdpSocket, shared: &Mutex<Shared>) {
    let mut message = [0_u8; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut message) {
        let asker = sockets::bound_to(from.port(), ["udp", "udp6"]);
        if let Some(answer) = answer(&message[..length], asker, shared) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn serve_streams(listener: &TcpListener, shared: &Arc<Mutex<Shared>>) {
    for stream in listener.incoming().flatten() {
        if Arc::strong_count(shared) > MOST_STREAMS + 2 * MOST {
            continue;
        }
        let shared = Arc::clone(shared);
        let _ = std::thread::Builder::new().spawn(move || converse(stream, &shared));
    }
}

/// Questions and answers, each with its length before it, by RFC 1035.
fn converse(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let set = stream.set_read_timeout(Some(PATIENCE)).and(stream.set_write_timeout(Some(PATIENCE)));
    let Ok(from) = stream.peer_addr().and_then(|from| set.map(|()| from)) else { return };
    let mut length = [0_u8; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut message = vec![0_u8; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        let asker = sockets::bound_to(from.port(), ["tcp", "tcp6"]);
        let Some(answer) = answer(&message, asker, shared) else { return };
        let mut framed = u16::try_from(answer.len()).unwrap_or(0).to_be_bytes().to_vec();
        framed.extend(answer);
        if stream.write_all(&framed).is_err() {
            return;
        }
    }
}

/// The answer, after who asked was told.
fn answer(message: &[u8], asker: Option<u64>, shared: &Mutex<Shared>) -> Option<Vec<u8>> {
    let question = names::question(message)?;
    let is_own = is_own(&question.name);
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_own {
        let who = shared.asker(asker);
        shared.reached(who, question.name.clone(), None, Way::Name);
    }
    Some(shared.names.answer(message, &question, is_own))
}

/// Names that say nothing of a network: the machine's own, with whatever domain is put behind it, and the loopback's.
fn is_own(name: &str) -> bool {
    let machine = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    name.is_empty()
        || name == "localhost"
        || name.ends_with(".localhost")
        || first(name) == first(&machine)
        || name.ends_with(".127.in-addr.arpa")
        || name.ends_with("0.0.0.0.0.0.ip6.arpa")
}
