//! Devices as people deal with them: naming this one, inviting, asking, enrolling, revoking, listing.
//! It writes signed events of the ctl lane; what they amount to is worked out in `member.rs`.

use crate::chain::{LogId, lane_number};
use crate::device_error::DeviceError;
use crate::draft::{Draft, holdover};
use crate::error::JournalError;
use crate::invite::{Invitation, is_proven};
use crate::journal::Journal;
use crate::member::{Asked, Enrolled, Invited, Membership, OF_PROJECT, Public, Revoked};
use crate::segment::Segment;
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use contract::{Actor, ActorKind, Device, DeviceKind, DeviceReport, DeviceState, Lane, QuarantinedSegment};
use rusqlite::OptionalExtension;
use std::collections::BTreeMap;
use ulid::Ulid;
use zeroize::Zeroizing;

/// Longest name of a device or person, in bytes.
pub const MAX_DEVICE_NAME: usize = 64;

/// This device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDevice {
    /// Its Ed25519 key in hex.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The name under which its person's doing is shown to others, where that was said.
    pub person: Option<String>,
}

/// What an invitation is to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What the device is used by.
    pub kind: DeviceKind,
    /// Until when the invitation may be used, in milliseconds since 1970.
    pub until_ms: i64,
    /// Until when the device counts.
    pub expires_ms: Option<i64>,
}

/// A name that says nothing about the machine: from the key, which is random.
pub(crate) fn name_of(public: &Public) -> String {
    format!("device-{}", hex::encode(&public[..3]))
}

pub(crate) fn good_name(name: &str) -> Result<String, DeviceError> {
    let name = name.trim();
    let good = (1..=MAX_DEVICE_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    good.then(|| name.to_owned()).ok_or(DeviceError::BadName)
}

impl Journal {
    /// This device. Its key pair was made with the journal.
    pub fn own_device(&self) -> Result<OwnDevice, JournalError> {
        self.read(|connection| {
            let row = "SELECT public, name, person FROM device WHERE secret IS NOT NULL ORDER BY n LIMIT 1";
            connection.prepare_cached(row)?.query_row([], |row| {
                let public: Public = row.get(0)?;
                let name: Option<String> = row.get(1)?;
                Ok(OwnDevice {
                    id: hex::encode(public),
                    name: name.unwrap_or_else(|| name_of(&public)),
                    person: row.get(2)?,
                })
            })
        })
    }

    /// Who does what a person does here, as others will see it: the name that was given for that, else the device's. Never the
    /// account's name, which nobody agreed to show.
    pub fn person(&self) -> Result<Actor, JournalError> {
        let device = self.own_device()?;
        Ok(Actor { kind: ActorKind::Person, name: device.person.unwrap_or(device.name), model: None, prompt: None })
    }

    /// Names this device, and the person at it; `None` leaves a name as it is.
    pub fn name_device(&self, name: Option<&str>, person: Option<&str>) -> Result<OwnDevice, DeviceError> {
        let name = name.map(good_name).transpose()?;
        let person = person.map(good_name).transpose()?;
        self.write(true, move |tx| {
            tx.connection
                .execute(
                    "UPDATE device SET name = coalesce(?2, name), person = coalesce(?3, person) WHERE n = ?1",
                    (tx.device.n, name, person),
                )
                .map(drop)
                .map_err(|e| tx.error(&e))
        })?;
        Ok(self.own_device()?)
    }

    /// Invites one device. The text is a secret until it was used: who has it may join.
    pub fn invite(&self, project: [u8; 16], terms: &Terms) -> Result<String, DeviceError> {
        let (actor, terms, name) = (self.person()?, terms.clone(), self.own_device()?.name);
        let mut secret = Zeroizing::new([0; 32]);
        crate::chance::fill(secret.as_mut_slice())
            .map_err(|e| JournalError::InvalidDraft { detail: format!("no random numbers: {e}") })?;
        self.write(true, move |tx| {
            let members = tx.may(project, "invite")?;
            let members = match members {
                Ok(members) => members,
                Err(error) => return Ok(Err(error)),
            };
            let invitation = Invitation {
                id: crate::chance::ulid(),
                project,
                root: members.root,
                inviter: tx.device.public(),
                kind: terms.kind,
                until: terms.until_ms,
                expires: terms.expires_ms,
                secret,
            };
            tx.set_root(project, &members.root)?;
            let invited = Invited {
                invitation: invitation.id,
                verifier: invitation.verifier(),
                kind: terms.kind,
                until: terms.until_ms,
                expires: terms.expires_ms,
                inviter: Some(name),
            };
            tx.say("device.invited", project, &actor, &invited)?;
            Ok(Ok(invitation.write(&tx.device.signing)))
        })?
    }

    /// Asks to be let in with an invitation. Answers with the project; what is sealed of the ctl lane from now on carries the
    /// request. May be done again.
    pub fn ask(&self, text: &str) -> Result<[u8; 16], DeviceError> {
        let invitation = Invitation::read(text)?;
        if now_ms() > invitation.until {
            return Err(DeviceError::Ended { at: rfc3339(invitation.until) });
        }
        let device = self.own_device()?;
        let actor = self.person()?;
        self.write(true, move |tx| {
            let own = tx.device.public();
            let members = tx.membership(invitation.project)?;
            let founded = members.root == own && (members.members.len() > 1 || !members.invitations.is_empty());
            if invitation.root != members.root && (founded || tx.has_root(invitation.project)?) {
                return Ok(Err(DeviceError::Founded));
            }
            tx.set_root(invitation.project, &invitation.root)?;
            let asked = Asked { invitation: invitation.id, name: device.name, proof: invitation.proof(&own) };
            tx.say("device.asked", invitation.project, &actor, &asked)?;
            // What came before the root was known may pass now.
            tx.release()?;
            Ok(Ok(invitation.project))
        })?
    }

    /// Takes a device out: what it wrote up to what is here counts, what comes after is kept apart or marked. `device` is its
    /// name, or the beginning of its id.
    pub fn revoke(&self, project: [u8; 16], device: &str, reason: &str) -> Result<Device, DeviceError> {
        let target = find(&self.devices(project)?.devices, device)?;
        let public = crate::member::public_of(&target.id).unwrap_or_default();
        let (actor, reason) = (self.person()?, reason.to_owned());
        self.write(true, move |tx| {
            if let Err(error) = tx.may(project, "revoke")? {
                return Ok(Err(error));
            }
            let cutoff = tx.logs_of(&public, project)?;
            let revoked = Revoked { device: hex::encode(public), cutoff, reason };
            tx.say("device.revoked", project, &actor, &revoked)?;
            tx.hold(project)?;
            Ok(Ok(()))
        })??;
        find(&self.devices(project)?.devices, &target.id)
    }

    /// Every device that is known, and what of it is kept apart.
    pub fn devices(&self, project: [u8; 16]) -> Result<DeviceReport, JournalError> {
        let own = self.own_device()?;
        let own_public = crate::member::public_of(&own.id).unwrap_or_default();
        let apart = self.quarantined()?;
        let (members, counts) = self
            .read(|connection| Ok((Membership::of(connection, own_public, project)?, counts(connection, project)?)))?;
        let mut known: Vec<Public> =
            members.members.keys().chain(members.revoked()).chain([&own_public]).copied().collect();
        known.extend(apart.iter().map(|segment| segment.device));
        known.sort_unstable();
        known.dedup();
        let mut devices: Vec<Device> = known
            .iter()
            .map(|public| {
                let member = members.members.get(public);
                let is_own = *public == own_public;
                let name = member.and_then(|member| member.name.clone()).unwrap_or_else(|| name_of(public));
                let expires = member.and_then(|member| member.expires);
                let (events, held) = counts.get(public).copied().unwrap_or_default();
                Device {
                    id: hex::encode(public),
                    name: if is_own { own.name.clone() } else { name },
                    kind: member.map(|member| member.kind).unwrap_or_default(),
                    state: state(&members, public, is_own),
                    own: is_own,
                    root: *public == members.root,
                    expires: expires.map(rfc3339),
                    enrolled_by: member.and_then(|member| member.by).map(hex::encode),
                    events,
                    held,
                    quarantined: apart.iter().filter(|segment| segment.device == *public).map(shown).collect(),
                }
            })
            .collect();
        devices.sort_by(|a, b| (!a.own, &a.name, &a.id).cmp(&(!b.own, &b.name, &b.id)));
        Ok(DeviceReport { devices })
    }
}

fn shown(segment: &crate::quarantine::Quarantined) -> QuarantinedSegment {
    QuarantinedSegment {
        id: segment.id.clone(),
        log: hex::encode(segment.log),
        first: segment.first,
        last: segment.last,
        reason: segment.reason.clone(),
        detail: segment.detail.clone(),
        at: segment.at.clone(),
    }
}

fn state(members: &Membership, public: &Public, own: bool) -> DeviceState {
    use crate::member::Standing;
    match (members.standing(public), members.members.get(public)) {
        (Standing::Revoked, _) => DeviceState::Revoked,
        (_, Some(member)) if member.expires.is_some_and(|expires| now_ms() > expires) => DeviceState::Expired,
        (_, Some(_)) => DeviceState::Member,
        // It named another root, and waits for its answer.
        (_, None) if own => DeviceState::Asking,
        (_, None) => DeviceState::Unknown,
    }
}

/// Events, and those that are held, by device.
fn counts(connection: &rusqlite::Connection, project: [u8; 16]) -> rusqlite::Result<BTreeMap<Public, (u64, u64)>> {
    connection
        .prepare_cached(&format!(
            "SELECT device.public, sum(log.head_seq),
                    (SELECT count(*) FROM mark JOIN event ON event.pos = mark.pos JOIN log held ON held.n = event.log
                     WHERE mark.what = 'held' AND held.device = device.n)
             FROM log JOIN device ON device.n = log.device WHERE {} GROUP BY device.n",
            OF_PROJECT.replace("?2", "?1")
        ))?
        .query_map([project], |row| {
            Ok((row.get(0)?, (row.get::<_, i64>(1)?.unsigned_abs(), row.get::<_, i64>(2)?.unsigned_abs())))
        })?
        .collect()
}

pub(crate) fn find(devices: &[Device], name: &str) -> Result<Device, DeviceError> {
    let by_name: Vec<&Device> = devices.iter().filter(|device| device.name == name).collect();
    let by_id = || devices.iter().filter(|device| name.len() >= 4 && device.id.starts_with(name)).collect();
    let found: Vec<&Device> = if by_name.is_empty() { by_id() } else { by_name };
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(DeviceError::NoSuchDevice { name: name.to_owned() }),
        many => Err(DeviceError::Ambiguous { name: name.to_owned(), count: many.len() }),
    }
}

impl Tx<'_> {
    fn membership(&mut self, project: [u8; 16]) -> Result<Membership, JournalError> {
        self.settle()?;
        Membership::of(self.connection, self.device.public(), project).map_err(|e| self.error(&e))
    }

    /// The membership, if this device may change it.
    pub(crate) fn may(
        &mut self,
        project: [u8; 16],
        what: &'static str,
    ) -> Result<Result<Membership, DeviceError>, JournalError> {
        let members = self.may_sign(project, what)?;
        let leads = |members: Membership| {
            let why = "a root set was named, and it is not in it";
            if members.roots.leads(&self.device.public()) {
                Ok(members)
            } else {
                Err(DeviceError::MayNot { what, why })
            }
        };
        Ok(members.and_then(leads))
    }

    /// The membership, if this device is a member that a person uses: it may sign a root set.
    pub(crate) fn may_sign(
        &mut self,
        project: [u8; 16],
        what: &'static str,
    ) -> Result<Result<Membership, DeviceError>, JournalError> {
        let members = self.membership(project)?;
        let own = self.device.public();
        let why = match members.members.get(&own) {
            None => Some("no member has let it in yet"),
            Some(_) if members.revoked().any(|revoked| *revoked == own) => Some("it was revoked"),
            Some(member) if member.kind != DeviceKind::Person => Some("it is not a person's"),
            Some(member) if member.expires.is_some_and(|expires| now_ms() > expires) => Some("its time has passed"),
            Some(_) => None,
        };
        Ok(why.map_or(Ok(members), |why| Err(DeviceError::MayNot { what, why })))
    }

    pub(crate) fn say(
        &mut self,
        kind: &str,
        project: [u8; 16],
        actor: &Actor,
        payload: &impl serde::Serialize,
    ) -> Result<Ulid, JournalError> {
        let payload =
            serde_json::to_value(payload).map_err(|e| JournalError::InvalidDraft { detail: e.to_string() })?;
        let draft = Draft { lane: Lane::Ctl, actor: actor.clone(), intent: true, ..Draft::observation(kind, payload) };
        self.append_in(project, &draft)
    }

    fn has_root(&self, project: [u8; 16]) -> Result<bool, JournalError> {
        let found = self
            .connection
            .prepare_cached("SELECT 1 FROM root WHERE project = ?1")
            .and_then(|mut find| find.query_row([project], |_| Ok(())).optional());
        found.map(|found| found.is_some()).map_err(|e| self.error(&e))
    }

    fn set_root(&self, project: [u8; 16], root: &Public) -> Result<(), JournalError> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO root (project, device, at_ms) VALUES (?1, ?2, ?3)",
                (project, root, now_ms()),
            )
            .map(drop)
            .map_err(|e| self.error(&e))
    }

    /// The last place of each log of a device, by log in hex.
    fn logs_of(&self, public: &Public, project: [u8; 16]) -> Result<BTreeMap<String, u64>, JournalError> {
        let rows = || -> rusqlite::Result<BTreeMap<String, u64>> {
            self.connection
                .prepare_cached(&format!(
                    "SELECT log.id, log.head_seq FROM log JOIN device ON device.n = log.device
                     WHERE device.public = ?1 AND {OF_PROJECT} AND log.lane <> ?3",
                ))?
                .query_map((public, project, lane_number(Lane::Local)), |row| {
                    Ok((hex::encode(row.get::<_, LogId>(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
                })?
                .collect()
        };
        rows().map_err(|e| self.error(&e))
    }

    /// Enrols whoever asks in a segment with an invitation of ours that still holds.
    pub(crate) fn answer_requests(&mut self, segment: &Segment) -> Result<(), JournalError> {
        if segment.origin.lane != lane_number(Lane::Ctl) {
            return Ok(());
        }
        let device = segment.origin.device;
        let asked = segment.records.iter().filter(|(header, _)| header.kind == "device.asked");
        for (_, record) in asked {
            let Some((_, payload)) = &record.content else { continue };
            let Ok(asked) = serde_json::from_slice::<Asked>(payload) else { continue };
            let Ok(members) = self.may(segment.origin.project, "enrol")? else { return Ok(()) };
            let own = self.device.public();
            let Some((_, invited)) = members.invitations.get(&asked.invitation).filter(|(by, _)| *by == own) else {
                continue;
            };
            let holds = !members.is_used(&asked.invitation)
                && !members.members.contains_key(&device)
                && now_ms() <= invited.until
                && is_proven(asked.invitation, &invited.verifier, &device, &asked.proof);
            let Some(name) = good_name(&asked.name).ok().filter(|_| holds) else { continue };
            let enrolled = Enrolled {
                device: hex::encode(device),
                name,
                kind: invited.kind,
                invitation: asked.invitation,
                expires: invited.expires,
            };
            // The person agreed when inviting; this is only where it is carried out.
            self.say("device.enrolled", segment.origin.project, &holdover(), &enrolled)?;
            self.hold(segment.origin.project)?;
        }
        Ok(())
    }
}
