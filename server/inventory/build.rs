//! Tells the crate which target it was built for, the last resort when no toolchain says which the host is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=HOLDOVER_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
