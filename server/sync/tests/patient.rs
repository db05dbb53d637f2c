//! Storage that hangs: whoever asks has an answer in time, others are not made to wait behind it, and once it answers again it is used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_sync::{Call, Class, Head, Identity, Listing, Patient, Probe, Put, Remote, RemoteError, SegmentName};
use host::Cancel;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Far more than any answer takes here, and far less than the limits that are not to be waited for.
const GENEROUS: Duration = Duration::from_mins(1);
const LONG: Duration = Duration::from_mins(20);

/// Answers once it is let go, however long that takes, as a file system does that hangs.
#[derive(Default)]
struct Hanging {
    goes: Mutex<bool>,
    change: Condvar,
    asked: AtomicUsize,
}

impl Hanging {
    fn set(&self, goes: bool) {
        *self.goes.lock().unwrap() = goes;
        self.change.notify_all();
    }

    #[allow(clippy::unnecessary_wraps, reason = "as a remote answers")]
    fn answer<T>(&self, answer: T) -> Result<T, RemoteError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut goes = self.goes.lock().unwrap();
        while !*goes {
            goes = self.change.wait(goes).unwrap();
        }
        Ok(answer)
    }
}

impl Remote for Hanging {
    fn kind(&self) -> &'static str {
        "hanging"
    }

    fn place(&self) -> String {
        "the share".to_owned()
    }

    fn is_networked(&self, _: &Call) -> Result<bool, RemoteError> {
        self.answer(true)
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, _: &Call) -> Result<Identity, RemoteError> {
        self.answer(Identity { id: "x".to_owned(), project, check })
    }

    fn identity(&self, _: &Call) -> Result<Identity, RemoteError> {
        self.answer(Identity { id: "x".to_owned(), project: [3; 16], check: None })
    }

    fn segments(&self, _: &Call) -> Result<Listing, RemoteError> {
        self.answer(Listing::default())
    }

    fn heads(&self, _: &Call) -> Result<Vec<Head>, RemoteError> {
        self.answer(vec![Head { lane: 1, log: [1; 16], seq: 7 }])
    }

    fn get(&self, name: &SegmentName, _: &Call) -> Result<Vec<u8>, RemoteError> {
        self.answer(vec![name.lane; 5])
    }

    fn put(&self, _: &SegmentName, bytes: &[u8], _: &Call) -> Result<Put, RemoteError> {
        self.answer(if bytes.is_empty() { Put::Taken } else { Put::Stored })
    }

    fn set_head(&self, _: &Head, _: &Call) -> Result<(), RemoteError> {
        self.answer(())
    }

    fn probe(&self, _: &Call) -> Result<Probe, RemoteError> {
        Err(RemoteError::of(Class::Quota, "full", "make room"))
    }
}

fn within(limit: Duration) -> Call {
    Call::within(limit, &Cancel::new())
}

fn patient() -> (Arc<Hanging>, Patient) {
    let remote = Arc::new(Hanging::default());
    let patient = Patient::around(remote.clone()).unwrap();
    (remote, patient)
}

fn hangs<T: std::fmt::Debug>(answer: Result<T, RemoteError>) {
    let error = answer.unwrap_err();
    assert!(error.ends && error.class == Class::Retry && error.message == "the share does not answer", "{error}");
}

#[test]
fn what_hangs_is_given_up_after_the_limit_is_not_asked_again_meanwhile_and_is_used_once_it_answers() {
    let (remote, patient) = patient();
    let begun = Instant::now();
    hangs(patient.identity(&within(Duration::from_millis(200))));
    assert!(begun.elapsed() >= Duration::from_millis(200) && begun.elapsed() < GENEROUS, "{:?}", begun.elapsed());
    // Nobody waits behind it, whatever time they have.
    for _ in 0..3 {
        hangs(patient.segments(&within(LONG)));
        hangs(patient.put(&name(), b"x", &within(LONG)));
    }
    assert!(begun.elapsed() < GENEROUS, "they waited: {:?}", begun.elapsed());
    assert_eq!(remote.asked.load(Ordering::SeqCst), 1, "one question hangs there, and no other was asked");
    remote.set(true);
    while let Err(error) = patient.identity(&within(LONG)) {
        assert!(error.message.contains("does not answer") && begun.elapsed() < 2 * GENEROUS, "{error}");
        std::thread::yield_now();
    }
    remote.set(false);
    hangs(patient.heads(&within(Duration::from_millis(100))));
    remote.set(true);
}

#[test]
fn whoever_does_not_want_the_answer_any_more_does_not_wait_for_it() {
    let (remote, patient) = patient();
    let cancel = Cancel::new();
    let call = Call::within(LONG, &cancel);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| patient.identity(&call));
        while remote.asked.load(Ordering::SeqCst) == 0 {
            assert!(begun.elapsed() < GENEROUS);
            std::thread::yield_now();
        }
        cancel.cancel();
        let error = asked.join().unwrap().unwrap_err();
        assert_eq!(error.class, Class::Stopped, "{error}");
    });
    assert!(begun.elapsed() < GENEROUS, "{:?}", begun.elapsed());
    // It is over at once too, though the storage still hangs.
    drop(patient);
    assert!(begun.elapsed() < GENEROUS);
    remote.set(true);
}

#[test]
fn answers_and_errors_come_as_they_were_given() {
    let (remote, patient) = patient();
    remote.set(true);
    let call = within(LONG);
    assert!(patient.is_networked(&call).unwrap());
    assert_eq!((patient.kind(), patient.place()), ("hanging", "the share".to_owned()));
    assert_eq!(patient.found([9; 16], Some([1; 8]), &call).unwrap().check, Some([1; 8]));
    assert_eq!(patient.identity(&call).unwrap().project, [3; 16]);
    assert_eq!(patient.segments(&call).unwrap(), Listing::default());
    assert_eq!(patient.heads(&call).unwrap()[0].seq, 7);
    assert_eq!(patient.get(&name(), &call).unwrap(), [2; 5]);
    assert_eq!(
        (patient.put(&name(), b"", &call), patient.put(&name(), b"x", &call)),
        (Ok(Put::Taken), Ok(Put::Stored))
    );
    patient.set_head(&Head { lane: 1, log: [1; 16], seq: 1 }, &call).unwrap();
    patient.finish(&call).unwrap();
    assert_eq!(patient.probe(&call).unwrap_err().class, Class::Quota);
    assert!(patient.identity(&within(Duration::ZERO)).unwrap_err().message.contains("in time"), "no time is left");
}

fn name() -> SegmentName {
    SegmentName { lane: 2, log: [7; 16], first: 1, last: 1, hash: [7; 16], copy: 1 }
}
