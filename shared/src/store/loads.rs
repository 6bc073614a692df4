//! Open leads by user: what `least_loaded` looks at. Sixteen counters, each with an attribute for each user.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::rfc3339;
use super::keys::{Key, SHARDS, shard};
use super::transaction::Transaction;
use super::{Store, StoreError};
use crate::domain::{Lead, OrgId, UserId};

fn attribute(user: UserId) -> String {
    user.0.simple().to_string()
}

impl Transaction {
    /// Counts for its users that a lead came, changed or went.
    pub(crate) fn count_load(&mut self, was: Option<&Lead>, is: Option<&Lead>) {
        let (before, after) = (was.map_or(&[][..], Lead::worked_by), is.map_or(&[][..], Lead::worked_by));
        let more = after.iter().filter(|user| !before.contains(user)).map(|user| (user, ":one"));
        let less = before.iter().filter(|user| !after.contains(user)).map(|user| (user, ":less"));
        let changed: Vec<_> = more.chain(less).collect();
        let (Some(lead), false) = (is.or(was), changed.is_empty()) else { return };
        let (mut add, mut names) = (Vec::new(), HashMap::new());
        for (n, (user, by)) in changed.iter().enumerate() {
            add.push(format!("#u{n} {by}"));
            names.insert(format!("#u{n}"), attribute(**user));
        }
        let number = |n: i8| AttributeValue::N(n.to_string());
        let mut values = vec![
            (":entity", AttributeValue::S("load".to_owned())),
            (":now", AttributeValue::S(rfc3339(lead.updated_on))),
        ];
        let by = |name| changed.iter().any(|(_, by)| *by == name);
        values.extend(by(":one").then(|| (":one", number(1))));
        values.extend(by(":less").then(|| (":less", number(-1))));
        let change = format!("SET entity = :entity, updated_at = :now ADD {}", add.join(", "));
        self.update_named(Key::load(lead.org, shard(lead.id)), &change, None, values, Some(names));
    }
}

impl Store {
    /// How many open leads each of these users has.
    pub(crate) async fn loads(&self, org: OrgId, users: &[UserId]) -> Result<Vec<i64>, StoreError> {
        let items = self.read_all((0..SHARDS).map(|shard| Key::load(org, shard)).collect()).await?;
        let load = |user: &UserId| {
            let counts = items.values().filter_map(|item| item.get(&attribute(*user))?.as_n().ok());
            counts.filter_map(|count| count.parse::<i64>().ok()).sum()
        };
        Ok(users.iter().map(load).collect())
    }
}
