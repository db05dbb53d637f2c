//! The header of an event: a CBOR array whose exact bytes are hashed, chained and stored.
//! Bytes are the truth: what was read is never written again from its parts.
//!
//! ```text
//! [ v, log, seq, id, lamport, wall_ms, kind, kver, entity, actor, seen, class,
//!   payload_len, payload_commit, refs, workspace, …fields of later versions…, sig ]
//! ```
//!
//! The last element is the signature or null, and covers every byte in front of it; later fields go before it and after
//! `workspace`. A reader takes what it knows and keeps the rest, because it keeps the bytes.

use crate::short::Short;
use contract::{Actor, ActorKind};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use ulid::Ulid;

/// Longest header that is read or written, in bytes.
pub(crate) const MAX_HEADER: usize = 64 * 1024;
/// Longest kind, in bytes.
pub(crate) const MAX_KIND: usize = 128;
/// Longest name in an actor, in bytes.
pub(crate) const MAX_NAME: usize = 256;
/// Elements of version 1, the signature included.
const FIELDS: u64 = 17;

/// What another log had reached when an event was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The other log.
    pub log: [u8; 16],
    /// Its last event that was known.
    pub seq: u64,
    /// First 8 bytes of that event's chain hash.
    pub hash: [u8; 8],
}

/// The parts of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Version of the header's form, from 1.
    pub v: u8,
    /// Whose chain it stands in.
    pub log: [u8; 16],
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// What it is.
    pub id: Ulid,
    /// Lamport number, for ties.
    pub lamport: u64,
    /// Milliseconds since 1970 by the writer's clock; for display only.
    pub wall_ms: i64,
    /// `fetch.finished` for example.
    pub kind: String,
    /// Version of the payload's shape for that kind.
    pub kver: u16,
    /// What it is about.
    pub entity: Ulid,
    /// Who did it.
    pub actor: Actor,
    /// Logs of other devices that have moved since the log's previous event.
    pub seen: Vec<Seen>,
    /// Lane (bits 0–3), priority (bits 4–7), sensitivity (bits 8–11), intent (bit 12).
    pub class: u32,
    /// Length of the payload in bytes.
    pub payload_len: u32,
    /// Salted commitment to the payload's bytes.
    pub payload_commit: [u8; 32],
    /// Roots of blobs, and the events that a redaction or resolution is about.
    pub refs: Vec<Vec<u8>>,
    /// Workspace of the writing device, if it belongs to one.
    pub workspace: Option<Ulid>,
    /// Ed25519 over every byte in front of it, for kinds that need it.
    pub sig: Option<[u8; 64]>,
}

/// Why bytes are not a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event header at byte {at}: {detail}")]
pub struct HeaderError {
    /// Where.
    pub at: usize,
    /// What was expected.
    pub detail: String,
}

/// Packs the class field.
pub(crate) fn class(lane: u8, priority: u8, intent: bool) -> u32 {
    u32::from(lane & 0xf) | (u32::from(priority & 0xf) << 4) | (u32::from(intent) << 12)
}

impl Header {
    /// Number of the lane, from `class`.
    pub fn lane(&self) -> u8 {
        (self.class & 0xf) as u8
    }

    /// Whether a person meant it, from `class`.
    pub fn is_intent(&self) -> bool {
        self.class & (1 << 12) != 0
    }

    /// Appends the header's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        let _ = self.encode_parts(&mut Encoder::new(Short(out)));
    }

    fn encode_parts(
        &self,
        e: &mut Encoder<Short<'_>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        e.array(FIELDS)?.u8(self.v)?.bytes(&self.log)?.u64(self.seq)?.bytes(&self.id.to_bytes())?;
        e.u64(self.lamport)?.i64(self.wall_ms)?.str(&self.kind)?.u16(self.kver)?.bytes(&self.entity.to_bytes())?;
        e.array(4)?.u8(actor_number(self.actor.kind))?.str(&self.actor.name)?;
        for name in [&self.actor.model, &self.actor.prompt] {
            match name {
                Some(name) => e.str(name)?,
                None => e.null()?,
            };
        }
        e.array(self.seen.len() as u64)?;
        for seen in &self.seen {
            e.array(3)?.bytes(&seen.log)?.u64(seen.seq)?.bytes(&seen.hash)?;
        }
        e.u32(self.class)?.u32(self.payload_len)?.bytes(&self.payload_commit)?;
        e.array(self.refs.len() as u64)?;
        for reference in &self.refs {
            e.bytes(reference)?;
        }
        match self.workspace {
            Some(workspace) => e.bytes(&workspace.to_bytes())?,
            None => e.null()?,
        };
        match self.sig {
            Some(sig) => e.bytes(&sig)?,
            None => e.null()?,
        };
        Ok(())
    }

    /// Reads a header. Fields of later versions are passed over; memory is bounded by the length of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Header, HeaderError> {
        Header::decode_parts(bytes).map(|(header, _)| header)
    }

    /// What the signature of a header covers: every byte in front of it. `None` where `bytes` are no header.
    pub fn signed_part(bytes: &[u8]) -> Option<&[u8]> {
        Header::decode_parts(bytes).ok().and_then(|(_, front)| bytes.get(..front))
    }

    /// The header, and the number of bytes in front of its last element.
    fn decode_parts(bytes: &[u8]) -> Result<(Header, usize), HeaderError> {
        if bytes.len() > MAX_HEADER {
            return Err(HeaderError { at: MAX_HEADER, detail: format!("longer than {MAX_HEADER} bytes") });
        }
        let mut d = Decoder::new(bytes);
        let header =
            read_header(&mut d).map_err(|Bad(detail)| HeaderError { at: d.position().min(bytes.len()), detail })?;
        if d.position() != bytes.len() {
            return Err(HeaderError { at: d.position(), detail: "bytes after the end".to_owned() });
        }
        Ok(header)
    }
}

/// A reason; the place is the decoder's.
struct Bad(String);

impl From<minicbor::decode::Error> for Bad {
    fn from(error: minicbor::decode::Error) -> Self {
        Bad(error.to_string())
    }
}

fn read_header(d: &mut Decoder<'_>) -> Result<(Header, usize), Bad> {
    let fields = definite(d)?;
    if fields < FIELDS {
        return Err(Bad(format!("{fields} fields, expected at least {FIELDS}")));
    }
    let v = d.u8()?;
    if v == 0 {
        return Err(Bad("version 0".to_owned()));
    }
    let header = Header {
        v,
        log: fixed(d)?,
        seq: d.u64()?,
        id: Ulid::from_bytes(fixed(d)?),
        lamport: d.u64()?,
        wall_ms: d.i64()?,
        kind: text(d, MAX_KIND)?,
        kver: d.u16()?,
        entity: Ulid::from_bytes(fixed(d)?),
        actor: read_actor(d)?,
        seen: list(d, |d| {
            let parts = definite(d)?;
            if parts < 3 {
                return Err(Bad(format!("{parts} parts of a seen log, expected 3")));
            }
            let seen = Seen { log: fixed(d)?, seq: d.u64()?, hash: fixed(d)? };
            skip(d, parts - 3)?;
            Ok(seen)
        })?,
        class: d.u32()?,
        payload_len: d.u32()?,
        payload_commit: fixed(d)?,
        refs: list(d, |d| Ok(d.bytes()?.to_vec()))?,
        workspace: optional(d, |d| Ok(Ulid::from_bytes(fixed(d)?)))?,
        sig: None,
    };
    skip(d, fields - FIELDS)?;
    let front = d.position();
    let sig = optional(d, fixed)?;
    Ok((Header { sig, ..header }, front))
}

fn read_actor(d: &mut Decoder<'_>) -> Result<Actor, Bad> {
    let parts = definite(d)?;
    if parts < 4 {
        return Err(Bad(format!("{parts} parts of an actor, expected 4")));
    }
    let kind = match d.u8()? {
        0 => ActorKind::Person,
        2 => ActorKind::Model,
        // Kinds of later versions are shown as tools: the reading that trusts least, short of a model's.
        _ => ActorKind::Tool,
    };
    let name = text(d, MAX_NAME)?;
    let model = optional(d, |d| text(d, MAX_NAME))?;
    let prompt = optional(d, |d| text(d, MAX_NAME))?;
    skip(d, parts - 4)?;
    Ok(Actor { kind, name, model, prompt })
}

fn actor_number(kind: ActorKind) -> u8 {
    match kind {
        ActorKind::Person => 0,
        ActorKind::Tool => 1,
        ActorKind::Model => 2,
    }
}

fn definite(d: &mut Decoder<'_>) -> Result<u64, Bad> {
    d.array()?.ok_or_else(|| Bad("a list without a length".to_owned()))
}

fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], Bad> {
    let bytes = d.bytes()?;
    bytes.try_into().map_err(|_| Bad(format!("{} bytes, expected {N}", bytes.len())))
}

fn text(d: &mut Decoder<'_>, limit: usize) -> Result<String, Bad> {
    let text = d.str()?;
    if text.len() > limit {
        return Err(Bad(format!("a text of {} bytes, expected at most {limit}", text.len())));
    }
    Ok(text.to_owned())
}

fn optional<T>(d: &mut Decoder<'_>, read: impl FnOnce(&mut Decoder<'_>) -> Result<T, Bad>) -> Result<Option<T>, Bad> {
    if d.datatype()? == Type::Null {
        d.null()?;
        return Ok(None);
    }
    read(d).map(Some)
}

fn list<T>(d: &mut Decoder<'_>, mut read: impl FnMut(&mut Decoder<'_>) -> Result<T, Bad>) -> Result<Vec<T>, Bad> {
    let length = definite(d)?;
    // The declared length is not believed: the list grows with what is really there.
    let mut items = Vec::new();
    for _ in 0..length {
        items.push(read(d)?);
    }
    Ok(items)
}

fn skip(d: &mut Decoder<'_>, count: u64) -> Result<(), Bad> {
    for _ in 0..count {
        d.skip()?;
    }
    Ok(())
}
