//! Pointers from one thing to another's id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::item::{Item, decode, encode, entities};
use super::keys::Key;
use crate::domain::{OrgId, UserId};

/// An e-mail's user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UserPointer {
    pub(crate) user_id: UserId,
}

/// A user's organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) org: OrgId,
}

entities! {
    UserPointer => "user_pointer",
    Membership => "membership",
}

impl UserPointer {
    pub(crate) fn item(key: Key, user: UserId, now: DateTime<Utc>) -> Result<Item, StoreError> {
        encode(key, &Self { user_id: user }, now)
    }

    pub(crate) fn user(item: Item) -> Result<UserId, StoreError> {
        Ok(decode::<Self>(item)?.user_id)
    }
}
