//! Asks the linker to pack the program's relative relocations, 38,000 of them, which else are a megabyte that is read and
//! kept at every start. Only where what runs the program can unpack them: musl that is linked in, and glibc from 2.36 on.

use std::env::var;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") && unpacks() {
        // A linker that does not know it says so and goes on.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn unpacks() -> bool {
    let is = |variable: &str, value: &str| var(variable).is_ok_and(|is| is.split(',').any(|part| part == value));
    if is("CARGO_CFG_TARGET_ENV", "musl") {
        // Rust's own is new enough.
        return is("CARGO_CFG_TARGET_FEATURE", "crt-static");
    }
    // Built here to be run here, or on a machine with a newer C library.
    is("CARGO_CFG_TARGET_ENV", "gnu")
        && var("HOST") == var("TARGET")
        && glibc().is_some_and(|version| version >= (2, 36))
}

fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
