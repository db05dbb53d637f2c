//! How long a question to a remote may take, and whether it is still wanted.
//! It stops nothing by itself: whoever works looks here between two steps.

use crate::error::{Class, RemoteError};
use host::Cancel;
use std::time::{Duration, Instant};

/// Bounds of one question.
#[derive(Debug, Clone)]
pub struct Call {
    /// Set by whoever does not want the answer any more.
    pub cancel: Cancel,
    /// When no answer is waited for any longer.
    pub until: Instant,
}

impl Call {
    /// Bounds that end after a time.
    #[must_use]
    pub fn within(limit: Duration, cancel: &Cancel) -> Call {
        Call { cancel: cancel.clone(), until: Instant::now() + limit }
    }

    /// That the answer is still wanted, and time is left.
    pub fn goes_on(&self) -> Result<(), RemoteError> {
        if self.cancel.is_cancelled() {
            return Err(stopped());
        }
        if Instant::now() >= self.until {
            return Err(RemoteError::of_all(
                Class::Retry,
                "the remote did not answer in time",
                "look whether what it lies on still answers, and try again",
            ));
        }
        Ok(())
    }
}

pub(crate) fn stopped() -> RemoteError {
    RemoteError::of_all(Class::Stopped, "stopped, as was asked", "what had arrived by then is kept; try again")
}
