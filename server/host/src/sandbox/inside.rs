//! The sandbox itself: a program that gives up the network, starts a command, and watches which of its processes reach for the network
//! all the same. Writes [`Told`] to its standard output and nothing else; decides nothing about what it sees.

use super::address::{self, Address};
use super::resolver::Resolver;
use super::shared::{Lines, Shared, tell};
use super::told::{Strength, Told, Way};
use super::{Order, filter, netlink, sockets, who};
use crate::kernel::watched::{self as kernel, Answer, Stopped};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;
use rustix::process::{Pid, WaitOptions};
use rustix::thread::UnshareFlags;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

/// Messages of one call that are looked at.
const MOST_MESSAGES: u64 = 64;
/// How often what is left of a command is killed, until nothing is.
const MOST_ROUNDS: usize = 200;
/// How far what is calm stands back, as `nice` counts.
const CALM: i32 = 10;

/// What the system gave.
struct Ground {
    network: bool,
    in_place: bool,
    refused: Vec<String>,
}

pub(super) fn run(order: &Order) -> u8 {
    let ground = prepare(order);
    let folder = match (&order.copy, ground.in_place) {
        (Some(copy), false) => copy.join(&order.folder),
        _ => order.root.join(&order.folder),
    };
    let Ok((signals, waker)) = UnixStream::pair() else { return not_started("no pipe could be made") };
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        let Ok(waker) = waker.try_clone() else { return not_started("no pipe could be made") };
        // Whoever asks us to end asks all that we started.
        if signal_hook::low_level::pipe::register(signal, waker).is_err() {
            return not_started("signals cannot be heard");
        }
    }
    let raw = match order.output.as_ref().map(Raw::new).transpose() {
        Ok(raw) => raw,
        Err(e) => return not_started(&format!("its output cannot be kept: {e}")),
    };
    if order.calm {
        let _ = rustix::process::setpriority_process(None, CALM);
    }
    if let Some(Err(e)) = order.memory.map(crate::limit_memory) {
        return not_started(&format!("its memory cannot be bounded: {e}"));
    }
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    // Before anything runs that could be counted.
    let before = unrouted();
    let (listener, started) = match start(order, &folder, &ground) {
        Ok(started) => started,
        Err(why) => return not_started(&why),
    };
    let strength = match (ground.network, &listener) {
        (true, _) => Strength::Namespace,
        (false, Ok(_)) => Strength::Calls,
        (false, Err(_)) => Strength::None,
    };
    let mut refused = ground.refused;
    refused.extend(listener.as_ref().err().map(|e| format!("watching system calls: {e}")));
    let watched = listener.is_ok();
    tell(&Told::Began { strength, watched, in_place: ground.in_place, refused });
    let Some(mut child) = started else { return 0 };
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else { return 0 };
    let shared = Arc::new(Mutex::new(Shared::default()));
    let mut resolver = Resolver::new(Arc::clone(&shared));
    if ground.network {
        resolver.serve_configured();
    }
    let own_network = std::fs::read_link("/proc/self/ns/net").ok();
    let mut watch = Watch {
        listener: listener.ok(),
        pipes: [Some(out.into()), Some(err.into())],
        shared,
        resolver,
        network: ground.network,
        own_network,
        began: std::time::SystemTime::now(),
        raw,
    };
    let ended = watch.until_ended(&signals, child.id());
    kill_all();
    let shared = watch.shared.lock().unwrap_or_else(PoisonError::into_inner);
    let unnamed = if ground.network { unrouted().saturating_sub(before) } else { 0 };
    let (code, signal) = ended.map_or((None, None), |status| (status.exit_status(), status.terminating_signal()));
    let too_much = watch.raw.as_ref().is_some_and(|raw| raw.over);
    tell(&Told::Ended { code, signal, times: shared.times(), unnamed, too_much });
    0
}

fn not_started(why: &str) -> u8 {
    tell(&Told::NotStarted { why: why.to_owned() });
    0
}

/// Namespaces, the loopback device, and the copy in the workspace's place. This process has one thread.
fn prepare(order: &Order) -> Ground {
    let mut ground = Ground { network: false, in_place: false, refused: Vec::new() };
    if order.refused.iter().any(|what| what == "namespace") {
        ground.refused.push("a network of its own: refused for this run".to_owned());
        return ground;
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let (net, mounts) = (UnshareFlags::NEWNET, UnshareFlags::NEWNS);
    // Who may do it as they are keeps all users that there are; others become the only one of a namespace.
    let plain = user == 0 && kernel::unshare(net | mounts).is_ok();
    let mut has_mounts = plain;
    if !plain {
        let both = kernel::unshare(UnshareFlags::NEWUSER | net | mounts);
        let made = if both.is_ok() { both } else { kernel::unshare(UnshareFlags::NEWUSER | net) };
        has_mounts = both.is_ok();
        if let Err(e) = made {
            ground.refused.push(format!("a network of its own: {e}"));
            return ground;
        }
        let written = std::fs::write("/proc/self/setgroups", "deny")
            .and_then(|()| std::fs::write("/proc/self/uid_map", format!("{user} {user} 1")))
            .and_then(|()| std::fs::write("/proc/self/gid_map", format!("{group} {group} 1")));
        if let Err(e) = written {
            ground.refused.push(format!("the user's own number: {e}"));
        }
    }
    ground.network = true;
    if let Err(e) = netlink::up() {
        ground.refused.push(format!("a loopback device: {e}"));
    }
    if order.read_only && has_mounts {
        if let Err(e) = make_read_only(&order.root) {
            ground.refused.push(format!("the workspace for reading alone: {e}"));
        }
    } else if order.read_only {
        ground.refused.push("the workspace for reading alone: no mounts of its own".to_owned());
    }
    if let (Some(copy), true) = (&order.copy, has_mounts) {
        match put_in_place(copy, &order.root) {
            Ok(()) => ground.in_place = true,
            Err(e) => ground.refused.push(format!("the copy in the workspace's place: {e}")),
        }
    }
    ground
}

/// The workspace cannot be written to, by us and by what we start alone. Flags that a mount has and its owner may not take away stay.
fn make_read_only(root: &Path) -> rustix::io::Result<()> {
    use rustix::mount::MountFlags;
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    rustix::mount::mount_bind_recursive(root, root)?;
    let flags = MountFlags::BIND | MountFlags::RDONLY;
    let kept = [MountFlags::empty(), MountFlags::NOSUID | MountFlags::NODEV];
    let mut last = Errno::PERM;
    for more in kept {
        match rustix::mount::mount_remount(root, flags | more, c"") {
            Ok(()) => return Ok(()),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Seen by us and by what we start alone. The repository's own files stay where they are, below the copy.
fn put_in_place(copy: &Path, root: &Path) -> rustix::io::Result<()> {
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let repository = root.join(".git");
    if repository.is_dir() && std::fs::create_dir_all(copy.join(".git")).is_ok() {
        rustix::mount::mount_bind(&repository, copy.join(".git"))?;
    }
    rustix::mount::mount_bind_recursive(copy, root)
}

type Started = (rustix::io::Result<OwnedFd>, Option<std::process::Child>);

/// Starts the command from a thread of its own: the filter holds for that thread and for what it starts, and not for us.
fn start(order: &Order, folder: &Path, ground: &Ground) -> Result<Started, String> {
    let (program, arguments) = order.command.split_first().ok_or("there is no command")?;
    let found = crate::find_program(program).or_else(|| Some(folder.join(program)).filter(|path| path.is_file()));
    let found = found.ok_or_else(|| format!("{} is not on this machine", program.to_string_lossy()))?;
    let input = match order.input.as_ref().map(std::fs::File::open).transpose() {
        Ok(input) => input.map_or_else(Stdio::null, Stdio::from),
        Err(e) => return Err(format!("what it is to read cannot be read: {e}")),
    };
    let watched = !order.refused.iter().any(|what| what == "watch");
    let alone = !ground.network;
    let start = move || {
        let instructions =
            Some(filter::program(alone)).filter(|program| watched && !program.is_empty()).ok_or(Errno::NOSYS);
        let listener = instructions.and_then(|instructions| kernel::listen(&instructions));
        if alone && listener.is_err() {
            return Ok((listener, None));
        }
        let mut command = std::process::Command::new(&found);
        command.args(arguments).current_dir(folder);
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_others(name)) {
            command.env_remove(name);
        }
        let child = command.spawn().map_err(|e| format!("{} could not be started: {e}", program.to_string_lossy()))?;
        Ok((listener, Some(child)))
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .spawn_scoped(scope, start)
            .map_err(|e| e.to_string())?
            .join()
            .unwrap_or_else(|_| Err("the thread that starts it ended".to_owned()))
    })
}

/// Variables that speak of a package or script above us, and of proxies: whoever asks a proxy does not name whom it means.
fn is_of_others(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    ["cargo_pkg_", "cargo_manifest_", "npm_lifecycle_", "npm_package_"].iter().any(|start| name.starts_with(start))
        || ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"].contains(&name.as_str())
}

struct Watch {
    listener: Option<OwnedFd>,
    pipes: [Option<OwnedFd>; 2],
    shared: Arc<Mutex<Shared>>,
    resolver: Resolver,
    network: bool,
    own_network: Option<PathBuf>,
    began: std::time::SystemTime,
    raw: Option<Raw>,
}

/// Where the output goes that is kept as it is.
struct Raw {
    file: std::fs::File,
    /// Bytes that may still be said.
    left: u64,
    over: bool,
}

impl Raw {
    fn new((file, most): &(PathBuf, u64)) -> std::io::Result<Self> {
        let mut options = std::fs::File::options();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(file)?, left: *most, over: false })
    }

    /// Counts what was said on either stream; keeps that of standard output.
    fn take(&mut self, err: bool, bytes: &[u8]) {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        // A disk that takes no more is as good as somebody who says too much.
        let kept = err || std::io::Write::write_all(&mut self.file, &bytes[..wanted]).is_ok();
        self.left -= wanted as u64;
        self.over |= wanted < bytes.len() || !kept;
    }
}

impl Watch {
    /// Until the command has ended, or we are told to end; how it ended.
    fn until_ended(&mut self, signals: &UnixStream, child: u32) -> Option<rustix::process::WaitStatus> {
        let main = i32::try_from(child).ok().and_then(Pid::from_raw)?;
        let ending = rustix::process::pidfd_open(main, rustix::process::PidfdFlags::empty()).ok();
        loop {
            let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
            fds.extend(ending.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
            fds.extend(self.listener.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
            fds.extend(self.pipes.iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)));
            // A machine without such files is looked at now and then.
            let tick = rustix::event::Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            let _ = poll(&mut fds, ending.is_none().then_some(&tick));
            let told_to_end = !fds[0].revents().is_empty();
            drop(fds);
            self.hear();
            while self.look() {}
            if told_to_end || self.raw.as_ref().is_some_and(|raw| raw.over) {
                return None;
            }
            // What lost its parent became ours.
            let mut ended = None;
            while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
                if pid == main {
                    ended = Some(status);
                }
            }
            if ended.is_some() {
                self.hear();
                self.shared.lock().unwrap_or_else(PoisonError::into_inner).lines.last_words();
                return ended;
            }
        }
    }

    /// Takes what the command has said by now.
    fn hear(&mut self) {
        let mut buffer = [0_u8; 16 * 1024];
        for (at, slot) in self.pipes.iter_mut().enumerate() {
            while let Some(pipe) = slot.as_ref().filter(|pipe| is_readable(pipe)) {
                match rustix::io::read(pipe, &mut buffer) {
                    Ok(0) => *slot = None,
                    Ok(count) => {
                        if let Some(raw) = &mut self.raw {
                            raw.take(at == 1, &buffer[..count]);
                            if raw.over {
                                return;
                            }
                            if at == 0 {
                                continue;
                            }
                        }
                        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
                        shared.lines.take(at == 1, &buffer[..count]);
                    }
                    Err(Errno::INTR) => {}
                    Err(_) => *slot = None,
                }
            }
        }
    }

    /// Answers one that was stopped; says whether there was one.
    fn look(&mut self) -> bool {
        let Some(listener) = self.listener.as_ref() else { return false };
        if !is_readable(listener) {
            // Nobody is left who could be stopped.
            return false;
        }
        let Ok(stopped) = kernel::receive(listener) else { return false };
        // What it said before comes before.
        self.hear();
        let answer = self.judge(&stopped);
        if let Some(listener) = self.listener.as_ref() {
            let _ = kernel::answer(listener, &stopped, answer);
        }
        true
    }

    fn judge(&mut self, stopped: &Stopped) -> Answer {
        let addresses = addresses(stopped);
        let is_still = self.listener.as_ref().is_some_and(|listener| kernel::is_still(listener, stopped));
        if !is_still {
            return Answer::GoOn;
        }
        for address in addresses {
            if let Some(errno) = self.refused(stopped, &address) {
                return Answer::Fail(errno);
            }
        }
        Answer::GoOn
    }

    fn refused(&mut self, stopped: &Stopped, address: &Address) -> Option<Errno> {
        let process = who::process_of(stopped.thread)?;
        match address {
            Address::Other => None,
            Address::Below { context, port } => {
                self.reached(process, format!("vsock {context}"), u16::try_from(*port).ok(), Way::Raw);
                Some(Errno::NETUNREACH)
            }
            Address::File(path) => match sockets::of(path, process, self.began) {
                sockets::Meant::Nothing => None,
                // Whoever would look names up there asks the resolver instead, and is seen.
                sockets::Meant::Resolver => Some(Errno::CONNREFUSED),
                sockets::Meant::Engine => {
                    self.reached(process, path.display().to_string(), None, Way::Service);
                    Some(Errno::CONNREFUSED)
                }
            },
            Address::Internet(to) => {
                let (ip, port) = (to.ip(), to.port());
                if self.is_elsewhere(process) {
                    return None;
                }
                if self.network && port == super::resolver::PORT && (!address::is_own(ip) || self.resolver.serves(ip)) {
                    if self.resolver.serve(ip) {
                        self.shared
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .asks(sockets::inode(process, stopped.arguments[0]), who::of(process, std::process::id()));
                        return None;
                    }
                    self.reached(process, ip.to_string(), Some(port), way(process, stopped));
                    return Some(Errno::NETUNREACH);
                }
                let is_own =
                    address::is_own(ip) || (self.network && !self.resolver.serves(ip) && address::is_given(ip));
                if is_own && (self.network || port != super::resolver::PORT) {
                    return None;
                }
                if self.network && (ip.is_multicast() || ip.to_string() == "255.255.255.255") {
                    // Where a build gave itself a way for these, it stays within.
                    return None;
                }
                let name = {
                    let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
                    shared.names.of(ip).map(str::to_owned)
                };
                let way = way(process, stopped);
                // Resolvers ask in this way which of a name's addresses is near, and send nothing.
                let is_sorting = name.is_some() && way == Way::Udp && matches!(port, 0 | 9 | 65535);
                if !is_sorting {
                    let port = Some(port).filter(|port| *port != 0);
                    self.reached(process, name.unwrap_or_else(|| ip.to_string()), port, way);
                }
                Some(Errno::NETUNREACH)
            }
        }
    }

    /// Whether it made itself a network of its own, which is its own matter.
    fn is_elsewhere(&self, process: u32) -> bool {
        let network = std::fs::read_link(format!("/proc/{process}/ns/net")).ok();
        network.is_some() && network != self.own_network
    }

    fn reached(&self, process: u32, host: String, port: Option<u16>, way: Way) {
        let who = who::of(process, std::process::id());
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).reached(who, host, port, way);
    }
}

/// The addresses that a call names, from the memory of who makes it.
fn addresses(stopped: &Stopped) -> Vec<Address> {
    let Ok(memory) = std::fs::File::open(format!("/proc/{}/mem", stopped.thread)) else { return Vec::new() };
    let at = |pointer: u64, length: u64| {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0).min(address::LONGEST)];
        (pointer != 0 && memory.read_exact_at(&mut bytes, pointer).is_ok()).then_some(bytes)
    };
    let header = |pointer: u64| {
        let bytes = at(pointer, 16)?;
        let name = u64::from_ne_bytes(bytes[..8].try_into().ok()?);
        let length = u32::from_ne_bytes(bytes[8..12].try_into().ok()?);
        at(name, u64::from(length)).and_then(|bytes| address::of(&bytes))
    };
    let [_, second, third, _, fifth, sixth] = stopped.arguments;
    match libc::c_long::from(stopped.call) {
        libc::SYS_connect => at(second, third).and_then(|bytes| address::of(&bytes)).into_iter().collect(),
        libc::SYS_sendto => at(fifth, sixth).and_then(|bytes| address::of(&bytes)).into_iter().collect(),
        libc::SYS_sendmsg => header(second).into_iter().collect(),
        // 56 bytes of a header, and how much was sent.
        libc::SYS_sendmmsg => {
            (0..third.min(MOST_MESSAGES)).filter_map(|n| header(second.checked_add(n * 64)?)).collect()
        }
        _ => Vec::new(),
    }
}

fn way(process: u32, stopped: &Stopped) -> Way {
    use rustix::net::SocketType;
    match sockets::kind(process, stopped.arguments[0]) {
        Some(SocketType::DGRAM) => Way::Udp,
        Some(SocketType::STREAM) => Way::Tcp,
        _ => Way::Raw,
    }
}

fn is_readable(fd: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok()
        && fds[0].revents().intersects(PollFlags::IN | PollFlags::HUP)
        && !fds[0].revents().intersects(PollFlags::NVAL)
}

/// Ends whatever the command left, wherever it went: it is all below us.
fn kill_all() {
    for _ in 0..MOST_ROUNDS {
        let below = crate::group::below(std::process::id());
        crate::group::end_below(std::process::id());
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        if below.is_empty() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Packets and connections of this network that the kernel knew no way for.
fn unrouted() -> u64 {
    let read = |name: &str| {
        let mut text = String::new();
        let file = std::fs::File::open(format!("/proc/self/net/{name}")).ok()?;
        file.take(1 << 20).read_to_string(&mut text).ok()?;
        Some(text)
    };
    let v4 = read("snmp").and_then(|text| {
        let mut lines = text.lines().filter(|line| line.starts_with("Ip:"));
        let at = lines.next()?.split(' ').position(|name| name == "OutNoRoutes")?;
        lines.next()?.split(' ').nth(at)?.parse::<u64>().ok()
    });
    let v6 = read("snmp6")
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("Ip6OutNoRoutes")?.trim().parse::<u64>().ok()));
    v4.unwrap_or(0) + v6.unwrap_or(0)
}

/// Lines are cut here too, so that what is said in between has its place.
impl Lines {
    pub(super) fn last_words(&mut self) {
        self.end(false);
        self.end(true);
    }
}
