//! What is remembered between runs, and by whom.
//! May not decide what is worth remembering: it only says where it goes.

/// Keeps small results between runs. Keys are short ASCII; values are at most a few hundred kilobytes.
/// An entry may vanish at any time: that costs time, never correctness.
pub trait Memory: Send + Sync {
    /// The values of the keys, in their order; `None` where nothing is remembered.
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>>;
    /// Remembers entries, replacing older values.
    fn put_many(&self, entries: Vec<(String, Vec<u8>)>);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMemory;

impl Memory for NoMemory {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        vec![None; keys.len()]
    }

    fn put_many(&self, _entries: Vec<(String, Vec<u8>)>) {}
}

/// A key for something that belongs to one file: `inventory/<what>/<16 bytes of BLAKE3 of the path>`.
pub(crate) fn key(what: &str, path: &std::path::Path) -> String {
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    format!("inventory/{what}/{}", hex::encode(&hash.as_bytes()[..16]))
}
