//! A second, independent writer of headers, segments and requests, from the formats' words alone: for what no journal would write.
#![allow(dead_code, clippy::unwrap_used)]

use contract::{Actor, ActorKind};
use ed25519_dalek::{Signer, SigningKey};
use holdover_journal::{Header, INVITATION};
use minicbor::{Decoder, Encoder};
use ulid::Ulid;

/// A note's payload.
pub const NOTE: &str = r#"{"ops":[{"f":"body","op":"set","v":"forged"}]}"#;

/// As the format packs a body.
pub fn pack(plain: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A device that does what it wants.
pub struct Forger {
    pub key: SigningKey,
    pub log: [u8; 16],
    pub epoch: [u8; 16],
    pub lane: u8,
    pub seq: u64,
    pub lamport: u64,
    pub head: [u8; 32],
    /// Where the next segment begins.
    first: u64,
    anchor: [u8; 32],
    records: Vec<u8>,
}

/// What a test wants to be different.
#[derive(Clone, Default)]
pub struct Wish {
    pub id: Option<Ulid>,
    pub salt: [u8; 16],
    pub wall_ms: i64,
    pub v: Option<u8>,
    pub kver: u16,
    /// CBOR of fields between the workspace and the signature, and how many.
    pub later: (u8, Vec<u8>),
    pub signed: bool,
    pub refs: Vec<Vec<u8>>,
}

impl Forger {
    pub fn new(seed: u8, lane: u8) -> Forger {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let epoch = [seed; 16];
        let parts = [&key.verifying_key().to_bytes()[..], &epoch, &[0; 16], &[lane]].concat();
        let mut log = [0; 16];
        log.copy_from_slice(&blake3::hash(&parts).as_bytes()[..16]);
        let (head, records) = ([0; 32], Vec::new());
        Forger { key, log, epoch, lane, seq: 0, lamport: 0, head, first: 1, anchor: head, records }
    }

    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// An event; goes into the next segment.
    pub fn event(&mut self, kind: &str, payload: &str, wish: &Wish) -> Ulid {
        self.seq += 1;
        self.lamport += 1;
        let commit_key = blake3::derive_key("holdover journal v1 payload commitment", &wish.salt);
        let id = wish.id.unwrap_or_else(Ulid::generate);
        let header = Header {
            v: wish.v.unwrap_or(1),
            log: self.log,
            seq: self.seq,
            id,
            lamport: self.lamport,
            wall_ms: wish.wall_ms,
            kind: kind.to_owned(),
            kver: wish.kver.max(1),
            entity: id,
            actor: Actor { kind: ActorKind::Person, name: "Mallory".to_owned(), model: None, prompt: None },
            seen: Vec::new(),
            class: u32::from(self.lane),
            payload_len: u32::try_from(payload.len()).unwrap(),
            payload_commit: *blake3::keyed_hash(&commit_key, payload.as_bytes()).as_bytes(),
            refs: wish.refs.clone(),
            workspace: None,
            sig: None,
        };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        // 17 fields and more are one byte up to 23; the last byte is the null in the signature's place.
        bytes[0] += wish.later.0;
        bytes.pop();
        bytes.extend_from_slice(&wish.later.1);
        if wish.signed {
            let signature = self.key.sign(&[b"holdover journal v1 event\0", &bytes[..]].concat());
            Encoder::new(&mut bytes).bytes(&signature.to_bytes()).unwrap();
        } else {
            bytes.push(0xf6);
        }
        self.head = *blake3::hash(&[&self.head[..], &bytes].concat()).as_bytes();
        let extra = u64::from(wish.v.is_some());
        let mut e = Encoder::new(&mut self.records);
        e.array(3 + extra)
            .unwrap()
            .bytes(&bytes)
            .unwrap()
            .bytes(&wish.salt)
            .unwrap()
            .bytes(payload.as_bytes())
            .unwrap();
        if extra > 0 {
            e.str("of a later version").unwrap();
        }
        id
    }

    /// Everything since the last segment, sealed.
    pub fn segment(&mut self) -> Vec<u8> {
        let plain = std::mem::take(&mut self.records);
        let length = plain.len() as u64;
        self.segment_of(&pack(&plain), length)
    }

    /// The same of one that goes on after another's events: where it begins, and the chain's hash in front of it.
    pub fn segment_from(&mut self, first: u64, anchor: [u8; 32]) -> Vec<u8> {
        (self.first, self.anchor) = (first, anchor);
        self.segment()
    }

    /// The records that the next segment would hold.
    pub fn plain(&self) -> Vec<u8> {
        self.records.clone()
    }

    /// The same with any body, announced to be so long.
    pub fn segment_of(&mut self, body: &[u8], plain: u64) -> Vec<u8> {
        let mut header = Vec::new();
        // One field more than this version knows: it has to be passed over.
        let mut e = Encoder::new(&mut header);
        e.array(13).unwrap().bytes(&self.log).unwrap().bytes(&self.public()).unwrap().bytes(&self.epoch).unwrap();
        e.bytes(&[0; 16]).unwrap().u8(self.lane).unwrap().u64(self.first).unwrap().u64(self.seq).unwrap();
        e.bytes(&[0; 32]).unwrap().bytes(&self.anchor).unwrap().u8(1).unwrap().u64(plain).unwrap();
        e.null().unwrap().str("later").unwrap();
        (self.first, self.anchor) = (self.seq + 1, self.head);
        self.frame(&header, body)
    }

    fn frame(&self, header: &[u8], body: &[u8]) -> Vec<u8> {
        let mut bytes = b"HOLDSEG\x01".to_vec();
        for part in [header, body] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.head);
        let hash = *blake3::hash(&bytes).as_bytes();
        bytes.extend_from_slice(&hash);
        bytes.extend_from_slice(&self.key.sign(&[b"holdover segment v1\0", &hash[..]].concat()).to_bytes());
        bytes
    }

    /// A segment that asks to be let in with that invitation. The forger's lane is 0.
    pub fn ask(&mut self, invitation: &str) -> Vec<u8> {
        self.ask_as(invitation, None)
    }

    /// The same with an event of that id.
    pub fn ask_as(&mut self, invitation: &str, event: Option<Ulid>) -> Vec<u8> {
        let bytes = hex::decode(invitation.trim().strip_prefix(INVITATION).unwrap()).unwrap();
        let mut d = Decoder::new(&bytes);
        d.array().unwrap();
        let id: [u8; 16] = d.bytes().unwrap().try_into().unwrap();
        for _ in 0..6 {
            d.skip().unwrap();
        }
        let secret: [u8; 32] = d.bytes().unwrap().try_into().unwrap();
        let message = [b"holdover invitation v1 proof\0", &id[..], &self.public()].concat();
        let proof = hex::encode(SigningKey::from_bytes(&secret).sign(&message).to_bytes());
        let asked = serde_json::json!({"invitation": Ulid::from_bytes(id), "name": "forger", "proof": proof});
        self.event("device.asked", &asked.to_string(), &Wish { signed: true, id: event, ..Wish::default() });
        self.segment()
    }

    /// The same device, writing to another lane.
    pub fn on_lane(&self, lane: u8) -> Forger {
        let mut other = Forger::new(self.key.to_bytes()[0], lane);
        other.lamport = self.lamport;
        other
    }
}
