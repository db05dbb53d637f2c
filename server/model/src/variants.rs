//! Which build runs. The engine's kernels are chosen when it is built: one that was built for every processor is about fifty times slower than
//! one that may use what this processor has. So the plain build looks for a better one beside it and becomes that.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// Set for the process that a choice was made for already; also how many threads it has.
const CHOSEN: &str = "HOLDOVER_MODEL_BUILD";
/// What the engine reads the number of its threads from.
const THREADS: &str = "RAYON_NUM_THREADS";

/// Builds that may lie beside the plain one, the best first, and whether this processor has what they need.
fn builds() -> [(&'static str, bool); 2] {
    #[cfg(target_arch = "x86_64")]
    let avx2 = ["avx2", "fma", "f16c", "bmi1", "bmi2", "lzcnt", "movbe"].into_iter().all(has);
    #[cfg(not(target_arch = "x86_64"))]
    let avx2 = false;
    // What was built on this machine, for this machine.
    [("native", is_of_this_machine()), ("avx2", avx2)]
}

#[cfg(target_arch = "x86_64")]
fn has(feature: &str) -> bool {
    match feature {
        "avx2" => std::is_x86_feature_detected!("avx2"),
        "fma" => std::is_x86_feature_detected!("fma"),
        "f16c" => std::is_x86_feature_detected!("f16c"),
        "bmi1" => std::is_x86_feature_detected!("bmi1"),
        "bmi2" => std::is_x86_feature_detected!("bmi2"),
        "lzcnt" => std::is_x86_feature_detected!("lzcnt"),
        "movbe" => std::is_x86_feature_detected!("movbe"),
        _ => false,
    }
}

/// Beside a build for this very machine lies what its processor was called.
fn is_of_this_machine() -> bool {
    let Ok(own) = std::env::current_exe() else { return false };
    let noted = std::fs::read_to_string(own.with_file_name("holdover-model-native.cpu"));
    noted.is_ok_and(|noted| processor().is_some_and(|is| is == noted.trim()))
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    Some(blake3::hash(flags.as_bytes()).to_hex().to_string())
}

/// Says what this machine's processor is, for the build that is to be run by such alone.
pub(crate) fn name_processor() -> ExitCode {
    let Some(processor) = processor() else { return ExitCode::FAILURE };
    let said = writeln!(std::io::stdout(), "{processor}");
    if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether this build may use what the engine has fast kernels for.
const FAST: bool = cfg!(any(target_feature = "avx2", target_arch = "aarch64"));

/// Becomes the best build for this machine, with as many threads as it has cores; comes back in the one that runs, and says what is wrong with it.
pub(crate) fn choose() -> Option<&'static str> {
    if std::env::var_os(CHOSEN).is_none()
        && let Ok(own) = std::env::current_exe()
    {
        let name = |build: &str| own.with_file_name(format!("holdover-model-{build}{}", std::env::consts::EXE_SUFFIX));
        let better = builds().into_iter().filter(|(_, fits)| *fits && !FAST).map(|(build, _)| (build, name(build)));
        let found = better.into_iter().find(|(_, path)| path.is_file());
        let (build, path) = found.unwrap_or(("this", own));
        // Only where it cannot be run does this come back.
        let failed = Command::new(&path)
            .args(std::env::args_os().skip(1))
            .env(CHOSEN, build)
            .env(THREADS, threads().to_string())
            .exec();
        eprintln!("holdover-model: {} cannot be run: {failed}", path.display());
    }
    let slow = "this build of holdover-model uses nothing of what this processor has, and is some fifty times slower than it could be: install one that \
                was built for it";
    (!FAST).then_some(slow)
}

/// The cores; half of them where the machine runs on its battery.
fn threads() -> usize {
    let cores = num_cpus::get_physical().max(1);
    if on_battery() { cores.div_ceil(2) } else { cores }
}

fn on_battery() -> bool {
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let Ok(supplies) = std::fs::read_dir("/sys/class/power_supply") else { return false };
    let mains: Vec<String> = supplies
        .flatten()
        .filter(|supply| read(supply.path().join("type")).trim() == "Mains")
        .map(|supply| read(supply.path().join("online")))
        .collect();
    !mains.is_empty() && mains.iter().all(|online| online.trim() == "0")
}
