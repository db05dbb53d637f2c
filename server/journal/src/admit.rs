//! What was kept apart is let in or thrown away by hand: a person looks, decides, and the decision is an event.
//! Letting in is said to every device of the project, which then does the same; throwing away is this device's own affair.

use crate::device_error::DeviceError;
use crate::draft::Draft;
use crate::error::JournalError;
use crate::import::{MAX_BY_HAND, Reason};
use crate::journal::Journal;
use crate::member::Admitted;
use crate::quarantine::Quarantined;
use crate::segment::Segment;
use crate::store::NO_PROJECT;
use rusqlite::OptionalExtension;
use serde_json::json;

/// Shortest beginning of an id that names a segment.
const SHORTEST: usize = 4;

/// What is kept apart could not be let in or thrown away.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// None begins so.
    #[error(
        "nothing that is kept apart is called `{name}`\nhint: give its id or the beginning of it, as `holdover device list` shows it"
    )]
    NoSuchSegment {
        /// What was asked for.
        name: String,
    },
    /// More than one.
    #[error(
        "{count} segments that are kept apart are called `{name}`\nhint: give more of the id, as `holdover device list --json` shows it"
    )]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many.
        count: usize,
    },
    /// It can never stand beside what is here.
    #[error("this cannot be let in: {detail}\nhint: `holdover device discard` throws it away")]
    Never {
        /// Why it is kept apart.
        detail: String,
    },
    /// Something else has to be let in before.
    #[error(
        "this cannot be let in before what stands in front of it: {detail}\nhint: let that in; this follows by itself"
    )]
    Follows {
        /// Why it is kept apart.
        detail: String,
    },
    /// This device may not, or the journal could not.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Journal {
    /// Lets in what was kept apart because its device is unknown or was revoked, or because of its clock: its events up to the last
    /// of the segment count, here and on every device that hears of it. Answers with the segment, and with how many came in.
    pub fn admit_apart(&self, name: &str, reason: &str) -> Result<(Quarantined, u64), AdmitError> {
        let found = self.find_apart(name)?;
        let is = |reason: Reason| found.reason == reason.word();
        if is(Reason::Follows) {
            return Err(AdmitError::Follows { detail: found.detail });
        }
        if !is(Reason::UnknownDevice) && !is(Reason::Revoked) && !is(Reason::ClockJump) {
            return Err(AdmitError::Never { detail: found.detail });
        }
        let (actor, hash) = (self.person()?, found.id.clone());
        let admitted = Admitted {
            device: hex::encode(found.device),
            log: hex::encode(found.log),
            upto: found.last,
            reason: reason.to_owned(),
        };
        let came = self.write(true, move |tx| {
            let bytes = tx.apart_by_hash(&hash)?;
            let Ok(segment) = Segment::read(&bytes) else { return Ok(Ok(0)) };
            if let Some((header, _)) = segment.records.iter().find(|(header, _)| header.lamport > MAX_BY_HAND) {
                let number = header.lamport;
                let detail = format!("its Lamport number {number} would use up those that are left");
                return Ok(Err(AdmitError::Never { detail }));
            }
            let project = tx.member_project(segment.origin.project)?;
            if let Err(error) = tx.may(project, "let in what is kept apart")? {
                return Ok(Err(error.into()));
            }
            tx.say("device.admitted", project, &actor, &admitted)?;
            tx.hold(project)?;
            Ok(Ok(tx.release()?))
        })??;
        Ok((found, came))
    }

    /// Throws away what was kept apart, and does not keep it again when it comes again.
    pub fn discard_apart(&self, name: &str, reason: &str) -> Result<Quarantined, AdmitError> {
        let found = self.find_apart(name)?;
        let actor = self.person()?;
        let payload = json!({
            "device": hex::encode(found.device), "log": hex::encode(found.log), "first": found.first, "last": found.last,
            "was": found.reason, "reason": reason,
        });
        let hash = found.id.clone();
        self.write(true, move |tx| {
            // The row stays, so that the segment is known; its bytes go.
            tx.connection
                .execute("UPDATE quarantine SET reason = 'discarded', bytes = x'' WHERE hex(hash) = upper(?1)", [&hash])
                .map_err(|e| tx.error(&e))?;
            tx.append(&Draft { actor, intent: true, ..Draft::observation("quarantine.discarded", payload) })
        })?;
        Ok(found)
    }

    fn find_apart(&self, name: &str) -> Result<Quarantined, AdmitError> {
        let name = name.trim().to_lowercase();
        let mut found: Vec<Quarantined> = if name.len() < SHORTEST {
            Vec::new()
        } else {
            self.quarantined()?.into_iter().filter(|segment| segment.id.starts_with(&name)).collect()
        };
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(AdmitError::NoSuchSegment { name }),
            count => Err(AdmitError::Ambiguous { name, count }),
        }
    }
}

impl crate::tx::Tx<'_> {
    fn apart_by_hash(&self, hash: &str) -> Result<Vec<u8>, JournalError> {
        self.connection
            .prepare_cached("SELECT bytes FROM quarantine WHERE hex(hash) = upper(?1)")
            .and_then(|mut find| find.query_row([hash], |row| row.get(0)))
            .map_err(|e| self.error(&e))
    }

    /// Where a project's membership is said.
    fn member_project(&self, project: [u8; 16]) -> Result<[u8; 16], JournalError> {
        let own: Option<i64> = self
            .connection
            .prepare_cached("SELECT 1 FROM root WHERE project = ?1")
            .and_then(|mut find| find.query_row([project], |row| row.get(0)).optional())
            .map_err(|e| self.error(&e))?;
        Ok(if own.is_some() { project } else { NO_PROJECT })
    }
}
