//! Capture keys in the table: each under the hash of its secret, and under its id for its owners.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::item::{decode, encode, entities, epoch};
use super::keys::{Key, sha256};
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{ApiKey, KeyId, OrgId};

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
}

/// What a secret opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opens {
    key: ApiKey,
    /// After this moment it opens nothing; set when it was rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

entities! {
    Ring => "key_ring",
    Opens => "key_opens",
}

impl Store {
    /// Adds a key.
    pub async fn insert_key(&self, key: &ApiKey, hash: KeyHash) -> Result<(), StoreError> {
        let (now, opens) = (key.created_on, Opens { key: key.clone(), until: None });
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::api_key(&hash), &opens, now)?, absent());
        let ring = Ring { key: key.clone(), hashes: vec![hash] };
        transaction.put_if(encode(Key::capture_key(key.org, key.id), &ring, now)?, absent());
        Ok(self.commit(transaction).await?)
    }

    /// The keys, oldest first, revoked ones too.
    pub async fn keys(&self, org: OrgId) -> Result<Vec<ApiKey>, StoreError> {
        let rings: Vec<Ring> = self.first(self.query_prefix(Key::capture_keys(org)), usize::MAX).await?;
        Ok(rings.into_iter().map(|ring| ring.key).collect())
    }

    /// One key.
    pub async fn find_key(&self, org: OrgId, key: KeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.find::<Ring>(Key::capture_key(org, key)).await?.map(|ring| ring.key))
    }

    /// The key that a secret opens now: none if there is none, or it was revoked or rotated away.
    pub async fn opened_by(&self, hash: &KeyHash, now: DateTime<Utc>) -> Result<Option<ApiKey>, StoreError> {
        let opens = self.find::<Opens>(Key::api_key(hash)).await?;
        let valid =
            |opens: &Opens| opens.key.revoked_on.is_none() && opens.until.is_none_or(|until| now < until);
        Ok(opens.filter(valid).map(|opens| opens.key))
    }

    /// Ends a key at once; [`StoreError::NotFound`] if there is none.
    pub async fn revoke_key(&self, org: OrgId, key: KeyId, now: DateTime<Utc>) -> Result<ApiKey, StoreError> {
        let mut ring = self.ring(org, key).await?;
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
            let mut item =
                encode(Key::api_key(last), &Opens { key: ring.key.clone(), until: Some(until) }, now)?;
            item.insert("expires_at".to_owned(), epoch(until));
            transaction.put(item);
            ring.hashes.push(last.clone());
        }
        transaction.put_if(
            encode(Key::api_key(&hash), &Opens { key: ring.key.clone(), until: None }, now)?,
            absent(),
        );
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

fn same_hashes(seen: &[KeyHash]) -> Result<super::transaction::Condition, StoreError> {
    Ok(("hashes = :seen", vec![(":seen", serde_dynamo::to_attribute_value(seen)?)]))
}
