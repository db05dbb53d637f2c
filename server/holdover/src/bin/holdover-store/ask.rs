//! One question to a bucket, and its answer.

use crate::client::{Client, Heard, Trouble};
use crate::{connect, words};
use contract::{StoreAnswer, StoreEntry, StorePlace, StoreQuestion, SyncTrouble};
use futures::StreamExt as _;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use std::sync::Arc;

/// Answers that are no object are read up to here at least: what gives out credentials says more than a short object.
const LEAST: u64 = 64 << 10;

/// A bucket.
pub(crate) struct Store {
    place: StorePlace,
    client: Client,
    connected: Option<Arc<dyn ObjectStore>>,
}

impl Store {
    pub fn at(place: StorePlace) -> Store {
        Store { place, client: Client::new(), connected: None }
    }

    /// Asks it. What comes beside the answer are an object's bytes.
    pub async fn ask(&mut self, question: StoreQuestion, body: Vec<u8>) -> (StoreAnswer, Vec<u8>) {
        match self.answer(question, body).await {
            Ok(answer) => answer,
            Err(failed) => (failed, Vec::new()),
        }
    }

    async fn answer(&mut self, question: StoreQuestion, body: Vec<u8>) -> Result<(StoreAnswer, Vec<u8>), StoreAnswer> {
        let store = match &self.connected {
            Some(store) => Arc::clone(store),
            None => Arc::clone(self.connected.insert(connect::connect(&self.place, self.client.clone())?)),
        };
        let most = if let StoreQuestion::Get { most, .. } = &question { Some((*most).max(LEAST)) } else { None };
        *self.client.heard() = Heard { most, ..Heard::default() };
        let bare = |answer: StoreAnswer| Ok((answer, Vec::new()));
        match question {
            StoreQuestion::List { prefix, after, most } => bare(self.list(&*store, &prefix, after, most).await?),
            StoreQuestion::Get { key, most } => {
                let got = match store.get(&path(&key)?).await {
                    Ok(got) => got.bytes().await,
                    Err(error) => Err(error),
                };
                match got {
                    Ok(bytes) if bytes.len() as u64 > most => Err(words::too_long(&key)),
                    Ok(bytes) => Ok((StoreAnswer::Bytes, bytes.to_vec())),
                    Err(Error::NotFound { .. }) if !self.has_no_bucket() => bare(StoreAnswer::Missing),
                    Err(_) if self.client.heard().trouble == Some(Trouble::TooLong) => Err(words::too_long(&key)),
                    Err(error) => Err(self.failed(&error)),
                }
            }
            StoreQuestion::Put { key, new } => match store.put_opts(&path(&key)?, body.into(), options(new)).await {
                Ok(done) => bare(StoreAnswer::Done { tag: done.e_tag }),
                Err(error) => bare(self.unput(&error, new)?),
            },
            StoreQuestion::Race { key, writers } => {
                let key = path(&key)?;
                let one = |n: u8| {
                    let (store, key) = (Arc::clone(&store), key.clone());
                    async move { store.put_opts(&key, PutPayload::from(vec![n; 8]), options(true)).await }
                };
                let (mut won, mut failed) = (0, None);
                for put in futures::future::join_all((0..writers).map(one)).await {
                    match put {
                        Ok(_) => won += 1,
                        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
                        Err(error) => failed = Some(error),
                    }
                }
                // Who did not get through does not matter where somebody did.
                match failed {
                    Some(error) if won == 0 => Err(self.failed(&error)),
                    _ => bare(StoreAnswer::Raced { won }),
                }
            }
            StoreQuestion::Remove { key } => match store.delete(&path(&key)?).await {
                Ok(()) | Err(Error::NotFound { .. }) => bare(StoreAnswer::Done { tag: None }),
                Err(error) => Err(self.failed(&error)),
            },
        }
    }

    async fn list(
        &self,
        store: &dyn ObjectStore,
        prefix: &str,
        after: Option<String>,
        most: u32,
    ) -> Result<StoreAnswer, StoreAnswer> {
        let prefix = if prefix.is_empty() { None } else { Some(path(prefix)?) };
        let mut listed = match &after {
            Some(after) => store.list_with_offset(prefix.as_ref(), &path(after)?),
            None => store.list(prefix.as_ref()),
        };
        let mut entries = Vec::new();
        while let Some(entry) = listed.next().await {
            let entry = entry.map_err(|error| self.failed(&error))?;
            let key = entry.location.to_string();
            if after.as_ref().is_some_and(|after| key <= *after) {
                continue;
            }
            entries.push(StoreEntry { key, bytes: entry.size, tag: entry.e_tag });
            if entries.len() >= most as usize {
                return Ok(StoreAnswer::Listed { entries, more: true });
            }
        }
        Ok(StoreAnswer::Listed { entries, more: false })
    }

    /// Why something was not put.
    fn unput(&self, error: &Error, new: bool) -> Result<StoreAnswer, StoreAnswer> {
        let (status, code) = {
            let heard = self.client.heard();
            (heard.status, heard.code.clone())
        };
        let knows_no_condition = matches!(error, Error::NotImplemented { .. })
            || status == Some(501)
            || code.as_deref() == Some("NotImplemented");
        match error {
            Error::AlreadyExists { .. } | Error::Precondition { .. } if new => Ok(StoreAnswer::Exists),
            _ if new && knows_no_condition => Ok(StoreAnswer::Unconditional),
            _ => Err(self.failed(error)),
        }
    }

    /// That the bucket itself is not there is no answer about an object.
    fn has_no_bucket(&self) -> bool {
        matches!(self.client.heard().code.as_deref(), Some("NoSuchBucket" | "ContainerNotFound"))
    }

    fn failed(&self, error: &Error) -> StoreAnswer {
        words::failed(&self.place, &self.client.heard(), error)
    }
}

fn options(new: bool) -> PutOptions {
    PutOptions::from(if new { PutMode::Create } else { PutMode::Overwrite })
}

fn path(key: &str) -> Result<Path, StoreAnswer> {
    Path::parse(key).map_err(|_| StoreAnswer::Failed {
        trouble: SyncTrouble::Integrity,
        message: format!("this cannot be the name of an object: {key:?}"),
        hint: "try again; if it stays so, report it".to_owned(),
        ends: false,
    })
}
