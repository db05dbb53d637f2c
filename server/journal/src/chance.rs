//! Random numbers, from the system. It keeps none of them.
//! With the feature `simulated` they come from a simulation's seed instead: see `simulated.rs`.

use ulid::Ulid;

/// Fills all of it.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    #[cfg(feature = "simulated")]
    if crate::simulated::draw(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes)
}

/// A name that nothing has, by the clock and by chance.
pub(crate) fn ulid() -> Ulid {
    #[cfg(feature = "simulated")]
    if let Some(id) = crate::simulated::ulid() {
        return id;
    }
    Ulid::generate()
}
