//! What the lines of an export have said so far, and whether one more event agrees with it.
//! It finds that something is wrong; which byte it is, others find.

use super::blame::Suspect;
use super::line::{self, Head, Manifest, Parts};
use super::scan::{self, EventLine};
use crate::chain::{LogId, chain_hash, commitment};
use crate::header::Header;
use crate::sign::check_signature;
use ed25519_dalek::VerifyingKey;
use std::collections::HashMap;

/// How many gaps are kept in full; the rest are counted.
const GAPS_KEPT: usize = 100;
/// Length of what stands in front of a hash's text: `","hash":"`.
const HASH_NAME: usize = 10;

/// Events of a log that are not in the file between two that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Hex of the log's id.
    pub log: String,
    /// First that is not there.
    pub from: u64,
    /// Last that is not there.
    pub to: u64,
}

/// What the lines so far have said.
pub(super) struct State {
    pub manifest: Manifest,
    keys: Vec<Option<VerifyingKey>>,
    index: HashMap<LogId, usize>,
    pub heads: Vec<Option<Head>>,
    pub events: u64,
    pub redacted: u64,
    pub signatures: u64,
    pub gaps: u64,
    pub first_gaps: Vec<Gap>,
    rendered: std::cell::RefCell<Vec<u8>>,
}

/// An event that agrees with everything before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    log: usize,
    head: Head,
    pub redacted: bool,
    signed: bool,
}

impl State {
    pub fn new(manifest: Manifest) -> State {
        State {
            index: manifest.logs.iter().enumerate().map(|(n, log)| (log.log, n)).collect(),
            keys: manifest.logs.iter().map(|log| VerifyingKey::from_bytes(&log.device).ok()).collect(),
            heads: vec![None; manifest.logs.len()],
            manifest,
            events: 0,
            redacted: 0,
            signatures: 0,
            gaps: 0,
            first_gaps: Vec::new(),
            rendered: std::cell::RefCell::default(),
        }
    }

    /// Checks one line against what is known so far; changes nothing but the buffers.
    pub fn event(&self, bytes: &[u8], line: &mut EventLine) -> Result<Read, Box<Suspect>> {
        // A word that may be there or not is missed where it begins, and can be wrong further on.
        scan::event(bytes, line)
            .map_err(|wrong| Suspect::new(wrong.at..wrong.at + 1, 0..wrong.at + 32, wrong.field, wrong.reason))?;
        let from = |name: &str| line.fields.iter().find(|(_, field)| *field == name).map_or(0, |(at, _)| *at);
        let (hash_at, salt_at) = (from("hash"), from("salt"));
        let in_header = |reason: &str| Suspect::new(line.header_text.clone(), 0..salt_at, "header", reason.to_owned());
        let header = Header::decode(&line.header);
        let named = header.as_ref().ok().and_then(|header| self.index.get(&header.log));
        let Some(&log) = named.or_else(|| self.index.get(&line.log?)) else {
            return Err(in_header("its log is not in the list of the first line"));
        };
        let last = self.heads[log].map_or(0, |head| head.seq);
        let seq = header.as_ref().map_or(line.seq, |header| header.seq);
        if seq == line.seq && seq <= last {
            return Err(in_header(&format!("number {seq} of its log was there before")));
        }
        let previous = match line.prev {
            Some(prev) if self.manifest.filter.is_some() && seq != last + 1 => prev,
            Some(_) if seq == last + 1 => return Err(in_header("it repeats the hash of an event that is in the file")),
            // Where header and column disagree, one of them is wrong, and the hash says which.
            _ if seq == line.seq && seq != last + 1 => {
                return Err(in_header(&format!("event {} of its log is missing before it", last + 1)));
            }
            _ => self.heads[log].map_or([0; 32], |head| head.hash),
        };
        if chain_hash(&previous, &line.header) != line.hash {
            let reason = "its hash does not follow from the event before it and its header";
            return Err(in_header(reason).of_chain(previous, line.header_text.clone(), hash_at + HASH_NAME));
        }
        let header = header.map_err(|error| in_header(&error.to_string()))?;
        if header.lane() != self.manifest.logs[log].lane {
            return Err(in_header("its lane is not that of its log"));
        }
        let carried = line.salt.as_ref().map(|salt| (salt, line.payload.as_slice()));
        if let Some((salt, payload)) = carried
            && (commitment(salt, payload) != header.payload_commit || payload.len() != header.payload_len as usize)
        {
            let reason = "it is not the payload that the event's header commits to";
            let payload_at = from("payload");
            return Err(Suspect::new(payload_at..bytes.len(), salt_at..bytes.len(), "payload", reason.to_owned())
                .of_payload(*salt, header.payload_commit, payload_at));
        }
        let mut rendered = self.rendered.borrow_mut();
        rendered.clear();
        let parts = Parts { bytes: &line.header, prev: line.prev.as_ref(), hash: &line.hash, carried };
        line::event(&header, parts, &mut rendered);
        if let Some(at) = first_difference(bytes, &rendered) {
            let field = line.field_at(at);
            let reason = "it is not what the event's header says, or not written as it is always written";
            // An escape can be broken by a byte before the one that differs.
            return Err(Suspect::new(at..at + 1, at.saturating_sub(8)..at + 1, field, reason.to_owned()));
        }
        let signed = self.keys[log].as_ref().ok_or("its device's key is none");
        if let Err(reason) = signed.and_then(|key| check_signature(&header, &line.header, key)) {
            return Err(in_header(reason));
        }
        let head = Head { log: header.log, seq: header.seq, hash: line.hash };
        Ok(Read { log, head, redacted: carried.is_none(), signed: header.sig.is_some() })
    }

    pub fn accept(&mut self, read: Read) {
        let last = self.heads[read.log].map_or(0, |head| head.seq);
        if read.head.seq > last + 1 {
            self.gaps += 1;
            if self.first_gaps.len() < GAPS_KEPT {
                let log = hex::encode(read.head.log);
                self.first_gaps.push(Gap { log, from: last + 1, to: read.head.seq - 1 });
            }
        }
        self.heads[read.log] = Some(read.head);
        self.events += 1;
        self.redacted += u64::from(read.redacted);
        self.signatures += u64::from(read.signed);
    }
}

/// Where two texts differ first.
pub(super) fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let differ = left.iter().zip(right).position(|(l, r)| l != r);
    differ.or_else(|| (left.len() != right.len()).then(|| left.len().min(right.len())))
}
