//! Many items at once.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::future::try_join_all;

use super::item::Item;
use super::keys::Key;
use super::{Store, StoreError};
use crate::aws::backoff;
use crate::domain::{Import, LeadId};

/// Most items DynamoDB gives at once.
const MOST: usize = 100;
/// Most items DynamoDB writes at once.
const MOST_WRITES: usize = 25;
/// How often what was left out is sent again before the table counts as busy.
const ATTEMPTS: u32 = 5;

impl Store {
    /// The items there are of these keys, as last written; any number, in one round.
    pub(crate) async fn read_all(&self, mut keys: Vec<Key>) -> Result<HashMap<Key, Item>, StoreError> {
        keys.sort_unstable();
        keys.dedup(); // DynamoDB refuses a key that is asked for twice
        let batches = keys.chunks(MOST).map(|batch| self.read_batch(batch.to_vec()));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    async fn read_batch(&self, keys: Vec<Key>) -> Result<HashMap<Key, Item>, StoreError> {
        let mut left = keys.into_iter().map(Key::into_item).collect::<Vec<_>>();
        let mut found = HashMap::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(backoff(attempt)).await;
            }
            let ask = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let ask = ask.map_err(|error| StoreError::Failed(error.into()))?;
            let answer = self.client.batch_get_item().request_items(&*self.table, ask).send().await?;
            let items = answer.responses.unwrap_or_default().remove(&*self.table).unwrap_or_default();
            found.extend(items.into_iter().filter_map(|item| Some((Key::of(&item)?, item))));
            left = match answer.unprocessed_keys.unwrap_or_default().remove(&*self.table) {
                Some(rest) => rest.keys,
                None => return Ok(found),
            };
        }
        Err(StoreError::Unavailable("items stayed unprocessed".into()))
    }

    /// Writes items by themselves, whatever was there.
    pub(crate) async fn put_all(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let put = |item| PutRequest::builder().set_item(Some(item)).build();
        let put = |item| Ok(WriteRequest::builder().put_request(put(item)?).build());
        let puts = items.into_iter().map(put).collect::<Result<_, BuildError>>();
        self.write_all(puts.map_err(|error| StoreError::Failed(error.into()))?).await
    }

    /// Takes away leads that nobody knows of.
    pub(crate) async fn delete_leads(&self, import: &Import, leads: Vec<LeadId>) -> Result<(), StoreError> {
        let delete =
            |lead| DeleteRequest::builder().set_key(Some(Key::lead(import.org, lead).into_item())).build();
        let delete = |lead| Ok(WriteRequest::builder().delete_request(delete(lead)?).build());
        let deletes = leads.into_iter().map(delete).collect::<Result<_, BuildError>>();
        self.write_all(deletes.map_err(|error| StoreError::Failed(error.into()))?).await
    }

    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<(), StoreError> {
        let (mut batches, mut writes) = (Vec::new(), writes.into_iter().peekable());
        while writes.peek().is_some() {
            batches.push(self.write_batch(writes.by_ref().take(MOST_WRITES).collect()));
        }
        try_join_all(batches).await?;
        Ok(())
    }

    async fn write_batch(&self, mut left: Vec<WriteRequest>) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(backoff(attempt)).await;
            }
            let answer = self.client.batch_write_item().request_items(&*self.table, left).send().await?;
            left = match answer.unprocessed_items.unwrap_or_default().remove(&*self.table) {
                Some(rest) if !rest.is_empty() => rest,
                Some(_) | None => return Ok(()),
            };
        }
        Err(StoreError::Unavailable("items stayed unprocessed".into()))
    }
}
