//! What a server has mapped from files, its own code first, while it has nothing to do. May not give back what can have changed: the
//! system's call takes an address, see `give_back`.

#[cfg(target_os = "linux")]
use std::collections::HashSet;

/// Gives the code and the constants of this process that are in memory back to the system: what is used again is mapped
/// again from the page cache, with what lies around it, as at the start. Most of what starting and a first look need is not
/// used again for hours. Gives the bytes of the mappings that it was about; none on systems other than Linux.
///
/// # Errors
/// What the system said.
#[cfg(target_os = "linux")]
pub fn give_back_code() -> std::io::Result<u64> {
    let maps = crate::read_small(std::path::Path::new("/proc/self/smaps"), 16 << 20)?;
    let mut bytes = 0;
    for (start, end) in constant(&String::from_utf8_lossy(&maps)) {
        give_back(start, end - start)?;
        bytes += (end - start) as u64;
    }
    Ok(bytes)
}

/// The same elsewhere: nothing.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn give_back_code() -> std::io::Result<u64> {
    Ok(0)
}

/// The first address, and the one behind the last, of every mapping in the text of `/proc/self/smaps` that is of this program or
/// a library of its, and whose pages are those of the file: private, not to be written to, and without a page that was written to
/// before that became so (constants with addresses in them are, by the loader, and code in which a debugger put a stop). A file
/// without code is one that somebody reads, and may be gone from its addresses a moment later.
#[cfg(target_os = "linux")]
fn constant(smaps: &str) -> Vec<(usize, usize)> {
    let read_only = || smaps.lines().filter_map(ReadOnly::of);
    let with_code: HashSet<&str> = read_only().filter(|one| one.is_code).map(|one| one.path).collect();
    let mut found = Vec::new();
    let mut candidate = None;
    // Both must be told, and be nothing, of the mapping at hand.
    let mut unwritten = 0;
    for line in smaps.lines() {
        let first = line.split_ascii_whitespace().next().unwrap_or_default();
        match first {
            "Anonymous:" | "Swap:" => {
                unwritten += u32::from(line.split_ascii_whitespace().eq([first, "0", "kB"]));
                if unwritten == 2 {
                    found.extend(candidate.take());
                }
            }
            _ if first.ends_with(':') => {}
            _ => {
                let program = ReadOnly::of(line).filter(|one| with_code.contains(one.path));
                (candidate, unwritten) = (program.map(|one| (one.start, one.end)), 0);
            }
        }
    }
    found
}

/// A mapping that is private, of a file, and cannot be written to.
#[cfg(target_os = "linux")]
struct ReadOnly<'s> {
    start: usize,
    /// Behind its last byte.
    end: usize,
    is_code: bool,
    path: &'s str,
}

#[cfg(target_os = "linux")]
impl<'s> ReadOnly<'s> {
    /// As the first line about a mapping says.
    fn of(line: &'s str) -> Option<Self> {
        // 55d0c8e00000-55d0c9a00000 r-xp 00400000 fe:00 1234                       /usr/bin/holdover
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let may = fields.next()?;
        fields.nth(2)?;
        let path = &line[line.find('/')?..];
        (["r-xp", "r--p"].contains(&may) && start < end).then_some(Self { start, end, is_code: may == "r-xp", path })
    }
}

#[cfg(target_os = "linux")]
fn give_back(start: usize, length: usize) -> std::io::Result<()> {
    let at = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: the range is one whole mapping of this program or of a library of its, as the kernel just listed it, and nothing unmaps
    // those while it runs (none is loaded or unloaded at run time). It is private, of a file, without permission to write,
    // and the kernel says that none of its pages differs from the file's. It reads a page again when it is touched, this
    // function's own among them.
    unsafe { rustix::mm::madvise(at, length, rustix::mm::Advice::LinuxDontNeed) }.map_err(Into::into)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

    use super::*;

    /// Resident bytes of what [`constant`] means.
    fn resident() -> u64 {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let meant = constant(&text);
        let mut is_meant = false;
        let mut kibibytes = 0;
        for line in text.lines() {
            if let Some(rss) = line.strip_prefix("Rss:") {
                let rss: u64 = rss.trim().trim_end_matches(" kB").parse().unwrap();
                kibibytes += if is_meant { rss } else { 0 };
            } else if line.split_ascii_whitespace().next().is_some_and(|first| !first.ends_with(':')) {
                is_meant = ReadOnly::of(line).is_some_and(|one| meant.contains(&(one.start, one.end)));
            }
        }
        kibibytes * 1024
    }

    #[test]
    fn code_goes_and_comes_again_when_it_is_run() {
        let before = resident();
        assert!(before > 0 && give_back_code().unwrap() >= before);
        let after = resident();
        assert!(after < before, "{before} bytes, then {after}");
        // What was run before runs again, and constants are what they were.
        assert_eq!(jiff::Timestamp::UNIX_EPOCH.to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn only_what_is_as_in_its_file_is_meant() {
        let about = |first: &str, anonymous: &str, swap: &str| {
            format!(
                "{first}\nSize: 4 kB\nRss: 4 kB\nAnonymous: {anonymous} kB\nSwap: {swap} kB\nVmFlags: rd ex mr mw me\n"
            )
        };
        let code = "55d0c8e00000-55d0c9a00000 r-xp 00400000 fe:00 1234                       /usr/bin/holdover";
        let constants = "55d0c8a00000-55d0c8e00000 r--p 00000000 fe:00 1234                  /usr/bin/holdover";
        let text = about(constants, "0", "0") + &about(code, "0", "0");
        assert_eq!(constant(&text), [(0x55d0_c8a0_0000, 0x55d0_c8e0_0000), (0x55d0_c8e0_0000, 0x55d0_c9a0_0000)]);
        // Written to by the loader or a debugger, in memory or swapped out.
        assert_eq!(constant(&(about(constants, "4", "0") + &about(code, "0", "8"))), []);
        // A file that somebody reads has no code.
        let data =
            "7f5a3a400000-7f5a3a800000 r--p 00000000 fe:00 99                    /home/ann/.cargo/registry/a b.crate";
        assert_eq!(constant(&(about(data, "0", "0") + &about(code, "0", "0"))), [(0x55d0_c8e0_0000, 0x55d0_c9a0_0000)]);
        // Not told: no reason to believe it.
        assert_eq!(constant(&format!("{code}\nSize: 4 kB\nAnonymous: 0 kB\n{constants}\nSwap: 0 kB\n")), []);
        for other in [
            "55d0c8e00000-55d0c9a00000 rwxp 00400000 fe:00 1234 /usr/bin/holdover",
            "55d0c8e00000-55d0c9a00000 rw-p 00400000 fe:00 1234 /usr/bin/holdover",
            "55d0c8e00000-55d0c9a00000 r-xs 00400000 fe:00 1234 /usr/bin/holdover",
            "7fff0f5f2000-7fff0f5f4000 r-xp 00000000 00:00 0 [vdso]",
            "55d0c8e00000-55d0c9a00000 r-xp 00000000 00:00 0",
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]",
            "",
            "nonsense r-xp 0 0 0 /x",
        ] {
            assert_eq!(constant(&about(other, "0", "0")), [], "{other}");
        }
    }
}
