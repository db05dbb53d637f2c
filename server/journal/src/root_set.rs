//! Naming a root set, signing one that somebody else named, and showing what stands and what waits.
//! It writes signed events of the ctl lane; what they amount to is worked out in `roots.rs`.

use crate::device_error::DeviceError;
use crate::journal::Journal;
use crate::member::{Membership, Public, ROOTS, public_of};
use crate::roots::{MOST, RootSet};
use contract::RootReport;
use std::collections::BTreeSet;

/// Shortest beginning of an id that names a root set that waits.
const SHORTEST: usize = 4;

impl Journal {
    /// The root set in force, and those that wait for signatures. Reads the events about devices.
    pub fn roots(&self, project: [u8; 16]) -> Result<RootReport, DeviceError> {
        let own = public_of(&self.own_device()?.id).unwrap_or_default();
        Ok(report(&self.read(|connection| Membership::of(connection, own, project))?))
    }

    /// Names the root set that is to follow, and signs it with this device: devices by their names or the beginnings of their
    /// ids, and how many of them are to sign the one after it.
    pub fn name_roots(&self, project: [u8; 16], devices: &[String], threshold: u32) -> Result<RootReport, DeviceError> {
        let known = self.devices(project)?.devices;
        let mut named: BTreeSet<Public> = BTreeSet::new();
        for name in devices {
            named.extend(public_of(&crate::device::find(&known, name)?.id));
        }
        if named.len() > MOST || !(1..=named.len()).contains(&(threshold as usize)) {
            return Err(DeviceError::Threshold { threshold, devices: named.len() });
        }
        let actor = self.person()?;
        self.write(true, move |tx| {
            let members = match tx.may_sign(project, "name a root set")? {
                Ok(members) => members,
                Err(error) => return Ok(Err(error)),
            };
            if let Some(no) = named.iter().find(|device| !members.is_person(device)) {
                return Ok(Err(DeviceError::NoPerson { device: members.name_of(no) }));
            }
            let statement = members.roots.next(&named, threshold);
            if !members.roots.concerns(&tx.device.public(), &named) {
                return Ok(Err(DeviceError::NotConcerned));
            }
            tx.say(ROOTS, project, &actor, &statement)?;
            tx.hold(project)?;
            Ok(Ok(()))
        })??;
        self.roots(project)
    }

    /// Signs, with this device, a root set that waits, by the beginning of its id.
    pub fn sign_roots(&self, project: [u8; 16], id: &str) -> Result<RootReport, DeviceError> {
        let (actor, id) = (self.person()?, id.trim().to_lowercase());
        self.write(true, move |tx| {
            let members = match tx.may_sign(project, "sign a root set")? {
                Ok(members) => members,
                Err(error) => return Ok(Err(error)),
            };
            let waiting = members.roots.waiting.iter();
            let found: Vec<_> = waiting
                .filter(|(hash, _)| id.len() >= SHORTEST && hex::encode(hash).starts_with(&id))
                .map(|(_, waiting)| waiting)
                .collect();
            let [(statement, set)] = found[..] else { return Ok(Err(DeviceError::NoSuchRoots { id })) };
            let own = tx.device.public();
            if !members.roots.concerns(&own, &set.devices) {
                return Ok(Err(DeviceError::NotConcerned));
            }
            if !set.signed.contains(&own) {
                tx.say(ROOTS, project, &actor, statement)?;
                tx.hold(project)?;
            }
            Ok(Ok(()))
        })??;
        self.roots(project)
    }
}

fn report(members: &Membership) -> RootReport {
    let shown = |set: &RootSet| contract::RootSet {
        id: hex::encode(set.hash),
        version: set.version,
        threshold: u32::try_from(set.threshold).unwrap_or(u32::MAX),
        devices: set.devices.iter().map(hex::encode).collect(),
        signed_by: set.signed.iter().map(hex::encode).collect(),
    };
    let waiting = members.roots.waiting.values().map(|(_, set)| shown(set)).collect();
    RootReport { now: shown(&members.roots.now), waiting }
}
