//! Which system calls are asked about: those that name an address. A program for the kernel's classic BPF; it runs for every call
//! of every process of a build, so it looks at numbers alone. What the addresses are is for who is asked.

/// Offsets in `struct seccomp_data`.
const CALL: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// Of the fifth argument, low half first: all of these machines are little-endian.
const FIFTH: u32 = 16 + 8 * 4;

#[cfg(target_arch = "x86_64")]
const OWN: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const OWN: u32 = 0xc000_00b7;

/// x86-64's other numbering, x32, is this bit and more.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const ASK: u32 = libc::SECCOMP_RET_USER_NOTIF;
const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// `alone`: the filter is all that keeps the network away, so what it cannot read, calls of 32-bit programs, fails.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn program(alone: bool) -> Vec<libc::sock_filter> {
    let load = |offset| one(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    let give = |what| one(libc::BPF_RET | libc::BPF_K, 0, 0, what);
    let unless = |value| one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, value);
    let number = |call: libc::c_long| u32::try_from(call).unwrap_or(u32::MAX);
    let mut code = vec![load(ARCHITECTURE)];
    code.push(one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, OWN));
    // Without a network of its own nothing else would keep them from it.
    code.push(give(if alone { NO_SUCH_CALL } else { ALLOW }));
    code.push(load(CALL));
    #[cfg(target_arch = "x86_64")]
    code.extend([one(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32), give(NO_SUCH_CALL)]);
    // What is done through its queues is done by the kernel and passes no filter; programs have to cope without.
    code.extend([unless(number(libc::SYS_io_uring_setup)), give(NO_SUCH_CALL)]);
    for call in [libc::SYS_connect, libc::SYS_sendmsg, libc::SYS_sendmmsg] {
        code.extend([unless(number(call)), give(ASK)]);
    }
    // Most of these name no address: they send on what is connected.
    code.push(one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, number(libc::SYS_sendto)));
    code.push(give(ALLOW));
    code.extend([load(FIFTH), one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, 0), give(ASK)]);
    code.extend([load(FIFTH + 4), unless(0), give(ALLOW), give(ASK)]);
    code
}

/// On other machines no numbers are known: an empty program is none.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn program(_alone: bool) -> Vec<libc::sock_filter> {
    Vec::new()
}

fn one(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}
