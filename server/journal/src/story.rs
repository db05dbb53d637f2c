//! One event with everything that is known of it, and every event of one thing.
//! It reads; what it finds is put into words elsewhere.

use crate::error::JournalError;
use crate::header::Header;
use crate::journal::Journal;
use crate::read::Filter;
use crate::sign::{check_signature, needs_signature};
use contract::{JournalEvent, JournalStory, SignatureState};
use ed25519_dalek::VerifyingKey;
use rusqlite::OptionalExtension;
use ulid::Ulid;

/// Events of one thing that are given.
const MOST: usize = 10_000;

/// What is in the row and not in an entry.
struct Rest {
    pos: i64,
    hash: [u8; 32],
    header: Header,
    signature: SignatureState,
}

impl Journal {
    /// What the journal knows under this id: an event, a job, a thing that events are about. `None` where it knows nothing.
    pub fn story(&self, id: Ulid) -> Result<Option<JournalStory>, JournalError> {
        let filter = |filter: Filter| Filter { limit: Some(MOST + 1), ..filter };
        let mut story = JournalStory {
            event: self.event(id)?,
            job: self.job(&id.to_string())?,
            about: self.entries(&filter(Filter { entity: Some(id), ..Filter::default() }))?,
            referred: self.entries(&filter(Filter { refers: Some(id), ..Filter::default() }))?,
            more: false,
        };
        let named = id.to_string();
        story.referred.retain(|entry| entry.entity != named);
        for list in [&mut story.about, &mut story.referred] {
            story.more |= list.len() > MOST;
            list.truncate(MOST);
        }
        let known =
            story.event.is_some() || story.job.is_some() || !story.about.is_empty() || !story.referred.is_empty();
        Ok(known.then_some(story))
    }

    /// One event with everything that its header says.
    pub fn event(&self, id: Ulid) -> Result<Option<JournalEvent>, JournalError> {
        let rest = self.read(|connection| {
            connection
                .query_row(
                    "SELECT event.pos, event.hash, event.header, device.public
                     FROM event JOIN log ON log.n = event.log JOIN device ON device.n = log.device WHERE event.id = ?1 ORDER BY event.pos LIMIT 1",
                    [id.to_bytes()],
                    |row| {
                        let bytes = row.get_ref(2)?.as_blob()?;
                        let header = Header::decode(bytes).map_err(|e| {
                            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Blob, Box::new(e))
                        })?;
                        let signature = signature(&header, bytes, &row.get(3)?);
                        Ok(Rest { pos: row.get(0)?, hash: row.get(1)?, header, signature })
                    },
                )
                .optional()
        })?;
        let entry = self.entries(&Filter { id: Some(id), ..Filter::default() })?.into_iter().next();
        Ok(rest.zip(entry).map(|(rest, entry)| JournalEvent {
            entry,
            pos: rest.pos.unsigned_abs(),
            hash: hex::encode(rest.hash),
            lamport: rest.header.lamport,
            kver: rest.header.kver,
            intent: rest.header.is_intent(),
            payload_length: rest.header.payload_len,
            commitment: hex::encode(rest.header.payload_commit),
            refs: rest.header.refs.iter().map(hex::encode).collect(),
            signature: rest.signature,
        }))
    }
}

fn signature(header: &Header, bytes: &[u8], public: &[u8; 32]) -> SignatureState {
    if header.sig.is_none() && !needs_signature(&header.kind) {
        return SignatureState::None;
    }
    let holds = VerifyingKey::from_bytes(public).is_ok_and(|public| check_signature(header, bytes, &public).is_ok());
    if holds { SignatureState::Valid } else { SignatureState::Invalid }
}
