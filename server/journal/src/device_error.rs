//! Why something about devices was refused, in words, with the next step.
//! It decides nothing.

use crate::device::MAX_DEVICE_NAME;
use crate::error::JournalError;
use crate::invite::InvitationError;

/// Why something about devices could not be done.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The text is no invitation.
    #[error("{0}\nhint: ask for the invitation again, and copy the whole line")]
    Invitation(#[from] InvitationError),
    /// Too late.
    #[error("the invitation ended {at}\nhint: ask for a new one")]
    Ended {
        /// RFC 3339.
        at: String,
    },
    /// It would have to answer to two memberships.
    #[error(
        "this device has a membership of its own already, which it cannot leave for another\nhint: invite the other device from here instead"
    )]
    Founded,
    /// Only a member that a person uses may.
    #[error(
        "this device may not {what}: {why}\nhint: do it on a device of a member; `holdover device list` shows which there are"
    )]
    MayNot {
        /// `invite` for example.
        what: &'static str,
        /// What it lacks.
        why: &'static str,
    },
    /// None has that name or begins so.
    #[error(
        "no device is called `{name}`\nhint: give its name or the beginning of its id, as `holdover device list` shows them"
    )]
    NoSuchDevice {
        /// What was asked for.
        name: String,
    },
    /// More than one.
    #[error(
        "{count} devices are called `{name}`\nhint: give more of its id, as `holdover device list --json` shows it"
    )]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many.
        count: usize,
    },
    /// A root set that could never sign the next, or that anybody could.
    #[error(
        "{threshold} of {devices} devices cannot be asked to sign\nhint: at least 1, and at most as many as there are in the set, which are 64 at most"
    )]
    Threshold {
        /// How many were to sign.
        threshold: u32,
        /// Of how many.
        devices: usize,
    },
    /// In a root set are devices of people that are in.
    #[error(
        "{device} cannot be in a root set: no member that a person uses\nhint: `holdover device list` shows which are"
    )]
    NoPerson {
        /// What it is called.
        device: String,
    },
    /// None of that id waits.
    #[error("no root set that waits has an id that begins with `{id}`\nhint: `holdover device roots` shows which do")]
    NoSuchRoots {
        /// What was asked for.
        id: String,
    },
    /// Neither in the old set nor in the new.
    #[error(
        "this device is in neither root set, so its signature would count for nothing\nhint: do it on a device that is in one; `holdover device roots` shows which are"
    )]
    NotConcerned,
    /// A name that is none.
    #[error("a name has 1 to {MAX_DEVICE_NAME} bytes and no control characters\nhint: choose another name")]
    BadName,
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
