//! Why a store did not do what it was asked, in words, and what helps. Composed of what was heard: what the cloud's client says by
//! itself may hold addresses with a signature in them, and is not told.

use crate::client::{Heard, Trouble};
use contract::{StoreAnswer, StoreKind, StorePlace, SyncTrouble};
use object_store::Error;

/// Clocks that differ by more are named, in seconds.
const SKEW: i64 = 300;

pub(crate) fn too_long(key: &str) -> StoreAnswer {
    StoreAnswer::Failed {
        trouble: SyncTrouble::Integrity,
        message: format!("{key} is longer than anything of ours"),
        hint: "remove that object: it is not ours".to_owned(),
        ends: false,
    }
}

/// An error, classed by what helps.
pub(crate) fn failed(place: &StorePlace, heard: &Heard, error: &Error) -> StoreAnswer {
    let who = who(place);
    let of = |trouble: SyncTrouble, message: String, hint: &str| StoreAnswer::Failed {
        trouble,
        message,
        hint: hint.to_owned(),
        ends: true,
    };
    if let Some(trouble) = &heard.trouble {
        return of_trouble(trouble, &who);
    }
    let code = heard.code.as_deref().unwrap_or_default();
    let said = said(heard);
    let status = heard.status.unwrap_or_default();
    let skewed = matches!(code, "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture");
    if skewed || (matches!(status, 401 | 403) && heard.ahead.is_some_and(|ahead| ahead.abs() > SKEW)) {
        let by = heard.ahead.map_or_else(String::new, |ahead| format!(" by {}", span(ahead)));
        return of(
            SyncTrouble::Auth,
            format!("the clock of this machine differs from that of {who}{by}, and it refuses what is signed so{said}"),
            "set the clock of this machine, and try again",
        );
    }
    match (status, code) {
        (_, "QuotaExceeded" | "ServiceQuotaExceeded" | "InsufficientCapacity" | "AccountIsFull" | "TooManyBuckets")
        | (507, _) => of(
            SyncTrouble::Quota,
            format!("{who} has no room left{said}"),
            "make room there, or have the quota raised; what is not there yet waits here",
        ),
        (413, _) | (_, "EntityTooLarge") => StoreAnswer::Failed {
            trouble: SyncTrouble::Quota,
            message: format!("{who} does not take an object of that length{said}"),
            hint: "have that limit raised, to 8 MiB at least".to_owned(),
            ends: false,
        },
        (_, "ExpiredToken" | "TokenRefreshRequired" | "InvalidToken") => of(
            SyncTrouble::Auth,
            format!("{who} says that the credentials have run out{said}"),
            "get new ones, and try again",
        ),
        (_, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" | "PermanentRedirect")
        | (301 | 307 | 308, _) => {
            let region = heard.region.as_ref().map_or_else(String::new, |region| format!(", `{}`", plain(region)));
            of(
                SyncTrouble::Auth,
                format!("the bucket {} is in another region{region}{said}", place.bucket),
                "add the remote with `?region=…` behind its address, or set AWS_REGION",
            )
        }
        (404, "NoSuchBucket" | "ContainerNotFound") => of(
            SyncTrouble::Auth,
            format!("there is no bucket {} at {who}", place.bucket),
            "look at its name and at the endpoint, or have it made",
        ),
        (401 | 403 | 407, _) => of(
            SyncTrouble::Auth,
            format!("{who} does not allow it{said}"),
            "look at the credentials in the environment or the profile, and at what they may do: list, read and write below that prefix",
        ),
        (429 | 500..=599, _) => {
            let wait = heard.retry_after.as_ref().map_or_else(String::new, |wait| format!(", after {} s", plain(wait)));
            of(
                SyncTrouble::Retry,
                format!("{who} cannot do it now (status {status}){said}"),
                &format!("try again{wait}; what is not there yet waits here"),
            )
        }
        (200..=299, _) => of(
            SyncTrouble::Retry,
            format!("what {who} answered is not what a store answers: {}", kind(error)),
            "look whether a page asks you to sign in to this network; else whether the endpoint is that of a store",
        ),
        (0, _) => of(
            SyncTrouble::Auth,
            format!("no credentials could be had for {who}: {}", kind(error)),
            "look at what the environment says of them",
        ),
        _ => of(
            SyncTrouble::Retry,
            format!("{who} refused it with status {status}{said}"),
            "look at the address, and try again",
        ),
    }
}

fn of_trouble(trouble: &Trouble, who: &str) -> StoreAnswer {
    let (class, message, hint) = match trouble {
        Trouble::Name(why) => (
            SyncTrouble::Retry,
            format!("{who} is not found: {why}"),
            "look at the network and at the address, and try again",
        ),
        Trouble::Connection(why) => {
            (SyncTrouble::Retry, format!("{who} is not reached: {}", plain(why)), "look at the network, and try again")
        }
        Trouble::Timeout => {
            (SyncTrouble::Retry, format!("{who} did not answer in time"), "look at the network, and try again")
        }
        Trouble::Certificate(why) => (
            SyncTrouble::Auth,
            format!("who answers as {who} does not prove to be it: {}", plain(why)),
            "look at the clock of this machine, and whether a proxy or a page to sign in is in the way; nothing was read or written",
        ),
        Trouble::Portal(what) => (
            SyncTrouble::Retry,
            format!("something else answered in the place of {who}: {what}"),
            "look whether a page asks you to sign in to this network, and try again; nothing of it was taken",
        ),
        Trouble::TooLong => (
            SyncTrouble::Integrity,
            format!("{who} gave an answer that is longer than any"),
            "look whether what answers there is an object store",
        ),
        Trouble::TooManyRequests => (
            SyncTrouble::Integrity,
            format!("{who} had one question asked again without end"),
            "look whether what answers there is an object store",
        ),
        Trouble::Plain => (
            SyncTrouble::Auth,
            format!("{who} would be asked without encryption, where anybody on the way can read and change it"),
            "name an endpoint with https",
        ),
    };
    StoreAnswer::Failed { trouble: class, message, hint: hint.to_owned(), ends: true }
}

/// Whose store it is, for people.
fn who(place: &StorePlace) -> String {
    match (&place.endpoint, place.kind) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, StoreKind::S3) => "the S3 store".to_owned(),
        (None, StoreKind::Gcs) => "Google Cloud Storage".to_owned(),
        (None, StoreKind::Azure) => "Azure Blob Storage".to_owned(),
    }
}

/// The cloud's own words.
fn said(heard: &Heard) -> String {
    match (&heard.code, &heard.said) {
        (Some(code), Some(said)) if !said.is_empty() => format!(": {}: {}", plain(code), plain(said)),
        (Some(code), _) => format!(": {}", plain(code)),
        (None, _) => String::new(),
    }
}

fn plain(text: &str) -> String {
    // What stands behind a `?` of an address may be a signature.
    text.split('?').next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::InvalidPath { .. } => "it lists an object whose name is none",
        Error::NotFound { .. } => "what was asked for is not there",
        Error::NotImplemented { .. } | Error::NotSupported { .. } => "it cannot do that",
        _ => "its answer could not be read",
    }
}

fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
