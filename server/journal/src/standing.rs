//! What is here of each device that shares a project, and when it wrote that last. Reads headers; says nothing about anybody's right to write.

use crate::chain::lane_number;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::store::NO_PROJECT;
use contract::Lane;

/// One device, as far as its events are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceStanding {
    /// Its public key, in hex.
    pub id: String,
    /// Whether it is this one.
    pub own: bool,
    /// Events of the project's shared lanes that people meant: membership, reviews, notes.
    pub writes: u64,
    /// When it wrote the last of anything that is here, by its own clock, in milliseconds since 1970.
    pub last_ms: Option<i64>,
}

impl Journal {
    /// The devices of which something of a project is here, by their keys.
    pub fn device_standings(&self, project: [u8; 16]) -> Result<Vec<DeviceStanding>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT device.public, max(log.own), sum(CASE WHEN log.lane <> ?3 THEN log.head_seq ELSE 0 END),
                            max((SELECT wall_ms FROM event WHERE event.log = log.n AND event.seq = log.head_seq))
                     FROM log JOIN device ON device.n = log.device
                     WHERE (log.project = ?1 OR (log.project = ?2 AND log.lane = ?5)) AND log.lane <> ?4 AND log.head_seq > 0
                     GROUP BY device.n ORDER BY device.public",
                )?
                .query_map(
                    (
                        project,
                        NO_PROJECT,
                        lane_number(Lane::Observations),
                        lane_number(Lane::Local),
                        lane_number(Lane::Ctl),
                    ),
                    |row| {
                        let public: [u8; 32] = row.get(0)?;
                        Ok(DeviceStanding {
                            id: hex::encode(public),
                            own: row.get(1)?,
                            writes: row.get::<_, i64>(2)?.unsigned_abs(),
                            last_ms: row.get(3)?,
                        })
                    },
                )?
                .collect()
        })
    }
}
