//! What the record bears out about root sets: worked out from the signed events, whose signatures and chains a verification proves.
//! It believes no table but that of which device membership began with, and changes nothing.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::member::{AFTER_CUTOFF, EXPIRED, Membership, NOT_ENROLLED, OF_PROJECT, Public, public_of};
use crate::store::NO_PROJECT;
use crate::time::now_ms;
use contract::RootVerdict;
use rusqlite::Connection;

impl Journal {
    /// One verdict for each project, and one for the devices as such, where somebody has named or signed a root set.
    pub fn root_verdicts(&self) -> Result<Vec<RootVerdict>, JournalError> {
        let own = public_of(&self.own_device()?.id).unwrap_or_default();
        self.read(|connection| {
            let mut projects: Vec<[u8; 16]> = connection
                .prepare("SELECT project FROM root WHERE project <> zeroblob(16) ORDER BY project")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            projects.insert(0, NO_PROJECT);
            let verdicts = projects.into_iter().map(|project| verdict(connection, own, project));
            verdicts.filter_map(Result::transpose).collect()
        })
    }
}

fn verdict(connection: &Connection, own: Public, project: [u8; 16]) -> rusqlite::Result<Option<RootVerdict>> {
    let members = Membership::of(connection, own, project)?;
    let now = &members.roots.now;
    let idle_signatures = members.idle_signatures();
    if now.version == 0 && members.roots.waiting.is_empty() && idle_signatures == 0 {
        return Ok(None);
    }
    let in_time = |device: &Public| {
        let expires = members.members.get(device).and_then(|member| member.expires);
        expires.is_none_or(|expires| now_ms() <= expires)
    };
    let lost: Vec<String> =
        now.devices.iter().filter(|device| !members.is_person(device) || !in_time(device)).map(hex::encode).collect();
    let held = format!(
        "SELECT count(*) FROM mark JOIN event ON event.pos = mark.pos JOIN log ON log.n = event.log
         WHERE mark.what = 'held' AND mark.detail IN (?1, ?3, ?4) AND {OF_PROJECT}"
    );
    let held: i64 = connection.query_row(&held, (AFTER_CUTOFF, project, NOT_ENROLLED, EXPIRED), |row| row.get(0))?;
    Ok(Some(RootVerdict {
        project: if project == NO_PROJECT { String::new() } else { hex::encode(project) },
        version: now.version,
        threshold: u32::try_from(now.threshold).unwrap_or(u32::MAX),
        devices: now.devices.iter().map(hex::encode).collect(),
        signed_by: now.signed.iter().map(hex::encode).collect(),
        waiting: members.roots.waiting.len() as u64,
        idle_signatures,
        can_change: now.devices.len() - lost.len() >= now.threshold,
        lost,
        held: held.unsigned_abs(),
    }))
}
