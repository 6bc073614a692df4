//! What is to be cleaned up should whoever began it be killed: written down before it is begun, struck out by the
//! transaction that ends it, done by a later request otherwise.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::item::{decode, encode, entities, rfc3339};
use super::keys::Key;
use super::transaction::{Refused, Transaction, present};
use super::{Store, StoreError};
use crate::domain::{AttachmentId, LeadId, OrgId};
use crate::telemetry::chain;

/// Most chores that one request does beside its own work.
const MOST: i32 = 3;
/// Most chores of the hour to come that are looked at.
const MOST_LATER: usize = 1000;
/// How long a chore is left to whoever took it on.
const LEASE: Duration = Duration::minutes(10);

/// Something to clean up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chore {
    id: Uuid,
    org: OrgId,
    /// It may be done from this moment on; before, whoever began it may still end it.
    due: DateTime<Utc>,
    /// What to do.
    pub task: Task,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Remove these objects: no record names them.
    Objects(Vec<String>),
    /// An upload whose link is over: it counts if it has arrived unseen, and else goes.
    Upload { lead: LeadId, file: AttachmentId },
    /// Remove those of these objects that are no segments of the list index any more, nor were lately.
    Segments(Vec<String>),
    /// Remove what is left of a lead that is gone: comments, files, history.
    Lead(LeadId),
}

entities! {
    Chore => "chore",
}

impl Chore {
    /// A chore for later.
    pub fn new(org: OrgId, due: DateTime<Utc>, task: Task) -> Self {
        Self { id: Uuid::new_v4(), org, due, task }
    }

    /// A chore that is done at once; by others only if that comes to nothing.
    pub fn taken_on(org: OrgId, now: DateTime<Utc>, task: Task) -> Self {
        Self::new(org, now + LEASE, task)
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// From when on it may be done.
    pub fn due(&self) -> DateTime<Utc> {
        self.due
    }

    /// Whose it is.
    pub fn org(&self) -> OrgId {
        self.org
    }

    fn key(&self) -> Key {
        Key::chore(self.org, &rfc3339(self.due), &self.id.to_string())
    }
}

impl Transaction {
    /// Writes a chore down.
    pub(crate) fn put_chore(&mut self, chore: &Chore, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.put(encode(chore.key(), chore, now)?);
        Ok(())
    }

    /// Strikes a chore out that is done, perhaps by somebody else too.
    pub(crate) fn delete_chore(&mut self, chore: &Chore) {
        self.delete(chore.key());
    }

    /// Strikes a chore out; refused if somebody has done it.
    pub(crate) fn end_chore(&mut self, chore: &Chore) {
        self.delete_if(chore.key(), present());
    }
}

impl Store {
    /// Writes a chore down by itself.
    pub(crate) async fn insert_chore(&self, chore: &Chore, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.put_chore(chore, now)?;
        Ok(self.commit(transaction).await?)
    }

    /// Takes a chore on, so that for a while nobody else does, and the transaction that was to end it never will; gives
    /// it under its new time. None if somebody else has taken it on, or it was ended.
    pub(crate) async fn claim_chore(
        &self,
        chore: &Chore,
        now: DateTime<Utc>,
    ) -> Result<Option<Chore>, StoreError> {
        let claimed = Chore { due: now + LEASE, ..chore.clone() };
        let mut transaction = Transaction::default();
        transaction.end_chore(chore);
        transaction.put_chore(&claimed, now)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Some(claimed)),
            Err(Refused::Condition) => Ok(None),
            Err(Refused::Store(error)) => Err(error),
        }
    }

    /// Strikes a chore out, done.
    pub(crate) async fn remove_chore(&self, chore: &Chore) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.delete_chore(chore);
        Ok(self.commit(transaction).await?)
    }

    /// The segments that other chores name which are not due for long: a fold has replaced them lately, or written them,
    /// and who has read the manifest of then may be reading them now. For a chore that was claimed.
    pub(super) async fn lately_folded(&self, chore: &Chore) -> Result<HashSet<String>, StoreError> {
        let key = |due: DateTime<Utc>| Key::chore(chore.org, &rfc3339(due), "");
        let (first, last) = (chore.due + LEASE, chore.due + Duration::hours(1)); // nobody does those now
        let later: Vec<Chore> = self.first(self.query_between(key(first), key(last).sk), MOST_LATER).await?;
        let objects = later.into_iter().filter_map(|chore| match chore.task {
            Task::Segments(objects) => Some(objects),
            Task::Objects(_) | Task::Upload { .. } | Task::Lead(_) => None,
        });
        Ok(objects.flatten().collect())
    }

    /// A few chores that are due, the longest due first. One that cannot be read is passed over.
    pub async fn chores(&self, org: OrgId, now: DateTime<Utc>) -> Result<Vec<Chore>, StoreError> {
        let due = Key::chore(org, &rfc3339(now), "");
        let query = self.query(due.pk).key_condition_expression("PK = :pk AND SK < :now");
        let query = query.expression_attribute_values(":now", AttributeValue::S(due.sk));
        let page = query.limit(MOST).send().await?;
        let chores = page.items.unwrap_or_default().into_iter().map(decode::<Chore>);
        Ok(chores
            .filter_map(|chore| {
                chore
                    .inspect_err(|error| tracing::error!(cause = chain(error), "a chore cannot be read"))
                    .ok()
            })
            .collect())
    }
}
