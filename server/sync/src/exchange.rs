//! One synchronisation with one remote: first what lies there is taken in, then what is here is put there, and both are noted.
//! It may be broken off anywhere, by a remote that goes away or a process that is killed, and is gone on with by the next.

use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::outcome::{Missing, Outcome};
use crate::remote::{Head, Listing, Remote};
use crate::sealed::in_the_clear;
use contract::Lane;
use host::Cancel;
use journal::{
    Carried, Draft, ItemState, Journal, JournalError, KnownRemote, NO_PROJECT, RemoteEnd, RemoteItem, RemoteNote,
    planted,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use ulid::Ulid;

/// The kind of the event that says that something came. Its header tells how far this device knows every other log, which is how
/// the others learn that it has what they wrote; it is not answered by another, or devices would never be done.
pub const RECEIVED: &str = "sync.received";

/// One synchronisation. Only one at a time and remote: see [`Exchange::lease`].
pub struct Exchange<'e> {
    /// What is taken into and given from.
    pub journal: &'e Journal,
    /// Where.
    pub remote: &'e dyn Remote,
    /// What was noted of it.
    pub known: &'e KnownRemote,
    /// The workspace that asks; what was received is recorded as one of its events, in its project.
    pub workspace: Ulid,
    /// Whether it is still wanted.
    pub cancel: &'e Cancel,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
    /// Every file on the remote is read and compared with what is here, also what was refused lately.
    pub deep: bool,
}

/// What stands where, while it runs.
pub(crate) struct State {
    pub outcome: Outcome,
    /// What is noted of things on the remote, by name.
    pub items: BTreeMap<String, RemoteItem>,
    pub note: RemoteNote,
    pub listing: Listing,
    pub heads: Vec<Head>,
    /// Something came that is no answer to what came elsewhere.
    pub news: bool,
}

impl Exchange<'_> {
    /// The lease that one synchronisation with a remote holds.
    #[must_use]
    pub fn lease(known: &KnownRemote) -> String {
        format!("sync:{}", known.n)
    }

    /// Carries it out. What goes wrong on the remote stands in the answer; an error is the journal's.
    pub fn run(&self) -> Result<Outcome, JournalError> {
        let items = self.journal.remote_items(self.known.n)?;
        let mut state = State {
            outcome: Outcome::default(),
            items: items.into_iter().map(|item| (item.name.clone(), item)).collect(),
            note: RemoteNote::default(),
            listing: Listing::default(),
            heads: Vec::new(),
            news: false,
        };
        // What others wrote before is known by the time that ours is put there, so that ours can tell of it.
        let ended = self.look(&mut state).map_err(Halt::Remote);
        let ended = ended.and_then(|()| self.take(&mut state));
        let ended = ended.and_then(|()| self.acknowledge(&state).map_err(Halt::Journal));
        let ended = ended.and_then(|()| self.give(&mut state));
        match ended {
            Ok(()) => state.note.end = Some(RemoteEnd::Done),
            Err(Halt::Remote(error)) => {
                if error.class != Class::Stopped {
                    state.note.end = Some(RemoteEnd::Failed(error.class.word().to_owned(), error.to_string()));
                }
                state.outcome.stopped = Some(error);
            }
            Err(Halt::Journal(error)) => return Err(error),
        }
        self.say_what_waits(&mut state);
        self.journal.note_remote(self.known.n, state.note)?;
        // Who has seen what is read from an index of the events.
        self.journal.catch_up(|_| {
            if self.cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        state.outcome.pending =
            self.journal.lanes(self.known)?.iter().map(|lane| lane.not_sealed + lane.not_uploaded).sum();
        Ok(state.outcome)
    }

    pub(crate) fn call(&self) -> Call {
        Call::within(self.remote.patience(), self.cancel)
    }

    fn look(&self, state: &mut State) -> Result<(), RemoteError> {
        if self.deep {
            self.remote.look_afresh();
        }
        let found = self.remote.identity(&self.call())?;
        let of_all = |message: String, hint: &str| Err(RemoteError::of_all(Class::Integrity, message, hint));
        if found.project != self.known.project && !planted("other-project-unseen") {
            let message = format!("{} carries another project than this one", self.remote.place());
            return of_all(message, "look which folder is mounted there; nothing was taken or given");
        }
        if found.id != self.known.id && !planted("other-remote-unseen") {
            let message = format!("{} is another remote than the one that was added", self.remote.place());
            return of_all(
                message,
                "look which stick or folder this is; to use it, remove the remote and add it again",
            );
        }
        in_the_clear(&found, &self.remote.place())?;
        state.listing = self.remote.segments(&self.call())?;
        // Hints: whoever has none reads everything.
        match self.remote.heads(&self.call()) {
            Ok(heads) => state.heads = heads,
            Err(error) if error.ends => return Err(error),
            Err(error) => tracing::debug!("hints of {} could not be read: {error}", self.remote.place()),
        }
        state.outcome.strays = state.listing.strays.clone();
        Ok(())
    }

    /// Records that something came, where something did that is not such a record itself.
    fn acknowledge(&self, state: &State) -> Result<(), JournalError> {
        if !state.news {
            return Ok(());
        }
        let payload = serde_json::json!({ "events": state.outcome.received, "remote": self.known.id });
        let draft = Draft {
            lane: Lane::Observations,
            workspace: Some(self.workspace),
            ..Draft::observation(RECEIVED, payload)
        };
        self.journal.append(draft).map(drop)
    }

    /// Everything that this device may hand on, sealed.
    pub(crate) fn sealed(&self) -> Result<Vec<Carried>, JournalError> {
        self.journal.seal(NO_PROJECT)?;
        self.journal.seal(self.known.project)?;
        self.journal.carried(self.known.project)
    }

    /// What owners say that they have put there, against what is here: hints, and said as such.
    fn say_what_waits(&self, state: &mut State) {
        let Ok(here) = self.journal.log_heads(self.known.project) else { return };
        let apart = self.journal.quarantined().unwrap_or_default();
        for head in &state.heads {
            let known = here.iter().find(|(log, ..)| *log == head.log).map_or(0, |(_, _, seq, _)| *seq);
            let apart = apart.iter().filter(|segment| segment.log == head.log).map(|segment| segment.last).max();
            let known = known.max(apart.unwrap_or(0));
            // What a segment waits for is named already; its owner may say that there is more.
            let named = state.outcome.missing.iter_mut().find(|missing| missing.log == head.log);
            if let Some(missing) = named {
                missing.last = missing.last.max(head.seq);
            } else if head.seq > known {
                let missing = Missing { log: head.log, lane: head.lane, first: known + 1, last: head.seq };
                state.outcome.missing.push(missing);
            }
        }
        let late = |item: &&RemoteItem| item.state != ItemState::Taken && item.trouble.is_some();
        let waiting: Vec<_> = state.items.values().filter(late).cloned().collect();
        for item in waiting {
            let (class, detail) = item.trouble.unwrap_or_default();
            state.outcome.problems.push(crate::outcome::Problem {
                name: item.name,
                class: Class::of_word(&class),
                detail,
                attempts: item.attempts,
                next_ms: item.next_ms,
            });
        }
    }
}

/// What breaks a synchronisation off.
pub(crate) enum Halt {
    Remote(RemoteError),
    Journal(JournalError),
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Halt {
        Halt::Journal(error)
    }
}
