//! The `holdover` binary that tests drive: the one that was built last in the tests' own target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of the binary, built once for a test process. `HOLDOVER_TEST_BINARY` names another one, a release build for example.
///
/// # Panics
/// Where it cannot be built: a test without it would say nothing.
pub fn holdover() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(given) = std::env::var_os("HOLDOVER_TEST_BINARY") {
            return PathBuf::from(given);
        }
        // <target>/<profile>/deps/<test>
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile = test.parent().and_then(Path::parent).expect("a test lies in <target>/<profile>/deps");
        let release = profile.file_name().is_some_and(|name| name == "release");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--package", "holdover"]).args(release.then_some("--release"));
        cargo
            .current_dir(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
            .env("CARGO_TARGET_DIR", profile.parent().expect("<target>"));
        let built = cargo.status().expect("cargo is there, it runs this test");
        assert!(built.success(), "holdover could not be built");
        profile.join(format!("holdover{}", std::env::consts::EXE_SUFFIX))
    })
}
