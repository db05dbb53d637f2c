//! Whether the journal of this machine is whole: its files byte for byte, then every chain; with the first place that is not.
//! One that cannot be opened is looked at as far as its key goes.

use crate::{Engine, EngineError};
use contract::{BadPlace, VerifyReport};
use host::Cancel;
use journal::{Journal, VerifyError};
use std::ops::ControlFlow;

impl Engine {
    /// Looks at everything; `progress` is told events done and all. In an error nothing could be said.
    pub fn verify(&self, cancel: &Cancel, mut progress: impl FnMut(u64, u64)) -> Result<VerifyReport, EngineError> {
        let go_on = || !cancel.is_cancelled();
        let data = &self.inner.folders.data;
        let journal = match self.journal() {
            Ok(journal) => journal,
            Err(error) if Journal::is_absent(data) => return Err(error),
            Err(error) => {
                return match journal::check_files(data, &crate::keys::of(&self.inner.folders), go_on) {
                    Err(VerifyError::Bytes(bad)) => Ok(of_bytes(bad)),
                    _ => Err(error),
                };
            }
        };
        let report = VerifyReport { file: journal.database().to_owned(), ..VerifyReport::default() };
        let pages = match journal.check_files(go_on) {
            Ok(pages) => pages,
            Err(error) => return judged(error, report),
        };
        let found = journal.verify_watched(|now| {
            progress(now.events, now.of);
            if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match found {
            Ok(verified) => Ok(VerifyReport {
                // Of events whose signatures hold, as was just proven.
                roots: journal.root_verdicts()?,
                whole: true,
                events: verified.events,
                logs: verified.logs,
                redacted: verified.redacted,
                unexplained: verified.unexplained,
                pages,
                ..report
            }),
            Err(error) => judged(error, VerifyReport { pages, ..report }),
        }
    }
}

fn of_bytes(bad: journal::BadBytes) -> VerifyReport {
    let place = BadPlace {
        reason: bad.reason,
        offset: Some(bad.offset),
        length: Some(bad.length),
        page: bad.page,
        ..BadPlace::default()
    };
    VerifyReport { file: bad.file, bad: Some(place), ..VerifyReport::default() }
}

fn judged(error: VerifyError, report: VerifyReport) -> Result<VerifyReport, EngineError> {
    match error {
        VerifyError::Bytes(bad) => Ok(of_bytes(bad)),
        VerifyError::Bad(bad) => {
            let (log, seq) = ((!bad.log.is_empty()).then_some(bad.log), (bad.seq > 0).then_some(bad.seq));
            let pos = (bad.pos > 0).then_some(bad.pos);
            let place = BadPlace { reason: bad.reason, log, seq, pos, ..BadPlace::default() };
            Ok(VerifyReport { bad: Some(place), ..report })
        }
        VerifyError::Journal(error) => Err(error.into()),
        VerifyError::Cancelled => Err(EngineError::Cancelled),
    }
}
