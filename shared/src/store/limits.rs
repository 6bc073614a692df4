//! Token buckets in the table: how often a capture key may be used, by all and from one address.
//!
//! A bucket is one number: the moment at which it will be full again (the generic cell rate algorithm, ITU-T I.371).
//! Taking a token moves that moment on by one interval, in one conditional write outside of any transaction, so that
//! any number of takers at once get exactly the tokens there are.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Duration, Utc};

use super::item::Item;
use super::keys::Key;
use super::{Store, StoreError};

const MINUTE: i64 = 60_000_000;
/// How often a token is tried to be taken among others who take theirs.
const ATTEMPTS: usize = 50;

/// A bucket, as it was read.
#[derive(Debug, Clone)]
pub struct Bucket {
    key: Key,
    /// Tokens that come in a minute, and the most there are at once.
    per_minute: u32,
    /// When it is full, in microseconds since 1970; none: it is.
    full: Option<i64>,
}

/// Why no token was taken.
#[derive(Debug)]
pub enum Refusal {
    /// There is none; the next comes in so many seconds.
    Empty(i64),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Bucket {
    pub(crate) fn new(key: Key, per_minute: u32, found: Option<&Item>) -> Self {
        Self { key, per_minute, full: found.and_then(full) }
    }

    /// An error, with the longest wait, if one of the buckets was empty when it was read. That costs no write, which is
    /// all that a flood costs.
    pub fn check_all(buckets: &[Self], now: DateTime<Utc>) -> Result<(), Refusal> {
        let waits = buckets.iter().filter_map(|bucket| match bucket.check(now.timestamp_micros()) {
            Err(Refusal::Empty(seconds)) => Some(seconds),
            Ok(()) | Err(Refusal::Store(_)) => None,
        });
        waits.max().map_or(Ok(()), |seconds| Err(Refusal::Empty(seconds)))
    }

    fn interval(&self) -> i64 {
        MINUTE / i64::from(self.per_minute.max(1))
    }

    /// The latest moment of being full at which a token is left, `now`.
    fn latest(&self, now: i64) -> i64 {
        now + i64::from(self.per_minute.max(1) - 1) * self.interval()
    }

    /// An error if there was no token when it was read.
    fn check(&self, now: i64) -> Result<(), Refusal> {
        match self.full {
            Some(full) if full > self.latest(now) => {
                Err(Refusal::Empty((full - self.latest(now) + 999_999) / 1_000_000))
            }
            _ => Ok(()),
        }
    }
}

fn full(item: &Item) -> Option<i64> {
    item.get("full")?.as_n().ok()?.parse().ok()
}

impl Store {
    /// Takes a token from each bucket, one after the other, so that who is refused by the first has none of the second:
    /// one write each, more only among many takers at once.
    pub async fn take_tokens(&self, buckets: &[Bucket], now: DateTime<Utc>) -> Result<(), Refusal> {
        Bucket::check_all(buckets, now)?;
        for bucket in buckets {
            self.take_token(bucket.clone(), now).await?;
        }
        Ok(())
    }

    async fn take_token(&self, mut bucket: Bucket, now: DateTime<Utc>) -> Result<(), Refusal> {
        let number = |n: i64| AttributeValue::N(n.to_string());
        let (micros, forgotten) = (now.timestamp_micros(), (now + Duration::minutes(2)).timestamp());
        for _ in 0..ATTEMPTS {
            bucket.check(micros)?;
            let write = self.client.update_item().table_name(&*self.table);
            let write = write.set_key(Some(bucket.key.clone().into_item()));
            let write = write.expression_attribute_names("#full", "full");
            let write = write.expression_attribute_values(":entity", AttributeValue::S("limit".to_owned()));
            let write = write.expression_attribute_values(":forgotten", number(forgotten));
            let write = write.expression_attribute_values(":now", number(micros));
            let rest = "entity = :entity, expires_at = :forgotten";
            let write = if bucket.full.is_some_and(|full| full >= micros) {
                write
                    .update_expression(format!("SET #full = #full + :interval, {rest}"))
                    .condition_expression("#full BETWEEN :now AND :latest")
                    .expression_attribute_values(":interval", number(bucket.interval()))
                    .expression_attribute_values(":latest", number(bucket.latest(micros)))
            } else {
                write
                    .update_expression(format!("SET #full = :next, {rest}"))
                    .condition_expression("attribute_not_exists(#full) OR #full < :now")
                    .expression_attribute_values(":next", number(micros + bucket.interval()))
            };
            let write =
                write.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match write.send().await {
                Ok(_) => return Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        bucket.full = failed.item().and_then(full);
                    }
                    _ => return Err(StoreError::from(error).into()),
                },
            }
        }
        Err(StoreError::Unavailable("others took a token at each try".into()).into())
    }
}
