//! Requests that are done once: by an idempotency key, or because the same capture came again.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::item::{Item, decode, encode, entities, epoch, rfc3339};
use super::keys::{Key, sha256};
use super::transaction::{Condition, Transaction};
use crate::domain::{ImportId, LeadId, OrgId};
use aws_sdk_dynamodb::types::AttributeValue;

/// How long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::hours(24);
/// How long the same capture counts as a repeat.
const WINDOW: Duration = Duration::minutes(10);

/// A request with an idempotency key.
#[derive(Debug, Clone)]
pub struct Once {
    pub(crate) key: Key,
    body: String,
}

/// An answer as it was given the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why a request with an idempotency key is not done.
#[derive(Debug)]
pub enum OnceError {
    /// It was done before: this was the answer.
    Replay(Recorded),
    /// The key was used for something else.
    OtherBody,
}

#[derive(Debug, Serialize, Deserialize)]
struct Done {
    body: String,
    expires_at: i64,
    answer: Recorded,
}

entities! {
    Done => "once",
    Repeated => "repeat",
}

impl Once {
    /// A request of this caller to this route with this key; `body` is what was asked.
    pub fn new(org: OrgId, caller: &str, route: &str, key: &str, body: &str) -> Self {
        Self { key: Key::once(org, &format!("{caller}\n{route}\n{key}")), body: sha256(body) }
    }

    /// The id of an import that was sent with the key; there is one for each key, so that a repeat finds it.
    pub fn import(&self) -> ImportId {
        ImportId::of_object("", &self.key.pk, "")
    }

    /// The hash of what was asked.
    pub fn asked(&self) -> &str {
        &self.body
    }

    /// Whether what the table holds under the key lets the request be done.
    pub(crate) fn check(
        &self,
        found: Option<Item>,
        now: DateTime<Utc>,
    ) -> Result<Result<(), OnceError>, StoreError> {
        let Some(item) = found else { return Ok(Ok(())) };
        let done: Done = decode(item)?;
        Ok(match done {
            done if done.expires_at <= now.timestamp() => Ok(()),
            done if done.body == self.body => Err(OnceError::Replay(done.answer)),
            _ => Err(OnceError::OtherBody),
        })
    }

    /// Remembers the answer, in the transaction that earns it.
    pub(crate) fn record(
        &self,
        transaction: &mut Transaction,
        answer: Recorded,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let done = Done { body: self.body.clone(), expires_at: (now + REMEMBERED).timestamp(), answer };
        let free: Condition = ("attribute_not_exists(PK) OR expires_at <= :now", vec![(":now", epoch(now))]);
        transaction.put_if(encode(self.key.clone(), &done, now)?, free);
        Ok(())
    }
}

/// A capture that, sent again within 10 minutes, is the same lead.
#[derive(Debug, Clone)]
pub struct Repeat {
    pub(crate) key: Key,
}

#[derive(Debug, Serialize, Deserialize)]
struct Repeated {
    lead: LeadId,
    at: DateTime<Utc>,
}

impl Repeat {
    /// The capture by this key of this sender with this text.
    pub fn new(org: OrgId, key: &str, sender: &str, text: &str) -> Self {
        Self { key: Key::repeat(org, &format!("{key}\n{sender}\n{text}")) }
    }

    /// The lead that the capture made a moment ago, and when.
    pub(crate) fn lead(
        found: Option<Item>,
        now: DateTime<Utc>,
    ) -> Result<Option<(LeadId, DateTime<Utc>)>, StoreError> {
        let repeated = found.map(decode::<Repeated>).transpose()?;
        Ok(repeated
            .filter(|repeated| repeated.at > now - WINDOW)
            .map(|repeated| (repeated.lead, repeated.at)))
    }

    /// Remembers the capture, in the transaction that makes its lead.
    pub(crate) fn record(
        &self,
        transaction: &mut Transaction,
        lead: LeadId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut item = encode(self.key.clone(), &Repeated { lead, at: now }, now)?;
        item.insert("updated_at".to_owned(), AttributeValue::S(rfc3339(now)));
        item.insert("expires_at".to_owned(), epoch(now + WINDOW));
        let window = AttributeValue::S(rfc3339(now - WINDOW));
        let free: Condition =
            ("attribute_not_exists(PK) OR updated_at <= :window", vec![(":window", window)]);
        transaction.put_if(item, free);
        Ok(())
    }
}
