//! Open leads by user: what `least_loaded` looks at. Sixteen counters, each with an attribute for each user.

use std::collections::{BTreeSet, HashMap};

use super::keys::{Key, SHARDS};
use super::{Store, StoreError};
use crate::domain::{OrgId, UserId};

/// The attribute that counts a user's leads.
pub(crate) fn attribute(user: UserId) -> String {
    user.0.simple().to_string()
}

impl Store {
    /// How many open leads each of these users has.
    pub(crate) async fn loads(
        &self,
        org: OrgId,
        users: &BTreeSet<UserId>,
    ) -> Result<HashMap<UserId, i64>, StoreError> {
        let items = self.read_all((0..SHARDS).map(|shard| Key::load(org, shard)).collect()).await?;
        let load = |user: &UserId| {
            let counts = items.values().filter_map(|item| item.get(&attribute(*user))?.as_n().ok());
            counts.filter_map(|count| count.parse::<i64>().ok()).sum::<i64>()
        };
        Ok(users.iter().map(|user| (*user, load(user))).collect())
    }
}
