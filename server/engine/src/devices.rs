//! Devices as the command line and editors deal with them: one step of letting a device in is one file that is carried over.
//! What a file is, is told from its contents; nothing here reads or writes the files themselves.

use crate::{Engine, EngineError};
use contract::{Device, DeviceKind, DeviceReport, DeviceState, JoinReport, JoinStep, RootReport};
use journal::{INVITATION, Journal, NO_PROJECT, Terms};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What an invitation is to allow, in times from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invite {
    /// What the device is used by.
    pub kind: DeviceKind,
    /// How long the invitation may be used.
    pub usable: Duration,
    /// How long the device counts; `None`: until it is revoked.
    pub counts: Option<Duration>,
}

fn from_now(span: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_add(span).as_millis()).unwrap_or(i64::MAX)
}

fn broken(error: &journal::JournalError) -> EngineError {
    EngineError::Journal { reason: error.to_string() }
}

impl Engine {
    /// Every device that is known. Reads the journal.
    pub fn devices(&self) -> Result<DeviceReport, EngineError> {
        self.journal()?.devices(NO_PROJECT).map_err(|e| broken(&e))
    }

    /// Names this device and the person at it; `None` leaves a name as it is. Answers with this device.
    pub fn name_device(&self, name: Option<&str>, person: Option<&str>) -> Result<Device, EngineError> {
        let journal = self.journal()?;
        if name.is_some() || person.is_some() {
            journal.name_device(name, person)?;
        }
        own(&journal)
    }

    /// The text that lets one device in. A secret until it was used.
    pub fn invite_device(&self, invite: Invite) -> Result<String, EngineError> {
        let terms =
            Terms { kind: invite.kind, until_ms: from_now(invite.usable), expires_ms: invite.counts.map(from_now) };
        Ok(self.journal()?.invite(NO_PROJECT, &terms)?)
    }

    /// Takes a device out, by its name or the beginning of its id.
    pub fn revoke_device(&self, device: &str, reason: &str) -> Result<Device, EngineError> {
        Ok(self.journal()?.revoke(NO_PROJECT, device, reason)?)
    }

    /// Which devices have a say in who is in, and what waits for signatures. Reads the journal.
    pub fn roots(&self) -> Result<RootReport, EngineError> {
        Ok(self.journal()?.roots(NO_PROJECT)?)
    }

    /// Names the devices that are to have a say from now on, and how many of them must sign the next set; signs it here.
    pub fn name_roots(&self, devices: &[String], threshold: u32) -> Result<RootReport, EngineError> {
        Ok(self.journal()?.name_roots(NO_PROJECT, devices, threshold)?)
    }

    /// Takes in what another member's device says of membership, as [`Engine::membership`] wrote it there.
    pub fn hear_membership(&self, contents: &[u8]) -> Result<(), EngineError> {
        Ok(self.journal()?.import_bundle(contents).map(drop)?)
    }

    /// What is known here of membership, to be carried to the others: signed, and no secret.
    pub fn membership(&self) -> Result<Vec<u8>, EngineError> {
        self.journal()?.bundle(NO_PROJECT).map_err(|e| broken(&e))
    }

    /// Signs a root set that waits, by the beginning of its id.
    pub fn sign_roots(&self, id: &str) -> Result<RootReport, EngineError> {
        Ok(self.journal()?.sign_roots(NO_PROJECT, id)?)
    }

    /// Lets in what was kept apart, by its id or the beginning of it. Answers with its device, and with how many segments came in.
    pub fn admit_apart(&self, id: &str, reason: &str) -> Result<(Device, u64), EngineError> {
        let journal = self.journal()?;
        let (segment, came) = journal.admit_apart(id, reason)?;
        Ok((one(&journal, &segment)?, came))
    }

    /// Throws away what was kept apart. Answers with its device.
    pub fn discard_apart(&self, id: &str, reason: &str) -> Result<Device, EngineError> {
        let journal = self.journal()?;
        let segment = journal.discard_apart(id, reason)?;
        one(&journal, &segment)
    }

    /// One step of letting a device in: an invitation is answered with a request, a request with an answer, and an answer ends
    /// it. The bytes are what has to be carried to the other side next, where something has to.
    pub fn join_device(&self, contents: &[u8]) -> Result<(JoinReport, Option<Vec<u8>>), EngineError> {
        let journal = self.journal()?;
        let text = std::str::from_utf8(contents).unwrap_or_default().trim();
        if text.starts_with(INVITATION) {
            let project = journal.ask(text)?;
            let bundle = journal.bundle(project).map_err(|e| broken(&e))?;
            return Ok((report(JoinStep::Asked, own(&journal)?), Some(bundle)));
        }
        let before = self.devices()?;
        journal.import_bundle(contents)?;
        let after = self.devices()?;
        let members = |report: &DeviceReport| -> Vec<Device> {
            report.devices.iter().filter(|device| device.state == DeviceState::Member).cloned().collect()
        };
        let known: Vec<String> = members(&before).into_iter().map(|device| device.id).collect();
        let new: Vec<Device> = members(&after).into_iter().filter(|device| !known.contains(&device.id)).collect();
        let this = own(&journal)?;
        let answered = new.iter().find(|device| device.enrolled_by.as_deref() == Some(this.id.as_str()));
        if let Some(device) = answered {
            let bundle = journal.bundle(NO_PROJECT).map_err(|e| broken(&e))?;
            return Ok((report(JoinStep::Answered, device.clone()), Some(bundle)));
        }
        let step = if this.state == DeviceState::Member && !known.contains(&this.id) {
            JoinStep::Joined
        } else {
            JoinStep::Nothing
        };
        Ok((report(step, this), None))
    }
}

fn report(step: JoinStep, device: Device) -> JoinReport {
    JoinReport { step, device, file: None }
}

/// The device of a segment, as it is known now; one of which nothing else is known has no more than its id.
fn one(journal: &Journal, segment: &journal::Quarantined) -> Result<Device, EngineError> {
    let id = segment.device_id();
    let known = journal.devices(NO_PROJECT).map_err(|e| broken(&e))?.devices;
    let stranger = || Device {
        name: format!("device-{}", &id[..6]),
        id: id.clone(),
        kind: DeviceKind::default(),
        state: DeviceState::Unknown,
        own: false,
        root: false,
        expires: None,
        enrolled_by: None,
        events: 0,
        held: 0,
        quarantined: Vec::new(),
    };
    Ok(known.into_iter().find(|device| device.id == id).unwrap_or_else(stranger))
}

fn own(journal: &Journal) -> Result<Device, EngineError> {
    let devices = journal.devices(NO_PROJECT).map_err(|e| broken(&e))?.devices;
    devices
        .into_iter()
        .find(|device| device.own)
        .ok_or_else(|| EngineError::Journal { reason: "it names no device".to_owned() })
}
