//! Counters as they are read all at once, beside what the list index counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use crate::domain::{LeadId, OrgId, Relation as _, UserId};
use crate::index::Entry as _;
use crate::store::counts::Counts;
use crate::store::item::{Item, decode, rfc3339};
use crate::store::keys::{Key, SHARDS};
use crate::store::loads::attribute;
use crate::store::rows::Seen;
use crate::store::tally::Tally;
use crate::store::transaction::{Refused, Transaction};
use crate::store::{Store, StoreError};

/// How often leads are counted anew since some were written meanwhile.
const ATTEMPTS: u32 = 10;
/// Most attributes of a counter that a condition names: an expression may have 4 KB.
const MOST: usize = 100;

/// The counters of an organisation, as they were at some time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counters(BTreeMap<Key, Option<Item>>);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Leads of one list, by the counter's name for them.
    List(&'static str),
    /// Open leads of a user.
    User(UserId),
}

/// A counter that does not say what it should.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Differing {
    pub(crate) of: Counted,
    pub(crate) is: i64,
    pub(crate) should: i64,
}

impl Tally {
    /// Where another tally says something else.
    pub(crate) fn differing_from(&self, should: &Self) -> Vec<Differing> {
        let lists = |tally: &Self| {
            let Counts { open, closed, converted } = tally.leads();
            [("open_leads", open), ("closed_leads", closed), ("converted_leads", converted)]
        };
        let lists = lists(self).into_iter().zip(lists(should));
        let lists = lists.map(|((name, is), (_, should))| Differing { of: Counted::List(name), is, should });
        let users: BTreeSet<&UserId> = self.loads().keys().chain(should.loads().keys()).collect();
        let load = |tally: &Self, user| tally.loads().get(user).copied().unwrap_or_default();
        let users = users.into_iter().map(|user| Differing {
            of: Counted::User(*user),
            is: load(self, user),
            should: load(should, user),
        });
        lists.chain(users).filter(|differing| differing.is != differing.should).collect()
    }
}

impl Counters {
    /// What they say.
    pub(crate) fn tally(&self) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        for item in self.0.values().flatten() {
            if item
                .get("entity")
                .and_then(|entity| entity.as_s().ok())
                .is_some_and(|entity| entity == "count")
            {
                tally.add_counts(decode::<Counts>(item.clone())?);
                continue;
            }
            for (name, value) in item {
                let user = uuid::Uuid::try_parse(name).ok().filter(|_| name.len() == 32);
                let load = value.as_n().ok().and_then(|n| n.parse().ok());
                if let (Some(user), Some(load)) = (user, load) {
                    tally.add_load(UserId(user), load);
                }
            }
        }
        Ok(tally)
    }
}

impl Store {
    /// The counters now. Two readings that are equal say that no lead came, changed lists or went between them.
    pub(crate) async fn counters(&self, org: OrgId) -> Result<Counters, StoreError> {
        let keys = (0..SHARDS).flat_map(|shard| [Key::count(org, shard), Key::load(org, shard)]);
        let keys: Vec<Key> = keys.collect();
        let mut found = self.read_all(keys.clone()).await?;
        Ok(Counters(keys.into_iter().map(|key| (key.clone(), found.remove(&key))).collect()))
    }

    /// What the list index counts, and the counters, both of one moment. None if leads were written at each try.
    pub(crate) async fn counted(&self, org: OrgId) -> Result<Option<(Counters, Tally)>, StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(crate::aws::backoff(attempt)).await;
            }
            let before = self.counters(org).await?;
            let tally = self.tally_of_index(org).await?;
            if self.counters(org).await? == before {
                return Ok(Some((before, tally)));
            }
        }
        Ok(None)
    }

    /// The rows first and the segments after them, as lists do.
    async fn tally_of_index(&self, org: OrgId) -> Result<Tally, StoreError> {
        let (mut tally, mut seen, mut start) = (Tally::default(), Seen::default(), None);
        loop {
            let (items, next) = self.rows_from(org, start).await?;
            for item in items {
                seen.each_row(item, |row| tally.add_as(row.status().class(), row.assigned_to(), 1))?;
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        let over: HashSet<LeadId> = seen.over.into_iter().collect();
        for of in self.manifest(org).await?.segments {
            let segment = self.whole_segment(org, &of).await?;
            let columns = segment.all_columns().map_err(|error| self.lost(&of, error))?;
            let entries = (0..segment.rows()).filter_map(|row| columns.entry(row));
            for entry in entries.filter(|entry| !over.contains(&entry.id())) {
                tally.add_as(entry.status().class(), entry.assigned_to(), 1);
            }
        }
        Ok(tally)
    }

    /// Makes the counters say what the list index counts, on the condition that no counter changes meanwhile.
    /// [`StoreError::Unavailable`] if leads were written at each try.
    pub(crate) async fn mend_counters(&self, org: OrgId, now: DateTime<Utc>) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let Some((counters, should)) = self.counted(org).await? else { break };
            let it = counters.corrected_to(org, &should, now)?;
            match self.commit(it).await {
                Ok(()) => return Ok(()),
                Err(Refused::Condition) => {}
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("leads were written at each try".into()))
    }
}

/// An item is as it was read.
struct AsRead {
    condition: String,
    values: Item,
    names: HashMap<String, String>,
}

impl AsRead {
    fn of(item: Option<&Item>) -> Self {
        let Some(item) = item else {
            let condition = "attribute_not_exists(PK)".to_owned();
            return Self { condition, values: Item::new(), names: HashMap::new() };
        };
        let mut attributes: Vec<_> = item.iter().filter(|(name, _)| *name != "PK" && *name != "SK").collect();
        attributes.sort_unstable_by_key(|(name, _)| (*name != "updated_at", *name));
        attributes.truncate(MOST);
        let all = || attributes.iter().enumerate();
        Self {
            condition: all().map(|(n, _)| format!("#w{n} = :w{n}")).collect::<Vec<_>>().join(" AND "),
            values: all().map(|(n, (_, value))| (format!(":w{n}"), (*value).clone())).collect(),
            names: all().map(|(n, (name, _))| (format!("#w{n}"), (*name).clone())).collect(),
        }
    }
}

impl Counters {
    /// The difference is added to the first of the 16; all must be as they were read.
    fn corrected_to(
        &self,
        org: OrgId,
        should: &Tally,
        now: DateTime<Utc>,
    ) -> Result<Transaction, StoreError> {
        let differing = self.tally()?.differing_from(should);
        let mut leads = Vec::new();
        let mut loads = Vec::new();
        for Differing { of, is, should } in differing {
            match of {
                Counted::List(name) => leads.push((name.to_owned(), should - is)),
                Counted::User(user) => loads.push((attribute(user), should - is)),
            }
        }
        let mut it = Transaction::default();
        for (key, item) in &self.0 {
            let was = AsRead::of(item.as_ref());
            let (entity, changes) = match key {
                key if *key == Key::count(org, 0) => ("count", &leads),
                key if *key == Key::load(org, 0) => ("load", &loads),
                _ => ("", &Vec::new()),
            };
            if changes.is_empty() {
                it.require_named(key.clone(), &was.condition, was.values, was.names);
                continue;
            }
            let AsRead { condition, mut values, mut names } = was;
            let mut add = Vec::new();
            for (n, (name, by)) in changes.iter().enumerate() {
                add.push(format!("#{n} :{n}"));
                names.insert(format!("#{n}"), name.clone());
                values.insert(format!(":{n}"), AttributeValue::N(by.to_string()));
            }
            values.insert(":entity".to_owned(), AttributeValue::S(entity.to_owned()));
            values.insert(":now".to_owned(), AttributeValue::S(rfc3339(now)));
            let change = format!("SET entity = :entity, updated_at = :now ADD {}", add.join(", "));
            it.update_named(key.clone(), &change, Some(&condition), values, Some(names));
        }
        Ok(it)
    }
}
