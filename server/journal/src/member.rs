//! Membership: which devices' events count, worked out from the signed events of the ctl lane alone.
//! The same events give the same answer on every device, in whatever order they came. It stores nothing.
//!
//! It begins with one device, the root. Who has a say is worked out with it (`roots.rs`). `device.enrolled` by a member that a person uses makes a member; `device.revoked`
//! ends it, with the last place of each of its logs that the revoker had. Events are taken in the order of (Lamport number,
//! log, place). A revocation counts for everything that the revoked device did after its cut-off, however early in that
//! order, so each new one begins the count again. Of two devices that revoke each other the earlier one wins.

use crate::chain::{LogId, lane_number};
use crate::header::Header;
use crate::roots::{Roots, Statement};
use crate::segment::Origin;
use crate::store::NO_PROJECT;
use contract::{DeviceKind, Lane};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ulid::Ulid;

/// A device's Ed25519 key.
pub(crate) type Public = [u8; 32];

/// Payload of `device.invited`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invited {
    pub invitation: Ulid,
    /// Hex of the public half of the invitation's one-time key.
    pub verifier: String,
    pub kind: DeviceKind,
    /// Until when it may be used, in milliseconds since 1970.
    pub until: i64,
    /// Until when the invited device counts.
    pub expires: Option<i64>,
    /// What the inviting device is called; the one with which a project began is in no enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<String>,
}

/// Payload of `device.asked`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub invitation: Ulid,
    pub name: String,
    /// Hex of a signature with the invitation's one-time key.
    pub proof: String,
}

/// Payload of `device.enrolled`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Enrolled {
    /// Hex.
    pub device: String,
    pub name: String,
    pub kind: DeviceKind,
    pub invitation: Ulid,
    pub expires: Option<i64>,
}

/// Payload of `device.revoked`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Revoked {
    /// Hex.
    pub device: String,
    /// The last place that counts, by log in hex. Of a log that is not listed nothing does.
    pub cutoff: BTreeMap<String, u64>,
    pub reason: String,
}

/// Payload of `device.admitted`: somebody has looked at what was kept apart, and it counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Admitted {
    /// Hex.
    pub device: String,
    /// Hex.
    pub log: String,
    /// The last place that counts.
    pub upto: u64,
    pub reason: String,
}

/// Where a device stands when something of it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Member,
    Revoked,
    Unknown,
}

/// One that was enrolled.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: Option<String>,
    pub kind: DeviceKind,
    pub expires: Option<i64>,
    pub by: Option<Public>,
}

/// Who is in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Membership {
    pub root: Public,
    pub members: BTreeMap<Public, Member>,
    pub invitations: BTreeMap<Ulid, (Public, Invited)>,
    pub roots: Roots,
    /// Who wants a device of the root set out, and from where on.
    accused: BTreeMap<Public, BTreeMap<Public, BTreeMap<LogId, u64>>>,
    used: BTreeSet<Ulid>,
    /// Devices that somebody enrolled who had no say in it, or with an invitation that had admitted another.
    refused: BTreeSet<Public>,
    /// Words on the root set that counted for nothing.
    idle_signatures: u64,
    cutoffs: BTreeMap<Public, BTreeMap<LogId, u64>>,
    admitted: BTreeMap<(Public, LogId), u64>,
}

/// A `device.` event.
struct Said {
    by: Public,
    log: LogId,
    seq: u64,
    kind: String,
    payload: Vec<u8>,
    wall_ms: i64,
}

impl Membership {
    /// Membership of a project as of now; of one into which nobody was invited, that of the devices as such, which are in all
    /// projects that have no members of their own. Reads every `device.` event: there are a few per device. It asks no mark,
    /// for a mark follows from what else has arrived; one that was written twice says nothing more the second time.
    pub fn of(connection: &Connection, own: Public, project: [u8; 16]) -> rusqlite::Result<Membership> {
        let mut find = connection.prepare_cached("SELECT device FROM root WHERE project = ?1")?;
        let mut root_of = |project: [u8; 16]| find.query_row([project], |row| row.get(0)).optional();
        let (project, root) = match root_of(project)? {
            Some(root) => (project, root),
            None => (NO_PROJECT, root_of(NO_PROJECT)?.unwrap_or(own)),
        };
        let mut said = connection.prepare_cached(
            "SELECT device.public, log.id, event.seq, event.kind, payload.bytes, event.wall_ms
             FROM event JOIN log ON log.n = event.log JOIN device ON device.n = log.device JOIN payload ON payload.pos = event.pos
             WHERE event.kind >= 'device.' AND event.kind < 'device/' AND log.project = ?1 AND log.lane = ?2
             ORDER BY event.lamport, log.id, event.seq",
        )?;
        let said: Vec<Said> = said
            .query_map((project, lane_number(Lane::Ctl)), |row| {
                Ok(Said {
                    by: row.get(0)?,
                    log: row.get(1)?,
                    seq: row.get::<_, i64>(2)?.unsigned_abs(),
                    kind: row.get(3)?,
                    payload: row.get(4)?,
                    wall_ms: row.get(5)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Membership::count(root, &said))
    }

    fn count(root: Public, said: &[Said]) -> Membership {
        let mut cutoffs: BTreeMap<Public, BTreeMap<LogId, u64>> = BTreeMap::new();
        loop {
            let founder = Member { name: None, kind: DeviceKind::Person, expires: None, by: None };
            let mut now = Membership {
                root,
                members: BTreeMap::from([(root, founder)]),
                cutoffs: cutoffs.clone(),
                roots: Roots::founded(root),
                ..Membership::default()
            };
            for said in said {
                now.hear(said);
                if now.cutoffs != cutoffs {
                    break;
                }
            }
            // Cut-offs only come and only sink, so this ends.
            if now.cutoffs == cutoffs {
                return now;
            }
            cutoffs = now.cutoffs;
        }
    }

    fn hear(&mut self, said: &Said) {
        let may = self.members.get(&said.by).is_some_and(|member| {
            member.kind == DeviceKind::Person && member.expires.is_none_or(|expires| said.wall_ms <= expires)
        });
        let may = may && self.is_before_cutoff(&said.by, &said.log, said.seq);
        if !may || said.kind != ROOTS && !self.roots.leads(&said.by) {
            self.pass_over(said);
            return;
        }
        if said.kind == ROOTS {
            // One who is to come in signs too, before it has a say.
            let statement = serde_json::from_slice::<Statement>(&said.payload);
            let counted = statement.is_ok_and(|statement| {
                let Membership { roots, members, .. } = self;
                // Whoever is taken out later does not undo the set in which it was: nobody would guard what the set guarded.
                let is_person =
                    |device: &Public| members.get(device).is_some_and(|member| member.kind == DeviceKind::Person);
                roots.hear(said.by, statement, is_person)
            });
            self.idle_signatures += u64::from(!counted);
            return;
        }
        match said.kind.as_str() {
            "device.invited" => {
                if let Ok(invited) = serde_json::from_slice::<Invited>(&said.payload) {
                    let inviter = invited.inviter.as_deref().and_then(|name| crate::device::good_name(name).ok());
                    if let Some(member) = self.members.get_mut(&said.by)
                        && member.name.is_none()
                    {
                        member.name = inviter;
                    }
                    self.invitations.entry(invited.invitation).or_insert((said.by, invited));
                }
            }
            "device.enrolled" => {
                let Ok(enrolled) = serde_json::from_slice::<Enrolled>(&said.payload) else { return };
                let Some(device) = public_of(&enrolled.device) else { return };
                // An invitation admits one device, and a device keeps its first enrolment.
                if self.members.contains_key(&device) {
                    return;
                }
                if !self.used.insert(enrolled.invitation) {
                    self.refused.insert(device);
                    return;
                }
                let Enrolled { name, kind, expires, .. } = enrolled;
                self.members.insert(device, Member { name: Some(name), kind, expires, by: Some(said.by) });
            }
            "device.revoked" => {
                let Ok(revoked) = serde_json::from_slice::<Revoked>(&said.payload) else { return };
                let Some(device) = public_of(&revoked.device) else { return };
                let cutoff: BTreeMap<LogId, u64> =
                    revoked.cutoff.iter().filter_map(|(log, seq)| Some((log_of(log)?, *seq))).collect();
                let together = if self.roots.guards(&device) {
                    let by = self.accused.entry(device).or_default();
                    by.insert(said.by, cutoff);
                    by.retain(|by, _| self.roots.now.devices.contains(by));
                    if by.len() < self.roots.now.threshold {
                        return;
                    }
                    by.values().cloned().collect()
                } else {
                    vec![cutoff]
                };
                // Of several the strictest holds: nothing counts that one of them leaves out.
                let stricter = |one: &BTreeMap<LogId, u64>, other: &BTreeMap<LogId, u64>| -> BTreeMap<LogId, u64> {
                    one.iter().filter_map(|(log, seq)| Some((*log, *other.get(log)?.min(seq)))).collect()
                };
                let all = self.cutoffs.get(&device).into_iter().chain(&together);
                let cutoff = all.cloned().reduce(|one, other| stricter(&one, &other)).unwrap_or_default();
                self.cutoffs.insert(device, cutoff);
            }
            "device.admitted" => {
                let Ok(admitted) = serde_json::from_slice::<Admitted>(&said.payload) else { return };
                let (Some(device), Some(log)) = (public_of(&admitted.device), log_of(&admitted.log)) else { return };
                let upto = self.admitted.entry((device, log)).or_default();
                *upto = admitted.upto.max(*upto);
            }
            _ => {}
        }
    }

    /// What somebody said who has no say.
    fn pass_over(&mut self, said: &Said) {
        match said.kind.as_str() {
            ROOTS => self.idle_signatures += 1,
            "device.enrolled" => {
                let enrolled = serde_json::from_slice::<Enrolled>(&said.payload).ok();
                self.refused.extend(enrolled.and_then(|enrolled| public_of(&enrolled.device)));
            }
            _ => {}
        }
    }

    /// Whether somebody let a device in who had no say in it, so that it is not in: by an earlier count it may have been.
    pub fn is_refused(&self, device: &Public) -> bool {
        self.refused.contains(device) && !self.members.contains_key(device)
    }

    /// How many words on the root set counted for nothing.
    pub fn idle_signatures(&self) -> u64 {
        self.idle_signatures
    }

    pub fn standing(&self, device: &Public) -> Standing {
        match () {
            () if self.cutoffs.contains_key(device) => Standing::Revoked,
            () if self.members.contains_key(device) => Standing::Member,
            () => Standing::Unknown,
        }
    }

    /// The last place of that log that counts for a revoked device.
    pub fn cutoff(&self, device: &Public, log: &LogId) -> u64 {
        self.revoked_at(device, log).max(self.admitted_upto(device, log))
    }

    /// The last place of that log that somebody has let in by hand; 0 where nobody has.
    pub fn admitted_upto(&self, device: &Public, log: &LogId) -> u64 {
        self.admitted.get(&(*device, *log)).copied().unwrap_or(0)
    }

    fn revoked_at(&self, device: &Public, log: &LogId) -> u64 {
        self.cutoffs.get(device).map_or(u64::MAX, |logs| logs.get(log).copied().unwrap_or(0))
    }

    /// What is let in by hand gives no say in who else is in, so that the count ends.
    fn is_before_cutoff(&self, device: &Public, log: &LogId, seq: u64) -> bool {
        seq <= self.revoked_at(device, log)
    }

    /// Why an event of a device that is in is not relied on.
    pub fn doubt(&self, origin: &Origin, header: &Header) -> Option<String> {
        if crate::planted("revoked-counts") {
            return None;
        }
        if header.seq > self.cutoff(&origin.device, &origin.log) {
            return Some(AFTER_CUTOFF.to_owned());
        }
        let expires = self.members.get(&origin.device).and_then(|member| member.expires);
        expires.filter(|expires| header.wall_ms > *expires).map(|_| EXPIRED.to_owned())
    }

    /// Whether a device is a member that a person uses, and was not taken out.
    pub fn is_person(&self, device: &Public) -> bool {
        !self.cutoffs.contains_key(device)
            && self.members.get(device).is_some_and(|member| member.kind == DeviceKind::Person)
    }

    /// What a device is called.
    pub fn name_of(&self, device: &Public) -> String {
        let name = self.members.get(device).and_then(|member| member.name.clone());
        name.unwrap_or_else(|| crate::device::name_of(device))
    }

    /// Devices that were revoked.
    pub fn revoked(&self) -> impl Iterator<Item = &Public> {
        self.cutoffs.keys()
    }

    /// Whether an invitation has admitted somebody.
    pub fn is_used(&self, invitation: &Ulid) -> bool {
        self.used.contains(invitation)
    }
}

/// Of `log`: whether its project, or that of the devices as such which stands in for it, is the one in parameter 2.
pub(crate) const OF_PROJECT: &str =
    "(log.project = ?2 OR ?2 = zeroblob(16) AND NOT EXISTS (SELECT 1 FROM root WHERE root.project = log.project))";

/// Kind of the events that sign a root set.
pub(crate) const ROOTS: &str = "device.roots";

/// What is said of events after a cut-off.
pub(crate) const AFTER_CUTOFF: &str = "its device was revoked before it";

/// What is said of events of a device that was let in by nobody who has a say in it.
pub(crate) const NOT_ENROLLED: &str = "its device was let in by nobody who may";

/// What is said of events after a device's time.
pub(crate) const EXPIRED: &str = "its device's time had passed";

/// A key from its hex.
pub(crate) fn public_of(text: &str) -> Option<Public> {
    let mut public = [0; 32];
    hex::decode_to_slice(text, &mut public).ok().map(|()| public)
}

fn log_of(text: &str) -> Option<LogId> {
    let mut log = [0; 16];
    hex::decode_to_slice(text, &mut log).ok().map(|()| log)
}
