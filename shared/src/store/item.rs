//! Items: how a value becomes one, and comes back.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::Key;
use super::{Store, StoreError};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A value that is stored under a name of its own, so that one kind is never read as another.
pub(crate) trait Entity: Serialize + DeserializeOwned {
    const NAME: &'static str;
}

macro_rules! entities {
    ($($type:ty => $name:literal),* $(,)?) => {
        $(impl $crate::store::item::Entity for $type {
            const NAME: &'static str = $name;
        })*
    };
}

entities! {
    crate::domain::Account => "account",
    crate::domain::ApiKey => "api_key",
    crate::domain::Attachment => "attachment",
    crate::domain::Comment => "comment",
    crate::domain::Company => "company",
    crate::domain::Contact => "contact",
    crate::domain::Event => "event",
    crate::domain::Lead => "lead",
    crate::domain::Opportunity => "opportunity",
    crate::domain::Org => "org",
    crate::domain::Team => "team",
    crate::domain::User => "user",
}
pub(crate) use entities;

/// The item of a value.
pub(crate) fn encode<T: Entity>(key: Key, value: &T, now: DateTime<Utc>) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)?;
    item.extend(key.into_item());
    item.insert("entity".to_owned(), AttributeValue::S(T::NAME.to_owned()));
    item.insert("updated_at".to_owned(), AttributeValue::S(rfc3339(now)));
    Ok(item)
}

/// About how many bytes an item has.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(values) => values.iter().map(|value| 1 + size_of_value(value)).sum(),
        AttributeValue::M(values) => size(values),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.iter().map(String::len).sum(),
        _ => 1,
    }
}

/// The value of an item.
pub(crate) fn decode<T: Entity>(item: Item) -> Result<T, StoreError> {
    match item.get("entity").and_then(|entity| entity.as_s().ok()) {
        Some(entity) if entity == T::NAME => Ok(serde_dynamo::from_item(item)?),
        _ => Err(StoreError::Failed(format!("an item is no {}", T::NAME).into())),
    }
}

/// A moment as it is stored and shown: UTC, milliseconds.
pub fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment as DynamoDB's time to live wants it.
pub(crate) fn epoch(moment: DateTime<Utc>) -> AttributeValue {
    AttributeValue::N(moment.timestamp().to_string())
}

impl Store {
    /// One item, as last written.
    pub(crate) async fn read(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&*self.table).consistent_read(true);
        Ok(read.set_key(Some(key.into_item())).send().await?.item)
    }

    /// One value, as last written.
    pub(crate) async fn find<T: Entity>(&self, key: Key) -> Result<Option<T>, StoreError> {
        self.read(key).await?.map(decode).transpose()
    }

    /// A query over one partition, as last written.
    pub(crate) fn query(&self, pk: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("PK = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
    }

    /// A query over those of a partition whose sort key begins with `prefix.sk`.
    pub(crate) fn query_prefix(&self, prefix: Key) -> QueryFluentBuilder {
        self.query(prefix.pk)
            .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
            .expression_attribute_values(":sk", AttributeValue::S(prefix.sk))
    }

    /// A query over those of a partition from one sort key to another, both included.
    pub(crate) fn query_between(&self, first: Key, last: String) -> QueryFluentBuilder {
        self.query(first.pk)
            .key_condition_expression("PK = :pk AND SK BETWEEN :first AND :last")
            .expression_attribute_values(":first", AttributeValue::S(first.sk))
            .expression_attribute_values(":last", AttributeValue::S(last))
    }

    /// The first `most` values of a query.
    pub(crate) async fn first<T: Entity>(
        &self,
        query: QueryFluentBuilder,
        most: usize,
    ) -> Result<Vec<T>, StoreError> {
        self.part(query, 0, most).await
    }

    /// `most` values of a query after the first `skip`.
    pub(crate) async fn part<T: Entity>(
        &self,
        query: QueryFluentBuilder,
        mut skip: usize,
        most: usize,
    ) -> Result<Vec<T>, StoreError> {
        let limit = i32::try_from(skip.saturating_add(most)).unwrap_or(i32::MAX);
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let page = query.clone().limit(limit).set_exclusive_start_key(start).send().await?;
            let items = page.items.unwrap_or_default();
            let skipped = skip.min(items.len());
            skip -= skipped;
            found.extend(items.into_iter().skip(skipped));
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= most {
                break;
            }
        }
        found.truncate(most);
        found.into_iter().map(decode).collect()
    }
}
