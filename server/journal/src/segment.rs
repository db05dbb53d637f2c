//! Segments: sealed, signed runs of one log, as files that anybody may carry. Made, read and verified here, from bytes alone.
//! Nothing here looks into a database or decides who may write; what a segment says of itself is proven before it is given out.
//!
//! ```text
//! "HOLDSEG" 01
//! u32 length, header: CBOR [ log, device, epoch, project, lane, first, last, previous, anchor, codec, plain, key, …later fields… ]
//! u32 length, body:   zstd of records, each CBOR [ event header, salt or null, payload or null, …later fields… ]
//! footer: chain head (32) · BLAKE3 of everything in front, chain head included (32) · Ed25519 signature of that hash (64)
//! ```
//!
//! Lengths are little-endian. `anchor` is the chain hash in front of the first event, `head` the one of the last. `previous`
//! is the hash of the segment in front, a hint only: a segment is written again when a payload in it is redacted.
//! `key` names the key that the body is encrypted with, the header being bound to it; null: it is not encrypted.

use crate::chain::{LogId, chain_hash, commitment, log_id};
use crate::draft::MAX_PAYLOAD;
use crate::header::{Header, MAX_HEADER};
use crate::sign::check_signature;
use ed25519_dalek::{Signature, SignatureError, Signer, SigningKey, VerifyingKey};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read as _;

const MAGIC: &[u8; 8] = b"HOLDSEG\x01";
const CONTEXT: &[u8] = b"holdover segment v1\0";
/// Chain head, hash, signature.
const FOOTER: usize = 32 + 32 + 64;
/// Longest header of a segment, in bytes.
const MAX_SEGMENT_HEADER: usize = 4096;
/// Longest segment that is read or written, in bytes.
pub const MAX_SEGMENT: usize = 8 << 20;
/// Most bytes of records in a segment, uncompressed: what a hostile one can make a reader hold.
pub const MAX_PLAIN: usize = 16 << 20;

/// Whose run of events it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The log; it follows from the other four.
    pub log: LogId,
    /// The device's Ed25519 key.
    pub device: [u8; 32],
    /// The device's epoch.
    pub epoch: [u8; 16],
    /// Zeros where nothing is shared as a project.
    pub project: [u8; 16],
    /// Number of the lane, 0 to 15; those of later versions are kept as they are.
    pub lane: u8,
}

/// One event in a segment: the exact bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The header's bytes.
    pub header: Vec<u8>,
    /// Salt and payload; `None` where the payload was redacted.
    pub content: Option<([u8; 16], Vec<u8>)>,
}

/// A segment whose hashes, signatures and commitments hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Whose it is.
    pub origin: Origin,
    /// Place of its first event, from 1.
    pub first: u64,
    /// Place of its last.
    pub last: u64,
    /// Hash of the segment in front when this one was sealed; zeros for the first.
    pub previous: [u8; 32],
    /// The chain hash in front of the first event.
    pub anchor: [u8; 32],
    /// The chain hash of the last.
    pub head: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
    /// The events with what their headers say, in order.
    pub records: Vec<(Header, Record)>,
}

/// Why bytes are not a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sound segment{}: {detail}", at.map(|at| format!(", at {at}")).unwrap_or_default())]
pub struct SegmentError {
    /// `byte 12`, or `event 7`.
    pub at: Option<Spot>,
    /// What is wrong.
    pub detail: String,
}

/// Where a segment is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// Byte of the file.
    Byte(usize),
    /// The event with that place in its log.
    Event(u64),
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Spot::Byte(at) => write!(f, "byte {at}"),
            Spot::Event(seq) => write!(f, "event {seq}"),
        }
    }
}

fn bad(at: Option<Spot>, detail: impl Into<String>) -> SegmentError {
    SegmentError { at, detail: detail.into() }
}

/// What is known of a run of events before it is sealed.
pub(crate) struct Run<'r> {
    pub origin: &'r Origin,
    pub first: u64,
    pub previous: [u8; 32],
    pub anchor: [u8; 32],
    pub records: &'r [Record],
}

/// What sealing makes.
pub(crate) struct Fresh {
    pub bytes: Vec<u8>,
    /// The last place.
    pub last: u64,
    /// The chain hash there.
    pub head: [u8; 32],
    /// The segment's own.
    pub hash: [u8; 32],
}

/// Seals a run.
pub(crate) fn seal(run: &Run<'_>, key: &SigningKey) -> Result<Fresh, SegmentError> {
    let mut plain = Vec::new();
    let mut head = run.anchor;
    for record in run.records {
        head = chain_hash(&head, &record.header);
        // Writing to a Vec cannot fail.
        let _ = encode_record(record, &mut plain);
    }
    let last = (run.first + run.records.len() as u64).saturating_sub(1);
    if run.records.is_empty() || plain.len() > MAX_PLAIN {
        return Err(bad(
            None,
            format!("{} events of {} bytes are none that can be sealed", run.records.len(), plain.len()),
        ));
    }
    let body = compress_to_vec(plain.as_slice(), CompressionLevel::Fastest);
    let mut header = Vec::new();
    let _ = encode_header(run, last, plain.len() as u64, &mut header);
    let mut bytes = MAGIC.to_vec();
    for part in [&header, &body] {
        let length = u32::try_from(part.len()).map_err(|_| bad(None, "it is too long to be sealed"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes.extend_from_slice(&head);
    let hash = *blake3::hash(&bytes).as_bytes();
    bytes.extend_from_slice(&hash);
    bytes.extend_from_slice(&key.sign(&[CONTEXT, &hash].concat()).to_bytes());
    if bytes.len() > MAX_SEGMENT {
        return Err(bad(None, format!("it has {} bytes, and at most {MAX_SEGMENT} may be", bytes.len())));
    }
    Ok(Fresh { bytes, last, head, hash })
}

type Never = minicbor::encode::Error<std::convert::Infallible>;

fn encode_header(run: &Run<'_>, last: u64, plain: u64, out: &mut Vec<u8>) -> Result<(), Never> {
    let mut e = Encoder::new(out);
    let origin = run.origin;
    e.array(12)?.bytes(&origin.log)?.bytes(&origin.device)?.bytes(&origin.epoch)?.bytes(&origin.project)?;
    e.u8(origin.lane)?.u64(run.first)?.u64(last)?.bytes(&run.previous)?.bytes(&run.anchor)?;
    // The codec: 1 is zstd. The key: none.
    e.u8(1)?.u64(plain)?.null()?;
    Ok(())
}

fn encode_record(record: &Record, out: &mut Vec<u8>) -> Result<(), Never> {
    let mut e = Encoder::new(out);
    e.array(3)?.bytes(&record.header)?;
    match &record.content {
        Some((salt, payload)) => e.bytes(salt)?.bytes(payload)?,
        None => e.null()?.null()?,
    };
    Ok(())
}

impl Segment {
    /// Bytes of the records that a segment announces, from its beginning alone, which proves nothing; 0 where that is none.
    pub(crate) fn announced(beginning: &[u8]) -> usize {
        let Some(mut rest) = beginning.strip_prefix(MAGIC) else { return 0 };
        let header = part(&mut rest, 8, MAX_SEGMENT_HEADER).ok().and_then(|header| read_header(header).ok());
        header.map_or(0, |front| front.plain)
    }

    /// Reads a segment and proves everything that it says: lengths, hash, signature, chain, commitments and the signatures of
    /// single events. Holds at most [`MAX_PLAIN`] bytes of records, whatever the bytes claim.
    pub fn read(bytes: &[u8]) -> Result<Segment, SegmentError> {
        let (front, body) = Front::read(bytes)?;
        let plain = unpack(body, front.plain).map_err(|detail| bad(Some(Spot::Byte(front.body_at)), detail))?;
        let (records, head) = front.read_records(&plain)?;
        if head != front.head {
            return Err(bad(Some(Spot::Event(front.last)), "its chain does not end where the footer says"));
        }
        let Front { origin, first, last, previous, anchor, hash, .. } = front;
        Ok(Segment { origin, first, last, previous, anchor, head, hash, records })
    }
}

/// Unpacks a body that announces `plain` bytes. Holds that many at most, and a window of as many.
fn unpack(body: &[u8], plain: usize) -> Result<Vec<u8>, String> {
    let failed = |e: &dyn std::fmt::Display| format!("its body cannot be unpacked: {e}");
    let mut rest = body;
    let mut decoder =
        StreamingDecoder::new_with_max_window_size(&mut rest, MAX_PLAIN as u64).map_err(|e| failed(&e))?;
    let mut unpacked = Vec::new();
    // What is announced is not believed: the text grows with what is really there.
    (&mut decoder).take(plain as u64 + 1).read_to_end(&mut unpacked).map_err(|e| failed(&e))?;
    drop(decoder);
    if unpacked.len() != plain || !rest.is_empty() {
        return Err(format!("its body has not the {plain} bytes that were announced"));
    }
    Ok(unpacked)
}

/// Events, and the chain hash of the last.
type Proven = (Vec<(Header, Record)>, [u8; 32]);

/// Header and footer, proven; the records are not looked at yet.
struct Front {
    origin: Origin,
    public: VerifyingKey,
    first: u64,
    last: u64,
    previous: [u8; 32],
    anchor: [u8; 32],
    plain: usize,
    head: [u8; 32],
    hash: [u8; 32],
    body_at: usize,
}

/// Cuts a part with its length off the front of `rest`.
fn part<'b>(rest: &mut &'b [u8], at: usize, limit: usize) -> Result<&'b [u8], SegmentError> {
    let cut = |detail: &str| bad(Some(Spot::Byte(at)), detail);
    let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| cut("it ends in the middle of a length"))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > limit {
        return Err(cut(&format!("a part announces {length} bytes, and at most {limit} may be")));
    }
    let (part, after) = after.split_at_checked(length).ok_or_else(|| cut("a part is longer than what is there"))?;
    *rest = after;
    Ok(part)
}

impl Front {
    fn read(bytes: &[u8]) -> Result<(Front, &[u8]), SegmentError> {
        if bytes.len() > MAX_SEGMENT {
            return Err(bad(None, format!("it has {} bytes, and at most {MAX_SEGMENT} may be", bytes.len())));
        }
        let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
            let known = bytes.starts_with(&MAGIC[..7]);
            let detail =
                if known { "a later version wrote it; it is left as it is" } else { "it does not begin like one" };
            return Err(bad(Some(Spot::Byte(0)), detail));
        };
        let header = part(&mut rest, 8, MAX_SEGMENT_HEADER)?;
        let body_at = 16 + header.len();
        let body = part(&mut rest, body_at - 4, MAX_SEGMENT)?;
        if rest.len() != FOOTER {
            let at = bytes.len() - rest.len();
            return Err(bad(Some(Spot::Byte(at)), format!("its footer has {} bytes, and not {FOOTER}", rest.len())));
        }
        let footer_at = bytes.len() - FOOTER;
        let fixed = |at: usize| <[u8; 32]>::try_from(&rest[at..at + 32]).unwrap_or_default();
        let (head, hash) = (fixed(0), fixed(32));
        if *blake3::hash(&bytes[..footer_at + 32]).as_bytes() != hash {
            return Err(bad(None, "its hash is not the one of its bytes: it was changed or damaged"));
        }
        let mut front = read_header(header).map_err(|e| bad(Some(Spot::Byte(12)), e))?;
        let signature = Signature::from_slice(&rest[64..]).map_err(|e| bad(None, e.to_string()))?;
        check_footer(&front.public, &hash, &signature)
            .map_err(|_| bad(Some(Spot::Byte(footer_at + 64)), "its signature is not its device's"))?;
        (front.head, front.hash, front.body_at) = (head, hash, body_at);
        Ok((front, body))
    }

    fn read_records(&self, plain: &[u8]) -> Result<Proven, SegmentError> {
        let mut d = Decoder::new(plain);
        let (mut chain, mut lamport) = (self.anchor, 0);
        let mut records = Vec::new();
        for seq in self.first..=self.last {
            let here = |detail: String| bad(Some(Spot::Event(seq)), detail);
            let record = read_record(&mut d).map_err(here)?;
            let header = Header::decode(&record.header).map_err(|e| here(e.to_string()))?;
            self.check_place(&header, seq, lamport).map_err(|detail| here(detail.to_owned()))?;
            check_signature(&header, &record.header, &self.public).map_err(|detail| here(detail.to_owned()))?;
            if let Some((salt, payload)) = &record.content
                && (payload.len() != header.payload_len as usize || commitment(salt, payload) != header.payload_commit)
            {
                return Err(here("its payload is not the one that its header commits to".to_owned()));
            }
            chain = chain_hash(&chain, &record.header);
            lamport = header.lamport;
            records.push((header, record));
        }
        if d.position() != plain.len() {
            return Err(bad(Some(Spot::Event(self.last)), "there are records behind the last event"));
        }
        Ok((records, chain))
    }

    fn check_place(&self, header: &Header, seq: u64, lamport: u64) -> Result<(), &'static str> {
        match () {
            () if header.log != self.origin.log => Err("its header names another log"),
            () if header.seq != seq => Err("its header names another place"),
            () if header.lane() != self.origin.lane => Err("its header names another lane"),
            () if header.lamport <= lamport => Err("its Lamport number is not above the one in front of it"),
            () => Ok(()),
        }
    }
}

fn check_footer(public: &VerifyingKey, hash: &[u8; 32], signature: &Signature) -> Result<(), SignatureError> {
    // Several devices in one process read the same bytes, each of them many times: they are proven once.
    #[cfg(feature = "simulated")]
    let proof = crate::simulated::proof(&[public.as_bytes(), hash, &signature.to_bytes()]);
    #[cfg(feature = "simulated")]
    if crate::simulated::is_proven(&proof) {
        return Ok(());
    }
    public.verify_strict(&[CONTEXT, hash].concat(), signature)?;
    #[cfg(feature = "simulated")]
    crate::simulated::prove(proof);
    Ok(())
}

fn read_header(bytes: &[u8]) -> Result<Front, String> {
    let mut d = Decoder::new(bytes);
    let front = read_header_parts(&mut d)?;
    if d.position() != bytes.len() {
        return Err("bytes behind the header's end".to_owned());
    }
    Ok(front)
}

fn read_header_parts(d: &mut Decoder<'_>) -> Result<Front, String> {
    const FIELDS: u64 = 12;
    let say = |e: minicbor::decode::Error| e.to_string();
    let fields = d.array().map_err(say)?.unwrap_or(0);
    if fields < FIELDS {
        return Err(format!("{fields} fields in the header, expected at least {FIELDS}"));
    }
    let (log, device, epoch, project) = (fixed(d)?, fixed(d)?, fixed(d)?, fixed(d)?);
    let lane = d.u8().map_err(say)?;
    let (first, last) = (d.u64().map_err(say)?, d.u64().map_err(say)?);
    let (previous, anchor) = (fixed(d)?, fixed(d)?);
    let codec = d.u8().map_err(say)?;
    let plain = d.u64().map_err(say)?;
    if d.datatype().map_err(say)? != Type::Null {
        return Err("its body is encrypted, which this version cannot read".to_owned());
    }
    for _ in FIELDS - 1..fields {
        d.skip().map_err(say)?;
    }
    if codec != 1 {
        return Err(format!("its body is packed in a way ({codec}) that this version does not know"));
    }
    let plain = usize::try_from(plain).ok().filter(|plain| *plain <= MAX_PLAIN);
    let plain = plain.ok_or_else(|| format!("its body announces more than {MAX_PLAIN} bytes"))?;
    // Places are stored as 64 bits with a sign.
    if first == 0 || last < first || last > i64::MAX.unsigned_abs() || lane > 15 {
        return Err(format!("events {first} to {last} of lane {lane} are none"));
    }
    if first == 1 && anchor != [0; 32] {
        return Err("a log's first event follows nothing".to_owned());
    }
    if log_id(&device, &epoch, &project, lane) != log {
        return Err("the log's name does not follow from its device, epoch, project and lane".to_owned());
    }
    let public = VerifyingKey::from_bytes(&device).map_err(|_| "its device's key is none".to_owned())?;
    let origin = Origin { log, device, epoch, project, lane };
    let (head, hash) = ([0; 32], [0; 32]);
    Ok(Front { origin, public, first, last, previous, anchor, plain, head, hash, body_at: 0 })
}

fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], String> {
    let bytes = d.bytes().map_err(|e| e.to_string())?;
    bytes.try_into().map_err(|_| format!("{} bytes, expected {N}", bytes.len()))
}

fn read_record(d: &mut Decoder<'_>) -> Result<Record, String> {
    let say = |e: minicbor::decode::Error| e.to_string();
    let parts = d.array().map_err(say)?.unwrap_or(0);
    if parts < 3 {
        return Err(format!("{parts} parts of a record, expected 3"));
    }
    let header = d.bytes().map_err(say)?;
    if header.len() > MAX_HEADER {
        return Err(format!("a header of {} bytes, and at most {MAX_HEADER} may be", header.len()));
    }
    let header = header.to_vec();
    let content = if d.datatype().map_err(say)? == Type::Null {
        d.null().map_err(say)?;
        d.null().map_err(say)?;
        None
    } else {
        let salt = fixed(d)?;
        let payload = d.bytes().map_err(say)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(format!("a payload of {} bytes, and at most {MAX_PAYLOAD} may be", payload.len()));
        }
        Some((salt, payload.to_vec()))
    };
    for _ in 3..parts {
        d.skip().map_err(say)?;
    }
    Ok(Record { header, content })
}
