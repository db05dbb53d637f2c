//! How much memory it may take: what a model needs by its header is compared with what there is, and a limit of the system's stands behind that.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::atomic::{AtomicU64, Ordering};

/// What was asked for at the start; 0: nothing.
static MOST: AtomicU64 = AtomicU64::new(0);
/// What the process takes besides the model: threads, the allocator's rooms for each.
const BESIDE: u64 = 512 << 20;

/// Notes what may be taken at most.
pub(crate) fn start(most: Option<u64>) {
    MOST.store(most.unwrap_or(0), Ordering::Relaxed);
    if let Some(most) = most {
        limit(most);
    }
}

/// Whether there is room for so many bytes; if so, no more than that and a half can be taken from now on.
pub(crate) fn claim(needed: u64) -> Result<(), (String, String)> {
    let most = MOST.load(Ordering::Relaxed);
    let size = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    if most > 0 && needed > most {
        let what = format!("the model needs about {} of memory, and {} is what it may take", size(needed), size(most));
        return Err((what, "use a smaller model, or one with fewer bits a number".into()));
    }
    if let Some(free) = free().filter(|free| needed > *free) {
        let what = format!("the model needs about {} of memory, and {} is free", size(needed), size(free));
        return Err((what, "close other programs, or use a smaller model: `holdover model use NAME`".into()));
    }
    let ceiling = needed.saturating_add(needed / 2).saturating_add(BESIDE);
    limit(if most > 0 { ceiling.min(most) } else { ceiling });
    Ok(())
}

fn limit(bytes: u64) {
    let now = getrlimit(Resource::Data);
    let bytes = now.maximum.map_or(bytes, |most| most.min(bytes));
    // Only the first of the two: another model may need more.
    let _ = setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: now.maximum });
}

/// What the system could give, in bytes.
fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
