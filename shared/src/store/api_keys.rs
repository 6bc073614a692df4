//! Capture keys in the table: each under the hash of its secret, and under its id for its owners.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::item::{decode, encode, entities, epoch, rfc3339};
use super::keys::{Key, sha256};
use super::transaction::{Transaction, absent};
use super::{Bucket, Store, StoreError};
use crate::domain::{ApiKey, KeyId, OrgId};
use crate::human::CaptchaSecret;
use crate::telemetry::chain;

/// How often a key is revoked anew that is rotated at the same time.
const ATTEMPTS: usize = 5;
/// How old the time of last use may be.
const STALE: Duration = Duration::hours(1);
/// How long a key's old secret goes on after it was rotated.
const OVERLAP: Duration = Duration::hours(24);

/// SHA-256 of a key's secret, as hexadecimal: all that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHash(String);

impl KeyHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret))
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key and the hashes of the secrets that open it, the newest last.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ring {
    key: ApiKey,
    hashes: Vec<KeyHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captcha_secret: Option<CaptchaSecret>,
    /// Of a revoked key: when it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_on: Option<DateTime<Utc>>,
}

/// What a secret opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opens {
    key: ApiKey,
    /// After this moment it opens nothing; set when it was rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captcha_secret: Option<CaptchaSecret>,
    /// At most an hour old, if it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_on: Option<DateTime<Utc>>,
}

/// A key that a secret opened, with what it takes to use it.
#[derive(Debug, Clone)]
pub struct Opened {
    pub key: ApiKey,
    pub captcha_secret: Option<CaptchaSecret>,
    /// The tokens left to the address that uses it.
    pub address: Option<Bucket>,
    /// The tokens left to the key.
    pub all: Option<Bucket>,
    hash: KeyHash,
    last_used_on: Option<DateTime<Utc>>,
}

/// A key as its owners see it.
#[derive(Debug, Clone, Serialize)]
pub struct KeyShown {
    #[serde(flatten)]
    pub key: ApiKey,
    /// To the hour.
    pub last_used_on: Option<DateTime<Utc>>,
    #[serde(skip)]
    hashes: Vec<KeyHash>,
}

impl KeyShown {
    /// This is the hash of its newest secret.
    pub fn opened_by(&self, hash: &KeyHash) -> bool {
        self.hashes.last() == Some(hash)
    }
}

entities! {
    Ring => "key_ring",
    Opens => "key_opens",
}

impl Store {
    /// Adds a key; `captcha_secret` is what its verifier knows it by.
    pub async fn insert_key(
        &self,
        key: &ApiKey,
        hash: KeyHash,
        captcha_secret: Option<CaptchaSecret>,
    ) -> Result<(), StoreError> {
        let ring = Ring { key: key.clone(), hashes: vec![hash.clone()], captcha_secret, last_used_on: None };
        let (now, opens) = (key.created_on, ring.opens(None));
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::api_key(&hash), &opens, now)?, absent());
        transaction.put_if(encode(Key::capture_key(key.org, key.id), &ring, now)?, absent());
        Ok(self.commit(transaction).await?)
    }

    /// The keys, oldest first, revoked ones too.
    pub async fn keys(&self, org: OrgId) -> Result<Vec<KeyShown>, StoreError> {
        let rings: Vec<Ring> = self.first(self.query_prefix(Key::capture_keys(org)), usize::MAX).await?;
        self.shown(rings).await
    }

    /// One key.
    pub async fn find_key(&self, org: OrgId, key: KeyId) -> Result<Option<KeyShown>, StoreError> {
        let ring = self.find::<Ring>(Key::capture_key(org, key)).await?;
        Ok(self.shown(ring.into_iter().collect()).await?.pop())
    }

    async fn shown(&self, rings: Vec<Ring>) -> Result<Vec<KeyShown>, StoreError> {
        let hashes = rings.iter().flat_map(|ring| &ring.hashes);
        let found = self.read_all(hashes.map(Key::api_key).collect()).await?;
        let used = |hash: &KeyHash| {
            let opens = found.get(&Key::api_key(hash)).cloned().map(decode::<Opens>).transpose()?;
            Ok::<_, StoreError>(opens.and_then(|opens| opens.last_used_on))
        };
        let show = |ring: Ring| {
            let used = ring.hashes.iter().map(used).collect::<Result<Vec<_>, _>>()?;
            let last_used_on = used.into_iter().flatten().chain(ring.last_used_on).max();
            Ok(KeyShown { key: ring.key, last_used_on, hashes: ring.hashes })
        };
        rings.into_iter().map(show).collect()
    }

    /// The key that a secret opens now, for a sender at this address: none if there is none, or it was revoked or
    /// rotated away.
    pub async fn opened_by(
        &self,
        hash: KeyHash,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Opened>, StoreError> {
        let (all, one) = (Key::limit(&hash, None), Key::limit(&hash, Some(address)));
        let mut found = self.read_all(vec![Key::api_key(&hash), all.clone(), one.clone()]).await?;
        let opens = found.remove(&Key::api_key(&hash)).map(decode::<Opens>).transpose()?;
        let valid =
            |opens: &Opens| opens.key.revoked_on.is_none() && opens.until.is_none_or(|until| now < until);
        Ok(opens.filter(valid).map(|opens| {
            let bucket = |key: Key, limit: Option<u32>| {
                limit.map(|limit| Bucket::new(key.clone(), limit, found.get(&key)))
            };
            Opened {
                address: bucket(one, opens.key.per_address()),
                all: bucket(all, opens.key.limit_per_minute),
                captcha_secret: opens.captcha_secret,
                last_used_on: opens.last_used_on,
                key: opens.key,
                hash,
            }
        }))
    }

    /// Writes down that a key is used, once an hour. A failure is no reason to lose a lead, and is only told.
    pub async fn mark_used(&self, opened: &Opened, now: DateTime<Utc>) {
        if opened.last_used_on.is_some_and(|last| now - last < STALE) {
            return;
        }
        let write = self.client.update_item().table_name(&*self.table);
        let write = write.set_key(Some(Key::api_key(&opened.hash).into_item()));
        let write = write.update_expression("SET last_used_on = :now");
        let write = write.condition_expression(
            "attribute_exists(PK) AND (attribute_not_exists(last_used_on) OR last_used_on < :stale)",
        );
        let write = write.expression_attribute_values(":now", AttributeValue::S(rfc3339(now)));
        let write = write.expression_attribute_values(":stale", AttributeValue::S(rfc3339(now - STALE)));
        if let Err(error) = write.send().await.map_err(StoreError::from)
            && !matches!(error, StoreError::Conflict)
        {
            tracing::warn!(cause = chain(&error), "the use of a key was not written down");
        }
    }

    /// Ends a key at once; [`StoreError::NotFound`] if there is none.
    pub async fn revoke_key(&self, org: OrgId, key: KeyId, now: DateTime<Utc>) -> Result<ApiKey, StoreError> {
        for _ in 1..ATTEMPTS {
            match self.revoke_once(org, key, now).await {
                Err(StoreError::Conflict) => {} // it was rotated meanwhile; the new secret ends too
                done => return done,
            }
        }
        self.revoke_once(org, key, now).await
    }

    async fn revoke_once(&self, org: OrgId, key: KeyId, now: DateTime<Utc>) -> Result<ApiKey, StoreError> {
        let mut ring = self.ring(org, key).await?;
        ring.last_used_on = self.shown(vec![ring.clone()]).await?.pop().and_then(|shown| shown.last_used_on);
        let seen = std::mem::take(&mut ring.hashes); // so that a rotation that read them is refused
        ring.key.revoked_on.get_or_insert(now);
        let mut transaction = Transaction::default();
        for hash in &seen {
            transaction.delete(Key::api_key(hash));
        }
        transaction.put_if(encode(Key::capture_key(org, key), &ring, now)?, same_hashes(&seen)?);
        self.commit(transaction).await?;
        Ok(ring.key)
    }

    /// Gives a key a new secret; the old one goes on for 24 hours, one older than that ends.
    /// [`StoreError::NotFound`] if there is no such key, [`StoreError::Conflict`] if it is revoked.
    pub async fn rotate_key(
        &self,
        org: OrgId,
        key: KeyId,
        hash: KeyHash,
        now: DateTime<Utc>,
    ) -> Result<ApiKey, StoreError> {
        let mut ring = self.ring(org, key).await?;
        if ring.key.revoked_on.is_some() {
            return Err(StoreError::Conflict);
        }
        let seen = std::mem::take(&mut ring.hashes);
        let mut transaction = Transaction::default();
        if let [older @ .., last] = seen.as_slice() {
            for hash in older {
                transaction.delete(Key::api_key(hash));
            }
            let until = now + OVERLAP;
            let used = self.find::<Opens>(Key::api_key(last)).await?.and_then(|opens| opens.last_used_on);
            let opens = Opens { last_used_on: used, ..ring.opens(Some(until)) };
            let mut item = encode(Key::api_key(last), &opens, now)?;
            item.insert("expires_at".to_owned(), epoch(until));
            transaction.put(item);
            ring.hashes.push(last.clone());
        }
        transaction.put_if(encode(Key::api_key(&hash), &ring.opens(None), now)?, absent());
        ring.hashes.push(hash);
        transaction.put_if(encode(Key::capture_key(org, key), &ring, now)?, same_hashes(&seen)?);
        self.commit(transaction).await?;
        Ok(ring.key)
    }

    async fn ring(&self, org: OrgId, key: KeyId) -> Result<Ring, StoreError> {
        let item = self.read(Key::capture_key(org, key)).await?.ok_or(StoreError::NotFound)?;
        decode(item)
    }
}

impl Ring {
    /// What a secret opens, until then.
    fn opens(&self, until: Option<DateTime<Utc>>) -> Opens {
        let captcha_secret = self.captcha_secret.clone();
        Opens { key: self.key.clone(), until, captcha_secret, last_used_on: None }
    }
}

fn same_hashes(seen: &[KeyHash]) -> Result<super::transaction::Condition, StoreError> {
    Ok(("hashes = :seen", vec![(":seen", serde_dynamo::to_attribute_value(seen)?)]))
}
